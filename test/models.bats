#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# models - train, predict, grid and model files: beside LIBSVM's own programs, and beside
# scikit-learn's figures

load helper

needs_libsvm() { command -v svm-train >/dev/null && command -v svm-predict >/dev/null ||
    skip "no svm-train, svm-predict"; }

# Overlapping clouds as LIBSVM text, the same for the same arguments: cloud ROWS FEATURES LABELS
# SEED [FORMAT] LABELS: words between blanks. Some features are left out, as zeros are. FORMAT: of
# the values, %.4f or %d (0 to 255).
cloud() {
    awk -v rows="$1" -v d="$2" -v labels="$3" -v seed="$4" -v format="${5:-%.4f}" 'BEGIN {
        srand(seed); K = split(labels, name, " ")
        for (r = 0; r < rows; r++) {
            c = int(rand() * K) + 1
            printf "%s", name[c]
            for (f = 1; f <= d; f++) {
                x = rand() + rand() + rand() - 1.5 + 0.5 * (f % K == c - 1)
                if (f == d || rand() < 0.7)
                    printf " %d:" format, f, format == "%d" ? (x + 2) * 55 + 1 : x
            }
            printf "\n"
        }
    }'
}

# svm-train with these words makes the model; we and svm-predict label every row alike.
theirs_to_us() { # DATA WORDS...
    local data=$1
    shift
    svm-train -q "$@" "$data" theirs >/dev/null || complain "svm-train $* $data failed"
    svm-predict "$data" theirs expected >/dev/null
    works predict theirs "$data"
    same "$out" expected "their model ($*), our prediction"
}

# We train with these words; svm-predict and we label every row alike, and svm-train's own model
# does, too.
ours_to_them() { # DATA WORDS...
    local data=$1
    shift
    works train "$@" "$data" -o ours
    svm-predict "$data" ours expected >/dev/null || complain "svm-predict cannot read ours ($*)"
    works predict ours "$data"
    same "$out" expected "our model ($*), their prediction"
    svm-train -q "$@" "$data" theirs >/dev/null
    svm-predict "$data" theirs expected >/dev/null
    # Classes are in other orders: with more than two of them, ties between votes may go to another.
    [ "$(cut -d ' ' -f 1 "$data" | sort -u | wc -l)" -gt 2 ] ||
        same "$out" expected "our model and theirs ($*)"
    for line in nr_class label kernel_type; do
        [ "$(grep "^$line " ours | tr ' ' '\n' | sort)" = "$(grep "^$line " theirs | tr ' ' '\n' |
            sort)" ] ||
            complain "$line: $(grep "^$line " ours), theirs: $(grep "^$line " theirs) ($*)"
    done
}

KERNELS=('-t 0' '-t 1 -g 0.2 -r 1 -d 2' '-t 1 -g 0.3 -d 3 -c 4' '-t 2 -g 0.3' \
    '-t 2 -g 1.5 -c 10 -e 0.0001' '-t 3 -g 0.05 -r -0.5')

@test "models go both ways, all kernels: decimals and bytes, two labels and four" {
    needs_libsvm
    cloud 160 6 '+1 -1' 1 >two
    cloud 220 5 '3 1 7 -2' 2 >four
    cloud 150 12 '0 1 2' 3 %d >bytes
    for words in "${KERNELS[@]}"; do
        for data in two four; do
            note=$data
            theirs_to_us $data $words
            ours_to_them $data $words
        done
    done
    note=bytes
    for words in '-t 0 -c 0.001' '-t 1 -g 0.00001 -r 1 -d 3' '-t 2 -g 0.00003' \
        '-t 3 -g 0.000001 -r -1'; do
        theirs_to_us bytes $words
        ours_to_them bytes $words
    done
}

# exp(-27^2) is 2.5e-317, and all that speaks for either label.
@test "kernel values that are subnormal decide, for each instruction set" {
    printf '%s\n' 0,10 1,65 >two.csv
    printf '%s\n' 0,37 1,38 >between.csv
    printf 'Correct\tPredicted\n0\t0\n1\t1\n' >expected
    each_mode subnormal_decides
}
subnormal_decides() { # MODE
    works predictions --data ../here/two.csv --test-data ../here/between.csv -g 1 $1
    same "$out" ../here/expected "$1"
    works train --data ../here/two.csv -g 1 $1 -o model
    works predict model ../here/between.csv --decisions $1
    [ "$(cut -f 2 "$out" | tr '\n' ' ')" = "2.507972078894169e-317 -2.507972078894169e-317 " ] ||
        complain "$1: decisions $(cat "$out")"
}

@test "gamma so large that most kernel values are subnormal: as svm-predict says" {
    needs_libsvm
    awk 'BEGIN { srand(7); for (r = 0; r < 440; r++) { print r % 2, "1:" int(6 + 250 * rand()),
        "2:" int(6 + 250 * rand()), "3:" int(6 + 250 * rand()) } }' >rows
    head -n 40 rows >some
    tail -n 400 rows >others
    svm-train -q -g 0.7 some theirs >/dev/null
    svm-predict others theirs expected >/dev/null
    works predict theirs others
    same "$out" expected "their model, our prediction"
    works train -g 0.7 some -o ours
    works predict ours others
    same "$out" expected "our model"
}

@test "models go both ways: weights, in both spellings; rows that the model has not seen; columns that it lacks" {
    needs_libsvm
    cloud 200 5 '5 6 9' 4 >data
    theirs_to_us data -t 2 -g 0.4 -w5 3 -w9 0.25
    ours_to_them data -t 2 -g 0.4 -w5 3 -w9 0.25
    works train data -t 2 -g 0.4 --weight 5:3 --weight 9:0.25 -o again
    same again ours "--weight and -w"
    cloud 90 9 '9 6 5 4' 5 >others # wider, and with a label that the model does not know
    svm-predict others theirs expected >/dev/null
    works predict theirs others
    same "$out" expected "rows with more features"
    works predict ours others
    same "$out" expected "the same, by our model"
    cut -d ' ' -f 1-3 others >narrow
    svm-predict narrow theirs expected >/dev/null
    works predict ours narrow
    same "$out" expected "rows with fewer features"
}

@test "a model reloads bit for bit; decisions are those of the machines" {
    for data in 'synthetic --train 300' "$PWD/data"; do
        cloud 150 4 'a b c' 6 >data
        works train --data $data -o model
        works predict model "${data%% *}" --test 40 --decisions
        cp "$out" direct
        tail -c 1 model | od -An -tx1 | grep -q 0a ||
            complain "the model file does not end with its line"
        # scikit-learn's coefficients are the model's
        works support --data $data
        awk '/^#/ { exit } seen { print $1, $2 } /^SV$/ { seen = 1 }' model >coefs
        tail -n +2 "$out" | awk '{ print $3, $4 }' | cmp -s - coefs ||
            complain "$data: the file holds other coefficients"
        works subproblems --data $data
        [ "$(tail -n +2 "$out" | cut -f 7 |
            awk '{ printf " %s", $1 }')" = "$(sed -n 's/^rho//p' model | tr ' ' '\n' |
            awk 'NF { sub(/^-/, "") || $0 = "-" $0; printf " %s", ($0 == "-0" ? 0 : $0) }')" ] ||
            complain "$data: rho: $(grep rho model)"
        for isa in $(levels); do
            works predict model "${data%% *}" --test 40 --decisions --isa "$isa" -j 1
            same "$out" direct "$data: decisions, --isa $isa"
        done
    done
}

@test "labels that are words: names beside the model, of this model only" {
    cloud 120 3 'rose tulip 1.5' 7 >data
    works train data -o model
    [ "$(head -n 1 model.labels)" = "crc32 $(gzip -c model | tail -c 8 | od -An -N 4 -tx4 |
        tr -d ' ')" ] || complain "$(cat model.labels)"
    [ "$(tail -n +2 model.labels | tr '\n' ' ')" = '1.5 rose tulip ' ] ||
        complain "$(cat model.labels)"
    grep -q '^label 0 1 2$' model || complain "$(grep label model)"
    works predict model data
    sort -u "$out" | tr '\n' ' ' | grep -q '^1.5 rose tulip $' ||
        complain "predicted: $(sort -u "$out")"
    works predict model data --score
    grep -q '^rose' "$out" || complain "score: $(cat "$out")"
    cp model.labels kept
    echo >>model
    poison predict model data
    [ "$status" -eq 3 ] || grep -q 'another model' "$err" ||
        complain "an altered model: $status $(cat "$err")"
    works train data -o model
    sed -i '1s/.*/crc32 00000000/' model.labels
    poison predict model data
    [ "$status" -eq 0 ] && grep -q 'warning.*ignored' "$err" ||
        complain "strange names: $status $(cat "$err")"
    [ "$(sort -u "$out" | tr '\n' ' ')" = '0 1 2 ' ] || complain "without names: $(sort -u "$out")"
    sed 's/^rose/1/; s/^tulip/2/; s/^1.5/3/' data >numbers
    works train numbers -o model
    [ ! -e model.labels ] || complain "names of an earlier model are left"
    echo mine >model.labels
    works train numbers -o model
    [ "$(cat model.labels)" = mine ] || complain "a file that is no list of names was touched"
    rm model.labels
    poison train data
    [ "$status" -eq 0 ] && grep -q 'warning.*FILE.labels' "$err" ||
        complain "to a pipe: $(cat "$err")"
    printf 'a "quoted",1,2\nback\\slash,3,4\na "quoted",1,3\nback\\slash,3,5\n' |
        tr '"' "'" >odd.csv
    works train odd.csv -o model
    works predict model odd.csv
    same "$out" <(cut -d , -f 1 odd.csv) "odd names"
}

@test "scikit-learn's results on decimals with words as labels: all kernels, weights" {
    cp "$REFERENCE/words.csv" words.csv
    while IFS=$'\t' read -r name options kind values; do
        case $kind in
        iterations) works subproblems --data words.csv --train 130 $options; tail -n +2 "$out" |
            cut -f 4 >got ;;
        intercepts) works subproblems --data words.csv --train 130 $options; tail -n +2 "$out" |
            cut -f 7 >got ;;
        rows) works support --data words.csv --train 130 $options; tail -n +2 "$out" |
            cut -f 1 >got ;;
        coef0) works support --data words.csv --train 130 $options; tail -n +2 "$out" |
            cut -f 3 >got ;;
        coef1) works support --data words.csv --train 130 $options; tail -n +2 "$out" |
            cut -f 4 >got ;;
        predictions) works predictions --data words.csv --train 130 --test 50 -n 50 $options; tail \
            -n +2 "$out" | cut -f 2 >got ;;
        esac
        tr '|' '\n' <<<"$values" >expected
        case $kind in
        coef* | intercepts) paste got expected |
            awk -F '\t' '{ d = $1 - $2; if (d > 1e-6 || d < -1e-6 || NF != 2) exit 1 }' ||
            complain "$name: $kind are off by more than 1e-6" ;;
        *) same got expected "$name: $kind" ;;
        esac
    done < <(tail -n +2 "$REFERENCE/words.tsv")
}

@test "folds: out-of-fold predictions are those of models that did not see the row; grid marks the best" {
    cloud 90 3 'x y z' 8 >data
    works train data -v 4 -o oof -g 0.7 --seed 3
    printf 'folds\trows\tcorrect\taccuracy\n' | cmp -s - <(head -n 1 "$out") ||
        complain "$(cat "$out")"
    correct=$(awk -F '\t' 'NR > 1 && $2 == $3 { n++ } END { print n + 0 }' oof)
    [ "$(tail -n 1 "$out" | cut -f 1-3 | tr '\t' ' ')" = "4 90 $correct" ] ||
        complain "accuracy: $(cat "$out"), $correct"
    works grid data -v 4 --seed 3 -c 1,100 -g 0.7,0.01
    [ "$(wc -l <"$out")" -eq 5 ] && [ "$(cut -f 6 "$out" | grep -c '^1$')" -eq 1 ] ||
        complain "grid: $(cat "$out")"
    awk -F '\t' -v n="$correct" 'NR > 1 && $1 == 1 && $2 == 0.7 { found = $3 == n }
        END { exit !found }' "$out" ||
        complain "grid and -v differ: $(cat "$out")"
    awk -F '\t' 'NR > 1 { if ($3 > most) most = $3; if ($6) marked = $3 }
        END { exit marked != most }' "$out" || complain "not the best"
    cp "$out" expected
    for threads in 1 3; do
        works grid data -v 4 --seed 3 -c 1,100 -g 0.7,0.01 -j $threads
        same "$out" expected "-j $threads"
    done
    # One fold by hand: what the other rows' model calls it.
    awk -F '\t' 'NR > 1 { print $1 "\t" $2 }' oof >rows
    works train data -v 90 -o loo -g 0.7
    for row in 0 41 89; do
        { printf 'row\tfrom\tto\n'; awk -F '\t' -v r=$row '$1 == r {
            print r "\t" $2 "\t-" }' rows; } >without
        works train data --flips without -g 0.7 -o model
        sed -n "$((row + 1))p" data >one
        works predict model one
        [ "$(cat "$out")" = "$(awk -F '\t' -v r=$row '$1 == r { print $3 }' loo)" ] ||
            complain "row $row by its own model"
    done
    refuses 3 'two classes' train data -v 2 --train 2
    refuses 3 '91 folds: .*only 90' train data -v 91
    refuses 3 '91 folds' grid data -v 91
}

@test "folds: one whose other rows are of one class, classes of one row" {
    { for k in {1..20}; do echo "a,$((k * k % 17)),$((k % 7))"; done; echo b,3,90; } >rows.csv
    poison train rows.csv -v 5 -o oof
    [ "$status" -eq 0 ] && [ "$(tail -n 1 "$out")" = "$(printf '5\t21\t20\t0.952381')" ] ||
        complain "$(cat "$out" "$err")" # as svm-train's
    [ "$(grep -cE 'fold [1-5] of 5: all .* labelled a|1 of 2 classes .*: b$' "$err")" -eq 2 ] ||
        complain "$(cat "$err")"
    [ "$(tail -n 1 oof)" = "$(printf '20\tb\ta')" ] || complain "$(tail -n 1 oof)"
    seq 1 12 | sed 's/.*/c&,&/' >singles.csv
    poison grid singles.csv -c 1,10
    [ "$(tail -n 1 "$out" | cut -f 3)" = 0 ] && [ "$(wc -l <"$err")" -eq 1 ] &&
        grep -q '12 of 12 classes .*: c1, c10, c11, c12, c2, c3, c4, c5 and 4 more$' "$err" ||
        complain "$(cat "$out" "$err")"
    sed 's/b/a/' rows.csv >one.csv
    refuses 3 'hold one class only: at least two' train one.csv -v 5
}

# Sixty rows sorted by class, far apart; the number of each is its feature.
sorted() { awk 'BEGIN { for (k = 0; k < 60; k++)
    print substr("abc", int(k / 20) + 1, 1) "," k + 200 * int(k / 20) }'; }

@test "a file sorted by class: splits that lack a class say so, --shuffle mixes" {
    sorted >rows.csv
    poison score --data rows.csv --test 20
    grep -q '^poison: warning: 20 of 20 test rows .*--shuffle.*: c$' "$err" &&
        grep -q '^poison: warning: the 20 test rows lack .*: a, b$' "$err" ||
        complain "$(cat "$err")"
    poison audit --data rows.csv --train 40 --validate 20 --method shapley
    grep -q '^poison: warning: 20 of 20 validation rows .*: c$' "$err" || complain "$(cat "$err")"
    works score --data rows.csv --test 20 --shuffle
    [ "$(awk 'NR > 1 { n += $2 } END { print n }' "$out")" -eq 20 ] || complain "$(cat "$out")"
    # a permutation, by --seed; as of a file whose rows stand in that order; nothing else moves
    works train rows.csv --shuffle --seed 3 -v 60 -o oof
    cut -f 2 oof | tail -n +2 >order
    works train rows.csv --shuffle --seed 3 -v 60 -o oof -j 1
    cut -f 2 oof | tail -n +2 | cmp -s - order || complain "another order with -j 1"
    works train rows.csv --shuffle --seed 4 -v 60 -o oof
    cut -f 2 oof | tail -n +2 | cmp -s - order && complain "seeds 3 and 4 are alike"
    [ "$(sort order | uniq -c | awk '{ print $1 $2 }' | tr '\n' ,)" = 20a,20b,20c, ] ||
        complain "$(sort order | uniq -c)"
    works attack --data rows.csv --shuffle --seed 3 --flip b:c:5
    cp "$out" flips
    works counts --data rows.csv --shuffle --seed 3 --flips flips
    refuses 3 'flips' counts --data rows.csv --flips flips
    works data --data rows.csv --shuffle --provenance
    grep -q ' shuffle=yes ' "$out" || complain "$(head -n 1 "$out")"
    works sweep --data rows.csv --shuffle --test 20 --pairs a:b --doses 0,3 -o journal
    grep -q '^# .* shuffle=1' journal || complain "$(head -n 1 journal)"
}

@test "--shuffle: folders, images and the built-in digits keep their labels" {
    works data --data synthetic --train 60 --test 20 --export set
    for data in set synthetic; do
        works show --data $data --train 60 --test 20 -n 60
        cp "$out" plain
        works show --data $data --train 60 --test 20 --shuffle -n 60
        cmp -s "$out" plain && complain "$data: nothing moved"
        works counts --data $data --train 60 --test 20
        cp "$out" expected
        works counts --data $data --train 60 --test 20 --shuffle
        same "$out" expected "$data"
    done
    # a model of mixed rows calls all rows what they are
    works score --data set --train 60 --test-data set/train-images-idx3-ubyte -c 100 --shuffle
    [ "$(awk 'NR > 1 { n += $3 } END { print n }' "$out")" -eq 0 ] || complain "$(cat "$out")"
}

@test "--max-iter warns, and ends where scikit-learn does" {
    poison score $DIGITS --max-iter 5
    [ "$status" -eq 0 ] && grep -q '^poison: warning: 45 of 45 machines' "$err" ||
        complain "$(cat "$err")"
    works score $DIGITS --max-iter 5 -q
    works score $DIGITS --max-iter 1000000
}

@test "models that are none, or not whole: one sentence with the line" {
    cloud 40 3 '1 2 3' 9 >data
    works train data -o good
    while IFS='|' read -r pattern script; do
        sed "$script" good >bad
        refuses 3 "bad.*$pattern" predict bad data
    done <<'END'
svm_type|/^svm_type/d
:1: .*nu_svr|1s/.*/svm_type nu_svr/
:2: .*precomputed|2s/.*/kernel_type precomputed/
gamma|/^gamma/d
a second time|/^gamma/p
number.*nan|s/^gamma.*/gamma nan/
number.*0x1p3|s/^gamma.*/gamma 0x1p3/
number|s/^nr_class.*/nr_class 257/
number|s/^nr_class.*/nr_class 0/
total_sv|s/^total_sv.*/total_sv 100000000/
number|s/^total_sv.*/total_sv 1e300/
more than|s/^rho.*/& 1/
number|s/^rho.*/rho 1 2/
twice|s/^label.*/label 1 1 3/
nr_sv|s/^nr_sv.*/nr_sv 1 1 1/
no line SV|/^SV/,$d
support vectors|$d
INDEX:VALUE|$s/$/ 7/
out of order|$s/$/ 1:1/
number|$s/$/ 9:inf/
number|$s/$/ 9:1e999/
number|s/^rho.*/rho 1e999 1 1/
zebra|3s/^/zebra 3\n/
END
    : >bad
    refuses 3 'bad' predict bad data
    head -c 300 /dev/urandom >bad
    refuses 3 'bad' predict bad data
    refuses 3 'nowhere' predict nowhere data
    works train data -t 1 -d 2000 -g 1e-9 -o high # as far as --degree goes
    works predict high data
}

@test "memory: a model that is wide, of many machines, or beside endless names" {
    needs_limits
    cloud 60 3 'rose tulip' 11 >data
    cloud 9 3 '1 2' 11 >plain
    works train data -o model
    printf 'rose 1:1 4000000:0.5\n' >wide
    ulimit -v 1500000
    refuses 4 'support vectors and 1 rows of 4000000 features need .*--memory' predict model wide \
        -m 200
    truncate -s 1T model.labels
    refuses 4 'model.labels: .*--memory' predict model data
    rm model.labels
    mkfifo model.labels # nobody writes to it
    poison predict model data
    [ "$status" -eq 0 ] && grep -q 'warning.*ignored' "$err" ||
        complain "a pipe of names: $status $(cat "$err")"
    {
        printf 'svm_type c_svc\nkernel_type linear\nnr_class 256\ntotal_sv 4000\nlabel'
        printf ' %d' {1..256}
        printf '\nnr_sv 3745'
        printf ' 1%.0s' {2..256}
        printf '\nrho'
        printf ' 0%.0s' {1..32640}
        printf '\nSV\n'
        yes "$(printf '0 %.0s' {1..255})" | head -n 4000
    } >many
    refuses 4 'support vectors' predict many plain -m 8
    works predict many plain -m 64
    cloud 2000 3 '1 2' 11 >rows # what all machines say of them takes 522 MB
    ulimit -v 700000
    works predict many rows -m 64 -j 1
}

# ROWS of a hundred labels
hundred() { awk -v rows="$1" 'BEGIN { srand(1);
    for (r = 0; r < rows; r++) print r % 100 "," int(99 * rand()) "," int(99 * rand()) }'; }

@test "rows that are predicted in pieces, for many machines and little memory: the same bits" {
    local what
    hundred 300 >train
    hundred 500 >rows
    works train train -o model
    for what in '' --decisions '--decisions --json' --score; do
        works predict model rows $what
        mv "$out" whole
        works predict model rows $what -m 8
        same whole "$out" "predict $what"
    done
    [ "$(wc -l <whole)" -eq 101 ] || complain "score: $(wc -l <whole) rows"
    hundred 1200 >rows
    refuses 4 '4950 machines say of 1200 rows takes.*--memory' score --data train --test-data rows \
        -m 8
    works score --data train --test-data rows -m 60
}

@test "decimals, 4100 rows: from a matrix, not a whole tile of products for a few rows; from little memory the same bits" {
    cloud 4100 4 'a b' 11 >many
    poison train many -e 0.5 -o model --timing
    grep -q '^kernel  ' "$err" || complain "4100 rows of decimals: $(grep '^kernel' "$err")"
    works train many -e 0.5 -o small -m 12
    same small model "-m 12"
}

@test "rows without labels, more than the support vectors' features: a warning that the first was taken for the label" {
    printf 'y,a,b,c\np,1,2,0\nq,3,1,0\np,1,3,0\nq,4,1,0\n' >train.csv
    printf '1,2,0\n3,1,0\n' >rows.csv
    works train train.csv -o model
    works predict model rows.csv # it knows its width,
    [ "$(paste -sd ' ' "$out")" = 'p q' ] || complain "a model of ours: $(cat "$out")"
    works predict model rows.csv --provenance
    [ "$(tail -n +2 "$out" | paste -sd ' ')" = 'p q' ] || complain "provenance: $(cat "$out")"
    sed -i '/^#/d' model # and this one, as LIBSVM writes it, does not
    sed -i "1s/.*/crc32 $(gzip -c model | tail -c 8 | od -An -N 4 -tx4 | tr -d ' ')/" model.labels
    poison predict model rows.csv
    [ "$status" -eq 0 ] && grep -q 'warning: rows.csv: the first column is taken .* --label' \
        "$err" || complain "$(cat "$err")"
    works predict model rows.csv --label none
    [ "$(paste -sd ' ' "$out")" = 'p q' ] || complain "--label none: $(cat "$out")"
    works predict model rows.csv -q
    works predict model train.csv
    sed 1d train.csv | cut -d , -f 1-3 >labelled.csv # guessed rightly
    works predict model labelled.csv
}

@test "kernel rows on demand for many labels: little memory, the same bits" {
    awk 'BEGIN { srand(1);
        for (r = 0; r < 2000; r++)
            print r % 250 "," int(99 * rand()) "," int(99 * rand()) "," rand() }' >data
    cut -d , -f 1-3 data >bytes
    for rows in data bytes; do
        works train $rows -o "whole-$rows" -j 1
        needs_limits
        (ulimit -v 700000; works train $rows -o small -m 4 -j 1) # 250 times 4 MiB would not do
        same small "whole-$rows" "$rows, -m 4"
    done
}

@test "features whose squares overflow are refused, not reckoned with; those just below are not" {
    printf '1,0,1\n1,1,0.5\n2,1e200,3\n2,4,-1e200\n' >huge.csv
    sed 's/e200/e152/' huge.csv >large.csv
    for kernel in rbf linear polynomial sigmoid; do
        refuses 3 'squared, sum up to inf' train huge.csv -t $kernel
    done
    works train large.csv -o model
    refuses 3 'squared, sum up to inf' predict model huge.csv
    refuses 3 'squared, sum up to inf' score --data large.csv --test-data huge.csv
    refuses 3 'kernel values up to 1e.304 do not fit single' train large.csv -t linear
    for isa in c "$(levels | tail -n 1)"; do
        works predict model large.csv --decisions --isa "$isa"
        mv "$out" "said-$isa"
    done
    same said-c "said-$isa" "--isa $isa"
    printf '1 1:1 2:1\n2 1:1e152 2:3\n' >rows
    works train <(printf '1 1:1 2:2\n2 1:2 2:1\n') -t linear -o model
    works predict model <(head -n 1 rows)
    refuses 3 'kernel values up to 1e.304 do not fit double' predict model rows
}

@test "few rows of very many features: their copies count as memory, and no more is taken" {
    printf '1 1:0.5 400000:0.5\n2 1:0.7\n' >wide
    refuses 4 'copies of rows.*--memory' train wide -m 10
    works train wide -m 20 -o model
    [ "$(sed -n 's/^total_sv //p' model)" = 2 ] || complain "$(head model)"
    printf '1 1:5 3000000:7\n2 1:200\n' >bytes # as floats 12 MB a row
    refuses 4 'copies of rows.*--memory' train bytes -m 40
    needs_limits
    ulimit -v 800000 # not room for a batch of 256 rows
    works train bytes -m 60 -j 1 -o model
    works predict model bytes -m 80 -j 1
    [ "$(paste -sd ' ' "$out")" = '1 2' ] || complain "bytes: $(cat "$out")"
}
