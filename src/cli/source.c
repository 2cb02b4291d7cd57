/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "source.h"

#include "base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* MNIST where build.sh puts it: data/mnist, else the user's cache folder; as it was (NULL) if it is in neither. free() it. */
static int find_mnist(char **found, poison_error *err)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *folder = NULL;
    if (access("data/mnist", F_OK) == 0) {
        *found = strdup("data/mnist");
        return *found ? 0 : poison_fail_memory(err, 1, 11, "a name");
    }
    int written = cache && *cache ? asprintf(&folder, "%s/poison/mnist", cache)
                                  : asprintf(&folder, "%s/.cache/poison/mnist", home ? home : "");
    if (written < 0)
        return poison_fail_memory(err, 1, 4096, "a name");
    if (access(folder, F_OK) == 0)
        *found = folder;
    else
        free(folder);
    return 0;
}

/* Whether what is asked for looks at the validation set. */
static int validates(const struct args *a)
{
    int needed = 0, reports = strcmp(a->command->name, "report") == 0;
    int sweeps = reports || strcmp(a->command->name, "sweep") == 0, cleans = strcmp(a->command->name, "clean") == 0;
    for (size_t k = 0; k < a->changes; k++)
        needed |= !a->change[k].file && poison_attack_validates(a->change[k].flip.strategy);
    for (int k = 0; k < a->methods && !cleans; k++)
        needed |= poison_audit_validates(a->method[k]);
    for (size_t k = 0; k < a->sweep.strategies && sweeps; k++)
        needed |= poison_attack_validates(a->sweep.strategy[k]);
    for (size_t k = 0; k < a->sweep.defences && (sweeps || cleans); k++)
        needed |= a->sweep.defence[k].method >= 0 && poison_audit_validates(a->sweep.defence[k].method);
    return needed;
}

/* What the command line names: `train` and `grid` take it without --data too. */
static const char *operand(const struct args *a)
{
    int takes = strcmp(a->command->name, "train") == 0 || strcmp(a->command->name, "grid") == 0;
    return takes && a->operands > 0 ? a->operand[0] : a->data;
}

/* Fewer rows than the defaults are fine; fewer than were asked for are not. */
static poison_source wish(const struct args *a, const char *path)
{
    return (poison_source){
        .path = path, .test_path = a->test_data, .format = a->format, .label = a->label_column,
        .train = a->train, .test = a->test, .train_given = a->train_given, .test_given = a->test_given,
    };
}

int source_load_rows(poison_data *data, struct load_width *width, const struct args *a, const char *path, poison_error *err)
{
    poison_source wanted = wish(a, path);
    return load_rows(data, width, &wanted, &a->settings, err);
}

int source_load(poison_data *data, const struct args *a, int *fallback, poison_error *err)
{
    const char *given = operand(a), *source = given ? given : getenv("POISON_DATA");
    char *found = NULL;
    int status = source ? 0 : find_mnist(&found, err);
    if (status < 0)
        return status;
    *fallback = !source && !found;
    if (*fallback && strcmp(a->command->name, "lab") != 0)
        return poison_fail(err, POISON_EDATA, "no MNIST found: './build.sh data' fetches it, --data DIR names a folder, "
                                              "--data synthetic takes the built-in digits");
    poison_source wanted = wish(a, *fallback ? "synthetic" : source ? source : found);
    wanted.validate = validates(a) ? a->validate : 0;
    status = poison_data_load(data, &wanted, &a->settings, err);
    if (status == POISON_EDATA && source && !given) {
        poison_error why = *err;
        poison_fail(err, status, "POISON_DATA: %.4900s", why.text);
    }
    free(found);
    return status;
}
