#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# memory - what --memory buys: refusals name the option's own figure and the share, --timing what
# was taken, help the shares

load helper

# Refused with --memory MIB: the sentence says what is needed, the option's figure, what it leaves,
# and who shares it.
too_little() { # MIB WHAT SHARED WORDS...
    local mib=$1 what=$2 shared=$3
    shift 3
    refuses 4 "out of memory: $what [0-9]+ MiB, --memory $mib leaves [0-9]+$shared$" "$@" -m "$mib"
}

@test "every refusal names the option's own figure, and what share of it there was" {
    local digits='--data synthetic --train 2000 --test 100'
    printf '1 1:0.5 400000:0.5\n2 1:0.7\n' >wide
    printf 'a 1:1 2:1\nb 1:2 2:3\na 1:1 2:0\nb 1:3 2:2\n' >narrow
    printf 'a 1:1 900000:0.5\n' >far
    yes 1,1 | head -c 4000000 >rows.csv
    yes 1,1 | head -c 20000000 | gzip -1 >rows.gz
    awk 'BEGIN { for (r = 0; r < 1200; r++) print r % 100 "," r * 7 % 99 "," r * 5 % 98 }' >hundred
    "$POISON" train narrow -o model
    { sed /^SV/q model; for k in {1..4}; do printf '1 1:1 900000:0.5\n'; done; } >long
    too_little 2 'data, kernel rows and one machine take at least' '' lab $digits --doses 1
    too_little 1 'the data take' '' score $digits
    for defence in none knn:relabel; do
        poison sweep $digits --doses 0 --strategy far --defence $defence -m 4 -o new
        [ $defence = none ] && shared='leaves 2, 2' || shared='leaves 1, 3'
        said="out of memory: (the )?data.* take .*[0-9]+ MiB, --memory 4 $shared models share it$"
        refused 4 "$said" "$(ls -A)" sweep
    done
    too_little 2 'rows.csv: its text takes more than' '' counts --data rows.csv
    too_little 10 'rows.gz: its text takes more than' '' counts --data rows.gz
    too_little 6 'rows.csv: the text of more than [0-9]+ rows takes' '' counts --data rows.csv
    too_little 15 'rows.csv: the text and 1000000 rows of 1 features take' '' counts --data rows.csv
    too_little 2 'rows.csv: its text takes more than' '' counts $DIGITS --flips rows.csv
    too_little 10 'narrow and far: 900000 features of 5 rows take' '' counts --data narrow \
        --test-data far
    too_little 10 'copies of rows of 400000 features take' '' train wide
    too_little 8 'what 4950 machines say of 1200 rows takes' '' score --data hundred \
        --test-data hundred
    too_little 10 '4 support vectors and 1 rows of 900000 features need' '' predict model far
    too_little 10 'long: 4 support vectors take' '' predict long narrow
    truncate -s 4M model.labels
    too_little 1 'model.labels: its text takes more than' '' predict model narrow
}

@test "--timing says what was taken, help memory who gets what" {
    poison score $DIGITS --timing -m 500
    [ "$(grep -cxE 'memory       data .* MiB at a time of --memory 500' "$err")" = 1 ] ||
        complain "$(cat "$err")"
    grep -qE '^memory .* data 0\.3, kernel 0\.3, .*decisions' "$err" ||
        complain "matrix: $(tail -n 1 "$err")"
    poison score --data synthetic --train 4100 --test 100 --timing -m 100
    grep -qE '^memory .* data 3\.1, cache [0-9.]+, batches ' "$err" ||
        complain "rows on demand: $(tail -n 1 "$err")"
    awk 'BEGIN { for (r = 0; r < 900; r++) print r % 2 "," sin(r) "," cos(r) }' >decimals
    poison score --data decimals --test 90 --timing -m 500
    grep -qE '^memory .* text [0-9.]+, data [0-9.]+, copies [0-9.]+, kernel ' "$err" ||
        complain "decimals: $(tail -n 1 "$err")"
    works help memory
    for use in text data copies kernel cache batches tests decisions sweep folds; do
        grep -qE "^$use  +(all|what data leave|1/)" "$out" || complain "help memory: no $use"
    done
    # no share is taken without being in that table
    ! grep -n 'settings_memory(' "$BATS_TEST_DIRNAME"/../src/*/*.c | grep -v base/budget.c ||
        complain "a fraction outside the budget"
}
