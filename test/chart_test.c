/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "unit.h"

#include "chart.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

static char *heat(const struct chart *chart, const struct chart_heat *map)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    chart_heat(out, chart, map);
    assert_int_equal(fclose(out), 0);
    return text;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

static const char *const names[] = {"a", "b"};
static const struct chart_heat difference = {
    names,    names,          2, 2, &(struct chart_map){NULL, (const double[]){-3, 0, NAN, 1.5}}, 1,
    "images", .diverging = 1,
};

static void embedded_charts_keep_to_themselves(void **state)
{
    (void)state;
    struct chart chart = {.title = "A & B", .id = "first", .embedded = 1};
    char *text = heat(&chart, &difference);
    assert_int_equal(count(text, "<style"), 0);
    assert_int_equal(count(text, "class='paper'"), 0);
    assert_int_equal(count(text, " id='"), count(text, " id='first-"));
    assert_int_equal(count(text, "url(#"), count(text, "url(#first-"));
    assert_int_equal(count(text, "A &amp; B"), 1 + 1); /* <title> and heading */
    free(text);
}

static void differences_have_a_sign_and_two_ramps(void **state)
{
    (void)state;
    char *text = heat(&(struct chart){.title = ""}, &difference);
    assert_int_equal(count(text, "class='mark b20'"), 1); /* -3, the end of the scale */
    assert_int_equal(count(text, "class='mark u0'"), 1);
    assert_int_equal(count(text, "class='mark u10'"), 1);
    assert_int_equal(count(text, "class='mark na'"), 1);
    assert_int_equal(count(text, ">-3</text>"), 1);
    assert_int_equal(count(text, ">+1.5</text>"), 1);
    free(text);
}

static void every_rule_is_scoped(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    chart_style(out);
    fclose(out);
    for (char *at = text; (at = strchr(at, '{')); at++) {
        char *start = at;
        while (start > text && !strchr("}\n", start[-1]))
            start--;
        while (*start == ' ')
            start++;
        assert_true(strncmp(start, ".poison-chart", 13) == 0 || strncmp(start, "@media", 6) == 0);
    }
    free(text);
}

static void numbers_know_no_locale(void **state)
{
    (void)state;
    struct chart chart = {.title = "x"};
    char *text = heat(&chart, &difference), *other;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8")) {
        free(text);
        skip();
    }
    other = heat(&chart, &difference);
    setlocale(LC_ALL, "C");
    assert_string_equal(text, other);
    free(text);
    free(other);
}

/* The lightness of a shade goes one way from 0 to the end of the scale, so that it can be read
 * without colour. */
static void ramps_are_monotone(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    chart_style(out);
    fclose(out);
    char *dark = strstr(text, "@media");
    for (int theme = 0; theme < 2; theme++)
        for (int ramp = 0; ramp < 2; ramp++) {
            double before = theme ? 0 : 256;
            for (int level = 0; level <= 20; level++) {
                char rule[40];
                unsigned colour;
                snprintf(rule, sizeof rule, ".poison-chart .%c%d{fill:#", "ub"[ramp], level);
                char *at = strstr(theme ? dark : text, rule);
                assert_non_null(at);
                assert_int_equal(sscanf(at + strlen(rule), "%6x", &colour), 1);
                double light = 0.2126 * (colour >> 16) + 0.7152 * (colour >> 8 & 255)
                               + 0.0722 * (colour & 255);
                assert_true(theme ? light > before : light < before);
                before = light;
            }
        }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embedded_charts_keep_to_themselves),
        cmocka_unit_test(differences_have_a_sign_and_two_ramps),
        cmocka_unit_test(every_rule_is_scoped),
        cmocka_unit_test(numbers_know_no_locale),
        cmocka_unit_test(ramps_are_monotone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
