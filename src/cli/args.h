/* SPDX-License-Identifier: MIT */
/* args - the command line: one table of options that parses, checks and prints the help */
#ifndef POISON_ARGS_H
#define POISON_ARGS_H

#include "poison.h"
#include "show.h"
#include "sweep.h"

#include <stdio.h>

struct laboratory; /* poison.c's */

/* NEEDS_LABELS: data, and it opens its output itself */
enum needs { NEEDS_NOTHING, NEEDS_LABELS, NEEDS_DATA, NEEDS_MODEL, NEEDS_PREDICTIONS };

/* A command is a row of poison.c's table; the last row has no name. */
struct command {
    const char *name;     /* one word, or two: "data check" */
    const char *operands; /* "MODEL [DATA]": what follows its name, in brackets what may be missing; NULL: nothing */
    const char *summary;
    enum needs needs;      /* what is made before it runs */
    int (*run)(struct laboratory *lab, poison_error *err);
};

/* What the command line said, defaults filled in. */
struct args {
    const struct command *commands, *command; /* the table, and the row that was asked for */
    const struct command *topic;              /* help's, or NULL */
    int man;
    struct given *given; /* what was said, in order, for args_describe */
    size_t givens;
    poison_settings settings;
    const char *data; /* NULL: look for MNIST */
    const char *test_data;    /* a file for the test set, or NULL */
    const char *label_column; /* --label: first, last, a name, a number from 1, none; NULL: as poison_data_load says */
    int format;               /* --format: POISON_READ_AUTO, ... */
    size_t train, test;
    int train_given, test_given;
    struct change {
        const char *file; /* a flip file, or NULL: */
        struct flip_wish flip;
    } *change; /* in order; args_free frees */
    size_t changes;
    const char *pair_option; /* what asks for pairs: --pair, of lab and report, or sweep's --pairs; else NULL */
    struct pair_wish *pair;  /* none: all that there are; args_free frees */
    size_t pairs;
    size_t *curve, curves; /* report's other doses; args_free frees */
    int curve_given;
    size_t validate;
    int methods, method[POISON_AUDITS]; /* audit's */
    const char *truth;
    int joint, resume;
    size_t at;          /* matrix's dose */
    const char *title;  /* plot's, or NULL */
    size_t image;       /* explain's row */
    struct sweep sweep; /* also lab's and report's doses, clean's defence, everybody's seed, restarts and beam */
    size_t rows; /* -n */
    int rows_given;
    int by_true;
    int test_set, changed; /* show: --set test, --changed */
    struct row_range *range; /* show's ROWS, in order; args_free frees */
    size_t ranges;
    const char *export_to;
    const char *output;
    int timing, quiet;
    const char *trace; /* a file for spans; NULL: none */

    const char *operand[3]; /* after the command's name */
    size_t operands;        /* an operand "-" is standard input */
    size_t folds;           /* -v; 0: none */
    int decisions, score;
    double *costs, *gammas; /* grid's lists; args_free frees */
    size_t cost_count, gamma_count;
    struct weight { char *label; double factor; } *weight; /* --weight, in order; args_free frees */
    size_t weights;
    int json, no_header, provenance;
};

enum { ARGS_HELP = 1, ARGS_VERSION };

/*
 * Fills *args from argv. 0: run args->command. ARGS_HELP: help has been printed to `out`. ARGS_VERSION: asked for.
 * POISON_EUSAGE with a sentence, POISON_EDATA for an instruction set that this CPU lacks, POISON_ENOMEM.
 */
int args_parse(struct args *args, const struct command *commands, int argc, char **argv, FILE *out, poison_error *err);
void args_free(struct args *args);

/*
 * Prints " name=value" for each operand and each option of the command that can change results, as given or its default:
 * " train=300 flip=1:2:3;4:5:6 cost=1 no-shrinking=no". Flips of both kinds stand in their order. A value with blanks,
 * quotes, semicolons or control characters stands in double quotes, with backslashes; "none": an option that was not given.
 */
void args_describe(const struct args *args, FILE *out);

/*
 * Prints the command line that does the same again, quoted for a shell: the command and what was given that can change
 * results, --data with `source` where it was not given.
 */
void args_command(const struct args *args, const char *source, FILE *out);

#endif
