/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "plot.h"

#include "base.h"
#include "chart.h"
#include "convert.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { NEEDED = 16, PAIR = 1, STRATEGY = 2, DEFENCE = 4 };

#define TABLES "sweep, dose, confusion, matrix, grid or audit"

/* A table on its way to a chart. */
struct plot {
    struct columns table;
    size_t of[NEEDED];  /* where the columns of its kind are, in the order of kinds below */
    int parts, varying; /* PAIR, STRATEGY, DEFENCE: what its rows have, and in what they differ */
    FILE *out;
    const poison_settings *settings;
    const char *title; /* --title, or NULL */
    const char *id;    /* of a chart in a page; NULL: a file of its own */
    void *taken;       /* a list of what take gave, freed at the end */
    int lost;          /* take had no memory once */
    poison_error *err;
};

/* Memory until the end of the plot, zeroed; NULL, with the error said and kept in mind, if there is
 * none. */
static void *take(struct plot *p, size_t count, size_t size)
{
    size_t bytes = 0;
    void **memory = NULL;
    if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= PTRDIFF_MAX)
        memory = poison_take(bytes + 16, 1);
    if (!memory) {
        p->lost = 1;
        poison_fail_memory(p->err, count, size, "the chart");
        return NULL;
    }
    *memory = p->taken;
    p->taken = memory;
    return memory + 2;
}

#define TAKE(pointer, count)                                        \
    do {                                                            \
        if (!((pointer) = take(p, count, sizeof *(pointer))))       \
            return POISON_ENOMEM;                                   \
    } while (0)
#define CHECK(call)               \
    do {                          \
        int status_ = (call);     \
        if (status_ < 0)          \
            return status_;       \
    } while (0)

/* A text of take's; "" without memory, which draw's caller is told. */
__attribute__((format(printf, 2, 3)))
static const char *say(struct plot *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = take(p, (size_t)length + 1, 1);
    va_start(args, format);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text ? text : "";
}

static const char *text_at(const struct plot *p, size_t row, int needed)
{
    return columns_text(&p->table, row, p->of[needed]);
}

/* For loops over rows, of which there may be millions. */
static int go_on(const struct plot *p)
{
    return poison_cancelled(p->settings) ? poison_fail_cancelled(p->err) : 0;
}

static int number_at(const struct plot *p, size_t row, int needed, double least, double most,
                     double *value)
{
    CHECK(go_on(p));
    return columns_number(&p->table, row, p->of[needed], least, most, value, p->err);
}

static int fail_number(const struct plot *p, size_t row, const char *what)
{
    return poison_fail(p->err, POISON_EDATA, "standard input:%zu: %sNA: expected a number",
                       p->table.line[row + 1], what);
}

static struct chart chart_of(const struct plot *p, const char *title, const char *note,
                             const char *x, const char *y)
{
    return (struct chart){.title = p->title ? p->title : title, .note = note, .x = x, .y = y,
                          .id = p->id, .embedded = p->id != NULL};
}

/* ---- names ----------------------------------------------------------------------------------- */

/* In the order of their first appearance, and where their hashes are: tables may have as many names
 * as rows. */
struct names {
    const char **name;
    uint32_t *slot;   /* (mask + 1) a name's place + 1; 0: none */
    size_t mask;
    size_t count, last; /* last: what was asked for before */
};

/* Makes room for `most` different names. */
static int take_names(struct plot *p, struct names *n, size_t most)
{
    for (n->mask = 15; n->mask < 2 * most; n->mask = 2 * n->mask + 1)
        ;
    TAKE(n->name, most);
    TAKE(n->slot, n->mask + 1);
    return 0;
}

/* The place of a name; a new one is added. */
static size_t place_of(struct names *n, const char *name)
{
    if (n->count && strcmp(n->name[n->last], name) == 0)
        return n->last;
    uint32_t *slot = poison_hash_slot(n->slot, n->mask, n->name, name, strlen(name));
    if (!*slot) {
        n->name[n->count++] = name;
        *slot = (uint32_t)n->count;
    }
    return n->last = *slot - 1;
}

static void find_varying(struct plot *p)
{
    static const int part_of[] = {PAIR, PAIR, STRATEGY, DEFENCE};
    for (size_t r = 1; r < p->table.rows; r++)
        for (int c = 0; c < 4; c++)
            if ((p->parts & part_of[c]) && strcmp(text_at(p, r, c), text_at(p, 0, c)) != 0)
                p->varying |= part_of[c];
}

/* What of `parts` a row has: "1 to 2, far, knn:relabel". */
static const char *name_parts(struct plot *p, size_t row, int parts)
{
    const char *name = "";
    if (parts & PAIR)
        name = say(p, "%s to %s", text_at(p, row, 0), text_at(p, row, 1));
    if (parts & STRATEGY)
        name = say(p, "%s%s%s", name, *name ? ", " : "", text_at(p, row, 2));
    if (parts & DEFENCE)
        name = say(p, "%s%s%s", name, *name ? ", " : "", text_at(p, row, 3));
    return name;
}

/* A row's name among the others: what differs, or, where nothing does, all. */
static const char *name_row(struct plot *p, size_t row, int parts)
{
    return name_parts(p, row, parts & p->varying ? parts & p->varying : parts);
}

/* What of `parts` is the same in all rows: "All: 1 to 2, strategy far, defence none. " */
static const char *name_rest(struct plot *p, int parts)
{
    int same = parts & ~p->varying;
    const char *name = same & PAIR ? name_parts(p, 0, PAIR) : "";
    if (same & STRATEGY)
        name = say(p, "%s%sstrategy %s", name, *name ? ", " : "", text_at(p, 0, 2));
    if (same & DEFENCE)
        name = say(p, "%s%sdefence %s", name, *name ? ", " : "", text_at(p, 0, 3));
    return *name ? say(p, "All: %s. ", name) : "";
}

/* ---- sweep ----------------------------------------------------------------------------------- */

#define SUCCESS "success (% of test images of FROM called TO)"

/* A row of a sweep; later all seeds of a dose. */
struct item {
    size_t from, to, strategy, defence; /* places of their names */
    size_t row;
    struct chart_point point;
};

static int by_place(const void *a, const void *b)
{
    const struct item *s = a, *t = b;
#define BY(field)             \
    if (s->field != t->field) \
        return s->field < t->field ? -1 : 1
    BY(from);
    BY(to);
    BY(strategy);
    BY(defence);
    BY(point.x);
    BY(row);
#undef BY
    return 0;
}

static int same_series(const struct item *a, const struct item *b)
{
    return a->from == b->from && a->to == b->to && a->strategy == b->strategy
           && a->defence == b->defence;
}

static int same_dose(const struct item *a, const struct item *b)
{
    return same_series(a, b) && a->point.x == b->point.x;
}

/* The items of the table, sorted, and the names in them: from, to, strategy, defence. */
static int read_items(struct plot *p, struct item *item, struct names names[4])
{
    for (int c = 0; c < 4; c++)
        CHECK(take_names(p, &names[c], 2 * p->table.rows));
    for (size_t r = 0; r < p->table.rows; r++) /* so that both have one order */
        place_of(&names[1], text_at(p, r, 0));
    for (size_t r = 0; r < p->table.rows; r++) {
        struct item *i = &item[r];
        struct chart_point *at = &i->point;
        i->row = r;
        i->from = place_of(&names[0], text_at(p, r, 0));
        i->to = place_of(&names[1], text_at(p, r, 1));
        i->strategy = place_of(&names[2], text_at(p, r, 2));
        i->defence = place_of(&names[3], text_at(p, r, 3));
        CHECK(number_at(p, r, 4, 0, 1e15, &at->x));
        CHECK(number_at(p, r, 5, 0, 1, &at->y));
        CHECK(number_at(p, r, 6, 0, 1, &at->lo));
        CHECK(number_at(p, r, 7, 0, 1, &at->hi));
        if (isnan(at->x))
            return fail_number(p, r, "dose ");
    }
    qsort(item, p->table.rows, sizeof *item, by_place);
    return 0;
}

/* Makes one item of all seeds of a dose: their mean, from the least to the most; NA if one is. How
 * many items are left. */
static size_t fold_seeds(struct item *item, size_t count, size_t *most_seeds, int *single)
{
    size_t kept = 0;
    for (size_t first = 0, last; first < count; first = last) {
        struct chart_point all = item[first].point;
        double sum = 0, lo = INFINITY, hi = -INFINITY;
        for (last = first; last < count && same_dose(&item[first], &item[last]); last++) {
            sum += item[last].point.y;
            lo = fmin(lo, item[last].point.y);
            hi = fmax(hi, item[last].point.y);
        }
        size_t seeds = last - first;
        if (seeds > 1)
            all.y = sum / (double)seeds, all.lo = lo <= hi ? lo : NAN, all.hi = lo <= hi ? hi : NAN;
        *single |= seeds == 1;
        *most_seeds = size_max(*most_seeds, seeds);
        item[kept] = item[first];
        item[kept++].point = all;
    }
    return kept;
}

static const char *name_intervals(struct plot *p, const char *what, size_t seeds, int single)
{
    if (seeds < 2)
        return say(p, "%c%s: Wilson's 95 %% interval.", what[0] - 'a' + 'A', what + 1);
    return say(p, "Mean of %zu seeds, %s: least to most%s.", seeds, what,
               single ? "; of one run: Wilson's 95 % interval" : "");
}

/* A table is as long as its cells are many, but of two of its columns a map is the square. */
static int check_cells(const struct plot *p, size_t rows, size_t columns)
{
    enum { MOST = 1000000 };
    if (rows <= MOST / columns)
        return 0;
    return poison_fail(p->err, POISON_EDATA,
                       "standard input: maps of %zu by %zu cells: expected at most %d", rows,
                       columns, MOST);
}

/* One dose of many pairs: a map for each strategy and defence. */
static int draw_pairs(struct plot *p, const struct item *item, size_t count,
                      const struct names *names)
{
    size_t *column, columns = 0, cells;
    const char **to;
    struct names keys = {0};
    struct chart_map *map;
    CHECK(take_names(p, &keys, count));
    TAKE(map, count);
    TAKE(to, names[1].count);
    TAKE(column, names[1].count);
    for (size_t k = 0; k < count; k++)
        column[item[k].to] = 1;
    for (size_t t = 0; t < names[1].count; t++) /* only those that occur */
        if (column[t]) {
            column[t] = columns;
            to[columns++] = names[1].name[t];
        }
    cells = names[0].count * columns;
    for (size_t k = 0; k < count; k++) {
        CHECK(go_on(p));
        size_t m = keys.count, at = place_of(&keys, name_row(p, item[k].row, STRATEGY | DEFENCE));
        double *value;
        if (at == m) {
            CHECK(check_cells(p, names[0].count * (m + 1), columns));
            TAKE(value, cells);
            for (size_t i = 0; i < cells; i++)
                value[i] = CHART_NONE;
            map[m] = (struct chart_map){p->varying & ~PAIR ? keys.name[m] : NULL, value};
        }
        value = (double *)map[at].value;
        value[item[k].from * columns + column[item[k].to]] = item[k].point.y;
    }
    const char *title = say(p, "Success of %g flipped labels", item->point.x);
    struct chart chart = chart_of(p, title, name_rest(p, STRATEGY | DEFENCE), "to", "from");
    struct chart_heat heat = {.row = names[0].name, .rows = names[0].count, .column = to,
                              .columns = columns, .map = map, .maps = keys.count, .key = SUCCESS};
    chart.share = 1;
    chart_heat(p->out, &chart, &heat);
    return 0;
}

/* One dose of few pairs: a row for each. */
static int draw_one_dose(struct plot *p, const struct item *item, size_t count,
                         const char *intervals)
{
    const char **row;
    struct chart_range *range;
    struct chart_key key = {"success", 0, 0};
    TAKE(row, count);
    TAKE(range, count);
    for (size_t k = 0; k < count; k++) {
        CHECK(go_on(p));
        row[k] = name_row(p, item[k].row, p->parts);
        range[k] = (struct chart_range){item[k].point.y, item[k].point.lo, item[k].point.hi};
    }
    const char *title = say(p, "Success of %g flipped labels", item->point.x);
    const char *note = say(p, "%s%s", name_rest(p, p->parts), intervals);
    struct chart chart = chart_of(p, title, note, SUCCESS, NULL);
    chart.share = 1;
    chart_ranges(p->out, &chart, &(struct chart_ranges){row, count, &key, 1, range});
    return 0;
}

/* Many doses: success by dose, a line for each strategy and defence, a panel for each pair. */
static int draw_lines(struct plot *p, const struct item *item, size_t count, const char *intervals)
{
    struct chart_point *point;
    struct chart_series *series;
    struct chart_panel *panel;
    struct chart_key *key;
    struct names keys = {0};
    size_t panels = 0, lines = 0;
    int pairs = p->varying & PAIR;
    TAKE(point, count);
    TAKE(series, count);
    TAKE(panel, count);
    TAKE(key, count);
    CHECK(take_names(p, &keys, count));
    for (size_t k = 0; k < count; k++) {
        const struct item *i = &item[k];
        CHECK(go_on(p));
        if (k == 0 || i->from != i[-1].from || i->to != i[-1].to)
            panel[panels++] = (struct chart_panel){pairs ? name_parts(p, i->row, PAIR) : NULL,
                                                   &series[lines], 0};
        if (k == 0 || !same_series(i, i - 1)) {
            size_t at = place_of(&keys, name_row(p, i->row, STRATEGY | DEFENCE));
            int both = (p->varying & STRATEGY) && (p->varying & DEFENCE);
            key[at] = (struct chart_key){keys.name[at], both ? i->strategy : at,
                                         both ? i->defence : at};
            series[lines++] = (struct chart_series){at, &point[k], 0};
            panel[panels - 1].count++;
        }
        point[k] = i->point;
        series[lines - 1].points++;
    }
    const char *title = "Success of flipped labels";
    if (!pairs)
        title = say(p, "Success of flipping %s", name_parts(p, 0, PAIR));
    const char *note = say(p, "%s%s", name_rest(p, STRATEGY | DEFENCE), intervals);
    struct chart chart = chart_of(p, title, note, "dose (flipped training labels)", SUCCESS);
    chart.share = 1;
    const struct chart_lines all = {.panel = panel, .panels = panels, .key = key,
                                    .keys = keys.count};
    chart_lines(p->out, &chart, &all);
    return 0;
}

/* Which of the charts above says most of a sweep. */
static int draw_sweep(struct plot *p)
{
    struct item *item;
    struct names names[4] = {{0}};
    size_t count, seeds = 1, pairs = 1;
    int single = 0, doses = 0;
    TAKE(item, p->table.rows);
    CHECK(read_items(p, item, names));
    count = fold_seeds(item, p->table.rows, &seeds, &single);
    for (size_t k = 1; k < count; k++) {
        pairs += item[k].from != item[k - 1].from || item[k].to != item[k - 1].to;
        doses |= item[k].point.x != item[0].point.x;
    }
    if (doses)
        return draw_lines(p, item, count, name_intervals(p, "band", seeds, single));
    if (pairs >= 4)
        return draw_pairs(p, item, count, names);
    return draw_one_dose(p, item, count, name_intervals(p, "whiskers", seeds, single));
}

/* ---- dose, confusion, matrix, grid ----------------------------------------------------------- */

/* The doses for 10, 50 and 90 % success of each row, with their intervals. */
static int draw_dose(struct plot *p)
{
    static const struct chart_key keys[] = {{"ED10", 0, 0}, {"ED50", 1, 0}, {"ED90", 2, 0}};
    size_t rows = p->table.rows;
    const char **row;
    struct chart_range *range;
    TAKE(row, rows);
    TAKE(range, 3 * rows);
    for (size_t r = 0; r < rows; r++) {
        row[r] = name_row(p, r, p->parts);
        for (int e = 0; e < 3; e++) {
            struct chart_range *at = &range[3 * r + (size_t)e];
            CHECK(number_at(p, r, 4 + 3 * e, 0, 1e15, &at->value));
            CHECK(number_at(p, r, 5 + 3 * e, 0, 1e15, &at->lo));
            CHECK(number_at(p, r, 6 + 3 * e, 0, 1e15, &at->hi));
        }
    }
    const char *note = say(p, "%sThe smallest dose at which mean success reaches 10, 50 or 90 %%; "
                              "whiskers: 95 %% bootstrap interval over seeds; an arrow: beyond the "
                              "largest dose; NA: never reached.", name_rest(p, p->parts));
    struct chart chart = chart_of(p, "Doses for 10, 50 and 90 % success", note,
                                  "dose (flipped training labels)", NULL);
    chart_ranges(p->out, &chart, &(struct chart_ranges){row, rows, keys, 3, range});
    return 0;
}

/* A chart of one map. */
static int draw_map(struct plot *p, const struct chart *chart, struct chart_heat *heat,
                    const double *value)
{
    heat->map = &(struct chart_map){NULL, value};
    heat->maps = 1;
    chart_heat(p->out, chart, heat);
    return 0;
}

/* A matrix of counts; what is on its diagonal is predicted right. */
static int draw_confusion(struct plot *p)
{
    const struct columns *t = &p->table;
    const char **row;
    double *value, all = 0, right = 0;
    size_t columns = t->columns - 1;
    TAKE(row, t->rows);
    TAKE(value, t->rows * columns);
    for (size_t r = 0; r < t->rows; r++) {
        row[r] = columns_text(t, r, 0);
        for (size_t c = 0; c < columns; c++) {
            double *v = &value[r * columns + c];
            CHECK(columns_number(t, r, c + 1, 0, 1e15, v, p->err));
            all += isnan(*v) ? 0 : *v;
            right += !isnan(*v) && strcmp(row[r], t->cell[c + 1]) == 0 ? *v : 0;
        }
    }
    double share = all > 0 ? 100 * right / all : 0;
    const char *note = say(p, "%.0f test images; %.1f %% are predicted right (outlined).", all,
                           share);
    struct chart chart = chart_of(p, "Confusion matrix", note, "predicted", "true");
    struct chart_heat heat = {row, (const char *const *)t->cell + 1, t->rows, columns,
                              .key = "images"};
    heat.root = heat.diagonal = 1;
    return draw_map(p, &chart, &heat, value);
}

/* Strategies down, or pairs and strategies; defences across. */
static int draw_matrix(struct plot *p)
{
    const struct columns *t = &p->table;
    const char **row;
    double *value;
    size_t columns = t->columns - 3;
    TAKE(row, t->rows);
    TAKE(value, t->rows * columns);
    for (size_t r = 0; r < t->rows; r++) {
        row[r] = name_parts(p, r, STRATEGY | (p->varying & PAIR));
        for (size_t c = 0; c < columns; c++)
            CHECK(columns_number(t, r, c + 3, 0, 1, &value[r * columns + c], p->err));
    }
    int pairs = p->varying & PAIR;
    const char *note = pairs ? NULL : say(p, "All: %s.", name_parts(p, 0, PAIR)),
               *y = pairs ? "pair, strategy" : "strategy";
    struct chart chart = chart_of(p, "Success of strategies against defences", note, "defence", y);
    struct chart_heat heat = {row, (const char *const *)t->cell + 3, t->rows, columns,
                              .key = SUCCESS};
    chart.share = 1;
    return draw_map(p, &chart, &heat, value);
}

static int ascending(const void *a, const void *b)
{
    double s = *(const double *)a, t = *(const double *)b;
    return (s > t) - (s < t);
}

/* The different values of a column of numbers above 0, ascending, and their names. */
static int list_values(struct plot *p, int needed, double **value, const char ***name,
                       size_t *count)
{
    TAKE(*value, p->table.rows);
    TAKE(*name, p->table.rows);
    for (size_t r = 0; r < p->table.rows; r++) {
        CHECK(number_at(p, r, needed, 0, 1e300, *value + r));
        if (isnan((*value)[r]))
            return fail_number(p, r, "");
    }
    qsort(*value, p->table.rows, sizeof **value, ascending);
    *count = 0;
    for (size_t r = 0; r < p->table.rows; r++)
        if (r == 0 || (*value)[r] != (*value)[*count - 1]) {
            CHECK(go_on(p));
            (*name)[*count] = say(p, "%g", (*value)[r]);
            (*value)[(*count)++] = (*value)[r];
        }
    return 0;
}

static size_t find_value(const double *value, size_t count, double v)
{
    const double *found = bsearch(&v, value, count, sizeof *value, ascending);
    return (size_t)(found - value);
}

static int is_no(const char *mark)
{
    return strcmp(mark, "0") == 0 || strcmp(mark, "no") == 0 || strcmp(mark, "NA") == 0
           || strcmp(mark, "-") == 0;
}

/* C down, gamma across; a row whose last column says so is the best. */
static int draw_grid(struct plot *p)
{
    double *cost, *gamma, *value, v[2];
    const char **row, **column, *note = NULL;
    size_t rows, columns, best = 0;
    CHECK(list_values(p, 0, &cost, &row, &rows));
    CHECK(list_values(p, 1, &gamma, &column, &columns));
    CHECK(check_cells(p, rows, columns));
    TAKE(value, rows * columns);
    for (size_t k = 0; k < rows * columns; k++)
        value[k] = CHART_NONE;
    for (size_t r = 0; r < p->table.rows; r++) {
        const char *mark = text_at(p, r, 3);
        for (int c = 0; c < 2; c++)
            CHECK(number_at(p, r, c, 0, 1e300, &v[c]));
        size_t at = find_value(cost, rows, v[0]) * columns + find_value(gamma, columns, v[1]);
        CHECK(number_at(p, r, 2, 0, 1, &value[at]));
        if (*mark && !is_no(mark)) {
            best = at + 1;
            note = say(p, "The best (outlined): C = %g, gamma = %g, accuracy %.2f %%.", v[0], v[1],
                       100 * value[at]);
        }
    }
    struct chart chart = chart_of(p, "Accuracy by C and gamma", note, "gamma", "C");
    struct chart_heat heat = {row, column, rows, columns, .key = "accuracy (% of the rows)"};
    heat.from_least = 1;
    heat.best = best;
    chart.share = 1;
    return draw_map(p, &chart, &heat, value);
}

/* ---- audit ----------------------------------------------------------------------------------- */

struct suspect {
    size_t method, row;
    double rank, score;
};

static int by_rank(const void *a, const void *b)
{
    const struct suspect *s = a, *t = b;
    if (s->method != t->method)
        return s->method < t->method ? -1 : 1;
    return (s->rank > t->rank) - (s->rank < t->rank);
}

/* Whether a rank gets a dot: 1, 2, 5, 10, 20, 50 ... */
static int is_round(double rank)
{
    while (rank >= 10 && fmod(rank, 10) == 0)
        rank /= 10;
    return rank == 1 || rank == 2 || rank == 5;
}

/* The score of the k-th most suspicious row: a panel for each method, on axes of its own. */
static int draw_audit(struct plot *p)
{
    size_t rows = p->table.rows, panels = 0, points = 0;
    struct suspect *suspect;
    struct chart_point *point;
    struct chart_series *series;
    struct chart_panel *panel;
    struct names methods = {0};
    struct chart_key key = {"score", 0, 0};
    TAKE(suspect, rows);
    TAKE(point, rows);
    TAKE(series, rows);
    TAKE(panel, rows);
    CHECK(take_names(p, &methods, rows));
    for (size_t r = 0; r < rows; r++) {
        struct suspect *s = &suspect[r];
        *s = (struct suspect){place_of(&methods, text_at(p, r, 2)), r, 0, 0};
        CHECK(number_at(p, r, 3, -1e300, 1e300, &s->score));
        CHECK(number_at(p, r, 5, 1, 1e15, &s->rank));
        if (isnan(s->rank))
            return fail_number(p, r, "rank ");
    }
    qsort(suspect, rows, sizeof *suspect, by_rank);
    for (size_t k = 0; k < rows; k++) {
        const struct suspect *s = &suspect[k];
        CHECK(go_on(p));
        int first = k == 0 || s->method != s[-1].method;
        int last = k + 1 == rows || s[1].method != s->method;
        int dot = first || last || is_round(s->rank);
        if (first) {
            series[panels] = (struct chart_series){0, &point[points], 0};
            panel[panels] = (struct chart_panel){methods.name[s->method], &series[panels], 1};
            panels++;
        } else if (!dot && s->rank < point[points - 1].x * 1.005) {
            continue; /* less than a pixel further */
        }
        const char *note = NULL;
        if (dot)
            note = say(p, "row %s, label %s, suggested %s", text_at(p, s->row, 0),
                       text_at(p, s->row, 1), text_at(p, s->row, 4));
        point[points++] = (struct chart_point){s->rank, s->score, NAN, NAN, !dot, note};
        series[panels - 1].points++;
    }
    const char *note = "Scores of the training rows, the most suspicious first; each method has a "
                       "scale of its own.";
    struct chart chart = chart_of(p, "Which labels look flipped", note,
                                  "rank (1: the most suspicious row)", "score");
    struct chart_lines all = {panel, panels, &key, 1, .log_x = 1, .own_y = 1};
    chart_lines(p->out, &chart, &all);
    return 0;
}

/* Four bars for each audit. */
static int draw_scoreboard(struct plot *p)
{
    static const char *const measure[] = {"precision", "recall", "AUC", "average precision"};
    size_t rows = p->table.rows;
    const char **row;
    double *value, flipped;
    TAKE(row, rows);
    TAKE(value, 4 * rows);
    CHECK(number_at(p, 0, 1, 0, 1e15, &flipped));
    for (size_t r = 0; r < rows; r++) {
        row[r] = text_at(p, r, 0);
        for (int c = 0; c < 4; c++)
            CHECK(number_at(p, r, 2 + c, 0, 1, &value[4 * r + (size_t)c]));
    }
    const char *note = say(p, "%.0f labels are flipped. Precision and recall among the first as "
                              "many rows; AUC: 50 %% is chance.", flipped);
    struct chart chart = chart_of(p, "What audits find", note, NULL, NULL);
    chart.share = 1;
    chart_bars(p->out, &chart, &(struct chart_bars){row, measure, rows, 4, value, 1});
    return 0;
}

/* How many rows of a label look like another one. */
static int draw_joint(struct plot *p)
{
    struct names labels = {0};
    double *value, v, sum = 0;
    CHECK(take_names(p, &labels, 2 * p->table.rows));
    for (int pass = 0; pass < 2; pass++)
        for (size_t r = 0; r < p->table.rows; r++)
            place_of(&labels, text_at(p, r, pass));
    CHECK(check_cells(p, labels.count, labels.count));
    TAKE(value, labels.count * labels.count);
    for (size_t k = 0; k < labels.count * labels.count; k++)
        value[k] = CHART_NONE;
    for (size_t r = 0; r < p->table.rows; r++) {
        CHECK(number_at(p, r, 2, 0, 1e15, &v));
        size_t label = place_of(&labels, text_at(p, r, 0)),
               other = place_of(&labels, text_at(p, r, 1));
        value[label * labels.count + other] = v;
        sum += isnan(v) ? 0 : v;
    }
    const char *note = say(p, "Confident learning's estimate: %.0f labels are flipped.", sum);
    struct chart chart = chart_of(p, "Labels that look like others", note, "suggested", "label");
    struct chart_heat heat = {.row = labels.name, .rows = labels.count, .column = labels.name,
                              .columns = labels.count, .key = "rows", .root = 1};
    return draw_map(p, &chart, &heat, value);
}

/* ---- which table it is ----------------------------------------------------------------------- */

/*
 * `in_place`: that many of the columns stand first, in this order, and at least one other follows.
 */
static const struct kind {
    int (*draw)(struct plot *p);
    size_t in_place;
    int parts;
    const char *needs[NEEDED];
} kinds[] = {
    {draw_sweep, 0, PAIR | STRATEGY | DEFENCE,
     {"from", "to", "strategy", "defence", "dose", "success", "success_lo", "success_hi", "seed"}},
    {draw_dose, 0, PAIR | STRATEGY | DEFENCE,
     {"from", "to", "strategy", "defence", "ed10", "ed10_lo", "ed10_hi", "ed50", "ed50_lo",
      "ed50_hi", "ed90", "ed90_lo", "ed90_hi"}},
    {draw_grid, 0, 0, {"cost", "gamma", "accuracy", "best"}},
    {draw_audit, 0, 0, {"row", "label", "method", "score", "suggested", "rank"}},
    {draw_scoreboard, 0, 0,
     {"method", "flipped", "precision", "recall", "auc", "average_precision"}},
    {draw_joint, 0, 0, {"label", "suggested", "estimated"}},
    {draw_confusion, 1, 0, {"true"}},
    {draw_matrix, 3, PAIR | STRATEGY, {"from", "to", "strategy"}},
};

static int is_kind(struct plot *p, const struct kind *kind)
{
    for (int c = 0; c < NEEDED && kind->needs[c]; c++) {
        ptrdiff_t at = columns_find(&p->table, kind->needs[c]);
        if (at < 0 || (kind->in_place && at != c))
            return 0;
        p->of[c] = (size_t)at;
    }
    return p->table.columns > kind->in_place;
}

static int draw(struct plot *p)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (is_kind(p, &kinds[k])) {
            if (p->table.rows == 0)
                return poison_fail(p->err, POISON_EDATA,
                                   "standard input: a header without rows: nothing to draw");
            p->parts = kinds[k].parts;
            find_varying(p);
            int status = kinds[k].draw(p);
            return status == 0 && p->lost ? POISON_ENOMEM : status;
        }
    return poison_fail(p->err, POISON_EDATA,
                       "standard input:%zu: no known header: expected a table of " TABLES,
                       p->table.line[0]);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* A stream onto p->out that fails once the work is cancelled: charts know of nothing but their
 * stream's error. */
static ssize_t write_unless_cancelled(void *cookie, const char *bytes, size_t length)
{
    const struct plot *p = cookie;
    if (poison_cancelled(p->settings)) {
        errno = EINTR;
        return 0;
    }
    return (ssize_t)fwrite(bytes, 1, length, p->out);
}

/* draw, but interruptible. */
static int draw_on(struct plot *p)
{
    const cookie_io_functions_t functions = {.write = write_unless_cancelled};
    FILE *out = p->out, *through = fopencookie(p, "w", functions);
    struct plot inner = *p;
    if (!through)
        return poison_fail_memory(p->err, 1, 4096, "the chart");
    setvbuf(through, NULL, _IOFBF, 1 << 16);
    inner.out = through;
    int status = draw(&inner);
    p->taken = inner.taken;
    if (fclose(through) != 0 && status == 0 && !ferror(out) && !poison_cancelled(p->settings))
        status = poison_fail_memory(p->err, 1, 1 << 16, "the chart");
    return status == 0 && poison_cancelled(p->settings) ? poison_fail_cancelled(p->err) : status;
}

static void free_taken(struct plot *p)
{
    for (void **next, **at = p->taken; at; at = next) {
        next = *at;
        free(at);
    }
}

int plot_embed(FILE *out, const struct columns *table, const char *id, const char *title,
               const poison_settings *settings, poison_error *err)
{
    struct plot p =
        {.table = *table, .out = out, .settings = settings, .title = title, .id = id, .err = err};
    int status = draw(&p);
    free_taken(&p);
    return status;
}

/* All of it or nothing: charts run out of memory while they are drawn. */
int plot_run(FILE *in, const struct output *to, const char *path, const char *title,
             const poison_settings *settings, poison_error *err)
{
    struct plot p = {.settings = settings, .title = title, .err = err};
    struct conversion c = {.out = to, .path = path, .format = convert_format_of(path),
                           .settings = settings};
    char *text = NULL;
    size_t size;
    int status = 0;
    if (c.format == CONVERT_OTHER)
        TRY(poison_fail(err, POISON_EUSAGE,
                        "-o %s: expected a name that ends in .svg, .png or .pdf", path));
    TRY(columns_read(&p.table, in, "a table of " TABLES, settings, err));
    p.out = poison_text_open(&text, &size);
    if (!p.out)
        TRY(poison_fail_memory(err, 1, 4096, "the chart"));
    TRY(draw_on(&p));
    status = fclose(p.out) != 0 ? poison_fail_memory(err, 2, size, "the chart") : 0;
    p.out = NULL;
    TRY(status);
    TRY(convert_open(&c, err));
    fwrite(text, 1, size, c.svg);
    TRY(convert_close(&c, 2, status, err)); /* sharp on fine screens and on paper */
done:
    if (p.out)
        fclose(p.out);
    free(text);
    free_taken(&p);
    columns_free(&p.table);
    return status;
}
