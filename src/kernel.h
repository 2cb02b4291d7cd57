/* SPDX-License-Identifier: MIT */
/*
 * kernel - RBF kernel values through OpenBLAS, exact for 8-bit features
 *
 * Distances do not change when every feature is shifted, so features are held as v - 128. Then a dot product of up to
 * 1024 of them, and every partial sum of it in any order, is an integer of at most 1024 * 128^2 = 2^24: exact in single
 * precision, fused or not. More features are cut in slices whose results are added in double. (Unshifted, a slice could
 * have 258 features only.)
 */
#ifndef POISON_KERNEL_H
#define POISON_KERNEL_H

#include "poison.h"

/* Rows ready for GEMM. Zeroed is empty; free with rows_free. */
struct rows {
    size_t n;
    int d;
    float *x;     /* (n, d) features - 128 */
    double *norm; /* (n) squared norms of the rows of x */
};

/* rows[s] is row order[s] of x (n, d), or row s if order is NULL. */
int rows_fill(struct rows *rows, const uint8_t *x, size_t n, int d, const size_t *order,
              const poison_settings *settings, poison_error *err);
void rows_free(struct rows *rows);

/* K[i ld + j] = (float)exp(-gamma |x_i - x_j|^2) for all i, j < n; ld >= n. 0 or POISON_ENOMEM, POISON_ECANCEL. */
int kernel_matrix(float *K, size_t ld, const struct rows *rows, double gamma, const poison_settings *settings,
                  poison_error *err);

/* T[r ld + t] = exp(-gamma |x_r - z_t|^2), double, for the `count` rows r in `which` and all t < tests->n <= ld. */
int kernel_cross(double *T, size_t ld, const struct rows *rows, const size_t *which, size_t count,
                 const struct rows *tests, double gamma, const poison_settings *settings, poison_error *err);

#endif
