/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "base.h"
#include "escape.h"
#include "labels.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_string(FILE *out, const char *text)
{
    putc('"', out);
    escape(out, ESCAPE_JSON, text);
    putc('"', out);
}

static const char *skip_digits(const char *text)
{
    return text + strspn(text, "0123456789");
}

int table_is_number(const char *text)
{
    const char *whole = text + (*text == '-'), *end = skip_digits(whole), *part;
    if (end == whole || (*whole == '0' && end > whole + 1))
        return 0;
    if (*end == '.') {
        part = end + 1;
        end = skip_digits(part);
        if (end == part)
            return 0;
    }
    if (*end == 'e' || *end == 'E') {
        part = end + 1 + (end[1] == '+' || end[1] == '-');
        end = skip_digits(part);
        if (end == part)
            return 0;
    }
    return !*end;
}

/* ---- sheets ---------------------------------------------------------------------------------- */

void sheet_open(struct sheet *sheet, FILE *out, const poison_data *data, int json, int bare)
{
    *sheet = (struct sheet){.out = out, .data = data, .json = json, .bare = bare, .numbers = 1};
    for (int c = 0; data && c < data->names; c++)
        sheet->numbers &= data->numbers && table_is_number(data->name[c]);
}

void sheet_start(struct sheet *sheet)
{
    const char *opening = sheet->opening;
    sheet->opening = NULL;
    if (!opening)
        return;
    fputs(sheet->json ? "{\"provenance\":" : "# ", sheet->out);
    (sheet->json ? put_string : escape_text)(sheet->out, opening);
    fputs(sheet->json ? "}\n" : "\n", sheet->out);
}

void sheet_title(struct sheet *sheet, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(sheet->title, sizeof sheet->title, format, args);
    va_end(args);
    sheet_start(sheet);
    if (sheet->json)
        return;
    fputs("\n# ", sheet->out);
    escape_text(sheet->out, sheet->title);
    putc('\n', sheet->out);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* What parts the cells of text. */
static int end_cell(const struct sheet *sheet, int last)
{
    int tab = last ? '\n' : '\t';
    return putc(sheet->cells ? 0 : tab, sheet->out);
}

void table_begin(struct table *table, struct sheet *sheet, const char *header)
{
    table_begin_more(table, sheet, header, NULL, 0);
}

void table_begin_more(struct table *table, struct sheet *sheet, const char *header,
                      const char *const *more, size_t count)
{
    *table = (struct table){.sheet = sheet, .header = header, .more = more, .named = 1};
    for (const char *c = header; *c; c++)
        table->named += *c == '\t';
    table->columns = table->named + count;
    sheet_start(sheet);
    if (sheet->json || sheet->bare)
        return;
    if (sheet->cells)
        *sheet->cells = table->columns;
    for (const char *c = header; *c; c++)
        *c == '\t' ? end_cell(sheet, 0) : putc(*c, sheet->out);
    for (size_t c = 0; c < count; c++) {
        end_cell(sheet, 0);
        escape_text(sheet->out, more[c]);
    }
    end_cell(sheet, 1);
}

/* Whether the header has this name. */
static int is_named(const char *header, const char *name, size_t length)
{
    for (; header; header = strchr(header, '\t'), header += header != NULL)
        if (strncmp(header, name, length) == 0 && (!header[length] || header[length] == '\t'))
            return 1;
    return 0;
}

/* JSON's `"name":`, as the comment in table.h says. */
static void print_key(struct table *table)
{
    FILE *out = table->sheet->out;
    putc('"', out);
    if (table->at < table->named) {
        table->key = table->at ? strchr(table->key, '\t') + 1 : table->header;
        escape_span(out, ESCAPE_JSON, table->key, table->key + strcspn(table->key, "\t"));
    } else {
        const char *name = table->more[table->at - table->named];
        size_t plain = strlen(name);
        while (plain && name[plain - 1] == '_')
            plain--;
        escape(out, ESCAPE_JSON, name);
        if (is_named(table->header, name, plain))
            putc('_', out);
    }
    fputs("\":", out);
}

static void begin_object(const struct sheet *sheet)
{
    putc('{', sheet->out);
    if (!sheet->title[0])
        return;
    fputs("\"table\":", sheet->out);
    put_string(sheet->out, sheet->title);
    putc(',', sheet->out);
}

/* A cell's text; one that begins a line must not look like a comment. */
static void print_text(FILE *out, enum dialect dialect, const char *text, int first)
{
    int comment = first && strncmp(text, "# ", 2) == 0;
    if (comment)
        fputs("\\x23", out);
    escape(out, dialect, text + comment);
}

/* One cell (text NULL: nothing is known; bare: as it is in JSON, a number; quote: what it stands
 * between elsewhere) and what follows it. Nothing more is printed after an error: a signal that
 * ended a write to a slow reader must not meet another write. */
static void print_cell(struct table *table, enum dialect dialect, const char *text, int bare,
                       const char *quote)
{
    FILE *out = table->sheet->out;
    int json = table->sheet->json;
    const volatile sig_atomic_t *cancel = table->sheet->cancel;
    if (table->at == 0 && poison_raised(cancel))
        table->ended = 1;
    if (table->ended) {
        table->at = (table->at + 1) % table->columns;
        return;
    }
    if (json && !ferror(out)) {
        if (table->at == 0)
            begin_object(table->sheet);
        print_key(table);
    }
    if (ferror(out))
        ;
    else if (!text)
        fputs(json ? "null" : "NA", out);
    else if (json && !bare)
        put_string(out, text);
    else {
        fputs(quote, out);
        print_text(out, dialect, text, table->at == 0);
        fputs(quote, out);
    }
    table->at = (table->at + 1) % table->columns;
    if (ferror(out))
        return;
    if (json)
        fputs(table->at ? "," : "}\n", out);
    else
        end_cell(table->sheet, !table->at);
}

static void cell(struct table *table, const char *text, int bare)
{
    print_cell(table, ESCAPE_TERMINAL, text, bare, "");
}

void table_none(struct table *table)
{
    cell(table, NULL, 0);
}

void table_count(struct table *table, size_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", value);
    cell(table, text, 1);
}

void table_exact(struct table *table, double value)
{
    char text[40] = "";
    if (!table->ended)
        snprintf(text, sizeof text, "%.17g", value);
    cell(table, isnan(value) || (table->sheet->json && !isfinite(value)) ? NULL : text, 1);
}

void table_number(struct table *table, double value)
{
    char text[400]; /* the greatest has 309 digits before the point */
    snprintf(text, sizeof text, "%.6f", value);
    cell(table, isfinite(value) ? text : NULL, 1);
}

void table_text(struct table *table, const char *text)
{
    cell(table, text, 0);
}

void table_name(struct table *table, const char *name)
{
    cell(table, name, table->sheet->numbers);
}

/* Unlike table_name's text, which may have been printed before, the label's own name. */
static void print_label(struct table *table, const char *name, const char *quote)
{
    print_cell(table, ESCAPE_CELL, name, table->sheet->numbers, quote);
}

void table_label(struct table *table, int label)
{
    char number[12];
    print_label(table, poison_label_text(table->sheet->data, label, number), "");
}

void table_flipped(struct table *table, int label)
{
    char number[12];
    const char *name = label < 0 ? NULL : poison_label_text(table->sheet->data, label, number);
    if (name)
        print_label(table, name, label_is_dash(name) ? "\"" : "");
    else if (table->sheet->json)
        table_none(table);
    else
        table_text(table, "-");
}
