/* SPDX-License-Identifier: MIT */
/* process - signals, standard streams, the one sentence: what a process owes those around it */
#ifndef POISON_PROCESS_H
#define POISON_PROCESS_H

#include <signal.h>

/* First of all. Ctrl-C, SIGTERM and a hangup (but under nohup) now only set the flag that is
 * returned to their number: who works looks at it, and removes what is half written. */
const volatile sig_atomic_t *process_begin(void);

/* "poison: SENTENCE", in one write: others may have the same standard error. `before`: "", or what
 * stands before it. */
void process_say(const char *before, const char *sentence);

#endif
