/* SPDX-License-Identifier: MIT */
/*
 * Attacks against exhaustive search over all sets of flips, audits against their definitions: on
 * problems so small that nothing needs to be clever. What is compared with is computed here, by
 * models of other objects.
 */
#include "attack.h"
#include "set.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>

enum { N = 14, V = 24, D = 6, K = 3, SETS = 12 };

/* A data set of three overlapping classes of 8-bit features, and the same with the validation
 * images as test images. */
struct problem {
    poison_data data, swapped;
    uint8_t x[(N + V) * D], z[D];
    int y[N + V], yz[1];
    size_t of_class[K];
};

/* K overlapping clouds, labels in turn; the validation rows follow the N training rows. */
static void make(struct problem *p, uint64_t stream)
{
    memset(p->of_class, 0, sizeof p->of_class);
    for (size_t r = 0; r < N + V; r++) {
        p->y[r] = (int)(r % K);
        p->of_class[p->y[r]] += r < N;
        for (size_t f = 0; f < D; f++)
            p->x[r * D + f] = (uint8_t)(110 + 20 * p->y[r] * (f % 2 == 0)
                                        + 80 * (uniform(stream, r * D + f) - 0.5));
    }
    memset(p->z, 100, D);
    p->yz[0] = 0;
    p->data =
        (poison_data){.train = {.n = N, .d = D, .height = 1, .width = D, .x = p->x, .y = p->y},
                      .test = {.n = 1, .d = D, .height = 1, .width = D, .x = p->z, .y = p->yz},
                      .validation = {.n = V,
                                     .d = D,
                                     .height = 1,
                                     .width = D,
                                     .x = p->x + N * D,
                                     .y = p->y + N}};
    p->swapped = p->data;
    p->swapped.test = p->data.validation;
}

struct objective {
    double share, loss;
};

static int above(struct objective a, struct objective b)
{
    return a.share > b.share || (a.share == b.share && a.loss > b.loss);
}

/* The attacker's objective on labels, by a model of its own. */
static struct objective evaluate(poison_svm *svm, const struct problem *p, const int *labels,
                                 int from, int to)
{
    int predicted[V];
    double sign, images = 0;
    struct objective o = {0, 0};
    assert_int_equal(poison_svm_train(svm, labels, NULL), 0);
    assert_int_equal(poison_svm_predict(svm, 0, predicted, NULL), 0);
    ptrdiff_t machine = poison_svm_machine(svm, from, to, &sign);
    for (size_t t = 0; t < V; t++) {
        if (p->swapped.test.y[t] != from)
            continue;
        images++;
        o.share += predicted[t] == to;
        if (machine >= 0)
            o.loss += fmax(0, 1 - sign * poison_svm_decisions(svm, 0, (size_t)machine)[t]);
    }
    return (struct objective){o.share / images, o.loss / images};
}

static int bits(unsigned set)
{
    return __builtin_popcount(set);
}

/* The labels after the flips of a set: bit k is the k-th row of class 1, which becomes 2. */
static void apply(const struct problem *p, unsigned set, int *labels)
{
    memcpy(labels, p->y, N * sizeof *labels);
    for (size_t r = 0, k = 0; r < N; r++)
        if (p->y[r] == 1 && set >> k++ & 1)
            labels[r] = 2;
}

static unsigned set_of(const struct problem *p, const size_t *row, size_t count)
{
    unsigned set = 0;
    for (size_t r = 0, k = 0; r < N; r++)
        if (p->y[r] == 1) {
            for (size_t q = 0; q < count; q++)
                set |= (unsigned)(row[q] == r) << k;
            k++;
        }
    assert_int_equal(bits(set), count);
    return set;
}

/* For every problem, dose 1..3 and strategy: no set found is better than the best of all; greedy's
 * single flip is the best one; alfa is no worse than far, which it starts with. */
static void no_attack_beats_exhaustive_search(void **state)
{
    (void)state;
    poison_settings settings = poison_settings_default();
    size_t greedy_below = 0;
    for (uint64_t s = 0; s < SETS; s++) {
        struct problem p;
        struct objective value[1 << N], best;
        int labels[N];
        poison_svm *svm;
        poison_attacker *attacker;
        poison_attack_settings attack = {.seed = s, .restarts = s % 3, .beam = s % 2 ? 3 : 0};
        make(&p, s);
        assert_int_equal(poison_svm_new(&svm, &p.swapped, &settings, NULL), 0);
        assert_int_equal(poison_attacker_new(&attacker, &p.data, NULL, &settings, &attack, NULL),
                         0);
        for (unsigned set = 0; set < 1u << p.of_class[1]; set++)
            if (bits(set) <= 3) {
                apply(&p, set, labels);
                value[set] = evaluate(svm, &p, labels, 1, 2);
            }
        for (size_t count = 1; count <= 3; count++) {
            best = (struct objective){-1, 0};
            for (unsigned set = 0; set < 1u << p.of_class[1]; set++)
                if (bits(set) == (int)count && above(value[set], best))
                    best = value[set];
            unsigned far = 0;
            for (int strategy = 0; strategy < POISON_STRATEGIES; strategy++) {
                size_t row[3];
                poison_flip flip = {1, 2, count, strategy};
                assert_int_equal(poison_attack(attacker, p.y, &flip, row, NULL), 0);
                unsigned set = set_of(&p, row, count);
                assert_false(above(value[set], best));
                if (strategy == POISON_GREEDY && count == 1 && !attack.beam)
                    assert_false(above(best, value[set]));
                greedy_below += strategy == POISON_GREEDY && above(best, value[set]);
                far = strategy == POISON_FAR ? set : far;
                if (strategy == POISON_ALFA) /* its first set is far's */
                    assert_false(above(value[far], value[set]));
            }
        }
        poison_attacker_free(attacker);
        poison_svm_free(svm);
    }
    assert_true(greedy_below < 2 * SETS); /* it is a good attack, too */
}

/* near and far sort by the (1, 2) machine's decision on the training rows; ties to the
 * lower row. */
static void near_and_far_sort_by_m(void **state)
{
    (void)state;
    poison_settings settings = poison_settings_default();
    poison_attack_settings attack = {0};
    for (uint64_t s = 0; s < SETS; s++) {
        struct problem p;
        poison_svm *svm;
        poison_attacker *attacker;
        size_t number, row[N];
        double sign;
        make(&p, s);
        memcpy(p.x + 4 * D, p.x + 1 * D, D); /* rows 1 and 4, both of class 1, tie */
        assert_int_equal(poison_svm_new(&svm, &p.data, &settings, NULL), 0);
        assert_int_equal(poison_svm_watch(svm, &p.data.train, &number, NULL), 0);
        assert_int_equal(poison_svm_train(svm, p.y, NULL), 0);
        size_t machine = (size_t)poison_svm_machine(svm, 1, 2, &sign);
        assert_int_equal(poison_svm_decide(svm, number, machine, POISON_ALL, NULL), 0);
        const double *m = poison_svm_decisions(svm, number, machine);
        assert_int_equal(poison_attacker_new(&attacker, &p.data, NULL, &settings, &attack, NULL),
                         0);
        for (int far = 0; far < 2; far++) {
            poison_flip flip = {1, 2, p.of_class[1], far ? POISON_FAR : POISON_NEAR};
            assert_int_equal(poison_attack(attacker, p.y, &flip, row, NULL), 0);
            for (size_t k = 1; k < flip.count; k++) {
                double before = far ? -m[row[k - 1]] : fabs(m[row[k - 1]]),
                       now = far ? -m[row[k]] : fabs(m[row[k]]);
                assert_true(before < now || (before == now && row[k - 1] < row[k]));
            }
        }
        poison_attacker_free(attacker);
        poison_svm_free(svm);
    }
}

/* Over 10000 seeds random meets every set, and its mean objective is that of all sets, within 4
 * standard errors. */
static void random_is_uniform(void **state)
{
    (void)state;
    enum { SEEDS = 10000 };
    poison_settings settings = poison_settings_default();
    struct problem p;
    poison_svm *svm;
    struct objective value[1 << N];
    size_t met[1 << N] = {0}, sets = 0, row[2];
    double all = 0, square = 0, seen = 0;
    int labels[N];
    make(&p, 3);
    assert_int_equal(poison_svm_new(&svm, &p.swapped, &settings, NULL), 0);
    for (unsigned set = 0; set < 1u << p.of_class[1]; set++)
        if (bits(set) == 2) {
            apply(&p, set, labels);
            value[set] = evaluate(svm, &p, labels, 1, 2);
            all += value[set].loss;
            square += value[set].loss * value[set].loss;
            sets++;
        }
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        poison_attacker *attacker;
        poison_attack_settings attack = {.seed = seed};
        poison_flip flip = {1, 2, 2, POISON_RANDOM};
        assert_int_equal(poison_attacker_new(&attacker, &p.data, NULL, &settings, &attack, NULL),
                         0);
        assert_int_equal(poison_attack(attacker, p.y, &flip, row, NULL), 0);
        unsigned set = set_of(&p, row, 2);
        for (size_t r = 0; r < N; r++) /* the smallest keys, the smallest first */
            if (p.y[r] == 1 && r != row[0])
                assert_true(
                    poison_key(seed, 1, row[0]) < poison_key(seed, 1, r)
                    && (r == row[1] || poison_key(seed, 1, row[1]) < poison_key(seed, 1, r)));
        met[set]++;
        seen += value[set].loss;
        poison_attacker_free(attacker);
    }
    for (unsigned set = 0; set < 1u << p.of_class[1]; set++)
        assert_true(bits(set) != 2 || met[set] > 0);
    double mean = all / (double)sets, error = sqrt((square / (double)sets - mean * mean) / SEEDS);
    assert_true(error > 0 && fabs(seen / SEEDS - mean) < 4 * error);
    poison_svm_free(svm);
}

/* ---- audits ---------------------------------------------------------------------------------- */

static double distance(const struct problem *p, size_t r, size_t t)
{
    double sum = 0;
    for (size_t f = 0; f < D; f++)
        sum += pow((double)p->x[r * D + f] - p->x[t * D + f], 2);
    return sum;
}

/* The share of a set's 10 nearest rows (of those there are, counted as 10) that have the label of
 * row t. */
static double utility(const struct problem *p, unsigned set, size_t n, size_t t)
{
    double right = 0;
    for (size_t r = 0; r < n; r++) {
        size_t nearer = 0;
        if (!(set >> r & 1))
            continue;
        for (size_t q = 0; q < n; q++)
            nearer += (set >> q & 1)
                      && (distance(p, q, t) < distance(p, r, t)
                          || (distance(p, q, t) == distance(p, r, t) && q < r));
        right += nearer < 10 && p->y[r] == p->y[t];
    }
    return right / 10;
}

/* The recursion equals the definition: the mean, over all orders of the rows, of what a row adds to
 * those before it. */
static void shapley_is_brute_force(void **state)
{
    (void)state;
    poison_settings settings = poison_settings_default();
    for (size_t n = 8; n <= 13; n += 5) { /* 13: neighbours are more than 10 */
        struct problem p;
        poison_findings found;
        make(&p, n);
        p.data.train.n = n;
        p.data.validation.n = 3;
        assert_int_equal(poison_audit(&found, NULL, &p.data, p.y, POISON_SHAPLEY, 0, &settings,
                                      NULL),
                         0);
        for (size_t r = 0; r < n; r++) {
            double value = 0;
            for (size_t t = N; t < N + 3; t++)
                for (unsigned set = 0; set < 1u << n; set++)
                    if (!(set >> r & 1)) {
                        double orders = tgamma(bits(set) + 1.0) * tgamma((double)n - bits(set))
                                        / tgamma((double)n + 1);
                        value += orders
                                 * (utility(&p, set | 1u << r, n, t) - utility(&p, set, n, t));
                    }
            assert_true(fabs(found.score[r] + value / 3) < 1e-12);
        }
        poison_findings_free(&found);
    }
}

static double mean_loss(const poison_svm *svm, const poison_set *set)
{
    const poison_machine *machine;
    size_t P = poison_svm_machines(svm, &machine);
    double all = 0;
    for (size_t t = 0; t < set->n; t++) {
        double sum = 0, of = 0;
        for (size_t p = 0; p < P; p++)
            if (machine[p].i == set->y[t] || machine[p].j == set->y[t]) {
                double value = poison_svm_decisions(svm, 0, p)[t];
                sum += fmax(0, 1 - (machine[p].i == set->y[t] ? value : -value));
                of++;
            }
        all += sum / of;
    }
    return all / (double)set->n;
}

/* Supporting rows: the score is a fresh model's, bit for bit. The others: the decisions hardly move
 * without them. */
static void loo_is_a_retrain(void **state)
{
    (void)state;
    enum { ROWS = 160, IMAGES = 60 };
    static uint8_t x[(ROWS + IMAGES) * D];
    static int y[ROWS + IMAGES];
    poison_settings settings = poison_settings_default();
    poison_findings found;
    poison_svm *svm, *other;
    uint8_t supports[ROWS];
    int labels[ROWS], called[IMAGES], *predicted = called;
    double worst = 0;
    size_t idle = 0;
    for (size_t r = 0; r < ROWS + IMAGES; r++) { /* three classes that overlap a little */
        y[r] = (int)(r % K);
        for (size_t f = 0; f < D; f++)
            x[r * D + f] = (uint8_t)(60 + 40 * y[r] + 90 * (uniform(90, r * D + f) - 0.5));
    }
    poison_data data = {
        .train = {.n = ROWS + IMAGES, .d = D, .height = 1, .width = D, .x = x, .y = y}};
    assert_int_equal(poison_data_validate(&data, ROWS, IMAGES, NULL), 0);
    poison_data swapped = data;
    swapped.test = data.validation;
    assert_int_equal(poison_svm_new(&svm, &swapped, &settings, NULL), 0);
    assert_int_equal(poison_audit(&found, svm, &data, data.train.y, POISON_LOO, 0, &settings, NULL),
                     0);
    assert_int_equal(poison_svm_train(svm, data.train.y, NULL), 0);
    assert_int_equal(poison_svm_predict(svm, 0, predicted, NULL), 0);
    poison_svm_support(svm, supports);
    double before = mean_loss(svm, &swapped.test);
    assert_int_equal(poison_svm_new(&other, &swapped, &settings, NULL), 0);
    for (size_t r = 0; r < ROWS; r += supports[r] ? 7 : 1) {
        memcpy(labels, data.train.y, sizeof labels);
        labels[r] = -1;
        assert_int_equal(poison_svm_train(other, labels, NULL), 0);
        assert_int_equal(poison_svm_predict(other, 0, predicted, NULL), 0);
        if (supports[r]) {
            double score = before - mean_loss(other, &swapped.test);
            assert_memory_equal(&score, &found.score[r], sizeof score);
            continue;
        }
        idle++;
        assert_true(found.score[r] == 0);
        for (size_t p = 0; p < poison_svm_machines(svm, NULL); p++)
            for (size_t t = 0; t < IMAGES; t++)
                worst = fmax(worst, fabs(poison_svm_decisions(svm, 0, p)[t]
                                         - poison_svm_decisions(other, 0, p)[t]));
    }
    assert_true(idle > 10 && worst <= settings.tolerance);
    poison_findings_free(&found);
    poison_svm_free(svm);
    poison_svm_free(other);
}

/* Labels as they are, 20 random rows merely named as flipped: over 200 draws every audit's AUC is
 * 0.5. */
static void audits_find_nothing_where_nothing_is(void **state)
{
    (void)state;
    enum { ROWS = 200, NAMED = 20, DRAWS = 200 };
    poison_settings settings = poison_settings_default();
    poison_data data;
    poison_svm *svm;
    assert_int_equal(poison_data_draw(&data, ROWS + 50, 1, &settings, NULL), 0);
    assert_int_equal(poison_data_validate(&data, ROWS, 50, NULL), 0);
    assert_int_equal(poison_svm_new(&svm, &data, &settings, NULL), 0);
    for (int method = 0; method < POISON_AUDITS; method++) {
        poison_findings found;
        double sum = 0, square = 0;
        assert_int_equal(poison_audit(&found, svm, &data, data.train.y, method, 1, &settings, NULL),
                         0);
        assert_int_equal(found.ranked, ROWS);
        for (size_t k = 1; k < ROWS; k++) {
            double a = found.score[found.order[k - 1]], b = found.score[found.order[k]];
            assert_true(isnan(b) || a > b || (a == b && found.order[k - 1] < found.order[k]));
        }
        for (uint64_t draw = 0; draw < DRAWS; draw++) {
            uint8_t named[ROWS] = {0};
            double auc = 0;
            for (uint64_t k = 0, left = NAMED; left > 0; k++) {
                size_t r = (size_t)(ROWS * uniform(50 + draw, k));
                left -= !named[r];
                named[r] = 1;
            }
            for (size_t r = 0; r < ROWS; r++)
                for (size_t q = 0; q < ROWS && named[r]; q++)
                    if (!named[q])
                        auc += (found.score[r] > found.score[q]) * 0.5
                               + (found.score[r] >= found.score[q]) * 0.5;
            auc /= NAMED * (ROWS - NAMED);
            sum += auc;
            square += auc * auc;
        }
        double mean = sum / DRAWS, error = sqrt((square / DRAWS - mean * mean) / DRAWS);
        assert_true(error > 0 && fabs(mean - 0.5) < 4 * error);
        poison_findings_free(&found);
    }
    poison_svm_free(svm);
    poison_data_free(&data);
}

static void swap(int *a, int *b)
{
    int t = *a;
    *a = *b, *b = t;
}

/* The next of all orders of n; 0 after the last. */
static int next_order(int *p, int n)
{
    int k = n - 2, q = n - 1;
    while (k >= 0 && p[k] > p[k + 1])
        k--;
    if (k < 0)
        return 0;
    while (p[q] < p[k])
        q--;
    swap(&p[k], &p[q]);
    for (k++, q = n - 1; k < q; k++, q--)
        swap(&p[k], &p[q]);
    return 1;
}

/* Rows of one score: precision is its mean over all their orders, average precision that of whole
 * groups, as scikit-learn has it; whichever rows are flipped. */
static void equal_scores_share(void **state)
{
    (void)state;
    enum { ROWS = 7 };
    double score[ROWS] = {2, 3, 2, 2, 1, NAN, NAN};
    const int group[ROWS] = {1, 0, 1, 1, 2, 3, 3}, last[] = {0, 3, 4, 6};
    size_t order[ROWS] = {1, 0, 2, 3, 4, 5, 6};
    poison_findings found = {.n = ROWS, .score = score, .order = order, .ranked = ROWS};
    for (unsigned mask = 1; mask < 1u << ROWS; mask++) {
        uint8_t flipped[ROWS];
        int F = 0, place[ROWS] = {0, 1, 2, 3, 4, 5, 6}, orders = 0;
        double early = 0, precisions = 0;
        for (int r = 0; r < ROWS; r++)
            F += flipped[r] = mask >> r & 1;
        do { /* the rank of row r: those of better groups, and equal ones before it */
            for (int r = 0; r < ROWS; r++) {
                int rank = 0;
                for (int q = 0; q < ROWS; q++)
                    rank += group[q] < group[r] || (group[q] == group[r] && place[q] < place[r]);
                early += flipped[r] && rank < F;
            }
            orders++;
        } while (next_order(place, ROWS));
        assert_int_equal(orders, 5040);
        for (int r = 0; r < ROWS; r++) {
            int hits = 0;
            for (int q = 0; q < ROWS; q++)
                hits += flipped[q] && group[q] <= group[r];
            precisions += flipped[r] ? hits / (last[group[r]] + 1.0) : 0;
        }
        poison_scores scores = poison_score(&found, flipped);
        assert_true(fabs(scores.precision - early / orders / F) < 1e-12);
        assert_true(scores.recall == scores.precision);
        assert_true(fabs(scores.average_precision - precisions / F) < 1e-12);
    }
}

/* Rows and their labels stand in the order of the keys. */
static void rows_are_mixed_by_key(void **state)
{
    (void)state;
    enum { ROWS = 50 };
    double v[2 * ROWS];
    int y[ROWS];
    poison_set set = {.n = ROWS, .d = 2, .v = v, .y = y};
    for (int r = 0; r < ROWS; r++)
        y[r] = r, v[2 * r] = r, v[2 * r + 1] = -r;
    assert_int_equal(set_mix(&set, 42, NULL), 0);
    for (int k = 0; k < ROWS; k++) {
        assert_true(v[2 * k] == y[k] && v[2 * k + 1] == -y[k]);
        if (k)
            assert_true(poison_key(42, 8, (uint64_t)y[k - 1]) < poison_key(42, 8, (uint64_t)y[k]));
    }
}

/* Inside each class by key, folds of equal size but for one, removed rows in none. */
static void folds_are_stratified(void **state)
{
    (void)state;
    int labels[100], fold[100], again[100], count[3][5] = {{0}};
    for (int r = 0; r < 100; r++)
        labels[r] = r % 10 == 9 ? -1 : r % 3;
    assert_int_equal(poison_folds(fold, labels, 100, 5, 42, NULL), 0);
    assert_int_equal(poison_folds(again, labels, 100, 5, 43, NULL), 0);
    assert_memory_not_equal(fold, again, sizeof fold);
    size_t rank = 0; /* of a row among its class and those before, by counting smaller keys */
    for (size_t r = 0; r < 100; r++) {
        rank = 0;
        for (size_t q = 0; q < 100; q++)
            rank += labels[q] >= 0 && (labels[q] < labels[r]
                    || (labels[q] == labels[r] && poison_key(42, 2, q) < poison_key(42, 2, r)));
        assert_int_equal(fold[r], labels[r] < 0 ? -1 : (int)(rank % 5));
        if (labels[r] >= 0)
            count[labels[r]][fold[r]]++;
    }
    for (int v = 0; v < 3; v++)
        for (int f = 0; f < 5; f++)
            assert_true(count[v][f] == 6);
}

/* The lists for help and completions hold the tables' names, in their order. */
static void names_are_those_of_the_tables(void **state)
{
    (void)state;
    char all[2][80] = {""};
    for (int s = 0; s < POISON_STRATEGIES; s++) {
        strcat(strcat(all[0], s ? "|" : ""), poison_strategy_name(s));
        assert_int_equal(poison_strategy_parse(poison_strategy_name(s)), s);
        assert_non_null(attack_summary(s));
    }
    for (int m = 0; m < POISON_AUDITS; m++) {
        strcat(strcat(all[1], m ? "|" : ""), poison_audit_name(m));
        assert_int_equal(poison_audit_parse(poison_audit_name(m), strlen(poison_audit_name(m))), m);
        assert_non_null(audit_summary(m));
    }
    assert_string_equal(all[0], STRATEGY_NAMES("|"));
    assert_string_equal(all[1], AUDIT_NAMES("|"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_attack_beats_exhaustive_search),
        cmocka_unit_test(near_and_far_sort_by_m),
        cmocka_unit_test(random_is_uniform),
        cmocka_unit_test(shapley_is_brute_force),
        cmocka_unit_test(loo_is_a_retrain),
        cmocka_unit_test(audits_find_nothing_where_nothing_is),
        cmocka_unit_test(equal_scores_share),
        cmocka_unit_test(rows_are_mixed_by_key),
        cmocka_unit_test(folds_are_stratified),
        cmocka_unit_test(names_are_those_of_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
