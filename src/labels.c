/* SPDX-License-Identifier: MIT */
/* labels - what labels are called */
#include "base.h"
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *poison_label_text(const poison_data *data, int label, char number[12])
{
    if (data && label >= 0 && label < data->names)
        return data->name[label];
    snprintf(number, 12, "%d", label);
    return number;
}

/* The text that fits, not cut inside a UTF-8 character. */
static poison_label cut(const char *text)
{
    poison_label name;
    size_t room = sizeof name.text - 1, length = strlen(text);
    if (length > room)
        for (length = room; length && (text[length] & 0xC0) == 0x80; length--)
            ;
    snprintf(name.text, sizeof name.text, "%.*s", (int)length, text);
    return name;
}

poison_label poison_label_name(const poison_data *data, int label)
{
    char number[12];
    return cut(poison_label_text(data, label, number));
}

void poison_label_put(FILE *out, const poison_data *data, int label)
{
    char number[12], one[2] = "";
    const char *name = poison_label_text(data, label, number);
    int quotes = !*name || strpbrk(name, ":,\" ");
    if (quotes)
        putc('"', out);
    for (; *name; name++) {
        one[0] = *name;
        if (*name == '"')
            putc('"', out);
        table_escape(out, one);
    }
    if (quotes)
        putc('"', out);
}

poison_label poison_label_quoted(const poison_data *data, int label)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out)
        poison_label_put(out, data, label);
    int fine = out && fclose(out) == 0;
    poison_label name = fine ? cut(text) : poison_label_name(data, label);
    free(text);
    return name;
}

/* A decimal number and nothing else. */
static int is_number(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && !*end && isfinite(*value) && strspn(text, "+-.0123456789eE") == strlen(text);
}

int poison_label_find(const poison_data *data, const char *name)
{
    double value, other;
    for (int c = 0; c < data->names; c++)
        if (strcmp(data->name[c], name) == 0)
            return c;
    if (!is_number(name, &value) || (data->names && !data->numbers))
        return -1;
    for (int c = 0; c < data->names; c++)
        if (is_number(data->name[c], &other) && other == value)
            return c;
    return !data->names && value >= 0 && value < POISON_LABELS && value == floor(value) ? (int)value : -1;
}
