/* SPDX-License-Identifier: MIT */
/* report - the lab, told in one HTML page with pictures */
#ifndef POISON_REPORT_H
#define POISON_REPORT_H

#include "args.h"

/*
 * Writes the page to `out`, all of it or nothing: the data, the first predictions, the score, each of --doses, confusion
 * matrices, the curve, images that changed sides, audits, cleaning, and how to make it again. pair: --pair. settings: those
 * of args, with the labels' weights. provenance: the line of version, data and settings. Its numbers are those of the commands' tables, which it is made from: `data-value` and the
 * charts' tooltips hold them in full. No scripts, no requests; well-formed XML. The same bytes for any number of threads.
 * POISON_EDATA before any work for doses that cannot be.
 */
int report_write(FILE *out, const struct args *args, const poison_data *data, const struct sweep_pair *pair,
                 const poison_settings *settings, const char *provenance, poison_error *err);

#endif
