/* SPDX-License-Identifier: MIT */
/* grid - every C with every gamma, cross-validated */
#ifndef POISON_GRID_H
#define POISON_GRID_H

#include "table.h"

struct grid {
    const double *cost, *gamma; /* (costs), (gammas) */
    size_t costs, gammas;
    int folds;
    uint64_t seed;
};

/* How many of n rows are called by the label that they have; rows that are left out (-1) do not count. */
size_t grid_correct(const int *predicted, const int *labels, size_t n, size_t *rows);

/* A row for each C and gamma, the best of them marked, of equal ones the first. One kernel matrix a gamma. */
int grid_run(struct sheet *sheet, const poison_data *data, const int *labels, const struct grid *grid,
             const poison_settings *settings, poison_error *err);

#endif
