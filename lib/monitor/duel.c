/* lib/monitor/duel.c - two versions on the same events: agreement, differences, a verdict. */
#include "monitor/duel.h"
#include "monitor/outcome.h"
#include "stats/paired.h"
#include "stats/tail.h"
#include <math.h>

#define CONFIDENCE 0.95
#define LABELLED_MIN 30 /* below, nothing is decided */

/* lower: a smaller one is better. */
static const struct {
    const char *name;
    bool lower;
} measures[DUEL_MEASURES] = {[DUEL_ACCURACY] = {"accuracy", false},
                             [DUEL_RECALL] = {"recall", false},
                             [DUEL_FPR] = {"fpr", true},
                             [DUEL_AUC] = {"auc", false},
                             [DUEL_COST] = {"cost", true}};
_Static_assert(DUEL_MEASURES == MLOPS_CHALLENGE_MEASURES, "both list the same measures");

int duel_measure_named(const char *name, enum duel_measure *measure, struct mlops_error *err)
{
    for (int i = 0; i < DUEL_MEASURES; i++)
        if (str_equal(name, measures[i].name)) {
            *measure = (enum duel_measure)i;
            return MLOPS_OK;
        }
    mlops_fail(err, MLOPS_INVALID, "versions are not compared by '%s'", name);
    return mlops_hint(err, "by accuracy, recall, fpr, auc or cost");
}

const char *duel_measure_name(enum duel_measure measure)
{
    return measures[measure].name;
}

static bool is_binary(const struct duel_pair *pair)
{
    return pair->label == CLASS_POSITIVE || pair->label == CLASS_NEGATIVE;
}

static bool has_scores(const struct duel_pair *pair)
{
    return isfinite(pair->score[CHAMPION]) && isfinite(pair->score[CHALLENGER]);
}

enum duel_measure duel_default(const struct duel_pair *pairs, size_t count, const struct cost *cost)
{
    if (cost->from)
        return DUEL_COST;
    for (size_t i = 0; i < count; i++)
        if (is_binary(&pairs[i]) && !has_scores(&pairs[i]))
            return DUEL_ACCURACY;
    for (size_t i = 0; i < count; i++)
        if (is_binary(&pairs[i]))
            return DUEL_AUC;
    return DUEL_ACCURACY;
}

/* ---- measures ------------------------------------------------------------------------------- */

/* Does this answer count for the proportion, and is the event among those that it is of? */
typedef bool (*answers)(const struct duel_pair *pair, int side);
typedef bool (*belongs)(const struct duel_pair *pair);

static bool is_labelled(const struct duel_pair *pair)
{
    return pair->label != 0;
}
static bool is_positive(const struct duel_pair *pair)
{
    return pair->label == CLASS_POSITIVE;
}
static bool is_negative(const struct duel_pair *pair)
{
    return pair->label == CLASS_NEGATIVE;
}
static bool is_right(const struct duel_pair *pair, int side)
{
    return pair->prediction[side] == pair->label;
}
static bool says_positive(const struct duel_pair *pair, int side)
{
    return pair->prediction[side] == CLASS_POSITIVE;
}

static struct mlops_challenge_measure compare_share(const struct duel_pair *pairs, size_t count,
                                                    belongs of, answers counts)
{
    struct mlops_challenge_measure measure = {.events = 0};
    uint64_t both = 0, only[2] = {0};
    for (size_t i = 0; i < count; i++) {
        if (!of(&pairs[i]))
            continue;
        bool champion = counts(&pairs[i], CHAMPION), challenger = counts(&pairs[i], CHALLENGER);
        measure.events++;
        both += champion && challenger;
        only[CHAMPION] += champion && !challenger;
        only[CHALLENGER] += challenger && !champion;
    }
    double n = measure.events ? (double)measure.events : NAN;
    struct interval interval =
        paired_proportions(only[CHALLENGER], only[CHAMPION], measure.events, CONFIDENCE);
    measure.champion = (double)(both + only[CHAMPION]) / n;
    measure.challenger = (double)(both + only[CHALLENGER]) / n;
    measure.difference = measure.challenger - measure.champion;
    measure.low = interval.low;
    measure.high = interval.high;
    measure.p = measure.events ? mcnemar(only[CHALLENGER], only[CHAMPION]).mid_p : NAN;
    return measure;
}

static int compare_auc(const struct duel_pair *pairs, size_t count,
                       struct mlops_challenge_measure *measure, struct mlops_error *err)
{
    struct auc_difference difference;
    size_t known = 0;
    bool *labels = xcalloc(count + 1, sizeof(*labels));
    double *scores[2] = {xcalloc(count + 1, sizeof(double)), xcalloc(count + 1, sizeof(double))};
    for (size_t i = 0; i < count; i++) {
        if (!is_binary(&pairs[i]) || !has_scores(&pairs[i]))
            continue;
        labels[known] = is_positive(&pairs[i]);
        scores[CHAMPION][known] = pairs[i].score[CHAMPION];
        scores[CHALLENGER][known++] = pairs[i].score[CHALLENGER];
    }
    int code = paired_auc(labels, scores[CHALLENGER], scores[CHAMPION], known, CONFIDENCE,
                          &difference, err);
    *measure = (struct mlops_challenge_measure){.events = known,
                                                .champion = difference.b,
                                                .challenger = difference.a,
                                                .difference = difference.a - difference.b,
                                                .low = difference.interval.low,
                                                .high = difference.interval.high,
                                                .p = difference.p};
    free(labels);
    free(scores[CHAMPION]);
    free(scores[CHALLENGER]);
    return code;
}

static double cost_of(const struct duel_pair *pair, int side, const struct cost *cost)
{
    bool positive = says_positive(pair, side);
    return is_positive(pair) ? (positive ? 0 : cost->fn) : positive ? cost->fp : 0;
}

/* Money an event, by the mean of the differences and their standard error. */
static struct mlops_challenge_measure compare_cost(const struct duel_pair *pairs, size_t count,
                                                   const struct cost *cost)
{
    struct mlops_challenge_measure measure = {
        .champion = NAN, .challenger = NAN, .difference = NAN, .low = NAN, .high = NAN, .p = NAN};
    double sums[2] = {0}, mean = 0, squares = 0;
    for (size_t i = 0; cost->from && i < count; i++) {
        if (!is_binary(&pairs[i]))
            continue;
        double champion = cost_of(&pairs[i], CHAMPION, cost);
        double challenger = cost_of(&pairs[i], CHALLENGER, cost);
        double by = challenger - champion, off = by - mean; /* Welford 1962 */
        sums[CHAMPION] += champion;
        sums[CHALLENGER] += challenger;
        mean += off / (double)++measure.events;
        squares += off * (by - mean);
    }
    double n = (double)measure.events;
    if (measure.events < 2)
        return measure;
    double error = sqrt(squares / (n - 1) / n), z = normal_quantile((1 + CONFIDENCE) / 2);
    measure.champion = sums[CHAMPION] / n;
    measure.challenger = sums[CHALLENGER] / n;
    measure.difference = mean;
    if (!(error >
          0)) /* they cost the same on every event, or differ the same: no spread is known */
        return measure;
    measure.low = mean - z * error;
    measure.high = mean + z * error;
    measure.p = tail_normal_both(mean / error);
    return measure;
}

/* ---- the verdict ---------------------------------------------------------------------------- */

static enum mlops_challenge_verdict judge(const struct mlops_challenge_measure *measure, bool lower)
{
    if (measure->events < LABELLED_MIN || isnan(measure->difference))
        return MLOPS_CHALLENGE_UNKNOWN;
    if (isnan(measure->low)) /* both answered alike */
        return fabs(measure->difference) > 0 ? MLOPS_CHALLENGE_UNKNOWN : MLOPS_CHALLENGE_EVEN;
    if (measure->low > 0)
        return lower ? MLOPS_CHALLENGE_WORSE : MLOPS_CHALLENGE_BETTER;
    if (measure->high < 0)
        return lower ? MLOPS_CHALLENGE_BETTER : MLOPS_CHALLENGE_WORSE;
    return MLOPS_CHALLENGE_EVEN;
}

static bool within(const struct mlops_challenge_measure *measure, bool lower, double margin)
{
    if (isnan(measure->low))
        return margin > 0 && fabs(measure->difference) <= 0;
    return lower ? measure->high < margin : measure->low > -margin;
}

int duel_judge(const struct duel_pair *pairs, size_t count, const struct cost *cost,
               enum duel_measure by, double margin, struct mlops_challenge_part *part,
               struct mlops_error *err)
{
    struct mlops_challenge_measure *found = part->measures;
    uint64_t same = 0;
    part->pairs = count;
    part->labelled = 0;
    for (size_t i = 0; i < count; i++) {
        same += pairs[i].prediction[CHAMPION] == pairs[i].prediction[CHALLENGER];
        part->labelled += is_labelled(&pairs[i]);
    }
    struct interval interval = interval_wilson((double)same, (double)count, CONFIDENCE);
    part->agreement = (struct mlops_monitor_measure){count ? (double)same / (double)count : NAN,
                                                     interval.low, interval.high};
    found[DUEL_ACCURACY] = compare_share(pairs, count, is_labelled, is_right);
    found[DUEL_RECALL] = compare_share(pairs, count, is_positive, says_positive);
    found[DUEL_FPR] = compare_share(pairs, count, is_negative, says_positive);
    TRY(compare_auc(pairs, count, &found[DUEL_AUC], err));
    found[DUEL_COST] = compare_cost(pairs, count, cost);
    for (int i = 0; i < DUEL_MEASURES; i++)
        found[i].name = measures[i].name;
    part->verdict = judge(&found[by], measures[by].lower);
    part->not_worse =
        part->verdict != MLOPS_CHALLENGE_UNKNOWN && within(&found[by], measures[by].lower, margin);
    return MLOPS_OK;
}
