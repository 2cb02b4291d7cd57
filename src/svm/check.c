/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define LEAST CHECK_ROWS /* weight */
#define SCALE 0x1p-17    /* of doubles' weights: together below 1, so that nothing overflows */
#define STREAM 14        /* of random numbers */

/* The first `rows` of a shuffle (Fisher & Yates) of LEAST .. 2 LEAST - 1 */
static void draw_weights(struct check *check, size_t rows, double scale)
{
    uint8_t left[CHECK_ROWS];
    uint64_t random = 0;
    for (size_t k = 0; k < CHECK_ROWS; k++)
        left[k] = (uint8_t)k;
    for (size_t r = 0; r < rows; r++, random >>= 8) {
        if (r % 8 == 0)
            random = poison_key(STREAM, check->products, r);
        size_t at = r + ((random & 255) * (CHECK_ROWS - r) >> 8);
        check->weight[r] = scale * (LEAST + left[at]);
        left[at] = left[r];
    }
    check->products++;
}

void check_floats(struct check *check, const struct simd *simd, const struct factors_float *of,
                  const float *product, size_t ld)
{
    double want[CHECK_ROWS];
    draw_weights(check, of->rows, 1);
    simd->weigh_floats(check->line, check->weight, of->x, of->step, of->rows, of->width);
    simd->weigh_floats(check->sum, check->weight, product, ld, of->rows, of->columns);
    simd->dots_float(want, check->line, 0, of->z, of->step, of->columns, of->width);
    for (size_t c = 0; c < of->columns; c++)
        check->wrong |= !(check->sum[c] == want[c]); /* nor is it NaN */
}

void check_begin(struct check *check, size_t rows, size_t columns)
{
    check->spots = size_min(size_min(columns, 8 * rows), CHECK_SPOTS);
    check->first = poison_key(STREAM + 1, check->products, 0) % (columns - check->spots + 1);
    check->d = 0;
    draw_weights(check, rows, SCALE);
    memset(check->want, 0, sizeof check->want);
    memset(check->norm, 0, sizeof check->norm);
    memset(check->norms, 0, sizeof check->norms);
}

static void weigh_rows(struct check *check, const struct simd *simd, double *sum, const double *x,
                       size_t step, size_t rows, size_t len)
{
    const double *row[CHECK_ROWS];
    for (size_t r = 0; r < rows; r++)
        row[r] = x + r * step;
    simd->weigh(sum, check->weight, row, rows, len);
}

void check_slice(struct check *check, const struct simd *simd, const struct factors *of)
{
    double dot[CHECK_SPOTS];
    const double *x = of->x, *z = of->z + check->first * of->width;
    size_t width = of->width;
    weigh_rows(check, simd, check->line, x, width, of->rows, width);
    simd->dots(dot, check->line, 0, z, width, check->spots, width);
    for (size_t s = 0; s < check->spots; s++)
        check->want[s] += dot[s];
    simd->dots(dot, z, width, z, width, check->spots, width);
    for (size_t s = 0; s < check->spots; s++)
        check->norm[s] += dot[s];
    simd->dots(dot, x, width, x, width, of->rows, width);
    for (size_t r = 0; r < of->rows; r++)
        check->norms[r] += dot[r];
    check->d += (int)of->width;
}

/*
 * Any order of d products and sums is off by at most about d / 2 epsilon |x| |z| (Higham 2002,
 * section 3.1, with Cauchy & Schwarz), and so are our own sums; twice that is allowed. Terms that
 * underflow are off by less than DBL_MIN each, in the norms too.
 */
void check_doubles(struct check *check, const struct simd *simd, size_t rows, size_t columns,
                   const double *product, size_t ld)
{
    double terms = (double)check->d + 2 * (double)rows + 8, tiny = terms * DBL_MIN, length = 0;
    weigh_rows(check, simd, check->sum, product, ld, rows, columns);
    for (size_t r = 0; r < rows; r++)
        length += check->weight[r] * sqrt(check->norms[r] + tiny);
    for (size_t c = 0; c < columns; c++)
        check->wrong |= !isfinite(check->sum[c]);
    for (size_t s = 0; s < check->spots; s++) {
        double bound = 2 * terms * DBL_EPSILON * length * sqrt(check->norm[s] + tiny) + tiny;
        check->wrong |= !(fabs(check->sum[check->first + s] - check->want[s]) <= bound);
    }
}
