/* SPDX-License-Identifier: MIT */
/* Each engine against sums in 64 bits: every tail, extreme features, memory that ends at an
 * unmapped page, two threads */
#include "unit.h"

#include "dot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { ROWS = 200, MOST_D = 1000, MOST_COUNT = 256, GAP = 3, CANARY = 0x5EA1ED00 };

/* Where maximal buffers end; smaller ones end there too. */
static uint8_t *x_end, *panel_end, *scratch_end, *out_end;
static uint8_t *x; /* (ROWS, d) */
static size_t order[ROWS], which[MOST_COUNT];
static int64_t truth[ROWS][ROWS];

static void *edge_end(size_t bytes)
{
    return (uint8_t *)edge_memory(bytes) + bytes;
}

/* Rows of d features from stream `s`: any, or (bright >= 0) all the same. Panel and requests take
 * them in some order. */
static void fill(int d, uint64_t s, int bright)
{
    x = x_end - (size_t)(ROWS * d);
    for (size_t k = 0; k < (size_t)(ROWS * d); k++)
        x[k] = (uint8_t)(bright >= 0 ? bright : (int)(256 * uniform(s, k)));
    for (size_t r = 0; r < ROWS; r++)
        order[r] = (r * 77 + s) % ROWS;
    for (size_t r = 0; r < MOST_COUNT; r++)
        which[r] = (size_t)(ROWS * uniform(s + 1, r));
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < ROWS; j++) {
            truth[i][j] = 0;
            for (int k = 0; k < d; k++)
                truth[i][j] += (int64_t)x[i * (size_t)d + k] * x[j * (size_t)d + k];
        }
}

/* A panel of rows order[0..n), packed in two pieces over rubbish. */
static struct dot_panel fresh_panel(size_t n, int d)
{
    size_t bytes = dot_panel_bytes(n, d);
    memset(panel_end - bytes, 0xC3, bytes);
    struct dot_panel panel = dot_panel_in(panel_end - bytes, n, d);
    dot_panel_pack(&panel, x, order, DOT_STEP, n);
    dot_panel_pack(&panel, x, order, 0, DOT_STEP);
    return panel;
}

/* out[r ld + c], in memory of exactly that size: the products in its columns, canaries
 * beside them */
static void check_product(const struct dot_engine *engine, const struct dot_panel *panel,
                          size_t count, size_t first, size_t columns)
{
    size_t scratch = dot_requests_bytes(count, panel->d), ld = columns + GAP,
           size = (count - 1) * ld + columns;
    int32_t *out = (int32_t *)(void *)out_end - size;
    struct dot_requests requests;
    memset(scratch_end - scratch, 0xC3, scratch);
    engine->pack(&requests, x, which, count, panel->d, scratch_end - scratch);
    for (size_t k = 0; k < size + GAP; k++)
        out[(ptrdiff_t)k - GAP] = CANARY;
    engine->multiply(out, ld, &requests, panel, first, columns);
    for (size_t k = 0; k < size + GAP; k++) {
        size_t r = k / ld, c = k % ld;
        int64_t wanted = c < GAP ? CANARY : truth[which[r]][order[first + c - GAP]];
        if (out[(ptrdiff_t)k - GAP] != wanted)
            fail_msg("%s: d %d, %zu requests, columns %zu + %zu: (%zu, %td) is %d, not %lld",
                     engine->name, panel->d, count, first, columns, r, (ptrdiff_t)c - GAP,
                     out[(ptrdiff_t)k - GAP], (long long)wanted);
    }
}

static void every_tail(void **state)
{
    static const int features[] = {1, 3, 4, 63, 64, 65, 784, MOST_D};
    static const size_t widths[] = {1, 15, 16, 17, 31, 32, 33, 63, 64, 100};
    (void)state;
    for (size_t f = 0; f < sizeof features / sizeof *features; f++) {
        fill(features[f], f, -1);
        struct dot_panel panel = fresh_panel(ROWS - 7, features[f]);
        for (int e = 0; e < DOT_COUNT; e++)
            for (size_t k = 1; dot_available(e) && k <= 42; k++) { /* 1 to 40, 100, 256 */
                size_t count = k <= 40 ? k : (size_t[]){100, 256}[k - 41];
                for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
                    check_product(dot_engine(e), &panel, count, (count + w) % 2 * DOT_STEP,
                                  widths[w]);
            }
    }
}

/* The memory of the panel is the last that may be read, and its padding must not show. */
static void every_panel_length(void **state)
{
    (void)state;
    fill(70, 20, -1);
    for (size_t n = DOT_STEP + 1; n <= ROWS; n++) {
        struct dot_panel panel = fresh_panel(n, 70);
        for (int e = 0; e < DOT_COUNT; e++)
            if (dot_available(e)) {
                check_product(dot_engine(e), &panel, 37, 0, n);
                check_product(dot_engine(e), &panel, 5, DOT_STEP, n - DOT_STEP);
            }
    }
}

static void extremes(void **state)
{
    static const int brightness[] = {0, 1, 127, 128, 255};
    (void)state;
    for (size_t b = 0; b < sizeof brightness / sizeof *brightness; b++) {
        fill(100, 30, brightness[b]);
        struct dot_panel panel = fresh_panel(ROWS, 100);
        for (int e = 0; e < DOT_COUNT; e++)
            if (dot_available(e))
                check_product(dot_engine(e), &panel, 40, DOT_STEP, 100);
    }
}

/* The most features at their brightest make 2147450625, just below 2^31. Row 1 is dark. */
static void most_features(void **state)
{
    enum { N = 3, COUNT = 35, D = DOT_FEATURES };
    (void)state;
    uint8_t *rows = edge_memory(N * D), *memory = edge_memory(dot_panel_bytes(N, D));
    void *scratch = edge_memory(dot_requests_bytes(COUNT, D));
    memset(rows, 255, N * D);
    memset(rows + D, 0, D);
    struct dot_panel panel = dot_panel_in(memory, N, D);
    dot_panel_pack(&panel, rows, NULL, 0, N);
    for (int e = 0; e < DOT_COUNT; e++) {
        size_t some[COUNT];
        int32_t out[COUNT][N];
        struct dot_requests requests;
        for (size_t r = 0; r < COUNT; r++)
            some[r] = r % N;
        if (!dot_available(e))
            continue;
        dot_engine(e)->pack(&requests, rows, some, COUNT, D, scratch);
        dot_engine(e)->multiply(out[0], N, &requests, &panel, 0, N);
        for (size_t r = 0; r < COUNT; r++)
            for (size_t c = 0; c < N; c++)
                assert_int_equal(out[r][c], some[r] == 1 || c == 1 ? 0 : 2147450625);
    }
}

/* ---- two threads, one of them older than the permission to use AMX --------------------------- */

enum { SHARED_N = 1000, SHARED_D = 90, RANGE = 64, SHARED_COUNT = 100 };

static struct {
    pthread_t old;
    pthread_barrier_t start;
    struct dot_panel panel;
    struct dot_requests requests[DOT_COUNT];
    int32_t *out[DOT_COUNT]; /* (SHARED_COUNT, SHARED_N) */
    atomic_size_t next[DOT_COUNT];
} shared;

static void *take_ranges(void *unused)
{
    pthread_barrier_wait(&shared.start);
    for (int e = 0; e < DOT_COUNT; e++)
        for (size_t at;
             dot_available(e) && (at = RANGE * atomic_fetch_add(&shared.next[e], 1)) < SHARED_N;)
            dot_engine(e)->multiply(shared.out[e] + at, SHARED_N, &shared.requests[e],
                                    &shared.panel, at,
                                    SHARED_N - at < RANGE ? SHARED_N - at : RANGE);
    return unused;
}

/* Two threads that read one panel find what one finds. */
static void two_threads(void **state)
{
    (void)state;
    fill(SHARED_D, 40, -1);
    size_t many[SHARED_N];
    for (size_t r = 0; r < SHARED_N; r++)
        many[r] = r * 7 % ROWS;
    shared.panel = dot_panel_in(edge_memory(dot_panel_bytes(SHARED_N, SHARED_D)), SHARED_N,
                                SHARED_D);
    dot_panel_pack(&shared.panel, x, many, 0, SHARED_N);
    for (int e = 0; e < DOT_COUNT; e++) {
        shared.out[e] = edge_memory(SHARED_COUNT * SHARED_N * sizeof(int32_t));
        if (dot_available(e))
            dot_engine(e)->pack(&shared.requests[e], x, which, SHARED_COUNT, SHARED_D,
                                edge_memory(dot_requests_bytes(SHARED_COUNT, SHARED_D)));
    }
    take_ranges(NULL);
    assert_int_equal(pthread_join(shared.old, NULL), 0);
    for (int e = 0; e < DOT_COUNT; e++)
        for (size_t k = 0; dot_available(e) && k < SHARED_COUNT * SHARED_N; k++)
            assert_int_equal(shared.out[e][k], truth[which[k / SHARED_N]][many[k % SHARED_N]]);
}

static void the_best_is_available(void **state)
{
    (void)state;
    assert_true(dot_available(DOT_C) && dot_available(dot_best()));
    for (int e = 0; e < DOT_COUNT; e++)
        if (dot_available(e))
            assert_true(dot_engine(e) != NULL && dot_best() >= e);
    print_message("engine: %s\n", dot_engine(dot_best())->name);
}

static int set_up(void **state)
{
    (void)state;
    if (pthread_barrier_init(&shared.start, NULL, 2)
        || pthread_create(&shared.old, NULL, take_ranges, NULL))
        return -1;
    x_end = edge_end(ROWS * MOST_D);
    panel_end = edge_end(dot_panel_bytes(ROWS, MOST_D));
    scratch_end = edge_end(dot_requests_bytes(MOST_COUNT, MOST_D));
    out_end = edge_end((GAP + MOST_COUNT * (ROWS + GAP)) * sizeof(int32_t));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_is_available), cmocka_unit_test(every_tail),
        cmocka_unit_test(every_panel_length),    cmocka_unit_test(extremes),
        cmocka_unit_test(most_features),         cmocka_unit_test(two_threads),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
