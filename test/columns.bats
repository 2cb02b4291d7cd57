#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# columns - which columns of a file are features and which one is the label; columns of two files
# meet by their names, and are never shifted

load helper

# Rows of three features; the border feature a is 0 everywhere.
rows() { # HOW_MANY SEED
    awk -v n="$1" -v seed="$2" 'BEGIN { srand(seed); for (r = 0; r < n; r++) { y = r % 2;
        printf "%d,0,%d,%d\n", y, 50 * y + 5 * rand(), 9 * rand() } }'
}
make_pair() {
    { echo label,a,b,c; rows 60 1; } >train.csv
    { echo label,a,b,c; rows 40 2; } >test.csv
    cut -d , -f 2- test.csv >bare.csv
    awk -F , -v OFS=, '{ print $4, $1, $2, $3 }' test.csv >moved.csv
}

@test "a model knows its columns: rows without labels, in another order, of other columns" {
    make_pair
    works train train.csv -o model
    works predict model test.csv
    cp "$out" expected
    [ "$(paste -sd ' ' expected)" = "$(cut -d , -f 1 test.csv | sed 1d | paste -sd ' ')" ] ||
        complain "not all right: $(paste -sd ' ' expected)"
    awk -F , -v OFS=, '{ print (NR > 1 ? NR + 7 : ""), $0 }' bare.csv >indexed.csv
    sed 's/,/\t/g; s/^a\tb/"a"\t"b"/' bare.csv >bare.tsv
    { printf '\xEF\xBB\xBF'; cat moved.csv; } >bom.csv
    for file in bare.csv moved.csv indexed.csv bare.tsv bom.csv; do
        works predict model $file
        same "$out" expected "$file"
    done
    sed 1d bare.csv >nameless.csv # a file without names: its width decides
    works predict model nameless.csv
    same "$out" expected "without names"
    sed 1d test.csv >nameless.csv
    works predict model nameless.csv
    same "$out" expected "without names, with labels"
    sed '1s/,b/,B/' test.csv >case.csv
    cut -d , -f 1-3 test.csv >few.csv
    sed '1s/$/,d/; 2,$s/$/,7/' test.csv >many.csv
    sed '1s/,b/,a/' test.csv >twice.csv
    refuses_all <<'END_OF_ROWS'
3 | case.csv: no column 'b', which the model has; it has instead 'B' | predict model case.csv
3 | few.csv: no column 'c', which the model has$ | predict model few.csv
3 | many.csv: the model has no column 'd': --drop | predict model many.csv
3 | twice.csv: two columns are called 'a' | predict model twice.csv
3 | case.csv: no column 'b', which train.csv has | score --data train.csv --test-data case.csv
3 | many.csv: train.csv has no column 'd' | score --data train.csv --test-data many.csv
END_OF_ROWS
    works predict model many.csv --drop d
    same "$out" expected "--drop d"
}

@test "a model of a file without names knows its width, beyond its support vectors" {
    make_pair
    awk -F , -v OFS=, 'NR > 1 { print $1, $2, $3, $4, 0 }' train.csv >train
    awk -F , -v OFS=, 'NR > 1 { print $2, $3, $4, 0 }' test.csv >bare
    awk -F , -v OFS=, 'NR > 1 { print $1, $2, $3, $4, 0 }' test.csv >labelled
    works train train -o model
    [ "$(tail -n 1 model)" = '# width 4' ] || complain "$(tail -n 1 model)"
    works predict model labelled
    cp "$out" expected
    works predict model bare
    same "$out" expected "rows without labels"
    works train <(sed 1d test.csv) -o narrow # its vectors say all
    ! grep -q '#' narrow || complain "$(grep '#' narrow)"
}

@test "names in a model: odd ones come back, damaged ones are refused, LIBSVM's programs skip them" {
    printf '"y","a, b","say ""c""",d\\e\nr,1,2,3\ns,4,5,7\nr,1,3,3\ns,6,5,9\n' >odd.csv
    works train odd.csv -o model
    works predict model odd.csv
    [ "$(paste -sd ' ' "$out")" = 'r s r s' ] || complain "$(cat "$out")"
    cut -d , -f 2- odd.csv >bare.csv # quotes and comma stay
    works predict model bare.csv
    [ "$(paste -sd ' ' "$out")" = 'r s r s' ] || complain "without labels: $(cat "$out")"
    cp model good
    while IFS='|' read -r pattern script; do
        sed "$script" good >bad
        refuses 3 "bad.*$pattern" predict bad odd.csv
    done <<'END_OF_ROWS'
width|s/^# width.*/# width 2/
width|s/^# width.*/# width 1e99/
width|s/^# width.*/# with/
ends early|$d
column NAME|s/^# label.*/# column x/
column NAME|$p
damaged|s/^# column a.*/# column \\q/
END_OF_ROWS
    command -v svm-predict >/dev/null || skip "svm-predict is not installed"
    make_pair
    works train train.csv -o model
    works predict model test.csv
    awk -F , 'NR > 1 { print $1 " 1:" $2 " 2:" $3 " 3:" $4 }' test.csv >rows
    svm-predict rows model theirs >/dev/null || complain "svm-predict does not read it"
    same theirs "$out" svm-predict
    works train test.csv -o again # names do not alter what LIBSVM reads
    grep -v '^#' again >plain
    works train <(sed 1d test.csv) -o expected
    same plain <(grep -v '^#' expected) "with and without names"
}

@test "test files meet the training file's columns by name, wherever the label is" {
    make_pair
    works predictions --data train.csv --test-data test.csv -n 40
    cp "$out" expected
    works predictions --data train.csv --test-data moved.csv -n 40
    same "$out" expected "another order"
    for file in train test moved; do sed '1s/label/kind/' $file.csv >$file.kind.csv; done
    works predictions --data train.kind.csv --test-data moved.kind.csv -n 40
    same "$out" expected "a label called otherwise"
    works train train.kind.csv -o model
    works predict model moved.kind.csv
    same "$out" <(sed 1d expected | cut -f 2) "by its model"
    refuses 3 'bare.csv: rows without labels' predictions --data train.csv --test-data bare.csv
    works score --data train.csv --test-data <(sed 1d test.csv)
}

@test "which column is the label where no name says so" {
    printf 'acid;sugar;alcohol;quality\n7.8;3;11;6\n8;1;11;7\n8;2;10;5\n7;3;10;5\n' >wine.csv
    printf 'one,two,quality\n1,2,6\n2,1,7\n1,2,5\n' >quality.csv
    awk 'BEGIN { print "id,a,b"; for (r = 0; r < 300; r++) print 3 * r % 301 ",1," r % 7 }' >ids.csv
    printf ',a,b\n3,1,2\n1,2,1\n' >unnamed.csv
    for file in wine quality ids unnamed; do
        refuses 3 "$file.csv: no column is called label, class, y or target: --label" counts \
            --data $file.csv
    done
    works counts --data wine.csv --label quality
    printf 'kind,a,b\n1,0.5,2\n2,0.7,1\n1,0.1,9\n' >first.csv # nothing speaks against it
    works counts --data first.csv
    [ "$(sed 1d "$out" | cut -f 1 | paste -sd ' ')" = '1 2' ] || complain "$(cat "$out")"
}

@test "a header behind a '#', as writers of numbers make it; other comments are none" {
    printf '# site,size,label\n3,9,1\n3,3,0\n2,1,0\n' >saved.csv
    works counts --data saved.csv
    [ "$(sed 1d "$out" | cut -f 1 | paste -sd ' ')" = '0 1' ] || complain "$(cat "$out")"
    works counts --data saved.csv --label size
    [ "$(sed 1d "$out" | wc -l)" -eq 3 ] || complain "--label size: $(cat "$out")"
    printf '# made by hand, in May\n1,2,3\n2,3,4\n1,2,9\n' >note.csv
    works counts --data note.csv
    [ "$(sed 1d "$out" | cut -f 1 | paste -sd ' ')" = '1 2' ] || complain "$(cat "$out")"
}

@test "row numbers without a name are no feature; --keep and --drop say otherwise" {
    awk 'BEGIN { print ",len,label"; for (r = 0; r < 20; r++) print r "," r * 7 % 5 "," r % 2 }' \
        >index.csv
    sed '1s/^/Unnamed: 0/' index.csv >pandas.csv
    cut -d , -f 2- index.csv >plain.csv
    works support --data plain.csv
    cp "$out" expected
    { head -n 1 index.csv; sed 1d index.csv | awk -F , -v OFS=, '{ $1 = (7 * $1 + 3) % 41; print }'; } \
        >mixed.csv # as where some of a table's rows were drawn
    for file in index pandas mixed; do
        poison support --data $file.csv
        [ "$(grep -c 'warning: .*numbers the rows: it is left out' "$err") $status" = '1 0' ] ||
            complain "$file: $status, $(cat "$err")"
        same "$out" expected "$file"
        works support --data $file.csv --drop 1
        same "$out" expected "$file, --drop 1"
        works support --data $file.csv -q
        works data --data $file.csv --keep 1
        [ "$(sed -n 's/^features\t//p' "$out")" = 2 ] || complain "$file --keep: $(cat "$out")"
        poison data check $file.csv
        [ "$status" -eq 1 ] && grep -q 'numbers the rows' "$out" || complain "check: $(cat "$out")"
        works data check $file.csv --keep 1
    done
    sed '1s/^/time/' index.csv >named.csv # only warned of
    poison data --data named.csv
    grep -q "warning: .*'time' counts the rows" "$err" || complain "named: $(cat "$err")"
    [ "$(sed -n 's/^features\t//p' "$out")" = 2 ] || complain "named: $(cat "$out")"
    works data --data named.csv --keep time
    works support --data named.csv --drop time
    same "$out" expected "--drop time"
    works counts --data plain.csv --provenance --keep len
    grep -q ' keep=len drop=none ' "$out" || complain "$(head -n 1 "$out")"
    sed '1s/len/"a,b"/' named.csv >comma.csv # what is left out need be no number
    sed '2s/^0/zero/' comma.csv >words.csv
    works support --data words.csv --drop time
    same "$out" expected "a column of words"
    refuses_all <<'END_OF_ROWS'
3 | comma.csv: --drop len: there is no such column | data --data comma.csv --drop len
3 | comma.csv: --keep 4: there is no such column | data --data comma.csv --keep 4
3 | comma.csv: --drop label: this column holds the labels | data --data comma.csv --drop label
3 | all columns are left out | data --data comma.csv --drop 'time,"a,b"'
2 | --keep: expected COLUMNS | data --data comma.csv --keep ''
END_OF_ROWS
}
