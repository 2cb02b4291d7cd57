/* SPDX-License-Identifier: MIT */
/*
 * badblas - OpenBLAS's products with a fault, for test/blas to preload
 *
 * BAD: 1 one value is off; 2 all are a little less; 3 nothing is written; 4 no value is a number; 5
 * two rows are swapped. Only the 5th product and those after it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>

static int fault(void)
{
    static int products;
    const char *bad = getenv("BAD");
    return bad && __atomic_fetch_add(&products, 1, __ATOMIC_RELAXED) >= 4 ? atoi(bad) : 0;
}

#define PRODUCT(name, type)                                                                      \
    void name(int order, int of_a, int of_b, int m, int n, int k, type alpha, const type *a,    \
              int lda, const type *b, int ldb, type beta, type *c, int ldc);                    \
    void name(int order, int of_a, int of_b, int m, int n, int k, type alpha, const type *a,    \
              int lda, const type *b, int ldb, type beta, type *c, int ldc)                     \
    {                                                                                           \
        void (*real)(int, int, int, int, int, int, type, const type *, int, const type *, int,  \
                     type, type *, int);                                                        \
        int bad = fault();                                                                      \
        *(void **)&real = dlsym(RTLD_NEXT, #name);                                              \
        if (bad != 3)                                                                           \
            real(order, of_a, of_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);              \
        if (bad == 1)                                                                           \
            c[0] += c[0] / 2 + 1;                                                               \
        for (long r = 0; r < m; r++)                                                            \
            for (long s = 0; s < n; s++) {                                                      \
                type *at = c + r * ldc + s, other = c[s];                                       \
                if (bad == 2)                                                                   \
                    *at *= (type)0.999;                                                         \
                if (bad == 4)                                                                   \
                    *at = (type)NAN;                                                            \
                if (bad == 5 && r == m / 2)                                                     \
                    c[s] = *at, *at = other;                                                    \
            }                                                                                   \
    }
PRODUCT(cblas_sgemm, float)
PRODUCT(cblas_dgemm, double)
