/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base.h"
#include "blas.h"

#include <pthread.h>
#include <sys/mman.h>

enum { MOST_BUFFERS = 64 }; /* that every OpenBLAS has places for */

/* OpenBLAS's own, not in its headers: a buffer that was taken and given back is kept for later products. */
extern void *blas_memory_alloc(int kind) __attribute__((weak));
extern void blas_memory_free(void *buffer) __attribute__((weak));

int blas_room_there_is(size_t bytes)
{
    void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED)
        return 0;
    munmap(place, bytes);
    return 1;
}

int blas_room_for_threads(int threads)
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
    if (!blas_room_there_is((size_t)(threads - 1) * (stack + (1 << 16)) + ((size_t)4 << 20)))
        return 0;
#pragma omp parallel num_threads(threads) reduction(+ : sum) /* libgomp keeps them */
    sum++;
    return sum > 0;
}

int blas_room(int threads)
{
    static int kept; /* what OpenBLAS took before main is not lent; threads of the library's users may race here */
    void *buffer[MOST_BUFFERS];
    int ready = __atomic_load_n(&kept, __ATOMIC_RELAXED);
    if (threads > MOST_BUFFERS)
        threads = MOST_BUFFERS;
    if (threads <= ready || !blas_memory_alloc || !blas_memory_free)
        return 1;
    if (!blas_room_there_is((size_t)(threads - ready) * (BLAS_BUFFER + (1 << 16))))
        return 0;
    for (int t = 0; t < threads; t++)
        buffer[t] = blas_memory_alloc(0);
    for (int t = 0; t < threads; t++)
        blas_memory_free(buffer[t]);
    __atomic_store_n(&kept, threads, __ATOMIC_RELAXED);
    return 1;
}
