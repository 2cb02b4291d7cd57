/* SPDX-License-Identifier: MIT */
/* show - images where people look at them: in the terminal, in plain characters, on a contact sheet */
#ifndef POISON_SHOW_H
#define POISON_SHOW_H

#include "args.h"

#include <stdio.h>

/* Whether test images are shown, which have predictions. */
int show_predicts(const struct args *args);

/* What can be refused once the data are known: no shape, no 8-bit pixels, no such row, no PNG; another suffix (EUSAGE). */
int show_check(const struct args *args, const poison_data *data, poison_error *err);

/*
 * Shows the images that args ask for, as show_check allowed it. labels (n): after the flips. settings: args' with the
 * weights. For predictions *svm, NULL before, is made and trained: with the labels as given, then with these, which share
 * their kernel values; the caller frees it. A file called *.png becomes a contact sheet; a terminal gets half blocks in
 * greys, as wide as it is; all else gets characters, 80 or $COLUMNS wide.
 */
int show_run(FILE *out, const struct args *args, const poison_data *data, const int *labels,
             const poison_settings *settings, poison_svm **svm, poison_error *err);

#endif
