/* SPDX-License-Identifier: MIT */
#include "image.h"

#include "base.h"

#include <stdlib.h>

#ifdef POISON_PNG
#include <png.h>
#endif

/* ---- PNG ------------------------------------------------------------------------------------- */

#ifdef POISON_PNG
int image_ready(poison_error *err)
{
    (void)err;
    return 0;
}

/* libpng's errors, which end at the setjmp below. */
static _Noreturn void fail_png(png_structp png, png_const_charp message)
{
    poison_fail(png_get_error_ptr(png), POISON_EDATA, "libpng: %s", message);
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void put_bytes(png_structp png, png_bytep bytes, size_t length)
{
    fwrite(bytes, 1, length, png_get_io_ptr(png));
}

static void put_nothing(png_structp png)
{
    (void)png;
}

/* libpng's errors come back to the setjmp, so that nothing between it and them may need to be
 * freed. */
int image_write(FILE *out, const uint8_t *pixels, int height, int width, poison_error *err)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, err, fail_png, ignore_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    int status = 0;
    if (!info) {
        status = poison_fail_memory(err, 1, 1 << 18, "libpng");
    } else if (setjmp(png_jmpbuf(png))) {
        status = POISON_EDATA;
    } else {
        png_set_write_fn(png, out, put_bytes, put_nothing);
        png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
        png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_GRAY,
                     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
        png_set_filter(png, PNG_FILTER_TYPE_BASE,
                       PNG_FILTER_NONE); /* the smallest for such images */
        png_set_compression_level(png, 9);
        png_write_info(png, info);
        for (size_t y = 0; y < (size_t)height; y++)
            png_write_row(png, pixels + y * (size_t)width);
        png_write_end(png, NULL);
    }
    png_destroy_write_struct(&png, &info);
    return status;
}
#else
int image_ready(poison_error *err)
{
    return poison_fail(err, POISON_EDATA,
                       "PNG: this poison was built without libpng: "
                       "install libpng-dev and make it again");
}

int image_write(FILE *out, const uint8_t *pixels, int height, int width, poison_error *err)
{
    (void)out, (void)pixels, (void)height, (void)width;
    return image_ready(err);
}
#endif

/* ---- as text --------------------------------------------------------------------------------- */

void image_put_base64(FILE *out, const void *bytes, size_t length)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *b = bytes;
    for (size_t k = 0; k < length; k += 3) {
        size_t left = length - k;
        unsigned three = (unsigned)b[k] << 16 | (left > 1 ? b[k + 1] : 0U) << 8
                         | (left > 2 ? b[k + 2] : 0U);
        putc(digit[three >> 18], out);
        putc(digit[three >> 12 & 63], out);
        putc(left > 1 ? digit[three >> 6 & 63] : '=', out);
        putc(left > 2 ? digit[three & 63] : '=', out);
    }
}

int image_put_uri(FILE *out, const uint8_t *pixels, int height, int width, poison_error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *memory = poison_text_open(&bytes, &length);
    if (!memory)
        return poison_fail_memory(err, 1, 4096, "an image");
    int status = image_write(memory, pixels, height, width, err);
    int lost = ferror(memory);
    if ((fclose(memory) != 0 || lost) && status == 0)
        status = poison_fail_memory(err, 1, length, "an image");
    if (status == 0) {
        fputs("data:image/png;base64,", out);
        image_put_base64(out, bytes, length);
    }
    free(bytes);
    return status;
}
