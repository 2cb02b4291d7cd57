/* SPDX-License-Identifier: MIT */
/* contact - a contact sheet: many 8-bit grey images with their captions, as one SVG */
#ifndef POISON_CONTACT_H
#define POISON_CONTACT_H

#include "poison.h"

#include <stdio.h>

enum { CONTACT_LINES = 2, CONTACT_LETTERS = 40 }; /* of a caption, at most */

/* One image of a sheet. Captions are UTF-8 that may hold anything; what has no room is cut off. */
struct tile {
    const uint8_t *pixels; /* (height, width), kept by reference */
    /* Below it; empty: nothing, not even room if all are. */
    char caption[CONTACT_LINES][4 * CONTACT_LETTERS];
    int marked; /* has a coloured frame */
};

struct contact {
    const char *title; /* above all, or NULL */
    int height, width; /* of each image */
    size_t count;
    size_t most; /* a side of the sheet has at most so many pixels; 0: any number */
    int scale; /* the side of an image's pixel on the sheet; 0: what suits the images' size */
    /* Fills *tile, zeroed before, with image k; called twice for each. */
    void (*tile)(void *self, size_t k, struct tile *tile);
    void *self;
    const poison_settings *settings; /* for its `cancel`; or NULL */
};

/*
 * A grid of them, about 1400 pixels wide, or as wide as it must be not to be taller than `most`.
 * The same tiles give the same bytes. `out` is written to without a look at whether that works.
 * POISON_EDATA without libpng, or for a sheet larger than `most`; POISON_ENOMEM, POISON_ECANCEL:
 * `out` then holds a part.
 */
int contact_write(FILE *out, const struct contact *contact, poison_error *err);

#endif
