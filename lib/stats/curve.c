/* lib/stats/curve.c - one walk over all thresholds. */
#include "stats/curve.h"
#include "base/pool.h"
#include "stats/radix.h"
#include "stats/sum.h"
#include <float.h>

__extension__ typedef unsigned __int128 u128;

#define CELLS_PER_CLASS 1024
#define BINS 10  /* of calibration, of equal width, as sklearn.calibration.calibration_curve */
#define BLOCK 16 /* cells that a thread takes at once */

/* ---- thresholds ----------------------------------------------------------------------------- */

/* What is known after so many thresholds, from the highest. */
struct tracer {
    double positives, negatives, at_fpr, target; /* of weights; `target`: how many lift looks at */
    double tp, fp, best, lifted, recall, precision, threshold;
    struct sum area, precisions;
};

static void tracer_start(struct tracer *tracer, double positives, double negatives,
                         const struct metric_options *options)
{
    double share = options->lift_share > 0 ? options->lift_share : 0.1;
    *tracer = (struct tracer){.positives = positives,
                              .negatives = negatives,
                              .at_fpr = options->at_fpr * negatives,
                              .target = share * (positives + negatives),
                              .threshold = NAN};
}

/* On the next threshold lie `tp` and `fp`. */
static void tracer_step(struct tracer *tracer, double tp, double fp, double score)
{
    double above = tracer->tp + tracer->fp;
    sum_add(&tracer->area, fp * (tracer->tp + tp / 2));
    if (above < tracer->target) /* of a tie, the share that is still wanted */
        tracer->lifted += tp * fmin(1, (tracer->target - above) / (tp + fp));
    tracer->tp += tp;
    tracer->fp += fp;
    if (tp > 0)
        sum_add(&tracer->precisions, tp * (tracer->tp / (tracer->tp + tracer->fp)));
    double gap = fabs(tracer->tp * tracer->negatives - tracer->fp * tracer->positives);
    if (gap > tracer->best)
        tracer->best = gap;
    if (tracer->fp <= tracer->at_fpr && tp > 0) {
        tracer->recall = tracer->tp;
        tracer->precision = tracer->tp / (tracer->tp + tracer->fp);
        tracer->threshold = score;
    }
}

static void tracer_values(const struct tracer *tracer, const struct metric_options *options,
                          double values[CURVE_VALUES])
{
    double pairs = tracer->positives * tracer->negatives;
    double share = options->lift_share > 0 ? options->lift_share : 0.1;
    values[CURVE_AUC] = pairs > 0 ? sum_of(&tracer->area) / pairs : NAN;
    values[CURVE_KS] = pairs > 0 ? tracer->best / pairs : NAN;
    values[CURVE_PR_AUC] =
        tracer->positives > 0 ? sum_of(&tracer->precisions) / tracer->positives : NAN;
    values[CURVE_LIFT] = tracer->positives > 0 ? tracer->lifted / tracer->positives / share : NAN;
    values[CURVE_RECALL_AT_FPR] = pairs > 0 ? tracer->recall / tracer->positives : NAN;
    values[CURVE_PRECISION_AT_FPR] = pairs > 0 ? tracer->precision : NAN;
    values[CURVE_THRESHOLD_AT_FPR] = pairs > 0 ? tracer->threshold : NAN;
}

/* ---- cells ---------------------------------------------------------------------------------- */

/* Bin i holds scores above its lower edge up to its upper one. */
static unsigned bin_of(double score)
{
    unsigned bin = 0;
    while (bin + 1 < BINS && score > (bin + 1) * (1.0 / BINS))
        bin++;
    return bin;
}

static size_t largest_cell(size_t rows)
{
    return (rows + CELLS_PER_CLASS - 1) / CELLS_PER_CLASS;
}

struct gatherer {
    size_t most[2];
    double lowest; /* score of the bin's lower edge: what is above needs no new look */
};

static void gather(struct curve *curve, struct gatherer *gatherer, const struct ranking_walk *walk,
                   double score)
{
    struct curve_cell *cell = curve->cell_count ? &curve->cells[curve->cell_count - 1] : NULL;
    bool another = !cell || score <= gatherer->lowest ||
                   cell->rows[1] + walk->group_tp > gatherer->most[1] ||
                   cell->rows[0] + walk->group_fp > gatherer->most[0];
    if (another) {
        unsigned bin = bin_of(score);
        gatherer->lowest = bin > 0 ? bin * (1.0 / BINS) : -HUGE_VAL;
        GROW(curve->cells, curve->cell_count, &curve->cell_capacity);
        cell = &curve->cells[curve->cell_count++];
        *cell = (struct curve_cell){.from = {walk->fp, walk->tp}, .bin = bin};
    }
    cell->rows[1] += walk->group_tp;
    cell->rows[0] += walk->group_fp;
    cell->score = score;
}

/* -ln of the probability given to what happened, clipped to [ε, 1 - ε], ε of a double, as
 * scikit-learn does from 1.2 on (sklearn.metrics.log_loss, eps="auto"). */
static double loss_of(double score, int label)
{
    double p = fmin(fmax(score, DBL_EPSILON), 1 - DBL_EPSILON);
    return label ? -log(p) : -log(1 - p);
}

static void fill_cell(const struct curve *curve, struct curve_cell *cell, int label)
{
    const struct ranking *ranking = curve->ranking;
    const uint64_t *keys = label ? ranking->positive : ranking->negative;
    const double *weights = label ? ranking->positive_weight : ranking->negative_weight;
    struct sum weight = {0}, square = {0}, scores = {0}, losses = {0}, squares = {0};
    size_t from = cell->from[label], to = from + cell->rows[label];
    double score = 0, loss = 0;
    for (size_t i = from; i < to; i++) {
        double w = weights ? weights[i] : 1;
        if (i == from || keys[i] != keys[i - 1]) {
            score = falling_number(keys[i]);
            loss = curve->probabilities ? loss_of(score, label) : 0;
        }
        double error = score - label;
        sum_add(&scores, w * score);
        sum_add(&losses, w * loss);
        sum_add(&squares, w * (error * error));
        if (weights) {
            sum_add(&weight, w);
            sum_add(&square, w * w);
        }
    }
    cell->weight[label] = weights ? sum_of(&weight) : (double)cell->rows[label];
    cell->square[label] = weights ? sum_of(&square) : (double)cell->rows[label];
    cell->scores[label] = sum_of(&scores);
    cell->losses[label] = sum_of(&losses);
    cell->squares[label] = sum_of(&squares);
}

static int fill_block(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct curve *curve = context;
    size_t to = (index + 1) * BLOCK < curve->cell_count ? (index + 1) * BLOCK : curve->cell_count;
    (void)worker, (void)err;
    for (size_t i = index * BLOCK; i < to; i++) {
        fill_cell(curve, &curve->cells[i], 0);
        fill_cell(curve, &curve->cells[i], 1);
    }
    return MLOPS_OK;
}

/* ---- DeLong --------------------------------------------------------------------------------- */

/*
 * Sums of placement values and of their squares, as whole numbers and so without rounding: of a
 * positive, twice the negatives below it (a tie counts once); of a negative, twice the positives
 * above it. DeLong, DeLong and Clarke-Pearson 1988; computed from ranks as Sun and Xu 2014 do.
 */
struct placements {
    u128 sum[2], squares[2];
};

static void place(struct placements *placements, const struct ranking_walk *walk)
{
    uint64_t below = walk->ranking->negatives - walk->fp - walk->group_fp;
    uint64_t positive = 2 * below + walk->group_fp, negative = 2 * walk->tp + walk->group_tp;
    placements->sum[1] += (u128)walk->group_tp * positive;
    placements->squares[1] += (u128)walk->group_tp * positive * positive;
    placements->sum[0] += (u128)walk->group_fp * negative;
    placements->squares[0] += (u128)walk->group_fp * negative * negative;
}

/* The variance of the mean of `rows` placement values out of 2 `others`. */
static double variance(const struct placements *placements, int class, size_t rows, size_t others)
{
    u128 spread =
        rows * placements->squares[class] - placements->sum[class] * placements->sum[class];
    double n = (double)rows, m = 2 * (double)others;
    return (double)spread / (n * n * (n - 1)) / (m * m);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void add_probabilities(const struct curve *curve, const double *weight, double all,
                              double values[CURVE_VALUES])
{
    struct sum losses = {0}, squares = {0}, gap = {0};
    double bins[BINS] = {0};
    for (size_t i = 0; i < curve->cell_count; i++) {
        const struct curve_cell *cell = &curve->cells[i];
        for (int label = 0; label < 2; label++) {
            double w = weight[2 * i + (size_t)label];
            if (!(w > 0))
                continue;
            double scale = w == cell->weight[label] ? 1 : w / cell->weight[label];
            sum_add(&losses, scale * cell->losses[label]);
            sum_add(&squares, scale * cell->squares[label]);
            bins[cell->bin] += scale * cell->scores[label] - (label ? w : 0);
        }
    }
    for (size_t bin = 0; bin < BINS; bin++)
        sum_add(&gap, fabs(bins[bin]));
    values[CURVE_LOG_LOSS] = curve->probabilities ? sum_of(&losses) / all : NAN;
    values[CURVE_BRIER] = curve->probabilities ? sum_of(&squares) / all : NAN;
    values[CURVE_ECE] = curve->probabilities ? sum_of(&gap) / all : NAN;
}

void curve_evaluate(const struct curve *curve, const double *weight, double values[CURVE_VALUES])
{
    struct tracer tracer;
    double total[2] = {0, 0};
    for (size_t i = 0; i < 2 * curve->cell_count; i++)
        total[i % 2] += weight[i];
    tracer_start(&tracer, total[1], total[0], curve->options);
    for (size_t i = 0; i < curve->cell_count; i++)
        if (weight[2 * i] > 0 || weight[2 * i + 1] > 0)
            tracer_step(&tracer, weight[2 * i + 1], weight[2 * i], curve->cells[i].score);
    tracer_values(&tracer, curve->options, values);
    add_probabilities(curve, weight, total[0] + total[1], values);
}

static void walk_thresholds(struct curve *curve, struct tracer *tracer,
                            struct placements *placements)
{
    const struct ranking *ranking = curve->ranking;
    bool weighted = ranking->positive_weight;
    struct gatherer gatherer = {
        .most = {largest_cell(ranking->negatives), largest_cell(ranking->positives)}};
    for (struct ranking_walk walk = {.ranking = ranking}; ranking_next(&walk);) {
        double score = falling_number(walk.key);
        tracer_step(tracer, ranking_group_tp(&walk), ranking_group_fp(&walk), score);
        if (!weighted)
            place(placements, &walk);
        gather(curve, &gatherer, &walk, score);
    }
}

static bool are_probabilities(const struct ranking *ranking)
{
    const uint64_t *keys[] = {ranking->negative, ranking->positive};
    size_t counts[] = {ranking->negatives, ranking->positives};
    for (int label = 0; label < 2; label++)
        if (counts[label] > 0 && !(falling_number(keys[label][0]) <= 1 &&
                                   falling_number(keys[label][counts[label] - 1]) >= 0))
            return false;
    return true;
}

void curve_make(const struct ranking *ranking, const struct metric_options *options,
                struct curve *curve)
{
    struct mlops_error ignored = {0}; /* filling cells does not fail */
    struct placements placements = {0};
    struct tracer tracer;
    size_t positives = ranking->positives, negatives = ranking->negatives;
    *curve = (struct curve){.ranking = ranking,
                            .options = options,
                            .auc_variance = NAN,
                            .probabilities = are_probabilities(ranking)};
    tracer_start(&tracer, ranking->positive_total, ranking->negative_total, options);
    walk_thresholds(curve, &tracer, &placements);
    (void)pool_run((curve->cell_count + BLOCK - 1) / BLOCK, fill_block, curve, &ignored);
    double *weight = xcalloc(2 * curve->cell_count + 1, sizeof(*weight));
    for (size_t i = 0; i < curve->cell_count; i++)
        memcpy(weight + 2 * i, curve->cells[i].weight, sizeof(curve->cells[i].weight));
    tracer_values(&tracer, options, curve->values);
    add_probabilities(curve, weight, ranking->positive_total + ranking->negative_total,
                      curve->values);
    free(weight);
    if (ranking->positive_weight || positives == 0 || negatives == 0)
        return;
    curve->values[CURVE_AUC] =
        (double)placements.sum[0] / 2 / ((double)positives * (double)negatives);
    if (positives > 1 && negatives > 1)
        curve->auc_variance = variance(&placements, 1, positives, negatives) +
                              variance(&placements, 0, negatives, positives);
}

void curve_clear(struct curve *curve)
{
    free(curve->cells);
    *curve = (struct curve){0};
}
