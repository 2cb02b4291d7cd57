/* SPDX-License-Identifier: MIT */
/* room - address space for what others take without asking whether there is any: libgomp's threads, OpenBLAS's buffers */
#ifndef POISON_ROOM_H
#define POISON_ROOM_H

#define ROOM_BLAS ((size_t)128 << 20) /* a buffer of OpenBLAS's: two before main begins, one for each further thread that multiplies */

/* Whether `bytes` of address space can be had now. */
int room_there_is(size_t bytes);

/*
 * Takes it while it can be refused: where there is none, libgomp ends the process with a message of its own, and OpenBLAS tries
 * for ever. 1: that many threads run, or multiply, without asking for more; 0: they would not. Not from inside a parallel region.
 */
int room_for_threads(int threads);
int room_for_blas(int threads);

#endif
