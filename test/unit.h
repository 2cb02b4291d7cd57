/* SPDX-License-Identifier: MIT */
/* unit - what the unit tests share: cmocka, random numbers, memory that ends at an unmapped page */
#ifndef POISON_UNIT_H
#define POISON_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Uniform in [0, 1): number k of a test's stream */
static inline double uniform(uint64_t stream, uint64_t k)
{
    return (double)(poison_key(7, 100 + stream, k) >> 11) * 0x1p-53;
}

/* `bytes` of memory that end where an unmapped page begins: one element too far is a crash. Kept
 * until the end. */
static inline void *edge_memory(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page - 1) / page * page;
    char *map = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                     0);
    assert_true(map != MAP_FAILED);
    assert_int_equal(mprotect(map + whole, page, PROT_NONE), 0);
    return map + whole - bytes;
}

#endif
