/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "source.h"

#include "base.h"
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* MNIST where build.sh puts it: data/mnist, else the user's cache folder; as it was (NULL) if it is
 * in neither. free() it. */
static int find_mnist(char **found, poison_error *err)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *folder = NULL;
    if (access("data/mnist", F_OK) == 0) {
        *found = strdup("data/mnist");
        return *found ? 0 : poison_fail_memory(err, 1, 11, "a name");
    }
    int written;
    if (cache && *cache)
        written = asprintf(&folder, "%s/poison/mnist", cache);
    else
        written = asprintf(&folder, "%s/.cache/poison/mnist", home ? home : "");
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
    const struct sweep *s = &a->sweep;
    int needed = 0;
    for (size_t k = 0; k < a->changes; k++)
        needed |= !a->change[k].file && poison_attack_validates(a->change[k].flip.strategy);
    for (int k = 0; k < a->methods; k++)
        needed |= poison_audit_validates(a->method[k]);
    for (size_t k = 0; k < s->strategies; k++)
        needed |= poison_attack_validates(s->strategy[k]);
    for (size_t k = 0; k < s->defences; k++)
        needed |= s->defence[k].method >= 0 && poison_audit_validates(s->defence[k].method);
    return needed;
}

int source_find(const char **path, char **found, const struct args *a, poison_error *err)
{
    *path = a->source.path ? a->source.path : args_variable();
    *found = NULL;
    int status = *path ? 0 : find_mnist(found, err);
    if (*found)
        *path = *found;
    return status;
}

/* What was said, else the variable's place, else MNIST's, else (lab) the built-in digits. */
int source_load(poison_data *data, const struct args *a, int *fallback, poison_error *err)
{
    poison_source source = a->source;
    char *found;
    int status = source_find(&source.path, &found, a, err);
    if (status < 0)
        return status;
    *fallback = !source.path;
    if (*fallback && !(a->command->flags & BUILT_IN))
        return poison_fail(err, POISON_EDATA,
                           "no MNIST found: './build.sh data' fetches it, --data DIR names a "
                           "folder, "
                           "--data synthetic takes the built-in digits");
    if (*fallback)
        source.path = "synthetic";
    if (!validates(a))
        source.validate = 0;
    struct load_how how = a->how;
    how.few = !a->validate_given, how.mixes = a->sweep.shuffles, how.seed = a->sweep.seed;
    status = load_data(data, &source, &how, &a->settings, err);
    if (status == POISON_EDATA && !a->source.path && !found && !*fallback) {
        poison_error why = *err;
        poison_fail(err, status, "POISON_DATA: %.4900s", why.text);
    }
    free(found);
    return status;
}
