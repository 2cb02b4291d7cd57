/* SPDX-License-Identifier: MIT */
/* text - rows of features in LIBSVM's sparse text, CSV and TSV */
#define _GNU_SOURCE
#include "text.h"

#include "base.h"
#include "number.h"
#include "set.h"
#include "trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOKED_AT = 100, /* lines, for the format; columns, for numbers of rows */
    BLOCK = 64,      /* rows that a thread parses at a time */
    NOT_BYTES = 1    /* a value that is no integer 0..255 */
};

/* Part of a line, without blanks around it and quotes. */
struct field {
    const char *at;
    size_t length;
    int doubled; /* it holds quotes that are written as two */
};

/* ---- characters ------------------------------------------------------------------------------ */

static int is_blank(const struct text *t, char c)
{
    return c == ' ' || (c == '\t' && t->separator != '\t');
}

static const char *skip_blanks(const struct text *t, const char *p, const char *end)
{
    while (p < end && is_blank(t, *p))
        p++;
    return p;
}

static const char *newline(const struct text *t, const char *p)
{
    return memchr(p, '\n', (size_t)(t->bytes + t->length + 1 - p));
}

/* Where a line's contents end: before CR LF, and in LIBSVM's text before a comment. */
static const char *line_end(const struct text *t, const char *p)
{
    const char *end = newline(t, p),
               *comment = t->comments ? memchr(p, '#', (size_t)(end - p)) : NULL;
    if (comment)
        return comment;
    return end > p && end[-1] == '\r' ? end - 1 : end;
}

/* How many lines lie between two places. */
static size_t count_lines(const struct text *t, const char *from, const char *to)
{
    size_t lines = 0;
    for (; (from = newline(t, from)) < to; from++)
        lines++;
    return lines;
}

static size_t line_number(const struct text *t, const char *at)
{
    return 1 + count_lines(t, t->bytes, at);
}

static int is_word(const struct field *f, const char *word)
{
    return strlen(word) == f->length && strncasecmp(f->at, word, f->length) == 0;
}

static int is_any(const struct field *f, const char *const *words)
{
    while (*words && !is_word(f, *words))
        words++;
    return *words != NULL;
}

static const char *const missing[] = {"", "?", "na", "n/a", "null", NULL};
static const char *const nans[] = {"nan", "+nan", "-nan", NULL};
static const char *const infinities[] = {"inf",       "+inf",      "-inf", "infinity",
                                         "+infinity", "-infinity", NULL};
static const char *const label_names[] = {"label", "class", "y", "target", NULL};

/* A field from p on; returns its separator or `end`. NULL: its quotes are wrong. */
static const char *take_field(const struct text *t, const char *p, const char *end, struct field *f,
                              poison_error *err)
{
    p = skip_blanks(t, p, end);
    int quoted = p < end && *p == '"';
    const char *stop = p += quoted;
    *f = (struct field){0};
    if (!quoted) {
        const char *separator = memchr(p, t->separator, (size_t)(end - p));
        stop = separator ? separator : end;
    }
    while (quoted) {
        stop = memchr(stop, '"', (size_t)(end - stop));
        if (!stop) {
            poison_fail(err, POISON_EDATA, "a quoted field does not end on its line");
            return NULL;
        }
        if (stop + 1 == end || stop[1] != '"')
            break;
        f->doubled = 1;
        stop += 2;
    }
    const char *next = quoted ? skip_blanks(t, stop + 1, end) : stop;
    if (next < end && *next != t->separator) {
        poison_fail(err, POISON_EDATA, "a quoted field is followed by '%.*s'",
                    (int)(end - next < 20 ? end - next : 20), next);
        return NULL;
    }
    f->at = skip_blanks(t, p, stop);
    while (stop > f->at && is_blank(t, stop[-1]))
        stop--;
    f->length = (size_t)(stop - f->at);
    return next;
}

static int is_number(const struct field *f, double *value)
{
    return f->length && number_read(f->at, f->at + f->length, value) == f->at + f->length;
}

/* Field k of a line; empty where the line ends before. */
static struct field field_of(const struct text *t, const char *p, int k)
{
    const char *end = line_end(t, p);
    struct field f = {0};
    for (int at = 0; at <= k; at++, p++)
        if (!(p = take_field(t, p, end, &f, NULL)) || (p == end && at < k))
            return (struct field){0};
    return f;
}

/* ---- what is wrong --------------------------------------------------------------------------- */

static int shown(size_t length)
{
    return length < 20 ? (int)length : 20;
}

/* Field k of the header, or an empty one. */
static struct field column_name(const struct text *t, int k)
{
    return t->header ? field_of(t, t->header, k) : (struct field){0};
}

/* `number` is a field's from 1, or an index. */
static int fail_value(const struct text *t, int number, const struct field *f, poison_error *err)
{
    char place[80];
    struct field name = t->libsvm ? (struct field){0} : column_name(t, number - 1);
    snprintf(place, sizeof place, name.length ? "%s %d (%.*s)" : "%s %d",
             t->libsvm ? "feature" : "field", number, shown(name.length), name.at);
    double value;
    if (t->header && !f->length && !name.length && number == t->columns)
        return poison_fail(err, POISON_EDATA,
                           "%s is empty and without a name, as where every line ends with a "
                           "separator: take that away, as by sed 's/%c$//'",
                           place, t->separator);
    if (is_any(f, missing))
        return poison_fail(err, POISON_EDATA,
                           "%s is missing ('%.*s'): fill missing values in, or leave such rows out",
                           place, (int)f->length, f->at);
    if (is_any(f, nans))
        return poison_fail(err, POISON_EDATA,
                           "%s is NaN: fill missing values in, or leave such rows out", place);
    if (is_any(f, infinities))
        return poison_fail(err, POISON_EDATA, "%s is infinite", place);
    if (is_number(f, &value))
        return poison_fail(err, POISON_EDATA, "%s: '%.*s' is too large for a double", place,
                           shown(f->length), f->at);
    poison_fail(err, POISON_EDATA, "%s: '%.*s' is not a number", place, shown(f->length), f->at);
    if (t->guessed) {
        size_t length = strlen(err->text);
        snprintf(err->text + length, sizeof err->text - length, " (if it is the label: --label %d)",
                 number);
    }
    return POISON_EDATA;
}

/* How many fields a line has. */
static int count_fields(const struct text *t, const char *p, poison_error *err)
{
    const char *end = line_end(t, p);
    struct field f;
    for (int fields = 1;; fields++, p++) {
        if (!(p = take_field(t, p, end, &f, err)))
            return POISON_EDATA;
        if (p == end || fields > MOST_FEATURES)
            return fields;
    }
}

static int fail_ragged(const struct text *t, const char *line, poison_error *err)
{
    int fields = count_fields(t, line, err);
    if (fields < 0)
        return fields;
    return poison_fail(err, POISON_EDATA, "%d field%s, expected %d", fields,
                       fields == 1 ? "" : "s", t->columns);
}

/* ---- one row --------------------------------------------------------------------------------- */

/* Where the values of a row go: one of x and v is NULL. */
struct row {
    uint8_t *x;
    double *v;
    struct field label;
};

static inline int store(struct row *row, int column, double value)
{
    if (row->v) {
        row->v[column] = value;
        return 0;
    }
    if (!(value >= 0 && value <= 255))
        return NOT_BYTES;
    row->x[column] = (uint8_t)value;
    return row->x[column] == value ? 0 : NOT_BYTES;
}

/* A finite number's end, or NULL. Most are one to three digits; a line's end is none. */
static inline const char *quick(const char *p, const char *end, double *value)
{
    unsigned digit = (unsigned char)p[0] - (unsigned)'0', number = digit;
    const char *q = p;
    while (digit <= 9 && q < p + 3) {
        number = q == p ? digit : number * 10 + digit;
        q++;
        digit = (unsigned char)q[0] - (unsigned)'0';
    }
    if (q > p && digit > 9 && *q != '.' && (*q | 32) != 'e') {
        *value = number;
        return q;
    }
    q = number_read(p, end, value);
    return q && isfinite(*value) ? q : NULL;
}

static inline int is_left_out(const struct text *t, int k)
{
    return t->place && t->place[k] < 0;
}

/* A row of CSV or TSV: `quick` reads most fields, take_field what may be quoted, and the label. */
static int parse_fields(const struct text *t, const char *line, struct row *row, poison_error *err)
{
    const char *p = line, *end = line_end(t, line);
    int column = 0, k = 0;
    for (;; k++, p++) {
        struct field f;
        double value;
        if (k == t->columns)
            return fail_ragged(t, line, err);
        const char *q = k == t->label ? NULL : quick(p, end, &value);
        if (q && (q == end || *q == t->separator)) {
            p = q;
        } else {
            if (!(p = take_field(t, p, end, &f, err)))
                return POISON_EDATA;
            if (k == t->label)
                row->label = f;
            else if (!is_left_out(t, k)
                     && (!is_number(&f, &value) || !isfinite(value)))
                return fail_value(t, k + 1, &f, err);
        }
        if (k != t->label && !is_left_out(t, k)
            && store(row, t->place ? t->place[k] : column++, value))
            return NOT_BYTES;
        if (p == end)
            break;
    }
    if (k + 1 != t->columns)
        return fail_ragged(t, line, err);
    if (t->label >= 0 && !row->label.length)
        return poison_fail(err, POISON_EDATA, "the label (field %d) is missing", t->label + 1);
    return 0;
}

static const char *token_end(const char *p, const char *end)
{
    while (p < end && *p != ' ' && *p != '\t')
        p++;
    return p;
}

/* The index before a colon, which *colon becomes; -1: it is none. */
static int64_t read_index(const char *p, const char **colon)
{
    int64_t index = 0;
    const char *q = p;
    for (; (unsigned char)(*q - '0') <= 9; q++)
        index = index < MOST_FEATURES * 2 ? index * 10 + (*q - '0') : index;
    *colon = q;
    return q > p && *q == ':' ? index : -1;
}

/* A token that is no index:value in order */
static int fail_token(const struct text *t, const char *p, const char *end, int64_t before,
                      poison_error *err)
{
    const char *stop = token_end(p, end), *colon;
    int64_t index = read_index(p, &colon);
    size_t length = (size_t)(stop - p);
    if (length > 4 && strncmp(p, "qid:", 4) == 0)
        return poison_fail(err, POISON_EDATA, "'%.*s': queries (for ranking) are not served",
                           shown(length), p);
    if (index < 0)
        return poison_fail(err, POISON_EDATA,
                           "'%.*s': expected INDEX:VALUE, the index a whole number", shown(length),
                           p);
    if (index - t->base >= MOST_FEATURES)
        return poison_fail(err, POISON_EDATA, "'%.*s': more than %d features", shown(length), p,
                           MOST_FEATURES);
    if (index <= before)
        return poison_fail(err, POISON_EDATA, "index %d after %d: indices must ascend", (int)index,
                           (int)before);
    return fail_value(t, (int)index, &(struct field){colon + 1, (size_t)(stop - colon - 1), 0},
                      err);
}

/* Where a line's features begin: after its label, if it has one. */
static const char *skip_label(const struct text *t, const char *p, const char *end,
                              struct field *label)
{
    p = skip_blanks(t, p, end);
    const char *stop = token_end(p, end);
    if (t->label < 0 && memchr(p, ':', (size_t)(stop - p)))
        return p;
    *label = (struct field){p, (size_t)(stop - p), 0};
    return skip_blanks(t, stop, end);
}

/* A row of LIBSVM's text: a label, then index:value in ascending order; what is not there is 0,
 * also where the label stands alone. */
static int parse_tokens(const struct text *t, const char *line, struct row *row, poison_error *err)
{
    const char *end = line_end(t, line), *p = skip_label(t, line, end, &row->label), *colon;
    int64_t before = -1;
    if (t->label >= 0 && memchr(row->label.at, ':', row->label.length))
        return poison_fail(err, POISON_EDATA, "the label is missing before '%.*s'",
                           shown(row->label.length), row->label.at);
    if (row->x)
        memset(row->x, 0, (size_t)t->d);
    else
        memset(row->v, 0, (size_t)t->d * sizeof *row->v);
    for (; p < end; p = skip_blanks(t, p, end)) {
        double value;
        int64_t index = read_index(p, &colon);
        if (index <= before || index - t->base >= MOST_FEATURES)
            return fail_token(t, p, end, before, err);
        const char *q = quick(colon + 1, end, &value);
        if (!q || (q < end && *q != ' ' && *q != '\t'))
            return fail_token(t, p, end, before, err);
        /* else the line's last index is less */
        if (index - t->base < t->d && store(row, (int)(index - t->base), value))
            return NOT_BYTES;
        before = index;
        p = q;
    }
    return 0;
}

static int refuse_null(const struct text *t, const char *line, poison_error *err)
{
    return memchr(line, 0, (size_t)(newline(t, line) - line))
               ? poison_fail(err, POISON_EDATA, "a NUL byte: is this text, and not in UTF-16?")
               : 0;
}

/* Row r. NOT_BYTES, or POISON_EDATA with a sentence that lacks the place. */
static int parse_row(const struct text *t, size_t r, struct row *row, poison_error *err)
{
    const char *line = t->bytes + t->row[r];
    int status = t->libsvm ? parse_tokens(t, line, row, err) : parse_fields(t, line, row, err);
    if ((status < 0 || (row->label.length && memchr(row->label.at, 0, row->label.length)))
        && refuse_null(t, line, err) < 0)
        return POISON_EDATA;
    return status;
}

/* ---- layout ---------------------------------------------------------------------------------- */

int text_take(struct text *t, struct input *s, struct budget budget, poison_error *err)
{
    *t = (struct text){.name = s->name, .budget = budget};
    return input_take_all(s, &t->bytes, &t->length, budget, err);
}

void text_close(struct text *t)
{
    free(t->bytes);
    free(t->row);
    free(t->place);
    *t = (struct text){0};
}

/* Blank lines, and those that begin with "# ". */
static int is_skipped(const struct text *t, const char *p)
{
    if (*p > '#' || (p[0] == '#' && p[1] != ' ' && !t->libsvm))
        return 0;
    if (*p == '#')
        return 1;
    const char *end = line_end(t, p);
    return skip_blanks(t, p, end) == end;
}

/* A token `digits:` after the first one, and nothing in it that separates fields */
static int looks_like_libsvm(const char *p, const char *end)
{
    for (p = token_end(p, end); p < end; p = token_end(p, end)) {
        const char *colon;
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        int64_t index = read_index(p, &colon);
        for (const char *stop = token_end(p, end); index >= 0; colon++)
            if (colon == stop)
                return 1;
            else if (*colon == ',' || *colon == ';' || *colon == '"')
                return 0;
    }
    return 0;
}

/* Format and separator, by what is asked for or by the first lines. */
static void find_format(struct text *t, const char *begin, int format)
{
    const char *first = NULL, *stop = t->bytes + t->length;
    t->libsvm = format == POISON_READ_LIBSVM;
    t->separator = format == POISON_READ_TSV ? '\t' : ',';
    int lines = 0;
    for (const char *p = begin; p < stop && lines < LOOKED_AT; p = newline(t, p) + 1) {
        if (is_skipped(t, p))
            continue;
        first = first ? first : p;
        lines++;
        if (format == POISON_READ_AUTO && looks_like_libsvm(p, newline(t, p)))
            t->libsvm = 1;
    }
    if (t->libsvm) {
        t->separator = 0;
        t->comments = memchr(t->bytes, '#', t->length) != NULL;
    } else if (first) {
        size_t length = (size_t)(newline(t, first) - first);
        if (format == POISON_READ_AUTO && memchr(first, '\t', length))
            t->separator = '\t';
        else if (t->separator == ',' && !memchr(first, ',', length) && memchr(first, ';', length))
            t->separator = ';';
    }
}

/* Where each row begins. */
static int find_rows(struct text *t, const char *begin, poison_error *err)
{
    const char *stop = t->bytes + t->length;
    for (size_t room = 0; begin < stop; begin = newline(t, begin) + 1) {
        if (is_skipped(t, begin))
            continue;
        if (t->rows == room) {
            room = room ? 2 * room : 1024;
            size_t bytes = t->length + room * sizeof *t->row;
            if (bytes > t->budget.left)
                return budget_fail(t->budget, (double)bytes, err,
                                   "%s: the text of more than %zu rows takes", t->name, t->rows);
            size_t *larger = realloc(t->row, room * sizeof *t->row);
            if (!larger)
                return poison_fail_memory(err, room, sizeof *t->row, t->name);
            t->row = larger;
        }
        t->row[t->rows++] = (size_t)(begin - t->bytes);
    }
    return t->rows ? 0 : poison_fail(err, POISON_EDATA, "%s: the file holds no rows", t->name);
}

/* The greatest index in a line, and whether the least is 0. */
static int64_t last_index(const struct text *t, const char *line, int *zero)
{
    struct field label;
    const char *end = line_end(t, line), *p = skip_label(t, line, end, &label), *colon;
    *zero = read_index(p, &colon) == 0;
    while (end > p && *end != ':')
        end--;
    while (end > p && (unsigned char)(end[-1] - '0') <= 9)
        end--;
    return read_index(end, &colon);
}

/* LIBSVM: the features of the whole file, so that gamma does not depend on the rows in use. */
static void find_width(struct text *t)
{
    int64_t greatest = 0;
    t->base = 1;
    for (size_t r = 0; r < t->rows; r++) {
        int zero;
        int64_t last = last_index(t, t->bytes + t->row[r], &zero);
        t->base = zero ? 0 : t->base;
        /* larger ones are an error where they are used */
        if (last > greatest && last <= MOST_FEATURES)
            greatest = last;
    }
    greatest -= t->base;
    t->d = (int)(greatest < MOST_FEATURES ? greatest + 1 : MOST_FEATURES);
}

/* The column that is called so; the case matters not where it is one of our own names. */
static int find_name(const struct text *t, const char *line, const char *name, int exact)
{
    const char *p = line, *end = line_end(t, line);
    struct field f;
    for (int k = 0;; k++, p++) {
        if (!(p = take_field(t, p, end, &f, NULL)))
            return -1;
        if (exact ? strlen(name) == f.length && memcmp(f.at, name, f.length) == 0
                  : is_word(&f, name))
            return k;
        if (p == end)
            return -1;
    }
}

static int find_label_name(const struct text *t, const char *line)
{
    int k = -1;
    for (const char *const *name = label_names; k < 0 && *name; name++)
        k = find_name(t, line, *name, 0);
    return k;
}

/* Whether --label is a column's name. */
static int is_name(const char *label)
{
    return label && label[strspn(label, "0123456789")] && strcmp(label, "first") != 0
           && strcmp(label, "last") != 0 && strcmp(label, "none") != 0;
}

/* Whether a line is a header: most of its fields are words, or one names the label column. Where
 * that is all and the others are numbers, they must count the columns (y 0 1 2 ...): else y may
 * well be a label, and not its name. */
static int is_header(const struct text *t, const char *line, const char *label)
{
    const char *p = line, *end = line_end(t, line);
    int fields = 0, words = 0, counting = 1, named = find_label_name(t, line);
    double value, before = NAN;
    if (is_name(label) && find_name(t, line, label, 1) >= 0)
        return 1;
    for (;; p++) {
        struct field f;
        if (!(p = take_field(t, p, end, &f, NULL)))
            return 0;
        int number = is_number(&f, &value);
        words += !number && !is_any(&f, missing) && !is_any(&f, nans);
        if (number) {
            counting &= isnan(before) || value == before + 1;
            before = value;
        }
        fields++;
        if (p == end)
            break;
    }
    return 2 * words > fields || (named >= 0 && (words > 1 || counting));
}

/* A few of the columns' names: "a, b, c, ..." */
static void list_names(const struct text *t, char *text, size_t room)
{
    enum { NAMED = 8 };
    size_t length = 0;
    for (int k = 0; k < t->columns && k < NAMED; k++) {
        struct field f = column_name(t, k);
        length += (size_t)snprintf(text + length, room - length, "%s%.*s", k ? ", " : "",
                                   shown(f.length), f.at);
    }
    if (t->columns > NAMED)
        snprintf(text + length, room - length, ", ... (%d in all)", t->columns);
}

/* All fields of the header, or empty ones. free() them. */
static struct field *take_titles(const struct text *t, poison_error *err)
{
    struct field *title = poison_take((size_t)t->columns, sizeof *title);
    const char *p = t->header, *end = p ? line_end(t, p) : NULL;
    if (!title)
        poison_fail_memory(err, (size_t)t->columns, sizeof *title, "the columns' names");
    for (int k = 0; title && p && k < t->columns; k++, p++)
        if (!(p = take_field(t, p, end, &title[k], err)) || p == end)
            break;
    return title;
}

/* A name's text, cut to fit, its doubled quotes halved. */
static size_t copy_title(char *to, size_t room, const struct field *f)
{
    size_t length = 0;
    for (size_t i = 0; i < f->length && length + 1 < room; i++) {
        to[length++] = f->at[i];
        i += f->doubled && f->at[i] == '"';
    }
    to[length] = 0;
    return length;
}

static int is_called(const struct field *f, const char *name)
{
    for (size_t i = 0; i < f->length; i++, name++) {
        if (*name != f->at[i])
            return 0;
        i += f->doubled && f->at[i] == '"';
    }
    return !*name;
}

static int find_title(const struct field *title, int columns, const char *name)
{
    for (int k = 0; k < columns; k++)
        if (is_called(&title[k], name))
            return k;
    return -1;
}

static int is_expected(const struct text_wish *wish, const struct field *f)
{
    int k = 0;
    while (k < wish->names && !is_called(f, wish->name[k]))
        k++;
    return k < wish->names;
}

static struct field field_of_row(const struct text *t, size_t r, int k)
{
    return field_of(t, t->bytes + t->row[r], k);
}

/* Whether a column's values are 0, 1, 2, ... or 1, 2, 3, ... */
static int is_counting(const struct text *t, int k)
{
    double value, first = 0;
    for (size_t r = 0; r < t->rows; r++) {
        struct field f = field_of_row(t, r, k);
        if (!is_number(&f, &value) || (r ? value != first + (double)r : value != 0 && value != 1))
            return 0;
        first = r ? first : value;
    }
    return 1;
}

/* Names that writers of tables give to the column of row names */
static int is_unnamed(const struct field *f)
{
    return !f->length || is_word(f, "Unnamed: 0");
}

static int ascending(const void *a, const void *b)
{
    double s = *(const double *)a, t = *(const double *)b;
    return (s > t) - (s < t);
}

/* Whether the first column has no name, and a whole number for each row that no other has: so the
 * rows are numbered, in this order or mixed. */
static int find_numbers(struct text *t, const struct field *title, poison_error *err)
{
    int numbers = t->header && t->rows > 1 && is_unnamed(title);
    double *value = numbers ? poison_take(t->rows, sizeof *value) : NULL;
    if (!numbers)
        return 0;
    if (!value)
        return poison_fail_memory(err, t->rows, sizeof *value, "the first column");
    for (size_t r = 0; r < t->rows && numbers; r++) {
        struct field f = field_of_row(t, r, 0);
        numbers = is_number(&f, &value[r]) && value[r] >= 0 && value[r] == floor(value[r]);
    }
    if (numbers)
        qsort(value, t->rows, sizeof *value, ascending);
    for (size_t r = 1; r < t->rows && numbers; r++)
        numbers = value[r] != value[r - 1];
    free(value);
    t->numbered = numbers;
    return 0;
}

/* Whether field 0 speaks against being the label: it has no name, decimals, or too many values. */
static int first_is_none(const struct text *t, const struct field *title, poison_error *err)
{
    static const char *const classes[] = {"quality", "species", "category", "type", "diagnosis",
        "outcome", "labels", "classes", "targets", "digit", "variety", NULL};
    int none = is_unnamed(title) || is_any(&title[t->columns - 1], classes), status = 0;
    struct book *book = none ? NULL : poison_take(1, sizeof *book);
    if (!none && !book)
        return poison_fail_memory(err, 1, sizeof *book, "the labels");
    for (size_t r = 0; r < t->rows && !none; r++) {
        double value;
        struct field f = field_of_row(t, r, 0);
        if (f.length && memchr(f.at, 0, f.length))
            break; /* who reads the rows will say so */
        TRY(book_add(book, f.at ? f.at : "", f.length, err));
        none = status >= POISON_LABELS || (is_number(&f, &value) && value != floor(value));
    }
    status = none;
done:
    book_free(book);
    return status;
}

/* No header's name says which field is the label: the first, if nothing speaks against it. */
static int guess_label(struct text *t, const struct field *title, poison_error *err)
{
    char names[400];
    int status = t->header ? first_is_none(t, title, err) : 0;
    t->label = 0;
    t->guessed = 1;
    if (status <= 0)
        return status;
    list_names(t, names, sizeof names);
    return poison_fail(err, POISON_EDATA,
                       "%s: no column is called label, class, y or target: --label says which one "
                       "holds the labels (there are %s)",
                       t->name, names);
}

/* Which field is the label; -1: none. */
static int find_label(struct text *t, const struct text_wish *wish, const struct field *title,
                      poison_error *err)
{
    char names[400];
    const char *label = wish->label;
    long number = label ? strtol(label, NULL, 10) : 0;
    t->label = -1;
    if (!label && t->header && wish->names && *wish->name[wish->names])
        t->label = find_title(title, t->columns, wish->name[wish->names]);
    if (t->label < 0 && !label && t->header)
        t->label = find_label_name(t, t->header);
    if (!label && t->label >= 0 && is_expected(wish, &title[t->label]))
        t->label = -1;
    if (t->label >= 0 || (!label && wish->features && t->columns - t->numbered == wish->features)
        || (!label && wish->names && t->header) || (label && strcmp(label, "none") == 0))
        return 0;
    if (!label)
        return guess_label(t, title, err);
    if (strcmp(label, "first") == 0)
        t->label = 0;
    else if (strcmp(label, "last") == 0)
        t->label = t->columns - 1;
    else if (is_name(label) && !t->header)
        return poison_fail(err, POISON_EDATA,
                           "%s: no column is called '%.60s': the first line holds values, no names",
                           t->name, label);
    else if (is_name(label))
        t->label = find_title(title, t->columns, label);
    else
        t->label = number >= 1 && number <= t->columns ? (int)number - 1 : -1;
    if (t->label >= 0)
        return 0;
    if (!is_name(label))
        return poison_fail(err, POISON_EDATA, "%s: --label %.20s: there are %d columns, from 1",
                           t->name, label, t->columns);
    list_names(t, names, sizeof names);
    return poison_fail(err, POISON_EDATA, "%s: no column is called '%.60s': there are %s", t->name,
                       label, names);
}

/* ---- which columns are features -------------------------------------------------------------- */

enum { KEPT = 1, DROPPED = 2 };

/* Marks the columns of a list, by name or by number from 1. */
static int mark(const struct text *t, const struct field *title, char *marks, const char *list,
                int with, const struct text_wish *wish, poison_error *err)
{
    const struct text words = {.separator = ','};
    const char *what = with == KEPT ? "--keep" : "--drop", *p = list, *end = p + strlen(p);
    char name[256];
    for (;; p++) {
        struct field f;
        if (!(p = take_field(&words, p, end, &f, NULL)))
            return poison_fail(err, POISON_EUSAGE, "%s %.60s: a quoted name does not end", what,
                               list);
        copy_title(name, sizeof name, &f);
        int k = t->header ? find_title(title, t->columns, name) : -1;
        if (k < 0 && !name[strspn(name, "0123456789")] && strtol(name, NULL, 10) <= t->columns)
            k = atoi(name) - 1;
        if (k < 0 && !wish->names)
            return poison_fail(err, POISON_EDATA, "%s: %s %s: there is no such column", t->name,
                               what, name);
        if (k >= 0 && k == t->label)
            return poison_fail(err, POISON_EDATA, "%s: %s %s: this column holds the labels",
                               t->name, what, name);
        if (k >= 0)
            marks[k] = (char)with;
        if (p == end)
            return 0;
    }
}

/* A few names between commas, behind what is there. */
static void add_name(char *list, size_t room, int count, const char *name, int length)
{
    enum { NAMED = 6 };
    size_t at = strlen(list);
    if (count < NAMED)
        snprintf(list + at, room - at, "%s'%.*s'", count ? ", " : "", length < 40 ? length : 40,
                 name);
    else if (count == NAMED)
        snprintf(list + at, room - at, ", ...");
}

static int fail_columns(const struct text *t, const struct text_wish *wish,
                        const struct field *title, const char *marks, poison_error *err)
{
    char lacks[400] = "", more[400] = "";
    int few = 0, many = 0;
    for (int f = 0; f < wish->names; f++)
        if (find_title(title, t->columns, wish->name[f]) < 0)
            add_name(lacks, sizeof lacks, few++, wish->name[f], (int)strlen(wish->name[f]));
    for (int k = 0; k < t->columns; k++)
        if (k != t->label && marks[k] != DROPPED && !is_expected(wish, &title[k]))
            add_name(more, sizeof more, many++, title[k].at, (int)title[k].length);
    if (!few)
        return poison_fail(err, POISON_EDATA,
                           "%s: %s has no column %s: --drop leaves columns out, --label names that "
                           "of the labels",
                           t->name, wish->whose, more);
    return poison_fail(err, POISON_EDATA, "%s: no column %s, which %s has%s%s", t->name, lacks,
                       wish->whose, many ? "; it has instead " : "", more);
}

/* Each field gets the place of the feature that has its name. */
static int match_names(struct text *t, const struct text_wish *wish, const struct field *title,
                       const char *marks, poison_error *err)
{
    size_t mask = 15;
    int found = 0, status = 0;
    while (mask < 2 * (size_t)wish->names)
        mask = 2 * mask + 1;
    uint32_t *slot = poison_take(mask + 1, sizeof *slot);
    char *used = poison_take((size_t)wish->names + 1, 1);
    char *text = poison_take(t->length + 1, 1);
    if (!slot || !used || !text)
        TRY(poison_fail_memory(err, mask + 1, sizeof *slot, "the columns' names"));
    for (int f = 0; f < wish->names; f++) {
        uint32_t *at = poison_hash_slot(slot, mask, (const char *const *)wish->name, wish->name[f],
                                        strlen(wish->name[f]));
        *at = *at ? *at : (uint32_t)f + 1; /* the first of names that stand there twice */
    }
    for (int k = 0, next = 0; k < t->columns; k++) {
        size_t length = copy_title(text, t->length + 1, &title[k]);
        t->place[k] = -1;
        if (k == t->label || marks[k] == DROPPED)
            continue;
        int same = next < wish->names && is_called(&title[k], wish->name[next]);
        int f = same ? next
                     : (int)*poison_hash_slot(slot, mask, (const char *const *)wish->name, text,
                                              length) - 1;
        if (f < 0 && k == 0 && is_unnamed(title))
            continue; /* row numbers */
        if (f < 0)
            TRY(fail_columns(t, wish, title, marks, err));
        if (used[f])
            TRY(poison_fail(err, POISON_EDATA, "%s: two columns are called '%.60s'", t->name,
                            text));
        used[f] = 1;
        t->place[k] = f;
        next = f + 1;
        found++;
    }
    t->d = wish->names;
    if (found < wish->names)
        TRY(fail_columns(t, wish, title, marks, err));
done:
    free(slot);
    free(used);
    free(text);
    return status;
}

/* What looks like row numbers is left out, if it has no name; else there is a note. */
static void leave_out(struct text *t, const struct field *title, char *marks)
{
    enum { SURELY = 10 }; /* rows */
    if (t->numbered && t->label != 0 && !marks[0] && t->d > 1) {
        marks[0] = DROPPED;
        snprintf(t->note, sizeof t->note,
                 "%.200s: the first column has no name and numbers the rows: it is left out "
                 "(--keep 1 takes it)",
                 t->name);
    }
    for (int k = 0; t->header && k < t->columns && k < LOOKED_AT && t->rows >= SURELY; k++)
        if (k != t->label && !marks[k] && !*t->note && is_counting(t, k))
            snprintf(t->note, sizeof t->note,
                     "%.200s: column '%.*s' counts the rows: --drop leaves it out, --keep takes it "
                     "without a word",
                     t->name, shown(title[k].length), title[k].at);
}

/* Fills t->place, where fields are not simply the features in their order, and t->d. */
static int find_features(struct text *t, const struct text_wish *wish, const struct field *title,
                         poison_error *err)
{
    int status = 0, left = 0;
    char *marks = poison_take((size_t)t->columns, 1);
    t->place = poison_take((size_t)t->columns, sizeof *t->place);
    if (!marks || !t->place)
        TRY(poison_fail_memory(err, (size_t)t->columns, sizeof *t->place, "the columns"));
    if (wish->keep)
        TRY(mark(t, title, marks, wish->keep, KEPT, wish, err));
    if (wish->drop)
        TRY(mark(t, title, marks, wish->drop, DROPPED, wish, err));
    if (wish->names && t->header) {
        TRY(match_names(t, wish, title, marks, err));
        goto done;
    }
    leave_out(t, title, marks);
    for (int k = 0; k < t->columns; k++) {
        left += marks[k] == DROPPED;
        t->place[k] = k == t->label || marks[k] == DROPPED
                          ? -1
                          : k - left - (t->label >= 0 && k > t->label);
    }
    t->d -= left;
    if (left)
        goto done;
    free(t->place);
    t->place = NULL;
done:
    free(marks);
    return status;
}

/* A comment above the rows that names as many columns as they have: "# a,b,label" */
static const char *noted_header(const struct text *t, const char *begin, const char *label)
{
    if (begin[0] != '#' || begin[1] != ' ')
        return NULL;
    const char *at = skip_blanks(t, begin + 1, line_end(t, begin));
    int fields = count_fields(t, at, NULL);
    return fields > 1 && fields == count_fields(t, t->bytes + t->row[0], NULL)
                   && is_header(t, at, label)
               ? at
               : NULL;
}

/* Header, fields a row, and what each is; row[0] is then the first row of values. */
static int find_columns(struct text *t, const char *begin, const struct text_wish *wish,
                        poison_error *err)
{
    const char *line = t->bytes + t->row[0];
    struct field *title = NULL;
    poison_error why;
    int status;
    if (is_header(t, line, wish->label)) {
        t->header = line;
        memmove(t->row, t->row + 1, --t->rows * sizeof *t->row);
        if (!t->rows)
            return poison_fail(err, POISON_EDATA, "%s:%zu: a header, and no rows after it", t->name,
                               line_number(t, line));
    } else {
        t->header = noted_header(t, begin, wish->label);
    }
    t->columns = refuse_null(t, line, &why) < 0 ? POISON_EDATA : count_fields(t, line, &why);
    if (t->columns < 0)
        return poison_fail(err, POISON_EDATA, "%s:%zu: %.200s", t->name, line_number(t, line),
                           why.text);
    title = take_titles(t, err);
    if (!title)
        return POISON_ENOMEM;
    TRY(find_numbers(t, title, err));
    TRY(find_label(t, wish, title, err));
    t->d = t->columns - (t->label >= 0);
    t->base = 1;
    if (t->d)
        TRY(find_features(t, wish, title, err));
    if (t->d == 0)
        TRY(poison_fail(err, POISON_EDATA,
                        t->columns > 1
                            ? "%s:%zu: all columns are left out"
                            : "%s:%zu: a label alone: the file has one column only (fields are "
                              "separated by tabs, commas or semicolons)",
                        t->name, line_number(t, line)));
    if (t->d > MOST_FEATURES)
        TRY(poison_fail(err, POISON_EDATA, "%s: more than %d columns", t->name, MOST_FEATURES));
done:
    free(title);
    return status;
}

/* Names in the order of the features, in one block with their texts. */
int text_names(const struct text *t, char ***name, int *names, poison_error *err)
{
    size_t size = 1;
    *name = NULL;
    *names = 0;
    if (!t->header || t->libsvm)
        return 0;
    struct field *title = take_titles(t, err);
    if (!title)
        return POISON_ENOMEM;
    for (int k = 0; k < t->columns; k++)
        size += title[k].length + 1;
    *name = poison_take(1, ((size_t)t->d + 1) * sizeof **name + size);
    char *to = *name ? (char *)(*name + t->d + 1) : NULL;
    for (int k = 0, column = 0; to && k < t->columns; k++) {
        if (k != t->label && is_left_out(t, k))
            continue;
        int place = t->place ? t->place[k] : column;
        (*name)[k == t->label ? t->d : place] = to;
        column += k != t->label;
        to += copy_title(to, size, &title[k]) + 1;
    }
    if (to && t->label < 0)
        (*name)[t->d] = to; /* an empty one */
    *names = to ? t->d : 0;
    free(title);
    return to ? 0 : poison_fail_memory(err, size, 1, "the columns' names");
}

/* Format, rows, and columns: LIBSVM's text has no names of these. */
int text_layout(struct text *t, const struct text_wish *wish, poison_error *err)
{
    const char *begin = t->bytes, *label = wish->label;
    int status = 0;
    if (t->length >= 3 && memcmp(begin, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark */
        begin += 3;
    find_format(t, begin, wish->format);
    TRY(find_rows(t, begin, err));
    if (!t->libsvm)
        return find_columns(t, begin, wish, err);
    t->label = label && strcmp(label, "none") == 0 ? -1 : 0;
    if (label && t->label == 0 && strcmp(label, "first") != 0 && strcmp(label, "1") != 0)
        return poison_fail(err, POISON_EDATA,
                           "%s: --label %.60s: in LIBSVM's text the label is always first", t->name,
                           label);
    find_width(t);
done:
    return status;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The rows that are wanted, of one kind of feature. The error is that of the first line, whichever
 * thread came first. */
static int parse_rows(const struct text *t, poison_set *head, poison_set *tail, struct field *label,
                      const poison_settings *settings, poison_error *err)
{
    size_t n = head->n + tail->n, d = (size_t)t->d, bad = n;
    int other = 0;
    poison_error first;
    trace_room(settings->trace, n / BLOCK + 1);
#pragma omp parallel for schedule(dynamic) num_threads(settings->threads)
    for (size_t b = 0; b < n; b += BLOCK) {
        double begun = trace_begin(settings->trace);
        poison_error why;
        for (size_t k = b; k < n && k < b + BLOCK; k++) {
            size_t r = k < head->n ? k : t->rows - n + k, limit;
            int stop;
#pragma omp atomic read
            limit = bad;
#pragma omp atomic read
            stop = other;
            if (k > limit || stop || poison_cancelled(settings))
                break;
            poison_set *set = k < head->n ? head : tail;
            size_t at = (k < head->n ? k : k - head->n) * d;
            struct row row = {set->x ? set->x + at : NULL, set->v ? set->v + at : NULL, {0}};
            int status = parse_row(t, r, &row, &why);
            label[k] = row.label;
            if (status == NOT_BYTES) {
#pragma omp atomic write
                other = 1;
            }
            if (status < 0) {
#pragma omp critical
                if (k < bad) {
#pragma omp atomic write
                    bad = k;
                    first = why;
                }
            }
        }
        trace_piece(settings->trace, TRACE_LOAD, begun, NULL);
    }
    if (poison_cancelled(settings))
        return poison_fail_cancelled(err);
    if (other)
        return NOT_BYTES;
    size_t r = bad < head->n ? bad : t->rows - n + bad;
    return bad == n ? 0
                    : poison_fail(err, POISON_EDATA, "%s:%zu: %.1000s", t->name,
                                  line_number(t, t->bytes + t->row[r]), first.text);
}

/* The number of a label's text. Doubled quotes are halved in place: the row has been parsed. */
static int add_label(struct text *t, struct book *book, struct field f, poison_error *err)
{
    if (f.doubled) {
        char *to = t->bytes + (f.at - t->bytes);
        size_t length = 0;
        for (size_t i = 0; i < f.length; i++) {
            to[length++] = f.at[i];
            i += f.at[i] == '"';
        }
        f.length = length;
    }
    return book_add(book, f.at, f.length, err);
}

static int number_labels(struct text *t, poison_set *head, poison_set *tail,
                         const struct field *label, struct book **book, poison_error *err)
{
    *book = poison_take(1, sizeof **book);
    head->y = poison_take(head->n, sizeof *head->y);
    tail->y = poison_take(tail->n, sizeof *tail->y);
    if (!*book || !head->y || !tail->y)
        return poison_fail_memory(err, head->n + tail->n, sizeof *head->y, "the labels");
    for (size_t k = 0; k < head->n + tail->n; k++) {
        poison_error why;
        int number = add_label(t, *book, label[k], &why);
        if (number < 0)
            return poison_fail(err, number, "%s: %.200s", t->name, why.text);
        *(k < head->n ? &head->y[k] : &tail->y[k - head->n]) = number;
    }
    return 0;
}

/* Whether text and features fit; what the labels need is counted too. */
static int fits(const struct text *t, size_t n, int doubles, poison_error *err)
{
    size_t bytes, features = set_bytes(n, t->d, doubles);
    size_t others = t->length + t->rows * sizeof *t->row + n * (sizeof(struct field) + sizeof(int));
    if (!__builtin_add_overflow(features, others, &bytes) && bytes <= t->budget.left)
        return 0;
    return budget_fail(t->budget, (double)features + (double)others, err,
                       "%s: the text and %zu rows of %d features take", t->name, n, t->d);
}

/* To bytes; a value that is none makes it start again, with doubles. */
int text_parse(struct text *t, poison_set *head, poison_set *tail, struct book **book,
               poison_error *err)
{
    const poison_settings *settings = t->budget.settings;
    size_t n = head->n + tail->n;
    int status = 0;
    *book = NULL;
    *head = (poison_set){.n = head->n, .d = t->d};
    *tail = (poison_set){.n = tail->n, .d = t->d};
    struct field *label = poison_take(n, sizeof *label);
    if (!label)
        TRY(poison_fail_memory(err, n, sizeof *label, "the labels"));
    for (int doubles = 0; doubles <= 1; doubles++) {
        TRY(fits(t, n, doubles, err));
        for (int k = 0; k <= 1; k++) {
            poison_set *set = k ? tail : head;
            free(set->x);
            void *features = poison_take_big(set->n, (size_t)t->d * (doubles ? sizeof *set->v : 1));
            set->x = doubles ? NULL : features;
            set->v = doubles ? features : NULL;
            if (!features)
                TRY(poison_fail_memory(err, 1, set_bytes(set->n, t->d, doubles), t->name));
        }
        TRY(parse_rows(t, head, tail, label, settings, err));
        if (status == 0)
            break;
    }
    if (t->label >= 0)
        TRY(number_labels(t, head, tail, label, book, err));
done:
    free(label);
    return status;
}

/* Row after row, as doubles, of which none is kept. */
int text_check(struct text *t, struct book *book, struct problems *problems, poison_error *err)
{
    const poison_settings *settings = t->budget.settings;
    int status, stop = 0;
    size_t line = 1;
    const char *at = t->bytes;
    struct row row = {0};
    TRY(fits(t, 1, 1, err));
    row.v = poison_take((size_t)t->d, sizeof *row.v);
    if (!row.v)
        TRY(poison_fail_memory(err, (size_t)t->d, sizeof *row.v, "a row"));
    for (size_t r = 0; r < t->rows && !stop && !poison_cancelled(settings); r++) {
        poison_error why;
        line += count_lines(t, at, t->bytes + t->row[r]);
        at = t->bytes + t->row[r];
        row.label = (struct field){0};
        status = parse_row(t, r, &row, &why);
        if (status == 0 && t->label >= 0)
            status = add_label(t, book, row.label, &why);
        if (status == POISON_ENOMEM)
            TRY(poison_fail(err, status, "%s", why.text));
        if (status < 0) {
            problems->count++;
            stop = problems->found(problems->self, line, why.text);
        }
    }
    status = poison_cancelled(settings) ? poison_fail_cancelled(err) : 0;
done:
    free(row.v);
    return status;
}
