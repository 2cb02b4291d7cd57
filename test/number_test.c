/* SPDX-License-Identifier: MIT */
/* Decimal text to double, beside strtod */
#include "unit.h"

#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Equal to strtod in every bit and in where the number ends; the text ends at an unmapped page. */
static void check(const char *text)
{
    static char *edge;
    enum { ROOM = 4096 };
    size_t length = strlen(text);
    if (!edge)
        edge = edge_memory(ROOM);
    char *at = edge + ROOM - length, *stop;
    memcpy(at, text, length);
    double value = 0, expected = strtod(text, &stop);
    const char *end = number_read(at, at + length, &value);
    if (!end || end - at != stop - text || memcmp(&value, &expected, sizeof value) != 0)
        fail_msg("%s: %.17g, and strtod %.17g (%s)", text, value, expected,
                 end ? end : "not a number");
}

/* Random digits with a point somewhere and often an exponent */
static void random_text(char *text, uint64_t k)
{
    int digits = 1 + (int)(25 * uniform(1, k)),
        point = (int)(uniform(2, k) * 2 * digits) - digits / 2;
    double sign = uniform(3, k);
    text += sprintf(text, "%.*s", sign < 0.35, sign < 0.3 ? "-" : "+");
    for (int i = 0; i < digits; i++) {
        text += sprintf(text, "%s", i == point ? "." : "");
        *text++ = (char)('0' + (int)(uniform(100 + (uint64_t)i, k) * 10));
    }
    *text = 0;
    int range = uniform(8, k) < 0.5 ? 60 : 640,
        exponent = (int)(uniform(7, k) * (range + 1)) - range * 33 / 64;
    if (uniform(4, k) < 0.6)
        sprintf(text, "%c%s%d", uniform(5, k) < 0.5 ? 'e' : 'E',
                exponent >= 0 && uniform(6, k) < 0.2 ? "+" : "", exponent);
}

/* A double's own spellings: 17 digits, the shortest, and the midpoint to its neighbour, whole and
 * one digit beside */
static void spellings(uint64_t k)
{
    char text[2000];
    uint64_t bits = poison_key(k, 1, 2);
    if (k % 2) /* near 1, as data are */
        bits = (bits & 0x800FFFFFFFFFFFFF) | (uint64_t)(1023 - 30 + k % 60) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    if (!isfinite(x))
        return;
    for (int digits = 15; digits <= 20; digits++) {
        sprintf(text, "%.*g", digits, x);
        check(text);
    }
    long double middle = ((long double)x + nextafter(x, 0)) / 2; /* 64 bits hold it */
    for (int digits = 19; digits < 25 && fabs(x) > 1e-300; digits++) {
        sprintf(text, "%.*Lg", digits, middle);
        check(text);
    }
    if (k % 100 == 0) {
        sprintf(text, "%.1100Lg", middle); /* all its digits */
        check(text);
    }
}

static void equals_strtod(void **state)
{
    (void)state;
    char text[128];
    for (uint64_t k = 0; k < 1000000; k++) {
        random_text(text, k);
        check(text);
    }
    for (uint64_t k = 0; k < 100000; k++)
        spellings(k);
}

/* Integers halfway between doubles that end in many zeros, so that they come by 64-bit words and
 * powers of five */
static void halfway_cases(void **state)
{
    (void)state;
    char text[128];
    for (uint64_t k = 0; k < 100000; k++) {
        /* 54 bits, the last one set */
        uint64_t odd = ((uint64_t)1 << 53) + (poison_key(k, 3, 4) >> 12 | 1);
        for (int beside = -1; beside <= 1; beside++) {
            sprintf(text, "%llu", (unsigned long long)(odd * 512 + (uint64_t)beside));
            check(text);
            sprintf(text, "%llu.%s", (unsigned long long)odd,
                    (const char *[]){"4999", "5", "5001"}[beside + 1]);
            check(text);
        }
    }
    /* 2^-1075, halfway to the smallest double, and a little above */
    for (int more = 0; more <= 1; more++) {
        char *long_text = calloc(1, 4000);
        snprintf(long_text, 2000, "%.*f", 1075, 0.0);
        long double tiny = ldexpl(1, -1075);
        sprintf(long_text, "%.1100Lf", tiny);
        if (more)
            strcat(long_text, "0000000000000000000000000000000001");
        check(long_text);
        free(long_text);
    }
}

/* Words that are hard, each as strtod reads them; and words that are none. */
static void corners(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0", "-0", "+0", "0.0", "-0.0e5", ".5", "5.", "5.e3", "007",
        "0000000000000000000000000000001", "1e", "1e+", "1.5e-",
        "1e5x", "1.2.3", "1,5", "1e22", "1e23", "9007199254740993", "9007199254740993e22",
        "18446744073709551615",
        "9999999999999999999", "99999999999999999999", "1e-400", "1e400", "-1e400",
        "1e999999999999999999999",
        "0e999999999999",
        "1e-99999999999999999999", "2.2250738585072011e-308", "4.9406564584124654e-324",
        "1.7976931348623157e308",
        "1.7976931348623159e308", "179769313486231580793e288",
        "0.000000000000000000000000000000000000000000000000001e51",
        "1_000", "1 2",
    };
    static const char *const bad[] = {
        "", "-", "+", ".", "-.", "e5", "x", "nan", "inf", "-inf", "infinity", " 1", "--1", "\"1\"",
    };
    double value;
    for (size_t k = 0; k < sizeof good / sizeof *good; k++)
        check(good[k]);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_null(number_read(bad[k], bad[k] + strlen(bad[k]), &value));
    const char *hexadecimal = "0x10";
    assert_ptr_equal(number_read(hexadecimal, hexadecimal + 4, &value), hexadecimal + 1);
    assert_true(number_is("-1.5e3", &value) && value == -1500);
    assert_false(number_is("1e999", &value) || number_is("1 ", &value) || number_is("", &value));
}

/* As doubles, and from 2^53 on by their digits. */
static void order(void **state)
{
    static const char *const ascending[] = {
        "-9007199254740993", "-9007199254740992", "-1e3", "-1", "0", "0.5", "1", "255",
        "9007199254740991", "9007199254740992", "9007199254740993", "9007199254740993.5",
        "123456789012345678", "123456789012345679", "1e300",
    };
    static const char *const equal[][2] = {
        {"1", "+01.0e0"}, {"0", "-0"}, {"9007199254740993", "+09007199254740993.00"},
        {"1e18", "1000000000000000000"}, {"0.0000123456789012345678e22", "123456789012345678"},
        {"123456789012345678e-0", "123456.789012345678e12"}, {"-1e18", "-1000000000000000000.0"},
    };
    enum { N = sizeof ascending / sizeof *ascending };
    (void)state;
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++) {
            int got = number_order(ascending[a], ascending[b]);
            assert_int_equal((got > 0) - (got < 0), (a > b) - (a < b));
        }
    for (size_t k = 0; k < sizeof equal / sizeof *equal; k++)
        assert_int_equal(number_order(equal[k][0], equal[k][1]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_strtod), cmocka_unit_test(halfway_cases), cmocka_unit_test(corners),
        cmocka_unit_test(order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
