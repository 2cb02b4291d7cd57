/* SPDX-License-Identifier: MIT */
/* explain - which training rows pushed a decision, and how far */
#ifndef POISON_EXPLAIN_H
#define POISON_EXPLAIN_H

#include "poison.h"

struct push {
    size_t row;
    double push; /* y alpha k(x_row, x) */
};

/*
 * The pushes of a machine's support vectors on test image t, push (machine->sv), the strongest first, ties to the lower
 * row. They and minus rho add up to the decision value, but for rounding.
 */
void explain_pushes(struct push *push, const poison_machine *machine, const poison_data *data, size_t t, double gamma);

#endif
