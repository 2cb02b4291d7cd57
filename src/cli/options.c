/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "attack.h"
#include "base.h"
#include "parse.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- the table ------------------------------------------------------------------------------- */

#define AT(field) offsetof(struct args, field)
#define FIELD(kind, field) kind, .at = AT(field)
#define COUNT(field, from) COUNTS, .at = AT(field), .least = from
#define CALL(function) CALLS, .set = function

#define SHOWING \
    "predictions, score, counts, confusion, subproblems, support, data, attack, audit, clean, " \
    "sweep, explain, show"
#define FLIPPING SHOWING ", train, grid"
#define PREDICTING DATA_COMMANDS ", predict"
#define READING DATA_COMMANDS ", predict, data check"
#define ROWS "lab, " FLIPPING ", dose, matrix, predict, data check" /* that print rows */
#define CHOOSING FLIPPING ", report" /* that may run attacks and audits */

const struct option options[] = {
    {0, "data", "DIR|FILE", DATA_COMMANDS, "$POISON_DATA, else MNIST's place",
     "MNIST's files, another file, or 'synthetic'", RESULTS | WORDS | FIRST,
     FIELD(NAMES, source.path), .words = "synthetic"},
    {0, "train", "N", DATA_COMMANDS, "2000, or all of a file", "the first N training rows",
     RESULTS | WORDS | FIRST, COUNT(source.train, 1), .given = AT(source.train_given)},
    {0, "test", "N", DATA_COMMANDS, "1000, or none of a file",
     "the first N test rows; of a file: its last N rows", RESULTS | WORDS | FIRST,
     COUNT(source.test, 1), .given = AT(source.test_given)},
    {0, "test", "N", "predict", "1000", "the first N test rows of a folder", RESULTS | WORDS,
     COUNT(source.test, 1), .given = AT(source.test_given)},
    {0, "test-data", "FILE", DATA_COMMANDS, NULL, "the file of the test rows (-: standard input)",
     RESULTS, FIELD(NAMES, source.test_path)},
    {0, "label", "COLUMN", READING, "label, class, y or target, else first",
     "of the labels: first, last, none, a name, 1, 2, ...", RESULTS | WORDS,
     FIELD(NAMES, source.label), .words = "first|last|none"},
    {0, "keep", "COLUMNS", READING, NULL,
     "names (or 1, 2, ...) of features that look like row numbers, and are none", RESULTS | RARE,
     FIELD(NAMES, how.keep)},
    {0, "drop", "COLUMNS", READING, NULL, "names (or 1, 2, ...) of columns that are no features",
     RESULTS | RARE, FIELD(NAMES, how.drop)},
    {0, "format", "libsvm|csv|tsv|idx", READING, "by the content", "of the files that are read",
     RESULTS | WORDS | RARE, FIELD(CHOOSES, source.format), .least = 1},
    {0, "flip", "FROM:TO:COUNT[:STRATEGY]", FLIPPING, NULL,
     "flip COUNT training labels; " STRATEGY_NAMES(", "), RESULTS | REPEATS, CALL(parse_flip),
     .at = AT(change)},
    {0, "flips", "FILE", FLIPPING, NULL,
     "flip what a flip file says (-: standard input); all repeatable, in order", RESULTS | REPEATS,
     CALL(parse_flips), .at = AT(change)},
    {0, "validate", "N", CHOOSING, "1000", "validation set: the N rows after the training rows",
     RESULTS, COUNT(source.validate, 1), .given = AT(validate_given)},
    {0, "restarts", "R", CHOOSING, "0", "alfa: starts from random losses besides the one from none",
     RESULTS | RARE, COUNT(sweep.attack.restarts, 0)},
    {0, "beam", "B", CHOOSING, "0", "greedy: try only the B nearest candidates a step; 0: all",
     RESULTS | RARE, COUNT(sweep.attack.beam, 0)},
    {0, "shuffle", NULL, CHOOSING ", lab", NULL,
     "mix the rows by --seed before they are split; their numbers are then the mixed ones",
     RESULTS | RARE, FIELD(RAISES, sweep.shuffles)},
    {0, "seed", "S", CHOOSING ", lab, dose", "0",
     "of random, alfa's restarts, folds, bootstrap and --shuffle", RESULTS, CALL(parse_seed)},
    {0, "pair", "FROM:TO", "lab, report", "1:2", "which label is turned into which",
     RESULTS | FIRST, CALL(parse_pair)},
    {0, "pairs", "all|LIST", "sweep", "1:2", "which labels are turned into which, as in 1:2,3:8",
     RESULTS, CALL(parse_pairs)},
    {0, "doses", "LIST", "lab, report", "10,30,100",
     "how many, each from the same labels; or START:STOP:STEP", RESULTS | FIRST, CALL(parse_doses)},
    {0, "doses", "LIST", "sweep", "0:100:10", "how many, each from the same labels; or 10,30,100",
     RESULTS, CALL(parse_doses)},
    {0, "curve", "LIST", "report", "0:200:20",
     "doses of the dose-response curve; of the default those that there are", RESULTS,
     CALL(parse_curve), .given = AT(report.curve_given)},
    {0, "strategy", "LIST", "report", "first,random,near,far",
     "of the curve; the first one is that of the chapters too", RESULTS, CALL(parse_strategy),
     .words = STRATEGY_NAMES("|")},
    {0, "strategy", "LIST", "sweep", "first", "which ones are flipped: " STRATEGY_NAMES(", "),
     RESULTS, CALL(parse_strategy), .words = STRATEGY_NAMES("|")},
    {0, "defence", "LIST", "sweep", "none",
     "none, or METHOD[:relabel|remove[:COUNT|FRACTION|estimated]]", RESULTS, CALL(parse_defence),
     .words = "none|" AUDIT_NAMES("|")},
    {0, "seeds", "N", "sweep", "1", "N seeds from --seed on, where something is seeded", RESULTS,
     COUNT(sweep.seeds, 1), .most = 1000000},
    {0, "seeds", "N", "report", "5",
     "N seeds from --seed on for the curve, where something is seeded", RESULTS,
     COUNT(sweep.seeds, 1), .most = 1000000},
    {0, "resume", NULL, "sweep", NULL, "go on with the -o file of a sweep that was cut off", 0,
     FIELD(RAISES, resume)},
    {0, "method", "LIST", "audit", "knn", AUDIT_NAMES(", "), RESULTS, CALL(parse_methods),
     .words = AUDIT_NAMES("|")},
    {0, "method", "LIST", "report", "knn,margin,shapley,confident", "audits: " AUDIT_NAMES(", "),
     RESULTS, CALL(parse_methods), .words = AUDIT_NAMES("|")},
    {0, "method", "METHOD[:...]", "clean", "confident:relabel:estimated",
     AUDIT_NAMES(", ") ", and what to do", RESULTS, CALL(parse_cleaning),
     .words = AUDIT_NAMES("|")},
    {0, "truth", "FILE", "audit", NULL, "flip file of what was really flipped: print a scoreboard",
     RESULTS, FIELD(NAMES, audit.truth)},
    {0, "joint", NULL, "audit", NULL,
     "confident: print how many of each label it takes for another", RESULTS,
     FIELD(RAISES, audit.joint)},
    {0, "at", "DOSE", "matrix", "100", "which dose", RESULTS, COUNT(matrix.dose, 0)},
    {0, "title", "TEXT", "plot", "what the table says", "above the chart", RESULTS | WORDS,
     FIELD(NAMES, plot.title)},
    {0, "row", "R", "explain", "0", "which test image", RESULTS, COUNT(explain.row, 0)},
    {'n', "rows", "N", "predictions", "5", "how many rows", RESULTS, COUNT(predictions.rows, 1),
     .given = AT(predictions.rows_given)},
    {'n', "rows", "N", "report", "10", "how many of the first predictions", RESULTS,
     COUNT(report.rows, 1)},
    {'n', "rows", "N", "explain", "10", "how many rows", RESULTS, COUNT(explain.rows, 1)},
    {'n', "rows", "N", "show", "12, on a sheet 100, all of ROWS", "how many images",
     RESULTS | WORDS, COUNT(show.most, 1)},
    {0, "set", "train|test", "show", "train", "whose rows; test images come with predictions",
     RESULTS, FIELD(CHOOSES, show.test_set)},
    {0, "changed", NULL, "show", NULL, "the test images whose prediction the flips change", RESULTS,
     FIELD(RAISES, show.changed)},
    {0, "by", "predicted|true", "score", "predicted", "count under the predicted or the true digit",
     RESULTS, FIELD(CHOOSES, score.by_true)},
    {0, "export", "DIR", "data", NULL,
     "write the rows in use there, as MNIST's files, labels after the flips", 0,
     FIELD(NAMES, data.export_to)},
    {0, "decisions", NULL, "predict", NULL, "a column more a machine: its decision value", RESULTS,
     FIELD(RAISES, predict.decisions)},
    {0, "score", NULL, "predict", NULL,
     "print instead how often each label was predicted rightly and wrongly", RESULTS,
     FIELD(RAISES, predict.score)},
    {'v', "folds", "N", "grid", "5", "cross-validate in N stratified folds", RESULTS, COUNTS_INT,
     .at = AT(grid.folds), .least = 2, .most = 1000000},
    {'v', "folds", "N", "train", NULL,
     "print the accuracy in N stratified folds instead of a model", RESULTS, COUNTS_INT,
     .at = AT(grid.folds), .least = 2, .most = 1000000},
    {'c', "cost", "LIST", "grid", "1", "values of C: 0.1,1,10 or LOW:HIGH:FACTOR, 0.1:10:10",
     RESULTS, CALL(parse_costs)},
    {'c', "cost", "C", DATA_COMMANDS, "1", "C of the support vector machines", RESULTS | FIRST,
     FIELD(MEASURES, settings.C)},
    {'g', "gamma", "LIST", "grid", "scale",
     "values of gamma: scale, auto, 0.1,1,10 or LOW:HIGH:FACTOR", RESULTS, CALL(parse_gammas),
     .words = "scale|auto"},
    {'g', "gamma", "G", DATA_COMMANDS, "scale", "scale (1/(d Var X)), auto (1/d) or a number",
     RESULTS, CALL(parse_gamma), .words = "scale|auto"},
    {'e', "tolerance", "E", DATA_COMMANDS, "0.001", "largest violation of optimality", RESULTS,
     FIELD(MEASURES, settings.tolerance)},
    {'t', "kernel-type", "linear|polynomial|rbf|sigmoid", DATA_COMMANDS, "rbf",
     "or 0 to 3: the kernel function", RESULTS | NUMBERED, FIELD(CHOOSES, settings.kernel)},
    {'d', "degree", "N", DATA_COMMANDS, "3", "of the polynomial kernel", RESULTS, COUNTS_INT,
     .at = AT(settings.degree), .least = 1, .most = 1000000},
    {'r', "coef0", "NUMBER", DATA_COMMANDS, "0", "of the polynomial and the sigmoid kernel",
     RESULTS, FIELD(NUMBERS, settings.coef0)},
    {'w', "weight", "LABEL:W", DATA_COMMANDS, NULL,
     "C times W for the rows of a label; repeatable; or -wLABEL W", RESULTS | REPEATS | TWO_WORDS,
     CALL(parse_weight), .at = AT(weight)},
    {0, "max-iter", "N", DATA_COMMANDS, "none", "end a machine after N iterations, with a warning",
     RESULTS | WORDS | RARE, COUNT(settings.max_iterations, 1)},
    {0, "no-shrinking", NULL, DATA_COMMANDS, NULL, "solve without shrinking: other last bits",
     RESULTS, FIELD(LOWERS, settings.shrinking)},
    {'s', "svm-type", "0", "train, grid", "0", "LIBSVM's word: 0, C-SVC, is what there is", RARE,
     CALL(parse_svm_type)},
    {'b', "probability", "0", "train, grid, predict", "0",
     "LIBSVM's word: 0, without probabilities, is what there is", RARE, CALL(parse_probability)},
    {'j', "threads", "N", PREDICTING, "all cores", "OpenMP threads", WORDS, COUNTS_INT,
     .at = AT(settings.threads), .least = 1, .most = POISON_MOST_THREADS},
    {0, "isa", ISA_NAMES, PREDICTING, "the CPU's best", "instruction set of our own loops",
     WORDS | RARE, CALL(parse_isa)},
    {0, "kernel", "auto|blas", PREDICTING, "auto",
     "blas: OpenBLAS also where 8-bit data have loops of their own", RARE,
     FIELD(CHOOSES, settings.blas_only)},
    {'m', "memory", "MIB", READING, "a quarter of the machine's, at most 4096",
     "for data and kernel values", WORDS, CALL(parse_memory)},
    {0, "no-reuse", NULL, DATA_COMMANDS, NULL,
     "compute again what a change of labels leaves as it is", RARE,
     FIELD(RAISES, settings.no_reuse)},
    {'o', "output", "FILE", "train", "-",
     "write the model there, whole or not at all; with -v: what the folds predict", 0,
     FIELD(NAMES, form.output)},
    {'o', "output", "FILE", "sweep", "-", "write the table there, row by row", 0,
     FIELD(NAMES, form.output)},
    {'o', "output", "FILE", "show", "-", "FILE.png, .svg or .pdf: a contact sheet; else characters",
     0, FIELD(NAMES, form.output)},
    {'o', "output", "FILE", ALL_COMMANDS, "-", "write the table there, whole or not at all", FIRST,
     FIELD(NAMES, form.output)},
    {0, "json", NULL, ROWS, NULL, "an object a row, named as the header (JSON Lines)",
     FIRST | TABULAR, FIELD(RAISES, form.json)},
    {0, "no-header", NULL, ROWS, NULL, "leave out the header line", TABULAR,
     FIELD(RAISES, form.no_header)},
    {0, "provenance", NULL, ROWS, NULL,
     "begin with a '# ' line: version, CRC-32 of the data, settings", TABULAR,
     FIELD(RAISES, form.provenance)},
    {0, "timing", NULL, PREDICTING, NULL, "say on standard error where the time went", RARE,
     FIELD(RAISES, timing)},
    {0, "trace", "FILE", PREDICTING, NULL,
     "write what each thread did when there, for chrome://tracing and Perfetto", RARE,
     FIELD(NAMES, trace)},
    {0, "man", NULL, "help", NULL, "print the manual page, for man -l", 0, FIELD(RAISES, help.man)},
    {'q', "quiet", NULL, ALL_COMMANDS, NULL, "no notes and no progress on standard error", FIRST,
     FIELD(RAISES, quiet)},
    {'h', "help", NULL, ALL_COMMANDS, NULL, "-h: this page; --help: all of it", FIRST, INFORMS,
     .at = 0},
    {'V', "version", NULL, ALL_COMMANDS, NULL, "version, libraries, instruction set", FIRST,
     INFORMS, .at = 0},
};
const int option_count = sizeof options / sizeof *options;

/* ---- whose it is, and what it does ----------------------------------------------------------- */

/* Whether a list between ", " holds the word. */
static int holds(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
        if ((at == list || at[-2] == ',') && (!at[length] || at[length] == ','))
            return 1;
    return 0;
}

static int belongs(const struct option *o, const struct command *c)
{
    if (o->flags & TABULAR && c->flags & PICTURES)
        return 0;
    return holds(o->commands, ALL_COMMANDS)
           || (c->needs != NEEDS_NOTHING && holds(o->commands, DATA_COMMANDS))
           || holds(o->commands, c->name);
}

const struct option *option_for(const struct option *o, const struct command *c)
{
    for (int k = 0; k < option_count; k++)
        if (strcmp(options[k].name, o->name) == 0 && belongs(&options[k], c))
            return &options[k];
    return NULL;
}

int option_counts(const struct option *o, const struct command *c)
{
    return option_for(o, c) == o;
}

/* A row of most kinds names a field of *args and how a value gets there; CALLS has a function. */
int option_set(const struct option *o, struct args *args, const char *value, poison_error *err)
{
    void *field = (char *)args + o->at;
    size_t number = 0;
    int status;
    switch (o->kind) {
    case INFORMS: return 0;
    case RAISES: *(int *)field = 1; return 0;
    case LOWERS: *(int *)field = 0; return 0;
    case COUNTS: return parse_whole(field, value, o, err);
    case COUNTS_INT:
        status = parse_whole(&number, value, o, err);
        *(int *)field = (int)number;
        return status;
    case MEASURES: return parse_number(field, value, 1, o->name, err);
    case NUMBERS: return parse_number(field, value, 0, o->name, err);
    case CHOOSES: return parse_choice(field, value, o, err);
    case NAMES:
        *(const char **)field = value;
        return *value ? 0
                      : poison_fail(err, POISON_EUSAGE, "--%s: expected %s, not an empty word",
                                    o->name, o->value);
    case CALLS: return o->set(args, value, err);
    }
    return 0;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* A letter may be followed by its value at once, where the option takes one. */
const struct option *option_find(const char *word, const char **value)
{
    *value = NULL;
    for (int k = 0; k < option_count; k++) {
        const struct option *o = &options[k];
        size_t length = strlen(o->name);
        if (word[1] != '-') {
            /* -output: --output */
            if (o->letter != word[1] || (word[2] && (!o->value || strcmp(word + 1, o->name) == 0)))
                continue;
            *value = word[2] ? word + 2 : NULL;
            return o;
        }
        if (strncmp(word + 2, o->name, length) == 0
            && (!word[2 + length] || word[2 + length] == '=')) {
            *value = word[2 + length] ? word + 3 + length : NULL;
            return o;
        }
    }
    return NULL;
}

/* LIBSVM's -wLABEL, which W follows: not --weight, and no colon behind the label. A label in quotes
 * may hold a colon: one behind the closing quote counts, or any where none is. */
static int lacks_second(const struct option *o, const char *word, const char *value)
{
    const char *v = value;
    if (!(o->flags & TWO_WORDS) || !v || word[1] == '-')
        return 0;
    if (*v == '"')
        for (v++; *v && (*v != '"' || *++v == '"');)
            v++;
    return !strchr(v, ':');
}

int option_waits(const struct option *o, const char *word, const char *value, int *second)
{
    *second = lacks_second(o, word, value);
    return o->value && (!value || *second);
}

const struct command *command_find(const struct command *commands, const char **word, size_t words,
                                   size_t *used)
{
    char name[64];
    for (*used = 2; *used; --*used) {
        if (words < *used)
            continue;
        snprintf(name, sizeof name, *used == 2 ? "%.30s %.30s" : "%.60s", word[0], word[1]);
        for (const struct command *c = commands; c->name; c++)
            if (strcmp(c->name, name) == 0)
                return c;
    }
    return NULL;
}
