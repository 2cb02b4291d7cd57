/* SPDX-License-Identifier: MIT */
/*
 * number - decimal text to the nearest double
 *
 * value = w 10^e. Exact where w < 2^53 and |e| <= 22, because w and 10^|e| are doubles then and one
 * operation rounds once (Clinger 1990). Else where w has at most 19 digits, which fit in 64 bits,
 * and |e| <= 27, so that 5^27 does too: w 5^e is an integer of 128 bits, w / 5^-e a quotient of
 * more than 64 bits whose remainder, if there is one, sets the last bit; converting either to
 * double rounds once, and the factor 2^e is exact. What is left is rare, and strtod's.
 */
#include "number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 wide;

enum {
    WORD_DIGITS = 19, /* 10^19 < 2^64 */
    FIVES = 27, /* 5^27 < 2^63 */
    /* Digits given to strtod: 768 tell doubles and midpoints apart, one more says "and more". */
    KEPT = 800
};

static const double ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static uint64_t five(int64_t power)
{
    uint64_t five = 1;
    for (uint64_t square = 5; power; power >>= 1, square *= square)
        five *= power & 1 ? square : 1;
    return five;
}

/* w 10^e, w > 0, |e| <= FIVES */
static double scale(uint64_t w, int64_t e)
{
    uint64_t power = five(e < 0 ? -e : e);
    if (e >= 0)
        return ldexp((double)((wide)w * power), (int)e);
    int shift = 64 + __builtin_clzll(w);
    wide numerator = (wide)w << shift, quotient = numerator / power;
    quotient |= quotient * power != numerator;
    return ldexp((double)quotient, (int)e - shift);
}

/* The digits between `at` and `end`, whose point stands `e` places right of the last one. Without a
 * point: no locale. */
static double by_strtod(const char *at, const char *end, int64_t e)
{
    char text[KEPT + 32];
    int n = 0, more = 0;
    for (; at < end; at++) {
        if (*at == '.' || (n == 0 && *at == '0'))
            continue;
        if (n < KEPT)
            text[n++] = *at;
        else {
            more |= *at != '0';
            e++;
        }
    }
    if (more) {
        text[n++] = '1';
        e--;
    }
    snprintf(text + n, sizeof text - (size_t)n, "e%lld", (long long)e);
    return n ? strtod(text, NULL) : 0;
}

/* The exponent after the digits, if it is whole. Beyond 10^15 no digits could make up for it. */
static const char *read_exponent(const char *at, const char *end, int64_t *e)
{
    const char *digit = at + 1;
    int64_t value = 0, most = 1000000000000000;
    if (at == end || (*at | 32) != 'e')
        return at;
    int negative = digit < end && *digit == '-';
    digit += digit < end && (*digit == '-' || *digit == '+');
    if (digit == end || (unsigned char)(*digit - '0') > 9)
        return at;
    for (; digit < end && (unsigned char)(*digit - '0') <= 9; digit++)
        value = value < most ? value * 10 + (*digit - '0') : most;
    *e += negative ? -value : value;
    return digit;
}

/* Sign, digits and exponent; then the first of the three ways above that is exact. */
const char *number_read(const char *at, const char *end, double *value)
{
    int negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    const char *first = at, *point = NULL;
    uint64_t w = 0;
    int64_t digits = 0, e = 0; /* digits from the first that is not 0 on */
    for (; at < end; at++) {
        unsigned digit = (unsigned char)*at - (unsigned)'0';
        if (digit <= 9) {
            w = w * 10 + digit; /* wraps where digits > WORD_DIGITS, and is not used then */
            digits += w != 0 || digits;
        } else if (*at == '.' && !point) {
            point = at;
        } else {
            break;
        }
    }
    if (at - first == (point != NULL)) /* no digit */
        return NULL;
    const char *last = at;
    e = point ? point + 1 - last : 0;
    at = read_exponent(at, end, &e);
    if (digits <= WORD_DIGITS && w < (uint64_t)1 << 53 && e >= -22 && e <= 22)
        *value = e < 0 ? (double)w / ten[-e] : (double)w * ten[e];
    else if (digits <= WORD_DIGITS && w && e >= -FIVES && e <= FIVES)
        *value = scale(w, e);
    else
        *value = by_strtod(first, last, e);
    *value = negative ? -*value : *value;
    return at;
}

int number_is(const char *text, double *value)
{
    const char *end = text + strlen(text);
    return number_read(text, end, value) == end && isfinite(*value);
}

/* Digits without leading and trailing zeros, and where the point stands before them. */
struct decimal {
    const char *at, *end; /* the first digit and behind the last, a point perhaps between them */
    int64_t place;        /* 10 to this is above the number, and a tenth of it not */
};

/* A number's digits; its sign is not looked at. */
static struct decimal take_apart(const char *text)
{
    struct decimal d;
    const char *end = text + strlen(text), *point = NULL;
    int64_t whole = 0;
    text += *text == '-' || *text == '+';
    for (d.at = text; *d.at == '0' || *d.at == '.'; d.at++)
        point = *d.at == '.' ? d.at : point;
    whole = point ? point + 1 - d.at : 0; /* zeros behind the point */
    for (d.end = d.at; (*d.end >= '0' && *d.end <= '9') || (*d.end == '.' && !point); d.end++)
        if (*d.end == '.')
            point = d.end;
    if (!point || point > d.at)
        whole = (point ? point : d.end) - d.at;
    d.place = 0;
    read_exponent(d.end, end, &d.place);
    d.place += whole;
    while (d.end > d.at && (d.end[-1] == '0' || d.end[-1] == '.'))
        d.end--;
    return d;
}

/* Both above 0. */
static int order_digits(const struct decimal *a, const struct decimal *b)
{
    const char *p = a->at, *q = b->at;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    for (;; p++, q++) {
        p += p < a->end && *p == '.';
        q += q < b->end && *q == '.';
        if (p == a->end || q == b->end)
            return (p < a->end) - (q < b->end);
        if (*p != *q)
            return *p < *q ? -1 : 1;
    }
}

int number_order(const char *a, const char *b)
{
    double value = 0, other = 0;
    number_is(a, &value);
    number_is(b, &other);
    if (value != other)
        return value < other ? -1 : 1;
    if (fabs(value) < 0x1p53)
        return 0;
    struct decimal first = take_apart(a), second = take_apart(b);
    int order = order_digits(&first, &second);
    return value < 0 ? -order : order;
}
