/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include "base.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *unit;
} phases[TRACE_PHASES] = {
    {"load", "GB/s"},           {"variance", "GB/s"}, {"kernel", "GFLOP/s"},
    {"kernel rows", "GFLOP/s"}, {"solve", "GB/s"},    {"predict", "GFLOP/s"},
};

struct trace_lane {
    _Alignas(64) double busy[TRACE_PHASES]; /* a cache line of its own, or two */
};

int trace_open(struct poison_trace *trace, double start, int threads, int keeps_spans)
{
    *trace = (struct poison_trace){.start = start, .threads = threads, .keeps_spans = keeps_spans};
    trace->lane = poison_take_big((size_t)threads, sizeof *trace->lane);
    if (!trace->lane)
        return -1;
    memset(trace->lane, 0, (size_t)threads * sizeof *trace->lane);
    return 0;
}

void trace_close(struct poison_trace *trace)
{
    free(trace->lane);
    free(trace->span);
    *trace = (struct poison_trace){0};
}

/* ---- recording ------------------------------------------------------------------------------- */

double trace_begin(const struct poison_trace *trace)
{
    return trace ? poison_clock() : 0;
}

void trace_room(struct poison_trace *trace, size_t spans)
{
    if (!trace || !trace->keeps_spans || trace->spans + spans <= trace->room)
        return;
    size_t room = 2 * (trace->spans + spans);
    struct trace_span *larger = realloc(trace->span, room * sizeof *larger);
    if (!larger)
        return;
    trace->span = larger;
    trace->room = room;
}

static void keep(struct poison_trace *trace, const struct trace_span *span)
{
    size_t place;
    if (!trace->keeps_spans)
        return;
#pragma omp atomic capture
    place = trace->spans++;
    if (place < trace->room) {
        trace->span[place] = *span;
        return;
    }
#pragma omp atomic
    trace->spans--;
#pragma omp atomic
    trace->lost++;
}

void trace_piece(struct poison_trace *trace, enum trace_phase phase, double begun,
                 const struct trace_note *note)
{
    if (!trace)
        return;
    int thread = omp_get_thread_num();
    struct trace_span span = {SPAN_PIECE, phase, thread, begun, poison_clock() - begun, {0}};
    if (note)
        span.note = *note;
    trace->lane[thread].busy[phase] += span.seconds;
    keep(trace, &span);
}

void trace_end(struct poison_trace *trace, enum trace_phase phase, double begun, double work)
{
    if (!trace)
        return;
    struct trace_span span = {SPAN_PHASE, phase, 0, begun, poison_clock() - begun, {0}};
    trace->phase[phase].seconds += span.seconds;
    trace->phase[phase].work += work;
    trace_room(trace, 1);
    keep(trace, &span);
}

void trace_problem(struct poison_trace *trace, double begun, const struct trace_note *note)
{
    if (!trace)
        return;
    struct trace_span span = {SPAN_PROBLEM, TRACE_SOLVE, 0, begun, poison_clock() - begun, *note};
    trace_room(trace, 1);
    keep(trace, &span);
}

void trace_count(struct poison_trace *trace, enum trace_count what, double count)
{
    if (trace)
        trace->count[what] += count;
}

/* ---- a table for people ---------------------------------------------------------------------- */

static void line(FILE *out, const char *name, double seconds, double total)
{
    fprintf(out, "%-12s %9.6f s %5.1f %%", name, seconds, total > 0 ? 100 * seconds / total : 0);
}

/* peak: the most that the machine can do a second, in the units of the phase's work; 0: unknown. */
static void print_phase(const struct poison_trace *trace, enum trace_phase p, double total,
                        double peak, FILE *out)
{
    double seconds = trace->phase[p].seconds, busy = 0;
    double rate = 1e-9 * trace->phase[p].work / seconds;
    line(out, phases[p].name, seconds, total);
    if (rate > 0)
        fprintf(out, " %8.1f %-7s", rate, phases[p].unit);
    else
        fprintf(out, " %16s", "");
    if (rate > 0 && peak > 0)
        fprintf(out, " %3.0f %% of peak %6.1f", 100 * rate / peak, peak);
    else
        fprintf(out, " %21s", "");
    for (int t = 0; t < trace->threads; t++)
        busy += trace->lane[t].busy[p];
    if (busy > 0)
        fprintf(out, "  %.2f of %d thread%s busy", busy / seconds, trace->threads,
                trace->threads == 1 ? "" : "s");
    fputc('\n', out);
}

/* Phases that took no time are left out; what belongs to none is "other". */
void trace_print(const struct poison_trace *trace, double total, const double *peak, FILE *out)
{
    const double *count = trace->count;
    double rest = total;
    for (int p = 0; p < TRACE_PHASES; p++) {
        rest -= trace->phase[p].seconds;
        if (trace->phase[p].seconds > 0)
            print_phase(trace, p, total, peak[p], out);
    }
    line(out, "other", rest, total);
    fputc('\n', out);
    line(out, "total", total, total);
    fputc('\n', out);
    if (count[TRACE_TRAINED] > 0)
        fprintf(out,
                "machines     %.0f trained, %.0f kept, %.0f iterations\n"
                "kernel rows  %.0f computed, used %.0f times, %.0f waited for\n",
                count[TRACE_TRAINED], count[TRACE_KEPT], count[TRACE_ITERATIONS],
                count[TRACE_COMPUTED], count[TRACE_USED], count[TRACE_WAITED]);
}

/* ---- a picture ------------------------------------------------------------------------------- */

/* One event, its times in microseconds since the start. */
static void write_span(const struct poison_trace *trace, const struct trace_span *s, size_t id,
                       FILE *out)
{
    const char *category = phases[s->phase].name;
    const struct trace_note *n = &s->note;
    char name[32], arguments[160] = "";
    double from = 1e6 * (s->begun - trace->start), duration = 1e6 * s->seconds;
    snprintf(name, sizeof name, "%s", category);
    if (n->l) {
        snprintf(name, sizeof name, "%d:%d", n->i, n->j);
        snprintf(arguments, sizeof arguments,
                 "\"i\":%d,\"j\":%d,\"length\":%zu,\"iterations\":%zu,\"rows\":%zu,\"hits\":%zu,"
                 "\"waits\":%zu",
                 n->i, n->j, n->l, n->iterations, n->used, n->used - n->waited, n->waited);
    }
    if (s->kind == SPAN_PROBLEM) {
        fprintf(out,
                ",\n{\"ph\":\"b\",\"cat\":\"subproblem\",\"id\":%zu,\"pid\":1,\"tid\":0,\"name\":"
                "\"%s\",\"ts\":%.3f,\"args\":{%s}}",
                id, name, from, arguments);
        fprintf(out,
                ",\n{\"ph\":\"e\",\"cat\":\"subproblem\",\"id\":%zu,\"pid\":1,\"tid\":0,\"name\":"
                "\"%s\",\"ts\":%.3f}",
                id, name, from + duration);
    } else {
        fprintf(out,
                ",\n{\"ph\":\"X\",\"cat\":\"%s\",\"pid\":1,\"tid\":%d,\"name\":\"%s\",\"ts\":%.3f,"
                "\"dur\":%.3f,\"args\":{%s}}",
                category, s->thread, name, from, duration, arguments);
    }
}

void trace_write(const struct poison_trace *trace, FILE *out)
{
    fprintf(out,
            "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"program\":\"poison "
            "%s\",\"lost_spans\":%zu},\"traceEvents\":[\n"
            "{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":"
            "\"poison\"}}",
            POISON_VERSION, trace->lost);
    for (int t = 0; t < trace->threads; t++)
        fprintf(out,
                ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":"
                "\"thread %d\"}}",
                t, t);
    for (size_t s = 0; s < trace->spans && !ferror(out); s++)
        write_span(trace, &trace->span[s], s, out);
    fprintf(out, "\n]}\n");
}
