/* SPDX-License-Identifier: MIT */
#include "grid.h"

#include "base.h"

#include <stdlib.h>

/* How many of n rows are called what they are; rows that are left out (-1) do not count. */
static size_t correct(const int *predicted, const int *labels, size_t n, size_t *rows)
{
    size_t right = 0;
    *rows = 0;
    for (size_t r = 0; r < n; r++) {
        *rows += labels[r] >= 0;
        right += labels[r] >= 0 && predicted[r] == labels[r];
    }
    return right;
}

/* One C is a grid of one row: predicted (1, n). */
int grid_validate(struct sheet *accuracy, struct sheet *predictions, const poison_data *data,
                  const int *labels, const struct grid *grid, const poison_settings *settings,
                  poison_error *err)
{
    size_t n = data->train.n, rows, right;
    struct table t;
    int status = 0, *predicted = poison_take(n, sizeof *predicted);
    if (!predicted)
        TRY(poison_fail_memory(err, n, sizeof *predicted, "the predictions"));
    TRY(poison_cross_predict(predicted, data, labels, &settings->C, 1, grid->folds, grid->seed,
                             settings, err));
    if (predictions)
        table_begin(&t, predictions, "row\tlabel\tpredicted");
    for (size_t r = 0; r < n && predictions; r++) {
        if (labels[r] < 0)
            continue;
        table_count(&t, r);
        table_label(&t, labels[r]);
        table_label(&t, predicted[r]);
    }
    right = correct(predicted, labels, n, &rows);
    table_begin(&t, accuracy, "folds\trows\tcorrect\taccuracy");
    table_count(&t, (size_t)grid->folds);
    table_count(&t, rows);
    table_count(&t, right);
    table_number(&t, (double)right / (double)rows);
done:
    free(predicted);
    return status;
}

/* right (C, G): what is correct of each C and gamma; all C of one gamma share its kernel matrix, so
 * gamma is the outer loop. */
int grid_run(struct sheet *sheet, const poison_data *data, const int *labels,
             const struct grid *grid, const poison_settings *settings, poison_error *err)
{
    size_t n = data->train.n, C = grid->costs, G = grid->gammas, rows = 0, best = 0;
    int status = 0, *predicted = poison_take(n, C * sizeof *predicted);
    double *gamma = poison_take(G, sizeof *gamma);
    size_t *right = poison_take(C, G * sizeof *right);
    if (!predicted || !gamma || !right)
        TRY(poison_fail_memory(err, n, C * sizeof *predicted, "the predictions"));
    for (size_t g = 0; g < G; g++) {
        poison_settings own = *settings;
        own.gamma = grid->gamma[g];
        TRY(poison_data_gamma(data, &own, &gamma[g], err));
        own.gamma = gamma[g];
        TRY(poison_cross_predict(predicted, data, labels, grid->cost, C, grid->folds, grid->seed,
                                 &own, err));
        for (size_t c = 0; c < C; c++)
            right[c * G + g] = correct(predicted + c * n, labels, n, &rows);
    }
    for (size_t k = 1; k < C * G; k++)
        best = right[k] > right[best] ? k : best;
    struct table t;
    table_begin(&t, sheet, "cost\tgamma\tcorrect\trows\taccuracy\tbest");
    for (size_t k = 0; k < C * G; k++) {
        table_exact(&t, grid->cost[k / G]);
        table_exact(&t, gamma[k % G]);
        table_count(&t, right[k]);
        table_count(&t, rows);
        table_number(&t, (double)right[k] / (double)rows);
        table_count(&t, k == best);
    }
done:
    free(predicted);
    free(gamma);
    free(right);
    return status;
}
