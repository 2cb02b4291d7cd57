/* SPDX-License-Identifier: MIT */
/*
 * markup - text and numbers as SVG and HTML have them: escaped, cut to a width, the same in any
 * locale
 */
#ifndef POISON_MARKUP_H
#define POISON_MARKUP_H

#include "poison.h"

#include <stdarg.h>
#include <stdio.h>

/*
 * printf of our own:
 *
 *     $t  a text, escaped (any other letter does the same)
 *     $r  a text as it is
 *     $n  a name without its unit, which stands in brackets after it; escaped
 *     $c  a text and (size_t) how many letters of it there is room for; escaped, a cut is marked
 *     $l  what a label of `data` is called (int); escaped
 *     $i  a size_t
 *     $x  a coordinate, to 0.01
 *     $v  a value, to 0.000001
 *     $s  a share, in per cent, to 0.0001 of them
 *     $d  a number of a sentence, to 0.1
 *     $f  one with its sign, to 0.001
 *     $p  a share of a sentence, in per cent, to 0.1 of them
 *
 * $x to $p take a double. In sentences NAN is NA. Nothing more is put once `out` has an error: the
 * chart of a long table must end soon then.
 */
void markup(FILE *out, const char *format, ...);
void markup_list(FILE *out, const poison_data *data, const char *format, va_list args);

/* `length` bytes of a style sheet. So that files of them have short lines, a line that begins with
 * a blank goes on the line before; four blanks are no more than that. */
void markup_style(FILE *out, const char *css, size_t length);

/*
 * How many letters wide a text is; an ideograph counts as two, an escape as what it is spelled by.
 */
size_t markup_letters(const char *text);

/* Where a text must end to be `letters` wide at most. */
const char *markup_fit(const char *text, size_t letters);

/* The longest of `count` texts, at least 1 letter and at most `most`. */
size_t markup_longest(const char *const *text, size_t count, size_t most);

/* A number with so many decimals, or, where `fixed` is 0, without zeros at the end: "-1.5", "2e-7".
 * By integers, so that no locale has a say. Returns text. */
char *markup_number(char text[40], double value, int decimals, int fixed);

#endif
