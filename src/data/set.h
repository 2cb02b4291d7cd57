/* SPDX-License-Identifier: MIT */
/* set - rows of features: made, copied, widened, turned into doubles */
#ifndef POISON_SET_H
#define POISON_SET_H

#include "poison.h"

#define MOST_FEATURES (1 << 24)

/* Copies rows row[0..count) of a set, in that order. POISON_ENOMEM. set_free frees. */
int poison_set_gather(poison_set *out, const poison_set *set, const size_t *row, size_t count,
                      poison_error *err);

/* 8-bit features become doubles, and doubles stay. POISON_ENOMEM; the set is then as before. */
int set_to_doubles(poison_set *set, poison_error *err);

/* Columns of zeros come before and after the features. Errors as above. */
int set_widen(poison_set *set, int before, int after, poison_error *err);

/* Rows in an order by random numbers, the classes one after the other; for qsort. */
struct keyed_row {
    int label;
    uint64_t key;
    size_t row;
};
int by_label_and_key(const void *a, const void *b);

/* The rows in the order of key (seed, stream 8, row), in place. POISON_ENOMEM; the set is then as
 * before. */
int set_mix(poison_set *set, uint64_t seed, poison_error *err);

/* Rows [first, first + n) of a set, where they are. */
poison_set set_some(const poison_set *set, size_t first, size_t n);

/* of the features; SIZE_MAX if there is no such number */
size_t set_bytes(size_t n, int d, int doubles);
size_t set_size(const poison_set *set); /* of a set as it is */

void set_free(poison_set *set);

/* The features of a set, that follow what gave `crc`; and of all data, with the training labels
 * `labels` (n), as altered. */
uint32_t poison_features_crc32(uint32_t crc, const poison_set *set,
                               const poison_settings *settings);
uint32_t poison_data_crc32(const poison_data *data, const int *labels,
                           const poison_settings *settings);

#endif
