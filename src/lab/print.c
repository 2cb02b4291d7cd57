/* SPDX-License-Identifier: MIT */
/* print - the commands' tables: predictions, what a model consists of, what an audit found */
#include "print.h"

#include "attack.h"
#include "base.h"
#include "decide.h"
#include "labels.h"
#include "set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBPROBLEMS "i\tj\tsamples\titerations\tsv\tbounded\tintercept\tobjective"

/* ---- predictions and labels ------------------------------------------------------------------ */

void print_predictions(struct sheet *sheet, const poison_set *test, const int *predicted,
                       size_t rows)
{
    rows = size_min(rows, test->n);
    struct table t;
    table_begin(&t, sheet, "Correct\tPredicted");
    for (size_t r = 0; r < rows; r++) {
        table_label(&t, test->y[r]);
        table_label(&t, predicted[r]);
    }
}

void print_score(struct sheet *sheet, const struct label_list *labels, const poison_set *test,
                 const int *predicted, int by_true, size_t incorrect[POISON_LABELS])
{
    size_t correct[POISON_LABELS] = {0};
    struct table t;
    memset(incorrect, 0, POISON_LABELS * sizeof *incorrect);
    for (size_t r = 0; r < test->n; r++) {
        int truth = test->y[r], called = predicted[r];
        (truth == called ? correct : incorrect)[by_true ? truth : called]++;
    }
    table_begin(&t, sheet, "Value\tCorrect\tIncorrect");
    for (int k = 0; k < labels->count; k++) {
        table_label(&t, labels->label[k]);
        table_count(&t, correct[labels->label[k]]);
        table_count(&t, incorrect[labels->label[k]]);
    }
}

void print_counts(struct sheet *sheet, const struct label_list *labels, const char *header,
                  const int *left, size_t lefts, const int *right, size_t rights)
{
    size_t count[2][POISON_LABELS] = {{0}};
    struct table t;
    for (size_t r = 0; r < lefts; r++)
        count[0][left[r]]++;
    for (size_t r = 0; r < rights; r++)
        if (right[r] >= 0) /* else the row is removed */
            count[1][right[r]]++;
    table_begin(&t, sheet, header);
    for (int k = 0; k < labels->count; k++) {
        table_label(&t, labels->label[k]);
        table_count(&t, count[0][labels->label[k]]);
        table_count(&t, count[1][labels->label[k]]);
    }
}

void print_confusion(struct sheet *sheet, const struct label_list *labels, const poison_set *test,
                     const int *predicted)
{
    static size_t count[POISON_LABELS][POISON_LABELS];
    memset(count, 0, sizeof count);
    for (size_t r = 0; r < test->n; r++)
        count[test->y[r]][predicted[r]]++;
    char number[POISON_LABELS][12];
    const char *name[POISON_LABELS];
    for (int k = 0; k < labels->count; k++)
        name[k] = poison_label_text(sheet->data, labels->label[k], number[k]);
    struct table t;
    table_begin_more(&t, sheet, "true", name, (size_t)labels->count);
    for (int k = 0; k < labels->count; k++) {
        table_label(&t, labels->label[k]);
        for (int p = 0; p < labels->count; p++)
            table_count(&t, count[labels->label[k]][labels->label[p]]);
    }
}

/* "predicted" and, with decisions, the pairs. NULL: no memory; the caller frees it. */
static char *labels_header(const struct sheet *sheet, const poison_model *model, int decisions)
{
    size_t size;
    char *header = NULL;
    FILE *out = poison_text_open(&header, &size);
    if (!out)
        return NULL;
    fputs("predicted", out);
    for (size_t p = 0; p < model->P && decisions; p++) {
        fputc('\t', out);
        poison_label_put(out, sheet->data, model->machine[p].i);
        fputc(':', out);
        poison_label_put(out, sheet->data, model->machine[p].j);
    }
    return fclose(out) == 0 ? header : NULL;
}

/* In pieces, as many rows at a time as memory allows. */
int print_labels(struct sheet *sheet, const poison_model *model, const poison_set *rows,
                 int decisions, poison_error *err)
{
    size_t most = decisions_at_once(model->P, &model->settings);
    size_t room = size_min(most, rows->n);
    char *header = labels_header(sheet, model, decisions);
    int status = 0, *predicted = poison_take(room, sizeof *predicted);
    double *value = decisions ? poison_take_big(model->P, room * sizeof *value) : NULL;
    size_t first = 0;
    struct table t;
    if (!header || !predicted || (decisions && !value))
        TRY(poison_fail_memory(err, room,
                               sizeof *predicted + (decisions ? model->P * sizeof *value : 0),
                               "the predictions"));
    do { /* what cannot be predicted leaves no table begun */
        poison_set some = set_some(rows, first, size_min(rows->n - first, most));
        TRY(poison_model_predict(model, &some, predicted, value, err));
        sheet->bare = !sheet->json;
        if (!first)
            table_begin(&t, sheet, header);
        for (size_t r = 0; r < some.n && !ferror(sheet->out); r++) {
            table_label(&t, predicted[r]);
            for (size_t p = 0; p < model->P && decisions; p++)
                table_exact(&t, value[p * some.n + r]);
        }
    } while ((first += most) < rows->n);
done:
    free(header);
    free(predicted);
    free(value);
    return status;
}

void print_flips(struct sheet *sheet, const int *before, const int *after, size_t n)
{
    struct table t;
    table_begin(&t, sheet, "row\tfrom\tto");
    for (size_t r = 0; r < n; r++) {
        if (before[r] == after[r])
            continue;
        table_count(&t, r);
        table_flipped(&t, before[r]);
        table_flipped(&t, after[r]);
    }
}

/* ---- what a model consists of ---------------------------------------------------------------- */

void print_subproblems(struct sheet *sheet, const poison_svm *svm, int seconds)
{
    const poison_machine *machine;
    size_t P = poison_svm_machines(svm, &machine);
    struct table t;
    table_begin(&t, sheet, seconds ? SUBPROBLEMS "\tseconds" : SUBPROBLEMS);
    for (size_t p = 0; p < P; p++) {
        const poison_machine *k = &machine[p];
        table_label(&t, k->i);
        table_label(&t, k->j);
        table_count(&t, k->l);
        table_count(&t, k->iterations);
        table_count(&t, k->sv);
        table_count(&t, k->bounded);
        table_exact(&t, k->rho != 0 ? -k->rho : 0); /* scikit-learn has no -0 here */
        table_exact(&t, k->objective);
        if (seconds)
            table_number(&t, k->seconds);
    }
}

/* The other classes' columns are called coef0, coef1, ... in their ascending order. */
int print_support(struct sheet *sheet, const poison_svm *svm, const int *labels, poison_error *err)
{
    poison_support support;
    int status = poison_svm_coefficients(svm, &support, err);
    char *header = poison_take(support.others + 1, 24), *end = header;
    if (status == 0 && !header)
        status = poison_fail_memory(err, support.others, 24, "the header");
    if (status < 0)
        goto done;
    end += sprintf(end, "row\tlabel");
    for (size_t c = 0; c < support.others; c++)
        end += sprintf(end, "\tcoef%zu", c);
    struct table t;
    table_begin(&t, sheet, header);
    for (size_t s = 0; s < support.count; s++) {
        table_count(&t, support.row[s]);
        table_label(&t, labels[support.row[s]]);
        for (size_t c = 0; c < support.others; c++)
            table_exact(&t, support.coef[s * support.others + c]);
    }
done:
    free(header);
    poison_support_free(&support);
    return status;
}

/* ---- what an audit found --------------------------------------------------------------------- */

void print_findings(struct table *t, const int *labels, int method, const poison_findings *found)
{
    for (size_t k = 0; k < found->ranked; k++) {
        size_t r = found->order[k];
        table_count(t, r);
        table_label(t, labels[r]);
        table_text(t, poison_audit_name(method));
        table_exact(t, found->score[r]);
        table_label(t, found->suggested[r]);
        table_count(t, k + 1);
    }
}

void print_joint(struct table *t, const poison_findings *found)
{
    for (size_t g = 0; g < found->K; g++)
        for (size_t c = 0; c < found->K; c++)
            if (c != g) {
                table_label(t, found->label[g]);
                table_label(t, found->label[c]);
                table_count(t, found->joint[g * found->K + c]);
            }
}

void print_scoreboard(struct table *t, int method, const poison_findings *found,
                      const uint8_t *flipped)
{
    poison_scores scores = poison_score(found, flipped);
    table_text(t, poison_audit_name(method));
    table_count(t, scores.flipped);
    if (audit_does(method, ESTIMATES) && scores.flipped)
        table_count(t, found->estimated);
    else
        table_none(t);
    table_number(t, scores.precision);
    table_number(t, scores.recall);
    table_number(t, scores.auc);
    table_number(t, scores.average_precision);
}
