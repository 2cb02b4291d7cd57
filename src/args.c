/* SPDX-License-Identifier: MIT */
#include "args.h"

#include "base.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MOST_THREADS 1024
#define NEAR 2 /* slips of the pen (letters changed, added, dropped or swapped) within which a name is offered */

/* ---- values ---------------------------------------------------------------------------------------------------- */

/* A whole number of `least` or more, up to the first byte that is none; *end then stands there. 0 if it is not one. */
static int whole(const char *text, size_t least, size_t *value, char **end)
{
    if (*text < '0' || *text > '9')
        return 0;
    errno = 0;
    unsigned long long v = strtoull(text, end, 10);
    *value = (size_t)v;
    return !errno && v >= least && v < (1ULL << 40);
}

static int set_whole(size_t *value, const char *text, size_t least, const char *option, poison_error *err)
{
    char *end;
    if (whole(text, least, value, &end) && !*end)
        return 0;
    if (*text && strspn(text, "0123456789") == strlen(text) && strcmp(text, "0") != 0)
        return poison_fail(err, POISON_EUSAGE, "%s %s: too large, expected at most 2^40", option, text);
    return poison_fail(err, POISON_EUSAGE, "%s %s: expected a whole number%s", option, text, least ? " of at least 1" : "");
}

static int set_positive(double *value, const char *text, const char *option, poison_error *err)
{
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    if (end != text && !*end && isfinite(*value) && *value > 0)
        return 0;
    return poison_fail(err, POISON_EUSAGE, "%s %s: expected a number above 0", option, text);
}

static struct change *next_change(struct args *a, poison_error *err)
{
    struct change *more = realloc(a->change, (a->changes + 1) * sizeof *more);
    if (!more) {
        poison_fail_memory(err, a->changes + 1, sizeof *more, "the flips");
        return NULL;
    }
    a->change = more;
    more[a->changes] = (struct change){0};
    return &more[a->changes++];
}

static int set_flip(struct args *a, const char *v, poison_error *err)
{
    struct change *change = next_change(a, err);
    if (!change)
        return POISON_ENOMEM;
    change->flip = v;
    return poison_flip_parse(&(poison_flip){0}, v, NULL, err);
}

static int set_flips(struct args *a, const char *v, poison_error *err)
{
    struct change *change = next_change(a, err);
    if (!change)
        return POISON_ENOMEM;
    change->file = v;
    return *v ? 0 : poison_fail(err, POISON_EUSAGE, "--flips: expected a file, not an empty word");
}

/* Makes room for one more item of a list. */
#define GROW(list, count)                                                                 \
    do {                                                                                  \
        void *more_ = realloc(list, ((count) + 1) * sizeof *(list));                      \
        if (!more_)                                                                       \
            return poison_fail_memory(err, (count) + 1, sizeof *(list), "a list");        \
        (list) = more_;                                                                   \
    } while (0)

/* Checks the form of one pair or, where `several`, of some between commas. */
static int check_pairs(const char *text, int several, const char *option, poison_error *err)
{
    char what[4200];
    int status, from, to;
    snprintf(what, sizeof what, "%s %s", option, text);
    for (const char *at = text, *end;; at = end + 1) {
        status = poison_pair_parse(&from, &to, at, &end, NULL, what, err);
        if (status < 0)
            return status;
        if (*end && (*end != ',' || !several))
            return poison_fail(err, POISON_EUSAGE, "%s: expected FROM:TO, as in 1:2", what);
        size_t length = (size_t)(end - at);
        for (const char *earlier = text; earlier < at; earlier += strcspn(earlier, ",") + 1)
            if (strncmp(earlier, at, length) == 0 && earlier[length] == ',')
                return poison_fail(err, POISON_EUSAGE, "%s: %.*s is named twice", option, (int)length, at);
        if (!*end)
            return 0;
    }
}

static int set_pair(struct args *a, const char *v, poison_error *err)
{
    a->pair = v;
    return check_pairs(v, 0, "--pair", err);
}

static int set_pairs(struct args *a, const char *v, poison_error *err)
{
    a->pairs = v;
    return strcmp(v, "all") == 0 ? 0 : check_pairs(v, 1, "--pairs", err);
}

/* LIST, or START:STOP:STEP */
static int set_doses(struct args *a, const char *v, poison_error *err)
{
    struct sweep *s = &a->sweep;
    size_t first, last, step;
    char *end;
    s->doses = 0;
    if (whole(v, 0, &first, &end) && *end == ':' && whole(end + 1, 0, &last, &end) && *end == ':'
        && whole(end + 1, 1, &step, &end) && !*end && first <= last && (last - first) / step < 1000000) {
        for (; first <= last; first += step) {
            GROW(s->dose, s->doses);
            s->dose[s->doses++] = first;
        }
        return 0;
    }
    for (const char *at = v;; at = end + 1) {
        GROW(s->dose, s->doses);
        if (!whole(at, 0, &s->dose[s->doses++], &end) || (*end && *end != ','))
            return poison_fail(err, POISON_EUSAGE, "--doses %s: expected whole numbers, as in 10,30,100 or 0:100:10", v);
        if (!*end)
            return 0;
    }
}

/* Calls `take` for every word of a list between commas. */
static int each_word(struct args *a, const char *v, int (*take)(struct args *a, const char *word, poison_error *err),
                     poison_error *err)
{
    char word[80];
    int status = 0;
    for (const char *at = v; status == 0; at++) {
        size_t length = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word), at);
        status = take(a, word, err);
        at += length;
        if (!*at)
            break;
    }
    return status;
}

static int take_strategy(struct args *a, const char *word, poison_error *err)
{
    struct sweep *s = &a->sweep;
    int strategy = poison_strategy_parse(word);
    if (strategy < 0)
        return poison_fail(err, POISON_EUSAGE, "--strategy %s: expected first, random, near, far, alfa or greedy", word);
    GROW(s->strategy, s->strategies);
    s->strategy[s->strategies++] = strategy;
    return 0;
}

static int set_strategy(struct args *a, const char *v, poison_error *err)
{
    a->sweep.strategies = 0;
    return each_word(a, v, take_strategy, err);
}

static int take_defence(struct args *a, const char *word, poison_error *err)
{
    struct sweep *s = &a->sweep;
    GROW(s->defence, s->defences);
    poison_cleaning *d = &s->defence[s->defences++];
    *d = (poison_cleaning){.method = -1, .name = "none"};
    return strcmp(word, "none") == 0 ? 0 : poison_cleaning_parse(d, word, err);
}

static int set_defence(struct args *a, const char *v, poison_error *err)
{
    a->sweep.defences = 0;
    return each_word(a, v, take_defence, err);
}

static int take_method(struct args *a, const char *word, poison_error *err)
{
    int method = poison_audit_parse(word, strlen(word));
    if (method < 0)
        return poison_fail(err, POISON_EUSAGE, "--method %s: expected knn, margin, loo, shapley or confident", word);
    for (int k = 0; k < a->methods; k++)
        if (a->method[k] == method)
            return poison_fail(err, POISON_EUSAGE, "--method: %s is named twice", word);
    a->method[a->methods++] = method;
    return 0;
}

/* audit's list, or what clean does. */
static int set_method(struct args *a, const char *v, poison_error *err)
{
    a->methods = 0;
    if (strcmp(a->command->name, "clean") != 0)
        return each_word(a, v, take_method, err);
    int status = set_defence(a, v, err);
    if (status == 0 && (a->sweep.defences != 1 || a->sweep.defence->method < 0))
        status = poison_fail(err, POISON_EUSAGE, "--method %s: expected one method", v);
    if (status == 0 && a->sweep.defence->how_many == POISON_ORACLE)
        status = poison_fail(err, POISON_EUSAGE, "--method %s: how many? Expected %s:COUNT, as in knn:relabel:100", v,
                             strchr(v, ':') ? v : "METHOD:relabel");
    if (status == 0)
        a->methods = 1;
    return status;
}

static int set_seed(struct args *a, const char *v, poison_error *err)
{
    char *end;
    errno = 0;
    a->sweep.seed = a->sweep.attack.seed = strtoull(v, &end, 10);
    if (*v < '0' || *v > '9' || *end || errno)
        return poison_fail(err, POISON_EUSAGE, "--seed %s: expected a whole number below 2^64", v);
    return 0;
}

static int set_seeds(struct args *a, const char *v, poison_error *err)
{
    int status = set_whole(&a->sweep.seeds, v, 1, "--seeds", err);
    return status < 0 || a->sweep.seeds <= 1000000 ? status : poison_fail(err, POISON_EUSAGE, "--seeds %s: at most 1000000", v);
}

static int set_by(struct args *a, const char *v, poison_error *err)
{
    a->by_true = strcmp(v, "true") == 0;
    return a->by_true || strcmp(v, "predicted") == 0
               ? 0
               : poison_fail(err, POISON_EUSAGE, "--by %s: expected predicted or true", v);
}

static int set_gamma(struct args *a, const char *v, poison_error *err)
{
    int named = strcmp(v, "scale") == 0 || strcmp(v, "auto") == 0;
    if (named)
        a->settings.gamma = *v == 's' ? POISON_GAMMA_SCALE : POISON_GAMMA_AUTO;
    else if (set_positive(&a->settings.gamma, v, "--gamma", err) < 0)
        return poison_fail(err, POISON_EUSAGE, "--gamma %s: expected scale, auto or a number above 0", v);
    return 0;
}

static int set_threads(struct args *a, const char *v, poison_error *err)
{
    size_t threads = 0;
    if (set_whole(&threads, v, 1, "--threads", err) < 0)
        return POISON_EUSAGE;
    if (threads > MOST_THREADS)
        return poison_fail(err, POISON_EUSAGE, "--threads %s: at most %d", v, MOST_THREADS);
    a->settings.threads = (int)threads;
    return 0;
}

static int set_isa(struct args *a, const char *v, poison_error *err)
{
    int isa = 0;
    while (isa < POISON_ISA_COUNT && strcmp(v, poison_isa_name(isa)) != 0)
        isa++;
    if (isa == POISON_ISA_COUNT)
        return poison_fail(err, POISON_EUSAGE, "--isa %s: expected c, avx2, avx512, vnni or amx", v);
    if (isa > poison_isa_best())
        return poison_fail(err, POISON_EDATA, "--isa %s: this CPU has %s at best", v, poison_isa_name(poison_isa_best()));
    a->settings.isa = isa;
    return 0;
}

static int set_kernel(struct args *a, const char *v, poison_error *err)
{
    a->settings.blas_only = strcmp(v, "blas") == 0;
    return a->settings.blas_only || strcmp(v, "auto") == 0
               ? 0
               : poison_fail(err, POISON_EUSAGE, "--kernel %s: expected auto or blas", v);
}

static int set_memory(struct args *a, const char *v, poison_error *err)
{
    if (set_whole(&a->settings.memory, v, 1, "--memory", err) < 0)
        return POISON_EUSAGE;
    if (a->settings.memory > SIZE_MAX >> 20)
        return poison_fail(err, POISON_EUSAGE, "--memory %s: too large", v);
    a->settings.memory <<= 20;
    return 0;
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

/*
 * One row an option. `commands`: the names it belongs to, between blanks; NULL: all that read data. Most fill a field of
 * `struct args`, which `at` says; the others have a function.
 */
struct option {
    char letter;
    const char *name, *value, *commands, *help;
    enum { INFORMS, CALLS, RAISES, LOWERS, COUNTS, MEASURES, NAMES } kind;
    int (*set)(struct args *args, const char *value, poison_error *err);
    size_t at;    /* of an int that is raised to 1 or lowered to 0, a size_t, a double above 0, a const char * */
    size_t least; /* of a size_t */
    size_t given; /* of an int that is raised too, or 0 */
};

#define AT(field) offsetof(struct args, field)
#define FIELD(kind, field) kind, NULL, AT(field), 0, 0
#define COUNT(field, least, given) COUNTS, NULL, AT(field), least, given

#define FLIPPING " predictions score counts confusion subproblems support data attack audit clean sweep explain "
#define SEEDED " predictions score counts confusion subproblems support data attack audit clean sweep explain dose "
#define EVERY "*" /* also of the commands without data */

static const struct option options[] = {
    {0, "data", "DIR", NULL,
     "folder of MNIST's files, or 'synthetic' [$POISON_DATA, else MNIST's place]", FIELD(NAMES, data)},
    {0, "train", "N", NULL, "the first N training images [2000]", COUNT(train, 1, AT(train_given))},
    {0, "test", "N", NULL, "the first N test images [1000]", COUNT(test, 1, AT(test_given))},
    {0, "flip", "FROM:TO:COUNT[:STRATEGY]", FLIPPING,
     "flip COUNT training labels; first, random, near, far, alfa, greedy", CALLS, set_flip, 0, 0, 0},
    {0, "flips", "FILE", FLIPPING,
     "flip what a flip file says (-: standard input); all repeatable, in order", CALLS, set_flips, 0, 0, 0},
    {0, "validate", "N", FLIPPING, "validation set: the N rows after the training rows [1000]", COUNT(validate, 1, 0)},
    {0, "restarts", "R", FLIPPING,
     "alfa: starts from random losses besides the one from none [0]", COUNT(sweep.attack.restarts, 0, 0)},
    {0, "beam", "B", FLIPPING, "greedy: try only the B nearest candidates a step [0: all]", COUNT(sweep.attack.beam, 0, 0)},
    {0, "seed", "S", SEEDED, "of random, alfa's restarts, folds and bootstrap [0]", CALLS, set_seed, 0, 0, 0},
    {0, "pair", "FROM:TO", " lab ", "which label is turned into which [1:2]", CALLS, set_pair, 0, 0, 0},
    {0, "pairs", "all|LIST", " sweep ",
     "which labels are turned into which, as in 1:2,3:8 [1:2]", CALLS, set_pairs, 0, 0, 0},
    {0, "doses", "LIST", " lab sweep ",
     "how many, each from the same labels; or START:STOP:STEP [10,30,100; sweep 0:100:10]", CALLS, set_doses, 0, 0, 0},
    {0, "strategy", "LIST", " sweep ", "which ones are flipped [first]", CALLS, set_strategy, 0, 0, 0},
    {0, "defence", "LIST", " sweep ",
     "none, or METHOD[:relabel|remove[:COUNT|FRACTION|estimated]] [none]", CALLS, set_defence, 0, 0, 0},
    {0, "seeds", "N", " sweep ", "N seeds from --seed on, where something is seeded [1]", CALLS, set_seeds, 0, 0, 0},
    {0, "resume", NULL, " sweep ", "go on with the -o file of a sweep that was cut off", FIELD(RAISES, resume)},
    {0, "method", "LIST", " audit clean ",
     "knn, margin, loo, shapley, confident [knn; clean: confident:relabel]", CALLS, set_method, 0, 0, 0},
    {0, "truth", "FILE", " audit ", "flip file of what was really flipped: print a scoreboard", FIELD(NAMES, truth)},
    {0, "joint", NULL, " audit ", "confident: print how many of each label it takes for another", FIELD(RAISES, joint)},
    {0, "at", "DOSE", " matrix ", "which dose [100]", COUNT(at, 0, 0)},
    {0, "title", "TEXT", " plot ", "above the chart [what the table says]", FIELD(NAMES, title)},
    {0, "row", "R", " explain ", "which test image [0]", COUNT(image, 0, 0)},
    {'n', "rows", "N", " predictions explain ", "how many rows [5; explain 10]", COUNT(rows, 1, AT(rows_given))},
    {0, "by", "predicted|true", " score ",
     "count under the predicted or the true digit [predicted]", CALLS, set_by, 0, 0, 0},
    {0, "export", "DIR", " data ",
     "write the rows in use there, as MNIST's files, labels after the flips", FIELD(NAMES, export_to)},
    {'c', "cost", "C", NULL, "C of the support vector machines [1]", FIELD(MEASURES, settings.C)},
    {'g', "gamma", "G", NULL, "scale (1/(d Var X)), auto (1/d) or a number [scale]", CALLS, set_gamma, 0, 0, 0},
    {'e', "tolerance", "E", NULL, "largest violation of optimality [0.001]", FIELD(MEASURES, settings.tolerance)},
    {0, "no-shrinking", NULL, NULL, "solve without shrinking: other last bits", FIELD(LOWERS, settings.shrinking)},
    {'j', "threads", "N", NULL, "OpenMP threads [all cores]", CALLS, set_threads, 0, 0, 0},
    {0, "isa", "c|avx2|avx512|vnni|amx", NULL,
     "instruction set of our own loops [the CPU's best]", CALLS, set_isa, 0, 0, 0},
    {0, "kernel", "auto|blas", NULL,
     "blas: OpenBLAS also where 8-bit data have loops of their own", CALLS, set_kernel, 0, 0, 0},
    {'m', "memory", "MIB", NULL,
     "for data and kernel values [a quarter of the machine's, at most 4096]", CALLS, set_memory, 0, 0, 0},
    {0, "no-reuse", NULL, NULL, "compute again what a change of labels leaves as it is", FIELD(RAISES, settings.no_reuse)},
    {'o', "output", "FILE", EVERY,
     "write the table there, whole or not at all; sweep: row by row [-]", FIELD(NAMES, output)},
    {0, "timing", NULL, NULL, "say on standard error where the time went", FIELD(RAISES, timing)},
    {0, "trace", "FILE", NULL,
     "write what each thread did when there, for chrome://tracing and Perfetto", FIELD(NAMES, trace)},
    {'q', "quiet", NULL, EVERY, "no notes and no progress on standard error", FIELD(RAISES, quiet)},
    {'h', "help", NULL, EVERY, "-h: this page; --help: all of it", INFORMS, NULL, 0, 0, 0},
    {'V', "version", NULL, EVERY, "version, libraries, instruction set", INFORMS, NULL, 0, 0, 0},
};
enum { OPTIONS = sizeof options / sizeof *options };

static int set(struct args *args, const struct option *o, const char *value, poison_error *err)
{
    void *field = (char *)args + o->at;
    char name[40];
    snprintf(name, sizeof name, "--%s", o->name);
    if (o->given)
        *(int *)((char *)args + o->given) = 1;
    switch (o->kind) {
    case RAISES: *(int *)field = 1; return 0;
    case LOWERS: *(int *)field = 0; return 0;
    case COUNTS: return set_whole(field, value, o->least, name, err);
    case MEASURES: return set_positive(field, value, name, err);
    case NAMES:
        *(const char **)field = value;
        return *value ? 0 : poison_fail(err, POISON_EUSAGE, "%s: expected %s, not an empty word", name, o->value);
    default: return o->set(args, value, err);
    }
}

static int belongs(const struct option *o, const struct command *c)
{
    char word[40];
    snprintf(word, sizeof word, " %s ", c->name);
    return !o->commands ? c->needs != NEEDS_NOTHING : strcmp(o->commands, EVERY) == 0 || strstr(o->commands, word);
}

/* ---- the nearest name ------------------------------------------------------------------------------------------ */

/* Damerau-Levenshtein distance of two words (optimal string alignment), up to 31 bytes of each. */
static int distance(const char *a, const char *b)
{
    int d[32][32], la = (int)strlen(a), lb = (int)strlen(b);
    if (la > 31 || lb > 31)
        return 99;
    for (int i = 0; i <= la; i++)
        for (int j = 0; j <= lb; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[la][lb];
}

/* Keeps `name` if it is nearer to `word`, or begins with it. */
static void consider(const char *word, const char *name, const char **nearest, int *best)
{
    int d = strlen(word) > 2 && strncmp(word, name, strlen(word)) == 0 ? 1 : distance(word, name);
    if (d < *best && d < (int)strlen(name)) {
        *best = d;
        *nearest = name;
    }
}

static int fail_unknown_command(const struct command *commands, const char *word, poison_error *err)
{
    const char *nearest = NULL;
    int best = NEAR + 1;
    for (const struct command *c = commands; c->name; c++)
        consider(word, c->name, &nearest, &best);
    if (nearest)
        return poison_fail(err, POISON_EUSAGE, "unknown command '%s': did you mean '%s'?", word, nearest);
    return poison_fail(err, POISON_EUSAGE, "unknown command '%s': 'poison -h' lists them", word);
}

static int fail_unknown_option(const char *word, poison_error *err)
{
    const char *nearest = NULL;
    int best = NEAR + 1, length = (int)strcspn(word, "=");
    char name[32];
    snprintf(name, sizeof name, "%s", word + strspn(word, "-"));
    name[strcspn(name, "=")] = 0;
    for (int k = 0; name[0] && name[1] && k < OPTIONS; k++)
        consider(name, options[k].name, &nearest, &best);
    if (nearest)
        return poison_fail(err, POISON_EUSAGE, "unknown option '%.*s': did you mean '--%s'?", length, word, nearest);
    return poison_fail(err, POISON_EUSAGE, "unknown option '%.*s': '--help' lists them", length, word);
}

/* ---- help ------------------------------------------------------------------------------------------------------ */

static void print_lines(FILE *out, const char *text, const char *before)
{
    while (*text) {
        int length = (int)strcspn(text, "\n");
        fprintf(out, "%s%.*s\n", length ? before : "", length, text);
        text += length + (text[length] == '\n');
    }
}

static void print_options(FILE *out, const struct command *c)
{
    for (int k = 0; k < OPTIONS; k++) {
        const struct option *o = &options[k];
        char left[48];
        if (!belongs(o, c))
            continue;
        snprintf(left, sizeof left, "%c%c%s--%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
                 o->letter ? ", " : "  ", o->name, o->value ? " " : "", o->value ? o->value : "");
        fprintf(out, "  %-26s %s\n", left, o->help);
    }
}

static const char conventions[] =
    "Data. --data, else $POISON_DATA, else data/mnist, else ~/.cache/poison/mnist ($XDG_CACHE_HOME). With none of them\n"
    "'lab' runs on built-in digits, which --data synthetic asks for by name; the other commands stop.\n"
    "\n"
    "Tables. Standard output holds the table and nothing else: one header line, tabs, no padding. Lines that begin with\n"
    "'# ' (in 'lab', 'explain', a sweep's file) are comments. Coefficients and intercepts reload to the same bits.\n"
    "\n"
    "Results are scikit-learn's SVC's (LIBSVM's) to the last bit, and depend on neither threads nor instruction set.\n"
    "\n"
    "Exit codes. 0 done, 1 a check failed, 2 usage, 3 input or output that cannot be used, 4 out of memory, 130, 143 and\n"
    "129 after Ctrl-C, SIGTERM and a hangup.\n";

/* The program's help (command NULL) or a command's; `whole`: --help. */
static void print_help(FILE *out, const struct command *commands, const struct command *c, int all)
{
    const struct command *shown = c ? c : commands;
    if (c) {
        fprintf(out, "poison %s - %s\n\n", c->name, c->summary);
    } else {
        fprintf(out, "poison - what happens to a classifier when somebody alters its training labels?\n\n");
    }
    print_lines(out, shown->examples, "  $ ");
    if (c) {
        int column = fprintf(out, "\nPrints: ");
        for (const char *p = c->prints; *p; p++, column++) {
            int breaks = (*p == '\t' || *p == ' ') && column > 100;
            putc(breaks ? '\n' : *p == '\t' ? ' ' : *p, out);
            column = breaks ? fprintf(out, "        ") : column;
        }
        fprintf(out, "\n");
        if (all && c->notes)
            fprintf(out, "\n%s\n", c->notes);
    } else {
        fprintf(out, "\nCommands (poison COMMAND -h tells more):\n");
        for (const struct command *k = commands; k->name; k++)
            fprintf(out, "  %-12s %s\n", k->name, k->summary);
    }
    fprintf(out, "\nOptions%s:\n", c ? "" : " of 'lab', which runs when no command is named");
    print_options(out, shown);
    if (all)
        fprintf(out, "\n%s", conventions);
}

/* ---- parsing --------------------------------------------------------------------------------------------------- */

/* The option of one word: --name, --name=value, -l or -lvalue. *value: what is glued to it, or NULL. */
static const struct option *find_option(const char *word, const char **value)
{
    *value = NULL;
    for (int k = 0; k < OPTIONS; k++) {
        const struct option *o = &options[k];
        size_t length = strlen(o->name);
        if (word[1] != '-') {
            if (o->letter != word[1] || (word[2] && !o->value))
                continue;
            *value = word[2] ? word + 2 : NULL;
            return o;
        }
        if (strncmp(word + 2, o->name, length) == 0 && (!word[2 + length] || word[2 + length] == '=')) {
            *value = word[2 + length] ? word + 3 + length : NULL;
            return o;
        }
    }
    return NULL;
}

struct given {
    const struct option *option;
    const char *value, *word;
};

/* Splits argv into options with their values and the one operand, the command's name. */
static int split(struct given *given, int *count, const char **operand, int argc, char **argv, poison_error *err)
{
    int options_ended = 0;
    *count = 0;
    *operand = NULL;
    for (int k = 1; k < argc; k++) {
        const char *word = argv[k];
        if (!options_ended && strcmp(word, "--") == 0) {
            options_ended = 1;
        } else if (options_ended || word[0] != '-' || !word[1]) {
            if (*operand)
                return poison_fail(err, POISON_EUSAGE, "unexpected '%s' after '%s'", word, *operand);
            *operand = word;
        } else {
            struct given *g = &given[(*count)++];
            g->word = word;
            g->option = find_option(word, &g->value);
            if (!g->option)
                return fail_unknown_option(word, err);
            if (g->value && !g->option->value)
                return poison_fail(err, POISON_EUSAGE, "--%s takes no value", g->option->name);
            if (g->option->value && !g->value) {
                if (k + 1 == argc)
                    return poison_fail(err, POISON_EUSAGE, "%s needs a value: %s", word, g->option->value);
                g->value = argv[++k];
            }
        }
    }
    return 0;
}

static int fill_defaults(struct args *args, poison_error *err)
{
    *args = (struct args){.settings = poison_settings_default(), .train = 2000, .test = 1000, .validate = 1000, .rows = 5,
                          .output = "-", .at = 100, .sweep = {.seeds = 1}};
    int status;
    TRY(set_pair(args, "1:2", err));
    TRY(set_pairs(args, "1:2", err));
    TRY(set_strategy(args, "first", err));
    TRY(set_defence(args, "none", err));
done:
    return status;
}

/* A sweep's lists name nothing twice. */
static int refuse_twice(const struct sweep *s, poison_error *err)
{
    for (size_t k = 0; k < s->doses && s->doses < 10000; k++)
        for (size_t q = 0; q < k; q++)
            if (s->dose[k] == s->dose[q])
                return poison_fail(err, POISON_EUSAGE, "--doses: %zu is named twice", s->dose[k]);
    for (size_t k = 0; k < s->strategies; k++)
        for (size_t q = 0; q < k; q++)
            if (s->strategy[k] == s->strategy[q])
                return poison_fail(err, POISON_EUSAGE, "--strategy: %s is named twice", poison_strategy_name(s->strategy[k]));
    for (size_t k = 0; k < s->defences; k++)
        for (size_t q = 0; q < k; q++)
            if (strcmp(s->defence[k].name, s->defence[q].name) == 0)
                return poison_fail(err, POISON_EUSAGE, "--defence: %s is named twice", s->defence[k].name);
    if (s->seed + (s->seeds - 1) < s->seed)
        return poison_fail(err, POISON_EUSAGE, "--seed and --seeds: seeds end below 2^64");
    return 0;
}

int args_parse(struct args *args, const struct command *commands, int argc, char **argv, FILE *out, poison_error *err)
{
    int status = 0, count;
    const char *operand;
    struct given *given = poison_take((size_t)argc + 1, sizeof *given);
    if (!given)
        TRY(poison_fail_memory(err, (size_t)argc + 1, sizeof *given, "the command line"));
    TRY(fill_defaults(args, err));
    TRY(split(given, &count, &operand, argc, argv, err));
    const struct command *c = commands;
    while (operand && c->name && strcmp(c->name, operand) != 0)
        c++;
    if (!c->name)
        TRY(fail_unknown_command(commands, operand, err));
    args->command = c;
    TRY(set_doses(args, strcmp(c->name, "sweep") == 0 ? "0:100:10" : "10,30,100", err));
    args->rows = strcmp(c->name, "explain") == 0 ? 10 : 5;
    for (int k = 0; k < count; k++) {
        const struct option *o = given[k].option;
        if (*o->name == 'h') {
            print_help(out, commands, operand ? c : NULL, given[k].word[1] == '-');
            status = ARGS_HELP;
            goto done;
        }
    }
    int version = 0;
    for (int k = 0; k < count; k++) {
        const struct option *o = given[k].option;
        version |= o->kind == INFORMS;
        if (o->kind == INFORMS)
            continue;
        if (!belongs(o, c))
            TRY(poison_fail(err, POISON_EUSAGE, "--%s is not an option of '%s': it belongs to%.*s", o->name, c->name,
                            o->commands ? (int)strlen(o->commands) - 1 : 32,
                            o->commands ? o->commands : " the commands that read data"));
        TRY(set(args, o, given[k].value, err));
    }
    if (!args->methods && strcmp(c->name, "audit") == 0)
        TRY(set_method(args, args->joint ? "confident" : "knn", err));
    if (!args->methods && strcmp(c->name, "clean") == 0)
        TRY(set_method(args, "confident", err));
    if (strcmp(c->name, "sweep") == 0)
        TRY(refuse_twice(&args->sweep, err));
    if (args->resume && strcmp(args->output, "-") == 0)
        TRY(poison_fail(err, POISON_EUSAGE, "--resume: which sweep? Expected -o FILE"));
    if (args->joint && args->truth)
        TRY(poison_fail(err, POISON_EUSAGE, "--joint and --truth: one or the other"));
    if (args->trace && strcmp(args->trace, "-") == 0)
        TRY(poison_fail(err, POISON_EUSAGE, "--trace: expected a file; standard output is the table's"));
    if (args->trace && strcmp(args->trace, args->output) == 0)
        TRY(poison_fail(err, POISON_EUSAGE, "--trace and --output: two files, not one"));
    if (args->joint && (args->methods != 1 || args->method[0] != POISON_CONFIDENT))
        TRY(poison_fail(err, POISON_EUSAGE, "--joint: only --method confident estimates it"));
    status = version ? ARGS_VERSION : 0;
done:
    free(given);
    return status;
}

void args_free(struct args *args)
{
    free(args->change);
    free(args->sweep.strategy);
    free(args->sweep.defence);
    free(args->sweep.dose);
}
