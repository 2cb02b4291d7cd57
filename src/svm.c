/* SPDX-License-Identifier: MIT */
/*
 * svm - one-vs-one machines over rows whose labels may change: train, train again, decide, vote
 *
 * The kernel matrix is laid out by slots: rows sorted by their label as first given, so that the values of a row against
 * a class that nobody altered are one piece of it, used where it lies. An altered class is gathered.
 */
#include "base.h"
#include "kernel.h"
#include "smo.h"
#include "trace.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LABELS 256
#define POOL_BYTES (32u << 20) /* gathered rows a thread keeps */
#define DECIDE_TILE 256        /* test rows that a thread decides at a time: 2 KiB of each kernel row */

struct class {
    int label;
    size_t n;
    size_t *row;    /* (n) training rows, ascending; part of poison_svm.members */
    uint32_t *slot; /* (n) their places in the kernel matrix */
    int in_place;   /* the slots follow one another */
    int changed;    /* since the last training */
};

struct poison_svm {
    const poison_data *data;
    poison_settings settings;
    double gamma;
    size_t n, m;

    size_t *order; /* (n) row of each slot */
    uint32_t *slot_of;
    size_t ld;
    float *K;      /* (n, ld) by slots */
    struct rows train, test;
    double *T;     /* (n, m) kernel values of training slots with test rows, where have[slot] */
    uint8_t *have;
    size_t *wanted; /* (n) scratch */

    int *labels; /* (n) of the last training */
    size_t K_classes, P;
    struct class class[LABELS];
    int class_label[LABELS];
    size_t *members;
    uint32_t *member_slots;
    poison_machine *machine; /* (P) */
    double *decision;        /* (P, m) */
    uint8_t *decided;        /* (P) */
};

/* ---- making one ------------------------------------------------------------------------------------------------ */

static void sort_slots(poison_svm *svm)
{
    const int *y = svm->data->train.y;
    size_t begin[LABELS + 1] = {0};
    for (size_t r = 0; r < svm->n; r++)
        begin[y[r] + 1]++;
    for (int v = 0; v < LABELS; v++)
        begin[v + 1] += begin[v];
    for (size_t r = 0; r < svm->n; r++) {
        size_t slot = begin[y[r]]++;
        svm->order[slot] = r;
        svm->slot_of[r] = (uint32_t)slot;
    }
}

/* What a matrix of n rows needs, or refusal: an allocation alone may succeed and the machine then run out. */
static int take_matrix(poison_svm *svm, poison_error *err)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), memory = (size_t)sysconf(_SC_PHYS_PAGES) * page;
    svm->ld = (svm->n + 15) / 16 * 16;
    if (svm->ld % 512 == 0)
        svm->ld += 16; /* rows a power of two apart would share cache sets */
    double bytes = (double)svm->n * (double)svm->ld * sizeof *svm->K;
    if (bytes < 0.9 * (double)memory)
        svm->K = poison_take_big(svm->n, svm->ld * sizeof *svm->K);
    return svm->K ? 0 : poison_fail_memory(err, svm->n, svm->ld * sizeof *svm->K, "the kernel matrix");
}

int poison_svm_new(poison_svm **out, const poison_data *data, const poison_settings *settings, poison_error *err)
{
    int status = 0;
    size_t n = data->train.n, m = data->test.n;
    poison_svm *svm = *out = poison_take(1, sizeof *svm);
    if (!svm)
        return poison_fail_memory(err, 1, sizeof *svm, "the model");
    svm->data = data;
    svm->settings = *settings;
    svm->n = n;
    svm->m = m;
    svm->order = poison_take(n, sizeof *svm->order);
    svm->slot_of = poison_take(n, sizeof *svm->slot_of);
    svm->wanted = poison_take(n, sizeof *svm->wanted);
    svm->have = poison_take(n, 1);
    svm->labels = poison_take(n, sizeof *svm->labels);
    svm->members = poison_take(n, sizeof *svm->members);
    svm->member_slots = poison_take(n, sizeof *svm->member_slots);
    if (!svm->order || !svm->slot_of || !svm->wanted || !svm->have || !svm->labels || !svm->members || !svm->member_slots)
        TRY(poison_fail_memory(err, n, 37, "the model's tables"));
    TRY(poison_data_gamma(data, settings, &svm->gamma, err));
    sort_slots(svm);
    TRY(take_matrix(svm, err));
    TRY(rows_fill(&svm->train, data->train.x, n, data->train.d, svm->order, settings, err));
    TRY(rows_fill(&svm->test, data->test.x, m, data->train.d, NULL, settings, err));
    TRY(kernel_matrix(svm->K, svm->ld, &svm->train, svm->gamma, settings, err));
done:
    if (status < 0) {
        poison_svm_free(svm);
        *out = NULL;
    }
    return status;
}

static void free_machines(poison_machine *machine, size_t P)
{
    for (size_t p = 0; machine && p < P; p++) {
        free(machine[p].sv_row);
        free(machine[p].sv_coef);
    }
    free(machine);
}

void poison_svm_free(poison_svm *svm)
{
    if (!svm)
        return;
    free_machines(svm->machine, svm->P);
    free(svm->decision);
    free(svm->decided);
    free(svm->order);
    free(svm->slot_of);
    free(svm->wanted);
    free(svm->have);
    free(svm->labels);
    free(svm->members);
    free(svm->member_slots);
    free(svm->K);
    free(svm->T);
    rows_free(&svm->train);
    rows_free(&svm->test);
    free(svm);
}

/* ---- classes --------------------------------------------------------------------------------------------------- */

/* Sorts the rows by label into svm->class; marks as changed what differs from the last training's labels. */
static size_t sort_classes(poison_svm *svm, const int *labels)
{
    size_t count[LABELS] = {0}, K = 0, used = 0;
    uint8_t changed[LABELS] = {0};
    struct class *of[LABELS];
    for (size_t r = 0; r < svm->n; r++) {
        int now = labels[r], before = svm->labels[r];
        if (now >= 0)
            count[now]++;
        if (svm->K_classes && now != before) {
            if (now >= 0)
                changed[now] = 1;
            if (before >= 0)
                changed[before] = 1;
        }
    }
    for (int v = 0; v < LABELS; v++)
        if (count[v]) {
            svm->class_label[K] = v;
            of[v] = &svm->class[K++];
            *of[v] = (struct class){.label = v, .row = svm->members + used, .slot = svm->member_slots + used,
                                    .changed = changed[v] || !svm->K_classes};
            used += count[v];
        }
    for (size_t r = 0; r < svm->n; r++)
        if (labels[r] >= 0) {
            struct class *c = of[labels[r]];
            c->slot[c->n] = svm->slot_of[r];
            c->row[c->n++] = r;
        }
    for (size_t c = 0; c < K; c++) {
        struct class *class = &svm->class[c];
        class->in_place = class->slot[class->n - 1] - class->slot[0] == class->n - 1;
    }
    return K;
}

static size_t pair_number(size_t K, size_t a, size_t b)
{
    return a * (2 * K - a - 1) / 2 + b - a - 1;
}

/* ---- solving one machine --------------------------------------------------------------------------------------- */

/* What a thread needs to solve machine after machine: the solver's memory and a pool of gathered kernel rows. */
struct worker {
    void *memory;
    float *pool;
    uint32_t *holds; /* variable whose row is in each place of the pool */
    size_t places, next;
    const poison_svm *svm;
    const struct class *side[2];
};

static size_t row_floats(const struct class *a, const struct class *b)
{
    return (a->n + b->n + 31) / 16 * 16;
}

/* Takes the pool's next place, other than that of variable `keep`. */
static float *take_place(struct worker *w, struct smo *smo, size_t t, size_t keep)
{
    if (w->holds[w->next] == keep)
        w->next = (w->next + 1) % w->places;
    size_t place = w->next;
    if (w->holds[place] != UINT32_MAX)
        smo->row[w->holds[place]][0] = smo->row[w->holds[place]][1] = NULL;
    w->holds[place] = (uint32_t)t;
    w->next = (place + 1) % w->places;
    return w->pool + place * row_floats(w->side[0], w->side[1]);
}

static int fetch_row(struct smo *smo, size_t t, size_t keep)
{
    struct worker *w = smo->owner;
    int own = t >= smo->begin[1];
    const float *from = w->svm->K + w->side[own]->slot[t - smo->begin[own]] * w->svm->ld;
    float *place = NULL;
    for (int side = 0; side < 2; side++) {
        const struct class *class = w->side[side];
        if (class->in_place) {
            smo->row[t][side] = from + class->slot[0];
            continue;
        }
        if (!place)
            place = take_place(w, smo, t, keep);
        for (size_t q = 0; q < class->n; q++)
            place[q] = from[class->slot[q]];
        smo->row[t][side] = place;
        place += class->n;
    }
    return 1;
}

static void keep_solution(poison_machine *machine, const struct smo *smo, const struct class *const side[2])
{
    machine->sv = machine->bounded = 0;
    for (int s = 0; s < 2; s++)
        for (size_t q = 0; q < side[s]->n; q++) {
            double alpha = smo->alpha[smo_variable(smo, s, q)];
            if (!(alpha > 0))
                continue;
            machine->bounded += alpha >= smo->C;
            machine->sv_row[machine->sv] = side[s]->row[q];
            machine->sv_coef[machine->sv++] = s ? -alpha : alpha;
        }
    machine->iterations = smo->iterations;
    machine->rho = smo->rho;
    machine->objective = smo->objective;
}

static int solve(struct worker *w, poison_machine *machine, const struct class *a, const struct class *b)
{
    const poison_settings *settings = &w->svm->settings;
    double begun = poison_clock();
    struct smo smo = {
        .n = {a->n, b->n}, .C = settings->C, .tolerance = settings->tolerance, .shrinking = settings->shrinking,
        .simd = simd_loops(settings->isa), .cancel = settings->cancel, .fetch = fetch_row, .owner = w,
    };
    w->side[0] = a;
    w->side[1] = b;
    w->places = POOL_BYTES / sizeof *w->pool / row_floats(a, b);
    w->places = w->places < 2 ? 2 : w->places > a->n + b->n ? a->n + b->n : w->places;
    w->next = 0;
    memset(w->holds, 0xFF, w->places * sizeof *w->holds);
    smo_begin(&smo, w->memory);
    int status = smo_run(&smo);
    if (status == SMO_DONE)
        keep_solution(machine, &smo, w->side);
    machine->seconds = poison_clock() - begun;
    return status;
}

/* ---- training -------------------------------------------------------------------------------------------------- */

struct task {
    size_t p, l;
    const struct class *a, *b;
};

static int longest_first(const void *a, const void *b)
{
    const struct task *s = a, *t = b;
    return s->l != t->l ? (s->l < t->l ? 1 : -1) : (s->p > t->p) - (s->p < t->p);
}

/* Memory for every thread, for the longest of the tasks. */
static int take_workers(struct worker **out, const poison_svm *svm, const struct task *task, size_t tasks, poison_error *err)
{
    size_t threads = (size_t)svm->settings.threads, bytes = 64, floats = 0, rows = 2;
    for (size_t k = 0; k < tasks; k++) {
        size_t n[2] = {task[k].a->n, task[k].b->n}, need = smo_bytes(n), width = row_floats(task[k].a, task[k].b);
        bytes = need > bytes ? need : bytes;
        floats = width > floats ? width : floats;
        rows = task[k].l > rows ? task[k].l : rows;
    }
    size_t pool = POOL_BYTES / sizeof(float) < rows * floats ? POOL_BYTES / sizeof(float) : rows * floats;
    pool = pool < 2 * floats ? 2 * floats : pool;
    struct worker *worker = *out = poison_take(threads, sizeof *worker);
    int short_of = !worker;
    for (size_t k = 0; worker && k < threads; k++) {
        worker[k].svm = svm;
        worker[k].memory = poison_take_big(bytes, 1);
        worker[k].pool = poison_take_big(pool, sizeof(float));
        worker[k].holds = poison_take(rows, sizeof *worker[k].holds);
        short_of |= !worker[k].memory || !worker[k].pool || !worker[k].holds;
    }
    return short_of ? poison_fail_memory(err, threads, bytes + pool * sizeof(float), "solving") : 0;
}

static void free_workers(struct worker *worker, size_t threads)
{
    for (size_t k = 0; worker && k < threads; k++) {
        free(worker[k].memory);
        free(worker[k].pool);
        free(worker[k].holds);
    }
    free(worker);
}

/* Machines of the new model: those that nothing changed are moved over from the old one, the others become tasks. */
static int plan(poison_svm *svm, const int *old_label, size_t old_K, poison_machine *machine, double *decision,
                uint8_t *decided, struct task *task, size_t *tasks, poison_error *err)
{
    size_t K = svm->K_classes;
    int old_class[LABELS];
    memset(old_class, -1, sizeof old_class);
    for (size_t c = 0; c < old_K; c++)
        old_class[old_label[c]] = (int)c;
    *tasks = 0;
    for (size_t a = 0; a < K; a++)
        for (size_t b = a + 1; b < K; b++) {
            const struct class *ca = &svm->class[a], *cb = &svm->class[b];
            size_t p = pair_number(K, a, b);
            if (!ca->changed && !cb->changed) {
                size_t old = pair_number(old_K, (size_t)old_class[ca->label], (size_t)old_class[cb->label]);
                machine[p] = svm->machine[old];
                svm->machine[old] = (poison_machine){0};
                decided[p] = svm->decided[old];
                if (decided[p])
                    memcpy(decision + p * svm->m, svm->decision + old * svm->m, svm->m * sizeof *decision);
                continue;
            }
            size_t l = ca->n + cb->n;
            machine[p] = (poison_machine){.i = ca->label, .j = cb->label, .l = l};
            machine[p].sv_row = poison_take(l, sizeof *machine[p].sv_row);
            machine[p].sv_coef = poison_take(l, sizeof *machine[p].sv_coef);
            if (!machine[p].sv_row || !machine[p].sv_coef)
                return poison_fail_memory(err, l, sizeof(size_t) + sizeof(double), "a machine");
            task[(*tasks)++] = (struct task){p, l, ca, cb};
        }
    qsort(task, *tasks, sizeof *task, longest_first);
    return 0;
}

static int solve_all(poison_svm *svm, const struct task *task, size_t tasks, poison_error *err)
{
    struct worker *worker = NULL;
    int status = 0;
    double begun = trace_begin(svm->settings.trace);
    TRY(take_workers(&worker, svm, task, tasks, err));
    int cancelled = 0;
#pragma omp parallel for schedule(dynamic) num_threads(svm->settings.threads) reduction(| : cancelled)
    for (size_t k = 0; k < tasks; k++)
        cancelled |= solve(worker + omp_get_thread_num(), &svm->machine[task[k].p], task[k].a, task[k].b) < 0;
    if (cancelled)
        TRY(poison_fail_cancelled(err));
done:
    free_workers(worker, (size_t)svm->settings.threads);
    trace_end(svm->settings.trace, TRACE_SOLVE, begun, 0, svm->settings.threads);
    return status;
}

int poison_svm_train(poison_svm *svm, const int *labels, poison_error *err)
{
    int status = 0, old_label[LABELS];
    size_t old_K = svm->K_classes, old_P = svm->P, tasks;
    memcpy(old_label, svm->class_label, sizeof old_label);
    svm->K_classes = sort_classes(svm, labels);
    size_t K = svm->K_classes, P = K < 2 ? 0 : K * (K - 1) / 2;
    poison_machine *machine = poison_take(P, sizeof *machine);
    uint8_t *decided = poison_take(P, sizeof *decided);
    double *decision = poison_take_big(P, svm->m * sizeof *decision);
    struct task *task = poison_take(P, sizeof *task);
    if (K < 2)
        TRY(poison_fail(err, POISON_EDATA, "the training labels hold %s: at least two classes are needed",
                        K ? "one class only" : "no class"));
    if (!machine || !decided || !decision || !task)
        TRY(poison_fail_memory(err, P, svm->m * sizeof *decision, "the decision values"));
    TRY(plan(svm, old_label, old_K, machine, decision, decided, task, &tasks, err));
    free_machines(svm->machine, old_P);
    free(svm->decision);
    free(svm->decided);
    svm->machine = machine;
    svm->decision = decision;
    svm->decided = decided;
    svm->P = P;
    memcpy(svm->labels, labels, svm->n * sizeof *labels);
    machine = NULL, decision = NULL, decided = NULL;
    TRY(solve_all(svm, task, tasks, err));
done:
    free(task);
    free(decided);
    free(decision);
    free_machines(machine, P);
    if (status < 0) { /* half a model is none: the next training begins anew */
        free_machines(svm->machine, svm->P);
        svm->machine = NULL;
        svm->K_classes = svm->P = 0;
    }
    return status;
}

/* ---- predicting ------------------------------------------------------------------------------------------------ */

/* Kernel values with the test rows for every support vector that has none yet. */
static int fill_cross(poison_svm *svm, poison_error *err)
{
    size_t wanted = 0;
    if (!svm->T)
        svm->T = poison_take_big(svm->n, svm->m * sizeof *svm->T);
    if (!svm->T)
        return poison_fail_memory(err, svm->n, svm->m * sizeof *svm->T, "the test kernel");
    for (size_t p = 0; p < svm->P; p++)
        for (size_t s = 0; s < svm->machine[p].sv; s++) {
            size_t slot = svm->slot_of[svm->machine[p].sv_row[s]];
            if (!svm->have[slot])
                svm->wanted[wanted++] = slot;
            svm->have[slot] = 1;
        }
    if (!wanted)
        return 0;
    int status = kernel_cross(svm->T, svm->m, &svm->train, svm->wanted, wanted, &svm->test, svm->gamma, &svm->settings, err);
    for (size_t k = 0; status < 0 && k < wanted; k++)
        svm->have[svm->wanted[k]] = 0;
    return status;
}

static size_t most_support_vectors(const poison_svm *svm)
{
    size_t most = 1;
    for (size_t p = 0; p < svm->P; p++)
        most = svm->machine[p].sv > most ? svm->machine[p].sv : most;
    return most;
}

/* Decision values of machine p for the test rows from t0 on. `row` is scratch for the support vectors' pointers. */
static void decide(poison_svm *svm, size_t p, size_t t0, size_t count, const double **row)
{
    const poison_machine *machine = &svm->machine[p];
    double *value = svm->decision + p * svm->m + t0;
    for (size_t s = 0; s < machine->sv; s++)
        row[s] = svm->T + svm->slot_of[machine->sv_row[s]] * svm->m + t0;
    simd_loops(svm->settings.isa)->weigh(value, machine->sv_coef, row, machine->sv, count);
    for (size_t t = 0; t < count; t++)
        value[t] -= machine->rho;
}

static int vote(const poison_svm *svm, size_t t)
{
    size_t K = svm->K_classes, votes[LABELS] = {0}, best = 0;
    const double *value = svm->decision + t;
    for (size_t a = 0; a < K; a++)
        for (size_t b = a + 1; b < K; b++, value += svm->m)
            votes[*value > 0 ? a : b]++;
    for (size_t c = 1; c < K; c++)
        if (votes[c] > votes[best])
            best = c;
    return svm->class_label[best];
}

int poison_svm_predict(poison_svm *svm, int *predicted, poison_error *err)
{
    int status = 0, threads = svm->settings.threads;
    size_t P = svm->P, m = svm->m, tiles = (m + DECIDE_TILE - 1) / DECIDE_TILE, most = most_support_vectors(svm);
    const double **pointers = poison_take((size_t)threads, most * sizeof *pointers);
    if (!pointers)
        TRY(poison_fail_memory(err, (size_t)threads, most * sizeof *pointers, "deciding"));
    TRY(fill_cross(svm, err));
    double begun = trace_begin(svm->settings.trace);
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(threads)
    for (size_t tile = 0; tile < tiles; tile++)
        for (size_t p = 0; p < P; p++) {
            size_t t0 = tile * DECIDE_TILE, count = m - t0 < DECIDE_TILE ? m - t0 : DECIDE_TILE;
            if (!svm->decided[p] && !poison_cancelled(&svm->settings))
                decide(svm, p, t0, count, pointers + (size_t)omp_get_thread_num() * most);
        }
    if (poison_cancelled(&svm->settings))
        TRY(poison_fail_cancelled(err));
    memset(svm->decided, 1, P);
#pragma omp parallel for num_threads(threads)
    for (size_t t = 0; t < m; t++)
        predicted[t] = vote(svm, t);
    trace_end(svm->settings.trace, TRACE_DECIDE, begun, 0, threads);
done:
    free(pointers);
    return status;
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */

double poison_svm_gamma(const poison_svm *svm)
{
    return svm->gamma;
}

size_t poison_svm_classes(const poison_svm *svm, const int **labels)
{
    if (labels)
        *labels = svm->class_label;
    return svm->K_classes;
}

size_t poison_svm_machines(const poison_svm *svm, const poison_machine **machines)
{
    if (machines)
        *machines = svm->machine;
    return svm->P;
}

const double *poison_svm_decisions(const poison_svm *svm, size_t p)
{
    return svm->decision + p * svm->m;
}
