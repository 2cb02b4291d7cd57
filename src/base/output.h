/* SPDX-License-Identifier: MIT */
/* output - output that is whole or not there: written beside its target, then renamed */
#ifndef POISON_OUTPUT_H
#define POISON_OUTPUT_H

#include "poison.h"

#include <stdio.h>

/* Standard output's reader has gone (`| head -1`): not an error, but a reason to stop. */
enum { OUTPUT_READER_GONE = -100 };

struct output {
    FILE *out; /* as output_stream makes it: fileno(out) is none, but */
    int fd;
    /* temporary: NULL where out is the target itself (standard output, devices, pipes) */
    char *path, *temporary;
    /* unnamed: it gets a name in the end only, a killed process leaves nothing; named: its last */
    int unnamed, named;
    const volatile sig_atomic_t *cancel; /* the caller's, or NULL */
};

/*
 * A stream that writes to fd, or NULL: stdio's own, whose write a signal interrupts, loses what it
 * holds. Here that goes on, unless `cancel` is raised: then the stream fails, with EINTR. `close`:
 * fclose closes fd too.
 */
FILE *output_stream(int fd, int close, const volatile sig_atomic_t *cancel);

/* "-" is standard output. A symbolic link's target is replaced, not the link. Once *cancel (or
 * NULL) is raised even the way to the disk ends. 0, POISON_EDATA, POISON_ENOMEM, or POISON_ECANCEL
 * (while a pipe had no reader). */
int output_open(struct output *file, const char *path, const volatile sig_atomic_t *cancel,
                poison_error *err);

/*
 * The descriptor that a path stands for, or -1: 1 of "-", /dev/stdout and the like, N of /dev/fd/N.
 * What is behind it belongs to the shell: it is written where that has got to, and never replaced.
 */
int output_descriptor(const char *path);

/* A pipe or a device is there: opening it may wait, and its other end notices. */
int output_is_pipe(const char *path);

/* Whether two paths lead to one file or folder, by whatever links; it may be yet to be made. Of
 * devices several may be in use at once: they are never the same. */
int output_same(const char *a, const char *b);

/* Whether it could be opened, as far as can be told without leaving a trace. */
int output_check(const char *path, poison_error *err);

/* Flushes. 0, OUTPUT_READER_GONE, or POISON_EDATA if not all could be written. */
int output_flush(struct output *file, poison_error *err);

/* Flushes to the disk, if that is where it goes. As output_flush, or POISON_ECANCEL. */
int output_sync(struct output *file, poison_error *err);

/* The first half of output_close: with status >= 0 all is on disk, as file->temporary so far. */
int output_finish(struct output *file, int status, poison_error *err);

/* After output_finish: target and temporary change places, so that the target's old content can
 * come back: once more undoes it. What the temporary then is goes with output_close(file,
 * POISON_EDATA, NULL). 0, or -1: no target yet, or the system cannot. */
int output_swap(struct output *file);

/* Ends it: with status >= 0 the target appears, else it is as before. It and its name are on the
 * disk then. Returns status, or what went wrong here. */
int output_close(struct output *file, int status, poison_error *err);

#endif
