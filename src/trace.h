/* SPDX-License-Identifier: MIT */
/* trace - where the time went, phase by phase; a NULL trace costs one test */
#ifndef POISON_TRACE_H
#define POISON_TRACE_H

#include <stdio.h>

enum trace_phase { TRACE_LOAD, TRACE_VARIANCE, TRACE_KERNEL, TRACE_ROWS, TRACE_SOLVE, TRACE_PREDICT, TRACE_PHASES };

struct poison_trace {
    double start; /* poison_clock() when the work began */
    struct {
        double seconds, flop;
        int threads;
    } phase[TRACE_PHASES];
};

/* Use: double t = trace_begin(trace); ...; trace_end(trace, TRACE_KERNEL, t, flop, threads). flop 0: none to speak of */
double trace_begin(const struct poison_trace *trace);
void trace_end(struct poison_trace *trace, enum trace_phase phase, double begun, double flop, int threads);

/* One line a phase: seconds, share of the time since start, GFLOP/s, threads. */
void trace_print(const struct poison_trace *trace, FILE *out);

#endif
