# SPDX-License-Identifier: MIT
# helper.bash - what the command tests share; each .bats file loads it
#
# A test runs in an empty folder of its own, without any data about. It may find fault more than
# once: complain notes it, teardown fails the test. So a loop over a table reports every row that is
# wrong.

REFERENCE=$BATS_TEST_DIRNAME/reference
POISON=$(realpath "${POISON:-$BATS_TEST_DIRNAME/../poison}")
# enough for a model of ten classes, in milliseconds
DIGITS='--data synthetic --train 300 --test 100'

setup() {
    place=$(mktemp -d "${TMPDIR:-/tmp}/poison-test.XXXXXX")
    out=$place/out err=$place/err complaints=$place/complaints
    mkdir "$place/here" "$place/home"
    cd "$place/here" || return 1
    export HOME=$place/home LC_ALL=C
    unset POISON_DATA XDG_CACHE_HOME OMP_NUM_THREADS
}

teardown() {
    cd /
    local fine=0
    [ ! -s "$complaints" ] || { head -n 20 "$complaints" | cut -c 1-400 >&2; fine=1; }
    chmod -R u+rwx "$place"
    rm -rf "$place"
    return $fine
}

complain() { echo "$*${note:+ ($note)}" >>"$complaints"; } # $note: what a loop is at

# Runs it, for LIMIT seconds at most: $status, and the files $out and $err.
poison() {
    status=0
    timeout -s KILL "${LIMIT:-60}" "$POISON" "$@" >"$out" 2>"$err" </dev/null || status=$?
}

# The same, and it must do its work and say nothing beside.
works() {
    poison "$@"
    [ "$status" -eq 0 ] || complain "poison $*: exit $status, $(cat "$err")"
    [ ! -s "$err" ] || complain "poison $*: on stderr: $(cat "$err")"
}

# What refusing means: this exit code, one sentence that matches the pattern, an empty stdout, the
# folder as it was.
refused() { # CODE PATTERN FILES_BEFORE WORDS...
    local code=$1 pattern=$2 before=$3 files
    shift 3
    [ "$status" -eq "$code" ] ||
        complain "poison $*: exit $status, expected $code: $(head -c 400 "$err")"
    [ ! -s "$out" ] || complain "poison $*: on stdout: $(head -n 3 "$out")"
    [ "$(wc -l <"$err")" -eq 1 ] || complain "poison $*: not one line on stderr: $(cat "$err")"
    grep -qE "^poison: .*($pattern)" "$err" ||
        complain "poison $*: expected /$pattern/: $(cat "$err")"
    files=$(ls -A)
    [ "$files" = "$before" ] || complain "poison $*: left behind: $files"
}

# Must be refused, with -o too: then without the file.
refuses() { # CODE PATTERN WORDS...
    local code=$1 pattern=$2 before
    before=$(ls -A)
    shift 2
    poison "$@"
    refused "$code" "$pattern" "$before" "$@"
    poison -o new "$@"
    refused "$code" "$pattern" "$before" -o new "$@"
}

# Rows "CODE | PATTERN | WORDS" from standard input; the words as a shell reads them.
refuses_all() {
    local code pattern words
    while IFS='|' read -r code pattern words; do
        code=${code// /} pattern=${pattern# } pattern=${pattern% }
        pattern=${pattern//;/|} # alternatives are written with ; here
        eval "refuses $code \"\$pattern\" $words"
    done
}

same() { # FILE EXPECTED WHAT...
    local file=$1 expected=$2
    shift 2
    cmp -s "$file" "$expected" || complain "$*: differs: $(diff "$file" "$expected" | head -n 5)"
}

# The instruction sets that the program names and this CPU has; those it names begin with c and
# avx2.
levels() {
    local isa all
    all=$("$POISON" --help | sed -n 's/.*--isa \([a-z0-9|]*\).*/\1/p' | tr '|' ' ')
    [[ " $all " = *' c avx2 '* ]] || complain "--help names these instruction sets: $all"
    for isa in $all; do
        "$POISON" counts --data synthetic --train 20 --isa "$isa" >/dev/null 2>&1 && echo "$isa"
    done
    return 0
}

# Calls "$@ MODE" with every mode's options: `c` and `avx2` on one and on two threads, the levels
# above on two. Two modes run at a time, each in an empty folder and a shell of its own.
each_mode() {
    local isa mode modes=() left=0
    for isa in $(levels); do
        case $isa in c | avx2) modes+=("--isa $isa -j 1") ;; esac
        modes+=("--isa $isa -j 2")
    done
    for mode in "${modes[@]}"; do
        [ "$left" -lt 2 ] || { wait -n || true; left=1; }
        left=$((left + 1))
        (
            trap - ERR EXIT DEBUG # bats' own
            set +e
            folder=$place/${mode// /}
            mkdir "$folder" && cd "$folder" && out=$folder/out err=$folder/err || exit
            export OMP_WAIT_POLICY=passive
            "$@" "$mode"
            echo "$mode" >>"$place/finished"
        ) &
    done
    wait
    [ "$(sort "$place/finished")" = "$(printf '%s\n' "${modes[@]}" | sort)" ] ||
        complain "modes left out: $(cat "$place/finished")"
}

# A line each; a name may be two words.
commands() { "$POISON" -h | sed -n '/^Commands/,/^$/s/^  \([a-z]*\( [a-z][a-z]*\)\?\)  .*/\1/p'; }
data_commands() { # those that look for data where none are named
    local command
    commands | while read -r command; do
        ! "$POISON" $command --help | grep -q '^ *--data ' || echo "$command"
    done
}

# Sanitizers reserve terabytes of address space, so that limits on it say nothing.
needs_limits() { (ulimit -v 1000000 && "$POISON" --version >/dev/null 2>&1) ||
    skip "the program does not start in 1 GB"; }

# Seconds from a moment of $EPOCHREALTIME until now.
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }'; }
