/* SPDX-License-Identifier: MIT */
/*
 * cache - kernel rows on demand, in pieces: the values of one row against the members of one class
 *
 * A piece (row, label) serves every machine that has both. Pieces are asked for one by one and
 * computed together, so that a few products serve many requests; when memory is full, pieces that
 * nobody used for a while make room (the clock algorithm: a hand goes round, and takes what was not
 * used since it last passed; Corbato 1968). What is here never changes a result: a value's bits
 * depend on its two rows only.
 */
#ifndef POISON_CACHE_H
#define POISON_CACHE_H

#include "kernel.h"


struct cache;

/* Who uses the pieces, asked before one is dropped. */
struct cache_user {
    void *self;
    int (*in_use)(void *self, size_t row, int label); /* since this was last asked? */
    void (*forget)(void *self, size_t row, int label); /* its memory becomes another piece's */
};

/* `set` must outlive the cache. */
int cache_new(struct cache **cache, const poison_set *set, const struct kernel *kernel,
              const poison_settings *settings, poison_error *err);
void cache_free(struct cache *cache);

/*
 * Label's members are rows member[0..n) now; what was computed against its former ones is dropped.
 */
int cache_panel(struct cache *cache, int label, const size_t *member, size_t n, poison_error *err);

/* May hold `bytes` of pieces from now on. Returns how many pieces a label that is. */
size_t cache_limit(struct cache *cache, size_t bytes);
/* Bytes that so many pieces of every label take. */
size_t cache_need(const struct cache *cache, size_t pieces);

/* Values of training row `row` against the label's members, or NULL. Threads may call it while
 * nobody asks or fills. */
const float *cache_get(const struct cache *cache, size_t row, int label);

/* Asks for a piece; what is asked for, and what was found, stays at least until the next cache_fill
 * has ended. 1: it is here or will be. 0: every piece of this label has been asked for, or memory
 * is out. */
int cache_ask(struct cache *cache, size_t row, int label, const struct cache_user *user);

/* Computes all that was asked for, with the threads of the settings. */
int cache_fill(struct cache *cache, poison_error *err);

/* The piece will not be used again. */
void cache_drop(struct cache *cache, size_t row, int label);

#endif
