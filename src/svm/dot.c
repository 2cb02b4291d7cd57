/* SPDX-License-Identifier: MIT */
#include "dot.h"

#include <string.h>

enum { GROUP = 16, CHUNK = 64 }; /* panel rows and features of an AMX tile */

static inline size_t round_up(size_t x, size_t unit)
{
    return (x + unit - 1) / unit * unit;
}

static size_t padded_quads(int d)
{
    return round_up((size_t)d, CHUNK) / 4;
}

/* ---- the panel ------------------------------------------------------------------------------- */

size_t dot_panel_bytes(size_t n, int d)
{
    return round_up(n, DOT_STEP) * (padded_quads(d) * 4 + sizeof(int32_t));
}

struct dot_panel dot_panel_in(void *memory, size_t n, int d)
{
    size_t quads = padded_quads(d);
    uint8_t *bytes = memory;
    return (struct dot_panel){n, d, quads, bytes,
                              (int32_t *)(bytes + round_up(n, DOT_STEP) * quads * 4)};
}

/* Features 4 q .. 4 q + 3 of a row; zeros beyond d */
static inline uint32_t quad_of(const uint8_t *row, int d, size_t q)
{
    uint32_t quad = 0;
    if (4 * q + 4 <= (size_t)d)
        memcpy(&quad, row + 4 * q, 4);
    else
        memcpy(&quad, row + 4 * q, (size_t)d % 4);
    return quad;
}

static size_t used_quads(int d)
{
    return ((size_t)d + 3) / 4;
}

/* The quads of a row, `step` bytes from one to the next; each byte is XORed with `flip`. */
static inline void put_quads(uint8_t *out, size_t step, const uint8_t *row, int d, uint32_t flip)
{
    for (size_t q = 0; q < used_quads(d); q++) {
        uint32_t quad = quad_of(row, d, q) ^ flip;
        memcpy(out + q * step, &quad, 4);
    }
}

static uint8_t *group_of(const struct dot_panel *panel, size_t row)
{
    return panel->bytes + row / GROUP * panel->quads * 4 * GROUP;
}

void dot_panel_pack(const struct dot_panel *panel, const uint8_t *x, const size_t *order,
                    size_t from, size_t to)
{
    size_t end = round_up(to, DOT_STEP);
    memset(panel->sums + from, 0, (end - from) * sizeof *panel->sums);
    for (size_t r = from; r < end; r++) {
        uint8_t *group = group_of(panel, r);
        if (r % GROUP == 0) /* here, so that the zeros are still in the cache when the rows come */
            memset(group, 0, panel->quads * 4 * GROUP);
        if (r >= to)
            continue;
        const uint8_t *row = x + (order ? order[r] : r) * (size_t)panel->d;
        put_quads(group + r % GROUP * 4, 4 * GROUP, row, panel->d, 0);
        int32_t sum = 0;
        for (int k = 0; k < panel->d; k++)
            sum += row[k];
        panel->sums[r] = sum;
    }
}

/* ---- requests and products, for all engines -------------------------------------------------- */

/* Of an engine's block (its rows divide these), and the bytes that it gives a feature */
enum { MOST_ROWS = 32, MOST_COLUMNS = 32, MOST_WIDE = 2 };

size_t dot_requests_bytes(size_t count, int d)
{
    return round_up(count, MOST_ROWS) * padded_quads(d) * 4 * MOST_WIDE;
}

/* How an engine wants its requests: in blocks of so many rows, `wide` bytes a feature */
struct layout {
    size_t rows, wide;
    void (*put)(uint8_t *block, size_t r, const uint8_t *row, int d);
};

/* Blocks of `rows` requests; `put` writes row r of a block. Nothing else is cleared: what lies
 * beyond d meets zeros of the panel, and the products of what lies beyond count are dropped. */
static inline void pack(struct dot_requests *requests, const uint8_t *x, const size_t *which,
                        size_t count, int d, void *scratch, struct layout layout)
{
    uint8_t *bytes = scratch;
    size_t row = padded_quads(d) * 4 * layout.wide, rows = layout.rows;
    *requests = (struct dot_requests){count, row, bytes};
    for (size_t r = 0; r < count; r++)
        layout.put(bytes + r / rows * rows * row, r % rows, x + which[r] * (size_t)d, d);
}

struct product {
    int32_t *out;
    size_t ld;
    const struct dot_requests *requests;
    const struct dot_panel *panel;
    size_t first, columns;
};

/*
 * All dot products of a block of requests and some panel rows from `column` on, to out[r ld + c].
 */
typedef void block_product(int32_t *out, size_t ld, const uint8_t *requests,
                           const struct dot_panel *panel, size_t column);

/* Requests [from, to) in blocks of rows x columns. The panel rows of a block stay in the L1 cache
 * while the requests go by. Blocks that stick out are computed whole, beside, and what is wanted of
 * them is copied. */
static void sweep(const struct product *p, size_t from, size_t to, size_t rows, size_t columns,
                  block_product *block)
{
    int32_t beside[MOST_ROWS * MOST_COLUMNS] __attribute__((aligned(64)));
    for (size_t c = 0; c < p->columns; c += columns)
        for (size_t r = from; r < to; r += rows) {
            size_t height = to - r < rows ? to - r : rows,
                   width = p->columns - c < columns ? p->columns - c : columns;
            const uint8_t *requests = p->requests->bytes + r * p->requests->row;
            int32_t *out = p->out + r * p->ld + c;
            if (height == rows && width == columns) {
                block(out, p->ld, requests, p->panel, p->first + c);
                continue;
            }
            block(beside, columns, requests, p->panel, p->first + c);
            for (size_t k = 0; k < height; k++)
                memcpy(out + k * p->ld, beside + k * columns, width * sizeof *out);
        }
}

/* The engine's table entries: pack_NAME and multiply_NAME of put_NAME and block_NAME. */
#define ENGINE(name, rows, columns, wide)                                                        \
    static void pack_##name(struct dot_requests *requests, const uint8_t *x, const size_t *which, \
                            size_t count, int d, void *scratch)                                  \
    {                                                                                            \
        struct layout layout = {rows, wide, put_##name};                                         \
        pack(requests, x, which, count, d, scratch, layout);                                     \
    }                                                                                            \
    static void multiply_##name(int32_t *out, size_t ld, const struct dot_requests *requests,    \
                                const struct dot_panel *panel, size_t first, size_t count)       \
    {                                                                                            \
        struct product product = {out, ld, requests, panel, first, count};                       \
        sweep(&product, 0, requests->count, rows, columns, block_##name);                        \
    }

/* ---- the reference --------------------------------------------------------------------------- */

static void put_c(uint8_t *block, size_t r, const uint8_t *row, int d)
{
    (void)r;
    put_quads(block, 4, row, d, 0);
}

static void block_c(int32_t *out, size_t ld, const uint8_t *request, const struct dot_panel *panel,
                    size_t column)
{
    (void)ld;
    const uint8_t *group = group_of(panel, column);
    int32_t sum[GROUP] = {0};
    for (size_t q = 0; q < used_quads(panel->d); q++, group += 4 * GROUP, request += 4)
        for (size_t c = 0; c < GROUP; c++)
            for (size_t k = 0; k < 4; k++)
                sum[c] += request[k] * group[4 * c + k];
    memcpy(out, sum, sizeof sum);
}

ENGINE(c, 1, GROUP, 1)

#if defined __x86_64__
#include <immintrin.h>

#define UNROLL _Pragma("GCC unroll 16") /* so that arrays of vectors become registers */

/* ---- AVX2: vpmaddwd on 16-bit integers ------------------------------------------------------- */

/* A register holds the quads of 8 panel rows as bytes. Masked, it is the pairs (0, 2) of their
 * features as 16 bits; shifted, the pairs (1, 3): cheaper than to widen it, and sums then belong to
 * one row each. So requests have their quads as 0, 2, 1, 3. */
enum { AVX2_ROWS = 4, AVX2_COLUMNS = GROUP };

static void put_avx2(uint8_t *block, size_t r, const uint8_t *row, int d)
{
    for (size_t q = 0; q < used_quads(d); q++) {
        uint32_t quad = quad_of(row, d, q), pairs[2] = {quad & 0x00FF00FF, quad >> 8 & 0x00FF00FF};
        memcpy(block + (q * AVX2_ROWS + r) * sizeof pairs, pairs, sizeof pairs);
    }
}

static inline int32_t load32(const uint8_t *p)
{
    int32_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* 4 requests by 2 groups of 8 panel rows; 16-bit halves, since vpmaddubsw would saturate. */
__attribute__((target("avx2"))) static void block_avx2(int32_t *out, size_t ld,
                                                       const uint8_t *requests,
                                                       const struct dot_panel *panel, size_t column)
{
    const uint8_t *group = group_of(panel, column);
    const __m256i low = _mm256_set1_epi16(0xFF);
    __m256i acc[AVX2_ROWS][2] = {{_mm256_setzero_si256()}};
    for (size_t q = used_quads(panel->d); q > 0;
         q--, group += 4 * GROUP, requests += 8 * AVX2_ROWS) {
        __m256i b[2] = {_mm256_load_si256((const __m256i *)group),
                        _mm256_load_si256((const __m256i *)group + 1)};
        UNROLL for (int pair = 0; pair < 2; pair++) {
            __m256i b0 = pair ? _mm256_srli_epi16(b[0], 8) : _mm256_and_si256(b[0], low);
            __m256i b1 = pair ? _mm256_srli_epi16(b[1], 8) : _mm256_and_si256(b[1], low);
            UNROLL for (int r = 0; r < AVX2_ROWS; r++) {
                __m256i a = _mm256_set1_epi32(load32(requests + 8 * r + 4 * pair));
                acc[r][0] = _mm256_add_epi32(acc[r][0], _mm256_madd_epi16(a, b0));
                acc[r][1] = _mm256_add_epi32(acc[r][1], _mm256_madd_epi16(a, b1));
                __asm__("" : "+x"(acc[r][0]), "+x"(acc[r][1])); /* else gcc 12 spills: 20% */
            }
        }
    }
    UNROLL for (int r = 0; r < AVX2_ROWS; r++)
        UNROLL for (int g = 0; g < 2; g++)
            _mm256_storeu_si256((__m256i *)(out + r * ld + 8 * g), acc[r][g]);
}

ENGINE(avx2, AVX2_ROWS, AVX2_COLUMNS, 2)

/* ---- AVX-512 VNNI: vpdpbusd, unsigned by signed bytes ---------------------------------------- */

/* Requests are v - 128, and 128 times the sum of the panel row makes up for it. (Sums in between
 * may wrap.) 8 requests by 2 groups: as fast as 6 by 4 and 12 by 2 with many requests, and better
 * with 16. */
enum { VNNI_ROWS = 8, VNNI_GROUPS = 2 };

static void put_vnni(uint8_t *block, size_t r, const uint8_t *row, int d)
{
    put_quads(block + 4 * r, 4 * VNNI_ROWS, row, d, 0x80808080);
}

/* x.z = (x - 128).z + 128 sum z: the sums begin at the second term. */
__attribute__((target("avx512f,avx512vnni"))) static void block_vnni(int32_t *out, size_t ld,
                                                                     const uint8_t *requests,
                                                                     const struct dot_panel *panel,
                                                                     size_t column)
{
    __m512i acc[VNNI_ROWS][VNNI_GROUPS];
    UNROLL for (int g = 0; g < VNNI_GROUPS; g++) {
        __m512i sums = _mm512_load_si512(panel->sums + column + GROUP * g);
        UNROLL for (int r = 0; r < VNNI_ROWS; r++)
            acc[r][g] = _mm512_slli_epi32(sums, 7);
    }
    const uint8_t *group = group_of(panel, column);
    size_t stride = panel->quads * 4 * GROUP;
    for (size_t q = used_quads(panel->d); q > 0;
         q--, group += 4 * GROUP, requests += 4 * VNNI_ROWS) {
        __m512i b[VNNI_GROUPS];
        UNROLL for (int g = 0; g < VNNI_GROUPS; g++)
            b[g] = _mm512_load_si512(group + g * stride);
        UNROLL for (int r = 0; r < VNNI_ROWS; r++) {
            __m512i a = _mm512_set1_epi32(load32(requests + 4 * r));
            UNROLL for (int g = 0; g < VNNI_GROUPS; g++)
                acc[r][g] = _mm512_dpbusd_epi32(acc[r][g], b[g], a);
        }
    }
    UNROLL for (int r = 0; r < VNNI_ROWS; r++)
        UNROLL for (int g = 0; g < VNNI_GROUPS; g++)
            _mm512_storeu_si512(out + r * ld + GROUP * g, acc[r][g]);
}

ENGINE(vnni, VNNI_ROWS, VNNI_GROUPS * GROUP, 1)

/* ---- AMX: tdpbuud, tiles of 16 rows of 64 bytes ---------------------------------------------- */

#if defined __linux__
#include <cpuid.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#define AMX __attribute__((target("amx-tile,amx-int8")))

enum { AMX_ROWS = 32, AMX_COLUMNS = 32, TILE = GROUP * CHUNK };
enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */

/* Tiles of 16 requests by 64 features, one after another: a row's next chunk is a tile further. */
static void put_amx(uint8_t *block, size_t r, const uint8_t *row, int d)
{
    for (int k = 0; k < d; k += CHUNK)
        memcpy(block + k / CHUNK * TILE + r * CHUNK, row + k,
               d - k < CHUNK ? (size_t)(d - k) : CHUNK);
}

/* Sums are tiles 0, 1 (the upper 16 requests by 2 groups) and 2, 3 (the lower ones); requests 4, 5;
 * panel 6, 7. */
AMX static void block_amx(int32_t *out, size_t ld, const uint8_t *requests,
                          const struct dot_panel *panel, size_t column)
{
    size_t stride = panel->quads * 4 * GROUP;
    const uint8_t *group = group_of(panel, column);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t k = 0; k < stride; k += TILE) {
        _tile_loadd(4, requests + k, CHUNK);
        _tile_loadd(6, group + k, CHUNK);
        _tile_loadd(7, group + stride + k, CHUNK);
        _tile_dpbuud(0, 4, 6);
        _tile_dpbuud(1, 4, 7);
        _tile_loadd(5, requests + stride + k, CHUNK);
        _tile_dpbuud(2, 5, 6);
        _tile_dpbuud(3, 5, 7);
    }
    _tile_stored(0, out, ld * sizeof *out);
    _tile_stored(1, out + GROUP, ld * sizeof *out);
    _tile_stored(2, out + GROUP * ld, ld * sizeof *out);
    _tile_stored(3, out + GROUP * ld + GROUP, ld * sizeof *out);
}

/* The same for at most 16 requests. */
AMX static void block_amx_upper(int32_t *out, size_t ld, const uint8_t *requests,
                                const struct dot_panel *panel, size_t column)
{
    size_t stride = panel->quads * 4 * GROUP;
    const uint8_t *group = group_of(panel, column);
    _tile_zero(0);
    _tile_zero(1);
    for (size_t k = 0; k < stride; k += TILE) {
        _tile_loadd(4, requests + k, CHUNK);
        _tile_loadd(6, group + k, CHUNK);
        _tile_loadd(7, group + stride + k, CHUNK);
        _tile_dpbuud(0, 4, 6);
        _tile_dpbuud(1, 4, 7);
    }
    _tile_stored(0, out, ld * sizeof *out);
    _tile_stored(1, out + GROUP, ld * sizeof *out);
}

/* Tiles for `rows` requests, 1 to 32: products and stores then leave the other rows alone. */
AMX static void configure(size_t rows)
{
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } tiles = {.palette = 1};
    size_t upper = rows < GROUP ? rows : GROUP, lower = rows > GROUP ? rows - GROUP : 1;
    for (int t = 0; t < 8; t++) {
        tiles.row_bytes[t] = CHUNK;
        int of_lower = t == 2 || t == 3 || t == 5;
        tiles.rows[t] = (uint8_t)(of_lower ? lower : upper);
        if (t > 5) /* the panel's */
            tiles.rows[t] = GROUP;
    }
    __asm__ volatile("" : : "r"(&tiles) : "memory"); /* gcc 12 believes that 8 bytes are read */
    _tile_loadconfig(&tiles);
}

AMX static void sweep_amx(const struct product *p, size_t from, size_t to, size_t rows)
{
    if (from == to)
        return;
    configure(rows);
    sweep(p, from, to, rows, AMX_COLUMNS, rows > GROUP ? block_amx : block_amx_upper);
}

static void pack_amx(struct dot_requests *requests, const uint8_t *x, const size_t *which,
                     size_t count, int d, void *scratch)
{
    pack(requests, x, which, count, d, scratch, (struct layout){GROUP, 1, put_amx});
}

/* The configuration belongs to the thread; released, it costs nothing at a change of threads. */
AMX static void multiply_amx(int32_t *out, size_t ld, const struct dot_requests *requests,
                             const struct dot_panel *panel, size_t first, size_t columns)
{
    const struct product p = {out, ld, requests, panel, first, columns};
    size_t count = requests->count, whole = count / AMX_ROWS * AMX_ROWS;
    sweep_amx(&p, 0, whole, AMX_ROWS);
    sweep_amx(&p, whole, count, count - whole);
    _tile_release();
}

static int amx_permitted;

static void ask_for_tiles(void)
{
    unsigned a, b, c, d, tile = 1u << 24, int8 = 1u << 25; /* of edx in leaf 7 */
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & tile) && (d & int8))
        amx_permitted = syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static int amx_available(void)
{
    static pthread_once_t asked = PTHREAD_ONCE_INIT;
    pthread_once(&asked, ask_for_tiles);
    return amx_permitted;
}
#endif
#endif

/* ---- the choice ------------------------------------------------------------------------------ */

static const struct dot_engine engine[DOT_COUNT] = {
    [DOT_C] = {"c", pack_c, multiply_c},
#if defined __x86_64__
    [DOT_AVX2] = {"avx2", pack_avx2, multiply_avx2},
    [DOT_VNNI] = {"vnni", pack_vnni, multiply_vnni},
#if defined __linux__
    [DOT_AMX] = {"amx", pack_amx, multiply_amx},
#endif
#endif
};

int dot_available(int which)
{
#if defined __x86_64__
    if (which == DOT_AVX2)
        return __builtin_cpu_supports("avx2") != 0;
    if (which == DOT_VNNI)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni");
#if defined __linux__
    if (which == DOT_AMX)
        return amx_available();
#endif
#endif
    return which == DOT_C;
}

int dot_best(void)
{
    int best = DOT_COUNT - 1;
    while (!dot_available(best))
        best--;
    return best;
}

const struct dot_engine *dot_engine(int which)
{
    return engine[which].name ? &engine[which] : NULL;
}
