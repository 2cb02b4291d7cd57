/* SPDX-License-Identifier: MIT */
/* columns - a tab-separated table with a header, read whole from standard input, its columns found by their names */
#ifndef POISON_COLUMNS_H
#define POISON_COLUMNS_H

#include "poison.h"

#include <stdio.h>

struct columns {
    char *text;       /* all of it; every cell points into it */
    char **cell;      /* (1 + rows, columns), the header first */
    size_t *line;     /* (1 + rows) where each stands, from 1 */
    size_t rows, columns;
};

/*
 * Reads to the end, without lines that begin with "# ". `expected` ("a sweep's table") is for the sentence about an empty
 * input. POISON_EDATA names the line: no header, another number of cells than in the header, a zero byte, a header that has
 * a name twice. POISON_ENOMEM for a text longer than settings->memory. columns_free frees, also after an error.
 */
int columns_read(struct columns *table, FILE *in, const char *expected, const poison_settings *settings, poison_error *err);
void columns_free(struct columns *table);

/* The column of this name, or -1. */
ptrdiff_t columns_find(const struct columns *table, const char *name);

/* Row 0 is the first one below the header. */
const char *columns_text(const struct columns *table, size_t row, size_t column);

/* A decimal number from `least` to `most` (within +-1e300); NA is NAN. POISON_EDATA names line and column. */
int columns_number(const struct columns *table, size_t row, size_t column, double least, double most, double *value,
                   poison_error *err);

#endif
