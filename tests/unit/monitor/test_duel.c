/* tests/unit/monitor/test_duel.c - two versions on the same events, against SciPy 1.17.1: binom.cdf
 * and pmf (McNemar's mid-p), mannwhitneyu (AUC), sem and norm (the interval of costs). McNemar,
 * Tango and DeLong themselves are held against R in tests/unit/stats/test_paired.c. */
#include "test.h"

#include "monitor/duel.h"
#include "monitor/outcome.h"
#include <math.h>

#define EVENTS 400

static double draw(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (double)(*state >> 33) / 2147483648.0;
}

static uint32_t decide(double score)
{
    return score >= 0.5 ? CLASS_POSITIVE : CLASS_NEGATIVE;
}

/* Three in ten are positive; the challenger lifts their scores more. */
static void make(struct duel_pair *pairs)
{
    uint64_t state = 99;
    for (size_t i = 0; i < EVENTS; i++) {
        bool positive = draw(&state) < 0.3;
        double champion = fmin(0.999, 0.65 * draw(&state) + (positive ? 0.25 : 0));
        double challenger = fmin(0.999, 0.6 * draw(&state) + (positive ? 0.4 : 0));
        pairs[i] = (struct duel_pair){.score = {champion, challenger},
                                      .prediction = {decide(champion), decide(challenger)},
                                      .label = positive ? CLASS_POSITIVE : CLASS_NEGATIVE};
    }
}

static void near(double expected, double value)
{
    if (!(fabs(expected - value) <= 1e-9 * fabs(expected)))
        fail_msg("%.17g expected, %.17g found", expected, value);
}

static struct mlops_challenge_part judged(const struct duel_pair *pairs, size_t count,
                                          const struct cost *cost, enum duel_measure by,
                                          double margin)
{
    struct mlops_challenge_part part = {.segment = NULL};
    struct mlops_error err = {0};
    assert_int_equal(MLOPS_OK, duel_judge(pairs, count, cost, by, margin, &part, &err));
    return part;
}

static void figures_equal_scipys(void **state)
{
    struct duel_pair pairs[EVENTS];
    const struct cost cost = {.fp = 5, .fn = 120, .from = (char[]){"monitor"}};
    (void)state;
    make(pairs);
    struct mlops_challenge_part part = judged(pairs, EVENTS, &cost, DUEL_COST, 0);
    const struct mlops_challenge_measure *found = part.measures;
    near(0.685, found[DUEL_ACCURACY].champion);
    near(0.8325, found[DUEL_ACCURACY].challenger);
    near(2.047474323064541e-06, found[DUEL_ACCURACY].p);
    assert_true(found[DUEL_ACCURACY].low > 0 && found[DUEL_ACCURACY].low < 0.1475 &&
                found[DUEL_ACCURACY].high > 0.1475);
    assert_int_equal(132, found[DUEL_RECALL].events);
    near(0.5681818181818182, found[DUEL_RECALL].champion);
    near(0.8181818181818182, found[DUEL_RECALL].challenger);
    near(0.2574626865671642, found[DUEL_FPR].champion);
    near(0.16044776119402984, found[DUEL_FPR].challenger);
    near(0.7949457259158752, found[DUEL_AUC].champion);
    near(0.94343622795115334, found[DUEL_AUC].challenger);
    near(17.962499999999999, found[DUEL_COST].champion);
    near(7.7374999999999998, found[DUEL_COST].challenger);
    near(-14.718734262887208, found[DUEL_COST].low);
    near(-5.7312657371127909, found[DUEL_COST].high);
    near(8.2080840976220344e-06, found[DUEL_COST].p);
    near(243.0 / 400, part.agreement.value);
    assert_int_equal(MLOPS_CHALLENGE_BETTER, part.verdict);
    assert_int_equal(DUEL_COST, duel_default(pairs, EVENTS, &cost));
}

static void whom_the_figures_favour_is_said_from_both_sides(void **state)
{
    struct duel_pair pairs[EVENTS];
    const struct cost none = {.from = NULL}, cost = {.fn = 120, .from = (char[]){"monitor"}};
    (void)state;
    make(pairs);
    assert_int_equal(DUEL_AUC, duel_default(pairs, EVENTS, &none));
    assert_int_equal(MLOPS_CHALLENGE_BETTER, judged(pairs, EVENTS, &none, DUEL_AUC, 0).verdict);
    assert_int_equal(MLOPS_CHALLENGE_BETTER, judged(pairs, EVENTS, &none, DUEL_RECALL, 0).verdict);
    for (size_t i = 0; i < EVENTS; i++) { /* the other way round */
        pairs[i].score[CHAMPION] = pairs[i].score[CHALLENGER];
        pairs[i].prediction[CHAMPION] = pairs[i].prediction[CHALLENGER];
        pairs[i].prediction[CHALLENGER] = CLASS_NEGATIVE;
        pairs[i].score[CHALLENGER] = 0;
    }
    assert_int_equal(MLOPS_CHALLENGE_WORSE, judged(pairs, EVENTS, &cost, DUEL_COST, 0).verdict);
    assert_int_equal(MLOPS_CHALLENGE_WORSE, judged(pairs, EVENTS, &none, DUEL_AUC, 0).verdict);
    struct mlops_challenge_part part = judged(pairs, EVENTS, &none, DUEL_ACCURACY, 0.9);
    assert_true(part.verdict == MLOPS_CHALLENGE_WORSE && part.not_worse);
    part = judged(pairs, EVENTS, &none, DUEL_FPR, 0);
    assert_true(part.verdict == MLOPS_CHALLENGE_BETTER && part.not_worse);
    assert_true(isnan(part.measures[DUEL_COST].difference));
}

static void too_few_labels_and_equal_answers_decide_nothing(void **state)
{
    struct duel_pair pairs[EVENTS];
    const struct cost none = {.from = NULL};
    (void)state;
    make(pairs);
    struct mlops_challenge_part part = judged(pairs, 29, &none, DUEL_ACCURACY, 1);
    assert_true(part.verdict == MLOPS_CHALLENGE_UNKNOWN && !part.not_worse);
    part = judged(pairs, 0, &none, DUEL_AUC, 0);
    assert_true(part.verdict == MLOPS_CHALLENGE_UNKNOWN && isnan(part.agreement.value));
    for (size_t i = 0; i < EVENTS; i++) {
        pairs[i].score[CHALLENGER] = pairs[i].score[CHAMPION];
        pairs[i].prediction[CHALLENGER] = pairs[i].prediction[CHAMPION];
    }
    for (int by = 0; by < DUEL_COST; by++) {
        part = judged(pairs, EVENTS, &none, (enum duel_measure)by, 0.01);
        assert_int_equal(MLOPS_CHALLENGE_EVEN, part.verdict);
        if (by == DUEL_ACCURACY || by == DUEL_AUC)
            assert_true(part.not_worse);
    }
    for (size_t i = 0; i < EVENTS; i++)
        pairs[i].label = 0;
    assert_int_equal(MLOPS_CHALLENGE_UNKNOWN, judged(pairs, EVENTS, &none, DUEL_AUC, 0).verdict);
    assert_int_equal(DUEL_ACCURACY, duel_default(pairs, EVENTS, &none));
}

/* Other classes than 0 and 1: accuracy alone says something. */
static void classes_are_compared_by_accuracy(void **state)
{
    struct duel_pair pairs[100];
    const struct cost none = {.from = NULL};
    (void)state;
    for (uint32_t i = 0; i < 100; i++)
        pairs[i] = (struct duel_pair){.score = {NAN, NAN},
                                      .prediction = {100 + i % 4, i % 10 ? 100 + i % 5 : 7},
                                      .label = 100 + i % 5};
    assert_int_equal(DUEL_ACCURACY, duel_default(pairs, 100, &none));
    struct mlops_challenge_part part = judged(pairs, 100, &none, DUEL_ACCURACY, 0);
    assert_int_equal(MLOPS_CHALLENGE_BETTER, part.verdict);
    near(0.2, part.measures[DUEL_ACCURACY].champion);
    near(0.9, part.measures[DUEL_ACCURACY].challenger);
    assert_true(isnan(part.measures[DUEL_RECALL].difference));
    assert_true(isnan(part.measures[DUEL_AUC].difference));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_equal_scipys),
        cmocka_unit_test(whom_the_figures_favour_is_said_from_both_sides),
        cmocka_unit_test(too_few_labels_and_equal_answers_decide_nothing),
        cmocka_unit_test(classes_are_compared_by_accuracy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
