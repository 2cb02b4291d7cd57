/* SPDX-License-Identifier: MIT */
/*
 * image - 8-bit grey images as PNG, also as a URI that holds it
 *
 * PNG is libpng's work, if there was one at the build; the same pixels give the same bytes. `out`
 * is written to without a look at whether that works: ferror, or output_close, tells. Errors:
 * POISON_EDATA without libpng, POISON_ENOMEM; `out` then holds a part.
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

/* Bytes as base64, padded, on one line. */
void image_put_base64(FILE *out, const void *bytes, size_t length);

#endif
