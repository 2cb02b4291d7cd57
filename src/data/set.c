/* SPDX-License-Identifier: MIT */
/* set - rows of features: made, copied, widened, turned into doubles */
#include "set.h"

#include "base.h"

#include <stdlib.h>
#include <string.h>

poison_set set_some(const poison_set *set, size_t first, size_t n)
{
    poison_set some = *set;
    some.n = n;
    some.x = set->x ? set->x + first * (size_t)set->d : NULL;
    some.v = set->v ? set->v + first * (size_t)set->d : NULL;
    some.y = set->y ? set->y + first : NULL;
    return some;
}

size_t set_bytes(size_t n, int d, int doubles)
{
    size_t bytes;
    return __builtin_mul_overflow(n, (size_t)d * (doubles ? sizeof(double) : 1), &bytes) ? SIZE_MAX
                                                                                         : bytes;
}

size_t set_size(const poison_set *set)
{
    return set_bytes(set->n, set->d, set->v != NULL);
}

void set_free(poison_set *set)
{
    free(set->x);
    free(set->v);
    free(set->y);
    *set = (poison_set){0};
}

static void copy_row(poison_set *out, size_t to, const poison_set *set, size_t from)
{
    size_t d = (size_t)set->d;
    if (set->x)
        memcpy(out->x + to * d, set->x + from * d, d);
    if (set->v)
        memcpy(out->v + to * d, set->v + from * d, d * sizeof *out->v);
    if (set->y)
        out->y[to] = set->y[from];
}

/* All or nothing: after an error *out is empty. */
int poison_set_gather(poison_set *out, const poison_set *set, const size_t *row, size_t count,
                      poison_error *err)
{
    size_t d = (size_t)set->d;
    *out = *set;
    out->n = count;
    out->x = set->x ? poison_take_big(count, d) : NULL;
    out->v = set->v ? poison_take_big(count, d * sizeof *out->v) : NULL;
    out->y = set->y ? poison_take(count, sizeof *out->y) : NULL;
    if ((set->x && !out->x) || (set->v && !out->v) || (set->y && !out->y)) {
        set_free(out);
        return poison_fail_memory(err, count, d * (set->v ? sizeof(double) : 1), "a copy of rows");
    }
    for (size_t r = 0; r < count; r++)
        copy_row(out, r, set, row[r]);
    return 0;
}

int set_to_doubles(poison_set *set, poison_error *err)
{
    size_t count = set->n * (size_t)set->d;
    if (!set->x)
        return 0;
    double *v = poison_take_big(count, sizeof *v);
    if (!v)
        return poison_fail_memory(err, count, sizeof *v, "the features as doubles");
    for (size_t i = 0; i < count; i++)
        v[i] = set->x[i];
    free(set->x);
    set->x = NULL;
    set->v = v;
    return 0;
}

int set_widen(poison_set *set, int before, int after, poison_error *err)
{
    size_t d = (size_t)set->d, wide = d + (size_t)before + (size_t)after,
           size = set->v ? sizeof(double) : 1;
    char *from = set->v ? (char *)set->v : (char *)set->x;
    if (wide == d)
        return 0;
    char *to = poison_take(set->n, wide * size);
    if (!to)
        return poison_fail_memory(err, set->n, wide * size,
                                  "the features and the columns that they lack");
    for (size_t r = 0; r < set->n; r++)
        memcpy(to + (r * wide + (size_t)before) * size, from + r * d * size, d * size);
    free(from);
    *(set->v ? (void **)&set->v : (void **)&set->x) = to;
    set->d = (int)wide;
    set->height = set->width = 0;
    return 0;
}

int by_label_and_key(const void *a, const void *b)
{
    const struct keyed_row *s = a, *t = b;
    if (s->label != t->label)
        return s->label < t->label ? -1 : 1;
    if (s->key != t->key)
        return s->key < t->key ? -1 : 1;
    return (s->row > t->row) - (s->row < t->row);
}

/* Along each cycle of the permutation rows move by one, over the first one, which is kept aside. */
int set_mix(poison_set *set, uint64_t seed, poison_error *err)
{
    poison_set aside = {0};
    struct keyed_row *order = poison_take(set->n, sizeof *order);
    int status = 0;
    if (!order)
        TRY(poison_fail_memory(err, set->n, sizeof *order, "the order of rows"));
    for (size_t r = 0; r < set->n; r++)
        order[r] = (struct keyed_row){.key = poison_key(seed, 8, r), .row = r};
    qsort(order, set->n, sizeof *order, by_label_and_key);
    for (size_t first = 0; first < set->n; first++) {
        size_t at = first;
        if (order[first].row == first)
            continue;
        if (!aside.n)
            TRY(poison_set_gather(&aside, set, &first, 1, err));
        else
            copy_row(&aside, 0, set, first);
        for (size_t next; (next = order[at].row) != first; at = next) {
            copy_row(set, at, set, next);
            order[at].row = at;
        }
        copy_row(set, at, &aside, 0);
        order[at].row = at;
    }
done:
    set_free(&aside);
    free(order);
    return status;
}

int poison_data_labels(const poison_data *data, int *label)
{
    uint8_t occurs[POISON_LABELS] = {0};
    int count = 0;
    const poison_set *const sets[] = {&data->train, &data->test};
    for (int s = 0; s < 2; s++)
        for (size_t r = 0; r < sets[s]->n; r++)
            if (sets[s]->y[r] >= 0 && sets[s]->y[r] < POISON_LABELS)
                occurs[sets[s]->y[r]] = 1;
    for (int v = 0; v < POISON_LABELS; v++)
        if (occurs[v])
            label[count++] = v;
    return count;
}

int poison_data_validate(poison_data *data, size_t train, size_t v, poison_error *err)
{
    poison_set *all = &data->train;
    if (all->n < train + v)
        return poison_fail(err, POISON_EDATA,
                           "--train %zu and --validate %zu: %s holds %zu training images only",
                           train, v, data->source, all->n);
    data->validation = set_some(all, train, v);
    all->n = train;
    return 0;
}

void poison_data_free(poison_data *data)
{
    set_free(&data->train);
    set_free(&data->test);
    free(data->name);
    memset(data, 0, sizeof *data);
}

/* ---- checksums ------------------------------------------------------------------------------- */

/* In pieces, since it may be interrupted; what it is then is not to be used. */
uint32_t poison_features_crc32(uint32_t crc, const poison_set *set, const poison_settings *settings)
{
    size_t d = (size_t)set->d, piece = 1024;
    for (size_t r = 0; r < set->n && !poison_cancelled(settings); r += piece) {
        size_t cells = d * size_min(set->n - r, piece);
        crc = set->v ? poison_crc32(crc, set->v + r * d, cells * sizeof *set->v)
                     : poison_crc32(crc, set->x + r * d, cells);
    }
    return crc;
}

uint32_t poison_data_crc32(const poison_data *data, const int *labels,
                           const poison_settings *settings)
{
    const poison_set *const sets[] = {&data->train, &data->validation, &data->test};
    uint32_t crc = poison_crc32(0, labels, data->train.n * sizeof *labels);
    for (int k = 0; k < 3; k++) {
        crc = poison_features_crc32(crc, sets[k], settings);
        if (sets[k]->y) /* rows that a model is to label may have none */
            crc = poison_crc32(crc, sets[k]->y, sets[k]->n * sizeof *sets[k]->y);
    }
    return crc;
}
