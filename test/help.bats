#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# help - help, manual page and completions say what the parser takes, all of it and nothing else

load helper

NAMES='lab predictions score counts confusion subproblems support data attack audit clean sweep dose
matrix plot show explain report train predict grid data check help completions'

# ---- help ----

one_help() { # COMMAND
    for help in -h --help; do
        works $1 $help
        cp "$out" "out$help"
        awk -v what="poison $1 $help" 'length > 120 {
            print what ": " length " columns: " $0 }' "$out" >>"$complaints"
        head -n 5 "$out" | grep -q '\$ .*poison' || complain "$1 $help: no example first"
    done
    [ "$(wc -l <out-h)" -le 45 ] || complain "$1 -h: $(wc -l <out-h) lines"
    [ "$(wc -l <out--help)" -gt "$(wc -l <out-h)" ] || complain "$1 --help tells no more than -h"
    for words in "-h $1" "$1 -h -o nowhere/file"; do
        poison $words
        same "$out" out-h "$words"
    done
    works help $1
    same "$out" out--help "help $1"
    works help $1 -o file
    same file out--help "help $1 -o"
    # that many, and no other, are in --help only
    left=$(sed -n 's/^  (--help: \([0-9]*\) more)$/\1/p' out-h)
    [ $(($(grep -c '^  [- ].[, ] --' out-h) + ${left:-0})) -eq \
        "$(grep -c '^  [- ].[, ] --' out--help)" ] ||
        complain "$1 -h: $left more, it says"
}

@test "-h fits one screen, --help and help tell more, for the program and each command" {
    commands >names
    [ "$(tr '\n' ' ' <names)" = "$(tr '\n' ' ' <<<"$NAMES")" ] ||
        complain "-h lists: $(tr '\n' ' ' <names)"
    while read -r command; do
        one_help "$command"
    done < <(echo; cat names)
}

# A value for an option, by what its help calls it; nothing where it takes none.
good() { # OPTION
    local called
    called=$(cat */help | sed -n "s/^  [- ].[, ] --$1 \([^ ]*\).*/\1/p" | head -n 1)
    case $1 in strategy) called='first|far' ;; defence) called='none|knn' ;; method) \
        called='confident:relabel:2' ;;
    flips | truth) called='nothing.tsv' ;; esac
    case $called in
    '') ;; FROM:TO:COUNT*) echo =1:2:1 ;; FROM:TO) echo =1:2 ;; LABEL:W) echo =1:2 ;; LIST) echo \
        =1 ;;
    DIR*) echo =synthetic ;;
    FILE) echo =/dev/null ;; MIB) echo =1000 ;; *[a-z]'|'*) echo "=${called%%|*}" ;; [a-z0]*) echo \
        "=$called" ;;
    G) echo =auto ;; COLUMN) echo =first ;; *) echo =2 ;;
    esac
}

# What a command needs to have its work done in no time. The last ones are judged by what they say,
# not by what they do.
base_of() { # COMMAND OPTION
    case $1 in
    dose | matrix | plot | help) ;;
    lab | sweep | report) echo "-j 1 --data synthetic --train 90 --test 20 --doses 1" ;;
    train) echo "-v 2 --data synthetic --train 90 --test 20" ;;
    completions) echo bash ;;
    predict) echo "/dev/null /dev/null" ;;
    'data check') echo /dev/null ;;
    show) echo "-j 1 --data synthetic --train 90 --test 20 --flip 1:2:1" ;;
    *) echo "-j 1 --data synthetic --train 90 --test 20" ;;
    esac
    [ "$2" != resume ] || echo "-o resumed"
}

@test "a command's help lists the options that it takes, and no others" {
    needs_limits # 1500 processes, for minutes under sanitizers
    printf 'row\tfrom\tto\n' >nothing.tsv
    printf 'from\tto\tstrategy\tdefence\tseed\tdose\tsuccess\tsuccess_lo\tsuccess_hi\n' >sweep.tsv
    printf '1\t2\tfirst\tnone\tNA\t%d\t0.1\t0\t0.2\n' 2 100 >>sweep.tsv
    commands >names
    while read -r command; do mkdir "$command" &&
        "$POISON" $command --help >"$command/help"; done <names
    all=$(cat */help | sed -n 's/^  [- ][a-zA-Z ][, ] --\([a-z0-9-]*\).*/\1/p' | sort -u)
    for option in data train test test-data label keep drop format flip flips validate \
        restarts beam seed pair pairs doses curve strategy \
        defence seeds resume method truth joint at title row rows set changed by export decisions \
        score folds shuffle cost gamma tolerance kernel-type degree \
        coef0 weight max-iter no-shrinking svm-type probability threads isa kernel memory no-reuse \
        output json no-header \
        provenance timing trace man quiet help version; do
        grep -qx -- "$option" <<<"$all" || complain "no help lists --$option"
    done
    [ "$(wc -l <<<"$all")" -eq 63 ] || complain "$(wc -l <<<"$all") options; this test knows 63"
    while read -r command; do
        for option in $all; do
            case $option in help | version | train) continue ;; esac
            value=$(good "$option")
            [[ $command != @(audit|report) ]] || value=${value%:relabel:2}
            status=0
            "$POISON" $command $(base_of "$command" "$option") "--$option$value" >"$out" 2>"$err" \
                <sweep.tsv || status=$?
            grep -qE "^  [- ].[, ] --$option( |$)" "$command/help" && listed=1 || listed=0
            case $listed:$command:$option:$status in
            1:*:*:0) ;;
    1:predict:*:3 | 1:data\ check:*:[13] | 1:*:test-data:3 | 1:*:label:3 | 1:*:format:3) ;;
            1:*) complain "$command --$option$value: exit $status, $(cat "$err")" ;;
            0:*:2) grep -q "not an option of '$command'" "$err" ||
                complain "$command --$option: $(cat "$err")" ;;
            *) complain "$command --help hides --$option, but it is taken" ;;
            esac
        done
    done <names
}

@test "a default that help names is what an option that is not given does" {
    works data $DIGITS
    cp "$out" expected
    defaults=$("$POISON" data --help |
        sed -n '/^Options/,/^$/s/^  [- ].[, ] --\([a-z0-9-]*\) .* \[\([a-z0-9.]*\)\]$/--\1=\2/p' |
        grep -vE '=none$')
    [ "$(wc -l <<<"$defaults")" -ge 8 ] || complain "defaults: $defaults"
    works data $DIGITS $defaults
    same "$out" expected "data $defaults"
    for words in 'score --by predicted' 'predictions -n 5' \
        'subproblems -c 1 -g scale -e 0.001 -t rbf -t 2 -d 3 -r 0'; do
        works $words $DIGITS
        cp "$out" given
        works ${words%% *} $DIGITS
        same "$out" given "$words"
    done
    works lab --data synthetic --train 1500 --test 50
    cp "$out" expected
    works lab --data synthetic --train 1500 --test 50 --pair 1:2 --doses 10,30,100
    same "$out" expected "lab's defaults"
}

# ---- what options mean ----

@test "--provenance names what was said, or the default: letters, LIBSVM's -wLABEL W, flips in their order, quotes" {
    printf 'row\tfrom\tto\n' >'no flips.tsv'
    while IFS='|' read -r words expected; do
        eval "poison counts --provenance $DIGITS $words"
        for item in "$expected" ' seed=0' ' data=synthetic train=300 test=100 '; do
            head -n 1 "$out" | grep -qF -- "$item" ||
                complain "$words: expected '$item': $(head -n 1 "$out") $(cat "$err")"
        done
    done <<'END'
| flip=none flips=none validate=1000 
| cost=1 gamma=scale tolerance=0.001 kernel-type=rbf degree=3 coef0=0 weight=none max-iter=none no-shrinking=no
-c2 -g 1e-7 -e.01 -t3 -d4 -r-1 --no-shrinking| cost=2 gamma=1e-7 tolerance=.01 kernel-type=3 degree=4 coef0=-1 weight=none max-iter=none no-shrinking=yes
-w1 5 -w 2:0.5 --cost=3 -w'"3"' 4| weight=1:5;2:0.5;"\"3\":4" 
--flip 1:2:3 --flips 'no flips.tsv' --flip=3:4:1 --flip 5:6:1| flip=1:2:3 flips="no flips.tsv" flip=3:4:1;5:6:1 validate
--flip 1:2:3 --flip 3:4:1| flip=1:2:3;3:4:1 flips=none validate
END
    works counts $DIGITS --provenance -j 1 -m 100 -q --isa c
    cp "$out" expected
    works counts $DIGITS --provenance
    same "$out" expected "what cannot change results is not named"
}

@test "grid's lists: numbers as if written out, words, ranges" {
    while IFS='|' read -r words expected; do
        works grid --data synthetic --train 60 --test 10 -v 2 $words
        got=$(tail -n +2 "$out" | cut -f "${expected%% *}" | uniq | tr '\n' ' ')
        [ "$got" = "${expected#* } " ] || complain "grid $words: $got"
    done <<'END'
-c 0.1,7 -g auto|1 0.10000000000000001 7
-c 0.01:100:10,7|1 0.01 0.10000000000000001 1 10 100 7
-c 1:9:2 -c 1:8:2|1 1 2 4 8
-c 3:3:2|1 3
-c 0.1:1:3|1 0.10000000000000001 0.29999999999999999 0.90000000000000002
-g 1e-8:1e-5:10,1|2 1e-08 9.9999999999999995e-08 9.9999999999999995e-07 1.0000000000000001e-05 1
END
    works grid --data synthetic --train 60 --test 10 -g scale,auto,1
    [ "$(cut -f 2 "$out" | tail -n +3)" = \
        "$(printf '%.17g\n1' "$(awk 'BEGIN { printf "%.17g", 1 / 784 }')")" ] ||
        complain "scale, auto: $(cut -f 2 "$out")"
}

# ---- the manual page ----

@test "the manual page: every command, option and section, without a warning" {
    works help --man
    cp "$out" poison.1
    command -v man >/dev/null || skip "there is no man"
    man --warnings -E UTF-8 -l -Tutf8 -Z poison.1 >/dev/null 2>warnings || complain "man: exit $?"
    [ ! -s warnings ] || complain "man warns: $(cat warnings)"
    MANWIDTH=100 man -l -E ascii poison.1 2>&1 | col -b >page
    for section in NAME SYNOPSIS DESCRIPTION COMMANDS OPTIONS 'EXIT STATUS' ENVIRONMENT EXAMPLES; do
        grep -qx "$section" page || complain "no section $section"
    done
    commands >names
    while read -r command; do
        grep -qE "^   $command( |$)" page || complain "no command $command"
        "$POISON" $command --help |
            sed -n '/^Options/,/^$/s/^  [- ].[, ] --\([a-z0-9-]*\).*/\1/p' >options
        awk -v name="$command" '/^COMMANDS/ { on = 1 } /^OPTIONS/ { on = 0 }
            on && /^   [a-z]/ { at = $0 ~ "^   " name "( [[A-Z].*| bash.*)?$" }
            at' page | tr -d '\n' |
            grep -o -- '--[a-z0-9-]*' | sort -u >mentioned
        while read -r option; do
            grep -qx -- "--$option" mentioned || complain "$command: the page lacks --$option"
            grep -qE "^       (-[a-zA-Z], )?--$option( |$)" page ||
                complain "the page does not explain --$option"
        done <options
    done <names
    grep -q 'POISON_DATA' page && grep -qE '^       130 +Ctrl-C' page ||
        complain "no environment or exit status"
    grep -qF "sort -t'" page || complain "the page loses quotes"
}

# ---- completions ----

# Rows "WORDS | EXPECTED": the last word is completed ('' where it is empty), and the answers,
# sorted, are those or, for +a -b, among others a and without b. `complete_with COMMAND` prints the
# answers, a line each, given the words.
completes_all() { # COMMAND
    local words expected got item
    while IFS='|' read -r words expected; do
        got=$(eval "$1 $words" 2>"$err" | sed 's/ *$//' | sort -u)
        [ ! -s "$err" ] || complain "$1 $words: $(cat "$err")"
        if [[ $expected = *[+~]* ]]; then
            for item in $expected; do
                case $item in
                +*) grep -qxF -- "${item#+}" <<<"$got" ||
                    complain "$words: lacks ${item#+}: " $got ;;
                ~*) ! grep -qxF -- "${item#\~}" <<<"$got" || complain "$words: has ${item#\~}" ;;
                esac
            done
        else
            [ "$(echo $got)" = "$(echo $expected)" ] ||
                complain "$words: got '$(echo $got)', expected '$(echo $expected)'"
        fi
    done <<'END'
'' | +lab +score +train +predict +grid +data +help +completions ~check ~--data ~ones.csv
s | score show subproblems support sweep
score --b | --beam --by
score --by '' | predicted true
score --flip 1:2:3 --by t | true
score --isa av | avx2 avx512
score --isa=av | avx2 avx512
-q score --kernel '' | auto blas
score - | +--flip +--gamma +--kernel-type +--json ~--pair ~--folds ~--decisions ~--export
lab - | +--pair +--doses ~--flip
--p | --pair --provenance
--kernel '' | auto blas
train -t '' | linear polynomial rbf sigmoid
train -w1 5 -t s | sigmoid
train -w1:5 -t s | sigmoid
train --fo | --folds --format
train --format '' | csv idx libsvm tsv
train '' | +ones.csv +twos.csv ~check
train on | ones.csv
train ones.csv '' |
train --cost 2 t | twos.csv
train --data sy | synthetic
train --data '' | +synthetic +ones.csv
train --max-iter '' |
train -- -t | -three.csv
train ones.csv -o tw | twos.csv
predict ones.csv '' | +ones.csv +twos.csv
predict - | +--decisions +--score ~--cost ~--train ~--flip
predict ones.csv twos.csv '' |
audit --method '' | confident knn loo margin shapley
sweep --strategy gr | greedy
sweep --pairs a | all
attack --se | --seed
data '' | check
data check '' | +ones.csv ~check
data check --fo | --format
data --e | --export
data check - | +--label ~--export ~--flip
help '' | +train +completions +memory ~--man
help data '' | check
help --m | --man
completions '' | bash zsh
completions b | bash
completions bash '' |
dose --s | --seed
score '' |
END
}

files_about() { : >ones.csv && : >twos.csv && : >-three.csv; }

# A list's items, whole words in bash, the last one alone in zsh.
list_of() { # COMMAND PREFIX
    got=$(eval "$1 audit --method knn,m" | tr -d ' ')
    [ "$got" = "$2margin" ] || complain "a list: $got"
    got=$(eval "$1 grid -g auto,s" | tr -d ' ')
    [ "$got" = "$2scale" ] || [ "$got" = "auto,scale" ] || complain "gammas: $got"
}

# Who types `poison` has it in PATH; $typed: some other way to call it.
bash_completes() {
    PATH=$(dirname "$POISON"):$PATH typed=${typed:-poison} bash --norc --noprofile -c \
        'source <("$0" completions bash); line="poison ${*}" point=${#line}
        # as readline splits it: at blanks, = and :
        COMP_WORDS=("$typed"); for word; do
            while [[ $word = *[=:]* ]]; do
                rest=${word#*[=:]} head=${word%"$rest"} mark=${head: -1} head=${head%?}
                [ -z "$head" ] || COMP_WORDS+=("$head"); COMP_WORDS+=("$mark"); word=$rest
                [ -n "$word" ] || break
            done
            [ -n "$word" ] || [ -z "${mark-}" ] || { mark=; continue; }
            mark=; COMP_WORDS+=("$word")
        done
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); set -u; _poison
        [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' "$POISON" "$@"
}

@test "completions in bash" {
    files_about
    completes_all bash_completes
    list_of bash_completes knn,
    by_path bash_completes
    hostile bash_completes
    [ "$(bash --norc --noprofile -c 'source <("$0" completions bash); complete -p' "$POISON")" = \
        'complete -F _poison poison' ] ||
        complain "bash knows no completion of poison"
}

# However the program is called, whatever words stand before the last: it is asked, and nothing else
# is run.
by_path() { # COMMAND
    local typed
    mkdir "$HOME/bin" elsewhere
    for typed in "$HOME/bin/poison" '~/bin/poison' ./poison elsewhere/poison; do
        ln -sf "$POISON" "$HOME/bin/poison"
        ln -sf "$POISON" ./poison # elsewhere there is none: the one of PATH
        got=$($1 score --by '')
        [ "$(echo $got)" = 'predicted true' ] || complain "$typed: $got"
    done
    rm poison
}

hostile() { # COMMAND
    local word
    for word in '`>run`' '$(>run)' "';>run;'" '--title=$(>run)' "a'b" '*' '\\' '-h' '--version' \
        'x;>run;' '&' $'a\tb' '--' 'été'; do
        got=$($1 "$(printf '%q' "$word")" score --by '' 2>&1)
        [ ! -e run ] || { complain "$word was run"; rm run; }
        [ -z "$(tr -d ' \n' <<<"$got" | sed 's/predictedtrue//')" ] || complain "after $word: $got"
    done
}

@test "completions come from the program at once, and no help tells of how it is asked" {
    for words in '' 'score --by ""' '-h --version ""' '--flip --data x "" --nothing -'; do
        begun=$EPOCHREALTIME
        eval "works completions --words $words"
        [[ $(since "$begun") < 0.5 ]] || complain "completions --words $words: $(since "$begun") s"
    done
    works completions --words train -t ''
    [ "$(echo $(cat "$out"))" = 'linear polynomial rbf sigmoid' ] ||
        complain "train -t: $(cat "$out")"
    for words in -h --help 'completions --help' 'help --man' 'completions bash --help'; do
        works $words
        ! grep -q -- '--words' "$out" || complain "$words tells of --words"
    done
    refuses 2 "unknown option '--words'" completions bash --words
    [ "$(OMP_DISPLAY_ENV=true "$POISON" completions --words sweep --pairs '' 2>/dev/null)" = all ] \
        || complain "sweep --pairs"
}

# Types the words and a tab into a zsh on a terminal of its own; compadd notes what it is given.
zsh_completes() {
    local line="${typed:-poison} $*"
    [ -n "${!#}" ] || line="${typed:-poison} ${*:1:$#-1} "
    : >answers
    HOME=$place PATH=$(dirname "$POISON"):$PATH zsh -f -c '
        zmodload zsh/zpty
        zpty z zsh -f -i
        zpty -w z "PS1= fpath=($3 \$fpath)
            autoload -Uz compinit; compinit -u -d $HOME/zcompdump; $4
            unsetopt autolist automenu; zstyle \":completion:*\" completer _complete
            compadd() {
                local -a given
                [[ \" \$* \" = *\" -\"[OAD]\" \"* ]] || {
                    builtin compadd -O given \"\$@\"; print -rl -- \$given >>answers
                }
                builtin compadd \"\$@\"
            }
            answer() { zle complete-word; BUFFER=; : >answered }
            zle -N answer; bindkey \"^I\" answer; : >ready"
        wait_for() { repeat 3000; do [[ ! -e $1 ]] || break; zpty -rt z junk; sleep 0.01; done;
        rm $1 }
        wait_for ready
        zpty -wn z "$2"$'"'\t'"'
        wait_for answered
        zpty -d z' zsh "" "$line" "$place/functions" "${sourced-}"
    sort -u answers
}

@test "completions in zsh, autoloaded and sourced" {
    command -v zsh >/dev/null || skip "there is no zsh"
    zsh -f -c 'zmodload zsh/zpty && zpty z true' || skip "zsh makes no terminal here"
    files_about
    mkdir "$place/functions"
    "$POISON" completions zsh >"$place/functions/_poison"
    completes_all zsh_completes
    list_of zsh_completes ''
    by_path zsh_completes
    hostile zsh_completes
    mkdir "$place/empty"
    mv "$place/functions/_poison" "$place/empty"
    sourced="source <($POISON completions zsh)"
    [ "$(zsh_completes score --by '')" = $'predicted\ntrue' ] ||
        complain "sourced: $(zsh_completes score --by '')"
}
