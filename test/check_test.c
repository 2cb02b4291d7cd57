/* SPDX-License-Identifier: MIT */
/*
 * Wrong products are found: by the check itself, whatever is wrong with them, and in everything
 * that multiplies, by an OpenBLAS of this file's own, which errs when it is told to
 */
#include "unit.h"

#include "blas.h"
#include "kernel.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

/* ---- OpenBLAS, in the place of the library's ------------------------------------------------- */

static int calls, wrong_call = -1; /* the number of the call that errs */

/* c = x z' + beta c, and the first value of call wrong_call is `wrong` */
#define MULTIPLY(name, type, wrong)                                                            \
    void name(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE of_x, enum CBLAS_TRANSPOSE of_z,    \
              blasint m, blasint n, blasint d, type alpha, const type *x, blasint ldx,         \
              const type *z, blasint ldz, type beta, type *c, blasint ldc)                     \
    {                                                                                          \
        (void)order, (void)of_x, (void)of_z, (void)alpha;                                      \
        for (ptrdiff_t r = 0; r < m; r++)                                                      \
            for (ptrdiff_t s = 0; s < n; s++) {                                                \
                type sum = 0;                                                                  \
                for (ptrdiff_t f = 0; f < d; f++)                                              \
                    sum += x[r * ldx + f] * z[s * ldz + f];                                    \
                c[r * ldc + s] = sum + (beta > 0 ? c[r * ldc + s] : 0);                        \
            }                                                                                  \
        if (__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED) == wrong_call)                     \
            c[0] = wrong;                                                                      \
    }
MULTIPLY(cblas_sgemm, float, c[0] + 1e5f)
MULTIPLY(cblas_dgemm, double, NAN)

/* ---- the check ------------------------------------------------------------------------------- */

enum { ROWS = 256, COLUMNS = 256, D = 50, LD = 260 };

static float x[ROWS * D], z[COLUMNS * D], product[ROWS * LD];
static double vx[ROWS * D], vz[COLUMNS * D], vproduct[ROWS * LD];

/* Bytes less 128; decimals of any size, which belong together */
static void fill(void)
{
    for (size_t k = 0; k < ROWS * D; k++) {
        x[k] = (float)(floor(256 * uniform(1, k)) - 128);
        z[k] = (float)(floor(256 * uniform(2, k)) - 128);
        vx[k] = (uniform(3, k) - 0.5) * exp2(40 * uniform(4, k / D) - 20);
        vz[k] = (uniform(5, k) - 0.3) * exp2(40 * uniform(6, k / D) - 20);
    }
}

static int floats_pass(size_t rows, size_t columns, int isa, uint64_t round)
{
    static struct check check;
    static float line[COLUMNS / CHECK_GROUP * D];
    static double weight[COLUMNS];
    check_draw(weight, columns, round);
    check_add_up(line, simd_loops(isa), weight, z, columns, D);
    check.wrong = 0;
    check_floats(&check, simd_loops(isa),
                 &(struct factors_float){x, z, round % 2 ? line : NULL, weight, rows, columns, D,
                                         D},
                 product, LD);
    return !check.wrong;
}

static int doubles_pass(size_t rows, size_t columns, int isa, uint64_t round)
{
    static struct check check;
    check.products = round;
    check.wrong = 0;
    check_begin(&check, rows, columns);
    check_slice(&check, simd_loops(isa), &(struct factors){vx, vz, rows, columns, D});
    check_doubles(&check, simd_loops(isa), rows, columns, vproduct, LD);
    return !check.wrong;
}

static void multiply(size_t rows, size_t columns)
{
    const blasint m = (blasint)rows, n = (blasint)columns;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, D, 1, x, D, z, D, 0, product, LD);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, D, 1, vx, D, vz, D, 0, vproduct, LD);
}

static void right_products_pass(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 7, 8, 9, 31, 64, 255, 256};
    fill();
    for (int isa = POISON_ISA_C; isa <= poison_isa_best(); isa++)
        for (size_t r = 0; r < 9; r++)
            for (size_t c = 0; c < 9; c++) {
                multiply(sizes[r], sizes[c]);
                for (uint64_t round = 0; round < 5; round++) {
                    assert_true(floats_pass(sizes[r], sizes[c], isa, round));
                    assert_true(doubles_pass(sizes[r], sizes[c], isa, round));
                }
            }
}

/* The greatest and the least doubles that are let through, and zeros: neither over- nor underflow
 * makes a product suspect. */
static void extremes_pass(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        const double most = sqrt(DBL_MAX / 8 / D), size[] = {most, DBL_MIN, 1e-170, 0};
        fill();
        for (size_t r = 0; r < ROWS; r++)
            for (size_t f = 0; f < D; f++) {
                vx[r * D + f] = (uniform(7, r * D + f) < 0.5 ? -1 : 1) * size[r % 2 ? k : 0];
                vz[r * D + f] = (uniform(8, r * D + f) < 0.5 ? -1 : 1) * size[r % 3 ? k : 0];
                x[r * D + f] = r % 2 ? -128 : 127;
                z[r * D + f] = r % 3 ? -128 : 127;
            }
        multiply(ROWS, COLUMNS);
        assert_true(floats_pass(ROWS, COLUMNS, POISON_ISA_C, 0));
        assert_true(doubles_pass(ROWS, COLUMNS, POISON_ISA_C, 0));
    }
}

/* ---- what may be wrong ---- */

static void swap(size_t a, size_t b)
{
    float f = product[a];
    double v = vproduct[a];
    product[a] = product[b], product[b] = f;
    vproduct[a] = vproduct[b], vproduct[b] = v;
}

static void one_value(size_t rows, size_t columns, uint64_t k)
{
    size_t at = (size_t)(uniform(20, k) * (double)rows) * LD
                + (size_t)(uniform(21, k) * (double)columns);
    product[at] += k % 2 ? 1 : -1;
    vproduct[at] *= 1.01; /* more than 1e-6 of what |x| |z| may be here */
    vproduct[at] += vproduct[at] == 0;
}

static void rows_swapped(size_t rows, size_t columns, uint64_t k)
{
    for (size_t c = 0; c < columns; c++)
        swap(k % (rows - 1) * LD + c, (rows - 1) * LD + c);
}

static void columns_swapped(size_t rows, size_t columns, uint64_t k)
{
    for (size_t r = 0; r < rows; r++)
        swap(r * LD + k % (columns - 1), r * LD + columns - 1);
}

static void all_zero(size_t rows, size_t columns, uint64_t k)
{
    (void)rows, (void)columns, (void)k;
    memset(product, 0, sizeof product);
    memset(vproduct, 0, sizeof vproduct);
}

/* that of the rows before, as if nothing had been written */
static void stale(size_t rows, size_t columns, uint64_t k)
{
    (void)rows, (void)columns, (void)k;
    memmove(product + LD, product, sizeof product - LD * sizeof *product);
    memmove(vproduct + LD, vproduct, sizeof vproduct - LD * sizeof *vproduct);
}

static void a_little_less(size_t rows, size_t columns, uint64_t k)
{
    (void)rows, (void)columns, (void)k;
    for (size_t t = 0; t < ROWS * LD; t++)
        product[t] *= 0.999f, vproduct[t] *= 0.999;
}

static void not_a_number(size_t rows, size_t columns, uint64_t k)
{
    size_t at = k % rows * LD + k % columns;
    product[at] = k % 3 ? NAN : INFINITY;
    vproduct[at] = k % 3 ? -INFINITY : NAN;
}

/* Every isa, many weights: never passes. */
static void wrong_products_do_not(void **state)
{
    (void)state;
    static void (*const make_wrong[])(size_t, size_t, uint64_t) = {
        one_value, rows_swapped, columns_swapped, all_zero, stale, a_little_less, not_a_number};
    for (int isa = POISON_ISA_C; isa <= poison_isa_best(); isa++)
        for (size_t w = 0; w < sizeof make_wrong / sizeof *make_wrong; w++)
            for (uint64_t k = 0; k < 12; k++) {
                size_t rows = k % 3 ? ROWS : 40, columns = k % 2 ? COLUMNS : 100;
                fill();
                for (size_t t = 0; t < ROWS * D; t++) /* one scale: all errors are errors */
                    vx[t] = uniform(9, t) - 0.5, vz[t] = uniform(10, t) - 0.2;
                multiply(rows, columns);
                assert_true(doubles_pass(rows, columns, isa, k));
                make_wrong[w](rows, columns, k);
                if (floats_pass(rows, columns, isa, k) || doubles_pass(rows, columns, isa, k))
                    fail_msg("isa %d, fault %zu, round %d", isa, w, (int)k);
            }
}

/* Few rows and thousands of columns: some columns a product, all of them in time; what is not
 * finite at once. */
static void few_rows_are_checked_here_and_there(void **state)
{
    (void)state;
    enum { FEW = 2, MANY = 4096 };
    static double few[FEW * D], many[MANY * D], product_of[FEW * MANY];
    static struct check check;
    const struct factors of = {few, many, FEW, MANY, D};
    const struct simd *simd = simd_loops(poison_isa_best());
    int found = 0;
    for (size_t t = 0; t < MANY * D; t++)
        many[t] = uniform(30, t), few[t % (FEW * D)] = uniform(31, t);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, FEW, MANY, D, 1, few, D, many, D, 0,
                product_of, MANY);
    for (int infinite = 0; infinite < 2; infinite++) {
        product_of[MANY + 1234] = infinite ? INFINITY : 0;
        for (int round = 0; round < 2000; round++, found += check.wrong) {
            check.wrong = 0;
            check_begin(&check, FEW, MANY);
            check_slice(&check, simd, &of);
            check_doubles(&check, simd, FEW, MANY, product_of, MANY);
        }
        assert_true(infinite ? found == 2000 : found > 0 && found < 100);
        found = 0;
    }
}

/* ---- everything that multiplies -------------------------------------------------------------- */

enum { ROWS_OF_ALL = 700, TESTS = 20, WIDE = 16 };

/* Rows of two classes, bytes or decimals; the first train, the last test. */
static poison_data draw(int decimals)
{
    static uint8_t bytes[ROWS_OF_ALL * WIDE];
    static double doubles[ROWS_OF_ALL * WIDE];
    static int y[ROWS_OF_ALL];
    size_t n = ROWS_OF_ALL - TESTS;
    poison_data data = {.train = {.n = n, .d = WIDE, .y = y},
                        .test = {.n = TESTS, .d = WIDE, .y = y + n}};
    for (size_t t = 0; t < ROWS_OF_ALL * WIDE; t++) {
        y[t / WIDE] = t / WIDE % 2;
        bytes[t] = (uint8_t)(100 * uniform(40, t) + 30 * y[t / WIDE]);
        doubles[t] = bytes[t] + 0.5;
    }
    data.train.x = decimals ? NULL : bytes;
    data.test.x = decimals ? NULL : bytes + n * WIDE;
    data.train.v = decimals ? doubles : NULL;
    data.test.v = decimals ? doubles + n * WIDE : NULL;
    return data;
}

/* A model's way: training from a matrix or from a cache, prediction, an audit. 0, or a failure */
static int whole_way(const poison_data *data, const poison_settings *settings, poison_error *err)
{
    int predicted[TESTS];
    poison_svm *svm = NULL;
    poison_findings found = {0};
    calls = 0;
    int status = poison_svm_new(&svm, data, settings, err);
    if (status == 0)
        status = poison_svm_train(svm, data->train.y, err);
    if (status == 0)
        status = poison_svm_predict(svm, 0, predicted, err);
    if (status == 0)
        status = poison_audit(&found, svm, data, data->train.y, POISON_KNN, 0, settings, err);
    poison_findings_free(&found);
    poison_svm_free(svm);
    return status;
}

/* Whichever product is wrong, of bytes or of doubles: the work fails, and says what to do. */
static void no_product_goes_unchecked(void **state)
{
    (void)state;
    poison_settings settings = poison_settings_default();
    poison_error err;
    settings.threads = 2;
    settings.blas_only = 1;
    for (int way = 0; way < 4; way++) {
        poison_data data = draw(way & 1);
        settings.memory = way & 2 ? (size_t)1 << 20 : 0; /* the matrix takes more */
        assert_int_equal(whole_way(&data, &settings, &err), 0);
        int all = calls;
        assert_true(all > 3);
        for (wrong_call = 0; wrong_call < all; wrong_call += wrong_call < 12 ? 1 : 11) {
            assert_int_equal(whole_way(&data, &settings, &err), POISON_EDATA);
            assert_non_null(strstr(err.text, "OpenBLAS multiplies wrongly"));
        }
        wrong_call = -1;
    }
}

/* What comes of a wrong product when a matrix is made anew is not trained from later. */
static void a_matrix_stays_right(void **state)
{
    (void)state;
    poison_settings settings = poison_settings_default();
    poison_data data = draw(0);
    poison_svm *svm;
    const poison_machine *machine;
    poison_error err;
    settings.no_reuse = 1;
    assert_int_equal(poison_svm_new(&svm, &data, &settings, NULL), 0);
    assert_int_equal(poison_svm_train(svm, data.train.y, NULL), 0);
    poison_svm_machines(svm, &machine);
    double rho = machine->rho;
    wrong_call = calls;
    assert_int_equal(poison_svm_train(svm, data.train.y, &err), POISON_EDATA);
    assert_int_equal(poison_svm_train(svm, data.train.y, &err), 0);
    poison_svm_machines(svm, &machine);
    assert_true(machine->rho == rho && calls > wrong_call);
    wrong_call = -1;
    poison_svm_free(svm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_products_pass), cmocka_unit_test(extremes_pass),
        cmocka_unit_test(wrong_products_do_not),
        cmocka_unit_test(few_rows_are_checked_here_and_there),
        cmocka_unit_test(no_product_goes_unchecked),
        cmocka_unit_test(a_matrix_stays_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
