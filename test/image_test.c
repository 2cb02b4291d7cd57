/* SPDX-License-Identifier: MIT */
/* PNG as libpng reads it back: every pixel of an image. */
#include "unit.h"

#include "image.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef POISON_PNG
#include <png.h>
#endif

enum { H = 10, W = 7 };
static uint8_t pixels[H * W];

static void make_pixels(void)
{
    for (int i = 0; i < H * W; i++)
        pixels[i] = (uint8_t)(256 * uniform(0, (uint64_t)i));
}

static void base64_has_its_padding(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"\xff\xfe\xfd\xfb", "//79+w=="}};
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        image_put_base64(out, pairs[k][0], strlen(pairs[k][0]));
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text, pairs[k][1]);
        free(text);
    }
}

#ifdef POISON_PNG
static char *written(size_t *size)
{
    poison_error err;
    char *bytes = NULL;
    FILE *out = open_memstream(&bytes, size);
    assert_int_equal(image_write(out, pixels, H, W, &err), 0);
    assert_int_equal(fclose(out), 0);
    return bytes;
}

/* A PNG's pixels, and that it has no chunks beside those of pixels: no time, no program's name. */
static uint8_t *decoded(const char *bytes, size_t size, unsigned format, size_t *height,
                        size_t *width)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_memory(&image, bytes, size));
    image.format = format;
    uint8_t *all = malloc(PNG_IMAGE_SIZE(image));
    assert_true(png_image_finish_read(&image, NULL, all, 0, NULL));
    *height = image.height;
    *width = image.width;
    for (size_t at = 8; at < size;) {
        const uint8_t *c = (const uint8_t *)bytes + at;
        assert_true(!memcmp(c + 4, "IHDR", 4) || !memcmp(c + 4, "IDAT", 4)
                    || !memcmp(c + 4, "IEND", 4));
        at += 12 + ((size_t)c[0] << 24 | (size_t)c[1] << 16 | (size_t)c[2] << 8 | c[3]);
    }
    return all;
}

static void images_read_back(void **state)
{
    (void)state;
    size_t size, again, height, width;
    char *bytes = written(&size), *same = written(&again);
    uint8_t *grey = decoded(bytes, size, PNG_FORMAT_GRAY, &height, &width);
    assert_int_equal(height, H);
    assert_int_equal(width, W);
    assert_int_equal((uint8_t)bytes[25], PNG_COLOR_TYPE_GRAY);
    assert_memory_equal(grey, pixels, H * W);
    assert_int_equal(size, again);
    assert_memory_equal(bytes, same, size);
    free(grey);
    free(bytes);
    free(same);
}

static void uris_hold_the_file(void **state)
{
    (void)state;
    poison_error err;
    char *text = NULL, *expected = NULL, *bytes;
    size_t size, length;
    FILE *out = open_memstream(&text, &length);
    assert_int_equal(image_put_uri(out, pixels, H, W, &err), 0);
    fclose(out);
    bytes = written(&size);
    out = open_memstream(&expected, &length);
    fputs("data:image/png;base64,", out);
    image_put_base64(out, bytes, size);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    free(expected);
    free(bytes);
}

#else
static void png_is_refused(void **state)
{
    (void)state;
    poison_error err;
    assert_int_equal(image_write(stderr, pixels, H, W, &err), POISON_EDATA);
    assert_true(strstr(err.text, "libpng-dev") != NULL);
    assert_int_equal(image_put_uri(stderr, pixels, H, W, NULL), POISON_EDATA);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_has_its_padding),
#ifdef POISON_PNG
        cmocka_unit_test(images_read_back),
        cmocka_unit_test(uris_hold_the_file),
#else
        cmocka_unit_test(png_is_refused),
#endif
    };
    make_pixels();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
