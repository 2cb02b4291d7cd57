#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# files - what becomes of output: whole files or none, pipes, signals

load helper

# ---- -o ----

only() { [ "$(ls -A)" = "$1" ] || complain "the folder holds: $(ls -A | tr '\n' ' ')"; }

@test "-o writes what standard output would hold" {
    works support $DIGITS
    cp "$out" "$place/expected"
    works support $DIGITS -o table
    [ ! -s "$out" ] || complain "and prints it too"
    same table "$place/expected" "-o table"
    only table
    for output in - /dev/stdout /dev/fd/1; do
        works support $DIGITS -o $output
        same "$out" "$place/expected" "-o $output into a file"
        "$POISON" support $DIGITS -o $output | cat >"$out"
        same "$out" "$place/expected" "-o $output into a pipe"
    done
    works support $DIGITS -o /dev/null
    [ -c /dev/null ] || complain "/dev/null is no device any more"
    "$POISON" support $DIGITS -o >(cat >"$place/pipe") ||
        complain "-o into a pipe with a name: exit $?"
    for _ in 1 2 3 4 5 6 7 8 9 10; do cmp -s "$place/pipe" "$place/expected" &&
        break; sleep 0.1; done
    same "$place/pipe" "$place/expected" "-o into a pipe with a name"
    only table
}

@test "what is behind a descriptor is the shell's: written where that has got to, never replaced" {
    works support $DIGITS
    { echo old; cat "$out"; } >"$place/expected"
    for output in /dev/fd/3 /proc/self/fd/3 /dev/stderr; do
        echo old >log
        "$POISON" support $DIGITS -o $output >"$out" 3>>log 2>>log || complain "-o $output: exit $?"
        same log "$place/expected" "-o $output"
    done
    echo old >log
    "$POISON" counts $DIGITS --trace /dev/fd/3 >"$out" 3>>log || complain "--trace: exit $?"
    [ "$(head -c 5 log)" = $'old\n{' ] || complain "--trace: $(head -c 100 log)"
    rm log
    refuses_all <<'END'
3 | /dev/fd/77: cannot write: Bad file | counts --data synthetic --train 20 -o /dev/fd/77
3 | /dev/fd/0: cannot write: Bad file | counts --data synthetic --train 20 -o /dev/fd/0
3 | /dev/fd/0: cannot write: Bad file | sweep --data synthetic --train 60 --test 20 --doses 0 -o /dev/fd/0
END
}

@test "a sweep into a pipe is a table, and ends with its reader" {
    words="sweep --data synthetic --train 60 --test 20 --pairs all --doses 0,1,2"
    works $words -q
    cp "$out" "$place/expected"
    mkfifo pipe
    cat pipe >"$place/got" &
    works $words -q -o pipe
    wait
    same "$place/got" "$place/expected" "-o pipe"
    head -n 1 pipe >"$place/got" &
    LIMIT=20 works $words -q --strategy random --seeds 40 -o pipe
    wait
    "$POISON" $words -q --strategy random --seeds 40 -o /dev/fd/1 | head -n 1 >"$place/got"
    status=0 # nobody reads
    timeout -s TERM -k 10 1 "$POISON" $words -q -o pipe 2>"$err" || status=$?
    [ "$status" -eq 124 ] && [ "$(cat "$err")" = 'poison: interrupted' ] ||
        complain "no reader: exit $status, $(cat "$err")"
}

@test "a standard stream that is closed is not taken for a file" {
    works sweep --data synthetic --train 60 --test 20 --doses 0,1,2
    cp "$out" "$place/table"
    for name in x.svg x.png; do
        [ $name = x.svg ] || command -v rsvg-convert >/dev/null || continue
        "$POISON" plot -o $name <"$place/table" || complain "$name: exit $?"
        mv $name "$place/expected"
        "$POISON" plot -o $name <"$place/table" >&- 2>&- ||
            complain "$name: exit $?, streams closed"
        same $name "$place/expected" "$name, streams closed"
        rm $name
    done
    status=0
    "$POISON" counts --data synthetic --train 20 >&- 2>"$err" || status=$?
    [ "$status" -eq 3 ] && grep -qx 'poison: standard output: cannot write: Bad file descriptor' \
        "$err" || complain "stdout: $status $(cat "$err")"
    status=0
    "$POISON" counts --data - <&- 2>"$err" || status=$?
    [ "$status" -eq 3 ] && grep -qx 'poison: standard input: cannot open: Bad file descriptor' \
        "$err" || complain "stdin: $status $(cat "$err")"
}

@test "-o keeps the mode of a file that was there, follows links, and takes new files' mode from umask" {
    works counts $DIGITS
    cp "$out" "$place/expected"
    for mode in 640 604 755; do
        echo old >table
        chmod $mode table
        works counts $DIGITS -o table
        [ "$(stat -c %a table)" = $mode ] || complain "mode $mode became $(stat -c %a table)"
    done
    rm table
    (umask 027; "$POISON" counts $DIGITS -o table)
    [ "$(stat -c %a table)" = 640 ] || complain "umask 027: a new file of mode $(stat -c %a table)"
    rm table
    mkdir far
    for kind in present absent; do # what the link names
        rm -f far/table link
        [ $kind = absent ] || echo old >far/table
        ln -s far/table link
        works counts $DIGITS -o link
        [ -L link ] || complain "the link became a file; what it named was $kind"
        same far/table "$place/expected" "-o link"
        [ "$(ls -A far)" = table ] || complain "beside the link's target: $(ls -A far)"
    done
}

@test "a failed run keeps the old file and leaves nothing beside it" {
    works data $DIGITS --export set
    rows=$("$POISON" counts --data set |
        awk 'NR > 1 && $1 > 0 { printf " --flip %d:0:%d", $1, $2 }')
    for name in old link; do
        echo old >old
        ln -sf old link
        poison score --data set -o $name $rows # one class is left: found after the file was opened
        [ "$status" -eq 3 ] || complain "exit $status"
        [ "$(cat old)" = old ] || complain "-o $name: the old file is gone"
        only $'link\nold\nset'
    done
}

@test "a full disk: exit 3, a sentence, the old file kept, nothing partial" {
    works data $DIGITS --export set
    echo old >old
    poison support --data set -o /dev/full
    [ "$status" -eq 3 ] && grep -qE '^poison: /dev/full: .*(space)' "$err" ||
        complain "-o /dev/full: $status $(cat "$err")"
    for words in 'support --data set' -h --version 'lab --data set --doses 1'; do
        status=0
        "$POISON" $words >/dev/full 2>"$err" || status=$?
        [ "$status" -eq 3 ] && grep -qE '^poison: .*space' "$err" ||
            complain "$words >/dev/full: $status $(cat "$err")"
        status=0
        "$POISON" $words >&- 2>"$err" || status=$?
        [ "$status" -eq 3 ] && [ "$(wc -l <"$err")" -eq 1 ] ||
            complain "$words, stdout closed: $status $(cat "$err")"
    done
    mkdir export
    limited() { (trap '' XFSZ; ulimit -f 8; "$POISON" "$@" 2>"$err") || status=$?; } # 8 KiB a file
    status=0
    limited support --data set -o old
    [ "$status" -eq 3 ] && grep -q '^poison: .*old: .*large' "$err" ||
        complain "-o past the limit: $status $(cat "$err")"
    status=0
    limited data --data set --export export
    [ "$status" -eq 3 ] && grep -q '^poison: export/train-images' "$err" ||
        complain "--export: $status $(cat "$err")"
    [ -z "$(ls -A export)" ] || complain "--export left: $(ls -A export)"
    [ "$(cat old)" = old ] || complain "the old file is gone"
    only $'export\nold\nset'
}

@test "an output that is also an input, by whatever name, is refused before any work" {
    SMALL='--data rows.csv --test 10'
    works data $DIGITS --export set
    for ((k = 0; k < 60; k++)); do echo "$((k % 2)),$((k * 7 % 251)),$((k % 13))"; done >rows.csv
    works attack $SMALL --flip 0:1:5 -o flips
    works train rows.csv -o model
    works sweep $SMALL --doses 0,1 --pairs 0:1 -o sweep
    ln rows.csv hard
    ln -s rows.csv soft
    ln -s set link
    ln -s not/yet yet
    mkdir not
    cp -r . "$place/before"
    refuses_all <<'END'
2 | -o rows.csv: this is also --data: write | counts --data rows.csv -o rows.csv
2 | -o hard: this is also --data | counts --data rows.csv -o hard
2 | -o soft: this is also --data | counts --data rows.csv -o soft
2 | -o ./rows.csv: this is also --data | report --data soft -o ./rows.csv
2 | -o soft: this is also --test-data | score --data set --test-data rows.csv -o soft
2 | -o flips: this is also --flips | counts --data rows.csv --flips flips -o flips
2 | -o flips: this is also --truth | audit --data rows.csv --truth flips -o flips
2 | -o model: this is also MODEL | predict model rows.csv -o model
2 | -o rows.csv: this is also DATA | predict model rows.csv -o rows.csv
2 | -o rows.csv: this is also DATA | train rows.csv -o rows.csv
2 | -o hard: this is also DATA | grid rows.csv -o hard
2 | -o rows.csv: this is also DATA | data check rows.csv -o rows.csv
2 | -o flips: this is also --flips | sweep --data rows.csv --flips flips -o flips
2 | --trace flips: this is also --flips | counts --data rows.csv --flips flips --trace flips
2 | -o and --trace: two files | counts --data rows.csv -o x --trace ./x
2 | -o and --trace: two files | counts --data synthetic -o hard --trace soft
2 | -o and --trace: two files | counts --data rows.csv -o yet --trace not/yet
2 | --trace: expected a file | counts --data rows.csv --trace /dev/stdout
2 | --export link: this is also --data | data --data set --export link
2 | --export set/t.*: this is also | data --data set/train-images-idx3-ubyte --export set
2 | -o set/t10k-labels-idx1-ubyte: this is also --data | counts --data set -o set/t10k-labels-idx1-ubyte
END
    export POISON_DATA=rows.csv
    refuses 2 '-o soft: this is also POISON_DATA' counts -o soft
    unset POISON_DATA
    for words in dose 'matrix --at 1' plot "counts --data -"; do
        [ "${words%% *}" != counts ] && in=sweep || in=rows.csv
        for to in "-o $in" "-o /dev/fd/3" ''; do
            status=0
            if [ "$to" ]; then "$POISON" $words $to <$in >"$out" 2>"$err" 3>>$in || status=$?
            else "$POISON" $words <$in >>$in 2>"$err" || status=$?; fi
            [ "$status" -eq 2 ] &&
                grep -qE '^poison: .*: this is also (standard input|--data)' "$err" ||
                complain "$words $to: exit $status: $(cat "$err")"
        done
    done
    diff -r --no-dereference . "$place/before" >"$place/diff" ||
        complain "altered: $(head "$place/diff")"
    # what is none
    works sweep $SMALL --doses 0,1 --pairs 0:1 -o sweep --resume
    works counts --data synthetic --train 20 -o synthetic
    works counts --data synthetic --train 20 -o /dev/null --trace /dev/null
    works counts --data set --trace set/new -o set/other
    works train rows.csv -o model
}

# ---- pipes and signals ----

@test "a reader that leaves early ends it quietly, exit 0" {
    for words in "support $DIGITS" "lab $DIGITS --doses 1" --help; do
        for reader in 'head -n 1' true; do
            set +e
            { "$POISON" $words 2>"$err" && echo 0 >code || echo "$?" >code; } | $reader >"$out"
            set -e
            [ "$(cat code)" -eq 0 ] || complain "$words | $reader: exit $(cat code)"
            [ ! -s "$err" ] || complain "$words | $reader: $(cat "$err")"
        done
    done
    [ "$("$POISON" counts $DIGITS | head -n 1)" = $'Correct\tTrain\tTest' ]
}

# Seconds that are no more than one; sanitizers look at gigabytes of fresh memory first.
prompt() {
    local most=1
    (ulimit -v 1000000 && "$POISON" --version >/dev/null 2>&1) || most=5
    awk -v l="$1" -v m=$most 'BEGIN { exit l > m }'
}

# Ends within a second (0.2 s are promised), in one of three tries, since others may hold the
# machine for a moment; all tries must end as they should: interrupt SIGNAL CODE AFTER_SECONDS
# WORDS...
interrupt() {
    local signal=$1 code=$2 after=$3 begun late
    shift 3
    for try in 1 2 3; do
        begun=$EPOCHREALTIME status=0
        timeout --preserve-status -s "$signal" -k 20 "$after" "$POISON" "$@" >"$out" 2>"$err" ||
            status=$?
        late=$(awk -v t="$(since "$begun")" -v a="$after" 'BEGIN { printf "%.3f", t - a }')
        echo "# $signal after $after s: $late s: $1" >>"$place/latencies"
        [ "$status" -eq "$code" ] || break
        if [ ! -s "$err" ]; then # it had not begun to listen
            after=$(awk -v a="$after" 'BEGIN { print 3 * a }')
        elif prompt "$late"; then
            break
        fi
    done
    [ "$status" -eq "$code" ] || complain "$signal after $after s: exit $status: $* $(cat "$err")"
    prompt "$late" || complain "$signal after $after s: ended $late s late: $*"
    [ "$(wc -l <"$err")" -eq 1 ] && grep -q '^poison: ' "$err" ||
        complain "$signal after $after s: said: $(cat "$err")"
    [ ! -s "$out" ] || complain "$signal after $after s: printed $(head -n 3 "$out")"
}

@test "Ctrl-C and SIGTERM end a long run at once, with 130 and 143, and leave no file behind" {
    echo old >old
    # the signals meet the drawing, kernel rows, the solver, predictions, the drawing
    slow='--data synthetic -j 1 --isa c'
    interrupt INT 130 0.04 score $slow --train 12000 -o old
    interrupt TERM 143 0.5 score $slow --train 20000 -o old
    two=$("$POISON" counts --data synthetic --train 4000 |
        awk 'NR > 1 && $1 > 1 { printf " --flip %d:%d:%d", $1, $1 % 2, $2 }')
    interrupt INT 130 0.7 support $slow --train 4000 $two --cost 1e9 --gamma 1e-9 --tolerance 1e-9 \
        -o new
    interrupt TERM 143 0.8 predictions $slow --train 3000 --test 40000 -o new
    interrupt INT 130 0.4 data $slow --train 2000000 -o old
    interrupt TERM 143 0.4 data $slow --train 2000000 --export folder
    for table in dose matrix plot; do # endless lines
        interrupt INT 130 0.2 $table -o new < <(yes "$(printf 'x%.0s' {1..1000})" | tr -d '\n')
    done
    interrupt TERM 143 0.2 counts $DIGITS --flips - -m 4000 -o new < <(yes 0)
    only old
    [ "$(cat old)" = old ] || complain "the old file is gone"
    [ -z "${LATENCIES:-}" ] || cat "$place/latencies" >>"$LATENCIES"
}

@test "a signal in the midst of --export: 130, no folder" {
    (exec "$POISON" data --data synthetic --train 200000 --test 10 --export folder >"$out" \
        2>"$err") &
    for ((k = 0; k < 1000; k++)); do [ ! -d folder ] || break; sleep 0.01; done
    sleep 0.05
    begun=$EPOCHREALTIME status=0
    kill -INT $!
    wait $! || status=$?
    late=$(since "$begun")
    [ "$status" -eq 130 ] && [ ! -s "$out" ] ||
        complain "exit $status, $late s after Ctrl-C, printed: $(head -n 2 "$out")"
    prompt "$late" || complain "ended $late s late"
    [ ! -e folder ] || complain "--export left: $(ls -A folder)"
}

@test "a signal does not wait for a reader that is slow" {
    mkfifo pipe
    sleep 3 <pipe &
    reader=$!
    (exec "$POISON" support --data synthetic >pipe 2>"$err") &
    writer=$!
    sleep 0.7
    begun=$EPOCHREALTIME status=0
    kill -TERM $writer
    wait $writer || status=$?
    late=$(since "$begun")
    kill $reader 2>/dev/null || true
    [ "$status" -eq 143 ] && prompt "$late" || complain "exit $status, $late s after SIGTERM"
}

@test "an interrupted lab has printed whole lines, those of a whole run" {
    long="lab --data synthetic --train 4000 --test 2000 -j 1 --isa c"
    "$POISON" $long --doses 1,2,3 >whole
    : >"$out"
    (exec "$POISON" $long --doses "$(seq -s , 1 300)" >"$out" 2>"$err") & # some 6 s
    for ((k = 0; k < 400; k++)); do [ "$(wc -l <"$out")" -lt 20 ] || break; sleep 0.02; done
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 143 ] || complain "exit $status"
    [ "$(wc -l <"$out")" -ge 20 ] && [ "$(tail -c 1 "$out" | od -An -tx1)" = ' 0a' ] ||
        complain "ends with: $(tail -n 2 "$out")"
    length=$(($(stat -c %s whole) - 40)) # without the flag
    [ "$(stat -c %s "$out")" -ge $length ] || length=$(stat -c %s "$out")
    cmp -n "$length" "$out" whole || complain "prints other tables"
}
