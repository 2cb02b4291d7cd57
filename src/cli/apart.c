/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "apart.h"

#include "base.h"
#include "idx.h"
#include "output.h"
#include "source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Files, each with what the user calls it. */
struct places {
    struct place {
        const char *what;
        char *path;
    } *at;
    size_t count;
    int lost; /* there was no memory for one */
};

/* Takes over `path`, which may be NULL: no memory. */
static void add_made(struct places *p, const char *what, char *path)
{
    struct place *more = path ? realloc(p->at, (p->count + 1) * sizeof *more) : NULL;
    p->lost |= !more;
    if (!more) {
        free(path);
        return;
    }
    p->at = more;
    p->at[p->count++] = (struct place){what, path};
}

static void add(struct places *p, const char *what, const char *path)
{
    if (path)
        add_made(p, what, strdup(path));
}

static void add_joined(struct places *p, const char *what, const char *path, const char *more)
{
    char *joined;
    add_made(p, what, asprintf(&joined, "%s%s", path, more) < 0 ? NULL : joined);
}

static void free_places(struct places *p)
{
    for (size_t k = 0; k < p->count; k++)
        free(p->at[k].path);
    free(p->at);
}

/* Whether the command's -o is a model, with names of labels beside it. */
static int writes_model(const struct args *a)
{
    return a->command->flags & PRINTS_MODEL && !a->grid.folds
           && output_descriptor(a->form.output) < 0;
}

static void list_outputs(struct places *p, const struct args *a)
{
    static const char *const option = "--export";
    add(p, "-o", a->form.output);
    if (writes_model(a))
        add_joined(p, "-o", a->form.output, ".labels");
    add(p, "--trace", a->trace);
    add(p, option, a->data.export_to);
    for (int k = 0; k < IDX_FILES && a->data.export_to; k++)
        add_made(p, option, idx_target(a->data.export_to, k));
}

/* A place of data, and what is read with it. */
static void add_data(struct places *p, const char *what, const char *path)
{
    if (!path || strcmp(path, "synthetic") == 0)
        return;
    add(p, what, path);
    for (int k = 0; k < IDX_FILES; k++) {
        char *part = idx_source(path, k);
        if (part)
            add_made(p, what, part);
    }
}

/* The data, wherever they come from. */
static int list_data(struct places *p, const struct args *a, poison_error *err)
{
    const char *path, *what = a->command->flags & DATA_OPERAND && a->operands ? "DATA" : "--data";
    char *found;
    if (a->command->needs < NEEDS_DATA && !a->source.path)
        return 0;
    int status = source_find(&path, &found, a, err);
    if (!a->source.path)
        what = found ? "MNIST" : "POISON_DATA";
    if (status == 0)
        add_data(p, what, path);
    free(found);
    return status;
}

/* All that is read. */
static int list_inputs(struct places *p, const struct args *a, poison_error *err)
{
    int status = list_data(p, a, err);
    if (status < 0)
        return status;
    add_data(p, "--test-data", a->source.test_path);
    for (size_t k = 0; k < a->changes; k++)
        add(p, "--flips", a->change[k].file);
    add(p, "--truth", a->audit.truth);
    if (a->command->flags & DATA_OPERAND && a->operands > 1) {
        add(p, "MODEL", a->operand[0]);
        add_joined(p, "MODEL", a->operand[0], ".labels");
    }
    if (a->command->flags & READS_TABLE)
        add(p, "standard input", "-");
    return 0;
}

/* Several of the shell's descriptors may well be one file. */
static int clash(const struct place *out, const struct place *other, int is_input)
{
    if (is_input)
        return output_same(out->path, strcmp(other->path, "-") == 0 ? "/dev/stdin" : other->path);
    return (output_descriptor(out->path) < 0 || output_descriptor(other->path) < 0)
           && output_same(out->path, other->path);
}

static int fail_clash(const struct place *out, const struct place *in, poison_error *err)
{
    int standard = output_descriptor(out->path) == STDOUT_FILENO;
    return poison_fail(err, POISON_EUSAGE, "%s%s%s: this is also %s: write to another place",
                       standard ? "standard output" : out->what, standard ? "" : " ",
                       standard ? "" : out->path, in->what);
}

/* Each output with each input, and with each output before it. */
int apart_check(const struct args *a, poison_error *err)
{
    struct places outputs = {0}, inputs = {0};
    int status = 0;
    TRY(list_inputs(&inputs, a, err));
    list_outputs(&outputs, a);
    if (inputs.lost || outputs.lost)
        TRY(poison_fail_memory(err, 1, 4096, "a name"));
    for (size_t k = 0; k < outputs.count; k++) {
        const struct place *out = &outputs.at[k];
        for (size_t q = 0; q < inputs.count; q++)
            if (clash(out, &inputs.at[q], 1))
                TRY(fail_clash(out, &inputs.at[q], err));
        for (size_t q = 0; q < k; q++)
            if (clash(out, &outputs.at[q], 0))
                TRY(poison_fail(err, POISON_EUSAGE, "%s and %s: two files, not one",
                                outputs.at[q].what, out->what));
    }
done:
    free_places(&outputs);
    free_places(&inputs);
    return status;
}
