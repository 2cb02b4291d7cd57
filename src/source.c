/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "source.h"

#include "base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* MNIST where build.sh puts it: data/mnist, else the user's cache folder. NULL if it is in neither. free() it. */
static char *find_mnist(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *folder = NULL;
    if (access("data/mnist", F_OK) == 0)
        return strdup("data/mnist");
    int written = cache && *cache ? asprintf(&folder, "%s/poison/mnist", cache)
                                  : asprintf(&folder, "%s/.cache/poison/mnist", home ? home : "");
    if (written >= 0 && access(folder, F_OK) == 0)
        return folder;
    if (written >= 0)
        free(folder);
    return NULL;
}

/* Whether what is asked for looks at the validation set. */
static int validates(const struct args *a)
{
    poison_flip flip;
    int needed = 0, sweeps = strcmp(a->command->name, "sweep") == 0, cleans = strcmp(a->command->name, "clean") == 0;
    for (size_t k = 0; k < a->changes; k++)
        needed |= a->change[k].flip && poison_flip_parse(&flip, a->change[k].flip, NULL, NULL) == 0
                  && poison_attack_validates(flip.strategy);
    for (int k = 0; k < a->methods && !cleans; k++)
        needed |= poison_audit_validates(a->method[k]);
    for (size_t k = 0; k < a->sweep.strategies && sweeps; k++)
        needed |= poison_attack_validates(a->sweep.strategy[k]);
    for (size_t k = 0; k < a->sweep.defences && (sweeps || cleans); k++)
        needed |= a->sweep.defence[k].method >= 0 && poison_audit_validates(a->sweep.defence[k].method);
    return needed;
}

int source_load(poison_data *data, const struct args *a, int *fallback, poison_error *err)
{
    const char *source = a->data ? a->data : getenv("POISON_DATA");
    char *found = source ? NULL : find_mnist();
    size_t more = validates(a) ? a->validate : 0;
    int status;
    *fallback = !source && !found;
    if (*fallback && strcmp(a->command->name, "lab") != 0)
        return poison_fail(err, POISON_EDATA, "no MNIST found: './build.sh data' fetches it, --data DIR names a folder, "
                                              "--data synthetic takes the built-in digits");
    if (*fallback || (source && strcmp(source, "synthetic") == 0)) {
        status = poison_data_draw(data, a->train + more, a->test, &a->settings, err);
    } else {
        /* Fewer rows than the defaults are fine; fewer than were asked for are not. */
        status = poison_data_read(data, source ? source : found, a->train + more, more || !a->train_given, a->test, !a->test_given,
                                  &a->settings, err);
    }
    if (status == 0 && more) {
        status = poison_data_validate(data, a->train, more, err);
        if (status < 0)
            poison_data_free(data);
    }
    if (status == POISON_EDATA && source && !a->data) {
        poison_error why = *err;
        poison_fail(err, status, "POISON_DATA: %.4900s", why.text);
    }
    free(found);
    return status;
}
