/* SPDX-License-Identifier: MIT */
#include "solve.h"

#include "base.h"
#include "smo.h"
#include "trace.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* that an iteration moves for each of l: F thrice, three kernel values, two masks */
#define STEP_BYTES 38
#define POOL_BYTES (32u << 20) /* gathered rows a thread keeps */
#define PATIENCE 100           /* rounds that bring nobody on */
#define WANTS 32               /* rows that a problem asks for at a time, at most */
/* of these WANTS, beyond what it needs: the fastest of 2 to 14 on all of MNIST */
#define GUESSES 14

static size_t length(const struct task *task)
{
    return task->a->n + task->b->n;
}

static struct smo problem(const struct task *task, const poison_settings *settings)
{
    return (struct smo){
        .n = {task->a->n, task->b->n},
        .C = {task->a->C, task->b->C},
        .tolerance = settings->tolerance,
        .shrinking = settings->shrinking,
        .any_kernel = task->a->diagonal != NULL,
        .max_iterations = settings->max_iterations,
        .simd = simd_loops(settings->isa),
        .cancel = settings->cancel,
    };
}

static size_t state_bytes(const struct task *task)
{
    return smo_bytes((size_t[]){task->a->n, task->b->n}, task->a->diagonal != NULL);
}

static void begin(struct smo *smo, const struct task *task, void *memory)
{
    smo_begin(smo, memory);
    for (int side = 0; side < 2 && smo->any_kernel; side++) {
        const struct class *class = side ? task->b : task->a;
        for (size_t q = 0; q < class->n; q++)
            smo->diagonal[smo_variable(smo, side, q)] = class->diagonal[class->row[q]];
    }
}

static struct trace_note note_of(const struct task *task, const struct smo *smo)
{
    return (struct trace_note){task->a->label,  task->b->label, length(task),
                               smo->iterations, smo->fetched,   smo->waited};
}

static double bytes_moved(const struct task *task, size_t iterations)
{
    return (double)STEP_BYTES * (double)iterations * (double)length(task);
}

static void keep_solution(const struct task *task, const struct smo *smo)
{
    poison_machine *machine = task->machine;
    machine->sv = machine->bounded = 0;
    for (int s = 0; s < 2; s++) {
        const struct class *class = s ? task->b : task->a;
        for (size_t q = 0; q < class->n; q++) {
            double alpha = smo->alpha[smo_variable(smo, s, q)];
            if (!(alpha > 0))
                continue;
            machine->bounded += alpha >= smo->C[s];
            machine->sv_row[machine->sv] = class->row[q];
            machine->sv_coef[machine->sv++] = s ? -alpha : alpha;
        }
    }
    machine->iterations = smo->iterations;
    machine->limited = smo->limited;
    machine->rho = smo->rho;
    machine->objective = smo->objective;
}

/* ---- from a matrix --------------------------------------------------------------------------- */

/* What a thread needs to solve machine after machine: the solver's memory and a pool of gathered
 * kernel rows. */
struct worker {
    const float *matrix;
    size_t ld;
    void *memory;
    float *pool;
    uint32_t *holds; /* variable whose row is in each place of the pool */
    size_t places, next, width;
    const struct class *side[2];
    size_t used;     /* rows */
};

static size_t row_floats(const struct task *task)
{
    return (length(task) + 31) / 16 * 16;
}

/* Takes the pool's next place, other than that of variable `keep`. */
static float *take_place(struct worker *w, struct smo *smo, size_t t, size_t keep)
{
    if (w->holds[w->next] == keep)
        w->next = (w->next + 1) % w->places;
    size_t place = w->next;
    if (w->holds[place] != UINT32_MAX)
        smo->row[w->holds[place]][0] = smo->row[w->holds[place]][1] = NULL;
    w->holds[place] = (uint32_t)t;
    w->next = (place + 1) % w->places;
    return w->pool + place * w->width;
}

/* Where the values of variable t stand against both classes: in the matrix or, gathered, in the
 * pool; keep's place is left alone. */
static int fetch_row(struct smo *smo, size_t t, size_t keep)
{
    struct worker *w = smo->owner;
    int own = t >= smo->begin[1];
    const float *from = w->matrix + w->side[own]->slot[t - smo->begin[own]] * w->ld;
    float *place = NULL;
    for (int side = 0; side < 2; side++) {
        const struct class *class = w->side[side];
        if (class->in_place) {
            smo->row[t][side] = from + class->slot[0];
            continue;
        }
        if (!place)
            place = take_place(w, smo, t, keep);
        for (size_t q = 0; q < class->n; q++)
            place[q] = from[class->slot[q]];
        smo->row[t][side] = place;
        place += class->n;
    }
    return 1;
}

/* One machine, on one thread. 0, or below 0 where it was cancelled. */
static int solve(struct worker *w, const struct task *task, const poison_settings *settings)
{
    double begun = poison_clock();
    struct smo smo = problem(task, settings);
    smo.fetch = fetch_row;
    smo.owner = w;
    w->side[0] = task->a;
    w->side[1] = task->b;
    w->width = row_floats(task);
    w->places = POOL_BYTES / sizeof *w->pool / w->width;
    w->places = size_min(size_max(w->places, 2), length(task));
    w->next = 0;
    memset(w->holds, 0xFF, w->places * sizeof *w->holds);
    begin(&smo, task, w->memory);
    int status = smo_run(&smo);
    if (status == SMO_DONE)
        keep_solution(task, &smo);
    task->machine->seconds = poison_clock() - begun;
    struct trace_note note = note_of(task, &smo);
    trace_piece(settings->trace, TRACE_SOLVE, begun, &note);
    w->used += smo.fetched;
    return status;
}

/* Memory for every thread, for the longest of the tasks: the solver's state and a pool of gathered
 * kernel rows, of POOL_BYTES or what all rows of the longest task take. */
static int take_workers(struct worker **out, const struct task *task, size_t tasks, size_t threads,
                        poison_error *err)
{
    size_t bytes = 64, floats = 0, rows = 2;
    for (size_t k = 0; k < tasks; k++) {
        size_t need = state_bytes(&task[k]), width = row_floats(&task[k]);
        bytes = size_max(bytes, need);
        floats = size_max(floats, width);
        rows = size_max(rows, length(&task[k]));
    }
    size_t pool = size_min(POOL_BYTES / sizeof(float), rows * floats);
    pool = size_max(pool, 2 * floats);
    struct worker *worker = *out = poison_take(threads, sizeof *worker);
    int short_of = !worker;
    for (size_t k = 0; worker && k < threads; k++) {
        worker[k].memory = poison_take_big(bytes, 1);
        worker[k].pool = poison_take_big(pool, sizeof(float));
        worker[k].holds = poison_take(rows, sizeof *worker[k].holds);
        short_of |= !worker[k].memory || !worker[k].pool || !worker[k].holds;
    }
    return short_of ? poison_fail_memory(err, threads, bytes + pool * sizeof(float), "solving") : 0;
}

static void free_workers(struct worker *worker, size_t threads)
{
    for (size_t k = 0; worker && k < threads; k++) {
        free(worker[k].memory);
        free(worker[k].pool);
        free(worker[k].holds);
    }
    free(worker);
}

/* Tasks are independent, and handed out as threads come free, the longest first, so that no thread
 * is left with a long one at the end. */
int solve_from_matrix(const struct task *task, size_t tasks, const float *matrix, size_t ld,
                      const poison_settings *settings, poison_error *err)
{
    struct worker *worker = NULL;
    size_t threads = (size_t)settings->threads;
    int status = 0, cancelled = 0;
    double begun = trace_begin(settings->trace), bytes = 0, all = 0, solved = 0;
    TRY(take_workers(&worker, task, tasks, threads, err));
    for (size_t k = 0; k < threads; k++) {
        worker[k].matrix = matrix;
        worker[k].ld = ld;
    }
    for (size_t k = 0; k < tasks; k++)
        all += (double)length(&task[k]);
    trace_room(settings->trace, tasks);
#pragma omp parallel for schedule(dynamic) num_threads(settings->threads) reduction(| : cancelled)
    for (size_t k = 0; k < tasks; k++) {
        double now;
        cancelled |= solve(worker + omp_get_thread_num(), &task[k], settings) < 0;
#pragma omp atomic capture
        now = solved += (double)length(&task[k]);
        poison_tell(settings, "training", now, "rows", now / all);
    }
    if (cancelled)
        TRY(poison_fail_cancelled(err));
done:
    for (size_t k = 0; k < tasks; k++)
        bytes += bytes_moved(&task[k], task[k].machine->iterations);
    for (size_t k = 0; worker && k < threads; k++)
        trace_count(settings->trace, TRACE_USED, (double)worker[k].used);
    free_workers(worker, threads);
    trace_end(settings->trace, TRACE_SOLVE, begun, bytes);
    return status;
}

/* ---- from a cache, in rounds ----------------------------------------------------------------- */

/* A problem that is under way. */
struct runner {
    const struct task *task; /* NULL: nobody */
    struct rounds *rounds;
    struct smo smo;
    void *memory;
    double begun, seconds;
    struct trace_note last; /* what this turn added */
    int status, moved; /* moved: this turn brought it on */
    size_t wanted[WANTS], wants, needed;
};

struct rounds {
    struct cache *cache;
    const poison_settings *settings;
    struct runner *runner; /* (most) */
    size_t most, running;
    double share; /* told as done */
    struct runner *of_pair[POISON_LABELS][POISON_LABELS];
    struct { /* (n) where each training row stands */
        uint32_t rank; /* in its class */
        int16_t label; /* -1: in none */
    } *of_row;
};

static const struct class *side_of(const struct runner *r, int side)
{
    return side ? r->task->b : r->task->a;
}

static size_t row_of(const struct runner *r, size_t t)
{
    int side = t >= r->smo.begin[1];
    return side_of(r, side)->row[t - r->smo.begin[side]];
}

static int fetch_piece(struct smo *smo, size_t t, size_t keep)
{
    struct runner *r = smo->owner;
    size_t row = row_of(r, t);
    const float *a = cache_get(r->rounds->cache, row, r->task->a->label);
    const float *b = a ? cache_get(r->rounds->cache, row, r->task->b->label) : NULL;
    (void)keep;
    if (!b)
        return 0;
    smo->row[t][0] = a;
    smo->row[t][1] = b;
    return 1;
}

/* Calls visit for every running problem that uses the piece (row, label), with the row's variable
 * there. */
static int visit_users(struct rounds *rounds, size_t row, int label,
                       int (*visit)(struct smo *smo, size_t t))
{
    int own = rounds->of_row[row].label, any = 0;
    for (int other = 0; other < POISON_LABELS; other++) {
        if (own != label && other != label)
            continue;
        struct runner *r = rounds->of_pair[own][other];
        if (r)
            any |= visit(&r->smo,
                         smo_variable(&r->smo, r->task->b->label == own, rounds->of_row[row].rank));
    }
    return any;
}

static int was_used(struct smo *smo, size_t t)
{
    int used = smo->used[t];
    smo->used[t] = 0;
    return used;
}

static int lose_row(struct smo *smo, size_t t)
{
    smo->row[t][0] = smo->row[t][1] = NULL;
    return 0;
}

static int in_use(void *self, size_t row, int label)
{
    return visit_users(self, row, label, was_used);
}

static void forget(void *self, size_t row, int label)
{
    visit_users(self, row, label, lose_row);
}

/* The pieces that only this problem used. */
static void drop_pieces(struct rounds *rounds, const struct task *task)
{
    for (size_t q = 0; q < task->a->n; q++)
        cache_drop(rounds->cache, task->a->row[q], task->b->label);
    for (size_t q = 0; q < task->b->n; q++)
        cache_drop(rounds->cache, task->b->row[q], task->a->label);
}

static void start(struct rounds *rounds, struct runner *r, const struct task *task)
{
    r->task = task;
    r->rounds = rounds;
    r->begun = poison_clock();
    r->seconds = 0;
    r->smo = problem(task, rounds->settings);
    r->smo.fetch = fetch_piece;
    r->smo.owner = r;
    begin(&r->smo, task, r->memory);
    rounds->of_pair[task->a->label][task->b->label] =
        rounds->of_pair[task->b->label][task->a->label] = r;
    rounds->running++;
}

static void finish(struct rounds *rounds, struct runner *r)
{
    keep_solution(r->task, &r->smo);
    r->task->machine->seconds = r->seconds;
    struct trace_note note = note_of(r->task, &r->smo);
    trace_problem(rounds->settings->trace, r->begun, &note);
    trace_count(rounds->settings->trace, TRACE_USED, 2 * (double)note.used);
    trace_count(rounds->settings->trace, TRACE_WAITED, 2 * (double)note.waited);
    rounds->of_pair[r->task->a->label][r->task->b->label] =
        rounds->of_pair[r->task->b->label][r->task->a->label] = NULL;
    drop_pieces(rounds, r->task);
    r->task = NULL;
    rounds->running--;
}

/* Runs a problem until it waits, and lets it say for what. */
static void run(struct runner *r)
{
    double begun = poison_clock();
    struct trace_note before = note_of(r->task, &r->smo);
    size_t iterations = r->smo.iterations, rebuilt = r->smo.rebuild_next;
    int stage = r->smo.stage;
    r->status = smo_run(&r->smo);
    r->moved = r->status != SMO_WAITS || r->smo.iterations != iterations ||
               r->smo.rebuild_next != rebuilt || r->smo.stage != stage;
    r->wants = r->needed = 0;
    if (r->status == SMO_WAITS)
        r->wants = smo_wants(&r->smo, r->wanted, WANTS, GUESSES, &r->needed);
    r->seconds += poison_clock() - begun;
    r->last = note_of(r->task, &r->smo);
    r->last.iterations -= before.iterations;
    r->last.used -= before.used;
    r->last.waited -= before.waited;
    trace_piece(r->rounds->settings->trace, TRACE_SOLVE, begun, &r->last);
}

/* Everybody's needs first, then everybody's guesses. */
static void ask(struct rounds *rounds)
{
    struct cache_user user = {rounds, in_use, forget};
    for (int guessing = 0; guessing < 2; guessing++)
        for (size_t k = 0; k < rounds->most; k++) {
            struct runner *r = &rounds->runner[k];
            if (!r->task)
                continue;
            for (size_t w = guessing ? r->needed : 0; w < (guessing ? r->wants : r->needed); w++)
                if (!cache_ask(rounds->cache, row_of(r, r->wanted[w]), r->task->a->label, &user)
                    || !cache_ask(rounds->cache, row_of(r, r->wanted[w]), r->task->b->label, &user))
                    break;
        }
}

/*
 * How many problems run at a time, and how many pieces the cache may then hold. A problem of l rows
 * uses about l / 16 of them (measured on MNIST: 5.9 %), two pieces each; while they fit, all run,
 * which shares most. At the very least a problem needs the rows of its pair, each against two
 * classes.
 */
static int share_memory(struct rounds *rounds, const struct task *task, size_t tasks, size_t state,
                        size_t bytes, poison_error *err)
{
    size_t threads = (size_t)rounds->settings->threads, l = 0, pieces = 0, labels = 0;
    uint8_t seen[POISON_LABELS] = {0};
    for (size_t k = 0; k < tasks; k++) {
        l += length(&task[k]);
        labels += !seen[task[k].a->label];
        seen[task[k].a->label] = 1;
        labels += !seen[task[k].b->label];
        seen[task[k].b->label] = 1;
    }
    for (rounds->most = tasks; rounds->most > 0; rounds->most--) {
        size_t states = rounds->most * (state + sizeof *rounds->runner);
        size_t touching = size_min(rounds->most, labels - 1);
        pieces = bytes > states ? cache_limit(rounds->cache, bytes - states) : 0;
        size_t comfortable = rounds->most * (l / tasks) / 8 / labels;
        if (pieces >= 2 * touching + 2 && (pieces >= comfortable || rounds->most <= threads))
            return 0;
    }
    return poison_fail_memory(err, 1, solve_least_bytes(task, tasks, rounds->cache),
                              "one machine's kernel rows and state");
}

/* Memory for the state of the largest problem. */
static size_t largest_state(const struct task *task, size_t tasks)
{
    size_t state = 64;
    for (size_t k = 0; k < tasks; k++) {
        size_t need = state_bytes(&task[k]);
        state = size_max(state, need);
    }
    return state;
}

size_t solve_least_bytes(const struct task *task, size_t tasks, const struct cache *cache)
{
    return largest_state(task, tasks) + sizeof(struct runner) + cache_need(cache, 4);
}

static int take_runners(struct rounds *rounds, size_t state, poison_error *err)
{
    rounds->runner = poison_take(rounds->most, sizeof *rounds->runner);
    for (size_t k = 0; rounds->runner && k < rounds->most; k++)
        if (!(rounds->runner[k].memory = poison_take_big(state, 1)))
            return poison_fail_memory(err, rounds->most, state, "solving");
    return rounds->runner
               ? 0
               : poison_fail_memory(err, rounds->most, sizeof *rounds->runner, "solving");
}

static void place_rows(struct rounds *rounds, const struct class *class)
{
    for (size_t q = 0; q < class->n; q++) {
        rounds->of_row[class->row[q]].rank = (uint32_t)q;
        rounds->of_row[class->row[q]].label = (int16_t)class->label;
    }
}

/* All problems run, each until it waits or is done. */
static void run_all(struct rounds *rounds)
{
    poison_trace *trace = rounds->settings->trace;
    double begun = trace_begin(trace), bytes = 0;
    trace_room(trace, rounds->most);
#pragma omp parallel for schedule(dynamic) num_threads(rounds->settings->threads)
    for (size_t k = 0; k < rounds->most; k++)
        if (rounds->runner[k].task)
            run(&rounds->runner[k]);
    for (size_t k = 0; k < rounds->most; k++)
        if (rounds->runner[k].task)
            bytes += bytes_moved(rounds->runner[k].task, rounds->runner[k].last.iterations);
    trace_end(trace, TRACE_SOLVE, begun, bytes);
}

/* A problem's violation falls from 2 to the tolerance, about as a geometric sequence; its share of
 * the work is its length. */
static void tell_progress(struct rounds *rounds, const struct task *task, size_t started,
                          size_t tasks)
{
    const poison_settings *settings = rounds->settings;
    double all = 0, share = 0, iterations = 0;
    if (!settings->progress)
        return;
    for (size_t k = 0; k < tasks; k++) {
        all += (double)length(&task[k]);
        if (k < started) { /* done, unless somebody runs it */
            share += (double)length(&task[k]);
            iterations += (double)task[k].machine->iterations;
        }
    }
    for (size_t k = 0; k < rounds->most; k++) {
        const struct runner *r = &rounds->runner[k];
        if (!r->task)
            continue;
        double way = r->smo.gap < 2 ? log(2 / r->smo.gap) / log(2 / settings->tolerance) : 0;
        share -= (double)length(r->task) * (way < 1 ? 1 - way : 0);
        iterations += (double)r->smo.iterations;
    }
    rounds->share = share / all > rounds->share ? share / all : rounds->share;
    poison_tell(settings, "training", iterations, "iterations", rounds->share);
}

/* Rounds until all tasks are done: run, ask, fill. Where memory ends below what was planned, pieces
 * may be so few that problems take them from each other for ever. */
static int go_round(struct rounds *rounds, const struct task *task, size_t tasks, poison_error *err)
{
    size_t next = 0, idle = 0;
    while (next < tasks || rounds->running) {
        int moved = 0;
        for (size_t k = 0; k < rounds->most && next < tasks; k++)
            if (!rounds->runner[k].task)
                start(rounds, &rounds->runner[k], &task[next++]);
        run_all(rounds);
        if (poison_cancelled(rounds->settings))
            return poison_fail_cancelled(err);
        for (size_t k = 0; k < rounds->most; k++)
            moved |= rounds->runner[k].task && rounds->runner[k].moved;
        idle = moved ? 0 : idle + 1;
        if (idle == PATIENCE)
            return poison_fail_memory(err, 1, solve_least_bytes(task, tasks, rounds->cache),
                                      "one machine's kernel rows and state");
        for (size_t k = 0; k < rounds->most; k++)
            if (rounds->runner[k].task && rounds->runner[k].status == SMO_DONE)
                finish(rounds, &rounds->runner[k]);
        tell_progress(rounds, task, next, tasks);
        ask(rounds);
        int status = cache_fill(rounds->cache, err);
        if (status < 0)
            return status;
    }
    return 0;
}

/* Places the rows, shares out the memory, and goes round. A row is in one class only, so one rank
 * and label a row say where it stands in every problem. */
int solve_from_cache(const struct task *task, size_t tasks, struct cache *cache, size_t rows,
                     size_t bytes, const poison_settings *settings, poison_error *err)
{
    int status = 0;
    size_t state = largest_state(task, tasks);
    struct rounds *rounds = poison_take(1, sizeof *rounds);
    if (!rounds)
        return poison_fail_memory(err, 1, sizeof *rounds, "solving");
    rounds->cache = cache;
    rounds->settings = settings;
    rounds->of_row = poison_take(rows, sizeof *rounds->of_row);
    if (!rounds->of_row)
        TRY(poison_fail_memory(err, rows, sizeof *rounds->of_row, "solving"));
    for (size_t k = 0; k < tasks; k++) {
        place_rows(rounds, task[k].a);
        place_rows(rounds, task[k].b);
    }
    if (tasks) {
        TRY(share_memory(rounds, task, tasks, state, bytes, err));
        TRY(take_runners(rounds, state, err));
        TRY(go_round(rounds, task, tasks, err));
    }
done:
    for (size_t k = 0; rounds->runner && k < rounds->most; k++)
        free(rounds->runner[k].memory);
    free(rounds->runner);
    free(rounds->of_row);
    free(rounds);
    return status;
}
