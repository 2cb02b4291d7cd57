#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# formats - the same data in every format; what files may look like, and what is refused, with its
# line

load helper

# The built-in digits, TRAIN + TEST rows: table.txt, one row a line, its label and then its pixels,
# separated by blanks. The first and the last pixel are not 0 everywhere, so that LIBSVM's text has
# as many columns, from 1 or from 0.
make_table() { # TRAIN TEST
    "$POISON" data --data synthetic --train "$1" --test "$2" --export set >/dev/null
    for name in train t10k; do
        paste -d ' ' <(od -An -v -tu1 -w1 -j 8 set/$name-labels-idx1-ubyte) \
            <(od -An -v -tu1 -w784 -j 16 set/$name-images-idx3-ubyte)
    done | awk '{ $1 = $1; if (NR == 3) { $NF = 7; $2 = 1 } print }' >table.txt
}
sparse() { # BASE: index of the first pixel
    awk -v base="$1" '{ printf "%s", $1;
        for (k = 2; k <= NF; k++) if ($k) printf " %d:%s", k - 2 + base, $k; print "" }' table.txt
}
named() { awk '{ if (NR == 1) { printf "class"; for (k = 2; k <= NF; k++) printf " p%d", k - 1;
    print "" } print }' table.txt; }

@test "the same data in every format, gzipped and from pipes: the same bytes" {
    make_table 300 100
    sparse 1 >a.libsvm
    sparse 0 >zero.libsvm
    { echo '# made by hand'; sed 's/$/ # an image/; 7s/$/\n\n   /' a.libsvm; } >comments.libsvm
    tr ' ' , <table.txt >a.csv
    named | tr ' ' , >header.csv
    named | tr ' ' ';' >semicolon.csv
    named | tr ' ' '\t' >a.tsv
    { printf '\xEF\xBB\xBF'; named |
        awk -v OFS=, '{ for (k = 3; k <= NF; k += 3) $k = " \"" $k "\" "; $1 = $1;
            print $0 "\r" }'; } >quoted.csv
    awk '{ a = $1; $1 = ""; print substr($0, 2) " " a }' table.txt | tr ' ' , >last.csv
    awk -v OFS=, '{ for (k = 2; k <= NF; k++) $k = sprintf(k % 3 ? "%.1f" : "%de0", $k); $1 = $1;
        print }' table.txt >spelled.csv
    mkdir "$place/t"
    for c in score subproblems support; do
        works $c --data a.csv --test 100
        cp "$out" "$place/t/$c"
        [ "$(wc -l <"$out")" -gt 10 ] || complain "$c: no table"
        for file in *.libsvm header.csv semicolon.csv a.tsv quoted.csv spelled.csv; do
            works $c --data $file --test 100 -j 2
            same "$out" "$place/t/$c" "$c, $file"
        done
        works $c --data last.csv --test 100 --label last
        same "$out" "$place/t/$c" "$c, the label last"
    done
    for file in *.libsvm a.csv a.tsv; do
        gzip -k $file
        works score --data $file.gz --test 100
        same "$out" "$place/t/score" "$file.gz"
        for stream in "cat $file" "gzip -c $file" "cat $file.gz"; do
            $stream | "$POISON" score --data - --test 100 >"$out" 2>"$err" ||
                complain "$stream |: $(cat "$err")"
            same "$out" "$place/t/score" "$stream |"
        done
        works score --data <(cat $file) --test 100
        same "$out" "$place/t/score" "<(cat $file)"
    done
    cat <(head -n 150 a.csv | gzip) <(tail -n +151 a.csv | gzip) >members.gz
    works score --data members.gz --test 100
    same "$out" "$place/t/score" "a gzip file of two members"
    head -n 300 a.csv >train.csv
    tail -n 100 a.libsvm >test.libsvm
    tail -n 100 header.csv >test.csv
    for test in test.libsvm test.csv; do
        works score --data train.csv --test-data $test
        same "$out" "$place/t/score" "--test-data $test"
    done
    # rows without a shape are images one pixel high
    works data --data a.csv --test 100 --export exported
    for data in exported exported/train-images-idx3-ubyte; do
        works score --data $data --test-data exported/t10k-images-idx3-ubyte --test 100
        same "$out" "$place/t/score" "exported: $data"
    done
    gzip exported/train-labels*
    works score --data exported/train-images-idx3-ubyte --test-data test.csv
    same "$out" "$place/t/score" "images beside gzipped labels"
}

@test "labels: words, decimals and negative numbers; one class has one value" {
    counts_are() { # EXPECTED FILE: labels' rows, in their order
        works counts --data "$2"
        [ "$(tail -n +2 "$out" | cut -f 2 | tr '\n' ' ')" = "$1 " ] ||
            complain "$2: expected $1: $(cat "$out")"
    }
    printf '1,5\n1.0,6\n2,7\n1e0,8\n0.01e2,9\n' >decimals
    counts_are '4 1' decimals
    printf '10,5\n9,6\n-1,7\n9,8\n+10.0,1\n-1,2\n-1,2\n' >order
    counts_are '3 2 2' order
    printf 'b,5\nab,6\n"b ",7\n1,8\nb,1\nab,3\n1.0,3\n' >words
    counts_are '1 1 2 3' words
    printf '"say ""a""",5\n"say ""a""",5\n"say ""b""",6\n' >quotes
    counts_are '2 1' quotes
    printf '+1 1:5\n-1 1:6\n1 1:7\n' >signs
    counts_are '1 2' signs
    awk 'BEGIN { for (k = 0; k < 256; k++) print k ".5," k }' >most
    works counts --data most
    awk 'BEGIN { for (k = 0; k < 257; k++) print k ".5," k }' >more
    refuses 3 'more: more than 256 different labels.*--label' counts --data more
    awk 'BEGIN { for (k = 0; k < 9999; k++) print k ".5," k }' >more
    refuses 3 'more: more than 256 different labels.*--label' counts --data more
}

@test "labels cannot command a terminal: control characters are shown, beyond ASCII too" {
    printf '%b\n' 'red\x1b[31m,1' 'c1\xc2\x9b31m,2' plain,3 plain,4 'c\x9b31m\xe9,5' \
        'r\xe2\x80\xae\xc3\xa9,6' >evil.csv
    works counts --data evil.csv
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$out" ||
        complain "raw: $(cat -v "$out")"
    printf 'c\\x9b31m\xe9\t\nr\\xe2\\x80\\xae\xc3\xa9\t\n' | LC_ALL=C grep -cFf - "$out" |
        grep -qx 2 || complain "$(cat -v "$out")"
    grep -qF 'c1\xc2\x9b31m' "$out" && grep -qF 'red\x1b[31m' "$out" || complain "$(cat -v "$out")"
    works counts --data evil.csv --flip 'c1\xc2\x9b31m:plain:1' # as it is printed
    works counts --data evil.csv --json
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$out" ||
        complain "raw JSON: $(cat -v "$out")"
    jq -e '.Correct' "$out" >/dev/null || complain "no JSON"
}

@test "which column is the label, and whether the first line is a header" {
    classes_are() { # HOW_MANY WORDS...
        local expected=$1
        shift
        works counts "$@"
        [ "$(($(wc -l <"$out") - 1))" -eq "$expected" ] ||
            complain "$*: expected $expected classes: $(cat "$out")"
    }
    printf 'size,Class,x\n1,a,5\n2,b,5\n3,a,5\n' >named.csv
    classes_are 2 --data named.csv
    printf 'size,kind,x\n1,1,5\n2,2,5\n3,1,5\n' >kind.csv
    classes_are 3 --data kind.csv
    classes_are 2 --data kind.csv --label kind
    classes_are 2 --data kind.csv --label 2
    classes_are 1 --data kind.csv --label last
    printf 'label,0,1,2\n3,1,5,6\n4,1,5,6\n' >numbers.csv # numbers that count the columns are names
    classes_are 2 --data numbers.csv
    printf 'y,0.5,7\nn,0.5,6\ny,0.5,6\n' >yes.csv # y is a label here
    works counts --data yes.csv
    [ "$(awk '{ n += $2 } END { print n }' "$out")" -eq 3 ] ||
        complain "a first line of data was swallowed: $(cat "$out")"
    refuses_all <<'END'
3 | kind.csv: no column is called 'sort': there are size, kind, x | counts --data kind.csv --label sort
3 | yes.csv: no column is called 'sort': the first line holds values | counts --data yes.csv --label sort
3 | kind.csv: --label 4: there are 3 columns | counts --data kind.csv --label 4
3 | kind.csv: --label 0: there are 3 columns | counts --data kind.csv --label 0
END
}

@test "how many rows; sets that disagree" {
    make_table 100 20
    tr ' ' , <table.txt >a.csv
    cut -d , -f 1-700 a.csv >narrow.csv
    awk -F , -v OFS=, '{ $2 = 0.5; print }' a.csv >double.csv
    rows_are() { # TRAIN TEST WORDS...
        local expected="$1 $2"
        shift 2
        works counts "$@"
        [ "$(awk 'NR > 1 { a += $2; b += $3 } END { print a, b }' "$out")" = "$expected" ] ||
            complain "$*: not $expected rows"
    }
    rows_are 120 0 --data a.csv
    rows_are 110 10 --data a.csv --test 10
    rows_are 30 10 --data a.csv --train 30 --test 10
    rows_are 120 7 --data a.csv --test-data a.csv --test 7
    rows_are 100 120 --data set --test-data a.csv
    rows_are 120 20 --data a.csv --test-data set
    rows_are 100 0 --data set/train-images-idx3-ubyte
    rows_are 90 10 --data set/train-images-idx3-ubyte --test 10
    rows_are 20 100 --data synthetic --train 20 --test-data set/train-images-idx3-ubyte
    works score --data a.csv --test-data double.csv
    works attack --data a.csv --flip 1:2:1:alfa --validate 60 --test 10
    refuses_all <<'END'
3 | a.csv: too few rows .120. for --train 120 and --test 1 | counts --data a.csv --train 120 --test 1
3 | a.csv: too few rows .120. for --train 121 | counts --data a.csv --train 121
3 | a.csv: too few rows .120. for any training rows and --test 120 | counts --data a.csv --test 120
3 | a.csv: too few rows .120. for any training rows and --validate 100 and --test 20 | attack --data a.csv --test 20 --validate 100 --flip 1:2:1:alfa
3 | a.csv: too few rows .120. for --test 121 | counts --data set --train 9 --test-data a.csv --test 121
3 | images-idx3-ubyte: too few rows .100. for --train 101 | counts --data set/train-images-idx3-ubyte --train 101
3 | narrow.csv: 699 features, but a.csv has 784 | counts --data a.csv --test-data narrow.csv
3 | whole numbers from 0 to 255 | data --data double.csv --export exported
2 | once | counts --data - --test-data -
END
    printf 'a,1\nb,2\n' >words.csv
    refuses 3 "label 'a' cannot be written" data --data words.csv --export exported
    awk '{ print $1 - 1 "," $2 }' table.txt >negative.csv
    refuses 3 "label '-1' cannot be written" data --data negative.csv --export exported
}

@test "test rows of other columns: padded, and gamma stays" {
    printf '1 1:1 2:0.5\n2 2:1\n1 1:0.3\n' >train.libsvm
    printf '1 1:1 2:0.5 5:0\n2 2:1\n' >wide.libsvm
    printf '1 0:1 1:0.5\n2 1:1\n' >zero.libsvm # columns 0 and 1: another base
    printf '1 1:1 2:0.5\n2 2:1\n' >same.libsvm
    for test in wide zero; do
        for gamma in scale auto; do
            works subproblems --data train.libsvm --test-data same.libsvm --gamma $gamma
            cp "$out" "$place/support"
            works subproblems --data train.libsvm --test-data $test.libsvm --gamma $gamma
            same "$out" "$place/support" "$test, gamma $gamma"
        done
    done
    # the last row is not in use, but has the greatest index
    printf '1 1:1 2:0.5\n2 2:1\n1 5:3\n' >rest.libsvm
    works subproblems --data rest.libsvm --train 2 --gamma auto
    cp "$out" "$place/support"
    works subproblems --data rest.libsvm --train 2 --gamma 0.2
    same "$out" "$place/support" "d is that of the whole file"
}

@test "what is wrong with a text, with its line" {
    wrong() { # PATTERN: standard input is what is wrong with it
        cat >"bad"
        refuses 3 "bad$1" counts --data bad
        for threads in 1 2; do
            "$POISON" counts --data - -j $threads <bad >"$out" 2>"$err" && complain "taken: $1"
            grep -qE "^poison: standard input$1" "$err" ||
                complain "from standard input: expected /$1/: $(cat "$err")"
        done
    }
    wrong ':2: field 3 .b. is missing .*leave such rows out' <<<$'y,a,b\n1,2,\n1,2,3'
    for mark in '?' NA N/A null; do wrong ":3: field 2 is missing \('.*'\)" \
        <<<$'1,2\n1,3\n2,'"$mark"; done
    wrong ':2: field 3 is NaN' <<<$'1,2,3\n1,2,nan'
    for infinity in inf -Inf +infinity; do wrong ':2: field 3 is infinite' \
        <<<$'1,2,3\n1,2,'"$infinity"; done
    wrong ":2: field 3: '1e999' is too large" <<<$'1,2,3\n1,2,1e999'
    wrong ":1: field 2: 'two' is not a number \(if it is the label: --label 2\)" \
        <<<$'1,two,3\n1,2,3'
    wrong ":2: field 3 .kind.: 'b' is not a number .if it is the label: --label 3.$" \
        <<<$'x,z,kind\n1,2,b\n1,2,a'
    wrong ":2: field 1 .x.: 'b' is not a number$" <<<$'x,y\nb,1\n2,2'
    wrong ":2: field 2: 'aaaaaaaaaaaaaaaaaaaa' is not" <<<$'1,2,3\n1,aaaaaaaaaaaaaaaaaaaaaaaa,3'
    wrong ':2: field 2 is missing' <<<$'1,2\n1," "\n'
    wrong ':3: 2 fields, expected 3' <<<$'1,2,3\n\n1,2'
    wrong ':2: 4 fields, expected 3' <<<$'1,2,3\n1,2,3,4'
    wrong ':2: 1 field, expected 3' <<<$'1;2;3\n1,2,3'
    wrong ":2: field 4 is empty and without a name.* sed 's/,[$]//'" \
        <<<$'a,b,label,\n1,2,x,\n2,1,y,'
    wrong ':2: the label .field 1. is missing' <<<$'1,2,3\n,2,3'
    wrong ':1: a label alone: .* one column only' <<<$'1\n2'
    wrong ':2: a quoted field does not end' <<<$'1,2,3\n1,"2,3\n'
    wrong ":2: a quoted field is followed by 'x" <<<$'1,2,3\n1,"2"x,3\n'
    wrong ':1: a header, and no rows' <<<$'label,a,b'
    wrong ': the file holds no rows' <<<''
    wrong ': the file holds no rows' <<<$'# nothing\n\n'
    printf '1,2,3\n1,\0,3\n' | wrong ':2: a NUL byte'
    printf '1,2,3\n\0,2,3\n' | wrong ':2: a NUL byte'
    printf 'a,b,c\n1,2,3\n1\0x,2,3\n1\0x,2,3\n' | wrong ':3: a NUL byte'
    printf '1,2\n1,3\n' | iconv -f UTF-8 -t UTF-16 | wrong ':[12]: a NUL byte'
    wrong ':2: index 3 after 3: indices must ascend' <<<$'1 1:2\n1 3:1 3:2 9:1'
    wrong ':3: index 2 after 5: indices must ascend' <<<$'1 1:2\n\n1 5:1 2:2'
    wrong ":2: '-1:2': expected INDEX:VALUE" <<<$'1 1:2\n1 -1:2'
    wrong ":2: 'a:2': expected INDEX:VALUE" <<<$'1 1:2\n1 a:2'
    wrong ":2: '5': expected INDEX:VALUE" <<<$'1 1:2\n1 5'
    wrong ":2: '16777217:1': more than 16777216 features" <<<$'1 1:2\n1 16777217:1'
    wrong ":2: '99999999999999999999.*': more than 16777216 features" \
        <<<$'1 1:2\n1 99999999999999999999999:1'
    wrong ":2: feature 7: 'x' is not a number" <<<$'1 1:2\n1 7:x'
    wrong ":2: feature 7: '1:2' is not a number" <<<$'1 1:2\n1 7:1:2'
    wrong ':2: feature 7 is missing' <<<$'1 1:2\n1 7:'
    wrong ':2: feature 7 is NaN' <<<$'1 1:2\n1 7:nan'
    wrong ":2: the label is missing before '1:2'" <<<$'1 1:2\n1:2 2:3\n'
    wrong ":1: 'qid:3': queries" <<<$'1 qid:3 1:2\n'
    : | wrong ': the file '
    : | gzip | wrong ': the file holds no rows'
    printf '1,2,3\n1,2,3\n' | gzip | head -c 25 | wrong ': the gzip file is cut short'
    refuses 3 'cannot open' counts --data nowhere.csv
    echo 1 1:2 >bad
    refuses 3 'bad: --label b: in LIBSVM.s text the label is always first' counts --label b --data \
        bad
}

@test "LIBSVM's text: a label alone is a row of zeros" {
    printf '1 1:2\n2\n1 1:2\n2 1:0\n' >alone
    printf '1 1:2\n2 1:0\n1 1:2\n2 1:0\n' >zeros
    works train alone -o a
    works train zeros -o b
    same a b "a row of zeros"
    echo 2 >rows
    works predict a rows --format libsvm
    [ "$(cat "$out")" = 2 ] || complain "predicted: $(cat "$out")"
    # of labels alone a model would learn from what memory holds by chance
    printf '1\n2\n1\n2\n3\n' >labels
    refuses 3 'labels: labels alone: the rows have no features' \
        support --data labels --format libsvm
}

@test "lines ended by CR alone are lines, in data and flips" {
    printf 'label,a,b\n1,2,3\n2,7,8\n1,2,4\n' >lines
    printf 'row\tfrom\tto\n0\t1\t2\n' >flips
    works data --data lines --flips flips
    grep -v lines "$out" >expected
    tr '\n' '\r' <lines >cr
    tr '\n' '\r' <flips >flips-cr
    works data --data cr --flips flips-cr
    grep -v '	cr$' "$out" >got
    same got expected "CR"
    sed 's/$/\r\r/' lines >text-mode
    works counts --data text-mode
}

@test "packed files and other formats are named, with what unpacks them" {
    while IFS='|' read -r bytes file pattern; do
        printf "$bytes and so on" >"$file"
        refuses 3 "$file: $pattern" counts --data "$file" --label last
        rm "$file"
    done <<'EOF'
BZh11AY&SY|a.bz2|compressed by bzip2, no text: bunzip2
\xFD7zXZ\0|a.xz|compressed by xz.* xz -d
\x28\xB5\x2F\xFD|a.zst|compressed by zstd.* zstd -d
PK\3\4|a.zip|a zip archive .*unzip
PK\3\4|a.NPZ|an archive of NumPy's .*savetxt
PK\3\4|a.xlsx|an Excel workbook .*CSV
\x93NUMPY|a.npy|an array of NumPy's .*savetxt
PAR1\x15|a.parquet|a Parquet file.*CSV
EOF
    # at once, whatever follows: this never ends
    { printf 'BZh91AY&SY'; yes; } 2>/dev/null | timeout 60 "$POISON" counts --data - 2>"$err" &&
        complain "an endless bzip2 file was read"
    grep -q 'standard input: compressed by bzip2' "$err" || complain "endless: $(cat "$err")"
    { printf 'BZh91AY&SY'; head -c 17000000 /dev/zero; } >large
    refuses 3 'large: compressed by bzip2' counts --data large -m 16
    rm large
}

@test "labels beyond 2^53 and labels that print alike stay apart" {
    printf 'label,x\n9007199254740993,1\n9007199254740992,200\n' >big
    printf '9007199254740993 1:1\n9007199254740992 1:200\n' >big.libsvm
    for file in big big.libsvm; do
        works counts --data $file --no-header
        [ "$(cut -f 1 "$out" | paste -sd ' ')" = '9007199254740992 9007199254740993' ] ||
            complain "$file: $(cat "$out")"
    done
    works train big -o model
    works predict model big
    [ "$(paste -sd ' ' "$out")" = '9007199254740993 9007199254740992' ] ||
        complain "predicted: $(cat "$out")"
    printf 'label,x,y\n' >alike
    for k in 1 2; do
        printf '"%s",%d,%d\n' $'a\tb' 1 $k 'a\tb' 50 $k 'a\\tb' 90 $k - 130 $k '""-""' 170 $k \
            '# c' 210 $k '\x23 c' 250 $k z 0 $((100 + k))
    done >>alike
    works counts --data alike --no-header
    [ "$(cut -f 1 "$out" | sort -u | wc -l)" -eq 8 ] || complain "print alike: $(cat "$out")"
    cut -f 1 "$out" | grep -v '^z$' >printed
    while IFS= read -r label; do
        works attack --data alike --flip "\"${label//\"/\"\"}\":z:1" -o flips
        works attack --data alike --flips flips -o again
        same again flips "$label"
    done <printed
    [ "$(cut -f 2 flips | wc -l)" -eq 2 ] || complain "$(cat flips)"
}

@test "data check: problems of the whole file are rows, with their line; what is no file at all is refused" {
    problem() { # TABLE FILE
        poison data check "$2"
        [ "$status" -eq 1 ] || complain "data check $2: exit $status"
        printf "line\tproblem\n$1" >expected
        same "$out" expected "data check $2"
    }
    : >empty
    echo a,b,label >header
    printf '# a note\n"a" "b"\n"x" 1\n' >blanks
    problem 'NA\tthe file is empty\n' empty
    problem '1\ta header, and no rows after it\n' header
    problem "2\ta quoted field is followed by '\"b\"'\n" blanks
    poison data check nowhere
    [ "$status $(wc -c <"$out")" = '3 0' ] ||
        complain "data check nowhere: exit $status, $(cat "$out")"
}

@test "the first wrong line is told, whatever the threads do" {
    # Rows are parsed in blocks of 64: this one is the last of its block, and the next block begins
    # with others.
    awk 'BEGIN { for (k = 1; k <= 20000; k++)
        print k % 3 "," (k >= 9024 ? "x" : k % 7) "," k % 5 }' >bad
    for threads in 1 2 7; do
        for k in 1 2 3 4 5; do
            refuses 3 'bad:9024: ' counts --data bad -j $threads
        done
    done
    # parsed again as doubles: the same line
    awk '{ if (NR == 8000) sub(/,[0-9]*$/, ",0.5"); print }' bad >doubles
    refuses 3 'doubles:9024: ' counts --data doubles
    works counts --data doubles --train 9023 # what is not in use is not looked at
}

@test "memory: what is claimed, compressed or sparse is not believed" {
    needs_limits
    head -c 300000000 /dev/zero | tr '\0' '1' | gzip -1 >bomb.gz
    truncate -s 1T hole.csv
    printf '1 16777216:1\n%.0s' {1..100} >wide.libsvm
    yes 1,1 | head -c 40000000 >rows.csv
    ulimit -v 1000000
    refuses 4 'bomb.gz: .*--memory' counts --data bomb.gz -m 50
    refuses 4 'hole.csv: .*--memory' counts --data hole.csv
    refuses 4 'wide.libsvm: .*1601 MiB.*--memory' counts --data wide.libsvm -m 400
    refuses 4 'rows.csv: .*--memory' counts --data rows.csv -m 50
    poison counts --data <(yes 1,1) -m 20
    [ "$status" -eq 4 ] || complain "an endless pipe: exit $status"
    refuses 4 'bomb.gz: .*--memory' counts $DIGITS --flips bomb.gz -m 50
    refuses 3 '/dev/zero: a NUL byte' counts $DIGITS --flips /dev/zero
    poison counts $DIGITS --flips <(yes 0) -m 50
    [ "$status" -eq 4 ] || complain "endless flips: exit $status"
}
