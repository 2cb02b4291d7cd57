/* SPDX-License-Identifier: MIT */
/* labels - what labels are called */
#ifndef POISON_LABELS_H
#define POISON_LABELS_H

#include "poison.h"

#include <stdio.h>

/* POISON_EDATA unless all n labels are in least..255. least: -1 where rows may be left out. */
int poison_check_labels(const int *labels, size_t n, int least, poison_error *err);

/*
 * What a label is called, whole; data may be NULL. number: room for the name of one that has none.
 */
const char *poison_label_text(const poison_data *data, int label, char number[12]);
/* The same on one line, as poison_pair_parse reads it: in quotes where that needs them. */
void poison_label_put(FILE *out, const poison_data *data, int label);
poison_label poison_label_quoted(const poison_data *data, int label); /* cut to fit, for messages */

/* Whether it is - or that in quotes: cells that may hold a bare -, which is no label, have them in
 * one more pair. */
int label_is_dash(const char *name);
/* The label that tables and messages print so, else the one that is called so. -1: none. */
int label_find_printed(const poison_data *data, const char *text);

/* Those with which[label], by name, "a, b, c"; of more than eight the first, and how many more. */
struct label_names {
    char text[600];
} labels_list(const poison_data *data, const uint8_t which[POISON_LABELS]);

/* The different label texts of a file, in the order they were met. */
enum { BOOK_MOST = 4096 }; /* spellings, of at most 256 labels */
struct book {
    int count;
    char *text[BOOK_MOST];
    uint32_t slot[2 * BOOK_MOST]; /* a hash table of 1 + the text's number */
};

/* The number of a text, new or met before; POISON_EDATA if there are too many, POISON_ENOMEM. */
int book_add(struct book *book, const char *text, size_t length, poison_error *err);
void book_free(struct book *book); /* NULL is fine */

/* Rows whose labels are called otherwise elsewhere. */
struct label_source {
    const struct book *book; /* NULL: y are the labels themselves, 0..255, as in IDX files */
    int *y;                  /* (n) numbers of the book's texts */
    size_t n;
};

/*
 * labels_join - one set of labels for all sources: data->names, numbers and name, and y become
 * labels
 *
 * If all texts are numbers, equal values are one label, called by the spelling met first, and they
 * are in the order of their values; else each text is a label, in the order of their bytes. Names
 * that `data` has already keep their labels, and new ones follow. If all sources are IDX files and
 * there were no names, nothing changes. POISON_EDATA for more than 256 labels.
 */
int labels_join(poison_data *data, const struct label_source *source, size_t sources,
                poison_error *err);

/* What labels are called, and features: column (columns), with the labels' column behind these.
 * Names that stand in data->name already may be among them. POISON_ENOMEM. */
int labels_name(poison_data *data, const char *const *name, int names, char *const *column,
                int columns, poison_error *err);

/* The number that each label is called by, to be written as a byte: number (POISON_LABELS).
 * POISON_EDATA if it is none. */
int labels_bytes(const poison_data *data, uint8_t *number, poison_error *err);

#endif
