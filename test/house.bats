#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# house - the floors of src/ and the look of the sources hold, and each check is able to fail
#
# `make check` names the build by $BUILD and its flags by MAKEFLAGS.

load helper

ROOT=$(realpath "$BATS_TEST_DIRNAME/..")
BUILD=${BUILD:-build/cc}

# A copy of the house, for walls to be moved in: sources, and the objects of this build.
copy_house() {
    cp -r "$ROOT"/{Makefile,poison.c,poison.h,src} .
    mkdir -p "$BUILD"
    cp -r "$ROOT/$BUILD"/{src,poison.o} "$BUILD"
}

floors() { # PATTERN WHAT: they must complain so; no pattern: they must not complain
    status=0
    "$ROOT/test/floors" "$BUILD" >"$out" 2>&1 || status=$?
    [ "$status" -eq "$((${#1} > 0))" ] && grep -qE "${1:-none against the list}" "$out" ||
        complain "$2: exit $status: $(head -n 3 "$out")"
}

compiles() { # FILE LINE: a file of this one line
    echo "$2" >"$1"
    make -s "$BUILD/${1%.c}.o" >"$out" 2>&1
}

@test "no file of src/ uses what stands below it, and each is in the list" {
    command -v nm >/dev/null || skip "there is no nm"
    copy_house
    floors '' "the house as it is"
    compiles src/data/x.c 'int table_begin(void), x(void); int x(void) { return table_begin(); }' ||
        complain "x.c: $(head -n 3 "$out")"
    floors '^not ok - data/x: not in the list' "a new file"
    sed -i 's,^    data/,& x,' src/README.md
    floors '^not ok - data/x uses table_begin of lab/table' "a call turned around"
    rm src/data/x.c
    floors '^not ok - data/x: in the list of src/README.md only' "a file that is gone"
    sed 's/ dot simd / simd dot /' "$ROOT/src/README.md" >src/README.md
    floors '^not ok - svm/simd uses .* of svm/dot' "neighbours change places"
    echo >"$BUILD/poison.o"
    floors poison.o "no object of poison.c"
}

@test "a file of src/ cannot include what stands below its folder" {
    copy_house
    compiles src/data/x.c '#include "set.h"' || complain "its own folder: $(head -n 3 "$out")"
    compiles src/data/x.c '#include "output.h"' || complain "the folder above: $(head -n 3 "$out")"
    compiles src/picture/x.c '#include "table.h"' ||
        complain "table.h from picture: $(head -n 3 "$out")"
    ! compiles src/data/x.c '#include "table.h"' || complain "table.h from data"
    grep -q 'table.h: No such file\|table.h. file not found' "$out" ||
        complain "$(head -n 3 "$out")"
    ! compiles src/picture/x.c '#include "args.h"' || complain "args.h from picture"
}

# A file named so, of standard input, and what test/style says of it; no pattern: nothing.
style() { # FILE PATTERN
    mkdir -p "$(dirname "$1")"
    cat >"$1"
    status=0
    "$ROOT/test/style" "$1" >"$out" 2>&1 || status=$?
    [ "$status" -eq "$((${#2} > 0))" ] && [ "$(grep -c '^not ok' "$out")" -eq "$status" ] &&
        grep -qE "${2:-^style: 1 file}" "$out" ||
        complain "$1: expected '${2:-nothing}': exit $status: $(cat "$out") of $(cat "$1")"
}

function_of() { # LINES
    printf 'static int f(void)\n{\n'
    for ((k = 3; k < $1; k++)); do echo '    g();'; done
    echo '}'
}

@test "the sources look as the house wants them" {
    cd "$ROOT"
    test/style >"$out" || complain "$(cat "$out")"
    grep -qE '^style: [0-9]+ files; [0-9]+ lines, poison.c [0-9]+$' "$out" ||
        complain "$(cat "$out")"
}

@test "the look of sources: what is too wide, nested, crowded or without a comment is found" {
    wide=$(printf '%100s' '*/')
    style src/lab/x.c '' <<<"/*${wide:2}"
    style src/lab/x.c 'x.c:1: 101 columns' <<<"/*${wide:1}"
    style Makefile 'Makefile:2: 101 columns' <<<$'\n#'"$wide"
    style src/lab/x.c '' <<<"/*ééééé${wide:7}"
    while IFS='|' read -r text pattern; do
        style src/lab/x.c "${pattern# }" <<<"$text"
    done <<'END'
x = a ? b : c, y = d ? e : f; z = f(a ? b : c, d ? e : f) + (g ? h : i); |
if (a ? b : c) return d ? e : f; |
x = a ? "?" : '?'; /* a ? b : c ? d : e */ // a ? b ? |
#define MOST(a, b) ((a) > (b) ? (a) : (b)) |
x = a ? b : c ? d : e; | x.c:1: a \?: inside another one
x = a ? b ? c : d : e; | inside another
x = a ? b : f(c ? d : e); | inside another
x = (a ? b : c) ? d : e; | inside another
x = a ? (struct s){b ? c : d} : e; | inside another
#define SIGN(a) ((a) < 0 ? -1 : (a) > 0 ? 1 : 0) | inside another
static int f(int a, int b, int c, int d, int e, int f, int g); |
int f(void) { return g(1, 2, 3, 4, 5, 6, 7, 8); } |
static int f(int a, int b, int c, int d, int e, int f, int g, int h); | x.c:1: 8 parameters
int poison_audit(int a, int b, int c, int d, int e, int f, int g, int h); |
int status = strcmp(word, command->name); |
int is = strcmp(args->command->name, "show") == 0; | x.c:1: a command is known by its name
/* openblas_set_num_threads */ | x.c:1: openblas_ outside svm/blas
END
    style src/lab/x.c 'x.c:2: a .: inside another' <<<$'x = a ? b\n    : c ? d : e;'
    style src/svm/blas.c '' <<<'int openblas_get_parallel(void);'
    style src/svm/simd_loops.h '' \
        <<<'int f(int a, int b, int c, int d, int e, int f, int g, int h);'
    style src/lab/x.c '' < <(function_of 20)
    style src/lab/x.c 'x.c:21: no comment above a function of 21 lines' < <(function_of 21)
    style src/lab/x.c '' < <(echo '/* why */'; function_of 21)
    style src/lab/x.c 'of 21 lines' < <(echo '/* why */'; echo; function_of 21)
    mkdir -p .ci test bench
    { echo 'int f(void);' && yes '' | head -n 25700; } >src/lab/x.c
    touch poison.{c,h} Makefile build.sh
    ! "$ROOT/test/style" >"$out" || complain "a long house: $(cat "$out")"
    grep -q '^not ok - over 25700 lines' "$out" || complain "a long house: $(cat "$out")"
    yes '' | head -n 901 >poison.c
    ! "$ROOT/test/style" >"$out" || complain "a long poison.c: $(cat "$out")"
    grep -q '^not ok - over 900 lines in poison.c' "$out" ||
        complain "a long poison.c: $(cat "$out")"
}
