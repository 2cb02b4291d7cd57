/* SPDX-License-Identifier: MIT */
/* PNG as libpng reads it back: every pixel of an image, and where a sheet has images, frames and
 * letters. */
#include "unit.h"

#include "image.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef POISON_PNG
#include <png.h>
#endif

enum { H = 10, W = 7, COUNT = 20 };
static uint8_t pixels[COUNT][H * W];

static void make_pixels(void)
{
    for (int k = 0; k < COUNT; k++)
        for (int i = 0; i < H * W; i++)
            pixels[k][i] = (uint8_t)(256 * uniform((uint64_t)k, (uint64_t)i));
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
static char *written(const struct image_sheet *sheet, size_t *size) /* NULL: the first image */
{
    poison_error err;
    char *bytes = NULL;
    FILE *out = open_memstream(&bytes, size);
    assert_int_equal(sheet ? image_write_sheet(out, sheet, &err)
                           : image_write(out, pixels[0], H, W, &err),
                     0);
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
    char *bytes = written(NULL, &size), *same = written(NULL, &again);
    uint8_t *grey = decoded(bytes, size, PNG_FORMAT_GRAY, &height, &width);
    assert_int_equal(height, H);
    assert_int_equal(width, W);
    assert_int_equal((uint8_t)bytes[25], PNG_COLOR_TYPE_GRAY);
    assert_memory_equal(grey, pixels[0], H * W);
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
    assert_int_equal(image_put_uri(out, pixels[0], H, W, &err), 0);
    fclose(out);
    bytes = written(NULL, &size);
    out = open_memstream(&expected, &length);
    fputs("data:image/png;base64,", out);
    image_put_base64(out, bytes, size);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    free(expected);
    free(bytes);
}

/* Every second one is marked; captions of all lengths, one of them with what is no ASCII. */
static void tile(void *self, size_t k, struct image_tile *t)
{
    const char *const *caption = self;
    t->pixels = pixels[k];
    t->marked = k % 2 != 0;
    if (caption)
        snprintf(t->caption[0], sizeof t->caption[0], "%s", caption[k % 3]);
    if (caption && k == 1)
        strcpy(t->caption[1], "l");
}

static const uint8_t *at(const uint8_t *rgb, size_t width, size_t y, size_t x)
{
    return rgb + 3 * (y * width + x);
}

static void is_grey(const uint8_t *p, int grey)
{
    assert_true(p[0] == grey && p[1] == grey && p[2] == grey);
}

/* The image with its frame whose upper left corner is there, `scale` pixels a pixel. */
static void has_image(const uint8_t *rgb, size_t width, size_t y, size_t x, size_t scale, size_t k)
{
    for (size_t r = 0; r < H * scale + 6; r++)
        for (size_t q = 0; q < W * scale + 6; q++) {
            const uint8_t *p = at(rgb, width, y + r, x + q);
            if (r >= 3 && q >= 3 && r < H * scale + 3 && q < W * scale + 3)
                is_grey(p, pixels[k][(r - 3) / scale * W + (q - 3) / scale]);
            else if (k % 2)
                assert_true(p[0] == 0xD5 && p[1] == 0x5E && p[2] == 0);
            else
                is_grey(p, 255);
        }
}

static void sheets_have_images_in_a_grid(void **state)
{
    (void)state;
    size_t size, height, width;
    struct image_sheet sheet = {.height = H, .width = W, .count = COUNT, .tile = tile};
    char *bytes = written(&sheet, &size);
    uint8_t *rgb = decoded(bytes, size, PNG_FORMAT_RGB, &height, &width);
    /* 96 / 10 = 9 */
    size_t across = 7 * 9 + 6 + 20, down = 10 * 9 + 6 + 20, columns = (1400 - 20) / across;
    assert_int_equal(width, 20 + columns * across);
    assert_int_equal(height, 20 + (COUNT + columns - 1) / columns * down);
    for (size_t k = 0; k < COUNT; k++)
        has_image(rgb, width, 20 + k / columns * down, 20 + k % columns * across, 9, k);
    free(rgb);
    free(bytes);
}

/* Letters of the font where they are expected, a box for what it lacks, and what is too
 * long cut. */
static void captions_are_letters(void **state)
{
    (void)state;
    static const char bar[] = " ##    #    #    #    #    #   ### ",
                      box[] = "######   ##   ##   ##   ##   ######";
    const char *caption[] = {"l", "\xC3\xA9", "0123456789012345678901234567890123456789 and more"};
    size_t size, height, width;
    char *bytes = written(&(struct image_sheet){.title = "Il",
                                                .height = H,
                                                .width = W,
                                                .count = 3,
                                                .scale = 2,
                                                .tile = tile,
                                                .self = caption},
                          &size);
    uint8_t *rgb = decoded(bytes, size, PNG_FORMAT_RGB, &height, &width);
    size_t across = 3 + 40 * 12 + 20, top = 20 + 19 + 20; /* 40 letters at most */
    assert_int_equal(width, 20 + 2 * across); /* a third one would be wider than 1400 */
    has_image(rgb, width, top, 20, 2, 0);
    has_image(rgb, width, top, 20 + across, 2, 1);
    for (size_t r = 0; r < 14; r++)
        for (size_t q = 0; q < 10; q++) {
            is_grey(at(rgb, width, 20 + r, 35 + q), bar[r / 2 * 5 + q / 2] == '#' ? 27 : 255);
            is_grey(at(rgb, width, top + 30 + r, 23 + q), bar[r / 2 * 5 + q / 2] == '#' ? 27 : 255);
            is_grey(at(rgb, width, top + 30 + r, 23 + across + q),
                    box[r / 2 * 5 + q / 2] == '#' ? 27 : 255);
            is_grey(at(rgb, width, top + 49 + r, 23 + across + q),
                    bar[r / 2 * 5 + q / 2] == '#' ? 27 : 255);
        }
    free(rgb);
    free(bytes);
}

/* Cancelled: an error, and no whole file. */
static void sheets_end_when_cancelled(void **state)
{
    (void)state;
    poison_error err;
    char *bytes = NULL;
    size_t size;
    volatile sig_atomic_t cancelled = 1;
    poison_settings settings = {.cancel = &cancelled};
    FILE *out = open_memstream(&bytes, &size);
    struct image_sheet sheet = {.height = H,
                                .width = W,
                                .count = COUNT,
                                .tile = tile,
                                .settings = &settings};
    assert_int_equal(image_write_sheet(out, &sheet, &err), POISON_ECANCEL);
    sheet.settings = NULL;
    sheet.count = 0; /* a sheet of nothing is one, too */
    assert_int_equal(image_write_sheet(out, &sheet, &err), 0);
    fclose(out);
    free(bytes);
}
#else
static void png_is_refused(void **state)
{
    (void)state;
    poison_error err;
    assert_int_equal(image_write(stderr, pixels[0], H, W, &err), POISON_EDATA);
    assert_true(strstr(err.text, "libpng-dev") != NULL);
    assert_int_equal(image_put_uri(stderr, pixels[0], H, W, NULL), POISON_EDATA);
    assert_int_equal(image_write_sheet(stderr, &(struct image_sheet){.height = H, .width = W},
                                       &err),
                     POISON_EDATA);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_has_its_padding),
#ifdef POISON_PNG
        cmocka_unit_test(images_read_back),
        cmocka_unit_test(uris_hold_the_file),
        cmocka_unit_test(sheets_have_images_in_a_grid),
        cmocka_unit_test(captions_are_letters),
        cmocka_unit_test(sheets_end_when_cancelled),
#else
        cmocka_unit_test(png_is_refused),
#endif
    };
    make_pixels();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
