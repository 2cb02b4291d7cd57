/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "chapters.h"

#include "attack.h"
#include "base.h"
#include "chart.h"
#include "describe.h"
#include "explain.h"
#include "labels.h"
#include "plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLES = 8,     /* of each digit */
    FLIPS = 40,      /* that are shown of a dose */
    CASES = 6,       /* images that changed sides */
    PUSHES = 5,      /* rows that pushed one of these */
    SUSPECTS = 10,   /* of each audit */
    MAP_LABELS = 40  /* larger matrices are no picture any more */
};

#define PUT(...) page_put(&r->page, __VA_ARGS__)

/* ---- tables in memory ------------------------------------------------------------------------ */

static int capture_score(const struct draft *r, struct capture *c, const int *predicted,
                         poison_error *err)
{
    int status = capture_begin(c, r->data, err);
    if (status < 0)
        return status;
    print_score(&c->sheet, &r->label, &r->data->test, predicted, 0, (size_t[POISON_LABELS]){0});
    return capture_end(c, err);
}

/* ---- counting and small things --------------------------------------------------------------- */

/* Test rows of a true label that are called so; -1: anything. */
static size_t tally(const struct draft *r, const int *predicted, int truth, int called)
{
    size_t count = 0;
    for (size_t t = 0; t < r->data->test.n; t++)
        count += r->data->test.y[t] == truth && (called < 0 || predicted[t] == called);
    return count;
}

static struct metrics measure(const struct draft *r, const int *predicted)
{
    return metrics_measure(&r->data->test, predicted, r->pair.from, r->pair.to);
}

/* A row's image, and, for those who do not see it, its number and its true label. */
static int put_picture(struct draft *r, const poison_set *set, size_t row, int size,
                       poison_error *err)
{
    char alt[200];
    snprintf(alt, sizeof alt, "%s %s %zu, %s", set == &r->data->test ? "test" : "training",
             r->image, row, poison_label_name(r->data, set->y[row]).text);
    return page_image(&r->page, set, row, size, alt, err);
}

static int train_and_predict(struct draft *r, int *predicted, poison_error *err)
{
    int status = poison_svm_train(r->svm, r->labels, err);
    return status < 0 ? status : poison_svm_predict(r->svm, 0, predicted, err);
}

/* ---- the data, the first predictions, the score ---------------------------------------------- */

/* The first images of each label, a row of the table each. */
static int put_samples(struct draft *r, poison_error *err)
{
    const poison_set *train = &r->data->train;
    int status = 0;
    char alt[120];
    PUT("<div class=\"scroll\"><table class=\"sheet\" id=\"sheet\"><caption>The first training "
        "images of each $t</caption><tbody>\n", r->digit);
    for (int k = 0; k < r->label.count; k++) {
        PUT("<tr><th scope=\"row\">$l</th><td>", r->label.label[k]);
        poison_label name = poison_label_name(r->data, r->label.label[k]);
        snprintf(alt, sizeof alt, "%s %s", r->digit, name.text);
        for (size_t row = 0, shown = 0; row < train->n && shown < SAMPLES; row++)
            if (train->y[row] == r->label.label[k]) {
                TRY(page_image(&r->page, train, row, 48, alt, err));
                PUT(" ");
                shown++;
            }
        PUT("</td></tr>\n");
    }
    PUT("</tbody></table></div>\n");
done:
    return status;
}

/* How many rows there are of each label, in both sets; with `changes` of the training labels, as
 * they were and as they are, and what changed. */
static int put_counts(struct draft *r, const char *id, const char *caption, int changes,
                      poison_error *err)
{
    const poison_set *train = &r->data->train, *test = &r->data->test;
    struct capture c;
    int status = capture_begin(&c, r->data, err);
    if (status < 0)
        return status;
    const char *from = changes ? r->from : NULL, *to = changes ? r->to : NULL;
    if (changes)
        print_counts(&c.sheet, &r->label, "Correct\tBefore\tAfter", train->y, train->n, r->labels,
                     train->n);
    else
        print_counts(&c.sheet, &r->label, "Correct\tTrain\tTest", train->y, train->n, test->y,
                     test->n);
    TRY(capture_end(&c, err));
    const struct page_column columns[] = {
        {.name = "Correct", .heading = r->data->names ? "Label" : "Digit", .kind = PAGE_TEXT},
        {.name = changes ? "Before" : "Train", .heading = changes ? "Before" : "Training",
         .kind = PAGE_COUNT},
        {.name = changes ? "After" : "Test", .heading = changes ? "After" : "Test",
         .kind = PAGE_COUNT, .since = changes ? &c.table : NULL, .since_name = "Before"},
    };
    page_table(&r->page, &(struct page_table){id, caption, &c.table, columns, 3, {from, to}});
done:
    capture_free(&c);
    return status;
}

/* How often each predicted label was right; with `changes` also what changed since the clean
 * labels. */
static int put_score(struct draft *r, const char *id, const char *caption, const int *predicted,
                     int changes, poison_error *err)
{
    struct capture now = {.size = 0}, then = {.size = 0};
    int status = 0;
    TRY(capture_score(r, &now, predicted, err));
    if (changes)
        TRY(capture_score(r, &then, r->before, err));
    const struct columns *since = changes ? &then.table : NULL;
    const char *from = changes ? r->from : NULL, *to = changes ? r->to : NULL;
    const struct page_column columns[] = {
        {.name = "Value", .heading = "Predicted", .kind = PAGE_TEXT},
        {.name = "Correct", .heading = "Correct", .kind = PAGE_COUNT, .since = since,
         .since_name = "Correct"},
        {.name = "Incorrect", .heading = "Incorrect", .kind = PAGE_COUNT, .since = since,
         .since_name = "Incorrect"},
    };
    page_table(&r->page, &(struct page_table){id, caption, &now.table, columns, 3, {from, to}});
done:
    capture_free(&now);
    capture_free(&then);
    return status;
}

/* What there is, with pictures of it, and how much of each label. */
static int tell_data(struct draft *r, poison_error *err)
{
    const poison_set *train = &r->data->train, *test = &r->data->test;
    int status = 0;
    PUT("<p>The data are <code>$t</code>: $i training $t and $i test $t", r->data->source, train->n,
        r->images, test->n, r->images);
    if (train->height)
        PUT(" of $i × $i pixels, each a grey from 0 to 255", (size_t)train->height,
            (size_t)train->width);
    else
        PUT(" of $i features", (size_t)train->d);
    PUT(". The machine learns from the training set. The test set is kept away from it, and tells "
        "how well it does on $t that it has never seen.</p>\n", r->images);
    PUT("<div class=\"side\">\n");
    if (r->page.pictures)
        TRY(put_samples(r, err));
    else
        PUT("<p>$t, so that this page names them by their number, counted from 0, and shows no "
            "pictures.</p>\n",
            train->height ? "This program was built without libpng"
                          : "The rows have no height and width");
    const char *caption = r->data->names ? "Rows of each label" : "Images of each digit";
    TRY(put_counts(r, "counts", caption, 0, err));
    PUT("</div>\n");
done:
    return status;
}

/* Trains on the clean labels, for all chapters to come, and shows what the first test rows are
 * called. */
static int tell_predictions(struct draft *r, poison_error *err)
{
    const poison_set *test = &r->data->test;
    size_t rows = size_min(r->wishes->rows, test->n), right = 0;
    int status = 0;
    TRY(poison_svm_new(&r->svm, r->data, r->settings, err));
    TRY(train_and_predict(r, r->before, err));
    PUT("<p>A support vector machine learns a border for each pair of $ts: here $i of them. To "
        "name a test $t, each border casts a vote for the side on which it lies; the $t with most "
        "votes wins. These are the first $i, what each is, and what it was called.</p>\n"
        "<ol class=\"digits\" id=\"predictions\">\n", r->digit,
        poison_svm_machines(r->svm, &(const poison_machine *){NULL}), r->image, r->digit, rows);
    for (size_t t = 0; t < rows; t++) {
        int truth = test->y[t], called = r->before[t];
        right += truth == called;
        PUT("<li>");
        TRY(put_picture(r, test, t, 64, err));
        PUT("<span>is $l<br/></span>", truth);
        PUT(truth == called ? "<span>called $l</span></li>\n"
                            : "<span class=\"wrong\">called $l: wrong</span></li>\n", called);
    }
    PUT("</ol>\n<p>$i of these $i are right.</p>\n", right, rows);
done:
    return status;
}

static int tell_score(struct draft *r, poison_error *err)
{
    int to = r->pair.to;
    r->glance.clean = measure(r, r->before);
    const struct metrics *clean = &r->glance.clean;
    PUT("<p>Of $i test $t $i are called what they are: the <b>accuracy</b> is $p.</p>\n"
        "<div class=\"side\">\n", r->data->test.n, r->images, clean->right, clean->accuracy);
    const char *caption = "How often each prediction was right and wrong, before any poisoning";
    int status = put_score(r, "score", caption, r->before, 0, err);
    PUT("<div class=\"note\"><p><b>The trap.</b> Both columns count under the <em>predicted</em> "
        "$t. The $i incorrect in the line of $l are $t of something else that were called $l. They "
        "are not the $l’s that were missed: of those there are $i, and they stand, as wrong "
        "predictions, in other lines.</p></div>\n</div>\n", r->digit, clean->false_to, to,
        r->images, to, to, tally(r, r->before, to, -1) - tally(r, r->before, to, to));
    return status;
}

/* ---- the poisonings -------------------------------------------------------------------------- */

/* The labels of a dose, from the clean ones. */
static int poison(struct draft *r, size_t dose, poison_error *err)
{
    poison_flip flip = {r->pair.from, r->pair.to, dose, r->strategy};
    int status = 0;
    memcpy(r->labels, r->data->train.y, r->data->train.n * sizeof *r->labels);
    if (r->strategy == POISON_FIRST)
        return poison_flip_apply(&flip, r->labels, r->data, err);
    if (!r->attacker)
        TRY(poison_attacker_new(&r->attacker, r->data, r->svm, r->settings,
                                &r->wishes->sweep->attack, err));
    TRY(poison_attack_apply(r->attacker, &flip, r->labels, err));
done:
    return status;
}

/* The first rows that a dose flipped, with both labels. */
static int put_flips(struct draft *r, size_t dose, poison_error *err)
{
    const poison_set *train = &r->data->train;
    size_t shown = 0;
    int status = 0;
    PUT("<ul class=\"digits flipped\" id=\"flips-$i\">\n", dose);
    for (size_t row = 0; row < train->n && shown < FLIPS; row++) {
        if (r->labels[row] == train->y[row])
            continue;
        PUT("<li>");
        TRY(put_picture(r, train, row, 48, err));
        PUT("$l → <b>$l</b><br/><small>row $i</small></li>\n", train->y[row], r->labels[row],
            row);
        shown++;
    }
    PUT("</ul>\n");
    if (dose > shown)
        PUT("<p>And $i more.</p>\n", dose - shown);
done:
    return status;
}

/* A dose from the clean labels: the flips, both tables beside what they were, the lab's flag.
 * Leaves *r with its labels, predictions and figures. */
static int tell_dose(struct draft *r, size_t dose, poison_error *err)
{
    char id[2][40], caption[2][80];
    int status = 0;
    for (int k = 0; k < 2; k++) {
        snprintf(id[k], sizeof *id, k ? "score-%zu" : "counts-%zu", dose);
        snprintf(caption[k], sizeof *caption,
                 k ? "Score by predicted %s, and what changed" : "Training labels", r->digit);
    }
    PUT("<h3>$i of the $l’s made $l</h3>\n", dose, r->pair.from, r->pair.to);
    TRY(poison(r, dose, err));
    TRY(train_and_predict(r, r->after, err));
    r->glance.poisoned = measure(r, r->after);
    if (dose)
        TRY(put_flips(r, dose, err));
    else
        PUT("<p>Nothing is flipped: all is as it was.</p>\n");
    PUT("<div class=\"side\">\n");
    TRY(put_counts(r, id[0], caption[0], 1, err));
    TRY(put_score(r, id[1], caption[1], r->after, 1, err));
    PUT("</div>\n<p class=\"flag\" id=\"flag-$i\"><b>The flag is $i</b>: so many $t of something "
        "else are now called $l; without poison they were $i. The accuracy is $p, it was $p.</p>\n",
        dose, r->glance.poisoned.false_to, r->images, r->pair.to, r->glance.clean.false_to,
        r->glance.poisoned.accuracy, r->glance.clean.accuracy);
done:
    return status;
}

static int tell_poisonings(struct draft *r, poison_error *err)
{
    const struct sweep *s = r->wishes->sweep;
    int status = 0;
    PUT("<p>Now somebody alters the labels of some training $t: $l becomes $l. The $t themselves "
        "stay as they are, and so does the test set. Each dose starts again from the clean labels. "
        "Which ones are altered: $t.</p>\n", r->images, r->pair.from, r->pair.to, r->images,
        attack_summary(r->strategy));
    for (size_t k = 0; k < s->doses; k++)
        TRY(tell_dose(r, s->dose[k], err));
done:
    return status;
}

/* ---- who is taken for whom ------------------------------------------------------------------- */

/* value: room for three matrices, (3, K, K): before, after, and their difference. */
static void put_maps(struct draft *r, const char **name, double *value)
{
    size_t K = (size_t)r->label.count;
    double *before = value, *after = before + K * K, *difference = after + K * K;
    char title[100];
    for (size_t a = 0; a < K; a++)
        for (size_t b = 0; b < K; b++) {
            size_t cell = a * K + b;
            before[cell] = (double)tally(r, r->before, r->label.label[a], r->label.label[b]);
            after[cell] = (double)tally(r, r->after, r->label.label[a], r->label.label[b]);
            difference[cell] = after[cell] - before[cell];
        }
    struct chart_map two[] = {{"Before", before}, {"After", after}}, one = {NULL, difference};
    struct chart chart = {.title = "Confusion matrices",
                          .note = "What is predicted rightly is outlined.",
                          .id = "confusion", .embedded = 1, .x = "predicted", .y = "true"};
    struct chart_heat heat = {name, name, K, K, two, 2, .root = 1, .diagonal = 1};
    heat.key = r->data->test.height ? "test images" : "test rows";
    PUT("<div class=\"scroll\" role=\"region\" aria-label=\"Confusion matrices\" "
        "tabindex=\"0\">\n");
    chart_heat(r->page.out, &chart, &heat);
    snprintf(title, sizeof title, "What %zu flipped labels changed", r->dose);
    chart.title = title, chart.note = "After minus before.", chart.id = "difference";
    heat.map = &one, heat.maps = 1, heat.diverging = 1;
    PUT("</div>\n<div class=\"scroll\" role=\"region\" aria-label=\"Difference\" "
        "tabindex=\"0\">\n");
    chart_heat(r->page.out, &chart, &heat);
    PUT("</div>\n");
}

/* Of the last dose. Matrices of too many labels are left to `poison confusion`. */
static int tell_confusion(struct draft *r, poison_error *err)
{
    const struct metrics *clean = &r->glance.clean, *poisoned = &r->glance.poisoned;
    size_t K = (size_t)r->label.count;
    char number[MAP_LABELS][12];
    const char *name[MAP_LABELS];
    if (K > MAP_LABELS) {
        PUT("<p>With $i labels these matrices are too large for a page: <code>poison "
            "confusion</code> prints them.</p>\n", K);
        return 0;
    }
    double *value = poison_take(3 * K, K * sizeof *value);
    if (!value)
        return poison_fail_memory(err, 3 * K, K * sizeof *value, "the matrices");
    for (size_t k = 0; k < K; k++)
        name[k] = poison_label_text(r->data, r->label.label[k], number[k]);
    PUT("<p>Each line is what a test $t is, each column what it is called. Of the $i that are $l, "
        "$i are called $l after the last dose; before it was $i. This share, $p, is the attack’s "
        "<b>success</b>.</p>\n", r->image, poisoned->from_test, r->pair.from, poisoned->from_to,
        r->pair.to, clean->from_to, poisoned->success);
    put_maps(r, name, value);
    free(value);
    return 0;
}

/* ---- the curve ------------------------------------------------------------------------------- */

static int capture_sweep(const struct draft *r, struct capture *c, const struct sweep *sweep,
                         poison_error *err)
{
    const struct sweep_output to = {.sheet = &c->sheet, .warn = r->wishes->quiet ? NULL : stderr};
    int status = capture_begin(c, r->data, err);
    if (status == 0)
        status = sweep_run(sweep, r->data, r->data->train.y, r->settings, &to, err);
    return status < 0 ? status : capture_end(c, err);
}

static int put_chart(struct draft *r, const struct columns *table, const char *id,
                     const char *title, poison_error *err)
{
    PUT("<div class=\"scroll\" role=\"region\" aria-label=\"$t\" tabindex=\"0\">\n", title);
    int status = plot_embed(r->page.out, table, id, title, r->settings, err);
    PUT("</div>\n");
    return status;
}

/* One strategy's dose for half of the success, in words. */
static void put_half(struct draft *r, const struct capture *dose, size_t row)
{
    double half = columns_value(&dose->table, row, "ed50");
    double lo = columns_value(&dose->table, row, "ed50_lo");
    double hi = columns_value(&dose->table, row, "ed50_hi");
    const char *name = columns_named(&dose->table, row, "strategy");
    PUT("<li><b>$t</b> ($t): ", name, attack_summary(poison_strategy_parse(name)));
    if (isnan(half))
        PUT("half of the $l’s are never lost within the $i flips that were tried", r->pair.from,
            r->curve[r->curves - 1]);
    else
        PUT("half of the $l’s are called $l after $d flips", r->pair.from, r->pair.to, half);
    if (!isnan(lo) && !isnan(hi))
        PUT(" (95 % interval $d to $d, from $t seeds)", lo, hi,
            columns_named(&dose->table, row, "seeds"));
    PUT("</li>\n");
}

/* What `poison dose` says of a sweep: half of the success in words, then all in a table. */
static int put_doses(struct draft *r, const struct columns *sweep, poison_error *err)
{
    static const struct page_column columns[] = {
        {.name = "strategy", .heading = "Strategy", .kind = PAGE_TEXT},
        {.name = "seeds", .heading = "Seeds", .kind = PAGE_COUNT},
        {.name = "ed10", .heading = "10 % success", .kind = PAGE_NUMBER, .none = "not reached"},
        {.name = "ed50", .heading = "50 % success", .kind = PAGE_NUMBER, .none = "not reached"},
        {.name = "ed90", .heading = "90 % success", .kind = PAGE_NUMBER, .none = "not reached"},
    };
    struct capture dose;
    int status = capture_begin(&dose, r->data, err);
    if (status == 0)
        status = dose_print(sweep, &dose.sheet, r->wishes->sweep->seed, r->settings, err);
    if (status == 0)
        status = capture_end(&dose, err);
    if (status == 0) {
        PUT("<ul>\n");
        for (size_t row = 0; row < dose.table.rows; row++)
            put_half(r, &dose, row);
        PUT("</ul>\n");
        page_table(&r->page, &(struct page_table){"doses", "Flips for a success of", &dose.table,
                                                  columns, 5, {NULL}});
    }
    capture_free(&dose);
    return status;
}

/*
 * Sweeps all strategies over the curve's doses: a chart, and the doses for 10, 50 and 90 % success.
 */
static int tell_curve(struct draft *r, poison_error *err)
{
    const struct sweep *s = r->wishes->sweep;
    poison_cleaning none = {.method = -1, .name = "none"};
    struct sweep sweep = *s;
    sweep.pair = &r->pair, sweep.pairs = 1;
    sweep.defence = &none, sweep.defences = 1;
    sweep.dose = r->curve, sweep.doses = r->curves;
    struct capture c;
    char title[200];
    poison_label from = poison_label_name(r->data, r->pair.from);
    poison_label to = poison_label_name(r->data, r->pair.to);
    int status = capture_sweep(r, &c, &sweep, err);
    snprintf(title, sizeof title, "Success of flipping %s to %s", from.text, to.text);
    PUT("<p>How does success grow with the number of flipped labels, and does it matter which ones "
        "are flipped? Each point is a model of its own, trained and tested. Where the choice is by "
        "lot, $i draws are averaged.</p>\n", s->seeds);
    if (r->curves < r->wishes->curves)
        PUT("<p>Only $i training labels are $l, so that the curve ends at $i.</p>\n",
            r->there, r->pair.from, r->curve[r->curves - 1]);
    if (status == 0)
        status = put_chart(r, &c.table, "curve", title, err);
    if (status == 0)
        status = put_doses(r, &c.table, err);
    capture_free(&c);
    return status;
}

/* ---- images that changed sides --------------------------------------------------------------- */

static int changed(const struct draft *r, size_t t, int as_meant)
{
    int meant = r->data->test.y[t] == r->pair.from && r->after[t] == r->pair.to;
    return r->before[t] != r->after[t] && meant == as_meant;
}

static int put_pushes(struct draft *r, const struct explanation *e, poison_error *err)
{
    const poison_set *train = &r->data->train;
    int status = 0;
    PUT("<ol class=\"digits wide\">\n");
    for (size_t k = 0; k < PUSHES && k < e->machine->sv; k++) {
        size_t row = e->push[k].row;
        PUT("<li>");
        TRY(put_picture(r, train, row, 56, err));
        PUT(r->labels[row] != train->y[row] ? "<b>labelled $l, is $l</b>" : "labelled $l",
            r->labels[row], train->y[row]);
        PUT("<br/><span data-push=\"$i\">$f</span> to $l<br/><small>row $i</small></li>\n", row,
            e->push[k].push, e->push[k].push > 0 ? e->machine->i : e->machine->j, row);
    }
    PUT("</ol>\n");
done:
    return status;
}

/*
 * One test row that changed sides: what its machine says, and the training rows that push it most.
 */
static int put_case(struct draft *r, size_t t, poison_error *err)
{
    const poison_set *test = &r->data->test;
    struct explanation e;
    int status = explain_find(&e, r->svm, r->data, r->labels, r->after[t], t, err);
    if (status < 0)
        return status;
    const poison_machine *m = e.machine;
    PUT("<h3>Test $t $i: is $l, was called $l, is now called $l</h3>\n"
        "<div class=\"case\" id=\"case-$i\">", r->image, t, test->y[t], r->before[t], r->after[t],
        t);
    TRY(put_picture(r, test, t, 112, err));
    PUT("<div><p>The border between $l and $l decides. It says <span "
        "data-decision=\"$i\">$f</span>: above 0 is $l, below is $l. The flipped labels push by "
        "<span data-flipped=\"$i\">$f</span>, all others by $f. The training $t that push "
        "most:</p>\n", m->i, m->j, t, e.decision, m->i, m->j, t, e.flipped, e.decision - e.flipped,
        r->images);
    TRY(put_pushes(r, &e, err));
    PUT("</div></div>\n");
done:
    free(e.push);
    return status;
}

/* First those that the attack meant, `from` now called `to`, then others. */
static int tell_changed(struct draft *r, poison_error *err)
{
    size_t count[2] = {0}, shown = 0;
    int status = 0;
    for (size_t t = 0; t < r->data->test.n; t++)
        for (int k = 0; k < 2; k++)
            count[k] += changed(r, t, k);
    PUT("<p id=\"changed-count\">At the last dose, $i flips, <b>", r->dose);
    page_count(&r->page, count[0] + count[1], r->image, r->images);
    PUT("</b> of the test set are called something else than before; $i of them are $l’s that "
        "are now called $l. A training $t pushes the decision on a test $t towards its own label: "
        "the stronger, the more alike the two are and the more it matters for the border.</p>\n",
        count[1], r->pair.from, r->pair.to, r->image, r->image);
    for (int k = 1; k >= 0; k--)
        for (size_t t = 0; t < r->data->test.n && shown < CASES; t++)
            if (changed(r, t, k)) {
                TRY(put_case(r, t, err));
                shown++;
            }
    if (count[0] + count[1] > shown)
        PUT("<p>And $i more; <code>poison explain --row N</code> explains any of them.</p>\n",
            count[0] + count[1] - shown);
done:
    return status;
}

/* ---- audits ---------------------------------------------------------------------------------- */

/* What an audit suspects most, and whether it is right. Keeps the best audit for the glance. */
static int put_suspects(struct draft *r, int method, const poison_findings *found,
                        const uint8_t *flipped, poison_error *err)
{
    const poison_set *train = &r->data->train;
    size_t hits = 0;
    int status = 0;
    for (size_t k = 0; k < found->ranked && k < r->glance.flipped; k++)
        hits += flipped[found->order[k]];
    if (r->glance.audit < 0 || hits > r->glance.found) {
        r->glance.found = hits;
        r->glance.audit = method;
    }
    PUT("<h3>$t</h3>\n<p>$t Of its $i most suspicious labels $i were really flipped. The first of "
        "them:</p>\n<ol class=\"digits\" id=\"suspects-$t\">\n", poison_audit_name(method),
        audit_summary(method), r->glance.flipped, hits, poison_audit_name(method));
    for (size_t k = 0; k < SUSPECTS && k < found->ranked; k++) {
        size_t row = found->order[k];
        PUT("<li>");
        TRY(put_picture(r, train, row, 48, err));
        PUT("labelled $l<br/>$r", r->labels[row],
            flipped[row] ? "<span class=\"wrong\">✓ flipped</span>" : "clean");
        PUT("<br/><small>row $i</small></li>\n", row);
    }
    PUT("</ol>\n");
done:
    return status;
}

/* The chart, what its figures mean, and the table. */
static int put_scoreboard(struct draft *r, const struct capture *c, poison_error *err)
{
    static const struct page_column columns[] = {
        {.name = "method", .heading = "Audit", .kind = PAGE_TEXT},
        {.name = "flipped", .heading = "Flipped", .kind = PAGE_COUNT},
        {.name = "estimated", .heading = "Its estimate", .kind = PAGE_COUNT, .none = "none"},
        {.name = "precision", .heading = "Precision", .kind = PAGE_SHARE},
        {.name = "recall", .heading = "Recall", .kind = PAGE_SHARE},
        {.name = "auc", .heading = "AUC", .kind = PAGE_SHARE},
        {.name = "average_precision", .heading = "Average precision", .kind = PAGE_SHARE},
    };
    int status = put_chart(r, &c->table, "audits", "What the audits find", err);
    PUT("<p><b>Precision</b>: of as many suspects as there are flips, the share that is guilty; "
        "<b>recall</b>: the share of the flips among them, the same number here. <b>AUC</b>: how "
        "often a flipped row is more suspicious than one that is not; 50 % is guessing. <b>Average "
        "precision</b>: precision, averaged over the ranks of all flips. Rows of equal suspicion "
        "share their places.</p>\n");
    page_table(&r->page, &(struct page_table){"audit", "What the audits find", &c->table, columns,
                                              7, {NULL}});
    return status;
}

/* All audits of the poisoned labels, each with its suspects, then side by side. */
static int tell_audits(struct draft *r, poison_error *err)
{
    const struct report *w = r->wishes;
    size_t n = r->data->train.n;
    struct capture c = {.size = 0};
    struct table t;
    poison_svm *auditor = NULL;
    poison_findings found = {0};
    int status = 0;
    uint8_t *flipped = poison_take(n, 1);
    if (!flipped)
        TRY(poison_fail_memory(err, n, 1, "the flips"));
    for (size_t row = 0; row < n; row++)
        r->glance.flipped += flipped[row] = r->labels[row] != r->data->train.y[row];
    TRY(capture_begin(&c, r->data, err));
    table_begin(&t, &c.sheet, SCOREBOARD);
    PUT("<p>Can the $i flipped labels be found, by somebody who does not know them? An audit gives "
        "each training row a suspicion.</p>\n", r->glance.flipped);
    TRY(poison_svm_new_beside(&auditor, r->svm, NULL, err));
    for (int k = 0; k < w->methods; k++) {
        TRY(poison_audit(&found, auditor, r->data, r->labels, w->method[k], w->sweep->seed,
                         r->settings, err));
        print_scoreboard(&t, w->method[k], &found, flipped);
        TRY(put_suspects(r, w->method[k], &found, flipped, err));
        poison_findings_free(&found);
    }
    TRY(capture_end(&c, err));
    PUT("<h3>All of them</h3>\n");
    TRY(put_scoreboard(r, &c, err));
done:
    poison_findings_free(&found);
    poison_svm_free(auditor);
    capture_free(&c);
    free(flipped);
    return status;
}

/* ---- cleaning -------------------------------------------------------------------------------- */

/* What the defences did, in words: the best one, and those that made it worse. */
static void put_verdict(struct draft *r, const struct capture *c)
{
    double none = columns_value(&c->table, 0, "success"), best = none;
    size_t which = 0, worse = 0;
    for (size_t row = 1; row < c->table.rows; row++) {
        double success = columns_value(&c->table, row, "success");
        if (success < best) {
            best = success;
            which = row;
        }
        worse += success > none;
    }
    PUT("<p>Without a defence $p of the $l’s are called $l, and the accuracy is $p; on clean "
        "labels it was $p. ", none, r->pair.from, r->pair.to,
        columns_value(&c->table, 0, "accuracy"), r->glance.clean.accuracy);
    if (which)
        PUT("Best is <b>$t</b>: success $p, accuracy $p. ",
            columns_named(&c->table, which, "defence"), best,
            columns_value(&c->table, which, "accuracy"));
    else
        PUT("No defence makes the attack’s success smaller. ");
    for (size_t row = 1, said = 0; row < c->table.rows; row++)
        if (columns_value(&c->table, row, "success") > none) {
            const char *before = said + 1 == worse ? " and " : ", ";
            PUT("$t$t", said++ ? before : "", columns_named(&c->table, row, "defence"));
        }
    PUT(worse ? " made it worse: who trusts poisoned labels may finish the attacker’s work.</p>\n"
              : "</p>\n");
}

/* What a sweep of defences says: in words, as a chart, as a table. */
static int put_cleaning(struct draft *r, const struct sweep *sweep, poison_error *err)
{
    static const struct page_column columns[] = {
        {.name = "defence", .heading = "Defence", .kind = PAGE_TEXT},
        {.name = "accuracy", .heading = "Accuracy", .kind = PAGE_SHARE},
        {.name = "success", .heading = "Success", .kind = PAGE_SHARE},
        {.name = "success_lo", .heading = "at least", .kind = PAGE_SHARE},
        {.name = "success_hi", .heading = "at most", .kind = PAGE_SHARE},
        {.name = "false_to", .heading = "The flag", .kind = PAGE_COUNT},
    };
    struct capture c;
    int status = capture_sweep(r, &c, sweep, err);
    if (status == 0) {
        put_verdict(r, &c);
        status = put_chart(r, &c.table, "cleaning-chart", "The attack’s success after cleaning",
                           err);
        const char *caption = "After relabelling, with Wilson’s 95 % interval of success";
        page_table(&r->page,
                   &(struct page_table){"cleaned", caption, &c.table, columns, 6, {NULL}});
    }
    capture_free(&c);
    return status;
}

/* A sweep of one cell a defence: each audit's relabelling of the last dose, after none at all. */
static int tell_cleaning(struct draft *r, poison_error *err)
{
    const struct report *w = r->wishes;
    poison_cleaning defence[1 + POISON_AUDITS] = {{.method = -1, .name = "none"}};
    struct sweep sweep = *w->sweep;
    int status = 0;
    for (int k = 0; k < w->methods; k++)
        TRY(poison_cleaning_parse(&defence[1 + k], poison_audit_name(w->method[k]), err));
    sweep.pair = &r->pair, sweep.pairs = 1;
    sweep.strategy = &r->strategy, sweep.strategies = 1;
    sweep.dose = &r->dose, sweep.doses = 1;
    sweep.defence = defence, sweep.defences = 1 + (size_t)w->methods;
    sweep.seeds = 1;
    PUT("<p>A defence gives the most suspicious rows the label that the audit suggests, and trains "
        "again. How many rows? <i>oracle</i>: as many as were flipped, which no real defender "
        "knows; <i>estimated</i>: as many as the audit itself believes.</p>\n");
    TRY(put_cleaning(r, &sweep, err));
done:
    return status;
}

/* ---- how it was made ------------------------------------------------------------------------- */

/* Command, provenance, and the table of `poison data`. */
static int tell_making(struct draft *r, poison_error *err)
{
    static const struct page_column columns[] = {
        {.name = "key", .heading = "What", .kind = PAGE_TEXT},
        {.name = "value", .heading = "Value", .kind = PAGE_TEXT},
    };
    struct capture c;
    int status = capture_begin(&c, r->data, err);
    if (status == 0)
        status = describe_data(&c.sheet, r->data, r->data->train.y, r->settings, err);
    if (status == 0)
        status = capture_end(&c, err);
    if (status == 0) {
        PUT("<p>The same command, from the same folder, makes the same page, to the last "
            "byte:</p>\n<pre><code>$t &gt; lab.html</code></pre>\n"
            "<p>Version, checksum of the data, and all settings:</p>\n"
            "<pre><code id=\"settings\">$t</code></pre>\n", r->wishes->command,
            r->wishes->provenance);
        page_table(&r->page,
                   &(struct page_table){"data-table", "The data", &c.table, columns, 2, {NULL}});
    }
    capture_free(&c);
    return status;
}

/* ---- all of them ----------------------------------------------------------------------------- */

const struct chapter chapters[CHAPTERS] = {
    {"the-data", "The data", tell_data},
    {"first", "The first predictions", tell_predictions},
    {"the-score", "The score", tell_score},
    {"poisoning", "The poison", tell_poisonings},
    {"taken-for", "What is taken for what", tell_confusion},
    {"dose", "How much poison it takes", tell_curve},
    {"changed", "What changed sides, and why", tell_changed},
    {"finding", "Finding the flipped labels", tell_audits},
    {"cleaning", "Cleaning up", tell_cleaning},
    {"made", "How this page was made", tell_making},
};
