#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# laboratory - flip files, attacks, audits, cleaning, sweeps and their journals, from the shell

load helper

SMALL='--data synthetic --train 300 --test 200 --validate 100'

column() { awk -F '\t' -v name="$1" 'NR == 1 { for (c = 1; c <= NF; c++) if ($c == name) k = c;
    next } { print $k }' "${@:2}"; }

@test "attack: first is the lab's choice; a flip file says what --flip says" {
    for flips in 'first' 'random --seed 5' near far alfa 'alfa --restarts 2' 'greedy --beam 3'; do
        works attack $SMALL --flip 1:2:6:$flips
        cp "$out" flips
        [ "$(head -n 1 flips)" = "$(printf 'row\tfrom\tto')" ] ||
            complain "$flips: $(head -n 1 flips)"
        awk -F '\t' 'NR > 1 && ($1 <= last && NR > 2 || $2 != 1 || $3 != 2) { bad = 1 }
            { last = $1 } END { exit bad || NR != 7 }' flips ||
            complain "$flips: $(cat flips)"
        works support $SMALL --flip 1:2:6:$flips
        cp "$out" expected
        works support $SMALL --flips flips
        same "$out" expected "$flips"
        poison support $SMALL --flips - <flips
        "$POISON" support $SMALL --flips - <flips >got
        same got expected "$flips from standard input"
        echo "$flips $(cut -f 1 flips | tr '\n' ' ')" >>sets
    done
    [ "$(sed 's/^[a-z]* [^r]*row//' sets | sort -u | wc -l)" -ge 4 ] ||
        complain "the strategies choose alike: $(cat sets)"
    works attack $SMALL --flip 1:2:6
    cp "$out" got
    "$POISON" data $SMALL --export set >/dev/null
    tail -c +9 set/train-labels-idx1-ubyte | od -An -v -t u1 -w1 |
        awk '$1 == 1 && k++ < 6 { printf "%d\t1\t2\n", NR - 1 }' >expected
    tail -n +2 got >rows
    same rows expected "first"
    works attack $SMALL --flip 1:2:4:random --seed 5
    cut -f 1 "$out" | tail -n +2 >few
    works attack $SMALL --flip 1:2:20:random --seed 5
    [ "$(cut -f 1 "$out" | grep -cxFf few)" -eq 4 ] || complain "random sets are not nested"
    works attack $SMALL --flip 1:2:6:random --seed 6
    ! tail -n +2 "$out" | cmp -s - rows || complain "another seed, the same rows"
}

@test "attack: several flips make the net change; a row that ends where it began is left out" {
    works attack $SMALL --flip 1:2:5 --flip 3:4:2
    [ "$(tail -n +2 "$out" | cut -f 2,3 | sort | uniq -c | awk '{ print $1, $2, $3 }' |
        tr '\n' ,)" = "5 1 2,2 3 4," ] || complain "$(cat "$out")"
    all=$("$POISON" counts $SMALL | awk '$1 == 1 { print $2 }')
    poison attack $SMALL --flip 1:2:$all --flip 2:1:$all
    again=$(awk -v all="$all" 'END { print all - (NR - 1) / 2 }' "$out")
    [ "$(cat "$err")" = "poison: warning: --flip 2:1:$all: flips follow one another, and $again of \
its rows had been flipped before; $again of them are now labelled as they were given" ] ||
        complain "$(cat "$err")"
    awk -F '\t' 'NR > 1 && $2 == $3 { exit 1 }' "$out" || complain "a row that stays is named"
    works attack $SMALL
    [ "$(cat "$out")" = "$(printf 'row\tfrom\tto')" ] || complain "no flips: $(cat "$out")"
    # the second one sees the labels after the first
    works attack $SMALL --flip 1:2:5:near --flip 1:3:5:near
    cp "$out" both
    works attack $SMALL --flip 1:2:5:near
    cp "$out" one
    works attack $SMALL --flips one --flip 1:3:5:near
    same "$out" both "a flip after a flip file"
}

@test "flip files: removed rows are in no class, but keep their numbers" {
    works attack $SMALL --flip 1:2:5
    awk -F '\t' -v OFS='\t' 'NR > 1 { $3 = "-" } 1' "$out" >removal
    works counts $SMALL --flips removal
    awk -F '\t' '$1 == 1 && $2 - $3 != 5 || $1 == 2 && $2 != $3 { exit 1 }' "$out" ||
        complain "$(cat "$out")"
    works support $SMALL --flips removal
    cut -f 1 removal | tail -n +2 | while read -r row; do
        awk -F '\t' -v r="$row" '$1 == r { exit 1 }' "$out" || complain "row $row supports"
    done
    tail -n +2 "$out" | cut -f 2- >expected
    gamma=$("$POISON" data $SMALL | awk '$1 == "gamma" { print $2 }')
    works data $SMALL --flips removal --export set
    works support --data set --gamma "$gamma"
    tail -n +2 "$out" | cut -f 2- >got
    same got expected "the rows that are left, from files"
    { printf '# a comment\n'; cat removal; } >commented
    works counts $SMALL --flips commented
}

@test "flip files: what is wrong, with the line" {
    label() { "$POISON" attack $SMALL --flip 1:2:1 | tail -n 1 | cut -f "$1"; }
    row=$(label 1)
    head='row\tfrom\tto\n'
    try() { # PATTERN TEXT
        printf "$2" >bad
        refuses 3 "bad:?$1" score $SMALL --flips bad
    }
    try ': .*empty' ''
    try ':1: expected the header' "1\t1\t2\n"
    try ":2: expected 'row from to'" "${head}$row 1 2\n"
    try ":2: expected 'row from to'" "${head}$row\t1\n"
    try ':2: the label -2 occurs nowhere' "${head}$row\t1\t-2\n"
    try ":2: expected 'row from to'" "${head}$row\t1\t2\t3\n"
    try ":3: expected 'row from to'" "${head}$row\t1\t2\n\n"
    try ':2: row 300: there are 300' "${head}300\t1\t2\n"
    try ":3: row $row is named a second" "${head}$row\t1\t2\n$row\t2\t1\n"
    try ":2: row $row is labelled 1 here, not 3" "${head}$row\t3\t2\n"
    try ":2: row $row would stay" "${head}$row\t1\t1\n"
    try ':2: the label 77' "${head}$row\t1\t77\n"
    try ':2: a zero byte' "${head}$row\t1\t2\000\n"
    printf "${head}$row\t1\t-\n" >gone
    refuses 3 "gone:2: row $row is already removed" score $SMALL --flips gone --flips gone
    refuses 3 'nowhere: cannot open' score $SMALL --flips nowhere
}

@test "options of the laboratory: what is refused" {
    refuses_all <<'END'
2 | unknown strategy | score --flip 1:2:3:worst
2 | unknown strategy | score --flip 1:2:3:
2 | --strategy worst | sweep --strategy worst
2 | --pairs | sweep --pairs 1:2,
2 | --pairs | sweep --pairs 1:2:3
2 | same | sweep --pairs 1:1
2 | no audit of this name | sweep --defence worst
2 | expected METHOD | sweep --defence knn:burn
2 | only confident estimates | sweep --defence knn:relabel:estimated
2 | fraction | sweep --defence knn:relabel:1.5
2 | fraction | sweep --defence knn:relabel:1000000000000000000000000000000
2 | how many | clean --method knn
2 | only confident estimates | clean --method knn:remove:estimated
2 | expected one method | clean --method confident,margin:relabel:3
2 | --method zeb | audit --method zeb
2 | named twice | audit --method knn,knn
2 | --joint | audit --method knn --joint
2 | --seed | attack --seed -1
2 | --seed | attack --seed 18446744073709551616
2 | --seeds | sweep --seeds 0
2 | --train is not an option of 'dose' | dose --train 3
3 | --row 1000: | explain --data synthetic --row 1000
2 | --at is not an option of 'dose' | dose --at 3
END
    true
}

@test "too few rows to validate: both options are named; other commands do not need them" {
    works data --data synthetic --train 150 --test 50 --export set
    refuses 3 '--train 100 and --validate 60: set holds 150' attack --data set --train 100 \
        --validate 60 --flip 1:2:2:greedy
    refuses 3 '--train 2000 and --validate 160' audit --data set --method loo --validate 160
    refuses 3 '--train 150 and --validate 1000' audit --data set --method loo --train 150
    works attack --data set --train 100 --validate 50 --flip 1:2:2:greedy
    works attack --data set --validate 60 --flip 1:2:2:near
    works audit --data set --method knn
}

@test "a default that does not fit shrinks to what there is, and that is said" {
    works data --data synthetic --train 150 --test 50 --export set
    "$POISON" data --data synthetic --train 150 | tail -n +2 >expected
    for words in ':120 30' '--train 140:140 10' '--validate 60:90 60'; do
        poison audit --data set --method shapley ${words%:*}
        cp "$out" got
        [ "$status" -eq 0 ] && [ "$(cat "$err")" = "poison: warning: set has few rows: \
$(sed 's/.*:\(.*\) \(.*\)/\1 of them are for training, and the \2/' <<<"$words") after these for \
validation (--train and --validate say otherwise)" ] || complain "$words: $status, $(cat "$err")"
        n=${words#*:}
        works audit --data set --method shapley --train ${n% *} --validate ${n#* }
        same got "$out" "$words"
    done
    awk 'BEGIN { for (k = 0; k < 150; k++) print k % 3 "," k * k % 101 "," k * 7 % 89 }' >rows.csv
    poison attack --data rows.csv --flip 1:2:3:greedy --test 30
    grep -q 'rows.csv has few rows: 96 of them .* the 24 after these' "$err" ||
        complain "$status, $(cat "$err")"
    cp "$out" got
    works attack --data rows.csv --flip 1:2:3:greedy --test 30 --validate 24
    same got "$out" "of a file"
}

@test "sweep: every cell equals score and confusion with the same flips, in the order of the lists" {
    works sweep $SMALL --pairs 1:2,8:3 --doses 0,7,12 --strategy far,first
    cp "$out" table
    column from table | paste -d: - <(column to table) | paste -d: - <(column strategy table) |
        paste -d: - <(column dose table) >order
    printf '%s\n' {1:2,8:3}:{far,first}:{0,7,12} >expected
    same order expected "order"
    while IFS=$'\t' read -r from to strategy _ seed dose accuracy recall tests hits success low \
        high false collateral sv iterations; do
        flip="--flip $from:$to:$dose:$strategy" note="$flip"
        works confusion $SMALL $flip
        awk -F '\t' -v f="$from" -v t="$to" '
            NR == 1 { for (c = 2; c <= NF; c++) name[c] = $c; next }
            { for (c = 2; c <= NF; c++) {
                n += $c; if (name[c] == $1) right += $c
                if ($1 == f) { of += $c; if (name[c] == f) kept += $c; if (name[c] == t) hit += $c }
                if ($1 != t && name[c] == t) wrong += $c
                if ($1 != f && $1 != t) { others += $c; if (name[c] == $1) fine += $c } } }
            END { z = 1.959963984540054; p = hit / of
                  c = (p + z * z / 2 / of) / (1 + z * z / of);
                  h = z / (1 + z * z / of) * sqrt(p * (1 - p) / of + z * z / 4 / of / of)
                  printf "%.6f %.6f %d %d %.6f %.6f %.6f %d %.6f\n", right / n, kept / of, of, hit,
                      p, (c - h < 0 ? 0 : c - h), c + h, wrong, fine / others }' "$out" >expected
        echo "$accuracy $recall $tests $hits $success $low $high $false $collateral" >got
        same got expected "$flip"
        works support $SMALL $flip
        [ "$sv" -eq $(($(wc -l <"$out") - 1)) ] || complain "sv: $sv"
        works subproblems $SMALL $flip
        [ "$iterations" -eq "$(awk -F '\t' 'NR > 1 { n += $4 } END { print n }' "$out")" ] ||
            complain "iterations: $iterations"
        [ "$seed" = NA ] || complain "seed $seed where nothing is random"
    done < <(tail -n +2 table)
}

@test "sweep: the same bytes for every instruction set and thread count" {
    "$POISON" sweep $SMALL --doses 0:12:4 --strategy near,random --seeds 2 --defence \
        none,knn:relabel,confident >"$place/here/expected"
    check() {
        works sweep $SMALL --doses 0:12:4 --strategy near,random --seeds 2 --defence \
            none,knn:relabel,confident $1
        same "$out" "$place/here/expected" "sweep $1"
    }
    each_mode check
}

@test "sweep: seeds only where something is seeded; doses above what there is are left out, with one warning" {
    ones=$("$POISON" counts $SMALL | awk '$1 == 1 { print $2 }')
    poison sweep $SMALL --doses "0,$ones,$((ones + 1)),500" --strategy first,random --seeds 2 \
        --seed 40
    [ "$status" -eq 0 ] || complain "exit $status"
    said="poison: warning: 1:2: 2 of 4 doses are left out, since only $ones training labels are 1"
    [ "$(cat "$err")" = "$said" ] || complain "$(cat "$err")"
    [ "$(column seed "$out" | tr '\n' ' ')" = "NA NA 40 40 41 41 " ] ||
        complain "$(column seed "$out" | tr '\n' ' ')"
    works sweep $SMALL --doses 5 --defence confident,knn:remove:0.05 --seeds 2
    [ "$(column seed "$out" | tr '\n' ' ')" = "0 1 NA " ] || complain "$(cat "$out")"
    [ "$(column defence "$out" | sort -u |
        tr '\n' ' ')" = "confident:relabel:estimated knn:remove:0.05 " ] || complain "$(cat "$out")"
    works sweep $SMALL --doses 0 --pairs all
    [ "$(wc -l <"$out")" -eq 91 ] || complain "all pairs: $(wc -l <"$out") lines"
    [ "$(column accuracy "$out" | sort -u | wc -l)" -eq 1 ] ||
        complain "dose 0 differs from pair to pair"
}

JOURNAL='--doses 0:20:4 --strategy first,random --seeds 2 --defence none,knn:relabel'

@test "sweep: a journal cut off anywhere is resumed to the same bytes" {
    works sweep $SMALL $JOURNAL -o whole
    head -n 1 whole | grep -q \
        '^# poison=.* data_crc32=.* doses=0,4,8,12,16,20 strategy=first,random ' ||
        complain "$(head -n 1 whole)"
    works sweep $SMALL $JOURNAL
    tail -n +2 whole >rows
    same "$out" rows "standard output"
    size=$(stat -c %s whole) settings=$(head -n 1 whole | wc -c)
    for cut in 0 1 $((settings - 1)) $settings $((settings + 9)) $((settings + 400)) $((size / 2)) \
        $((size / 2 + 40)) $((size - 1)) $size; do
        head -c "$cut" whole >part
        works sweep $SMALL $JOURNAL -o part --resume
        same part whole "cut at $cut of $size"
    done
    rm part
    works sweep $SMALL $JOURNAL -o part --resume
    same part whole "no journal yet"
    timeout -s KILL 0.35 "$POISON" sweep $SMALL --pairs all --doses 0:20:4 -o killed || true
    works sweep $SMALL --pairs all --doses 0:20:4 -o killed --resume -q
    works sweep $SMALL --pairs all --doses 0:20:4 -q
    tail -n +2 killed >got
    same got "$out" "kill -9 and resume"
}

@test "sweep: one that fails before its first row leaves no journal, and memory is for the models that there are" {
    local words='--data synthetic --train 2000 --test 100 --doses 0,1 --strategy first,random'
    poison sweep $words -m 1 -o new
    refused 4 'memory 1 leaves 1$' "$(ls -A | grep -v '^new$')" sweep -o new
    : >new
    poison sweep $words -m 1 -o new
    [ "$status" -eq 4 ] && [ -e new ] || complain "an empty file: exit $status, $(ls)"
    works sweep $words
    mv "$out" whole
    works sweep $words -m 8 # three shares would be too small
    same whole "$out" "-m 8"
}

@test "sweep: journals that are not this sweep's are refused and left alone" {
    works sweep $SMALL --doses 0,5 -o journal
    cp journal before
    check() { # PATTERN WORDS...
        local pattern=$1
        shift
        poison sweep $SMALL "$@" -o journal
        [ "$status" -eq 3 ] || complain "$*: exit $status"
        grep -qE "^poison: .*($pattern)" "$err" || complain "$*: $(cat "$err")"
        same journal before "$*"
    }
    check 'journal: exists: --resume' --doses 0,5
    check 'doses=0,5 there, doses=0,6 here' --doses 0,6 --resume
    check 'cost=1 there, cost=2 here' --doses 0,5 -c 2 --resume
    check 'data_crc32=' --doses 0,5 --flip 3:4:1 --resume
    check 'pairs=1:2 there, pairs=2:1 here' --doses 0,5 --pairs 2:1 --resume
    sed -i 's/\tfirst\t/\tfar\t/' journal
    cp journal before
    check 'journal:3: not the row' --doses 0,5 --resume
    echo hello >journal
    cp journal before
    check 'journal of other settings|not a journal' --doses 0,5 --resume
    check 'exists' --doses 0,5
    # files of images begin with zeros
    for other in '\0\0\x08\x03' '\0precious\n' '# poi\0precious\n'; do
        printf "$other" >journal
        cp journal before
        check 'not a journal' --doses 0,5 --resume
    done
    refuses 3 'nowhere/file: cannot write' sweep $SMALL -o nowhere/file
}

@test "dose: hand-made curves" {
    header='from\tto\tstrategy\tdefence\tseed\tdose\tsuccess\n'
    { printf "# settings\n$header"
        printf '1\t2\tfirst\tnone\tNA\t%s\t%s\n' 0 0 10 0.2 30 0.6; } >curve
    printf '1\t2\tfar\tnone\tNA\t0\t0.1\n1\t2\tfar\tnone\tNA\t10\t1\n' >>curve
    "$POISON" dose <curve | tail -n +2 >got
    printf '1\t2\tfirst\tnone\t1\t5.000000\tNA\tNA\t25.000000\tNA\tNA\tNA\tNA\tNA\t9.000000\n' \
        >expected
    printf '1\t2\tfar\tnone\t1\t0.000000\tNA\tNA\t4.444444\tNA\tNA\t8.888889\tNA\tNA\t5.500000\n' \
        >>expected
    same got expected "dose"
    for seed in 1 2 3; do printf \
        "1\t2\trandom\tnone\t$seed\t0\t0\n1\t2\trandom\tnone\t$seed\t10\t0.${seed}\n"; done >rows
    { printf "$header"; cat rows; } | "$POISON" dose --seed 4 | tail -n +2 >got
    awk -F '\t' '$5 != 3 || $6 != "5.000000" || $7 != "3.333333" || $8 != "10.000000" ||
        $9 != "NA" || $15 != "1.000000" { exit 1 }' got ||
        complain "three seeds: $(cat got)"
    { printf "$header"; head -n 5 rows; } >short
    poison_in() { status=0; "$POISON" "$@" <"$in" >"$out" 2>"$err" || status=$?; }
    in=short; poison_in dose
    [ "$status" -eq 3 ] && grep -q 'lacks seed 3, dose 10' "$err" ||
        complain "unfinished: $(cat "$err")"
    { cat curve; head -n 3 curve | tail -n 1; } >twice
    in=twice; poison_in dose
    [ "$status" -eq 3 ] && grep -q 'seed NA, dose 0 twice' "$err" || complain "twice: $(cat "$err")"
    printf 'a\tb\n' >other
    in=other; poison_in matrix
    [ "$status" -eq 3 ] && grep -q "no column 'from'" "$err" || complain "other: $(cat "$err")"
    in=/dev/null; poison_in dose
    [ "$status" -eq 3 ] && grep -q empty "$err" || complain "nothing: $(cat "$err")"
}

@test "matrix: strategies down, defences across, the mean over seeds" {
    works sweep $SMALL --doses 0,12 --strategy first,random --seeds 3 --defence none,knn:relabel
    cp "$out" table
    "$POISON" matrix --at 12 <table >got
    {
        printf 'from\tto\tstrategy\tnone\tknn:relabel:oracle\n'
        for strategy in first random; do
            printf '1\t2\t%s' "$strategy"
            for defence in none knn:relabel:oracle; do
                awk -F '\t' -v s="$strategy" -v d="$defence" '$3 == s && $4 == d && $6 == 12 { n++;
                    sum += $11 } END { printf "\t%.6f", sum / n }' table
            done
            echo
        done
    } >expected
    same got expected matrix

}

@test "audit: ranks, scoreboard and joint agree with the scores" {
    methods=knn,margin,loo,shapley,confident
    works attack $SMALL --flip 1:2:20
    cp "$out" flips
    works audit $SMALL --flips flips --method $methods
    cp "$out" findings
    [ "$(head -n 1 findings)" = "$(printf 'row\tlabel\tmethod\tscore\tsuggested\trank')" ] ||
        complain "$(head -n 1 findings)"
    awk -F '\t' 'NR == 1 { next } $3 != method { method = $3; rank = 0; count++ }
        { if ($6 != ++rank || rank > 1 && ($4 > last || $4 == last && $1 < row)) bad++
          last = $4; row = $1; rows[$3]++ }
        END { for (m in rows) if (rows[m] != 300) bad++;
        exit bad > 0 || count != 5 }' findings || complain "ranks"
    works audit $SMALL --flips flips --method $methods --truth flips
    cp "$out" board
    for method in ${methods//,/ }; do
        # equal scores share places: the mean over all their orders
        awk -F '\t' -v m="$method" 'NR == FNR { if (FNR > 1) flipped[$1] = 1; next }
            FNR > 1 && $3 == m { n++; score[n] = $4; hit[n] = $1 in flipped }
            END { for (a = 1; a <= n; a++) if (hit[a]) {
                more = same = hits = 0
                for (b = 1; b <= n; b++) {
                    more += score[b] > score[a]; same += score[b] == score[a]
                    hits += hit[b] && score[b] >= score[a]
                    if (!hit[b]) {
                pairs++; auc += score[a] > score[b] ? 1 : score[a] == score[b] ? .5 : 0 } }
                share = (20 - more) / same; early += share < 0 ? 0 : share > 1 ? 1 : share
                precision += hits / (more + same) }
                  printf "20\t%.6f\t%.6f\t%.6f\t%.6f\n", early / 20, early / 20, auc / pairs,
                      precision / 20 }' flips findings >expected
        awk -F '\t' -v OFS='\t' -v m="$method" '$1 == m { print $2, $4, $5, $6, $7 }' board >got
        same got expected "scoreboard of $method"
    done
    works audit $SMALL --flips flips --joint
    estimated=$(awk -F '\t' 'NR > 1 { n += $3 } END { print n }' "$out")
    [ "$(wc -l <"$out")" -eq 91 ] &&
        [ "$estimated" = "$(awk -F '\t' '$1 == "confident" { print $3 }' board)" ] ||
        complain "joint: $estimated"
    works clean $SMALL --flips flips --method confident:remove
    [ "$(wc -l <"$out")" -eq $((estimated + 1)) ] ||
        complain "estimated $estimated, cleaned $(wc -l <"$out")"
    printf 'row\tfrom\tto\n' >nothing
    works audit $SMALL --truth nothing
    [ "$(tail -n 1 "$out")" = "$(printf 'knn\t0\tNA\tNA\tNA\tNA\tNA')" ] ||
        complain "no flips: $(tail -n 1 "$out")"
}

@test "audit: one that knows nothing finds what chance finds, whichever rows were flipped" {
    awk 'BEGIN { for (k = 0; k < 120; k++) print (k < 100 ? k % 2 : 2) "," k * k % 101 }' >rows.csv
    { printf 'row\tfrom\tto\n'; printf '%s\t0\t1\n' 0 2 4 6 8; } >first
    { printf 'row\tfrom\tto\n'; printf '%s\t0\t1\n' 90 92 94 96 98; } >last
    for flips in first last; do # shapley, on a class that nobody was taught: every score is 0
        poison audit --data rows.csv --train 100 --validate 20 --method shapley --flips $flips \
            --truth $flips
        [ "$(tail -n 1 "$out" | cut -f 4-)" = "$(printf '%s\t' 0.050000{,})$(printf '%s\t%s' \
            0.500000 0.050000)" ] || complain "$flips: $(cat "$out")"
    done
}

@test "confident: a class of fewer rows than folds is not judged, and is named" {
    awk 'BEGIN { srand(4); for (k = 0; k < 120; k++) print (k % 2 ? "cat" : "dog") "," \
        (k % 2 ? 40 : 100) + int(30 * rand()) "," (k % 2 ? 40 : 110) + int(30 * rand())
        for (k = 0; k < 4; k++) print "axolotl,200," 90 + k }' >rows.csv
    poison clean --data rows.csv --method confident
    [ "$(wc -l <"$out")" -eq 1 ] || complain "cleans $(cat "$out")"
    [ "$(cat "$err")" = "poison: warning: confident: 1 class with fewer than 5 rows, too few for \
its folds, is not judged: axolotl" ] || complain "$(cat "$err")"
    poison audit --data rows.csv --joint
    [ "$(cut -f 1,2 "$out" | tr '\t\n' ' ,')" = "label suggested,cat dog,dog cat," ] ||
        complain "joint: $(cat "$out")"
    poison audit --data rows.csv --method confident
    [ "$(grep -c '^12[0-3].axolotl.confident.NA.axolotl.12[1-4]$' "$out")" -eq 4 ] ||
        complain "$(tail -n 4 "$out")"
    head -n 62 rows.csv | sed '3,$s/cat/dog/' >few.csv
    refuses 3 'confident judges classes of 5 rows' clean --data few.csv
}

@test "clean: corrects the most suspicious rows, and a sweep with that defence agrees" {
    works audit $SMALL --flip 1:2:20 --method knn
    for words in relabel:15 remove:15 relabel:0.05; do
        awk -F '\t' -v OFS='\t' -v w="$words" 'BEGIN { print "row", "from", "to" }
            NR > 1 && NR <= 16 {
            to = w ~ /remove/ ? "-" : $5;
            if (to != $2) print $1, $2, to | "sort -n" }' "$out" >expected
        "$POISON" clean $SMALL --flip 1:2:20 --method "knn:$words" >got
        same got expected "clean $words"
        "$POISON" score $SMALL --flip 1:2:20 --flips got |
            awk -F '\t' 'NR > 1 { right += $2; n += $2 + $3 }
                END { printf "%.6f\n", right / n }' >score
        "$POISON" sweep $SMALL --doses 20 --defence "knn:$words" | column accuracy >swept
        same swept score "sweep $words"
    done
    # Cleaning clean labels costs something, and the sweep says what.
    works sweep $SMALL --doses 0 --defence none,knn:relabel,knn:relabel:60
    [ "$(column accuracy "$out" | sort -u | wc -l)" -eq 2 ] || complain "$(cat "$out")"
    [ "$(column accuracy "$out" | sed -n 1p)" = "$(column accuracy "$out" | sed -n 2p)" ] ||
        complain "an oracle at dose 0 cleans something"
}

@test "explain: pushes and intercept add up to the decision; votes to the machines" {
    for row in 0 3 17; do
        works explain $SMALL --row $row --flip 1:2:20 -n 1000
        awk -F '\t' '
            /^# votes/ { part = "votes" } /^# the machine/ { part = "machine" }
            /^# the training/ { part = "rows" }
            /^#/ || /^$/ || /^[a-z]/ { next }
            part == "votes" { votes += $2 }
            part == "machine" { decision = $3; intercept = $4; pushes = $5; flipped = $6 }
            part == "rows" { sum += $4; if ($2 != $3) of += $4; a = $4 < 0 ? -$4 : $4;
            if (rows++ && a > last) bad++; last = a }
            END { d = sum + intercept - decision; e = of - flipped; g = sum - pushes
                  exit bad || rows < 5 || votes != 45 || d * d > 1e-18 || e * e > 1e-18 ||
                      g * g > 1e-18 }' "$out" || complain "row $row: $(cat "$out")"
        works predictions $SMALL --flip 1:2:20 -n 20
        truth=$(sed -n "$((row + 2))p" "$out")
        works explain $SMALL --row $row --flip 1:2:20
        [ "$(head -n 1 "$out")" = \
            "# test image $row is ${truth%%$'\t'*} and is called ${truth##*$'\t'}" ] ||
            complain "$(head -n 1 "$out")"
    done
}

@test "MNIST: what 100 flips of the first 1's do" {
    [ -n "${MNIST:-}" ] || skip "no MNIST in \$POISON_DATA or ../shared/data/mnist"
    works sweep --data "$MNIST" --doses 0,10,30,100
    [ "$(column false_to "$out" | tr '\n' ' ')" = "12 11 13 33 " ] || complain "$(cat "$out")"
    [ "$(column iterations "$out" | tr '\n' ' ')" = "10084 10166 10234 10205 " ] ||
        complain "$(cat "$out")"
    [ "$(tail -n 1 "$out" | cut -f 9-11)" = "$(printf '126\t17\t0.134921')" ] ||
        complain "$(tail -n 1 "$out")"
}

@test "sweep: cells that cannot be are NA, and the sweep goes on" {
    zeros=$("$POISON" counts $SMALL |
        awk 'NR > 1 && $1 > 1 && $2 > 0 { printf " --flip %d:0:%d", $1, $2 }')
    works data $SMALL $zeros --export two
    ones=$("$POISON" counts --data two | awk '$1 == 1 { print $2 }')
    poison sweep --data two --pairs 1:0,0:1 --doses "0,$ones,2" --strategy near
    [ "$status" -eq 0 ] || complain "exit $status: $(cat "$err")"
    [ "$(column accuracy "$out" | sed 's/[01]\..*/number/' |
        tr '\n' ' ')" = "number NA number number number number " ] || complain "$(cat "$out")"
    grep -q "warning: 1:0 near none dose $ones: .*two classes" "$err" || complain "$(cat "$err")"
    all=$("$POISON" counts $SMALL | awk '$1 == 1 { print $2 }')
    poison sweep $SMALL --flip 1:2:$all --pairs 2:1 --doses 0,3 --strategy far
    [ "$(column accuracy "$out" | tail -n 1)" = NA ] && grep -q 'no machine' "$err" ||
        complain "$(cat "$out" "$err")"
}

@test "what can be refused is refused before the work, and leaves nothing" {
    LIMIT=3
    slow='--data synthetic --train 2000 --validate 1000 --flip 1:2:20:greedy'
    works attack $SMALL --flip 1:2:2
    cp "$out" flips
    refuses_all <<END
3 | nowhere/x: cannot write | attack $slow -o nowhere/x
3 | nowhere/x: cannot write | sweep $slow -o nowhere/x
3 | nowhere/x: cannot write | score $slow --trace nowhere/x
3 | 77 occurs nowhere | attack $slow --flip 3:77:1
3 | 77 occurs nowhere | sweep $SMALL --pairs 1:2,77:1
3 | missing: cannot open | audit $slow --truth missing
3 | only 300 training rows | clean $SMALL --method knn:relabel:301
2 | --resume: which | sweep --resume -o -
2 | --joint and --truth | audit --method confident --joint --truth flips
2 | named twice | sweep --doses 1,2,1
2 | named twice | sweep --pairs 1:2,3:4,1:2
2 | named twice | sweep --strategy far,far
2 | named twice | sweep --defence none,none
2 | seeds end below | sweep --seed 18446744073709551615 --seeds 2
END
    refuses 2 'two files' score $SMALL -o same --trace same
    sed 's/$/\r/' flips >crlf
    works counts $SMALL --flips crlf
    cp "$out" expected
    works counts $SMALL --flips flips
    same "$out" expected "carriage returns"
}

@test "matrix: an unfinished sweep and a dose that is not there are refused" {
    works sweep $SMALL --doses 0,5 --strategy random --seeds 2
    cp "$out" table
    for words in "--at 7" "--at 5"; do
        [ "$words" = "--at 7" ] || sed -i '$d' table
        status=0
        "$POISON" matrix $words <table >"$out" 2>"$err" || status=$?
        [ "$status" -eq 3 ] && [ ! -s "$out" ] ||
            complain "matrix $words: exit $status, $(cat "$out")"
    done
}

@test "--weight counts in sweeps, audits and cleaning as it does elsewhere" {
    works subproblems $SMALL -w 1:0.01
    column iterations "$out" | awk '{ n += $1 } END { print n }' >expected
    works sweep $SMALL -w 1:0.01 --doses 0
    column iterations "$out" >got
    same got expected "iterations of a weighted sweep"
    works score $SMALL -w 1:0.01
    awk 'NR > 1 { n += $2; m += $2 + $3 } END { printf "%.6f\n", n / m }' "$out" >expected
    works sweep $SMALL -w 1:0.01 --doses 0
    column accuracy "$out" >got
    same got expected "accuracy of a weighted sweep"
    works audit $SMALL --method margin
    cp "$out" plain
    works audit $SMALL --method margin -w 1:0.01
    ! cmp -s "$out" plain || complain "audit --method margin does not look at the weights"
    works clean $SMALL --flip 1:2:30 --method margin:relabel:30
    cp "$out" plain
    works clean $SMALL --flip 1:2:30 --method margin:relabel:30 -w 1:20
    ! cmp -s "$out" plain || complain "clean does not look at the weights"
}
