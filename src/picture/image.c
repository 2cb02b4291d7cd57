/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "image.h"

#include "base.h"

#include <stdlib.h>
#include <string.h>

#ifdef POISON_PNG
#include <png.h>
#endif

/* ---- letters --------------------------------------------------------------------------------------------------- */

enum { FONT_WIDTH = 6, FONT_HEIGHT = 8, FONT_LINE = 16, FONT_FIRST = ' ', FONT_LAST = 127 };

/* From the blank on, 16 a line, each 5 x 8 and a blank column; the last one stands for all that are not here. */
static const char *const font[] = {
    "        #    # #   # #    #   ##  #  ##     #      #   #                                      # ",
    "        #    # #   # #   #### ##  # #  #    #     #     #     #     #                         # ",
    "        #    # #  ##### # #      #  # #     #    #       #  # # #   #                        #  ",
    "        #          # #   ###    #    #           #       #   ###  #####       #####         #   ",
    "        #         #####   # #  #    # # #        #       #  # # #   #                      #    ",
    "                   # #  ####  #  ## #  #          #     #     #     #     ##         ##   #     ",
    "        #          # #    #   #  ##  ## #          #   #                   #         ##   #     ",
    "                                                                          #                     ",

    " ###    #    ###   ###     #  #####   ##  #####  ###   ###                  #        #     ###  ",
    "#   #  ##   #   # #   #   ##  #      #        # #   # #   #  ##    ##      #          #   #   # ",
    "#  ##   #       #     #  # #  ####  #        #  #   # #   #  ##    ##     #   #####    #      # ",
    "# # #   #      #    ##  #  #      # ####    #    ###   ####              #              #    #  ",
    "##  #   #     #       # #####     # #   #   #   #   #     #  ##    ##     #   #####    #    #   ",
    "#   #   #    #    #   #    #  #   # #   #   #   #   #    #   ##     #      #          #         ",
    " ###   ###  #####  ###     #   ###   ###    #    ###   ##          #        #        #      #   ",
    "                                                                                                ",

    " ###    #   ####   ###  ####  ##### #####  ###  #   #  ###    ### #   # #     #   # #   #  ###  ",
    "#   #  # #  #   # #   # #   # #     #     #   # #   #   #      #  #  #  #     ## ## ##  # #   # ",
    "# ### #   # #   # #     #   # #     #     #     #   #   #      #  # #   #     # # # ##  # #   # ",
    "# # # #   # ####  #     #   # ####  ####  # ### #####   #      #  ##    #     # # # # # # #   # ",
    "# ##  ##### #   # #     #   # #     #     #   # #   #   #      #  # #   #     #   # #  ## #   # ",
    "#     #   # #   # #   # #   # #     #     #   # #   #   #   #  #  #  #  #     #   # #  ## #   # ",
    " #### #   # ####   ###  ####  ##### #      ###  #   #  ###   ##   #   # ##### #   # #   #  ###  ",
    "                                                                                                ",

    "####   ###  ####   ###  ##### #   # #   # #   # #   # #   # #####  ###  #      ###    #         ",
    "#   # #   # #   # #   #   #   #   # #   # #   # #   # #   #     #  #    #        #   # #        ",
    "#   # #   # #   # #       #   #   # #   # #   #  # #   # #     #   #     #       #  #   #       ",
    "####  #   # ####   ###    #   #   # #   # # # #   #     #     #    #      #      #              ",
    "#     # # # # #       #   #   #   #  # #  # # #  # #    #    #     #       #     #              ",
    "#     #  #  #  #  #   #   #   #   #  # #  ## ## #   #   #   #      #        #    #              ",
    "#      ## # #   #  ###    #    ###    #   #   # #   #   #   #####  ###      #  ###        ##### ",
    "                                                                                                ",

    " #          #               #         ##        #       #      #  #      ##                     ",
    "  #         #               #        #          #                 #       #                     ",
    "   #   ###  ####   ###   ####  ###  ####   #### ####   ##     ##  #  #    #   ## #  ####   ###  ",
    "          # #   # #     #   # #   #  #    #   # #   #   #      #  # #     #   # # # #   # #   # ",
    "       #### #   # #     #   # #####  #    #   # #   #   #      #  ##      #   # # # #   # #   # ",
    "      #   # #   # #     #   # #      #     #### #   #   #      #  # #     #   # # # #   # #   # ",
    "       #### ####   ###   ####  ###   #        # #   #  ###     #  #  #   ###  # # # #   #  ###  ",
    "                                           ###               ##                                 ",

    "                         #                                           ##   #   ##          ##### ",
    "                         #                                          #     #     #         #   # ",
    "####   #### # ##   #### ####  #   # #   # #   # #   # #   # #####   #     #     #    #    #   # ",
    "#   # #   # ##    #      #    #   # #   # #   #  # #  #   #    #   #      #      #  # # # #   # ",
    "#   # #   # #      ###   #    #   # #   # # # #   #   #   #   #     #     #     #      #  #   # ",
    "####   #### #         #  #    #   #  # #  # # #  # #   ####  #      #     #     #         #   # ",
    "#         # #     ####    ##   ####   #    # #  #   #     # #####    ##   #   ##          ##### ",
    "#         #                                            ###                                      ",
};

static int is_inked(unsigned char letter, int x, int y)
{
    int at = (letter < FONT_FIRST || letter > FONT_LAST ? FONT_LAST : letter) - FONT_FIRST;
    return font[at / FONT_LINE * FONT_HEIGHT + y][at % FONT_LINE * FONT_WIDTH + x] == '#';
}

static int is_continuation(char c)
{
    return (c & 0xC0) == 0x80; /* of a UTF-8 letter that has begun */
}

static size_t count_letters(const char *text)
{
    size_t letters = 0;
    for (; *text; text++)
        letters += !is_continuation(*text);
    return letters;
}

/* ---- PNG ------------------------------------------------------------------------------------------------------- */

/* A picture that is made row by row, from above. */
struct rows {
    size_t height, width;
    int colour;                                          /* RGB, else grey */
    const uint8_t *(*row)(void *self, size_t y);
    void *self;
    const poison_settings *settings; /* or NULL */
};

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

/* All of it, unless cancelled; 0 or 1. Errors leave by longjmp. */
static int put_png(png_structp png, png_infop info, const struct rows *rows)
{
    int cancelled = 0;
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(png, info, (png_uint_32)rows->width, (png_uint_32)rows->height, 8,
                 rows->colour ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE); /* the smallest for such images */
    png_set_compression_level(png, 9);
    png_write_info(png, info);
    for (size_t y = 0; y < rows->height && !cancelled; y++) {
        png_write_row(png, rows->row(rows->self, y));
        cancelled = rows->settings && poison_cancelled(rows->settings);
    }
    if (!cancelled)
        png_write_end(png, NULL);
    return cancelled;
}

static int write_rows(FILE *out, const struct rows *rows, poison_error *err)
{
    if (rows->height > PNG_UINT_31_MAX || rows->width > PNG_UINT_31_MAX / 3)
        return poison_fail(err, POISON_EDATA, "a picture of %zu x %zu pixels is more than PNG can hold: -n takes fewer",
                           rows->width, rows->height);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, err, fail_png, ignore_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    int status;
    if (!info)
        status = poison_fail_memory(err, 1, 1 << 18, "libpng");
    else if (setjmp(png_jmpbuf(png)))
        status = POISON_EDATA;
    else {
        png_set_write_fn(png, out, put_bytes, put_nothing);
        status = put_png(png, info, rows) ? poison_fail_cancelled(err) : 0;
    }
    png_destroy_write_struct(&png, &info);
    return status;
}
#else
int image_ready(poison_error *err)
{
    return poison_fail(err, POISON_EDATA, "PNG: this poison was built without libpng: install libpng-dev and make it again");
}

static int write_rows(FILE *out, const struct rows *rows, poison_error *err)
{
    (void)out;
    (void)rows;
    return image_ready(err);
}
#endif

/* ---- one image, and pages ---------------------------------------------------------------------------------------- */

struct grey {
    const uint8_t *pixels;
    size_t width;
};

static const uint8_t *grey_row(void *self, size_t y)
{
    const struct grey *grey = self;
    return grey->pixels + y * grey->width;
}

int image_write(FILE *out, const uint8_t *pixels, int height, int width, poison_error *err)
{
    struct grey grey = {pixels, (size_t)width};
    return write_rows(out, &(struct rows){(size_t)height, (size_t)width, 0, grey_row, &grey, NULL}, err);
}

void image_put_base64(FILE *out, const void *bytes, size_t length)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *b = bytes;
    for (size_t k = 0; k < length; k += 3) {
        size_t left = length - k;
        unsigned three = (unsigned)b[k] << 16 | (left > 1 ? b[k + 1] : 0U) << 8 | (left > 2 ? b[k + 2] : 0U);
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

/* ---- contact sheets ---------------------------------------------------------------------------------------------- */

enum {
    LETTER = 2,  /* pixels of the sheet a pixel of the font */
    FRAME = 3,   /* around each image */
    GAP = 20,    /* between images, and around all */
    SIDE = 96,   /* of an image, about; twice that above wide captions */
    WIDE = 1400, /* a sheet, at most, if an image is not */
    LINE = LETTER * FONT_HEIGHT + 3
};

typedef struct {
    uint8_t rgb[3];
} colour;

static const colour paper = {{255, 255, 255}}, ink = {{27, 27, 27}}, mark = {{0xD5, 0x5E, 0x00}}; /* as in the charts */

/* A sheet is painted in strips: the title, then a row of the grid each. */
struct painter {
    const struct image_sheet *sheet;
    size_t columns, width, height;          /* images a row; the sheet's pixels */
    size_t tile_width, tile_height, top;    /* of an image with its caption; of all above the first one */
    size_t scale, strip_at, strip_height;   /* where the strip begins */
    uint8_t *strip;                         /* (tile_height + GAP or top, width) RGB */
};

static void paint_box(struct painter *p, size_t x, size_t y, size_t width, size_t height, colour c)
{
    for (size_t r = y; r < y + height; r++)
        for (size_t q = x; q < x + width; q++)
            memcpy(p->strip + 3 * (r * p->width + q), c.rgb, 3);
}

/* As many of the letters as there is room for. */
static void paint_text(struct painter *p, size_t x, size_t y, size_t room, const char *text)
{
    for (size_t end = x + room; *text && x + LETTER * (FONT_WIDTH - 1) <= end; text++) {
        if (is_continuation(*text))
            continue;
        for (int r = 0; r < FONT_HEIGHT; r++)
            for (int q = 0; q < FONT_WIDTH; q++)
                if (is_inked((unsigned char)*text, q, r))
                    paint_box(p, x + LETTER * (size_t)q, y + LETTER * (size_t)r, LETTER, LETTER, ink);
        x += LETTER * FONT_WIDTH;
    }
}

static void paint_tile(struct painter *p, size_t x, const struct image_tile *tile)
{
    const struct image_sheet *s = p->sheet;
    size_t height = (size_t)s->height * p->scale, width = (size_t)s->width * p->scale;
    if (tile->marked)
        paint_box(p, x, 0, width + 2 * FRAME, height + 2 * FRAME, mark);
    for (size_t r = 0; r < (size_t)s->height; r++)
        for (size_t q = 0; q < (size_t)s->width; q++) {
            uint8_t grey = tile->pixels[r * (size_t)s->width + q];
            paint_box(p, x + FRAME + q * p->scale, FRAME + r * p->scale, p->scale, p->scale, (colour){{grey, grey, grey}});
        }
    for (size_t k = 0; k < IMAGE_LINES; k++)
        paint_text(p, x + FRAME, height + 2 * FRAME + 4 + k * LINE, p->tile_width - FRAME, tile->caption[k]);
}

/* The strip that begins at row y of the sheet. */
static void paint_strip(struct painter *p, size_t y)
{
    const struct image_sheet *s = p->sheet;
    p->strip_at = y;
    p->strip_height = y ? p->tile_height + GAP : p->top;
    paint_box(p, 0, 0, p->width, p->strip_height, paper);
    if (!y && s->title)
        paint_text(p, GAP + FRAME, GAP, p->width - 2 * GAP - FRAME, s->title);
    if (!y)
        return;
    size_t first = (y - p->top) / p->strip_height * p->columns;
    for (size_t k = first; k < first + p->columns && k < s->count; k++) {
        struct image_tile tile = {.pixels = NULL};
        s->tile(s->self, k, &tile);
        paint_tile(p, GAP + (k - first) * (p->tile_width + GAP), &tile);
    }
}

static const uint8_t *sheet_row(void *self, size_t y)
{
    struct painter *p = self;
    if (!y || y == p->strip_at + p->strip_height)
        paint_strip(p, y);
    return p->strip + 3 * (y - p->strip_at) * p->width;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The grid, from the images' size and the longest caption and title. */
static void lay_out(struct painter *p)
{
    const struct image_sheet *s = p->sheet;
    size_t side = larger((size_t)s->height, (size_t)s->width), letters = 0, lines = 0;
    for (size_t k = 0; k < s->count; k++) {
        struct image_tile tile = {.pixels = NULL};
        s->tile(s->self, k, &tile);
        for (size_t line = 0; line < IMAGE_LINES; line++) {
            letters = larger(letters, count_letters(tile.caption[line]));
            lines = tile.caption[line][0] ? larger(lines, line + 1) : lines;
        }
    }
    letters = letters < IMAGE_LETTERS ? letters : IMAGE_LETTERS;
    size_t text = FRAME + letters * LETTER * FONT_WIDTH, fits = text / larger((size_t)s->width, 1);
    size_t most = 2 * SIDE / larger(side, 1), scale = larger(SIDE / larger(side, 1), fits < most ? fits : most);
    p->scale = s->scale ? (size_t)s->scale : larger(1, scale);
    p->tile_width = larger((size_t)s->width * p->scale + 2 * FRAME, text);
    p->tile_height = (size_t)s->height * p->scale + 2 * FRAME + (lines ? 4 + lines * LINE : 0);
    p->columns = larger(1, (WIDE - GAP) / (p->tile_width + GAP));
    p->columns = p->columns < s->count ? p->columns : larger(s->count, 1);
    p->width = GAP + p->columns * (p->tile_width + GAP);
    if (s->title)
        p->width = larger(p->width, 2 * GAP + FRAME + count_letters(s->title) * LETTER * FONT_WIDTH);
    p->width = p->width < WIDE ? p->width : larger(WIDE, GAP + p->columns * (p->tile_width + GAP));
    p->top = GAP + (s->title ? LINE + GAP : 0);
    p->height = p->top + (s->count + p->columns - 1) / p->columns * (p->tile_height + GAP);
}

int image_write_sheet(FILE *out, const struct image_sheet *sheet, poison_error *err)
{
    struct painter p = {.sheet = sheet};
    int status = image_ready(err);
    if (status < 0)
        return status;
    lay_out(&p);
    p.strip = poison_take(larger(p.top, p.tile_height + GAP) * 3, p.width);
    if (!p.strip)
        return poison_fail_memory(err, p.tile_height, 3 * p.width, "a row of the sheet");
    status = write_rows(out, &(struct rows){p.height, p.width, 1, sheet_row, &p, sheet->settings}, err);
    free(p.strip);
    return status;
}
