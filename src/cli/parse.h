/* SPDX-License-Identifier: MIT */
/*
 * parse - what the words behind an option mean: each function reads one kind of them into its
 * fields of struct args
 */
#ifndef POISON_PARSE_H
#define POISON_PARSE_H

#include "options.h"

#define ISA_NAMES "c|avx2|avx512|vnni|amx"

/* 0, or POISON_EUSAGE (POISON_EDATA for a CPU that lacks the instruction set, POISON_ENOMEM) and a
 * sentence. */
int parse_flip(struct args *a, const char *v, poison_error *err);
int parse_flips(struct args *a, const char *v, poison_error *err);
int parse_pair(struct args *a, const char *v, poison_error *err);
int parse_pairs(struct args *a, const char *v, poison_error *err);
/* Frees what the two have read. */
void forget_pairs(struct args *a);
int parse_doses(struct args *a, const char *v, poison_error *err);
int parse_curve(struct args *a, const char *v, poison_error *err);
int parse_strategy(struct args *a, const char *v, poison_error *err);
int parse_defence(struct args *a, const char *v, poison_error *err);
int parse_methods(struct args *a, const char *v, poison_error *err);
int parse_cleaning(struct args *a, const char *v, poison_error *err);
/* ROWS: 0,5,17-20 */
int parse_rows(struct args *a, const char *v, poison_error *err);
int parse_seed(struct args *a, const char *v, poison_error *err);
int parse_gamma(struct args *a, const char *v, poison_error *err);
int parse_costs(struct args *a, const char *v, poison_error *err);
int parse_gammas(struct args *a, const char *v, poison_error *err);
int parse_weight(struct args *a, const char *v, poison_error *err);
int parse_svm_type(struct args *a, const char *v, poison_error *err);
int parse_probability(struct args *a, const char *v, poison_error *err);
int parse_isa(struct args *a, const char *v, poison_error *err);
int parse_memory(struct args *a, const char *v, poison_error *err);

/* The same into a field, within the row's bounds; a double above 0 if it is to be positive; the
 * number of a row's word. */
int parse_whole(size_t *value, const char *text, const struct option *o, poison_error *err);
int parse_number(double *value, const char *text, int positive, const char *option,
                 poison_error *err);
int parse_choice(int *value, const char *text, const struct option *o, poison_error *err);

/* Whether an item of `size` bytes is one of a list's: what is named twice is refused. */
int is_among(const void *item, const void *list, size_t items, size_t size);
/* Which of the words between | it is, from 0; -1: none. */
int parse_word(const char *words, const char *text);
/* POISON_EUSAGE: "WHAT TEXT: expected this, that or the other", and the tail. */
int fail_word(const char *what, const char *text, const char *words, const char *tail,
              poison_error *err);

#endif
