#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# show - images in characters, in a terminal and on sheets: the right ones, with the right captions,
# pixel by pixel

load helper

# Captions one below the other, "row 7: 1 -> 2 called 2", as two blanks or more part them.
captions() { # WORDS...
    works show "$@"
    listed <"$out"
}
listed() {
    awk 'function flush() { for (k = 1; k <= n; k++) print line[k]; n = 0 }
        /^row / { flush(); n = split($0, line, /  +/) }
        /^called / { split($0, call, /  +/);
        for (k = 1; k <= n; k++) line[k] = line[k] " " call[k] } END { flush() }'
}
rows() { captions "$@" | sed 's/^row \([0-9]*\).*/\1/' | tr '\n' ' '; }

# Images whose value at (k, r, c) is (37 k + 23 r + 11 c) mod 256, labels 0 1 0 1 ..., as MNIST's
# files.
write_images() { # FOLDER COUNT HEIGHT WIDTH
    local set
    mkdir -p "$1"
    for set in train t10k; do
        printf "$(awk -v n="$2" -v h="$3" -v w="$4" 'function four(v) {
            printf "\\0\\0\\%03o\\%03o", v / 256, v % 256 }
            BEGIN { four(2051); four(n); four(h); four(w);
            for (k = 0; k < n; k++) for (r = 0; r < h; r++)
                for (c = 0; c < w; c++) printf "\\%03o",
                    (37 * k + 23 * r + 11 * c) % 256 }')" >"$1/$set-images-idx3-ubyte"
        printf "$(awk -v n="$2" 'BEGIN { printf "\\0\\0\\010\\001\\0\\0\\0\\%03o", n
            for (k = 0; k < n; k++) printf "\\%03o", k % 2 }')" >"$1/$set-labels-idx1-ubyte"
    done
}

# Pixels by another way, from an IDX file: a line a pixel row of the box that holds all that is not
# 0, and a pixel more, values between blanks; of several images side by side.
boxes() { # FILE HEIGHT WIDTH ROW...
    od -An -v -tu1 -w"$(($2 * $3))" -j 16 "$1" | awk -v h="$2" -v w="$3" -v rows="${*:4}" '
        { for (i = 1; i <= NF; i++) x[NR - 1, int((i - 1) / w), (i - 1) % w] = $i }
        END { n = split(rows, row, " "); t = h; l = w
            for (k = 1; k <= n; k++) for (r = 0; r < h; r++) for (c = 0; c < w; c++) if (x[row[k],
                r, c]) {
                if (r < t) t = r; if (r > b) b = r; if (c < l) l = c; if (c > e) e = c }
            if (t) t--; if (l) l--; if (b < h - 1) b++; if (e < w - 1) e++
            for (r = t; r <= b; r++) { line = ""
                for (k = 1; k <= n; k++) { if (k > 1) line = line " | "
                    for (c = l; c <= e; c++) line = line " " x[row[k], r, c] }
                print line } }'
}

# The same in characters: each is the mean of two rows.
characters() { # FILE HEIGHT WIDTH ROW...
    boxes "$@" | awk 'function put(two) { line = ""
            for (i = 1; i <= n; i++) {
                mean = two ? int((upper[i] + $i) / 2) : upper[i]
                line = line substr("  .:-=+*#%@",
                    upper[i] == "|" ? 1 : 2 + int((9 * mean + 127) / 255), 1 + (upper[i] == "|")) }
            sub(/ +$/, "", line); print line }
        NR % 2 { n = NF; for (i = 1; i <= n; i++) upper[i] = $i; next }
        { put(1) } END { if (NR % 2) put(0) }'
}

@test "show: a digit in characters" {
    works show $DIGITS 3
    same "$out" - "show 3" <<'END'
# training images: 1

            ..
        -+#@@@%=
       %@@#*=#@@:
        :    -@@-
           :*@@#
      .=*#@@@%=
      :%@@@@*
        .-*@@#
   ..    .*@@@.
  #@@%###@@@%-
  -*#%@@@@#=.
      ....
row 3: 3
END
}

@test "show: several images a line, without the margins that are blank in all" {
    works data $DIGITS --export set
    for rows in '0 1' '5 9 7' 42; do
        works show $DIGITS ${rows// /,}
        sed '1,2d; /^row/d' "$out" >got
        characters set/train-images-idx3-ubyte 28 28 $rows >expected
        same got expected "rows $rows"
    done
    works show $DIGITS --set test 8,6
    sed '1,2d; /^row/d; /^called/d' "$out" >got
    characters set/t10k-images-idx3-ubyte 28 28 8 6 >expected
    same got expected "test rows"
}

@test "show: which rows, how many, and the heading" {
    while IFS='|' read -r words expected heading; do
        got=$(rows $DIGITS $words)
        [ "$got" = "$expected " ] || complain "show $words: $got"
        [ "$(head -n 1 "$out")" = "# $heading" ] || complain "show $words: $(head -n 1 "$out")"
    done <<'END'
|0 1 2 3 4 5 6 7 8 9 10 11|training images: 12 of 300, -n 300 for all
-n 2|0 1|training images: 2 of 300, -n 300 for all
7,3,3,10-12|7 3 3 10 11 12|training images: 6
299,0-19|299 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19|training images: 21
0-19 -n 3|0 1 2|training images: 3 of 20, -n 20 for all
--set test -n 2|0 1|test images: 2 of 100, -n 100 for all
99 --set test|99|test images: 1
--set train 99|99|training images: 1
END
}

@test "show: flips, from a file or not: the rows that differ, before and after" {
    works attack $DIGITS --flip 1:2:9:far --flip 3:4:2
    cp "$out" flips.tsv
    tail -n +2 flips.tsv | awk '{ print "row " $1 ": " $2 " -> " $3 }' >expected
    for words in '--flip 1:2:9:far --flip 3:4:2' '--flips flips.tsv' '--flips flips.tsv -n 11'; do
        captions $DIGITS $words >got
        same got expected "$words"
    done
    "$POISON" show $DIGITS --flips - <flips.tsv | listed >got
    same got expected "--flips -"
    first=$(sed -n '2s/\t.*//p' flips.tsv)
    captions $DIGITS --flips flips.tsv $first,$((first + 1)) >got
    [ "$(head -n 1 got)" = "$(head -n 1 expected)" ] || complain "rows and flips: $(cat got)"
    grep -q "^row $((first + 1)): [0-9]$" got || complain "a row that no flip changes: $(cat got)"
    works clean $DIGITS --method knn:remove:3
    cp "$out" removed.tsv
    captions $DIGITS --flips removed.tsv >got
    tail -n +2 removed.tsv | awk '{ print "row " $1 ": " $2 " removed" }' >expected
    same got expected "removed"
    head -n 1 flips.tsv >none.tsv
    works show $DIGITS --flips none.tsv
    [ "$(cat "$out")" = "# training images that the flips change: 0" ] ||
        complain "no flips: $(cat "$out")"
}

@test "show: predictions are those of the models before and after; --changed shows what differs" {
    for words in '--flip 1:2:20:far' '--flip 3:8:15 -c 0.5 -w 3:4 -g 1e-7' '-c 2'; do
        works predictions $DIGITS $(sed 's/--flip [^ ]*//' <<<"$words") -n 100
        cp "$out" before
        works predictions $DIGITS $words -n 100
        paste before "$out" | tail -n +2 |
            awk '{ print "row " NR - 1 ": " $1 " called " $2 ($2 == $4 ? "" : " -> " $4) }' \
            >expected
        captions $DIGITS $words --set test -n 100 >got
        same got expected "show $words --set test"
        [[ $words = *flip* ]] || continue
        grep -e '->' expected >changed || complain "$words: nothing changes"
        for more in '' '--no-reuse -j 1 --set test'; do
            captions $DIGITS $words --changed -n 100 $more >got
            same got changed "show $words --changed $more"
            [ "$(head -n 1 "$out")" = \
                "# test images whose prediction the flips change: $(wc -l <changed)" ] ||
                complain "$words: $(head -n 1 "$out")"
        done
        captions $DIGITS $words --changed -n 1 >got
        [ "$(cat got)" = "$(head -n 1 changed)" ] || complain "-n 1: $(cat got)"
    done
}

@test "show: images of any size; what is too wide shrinks; COLUMNS" {
    write_images small 6 10 7
    works show --data small 0,1,2,3,4,5
    [ "$(tail -n 1 "$out")" = 'row 0: 0  row 1: 1  row 2: 0  row 3: 1  row 4: 0  row 5: 1' ] ||
        complain "small: $(cat "$out")"
    works show --data small 4
    sed '1,2d; /^row/d' "$out" >got
    characters small/train-images-idx3-ubyte 10 7 4 >expected
    same got expected "10 x 7"
    write_images wide 4 3 400
    write_images line 2 1 60
    write_images dot 2 1 1
    write_images column 2 90 1
    for size in small wide line dot column; do
        for columns in 80 '' 200 20 x 0 99999; do
            COLUMNS=$columns works show --data $size
            width=$(tail -n +2 "$out" |
                awk '{ if (length > most) most = length } END { print most }')
            case $columns in 20 | 200) limit=$columns ;; *) limit=80 ;; esac
            [ "$width" -le $limit ] || complain "$size in '$columns' columns: $width wide"
            [ $size != wide ] || [ "$width" -eq $limit ] ||
                complain "wide in '$columns' columns: $width"
            grep -q 'row 1: 1' "$out" || complain "$size in '$columns' columns: no row 1"
        done
        ! "$POISON" show --data small -o probe.svg 2>/dev/null ||
            works show --data $size -o $size.svg
    done
}

@test "show -o: a sheet, whole or not at all, the same bytes again; other names get characters" {
    size_of() { od -An -tu1 -j 16 -N 8 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }'; }
    works show $DIGITS 3
    cp "$out" expected
    works show $DIGITS 3 -o text
    same text expected "-o text"
    mkdir folder
    refuses_all <<'END'
3 | nowhere/x: cannot write | show $DIGITS 0 -o nowhere/x
3 | folder: cannot write | show $DIGITS 0 -o folder
END
    poison show $DIGITS 0 -o x.jpg
    refused 2 'x.jpg: a sheet.s name ends in .png' $'expected\nfolder\ntext' -o x.jpg
    "$POISON" show $DIGITS -o sheet.svg 2>"$err" || skip "$(cat "$err")"
    [ "$(grep -c '<image ' sheet.svg)" -eq 100 ] ||
        complain "sheet.svg: $(grep -c '<image ' sheet.svg) images"
    ! command -v xmllint >/dev/null || xmllint --noout sheet.svg || complain "no XML"
    mkdir empty
    before=$(ls -A) status=0
    PATH=$PWD/empty "$POISON" show $DIGITS -o x.png >"$out" 2>"$err" || status=$?
    refused 3 "x.png: .*rsvg-convert.*librsvg2-bin" "$before" show -o x.png
    command -v rsvg-convert >/dev/null || skip "no rsvg-convert"
    works show $DIGITS -o sheet.png
    ! command -v file >/dev/null || file sheet.png | grep -q 'PNG image data, .* 8-bit/color RGB' ||
        complain "$(file sheet.png)"
    works show $DIGITS -o again.png -n 100
    same sheet.png again.png "again; 100 are the default"
    # "row 1: 1" is 3 + 8 x 10.2 pixels wide: of these 7 x 12 are the image's
    write_images small 6 10 7
    works show --data small -o small.PNG 1,2
    [ "$(size_of small.PNG)" = \
        "$((20 + 2 * (7 * 12 + 6 + 20))) $((20 + 19 + 20 + 10 * 12 + 6 + 4 + 19 + 20))" ] ||
        complain "small: $(size_of small.PNG)"
    works show $DIGITS --flip 1:2:20 --changed -o sheet.png
    ! cmp -s sheet.png again.png || complain "the old sheet is still there"
    works show $DIGITS -o sheet.pdf
    [ "$(head -c 4 sheet.pdf)" = %PDF ] || complain "no PDF"
}

@test "show: what is refused" {
    printf '1,2,3\n2,3,4\n' >plain.csv
    write_images small 6 10 7
    awk 'BEGIN { for (r = 0; r < 2; r++) { printf "1"; for (c = 0; c < 70; c++) printf ",0.5";
        print "" } }' >test.csv
    refuses_all <<'END'
2 | expected rows, as in 0,5,17-20 | show x
2 | expected rows, as in 0,5,17-20 | show $DIGITS 1,
2 | expected rows, as in 0,5,17-20 | show $DIGITS 1,,2
2 | expected rows, as in 0,5,17-20 | show $DIGITS 20-17
2 | expected rows, as in 0,5,17-20 | show $DIGITS 1-
2 | expected rows, as in 0,5,17-20 | show $DIGITS 1-2-3
2 | expected rows, as in 0,5,17-20 | show $DIGITS 1:2
2 | expected rows, as in 0,5,17-20 | show $DIGITS ' 1'
2 | expected rows, as in 0,5,17-20 | show $DIGITS 99999999999999999999
2 | more than 1000000 rows | show $DIGITS 0-999999,0
2 | unexpected '2' | show 1 2
2 | not an empty word | show ''
2 | --changed: by which flips | show $DIGITS --changed
2 | --changed and '1': one or the other | show $DIGITS --changed --flip 1:2:3 1
2 | --changed and --set train | show $DIGITS --changed --flip 1:2:3 --set train
2 | train or test | show $DIGITS --set all
2 | at least 1 | show $DIGITS -n 0
2 | prints pictures, not a table | show $DIGITS --json
3 | row 300: there are only 300 training images, from row 0 | show $DIGITS 1,290-300
3 | row 100: there are only 100 test images, from row 0 | show $DIGITS 100 --set test
3 | plain.csv: rows of 2 features without a height | show --data plain.csv
3 | plain.csv: no test rows | show --data plain.csv --set test
3 | rows of 70 features without a height | show --data small --set test --test-data test.csv
3 | no whole numbers from 0 to 255 | show --data small --test-data test.csv
END
}

# ---- in a terminal ----

# Shows on a terminal of 80 x 60: `screen`, what it looks like then, and `raw`, the bytes that it
# got.
terminal() { # VARIABLES... -- WORDS...
    local variables=() word k tmux
    local -x TMUX_TMPDIR=$place LC_ALL=C.UTF-8
    # a server of its own: the one before may still be on its way out
    tmux="tmux -L show$((terminals += 1)) -f /dev/null -u"
    while [ "$1" != -- ]; do variables+=("$1"); shift; done
    shift
    rm -f raw go finished
    word=$(printf ' %q' env "${variables[@]}" "$POISON" show "$@")
    $tmux new-session -d -x 80 -y 60 \
        "while [ ! -e go ]; do sleep 0.02; done; $word; echo \$? >finished; sleep 100"
    $tmux pipe-pane "cat >raw"
    touch go
    for ((k = 0; k < 500; k++)); do [ ! -s finished ] || break; sleep 0.02; done
    sleep 0.3 # until the last bytes are there
    $tmux capture-pane -p >screen
    $tmux kill-server
    [ "$(cat finished)" = 0 ] || complain "show $* in a terminal: $(cat finished screen)"
    # Nothing but text of at most 80 cells, line ends and colours
    tr -d '\r' <raw | sed 's/\x1b\[[0-9;]*m//g' >text
    ! LC_ALL=C grep -aP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' text ||
        complain "codes: $(cat -v text)"
    sed 's/数/xx/g' text | LC_ALL=C.UTF-8 grep -E '^.{81}' >>"$complaints" || :
}

@test "show in a terminal: half blocks in greys, three digits a line, flips in colour" {
    command -v tmux >/dev/null || skip "there is no tmux"
    terminal TERM=screen-256color COLORTERM= -- $DIGITS
    grep -q '▀' screen || complain "no half blocks: $(head -n 5 screen)"
    [ "$(grep -c '^row .*row .*row ' screen)" -eq 4 ] ||
        complain "not three a line: $(grep '^row' screen)"
    grep -aqE $'\x1b\\[38;5;2[34][0-9]m' raw || complain "no greys: $(head -c 300 raw | cat -v)"
    ! grep -aq '[34]8;2;' raw || complain "24-bit colours that nobody asked for"
    terminal TERM=screen-256color COLORTERM=truecolor -- $DIGITS --flip 1:2:2
    ! grep -aq '[34]8;5;[^1]' raw || complain "a palette, and 24 bits are there"
    grep -aq $'\x1b\\[1;38;5;166mrow 0: 1 -> 2' raw ||
        complain "flips are not marked: $(cat screen)"
}

@test "show in a terminal: each pixel has its grey" {
    command -v tmux >/dev/null || skip "there is no tmux"
    works data $DIGITS --export set
    for row in 3 8; do
        terminal TERM=screen-256color COLORTERM=24bit -- $DIGITS $row
        sed '1,2d; /row/d; s/\r$//' raw | LC_ALL=C awk '
            { n = split($0, part, /\x1b\[/); up = low = ""
              for (i = 2; i <= n; i++) {
                  split(part[i], v, /[;m]/); cells = part[i]; sub(/^[0-9;]*m/, "", cells)
                  if (v[1] == 38) fore = v[3]; else if (v[1] == 48) back = v[3];
                  else if (v[1] == 49 || v[1] == 0) back = ""
                  for (k = length(cells) / 3; k > 0; k--) { up = up " " fore;
                  if (back != "") low = low " " back }
              }
              print up; if (low != "") print low }' >got
        boxes set/train-images-idx3-ubyte 28 28 $row >expected
        same got expected "row $row"
    done
}

@test "show in a terminal: NO_COLOR and TERM=dumb get characters" {
    command -v tmux >/dev/null || skip "there is no tmux"
    works show $DIGITS --flip 1:2:3 -n 6
    for variables in 'NO_COLOR=1 TERM=screen-256color' TERM=dumb TERM=; do
        terminal $variables -- $DIGITS --flip 1:2:3 -n 6
        tr -d '\r' <raw >got
        same got "$out" "$variables"
    done
    terminal NO_COLOR= TERM=screen-256color -- $DIGITS 0
    grep -q '▀' screen || complain "an empty NO_COLOR counts"
}

@test "show: labels that would be terminal codes, long and foreign ones" {
    works data $DIGITS --export set
    evil=$(printf 'e\x1b[2J\x1b]0;x\x07') eight=$(printf 'e\xc2\x9b31m\x9b\xe2\x80\xae')
    long=$(printf 'x%.0s' {1..300}) wide=$(printf '数%.0s' {1..50})
    while IFS='|' read -r name caption; do
        awk -v name="${!name}" 'BEGIN { for (r = 0; r < 2; r++) {
            printf "%s", name; for (c = 0; c < 784; c++) printf ",0"; print "" } }' >test.csv
        words="--data set/train-images-idx3-ubyte --train 300 --test-data test.csv"
        COLUMNS=40 works show $words --flip "1:${!name}:2"
        grep -qxF "$caption" "$out" || complain "$name: $(cat "$out")"
        ! command -v tmux >/dev/null ||
            terminal TERM=screen-256color COLORTERM= -- $words --flip "1:${!name}:2"
        "$POISON" show $words --flip "1:${!name}:2" -o sheet.svg 2>"$err" ||
            grep -q libpng "$err" || complain "$name: $(cat "$err")"
    done <<'END'
evil|row 0: 1 -> e\x1b[2J\x1b]0;x\x07
eight|row 0: 1 -> e\xc2\x9b31m\x9b\xe2\x80\xae
long|row 0: 1 -> xxxxxxxxxxxxxxxxxxxxxxxxxx..
wide|row 0: 1 -> 数数数数数数数数数数数数数..
END
}
