/* SPDX-License-Identifier: MIT */
#include "utf8.h"

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
