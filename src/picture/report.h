/* SPDX-License-Identifier: MIT */
/* report - the lab, told in one HTML page with pictures */
#ifndef POISON_REPORT_H
#define POISON_REPORT_H

#include "sweep.h"

/* What is asked of it; the command line fills this. */
struct report {
    /* Doses, strategies (the chapters use the first), seeds, how to attack. */
    const struct sweep *sweep;
    size_t *curve;             /* (curves) the doses of the curve */
    size_t curves;
    int curve_given;           /* doses with too few labels are refused, not left out */
    size_t rows;               /* predictions that are shown */
    const int *method;         /* (methods) audits */
    int methods, quiet;
    const char *command, *provenance; /* what makes the page again; describe_provenance's line */
};

/*
 * Writes the page to `out`, all of it or nothing: the data, the first predictions, the score, each
 * of --doses, confusion matrices, the curve, images that changed sides, audits, cleaning, and how
 * to make it again. settings: with the labels' weights. Its numbers are those of the commands'
 * tables, which it is made from: `data-value` and the charts' tooltips hold them in full. No
 * scripts, no requests; well-formed XML. The same bytes for any number of threads. POISON_EDATA
 * before any work for doses that cannot be.
 */
int report_write(FILE *out, const struct report *wishes, const poison_data *data,
                 const poison_settings *settings, poison_error *err);

#endif
