/* SPDX-License-Identifier: MIT */
/*
 * embed - poison as a library: a tour of poison.h, and a test of what it promises to a program
 * around it
 *
 *   cc embed.c $(pkg-config --cflags --libs poison) -lpthread && ./a.out [FOLDER_OF_MNIST]
 *
 * Ten steps or so, from reading data to models in threads of their own. Nothing is printed, unless
 * something is wrong.
 */
#define _GNU_SOURCE
#include <poison.h>

#include <locale.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int wrong; /* how many promises were broken */

#define MUST(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "embed.c:%d: %s does not hold\n", __LINE__, #condition); \
            __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED); \
        } \
    } while (0)

/* A call that has to succeed; a program of yours would go on in some other way. */
static poison_error err;
#define DO(call) \
    do { \
        if ((call) < 0) { \
            fprintf(stderr, "embed.c:%d: %s: %s\n", __LINE__, #call, err.text); \
            exit(1); \
        } \
    } while (0)

/* ---- what two models have in common ---------------------------------------------------------- */

/* All of it, in every bit: machines, support vectors, coefficients, offsets. `seconds` is the one
 * thing that may differ. */
static int same_models(const poison_svm *a, const poison_svm *b)
{
    const poison_machine *p, *q;
    size_t P = poison_svm_machines(a, &p);
    if (poison_svm_machines(b, &q) != P)
        return 0;
    for (size_t k = 0; k < P; k++)
        if (p[k].i != q[k].i || p[k].j != q[k].j || p[k].l != q[k].l || p[k].sv != q[k].sv
            || p[k].bounded != q[k].bounded || p[k].iterations != q[k].iterations
            || memcmp(&p[k].rho, &q[k].rho, sizeof(double)) != 0
            || memcmp(&p[k].objective, &q[k].objective, sizeof(double)) != 0
            || memcmp(p[k].sv_row, q[k].sv_row, p[k].sv * sizeof(size_t)) != 0
            || memcmp(p[k].sv_coef, q[k].sv_coef, p[k].sv * sizeof(double)) != 0)
            return 0;
    return 1;
}

/* ---- a training that somebody else ends ------------------------------------------------------ */

static volatile sig_atomic_t enough;

static void *say_enough(void *milliseconds)
{
    usleep(1000 * (useconds_t)(intptr_t)milliseconds);
    __atomic_store_n(&enough, 1, __ATOMIC_RELAXED); /* in a signal's handler: enough = 1; */
    return NULL;
}

/*
 * Trains until the other thread raises the flag. A training of these data takes a moment only, so
 * it is done again and again: whenever the flag comes, it comes during one of them, or just before.
 */
static void cancel(const poison_data *data, poison_settings settings, const poison_svm *expected)
{
    pthread_t other;
    poison_svm *svm;
    int status = 0, rounds = 0;
    settings.cancel = &enough;
    settings.no_reuse = 1; /* else the second training would have nothing to do */
    DO(poison_svm_new(&svm, data, &settings, &err));
    MUST(pthread_create(&other, NULL, say_enough, (void *)(intptr_t)20) == 0);
    while (status == 0 && rounds++ < 1000000)
        status = poison_svm_train(svm, data->train.y, &err);
    MUST(pthread_join(other, NULL) == 0);
    MUST(status == POISON_ECANCEL);
    MUST(strcmp(err.text, "interrupted") == 0);

    enough = 0; /* the same model serves again, as if nothing had been */
    DO(poison_svm_train(svm, data->train.y, &err));
    MUST(same_models(svm, expected));
    poison_svm_free(svm);

    enough = 1; /* what is cancelled from the start makes nothing */
    poison_data none;
    MUST(poison_data_draw(&none, 100, 10, &settings, NULL) == POISON_ECANCEL);
    MUST(none.train.n == 0 && none.train.x == NULL);
    enough = 0;
}

/* ---- models in threads ----------------------------------------------------------------------- */

/* A thread's own model, of data that all of them share and nobody writes to. */
struct worker {
    pthread_t thread;
    const poison_data *data;
    const poison_svm *beside; /* NULL, or a model whose kernel matrix is shared, too */
    poison_settings settings;
    int *labels; /* (n) */
    poison_svm *svm;
    int *predicted; /* (m) */
    int status;
    poison_error err;
};

static void *work(void *self)
{
    struct worker *w = self;
    w->status = w->beside ? poison_svm_new_beside(&w->svm, w->beside, &w->settings, &w->err)
                          : poison_svm_new(&w->svm, w->data, &w->settings, &w->err);
    /* clean, poisoned, clean again, poisoned again: reuse */
    for (int round = 0; round < 3 && w->status == 0; round++) {
        w->status = poison_svm_train(w->svm, w->data->train.y, &w->err);
        if (w->status == 0)
            w->status = poison_svm_train(w->svm, w->labels, &w->err);
    }
    if (w->status == 0)
        w->status = poison_svm_predict(w->svm, 0, w->predicted, &w->err);
    return NULL;
}

enum { WORKERS = 4 };

/* Models in threads of their own, at once: each is what it is alone, in every bit. */
static void work_together(const poison_data *data, const poison_settings *settings,
                          const poison_svm *beside)
{
    struct worker together[WORKERS], alone[WORKERS];
    for (int k = 0; k < WORKERS; k++) {
        struct worker *w = &together[k];
        *w = (struct worker){.data = data, .beside = beside, .settings = *settings};
        w->settings.threads = 1 + k % 2; /* OpenMP's threads of each model are its own */
        w->settings.C = 1 << k;
        w->labels = malloc(data->train.n * sizeof *w->labels);
        w->predicted = malloc(data->test.n * sizeof *w->predicted);
        memcpy(w->labels, data->train.y, data->train.n * sizeof *w->labels);
        DO(poison_flip_apply(&(poison_flip){.from = 1, .to = 2 + k, .count = 5}, w->labels, data,
                             &err));
        alone[k] = *w;
        alone[k].predicted = malloc(data->test.n * sizeof *w->predicted);
    }
    for (int k = 0; k < WORKERS; k++)
        MUST(pthread_create(&together[k].thread, NULL, work, &together[k]) == 0);
    for (int k = 0; k < WORKERS; k++)
        MUST(pthread_join(together[k].thread, NULL) == 0);
    for (int k = 0; k < WORKERS; k++) {
        work(&alone[k]);
        MUST(together[k].status == 0 && alone[k].status == 0);
        MUST(same_models(together[k].svm, alone[k].svm));
        MUST(memcmp(together[k].predicted, alone[k].predicted, data->test.n * sizeof(int)) == 0);
        poison_svm_free(together[k].svm);
        poison_svm_free(alone[k].svm);
        free(together[k].predicted);
        free(alone[k].predicted);
        free(together[k].labels);
    }
}

/* ---- the process around it ------------------------------------------------------------------- */

/* What a library must leave alone. */
struct surroundings {
    struct sigaction action[65];
    sigset_t blocked;
    mode_t mask;
    int threads; /* of OpenMP's next region */
    locale_t locale;
};

static void look_around(struct surroundings *s)
{
    memset(s, 0, sizeof *s);
    for (int k = 1; k < 65; k++)
        sigaction(k, NULL, &s->action[k]);
    pthread_sigmask(SIG_SETMASK, NULL, &s->blocked);
    s->mask = umask(027);
    umask(s->mask);
    s->threads = omp_get_max_threads();
    s->locale = uselocale(NULL);
}

static int same_surroundings(const struct surroundings *a, const struct surroundings *b)
{
    for (int k = 1; k < 65; k++)
        if (a->action[k].sa_handler != b->action[k].sa_handler
            || a->action[k].sa_flags != b->action[k].sa_flags)
            return 0;
    return memcmp(&a->blocked, &b->blocked, sizeof a->blocked) == 0 && a->mask == b->mask &&
           a->threads == b->threads && a->locale == b->locale;
}

/* The whole tour: each step must hold, and nothing may be printed. */
int main(int argc, char **argv)
{
    struct surroundings before, after;
    setlocale(LC_ALL, ""); /* as programs with windows do: 0.5 may be 0,5 from here on */
    look_around(&before);

    /* 1. Settings: change what you like. Here few threads, to leave some for others. */
    poison_settings settings = poison_settings_default();
    settings.threads = 2;

    /* 2. Data: a folder, a file, or digits drawn by code. */
    poison_source source = {.path = argc > 1 ? argv[1] : "synthetic", .train = 400, .test = 100};
    poison_data data;
    DO(poison_data_load(&data, &source, &settings, &err));
    MUST(data.train.n == 400 && data.test.n == 100 && data.train.d == 784);
    int *labels = malloc(data.train.n * sizeof *labels),
        *predicted = malloc(data.test.n * sizeof *predicted);

    /* 3. A model, trained and asked. */
    poison_svm *svm, *fresh;
    DO(poison_svm_new(&svm, &data, &settings, &err));
    DO(poison_svm_train(svm, data.train.y, &err));
    DO(poison_svm_predict(svm, 0, predicted, &err));
    size_t right = 0;
    for (size_t r = 0; r < data.test.n; r++)
        right += predicted[r] == data.test.y[r];
    MUST(right > 60);

    /* 4. Ten of the 1's become 2's. Training again computes only what that touches: 17 of 45
     * machines. */
    memcpy(labels, data.train.y, data.train.n * sizeof *labels);
    DO(poison_flip_apply(&(poison_flip){.from = 1, .to = 2, .count = 10}, labels, &data, &err));
    DO(poison_svm_train(svm, labels, &err));

    /* 5. The result is that of a model that never saw other labels, bit for bit. */
    DO(poison_svm_new(&fresh, &data, &settings, &err));
    DO(poison_svm_train(fresh, labels, &err));
    MUST(same_models(svm, fresh));
    int *again = malloc(data.test.n * sizeof *again);
    DO(poison_svm_predict(svm, 0, predicted, &err));
    DO(poison_svm_predict(fresh, 0, again, &err));
    MUST(memcmp(predicted, again, data.test.n * sizeof *again) == 0);

    /* 6. Errors are a code and a sentence; the model is then to be trained again. */
    memset(labels, 0, data.train.n * sizeof *labels); /* one class */
    MUST(poison_svm_train(svm, labels, &err) == POISON_EDATA
         && strstr(err.text, "at least two classes"));
    DO(poison_svm_train(svm, data.train.y, &err));
    DO(poison_svm_train(fresh, data.train.y, &err));
    MUST(same_models(svm, fresh));

    /* 7. A file that LIBSVM reads, too; and back. */
    char path[] = "/tmp/poison-embed.XXXXXX";
    int fd = mkstemp(path), nameless;
    poison_model model;
    MUST(fd >= 0 && close(fd) == 0);
    DO(poison_model_write(svm, &data, path, &nameless, &err));
    DO(poison_model_read(&model, path, &settings, &err));
    MUST(model.K == 10 && model.P == 45 && model.settings.gamma == poison_svm_gamma(svm));
    poison_model_free(&model);
    unlink(path);

    /* 8. Which labels look wrong? */
    poison_findings found;
    DO(poison_audit(&found, fresh, &data, data.train.y, POISON_KNN, 0, &settings, &err));
    MUST(found.ranked == data.train.n);
    poison_findings_free(&found);
    poison_svm_free(fresh);

    /* 9. Long work that ends because another thread says so. */
    cancel(&data, settings, svm);

    /* 10. Models in threads of their own, of the same data; then of the same kernel matrix, too;
     * then without any. */
    work_together(&data, &settings, NULL);
    work_together(&data, &settings, svm);
    settings.memory = 1 << 20; /* too little for the matrix: kernel rows on demand */
    settings.memory += data.train.n * data.train.n * sizeof(float) / 2;
    work_together(&data, &settings, NULL);

    poison_svm_free(svm);
    poison_data_free(&data);
    free(labels);
    free(predicted);
    free(again);
    look_around(&after);
    MUST(same_surroundings(&before, &after));
    return wrong > 0;
}
