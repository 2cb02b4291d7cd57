/* SPDX-License-Identifier: MIT */
/* apart - no output may be an input too, or another output */
#ifndef POISON_APART_H
#define POISON_APART_H

#include "args.h"

/* Before any work: 0, POISON_ENOMEM, or POISON_EUSAGE with a sentence that names both. Files are
 * the same by device and inode, or by folder and name where they are yet to be made. */
int apart_check(const struct args *args, poison_error *err);

#endif
