#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# bad_data - files that are missing, damaged, or lie are answered with one sentence and exit 3,
# soon, in little memory

load helper
LIMIT=4 # seconds a run

be32() {
    printf "$(printf '\\x%x' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) \
        $(($1 & 255)))"
}
header() { for number in "$@"; do be32 "$number"; done; } # MAGIC DIMENSIONS...
IMAGES=0x803 LABELS=0x801
# bytes from standard input over those at an offset
put() { dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
damage_byte() { # FILE OFFSET (negative: from its end): all its bits turned
    local at=$2
    [ "$at" -ge 0 ] || at=$(($(stat -c %s "$1") + at))
    printf "\\x$(printf %x $((255 - $(od -An -tu1 -j $at -N 1 "$1"))))" | put "$1" $at
}

# A good folder, set/: ROWS training images, 20 test images of 28 x 28.
make_set() { "$POISON" data --data synthetic --train "$1" --test 20 --export set >/dev/null; }

# Rows "PATTERN | SHELL COMMANDS": each does its damage in a fresh copy of set/, which must then be
# refused. ; in a pattern is "or". WORDS: what is run on it.
damages() { # WORDS...
    local pattern how note
    while IFS='|' read -r pattern how; do
        pattern=${pattern# } pattern=${pattern% } note=$how
        rm -rf bad
        cp -r set bad
        (cd bad && eval "$how") || complain "the test itself failed"
        refuses 3 "${pattern//;/|}" "$@" --data bad
    done
}

@test "each of the four files missing, empty, cut short, too long, of another kind" {
    make_set 60
    for file in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte \
        t10k-labels-idx1-ubyte; do
        damages counts <<END
$file | rm $file
$file.*(empty) | : >$file
$file | printf x >$file
$file | truncate -s 3 $file
$file | truncate -s 7 $file
$file | truncate -s -1 $file
$file | echo >>$file
$file.*magic.*3c21646f | echo '<!doctype html><title>404 Not Found</title>' >$file
$file.*magic number 00000d03, floats in 3 dimensions | header 0x00000D03 60 28 28 | put $file 0
$file.*magic | header 0x03080000 | put $file 0
$file.*(magic;claims) | header 0x00000802 | put $file 0
$file.*regular | rm $file; mkdir $file
$file.*regular | rm $file; mkfifo $file
END
    done
}

@test "dimensions that lie" {
    make_set 60
    damages counts <<'END'
train-images.*claims | header $IMAGES 61 28 28 | put train-images-idx3-ubyte 0
train-images.*claims | header $IMAGES 60 28 29 | put train-images-idx3-ubyte 0
train-images.*claims | header $IMAGES 60 28 27 | put train-images-idx3-ubyte 0
train-images.*no data | header $IMAGES 0 28 28 | put train-images-idx3-ubyte 0
train-images.*(no data;pixels) | header $IMAGES 60 0 28 | put train-images-idx3-ubyte 0
train-images.*(no data;pixels) | header $IMAGES 60 28 0 | put train-images-idx3-ubyte 0
train-images.*4294967295 | header $IMAGES 60 4294967295 4294967295 | put train-images-idx3-ubyte 0
train-images.*(large;claims) | header $IMAGES 4294967295 4294967295 4294967295 | put train-images-idx3-ubyte 0
train-images.*(large;claims) | header $IMAGES 1073741824 65536 65536 | put train-images-idx3-ubyte 0
train-images.*(large;claims) | header $IMAGES 4294967295 4096 4096 | put train-images-idx3-ubyte 0
train-labels.*(claims;59) | header $LABELS 59 | put train-labels-idx1-ubyte 0
train-labels.*no data | header $LABELS 0 | put train-labels-idx1-ubyte 0
train-labels.*claims | header $LABELS 4294967295 | put train-labels-idx1-ubyte 0
60 images.*59.*labels | { header $LABELS 59; tail -c 59 train-labels-idx1-ubyte; } >x; mv x train-labels-idx1-ubyte
20 images.*60.*labels | cp train-labels-idx1-ubyte t10k-labels-idx1-ubyte
28 x 28.*14 x 28;14 x 28.*28 x 28 | { header $IMAGES 20 14 28; head -c 7856 t10k-images-idx3-ubyte | tail -c 7840; } >x; mv x t10k-images-idx3-ubyte
28 x 28.*14 x 56;14 x 56.*28 x 28 | header $IMAGES 20 14 56 | put t10k-images-idx3-ubyte 0
END
}

@test "rows of features in two dimensions, and QMNIST's labels, are read; other shapes are named" {
    big_endian() {
        printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 >> 24)) $(($1 >> 16 & 255)) \
            $(($1 >> 8 & 255)) $(($1 & 255)))"
    }
    numbers() { for number; do big_endian "$number"; done; }
    { numbers 0x802 4 3; printf '\1\2\3\7\10\11\2\2\3\7\11\11'; } >a-images-idx2-ubyte
    { numbers 0x801 4; printf '\5\6\5\6'; } >a-labels-idx1-ubyte
    { numbers 0xC02 4 2 5 70 6 71 5 72 6 300; } >b-labels-idx2-int
    { numbers 0x803 4 1 3; printf '\1\2\3\7\10\11\2\2\3\7\11\11'; } >b-images-idx3-ubyte
    printf '5,1,2,3\n6,7,8,9\n5,2,2,3\n6,7,9,9\n' >rows
    works subproblems --data rows
    mv "$out" expected
    for data in a-images-idx2-ubyte b-images-idx3-ubyte; do
        works subproblems --data $data
        same "$out" expected $data
    done
    gzip b-labels-idx2-int
    works subproblems --data b-images-idx3-ubyte
    same "$out" expected "gzipped labels"
    { numbers 0x804 1 1 1 3; printf '\1\2\3'; } >c-images-idx4-ubyte
    { numbers 0x801 1; printf '\5'; } >c-labels-idx1-ubyte
    refuses 3 'magic number 00000804, unsigned bytes in 4 dimensions' counts --data \
        c-images-idx4-ubyte
}

@test "a gzip file cut short or damaged, wherever" {
    make_set 600
    gzip -n set/* # without names, so that byte 12 is in the compressed data
    for file in train-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz; do
        { # the last eight bytes are the CRC and the length
            for cut in 1 4 8 9 20; do echo "$file.*cut short | truncate -s -$cut $file"; done
            echo "$file.*(cut short;damaged) | truncate -s 10 $file"
            echo "$file.*(cut short;damaged;early) | truncate -s 2 $file"
            for at in 3 12 -1 -5 -8; do echo "$file | damage_byte $file $at"; done
            echo "$file.*(magic;early;empty) | : | gzip >$file"
            echo "$file.*more than its header | { gunzip <$file; echo; } | gzip >x; mv x $file"
            echo "$file.*magic | echo nonsense, in good form | gzip >$file"
        } | damages counts
    done
    damages counts <<'END'
train-images.*(cut short;damaged) | truncate -s 20000 train-images-idx3-ubyte.gz
train-images.*early | gunzip -c train-images-idx3-ubyte.gz | head -c 100000 | gzip -c >x; mv x train-images-idx3-ubyte.gz
train-images.*damaged | gunzip -c train-images-idx3-ubyte.gz | tail -c +17 | { header $IMAGES 600 28 28; gzip -1 | gzip -1 | head -c 200000; dd if=/dev/urandom bs=1k count=400 status=none; } | head -c 470416 | gzip -1 -c >x; mv x train-images-idx3-ubyte.gz; damage_byte train-images-idx3-ubyte.gz 300000
END
}

@test "a header that claims gigabytes is not believed: an answer at once, in little memory" {
    make_set 60
    gzip set/*
    needs_limits
    ulimit -v 1000000
    begun=$EPOCHREALTIME
    for words in counts 'counts --train 4294967295' 'counts --train 40000000 --test 1'; do
        damages $words <<'END'
train-(images;labels).*(early;cut short) | gunzip train*; header $IMAGES 4294967295 28 28 | put train-images-idx3-ubyte 0; header $LABELS 4294967295 | put train-labels-idx1-ubyte 0; gzip train*
train-(images;labels).*(early;cut short) | gunzip train*; header $IMAGES 4294967295 28 28 | put train-images-idx3-ubyte 0; { header $LABELS 4294967295; head -c 50000000 /dev/zero; } >train-labels-idx1-ubyte; gzip -1 train*
END
    done
    damages counts <<'END'
train-images.*(early;cut short) | gunzip train-images*; header $IMAGES 60 4096 4096 | put train-images-idx3-ubyte 0; gzip train-images*
END
    awk -v t="$(since "$begun")" 'BEGIN { exit t > 20 }' || complain "took $(since "$begun") s"
}

