/* SPDX-License-Identifier: MIT */
/* load - data as the program wants them, rows for a model to label, files to be checked */
#ifndef POISON_LOAD_H
#define POISON_LOAD_H

#include "text.h"

/* What the program may say besides a poison_source. */
struct load_how {
    int few; /* source->validate is a default: fewer where there are too few rows, with a warning */
    int mixes; /* rows stand in an order by seed before they are split: each place's own */
    uint64_t seed;
    /* columns of CSV and TSV that are features whatever they look like, and that are none: names or
     * numbers from 1, between commas; or NULL */
    const char *keep, *drop;
};

/* poison_data_load, and how. */
int load_data(poison_data *data, const poison_source *source, const struct load_how *how,
              const poison_settings *settings, poison_error *err);

/* The features of a model, or of a set. */
struct load_width {
    int d, base; /* base: the index of the first, in LIBSVM's text */
    /* of a model that is only known by its support vectors: rows may have more features */
    int at_least;
    /* on return: the first field was taken for the label, and holds no label of the model */
    int foreign;
};

/*
 * load_rows - the rows of source->path for a model to label, to data->test
 *
 *   data   empty but for the model's names (names, numbers, name, columns, as in poison.h),
 *          which keep their labels; other labels follow. Without any, only rows of IDX files have
 *          labels that mean the model's
 *   width  the model's on entry. On return, of the rows: where base has become less, or d more, the
 *          model's own support vectors are to be moved by (base before - base after) columns, and
 *          are 0 in the others
 *
 * A folder's t10k pair and the built-in digits, the first source->test of them; else all rows of a
 * file, or the first source->test if that was given. data->test.y is NULL if there are no labels:
 * with label "none", or where CSV has as many fields as the model features, and no header that
 * names a label. Where model and file name their columns, they are matched by name. In LIBSVM's
 * text features that are missing are 0; other files must have the model's number of features.
 * Errors as poison_data_load.
 */
int load_rows(poison_data *data, struct load_width *width, const poison_source *source,
              const struct load_how *how, const poison_settings *settings,
              poison_error *err);

/*
 * load_check - everything that is wrong with a file (or folder), told to problems->found
 *
 * Lines are numbered from 1; 0 is the file as a whole. IDX files are looked at until their first
 * problem. POISON_EDATA only if the file cannot be read at all.
 */
int load_check(const poison_source *source, const struct load_how *how,
               struct problems *problems, const poison_settings *settings, poison_error *err);

#endif
