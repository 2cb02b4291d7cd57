/* SPDX-License-Identifier: MIT */
/*
 * image - 8-bit grey images as PNG: one by one, and many on a contact sheet
 *
 * PNG is libpng's work, if there was one at the build; the same pixels give the same bytes. `out` is written to without a
 * look at whether that works: ferror, or output_close, tells. Errors: POISON_EDATA without libpng, or for a picture that is
 * larger than PNG can be, POISON_ENOMEM, POISON_ECANCEL; `out` then holds a part.
 */
#ifndef POISON_IMAGE_H
#define POISON_IMAGE_H

#include "poison.h"

#include <stdio.h>

/* Whether PNG can be written: 0, or POISON_EDATA with what to do. */
int image_ready(poison_error *err);

/* pixels (height, width): row r of a set is set->x + r * set->d. A grey PNG of just these. */
int image_write(FILE *out, const uint8_t *pixels, int height, int width, poison_error *err);
/* The same as "data:image/png;base64,...", for a page. */
int image_put_uri(FILE *out, const uint8_t *pixels, int height, int width, poison_error *err);

enum { IMAGE_LINES = 2, IMAGE_LETTERS = 40 }; /* of a caption; a letter is 12 pixels wide */

/* One image of a sheet. Captions are ASCII; other letters are drawn as a box, and what has no room is cut off. */
struct image_tile {
    const uint8_t *pixels;                 /* (height, width), kept by reference */
    char caption[IMAGE_LINES][4 * IMAGE_LETTERS]; /* below it; empty: nothing, not even room if all are */
    int marked;                            /* has a coloured frame */
};

struct image_sheet {
    const char *title; /* above all, or NULL */
    int height, width; /* of each image */
    size_t count;
    int scale; /* an image's pixel is so many of the sheet's in either direction; 0: what suits the images' size */
    void (*tile)(void *self, size_t k, struct image_tile *tile); /* fills *tile, zeroed before, with image k; called twice */
    void *self;
    const poison_settings *settings; /* for its `cancel` */
};

/* A grid of them, about 1400 pixels wide, as a PNG in colours. Takes memory for one row of the grid. */
int image_write_sheet(FILE *out, const struct image_sheet *sheet, poison_error *err);

/* Bytes as base64, padded, on one line. */
void image_put_base64(FILE *out, const void *bytes, size_t length);

#endif
