/* SPDX-License-Identifier: MIT */
/* idx - IDX files (MNIST's format), plain or gzipped, and the folders that hold four of them */
#ifndef POISON_IDX_H
#define POISON_IDX_H

#include "poison.h"

/* The first n rows of a folder's training or test pair; with at_most, fewer where there are fewer.
 * Free by set_free. */
int idx_read_folder(poison_set *set, const char *folder, int test, size_t n, int at_most,
                    const poison_settings *settings, poison_error *err);

/* File k of those that reading `path` reads beside it, a folder's four or the labels of one of
 * images; and of those that writing to a folder makes. free() it; NULL: there is none, or no
 * memory. */
enum { IDX_FILES = 4 };
char *idx_source(const char *path, int k);
char *idx_target(const char *folder, int k);

/* Whether a file that begins so is an IDX file, of whatever type. */
int idx_is(const uint8_t first[4]);

/* The first n images of one file, or all; their labels are in the file beside it (labels and idx1
 * for images and idx3). */
int idx_read_images(poison_set *set, const char *path, size_t n, const poison_settings *settings,
                    poison_error *err);

#endif
