/* SPDX-License-Identifier: MIT */
/* audit - which labels look flipped */
#include "base.h"
#include "kernel.h"
#include "number.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOURS = 10, FOLDS = 5, LABELS = 256 };

/* ---- neighbours ------------------------------------------------------------------------------------------------ */

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

/* The `most` nearest of the rows that have a label, other than `self`, sorted; returns how many there are. */
static size_t nearest(struct neighbour *out, size_t most, const double *distance, const int *labels, size_t n, size_t self)
{
    size_t count = 0;
    for (size_t r = 0; r < n; r++) {
        struct neighbour new = {distance[r], r};
        if (labels[r] < 0 || r == self || (count == most && !(by_distance(&new, &out[most - 1]) < 0)))
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
    size_t votes[LABELS] = {0};
    int best = 0;
    for (size_t k = 0; k < count; k++)
        votes[labels[near[k].row]]++;
    for (int v = 1; v < LABELS; v++)
        best = votes[v] > votes[best] ? v : best;
    return best;
}

/* What is done with the distances of one row of a set to all training rows. Threads call it; it writes its row's own. */
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

/* Visits rows [from, to) of a set. */
static int visit_distances(const struct visit *v, const poison_set *train, size_t from, size_t to, const struct rows *rows,
                           const poison_settings *settings, poison_error *err)
{
    enum { SIDE = 16 }; /* rows a batch: their distances to many training rows stay small */
    size_t n = train->n, threads = (size_t)settings->threads, bytes = batch_bytes(rows, SIDE);
    struct tile *tiles = take_tiles(settings->threads, !rows->dot);
    struct batch *batch = poison_take_big(threads, sizeof *batch);
    uint8_t *memory = poison_take_big(threads, bytes);
    double *distance = poison_take_big(threads, SIDE * n * sizeof *distance);
    struct neighbour *scratch = poison_take_big(threads, n * sizeof *scratch);
    int status = 0;
    if (!tiles || !batch || !memory || !distance || !scratch)
        TRY(poison_fail_memory(err, threads, bytes + n * (SIDE * sizeof *distance + sizeof *scratch), "the distances"));
#pragma omp parallel for schedule(dynamic) num_threads(settings->threads)
    for (size_t t = from; t < to; t += SIDE) {
        size_t me = (size_t)omp_get_thread_num(), count = to - t < SIDE ? to - t : SIDE, which[SIDE];
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
            kernel_distances(row, &batch[me], rows, first, n - first < columns ? n - first : columns, tiles + me);
        for (size_t r = 0; r < count; r++)
            v->row(v, t + r, row[r], scratch + me * n);
    }
    if (poison_cancelled(settings))
        TRY(poison_fail_cancelled(err));
done:
    free(tiles);
    free(batch);
    free(memory);
    free(distance);
    free(scratch);
    return status;
}

static void knn_row(const struct visit *v, size_t t, const double *distance, struct neighbour *near)
{
    size_t count = v->labels[t] < 0 ? 0 : nearest(near, NEIGHBOURS, distance, v->labels, v->n, t), others = 0;
    for (size_t k = 0; k < count; k++)
        others += v->labels[near[k].row] != v->labels[t];
    v->score[t] = count ? (double)others / (double)count : NAN;
    v->suggested[t] = count ? majority(near, count, v->labels) : v->labels[t];
}

static int audit_knn(poison_findings *f, const poison_data *data, const int *labels, const poison_settings *settings,
                     poison_error *err)
{
    struct rows rows;
    struct kernel distances = {.type = POISON_RBF};
    struct visit v = {knn_row, labels, &data->train, f->n, f->score, f->suggested, NULL, 0};
    int status = rows_fill(&rows, &data->train, f->n, NULL, kernel_engine(&data->train, settings), &distances, settings,
                           err);
    if (status == 0)
        status = visit_distances(&v, &data->train, 0, f->n, &rows, settings, err);
    rows_free(&rows);
    return status;
}

/* Shapley values of all training rows for one validation image, by the recursion of Jia et al. from the farthest row. */
static void shapley_row(const struct visit *v, size_t t, const double *distance, struct neighbour *near)
{
    double *value = v->value + (t - v->first) * v->n, s = 0;
    size_t count = nearest(near, v->n, distance, v->labels, v->n, POISON_ALL);
    memset(value, 0, v->n * sizeof *value);
    for (size_t i = count; i-- > 0;) {
        double right = v->labels[near[i].row] == v->set->y[t];
        if (i + 1 == count)
            s = right / (double)(count > NEIGHBOURS ? count : NEIGHBOURS);
        else
            s += (right - (v->labels[near[i + 1].row] == v->set->y[t])) / (double)(i + 1 > NEIGHBOURS ? i + 1 : NEIGHBOURS);
        value[near[i].row] = s;
    }
}

static int audit_shapley(poison_findings *f, const poison_data *data, const int *labels, const poison_settings *settings,
                         poison_error *err)
{
    enum { IN_HAND = 64 }; /* images whose values are held, to be added in order whatever the threads do */
    size_t n = f->n, m = data->validation.n;
    struct rows rows = {0};
    struct kernel distances = {.type = POISON_RBF};
    struct visit v = {shapley_row, labels, &data->validation, n, NULL, NULL, NULL, 0};
    int status = audit_knn(f, data, labels, settings, err); /* for what it suggests */
    if (status < 0)
        return status;
    memset(f->score, 0, n * sizeof *f->score);
    v.value = poison_take_big(IN_HAND, n * sizeof *v.value);
    if (!v.value)
        TRY(poison_fail_memory(err, IN_HAND, n * sizeof *v.value, "Shapley values"));
    TRY(rows_fill(&rows, &data->train, n, NULL, kernel_engine(&data->train, settings), &distances, settings, err));
    for (v.first = 0; v.first < m; v.first += IN_HAND) {
        size_t end = m - v.first < IN_HAND ? m : v.first + IN_HAND;
        TRY(visit_distances(&v, &data->train, v.first, end, &rows, settings, err));
        for (size_t t = 0; t < end - v.first; t++)
            for (size_t r = 0; r < n; r++)
                f->score[r] += v.value[t * n + r];
    }
    for (size_t r = 0; r < n; r++)
        f->score[r] = labels[r] < 0 ? NAN : 0 - f->score[r] / (double)m;
done:
    rows_free(&rows);
    free(v.value);
    return status;
}

/* ---- the model's own view -------------------------------------------------------------------------------------- */

static int train_on(poison_svm *svm, const poison_set *set, const int *labels, size_t *number, poison_error *err)
{
    int status = poison_svm_train(svm, labels, err);
    return status < 0 ? status : poison_svm_watch(svm, set, number, err);
}

static int audit_margin(poison_findings *f, poison_svm *svm, const poison_data *data, const int *labels, poison_error *err)
{
    const poison_machine *machine;
    size_t on_train;
    int status = train_on(svm, &data->train, labels, &on_train, err);
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

/* The mean over the validation images of the mean, over the machines of the image's class, of max(0, 1 - m). */
static int validation_loss(poison_svm *svm, const poison_set *set, size_t number, double *loss, poison_error *err)
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

/* The supporting rows of one label are left out one by one, so that each time only its machines are trained again. */
static int leave_out(poison_findings *f, poison_svm *svm, const poison_data *data, int *labels, int label, const uint8_t *supports,
                     double before, const poison_settings *settings, poison_error *err)
{
    size_t of_label = 0, on_train, on_validation;
    int status = 0;
    for (size_t r = 0; r < f->n; r++)
        of_label += labels[r] == label;
    size_t classes = poison_svm_classes(svm, NULL);
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
        status = train_on(svm, &data->validation, labels, &on_validation, err);
        if (status == 0)
            status = poison_svm_watch(svm, &data->train, &on_train, err);
        if (status == 0)
            status = validation_loss(svm, &data->validation, on_validation, &loss, err);
        if (status == 0)
            status = f->suggested[r] = poison_svm_predict_row(svm, on_train, r, err);
        labels[r] = label;
        if (status < 0)
            return status;
        if (of_label > 1)
            f->score[r] = before - loss;
        poison_tell(settings, "leaving out", (double)r, "rows", (double)r / (double)f->n);
    }
    return 0;
}

static int audit_loo(poison_findings *f, poison_svm *svm, const poison_data *data, const int *labels,
                     const poison_settings *settings, poison_error *err)
{
    size_t on_train, on_validation, n = f->n;
    double before;
    int status = 0, *altered = poison_take(n, sizeof *altered);
    uint8_t *supports = poison_take(n, 1);
    if (!altered || !supports)
        TRY(poison_fail_memory(err, n, sizeof *altered + 1, "leaving out"));
    memcpy(altered, labels, n * sizeof *labels);
    TRY(train_on(svm, &data->train, labels, &on_train, err));
    TRY(poison_svm_watch(svm, &data->validation, &on_validation, err));
    TRY(poison_svm_predict(svm, on_train, f->suggested, err));
    TRY(validation_loss(svm, &data->validation, on_validation, &before, err));
    poison_svm_support(svm, supports);
    for (size_t r = 0; r < n; r++)
        f->score[r] = labels[r] < 0 ? NAN : 0;
    for (int label = 0; label < LABELS; label++)
        TRY(leave_out(f, svm, data, altered, label, supports, before, settings, err));
done:
    free(altered);
    free(supports);
    return status;
}

/* ---- confident learning ---------------------------------------------------------------------------------------- */

/* p (K) of row r: softmax of each class's mean decision, by the model in hand; 0 for classes that it lacks. */
static void probabilities(const poison_svm *svm, size_t number, size_t r, const poison_findings *f, double *p)
{
    const poison_machine *machine;
    size_t P = poison_svm_machines(svm, &machine), of[LABELS] = {0};
    double mean[LABELS] = {0}, most = -INFINITY, sum = 0;
    for (size_t k = 0; k < P; k++) {
        double value = poison_svm_decisions(svm, number, k)[r];
        mean[machine[k].i] += value;
        mean[machine[k].j] -= value;
        of[machine[k].i]++;
        of[machine[k].j]++;
    }
    for (int v = 0; v < LABELS; v++)
        if (of[v]) {
            mean[v] /= (double)of[v];
            most = fmax(most, mean[v]);
        }
    for (size_t c = 0; c < f->K; c++)
        sum += p[c] = of[f->label[c]] ? exp(mean[f->label[c]] - most) : 0;
    for (size_t c = 0; c < f->K; c++)
        p[c] /= sum;
}

/* Out-of-fold probabilities (n, K) of all rows. */
static int cross_predict(double *p, const poison_findings *f, poison_svm *svm, const poison_data *data, const int *labels,
                         uint64_t seed, poison_error *err)
{
    size_t n = f->n, on_train;
    int status = 0, *fold = poison_take(n, sizeof *fold), *kept = poison_take(n, sizeof *kept);
    if (!fold || !kept)
        TRY(poison_fail_memory(err, n, 2 * sizeof *fold, "the folds"));
    TRY(poison_folds(fold, labels, n, FOLDS, seed, err));
    for (int left = 0; left < FOLDS; left++) {
        for (size_t r = 0; r < n; r++)
            kept[r] = fold[r] == left ? -1 : labels[r];
        TRY(train_on(svm, &data->train, kept, &on_train, err));
        TRY(poison_svm_decide(svm, on_train, POISON_ALL, POISON_ALL, err));
        for (size_t r = 0; r < n; r++)
            if (fold[r] == left)
                probabilities(svm, on_train, r, f, p + r * f->K);
    }
done:
    free(fold);
    free(kept);
    return status;
}

/* One row of the joint, counts scaled to add up to `total` in whole numbers: what was cut off most is given back first. */
static void scale_row(size_t *out, const size_t *count, size_t K, size_t total)
{
    size_t sum = 0, left = total, rest[LABELS];
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

/* The confident joint: rows that the model is surer of than the mean row of that class, scaled to each label's rows. */
static void estimate_joint(poison_findings *f, const double *p, const int *given)
{
    size_t K = f->K, rows[LABELS] = {0}, *count = f->joint;
    double threshold[LABELS] = {0};
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
            if (p[r * K + c] >= threshold[c] - 1e-6 && (guess < 0 || p[r * K + c] > p[r * K + (size_t)guess]))
                guess = (ptrdiff_t)c;
        if (guess >= 0)
            count[(size_t)given[r] * K + (size_t)guess]++;
    }
    f->estimated = 0;
    for (size_t g = 0; g < K; g++) {
        size_t row[LABELS];
        count[g * K + g] += !count[g * K + g];
        memcpy(row, count + g * K, K * sizeof *row);
        scale_row(f->joint + g * K, row, K, rows[g]);
        f->estimated += rows[g] - f->joint[g * K + g];
    }
}

static int audit_confident(poison_findings *f, poison_svm *svm, const poison_data *data, const int *labels, uint64_t seed,
                           poison_error *err)
{
    size_t n = f->n, number_of[LABELS] = {0};
    uint8_t occurs[LABELS] = {0};
    int status = 0, *given = poison_take(n, sizeof *given); /* number of the row's class, or -1 */
    for (size_t r = 0; r < n; r++)
        if (labels[r] >= 0)
            occurs[labels[r]] = 1;
    for (int v = 0; v < LABELS; v++)
        if (occurs[v]) {
            number_of[v] = f->K;
            f->label[f->K++] = v;
        }
    double *p = poison_take(n, f->K * sizeof *p);
    f->joint = poison_take(f->K, f->K * sizeof *f->joint);
    if (!given || !p || !f->joint)
        TRY(poison_fail_memory(err, n, f->K * sizeof *p, "probabilities"));
    TRY(cross_predict(p, f, svm, data, labels, seed, err));
    for (size_t r = 0; r < n; r++) {
        size_t best = 0, own = given[r] = labels[r] < 0 ? -1 : (int)number_of[labels[r]];
        double other = 0;
        f->score[r] = NAN;
        if (labels[r] < 0)
            continue;
        for (size_t c = 0; c < f->K; c++) {
            best = p[r * f->K + c] > p[r * f->K + best] ? c : best;
            other = c != own && p[r * f->K + c] > other ? p[r * f->K + c] : other;
        }
        f->suggested[r] = f->label[best];
        f->score[r] = 1 - (p[r * f->K + own] - other + 1) / 2;
    }
    estimate_joint(f, p, given);
done:
    free(given);
    free(p);
    return status;
}

/* ---- all of them ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int validates, seeded;
} audits[POISON_AUDITS] = {
    {"knn", 0, 0}, {"margin", 0, 0}, {"loo", 1, 0}, {"shapley", 1, 0}, {"confident", 0, 1},
};

const char *poison_audit_name(int method)
{
    return audits[method].name;
}

int poison_audit_parse(const char *name, size_t length)
{
    for (int k = 0; k < POISON_AUDITS; k++)
        if (strlen(audits[k].name) == length && strncmp(audits[k].name, name, length) == 0)
            return k;
    return -1;
}

int poison_audit_validates(int method)
{
    return audits[method].validates;
}

int poison_audit_seeded(int method)
{
    return audits[method].seeded;
}

static int by_suspicion(const void *a, const void *b)
{
    const struct neighbour *s = a, *t = b; /* distance: score */
    int undefined = isnan(s->distance) - isnan(t->distance);
    if (undefined || isnan(s->distance))
        return undefined ? undefined : s->row < t->row ? -1 : 1;
    if (s->distance != t->distance)
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

int poison_audit(poison_findings *f, poison_svm *svm, const poison_data *data, const int *labels, int method, uint64_t seed,
                 const poison_settings *settings, poison_error *err)
{
    int status = 0;
    size_t n = data->train.n;
    *f = (poison_findings){.n = n};
    f->score = poison_take(n, sizeof *f->score);
    f->suggested = poison_take(n, sizeof *f->suggested);
    f->order = poison_take(n, sizeof *f->order);
    if (!f->score || !f->suggested || !f->order)
        TRY(poison_fail_memory(err, n, 24, "the audit"));
    TRY(poison_check_labels(labels, n, -1, err));
    switch (method) {
    case POISON_KNN: TRY(audit_knn(f, data, labels, settings, err)); break;
    case POISON_MARGIN: TRY(audit_margin(f, svm, data, labels, err)); break;
    case POISON_LOO: TRY(audit_loo(f, svm, data, labels, settings, err)); break;
    case POISON_SHAPLEY: TRY(audit_shapley(f, data, labels, settings, err)); break;
    default: TRY(audit_confident(f, svm, data, labels, seed, err));
    }
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

poison_scores poison_score(const poison_findings *f, const uint8_t *flipped)
{
    poison_scores scores = {0};
    size_t hits = 0, right = 0;
    double precisions = 0, above = 0; /* pairs of a flipped row and a less suspicious one that is right */
    for (size_t k = 0; k < f->ranked; k++)
        scores.flipped += flipped[f->order[k]];
    for (size_t k = 0; k < f->ranked; k++) {
        hits += flipped[f->order[k]];
        precisions += flipped[f->order[k]] ? (double)hits / (double)(k + 1) : 0;
        if (k + 1 == scores.flipped)
            scores.precision = (double)hits / (double)scores.flipped;
    }
    for (size_t end = f->ranked, k = end; k-- > 0;) { /* from the least suspicious, one group of equal scores at a time */
        if (k && same_score(f, k, k - 1))
            continue;
        size_t wrong_here = 0;
        for (size_t q = k; q < end; q++)
            wrong_here += flipped[f->order[q]];
        size_t right_here = end - k - wrong_here;
        above += (double)wrong_here * ((double)right + 0.5 * (double)right_here);
        right += right_here;
        end = k;
    }
    if (!scores.flipped)
        scores.precision = NAN;
    scores.recall = scores.precision;
    scores.auc = scores.flipped && right ? above / ((double)scores.flipped * (double)right) : NAN;
    scores.average_precision = scores.flipped ? precisions / (double)scores.flipped : NAN;
    return scores;
}

/* ---- acting on it ---------------------------------------------------------------------------------------------- */

int poison_cleaning_parse(poison_cleaning *c, const char *text, poison_error *err)
{
    const char *expected = "expected METHOD[:relabel|remove[:COUNT|FRACTION|estimated]], as in knn:relabel:100";
    size_t length = strcspn(text, ":");
    const char *action = text[length] ? text + length + 1 : "relabel";
    size_t action_length = strcspn(action, ":");
    const char *many = action[action_length] && text[length] ? action + action_length + 1 : NULL;
    *c = (poison_cleaning){.method = poison_audit_parse(text, length)};
    c->removes = action_length == 6 && strncmp(action, "remove", 6) == 0;
    if (c->method < 0)
        return poison_fail(err, POISON_EUSAGE, "%s: there is no audit of this name: %s", text, expected);
    if (!c->removes && (action_length != 7 || strncmp(action, "relabel", 7) != 0))
        return poison_fail(err, POISON_EUSAGE, "%s: %s", text, expected);
    if (!many) {
        c->how_many = c->method == POISON_CONFIDENT ? POISON_ESTIMATED : POISON_ORACLE;
        many = c->how_many == POISON_ESTIMATED ? "estimated" : "oracle";
    } else if (strcmp(many, "estimated") == 0) {
        c->how_many = POISON_ESTIMATED;
        if (c->method != POISON_CONFIDENT)
            return poison_fail(err, POISON_EUSAGE, "%s: only confident estimates how many labels are wrong", text);
    } else {
        int point = strchr(many, '.') != NULL;
        c->how_many = point ? POISON_FRACTION : POISON_COUNT;
        const char *stop = many + strspn(many, "0123456789.");
        if (*stop || number_read(many, stop, &c->fraction) != stop || c->fraction > (point ? 1 : 0x1p40))
            return poison_fail(err, POISON_EUSAGE, "%s: %s; a fraction contains a point and is at most 1.0", text, expected);
        c->count = (size_t)c->fraction;
    }
    if (snprintf(c->name, sizeof c->name, "%s:%s:%s", audits[c->method].name, c->removes ? "remove" : "relabel", many)
        >= (int)sizeof c->name)
        return poison_fail(err, POISON_EUSAGE, "%s: too long a number", text);
    return 0;
}

void poison_clean(const poison_cleaning *c, const poison_findings *f, size_t oracle, int *labels)
{
    size_t count = c->how_many == POISON_COUNT       ? c->count
                   : c->how_many == POISON_FRACTION  ? (size_t)floor(c->fraction * (double)f->n + 0.5)
                   : c->how_many == POISON_ESTIMATED ? f->estimated
                                                     : oracle;
    for (size_t k = 0; k < count && k < f->ranked; k++) {
        size_t r = f->order[k];
        if (!isnan(f->score[r]))
            labels[r] = c->removes ? -1 : f->suggested[r];
    }
}
