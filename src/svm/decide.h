/* SPDX-License-Identifier: MIT */
/*
 * decide - decision values of machines on a set of rows, and the vote
 *
 *   f_ij(x) = sum over support rows s of coef_s k(x_s, x), minus rho_ij
 *   f_ij(x) > 0 is a vote for class i, else for j
 *
 * The class with most votes wins, of equal ones the first (LIBSVM's rule; Chang & Lin 2011, section
 * 7).
 */
#ifndef POISON_DECIDE_H
#define POISON_DECIDE_H

#include "kernel.h"

struct decisions {
    const poison_set *train, *set;
    poison_settings settings;
    struct kernel kernel;
    size_t m, P;
    double *value;  /* (P, m) */
    uint8_t *known; /* (P) value[p] is machine p's */

    struct rows rows; /* the set's */
    /* (n, m) kernel values of training rows with the set's, where have[row]; NULL: there are too
     * many */
    double *T;
    uint8_t *have;   /* (n) */
    int keep;        /* T may be made */
    size_t asked;    /* how often T might have been made */
    uint32_t *place; /* (n) scratch: where a training row's values are in a tile */
    size_t *row;     /* (n) scratch: support rows to compute */
};

/* Zeroed is empty. Kernel values are kept from one model to the next if they take at most `bytes`.
 * Errors: kernel_check_values'. */
int decisions_new(struct decisions *d, const poison_set *train, const poison_set *set,
                  const struct kernel *kernel, size_t bytes, const poison_settings *settings,
                  poison_error *err);
void decisions_free(struct decisions *d);

/* All values, the kernel's too, will be computed anew. */
void decisions_forget(struct decisions *d);

/* How many rows a model of P machines is to be asked about at once, so that their values take a
 * quarter of what memory allows */
size_t decisions_at_once(size_t P, const poison_settings *settings);

/* There are P machines now; machine p was number old[p] before, or is new (-1); old = NULL: all
 * are. POISON_ENOMEM, too, where values take more than the settings allow. */
int decisions_carry(struct decisions *d, size_t P, const ptrdiff_t *old, poison_error *err);

/* Computes what is not known: the values of all machines (P), or of machine `only`; on all rows, or
 * on row `row` and some beside it, which will not be known afterwards. POISON_ALL means all. */
int decisions_compute(struct decisions *d, const poison_machine *machine, size_t P, size_t only,
                      size_t row, poison_error *err);

/* predicted (m): the label with most votes; decision > 0 is a vote for the first class of a pair;
 * ties: smaller label. */
void decisions_vote(const struct decisions *d, const int *label, size_t K, int *predicted);
int decisions_vote_row(const struct decisions *d, const int *label, size_t K, size_t t);

#endif
