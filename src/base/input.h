/* SPDX-License-Identifier: MIT */
/* input - the bytes of a file that may be gzipped, of a pipe, or of standard input */
#ifndef POISON_INPUT_H
#define POISON_INPUT_H

#include "budget.h"

#include <sys/types.h>

struct input {
    const char *name; /* for messages: the path, or "standard input" */
    int fd;
    int64_t size; /* bytes of a plain regular file, else -1 */
    struct gunzip *gz; /* NULL: it is not gzipped */
    uint8_t ahead[4]; /* bytes that input_peek has taken already */
    size_t aheads;
    const volatile sig_atomic_t *cancel;
};

#define INPUT_CLOSED ((struct input){.fd = -1}) /* input_close may be called on it */

/* "-" is standard input. Unless `pipes`, only regular files will do. 0, POISON_EDATA,
 * POISON_ECANCEL; close it anyway. */
int input_open(struct input *s, const char *path, int pipes, const poison_settings *settings,
               poison_error *err);
void input_close(struct input *s);

/* The first four bytes, 0 where there are fewer; they are yet to be read. Before the first read. */
int input_peek(struct input *s, uint8_t first[4], poison_error *err);

/* Up to `length` bytes, 0 at the end; what input_peek has taken is not among them. */
ssize_t input_some(struct input *s, void *to, size_t length, poison_error *err);

/* Exactly `length` bytes, or an error. */
int input_read(struct input *s, uint8_t *to, size_t length, poison_error *err);

/* Whether that was all, which of a gzipped file also says that it is not damaged: 0, or
 * POISON_EDATA. */
int input_end(struct input *s, poison_error *err);

/* As input_read into new memory, which grows as they arrive unless the file's size has vouched for
 * them. free(*out) always. */
int input_take(struct input *s, uint8_t **out, size_t length, poison_error *err);

/* All that is left, of a text: a CR that no newline follows has become one; and a newline behind it
 * that *length does not count; free(*out) always. POISON_EDATA for packed files and other formats.
 * POISON_ENOMEM, which names --memory, once that is more than is left: whatever sizes are claimed,
 * no more is allocated than twice what arrived. */
int input_take_all(struct input *s, char **out, size_t *length, struct budget budget,
                   poison_error *err);

/* The lines of such a text, cut out of it one by one. */
struct lines {
    char *next, *stop;
    size_t number; /* of the line that was taken last, from 1 */
};

/* The next line, a zero in its newline's place; *length: its bytes, zeros too. NULL: the end. */
char *lines_next(struct lines *lines, size_t *length);

#endif
