/* SPDX-License-Identifier: MIT */
/*
 * exp - the kernel's vector exp against libm's, for each instruction set: 10^8 arguments,
 * mismatches, nanoseconds a value
 *
 * usage: exp [ARGUMENTS]      they are spread over [-110, 0], densest near 0; one in a thousand is
 *                             put where (float)exp() turns from one float to the next, so that the
 *                             guard band is entered
 *
 * A mismatch is a float that differs from (float)exp(): there must be none, and the exit code is 1
 * if there is one. The nanoseconds are of one thread and contain what is recomputed by libm.
 */
#include "poison.h"
#include "base.h"
#include "simd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096 };

static double uniform(uint64_t stream, uint64_t k)
{
    return (double)(poison_key(0, stream, k) >> 11) * 0x1p-53;
}

static double argument(uint64_t stream, uint64_t k)
{
    double a = -110 * uniform(stream, 2 * k) * uniform(stream, 2 * k + 1);
    if (k % 1000 == 0 && a > -87) {
        float f = (float)exp(a);
        a = log(0.5 * ((double)f + (double)nextafterf(f, 2)));
    }
    return a;
}

/* All threads, a block of arguments at a time; each value is compared with (float)exp(). */
int main(int argc, char **argv)
{
    double count = argc > 1 ? atof(argv[1]) : 1e8;
    int64_t blocks = (int64_t)(count / BLOCK) + 1, wrong = 0;
    printf("isa\targuments\tmismatches\tns_per_value\n");
    for (int isa = POISON_ISA_C; isa <= POISON_ISA_AVX512 && isa <= poison_isa_best(); isa++) {
        const struct simd *simd = simd_loops(isa);
        int64_t mismatches = 0;
        double seconds = 0;
#pragma omp parallel for reduction(+ : mismatches, seconds)
        for (int64_t b = 0; b < blocks; b++) {
            double x[BLOCK];
            float zero[BLOCK] = {0}, got[BLOCK], want[BLOCK];
            for (int k = 0; k < BLOCK; k++) {
                x[k] = argument((uint64_t)b, (uint64_t)k);
                want[k] = (float)exp(x[k]);
            }
            /* the argument is -gamma (0 + x - 0) */
            struct rbf rbf = {.gamma = -1, .norms = x, .dot = zero};
            double begun = poison_clock();
            simd->rbf_float(got, &rbf, BLOCK);
            seconds += poison_clock() - begun;
            for (int k = 0; k < BLOCK; k++)
                mismatches += memcmp(&want[k], &got[k], sizeof *got) != 0;
        }
        printf("%s\t%lld\t%lld\t%.2f\n", poison_isa_name(isa), (long long)(blocks * BLOCK),
               (long long)mismatches, 1e9 * seconds / (double)(blocks * BLOCK));
        wrong += mismatches;
    }
    return wrong > 0;
}
