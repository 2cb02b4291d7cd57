/* SPDX-License-Identifier: MIT */
/* escape - text from outside made safe to print: which characters become what, in each dialect */
#ifndef POISON_ESCAPE_H
#define POISON_ESCAPE_H

#include <stdint.h>
#include <stdio.h>

enum dialect {
    ESCAPE_TERMINAL, /* a line of a terminal, a table's cell: \n, \t, \x1b; a backslash is itself */
    ESCAPE_LABEL,    /* what --flip and --pair read back: as CELL, and in it " is doubled */
    ESCAPE_ASCII,    /* the same for terminals that show nothing but ASCII */
    ESCAPE_JSON,     /* the inside of a string */
    ESCAPE_XML,      /* text and attributes of SVG and HTML; what cannot be there becomes U+FFFD */
    ESCAPE_ROFF,     /* a manual page's text, also as a macro's argument; tabs become blanks */
    ESCAPE_SHELL,    /* a word of a command line, in single quotes */
    ESCAPE_VALUE,    /* provenance: name=value, in double quotes */
    ESCAPE_NAME,     /* a line of the names beside a model file: all bytes can be had back */
    ESCAPE_CELL,     /* as TERMINAL, of what is to be read back: a backslash is doubled where it
                        could be taken for one of ours */
    DIALECTS
};

/* Bytes of the UTF-8 character at `at`, and its code. 0: none (overlong, surrogate, too large). */
int utf8_decode(const char *at, uint32_t *code);

/* What stands for the character at *text, and how long that is; *text moves on behind it. */
enum { ESCAPE_MOST = 17 }; /* four bytes, each as \x1b, and the zero */
size_t escape_character(enum dialect dialect, const char **text, char out[ESCAPE_MOST]);

/* Prints a text, whole or up to `end`. */
void escape(FILE *out, enum dialect dialect, const char *text);
void escape_span(FILE *out, enum dialect dialect, const char *text, const char *end);

/* The same in quotes, unless they can be left out; of LABEL, SHELL and VALUE only. */
void escape_quoted(FILE *out, enum dialect dialect, const char *text);

/* Prints for the terminal and for tables. */
void escape_text(FILE *out, const char *text);
/* Whether `text` is printed as `printed` in a cell. */
int escape_prints(const char *text, const char *printed);

#endif
