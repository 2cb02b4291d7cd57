/* SPDX-License-Identifier: MIT */
#include "escape.h"

#include <string.h>

int utf8_decode(const char *at, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = (unsigned char)*at;
    int length = c < 0x80 ? 1 : c < 0xC0 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF8 ? 4 : 0;
    *code = length < 2 ? c : c & (0x7Fu >> length);
    for (int k = 1; k < length; k++) {
        if (((unsigned char)at[k] & 0xC0) != 0x80)
            return 0;
        *code = *code << 6 | ((unsigned char)at[k] & 0x3F);
    }
    return *code < least[length] || (*code >= 0xD800 && *code < 0xE000) || *code > 0x10FFFF ? 0 : length;
}

int utf8_is_harmless(uint32_t code)
{
    int turns = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    return code >= 0x20 && (code < 0x7F || code > 0x9F) && !turns;
}

/*
 * What the character at *text is printed as: one that plays tricks as escapes, also a byte that is a control character in no UTF-8.
 * Returns how long that is; *text then stands behind the character.
 */
static size_t escape(const char **text, char out[16])
{
    const unsigned char *c = (const unsigned char *)*text;
    uint32_t code;
    int bytes = utf8_decode(*text, &code), harmless = bytes ? utf8_is_harmless(code) : *c >= 0xA0, length = 0;
    *text += bytes ? bytes : 1;
    if (*c == '\n' || *c == '\t')
        return (size_t)sprintf(out, *c == '\n' ? "\\n" : "\\t");
    for (; (const char *)c < *text; c++)
        length += sprintf(out + length, harmless ? "%c" : "\\x%02x", *c);
    return (size_t)length;
}

void escape_text_doubling(FILE *out, const char *text, char doubled)
{
    char bytes[16];
    while (*text) {
        if (doubled && *text == doubled)
            putc(doubled, out);
        fwrite(bytes, 1, escape(&text, bytes), out);
    }
}

void escape_text(FILE *out, const char *text)
{
    escape_text_doubling(out, text, 0);
}

int escape_prints(const char *text, const char *printed)
{
    char bytes[16];
    while (*text) {
        size_t length = escape(&text, bytes);
        if (strncmp(printed, bytes, length) != 0)
            return 0;
        printed += length;
    }
    return !*printed;
}
