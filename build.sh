#!/bin/bash
# build.sh - from a fresh Debian or Ubuntu to a running poison: packages, build, MNIST, run. See
# usage() below. All that this script and make say goes to standard error: standard output is
# ./poison's, or the tests'.
set -eu

# we stay in the caller's directory: the words of `run` may name files
here=$(dirname -- "$(readlink -f -- "$0")")
cache_home=${XDG_CACHE_HOME:-${HOME:-}/.cache}
cache=$cache_home/poison/mnist # ./poison looks there too

mirrors=(https://ossci-datasets.s3.amazonaws.com/mnist \
    https://storage.googleapis.com/cvdf-datasets/mnist)
# seconds from the start, one a mirror; 28, so that rounding and a last kill end within 30
deadlines=(18 28)

# What a mirror sends is believed up to so many KiB, and so many bytes uncompressed: 47,040,016 is
# the most.
most_kib=20000 most_bytes=50000000

# SHA-256 of the uncompressed files: gzip adds names and dates, which may differ between mirrors.
declare -A sums=(
    [train-images-idx3-ubyte]=ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
    [train-labels-idx1-ubyte]=65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
    [t10k-images-idx3-ubyte]=0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
    [t10k-labels-idx1-ubyte]=ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
)

usage() {
    cat <<'END'
./build.sh                   install what is missing to build, and build ./poison
./build.sh run [WORDS...]    the same, fetch MNIST if there is none, run ./poison WORDS [the lab]
./build.sh data              fetch MNIST, 11 MB, into ~/.cache or $XDG_CACHE_HOME, in poison/mnist
./build.sh test              build, install what the tests need, and run them
./build.sh install [PREFIX]  build, and install under PREFIX [/usr/local]
./build.sh help              this page

Packages come from apt-get, as root or through sudo; elsewhere the build takes what is there. `run`
downloads nothing where $POISON_DATA, data/mnist or --data names the data, and goes on without MNIST
where it cannot be fetched. Exit codes: 1 the build or a test failed, 2 usage, 3 something is
missing; after `run`, ./poison's own.
END
}

say() { printf 'build.sh: %s\n' "$*" >&2; }
fail() { say "$2"; exit "$1"; } # STATUS SENTENCE

# ---- packages ------------------------------------------------------------------------------------

installed() { dpkg-query -s "$1" 2>/dev/null | grep -q '^Status: .* ok installed$'; }
# madison, unlike show, knows only what can be had
offered() { [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]; }

# missing=(what is not installed). Where the archive has no OpenMP build, its other OpenBLAS does.
list_missing() { # PACKAGE...
    local package
    missing=()
    for package; do
        ! installed "$package" || continue
        if [ "$package" = libopenblas-openmp-dev ] && ! offered "$package" &&
            offered libopenblas-dev; then
            package=libopenblas-dev
            ! installed "$package" || continue
        fi
        missing+=("$package")
    done
}

# May we install? sudo=(what goes before apt-get). A password is asked for only where somebody can
# answer.
may_install() {
    sudo=()
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || return 1
    [ "$(id -u)" -ne 0 ] || return 0
    sudo=(sudo)
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null && return 0
    [ -t 0 ] && [ -t 2 ] && say "sudo, to install ${missing[*]}:" && sudo -v
}

# On a fresh Ubuntu, automatic upgrades may hold dpkg's lock: wait a minute for it.
apt_get() {
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=60 "$@" \
        </dev/null 2>&1
}

# Does an OpenMP program link with these? CC may hold several words.
links() { echo 'int main(void) { return 0; }' |
    ${CC:-cc} -fopenmp -x c - -x none -o /dev/null "$@" 2>/dev/null; }

# Is what the package brings here in some other way: another compiler, another system, a build of
# one's own?
usable() { # PACKAGE
    local archive libs
    case $1 in
    make | bats | jq) command -v "$1" >/dev/null ;;
    gcc | libc6-dev) links ;;
    libcmocka-dev) links -lcmocka ;;
    libopenblas*) # where the Makefile looks
        archive=/usr/lib/$(${CC:-cc} -print-multiarch 2>/dev/null)/openblas-openmp/libopenblas.a
        read -ra libs <<<"${OPENBLAS_LIBS:-$(pkg-config --libs openblas 2>/dev/null ||
            echo -lopenblas)}"
        links "$archive" || links "${libs[@]}" ;;
    esac # zlib1g-dev, libpng-dev: the Makefile does without
}

need() { # PACKAGE...
    local package updated installing broken=()
    list_missing "$@"
    [ ${#missing[@]} -gt 0 ] || return 0
    if may_install; then
        say "installing ${missing[*]}"
        # one broken source does not matter if the others have the packages
        updated=$(apt_get update) || :
        list_missing "$@"              # now that the lists are there
        remake=-B                      # make does not notice new libraries
        installing=$(apt_get install --no-install-recommends "${missing[@]}") && return 0
        remake=
        printf '%s\n' "$updated" "$installing" >&2
    fi
    for package in "${missing[@]}"; do
        usable "$package" || broken+=("$package")
    done
    [ ${#broken[@]} -eq 0 ] ||
        fail 3 "missing, and cannot be installed from here: ${broken[*]} (Debian's names)"
}

# ---- build ---------------------------------------------------------------------------------------

run_make() { make -s -C "$here" -j"$(nproc)" "$@" >&2; }

build() { # PACKAGE...: wanted beside the build's own
    remake=
    need gcc make libc6-dev libopenblas-openmp-dev zlib1g-dev libpng-dev "$@"
    run_make $remake || fail 1 "the build failed"
}

# ---- MNIST ---------------------------------------------------------------------------------------

# where=the data that ./poison takes when no words name any. POISON_DATA may be unusable: that is
# for ./poison to say.
find_data() {
    local name
    where=${POISON_DATA:-data/mnist}
    [ -z "${POISON_DATA:-}" ] && [ ! -e data/mnist ] || return 0
    where=$cache
    for name in "${!sums[@]}"; do
        [ -e "$cache/$name.gz" ] || [ -e "$cache/$name" ] || return 1
    done
}

child='' scratch='' made=()
clean_up() {
    [ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null || :
    [ -z "$scratch" ] || rm -rf -- "$scratch"
    [ ${#made[@]} -eq 0 ] || rmdir -- "${made[@]}" 2>/dev/null || : # those in use stay
    child='' scratch='' made=()
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Leaves a host that is silent for five seconds, for the other one's sake. In the background, since
# bash answers signals during a `wait`, but not during a command.
download() { # URL FILE SECONDS
    local status=0 tool=(wget -nv -t 1 -T 5 -O "$2" "$1")
    ! command -v curl >/dev/null ||
        tool=(curl -fsSL --connect-timeout 5 --speed-limit 1000 --speed-time 5 -o "$2" "$1")
    (
        trap '' XFSZ # a write fails
        ulimit -f "$most_kib" 2>/dev/null || :
        exec timeout -k 1 "$3" "${tool[@]}" 2>"$scratch/why"
    ) &
    child=$!
    wait "$child" || status=$?
    child=''
    return $status
}

verified() { # NAME
    local sum
    sum=$(gzip -dc "$scratch/$1.gz" 2>/dev/null | head -c "$most_bytes" | sha256sum)
    [ "${sum%% *}" = "${sums[$1]}" ]
}

# Into scratch what is missing there. why=what went wrong
fetch_from() { # MIRROR DEADLINE
    local name status
    for name in "${!sums[@]}"; do
        ! verified "$name" || continue
        why="$1 is too slow"
        [ "$SECONDS" -lt "$2" ] || return 1
        status=0
        download "$1/$name.gz" "$scratch/$name.gz" $(($2 - SECONDS)) || status=$?
        [ $status -eq 0 ] || [ $status -ge 124 ] || why="$1: $(grep . "$scratch/why" | tail -n 1)"
        [ $status -eq 0 ] || return 1
        why="$1/$name.gz has the wrong SHA-256"
        verified "$name" || return 1
    done
}

# MNIST into the cache, whole or not at all. why=what went wrong
fetch() {
    local folder k begun=$SECONDS
    why="neither curl nor wget is installed"
    command -v curl >/dev/null || command -v wget >/dev/null || return 1
    why="cannot write to ${cache%/*}"
    for folder in "$cache_home" "${cache%/*}"; do
        [ ! -d "$folder" ] || continue
        mkdir -p -- "$folder" 2>/dev/null || return 1
        made=("$folder" "${made[@]}")
    done
    scratch=$(mktemp -d "$cache.XXXXXX" 2>/dev/null) || return 1
    say "fetching MNIST (11 MB) into $cache"
    for k in "${!mirrors[@]}"; do
        fetch_from "${mirrors[k]}" $((begun + deadlines[k])) || continue
        rm -f -- "$scratch/why"
        chmod 755 "$scratch"
        # A folder that is there already (a run beside this one was first, or files went missing)
        # gets the files.
        mv -T -- "$scratch" "$cache" 2>/dev/null || mv -f -- "$scratch"/*.gz "$cache"
        return
    done
    return 1
}

# ---- commands ------------------------------------------------------------------------------------

case ${1-}:$# in
:0) build ;;
run:*)
    shift
    build
    # Nothing is fetched where the words name the data, nor what a poison without zlib could not
    # read.
    if [[ " $* " != *" --data"[\ =]* ]] && ! find_data && links -lz; then
        fetch || say "MNIST could not be fetched, going on without: $why"
    fi
    clean_up # exec runs no traps
    exec "$here/poison" "$@"
    ;;
data:1)
    find_data || fetch || fail 3 "MNIST could not be fetched: $why"
    find_data
    say "MNIST: $where"
    ;;
test:1)
    build libcmocka-dev bats jq
    make -s -C "$here" check || fail 1 "a test failed" # the one whose output is wanted
    ;;
install:[12])
    prefix=${2:-/usr/local}
    [[ $prefix != -* ]] || fail 2 "install takes a folder, not '$prefix'"
    [[ $prefix = /* ]] || prefix=$PWD/$prefix
    build
    run_make install PREFIX="$prefix" || fail 1 "could not install under $prefix"
    ;;
help:1 | -h:1 | --help:1) usage ;;
*) fail 2 "cannot make sense of '$*': './build.sh help' lists what it knows" ;;
esac
