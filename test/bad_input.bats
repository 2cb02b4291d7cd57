#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bad_input - whatever is wrong is answered with one sentence, the right exit code, and nothing on
# standard output
#
# Tables of rows "CODE | PATTERN | WORDS"; refuses_all (helper.bash) says what being refused means.
# ; in a pattern is "or".

load helper

# A folder of data, set/: 60 training images, 20 test images of 28 x 28; $ones of the 60 are 1's.
make_set() {
    "$POISON" data --data synthetic --train 60 --test 20 --export set >/dev/null
    ones=$("$POISON" counts --data set | awk '$1 == 1 { print $2 }')
    [ "$ones" -gt 0 ]
}

@test "nonsense in an option" {
    refuses_all <<'END'
2 | --cost 0: .*above 0 | score -c 0
2 | --cost | score --cost=-1
2 | --cost | score -c nan
2 | --cost | score -c inf
2 | --cost | score -c 1e999
2 | --cost | score -c 1x
2 | --cost | score -c ''
2 | --cost | score -c 1,5
2 | --gamma 0: .*scale, auto | score -g 0
2 | --gamma | score -g -1
2 | --gamma | score -g nan
2 | --gamma | score -g -inf
2 | --gamma | score -g Scale
2 | --gamma | score -g ''
2 | --tolerance | score -e 0
2 | --tolerance | score -e -0.1
2 | --tolerance | score -e nan
2 | --tolerance | score -e inf
2 | --threads | score -j 0
2 | --threads | score -j -2
2 | --threads | score -j 1.5
2 | --threads | score -j 100000
2 | --threads | score -j two
2 | --isa.*c.*avx2 | score --isa sse9
2 | --isa | score --isa ''
2 | --isa | score --isa AVX2
2 | --train | score --train 0
2 | --train | score --train -5
2 | --train | score --train 1e3
2 | --train | score --train +5
2 | --train | score --train ' 5'
2 | --train | score --train 0x10
2 | --train 99999999999999999999: .*(most;large;below;less;up to) | score --train 99999999999999999999
2 | --test | score --test 0
2 | --test | score --test many
2 | --rows | predictions -n 0
2 | --rows | predictions --rows=-1
2 | --by both: .*predicted.*true | score --by both
2 | --by | score --by ''
2 | FROM:TO:COUNT | score --flip 1:2
2 | FROM:TO:COUNT | score --flip 1:2:3:4
2 | FROM:TO:COUNT | score --flip 1:2:
2 | FROM:TO:COUNT | score --flip a:b:c
2 | FROM:TO:COUNT | score --flip '"a:b:3'
2 | FROM:TO:COUNT | score --flip '"a"b:2:3'
2 | FROM:TO:COUNT | score --flip 1:2:-3
2 | FROM:TO:COUNT | score --flip 1:2:1.5
2 | FROM:TO:COUNT | score --flip ''
2 | --flip 1:1:3: .*same | score --flip 1:1:3
2 | FROM:TO | --pair 1
2 | FROM:TO | --pair 1:2:3
2 | --pair 2:2: .*same | --pair 2:2
2 | --doses | --doses ''
2 | --doses | --doses 1,
2 | --doses | --doses 1,,2
2 | --doses | --doses '10;30'
2 | --doses | --doses -1
2 | --data | score --data ''
2 | --output;-o | score -o ''
2 | --export | data --export ''
2 | needs a value | score --flip
2 | needs a value | score -c
2 | needs a value | score --data synthetic -o
2 | takes no value | score --timing=1
2 | takes no value | score --quiet=
2 | takes no value | -h --help=1
2 | --kernel-type cubic: .*linear, polynomial, rbf or sigmoid | score -t cubic
2 | --kernel-type 4 | score -t 4
2 | --kernel-type | score -t ''
2 | --kernel-type | score --kernel-type=-1
2 | --kernel-type | score -t RBF
2 | --degree 0: .*at least 1 | score -d 0
2 | --degree | score -d 2.5
2 | --degree | score -d -1
2 | --degree 99999999: at most | score -d 99999999
2 | --coef0 | score -r nan
2 | --coef0 | score -r -inf
2 | --coef0 | score -r ''
2 | --coef0 | score -r 1,5
2 | --weight 1: .*LABEL:W | score -w 1
2 | --weight :2: .*LABEL:W | score -w :2
2 | --weight .*LABEL:W | score -w ''
2 | --weight .*LABEL:W | score -w 1:
2 | --weight 1:0: .*above 0 | score -w 1:0
2 | --weight 1:-2: .*above 0 | score -w1 -2
2 | --weight .*LABEL:W | score -w '"a:2'
2 | --weight .*LABEL:W | score -w '"":2'
2 | --weight .*LABEL:W | score -w '"a"b:2'
2 | --weight: 1 is named twice | score -w 1:2 -w1 3
2 | -w1 needs a value: W | score -w1
2 | --max-iter | score --max-iter 0
2 | --max-iter | score --max-iter none
2 | --format pdf: .*libsvm, csv, tsv or idx | score --format pdf
2 | --format | score --format 1
2 | --label | score --label ''
2 | --test-data | score --test-data ''
2 | --folds 1: .*at least 2 | train -v 1
2 | --folds | grid -v ''
2 | --folds 4294967298: at most 1000000 | grid -v 4294967298
2 | --folds 2147483649: at most | train -v 2147483649
2 | --cost | train -c 1,10
2 | --cost .*0.01:100:10 | grid -c ''
2 | --cost | grid -c 1,
2 | --cost | grid -c 1,,2
2 | --cost | grid -c 0
2 | --cost | grid -c 1,-1
2 | --cost | grid -c scale
2 | --cost | grid -c 1:10
2 | --cost | grid -c 10:1:2
2 | --cost | grid -c 1:10:1
2 | --cost | grid -c 1:10:0.5
2 | --cost | grid -c 0:10:2
2 | --cost | grid -c 1:inf:2
2 | --cost | grid -c 1:10:nan
2 | --cost | grid -c 1:10:2:3
2 | --cost | grid -c 1:1e300:1.0001
2 | --cost: 1 is named twice | grid -c 1,2,1.0
2 | --cost: 1 is named twice | grid -c 0.1:10:10,1
2 | --gamma | grid -g scale,Auto
2 | --gamma | grid -g 0
END
}

@test "what LIBSVM serves and we do not" {
    refuses_all <<'END'
2 | --svm-type 3: only 0, C-SVC, is served.*3 is epsilon-SVR | train -s 3 digits.csv
2 | --svm-type 1: .*1 is nu-SVC | train -s1 digits.csv
2 | --svm-type 5: expected 0 | grid -s 5 digits.csv
2 | --probability 1: only 0 is served.*--decisions | train -b 1 digits.csv
2 | --probability 1: only 0 is served | predict -b 1 digits.model digits.csv
2 | --probability yes: expected 0 | train -b yes digits.csv
2 | -h 0: .*--no-shrinking | train -h 0 digits.csv
2 | -h 1: .*--no-shrinking | train -h1 digits.csv
2 | -p | train -s 0 -p 0.1 digits.csv
END
}

@test "operands that are missing, too many, or at odds with options" {
    refuses_all <<'END'
2 | MODEL is missing: .*predict MODEL DATA | predict
2 | DATA is missing: .*predict MODEL DATA | predict digits.model
2 | unexpected 'labels' after 'digits.csv': .*takes MODEL DATA | predict digits.model digits.csv labels
2 | unexpected 'digits.model' after 'digits.csv': .*takes \[DATA\] | train digits.csv digits.model
2 | unexpected 'b' | grid a b
2 | unexpected 'b' after 'a': .*takes FILE | data check a b
2 | FILE is missing: .*data check FILE | data check
2 | not an empty word | train ''
2 | not an empty word | predict digits.model ''
2 | '-' stands twice | predict - -
2 | '-' stands twice | train - --flips -
2 | '-' stands twice | score --data - --test-data -
2 | --data set and 'digits.csv' | train --data set digits.csv
2 | --decisions and --score | predict --score --decisions digits.model digits.csv
2 | --json: .*prints a model.*-v N | train --json digits.csv
2 | --no-header: .*-v N | train digits.csv --no-header
2 | --provenance: .*-v N | train digits.csv --provenance
2 | --cost is not an option of 'predict': .*the commands that read data | predict -c 1 digits.model digits.csv
2 | --rows is not an option of 'train': .*predictions.*explain | train -n 5 digits.csv
2 | --folds is not an option of 'score': .*grid, train | score -v 5
2 | --json is not an option of 'help' | help --json
2 | --data is not an option of 'data check' | data check --data set a
2 | is missing: .*completions bash.zsh | completions
2 | completions fish: expected bash or zsh | completions fish
2 | unexpected 'zsh' | completions bash zsh
2 | unknown command 'zebra' | help zebra
2 | unexpected 'score' after 'train' | help train score
2 | unexpected 'x' after 'check' | help data check x
2 | --man: .*without 'train' | help --man train
END
}

@test "unknown words, words too many, options of another command" {
    refuses_all <<'END'
2 | unknown command 'zebra' | zebra
2 | unknown command '' | ''
2 | unknown command '-' | -
2 | unknown command '--data' | -- --data
2 | unknown command | -h zebra
2 | unknown option | score -h --zebra
2 | unknown option '-z' | score -z
2 | unknown option '--' | score --=1
2 | unexpected 'score' | counts score
2 | unexpected 'synthetic' | counts synthetic
2 | unexpected '--data' | -- counts --data synthetic
2 | --pair is not an option of 'score' | score --pair 1:2
2 | --export is not an option of 'counts' | counts --export folder
2 | --flip is not an option of 'lab' | --flip 1:2:3
2 | -n.*--rows;--rows | score -n 5
2 | --cost | score --data nowhere -c 0
2 | unknown.*zeb | $'zeb\nra'
2 | --flip | score --flip $'1:2\n3'
3 | nowhere | score --data $'nowhere\nat all'
3 | nowhere.*No such file | score --data $(printf 'nowhere/%.0s' {1..200})
END
}

@test "what the data contradict" {
    make_set
    more=$((ones + 1))
    label=$("$POISON" counts --data set --train 1 --test 20 | awk '$2 == 1 { print $1 }')
    other=$("$POISON" counts --data set --train 1 --test 20 |
        awk '$2 == 0 && $3 > 0 { print $1; exit }')
    refuses_all <<END
3 | --train 61: .*60 | score --data set --train 61
3 | --test 21: .*20 | score --data set --test 21
3 | --train 61: .*60 | score --data set --train 61 --test 20
3 | --test 21: .*20 | score --data set --train 60 --test 21
3 | --train 1000000000000: .*60 | score --data set --train 1000000000000
3 | -n 21: .*20 | predictions --data set -n 21
3 | 1:2:$more: .*only $ones | counts --data set --flip 1:2:$more
3 | only 0 | counts --data set --flip 1:2:$ones --flip 1:3:1
3 | only 1 of | counts --data set --train 1 --test 20 --flip $label:$other:2
3 | 77 occurs nowhere | counts --data set --flip 77:1:1
3 | -1 occurs nowhere | counts --data set --flip -1:2:3
3 | 1 occurs nowhere | counts --data set --flip ' 1:2:3'
3 | 256 occurs nowhere | counts --data set --flip 1:256:3
3 | 300 occurs nowhere | lab --data set --pair 1:300
3 | two occurs nowhere | lab --data set --pair 1:two
3 | 77 occurs nowhere | counts --data set --flip 1:77:1
3 | 77 occurs nowhere | counts --data set --flip 1:77:0
3 | only $ones | lab --data set --doses 1,$more
3 | 77 occurs nowhere | lab --data set --pair 1:77 --doses 1
END
    # fewer than the defaults are no mistake, not even beside a number that was asked for
    works counts --data set
    works counts --data set --train 50
    works counts --data set --test 10
}

@test "fewer than two classes" {
    make_set
    rows=$("$POISON" counts --data set |
        awk 'NR > 1 && $1 > 0 { printf " --flip %d:0:%d", $1, $2 }')
    for command in predictions score confusion subproblems support; do
        refuses 3 'two classes' $command --data set $rows
        refuses 3 'two classes' $command --data set --train 1 --test 20
    done
    refuses 3 'two classes' lab --data set --train 1 --test 20 --doses 0 --pair 0:1
    # Two classes, one of them emptied by the last dose: nothing may have been printed by then.
    works data --data set $(sed 's/--flip 1:0:[0-9]*//' <<<"$rows") --export two
    refuses 3 'two classes' lab --data two --pair 1:0 --doses "1,$ones"
}

@test "too little memory: exit 4, and how much was needed" {
    needs_limits
    refuses 4 'memory.*[0-9.]+ [MG]iB' counts --data synthetic --train 1000000000000
    ulimit -v 1000000
    refuses 4 'memory.*[0-9.]+ [MG]iB' counts --data synthetic --train 2000000
}

@test "an output that cannot be written" {
    make_set
    mkdir folder
    echo old >old
    ln -s nowhere/file dangling
    ln -s loop loop
    refuses_all <<'END'
3 | nowhere/file: .*No such | counts --data set -o nowhere/file
3 | folder: .*directory;folder: .*folder | counts --data set -o folder
3 | folder | counts --data set -o folder/
3 | old/file: .*directory | counts --data set -o old/file
3 | fresh/ | counts --data set -o fresh/
3 | /proc/version | counts --data set -o /proc/version
3 | /proc/poison | counts --data set -o /proc/poison
3 | dangling | counts --data set -o dangling
3 | loop: | counts --data set -o loop
3 | old | data --data set --export old
3 | nowhere/folder: .*No such | data --data set --export nowhere/folder
3 | /proc/poison | data --data set --export /proc/poison
END
    [ "$(cat old)" = old ] || complain "the old file changed"
    # as long as a name may be; the temporary one beside it must fit as well
    long=$(printf 'x%.0s' {1..255})
    works counts --data set -o "$long"
    if [ "$(id -u)" -ne 0 ]; then # root may write anywhere
        chmod 555 folder
        chmod 444 old
        refuses 3 'folder/file: .*denied' counts --data set -o folder/file
        refuses 3 'old: .*denied' counts --data set -o old
        chmod 000 set/train-labels-idx1-ubyte
        refuses 3 'train-labels-idx1-ubyte: .*denied' counts --data set
    fi
}
