/* SPDX-License-Identifier: MIT */
/* progress - one line on a terminal that says how far long work is: share, rate, time left; and
 * warnings */
#ifndef POISON_PROGRESS_H
#define POISON_PROGRESS_H

#include "poison.h"

struct progress {
    int terminal;       /* standard error is one: else there are warnings only */
    int shown;          /* a line stands there */
    const char *doing;  /* the work in hand */
    double begun, last; /* when it began; when the line was last written */
    uint32_t told[64];  /* checksums of the warnings that were given: each is given once */
    size_t tolds;
};

/* Made the settings' progress function. On a terminal at most ten lines a second, none at first. */
void progress_open(struct progress *progress, poison_settings *settings);
/* Wipes the line, before anything else is printed there. */
void progress_clear(struct progress *progress);

#endif
