/* SPDX-License-Identifier: MIT */
/* utf8 - the characters of text from outside, and which of them play tricks on those who see them */
#ifndef POISON_UTF8_H
#define POISON_UTF8_H

#include <stdint.h>

/* Bytes of the UTF-8 character at `at`, and its code. 0: it is none (also overlong ones, surrogates, and above U+10FFFF). */
int utf8_decode(const char *at, uint32_t *code);

/* Neither a control character (those up to U+009F, some of which terminals obey) nor one that turns the order of what is seen. */
int utf8_is_harmless(uint32_t code);

#endif
