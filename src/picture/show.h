/* SPDX-License-Identifier: MIT */
/*
 * show - images where people look at them: in the terminal, in plain characters, on a contact sheet
 */
#ifndef POISON_SHOW_H
#define POISON_SHOW_H

#include "output.h"

/* What is asked of it; the command line fills this. */
struct show {
    int test_set, changed;   /* --set test; --changed: those whose prediction the flips change */
    int flips;               /* labels were flipped */
    const char *words;       /* ROWS as it was said, for errors; or NULL */
    struct row_range { size_t first, last; } *range; /* the same read, in order */
    size_t ranges;
    size_t most;             /* -n; 0: all of ROWS, as many as suit the output */
    const char *output;      /* "-" or a path, whose suffix says how */
};

/* Whether test images are shown, which have predictions. */
int show_predicts(const struct show *wishes);

/* What can be refused once the data are known: no shape, no 8-bit pixels, no such row, no PNG;
 * another suffix (EUSAGE). */
int show_check(const struct show *wishes, const poison_data *data, poison_error *err);

/*
 * Shows the images that are wished for, as show_check allowed it. labels (n): after the flips.
 * settings: with the labels' weights. For predictions *svm, NULL before, is made and trained: with
 * the labels as given, then with these, which share their kernel values; the caller frees it. A
 * file called *.png, *.svg or *.pdf becomes a contact sheet; a terminal gets half blocks in greys,
 * as wide as it is; all else gets characters, 80 or $COLUMNS wide.
 */
int show_run(const struct output *to, const struct show *wishes, const poison_data *data,
             const int *labels, const poison_settings *settings, poison_svm **svm,
             poison_error *err);

#endif
