/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "convert.h"

#include "base.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = {
    [CONVERT_SVG] = "svg", [CONVERT_PNG] = "png", [CONVERT_PDF] = "pdf"
};

enum convert_format convert_format_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    if (!dot)
        return CONVERT_PLAIN;
    for (int k = 0; k < CONVERT_PLAIN; k++)
        if (strcasecmp(dot + 1, names[k]) == 0)
            return (enum convert_format)k;
    return CONVERT_OTHER;
}

static int is_svg(const struct conversion *c)
{
    return c->format != CONVERT_PNG && c->format != CONVERT_PDF;
}

int convert_open(struct conversion *c, poison_error *err)
{
    c->svg = is_svg(c) ? c->out->out : tmpfile();
    return c->svg ? 0
                  : poison_fail(err, POISON_EDATA, "%s: cannot make a temporary file: %s", c->path,
                                strerror(errno));
}

/* The child: no shell, its errors unsaid (ours says what is wrong). PDF dates itself, unless told
 * when. */
static _Noreturn void become_converter(const struct conversion *c, int zoom)
{
    char factor[12];
    snprintf(factor, sizeof factor, "%d", c->format == CONVERT_PNG ? zoom : 1);
    if (dup2(fileno(c->svg), 0) < 0 || dup2(c->out->fd, 1) < 0
        || !freopen("/dev/null", "w", stderr))
        _exit(126);
    setenv("SOURCE_DATE_EPOCH", "0", 0);
    signal(SIGPIPE, SIG_DFL);
    execlp("rsvg-convert", "rsvg-convert", "-f", names[c->format], "-z", factor, (char *)NULL);
    _exit(127);
}

/* Runs rsvg-convert and waits for it; a signal that cancels our work ends it, too. */
static int convert(const struct conversion *c, int zoom, poison_error *err)
{
    FILE *svg = c->svg;
    int how = 0;
    if (fflush(svg) != 0 || ferror(svg) || lseek(fileno(svg), 0, SEEK_SET) < 0
        || fflush(c->out->out) != 0)
        return poison_fail(err, POISON_EDATA,
                           "%s: cannot write the picture before its conversion: %s", c->path,
                           strerror(errno));
    pid_t child = fork();
    if (child < 0)
        return poison_fail(err, POISON_EDATA, "%s: cannot start rsvg-convert: %s", c->path,
                           strerror(errno));
    if (child == 0)
        become_converter(c, zoom);
    while (waitpid(child, &how, 0) < 0 && poison_again(NULL))
        if (poison_cancelled(c->settings))
            kill(child, SIGKILL);
    if (poison_cancelled(c->settings))
        return poison_fail_cancelled(err);
    if (WIFEXITED(how) && WEXITSTATUS(how) == 127)
        return poison_fail(err, POISON_EDATA,
                           "%s: PNG and PDF need rsvg-convert, which is missing: "
                           "install it (Debian: librsvg2-bin), or write a .svg",
                           c->path);
    struct stat info;
    int nothing = fstat(c->out->fd, &info) != 0 || (S_ISREG(info.st_mode) && info.st_size == 0);
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0 || nothing)
        return poison_fail(err, POISON_EDATA,
                           "%s: rsvg-convert failed: write a .svg and try it by hand", c->path);
    return 0;
}

int convert_close(struct conversion *c, int zoom, int status, poison_error *err)
{
    if (status >= 0 && !is_svg(c))
        status = convert(c, zoom, err);
    if (c->svg && c->svg != c->out->out)
        fclose(c->svg);
    c->svg = NULL;
    return status;
}
