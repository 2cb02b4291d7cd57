/* SPDX-License-Identifier: MIT */
/*
 * chart - SVG from plain structures: lines, heat maps, values with intervals, bars
 *
 * Each function writes one <svg> element to `out`. It allocates nothing and cannot fail; a write
 * that fails shows in ferror(out). The same structures give the same bytes, in any locale. All
 * texts are the caller's, UTF-8 that may hold anything: they are escaped, control characters are
 * spelled \xNN, what is no UTF-8 becomes U+FFFD; what is too long for its place is cut off, and is
 * whole in the tooltip.
 *
 * Each datum is one element with the class "mark" and a <title>, the tooltip, with its names and
 * numbers. NAN is NA: a gap in a line, a hatched cell (a mark too), the words NA beside a bar or an
 * interval.
 *
 * A chart is a file of its own, with its style, light or dark as the viewer prefers; or, with
 * `embedded` set, a part of an HTML page: then it has neither style nor background, and the page
 * writes chart_style once:
 *
 *     fputs("<style>", out); chart_style(out); fputs("</style>", out);
 *     struct chart chart = {.title = "Before", .id = "before", .embedded = 1, .x = "predicted"};
 *     chart_heat(out, &chart, &heat);
 *
 * Every rule begins with .poison-chart, and every id with chart.id and a '-', so charts meet
 * neither the page's nor each other's. Colours: Okabe and Ito's, darkened or lightened until they
 * stand out from the background; without colour, dashes, shapes of dots and the lightness of cells
 * tell the same.
 */
#ifndef POISON_CHART_H
#define POISON_CHART_H

#include <stddef.h>
#include <stdio.h>

struct chart {
    const char *title;
    const char *note;  /* a sentence or two below it, also the <desc>; NULL: none */
    /* Along the axes: a name and, in brackets, its unit, which tooltips leave out; or NULL. */
    const char *x, *y;
    const char *id;    /* letters, digits, '-'; NULL: "chart" */
    int embedded;
    int share;         /* the values shown are shares: printed in per cent, tooltips excepted */
};

/* An entry of the legend. hue picks colour and dot, dash the line; both start again when they run
 * out (7 and 6). */
struct chart_key {
    const char *name;
    size_t hue, dash;
};

/* ---- lines: y by x, with a band from lo to hi, in one panel or many -------------------------- */

struct chart_point {
    double x, y, lo, hi; /* y NAN: a gap; lo or hi NAN: no band here */
    int quiet;           /* on the line, but no dot, no mark */
    const char *note;    /* what the tooltip adds; NULL: nothing */
};
struct chart_series {
    size_t key;
    const struct chart_point *point; /* (points) by x ascending */
    size_t points;
};
struct chart_panel {
    const char *name; /* NULL: none */
    const struct chart_series *series;
    size_t count;
};
struct chart_lines {
    const struct chart_panel *panel; /* all on the same axes */
    size_t panels;
    const struct chart_key *key; /* one key is not shown */
    size_t keys;
    const char *keys_name;       /* what the keys are, before the legend; or NULL */
    int log_x;                   /* x > 0 on a logarithmic axis */
    int own_y; /* each panel has its own y axis; else all have one, from 0 if nothing is negative */
};
void chart_lines(FILE *out, const struct chart *chart, const struct chart_lines *lines);

/* ---- heat maps: rows down, columns across, one map or several side by side ------------------- */

/* Not in the map at all: no cell, no mark. */
#define CHART_NONE (-(double)INFINITY)

struct chart_map {
    const char *name;    /* NULL: none */
    const double *value; /* (rows, columns) */
};
struct chart_heat {
    const char *const *row, *const *column;
    size_t rows, columns;
    const struct chart_map *map;
    size_t maps;
    const char *key;    /* what a value is, with its unit in brackets */
    double most;        /* the end of the scale, which begins at 0; 0: the data's */
    int from_least;     /* it begins at the data's least value instead */
    int root;           /* lightness by the square root: for counts, few of them large */
    int diagonal;       /* outline the cells whose row and column have the same name */
    int diverging;      /* 0 is the middle of the scale: for differences */
    size_t best;        /* this cell of the first map, from 1, is outlined; 0: none */
};
void chart_heat(FILE *out, const struct chart *chart, const struct chart_heat *heat);

/* ---- ranges: a dot with whiskers for each key, in rows --------------------------------------- */

struct chart_range {
    double value, lo, hi; /* hi NAN, lo not: open to the right; both NAN: no whiskers */
};
struct chart_ranges {
    const char *const *row;
    size_t rows;
    const struct chart_key *key;
    size_t keys;
    const struct chart_range *range; /* (rows, keys), nothing negative */
};
void chart_ranges(FILE *out, const struct chart *chart, const struct chart_ranges *ranges);

/* ---- bars: rows down, a panel for each column ------------------------------------------------ */

struct chart_bars {
    const char *const *row, *const *column;
    size_t rows, columns;
    const double *value; /* (rows, columns), nothing negative */
    double most;         /* the end of the axes; 0: the data's */
};
void chart_bars(FILE *out, const struct chart *chart, const struct chart_bars *bars);

/* The rules that all charts share, for a <style> of a page that embeds some. */
void chart_style(FILE *out);

#endif
