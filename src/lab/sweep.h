/* SPDX-License-Identifier: MIT */
/*
 * sweep - pairs x strategies x defences x seeds x doses: one row a cell, in that order, in a
 * journal that can be resumed
 */
#ifndef POISON_SWEEP_H
#define POISON_SWEEP_H

#include "flips.h"
#include "table.h"

struct columns;

struct sweep {
    struct sweep_pair { int from, to; } *pair;
    size_t pairs; /* sweep_pairs fills */
    int *strategy;
    size_t strategies;
    poison_cleaning *defence; /* method -1: none */
    size_t defences;
    size_t *dose, doses;
    uint64_t seed; /* seeds seed .. seed + seeds - 1, where something is seeded */
    size_t seeds;
    int shuffles; /* the data were mixed by seed */
    poison_attack_settings attack;
};

/* Where a sweep's rows go. */
struct sweep_output {
    const struct sheet *sheet; /* how they are printed; its `out` counts only without a path */
    const char *path;          /* "-": standard output; NULL: the sheet's `out` */
    int resume;
    FILE *warn; /* or NULL */
};

/*
 * Computes all cells from labels (n) and prints them, a row each. A regular file is a journal: `# `
 * and the settings, a header, rows as they are done; it is a plain table whatever the sheet is,
 * without the sheet's opening. An existing one is refused, unless `resume` goes on where it was cut
 * off. POISON_EDATA, or what the library says; finished rows are on disk in any case. Doses above
 * the number of `from` rows are left out, and cells without a model (one class left) hold NA, with
 * a warning.
 */
int sweep_run(const struct sweep *sweep, const poison_data *data, const int *labels,
              const poison_settings *settings, const struct sweep_output *to, poison_error *err);

/* The labels of the pairs that are asked for by `option`, of which none is named twice; of no
 * wishes: all ordered pairs of labels in the data. free() sweep->pair. POISON_EDATA, POISON_EUSAGE,
 * POISON_ENOMEM. */
int sweep_pairs(struct sweep *sweep, const struct pair_wish *wish, size_t wishes,
                const char *option, const poison_data *data, poison_error *err);

/* What lab and report refuse at once: a dose above what there is in labels (n), or one that leaves
 * one class. POISON_EDATA. */
int sweep_check_doses(const size_t *dose, size_t doses, const struct sweep_pair *pair,
                      const int *labels, const poison_data *data, poison_error *err);

/* `poison dose`: doses for 10, 50, 90 % success and the area under the curve, with bootstrap
 * intervals over seeds. */
int dose_run(FILE *in, struct sheet *sheet, uint64_t seed, const poison_settings *settings,
             poison_error *err);
int dose_print(const struct columns *sweep, struct sheet *sheet, uint64_t seed,
               const poison_settings *settings, poison_error *err);
/* `poison matrix`: strategies down, defences across, mean success at one dose. */
int matrix_run(FILE *in, struct sheet *sheet, size_t dose, const poison_settings *settings,
               poison_error *err);

#endif
