/* SPDX-License-Identifier: MIT */
/* help - help, manual page and completions, all from the tables of commands and options */
#ifndef POISON_HELP_H
#define POISON_HELP_H

#include "args.h"

/* The program's help (command NULL) or a command's; `all`: --help, else one screen. */
void help_print(FILE *out, const struct command *commands, const struct command *command, int all);

/* poison(1), in troff's man macros. */
void help_man(FILE *out, const struct command *commands);

/* What a shell reads to complete command lines: "bash" or "zsh". */
void complete_script(FILE *out, const char *shell);

/* What may stand in the place of the last of these words, which follow the program's name. */
void complete_words(FILE *out, const struct command *commands, int words, char **word);

/* Who gets what share of --memory. */
void help_memory(FILE *out);

/* --version; a warning if OpenBLAS is a build that competes with OpenMP for the cores. */
void help_version(FILE *out, FILE *warn, const poison_settings *settings);

#endif
