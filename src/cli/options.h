/* SPDX-License-Identifier: MIT */
/*
 * options - the one table of options: what each is called, takes and defaults to, whose it is, and
 * what it sets
 */
#ifndef POISON_OPTIONS_H
#define POISON_OPTIONS_H

#include "args.h"

/*
 * One row an option. `commands`: whose it is, names between ", ", among them perhaps DATA_COMMANDS
 * or ALL_COMMANDS. Rows may share a name, to say other things to other commands; the first row that
 * is a command's counts. Most kinds fill a field of `struct args`, which `at` says; CALLS has a
 * function.
 */
struct option {
    char letter;
    /* value: what it takes, choices between |, those in lower case literally; NULL: nothing */
    const char *name, *value;
    const char *commands;
    /* the default, which is parsed; with WORDS it is for readers only; NULL: none */
    const char *normal;
    const char *help;
    unsigned flags;
    enum {
        INFORMS,
        CALLS,
        RAISES,
        LOWERS,
        COUNTS,
        COUNTS_INT,
        MEASURES,
        NUMBERS,
        NAMES,
        CHOOSES
    } kind;
    int (*set)(struct args *args, const char *value, poison_error *err);
    /*
     * of, by kind from RAISES on: two ints, a size_t, an int, two doubles, a const char *, an int
     */
    size_t at;
    /* of a whole number (most 0: 2^40); least: the number of the first word of CHOOSES */
    size_t least, most;
    size_t given;        /* of an int that is raised too, or 0 */
    /* that `value` does not say, between |; those of a LIST may stand together, between commas */
    const char *words;
};

enum {
    RESULTS = 1,   /* can change what is printed: --provenance names it */
    WORDS = 2,     /* the default is for readers */
    RARE = 4,      /* -h leaves it out */
    NUMBERED = 8,  /* CHOOSES takes the number of a word too, as LIBSVM does */
    TWO_WORDS = 16, /* LIBSVM's -wLABEL W is -w LABEL:W */
    REPEATS = 32,  /* adds to the list `at`, in the order of the command line */
    FIRST = 64,    /* the program's own -h has it */
    TABULAR = 128  /* not of a command that prints pictures, though it reads data */
};

#define DATA_COMMANDS "the commands that read data"
#define ALL_COMMANDS "all commands"

extern const struct option options[];
extern const int option_count;

/* Whether row o is the one that counts for a command. */
int option_counts(const struct option *o, const struct command *c);
/* The row of a command for the name of row o, or NULL. */
const struct option *option_for(const struct option *o, const struct command *c);
/* Sets what the row says. POISON_EUSAGE and a sentence, POISON_EDATA for an instruction set that
 * this CPU lacks, ENOMEM. */
int option_set(const struct option *o, struct args *args, const char *value, poison_error *err);

enum { OPERANDS = 8 }; /* words that are kept: more than any command takes */

/* The option of one word: --name, --name=value, -l or -lvalue. *value: what is glued to it, or
 * NULL. */
const struct option *option_find(const char *word, const char **value);
/* Whether the next word is the option's: its value or, *second, the W of LIBSVM's -wLABEL W. */
int option_waits(const struct option *o, const char *word, const char *value, int *second);
/* The command that the words begin with, and how many of them are its name; two words come before
 * one. NULL: none. */
const struct command *command_find(const struct command *commands, const char **word, size_t words,
                                   size_t *used);

#endif
