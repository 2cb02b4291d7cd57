/* SPDX-License-Identifier: MIT */
/* input - the bytes of a file that may be gzipped, of a pipe, or of standard input */
#define _GNU_SOURCE
#include "input.h"

#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of what should be text: a zero beyond it ends the reading, and no line is named. */
#define SURELY ((size_t)16 << 20)
/* What is taken at first of a gzipped file: what its header claims is believed as data arrive. */
#define CHUNK ((size_t)4 << 20)

/* From here on zlib reads it: it passes on what is not gzipped as it is. */
static int inflate_it(struct input *s, poison_error *err)
{
#ifdef POISON_ZLIB
    s->gz = gzdopen(s->fd, "rb");
    if (!s->gz)
        return poison_fail_memory(err, 1, 1 << 15, "zlib");
    s->fd = -1; /* zlib's now */
    gzbuffer(s->gz, 1 << 17);
    return 0;
#else
    return poison_fail(err, POISON_EDATA,
                       "%s: gzipped, and this poison was built without zlib: gunzip it first",
                       s->name);
#endif
}

/* A named pipe must not hang where none is wanted; where it is, opening waits for its writer. */
static int open_file(struct input *s, const char *path, int pipes, poison_error *err)
{
    do
        s->fd = open(path, O_RDONLY | O_CLOEXEC | (pipes ? 0 : O_NONBLOCK));
    while (s->fd < 0 && errno == EINTR && !poison_raised(s->cancel));
    if (s->fd < 0 && errno == EINTR)
        return poison_fail_cancelled(err);
    if (s->fd < 0)
        return poison_fail(err, POISON_EDATA, "%s: cannot open: %s", path, strerror(errno));
    return 0;
}

/* Standard input may be open for writing only. If so, errno says it. */
static int is_readable(int fd)
{
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY)
        return 1;
    errno = EBADF;
    return 0;
}

/* What is gzipped goes to zlib, pipes too: it passes on what is not. Sizes are for plain files. */
int input_open(struct input *s, const char *path, int pipes, const poison_settings *settings,
               poison_error *err)
{
    int standard = pipes && strcmp(path, "-") == 0, status = 0;
    struct stat info;
    uint8_t magic[2];
    *s = (struct input){.name = standard ? "standard input" : path, .fd = -1, .size = -1,
                        .cancel = settings->cancel};
    if (standard)
        s->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    else
        TRY(open_file(s, path, pipes, err));
    if (s->fd < 0 || !is_readable(s->fd) || fstat(s->fd, &info) != 0)
        return poison_fail(err, POISON_EDATA, "%s: cannot open: %s", s->name, strerror(errno));
    if (S_ISDIR(info.st_mode) || (!S_ISREG(info.st_mode) && !pipes))
        return poison_fail(err, POISON_EDATA, "%s: not a regular file", s->name);
    if (!S_ISREG(info.st_mode)) {
#ifdef POISON_ZLIB
        return inflate_it(s, err);
#else
        return 0;
#endif
    }
    /* somebody may have read of standard input before us */
    off_t at = standard ? lseek(s->fd, 0, SEEK_CUR) : 0;
    ssize_t begin = pread(s->fd, magic, 2, at);
    if (info.st_size <= at && begin <= 0)
        return poison_fail(err, POISON_EDATA, "%s: the file is empty", s->name);
    if (begin == 2 && magic[0] == 0x1F && magic[1] == 0x8B)
        return inflate_it(s, err);
    if (info.st_size > at) /* in /proc sizes are 0 */
        s->size = info.st_size - at;
done:
    return status;
}

void input_close(struct input *s)
{
#ifdef POISON_ZLIB
    if (s->gz)
        gzclose(s->gz);
#endif
    if (s->fd >= 0)
        close(s->fd);
}

/* Up to `length` bytes, 0 at the end. */
static ssize_t read_some(struct input *s, void *to, size_t length, poison_error *err)
{
    for (;;) {
        size_t piece = size_min(length, CHUNK);
        ssize_t got;
        if (poison_raised(s->cancel))
            return poison_fail_cancelled(err);
#ifdef POISON_ZLIB
        if (s->gz) {
            int code;
            got = gzread(s->gz, to, (unsigned)piece);
            const char *text = gzerror(s->gz, &code);
            if (got < 0 && code == Z_ERRNO && errno == EINTR) {
                gzclearerr(s->gz);
                continue;
            }
            if (code == Z_BUF_ERROR)
                return poison_fail(err, POISON_EDATA, "%s: the gzip file is cut short", s->name);
            if (got >= 0)
                return got;
            const char *colon = strstr(text, ": "); /* zlib names the file descriptor before it */
            if (code == Z_ERRNO)
                text = strerror(errno);
            else if (colon)
                text = colon + 2;
            return poison_fail(err, POISON_EDATA, "%s: the gzip file is damaged (%s)", s->name,
                               text);
        }
#endif
        got = read(s->fd, to, piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return poison_fail(err, POISON_EDATA, "%s: cannot read: %s", s->name, strerror(errno));
        return got;
    }
}

int input_peek(struct input *s, uint8_t first[4], poison_error *err)
{
    memset(first, 0, 4);
    while (s->aheads < sizeof s->ahead) {
        ssize_t got = read_some(s, s->ahead + s->aheads, sizeof s->ahead - s->aheads, err);
        if (got < 0)
            return (int)got;
        if (got == 0)
            break;
        s->aheads += (size_t)got;
    }
    memcpy(first, s->ahead, s->aheads);
    return 0;
}

/* What was peeked at comes first. */
static size_t give_ahead(struct input *s, void *to, size_t length)
{
    size_t given = size_min(s->aheads, length);
    memcpy(to, s->ahead, given);
    s->aheads -= given;
    memmove(s->ahead, s->ahead + given, s->aheads);
    return given;
}

int input_read(struct input *s, uint8_t *to, size_t length, poison_error *err)
{
    for (size_t have = give_ahead(s, to, length); have < length;) {
        ssize_t got = read_some(s, to + have, length - have, err);
        if (got < 0)
            return (int)got;
        if (got == 0)
            return poison_fail(err, POISON_EDATA, "%s: the file ends too early", s->name);
        have += (size_t)got;
    }
    return 0;
}

int input_take(struct input *s, uint8_t **out, size_t length, poison_error *err)
{
    size_t have = 0, room = s->size >= 0 ? length : size_min(length, CHUNK);
    *out = NULL;
    while (have < length || !*out) {
        uint8_t *larger = realloc(*out, room ? room : 1);
        if (!larger)
            return poison_fail_memory(err, room, 1, s->name);
        *out = larger;
        int status = input_read(s, *out + have, room - have, err);
        if (status < 0)
            return status;
        have = room;
        room = room < length / 2 ? room * 2 : length;
    }
    return 0;
}

static int fail_too_long(const struct input *s, struct budget budget, poison_error *err)
{
    /* how long it is nobody knows; whole MiB, since budget_fail rounds up */
    return budget_fail(budget, (double)(budget.left >> 20 << 20), err,
                       "%s: its text takes more than", s->name);
}

/* Twice as much room whenever it is full; a plain file's size is known beforehand. */
int input_take_all(struct input *s, char **out, size_t *length, struct budget budget,
                   poison_error *err)
{
    /* one more, so that the end is seen */
    size_t room = s->size >= 0 ? (size_t)s->size + 1 : CHUNK;
    *out = NULL;
    *length = 0;
    if (s->size >= 0 && (size_t)s->size > budget.left)
        return fail_too_long(s, budget, err);
    for (;;) {
        char *larger = *out ? realloc(*out, room + 1) : poison_take_big(room + 1, 1);
        if (!larger)
            return poison_fail_memory(err, room, 1, s->name);
        *out = larger;
        for (*length += give_ahead(s, *out + *length, room - *length); *length < room;) {
            ssize_t got = read_some(s, *out + *length, room - *length, err);
            if (got < 0)
                return (int)got;
            if (*length > SURELY && memchr(*out + *length, 0, (size_t)got))
                return poison_fail(err, POISON_EDATA, "%s: a NUL byte: this is no text", s->name);
            *length += (size_t)got;
            (*out)[*length] = '\n';
            if (got == 0)
                return 0;
        }
        if (room > budget.left)
            return fail_too_long(s, budget, err);
        room = room < budget.left / 2 ? 2 * room : budget.left + 1;
    }
}

char *lines_next(struct lines *lines, size_t *length)
{
    char *line = lines->next;
    if (line >= lines->stop)
        return NULL;
    char *end = memchr(line, '\n', (size_t)(lines->stop + 1 - line));
    *end = 0;
    *length = (size_t)(end - line);
    lines->next = end + 1;
    lines->number++;
    return line;
}
