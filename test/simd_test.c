/* SPDX-License-Identifier: MIT */
/* Each loop against the reference, by memcmp, for every length 0..131, with buffers that end at an
 * unmapped page */
#include "unit.h"

#include "simd.h"

#include <math.h>

enum { MOST = 131, ROWS = 9 };

static float *edge_floats;
static double *edge_doubles;
static double *F, *G, *scratch, *out, *out2, *norms, *more, *rows[ROWS];
static float *ki, *kj, *fout, *fout2;
static int32_t *whole;
static uint8_t *mask;

/* Buffers of exactly `len` elements, filled from stream `s`; `coarse` values make ties. */
static void fill(size_t len, uint64_t s, int coarse)
{
    size_t at = MOST - len;
    for (size_t t = 0; t < len; t++) {
        double u = uniform(s, 8 * t), v = uniform(s, 8 * t + 1);
        F[at + t] = G[at + t] = coarse ? floor(5 * u) - 2 : 4 * u - 2;
        /* 1 meets the floor of the curvature */
        ki[at + t] = (float)(coarse ? floor(3 * v) / 2 : v);
        kj[at + t] = (float)(coarse ? 0.5 : uniform(s, 8 * t + 2));
        mask[at + t] = uniform(s, 8 * t + 3) < 0.7 ? 0xFF : 0;
        norms[at + t] = floor(1e6 * uniform(s, 8 * t + 4));
        whole[at + t] = (int32_t)(5e5 * v);
        more[at + t] = floor(1e5 * uniform(s, 8 * t + 5));
        for (int r = 0; r < ROWS; r++)
            rows[r][at + t] = uniform(s, 8 * t + 6) - 0.5 * r;
    }
}

static void same_pick(const struct pick *a, const struct pick *b)
{
    assert_true(a->value == b->value);
    assert_int_equal(a->index, b->index);
    assert_int_equal(a->tied, b->tied);
}

static void every_length(void (*check)(const struct simd *c, const struct simd *s, size_t at,
                                       size_t len))
{
    for (int isa = POISON_ISA_C; isa <= poison_isa_best(); isa++)
        for (size_t len = 0; len <= MOST; len++)
            for (uint64_t k = 0; k < 6; k++) {
                fill(len, 1000 * k + len, k % 2);
                check(simd_loops(POISON_ISA_C), simd_loops(isa), MOST - len, len);
            }
}

static void check_step(const struct simd *c, const struct simd *s, size_t at, size_t len)
{
    struct pick a, b;
    c->step(F + at, ki + at, kj + at, 0.3, -0.7, mask + at, len, scratch, &a);
    s->step(G + at, ki + at, kj + at, 0.3, -0.7, mask + at, len, scratch, &b);
    assert_memory_equal(F + at, G + at, len * sizeof *F);
    same_pick(&a, &b);
}

static void check_gain(const struct simd *c, const struct simd *s, size_t at, size_t len)
{
    struct pick a, b;
    double p = c->gain(F + at, ki + at, mask + at, 0.5, len, scratch, &a);
    double q = s->gain(F + at, ki + at, mask + at, 0.5, len, scratch, &b);
    assert_true(p == q);
    same_pick(&a, &b);
}

static void check_gain_any(const struct simd *c, const struct simd *s, size_t at, size_t len)
{
    struct pick a, b;
    double p = c->gain_any(F + at, ki + at, rows[0] + at, 0.1, mask + at, 0.5, len, scratch, &a);
    double q = s->gain_any(F + at, ki + at, rows[0] + at, 0.1, mask + at, 0.5, len, scratch, &b);
    assert_true(p == q);
    same_pick(&a, &b);
}

static void check_add(const struct simd *c, const struct simd *s, size_t at, size_t len)
{
    c->add(F + at, ki + at, 0.3, len);
    s->add(G + at, ki + at, 0.3, len);
    assert_memory_equal(F + at, G + at, len * sizeof *F);
}

static void check_above(const struct simd *c, const struct simd *s, size_t at, size_t len)
{
    for (int k = 0; k < 9; k++) {
        size_t from = len * (size_t)k / 9;
        double sign = k % 2 ? -1 : 1, bound = 0.2 * k - 0.5;
        assert_int_equal(s->above(F + at, mask + at, sign, bound, from, len),
                         c->above(F + at, mask + at, sign, bound, from, len));
    }
}

static void check_rbf(const struct simd *c, const struct simd *s, size_t at, size_t len)
{
    for (int k = 0; k < 4; k++) { /* products: float, double, both, integer */
        struct rbf rbf = {.gamma = 3e-6 * (k + 1),
                          .norm = 12345,
                          .norms = norms + at,
                          .dot = k % 2 ? NULL : kj + at,
                          .whole = k == 3 ? whole + at : NULL,
                          .more = k && k < 3 ? more + at : NULL};
        c->rbf_float(fout + at, &rbf, len);
        s->rbf_float(fout2 + at, &rbf, len);
        assert_memory_equal(fout + at, fout2 + at, len * sizeof *fout);
        c->rbf_double(out + at, &rbf, len);
        s->rbf_double(out2 + at, &rbf, len);
        assert_memory_equal(out + at, out2 + at, len * sizeof *out);
    }
}

static void check_weigh(const struct simd *c, const struct simd *s, size_t at, size_t len)
{
    double coef[ROWS];
    const double *row[ROWS];
    for (int r = 0; r < ROWS; r++) {
        coef[r] = uniform(3, (uint64_t)r) - 0.5;
        row[r] = rows[r] + at;
    }
    c->weigh(out + at, coef, row, len % (ROWS + 1), len);
    s->weigh(out2 + at, coef, row, len % (ROWS + 1), len);
    assert_memory_equal(out + at, out2 + at, len * sizeof *out);
}

/* The sums of the check of products, on rows of any length, some of them beside one another and
 * some apart: of whole numbers, whose order does not matter */
static void check_sums(const struct simd *c, const struct simd *s, size_t at, size_t len)
{
    enum { COUNT = 19 };
    const size_t count = len % (COUNT + 1), step = len + at % 3;
    float *few = edge_floats + COUNT * (MOST + 2) - (count ? (count - 1) * step + len : 0);
    double *wide = edge_doubles + COUNT * (MOST + 2) - (count ? (count - 1) * step + len : 0);
    double coef[COUNT], want[COUNT], got[COUNT], y[MOST];
    for (size_t t = 0; t < MOST; t++)
        y[t] = floor(1e6 * uniform(50, t));
    for (size_t r = 0; r < COUNT; r++)
        coef[r] = 256 + floor(256 * uniform(51, r));
    for (size_t t = 0; count && t < (count - 1) * step + len; t++)
        few[t] = (float)(wide[t] = floor(256 * uniform(52, t)) - 128);
    c->weigh_floats(out + at, coef, few, step, count, len);
    s->weigh_floats(out2 + at, coef, few, step, count, len);
    assert_memory_equal(out + at, out2 + at, len * sizeof *out);
    c->dots_float(want, y, 0, few, step, count, len);
    s->dots_float(got, y, 0, few, step, count, len);
    assert_memory_equal(want, got, count * sizeof *got);
    c->dots(want, wide, step, wide, step, count, len);
    s->dots(got, wide, step, wide, step, count, len);
    assert_memory_equal(want, got, count * sizeof *got);
    for (size_t r = 0; r < count; r++) {
        double sum = 0;
        for (size_t t = 0; t < len; t++)
            sum += wide[r * step + t] * wide[r * step + t];
        assert_true(got[r] == sum);
    }
}

static void step_is_the_reference(void **state) { (void)state; every_length(check_step); }
static void gain_is_the_reference(void **state)
{
    (void)state;
    every_length(check_gain);
    every_length(check_gain_any);
}
static void add_is_the_reference(void **state) { (void)state; every_length(check_add); }
static void above_is_the_reference(void **state) { (void)state; every_length(check_above); }
static void rbf_is_the_reference(void **state) { (void)state; every_length(check_rbf); }
static void weigh_is_the_reference(void **state) { (void)state; every_length(check_weigh); }
static void sums_are_the_reference(void **state) { (void)state; every_length(check_sums); }

/* The last of equal values wins, inside a vector, across vectors and blocks, and in the tail. */
static void the_last_of_ties_wins(void **state)
{
    (void)state;
    for (int isa = POISON_ISA_C; isa <= poison_isa_best(); isa++)
        for (size_t p = 0; p < MOST; p++)
            for (size_t q = 0; q < p; q += 5) {
                struct pick pick;
                for (size_t t = 0; t < MOST; t++) {
                    F[t] = t == p || t == q ? -1 : 1;
                    ki[t] = kj[t] = 0;
                    mask[t] = 0xFF;
                }
                simd_loops(isa)->step(F, ki, kj, 0, 0, mask, MOST, scratch, &pick);
                assert_int_equal(pick.index, p);
                assert_true(pick.tied && pick.value == 1);
                for (size_t t = 0; t < MOST; t++)
                    F[t] = -F[t];
                simd_loops(isa)->gain(F, ki, mask, 0.5, MOST, scratch, &pick);
                assert_int_equal(pick.index, p);
                assert_true(pick.tied);
            }
}

/* Gains so close to one another that an estimate of 14 bits takes another for the greatest. */
static void close_gains_are_the_reference(void **state)
{
    (void)state;
    for (int isa = POISON_ISA_C; isa <= poison_isa_best(); isa++)
        for (uint64_t round = 0; round < 300; round++) {
            struct pick a, b;
            for (size_t t = 0; t < MOST; t++) {
                ki[t] = (float)uniform(round, 2 * t);
                F[t] = sqrt((1 + 0x1p-16 * uniform(round, 2 * t + 1)) * (2 - 2 * (double)ki[t]))
                       - 0.25;
                mask[t] = 0xFF;
            }
            double worst = simd_loops(POISON_ISA_C)->gain(F, ki, mask, 0.25, MOST, scratch, &a);
            assert_true(simd_loops(isa)->gain(F, ki, mask, 0.25, MOST, scratch, &b) == worst);
            same_pick(&a, &b);
        }
}

/* Training kernel values equal (float)exp() of libm. Precondition: arguments in [-110, 0]. A
 * million of them, drawn so that a tenth lies within the guard band of a float rounding point,
 * where a polynomial alone would fail. */
static void floats_are_libms(void **state)
{
    (void)state;
    static float x[1000], got[1000];
    static double norm[1000], argument[1000];
    size_t doubtful = 0;
    for (int isa = POISON_ISA_C; isa <= poison_isa_best(); isa++)
        for (uint64_t round = 0; round < 1000; round++) {
            for (uint64_t k = 0; k < 1000; k++) {
                double a = -110 * uniform(round, k) * uniform(round, 5000 + k);
                /* the argument whose exp is nearest to the middle of two floats */
                if (k % 10 == 0 && a > -87) {
                    float f = (float)exp(a);
                    double middle = 0.5 * ((double)f + (double)nextafterf(f, 2));
                    a = log(middle);
                }
                norm[k] = argument[k] = a;
                x[k] = 0;
            }
            /* the argument is -gamma (0 + norm - 0) */
            struct rbf rbf = {.gamma = -1, .norms = norm, .dot = x};
            simd_loops(isa)->rbf_float(got, &rbf, 1000);
            for (int k = 0; k < 1000; k++) {
                double e = exp(argument[k]);
                uint64_t bits;
                float want = (float)e;
                memcpy(&bits, &e, sizeof bits);
                int64_t off = (int64_t)(bits & 0x1FFFFFFF) - 0x10000000;
                doubtful += off >= -256 && off <= 256;
                assert_memory_equal(&want, &got[k], sizeof want);
            }
        }
    assert_true(doubtful > 10000); /* the band was really entered */
}

/* simd_exp is within 1e-14 of exp, relatively, on [-708, 0]. */
static void doubles_are_close(void **state)
{
    (void)state;
    double worst = 0;
    for (uint64_t k = 0; k < 1000000; k++) {
        double a = -708 * uniform(9, k) * uniform(10, k), e = exp(a);
        worst = fmax(worst, fabs(simd_exp(a) - e) / e);
    }
    assert_true(worst > 0 && worst < 1e-14);
    assert_true(simd_exp(0) == 1 && simd_exp(-1e300) == 0 && simd_exp(-INFINITY) == 0);
}

/* Below, doubles are libm's, bit for bit, down to the least one and to 0; training's floats too,
 * among them subnormal ones. A vector holds ordinary and subnormal values and zeros, mixed. */
static void subnormals_are_libms(void **state)
{
    (void)state;
    enum { LEN = 1000 };
    static double x[LEN], doubles[LEN];
    static float zero[LEN], got[LEN];
    size_t subnormal = 0;
    for (int isa = POISON_ISA_C; isa <= poison_isa_best(); isa++)
        for (uint64_t round = 0; round < 100; round++) {
            struct rbf rbf = {.gamma = -1, .norms = x, .dot = zero};
            for (uint64_t k = 0; k < LEN; k++)
                x[k] = round % 2 ? -800 * uniform(round, k) : -707.9 - 40 * uniform(round, k);
            simd_loops(isa)->rbf_double(doubles, &rbf, LEN);
            simd_loops(isa)->rbf_float(got, &rbf, LEN);
            for (size_t k = 0; k < LEN; k++) {
                double want = exp(x[k]);
                float rounded = (float)want;
                subnormal += fpclassify(want) == FP_SUBNORMAL;
                assert_true(x[k] >= -708 ? fabs(doubles[k] - want) <= 1e-14 * want
                                         : doubles[k] == want);
                assert_memory_equal(&rounded, &got[k], sizeof rounded);
            }
        }
    assert_true(subnormal > 10000);
}

static int set_up(void **state)
{
    (void)state;
    F = edge_memory(MOST * sizeof *F), G = edge_memory(MOST * sizeof *G);
    out = edge_memory(MOST * sizeof *out), out2 = edge_memory(MOST * sizeof *out2);
    norms = edge_memory(MOST * sizeof *norms), more = edge_memory(MOST * sizeof *more);
    ki = edge_memory(MOST * sizeof *ki), kj = edge_memory(MOST * sizeof *kj);
    fout = edge_memory(MOST * sizeof *fout), fout2 = edge_memory(MOST * sizeof *fout2);
    mask = edge_memory(MOST);
    whole = edge_memory(MOST * sizeof *whole);
    scratch = edge_memory((MOST / 8 + 8) * sizeof *scratch);
    edge_floats = edge_memory(19 * (MOST + 2) * sizeof *edge_floats);
    edge_doubles = edge_memory(19 * (MOST + 2) * sizeof *edge_doubles);
    for (int r = 0; r < ROWS; r++)
        rows[r] = edge_memory(MOST * sizeof *rows[r]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_is_the_reference), cmocka_unit_test(gain_is_the_reference),
        cmocka_unit_test(add_is_the_reference), cmocka_unit_test(above_is_the_reference),
        cmocka_unit_test(rbf_is_the_reference), cmocka_unit_test(weigh_is_the_reference),
        cmocka_unit_test(sums_are_the_reference),
        cmocka_unit_test(the_last_of_ties_wins), cmocka_unit_test(close_gains_are_the_reference),
        cmocka_unit_test(floats_are_libms), cmocka_unit_test(doubles_are_close),
        cmocka_unit_test(subnormals_are_libms),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
