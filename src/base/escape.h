/* SPDX-License-Identifier: MIT */
/* escape - text from outside made safe to print: its characters, which of them play tricks, and what stands for those */
#ifndef POISON_ESCAPE_H
#define POISON_ESCAPE_H

#include <stdint.h>
#include <stdio.h>

/* Bytes of the UTF-8 character at `at`, and its code. 0: it is none (also overlong ones, surrogates, and above U+10FFFF). */
int utf8_decode(const char *at, uint32_t *code);

/* Neither a control character (those up to U+009F, some of which terminals obey) nor one that turns the order of what is seen. */
int utf8_is_harmless(uint32_t code);

/* Prints text that came from outside on one line: control characters as \n, \t, \x1b ... */
void escape_text(FILE *out, const char *text);
/* The same, and a character (0: none) is doubled. */
void escape_text_doubling(FILE *out, const char *text, char doubled);
/* Whether escape_text prints `text` as `printed`. */
int escape_prints(const char *text, const char *printed);

#endif
