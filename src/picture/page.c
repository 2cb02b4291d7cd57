/* SPDX-License-Identifier: MIT */
#include "page.h"

#include "base.h"
#include "escape.h"
#include "chart.h"
#include "image.h"
#include "markup.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- style ----------------------------------------------------------------------------------------------------- */

/* Digits are ink on paper in light and in print, light on dark as they are stored. */
static const char light_style[] =
    ":root{color-scheme:light "
    "dark;--paper:#fff;--ink:#1b1b1b;--soft:#595959;--line:#d9dce0;--wash:#f4f6f8;--link:#00629b;--mark:#9c4406;"
    "--digit:invert(1)}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.6 "
    "system-ui,sans-serif;overflow-wrap:break-word}\n"
    "header,nav,main,footer{max-width:768px;margin:0 auto;padding:0 24px}\n"
    "h1,h2,h3{line-height:1.25;font-weight:650;text-wrap:balance}\n"
    "h1{font-size:2.3rem;margin:3.5rem 0 .5rem;letter-spacing:-.02em} h2{font-size:1.5rem;margin:4rem 0 "
    ".75rem;padding-top:1.25rem;border-top:1px solid var(--line)} h3{font-size:1.1rem;margin:2.25rem 0 .5rem}\n"
    "p,ul,ol{margin:.75rem 0} .lead{font-size:1.2rem;line-height:1.5;color:var(--soft);margin-top:0}\n"
    "a{color:var(--link)} .skip{position:absolute;left:-999em} "
    ".skip:focus{left:8px;top:8px;background:var(--paper);padding:8px}\n"
    "nav ol{columns:2;column-gap:2rem;padding-left:1.6rem;margin:1.5rem 0 0} nav li{break-inside:avoid}\n"
    ".note{background:var(--wash);border-left:4px solid var(--link);padding:.75rem 1rem;margin:1.25rem 0;border-radius:0 "
    "4px 4px 0}\n"
    ".glance{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px;margin:1.75rem 0;padding:0}\n"
    ".glance div{background:var(--wash);border-radius:6px;padding:12px 14px} .glance "
    "dt{font-size:.85rem;color:var(--soft)}\n"
    ".glance dd{margin:0;line-height:1.35} .glance "
    "b{display:block;font-size:1.25rem;font-weight:650;white-space:nowrap}\n"
    ".glance span{font-size:.85rem;color:var(--soft)}\n"
    ".scroll{overflow-x:auto;margin:1.25rem 0} .scroll svg{display:block;min-width:600px}\n"
    "table{border-collapse:collapse;font-size:.94rem;font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;color:var(--soft);font-size:.88rem;line-height:1.4;padding-bottom:.5rem}\n"
    "th,td{padding:3px 14px 3px 0;text-align:right;border-bottom:1px solid var(--line);vertical-align:baseline}\n"
    "thead th{font-weight:600;border-bottom:2px solid var(--soft);vertical-align:bottom;line-height:1.3} tbody "
    "th{font-weight:400}\n"
    "tr>:first-child,.text{text-align:left} tbody th{max-width:16em} td.text{overflow-wrap:anywhere}\n"
    "tr.marked{background:var(--wash)} tr.marked th{font-weight:650;box-shadow:inset 3px 0 "
    "var(--mark);padding-left:10px}\n"
    ".change{font-size:.88rem;color:var(--soft)} b.change,.change b{color:var(--mark);font-weight:650}\n"
    ".side{display:flex;flex-wrap:wrap;gap:0 3rem} .side .scroll{max-width:100%} .side .note{flex:1 1 "
    "260px;align-self:center}\n"
    ".digits{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:14px 8px;margin:1.25rem 0} .digits "
    "li{width:64px;font-size:.75rem;line-height:1.3;text-align:center} .digits.wide{gap:14px 10px} .digits.wide "
    "li{width:104px}\n"
    ".digits .wrong{color:var(--mark);font-weight:650} .digits small{font-size:.95em;color:var(--soft)}\n"
    "img{image-rendering:pixelated;filter:var(--digit);border:1px solid "
    "#888;border-radius:3px;vertical-align:top;background:#000} .digits img{display:block;margin:0 auto 4px} .sheet "
    "td{padding:2px 4px 2px 0;border:0} .sheet th{border:0;vertical-align:middle;padding-right:14px}\n"
    ".case{display:flex;gap:20px;align-items:flex-start} .case p{margin-top:0} .case img{flex:none}\n"
    "pre,code{font:.88rem/1.5 ui-monospace,monospace;background:var(--wash);border-radius:4px} code{padding:1px 4px} "
    "pre{padding:12px 14px;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    "footer{color:var(--soft);font-size:.88rem;padding-bottom:4rem}\n"
    "@media(max-width:560px){body{font-size:16px} header,nav,main,footer{padding:0 16px} "
    "h1{font-size:1.8rem;margin-top:2rem} nav ol{columns:1} table{font-size:.82rem} th,td{padding-right:7px} .sheet "
    "img{width:36px;height:auto} .case{display:block} .case img{margin-bottom:8px}}\n";
static const char dark_style[] =
    "@media screen and "
    "(prefers-color-scheme:dark){:root{--paper:#14181d;--ink:#e8e8e8;--soft:#a8b0b8;--line:#343a41;--wash:#1d232a;"
    "--link:#7cc0f0;--mark:#f5a26b;--digit:none} "
    "img{border-color:#4a525a}}\n"
    "@media print{@page{margin:16mm} :root{color-scheme:light} html{font-size:13px} body{font-size:13.5px} .side{gap:0 "
    "2rem} .digits li{width:58px} header,nav,main,footer{max-width:none;padding:0} h1{margin-top:0} "
    "h2,h3,caption{break-after:avoid} h2{margin-top:2rem} table,li,.case,svg,.note,dl,.side{break-inside:avoid} "
    ".scroll{overflow:visible} .scroll svg{min-width:0} a{color:inherit;text-decoration:none} .skip{display:none} "
    "footer{padding-bottom:0} *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

void page_begin(const struct page *page, const char *title)
{
    page_put(page, "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
                   "<meta charset=\"utf-8\"/>\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                   "<link rel=\"icon\" href=\"data:,\"/>\n<title>$t</title>\n<style>\n$r$r",
             title, light_style, dark_style);
    chart_style(page->out);
    page_put(page, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the text</a>\n");
}

void page_end(const struct page *page)
{
    page_put(page, "</body>\n</html>\n");
}

/* ---- text ------------------------------------------------------------------------------------------------------ */

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

int page_image(const struct page *page, const poison_set *set, size_t row, int size, const char *alt, poison_error *err)
{
    if (!page->pictures)
        return 0;
    int most = set->height > set->width ? set->height : set->width;
    size_t width = (size_t)(set->width * size / most), height = (size_t)(set->height * size / most);
    page_put(page, "<img width=\"$i\" height=\"$i\" alt=\"$t\" src=\"", width ? width : 1, height ? height : 1, alt);
    int status = image_put_uri(page->out, set->x + row * (size_t)set->d, set->height, set->width, err);
    page_put(page, "\"/>");
    return status;
}

/* ---- tables ---------------------------------------------------------------------------------------------------- */

static double number_of(const struct columns *t, size_t row, const char *name)
{
    ptrdiff_t at = columns_find(t, name);
    const char *text = at < 0 ? "NA" : columns_text(t, row, (size_t)at);
    return strcmp(text, "NA") == 0 ? NAN : strtod(text, NULL);
}

static void put_change(const struct page *page, double by)
{
    char text[32];
    snprintf(text, sizeof text, "%+.0f", by);
    if (isnan(by) || by == 0)
        page_put(page, "<td class=\"change\">$t</td>", isnan(by) ? "NA" : "0");
    else
        page_put(page, "<td class=\"change\"><b>$r$t</b></td>", by < 0 ? "\xE2\x88\x92" : "+", text + 1);
}

static void put_cell(const struct page *page, const struct page_table *table, size_t row, size_t k)
{
    const struct page_column *c = &table->column[k];
    ptrdiff_t at = columns_find(table->table, c->name);
    const char *text = at < 0 ? "NA" : columns_text(table->table, row, (size_t)at);
    int known = strcmp(text, "NA") != 0 || c->kind == PAGE_TEXT;
    if (k == 0)
        page_put(page, "<th scope=\"row\">$t</th>", text);
    else if (!known)
        page_put(page, "<td data-value=\"NA\">$t</td>", c->none ? c->none : "NA");
    else if (c->kind == PAGE_SHARE || c->kind == PAGE_NUMBER)
        page_put(page, c->kind == PAGE_SHARE ? "<td data-value=\"$t\">$p</td>" : "<td data-value=\"$t\">$d</td>", text,
                 strtod(text, NULL));
    else
        page_put(page, c->kind == PAGE_TEXT ? "<td class=\"text\">$t</td>" : "<td>$t</td>", text);
    if (c->since)
        put_change(page, number_of(table->table, row, c->name) - number_of(c->since, row, c->since_name));
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
    page_put(page, "<div class=\"scroll\"><table id=\"$t\">\n<caption>$t</caption>\n<thead><tr>", table->id, table->caption);
    for (size_t k = 0; k < table->columns; k++) {
        const struct page_column *c = &table->column[k];
        page_put(page, "<th scope=\"col\"$r>$t</th>", c->kind == PAGE_TEXT ? " class=\"text\"" : "", c->heading);
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
