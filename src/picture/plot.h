/* SPDX-License-Identifier: MIT */
/* plot - the tables that poison prints, as charts */
#ifndef POISON_PLOT_H
#define POISON_PLOT_H

#include "columns.h"
#include "output.h"

/*
 * Reads a table of sweep, dose, confusion, matrix, grid or audit from `in`, knows it by its header,
 * and writes a chart of it to `to`, named `path` in errors: SVG, or PNG or PDF as its suffix says;
 * POISON_EUSAGE for another one. title: NULL for one of its own. PNG and PDF are rsvg-convert's
 * work, of which nothing comes before it is whole. POISON_EDATA names the line, or says that
 * rsvg-convert is missing. POISON_ENOMEM, POISON_ECANCEL.
 */
int plot_run(FILE *in, const struct output *to, const char *path, const char *title,
             const poison_settings *settings, poison_error *err);

/* The chart of a table for a page that has chart_style; id: the chart's. Errors as above. */
int plot_embed(FILE *out, const struct columns *table, const char *id, const char *title,
               const poison_settings *settings, poison_error *err);

#endif
