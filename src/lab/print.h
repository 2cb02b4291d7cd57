/* SPDX-License-Identifier: MIT */
/* print - the commands' tables: predictions, labels, what a model consists of, what audits find */
#ifndef POISON_PRINT_H
#define POISON_PRINT_H

#include "table.h"

/* the header of print_scoreboard's rows */
#define SCOREBOARD "method\tflipped\testimated\tprecision\trecall\tauc\taverage_precision"

/* The labels that have a row in a table, ascending. */
struct label_list {
    int label[POISON_LABELS], count;
};

void print_predictions(struct sheet *sheet, const poison_set *test, const int *predicted,
                       size_t rows);

/* How often each label was predicted rightly and wrongly. As in the lab, both counts stand under
 * the *predicted* one: "12 incorrect 2's" are images of something else that were called 2.
 * `by_true` counts 2's that were missed instead. */
void print_score(struct sheet *sheet, const struct label_list *labels, const poison_set *test,
                 const int *predicted, int by_true, size_t incorrect[POISON_LABELS]);

/* How many there are of each label in two lists; -1, a removed row, is none. */
void print_counts(struct sheet *sheet, const struct label_list *labels, const char *header,
                  const int *left, size_t lefts, const int *right, size_t rights);
void print_confusion(struct sheet *sheet, const struct label_list *labels, const poison_set *test,
                     const int *predicted);

/* The label that a model gives each row, one a line, without a header; with decisions, what each of
 * its machines says, too. */
int print_labels(struct sheet *sheet, const poison_model *model, const poison_set *rows,
                 int decisions, poison_error *err);

/* A flip file of what differs between two labellings of n rows. */
void print_flips(struct sheet *sheet, const int *before, const int *after, size_t n);

void print_subproblems(struct sheet *sheet, const poison_svm *svm, int seconds);
/* scikit-learn's support_ and dual_coef_, transposed; labels (n) */
int print_support(struct sheet *sheet, const poison_svm *svm, const int *labels, poison_error *err);

/* Rows of one audit, in a table that the caller has begun. */
void print_findings(struct table *t, const int *labels, int method, const poison_findings *found);
void print_joint(struct table *t, const poison_findings *found);
void print_scoreboard(struct table *t, int method, const poison_findings *found,
                      const uint8_t *flipped);

#endif
