/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "file.h"

#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_write(poison_error *err, const char *path, const char *action)
{
    return poison_fail(err, errno == ENOMEM ? POISON_ENOMEM : POISON_EDATA, "%s: cannot %s: %s", path, action, strerror(errno));
}

/* The file that `path` means once symbolic links are followed, also one that is not there yet. free() it. */
static char *follow(const char *path)
{
    char *at = strdup(path);
    for (int links = 0; at && links < 40; links++) {
        char link[4096], *real = realpath(at, NULL), *next;
        ssize_t length = real ? -1 : readlink(at, link, sizeof link - 1);
        if (length < 0) { /* the end of the way, or of what can be told about it */
            if (real) {
                free(at);
                at = real;
            }
            return at;
        }
        link[length] = 0;
        const char *slash = link[0] == '/' ? NULL : strrchr(at, '/');
        int written = asprintf(&next, "%.*s%s", slash ? (int)(slash - at) + 1 : 0, at, link);
        free(at);
        at = written < 0 ? NULL : next;
    }
    return at;
}

int file_open(struct file *file, const char *path, poison_error *err)
{
    struct stat info;
    mode_t mode = 0666;
    *file = (struct file){0};
    /* By these names too: a regular file behind them belongs to the shell, and must not be replaced. */
    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/fd/1") == 0) {
        file->out = stdout;
        file->path = strdup("standard output");
        return file->path ? 0 : poison_fail_memory(err, 1, 16, "a name");
    }
    int there = stat(path, &info) == 0, replaceable = !there || S_ISREG(info.st_mode);
    file->path = replaceable ? follow(path) : strdup(path);
    if (!file->path)
        return poison_fail_memory(err, 1, strlen(path), "a name");
    if (!replaceable) { /* a device, a pipe */
        file->out = fopen(path, "w");
        return file->out ? 0 : file_close(file, fail_write(err, path, "write"), NULL);
    }
    if (there) {
        mode = info.st_mode & 07777;
        if (access(file->path, W_OK) != 0)
            return file_close(file, fail_write(err, path, "write"), NULL);
    } else {
        mode_t mask = umask(0);
        umask(mask);
        mode &= ~mask;
    }
    const char *slash = strrchr(file->path, '/'); /* a short name: the target's may be as long as names can be */
    if (asprintf(&file->temporary, "%.*s.poison-XXXXXX", slash ? (int)(slash - file->path) + 1 : 0, file->path) < 0) {
        file->temporary = NULL;
        return file_close(file, poison_fail_memory(err, 1, strlen(path), "a name"), NULL);
    }
    int fd = -1;
    if (slash && !slash[1])
        errno = EISDIR;
    else if (lstat(file->path, &info) == 0 && S_ISLNK(info.st_mode))
        errno = ELOOP; /* follow gave up */
    else
        fd = mkstemp(file->temporary);
    if (fd < 0) {
        int status = fail_write(err, path, "write");
        free(file->temporary);
        file->temporary = NULL;
        return file_close(file, status, NULL);
    }
    file->out = fchmod(fd, mode) == 0 ? fdopen(fd, "w") : NULL;
    if (file->out)
        return 0;
    close(fd);
    return file_close(file, fail_write(err, path, "write"), NULL);
}

int file_check(const char *path, poison_error *err)
{
    struct stat info;
    struct file file;
    if (strcmp(path, "-") == 0 || (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)))
        return 0; /* a pipe's reader would see it open and close */
    int status = file_open(&file, path, err);
    if (status == 0)
        file_close(&file, POISON_EDATA, NULL); /* nothing appears */
    return status;
}

int file_flush(struct file *file, poison_error *err)
{
    if (fflush(file->out) == 0 && !ferror(file->out))
        return 0;
    if (errno == EINTR)
        return poison_fail_cancelled(err);
    return errno == EPIPE ? FILE_READER_GONE : fail_write(err, file->path, "write");
}

int file_finish(struct file *file, int status, poison_error *err)
{
    if (file->out && status >= 0)
        status = file_flush(file, err);
    if (file->out && file->temporary && status >= 0 && fsync(fileno(file->out)) != 0)
        status = fail_write(err, file->path, "write");
    if (file->out && file->out != stdout && fclose(file->out) != 0 && status >= 0)
        status = fail_write(err, file->path, "write");
    file->out = NULL;
    return status;
}

int file_swap(struct file *file)
{
    return file->temporary ? renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->path, RENAME_EXCHANGE) : -1;
}

int file_close(struct file *file, int status, poison_error *err)
{
    status = file_finish(file, status, err);
    if (file->temporary && status >= 0 && rename(file->temporary, file->path) != 0)
        status = fail_write(err, file->path, "rename into place");
    if (file->temporary && status < 0)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (struct file){0};
    return status;
}
