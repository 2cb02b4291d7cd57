#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# library - what make install gives to other programs: names, links, manners; test/embed.c is such a
# program

load helper

ROOT=$BATS_TEST_DIRNAME/..

# Installs the build that is tested: SAN, CC and so on are in the environment, or in MAKEFLAGS,
# where make check set them.
setup_file() {
    export PREFIX_HERE=$BATS_FILE_TMPDIR/prefix
    command -v pkg-config >/dev/null || return 0
    make -s -C "$ROOT" install DESTDIR= PREFIX="$PREFIX_HERE" LIBDIR="$PREFIX_HERE/lib" \
        >"$BATS_FILE_TMPDIR/log" 2>&1 ||
        { cat "$BATS_FILE_TMPDIR/log" >&2; return 1; }
}

needs_tools() {
    local tool
    for tool in pkg-config nm; do
        command -v $tool >/dev/null || skip "$tool is not installed"
    done
    export PKG_CONFIG_PATH=$PREFIX_HERE/lib/pkgconfig LD_LIBRARY_PATH=$PREFIX_HERE/lib
    sanitize=${SAN:+-fsanitize=$SAN}
    cc="${CC:-cc} -O1 -g -Wall -Wextra -Werror $sanitize"
}

declared() { # the functions of poison.h
    ${CC:-cc} -E -P "$PREFIX_HERE/include/poison.h" | tr '\n' ' ' |
        grep -oE '\bpoison_[a-z0-9_]+ ?\(' | tr -d ' (' | sort -u
}

compiled() { # WHAT COMMAND...
    local what=$1
    shift
    "$@" >"$out" 2>&1 || { complain "$what: $* $(head -n 5 "$out")"; return 1; }
}

silent() { # PROGRAM WORDS...: does its work and says nothing
    status=0
    timeout -s KILL 120 "$@" >"$out" 2>"$err" || status=$?
    [ "$status" -eq 0 ] || complain "$*: exit $status: $(head -n 5 "$err")"
    [ ! -s "$out" ] && [ ! -s "$err" ] || complain "$* printed: $(cat "$out" "$err" | head -n 5)"
}

@test "the library shows the functions of poison.h, all of them, and nothing else" {
    needs_tools
    declared >"$place/declared"
    [ "$(wc -l <"$place/declared")" -gt 50 ] ||
        complain "poison.h declares: $(cat "$place/declared")"
    nm -D --defined-only "$PREFIX_HERE/lib/libpoison.so" | awk '{ print $3 }' |
        sort >"$place/shared"
    nm -g --defined-only "$PREFIX_HERE/lib/libpoison.a" | awk 'NF == 3 { print $3 }' |
        sort >"$place/static"
    # sanitizers add names of their own
    [ "${SAN:-}" ] || same "$place/shared" "$place/declared" libpoison.so
    [ "${SAN:-}" ] || same "$place/static" "$place/declared" libpoison.a
}

# Nothing that prints, ends the process, or alters what belongs to all of it. stdout is there for
# the path "-"; fprintf and the like write to files that it names.
@test "the library does not call what prints, exits, or changes the process" {
    needs_tools
    nm -u "$PREFIX_HERE/lib/libpoison.a" | awk '{ sub(/@.*/, "", $NF); print $NF }' |
        sort -u >"$place/used"
    grep -qx fwrite "$place/used" || complain "nm finds nothing: $(head "$place/used")"
    for name in printf puts putchar vprintf __printf_chk __vprintf_chk perror stderr exit _exit \
        _Exit quick_exit abort atexit \
        __assert_fail err errx warn warnx signal sigaction __sysv_signal sigprocmask \
        pthread_sigmask raise kill alarm setitimer \
        umask setlocale setenv putenv unsetenv chdir fchdir srand rand srandom random strtok \
        system popen fork vfork \
        execve execvp execlp dup2 setrlimit getenv mkstemp tmpfile tmpnam localtime gmtime asctime \
        getpwuid \
        omp_set_dynamic omp_set_nested omp_set_schedule sleep; do
        ! grep -qx "$name" "$place/used" || complain "libpoison.a uses $name"
    done
}

@test "poison.pc, the links and the soname are where linkers and loaders look" {
    needs_tools
    version=$(sed -n 's/^#define POISON_VERSION "\(.*\)"/\1/p' "$ROOT/poison.h")
    [ "$(pkg-config --modversion poison)" = "$version" ] ||
        complain "poison.pc: $(pkg-config --modversion poison)"
    [ "$(readlink -f "$PREFIX_HERE/lib/libpoison.so")" = \
        "$(readlink -f "$PREFIX_HERE/lib/libpoison.so.0")" ] || complain "links"
    [ -f "$PREFIX_HERE/lib/libpoison.so.$version" ] || complain "$(ls "$PREFIX_HERE/lib")"
    make -s -C "$ROOT" uninstall DESTDIR= PREFIX="$PREFIX_HERE/no" LIBDIR="$PREFIX_HERE/no" ||
        complain "uninstall of nothing"
    mkdir there
    make -s -C "$ROOT" install DESTDIR="$PWD/there" PREFIX=/opt LIBDIR=/opt/lib64 >"$out" 2>&1 ||
        complain "$(cat "$out")"
    grep -q "^libdir=\${prefix}/lib64" there/opt/lib64/pkgconfig/poison.pc ||
        complain "$(cat there/opt/lib64/pkgconfig/poison.pc)"
    ! grep -q "$PWD" there/opt/lib64/pkgconfig/poison.pc || complain "DESTDIR is in poison.pc"
    make -s -C "$ROOT" uninstall DESTDIR="$PWD/there" PREFIX=/opt LIBDIR=/opt/lib64
    [ -z "$(find there -type f -o -type l)" ] ||
        complain "uninstall leaves $(find there -type f -o -type l)"
}

@test "the example of poison.h, in C and in C++" {
    needs_tools
    sed -n '/^ \*      #include <poison.h>/,/^ \*      }/s/^ \*      \{0,1\}//p' "$ROOT/poison.h" \
        >example.c
    compiled example $cc example.c $(pkg-config --cflags --libs poison) -o example || return 0
    ./example >"$out" || complain "exit $?"
    grep -qE '^[5-9][0-9] of 100$' "$out" || complain "it prints $(cat "$out")"
    command -v c++ >/dev/null && [ -z "${SAN:-}" ] || return 0
    cp example.c example.cc
    cp "$out" "$place/said"
    compiled "in C++" c++ -Wall -Wextra -Wpedantic -Werror example.cc \
        $(pkg-config --cflags --libs poison) -o example++ || return 0
    ./example++ | cmp - "$place/said" || complain "C++ gives another answer"
}

@test "embed.c: models, reuse, cancellation and threads, linked with the shared and with the static library" {
    needs_tools
    embed="$cc -fopenmp $BATS_TEST_DIRNAME/embed.c"
    compiled shared $embed $(pkg-config --cflags --libs poison) -lpthread -o shared &&
        silent ./shared ${MNIST:+"$MNIST"}
    # The archive itself, since -lpoison would find the shared library beside it.
    compiled static $embed $(pkg-config --static --cflags --libs poison | sed \
        's/-lpoison/-l:libpoison.a/') -o static &&
        silent ./static
}

@test "a program whose numbers have commas reads and writes the same model files" {
    needs_tools
    [ -e /usr/share/i18n/locales/de_DE ] && command -v localedef >/dev/null ||
        skip "no sources of locales are installed"
    localedef -i de_DE -f UTF-8 "$PWD/de_DE.UTF-8" >"$out" 2>&1 || [ -e de_DE.UTF-8/LC_NUMERIC ] ||
        complain "$(cat "$out")"
    commas=(env LOCPATH="$PWD" LC_ALL=de_DE.UTF-8)
    [ "$("${commas[@]}" bash -c 'printf %.1f 0,5')" = 0,5 ] || complain "this locale has no commas"
    compiled embed.c $cc -fopenmp "$BATS_TEST_DIRNAME/embed.c" \
        $(pkg-config --cflags --libs poison) -lpthread -o comma &&
        silent "${commas[@]}" ./comma
}
