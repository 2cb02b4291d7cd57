/* SPDX-License-Identifier: MIT */
/* flips - training labels as they become */
#include "base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int poison_flip_parse(poison_flip *flip, const char *text, poison_error *err)
{
    const char *at = text;
    long long from = number(&at, 1LL << 40), to = -1, count = -1;
    int numbers = from >= 0;
    if (numbers == 1 && *at == ':') {
        at++;
        to = number(&at, 1LL << 40);
        numbers += to >= 0;
    }
    if (numbers == 2 && *at == ':') {
        int digit = at[1] >= '0' && at[1] <= '9';
        at++;
        count = number(&at, 1LL << 40);
        if (count < 0 && digit && !*at)
            return poison_fail(err, POISON_EUSAGE, "--flip %s: COUNT is too large", text);
    }
    int strategy = count >= 0 && *at == ':' ? poison_strategy_parse(at + 1) : POISON_FIRST;
    if (strategy < 0)
        return poison_fail(err, POISON_EUSAGE,
                           "--flip %s: unknown strategy: expected FROM:TO:COUNT[:first|random|near|far|alfa|greedy]",
                           text);
    if (count < 0 || (*at && *at != ':'))
        return poison_fail(err, POISON_EUSAGE, "--flip %s: expected FROM:TO:COUNT[:STRATEGY], as in 1:2:100", text);
    if (from > 255 || to > 255)
        return poison_fail(err, POISON_EUSAGE, "--flip %s: labels are 0 to 255", text);
    if (from == to)
        return poison_fail(err, POISON_EUSAGE, "--flip %s: the two labels are the same", text);
    *flip = (poison_flip){(int)from, (int)to, (size_t)count, strategy};
    return 0;
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

int poison_flip_check(const poison_flip *flip, const int *labels, const poison_data *data, poison_error *err)
{
    size_t there = 0;
    for (size_t r = 0; r < data->train.n; r++)
        there += labels[r] == flip->from;
    int stranger = !occurs(data, flip->from) ? flip->from : !occurs(data, flip->to) ? flip->to : -1;
    if (stranger >= 0)
        return poison_fail(err, POISON_EDATA, "flip %d:%d:%zu: the label %d occurs nowhere in the data", flip->from, flip->to,
                           flip->count, stranger);
    if (there < flip->count)
        return poison_fail(err, POISON_EDATA, "flip %d:%d:%zu: only %zu of the %zu training labels are %d", flip->from,
                           flip->to, flip->count, there, data->train.n, flip->from);
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

/* One line `row from to` applied; named[row] is set. */
static int read_flip(char *line, int *labels, uint8_t *named, const poison_data *data, const char *place, poison_error *err)
{
    const char *at = line;
    long long row = number(&at, 1LL << 40), from = -1, to = -1;
    int fine = row >= 0 && *at++ == '\t' && (from = number(&at, 255)) >= 0 && *at++ == '\t';
    if (fine && strcmp(at, "-") != 0)
        fine = (to = number(&at, 255)) >= 0 && !*at;
    if (!fine)
        return poison_fail(err, POISON_EDATA, "%s: expected 'row from to', separated by tabs, as in '17 1 2' or '17 1 -'",
                           place);
    if ((size_t)row >= data->train.n)
        return poison_fail(err, POISON_EDATA, "%s: row %lld: there are %zu training rows", place, row, data->train.n);
    if (named[row])
        return poison_fail(err, POISON_EDATA, "%s: row %lld is named a second time", place, row);
    if (labels[row] < 0)
        return poison_fail(err, POISON_EDATA, "%s: row %lld is already removed", place, row);
    if (labels[row] != from)
        return poison_fail(err, POISON_EDATA, "%s: row %lld is labelled %d here, not %lld", place, row, labels[row], from);
    if (to == from)
        return poison_fail(err, POISON_EDATA, "%s: row %lld would stay %lld: leave it out", place, row, from);
    if (to >= 0 && !occurs(data, (int)to))
        return poison_fail(err, POISON_EDATA, "%s: the label %lld occurs nowhere in the data", place, to);
    named[row] = 1;
    labels[row] = (int)to;
    return 0;
}

int poison_flips_read(const char *path, int *labels, const poison_data *data, poison_error *err)
{
    int status = 0, headed = 0;
    char *line = NULL, place[4200];
    size_t room = 0;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    uint8_t *named = poison_take(data->train.n, 1);
    if (!in)
        TRY(poison_fail(err, POISON_EDATA, "%s: cannot read: %s", name, strerror(errno)));
    if (!named)
        TRY(poison_fail_memory(err, data->train.n, 1, "the flips"));
    errno = 0;
    ssize_t length;
    for (size_t l = 1; (length = getline(&line, &room, in)) >= 0; l++) {
        size_t end = strcspn(line, "\n");
        line[end - (end && line[end - 1] == '\r')] = 0; /* with or without a carriage return */
        snprintf(place, sizeof place, "%.4096s:%zu", name, l);
        if (end + 1 < (size_t)length)
            TRY(poison_fail(err, POISON_EDATA, "%s: a zero byte: this is no text", place));
        if (strncmp(line, "# ", 2) == 0)
            continue;
        if (!headed && strcmp(line, "row\tfrom\tto") != 0)
            TRY(poison_fail(err, POISON_EDATA, "%s: expected the header 'row from to', separated by tabs", place));
        if (headed)
            TRY(read_flip(line, labels, named, data, place, err));
        headed = 1;
    }
    if (ferror(in))
        TRY(poison_fail(err, POISON_EDATA, "%s: cannot read: %s", name, strerror(errno)));
    if (!headed)
        TRY(poison_fail(err, POISON_EDATA, "%s: empty%s, expected the header 'row from to'", name,
                        in == stdin ? " (it can be read only once)" : ""));
done:
    if (in && in != stdin)
        fclose(in);
    free(line);
    free(named);
    return status;
}
