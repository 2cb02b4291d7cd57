#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# machines - the same program on CPUs that lack what this one has: qemu's models, whose CPUID says
# what they run
#
# kvm64, core2duo and Nehalem end at SSE3, SSSE3 and SSE4.2, and OpenBLAS has a kernel for each.
# `max` is what qemu knows, AVX2 too; without XSAVE the CPU has AVX2, but no system that keeps its
# registers.

load helper

setup_file() {
    unset OPENBLAS_CORETYPE # it would overrule what the model says
    export OMP_WAIT_POLICY=passive
}

needs_qemu() {
    [ -z "${SAN:-}" ] || skip "sanitizers and qemu do not agree on where memory is"
    qemu-x86_64 -cpu max "$POISON" --version >/dev/null 2>&1 ||
        skip "no qemu-x86_64 that runs the program"
}

# From here on the program runs on this model.
on() { # MODEL
    model=$1
    printf '#!/bin/sh\nexec qemu-x86_64 -cpu %s %q "$@"\n' "$model" "$program" >"$place/on"
    chmod +x "$place/on"
    POISON=$place/on
    note="on $model"
}

# The instruction sets of --isa, from the least on.
all_levels() { "$program" --help | sed -n 's/.*--isa \([a-z0-9|]*\).*/\1/p' | tr '|' ' '; }

check_levels() { # MODEL BEST
    local isa has=1
    on "$1"
    works --version
    grep -qx "instruction set $2" "$out" || complain "$(tail -n 1 "$out"), expected $2"
    for isa in $(all_levels); do
        if [ "$has" = 1 ]; then
            works counts --data synthetic --train 20 --isa "$isa"
        else
            refuses 3 "--isa $isa: this CPU has $2 at best" counts --data synthetic --train 20 \
                --isa "$isa"
        fi
        [ "$isa" != "$2" ] || has=0
    done
    [ "$has" = 0 ] || complain "--isa knows no $2"
}

@test "the instruction set is what CPU and system have, and one above is refused with exit 3" {
    needs_qemu
    program=$POISON
    check_levels core2duo c
    check_levels max avx2
    check_levels max,-avx2 c
    check_levels max,-xsave c
    check_levels max,-avx c
}

@test "the lab runs on every 64-bit CPU that qemu knows" {
    needs_qemu
    "$POISON" lab --data synthetic --train 60 --test 20 --doses 5 --isa c >here
    for model in $(qemu-x86_64 -cpu help | awk '$1 == "x86" && !/alias/ { print $2 }'); do
        { qemu-x86_64 -cpu "$model" "$POISON" lab --data synthetic --train 60 --test 20 --doses 5 \
            --isa c >there 2>said && cmp -s here there; } ||
            grep -q "does not support 64 bit mode" said || complain "on $model: $(tail -n 1 said)"
    done
}

@test "every command gives the same table on CPUs without AVX2" {
    needs_qemu
    mkdir here
    "$BATS_TEST_DIRNAME/tables" here "$POISON"
    commands | tr ' ' _ | while read -r command; do
        [ -s "here/$command" ] || complain "test/tables leaves out $command"
    done
    ! grep -l '^exit' here/* || complain "test/tables: a command failed"
    for model in kvm64 qemu64 core2duo Nehalem max max,-avx2; do
        mkdir "$model"
        "$BATS_TEST_DIRNAME/tables" "$model" "qemu-x86_64 -cpu $model $POISON"
        diff -rq here "$model" >differ || complain "on $model: $(cat differ)"
    done
}
