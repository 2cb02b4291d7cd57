/* SPDX-License-Identifier: MIT */
#include "cache.h"

#include "base.h"
#include "budget.h"
#include "trace.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* of pieces that memory is taken for at a time: huge pages, few calls */
#define CHUNK_BYTES ((size_t)4 << 20)
#define NONE UINT32_MAX

struct piece {
    uint32_t row;      /* or NONE: free */
    uint32_t asked_in; /* the round of fills that it was last asked for in */
};

/* One label: its members' features and the pieces against them. */
struct panel {
    struct rows rows;
    size_t width;         /* floats a piece takes: members, rounded up */
    size_t per_chunk;     /* pieces whose memory is taken at a time */
    size_t pieces, most;  /* made so far; at most */
    size_t hand;          /* where the search for a piece to drop goes on */
    struct piece *piece;  /* (room for pieces, in chunks) */
    float **chunk;
    size_t chunks;
    uint32_t *place;      /* (n) the piece of each row, or NONE */
    uint32_t *vacant;     /* stack of free pieces */
    size_t vacancies;
    uint32_t *wanted;     /* pieces to compute */
    size_t wants;
};

struct cache {
    const poison_set *set;
    poison_settings settings;
    const struct dot_engine *dot;
    const struct simd *simd;
    struct kernel kernel;
    uint32_t round;
    struct panel panel[POISON_LABELS];
    struct tile *tiles;

    /* batches that are filled at a time */
    struct batch *batch;
    uint8_t *batch_memory;
    size_t batch_room, batch_size;
};

/* Takes the threads' tiles too, so that nothing has to be refused later but pieces and batches. */
int cache_new(struct cache **out, const poison_set *set, const struct kernel *kernel,
              const poison_settings *settings, poison_error *err)
{
    struct cache *cache = *out = poison_take(1, sizeof *cache);
    if (!cache)
        return poison_fail_memory(err, 1, sizeof *cache, "the cache");
    cache->set = set;
    cache->settings = *settings;
    cache->dot = kernel_engine(set, settings);
    cache->simd = simd_loops(settings->isa);
    cache->kernel = *kernel;
    cache->round = 1;
    cache->tiles = take_tiles(settings->threads, !cache->dot);
    if (!cache->tiles) {
        int status = fail_tiles(settings->threads, !cache->dot, err);
        cache_free(cache);
        *out = NULL;
        return status;
    }
    return 0;
}

static size_t chunk_bytes(const struct panel *panel)
{
    return panel->per_chunk * panel->width * sizeof(float);
}

static void panel_free(struct cache *cache, struct panel *panel)
{
    budget_give(cache->settings.trace, BUDGET_CACHE, panel->chunks * chunk_bytes(panel));
    rows_free(&panel->rows);
    for (size_t c = 0; c < panel->chunks; c++)
        free(panel->chunk[c]);
    free(panel->chunk);
    free(panel->piece);
    free(panel->place);
    free(panel->vacant);
    free(panel->wanted);
    *panel = (struct panel){0};
}

static void free_batches(struct cache *cache)
{
    budget_give(cache->settings.trace, BUDGET_BATCHES, cache->batch_room * cache->batch_size);
    free(cache->batch);
    free(cache->batch_memory);
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    for (int v = 0; v < POISON_LABELS; v++)
        panel_free(cache, &cache->panel[v]);
    free(cache->tiles);
    free_batches(cache);
    free(cache);
}

/* Only the rows are copied, and an empty index made; pieces come when they are asked for. */
int cache_panel(struct cache *cache, int label, const size_t *member, size_t n, poison_error *err)
{
    struct panel *panel = &cache->panel[label];
    panel_free(cache, panel);
    if (!n)
        return 0;
    size_t total = cache->set->n;
    panel->width = (n + 15) / 16 * 16;
    panel->place = poison_take(total, sizeof *panel->place);
    panel->rows = (struct rows){.kernel = cache->kernel, .dot = cache->dot};
    int status = rows_fill(&panel->rows, cache->set, n, member, &cache->settings, err);
    if (status == 0 && !panel->place)
        status = poison_fail_memory(err, total, sizeof *panel->place, "the cache's index");
    if (status < 0) {
        panel_free(cache, panel);
        return status;
    }
    memset(panel->place, 0xFF, total * sizeof *panel->place);
    cache->batch_size = batch_bytes(&panel->rows, total); /* the same for every panel */
    return 0;
}

size_t cache_need(const struct cache *cache, size_t pieces)
{
    size_t row = 0;
    for (int v = 0; v < POISON_LABELS; v++)
        row += cache->panel[v].width * sizeof(float);
    return row * pieces;
}

size_t cache_limit(struct cache *cache, size_t bytes)
{
    size_t row = cache_need(cache, 1), most = row ? bytes / row : 0;
    most = size_min(most, cache->set->n);
    for (int v = 0; v < POISON_LABELS; v++)
        cache->panel[v].most = most;
    return most;
}

static float *piece_values(const struct panel *panel, size_t p)
{
    return panel->chunk[p / panel->per_chunk] + p % panel->per_chunk * panel->width;
}

const float *cache_get(const struct cache *cache, size_t row, int label)
{
    const struct panel *panel = &cache->panel[label];
    return panel->place[row] == NONE ? NULL : piece_values(panel, panel->place[row]);
}

/* As many as take CHUNK_BYTES, but no more than there may be: of many labels each takes little. */
static size_t pieces_a_chunk(const struct panel *panel)
{
    size_t pieces = CHUNK_BYTES / sizeof(float) / panel->width;
    pieces = size_min(pieces, panel->most);
    return pieces ? pieces : 1;
}

/* Room for a chunk more of pieces; 0 if there is no memory. */
static int grow(struct cache *cache, struct panel *panel)
{
    if (!panel->chunks)
        panel->per_chunk = pieces_a_chunk(panel);
    size_t room = (panel->chunks + 1) * panel->per_chunk;
#define GROW(array, count)                                                       \
    do {                                                                         \
        void *larger_ = realloc(panel->array, (count) * sizeof *panel->array);   \
        if (!larger_)                                                            \
            return 0;                                                            \
        panel->array = larger_;                                                  \
    } while (0)
    GROW(piece, room);
    GROW(vacant, room);
    GROW(wanted, room);
    GROW(chunk, panel->chunks + 1);
#undef GROW
    panel->chunk[panel->chunks] = poison_take_big(panel->per_chunk, panel->width * sizeof(float));
    if (!panel->chunk[panel->chunks])
        return 0;
    panel->chunks++;
    budget_take(cache->settings.trace, BUDGET_CACHE, chunk_bytes(panel));
    return 1;
}

void cache_drop(struct cache *cache, size_t row, int label)
{
    struct panel *panel = &cache->panel[label];
    uint32_t p = panel->place[row];
    if (p == NONE)
        return;
    panel->place[row] = panel->piece[p].row = NONE;
    panel->vacant[panel->vacancies++] = p;
}

/* A piece to overwrite: free, new, or one that was not used since the hand last passed. NONE if
 * there is none. */
static uint32_t find_room(struct cache *cache, struct panel *panel, int label,
                          const struct cache_user *user)
{
    if (panel->vacancies)
        return panel->vacant[--panel->vacancies];
    if (panel->pieces < panel->most) {
        if (panel->pieces < panel->chunks * panel->per_chunk || grow(cache, panel))
            return (uint32_t)panel->pieces++;
        panel->most = panel->pieces; /* memory is out: this is the limit */
    }
    for (size_t k = 0; k < 2 * panel->pieces; k++) {
        uint32_t p = (uint32_t)panel->hand, row = panel->piece[p].row;
        panel->hand = (panel->hand + 1) % panel->pieces;
        if (panel->piece[p].asked_in == cache->round || user->in_use(user->self, row, label))
            continue;
        user->forget(user->self, row, label);
        panel->place[row] = NONE;
        return p;
    }
    return NONE;
}

int cache_ask(struct cache *cache, size_t row, int label, const struct cache_user *user)
{
    struct panel *panel = &cache->panel[label];
    uint32_t p = panel->place[row];
    if (p == NONE) {
        p = find_room(cache, panel, label, user);
        if (p == NONE)
            return 0;
        panel->place[row] = p;
        panel->piece[p].row = (uint32_t)row;
        panel->wanted[panel->wants++] = p;
    }
    panel->piece[p].asked_in = cache->round;
    return 1;
}

/* ---- filling --------------------------------------------------------------------------------- */

struct work {
    struct panel *panel;
    uint32_t *wanted;
    /* pieces of this batch; columns of its panel at a time; how often */
    size_t count, columns, ranges;
};

/*
 * Batches of at most KERNEL_TILE pieces of one panel. Returns how many; work may be NULL, to count.
 */
static size_t make_batches(struct cache *cache, struct work *work)
{
    size_t batches = 0;
    for (int v = 0; v < POISON_LABELS; v++) {
        struct panel *panel = &cache->panel[v];
        for (size_t from = 0; from < panel->wants; from += KERNEL_TILE, batches++) {
            size_t left = panel->wants - from, count = size_min(left, KERNEL_TILE);
            size_t columns = kernel_columns(&panel->rows, count);
            if (work)
                work[batches] = (struct work){panel, panel->wanted + from, count, columns,
                                              (panel->rows.n + columns - 1) / columns};
        }
    }
    return batches;
}

/* Room for batches that are filled at a time: they take a sixteenth of what memory allows, or there
 * are two a thread. */
static size_t take_batches(struct cache *cache, size_t batches)
{
    size_t most = budget_share(&cache->settings, BUDGET_BATCHES) / cache->batch_size,
           least = 2 * (size_t)cache->settings.threads;
    size_t room = size_min(size_max(most, least), batches);
    if (room <= cache->batch_room)
        return cache->batch_room;
    free_batches(cache);
    cache->batch = poison_take_big(room, sizeof *cache->batch);
    cache->batch_memory = poison_take_big(room, cache->batch_size);
    cache->batch_room = cache->batch && cache->batch_memory ? room : 0;
    budget_take(cache->settings.trace, BUDGET_BATCHES, cache->batch_room * cache->batch_size);
    return cache->batch_room;
}

static void pack(struct cache *cache, const struct work *work, size_t k)
{
    size_t row[KERNEL_TILE];
    for (size_t r = 0; r < work->count; r++)
        row[r] = work->panel->piece[work->wanted[r]].row;
    batch_fill(&cache->batch[k], cache->batch_memory + k * cache->batch_size, &work->panel->rows,
               cache->set, row, work->count, cache->tiles + omp_get_thread_num());
}

static void compute(struct cache *cache, const struct work *work, size_t k, size_t range)
{
    float *values[KERNEL_TILE];
    size_t first = range * work->columns, left = work->panel->rows.n - first;
    for (size_t r = 0; r < work->count; r++)
        values[r] = piece_values(work->panel, work->wanted[r]);
    kernel_floats(values, &cache->batch[k], &work->panel->rows, first,
                  size_min(left, work->columns), cache->tiles + omp_get_thread_num(),
                  cache->simd);
}

/* As many batches as there is room for; `most` ranges of columns in the longest. */
static void fill_batches(struct cache *cache, const struct work *work, size_t batches, size_t most)
{
    poison_trace *trace = cache->settings.trace;
    int chunk = batches * most < 64 * (size_t)cache->settings.threads ? 1 : 4;
#pragma omp parallel num_threads(cache->settings.threads)
    {
#pragma omp for schedule(dynamic)
        for (size_t k = 0; k < batches; k++) {
            double piece = trace_begin(trace);
            if (!poison_cancelled(&cache->settings))
                pack(cache, &work[k], k);
            trace_piece(trace, TRACE_ROWS, piece, NULL);
        }
#pragma omp for collapse(2) schedule(dynamic, chunk)
        for (size_t k = 0; k < batches; k++)
            for (size_t range = 0; range < most; range++)
                if (range < work[k].ranges && !poison_cancelled(&cache->settings)) {
                    double piece = trace_begin(trace);
                    compute(cache, &work[k], k, range);
                    trace_piece(trace, TRACE_ROWS, piece, NULL);
                }
    }
}

/*
 * Computes what was asked for since the last call: for each label, batches of up to KERNEL_TILE
 * rows times the label's members, as many batches at a time as have their memory. A piece's place
 * is fixed when it is asked for, so batches and ranges of columns write to disjoint memory, in any
 * order, on any thread.
 */
int cache_fill(struct cache *cache, poison_error *err)
{
    size_t batches = make_batches(cache, NULL), most = 0, pieces = 0,
           room = batches ? take_batches(cache, batches) : 1;
    poison_trace *trace = cache->settings.trace;
    double begun = trace_begin(trace), values = 0;
    struct work *work = poison_take(batches, sizeof *work);
    if (!work || !room) {
        free(work);
        return poison_fail_memory(err, 1, cache->batch_size, "the requests for kernel rows");
    }
    make_batches(cache, work);
    for (size_t k = 0; k < batches; k++) {
        most = size_max(most, work[k].ranges);
        pieces += work[k].count;
        values += (double)work[k].count * (double)work[k].panel->rows.n;
    }
    trace_room(trace, batches * (most + 1));
    for (size_t k = 0; k < batches; k += room)
        fill_batches(cache, work + k, size_min(batches - k, room), most);
    for (int v = 0; v < POISON_LABELS; v++)
        cache->panel[v].wants = 0;
    cache->round++;
    free(work);
    trace_count(trace, TRACE_COMPUTED, (double)pieces);
    trace_end(trace, TRACE_ROWS, begun, 2 * values * cache->set->d);
    if (poison_cancelled(&cache->settings))
        return poison_fail_cancelled(err);
    return tiles_status(cache->tiles, cache->settings.threads, err);
}
