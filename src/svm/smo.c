/* SPDX-License-Identifier: MIT */
#include "smo.h"

#include "base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINE 16 /* variables; side -1 begins at a multiple */
#define NOBODY ((size_t)-1)

/* ---- the problem in memory ------------------------------------------------------------------- */

static size_t padded(size_t n)
{
    return (n + LINE - 1) / LINE * LINE;
}

/* Lays the arrays out from `memory` on, or only counts if it is NULL. */
static size_t lay_out(struct smo *s, char *memory)
{
    size_t used = 0, size = s->size;
#define PLACE(array, count)                                                \
    do {                                                                   \
        s->array = memory ? (void *)(memory + used) : NULL;                \
        used += ((count) * sizeof *s->array + 63) / 64 * 64;               \
    } while (0)
    PLACE(alpha, size);
    if (s->any_kernel)
        PLACE(diagonal, size);
    PLACE(F, size);
    PLACE(F_bar, size);
    PLACE(rebuilt, size);
    PLACE(scratch, size / 8 + 8);
    PLACE(row, size);
    PLACE(at, size);
    PLACE(position, size);
    PLACE(event, size);
    PLACE(up, size);
    PLACE(low, size);
    PLACE(used, size);
#undef PLACE
    return used;
}

size_t smo_bytes(const size_t n[2], int any_kernel)
{
    struct smo s = {.size = padded(n[0]) + padded(n[1]), .any_kernel = any_kernel};
    return lay_out(&s, NULL);
}

static int side_of(const struct smo *s, size_t t)
{
    return t >= s->begin[1];
}

/* y of variable t */
static double sign_of(const struct smo *s, size_t t)
{
    return side_of(s, t) ? -1 : 1;
}

/* The upper bound of alpha */
static double bound_of(const struct smo *s, size_t t)
{
    return s->C[side_of(s, t)];
}

/* k(x_t, x_u), when t's row is there */
static float kernel_value(const struct smo *s, size_t t, size_t u)
{
    int side = side_of(s, u);
    return s->row[t][side][u - s->begin[side]];
}

/* Sets the masks of variable t from its alpha and its place. */
static void mark(struct smo *s, size_t t)
{
    int active = s->position[t] < s->active;
    int below = s->alpha[t] < bound_of(s, t), above = s->alpha[t] > 0;
    int side = side_of(s, t), rises = side ? above : below, falls = side ? below : above;
    s->up[t] = active && rises ? 0xFF : 0;
    s->low[t] = active && falls ? 0xFF : 0;
}

static int is_free(const struct smo *s, size_t t)
{
    return s->alpha[t] > 0 && s->alpha[t] < bound_of(s, t);
}

/* ---- working set selection ------------------------------------------------------------------- */

static void settle(const struct smo *s, struct pick *pick, double value, size_t t)
{
    if (value > pick->value ||
        (value == pick->value && (pick->index < 0 || s->position[t] > s->position[pick->index]))) {
        pick->value = value;
        pick->index = (ptrdiff_t)t;
    }
}

/* i: the greatest -F that may go up; the last position wins a tie. Every variable is looked at: see
 * choose. */
static struct pick scan_i(const struct smo *s)
{
    struct pick pick = {-INFINITY, -1, 0};
    for (size_t t = 0; t < s->size; t++)
        if (s->up[t])
            settle(s, &pick, 0 - s->F[t], t);
    return pick;
}

/* The curvature along the pair t, u, when t's row is there, or LIBSVM's floor where that is not
 * above 0. */
static double curvature(const struct smo *s, size_t t, size_t u, float k)
{
    double q = (s->any_kernel ? s->diagonal[t] + s->diagonal[u] : 2) - 2 * (double)k;
    return q > 0 ? q : 1e-12;
}

static struct pick scan_j(const struct smo *s, const float *const row[2])
{
    struct pick pick = {-INFINITY, -1, 0};
    for (size_t t = 0; t < s->size; t++) {
        double difference = s->i.value + s->F[t];
        if (!s->low[t] || !(difference > 0))
            continue;
        int side = side_of(s, t);
        double q = curvature(s, (size_t)s->i.index, t, row[side][t - s->begin[side]]);
        settle(s, &pick, difference * difference / q, t);
    }
    return pick;
}

/* The winner of both sides. The loops return the last variable of those that tie, which is the last
 * position as long as nothing was swapped; after that a tie (rare on real data) is settled by the
 * scans above. *settled says which. */
static struct pick choose(const struct smo *s, struct pick plus, struct pick minus, int *settled)
{
    if (minus.index >= 0)
        minus.index += (ptrdiff_t)s->begin[1];
    struct pick pick = minus.value >= plus.value && minus.index >= 0 ? minus : plus;
    if (plus.value == minus.value && plus.index >= 0 && minus.index >= 0)
        pick.tied = 1;
    *settled = !(pick.tied && s->permuted);
    return pick;
}

/*
 * j for the i at hand. Nothing to select (0) if the violation is below the tolerance or no j gains.
 */
static int select_j(struct smo *s, const float *const row[2])
{
    struct pick pick[2];
    double worst = -INFINITY;
    for (int side = 0; side < 2; side++) {
        size_t b = s->begin[side], n = s->n[side];
        double greatest = s->any_kernel ? s->simd->gain_any(s->F + b, row[side], s->diagonal + b,
                                                            s->diagonal[s->i.index], s->low + b,
                                                            s->i.value, n, s->scratch, &pick[side])
                                        : s->simd->gain(s->F + b, row[side], s->low + b, s->i.value,
                                                        n, s->scratch, &pick[side]);
        worst = greatest > worst ? greatest : worst;
    }
    int settled;
    s->j = choose(s, pick[0], pick[1], &settled);
    if (!settled)
        s->j = scan_j(s, row);
    s->gap = s->i.value + worst;
    return s->j.index >= 0 && !(s->gap < s->tolerance);
}

/* ---- the step -------------------------------------------------------------------------------- */

/* The pair's new alphas: the unconstrained optimum along y' alpha = const, clipped to the box as
 * LIBSVM clips. */
static void clip(const struct smo *s, size_t i, size_t j)
{
    double Ci = bound_of(s, i), Cj = bound_of(s, j), *ai = &s->alpha[i], *aj = &s->alpha[j];
    double yi = sign_of(s, i), yj = sign_of(s, j), q = curvature(s, i, j, kernel_value(s, i, j));
    if (yi != yj) {
        double delta = (-(yi * s->F[i]) - yj * s->F[j]) / q, difference = *ai - *aj;
        *ai += delta;
        *aj += delta;
        if (difference > 0) {
            if (*aj < 0) {
                *aj = 0;
                *ai = difference;
            }
        } else if (*ai < 0) {
            *ai = 0;
            *aj = -difference;
        }
        if (difference > Ci - Cj) {
            if (*ai > Ci) {
                *ai = Ci;
                *aj = Ci - difference;
            }
        } else if (*aj > Cj) {
            *aj = Cj;
            *ai = Cj + difference;
        }
    } else {
        double delta = (yi * s->F[i] - yj * s->F[j]) / q, sum = *ai + *aj;
        *ai -= delta;
        *aj += delta;
        if (sum > Ci) {
            if (*ai > Ci) {
                *ai = Ci;
                *aj = sum - Ci;
            }
        } else if (*aj < 0) {
            *aj = 0;
            *ai = sum;
        }
        if (sum > Cj) {
            if (*aj > Cj) {
                *aj = Cj;
                *ai = sum - Cj;
            }
        } else if (*ai < 0) {
            *ai = 0;
            *aj = sum;
        }
    }
}

static void record(struct smo *s, size_t t, int was_upper)
{
    int is_upper = s->alpha[t] >= bound_of(s, t);
    if (is_upper != was_upper) {
        int32_t e = (int32_t)t + 1;
        s->event[s->events++] = (is_upper ? 1 : -1) * (side_of(s, t) ? -e : e);
    }
}

/* Moves alpha_i and alpha_j, then F, and finds the next i on the way. Both rows are there. */
static void step(struct smo *s)
{
    size_t i = (size_t)s->i.index, j = (size_t)s->j.index;
    double old_i = s->alpha[i], old_j = s->alpha[j];
    clip(s, i, j);
    mark(s, i);
    mark(s, j);
    record(s, i, old_i >= bound_of(s, i));
    record(s, j, old_j >= bound_of(s, j));
    double di = sign_of(s, i) * (s->alpha[i] - old_i), dj = sign_of(s, j) * (s->alpha[j] - old_j);
    struct pick pick[2];
    for (int side = 0; side < 2; side++) {
        size_t b = s->begin[side];
        s->simd->step(s->F + b, s->row[i][side], s->row[j][side], di, dj, s->up + b, s->n[side],
                      s->scratch, &pick[side]);
    }
    int settled;
    s->i = choose(s, pick[0], pick[1], &settled);
    if (!settled)
        s->i = scan_i(s);
    s->iterations++;
}

/* ---- shrinking ------------------------------------------------------------------------------- */

static int have(struct smo *s, size_t t, size_t keep)
{
    s->used[t] = 1;
    if (s->row[t][0])
        return 1;
    int there = s->fetch(s, t, keep);
    s->fetched += there;
    s->waited += !there;
    return there;
}

/* sum += weight * row t, over all variables */
static void add_row(const struct smo *s, double *sum, size_t t, double weight)
{
    for (int side = 0; side < 2; side++)
        s->simd->add(sum + s->begin[side], s->row[t][side], weight, s->n[side]);
}

/* Brings F_bar up to date; 0 if a row is missing. */
static int replay(struct smo *s)
{
    while (s->rebuild_next < s->events) {
        int32_t e = s->event[s->rebuild_next];
        size_t t = (size_t)abs(e) - 1;
        if (!have(s, t, NOBODY))
            return 0;
        add_row(s, s->F_bar, t, e > 0 ? bound_of(s, t) : -bound_of(s, t));
        s->rebuild_next++;
    }
    return 1;
}

/* F of the inactive variables from scratch: F_bar - y, then the free active variables' rows in
 * LIBSVM's order. Resumes where it was left waiting: rebuild_next counts events, then positions. 0
 * if a row is missing. */
static int rebuild(struct smo *s)
{
    if (s->active == s->l)
        return 1;
    if (s->rebuild_next < s->events && !replay(s))
        return 0;
    if (s->rebuild_next == s->events) /* the events are done; positions are counted on from there */
        for (size_t t = 0; t < s->size; t++)
            s->rebuilt[t] = s->F_bar[t] - sign_of(s, t);
    for (; s->rebuild_next - s->events < s->active; s->rebuild_next++) {
        size_t t = s->at[s->rebuild_next - s->events];
        if (!is_free(s, t))
            continue;
        if (!have(s, t, NOBODY))
            return 0;
        add_row(s, s->rebuilt, t, sign_of(s, t) * s->alpha[t]);
    }
    for (size_t p = s->active; p < s->l; p++)
        s->F[s->at[p]] = s->rebuilt[s->at[p]];
    s->events = s->rebuild_next = 0;
    return 1;
}

static void activate_all(struct smo *s)
{
    s->active = s->l;
    for (size_t p = 0; p < s->l; p++)
        mark(s, s->at[p]);
}

/* The greatest violations: g1 = max -F over up, g2 = max F over low. */
static void violations(struct smo *s)
{
    s->shrink_up = s->shrink_low = -INFINITY;
    for (size_t t = 0; t < s->size; t++) {
        if (s->up[t] && -s->F[t] > s->shrink_up)
            s->shrink_up = -s->F[t];
        if (s->low[t] && s->F[t] > s->shrink_low)
            s->shrink_low = s->F[t];
    }
}

/* At a bound, and the gradient says that it will stay there */
static int be_shrunk(const struct smo *s, size_t t)
{
    int side = side_of(s, t);
    int may_go_up = side ? s->alpha[t] > 0 : s->alpha[t] < s->C[0];
    int may_go_down = side ? s->alpha[t] < s->C[1] : s->alpha[t] > 0;
    return (!may_go_up && -s->F[t] > s->shrink_up) || (!may_go_down && s->F[t] > s->shrink_low);
}

static void swap_positions(struct smo *s, size_t p, size_t q)
{
    uint32_t t = s->at[p], u = s->at[q];
    s->at[p] = u;
    s->at[q] = t;
    s->position[u] = (uint32_t)p;
    s->position[t] = (uint32_t)q;
    s->permuted = 1;
}

static void shrink(struct smo *s)
{
    for (size_t p = 0; p < s->active; p++) {
        if (!be_shrunk(s, s->at[p]))
            continue;
        for (s->active--; s->active > p; s->active--)
            if (!be_shrunk(s, s->at[s->active])) {
                swap_positions(s, p, s->active);
                break;
            }
    }
    for (size_t p = 0; p < s->l; p++)
        mark(s, s->at[p]);
    s->i = scan_i(s);
}

/* ---- the way through ------------------------------------------------------------------------- */

/* Where smo_run goes on; each stage may wait for a row and is then entered again. */
enum { COUNT, UNSHRINK, SELECT, CHECK, STEP };

/* alpha = 0, F = -y, all active; `memory` holds smo_bytes, 64-byte aligned. */
void smo_begin(struct smo *s, void *memory)
{
    s->l = s->n[0] + s->n[1];
    s->begin[0] = 0;
    s->begin[1] = padded(s->n[0]);
    s->size = s->begin[1] + padded(s->n[1]);
    memset(memory, 0, lay_out(s, memory));
    s->active = s->l;
    size_t p = 0;
    for (int side = 0; side < 2; side++)
        for (size_t q = 0; q < s->n[side]; q++, p++) {
            size_t t = s->begin[side] + q;
            s->at[p] = (uint32_t)t;
            s->position[t] = (uint32_t)p;
            s->F[t] = -sign_of(s, t);
            mark(s, t);
        }
    s->events = s->rebuild_next = s->iterations = s->fetched = s->waited = 0;
    s->gap = 2;
    s->unshrunk = s->permuted = s->last_check = s->limited = 0;
    s->counter = (s->l < 1000 ? s->l : 1000) + 1;
    s->stage = COUNT;
    s->i = scan_i(s);
}

/* rho: the mean of F over the free variables, summed in LIBSVM's order, else the middle of what the
 * bounds allow. */
static void finish(struct smo *s)
{
    double sum = 0, upper = INFINITY, lower = -INFINITY, objective = 0;
    size_t free = 0;
    for (size_t p = 0; p < s->l; p++) {
        size_t t = s->at[p];
        double F = s->F[t];
        objective += s->alpha[t] * (sign_of(s, t) * F - 1);
        if (p >= s->active) /* only where max_iterations ended it */
            continue;
        if (is_free(s, t)) {
            free++;
            sum += F;
        } else if (s->low[t]) { /* may only shrink y alpha */
            lower = F > lower ? F : lower;
        } else {
            upper = F < upper ? F : upper;
        }
    }
    s->rho = free ? sum / (double)free : (upper + lower) / 2;
    s->objective = objective / 2;
}

/* One stage; 0 if it waits for a row. */
static int advance(struct smo *s, int *done)
{
    switch (s->stage) {
    case COUNT: /* time to shrink? */
        /* as it is: scikit-learn rebuilds no gradient here */
        if (s->max_iterations && s->iterations == s->max_iterations) {
            *done = s->limited = 1;
            return 1;
        }
        s->stage = SELECT;
        if (--s->counter > 0)
            return 1;
        s->counter = s->l < 1000 ? s->l : 1000;
        if (!s->shrinking)
            return 1;
        violations(s);
        if (!s->unshrunk && s->shrink_up + s->shrink_low <= s->tolerance * 10) {
            s->unshrunk = 1;
            s->stage = UNSHRINK;
        } else {
            shrink(s);
        }
        return 1;
    /*
     * close to the end: look at all variables once more, then shrink by the violations found before
     */
    case UNSHRINK:
        if (!rebuild(s))
            return 0;
        activate_all(s);
        shrink(s);
        s->stage = SELECT;
        return 1;
    case SELECT:
        if (s->i.index >= 0 && !have(s, (size_t)s->i.index, NOBODY))
            return 0;
        if (s->i.index >= 0 && select_j(s, s->row[s->i.index])) {
            if (s->last_check)
                s->counter = 1;
            s->last_check = 0;
            s->stage = STEP;
        } else if (s->active == s->l) {
            *done = 1;
        } else {
            s->stage = CHECK;
        }
        return 1;
    case CHECK: /* optimal as far as the active variables show: look at all */
        if (!rebuild(s))
            return 0;
        activate_all(s);
        s->i = scan_i(s);
        s->last_check = 1;
        s->stage = SELECT;
        return 1;
    default:
        if (s->events + 2 > s->size) { /* no room for this step's events */
            if (!replay(s))
                return 0;
            s->events = s->rebuild_next = 0;
        }
        if (!have(s, (size_t)s->i.index, NOBODY) ||
            !have(s, (size_t)s->j.index, (size_t)s->i.index))
            return 0;
        step(s);
        s->stage = COUNT;
        return 1;
    }
}

/* ---- what it waits for ----------------------------------------------------------------------- */

enum { GUESSES_MOST = 16 };

/* The `count` variables without a row that have the greatest sign * F where the mask allows it,
 * greatest first. */
static size_t strongest(const struct smo *s, const uint8_t *mask, double sign, size_t *out,
                        size_t count)
{
    double key[GUESSES_MOST];
    size_t found = 0;
    double bound = -INFINITY; /* nothing below it is of interest */
    for (size_t t = 0; count && (t = s->simd->above(s->F, mask, sign, bound, t, s->size)) < s->size;
         t++) {
        double k = sign * s->F[t];
        if (s->row[t][0])
            continue;
        size_t at = found < count ? found++ : found - 1;
        for (; at > 0 && key[at - 1] < k; at--) {
            key[at] = key[at - 1];
            out[at] = out[at - 1];
        }
        key[at] = k;
        out[at] = t;
        bound = found == count ? key[found - 1] : bound;
    }
    return found;
}

/* Rows that the rebuilding of the gradient lacks, in its order. */
static size_t rebuild_wants(const struct smo *s, size_t *wanted, size_t most)
{
    size_t count = 0;
    for (size_t k = s->rebuild_next; count < most && k < s->events + s->active; k++) {
        int32_t e = k < s->events ? s->event[k] : 0;
        size_t t = k < s->events ? (size_t)abs(e) - 1 : s->at[k - s->events];
        int taken = s->row[t][0] || (k >= s->events && !is_free(s, t));
        for (size_t w = 0; w < count && !taken; w++)
            taken = wanted[w] == t;
        if (!taken)
            wanted[count++] = t;
    }
    return count;
}

size_t smo_wants(const struct smo *s, size_t *wanted, size_t most, size_t guesses, size_t *needed)
{
    size_t count = 0, candidate[GUESSES_MOST];
    if (s->stage == UNSHRINK || s->stage == CHECK || (s->stage == STEP && s->events + 2 > s->size))
        return *needed = rebuild_wants(s, wanted, most);
    wanted[count++] = (size_t)s->i.index;
    if (s->stage == STEP)
        wanted[count++] = (size_t)s->j.index;
    *needed = count;
    guesses = guesses < GUESSES_MOST ? guesses : GUESSES_MOST;
    for (int down = 0; down < 2; down++) {
        size_t found = strongest(s, down ? s->low : s->up, down ? 1 : -1, candidate,
                                 (guesses + (size_t)down) / 2);
        for (size_t k = 0; k < found && count < most; k++)
            if (candidate[k] != wanted[0] && (count < 2 || candidate[k] != wanted[1]))
                wanted[count++] = candidate[k];
    }
    return count;
}

int smo_run(struct smo *s)
{
    for (int done = 0; !done;) {
        if (poison_raised(s->cancel))
            return POISON_ECANCEL;
        if (!advance(s, &done))
            return SMO_WAITS;
    }
    finish(s);
    return SMO_DONE;
}
