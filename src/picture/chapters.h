/* SPDX-License-Identifier: MIT */
/* chapters - what the report tells, one function a chapter */
#ifndef POISON_CHAPTERS_H
#define POISON_CHAPTERS_H

#include "metrics.h"
#include "page.h"
#include "print.h"
#include "report.h"

/* What the page begins with, though it is known only at the end. */
struct glance {
    struct metrics clean, poisoned; /* before and after the last dose */
    size_t found, flipped;          /* flips that the best audit found; all of them */
    int audit;                      /* the best one; -1: none */
};

/* The page while it is made. */
struct draft {
    struct page page;
    const struct report *wishes;
    const poison_data *data;
    const poison_settings *settings;
    struct sweep_pair pair;
    const char *from, *to; /* what they are called */
    char number[2][12];
    const char *digit, *image,
        *images; /* or "label", "row", "rows", where the data are no digits */
    struct label_list label;
    int strategy;      /* of the chapters */
    size_t dose;       /* the last one */
    size_t *curve, curves, there; /* the curve's doses; training rows that are `from` */
    int *labels;       /* (n) as altered */
    int *before, *after; /* (m) predicted from clean labels, and from those of the last dose */
    poison_svm *svm;
    poison_attacker *attacker;
    struct glance glance;
};

/* In the order in which they are told: each takes from *r what those before it have found. */
struct chapter {
    const char *id, *title;
    int (*tell)(struct draft *r, poison_error *err);
};
enum { CHAPTERS = 10 };
extern const struct chapter chapters[CHAPTERS];

#endif
