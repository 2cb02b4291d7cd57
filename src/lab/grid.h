/* SPDX-License-Identifier: MIT */
/* grid - every C with every gamma, cross-validated */
#ifndef POISON_GRID_H
#define POISON_GRID_H

#include "table.h"

struct grid {
    double *cost, *gamma; /* (costs), (gammas); grid_validate takes those of the settings */
    size_t costs, gammas;
    int folds; /* stratified, by the seed */
    uint64_t seed;
};

/* The accuracy of one model, in folds, and (or NULL) what each row is called by the model that did
 * not see it. */
int grid_validate(struct sheet *accuracy, struct sheet *predictions, const poison_data *data,
                  const int *labels, const struct grid *grid, const poison_settings *settings,
                  poison_error *err);

/* A row for each C and gamma, the best of them marked, of equal ones the first. One kernel matrix a
 * gamma. */
int grid_run(struct sheet *sheet, const poison_data *data, const int *labels,
             const struct grid *grid, const poison_settings *settings, poison_error *err);

#endif
