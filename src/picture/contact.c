/* SPDX-License-Identifier: MIT */
#include "contact.h"

#include "base.h"
#include "image.h"
#include "markup.h"

#include <math.h>
#include <stdlib.h>

/* In the sheet's pixels. */
enum {
    FRAME = 3,   /* around each image */
    GAP = 20,    /* between images, and around all */
    SIDE = 96,   /* of an image, about; twice that above wide captions */
    WIDE = 1400, /* a sheet, at most, if an image is not */
    LINE = 19,   /* of text */
    BASE = 14    /* where it stands in its line */
};
/* The width of a letter: of a digit in a wide font, so that what is narrower leaves room. */
#define LETTER 10.2

static const char style[] =
#include "contact.css.inc"
;

/* Where everything stands. */
struct grid {
    size_t columns, width, height;       /* images a row; the sheet */
    size_t tile_width, tile_height,
        top; /* of an image with its caption; of all above the first one */
    size_t image_width, image_height, scale;
    uint8_t *pixels; /* (image_height, image_width) of one image */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t width_of(size_t letters)
{
    return (size_t)ceil(LETTER * (double)letters);
}

static void set_columns(struct grid *g, const struct contact *c, size_t columns)
{
    g->columns = larger(1, columns < c->count ? columns : c->count);
    g->width = GAP + g->columns * (g->tile_width + GAP);
    g->height = g->top + (c->count + g->columns - 1) / g->columns * (g->tile_height + GAP);
}

/* The grid, from the images' size and the longest caption and title. */
static void lay_out(struct grid *g, const struct contact *c)
{
    size_t width = (size_t)c->width, height = (size_t)c->height,
           side = larger(1, larger(height, width));
    size_t letters = 0, lines = 0;
    for (size_t k = 0; k < c->count; k++) {
        struct tile tile = {.pixels = NULL};
        c->tile(c->self, k, &tile);
        for (size_t line = 0; line < CONTACT_LINES; line++) {
            letters = larger(letters, markup_letters(tile.caption[line]));
            lines = tile.caption[line][0] ? larger(lines, line + 1) : lines;
        }
    }
    size_t text = FRAME + width_of(letters < CONTACT_LETTERS ? letters : CONTACT_LETTERS);
    size_t fits = text / larger(width, 1), most = 2 * SIDE / side;
    size_t scale = larger(1, larger(SIDE / side, fits < most ? fits : most));
    g->scale = c->scale ? (size_t)c->scale : scale;
    g->image_width = width * g->scale;
    g->image_height = height * g->scale;
    g->tile_width = larger(g->image_width + 2 * FRAME, text);
    g->tile_height = g->image_height + 2 * FRAME + (lines ? 4 + lines * LINE : 0);
    g->top = GAP + (c->title ? LINE + GAP : 0);
    set_columns(g, c, (WIDE - GAP) / (g->tile_width + GAP));
    if (c->most && g->height > c->most) {
        size_t down = larger(1, (c->most - g->top) / (g->tile_height + GAP));
        set_columns(g, c, (c->count + down - 1) / down);
    }
    if (c->title)
        g->width = larger(g->width, 2 * GAP + FRAME + width_of(markup_letters(c->title)));
}

/* Each pixel as a square of them: told to show an image's pixels as they are, librsvg 2.54 smoothes
 * it all the same. */
static const uint8_t *enlarge(const struct grid *g, const uint8_t *pixels)
{
    size_t width = g->image_width / g->scale;
    for (size_t y = 0; y < g->image_height; y++)
        for (size_t x = 0; x < g->image_width; x++)
            g->pixels[y * g->image_width + x] = pixels[y / g->scale * width + x / g->scale];
    return g->pixels;
}

/* Image k, with a frame if it is marked, and its caption. */
static int put_tile(FILE *out, const struct grid *g, const struct contact *c, size_t k,
                    poison_error *err)
{
    struct tile tile = {.pixels = NULL};
    size_t x = GAP + k % g->columns * (g->tile_width + GAP);
    size_t y = g->top + k / g->columns * (g->tile_height + GAP);
    c->tile(c->self, k, &tile);
    if (tile.marked)
        markup(out, "<rect class='mark' x='$i' y='$i' width='$i' height='$i'/>\n", x, y,
               g->image_width + 2 * FRAME, g->image_height + 2 * FRAME);
    markup(out, "<image x='$i' y='$i' width='$i' height='$i' href='", x + FRAME, y + FRAME,
           g->image_width, g->image_height);
    int status = image_put_uri(out, enlarge(g, tile.pixels), (int)g->image_height,
                               (int)g->image_width, err);
    markup(out, "'/>\n");
    for (size_t line = 0; line < CONTACT_LINES; line++)
        if (tile.caption[line][0])
            markup(out, "<text x='$i' y='$i'>$c</text>\n", x + FRAME,
                   y + g->image_height + 2 * FRAME + 4 + line * LINE + BASE, tile.caption[line],
                   (size_t)CONTACT_LETTERS);
    return status;
}

/* The title, then tile by tile. */
int contact_write(FILE *out, const struct contact *c, poison_error *err)
{
    struct grid g;
    int status = image_ready(err);
    if (status < 0)
        return status;
    lay_out(&g, c);
    if (c->most && (g.height > c->most || g.width > c->most))
        return poison_fail(err, POISON_EDATA,
                           "a picture of %zu x %zu pixels is more than PNG and PDF can hold: -n "
                           "takes "
                           "fewer, or write a .svg",
                           g.width, g.height);
    g.pixels = poison_take(g.image_height, g.image_width);
    if (!g.pixels)
        return poison_fail_memory(err, g.image_height, g.image_width, "an image");
    markup(out,
           "<svg xmlns='http://www.w3.org/2000/svg' width='$i' height='$i'>\n<style>\n$r</style>\n",
           g.width, g.height, style);
    markup(out, "<rect class='paper' width='$i' height='$i'/>\n", g.width, g.height);
    if (c->title)
        markup(out, "<text x='$i' y='$i'>$t</text>\n", (size_t)GAP + FRAME, (size_t)GAP + BASE,
               c->title);
    for (size_t k = 0; k < c->count && status == 0 && !ferror(out); k++) {
        status = put_tile(out, &g, c, k, err);
        if (c->settings && poison_cancelled(c->settings))
            status = poison_fail_cancelled(err);
    }
    markup(out, "</svg>\n");
    free(g.pixels);
    return status;
}
