/* SPDX-License-Identifier: MIT */
/* base - what every floor stands on: errors, memory, keyed random numbers, checksums, the clock */
#ifndef POISON_BASE_H
#define POISON_BASE_H

#include "poison.h"

#include <stdio.h>

#ifdef __FAST_MATH__
#error "poison's results are exact to the last bit: -ffast-math is not for it"
#endif

#define TRY(call)                     \
    do {                              \
        if ((status = (call)) < 0)    \
            goto done;                \
    } while (0)

/* Fills *err (if not NULL), returns status: return poison_fail(err, POISON_EDATA, "%s", why); */
int poison_fail(poison_error *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int poison_fail_memory(poison_error *err, size_t count, size_t size, const char *what);

/* Zeroed memory of count items of `size` bytes; NULL: there is none, or no such size. free() it. */
void *poison_take(size_t count, size_t size);
/* The same for big buffers: 64-byte aligned, in huge pages if the system has some, not zeroed. */
void *poison_take_big(size_t count, size_t size);

/* A stream whose text is in *text (free() it) and *size once it is closed. fclose fails, and *text
 * is NULL, where memory ended on the way: of open_memstream's glibc loses the rest then, and
 * neither ferror nor fclose tells. */
FILE *poison_text_open(char **text, size_t *size);

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Splitmix64's finaliser (Steele, Lea, Flood 2014), and the random number of (seed, stream, row):
 * no order, no state, no threads in it. */
uint64_t poison_mix(uint64_t x);
uint64_t poison_key(uint64_t seed, uint64_t stream, uint64_t row);

/* Where a hash table has a text of `length` bytes, or may get it: slot (mask + 1, a power of two,
 * never full) holds 1 + the text's number in `text`, or 0. */
uint32_t *poison_hash_slot(uint32_t *slot, size_t mask, const char *const *text, const char *wanted,
                           size_t length);

/* CRC-32 (as in gzip) of data that follows what gave `crc`; 0 at the start. */
uint32_t poison_crc32(uint32_t crc, const void *data, size_t length);

/* of -j, and of what OMP_NUM_THREADS asks for: libgomp crashes at much more */
#define POISON_MOST_THREADS 1024

double poison_clock(void); /* seconds, monotonic */

/* by a signal or by another thread; NULL: never */
int poison_raised(const volatile sig_atomic_t *flag);
int poison_cancelled(const poison_settings *settings);
int poison_fail_cancelled(poison_error *err);
/* Whether a system call that has just failed is to be made again: a signal interrupted it (errno),
 * and nobody has raised the flag. */
int poison_again(const volatile sig_atomic_t *flag);

/* Tells settings->progress; of a parallel region only the first thread does, which may print. */
void poison_tell(const poison_settings *settings, const char *doing, double done, const char *unit,
                 double share);
/* A sentence for its user, who may know better, while the work goes on; by the same way, so from
 * no other thread either. Names from strangers need no escapes: who prints it escapes it. */
void poison_warn(const poison_settings *settings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
