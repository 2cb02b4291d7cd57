/* SPDX-License-Identifier: MIT */
/*
 * fuzz - what strangers may send: seven doors, each a libFuzzer target, chosen by the name the
 * program is called by
 *
 *   fuzz-idx       a folder's IDX files, or a single one
 *   fuzz-table     CSV and TSV, as data, to check, to label
 *   fuzz-libsvm    LIBSVM's text, the same
 *   fuzz-model     a model file, its names, rows to label
 *   fuzz-flips     a flip file
 *   fuzz-journal   a sweep's journal, resumed or read as a table
 *   fuzz-options   a command line
 *
 * An input is a byte that says which way through the door, then files, between CUT. Besides what
 * sanitizers see, a target aborts where an answer breaks poison.h: a failure without a sentence, a
 * label beyond the names, results that differ. `make fuzz` runs them all (test/fuzz);
 * `build/.../fuzz-idx FILE` repeats one.
 */
int poison_main(int argc, char **argv);
#define main poison_main
#include "../poison.c" /* the command table, and all that it includes */
#undef main

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

#define CUT "<cut>"
#define MUST(holds)                                                                   \
    do {                                                                              \
        if (!(holds)) {                                                               \
            fprintf(stderr, "fuzz.c:%d: does not hold: %s\n", __LINE__, #holds);      \
            abort();                                                                  \
        }                                                                             \
    } while (0)

/* in memory, where that can be had */
static char folder[40] = "/dev/shm/poison-fuzz-XXXXXX", path[4][80];
static poison_settings settings;
static poison_data known; /* small data with hostile names */
static FILE *nowhere;
static volatile double sink;

/* ---- files ----------------------------------------------------------------------------------- */

static void put(const char *to, const void *bytes, size_t length)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
    close(fd);
}

/* What stands before the next CUT, and moves behind it. */
static size_t part(const uint8_t **at, size_t *left)
{
    const uint8_t *cut = memmem(*at, *left, CUT, sizeof CUT - 1);
    size_t length = cut ? (size_t)(cut - *at) : *left,
           used = cut ? length + sizeof CUT - 1 : length;
    *at += used;
    *left -= used;
    return length;
}

/* Each part to a file, path[0] first; missing ones are empty. */
static void put_parts(const uint8_t *at, size_t left, int files)
{
    for (int k = 0; k < files; k++) {
        const uint8_t *begin = at;
        size_t length = part(&at, &left);
        put(path[k], begin, length);
    }
}

/* ---- what must hold -------------------------------------------------------------------------- */

/* Any answer is fine that has a code of poison.h and, where it failed, one line of text. */
static int answered(int status, poison_error *err)
{
    MUST(status >= POISON_ECANCEL);
    if (status < 0 && status != OUTPUT_READER_GONE)
        MUST(err->text[0] && strlen(err->text) < sizeof err->text);
    err->text[0] = 0;
    return status == 0;
}

static void check_set(const poison_set *set, int names)
{
    MUST(!set->n || set->d > 0);
    MUST(!set->n || !set->x != !set->v);
    for (size_t k = 0; k < set->n * (size_t)set->d; k++) {
        sink += set->x ? set->x[k] : set->v[k];
        MUST(!set->v || isfinite(set->v[k]));
    }
    for (size_t r = 0; set->y && r < set->n; r++)
        MUST(set->y[r] >= 0 && set->y[r] < (names ? names : POISON_LABELS));
}

/* Trains on it, if it is small; whatever the features are, the model is one or the answer a
 * sentence. */
static void try_training(const poison_data *data)
{
    poison_error err = {""};
    poison_svm *svm;
    poison_settings few = settings;
    size_t n = data->train.n;
    int *labels = data->train.y, predicted[64];
    few.max_iterations = 200;
    few.kernel = (int)(n % POISON_KERNELS);
    if (n < 2 || n > 40 || data->train.d > 60 || data->test.n > 64)
        return;
    if (!answered(poison_svm_new(&svm, data, &few, &err), &err))
        return;
    if (answered(poison_svm_train(svm, labels, &err), &err) && data->test.n) {
        MUST(answered(poison_svm_predict(svm, 0, predicted, &err), &err));
        for (size_t r = 0; r < data->test.n; r++)
            MUST(predicted[r] >= 0 && predicted[r] < POISON_LABELS);
    }
    poison_svm_free(svm);
}

static int ignore_problem(void *self, size_t line, const char *sentence)
{
    size_t *left = self;
    sink += (double)line + (double)strlen(sentence);
    return --*left == 0;
}

/* A text in one of the formats: as data with a test file beside it, as a file to check, as rows for
 * a model. */
static void try_text(const uint8_t *at, size_t left, const int *format, size_t formats)
{
    static const char *const columns[] = {NULL, "first", "last", "none", "2", "y"};
    poison_error err = {""};
    poison_data data;
    if (!left)
        return;
    unsigned how = *at++;
    put_parts(at, left - 1, 2);
    poison_source source = {.path = path[0],
                            .format = format[how % formats],
                            .label = columns[how / 8 % 6]};
    struct stat info;
    if (stat(path[1], &info) == 0 && info.st_size > 0)
        source.test_path = path[1];
    if (how & 4)
        source.test = source.test_path ? 5 : 2, source.test_given = 1;
    if (how & 128)
        source.validate = 1;
    if (answered(poison_data_load(&data, &source, &settings, &err), &err)) {
        int label[POISON_LABELS];
        check_set(&data.train, data.names);
        check_set(&data.test, data.names);
        MUST(!data.test.n || data.test.d == data.train.d);
        for (int c = 0; c < data.names; c++)
            MUST(strcmp(data.name[poison_label_find(&data, data.name[c])], data.name[c]) == 0);
        poison_data_labels(&data, label);
        try_training(&data);
        poison_data_free(&data);
    }
    size_t most = 1 + how;
    struct problems problems = {.found = ignore_problem, .self = &most};
    answered(load_check(&source, &(struct load_how){0}, &problems, &settings, &err), &err);
    struct load_width width = {.d = 1 + how % 5, .base = how & 1, .at_least = how >> 1 & 1};
    memset(&data, 0, sizeof data);
    source.test_path = NULL;
    if (answered(load_rows(&data, &width, &source, &(struct load_how){0}, &settings, &err),
                 &err)) {
        check_set(&data.test, data.names);
        poison_data_free(&data);
    }
}

/* ---- the doors ------------------------------------------------------------------------------- */

/* The first byte says how they are asked for; what follows becomes up to four files. */
static void fuzz_idx(const uint8_t *at, size_t left)
{
    poison_error err = {""};
    poison_data data;
    if (!left)
        return;
    unsigned how = *at++;
    put_parts(at, left - 1, 4);
    poison_source source = {.path = how & 1 ? path[0] : folder,
                            .train = 1 + how / 2 % 8,
                            .test = 1 + how / 16 % 4};
    source.train_given = source.test_given = how >> 7;
    if (answered(poison_data_load(&data, &source, &settings, &err), &err)) {
        check_set(&data.train, data.names);
        check_set(&data.test, data.names);
        try_training(&data);
        poison_data_free(&data);
    }
    size_t most = 20;
    struct problems problems = {.found = ignore_problem, .self = &most};
    answered(load_check(&source, &(struct load_how){0}, &problems, &settings, &err), &err);
}

static void fuzz_table(const uint8_t *at, size_t left)
{
    static const int formats[] = {POISON_READ_CSV, POISON_READ_TSV, POISON_READ_AUTO};
    try_text(at, left, formats, 3);
}

static void fuzz_libsvm(const uint8_t *at, size_t left)
{
    static const int formats[] = {POISON_READ_LIBSVM, POISON_READ_AUTO};
    try_text(at, left, formats, 2);
}

/* With a byte that is odd, the names' file says the model's checksum, so that it is read beyond
 * that. */
static void fuzz_model(const uint8_t *at, size_t left)
{
    poison_error err = {""};
    poison_model model;
    char names[128];
    if (!left)
        return;
    unsigned how = *at++;
    const uint8_t *text = at;
    left--;
    size_t length = part(&at, &left);
    put(path[0], text, length);
    snprintf(names, sizeof names, "%s.labels", path[0]);
    unlink(names);
    if (left) {
        char *beside = malloc(left + 40);
        int begin = how & 1 ? snprintf(beside, 40, "crc32 %08x\n", poison_crc32(0, text, length))
                            : 0;
        memcpy(beside + begin, at, left);
        put(names, beside, left + (size_t)begin);
        free(beside);
    }
    if (!answered(poison_model_read(&model, path[0], &settings, &err), &err))
        return;
    check_set(&model.data.train, model.data.names);
    MUST(model.P == model.K * (model.K - 1) / 2 && model.K > 0);
    size_t d = (size_t)model.data.train.d + how / 2 % 3, rows = 3;
    poison_set set = {.n = rows, .d = (int)d};
    if (how & 8)
        set.x = poison_take(rows * d, 1);
    else
        set.v = poison_take(rows * d, sizeof *set.v);
    for (size_t k = 0; k < rows * d; k++)
        how & 8 ? (set.x[k] = (uint8_t)(37 * k)) : (set.v[k] = (double)k / 7 - 1);
    double *value = poison_take(model.P * rows, sizeof *value);
    int predicted[3];
    if (value && answered(poison_model_fit(&model, &set, &err), &err) &&
        answered(poison_model_predict(&model, &set, predicted, value, &err), &err))
        for (size_t r = 0; r < rows; r++)
            MUST(predicted[r] >= 0 && (size_t)predicted[r] < model.K);
    free(value);
    free(set.x);
    free(set.v);
    poison_model_free(&model);
}

static void fuzz_flips(const uint8_t *at, size_t left)
{
    poison_error err = {""};
    size_t n = known.train.n;
    int labels[64];
    put(path[0], at, left);
    memcpy(labels, known.train.y, n * sizeof *labels);
    answered(poison_flips_read(path[0], labels, &known, &settings, &err), &err);
    for (size_t r = 0; r < n; r++)
        MUST(labels[r] >= -1 && labels[r] < known.names);
}

/* Which way: 0..2 resumes a sweep, which must end as one that nobody stopped; else other readers of
 * its table. */
static void fuzz_journal(const uint8_t *at, size_t left)
{
    static char *whole, *opening;
    static size_t length;
    poison_error err = {""};
    struct sheet sheet;
    struct sweep_pair pair[] = {{0, 1}, {2, 0}};
    size_t dose[] = {0, 1, 2};
    int strategy[] = {POISON_FIRST, POISON_RANDOM};
    poison_cleaning defence[] = {{.method = -1, .name = "none"}};
    struct sweep sweep = {.pair = pair,
                          .pairs = 2,
                          .strategy = strategy,
                          .strategies = 2,
                          .defence = defence,
                          .defences = 1,
                          .dose = dose,
                          .doses = 3,
                          .seed = 1,
                          .seeds = 1};
    sheet_open(&sheet, NULL, &known, 0, 0);
    if (!whole) { /* the journal of a sweep that nobody stopped */
        unlink(path[0]);
        MUST(sweep_run(&sweep, &known, known.train.y, &settings,
                       &(struct sweep_output){&sheet, path[0], 0, NULL}, &err)
             == 0);
        FILE *in = fopen(path[0], "r");
        struct stat info;
        MUST(in && fstat(fileno(in), &info) == 0 && (whole = malloc((size_t)info.st_size + 1)));
        length = fread(whole, 1, (size_t)info.st_size, in);
        whole[length] = 0;
        fclose(in);
        opening = strndup(whole, (size_t)(strchr(whole, '\n') - whole) + 1);
    }
    if (!left)
        return;
    unsigned how = *at++ % 6;
    left--;
    char *text = malloc(strlen(opening) + left + 1);
    size_t begin = how == 0 || how > 2 ? 0 : strlen(opening); /* this one's settings in front */
    memcpy(text, opening, begin);
    memcpy(text + begin, at, left);
    put(path[0], text, begin + left);
    if (how <= 2) {
        int resumed = answered(sweep_run(&sweep, &known, known.train.y, &settings,
                                         &(struct sweep_output){&sheet, path[0], 1, NULL}, &err),
                               &err);
        FILE *in = fopen(path[0], "r");
        char *after = malloc(begin + left + length + 1);
        size_t got = fread(after, 1, begin + left + length + 1, in);
        fclose(in);
        if (resumed) /* numbers in rows that are there already are taken as they are */
            MUST(got >= strlen(opening) && memcmp(after, opening, strlen(opening)) == 0
                 && after[got - 1] == '\n');
        else /* refused: untouched */
            MUST(got == begin + left && memcmp(after, text, got) == 0);
        free(after);
    } else {
        FILE *in = fopen(path[0], "r");
        sheet_open(&sheet, nowhere, NULL, 0, 0);
        int status;
        if (how == 3)
            status = dose_run(in, &sheet, 1, &settings, &err);
        else if (how == 4)
            status = matrix_run(in, &sheet, 2, &settings, &err);
        else
            status = plot_run(in, &(struct output){.out = nowhere}, "x.svg", NULL, &settings, &err);
        answered(status, &err);
        fclose(in);
    }
    free(text);
}

/* Words end with newlines or zeros. Whatever is understood is also described, and its labels looked
 * for. */
static void fuzz_options(const uint8_t *at, size_t left)
{
    poison_error err = {""};
    struct args args = {0};
    char *text = malloc(left + 1), *word[66] = {"poison"};
    int words = 1;
    memcpy(text, at, left);
    text[left] = 0;
    for (char *begin = text; begin < text + left && words < 65; words++) {
        size_t length = strcspn(begin, "\n");
        word[words] = begin;
        begin[length] = 0;
        begin += length + 1;
    }
    int status = args_parse(&args, commands, words, word, nowhere, &err);
    MUST(status >= POISON_ECANCEL && status <= ARGS_VERSION);
    if (status < 0)
        answered(status, &err);
    if (status == 0) {
        struct laboratory lab = {.args = &args, .settings = args.settings, .data = known};
        args_describe(&args, nowhere);
        args_command(&args, "synthetic", nowhere);
        answered(resolve_names(&lab, &err), &err);
        free(lab.sweep.pair);
        free(lab.flip);
    }
    args_free(&args);
    free(text);
}

/* ---- which one ------------------------------------------------------------------------------- */

static const struct door {
    const char *name;
    void (*enter)(const uint8_t *at, size_t left);
} doors[] = {{"fuzz-idx", fuzz_idx},        {"fuzz-table", fuzz_table},
             {"fuzz-libsvm", fuzz_libsvm},  {"fuzz-model", fuzz_model},
             {"fuzz-flips", fuzz_flips},    {"fuzz-journal", fuzz_journal},
             {"fuzz-options", fuzz_options}};
static const struct door *door;

static void leave(void)
{
    char names[128];
    snprintf(names, sizeof names, "%s.labels", path[0]);
    unlink(names);
    for (int k = 0; k < 4; k++)
        unlink(path[k]);
    rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
/* Chooses the door by the program's name, and makes what all its inputs share. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    static const char csv[] =
        "label,a,b\n\"-\",1,2\n\"a:b\",3,200\n\"x,\"\"y\",5,6\n\"-\",7,80\n\"a:b\",9,100\n\"x,"
        "\"\"y\",11,12\n"
        "\x1b[31m,1,1\n\"-\",4,4\n\"a:b\",90,10\n1,8,8\n\"-\",1,9\n\"a:b\",5,20\n";
    const char *slash = strrchr((*argv)[0], '/'), *name = slash ? slash + 1 : (*argv)[0];
    poison_error err = {""};
    (void)argc;
    for (size_t k = 0; k < sizeof doors / sizeof *doors; k++)
        if (strcmp(name, doors[k].name) == 0)
            door = &doors[k];
    MUST(door);
    if (!mkdtemp(folder)) {
        strcpy(folder, "/tmp/poison-fuzz-XXXXXX");
        MUST(mkdtemp(folder));
    }
    atexit(leave);
    for (int k = 0; k < 4; k++)
        snprintf(path[k], sizeof path[k], "%s/%s", folder, names[k]);
    settings = poison_settings_default();
    settings.threads = 1;
    settings.memory = 16 << 20;
    nowhere = fopen("/dev/null", "w");
    put(path[0], csv, sizeof csv - 1);
    MUST(nowhere
         && poison_data_load(&known, &(poison_source){.path = path[0], .test = 3, .test_given = 1},
                             &settings, &err)
                == 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    door->enter(data, size);
    return 0;
}
