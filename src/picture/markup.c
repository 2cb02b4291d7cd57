/* SPDX-License-Identifier: MIT */
#include "markup.h"

#include "base.h"
#include "escape.h"
#include "labels.h"

#include <math.h>
#include <string.h>

#define ELLIPSIS "\xE2\x80\xA6"
#define MINUS "\xE2\x88\x92" /* as wide as a plus */
#define NO_BREAK "\xC2\xA0"

/* ---- text ------------------------------------------------------------------------------------ */

/* How one character is written in XML, and how many letters wide it is; what comes after it. */
static const char *spell(const char *at, char spelled[ESCAPE_MOST], size_t *letters)
{
    uint32_t code;
    int known = utf8_decode(at, &code) && (code & 0xFFFE) != 0xFFFE;
    size_t length = escape_character(ESCAPE_XML, &at, spelled);
    *letters = known && code >= 0x2E80 ? 2 : 1; /* from there on mostly ideographs */
    if (*spelled == '\\')
        *letters = length;
    return at;
}

const char *markup_fit(const char *text, size_t letters)
{
    char spelled[ESCAPE_MOST];
    size_t wide;
    for (const char *next; *text; text = next, letters -= wide) {
        next = spell(text, spelled, &wide);
        if (wide > letters)
            break;
    }
    return text;
}

size_t markup_letters(const char *text)
{
    char spelled[ESCAPE_MOST];
    size_t wide, sum = 0;
    while (*text) {
        text = spell(text, spelled, &wide);
        sum += wide;
    }
    return sum;
}

size_t markup_longest(const char *const *text, size_t count, size_t most)
{
    size_t longest = 1;
    for (size_t k = 0; k < count; k++)
        longest = size_max(longest, markup_letters(text[k]));
    return size_min(longest, most);
}

static void put_cut(FILE *out, const char *text, size_t letters)
{
    const char *end = markup_fit(text, letters);
    escape_span(out, ESCAPE_XML, text, *end ? markup_fit(text, letters - 1) : end);
    if (*end)
        fputs(ELLIPSIS, out);
}

static void put_name(FILE *out, const char *text)
{
    const char *unit = strstr(text, " (");
    escape_span(out, ESCAPE_XML, text, unit ? unit : text + strlen(text));
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Large and tiny ones as mantissa and power of ten; by halves of the power, since 10^-324 is 0. */
char *markup_number(char text[40], double value, int decimals, int fixed)
{
    double size = fabs(value), unit = pow(10, decimals);
    if (size >= 1e12 || (size < 1e-4 && size > 0 && decimals >= 6)) {
        double exponent = floor(log10(size)), half = floor(exponent / 2);
        char mantissa[40];
        snprintf(text, 40, "%s%se%d", value < 0 ? "-" : "",
                 markup_number(mantissa, size / pow(10, half) / pow(10, exponent - half), 5, 0),
                 (int)exponent);
        return text;
    }
    long long whole = llround(size * unit), below = whole % (long long)unit;
    int length = snprintf(text, 40, "%s%lld", value < 0 && whole ? "-" : "",
                          whole / (long long)unit);
    if (decimals && (below || fixed)) {
        length += snprintf(text + length, (size_t)(40 - length), ".%0*lld", decimals, below);
        while (!fixed && text[length - 1] == '0')
            text[--length] = 0;
    }
    return text;
}

/* A sentence's number; `format`'s zeros after the point are left out if there is nothing else
 * there. */
static void put_number(FILE *out, const char *format, double value)
{
    char text[64];
    snprintf(text, sizeof text, format, value);
    size_t length = strlen(text);
    if (strcmp(format, "%.1f") == 0 && length > 2 && strcmp(text + length - 2, ".0") == 0)
        text[length - 2] = 0;
    fprintf(out, *text == '-' ? MINUS "%s" : "%s", text + (*text == '-'));
}

static void put_double(FILE *out, char letter, double value)
{
    char text[40];
    if (strchr("dfp", letter) && isnan(value)) {
        fputs("NA", out);
        return;
    }
    switch (letter) {
    case 'x': fputs(markup_number(text, value, 2, 0), out); break;
    case 'v': fputs(markup_number(text, value, 6, 0), out); break;
    case 's': fprintf(out, "%s %%", markup_number(text, 100 * value, 4, 0)); break;
    case 'd': put_number(out, "%.1f", value); break;
    case 'f': put_number(out, "%+.3f", value); break;
    default: fprintf(out, "%.1f" NO_BREAK "%%", 100 * value);
    }
}

/* ---- both ------------------------------------------------------------------------------------ */

/* Each letter after a $ takes what stands for it in markup.h. */
void markup_list(FILE *out, const poison_data *data, const char *format, va_list args)
{
    char number[12];
    const char *text;
    if (ferror(out))
        return;
    for (; *format; format++) {
        if (*format != '$') {
            putc(*format, out);
            continue;
        }
        switch (*++format) {
        case 'd': case 'f': case 'p': case 's': case 'v': case 'x':
            put_double(out, *format, va_arg(args, double));
            break;
        case 'i': fprintf(out, "%zu", va_arg(args, size_t)); break;
        case 'r': fputs(va_arg(args, const char *), out); break;
        case 'n': put_name(out, va_arg(args, const char *)); break;
        case 'l':
            escape(out, ESCAPE_XML, poison_label_text(data, va_arg(args, int), number));
            break;
        case 'c':
            text = va_arg(args, const char *);
            put_cut(out, text, va_arg(args, size_t));
            break;
        default: escape(out, ESCAPE_XML, va_arg(args, const char *));
        }
    }
}

void markup(FILE *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    markup_list(out, NULL, format, args);
    va_end(args);
}

void markup_style(FILE *out, const char *css, size_t length)
{
    for (const char *end = css + length; css < end; css++)
        if (strncmp(css, "\n    ", 5) == 0)
            css += 4;
        else if (strncmp(css, "\n ", 2) != 0)
            putc(*css, out);
}
