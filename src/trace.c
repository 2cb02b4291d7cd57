/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include "base.h"

static const char *const phase_name[TRACE_PHASES] = {
    "load", "variance", "kernel", "kernel rows", "solve", "predict",
};

double trace_begin(const struct poison_trace *trace)
{
    return trace ? poison_clock() : 0;
}

void trace_end(struct poison_trace *trace, enum trace_phase phase, double begun, double flop, int threads)
{
    if (!trace)
        return;
    trace->phase[phase].seconds += poison_clock() - begun;
    trace->phase[phase].flop += flop;
    trace->phase[phase].threads = threads;
}

static void line(FILE *out, const char *name, double seconds, double total, double flop, int threads)
{
    fprintf(out, "%-12s %9.6f s %5.1f %%", name, seconds, total > 0 ? 100 * seconds / total : 0);
    if (flop > 0 && seconds > 0)
        fprintf(out, " %8.1f GFLOP/s", 1e-9 * flop / seconds);
    else
        fprintf(out, " %16s", "");
    if (threads)
        fprintf(out, " %3d thread%s", threads, threads == 1 ? "" : "s");
    fputc('\n', out);
}

void trace_print(const struct poison_trace *trace, FILE *out)
{
    double total = poison_clock() - trace->start, rest = total;
    for (int p = 0; p < TRACE_PHASES; p++) {
        rest -= trace->phase[p].seconds;
        if (trace->phase[p].seconds > 0)
            line(out, phase_name[p], trace->phase[p].seconds, total, trace->phase[p].flop, trace->phase[p].threads);
    }
    line(out, "other", rest, total, 0, 0);
    line(out, "total", total, total, 0, 0);
}
