/* SPDX-License-Identifier: MIT */
/*
 * simd_loops - the loops of simd.h for one instruction set; simd.c includes this once for each,
 * after naming vectors V of W doubles, masks, their operations (v_, m_, and i_ on the same bits as
 * integers), TARGET and NAME
 *
 * The scans look for the last of the greatest values in two parts: a pass that only keeps the
 * greatest of each lane, and writes those of every block of BLOCK vectors to `scratch`; then a look
 * at the blocks, from the last, that hold the winner. Keeping an index in the pass would cost more,
 * and would lose ties between lanes.
 */
#define BLOCK 8
#define SPAN (BLOCK * W) /* elements of a block */

TARGET static inline double NAME(greatest)(V v)
{
    double lane[W];
    v_store(lane, v);
    double g = lane[0];
    for (int k = 1; k < W; k++)
        g = lane[k] > g ? lane[k] : g;
    return g;
}

TARGET static inline double NAME(total)(V v)
{
    double lane[W], sum = 0;
    v_store(lane, v);
    for (int k = 0; k < W; k++)
        sum += lane[k];
    return sum;
}

/* What may be chosen as j, and by how much it violates. */
TARGET static inline MASK NAME(violators)(V F, V gmax, MASK low, V *difference)
{
    *difference = v_add(gmax, F);
    return m_and(low, v_gt(*difference, v_set(0)));
}

/* q of elements t .. t + n - 1, n <= W; diagonal NULL: rbf, where no q above 0 is below TAU */
TARGET static inline V NAME(curvature)(V ki, const double *diagonal, double own, size_t t, size_t n)
{
    if (!diagonal)
        return v_max(v_sub(v_set(2), v_mul(v_set(2), ki)), v_set(TAU));
    V ends = v_add(v_set(own), n < W ? v_load_some(diagonal + t, n) : v_load(diagonal + t));
    V q = v_sub(ends, v_mul(v_set(2), ki));
    return v_select(v_gt(q, v_set(0)), q, v_set(TAU));
}

TARGET static inline V NAME(gains)(V F, V q, V gmax, MASK low)
{
    V difference;
    MASK in = NAME(violators)(F, gmax, low, &difference);
    return v_select(in, v_div(v_mul(difference, difference), q), v_set(-INFINITY));
}

/* What ranks the gains: they themselves or, where there is a reciprocal of 14 bits, estimates
 * without the division. */
TARGET static inline V NAME(ranks)(V F, V q, V gmax, MASK low)
{
#ifdef v_reciprocal
    V difference;
    MASK in = NAME(violators)(F, gmax, low, &difference);
    V estimate = v_mul(v_mul(difference, difference), v_reciprocal(q));
    return v_select(in, estimate, v_set(-INFINITY));
#else
    return NAME(gains)(F, q, gmax, low);
#endif
}

/* The last winner is found again in the blocks. */
#define FIND_LAST(pick, greatest_value, blocks, len, match)                                    \
    do {                                                                                       \
        (pick)->value = (greatest_value);                                                      \
        int found_ = 0;                                                                        \
        for (size_t b_ = (blocks); b_-- > 0 && found_ < 2 && (pick)->value > -INFINITY;) {     \
            if (!m_bits(v_eq(v_load(scratch + b_ * W), v_set((pick)->value))))                 \
                continue;                                                                      \
            for (int u_ = BLOCK - 1; u_ >= 0; u_--) {                                          \
                size_t t_ = b_ * SPAN + (size_t)u_ * W;                                        \
                unsigned bits_ = t_ < (len) ? match : 0;                                       \
                if (bits_ && !found_)                                                          \
                    (pick)->index = (ptrdiff_t)t_ + 31 - __builtin_clz(bits_);                 \
                found_ += __builtin_popcount(bits_);                                           \
            }                                                                                  \
        }                                                                                      \
        (pick)->tied = found_ > 1;                                                             \
    } while (0)

/* Loops go by vectors; the last may have fewer lanes: the others are neither read nor written, and
 * never chosen. */
#define LANES(t, len) ((len) - (t) < W ? (len) - (t) : W)

/* Blocks of SPAN elements; each leaves its least F in `scratch`, so that the last index of the
 * greatest -F is looked for in the last block that has it only. */
TARGET static void NAME(step)(double *F, const float *ki, const float *kj, double di, double dj,
                              const uint8_t *up, size_t len, double *scratch, struct pick *next)
{
    size_t blocks = (len + SPAN - 1) / SPAN;
    V vi = v_set(di), vj = v_set(dj), all = v_set(INFINITY);
    for (size_t b = 0; b < blocks; b++) {
        V least = v_set(INFINITY);
        size_t t = b * SPAN, end = (b + 1) * SPAN < len / W * W ? (b + 1) * SPAN : len / W * W;
        for (; t < end; t += W) {
            V sum = v_add(v_mul(v_load_float(ki + t), vi), v_mul(v_load_float(kj + t), vj));
            V f = v_add(v_load(F + t), sum);
            v_store(F + t, f);
            least = v_min(least, v_select(m_load(up + t), f, v_set(INFINITY)));
        }
        if (t < (b + 1) * SPAN && t < len) {
            V sum = v_add(v_mul(v_load_floats(ki + t, len - t), vi),
                          v_mul(v_load_floats(kj + t, len - t), vj));
            V f = v_add(v_load_some(F + t, len - t), sum);
            v_store_some(F + t, len - t, f);
            least = v_min(least, v_select(m_load_some(up + t, len - t), f, v_set(INFINITY)));
        }
        v_store(scratch + b * W, v_sub(v_set(0), least));
        all = v_min(all, least);
    }
    *next = none;
    FIND_LAST(next, NAME(greatest)(v_sub(v_set(0), all)), blocks, len,
              m_bits(m_and(m_load_some(up + t_, LANES(t_, len)),
                           v_eq(v_load_some(F + t_, LANES(t_, len)), v_set(-next->value)))));
}

#ifdef v_reciprocal
/* The last of the greatest gains, from the greatest estimate. An estimate is off by 2^-14 of the
 * gain, so the winners are among those that reach the greatest one but for 2^-12 of it; only these
 * few are divided. */
TARGET static void NAME(find_gain)(const double *F, const float *ki, const double *diagonal,
                                   double own, const uint8_t *low, V gmax, size_t len,
                                   size_t blocks, const double *scratch, double estimate,
                                   struct pick *best)
{
    V bound = v_set(estimate * (1 - 0x1p-12));
    for (size_t b = blocks; b-- > 0;) {
        if (!m_bits(v_ge(v_load(scratch + b * W), bound)))
            continue;
        for (int u = BLOCK - 1; u >= 0; u--) {
            double gain[W];
            size_t t = b * SPAN + (size_t)u * W;
            if (t >= len)
                continue;
            V f = v_load_some(F + t, LANES(t, len));
            V q = NAME(curvature)(v_load_floats(ki + t, LANES(t, len)), diagonal, own, t,
                                  LANES(t, len));
            MASK in = m_load_some(low + t, LANES(t, len));
            unsigned bits = m_bits(v_ge(NAME(ranks)(f, q, gmax, in), bound));
            if (!bits)
                continue;
            v_store(gain, NAME(gains)(f, q, gmax, in));
            for (int lane = W - 1; lane >= 0; lane--)
                if (bits >> lane & 1 && gain[lane] >= best->value) {
                    best->tied = gain[lane] == best->value;
                    best->index = best->tied ? best->index : (ptrdiff_t)t + lane;
                    best->value = gain[lane];
                }
        }
    }
}
#endif

/* Made twice: for rbf the compiler knows that there is no diagonal. */
TARGET static inline __attribute__((always_inline)) double
NAME(gain_of_both)(const double *F, const float *ki, const double *diagonal, double own,
                   const uint8_t *low, double gmax, size_t len, double *scratch, struct pick *best)
{
    size_t blocks = (len + SPAN - 1) / SPAN;
    V all = v_set(-INFINITY), most = all, vmax = v_set(gmax);
    for (size_t b = 0; b < blocks; b++) {
        V greatest = v_set(-INFINITY);
        size_t t = b * SPAN, end = (b + 1) * SPAN < len / W * W ? (b + 1) * SPAN : len / W * W;
        for (; t < end; t += W) {
            V f = v_load(F + t);
            MASK in = m_load(low + t);
            most = v_max(most, v_select(in, f, v_set(-INFINITY)));
            V q = NAME(curvature)(v_load_float(ki + t), diagonal, own, t, W);
            greatest = v_max(greatest, NAME(ranks)(f, q, vmax, in));
        }
        if (t < (b + 1) * SPAN && t < len) {
            V f = v_load_some(F + t, len - t);
            MASK in = m_load_some(low + t, len - t);
            most = v_max(most, v_select(in, f, v_set(-INFINITY)));
            V q = NAME(curvature)(v_load_floats(ki + t, len - t), diagonal, own, t, len - t);
            greatest = v_max(greatest, NAME(ranks)(f, q, vmax, in));
        }
        v_store(scratch + b * W, greatest);
        all = v_max(all, greatest);
    }
    *best = none;
#ifdef v_reciprocal
    double estimate = NAME(greatest)(all);
    if (estimate >= 0 && estimate < 1e-250) /* near the end of the doubles estimates are worse */
        return gain_any_c(F, ki, diagonal, own, low, gmax, len, scratch, best);
    if (estimate > 0)
        NAME(find_gain)(F, ki, diagonal, own, low, vmax, len, blocks, scratch, estimate, best);
#else
    FIND_LAST(best, NAME(greatest)(all), blocks, len,
              m_bits(v_eq(NAME(gains)(v_load_some(F + t_, LANES(t_, len)),
                                      NAME(curvature)(v_load_floats(ki + t_, LANES(t_, len)),
                                                      diagonal, own, t_, LANES(t_, len)),
                                      vmax, m_load_some(low + t_, LANES(t_, len))),
                          v_set(best->value))));
#endif
    return NAME(greatest)(most);
}

TARGET static double NAME(gain)(const double *F, const float *ki, const uint8_t *low, double gmax,
                                size_t len, double *scratch, struct pick *best)
{
    return NAME(gain_of_both)(F, ki, NULL, 0, low, gmax, len, scratch, best);
}

TARGET static double NAME(gain_any)(const double *F, const float *ki, const double *diagonal,
                                    double own, const uint8_t *low, double gmax, size_t len,
                                    double *scratch, struct pick *best)
{
    return NAME(gain_of_both)(F, ki, diagonal, own, low, gmax, len, scratch, best);
}

TARGET static void NAME(add)(double *sum, const float *k, double weight, size_t len)
{
    size_t t = 0;
    for (; t + W <= len; t += W)
        v_store(sum + t, v_add(v_load(sum + t), v_mul(v_set(weight), v_load_float(k + t))));
    add_from(sum, k, weight, t, len);
}

TARGET static size_t NAME(above)(const double *F, const uint8_t *mask, double sign, double bound,
                                 size_t from, size_t len)
{
    size_t t = from;
    for (; t + W <= len; t += W) {
        unsigned bits =
            m_bits(m_and(m_load(mask + t), v_gt(v_mul(v_set(sign), v_load(F + t)), v_set(bound))));
        if (bits)
            return t + (size_t)__builtin_ctz(bits);
    }
    return above_c(F, mask, sign, bound, t, len);
}

/* simd_exp for x >= SIMD_EXP_MIN */
TARGET static inline V NAME(exp)(V x)
{
    V t = v_add(v_mul(x, v_set(LOG2E)), v_set(ROUND)), n = v_sub(t, v_set(ROUND));
    V r = v_sub(v_sub(x, v_mul(n, v_set(LN2_HIGH))), v_mul(n, v_set(LN2_LOW)));
    V p = v_set(inverse_factorial[11]);
    for (int k = 10; k >= 0; k--)
        p = v_add(v_mul(p, r), v_set(inverse_factorial[k]));
    return i_double(i_add(v_bits(p), i_shift52(v_bits(t))));
}

TARGET static inline V NAME(exponent)(const struct rbf *r, size_t t)
{
    V product = v_set(0);
    if (r->dot)
        product = v_load_float(r->dot + t);
    else if (r->whole)
        product = v_load_int(r->whole + t);
    if (r->more)
        product = v_add(product, v_load(r->more + t));
    V distance = v_sub(v_add(v_set(r->norm), v_load(r->norms + t)), v_mul(v_set(2), product));
    return v_mul(v_set(-r->gamma), distance);
}

TARGET static void NAME(rbf_float)(float *out, const struct rbf *r, size_t len)
{
    size_t t = 0;
    for (; t + W <= len; t += W) {
        V x = NAME(exponent)(r, t), e = NAME(exp)(x);
        /* 0 to 2 SIMD_GUARD: doubtful */
        I dropped = i_add(i_and(v_bits(e), i_set(DROPPED)), i_set(SIMD_GUARD - HALFWAY));
        unsigned doubtful =
            m_bits(i_less(i_set(-1), dropped)) & m_bits(i_less(dropped, i_set(2 * SIMD_GUARD + 1)));
        doubtful |= m_bits(v_lt(x, v_set(SIMD_EXP_FLOAT_MIN)));
        v_store_float(out + t, e);
        for (; doubtful; doubtful &= doubtful - 1) {
            size_t k = t + (size_t)__builtin_ctz(doubtful);
            rbf_float_from(out, r, k, k + 1);
        }
    }
    rbf_float_from(out, r, t, len);
}

TARGET static void NAME(rbf_double)(double *out, const struct rbf *r, size_t len)
{
    size_t t = 0;
    for (; t + W <= len; t += W) {
        V x = NAME(exponent)(r, t);
        unsigned small = m_bits(v_lt(x, v_set(SIMD_EXP_MIN)));
        if (!small) {
            v_store(out + t, NAME(exp)(x));
            continue;
        }
        MASK zero = v_lt(x, v_set(SIMD_EXP_ZERO));
        v_store(out + t, v_select(zero, v_set(0), NAME(exp)(x)));
        for (small &= ~m_bits(zero); small; small &= small - 1) {
            size_t k = t + (size_t)__builtin_ctz(small);
            rbf_double_from(out, r, k, k + 1);
        }
    }
    rbf_double_from(out, r, t, len);
}

/* Element by element in the order of the rows: lanes are elements, so no sum is split. */
TARGET static void NAME(weigh)(double *sum, const double *coef, const double *const *row,
                               size_t count, size_t len)
{
    size_t t = 0;
    /* a block of sums stays in registers while the rows go by */
    for (; t + SPAN <= len; t += SPAN) {
        V acc[BLOCK];
        UNROLL for (int u = 0; u < BLOCK; u++)
            acc[u] = v_set(0);
        for (size_t s = 0; s < count; s++) {
            V c = v_set(coef[s]);
            UNROLL for (int u = 0; u < BLOCK; u++)
                acc[u] = v_add(acc[u], v_mul(c, v_load(row[s] + t + u * W)));
        }
        UNROLL for (int u = 0; u < BLOCK; u++)
            v_store(sum + t + u * W, acc[u]);
    }
    for (; t + W <= len; t += W) {
        V acc = v_set(0);
        for (size_t s = 0; s < count; s++)
            acc = v_add(acc, v_mul(v_set(coef[s]), v_load(row[s] + t)));
        v_store(sum + t, acc);
    }
    weigh_from(sum, coef, row, count, t, len);
}

/* BLOCK rows at a time, all the way along: sums stay in L1, rows are read as they lie. */
TARGET static void NAME(weigh_floats)(double *sum, const double *coef, const float *row,
                                      size_t step, size_t count, size_t len)
{
    size_t s = 0, whole = len / W * W;
    memset(sum, 0, len * sizeof *sum);
    for (; s + BLOCK <= count; s += BLOCK, row += BLOCK * step) {
        V c[BLOCK];
        UNROLL for (int u = 0; u < BLOCK; u++)
            c[u] = v_set(coef[s + u]);
        for (size_t t = 0; t < whole; t += W) {
            V acc = v_load(sum + t);
            UNROLL for (int u = 0; u < BLOCK; u++)
                acc = v_add(acc, v_mul(c[u], v_load_float(row + u * step + t)));
            v_store(sum + t, acc);
        }
        for (int u = 0; u < BLOCK; u++)
            add_from(sum, row + u * step, coef[s + u], whole, len);
    }
    for (; s < count; s++, row += step)
        NAME(add)(sum, row, coef[s], len);
}

/* BLOCK rows at a time, whose additions do not wait for one another; then single ones. Nothing in
 * plain C is called, before which gcc 12 would leave registers in a state that slows it down. */
#define DOTS(loop, type, load, load_some)                                                      \
    TARGET static void NAME(loop)(double *dot, const double *y, size_t of_y, const type *row,  \
                                  size_t step, size_t count, size_t len)                       \
    {                                                                                          \
        size_t whole = len / W * W, rest = len - whole;                                        \
        for (size_t s = 0; s < count;) {                                                       \
            V acc[BLOCK];                                                                      \
            size_t rows = count - s < BLOCK ? 1 : BLOCK;                                       \
            UNROLL for (int u = 0; u < BLOCK; u++)                                             \
                acc[u] = v_set(0);                                                             \
            for (size_t t = 0; rows == BLOCK && t < whole; t += W)                             \
                UNROLL for (int u = 0; u < BLOCK; u++)                                         \
                    acc[u] = v_add(acc[u], v_mul(v_load(y + u * of_y + t),                     \
                                                 load(row + u * step + t)));                   \
            for (size_t t = 0; rows == 1 && t < whole; t += W)                                 \
                acc[0] = v_add(acc[0], v_mul(v_load(y + t), load(row + t)));                   \
            for (size_t u = 0; u < rows; u++, s++, y += of_y, row += step) {                   \
                V last = rest ? v_mul(v_load_some(y + whole, rest),                            \
                                      load_some(row + whole, rest)) : v_set(0);                \
                dot[s] = NAME(total)(v_add(acc[u], last));                                     \
            }                                                                                  \
        }                                                                                      \
    }
DOTS(dots_float, float, v_load_float, v_load_floats)
DOTS(dots, double, v_load, v_load_some)
#undef DOTS

#undef BLOCK
#undef SPAN
#undef FIND_LAST
#undef LANES
#undef NAME
#undef TARGET
#undef W
#undef V
#undef MASK
#undef I
#undef v_set
#undef v_load
#undef v_store
#undef v_load_float
#undef v_load_floats
#undef v_load_some
#undef v_store_some
#undef v_load_int
#undef v_store_float
#undef v_add
#undef v_sub
#undef v_mul
#undef v_div
#undef v_max
#undef v_min
#undef v_select
#undef v_gt
#undef v_eq
#undef v_lt
#undef v_ge
#undef v_reciprocal
#undef v_bits
#undef m_and
#undef m_bits
#undef m_load
#undef m_load_some
#undef i_double
#undef i_set
#undef i_add
#undef i_and
#undef i_shift52
#undef i_less
