/* SPDX-License-Identifier: MIT */
/* flips - the words of a flip: read once into names, and made labels once the data are known */
#ifndef POISON_FLIPS_H
#define POISON_FLIPS_H

#include "poison.h"

/* The strategies' names, in the order of their numbers, for lists in sentences and help: with "|"
 * between them, "first|...". What they do is a row of attack.c's table. */
#define STRATEGY_NAMES(between) \
    "first" between "random" between "near" between "far" between "alfa" between "greedy"

/* FROM:TO as it was said; the names are one block of memory, which is `from`'s: free(pair.from). */
struct pair_wish {
    char *from, *to;
};

/* FROM:TO:COUNT[:STRATEGY] as it was said. */
struct flip_wish {
    struct pair_wish pair;
    size_t count;
    int strategy;
    const char *text; /* the words, for sentences */
};

/* Read the words, in the form that poison.h says of poison_pair_parse and poison_flip_parse:
 * POISON_EUSAGE if it is another one or both names are the same, POISON_ENOMEM; there is nothing to
 * free then. *end: what follows the pair. */
int pair_read(struct pair_wish *pair, const char *text, const char **end, const char *what,
              poison_error *err);
int flip_read(struct flip_wish *flip, const char *text, poison_error *err);

/* The labels of the names. POISON_EDATA: one occurs nowhere in the data, or both are one label. */
int pair_resolve(const struct pair_wish *pair, int *from, int *to, const poison_data *data,
                 const char *what, poison_error *err);
int flip_resolve(const struct flip_wish *wish, poison_flip *flip, const poison_data *data,
                 poison_error *err);

/* Warns of rows that a flip (its words: text) changed which others had changed already. before,
 * labels: (n), those before it and after it. */
void flips_warn_again(const char *text, const int *before, const int *labels,
                      const poison_data *data, const poison_settings *settings);

#endif
