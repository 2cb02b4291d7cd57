/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/*
 * One cell and what follows it. Nothing more is printed after an error: a signal that ended a write to a slow reader must
 * not meet another write.
 */
__attribute__((format(printf, 2, 3))) static void cell(struct table *table, const char *format, ...)
{
    va_list args;
    table->at = (table->at + 1) % table->columns;
    if (ferror(table->out))
        return;
    va_start(args, format);
    vfprintf(table->out, format, args);
    va_end(args);
    putc(table->at ? '\t' : '\n', table->out);
}

/* What one byte is printed as; the number of characters. */
static int escape(unsigned char c, char out[8])
{
    if (c >= 0x20 && c != 0x7F)
        return sprintf(out, "%c", c);
    return sprintf(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\x%02x", c);
}

int table_prints(const char *text, const char *printed)
{
    char bytes[8];
    for (; *text; text++) {
        size_t length = (size_t)escape((unsigned char)*text, bytes);
        if (strncmp(printed, bytes, length) != 0)
            return 0;
        printed += length;
    }
    return !*printed;
}

void table_escape(FILE *out, const char *text)
{
    char bytes[8];
    for (; *text; text++)
        fwrite(bytes, 1, (size_t)escape((unsigned char)*text, bytes), out);
}

void table_begin(struct table *table, FILE *out, const char *header)
{
    *table = (struct table){.out = out, .columns = 1};
    for (const char *c = header; *c; c++)
        table->columns += *c == '\t';
    fprintf(out, "%s\n", header);
}

void table_count(struct table *table, size_t value)
{
    cell(table, "%zu", value);
}

void table_label(struct table *table, int value)
{
    cell(table, "%d", value);
}

void table_exact(struct table *table, double value)
{
    if (isnan(value))
        cell(table, "NA");
    else
        cell(table, "%.17g", value);
}

void table_number(struct table *table, double value)
{
    if (isfinite(value))
        cell(table, "%.6f", value);
    else
        cell(table, "NA");
}

void table_text(struct table *table, const char *text)
{
    if (!ferror(table->out))
        table_escape(table->out, text);
    cell(table, "%s", "");
}
