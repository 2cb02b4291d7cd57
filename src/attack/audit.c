/* SPDX-License-Identifier: MIT */
/* audit - which labels look flipped */
#include "attack.h"

#include "base.h"
#include "floating.h"
#include "kernel.h"
#include "labels.h"
#include "number.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOURS = 10, FOLDS = 5 };

/* An audit in hand: what poison_audit was given. Each audit fills found->score and ->suggested. */
struct audit {
    poison_findings *found;
    poison_svm *svm; /* any model of the data, to be trained anew */
    const poison_data *data;
    const int *labels; /* (n) as they now are; -1: left out */
    uint64_t seed;
    const poison_settings *settings;
};

/* ---- neighbours ------------------------------------------------------------------------------ */

struct neighbour {
    double distance;
    size_t row;
};

static int by_distance(const void *a, const void *b)
{
    const struct neighbour *s = a, *t = b;
    if (s->distance != t->distance)
        return s->distance < t->distance ? -1 : 1;
    return s->row < t->row ? -1 : 1;
}

/* The `most` nearest of the rows that have a label, other than `self`, to out (most), by distance,
 * then by row; returns how many there are. distance, labels: (n). For most = n all are sorted; else
 * a new one is inserted among the few so far. */
static size_t nearest(struct neighbour *out, size_t most, const double *distance, const int *labels,
                      size_t n, size_t self)
{
    size_t count = 0;
    for (size_t r = 0; r < n; r++) {
        struct neighbour new = {distance[r], r};
        if (labels[r] < 0 || r == self
            || (count == most && !(by_distance(&new, &out[most - 1]) < 0)))
            continue;
        if (most == n) { /* all: sorted in the end */
            out[count++] = new;
            continue;
        }
        size_t at = count < most ? count++ : most - 1;
        for (; at > 0 && by_distance(&new, &out[at - 1]) < 0; at--)
            out[at] = out[at - 1];
        out[at] = new;
    }
    if (most == n)
        qsort(out, count, sizeof *out, by_distance);
    return count;
}

/* The label that most of them have; ties to the smaller. */
static int majority(const struct neighbour *near, size_t count, const int *labels)
{
    size_t votes[POISON_LABELS] = {0};
    int best = 0;
    for (size_t k = 0; k < count; k++)
        votes[labels[near[k].row]]++;
    for (int v = 1; v < POISON_LABELS; v++)
        best = votes[v] > votes[best] ? v : best;
    return best;
}

/* What is done with the distances of one row of a set to all training rows. Threads call it; it
 * writes its row's own. */
struct visit {
    void (*row)(const struct visit *v, size_t t, const double *distance, struct neighbour *scratch);
    const int *labels;
    const poison_set *set;
    size_t n;
    double *score;  /* knn: (n) */
    int *suggested; /* knn: (n) */
    double *value;  /* shapley: (rows in hand, n) */
    size_t first;   /* the first of them */
};

/* Visits rows [from, to) of v->set: v->row gets the squared distances of one of them to all n
 * training rows, exact for 8-bit features. In parallel, in batches; which thread visits a row does
 * not matter. `rows` holds the training rows. POISON_ENOMEM, POISON_ECANCEL. */
static int visit_distances(const struct visit *v, size_t from, size_t to, const struct rows *rows,
                           const poison_settings *settings, poison_error *err)
{
    enum { SIDE = 16 }; /* rows a batch: their distances to many training rows stay small */
    size_t n = v->n, threads = (size_t)settings->threads, bytes = batch_bytes(rows, SIDE);
    struct tile *tiles = take_tiles(settings->threads, !rows->dot);
    struct batch *batch = poison_take_big(threads, sizeof *batch);
    uint8_t *memory = poison_take_big(threads, bytes);
    double *distance = poison_take_big(threads, SIDE * n * sizeof *distance);
    struct neighbour *scratch = poison_take_big(threads, n * sizeof *scratch);
    int status = 0;
    if (!tiles || !batch || !memory || !distance || !scratch)
        TRY(poison_fail_memory(err, threads,
                               bytes + n * (SIDE * sizeof *distance + sizeof *scratch),
                               "the distances"));
#pragma omp parallel for schedule(dynamic) num_threads(settings->threads)
    for (size_t t = from; t < to; t += SIDE) {
        size_t me = (size_t)omp_get_thread_num(), which[SIDE];
        size_t count = size_min(to - t, SIDE);
        size_t columns = kernel_columns(rows, count);
        double *row[SIDE];
        if (poison_cancelled(settings))
            continue;
        for (size_t r = 0; r < count; r++) {
            which[r] = t + r;
            row[r] = distance + (me * SIDE + r) * n;
        }
        batch_fill(&batch[me], memory + me * bytes, rows, v->set, which, count, tiles + me);
        for (size_t first = 0; first < n; first += columns)
            kernel_distances(row, &batch[me], rows, first,
                             size_min(n - first, columns), tiles + me);
        for (size_t r = 0; r < count; r++)
            v->row(v, t + r, row[r], scratch + me * n);
    }
    if (poison_cancelled(settings))
        TRY(poison_fail_cancelled(err));
    TRY(tiles_status(tiles, settings->threads, err));
done:
    free(tiles);
    free(batch);
    free(memory);
    free(distance);
    free(scratch);
    return status;
}

/* knn (Paudice, Munoz-Gonzalez & Lupu 2018): score, the share of the 10 nearest other rows that
 * have another label than row t; it suggests the label that most of them have. */
static void knn_row(const struct visit *v, size_t t, const double *distance, struct neighbour *near)
{
    size_t count = 0, others = 0;
    if (v->labels[t] >= 0)
        count = nearest(near, NEIGHBOURS, distance, v->labels, v->n, t);
    for (size_t k = 0; k < count; k++)
        others += v->labels[near[k].row] != v->labels[t];
    v->score[t] = count ? (double)others / (double)count : NAN;
    v->suggested[t] = count ? majority(near, count, v->labels) : v->labels[t];
}

static int fill_rows(struct rows *rows, const struct audit *a, poison_error *err)
{
    const poison_set *train = &a->data->train;
    *rows = (struct rows){.kernel = {.type = POISON_RBF},
                          .dot = kernel_engine(train, a->settings)};
    return rows_fill(rows, train, train->n, NULL, a->settings, err);
}

static int audit_knn(const struct audit *a, poison_error *err)
{
    poison_findings *f = a->found;
    const poison_set *train = &a->data->train;
    struct rows rows;
    struct visit v = {knn_row, a->labels, train, f->n, f->score, f->suggested, NULL, 0};
    int status = fill_rows(&rows, a, err);
    if (status == 0)
        status = visit_distances(&v, 0, f->n, &rows, a->settings, err);
    rows_free(&rows);
    return status;
}

/*
 * Shapley values of all training rows for one validation row t of label y, in the game whose worth
 * is what a k-nearest-neighbour classifier gives to y (k = 10). The recursion of Jia et al. 2019
 * ("Efficient task-specific data valuation for nearest neighbor algorithms", theorem 1), with the N
 * rows sorted by distance and 1 [.] = 1 where it holds, else 0:
 *
 *      s_N = 1 [y_N = y] / max(k, N)
 *      s_i = s_(i+1) + (1 [y_i = y] - 1 [y_(i+1) = y]) / max(k, i)
 */
static void shapley_row(const struct visit *v, size_t t, const double *distance,
                        struct neighbour *near)
{
    double *value = v->value + (t - v->first) * v->n, s = 0;
    size_t count = nearest(near, v->n, distance, v->labels, v->n, POISON_ALL);
    memset(value, 0, v->n * sizeof *value);
    for (size_t i = count; i-- > 0;) {
        double right = v->labels[near[i].row] == v->set->y[t];
        if (i + 1 == count)
            s = right / (double)size_max(count, NEIGHBOURS);
        else
            s += (right - (v->labels[near[i + 1].row] == v->set->y[t]))
                 / (double)size_max(i + 1, NEIGHBOURS);
        value[near[i].row] = s;
    }
}

/* shapley: minus the mean over the validation rows of a row's values above, so that what harms most
 * comes first; suggests as knn. Values are added in the order of the validation rows, whatever the
 * threads do. */
static int audit_shapley(const struct audit *a, poison_error *err)
{
    enum { IN_HAND = 64 }; /* validation rows whose values are held, to be added in order */
    poison_findings *f = a->found;
    size_t n = f->n, m = a->data->validation.n;
    struct rows rows = {0};
    struct visit v = {shapley_row, a->labels, &a->data->validation, n, NULL, NULL, NULL, 0};
    int status = audit_knn(a, err); /* for what it suggests */
    if (status < 0)
        return status;
    memset(f->score, 0, n * sizeof *f->score);
    v.value = poison_take_big(IN_HAND, n * sizeof *v.value);
    if (!v.value)
        TRY(poison_fail_memory(err, IN_HAND, n * sizeof *v.value, "Shapley values"));
    TRY(fill_rows(&rows, a, err));
    for (v.first = 0; v.first < m; v.first += IN_HAND) {
        size_t end = size_min(m, v.first + IN_HAND);
        TRY(visit_distances(&v, v.first, end, &rows, a->settings, err));
        for (size_t t = 0; t < end - v.first; t++)
            for (size_t r = 0; r < n; r++)
                f->score[r] += v.value[t * n + r];
    }
    for (size_t r = 0; r < n; r++)
        f->score[r] = a->labels[r] < 0 ? NAN : 0 - f->score[r] / (double)m;
done:
    rows_free(&rows);
    free(v.value);
    return status;
}

/* ---- the model's own view -------------------------------------------------------------------- */

static int train_on(poison_svm *svm, const poison_set *set, const int *labels, size_t *number,
                    poison_error *err)
{
    int status = poison_svm_train(svm, labels, err);
    return status < 0 ? status : poison_svm_watch(svm, set, number, err);
}

/* margin: score, the largest -y f over the machines of the row's label, y f being how far the row
 * is on its own side; it suggests what the model calls the row. */
static int audit_margin(const struct audit *a, poison_error *err)
{
    poison_findings *f = a->found;
    poison_svm *svm = a->svm;
    const int *labels = a->labels;
    const poison_machine *machine;
    size_t on_train;
    int status = train_on(svm, &a->data->train, labels, &on_train, err);
    if (status == 0)
        status = poison_svm_predict(svm, on_train, f->suggested, err);
    if (status < 0)
        return status;
    size_t P = poison_svm_machines(svm, &machine);
    for (size_t r = 0; r < f->n; r++) {
        f->score[r] = labels[r] < 0 ? NAN : -INFINITY;
        for (size_t p = 0; p < P; p++) {
            double value = poison_svm_decisions(svm, on_train, p)[r];
            if (machine[p].i == labels[r])
                f->score[r] = fmax(f->score[r], -value);
            else if (machine[p].j == labels[r])
                f->score[r] = fmax(f->score[r], value);
        }
    }
    return 0;
}

/*
 * The hinge loss on the validation rows: the mean over them of the mean, over the machines of the
 * row's class, of max(0, 1 - m), m being the machine's decision value, positive towards that class.
 * svm is trained and watches the set as `number`. Rows of a class without training rows have no
 * machine and do not count.
 */
static int validation_loss(poison_svm *svm, const poison_set *set, size_t number, double *loss,
                           poison_error *err)
{
    const poison_machine *machine;
    size_t P = poison_svm_machines(svm, &machine), images = 0;
    int status = poison_svm_decide(svm, number, POISON_ALL, POISON_ALL, err);
    double *sum = poison_take(set->n, sizeof *sum), all = 0;
    size_t *of = poison_take(set->n, sizeof *of); /* machines of the image's class */
    if (status == 0 && (!sum || !of))
        status = poison_fail_memory(err, set->n, sizeof *sum + sizeof *of, "the validation loss");
    for (size_t p = 0; status == 0 && p < P; p++) {
        const double *value = poison_svm_decisions(svm, number, p);
        for (size_t t = 0; t < set->n; t++) {
            if (set->y[t] != machine[p].i && set->y[t] != machine[p].j)
                continue;
            sum[t] += fmax(0, 1 - (set->y[t] == machine[p].i ? value[t] : -value[t]));
            of[t]++;
        }
    }
    for (size_t t = 0; status == 0 && t < set->n; t++)
        if (of[t]) { /* a class without training rows has no machine */
            all += sum[t] / (double)of[t];
            images++;
        }
    *loss = images ? all / (double)images : 0;
    free(sum);
    free(of);
    return status;
}

/*
 * The supporting rows of one label are left out one by one, so that each time only its machines are
 * trained again: score, the loss `before` minus that without the row; suggested, what the model
 * without it calls it.
 *
 *   labels (n)    as audited; row r's is -1 for a while
 *   supports (n)  1 for rows that support a machine of the whole model
 *
 * The only row of a label is not defined, since what is left has no such class; with two classes
 * there is no model then.
 */
static int leave_out(const struct audit *a, int *labels, int label, const uint8_t *supports,
                     double before, poison_error *err)
{
    poison_findings *f = a->found;
    size_t of_label = 0, on_train, on_validation, classes = poison_svm_classes(a->svm, NULL);
    for (size_t r = 0; r < f->n; r++)
        of_label += labels[r] == label;
    for (size_t r = 0; r < f->n; r++) {
        double loss;
        if (labels[r] != label || !supports[r])
            continue;
        if (of_label == 1) {
            f->score[r] = NAN;
            if (classes < 3)
                continue;
        }
        labels[r] = -1;
        int status = train_on(a->svm, &a->data->validation, labels, &on_validation, err);
        if (status == 0)
            status = poison_svm_watch(a->svm, &a->data->train, &on_train, err);
        if (status == 0)
            status = validation_loss(a->svm, &a->data->validation, on_validation, &loss, err);
        if (status == 0)
            status = f->suggested[r] = poison_svm_predict_row(a->svm, on_train, r, err);
        labels[r] = label;
        if (status < 0)
            return status;
        if (of_label > 1)
            f->score[r] = before - loss;
        poison_tell(a->settings, "leaving out", (double)r, "rows", (double)r / (double)f->n);
    }
    return 0;
}

/*
 * loo, leaving one out: score, by how much the validation loss falls when the row is left out. Rows
 * that support no machine have alpha = 0 in all of them, so that the model without them is the same
 * by the optimality conditions: their score is 0 and they suggest the model's own call. Each other
 * one costs a training of its class's machines.
 */
static int audit_loo(const struct audit *a, poison_error *err)
{
    poison_findings *f = a->found;
    size_t on_train, on_validation, n = f->n;
    double before;
    int status = 0, *altered = poison_take(n, sizeof *altered);
    uint8_t *supports = poison_take(n, 1);
    if (!altered || !supports)
        TRY(poison_fail_memory(err, n, sizeof *altered + 1, "leaving out"));
    memcpy(altered, a->labels, n * sizeof *altered);
    TRY(train_on(a->svm, &a->data->train, a->labels, &on_train, err));
    TRY(poison_svm_watch(a->svm, &a->data->validation, &on_validation, err));
    TRY(poison_svm_predict(a->svm, on_train, f->suggested, err));
    TRY(validation_loss(a->svm, &a->data->validation, on_validation, &before, err));
    poison_svm_support(a->svm, supports);
    for (size_t r = 0; r < n; r++)
        f->score[r] = a->labels[r] < 0 ? NAN : 0;
    for (int label = 0; label < POISON_LABELS; label++)
        TRY(leave_out(a, altered, label, supports, before, err));
done:
    free(altered);
    free(supports);
    return status;
}

/* ---- confident learning ---------------------------------------------------------------------- */

/* p (K) of row r by the model in hand, which watches the rows as `number`: the softmax over classes
 * c of the mean decision value, towards c, of c's machines; 0 for classes that the model lacks.
 * `most` is taken from each exponent, so that none overflows. */
static void probabilities(const poison_svm *svm, size_t number, size_t r, const poison_findings *f,
                          double *p)
{
    const poison_machine *machine;
    size_t P = poison_svm_machines(svm, &machine), of[POISON_LABELS] = {0};
    double mean[POISON_LABELS] = {0}, most = -INFINITY, sum = 0;
    for (size_t k = 0; k < P; k++) {
        double value = poison_svm_decisions(svm, number, k)[r];
        mean[machine[k].i] += value;
        mean[machine[k].j] -= value;
        of[machine[k].i]++;
        of[machine[k].j]++;
    }
    for (int v = 0; v < POISON_LABELS; v++)
        if (of[v]) {
            mean[v] /= (double)of[v];
            most = fmax(most, mean[v]);
        }
    for (size_t c = 0; c < f->K; c++)
        sum += p[c] = of[f->label[c]] ? exp(mean[f->label[c]] - most) : 0;
    for (size_t c = 0; c < f->K; c++)
        p[c] /= sum;
}

/* Out-of-fold probabilities p (n, K): each row by the model of the other 4 of 5 folds. labels (n):
 * those of classes that are judged, else -1. */
static int cross_predict(double *p, const struct audit *a, const int *labels, poison_error *err)
{
    const poison_findings *f = a->found;
    size_t n = f->n, on_train;
    int status = 0, *fold = poison_take(n, sizeof *fold), *kept = poison_take(n, sizeof *kept);
    if (!fold || !kept)
        TRY(poison_fail_memory(err, n, 2 * sizeof *fold, "the folds"));
    TRY(poison_folds(fold, labels, n, FOLDS, a->seed, err));
    for (int left = 0; left < FOLDS; left++) {
        for (size_t r = 0; r < n; r++)
            kept[r] = fold[r] == left ? -1 : labels[r];
        TRY(train_on(a->svm, &a->data->train, kept, &on_train, err));
        TRY(poison_svm_decide(a->svm, on_train, POISON_ALL, POISON_ALL, err));
        for (size_t r = 0; r < n; r++)
            if (fold[r] == left)
                probabilities(a->svm, on_train, r, f, p + r * f->K);
    }
done:
    free(fold);
    free(kept);
    return status;
}

/* One row of the joint, counts scaled to whole numbers that add up to `total`: what was cut off
 * most is given back first. */
static void scale_row(size_t *out, const size_t *count, size_t K, size_t total)
{
    size_t sum = 0, left = total, rest[POISON_LABELS];
    for (size_t c = 0; c < K; c++)
        sum += count[c];
    for (size_t c = 0; c < K; c++) {
        out[c] = count[c] * total / sum;
        rest[c] = count[c] * total % sum;
        left -= out[c];
    }
    for (; left > 0; left--) {
        size_t best = 0;
        for (size_t c = 1; c < K; c++)
            best = rest[c] > rest[best] ? c : best;
        out[best]++;
        rest[best] = 0;
    }
}

/*
 * The confident joint (Northcutt, Jiang & Chuang 2021, section 3.1; cleanlab's count.py): f->joint
 * [given][guessed], in rows.
 *
 *      t_c    the mean of p_r(c) over the rows r labelled c: how sure the model is of c where it is
 *             given
 *      guess  of row r: of the classes with p_r(c) >= t_c the one of the largest p_r(c); a row
 *             without any is not counted
 *
 * The diagonal is at least 1; each row of counts is scaled to the rows of its label. What is off
 * the diagonal then is the estimated number of wrong labels. p (n, K); given (n): the number of the
 * row's class, or -1.
 */
static void estimate_joint(poison_findings *f, const double *p, const int *given)
{
    size_t K = f->K, rows[POISON_LABELS] = {0}, *count = f->joint;
    double threshold[POISON_LABELS] = {0};
    for (size_t r = 0; r < f->n; r++)
        if (given[r] >= 0) {
            rows[given[r]]++;
            threshold[given[r]] += p[r * K + (size_t)given[r]];
        }
    for (size_t c = 0; c < K; c++)
        threshold[c] /= (double)rows[c];
    for (size_t r = 0; r < f->n; r++) {
        ptrdiff_t guess = -1;
        for (size_t c = 0; c < K && given[r] >= 0; c++)
            if (p[r * K + c] >= threshold[c] - 1e-6
                && (guess < 0 || p[r * K + c] > p[r * K + (size_t)guess]))
                guess = (ptrdiff_t)c;
        if (guess >= 0)
            count[(size_t)given[r] * K + (size_t)guess]++;
    }
    f->estimated = 0;
    for (size_t g = 0; g < K; g++) {
        size_t row[POISON_LABELS];
        count[g * K + g] += !count[g * K + g];
        memcpy(row, count + g * K, K * sizeof *row);
        scale_row(f->joint + g * K, row, K, rows[g]);
        f->estimated += rows[g] - f->joint[g * K + g];
    }
}

/* The classes that can be judged, to f->label and f->K: some fold lacks a class of fewer rows than
 * folds, whose model cannot name it then. number_of: -1, or which of them a label is.
 * POISON_EDATA where fewer than two are left. */
static int number_classes(const struct audit *a, int number_of[POISON_LABELS], poison_error *err)
{
    poison_findings *f = a->found;
    size_t rows[POISON_LABELS] = {0}, few = 0;
    uint8_t is_few[POISON_LABELS] = {0};
    for (size_t r = 0; r < f->n; r++)
        if (a->labels[r] >= 0)
            rows[a->labels[r]]++;
    for (int v = 0; v < POISON_LABELS; v++) {
        few += is_few[v] = rows[v] && rows[v] < FOLDS;
        number_of[v] = rows[v] < FOLDS ? -1 : (int)f->K;
        if (number_of[v] >= 0)
            f->label[f->K++] = v;
    }
    if (f->K < 2)
        return poison_fail(err, POISON_EDATA,
                           "confident judges classes of %d rows or more, one for each of its "
                           "folds, and the training labels have %zu of them: at least two are "
                           "needed",
                           FOLDS, f->K);
    if (few)
        poison_warn(a->settings,
                    "confident: %zu class%s with fewer than %d rows, too few for its folds, %s "
                    "not judged: %s",
                    few, few == 1 ? "" : "es", FOLDS, few == 1 ? "is" : "are",
                    labels_list(a->data, is_few).text);
    return 0;
}

/* 1 - the normalised margin (p_own - p_other + 1) / 2, p_other the largest of the other classes;
 * suggests the largest. */
static void judge_row(poison_findings *f, size_t r, const double *p, size_t own)
{
    size_t best = 0;
    double other = 0;
    for (size_t c = 0; c < f->K; c++) {
        best = p[c] > p[best] ? c : best;
        other = c != own && p[c] > other ? p[c] : other;
    }
    f->suggested[r] = f->label[best];
    f->score[r] = 1 - (p[own] - other + 1) / 2;
}

/* confident: out-of-fold probabilities give each row its score, and the joint of labels. Rows of
 * classes that are not judged keep their label, without a score. */
static int audit_confident(const struct audit *a, poison_error *err)
{
    poison_findings *f = a->found;
    size_t n = f->n;
    double *p = NULL;
    /* the row's class, or -1; its label, or -1 */
    int status = 0, number_of[POISON_LABELS], *given = poison_take(n, sizeof *given),
        *judged = poison_take(n, sizeof *judged);
    TRY(number_classes(a, number_of, err));
    p = poison_take(n, f->K * sizeof *p);
    f->joint = poison_take(f->K, f->K * sizeof *f->joint);
    if (!given || !judged || !p || !f->joint)
        TRY(poison_fail_memory(err, n, f->K * sizeof *p, "probabilities"));
    for (size_t r = 0; r < n; r++) {
        given[r] = a->labels[r] < 0 ? -1 : number_of[a->labels[r]];
        judged[r] = given[r] < 0 ? -1 : a->labels[r];
    }
    TRY(cross_predict(p, a, judged, err));
    for (size_t r = 0; r < n; r++) {
        f->score[r] = NAN;
        f->suggested[r] = a->labels[r];
        if (given[r] >= 0)
            judge_row(f, r, p + r * f->K, (size_t)given[r]);
    }
    estimate_joint(f, p, given);
done:
    free(given);
    free(judged);
    free(p);
    return status;
}

/* ---- all of them ----------------------------------------------------------------------------- */

#define COMMA ,
static const char *const names[POISON_AUDITS] = {AUDIT_NAMES(COMMA)};

static const struct {
    const char *summary;
    unsigned flags;
    int (*judge)(const struct audit *a, poison_error *err);
} audits[POISON_AUDITS] = {
    [POISON_KNN] = {"Looks at the ten nearest training rows: how many have another label?", 0,
                    audit_knn},
    [POISON_MARGIN] = {"Asks the poisoned model itself: how far is the row on the wrong side of "
                       "its borders?",
                       0, audit_margin},
    [POISON_LOO] = {"Leaves each row out and trains again: are rows that are known to be clean "
                    "decided better without it?",
                    VALIDATES, audit_loo},
    [POISON_SHAPLEY] = {"Asks what each row is worth: does it help to name, by their neighbours, "
                        "rows known to be clean?",
                        VALIDATES, audit_shapley},
    [POISON_CONFIDENT] = {"Predicts each row by a model that did not see it: how sure is that of "
                          "another label?",
                          SEEDED | ESTIMATES, audit_confident},
};

const char *poison_audit_name(int method)
{
    return names[method];
}

const char *audit_summary(int method)
{
    return audits[method].summary;
}

int audit_does(int method, unsigned flags)
{
    return (audits[method].flags & flags) == flags;
}

int poison_audit_parse(const char *name, size_t length)
{
    for (int k = 0; k < POISON_AUDITS; k++)
        if (strlen(names[k]) == length && strncmp(names[k], name, length) == 0)
            return k;
    return -1;
}

int poison_audit_validates(int method)
{
    return audit_does(method, VALIDATES);
}

int poison_audit_seeded(int method)
{
    return audit_does(method, SEEDED);
}

/* The largest score first, those that are not defined last; ties to the lower row. The distance is
 * the score here. */
static int by_suspicion(const void *a, const void *b)
{
    const struct neighbour *s = a, *t = b;
    int undefined = isnan(s->distance) - isnan(t->distance);
    if (undefined)
        return undefined;
    if (!isnan(s->distance) && s->distance != t->distance)
        return s->distance > t->distance ? -1 : 1;
    return s->row < t->row ? -1 : 1;
}

static int rank(poison_findings *f, const int *labels, poison_error *err)
{
    struct neighbour *row = poison_take(f->n, sizeof *row);
    if (!row)
        return poison_fail_memory(err, f->n, sizeof *row, "the ranks");
    f->ranked = 0;
    for (size_t r = 0; r < f->n; r++)
        if (labels[r] >= 0)
            row[f->ranked++] = (struct neighbour){f->score[r], r};
    qsort(row, f->ranked, sizeof *row, by_suspicion);
    for (size_t k = 0; k < f->ranked; k++)
        f->order[k] = row[k].row;
    free(row);
    return 0;
}

/* The method's function fills scores and suggestions; ranks are of scores, whatever it was. */
int poison_audit(poison_findings *f, poison_svm *svm, const poison_data *data, const int *labels,
                 int method, uint64_t seed, const poison_settings *settings, poison_error *err)
{
    FLOATING(settings->threads);
    int status = 0;
    size_t n = data->train.n;
    *f = (poison_findings){.n = n};
    f->score = poison_take(n, sizeof *f->score);
    f->suggested = poison_take(n, sizeof *f->suggested);
    f->order = poison_take(n, sizeof *f->order);
    if (!f->score || !f->suggested || !f->order)
        TRY(poison_fail_memory(err, n, 24, "the audit"));
    TRY(poison_check_labels(labels, n, -1, err));
    TRY(audits[method].judge(&(struct audit){f, svm, data, labels, seed, settings}, err));
    TRY(rank(f, labels, err));
done:
    if (status < 0)
        poison_findings_free(f);
    return status;
}

void poison_findings_free(poison_findings *f)
{
    free(f->score);
    free(f->suggested);
    free(f->order);
    free(f->joint);
    *f = (poison_findings){0};
}

static int same_score(const poison_findings *f, size_t a, size_t b)
{
    double s = f->score[f->order[a]], t = f->score[f->order[b]];
    return s == t || (isnan(s) && isnan(t));
}

/*
 * Rows of one score stand in an order that says nothing, so they share what they get: of a group
 * of g rows that holds h flipped ones, each place among the group's counts as h / g of a hit. F of
 * the ranked rows are flipped:
 *
 *      precision = recall           the hits of the first F places / F: what is expected if equal
 *                                   rows are ordered by chance
 *      average precision            the sum over groups of h / F times the share of flipped rows
 *                                   down to the group's end, as scikit-learn's
 *      AUC (Mann & Whitney 1947)    the share of pairs of a flipped row and one that is right in
 *                                   which the flipped one has the larger score, equal ones counted
 *                                   one half
 */
poison_scores poison_score(const poison_findings *f, const uint8_t *flipped)
{
    FLOATING(1);
    poison_scores scores = {0};
    for (size_t k = 0; k < f->ranked; k++)
        scores.flipped += flipped[f->order[k]];
    size_t F = scores.flipped, right = f->ranked - F, hits = 0;
    double first = 0, precisions = 0, above = 0; /* above: pairs */
    for (size_t k = 0, end; k < f->ranked; k = end) {
        size_t here = 0;
        for (end = k; end < f->ranked && same_score(f, end, k); end++)
            here += flipped[f->order[end]];
        double wrong = (double)here, size = (double)(end - k);
        if (k < F)
            first += wrong * ((double)(size_min(end, F) - k) / size);
        hits += here;
        precisions += wrong * ((double)hits / (double)end);
        /* right and less suspicious: all but those before the group's end */
        above += wrong * ((double)(right - (end - hits)) + 0.5 * (size - wrong));
    }
    scores.precision = F ? first / (double)F : NAN;
    scores.recall = scores.precision;
    scores.average_precision = F ? precisions / (double)F : NAN;
    scores.auc = F && right ? above / ((double)F * (double)right) : NAN;
    return scores;
}

/* ---- acting on it ---------------------------------------------------------------------------- */

/* COUNT, FRACTION, "estimated", or NULL: what the method can. text: all of it, for messages. */
static int parse_how_many(poison_cleaning *c, const char *many, const char *text,
                          const char *expected, poison_error *err)
{
    int estimates = audit_does(c->method, ESTIMATES), point;
    if (!many) {
        c->how_many = estimates ? POISON_ESTIMATED : POISON_ORACLE;
        return 0;
    }
    if (strcmp(many, "estimated") == 0) {
        c->how_many = POISON_ESTIMATED;
        if (!estimates)
            return poison_fail(err, POISON_EUSAGE,
                               "%s: only confident estimates how many labels are wrong", text);
        return 0;
    }
    const char *stop = many + strspn(many, "0123456789.");
    point = strchr(many, '.') != NULL;
    c->how_many = point ? POISON_FRACTION : POISON_COUNT;
    if (*stop || number_read(many, stop, &c->fraction) != stop
        || c->fraction > (point ? 1 : 0x1p40))
        return poison_fail(err, POISON_EUSAGE,
                           "%s: %s; a fraction contains a point and is at most 1.0", text,
                           expected);
    c->count = (size_t)c->fraction;
    return 0;
}

/* The words between colons; c->name has them in full, since sweeps print and compare it. */
int poison_cleaning_parse(poison_cleaning *c, const char *text, poison_error *err)
{
    FLOATING(1);
    const char *expected =
        "expected METHOD[:relabel|remove[:COUNT|FRACTION|estimated]], as in knn:relabel:100";
    size_t length = strcspn(text, ":");
    const char *action = text[length] ? text + length + 1 : "relabel";
    size_t action_length = strcspn(action, ":");
    const char *many = action[action_length] && text[length] ? action + action_length + 1 : NULL;
    *c = (poison_cleaning){.method = poison_audit_parse(text, length)};
    c->removes = action_length == 6 && strncmp(action, "remove", 6) == 0;
    if (c->method < 0)
        return poison_fail(err, POISON_EUSAGE, "%s: there is no audit of this name: %s", text,
                           expected);
    if (!c->removes && (action_length != 7 || strncmp(action, "relabel", 7) != 0))
        return poison_fail(err, POISON_EUSAGE, "%s: %s", text, expected);
    int status = parse_how_many(c, many, text, expected, err);
    if (status < 0)
        return status;
    if (!many)
        many = c->how_many == POISON_ESTIMATED ? "estimated" : "oracle";
    if (snprintf(c->name, sizeof c->name, "%s:%s:%s", poison_audit_name(c->method),
                 c->removes ? "remove" : "relabel", many)
        >= (int)sizeof c->name)
        return poison_fail(err, POISON_EUSAGE, "%s: too long a number", text);
    return 0;
}

/* How many rows a cleaning is about. */
static size_t count_rows(const poison_cleaning *c, const poison_findings *f, size_t oracle)
{
    switch (c->how_many) {
    case POISON_COUNT: return c->count;
    case POISON_FRACTION: return (size_t)floor(c->fraction * (double)f->n + 0.5);
    case POISON_ESTIMATED: return f->estimated;
    case POISON_ORACLE: break;
    }
    return oracle;
}

void poison_clean(const poison_cleaning *c, const poison_findings *f, size_t oracle, int *labels)
{
    FLOATING(1);
    size_t count = count_rows(c, f, oracle);
    for (size_t k = 0; k < count && k < f->ranked; k++) {
        size_t r = f->order[k];
        if (!isnan(f->score[r]))
            labels[r] = c->removes ? -1 : f->suggested[r];
    }
}
