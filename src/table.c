/* SPDX-License-Identifier: MIT */
#include "table.h"

static void end_cell(struct table *table)
{
    table->at = (table->at + 1) % table->columns;
    putc(table->at ? '\t' : '\n', table->out);
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
    fprintf(table->out, "%zu", value);
    end_cell(table);
}

void table_label(struct table *table, int value)
{
    fprintf(table->out, "%d", value);
    end_cell(table);
}

void table_exact(struct table *table, double value)
{
    fprintf(table->out, "%.17g", value);
    end_cell(table);
}

void table_seconds(struct table *table, double value)
{
    fprintf(table->out, "%.6f", value);
    end_cell(table);
}

void table_text(struct table *table, const char *text)
{
    fputs(text, table->out);
    end_cell(table);
}
