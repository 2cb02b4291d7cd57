/* SPDX-License-Identifier: MIT */
/* table - rows of tab-separated cells under one header line */
#ifndef POISON_TABLE_H
#define POISON_TABLE_H

#include <stddef.h>
#include <stdio.h>

struct table {
    FILE *out;
    size_t columns, at; /* cells a row; cells of this row so far */
};

/* Prints the header, names separated by tabs. The cells follow in order; a row ends by itself after its last one. */
void table_begin(struct table *table, FILE *out, const char *header);

void table_count(struct table *table, size_t value);
void table_label(struct table *table, int value);
void table_exact(struct table *table, double value);  /* %.17g: reloads to the same bits; NAN is NA */
void table_number(struct table *table, double value); /* %.6f: shares, seconds; NAN and infinity are NA */
void table_text(struct table *table, const char *text); /* escaped */

/* Whether table_escape prints `text` as `printed`. */
int table_prints(const char *text, const char *printed);

/* Prints text that came from outside on one line: control characters as \n, \t, \x1b ... */
void table_escape(FILE *out, const char *text);

#endif
