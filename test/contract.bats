#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# contract - every figure equals scikit-learn's, bit for bit, for each instruction set, on one and
# on two threads
#
# reference/*.tsv: the built-in digits, made by reference/make.py. reference/mnist/*.tsv: the lab on
# MNIST, k of the 1's relabelled as 2's (emptied.tsv: all 220 of them).

load helper

needs_mnist() { [ -n "${MNIST:-}" ] || skip "no MNIST in \$POISON_DATA or ../shared/data/mnist"; }

# ---- the built-in digits ----

# Calls "$@ NAME OPTIONS SUPPORT_ROWS SUPPORT_HASH PREDICTIONS_HASH" for each case.
each_case() {
    local name options rows support predictions
    while IFS=$'\t' read -r name options rows support predictions _; do
        "$@" "$name" "$options" "$rows" "$support" "$predictions"
    done < <(tail -n +2 "$REFERENCE/cases.tsv")
}

hash_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

check_support() { # MODE, then a case
    works support --data synthetic $3 $1
    [ "$(wc -l <"$out")" -eq $(($4 + 1)) ] ||
        complain "$2 $1: $(($(wc -l <"$out") - 1)) support rows, expected $4"
    [ "$(hash_of "$out")" = "$5" ] || complain "$2 $1: support rows or coefficients differ"
}

check_predictions() {
    works predictions --data synthetic $3 $1 -n \
        "$(sed "s/.*--test \([0-9]*\).*/\1/" <<<"--test 1000 $3")"
    [ "$(hash_of "$out")" = "$6" ] || complain "$2 $1: predictions differ"
}

check_subproblems() {
    awk -F '\t' -v OFS='\t' -v name="$2" 'NR == 1 || $1 == name { print $2, $3, $4, $5, $6, $7 }' \
        "$REFERENCE/subproblems.tsv" >expected
    works subproblems --data synthetic $3 $1
    cut -f 1,2,4-7 "$out" >got
    same got expected "$2 $1"
}

cases_in_mode() { each_case "$1" "$2"; }

@test "built-in digits: the references are there" {
    [ "$(tail -n +2 "$REFERENCE/cases.tsv" | wc -l)" -ge 5 ]
    [ "$(tail -n +2 "$REFERENCE/subproblems.tsv" | cut -f 1 | sort -u)" = \
        "$(tail -n +2 "$REFERENCE/cases.tsv" | cut -f 1 | sort)" ]
}

@test "built-in digits: support rows and every bit of their coefficients" { each_mode \
    cases_in_mode check_support; }

@test "built-in digits: predictions" { each_mode cases_in_mode check_predictions; }

@test "built-in digits: iterations, support vectors, intercepts of each machine" {
    each_mode cases_in_mode check_subproblems
}

# CRC-32 of the pixels; every figure above rests on them
@test "built-in digits: the same bytes as ever" {
    for threads in 1 2; do
        works data --data synthetic --train 1000 -j "$threads"
        [ "$(awk -F '\t' '$1 == "crc32_train_images" { print $2 }' "$out")" = c77f31c4 ] ||
            complain "-j $threads: other digits"
    done
}

# Labels made by flips, to rows that lie where the clean classes put them; and the same labels, read
# from files.
@test "built-in digits: flipped labels give the model of data that come with them, emptied classes too" {
    LIMIT=5
    all_of() { "$POISON" counts --data synthetic --train 300 |
        awk -v v="$1" '$1 == v { print $2 }'; }
    for v in 0 1 2 3 4 5 6 7 8 9; do
        count[v]=$(all_of $v)
        [ "$v" -eq 0 ] || echo "$v:$((v - 1)):${count[v]}" "$((v - 1)):$v:${count[v - 1]}" |
            tr ' ' '\n'
    done >sets
    echo "1:2:5" >>sets
    echo "9:0:${count[9]}" >>sets
    echo "1:2:${count[1]} 2:1:3" >>sets
    echo "1:2:${count[1]} 3:2:${count[3]} 2:3:7" >>sets
    echo "5:6:${count[5]} 4:6:${count[4]} 7:6:${count[7]} 6:5:1" >>sets
    while read -r flips; do
        words=$(printf -- '--flip %s ' $flips)
        rm -rf set
        works data --data synthetic --train 300 --test 100 $words --export set -q # of flips again
        for command in support 'predictions -n 100'; do
            works $command --data set -j 1
            cp "$out" expected
            works $command --data synthetic --train 300 --test 100 -j 1 -q $words
            same "$out" expected "$command $words"
        done
    done <sets
}

# ---- MNIST ----

DOSES='0 10 30 100'
flips() { [ "$1" -eq 0 ] || echo "--flip 1:2:$1"; }

# Rows of one dose from a reference file, without the column that says the dose.
rows_of() { awk -F '\t' -v k="$2" 'NR == 1 || $1 == k' "$REFERENCE/mnist/$1.tsv" | cut -f 2-; }

# What the program must print, from the references: table_of TABLE K
table_of() {
    case $1 in
    support) rows_of support "$2" ;;
    score) printf 'Value\tCorrect\tIncorrect\n'; rows_of lab "$2" | tail -n +2 ;;
    predictions) printf 'Correct\tPredicted\n'
        awk -F '\t' -v OFS='\t' -v k="poisoned$2" 'NR == 1 {
            for (c = 1; c <= NF; c++) if ($c == k) col = c; next }
            { print $2, $col }' "$REFERENCE/mnist/predictions.tsv" ;;
    counts) if [ "$2" -eq 0 ]; then
            printf 'Correct\tTrain\tTest\n'; rows_of counts 0 | tail -n +2
        else
            printf 'Correct\tBefore\tAfter\n'
            paste <(rows_of counts 0) <(rows_of counts "$2") | tail -n +2 | cut -f 1,2,5
        fi ;;
    esac
}

check_table() { # TABLE OPTIONS MODE
    for k in $DOSES; do
        table_of "$1" "$k" >expected
        works "$1" --data "$MNIST" $2 $3 $(flips "$k")
        same "$out" expected "$1, k = $k, $3"
    done
}

@test "MNIST: the references are whole" {
    [ "$(tail -n +2 "$REFERENCE/mnist/support.tsv" | wc -l)" -eq 5120 ]
    [ "$(tail -n +2 "$REFERENCE/mnist/subproblems.tsv" | wc -l)" -eq 180 ]
    [ "$(tail -n +2 "$REFERENCE/mnist/predictions.tsv" | wc -l)" -eq 1000 ]
}

@test "MNIST: support rows and every bit of their coefficients" { needs_mnist; each_mode \
    check_table support ''; }

@test "MNIST: predictions of all 1000 test images" { needs_mnist; each_mode check_table \
    predictions '-n 1000'; }

# In every mode score and counts are looked at in the lab as a whole, below.
@test "MNIST: score" { needs_mnist; check_table score '' ''; }

@test "MNIST: counts" { needs_mnist; check_table counts '' ''; }

check_machines() { # MODE
    for k in $DOSES; do
        rows_of subproblems "$k" >expected
        works subproblems --data "$MNIST" $1 $(flips "$k")
        cut -f 1,2,4-7 "$out" >got
        same got expected "subproblems, k = $k, $1"
    done
}

@test "MNIST: iterations, support vectors, intercepts of each machine" { needs_mnist; each_mode \
    check_machines; }

check_emptied() { # MODE
    rows_of emptied 220 >expected
    works subproblems --data "$MNIST" $1 --flip 1:2:220
    cut -f 1,2,4-7 "$out" >got
    same got expected "all 220 made 2, $1"
}

@test "MNIST: the same with all of the 1's made 2, so that nine classes are left" { needs_mnist; \
    each_mode check_emptied; }

# Shrinking, un-shrinking, kernel rows on demand, little memory: what the lab never meets.
check_large() { # ROWS COST MODE...
    awk -F '\t' -v n="$1" -v c="$2" 'NR == 1 || ($1 == n && $2 == c)' "$REFERENCE/mnist/large.tsv" |
        cut -f 3- >expected
    [ "$(wc -l <expected)" -eq 46 ] || complain "no reference for $*"
    works subproblems --data "$MNIST" --train "$1" --test 10 -c "$2" "${@:3}"
    cut -f 1,2,4-7 "$out" >got
    same got expected "subproblems $*"
}

check_long_paths() { check_large 4000 1000 $1; }

check_on_demand() { check_large 10000 1 $1; }

@test "MNIST: 4000 rows, C = 1000, as scikit-learn" { needs_mnist; each_mode check_long_paths; }

@test "MNIST: 10000 rows, kernel rows on demand, as scikit-learn" { needs_mnist; each_mode \
    check_on_demand; }

@test "MNIST: 10000 rows, C = 1000, in little memory, through OpenBLAS, without reuse, as scikit-learn" {
    needs_mnist
    check_large 10000 1000 -m 64
    check_large 10000 1000 --kernel blas
    check_large 10000 1000 --no-reuse -j 3
}

@test "MNIST: all 60000 rows, as scikit-learn" {
    needs_mnist
    LIMIT=600
    check_large 60000 1
    check_large 60000 1 -m 512 --isa "$(levels | head -n 2 | tail -n 1)"
}

check_gamma() { # MODE
    while IFS=$'\t' read -r rows _ gamma; do
        works data --data "$MNIST" --train "$rows" $1
        got=$(awk -F '\t' '$1 == "gamma" { print $2 }' "$out")
        [ "$got" = "$gamma" ] || complain "gamma of $rows rows, $1: $got, expected $gamma"
    done < <(tail -n +2 "$REFERENCE/mnist/gamma.tsv")
}

@test "MNIST: gamma of 3 to 60000 rows" { needs_mnist; each_mode check_gamma; }

check_lab() { # MODE
    works lab --data "$MNIST" $1
    sed '/^# /d' "$out" | sed '1{/^$/d}' >got
    same got "$place/here/expected" "lab $1"
}

@test "MNIST: the lab as a whole, and its flag is 33" {
    needs_mnist
    {
        table_of predictions 0 | head -n 6; echo
        table_of score 0; echo
        table_of counts 0; echo
        for k in 10 30 100; do
            table_of counts "$k"; echo
            table_of score "$k"; echo
        done
        printf 'Poisoned\tFlag\n100\t33\n'
    } >expected
    each_mode check_lab
    check_lab --no-reuse
    [ "$("$POISON" score --data "$MNIST" --flip 1:2:100 | awk '$1 == 2 { print $3 }')" = 33 ]
}

@test "MNIST: its credit is given" {
    needs_mnist
    works data --data "$MNIST"
    grep -q 'credit.*LeCun.*Cortes.*Burges' "$out" || complain "data: $(grep credit "$out")"
    works lab --data "$MNIST"
    grep -q '^# data.*LeCun.*Cortes.*Burges' "$out" || complain "lab says no credit"
}
