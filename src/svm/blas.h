/* SPDX-License-Identifier: MIT */
/* blas - address space for what others take without asking whether there is any: libgomp's threads, OpenBLAS's buffers */
#ifndef POISON_BLAS_H
#define POISON_BLAS_H

#define BLAS_BUFFER ((size_t)128 << 20) /* a buffer of OpenBLAS's: two before main begins, one for each further thread that multiplies */

/* Whether `bytes` of address space can be had now. */
int blas_room_there_is(size_t bytes);

/*
 * Takes it while it can be refused: where there is none, libgomp ends the process with a message of its own, and OpenBLAS tries
 * for ever. 1: that many threads run, or multiply, without asking for more; 0: they would not. Not from inside a parallel region.
 */
int blas_room_for_threads(int threads);
int blas_room(int threads);

#endif
