/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include "base.h"
#include "escape.h"
#include "kernel.h"

#include <math.h>
#include <stdlib.h>

static int strongest_first(const void *a, const void *b)
{
    const struct push *s = a, *t = b;
    if (fabs(s->push) != fabs(t->push))
        return fabs(s->push) > fabs(t->push) ? -1 : 1;
    return s->row < t->row ? -1 : 1;
}

/*
 * The pushes of a machine's support vectors, strongest first: the terms of
 *
 *      f(x) = sum_s y_s alpha_s k(x_s, x) - rho
 *
 * so that they and minus rho add up to the decision value.
 */
static void measure_pushes(struct push *push, const poison_machine *machine,
                           const poison_data *data, size_t image, const struct kernel *kernel)
{
    for (size_t s = 0; s < machine->sv; s++) {
        size_t row = machine->sv_row[s];
        push[s] =
            (struct push){row, machine->sv_coef[s]
                                   * kernel_of_pair(kernel, &data->train, row, &data->test, image)};
    }
    qsort(push, machine->sv, sizeof *push, strongest_first);
}

/* Votes of the machines for each label; returns the label other than `but` with most of them, ties
 * to the smaller. */
static int count_votes(const poison_svm *svm, size_t image, int but, size_t votes[POISON_LABELS])
{
    const poison_machine *machine;
    const int *label;
    size_t P = poison_svm_machines(svm, &machine), K = poison_svm_classes(svm, &label);
    int best = label[0] == but ? label[1] : label[0];
    for (size_t p = 0; p < P; p++)
        votes[poison_svm_decisions(svm, 0, p)[image] > 0 ? machine[p].i : machine[p].j]++;
    for (size_t c = 0; c < K; c++)
        if (label[c] != but && votes[label[c]] > votes[best])
            best = label[c];
    return best;
}

/* Which image this is about: a comment; with JSON a table of its own. */
static void print_image(struct sheet *sheet, size_t image, int truth, int predicted)
{
    struct table t;
    sheet_start(sheet);
    if (!sheet->json) {
        fprintf(sheet->out, "# test image %zu is ", image);
        escape_text(sheet->out, poison_label_name(sheet->data, truth).text);
        fputs(" and is called ", sheet->out);
        escape_text(sheet->out, poison_label_name(sheet->data, predicted).text);
        putc('\n', sheet->out);
        return;
    }
    sheet_title(sheet, "the test image");
    table_begin(&t, sheet, "row\tcorrect\tpredicted");
    table_count(&t, image);
    table_label(&t, truth);
    table_label(&t, predicted);
}

static void print_votes(struct sheet *sheet, const poison_svm *svm,
                        const size_t votes[POISON_LABELS])
{
    const int *label;
    size_t K = poison_svm_classes(svm, &label);
    struct table t;
    sheet_title(sheet, "votes");
    table_begin(&t, sheet, "label\tvotes");
    for (size_t c = 0; c < K; c++) {
        table_label(&t, label[c]);
        table_count(&t, votes[label[c]]);
    }
}

static void print_machine(struct sheet *sheet, const struct explanation *e)
{
    const poison_machine *machine = e->machine;
    poison_label i = poison_label_name(sheet->data, machine->i),
                 j = poison_label_name(sheet->data, machine->j);
    struct table t;
    sheet_title(sheet, "the machine that decides between %s and %s: above 0 is %s", i.text, j.text,
                i.text);
    table_begin(&t, sheet, "i\tj\tdecision\tintercept\tpushes\tof_flipped_rows");
    table_label(&t, machine->i);
    table_label(&t, machine->j);
    table_exact(&t, e->decision);
    table_exact(&t, machine->rho != 0 ? -machine->rho : 0);
    table_exact(&t, e->pushes);
    table_exact(&t, e->flipped);
}

/* The machine between truth and prediction, if there is one; else that of the runner-up. */
int explain_find(struct explanation *e, const poison_svm *svm, const poison_data *data,
                 const int *labels, int predicted, size_t image, poison_error *err)
{
    *e = (struct explanation){.push = NULL};
    int truth = data->test.y[image], other = count_votes(svm, image, predicted, e->votes);
    double sign;
    if (truth != predicted && poison_svm_machine(svm, truth, predicted, &sign) >= 0)
        other = truth;
    size_t p = (size_t)poison_svm_machine(svm, predicted, other, &sign);
    poison_svm_machines(svm, &e->machine);
    e->machine += p;
    e->decision = poison_svm_decisions(svm, 0, p)[image];
    e->push = poison_take(e->machine->sv, sizeof *e->push);
    if (!e->push)
        return poison_fail_memory(err, e->machine->sv, sizeof *e->push, "the pushes");
    struct kernel kernel = kernel_of(poison_svm_settings(svm), poison_svm_gamma(svm));
    measure_pushes(e->push, e->machine, data, image, &kernel);
    for (size_t s = 0; s < e->machine->sv; s++) {
        const struct push *push = &e->push[s];
        e->pushes += push->push;
        e->flipped += labels[push->row] != data->train.y[push->row] ? push->push : 0;
    }
    return 0;
}

/* Three tables below a line about the image, each with its title; in JSON four. */
int explain_print(struct sheet *sheet, const poison_svm *svm, const int *labels, int predicted,
                  size_t image, size_t rows, poison_error *err)
{
    const poison_data *data = sheet->data;
    struct explanation e;
    int status = explain_find(&e, svm, data, labels, predicted, image, err);
    if (status < 0)
        return status;
    struct table t;
    print_image(sheet, image, data->test.y[image], predicted);
    print_votes(sheet, svm, e.votes);
    print_machine(sheet, &e);
    sheet_title(sheet, "the training rows that push it most, of %zu: above 0 towards %s",
                e.machine->sv, poison_label_name(data, e.machine->i).text);
    table_begin(&t, sheet, "row\tlabel\tfrom\tpush");
    for (size_t s = 0; s < e.machine->sv && s < rows; s++) {
        table_count(&t, e.push[s].row);
        table_label(&t, labels[e.push[s].row]);
        table_label(&t, data->train.y[e.push[s].row]);
        table_exact(&t, e.push[s].push);
    }
    free(e.push);
    return 0;
}
