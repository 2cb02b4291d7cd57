/* SPDX-License-Identifier: MIT */
/*
 * svm - one-vs-one machines over rows whose labels may change: train, train again
 *
 * K classes make K (K - 1) / 2 machines, each of two classes' rows, which vote (Knerr, Personnaz &
 * Dreyfus 1990; Hsu & Lin 2002). A machine depends on the rows of its two classes only: where
 * neither changed, the old one is the new one, in every bit.
 *
 * Few rows have their whole kernel matrix, computed once. It is laid out by slots: rows sorted by
 * their label as first given, so that the values of a row against a class that nobody altered are
 * one piece of it, used where it lies. Many rows have a cache of such pieces.
 */
#include "base.h"
#include "budget.h"
#include "decide.h"
#include "floating.h"
#include "labels.h"
#include "solve.h"
#include "trace.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* Of models that are trained one a thread, from one matrix; of features that are not 8-bit, whose
 * products are of 16 rows at least (20000 x 20: 0.9 s, from the cache 3.6 s; x 784: 3.5, 3.6) */
#define MANY_ROWS 20000
/* With more rows one model is twice as fast from the cache (5000: 0.09 s, 0.2 s), a sweep as
 * fast. */
#define MATRIX_ROWS 4000

struct poison_svm {
    const poison_data *data;
    poison_settings settings;
    struct kernel kernel;
    double *diagonal; /* (n) k(x, x); NULL for rbf */
    size_t n;

    float *matrix;       /* (n, ld) kernel values by slots, or NULL: */
    int borrowed;        /* matrix and diagonal are another model's */
    struct cache *cache; /* made at the first training */
    size_t ld;
    size_t *order;       /* (n) row of each slot */
    uint32_t *slot_of;   /* (n) */

    int *labels; /* (n) of the last training */
    size_t K, P;
    struct class class[POISON_LABELS];
    int class_label[POISON_LABELS];
    size_t *members;
    uint32_t *member_slots;
    poison_machine *machine; /* (P) */
    struct decisions *decisions; /* (sets), of the test rows and of others that are watched */
    size_t sets;
};

poison_settings poison_settings_default(void)
{
    int threads = omp_get_max_threads(); /* OMP_NUM_THREADS may say anything */
    if (threads < 1)
        threads = 1;
    if (threads > POISON_MOST_THREADS)
        threads = POISON_MOST_THREADS;
    return (poison_settings){
        .C = 1,
        .kernel = POISON_RBF,
        .gamma = POISON_GAMMA_SCALE,
        .degree = 3,
        .tolerance = 1e-3,
        .shrinking = 1,
        .threads = threads,
        .isa = poison_isa_best(),
    };
}

/* ---- making one ------------------------------------------------------------------------------ */

static void sort_slots(poison_svm *svm)
{
    const int *y = svm->data->train.y;
    size_t begin[POISON_LABELS + 1] = {0};
    for (size_t r = 0; r < svm->n; r++)
        begin[y[r] + 1]++;
    for (int v = 0; v < POISON_LABELS; v++)
        begin[v + 1] += begin[v];
    for (size_t r = 0; r < svm->n; r++) {
        size_t slot = begin[y[r]]++;
        svm->order[slot] = r;
        svm->slot_of[r] = (uint32_t)slot;
    }
}

static size_t data_bytes(const poison_data *data)
{
    return (data->train.n + data->test.n) * (size_t)data->train.d *
           (data->train.v ? sizeof(double) : 1);
}

/* The data, and what is held of them for kernel rows on demand */
static size_t fixed_bytes(const poison_svm *svm)
{
    const poison_set *train = &svm->data->train;
    return data_bytes(svm->data) +
           rows_bytes(svm->n, train->d, kernel_engine(train, &svm->settings));
}

static int fill_matrix(poison_svm *svm, poison_error *err)
{
    struct rows rows = {.kernel = svm->kernel};
    int status = rows_fill(&rows, &svm->data->train, svm->n, svm->order, &svm->settings, err);
    if (status < 0)
        return status;
    status = kernel_matrix(svm->matrix, svm->ld, &rows, &svm->settings, err);
    rows_free(&rows);
    return status;
}

/* k(x, x) of all rows in double, where it is not 1. */
static int take_diagonal(poison_svm *svm, poison_error *err)
{
    if (svm->kernel.type != POISON_RBF) {
        svm->diagonal = poison_take(svm->n, sizeof *svm->diagonal);
        if (!svm->diagonal)
            return poison_fail_memory(err, svm->n, sizeof *svm->diagonal, "the kernel's diagonal");
    }
    return kernel_check_values(&svm->kernel, &svm->data->train, 1, svm->diagonal,
                               svm->settings.threads, err);
}

/* The matrix, if the rows are few enough for it and memory allows; else the cache serves. */
static int make_matrix(poison_svm *svm, poison_error *err)
{
    size_t n = svm->n, floats = rows_bytes(n, svm->data->train.d, NULL);
    svm->ld = (n + 15) / 16 * 16;
    if (svm->ld % 512 == 0)
        svm->ld += 16; /* rows a power of two apart would share cache sets */
    if (n > (svm->settings.many_models || svm->data->train.v ? MANY_ROWS : MATRIX_ROWS) ||
        data_bytes(svm->data) + floats + n * svm->ld * sizeof *svm->matrix >
            budget_whole(&svm->settings).left)
        return 0;
    svm->matrix = poison_take_big(n, svm->ld * sizeof *svm->matrix);
    if (!svm->matrix)
        return 0;
    budget_take(svm->settings.trace, BUDGET_KERNEL, n * svm->ld * sizeof *svm->matrix);
    return fill_matrix(svm, err);
}

/* A model without machines. `first`: NULL, or the model whose gamma, diagonal and matrix it
 * borrows. Refuses what memory does not allow before anything large is taken. *out is NULL after a
 * failure. */
static int make(poison_svm **out, const poison_data *data, const poison_settings *settings,
                const poison_svm *first, poison_error *err)
{
    FLOATING(settings->threads);
    int status = 0;
    size_t n = data->train.n;
    poison_svm *svm = *out = poison_take(1, sizeof *svm);
    if (!svm)
        return poison_fail_memory(err, 1, sizeof *svm, "the model");
    svm->data = data;
    svm->settings = *settings;
    svm->n = n;
    svm->order = poison_take(n, sizeof *svm->order);
    svm->slot_of = poison_take(n, sizeof *svm->slot_of);
    svm->labels = poison_take(n, sizeof *svm->labels);
    svm->members = poison_take(n, sizeof *svm->members);
    svm->member_slots = poison_take(n, sizeof *svm->member_slots);
    if (!svm->order || !svm->slot_of || !svm->labels || !svm->members || !svm->member_slots)
        TRY(poison_fail_memory(err, n, 28, "the model's tables"));
    TRY(poison_check_labels(data->train.y, n, 0, err));
    struct budget budget = budget_whole(settings);
    if (data_bytes(data) > budget.left)
        TRY(budget_fail(budget, (double)data_bytes(data), err, "the data take"));
    TRY(kernel_check_memory(&data->train, n, data->test.n, settings, err));
    double gamma = first ? first->kernel.gamma : 0;
    if (!first && settings->kernel != POISON_LINEAR)
        TRY(poison_data_gamma(data, settings, &gamma, err));
    svm->kernel = kernel_of(settings, gamma);
    svm->borrowed = first != NULL;
    if (first)
        svm->diagonal = first->diagonal;
    else
        TRY(take_diagonal(svm, err));
    TRY(poison_svm_watch(svm, &data->test, &(size_t){0}, err));
    sort_slots(svm);
    if (first) {
        svm->matrix = first->matrix;
        svm->ld = first->ld;
    } else {
        TRY(make_matrix(svm, err));
    }
done:
    if (status < 0) {
        poison_svm_free(svm);
        *out = NULL;
    }
    return status;
}

int poison_svm_new(poison_svm **svm, const poison_data *data, const poison_settings *settings,
                   poison_error *err)
{
    return make(svm, data, settings, NULL, err);
}

int poison_svm_new_beside(poison_svm **svm, const poison_svm *first,
                          const poison_settings *settings, poison_error *err)
{
    return make(svm, first->data, settings ? settings : &first->settings, first, err);
}

static void free_machines(poison_machine *machine, size_t P)
{
    for (size_t p = 0; machine && p < P; p++) {
        free(machine[p].sv_row);
        free(machine[p].sv_coef);
    }
    free(machine);
}

/* A borrowed matrix and diagonal are their owner's. */
void poison_svm_free(poison_svm *svm)
{
    if (!svm)
        return;
    free_machines(svm->machine, svm->P);
    for (size_t s = 0; s < svm->sets; s++)
        decisions_free(&svm->decisions[s]);
    free(svm->decisions);
    cache_free(svm->cache);
    if (!svm->borrowed) {
        if (svm->matrix)
            budget_give(svm->settings.trace, BUDGET_KERNEL, svm->n * svm->ld * sizeof *svm->matrix);
        free(svm->matrix);
        free(svm->diagonal);
    }
    free(svm->order);
    free(svm->slot_of);
    free(svm->labels);
    free(svm->members);
    free(svm->member_slots);
    free(svm);
}

/* ---- classes --------------------------------------------------------------------------------- */

/* Sorts the rows by label into svm->class, in a counting sort that keeps their order; marks as
 * changed what differs from the last training's labels. Returns the number of classes. */
static size_t sort_classes(poison_svm *svm, const int *labels)
{
    size_t count[POISON_LABELS] = {0}, K = 0, used = 0, begin[POISON_LABELS];
    uint8_t changed[POISON_LABELS] = {0};
    for (size_t r = 0; r < svm->n; r++) {
        int now = labels[r], before = svm->labels[r];
        if (now >= 0)
            count[now]++;
        if (svm->K && now != before) {
            if (now >= 0)
                changed[now] = 1;
            if (before >= 0)
                changed[before] = 1;
        }
    }
    for (int v = 0; v < POISON_LABELS; v++) {
        begin[v] = used;
        if (!count[v])
            continue;
        svm->class_label[K] = v;
        svm->class[K++] = (struct class){.label = v,
                                         .n = count[v],
                                         .row = svm->members + used,
                                         .slot = svm->member_slots + used,
                                         .changed = changed[v] || !svm->K,
                                         .C = svm->settings.C *
                                              (svm->settings.weight ? svm->settings.weight[v] : 1),
                                         .diagonal = svm->diagonal};
        used += count[v];
    }
    for (size_t r = 0; r < svm->n; r++)
        if (labels[r] >= 0) {
            svm->members[begin[labels[r]]] = r;
            svm->member_slots[begin[labels[r]]++] = svm->slot_of[r];
        }
    for (size_t c = 0; c < K; c++) {
        struct class *class = &svm->class[c];
        /* two classes made one fill a range of slots too, but not in its order */
        class->in_place = 1;
        for (size_t q = 1; q < class->n; q++)
            class->in_place &= class->slot[q] == class->slot[q - 1] + 1;
    }
    return K;
}

static size_t pair_number(size_t K, size_t a, size_t b)
{
    return a * (2 * K - a - 1) / 2 + b - a - 1;
}

/* ---- training -------------------------------------------------------------------------------- */

static int longest_first(const void *a, const void *b)
{
    const struct task *s = a, *t = b;
    size_t ls = s->a->n + s->b->n, lt = t->a->n + t->b->n;
    if (ls != lt)
        return ls < lt ? 1 : -1;
    return s->a->label != t->a->label ? s->a->label - t->a->label : s->b->label - t->b->label;
}

/* From the model that there was to the one of other labels */
struct plan {
    int old_label[POISON_LABELS];   /* (old_K) */
    size_t old_K, P, tasks;
    poison_machine *machine; /* (P) */
    ptrdiff_t *old;          /* (P) which machine of the old model it was, or -1 */
    struct task *task;       /* (tasks) those that are to be trained, the longest first */
};

static int take_plan(struct plan *plan, size_t K, poison_error *err)
{
    size_t P = plan->P = K * (K - 1) / 2;
    plan->machine = poison_take(P, sizeof *plan->machine);
    plan->task = poison_take(P, sizeof *plan->task);
    plan->old = poison_take(P, sizeof *plan->old);
    if (plan->machine && plan->task && plan->old)
        return 0;
    return poison_fail_memory(
        err, P, sizeof *plan->machine + sizeof *plan->task + sizeof *plan->old, "the machines");
}

/* Machines of the new model: those that nothing changed are moved over from the old one, the others
 * become tasks. POISON_ENOMEM: then both models lack some. */
static int fill_plan(struct plan *plan, poison_svm *svm, poison_error *err)
{
    size_t K = svm->K;
    int old_class[POISON_LABELS];
    memset(old_class, -1, sizeof old_class);
    for (size_t c = 0; c < plan->old_K; c++)
        old_class[plan->old_label[c]] = (int)c;
    for (size_t a = 0; a < K; a++)
        for (size_t b = a + 1; b < K; b++) {
            const struct class *ca = &svm->class[a], *cb = &svm->class[b];
            size_t p = pair_number(K, a, b), l = ca->n + cb->n;
            poison_machine *machine = &plan->machine[p];
            plan->old[p] = -1;
            if (!ca->changed && !cb->changed) {
                size_t was = pair_number(plan->old_K, (size_t)old_class[ca->label],
                                         (size_t)old_class[cb->label]);
                plan->old[p] = (ptrdiff_t)was;
                *machine = svm->machine[was];
                svm->machine[was] = (poison_machine){0};
                continue;
            }
            *machine = (poison_machine){.i = ca->label, .j = cb->label, .l = l};
            machine->sv_row = poison_take(l, sizeof *machine->sv_row);
            machine->sv_coef = poison_take(l, sizeof *machine->sv_coef);
            if (!machine->sv_row || !machine->sv_coef)
                return poison_fail_memory(err, l, sizeof(size_t) + sizeof(double), "a machine");
            plan->task[plan->tasks++] = (struct task){machine, ca, cb};
        }
    qsort(plan->task, plan->tasks, sizeof *plan->task, longest_first);
    return 0;
}

/* The cache's panels become the classes; those that did not change keep what was computed. */
static int fill_panels(poison_svm *svm, poison_error *err)
{
    int status = 0, stands[POISON_LABELS] = {0};
    if (!svm->cache)
        TRY(cache_new(&svm->cache, &svm->data->train, &svm->kernel, &svm->settings, err));
    for (size_t c = 0; c < svm->K; c++) {
        stands[svm->class[c].label] = 1;
        if (svm->class[c].changed)
            TRY(cache_panel(svm->cache, svm->class[c].label, svm->class[c].row, svm->class[c].n,
                            err));
    }
    for (int v = 0; v < POISON_LABELS; v++)
        if (!stands[v])
            TRY(cache_panel(svm->cache, v, NULL, 0, err));
done:
    return status;
}

static int solve(poison_svm *svm, const struct task *task, size_t tasks, poison_error *err)
{
    if (svm->matrix)
        return solve_from_matrix(task, tasks, svm->matrix, svm->ld, &svm->settings, err);
    int status = fill_panels(svm, err);
    if (status < 0 || !tasks)
        return status;
    size_t fixed = fixed_bytes(svm), least = fixed + solve_least_bytes(task, tasks, svm->cache);
    struct budget budget = budget_whole(&svm->settings);
    if (least > budget.left)
        return budget_fail(budget, (double)least, err,
                           "data, kernel rows and one machine take at least");
    return solve_from_cache(task, tasks, svm->cache, svm->n, budget_less(budget, fixed).left,
                            &svm->settings, err);
}

/* Forgets all that could be reused. */
static int begin_anew(poison_svm *svm, poison_error *err)
{
    free_machines(svm->machine, svm->P);
    svm->machine = NULL;
    svm->K = svm->P = 0;
    for (size_t s = 0; s < svm->sets; s++)
        decisions_forget(&svm->decisions[s]);
    cache_free(svm->cache);
    svm->cache = NULL;
    return svm->matrix && !svm->borrowed && err ? fill_matrix(svm, err) : 0;
}

/* Sorts the rows into classes, moves over the machines that nothing changed, and solves the others.
 * From the moment that the machines have moved, a failure leaves no model: begin_anew. */
int poison_svm_train(poison_svm *svm, const int *labels, poison_error *err)
{
    FLOATING(svm->settings.threads);
    int status = 0;
    struct plan plan = {0};
    TRY(poison_check_labels(labels, svm->n, -1, err));
    if (svm->settings.no_reuse && svm->P)
        TRY(begin_anew(svm, err));
    plan.old_K = svm->K;
    memcpy(plan.old_label, svm->class_label, sizeof plan.old_label);
    svm->K = sort_classes(svm, labels);
    if (svm->K < 2)
        TRY(poison_fail(err, POISON_EDATA,
                        "the training labels hold %s: at least two classes are needed",
                        svm->K ? "one class only" : "no class"));
    TRY(take_plan(&plan, svm->K, err));
    TRY(fill_plan(&plan, svm, err));
    free_machines(svm->machine, svm->P);
    svm->machine = plan.machine;
    svm->P = plan.P;
    plan.machine = NULL;
    memcpy(svm->labels, labels, svm->n * sizeof *labels);
    for (size_t s = 0; s < svm->sets; s++)
        TRY(decisions_carry(&svm->decisions[s], svm->P, plan.old, err));
    TRY(solve(svm, plan.task, plan.tasks, err));
    trace_count(svm->settings.trace, TRACE_TRAINED, (double)plan.tasks);
    trace_count(svm->settings.trace, TRACE_KEPT, (double)(svm->P - plan.tasks));
    for (size_t k = 0; k < plan.tasks; k++)
        trace_count(svm->settings.trace, TRACE_ITERATIONS,
                    (double)plan.task[k].machine->iterations);
done:
    free(plan.task);
    free(plan.old);
    free_machines(plan.machine, plan.P);
    if (status < 0)
        begin_anew(svm, NULL); /* half a model is none */
    return status;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* The number that a set has, or gets: one set is watched once. A trained model says nothing of it
 * yet. */
int poison_svm_watch(poison_svm *svm, const poison_set *set, size_t *number, poison_error *err)
{
    FLOATING(svm->settings.threads);
    for (*number = 0; *number < svm->sets; ++*number)
        if (svm->decisions[*number].set == set)
            return 0;
    struct decisions *more = realloc(svm->decisions, (svm->sets + 1) * sizeof *more);
    int status =
        more ? 0 : poison_fail_memory(err, svm->sets + 1, sizeof *more, "the watched rows");
    if (status < 0)
        return status;
    svm->decisions = more;
    status = decisions_new(&more[*number], &svm->data->train, set, &svm->kernel,
                           budget_share(&svm->settings, BUDGET_TESTS), &svm->settings, err);
    if (status == 0 && svm->P)
        status = decisions_carry(&more[*number], svm->P, NULL, err);
    if (status < 0)
        decisions_free(&more[*number]);
    else
        svm->sets++;
    return status;
}

int poison_svm_decide(poison_svm *svm, size_t set, size_t p, size_t r, poison_error *err)
{
    FLOATING(svm->settings.threads);
    return decisions_compute(&svm->decisions[set], svm->machine, svm->P, p, r, err);
}

int poison_svm_predict(poison_svm *svm, size_t set, int *predicted, poison_error *err)
{
    FLOATING(svm->settings.threads);
    int status = poison_svm_decide(svm, set, POISON_ALL, POISON_ALL, err);
    if (status == 0)
        decisions_vote(&svm->decisions[set], svm->class_label, svm->K, predicted);
    return status;
}

int poison_svm_predict_row(poison_svm *svm, size_t set, size_t r, poison_error *err)
{
    FLOATING(svm->settings.threads);
    int status = poison_svm_decide(svm, set, POISON_ALL, r, err);
    return status < 0 ? status
                      : decisions_vote_row(&svm->decisions[set], svm->class_label, svm->K, r);
}

double poison_svm_gamma(const poison_svm *svm)
{
    return svm->kernel.gamma;
}

const poison_settings *poison_svm_settings(const poison_svm *svm)
{
    return &svm->settings;
}

size_t poison_svm_classes(const poison_svm *svm, const int **labels)
{
    if (labels)
        *labels = svm->class_label;
    return svm->K;
}

size_t poison_svm_machines(const poison_svm *svm, const poison_machine **machines)
{
    if (machines)
        *machines = svm->machine;
    return svm->P;
}

ptrdiff_t poison_svm_machine(const poison_svm *svm, int a, int b, double *sign)
{
    int first = a < b ? a : b, second = a < b ? b : a;
    *sign = a < b ? 1 : -1;
    for (size_t p = 0; p < svm->P; p++)
        if (svm->machine[p].i == first && svm->machine[p].j == second)
            return (ptrdiff_t)p;
    return -1;
}

size_t poison_svm_support(const poison_svm *svm, uint8_t *supports)
{
    size_t count = 0;
    memset(supports, 0, svm->n);
    for (size_t p = 0; p < svm->P; p++)
        for (size_t s = 0; s < svm->machine[p].sv; s++) {
            count += !supports[svm->machine[p].sv_row[s]];
            supports[svm->machine[p].sv_row[s]] = 1;
        }
    return count;
}

const double *poison_svm_decisions(const poison_svm *svm, size_t set, size_t p)
{
    return svm->decisions[set].value + p * svm->decisions[set].m;
}

/* scikit-learn's dual_coef_: row r of class c has one coefficient for each other class b, y alpha
 * of machine (c, b), in column b, or b - 1 where b > c. */
int poison_svm_coefficients(const poison_svm *svm, poison_support *support, poison_error *err)
{
    size_t n = svm->n, K = svm->K, p = 0, *place = poison_take(n, sizeof *place);
    uint8_t *supports = poison_take(n, 1);
    int status = 0;
    *support = (poison_support){.others = K - 1};
    if (!place || !supports)
        TRY(poison_fail_memory(err, n, sizeof *place + 1, "the support rows"));
    size_t count = poison_svm_support(svm, supports);
    support->row = poison_take(count, sizeof *support->row);
    support->of_class = poison_take(K, sizeof *support->of_class);
    support->coef = poison_take(count, (K - 1) * sizeof *support->coef);
    if (!support->row || !support->of_class || !support->coef)
        TRY(poison_fail_memory(err, count, K * sizeof *support->coef, "the coefficients"));
    for (size_t c = 0; c < K; c++)
        for (size_t q = 0; q < svm->class[c].n; q++) {
            size_t r = svm->class[c].row[q];
            if (!supports[r])
                continue;
            /* what no machine sets is 0 * y: -0 where the row's class is the second */
            for (size_t b = 0; b < c; b++)
                support->coef[support->count * (K - 1) + b] = -0.0;
            place[r] = support->count;
            support->row[support->count++] = r;
            support->of_class[c]++;
        }
    for (size_t a = 0; a < K; a++)
        for (size_t b = a + 1; b < K; b++, p++)
            for (size_t s = 0; s < svm->machine[p].sv; s++) {
                size_t r = svm->machine[p].sv_row[s],
                       other = svm->labels[r] == svm->machine[p].i ? b - 1 : a;
                support->coef[place[r] * (K - 1) + other] = svm->machine[p].sv_coef[s];
            }
done:
    free(place);
    free(supports);
    if (status < 0)
        poison_support_free(support);
    return status;
}

void poison_support_free(poison_support *support)
{
    free(support->row);
    free(support->of_class);
    free(support->coef);
    *support = (poison_support){0};
}
