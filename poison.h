/* SPDX-License-Identifier: MIT */
/*
 * poison.h - the library under poison: support vector machines whose labels may be changed cheaply
 *
 * The simple way through, whole:
 *
 *      #include <poison.h>
 *      #include <stdio.h>
 *
 *      int main(void)
 *      {
 *          poison_settings settings = poison_settings_default();
 *          poison_data data;
 *          poison_svm *svm;
 *          poison_error err;
 *          int predicted[100], right = 0;
 *          if (poison_data_draw(&data, 500, 100, &settings, &err) < 0 ||
 *              poison_svm_new(&svm, &data, &settings, &err) < 0 ||
 *              poison_svm_train(svm, data.train.y, &err) < 0 ||
 *              poison_svm_predict(svm, 0, predicted, &err) < 0) {
 *              fprintf(stderr, "%s\n", err.text);
 *              return 1;
 *          }
 *          for (int r = 0; r < 100; r++)
 *              right += predicted[r] == data.test.y[r];
 *          printf("%d of 100\n", right);
 *          poison_svm_free(svm);
 *          poison_data_free(&data);
 *      }
 *
 *      cc example.c $(pkg-config --cflags --libs poison)      (--static: into the program)
 *
 * poison_data_load reads your own data. To ask for the model of other labels call poison_svm_train
 * again: only what the change touches is computed, and the model is the one that a fresh training
 * would give, in every bit. test/embed.c goes further. `make install PREFIX=...` puts the library
 * (libpoison.so.0, libpoison.a), this file and poison.pc into place, beside the program.
 *
 * The alphabet, used everywhere:
 *
 *   n  training rows      m  test rows         d  features of a row
 *   K  classes            P  machines, K (K - 1) / 2, one for each pair of classes
 *   l  rows of one machine's subproblem (those of its two classes)
 *   C, gamma, alpha, rho as in the literature (Chang & Lin 2011):
 *
 *        min over alpha   1/2 sum_ij alpha_i alpha_j y_i y_j k(x_i, x_j) - sum_i alpha_i
 *        subject to       0 <= alpha_i <= C,  sum_i y_i alpha_i = 0
 *        decision         f(x) = sum_i y_i alpha_i k(x_i, x) - rho
 *        RBF kernel       k(x, z) = exp(-gamma |x - z|^2)
 *
 * (n, d) is a shape: n rows of d, row after row. Rows are numbered from 0, in the file's order.
 *
 * Errors. What can fail returns 0, or a negative code with a sentence in *err (which may be NULL).
 * What it would have made is then released: data are empty, a pointer is NULL. Only labels that are
 * to be altered may be in between, where it is said. All that can take long may return
 * POISON_ECANCEL, and all that takes memory POISON_ENOMEM.
 *
 * Ownership. What is given by pointer is the caller's; data, watched rows and weights are kept by
 * reference and must outlive the model, unaltered (data->train.y is only where the slots come from:
 * train with labels of your own). Each ..._free takes what was never filled after `= {0}`, too.
 *
 * Threads. Every function may run in several threads at once on different objects: distinct models,
 * one in each thread, may share a poison_data that nobody writes to. One model, attacker or
 * findings is for one thread at a time, also where the argument is const. Models beside one another
 * share a kernel matrix that is only read: they too may be used at once, but none while `first` is
 * made or freed, or trained with no_reuse. Each call runs on settings->threads threads of OpenMP of
 * its own, so give k models at once a k-th of the cores each. Do not make calls from inside your
 * own OpenMP regions, and none in a child after fork() but exec (OpenMP's threads are not there).
 *
 * The process. Nothing here prints, exits, handles signals, changes the umask, the locale or the
 * environment. Two things reach further: "-" as a path is standard input or output, because you
 * asked; and a CPU's AMX tiles are asked for once (arch_prctl), by poison_isa_best. Where OpenBLAS
 * is not its OpenMP build, it is set to one thread, too (its serial build is not safe for threads:
 * products here take turns, but do not call it meanwhile). Numbers in files have a decimal point in
 * every locale, and results are the same whatever floating-point state is yours (rounding, traps,
 * -ffast-math's zeros for subnormal numbers): a call puts it aside, on OpenMP's threads too, and
 * back. Your own signal handlers may interrupt a call, with SA_RESTART or without: reading
 * and writing go on, until settings->cancel says otherwise.
 */
#ifndef POISON_H
#define POISON_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#define POISON_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* the library shows these names and no others */

/* ---- errors ---------------------------------------------------------------------------------- */

/* Minus the exit code that the program answers with. */
enum {
    POISON_EFOUND = -1,  /* a check that was asked for failed */
    POISON_EUSAGE = -2,  /* words that make no sense */
    POISON_EDATA = -3,   /* data, or a file, that cannot be used */
    POISON_ENOMEM = -4,  /* out of memory, or over settings->memory; the sentence says how much */
    POISON_ECANCEL = -5, /* settings->cancel was raised */
};

typedef struct {
    char text[5120]; /* one sentence, without a full stop or a newline: what, where, what to do */
} poison_error;

/* ---- data: the simple way -------------------------------------------------------------------- */

typedef struct poison_settings poison_settings; /* below */

/*
 * C = 1, the RBF kernel, gamma = scale, tolerance 1e-3, shrinking, all of OpenMP's threads, the
 * best instruction set.
 */
poison_settings poison_settings_default(void);

/* Labelled images (or other rows of features), in the file's order. */
typedef struct {
    size_t n;
    int d, height, width; /* d = height width; both are 0 where the rows are no images */
    int from_zero;        /* LIBSVM's text counts their columns from 0, not from 1 */
    uint8_t *x;           /* (n, d) */
    double *v;            /* (n, d) instead of x, where features are no 8-bit integers; or NULL */
    int *y;               /* (n) labels, 0..255 */
} poison_set;

typedef struct {
    poison_set train, test;
    poison_set validation; /* n = 0, or rows that poison_data_validate took from train; its memory
                              is train's */
    char source[4100]; /* a folder's or a file's name, or "synthetic" */

    /* What the labels are called: label c is name[c], as it was first given; in order by number, or
     * bytewise. */
    int names;   /* 0: a label is called by its own number, as in IDX files */
    int numbers; /* all names are numbers */
    int columns; /* 0, or how many features have names: name[names + f] is what feature f is called,
                    and name[names + columns] what the column of labels is, or "" */
    char **name; /* (names); one block of memory, which poison_data_free frees */

    double scale, automatic; /* 0, or gamma's two words, of the training rows before wider test rows
                                came */
} poison_data;

/*
 * poison_data_read - the first n training and m test images of a folder with MNIST's four IDX files
 *
 * Each file may be gzipped (train-images-idx3-ubyte or train-images-idx3-ubyte.gz, or with a point
 * before idx). n and m: how many rows; with n_at_most, m_at_most, fewer are taken where there are
 * fewer. Only these are read or inflated. POISON_EDATA names the file and what is wrong with it.
 * The caller frees with poison_data_free.
 */
int poison_data_read(poison_data *data, const char *folder, size_t n, int n_at_most, size_t m,
                     int m_at_most, const poison_settings *settings, poison_error *err);

/*
 * poison_data_draw - digits drawn by code: n training and m test rows, 28 x 28
 *
 * They come from two disjoint, endless streams, and row r of each is always the same. The caller
 * frees with poison_data_free. Cost about 10 us a row, by all threads.
 */
int poison_data_draw(poison_data *data, size_t n, size_t m, const poison_settings *settings,
                     poison_error *err);

void poison_data_free(poison_data *data);

/* ---- models: train, predict ------------------------------------------------------------------ */

typedef struct poison_svm poison_svm;

/*
 * poison_svm_new - a place to train models that share their rows, and so their kernel matrix
 *
 *   svm       the caller frees it with poison_svm_free
 *   data      kept by reference: must outlive the model. data->train.y in 0..255; data->test may be
 *             empty
 *   settings  copied, but for what it points to
 *
 * Resolves gamma, computes the n x n kernel matrix (floats, each the double rounded once), or later
 * only the rows of it that are asked for (above 4000 rows, or where memory does not allow it).
 * POISON_EDATA if kernel values overflow single precision. Cost n^2 d flop and 4 n^2 bytes.
 */
int poison_svm_new(poison_svm **svm, const poison_data *data, const poison_settings *settings,
                   poison_error *err);

/*
 * poison_svm_train - make the model that of `labels` (n), 0..255, or -1: a row that is left out
 *
 * Labels are copied. One machine a pair of occurring labels, trained as LIBSVM does, to the last
 * bit. Machines neither of whose classes changed since the last call are kept, with their decision
 * values. POISON_EDATA for fewer than two classes, or another label. After an error, cancellation
 * too, the model is as new: to be trained again, from the same kernel matrix. Cost: of the order of
 * iterations * l a machine; MNIST's first 2000 images 10 ms, a flip between two classes touches 17
 * of their 45 machines.
 */
int poison_svm_train(poison_svm *svm, const int *labels, poison_error *err);

/*
 * The label of each row, predicted (rows of the set), by votes; a tie goes to the smaller label.
 * `set` is 0 for data->test, or what poison_svm_watch says. Cost: rows times d times support
 * vectors.
 */
int poison_svm_predict(poison_svm *svm, size_t set, int *predicted, poison_error *err);

void poison_svm_free(poison_svm *svm); /* NULL is fine */

/* ---- settings -------------------------------------------------------------------------------- */

/*
 * Instruction sets for our own loops, each including those before it. The results are equal in
 * every bit.
 */
enum {
    POISON_ISA_C,
    POISON_ISA_AVX2,
    POISON_ISA_AVX512,
    POISON_ISA_VNNI,
    POISON_ISA_AMX,
    POISON_ISA_COUNT
};

int poison_isa_best(void);            /* the highest that this CPU has */
const char *poison_isa_name(int isa); /* "c", "avx2", "avx512", "vnni", "amx" */

#define POISON_GAMMA_SCALE 0.0   /* 1 / (d Var(X)), numpy's variance in every bit; 1 if that is 0 */
#define POISON_GAMMA_AUTO (-1.0) /* 1 / d */

#define POISON_LABELS 256 /* labels are 0 .. 255; data may give them other names */

/*
 * k(x, z), as LIBSVM numbers them: x.z; (gamma x.z + coef0)^degree; exp(-gamma |x - z|^2);
 * tanh(gamma x.z + coef0)
 */
enum { POISON_LINEAR, POISON_POLYNOMIAL, POISON_RBF, POISON_SIGMOID, POISON_KERNELS };
/* LIBSVM's words: "linear", "polynomial", "rbf", "sigmoid" */
const char *poison_kernel_name(int kernel);

typedef struct poison_trace poison_trace; /* where the time went; the program's own */

/* How far long work is; or what its user ought to know. */
typedef struct {
    const char *doing, *unit; /* "training", "iterations" */
    double done;              /* units */
    double share;             /* of the work, 0 to 1, estimated; never falls */
    const char *warning; /* NULL; or a sentence without a full stop, of work that goes on: all else
                            is empty then */
} poison_progress;

struct poison_settings {
    double C;         /* > 0 */
    const double *weight; /* NULL, or (POISON_LABELS) what C is multiplied by for the rows of a
                             label; kept by reference */
    int kernel;       /* POISON_RBF, ... */
    double gamma;     /* > 0, in 1 / feature^2, or one of the two above */
    double coef0;     /* of the polynomial and the sigmoid */
    int degree;       /* > 0, of the polynomial */
    double tolerance; /* > 0, of the largest violation of the optimality conditions */
    int shrinking;    /* 0 leaves it out; another path, other bits */
    unsigned whole_kib; /* 0, or the library's own: what `sharers` models share, `memory` each */
    size_t max_iterations; /* of one machine, which then ends where it is; 0: no limit */
    int threads;      /* > 0 */
    int isa;
    int blas_only;    /* OpenBLAS for kernel rows on demand too, where 8-bit features have loops of
                         their own */
    int no_reuse;     /* every training begins anew; for comparison */
    int many_models;  /* of the same rows are to come: their kernel matrix pays for 20000 rows, not
                         for 4000 only */
    int sharers;      /* see whole_kib; both lie in what were gaps */
    size_t memory;    /* bytes for our large buffers; 0: a quarter of the machine's, <= 4 GiB */
    const volatile sig_atomic_t *cancel; /* NULL, or a flag: once it is not 0 calls return
                                            POISON_ECANCEL soon. A signal's handler assigns to it;
                                            another thread does so by
                                            __atomic_store_n(&flag, 1, __ATOMIC_RELAXED) */
    poison_trace *trace;                 /* NULL, or where to add times */
    /* NULL, or called often by the calling thread alone */
    void (*progress)(void *self, const poison_progress *progress);
    void *progress_self;
};

/* The bytes that the settings allow. */
size_t poison_settings_memory(const poison_settings *settings);

/* ---- data: all the ways ---------------------------------------------------------------------- */

/*
 * What a file holds; AUTO: its content says. CSV's fields are separated by semicolons where the
 * first line has no comma.
 */
enum { POISON_READ_AUTO, POISON_READ_LIBSVM, POISON_READ_CSV, POISON_READ_TSV, POISON_READ_IDX };

/* Where data come from, and how much of them is wanted. */
typedef struct {
    const char *path;      /* a file ("-": standard input), a folder, or "synthetic" */
    const char *test_path; /* the same for the test set, or NULL: it is in `path` */
    int format;            /* POISON_READ_AUTO, ... */
    const char *label;     /* of CSV and TSV: "first", "last", "none", a number from 1, a column's
                              name; NULL: see below */
    size_t train, test, validate; /* rows; validate: 0, or how many after the training rows become
                                     the validation set */
    int train_given, test_given;  /* 0: these are a folder's defaults, and mean little elsewhere */
} poison_source;

/*
 * poison_data_load - training, validation and test set from wherever they are
 *
 * A folder and "synthetic" are as above; defaults are taken as "at most". A file is, by its
 * content, LIBSVM's sparse text, CSV, TSV or MNIST's images (IDX; the labels are in the file beside
 * it), each may be gzipped. All its rows are training rows, or the first `train`; the last `test`,
 * if given, are the test set, unless test_path has it: all its rows, or its first `test`; of a
 * folder, its t10k pair. The validation rows follow the training rows. Warnings name labels of
 * validation and test rows out of the same place that no training row has, and those that such rows
 * of a file lack, where that is no chance.
 *
 * CSV and TSV: fields may be quoted. A first line is a header if it names a label column, or if
 * most of its fields are words; so is a comment above the rows, "# a,b,label", of as many fields.
 * The label column is the one called label, class, y or target, else the first, if nothing speaks
 * against it (of a header: decimals, too many values, a last column called like a class); all
 * others are features, but a first one without a name that numbers the rows. Where both files have
 * headers, test columns are those of the same names. LIBSVM: features not named are 0; columns are
 * counted from 1, or from 0 if a 0 occurs; the greatest in the file is the last. Blank lines are
 * skipped, and those that begin with "# ". Features that are all whole numbers from 0 to 255 are x,
 * others v. Training and test set get the same form; where LIBSVM's text is involved they get the
 * same width too, by columns of zeros, and gamma's words keep the values that they have without
 * those.
 *
 * The caller frees with poison_data_free. POISON_EDATA names file and line; POISON_ENOMEM if text
 * and features are more than settings->memory. Cost: about 3 ns a byte of text, by all threads.
 */
int poison_data_load(poison_data *data, const poison_source *source,
                     const poison_settings *settings, poison_error *err);

/*
 * Image `index` of the training (test = 0) or test (1) stream: 28 x 28 pixels and its label 0..9.
 * About 10 us.
 */
void poison_digits_draw(int test, uint64_t index, uint8_t *pixels, uint8_t *label);

/*
 * The last v of the training rows become the validation set. POISON_EDATA, with both options'
 * names, unless `train` rows are left.
 */
int poison_data_validate(poison_data *data, size_t train, size_t v, poison_error *err);

/* The labels that occur in training or test set, to label (POISON_LABELS), ascending; how many. */
int poison_data_labels(const poison_data *data, int *label);

/*
 * The setting's gamma, or what it stands for on the training rows. 0, POISON_ENOMEM or
 * POISON_ECANCEL.
 */
int poison_data_gamma(const poison_data *data, const poison_settings *settings, double *gamma,
                      poison_error *err);

/*
 * Writes both sets as the four IDX files, each whole or not at all; the training labels are
 * `labels` (n), and rows whose label is -1 are left out.
 */
int poison_data_write(const poison_data *data, const int *labels, const char *folder,
                      const poison_settings *settings, poison_error *err);

/*
 * The label that is called so: by its very name, or (where all are numbers) by a number of the same
 * value. -1: none.
 */
int poison_label_find(const poison_data *data, const char *name);

/* What a label is called, cut to fit, for messages: poison_label_name(data, 3).text */
typedef struct {
    char text[68];
} poison_label;
poison_label poison_label_name(const poison_data *data, int label);

/* ---- models: what is inside ------------------------------------------------------------------ */

/* One machine: class i is +1, class j is -1, i < j (labels). Its rows are i's, then j's. */
typedef struct {
    int i, j;
    size_t l;
    size_t sv;          /* alpha > 0 */
    size_t bounded;     /* alpha = C */
    size_t iterations;
    int limited;        /* ended by max_iterations */
    double rho;         /* minus scikit-learn's intercept */
    double objective;
    double seconds;     /* spent solving; the only figure that is not repeatable */
    size_t *sv_row;     /* (sv) training rows, those of i first, ascending in each class */
    double *sv_coef;    /* (sv) y alpha */
} poison_machine;

/*
 * poison_svm_new_beside - another model of the same rows and kernel, at hardly any cost
 *
 * It shares the kernel matrix, so `first` must outlive it. Its other settings (C, weight,
 * tolerance, threads ...) are `settings`, or those of `first` if that is NULL. It may be trained in
 * another thread than `first`, at the same time. Where rows are too many for a matrix it keeps
 * kernel rows of its own.
 */
int poison_svm_new_beside(poison_svm **svm, const poison_svm *first,
                          const poison_settings *settings, poison_error *err);

/*
 * poison_svm_watch - have decision values on other rows, too: `set` gets a number (data->test is 0)
 *
 * The set is kept by reference. The number is for the calls below, and the same if it is asked for
 * again. POISON_ENOMEM.
 */
int poison_svm_watch(poison_svm *svm, const poison_set *set, size_t *number, poison_error *err);

/*
 * poison_svm_decide - decision values of machine p on row r of a set; POISON_ALL: of all, on all
 *
 * Values that are known already are kept. After a call for one row only that row's are to be read,
 * and only until the next call. Each decision value is one sum in one order (class i's support
 * vectors, then class j's, by row), so it depends on neither threads, batches, reuse nor
 * instruction set.
 */
#define POISON_ALL ((size_t)-1)
int poison_svm_decide(poison_svm *svm, size_t set, size_t p, size_t r, poison_error *err);
/* (rows of the set) decision values of machine p, as last computed */
const double *poison_svm_decisions(const poison_svm *svm, size_t set, size_t p);

/* The label of row r of a set, by votes: what poison_svm_predict would say. Negative: an error. */
int poison_svm_predict_row(poison_svm *svm, size_t set, size_t r, poison_error *err);

/* Looking inside. What is pointed to is the model's, and stands until it is trained or freed. */
double poison_svm_gamma(const poison_svm *svm); /* as a number */
const poison_settings *poison_svm_settings(const poison_svm *svm);
/* K; labels ascending */
size_t poison_svm_classes(const poison_svm *svm, const int **labels);
/* P; (0,1) (0,2) ... */
size_t poison_svm_machines(const poison_svm *svm, const poison_machine **machines);
/* The number of the machine of two labels, or -1; *sign: 1 if a is its positive class, else -1. */
ptrdiff_t poison_svm_machine(const poison_svm *svm, int a, int b, double *sign);
/* How many rows support a machine; supports (n): 1 for each of them. */
size_t poison_svm_support(const poison_svm *svm, uint8_t *supports);

/*
 * Rows that support a machine, by class, then by number, and what they weigh: scikit-learn's
 * support_ and dual_coef_.
 */
typedef struct {
    size_t count, others; /* others = K - 1 */
    size_t *row;          /* (count) */
    size_t *of_class;     /* (K) how many are of each class */
    double *coef;         /* (count, others) y alpha in the machines with each other class, in
                             ascending order */
} poison_support;
/* Of the model as trained. The caller frees with poison_support_free. POISON_ENOMEM. */
int poison_svm_coefficients(const poison_svm *svm, poison_support *support, poison_error *err);
void poison_support_free(poison_support *support);

/* ---- model files ----------------------------------------------------------------------------- */

/* A model that stands by itself, as LIBSVM's text format holds it. */
typedef struct {
    poison_data data;         /* train: the support vectors, y their classes; names: the classes, in
                                 the file's order */
    poison_settings settings; /* kernel, degree, coef0, gamma; for the rest those given */
    size_t K, P;
    poison_machine *machine;  /* (P) i, j: classes 0..K-1; sv_row: rows of data.train */
    int strange_names;        /* PATH.labels is there, but not this model's: it was ignored */
} poison_model;

/*
 * poison_model_write - a trained model in LIBSVM's text format, whole or not at all; "-": standard
 * output
 *
 * All numbers reload to the same bits. Labels that are no whole numbers become 0..K-1, and their
 * names go to PATH.labels: a line `crc32 XXXXXXXX` (of the model file), then a line a name, \\ and
 * \xHH for what has no place in one. *nameless: there was no place beside it (a pipe). With whole
 * numbers an earlier PATH.labels is removed. Behind the support vectors, where LIBSVM's programs do
 * not look, stand `# width D` where the vectors do not reach feature D, or where features have
 * names, and these: `# column NAME` each, then `# label NAME`. POISON_EDATA if it cannot be
 * written.
 */
int poison_model_write(const poison_svm *svm, const poison_data *data, const char *path,
                       int *nameless, poison_error *err);

/*
 * poison_model_read - such a file, ours or svm-train's
 *
 * C-SVC or nu-SVC, any of the four kernels, labels in any order.
 * POISON_EDATA names file and line; POISON_ENOMEM if it takes more than settings->memory. Free with
 * poison_model_free.
 */
int poison_model_read(poison_model *model, const char *path, const poison_settings *settings,
                      poison_error *err);

/*
 * poison_model_fit - makes a model and rows to predict agree
 *
 * Both become doubles or neither; zeros stand for the columns in front and behind that only the
 * rows have; of these there may be no fewer than the model's. Both are altered: one thread at a
 * time. POISON_ENOMEM.
 */
int poison_model_fit(poison_model *model, poison_set *rows, poison_error *err);

/*
 * predicted (rows): class 0..K-1 of each row, by votes, ties to the first. value (P, rows):
 * decision values, or NULL. As many rows at a time as settings->memory allows. POISON_EDATA where
 * kernel values, or a row's features squared, overflow double precision.
 */
int poison_model_predict(const poison_model *model, const poison_set *rows, int *predicted,
                         double *value, poison_error *err);
void poison_model_free(poison_model *model);

/* ---- flips ----------------------------------------------------------------------------------- */

enum {
    POISON_FIRST,
    POISON_RANDOM,
    POISON_NEAR,
    POISON_FAR,
    POISON_ALFA,
    POISON_GREEDY,
    POISON_STRATEGIES
};
const char *poison_strategy_name(int strategy); /* "first", ... */
int poison_strategy_parse(const char *name);    /* -1: there is none of this name */

/* Turn `count` of the labels that equal `from` into `to`; the strategy says which. */
typedef struct {
    int from, to;
    size_t count;
    int strategy;
} poison_flip;

/*
 * poison_pair_parse - reads FROM:TO, two labels' names
 *
 * Up to the end, a ':' or a ',', where *end then stands. A name that holds one of these stands in
 * quotes, a quote in it doubled: "a:b":c. With data NULL only the form is checked, and from and to
 * are -1. POISON_EUSAGE if the form is wrong or both are the same word; POISON_EDATA if a label
 * occurs nowhere. Sentences begin with `what` ("--pair 1:2").
 */
int poison_pair_parse(int *from, int *to, const char *text, const char **end,
                      const poison_data *data, const char *what, poison_error *err);

/* "1:2:100" or "1:2:100:near" -> flip, in the same way: FROM:TO:COUNT[:STRATEGY]. */
int poison_flip_parse(poison_flip *flip, const char *text, const poison_data *data,
                      poison_error *err);

/* POISON_EDATA if fewer than count labels are `from`, or a label occurs nowhere in the data. */
int poison_flip_check(const poison_flip *flip, const int *labels, const poison_data *data,
                      poison_error *err);

/*
 * Alters the first `count`, as the lab does, whatever the strategy. Errors as above; labels (n) are
 * then unchanged.
 */
int poison_flip_apply(const poison_flip *flip, int *labels, const poison_data *data,
                      poison_error *err);

/*
 * poison_flips_read - alters labels (n) by a flip file
 *
 * It is a header line, then lines `row from to`, separated by tabs. path "-" is standard input; a
 * file may be gzipped. from and to are names of labels, control characters as tables print them;
 * `to` may be -: the row is left out (-1). A label called - stands in quotes. Lines that begin with
 * "# " are skipped. `from` must be the row's label as it is; a row may be named once. POISON_EDATA
 * names file and line; labels are then in between. POISON_ENOMEM for a file longer than
 * settings->memory, POISON_ECANCEL.
 */
int poison_flips_read(const char *path, int *labels, const poison_data *data,
                      const poison_settings *settings, poison_error *err);

/* ---- attacks --------------------------------------------------------------------------------- */

typedef struct {
    uint64_t seed;   /* of random, and of alfa's restarts */
    size_t restarts; /* of alfa, from random losses */
    size_t beam;     /* greedy tries so many candidates a step; 0: all */
} poison_attack_settings;

/*
 * Somebody who may train models of their own, and sees the validation set. Keeps what attacks can
 * share.
 */
typedef struct poison_attacker poison_attacker;

/*
 * `data` is kept by reference. The first attack that needs a model makes one, beside `victim` if
 * that is not NULL, which must then outlive the attacker.
 */
int poison_attacker_new(poison_attacker **attacker, const poison_data *data,
                        const poison_svm *victim, const poison_settings *settings,
                        const poison_attack_settings *attack, poison_error *err);
void poison_attacker_free(poison_attacker *attacker);

/*
 * poison_attack - chooses which flip.count of the rows labelled flip.from become flip.to
 *
 * row (count) gets them, in the order chosen. labels (n) are those just before the flip, and their
 * model is the clean one. m is the decision value of the (from, to) machine, positive towards
 * `from`; ties go to the lower row.
 *
 *   first    in row order                    random   the smallest keys (seed, stream 1, row)
 *   near     by |m|                          far      by m, greatest first
 *   alfa     Xiao, Xiao & Eckert 2012: by how little the flip costs the current model more than the
 *            clean one; retrained and chosen again until the set repeats, at most 50 times; the
 *            best set by the objective
 *   greedy   one by one, each time the one that raises the objective most, every candidate really
 *            retrained
 *
 * The objective, on the validation set: the share of `from` images that are called `to`; on ties
 * the mean over them of max(0, 1 - m). The first d rows chosen by any strategy but alfa are its
 * choice of d.
 *
 * POISON_EDATA as poison_flip_check, or if there is no machine or no validation image to aim at.
 * Cost: alfa 50 trainings a start, greedy count * candidates.
 */
int poison_attack(poison_attacker *attacker, const int *labels, const poison_flip *flip,
                  size_t *row, poison_error *err);
/* The same, and the flips are made in labels. */
int poison_attack_apply(poison_attacker *attacker, const poison_flip *flip, int *labels,
                        poison_error *err);
/* Whether a strategy needs the validation set; depends on the seed; whether smaller sets are in
 * larger ones. */
int poison_attack_validates(int strategy);
int poison_attack_seeded(int strategy, const poison_attack_settings *attack);
int poison_attack_nested(int strategy);

/* ---- folds ----------------------------------------------------------------------------------- */

/*
 * Stratified folds: fold (n) 0..folds-1, or -1 where the label is -1. Inside each class rows are
 * sorted by key (seed, stream 2, row); fold = (rank + rows in earlier classes) mod folds.
 * POISON_ENOMEM.
 */
int poison_folds(int *fold, const int *labels, size_t n, int folds, uint64_t seed,
                 poison_error *err);

/*
 * poison_cross_predict - what every row is called by a model that was trained without it
 *
 *   cost       (costs) values of C to try
 *   predicted  (costs, n) caller's: for each of them, the label that the model of the other folds
 *              gives each row; -1 for rows that are left out
 *
 * Folds as above; settings->gamma is found once, on all rows. All models share one kernel matrix
 * (up to 20000 rows, where memory allows) and are trained in parallel, one a thread. Where the
 * other folds hold one class, that is what a fold's rows are called, with a warning; another names
 * the classes of one row. POISON_EDATA for fewer rows than folds, and for fewer than two classes.
 */
int poison_cross_predict(int *predicted, const poison_data *data, const int *labels,
                         const double *cost, size_t costs, int folds, uint64_t seed,
                         const poison_settings *settings, poison_error *err);

/* ---- audits ---------------------------------------------------------------------------------- */

enum { POISON_KNN, POISON_MARGIN, POISON_LOO, POISON_SHAPLEY, POISON_CONFIDENT, POISON_AUDITS };
const char *poison_audit_name(int method); /* "knn", ... */
int poison_audit_parse(const char *name, size_t length); /* -1: there is none of this name */
int poison_audit_validates(int method);    /* needs the validation set */
int poison_audit_seeded(int method);

/* Which labels look wrong. */
typedef struct {
    size_t n;        /* training rows */
    double *score;   /* (n) the larger, the more suspicious; NAN: not defined, or the row is left
                        out */
    int *suggested;  /* (n) */
    size_t ranked;   /* rows that are not left out: */
    size_t *order;   /* (ranked) the most suspicious first, ties to the lower row, undefined scores
                        last */
    size_t K;        /* only by `confident`: the estimated joint distribution of given and true
                        labels, in rows */
    int label[POISON_LABELS]; /* (K) */
    size_t *joint;   /* (K, K) [given][guessed]; each row adds up to the rows of its label */
    size_t estimated; /* its sum off the diagonal: how many labels are wrong */
} poison_findings;

/*
 * poison_audit - how suspicious each label of labels (n) is, -1 being rows left out
 *
 *   svm   any model of the data; it is trained anew
 *   seed  of confident's folds
 *
 *   knn        the share of the 10 nearest other rows that have another label; suggests their
 *              majority (Paudice, Munoz-Gonzalez & Lupu 2018)
 *   margin     the largest -y f over the machines of the row's label; suggests the model's
 *              prediction
 *   loo        by how much the validation loss falls when the row is left out: the mean over the
 *              validation images of the mean, over the machines of the image's class, of max(0, 1 -
 *              m); rows that support no machine have effect 0 by the optimality conditions, for
 *              each other one its class's machines are retrained. Suggests the label given by the
 *              model without it. Undefined for the only row of a class
 *   shapley    minus the exact Shapley value of the row for a 10-nearest-neighbour classifier of
 *              the validation images (Jia et al. 2019); suggests as knn
 *   confident  1 - normalised margin of probabilities out of 5 folds, softmax of each class's mean
 *              decision; the joint is confident learning's (Northcutt, Jiang & Chuang 2021).
 *              Suggests the most probable label. Classes of fewer than 5 rows are not judged, with
 *              a warning: their rows are undefined and the joint lacks them
 *
 * Neighbours are by exact squared distance, then by row; a majority's ties go to the smaller label.
 * POISON_EDATA, ENOMEM. The caller frees with poison_findings_free.
 */
int poison_audit(poison_findings *found, poison_svm *svm, const poison_data *data,
                 const int *labels, int method, uint64_t seed, const poison_settings *settings,
                 poison_error *err);
void poison_findings_free(poison_findings *found);

/* How well a ranking finds the rows that were really flipped: NAN where there are none. */
typedef struct {
    size_t flipped;           /* of the ranked rows */
    double precision, recall; /* among the first `flipped` rows, where they are the same; as is
                                 expected if rows of equal scores stand in an order by chance */
    double auc;               /* Mann-Whitney, ties one half, undefined scores the lowest */
    double average_precision; /* equal scores are one step, as in scikit-learn */
} poison_scores;

poison_scores poison_score(const poison_findings *found, const uint8_t *flipped /* (n) 0 or 1 */);

/* What to do with the most suspicious rows: METHOD[:relabel|remove[:COUNT|FRACTION|estimated]] */
typedef struct {
    int method;   /* -1: nothing */
    int removes;  /* else it gives them the suggested label */
    /* ORACLE: nobody said */
    enum { POISON_ORACLE, POISON_COUNT, POISON_FRACTION, POISON_ESTIMATED } how_many;
    size_t count;
    double fraction; /* of the training rows, rounded */
    char name[64];   /* in full: "knn:relabel:oracle" */
} poison_cleaning;

/* POISON_EUSAGE for anything else. */
int poison_cleaning_parse(poison_cleaning *cleaning, const char *text, poison_error *err);
/* Alters labels (n) by the findings on them; `oracle`: how many rows, where nobody said. Of equal
 * scores the lower rows are taken. */
void poison_clean(const poison_cleaning *cleaning, const poison_findings *found, size_t oracle,
                  int *labels);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
