/* SPDX-License-Identifier: MIT */
/* progress - one line on a terminal that says how far long work is: share, rate, time left */
#ifndef POISON_PROGRESS_H
#define POISON_PROGRESS_H

#include "poison.h"

struct progress {
    int shown;          /* a line stands there */
    const char *doing;  /* the work in hand */
    double begun, last; /* when it began; when the line was last written */
};

/* Made the settings' progress function if standard error is a terminal. At most ten lines a second,
 * none at first. */
void progress_open(struct progress *progress, poison_settings *settings);
/* Wipes the line, before anything else is printed there. */
void progress_clear(struct progress *progress);

#endif
