/* SPDX-License-Identifier: MIT */
#include "describe.h"

#include "base.h"
#include "escape.h"
#include "labels.h"
#include "load.h"
#include "set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The digits' credit, where the first training image is MNIST's; else NULL. */
static const char *credit(const poison_data *data)
{
    const poison_set *train = &data->train;
    if (strcmp(data->source, "synthetic") == 0)
        return "drawn by poison";
    if (train->x && train->d == 784 && poison_crc32(0, train->x, 784) == 0x90A92752)
        return "MNIST, by Y. LeCun, C. Cortes and C. J. C. Burges";
    return NULL;
}

struct range {
    double least, most;
};

/* Of the features: bytes, or doubles where there are some. */
static struct range measure_range(const poison_set *set)
{
    struct range r = {INFINITY, -INFINITY};
    size_t cells = set->n * (size_t)set->d;
    int least = 255, most = 0;
    for (size_t i = 0; set->x && i < cells; i++) {
        least = set->x[i] < least ? set->x[i] : least;
        most = set->x[i] > most ? set->x[i] : most;
    }
    for (size_t i = 0; set->v && i < cells; i++) {
        r.least = set->v[i] < r.least ? set->v[i] : r.least;
        r.most = set->v[i] > r.most ? set->v[i] : r.most;
    }
    return set->v ? r : (struct range){least, most};
}

static void put_labels(FILE *out, const poison_data *data, const int *label, int count)
{
    for (int k = 0; k < count; k++) {
        if (k)
            putc(' ', out);
        poison_label_put(out, data, label[k]);
    }
}

/* The labels that occur in labels (n), between blanks. NULL: no memory. free() it. */
static char *list_classes(const poison_data *data, const int *labels)
{
    int occurs[POISON_LABELS] = {0}, label[POISON_LABELS], count = 0;
    char *text = NULL;
    size_t size;
    FILE *out = poison_text_open(&text, &size);
    for (size_t r = 0; r < data->train.n; r++)
        if (labels[r] >= 0)
            occurs[labels[r]] = 1;
    for (int v = 0; v < POISON_LABELS; v++)
        if (occurs[v])
            label[count++] = v;
    if (!out)
        return NULL;
    put_labels(out, data, label, count);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static void text_row(struct table *t, const char *key, const char *value)
{
    table_text(t, key);
    if (value)
        table_text(t, value);
    else
        table_none(t);
}

static void count_row(struct table *t, const char *key, size_t value)
{
    table_text(t, key);
    table_count(t, value);
}

static void exact_row(struct table *t, const char *key, double value)
{
    table_text(t, key);
    table_exact(t, value);
}

static void crc_row(struct table *t, const char *key, uint32_t crc)
{
    char text[12];
    snprintf(text, sizeof text, "%08x", crc);
    text_row(t, key, text);
}

/* All that can fail comes before the first row. */
int describe_data(struct sheet *sheet, const poison_data *data, const int *labels,
                  const poison_settings *settings, poison_error *err)
{
    const poison_set *train = &data->train;
    double gamma, none = NAN;
    int status = poison_data_gamma(data, settings, &gamma, err);
    struct range range = measure_range(train);
    uint32_t train_crc = poison_features_crc32(0, train, settings);
    uint32_t test_crc = poison_features_crc32(0, &data->test, settings);
    if (status < 0)
        return status;
    if (poison_cancelled(settings))
        return poison_fail_cancelled(err);
    char *classes = list_classes(data, labels);
    if (!classes)
        return poison_fail_memory(err, 1, 4096, "the classes");
    struct table t;
    table_begin(&t, sheet, "key\tvalue");
    text_row(&t, "source", data->source);
    text_row(&t, "credit", credit(data));
    count_row(&t, "train_rows", train->n);
    count_row(&t, "test_rows", data->test.n);
    exact_row(&t, "height", train->height ? train->height : none);
    exact_row(&t, "width", train->width ? train->width : none);
    exact_row(&t, "pixel_min", range.least);
    exact_row(&t, "pixel_max", range.most);
    text_row(&t, "classes", classes);
    exact_row(&t, "gamma", gamma);
    crc_row(&t, "crc32_train_images", train_crc);
    crc_row(&t, "crc32_test_images", test_crc);
    count_row(&t, "features", (size_t)train->d);
    free(classes);
    return 0;
}

/* As comments, which JSON has not. */
int describe_briefly(struct sheet *sheet, const poison_data *data, const int *labels,
                     const poison_settings *settings, poison_error *err)
{
    const poison_set *train = &data->train;
    struct range range = measure_range(train);
    FILE *out = sheet->out;
    int label[POISON_LABELS], count = poison_data_labels(data, label);
    if (sheet->json) {
        sheet_title(sheet, "data");
        return describe_data(sheet, data, labels, settings, err);
    }
    sheet_start(sheet);
    fputs("# data source: ", out);
    escape_text(out, data->source);
    fprintf(out, "\n# data rows: %zu training, %zu test, %d features", train->n, data->test.n,
            train->d);
    if (train->height)
        fprintf(out, " (%d x %d)", train->height, train->width);
    fputs("\n# data labels: ", out);
    put_labels(out, data, label, count);
    fprintf(out, "\n# data %s: %.17g to %.17g\n", train->height ? "pixels" : "features",
            range.least, range.most);
    if (credit(data))
        fprintf(out, "# data credit: %s\n", credit(data));
    return 0;
}

/* ---- what is wrong with a file --------------------------------------------------------------- */

/* The first of what is wrong with a file, a row each. */
struct listing {
    struct sheet *sheet;
    struct table table;
    int begun;
    size_t rows;
};

/* The header: not before the file is known to be one that can be read. */
static void begin(struct listing *p)
{
    if (!p->begun++)
        table_begin(&p->table, p->sheet, "line\tproblem");
}

static int print_problem(void *self, size_t line, const char *sentence)
{
    enum { MOST = 20 };
    struct listing *p = self;
    if (p->rows == MOST)
        return 0; /* the others are only counted */
    p->rows++;
    begin(p);
    if (line)
        table_count(&p->table, line);
    else
        table_none(&p->table);
    table_text(&p->table, sentence);
    return 0;
}

int describe_problems(struct sheet *sheet, const poison_source *source,
                      const struct load_how *how, size_t *problems,
                      const poison_settings *settings, poison_error *err)
{
    struct listing listed = {.sheet = sheet};
    struct problems found = {.found = print_problem, .self = &listed};
    int status = load_check(source, how, &found, settings, err);
    *problems = found.count;
    if (status == 0)
        begin(&listed);
    if (status == 0 && *problems > listed.rows && !sheet->json)
        fprintf(sheet->out, "# and %zu more\n", *problems - listed.rows);
    return status;
}

/* ---- provenance ------------------------------------------------------------------------------ */

void describe_provenance(FILE *out, const char *command, const poison_data *data, const int *labels,
                         const poison_settings *settings)
{
    fprintf(out, "poison=%s command=%s", POISON_VERSION, command);
    if (data)
        fprintf(out, " data_crc32=%08x train_rows=%zu validation_rows=%zu test_rows=%zu",
                poison_data_crc32(data, labels, settings), data->train.n, data->validation.n,
                data->test.n);
}
