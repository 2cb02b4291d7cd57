/* SPDX-License-Identifier: MIT */
/*
 * poison - what happens to a classifier when somebody alters its training labels?
 *
 * The experiment, from top to bottom: find the data, alter labels, train, predict, count, print.
 */
#define _GNU_SOURCE
#include "poison.h"

#include "apart.h"
#include "args.h"
#include "base.h"
#include "budget.h"
#include "describe.h"
#include "explain.h"
#include "flips.h"
#include "output.h"
#include "grid.h"
#include "help.h"
#include "journal.h"
#include "labels.h"
#include "load.h"
#include "peak.h"
#include "plot.h"
#include "print.h"
#include "process.h"
#include "progress.h"
#include "report.h"
#include "blas.h"
#include "show.h"
#include "source.h"
#include "trace.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the laboratory: data, labels, model, predictions ---------------------------------------- */

struct laboratory {
    const struct args *args;
    poison_settings settings; /* what was said, with the labels' weights */
    double weight[POISON_LABELS];
    struct output file; /* where the table goes, */
    struct sheet sheet; /* and how */
    char *provenance;   /* --provenance's line */
    poison_data data;
    int fallback;
    int *labels;    /* (n) after the flips */
    poison_svm *svm;
    poison_attacker *attacker; /* for flips that look before they leap */
    int *predicted; /* (m) */
    int *truth;     /* (n) the labels by --truth, which audits are scored against */
    struct label_list label; /* every label of the clean training or the test set */
    poison_flip *flip;  /* of each of the changes that is no file */
    struct sweep sweep; /* as it was asked for, the pairs' labels known */
};

/* The labels as they were given. */
static void clean(struct laboratory *lab)
{
    memcpy(lab->labels, lab->data.train.y, lab->data.train.n * sizeof *lab->labels);
}

/* --flip number k: alters the labels as they now are. */
static int flip(struct laboratory *lab, size_t k, poison_error *err)
{
    const poison_flip *flip = &lab->flip[k];
    size_t n = lab->data.train.n;
    int status = 0, *before = poison_take(n, sizeof *before);
    if (!before)
        TRY(poison_fail_memory(err, n, sizeof *before, "the labels"));
    memcpy(before, lab->labels, n * sizeof *before);
    if (flip->strategy != POISON_FIRST && !lab->attacker)
        TRY(poison_attacker_new(&lab->attacker, &lab->data, NULL, &lab->settings,
                                &lab->sweep.attack, err));
    TRY(flip->strategy == POISON_FIRST
            ? poison_flip_apply(flip, lab->labels, &lab->data, err)
            : poison_attack_apply(lab->attacker, flip, lab->labels, err));
    flips_warn_again(lab->args->change[k].flip.text, before, lab->labels, &lab->data,
                     &lab->settings);
done:
    free(before);
    return status;
}

/* The labels that were named, now that the data are known. */
static int resolve_names(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    int status = 0;
    lab->sweep = a->sweep;
    lab->flip = poison_take(a->changes, sizeof *lab->flip);
    if (!lab->flip)
        TRY(poison_fail_memory(err, a->changes, sizeof *lab->flip, "the flips"));
    for (size_t k = 0; k < a->changes; k++)
        if (!a->change[k].file)
            TRY(flip_resolve(&a->change[k].flip, &lab->flip[k], &lab->data, err));
    if (a->pair_option)
        TRY(sweep_pairs(&lab->sweep, a->pair, a->pairs, a->pair_option, &lab->data, err));
    for (int v = 0; v < POISON_LABELS; v++)
        lab->weight[v] = 1;
    for (size_t k = 0; k < a->weights; k++) {
        int label = label_find_printed(&lab->data, a->weight[k].label);
        if (label < 0)
            TRY(poison_fail(err, POISON_EDATA,
                            "--weight %.64s: this label occurs nowhere in the data",
                            a->weight[k].label));
        lab->weight[label] = a->weight[k].factor;
    }
    lab->settings.weight = a->weights ? lab->weight : NULL;
done:
    return status;
}

/* Commands look at the test set, of which files may have none. */
static int check_test_rows(const struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    size_t m = lab->data.test.n;
    int looks = a->command->needs == NEEDS_PREDICTIONS || a->pair_option || show_predicts(&a->show);
    if (!m && looks)
        return poison_fail(err, POISON_EDATA,
                           "%s: no test rows: --test-data FILE names some, --test N takes the last "
                           "N rows",
                           lab->data.source);
    if (a->explain.row && a->explain.row >= m)
        return poison_fail(err, POISON_EDATA,
                           "--row %zu: there are only %zu test images, from row 0", a->explain.row,
                           m);
    if (a->predictions.rows_given && a->predictions.rows > m)
        return poison_fail(err, POISON_EDATA, "-n %zu: there are only %zu test images",
                           a->predictions.rows, m);
    return 0;
}

/* What can be refused is refused before a strategy trains its models. Opens the output. */
static int refuse_early(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    int status = 0;
    TRY(resolve_names(lab, err));
    if (a->audit.truth) { /* against the labels as they were given */
        memcpy(lab->truth, lab->data.train.y, lab->data.train.n * sizeof *lab->truth);
        TRY(poison_flips_read(a->audit.truth, lab->truth, &lab->data, &a->settings, err));
    }
    if (a->command->check)
        TRY(a->command->check(lab, err));
    if (!(a->command->flags & OPENS_OUTPUT))
        TRY(output_open(&lab->file, a->form.output, a->settings.cancel, err));
done:
    return status;
}

/* Loads the data, applies the flips, opens the output: what can be refused is refused before the
 * work begins. */
static int open_laboratory(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    int status;
    TRY(source_load(&lab->data, a, &lab->fallback, err));
    lab->label.count = poison_data_labels(&lab->data, lab->label.label);
    lab->labels = poison_take(lab->data.train.n, sizeof *lab->labels);
    lab->predicted = poison_take(lab->data.test.n, sizeof *lab->predicted);
    lab->truth = poison_take(lab->data.train.n, sizeof *lab->truth);
    if (!lab->labels || !lab->predicted || !lab->truth)
        TRY(poison_fail_memory(err, lab->data.train.n + lab->data.test.n, sizeof *lab->labels,
                               "the labels"));
    clean(lab);
    TRY(check_test_rows(lab, err));
    TRY(refuse_early(lab, err));
    for (size_t k = 0; k < a->changes; k++)
        if (a->change[k].file)
            TRY(poison_flips_read(a->change[k].file, lab->labels, &lab->data, &a->settings, err));
        else
            TRY(flip(lab, k, err));
    poison_attacker_free(lab->attacker); /* its memory is the victim's now */
    lab->attacker = NULL;
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
    free(lab->flip);
    free(lab->provenance);
}

/* lab->provenance: the line of version, data and settings, for those who keep a table. */
static int write_provenance(struct laboratory *lab, const poison_data *data, poison_error *err)
{
    const struct args *a = lab->args;
    size_t size;
    free(lab->provenance);
    FILE *out = poison_text_open(&lab->provenance, &size);
    if (out) {
        describe_provenance(out, a->command->name, data, lab->labels, &a->settings);
        args_describe(a, out);
    }
    if (!out || fclose(out) != 0)
        return poison_fail_memory(err, 1, 4096, "the provenance");
    /* the checksum may be of a part of the data */
    return poison_cancelled(&a->settings) ? poison_fail_cancelled(err) : 0;
}

/* The sheet that the command prints on, once data and labels are known. */
static int open_sheet(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    sheet_open(&lab->sheet, lab->file.out, lab->data.train.n + lab->data.test.n ? &lab->data : NULL,
               a->form.json, a->form.no_header);
    lab->sheet.cancel = a->settings.cancel;
    if (!a->form.provenance)
        return 0;
    int status = write_provenance(lab, lab->sheet.data, err);
    lab->sheet.opening = lab->provenance;
    return status;
}

/* Machines that --max-iter ended are no optimum. */
static void warn_of_limit(const struct laboratory *lab)
{
    const poison_machine *machine;
    size_t P = poison_svm_machines(lab->svm, &machine), limited = 0;
    for (size_t p = 0; p < P; p++)
        limited += machine[p].limited != 0;
    if (limited && !lab->args->quiet)
        fprintf(stderr,
                "poison: warning: %zu of %zu machines ended at --max-iter %zu, before the "
                "optimum\n",
                limited, P, lab->settings.max_iterations);
}

/* The model of the labels as they now are. What did not change since the last call is kept. */
static int train(struct laboratory *lab, poison_error *err)
{
    int status = 0;
    if (!lab->svm)
        TRY(poison_svm_new(&lab->svm, &lab->data, &lab->settings, err));
    TRY(poison_svm_train(lab->svm, lab->labels, err));
    warn_of_limit(lab);
done:
    return status;
}

static int train_and_predict(struct laboratory *lab, poison_error *err)
{
    int status = train(lab, err);
    return status < 0 ? status : poison_svm_predict(lab->svm, 0, lab->predicted, err);
}

/* ---- the commands ---------------------------------------------------------------------------- */

static int run_predictions(struct laboratory *lab, poison_error *err)
{
    (void)err;
    print_predictions(&lab->sheet, &lab->data.test, lab->predicted, lab->args->predictions.rows);
    return 0;
}

static int run_score(struct laboratory *lab, poison_error *err)
{
    (void)err;
    print_score(&lab->sheet, &lab->label, &lab->data.test, lab->predicted, lab->args->score.by_true,
                (size_t[POISON_LABELS]){0});
    return 0;
}

static int run_confusion(struct laboratory *lab, poison_error *err)
{
    (void)err;
    print_confusion(&lab->sheet, &lab->label, &lab->data.test, lab->predicted);
    return 0;
}

static int run_subproblems(struct laboratory *lab, poison_error *err)
{
    (void)err;
    print_subproblems(&lab->sheet, lab->svm, lab->args->timing);
    return 0;
}

static int run_support(struct laboratory *lab, poison_error *err)
{
    return print_support(&lab->sheet, lab->svm, lab->labels, err);
}

/* What there is to train and to test with, or what the flips did. */
static void print_digits(struct laboratory *lab, int flipped)
{
    const poison_set *train = &lab->data.train, *test = &lab->data.test;
    if (flipped)
        print_counts(&lab->sheet, &lab->label, "Correct\tBefore\tAfter", train->y, train->n,
                     lab->labels, train->n);
    else
        print_counts(&lab->sheet, &lab->label, "Correct\tTrain\tTest", train->y, train->n, test->y,
                     test->n);
}

static int run_counts(struct laboratory *lab, poison_error *err)
{
    (void)err;
    print_digits(lab, lab->args->changes > 0);
    return 0;
}

static int run_data(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    const char *folder = a->data.export_to;
    int status = folder ? poison_data_write(&lab->data, lab->labels, folder, &a->settings, err) : 0;
    return status < 0 ? status
                      : describe_data(&lab->sheet, &lab->data, lab->labels, &a->settings, err);
}

/* ---- data and models in files ---------------------------------------------------------------- */

/* -v: the accuracy on standard output; -o: what each row is called by the model that did not see
 * it. */
static int cross_validate(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    struct output file = {0};
    struct sheet beside = lab->sheet;
    int status = 0, apart = strcmp(a->form.output, "-") != 0;
    if (apart)
        TRY(output_open(&file, a->form.output, a->settings.cancel, err));
    beside.out = file.out;
    TRY(output_open(&lab->file, "-", a->settings.cancel, err));
    lab->sheet.out = lab->file.out;
    TRY(grid_validate(&lab->sheet, apart ? &beside : NULL, &lab->data, lab->labels, &a->grid,
                      &lab->settings, err));
done:
    return apart ? output_close(&file, status, err) : status;
}

static int check_train(struct laboratory *lab, poison_error *err)
{
    return output_check(lab->args->form.output, err);
}

static int run_train(struct laboratory *lab, poison_error *err)
{
    int nameless, status;
    if (lab->args->grid.folds)
        return cross_validate(lab, err);
    TRY(train(lab, err));
    TRY(poison_model_write(lab->svm, &lab->data, lab->args->form.output, &nameless, err));
    if (nameless)
        poison_warn(&lab->settings, "labels that are no whole numbers are written as 0, 1, ...; -o "
                                    "FILE keeps their names too, in FILE.labels");
done:
    return status;
}

/* Rows of any kind, and a model from a file. */
static int predict_rows(struct laboratory *lab, poison_model *model, poison_error *err)
{
    const struct args *a = lab->args;
    struct load_width width = {model->data.train.d, !model->data.train.from_zero, 1, 0};
    int status = 0;
    /* its labels come first, those that only the rows have after them */
    lab->data.names = model->data.names;
    lab->data.numbers = model->data.numbers;
    lab->data.name = model->data.name;
    lab->data.columns = model->data.columns;
    model->data.name = NULL;
    TRY(load_rows(&lab->data, &width, &a->source, &a->how, &a->settings, err));
    if (width.foreign)
        poison_warn(&lab->settings,
                    "%s: the first column is taken for the labels, and holds none of the model's: "
                    "--label says which one it is, or none",
                    a->source.path);
    TRY(poison_model_fit(model, &lab->data.test, err));
    size_t m = lab->data.test.n;
    if (a->predict.score && !lab->data.test.y)
        TRY(poison_fail(err, POISON_EDATA, "%s: no labels, which --score compares with",
                        a->source.path));
    TRY(open_sheet(lab, err));
    if (!a->predict.score)
        return print_labels(&lab->sheet, model, &lab->data.test, a->predict.decisions, err);
    lab->predicted = poison_take(m, sizeof *lab->predicted);
    if (!lab->predicted)
        TRY(poison_fail_memory(err, m, sizeof *lab->predicted, "the predictions"));
    TRY(poison_model_predict(model, &lab->data.test, lab->predicted, NULL, err));
    for (lab->label.count = 0; lab->label.count < lab->data.names; lab->label.count++)
        lab->label.label[lab->label.count] = lab->label.count;
    print_score(&lab->sheet, &lab->label, &lab->data.test, lab->predicted, 0,
                (size_t[POISON_LABELS]){0});
done:
    return status;
}

static int run_predict(struct laboratory *lab, poison_error *err)
{
    poison_model model;
    int status = poison_model_read(&model, lab->args->operand[0], &lab->args->settings, err);
    if (status < 0)
        return status;
    if (model.strange_names)
        poison_warn(&lab->settings, "%s.labels belongs to another model: ignored",
                    lab->args->operand[0]);
    status = predict_rows(lab, &model, err);
    poison_model_free(&model);
    return status;
}

static int run_grid(struct laboratory *lab, poison_error *err)
{
    return grid_run(&lab->sheet, &lab->data, lab->labels, &lab->args->grid, &lab->settings, err);
}

static int run_check(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    size_t problems;
    int status = describe_problems(&lab->sheet, &a->source, &a->how, &problems, &a->settings,
                                   err);
    if (status == 0)
        status = output_close(&lab->file, 0, err); /* the table stays, whatever it says */
    if (status == 0 && problems)
        status = poison_fail(err, POISON_EFOUND, "%s: %zu problem%s", a->source.path, problems,
                             problems == 1 ? "" : "s");
    return status;
}

/* ---- the laboratory's commands --------------------------------------------------------------- */

static int run_attack(struct laboratory *lab, poison_error *err)
{
    (void)err;
    print_flips(&lab->sheet, lab->data.train.y, lab->labels, lab->data.train.n);
    return 0;
}

/* The audit of the labels as they now are, with a model of its own. */
static int audit(struct laboratory *lab, int method, poison_findings *found, poison_error *err)
{
    int status = 0;
    if (!lab->svm)
        TRY(poison_svm_new(&lab->svm, &lab->data, &lab->settings, err));
    TRY(poison_audit(found, lab->svm, &lab->data, lab->labels, method, lab->sweep.seed,
                     &lab->settings, err));
done:
    return status;
}

/* Each audit in turn; its rows, its scores against --truth, or its joint distribution. */
static int run_audit(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    const char *header = "row\tlabel\tmethod\tscore\tsuggested\trank";
    size_t n = lab->data.train.n;
    struct table t;
    int status = 0;
    uint8_t *flipped = poison_take(n, 1);
    if (!flipped)
        TRY(poison_fail_memory(err, n, 1, "the truth"));
    if (a->audit.joint)
        header = "label\tsuggested\testimated";
    else if (a->audit.truth)
        header = SCOREBOARD;
    for (size_t r = 0; r < n && a->audit.truth; r++)
        flipped[r] = lab->truth[r] != lab->data.train.y[r];
    for (int k = 0; k < a->methods; k++) {
        poison_findings found;
        TRY(audit(lab, a->method[k], &found, err));
        if (k == 0)
            table_begin(&t, &lab->sheet, header);
        if (a->audit.joint)
            print_joint(&t, &found);
        else if (a->audit.truth)
            print_scoreboard(&t, a->method[k], &found, flipped);
        else
            print_findings(&t, lab->labels, a->method[k], &found);
        poison_findings_free(&found);
        TRY(output_flush(&lab->file, err));
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
        TRY(poison_fail(err, POISON_EDATA, "--method %s: there are only %zu training rows",
                        cleaning->name, n));
    TRY(audit(lab, cleaning->method, &found, err));
    memcpy(cleaned, lab->labels, n * sizeof *cleaned);
    poison_clean(cleaning, &found, 0, cleaned);
    print_flips(&lab->sheet, lab->labels, cleaned, n);
done:
    poison_findings_free(&found);
    free(cleaned);
    return status;
}

static int check_sweep(struct laboratory *lab, poison_error *err)
{
    const struct form *form = &lab->args->form;
    return journal_check(form->output, lab->args->resume, form->json || form->no_header, err);
}

static int run_sweep(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    struct sweep_output to = {&lab->sheet, a->form.output, a->resume, a->quiet ? NULL : stderr};
    return sweep_run(&lab->sweep, &lab->data, lab->labels, &lab->settings, &to, err);
}

static int run_dose(struct laboratory *lab, poison_error *err)
{
    return dose_run(stdin, &lab->sheet, lab->args->sweep.seed, &lab->settings, err);
}

static int run_matrix(struct laboratory *lab, poison_error *err)
{
    return matrix_run(stdin, &lab->sheet, lab->args->matrix.dose, &lab->settings, err);
}

static int run_plot(struct laboratory *lab, poison_error *err)
{
    return plot_run(stdin, &lab->file, lab->args->form.output, lab->args->plot.title,
                    &lab->settings, err);
}

static int run_explain(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    return explain_print(&lab->sheet, lab->svm, lab->labels, lab->predicted[a->explain.row],
                         a->explain.row, a->explain.rows, err);
}

static struct show what_to_show(const struct args *a)
{
    struct show show = a->show;
    show.flips = a->changes > 0;
    show.words = a->operand[0];
    show.output = a->form.output;
    return show;
}

static int check_show(struct laboratory *lab, poison_error *err)
{
    const struct show show = what_to_show(lab->args);
    return show_check(&show, &lab->data, err);
}

static int run_show(struct laboratory *lab, poison_error *err)
{
    const struct show show = what_to_show(lab->args);
    int status = show_run(&lab->file, &show, &lab->data, lab->labels, &lab->settings, &lab->svm,
                          err);
    if (lab->svm)
        warn_of_limit(lab);
    return status;
}

/* The classroom lab: the model of the clean labels, then each dose from the clean labels, and the
 * flag. */
static int run_lab(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    struct sheet *sheet = &lab->sheet;
    const struct sweep_pair *pair = lab->sweep.pair;
    poison_label from = poison_label_name(&lab->data, pair->from),
                 to = poison_label_name(&lab->data, pair->to);
    const char *digit = lab->data.names ? "label" : "digit";
    size_t incorrect[POISON_LABELS];
    int status;
    TRY(sweep_check_doses(a->sweep.dose, a->sweep.doses, pair, lab->labels, &lab->data, err));
    TRY(train_and_predict(lab, err));
    TRY(describe_briefly(sheet, &lab->data, lab->labels, &a->settings, err));
    sheet_title(sheet, "the first predictions");
    print_predictions(&lab->sheet, &lab->data.test, lab->predicted, 5);
    sheet_title(sheet, "score by predicted %s, not poisoned", digit);
    print_score(&lab->sheet, &lab->label, &lab->data.test, lab->predicted, 0, incorrect);
    sheet_title(sheet, "%ss in the training and the test set", digit);
    print_digits(lab, 0);
    for (size_t k = 0; k < a->sweep.doses; k++) {
        poison_flip one = {pair->from, pair->to, a->sweep.dose[k], POISON_FIRST};
        TRY(output_flush(&lab->file, err));
        clean(lab);
        TRY(poison_flip_apply(&one, lab->labels, &lab->data, err));
        TRY(train_and_predict(lab, err));
        sheet_title(sheet, "training labels, %zu of the %s's made %s", one.count, from.text,
                    to.text);
        print_digits(lab, 1);
        sheet_title(sheet, "score by predicted %s, %zu of the %s's made %s", digit, one.count,
                    from.text, to.text);
        print_score(&lab->sheet, &lab->label, &lab->data.test, lab->predicted, 0, incorrect);
    }
    struct table t;
    sheet_title(sheet, "the flag: %s wrongly called %s", lab->data.train.height ? "images" : "rows",
                to.text);
    table_begin(&t, sheet, "Poisoned\tFlag");
    table_count(&t, a->sweep.dose[a->sweep.doses - 1]);
    table_count(&t, incorrect[pair->to]);
done:
    return status;
}

/* The page also says what command line makes it again, and where its numbers come from. */
static int run_report(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    struct report report = a->report;
    char *command = NULL;
    size_t size;
    int status;
    TRY(write_provenance(lab, &lab->data, err));
    FILE *out = poison_text_open(&command, &size);
    if (out)
        args_command(a, lab->data.source, out);
    if (!out || fclose(out) != 0)
        TRY(poison_fail_memory(err, 1, 4096, "the command"));
    report.sweep = &lab->sweep;
    report.method = a->method, report.methods = a->methods;
    report.quiet = a->quiet;
    report.command = command, report.provenance = lab->provenance;
    TRY(report_write(lab->file.out, &report, &lab->data, &lab->settings, err));
done:
    free(command);
    return status;
}

/* ---- the program about itself ---------------------------------------------------------------- */

static int run_help(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    (void)err;
    if (a->help.man)
        help_man(lab->file.out, a->commands);
    else if (a->help.memory)
        help_memory(lab->file.out);
    else
        help_print(lab->file.out, a->commands, a->help.topic, 1);
    return 0;
}

static int run_completions(struct laboratory *lab, poison_error *err)
{
    (void)err;
    complete_script(lab->file.out, lab->args->operand[0]);
    return 0;
}

/* What each prints, and what else its help says, stands in src/cli/commands.txt. */
static const struct command commands[] = {
    {"lab", NULL, "the classroom lab: train, poison, train again; the default",
     NEEDS_DATA, .flags = BUILT_IN, .run = run_lab},
    {"predictions", NULL, "the first test images: true digit, predicted digit",
     NEEDS_PREDICTIONS, .run = run_predictions},
    {"score", NULL, "how often each digit was predicted rightly and wrongly",
     NEEDS_PREDICTIONS, .run = run_score},
    {"counts", NULL, "how many of each digit there are",
     NEEDS_DATA, .run = run_counts},
    {"confusion", NULL, "test images by true digit (rows) and predicted digit (columns)",
     NEEDS_PREDICTIONS, .run = run_confusion},
    {"subproblems", NULL, "the one-vs-one machines, a line each",
     NEEDS_MODEL, .run = run_subproblems},
    {"support", NULL, "support rows and their dual coefficients",
     NEEDS_MODEL, .run = run_support},
    {"data", NULL, "what the data are; --export writes them",
     NEEDS_DATA, .run = run_data},
    {"attack", NULL, "choose which labels to flip, and write a flip file",
     NEEDS_DATA, .run = run_attack},
    {"audit", NULL, "which labels look flipped",
     NEEDS_DATA, .run = run_audit},
    {"clean", NULL, "correct the labels that an audit suspects, and write a flip file",
     NEEDS_DATA, .run = run_clean},
    {"sweep", NULL, "every dose of every pair, strategy, defence and seed: a row each",
     NEEDS_DATA, .flags = OPENS_OUTPUT | NAMES_ONCE, .check = check_sweep, .run = run_sweep},
    {"dose", NULL, "doses for 10, 50 and 90 % success, and the area under the curve",
     NEEDS_NOTHING, .flags = READS_TABLE, .run = run_dose},
    {"matrix", NULL, "success of strategies (down) against defences (across) at one dose",
     NEEDS_NOTHING, .flags = READS_TABLE, .run = run_matrix},
    {"plot", NULL, "a chart of a table of sweep, dose, confusion, matrix, grid or audit",
     NEEDS_NOTHING, .flags = READS_TABLE, .run = run_plot},
    {"show", "[ROWS]", "digits as pictures, in the terminal or on a contact sheet",
     NEEDS_DATA, .flags = PICTURES | ROWS_OPERAND, .check = check_show, .run = run_show},
    {"explain", NULL, "why a test image is called what it is called",
     NEEDS_PREDICTIONS, .run = run_explain},
    {"report", NULL, "the lab as one HTML page with pictures, for a browser",
     NEEDS_DATA, .flags = NAMES_ONCE, .run = run_report},
    {"train", "[DATA]", "train a model, and write it as LIBSVM's model file",
     NEEDS_DATA, .flags = OPENS_OUTPUT | PRINTS_MODEL | DATA_OPERAND, .check = check_train,
     .run = run_train},
    {"predict", "MODEL DATA", "the labels that a model gives to the rows of a file",
     NEEDS_NOTHING, .flags = DATA_OPERAND, .run = run_predict},
    {"grid", "[DATA]", "cross-validate every C with every gamma, and mark the best",
     NEEDS_DATA, .flags = DATA_OPERAND, .run = run_grid},
    {"data check", "FILE", "what is wrong with a file: every problem and its line",
     NEEDS_NOTHING, .flags = DATA_OPERAND, .run = run_check},
    {"help", "[COMMAND]", "this program's help, or a command's; --man: the manual page",
     NEEDS_NOTHING, .flags = TOPIC_OPERAND, .run = run_help},
    {"completions", "bash|zsh", "what a shell needs to complete our command lines",
     NEEDS_NOTHING, .run = run_completions},
    {0},
};

/* ---- the program ----------------------------------------------------------------------------- */

/* After the work: --timing's lines, with what the machine could have done, and --trace's file. */
static void report_times(const struct args *a, const poison_data *data, struct output *spans)
{
    poison_trace *trace = a->settings.trace;
    double peak[TRACE_PHASES];
    poison_settings untraced = a->settings; /* to measure the machine takes memory too */
    untraced.trace = NULL;
    if (!trace)
        return;
    double total = poison_clock() - trace->start;
    if (a->timing) {
        peak_measure(peak, &data->train, &untraced);
        trace_print(trace, total, peak, stderr);
        budget_print(&a->settings, stderr);
    }
    if (spans->out)
        trace_write(trace, spans->out);
}

/* Makes what the command needs (data, model, predictions), and runs it. */
static int work(struct laboratory *lab, poison_error *err)
{
    const struct args *a = lab->args;
    enum needs needs = a->command->needs;
    int status = 0;
    if (needs == NEEDS_NOTHING)
        TRY(output_open(&lab->file, a->form.output, a->settings.cancel, err));
    else
        TRY(open_laboratory(lab, err));
    if (lab->fallback && !a->quiet)
        fprintf(stderr, "poison: no MNIST found ('./build.sh data' fetches it): "
                        "using the built-in digits\n");
    TRY(open_sheet(lab, err));
    if (needs >= NEEDS_MODEL)
        TRY(train(lab, err));
    if (needs == NEEDS_PREDICTIONS)
        TRY(poison_svm_predict(lab->svm, 0, lab->predicted, err));
    TRY(a->command->run(lab, err));
    if (poison_cancelled(&a->settings)) /* what it printed may lack rows */
        TRY(poison_fail_cancelled(err));
done:
    return status;
}

/* All that a command line asks for; what it prints stays whole or does not appear (output.h). */
static int run(struct args *a, struct progress *progress, poison_error *err)
{
    struct output spans = {0};
    struct laboratory lab = {.args = a, .settings = a->settings};
    int status = 0, threads = a->settings.threads;
    TRY(apart_check(a, err));
    if (a->trace)
        TRY(output_open(&spans, a->trace, a->settings.cancel, err));
    if (!blas_threads_start(threads))
        TRY(poison_fail(err, POISON_ENOMEM,
                        "out of memory: no room for the stacks of %d threads: -j takes fewer",
                        threads));
    TRY(work(&lab, err));
done:
    progress_clear(progress);
    if (lab.file.out)
        status = output_close(&lab.file, status, err);
    if (status == 0 && !poison_cancelled(&a->settings))
        report_times(a, &lab.data, &spans);
    if (spans.out)
        status = output_close(&spans, status, err);
    free_laboratory(&lab);
    return status;
}

/* Before the constructors of a static OpenBLAS. */
__attribute__((constructor(101))) static void prepare(void)
{
    const char *sentence = blas_prepare(setenv);
    if (!sentence)
        return;
    dprintf(STDERR_FILENO, "poison: %s\n", sentence);
    _exit(-POISON_ENOMEM);
}

/* Runs the command of the command line, with what watches it: signals, trace, progress. */
static int run_watched(struct args *args, struct poison_trace *trace, double start,
                       poison_error *err)
{
    struct progress progress = {0};
    poison_settings *settings = &args->settings;
    if (args->timing || args->trace) {
        if (trace_open(trace, start, settings->threads, args->trace != NULL) < 0)
            return poison_fail_memory(err, (size_t)settings->threads, 128, "the trace");
        settings->trace = trace;
    }
    if (!args->quiet)
        progress_open(&progress, settings);
    return run(args, &progress, err);
}

/* Exit codes: those of poison.h, without their sign; 128 and the signal that ended it. */
int main(int argc, char **argv)
{
    const volatile sig_atomic_t *stopped = process_begin();
    poison_error err = {""};
    struct args args = {0};
    struct poison_trace trace = {0};
    struct output page; /* of what is asked about the program itself */
    double start = poison_clock();
    int status = output_open(&page, "-", stopped, &err);
    if (status == 0)
        status = args_parse(&args, commands, argc, argv, page.out, &err);
    if (status == ARGS_VERSION)
        help_version(page.out, stderr, &args.settings);
    args.settings.cancel = stopped;
    if (status == 0)
        status = run_watched(&args, &trace, start, &err);
    status = output_close(&page, status, &err);
    if (status < 0 && *stopped)
        status = poison_fail(&err, POISON_ECANCEL, "interrupted");
    trace_close(&trace);
    args_free(&args);
    if (status >= 0 || status == OUTPUT_READER_GONE)
        return 0;
    process_say("", err.text);
    if (status == POISON_ECANCEL)
        _exit(128 + (int)*stopped); /* exit would wait for standard output's reader */
    return -status;
}
