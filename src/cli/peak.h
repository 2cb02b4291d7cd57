/* SPDX-License-Identifier: MIT */
/*
 * peak - how fast this machine is at what the phases do, measured: products within the cache,
 * copies within the cache
 */
#ifndef POISON_PEAK_H
#define POISON_PEAK_H

#include "poison.h"
#include "trace.h"

/* peak[phase], in units of 10^9 a second, of all threads together; 0 where it could not be
 * measured. Kernel phases: their engine multiplying 256 rows with 256 rows of the set again and
 * again. The others: memcpy of 128 KiB, read and written bytes counted. Takes 0.15 s. */
void peak_measure(double peak[TRACE_PHASES], const poison_set *set,
                  const poison_settings *settings);

#endif
