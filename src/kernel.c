/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include "base.h"
#include "simd.h"
#include "trace.h"

#include <cblas.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define TILE 256   /* rows and columns of a GEMM: two operands and the result stay in 2 MiB of L2 */
#define SLICE 1024 /* features whose dot product is exact in float */

/* ---- rows ------------------------------------------------------------------------------------------------------ */

int rows_fill(struct rows *rows, const uint8_t *x, size_t n, int d, const size_t *order,
              const poison_settings *settings, poison_error *err)
{
    *rows = (struct rows){.n = n, .d = d};
    rows->x = poison_take_big(n, (size_t)d * sizeof *rows->x);
    rows->norm = poison_take_big(n, sizeof *rows->norm);
    if (!rows->x || !rows->norm) {
        rows_free(rows);
        return poison_fail_memory(err, n, (size_t)d * sizeof *rows->x, "the features");
    }
#pragma omp parallel for num_threads(settings->threads)
    for (size_t s = 0; s < n; s++) {
        const uint8_t *from = x + (order ? order[s] : s) * (size_t)d;
        float *to = rows->x + s * (size_t)d;
        int64_t norm = 0;
        for (int f = 0; f < d; f++) {
            int v = from[f] - 128;
            to[f] = (float)v;
            norm += v * v;
        }
        rows->norm[s] = (double)norm;
    }
    return 0;
}

void rows_free(struct rows *rows)
{
    free(rows->x);
    free(rows->norm);
    *rows = (struct rows){0};
}

/* ---- gamma ----------------------------------------------------------------------------------------------------- */

/* numpy's sum of n values: pairwise; here of table[x[0]], table[x[1]], ... */
static double pairwise(const double *table, const uint8_t *x, size_t n)
{
    if (n > 128) {
        size_t left = n / 2 - n / 2 % 8;
        return pairwise(table, x, left) + pairwise(table, x + left, n - left);
    }
    size_t i = 0;
    double sum = 0;
    if (n >= 8) {
        double r[8];
        for (int k = 0; k < 8; k++)
            r[k] = table[x[k]];
        for (i = 8; i < n - n % 8; i += 8)
            for (int k = 0; k < 8; k++)
                r[k] += table[x[i + k]];
        sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    }
    for (; i < n; i++)
        sum += table[x[i]];
    return sum;
}

/* numpy.var of the float64 matrix, in every bit. The first sum is of integers, exact in any order. */
static int variance(double *result, const uint8_t *x, size_t count, const poison_settings *settings, poison_error *err)
{
    enum { CHUNK = 8192 }; /* numpy's buffer: chunks are summed one by one, their sums added in order */
    size_t chunks = (count + CHUNK - 1) / CHUNK;
    double *part = poison_take(chunks, sizeof *part);
    if (!part)
        return poison_fail_memory(err, chunks, sizeof *part, "the variance");
    uint64_t total = 0;
#pragma omp parallel for num_threads(settings->threads) reduction(+ : total)
    for (size_t i = 0; i < count; i++)
        total += x[i];
    double mean = (double)total / (double)count, squared[256], sum = 0;
    for (int v = 0; v < 256; v++)
        squared[v] = (v - mean) * (v - mean);
#pragma omp parallel for num_threads(settings->threads)
    for (size_t c = 0; c < chunks; c++)
        part[c] = pairwise(squared, x + c * CHUNK, c + 1 < chunks ? CHUNK : count - c * CHUNK);
    for (size_t c = 0; c < chunks; c++)
        sum += part[c];
    free(part);
    *result = sum / (double)count;
    return 0;
}

int poison_data_gamma(const poison_data *data, const poison_settings *settings, double *gamma, poison_error *err)
{
    int d = data->train.d;
    *gamma = settings->gamma == POISON_GAMMA_AUTO ? 1.0 / d : settings->gamma;
    if (settings->gamma != POISON_GAMMA_SCALE)
        return 0;
    double begun = trace_begin(settings->trace), var;
    int status = variance(&var, data->train.x, data->train.n * (size_t)d, settings, err);
    if (status == 0)
        *gamma = var > 0 ? 1.0 / (d * var) : 1.0;
    trace_end(settings->trace, TRACE_VARIANCE, begun, 0, settings->threads);
    return status;
}

/* ---- tiles ----------------------------------------------------------------------------------------------------- */

/* One thread's dot products of up to TILE rows with up to TILE others. */
struct tile {
    float dot[TILE * TILE];   /* of the last slice */
    double more[TILE * TILE]; /* of the slices before it, if there are any */
};

/* dot[a * TILE + b] (+ more) = x[a] . z[b] for a < rows, b < columns */
static void multiply(struct tile *tile, const float *x, size_t rows, const float *z, size_t columns, int d)
{
    for (int f = 0; f < d; f += SLICE) {
        int width = d - f < SLICE ? d - f : SLICE;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)rows, (blasint)columns, width, 1, x + f, d, z + f,
                    d, 0, tile->dot, TILE);
        if (f + SLICE >= d)
            return;
        for (size_t a = 0; a < rows; a++)
            for (size_t b = a * TILE; b < a * TILE + columns; b++)
                tile->more[b] = (f ? tile->more[b] : 0) + (double)tile->dot[b];
    }
}

static struct rbf tile_row(const struct tile *tile, size_t a, double gamma, double norm, const double *norms, int d)
{
    return (struct rbf){gamma, norm, norms, d > SLICE ? tile->more + a * TILE : NULL};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A tile a thread. OpenBLAS stays on its caller's thread: the tiles are the parallelism. */
static struct tile *take_tiles(const poison_settings *settings)
{
    openblas_set_num_threads(1);
    return poison_take_big((size_t)settings->threads, sizeof(struct tile));
}

int kernel_matrix(float *K, size_t ld, const struct rows *rows, double gamma, const poison_settings *settings,
                  poison_error *err)
{
    const struct simd *simd = simd_loops(settings->isa);
    size_t n = rows->n, d = (size_t)rows->d, side = (n + TILE - 1) / TILE;
    double begun = trace_begin(settings->trace);
    struct tile *tiles = take_tiles(settings);
    if (!tiles)
        return poison_fail_memory(err, (size_t)settings->threads, sizeof *tiles, "the kernel's tiles");
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(settings->threads)
    for (size_t u = 0; u < side; u++)
        for (size_t v = 0; v < side; v++) {
            if (v < u || poison_cancelled(settings))
                continue;
            struct tile *tile = tiles + omp_get_thread_num();
            size_t a0 = u * TILE, an = least(TILE, n - a0), b0 = v * TILE, bn = least(TILE, n - b0);
            multiply(tile, rows->x + a0 * d, an, rows->x + b0 * d, bn, rows->d);
            for (size_t a = 0; a < an; a++) {
                struct rbf rbf = tile_row(tile, a, gamma, rows->norm[a0 + a], rows->norm + b0, rows->d);
                simd->rbf_float(K + (a0 + a) * ld + b0, tile->dot + a * TILE, &rbf, bn);
            }
            for (size_t b = 0; u != v && b < bn; b++)
                for (size_t a = 0; a < an; a++)
                    K[(b0 + b) * ld + a0 + a] = K[(a0 + a) * ld + b0 + b];
        }
    free(tiles);
    trace_end(settings->trace, TRACE_KERNEL, begun, (double)n * (double)n * (double)d, settings->threads);
    return poison_cancelled(settings) ? poison_fail_cancelled(err) : 0;
}

int kernel_cross(double *T, size_t ld, const struct rows *rows, const size_t *which, size_t count,
                 const struct rows *tests, double gamma, const poison_settings *settings, poison_error *err)
{
    const struct simd *simd = simd_loops(settings->isa);
    size_t d = (size_t)rows->d, down = (count + TILE - 1) / TILE, across = (tests->n + TILE - 1) / TILE;
    size_t threads = (size_t)settings->threads;
    double begun = trace_begin(settings->trace);
    struct tile *tiles = take_tiles(settings);
    float *gathered = poison_take_big(threads, TILE * d * sizeof *gathered);
    if (!tiles || !gathered) {
        free(tiles);
        free(gathered);
        return poison_fail_memory(err, threads, TILE * d * sizeof *gathered + sizeof *tiles, "the test kernel's tiles");
    }
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(settings->threads)
    for (size_t u = 0; u < down; u++)
        for (size_t v = 0; v < across; v++) {
            if (poison_cancelled(settings))
                continue;
            struct tile *tile = tiles + omp_get_thread_num();
            float *x = gathered + (size_t)omp_get_thread_num() * TILE * d;
            const size_t *row = which + u * TILE;
            size_t an = least(TILE, count - u * TILE), b0 = v * TILE, bn = least(TILE, tests->n - b0);
            for (size_t a = 0; a < an; a++)
                memcpy(x + a * d, rows->x + row[a] * d, d * sizeof *x);
            multiply(tile, x, an, tests->x + b0 * d, bn, rows->d);
            for (size_t a = 0; a < an; a++) {
                struct rbf rbf = tile_row(tile, a, gamma, rows->norm[row[a]], tests->norm + b0, rows->d);
                simd->rbf_double(T + row[a] * ld + b0, tile->dot + a * TILE, &rbf, bn);
            }
        }
    free(tiles);
    free(gathered);
    trace_end(settings->trace, TRACE_TEST_KERNEL, begun, 2.0 * (double)count * (double)tests->n * (double)d,
              settings->threads);
    return poison_cancelled(settings) ? poison_fail_cancelled(err) : 0;
}
