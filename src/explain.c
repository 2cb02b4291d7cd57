/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include "base.h"
#include "kernel.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>

enum { LABELS = 256 };

struct push {
    size_t row;
    double push; /* y alpha k(x_row, x) */
};

static int strongest_first(const void *a, const void *b)
{
    const struct push *s = a, *t = b;
    if (fabs(s->push) != fabs(t->push))
        return fabs(s->push) > fabs(t->push) ? -1 : 1;
    return s->row < t->row ? -1 : 1;
}

/* The pushes of a machine's support vectors, strongest first; they and minus rho add up to the decision value. */
static void measure_pushes(struct push *push, const poison_machine *machine, const poison_data *data, size_t image,
                           const struct kernel *kernel)
{
    for (size_t s = 0; s < machine->sv; s++) {
        size_t row = machine->sv_row[s];
        push[s] = (struct push){row, machine->sv_coef[s] * kernel_of_pair(kernel, &data->train, row, &data->test, image)};
    }
    qsort(push, machine->sv, sizeof *push, strongest_first);
}

/* Votes of the machines for each label; returns the label other than `but` with most of them, ties to the smaller. */
static int count_votes(const poison_svm *svm, size_t image, int but, size_t votes[LABELS])
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

int explain_print(FILE *out, const poison_svm *svm, const poison_data *data, const int *labels, int predicted, size_t image,
                  size_t rows, poison_error *err)
{
    const poison_machine *machine;
    const int *label;
    size_t votes[LABELS] = {0}, K = poison_svm_classes(svm, &label);
    int truth = data->test.y[image], other = count_votes(svm, image, predicted, votes);
    double sign, pushes = 0, flipped = 0;
    if (truth != predicted && poison_svm_machine(svm, truth, predicted, &sign) >= 0)
        other = truth;
    size_t p = (size_t)poison_svm_machine(svm, predicted, other, &sign);
    poison_svm_machines(svm, &machine);
    machine += p;
    struct push *push = poison_take(machine->sv, sizeof *push);
    if (!push)
        return poison_fail_memory(err, machine->sv, sizeof *push, "the pushes");
    struct kernel kernel = kernel_of(poison_svm_settings(svm), poison_svm_gamma(svm));
    measure_pushes(push, machine, data, image, &kernel);
    for (size_t s = 0; s < machine->sv; s++) {
        pushes += push[s].push;
        flipped += labels[push[s].row] != data->train.y[push[s].row] ? push[s].push : 0;
    }
    struct table t;
    fprintf(out, "# test image %zu is %d and is called %d\n\n# votes\n", image, truth, predicted);
    table_begin(&t, out, "label\tvotes");
    for (size_t c = 0; c < K; c++) {
        table_label(&t, label[c]);
        table_count(&t, votes[label[c]]);
    }
    fprintf(out, "\n# the machine that decides between %d and %d: above 0 is %d\n", machine->i, machine->j, machine->i);
    table_begin(&t, out, "i\tj\tdecision\tintercept\tpushes\tof_flipped_rows");
    table_label(&t, machine->i);
    table_label(&t, machine->j);
    table_exact(&t, poison_svm_decisions(svm, 0, p)[image]);
    table_exact(&t, machine->rho != 0 ? -machine->rho : 0);
    table_exact(&t, pushes);
    table_exact(&t, flipped);
    fprintf(out, "\n# the training rows that push it most, of %zu: above 0 towards %d\n", machine->sv, machine->i);
    table_begin(&t, out, "row\tlabel\tfrom\tpush");
    for (size_t s = 0; s < machine->sv && s < rows; s++) {
        table_count(&t, push[s].row);
        table_label(&t, labels[push[s].row]);
        table_label(&t, data->train.y[push[s].row]);
        table_exact(&t, push[s].push);
    }
    free(push);
    return 0;
}
