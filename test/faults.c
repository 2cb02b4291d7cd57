/* SPDX-License-Identifier: MIT */
/*
 * faults - every allocation and every write of our code fails in turn, and the program must not
 * mind
 *
 *   usage: faults [NAME]            all commands of the table below, or those whose words begin so
 *          faults WORDS MODE K      one of them, with one fault, here and now: for a debugger
 *
 * The Makefile links it with the program's own objects, in which calloc and others are called
 * fault_calloc and so on and main is poison_main: neither OpenBLAS nor zlib, libpng and OpenMP meet
 * a fault. Each run is a fork with a folder of its own. The first counts the calls; then there is
 * one with each of them failing, alone or with all that follow. Of calls from one place (a stack of
 * 8 frames) only the first and the last fail, and all of the first FIRST; FAULTS=all in the
 * environment leaves none out; under sanitizers, whose forks are dear, only the first of a place
 * fails, and a place is 3 frames. Writes fail by a limit on the size of files, at each buffer's end
 * and one byte before, and on /dev/full.
 *
 * What must hold after a fault: the exit code says memory (4) or output (3), or there is 0 and
 * every byte is as without it; one sentence on standard error; standard output ends with a whole
 * line; files are as before or complete, with nothing beside them; all memory, streams and
 * descriptors are given back.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#ifdef POISON_ZLIB
#include <zlib.h>
#endif

int poison_main(int argc, char **argv);

enum { MEMORY, FILES, KINDS };
enum { PLACES = 1 << 16, FIRST = 12, TABLE = 1 << 14, WORKERS = 2, SECONDS = 60 };
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ /* a fork costs ten times as much */
enum { SPARING = 1, DEPTH = 3 };
#else
enum { SPARING = 0, DEPTH = 8 };
#endif
enum mode { COUNT, MEMORY_ONE, MEMORY_ON, FILES_ONE, FILES_ON, LIMIT, FULL, MODES };
static const char *const mode_name[MODES] = {"count",    "memory", "memory-on", "files",
                                             "files-on", "limit",  "full"};

/* What a run tells its parent. */
static struct told {
    size_t calls[KINDS], hits, leaks, streams;
    void *leaked[4], *at[8];
    int descriptors; /* more than before */
    uint64_t place[KINDS][PLACES];
} *told; /* (WORKERS) */
static struct told *mine;

/* ---- the faults ------------------------------------------------------------------------------ */

static enum mode mode;
static size_t target;
static volatile int busy;
static struct live { void *memory, *from; } live[TABLE];

static void lock(void)
{
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}

static void unlock(void) { __atomic_store_n(&busy, 0, __ATOMIC_RELEASE); }

static void trace_stack(void **frame, void *at[8])
{
    for (int k = 0; k < 8; k++) {
        at[k] = frame[1];
        void **next = frame[0];
        if (next <= frame || (char *)next - (char *)frame > 1 << 20
            || (uintptr_t)next % sizeof(void *))
            break;
        frame = next;
    }
}

/* Whether this call is to fail. */
static int fails(int kind, void **frame)
{
    void *at[8] = {0};
    uint64_t place = 1;
    if (!mine)
        return 0;
    trace_stack(frame, at);
    for (int k = 0; k < DEPTH; k++)
        place = poison_mix(place ^ (uintptr_t)at[k]);
    lock();
    size_t number = mine->calls[kind]++;
    if (number < PLACES)
        mine->place[kind][number] = place;
    int meant = kind == MEMORY ? mode == MEMORY_ONE || mode == MEMORY_ON
                               : mode == FILES_ONE || mode == FILES_ON;
    int hit = meant
              && (number == target || (number > target && (mode == MEMORY_ON || mode == FILES_ON)));
    if (hit && !mine->hits++)
        memcpy(mine->at, at, sizeof at);
    unlock();
    if (hit)
        errno = kind == MEMORY ? ENOMEM : ENOSPC;
    return hit;
}

#define FAILS(kind) fails(kind, __builtin_frame_address(0))

static size_t slot_of(const void *memory) { return poison_mix((uintptr_t)memory) % TABLE; }

static void forget(const void *memory)
{
    if (!memory)
        return;
    lock();
    for (size_t at = slot_of(memory), steps = 0; live[at].from && steps < TABLE;
         at = (at + 1) % TABLE, steps++)
        if (live[at].memory == memory) {
            live[at].memory = NULL; /* from stays: others may lie behind it */
            break;
        }
    unlock();
}

static void *note(void *memory, void *from)
{
    if (!memory || !mine)
        return memory;
    lock();
    size_t at = slot_of(memory);
    while (live[at].memory)
        at = (at + 1) % TABLE;
    live[at] = (struct live){memory, from};
    unlock();
    return memory;
}

#define NOTE(memory) note(memory, __builtin_return_address(0))

void *fault_malloc(size_t size);
void *fault_calloc(size_t count, size_t size);
void *fault_realloc(void *memory, size_t size);
int fault_posix_memalign(void **memory, size_t alignment, size_t size);
void fault_free(void *memory);
char *fault_strdup(const char *text);
char *fault_strndup(const char *text, size_t length);
int fault_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int fault___asprintf_chk(char **text, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
char *fault_realpath(const char *path, char *resolved);
FILE *fault_fopencookie(void *cookie, const char *how, cookie_io_functions_t functions);
FILE *fault_fmemopen(void *memory, size_t size, const char *how);
FILE *fault_fdopen(int fd, const char *how);
FILE *fault_fopen(const char *path, const char *how);
FILE *fault_tmpfile(void);
int fault_fclose(FILE *file);
int fault_fflush(FILE *file);
int fault_fsync(int fd);
int fault_fchmod(int fd, mode_t permissions);
int fault_linkat(int at, const char *from, int to_at, const char *to, int flags);
int fault_rename(const char *from, const char *to);
int fault_renameat2(int at, const char *from, int to_at, const char *to, unsigned flags);
int fault_mkdir(const char *path, mode_t permissions);
int fault_open(const char *path, int flags, ...);
int fault_ftruncate(int fd, off_t length);
int fault_flock(int fd, int operation);
off_t fault_lseek(int fd, off_t offset, int whence);
ssize_t fault_read(int fd, void *to, size_t length);
ssize_t fault_write(int fd, const void *from, size_t length);
pid_t fault_fork(void);

void *fault_malloc(size_t size) { return FAILS(MEMORY) ? NULL : NOTE(malloc(size)); }
void *fault_calloc(size_t count, size_t size)
{
    return FAILS(MEMORY) ? NULL : NOTE(calloc(count, size));
}
char *fault_strdup(const char *text) { return FAILS(MEMORY) ? NULL : NOTE(strdup(text)); }
char *fault_strndup(const char *text, size_t length)
{
    return FAILS(MEMORY) ? NULL : NOTE(strndup(text, length));
}
char *fault_realpath(const char *path, char *resolved)
{
    return FAILS(MEMORY) ? NULL : NOTE(realpath(path, resolved));
}

void *fault_realloc(void *memory, size_t size)
{
    if (FAILS(MEMORY))
        return NULL;
    forget(memory); /* before it may be somebody else's */
    return NOTE(realloc(memory, size));
}

int fault_posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (FAILS(MEMORY))
        return ENOMEM;
    int failed = posix_memalign(memory, alignment, size);
    if (!failed)
        NOTE(*memory);
    return failed;
}

void fault_free(void *memory)
{
    forget(memory);
    free(memory);
}

#define ASPRINTF(text, format)          \
    va_list args;                       \
    if (FAILS(MEMORY)) {                \
        *text = (char *)1; /* undefined */ \
        return -1;                      \
    }                                   \
    va_start(args, format);             \
    int written = vasprintf(text, format, args); \
    va_end(args);                       \
    if (written >= 0)                   \
        NOTE(*text);                    \
    return written

int fault_asprintf(char **text, const char *format, ...) { ASPRINTF(text, format); }
/* What it is called with _FORTIFY_SOURCE. */
int fault___asprintf_chk(char **text, int flag, const char *format, ...)
{
    (void)flag;
    ASPRINTF(text, format);
}

FILE *fault_fopencookie(void *cookie, const char *how, cookie_io_functions_t functions)
{
    return FAILS(MEMORY) ? NULL : NOTE(fopencookie(cookie, how, functions));
}

FILE *fault_fmemopen(void *memory, size_t size, const char *how)
{
    return FAILS(MEMORY) ? NULL : NOTE(fmemopen(memory, size, how));
}

FILE *fault_fdopen(int fd, const char *how) { return FAILS(MEMORY) ? NULL : NOTE(fdopen(fd, how)); }
FILE *fault_fopen(const char *path, const char *how)
{
    return FAILS(FILES) ? NULL : NOTE(fopen(path, how));
}
FILE *fault_tmpfile(void) { return FAILS(FILES) ? NULL : NOTE(tmpfile()); }

int fault_fclose(FILE *file)
{
    forget(file);
    /* not a stream to memory */
    int failed = fileno(file) >= 0 && FAILS(FILES), status = fclose(file);
    if (failed)
        errno = EIO;
    return failed ? EOF : status;
}

int fault_fflush(FILE *file) { return FAILS(FILES) ? EOF : fflush(file); }
/* a real one takes its time */
int fault_fsync(int fd) { return FAILS(FILES) ? -1 : fcntl(fd, F_GETFD) < 0; }
int fault_fchmod(int fd, mode_t permissions) { return FAILS(FILES) ? -1 : fchmod(fd, permissions); }
int fault_linkat(int at, const char *from, int to_at, const char *to, int flags)
{
    return FAILS(FILES) ? -1 : linkat(at, from, to_at, to, flags);
}
int fault_rename(const char *from, const char *to) { return FAILS(FILES) ? -1 : rename(from, to); }
int fault_renameat2(int at, const char *from, int to_at, const char *to, unsigned flags)
{
    return FAILS(FILES) ? -1 : renameat2(at, from, to_at, to, flags);
}

int fault_mkdir(const char *path, mode_t permissions)
{
    return FAILS(FILES) ? -1 : mkdir(path, permissions);
}
int fault_ftruncate(int fd, off_t length) { return FAILS(FILES) ? -1 : ftruncate(fd, length); }
int fault_flock(int fd, int operation) { return FAILS(FILES) ? -1 : flock(fd, operation); }
off_t fault_lseek(int fd, off_t offset, int whence)
{
    return FAILS(FILES) ? -1 : lseek(fd, offset, whence);
}
pid_t fault_fork(void) { return FAILS(FILES) ? -1 : fork(); }

int fault_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t permissions = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return FAILS(FILES) ? -1 : open(path, flags, permissions);
}

ssize_t fault_read(int fd, void *to, size_t length)
{
    if (!FAILS(FILES))
        return read(fd, to, length);
    errno = EIO;
    return -1;
}

ssize_t fault_write(int fd, const void *from, size_t length)
{
    return FAILS(FILES) ? -1 : write(fd, from, length);
}

#ifdef POISON_ZLIB
int fault_inflateInit2_(z_stream *z, int bits, const char *version, int size);
int fault_inflateEnd(z_stream *z);

int fault_inflateInit2_(z_stream *z, int bits, const char *version, int size)
{
    int failed = FAILS(MEMORY) ? Z_MEM_ERROR : inflateInit2_(z, bits, version, size);
    if (!failed)
        NOTE(z->state);
    return failed;
}

int fault_inflateEnd(z_stream *z)
{
    forget(z->state);
    return inflateEnd(z);
}
#endif

/* ---- one run --------------------------------------------------------------------------------- */

#define S "--data synthetic --train 60 --test 20 "
#define A "--data ../in/small --train 30 --test 10 " /* fewer columns, where models are many */

static const struct trial {
    const char *words;
    const char *input;  /* standard input */
    const char *before; /* NAME=FILE, with blanks between: copies that are there before */
    const char *journal; /* grows row by row */
    const char *alters; /* differs each time: its first and last byte count */
    const char *needs;  /* libpng, rsvg-convert, or both */
    /* its files are of one kind: after a failure all are as before, or all are new */
    int together;
} trials[] = {
    {.words = "lab " S "-j 1 --doses 1,2"},
    {.words = "lab " S "-j 2 --doses 1,2 --provenance --json -o o"},
    {.words = "lab " S "-j 1 --doses 1 --trace t -o o", .before = "o=in/f.tsv t=in/f.tsv",
     .alters = "t"},
    {.words = "predictions " S "-j 1"},
    {.words = "score " S "-j 1 --by true --flip 1:2:2 -o o", .before = "o=in/f.tsv"},
    {.words = "score " S "-j 1 --flips ../in/f.tsv --json"},
    {.words = "score --data ../in/words.csv --test 10 -j 1 --weight red:2 --flip red:green:2:far "
              "--validate 5"},
    {.words = "score --data ../in/words.csv --test-data ../in/words.csv -j 2"},
    {.words = "score --data ../in/a.libsvm.gz --test 10 -j 1 -t polynomial"},
    {.words = "score --data ../in/big.csv --test 10 -j 1 --no-reuse"},
    {.words = "score --data ../in/idx --train 50 --test 10 -j 1 -m 1"},
    {.words = "score --data ../in/idx/train-images-idx3-ubyte --test 10 -j 1 --isa c -q"},
    {.words = "counts " S "-j 1 --flip 1:2:2"},
    {.words = "counts -j 1 --train 50 --test 10"}, /* where build.sh puts MNIST */
    {.words = "counts --data - --test 10 -j 1 --format csv", .input = "in/words.csv"},
    {.words = "confusion " S "-j 1 --provenance"},
    {.words = "subproblems " S "-j 1 -o o"},
    {.words = "support " S "-j 1 --kernel blas"},
    {.words = "data " S "-j 1"},
    {.words = "data " S "-j 1 --export d -o o"},
    {.words = "data --data ../in/words.csv --train 20 -j 1"},
    {.words = "attack " S "-j 1 --flip 1:2:2:random --flip 3:4:1:near --flip 5:6:1:far"},
    {.words = "attack " A "-j 1 --flip 1:2:1:alfa --flip 2:1:1:greedy --restarts 1 --validate 5 -o "
                          "o"},
    {.words = "audit " A "-j 1 --validate 5 --method knn,margin,loo,shapley,confident"},
    {.words = "audit " A "-j 2 --validate 5 --method confident,loo -o o"},
    {.words = "audit " A "-j 1 --method confident --joint"},
    {.words = "audit " A "-j 1 --flip 1:2:2 --truth ../in/small.tsv --method knn,margin --json"},
    {.words = "clean " A "-j 1 --flip 1:2:2 --method knn:relabel:2"},
    {.words = "clean " A "-j 1 --method confident:remove -o o"},
    {.words = "sweep " A "-j 1 --pairs 1:2,2:1 --doses 1,2 --strategy first,near,random --seeds 2 "
                         "--defence none,knn:relabel "
              "--validate 5"},
    {.words = "sweep " A "-j 2 --doses 1,2 --strategy first,greedy -o o --validate 5",
     .journal = "o"},
    {.words = "sweep " A "-j 1 --doses 1,2,3 --resume -o o", .journal = "o",
     .before = "o=in/journal.tsv"},
    {.words = "dose", .input = "in/sweep.tsv"},
    {.words = "matrix --at 2 -o o", .input = "in/sweep.tsv"},
    {.words = "plot", .input = "in/sweep.tsv"},
    {.words = "plot --title T -o o.svg", .input = "in/dose.tsv"},
    {.words = "plot", .input = "in/confusion.tsv"},
    {.words = "plot", .input = "in/matrix.tsv"},
    {.words = "plot", .input = "in/grid.tsv"},
    {.words = "plot", .input = "in/audit.tsv"},
    {.words = "plot -o o.png", .input = "in/matrix.tsv", .needs = "rsvg-convert"},
    {.words = "show " S "-j 1 --flip 1:2:2"},
    {.words = "show " S "-j 1 --set test 0,3-4 -o o"},
    {.words = "show " S "-j 1 --changed --flip 1:2:2 -o o.svg", .needs = "libpng"},
    {.words = "show " S "-j 1 -n 3 -o o.png", .needs = "libpng rsvg-convert"},
    {.words = "explain " S "-j 1 --row 3 --flip 1:2:2"},
    {.words = "report --data ../in/idx --train 40 --test 10 -j 1 --pair 1:2 --doses 1 --curve "
              "0:1:1 "
              "--strategy first,far --method knn,margin --validate 10 -o o.html"},
    {.words = "train " S "-j 1"},
    {.words = "train ../in/words.csv -j 1 -o m", .before = "m=in/other.model "
                                                           "m.labels=in/other.model.labels",
                                                           .together = 1},
    {.words = "train ../in/words.csv -j 1 -o m", .together = 1},
    {.words = "train ../in/a.libsvm.gz -j 1 -o m", .before = "m=in/other.model "
                                                             "m.labels=in/other.model.labels",
                                                             .together = 1},
    {.words = "train ../in/words.csv -j 2 -v 3 -o o"},
    {.words = "predict ../in/words.model ../in/words.csv --decisions --label label -j 1"},
    {.words = "predict ../in/words.model ../in/words.csv --label label --score -j 1 -o o"},
    {.words = "predict ../in/number.model ../in/a.libsvm.gz -j 2 --provenance --decisions"},
    {.words = "predict ../in/words.model - --label none -j 1 --json", .input = "in/bare.csv"},
    {.words = "grid " A "-j 2 -c 0.1,1 -g scale,0.01 -v 2"},
    {.words = "grid ../in/words.csv -j 1 -c 1 -g 0.1 -v 2 -o o"},
    {.words = "data check ../in/words.csv -o o"},
    {.words = "data check ../in/broken.csv"}, /* exit code 1 */
    {.words = "data check ../in/a.libsvm.gz"},
    {.words = "help"},
    {.words = "help --man -o o"},
    {.words = "help train"},
    {.words = "completions bash"},
    {.words = "completions zsh -o o"},
    {.words = "--version"},
    {.words = "score --help"},
};
enum { TRIALS = sizeof trials / sizeof *trials };

static char home[] = "/tmp/poison-faults.XXXXXX";

/* What goes wrong with the test itself. */
static void lost(int line)
{
    fprintf(stderr, "faults.c:%d: %s\n", line, strerror(errno));
    _exit(99);
}

static char *inside(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *inside(const char *format, ...) /* a path in home; kept */
{
    char name[256], *path;
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    if (asprintf(&path, "%s/%s", home, name) < 0)
        lost(__LINE__);
    return path;
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 64; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* The words between blanks, to argv. */
static int split(const char *words, char **argv)
{
    int argc = 0;
    argv[argc++] = strdup("poison");
    for (char *all = strdup(words), *word; (word = strsep(&all, " "));)
        if (*word)
            argv[argc++] = word;
    argv[argc] = NULL;
    return argc;
}

/* In the fork: the program, and what it leaves behind. Never returns. */
static void be_the_program(const struct trial *t, struct told *to, int worker, enum mode how,
                           size_t k)
{
    static char *argv[64];
    int argc = split(t->words, argv);
    timer_t timer;
    for (int number = 1; number < SIGSYS; number++) /* cmocka goes on after a crash */
        signal(number, SIG_DFL);
    struct sigevent kill_it = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    if (timer_create(CLOCK_MONOTONIC, &kill_it, &timer) != 0
        || timer_settime(timer, 0, &(struct itimerspec){.it_value.tv_sec = SECONDS}, NULL) != 0)
        _exit(120);
    char *stdin_path = t->input ? inside("%s", t->input) : strdup("/dev/null");
    if (!freopen(stdin_path, "r", stdin)
        || !freopen(how == FULL ? "/dev/full" : inside("out%d", worker), "w", stdout)
        || chdir(inside("here%d", worker)) != 0)
        _exit(121);
    int before = open_descriptors();
    if (how == LIMIT)
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){k, k});
    mode = how;
    target = k;
    mine = to;
    int status = poison_main(argc, argv);
    mine = NULL;
    if (fflush(stdout) != 0 && how != FULL && how != LIMIT)
        status = 122;
    to->descriptors = open_descriptors() - before;
    for (size_t at = 0; at < TABLE; at++)
        if (live[at].memory) {
            if (to->leaks < 4)
                to->leaked[to->leaks] = live[at].from;
            to->leaks++;
        }
    _exit(status);
}

/* ---- what it left ---------------------------------------------------------------------------- */

struct bytes {
    char name[64], *at;
    size_t length;
};

struct left {
    int status; /* of waitpid */
    struct bytes out, err, file[16];
    int files;
};

static struct bytes slurp(const char *path)
{
    struct bytes b = {.at = NULL};
    FILE *in = fopen(path, "rb");
    struct stat info;
    if (!in || fstat(fileno(in), &info) != 0)
        lost(__LINE__);
    b.length = (size_t)info.st_size;
    b.at = malloc(b.length + 1);
    if (!b.at || fread(b.at, 1, b.length, in) != b.length)
        lost(__LINE__);
    b.at[b.length] = 0;
    fclose(in);
    return b;
}

/* All files of a folder, and of those in it, by name; and removes them. */
static void gather(struct left *left, const char *folder, const char *prefix, int remove)
{
    DIR *dir = opendir(folder);
    struct stat info;
    if (!dir)
        lost(__LINE__);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[1024], name[600];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        snprintf(name, sizeof name, "%s%s", prefix, entry->d_name);
        if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            strcat(name, "/");
            gather(left, path, name, remove);
            rmdir(path);
            continue;
        }
        if (left->files == 16)
            lost(__LINE__);
        struct bytes *b = &left->file[left->files++];
        *b = slurp(path);
        snprintf(b->name, sizeof b->name, "%.63s", name);
        if (remove)
            unlink(path);
    }
    closedir(dir);
}

static void release(struct left *left)
{
    free(left->out.at);
    free(left->err.at);
    for (int f = 0; f < left->files; f++)
        free(left->file[f].at);
    *left = (struct left){0};
}

static const struct bytes *file_of(const struct left *left, const char *name)
{
    for (int f = 0; f < left->files; f++)
        if (strcmp(left->file[f].name, name) == 0)
            return &left->file[f];
    return NULL;
}

static int equal(const struct bytes *a, const struct bytes *b)
{
    return a->length == b->length && memcmp(a->at, b->at, a->length) == 0;
}

/* Of whole lines, or of any bytes. */
static int begins(const struct bytes *all, const struct bytes *part, int lines)
{
    return part->length <= all->length && memcmp(all->at, part->at, part->length) == 0
           && (!lines || !part->length || part->at[part->length - 1] == '\n');
}

static int complete(const struct trial *t, const struct bytes *golden, const struct bytes *b)
{
    /* of another length, but ends as it should */
    if (t->alters && strcmp(t->alters, golden->name) == 0)
        return b->length > 8 && b->at[0] == golden->at[0]
               && memcmp(b->at + b->length - 3, golden->at + golden->length - 3, 3) == 0;
    return equal(golden, b);
}

static int same_files(const struct trial *t, const struct left *expected, const struct left *left)
{
    int same = left->files == expected->files;
    for (int f = 0; f < expected->files; f++) {
        const struct bytes *b = file_of(left, expected->file[f].name);
        same &= b && complete(t, &expected->file[f], b);
    }
    return same;
}

/* ---- a trial --------------------------------------------------------------------------------- */

static struct {
    size_t runs[MODES], failures;
} sum;

struct job {
    pid_t pid;
    enum mode mode;
    size_t k;
    int err; /* standard error's pipe */
};

static void copy(const char *from, const char *to)
{
    struct bytes b = slurp(from);
    FILE *out = fopen(to, "wb");
    if (!out || fwrite(b.at, 1, b.length, out) != b.length || fclose(out) != 0)
        lost(__LINE__);
    free(b.at);
}

static void lay_out(const struct trial *t, int worker)
{
    char *all = strdup(t->before ? t->before : ""), *rest = all;
    for (char *pair; (pair = strsep(&rest, " "));) {
        char *from = strchr(pair, '=');
        if (!from)
            continue;
        *from++ = 0;
        char *source = inside("%s", from), *target_path = inside("here%d/%s", worker, pair);
        copy(source, target_path);
        free(source);
        free(target_path);
    }
    free(all);
}

/* Forks one run of the trial, its faults as the job says, its output in files of the worker. */
static void begin(const struct trial *t, struct job *job, int worker, enum mode how, size_t k)
{
    int ends[2];
    char *out = inside("out%d", worker);
    fclose(fopen(out, "w"));
    free(out);
    lay_out(t, worker);
    memset(&told[worker], 0, offsetof(struct told, place));
    if (pipe(ends) != 0)
        lost(__LINE__);
    fflush(NULL);
    *job = (struct job){fork(), how, k, ends[0]};
    if (job->pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        be_the_program(t, &told[worker], worker, how, k);
    }
    close(ends[1]);
    if (job->pid < 0)
        lost(__LINE__);
}

/* Takes what a run left, once it has ended. */
static void end(struct job *job, int worker, struct left *left)
{
    size_t room = 1 << 16;
    ssize_t got;
    *left = (struct left){.err.at = calloc(1, room)};
    while (left->err.length < room - 1
           && (got = read(job->err, left->err.at + left->err.length, room - 1 - left->err.length))
                  > 0)
        left->err.length += (size_t)got;
    close(job->err);
    waitpid(job->pid, &left->status, 0);
    job->pid = 0;
    char *out = inside("out%d", worker), *here = inside("here%d", worker);
    left->out = slurp(out);
    gather(left, here, "", 1);
    free(out);
    free(here);
}

static void complain(const struct trial *t, const struct job *job, const struct told *to,
                     const struct left *left, const char *what)
{
    if (sum.failures++ > 200)
        return;
    fprintf(stderr, "%s [%s %zu]: %s: %.300s\n", t->words, mode_name[job->mode], job->k, what,
            left->err.at);
    if (to->hits) {
        fprintf(stderr, "    the fault:");
        for (int k = 0; k < 8 && to->at[k]; k++)
            fprintf(stderr, " %#tx", (char *)to->at[k] - (char *)&poison_main);
        fprintf(stderr, "\n");
    }
    for (size_t k = 0; k < to->leaks && k < 4; k++)
        fprintf(stderr, "    leaked from %#tx\n", (char *)to->leaked[k] - (char *)&poison_main);
}

/* What a failed run must have left: one sentence, no half of a table, files as they were. */
static void check_failure(const struct trial *t, const struct job *job, const struct told *to,
                          const struct left *golden, const struct left *before,
                          const struct left *left)
{
    int bytewise = job->mode != MEMORY_ONE && job->mode != MEMORY_ON;
    const char *newline = strchr(left->err.at, '\n');
    if (strncmp(left->err.at, "poison: ", 8) != 0 || left->err.length < 20 || !newline
        || newline != left->err.at + left->err.length - 1 || strstr(left->err.at, "(null)"))
        complain(t, job, to, left, "not one sentence");
    if (!begins(&golden->out, &left->out, !bytewise))
        complain(t, job, to, left,
                 "standard output is not the beginning of what it should be, in whole lines");
    for (int f = 0; f < left->files; f++) {
        const struct bytes *b = &left->file[f], *whole = file_of(golden, b->name),
                           *old = file_of(before, b->name);
        int grows = t->journal && strcmp(t->journal, b->name) == 0;
        if (!(old && equal(old, b)) && !(whole && complete(t, whole, b))
            && !(grows && begins(whole, b, !bytewise)))
            complain(t, job, to, left, whole || old ? "half a file" : "a file more");
    }
    /* where nothing can be renamed, nothing can be taken back */
    if (t->together && job->mode != FILES_ON) {
        if (!same_files(t, before, left) && !same_files(t, golden, left))
            complain(t, job, to, left, "an old pair did not survive");
    }
    for (int f = 0; f < before->files; f++)
        if (!file_of(left, before->file[f].name) && file_of(golden, before->file[f].name))
            complain(t, job, to, left, "lost a file");
}

/* After one run: done as well as without the fault, or failed as promised. */
static void check(const struct trial *t, const struct job *job, const struct told *to,
                  const struct left *golden, const struct left *before, const struct left *left)
{
    int expected = job->mode == MEMORY_ONE || job->mode == MEMORY_ON ? 4 : 3,
        usual = WEXITSTATUS(golden->status);
    sum.runs[job->mode]++;
    if (!WIFEXITED(left->status)) {
        complain(t, job, to, left, WTERMSIG(left->status) == SIGKILL ? "hangs" : "crashes");
        return;
    }
    int code = WEXITSTATUS(left->status);
    if (to->leaks || to->descriptors)
        complain(t, job, to, left, to->leaks ? "a leak" : "an open file");
    if (code == expected) {
        check_failure(t, job, to, golden, before, left);
    } else if (code != usual) {
        complain(t, job, to, left, "the wrong exit code");
    } else {
        if (!equal(&golden->err, &left->err) && !t->alters)
            complain(t, job, to, left, "says something else");
        if (!equal(&golden->out, &left->out))
            complain(t, job, to, left, "survives, with another standard output");
        if (!same_files(t, golden, left))
            complain(t, job, to, left, "survives, with other files");
    }
}

struct queue {
    const struct trial *trial;
    const struct left *golden, *before;
    struct job job[WORKERS];
};

static void finish(struct queue *q, int worker)
{
    struct left left;
    end(&q->job[worker], worker, &left);
    check(q->trial, &q->job[worker], &told[worker], q->golden, q->before, &left);
    release(&left);
}

static void submit(struct queue *q, enum mode how, size_t k)
{
    int worker = -1;
    for (int w = 0; w < WORKERS; w++)
        if (!q->job[w].pid)
            worker = w;
    if (worker < 0) { /* whoever closes standard error first has ended */
        struct pollfd ends[WORKERS];
        for (int w = 0; w < WORKERS; w++)
            ends[w] = (struct pollfd){.fd = q->job[w].err, .events = POLLIN};
        do {
            poll(ends, WORKERS, -1);
            for (int w = 0; w < WORKERS && worker < 0; w++)
                if (ends[w].revents)
                    worker = w;
        } while (worker < 0);
        finish(q, worker);
    }
    begin(q->trial, &q->job[worker], worker, how, k);
}

static void drain(struct queue *q)
{
    for (int w = 0; w < WORKERS; w++)
        if (q->job[w].pid)
            finish(q, w);
}

/* Whether call k of these must fail (2: with all after it too): the first ones, and from each place
 * the first and the last. */
static int chosen(const uint64_t *place, size_t calls, size_t k)
{
    size_t earlier = 0, later = 0;
    const char *all = getenv("FAULTS");
    if ((k < FIRST && !SPARING) || k >= PLACES || (all && strcmp(all, "all") == 0))
        return 2;
    for (size_t j = 0; j < k && !earlier; j++)
        earlier += place[j] == place[k];
    for (size_t j = k + 1; j < calls && j < PLACES && !later; j++)
        later += place[j] == place[k];
    if (SPARING)
        return earlier ? 0 : 1 + (k % 8 == 0);
    return earlier ? !later : 2;
}

static int on_path(const char *program)
{
    char command[200];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    return system(command) == 0;
}

static int can_run(const struct trial *t)
{
#ifndef POISON_PNG
    if (t->needs && strstr(t->needs, "libpng"))
        return 0;
#endif
    return !t->needs || !strstr(t->needs, "rsvg-convert") || on_path("rsvg-convert");
}

static void add_size(size_t *k, size_t *count, const struct bytes *b)
{
    for (size_t at = 0; at < (SPARING ? 1 : b->length + 4096) && *count < 900; at += 4096)
        for (size_t less = 0; less < 2; less++)
            if (at >= less && at - less < b->length)
                k[(*count)++] = at - less;
    if (b->length)
        k[(*count)++] = b->length - 1;
}

/* Call k and all after it fail, or k alone. */
static const enum mode mode_of[KINDS][2] = {
    [MEMORY] = {MEMORY_ON, MEMORY_ONE}, [FILES] = {FILES_ON, FILES_ONE}};

/* One command: once without a fault, to count its calls, then again for each fault to be tried. */
static void run_trial(void **state)
{
    const struct trial *t = *state;
    struct left golden, before = {0};
    struct job first;
    size_t failures = sum.failures, limits = 0, limit[1000];
    double start = poison_clock();
    if (!can_run(t))
        skip();
    lay_out(t, 0);
    char *here = inside("here0");
    gather(&before, here, "", 0);
    free(here);
    begin(t, &first, 0, COUNT, 0);
    end(&first, 0, &golden);
    if (!WIFEXITED(golden.status) || WEXITSTATUS(golden.status) > 1 || told[0].leaks
        || told[0].descriptors)
        complain(t, &first, &told[0], &golden, "fails, or leaks, without a fault");
    size_t calls[KINDS] = {told[0].calls[MEMORY], told[0].calls[FILES]}, runs = 0;
    uint64_t(*place)[PLACES] = malloc(sizeof told->place);
    if (!place)
        lost(__LINE__);
    memcpy(place, told[0].place, sizeof told->place);
    struct queue q = {.trial = t, .golden = &golden, .before = &before};
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t k = 0; k < calls[kind]; k++)
            for (int how = chosen(place[kind], calls[kind], k); how > 0; how--, runs++)
                submit(&q, mode_of[kind][how == 1], k);
    add_size(limit, &limits, &golden.out);
    for (int f = 0; f < golden.files; f++)
        add_size(limit, &limits, &golden.file[f]);
    for (size_t k = 0; t->journal && k < file_of(&golden, t->journal)->length && limits < 1000;
         k += 41)
        limit[limits++] = k;
    for (size_t k = 0; k < limits; k++)
        submit(&q, LIMIT, limit[k]);
    if (golden.out.length)
        submit(&q, FULL, 0);
    drain(&q);
    printf("%6zu allocations %5zu file calls %5zu faults %4zu limits %6.2f s  %s\n", calls[MEMORY],
           calls[FILES], runs, limits, poison_clock() - start, t->words);
    free(place);
    release(&golden);
    release(&before);
    assert_int_equal(sum.failures - failures, 0);
}

/* ---- small data of every kind ---------------------------------------------------------------- */

static void make(const char *words, const char *input, const char *to)
{
    struct job job;
    struct left left;
    begin(&(struct trial){.words = words, .input = input}, &job, 0, COUNT, 0);
    end(&job, 0, &left);
    if (left.status != 0) {
        fprintf(stderr, "%s: %s\n", words, left.err.at);
        exit(1);
    }
    char *out = inside("in/%s", to ? to : "nothing");
    if (to) {
        FILE *file = fopen(out, "wb");
        if (!file || fwrite(left.out.at, 1, left.out.length, file) != left.out.length
            || fclose(file) != 0)
            lost(__LINE__);
    }
    free(out);
    release(&left);
}

static FILE *input(const char *name)
{
    FILE *out = fopen(inside("in/%s", name), "w");
    if (!out)
        lost(__LINE__);
    return out;
}

/* Small files of every kind, with quoted labels, decimals and broken lines. */
static void make_texts(void)
{
    static const char *const colour[] = {"red", "green", "\"light, blue\""};
    FILE *words = input("words.csv"), *bare = input("bare.csv"), *broken = input("broken.csv"),
         *small = input("small");
    FILE *other = input("other.csv"), *big = input("big.csv"), *libsvm = input("a.libsvm");
    fputs("label,a,b,c\n", words);
    for (uint64_t r = 0; r < 45; r++) {
        double a = uniform(1, 3 * r) + (double)(r % 3), b = uniform(1, 3 * r + 1) - (double)(r % 3),
               c = uniform(1, 3 * r + 2);
        fprintf(words, "%s,%.5f,%.5f,%.5f\n", colour[r % 3], a, b, c);
        fprintf(bare, "%.5f,%.5f,%.5f\n", a, b, c);
        fprintf(other, "%s,%.5f\n", r % 2 ? "yes" : "no", a);
        if (r % 15 == 7)
            fputs("1,x,2\n", broken);
        else if (r % 15 == 8)
            fputs("1,2\n", broken);
        else
            fprintf(broken, "%d,%.3f,%.3f\n", (int)(r % 3), a, b);
        fprintf(libsvm, "%d 1:%.5f 3:%.5f 7:%.5f\n", (int)(r % 3) * 5 - 5, a, b, c);
    }
    for (uint64_t r = 0; r < 50; r++) {
        int label = (int)(r % 3);
        fprintf(small, "%d", label);
        for (uint64_t f = 0; f < 6; f++)
            fprintf(small, ",%d",
                    (int)(uniform(2, 6 * r + f) * 120) + ((int)f % 3 == label ? 60 : 0));
        fprintf(small, "\n");
        fprintf(big, "%d,%d,%d\n", label, (int)(uniform(3, 2 * r) * 100) + 50 * label,
                (int)(uniform(3, 2 * r + 1) * 100));
    }
    fclose(words), fclose(bare), fclose(broken), fclose(small), fclose(other), fclose(big),
        fclose(libsvm);
    struct bytes text = slurp(inside("in/a.libsvm"));
#ifdef POISON_ZLIB
    gzFile gz = gzopen(inside("in/a.libsvm.gz"), "wb");
    if (!gz || gzwrite(gz, text.at, (unsigned)text.length) != (int)text.length
        || gzclose(gz) != Z_OK)
        lost(__LINE__);
#else
    copy(inside("in/a.libsvm"), inside("in/a.libsvm.gz")); /* the content decides */
#endif
    free(text.at);
}

/* What the commands of the table read, made by the program itself. */
static void make_inputs(void)
{
    make_texts();
    make("data --data synthetic --train 50 --test 10 --export ../in/idx", NULL, NULL);
    make("data --data synthetic --train 50 --test 10 --export ../in/cache/poison/mnist", NULL,
         NULL);
    make("attack " S "--flip 1:2:2:random", NULL, "f.tsv");
    make("attack " A "--flip 1:2:2", NULL, "small.tsv");
    make("train ../in/words.csv -o ../in/words.model", NULL, NULL);
    make("train ../in/other.csv -o ../in/other.model", NULL, NULL);
    make("train ../in/a.libsvm -o ../in/number.model", NULL, NULL);
    make("sweep " A "--doses 1,2 -o ../in/journal.tsv", NULL, NULL);
    make("sweep " A "--doses 1,2,3 --strategy random,first --seeds 3 --defence none,knn:relabel",
         NULL, "sweep.tsv");
    make("dose", "in/sweep.tsv", "dose.tsv");
    make("matrix --at 2", "in/sweep.tsv", "matrix.tsv");
    make("confusion " S, NULL, "confusion.tsv");
    make("grid " A "-c 0.1,1 -g 0.1,1 -v 2", NULL, "grid.tsv");
    make("audit " A "--flip 1:2:2 --method knn,margin", NULL, "audit.tsv");
    /* the journal's settings are those of the trial that goes on with it */
    struct bytes journal = slurp(inside("in/journal.tsv"));
    char *doses = strstr(journal.at, "doses=1,2 ");
    FILE *out = fopen(inside("in/journal.tsv"), "w");
    if (!doses || !out)
        lost(__LINE__);
    fprintf(out, "%.*sdoses=1,2,3 %s", (int)(doses - journal.at), journal.at, doses + 10);
    fclose(out);
    free(journal.at);
}

/* The folders that make_inputs filled. */
static void remove_all(void)
{
    struct left left = {0};
    static const char *const places[] = {"in/idx", "in/cache/poison/mnist", "in/cache/poison",
                                         "in/cache"};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        gather(&left, inside("%s", places[k]), "", 1);
        rmdir(inside("%s", places[k]));
        release(&left);
    }
    DIR *in = opendir(inside("in"));
    for (struct dirent *entry; in && (entry = readdir(in));)
        if (entry->d_name[0] != '.')
            unlink(inside("in/%s", entry->d_name));
    closedir(in);
    rmdir(inside("in"));
    for (int w = 0; w < WORKERS; w++) {
        unlink(inside("out%d", w));
        rmdir(inside("here%d", w));
    }
    rmdir(home);
}

#ifdef __SANITIZE_ADDRESS__
const char *__asan_default_options(void) __attribute__((visibility("default")));
/* of the test itself; the program's are counted above */
const char *__asan_default_options(void) { return "detect_leaks=0"; }
#endif

/* All trials are tests of their own; with a trial, a mode and a number only that run. */
int main(int argc, char **argv)
{
    struct CMUnitTest test[TRIALS];
    size_t count = 0;
    if (!getenv("OMP_WAIT_POLICY")) { /* OpenMP reads it before main */
        setenv("OMP_WAIT_POLICY", "passive", 1);
        execv("/proc/self/exe", argv);
    }
    told = mmap(NULL, WORKERS * sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    if (told == MAP_FAILED || !mkdtemp(home))
        lost(__LINE__);
    mkdir(inside("in"), 0777);
    mkdir(inside("in/cache"), 0777);
    mkdir(inside("in/cache/poison"), 0777);
    for (int w = 0; w < WORKERS; w++)
        mkdir(inside("here%d", w), 0777);
    unsetenv("POISON_DATA");
    setenv("XDG_CACHE_HOME", inside("in/cache"), 1);
    make_inputs();
    if (argc == 4) {
        for (size_t k = 0; k < TRIALS; k++)
            for (int m = 0; m < MODES; m++)
                if (strcmp(trials[k].words, argv[1]) == 0 && strcmp(mode_name[m], argv[2]) == 0) {
                    lay_out(&trials[k], 0);
                    be_the_program(&trials[k], &told[0], 0, m, strtoull(argv[3], NULL, 10));
                }
        return 2;
    }
    for (size_t k = 0; k < TRIALS; k++)
        if (argc < 2 || strncmp(trials[k].words, argv[1], strlen(argv[1])) == 0)
            test[count++] = (struct CMUnitTest){.name = trials[k].words, .test_func = run_trial,
                                                .initial_state = (void *)(uintptr_t)&trials[k]};
    double start = poison_clock();
    int failed = _cmocka_run_group_tests("faults", test, count, NULL, NULL);
    printf("allocations that failed: %zu alone, %zu with all after them; file calls: %zu and %zu; "
           "limits: %zu; full: %zu; %.1f s\n",
           sum.runs[MEMORY_ONE], sum.runs[MEMORY_ON], sum.runs[FILES_ONE], sum.runs[FILES_ON],
           sum.runs[LIMIT], sum.runs[FULL], poison_clock() - start);
    remove_all();
    return failed;
}
