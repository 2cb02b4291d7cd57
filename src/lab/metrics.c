/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <math.h>

static double ratio(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : NAN;
}

/*
 * Wilson's score interval (Wilson 1927) of a share p = part / n: the shares q for which p is not
 * further than z standard deviations sqrt(q (1 - q) / n) away,
 *
 *      (p + z^2/2n  -+  z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n),   z = 1.96 for 95 %
 *
 * It stays within 0 and 1, and is an interval also where p is 0 or 1.
 */
static void wilson(double p, double n, double *low, double *high)
{
    double z = 1.959963984540054, centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    *low = fmax(0, centre - half);
    *high = fmin(1, centre + half);
}

/* All of it in one pass over the test rows, as counts; then their ratios. */
struct metrics metrics_measure(const poison_set *test, const int *predicted, int from, int to)
{
    struct metrics m = {.success_lo = NAN, .success_hi = NAN};
    size_t from_right = 0, others = 0, others_right = 0;
    for (size_t t = 0; t < test->n; t++) {
        int y = test->y[t], p = predicted[t], is_right = y == p;
        m.right += is_right;
        m.from_test += y == from;
        from_right += y == from && is_right;
        m.from_to += y == from && p == to;
        m.false_to += y != to && p == to;
        others += y != from && y != to;
        others_right += y != from && y != to && is_right;
    }
    m.accuracy = ratio(m.right, test->n);
    m.from_recall = ratio(from_right, m.from_test);
    m.success = ratio(m.from_to, m.from_test);
    m.collateral = ratio(others_right, others);
    if (m.from_test)
        wilson(m.success, (double)m.from_test, &m.success_lo, &m.success_hi);
    return m;
}
