/* SPDX-License-Identifier: MIT */
#include "peak.h"

#include "base.h"
#include "kernel.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 0.05 /* for each of three measurements */
/* so many operations or bytes, or calls, of a thread are enough, whatever the clock says */
#define MOST 4e10
#define TIMES ((size_t)1 << 20)
#define COPIED ((size_t)128 << 10) /* with its source it fits L2 */

/* Threads repeat something until time is over; what they did in all, each time `work`, a second. 0:
 * the clock stands still. */
static double repeat(void (*once)(const void *self, int thread), const void *self, double work,
                     int threads)
{
    double done = 0, begun = poison_clock(), end = begun;
    size_t most = size_min((size_t)(MOST / work), TIMES);
#pragma omp parallel num_threads(threads) reduction(+ : done) reduction(max : end)
    for (size_t k = 0; (end = poison_clock()) < begun + SECONDS && k < most; k++, done += work)
        once(self, omp_get_thread_num());
    return end > begun ? done / (end - begun) : 0;
}

struct products {
    struct rows rows;
    struct batch *batch;
    struct tile *tiles;
};

static void multiply_once(const void *self, int thread)
{
    const struct products *p = self;
    kernel_product(p->tiles + thread, p->batch, &p->rows, 0, p->rows.n);
}

/* Products of up to KERNEL_TILE rows of the set with themselves, in operations a second; `dot`
 * NULL: by BLAS. 0 where there is no memory, or where they are wrong. */
static double measure_products(const poison_set *set, const struct dot_engine *dot,
                               const poison_settings *settings)
{
    size_t n = size_min(set->n, KERNEL_TILE), which[KERNEL_TILE];
    struct products p = {.rows = {.kernel = {.type = POISON_RBF}, .dot = dot}};
    double rate = 0;
    if (rows_fill(&p.rows, set, n, NULL, settings, NULL) < 0)
        return 0;
    p.batch = poison_take_big(1, sizeof *p.batch);
    p.tiles = take_tiles(settings->threads, !dot);
    void *memory = poison_take_big(1, batch_bytes(&p.rows, n));
    for (size_t r = 0; r < n; r++)
        which[r] = r;
    if (p.batch && p.tiles && memory) {
        batch_fill(p.batch, memory, &p.rows, set, which, n, p.tiles);
        rate = repeat(multiply_once, &p, 2.0 * (double)(n * n) * set->d, settings->threads);
        if (tiles_status(p.tiles, settings->threads, NULL) < 0)
            rate = 0;
    }
    free(memory);
    free(p.tiles);
    free(p.batch);
    rows_free(&p.rows);
    return rate;
}

static void copy_once(const void *self, int thread)
{
    char *from = (char *)(uintptr_t)self + (size_t)thread * 2 * COPIED;
    memcpy(from + COPIED, from, COPIED);
    __asm__ volatile("" : : "r"(from) : "memory"); /* the copy is not left out */
}

static double measure_copies(int threads)
{
    char *place = poison_take((size_t)threads, 2 * COPIED);
    double rate = place ? repeat(copy_once, place, 2.0 * COPIED, threads) : 0;
    free(place);
    return rate;
}

void peak_measure(double peak[TRACE_PHASES], const poison_set *set, const poison_settings *settings)
{
    const struct dot_engine *dot = kernel_engine(set, settings);
    poison_settings untraced = *settings;
    untraced.trace = NULL;
    settings = &untraced;
    double copies = 1e-9 * measure_copies(settings->threads),
           blas = 1e-9 * measure_products(set, NULL, settings);
    peak[TRACE_LOAD] = peak[TRACE_VARIANCE] = peak[TRACE_SOLVE] = copies;
    peak[TRACE_KERNEL] = blas;
    peak[TRACE_ROWS] = peak[TRACE_PREDICT] = dot ? 1e-9 * measure_products(set, dot, settings)
                                                 : blas;
}
