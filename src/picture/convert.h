/* SPDX-License-Identifier: MIT */
/*
 * convert - SVG on its way to a file: as it is, or as PNG or PDF
 *
 * PNG and PDF are the work of rsvg-convert, of which nothing comes before it is whole. Errors:
 * POISON_EDATA, also if rsvg-convert is missing; POISON_ECANCEL.
 */
#ifndef POISON_CONVERT_H
#define POISON_CONVERT_H

#include "output.h"

/* What a path's suffix says, in any case; CONVERT_PLAIN: it has none. */
enum convert_format { CONVERT_SVG, CONVERT_PNG, CONVERT_PDF, CONVERT_PLAIN, CONVERT_OTHER };
enum convert_format convert_format_of(const char *path);

enum { CONVERT_MOST = 32767 }; /* pixels of a side that rsvg-convert, or cairo, can paint */

struct conversion {
    FILE *svg; /* where the SVG goes */
    const struct output *out; /* where the picture goes: the same, or an empty file */
    const char *path; /* its name in errors */
    enum convert_format format;
    const poison_settings *settings; /* for its `cancel` */
};

/* Fills `svg`; the rest is the caller's. */
int convert_open(struct conversion *c, poison_error *err);

/* Makes the picture, a pixel of the SVG as `zoom` pixels of a PNG; after an error (status < 0),
 * which it returns, nothing. Closes what convert_open has opened. */
int convert_close(struct conversion *c, int zoom, int status, poison_error *err);

#endif
