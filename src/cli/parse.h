/* SPDX-License-Identifier: MIT */
/* parse - what the words behind an option mean: each function reads one kind of them into its fields of struct args */
#ifndef POISON_PARSE_H
#define POISON_PARSE_H

#include "options.h"

#define SET_ISA "c|avx2|avx512|vnni|amx"

/* 0, or POISON_EUSAGE (POISON_EDATA for a CPU that lacks the instruction set, POISON_ENOMEM) and a sentence. */
int set_flip(struct args *a, const char *v, poison_error *err);
int set_flips(struct args *a, const char *v, poison_error *err);
int set_pair(struct args *a, const char *v, poison_error *err);
int set_pairs(struct args *a, const char *v, poison_error *err);
/* Frees what the two have read. */
void forget_pairs(struct args *a);
int set_doses(struct args *a, const char *v, poison_error *err);
int set_curve(struct args *a, const char *v, poison_error *err);
int set_strategy(struct args *a, const char *v, poison_error *err);
int set_defence(struct args *a, const char *v, poison_error *err);
int set_methods(struct args *a, const char *v, poison_error *err);
int set_cleaning(struct args *a, const char *v, poison_error *err);
/* ROWS: 0,5,17-20 */
int set_rows(struct args *a, const char *v, poison_error *err);
int set_seed(struct args *a, const char *v, poison_error *err);
int set_gamma(struct args *a, const char *v, poison_error *err);
int set_costs(struct args *a, const char *v, poison_error *err);
int set_gammas(struct args *a, const char *v, poison_error *err);
int set_weight(struct args *a, const char *v, poison_error *err);
int set_svm_type(struct args *a, const char *v, poison_error *err);
int set_probability(struct args *a, const char *v, poison_error *err);
int set_isa(struct args *a, const char *v, poison_error *err);
int set_memory(struct args *a, const char *v, poison_error *err);

/* The same into a field, within the row's bounds; a double above 0 if it is to be positive; the number of a row's word. */
int set_whole(size_t *value, const char *text, const struct option *o, poison_error *err);
int set_number(double *value, const char *text, int positive, const char *option, poison_error *err);
int set_choice(int *value, const char *text, const struct option *o, poison_error *err);

#endif
