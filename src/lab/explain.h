/* SPDX-License-Identifier: MIT */
/* explain - why a test image is called what it is called */
#ifndef POISON_EXPLAIN_H
#define POISON_EXPLAIN_H

#include "table.h"

/* How one test image was decided. */
struct explanation {
    size_t votes[POISON_LABELS];
    const poison_machine *machine; /* that decided, as below */
    double decision, pushes;       /* its decision value; the sum of all pushes */
    double flipped;                /* of the pushes, those of rows whose labels were altered */
    struct push {
        size_t row;
        double push; /* y alpha k(x_row, x) */
    } *push;         /* (machine->sv) the strongest first */
};

/*
 * svm has predicted the test set from labels (n), image `image` as `predicted`. The machine is that
 * between the image's true and its predicted label; between the predicted label and the runner-up
 * by votes, if they are the same, or if no training row has the true one. free() explanation->push.
 * POISON_ENOMEM.
 */
int explain_find(struct explanation *explanation, const poison_svm *svm, const poison_data *data,
                 const int *labels, int predicted, size_t image, poison_error *err);

/* Prints the votes, the machine, and the `rows` training rows that pushed it most, of the sheet's
 * data. As above. */
int explain_print(struct sheet *sheet, const poison_svm *svm, const int *labels, int predicted,
                  size_t image, size_t rows, poison_error *err);

#endif
