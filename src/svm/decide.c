/* SPDX-License-Identifier: MIT */
#include "decide.h"

#include "base.h"
#include "budget.h"
#include "trace.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* kernel values kept from the first model on; more, from the second: fresh pages are slow */
#define AT_ONCE ((size_t)32 << 20)
#define WIDTH 64 /* test rows a tile: its kernel values with a thousand support vectors fit L2 */
_Static_assert(WIDTH % CHECK_GROUP == 0, "products begin with a group");

int decisions_new(struct decisions *d, const poison_set *train, const poison_set *set,
                  const struct kernel *kernel, size_t bytes, const poison_settings *settings,
                  poison_error *err)
{
    size_t n = train->n, m = set->n;
    *d = (struct decisions){.train = train, .set = set, .kernel = *kernel, .m = m};
    d->settings = *settings;
    d->keep = (double)n * (double)m * sizeof(double) <= (double)bytes;
    int status = kernel_check_values(kernel, set, 0, NULL, settings->threads, err);
    if (status < 0)
        return status;
    d->have = poison_take(n, 1);
    d->place = poison_take(n, sizeof *d->place);
    d->row = poison_take(n, sizeof *d->row);
    return d->have && d->place && d->row ? 0 : poison_fail_memory(err, n, 13, "the support rows");
}

static void free_values(struct decisions *d)
{
    budget_give(d->settings.trace, BUDGET_DECISIONS, d->P * d->m * sizeof *d->value);
    free(d->value);
    free(d->known);
    d->value = NULL;
    d->known = NULL;
    d->P = 0;
}

void decisions_free(struct decisions *d)
{
    free_values(d);
    if (d->T)
        budget_give(d->settings.trace, BUDGET_TESTS, d->train->n * d->m * sizeof *d->T);
    free(d->T);
    free(d->have);
    free(d->place);
    free(d->row);
    rows_free(&d->rows);
    *d = (struct decisions){0};
}

void decisions_forget(struct decisions *d)
{
    free_values(d);
    if (d->have)
        memset(d->have, 0, d->train->n);
}

size_t decisions_at_once(size_t P, const poison_settings *settings)
{
    size_t rows =
        budget_share(settings, BUDGET_DECISIONS) / sizeof(double) / (P ? P : 1) / WIDTH * WIDTH;
    return rows ? rows : WIDTH;
}

/* Keeps the values of machines that were carried over, so that only new machines are computed. */
int decisions_carry(struct decisions *d, size_t P, const ptrdiff_t *old, poison_error *err)
{
    struct budget budget = budget_whole(&d->settings);
    if (P && d->m > budget.left / sizeof *d->value / P)
        return budget_fail(budget, (double)P * (double)d->m * sizeof *d->value, err,
                           "what %zu machines say of %zu rows takes", P, d->m);
    uint8_t *known = poison_take(P, 1);
    double *value = poison_take_big(P, d->m * sizeof *value);
    if (!known || !value) {
        free(known);
        free(value);
        return poison_fail_memory(err, P, d->m * sizeof *value, "the decision values");
    }
    for (size_t p = 0; old && p < P; p++)
        if (old[p] >= 0 && (size_t)old[p] < d->P && d->known[old[p]]) {
            known[p] = 1;
            memcpy(value + p * d->m, d->value + (size_t)old[p] * d->m, d->m * sizeof *value);
        }
    budget_take(d->settings.trace, BUDGET_DECISIONS, P * d->m * sizeof *value);
    free_values(d);
    d->known = known;
    d->value = value;
    d->P = P;
    return 0;
}

/* ---- computing ------------------------------------------------------------------------------- */

/* One call's work: support rows to compute, in batches, and where their values go. */
struct job {
    const struct decisions *d;
    const poison_machine *machine;
    size_t rows, batches, most_sv;
    size_t only, row; /* as decisions_compute says */
    struct batch *batch;
    uint8_t *batch_memory;
    size_t batch_size;
    struct tile *tiles;
    const double **pointer; /* (threads, most_sv) */
    double *values;         /* (threads, rows, WIDTH), unless T is kept */
};

static int wanted(const struct job *job, size_t p)
{
    return !job->d->known[p] && (job->only == POISON_ALL || job->only == p);
}

/* Lists the support rows without kernel values, of machines whose decisions are not known. */
static void list_rows(struct decisions *d, struct job *job)
{
    size_t n = d->train->n;
    memset(d->place, 0xFF, n * sizeof *d->place);
    job->rows = 0;
    job->most_sv = 1;
    for (size_t p = 0; p < d->P; p++) {
        const poison_machine *machine = &job->machine[p];
        if (!wanted(job, p))
            continue;
        job->most_sv = size_max(job->most_sv, machine->sv);
        for (size_t s = 0; s < machine->sv; s++) {
            size_t row = machine->sv_row[s];
            if (d->place[row] != UINT32_MAX || (d->T && d->have[row]))
                continue;
            d->place[row] = (uint32_t)job->rows;
            d->row[job->rows++] = row;
        }
    }
}

/* Takes what a call needs: the set's rows (once), T (once it pays), the support rows in batches,
 * and scratch for each thread. What was taken is the job's, also after a failure; POISON_ENOMEM. */
static int prepare(struct decisions *d, struct job *job, poison_error *err)
{
    size_t threads = (size_t)d->settings.threads;
    int status = 0;
    if (!d->rows.n) {
        d->rows = (struct rows){.kernel = d->kernel, .dot = kernel_engine(d->train, &d->settings)};
        TRY(rows_fill(&d->rows, d->set, d->m, NULL, &d->settings, err));
    }
    if (d->keep && !d->T && (d->asked++ || d->train->n * d->m * sizeof *d->T <= AT_ONCE)) {
        d->T = poison_take_big(d->train->n, d->m * sizeof *d->T);
        if (d->T)
            budget_take(d->settings.trace, BUDGET_TESTS, d->train->n * d->m * sizeof *d->T);
    }
    list_rows(d, job);
    job->batches = (job->rows + KERNEL_TILE - 1) / KERNEL_TILE;
    job->batch_size = batch_bytes(&d->rows, job->rows);
    job->batch = poison_take_big(job->batches, sizeof *job->batch);
    job->batch_memory = poison_take_big(job->batches, job->batch_size);
    job->tiles = take_tiles(job->batches ? d->settings.threads : 0, !d->rows.dot);
    job->pointer = poison_take(threads, job->most_sv * sizeof *job->pointer);
    job->values = d->T ? NULL : poison_take_big(threads, job->rows * WIDTH * sizeof *job->values);
    if (!job->batch || !job->batch_memory || !job->tiles || !job->pointer ||
        (!d->T && !job->values))
        TRY(poison_fail_memory(
            err, 1, job->batches * job->batch_size + job->rows * threads * WIDTH * sizeof(double),
            "the support vectors"));
done:
    return status;
}

/* The values of training row `row` with the tile at t0 begin here. */
static double *values_of(const struct job *job, size_t row, size_t t0, int thread)
{
    const struct decisions *d = job->d;
    return d->T ? d->T + row * d->m + t0
                : job->values + ((size_t)thread * job->rows + d->place[row]) * WIDTH;
}

static void compute_kernel(const struct job *job, size_t t0, size_t count, int thread)
{
    const struct decisions *d = job->d;
    double *to[KERNEL_TILE];
    for (size_t b = 0; b < job->batches; b++) {
        for (size_t r = 0; r < job->batch[b].count; r++)
            to[r] = values_of(job, d->row[b * KERNEL_TILE + r], t0, thread);
        kernel_doubles(to, &job->batch[b], &d->rows, t0, count, job->tiles + thread,
                       simd_loops(d->settings.isa));
    }
}

static void decide(const struct job *job, size_t p, size_t t0, size_t count, int thread)
{
    const struct decisions *d = job->d;
    const poison_machine *machine = &job->machine[p];
    const double **row = job->pointer + (size_t)thread * job->most_sv;
    double *value = d->value + p * d->m + t0;
    for (size_t s = 0; s < machine->sv; s++)
        row[s] = values_of(job, machine->sv_row[s], t0, thread);
    simd_loops(d->settings.isa)->weigh(value, machine->sv_coef, row, machine->sv, count);
    for (size_t t = 0; t < count; t++)
        value[t] -= machine->rho;
}

static void compute_tile(const struct job *job, size_t t0, size_t count)
{
    double begun = trace_begin(job->d->settings.trace);
    int within = job->row == POISON_ALL || (job->row >= t0 && job->row < t0 + count);
    if (!within && !job->d->T)
        return;
    compute_kernel(job, t0, count, omp_get_thread_num());
    for (size_t p = 0; within && p < job->d->P; p++)
        if (wanted(job, p))
            decide(job, p, t0, count, omp_get_thread_num());
    trace_piece(job->d->settings.trace, TRACE_PREDICT, begun, NULL);
}

/*
 * f_p(x_t) = sum over the support rows s of machine p of coef_s k(x_s, x_t), minus rho_p (Chang &
 * Lin 2011, section 2.1).
 *
 * Test rows are taken WIDTH at a time, each tile by one thread: first the kernel values of all
 * support rows of all machines with these, each computed once however many machines share it, then
 * each machine's sum, in the order of its support rows. So a value's bits depend neither on threads
 * nor on what is computed beside it.
 */
int decisions_compute(struct decisions *d, const poison_machine *machine, size_t P, size_t only,
                      size_t row, poison_error *err)
{
    struct job job = {.d = d, .machine = machine, .only = only, .row = row};
    size_t m = d->m;
    int status, threads = d->settings.threads;
    double begun = trace_begin(d->settings.trace);
    TRY(prepare(d, &job, err));
    trace_room(d->settings.trace, job.batches + m / WIDTH + 1);
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(dynamic)
        for (size_t b = 0; b < job.batches; b++) {
            double piece = trace_begin(d->settings.trace);
            batch_fill(&job.batch[b], job.batch_memory + b * job.batch_size, &d->rows, d->train,
                       d->row + b * KERNEL_TILE,
                       size_min(KERNEL_TILE, job.rows - b * KERNEL_TILE),
                       job.tiles + omp_get_thread_num());
            trace_piece(d->settings.trace, TRACE_PREDICT, piece, NULL);
        }
#pragma omp for schedule(dynamic)
        for (size_t t0 = 0; t0 < m; t0 += WIDTH)
            if (!poison_cancelled(&d->settings)) {
                compute_tile(&job, t0, size_min(m - t0, WIDTH));
                poison_tell(&d->settings, "predicting", (double)t0, "images",
                            (double)t0 / (double)m);
            }
    }
    if (poison_cancelled(&d->settings))
        TRY(poison_fail_cancelled(err));
    if (job.batches)
        TRY(tiles_status(job.tiles, threads, err));
    for (size_t p = 0; row == POISON_ALL && p < P; p++)
        d->known[p] |= (uint8_t)wanted(&job, p);
    for (size_t k = 0; d->T && k < job.rows; k++)
        d->have[d->row[k]] = 1;
    trace_end(d->settings.trace, TRACE_PREDICT, begun,
              2.0 * (double)job.rows * (double)m * d->rows.d);
done:
    free(job.batch);
    free(job.batch_memory);
    free(job.tiles);
    free(job.pointer);
    free(job.values);
    return status;
}

/* ---- voting ---------------------------------------------------------------------------------- */

int decisions_vote_row(const struct decisions *d, const int *label, size_t K, size_t t)
{
    size_t votes[POISON_LABELS] = {0}, best = 0;
    const double *value = d->value + t;
    for (size_t a = 0; a < K; a++)
        for (size_t b = a + 1; b < K; b++, value += d->m)
            votes[*value > 0 ? a : b]++;
    for (size_t c = 1; c < K; c++)
        if (votes[c] > votes[best])
            best = c;
    return label[best];
}

void decisions_vote(const struct decisions *d, const int *label, size_t K, int *predicted)
{
#pragma omp parallel for num_threads(d->settings.threads)
    for (size_t t = 0; t < d->m; t++)
        predicted[t] = decisions_vote_row(d, label, K, t);
}
