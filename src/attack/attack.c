/* SPDX-License-Identifier: MIT */
/* attack - which labels to flip */
#include "attack.h"

#include "base.h"
#include "floating.h"
#include "labels.h"
#include "set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 50 /* of alfa */

struct poison_attacker {
    const poison_data *data;
    const poison_svm *victim; /* or NULL */
    poison_settings settings;
    poison_attack_settings attack;
    poison_svm *svm; /* NULL until somebody needs it */
    int *labels;     /* (n) of the model in hand */
    int *predicted;
    poison_set aim[POISON_LABELS]; /* validation images of each label that was attacked, ours */
};

int poison_attacker_new(poison_attacker **out, const poison_data *data, const poison_svm *victim,
                        const poison_settings *settings, const poison_attack_settings *attack,
                        poison_error *err)
{
    poison_attacker *a = *out = poison_take(1, sizeof *a);
    if (!a)
        return poison_fail_memory(err, 1, sizeof *a, "the attacker");
    a->data = data;
    a->victim = victim;
    a->settings = *settings;
    a->attack = *attack;
    a->labels = poison_take(data->train.n, sizeof *a->labels);
    a->predicted = poison_take(data->validation.n, sizeof *a->predicted);
    if (a->labels && a->predicted)
        return 0;
    poison_attacker_free(a);
    *out = NULL;
    return poison_fail_memory(err, data->train.n, sizeof *a->labels, "the attacker");
}

void poison_attacker_free(poison_attacker *a)
{
    if (!a)
        return;
    poison_svm_free(a->svm);
    for (int v = 0; v < POISON_LABELS; v++)
        set_free(&a->aim[v]);
    free(a->labels);
    free(a->predicted);
    free(a);
}

/* ---- what the attacker sees ------------------------------------------------------------------ */

/* The model of a->labels. */
static int train(poison_attacker *a, poison_error *err)
{
    int status = 0;
    if (!a->svm) {
        poison_settings quiet = a->settings;
        quiet.progress = NULL;
        TRY(a->victim ? poison_svm_new_beside(&a->svm, a->victim, NULL, err)
                      : poison_svm_new(&a->svm, a->data, &quiet, err));
    }
    TRY(poison_svm_train(a->svm, a->labels, err));
done:
    return status;
}

/* The validation images labelled `label`, to *out, watched by a->svm under *number. They are
 * gathered once. POISON_EDATA if there is none: an attack on that label has no aim. */
static int take_aim(poison_attacker *a, int label, const poison_set **out, size_t *number,
                    poison_error *err)
{
    const poison_set *all = &a->data->validation;
    poison_set *aim = &a->aim[label];
    *out = aim;
    size_t count = 0;
    if (aim->n)
        return poison_svm_watch(a->svm, aim, number, err);
    for (size_t r = 0; r < all->n; r++)
        count += all->y[r] == label;
    if (!count)
        return poison_fail(
            err, POISON_EDATA,
            "none of the %zu validation images is %s: an attack on it has no aim (--validate N)",
            all->n, poison_label_quoted(a->data, label).text);
    size_t *row = poison_take(count, sizeof *row);
    if (!row)
        return poison_fail_memory(err, count, sizeof *row, "the validation images");
    count = 0;
    for (size_t r = 0; r < all->n; r++)
        if (all->y[r] == label)
            row[count++] = r;
    int status = poison_set_gather(aim, all, row, count, err);
    free(row);
    return status < 0 ? status : poison_svm_watch(a->svm, aim, number, err);
}

/*
 * What alfa and greedy are after: on the validation rows labelled `from`,
 *
 *      share   of them is called `to`
 *      loss    the mean of max(0, 1 - m), m being the decision value of the machine (from, to),
 *              positive towards `from`
 *
 * Greater is better: first by share, and where no row changes sides, by loss.
 */
struct objective {
    double share, loss;
};

static int better(const struct objective *a, const struct objective *b)
{
    return a->share > b->share || (a->share == b->share && a->loss > b->loss);
}

/* Trains the model of a->labels and looks at the validation images: the objective of flips that
 * made these labels. */
static int look(poison_attacker *a, const poison_flip *flip, struct objective *objective,
                poison_error *err)
{
    int status = 0;
    const poison_set *aim;
    size_t number;
    double sign;
    TRY(train(a, err));
    TRY(take_aim(a, flip->from, &aim, &number, err));
    TRY(poison_svm_predict(a->svm, number, a->predicted, err));
    ptrdiff_t p = poison_svm_machine(a->svm, flip->from, flip->to, &sign);
    const double *value = p < 0 ? NULL : poison_svm_decisions(a->svm, number, (size_t)p);
    *objective = (struct objective){0, 0};
    for (size_t t = 0; t < aim->n; t++) {
        objective->share += a->predicted[t] == flip->to;
        /* no machine: `from` has no row left */
        objective->loss += value ? fmax(0, 1 - sign * value[t]) : 0;
    }
    objective->share /= (double)aim->n;
    objective->loss /= (double)aim->n;
done:
    return status;
}

/* A candidate: a row labelled `from`. */
struct candidate {
    double key;   /* smaller is better */
    uint32_t low; /* the key's lower half, where it has one */
    double m;
    size_t row;
};

static int by_key(const void *a, const void *b)
{
    const struct candidate *s = a, *t = b;
    if (s->key != t->key)
        return s->key < t->key ? -1 : 1;
    if (s->low != t->low)
        return s->low < t->low ? -1 : 1;
    return s->row < t->row ? -1 : 1;
}

/* Fills in each candidate's m under the model of a->labels, which is trained. POISON_EDATA if that
 * has no machine (from, to), since no row is labelled `to`. */
static int measure(poison_attacker *a, const poison_flip *flip, struct candidate *c, size_t count,
                   poison_error *err)
{
    double sign;
    size_t on_train;
    int status = train(a, err);
    if (status == 0)
        status = poison_svm_watch(a->svm, &a->data->train, &on_train, err);
    if (status < 0)
        return status;
    poison_label from = poison_label_quoted(a->data, flip->from);
    poison_label to = poison_label_quoted(a->data, flip->to);
    ptrdiff_t p = poison_svm_machine(a->svm, flip->from, flip->to, &sign);
    if (p < 0)
        return poison_fail(
            err, POISON_EDATA,
            "flip %s:%s:%zu:%s: no training label is %s now, so that there is no machine to ask",
            from.text, to.text, flip->count, poison_strategy_name(flip->strategy), to.text);
    status = poison_svm_decide(a->svm, on_train, (size_t)p, POISON_ALL, err);
    for (size_t k = 0; status == 0 && k < count; k++)
        c[k].m = sign * poison_svm_decisions(a->svm, on_train, (size_t)p)[c[k].row];
    return status;
}

/* ---- the strategies: each puts the chosen candidates in front -------------------------------- */

static int choose_first(poison_attacker *a, const poison_flip *flip, struct candidate *c,
                        size_t count, poison_error *err)
{
    (void)a, (void)flip, (void)c, (void)count, (void)err; /* they come in row order */
    return 0;
}

/* Without replacement: the smallest keys of (seed, stream 1, row), so that a greater count adds to
 * a smaller one's rows. */
static int choose_random(poison_attacker *a, const poison_flip *flip, struct candidate *c,
                         size_t count, poison_error *err)
{
    (void)flip, (void)err;
    for (size_t k = 0; k < count; k++) { /* 64 bits do not fit a double */
        uint64_t key = poison_key(a->attack.seed, 1, c[k].row);
        c[k].key = (double)(key >> 32);
        c[k].low = (uint32_t)key;
    }
    qsort(c, count, sizeof *c, by_key);
    return 0;
}

/* By distance from the clean model's border (the nearest-first and farthest-first flips of Xiao et
 * al. 2015, with the sign of m): near takes the smallest |m|; far takes the greatest m, rows most
 * surely called `from`, whose alpha goes to C. */
static int choose_near(poison_attacker *a, const poison_flip *flip, struct candidate *c,
                       size_t count, poison_error *err)
{
    int status = measure(a, flip, c, count, err);
    for (size_t k = 0; k < count; k++)
        c[k].key = flip->strategy == POISON_FAR ? -c[k].m : fabs(c[k].m);
    qsort(c, count, sizeof *c, by_key);
    return status;
}

/*
 * ALFA, adversarial label flips (Xiao, Xiao & Eckert 2012): labels that a poisoned model fits and
 * the clean one does not. Over the rows i labelled `from`, flips q minimise
 *
 *      sum_i (1 - q_i) (e_i - x_i) + q_i (e'_i - x'_i)     with q_i in {0, 1}, sum_i q_i = count
 *
 *   x_i, x'_i   max(0, 1 - m_i), max(0, 1 + m_i): what the row costs the clean model with its label
 *               kept, and flipped
 *   e_i, e'_i   the same for the current model; in the first round 0, or uniform random numbers in
 *               a restart
 *
 * The paper's linear programme is a knapsack of equal weights: q_i = 1 for the `count` smallest
 * extra losses (e'_i - x'_i) - (e_i - x_i). The model of these flips is the next current one, until
 * the set repeats. The paper keeps the last set, we keep the best one by the objective.
 */
struct alfa {
    poison_attacker *attacker;
    const poison_flip *flip;
    struct candidate *c; /* (count) */
    size_t count;
    double *clean;    /* (n) the clean model's m */
    int *last, *best; /* (n) labels: of the round before, of the best set of all starts */
    struct objective most; /* that one's */
};

static double extra_loss(double e, double e_flipped, double clean)
{
    return (e_flipped - fmax(0, 1 + clean)) - (e - fmax(0, 1 - clean));
}

/* The keys of the first round: from losses 0 (restart -1), or from random ones, (seed, stream 4,
 * two numbers a row). */
static void begin_alfa(const struct alfa *s, ptrdiff_t restart)
{
    const poison_attacker *a = s->attacker;
    for (size_t k = 0; k < s->count; k++) {
        struct candidate *c = &s->c[k];
        uint64_t place = (uint64_t)restart * 2 * a->data->train.n + 2 * c->row;
        double e = 0, e_flipped = 0;
        if (restart >= 0) {
            e = (double)(poison_key(a->attack.seed, 4, place) >> 11) * 0x1p-53;
            e_flipped = (double)(poison_key(a->attack.seed, 4, place + 1) >> 11) * 0x1p-53;
        }
        c->key = extra_loss(e, e_flipped, s->clean[c->row]);
    }
}

/* One start of alfa, from keys on: rounds until the set repeats. Improves s->best and s->most. */
static int run_alfa(struct alfa *s, poison_error *err)
{
    poison_attacker *a = s->attacker;
    const poison_flip *flip = s->flip;
    struct candidate *c = s->c;
    size_t bytes = a->data->train.n * sizeof *s->best;
    for (int round = 0; round < ROUNDS; round++) {
        struct objective now;
        qsort(c, s->count, sizeof *c, by_key);
        memcpy(s->last, a->labels, bytes);
        for (size_t k = 0; k < s->count; k++)
            a->labels[c[k].row] = k < flip->count ? flip->to : flip->from;
        if (round > 0 && memcmp(s->last, a->labels, bytes) == 0)
            return 0;
        int status = look(a, flip, &now, err);
        if (status == 0 && better(&now, &s->most)) {
            s->most = now;
            memcpy(s->best, a->labels, bytes);
        }
        if (status == 0 && flip->count < s->count)
            status = measure(a, flip, c, s->count, err);
        if (status < 0 || flip->count == s->count)
            return status;
        for (size_t k = 0; k < s->count; k++)
            c[k].key = extra_loss(fmax(0, 1 - c[k].m), fmax(0, 1 + c[k].m), s->clean[c[k].row]);
    }
    return 0;
}

/* The best set of all starts. */
static int choose_alfa(poison_attacker *a, const poison_flip *flip, struct candidate *c,
                       size_t count, poison_error *err)
{
    int status = 0;
    size_t n = a->data->train.n;
    struct alfa s = {.attacker = a, .flip = flip, .c = c, .count = count, .most = {-1, 0}};
    s.clean = poison_take(n, sizeof *s.clean);
    s.last = poison_take(n, sizeof *s.last);
    s.best = poison_take(n, sizeof *s.best);
    if (!s.clean || !s.last || !s.best)
        TRY(poison_fail_memory(err, n, 16, "alfa"));
    TRY(measure(a, flip, c, count, err));
    for (size_t k = 0; k < count; k++)
        s.clean[c[k].row] = c[k].m;
    for (ptrdiff_t restart = -1; restart < (ptrdiff_t)a->attack.restarts; restart++) {
        begin_alfa(&s, restart);
        TRY(run_alfa(&s, err));
    }
    for (size_t k = 0; k < count; k++)
        c[k].key = s.best[c[k].row] == flip->to ? 0 : 1;
    qsort(c, count, sizeof *c, by_key);
done:
    free(s.clean);
    free(s.last);
    free(s.best);
    return status;
}

/*
 * One step of greedy: of the candidates from `done` on, or of the attack.beam nearest of them, the
 * one whose flip makes the best objective; ties go to the lower row. Each is flipped, the model
 * really retrained, and flipped back. The chosen one is brought to place `done`, and its label
 * stays flipped.
 */
static int take_step(poison_attacker *a, const poison_flip *flip, struct candidate *c, size_t done,
                     size_t count, poison_error *err)
{
    size_t tried = count - done, best = done;
    struct objective most = {-1, 0};
    if (a->attack.beam && a->attack.beam < tried) {
        int status = measure(a, flip, c + done, count - done, err);
        if (status < 0)
            return status;
        for (size_t k = done; k < count; k++)
            c[k].key = fabs(c[k].m);
        qsort(c + done, count - done, sizeof *c, by_key);
        tried = a->attack.beam;
    }
    for (size_t k = done; k < done + tried; k++) {
        struct objective now;
        a->labels[c[k].row] = flip->to;
        int status = look(a, flip, &now, err);
        a->labels[c[k].row] = flip->from;
        if (status < 0)
            return status;
        if (better(&now, &most) || (!better(&most, &now) && c[k].row < c[best].row)) {
            most = now;
            best = k;
        }
    }
    struct candidate chosen = c[best];
    c[best] = c[done];
    c[done] = chosen;
    a->labels[chosen.row] = flip->to;
    return 0;
}

/* Greedy label flipping (Paudice, Munoz-Gonzalez & Lupu 2018): count times the best next flip,
 * count * candidates trainings. */
static int choose_greedy(poison_attacker *a, const poison_flip *flip, struct candidate *c,
                         size_t count, poison_error *err)
{
    int status = 0;
    for (size_t done = 0; status == 0 && done < flip->count; done++) {
        poison_tell(&a->settings, "greedy", (double)done, "flips",
                    (double)done / (double)flip->count);
        status = take_step(a, flip, c, done, count, err);
    }
    return status;
}

/* ---- the table of them ----------------------------------------------------------------------- */

static const struct {
    const char *summary;
    unsigned flags;
    int (*choose)(poison_attacker *a, const poison_flip *flip, struct candidate *c, size_t count,
                  poison_error *err);
} strategies[POISON_STRATEGIES] = {
    [POISON_FIRST] = {"the first ones in the file, as in the lab", NESTED, choose_first},
    [POISON_RANDOM] = {"drawn by lot", SEEDED | NESTED, choose_random},
    [POISON_NEAR] = {"those nearest to the border", TRAINS | NESTED, choose_near},
    [POISON_FAR] = {"those farthest from the border, the most typical ones", TRAINS | NESTED,
                    choose_near},
    [POISON_ALFA] = {"a set that an algorithm searched for (alfa)",
                     TRAINS | VALIDATES | SEEDED | RESTARTS, choose_alfa},
    [POISON_GREEDY] = {"one by one, each time the one that does most harm",
                       TRAINS | VALIDATES | NESTED | ONE_BY_ONE, choose_greedy},
};

const char *attack_summary(int strategy)
{
    return strategies[strategy].summary;
}

int attack_does(int strategy, unsigned flags)
{
    return (strategies[strategy].flags & flags) == flags;
}

int poison_attack_validates(int strategy)
{
    return attack_does(strategy, VALIDATES);
}

int poison_attack_nested(int strategy)
{
    return attack_does(strategy, NESTED);
}

int poison_attack_seeded(int strategy, const poison_attack_settings *attack)
{
    return attack_does(strategy, SEEDED)
           && (!attack_does(strategy, RESTARTS) || attack->restarts > 0);
}

/* ---- attacking ------------------------------------------------------------------------------- */

/* The candidates come in row order; the strategy's function brings those it chooses to the front */
int poison_attack(poison_attacker *a, const int *labels, const poison_flip *flip, size_t *row,
                  poison_error *err)
{
    FLOATING(a->settings.threads);
    size_t n = a->data->train.n, count = 0;
    struct candidate *c = NULL;
    int status = 0;
    TRY(poison_flip_check(flip, labels, a->data, err));
    if (!flip->count)
        goto done; /* nobody needs a model for that */
    c = poison_take(n, sizeof *c);
    if (!c)
        TRY(poison_fail_memory(err, n, sizeof *c, "the candidates"));
    for (size_t r = 0; r < n; r++)
        if (labels[r] == flip->from)
            c[count++].row = r;
    memcpy(a->labels, labels, n * sizeof *labels);
    TRY(strategies[flip->strategy].choose(a, flip, c, count, err));
    for (size_t k = 0; k < flip->count; k++)
        row[k] = c[k].row;
done:
    free(c);
    return status;
}

int poison_attack_apply(poison_attacker *a, const poison_flip *flip, int *labels, poison_error *err)
{
    int status = 0;
    size_t *row = poison_take(flip->count, sizeof *row);
    if (!row)
        return poison_fail_memory(err, flip->count, sizeof *row, "the flips");
    status = poison_attack(a, labels, flip, row, err);
    for (size_t k = 0; status == 0 && k < flip->count; k++)
        labels[row[k]] = flip->to;
    free(row);
    return status;
}
