/* SPDX-License-Identifier: MIT */
#include "help.h"

#include "blas.h"
#include "budget.h"
#include "escape.h"
#include "options.h"

#include <omp.h>
#include <string.h>

static const char question[] =
    "what happens to a classifier when somebody alters its training labels?";

static const char *const conventions[][2] = {
    {"Data", "--data, else $POISON_DATA, else data/mnist, else ~/.cache/poison/mnist "
             "($XDG_CACHE_HOME). With none of them\n"
             "'lab' runs on built-in digits, which --data synthetic asks for by name; the other "
             "commands stop."},
    {"Tables", "Standard output holds the table and nothing else: one header line, tabs, no "
               "padding. Lines that begin with\n"
               "'# ' (in 'lab', 'explain', a sweep's file) are comments. Coefficients and "
               "intercepts reload to the same bits."},
    {"Exactness", "Where all features are whole numbers from 0 to 255, results are scikit-learn's "
                  "SVC's (LIBSVM's) to the last\n"
                  "bit; else predictions are the same and coefficients within 1e-6. Neither "
                  "threads nor instruction set matter."},
    {0},
};

static const char *const exit_codes[][2] = {
    {"0", "done"},
    {"1", "a check failed"},
    {"2", "usage"},
    {"3", "input or output that cannot be used"},
    {"4", "out of memory"},
    {"130", "Ctrl-C"},
    {"143", "SIGTERM"},
    {"129", "a hangup"},
    {0},
};

static const char *const environment[][2] = {
    {"POISON_DATA", "what --data names, where that is not given"},
    {"XDG_CACHE_HOME", "the folder, by default ~/.cache, in which poison/mnist is looked for"},
    {"OMP_NUM_THREADS", "the default of --threads"},
    {0},
};

/* ---- what commands.txt says of a command ----------------------------------------------------- */

enum { MOST = 2000 }; /* bytes of a part */

struct prose {
    char prints[MOST];   /* the header of its table, or words about it: one line */
    char examples[MOST]; /* command lines, one a line */
    char notes[MOST];    /* what --help adds, lines; "": nothing */
};

/* Moves the command lines at *at, without their "$ ", to `to`; or the lines up to one. */
static void take_lines(char to[MOST], const char **at, int commands)
{
    size_t length, room;
    *to = 0;
    for (; **at && **at != '\n' && (strncmp(*at, "$ ", 2) == 0) == commands; *at += length) {
        *at += commands ? 2 : 0;
        length = strcspn(*at, "\n") + 1;
        room = MOST - 1 - strlen(to);
        strncat(to, *at, length < room ? length : room);
    }
}

/* A section is "## NAME", what is printed, command lines, notes; an empty line ends it. All parts
 * are empty if there is none. */
static void find_prose(struct prose *prose, const struct command *c)
{
    static const char text[] =
#include "commands.txt.inc"
        ;
    char heading[64];
    snprintf(heading, sizeof heading, "## %s\n", c->name);
    const char *found = strstr(text, heading), *at = found ? found + strlen(heading) : "";
    take_lines(prose->prints, &at, 0);
    take_lines(prose->examples, &at, 1);
    take_lines(prose->notes, &at, 0);
    for (char *letter = prose->prints; *letter; letter++)
        if (*letter == '\n')
            *letter = letter[1] ? ' ' : 0;
}

/* ---- help ------------------------------------------------------------------------------------ */

static void print_lines(FILE *out, const char *text, const char *before)
{
    while (*text) {
        int length = (int)strcspn(text, "\n");
        fprintf(out, "%s%.*s\n", length ? before : "", length, text);
        text += length + (text[length] == '\n');
    }
}

/* Options of a command with all the flags `wanted` and none of `unwanted`, a line each, two where
 * the first has no room; then how many there are besides. */
static void print_options(FILE *out, const struct command *c, unsigned wanted, unsigned unwanted)
{
    int left_out = 0;
    for (int k = 0; k < option_count; k++) {
        const struct option *o = &options[k];
        char left[64];
        if (!option_counts(o, c))
            continue;
        if ((o->flags & wanted) != wanted || o->flags & unwanted) {
            left_out++;
            continue;
        }
        snprintf(left, sizeof left, "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
                 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        fprintf(out, strlen(left) > 26 ? "  %s\n%28s %s" : "  %-26s%s %s", left, "", o->help);
        fprintf(out, o->normal ? " [%s]\n" : "\n", o->normal);
    }
    if (left_out)
        fprintf(out, "  (--help: %d more)\n", left_out);
}

/* "Prints:" and the header, in lines that fit. */
static void print_prints(FILE *out, const char *prints)
{
    int column = fprintf(out, "\nPrints: ");
    for (const char *p = prints; *p; p++, column++) {
        int breaks = *p == ' ' && column > 100;
        putc(breaks ? '\n' : *p, out);
        column = breaks ? fprintf(out, "        ") : column;
    }
    putc('\n', out);
}

/* Name and question or summary, examples, what is printed or the commands, options, the rest. */
void help_print(FILE *out, const struct command *commands, const struct command *c, int all)
{
    const struct command *shown = c ? c : commands;
    struct prose prose;
    find_prose(&prose, shown);
    if (c)
        fprintf(out, "poison %s%s%s - %s\n\n", c->name, c->operands ? " " : "",
                c->operands ? c->operands : "", c->summary);
    else
        fprintf(out, "poison - %s\n\n", question);
    print_lines(out, prose.examples, "  $ ");
    if (c) {
        print_prints(out, prose.prints);
        if (all && *prose.notes)
            fprintf(out, "\n%s", prose.notes);
    } else {
        fprintf(out, "\nCommands (poison COMMAND -h tells more):\n");
        for (const struct command *k = commands; k->name; k++)
            fprintf(out, "  %-12s %s\n", k->name, k->summary);
    }
    fprintf(out, "\nOptions%s:\n", c ? "" : " of 'lab', which runs when no command is named");
    print_options(out, shown, c || all ? 0 : FIRST, all ? 0 : RARE);
    for (int k = 0; all && conventions[k][0]; k++)
        fprintf(out, "\n%s. %s\n", conventions[k][0], conventions[k][1]);
    for (int k = 0; all && exit_codes[k][0]; k++)
        fprintf(out, "%s  %-5s%s\n", k ? "" : "\nExit codes.\n", exit_codes[k][0],
                exit_codes[k][1]);
}

/* ---- the manual page ------------------------------------------------------------------------- */

/* Text as troff takes it literally; also as the argument of a macro. Tabs become blanks. */
static void roff_all(FILE *out, const char *const *texts)
{
    for (; *texts; texts++)
        escape(out, ESCAPE_ROFF, *texts);
}
#define ROFF(...) roff_all(out, (const char *const[]){__VA_ARGS__, NULL})

static void man_pairs(FILE *out, const char *heading, const char *const pairs[][2])
{
    fprintf(out, ".SH %s\n", heading);
    for (; (*pairs)[0]; pairs++) {
        fprintf(out, ".TP\n.B \"");
        ROFF((*pairs)[0]);
        fputs("\"\n", out);
        ROFF((*pairs)[1], "\n");
    }
}

/* A subsection: summary, what is printed, notes, the names of its options. */
static void man_command(FILE *out, const struct command *c)
{
    const char *between = "Options: ";
    struct prose prose;
    find_prose(&prose, c);
    fputs(".SS \"", out);
    ROFF(c->name, c->operands ? " " : "", c->operands ? c->operands : "");
    fputs("\"\n", out);
    ROFF(c->summary, ".\n");
    fputs(".PP\n", out);
    ROFF("Prints: ", prose.prints, "\n");
    if (*prose.notes) {
        fputs(".PP\n", out);
        ROFF(prose.notes);
    }
    fputs(".PP\n", out);
    for (int k = 0; k < option_count; k++) {
        if (!option_counts(&options[k], c))
            continue;
        ROFF(between, "--", options[k].name);
        between = ",\n";
    }
    ROFF(".\n");
}

/* `-c, --cost C`, what it says, its default and, where it is not everybody's, whose it is. */
static void man_option(FILE *out, const struct option *o)
{
    char letter[3] = {'-', o->letter, 0};
    fputs(".TP\n\\fB", out);
    ROFF(o->letter ? letter : "", o->letter ? ", " : "", "--", o->name);
    fputs("\\fR", out);
    if (o->value) {
        fputs(" \\fI", out);
        ROFF(o->value);
        fputs("\\fR", out);
    }
    putc('\n', out);
    ROFF(o->help);
    if (o->normal)
        ROFF(" [", o->normal, "]");
    ROFF(".\nOf ", o->commands, ".\n");
}

static void man_examples(FILE *out, const struct command *commands)
{
    fputs(".SH EXAMPLES\n", out);
    struct prose prose;
    for (const struct command *c = commands; c->name; c++) {
        find_prose(&prose, c);
        fputs(".PP\n", out);
        ROFF(c->summary, ":\n");
        fputs(".PP\n.nf\n", out);
        for (const char *line = prose.examples; *line; line += strcspn(line, "\n") + 1) {
            char text[400];
            snprintf(text, sizeof text, "    %.*s\n", (int)strcspn(line, "\n"), line);
            escape(out, ESCAPE_ROFF, text);
        }
        fputs(".fi\n", out);
    }
}

/* All that --help says of the program and of each command, once. */
void help_man(FILE *out, const struct command *commands)
{
    fprintf(out, ".TH POISON 1 \"\" \"poison %s\" \"User Commands\"\n.nh\n.SH NAME\npoison \\- ",
            POISON_VERSION);
    ROFF(question, "\n");
    fputs(".SH SYNOPSIS\n.B poison\n[\\fIOPTIONS\\fR]\n", out);
    for (const struct command *c = commands; c->name; c++) {
        fputs(".br\n\\fBpoison ", out);
        ROFF(c->name);
        fputs("\\fR ", out);
        ROFF(c->operands ? c->operands : "", c->operands ? " " : "");
        fputs("[\\fIOPTIONS\\fR]\n", out);
    }
    fputs(".SH DESCRIPTION\n", out);
    ROFF("Without a command: ", commands->name, ", ", commands->summary, ".\n");
    for (int k = 0; conventions[k][0]; k++) {
        fputs(".PP\n", out);
        ROFF(conventions[k][0], ". ", conventions[k][1], "\n");
    }
    fputs(".SH COMMANDS\n", out);
    for (const struct command *c = commands; c->name; c++)
        man_command(out, c);
    fputs(".SH OPTIONS\n", out);
    for (int k = 0; k < option_count; k++)
        man_option(out, &options[k]);
    man_pairs(out, "EXIT STATUS", exit_codes);
    man_pairs(out, "ENVIRONMENT", environment);
    man_examples(out, commands);
}

void help_memory(FILE *out)
{
    static const char text[] =
#include "memory.txt.inc"
        ;
    fputs(text, out);
    fprintf(out, "%-10s %-16s %s\n", "what", "share", "who");
    for (int use = 0; use < BUDGET_USES; use++)
        fprintf(out, "%-10s %-16s %s\n", budget_rows[use].name, budget_rows[use].share,
                budget_rows[use].who);
}

void help_version(FILE *out, FILE *warn, const poison_settings *settings)
{
    struct blas_build blas = blas_build();
    fprintf(out, "poison %s\n%s, %s\nOpenMP %d, %d threads\ninstruction set %s\n", POISON_VERSION,
            blas.config, blas.threading, _OPENMP, settings->threads,
            poison_isa_name(settings->isa));
    if (blas.fault)
        fprintf(warn,
                "poison: warning: this OpenBLAS is not its OpenMP build; %s (Debian: "
                "libopenblas-openmp-dev)\n",
                blas.fault);
}
