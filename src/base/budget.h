/* SPDX-License-Identifier: MIT */
/*
 * budget - what --memory buys: who gets which share of settings->memory, what was taken, and the
 * one sentence of refusals
 *
 * The cap is on our own large buffers: data, kernel values, what is made of them. A share is a
 * bound, not a reservation: most of them are not needed at the same time. What gives way (cache,
 * batches, tests) takes less where there is less; the others refuse.
 */
#ifndef POISON_BUDGET_H
#define POISON_BUDGET_H

#include "poison.h"

#include <stdio.h>

enum budget_use {
    BUDGET_TEXT,
    BUDGET_DATA,
    BUDGET_COPIES,
    BUDGET_KERNEL,
    BUDGET_CACHE,
    BUDGET_BATCHES,
    BUDGET_TESTS,
    BUDGET_DECISIONS,
    BUDGET_SWEEP,
    BUDGET_FOLDS,
    BUDGET_USES
};

/* A row of the table that `poison help memory` prints. */
struct budget_row {
    const char *name, *share;
    size_t part; /* budget_share's: one part of so many */
    const char *who;
};
extern const struct budget_row budget_rows[BUDGET_USES];

/* Bytes that may be taken of what settings allow. The settings are kept by reference. */
struct budget {
    const poison_settings *settings;
    size_t left;
};
struct budget budget_whole(const poison_settings *settings);
struct budget budget_less(struct budget budget, size_t taken); /* what is left, perhaps 0 */

/* The share of a use that the table gives a fixed part: a sixteenth, an eighth, a quarter. */
size_t budget_share(const poison_settings *settings, enum budget_use use);

/* Settings of one of so many models that are held at a time: all use the `fixed` bytes, and share
 * what these leave. Their refusals still name the whole. */
void budget_split(poison_settings *settings, size_t fixed, size_t models);

/* POISON_ENOMEM: "out of memory: WHAT N MiB, --memory M leaves K"; what ends in a verb. N is
 * rounded up, K down, so that one sees which is more; M is the option's own figure, and if models
 * share it, this is said. */
int budget_fail(struct budget budget, double bytes, poison_error *err, const char *what, ...)
    __attribute__((format(printf, 4, 5)));

/* For --timing: so many bytes are taken, or given back. Costs nothing where nobody asked (trace is
 * NULL). Not from several threads at a time. */
void budget_take(poison_trace *trace, enum budget_use use, size_t bytes);
void budget_give(poison_trace *trace, enum budget_use use, size_t bytes);
/* The line of --timing: the most of each use at a time, and of all together. */
void budget_print(const poison_settings *settings, FILE *out);

#endif
