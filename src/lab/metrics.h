/* SPDX-License-Identifier: MIT */
/* metrics - what flips from one label to another did to the predictions on a test set */
#ifndef POISON_METRICS_H
#define POISON_METRICS_H

#include "poison.h"

/* Shares of the test rows; NAN where there is nothing to count. */
struct metrics {
    double accuracy;
    double from_recall;            /* of rows that are `from`: called `from` */
    double success;                /* of these: called `to` */
    double success_lo, success_hi; /* its 95 % interval */
    double collateral;             /* of rows that are neither: called what they are */
    size_t right;                  /* rows that are called what they are */
    size_t from_test, from_to;     /* rows that are `from`; of these, called `to` */
    size_t false_to;               /* rows that are called `to` and are not */
};

/* predicted (test->n) */
struct metrics metrics_measure(const poison_set *test, const int *predicted, int from, int to);

#endif
