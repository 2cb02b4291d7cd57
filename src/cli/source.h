/* SPDX-License-Identifier: MIT */
/* source - which data a command line means, and how much of them */
#ifndef POISON_SOURCE_H
#define POISON_SOURCE_H

#include "args.h"

/* Where data are that are not named, or as they are named; NULL: nowhere. free(*found). */
int source_find(const char **path, char **found, const struct args *args, poison_error *err);

/* Loads --data, else $POISON_DATA, else MNIST where build.sh puts it. *fallback: nothing was asked
 * for or found, and `lab` takes the built-in digits. The validation set is split off if anything
 * asked for looks at it. */
int source_load(poison_data *data, const struct args *args, int *fallback, poison_error *err);

#endif
