/* SPDX-License-Identifier: MIT */
#include "help.h"

#include "escape.h"
#include "options.h"

#include <string.h>

/*
 * The tables become shell functions that both shells understand and that answer in $REPLY: words, FILES for names of files,
 * and before them LIST where several may stand between commas. What is made of it is each shell's own.
 */

/* Text in single quotes. */
static void quote(FILE *out, const char *text)
{
    putc('\'', out);
    escape(out, ESCAPE_SHELL, text);
    putc('\'', out);
}

/* Of choices between |, those that stand for themselves. */
static void print_choices(FILE *out, const char *choices)
{
    for (const char *at = choices; *at; at += *at == '|') {
        int length = (int)strcspn(at, "|");
        if (*at < 'A' || *at > 'Z')
            fprintf(out, "%.*s ", length, at);
        at += length;
    }
}

static const struct option *first_of_name(const struct option *o)
{
    const struct option *first = options;
    while (strcmp(first->name, o->name) != 0)
        first++;
    return first;
}

/* The words before the one at hand -> $command, $operands (how many follow it), $last, $option (if it waits for a value) */
static const char at_function[] =
    "_poison_at() {\n"
    "    local word\n"
    "    command= operands=0 last= option= ended=\n"
    "    for word; do\n"
    "        if [ -n \"$option\" ]; then\n"
    "            option=\n"
    "            continue\n"
    "        fi\n"
    "        case $ended$word in\n"
    "        --) ended=x ;;\n"
    "        -w*:*) ;;\n"
    "        -w?*) option=$word ;;\n"
    "        -*) ! _poison_value \"$word\" || option=$word ;;\n"
    "        *)\n"
    "            if [ -z \"$command\" ]; then\n"
    "                command=$word\n"
    "            elif [ $operands -eq 0 ] && _poison_options \"$command $word\"; then\n"
    "                command=\"$command $word\"\n"
    "            else\n"
    "                operands=$((operands + 1)) last=$word\n"
    "            fi\n"
    "            ;;\n"
    "        esac\n"
    "    done\n"
    "}\n"
    "\n"
    "_poison_reply() { # WORD: what may become of it\n"
    "    REPLY=\n"
    "    case ${option:+value}:$ended$1 in\n"
    "    value:*) _poison_value \"$option\" ;;\n"
    "    :-*) _poison_options \"${command:-lab}\" ;;\n"
    "    *) _poison_operand ;;\n"
    "    esac\n"
    "}\n";

static const char bash_function[] =
    "_poison() {\n"
    "    local REPLY command operands last option ended word head= cur k words=()\n"
    "    COMPREPLY=()\n"
    "    for ((k = 1; k <= COMP_CWORD; k++)); do # bash splits words at = and :\n"
    "        word=${COMP_WORDS[k]}\n"
    "        if ((${#words[@]})) && [[ $word == [=:]* || ${words[-1]} == *[=:] ]]; then\n"
    "            words[-1]+=$word\n"
    "        else\n"
    "            words+=(\"$word\")\n"
    "        fi\n"
    "    done\n"
    "    cur=${words[-1]}\n"
    "    unset 'words[-1]'\n"
    "    _poison_at \"${words[@]}\"\n"
    "    if [[ -z $option$ended && $cur == --*=* ]]; then\n"
    "        option=${cur%%=*} cur=${cur#*=}\n"
    "    fi\n"
    "    _poison_reply \"$cur\"\n"
    "    for word in $REPLY; do\n"
    "        case $word in\n"
    "        LIST) head=${cur%\"${cur##*,}\"} ;;\n"
    "        FILES)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            while IFS= read -r word; do COMPREPLY+=(\"$word\"); done < <(compgen -f -- \"$cur\")\n"
    "            ;;\n"
    "        *) [[ $head$word != \"$cur\"* ]] || COMPREPLY+=(\"$head$word\") ;;\n"
    "        esac\n"
    "    done\n"
    "    head=${cur%\"${COMP_WORDS[COMP_CWORD]}\"} # bash keeps what stands before its own last word\n"
    "    COMPREPLY=(\"${COMPREPLY[@]#\"$head\"}\")\n"
    "}\n"
    "complete -F _poison poison\n";

static const char zsh_function[] =
    "_poison() {\n"
    "    local REPLY command operands last option ended word files\n"
    "    local -a offered suffix\n"
    "    _poison_at \"${(@Q)words[2,CURRENT-1]}\"\n"
    "    if [[ -z $option$ended && $PREFIX == --*=* ]]; then\n"
    "        option=${PREFIX%%=*}\n"
    "        compset -P 1 '*='\n"
    "    fi\n"
    "    _poison_reply \"$PREFIX\"\n"
    "    for word in ${=REPLY}; do\n"
    "        case $word in\n"
    "        LIST) compset -P '*,'; suffix=(-S '') ;;\n"
    "        FILES) files=1 ;;\n"
    "        *) REPLY=; _poison_says \"$word\"; offered+=(\"$word${REPLY:+:$REPLY}\") ;;\n"
    "        esac\n"
    "    done\n"
    "    (( ! $#offered )) || _describe poison offered $suffix\n"
    "    [[ -z $files ]] || _files\n"
    "}\n"
    "if [[ $funcstack[1] == _poison ]]; then _poison \"$@\"; else compdef _poison poison; fi\n";

/* _poison_value OPTION: what may stand behind it; fails if it takes no value */
static void print_values(FILE *out)
{
    fputs("_poison_value() {\n    case $1 in\n", out);
    for (const struct option *o = options; o < options + option_count; o++) {
        if (!o->value || first_of_name(o) != o)
            continue;
        fputs("    ", out);
        if (o->letter)
            fprintf(out, "-%c | ", o->letter);
        fprintf(out, "--%s) REPLY='%s", o->name, strncmp(o->value, "LIST", 4) == 0 ? "LIST " : "");
        print_choices(out, o->value);
        print_choices(out, o->words ? o->words : "");
        fprintf(out, "%s' ;;\n", strstr(o->value, "FILE") || strstr(o->value, "DIR") ? "FILES" : "");
    }
    fputs("    *) return 1 ;;\n    esac\n}\n\n", out);
}

/* _poison_options COMMAND: its options; fails if there is no such command */
static void print_options(FILE *out, const struct command *commands)
{
    fputs("_poison_options() {\n    case $1 in\n", out);
    for (const struct command *c = commands; c->name; c++) {
        fputs("    ", out);
        quote(out, c->name);
        fputs(") REPLY='", out);
        for (int k = 0; k < option_count; k++)
            if (option_counts(&options[k], c))
                fprintf(out, "--%s ", options[k].name);
        fputs("' ;;\n", out);
    }
    fputs("    *) return 1 ;;\n    esac\n}\n\n", out);
}

/* First words of the commands. */
static void print_names(FILE *out, const struct command *commands)
{
    for (const struct command *c = commands; c->name; c++)
        if (!strchr(c->name, ' '))
            fprintf(out, "%s ", c->name);
}

/* _poison_operand: what may follow $command and $operands words, of which $last is the last */
static void print_operands(FILE *out, const struct command *commands)
{
    fputs("_poison_operand() {\n    case $command/$operands/$last in\n    /*) REPLY='", out);
    print_names(out, commands);
    fputs("' ;;\n    help/0/*) REPLY='", out);
    print_names(out, commands);
    fputs("' ;;\n", out);
    for (const struct command *c = commands; c->name; c++) {
        const char *second = strchr(c->name, ' ');
        int number = 0;
        if (second)
            fprintf(out, "    %.*s/0/* | help/1/%.*s) REPLY=%s ;;\n", (int)(second - c->name), c->name,
                    (int)(second - c->name),
                    c->name, second + 1);
        if (!c->operands || strcmp(c->name, "help") == 0)
            continue;
        for (const char *at = c->operands; *at; at += strspn(at, " ")) {
            size_t length = strcspn(at, " ");
            fputs("    ", out);
            quote(out, c->name);
            fprintf(out, "/%d/*) REPLY='", number++);
            if (strchr(at, '|')) /* words */
                print_choices(out, at);
            else
                fputs("FILES", out);
            fputs("' ;;\n", out);
            at += length;
        }
    }
    fputs("    esac\n}\n\n", out);
}

/* _poison_says WORD: what a command or an option is about */
static void print_says(FILE *out, const struct command *commands)
{
    fputs("_poison_says() {\n    case $1 in\n", out);
    for (const struct command *c = commands; c->name; c++)
        if (!strchr(c->name, ' ')) {
            fprintf(out, "    %s) REPLY=", c->name);
            quote(out, c->summary);
            fputs(" ;;\n", out);
        }
    for (const struct option *o = options; o < options + option_count; o++)
        if (first_of_name(o) == o) {
            fprintf(out, "    --%s) REPLY=", o->name);
            quote(out, o->help);
            fputs(" ;;\n", out);
        }
    fputs("    esac\n}\n\n", out);
}

void help_complete(FILE *out, const struct command *commands, const char *shell)
{
    int zsh = strcmp(shell, "zsh") == 0;
    fprintf(out, "%s# completions of poison %s, made by 'poison completions %s'\n\n", zsh ? "#compdef poison\n" : "",
            POISON_VERSION, shell);
    print_values(out);
    print_options(out, commands);
    print_operands(out, commands);
    if (zsh)
        print_says(out, commands);
    fprintf(out, "%s\n%s", at_function, zsh ? zsh_function : bash_function);
}
