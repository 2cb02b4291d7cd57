/* SPDX-License-Identifier: MIT */
/* labels - what labels are called */
#include "base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

poison_label poison_label_name(const poison_data *data, int label)
{
    poison_label name;
    if (label >= 0 && label < data->names)
        snprintf(name.text, sizeof name.text, "%s", data->name[label]);
    else
        snprintf(name.text, sizeof name.text, "%d", label);
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
