/* SPDX-License-Identifier: MIT */
/* args - the command line: one table of options that parses, checks and prints the help */
#ifndef POISON_ARGS_H
#define POISON_ARGS_H

#include "grid.h"
#include "load.h"
#include "poison.h"
#include "report.h"
#include "show.h"
#include "sweep.h"

#include <stdio.h>

struct laboratory; /* poison.c's */

enum needs { NEEDS_NOTHING, NEEDS_DATA, NEEDS_MODEL, NEEDS_PREDICTIONS };

/* What sets a command apart. */
enum {
    OPENS_OUTPUT = 1,   /* itself, not before it runs */
    PICTURES = 2,       /* prints these, no table */
    PRINTS_MODEL = 4,   /* prints that, no table, but with -v */
    BUILT_IN = 8,       /* takes the built-in digits where nothing is said and no MNIST found */
    NAMES_ONCE = 16,    /* its lists name nothing twice */
    DATA_OPERAND = 32,  /* its last operand is a place of data, as --data is */
    ROWS_OPERAND = 64,  /* its operand says which rows are shown */
    TOPIC_OPERAND = 128, /* its operands are a command's name */
    READS_TABLE = 256    /* on standard input */
};

/* A command is a row of poison.c's table; the last row has no name. */
struct command {
    const char *name; /* one word, or two: "data check" */
    /* "MODEL [DATA]": what follows its name, in brackets what may be missing, with | the words that
       it may be; NULL: nothing */
    const char *operands;
    const char *summary;
    enum needs needs; /* what is made before it runs */
    unsigned flags;
    int (*run)(struct laboratory *lab, poison_error *err);
    /* what it refuses once the data are known; or NULL */
    int (*check)(struct laboratory *lab, poison_error *err);
};

/* What the command line said, defaults filled in; args_free frees the lists. What is one command's
 * stands under its name. */
struct args {
    const struct command *commands, *command; /* the table, and the row that was asked for */
    const char *operand[3];                   /* after the command's name; "-" is standard input */
    size_t operands;
    struct given *given; /* what was said, in order, for args_describe */
    size_t givens;

    poison_settings settings;
    /* path NULL: look for MNIST; validate: how many, if somebody looks at them */
    poison_source source;
    int validate_given;
    struct load_how how; /* keep and drop */
    struct change {
        const char *file; /* a flip file, or NULL: */
        struct flip_wish flip;
    } *change; /* --flip and --flips, in order */
    size_t changes;
    struct weight {
        char *label;
        double factor;
    } *weight; /* --weight, in order */
    size_t weights;
    struct form {
        const char *output;
        int json, no_header, provenance;
    } form;
    int timing, quiet;
    const char *trace; /* a file for spans; NULL: none */

    /* what asks for pairs: --pair, of lab and report, or sweep's --pairs; else NULL */
    const char *pair_option;
    struct pair_wish *pair;  /* none: all that there are */
    size_t pairs;
    /* doses, strategies, defences of lab, report, sweep and clean; everybody's seed, restarts,
       beam. Its pairs are known when the data are (poison.c). */
    struct sweep sweep;
    int methods, method[POISON_AUDITS]; /* audit's and report's */
    int resume;                         /* sweep's */

    struct { size_t rows; int rows_given; } predictions;
    struct { int by_true; } score;
    struct { const char *export_to; } data;
    struct { const char *truth; int joint; } audit;
    struct { size_t dose; } matrix;
    struct { const char *title; } plot; /* or NULL */
    struct show show;                   /* but for flips, words and output */
    struct { size_t row, rows; } explain;
    struct report report; /* its curve and its rows */
    struct { int decisions, score; } predict;
    struct grid grid; /* also train's folds, 0: none */
    struct { int man, memory; const struct command *topic; } help; /* topic: or NULL */
};

enum { ARGS_HELP = 1, ARGS_VERSION };

/* Fills *args from argv. 0: run args->command. ARGS_HELP: help, or the answer to a shell's
 * question, has been printed to `out`. ARGS_VERSION: asked for. POISON_EUSAGE with a sentence,
 * POISON_EDATA for an instruction set that this CPU lacks, POISON_ENOMEM. */
int args_parse(struct args *args, const struct command *commands, int argc, char **argv, FILE *out,
               poison_error *err);
void args_free(struct args *args);

/*
 * Prints " name=value" for each operand and each option of the command that can change results, as
 * given or its default: " train=300 flip=1:2:3;4:5:6 cost=1 no-shrinking=no". Flips of both kinds
 * stand in their order. A value with blanks, quotes, semicolons or control characters stands in
 * double quotes, with backslashes; "none": an option that was not given.
 */
void args_describe(const struct args *args, FILE *out);

/* $POISON_DATA; NULL where it says nothing. */
const char *args_variable(void);

/* Prints the command line that does the same again, quoted for a shell: the command and what was
 * given that can change results, --data with `source` where it was not given. */
void args_command(const struct args *args, const char *source, FILE *out);

#endif
