/* SPDX-License-Identifier: MIT */
/*
 * solve - many two-class problems over the same rows, in parallel: from a kernel matrix, or from a
 * cache in rounds
 */
#ifndef POISON_SOLVE_H
#define POISON_SOLVE_H

#include "cache.h"

/* The rows of one label, ascending. */
struct class {
    int label;
    size_t n;
    const size_t *row;    /* (n) training rows */
    const uint32_t *slot; /* (n) their rows and columns in the kernel matrix */
    int in_place;         /* the slots follow one another */
    int changed;          /* since the last training */
    double C;             /* of its rows */
    const double *diagonal; /* (training rows) k(x, x), or NULL for rbf */
};

struct task {
    poison_machine *machine; /* to fill: sv_row and sv_coef have room for l */
    const struct class *a, *b;
};

/* Solves all tasks from the kernel `matrix` (slots, ld). Each thread solves machine after machine,
 * the longest first. A row of it is used where it lies if the class is in place, else gathered into
 * a pool. */
int solve_from_matrix(const struct task *task, size_t tasks, const float *matrix, size_t ld,
                      const poison_settings *settings, poison_error *err);

/* The bytes that solve_from_cache needs. */
size_t solve_least_bytes(const struct task *task, size_t tasks, const struct cache *cache);

/*
 * Solves all tasks from a cache whose panels are the classes. In each round the problems run in
 * parallel until each misses a row; then what they need, and what they will probably need next, is
 * computed together. `bytes` may be used for kernel values and the problems' own state; with less
 * of it, fewer problems run at a time.
 */
int solve_from_cache(const struct task *task, size_t tasks, struct cache *cache, size_t rows,
                     size_t bytes, const poison_settings *settings, poison_error *err);

#endif
