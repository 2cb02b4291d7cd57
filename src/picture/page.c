/* SPDX-License-Identifier: MIT */
#include "page.h"

#include "escape.h"
#include "chart.h"
#include "image.h"
#include "markup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- style ----------------------------------------------------------------------------------- */

/* Digits are ink on paper in light and in print, light on dark as they are stored. */
static const char style[] =
#include "page.css.inc"
;

void page_begin(const struct page *page, const char *title)
{
    page_put(page,
             "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
             "<meta charset=\"utf-8\"/>\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
             "<link rel=\"icon\" href=\"data:,\"/>\n<title>$t</title>\n<style>\n",
             title);
    markup_style(page->out, style, strlen(style));
    chart_style(page->out);
    page_put(page, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the text</a>\n");
}

void page_end(const struct page *page)
{
    page_put(page, "</body>\n</html>\n");
}

/* ---- text ------------------------------------------------------------------------------------ */

void page_put(const struct page *page, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    markup_list(page->out, page->data, format, args);
    va_end(args);
}

void page_count(const struct page *page, size_t count, const char *one, const char *many)
{
    page_put(page, "$i $t", count, count == 1 ? one : many);
}

int page_image(const struct page *page, const poison_set *set, size_t row, int size,
               const char *alt, poison_error *err)
{
    if (!page->pictures)
        return 0;
    int most = set->height > set->width ? set->height : set->width;
    size_t width = (size_t)(set->width * size / most), height = (size_t)(set->height * size / most);
    page_put(page, "<img width=\"$i\" height=\"$i\" alt=\"$t\" src=\"", width ? width : 1,
             height ? height : 1, alt);
    int status = image_put_uri(page->out, set->x + row * (size_t)set->d, set->height, set->width,
                               err);
    page_put(page, "\"/>");
    return status;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void put_change(const struct page *page, double by)
{
    char text[32];
    snprintf(text, sizeof text, "%+.0f", by);
    if (isnan(by) || by == 0)
        page_put(page, "<td class=\"change\">$t</td>", isnan(by) ? "NA" : "0");
    else
        page_put(page, "<td class=\"change\"><b>$r$t</b></td>", by < 0 ? "\xE2\x88\x92" : "+",
                 text + 1);
}

static void put_cell(const struct page *page, const struct page_table *table, size_t row, size_t k)
{
    const struct page_column *c = &table->column[k];
    const char *text = columns_named(table->table, row, c->name);
    int known = strcmp(text, "NA") != 0 || c->kind == PAGE_TEXT;
    if (k == 0)
        page_put(page, "<th scope=\"row\">$t</th>", text);
    else if (!known)
        page_put(page, "<td data-value=\"NA\">$t</td>", c->none ? c->none : "NA");
    else if (c->kind == PAGE_SHARE || c->kind == PAGE_NUMBER)
        page_put(page,
                 c->kind == PAGE_SHARE ? "<td data-value=\"$t\">$p</td>"
                                       : "<td data-value=\"$t\">$d</td>",
                 text, strtod(text, NULL));
    else
        page_put(page, c->kind == PAGE_TEXT ? "<td class=\"text\">$t</td>" : "<td>$t</td>", text);
    if (c->since)
        put_change(page, columns_value(table->table, row, c->name)
                             - columns_value(c->since, row, c->since_name));
}

static int is_marked(const struct page_table *table, size_t row)
{
    const char *name = columns_text(table->table, row, 0);
    for (int k = 0; k < 2; k++)
        if (table->marked[k] && escape_prints(table->marked[k], name))
            return 1;
    return 0;
}

void page_table(const struct page *page, const struct page_table *table)
{
    page_put(page, "<div class=\"scroll\"><table id=\"$t\">\n<caption>$t</caption>\n<thead><tr>",
             table->id, table->caption);
    for (size_t k = 0; k < table->columns; k++) {
        const struct page_column *c = &table->column[k];
        page_put(page, "<th scope=\"col\"$r>$t</th>", c->kind == PAGE_TEXT ? " class=\"text\"" : "",
                 c->heading);
        if (c->since)
            page_put(page, "<th scope=\"col\" class=\"change\">Change</th>");
    }
    page_put(page, "</tr></thead>\n<tbody>\n");
    for (size_t r = 0; r < table->table->rows; r++) {
        page_put(page, is_marked(table, r) ? "<tr class=\"marked\">" : "<tr>");
        for (size_t k = 0; k < table->columns; k++)
            put_cell(page, table, r, k);
        page_put(page, "</tr>\n");
    }
    page_put(page, "</tbody></table></div>\n");
}
