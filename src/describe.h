/* SPDX-License-Identifier: MIT */
/* describe - what the data are */
#ifndef POISON_DESCRIBE_H
#define POISON_DESCRIBE_H

#include "table.h"

/* The table of `poison data`; labels (n): as altered. POISON_ENOMEM, POISON_ECANCEL: nothing is printed then. */
int describe_data(struct sheet *sheet, const poison_data *data, const int *labels, const poison_settings *settings,
                  poison_error *err);

/* The lines `# data` that say what lab's tables are about. With JSON: describe_data's table, under the title "data". */
int describe_briefly(struct sheet *sheet, const poison_data *data, const int *labels, const poison_settings *settings,
                     poison_error *err);

#endif
