/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include "attack.h"
#include "base.h"
#include "number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int is_among(const void *item, const void *list, size_t items, size_t size)
{
    for (const char *at = list; items; items--, at += size)
        if (memcmp(at, item, size) == 0)
            return 1;
    return 0;
}

/* ---- numbers and words ----------------------------------------------------------------------- */

/* A whole number of `least` or more, up to the first byte that is none; *end then stands there. 0
 * if it is not one. */
static int whole(const char *text, size_t least, size_t *value, char **end)
{
    if (*text < '0' || *text > '9')
        return 0;
    errno = 0;
    unsigned long long v = strtoull(text, end, 10);
    *value = (size_t)v;
    return !errno && v >= least && v < (1ULL << 40);
}

int parse_whole(size_t *value, const char *text, const struct option *o, poison_error *err)
{
    char *end;
    int fits = whole(text, o->least, value, &end) && !*end;
    if (fits && o->most && *value > o->most)
        return poison_fail(err, POISON_EUSAGE, "--%s %s: at most %zu", o->name, text, o->most);
    if (fits)
        return 0;
    if (strlen(text) > 10 && strspn(text, "0123456789") == strlen(text))
        return poison_fail(err, POISON_EUSAGE, "--%s %s: too large, expected at most 2^40", o->name,
                           text);
    if (o->least)
        return poison_fail(err, POISON_EUSAGE, "--%s %s: expected a whole number of at least %zu",
                           o->name, text, o->least);
    return poison_fail(err, POISON_EUSAGE, "--%s %s: expected a whole number", o->name, text);
}

/* A finite number up to *end (NULL: there is none), where only what `ends` holds may follow. */
static int take_finite(double *value, const char *text, const char **end, const char *ends)
{
    *end = number_read(text, text + strlen(text), value);
    return *end && (!**end || strchr(ends, **end)) && isfinite(*value);
}

int parse_number(double *value, const char *text, int positive, const char *option,
                 poison_error *err)
{
    const char *end;
    if (take_finite(value, text, &end, "") && (!positive || *value > 0))
        return 0;
    return poison_fail(err, POISON_EUSAGE, "--%s %s: expected a number%s", option, text,
                       positive ? " above 0" : "");
}

int parse_word(const char *words, const char *text)
{
    size_t length = strlen(text);
    for (int k = 0;; k++) {
        size_t this = strcspn(words, "|");
        if (length == this && memcmp(words, text, length) == 0)
            return k;
        if (!words[this])
            return -1;
        words += this + 1;
    }
}

int fail_word(const char *what, const char *text, const char *words, const char *tail,
              poison_error *err)
{
    char expected[160] = "";
    size_t length = 0;
    for (const char *c = words; *c && length < sizeof expected - 8; c++) {
        const char *between = strchr(c + 1, '|') ? ", " : " or ";
        length += (size_t)sprintf(expected + length, *c != '|' ? "%c" : between, *c);
    }
    return poison_fail(err, POISON_EUSAGE, "%s %s: expected %s%s", what, text, expected, tail);
}

int parse_choice(int *value, const char *text, const struct option *o, poison_error *err)
{
    char *end;
    size_t number, words = 1;
    int place = parse_word(o->value, text);
    for (const char *c = o->value; *c; c++)
        words += *c == '|';
    if (place < 0 && o->flags & NUMBERED && whole(text, 0, &number, &end) && !*end
        && number < words)
        place = (int)number;
    *value = place + (int)o->least;
    if (place >= 0)
        return 0;
    char option[40];
    snprintf(option, sizeof option, "--%s", o->name);
    return fail_word(option, text, o->value, o->flags & NUMBERED ? ", or its number" : "", err);
}

/* ---- values that need a function ------------------------------------------------------------- */

static struct change *next_change(struct args *a, poison_error *err)
{
    struct change *more = realloc(a->change, (a->changes + 1) * sizeof *more);
    if (!more) {
        poison_fail_memory(err, a->changes + 1, sizeof *more, "the flips");
        return NULL;
    }
    a->change = more;
    more[a->changes] = (struct change){0};
    return &more[a->changes++];
}

int parse_flip(struct args *a, const char *v, poison_error *err)
{
    struct change *change = next_change(a, err);
    if (!change)
        return POISON_ENOMEM;
    return flip_read(&change->flip, v, err);
}

int parse_flips(struct args *a, const char *v, poison_error *err)
{
    struct change *change = next_change(a, err);
    if (!change)
        return POISON_ENOMEM;
    change->file = v;
    return *v ? 0 : poison_fail(err, POISON_EUSAGE, "--flips: expected a file, not an empty word");
}

/* Makes room for one more item of a list that grows one by one: for twice as many, whenever a power
 * of two is full. */
#define GROW(list, count)                                                                 \
    do {                                                                                  \
        if (((count) & ((count) - 1)) == 0) {                                             \
            void *more_ = realloc(list, ((count) ? 2 * (count) : 1) * sizeof *(list));    \
            if (!more_)                                                                   \
                return poison_fail_memory(err, (count) + 1, sizeof *(list), "a list");    \
            (list) = more_;                                                               \
        }                                                                                 \
    } while (0)

void forget_pairs(struct args *a)
{
    while (a->pairs)
        free(a->pair[--a->pairs].from);
}

static int is_named(const struct args *a, const struct pair_wish *pair)
{
    for (size_t k = 0; k < a->pairs; k++)
        if (strcmp(a->pair[k].from, pair->from) == 0 && strcmp(a->pair[k].to, pair->to) == 0)
            return 1;
    return 0;
}

/* Reads one pair or, where `several`, some between commas. */
static int take_pairs(struct args *a, const char *text, int several, const char *option,
                      poison_error *err)
{
    char what[4200];
    int status = 0;
    snprintf(what, sizeof what, "%s %s", option, text);
    forget_pairs(a);
    a->pair_option = option;
    for (const char *at = text, *end;; at = end + 1) {
        struct pair_wish pair;
        GROW(a->pair, a->pairs);
        TRY(pair_read(&pair, at, &end, what, err));
        int twice = is_named(a, &pair);
        a->pair[a->pairs++] = pair;
        if (*end && (*end != ',' || !several))
            TRY(poison_fail(err, POISON_EUSAGE, "%s: expected FROM:TO, as in 1:2", what));
        if (twice)
            TRY(poison_fail(err, POISON_EUSAGE, "%s: %.*s is named twice", option, (int)(end - at),
                            at));
        if (!*end)
            break;
    }
done:
    return status;
}

int parse_pair(struct args *a, const char *v, poison_error *err)
{
    return take_pairs(a, v, 0, "--pair", err);
}

int parse_pairs(struct args *a, const char *v, poison_error *err)
{
    if (strcmp(v, "all") != 0)
        return take_pairs(a, v, 1, "--pairs", err);
    forget_pairs(a);
    a->pair_option = "--pairs";
    return 0;
}

/* LIST, or START:STOP:STEP */
static int take_doses(size_t **dose, size_t *doses, const char *v, const char *option,
                      poison_error *err)
{
    size_t first, last, step;
    char *end;
    *doses = 0;
    if (whole(v, 0, &first, &end) && *end == ':' && whole(end + 1, 0, &last, &end) && *end == ':'
        && whole(end + 1, 1, &step, &end) && !*end && first <= last
        && (last - first) / step < 1000000) {
        for (; first <= last; first += step) {
            GROW(*dose, *doses);
            (*dose)[(*doses)++] = first;
        }
        return 0;
    }
    for (const char *at = v;; at = end + 1) {
        GROW(*dose, *doses);
        if (!whole(at, 0, &(*dose)[(*doses)++], &end) || (*end && *end != ','))
            return poison_fail(err, POISON_EUSAGE,
                               "--%s %s: expected whole numbers, as in 10,30,100 or 0:100:10",
                               option, v);
        if (!*end)
            return 0;
    }
}

int parse_doses(struct args *a, const char *v, poison_error *err)
{
    return take_doses(&a->sweep.dose, &a->sweep.doses, v, "doses", err);
}

int parse_curve(struct args *a, const char *v, poison_error *err)
{
    return take_doses(&a->report.curve, &a->report.curves, v, "curve", err);
}

/* Numbers and ranges of numbers between commas, in order; all together at most MOST rows. */
int parse_rows(struct args *a, const char *v, poison_error *err)
{
    enum { MOST = 1000000 };
    size_t rows = 0;
    char *end;
    for (const char *at = v;; at = end + 1) {
        struct row_range r;
        int fits = whole(at, 0, &r.first, &end);
        r.last = r.first;
        if (fits && *end == '-')
            fits = whole(end + 1, r.first, &r.last, &end);
        if (!fits || (*end && *end != ','))
            return poison_fail(err, POISON_EUSAGE, "%s %s: expected rows, as in 0,5,17-20",
                               a->command->name, v);
        rows += r.last - r.first < MOST ? r.last - r.first + 1 : MOST + 1;
        if (rows > MOST)
            return poison_fail(err, POISON_EUSAGE, "%s %s: more than %d rows", a->command->name, v,
                               MOST);
        GROW(a->show.range, a->show.ranges);
        a->show.range[a->show.ranges++] = r;
        if (!*end)
            return 0;
    }
}

/* Calls `take` for every word of a list between commas. */
static int each_word(struct args *a, const char *v,
                     int (*take)(struct args *a, const char *word, poison_error *err),
                     poison_error *err)
{
    char word[80];
    int status = 0;
    for (const char *at = v; status == 0; at++) {
        size_t length = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word), at);
        status = take(a, word, err);
        at += length;
        if (!*at)
            break;
    }
    return status;
}

static int take_strategy(struct args *a, const char *word, poison_error *err)
{
    struct sweep *s = &a->sweep;
    int strategy = poison_strategy_parse(word);
    if (strategy < 0)
        return fail_word("--strategy", word, STRATEGY_NAMES("|"), "", err);
    GROW(s->strategy, s->strategies);
    s->strategy[s->strategies++] = strategy;
    return 0;
}

int parse_strategy(struct args *a, const char *v, poison_error *err)
{
    a->sweep.strategies = 0;
    return each_word(a, v, take_strategy, err);
}

static int take_defence(struct args *a, const char *word, poison_error *err)
{
    struct sweep *s = &a->sweep;
    GROW(s->defence, s->defences);
    poison_cleaning *d = &s->defence[s->defences++];
    *d = (poison_cleaning){.method = -1, .name = "none"};
    return strcmp(word, "none") == 0 ? 0 : poison_cleaning_parse(d, word, err);
}

int parse_defence(struct args *a, const char *v, poison_error *err)
{
    a->sweep.defences = 0;
    return each_word(a, v, take_defence, err);
}

static int take_method(struct args *a, const char *word, poison_error *err)
{
    int method = poison_audit_parse(word, strlen(word));
    if (method < 0)
        return fail_word("--method", word, AUDIT_NAMES("|"), "", err);
    if (is_among(&method, a->method, (size_t)a->methods, sizeof method))
        return poison_fail(err, POISON_EUSAGE, "--method: %s is named twice", word);
    a->method[a->methods++] = method;
    return 0;
}

int parse_seed(struct args *a, const char *v, poison_error *err)
{
    char *end;
    errno = 0;
    a->sweep.seed = a->sweep.attack.seed = a->grid.seed = strtoull(v, &end, 10);
    if (*v < '0' || *v > '9' || *end || errno)
        return poison_fail(err, POISON_EUSAGE, "--seed %s: expected a whole number below 2^64", v);
    return 0;
}

int parse_methods(struct args *a, const char *v, poison_error *err)
{
    a->methods = 0;
    return each_word(a, v, take_method, err);
}

/* What clean does. */
int parse_cleaning(struct args *a, const char *v, poison_error *err)
{
    int status = parse_defence(a, v, err);
    if (status == 0 && (a->sweep.defences != 1 || a->sweep.defence->method < 0))
        status = poison_fail(err, POISON_EUSAGE, "--method %s: expected one method", v);
    if (status == 0 && a->sweep.defence->how_many == POISON_ORACLE)
        status = poison_fail(err, POISON_EUSAGE,
                             "--method %s: how many? Expected %s:COUNT, as in knn:relabel:100", v,
                             strchr(v, ':') ? v : "METHOD:relabel");
    return status;
}

static int named_gamma(double *gamma, const char *v)
{
    int named = strcmp(v, "scale") == 0 || strcmp(v, "auto") == 0;
    if (named)
        *gamma = *v == 's' ? POISON_GAMMA_SCALE : POISON_GAMMA_AUTO;
    return named;
}

int parse_gamma(struct args *a, const char *v, poison_error *err)
{
    if (named_gamma(&a->settings.gamma, v)
        || parse_number(&a->settings.gamma, v, 1, "gamma", NULL) == 0)
        return 0;
    return poison_fail(err, POISON_EUSAGE, "--gamma %s: expected scale, auto or a number above 0",
                       v);
}

static int add_number(double **list, size_t *count, double value, const char *option,
                      poison_error *err)
{
    if (is_among(&value, *list, *count, sizeof value))
        return poison_fail(err, POISON_EUSAGE, "--%s: %g is named twice", option, value);
    GROW(*list, *count);
    (*list)[(*count)++] = value;
    return 0;
}

/* NUMBER, or LOW:HIGH:FACTOR, each item rounded to 15 digits: as if it had been written out. */
static int add_range(double **list, size_t *count, const char *word, const char *option,
                     poison_error *err)
{
    double low, high, factor;
    const char *end;
    char digits[32];
    int status = 0;
    if (take_finite(&low, word, &end, ":") && low > 0 && !*end)
        return add_number(list, count, low, option, err);
    if (!end || *end != ':' || !(low > 0) || !take_finite(&high, end + 1, &end, ":")
        || *end != ':' || !take_finite(&factor, end + 1, &end, "") || factor <= 1 || high < low
        || log(high / low) / log(factor) > 10000)
        return poison_fail(err, POISON_EUSAGE,
                           "--%s %s: expected numbers above 0, as in 0.1,1,10 or 0.01:100:10",
                           option, word);
    for (int k = 0; status == 0; k++) {
        snprintf(digits, sizeof digits, "%.15g", low * pow(factor, k));
        double value = strtod(digits, NULL);
        if (value > high)
            break;
        status = add_number(list, count, k ? value : low, option, err);
    }
    return status;
}

static int take_cost(struct args *a, const char *word, poison_error *err)
{
    return add_range(&a->grid.cost, &a->grid.costs, word, "cost", err);
}

static int take_gamma(struct args *a, const char *word, poison_error *err)
{
    double gamma;
    return named_gamma(&gamma, word)
               ? add_number(&a->grid.gamma, &a->grid.gammas, gamma, "gamma", err)
               : add_range(&a->grid.gamma, &a->grid.gammas, word, "gamma", err);
}

int parse_costs(struct args *a, const char *v, poison_error *err)
{
    a->grid.costs = 0;
    return each_word(a, v, take_cost, err);
}

int parse_gammas(struct args *a, const char *v, poison_error *err)
{
    a->grid.gammas = 0;
    return each_word(a, v, take_gamma, err);
}

/* LABEL:W. A label in quotes may hold anything, a quote doubled; otherwise the last : ends it.
 * NULL: there is no label. */
static const char *weighted_label(const char *v, char *label)
{
    const char *end = strrchr(v, ':');
    size_t length = 0;
    if (*v != '"') {
        sprintf(label, "%.*s", end ? (int)(end - v) : 0, v);
        return end && end > v ? end + 1 : NULL;
    }
    for (v++; *v && (*v != '"' || *++v == '"'); v++)
        label[length++] = *v;
    label[length] = 0;
    return length && *v == ':' && v[-1] == '"' ? v + 1 : NULL;
}

int parse_weight(struct args *a, const char *v, poison_error *err)
{
    GROW(a->weight, a->weights);
    char *label = poison_take(strlen(v) + 1, 1);
    if (!label)
        return poison_fail_memory(err, strlen(v) + 1, 1, "a label");
    struct weight *w = &a->weight[a->weights++];
    w->label = label;
    const char *number = weighted_label(v, label);
    if (!number || parse_number(&w->factor, number, 1, "weight", NULL) < 0)
        return poison_fail(err, POISON_EUSAGE,
                           "--weight %s: expected LABEL:W, a label and a number above 0, as in 1:5",
                           v);
    for (size_t k = 0; k + 1 < a->weights; k++)
        if (strcmp(a->weight[k].label, label) == 0)
            return poison_fail(err, POISON_EUSAGE, "--weight: %s is named twice", label);
    return 0;
}

int parse_svm_type(struct args *a, const char *v, poison_error *err)
{
    static const char *const names[] = {"nu-SVC", "one-class SVM", "epsilon-SVR", "nu-SVR"};
    (void)a;
    if (strcmp(v, "0") == 0)
        return 0;
    if (*v >= '1' && *v <= '4' && !v[1])
        return poison_fail(err, POISON_EUSAGE, "--svm-type %s: only 0, C-SVC, is served; %s is %s",
                           v, v, names[*v - '1']);
    return poison_fail(err, POISON_EUSAGE, "--svm-type %s: expected 0, C-SVC", v);
}

int parse_probability(struct args *a, const char *v, poison_error *err)
{
    (void)a;
    if (strcmp(v, "0") == 0)
        return 0;
    if (strcmp(v, "1") == 0)
        return poison_fail(err, POISON_EUSAGE,
                           "--probability 1: only 0 is served; 'poison predict' prints votes' "
                           "winners and, "
                           "with --decisions, decision values");
    return poison_fail(err, POISON_EUSAGE, "--probability %s: expected 0", v);
}

int parse_isa(struct args *a, const char *v, poison_error *err)
{
    static const struct option isa = {.name = "isa", .value = ISA_NAMES};
    int status = parse_choice(&a->settings.isa, v, &isa, err);
    if (status == 0 && a->settings.isa > poison_isa_best())
        status = poison_fail(err, POISON_EDATA, "--isa %s: this CPU has %s at best", v,
                             poison_isa_name(poison_isa_best()));
    return status;
}

int parse_memory(struct args *a, const char *v, poison_error *err)
{
    static const struct option memory = {.name = "memory", .least = 1, .most = SIZE_MAX >> 20};
    int status = parse_whole(&a->settings.memory, v, &memory, err);
    a->settings.memory <<= 20;
    return status;
}
