#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# report - the page: that it is whole, stands by itself, says what the other commands say, and works
# in a browser

load helper
LIMIT=300 # sanitizers are slow

SMALL='--data synthetic --train 300 --test 200 --validate 100'

# The page of these words, at `page`.
reports() {
    works report "$@"
    cp "$out" page
    ! command -v xmllint >/dev/null || xmllint --noout page 2>"$err" ||
        complain "report $*: not XML: $(head -n 3 "$err")"
}

# The cells of the page's table of this id, tab-separated, in full and without the columns of
# changes.
cells() { # ID
    sed -n "/<table id=\"$1\">/,/<\/table>/p" page | sed -n 's/^<tr[^>]*><th scope="row">//p' |
        sed -E '
        s/<td class="change">(<b>)?[^<]*(<\/b>)?<\/td>//g;
        s/<td data-value="([^"]*)">[^<]*<\/td>/<td>\1<\/td>/g
        s/<\/td><\/tr>$//; s/<\/th><td[^>]*>/\t/; s/<\/td><td[^>]*>/\t/g'
}
same_cells() { # ID WHAT; the expected ones on standard input
    cat >expected
    [ -s expected ] || complain "$2: nothing to compare with"
    cells "$1" | cmp -s - expected || complain "$2: $(cells "$1" | diff - expected | head -n 4)"
}
rows_of() { "$POISON" "$@" $SMALL | tail -n +2; } # of another command's table
tips() { sed -n "/id='$1-svg'/,/<\/svg>/s/.*class='mark[ '].*<title>\([^<]*\)<.*/\1/p" page; }

@test "report: one file that is whole, asks nothing of others, and can be read by all" {
    reports $SMALL --doses 5,20
    ! grep -niE '<script|<iframe|<object|@import|url\([^#]|javascript:| on[a-z]+=' page ||
        complain "not only a page"
    grep -oE '(src|href|data|srcset|action)="[^"#]{0,30}' page |
        grep -vE '^src="data:image/png;base64,|^href="$|^href="data:,$' &&
        complain "points elsewhere"
    grep -oE "https?:[^ \"']*" page | sort -u |
        grep -vE '^http://www.w3.org/(1999/xhtml|2000/svg)$' && complain "an address"
    [ "$(grep -o '<img ' page |
        wc -l)" -eq "$(grep -oE '<img width="[0-9]+" height="[0-9]+" alt="[^"]+" src=' page |
        wc -l)" ] ||
        complain "an image without size or alt"
    [ "$(grep -o '<img ' page | wc -l)" -gt 150 ] ||
        complain "$(grep -o '<img ' page | wc -l) images"
    grep -oE '<h[1-6]' page | tr -d '<h' |
        awk 'NR == 1 ? $1 != 1 : $1 == 1 || $1 > last + 1 { exit 1 } { last = $1 }' ||
        complain "headings: $(grep -oE '<h[1-6]' page | tr '\n' ' ')"
    [ "$(grep -c '<h2 ' page)" -eq 10 ] || complain "$(grep -c '<h2 ' page) chapters"
    grep -q '<html [^>]*lang="en"' page || complain "no language"
    [ "$(grep -c '<table ' page)" -eq "$(grep -c '<caption>' page)" ] ||
        complain "a table without a caption"
    ! grep -E '<th[ >]' page | grep -vE '<th scope=' || complain "a heading without scope"
    grep -oE ' id=.[^ >]*' page | sort | uniq -d | grep . && complain "an id twice"
    grep -oE 'href="#[^"]*' page | sed 's/href="#//' |
        while read -r id; do grep -q "id=\"$id\"" page || complain "no $id"; done
    ! grep -qwE 'nan|inf' <(sed 's/base64,[^"]*//g' page) || complain "no number"
    grep -q 'class="skip" href="#main"' page && grep -q '<main id="main">' page ||
        complain "no way to the text"
}

@test "report: its numbers are those of counts, score, confusion, audit, sweep, dose and explain" {
    reports $SMALL --doses 5,20 --curve 0:30:10 --strategy first,random --seeds 3 --method \
        knn,confident
    rows_of counts | same_cells counts counts
    rows_of score | same_cells score score
    for k in 5 20; do
        rows_of counts --flip 1:2:$k | same_cells counts-$k "counts of $k"
        rows_of score --flip 1:2:$k | same_cells score-$k "score of $k"
        grep -q "id=\"flag-$k\"><b>The flag is $(awk '$1 == 2 { print $3 }' expected)</b>" page ||
            complain "the flag of $k"
    done
    "$POISON" attack $SMALL --flip 1:2:20 >flips
    "$POISON" audit $SMALL --flips flips --truth flips --method knn,confident | tail -n +2 |
        same_cells audit audit
    rows_of sweep --doses 20 --defence none,knn:relabel,confident | cut -f 4,7,11,12,13,14 |
        same_cells cleaned sweep
    "$POISON" sweep $SMALL --doses 0:30:10 --strategy first,random --seeds 3 >sweep
    "$POISON" dose <sweep | tail -n +2 | cut -f 3,5,6,9,12 | same_cells doses dose
    "$POISON" plot <sweep | sed -n "s/.*class='mark[ '].*<title>\([^<]*\)<.*/\1/p" >expected
    tips curve | cmp -s - expected ||
        complain "the curve: $(tips curve | diff - expected | head -n 4)"
    for k in 0 20; do
        "$POISON" confusion $SMALL --flip 1:2:$k |
            awk -F '\t' -v name=$([ $k -eq 0 ] && echo Before || echo After) '
            NR == 1 { for (c = 2; c <= NF; c++) n[c] = $c; next }
            { for (c = 2; c <= NF; c++) 
                print name ", true " $1 ", predicted " n[c] ": test images " $c }'
    done >expected
    tips confusion | cmp -s - expected ||
        complain "confusion: $(tips confusion | diff - expected | head -n 4)"
    tips difference | awk -F '[ ,:]+' '{ sum += $NF; n++ } END { exit n != 100 || sum != 0 }' ||
        complain "the difference"
    [ "$(tips audits | wc -l)" -eq 8 ] && [ "$(tips cleaning-chart | wc -l)" -eq 3 ] ||
        complain "bars: $(tips audits)"
    [ "$(grep -o 'data-flipped=' page | wc -l)" -gt 0 ] || complain "nothing changed sides"
    grep -oE '(id="case-|data-push="|data-decision="|data-flipped=")[0-9]+">?[^<]*' page |
        sed 's/−/-/; s/.*="\(.*\)">/\1 /; s/.*case-//; s/".*//' |
        awk 'NF == 1 { close(file); file = "case-" $1; next }
            { print >file }' # the case; its decision, the flips', rows
    for file in case-*; do
        "$POISON" explain $SMALL --flip 1:2:20 --row "${file#case-}" -n 5 |
            awk -F '\t' -v row="${file#case-}" '
            $1 == "i" { getline; printf "%d %+.3f\n%d %+.3f\n", row, $3, row, $6 }
            NF == 4 && $1 != "row" { printf "%d %+.3f\n", $1, $4 }' |
            cmp -s - "$file" || complain \
            "$file: $(head -n 2 "$file");" \
            "$("$POISON" explain $SMALL --flip 1:2:20 --row "${file#case-}" -n 5)"
    done
}

@test "report: the flipped digits are shown, the first forty, and how many more there are" {
    reports --data synthetic --train 600 --test 100 --validate 50 --doses 3,50 --method knn \
        --strategy far
    "$POISON" attack --data synthetic --train 600 --test 100 --flip 1:2:3:far | tail -n +2 |
        cut -f 1 >expected
    sed -n '/id="flips-3"/,/<\/ul>/s/.*row \([0-9]*\)<.*/\1/p' page | cmp -s - expected ||
        complain "not the farthest three"
    [ "$(sed -n '/id="flips-50"/,/<\/ul>/p' page | grep -c '1 → <b>2</b>')" -eq 40 ] ||
        complain "not forty"
    grep -q '<p>And 10 more.</p>' page || complain "how many more"
    grep -q 'Only 69 training labels are 1, so that the curve ends at 60\.' page ||
        complain "the curve's end"
}

@test "report: the same bytes for any threads and instruction set, and by the command that it names" {
    reports $SMALL --doses 5 --curve 0,5 --method knn,confident --seed 7
    works report $SMALL --doses 5 --curve 0,5 --method knn,confident --seed 7 -j 1 --isa c -o other
    same other page "-j 1 --isa c"
    mkdir "it's <here>"
    "$POISON" data --data synthetic --train 200 --test 60 --export "it's <here>/b & c" >"$place/log"
    reports --data "it's <here>/b & c" --doses 5 --curve 0,5 --method knn --train 150
    command=$(sed -n 's/^<pre><code>poison \(.*\)<\/code><\/pre>$/\1/p' page |
        sed "s/&lt;/</g; s/&gt;/>/g; s/&#39;/'/g; s/&amp;/\&/g")
    eval "\"\$POISON\" $command"
    same lab.html page "poison $command"
    POISON_DATA="it's <here>/b & c" works report --doses 5 --curve 0,5 --method knn --train 150
    grep -qF -- "--data &#39;it&#39;\\&#39;&#39;s &lt;here&gt;/b &amp; c&#39; --doses 5" page ||
        complain "$(grep 'poison report' page)"
    "$POISON" report --data nowhere -o lab.html 2>"$err" && complain "no data: exit 0"
    same lab.html page "an earlier file after a failure"
}

@test "report: rows without a shape are named, labels that would be markup are text" {
    awk 'BEGIN { srand(3); print "kind,a,b";
        split("<b>x|& \"\"q\"\"|</td><script>alert(1)</script>", kind, "|")
                 for (k = 0; k < 240; k++) { c = k % 3 + 1;
                 printf "\"%s\",%.3f,%.3f\n", kind[c], c + rand(), c * c + 2 * rand() } }' >evil.csv
    reports --data evil.csv --test 60 --validate 30 --pair '<b>x:"& ""q"""' --doses 0,10
    ! grep -qE '<script|<img |<b>x' page || complain "markup from a label"
    grep -q '&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;' page &&
        grep -q '&amp; &quot;q&quot;' page || complain "a label is lost"
    grep -q 'rows have no height and width, so that this page names them by their number' page ||
        complain "no word about pictures"
    grep -q 'Nothing is flipped: all is as it was' page || complain "dose 0"
    "$POISON" score --data evil.csv --test 60 --flip '<b>x:"& ""q""":10' | tail -n +2 |
        sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g' |
        same_cells score-10 "score of words"
    printf 'k,a\n%s' "$(for k in {1..40}; do
        echo "\"$((k % 2))"$'\033'"[31m\",$((k * k % 43))"; done)" \
        >terminal.csv
    reports --data terminal.csv --test 10 --pair $'0\033[31m:1\033[31m' --doses 3 --method knn
    ! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" page || complain "control bytes"
}

@test "report: what cannot be is refused before the work" {
    printf 'k,a\n1,2\n2,3\n1,4\n2,5\n' >few.csv
    refuses_all <<'END'
3 | 1:2:31: only 30 training labels are 1;fewer.*1;only [0-9]* .*1 | report --data synthetic --train 300 --doses 10,300
3 | --curve;only [0-9]* .*1 | report --data synthetic --train 300 --doses 1 --curve 0,1000
3 | 17.*occurs nowhere | report --data synthetic --pair 1:17
2 | both;same | report --data synthetic --pair 1:1
2 | --doses: 5 is named twice | report --data synthetic --doses 5,3,5
2 | --curve: 5 is named twice | report --data synthetic --curve 5,5
2 | --curve x: expected whole numbers | report --data synthetic --curve x
2 | --strategy: far is named twice | report --data synthetic --strategy far,far
2 | --json is not an option of 'report' | report --data synthetic --json
2 | --flip is not an option of 'report' | report --data synthetic --flip 1:2:3
3 | no test rows | report --data few.csv --method knn --doses 1
3 | leaves one class | report --data few.csv --test 1 --method knn --doses 2
3 | too few rows .* --validate 1000 | report --data few.csv --test 1 --doses 1
END
    true
}

# What headless Chromium finds in a page 390 pixels wide: images, those decoded, marks, requests,
# what stands over the edge.
look() { # FILE
    cat >look.html <<END
<body><iframe id="f" src="$1" style="width:390px;height:800px;border:0"></iframe><p id="p"></p>
<script>
f.onload = () => { const d = f.contentDocument, i = [...d.images], e = d.documentElement
    p.textContent = ['found', i.length, i.filter(x => x.complete && x.naturalWidth > 0).length,
        d.querySelectorAll('.mark').length,
        f.contentWindow.performance.getEntriesByType('resource')
            .filter(x => !x.name.startsWith('data:')).length,
        e.scrollWidth - e.clientWidth].join(' ') }
</script></body>
END
    timeout -s KILL 120 "$browser" --headless --no-sandbox --disable-gpu \
        --disable-background-networking --no-first-run \
        --allow-file-access-from-files --proxy-server=127.0.0.1:9 \
        --user-data-dir="$place/chromium" --enable-logging=stderr \
        --virtual-time-budget=20000 --dump-dom "file://$PWD/look.html" 2>"$err" </dev/null |
        sed -n 's/.*<p id="p">found \([^<]*\).*/\1/p' >found
}

@test "report in Chromium: no message, no request, every image decoded, every mark there, nothing over the edge of a phone" {
    browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
        skip "no Chromium"
    reports $SMALL --doses 5,20 --curve 0:30:10 --strategy first,random --method knn,margin
    cp page page.html
    look page.html
    read -r images decoded marks requests over <found ||
        complain "it did not load: $(tail -n 3 "$err")"
    ! grep ':CONSOLE' "$err" || complain "the console: $(grep ':CONSOLE' "$err" | head -n 3)"
    [ "$images" -eq "$(grep -o '<img ' page | wc -l)" ] && [ "$decoded" -eq "$images" ] ||
        complain "$decoded of $images images"
    # two lines of 4 points, 3 matrices of 10 x 10, 2 audits by 4 measures, 3 defences
    [ "$marks" -eq $((8 + 300 + 8 + 3)) ] || complain "$marks marks"
    [ "$requests" -eq 0 ] || complain "$requests requests"
    [ "$over" -le 0 ] || complain "$over pixels over the edge"
    printf '%s' '<p>a</p><img alt="x" src="data:image/png;base64,AAAA"/>' \
        '<img alt="y" src="http://127.0.0.1:9/gone.png"/><script>console.log(1)</script>' >bad.html
    look bad.html # this test can see what it looks for
    read -r images decoded marks requests over <found
    [ "$images $decoded $requests" = '2 0 1' ] && grep -q ':CONSOLE' "$err" ||
        complain "blind: $(cat found)"
}

@test "report on MNIST: the lab's flag, in under 3 MB" {
    [ -n "${MNIST:-}" ] || skip "no MNIST"
    reports --data "$MNIST"
    [ "$(wc -c <page)" -lt 3000000 ] || complain "$(wc -c <page) bytes"
    for flag in 10:11 30:13 100:33; do
        grep -q "id=\"flag-${flag%:*}\"><b>The flag is ${flag#*:}</b>" page ||
            complain "the flag of ${flag%:*}"
    done
}
