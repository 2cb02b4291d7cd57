/* SPDX-License-Identifier: MIT */
/* load - training, validation and test set from whatever holds them */
#define _GNU_SOURCE
#include "load.h"

#include "base.h"
#include "labels.h"
#include "floating.h"
#include "idx.h"
#include "set.h"
#include "text.h"
#include "trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Which rows are wanted: the first `first` (or all), those of validation, and the last `last`. */
struct wish {
    const char *path;
    struct text_wish text;
    int test; /* of a folder, the t10k pair */
    size_t first, validate, last;
    int given, shrinks; /* shrinks: validate is a default */
};

/* Rows of a file, and its last ones. Labels are numbers in the book until they are joined. */
struct part {
    const char *name; /* for messages */
    poison_set set, last;
    struct book *book; /* NULL: labels are numbers themselves, or there are none */
    int sparse, base, guessed;
    char **column; /* (columns + 1) what features are called, then the labels' column; or NULL */
    int columns;
    size_t counted; /* bytes of rows, as BUDGET_DATA, until free_part */
};

static void free_part(struct part *part, poison_trace *trace)
{
    budget_give(trace, BUDGET_DATA, part->counted);
    set_free(&part->set);
    set_free(&part->last);
    book_free(part->book);
    free(part->column);
    *part = (struct part){0};
}

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static int is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int is_synthetic(const char *path)
{
    return strcmp(path, "synthetic") == 0;
}

static int is_file(const char *path)
{
    return !is_synthetic(path) && !is_folder(path);
}

static size_t plus(size_t a, size_t b)
{
    return a + b < a ? SIZE_MAX : a + b;
}

static struct text_wish wish_of(const poison_source *s, const struct load_how *how)
{
    return (struct text_wish){.format = s->format, .label = s->label, .keep = how->keep,
                              .drop = how->drop};
}

/* ---- one file -------------------------------------------------------------------------------- */

enum { FEW = 10 }; /* rows that no default is found for */

/* Of `rows` that may be trained with, the default's rows of validation, or a fifth if they are not
 * that many. */
static size_t shrink(size_t validate, size_t rows)
{
    return validate < rows || rows < FEW ? validate : rows / 5;
}

/* How many of a file's rows come first; the others are its last, or not wanted. */
static int plan(size_t *first, const struct wish *wish, size_t rows, poison_error *err)
{
    size_t least = plus(wish->given ? wish->first : 1, wish->last), validation = wish->validate;
    char first_text[48] = "any training rows", validate[48] = "", last[48] = "";
    if (wish->shrinks && validation && least < rows)
        validation = wish->given ? size_min(validation, rows - least)
                                 : shrink(validation, rows - wish->last);
    if (plus(least, validation) <= rows) {
        *first = wish->given ? wish->first + validation : rows - wish->last;
        return 0;
    }
    if (wish->given)
        snprintf(first_text, sizeof first_text, "%s %zu", wish->test ? "--test" : "--train",
                 wish->first);
    if (wish->validate)
        snprintf(validate, sizeof validate, " and --validate %zu", wish->validate);
    if (wish->last)
        snprintf(last, sizeof last, " and --test %zu", wish->last);
    return poison_fail(err, POISON_EDATA, "%s: too few rows (%zu) for %s%s%s%s",
                       name_of(wish->path), rows, first_text, validate, last,
                       wish->shrinks && wish->validate ? ": --validate N takes fewer" : "");
}

/* Of all rows of a place that come first, and its last ones, apart; others go. */
static int cut(struct part *part, const struct wish *wish, poison_error *err)
{
    int status = 0;
    size_t n = part->set.n, first, *row = poison_take(wish->last, sizeof *row);
    TRY(plan(&first, wish, n, err));
    if (!row)
        TRY(poison_fail_memory(err, wish->last, sizeof *row, "the test rows"));
    for (size_t k = 0; k < wish->last; k++)
        row[k] = n - wish->last + k;
    TRY(poison_set_gather(&part->last, &part->set, row, wish->last, err));
    part->set.n = first;
done:
    free(row);
    return status;
}

/* Images and the labels beside them */
static int load_images(struct part *part, const struct wish *wish, const poison_settings *settings,
                       poison_error *err)
{
    int status = 0;
    double begun = trace_begin(settings->trace);
    if (strcmp(wish->path, "-") == 0)
        return poison_fail(err, POISON_EDATA,
                           "standard input: an IDX file; its labels are in a second one, so give a "
                           "file's name");
    TRY(idx_read_images(&part->set, wish->path,
                        wish->given && !wish->last ? plus(wish->first, wish->validate) : SIZE_MAX,
                        settings, err));
    TRY(cut(part, wish, err));
    trace_end(settings->trace, TRACE_LOAD, begun,
              (double)set_bytes(part->set.n + wish->last, part->set.d, 0));
done:
    return status;
}

/* A text is held, as budget's BUDGET_TEXT, until its rows are parsed. */
static int load_text(struct part *part, struct input *input, const struct wish *wish,
                     struct budget budget, poison_error *err)
{
    int status;
    struct text text;
    const poison_settings *settings = budget.settings;
    size_t held = 0;
    double begun = trace_begin(settings->trace);
    TRY(text_take(&text, input, budget, err));
    TRY(text_layout(&text, &wish->text, err));
    held = text.length + text.rows * sizeof *text.row;
    budget_take(settings->trace, BUDGET_TEXT, held);
    TRY(plan(&part->set.n, wish, text.rows, err));
    part->last.n = wish->last;
    part->sparse = text.libsvm;
    part->base = text.base;
    part->guessed = text.guessed;
    if (*text.note)
        poison_warn(settings, "%s", text.note);
    TRY(text_names(&text, &part->column, &part->columns, err));
    TRY(text_parse(&text, &part->set, &part->last, &part->book, err));
    part->counted = set_size(&part->set) + set_size(&part->last);
    budget_take(settings->trace, BUDGET_DATA, part->counted);
    trace_end(settings->trace, TRACE_LOAD, begun, (double)text.length);
done:
    budget_give(settings->trace, BUDGET_TEXT, held);
    text_close(&text);
    return status;
}

/* Opens a file and finds out whether it is an IDX file. */
static int open_file(struct input *input, const char *path, int format, int *idx,
                     const poison_settings *settings, poison_error *err)
{
    int status;
    uint8_t first[4];
    TRY(input_open(input, path, 1, settings, err));
    TRY(input_peek(input, first, err));
    *idx = format == POISON_READ_IDX || (format == POISON_READ_AUTO && idx_is(first));
done:
    return status;
}

/* Whatever holds the rows. The budget binds as far as they are ours to plan. */
static int load_part(struct part *part, const struct wish *wish, struct budget budget,
                     poison_error *err)
{
    const poison_settings *settings = budget.settings;
    int status, idx;
    struct input input = INPUT_CLOSED;
    *part = (struct part){.name = part->name, .base = 1};
    if (is_synthetic(wish->path)) {
        poison_data drawn;
        size_t n = plus(wish->first, wish->validate);
        TRY(poison_data_draw(&drawn, wish->test ? 0 : n, wish->test ? n : 0, settings, err));
        part->set = wish->test ? drawn.test : drawn.train;
        set_free(wish->test ? &drawn.train : &drawn.test);
    } else if (is_folder(wish->path)) {
        TRY(idx_read_folder(&part->set, wish->path, wish->test, plus(wish->first, wish->validate),
                        wish->validate || !wish->given, settings, err));
    } else {
        TRY(open_file(&input, wish->path, wish->text.format, &idx, settings, err));
        TRY(idx ? load_images(part, wish, settings, err)
                : load_text(part, &input, wish, budget, err));
    }
done:
    input_close(&input);
    return status;
}

/* All rows, mixed; then those that are wanted, as if the place had them in that order. */
static int load_mixed(struct part *part, const struct wish *wish, uint64_t seed,
                      struct budget budget, poison_error *err)
{
    int status = 0, endless = is_synthetic(wish->path); /* there what is wanted is all */
    struct wish all = {.path = wish->path, .text = wish->text, .test = wish->test,
                       .first = SIZE_MAX};
    TRY(load_part(part, endless ? wish : &all, budget, err));
    TRY(set_mix(&part->set, seed, err));
    if (endless)
        goto done;
    if (is_folder(wish->path) && !wish->given) {
        part->set.n = size_min(part->set.n, plus(wish->first, wish->validate));
        goto done;
    }
    set_free(&part->last);
    TRY(cut(part, wish, err));
done:
    return status;
}

static int load_as(struct part *part, const struct wish *wish, const struct load_how *how,
                   struct budget budget, poison_error *err)
{
    return how->mixes ? load_mixed(part, wish, how->seed, budget, err)
                      : load_part(part, wish, budget, err);
}

/* ---- two sets that agree --------------------------------------------------------------------- */

/* Both get the same kind of features and the same columns: where LIBSVM's text is involved, zeros
 * for those that one lacks. `data` is told gamma's words of n training rows before that; NULL: a is
 * a model, of no rows, and b may not lack features. */
static int agree(struct part *a, struct part *b, poison_data *data, size_t n,
                 const poison_settings *settings, poison_error *err)
{
    int status = 0, doubles = a->set.v || b->set.v;
    int base_a = a->sparse ? a->base : b->base; /* others begin where it does */
    int base_b = b->sparse ? b->base : a->base, base = base_a < base_b ? base_a : base_b;
    int end_a = base_a + a->set.d, end_b = base_b + b->set.d;
    int end = end_a > end_b ? end_a : end_b, d = end - base;
    if (b->set.d != a->set.d && !b->sparse && (!a->sparse || (!data && b->set.d < a->set.d)))
        return poison_fail(err, POISON_EDATA, "%s: %d feature%s, but %s has %d", b->name, b->set.d,
                           b->set.d == 1 ? "" : "s", a->name, a->set.d);
    if (d > MOST_FEATURES)
        return poison_fail(err, POISON_EDATA, "%s and %s: more than %d features", a->name,
                           b->name, MOST_FEATURES);
    size_t bytes = plus(set_bytes(a->set.n, d, doubles), set_bytes(b->set.n, d, doubles));
    struct budget budget = budget_whole(settings);
    if (bytes > budget.left)
        return budget_fail(budget, (double)bytes, err, "%s and %s: %d features of %zu rows take",
                           a->name, b->name, d, a->set.n + b->set.n);
    if (data && d != a->set.d) {
        poison_data narrow = {.train = a->set};
        poison_settings scale = *settings;
        narrow.train.n = n;
        scale.gamma = POISON_GAMMA_SCALE;
        TRY(poison_data_gamma(&narrow, &scale, &data->scale, err));
        data->automatic = 1.0 / a->set.d;
    }
    for (int k = 0; k <= 1 && doubles; k++)
        TRY(set_to_doubles(k ? &b->set : &a->set, err));
    TRY(set_widen(&a->set, base_a - base, end - end_a, err));
    TRY(set_widen(&b->set, base_b - base, end - end_b, err));
    a->base = b->base = base;
done:
    return status;
}

/* ---- training and test set ------------------------------------------------------------------- */

/* A folder's two pairs, or the built-in digits' two streams */
static int read_pairs(poison_data *data, const poison_source *s, const poison_settings *settings,
                      poison_error *err)
{
    size_t n = plus(s->train, s->validate);
    return is_synthetic(s->path)
               ? poison_data_draw(data, n, s->test, settings, err)
               : poison_data_read(data, s->path, n, s->validate || !s->train_given, s->test,
                                  !s->test_given, settings, err);
}

/* A folder's rows are mixed before those wanted are taken: as many as there are without that. */
static int load_pairs(poison_data *data, const poison_source *s, const struct load_how *how,
                      const poison_settings *settings, poison_error *err)
{
    poison_data all = {0};
    int status;
    TRY(read_pairs(data, s, settings, err));
    size_t n = data->train.n, m = data->test.n;
    if (!how->mixes)
        goto done;
    if (!is_synthetic(s->path)) {
        TRY(poison_data_read(&all, s->path, SIZE_MAX, 1, SIZE_MAX, 1, settings, err));
        set_free(&data->train);
        set_free(&data->test);
        data->train = all.train, data->test = all.test;
    }
    TRY(set_mix(&data->train, how->seed, err));
    TRY(set_mix(&data->test, how->seed, err));
    data->train.n = n;
    data->test.n = m;
done:
    return status;
}

/* The training rows from one place, the test rows from another or the same */
static int load_files(poison_data *data, const poison_source *s, const struct load_how *how,
                      const poison_settings *settings, poison_error *err)
{
    int status;
    struct part train = {.name = name_of(s->path)};
    struct part test = {.name = s->test_path ? name_of(s->test_path) : train.name};
    struct budget budget = budget_whole(settings);
    struct text_wish text = wish_of(s, how);
    struct wish first = {.path = s->path, .text = text, .first = s->train,
                         .given = s->train_given, .validate = s->validate, .shrinks = how->few,
                         .last = !s->test_path && s->test_given ? s->test : 0};
    int some = s->test_given || !s->test_path || is_synthetic(s->test_path);
    struct wish other = {.path = s->test_path, .text = text, .test = 1, .given = s->test_given,
                         .first = some ? s->test : SIZE_MAX};
    TRY(load_as(&train, &first, how, budget, err));
    if (s->test_path) {
        size_t taken = set_size(&train.set);
        other.text.name = train.column;
        other.text.names = train.columns;
        other.text.whose = train.name;
        TRY(load_as(&test, &other, how, budget_less(budget, taken), err));
        size_t n = train.set.n > s->validate ? train.set.n - s->validate : train.set.n;
        TRY(agree(&train, &test, data, n, settings, err));
    } else {
        test.set = train.last;
        train.last = (poison_set){0};
    }
    if (!train.set.y || !test.set.y)
        TRY(poison_fail(err, POISON_EDATA, "%s: rows without labels cannot be used here (--label)",
                        train.set.y ? test.name : train.name));
    if (!train.set.d)
        TRY(poison_fail(err, POISON_EDATA,
                        "%s: labels alone: the rows have no features (is it LIBSVM's text?)",
                        train.name));
    struct label_source sources[] = {{train.book, train.set.y, train.set.n},
                                     {s->test_path ? test.book : train.book, test.set.y,
                                      test.set.n}};
    poison_error why;
    status = labels_join(data, sources, 2, &why);
    if (status < 0)
        TRY(poison_fail(err, status, "%s: %.1000s", name_of(s->path), why.text));
    if (train.columns == train.set.d) /* not wider by LIBSVM's text */
        TRY(labels_name(data, (const char *const *)data->name, data->names, train.column,
                        train.columns, err));
    data->train = train.set;
    data->test = test.set;
    data->train.from_zero = data->test.from_zero = train.base == 0;
    train.set = test.set = (poison_set){0};
done:
    free_part(&train, settings->trace);
    free_part(&test, settings->trace);
    return status;
}

static void note_bytes(const poison_data *data, const poison_settings *settings)
{
    const poison_set *const sets[] = {&data->train, &data->validation, &data->test};
    for (int k = 0; k < 3; k++)
        budget_take(settings->trace, BUDGET_DATA, set_size(sets[k]));
}

/* ---- how they are split ---------------------------------------------------------------------- */

/* Of a folder or the built-in digits, whose training rows are at most source's: how many there are
 * for training, if that is a default, and where n rows are too few for both. */
static size_t train_rows(const poison_source *s, const struct load_how *how, size_t n)
{
    size_t validate = s->validate;
    if (s->train_given || n >= plus(s->train, validate) || n < FEW)
        return s->train;
    validate = size_min(validate, how->few ? n / 5 : n - 1);
    return size_min(s->train, n - validate);
}

/* The rows of validation leave the training set's end. Where these are too few for defaults, both
 * take less, and that is said. */
static int split(poison_data *data, const poison_source *s, const struct load_how *how,
                 const poison_settings *settings, poison_error *err)
{
    size_t n = data->train.n, train = s->train, validate = s->validate;
    int status = 0, file = is_file(s->path), less;
    if (!validate)
        return 0;
    if (!file)
        train = train_rows(s, how, n);
    else if (!s->train_given)
        train = n - (how->few ? shrink(validate, n) : validate);
    if (how->few && train < n)
        validate = size_min(validate, n - train);
    less = validate < s->validate || (!file && train < s->train);
    if (n < plus(train, validate)) /* in the words of those who said it */
        train = s->train;
    TRY(poison_data_validate(data, train, validate, err));
    if (less)
        poison_warn(settings,
                    "%s has few rows: %zu of them are for training, and the %zu after these for "
                    "validation (--train and --validate say otherwise)",
                    data->source, train, validate);
done:
    return status;
}

/* Whether it is no chance that none of so many rows is of the labels that lack, which are `share`
 * of the others' rows: at 0.001 %, since any labels might. */
static int unlikely(size_t rows, size_t share, size_t of)
{
    return share && (double)rows * log1p(-(double)share / (double)of) < log(1e-5);
}

/* Labels that rows of a set have and no training row, and the other way round. Where the training
 * rows hold one class only there is no model, and somebody will say so. Of a folder, whose test
 * rows are its own, only what is no chance. */
static void warn_of_set(const poison_data *data, const poison_set *set, const char *name, int file,
                        const char *remedy, const poison_settings *settings)
{
    size_t untaught = 0, absent = 0, classes = 0, n = data->train.n;
    uint8_t taught[POISON_LABELS] = {0}, here[POISON_LABELS] = {0}, lacks[2][POISON_LABELS] = {0};
    for (size_t r = 0; r < n; r++)
        taught[data->train.y[r]] = 1;
    for (size_t r = 0; r < set->n; r++)
        here[set->y[r]] = 1, untaught += !taught[set->y[r]];
    for (size_t r = 0; r < n; r++)
        absent += !here[data->train.y[r]];
    for (int v = 0; v < POISON_LABELS; v++) {
        classes += taught[v];
        lacks[0][v] = here[v] && !taught[v];
        lacks[1][v] = taught[v] && !here[v];
    }
    if (classes < 2)
        return;
    if (untaught && (file || unlikely(n, untaught, set->n)))
        poison_warn(settings,
                    "%zu of %zu %s rows have labels that no training row has, so that no model "
                    "knows them%s: %s",
                    untaught, set->n, name, remedy, labels_list(data, lacks[0]).text);
    if (file && unlikely(set->n, absent, n))
        poison_warn(settings, "the %zu %s rows lack labels that training rows have%s: %s", set->n,
                    name, remedy, labels_list(data, lacks[1]).text);
}

/* Data that are sorted by class, where only some of them are taken. cut: a folder has more rows,
 * perhaps. */
static void warn_of_split(const poison_data *data, const poison_source *s,
                          const struct load_how *how, int cut, const poison_settings *settings)
{
    const char *remedy = how->mixes ? "" : " (--shuffle mixes rows before they are split)";
    int file = is_file(s->path);
    if (!file && !cut)
        return;
    warn_of_set(data, &data->validation, "validation", file, remedy, settings);
    if (!s->test_path)
        warn_of_set(data, &data->test, "test", file, remedy, settings);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* From pairs or from files; then the rows of validation leave the training set. */
int load_data(poison_data *data, const poison_source *s, const struct load_how *how,
              const poison_settings *settings, poison_error *err)
{
    FLOATING(settings->threads);
    int status = 0;
    memset(data, 0, sizeof *data);
    snprintf(data->source, sizeof data->source, "%s", name_of(s->path));
    if (s->test_path && strcmp(s->path, "-") == 0 && strcmp(s->test_path, "-") == 0)
        return poison_fail(err, POISON_EUSAGE,
                           "--data and --test-data: standard input can be read only once");
    if (!s->test_path && !is_file(s->path))
        TRY(load_pairs(data, s, how, settings, err));
    else
        TRY(load_files(data, s, how, settings, err));
    int cut = is_folder(s->path) && data->train.n >= plus(s->train, s->validate);
    TRY(split(data, s, how, settings, err));
    warn_of_split(data, s, how, cut, settings);
    note_bytes(data, settings);
done:
    if (status < 0)
        poison_data_free(data);
    return status;
}

int poison_data_load(poison_data *data, const poison_source *s, const poison_settings *settings,
                     poison_error *err)
{
    return load_data(data, s, &(struct load_how){0}, settings, err);
}

/* ---- rows for a model ------------------------------------------------------------------------ */

/* The model takes part as a set of no rows that has its features. */
int load_rows(poison_data *data, struct load_width *width, const poison_source *s,
              const struct load_how *how, const poison_settings *settings, poison_error *err)
{
    int status, names = data->names;
    struct part rows = {.name = name_of(s->path)};
    struct part model = {.name = "the model", .set = {.d = width->d}, .sparse = width->at_least,
                         .base = width->base};
    struct text_wish text = wish_of(s, how);
    text.features = width->d;
    text.name = data->columns ? data->name + names : NULL;
    text.names = data->columns;
    text.whose = model.name;
    struct wish wish = {.path = s->path, .text = text, .test = 1, .first = s->test,
                        .given = s->test_given};
    TRY(load_part(&rows, &wish, budget_whole(settings), err));
    TRY(agree(&model, &rows, NULL, 0, settings, err));
    if (rows.set.y)
        TRY(labels_join(data, &(struct label_source){rows.book, rows.set.y, rows.set.n}, 1, err));
    width->foreign = rows.set.y && rows.guessed;
    for (size_t r = 0; width->foreign && r < rows.set.n; r++)
        width->foreign = rows.set.y[r] >= names;
    width->base = rows.base;
    width->d = rows.set.d;
    data->test = rows.set;
    data->test.from_zero = rows.base == 0;
    rows.set = (poison_set){0};
done:
    free_part(&rows, settings->trace);
    free_part(&model, settings->trace);
    if (status == 0)
        note_bytes(data, settings);
    return status;
}

/* ---- what is wrong with a file --------------------------------------------------------------- */

/* Reads all of a folder or of a pair of IDX files. */
static int read_all(const char *path, int idx, const poison_settings *settings, poison_error *err)
{
    poison_data data = {0};
    int status = idx ? idx_read_images(&data.train, path, SIZE_MAX, settings, err)
                     : poison_data_read(&data, path, SIZE_MAX, 1, SIZE_MAX, 1, settings, err);
    poison_data_free(&data);
    return status;
}

static int is_empty(const char *path)
{
    struct stat info;
    return (strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &info) : stat(path, &info)) == 0
           && S_ISREG(info.st_mode) && !info.st_size;
}

/* A problem of the whole file: "name: what", or "name:line: what". Who asks knows the name. */
static void tell(struct problems *problems, const char *sentence, const char *name)
{
    size_t length = strlen(name), line = 0;
    if (strncmp(sentence, name, length) == 0 && sentence[length] == ':') {
        char *end;
        line = strtoul(sentence += length + 1, &end, 10);
        if (line && *end == ':')
            sentence = end + 1;
        else
            line = 0;
        sentence += *sentence == ' ';
    }
    problems->count++;
    problems->found(problems->self, line, sentence);
}

static int check_text(struct text *t, const struct text_wish *wish, struct problems *problems,
                      poison_error *err)
{
    poison_data names = {0};
    struct book *book = poison_take(1, sizeof *book);
    if (!book)
        return poison_fail_memory(err, 1, sizeof *book, "the labels");
    int status = text_layout(t, wish, err);
    if (status == 0 && *t->note)
        tell(problems, t->note, t->name);
    if (status == 0)
        status = text_check(t, book, problems, err);
    if (status == 0)
        status = labels_join(&names, &(struct label_source){.book = book}, 1, err);
    poison_data_free(&names);
    book_free(book);
    return status;
}

/* An error in the data is a problem that is told; others end the search. */
int load_check(const poison_source *s, const struct load_how *how,
               struct problems *problems, const poison_settings *settings, poison_error *err)
{
    const char *path = s->path;
    struct text_wish wish = wish_of(s, how);
    struct input input = INPUT_CLOSED;
    struct text text = {0};
    poison_error why = {""};
    int status = 0, idx = 0, folder = is_folder(path);
    problems->count = 0;
    if (is_empty(path)) {
        tell(problems, "the file is empty", "");
        return 0;
    }
    if (!folder) {
        TRY(open_file(&input, path, s->format, &idx, settings, err));
        if (!idx)
            TRY(text_take(&text, &input, budget_whole(settings), err));
    }
    if (folder || idx)
        status = read_all(path, idx, settings, &why);
    else
        status = check_text(&text, &wish, problems, &why);
    if (status == POISON_EDATA) {
        status = 0;
        tell(problems, why.text, name_of(path));
    } else if (status < 0) {
        poison_fail(err, status, "%s", why.text);
    }
done:
    input_close(&input);
    text_close(&text);
    return status;
}
