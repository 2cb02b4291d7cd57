/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include "base.h"
#include "process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EVERY 0.1 /* seconds */
#define FIRST 0.5 /* what is done before that needs no line */

/* Many models of a sweep may have the same to say. */
static void warn_once(struct progress *line, const char *sentence)
{
    uint32_t sum = poison_crc32(0, sentence, strlen(sentence));
    for (size_t k = 0; k < line->tolds; k++)
        if (line->told[k] == sum)
            return;
    if (line->tolds < sizeof line->told / sizeof *line->told)
        line->told[line->tolds++] = sum;
    progress_clear(line);
    process_say("warning: ", sentence);
}

static void show(void *self, const poison_progress *p)
{
    struct progress *line = self;
    if (p->warning)
        warn_once(line, p->warning);
    if (p->warning || !line->terminal)
        return;
    double now = poison_clock(), seconds;
    if (line->doing != p->doing) {
        line->doing = p->doing;
        line->begun = line->last = now;
    }
    seconds = now - line->begun;
    if (now < line->last + EVERY || seconds < FIRST || p->share <= 0)
        return;
    line->last = now;
    line->shown = 1;
    fprintf(stderr, "\r\033[K%s %3.0f %%  %.0f %s, %.0f a second, %.0f s left", p->doing,
            100 * p->share, p->done, p->unit, p->done / seconds, seconds / p->share - seconds);
}

void progress_open(struct progress *progress, poison_settings *settings)
{
    *progress = (struct progress){.terminal = isatty(STDERR_FILENO)};
    settings->progress = show;
    settings->progress_self = progress;
}

void progress_clear(struct progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\033[K");
    progress->shown = 0;
}
