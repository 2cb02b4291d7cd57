/* SPDX-License-Identifier: MIT */
#include "columns.h"

#include "base.h"
#include "budget.h"
#include "input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 4096 }; /* what is compared with one another stays quick */

/* Makes room for one more row of as many cells as there are columns. */
static int grow(struct columns *t, size_t rows, size_t *room, poison_error *err)
{
    if (rows < *room)
        return 0;
    *room = 2 * *room + 64;
    char **cells = realloc(t->cell, *room * t->columns * sizeof *cells);
    size_t *lines = realloc(t->line, *room * sizeof *lines);
    t->cell = cells ? cells : t->cell;
    t->line = lines ? lines : t->line;
    if (cells && lines)
        return 0;
    return poison_fail_memory(err, *room * t->columns, sizeof *cells, "the table");
}

static int check_header(const struct columns *t, poison_error *err)
{
    if (t->columns > MOST_COLUMNS)
        return poison_fail(err, POISON_EDATA,
                           "standard input:%zu: %zu columns, expected at most %d", t->line[0],
                           t->columns, MOST_COLUMNS);
    for (size_t c = 0; c < t->columns; c++)
        if (columns_find(t, t->cell[c]) != (ptrdiff_t)c)
            return poison_fail(err, POISON_EDATA,
                               "standard input:%zu: two columns are named '%.40s'", t->line[0],
                               t->cell[c]);
    return 0;
}

/* Cells stay where they are in the text: what ends a cell becomes a zero. */
int columns_read(struct columns *t, FILE *in, const char *expected, const poison_settings *settings,
                 poison_error *err)
{
    struct input stream = {
        .name = "standard input", .fd = fileno(in), .size = -1, .cancel = settings->cancel};
    size_t length, room = 0, rows = 0;
    int status = 0;
    *t = (struct columns){0};
    TRY(input_take_all(&stream, &t->text, &length, budget_whole(settings), err));
    struct lines lines = {.next = t->text, .stop = t->text + length};
    for (char *at; (at = lines_next(&lines, &length));) {
        size_t cells = 1;
        if (poison_cancelled(settings))
            TRY(poison_fail_cancelled(err));
        if (strlen(at) < length)
            TRY(poison_fail(err, POISON_EDATA, "standard input:%zu: a zero byte: expected text",
                            lines.number));
        if (strncmp(at, "# ", 2) == 0)
            continue;
        for (char *c = at; *c; c++)
            cells += *c == '\t';
        if (rows == 0)
            t->columns = cells;
        if (cells != t->columns)
            TRY(poison_fail(err, POISON_EDATA, "standard input:%zu: %zu columns, expected %zu",
                            lines.number, cells, t->columns));
        TRY(grow(t, rows, &room, err));
        t->line[rows] = lines.number;
        for (size_t c = 0; c < cells; c++)
            t->cell[rows * cells + c] = strsep(&at, "\t");
        if (rows++ == 0)
            TRY(check_header(t, err));
    }
    if (rows == 0)
        TRY(poison_fail(err, POISON_EDATA, "standard input: empty, expected %s", expected));
    t->rows = rows - 1;
done:
    return status;
}

void columns_free(struct columns *t)
{
    free(t->text);
    free(t->cell);
    free(t->line);
    *t = (struct columns){0};
}

ptrdiff_t columns_find(const struct columns *t, const char *name)
{
    for (size_t c = 0; c < t->columns; c++)
        if (strcmp(t->cell[c], name) == 0)
            return (ptrdiff_t)c;
    return -1;
}

const char *columns_text(const struct columns *t, size_t row, size_t column)
{
    return t->cell[(row + 1) * t->columns + column];
}

const char *columns_named(const struct columns *t, size_t row, const char *name)
{
    ptrdiff_t at = columns_find(t, name);
    return at < 0 ? "NA" : columns_text(t, row, (size_t)at);
}

double columns_value(const struct columns *t, size_t row, const char *name)
{
    const char *text = columns_named(t, row, name);
    return strcmp(text, "NA") == 0 ? NAN : strtod(text, NULL);
}

/* strtod takes 0x10, inf and blanks too: only a decimal number's characters are let in. */
int columns_number(const struct columns *t, size_t row, size_t column, double least, double most,
                   double *value, poison_error *err)
{
    const char *text = columns_text(t, row, column);
    char *end;
    *value = NAN;
    if (strcmp(text, "NA") == 0)
        return 0;
    *value = strtod(text, &end);
    if (end != text && !*end && strspn(text, "0123456789.eE+-") == strlen(text)
        && fabs(*value) <= 1e300 && *value >= least && *value <= most)
        return 0;
    char range[80] = "";
    if (most <= 1e15)
        snprintf(range, sizeof range, " of %g to %g", least, most);
    else if (fabs(least) <= 1e15)
        snprintf(range, sizeof range, " of %g or more", least);
    return poison_fail(err, POISON_EDATA,
                       "standard input:%zu: %.40s '%.40s': expected a number%s, or NA",
                       t->line[row + 1], t->cell[column], text, range);
}

/* ---- printed to memory ----------------------------------------------------------------------- */

int capture_begin(struct capture *c, const poison_data *data, poison_error *err)
{
    *c = (struct capture){0};
    FILE *out = poison_text_open(&c->table.text, &c->size);
    sheet_open(&c->sheet, out, data, 0, 0);
    c->sheet.cells = &c->table.columns;
    return out ? 0 : poison_fail_memory(err, 1, 4096, "a table");
}

int capture_end(struct capture *c, poison_error *err)
{
    struct columns *t = &c->table;
    FILE *out = c->sheet.out;
    size_t cells = 0, room = 0;
    c->sheet.out = NULL;
    if (fclose(out) != 0)
        return poison_fail_memory(err, 1, c->size, "a table");
    for (char *at = t->text, *end = at + c->size; t->columns && at < end; at += strlen(at) + 1) {
        size_t row = cells / t->columns;
        int status = grow(t, row, &room, err);
        if (status < 0)
            return status;
        t->line[row] = row + 1;
        t->cell[cells++] = at;
    }
    t->rows = cells ? cells / t->columns - 1 : 0;
    return 0;
}

void capture_free(struct capture *c)
{
    if (c->sheet.out)
        fclose(c->sheet.out);
    columns_free(&c->table);
    *c = (struct capture){0};
}
