/* SPDX-License-Identifier: MIT */
/* describe - what the data are */
#ifndef POISON_DESCRIBE_H
#define POISON_DESCRIBE_H

#include "load.h"
#include "table.h"

/* The table of `poison data`; labels (n): as altered. POISON_ENOMEM, POISON_ECANCEL: nothing is
 * printed then. */
int describe_data(struct sheet *sheet, const poison_data *data, const int *labels,
                  const poison_settings *settings, poison_error *err);

/* The lines `# data` that say what lab's tables are about. With JSON: describe_data's table, under
 * the title "data". */
int describe_briefly(struct sheet *sheet, const poison_data *data, const int *labels,
                     const poison_settings *settings, poison_error *err);

/* A row for each of the first 20 lines of a file that are wrong, and how many there are. Fails only
 * if it cannot be read. */
int describe_problems(struct sheet *sheet, const poison_source *source,
                      const struct load_how *how, size_t *problems,
                      const poison_settings *settings, poison_error *err);

/* How a line of provenance begins: version, command, the data's checksum and sizes; the command's
 * settings follow. data may be NULL; labels (n). After a cancellation the checksum may be of a part
 * of the data. */
void describe_provenance(FILE *out, const char *command, const poison_data *data, const int *labels,
                         const poison_settings *settings);

#endif
