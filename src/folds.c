/* SPDX-License-Identifier: MIT */
/* folds - stratified folds that depend on seed and rows only */
#include "base.h"

#include <stdlib.h>

struct keyed {
    int label;
    uint64_t key;
    size_t row;
};

static int by_label_and_key(const void *a, const void *b)
{
    const struct keyed *s = a, *t = b;
    if (s->label != t->label)
        return s->label < t->label ? -1 : 1;
    if (s->key != t->key)
        return s->key < t->key ? -1 : 1;
    return s->row < t->row ? -1 : 1;
}

int poison_folds(int *fold, const int *labels, size_t n, int folds, uint64_t seed, poison_error *err)
{
    struct keyed *order = poison_take(n, sizeof *order);
    size_t count = 0;
    if (!order)
        return poison_fail_memory(err, n, sizeof *order, "the folds");
    for (size_t r = 0; r < n; r++) {
        fold[r] = -1;
        if (labels[r] >= 0)
            order[count++] = (struct keyed){labels[r], poison_key(seed, 2, r), r};
    }
    qsort(order, count, sizeof *order, by_label_and_key);
    for (size_t k = 0; k < count; k++) /* its rank in the class and the rows of earlier classes */
        fold[order[k].row] = (int)(k % (size_t)folds);
    free(order);
    return 0;
}
