/* SPDX-License-Identifier: MIT */
/*
 * simd - the inner loops, once in plain C (the reference) and once for each instruction set, equal
 * in every bit
 *
 * No loop uses a fused multiply-add, all add in the order of the reference, and lengths and
 * alignment are free: nothing is read or written beyond `len` elements.
 */
#ifndef POISON_SIMD_H
#define POISON_SIMD_H

#include <stddef.h>
#include <stdint.h>

/* Below this argument of exp, floats are (nearly) subnormal and libm computes the kernel value. */
#define SIMD_EXP_FLOAT_MIN (-87.0)
/* The same of doubles; below the second one they are 0. */
#define SIMD_EXP_MIN (-708.0)
#define SIMD_EXP_ZERO (-746.0)

/* The winner of a scan: the last of the greatest values. */
struct pick {
    double value;    /* -INFINITY if there is none */
    ptrdiff_t index; /* -1 if there is none */
    int tied;        /* more than one element has this value */
};

/* The squared distances |x|^2 + |z_j|^2 - 2 x.z_j of a row x to rows z_j. The dot products come as
 * floats or 32-bit integers, or as doubles, or as the sum of a double and one of the others; NULL:
 * not that way. */
struct rbf {
    double gamma, norm;  /* |x|^2 */
    const double *norms; /* (len) |z_j|^2 */
    const float *dot;    /* (len) exact integers up to 2^24 */
    const int32_t *whole; /* (len) */
    const double *more;  /* (len) */
};

struct simd {
    /* A step of SMO: F[t] += ki[t] di + kj[t] dj (both products rounded, then their sum, then F),
     * and the scan for the next i: the greatest -F[t] where up[t] is 0xFF (not 0). `scratch` holds
     * len / 8 + 8 doubles. */
    void (*step)(double *F, const float *ki, const float *kj, double di, double dj,
                 const uint8_t *up, size_t len, double *scratch, struct pick *next);

    /* The scan for j by second-order gain: the greatest (gmax + F[t])^2 / max(2 - 2 ki[t], 1e-12)
     * where low[t] is 0xFF and gmax + F[t] > 0. Returns the greatest F[t] where low[t] is 0xFF, or
     * -INFINITY. */
    double (*gain)(const double *F, const float *ki, const uint8_t *low, double gmax, size_t len,
                   double *scratch, struct pick *best);
    /* The same for any kernel: divided by (own + diagonal[t]) - 2 ki[t], or by 1e-12 where that is
     * not above 0. */
    double (*gain_any)(const double *F, const float *ki, const double *diagonal, double own,
                       const uint8_t *low, double gmax, size_t len, double *scratch,
                       struct pick *best);

    /* sum[t] += weight k[t] (rounded before it is added) */
    void (*add)(double *sum, const float *k, double weight, size_t len);

    /* The first t in [from, len) where mask[t] is 0xFF and sign F[t] > bound, else len. sign: 1 or
     * -1 */
    size_t (*above)(const double *F, const uint8_t *mask, double sign, double bound, size_t from,
                    size_t len);

    /* (float)exp(-gamma * distance), libm's to the last bit */
    void (*rbf_float)(float *out, const struct rbf *rbf, size_t len);
    /* the same in double by simd_exp, within 1e-14 of it relatively; libm's where subnormal */
    void (*rbf_double)(double *out, const struct rbf *rbf, size_t len);

    /* sum[t] = coef[0] row[0][t] + coef[1] row[1][t] + ... from left to right, for each t < len */
    void (*weigh)(double *sum, const double *coef, const double *const *row, size_t count,
                  size_t len);

    /* ---- sums in any order, for those that are exact, or need not be ---- */

    /* sum[t] = sum over s < count of coef[s] row[s step + t], for each t < len */
    void (*weigh_floats)(double *sum, const double *coef, const float *row, size_t step,
                         size_t count, size_t len);
    /* dot[s] = sum over t < len of y[s of_y + t] row[s step + t], for each s < count; of_y: 0 or
     * step */
    void (*dots_float)(double *dot, const double *y, size_t of_y, const float *row, size_t step,
                       size_t count, size_t len);
    void (*dots)(double *dot, const double *y, size_t of_y, const double *row, size_t step,
                 size_t count, size_t len);
};

/* The loops of an instruction set that this CPU has (POISON_ISA_C: the reference). */
const struct simd *simd_loops(int isa);

/* exp by argument reduction and a polynomial of degree 11: the same operations in the same order
 * everywhere; below SIMD_EXP_MIN by libm */
double simd_exp(double x);

#endif
