/* SPDX-License-Identifier: MIT */
#include "simd.h"

#include "dot.h"
#include "poison.h"

#include <math.h>
#include <string.h>

/* ---- exp: shared by all instances ------------------------------------------------------------ */

/*
 * exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln 2 / 2 + 2^-40, exp(r) by Taylor to degree 11.
 *
 * Error, relative: truncation r^12 / 12! <= 6.4e-15; rounding of r <= 2^-53 |r|, of Horner's last
 * steps <= 2^-52 (each earlier step's error shrinks by |r| < 0.35 as it is carried on); together <
 * 7e-15, under 64 units in the last place of a double (a unit is at least 1.1e-16 of the value).
 *
 * A float keeps 24 of the 53 bits. If the 29 dropped ones lie more than 64 units from the rounding
 * point (and libm's own exp is within 1), the polynomial and libm round to the same float.
 * SIMD_GUARD is four times that; those inside, one value in a million, are computed by libm.
 */
#define LOG2E 0x1.71547652b82fep+0
#define LN2_HIGH 0x1.62e42fee00000p-1 /* the last 21 bits are zero: n * LN2_HIGH is exact */
#define LN2_LOW 0x1.a39ef35793c76p-33
#define ROUND 0x1.8p52 /* adding it rounds to an integer, which then stands in the low bits */
#define DROPPED 0x1FFFFFFF
#define HALFWAY 0x10000000
#define SIMD_GUARD 256
static const double inverse_factorial[12] = {
    1.0,       1.0,        1.0 / 2,     1.0 / 6,      1.0 / 24,      1.0 / 120,
    1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800,
};

static inline uint64_t bits_of(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

double simd_exp(double x)
{
    if (x < SIMD_EXP_MIN) /* subnormal, or nearly: 2^n is no double then */
        return x < SIMD_EXP_ZERO ? 0 : exp(x);
    double t = x * LOG2E + ROUND, n = t - ROUND, r = (x - n * LN2_HIGH) - n * LN2_LOW;
    double p = inverse_factorial[11];
    for (int k = 10; k >= 0; k--)
        p = p * r + inverse_factorial[k];
    uint64_t b = bits_of(p) + (bits_of(t) << 52);
    memcpy(&p, &b, sizeof p);
    return p;
}

#define UNROLL _Pragma("GCC unroll 8") /* so that arrays of vectors become registers */

/* ---- the reference --------------------------------------------------------------------------- */

#define TAU 1e-12 /* LIBSVM's floor of the curvature */

static inline void offer(struct pick *pick, double value, size_t index)
{
    if (value >= pick->value) {
        pick->tied = value == pick->value && pick->index >= 0;
        pick->value = value;
        pick->index = (ptrdiff_t)index;
    }
}

/* diagonal NULL: the kernel is 1 there, and no q above 0 is below TAU */
static inline double gain_of(double F, float ki, const double *diagonal, double own, double gmax)
{
    double difference = gmax + F, q = (diagonal ? own + *diagonal : 2) - 2 * (double)ki;
    return difference * difference / (q > 0 ? q : TAU);
}

static const struct pick none = {-INFINITY, -1, 0};

static void step_c(double *F, const float *ki, const float *kj, double di, double dj,
                   const uint8_t *up, size_t len, double *scratch, struct pick *next)
{
    (void)scratch;
    *next = none;
    for (size_t t = 0; t < len; t++) {
        F[t] += ki[t] * di + kj[t] * dj;
        if (up[t])
            offer(next, 0 - F[t], t);
    }
}

static double gain_any_c(const double *F, const float *ki, const double *diagonal, double own,
                         const uint8_t *low, double gmax, size_t len, double *scratch,
                         struct pick *best)
{
    double gmax2 = -INFINITY;
    (void)scratch;
    *best = none;
    for (size_t t = 0; t < len; t++)
        if (low[t]) {
            gmax2 = F[t] > gmax2 ? F[t] : gmax2;
            if (gmax + F[t] > 0)
                offer(best, gain_of(F[t], ki[t], diagonal ? diagonal + t : NULL, own, gmax), t);
        }
    return gmax2;
}

static double gain_c(const double *F, const float *ki, const uint8_t *low, double gmax, size_t len,
                     double *scratch, struct pick *best)
{
    return gain_any_c(F, ki, NULL, 0, low, gmax, len, scratch, best);
}

static void add_from(double *sum, const float *k, double weight, size_t from, size_t len)
{
    for (size_t t = from; t < len; t++)
        sum[t] += weight * k[t];
}

static size_t above_c(const double *F, const uint8_t *mask, double sign, double bound, size_t from,
                      size_t len)
{
    size_t t = from;
    while (t < len && !(mask[t] && sign * F[t] > bound))
        t++;
    return t;
}

static inline double exponent(const struct rbf *r, size_t t)
{
    double product = 0;
    if (r->dot)
        product = (double)r->dot[t];
    else if (r->whole)
        product = (double)r->whole[t];
    product += r->more ? r->more[t] : 0;
    return -r->gamma * (r->norm + r->norms[t] - 2 * product);
}

static void rbf_float_from(float *out, const struct rbf *r, size_t from, size_t len)
{
    for (size_t t = from; t < len; t++)
        out[t] = (float)exp(exponent(r, t));
}

static void rbf_double_from(double *out, const struct rbf *r, size_t from, size_t len)
{
    for (size_t t = from; t < len; t++)
        out[t] = simd_exp(exponent(r, t));
}

static void weigh_from(double *sum, const double *coef, const double *const *row, size_t count,
                       size_t from, size_t len)
{
    for (size_t t = from; t < len; t++)
        sum[t] = 0;
    for (size_t s = 0; s < count; s++)
        for (size_t t = from; t < len; t++)
            sum[t] += coef[s] * row[s][t];
}

/* Pairs, which every 64-bit machine has vectors for */
typedef double pair __attribute__((vector_size(16)));
typedef float pair_of_floats __attribute__((vector_size(8)));

static inline pair load_double(const double *p)
{
    pair v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline pair load_float(const float *p)
{
    pair_of_floats v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, pair);
}

static void weigh_floats_c(double *sum, const double *coef, const float *row, size_t step,
                           size_t count, size_t len)
{
    enum { ROWS = 8 };
    size_t s = 0, whole = len / 2 * 2;
    memset(sum, 0, len * sizeof *sum);
    for (; s + ROWS <= count; s += ROWS, row += ROWS * step) {
        for (size_t t = 0; t < whole; t += 2) {
            pair acc = load_double(sum + t);
            UNROLL for (size_t u = 0; u < ROWS; u++)
                acc += coef[s + u] * load_float(row + u * step + t);
            memcpy(sum + t, &acc, sizeof acc);
        }
        for (size_t u = 0; u < ROWS; u++)
            add_from(sum, row + u * step, coef[s + u], whole, len);
    }
    for (; s < count; s++, row += step)
        add_from(sum, row, coef[s], 0, len);
}

/* Four pairs, so that additions do not wait for one another */
#define DOTS_C(name, type, load)                                                               \
    static void name(double *dot, const double *y, size_t of_y, const type *row, size_t step,  \
                     size_t count, size_t len)                                                 \
    {                                                                                          \
        for (size_t s = 0; s < count; s++, y += of_y, row += step) {                           \
            pair a = {0}, b = {0}, c = {0}, d = {0};                                           \
            size_t t = 0;                                                                      \
            for (; t + 8 <= len; t += 8) {                                                     \
                a += load_double(y + t) * load(row + t);                                       \
                b += load_double(y + t + 2) * load(row + t + 2);                               \
                c += load_double(y + t + 4) * load(row + t + 4);                               \
                d += load_double(y + t + 6) * load(row + t + 6);                               \
            }                                                                                  \
            pair sum = (a + b) + (c + d);                                                      \
            dot[s] = sum[0] + sum[1];                                                          \
            for (; t < len; t++)                                                               \
                dot[s] += y[t] * row[t];                                                       \
        }                                                                                      \
    }
DOTS_C(dots_float_c, float, load_float)
DOTS_C(dots_c, double, load_double)
#undef DOTS_C

static void add_c(double *sum, const float *k, double weight, size_t len)
{
    add_from(sum, k, weight, 0, len);
}

static void rbf_float_c(float *out, const struct rbf *r, size_t len)
{
    rbf_float_from(out, r, 0, len);
}

static void rbf_double_c(double *out, const struct rbf *r, size_t len)
{
    rbf_double_from(out, r, 0, len);
}

static void weigh_c(double *sum, const double *coef, const double *const *row, size_t count,
                    size_t len)
{
    weigh_from(sum, coef, row, count, 0, len);
}

/* ---- one instance an instruction set --------------------------------------------------------- */

#if defined __x86_64__
#include <immintrin.h>

/* n of them stand before 4 - n: masks of n lanes of four */
static const int64_t lanes[8] = {-1, -1, -1, -1};
static const int32_t floats[8] = {-1, -1, -1, -1};

static inline int some_bytes(const uint8_t *p, size_t n)
{
    int bytes = 0;
    memcpy(&bytes, p, n < 4 ? n : 4);
    return bytes;
}

#define NAME(loop) loop##_avx2
#define TARGET __attribute__((target("avx2"))) /* without fma, so that nothing can be fused */
#define W 4
#define V __m256d
#define MASK __m256d
#define v_set(x) _mm256_set1_pd(x)
#define v_load(p) _mm256_loadu_pd(p)
#define v_store(p, v) _mm256_storeu_pd(p, v)
#define v_load_float(p) _mm256_cvtps_pd(_mm_loadu_ps(p))
/* the first n < W lanes; the others are 0 */
#define a_lanes(n) _mm256_loadu_si256((const __m256i *)(lanes + 4 - (n)))
#define v_load_some(p, n) _mm256_maskload_pd(p, a_lanes(n))
#define v_store_some(p, n, v) _mm256_maskstore_pd(p, a_lanes(n), v)
#define a_float_lanes(n) _mm_loadu_si128((const __m128i *)(floats + 4 - (n)))
#define v_load_floats(p, n) _mm256_cvtps_pd(_mm_maskload_ps(p, a_float_lanes(n)))
#define m_load_some(p, n) \
    _mm256_castsi256_pd(_mm256_cvtepi8_epi64(_mm_cvtsi32_si128(some_bytes(p, n))))
#define v_load_int(p) _mm256_cvtepi32_pd(_mm_loadu_si128((const __m128i *)(p)))
#define v_store_float(p, v) _mm_storeu_ps(p, _mm256_cvtpd_ps(v))
#define v_add(a, b) _mm256_add_pd(a, b)
#define v_sub(a, b) _mm256_sub_pd(a, b)
#define v_mul(a, b) _mm256_mul_pd(a, b)
#define v_div(a, b) _mm256_div_pd(a, b)
#define v_max(a, b) _mm256_max_pd(a, b)
#define v_min(a, b) _mm256_min_pd(a, b)
#define v_select(mask, a, b) _mm256_blendv_pd(b, a, mask)
#define v_gt(a, b) _mm256_cmp_pd(a, b, _CMP_GT_OQ)
#define v_eq(a, b) _mm256_cmp_pd(a, b, _CMP_EQ_OQ)
#define v_lt(a, b) _mm256_cmp_pd(a, b, _CMP_LT_OQ)
#define m_and(a, b) _mm256_and_pd(a, b)
#define m_bits(mask) ((unsigned)_mm256_movemask_pd(mask))
#define m_load(p) _mm256_castsi256_pd(_mm256_cvtepi8_epi64(_mm_loadu_si32(p)))
#define I __m256i
#define v_bits(v) _mm256_castpd_si256(v)
#define i_double(i) _mm256_castsi256_pd(i)
#define i_set(x) _mm256_set1_epi64x(x)
#define i_add(a, b) _mm256_add_epi64(a, b)
#define i_and(a, b) _mm256_and_si256(a, b)
#define i_shift52(a) _mm256_slli_epi64(a, 52)
#define i_less(a, b) _mm256_castsi256_pd(_mm256_cmpgt_epi64(b, a))
#include "simd_loops.h"

#undef a_lanes
#define NAME(loop) loop##_avx512
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define W 8
#define V __m512d
#define MASK __mmask8
#define v_set(x) _mm512_set1_pd(x)
#define v_load(p) _mm512_loadu_pd(p)
#define v_store(p, v) _mm512_storeu_pd(p, v)
#define v_load_float(p) _mm512_cvtps_pd(_mm256_loadu_ps(p))
#define a_lanes(n) ((__mmask8)((1u << (n)) - 1))
#define v_load_some(p, n) _mm512_maskz_loadu_pd(a_lanes(n), p)
#define v_store_some(p, n, v) _mm512_mask_storeu_pd(p, a_lanes(n), v)
#define v_load_floats(p, n) _mm512_cvtps_pd(_mm256_maskz_loadu_ps(a_lanes(n), p))
#define m_load_some(p, n) ((__mmask8)_mm_movepi8_mask(_mm_maskz_loadu_epi8(a_lanes(n), p)))
#define v_load_int(p) _mm512_cvtepi32_pd(_mm256_loadu_si256((const __m256i *)(p)))
#define v_store_float(p, v) _mm256_storeu_ps(p, _mm512_cvtpd_ps(v))
#define v_add(a, b) _mm512_add_pd(a, b)
#define v_sub(a, b) _mm512_sub_pd(a, b)
#define v_mul(a, b) _mm512_mul_pd(a, b)
#define v_div(a, b) _mm512_div_pd(a, b)
#define v_max(a, b) _mm512_max_pd(a, b)
#define v_min(a, b) _mm512_min_pd(a, b)
#define v_select(mask, a, b) _mm512_mask_blend_pd(mask, b, a)
#define v_gt(a, b) _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ)
#define v_eq(a, b) _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ)
#define v_lt(a, b) _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ)
#define v_ge(a, b) _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ)
#define v_reciprocal(v) _mm512_rcp14_pd(v)
#define m_and(a, b) ((__mmask8)((a) & (b)))
#define m_bits(mask) ((unsigned)(mask))
#define m_load(p) ((__mmask8)_mm_movepi8_mask(_mm_loadl_epi64((const __m128i *)(p))))
#define I __m512i
#define v_bits(v) _mm512_castpd_si512(v)
#define i_double(i) _mm512_castsi512_pd(i)
#define i_set(x) _mm512_set1_epi64(x)
#define i_add(a, b) _mm512_add_epi64(a, b)
#define i_and(a, b) _mm512_and_si512(a, b)
#define i_shift52(a) _mm512_slli_epi64(a, 52)
#define i_less(a, b) _mm512_cmplt_epi64_mask(a, b)
#include "simd_loops.h"

#endif

/* ---- the choice ------------------------------------------------------------------------------ */

#define LOOPS(isa)                                                                             \
    {step_##isa,  gain_##isa,      gain_any_##isa,   add_##isa, \
     above_##isa, rbf_float_##isa, rbf_double_##isa, weigh_##isa, \
     weigh_floats_##isa, dots_float_##isa, dots_##isa}

static const struct {
    const char *name;
    struct simd loops;
} instance[POISON_ISA_COUNT] = {
    [POISON_ISA_C] = {"c", LOOPS(c)},
#if defined __x86_64__
    [POISON_ISA_AVX2] = {"avx2", LOOPS(avx2)},
    [POISON_ISA_AVX512] = {"avx512", LOOPS(avx512)},
    [POISON_ISA_VNNI] = {"vnni", LOOPS(avx512)}, /* these two differ in dot.c only */
    [POISON_ISA_AMX] = {"amx", LOOPS(avx512)},
#else /* never chosen: poison_isa_best says so */
    [POISON_ISA_AVX2] = {"avx2", LOOPS(c)},
    [POISON_ISA_AVX512] = {"avx512", LOOPS(c)},
    [POISON_ISA_VNNI] = {"vnni", LOOPS(c)},
    [POISON_ISA_AMX] = {"amx", LOOPS(c)},
#endif
};

int poison_isa_best(void)
{
#if defined __x86_64__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        if (dot_available(DOT_AMX))
            return POISON_ISA_AMX;
        return dot_available(DOT_VNNI) ? POISON_ISA_VNNI : POISON_ISA_AVX512;
    }
    if (__builtin_cpu_supports("avx2"))
        return POISON_ISA_AVX2;
#endif
    return POISON_ISA_C;
}

const char *poison_isa_name(int isa)
{
    return instance[isa].name;
}

const struct simd *simd_loops(int isa)
{
    return &instance[isa].loops;
}
