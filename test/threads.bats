#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# threads - the tables are the same bytes on any number of threads, and every time

load helper

@test "every command prints the same on 1, 2, 3 and 8 threads, time and again" {
    export OMP_WAIT_POLICY=passive # more threads than cores
    small='--data synthetic --train 120 --test 40'
    tiny='--data synthetic --train 60 --test 20 --validate 20'
    awk 'BEGIN { srand(1); for (r = 0; r < 90; r++) { printf "%d", r % 3;
        for (f = 1; f < 9; f++) printf " %d:%.3f", f, rand() + r % 3 / 5; print "" } }' \
        >rows.libsvm
    cat >commands <<END
lab $small --doses 2,4
predictions $small -n 40 --flip 1:2:5
support $small --flip 1:2:5:far
sweep $small --validate 20 --pairs 1:2,3:8 --doses 0,2,4 --strategy first,random,far,greedy --defence none,knn:relabel
audit $tiny --flip 1:2:2 -q --method knn,margin,loo,shapley,confident
attack $small --validate 20 --flip 1:2:4:alfa
attack $small --validate 20 --flip 1:2:3:greedy
grid rows.libsvm -c 0.1:10:10 -g scale,0.1 -v 3
train rows.libsvm -o -
train rows.libsvm -v 5 -o -
support --data synthetic --train 500 --test 20 --memory 2
score --data rows.libsvm --test 30
END
    k=0
    while read -r words; do
        works $words -j 1
        cp "$out" "$place/expected.$k"
        [ -s "$out" ] || complain "$words prints nothing"
        k=$((k + 1))
    done <commands
    repeats() { # TIMES THREADS
        local round k words
        for ((round = 0; round < $1; round++)); do
            k=0
            while read -r words; do
                "$POISON" $words -j "$2" >"$place/got.$2" 2>"$place/said.$2" ||
                    complain "$words -j $2: exit $?, $(cat "$place/said.$2")"
                same "$place/got.$2" "$place/expected.$k" "$words -j $2, round $round"
                k=$((k + 1))
            done <commands
        done
    }
    many=20
    # sanitizers: slow, and there for other faults
    (ulimit -v 1000000 && "$POISON" --version) >/dev/null 2>&1 || many=2
    repeats 2 1
    repeats 4 2
    repeats $many 3
    repeats $many 8
}
