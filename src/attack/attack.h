/* SPDX-License-Identifier: MIT */
/* attack - what the tables of strategies (attack.c) and of audits (audit.c) say beyond poison.h */
#ifndef POISON_ATTACK_H
#define POISON_ATTACK_H

#include "flips.h"

/* What a strategy or an audit does. */
enum {
    TRAINS = 1,      /* a strategy: models of its own */
    VALIDATES = 2,   /* needs the validation set */
    SEEDED = 4,      /* depends on the seed, */
    RESTARTS = 8,    /* but only if it has restarts */
    NESTED = 16,     /* its first rows for a great count are those for a small one, */
    ONE_BY_ONE = 32, /* also if it goes on from the labels that it made */
    ESTIMATES = 64,  /* how many labels are wrong */
};

/* The audits' names, in the order of their numbers, for lists in help: AUDIT_NAMES("|") is
 * "knn|margin|...". The strategies' are in flips.h, as a part of a flip's words. */
#define AUDIT_NAMES(between) \
    "knn" between "margin" between "loo" between "shapley" between "confident"

int attack_does(int strategy, unsigned flags); /* all of these */
int audit_does(int method, unsigned flags);

/* In plain words: "drawn by lot"; "Asks the poisoned model itself: ..." */
const char *attack_summary(int strategy);
const char *audit_summary(int method);

#endif
