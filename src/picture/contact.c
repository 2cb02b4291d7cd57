/* SPDX-License-Identifier: MIT */
#include "contact.h"

#include "base.h"
#include "image.h"
#include "markup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* Where everything stands, in the sheet's pixels. */
struct layout {
    size_t columns;                   /* images a row */
    size_t width, height;             /* of the sheet */
    size_t top;                       /* where the first row begins, below the title */
    size_t tile_width, tile_height;   /* of an image with its caption */
    size_t image_width, image_height; /* of an image */
    size_t scale;                     /* the side of one of its own pixels */
    uint8_t *pixels;                  /* (image_height, image_width) of the image in hand */
};

static size_t width_of(size_t letters)
{
    return (size_t)ceil(LETTER * (double)letters);
}

static void set_columns(struct layout *l, const struct contact *c, size_t columns)
{
    l->columns = size_max(1, size_min(columns, c->count));
    l->width = GAP + l->columns * (l->tile_width + GAP);
    l->height = l->top + (c->count + l->columns - 1) / l->columns * (l->tile_height + GAP);
}

/* The layout, from the images' size and the longest caption and title. */
static void lay_out(struct layout *l, const struct contact *c)
{
    size_t width = (size_t)c->width, height = (size_t)c->height,
           side = size_max(1, size_max(height, width));
    size_t letters = 0, lines = 0;
    for (size_t k = 0; k < c->count; k++) {
        struct tile tile = {.pixels = NULL};
        c->tile(c->self, k, &tile);
        for (size_t line = 0; line < CONTACT_LINES; line++) {
            letters = size_max(letters, markup_letters(tile.caption[line]));
            lines = tile.caption[line][0] ? size_max(lines, line + 1) : lines;
        }
    }
    size_t text = FRAME + width_of(size_min(letters, CONTACT_LETTERS));
    size_t fits = text / size_max(width, 1), most = 2 * SIDE / side;
    size_t scale = size_max(1, size_max(SIDE / side, size_min(fits, most)));
    l->scale = c->scale ? (size_t)c->scale : scale;
    l->image_width = width * l->scale;
    l->image_height = height * l->scale;
    l->tile_width = size_max(l->image_width + 2 * FRAME, text);
    l->tile_height = l->image_height + 2 * FRAME + (lines ? 4 + lines * LINE : 0);
    l->top = GAP + (c->title ? LINE + GAP : 0);
    set_columns(l, c, (WIDE - GAP) / (l->tile_width + GAP));
    if (c->most && l->height > c->most) {
        size_t down = size_max(1, (c->most - l->top) / (l->tile_height + GAP));
        set_columns(l, c, (c->count + down - 1) / down);
    }
    if (c->title)
        l->width = size_max(l->width, 2 * GAP + FRAME + width_of(markup_letters(c->title)));
}

/* Each pixel as a square of them: told to show an image's pixels as they are, librsvg 2.54 smoothes
 * it all the same. */
static const uint8_t *enlarge(const struct layout *l, const uint8_t *pixels)
{
    size_t width = l->image_width / l->scale;
    for (size_t y = 0; y < l->image_height; y++)
        for (size_t x = 0; x < l->image_width; x++)
            l->pixels[y * l->image_width + x] = pixels[y / l->scale * width + x / l->scale];
    return l->pixels;
}

/* Image k, with a frame if it is marked, and its caption. */
static int put_tile(FILE *out, const struct layout *l, const struct contact *c, size_t k,
                    poison_error *err)
{
    struct tile tile = {.pixels = NULL};
    size_t x = GAP + k % l->columns * (l->tile_width + GAP);
    size_t y = l->top + k / l->columns * (l->tile_height + GAP);
    c->tile(c->self, k, &tile);
    if (tile.marked)
        markup(out, "<rect class='mark' x='$i' y='$i' width='$i' height='$i'/>\n", x, y,
               l->image_width + 2 * FRAME, l->image_height + 2 * FRAME);
    markup(out, "<image x='$i' y='$i' width='$i' height='$i' href='", x + FRAME, y + FRAME,
           l->image_width, l->image_height);
    int status = image_put_uri(out, enlarge(l, tile.pixels), (int)l->image_height,
                               (int)l->image_width, err);
    markup(out, "'/>\n");
    for (size_t line = 0; line < CONTACT_LINES; line++)
        if (tile.caption[line][0])
            markup(out, "<text x='$i' y='$i'>$c</text>\n", x + FRAME,
                   y + l->image_height + 2 * FRAME + 4 + line * LINE + BASE, tile.caption[line],
                   (size_t)CONTACT_LETTERS);
    return status;
}

/* The title, then tile by tile. */
int contact_write(FILE *out, const struct contact *c, poison_error *err)
{
    struct layout l;
    int status = image_ready(err);
    if (status < 0)
        return status;
    lay_out(&l, c);
    if (c->most && (l.height > c->most || l.width > c->most))
        return poison_fail(err, POISON_EDATA,
                           "a picture of %zu x %zu pixels is more than PNG and PDF can hold: "
                           "-n takes fewer, or write a .svg",
                           l.width, l.height);
    l.pixels = poison_take(l.image_height, l.image_width);
    if (!l.pixels)
        return poison_fail_memory(err, l.image_height, l.image_width, "an image");
    markup(out, "<svg xmlns='http://www.w3.org/2000/svg' width='$i' height='$i'>\n<style>\n",
           l.width, l.height);
    markup_style(out, style, strlen(style));
    markup(out, "</style>\n<rect class='paper' width='$i' height='$i'/>\n", l.width, l.height);
    if (c->title)
        markup(out, "<text x='$i' y='$i'>$t</text>\n", (size_t)GAP + FRAME, (size_t)GAP + BASE,
               c->title);
    for (size_t k = 0; k < c->count && status == 0 && !ferror(out); k++) {
        status = put_tile(out, &l, c, k, err);
        if (c->settings && poison_cancelled(c->settings))
            status = poison_fail_cancelled(err);
    }
    markup(out, "</svg>\n");
    free(l.pixels);
    return status;
}
