/* SPDX-License-Identifier: MIT */
/*
 * Tables of labels with awkward names: what is printed, in each form, byte by byte, and that names
 * read back where they are read. The names are those of the classes 0, 1, ... of one data set.
 */
#include "labels.h"
#include "unit.h"

#include "columns.h"
#include "sweep.h"

#include <math.h>
#include <stdlib.h>

/* no UTF-8, a surrogate, a character, a part of one */
static char tail[] = "\xC3(\xED\xA0\x80\xF0\x9F\x98\x80\xE2\x82";
static char long_name[] =
    "012345678901234567890123456789012345678901234567890123456789012345\xC3\xA9!";
static char *words[] = {"",       "\x1B[31m",       " a ",  "# b",   "+1",   "-",
                        "1:2",    "<a href=\"x\">", "NA",   "a\\",   "a\nb", "a\tb",
                        "false",  "new york",       "true", "true_", "x,y",  tail,
                        long_name};
enum { WORDS = sizeof words / sizeof *words };

static poison_data named(char **names, int count, int numbers)
{
    return (poison_data){.names = count, .numbers = numbers, .name = names};
}

/* What `print` prints on a sheet of this form. free() it. */
static char *printed(void (*print)(struct sheet *sheet), const poison_data *data, int json,
                     int bare, const char *opening)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct sheet sheet;
    assert_non_null(out);
    sheet_open(&sheet, out, data, json, bare);
    sheet.opening = opening;
    print(&sheet);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void expect(void (*print)(struct sheet *sheet), const poison_data *data, int json, int bare,
                   const char *opening, const char *expected)
{
    char *text = printed(print, data, json, bare, opening);
    assert_string_equal(text, expected);
    free(text);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void print_all(struct sheet *sheet)
{
    struct table t;
    table_begin(&t, sheet, "l");
    for (int c = 0; c < sheet->data->names; c++)
        table_label(&t, c);
}

/* Each name as text, alone in its line, as a cell, and in JSON. */
static void names_are_printed_as_given(void **state)
{
    poison_data data = named(words, WORDS, 0);
    (void)state;
    expect(print_all, &data, 0, 0, NULL,
           "l\n\n\\x1b[31m\n a \n\\x23 b\n+1\n-\n1:2\n<a "
           "href=\"x\">\nNA\na\\\na\\nb\na\\tb\nfalse\nnew york\ntrue\n"
           "true_\nx,y\n"
           "\xC3(\xED\xA0\\x80\xF0\x9F\x98\x80\xE2\\x82\n"
           "012345678901234567890123456789012345678901234567890123456789012345\xC3\xA9!\n");
    expect(print_all, &data, 1, 0, NULL,
           "{\"l\":\"\"}\n{\"l\":\"\\u001b[31m\"}\n{\"l\":\" a \"}\n{\"l\":\"# "
           "b\"}\n{\"l\":\"+1\"}\n{\"l\":\"-\"}\n"
           "{\"l\":\"1:2\"}\n"
           "{\"l\":\"<a "
           "href=\\\"x\\\">\"}\n{\"l\":\"NA\"}\n{\"l\":\"a\\\\\"}\n{\"l\":\"a\\nb\"}\n{\"l\":"
           "\"a\\tb\"}\n"
           "{\"l\":\"false\"}\n{\"l\":\"new "
           "york\"}\n{\"l\":\"true\"}\n{\"l\":\"true_\"}\n{\"l\":\"x,y\"}\n"
           "{\"l\":\"\\ufffd(\\ufffd\\ufffd\\ufffd\xF0\x9F\x98\x80\\ufffd\\ufffd\"}\n"
           "{\"l\":\"012345678901234567890123456789012345678901234567890123456789012345\xC3\xA9!\"}"
           "\n");
    assert_string_equal(poison_label_name(&data, WORDS - 1).text,
                        "012345678901234567890123456789012345678901234567890123456789012345");
}

/* A column has one type: numbers only where each name is a number that JSON knows. */
static void labels_are_numbers_or_strings(void **state)
{
    char *fine[] = {"-3e2", "-0", "1", "2.50", "10E+2"}, *signs[] = {"-1", "+1"},
         *zeros[] = {"007", "8"};
    poison_data data = named(fine, 5, 1);
    (void)state;
    expect(print_all, &data, 1, 0, NULL,
           "{\"l\":-3e2}\n{\"l\":-0}\n{\"l\":1}\n{\"l\":2.50}\n{\"l\":10E+2}\n");
    data = named(signs, 2, 1);
    expect(print_all, &data, 1, 0, NULL, "{\"l\":\"-1\"}\n{\"l\":\"+1\"}\n");
    data = named(zeros, 2, 1);
    expect(print_all, &data, 1, 0, NULL, "{\"l\":\"007\"}\n{\"l\":\"8\"}\n");
    const char *no[] = {"",    "-",   "+1", ".5", "5.",  "1e",  "1e+",  "01",
                        "-01", "0x1", "1 ", " 1", "nan", "inf", "1.e1", "1.5.5"};
    for (size_t k = 0; k < sizeof no / sizeof *no; k++)
        assert_false(table_is_number(no[k]));
    assert_true(table_is_number("0.5e-3"));
}

/* FROM:TO of any two names, as messages and journals write it, is read as these two. */
static void pairs_read_back(void **state)
{
    int y[WORDS];
    poison_data data = named(words + 1, WORDS - 1, 0); /* but the empty name */
    (void)state;
    for (int c = 0; c < WORDS - 1; c++)
        y[c] = c;
    data.train = (poison_set){.n = WORDS - 1, .y = y};
    for (int a = 0; a < WORDS - 1; a++)
        for (int b = 0; b < WORDS - 1; b++) {
            char *text = NULL;
            size_t size;
            const char *end;
            int from, to;
            poison_error err;
            FILE *out = open_memstream(&text, &size);
            poison_label_put(out, &data, a);
            putc(':', out);
            poison_label_put(out, &data, b);
            fprintf(out, ",x");
            fclose(out);
            if (a != b) {
                assert_int_equal(poison_pair_parse(&from, &to, text, &end, &data, "pair", &err), 0);
                assert_int_equal(from, a);
                assert_int_equal(to, b);
                assert_string_equal(end, ",x");
            }
            assert_null(strpbrk(text, "\n\t\x1B"));
            free(text);
        }
    assert_string_equal(poison_label_quoted(&data, 6).text, "\"<a href=\"\"x\"\">\"");
}

/* ---- flips ----------------------------------------------------------------------------------- */

enum { ROWS = WORDS * (WORDS + 1) };

/* Every name made every other, or left out. */
static void print_flips(struct sheet *sheet)
{
    struct table t;
    table_begin(&t, sheet, "row\tfrom\tto");
    for (int r = 0; r < ROWS; r++) {
        int from = r / (WORDS + 1), to = r % (WORDS + 1) - 1;
        if (from == to || !from || !to) /* no flip file has the empty name */
            continue;
        table_count(&t, (size_t)r);
        table_flipped(&t, from);
        table_flipped(&t, to);
    }
}

/* A flip file of all names, read again, makes the labels that it was made of. */
static void flip_files_read_back(void **state)
{
    static int y[ROWS], labels[ROWS];
    poison_data data = named(words, WORDS, 0);
    poison_error err = {""};
    char path[] = "/tmp/poison-table.XXXXXX", *text = printed(print_flips, &data, 0, 0, NULL);
    FILE *out = fdopen(mkstemp(path), "w");
    (void)state;
    fputs(text, out);
    fclose(out);
    free(text);
    for (int r = 0; r < ROWS; r++)
        y[r] = labels[r] = r / (WORDS + 1);
    data.train = (poison_set){.n = ROWS, .y = y};
    poison_settings settings = poison_settings_default();
    int status = poison_flips_read(path, labels, &data, &settings, &err);
    unlink(path);
    assert_string_equal(err.text, "");
    assert_int_equal(status, 0);
    for (int r = 0; r < ROWS; r++) {
        int from = r / (WORDS + 1), to = r % (WORDS + 1) - 1;
        assert_int_equal(labels[r], from && to ? to : from);
    }
}

static void print_removal(struct sheet *sheet)
{
    struct table t;
    table_begin(&t, sheet, "to");
    table_flipped(&t, -1);
    table_flipped(&t, 5);
}

/* ---- cells and forms ------------------------------------------------------------------------- */

static void print_cells(struct sheet *sheet)
{
    struct table t;
    table_begin(&t, sheet, "count\texact\tnumber\ttext\tnone");
    const double value[] = {0.1, -0.0, NAN, INFINITY};
    for (int k = 0; k < 4; k++) {
        table_count(&t, (size_t)k);
        table_exact(&t, value[k]);
        table_number(&t, value[k]);
        table_text(&t, k ? "NA" : "a\tb");
        table_none(&t);
    }
}

static void cells_have_their_types(void **state)
{
    (void)state;
    expect(print_cells, NULL, 0, 0, NULL,
           "count\texact\tnumber\ttext\tnone\n0\t0.10000000000000001\t0.100000\ta\\tb\tNA\n1\t-0\t-"
           "0.000000\tNA\tNA\n"
           "2\tNA\tNA\tNA\tNA\n3\tinf\tNA\tNA\tNA\n");
    expect(print_cells, NULL, 1, 1, NULL,
           "{\"count\":0,\"exact\":0.10000000000000001,\"number\":0.100000,\"text\":\"a\\tb\","
           "\"none\":null}\n"
           "{\"count\":1,\"exact\":-0,\"number\":-0.000000,\"text\":\"NA\",\"none\":null}\n"
           "{\"count\":2,\"exact\":null,\"number\":null,\"text\":\"NA\",\"none\":null}\n"
           "{\"count\":3,\"exact\":null,\"number\":null,\"text\":\"NA\",\"none\":null}\n");
    poison_data data = named(words, WORDS, 0);
    expect(print_removal, &data, 0, 0, NULL, "to\n-\n\"-\"\n");
    expect(print_removal, &data, 1, 0, NULL, "{\"to\":null}\n{\"to\":\"-\"}\n");
}

/* A confusion matrix, whose columns are called by labels. */
static void print_confusion(struct sheet *sheet)
{
    const char *const name[] = {"a\tb", "true", "true_", "\"", "tru"};
    struct table t;
    table_begin_more(&t, sheet, "true\tx", name, 5);
    for (size_t k = 0; k < 7; k++)
        table_count(&t, k);
}

static void print_titled(struct sheet *sheet)
{
    sheet_start(sheet);
    sheet_title(sheet, "the %s's", "a\n\"b");
    print_removal(sheet);
    sheet_title(sheet, "more");
    print_removal(sheet);
}

static void headers_titles_and_openings(void **state)
{
    poison_data data = named(words, WORDS, 0);
    (void)state;
    expect(print_confusion, NULL, 0, 0, NULL,
           "true\tx\ta\\tb\ttrue\ttrue_\t\"\ttru\n0\t1\t2\t3\t4\t5\t6\n");
    expect(print_confusion, NULL, 0, 1, "c=1", "# c=1\n0\t1\t2\t3\t4\t5\t6\n");
    expect(print_confusion, NULL, 1, 0, NULL, /* each key once */
           "{\"true\":0,\"x\":1,\"a\\tb\":2,\"true_\":3,\"true__\":4,\"\\\"\":5,\"tru\":6}\n");
    expect(print_titled, &data, 0, 1, "x=\"\n",
           "# x=\"\\n\n\n# the a\\n\"b's\n-\n\"-\"\n\n# more\n-\n\"-\"\n");
    expect(print_titled, &data, 1, 0, "x=\"\n",
           "{\"provenance\":\"x=\\\"\\n\"}\n{\"table\":\"the a\\n\\\"b's\",\"to\":null}\n"
           "{\"table\":\"the a\\n\\\"b's\",\"to\":\"-\"}\n"
           "{\"table\":\"more\",\"to\":null}\n{\"table\":\"more\",\"to\":\"-\"}\n");
}

/* ---- a campaign of words --------------------------------------------------------------------- */

static char *read_file(const char *path)
{
    char *text = poison_take(1, 1 << 16);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_true(fread(text, 1, (1 << 16) - 1, in) > 0);
    fclose(in);
    return text;
}

/* A sweep's journal names labels so that --resume knows them again; another file it refuses. */
static void sweeps_name_labels(void **state)
{
    char *names[] = {"a:b", "say \"x\"", "t\tt"}, path[] = "/tmp/poison-table.XXXXXX", *first,
         *resumed;
    enum { N = 24 };
    uint8_t x[N * 2];
    int y[N], strategy = POISON_FIRST;
    poison_error err = {""};
    poison_settings settings = poison_settings_default();
    poison_cleaning none = {.method = -1, .name = "none"};
    size_t doses[] = {0, 2, 99};
    poison_data data = named(names, 3, 0);
    struct sweep sweep = {.strategy = &strategy,
                          .strategies = 1,
                          .defence = &none,
                          .defences = 1,
                          .dose = doses,
                          .doses = 3,
                          .seeds = 1};
    struct sheet sheet;
    (void)state;
    for (int r = 0; r < N; r++) {
        y[r] = r % 3;
        x[2 * r] = (uint8_t)(60 * y[r] + r);
        x[2 * r + 1] = (uint8_t)(100 - 30 * y[r]);
    }
    data.train = data.test = (poison_set){.n = N, .d = 2, .x = x, .y = y};
    const char *text = "\"a:b\":\"say \"\"x\"\"\",t\\tt:\"a:b\"";
    struct pair_wish wish[2];
    assert_int_equal(pair_read(&wish[0], text, &text, "--pairs", &err), 0);
    assert_int_equal(pair_read(&wish[1], text + 1, &text, "--pairs", &err), 0);
    assert_int_equal(sweep_pairs(&sweep, wish, 2, "--pairs", &data, &err), 0);
    free(wish[0].from);
    free(wish[1].from);
    sheet_open(&sheet, NULL, &data, 1, 1); /* a journal is a plain table all the same */
    sheet.opening = "not here";
    char *warnings = NULL;
    size_t size;
    FILE *warn = open_memstream(&warnings, &size);
    close(mkstemp(path));
    assert_int_equal(sweep_run(&sweep, &data, y, &settings,
                               &(struct sweep_output){&sheet, path, 0, warn}, &err),
                     0);
    fclose(warn);
    first = read_file(path);
    assert_non_null(strstr(first, " pairs=\"a:b\":\"say \"\"x\"\"\",t\\tt:\"a:b\" doses=0,2,99 "));
    assert_non_null(strstr(first, "\nfrom\tto\tstrategy\t"));
    assert_non_null(strstr(first, "\na:b\tsay \"x\"\tfirst\tnone\tNA\t2\t"));
    assert_non_null(strstr(first, "\nt\\tt\ta:b\tfirst\tnone\tNA\t2\t"));
    assert_string_equal(
        warnings,
        "poison: warning: \"a:b\":\"say \"\"x\"\"\": 1 of 3 doses are left out, since only 8 "
        "training labels are \"a:b\"\npoison: warning: t\\tt:\"a:b\": 1 of 3 doses are left out, "
        "since only 8 training labels are t\\tt\n");
    assert_int_equal(truncate(path, (off_t)strlen(first) - 60), 0);
    assert_int_equal(sweep_run(&sweep, &data, y, &settings,
                               &(struct sweep_output){&sheet, path, 1, NULL}, &err),
                     0);
    resumed = read_file(path);
    assert_string_equal(resumed, first);
    names[0] = "a,b"; /* what is called otherwise is another row */
    assert_int_equal(sweep_run(&sweep, &data, y, &settings,
                               &(struct sweep_output){&sheet, path, 1, NULL}, &err),
                     POISON_EDATA);
    unlink(path);
    free(warnings);
    free(first);
    free(resumed);
    free(sweep.pair);
}

/* ---- in memory ------------------------------------------------------------------------------- */

static void print_pairs(struct sheet *sheet)
{
    static const char *const more[] = {"a\tb", "# c"};
    struct table t;
    table_begin_more(&t, sheet, "l\tnumber", more, 2);
    for (int c = 0; c < sheet->data->names; c++) {
        table_label(&t, c);
        table_number(&t, c / 3.0);
        table_exact(&t, c / 3.0);
        table_none(&t);
    }
}

/* Cell for cell what a file gets, names that are escaped and numbers that are rounded, too. */
static void tables_in_memory_have_what_is_printed(void **state)
{
    (void)state;
    poison_error err;
    poison_data data = named(words, WORDS, 0);
    struct capture c;
    char *text = printed(print_pairs, &data, 0, 0, NULL), *at = text;
    assert_int_equal(capture_begin(&c, &data, &err), 0);
    print_pairs(&c.sheet);
    assert_int_equal(capture_end(&c, &err), 0);
    assert_int_equal(c.table.rows, WORDS);
    assert_int_equal(c.table.columns, 4);
    for (size_t k = 0; k < 4 * (1 + WORDS); k++)
        assert_string_equal(c.table.cell[k], strsep(&at, "\t\n"));
    assert_string_equal(columns_named(&c.table, 4, "number"), "1.333333");
    assert_true(columns_value(&c.table, 4, "number") == 1.333333);
    assert_true(isnan(columns_value(&c.table, 4, "# c")));
    assert_true(isnan(columns_value(&c.table, 4, "nothing")));
    capture_free(&c);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_printed_as_given),
        cmocka_unit_test(labels_are_numbers_or_strings),
        cmocka_unit_test(pairs_read_back),
        cmocka_unit_test(flip_files_read_back),
        cmocka_unit_test(cells_have_their_types),
        cmocka_unit_test(headers_titles_and_openings),
        cmocka_unit_test(sweeps_name_labels),
        cmocka_unit_test(tables_in_memory_have_what_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
