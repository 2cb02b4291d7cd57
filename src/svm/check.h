/* SPDX-License-Identifier: MIT */
/*
 * check - whether a product of two matrices is theirs, for a hundredth of what it costs to make
 *
 * Of x (rows) times z (columns): the rows of one, weighted and added up, are one row more, a line,
 * whose product with each row of the other must be the product's own rows or columns, weighted and
 * added up alike (Freivalds 1977). Weights are 256 to 511 in a random order: none is 0 and no two
 * are equal, so that one wrong value or two that are swapped never pass. Whatever else is wrong
 * passes, a row or a column, once in hundreds of times.
 *
 * 8-bit features less 128, by slices of 1024: z has its lines once, for all products. All sums are
 * integers below 2^53, exact in any order; products must agree to the last bit. Doubles: x has a
 * line for each product, with other weights. Within the bounds of rounding, all values finite.
 */
#ifndef POISON_CHECK_H
#define POISON_CHECK_H

#include "simd.h"

enum {
    CHECK_ROWS = 256,     /* the most rows of a product, */
    CHECK_COLUMNS = 4096, /* columns, */
    CHECK_WIDTH = 4096,   /* and features at a time */
    CHECK_SPOTS = 512,    /* columns that are checked of a product of doubles */
    CHECK_GROUP = 64,     /* rows of floats that have a line: exact in single precision */
};

/* Of one thread. products and wrong are zero at the start. */
struct check {
    int wrong;           /* a product was */
    uint64_t products;   /* of doubles: each has weights of its own, */
    size_t first, spots; /* columns [first, first + spots) that are checked, */
    int d;               /* and features that went by */
    double weight[CHECK_ROWS], line[CHECK_WIDTH], sum[CHECK_COLUMNS];
    double want[CHECK_SPOTS], norm[CHECK_SPOTS], norms[CHECK_ROWS];
};

/* What was multiplied: x (rows, width) and z (columns, width); of floats, rows and lines are `step`
 * apart */
struct factors_float {
    const float *x, *z, *line; /* z's first group's, or NULL: they are not there */
    const double *weight;  /* (columns) z's */
    size_t rows, columns, width, step;
};
struct factors {
    const double *x, *z;
    size_t rows, columns, width;
};

/* How many lines so many rows have; few have none, so that they take no more than themselves */
size_t check_lines(size_t count);
/* Of up to CHECK_ROWS rows z (count, d): weights, which depend on `key`, and lines. */
void check_draw(double *weight, size_t count, uint64_t key);
void check_add_up(float *line, const struct simd *simd, const double *weight, const float *z,
                  size_t count, size_t d);
/* product[r ld + c] = x_r . z_c, to the last bit? z begins and ends with a group. */
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
