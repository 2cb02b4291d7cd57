/* SPDX-License-Identifier: MIT */
/*
 * poison.h - the library under poison: support vector machines whose training labels may be changed cheaply
 *
 * The alphabet, used everywhere:
 *
 *   n  training rows      m  test rows         d  features of a row
 *   K  classes            P  machines, K (K - 1) / 2, one for each pair of classes
 *   l  rows of one machine's subproblem (those of its two classes)
 *   C, gamma, alpha, rho as in the literature (Chang & Lin 2011):
 *
 *        min over alpha   1/2 sum_ij alpha_i alpha_j y_i y_j k(x_i, x_j) - sum_i alpha_i
 *        subject to       0 <= alpha_i <= C,  sum_i y_i alpha_i = 0,  k(x, z) = exp(-gamma |x - z|^2)
 *        decision         f(x) = sum_i y_i alpha_i k(x_i, x) - rho
 *
 * The simple way through: poison_data_read, poison_svm_new, poison_svm_train, poison_svm_predict. To ask for the model
 * of other labels, call poison_svm_train again: only what the change touches is computed.
 *
 * Nothing here prints, exits or owns a signal. Functions that can fail return 0, or one of the negative codes with a
 * sentence in *err; what they would have made is then released and must not be used.
 */
#ifndef POISON_H
#define POISON_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#define POISON_VERSION "0.1.0"

/* ---- errors ---------------------------------------------------------------------------------------------------- */

/* Minus the exit code that the program answers with. */
enum { POISON_EUSAGE = -2, POISON_EDATA = -3, POISON_ENOMEM = -4, POISON_ECANCEL = -5 };

typedef struct {
    char text[5120]; /* one sentence, without a full stop or a newline: what, where, and what to do */
} poison_error;

/* ---- settings -------------------------------------------------------------------------------------------------- */

/* Instruction sets for our own loops, each including those before it. The results are equal in every bit. */
enum { POISON_ISA_C, POISON_ISA_AVX2, POISON_ISA_AVX512, POISON_ISA_VNNI, POISON_ISA_AMX, POISON_ISA_COUNT };

int poison_isa_best(void);              /* the highest that this CPU has */
const char *poison_isa_name(int isa);   /* "c", "avx2", "avx512", "vnni", "amx" */

#define POISON_GAMMA_SCALE 0.0  /* 1 / (d Var(X)), numpy's variance in every bit; 1 if the variance is 0 */
#define POISON_GAMMA_AUTO (-1.0) /* 1 / d */

typedef struct poison_trace poison_trace; /* where the time went; src/trace.h */

/* How far long work is. */
typedef struct {
    const char *doing, *unit; /* "training", "iterations" */
    double done;              /* units */
    double share;             /* of the work, 0 to 1, estimated; never falls */
} poison_progress;

typedef struct {
    double C;         /* > 0 */
    double gamma;     /* > 0, in 1 / feature^2, or one of the two above */
    double tolerance; /* > 0, of the largest violation of the optimality conditions */
    int shrinking;    /* 0 leaves it out; another path, other bits */
    int threads;      /* > 0 */
    int isa;
    int blas_only;    /* OpenBLAS for kernel rows on demand too, where 8-bit features have loops of their own */
    int no_reuse;     /* every training begins anew; for comparison */
    size_t memory;    /* bytes for our large buffers; 0: a quarter of the machine's, at most 4 GiB */
    const volatile sig_atomic_t *cancel; /* NULL, or a flag: once it is not 0 calls return POISON_ECANCEL soon */
    poison_trace *trace;                 /* NULL, or where to add times */
    void (*progress)(void *self, const poison_progress *progress); /* NULL, or called often by the calling thread */
    void *progress_self;
} poison_settings;

/* C = 1, gamma = scale, tolerance 1e-3, shrinking, all of OpenMP's threads, the best instruction set. */
poison_settings poison_settings_default(void);

/* ---- data ------------------------------------------------------------------------------------------------------ */

/* Labelled images (or other rows of features), in the file's order. */
typedef struct {
    size_t n;
    int d, height, width; /* d = height width */
    uint8_t *x;           /* (n, d) */
    double *v;            /* (n, d) instead of x, where features are not 8-bit integers; else NULL */
    int *y;               /* (n) labels, 0..255 */
} poison_set;

typedef struct {
    poison_set train, test;
    char source[4100]; /* a folder's name or "synthetic" */
} poison_data;

/*
 * poison_data_read - the first n training and m test images of a folder that holds MNIST's four IDX files
 *
 * Each file may be gzipped (train-images-idx3-ubyte or train-images-idx3-ubyte.gz, or with a point before idx).
 * n and m: how many rows; with n_at_most, m_at_most, fewer are taken where there are fewer. Only these are read or
 * inflated. POISON_EDATA names the file and what is wrong with it. The caller frees with poison_data_free.
 */
int poison_data_read(poison_data *data, const char *folder, size_t n, int n_at_most, size_t m, int m_at_most,
                     const poison_settings *settings, poison_error *err);

/* The same from digits drawn by code: n training and m test rows of two disjoint, endless streams. */
int poison_data_draw(poison_data *data, size_t n, size_t m, const poison_settings *settings, poison_error *err);

/* Image `index` of the training (test = 0) or test (1) stream: 28 x 28 pixels and its label 0..9. About 10 us. */
void poison_digits_draw(int test, uint64_t index, uint8_t *pixels, uint8_t *label);

/* The setting's gamma, or what it stands for on the training rows. 0 or POISON_ENOMEM. */
int poison_data_gamma(const poison_data *data, const poison_settings *settings, double *gamma, poison_error *err);

/* Writes both sets as the four IDX files, each whole or not at all; the training labels are `labels` (n). */
int poison_data_write(const poison_data *data, const int *labels, const char *folder, const poison_settings *settings,
                      poison_error *err);

void poison_data_free(poison_data *data);

/* ---- flips ----------------------------------------------------------------------------------------------------- */

/* Turn the first `count` labels that equal `from`, in row order, into `to`. */
typedef struct {
    int from, to;
    size_t count;
} poison_flip;

/* "1:2:100" -> flip. POISON_EUSAGE if it is not FROM:TO:COUNT with two different labels in 0..255. */
int poison_flip_parse(poison_flip *flip, const char *text, poison_error *err);

/*
 * poison_flip_apply - alter labels (n) in place; `set` holds them as they were given, for what may be flipped at all
 *
 * POISON_EDATA, and labels unchanged, if fewer than count labels are `from`, or a label occurs nowhere in the data.
 */
int poison_flip_apply(const poison_flip *flip, int *labels, const poison_data *data, poison_error *err);

/* ---- support vector machines ----------------------------------------------------------------------------------- */

/* One machine: class i is +1, class j is -1, i < j (labels). Its rows are those of i, then those of j. */
typedef struct {
    int i, j;
    size_t l;
    size_t sv;          /* alpha > 0 */
    size_t bounded;     /* alpha = C */
    size_t iterations;
    double rho;         /* minus scikit-learn's intercept */
    double objective;
    double seconds;     /* spent solving; the only figure that is not repeatable */
    size_t *sv_row;     /* (sv) training rows, those of i first, ascending in each class */
    double *sv_coef;    /* (sv) y alpha */
} poison_machine;

typedef struct poison_svm poison_svm;

/*
 * poison_svm_new - a place to train models that share their rows, and so their kernel matrix
 *
 *   data      kept by reference: must outlive the model. data->test may be empty if nothing is predicted
 *
 * Resolves gamma, computes the n x n kernel matrix (floats, each equal to (float)exp() of the exact distance) through
 * OpenBLAS. POISON_ENOMEM says how much would be needed. Cost n^2 d flop. Not from inside a parallel region.
 */
int poison_svm_new(poison_svm **svm, const poison_data *data, const poison_settings *settings, poison_error *err);

/*
 * poison_svm_train - make the model that of `labels` (n), values 0..255, or -1 for a row that is left out
 *
 * One machine a pair of occurring labels, trained as LIBSVM does, to the last bit. Machines neither of whose classes
 * changed since the last call are kept, with their decision values. POISON_EDATA for fewer than two classes.
 */
int poison_svm_train(poison_svm *svm, const int *labels, poison_error *err);

/*
 * poison_svm_predict - the predicted label of each test row, predicted (m), by votes; a tie goes to the smaller label
 *
 * Each decision value is one sum in one order (class i's support vectors, then class j's, by row), so it depends on
 * neither threads, batches, reuse nor instruction set.
 */
int poison_svm_predict(poison_svm *svm, int *predicted, poison_error *err);

double poison_svm_gamma(const poison_svm *svm);
size_t poison_svm_classes(const poison_svm *svm, const int **labels);                 /* K; labels ascending */
size_t poison_svm_machines(const poison_svm *svm, const poison_machine **machines);   /* P; (0,1) (0,2) ... */

/* (m) decision values of machine p, as computed by the last poison_svm_predict */
const double *poison_svm_decisions(const poison_svm *svm, size_t p);

void poison_svm_free(poison_svm *svm);

#endif
