/* SPDX-License-Identifier: MIT */
/*
 * dose - what a sweep's table says in a line: effective doses with bootstrap intervals, strategies
 * against defences
 */
#include "base.h"
#include "columns.h"
#include "sweep.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 1000, LEVELS = 3 };

static const double level[LEVELS] = {0.1, 0.5, 0.9};

/* ---- reading --------------------------------------------------------------------------------- */

enum { FROM, TO, STRATEGY, DEFENCE, SEED, DOSE, SUCCESS, NAMES };
static const char *const names[NAMES] = {"from", "to",   "strategy", "defence",
                                         "seed", "dose", "success"};

/* One row; its texts are the table's. */
struct row {
    const char *key[4]; /* from, to, strategy, defence */
    const char *seed;
    size_t dose;
    double success; /* NAN: NA */
};

struct rows {
    struct row *row; /* (count) */
    size_t count;
    const poison_settings *settings; /* for their cancellation: some tables take long */
};

/* Whether the text is a whole number of 64 bits: *dose. */
static int whole_dose(const char *text, size_t *dose)
{
    char *end;
    if (strspn(text, "0123456789") != strlen(text) || !*text)
        return 0;
    errno = 0;
    *dose = strtoull(text, &end, 10);
    return !errno && !*end;
}

/* The rows of a sweep's table, by the columns in `names`; its texts stay the table's. POISON_EDATA
 * names the line. free(rows->row), always. */
static int take_rows(const struct columns *t, struct rows *rows, const poison_settings *settings,
                     poison_error *err)
{
    size_t of[NAMES];
    int status = 0;
    rows->settings = settings;
    for (int c = 0; c < NAMES; c++) {
        ptrdiff_t at = columns_find(t, names[c]);
        if (at < 0)
            TRY(poison_fail(err, POISON_EDATA,
                            "standard input:%zu: no column '%s': expected a sweep's table",
                            t->line[0], names[c]));
        of[c] = (size_t)at;
    }
    rows->row = poison_take(t->rows, sizeof *rows->row);
    if (!rows->row)
        TRY(poison_fail_memory(err, t->rows, sizeof *rows->row, "the sweep's rows"));
    for (size_t r = 0; r < t->rows; r++) {
        struct row *row = &rows->row[rows->count++];
        if (poison_cancelled(settings))
            TRY(poison_fail_cancelled(err));
        const char *dose = columns_text(t, r, of[DOSE]);
        for (int c = 0; c < 4; c++)
            row->key[c] = columns_text(t, r, of[c]);
        row->seed = columns_text(t, r, of[SEED]);
        if (!whole_dose(dose, &row->dose))
            TRY(poison_fail(err, POISON_EDATA,
                            "standard input:%zu: dose '%.40s': expected a whole number",
                            t->line[r + 1], dose));
        TRY(columns_number(t, r, of[SUCCESS], 0, 1, &row->success, err));
    }
done:
    return status;
}

/* Labels are numbers in JSON if all of the sweep's are. */
static void decide_numbers(struct sheet *sheet, const struct rows *rows)
{
    for (size_t k = 0; k < rows->count; k++)
        sheet->numbers &=
            table_is_number(rows->row[k].key[FROM]) && table_is_number(rows->row[k].key[TO]);
}

/* from, to, strategy and, with 4 keys, defence, as the sweep has them */
static void print_keys(struct table *t, const struct row *row, int keys)
{
    for (int c = 0; c < keys; c++)
        (c <= TO ? table_name : table_text)(t, row->key[c]);
}

static int same_keys(const struct row *a, const struct row *b, int keys)
{
    for (int c = 0; c < keys; c++)
        if (strcmp(a->key[c], b->key[c]) != 0)
            return 0;
    return 1;
}

/* An earlier row than row k has its keys; most often the one before. */
static int is_known(const struct rows *rows, size_t k, int keys)
{
    for (size_t b = k; b-- > 0;)
        if (same_keys(&rows->row[b], &rows->row[k], keys))
            return 1;
    return 0;
}

/* ---- dose-response --------------------------------------------------------------------------- */

/* Success of each seed at each dose, of all rows with the keys of `first`; seeds as they first
 * occur, doses ascending. */
struct curve {
    const struct row *first;
    size_t seeds, doses;
    const char **seed;
    size_t *dose;
    double *success; /* (seeds, doses) */
};

static void free_curve(struct curve *c)
{
    free(c->seed);
    free(c->dose);
    free(c->success);
}

static int by_size(const void *a, const void *b)
{
    size_t s = *(const size_t *)a, t = *(const size_t *)b;
    return (s > t) - (s < t);
}

/* Where in the curve a row belongs; the row's seed and dose are in it. */
static double *place_of(const struct curve *c, const struct row *row)
{
    size_t s = 0, d = 0;
    while (strcmp(c->seed[s], row->seed) != 0)
        s++;
    while (c->dose[d] != row->dose)
        d++;
    return &c->success[s * c->doses + d];
}

/* The seeds and doses of the rows with the curve's keys, of which there are `count`. */
static int take_axes(struct curve *c, const struct rows *rows, size_t count, poison_error *err)
{
    c->seed = poison_take(count, sizeof *c->seed);
    c->dose = poison_take(count, sizeof *c->dose);
    if (!c->seed || !c->dose)
        return poison_fail_memory(err, count, 16, "a curve");
    for (size_t k = 0; k < rows->count; k++) {
        const struct row *row = &rows->row[k];
        size_t s = 0, d = 0;
        if (!same_keys(row, c->first, 4))
            continue;
        if (poison_cancelled(rows->settings))
            return poison_fail_cancelled(err);
        while (s < c->seeds && strcmp(c->seed[s], row->seed) != 0)
            s++;
        while (d < c->doses && c->dose[d] != row->dose)
            d++;
        if (s == c->seeds)
            c->seed[c->seeds++] = row->seed;
        if (d == c->doses)
            c->dose[c->doses++] = row->dose;
    }
    qsort(c->dose, c->doses, sizeof *c->dose, by_size);
    return 0;
}

/* Success at each seed and dose, which -1 marks until it is known. POISON_EDATA if a row is there
 * twice, or missing. */
static int take_success(struct curve *c, const struct rows *rows, poison_error *err)
{
    const char *const *key = c->first->key;
    for (size_t k = 0; k < c->seeds * c->doses; k++)
        c->success[k] = -1;
    for (size_t k = 0; k < rows->count; k++) {
        const struct row *row = &rows->row[k];
        if (!same_keys(row, c->first, 4))
            continue;
        if (poison_cancelled(rows->settings))
            return poison_fail_cancelled(err);
        double *place = place_of(c, row);
        if (*place != -1)
            return poison_fail(err, POISON_EDATA,
                               "standard input: %s:%s %s %s has seed %s, dose %zu twice", key[0],
                               key[1], key[2], key[3], row->seed, row->dose);
        *place = row->success;
    }
    for (size_t k = 0; k < c->seeds * c->doses; k++)
        if (c->success[k] == -1)
            return poison_fail(
                err, POISON_EDATA,
                "standard input: %s:%s %s %s lacks seed %s, dose %zu: an unfinished sweep?", key[0],
                key[1], key[2], key[3], c->seed[k / c->doses], c->dose[k % c->doses]);
    return 0;
}

/* The curve of all rows with the keys of `first`. free_curve, always. */
static int take_curve(struct curve *c, const struct rows *rows, const struct row *first,
                      poison_error *err)
{
    size_t count = 0;
    *c = (struct curve){.first = first};
    for (size_t k = 0; k < rows->count; k++)
        count += same_keys(&rows->row[k], first, 4);
    int status = take_axes(c, rows, count, err);
    if (status < 0)
        return status;
    c->success = poison_take(c->seeds, c->doses * sizeof *c->success);
    if (!c->success)
        return poison_fail_memory(err, c->seeds, c->doses * sizeof *c->success, "a curve");
    return take_success(c, rows, err);
}

/* The effective dose ED of a success: the smallest at which the mean curve reaches it, linear
 * between the doses around it; INFINITY if it never does. No curve is fitted. mean (doses). */
static double crossing(const struct curve *c, const double *mean, double success)
{
    for (size_t d = 0; d < c->doses; d++)
        if (mean[d] >= success) {
            double to = (double)c->dose[d], from = d ? (double)c->dose[d - 1] : to;
            return d ? from + (success - mean[d - 1]) / (mean[d] - mean[d - 1]) * (to - from) : to;
        }
    return INFINITY;
}

/*
 * mean (doses): the mean curve of the seeds that draw b of the bootstrap takes, n of n with
 * replacement (Efron 1979), or (b = -1) of all. Place s of draw b takes seed number
 *
 *      key(seed, stream 3, b n + s) mod n
 */
static void average(const struct curve *c, ptrdiff_t b, uint64_t seed, double *mean)
{
    for (size_t d = 0; d < c->doses; d++)
        mean[d] = 0;
    for (size_t s = 0; s < c->seeds; s++) {
        size_t taken =
            b < 0 ? s : (size_t)(poison_key(seed, 3, (uint64_t)b * c->seeds + s) % c->seeds);
        for (size_t d = 0; d < c->doses; d++)
            mean[d] += c->success[taken * c->doses + d];
    }
    for (size_t d = 0; d < c->doses; d++)
        mean[d] /= (double)c->seeds;
}

static int ascending(const void *a, const void *b)
{
    double s = *(const double *)a, t = *(const double *)b;
    return (s > t) - (s < t);
}

/* A row: ED10, ED50, ED90, each with its percentile interval, draws 25 and 976 of 1000 in order (NA
 * for one seed), and the area under the mean curve by trapezoids. */
static int print_curve(struct table *t, const struct curve *c, uint64_t seed,
                       const poison_settings *settings, poison_error *err)
{
    static double draw[LEVELS][DRAWS];
    double area = 0, *mean = poison_take(c->doses, sizeof *mean);
    if (!mean)
        return poison_fail_memory(err, c->doses, sizeof *mean, "a curve");
    for (int b = 0; b < DRAWS && c->seeds > 1 && !poison_cancelled(settings); b++) {
        average(c, b, seed, mean);
        for (int e = 0; e < LEVELS; e++)
            draw[e][b] = crossing(c, mean, level[e]);
    }
    if (poison_cancelled(settings)) {
        free(mean);
        return poison_fail_cancelled(err);
    }
    average(c, -1, seed, mean);
    print_keys(t, c->first, 4);
    table_count(t, c->seeds);
    for (int e = 0; e < LEVELS; e++) {
        qsort(draw[e], DRAWS, sizeof *draw[e], ascending);
        table_number(t, crossing(c, mean, level[e]));
        table_number(t, c->seeds > 1 ? draw[e][24] : NAN);
        table_number(t, c->seeds > 1 ? draw[e][975] : NAN);
    }
    for (size_t d = 1; d < c->doses; d++)
        area += 0.5 * (mean[d] + mean[d - 1]) * (double)(c->dose[d] - c->dose[d - 1]);
    table_number(t, area);
    free(mean);
    return 0;
}

/* All curves are made before the first is printed: what is missing leaves no table begun. */
int dose_print(const struct columns *sweep, struct sheet *sheet, uint64_t seed,
               const poison_settings *settings, poison_error *err)
{
    struct rows rows = {0};
    struct curve *curve = NULL;
    struct table t;
    size_t curves = 0;
    int status = 0;
    TRY(take_rows(sweep, &rows, settings, err));
    curve = poison_take(rows.count, sizeof *curve);
    if (!curve)
        TRY(poison_fail_memory(err, rows.count, sizeof *curve, "the curves"));
    for (size_t k = 0; k < rows.count; k++) {
        if (is_known(&rows, k, 4))
            continue;
        if (poison_cancelled(settings))
            TRY(poison_fail_cancelled(err));
        TRY(take_curve(&curve[curves++], &rows, &rows.row[k], err));
    }
    decide_numbers(sheet, &rows);
    table_begin(
        &t, sheet,
        "from\tto\tstrategy\tdefence\tseeds\ted10\ted10_lo\ted10_hi\ted50\ted50_lo\ted50_hi\t"
        "ed90\ted90_lo\ted90_hi\tarea");
    for (size_t k = 0; k < curves; k++)
        TRY(print_curve(&t, &curve[k], seed, settings, err));
done:
    for (size_t k = 0; k < curves; k++)
        free_curve(&curve[k]);
    free(curve);
    free(rows.row);
    return status;
}

int dose_run(FILE *in, struct sheet *sheet, uint64_t seed, const poison_settings *settings,
             poison_error *err)
{
    struct columns sweep;
    int status = columns_read(&sweep, in, "a sweep's table", settings, err);
    if (status == 0)
        status = dose_print(&sweep, sheet, seed, settings, err);
    columns_free(&sweep);
    return status;
}

/* ---- strategies against defences ------------------------------------------------------------- */

/* Mean success at a dose of the rows with these keys; *there: it is among their doses. */
static int success_at(const struct rows *rows, const struct row *keys, size_t dose, double *success,
                      int *there, poison_error *err)
{
    struct curve c;
    int status = take_curve(&c, rows, keys, err);
    double *mean = status == 0 ? poison_take(c.doses, sizeof *mean) : NULL;
    *success = NAN;
    if (mean)
        average(&c, -1, 0, mean);
    else if (status == 0)
        status = poison_fail_memory(err, c.doses, sizeof *mean, "a curve");
    for (size_t d = 0; mean && d < c.doses; d++)
        if (c.dose[d] == dose) {
            *success = mean[d];
            *there = 1;
        }
    free(mean);
    free_curve(&c);
    return status;
}

struct matrix {
    const char **column; /* (columns) the defences, as they first occur */
    size_t columns;
    double *cell; /* (rows, columns), of those rows that are the first of their strategy */
    int there;    /* the dose is among some curve's */
};

static int find_defences(struct matrix *m, const struct rows *rows, poison_error *err)
{
    m->column = poison_take(rows->count, sizeof *m->column);
    if (!m->column)
        return poison_fail_memory(err, rows->count, sizeof *m->column, "the defences");
    for (size_t k = 0; k < rows->count; k++) {
        size_t c = 0;
        while (c < m->columns && strcmp(m->column[c], rows->row[k].key[DEFENCE]) != 0)
            c++;
        if (c == m->columns)
            m->column[m->columns++] = rows->row[k].key[DEFENCE];
    }
    m->cell = poison_take(rows->count, m->columns * sizeof *m->cell);
    return m->cell
               ? 0
               : poison_fail_memory(err, rows->count, m->columns * sizeof *m->cell, "the matrix");
}

/* The cells of one strategy, whose first row is row k: NAN where it did not meet the defence. */
static int fill_strategy(struct matrix *m, const struct rows *rows, size_t k, size_t dose,
                         poison_error *err)
{
    for (size_t c = 0; c < m->columns; c++) {
        double *cell = &m->cell[k * m->columns + c];
        struct row keys = rows->row[k];
        size_t any = 0;
        keys.key[DEFENCE] = m->column[c];
        *cell = NAN;
        while (any < rows->count && !same_keys(&rows->row[any], &keys, 4))
            any++;
        int status = any < rows->count ? success_at(rows, &keys, dose, cell, &m->there, err) : 0;
        if (status < 0)
            return status;
    }
    return 0;
}

/* All cells are filled before the first is printed, here too. */
int matrix_run(FILE *in, struct sheet *sheet, size_t dose, const poison_settings *settings,
               poison_error *err)
{
    struct columns sweep;
    struct rows rows = {0};
    struct matrix m = {0};
    struct table t;
    int status = 0;
    TRY(columns_read(&sweep, in, "a sweep's table", settings, err));
    TRY(take_rows(&sweep, &rows, settings, err));
    TRY(find_defences(&m, &rows, err));
    for (size_t k = 0; k < rows.count; k++) {
        if (is_known(&rows, k, 3))
            continue;
        if (poison_cancelled(settings))
            TRY(poison_fail_cancelled(err));
        TRY(fill_strategy(&m, &rows, k, dose, err));
    }
    if (!m.there)
        TRY(poison_fail(err, POISON_EDATA, "--at %zu: the sweep has no row with this dose", dose));
    decide_numbers(sheet, &rows);
    table_begin_more(&t, sheet, "from\tto\tstrategy", m.column, m.columns);
    for (size_t k = 0; k < rows.count; k++) {
        if (is_known(&rows, k, 3))
            continue;
        print_keys(&t, &rows.row[k], 3);
        for (size_t c = 0; c < m.columns; c++)
            table_number(&t, m.cell[k * m.columns + c]);
    }
done:
    free(m.column);
    free(m.cell);
    free(rows.row);
    columns_free(&sweep);
    return status;
}
