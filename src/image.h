/* SPDX-License-Identifier: MIT */
#ifndef POISON_IMAGE_H
#define POISON_IMAGE_H

#include "poison.h"

#include <stdio.h>

int image_ready(poison_error *err);
int image_put_uri(FILE *out, const uint8_t *pixels, int height, int width, poison_error *err);

#endif
