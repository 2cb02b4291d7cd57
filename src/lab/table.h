/* SPDX-License-Identifier: MIT */
/* table - rows of cells under names, printed as tab-separated text or as JSON Lines */
#ifndef POISON_TABLE_H
#define POISON_TABLE_H

#include "poison.h"

#include <stdio.h>

/* Where tables are printed, and how. */
struct sheet {
    FILE *out;
    const poison_data *data; /* whose labels they are; NULL: a label is called by its number */
    int json;                /* an object a row, and nothing else */
    int bare;                /* no header lines */
    int numbers;             /* labels are JSON numbers, else strings; one type in every row */
    /* NULL, or a flag: once it is not 0 no further row is printed */
    const volatile sig_atomic_t *cancel;
    /* NULL, or a table in memory: each cell ends with a zero byte, a row has *cells of them */
    size_t *cells;
    const char *opening;     /* a comment that is due before all else, or NULL; kept by reference */
    /* of the tables to come, JSON's first key; empty: there is one table only */
    char title[512];
};

void sheet_open(struct sheet *sheet, FILE *out, const poison_data *data, int json, int bare);

/* The opening, if it is still due: before anything that is printed by other means. */
void sheet_start(struct sheet *sheet);

/* Begins another of several tables: an empty line and `# title`; in JSON a key "table" a row. */
void sheet_title(struct sheet *sheet, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct table {
    struct sheet *sheet;
    const char *header, *key; /* key: the column's name, up to a tab */
    const char *const *more;
    /* cells that the header names; cells a row; cells of this row so far */
    size_t named, columns, at;
    int ended;                 /* the rest is left out */
};

/*
 * Prints the header, names separated by tabs; kept by reference, as `more` is: the names, from
 * outside, of `count` columns after those. The cells follow in order; a row ends by itself after
 * its last one. In JSON a name from outside that is the header's too, perhaps with a tail of '_',
 * gets one '_' more.
 */
void table_begin(struct table *table, struct sheet *sheet, const char *header);
void table_begin_more(struct table *table, struct sheet *sheet, const char *header,
                      const char *const *more, size_t count);

void table_none(struct table *table); /* NA; null */
void table_count(struct table *table, size_t value);
/* %.17g: reloads to the same bits; NAN is NA */
void table_exact(struct table *table, double value);
/* %.6f: shares, seconds; NAN and infinity are NA */
void table_number(struct table *table, double value);
void table_text(struct table *table, const char *text); /* escaped */
void table_label(struct table *table, int label);       /* what it is called */
void table_name(struct table *table, const char *name); /* what a label is called */
/* A label in a flip file: -1, a row that is left out, is - (null), so that a label called - stands
 * in quotes. */
void table_flipped(struct table *table, int label);

/* Whether JSON takes the text as a number. */
int table_is_number(const char *text);

#endif
