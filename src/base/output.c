/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "output.h"

#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_write(poison_error *err, const char *path, const char *action)
{
    return poison_fail(err, errno == ENOMEM ? POISON_ENOMEM : POISON_EDATA, "%s: cannot %s: %s",
                       path, action, strerror(errno));
}

/* ---- a stream -------------------------------------------------------------------------------- */

struct sink {
    int fd, close;
    int failed; /* errno: nothing comes behind a hole */
    const volatile sig_atomic_t *cancel;
};

static ssize_t write_all(void *cookie, const char *bytes, size_t length)
{
    struct sink *sink = cookie;
    size_t done = 0;
    while (done < length && !sink->failed) {
        ssize_t put = write(sink->fd, bytes + done, length - done);
        if (put > 0)
            done += (size_t)put;
        else if (put == 0 || !poison_again(sink->cancel))
            sink->failed = put < 0 ? errno : EIO;
    }
    if (done < length)
        errno = sink->failed;
    return (ssize_t)done; /* fewer than asked are an error, says fopencookie(3) */
}

static int close_sink(void *cookie)
{
    struct sink sink = *(struct sink *)cookie;
    free(cookie);
    /* interrupted it is closed all the same */
    return sink.close && close(sink.fd) != 0 && errno != EINTR ? -1 : 0;
}

FILE *output_stream(int fd, int close, const volatile sig_atomic_t *cancel)
{
    struct sink *sink = poison_take(1, sizeof *sink);
    const cookie_io_functions_t functions = {.write = write_all, .close = close_sink};
    FILE *out = sink ? fopencookie(sink, "w", functions) : NULL;
    if (!out) {
        free(sink);
        errno = ENOMEM;
        return NULL;
    }
    *sink = (struct sink){fd, close, 0, cancel};
    if (isatty(fd))
        setvbuf(out, NULL, _IOLBF, 0);
    return out;
}

/* ---- the file behind it ---------------------------------------------------------------------- */

/* As open(2), waiting for a pipe's other end. */
static int open_it(const char *path, int how, mode_t mode, const volatile sig_atomic_t *cancel)
{
    int fd;
    do
        fd = open(path, how | O_CLOEXEC, mode);
    while (fd < 0 && poison_again(cancel));
    return fd;
}

/* The file that `path` means once links are followed, also one that is not there yet. free() it. */
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

/* The folder of a file, as a path. free() it. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

/* Another temporary name beside file->path; short, since the target's may be as long as names can
 * be. -1: no memory. */
static int next_temporary(struct output *file, int tries)
{
    const char *slash = strrchr(file->path, '/');
    uint64_t chance = poison_key((uint64_t)getpid(), (uint64_t)(1e9 * poison_clock()),
                                 (uintptr_t)file + (unsigned)tries);
    free(file->temporary);
    if (asprintf(&file->temporary, "%.*s.poison-%08" PRIx32,
                 slash ? (int)(slash - file->path) + 1 : 0, file->path, (uint32_t)chance)
        >= 0)
        return 0;
    file->temporary = NULL;
    errno = ENOMEM;
    return -1;
}

/* A file without a name in file->path's folder, if the system has such; -1: one needs a name. */
static int open_unnamed(struct output *file, mode_t mode)
{
    char *folder = folder_of(file->path), proc[40];
    int fd = folder ? open_it(folder, O_TMPFILE | O_RDWR, mode, file->cancel) : -1;
    free(folder);
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    if (fd >= 0 && access(proc, F_OK) != 0) { /* it could not be named later */
        close(fd);
        fd = -1;
    }
    file->unnamed = fd >= 0;
    return fd;
}

static int open_named(struct output *file, mode_t mode)
{
    int fd = -1;
    for (int tries = 0; tries < 1000 && fd < 0; tries++) {
        if (next_temporary(file, tries) < 0)
            return -1;
        fd = open_it(file->temporary, O_RDWR | O_CREAT | O_EXCL, mode, file->cancel);
        if (fd < 0 && errno != EEXIST)
            return -1;
    }
    return fd;
}

/* A new file for file->path: of the mode that the umask gives, or of mode `keep`, if that is not
 * -1. Its descriptor, or -1. */
static int create(struct output *file, int keep)
{
    mode_t mode = keep < 0 ? 0666 : 0600;
    int fd = open_unnamed(file, mode);
    if (fd < 0)
        fd = open_named(file, mode);
    else if (next_temporary(file, 0) < 0) {
        close(fd);
        return -1;
    }
    if (fd < 0 || keep < 0 || fchmod(fd, (mode_t)keep) == 0)
        return fd;
    int why = errno;
    close(fd);
    if (!file->unnamed)
        unlink(file->temporary);
    errno = why;
    return -1;
}

/* Gives it its name, if it may have that already, or where it is taken a temporary one: only
 * renaming replaces what is there. */
static int name_it(struct output *file, int already)
{
    char proc[40];
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", file->fd);
    if (already && linkat(AT_FDCWD, proc, AT_FDCWD, file->path, AT_SYMLINK_FOLLOW) == 0) {
        file->unnamed = 0;
        file->named = 1;
        return 0;
    }
    for (int tries = 0; tries < 1000; tries++) {
        if (linkat(AT_FDCWD, proc, AT_FDCWD, file->temporary, AT_SYMLINK_FOLLOW) == 0) {
            file->unnamed = 0;
            return 0;
        }
        if (errno != EEXIST || next_temporary(file, tries + 1) < 0)
            return -1;
    }
    return -1;
}

int output_descriptor(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"};
    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0)
        return STDOUT_FILENO;
    if (strcmp(path, "/dev/stderr") == 0)
        return STDERR_FILENO;
    for (size_t k = 0; k < sizeof folders / sizeof *folders; k++) {
        size_t length = strlen(folders[k]);
        if (strncmp(path, folders[k], length) != 0)
            continue;
        size_t digits = strspn(path + length, "0123456789");
        if (digits > 0 && digits < 7 && !path[length + digits])
            return atoi(path + length);
    }
    return -1;
}

/* What is written where it is: descriptors, devices and pipes. */
static int open_direct(struct output *file, const char *path, int descriptor, poison_error *err)
{
    int fd, status = 0;
    if (descriptor < 0)
        fd = open_it(path, O_WRONLY, 0, file->cancel); /* waits for a pipe's reader */
    else
        fd = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    int how = fd < 0 ? O_RDONLY : fcntl(fd, F_GETFL) & O_ACCMODE;
    if (how != O_RDONLY)
        file->out = output_stream(fd, 1, file->cancel);
    else if (fd >= 0)
        errno = EBADF;
    file->fd = fd;
    if (!file->out)
        status = errno == EINTR ? poison_fail_cancelled(err) : fail_write(err, path, "write");
    if (!file->out && fd >= 0)
        close(fd);
    file->path = file->out ? strdup(path) : NULL;
    if (file->out && !file->path)
        status = poison_fail_memory(err, 1, strlen(path), "a name");
    return status < 0 ? output_close(file, status, NULL) : 0;
}

/* As it is, behind what the host has printed. */
static int open_standard(struct output *file, poison_error *err)
{
    fflush(stdout);
    file->fd = STDOUT_FILENO;
    file->out = output_stream(STDOUT_FILENO, 0, file->cancel);
    file->path = strdup("standard output");
    return file->out && file->path
               ? 0
               : output_close(file, poison_fail_memory(err, 1, BUFSIZ, "standard output"), NULL);
}

/*
 * Standard output is used as it is, what cannot be renamed over (devices, pipes, descriptors) is
 * written directly, and a file gets a new one beside it, of the mode of the one that it replaces.
 */
int output_open(struct output *file, const char *path, const volatile sig_atomic_t *cancel,
                poison_error *err)
{
    struct stat info;
    int keep = -1, descriptor = output_descriptor(path);
    *file = (struct output){.fd = -1, .cancel = cancel};
    if (descriptor == STDOUT_FILENO)
        return open_standard(file, err);
    int there = stat(path, &info) == 0;
    if (descriptor >= 0 || (there && !S_ISREG(info.st_mode)))
        return open_direct(file, path, descriptor, err);
    file->path = follow(path);
    if (!file->path)
        return poison_fail_memory(err, 1, strlen(path), "a name");
    if (there) {
        keep = info.st_mode & 07777;
        if (access(file->path, W_OK) != 0)
            return output_close(file, fail_write(err, path, "write"), NULL);
    }
    const char *slash = strrchr(file->path, '/');
    int fd = -1;
    if (slash && !slash[1])
        errno = EISDIR;
    else if (lstat(file->path, &info) == 0 && S_ISLNK(info.st_mode))
        errno = ELOOP; /* follow gave up */
    else
        fd = create(file, keep);
    if (fd < 0) {
        int status = fail_write(err, path, "write");
        free(file->temporary); /* of a file that was never made */
        file->temporary = NULL;
        return output_close(file, status, NULL);
    }
    file->fd = fd;
    file->out = output_stream(fd, 1, cancel);
    if (file->out)
        return 0;
    close(fd);
    return output_close(file, fail_write(err, path, "write"), NULL);
}

int output_is_pipe(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

/* 0: nothing is there. */
static int identify(const char *path, struct stat *info)
{
    int descriptor = output_descriptor(path);
    return (descriptor >= 0 ? fstat(descriptor, info) : stat(path, info)) == 0;
}

static int same_inode(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Of two files that are yet to be made: whether they have one name in one folder. */
static int same_place(const char *a, const char *b)
{
    struct stat of_a, of_b;
    char *at[] = {follow(a), follow(b)};
    char *folder[] = {at[0] ? folder_of(at[0]) : NULL, at[1] ? folder_of(at[1]) : NULL};
    int same = folder[0] && folder[1] && stat(folder[0], &of_a) == 0 && stat(folder[1], &of_b) == 0
               && same_inode(&of_a, &of_b) && strcmp(basename(at[0]), basename(at[1])) == 0;
    for (int k = 0; k < 2; k++) {
        free(at[k]);
        free(folder[k]);
    }
    return same;
}

int output_same(const char *a, const char *b)
{
    struct stat of_a, of_b;
    int is_a = identify(a, &of_a), is_b = identify(b, &of_b);
    if (is_a && is_b)
        return same_inode(&of_a, &of_b) && !S_ISCHR(of_a.st_mode);
    return !is_a && !is_b && same_place(a, b);
}

int output_check(const char *path, poison_error *err)
{
    struct output file;
    if (output_descriptor(path) < 0 && output_is_pipe(path))
        return 0; /* its reader would see it open and close */
    int status = output_open(&file, path, NULL, err);
    if (status == 0)
        output_close(&file, POISON_EDATA, NULL); /* nothing appears */
    return status;
}

int output_flush(struct output *file, poison_error *err)
{
    if (fflush(file->out) == 0 && !ferror(file->out))
        return 0;
    if (errno == EINTR)
        return poison_fail_cancelled(err);
    return errno == EPIPE ? OUTPUT_READER_GONE : fail_write(err, file->path, "write");
}

/*
 * To the disk, a piece at a time: as a whole a large file could keep a signal waiting for seconds.
 */
static int sync_it(struct output *file)
{
    const off_t piece = (off_t)4 << 20;
    struct stat info;
    int fd = file->fd, failed;
    if (fstat(fd, &info) == 0)
        for (off_t at = 0; at < info.st_size; at += piece) {
            if (poison_raised(file->cancel)) {
                errno = EINTR;
                return -1;
            }
            sync_file_range(fd, at, piece,
                            SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE
                                | SYNC_FILE_RANGE_WAIT_AFTER);
        }
    do
        failed = fsync(fd);
    while (failed && poison_again(file->cancel));
    return failed;
}

/* The new name too, so that it outlives a power failure. Not every file system can: then it is as
 * durable as it gets. */
static void sync_folder(const char *path)
{
    char *folder = folder_of(path);
    int fd = folder ? open_it(folder, O_RDONLY | O_DIRECTORY, 0, NULL) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

int output_sync(struct output *file, poison_error *err)
{
    int status = output_flush(file, err);
    if (status == 0 && file->temporary && sync_it(file) != 0)
        status = errno == EINTR ? poison_fail_cancelled(err) : fail_write(err, file->path, "write");
    return status;
}

/* With status >= 0 all is on the disk and has a name: its last, if that is to be, and is free. */
static int settle(struct output *file, int status, int last, poison_error *err)
{
    if (file->out && status >= 0)
        status = output_sync(file, err);
    else if (file->fd == STDOUT_FILENO && file->out && status == POISON_ECANCEL)
        /* the rows that are done; the next signal ends it where the reader is slow */
        fflush(file->out);
    if (file->out && file->unnamed && status >= 0 && name_it(file, last) != 0)
        status = fail_write(err, file->path, "write");
    return status;
}

static int close_it(struct output *file, int status, poison_error *err)
{
    if (file->out && fclose(file->out) != 0 && status >= 0)
        status = fail_write(err, file->path, "write");
    file->out = NULL;
    return status;
}

int output_finish(struct output *file, int status, poison_error *err)
{
    return close_it(file, settle(file, status, 0, err), err);
}

int output_swap(struct output *file)
{
    return file->temporary
               ? renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->path, RENAME_EXCHANGE)
               : -1;
}

int output_close(struct output *file, int status, poison_error *err)
{
    status = settle(file, status, 1, err);
    /* nothing between naming and renaming: who is killed there leaves a name behind */
    if (file->temporary && status >= 0 && !file->named && rename(file->temporary, file->path) != 0)
        status = fail_write(err, file->path, "rename into place");
    status = close_it(file, status, err);
    if (file->temporary && status >= 0)
        sync_folder(file->path);
    if (file->temporary && status < 0 && !file->unnamed)
        unlink(file->named ? file->path : file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (struct output){0};
    return status;
}
