/* SPDX-License-Identifier: MIT */
/* flips - training labels as they become */
#include "base.h"
#include "input.h"
#include "escape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 4200 };

/* A whole number at *text, up to `most`; *text then stands behind it. -1 if there is none. */
static long long number(const char **text, long long most)
{
    char *end;
    if (**text < '0' || **text > '9')
        return -1;
    errno = 0;
    long long value = strtoll(*text, &end, 10);
    *text = end;
    return errno || value > most ? -1 : value;
}

static const char *const strategies[POISON_STRATEGIES] = {"first", "random", "near", "far", "alfa", "greedy"};

const char *poison_strategy_name(int strategy)
{
    return strategies[strategy];
}

int poison_strategy_parse(const char *name)
{
    for (int s = 0; s < POISON_STRATEGIES; s++)
        if (strcmp(name, strategies[s]) == 0)
            return s;
    return -1;
}

/* A label's name up to `ends`, or in quotes, to name[0..256); *text then stands behind it. 0 if there is none. */
static int take_name(const char **text, const char *ends, char name[NAME_MOST])
{
    const char *at = *text;
    size_t length = 0;
    int quoted = *at == '"', open = quoted;
    for (at += quoted; *at && (open || !strchr(ends, *at)); at++) {
        if (open && *at == '"' && *++at != '"') {
            open = 0;
            break;
        }
        if (length + 1 == NAME_MOST)
            return 0;
        name[length++] = *at;
    }
    name[length] = 0;
    if (open || !length)
        return 0;
    *text = at;
    return 1;
}

/* The label that is called so, or that tables print so. -1: there is none. */
static int find(const poison_data *data, const char *name)
{
    int label = poison_label_find(data, name);
    for (int c = 0; label < 0 && c < data->names; c++)
        label = escape_prints(data->name[c], name) ? c : -1;
    return label;
}

static int occurs(const poison_data *data, int label)
{
    for (size_t r = 0; r < data->train.n; r++)
        if (data->train.y[r] == label)
            return 1;
    for (size_t r = 0; r < data->test.n; r++)
        if (data->test.y[r] == label)
            return 1;
    return 0;
}

/* FROM:TO, and what follows it is the end, a ':' or a ','. */
static int take_pair(const char **text, char name[2][NAME_MOST])
{
    if (!take_name(text, ":,", name[0]) || *(*text)++ != ':' || !take_name(text, ":,", name[1]))
        return 0;
    return !**text || **text == ':' || **text == ',';
}

int poison_pair_parse(int *from, int *to, const char *text, const char **end, const poison_data *data, const char *what,
                      poison_error *err)
{
    char name[2][NAME_MOST];
    const char *at = text;
    int label[2] = {-1, -1};
    if (!take_pair(&at, name))
        return poison_fail(err, POISON_EUSAGE, "%s: expected FROM:TO, as in 1:2", what);
    if (strcmp(name[0], name[1]) == 0)
        return poison_fail(err, POISON_EUSAGE, "%s: the two labels are the same", what);
    for (int k = 0; k < 2 && data; k++) {
        label[k] = find(data, name[k]);
        if (label[k] < 0 || !occurs(data, label[k]))
            return poison_fail(err, POISON_EDATA, "%s: the label %.64s occurs nowhere in the data", what, name[k]);
    }
    if (data && label[0] == label[1])
        return poison_fail(err, POISON_EDATA, "%s: the two labels are the same", what);
    *from = label[0];
    *to = label[1];
    *end = at;
    return 0;
}

int poison_flip_parse(poison_flip *flip, const char *text, const poison_data *data, poison_error *err)
{
    const char *at = text;
    char what[NAME_MOST], name[2][NAME_MOST];
    int from, to, strategy = POISON_FIRST;
    snprintf(what, sizeof what, "--flip %s", text);
    int pair = take_pair(&at, name), status = pair ? poison_pair_parse(&from, &to, text, &at, data, what, err) : 0;
    if (status < 0)
        return status;
    if (!pair || *at++ != ':')
        return poison_fail(err, POISON_EUSAGE, "%s: expected FROM:TO:COUNT[:STRATEGY], as in 1:2:100", what);
    int digit = *at >= '0' && *at <= '9';
    long long count = number(&at, 1LL << 40);
    if (count < 0 && digit && !*at)
        return poison_fail(err, POISON_EUSAGE, "%s: COUNT is too large", what);
    if (count < 0 || (*at && *at != ':'))
        return poison_fail(err, POISON_EUSAGE, "%s: expected FROM:TO:COUNT[:STRATEGY], as in 1:2:100", what);
    if (*at && (strategy = poison_strategy_parse(at + 1)) < 0)
        return poison_fail(err, POISON_EUSAGE,
                           "%s: unknown strategy: expected FROM:TO:COUNT[:first|random|near|far|alfa|greedy]", what);
    *flip = (poison_flip){from, to, (size_t)count, strategy};
    return 0;
}

int poison_flip_check(const poison_flip *flip, const int *labels, const poison_data *data, poison_error *err)
{
    size_t there = 0;
    for (size_t r = 0; r < data->train.n; r++)
        there += labels[r] == flip->from;
    poison_label from = poison_label_quoted(data, flip->from), to = poison_label_quoted(data, flip->to);
    const char *stranger = !occurs(data, flip->from) ? from.text : !occurs(data, flip->to) ? to.text : NULL;
    if (stranger)
        return poison_fail(err, POISON_EDATA, "flip %s:%s:%zu: the label %s occurs nowhere in the data", from.text, to.text,
                           flip->count, stranger);
    if (there < flip->count)
        return poison_fail(err, POISON_EDATA, "flip %s:%s:%zu: only %zu of the %zu training labels are %s", from.text, to.text,
                           flip->count, there, data->train.n, from.text);
    return 0;
}

int poison_flip_apply(const poison_flip *flip, int *labels, const poison_data *data, poison_error *err)
{
    size_t left = flip->count;
    int status = poison_flip_check(flip, labels, data, err);
    for (size_t r = 0; status == 0 && left > 0; r++)
        if (labels[r] == flip->from) {
            labels[r] = flip->to;
            left--;
        }
    return status;
}

/* ---- flip files ------------------------------------------------------------------------------------------------ */

/* The label of a cell; in quotes -, which bare means that the row is left out. */
static int find_printed(const poison_data *data, const char *cell)
{
    int label = find(data, cell);
    return label < 0 && strcmp(cell, "\"-\"") == 0 ? find(data, "-") : label;
}

/* One line `row from to` applied; named[row] is set. */
static int read_flip(char *line, int *labels, uint8_t *named, const poison_data *data, const char *place, poison_error *err)
{
    const char *at = line;
    long long row = number(&at, 1LL << 40);
    char *from = row >= 0 && *at == '\t' ? line + (at - line) + 1 : NULL, *to = from ? strchr(from, '\t') : NULL;
    if (!to || strchr(to + 1, '\t') || to == from || !to[1])
        return poison_fail(err, POISON_EDATA, "%s: expected 'row from to', separated by tabs, as in '17 1 2' or '17 1 -'",
                           place);
    *to++ = 0;
    int a = find_printed(data, from), b = strcmp(to, "-") == 0 ? -1 : find_printed(data, to), removes = strcmp(to, "-") == 0;
    if ((size_t)row >= data->train.n)
        return poison_fail(err, POISON_EDATA, "%s: row %lld: there are %zu training rows", place, row, data->train.n);
    if (named[row])
        return poison_fail(err, POISON_EDATA, "%s: row %lld is named a second time", place, row);
    if (labels[row] < 0)
        return poison_fail(err, POISON_EDATA, "%s: row %lld is already removed", place, row);
    if (labels[row] != a)
        return poison_fail(err, POISON_EDATA, "%s: row %lld is labelled %s here, not %.64s", place, row,
                           poison_label_name(data, labels[row]).text, from);
    if (a == b)
        return poison_fail(err, POISON_EDATA, "%s: row %lld would stay %.64s: leave it out", place, row, from);
    if (!removes && (b < 0 || !occurs(data, b)))
        return poison_fail(err, POISON_EDATA, "%s: the label %.64s occurs nowhere in the data", place, to);
    named[row] = 1;
    labels[row] = b;
    return 0;
}

int poison_flips_read(const char *path, int *labels, const poison_data *data, const poison_settings *settings,
                      poison_error *err)
{
    struct input stream = INPUT_CLOSED;
    int status = 0, headed = 0;
    char *text = NULL, place[4200];
    size_t length, l = 1;
    uint8_t *named = poison_take(data->train.n, 1);
    if (!named)
        TRY(poison_fail_memory(err, data->train.n, 1, "the flips"));
    TRY(input_open(&stream, path, 1, settings, err));
    TRY(input_take_all(&stream, &text, &length, poison_settings_memory(settings), err));
    for (char *line = text, *stop = text + length, *end; line < stop; line = end + 1, l++) {
        end = memchr(line, '\n', (size_t)(stop + 1 - line));
        *end = 0;
        snprintf(place, sizeof place, "%.4096s:%zu", stream.name, l);
        if (strlen(line) < (size_t)(end - line))
            TRY(poison_fail(err, POISON_EDATA, "%s: a zero byte: this is no text", place));
        if (end > line && end[-1] == '\r') /* with or without a carriage return */
            end[-1] = 0;
        if (strncmp(line, "# ", 2) == 0)
            continue;
        if (!headed && strcmp(line, "row\tfrom\tto") != 0)
            TRY(poison_fail(err, POISON_EDATA, "%s: expected the header 'row from to', separated by tabs", place));
        if (headed)
            TRY(read_flip(line, labels, named, data, place, err));
        headed = 1;
    }
    if (!headed)
        TRY(poison_fail(err, POISON_EDATA, "%s: empty, expected the header 'row from to'", stream.name));
done:
    input_close(&stream);
    free(text);
    free(named);
    return status;
}
