/* SPDX-License-Identifier: MIT */
/*
 * smo - one two-class problem, solved as LIBSVM solves it, to the last bit
 *
 *   min over alpha  1/2 alpha' Q alpha - sum alpha,   Q_st = y_s y_t k(x_s, x_t)
 *   subject to      0 <= alpha <= C of the side,      y' alpha = 0
 *
 * by sequential minimal optimisation: second-order working sets (Fan, Chen & Lin 2005), shrinking,
 * gradient rebuilt (Chang & Lin 2011, sections 4 and 5).
 *
 * What differs from LIBSVM without changing a bit: variables stay where they are, side +1 in front
 * and side -1 behind it; LIBSVM's swaps are kept only as a permutation, consulted in the three
 * places where the order shows (ties, the sums that rebuild the gradient, the sum behind rho).
 * F = y G takes the place of G, so that no sign is left in the loops. LIBSVM's G_bar is a list of
 * events, replayed when the gradient is rebuilt.
 *
 * A problem asks for the kernel rows that it needs and can be left waiting for one: smo_run is
 * called again.
 */
#ifndef POISON_SMO_H
#define POISON_SMO_H

#include "poison.h"
#include "simd.h"

enum { SMO_DONE, SMO_WAITS };

struct smo {
    /* set by the caller before smo_begin */
    size_t n[2];          /* rows of side +1, of side -1 */
    double C[2], tolerance; /* C of each side */
    int shrinking;
    int any_kernel;       /* 0: rbf, whose diagonal is 1 */
    size_t max_iterations; /* 0: no limit */
    const struct simd *simd;
    const volatile sig_atomic_t *cancel; /* or NULL */

    /* Makes row[t][0] and row[t][1] point at k(x_t, .) of both sides and returns 1, or returns 0 if
     * the row is not to be had yet; the pointers of variable `keep` must stay. It may set other
     * variables' pointers to NULL. */
    int (*fetch)(struct smo *smo, size_t t, size_t keep);
    void *owner; /* fetch's own */

    /* results */
    size_t iterations;
    int limited; /* it ended because of max_iterations */
    size_t fetched, waited; /* rows that fetch gave; times that it did not */
    /* the greatest violation, as last seen: falls, by and large, from 2 to the tolerance */
    double gap;
    double rho, objective;
    double *alpha; /* by variable; variable of row q of side s: smo_variable(smo, s, q) */

    /* the state, by variable; l <= size because side -1 begins at a cache line */
    size_t l, size, begin[2];
    /* k(x_t, x_t) in double; the caller fills it after smo_begin; NULL for rbf */
    double *diagonal;
    double *F;          /* y times the gradient */
    double *F_bar;      /* y times LIBSVM's G_bar, up to the events before `events` */
    double *rebuilt;
    double *scratch;
    const float *(*row)[2];
    uint32_t *at, *position; /* LIBSVM's order: at[position[t]] = t */
    int32_t *event;     /* +-(t + 1): F_bar changes by +-C k(x_t, .), C being t's */
    uint8_t *up, *low;  /* 0xFF: active, and y alpha may grow; may shrink */
    uint8_t *used;      /* set when a row is used; for the owner, who may clear it */
    size_t active, events, counter, rebuild_next;
    int stage, unshrunk, permuted, last_check;
    struct pick i, j;
    double shrink_up, shrink_low;
};

/* Bytes of memory that smo_begin needs for these numbers of rows. */
size_t smo_bytes(const size_t n[2], int any_kernel);

/* Puts the problem at alpha = 0 in `memory` (64-byte aligned), which must live as long as results
 * are read. */
void smo_begin(struct smo *smo, void *memory);

/* SMO_DONE, SMO_WAITS (for a row that fetch did not give), or POISON_ECANCEL. */
int smo_run(struct smo *smo);

/*
 * After SMO_WAITS: the variables whose rows it needs now (all of *needed must be there at once,
 * except while the gradient is rebuilt, when any one of them lets it go on), then up to `guesses`
 * that it will probably need next: the strongest violators without a row. Returns how many were
 * written to `wanted`, at most `most` >= 2.
 */
size_t smo_wants(const struct smo *smo, size_t *wanted, size_t most, size_t guesses,
                 size_t *needed);

static inline size_t smo_variable(const struct smo *smo, int side, size_t q)
{
    return smo->begin[side] + q;
}

#endif
