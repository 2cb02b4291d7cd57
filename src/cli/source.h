/* SPDX-License-Identifier: MIT */
/* source - which data a command line means, and how much of them */
#ifndef POISON_SOURCE_H
#define POISON_SOURCE_H

#include "args.h"
#include "load.h"

/*
 * Loads --data, else $POISON_DATA, else MNIST where build.sh puts it. *fallback: nothing was asked for or found, and `lab`
 * takes the built-in digits. The validation set is split off if anything asked for looks at it.
 */
int source_load(poison_data *data, const struct args *args, int *fallback, poison_error *err);

/* The rows that a model is to label, as load_rows does, by --label, --format and --test. */
int source_load_rows(poison_data *data, struct load_width *width, const struct args *args, const char *path, poison_error *err);

#endif
