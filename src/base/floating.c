/* SPDX-License-Identifier: MIT */
#include "floating.h"

#include <string.h>

/* Makes the state that programs begin with. Whether another one stood there: flags that operations
 * raise are none. */
static int make_usual(void)
{
    fenv_t before, after;
    memset(&before, 0, sizeof before);
    memset(&after, 0, sizeof after);
    feclearexcept(FE_ALL_EXCEPT);
    fegetenv(&before);
    fesetenv(FE_DFL_ENV);
    fegetenv(&after);
    return memcmp(&before, &after, sizeof before) != 0;
}

/* Threads that OpenMP begins from now on have the caller's state; those that wait have the host's,
 * which began them. */
struct floating floating_begin(int threads)
{
    struct floating floating = {.threads = 0};
    fegetenv(&floating.host);
    if (!make_usual()) {
        fesetenv(&floating.host); /* the flags */
        return floating;
    }
    floating.threads = threads;
#pragma omp parallel num_threads(threads) if (threads > 1)
    fesetenv(FE_DFL_ENV);
    return floating;
}

void floating_end(struct floating *floating)
{
    if (!floating->threads)
        return;
#pragma omp parallel num_threads(floating->threads) if (floating->threads > 1)
    fesetenv(&floating->host);
}
