/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base.h"

#include <errno.h>
#include <omp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

int poison_fail(poison_error *err, int status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return status;
}

int poison_fail_memory(poison_error *err, size_t count, size_t size, const char *what)
{
    double mib = (double)count * (double)size / (1 << 20);
    return poison_fail(err, POISON_ENOMEM, "out of memory: %s needs %.*f MiB", what,
                       mib < 10 ? 2 : 0, mib);
}

void *poison_take(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return calloc(bytes ? bytes : 1, 1);
}

void *poison_take_big(size_t count, size_t size)
{
    size_t bytes;
    void *memory;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX)
        return NULL;
    if (bytes == 0)
        bytes = 64;
    if (bytes < 1 << 21) /* less than a huge page */
        return posix_memalign(&memory, 64, bytes) ? NULL : memory;
    if (posix_memalign(&memory, 1 << 21, bytes))
        return NULL;
    /* a wish: first touch of 4 KiB pages is slow on virtual machines */
    madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

/* ---- text that grows ------------------------------------------------------------------------- */

struct growing {
    char **text, *bytes;
    size_t *size, length, room;
    int lost;
};

static ssize_t grow(void *cookie, const char *bytes, size_t length)
{
    struct growing *g = cookie;
    if (length >= g->room - g->length) {
        size_t room = 2 * (g->length + length + 1);
        char *larger = realloc(g->bytes, room);
        if (!larger) {
            g->lost = 1;
            return 0; /* an error, says fopencookie(3) */
        }
        g->bytes = larger;
        g->room = room;
    }
    memcpy(g->bytes + g->length, bytes, length);
    g->length += length;
    return (ssize_t)length;
}

static int finish(void *cookie)
{
    struct growing g = *(struct growing *)cookie;
    free(cookie);
    if (g.lost) {
        free(g.bytes);
        errno = ENOMEM;
        return -1;
    }
    g.bytes[g.length] = 0;
    *g.text = g.bytes;
    *g.size = g.length;
    return 0;
}

FILE *poison_text_open(char **text, size_t *size)
{
    enum { ROOM = 1024 };
    struct growing *g = poison_take(1, sizeof *g);
    char *bytes = poison_take(ROOM, 1);
    const cookie_io_functions_t functions = {.write = grow, .close = finish};
    FILE *out = g && bytes ? fopencookie(g, "w", functions) : NULL;
    *text = NULL;
    *size = 0;
    if (out) {
        *g = (struct growing){.text = text, .size = size, .bytes = bytes, .room = ROOM};
    } else {
        free(g);
        free(bytes);
    }
    return out;
}

uint64_t poison_mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

uint64_t poison_key(uint64_t seed, uint64_t stream, uint64_t row)
{
    return poison_mix(poison_mix(poison_mix(seed) + stream) + row);
}

/* FNV-1a, mixed, since its low bits are poor; where another text is, the next slot is tried. */
uint32_t *poison_hash_slot(uint32_t *slot, size_t mask, const char *const *text, const char *wanted,
                           size_t length)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)wanted[i]) * 1099511628211u;
    size_t at = poison_mix(hash) & mask;
    for (; slot[at]; at = (at + 1) & mask) {
        const char *other = text[slot[at] - 1];
        if (strlen(other) == length && memcmp(other, wanted, length) == 0)
            break; /* a zero in `wanted` equals no text */
    }
    return &slot[at];
}

uint32_t poison_crc32(uint32_t crc, const void *data, size_t length)
{
    uint32_t table[256]; /* made at each call: 2 us, and no global state */
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c >> 1 ^ (c & 1 ? 0xEDB88320 : 0);
        table[i] = c;
    }
    const uint8_t *byte = data;
    crc = ~crc;
    while (length--)
        crc = crc >> 8 ^ table[(crc ^ *byte++) & 255];
    return ~crc;
}

double poison_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int poison_raised(const volatile sig_atomic_t *flag)
{
    return flag && __atomic_load_n(flag, __ATOMIC_RELAXED);
}

int poison_again(const volatile sig_atomic_t *flag)
{
    return errno == EINTR && !poison_raised(flag);
}

int poison_cancelled(const poison_settings *settings)
{
    return poison_raised(settings->cancel);
}

int poison_fail_cancelled(poison_error *err)
{
    return poison_fail(err, POISON_ECANCEL, "interrupted");
}

void poison_tell(const poison_settings *settings, const char *doing, double done, const char *unit,
                 double share)
{
    poison_progress progress = {doing, unit, done, share, NULL};
    if (settings->progress && omp_get_thread_num() == 0)
        settings->progress(settings->progress_self, &progress);
}

void poison_warn(const poison_settings *settings, const char *format, ...)
{
    poison_error sentence;
    poison_progress progress = {"", "", 0, 0, sentence.text};
    if (!settings->progress || omp_get_thread_num() != 0)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(sentence.text, sizeof sentence.text, format, args);
    va_end(args);
    settings->progress(settings->progress_self, &progress);
}
