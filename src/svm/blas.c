/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "blas.h"

#include "base.h"

#include <cblas.h>
#if defined __x86_64__
#include <cpuid.h>
#endif
#include <omp.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

/* one of OpenBLAS's: it takes two before main, one more for each further thread that multiplies */
#define BUFFER ((size_t)128 << 20)
#define GUARD ((size_t)64 << 10)   /* of address space beside each buffer or stack */

enum { MOST_BUFFERS = 64 }; /* that every OpenBLAS has places for */

/* OpenBLAS's own, not in its headers: a buffer that was taken and given back is kept for later
 * products. */
extern void *blas_memory_alloc(int kind) __attribute__((weak));
extern void blas_memory_free(void *buffer) __attribute__((weak));

/* ---- address space that can be refused ------------------------------------------------------- */

/* Whether `bytes` of address space can be had now. */
static int there_is(size_t bytes)
{
    void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED)
        return 0;
    munmap(place, bytes);
    return 1;
}

int blas_threads_start(int threads)
{
    pthread_attr_t attr;
    size_t stack = (size_t)8 << 20;
    int sum = 0;
    if (pthread_getattr_default_np(&attr) == 0) {
        pthread_attr_getstacksize(&attr, &stack);
        pthread_attr_destroy(&attr);
    }
    if (threads < 2)
        return 1;
    if (!there_is((size_t)(threads - 1) * (stack + GUARD) + ((size_t)4 << 20)))
        return 0;
#pragma omp parallel num_threads(threads) reduction(+ : sum) /* libgomp keeps them */
    sum++;
    return sum > 0;
}

/* OpenBLAS takes the buffers of `threads` and keeps them. 0: there is no space. Not from inside a
 * parallel region. */
static int take_buffers(int threads)
{
    /* what OpenBLAS took before main is not lent; threads of the library's users may race here */
    static int kept;
    void *buffer[MOST_BUFFERS];
    int ready = __atomic_load_n(&kept, __ATOMIC_RELAXED);
    if (threads > MOST_BUFFERS)
        threads = MOST_BUFFERS;
    if (threads <= ready || !blas_memory_alloc || !blas_memory_free)
        return 1;
    if (!there_is((size_t)(threads - ready) * (BUFFER + GUARD)))
        return 0;
    for (int t = 0; t < threads; t++)
        buffer[t] = blas_memory_alloc(0);
    for (int t = 0; t < threads; t++)
        blas_memory_free(buffer[t]);
    __atomic_store_n(&kept, threads, __ATOMIC_RELAXED);
    return 1;
}

/* ---- one thread a product -------------------------------------------------------------------- */

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/*
 * OpenBLAS's OpenMP build takes one thread where OpenMP would give it one: inside a region of
 * several threads, or after this. It is a setting of the calling thread, which gets it back.
 * openblas_set_num_threads would not give it back, and is not to be called by two threads at once.
 * Its serial build (0.3.21) looks for a free buffer without a lock, and two threads may write into
 * one: there they take turns.
 */
int blas_begin(void)
{
    int threads = omp_in_parallel() ? 0 : omp_get_max_threads();
    if (threads)
        omp_set_num_threads(1);
    if (openblas_get_parallel() == OPENBLAS_SEQUENTIAL)
        pthread_mutex_lock(&one_at_a_time);
    return threads;
}

void blas_end(int threads)
{
    if (openblas_get_parallel() == OPENBLAS_SEQUENTIAL)
        pthread_mutex_unlock(&one_at_a_time);
    if (threads)
        omp_set_num_threads(threads);
}

int blas_ready(int threads)
{
    if (omp_in_parallel())
        return 1;
    /* that build asks OpenMP; others have a setting of the process */
    if (openblas_get_parallel() != OPENBLAS_OPENMP)
        openblas_set_num_threads(1);
    int before = blas_begin(),
        taken = take_buffers(openblas_get_parallel() == OPENBLAS_SEQUENTIAL ? 1 : threads);
    blas_end(before);
    return taken;
}

size_t blas_buffer_bytes(void)
{
    return BUFFER;
}

/* ---- before main ----------------------------------------------------------------------------- */

/* OpenBLAS chooses AMD's kernels by the CPU's family alone, and meets illegal instructions where a
 * virtual machine's has no 3DNow! or FMA4. The name of kernels that run there, for
 * OPENBLAS_CORETYPE; NULL: it may choose. */
static const char *core_that_runs(void)
{
#if defined __x86_64__
    unsigned a, b, c, d, version, features;
    if (!__get_cpuid(0, &a, &b, &c, &d) || c != signature_AMD_ecx ||
        !__get_cpuid(1, &version, &b, &features, &d) || !(features & bit_SSE3) ||
        !__get_cpuid(0x80000001, &a, &b, &c, &d))
        return NULL;
    unsigned family = (version >> 8 & 0xF) + (version >> 20 & 0xFF);
    if (((family == 0x0F || family == 0x11) && !(d & bit_3DNOW)) ||
        (family == 0x15 && !(c & bit_FMA4)))
        return "Prescott";
#endif
    return NULL;
}

const char *blas_prepare(int (*put)(const char *name, const char *value, int overwrite))
{
    const char *core = core_that_runs();
    put("OPENBLAS_NUM_THREADS", "1", 1);
    if (core)
        put("OPENBLAS_CORETYPE", core, 0);
    if (there_is(2 * BUFFER + ((size_t)14 << 20)))
        return NULL;
    return "out of memory: OpenBLAS alone begins with 256 MiB of address space, the program needs "
           "300 (ulimit -v)";
}

/* ---- which one it is ------------------------------------------------------------------------- */

struct blas_build blas_build(void)
{
    static const char *const threading[] = {"serial", "pthreads", "OpenMP"};
    struct blas_build build = {openblas_get_config(), "unknown threading", NULL};
    int parallel = openblas_get_parallel();
    if (parallel >= 0 && parallel <= 2)
        build.threading = threading[parallel];
    if (parallel == OPENBLAS_SEQUENTIAL)
        build.fault =
            "its serial build is not safe for threads: products are made one after the other";
    else if (parallel != OPENBLAS_OPENMP)
        build.fault = "its threads and OpenMP's may compete for the cores";
    return build;
}

int blas_fail(poison_error *err)
{
    const char *core = openblas_get_corename(), *remedy = "";
#if defined __x86_64__
    /* old and plain, on every CPU */
    remedy = strcmp(core, "Nehalem") == 0 ? "set OPENBLAS_CORETYPE=Prescott, or "
                                          : "set OPENBLAS_CORETYPE=Nehalem, or ";
#endif
    return poison_fail(err, POISON_EDATA,
                       "OpenBLAS multiplies wrongly on this machine, with its kernels for %s: "
                       "%sinstall another version of OpenBLAS",
                       core, remedy);
}
