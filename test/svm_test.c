/* SPDX-License-Identifier: MIT */
/* Kernel matrix, training, reuse and prediction, through the library's door */
#include "unit.h"

#include "kernel.h"

#include <fenv.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#if defined __x86_64__
#include <immintrin.h>
#endif

static poison_settings settings_of(int isa, int threads)
{
    poison_settings s = poison_settings_default();
    s.isa = isa;
    s.threads = threads;
    return s;
}

static double squared_distance(const uint8_t *x, const uint8_t *z, int d)
{
    double sum = 0;
    for (int f = 0; f < d; f++)
        sum += (x[f] - z[f]) * (x[f] - z[f]);
    return sum;
}

/* Kernel values of `which` rows with all rows, in pieces, as the cache computes them: floats and
 * doubles */
static void check_pieces(const poison_set *set, double gamma, const poison_settings *settings)
{
    enum { COUNT = 40 };
    size_t which[COUNT], d = (size_t)set->d;
    const struct dot_engine *engine = kernel_engine(set, settings);
    struct batch batch;
    struct tile *tile = take_tiles(1, 1);
    float *floats[COUNT];
    double *doubles[COUNT];
    struct rows rows = {.kernel = {.type = POISON_RBF, .gamma = gamma}, .dot = engine};
    assert_int_equal(rows_fill(&rows, set, set->n, NULL, settings, NULL), 0);
    void *memory = poison_take_big(batch_bytes(&rows, COUNT), 1);
    for (size_t r = 0; r < COUNT; r++) {
        which[r] = (r * 37 + 1) % set->n;
        floats[r] = poison_take(set->n, sizeof *floats[r]);
        doubles[r] = poison_take(KERNEL_TILE, sizeof *doubles[r]);
    }
    batch_fill(&batch, memory, &rows, set, which, COUNT, tile);
    for (size_t first = 0; first < set->n; first += KERNEL_TILE) {
        size_t columns = set->n - first < KERNEL_TILE ? set->n - first : KERNEL_TILE;
        kernel_floats(floats, &batch, &rows, first, columns, tile, simd_loops(settings->isa));
        kernel_doubles(doubles, &batch, &rows, first, columns, tile, simd_loops(settings->isa));
        for (size_t r = 0; r < COUNT; r++)
            for (size_t c = 0; c < columns; c++) {
                double e = exp(
                    -gamma
                    * squared_distance(set->x + which[r] * d, set->x + (first + c) * d, set->d));
                assert_true(floats[r][first + c] == (float)e);
                assert_true(fabs(doubles[r][c] - e) <= 1e-14 * e);
            }
    }
    for (size_t r = 0; r < COUNT; r++) {
        free(floats[r]);
        free(doubles[r]);
    }
    rows_free(&rows);
    free(memory);
    free(tile);
}

/* Every value equals (float)exp of the exact distance; also where features come in slices, and are
 * as large as can be */
static void kernel_is_exact(void **state)
{
    (void)state;
    static const int widths[] = {1, 3, 784, 1024, 1025, 2100};
    enum { N = 300 }; /* more than a tile */
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        int d = widths[w];
        poison_set set = {.n = N, .d = d, .x = poison_take(N, (size_t)d)};
        double gamma = 1.0 / (d * 6000.0);
        struct kernel kernel = {.type = POISON_RBF, .gamma = gamma};
        float *K = poison_take(N, N * sizeof *K);
        for (size_t i = 0; i < N * (size_t)d; i++) /* nine bright rows */
            set.x[i] = (uint8_t)(i < (size_t)d * 9 ? 255 - 9 * uniform(w, i) : 256 * uniform(w, i));
        for (int isa = POISON_ISA_C; isa <= poison_isa_best(); isa++) {
            struct rows rows = {.kernel = kernel};
            poison_settings settings = settings_of(isa, 1 + (int)w % 2);
            assert_int_equal(rows_fill(&rows, &set, N, NULL, &settings, NULL), 0);
            assert_int_equal(kernel_matrix(K, N, &rows, &settings, NULL), 0);
            for (size_t i = 0; i < N; i++)
                for (size_t j = 0; j < N; j++)
                    assert_true(K[i * N + j]
                                == (float)exp(-gamma
                                              * squared_distance(set.x + i * (size_t)d,
                                                                 set.x + j * (size_t)d, d)));
            rows_free(&rows);
            check_pieces(&set, gamma, &settings);
            settings.blas_only = 1;
            check_pieces(&set, gamma, &settings);
        }
        free(set.x);
        free(K);
    }
}

/* Products of `count` of the set's rows, from row `start` on, with all its rows, in doubles, to
 * product[r n + c]; and the norms. */
static void multiply(double *product, double *norm, const struct rows *rows, const poison_set *set,
                     size_t start, size_t count)
{
    size_t which[KERNEL_TILE], columns = kernel_columns(rows, count);
    struct batch batch;
    struct tile *tile = take_tiles(1, 1);
    void *memory = poison_take_big(batch_bytes(rows, count), 1);
    memset(memory, 0xFF, batch_bytes(rows, count)); /* nan */
    for (size_t r = 0; r < count; r++)
        which[r] = start + r;
    batch_fill(&batch, memory, rows, set, which, count, tile);
    for (size_t first = 0; first < set->n; first += columns) {
        size_t here = set->n - first < columns ? set->n - first : columns;
        kernel_product(tile, &batch, rows, first, here);
        for (size_t r = 0; r < count; r++)
            memcpy(product + r * set->n + first, tile->more + r * tile->ld, here * sizeof *product);
    }
    memcpy(norm, batch.norm, count * sizeof *norm);
    free(memory);
    free(tile);
}

/* Features that are no 8-bit integers: within 1 ulp of float of exp of the distance; equal bits
 * from the matrix and from pieces, whatever else is asked for along with them; symmetric, and 1 on
 * the diagonal. */
static void check_other_data(size_t n, int width)
{
    static const size_t counts[] = {1, 2, 16, 17, 33, 100, 129, 255};
    size_t d = (size_t)width;
    poison_set set = {.n = n, .d = width, .v = poison_take(n * d, sizeof(double))};
    double gamma = 1.0 / (2 * width), *product = poison_take(n * n, sizeof *product),
           *norm = poison_take(n, sizeof *norm);
    double *piece = poison_take(KERNEL_TILE * n, sizeof *piece),
           *piece_norm = poison_take(KERNEL_TILE, sizeof *piece_norm);
    for (size_t i = 0; i < n * d; i++)
        set.v[i] = 3 * uniform(50, i) - 1;
    poison_settings settings = settings_of(poison_isa_best(), 2);
    struct rows rows = {.kernel = {.type = POISON_RBF, .gamma = gamma},
                        .dot = kernel_engine(&set, &settings)};
    float *K = poison_take(n, n * sizeof *K);
    assert_int_equal(rows_fill(&rows, &set, n, NULL, &settings, NULL),
                     0);
    assert_int_equal(kernel_matrix(K, n, &rows, &settings, NULL), 0);
    for (size_t r = 0; r < n; r += KERNEL_TILE) /* whole tiles, as far as there are */
        multiply(product + r * n, norm + r, &rows, &set, r,
                 n - r < KERNEL_TILE ? n - r : KERNEL_TILE);
    assert_memory_equal(norm, rows.norm, n * sizeof *norm);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double distance = 0;
            for (size_t f = 0; f < d; f++)
                distance += (set.v[i * d + f] - set.v[j * d + f])
                            * (set.v[i * d + f] - set.v[j * d + f]);
            float e = (float)exp(-gamma * distance), k = K[i * n + j];
            assert_true(k == e || k == nextafterf(e, 2) || k == nextafterf(e, 0));
            assert_true(k == K[j * n + i] && (i != j || k == 1));
            assert_true(k == (float)exp(-gamma * (norm[i] + norm[j] - 2 * product[i * n + j])));
        }
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        size_t start = 5 * c;
        multiply(piece, piece_norm, &rows, &set, start, counts[c]);
        assert_memory_equal(piece, product + start * n, counts[c] * n * sizeof *piece);
        assert_memory_equal(piece_norm, norm + start, counts[c] * sizeof *norm);
    }
    rows_free(&rows);
    free(set.v);
    free(K);
    free(product);
    free(norm);
    free(piece);
    free(piece_norm);
}

static void other_data_are_close_and_consistent(void **state)
{
    (void)state;
    static const int widths[] = {1, 3, 8, 15, 16, 20, 31, 32, 37, 100, 784};
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        check_other_data(widths[w] < 32 ? 700 : 300, widths[w]);
    check_other_data(290, 4099); /* the last slice is a narrow one */
    check_other_data(290, 5000);
}

static void check_retraining(size_t memory, int blas_only, int no_reuse);

static void retraining_equals_training(void **state)
{
    (void)state;
    check_retraining(0, 0, 0);
    check_retraining(0, 0, 1);
}

/* In plain C the features are floats, not bytes, and the least memory that will do is more. */
static void a_cache_equals_the_matrix(void **state)
{
    (void)state;
    size_t tight = poison_isa_best() > POISON_ISA_C ? 1300000 : 2500000;
    check_retraining(3000000, 0, 0);
    check_retraining(3000000, 0, 1);
    check_retraining(tight, 0, 0);
    check_retraining(3000000, 1, 0);
}

static void check_equal(poison_svm *a, poison_svm *b, size_t m)
{
    const poison_machine *p, *q;
    size_t P = poison_svm_machines(a, &p);
    assert_int_equal(poison_svm_machines(b, &q), P);
    for (size_t k = 0; k < P; k++) {
        assert_true(p[k].i == q[k].i && p[k].j == q[k].j && p[k].l == q[k].l && p[k].sv == q[k].sv);
        assert_true(p[k].iterations == q[k].iterations && p[k].rho == q[k].rho
                    && p[k].objective == q[k].objective);
        assert_memory_equal(p[k].sv_row, q[k].sv_row, p[k].sv * sizeof *p[k].sv_row);
        assert_memory_equal(p[k].sv_coef, q[k].sv_coef, p[k].sv * sizeof *p[k].sv_coef);
        assert_memory_equal(poison_svm_decisions(a, 0, k), poison_svm_decisions(b, 0, k),
                            m * sizeof(double));
    }
}

/* A model whose labels were changed again and again equals one that is trained afresh, in every
 * bit; also where memory is too small for the matrix and kernel rows come from a cache: a roomy
 * one, and one that has to drop and recompute. */
static void check_retraining(size_t memory, int blas_only, int no_reuse)
{
    enum { N = 500, M = 150 };
    poison_data data;
    poison_settings settings = settings_of(poison_isa_best(), 2);
    assert_int_equal(poison_data_draw(&data, N, M, &settings, NULL), 0);
    poison_svm *svm, *fresh;
    settings.memory = memory;
    settings.blas_only = blas_only;
    settings.no_reuse = no_reuse;
    assert_int_equal(poison_svm_new(&svm, &data, &settings, NULL), 0);
    int labels[N], predicted[M], again[M];
    static const struct { int from, to; size_t modulus; } change[] = { /* to -1: left out */
        {0, 0, 1}, {1, 2, 3}, {1, 2, 1}, {3, 8, 2}, {5, -1, 2}, {7, -1, 1}, {9, 200, 2}, {4, 3, 5},
    };
    memcpy(labels, data.train.y, sizeof labels);
    for (size_t c = 0; c < sizeof change / sizeof *change; c++) {
        if (c == 4)
            /* back to the beginning: classes appear again */
            memcpy(labels, data.train.y, sizeof labels);
        for (size_t r = 0; r < N; r++)
            if (data.train.y[r] == change[c].from && r % change[c].modulus == 0)
                labels[r] = change[c].to;
        settings = settings_of((int)c % (poison_isa_best() + 1), 1 + (int)c % 3);
        assert_int_equal(poison_svm_new(&fresh, &data, &settings, NULL), 0);
        assert_int_equal(poison_svm_train(svm, labels, NULL), 0);
        assert_int_equal(poison_svm_train(fresh, labels, NULL), 0);
        assert_int_equal(poison_svm_predict(svm, 0, predicted, NULL), 0);
        assert_int_equal(poison_svm_predict(fresh, 0, again, NULL), 0);
        assert_memory_equal(predicted, again, sizeof predicted);
        check_equal(svm, fresh, M);
        poison_svm_free(fresh);
    }
    for (size_t r = 0; r < N; r++)
        labels[r] = 3;
    /* one class; the model is none now */
    assert_int_equal(poison_svm_train(svm, labels, NULL), POISON_EDATA);
    assert_int_equal(poison_svm_machines(svm, NULL), 0);
    assert_int_equal(poison_svm_train(svm, data.train.y, NULL), 0);
    poison_svm_free(svm);
    poison_data_free(&data);
}

/* Labels that a program takes from its users would be indices beyond our tables. */
static void labels_beyond_are_refused(void **state)
{
    (void)state;
    enum { N = 60 };
    static const int beyond[] = {-2, 256, INT_MAX, INT_MIN};
    poison_data data;
    poison_settings settings = settings_of(poison_isa_best(), 1);
    poison_svm *svm, *none;
    poison_error err;
    poison_findings found;
    assert_int_equal(poison_data_draw(&data, N, 0, &settings, NULL), 0);
    assert_int_equal(poison_svm_new(&svm, &data, &settings, NULL), 0);
    int labels[N], last = data.train.y[N - 1];
    memcpy(labels, data.train.y, sizeof labels);
    for (size_t k = 0; k < sizeof beyond / sizeof *beyond; k++) {
        labels[N - 1] = data.train.y[N - 1] = beyond[k];
        assert_int_equal(poison_svm_train(svm, labels, &err), POISON_EDATA);
        assert_non_null(strstr(err.text, "row 59 has the label"));
        assert_int_equal(poison_svm_new(&none, &data, &settings, NULL), POISON_EDATA);
        assert_null(none);
        assert_int_equal(poison_audit(&found, svm, &data, labels, POISON_KNN, 0, &settings, NULL),
                         POISON_EDATA);
        assert_int_equal(poison_data_write(&data, labels, "build/never", &settings, NULL),
                         POISON_EDATA);
    }
    labels[N - 1] = data.train.y[N - 1] = last;
    assert_int_equal(poison_svm_train(svm, labels, NULL), 0);
    poison_svm_free(svm);
    poison_data_free(&data);
}

/* A class that swallows its neighbour fills one range of the kernel matrix, in another order. Row 0
 * is of the first and the last row of the second, so that the range's ends look right. */
static void merged_neighbours_are_gathered(void **state)
{
    (void)state;
    enum { N = 240 };
    poison_data data;
    poison_settings settings = settings_of(poison_isa_best(), 1);
    assert_int_equal(poison_data_draw(&data, N, 20, &settings, NULL), 0);
    int labels[N];
    for (size_t r = 0; r < N; r++)
        data.train.y[r] %= 4;
    data.train.y[0] = 1;
    data.train.y[N - 1] = 2;
    for (size_t r = 0; r < N; r++)
        labels[r] = data.train.y[r] == 1 ? 2 : data.train.y[r];
    poison_svm *merged, *afresh;
    assert_int_equal(poison_svm_new(&merged, &data, &settings, NULL), 0);
    assert_int_equal(poison_svm_train(merged, data.train.y, NULL), 0);
    assert_int_equal(poison_svm_train(merged, labels, NULL), 0);
    /* laid out by the new labels, nothing is gathered */
    memcpy(data.train.y, labels, sizeof labels);
    assert_int_equal(poison_svm_new(&afresh, &data, &settings, NULL), 0);
    assert_int_equal(poison_svm_train(afresh, labels, NULL), 0);
    int predicted[20];
    assert_int_equal(poison_svm_predict(merged, 0, predicted, NULL), 0);
    assert_int_equal(poison_svm_predict(afresh, 0, predicted, NULL), 0);
    check_equal(merged, afresh, 20);
    poison_svm_free(merged);
    poison_svm_free(afresh);
    poison_data_free(&data);
}

/* Decision values are the sum over support vectors in their order, by simd_exp's kernel values,
 * minus rho. */
static void decisions_are_the_documented_sum(void **state)
{
    (void)state;
    enum { N = 300, M = 70 };
    poison_data data;
    poison_svm *svm;
    int predicted[M];
    poison_settings settings = settings_of(poison_isa_best(), 2);
    assert_int_equal(poison_data_draw(&data, N, M, &settings, NULL), 0);
    assert_int_equal(poison_svm_new(&svm, &data, &settings, NULL), 0);
    assert_int_equal(poison_svm_train(svm, data.train.y, NULL), 0);
    assert_int_equal(poison_svm_predict(svm, 0, predicted, NULL), 0);
    const poison_machine *machine;
    size_t P = poison_svm_machines(svm, &machine), right = 0;
    for (size_t t = 0; t < M; t++) {
        int votes[10] = {0}, best = 0;
        for (size_t p = 0; p < P; p++) {
            double sum = 0, size = 0;
            for (size_t s = 0; s < machine[p].sv; s++) {
                const uint8_t *x = data.train.x + 784 * machine[p].sv_row[s];
                sum += machine[p].sv_coef[s]
                       * exp(-poison_svm_gamma(svm)
                             * squared_distance(x, data.test.x + 784 * t, 784));
                size += fabs(machine[p].sv_coef[s]);
            }
            assert_true(fabs(poison_svm_decisions(svm, 0, p)[t] - (sum - machine[p].rho))
                        <= 1e-12 * size);
            votes[poison_svm_decisions(svm, 0, p)[t] > 0 ? machine[p].i : machine[p].j]++;
        }
        for (int v = 1; v < 10; v++)
            best = votes[v] > votes[best] ? v : best;
        assert_int_equal(predicted[t], best);
        right += predicted[t] == data.test.y[t];
    }
    assert_in_range(right, 48, M);
    poison_svm_free(svm);
    poison_data_free(&data);
}

/* 88 to 97 % on 2000 and 1000 of the built-in digits, and the lab's effect. */
static void built_in_digits_serve_the_lab(void **state)
{
    (void)state;
    poison_data data;
    poison_svm *svm;
    poison_settings settings = settings_of(poison_isa_best(), 2);
    int predicted[1000], labels[2000];
    size_t right = 0, twos[2] = {0, 0};
    assert_int_equal(poison_data_draw(&data, 2000, 1000, &settings, NULL), 0);
    assert_int_equal(poison_svm_new(&svm, &data, &settings, NULL), 0);
    memcpy(labels, data.train.y, sizeof labels);
    for (int k = 0; k < 2; k++) {
        poison_flip flip = {1, 2, 100 * (size_t)k, POISON_FIRST};
        assert_int_equal(poison_flip_apply(&flip, labels, &data, NULL), 0);
        assert_int_equal(poison_svm_train(svm, labels, NULL), 0);
        assert_int_equal(poison_svm_predict(svm, 0, predicted, NULL), 0);
        for (size_t t = 0; t < 1000; t++) {
            right += k == 0 && predicted[t] == data.test.y[t];
            twos[k] += predicted[t] == 2 && data.test.y[t] != 2;
        }
    }
    assert_in_range(right, 880, 970);
    assert_true(twos[1] > 2 * twos[0]);
    poison_svm_free(svm);
    poison_data_free(&data);
}

static void constant_data_have_gamma_one(void **state)
{
    (void)state;
    uint8_t x[40] = {0};
    poison_data data = {.train = {.n = 10, .d = 4, .x = x}};
    poison_settings settings = settings_of(0, 1);
    double gamma;
    assert_int_equal(poison_data_gamma(&data, &settings, &gamma, NULL), 0);
    assert_true(gamma == 1);
    settings.gamma = POISON_GAMMA_AUTO;
    assert_int_equal(poison_data_gamma(&data, &settings, &gamma, NULL), 0);
    assert_true(gamma == 0.25);
}

/* ---- the host's floating-point state --------------------------------------------------------- */

enum { ROUND_UP, ROUND_TO_ZERO, NO_SUBNORMALS, STATES };

/* The calling thread's */
static void set_state(int state)
{
    static const int rounding[STATES] = {FE_UPWARD, FE_TOWARDZERO, FE_TONEAREST};
    fesetround(rounding[state]);
#if defined __x86_64__
    if (state == NO_SUBNORMALS) /* as -ffast-math does */
        _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
}

static int has_state(int state)
{
    volatile double least = DBL_MIN, one = 1, small = 0x1p-60;
    if (state == NO_SUBNORMALS)
        return least / 2 == 0;
    return state == ROUND_UP ? one + small > 1 : one - small < 1;
}

/* The decisions of a model of digits, and of one whose kernel values are subnormal */
static void decide_both(double *digits, double *subnormal)
{
    static uint8_t x[] = {10, 65, 37, 38};
    static int y[] = {0, 1, 0, 1};
    poison_settings settings = poison_settings_default();
    poison_data data[2];
    memset(data, 0, sizeof data);
    data[1].train = (poison_set){.n = 2, .d = 1, .x = x, .y = y};
    data[1].test = (poison_set){.n = 2, .d = 1, .x = x + 2, .y = y + 2};
    settings.threads = 2;
    assert_int_equal(poison_data_draw(&data[0], 100, 50, &settings, NULL), 0);
    for (int k = 0; k < 2; k++) {
        poison_svm *svm;
        int predicted[50];
        settings.gamma = k ? 1 : POISON_GAMMA_SCALE;
        assert_int_equal(poison_svm_new(&svm, &data[k], &settings, NULL), 0);
        assert_int_equal(poison_svm_train(svm, data[k].train.y, NULL), 0);
        assert_int_equal(poison_svm_predict(svm, 0, predicted, NULL), 0);
        memcpy(k ? subnormal : digits, poison_svm_decisions(svm, 0, 0),
               (k ? 2 : 50) * sizeof *digits);
        poison_svm_free(svm);
    }
    poison_data_free(&data[0]);
}

/* The same bits, whatever state the host and its OpenMP threads are in; and they are afterwards. */
static void the_hosts_state_does_not_matter(void **unused)
{
    (void)unused;
    double want[50], tiny[2], got[50], tiny_got[2];
    decide_both(want, tiny);
    assert_true(tiny[0] > 0 && tiny[0] < DBL_MIN);
    for (int state = 0; state < STATES; state++) {
        int as_they_were = 0;
        fenv_t usual;
        fegetenv(&usual);
#pragma omp parallel num_threads(2)
        set_state(state);
        if (!has_state(state))
            continue; /* this machine has no such state */
        decide_both(got, tiny_got);
#pragma omp parallel num_threads(2) reduction(+ : as_they_were)
        {
            as_they_were += has_state(state);
            fesetenv(&usual);
        }
        assert_int_equal(as_they_were, 2);
        assert_memory_equal(want, got, sizeof want);
        assert_memory_equal(tiny, tiny_got, sizeof tiny);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_is_exact),
        cmocka_unit_test(other_data_are_close_and_consistent),
        cmocka_unit_test(retraining_equals_training),
        cmocka_unit_test(a_cache_equals_the_matrix),
        cmocka_unit_test(merged_neighbours_are_gathered),
        cmocka_unit_test(labels_beyond_are_refused),
        cmocka_unit_test(decisions_are_the_documented_sum),
        cmocka_unit_test(built_in_digits_serve_the_lab),
        cmocka_unit_test(constant_data_have_gamma_one),
        cmocka_unit_test(the_hosts_state_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
