/* SPDX-License-Identifier: MIT */
/* labels - what labels are called */
#include "labels.h"

#include "base.h"
#include "number.h"
#include "escape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- looking up ------------------------------------------------------------------------------ */

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
    char number[12];
    escape_quoted(out, ESCAPE_LABEL, poison_label_text(data, label, number));
}

poison_label poison_label_quoted(const poison_data *data, int label)
{
    char *text = NULL;
    size_t size;
    FILE *out = poison_text_open(&text, &size);
    if (out)
        poison_label_put(out, data, label);
    int fine = out && fclose(out) == 0;
    poison_label name = fine ? cut(text) : poison_label_name(data, label);
    free(text);
    return name;
}

struct label_names labels_list(const poison_data *data, const uint8_t which[POISON_LABELS])
{
    enum { MOST = 8 };
    struct label_names list = {""};
    size_t length = 0, count = 0;
    for (int v = 0; v < POISON_LABELS; v++)
        if (which[v] && count++ < MOST)
            length += (size_t)snprintf(list.text + length, sizeof list.text - length, "%s%s",
                                       length ? ", " : "", poison_label_name(data, v).text);
    if (count > MOST)
        snprintf(list.text + length, sizeof list.text - length, " and %zu more", count - MOST);
    return list;
}

int poison_label_find(const poison_data *data, const char *name)
{
    double value;
    for (int c = 0; c < data->names; c++)
        if (strcmp(data->name[c], name) == 0)
            return c;
    if (!number_is(name, &value) || (data->names && !data->numbers))
        return -1;
    for (int c = 0; c < data->names; c++)
        if (number_order(data->name[c], name) == 0)
            return c;
    return !data->names && value >= 0 && value < POISON_LABELS && value == floor(value) ? (int)value
                                                                                        : -1;
}

int label_is_dash(const char *name)
{
    size_t quotes = strspn(name, "\"");
    return name[quotes] == '-' && strspn(name + quotes + 1, "\"") == quotes
           && !name[2 * quotes + 1];
}

int label_find_printed(const poison_data *data, const char *text)
{
    for (int c = 0; c < data->names; c++)
        if (escape_prints(data->name[c], text))
            return c;
    for (int c = 0; c < data->names && strncmp(text, "\\x23 ", 5) == 0; c++)
        if (data->name[c][0] == '#' && escape_prints(data->name[c] + 1, text + 4))
            return c; /* a cell that begins a line must not look like a comment */
    return poison_label_find(data, text);
}

int labels_bytes(const poison_data *data, uint8_t *number, poison_error *err)
{
    for (int c = 0; c < POISON_LABELS; c++) {
        double value = c;
        if (c < data->names
            && (!number_is(data->name[c], &value) || value < 0 || value > 255
                || value != floor(value)))
            return poison_fail(err, POISON_EDATA,
                               "label '%s' cannot be written: IDX files hold the numbers 0 to 255 "
                               "only",
                               poison_label_name(data, c).text);
        number[c] = (uint8_t)value;
    }
    return 0;
}

int poison_check_labels(const int *labels, size_t n, int least, poison_error *err)
{
    for (size_t r = 0; r < n; r++)
        if (labels[r] < least || labels[r] >= POISON_LABELS)
            return poison_fail(err, POISON_EDATA, "row %zu has the label %d: labels are 0 to %d%s",
                               r, labels[r], POISON_LABELS - 1,
                               least < 0 ? ", or -1 for a row that is left out" : "");
    return 0;
}

/* ---- the texts of a file --------------------------------------------------------------------- */

static int fail_too_many(poison_error *err)
{
    return poison_fail(err, POISON_EDATA,
                       "more than %d different labels: is the label column the right one "
                       "(--label)?",
                       POISON_LABELS);
}

int book_add(struct book *book, const char *text, size_t length, poison_error *err)
{
    uint32_t *slot = poison_hash_slot(book->slot, 2 * BOOK_MOST - 1,
                                      (const char *const *)book->text, text, length);
    if (*slot)
        return (int)*slot - 1;
    if (book->count == BOOK_MOST)
        return fail_too_many(err);
    char *copy = strndup(text, length);
    if (!copy)
        return poison_fail_memory(err, length, 1, "a label");
    book->text[book->count] = copy;
    *slot = (uint32_t)++book->count;
    return book->count - 1;
}

void book_free(struct book *book)
{
    for (int k = 0; book && k < book->count; k++)
        free(book->text[k]);
    free(book);
}

/* ---- one set of labels ----------------------------------------------------------------------- */

/* A text that occurs. Those that are labels already have source -1, `of` being the label. */
struct spelling {
    const char *text;
    double value;
    int met;        /* when */
    int source, of; /* whose, and its number there */
    int label;
};

static int by_value(const void *a, const void *b)
{
    const struct spelling *s = a, *t = b;
    int order = s->value == t->value ? number_order(s->text, t->text) : 0;
    if (s->value != t->value)
        return s->value < t->value ? -1 : 1;
    return order ? order : s->met - t->met;
}

static int by_bytes(const void *a, const void *b)
{
    const struct spelling *s = a, *t = b;
    int order = strcmp(s->text, t->text); /* as unsigned bytes */
    return order ? order : s->met - t->met;
}

/* An IDX file's labels as a book: number (POISON_LABELS) turns its labels into numbers of texts. */
static int write_book(struct book **book, struct label_source *source, poison_error *err)
{
    int status = 0, number[POISON_LABELS] = {0};
    char text[8];
    *book = poison_take(1, sizeof **book);
    if (!*book)
        return poison_fail_memory(err, 1, sizeof **book, "the labels");
    for (size_t r = 0; r < source->n; r++)
        number[source->y[r]] = 1;
    for (int v = 0; v < POISON_LABELS && status >= 0; v++)
        if (number[v])
            status = number[v] = book_add(*book, text, (size_t)sprintf(text, "%d", v), err);
    for (size_t r = 0; r < source->n && status >= 0; r++)
        source->y[r] = number[source->y[r]];
    source->book = *book;
    return status < 0 ? status : 0;
}

/*
 * Fills `all` with the names there are and every source's texts; whether all of them are numbers.
 */
static int list(struct spelling *all, int *count, const poison_data *data,
                const struct label_source *source, size_t sources)
{
    int numbers = 1;
    *count = 0;
    for (int s = -1; s < (int)sources; s++)
        for (int k = 0; k < (s < 0 ? data->names : source[s].book->count); k++) {
            const char *text = s < 0 ? data->name[k] : source[s].book->text[k];
            struct spelling *spelling = &all[(*count)++];
            *spelling = (struct spelling){.text = text, .met = *count, .source = s, .of = k};
            numbers &= number_is(text, &spelling->value);
        }
    return numbers;
}

/* Gives equal neighbours a label, and name[label] the first spelling. How many; -1: too many. */
static int give_labels(struct spelling *all, int count, int numbers, int names, const char **name)
{
    for (int k = 0; k < count; k++) {
        int same = k > 0
                   && (numbers ? number_order(all[k].text, all[k - 1].text) == 0
                               : strcmp(all[k].text, all[k - 1].text) == 0);
        if (same && all[k].source >= 0) {
            all[k].label = all[k - 1].label;
            continue;
        }
        /* a name that was there is met first */
        all[k].label = all[k].source < 0 ? all[k].of : names++;
        if (all[k].label >= POISON_LABELS)
            return -1;
        name[all[k].label] = all[k].text;
    }
    return names;
}

/* Copies the names to one block: pointers, then their texts; behind them those of `columns` and the
 * labels' column, where there are any. */
static char **block(const char *const *name, int names, char *const *column, int columns)
{
    int all = names + (columns ? columns + 1 : 0);
    size_t bytes = (size_t)all * sizeof *name;
    for (int c = 0; c < all; c++)
        bytes += strlen(c < names ? name[c] : column[c - names]) + 1;
    char **out = poison_take(1, bytes), *to = (char *)(out + all);
    for (int c = 0; out && c < all; c++) {
        out[c] = to;
        to = stpcpy(to, c < names ? name[c] : column[c - names]) + 1;
    }
    return out;
}

int labels_name(poison_data *data, const char *const *name, int names, char *const *column,
                int columns, poison_error *err)
{
    char **all = block(name, names, column, columns);
    if (!all)
        return poison_fail_memory(err, (size_t)names + (size_t)columns, 1, "names");
    free(data->name);
    data->name = all;
    data->names = names;
    data->columns = columns;
    return 0;
}

/*
 * Every text that occurs is listed, sorted (by value or bytes, then in the order they were met),
 * and equal neighbours get one label; then each source's numbers are looked up in `label`,
 * (sources, BOOK_MOST). Sources without a book get one of their numbers, which is freed in the end.
 */
int labels_join(poison_data *data, const struct label_source *given, size_t sources,
                poison_error *err)
{
    enum { SOURCES = 4 };
    struct label_source source[SOURCES];
    struct book *made[SOURCES] = {0};
    struct spelling *all = NULL;
    const char *name[POISON_LABELS] = {0};
    int *label = NULL, status = 0, count = data->names;
    int plain = !data->names;
    for (size_t s = 0; s < sources; s++)
        plain &= !given[s].book;
    if (plain)
        return 0;
    for (size_t s = 0; s < sources; s++) {
        source[s] = given[s];
        if (!source[s].book)
            TRY(write_book(&made[s], &source[s], err));
        count += source[s].book->count;
    }
    all = poison_take((size_t)count, sizeof *all);
    label = poison_take(sources, BOOK_MOST * sizeof *label);
    if (!all || !label)
        TRY(poison_fail_memory(err, (size_t)count, sizeof *all, "the labels"));
    int numbers = list(all, &count, data, source, sources);
    qsort(all, (size_t)count, sizeof *all, numbers ? by_value : by_bytes);
    int names = give_labels(all, count, numbers, data->names, name);
    if (names < 0)
        TRY(fail_too_many(err));
    TRY(labels_name(data, name, names, data->columns ? data->name + data->names : NULL,
                    data->columns, err));
    for (int k = 0; k < count; k++)
        if (all[k].source >= 0)
            label[all[k].source * BOOK_MOST + all[k].of] = all[k].label;
    for (size_t s = 0; s < sources; s++)
        for (size_t r = 0; r < source[s].n; r++)
            source[s].y[r] = label[s * BOOK_MOST + (size_t)source[s].y[r]];
    data->numbers = numbers;
done:
    free(all);
    free(label);
    for (size_t s = 0; s < SOURCES; s++)
        book_free(made[s]);
    return status;
}
