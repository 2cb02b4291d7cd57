/* SPDX-License-Identifier: MIT */
/*
 * The solver by itself: against a plain one that really swaps, with one array for each of LIBSVM's
 * (Chang & Lin 2011), on thousands of small random problems with ties and duplicates; and against
 * the optimality conditions.
 */
#include "unit.h"

#include "smo.h"

#include <math.h>
#include <stdlib.h>

enum { MOST = 90 };

static int n[2], l;
static float K[MOST][MOST]; /* of the problem at hand, in LIBSVM's first order */
static double C[2], tolerance, QD[MOST]; /* C by side; QD by row */
static int any_kernel;
static size_t most_iterations;

/* ---- the plain solver ------------------------------------------------------------------------ */

static int y[MOST], who[MOST], active, unshrunk, rechecked;
static double alpha[MOST], G[MOST], G_bar[MOST];

static double Q(int s, int t) { return y[s] * y[t] * (double)K[who[s]][who[t]]; }
static double bound(int t) { return C[y[t] < 0]; }
static int upper(int t) { return alpha[t] >= bound(t); }
static int lower(int t) { return alpha[t] <= 0; }
static int goes_up(int t) { return y[t] > 0 ? !upper(t) : !lower(t); }
static int goes_down(int t) { return y[t] > 0 ? !lower(t) : !upper(t); }

static void swap(int s, int t)
{
#define SWAP(type, array) \
    do { \
        type keep = array[s]; \
        array[s] = array[t]; \
        array[t] = keep; \
    } while (0)
    SWAP(int, y); SWAP(int, who); SWAP(double, alpha); SWAP(double, G); SWAP(double, G_bar);
}

/* LIBSVM's choice of the second order (Fan, Chen & Lin 2005), the last index in ties. */
static int select_pair(int *i, int *j)
{
    double gmax = -INFINITY, gmax2 = -INFINITY, best = INFINITY;
    *i = *j = -1;
    for (int t = 0; t < active; t++)
        if (goes_up(t) && -y[t] * G[t] >= gmax)
            gmax = -y[t] * G[*i = t];
    for (int t = 0; t < active; t++) {
        double F = y[t] * G[t], difference = gmax + F;
        if (!goes_down(t))
            continue;
        gmax2 = F >= gmax2 ? F : gmax2;
        if (*i >= 0 && difference > 0) {
            double q = QD[who[*i]] + QD[who[t]] - 2.0 * y[*i] * y[t] * Q(*i, t),
                   gain = -(difference * difference) / (q > 0 ? q : 1e-12);
            if (gain <= best)
                best = gain, *j = t;
        }
    }
    return !(gmax + gmax2 < tolerance || *j < 0);
}

static void rebuild(void)
{
    for (int t = active; t < l; t++) {
        G[t] = G_bar[t] - 1;
        for (int s = 0; s < active; s++)
            if (!upper(s) && !lower(s))
                G[t] += alpha[s] * Q(t, s);
    }
}

static int shrinks(int t, double g1, double g2)
{
    if (upper(t))
        return -G[t] > (y[t] > 0 ? g1 : g2);
    return lower(t) && G[t] > (y[t] > 0 ? g2 : g1);
}

static void shrink(void)
{
    double g1 = -INFINITY, g2 = -INFINITY;
    for (int t = 0; t < active; t++) {
        g1 = goes_up(t) && -y[t] * G[t] > g1 ? -y[t] * G[t] : g1;
        g2 = goes_down(t) && y[t] * G[t] > g2 ? y[t] * G[t] : g2;
    }
    if (!unshrunk && g1 + g2 <= tolerance * 10) {
        unshrunk = 1;
        rebuild();
        active = l;
    }
    for (int t = 0; t < active; t++)
        if (shrinks(t, g1, g2))
            for (active--; active > t; active--)
                if (!shrinks(active, g1, g2)) {
                    swap(t, active);
                    break;
                }
}

/* One step: alpha_i and alpha_j to the least of the objective inside their box, as LIBSVM rounds
 * it. */
static void move(int i, int j)
{
    double ai = alpha[i], aj = alpha[j];
    int ui = upper(i), uj = upper(j);
    double ends = QD[who[i]] + QD[who[j]],
           q = y[i] != y[j] ? ends + 2 * Q(i, j) : ends - 2 * Q(i, j);
    double Ci = bound(i), Cj = bound(j);
    q = q > 0 ? q : 1e-12;
    if (y[i] != y[j]) {
        double delta = (-G[i] - G[j]) / q, diff = alpha[i] - alpha[j];
        alpha[i] += delta, alpha[j] += delta;
        if (diff > 0 && alpha[j] < 0) alpha[j] = 0, alpha[i] = diff;
        if (diff <= 0 && alpha[i] < 0) alpha[i] = 0, alpha[j] = -diff;
        if (diff > Ci - Cj && alpha[i] > Ci) alpha[i] = Ci, alpha[j] = Ci - diff;
        if (diff <= Ci - Cj && alpha[j] > Cj) alpha[j] = Cj, alpha[i] = Cj + diff;
    } else {
        double delta = (G[i] - G[j]) / q, sum = alpha[i] + alpha[j];
        alpha[i] -= delta, alpha[j] += delta;
        if (sum > Ci && alpha[i] > Ci) alpha[i] = Ci, alpha[j] = sum - Ci;
        if (sum <= Ci && alpha[j] < 0) alpha[j] = 0, alpha[i] = sum;
        if (sum > Cj && alpha[j] > Cj) alpha[j] = Cj, alpha[i] = sum - Cj;
        if (sum <= Cj && alpha[i] < 0) alpha[i] = 0, alpha[j] = sum;
    }
    for (int t = 0; t < active; t++)
        G[t] += Q(i, t) * (alpha[i] - ai) + Q(j, t) * (alpha[j] - aj);
    for (int t = 0; ui != upper(i) && t < l; t++)
        G_bar[t] += ui ? -(Ci * Q(i, t)) : Ci * Q(i, t);
    for (int t = 0; uj != upper(j) && t < l; t++)
        G_bar[t] += uj ? -(Cj * Q(j, t)) : Cj * Q(j, t);
}

/* Returns the iterations; alpha by LIBSVM's first order in `result`. */
static size_t solve_plainly(double *result, double *rho)
{
    size_t iterations = 0;
    int counter = (l < 1000 ? l : 1000) + 1, i, j, shrinking = 1;
    active = l;
    unshrunk = 0;
    for (int t = 0; t < l; t++)
        who[t] = t, y[t] = t < n[0] ? 1 : -1, alpha[t] = 0, G[t] = -1, G_bar[t] = 0;
    for (;;) {
        if (most_iterations && iterations == most_iterations)
            break;
        if (--counter == 0) {
            counter = l < 1000 ? l : 1000;
            if (shrinking)
                shrink();
        }
        if (!select_pair(&i, &j)) {
            if (active == l)
                break;
            rebuild();
            active = l;
            if (!select_pair(&i, &j))
                break;
            counter = 1;
            rechecked++;
        }
        iterations++;
        move(i, j);
    }
    double sum = 0, ub = INFINITY, lb = -INFINITY;
    int frees = 0;
    for (int t = 0; t < l; t++) {
        double F = y[t] * G[t];
        if (t >= active) /* at the limit of iterations */
            ;
        else if (!upper(t) && !lower(t))
            frees++, sum += F;
        else if (goes_up(t))
            ub = F < ub ? F : ub;
        else
            lb = F > lb ? F : lb;
        result[who[t]] = alpha[t];
    }
    *rho = frees ? sum / frees : (ub + lb) / 2;
    return iterations;
}

/* ---- problems -------------------------------------------------------------------------------- */

/* Random points of few features and few values, some of them twice. */
static void make_problem(uint64_t k)
{
    int d = 1 + (int)(3 * uniform(k, 0)), values = (int[]){2, 4, 16, 256}[(int)(4 * uniform(k, 1))],
        x[MOST][3];
    l = 2 + (int)((MOST - 1) * uniform(k, 2) * uniform(k, 3));
    n[0] = 1 + (int)((l - 1) * uniform(k, 4));
    n[1] = l - n[0];
    C[0] = C[1] = pow(10, 6 * uniform(k, 5) - 1);
    if (k % 4 == 1)
        C[k % 8 == 1] *= pow(10, 2 * uniform(k, 8) - 1);
    int kernel = k % 5 < 2 ? POISON_RBF
                           : (int[]){POISON_LINEAR, POISON_POLYNOMIAL, POISON_SIGMOID}[k % 5 - 2];
    any_kernel = kernel != POISON_RBF;
    /* sigmoids may go on for ever */
    most_iterations = any_kernel ? 20000 : 0;
    if (k % 7 == 3)
        most_iterations = 1 + (size_t)(60 * uniform(k, 9));
    tolerance = pow(10, -4 * uniform(k, 6));
    double gamma = pow(10, -6 * uniform(k, 7)) / d;
    for (int t = 0; t < l; t++)
        for (int f = 0; f < d; f++)
            x[t][f] = t && uniform(k, 10 + (uint64_t)t) < 0.2
                          ? x[t - 1][f]
                          : (int)(values * uniform(k, 1000 + (uint64_t)(t * d + f)));
    for (int s = 0; s < l; s++)
        for (int t = 0; t < l; t++) {
            double distance = 0, product = 0;
            for (int f = 0; f < d; f++) {
                distance += (x[s][f] - x[t][f]) * (x[s][f] - x[t][f]);
                product += x[s][f] * x[t][f];
            }
            double inner = gamma * product + uniform(k, 4) - 0.5;
            double k_st;
            switch (kernel) {
            case POISON_RBF: k_st = exp(-gamma * distance); break;
            case POISON_LINEAR: k_st = product; break;
            case POISON_POLYNOMIAL: k_st = inner * inner * inner; break;
            default: k_st = tanh(inner);
            }
            K[s][t] = (float)k_st;
            if (s == t)
                QD[s] = k_st;
        }
}

static int stubborn; /* fetch refuses every other time, as a cache that misses */

static int fetch(struct smo *smo, size_t t, size_t keep)
{
    static unsigned calls;
    if (stubborn && ++calls % 2)
        return 0;
    for (size_t u = 0; stubborn && u < smo->size; u++) /* and forgets all else */
        if (u != keep)
            smo->row[u][0] = smo->row[u][1] = NULL;
    size_t place = t < smo->begin[1] ? t : t - smo->begin[1] + smo->n[0];
    smo->row[t][0] = K[place];
    smo->row[t][1] = K[place] + smo->n[0];
    return 1;
}

static void solve(struct smo *smo, void *memory, int isa)
{
    *smo = (struct smo){.n = {(size_t)n[0], (size_t)n[1]},
                        .C = {C[0], C[1]},
                        .tolerance = tolerance,
                        .shrinking = 1,
                        .any_kernel = any_kernel,
                        .max_iterations = most_iterations,
                        .simd = simd_loops(isa),
                        .fetch = fetch};
    smo_begin(smo, memory);
    for (int t = 0; t < l && any_kernel; t++)
        smo->diagonal[smo_variable(smo, t >= n[0], (size_t)(t < n[0] ? t : t - n[0]))] = QD[t];
    while (smo_run(smo) == SMO_WAITS)
        ;
}

/* The same alphas, rho and number of iterations, in every bit, by each instruction set. */
static void equals_the_plain_solver(void **state)
{
    (void)state;
    void *memory = poison_take_big(1, smo_bytes((size_t[]){MOST, MOST}, 1));
    rechecked = 0;
    for (uint64_t k = 0; k < 4000; k++) {
        double want[MOST], rho;
        make_problem(k);
        size_t iterations = solve_plainly(want, &rho);
        for (int isa = POISON_ISA_C; isa <= poison_isa_best(); isa++)
            for (stubborn = 0; stubborn < 2; stubborn++) {
                struct smo smo;
                solve(&smo, memory, isa);
                assert_int_equal(smo.iterations, iterations);
                assert_true(smo.rho == rho);
                for (int t = 0; t < l; t++)
                    assert_true(want[t]
                                == smo.alpha[smo_variable(&smo, t >= n[0],
                                                          (size_t)(t < n[0] ? t : t - n[0]))]);
            }
    }
    /* the rare way was taken: no pair left, gradient rebuilt, and a pair again */
    assert_true(rechecked > 10);
    free(memory);
}

/* 0 <= alpha <= C, sum y alpha = 0 up to rounding, the violation < tolerance, the objective by its
 * definition */
static void is_optimal(void **state)
{
    (void)state;
    void *memory = poison_take_big(1, smo_bytes((size_t[]){MOST, MOST}, 1));
    stubborn = 0;
    for (uint64_t k = 0; k < 1000; k++) {
        struct smo smo;
        double balance = 0, up = -INFINITY, down = -INFINITY, objective = 0, size = 0;
        make_problem(k);
        if (any_kernel || most_iterations) /* values of any size; not at the end */
            continue;
        solve(&smo, memory, poison_isa_best());
        for (int s = 0; s < l; s++) {
            double a = smo.alpha[smo_variable(&smo, s >= n[0], (size_t)(s < n[0] ? s : s - n[0]))];
            double gradient = -1, sign = s < n[0] ? 1 : -1;
            double bound = C[s >= n[0]];
            assert_true(a >= 0 && a <= bound);
            balance += sign * a;
            size += a;
            for (int t = 0; t < l; t++)
                gradient += sign * (t < n[0] ? 1 : -1) * (double)K[s][t]
                            * smo.alpha[smo_variable(&smo, t >= n[0],
                                                     (size_t)(t < n[0] ? t : t - n[0]))];
            if (sign > 0 ? a < bound : a > 0)
                up = fmax(up, -sign * gradient);
            if (sign > 0 ? a > 0 : a < bound)
                down = fmax(down, sign * gradient);
            objective += a * (gradient - 1) / 2;
        }
        assert_true(size > 0);
        assert_true(fabs(balance) <= 1e-12 * size);
        assert_true(up + down < tolerance + 1e-9 * size);
        assert_true(fabs(objective - smo.objective) <= 1e-9 * size * (1 + C[0] + C[1]));
    }
    free(memory);
}

static void stops_when_asked(void **state)
{
    (void)state;
    struct smo smo = {.n = {5, 5},
                      .C = {1, 1},
                      .tolerance = 1e-3,
                      .simd = simd_loops(0),
                      .fetch = fetch};
    volatile sig_atomic_t cancel = 1;
    void *memory = poison_take_big(1, smo_bytes(smo.n, 0));
    smo.cancel = &cancel;
    smo_begin(&smo, memory);
    assert_int_equal(smo_run(&smo), POISON_ECANCEL);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_plain_solver),
        cmocka_unit_test(is_optimal),
        cmocka_unit_test(stops_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
