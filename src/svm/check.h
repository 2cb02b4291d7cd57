/* SPDX-License-Identifier: MIT */
/*
 * check - whether a product of two matrices is theirs, for a hundredth of what it costs to make
 *
 * Of x (rows) times z (columns): the rows of x, weighted and added up, are one row more, whose
 * product with each row of z must be the product's rows, weighted and added up alike (Freivalds
 * 1977). Weights are 256 to 511 in a random order, another one for each product: none is 0 and no
 * two are equal, so that one wrong value or two swapped rows never pass. Whatever else is wrong
 * passes, a column, once in hundreds of times.
 *
 * 8-bit features less 128, by slices of 1024: all sums are integers below 2^53, exact in any order;
 * products must agree to the last bit. Doubles: within the bounds of rounding, all values finite.
 */
#ifndef POISON_CHECK_H
#define POISON_CHECK_H

#include "simd.h"

enum {
    CHECK_ROWS = 256,     /* the most rows of a product, */
    CHECK_COLUMNS = 4096, /* columns, */
    CHECK_WIDTH = 4096,   /* and features at a time */
    CHECK_SPOTS = 512,    /* columns that are checked of a product of doubles */
};

/* Of one thread. products and wrong are zero at the start. */
struct check {
    uint64_t products; /* that were checked: each has weights of its own */
    int wrong;         /* one of them was */
    size_t first, spots; /* of doubles: columns [first, first + spots) are checked */
    int d;               /* features that went by */
    double weight[CHECK_ROWS], line[CHECK_WIDTH], sum[CHECK_COLUMNS];
    double want[CHECK_SPOTS], norm[CHECK_SPOTS], norms[CHECK_ROWS];
};

/* What was multiplied: x (rows, width) and z (columns, width), `step` apart */
struct factors_float {
    const float *x, *z;
    size_t rows, columns, width, step;
};
struct factors {
    const double *x, *z;
    size_t rows, columns, width;
};

/* product[r ld + c] = x_r . z_c, to the last bit? */
void check_floats(struct check *check, const struct simd *simd, const struct factors_float *of,
                  const float *product, size_t ld);

/* Doubles come in slices of features: begin, a slice after the other, and then the sum of their
 * products. Few rows and many columns would cost as much to check as to multiply: then eight
 * columns a row are checked, other ones each time, and of the others that they are finite. */
void check_begin(struct check *check, size_t rows, size_t columns);
void check_slice(struct check *check, const struct simd *simd, const struct factors *of);
void check_doubles(struct check *check, const struct simd *simd, size_t rows, size_t columns,
                   const double *product, size_t ld);

#endif
