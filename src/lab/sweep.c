/* SPDX-License-Identifier: MIT */
#include "sweep.h"

#include "attack.h"
#include "base.h"
#include "budget.h"
#include "escape.h"
#include "journal.h"
#include "labels.h"
#include "metrics.h"
#include "set.h"

#include <stdlib.h>
#include <string.h>

#define HEADER \
    "from\tto\tstrategy\tdefence\tseed\tdose\taccuracy\tfrom_recall\tfrom_test\tfrom_to\t" \
    "success\tsuccess_lo\tsuccess_hi\tfalse_to\tcollateral\tsv\titerations"

/* ---- the cells ------------------------------------------------------------------------------- */

struct cell {
    size_t pair, strategy, defence, seed, dose; /* numbers in the sweep's lists */
    int seeded;
};

/* Work in hand. */
struct campaign {
    const struct sweep *sweep;
    const poison_data *data;
    const poison_settings *settings, *loud; /* without and with the caller's progress */
    const int *clean;  /* (n) */
    size_t there[POISON_LABELS]; /* clean rows of each label */
    size_t doses[POISON_LABELS]; /* of those that pairs begin with: doses that there are rows for */
    int *labels, *predicted;
    uint8_t *supports;
    poison_svm *victim, *auditor;
    poison_attacker *attacker; /* of the seed in hand */
    uint64_t attacker_seed;
    size_t **order;  /* (seeds, most rows) of the pair and strategy in hand */
    size_t *chosen;  /* (seeds) rows in it so far */
    size_t order_pair, order_strategy;
    struct sheet sheet;
    FILE *warn;
    struct cell at; /* the last one that the journal has, then the one in hand */
};

/* With how many seeds a strategy (number in the list) meets a defence; *seeded: whether they are of
 * any consequence. */
static size_t seeds_of(const struct sweep *s, size_t strategy, size_t defence, int *seeded)
{
    int method = s->defence[defence].method;
    *seeded = poison_attack_seeded(s->strategy[strategy], &s->attack)
              || (method >= 0 && poison_audit_seeded(method));
    return *seeded ? s->seeds : 1;
}

/*
 * The next cell, in order; 0 after the last. A cell of strategy = SIZE_MAX comes before the first.
 */
static int next_cell(const struct campaign *c, struct cell *cell)
{
    const struct sweep *s = c->sweep;
    int first = cell->strategy == SIZE_MAX;
    if (first)
        *cell = (struct cell){0};
    else
        cell->dose++;
    for (; cell->pair < s->pairs; cell->pair++, cell->strategy = 0) {
        size_t most = c->there[s->pair[cell->pair].from];
        if (!c->doses[s->pair[cell->pair].from])
            continue; /* not a look at each seed of each defence to find no cell */
        for (; cell->strategy < s->strategies; cell->strategy++, cell->defence = 0)
            for (; cell->defence < s->defences; cell->defence++, cell->seed = 0) {
                size_t seeds = seeds_of(s, cell->strategy, cell->defence, &cell->seeded);
                for (; cell->seed < seeds; cell->seed++, cell->dose = 0)
                    for (; cell->dose < s->doses; cell->dose++)
                        if (s->dose[cell->dose] <= most)
                            return 1;
            }
    }
    return 0;
}

/* c->doses, and *total: how often next_cell finds one, without a walk through millions of them. */
static int count_cells(struct campaign *c, size_t *total, poison_error *err)
{
    const struct sweep *s = c->sweep;
    size_t each = 0;
    int seeded;
    for (size_t a = 0; a < s->strategies; a++)
        for (size_t d = 0; d < s->defences; d++)
            each += seeds_of(s, a, d, &seeded);
    *total = 0;
    for (size_t p = 0; p < s->pairs; p++) {
        int from = s->pair[p].from;
        if (poison_cancelled(c->settings))
            return poison_fail_cancelled(err);
        if (!c->doses[from]) /* not counted yet, or soon counted */
            for (size_t d = 0; d < s->doses; d++)
                c->doses[from] += s->dose[d] <= c->there[from];
        *total += each * c->doses[from];
    }
    return 0;
}

static void print_key(struct table *t, const struct sweep *s, const struct cell *cell)
{
    table_label(t, s->pair[cell->pair].from);
    table_label(t, s->pair[cell->pair].to);
    table_text(t, poison_strategy_name(s->strategy[cell->strategy]));
    table_text(t, s->defence[cell->defence].name);
    if (cell->seeded)
        table_count(t, s->seed + cell->seed);
    else
        table_none(t);
    table_count(t, s->dose[cell->dose]);
}

static void begin_warning(const struct campaign *c, const struct sweep_pair *pair)
{
    fputs("poison: warning: ", c->warn);
    poison_label_put(c->warn, c->data, pair->from);
    fputc(':', c->warn);
    poison_label_put(c->warn, c->data, pair->to);
}

static void forget_orders(struct campaign *c)
{
    for (size_t k = 0; c->order && k < c->sweep->seeds; k++) {
        free(c->order[k]);
        c->order[k] = NULL;
        c->chosen[k] = 0;
    }
}

/* Whoever attacks with this seed. */
static int take_attacker(struct campaign *c, uint64_t seed, poison_error *err)
{
    poison_attack_settings attack = c->sweep->attack;
    if (c->attacker && c->attacker_seed == seed)
        return 0;
    poison_attacker_free(c->attacker);
    c->attacker = NULL;
    c->attacker_seed = attack.seed = seed;
    return poison_attacker_new(&c->attacker, c->data, c->victim, c->loud, &attack, err);
}

/*
 * c->labels: those after the cell's attack. Doses come in the caller's order, so that what was
 * chosen is kept for each seed of the pair and strategy in hand: a nested strategy's smaller dose
 * is the beginning of its greatest one, which is chosen at once (one by one, as far as it is
 * needed, where that is what the strategy does); others choose anew for each dose.
 */
static int attack(struct campaign *c, poison_error *err)
{
    const struct cell *cell = &c->at;
    const struct sweep *s = c->sweep;
    int strategy = s->strategy[cell->strategy], nested = poison_attack_nested(strategy);
    size_t dose = s->dose[cell->dose], most = 0, there = c->there[s->pair[cell->pair].from];
    uint64_t seed = poison_attack_seeded(strategy, &s->attack) ? s->seed + cell->seed : s->seed;
    if (cell->pair != c->order_pair || cell->strategy != c->order_strategy)
        forget_orders(c);
    c->order_pair = cell->pair;
    c->order_strategy = cell->strategy;
    for (size_t k = 0; k < s->doses; k++)
        most = s->dose[k] <= there ? size_max(most, s->dose[k]) : most;
    size_t **order = &c->order[seed - s->seed], *chosen = &c->chosen[seed - s->seed];
    int status = 0, to = s->pair[cell->pair].to;
    memcpy(c->labels, c->clean, c->data->train.n * sizeof *c->labels);
    if (!*order)
        *order = poison_take(most, sizeof **order);
    if (!*order)
        TRY(poison_fail_memory(err, most, sizeof **order, "the flips"));
    if (!nested)
        *chosen = 0;
    for (size_t k = 0; k < dose && k < *chosen; k++)
        c->labels[(*order)[k]] = to;
    /* some go on from the labels that they made; other nested ones choose all at once */
    if (*chosen < dose) {
        size_t wanted = nested && !attack_does(strategy, ONE_BY_ONE) ? most : dose;
        poison_flip flip = {s->pair[cell->pair].from, to, wanted - *chosen, strategy};
        TRY(take_attacker(c, seed, err));
        TRY(poison_attack(c->attacker, c->labels, &flip, *order + *chosen, err));
        for (size_t k = *chosen; k < dose; k++)
            c->labels[(*order)[k]] = to;
        *chosen = wanted;
    }
done:
    return status;
}

static int defend(struct campaign *c, poison_error *err)
{
    const poison_cleaning *defence = &c->sweep->defence[c->at.defence];
    poison_findings found;
    int status = 0;
    if (defence->method < 0)
        return 0;
    if (!c->auditor)
        TRY(poison_svm_new_beside(&c->auditor, c->victim, NULL, err));
    TRY(poison_audit(&found, c->auditor, c->data, c->labels, defence->method,
                     c->sweep->seed + c->at.seed, c->loud, err));
    poison_clean(defence, &found, c->sweep->dose[c->at.dose], c->labels);
    poison_findings_free(&found);
done:
    return status;
}

/* The row of a cell that has no model: one class left, nobody to attack. The sweep goes on. */
static void print_impossible(const struct campaign *c, struct table *t, const poison_error *err)
{
    const struct sweep *s = c->sweep;
    print_key(t, s, &c->at);
    for (int k = 0; k < 11; k++)
        table_none(t);
    if (!c->warn)
        return;
    begin_warning(c, &s->pair[c->at.pair]);
    fprintf(c->warn, " %s %s dose %zu: ", poison_strategy_name(s->strategy[c->at.strategy]),
            s->defence[c->at.defence].name, s->dose[c->at.dose]);
    escape_text(c->warn, err ? err->text : "");
    fputc('\n', c->warn);
}

/* The row of a cell: its key, then what HEADER names after it. */
static void print_cell(struct campaign *c, struct table *t)
{
    const struct sweep_pair *pair = &c->sweep->pair[c->at.pair];
    struct metrics m = metrics_measure(&c->data->test, c->predicted, pair->from, pair->to);
    const poison_machine *machine;
    size_t P = poison_svm_machines(c->victim, &machine), iterations = 0;
    for (size_t p = 0; p < P; p++)
        iterations += machine[p].iterations;
    print_key(t, c->sweep, &c->at);
    table_number(t, m.accuracy);
    table_number(t, m.from_recall);
    table_count(t, m.from_test);
    table_count(t, m.from_to);
    table_number(t, m.success);
    table_number(t, m.success_lo);
    table_number(t, m.success_hi);
    table_count(t, m.false_to);
    table_number(t, m.collateral);
    table_count(t, poison_svm_support(c->victim, c->supports));
    table_count(t, iterations);
}

/* The cell in hand: labels as attacked, as cleaned, their model, its predictions, the row.
 * POISON_EDATA of any of these is no failure of the sweep, but a row without figures. */
static int compute_cell(struct campaign *c, struct table *t, poison_error *err)
{
    int status = 0;
    if (!c->victim)
        TRY(poison_svm_new(&c->victim, c->data, c->settings, err));
    status = attack(c, err);
    if (status == 0)
        status = defend(c, err);
    if (status == 0)
        status = poison_svm_train(c->victim, c->labels, err);
    if (status == POISON_EDATA) {
        print_impossible(c, t, err);
        return 0;
    }
    TRY(status);
    TRY(poison_svm_predict(c->victim, 0, c->predicted, err));
    print_cell(c, t);
done:
    return status;
}

/* ---- what its journal begins with ------------------------------------------------------------ */

/*
 * The line of settings: every one that can change a row, as name=value. NULL: no memory. free() it.
 */
static char *settings_line(const struct campaign *c)
{
    const struct sweep *s = c->sweep;
    const poison_settings *set = c->settings;
    const poison_set *const sets[] = {&c->data->train, &c->data->validation, &c->data->test};
    char *line = NULL;
    size_t size;
    uint32_t crc = poison_data_crc32(c->data, c->clean, set);
    FILE *out = poison_text_open(&line, &size);
    if (!out)
        return NULL;
    fprintf(out,
            "# poison=%s data_crc32=%08x train=%zu validate=%zu test=%zu cost=%.17g gamma=%.17g "
            "tolerance=%.17g shrinking=%d",
            POISON_VERSION, crc, sets[0]->n, sets[1]->n, sets[2]->n, set->C, set->gamma,
            set->tolerance, set->shrinking);
    for (size_t k = 0; k < s->pairs; k++) {
        fputs(k ? "," : " pairs=", out);
        poison_label_put(out, c->data, s->pair[k].from);
        fputc(':', out);
        poison_label_put(out, c->data, s->pair[k].to);
    }
    for (size_t k = 0; k < s->doses; k++)
        fprintf(out, "%s%zu", k ? "," : " doses=", s->dose[k]);
    for (size_t k = 0; k < s->strategies; k++)
        fprintf(out, "%s%s", k ? "," : " strategy=", poison_strategy_name(s->strategy[k]));
    for (size_t k = 0; k < s->defences; k++)
        fprintf(out, "%s%s", k ? "," : " defence=", s->defence[k].name);
    fprintf(out, " seed=%llu seeds=%zu restarts=%zu beam=%zu", (unsigned long long)s->seed,
            s->seeds, s->attack.restarts, s->attack.beam);
    if (s->shuffles)
        fputs(" shuffle=1", out);
    if (set->kernel != POISON_RBF)
        fprintf(out, " kernel=%s degree=%d coef0=%.17g", poison_kernel_name(set->kernel),
                set->degree, set->coef0);
    for (int v = 0; v < POISON_LABELS && set->weight; v++)
        if (set->weight[v] != 1) {
            fputs(" weight=", out);
            poison_label_put(out, c->data, v);
            fprintf(out, ":%.17g", set->weight[v]);
        }
    if (set->max_iterations)
        fprintf(out, " max_iter=%zu", set->max_iterations);
    fputc('\n', out);
    return fclose(out) == 0 ? line : NULL;
}

/* Of the next cell, as the journal wants it. */
static int next_key(void *self, FILE *out)
{
    struct campaign *c = self;
    struct sheet sheet;
    struct table t;
    if (!next_cell(c, &c->at))
        return 0;
    sheet_open(&sheet, out, c->data, 0, 1);
    table_begin(&t, &sheet, HEADER);
    print_key(&t, c->sweep, &c->at);
    return 1;
}

/* Where rows go on, in the form that they have there; c->at is then the last cell that is there. */
static int open_output(struct campaign *c, struct journal *journal, const struct sweep_output *to,
                       poison_error *err)
{
    int status = 0, resumes = journal_is(to->path);
    char *settings = resumes ? settings_line(c) : NULL;
    struct journal_form form = {"sweep", settings, HEADER, next_key, c};
    if (resumes && !settings)
        TRY(poison_fail_memory(err, 1, 4096, "the settings"));
    if (resumes && poison_cancelled(c->settings)) /* their checksum may be of a part of the data */
        TRY(poison_fail_cancelled(err));
    TRY(journal_open(journal, to->path, resumes ? &form : NULL, to->resume, c->settings->cancel,
                     err));
    if (resumes)
        sheet_open(&c->sheet, journal->out, c->data, 0, journal->headed);
    else
        c->sheet.out = journal->out;
done:
    free(settings);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void warn_of_doses(const struct campaign *c)
{
    for (size_t k = 0; k < c->sweep->pairs && c->warn; k++) {
        const struct sweep_pair *pair = &c->sweep->pair[k];
        size_t most = c->there[pair->from], above = c->sweep->doses - c->doses[pair->from];
        if (!above)
            continue;
        begin_warning(c, pair);
        fprintf(c->warn, ": %zu of %zu doses are left out, since only %zu training labels are ",
                above, c->sweep->doses, most);
        poison_label_put(c->warn, c->data, pair->from);
        fputc('\n', c->warn);
    }
}

static int take_all_pairs(struct sweep *sweep, const poison_data *data, poison_error *err)
{
    int label[POISON_LABELS];
    size_t labels = (size_t)poison_data_labels(data, label);
    sweep->pair = poison_take(labels, labels * sizeof *sweep->pair);
    if (!sweep->pair)
        return poison_fail_memory(err, labels, labels * sizeof *sweep->pair, "the pairs");
    for (size_t f = 0; f < labels; f++)
        for (size_t t = 0; t < labels; t++)
            if (f != t)
                sweep->pair[sweep->pairs++] = (struct sweep_pair){label[f], label[t]};
    return 0;
}

/* A name may be spelt in two ways, so that pairs are compared again once they are labels. */
int sweep_pairs(struct sweep *sweep, const struct pair_wish *wish, size_t wishes,
                const char *option, const poison_data *data, poison_error *err)
{
    int status = 0;
    sweep->pairs = 0;
    if (!wishes)
        return take_all_pairs(sweep, data, err);
    sweep->pair = poison_take(wishes, sizeof *sweep->pair);
    if (!sweep->pair)
        return poison_fail_memory(err, wishes, sizeof *sweep->pair, "the pairs");
    for (size_t k = 0; k < wishes; k++, sweep->pairs++) {
        struct sweep_pair *new = &sweep->pair[k];
        TRY(pair_resolve(&wish[k], &new->from, &new->to, data, option, err));
        for (size_t q = 0; q < k; q++)
            if (sweep->pair[q].from == new->from && sweep->pair[q].to == new->to)
                TRY(poison_fail(err, POISON_EUSAGE, "%s: %s:%s is named twice", option,
                                poison_label_quoted(data, new->from).text,
                                poison_label_quoted(data, new->to).text));
    }
done:
    return status;
}

/* One class is left where all n rows are then `to`, or where they are `from` and the dose is 0. */
int sweep_check_doses(const size_t *dose, size_t doses, const struct sweep_pair *pair,
                      const int *labels, const poison_data *data, poison_error *err)
{
    size_t n = data->train.n, from = 0, to = 0;
    int status = 0;
    for (size_t r = 0; r < n; r++) {
        from += labels[r] == pair->from;
        to += labels[r] == pair->to;
    }
    for (size_t k = 0; k < doses; k++) {
        poison_flip flip = {pair->from, pair->to, dose[k], POISON_FIRST};
        TRY(poison_flip_check(&flip, labels, data, err));
        if (to + dose[k] == n || from - dose[k] == n)
            TRY(poison_fail(err, POISON_EDATA,
                            "flip %s:%s:%zu leaves one class only: at least two classes are needed",
                            poison_label_quoted(data, pair->from).text,
                            poison_label_quoted(data, pair->to).text, dose[k]));
    }
done:
    return status;
}

/* Models that are held at a time: the victim, an attacker's, an auditor's */
static size_t count_models(const struct sweep *sweep)
{
    int attacker = 0, auditor = 0;
    for (size_t k = 0; k < sweep->strategies; k++)
        attacker |= attack_does(sweep->strategy[k], TRAINS);
    for (size_t k = 0; k < sweep->defences; k++)
        auditor |= sweep->defence[k].method >= 0;
    return 1 + (size_t)attacker + (size_t)auditor;
}

static int take_memory(struct campaign *c, poison_error *err)
{
    size_t n = c->data->train.n, m = c->data->test.n, seeds = c->sweep->seeds;
    c->labels = poison_take(n, sizeof *c->labels);
    c->predicted = poison_take(m, sizeof *c->predicted);
    c->supports = poison_take(n, 1);
    c->chosen = poison_take(seeds, sizeof *c->chosen);
    c->order = c->chosen ? poison_take(seeds, sizeof *c->order) : NULL;
    if (!c->labels || !c->predicted || !c->supports || !c->order)
        return poison_fail_memory(err, n, 16, "the sweep");
    for (size_t r = 0; r < n; r++)
        if (c->clean[r] >= 0)
            c->there[c->clean[r]]++;
    return 0;
}

static void free_campaign(struct campaign *c)
{
    forget_orders(c);
    free(c->order);
    free(c->chosen);
    free(c->labels);
    free(c->predicted);
    free(c->supports);
    poison_attacker_free(c->attacker);
    poison_svm_free(c->auditor);
    poison_svm_free(c->victim);
}

/* The cells are counted first, for the progress; those that a journal has are passed over by it. */
int sweep_run(const struct sweep *sweep, const poison_data *data, const int *labels,
              const poison_settings *settings, const struct sweep_output *to, poison_error *err)
{
    poison_settings quiet = *settings; /* the sweep's own progress is the one to show */
    const struct cell before = {.strategy = SIZE_MAX};
    struct campaign c = {.sweep = sweep, .data = data, .settings = &quiet, .loud = settings,
                         .clean = labels, .sheet = *to->sheet, .warn = to->warn, .at = before};
    struct journal journal = {.path = "memory", .fd = -1, .out = to->path ? NULL : to->sheet->out};
    struct table t;
    size_t total = 0, done = 0;
    int status = 0;
    quiet.progress = NULL;
    budget_split(&quiet, 0, count_models(sweep));
    TRY(take_memory(&c, err));
    TRY(count_cells(&c, &total, err));
    if (to->path)
        TRY(open_output(&c, &journal, to, err));
    table_begin(&t, &c.sheet, HEADER);
    warn_of_doses(&c);
    TRY(journal_flush(&journal, c.settings, err));
    for (; next_cell(&c, &c.at); done++) {
        poison_tell(settings, "sweeping", (double)done, "cells",
                    (double)done / (double)(total - journal.rows));
        TRY(compute_cell(&c, &t, err));
        TRY(journal_flush(&journal, c.settings, err));
    }
done:
    free_campaign(&c);
    return to->path ? journal_close(&journal, status, done, err) : status;
}
