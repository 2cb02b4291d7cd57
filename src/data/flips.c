/* SPDX-License-Identifier: MIT */
/* flips - training labels as they become */
#include "flips.h"

#include "base.h"
#include "input.h"
#include "labels.h"

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

#define COMMA ,
static const char *const strategies[POISON_STRATEGIES] = {STRATEGY_NAMES(COMMA)};

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

/* A label's name, in quotes or up to `ends`, to name; *text moves on behind it. 0: it is none. */
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

/* ---- words, names, labels -------------------------------------------------------------------- */

typedef char pair_names[2][NAME_MOST];

/* FROM:TO, and what follows it is the end, a ':' or a ','. Moves *text behind it. */
static int take_pair(pair_names name, const char **text)
{
    if (!take_name(text, ":,", name[0]) || *(*text)++ != ':' || !take_name(text, ":,", name[1]))
        return 0;
    return !**text || **text == ':' || **text == ',';
}

static int check_names(const char *from, const char *to, const char *what, poison_error *err)
{
    if (strcmp(from, to) == 0)
        return poison_fail(err, POISON_EUSAGE, "%s: the two labels are the same", what);
    return 0;
}

static int take_names(pair_names name, const char **text, const char *what, poison_error *err)
{
    if (!take_pair(name, text))
        return poison_fail(err, POISON_EUSAGE, "%s: expected FROM:TO, as in 1:2", what);
    return check_names(name[0], name[1], what, err);
}

/* Gives the wish its own copy of the names. */
static int keep_names(struct pair_wish *pair, pair_names name, poison_error *err)
{
    size_t from = strlen(name[0]) + 1, to = strlen(name[1]) + 1;
    pair->from = poison_take(from + to, 1);
    if (!pair->from)
        return poison_fail_memory(err, from + to, 1, "a flip");
    pair->to = memcpy(pair->from + from, name[1], to);
    memcpy(pair->from, name[0], from);
    return 0;
}

int pair_read(struct pair_wish *pair, const char *text, const char **end, const char *what,
              poison_error *err)
{
    pair_names name;
    *end = text;
    int status = take_names(name, end, what, err);
    return status < 0 ? status : keep_names(pair, name, err);
}

int pair_resolve(const struct pair_wish *pair, int *from, int *to, const poison_data *data,
                 const char *what, poison_error *err)
{
    const char *name[2] = {pair->from, pair->to};
    int label[2];
    for (int k = 0; k < 2; k++) {
        label[k] = label_find_printed(data, name[k]);
        if (label[k] < 0 || !occurs(data, label[k]))
            return poison_fail(err, POISON_EDATA, "%s: the label %.64s occurs nowhere in the data",
                               what, name[k]);
    }
    if (label[0] == label[1])
        return poison_fail(err, POISON_EDATA, "%s: the two labels are the same", what);
    *from = label[0];
    *to = label[1];
    return 0;
}

int poison_pair_parse(int *from, int *to, const char *text, const char **end,
                      const poison_data *data, const char *what, poison_error *err)
{
    pair_names name;
    const char *at = text;
    int status = take_names(name, &at, what, err);
    if (status < 0)
        return status;
    if (data)
        status = pair_resolve(&(struct pair_wish){name[0], name[1]}, from, to, data, what, err);
    else
        *from = *to = -1;
    if (status == 0)
        *end = at;
    return status;
}

/* :COUNT[:STRATEGY], behind the pair of --flip. */
static int take_dose(struct flip_wish *flip, const char *at, const char *what, poison_error *err)
{
    static const char expected[] = "%s: expected FROM:TO:COUNT[:STRATEGY], as in 1:2:100";
    if (*at++ != ':')
        return poison_fail(err, POISON_EUSAGE, expected, what);
    int digit = *at >= '0' && *at <= '9';
    long long count = number(&at, 1LL << 40);
    if (count < 0 && digit && !*at)
        return poison_fail(err, POISON_EUSAGE, "%s: COUNT is too large", what);
    if (count < 0 || (*at && *at != ':'))
        return poison_fail(err, POISON_EUSAGE, expected, what);
    flip->count = (size_t)count;
    flip->strategy = *at ? poison_strategy_parse(at + 1) : POISON_FIRST;
    if (flip->strategy < 0)
        return poison_fail(err, POISON_EUSAGE,
                           "%s: unknown strategy: expected FROM:TO:COUNT[:" STRATEGY_NAMES("|") "]",
                           what);
    return 0;
}

static void say_flip(char what[NAME_MOST], const char *text)
{
    snprintf(what, NAME_MOST, "--flip %s", text);
}

/* Reads all of a flip into *wish, whose pair is then `name`. Labels are -1 where data is NULL. */
static int take_flip(struct flip_wish *wish, pair_names name, int label[2], const char *text,
                     const poison_data *data, poison_error *err)
{
    char what[NAME_MOST];
    const char *at = text;
    int status = 0;
    say_flip(what, text);
    *wish = (struct flip_wish){.pair = {name[0], name[1]}, .text = text};
    label[0] = label[1] = -1;
    if (take_pair(name, &at)) {
        TRY(check_names(name[0], name[1], what, err));
        if (data)
            TRY(pair_resolve(&wish->pair, &label[0], &label[1], data, what, err));
    } else {
        at = text + strlen(text); /* which says what was expected */
    }
    TRY(take_dose(wish, at, what, err));
done:
    return status;
}

int flip_read(struct flip_wish *flip, const char *text, poison_error *err)
{
    pair_names name;
    int label[2], status = take_flip(flip, name, label, text, NULL, err);
    flip->pair = (struct pair_wish){0};
    return status < 0 ? status : keep_names(&flip->pair, name, err);
}

int flip_resolve(const struct flip_wish *wish, poison_flip *flip, const poison_data *data,
                 poison_error *err)
{
    char what[NAME_MOST];
    say_flip(what, wish->text);
    *flip = (poison_flip){.count = wish->count, .strategy = wish->strategy};
    return pair_resolve(&wish->pair, &flip->from, &flip->to, data, what, err);
}

int poison_flip_parse(poison_flip *flip, const char *text, const poison_data *data,
                      poison_error *err)
{
    struct flip_wish wish;
    pair_names name;
    int label[2], status = take_flip(&wish, name, label, text, data, err);
    if (status == 0)
        *flip = (poison_flip){label[0], label[1], wish.count, wish.strategy};
    return status;
}

/* Both labels occur, and as many rows as are to be flipped have the one. */
int poison_flip_check(const poison_flip *flip, const int *labels, const poison_data *data,
                      poison_error *err)
{
    size_t there = 0;
    for (size_t r = 0; r < data->train.n; r++)
        there += labels[r] == flip->from;
    poison_label from = poison_label_quoted(data, flip->from);
    poison_label to = poison_label_quoted(data, flip->to);
    const char *stranger = occurs(data, flip->to) ? NULL : to.text;
    if (!occurs(data, flip->from))
        stranger = from.text;
    if (stranger)
        return poison_fail(err, POISON_EDATA,
                           "flip %s:%s:%zu: the label %s occurs nowhere in the data", from.text,
                           to.text, flip->count, stranger);
    if (there < flip->count)
        return poison_fail(err, POISON_EDATA,
                           "flip %s:%s:%zu: only %zu of the %zu training labels are %s", from.text,
                           to.text, flip->count, there, data->train.n, from.text);
    return 0;
}

int poison_flip_apply(const poison_flip *flip, int *labels, const poison_data *data,
                      poison_error *err)
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

/* ---- flip files ------------------------------------------------------------------------------ */

/* The label of a cell; one of - in quotes has a pair that is not its own. */
static int find_cell(const poison_data *data, char *cell)
{
    size_t length = strlen(cell);
    if (*cell != '"' || !label_is_dash(cell))
        return label_find_printed(data, cell);
    char last = cell[length - 1];
    cell[length - 1] = 0;
    int label = poison_label_find(data, cell + 1);
    cell[length - 1] = last;
    return label;
}

/* One line `row from to` applied; named[row] is set. */
static int read_flip(char *line, int *labels, uint8_t *named, const poison_data *data,
                     const char *place, poison_error *err)
{
    const char *at = line;
    long long row = number(&at, 1LL << 40);
    char *from = row >= 0 && *at == '\t' ? line + (at - line) + 1 : NULL;
    char *to = from ? strchr(from, '\t') : NULL;
    if (!to || strchr(to + 1, '\t') || to == from || !to[1])
        return poison_fail(err, POISON_EDATA,
                           "%s: expected 'row from to', separated by tabs, as in '17 1 2' or "
                           "'17 1 -'",
                           place);
    *to++ = 0;
    int removes = strcmp(to, "-") == 0;
    int a = find_cell(data, from), b = removes ? -1 : find_cell(data, to);
    if ((size_t)row >= data->train.n)
        return poison_fail(err, POISON_EDATA, "%s: row %lld: there are %zu training rows", place,
                           row, data->train.n);
    if (named[row])
        return poison_fail(err, POISON_EDATA, "%s: row %lld is named a second time", place, row);
    if (labels[row] < 0)
        return poison_fail(err, POISON_EDATA, "%s: row %lld is already removed", place, row);
    if (labels[row] != a)
        return poison_fail(err, POISON_EDATA, "%s: row %lld is labelled %s here, not %.64s", place,
                           row, poison_label_name(data, labels[row]).text, from);
    if (a == b)
        return poison_fail(err, POISON_EDATA, "%s: row %lld would stay %.64s: leave it out", place,
                           row, from);
    if (!removes && (b < 0 || !occurs(data, b)))
        return poison_fail(err, POISON_EDATA, "%s: the label %.64s occurs nowhere in the data",
                           place, to);
    named[row] = 1;
    labels[row] = b;
    return 0;
}

/* A header, then a line a row; both with or without a carriage return, comments between them. */
int poison_flips_read(const char *path, int *labels, const poison_data *data,
                      const poison_settings *settings, poison_error *err)
{
    struct input input = INPUT_CLOSED;
    int status = 0, headed = 0;
    char *text = NULL, place[4200];
    size_t length;
    uint8_t *named = poison_take(data->train.n, 1);
    if (!named)
        TRY(poison_fail_memory(err, data->train.n, 1, "the flips"));
    TRY(input_open(&input, path, 1, settings, err));
    TRY(input_take_all(&input, &text, &length, budget_whole(settings), err));
    struct lines lines = {.next = text, .stop = text + length};
    for (char *line; (line = lines_next(&lines, &length));) {
        snprintf(place, sizeof place, "%.4096s:%zu", input.name, lines.number);
        if (strlen(line) < length)
            TRY(poison_fail(err, POISON_EDATA, "%s: a zero byte: this is no text", place));
        if (length && line[length - 1] == '\r')
            line[length - 1] = 0;
        if (strncmp(line, "# ", 2) == 0)
            continue;
        if (!headed && strcmp(line, "row\tfrom\tto") != 0)
            TRY(poison_fail(err, POISON_EDATA,
                            "%s: expected the header 'row from to', separated by tabs", place));
        if (headed)
            TRY(read_flip(line, labels, named, data, place, err));
        headed = 1;
    }
    if (!headed)
        TRY(poison_fail(err, POISON_EDATA, "%s: empty, expected the header 'row from to'",
                        input.name));
done:
    input_close(&input);
    free(text);
    free(named);
    return status;
}

void flips_warn_again(const char *text, const int *before, const int *labels,
                      const poison_data *data, const poison_settings *settings)
{
    size_t again = 0, back = 0;
    const int *given = data->train.y;
    for (size_t r = 0; r < data->train.n; r++)
        if (before[r] != given[r] && labels[r] != before[r]) {
            again++;
            back += labels[r] == given[r];
        }
    if (again)
        poison_warn(settings,
                    "--flip %s: flips follow one another, and %zu of its rows had been flipped "
                    "before; %zu of them are now labelled as they were given",
                    text, again, back);
}
