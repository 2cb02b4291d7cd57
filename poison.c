/* SPDX-License-Identifier: MIT */
/*
 * poison - what happens to a classifier when somebody alters its training labels?
 *
 * The experiment, from top to bottom: find the data, alter labels, train, predict, count, print.
 */
#define _GNU_SOURCE
#include "poison.h"

#include "src/args.h"
#include "src/base.h"
#include "src/explain.h"
#include "src/file.h"
#include "src/peak.h"
#include "src/plot.h"
#include "src/progress.h"
#include "src/source.h"
#include "src/table.h"
#include "src/trace.h"

#include <cblas.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define LABELS 256
#define SUBPROBLEMS "i\tj\tsamples\titerations\tsv\tbounded\tintercept\tobjective"

/* ---- the laboratory: data, labels, model, predictions ---------------------------------------------------------- */

struct laboratory {
    const struct args *args;
    struct file file; /* where the table goes */
    poison_data data;
    int fallback;
    int *labels;    /* (n) after the flips */
    poison_svm *svm;
    poison_attacker *attacker; /* for flips that look before they leap */
    int *predicted; /* (m) */
    int *truth;     /* (n) the labels by --truth, which audits are scored against */
    int label[LABELS]; /* every label of the clean training or the test set, ascending */
    int label_count;
    int from, to; /* --pair */
    struct sweep sweep;
};

/* The labels as they were given. */
static void clean(struct laboratory *lab)
{
    memcpy(lab->labels, lab->data.train.y, lab->data.train.n * sizeof *lab->labels);
}

/* --flip: alters the labels as they now are. */
static int flip(struct laboratory *lab, const char *words, poison_error *err)
{
    poison_flip asked, *flip = &asked;
    int status = poison_flip_parse(flip, words, &lab->data, err);
    if (status < 0)
        return status;
    if (flip->strategy == POISON_FIRST)
        return poison_flip_apply(flip, lab->labels, &lab->data, err);
    status = lab->attacker ? 0 : poison_attacker_new(&lab->attacker, &lab->data, NULL, &lab->args->settings,
                                                     &lab->args->sweep.attack, err);
    return status < 0 ? status : poison_attack_apply(lab->attacker, flip, lab->labels, err);
}

/* The words that name labels, now that these are known. */
static int resolve_words(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    const char *end;
    int status = 0;
    poison_flip none;
    lab->sweep = a->sweep;
    for (size_t k = 0; k < a->changes; k++)
        if (a->change[k].flip)
            TRY(poison_flip_parse(&none, a->change[k].flip, &lab->data, err));
    if (strcmp(a->command->name, "lab") == 0)
        TRY(poison_pair_parse(&lab->from, &lab->to, a->pair, &end, &lab->data, "--pair", err));
    if (strcmp(a->command->name, "sweep") == 0)
        TRY(sweep_pairs(&lab->sweep, a->pairs, &lab->data, err));
done:
    return status;
}

/* What can be refused is refused before a strategy trains its models. Opens the output. */
static int refuse_early(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    int status = 0;
    TRY(resolve_words(lab, err));
    if (a->truth) { /* against the labels as they were given */
        memcpy(lab->truth, lab->data.train.y, lab->data.train.n * sizeof *lab->truth);
        TRY(poison_flips_read(a->truth, lab->truth, &lab->data, err));
    }
    if (a->command->needs == NEEDS_LABELS)
        TRY(sweep_check_output(a->output, a->resume, err));
    else
        TRY(file_open(&lab->file, a->output, err));
done:
    return status;
}

/* Loads the data, applies the flips, opens the output: what can be refused is refused before the work begins. */
static int open_laboratory(struct laboratory *lab, const struct args *a, poison_error *err)
{
    int status;
    *lab = (struct laboratory){.args = a};
    TRY(source_load(&lab->data, a, &lab->fallback, err));
    lab->label_count = poison_data_labels(&lab->data, lab->label);
    lab->labels = poison_take(lab->data.train.n, sizeof *lab->labels);
    lab->predicted = poison_take(lab->data.test.n, sizeof *lab->predicted);
    lab->truth = poison_take(lab->data.train.n, sizeof *lab->truth);
    if (!lab->labels || !lab->predicted || !lab->truth)
        TRY(poison_fail_memory(err, lab->data.train.n + lab->data.test.n, sizeof *lab->labels, "the labels"));
    clean(lab);
    if (a->image >= lab->data.test.n)
        TRY(poison_fail(err, POISON_EDATA, "--row %zu: there are only %zu test images, from row 0", a->image, lab->data.test.n));
    TRY(refuse_early(lab, err));
    for (size_t k = 0; k < a->changes; k++)
        if (a->change[k].file)
            TRY(poison_flips_read(a->change[k].file, lab->labels, &lab->data, err));
        else
            TRY(flip(lab, a->change[k].flip, err));
    poison_attacker_free(lab->attacker); /* its memory is the victim's now */
    lab->attacker = NULL;
    if (a->rows > lab->data.test.n && a->rows_given && strcmp(a->command->name, "predictions") == 0)
        TRY(poison_fail(err, POISON_EDATA, "-n %zu: there are only %zu test images", a->rows, lab->data.test.n));
done:
    return status;
}

static void free_laboratory(struct laboratory *lab)
{
    poison_svm_free(lab->svm);
    poison_attacker_free(lab->attacker);
    poison_data_free(&lab->data);
    free(lab->labels);
    free(lab->predicted);
    free(lab->truth);
    free(lab->sweep.pair);
}

/* The model of the labels as they now are. What did not change since the last call is kept. */
static int train(struct laboratory *lab, poison_error *err)
{
    int status = 0;
    if (!lab->svm)
        TRY(poison_svm_new(&lab->svm, &lab->data, &lab->args->settings, err));
    TRY(poison_svm_train(lab->svm, lab->labels, err));
done:
    return status;
}

static int train_and_predict(struct laboratory *lab, poison_error *err)
{
    int status = train(lab, err);
    return status < 0 ? status : poison_svm_predict(lab->svm, 0, lab->predicted, err);
}

/* ---- the tables ------------------------------------------------------------------------------------------------ */

static int print_predictions(struct laboratory *lab, poison_error *err)
{
    (void)err;
    size_t rows = lab->args->rows < lab->data.test.n ? lab->args->rows : lab->data.test.n;
    struct table t;
    table_begin(&t, lab->file.out, "Correct\tPredicted");
    for (size_t r = 0; r < rows; r++) {
        table_label(&t, lab->data.test.y[r]);
        table_label(&t, lab->predicted[r]);
    }
    return 0;
}

/*
 * How often each digit was predicted rightly and wrongly. As in the lab, both counts stand under the *predicted* digit:
 * "12 incorrect 2's" are images of something else that were called 2. `by_true` counts 2's that were missed instead.
 */
static void print_score(struct laboratory *lab, int by_true, size_t incorrect[LABELS])
{
    size_t correct[LABELS] = {0};
    struct table t;
    memset(incorrect, 0, LABELS * sizeof *incorrect);
    for (size_t r = 0; r < lab->data.test.n; r++) {
        int truth = lab->data.test.y[r], predicted = lab->predicted[r];
        (truth == predicted ? correct : incorrect)[by_true ? truth : predicted]++;
    }
    table_begin(&t, lab->file.out, "Value\tCorrect\tIncorrect");
    for (int k = 0; k < lab->label_count; k++) {
        table_label(&t, lab->label[k]);
        table_count(&t, correct[lab->label[k]]);
        table_count(&t, incorrect[lab->label[k]]);
    }
}

static void print_counts(struct laboratory *lab, const char *header, const int *left, size_t lefts, const int *right,
                         size_t rights)
{
    size_t count[2][LABELS] = {{0}};
    struct table t;
    for (size_t r = 0; r < lefts; r++)
        count[0][left[r]]++;
    for (size_t r = 0; r < rights; r++)
        if (right[r] >= 0) /* else the row is removed */
            count[1][right[r]]++;
    table_begin(&t, lab->file.out, header);
    for (int k = 0; k < lab->label_count; k++) {
        table_label(&t, lab->label[k]);
        table_count(&t, count[0][lab->label[k]]);
        table_count(&t, count[1][lab->label[k]]);
    }
}

/* What there is to train and to test with, or what the flips did. */
static void print_digits(struct laboratory *lab, int flipped)
{
    const poison_set *train = &lab->data.train, *test = &lab->data.test;
    if (flipped)
        print_counts(lab, "Correct\tBefore\tAfter", train->y, train->n, lab->labels, train->n);
    else
        print_counts(lab, "Correct\tTrain\tTest", train->y, train->n, test->y, test->n);
}

static int print_confusion(struct laboratory *lab, poison_error *err)
{
    (void)err;
    static size_t count[LABELS][LABELS];
    memset(count, 0, sizeof count);
    for (size_t r = 0; r < lab->data.test.n; r++)
        count[lab->data.test.y[r]][lab->predicted[r]]++;
    char header[LABELS * 4 + 8] = "true", *end = header + 4;
    for (int k = 0; k < lab->label_count; k++)
        end += sprintf(end, "\t%d", lab->label[k]);
    struct table t;
    table_begin(&t, lab->file.out, header);
    for (int k = 0; k < lab->label_count; k++) {
        table_label(&t, lab->label[k]);
        for (int p = 0; p < lab->label_count; p++)
            table_count(&t, count[lab->label[k]][lab->label[p]]);
    }
    return 0;
}

static int print_subproblems(struct laboratory *lab, poison_error *err)
{
    int seconds = lab->args->timing;
    (void)err;
    const poison_machine *machine;
    size_t P = poison_svm_machines(lab->svm, &machine);
    struct table t;
    table_begin(&t, lab->file.out, seconds ? SUBPROBLEMS "\tseconds" : SUBPROBLEMS);
    for (size_t p = 0; p < P; p++) {
        const poison_machine *k = &machine[p];
        table_label(&t, k->i);
        table_label(&t, k->j);
        table_count(&t, k->l);
        table_count(&t, k->iterations);
        table_count(&t, k->sv);
        table_count(&t, k->bounded);
        table_exact(&t, k->rho != 0 ? -k->rho : 0); /* scikit-learn has no -0 here */
        table_exact(&t, k->objective);
        if (seconds)
            table_number(&t, k->seconds);
    }
    return 0;
}

/* scikit-learn's support_ and dual_coef_: support rows by class, then row; a column for each other class */
static int print_support(struct laboratory *lab, poison_error *err)
{
    const poison_machine *machine;
    const int *class_label;
    size_t K = poison_svm_classes(lab->svm, &class_label), n = lab->data.train.n, p = 0, of_label[LABELS] = {0};
    poison_svm_machines(lab->svm, &machine);
    double *coef = poison_take(n, (K - 1) * sizeof *coef);
    uint8_t *supports = poison_take(n, 1);
    char *header = poison_take(K, 24), *end = header;
    int status = coef && supports && header ? 0 : poison_fail_memory(err, n, (K - 1) * sizeof *coef, "the coefficients");
    if (status < 0)
        goto done;
    for (size_t c = 0; c < K; c++)
        of_label[class_label[c]] = c;
    for (size_t r = 0; r < n; r++) /* what no machine sets is 0 * y: -0 where the row's class is the second */
        for (size_t c = 0; c + 1 < K; c++)
            coef[r * (K - 1) + c] = lab->labels[r] >= 0 && c < of_label[lab->labels[r]] ? -0.0 : 0.0;
    for (size_t a = 0; a < K; a++)
        for (size_t b = a + 1; b < K; b++, p++)
            for (size_t s = 0; s < machine[p].sv; s++) {
                size_t r = machine[p].sv_row[s];
                coef[r * (K - 1) + (lab->labels[r] == machine[p].i ? b - 1 : a)] = machine[p].sv_coef[s];
                supports[r] = 1;
            }
    end += sprintf(end, "row\tlabel");
    for (size_t c = 0; c + 1 < K; c++)
        end += sprintf(end, "\tcoef%zu", c);
    struct table t;
    table_begin(&t, lab->file.out, header);
    for (size_t c = 0; c < K; c++)
        for (size_t r = 0; r < n; r++)
            if (supports[r] && lab->labels[r] == class_label[c]) {
                table_count(&t, r);
                table_label(&t, lab->labels[r]);
                for (size_t k = 0; k + 1 < K; k++)
                    table_exact(&t, coef[r * (K - 1) + k]);
            }
done:
    free(coef);
    free(supports);
    free(header);
    return status;
}

/* ---- the commands ---------------------------------------------------------------------------------------------- */

static int run_score(struct laboratory *lab, poison_error *err)
{
    (void)err;
    print_score(lab, lab->args->by_true, (size_t[LABELS]){0});
    return 0;
}

static int run_counts(struct laboratory *lab, poison_error *err)
{
    (void)err;
    print_digits(lab, lab->args->changes > 0);
    return 0;
}

/* The digits' credit, where the first training image is MNIST's. */
static const char *credit(const struct laboratory *lab)
{
    if (strcmp(lab->data.source, "synthetic") == 0)
        return "drawn by poison";
    if (lab->data.train.d == 784 && poison_crc32(0, lab->data.train.x, 784) == 0x90A92752)
        return "MNIST, by Y. LeCun, C. Cortes and C. J. C. Burges";
    return "NA";
}

static void pixel_range(const poison_set *set, int *least, int *most)
{
    *least = 255, *most = 0;
    for (size_t i = 0; i < set->n * (size_t)set->d; i++) {
        *least = set->x[i] < *least ? set->x[i] : *least;
        *most = set->x[i] > *most ? set->x[i] : *most;
    }
}

static int run_data(struct laboratory *lab, poison_error *err)
{
    const poison_data *data = &lab->data;
    struct table t;
    char text[LABELS * 4], *end = text;
    double gamma;
    uint8_t occurs[LABELS] = {0};
    int least, most, status = poison_data_gamma(data, &lab->args->settings, &gamma, err);
    if (status == 0 && lab->args->export_to)
        status = poison_data_write(data, lab->labels, lab->args->export_to, &lab->args->settings, err);
    if (status < 0)
        return status;
    pixel_range(&data->train, &least, &most);
    if (poison_cancelled(&lab->args->settings))
        return poison_fail_cancelled(err);
    for (size_t r = 0; r < data->train.n; r++)
        if (lab->labels[r] >= 0)
            occurs[lab->labels[r]] = 1;
    for (int v = 0; v < LABELS; v++)
        if (occurs[v])
            end += sprintf(end, "%s%d", end > text ? " " : "", v);
    table_begin(&t, lab->file.out, "key\tvalue");
#define ROW(key, print, value) (table_text(&t, key), print(&t, value))
    ROW("source", table_text, data->source);
    ROW("credit", table_text, credit(lab));
    ROW("train_rows", table_count, data->train.n);
    ROW("test_rows", table_count, data->test.n);
    ROW("height", table_label, data->train.height);
    ROW("width", table_label, data->train.width);
    ROW("pixel_min", table_label, least);
    ROW("pixel_max", table_label, most);
    ROW("classes", table_text, text);
    ROW("gamma", table_exact, gamma);
    for (int k = 0; k < 2; k++) {
        const poison_set *set = k ? &data->test : &data->train;
        uint32_t crc = 0;
        for (size_t r = 0, d = (size_t)set->d; r < set->n && !poison_cancelled(&lab->args->settings); r += 1024)
            crc = poison_crc32(crc, set->x + r * d, d * (set->n - r < 1024 ? set->n - r : 1024));
        sprintf(text, "%08x", crc);
        ROW(k ? "crc32_test_images" : "crc32_train_images", table_text, text);
    }
#undef ROW
    return poison_cancelled(&lab->args->settings) ? poison_fail_cancelled(err) : 0;
}

/* ---- the laboratory's commands --------------------------------------------------------------------------------- */

/* A flip file of what differs between two labellings. */
static int print_flips(struct laboratory *lab, const int *before, const int *after)
{
    struct table t;
    table_begin(&t, lab->file.out, "row\tfrom\tto");
    for (size_t r = 0; r < lab->data.train.n; r++) {
        if (before[r] == after[r])
            continue;
        table_count(&t, r);
        table_label(&t, before[r]);
        if (after[r] < 0)
            table_text(&t, "-");
        else
            table_label(&t, after[r]);
    }
    return 0;
}

static int run_attack(struct laboratory *lab, poison_error *err)
{
    (void)err;
    return print_flips(lab, lab->data.train.y, lab->labels);
}

/* The audit of the labels as they now are, with a model of its own. */
static int audit(struct laboratory *lab, int method, poison_findings *found, poison_error *err)
{
    const struct args *a = lab->args;
    int status = 0;
    if (!lab->svm)
        TRY(poison_svm_new(&lab->svm, &lab->data, &a->settings, err));
    TRY(poison_audit(found, lab->svm, &lab->data, lab->labels, method, a->sweep.seed, &a->settings, err));
done:
    return status;
}

static void print_findings(struct table *t, const struct laboratory *lab, int method, const poison_findings *found)
{
    for (size_t k = 0; k < found->ranked; k++) {
        size_t r = found->order[k];
        table_count(t, r);
        table_label(t, lab->labels[r]);
        table_text(t, poison_audit_name(method));
        table_exact(t, found->score[r]);
        table_label(t, found->suggested[r]);
        table_count(t, k + 1);
    }
}

static void print_joint(struct table *t, const poison_findings *found)
{
    for (size_t g = 0; g < found->K; g++)
        for (size_t c = 0; c < found->K; c++)
            if (c != g) {
                table_label(t, found->label[g]);
                table_label(t, found->label[c]);
                table_count(t, found->joint[g * found->K + c]);
            }
}

static void print_scoreboard(struct table *t, int method, const poison_findings *found, const uint8_t *flipped)
{
    poison_scores scores = poison_score(found, flipped);
    table_text(t, poison_audit_name(method));
    table_count(t, scores.flipped);
    if (method == POISON_CONFIDENT && scores.flipped)
        table_count(t, found->estimated);
    else
        table_text(t, "NA");
    table_number(t, scores.precision);
    table_number(t, scores.recall);
    table_number(t, scores.auc);
    table_number(t, scores.average_precision);
}

static int run_audit(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    size_t n = lab->data.train.n;
    struct table t;
    int status = 0;
    uint8_t *flipped = poison_take(n, 1);
    if (!flipped)
        TRY(poison_fail_memory(err, n, 1, "the truth"));
    for (size_t r = 0; r < n && a->truth; r++)
        flipped[r] = lab->truth[r] != lab->data.train.y[r];
    for (int k = 0; k < a->methods; k++) {
        poison_findings found;
        TRY(audit(lab, a->method[k], &found, err));
        if (k == 0)
            table_begin(&t, lab->file.out, a->joint   ? "label\tsuggested\testimated"
                                           : a->truth ? "method\tflipped\testimated\tprecision\trecall\tauc\taverage_precision"
                                                      : "row\tlabel\tmethod\tscore\tsuggested\trank");
        if (a->joint)
            print_joint(&t, &found);
        else if (a->truth)
            print_scoreboard(&t, a->method[k], &found, flipped);
        else
            print_findings(&t, lab, a->method[k], &found);
        poison_findings_free(&found);
        TRY(file_flush(&lab->file, err));
    }
done:
    free(flipped);
    return status;
}

static int run_clean(struct laboratory *lab, poison_error *err)
{
    const poison_cleaning *cleaning = lab->args->sweep.defence;
    poison_findings found = {0};
    size_t n = lab->data.train.n;
    int status = 0, *cleaned = poison_take(n, sizeof *cleaned);
    if (!cleaned)
        TRY(poison_fail_memory(err, n, sizeof *cleaned, "the labels"));
    if (cleaning->how_many == POISON_COUNT && cleaning->count > n)
        TRY(poison_fail(err, POISON_EDATA, "--method %s: there are only %zu training rows", cleaning->name, n));
    TRY(audit(lab, cleaning->method, &found, err));
    memcpy(cleaned, lab->labels, n * sizeof *cleaned);
    poison_clean(cleaning, &found, 0, cleaned);
    status = print_flips(lab, lab->labels, cleaned);
done:
    poison_findings_free(&found);
    free(cleaned);
    return status;
}

static int run_sweep(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    return sweep_run(&lab->sweep, &lab->data, lab->labels, &a->settings, a->output, a->resume, a->quiet ? NULL : stderr, err);
}

static int run_dose(struct laboratory *lab, poison_error *err)
{
    return dose_run(stdin, lab->file.out, lab->args->sweep.seed, err);
}

static int run_matrix(struct laboratory *lab, poison_error *err)
{
    return matrix_run(stdin, lab->file.out, lab->args->at, err);
}

static int run_plot(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    return plot_run(stdin, lab->file.out, a->output, a->title, a->settings.cancel, err);
}

static int run_explain(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    return explain_print(lab->file.out, lab->svm, &lab->data, lab->labels, lab->predicted[a->image], a->image, a->rows, err);
}

/* Five lines that say what the tables are about. */
static void print_description(struct laboratory *lab)
{
    const poison_set *train = &lab->data.train;
    FILE *out = lab->file.out;
    int least, most;
    fprintf(out, "# data source: ");
    table_escape(out, lab->data.source);
    fprintf(out, "\n# data rows: %zu training, %zu test, %d features (%d x %d)\n", train->n, lab->data.test.n, train->d,
            train->height, train->width);
    fprintf(out, "# data labels:");
    for (int k = 0; k < lab->label_count; k++)
        fprintf(out, " %d", lab->label[k]);
    pixel_range(&lab->data.train, &least, &most);
    fprintf(out, "\n# data pixels: %d to %d\n", least, most);
    if (strcmp(credit(lab), "NA") != 0)
        fprintf(out, "# data credit: %s\n", credit(lab));
}

static int two_classes(const struct laboratory *lab)
{
    for (size_t r = 1; r < lab->data.train.n; r++)
        if (lab->labels[r] != lab->labels[0])
            return 1;
    return 0;
}

/* The classroom lab: the model of the clean labels, then each dose from the clean labels, and the flag. */
static int run_lab(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    FILE *out = lab->file.out;
    size_t incorrect[LABELS];
    int status;
    for (size_t k = 0; k < a->sweep.doses; k++) { /* refuse what cannot be done before anything is printed */
        poison_flip one = {lab->from, lab->to, a->sweep.dose[k], POISON_FIRST};
        TRY(poison_flip_apply(&one, lab->labels, &lab->data, err));
        if (!two_classes(lab))
            TRY(poison_fail(err, POISON_EDATA, "flip %d:%d:%zu leaves one class only: at least two classes are needed",
                            one.from, one.to, one.count));
        clean(lab);
    }
    TRY(train_and_predict(lab, err));
    print_description(lab);
    fprintf(out, "\n# the first predictions\n");
    print_predictions(lab, err);
    fprintf(out, "\n# score by predicted digit, not poisoned\n");
    print_score(lab, 0, incorrect);
    fprintf(out, "\n# digits in the training and the test set\n");
    print_digits(lab, 0);
    for (size_t k = 0; k < a->sweep.doses; k++) {
        poison_flip one = {lab->from, lab->to, a->sweep.dose[k], POISON_FIRST};
        TRY(file_flush(&lab->file, err));
        clean(lab);
        TRY(poison_flip_apply(&one, lab->labels, &lab->data, err));
        TRY(train_and_predict(lab, err));
        fprintf(out, "\n# training labels, %zu of the %d's made %d\n", one.count, one.from, one.to);
        print_digits(lab, 1);
        fprintf(out, "\n# score by predicted digit, %zu of the %d's made %d\n", one.count, one.from, one.to);
        print_score(lab, 0, incorrect);
    }
    fprintf(out, "\n# the flag: images wrongly called %d\n", lab->to);
    struct table t;
    table_begin(&t, out, "Poisoned\tFlag");
    table_count(&t, a->sweep.dose[a->sweep.doses - 1]);
    table_count(&t, incorrect[lab->to]);
done:
    return status;
}

static const struct command commands[] = {
    {"lab", "the classroom lab: train, poison, train again; the default", NEEDS_DATA,
     "several tables, an empty line between them, each under a line that begins with '# '",
     "poison\npoison lab --pair 3:8 --doses 10,30,100\npoison --data synthetic\n", NULL, run_lab},
    {"predictions", "the first test images: true digit, predicted digit", NEEDS_PREDICTIONS, "Correct\tPredicted",
     "poison predictions -n 20\npoison predictions -n 1000 | awk '$1 != $2'\n", NULL, print_predictions},
    {"score", "how often each digit was predicted rightly and wrongly", NEEDS_PREDICTIONS, "Value\tCorrect\tIncorrect",
     "poison score --flip 1:2:100\npoison score --flip 1:2:100 | awk '$1 == 2 { print $3 }'\npoison score --by true\n",
     "The trap of the lab: both counts stand under the predicted digit. '12 incorrect 2's' are 12 images of something\n"
     "else that were called 2, not 2's that were missed. --by true counts those.", run_score},
    {"counts", "how many of each digit there are", NEEDS_DATA, "Correct\tTrain\tTest; with --flip: Correct\tBefore\tAfter",
     "poison counts\npoison counts --flip 1:2:100\n", NULL, run_counts},
    {"confusion", "test images by true digit (rows) and predicted digit (columns)", NEEDS_PREDICTIONS,
     "true and one column a predicted digit", "poison confusion --flip 1:2:100 | column -t\n", NULL, print_confusion},
    {"subproblems", "the one-vs-one machines, a line each", NEEDS_MODEL,
     SUBPROBLEMS, "poison subproblems | sort -t'\t' -k4,4nr | head\npoison subproblems --timing\n",
     "i and j are labels, i is the positive class. bounded: support vectors at C. intercept: minus rho, scikit-learn's\n"
     "_intercept_. objective: 1/2 alpha'Q alpha - sum alpha. With --timing a last column: seconds.", print_subproblems},
    {"support", "support rows and their dual coefficients", NEEDS_MODEL, "row\tlabel\tcoef0\t...",
     "poison support | tail -n +2 | wc -l\n",
     "scikit-learn's support_ and _dual_coef_, transposed: rows by class, then by number; one column for each other\n"
     "class in ascending order. %.17g: they reload to the same bits; -0 belongs to a second class.", print_support},
    {"data", "what the data are; --export writes them", NEEDS_DATA, "key\tvalue",
     "poison data\npoison data --data synthetic --train 60000 --test 10000 --export digits\n", NULL, run_data},
    {"attack", "choose which labels to flip, and write a flip file", NEEDS_DATA, "row\tfrom\tto",
     "poison attack --flip 1:2:30:far >flips.tsv && poison score --flips flips.tsv\npoison attack --flip 1:2:10:random --seed 7\n",
     "The strategies. m is the decision of the machine of FROM and TO before the flip, positive towards FROM; ties go to the\n"
     "lower row. first: in row order. random: by seed, nested in COUNT. near: |m| ascending. far: m descending. alfa: Xiao,\n"
     "Xiao & Eckert 2012. greedy: one by one, each time the flip that raises the objective most, every candidate retrained.\n"
     "The objective of alfa and greedy, on the validation set: the share of FROM images called TO, then the mean of\n"
     "max(0, 1 - m) over them. Several flips give one file: what differs from the labels as they were given.", run_attack},
    {"audit", "which labels look flipped", NEEDS_DATA, "row\tlabel\tmethod\tscore\tsuggested\trank; with --truth a scoreboard",
     "poison audit --flip 1:2:100 --method knn | head\npoison attack --flip 1:2:100 >f.tsv && "
     "poison audit --flips f.tsv --truth f.tsv --method knn,margin,confident\n",
     "The larger the score, the more suspicious. knn: the share of the 10 nearest other rows with another label. margin: the\n"
     "largest -y f over the machines of the row's label. loo: by how much the validation loss falls without the row. shapley:\n"
     "minus its Shapley value for a 10-nearest-neighbour classifier of the validation images. confident: 1 - normalised\n"
     "margin of probabilities out of 5 folds; --joint prints its estimate for each pair of labels. Suggested: the neighbours'\n"
     "majority (knn, shapley), the model's call (margin), that without the row (loo), the most probable label (confident).\n"
     "--truth prints: method flipped estimated precision recall auc average_precision; precision and recall among the\n"
     "first as many rows as are flipped.", run_audit},
    {"clean", "correct the labels that an audit suspects, and write a flip file", NEEDS_DATA, "row\tfrom\tto",
     "poison clean --flip 1:2:100 --method knn:relabel:100 >c.tsv && poison score --flip 1:2:100 --flips c.tsv\n"
     "poison clean --method confident\n",
     "--method M[:relabel|remove[:COUNT|FRACTION|estimated]]: the COUNT most suspicious rows, or a FRACTION of the training\n"
     "rows (with a point: 0.05), or as many as confident estimates; they get the suggested label, or are removed. The file\n"
     "holds the corrections only: apply it after the flips that it corrects; 'poison attack' makes one file of both.", run_clean},
    {"sweep", "every dose of every pair, strategy, defence and seed: a row each", NEEDS_LABELS,
     "from\tto\tstrategy\tdefence\tseed\tdose\taccuracy\tfrom_recall\tfrom_test\tfrom_to\tsuccess\tsuccess_lo\tsuccess_hi\t"
     "false_to\tcollateral\tsv\titerations",
     "poison sweep --strategy first,near,far -o s.tsv && poison dose <s.tsv\npoison sweep --pairs all >all.tsv\n"
     "poison sweep --strategy random --seeds 30 --defence none,knn:relabel | poison dose\n",
     "On the test set: accuracy of all images; success: the share of images of FROM that are called TO (from_to of\n"
     "from_test), with Wilson's 95 % interval; from_recall: images of FROM called FROM; false_to: images called TO that are\n"
     "not; collateral: accuracy on images of neither. sv: rows that support a machine. iterations: of all machines.\n"
     "--defence takes clean's words; without a count the true dose, which no defender knows (oracle), or confident's\n"
     "estimate. seed is NA where nothing is random; a cell without a model (one class left) holds NA. Doses come on top of\n"
     "--flip and --flips. With -o the file grows row by row below a line of settings; an existing one is refused,\n"
     "unless --resume goes on with it: same settings only.", run_sweep},
    {"dose", "doses for 10, 50 and 90 % success, and the area under the curve", NEEDS_NOTHING,
     "from\tto\tstrategy\tdefence\tseeds\ted10\ted10_lo\ted10_hi\ted50 ... ed90 ... area",
     "poison sweep --strategy random --seeds 20 | poison dose\n",
     "Reads a sweep's table. The smallest dose at which success, averaged over seeds and linear between doses, reaches 10, 50\n"
     "and 90 %: NA if it never does. The intervals are 95 % bootstrap intervals over seeds (1000 draws); NA for one seed.",
     run_dose},
    {"matrix", "success of strategies (down) against defences (across) at one dose", NEEDS_NOTHING,
     "from\tto\tstrategy and one column a defence",
     "poison sweep --strategy first,far --defence none,knn:relabel,confident | poison matrix --at 100 | column -t\n",
     "Reads a sweep's table; averages over seeds.", run_matrix},
    {"plot", "a chart of a table of sweep, dose, confusion, matrix, grid or audit", NEEDS_NOTHING,
     "SVG; with -o FILE.png or FILE.pdf those, through rsvg-convert",
     "poison sweep --strategy first,near,far | poison plot -o sweep.svg\npoison confusion | poison plot >confusion.svg\n"
     "poison audit --flip 1:2:100 --method knn,margin | poison plot --title 'Who is suspicious' -o audit.png\n",
     "Reads a table from standard input and knows it by its header. Each dot, bar and cell has a tooltip with its numbers.",
     run_plot},
    {"explain", "why a test image is called what it is called", NEEDS_PREDICTIONS,
     "votes, the machine that decided, and row\tlabel\tfrom\tpush",
     "poison explain --row 8 --flip 1:2:100\n",
     "Three tables under lines that begin with '# '. push: alpha y K of a training row in the machine that decides between\n"
     "the true and the predicted label (or the runner-up, if they are the same or the true one has no training row). All\n"
     "pushes and the intercept add up to the decision value; -n: how many are shown. from: the label as it was given.", run_explain},
    {0},
};

/* ---- the program ----------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t stop_signal;

/* And again every 50 ms, since a write that has begun goes on after the first interruption. */
static void stop(int number)
{
    static const struct itimerval again = {{0, 50000}, {0, 50000}};
    if (number == SIGALRM)
        return;
    stop_signal = number;
    setitimer(ITIMER_REAL, &again, NULL);
}

static void print_version(FILE *out, const poison_settings *settings)
{
    static const char *const threading[] = {"serial", "pthreads", "OpenMP"};
    int parallel = openblas_get_parallel();
    fprintf(out, "poison %s\n%s, %s\nOpenMP %d, %d threads\ninstruction set %s\n", POISON_VERSION, openblas_get_config(),
            parallel >= 0 && parallel <= 2 ? threading[parallel] : "unknown threading", _OPENMP,
            settings->threads, poison_isa_name(settings->isa));
    if (parallel != 2)
        fprintf(stderr, "poison: warning: this OpenBLAS is not its OpenMP build; its threads and OpenMP's may compete for "
                        "the cores (Debian: libopenblas-openmp-dev)\n");
}

/* After the work: --timing's lines, with what the machine could have done, and --trace's file. */
static void report_times(const struct args *a, const poison_data *data, struct file *spans)
{
    poison_trace *trace = a->settings.trace;
    double peak[TRACE_PHASES];
    if (!trace)
        return;
    double total = poison_clock() - trace->start;
    if (a->timing) {
        peak_measure(peak, &data->train, &a->settings);
        trace_print(trace, total, peak, stderr);
    }
    if (spans->out)
        trace_write(trace, spans->out);
}

static int run(struct args *a, struct progress *progress, poison_error *err)
{
    struct file spans = {0};
    int needs = a->command->needs, status = a->trace ? file_open(&spans, a->trace, err) : 0;
    struct laboratory lab = {.args = a};
    if (status == 0)
        status = needs == NEEDS_NOTHING ? file_open(&lab.file, a->output, err) : open_laboratory(&lab, a, err);
    if (status == 0 && lab.fallback && !a->quiet)
        fprintf(stderr, "poison: no MNIST found ('./build.sh data' fetches it): using the built-in digits\n");
    if (status == 0 && needs >= NEEDS_MODEL)
        status = train(&lab, err);
    if (status == 0 && needs == NEEDS_PREDICTIONS)
        status = poison_svm_predict(lab.svm, 0, lab.predicted, err);
    if (status == 0)
        status = a->command->run(&lab, err);
    progress_clear(progress);
    if (lab.file.out)
        status = file_close(&lab.file, status, err);
    if (status == 0)
        report_times(a, &lab.data, &spans);
    if (spans.out)
        status = file_close(&spans, status, err);
    free_laboratory(&lab);
    return status;
}

int main(int argc, char **argv)
{
    mallopt(M_MMAP_THRESHOLD, 1 << 30); /* freed buffers stay: the first touch of fresh pages costs more than their use */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    poison_error err = {""};
    struct args args = {0};
    struct poison_trace trace = {0};
    struct progress progress = {0};
    double start = poison_clock();
    struct sigaction action = {.sa_handler = stop, .sa_flags = 0 /* a write to a slow reader ends */};
    struct sigaction before;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* not under nohup */
        sigaction(SIGHUP, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write fails instead */
    int status = args_parse(&args, commands, argc, argv, stdout, &err);
    if (status == ARGS_VERSION)
        print_version(stdout, &args.settings);
    if (status == 0) {
        args.settings.cancel = &stop_signal;
        if ((args.timing || args.trace) && trace_open(&trace, start, args.settings.threads, args.trace != NULL) == 0)
            args.settings.trace = &trace;
        if (!args.quiet)
            progress_open(&progress, &args.settings);
        status = run(&args, &progress, &err);
    }
    if (status >= 0 && fflush(stdout) != 0 && errno != EPIPE)
        status = poison_fail(&err, POISON_EDATA, "standard output: cannot write: %s", strerror(errno));
    if (status < 0 && stop_signal)
        status = poison_fail(&err, POISON_ECANCEL, "interrupted");
    trace_close(&trace);
    args_free(&args);
    if (status >= 0 || status == FILE_READER_GONE)
        return 0;
    fprintf(stderr, "poison: ");
    table_escape(stderr, err.text);
    fprintf(stderr, "\n");
    if (status == POISON_ECANCEL)
        _exit(128 + (int)stop_signal); /* exit would wait for standard output's reader */
    return -status;
}
