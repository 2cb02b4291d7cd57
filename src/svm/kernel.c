/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include "base.h"
#include "blas.h"
#include "budget.h"
#include "trace.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define TILE KERNEL_TILE
#define SLICE 1024 /* features whose dot product is exact in float */
#define BLOCK 16 /* rows or columns that OpenBLAS's loops divide */
#define AREA (TILE * TILE)
#define LARGE 0x1p21 /* multiplications: twice those up to which OpenBLAS thinks a product small */
/* features of a product of doubles: some 20 ms, between which it may be cancelled */
#define DOUBLES 4096
_Static_assert(TILE <= CHECK_ROWS && AREA / BLOCK <= CHECK_COLUMNS && DOUBLES <= CHECK_WIDTH,
               "what is multiplied can be checked");

/* ---- the four functions ---------------------------------------------------------------------- */

static const char *const names[POISON_KERNELS] = {"linear", "polynomial", "rbf", "sigmoid"};

const char *poison_kernel_name(int kernel)
{
    return names[kernel];
}

struct kernel kernel_of(const poison_settings *settings, double gamma)
{
    return (struct kernel){settings->kernel, gamma, settings->coef0, settings->degree};
}

/* base^times by repeated squaring from the low bit on: LIBSVM's order of multiplications. */
static double power(double base, int times)
{
    double result = 1;
    for (; times > 0; times /= 2, base *= base)
        if (times % 2)
            result *= base;
    return result;
}

/* Of a dot product; not for rbf. */
static double of_product(const struct kernel *k, double product)
{
    if (k->type == POISON_LINEAR)
        return product;
    double inner = k->gamma * product + k->coef0;
    return k->type == POISON_SIGMOID ? tanh(inner) : power(inner, k->degree);
}

double kernel_of_pair(const struct kernel *kernel, const poison_set *a, size_t r,
                      const poison_set *b, size_t t)
{
    double product = 0, distance = 0;
    for (size_t f = 0, d = (size_t)a->d; f < d; f++) {
        double x = a->v ? a->v[r * d + f] : a->x[r * d + f],
               z = b->v ? b->v[t * d + f] : b->x[t * d + f];
        product += x * z;
        distance += (x - z) * (x - z);
    }
    return kernel->type == POISON_RBF ? exp(-kernel->gamma * distance)
                                      : of_product(kernel, product);
}

/* Bounds, before anything is computed: |k(x, z)| <= max k(x, x) for a positive semidefinite kernel
 * (Cauchy-Schwarz), for the others the same of |gamma x.z| + |coef0|. `most` is the largest value,
 * `longest` the largest squared norm. */
int kernel_check_values(const struct kernel *k, const poison_set *set, int single, double *diagonal,
                        int threads, poison_error *err)
{
    const struct kernel bound = {k->type, k->gamma, fabs(k->coef0), k->degree},
                        linear = {.type = POISON_LINEAR};
    double most = 0, longest = 0, limit = single ? FLT_MAX / 4 : sqrt(DBL_MAX);
    if (k->type == POISON_RBF && !set->v)
        return 0;
#pragma omp parallel for num_threads(threads) reduction(max : most, longest)
    for (size_t r = 0; r < set->n; r++) {
        double norm = kernel_of_pair(&linear, set, r, set, r),
               value = k->type == POISON_RBF ? 1 : of_product(&bound, norm);
        if (diagonal)
            diagonal[r] = of_product(k, norm);
        longest = fmax(longest, norm);
        most = isnan(value) ? INFINITY : fmax(most, value);
    }
    if (longest > DBL_MAX / 8) /* nor do squared distances fit */
        return poison_fail(
            err, POISON_EDATA,
            "a row's features, squared, sum up to %.3g, which does not fit double precision: "
            "scale the features",
            longest);
    if (most > limit)
        return poison_fail(
            err, POISON_EDATA,
            "kernel values up to %.3g do not fit %s precision: scale the features, or take "
            "a smaller --gamma or --degree",
            most, single ? "single" : "double");
    return 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

const struct dot_engine *kernel_engine(const poison_set *set, const poison_settings *settings)
{
    static const int of_isa[POISON_ISA_COUNT] = {DOT_C, DOT_AVX2, DOT_AVX2, DOT_VNNI, DOT_AMX};
    int which = of_isa[settings->isa];
    if (set->v || settings->blas_only || which == DOT_C || set->d > DOT_FEATURES ||
        !dot_available(which))
        return NULL; /* in plain C OpenBLAS is faster */
    return dot_engine(which);
}

size_t rows_bytes(size_t n, int d, const struct dot_engine *dot)
{
    size_t floats = (n + check_lines(n)) * (size_t)d * sizeof(float) + n * sizeof(double);
    return n * sizeof(double) + (dot ? dot_panel_bytes(n, d) : floats);
}

/* Whether rows of the set are multiplied as copies that are larger than they are: --memory counts
 * them. */
static int are_copies(const poison_set *set)
{
    return set->v || set->d > DOT_FEATURES;
}

static size_t copy_bytes(const poison_set *set) /* of a row */
{
    return (size_t)set->d * (set->v ? sizeof(double) : sizeof(float));
}

static size_t copies_of(const poison_set *set, size_t n)
{
    return n + (set->v ? 0 : check_lines(n));
}

int kernel_check_memory(const poison_set *set, size_t n, size_t m, const poison_settings *settings,
                        poison_error *err)
{
    struct budget budget = budget_whole(settings);
    size_t rows = copies_of(set, n) + copies_of(set, m) + size_min(TILE, size_max(n, m));
    size_t row = copy_bytes(set);
    if (!are_copies(set) || budget.left / row >= rows)
        return 0;
    return budget_fail(budget, (double)rows * (double)row, err,
                       "copies of rows of %d features take", set->d);
}

/* `norm` of 8-bit features, and the features shifted by 128 if `to` is given: the squared norm or,
 * since x.z = x'.z' + 128 sum x' + 128 sum z' + 128^2 d, this row's half of what the shift took
 * from a product. */
static double shifted_norm(const uint8_t *from, int d, const struct kernel *kernel, float *to)
{
    int64_t norm = 0, sum = 0, shift = to ? 128 : 0;
    for (int f = 0; f < d; f++) {
        int v = from[f] - (int)shift;
        norm += v * v;
        sum += v;
        if (to)
            to[f] = (float)v;
    }
    return (double)(kernel->type == POISON_RBF ? norm : shift * sum + shift * shift / 2 * d);
}

struct shape {
    size_t m, n; /* rows and columns that are multiplied */
};

/* A multiple of BLOCK: count or more, and more than `enough` */
static size_t blocks(size_t count, double enough)
{
    return ((double)count > enough ? count + BLOCK - 1 : (size_t)enough + BLOCK) / BLOCK * BLOCK;
}

/*
 * What is multiplied of `width` features, for `count` rows and `columns`: at most AREA / ld rows
 * and ld columns.
 *
 * OpenBLAS adds up in another order at the edges of a matrix, and in small ones, of a million
 * multiplications. Blocks of 16 rows or columns have no edges; and so that no product is small
 * where a whole tile's would not be, some beyond those asked for are multiplied too. All add up
 * alike then, and a value's bits depend on its two rows only (svm_test; test/blas, with other
 * kernels).
 */
static struct shape product_shape(size_t count, size_t columns, size_t ld, int width)
{
    double enough = fmin(AREA, LARGE / width);
    struct shape s;
    s.m = size_min(AREA / ld, blocks(count, enough / (double)ld));
    s.n = size_min(ld, blocks(columns, enough / (double)s.m));
    return s;
}

size_t kernel_columns(const struct rows *rows, size_t count)
{
    size_t height = BLOCK;
    if (!rows->v || rows->d > DOUBLES)
        return TILE;
    while (height < count)
        height *= 2;
    return AREA / height;
}

/* Features [f, f + this many) are multiplied at a time: a slice. */
static int slice_width(int f, int d)
{
    return d - f < DOUBLES ? d - f : DOUBLES;
}

/* n rows of doubles are held slice by slice: features [f, f + width) of row r begin at v[f n + r
 * width]. Products read rows beyond those asked for: of another slice or, behind the last one,
 * zeros. What comes of them is dropped. */
static void put_row(double *v, size_t n, size_t r, const double *from, int d)
{
    for (int f = 0, width; f < d; f += width) {
        width = slice_width(f, d);
        memcpy(v + (size_t)f * n + r * (size_t)width, from + f, (size_t)width * sizeof *v);
    }
}

/* Doubles beyond those of n rows that products of a slice may read: ld is no more than twice the
 * columns asked for, or TILE */
static size_t beyond(size_t n, int width)
{
    return size_min(size_max(n, TILE), blocks(0, fmin(AREA, LARGE / width) / BLOCK)) *
           (size_t)width;
}

/* Doubles that n rows take, with those that are read beyond the last slice of each kind */
static size_t doubles_held(size_t n, int d)
{
    int last = (d - 1) / DOUBLES * DOUBLES;
    return n * (size_t)d + beyond(n, d - last) + (last ? beyond(n, DOUBLES) : 0);
}

/* How many doubles of a batch its norms read; no other product reads more of it. */
static size_t norms_read(size_t count, int d)
{
    size_t most = 0;
    for (int f = 0, width; f < d; f += width) {
        width = slice_width(f, d);
        struct shape s = product_shape(count, count, TILE, width);
        size_t end = (size_t)f * count + size_max(s.m, s.n) * (size_t)width;
        most = size_max(most, end);
    }
    return most;
}

/* Some of n rows that are held at v */
struct span {
    const double *v;
    size_t n, first, count;
};

/* tile->more[a ld + b] = x's row a . z's row b; x.count <= AREA / ld, z.count <= ld */
static void multiply_doubles(struct tile *tile, size_t ld, struct span x, struct span z,
                             const struct rows *rows)
{
    int f, d = rows->d;
    check_begin(&tile->check, x.count, z.count);
    for (f = 0; f < d && !poison_raised(rows->cancel);) {
        int width = slice_width(f, d);
        struct shape s = product_shape(x.count, z.count, ld, width);
        const double *a = x.v + (size_t)f * x.n + x.first * (size_t)width,
                     *b = z.v + (size_t)f * z.n + z.first * (size_t)width;
        int threads = blas_begin();
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)s.m, (blasint)s.n, width, 1,
                    a, width, b, width, f > 0, tile->more, (blasint)ld);
        blas_end(threads);
        check_slice(&tile->check, rows->simd,
                    &(struct factors){a, b, x.count, z.count, (size_t)width});
        f += width;
    }
    if (f == d)
        check_doubles(&tile->check, rows->simd, x.count, z.count, tile->more, ld);
}

/* Squared norms of a tile of rows, each added up as every other product is: equal rows are at
 * distance 0. */
static void double_norms(double *norm, struct span x, const struct rows *rows, struct tile *tile)
{
    multiply_doubles(tile, TILE, x, x, rows);
    for (size_t r = 0; r < x.count; r++)
        norm[r] = tile->more[r * TILE + r];
}

/* Rows [from, to), wherever they are held; norms of 8-bit features */
static void fill_range(struct rows *rows, const poison_set *set, const size_t *order, size_t from,
                       size_t to)
{
    size_t d = (size_t)rows->d;
    for (size_t s = from; s < to; s++) {
        size_t r = order ? order[s] : s;
        if (rows->v)
            put_row(rows->v, rows->n, s, set->v + r * d, rows->d);
        else
            rows->norm[s] = shifted_norm(set->x + r * d, rows->d, &rows->kernel,
                                         rows->dot ? NULL : rows->x + s * d);
    }
    if (rows->dot)
        dot_panel_pack(&rows->packed, set->x, order, from, to);
    if (rows->x) {
        check_draw(rows->weight + from, to - from, from);
        if (rows->line)
            check_add_up(rows->line + from / CHECK_GROUP * d, rows->simd, rows->weight + from,
                         rows->x + from * d, to - from, d);
    }
}

/* 8-bit features for OpenBLAS; weight is NULL where there is no memory. */
static void take_floats(struct rows *rows)
{
    rows->x = poison_take_big(rows->n, (size_t)rows->d * sizeof *rows->x);
    size_t lines = check_lines(rows->n);
    if (lines)
        rows->line = poison_take_big(lines, (size_t)rows->d * sizeof *rows->line);
    if (rows->x && (rows->line || !lines))
        rows->weight = poison_take(rows->n, sizeof *rows->weight);
}

/* Copies rows in the layout of their engine (packed bytes; doubles, slice by slice; floats less
 * 128), with norms; by all threads, since first touch of fresh memory is what it costs.
 * POISON_ENOMEM, POISON_ECANCEL. */
int rows_fill(struct rows *rows, const poison_set *set, size_t n, const size_t *order,
              const poison_settings *settings, poison_error *err)
{
    const struct dot_engine *dot = rows->dot;
    *rows = (struct rows){.kernel = rows->kernel, .dot = dot, .n = n, .d = set->d};
    rows->simd = simd_loops(poison_isa_best());
    rows->cancel = settings->cancel;
    rows->trace = settings->trace;
    rows->norm = poison_take_big(n, sizeof *rows->norm);
    if (dot)
        rows->memory = poison_take_big(dot_panel_bytes(n, set->d), 1);
    else if (set->v)
        rows->v = poison_take(doubles_held(n, set->d), sizeof *rows->v);
    else
        take_floats(rows);
    struct tile *tiles = set->v ? take_tiles(settings->threads, 1) : NULL;
    if (!rows->norm || (!rows->memory && !rows->v && !rows->weight) || (set->v && !tiles)) {
        free(tiles);
        rows_free(rows);
        return poison_fail_memory(err, 1, rows_bytes(n, set->d, dot), "the table of features");
    }
    rows->copies = are_copies(set) ? copies_of(set, n) * copy_bytes(set) : 0;
    budget_take(rows->trace, BUDGET_COPIES, rows->copies);
    if (dot)
        rows->packed = dot_panel_in(rows->memory, n, set->d);
    if (set->v)
        memset(rows->norm, 0, n * sizeof *rows->norm);
#pragma omp parallel num_threads(settings->threads)
    {
#pragma omp for
        for (size_t from = 0; from < n; from += TILE)
            if (!poison_cancelled(settings))
                fill_range(rows, set, order, from, size_min(n, from + TILE));
#pragma omp for
        for (size_t from = 0; from < n; from += TILE)
            if (set->v && rows->kernel.type == POISON_RBF && !poison_cancelled(settings))
                double_norms(rows->norm + from,
                             (struct span){rows->v, n, from, size_min(TILE, n - from)}, rows,
                             tiles + omp_get_thread_num());
    }
    int status = poison_cancelled(settings) ? poison_fail_cancelled(err) : 0;
    if (status == 0 && tiles)
        status = tiles_status(tiles, settings->threads, err);
    free(tiles);
    if (status < 0)
        rows_free(rows);
    return status;
}

void rows_free(struct rows *rows)
{
    budget_give(rows->trace, BUDGET_COPIES, rows->copies);
    free(rows->x);
    free(rows->line);
    free(rows->weight);
    free(rows->v);
    free(rows->memory);
    free(rows->norm);
    *rows = (struct rows){0};
}

/* ---- products -------------------------------------------------------------------------------- */

struct tile *take_tiles(int threads, int blas)
{
    struct tile *tiles = NULL;
    if (!blas || blas_ready(threads))
        tiles = poison_take_big((size_t)threads, sizeof *tiles);
    for (int t = 0; tiles && t < threads; t++)
        tiles[t].check.products = 0, tiles[t].check.wrong = 0;
    return tiles;
}

int tiles_status(const struct tile *tiles, int threads, poison_error *err)
{
    for (int t = 0; t < threads; t++)
        if (tiles[t].check.wrong)
            return blas_fail(err);
    return 0;
}

int fail_tiles(int threads, int blas, poison_error *err)
{
    size_t each = sizeof(struct tile) + (blas ? blas_buffer_bytes() : 0);
    return poison_fail_memory(err, (size_t)threads, each, "multiplying");
}

/* tile->dot[a TILE + b] (+ more) = x[a] . row first + b, for a < count, b < columns */
static void multiply_floats(struct tile *tile, const float *x, size_t count,
                            const struct rows *rows, size_t first, size_t columns)
{
    const float *z = rows->x + first * (size_t)rows->d,
                *line = rows->line ? rows->line + first / CHECK_GROUP * (size_t)rows->d : NULL;
    for (int f = 0, d = rows->d; f < d && !poison_raised(rows->cancel); f += SLICE) {
        int width = d - f < SLICE ? d - f : SLICE, threads = blas_begin();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)count, (blasint)columns,
                    width, 1, x + f, d, z + f, d, 0, tile->dot, TILE);
        blas_end(threads);
        const struct factors_float of = {
            x + f, z + f, line ? line + f : NULL, rows->weight + first, count, columns,
            (size_t)width, (size_t)d};
        check_floats(&tile->check, rows->simd, &of, tile->dot, TILE);
        if (f + SLICE >= d)
            return;
        for (size_t a = 0; a < count; a++)
            for (size_t b = a * TILE; b < a * TILE + columns; b++)
                tile->more[b] = (f ? tile->more[b] : 0) + (double)tile->dot[b];
    }
}

/* Where row a of the tile's products is. */
static struct rbf tile_row(const struct tile *tile, const struct rows *rows, size_t a, double norm,
                           const double *norms)
{
    struct rbf rbf = {.gamma = rows->kernel.gamma, .norm = norm, .norms = norms};
    if (rows->dot)
        rbf.whole = tile->whole + a * TILE;
    else if (!rows->v)
        rbf.dot = tile->dot + a * TILE;
    if (rows->v || (!rows->dot && rows->d > SLICE))
        rbf.more = tile->more + a * tile->ld;
    return rbf;
}

size_t batch_bytes(const struct rows *with, size_t count)
{
    count = size_min(count, TILE);
    size_t bytes = count * (size_t)with->d * sizeof(float);
    if (with->v)
        bytes = doubles_held(count, with->d) * sizeof(double);
    else if (with->dot)
        bytes = dot_requests_bytes(count, with->d);
    return (bytes + 63) / 64 * 64;
}

/* In the layout that multiplies with the rows; doubles are followed by zeros as far as products
 * read. */
void batch_fill(struct batch *batch, void *memory, const struct rows *with, const poison_set *set,
                const size_t *which, size_t count, struct tile *tile)
{
    size_t d = (size_t)with->d;
    batch->count = count;
    batch->x = with->dot || with->v ? NULL : memory;
    memset(batch->norm, 0, sizeof batch->norm);
    batch->v = with->v ? memory : NULL;
    for (size_t r = 0; r < count; r++) {
        if (with->v)
            put_row(batch->v, count, r, set->v + which[r] * d, with->d);
        else
            batch->norm[r] = shifted_norm(set->x + which[r] * d, with->d, &with->kernel,
                                          with->dot ? NULL : batch->x + r * d);
    }
    if (with->v)
        memset(batch->v + count * d, 0,
               (norms_read(count, with->d) - count * d) * sizeof *batch->v);
    if (with->v && with->kernel.type == POISON_RBF)
        double_norms(batch->norm, (struct span){batch->v, count, 0, count}, with, tile);
    if (with->dot)
        with->dot->pack(&batch->packed, set->x, which, count, with->d, memory);
}

void kernel_product(struct tile *tile, const struct batch *batch, const struct rows *rows,
                    size_t first, size_t columns)
{
    for (tile->ld = TILE; tile->ld < columns;)
        tile->ld *= 2;
    if (rows->dot)
        rows->dot->multiply(tile->whole, TILE, &batch->packed, &rows->packed, first, columns);
    else if (rows->v)
        multiply_doubles(tile, tile->ld,
                         (struct span){batch->v, batch->count, 0, batch->count},
                         (struct span){rows->v, rows->n, first, columns}, rows);
    else
        multiply_floats(tile, batch->x, batch->count, rows, first, columns);
}

/* Dot product c of a tile's row, put together again. */
static double whole_product(const struct rbf *r, size_t c)
{
    double product = 0;
    if (r->dot)
        product = (double)r->dot[c];
    else if (r->whole)
        product = (double)r->whole[c];
    return product + (r->more ? r->more[c] : 0);
}

static void row_floats(float *out, const struct rbf *rbf, const struct kernel *kernel,
                       size_t columns, const struct simd *simd)
{
    if (kernel->type == POISON_RBF)
        simd->rbf_float(out, rbf, columns);
    else
        for (size_t c = 0; c < columns; c++)
            out[c] = (float)of_product(kernel, rbf->norm + rbf->norms[c] + whole_product(rbf, c));
}

static void row_doubles(double *out, const struct rbf *rbf, const struct kernel *kernel,
                        size_t columns, const struct simd *simd)
{
    if (kernel->type == POISON_RBF)
        simd->rbf_double(out, rbf, columns);
    else
        for (size_t c = 0; c < columns; c++)
            out[c] = of_product(kernel, rbf->norm + rbf->norms[c] + whole_product(rbf, c));
}

void kernel_floats(float *const *floats, const struct batch *batch, const struct rows *rows,
                   size_t first, size_t columns, struct tile *tile, const struct simd *simd)
{
    kernel_product(tile, batch, rows, first, columns);
    for (size_t r = 0; r < batch->count; r++) {
        struct rbf rbf = tile_row(tile, rows, r, batch->norm[r], rows->norm + first);
        row_floats(floats[r] + first, &rbf, &rows->kernel, columns, simd);
    }
}

void kernel_doubles(double *const *doubles, const struct batch *batch, const struct rows *rows,
                    size_t first, size_t columns, struct tile *tile, const struct simd *simd)
{
    kernel_product(tile, batch, rows, first, columns);
    for (size_t r = 0; r < batch->count; r++) {
        struct rbf rbf = tile_row(tile, rows, r, batch->norm[r], rows->norm + first);
        row_doubles(doubles[r], &rbf, &rows->kernel, columns, simd);
    }
}

void kernel_distances(double *const *distance, const struct batch *batch, const struct rows *rows,
                      size_t first, size_t columns, struct tile *tile)
{
    kernel_product(tile, batch, rows, first, columns);
    for (size_t r = 0; r < batch->count; r++) {
        struct rbf rbf = tile_row(tile, rows, r, batch->norm[r], rows->norm + first);
        for (size_t c = 0; c < columns; c++)
            distance[r][first + c] = rbf.norm + rbf.norms[c] - 2 * whole_product(&rbf, c);
    }
}

/* ---- the whole matrix ------------------------------------------------------------------------ */

/* The matrix's tile at rows b0.., columns a0.. from the one at rows a0.., columns b0.., in blocks
 * that stay in L1. */
static void mirror(float *matrix, size_t ld, size_t a0, size_t an, size_t b0, size_t bn)
{
    enum { SIDE = 16 };
    for (size_t b = 0; b < bn; b += SIDE)
        for (size_t a = 0; a < an; a += SIDE)
            for (size_t q = b; q < size_min(bn, b + SIDE); q++)
                for (size_t p = a; p < size_min(an, a + SIDE); p++)
                    matrix[(b0 + q) * ld + a0 + p] = matrix[(a0 + p) * ld + b0 + q];
}

/* The upper triangle in tiles of TILE x TILE, each by one thread: a product, the kernel function,
 * and its mirror image below the diagonal. Tiles are equal in work, so they are handed out as
 * threads come free. n^2 d flop. */
int kernel_matrix(float *matrix, size_t ld, const struct rows *rows,
                  const poison_settings *settings, poison_error *err)
{
    const struct simd *simd = simd_loops(settings->isa);
    size_t n = rows->n, d = (size_t)rows->d, side = (n + TILE - 1) / TILE;
    double begun = trace_begin(settings->trace);
    struct tile *tiles = take_tiles(settings->threads, 1);
    if (!tiles)
        return fail_tiles(settings->threads, 1, err);
    trace_room(settings->trace, side * (side + 1) / 2);
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(settings->threads)
    for (size_t u = 0; u < side; u++)
        for (size_t v = 0; v < side; v++) {
            if (v < u || poison_cancelled(settings))
                continue;
            struct tile *tile = tiles + omp_get_thread_num();
            double piece = trace_begin(settings->trace);
            size_t a0 = u * TILE, an = size_min(TILE, n - a0), b0 = v * TILE,
                   bn = size_min(TILE, n - b0);
            tile->ld = TILE;
            if (rows->v)
                multiply_doubles(tile, TILE, (struct span){rows->v, n, a0, an},
                                 (struct span){rows->v, n, b0, bn}, rows);
            else
                multiply_floats(tile, rows->x + a0 * d, an, rows, b0, bn);
            if (tile->check.wrong)
                continue; /* a matrix that is made anew keeps what it was */
            for (size_t a = 0; a < an; a++) {
                struct rbf rbf = tile_row(tile, rows, a, rows->norm[a0 + a], rows->norm + b0);
                row_floats(matrix + (a0 + a) * ld + b0, &rbf, &rows->kernel, bn, simd);
            }
            if (u != v)
                mirror(matrix, ld, a0, an, b0, bn);
            trace_piece(settings->trace, TRACE_KERNEL, piece, NULL);
        }
    int status = poison_cancelled(settings) ? poison_fail_cancelled(err)
                                            : tiles_status(tiles, settings->threads, err);
    free(tiles);
    trace_count(settings->trace, TRACE_COMPUTED, (double)n);
    trace_end(settings->trace, TRACE_KERNEL, begun, (double)n * (double)n * (double)d);
    return status;
}
