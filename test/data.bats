#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# data - where the data are looked for, and what becomes of them in a folder of our own

load helper

# ---- where the data are looked for ----

lab() { status=0; "$POISON" lab --doses 1 "$@" >"$out" 2>"$err" </dev/null || status=$?; }
source_is() { # WHAT WORDS... for lab (its `# data` line) and for data
    local expected=$1
    shift
    lab "$@"
    grep -qF "# data source: $expected" "$out" ||
        complain "lab $*: expected $expected: $(head -n 1 "$out") $(cat "$err")"
    works data "$@"
    [ "$(sed -n 's/^source\t//p' "$out")" = "$expected" ] ||
        complain "data $*: expected $expected: $(grep source "$out")"
}

@test "without data, lab takes the built-in digits and says so; other commands stop and name the remedies" {
    for words in "" lab; do
        poison $words --train 300 --test 100 --doses 1
        [ "$status" -eq 0 ] || complain "exit $status"
        [ "$(wc -l <"$err")" -eq 1 ] && grep -q '^poison: .*built-in digits' "$err" ||
            complain "'$words' said: $(cat "$err")"
        grep -q '^# data source: synthetic' "$out" || complain "lab: no '# data' line says so"
    done
    works lab -q --train 300 --test 100 --doses 1
    cp "$out" expected
    works lab $DIGITS --doses 1
    same "$out" expected "lab and lab --data synthetic"
    rm expected
    for command in $(data_commands); do
        [ "$command" != lab ] || continue
        refuses 3 '\./build\.sh data.*--data synthetic|--data synthetic.*\./build\.sh data' \
            "$command"
    done
}

@test "--data, then POISON_DATA, then data/mnist, then the cache folder" {
    cache=$HOME/.cache/poison/mnist
    mkdir -p "$HOME/.cache/poison" data xdg/poison
    for folder in "$cache" xdg/poison/mnist data/mnist variable option; do
        "$POISON" data --data synthetic --train 60 --test 20 --export "$folder" >/dev/null
    done
    source_is option --data option
    source_is data/mnist
    POISON_DATA=variable source_is variable
    POISON_DATA=nowhere source_is option --data option
    POISON_DATA=synthetic source_is synthetic
    POISON_DATA= source_is data/mnist
    POISON_DATA= works counts --data option --train 20 --test 10 --provenance
    cp "$out" "$place/expected"
    works counts --data option --train 20 --test 10 --provenance
    same "$out" "$place/expected" "an empty POISON_DATA, as provenance has it"
    rm -r data/mnist
    source_is "$cache"
    XDG_CACHE_HOME= source_is "$cache"
    XDG_CACHE_HOME=$PWD/xdg source_is "$PWD/xdg/poison/mnist"
    rm -r "$cache"
    lab
    grep -q 'built-in' "$err" || complain "what lab took: $(head -n 1 "$out")"
}

@test "data that are named or found but cannot be used are an error, never a fallback" {
    mkdir empty
    for command in lab counts; do
        for bad in nowhere "$PWD/empty" /dev/null; do
            export POISON_DATA=$bad
            refuses 3 "$bad" $command
            unset POISON_DATA
            refuses 3 "$bad" $command --data "$bad"
        done
    done
    mkdir -p data/mnist
    refuses 3 data/mnist lab
}

# ---- data --export ----

@test "an exported folder gives the same tables, flips included, gzipped or not" {
    mkdir "$place/t"
    for c in predictions score counts confusion subproblems support; do
        works $c $DIGITS --flip 1:2:9 --flip 3:4:5
        cp "$out" "$place/t/$c"
    done
    cut -f 1,3 "$place/t/counts" >after
    works data $DIGITS --flip 1:2:9 --flip 3:4:5 --export set
    grep -vE '^(source|credit)' "$out" >data
    [ "$(ls set | tr '\n' ' ')" = \
        "$(printf '%s-ubyte ' t10k-{images-idx3,labels-idx1} train-{images-idx3,labels-idx1})" ] ||
        complain "--export wrote: $(ls set)"
    [ "$(od -An -tx1 -N 16 set/train-images-idx3-ubyte |
        tr -d " ")" = 000008030000012c0000001c0000001c ] || complain "another header"
    for form in plain gzipped points; do
        [ $form != gzipped ] || gzip set/*
        [ $form != points ] || for f in set/*; do mv "$f" "${f/-idx/.idx}"; done
        for c in predictions score confusion subproblems support; do
            works $c --data set
            same "$out" "$place/t/$c" "$form: $c"
        done
        works counts --data set
        cut -f 1,2 "$out" | tail -n +2 | cmp -s - <(tail -n +2 after) ||
            complain "$form: the labels after the flips differ"
        works data --data set
        same <(grep -vE '^(source|credit)' "$out") data "$form: data"
    done
    # over another one; plain files come before gzipped ones
    works data --data synthetic --train 250 --test 50 --export set
    works data --data set
    grep -q $'^train_rows\t250$' "$out" || complain "exported over another: $(grep rows "$out")"
}

@test "a failed --export leaves no folder that it made, and others as they were" {
    works data --data synthetic --train 20 --test 10 --export old
    cp -r old before
    export_limited() { # test rows are too many for 64 KiB a file: the third file fails
        status=0
        (trap '' XFSZ; ulimit -f 64; "$POISON" data --data synthetic --train 50 --test 200 \
            --export "$1" >"$out" 2>"$err") || status=$?
        [ "$status" -eq 3 ] && grep -q "^poison: .*$1/t10k-images.*large" "$err" ||
            complain "--export $1: exit $status: $(cat "$err")"
    }
    export_limited new
    export_limited old
    diff -r old before >"$place/diff" || complain "old: $(cat "$place/diff")"
    mkdir empty
    export_limited empty
    [ "$(ls -A . empty)" = $'.:\nbefore\nempty\nold\n\nempty:' ] ||
        complain "left: $(ls -A . empty)"
}

@test "build.sh data: a mirror that sends too much, or what inflates without end, is given up soon" {
    mkdir bin
    head -c 100000000 /dev/zero | gzip -1 >zeros.gz
    for ((k = 0; k < 40; k++)); do cat zeros.gz; done >bomb.gz # 4 GB
    cat >bin/curl <<'END'
#!/bin/bash
while [ "$1" != -o ]; do shift; done
if [ "$SENDS" = bomb ]; then exec cp bomb.gz "$2"; fi
head -c 60000000 /dev/zero >"$2" || { touch limited; exit 23; }
END
    chmod +x bin/curl
    for SENDS in bomb endless; do
        export SENDS
        begun=$EPOCHREALTIME status=0
        PATH=$PWD/bin:$PATH timeout -s KILL 60 "$BATS_TEST_DIRNAME/../build.sh" data >"$out" \
            2>"$err" || status=$?
        late=$(since "$begun")
        [ "$status" -eq 3 ] && [ "$(wc -l <"$err")" -eq 2 ] && [ "${late%.*}" -lt 15 ] ||
            complain "$SENDS: exit $status after $late s: $(cat "$err")"
        [ ! -e "$HOME/.cache/poison" ] || complain "$SENDS left: $(ls -A "$HOME/.cache/poison")"
    done
    [ -e limited ] || complain "what is fetched may have any size"
}

@test "images do not depend on how many are asked for; training and test images are others" {
    works data --data synthetic --train 500 --test 500 --export large -j 2
    works data --data synthetic --train 50 --test 20 --export small -j 1
    for name in train-images-idx3-ubyte t10k-images-idx3-ubyte train-labels-idx1-ubyte \
        t10k-labels-idx1-ubyte; do
        size=$(($(stat -c %s small/$name) - 16))
        cmp -n "$size" -i 16 small/$name large/$name || complain "$name: others in a larger set"
    done
    pictures() { od -An -v -tx1 -w784 -j 16 $1 | sort; }
    [ "$(pictures large/train-images-idx3-ubyte | uniq | wc -l)" -eq 500 ] ||
        complain "a training image occurs twice"
    [ -z "$(comm -12 <(pictures large/train-images-idx3-ubyte) \
        <(pictures large/t10k-images-idx3-ubyte))" ] ||
        complain "a test image is also a training image"
}
