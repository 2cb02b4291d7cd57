/* SPDX-License-Identifier: MIT */
#include "args.h"

#include "attack.h"
#include "base.h"
#include "escape.h"
#include "help.h"
#include "options.h"
#include "output.h"
#include "parse.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Slips of the pen (letters changed, added, dropped or swapped) within which a name is offered. */
#define NEAR 2

/* An option of the command line. */
struct given {
    const struct option *option;
    const char *value, *word; /* word: as it was written */
    char *made;               /* NULL, or the value's memory: it was put together from two words */
};

/* ---- the nearest name ------------------------------------------------------------------------ */

/* Damerau-Levenshtein distance of two words (optimal string alignment), up to 31 bytes of each. */
static int distance(const char *a, const char *b)
{
    int d[32][32], la = (int)strlen(a), lb = (int)strlen(b);
    if (la > 31 || lb > 31)
        return 99;
    for (int i = 0; i <= la; i++)
        for (int j = 0; j <= lb; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]
                && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[la][lb];
}

/* Keeps the answer if `name` is nearer to `word`, or begins with it. */
static void consider(const char *word, const char *name, const char *answer, const char **nearest,
                     int *best)
{
    int d = strlen(word) > 2 && strncmp(word, name, strlen(word)) == 0 ? 1 : distance(word, name);
    if (d < *best && d < (int)strlen(name)) {
        *best = d;
        *nearest = answer;
    }
}

static int fail_unknown_command(const struct command *commands, const char *word, poison_error *err)
{
    const char *nearest = NULL;
    int best = NEAR + 1;
    for (const struct command *c = commands; c->name; c++)
        consider(word, c->name, c->name, &nearest, &best);
    /* its second word, if it is that one alone */
    for (const struct command *c = commands; c->name; c++)
        if (strchr(c->name, ' '))
            consider(word, strchr(c->name, ' ') + 1, c->name, &nearest, &best);
    if (nearest)
        return poison_fail(err, POISON_EUSAGE, "unknown command '%s': did you mean '%s'?", word,
                           nearest);
    return poison_fail(err, POISON_EUSAGE, "unknown command '%s': 'poison -h' lists them", word);
}

static int fail_unknown_option(const char *word, poison_error *err)
{
    const char *nearest = NULL;
    int best = NEAR + 1, length = (int)strcspn(word, "=");
    char name[32];
    snprintf(name, sizeof name, "%s", word + strspn(word, "-"));
    name[strcspn(name, "=")] = 0;
    for (int k = 0; name[0] && name[1] && k < option_count; k++)
        consider(name, options[k].name, options[k].name, &nearest, &best);
    if (nearest)
        return poison_fail(err, POISON_EUSAGE, "unknown option '%.*s': did you mean '--%s'?",
                           length, word, nearest);
    return poison_fail(err, POISON_EUSAGE, "unknown option '%.*s': '--help' lists them", length,
                       word);
}

/* ---- splitting ------------------------------------------------------------------------------- */

/* Joins -wLABEL and W. */
static int join(struct given *g, const char *second, poison_error *err)
{
    size_t size = strlen(g->value) + strlen(second) + 2;
    g->made = poison_take(size, 1);
    if (!g->made)
        return poison_fail_memory(err, size, 1, "a value");
    snprintf(g->made, size, "%s:%s", g->value, second);
    g->value = g->made;
    return 0;
}

/* LIBSVM's -h 0 and -h 1 are about shrinking; here -h is help. */
static int refuse_shrinking(const char *word, const char *next, poison_error *err)
{
    if (word[0] != '-' || word[1] != 'h')
        return 0;
    const char *value = word[2] ? word + 2 : next;
    if (!value || (strcmp(value, "0") != 0 && strcmp(value, "1") != 0))
        return 0;
    return poison_fail(err, POISON_EUSAGE,
                       "-h %s: -h is help here; shrinking is on, --no-shrinking is LIBSVM's -h 0",
                       value);
}

/* Reads one option of argv[*k] on. */
static int split_option(struct args *args, int *k, int argc, char **argv, poison_error *err)
{
    struct given *g = &args->given[args->givens++];
    int status = refuse_shrinking(argv[*k], *k + 1 < argc ? argv[*k + 1] : NULL, err);
    g->word = argv[*k];
    g->option = option_find(g->word, &g->value);
    if (status < 0)
        return status;
    if (!g->option)
        return fail_unknown_option(g->word, err);
    if (g->value && !g->option->value)
        return poison_fail(err, POISON_EUSAGE, "--%s takes no value", g->option->name);
    int second;
    if (!option_waits(g->option, g->word, g->value, &second))
        return 0;
    if (*k + 1 == argc)
        return poison_fail(err, POISON_EUSAGE, "%s needs a value: %s", g->word,
                           second ? "W" : g->option->value);
    ++*k;
    if (second)
        return join(g, argv[*k], err);
    g->value = argv[*k];
    return 0;
}

/* Splits argv into options with their values, and words: the command's name and its operands. */
static int split(struct args *args, const char **word, size_t *words, int argc, char **argv,
                 poison_error *err)
{
    int options_ended = 0, status = 0;
    for (int k = 1; k < argc; k++) {
        if (!options_ended && strcmp(argv[k], "--") == 0) {
            options_ended = 1;
        } else if (options_ended || argv[k][0] != '-' || !argv[k][1]) {
            word[*words] = argv[k];
            *words += *words + 1 < OPERANDS;
        } else {
            TRY(split_option(args, &k, argc, argv, err));
        }
    }
done:
    return status;
}

/* ---- the command and its operands ------------------------------------------------------------ */

/* A word too many; perhaps the second one of a command's name. */
static int fail_surplus(const struct args *args, const char *word, const char *before,
                        poison_error *err)
{
    const struct command *c = args->command;
    const char *nearest = NULL;
    int best = NEAR + 1;
    char both[64];
    snprintf(both, sizeof both, "%.30s %.30s", before, word);
    for (const struct command *k = args->commands; k->name; k++)
        if (strchr(k->name, ' '))
            consider(both, k->name, k->name, &nearest, &best);
    if (nearest)
        return poison_fail(err, POISON_EUSAGE, "unexpected '%s' after '%s': did you mean '%s'?",
                           word, before, nearest);
    return poison_fail(err, POISON_EUSAGE, "unexpected '%s' after '%s': 'poison %s' takes %s", word,
                       before, c->name, c->operands ? c->operands : "options only");
}

/* The next operand of a list such as "MODEL [DATA]": its length, and whether it may be missing. */
static size_t next_operand(const char **at, int *optional)
{
    *at += strspn(*at, " ");
    *optional = **at == '[';
    *at += *optional;
    return strcspn(*at, " ]");
}

/* Whether a command has the words that it needs. */
static int take_operands(struct args *args, poison_error *err)
{
    const char *at = args->command->operands ? args->command->operands : "";
    size_t taken = 0, length;
    int optional, streams = 0;
    for (; (length = next_operand(&at, &optional)) > 0; at += length + optional, taken++)
        if (taken == args->operands && !optional)
            return poison_fail(err, POISON_EUSAGE, "%.*s is missing: poison %s %s", (int)length, at,
                               args->command->name, args->command->operands);
    for (size_t k = 0; k < args->operands; k++) {
        streams += strcmp(args->operand[k], "-") == 0;
        if (!*args->operand[k])
            return poison_fail(err, POISON_EUSAGE, "'poison %s' takes %s, not an empty word",
                               args->command->name, args->command->operands);
    }
    streams += args->source.path && strcmp(args->source.path, "-") == 0;
    streams += args->source.test_path && strcmp(args->source.test_path, "-") == 0;
    for (size_t k = 0; k < args->changes; k++)
        streams += args->change[k].file && strcmp(args->change[k].file, "-") == 0;
    if (streams < 2)
        return 0;
    return poison_fail(err, POISON_EUSAGE, "'-' stands twice: standard input can be read once");
}

/* Fills command, operands and, of help, the topic. */
static int understand(struct args *args, const char **word, size_t words, poison_error *err)
{
    size_t used = 0, topic = 0, most = 0, length;
    int optional;
    args->command = words ? command_find(args->commands, word, words, &used) : args->commands;
    if (!args->command)
        return fail_unknown_command(args->commands, word[0], err);
    for (const char *at = args->command->operands ? args->command->operands : "";
         (length = next_operand(&at, &optional)) > 0; at += length + optional)
        most++;
    if (args->command->flags & TOPIC_OPERAND && words > used) {
        args->help.topic = command_find(args->commands, word + used, words - used, &topic);
        args->help.memory = !args->help.topic && strcmp(word[used], "memory") == 0;
        if (!args->help.topic && !args->help.memory)
            return fail_unknown_command(args->commands, word[used], err);
        most = args->help.topic ? topic : 1; /* its name may be two words */
    }
    if (words > used + most)
        return fail_surplus(args, word[used + most], word[used + most - 1], err);
    for (size_t k = used; k < words; k++)
        args->operand[args->operands++] = word[k];
    return 0;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static int refuse_dose_twice(const size_t *dose, size_t doses, const char *option,
                             poison_error *err)
{
    for (size_t k = 0; k < doses && doses < 10000; k++)
        if (is_among(&dose[k], dose, k, sizeof *dose))
            return poison_fail(err, POISON_EUSAGE, "--%s: %zu is named twice", option, dose[k]);
    return 0;
}

/* The lists of a sweep, or a report, name nothing twice. */
static int refuse_twice(const struct args *args, poison_error *err)
{
    const struct sweep *s = &args->sweep;
    int status = refuse_dose_twice(s->dose, s->doses, "doses", err);
    if (status == 0)
        status = refuse_dose_twice(args->report.curve, args->report.curves, "curve", err);
    if (status < 0)
        return status;
    for (size_t k = 0; k < s->strategies; k++)
        if (is_among(&s->strategy[k], s->strategy, k, sizeof *s->strategy))
            return poison_fail(err, POISON_EUSAGE, "--strategy: %s is named twice",
                               poison_strategy_name(s->strategy[k]));
    for (size_t k = 0; k < s->defences; k++)
        for (size_t q = 0; q < k; q++)
            if (strcmp(s->defence[k].name, s->defence[q].name) == 0)
                return poison_fail(err, POISON_EUSAGE, "--defence: %s is named twice",
                                   s->defence[k].name);
    if (s->seed + (s->seeds - 1) < s->seed)
        return poison_fail(err, POISON_EUSAGE, "--seed and --seeds: seeds end below 2^64");
    return 0;
}

/* Fields that are set even where their option is not the command's, then the defaults of its
 * options. */
static int set_defaults(struct args *args, poison_error *err)
{
    int status = 0;
    args->source.train = 2000;
    args->source.test = 1000;
    args->form.output = "-";
    for (int k = 0; k < option_count; k++)
        if (options[k].normal && !(options[k].flags & WORDS)
            && option_counts(&options[k], args->command))
            TRY(option_set(&options[k], args, options[k].normal, err));
done:
    return status;
}

static int fail_foreign(const struct option *o, const struct command *c, poison_error *err)
{
    char whose[400] = "";
    size_t length = 0;
    if (o->flags & TABULAR && c->needs != NEEDS_NOTHING)
        return poison_fail(err, POISON_EUSAGE,
                           "--%s is not an option of '%s', which prints pictures, not a table",
                           o->name, c->name);
    for (int k = 0; k < option_count; k++)
        if (strcmp(options[k].name, o->name) == 0 && length < sizeof whose)
            length += (size_t)snprintf(whose + length, sizeof whose - length, "%s%s",
                                       length ? ", " : "", options[k].commands);
    return poison_fail(err, POISON_EUSAGE, "--%s is not an option of '%s': it belongs to %s",
                       o->name, c->name, whose);
}

static int was_given(const struct args *args, const char *name)
{
    for (size_t k = 0; k < args->givens; k++)
        if (strcmp(args->given[k].option->name, name) == 0)
            return 1;
    return 0;
}

/* Sets what was given, in order. */
static int set_given(struct args *args, poison_error *err)
{
    int status = 0;
    for (size_t k = 0; k < args->givens; k++) {
        struct given *g = &args->given[k];
        const struct option *o = option_for(g->option, args->command);
        if (!o)
            TRY(fail_foreign(g->option, args->command, err));
        g->option = o;
        if (o->given)
            *(int *)((char *)args + o->given) = 1;
        TRY(option_set(o, args, g->value, err));
    }
    if (args->audit.joint && !was_given(args, "method")) { /* the only one that can */
        const struct option *method = option_for(&(struct option){.name = "method"}, args->command);
        args->given[args->givens++] =
            (struct given){.option = method, .value = "confident", .word = "--method"};
        TRY(option_set(method, args, "confident", err));
    }
done:
    return status;
}

/* An operand that is to be one of the words between |. */
static int check_word(const struct args *args, poison_error *err)
{
    const char *words = args->command->operands;
    if (!words || !strchr(words, '|') || parse_word(words, args->operand[0]) >= 0)
        return 0;
    return fail_word(args->command->name, args->operand[0], words, "", err);
}

/* What contradicts itself, of data and models. */
static int check_model_options(const struct args *args, poison_error *err)
{
    const struct form *form = &args->form;
    unsigned flags = args->command->flags;
    const char *tabular = form->provenance ? "provenance" : NULL;
    tabular = form->no_header ? "no-header" : tabular;
    tabular = form->json ? "json" : tabular;
    if (flags & PRINTS_MODEL && !args->grid.folds && tabular)
        return poison_fail(err, POISON_EUSAGE,
                           "--%s: 'poison train' prints a model, which is no table; with -v N it "
                           "prints one",
                           tabular);
    if (flags & DATA_OPERAND && args->operands && args->source.path)
        return poison_fail(err, POISON_EUSAGE, "--data %s and '%s': one or the other",
                           args->source.path, args->operand[0]);
    if (args->predict.decisions && args->predict.score)
        return poison_fail(err, POISON_EUSAGE, "--decisions and --score: one or the other");
    if (args->help.man && (args->help.topic || args->help.memory))
        return poison_fail(err, POISON_EUSAGE, "--man: one page for all commands, without '%s'",
                           args->help.topic ? args->help.topic->name : "memory");
    return check_word(args, err);
}

static int check_trace(const struct args *args, poison_error *err)
{
    if (args->trace && output_descriptor(args->trace) == STDOUT_FILENO)
        return poison_fail(err, POISON_EUSAGE,
                           "--trace: expected a file; standard output is the table's");
    return 0;
}

/* --changed of show */
static int check_changed(const struct args *args, poison_error *err)
{
    if (!args->show.changed)
        return 0;
    if (!args->changes)
        return poison_fail(err, POISON_EUSAGE,
                           "--changed: by which flips? Expected --flip or --flips");
    if (args->operands)
        return poison_fail(err, POISON_EUSAGE, "--changed and '%s': one or the other",
                           args->operand[0]);
    if (was_given(args, "set") && !args->show.test_set)
        return poison_fail(err, POISON_EUSAGE,
                           "--changed and --set train: predictions are those of the test set");
    return 0;
}

/* What contradicts itself. */
static int check(const struct args *args, poison_error *err)
{
    int status = 0;
    if (args->resume && strcmp(args->form.output, "-") == 0)
        return poison_fail(err, POISON_EUSAGE, "--resume: which sweep? Expected -o FILE");
    if (args->audit.joint && args->audit.truth)
        return poison_fail(err, POISON_EUSAGE, "--joint and --truth: one or the other");
    TRY(check_trace(args, err));
    if (args->audit.joint && (args->methods != 1 || !audit_does(args->method[0], ESTIMATES)))
        return poison_fail(err, POISON_EUSAGE, "--joint: only --method confident estimates it");
    TRY(check_changed(args, err));
    if (args->command->flags & NAMES_ONCE)
        TRY(refuse_twice(args, err));
    TRY(check_model_options(args, err));
done:
    return status;
}

/* In this order, which decides what is complained of first: the words are split into options and
 * operands, the command is found, help is given; defaults are set, then what was said; operands are
 * counted and read; what contradicts itself is refused. A shell's question (complete.c) is answered
 * before all that: its words are no command line. */
int args_parse(struct args *args, const struct command *commands, int argc, char **argv, FILE *out,
               poison_error *err)
{
    int status = 0;
    const char *word[OPERANDS] = {NULL};
    size_t words = 0;
    *args = (struct args){0};
    if (argc > 2 && strcmp(argv[1], "completions") == 0 && strcmp(argv[2], "--words") == 0) {
        complete_words(out, commands, argc - 3, argv + 3);
        return ARGS_HELP;
    }
    *args = (struct args){
        .settings = poison_settings_default(), .commands = commands, .sweep = {.seeds = 1}};
    args->given = poison_take((size_t)argc + 1, sizeof *args->given);
    if (!args->given)
        TRY(poison_fail_memory(err, (size_t)argc + 1, sizeof *args->given, "the command line"));
    TRY(split(args, word, &words, argc, argv, err));
    TRY(understand(args, word, words, err));
    for (size_t k = 0; k < args->givens; k++)
        if (*args->given[k].option->name == 'h') {
            help_print(out, commands, words ? args->command : NULL, args->given[k].word[1] == '-');
            return ARGS_HELP;
        }
    TRY(set_defaults(args, err));
    TRY(set_given(args, err));
    if (was_given(args, "version"))
        return ARGS_VERSION;
    TRY(take_operands(args, err));
    if (args->command->flags & ROWS_OPERAND && args->operands)
        TRY(parse_rows(args, args->operand[0], err));
    TRY(check(args, err));
    if (args->command->flags & DATA_OPERAND && args->operands)
        args->source.path = args->operand[args->operands - 1];
done:
    return status;
}

/* All that was taken for lists, and the names in them. */
void args_free(struct args *args)
{
    for (size_t k = 0; k < args->givens; k++)
        free(args->given[k].made);
    for (size_t k = 0; k < args->weights; k++)
        free(args->weight[k].label);
    for (size_t k = 0; k < args->changes; k++)
        free(args->change[k].flip.pair.from);
    forget_pairs(args);
    free(args->pair);
    free(args->given);
    free(args->weight);
    free(args->grid.cost);
    free(args->grid.gamma);
    free(args->change);
    free(args->show.range);
    free(args->sweep.strategy);
    free(args->sweep.defence);
    free(args->sweep.dose);
    free(args->report.curve);
}

/* ---- provenance ------------------------------------------------------------------------------ */

static const struct given *last_given(const struct args *args, const struct option *o)
{
    for (size_t k = args->givens; k-- > 0;)
        if (args->given[k].option == o)
            return &args->given[k];
    return NULL;
}

/* All of one list, in order, since each builds on those before: rows that share a list (--flip,
 * --flips) take turns. */
static void describe_list(const struct args *args, const struct option *o, FILE *out)
{
    const struct option *last = NULL;
    for (size_t k = 0; k < args->givens; k++) {
        const struct option *g = args->given[k].option;
        if (!(g->flags & REPEATS) || g->at != o->at)
            continue;
        if (g == last)
            putc(';', out);
        else
            fprintf(out, " %s=", g->name);
        escape_quoted(out, ESCAPE_VALUE, args->given[k].value);
        last = g;
    }
}

/* Whether a row above this one has printed the list that they share. */
static int listed_above(const struct args *args, const struct option *o)
{
    for (const struct option *above = options; above < o; above++)
        if (above->flags & REPEATS && above->at == o->at && last_given(args, above))
            return 1;
    return 0;
}

const char *args_variable(void)
{
    const char *variable = getenv("POISON_DATA");
    return variable && *variable ? variable : NULL;
}

/* " name=value": as given, else of $POISON_DATA, else the default. */
static void describe_option(const struct args *args, const struct option *o, FILE *out)
{
    const struct given *given = last_given(args, o);
    const char *value = o->normal ? o->normal : "none";
    if (strcmp(o->name, "data") == 0 && args_variable())
        value = args_variable();
    if (given && o->flags & REPEATS) {
        if (!listed_above(args, o))
            describe_list(args, o, out);
        return;
    }
    fprintf(out, " %s=", o->name);
    if (!o->value)
        fputs(given ? "yes" : "no", out);
    else
        escape_quoted(out, ESCAPE_VALUE, given ? given->value : value);
}

void args_describe(const struct args *args, FILE *out)
{
    const char *at = args->command->operands ? args->command->operands : "";
    int optional, data = args->command->flags & DATA_OPERAND && args->operands;
    size_t length;
    for (size_t k = 0; k < args->operands && (length = next_operand(&at, &optional)) > 0;
         k++, at += length + optional) {
        putc(' ', out);
        for (size_t c = 0; c < length; c++)
            putc(at[c] | 0x20, out); /* lower case */
        putc('=', out);
        escape_quoted(out, ESCAPE_VALUE, args->operand[k]);
    }
    for (int k = 0; k < option_count; k++)
        if (options[k].flags & RESULTS && option_counts(&options[k], args->command)
            && !(data && strcmp(options[k].name, "data") == 0))
            describe_option(args, &options[k], out);
}

/* What was said in the order it was said in, of options that do not add up the last one. */
void args_command(const struct args *args, const char *source, FILE *out)
{
    fprintf(out, "poison %s", args->command->name);
    for (size_t k = 0; k < args->operands; k++) {
        putc(' ', out);
        escape_quoted(out, ESCAPE_SHELL, args->operand[k]);
    }
    if (!was_given(args, "data")) {
        fputs(" --data ", out);
        escape_quoted(out, ESCAPE_SHELL, source);
    }
    for (size_t k = 0; k < args->givens; k++) {
        const struct given *g = &args->given[k];
        if (!(g->option->flags & RESULTS)
            || (!(g->option->flags & REPEATS) && last_given(args, g->option) != g))
            continue;
        fprintf(out, " --%s", g->option->name);
        if (g->option->value) {
            putc(' ', out);
            escape_quoted(out, ESCAPE_SHELL, g->value);
        }
    }
}
