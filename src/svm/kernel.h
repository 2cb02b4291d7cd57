/* SPDX-License-Identifier: MIT */
/*
 * kernel - kernel values of two rows, from their dot product: exact for 8-bit features
 *
 *   linear      x.z                        polynomial   (gamma x.z + coef0)^degree
 *   rbf         exp(-gamma |x - z|^2)      sigmoid      tanh(gamma x.z + coef0)
 *
 * Two engines make the dot products. OpenBLAS: distances do not change when every feature is
 * shifted, and products by what can be told of each row, so features are held as v - 128. Then a
 * dot product of up to 1024 of them, and every partial sum of it in any order, is an integer of at
 * most 1024 * 128^2 = 2^24: exact in single precision, fused or not. More features are cut in
 * slices whose results are added in double. (Unshifted, a slice could have 258 features only.) And
 * dot.h's integer loops, for the skinny products of a few rows with many. Features that are no
 * 8-bit integers go through double-precision GEMM, in shapes that all add up alike, so that a
 * value's bits depend on its two rows only.
 */
#ifndef POISON_KERNEL_H
#define POISON_KERNEL_H

#include "check.h"
#include "dot.h"
#include "poison.h"
#include "simd.h"

/* rows and columns of a product, or their mean: operands and result stay in 2 MiB of L2 */
#define KERNEL_TILE 256

struct kernel {
    int type; /* POISON_RBF, ... */
    double gamma, coef0;
    int degree;
};

/* The settings' kernel, with gamma as found for the data. */
struct kernel kernel_of(const poison_settings *settings, double gamma);

/* k(a_r, b_t) in double, from the definition; the kernel of a row with itself, as the solver needs
 * it. */
double kernel_of_pair(const struct kernel *kernel, const poison_set *a, size_t r,
                      const poison_set *b, size_t t);

/*
 * POISON_EDATA where arithmetic on kernel values would leave single (rows to train with) or double
 * precision: with k(x, x) all values are bounded (Cauchy-Schwarz; for the polynomial's own
 * reckoning, with |gamma x.z| + |coef0|). diagonal (n), or NULL for rbf and where nobody asks, gets
 * k(x, x).
 */
int kernel_check_values(const struct kernel *kernel, const poison_set *set, int single,
                        double *diagonal, int threads, poison_error *err);

/* Rows ready to be multiplied with others. Zeroed is empty; free with rows_free. One of x, v,
 * packed is filled. */
struct rows {
    size_t n;
    int d;
    struct kernel kernel;
    const struct dot_engine *dot; /* NULL: OpenBLAS */
    const struct simd *simd; /* this CPU's best, for checks of what OpenBLAS returns */
    float *x;                     /* (n, d) features - 128 */
    float *line;                  /* (check_lines(n), d) of x, for checks of products; or NULL */
    double *weight;               /* (n) */
    /* (n, d and some) features, if those are not 8-bit: slice by slice, see kernel.c */
    double *v;
    struct dot_panel packed;
    void *memory;                 /* of packed */
    /* NULL, or the settings': products are left out once it is not 0 */
    const volatile sig_atomic_t *cancel;
    poison_trace *trace; /* the settings', */
    size_t copies;       /* which counts so many bytes as copies until rows_free */
    /* (n) rbf: squared norms, of the features as they are held; else what the shift took from each
     * product, in two halves, one a row */
    double *norm;
};

/* What the rows of n samples would take, of 8-bit features. */
size_t rows_bytes(size_t n, int d, const struct dot_engine *dot);

/* Rows of doubles are copied to be multiplied, and very wide ones of 8-bit features become floats:
 * POISON_ENOMEM if n rows of the set, m others and a batch of either do not fit what the settings
 * allow. */
int kernel_check_memory(const poison_set *set, size_t n, size_t m, const poison_settings *settings,
                        poison_error *err);

/* Fills rows, of which kernel and dot are given: n rows, of which the s-th is row order[s] of the
 * set, or row s if order is NULL. They are empty after a failure. */
int rows_fill(struct rows *rows, const poison_set *set, size_t n, const size_t *order,
              const poison_settings *settings, poison_error *err);
void rows_free(struct rows *rows);

/* The integer engine that the settings choose for rows of a set, or NULL for OpenBLAS. */
const struct dot_engine *kernel_engine(const poison_set *set, const poison_settings *settings);

/* matrix[i ld + j] = (float)k(x_i, x_j) for all i, j < n; ld >= n; rows of OpenBLAS's kind. 0 or a
 * failure. */
int kernel_matrix(float *matrix, size_t ld, const struct rows *rows,
                  const poison_settings *settings, poison_error *err);

/* ---- pieces, for those who have threads of their own ----------------------------------------- */

/* A thread's scratch for products. */
struct tile {
    union {
        float dot[KERNEL_TILE * KERNEL_TILE];
        int32_t whole[KERNEL_TILE * KERNEL_TILE];
    };
    double more[KERNEL_TILE * KERNEL_TILE];
    size_t ld; /* of `more`: from a row to the next */
    struct check check;
};

/* Up to KERNEL_TILE rows of a set, in the layout that multiplies with some `struct rows`. */
struct batch {
    size_t count;
    float *x;
    double *v;
    struct dot_requests packed;
    double norm[KERNEL_TILE];
};

/*
 * What a batch of up to `count` rows takes, or of KERNEL_TILE if those are fewer: a multiple of 64.
 */
size_t batch_bytes(const struct rows *with, size_t count);
/* Row r of the batch is row which[r] of the set. `memory`: batch_bytes of `count` or more rows,
 * 64-byte aligned. tile: scratch */
void batch_fill(struct batch *batch, void *memory, const struct rows *with, const poison_set *set,
                const size_t *which, size_t count, struct tile *tile);

/* One for each thread, its arrays uninitialised, and OpenBLAS kept on its callers' threads. NULL if
 * there is no memory, for OpenBLAS's buffers (blas: its products are wanted) too. */
struct tile *take_tiles(int threads, int blas);
/* POISON_ENOMEM, with what they would have taken */
int fail_tiles(int threads, int blas, poison_error *err);

/* POISON_EDATA if one of OpenBLAS's products since they were taken was wrong: after all products,
 * and before anything is done with what came of them. */
int tiles_status(const struct tile *tiles, int threads, poison_error *err);

/* How many columns the products of a batch of `count` rows may have: KERNEL_TILE; more where the
 * rows are doubles and `count` is small. */
size_t kernel_columns(const struct rows *rows, size_t count);

/* Only the dot products of a batch with rows [first, first + columns), into the tile. */
void kernel_product(struct tile *tile, const struct batch *batch, const struct rows *rows,
                    size_t first, size_t columns);

/* The squared distances of a batch to rows (of rbf) [first, first + columns), exact for 8-bit
 * features: to distance[r][first + c]. */
void kernel_distances(double *const *distance, const struct batch *batch, const struct rows *rows,
                      size_t first, size_t columns, struct tile *tile);

/* Kernel values of a batch with rows [first, first + columns), columns <= kernel_columns; first and
 * first + columns are multiples of CHECK_GROUP, or this is the end: value r, c goes to
 * floats[r][first + c] (exactly rounded), or to doubles[r][c]. */
void kernel_floats(float *const *floats, const struct batch *batch, const struct rows *rows,
                   size_t first, size_t columns, struct tile *tile, const struct simd *simd);
void kernel_doubles(double *const *doubles, const struct batch *batch, const struct rows *rows,
                    size_t first, size_t columns, struct tile *tile, const struct simd *simd);

#endif
