/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "file.h"

#include "base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_write(poison_error *err, const char *path, const char *action)
{
    return poison_fail(err, POISON_EDATA, "%s: cannot %s: %s", path, action, strerror(errno));
}

/* The file that `path` means once symbolic links are followed. */
static char *follow(const char *path)
{
    char *real = realpath(path, NULL);
    return real ? real : strdup(path);
}

int file_open(struct file *file, const char *path, poison_error *err)
{
    struct stat info;
    mode_t mode = 0666;
    *file = (struct file){0};
    if (strcmp(path, "-") == 0) {
        file->out = stdout;
        file->path = strdup("standard output");
        return file->path ? 0 : poison_fail_memory(err, 1, 16, "a name");
    }
    file->path = follow(path);
    if (!file->path)
        return poison_fail_memory(err, 1, strlen(path), "a name");
    if (stat(file->path, &info) == 0) {
        if (!S_ISREG(info.st_mode)) {
            file->out = fopen(file->path, "w");
            return file->out ? 0 : file_close(file, fail_write(err, path, "write"), NULL);
        }
        mode = info.st_mode & 07777;
        if (access(file->path, W_OK) != 0)
            return file_close(file, fail_write(err, path, "write"), NULL);
    } else {
        mode_t mask = umask(0);
        umask(mask);
        mode &= ~mask;
    }
    if (asprintf(&file->temporary, "%s.XXXXXX", file->path) < 0) {
        file->temporary = NULL;
        return file_close(file, poison_fail_memory(err, 1, strlen(path), "a name"), NULL);
    }
    int fd = mkstemp(file->temporary);
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

int file_flush(struct file *file, poison_error *err)
{
    if (fflush(file->out) == 0 && !ferror(file->out))
        return 0;
    return errno == EPIPE ? FILE_READER_GONE : fail_write(err, file->path, "write");
}

int file_close(struct file *file, int status, poison_error *err)
{
    if (file->out && status >= 0)
        status = file_flush(file, err);
    if (file->out && file->temporary && status >= 0 && fsync(fileno(file->out)) != 0)
        status = fail_write(err, file->path, "write");
    if (file->out && file->out != stdout && fclose(file->out) != 0 && status >= 0)
        status = fail_write(err, file->path, "write");
    if (file->temporary && status >= 0 && rename(file->temporary, file->path) != 0)
        status = fail_write(err, file->path, "rename into place");
    if (file->temporary && status < 0)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (struct file){0};
    return status;
}
