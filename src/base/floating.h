/* SPDX-License-Identifier: MIT */
/*
 * floating - the floating-point state that our bits rest on, whatever the host's is
 *
 * A host may round otherwise, trap, or flush subnormal numbers to 0 (-ffast-math, in its program or
 * in a library that it loads, does so for every thread begun after that). Public functions that
 * compute, parse or print numbers begin with FLOATING(threads): to the end of the function, on the
 * calling thread and on OpenMP's, things are as IEEE 754 has them; then the host's state returns.
 */
#ifndef POISON_FLOATING_H
#define POISON_FLOATING_H

#include <fenv.h>

struct floating {
    fenv_t host;
    int threads; /* that had the host's state; 0: nothing was altered */
};

/* Some 200 ns where there is nothing to alter. */
struct floating floating_begin(int threads);
void floating_end(struct floating *floating);

#define FLOATING(threads)                                                      \
    struct floating floating_ __attribute__((cleanup(floating_end), unused)) = \
        floating_begin(threads)

#endif
