#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# plot - charts of the laboratory's tables: that they are XML, and that their marks hold the tables'
# numbers

load helper

SMALL='--data synthetic --train 300 --test 200 --validate 100'
HEADER='from\tto\tstrategy\tdefence\tseed\tdose\tsuccess\tsuccess_lo\tsuccess_hi\n'
SHORT='function short(v) {
    if (v == "NA") return v
    v = sprintf("%.6f", v); sub(/0+$/, "", v); sub(/[.]$/, "", v)
    return v
}
function range(a, b) { return " (" short(a) " to " short(b) ")" }
'

# A chart of a table, into $out; what comes out must be XML with one mark for each of the expected
# tooltips (standard input).
charts() { # TABLE WORDS...
    local table=$1
    shift
    status=0
    "$POISON" plot "$@" <"$table" >"$out" 2>"$err" || status=$?
    [ "$status" -eq 0 ] && [ ! -s "$err" ] || complain "plot <$table: exit $status, $(cat "$err")"
    ! command -v xmllint >/dev/null || xmllint --noout "$out" 2>"$err" ||
        complain "$table: not XML: $(head -n 3 "$err")"
    ! grep -qE '(nan|inf)[^a-z]' "$out" ||
        complain "$table: no number: $(grep -E '(nan|inf)[^a-z]' "$out" | head -n 3)"
    tips "$out" >tips
    sort >wanted
    sort tips | cmp -s - wanted ||
        complain "$table, marks: $(sort tips | diff - wanted | head -n 5)"
}
tips() { sed -n "s/.*class='mark[ '].*<title>\([^<]*\)<.*/\1/p" "$1"; }

# Must be refused, the table on standard input; then with -o too, without the file.
rejects() { # CODE PATTERN TEXT WORDS...
    local code=$1 pattern=$2 text=$3 before
    shift 3
    before=$(ls -A)
    for file in '' '-o new.svg'; do
        status=0
        printf "$text" | "$POISON" plot $file "$@" >"$out" 2>"$err" || status=$?
        refused "$code" "$pattern" "$before" plot $file "$@"
    done
}

@test "plot: a sweep's lines, of one run with its interval, of several seeds from least to most" {
    "$POISON" sweep $SMALL --doses 0:30:10 --strategy first,random --seeds 3 >table
    awk -F '\t' "$SHORT"'
        NR == 1 { next }
        $3 == "first" { print "first, dose " $6 ": success " short($11) range($12, $13) }
        $3 == "random" { if (!n[$6]++) low[$6] = high[$6] = $11; sum[$6] += $11
                         if ($11 < low[$6]) low[$6] = $11; if ($11 > high[$6]) high[$6] = $11 }
        END { for (d in n) print "random, dose " d ": success " short(sum[d] / n[d]) \
            range(low[d], high[d]) }
    ' table | charts table
    grep -q '<title id=.chart-title.>Success of flipping 1 to 2</title>' "$out" ||
        complain "title: $(sed -n 2p "$out")"
    [ "$(grep -c "class='band" "$out")" -eq 2 ] || complain "bands: $(grep -c "class='band" "$out")"
    grep -q "class='s0'.*>first<" "$out" && grep -q "class='s1'.*>random<" "$out" ||
        complain "no legend"
}

@test "plot: several pairs are panels; one dose is rows or, of many pairs, a map; cells without a model are gaps" {
    "$POISON" sweep $SMALL --doses 0,10 --pairs 1:2,3:8,8:3 >table
    awk -F '\t' "$SHORT"'NR > 1 {
        print $1 " to " $2 ", dose " $6 ": success " short($11) range($12, $13) }' table |
        charts table
    awk -F '\t' 'NR == 1 || $6 == 10' table >one
    awk -F '\t' "$SHORT"'NR > 1 {
        print $1 " to " $2 ": success " short($11) range($12, $13) }' one | charts one
    "$POISON" sweep $SMALL --doses 5 --pairs all --strategy first,far >table
    awk -F '\t' "$SHORT"'NR > 1 {
        print $3 ", from " $1 ", to " $2 ": success " short($11) }' table | charts table
    # most of the labels come on one side only
    "$POISON" sweep $SMALL --doses 5 --pairs 1:2,3:8,8:3,4:9 >table
    awk -F '\t' "$SHORT"'NR > 1 { print "from " $1 ", to " $2 ": success " short($11) }' table |
        charts table
    [ "$(tips "$out" | sed 's/.*, to \(.*\):.*/\1/' | tr '\n' ' ')" = '2 8 3 9 ' ] ||
        complain "order: $(tips "$out")"
    { printf "$HEADER"; printf 'a\tb\tx\ty\tNA\t%s\t%s\t%s\t%s\n' 0 0.5 0.4 0.6 10 NA NA NA \
        20 0.75 0.5 0.8; } >gap
    printf '%s\n' 'dose 0: success 0.5 (0.4 to 0.6)' 'dose 20: success 0.75 (0.5 to 0.8)' |
        charts gap
    [ "$(grep -o "class='line s0 d0' d='[^']*'" "$out" | grep -o M | wc -l)" -eq 2 ] ||
        complain "a line over the gap"
    # found by a fuzzer: bands to infinity
    printf "${HEADER}a\tb\tx\ty\t1\t0\tNA\tNA\tNA\na\tb\tx\ty\t2\t0\tNA\tNA\tNA\n" >none
    charts none </dev/null
    printf "${HEADER}a\tb\tx\ty\tNA\t0\t5e-324\t0\t1\n" >tiny
    charts tiny <<<'a to b, x, y: success 4.94066e-324 (0 to 1)'
}

@test "plot: doses with their intervals, and what is never reached" {
    tr ' ' '\t' >table <<'END'
from to strategy defence seeds ed10 ed10_lo ed10_hi ed50 ed50_lo ed50_hi ed90 ed90_lo ed90_hi area
1 2 far none 1 8.25 NA NA 20 NA NA NA NA NA 3
1 2 far knn 5 9 8 10.5 30 25.5 NA NA 45 NA 3
END
    printf '%s\n' 'none, ED10: dose 8.25' 'none, ED50: dose 20' 'knn, ED10: dose 9 (8 to 10.5)' \
        'knn, ED50: dose 30 (25.5 to NA)' \
        'knn, ED90: dose NA (45 to NA)' | charts table
    [ "$(grep -c '>ED90: NA<' "$out")" -eq 2 ] || complain "NA is not said"
    "$POISON" sweep $SMALL --doses 0:40:10 --strategy first,random --seeds 4 | "$POISON" dose >table
    awk -F '\t' "$SHORT"'
        NR > 1 { for (k = 0; k < 3; k++) { v = $(6 + 3 * k); lo = $(7 + 3 * k); hi = $(8 + 3 * k)
                 if (v != "NA" || lo != "NA") print $3 ", ED" 10 + 40 * k ": dose " short(v) \
                     (lo == "NA" ? "" : range(lo, hi)) } }
    ' table | charts table
}

@test "plot: confusion and matrix are maps of their cells" {
    "$POISON" confusion $SMALL --flip 1:2:20 >table
    awk -F '\t' 'NR == 1 { for (c = 2; c <= NF; c++) name[c] = $c; next }
                 { for (c = 2; c <= NF; c++)
                     print "true " $1 ", predicted " name[c] ": images " $c }' table |
        charts table
    [ "$(grep -c "class='outline'" "$out")" -eq 10 ] ||
        complain "the diagonal: $(grep -c "class='outline'" "$out")"
    "$POISON" sweep $SMALL --doses 20 --strategy first,far --defence none,knn:relabel |
        "$POISON" matrix --at 20 >table
    awk -F '\t' "$SHORT"'NR == 1 { for (c = 4; c <= NF; c++) name[c] = $c; next }
                 { for (c = 4; c <= NF; c++)
                     print "strategy " $3 ", defence " name[c] ": success " short($c) }' \
        table | charts table
    printf 'from\tto\tstrategy\tnone\tknn\n1\t2\tfar\t0.5\tNA\n' >table
    printf '%s\n' 'strategy far, defence none: success 0.5' \
        'strategy far, defence knn: success NA' | charts table
    grep -q "class='mark na' fill='url(#chart-na)'" "$out" || complain "NA is not hatched"
    { printf 'true'; printf '\t%s' {A..Z}; printf '\n'; for row in {A..Z}; do printf "$row"; \
        printf '\t%s' {1..26}; printf '\n'; done; } >table
    awk -F '\t' 'NR == 1 { for (c = 2; c <= NF; c++) name[c] = $c; next }
                 { for (c = 2; c <= NF; c++)
                     print "true " $1 ", predicted " name[c] ": images " $c }' table |
        charts table
}

@test "plot: a grid in ascending order, its best cell outlined" {
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' cost gamma correct rows accuracy best \
        10 0.1 95 100 0.95 1 10 0.01 5 100 0.05 0 1 0.1 50 100 NA 0 >table
    printf '%s\n' 'C 10, gamma 0.1: accuracy 0.95' 'C 10, gamma 0.01: accuracy 0.05' \
        'C 1, gamma 0.1: accuracy NA' | charts table
    tips "$out" | head -n 1 | grep -q '^C 1,' || complain "order: $(tips "$out")"
    [ "$(grep -c "class='best'" "$out")" -eq 1 ] || complain "best: $(grep "class='best'" "$out")"
    grep -q 'The best (outlined): C = 10, gamma = 0.1, accuracy 95.00 %' "$out" ||
        complain "the best is not said"
}

@test "plot: what audits find: scores by rank, scoreboard, joint estimate" {
    "$POISON" audit $SMALL --flip 1:2:20 --method knn,margin >table
    awk -F '\t' "$SHORT"'NR > 1 && $6 ~ /^([125]0*|300)$/ {
        print $3 ", rank " $6 ": score " short($4) ", row " $1 ", label " $2 ", suggested " $5 }' \
        table |
        charts table
    "$POISON" attack $SMALL --flip 1:2:20 >flips
    "$POISON" audit $SMALL --flips flips --truth flips --method knn,margin,confident >table
    awk -F '\t' "$SHORT"'NR > 1 { print $1 ", precision " short($4); print $1 ", recall " short($5);
        print $1 ", AUC " short($6)
                                  print $1 ", average precision " short($7) }' table | charts table
    "$POISON" audit $SMALL --flips flips --method confident --joint >table
    awk -F '\t' 'NR > 1 { print "label " $1 ", suggested " $2 ": rows " $3 }' table | charts table
    local rows
    for rows in 100 900 2000 70000; do # the ticks of a logarithmic axis have room
        awk -v rows=$rows 'BEGIN { print "row\tlabel\tmethod\tscore\tsuggested\trank"
            for (m = 0; m < 2; m++) for (r = 1; r <= rows; r++)
                print r "\t1\t" (m ? "knn" : "margin") "\t" 1 / r "\t2\t" r }' >table
        "$POISON" plot <table | sed -n \
            "s/.*class='small middle' x='\([0-9.]*\)' y='\([0-9.]*\)'>\([0-9]*\)<.*/\1 \2 \3/p" |
            awk '$2 == y && $3 > tick && $1 - x < 6.7 * (length(tick) + length($3)) / 2 {
                print tick " touches " $3 }
                 { x = $1; y = $2; tick = $3 } END { if (!NR) print "no ticks" }' >touching
        [ ! -s touching ] || complain "ranks to $rows: $(cat touching)"
    done
}

@test "plot: twelve lines differ in colour, dash or dot; the same table gives the same bytes" {
    { printf "$HEADER"
      for k in {1..12}; do for dose in 0 10; do printf \
          "1\t2\ts$k\tnone\tNA\t$dose\t0.$dose\t0\t1\n"; done; done; } >table
    for k in {1..12}; do for dose in 0 10; do echo "s$k, dose $dose: success $((dose / 10))" |
        sed 's/ 1$/ 0.1/; s/$/ (0 to 1)/'; done; done |
        charts table
    [ "$(grep -o "class='line s. d." "$out" | sort -u | wc -l)" -eq 12 ] ||
        complain "lines that look alike"
    cp "$out" first
    "$POISON" plot <table | cmp -s - first || complain "other bytes"
    ! grep -n 'http' first | grep -v 'http://www.w3.org/2000/svg' || complain "an address"
    grep -q 'prefers-color-scheme: dark' first || complain "no dark colours"
}

@test "plot: names that would be markup, terminal codes or no UTF-8" {
    { printf 'true\t<b>&\t"q"'"'"'\t\033[31m\t\377\355\240\200\t\342\200\256\t\302\233\n'
        printf ']]>\t1\t2\t3\t4\t5\t6\n'; } >table
    printf '%s\n' 'true ]]&gt;, predicted &lt;b&gt;&amp;: images 1' \
        'true ]]&gt;, predicted &quot;q&quot;&#39;: images 2' \
        'true ]]&gt;, predicted \x1b[31m: images 3' \
        $'true ]]&gt;, predicted \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd: images 4' \
        'true ]]&gt;, predicted \u202e: images 5' 'true ]]&gt;, predicted \x9b: images 6' |
        charts table --title $'</title><script>\e]0;x\a'
    grep -q '<title id=.chart-title.>&lt;/title&gt;&lt;script&gt;\\x1b\]0;x\\x07</title>' "$out" ||
        complain "title: $(sed -n 2p "$out")"
    LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177\377]')" "$out" && complain "control bytes"
    true
}

@test "plot: PNG and PDF through rsvg-convert, whole or not at all" {
    printf 'true\ta\tb\na\t1\t2\nb\t3\t4\n' >table
    mkdir empty
    before=$(ls -A)
    for name in x.png x.PDF; do
        status=0
        PATH=$PWD/empty "$POISON" plot -o $name <table >"$out" 2>"$err" || status=$?
        refused 3 "$name: .*rsvg-convert.*librsvg2-bin" "$before" plot -o $name
    done
    mkdir fake
    printf '#!/bin/sh\necho half\nexit 1\n' >fake/rsvg-convert
    chmod +x fake/rsvg-convert
    before=$(ls -A) status=0
    PATH=$PWD/fake:$PATH "$POISON" plot -o x.png <table >"$out" 2>"$err" || status=$?
    refused 3 'x.png: rsvg-convert failed' "$before" plot -o x.png
    status=0 # whoever ignores SIGCHLD is not told how children end
    (trap '' CHLD; PATH=$PWD/fake:$PATH exec "$POISON" plot -o x.png <table >"$out" 2>"$err") ||
        status=$?
    refused 3 'x.png: rsvg-convert failed' "$before" plot -o x.png
    printf '#!/bin/sh\n' >fake/rsvg-convert
    status=0
    PATH=$PWD/fake:$PATH "$POISON" plot -o x.png <table >"$out" 2>"$err" || status=$?
    refused 3 'x.png: rsvg-convert failed' "$before" plot -o x.png
    command -v rsvg-convert >/dev/null || skip "no rsvg-convert"
    "$POISON" plot -o "x \$(touch y).png" <table || complain "png: exit $?"
    [ "$(head -c 4 "x \$(touch y).png" | tail -c 3)" = PNG ] || complain "no PNG"
    [ ! -e y ] || complain "a shell saw the name"
    "$POISON" plot -o x.pdf <table && "$POISON" plot -o y.pdf <table || complain "pdf: exit $?"
    [ "$(head -c 4 x.pdf)" = %PDF ] && cmp -s x.pdf y.pdf || complain "no PDF, or one with a date"
}

@test "plot: what is refused, with the line" {
    rejects 3 'maps of 1200 by 1200 cells' "label\tsuggested\testimated\n$(seq 600 |
        sed 's/.*/a&\\tb&\\t1\\n/' | tr -d '\n')"
    rejects 3 'maps of 1200 by 1200 cells' "cost\tgamma\taccuracy\tbest\n$(seq 1200 |
        sed 's/.*/&\\t&\\t1\\t0\\n/' | tr -d '\n')"
    rejects 3 'standard input: empty, expected a table of sweep' ''
    known='sweep, dose, confusion, matrix, grid or audit'
    rejects 3 "standard input:2: no known header: expected a table of $known" '# x\na\tb\n1\t2\n'
    rejects 3 'no known header' 'true\na\n'
    rejects 3 'no known header' 'from\tto\tstrategy\n1\t2\tfar\n'
    rejects 3 'without rows' "$HEADER"
    rejects 3 'standard input:3: 2 columns, expected 3' 'true\ta\tb\na\t1\t2\nb\t3\n'
    rejects 3 "standard input:2: b 'x.*1b': expected a number of 0 to 1e" \
        'true\ta\tb\na\t1\tx\033\n'
    rejects 3 "standard input:2: a '': expected a number" 'true\ta\tb\na\t\t1\n'
    rejects 3 "standard input:2: a '0x1'" 'true\ta\tb\na\t0x1\t1\n'
    rejects 3 "standard input:2: a 'inf'" 'true\ta\tb\na\tinf\t1\n'
    rejects 3 "standard input:2: success '1.5': expected a number of 0 to 1" \
        "${HEADER}1\t2\tx\ty\tNA\t0\t1.5\t0\t1\n"
    rejects 3 'standard input:2: dose NA' "${HEADER}1\t2\tx\ty\tNA\tNA\t0.5\t0\t1\n"
    rejects 3 "standard input:1: two columns are named 'a'" 'true\ta\ta\na\t1\t2\n'
    rejects 3 'standard input:2: a zero byte' 'true\ta\tb\na\t1\t\0002\n'
    refuses_all <<'END'
2 | expected a name that ends in .svg, .png or .pdf | plot -o chart.jpg
2 | --title is not an option of 'dose' | dose --title x
END
    true
}
