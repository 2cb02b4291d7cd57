#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# output - --json, --no-header and --provenance: the same table in every form

load helper

SMALL='--data synthetic --train 300 --test 100'

# One call of each command and of each table that it can print; `dose` and `matrix` read the file
# `sweep`.
calls() {
    cat <<END
lab $SMALL --pair 3:5 --doses 2,7
predictions $SMALL -n 20
score $SMALL --flip 1:2:9
score $SMALL --by true
counts $SMALL
counts $SMALL --flip 1:2:3
confusion $SMALL
subproblems $SMALL
subproblems $SMALL --timing
support $SMALL
data $SMALL
attack $SMALL --flip 1:2:5:far
audit $SMALL --method knn,confident
audit $SMALL --flips flips --truth flips --method knn,confident
audit $SMALL --truth none
audit $SMALL --joint
clean $SMALL --flip 1:2:9 --method knn:remove:5
clean $SMALL --flip 1:2:9 --method knn:relabel:9
sweep $SMALL --doses 0,5 --strategy first,random --seeds 2 --defence none,knn:relabel
dose
matrix --at 5
explain $SMALL --row 8 --flip 1:2:20
train $SMALL -v 3
predict model synthetic --test 20 --decisions
predict model synthetic --test 20 --score
grid $SMALL -v 3 -c 1,10 -g scale,1e-7
data check wrong.csv
END
}

prepare() {
    works attack $SMALL --flip 1:2:5
    cp "$out" flips
    head -n 1 flips >none
    works sweep $SMALL --doses 0,5 --strategy first,random --seeds 2 --defence none,knn:relabel
    cp "$out" sweep
    works train $SMALL -o model
    printf '1,2\n1,x\n2\n' >wrong.csv
}

call() { # WORDS...: as `works`, with the sweep on standard input
    status=0
    "$POISON" "$@" >"$out" 2>"$err" <sweep || status=$?
    [ "$1 $2" != 'data check' ] || status=$((status - 1)) # something is wrong with the file
    [ "$status" -eq 0 ] || complain "poison $*: exit $status, $(cat "$err")"
}

# The rows of a printed table, or of several: the title (or nothing), then name=value for each cell.
cells_of_text() {
    awk -F '\t' -v OFS='\t' '/^# / { title = substr($0, 3); headed = 0; next } /^$/ { next }
        !headed { headed = 1; for (c = 1; c <= NF; c++) name[c] = $c; next }
        { line = title; for (c = 1; c <= NF; c++) line = line OFS name[c] "=" $c; print line }' "$1"
}

cells_of_json() {
    jq -r '(.table // "") as $title | del(.table) | to_entries
        | [$title, (.[] | "\(.key)=\(
            if .value != null then .value elif .key == "to" then "-" else "NA" end)")] | @tsv' "$1"
}

# Values may be written otherwise (0.500000, 0.5) but are the same numbers.
same_cells() { # TEXT JSON WHAT...
    local text=$1 json=$2
    shift 2
    awk -F '\t' 'NR == FNR { line[++lines] = $0; next }
        { if (++at > lines) exit bad = 1
          count = split(line[at], cell, "\t")
          if (count != NF) exit bad = 1
          for (c = 1; c <= NF; c++) {
              i = index(cell[c], "="); j = index($c, "="); a = substr(cell[c], i + 1);
              b = substr($c, j + 1)
              same = a == b || (a ~ /^[-0-9.e+]+$/ && b ~ /^[-0-9.e+E]+$/ && a + 0 == b + 0)
              if (substr(cell[c], 1, i) != substr($c, 1, j) || !same) {
                  print "row " at ": " cell[c] ", " $c; exit bad = 1 } } }
        END { exit bad || at != lines ||
            lines == 0 }' "$text" "$json" || complain "$*: other values"
}

@test "--json: JSON Lines with the header's names and the table's values, for every command" {
    prepare
    commands | grep -vE '^(help|completions|plot|show|report)$' | while read -r command; do
        calls | grep -q "^$command\( \|$\)" || complain "no call of $command"
    done
    while read -r words; do
        call $words
        case $words in predict*decisions) sed -i \
            "1i $("$POISON" $words --json | head -n 1 |
            jq -r 'keys_unsorted | @tsv')" "$out" ;; esac
        cells_of_text "$out" | sed 's/^data [a-z]*: .*//; /^$/d' >text
        call $words --json
        jq -ce 'type == "object"' <"$out" >types ||
            complain "$words: not JSON Lines: $(head -n 2 "$out")"
        [ "$(wc -l <types)" -eq "$(wc -l <"$out")" ] || complain "$words: not one object a line"
        case $words in # what stands in comments elsewhere
        lab*) jq -es 'any(.table == "data" and .key == "train_rows" and .value == 300)' "$out" \
            >seen ||
                  complain "lab: no data"
              jq -c 'select(.table != "data")' "$out" ;;
        explain*) jq -es 'any(.table == "the test image" and .row == 8)' "$out" >seen ||
            complain "explain: no image"
                  jq -c 'select(.table != "the test image")' "$out" ;;
        *) cat "$out" ;;
        esac >lines
        cells_of_json lines >json
        if [ -s text ]; then same_cells text json "$words"; else same json text "$words"; fi
    done < <(calls | sed 's/ --timing//')
    call subproblems $SMALL --timing --json
    jq -es 'all(.seconds >= 0) and length == 45' "$out" >seen ||
        complain "--timing: $(head -n 1 "$out")"
}

@test "--json: numbers are numbers, what is unknown is null, a removed row's label too" {
    prepare
    is() { # WORDS... with the last one a filter that is true for all rows together
        call "${@:1:$#-1}" --json
        jq -es "${@: -1}" "$out" >seen || complain "$*: $(head -n 2 "$out")"
    }
    is predictions $SMALL 'map([.Correct, .Predicted][] | type) | unique == ["number"]'
    is sweep $SMALL --doses 0 \
        'map(.seed) == [null] and (.[0].accuracy | type) == "number" and .[0].strategy == "first"'
    is dose '.[0].ed90 == null and .[0].from == 1 and .[0].seeds == 1'
    is clean $SMALL --method knn:remove:5 'map(.to) | unique == [null]'
    is audit $SMALL --truth none '.[0].auc == null'
    is data $SMALL 'map({(.key): .value}) | add | .features == 784 and .height == 28 and
        .classes == "0 1 2 3 4 5 6 7 8 9"'
    is attack $SMALL 'length == 0' # no rows, no lines
}

@test "--no-header: the table without its first line; comments of lab and explain stay" {
    prepare
    while read -r words; do
        call $words
        case $words in
        lab* | explain*) awk '/^# / { titled = !/^# (data|test)/ } titled && /^[^#]/ { titled = 0;
            next } { print }' "$out" ;;
        predict*decisions) cat "$out" ;; # it never has one
        *) tail -n +2 "$out" ;;
        esac >expected
        call $words --no-header
        same "$out" expected "$words"
    done < <(calls | sed 's/ --timing//')
}

@test "a sweep's file is a journal, in one form only" {
    for form in --json --no-header '--json --no-header'; do
        refuses 2 'journal' sweep $SMALL --doses 0 -o journal $form
        works sweep $SMALL --doses 0 $form -o /dev/stdout
    done
    works sweep $SMALL --doses 0,5 -o journal
    cp journal expected
    # it begins with a line of settings in any case
    works sweep $SMALL --doses 0,5 -o other --provenance
    same other expected "--provenance"
    works sweep $SMALL --doses 0,5 --json
    for command in dose matrix; do
        status=0
        "$POISON" $command <"$out" >got 2>"$err" || status=$?
        [ "$status" -eq 3 ] && grep -q "no column 'from': expected a sweep's table" "$err" ||
            complain "$command: $(cat "$err")"
    done
}

@test "--provenance: one line before all else, of version, data and settings" {
    prepare
    while read -r words; do
        call $words
        cp "$out" expected
        call $words --provenance
        data='data_crc32=[0-9a-f]{8} train_rows=[0-9]+ validation_rows=[0-9]+ test_rows=[0-9]+ '
        case $words in dose* | matrix* | 'data check'*) data= ;; esac
        head -n 1 "$out" | grep -qE "^# poison=[0-9.]+ command=${words%% *} $data" ||
            complain "$words: $(head -n 1 "$out")"
        tail -n +2 "$out" >got
        same got expected "$words"
        call $words --provenance --json
        jq -r 'select(.provenance) | "# \(.provenance)"' "$out" >got
        call $words --provenance
        head -n 1 "$out" >expected
        [ -s got ] && same got expected "$words --json"
    done < <(calls | sed 's/ --timing//')
    crc() { call "$@" --provenance && sed -n '1s/.*data_crc32=\([^ ]*\).*/\1/p' "$out"; }
    sum=$(crc score $SMALL)
    [ "$sum" = "$(crc counts $SMALL)" ] || complain "another sum of the same data"
    [ "$sum" != "$(crc score $SMALL --flip 1:2:1)" ] || complain "the same sum of other labels"
    [ "$sum" != "$(crc score --data synthetic --train 300 --test 99)" ] ||
        complain "the same sum of other data"
    works sweep $SMALL --doses 0 -o journal
    grep -q "^# .* data_crc32=$sum " journal ||
        complain "a sweep's sum is another: $(head -n 1 journal)"
    refuses 3 'only .* training labels' score $SMALL --flip 1:2:300 --provenance
    refuses 3 'only .* training labels' lab $SMALL --provenance
}
