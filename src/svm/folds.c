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
#include "labels.h"
#include "blas.h"
#include "set.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

int poison_folds(int *fold, const int *labels, size_t n, int folds, uint64_t seed,
                 poison_error *err)
{
    struct keyed_row *order = poison_take(n, sizeof *order);
    size_t count = 0;
    if (!order)
        return poison_fail_memory(err, n, sizeof *order, "the folds");
    for (size_t r = 0; r < n; r++) {
        fold[r] = -1;
        if (labels[r] >= 0)
            order[count++] = (struct keyed_row){labels[r], poison_key(seed, 2, r), r};
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
    int only;    /* the one label that is left without them, else -1 */
};

struct crossing {
    const poison_data *data;
    const poison_svm *first; /* has the kernel matrix */
    struct held *held;       /* (folds) */
    size_t folds;
    int *predicted; /* (costs, n) */
    const double *cost;
};

/* The rows of fold `number` to held->set, the other rows' labels to held->kept. */
static int hold_out(struct held *held, const poison_data *data, const int *labels, const int *fold,
                    int number, poison_error *err)
{
    size_t n = data->train.n, count = 0;
    held->row = poison_take(n, sizeof *held->row);
    held->kept = poison_take(n, sizeof *held->kept);
    if (!held->row || !held->kept)
        return poison_fail_memory(err, n, sizeof *held->row + sizeof *held->kept, "a fold");
    size_t others[POISON_LABELS] = {0}, classes = 0;
    for (size_t r = 0; r < n; r++) {
        held->kept[r] = fold[r] == number ? -1 : labels[r];
        if (fold[r] == number)
            held->row[count++] = r;
        else if (labels[r] >= 0)
            others[labels[r]]++;
    }
    for (int v = 0; v < POISON_LABELS; v++)
        if (others[v] && classes++ == 0)
            held->only = v;
    if (classes != 1)
        held->only = -1;
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
    for (size_t k = 0; k < held->set.n && held->only >= 0; k++)
        c->predicted[cost * c->data->train.n + held->row[k]] = held->only;
    if (held->only >= 0)
        goto done;
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

/* POISON_EDATA if there are fewer rows than folds or no two classes. A class of one row is warned
 * of: its fold's model does not know it. */
static int check_folds(const poison_data *data, const int *labels, int folds,
                       const poison_settings *settings, poison_error *err)
{
    size_t rows[POISON_LABELS] = {0}, all = 0, classes = 0, singles = 0;
    uint8_t single[POISON_LABELS] = {0};
    for (size_t r = 0; r < data->train.n; r++)
        if (labels[r] >= 0)
            rows[labels[r]]++, all++;
    for (int v = 0; v < POISON_LABELS; v++) {
        classes += rows[v] > 0;
        singles += single[v] = rows[v] == 1;
    }
    if ((size_t)folds > all)
        return poison_fail(err, POISON_EDATA,
                           "%d folds: there are only %zu training rows: -v N makes fewer folds",
                           folds, all);
    if (classes < 2 || (classes == 2 && all == 2))
        return poison_fail(err, POISON_EDATA,
                           "%d folds: the rows of all but one hold %s: at least two classes are "
                           "needed",
                           folds, classes ? "one class only" : "no class");
    if (singles)
        poison_warn(settings,
                    "folds: %zu of %zu classes ha%s one row, whose fold's model does not know it, "
                    "so that it cannot be right: %s",
                    singles, classes, singles == 1 ? "s" : "ve", labels_list(data, single).text);
    return 0;
}

/* What LIBSVM does without a word, too. */
static void warn_of_one_class(const struct crossing *c, const poison_settings *settings)
{
    for (size_t f = 0; f < c->folds; f++)
        if (c->held[f].only >= 0)
            poison_warn(settings,
                        "fold %zu of %zu: all rows of the other folds are labelled %s, so its own "
                        "are called so too",
                        f + 1, c->folds, poison_label_name(c->data, c->held[f].only).text);
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
    TRY(check_folds(data, labels, folds, settings, err));
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
    warn_of_one_class(&c, settings);
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
