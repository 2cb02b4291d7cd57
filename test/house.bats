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
    command -v nm >/dev/null || skip "there is no nm"
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
    copy_house
    floors '' "the house as it is"
    compiles src/data/x.c 'int table_begin(void); int x(void); int x(void) { return table_begin(); }' ||
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
    compiles src/picture/x.c '#include "table.h"' || complain "table.h from picture: $(head -n 3 "$out")"
    ! compiles src/data/x.c '#include "table.h"' || complain "table.h from data"
    grep -q 'table.h: No such file\|table.h. file not found' "$out" || complain "$(head -n 3 "$out")"
    ! compiles src/picture/x.c '#include "args.h"' || complain "args.h from picture"
}
