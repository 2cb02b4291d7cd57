/* SPDX-License-Identifier: MIT */
/*
 * complete - what may stand in the place of a command line's last word
 *
 * A shell asks by `poison completions --words WORD...`, which no help names, with the words up to
 * the cursor. It gets a line for each answer, as zsh likes it: WORD or WORD:WHAT IT IS. Which of
 * them begin as the last word does, the shell sees. Lines of one sign come before what they are
 * about:
 *
 *   =  the part of the last word behind its first =
 *   ,  the part behind its last comma
 *   /  names of files may stand there, too
 */
#include "help.h"

#include "options.h"

#include <string.h>

/* Of choices between |, those that stand for themselves. */
static void print_choices(FILE *out, const char *choices)
{
    for (const char *at = choices ? choices : ""; *at; at += *at == '|') {
        int length = (int)strcspn(at, "|");
        if (*at < 'A' || *at > 'Z')
            fprintf(out, "%.*s\n", length, at);
        at += length;
    }
}

/* What an option takes, of a command if it has it. NULL: nothing. */
static void print_values(FILE *out, const struct option *o, const struct command *c)
{
    const struct option *own = o && c ? option_for(o, c) : NULL;
    o = own ? own : o;
    if (!o || !o->value)
        return;
    if (strncmp(o->value, "LIST", 4) == 0)
        fputs(",\n", out);
    if (strstr(o->value, "FILE") || strstr(o->value, "DIR"))
        fputs("/\n", out);
    print_choices(out, o->value);
    print_choices(out, o->words);
}

/* First words of the commands; or, of those that begin with `first`, the second ones. */
static void print_commands(FILE *out, const struct command *commands, const char *first)
{
    for (const struct command *c = commands; c->name; c++) {
        size_t length = strcspn(c->name, " ");
        if (!first && !c->name[length])
            fprintf(out, "%s:%s\n", c->name, c->summary);
        if (first && c->name[length] && strlen(first) == length
            && strncmp(c->name, first, length) == 0)
            fprintf(out, "%s:%s\n", c->name + length + 1, c->summary);
    }
}

/* What may follow a command's name and `count` operands, of which `last` is the last one. */
static void print_operands(FILE *out, const struct command *commands, const struct command *c,
                           size_t count, const char *last)
{
    const char *at = c->operands ? c->operands : "";
    if (c->flags & TOPIC_OPERAND) {
        if (count < 2)
            print_commands(out, commands, count ? last : NULL);
        if (count == 0)
            fputs("memory:who gets what share of --memory\n", out);
        return;
    }
    if (count == 0)
        print_commands(out, commands, c->name);
    for (; count > 0 && *at; count--) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    if (strchr(at, '|'))
        print_choices(out, at);
    else if (*at)
        fputs("/\n", out);
}

/* What the words before the last one say. */
struct line {
    const char *plain[OPERANDS]; /* (count) the command's name and what follows it */
    size_t count;
    int ended;                  /* by -- */
    int waits;                  /* the last word is a value: */
    const struct option *option; /* of this option, or NULL */
};

/* As args.c splits a command line, but nothing is refused. */
static struct line read_line(int words, char **word)
{
    struct line l = {.count = 0};
    const char *value;
    int second;
    for (int k = 0; k < words; k++) {
        if (l.waits) {
            l.waits = 0;
        } else if (!l.ended && strcmp(word[k], "--") == 0) {
            l.ended = 1;
        } else if (l.ended || word[k][0] != '-' || !word[k][1]) {
            l.plain[l.count] = word[k];
            l.count += l.count + 1 < OPERANDS;
        } else {
            const struct option *o = option_find(word[k], &value);
            l.waits = o && option_waits(o, word[k], value, &second);
            l.option = value ? NULL : o; /* nothing is known of W of -wLABEL W */
        }
    }
    return l;
}

/* Either the value of an option, or its name, or a command's, or what that acts on. */
void complete_words(FILE *out, const struct command *commands, int words, char **word)
{
    const char *last = words ? word[words - 1] : "", *value;
    struct line l = read_line(words - 1, word);
    size_t used = 0;
    const struct command *c = l.count ? command_find(commands, l.plain, l.count, &used) : commands;
    if (l.waits) {
        print_values(out, l.option, c);
    } else if (!l.ended && strncmp(last, "--", 2) == 0 && strchr(last, '=')) {
        fputs("=\n", out);
        print_values(out, option_find(last, &value), c);
    } else if (!l.ended && last[0] == '-') {
        for (int k = 0; c && k < option_count; k++)
            if (option_counts(&options[k], c))
                fprintf(out, "--%s:%s\n", options[k].name, options[k].help);
    } else if (!l.count) {
        print_commands(out, commands, NULL);
    } else if (c) {
        print_operands(out, commands, c, l.count - used, l.plain[l.count - 1]);
    }
}

static const char bash_script[] =
#include "complete.bash.sh.inc"
    ;

static const char zsh_script[] =
#include "complete.zsh.sh.inc"
    ;

void complete_script(FILE *out, const char *shell)
{
    fputs(strcmp(shell, "zsh") == 0 ? zsh_script : bash_script, out);
}
