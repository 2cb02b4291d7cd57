/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define LEAST CHECK_ROWS /* weight */
#define SCALE 0x1p-17    /* of doubles' weights: together below 1, so that nothing overflows */
#define STREAM 14        /* of random numbers */

static size_t groups(size_t count)
{
    return (count + CHECK_GROUP - 1) / CHECK_GROUP;
}

size_t check_lines(size_t count)
{
    return count > CHECK_GROUP ? groups(count) : 0;
}

/* The first `count` of a shuffle (Fisher & Yates) of LEAST .. 2 LEAST - 1 */
void check_draw(double *weight, size_t count, uint64_t key)
{
    uint8_t left[CHECK_ROWS];
    uint64_t random = 0;
    for (size_t k = 0; k < CHECK_ROWS; k++)
        left[k] = (uint8_t)k;
    for (size_t r = 0; r < count; r++, random >>= 8) {
        if (r % 8 == 0)
            random = poison_key(STREAM, key, r);
        size_t at = r + ((random & 255) * (CHECK_ROWS - r) >> 8);
        weight[r] = LEAST + left[at];
        left[at] = left[r];
    }
}

void check_add_up(float *line, const struct simd *simd, const double *weight, const float *z,
                  size_t count, size_t d)
{
    enum { WIDTH = 512 };
    double sum[WIDTH];
    for (size_t r = 0; r < count; r += CHECK_GROUP, line += d)
        for (size_t f = 0; f < d; f += WIDTH) {
            size_t width = size_min(d - f, WIDTH);
            simd->weigh_floats(sum, weight + r, z + r * d + f, d, size_min(count - r, CHECK_GROUP),
                               width);
            for (size_t t = 0; t < width; t++)
                line[f + t] = (float)sum[t];
        }
}

/* The groups' lines are added up, too: line . x_r is the weighted sum of the product's row r. */
void check_floats(struct check *check, const struct simd *simd, const struct factors_float *of,
                  const float *product, size_t ld)
{
    static const double one[CHECK_ROWS / CHECK_GROUP] = {1, 1, 1, 1};
    double want[CHECK_ROWS];
    if (of->line)
        simd->weigh_floats(check->line, one, of->line, of->step, groups(of->columns), of->width);
    else
        simd->weigh_floats(check->line, of->weight, of->z, of->step, of->columns, of->width);
    simd->dots_float(want, check->line, 0, of->x, of->step, of->rows, of->width);
    simd->dots_float(check->sum, of->weight, 0, product, ld, of->rows, of->columns);
    for (size_t r = 0; r < of->rows; r++)
        check->wrong |= !(check->sum[r] == want[r]); /* nor is it NaN */
}

void check_begin(struct check *check, size_t rows, size_t columns)
{
    check->spots = size_min(size_min(columns, 8 * rows), CHECK_SPOTS);
    check->first = poison_key(STREAM + 1, check->products, 0) % (columns - check->spots + 1);
    check->d = 0;
    check_draw(check->weight, rows, check->products++);
    for (size_t r = 0; r < rows; r++)
        check->weight[r] *= SCALE;
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
