/* SPDX-License-Identifier: MIT */
/*
 * blas - OpenBLAS as a tenant: its controls, its faults, and the address space that it and libgomp
 * take unasked
 *
 * The only file that names them; kernel.c, which multiplies, calls cblas_sgemm and cblas_dgemm
 * between blas_begin and blas_end.
 */
#ifndef POISON_BLAS_H
#define POISON_BLAS_H

#include "poison.h"

/*
 * blas_prepare - before OpenBLAS gets ready, which is before main
 *
 * It takes a buffer and one more for each of its threads then, of which we use one, and where there
 * is no space for them it tries for ever. It also chooses its kernels then. (A shared OpenBLAS gets
 * ready before us.) put: setenv, which the program hands in: the library alters no environment.
 * NULL, or the sentence with which the program has to end.
 */
const char *blas_prepare(int (*put)(const char *name, const char *value, int overwrite));

/* Around products that are to run on the calling thread alone, inside parallel regions or outside;
 * what begin returns is end's. Neither may be left out. */
int blas_begin(void);
void blas_end(int threads);

/* So many threads will multiply, each alone. 0: there is no memory for OpenBLAS's buffers, which it
 * would ask for again and again. Once they are there, it costs nothing. From inside a parallel
 * region it does nothing: call it before. */
int blas_ready(int threads);
/* What OpenBLAS takes for each of them. */
size_t blas_buffer_bytes(void);

/* POISON_EDATA: a product was not what it should be. The sentence names the kernels in use. */
int blas_fail(poison_error *err);

/* 0: libgomp could not start so many threads now, and would end the process with a message of its
 * own. Else they run. */
int blas_threads_start(int threads);

/* Which build of OpenBLAS this is, for --version. fault: NULL, or what is wrong with it. */
struct blas_build {
    const char *config, *threading, *fault;
};
struct blas_build blas_build(void);

#endif
