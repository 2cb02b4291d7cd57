/* SPDX-License-Identifier: MIT */
/* Texts of data, through the library's doors: values to the bit, rows for a model, what a check
 * finds, joined labels */
#include "unit.h"

#include "labels.h"
#include "load.h"
#include "set.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static char path[] = "/tmp/poison-text-XXXXXX";

/* Makes the file `path`. */
static void put(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static poison_settings settings_of(int threads)
{
    poison_settings settings = poison_settings_default();
    settings.threads = threads;
    return settings;
}

/* Random doubles written in full and in short come back in every bit, from CSV and LIBSVM's text.
 * -0 stays -0. */
static void values_come_back(void **state)
{
    (void)state;
    enum { N = 700, D = 13 };
    poison_settings settings = settings_of(3);
    static double value[N][D];
    for (int form = 0; form < 4; form++) {
        FILE *file = fopen(path, "w");
        for (size_t r = 0; r < N; r++) {
            fprintf(file, "%zu", r % 3);
            for (size_t f = 0; f < D; f++) {
                double x = uniform(r, f) < 0.2 ? floor(300 * uniform(r, f))
                                               : ldexp(uniform(r, f) - 0.5, (int)(f * 10) - 60);
                char text[40];
                sprintf(text, form % 2 ? "%.17g" : "%g", r == 5 ? -0.0 : x);
                value[r][f] = strtod(text, NULL);
                form < 2 ? fprintf(file, ",%s", text) : fprintf(file, " %zu:%s", f + 1, text);
            }
            fputs("\n", file);
        }
        fclose(file);
        poison_data data;
        assert_int_equal(poison_data_load(&data, &(poison_source){.path = path}, &settings, NULL),
                         0);
        assert_true(data.train.n == N && data.train.d == D && data.train.v && !data.train.x
                    && data.names == 3);
        assert_memory_equal(data.train.v, value, sizeof value);
        for (size_t r = 0; r < N; r++)
            assert_int_equal(data.train.y[r], r % 3);
        poison_data_free(&data);
    }
}

/* Which form features get: bytes where all of them are, whatever their spelling */
static void bytes_or_doubles(void **state)
{
    (void)state;
    static const struct { const char *text; int bytes;
    } cases[] = {
        {"1,255,0\n2,7,1\n", 1}, {"1,5.0,5e0\n2,050,2.55e2\n", 1}, {"1,-0,0\n2,1,-0.0\n", 1},
        {"1,256,0\n2,7,1\n", 0}, {"1,1,1\n2,7,-1\n", 0},           {"1,1,1\n2,7,0.5\n", 0},
        {"1 1:255\n2 2:1\n", 1}, {"1 1:255\n2 2:1.5\n", 0},
    };
    poison_settings settings = settings_of(2);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        poison_data data;
        put(cases[k].text);
        poison_source source = {.path = path};
        assert_int_equal(poison_data_load(&data, &source, &settings, NULL), 0);
        assert_int_equal(data.train.x != NULL, cases[k].bytes);
        assert_int_equal(data.train.v != NULL, !cases[k].bytes);
        poison_data_free(&data);
    }
}

/* What a model's rows are: label or none, columns moved and added. expected: the first row, then
 * its label or -1 for none */
static void rows_for_a_model(void **state)
{
    (void)state;
    static const struct {
        const char *text, *label;
        struct load_width model; /* on entry */
        int status, base, d, expected[6];
    } cases[] = {
        /* as many fields as features: no label */
        {"7,8,9\n1,2,3\n", NULL, {3, 1, 0, 0}, 0, 1, 3, {7, 8, 9, -1}},
        {"2,8,9\n1,2,3\n", NULL, {2, 1, 0, 0}, 0, 1, 2, {8, 9, 1}},
        {"8,9,2\n2,3,1\n", "last", {2, 1, 0, 0}, 0, 1, 2, {8, 9, 1}},
        {"7,8,9\n1,2,3\n", "none", {3, 1, 0, 0}, 0, 1, 3, {7, 8, 9, -1}},
        {"7,8,9\n1,2,3\n", NULL, {4, 1, 0, 0}, POISON_EDATA, 0, 0, {0}},
        {"7,8,9\n1,2,3\n", NULL, {1, 1, 0, 0}, POISON_EDATA, 0, 0, {0}},
        /* the model has at least so many */
        {"2,8,9\n1,2,3\n", NULL, {1, 1, 1, 0}, 0, 1, 2, {8, 9, 1}},
        {"2,8,9\n1,2,3\n", NULL, {4, 1, 1, 0}, POISON_EDATA, 0, 0, {0}},
        {"y,a\n2,8\n1,2\n", NULL, {1, 1, 0, 0}, 0, 1, 1, {8, 1}},
        {"2 1:8 2:9\n1 1:1\n", NULL, {4, 1, 1, 0}, 0, 1, 4, {8, 9, 0, 0, 1}},
        {"2 1:8 2:9\n1 1:1\n", NULL, {1, 1, 1, 0}, 0, 1, 2, {8, 9, 1}},
        /* the model counts from 0 */
        {"2 1:8 2:9\n1 1:1\n", NULL, {2, 0, 1, 0}, 0, 0, 3, {0, 8, 9, 1}},
        {"2 0:8 1:9\n1 1:1\n", NULL, {2, 1, 1, 0}, 0, 0, 3, {8, 9, 0, 1}}, /* the file does */
        {"1:8 2:9\n1:1\n", "none", {2, 1, 1, 0}, 0, 1, 2, {8, 9, -1}},
    };
    poison_settings settings = settings_of(1);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        poison_data data = {.names = 1,
                            .numbers = 1,
                            .name = poison_take(1, sizeof *data.name + 2)};
        struct load_width width = cases[k].model;
        poison_error err = {""};
        data.name[0] = strcpy((char *)(data.name + 1), "1"); /* the model has one class: 1 */
        put(cases[k].text);
        int status = load_rows(&data, &width,
                               &(poison_source){.path = path, .label = cases[k].label},
                               &(struct load_how){0}, &settings, &err);
        if (status != cases[k].status)
            fail_msg("case %zu: %d, %s", k, status, err.text);
        if (status == 0) {
            assert_true(width.base == cases[k].base && width.d == cases[k].d
                        && data.test.d == width.d && data.test.n == 2);
            for (int f = 0; f < width.d; f++)
                assert_int_equal(data.test.x[f], cases[k].expected[f]);
            assert_int_equal(data.test.y ? data.test.y[0] : -1, cases[k].expected[width.d]);
            if (data.test.y)
                assert_int_equal(data.test.y[1], 0);
        }
        poison_data_free(&data);
    }
}

/* Features are called as in the header, the column of labels behind them, and both stay with the
 * labels' names when more labels come. */
static void columns_have_names(void **state)
{
    (void)state;
    static const char *const expected[] = {"a", "b \"c\"", "y"};
    poison_settings settings = settings_of(1);
    poison_data data;
    struct load_width width = {.d = 2, .base = 1};
    put("a,y,\"b \"\"c\"\"\"\n1,p,2\n3,q,4\n");
    poison_source source = {.path = path};
    assert_int_equal(poison_data_load(&data, &source, &settings, NULL), 0);
    assert_true(data.names == 2 && data.columns == 2 && data.train.d == 2);
    for (int k = 0; k < 3; k++)
        assert_string_equal(data.name[data.names + k], expected[k]);
    put("\"b \"\"c\"\"\",a,y\n20,10,r\n40,30,p\n");
    set_free(&data.test);
    assert_int_equal(load_rows(&data, &width, &source, &(struct load_how){0}, &settings, NULL), 0);
    assert_true(data.names == 3 && data.columns == 2 && data.test.n == 2);
    for (int k = 0; k < 3; k++)
        assert_string_equal(data.name[data.names + k], expected[k]);
    assert_memory_equal(data.test.x, ((uint8_t[]){10, 20, 30, 40}), 4);
    assert_true(data.test.y[0] == 2 && data.test.y[1] == 0);
    poison_data_free(&data);
}

struct findings {
    int count;
    size_t line[9];
    char sentence[9][200];
};

static int find(void *self, size_t line, const char *sentence)
{
    struct findings *f = self;
    f->line[f->count] = line;
    snprintf(f->sentence[f->count++], sizeof *f->sentence, "%s", sentence);
    return f->count == 9;
}

/* All problems of a text and their lines, in order. */
static void a_check_finds_all(void **state)
{
    (void)state;
    static const struct { const char *text; int count; size_t line[5];
    } cases[] = {
        {"1,2\n2,3\n", 0, {0}},
        {"1,2\n\n2,x\n# no\n1,2,3\n,3\n2,nan\n2,3\n", 4, {3, 5, 6, 7}},
        {"1 1:2\n2\n3 2:1 2:1\n4 q:1\n5 1:1\n", 2, {3, 4}},
        {"", 1, {0}},
        {"\n", 1, {0}},
        {"label,a\n", 1, {1}},
        {"a\n", 1, {1}},
    };
    poison_settings settings = settings_of(1);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct findings found = {0};
        struct problems problems = {.found = find, .self = &found};
        put(cases[k].text);
        assert_int_equal(load_check(&(poison_source){.path = path}, &(struct load_how){0},
                                    &problems, &settings, NULL),
                         0);
        assert_true(found.count == cases[k].count && problems.count == (size_t)cases[k].count);
        for (int p = 0; p < found.count; p++)
            assert_int_equal(found.line[p], cases[k].line[p]);
    }
    FILE *file = fopen(path, "w"); /* too many labels is the file's own problem */
    for (int k = 0; k < 300; k++)
        fprintf(file, "%d,1\n", k);
    fclose(file);
    struct findings found = {0};
    struct problems problems = {.found = find, .self = &found};
    assert_int_equal(load_check(&(poison_source){.path = path}, &(struct load_how){0}, &problems,
                                &settings, NULL),
                     0);
    assert_true(problems.count == 1 && found.line[0] == 0 && strstr(found.sentence[0], "256"));
}

static struct book *book_of(const char *const *text)
{
    struct book *book = poison_take(1, sizeof *book);
    for (int k = 0; text[k]; k++)
        assert_int_equal(book_add(book, text[k], strlen(text[k]), NULL), k);
    assert_int_equal(book_add(book, text[0], strlen(text[0]), NULL), 0);
    return book;
}

/* Labels of several sources get one list of names: by number where all are numbers, else
 * bytewise. */
static void labels_are_joined(void **state)
{
    (void)state;
    struct book *numbers = book_of((const char *const[]){"10", "9.0", "-3", "9", NULL});
    struct book *words = book_of((const char *const[]){"b", "9", "B", NULL});
    int y[] = {0, 1, 2, 3}, idx[] = {9, 200, 9}, w[] = {0, 1, 2};
    poison_data data = {0};
    assert_int_equal(labels_join(&data, &(struct label_source){NULL, idx, 3}, 1, NULL), 0);
    assert_true(data.names == 0 && idx[1] == 200);
    assert_int_equal(labels_join(&data, (struct label_source[]){{numbers, y, 4}, {NULL, idx, 3}}, 2,
                                 NULL),
                     0);
    assert_true(data.names == 4 && data.numbers);
    /* by value; the spelling met first */
    const char *const expected[] = {"-3", "9.0", "10", "200"};
    for (int c = 0; c < 4; c++)
        assert_string_equal(data.name[c], expected[c]);
    assert_memory_equal(y, ((int[]){2, 1, 0, 1}), sizeof y);
    assert_memory_equal(idx, ((int[]){1, 3, 1}), sizeof idx);
    assert_int_equal(poison_label_find(&data, "9"), 1);
    /* those that were there stay */
    assert_int_equal(labels_join(&data, &(struct label_source){words, w, 3}, 1, NULL), 0);
    assert_true(data.names == 7 && !data.numbers);
    /* "9" is another word than "9.0"; B before b */
    assert_memory_equal(w, ((int[]){6, 4, 5}), sizeof w);
    poison_data_free(&data);
    book_free(numbers);
    book_free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),  cmocka_unit_test(bytes_or_doubles),
        cmocka_unit_test(rows_for_a_model),  cmocka_unit_test(a_check_finds_all),
        cmocka_unit_test(labels_are_joined), cmocka_unit_test(columns_have_names),
    };
    close(mkstemp(path));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
