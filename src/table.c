/* SPDX-License-Identifier: MIT */
#include "table.h"

/* Nothing more is printed after an error: a signal that ended a write to a slow reader must not meet another write. */
static int broken(const struct table *table)
{
    return ferror(table->out);
}

static void end_cell(struct table *table)
{
    table->at = (table->at + 1) % table->columns;
    if (!broken(table))
        putc(table->at ? '\t' : '\n', table->out);
}

void table_escape(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != 0x7F)
            putc(c, out);
        else
            fprintf(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\x%02x", c);
    }
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
    if (!broken(table))
        fprintf(table->out, "%zu", value);
    end_cell(table);
}

void table_label(struct table *table, int value)
{
    if (!broken(table))
        fprintf(table->out, "%d", value);
    end_cell(table);
}

void table_exact(struct table *table, double value)
{
    if (!broken(table))
        fprintf(table->out, "%.17g", value);
    end_cell(table);
}

void table_seconds(struct table *table, double value)
{
    if (!broken(table))
        fprintf(table->out, "%.6f", value);
    end_cell(table);
}

void table_text(struct table *table, const char *text)
{
    table_escape(table->out, text);
    end_cell(table);
}
