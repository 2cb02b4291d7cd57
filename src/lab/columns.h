/* SPDX-License-Identifier: MIT */
/* columns - a table with a header, read whole or printed to memory; columns are found by name */
#ifndef POISON_COLUMNS_H
#define POISON_COLUMNS_H

#include "table.h"

struct columns {
    char *text;       /* all of it; every cell points into it */
    char **cell;      /* (1 + rows, columns), the header first */
    size_t *line;     /* (1 + rows) where each stands, from 1 */
    size_t rows, columns;
};

/*
 * Reads `in`, of which nothing has been read, to the end, without lines that begin with "# ".
 * `expected` ("a sweep's table") is for the sentence about an empty input. POISON_EDATA names the
 * line: no header, another number of cells than in the header, a zero byte, a header that has a
 * name twice. POISON_ENOMEM for a text longer than settings->memory. columns_free frees, also
 * after an error.
 */
int columns_read(struct columns *table, FILE *in, const char *expected,
                 const poison_settings *settings, poison_error *err);
void columns_free(struct columns *table);

/* The column of this name, or -1. */
ptrdiff_t columns_find(const struct columns *table, const char *name);

/* Row 0 is the first one below the header. */
const char *columns_text(const struct columns *table, size_t row, size_t column);

/* The same by the column's name: "NA" if there is none; as a number NA is NAN. */
const char *columns_named(const struct columns *table, size_t row, const char *name);
double columns_value(const struct columns *table, size_t row, const char *name);

/* A decimal number in least..most (within +-1e300); NA is NAN. POISON_EDATA names its place. */
int columns_number(const struct columns *table, size_t row, size_t column, double least,
                   double most, double *value, poison_error *err);

/*
 * A table printed to memory: begin, print exactly one table on `sheet`, without a title, end; then
 * `table` has its columns, each cell what a file would have got. Stays where it is between begin
 * and end. Errors: POISON_ENOMEM. capture_free frees, in any state but that of garbage.
 */
struct capture {
    struct sheet sheet;
    struct columns table;
    size_t size; /* of its text */
};
int capture_begin(struct capture *capture, const poison_data *data, poison_error *err);
int capture_end(struct capture *capture, poison_error *err);
void capture_free(struct capture *capture);

#endif
