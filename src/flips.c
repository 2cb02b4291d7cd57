/* SPDX-License-Identifier: MIT */
/* flips - training labels as they become */
#include "base.h"

#include <errno.h>
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
    if (count < 0 || *at)
        return poison_fail(err, POISON_EUSAGE, "--flip %s: expected FROM:TO:COUNT, as in 1:2:100", text);
    if (from > 255 || to > 255)
        return poison_fail(err, POISON_EUSAGE, "--flip %s: labels are 0 to 255", text);
    if (from == to)
        return poison_fail(err, POISON_EUSAGE, "--flip %s: the two labels are the same", text);
    *flip = (poison_flip){(int)from, (int)to, (size_t)count};
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

int poison_flip_apply(const poison_flip *flip, int *labels, const poison_data *data, poison_error *err)
{
    size_t there = 0, left = flip->count;
    for (size_t r = 0; r < data->train.n; r++)
        there += labels[r] == flip->from;
    int stranger = !occurs(data, flip->from) ? flip->from : !occurs(data, flip->to) ? flip->to : -1;
    if (stranger >= 0)
        return poison_fail(err, POISON_EDATA, "flip %d:%d:%zu: the label %d occurs nowhere in the data", flip->from, flip->to,
                           flip->count, stranger);
    if (there < flip->count)
        return poison_fail(err, POISON_EDATA, "flip %d:%d:%zu: only %zu of the %zu training labels are %d", flip->from,
                           flip->to, flip->count, there, data->train.n, flip->from);
    for (size_t r = 0; left > 0; r++)
        if (labels[r] == flip->from) {
            labels[r] = flip->to;
            left--;
        }
    return 0;
}
