/* SPDX-License-Identifier: MIT */
/* journal - a table in a file that grows row by row and, cut off anywhere, can be gone on with */
#ifndef POISON_JOURNAL_H
#define POISON_JOURNAL_H

#include "output.h"

/* What a journal holds: a line of settings, the header, rows. A row begins with its key, cells with
 * a tab behind each, which is known before the row is computed: so a journal is resumed only by
 * what would write the very same rows. */
struct journal_form {
    const char *what;     /* "sweep": for messages */
    const char *settings; /* "# name=value name=value ...\n" */
    const char *header;   /* names between tabs, without a newline */
    int (*next_key)(void *self, FILE *out); /* prints the next row's key; 0: there is none */
    void *self;
};

struct journal {
    FILE *out;
    const char *path;
    const volatile sig_atomic_t *cancel; /* or NULL */
    struct output direct; /* where rows just go: out is its own */
    int fd;               /* the file's, locked, or -1 */
    int created;          /* by us, and still empty when it was locked */
    int headed;           /* the header is there already */
    size_t rows;          /* so many rows are there already; next_key has been called for each */
};

/* Whether rows go on only in a file of their own: a regular file, or none yet. The shell's
 * descriptors, devices and pipes just take them. */
int journal_is(const char *path);

/* What can be said of a path before anything is computed: 0, or fails as journal_open would.
 * other_form: not a plain table, which no journal takes (POISON_EUSAGE). */
int journal_check(const char *path, int resume, int other_form, poison_error *err);

/*
 * Opens j->out where the next row is to go, for nobody else to write meanwhile. With `form` NULL,
 * or where journal_is says no, it is what output_open opens. A journal that is there is refused
 * unless `resume`; then a last line without an end, or zeros as a crash may leave them, are cut
 * off, and what is no beginning of this journal is refused and left alone. POISON_EDATA,
 * POISON_ENOMEM. journal_close, always.
 */
int journal_open(struct journal *j, const char *path, const struct journal_form *form, int resume,
                 const volatile sig_atomic_t *cancel, poison_error *err);

/* So that rows are on disk, or with their reader, as they are done. 0, OUTPUT_READER_GONE,
 * POISON_EDATA (no disk; the file was removed or renamed meanwhile), or POISON_ECANCEL if it was
 * interrupted. */
int journal_flush(struct journal *j, const poison_settings *settings, poison_error *err);

/* Ends it; `rows` were written since it was opened: without any, a new file of a failed work goes
 * away, since it has nothing that can be resumed. Returns status, or what went wrong here. */
int journal_close(struct journal *j, int status, size_t rows, poison_error *err);

#endif
