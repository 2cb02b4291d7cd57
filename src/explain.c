/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include <math.h>
#include <stdlib.h>

static double distance(const poison_set *a, size_t r, const poison_set *b, size_t t)
{
    double sum = 0;
    for (size_t f = 0, d = (size_t)a->d; f < d; f++) {
        double difference = a->v ? a->v[r * d + f] - b->v[t * d + f] : (double)a->x[r * d + f] - b->x[t * d + f];
        sum += difference * difference;
    }
    return sum;
}

static int strongest_first(const void *a, const void *b)
{
    const struct push *s = a, *t = b;
    if (fabs(s->push) != fabs(t->push))
        return fabs(s->push) > fabs(t->push) ? -1 : 1;
    return s->row < t->row ? -1 : 1;
}

void explain_pushes(struct push *push, const poison_machine *machine, const poison_data *data, size_t t, double gamma)
{
    for (size_t s = 0; s < machine->sv; s++) {
        size_t row = machine->sv_row[s];
        push[s] = (struct push){row, machine->sv_coef[s] * exp(-gamma * distance(&data->train, row, &data->test, t))};
    }
    qsort(push, machine->sv, sizeof *push, strongest_first);
}
