/* SPDX-License-Identifier: MIT */
/*
 * gamma - gamma's two words, scale and auto, as numbers; with numpy's variance, in every bit
 *
 *   scale = 1 / (d Var(X))   auto = 1 / d          X (n, d), the training rows, in double
 *
 * Var(X) = sum over all elements of (x - mean)^2 / (n d), mean = sum x / (n d): the population's
 * variance of the whole matrix, as numpy.var takes it. Both sums round as numpy's do: it hands the
 * elements over in chunks of 8192, sums each chunk pairwise, and adds up the chunks' sums in order
 * (numpy's source, pairwise_sum in loops_utils.h.src). The exact variance would differ by a few
 * ulp, and every kernel value with it.
 */
#include "poison.h"

#include "base.h"
#include "floating.h"
#include "trace.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 8192 };

/* numpy's sum of n doubles. More than 128 are halved, the left half a multiple of 8; fewer run as
 * eight sums side by side, which are then added in pairs, and what is left over one by one. */
static double pairwise(const double *a, size_t n)
{
    if (n > 128) {
        size_t left = n / 2 - n / 2 % 8;
        return pairwise(a, left) + pairwise(a + left, n - left);
    }
    size_t i = 0;
    double sum = 0;
    if (n >= 8) {
        double r[8];
        memcpy(r, a, sizeof r);
        for (i = 8; i < n - n % 8; i += 8)
            for (int k = 0; k < 8; k++)
                r[k] += a[i + k];
        sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    }
    for (; i < n; i++)
        sum += a[i];
    return sum;
}

/* The sum of `count` elements from element `from` on: features (mean NULL), or their squared
 * deviations from the mean */
static double chunk_sum(const poison_set *set, size_t from, size_t count, const double *mean)
{
    double value[CHUNK];
    for (size_t i = 0; i < count; i++) {
        double v = set->v ? set->v[from + i] : set->x[from + i];
        value[i] = mean ? (v - *mean) * (v - *mean) : v;
    }
    return pairwise(value, count);
}

/* The same of the whole matrix of `count` elements. part (chunks): scratch, one sum a chunk */
static double matrix_sum(const poison_set *set, size_t count, const double *mean, double *part,
                         const poison_settings *settings)
{
    double sum = 0;
    size_t chunks = (count + CHUNK - 1) / CHUNK;
    trace_room(settings->trace, (size_t)settings->threads);
#pragma omp parallel num_threads(settings->threads)
    {
        double begun = trace_begin(settings->trace);
#pragma omp for nowait
        for (size_t c = 0; c < chunks; c++)
            if (!poison_cancelled(settings))
                part[c] = chunk_sum(set, c * CHUNK, size_min(CHUNK, count - c * CHUNK), mean);
        trace_piece(settings->trace, TRACE_VARIANCE, begun, NULL);
    }
    for (size_t c = 0; c < chunks; c++)
        sum += part[c];
    return sum;
}

/* 1 / (d Var(X)), or 1 if all features are alike. POISON_ENOMEM, POISON_ECANCEL */
static int scale_of(const poison_set *set, const poison_settings *settings, double *gamma,
                    poison_error *err)
{
    size_t count = set->n * (size_t)set->d, chunks = (count + CHUNK - 1) / CHUNK;
    double begun = trace_begin(settings->trace), *part = poison_take(chunks, sizeof *part);
    if (!part)
        return poison_fail_memory(err, chunks, sizeof *part, "the variance");
    double mean = matrix_sum(set, count, NULL, part, settings) / (double)count;
    double variance = matrix_sum(set, count, &mean, part, settings) / (double)count;
    *gamma = variance > 0 ? 1.0 / (set->d * variance) : 1.0;
    free(part);
    trace_end(settings->trace, TRACE_VARIANCE, begun,
              2 * (double)count * (set->v ? sizeof(double) : 1));
    return poison_cancelled(settings) ? poison_fail_cancelled(err) : 0;
}

int poison_data_gamma(const poison_data *data, const poison_settings *settings, double *gamma,
                      poison_error *err)
{
    FLOATING(settings->threads);
    int known = data->scale > 0; /* both words, from before wider test rows came */
    *gamma = settings->gamma;
    if (settings->gamma == POISON_GAMMA_AUTO)
        *gamma = known ? data->automatic : 1.0 / data->train.d;
    if (settings->gamma != POISON_GAMMA_SCALE)
        return 0;
    *gamma = data->scale;
    return known ? 0 : scale_of(&data->train, settings, gamma, err);
}
