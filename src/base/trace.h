/* SPDX-License-Identifier: MIT */
/*
 * trace - where the time went: seconds, work and busy threads a phase, and spans for a picture;
 * NULL costs one test
 *
 *     double phase = trace_begin(trace);
 *     trace_room(trace, pieces);
 *     #pragma omp parallel for
 *     for (each piece) {
 *         double piece = trace_begin(trace);
 *         ...
 *         trace_piece(trace, TRACE_KERNEL, piece, NULL);
 *     }
 *     trace_end(trace, TRACE_KERNEL, phase, flop);
 */
#ifndef POISON_TRACE_H
#define POISON_TRACE_H

#include <stddef.h>
#include <stdio.h>

enum trace_phase {
    TRACE_LOAD, TRACE_VARIANCE, TRACE_KERNEL, TRACE_ROWS, TRACE_SOLVE, TRACE_PREDICT, TRACE_PHASES
};

enum trace_count {
    TRACE_TRAINED,    /* machines */
    TRACE_KEPT,       /* machines that no change of labels touched */
    TRACE_ITERATIONS,
    TRACE_COMPUTED,   /* kernel rows of the matrix, or pieces of rows in the cache */
    /* rows or pieces that machines took, each machine counted once while it holds one */
    TRACE_USED,
    TRACE_WAITED,     /* of them, those that were not there and had to be waited for */
    TRACE_COUNTS
};

/* What a span tells of the subproblem it belongs to. */
struct trace_note {
    int i, j; /* labels */
    size_t l, iterations, used, waited;
};

struct trace_span {
    /* a problem in rounds has many pieces, on many threads */
    enum { SPAN_PHASE, SPAN_PIECE, SPAN_PROBLEM } kind;
    enum trace_phase phase;
    int thread;
    double begun, seconds;
    struct trace_note note; /* l = 0: of no subproblem */
};

enum { TRACE_USES = 10 }; /* of memory, as budget.h has them */

struct trace_taken {
    size_t now, most; /* bytes */
};

struct poison_trace {
    double start; /* poison_clock() when the work began */
    struct {
        double seconds;
        double work; /* flop, or bytes */
    } phase[TRACE_PHASES];
    double count[TRACE_COUNTS];
    struct trace_taken taken[TRACE_USES], taken_in_all;
    int threads;
    struct trace_lane *lane; /* (threads) */
    int keeps_spans;
    struct trace_span *span;
    size_t room, spans, lost; /* lost: there was no memory for them */
};

/* 0, or -1 without memory. trace_close frees. */
int trace_open(struct poison_trace *trace, double start, int threads, int keeps_spans);
void trace_close(struct poison_trace *trace);

double trace_begin(const struct poison_trace *trace);
/* A piece of a phase ends, on any thread of a parallel region. */
void trace_piece(struct poison_trace *trace, enum trace_phase phase, double begun,
                 const struct trace_note *note);

/* Outside parallel regions: so many spans may follow; a phase ends; a subproblem has ended. */
void trace_room(struct poison_trace *trace, size_t spans);
void trace_end(struct poison_trace *trace, enum trace_phase phase, double begun, double work);
void trace_problem(struct poison_trace *trace, double begun, const struct trace_note *note);
void trace_count(struct poison_trace *trace, enum trace_count what, double count);

/* A line a phase: seconds, their share, rate, share of peak[phase] (0: unknown), threads busy. */
void trace_print(const struct poison_trace *trace, double total, const double *peak, FILE *out);

/* All spans in Chrome's trace-event format (JSON), a lane a thread. */
void trace_write(const struct poison_trace *trace, FILE *out);

#endif
