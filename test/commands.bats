#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# commands - what the command line promises: tables, help, files, pipes, signals, where the data are
# looked for

load helper

# ---- tables ----

# One header, tabs, LF, every row as wide as the header, no padding, no comments: check_table HEADER
# WORDS...
check_table() {
    local header=$1
    shift
    works "$@"
    [ "$(head -n 1 "$out")" = "$header" ] || complain "$*: header $(head -n 1 "$out")"
    [ "$(tail -c 1 "$out" | od -An -tx1)" = ' 0a' ] || complain "$*: the last line does not end"
    [ "$(wc -l <"$out")" -gt 1 ] || complain "$*: no rows"
    awk -F '\t' 'NR == 1 { width = NF }
        NF != width || /\r|^#|^ | $|\t |^\t|\t$|\t\t| \t/ || length == 0 { bad = 1 }
        END { exit bad }' "$out" || complain "$*: not a plain table: $(head -n 3 "$out")"
}

@test "every command prints one table: a header, tabs, nothing else" {
    while IFS='|' read -r words header; do
        check_table "$(printf '%b' "$header")" $words $DIGITS
    done <<'END'
predictions|Correct\tPredicted
predictions -n 100|Correct\tPredicted
score|Value\tCorrect\tIncorrect
score --by true|Value\tCorrect\tIncorrect
counts|Correct\tTrain\tTest
counts --flip 1:2:3|Correct\tBefore\tAfter
confusion|true\t0\t1\t2\t3\t4\t5\t6\t7\t8\t9
subproblems|i\tj\tsamples\titerations\tsv\tbounded\tintercept\tobjective
support|row\tlabel\tcoef0\tcoef1\tcoef2\tcoef3\tcoef4\tcoef5\tcoef6\tcoef7\tcoef8
data|key\tvalue
END
}

@test "the tables agree with each other" {
    works predictions $DIGITS -n 100 --flip 1:2:9
    tail -n +2 "$out" >pairs
    works score $DIGITS --flip 1:2:9
    awk '{ if ($1 == $2) c[$2]++; else i[$2]++ }
        END { for (v = 0; v < 10; v++) print v "\t" c[v] + 0 "\t" i[v] + 0 }' pairs |
        cmp -s - <(tail -n +2 "$out") || complain "score does not count what predictions lists"
    works score --by true $DIGITS --flip 1:2:9
    awk '{ if ($1 == $2) c[$1]++; else i[$1]++ }
        END { for (v = 0; v < 10; v++) print v "\t" c[v] + 0 "\t" i[v] + 0 }' pairs |
        cmp -s - <(tail -n +2 "$out") ||
        complain "score --by true does not count what predictions lists"
    works confusion $DIGITS --flip 1:2:9
    awk '{ n[$1, $2]++ } END { for (t = 0; t < 10; t++) { s = t;
        for (p = 0; p < 10; p++) s = s "\t" n[t, p] + 0; print s } }' \
        pairs | cmp -s - <(tail -n +2 "$out") ||
        complain "confusion does not count what predictions lists"
    works counts $DIGITS --flip 1:2:9
    tail -n +2 "$out" | cut -f 3 >after
    works subproblems $DIGITS --flip 1:2:9
    awk 'NR == FNR { n[NR - 1] = $1; next }
        FNR > 1 && $3 != n[$1] + n[$2] { exit 1 }' after "$out" ||
        complain "a machine's samples are not those of its two classes"
    [ "$(wc -l <"$out")" -eq 46 ] || complain "not 45 machines"
    poison subproblems $DIGITS --timing
    head -n 1 "$out" | grep -qP '\tobjective\tseconds$' ||
        complain "--timing: no last column 'seconds'"
}

@test "flips are applied in the order given, to the labels as they then are" {
    works counts $DIGITS
    ones=$(awk '$1 == 1 { print $2 }' "$out")
    poison counts $DIGITS --flip "1:2:$ones" --flip 2:3:1
    [ "$status" -eq 0 ] && grep -q '^poison: warning: --flip 2:3:1: .* 1 of its rows' "$err" &&
        [ "$(wc -l <"$err")" -eq 1 ] || complain "no word of a row flipped twice: $(cat "$err")"
    [ "$(awk '$1 == 1 { print $3 }' "$out")" -eq 0 ] || complain "1's are left"
    poison counts $DIGITS --flip 2:1:1 --flip "1:2:$((ones + 1))"
    [ "$status" -eq 0 ] || complain "a label that became 1 cannot be flipped on: $(cat "$err")"
}

@test "score in a pipe to awk is one number" {
    n=$("$POISON" score --data synthetic --flip 1:2:100 2>&1 | awk '$1 == 2 { print $3 }')
    [[ $n =~ ^[0-9]+$ ]]
}

@test "lab: '# data' first, each table under a '# ' line and an empty one, the flag last" {
    works lab $DIGITS --pair 3:5 --doses 2,7
    awk 'NR == 1 && !/^# data/ { bad = 1 }
        /^$/ { if (last == "" || ended) bad = 1 } last == "" && NR > 1 && !/^# / { bad = 1 }
        /^# / && !/^# data/ { if (last != "") bad = 1; tables++ } { last = $0 }
        END { exit bad || tables != 8 || $0 == "" }' \
        "$out" || complain "not in the lab's form: $(cat "$out")"
    printf '%s\n' 'Correct Predicted' 'Value Correct Incorrect' 'Correct Train Test' \
        'Correct Before After' \
        'Value Correct Incorrect' 'Correct Before After' 'Value Correct Incorrect' 'Poisoned Flag' \
        >expected
    grep -E '^[A-Z]' "$out" | tr '\t' ' ' >got
    same got expected "lab's headers"
    cp "$out" all
    works score $DIGITS --flip 3:5:7
    [ "$(tail -n 1 all)" = "7"$'\t'"$(awk '$1 == 5 { print $3 }' "$out")" ] ||
        complain "the flag: $(tail -n 1 all)"
    for part in 'predictions' 'score' 'counts' 'counts --flip 3:5:2' 'score --flip 3:5:2' \
        'score --flip 3:5:7'; do
        works $part $DIGITS
        [[ "$(cat all)" = *"$(cat "$out")"* ]] || complain "lab lacks the table of '$part'"
    done
    poison $DIGITS --pair 3:5 --doses 2,7
    same "$out" all "poison without a command"
}

@test "lab and data say the pixels' true range" {
    works data --data synthetic --train 40 --test 10 --export dim
    for set in train t10k; do
        (cd dim && { head -c 16 $set-images-idx3-ubyte; tail -c +17 $set-images-idx3-ubyte |
            LC_ALL=C tr '\0-\377' '\003\003-\010\010-\010'; } >x && mv x $set-images-idx3-ubyte)
    done
    works data --data dim
    grep -qP '^pixel_min\t3$' "$out" && grep -qP '^pixel_max\t8$' "$out" ||
        complain "data: $(grep pixel "$out")"
    works lab --data dim --doses 1
    grep -q '^# data .*3 to 8$' "$out" || complain "lab: $(grep pixel "$out")"
}

@test "a folder's name with a tab or a newline does not break the table" {
    for name in $'a\tb' $'a\nb'; do
        works data --data synthetic --train 40 --test 10 --export "$name"
        works data --data "$name"
        awk -F '\t' 'NF != 2 { exit 1 }' "$out" ||
            complain "data --data $(printf %q "$name"): $(head -n 3 "$out")"
    done
}

# ---- the command line ----

@test "options stand anywhere, glued or apart; -- ends them" {
    works score --data synthetic --train 300 --test 100 --cost 2 --gamma 1e-7 --threads 1 --flip \
        1:2:3 --flip 3:4:5
    cp "$out" expected
    while read -r words; do
        works $words
        same "$out" expected "$words"
    done <<'END'
--data=synthetic --train=300 --test=100 --cost=2 --gamma=1e-7 --threads=1 --flip=1:2:3 --flip=3:4:5 score
-c2 -g1e-7 -j1 --data synthetic score --train 300 --test 100 --flip 1:2:3 --flip 3:4:5
-c 2 -g 1e-7 -j 1 --data synthetic --train 300 --test 100 --flip 1:2:3 --flip 3:4:5 -- score
--cost 7 --data nowhere score --train 300 --test 100 --flip 1:2:3 --flip 3:4:5 --cost 2.0 -g 0.1e-6 --data synthetic -o -
-q -e 1e-3 --isa c score --data synthetic --train 300 --test 100 --flip 1:2:3 -c 2e0 --flip 3:4:5 -g 1e-7 --by predicted
END
    [ "$(wc -l <expected)" -eq 11 ]
}

@test "an instruction set is used, or refused with exit 3 where the CPU lacks it" {
    works counts $DIGITS --isa c
    for isa in $("$POISON" --help | sed -n 's/.*--isa c|\([a-z0-9|]*\).*/\1/p' | tr '|' ' '); do
        poison counts $DIGITS --isa "$isa"
        if [ "$status" -eq 0 ]; then
            [ "$isa" != avx2 ] || grep -qw avx2 /proc/cpuinfo ||
                complain "--isa avx2 on a CPU without it"
        else
            [ "$isa" != avx2 ] || ! grep -qw avx2 /proc/cpuinfo ||
                complain "no --isa avx2 on a CPU that has it"
            refuses 3 "--isa $isa: .*CPU" counts $DIGITS --isa "$isa"
        fi
    done
}

@test "--version: the version, OpenBLAS and its threading, OpenMP, the instruction set" {
    works --version
    for what in '^poison [0-9]+\.[0-9]+' 'OpenBLAS [0-9.]+.*(OpenMP|pthreads|serial)' \
        'OpenMP [0-9]+' \
        'instruction set [a-z0-9]+$'; do
        grep -qE "$what" "$out" || complain "--version lacks $what"
    done
    level=$(sed -n "s/^instruction set //p" "$out")
    [[ " $(levels | tr "\n" " ")" = *" $level "* ]] ||
        complain "--version: instruction set $level, which --isa does not offer"
    cp "$out" expected
    poison -V
    same "$out" expected -V
}

@test "a mistyped command or option is answered with the nearest one" {
    refuses_all <<'END'
2 | did you mean 'counts' | coutns
2 | did you mean 'score' | scor
2 | did you mean 'support' | suport --data synthetic
2 | did you mean 'subproblems' | subproblem
2 | did you mean 'predictions' | preditcions -n 5
2 | did you mean 'confusion' | -q conf
2 | did you mean '--flip' | score --flop 1:2:3
2 | did you mean '--flip' | score --flop=1:2:3
2 | did you mean '--flip' | score -flip 1:2:3
2 | did you mean '--gamma' | score --gama 1
2 | did you mean '--threads' | --thread 2
2 | did you mean '--tolerance' | --tolerence 1
2 | did you mean '--version' | --verison
2 | did you mean '--data' | --date synthetic
2 | did you mean 'train' | trian digits.csv
2 | did you mean 'data check'\? | data chekc digits.csv
2 | did you mean 'data check'\? | data-check digits.csv
2 | did you mean 'data check'\? | check digits.csv
2 | did you mean 'predict'\? | help predit
2 | did you mean '--kernel-type' | train --kernel-typ 2
2 | did you mean '--weight' | train -weight 1:5
2 | unknown command 'xylophone': .*-h | xylophone
2 | unknown option '--xylophone': .*help | --xylophone
2 | unknown option '-x' | -x
END
    for word in xylophone --xylophone; do
        poison $word
        ! grep -q 'did you mean' "$err" || complain "$word: $(cat "$err")"
    done
}

@test "--timing speaks on stderr only: a line a phase with seconds, share, GFLOP/s, threads" {
    works score $DIGITS -j 1
    cp "$out" expected
    poison score $DIGITS -j 1 --timing
    same "$out" expected "score --timing"
    grep -vE '^((machines|kernel rows) +[0-9]+ [a-z]|memory +data [0-9.]+, .* of --memory)' "$err" |
        grep -vqE '^[a-z][a-z ]* +[0-9]+\.[0-9]+ s +[0-9.]+ %' && complain "--timing: $(cat "$err")"
    for phase in load kernel solve predict; do
        grep -qE "^$phase .* [01]\.[0-9]+ of 1 thread busy$" "$err" ||
            complain "--timing: no line for $phase with its threads"
    done
    grep -qE '^kernel .* [0-9.]+ GFLOP/s +[0-9]+ % of peak' "$err" ||
        complain "--timing: no GFLOP/s for the kernel"
    grep -qE '^solve .* [0-9.]+ GB/s +[0-9]+ % of peak' "$err" ||
        complain "--timing: no GB/s for the solver"
    grep -qxE 'machines +45 trained, 0 kept, [0-9]+ iterations' "$err" ||
        complain "--timing: no machines"
    grep -qxE 'kernel rows +300 computed, used [0-9]+ times, 0 waited for' "$err" ||
        complain "--timing: no rows"
    poison lab $DIGITS --timing --doses 5
    grep -qxE 'machines +62 trained, 28 kept, [0-9]+ iterations' "$err" ||
        complain "--timing: 17 of 45 machines train again"
}

@test "--trace writes Chrome's trace events: a lane a thread, a span a subproblem, and the table as ever" {
    for options in "-j 2" "-j 2 --train 6001 --kernel auto" "-j 1 --memory 24"; do
        works subproblems $DIGITS $options
        cut -f 1-8 "$out" >expected
        poison subproblems $DIGITS $options --trace spans.json -q
        cut -f 1-8 "$out" >got
        same got expected "--trace $options"
        jq -e --argjson threads "${options:3:1}" '.otherData.lost_spans == 0
            and [.traceEvents[] | select(.name == "thread_name").tid] == [range($threads)]
            and ([.traceEvents[].name] | contains(["load", "solve"]))' spans.json >/dev/null ||
            complain "--trace $options: lanes or phases: $(head -c 300 spans.json)"
        jq -r '.traceEvents[] | select(.ph == "X" and .args.length) | .args
            | select(.rows == .hits + .waits) | [.i, .j, .length, .iterations] | @tsv' spans.json |
            awk -F '\t' -v OFS='\t' '{ n[$1 OFS $2 OFS $3] += $4 }
                END { for (k in n) print k, n[k] }' | sort -n -k1,1 -k2,2 >got
        tail -n +2 "$out" | cut -f 1-4 >expected
        same got expected "--trace $options: subproblems"
        # spans of a thread lie one after the other, or one in another
        jq -r '.traceEvents[] | select(.ph == "X") | [.tid, .ts, .dur] | @tsv' spans.json |
            sort -k1,1n -k2,2g -k3,3gr |
            awk '$1 != lane { lane = $1; depth = 0 }
                { while (depth && end[depth] <= $2 + 0.002) depth--
                  if ($2 < 0 || $3 < 0 || (depth && $2 + $3 > end[depth] + 0.002)) bad++
                  end[++depth] = $2 + $3 }
                  END { exit bad > 0 || NR < 45 }' || complain "--trace $options: spans overlap"
    done
    refuses 2 "--trace: expected a file" score --trace -
    refuses 3 "spans.json.*No such file" score $DIGITS --trace no/folder/spans.json
}

@test "progress: on a terminal only, not with -q, and wiped in the end" {
    script -qec true /dev/null >/dev/null 2>&1 || skip "script(1) makes no terminal here"
    work="'$POISON' score --data synthetic --train 20000 --test 5000 -c 10 --isa c -j 1"
    script -qec "$work >table" seen >/dev/null </dev/null
    grep -aqE 'training +[0-9]+ %  [0-9]+ iterations, [0-9]+ a second, [0-9]+ s left' seen ||
        complain "none: $(head -c 300 seen)"
    tr '\r' '\n' <seen | sed -n '$p; x; $p' | grep -aq 's left' &&
        complain "a line is left: $(tail -c 200 seen)"
    script -qec "$work -q >quiet" seen >/dev/null </dev/null
    grep -aq 's left' seen && complain "-q: $(head -c 300 seen)"
    same quiet table "-q"
    works score --data synthetic --train 20000 --test 5000 -c 10
    same "$out" table "without a terminal"
}
