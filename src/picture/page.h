/* SPDX-License-Identifier: MIT */
/*
 * page - a page that stands by itself: its frame and style, text, tables, images; well-formed XML
 * too
 */
#ifndef POISON_PAGE_H
#define POISON_PAGE_H

#include "columns.h"

#include <stdio.h>

/* Where a page is written, and whose labels are in it. A write that fails shows in ferror(out). */
struct page {
    FILE *out;
    const poison_data *data;
    int pictures; /* rows are images, and can be shown */
};

void page_begin(const struct page *page, const char *title);
void page_end(const struct page *page);

/* markup's letters ($t, $l ...), about the page's data */
void page_put(const struct page *page, const char *format, ...);

/* "1 image", "2 images" */
void page_count(const struct page *page, size_t count, const char *one, const char *many);

/* An <img> of a row, in CSS pixels; nothing in a page without pictures. alt: escaped.
 * POISON_ENOMEM. */
int page_image(const struct page *page, const poison_set *set, size_t row, int size,
               const char *alt, poison_error *err);

/* One column of a table that a command printed. */
struct page_column {
    const char *name, *heading;
    enum { PAGE_TEXT, PAGE_COUNT, PAGE_SHARE, PAGE_NUMBER } kind;
    /* NULL, or a table of the same rows: a column follows with what was added to this one of it. */
    const struct columns *since;
    const char *since_name;
    const char *none;            /* what NA means, in words; NULL: NA */
};

/* A table's columns, the first one as the rows' headings. Cells whose text was made shorter keep it
 * in data-value. marked: labels whose rows stand out; NULL: none. */
struct page_table {
    const char *id, *caption;
    const struct columns *table;
    const struct page_column *column;
    size_t columns;
    const char *marked[2];
};
void page_table(const struct page *page, const struct page_table *table);

#endif
