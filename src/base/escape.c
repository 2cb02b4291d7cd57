/* SPDX-License-Identifier: MIT */
#include "escape.h"

#include <string.h>

/* Which characters a reader must not meet as they are. Each line takes in those above it. */
enum hidden {
    NOTHING,
    CONTROLS,    /* of ASCII: up to U+001F, and U+007F */
    C1,          /* U+0080 to U+009F, which some terminals obey */
    TURNS,       /* what turns the order of what is seen: U+202A to U+202E, U+2066 to U+2069 */
    MARKS,       /* unseen marks of direction: U+200E, U+200F */
    BEYOND_ASCII /* all others too */
};

/* How text is written in a dialect. Each is read back by somebody who knows no other way. */
struct rules {
    const char *special, *instead[8]; /* characters, and what stands for each */
    enum hidden hidden;               /* others, that are spelled by their number: */
    const char *low, *high;           /* formats below U+0100 and above; NULL: each byte as \x1b */
    const char *broken;               /* for a byte of no UTF-8; NULL: as the character U+00xx */
    int strict;                       /* U+FFFE, U+FFFF and the like of other planes are broken */
    int doubled;                      /* a backslash, where what follows could be mistaken */
    const char *dot;                  /* before a dot that begins a line */
    char quote;                       /* of escape_quoted, which leaves it out about a text ... */
    const char *plain, *quoted;       /* of `plain` only, or (NULL) without any of `quoted` */
};

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define CONTROL_CHARACTERS \
    "\1\2\3\4\5\6\7\b\t\n\v\f\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\177"

static const struct rules rules[DIALECTS] = {
    [ESCAPE_TERMINAL] = {"\n\t", {"\\n", "\\t"}, .hidden = TURNS},
    [ESCAPE_LABEL] = {"\n\t\"", {"\\n", "\\t", "\"\""}, TURNS, .doubled = 1, .quote = '"',
                      .quoted = ":,\" "},
    [ESCAPE_ASCII] = {"\n\t", {"\\n", "\\t"}, .hidden = BEYOND_ASCII},
    [ESCAPE_JSON] = {"\n\t\"\\", {"\\n", "\\t", "\\\"", "\\\\"}, TURNS, "\\u%04x", "\\u%04x",
                     .broken = "\\ufffd"},
    [ESCAPE_XML] = {"&<>\"'", {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}, MARKS, "\\x%02x",
                    "\\u%04x", .broken = "\xEF\xBF\xBD", .strict = 1},
    [ESCAPE_ROFF] = {"\\-'\"`^~\t", {"\\e", "\\-", "\\(aq", "\\(dq", "\\(ga", "\\(ha", "\\(ti",
                     " "}, .dot = "\\&"},
    [ESCAPE_SHELL] = {"'", {"'\\''"}, .quote = '\'', .plain = LETTERS "0123456789_-+=:,./@%"},
    [ESCAPE_VALUE] = {"\n\t\"\\", {"\\n", "\\t", "\\\"", "\\\\"}, CONTROLS, .quote = '"',
                      .quoted = CONTROL_CHARACTERS " \"\\;"},
    [ESCAPE_CELL] = {"\n\t", {"\\n", "\\t"}, .hidden = TURNS, .doubled = 1},
    [ESCAPE_NAME] = {"\\", {"\\\\"}, .hidden = CONTROLS},
};

int utf8_decode(const char *at, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = (unsigned char)*at;
    int length = 0;
    if (c < 0x80)
        length = 1;
    else if (c >= 0xC0 && c < 0xF8)
        length = c < 0xE0 ? 2 : 3 + (c >= 0xF0);
    *code = length < 2 ? c : c & (0x7Fu >> length);
    for (int k = 1; k < length; k++) {
        if (((unsigned char)at[k] & 0xC0) != 0x80)
            return 0;
        *code = *code << 6 | ((unsigned char)at[k] & 0x3F);
    }
    int surrogate = *code >= 0xD800 && *code < 0xE000;
    return *code < least[length] || surrogate || *code > 0x10FFFF ? 0 : length;
}

static int is_hidden(enum hidden hidden, uint32_t code)
{
    int turns = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    return (hidden >= CONTROLS && (code < 0x20 || code == 0x7F))
           || (hidden >= C1 && code >= 0x80 && code < 0xA0) || (hidden >= TURNS && turns)
           || (hidden >= MARKS && (code == 0x200E || code == 0x200F))
           || (hidden >= BEYOND_ASCII && code >= 0x80);
}

/* Whether a backslash before `next` could be read as a part of what stands for another character:
 * of \n, \t, \xHH and \\, or of one that is yet to be escaped. */
static int is_mistaken(char next)
{
    return next && (strchr("ntx\\", next) || (unsigned char)next < ' ' || (signed char)next < 0
                    || next == 0x7F);
}

/* Special characters first; then what is no UTF-8, one byte at a time; then those that are hidden,
 * by their code, or (a NULL format) byte by byte as \x1b; all others as they are. */
size_t escape_character(enum dialect dialect, const char **text, char out[ESCAPE_MOST])
{
    const struct rules *r = &rules[dialect];
    const char *at = *text, *special = *at ? strchr(r->special, *at) : NULL, *instead = NULL;
    uint32_t code;
    int bytes = utf8_decode(at, &code), whole = bytes && !(r->strict && (code & 0xFFFE) == 0xFFFE);
    size_t length = 0;
    *text += whole ? bytes : 1;
    if (r->doubled && *at == '\\' && is_mistaken(at[1]))
        instead = "\\\\";
    else if (special)
        instead = r->instead[special - r->special];
    else if (!whole)
        instead = r->broken;
    if (instead)
        return strlen(strcpy(out, instead));
    if (!whole)
        code = (unsigned char)*at;
    int hidden = is_hidden(r->hidden, code);
    if (hidden && r->low)
        return (size_t)sprintf(out, code < 0x100 ? r->low : r->high, (unsigned)code);
    for (; at < *text; at++)
        if (hidden)
            length += (size_t)sprintf(out + length, "\\x%02x", (unsigned char)*at);
        else
            out[length++] = *at;
    out[length] = 0;
    return length;
}

void escape_span(FILE *out, enum dialect dialect, const char *text, const char *end)
{
    char bytes[ESCAPE_MOST];
    for (const char *at = text, *from = text; at < end; from = at) {
        while (at < end && ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9')))
            at++; /* most of all text, itself in every dialect */
        if (at > from) {
            fwrite(from, 1, (size_t)(at - from), out);
            continue;
        }
        if (rules[dialect].dot && *at == '.' && (at == text || at[-1] == '\n'))
            fputs(rules[dialect].dot, out);
        size_t length = escape_character(dialect, &at, bytes);
        fwrite(bytes, 1, length, out);
    }
}

void escape(FILE *out, enum dialect dialect, const char *text)
{
    escape_span(out, dialect, text, text + strlen(text));
}

void escape_quoted(FILE *out, enum dialect dialect, const char *text)
{
    const struct rules *r = &rules[dialect];
    int plain = *text && (r->plain ? !text[strspn(text, r->plain)] : !strpbrk(text, r->quoted));
    if (!plain)
        putc(r->quote, out);
    escape(out, dialect, text);
    if (!plain)
        putc(r->quote, out);
}

void escape_text(FILE *out, const char *text)
{
    escape(out, ESCAPE_TERMINAL, text);
}

int escape_prints(const char *text, const char *printed)
{
    char bytes[ESCAPE_MOST];
    while (*text) {
        size_t length = escape_character(ESCAPE_CELL, &text, bytes);
        if (strncmp(printed, bytes, length) != 0)
            return 0;
        printed += length;
    }
    return !*printed;
}
