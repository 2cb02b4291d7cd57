/* SPDX-License-Identifier: MIT */
/*
 * Contact sheets: what their SVG says, and, as rsvg-convert paints it and libpng reads it back,
 * where images, frames and letters are, pixel by pixel.
 */
#include "unit.h"

#include "contact.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef POISON_PNG
#include <png.h>

enum { H = 10, W = 7, COUNT = 20 };
static uint8_t pixels[COUNT][H * W];

static void make_pixels(void)
{
    for (int k = 0; k < COUNT; k++)
        for (int i = 0; i < H * W; i++)
            pixels[k][i] = (uint8_t)(256 * uniform((uint64_t)k, (uint64_t)i));
}

/* Every second one is marked; captions are repeated, and the second image has two lines. */
static void fill(void *self, size_t k, struct tile *t)
{
    const char *const *caption = self;
    t->pixels = pixels[k];
    t->marked = k % 2 != 0;
    if (caption)
        snprintf(t->caption[0], sizeof t->caption[0], "%s", caption[k % 3]);
    if (caption && k == 1)
        strcpy(t->caption[1], "l");
}

static char *written(const struct contact *contact, size_t *size)
{
    poison_error err;
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    assert_int_equal(contact_write(out, contact, &err), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* The sheet's pixels (height, width, 3); NULL without rsvg-convert. */
static uint8_t *painted(const struct contact *contact, size_t *height, size_t *width)
{
    char name[] = "/tmp/contact-test-XXXXXX", command[100];
    size_t size, room = 1 << 24, length;
    char *svg = written(contact, &size), *bytes = malloc(room);
    int fd = mkstemp(name);
    assert_int_equal(write(fd, svg, size), size);
    snprintf(command, sizeof command, "rsvg-convert <%s", name);
    FILE *in = system("command -v rsvg-convert >/dev/null") == 0 ? popen(command, "r") : NULL;
    uint8_t *all = NULL;
    if (in) {
        png_image image = {.version = PNG_IMAGE_VERSION};
        length = fread(bytes, 1, room, in);
        assert_int_equal(pclose(in), 0);
        assert_true(png_image_begin_read_from_memory(&image, bytes, length));
        image.format = PNG_FORMAT_RGB;
        all = malloc(PNG_IMAGE_SIZE(image));
        assert_true(png_image_finish_read(&image, NULL, all, 0, NULL));
        *height = image.height;
        *width = image.width;
    }
    close(fd);
    unlink(name);
    free(bytes);
    free(svg);
    return all;
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

/* Pixels of a box that are not paper. */
static size_t ink(const uint8_t *rgb, size_t width, size_t y, size_t x, size_t tall, size_t wide)
{
    size_t count = 0;
    for (size_t r = 0; r < tall; r++)
        for (size_t q = 0; q < wide; q++)
            count += at(rgb, width, y + r, x + q)[0] < 200;
    return count;
}

static void sheets_have_images_in_a_grid(void **state)
{
    (void)state;
    size_t height, width;
    struct contact contact = {.height = H, .width = W, .count = COUNT, .tile = fill};
    uint8_t *rgb = painted(&contact, &height, &width);
    if (!rgb)
        skip();
    size_t across = 7 * 9 + 6 + 20, down = 10 * 9 + 6 + 20,
           columns = (1400 - 20) / across; /* 96 / 10 = 9 */
    assert_int_equal(width, 20 + columns * across);
    assert_int_equal(height, 20 + (COUNT + columns - 1) / columns * down);
    for (size_t k = 0; k < COUNT; k++)
        has_image(rgb, width, 20 + k / columns * down, 20 + k % columns * across, 9, k);
    free(rgb);
}

/* Where there is ink, and where there must be none; what the letters look like is the font's. */
static void captions_stand_below_their_images(void **state)
{
    (void)state;
    const char *caption[] = {"l", "\xC3\xA9 \xD9\x82",
                             "0123456789012345678901234567890123456789 and more"};
    size_t height, width;
    struct contact contact = {.title = "Il",
                              .height = H,
                              .width = W,
                              .count = 3,
                              .scale = 2,
                              .tile = fill,
                              .self = caption};
    uint8_t *rgb = painted(&contact, &height, &width);
    if (!rgb)
        skip();
    size_t across = 3 + 408 + 20, top = 20 + 19 + 20; /* 40 letters of 10.2 at most */
    assert_int_equal(width, 20 + 3 * across);
    for (size_t k = 0; k < 3; k++) {
        size_t x = 20 + k * across;
        has_image(rgb, width, top, x, 2, k);
        assert_true(ink(rgb, width, top + 30, x, 19, across - 20) > 5);
        /* between them there is nothing */
        assert_int_equal(ink(rgb, width, top, x + across - 14, 70, 14), 0);
        assert_int_equal(ink(rgb, width, top + 50, x, 19, across - 20) > 5, k == 1);
    }
    assert_true(ink(rgb, width, 20, 20, 19, across) > 5);
    free(rgb);
}

static void texts_are_escaped_and_cut(void **state)
{
    (void)state;
    const char *caption[] = {"<b>&'", "\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC -> \xD9\x82",
                             "\x1b\xff"
                             "0123456789012345678901234567890123456789"};
    size_t size, again;
    struct contact contact =
        {.title = "a<", .height = H, .width = W, .count = 3, .tile = fill, .self = caption};
    char *svg = written(&contact, &size), *same = written(&contact, &again);
    assert_non_null(strstr(svg, ">a&lt;</text>"));
    assert_non_null(strstr(svg, ">&lt;b&gt;&amp;&#39;</text>"));
    assert_non_null(strstr(svg, ">\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC -&gt; \xD9\x82</text>"));
    assert_non_null(strstr(svg, ">\\x1b\xEF\xBF\xBD"
                                "0123456789012345678901234567890123\xE2\x80\xA6</text>"));
    assert_int_equal(size, again);
    assert_memory_equal(svg, same, size);
    free(svg);
    free(same);
}

/* Any number of the same image. */
static void fill_alike(void *self, size_t k, struct tile *t)
{
    (void)self, (void)k;
    t->pixels = pixels[0];
}

/* At 15 columns of as many rows as fit, at one image more, and far above. */
static void many_images_make_sheets_wide_until_none_can_be_painted(void **state)
{
    (void)state;
    poison_error err;
    size_t size, width, height, across = 7 * 9 + 6 + 20, down = 10 * 9 + 6 + 20,
                                most = (32767 - 20) / down;
    struct contact contact = {.height = H,
                              .width = W,
                              .count = most * 15,
                              .most = 32767,
                              .tile = fill_alike};
    for (size_t more = 0; more < 3; more++) {
        contact.count = most * 15 + more;
        char *svg = written(&contact, &size);
        assert_int_equal(sscanf(svg,
                                "<svg xmlns='http://www.w3.org/2000/svg' width='%zu' height='%zu'>",
                                &width, &height),
                         2);
        assert_int_equal(width, 20 + (more ? 16 : 15) * across);
        assert_int_equal(height, 20 + (contact.count + 14 + (more > 0)) / (more ? 16 : 15) * down);
        free(svg);
    }
    contact.scale = 1000;
    FILE *out = fopen("/dev/null", "w");
    contact.count = 10000;
    assert_int_equal(contact_write(out, &contact, &err), POISON_EDATA);
    assert_non_null(strstr(err.text, "-n takes fewer"));
    fclose(out);
}

static void sheets_end_when_cancelled(void **state)
{
    (void)state;
    poison_error err;
    volatile sig_atomic_t cancelled = 1;
    poison_settings settings = {.cancel = &cancelled};
    FILE *out = fopen("/dev/null", "w");
    struct contact contact = {.height = H,
                              .width = W,
                              .count = COUNT,
                              .tile = fill,
                              .settings = &settings};
    assert_int_equal(contact_write(out, &contact, &err), POISON_ECANCEL);
    contact.settings = NULL;
    contact.count = 0; /* a sheet of nothing is one, too */
    assert_int_equal(contact_write(out, &contact, &err), 0);
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sheets_have_images_in_a_grid),
        cmocka_unit_test(captions_stand_below_their_images),
        cmocka_unit_test(texts_are_escaped_and_cut),
        cmocka_unit_test(many_images_make_sheets_wide_until_none_can_be_painted),
        cmocka_unit_test(sheets_end_when_cancelled),
    };
    make_pixels();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
static void sheets_are_refused(void **state)
{
    (void)state;
    poison_error err;
    assert_int_equal(contact_write(stderr, &(struct contact){.height = 10, .width = 7}, &err),
                     POISON_EDATA);
    assert_true(strstr(err.text, "libpng-dev") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sheets_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
