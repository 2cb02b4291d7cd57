/* SPDX-License-Identifier: MIT */
#include "budget.h"

#include "base.h"
#include "trace.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <unistd.h>

#define KIB (1 << 10)
#define MIB (1 << 20)

const struct budget_row budget_rows[BUDGET_USES] = {
    [BUDGET_TEXT] = {"text", "all", 1, "a file while it is read, and where its rows begin"},
    [BUDGET_DATA] = {"data", "all", 1,
                     "rows: a byte a feature, or 8 where not all are 0 to 255; beside the text"},
    [BUDGET_COPIES] = {"copies", "all", 1,
                       "rows of decimals, or of very many features, as they are multiplied"},
    [BUDGET_KERNEL] = {"kernel", "what data leave", 1,
                       "the matrix, 4 bytes a pair of rows, if it fits and rows are few"},
    [BUDGET_CACHE] = {"cache", "what data leave", 1,
                      "without a matrix: kernel rows on demand, machines in training"},
    [BUDGET_BATCHES] = {"batches", "1/16", 16,
                        "rows multiplied at a time for the cache; two batches a thread at least"},
    [BUDGET_TESTS] = {"tests", "1/8", 8,
                      "kernel values of test rows, kept for the next model if they fit"},
    [BUDGET_DECISIONS] = {"decisions", "all, 1/4", 4,
                          "decision values of test rows; predict takes rows by the quarter"},
    [BUDGET_SWEEP] = {"sweep", "1/models", 1,
                      "each of a sweep's 1 to 3: the victim's, an attacker's, an auditor's"},
    [BUDGET_FOLDS] = {"folds", "1/threads", 1,
                      "each model in training, of what data and matrix leave"},
};

size_t poison_settings_memory(const poison_settings *settings)
{
    size_t machine = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    size_t most = (size_t)4 << 30;
    if (settings->memory)
        return settings->memory;
    return size_min(machine / 4, most);
}

struct budget budget_whole(const poison_settings *settings)
{
    return (struct budget){settings, poison_settings_memory(settings)};
}

struct budget budget_less(struct budget budget, size_t taken)
{
    budget.left = budget.left > taken ? budget.left - taken : 0;
    return budget;
}

size_t budget_share(const poison_settings *settings, enum budget_use use)
{
    return poison_settings_memory(settings) / budget_rows[use].part;
}

void budget_split(poison_settings *settings, size_t fixed, size_t models)
{
    size_t all = poison_settings_memory(settings);
    if (!settings->sharers) {
        settings->whole_kib = (unsigned)size_min(all / KIB, UINT_MAX);
        settings->sharers = 1;
    }
    settings->sharers *= (int)models;
    settings->memory = fixed < all ? (all - fixed) / models + fixed : all / models;
}

int budget_fail(struct budget budget, double bytes, poison_error *err, const char *what, ...)
{
    const poison_settings *s = budget.settings;
    size_t whole = s->sharers ? s->whole_kib / KIB : poison_settings_memory(s) / MIB;
    char text[4600], shared[64] = "";
    va_list args;
    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    if (s->sharers > 1)
        snprintf(shared, sizeof shared, ", %d models share it", s->sharers);
    return poison_fail(err, POISON_ENOMEM, "out of memory: %s %.0f MiB, --memory %zu leaves %zu%s",
                       text, ceil(bytes / MIB), whole, budget.left / MIB, shared);
}

/* ---- what was taken -------------------------------------------------------------------------- */

/* `by` may be what is given back, negated: it wraps round, and so does the sum. */
static void change(poison_trace *trace, enum budget_use use, size_t by)
{
    _Static_assert((int)BUDGET_USES == (int)TRACE_USES, "each use is counted");
    if (!trace)
        return;
    struct trace_taken *const taken[] = {&trace->taken[use], &trace->taken_in_all};
    for (int k = 0; k < 2; k++) {
        taken[k]->now += by;
        taken[k]->most = size_max(taken[k]->most, taken[k]->now);
    }
}

void budget_take(poison_trace *trace, enum budget_use use, size_t bytes)
{
    change(trace, use, bytes);
}

void budget_give(poison_trace *trace, enum budget_use use, size_t bytes)
{
    change(trace, use, -bytes);
}

void budget_print(const poison_settings *settings, FILE *out)
{
    const struct trace_taken *taken = settings->trace->taken;
    size_t most = settings->trace->taken_in_all.most;
    fputs("memory      ", out);
    for (int use = 0; use < BUDGET_USES; use++)
        if (taken[use].most)
            fprintf(out, " %s %.1f,", budget_rows[use].name, (double)taken[use].most / MIB);
    fprintf(out, " %.1f MiB at a time of --memory %zu\n", (double)most / MIB,
            poison_settings_memory(settings) / MIB);
}
