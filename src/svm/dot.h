/* SPDX-License-Identifier: MIT */
/*
 * dot - exact dot products of rows of 8-bit features: a few requested rows against a panel of
 * thousands
 *
 * The panel is packed once, for all engines; the requests once for each product; then any number of
 * threads multiply, each its own range of columns. All results are exact in 32 bits (255^2
 * DOT_FEATURES < 2^31), so all engines agree.
 *
 *     struct dot_panel panel = dot_panel_in(memory, n, d);   // of dot_panel_bytes(n, d)
 *     dot_panel_pack(&panel, x, NULL, 0, n);
 *     const struct dot_engine *engine = dot_engine(dot_best());
 *     struct dot_requests requests;
 *     engine->pack(&requests, x, which, count, d, scratch);  // of dot_requests_bytes(count, d)
 *     for (size_t first = 0; first < n; first += 256)        // in parallel, if you like
 *         engine->multiply(out + first, n, &requests, &panel, first, min(256, n - first));
 */
#ifndef POISON_DOT_H
#define POISON_DOT_H

#include <stddef.h>
#include <stdint.h>

enum { DOT_C, DOT_AVX2, DOT_VNNI, DOT_AMX, DOT_COUNT };

/* the most features whose dot product always fits: 255^2 * 33025 < 2^31 */
#define DOT_FEATURES 33025
#define DOT_STEP 32        /* ranges of panel rows begin at its multiples */

/* Rows of 8-bit features in groups of 16: byte [group][quad of 4 features][row in group][4], and
 * the sum of each row. 16 quads of a group are an AMX tile, one quad is an AVX-512 register.
 * Features are padded with zeros to a multiple of 64, rows to one of DOT_STEP. */
struct dot_panel {
    size_t n;
    int d;
    size_t quads; /* with the padding: a multiple of 16 */
    uint8_t *bytes;
    int32_t *sums; /* (n, padded) */
};

/* Of the memory that the caller gives to dot_panel_in, 64-byte aligned. */
size_t dot_panel_bytes(size_t n, int d);
/* An empty panel there. 1 <= d <= DOT_FEATURES. */
struct dot_panel dot_panel_in(void *memory, size_t n, int d);
/* Panel row r is row order[r] of x (.., d), or row r if order is NULL, for r in [from, to). Threads
 * can share the work: from is a multiple of DOT_STEP, and so is to, unless it is n. */
void dot_panel_pack(const struct dot_panel *panel, const uint8_t *x, const size_t *order,
                    size_t from, size_t to);

/* Requested rows, in the layout of one engine. */
struct dot_requests {
    size_t count;
    size_t row; /* bytes that a row takes */
    const uint8_t *bytes;
};

/*
 * Of the scratch memory that the caller gives to `pack`, 64-byte aligned; enough for every engine.
 */
size_t dot_requests_bytes(size_t count, int d);

struct dot_engine {
    const char *name;
    /* Request r is row which[r] of x (.., d), for r < count. The copies are in scratch; x is not
     * needed afterwards. */
    void (*pack)(struct dot_requests *requests, const uint8_t *x, const size_t *which, size_t count,
                 int d, void *scratch);
    /*
     * out[r ld + c] = request r . panel row first + c, for all requests, packed by this engine, and
     * c < columns; first is a multiple of DOT_STEP, first + columns <= n. Nothing else in out is
     * written. Requests and panel are only read, so threads can share them. Best with 128 to 512
     * columns: what is read and written then stays in L2.
     */
    void (*multiply)(int32_t *out, size_t ld, const struct dot_requests *requests,
                     const struct dot_panel *panel, size_t first, size_t columns);
};

/* Whether this machine runs an engine. For AMX the first call asks the kernel for the process's
 * permission to use tiles (all threads then have it, old and new): an engine may be used after
 * dot_available has said yes or dot_best named it. Both may be called from any thread. */
int dot_available(int which);
/* The fastest that is available. DOT_C is only a reference: single-precision GEMM is far faster. */
int dot_best(void);
/* NULL if this build does not have it; DOT_C it always has. */
const struct dot_engine *dot_engine(int which);

#endif
