/* SPDX-License-Identifier: MIT */
/*
 * folds - stratified folds that depend on seed and rows only, and what models say of the rows that
 * they did not see
 *
 * Cross-validation (Stone 1974): the rows of each class are dealt out to the folds in turn, in the
 * order of a key of (seed, row); each fold is predicted by a model of the others.
 */
#include "base.h"
#include "budget.h"
#include "floating.h"
#include "kernel.h"
#include "blas.h"
#include "set.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

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

int poison_folds(int *fold, const int *labels, size_t n, int folds, uint64_t seed,
                 poison_error *err)
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

/* ---- out-of-fold predictions ----------------------------------------------------------------- */

/* The rows of one fold, left out of its models and predicted by them. */
struct held {
    poison_set set;
    size_t *row; /* (set.n) */
    int *kept;   /* (n) the labels without them */
};

struct crossing {
    const poison_data *data;
    const poison_svm *first; /* has the kernel matrix */
    struct held *held;       /* (folds) */
    size_t folds;
    int *predicted; /* (costs, n) */
    const double *cost;
};

static int hold_out(struct held *held, const poison_data *data, const int *labels, const int *fold,
                    int number, poison_error *err)
{
    size_t n = data->train.n, count = 0;
    held->row = poison_take(n, sizeof *held->row);
    held->kept = poison_take(n, sizeof *held->kept);
    if (!held->row || !held->kept)
        return poison_fail_memory(err, n, sizeof *held->row + sizeof *held->kept, "a fold");
    for (size_t r = 0; r < n; r++) {
        held->kept[r] = fold[r] == number ? -1 : labels[r];
        if (fold[r] == number)
            held->row[count++] = r;
    }
    return poison_set_gather(&held->set, &data->train, held->row, count, err);
}

/* One model: trained without a fold, asked about it. Threads call it; settings are the calling
 * thread's own. */
static int cross(const struct crossing *c, size_t cost, size_t fold, poison_settings settings,
                 poison_error *err)
{
    const struct held *held = &c->held[fold];
    poison_svm *svm = NULL;
    size_t number;
    int status = 0, *predicted = poison_take(held->set.n, sizeof *predicted);
    settings.C = c->cost[cost];
    if (!predicted)
        TRY(poison_fail_memory(err, held->set.n, sizeof *predicted, "a fold's predictions"));
    TRY(poison_svm_new_beside(&svm, c->first, &settings, err));
    TRY(poison_svm_train(svm, held->kept, err));
    TRY(poison_svm_watch(svm, &held->set, &number, err));
    TRY(poison_svm_predict(svm, number, predicted, err));
    for (size_t k = 0; k < held->set.n; k++)
        c->predicted[cost * c->data->train.n + held->row[k]] = predicted[k];
done:
    poison_svm_free(svm);
    free(predicted);
    return status;
}

/* What each thread's model may use: its share of what data and matrix leave. */
static poison_settings share(const poison_settings *settings, const poison_data *data)
{
    poison_settings own = *settings;
    size_t n = data->train.n;
    size_t taken =
        set_bytes(n + data->test.n, data->train.d, data->train.v != NULL) + n * n * sizeof(float);
    budget_split(&own, taken, (size_t)settings->threads);
    own.threads = 1;
    own.trace = NULL;
    own.progress = NULL;
    return own;
}

/* All models, one a thread, each of one cost and one fold. Of those that fail the first by number
 * decides what is said, so that this does not depend on threads. */
static int cross_all(const struct crossing *c, size_t costs, const poison_settings *settings,
                     poison_error *err)
{
    poison_settings own = share(settings, c->data);
    /* the first that failed, by number: not by time */
    size_t done = 0, models = costs * c->folds, first = models;
    int status = 0;
#pragma omp parallel for schedule(dynamic) num_threads(settings->threads)
    for (size_t k = 0; k < models; k++) {
        poison_error why;
        int one = 0;
        size_t now;
        if (!poison_cancelled(settings))
            one = cross(c, k / c->folds, k % c->folds, own, &why);
#pragma omp atomic capture
        now = ++done;
        poison_tell(settings, "training", (double)now, "models", (double)now / (double)models);
#pragma omp critical(crossing)
        if (one < 0 && k < first) {
            first = k;
            status = one;
            if (err)
                *err = why;
        }
    }
    return poison_cancelled(settings) ? poison_fail_cancelled(err) : status;
}

/* Every row is predicted by the model of the other folds: folds times costs models over one kernel
 * matrix, which the first model makes and the others borrow. */
int poison_cross_predict(int *predicted, const poison_data *data, const int *labels,
                         const double *cost, size_t costs, int folds, uint64_t seed,
                         const poison_settings *settings, poison_error *err)
{
    FLOATING(settings->threads);
    size_t n = data->train.n;
    poison_settings quiet = *settings;
    poison_svm *first = NULL;
    struct held *held = poison_take((size_t)folds, sizeof *held);
    int status = 0, *fold = poison_take(n, sizeof *fold);
    quiet.progress = NULL;
    quiet.many_models = 1;
    if ((size_t)folds > n)
        TRY(poison_fail(err, POISON_EDATA, "%d folds: there are only %zu training rows", folds, n));
    if (!held || !fold)
        TRY(poison_fail_memory(err, n, sizeof *fold, "the folds"));
    memset(predicted, 0xFF, costs * n * sizeof *predicted);
    TRY(poison_folds(fold, labels, n, folds, seed, err));
    for (int f = 0; f < folds; f++)
        TRY(hold_out(&held[f], data, labels, fold, f, err));
    TRY(poison_svm_new(&first, data, &quiet, err));
    /* inside the region it is too late */
    if (!kernel_engine(&data->train, settings) && !blas_ready(settings->threads))
        TRY(poison_fail_memory(err, (size_t)settings->threads, blas_buffer_bytes(),
                               "multiplying"));
    struct crossing c = {data, first, held, (size_t)folds, predicted, cost};
    TRY(cross_all(&c, costs, settings, err));
done:
    for (int f = 0; held && f < folds; f++) {
        set_free(&held[f].set);
        free(held[f].row);
        free(held[f].kept);
    }
    free(held);
    free(fold);
    poison_svm_free(first);
    return status;
}
