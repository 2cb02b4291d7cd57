/* SPDX-License-Identifier: MIT */
/* image_stub - a PNG without compression, until image.c is here */
#include "base.h"
#include "image.h"

#include <stdlib.h>
#include <string.h>

static void put_base64(FILE *out, const uint8_t *byte, size_t count)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t k = 0; k < count; k += 3) {
        unsigned three = (unsigned)byte[k] << 16 | (k + 1 < count ? byte[k + 1] << 8 : 0) | (k + 2 < count ? byte[k + 2] : 0);
        for (size_t i = 0; i < 4; i++)
            putc(k + i <= count ? digit[three >> (18 - 6 * i) & 63] : '=', out);
    }
}

static uint8_t *put_number(uint8_t *at, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(v >> shift);
    return at;
}

static uint8_t *put_chunk(uint8_t *at, const char *name, const uint8_t *data, uint32_t length)
{
    uint8_t *type = put_number(at, length);
    memcpy(type, name, 4);
    memcpy(type + 4, data, length);
    return put_number(type + 4 + length, poison_crc32(0, type, length + 4));
}

/* zlib's form of the lines, each a stored block of its own. */
static size_t store(uint8_t *to, const uint8_t *pixels, int height, int wide)
{
    uint32_t a = 1, b = 0;
    size_t width = (size_t)wide;
    uint8_t *at = to;
    *at++ = 0x78;
    *at++ = 1;
    for (int y = 0; y < height; y++) {
        unsigned length = (unsigned)width + 1, no = ~length;
        memcpy(at, (uint8_t[]){y + 1 == height, (uint8_t)length, (uint8_t)(length >> 8), (uint8_t)no, (uint8_t)(no >> 8)}, 5);
        at += 5;
        for (size_t c = 0; c <= width; c++) {
            at[c] = c ? pixels[(size_t)y * width + c - 1] : 0;
            a = (a + at[c]) % 65521;
            b = (b + a) % 65521;
        }
        at += width + 1;
    }
    return (size_t)(put_number(at, b << 16 | a) - to);
}

int image_ready(poison_error *err)
{
    (void)err;
    return 0;
}

int image_put_uri(FILE *out, const uint8_t *pixels, int height, int width, poison_error *err)
{
    size_t size = (size_t)height * (size_t)(width + 6) + 100;
    uint8_t *lines = poison_take(size, 1), *png = poison_take(size, 1), *at = png, head[13] = {0};
    int status = lines && png ? 0 : poison_fail_memory(err, 2, size, "an image");
    if (status == 0) {
        put_number(put_number(head, (uint32_t)width), (uint32_t)height);
        head[8] = 8;
        memcpy(at, "\x89PNG\r\n\x1a\n", 8);
        at = put_chunk(at + 8, "IHDR", head, 13);
        at = put_chunk(at, "IDAT", lines, (uint32_t)store(lines, pixels, height, width));
        at = put_chunk(at, "IEND", lines, 0);
        fputs("data:image/png;base64,", out);
        put_base64(out, png, (size_t)(at - png));
    }
    free(lines);
    free(png);
    return status;
}
