/* lib/monitor/outcome.c - predictions held against their labels. */
#include "monitor/outcome.h"
#include "stats/hll.h"
#include "stats/interval.h"
#include <math.h>

#define UNIT 0x1p32
#define CONFIDENCE 0.95

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

uint32_t outcome_class(const char *text, size_t length)
{
    if (length == 0)
        return 0;
    if (is_word(text, length, "1") || is_word(text, length, "true") ||
        is_word(text, length, "1.0"))
        return CLASS_POSITIVE;
    if (is_word(text, length, "0") || is_word(text, length, "false") ||
        is_word(text, length, "0.0"))
        return CLASS_NEGATIVE;
    uint32_t hash = (uint32_t)stats_hash(text, length);
    return hash > CLASS_POSITIVE ? hash : hash + 3;
}

static uint64_t fixed(double share)
{
    return (uint64_t)(share * UNIT + 0.5);
}

static size_t cell_of(double score, size_t cells)
{
    size_t cell = (size_t)(score * (double)cells);
    return cell < cells ? cell : cells - 1;
}

static void count_score(struct performance *performance, double score, bool positive, uint64_t one)
{
    double miss = score - (positive ? 1 : 0), square = miss * miss;
    size_t bin = cell_of(score, CALIBRATION_CELLS);
    performance->scored += one;
    performance->square += one * fixed(square); /* one is 1 or, modulo 2^64, -1 */
    performance->fourth += one * fixed(square * square);
    performance->calibration[bin].count += one;
    performance->calibration[bin].positives += positive ? one : 0;
    performance->calibration[bin].score += one * fixed(score);
    if (!performance->cells)
        performance->cells = xcalloc(PERFORMANCE_CELLS, sizeof(*performance->cells));
    performance->cells[cell_of(score, PERFORMANCE_CELLS)][positive] += (uint32_t)one;
}

void performance_count(struct performance *performance, const struct outcome *outcome, int sign)
{
    uint64_t one = sign < 0 ? UINT64_MAX : 1;
    uint32_t prediction = outcome->prediction;
    bool has_score = outcome->score >= 0 && outcome->score <= 1;
    if (prediction == 0 && has_score)
        prediction = outcome->score >= 0.5 ? CLASS_POSITIVE : CLASS_NEGATIVE;
    bool binary = outcome->label == CLASS_NEGATIVE || outcome->label == CLASS_POSITIVE;
    bool positive = outcome->label == CLASS_POSITIVE;
    performance->labelled += one;
    if (prediction == outcome->label)
        performance->correct += one;
    if (binary && (prediction == CLASS_NEGATIVE || prediction == CLASS_POSITIVE))
        performance->confusion[positive][prediction == CLASS_POSITIVE] += one;
    if (binary && has_score)
        count_score(performance, outcome->score, positive, one);
}

void performance_merge(struct performance *performance, const struct performance *other)
{
    performance->labelled += other->labelled;
    performance->correct += other->correct;
    performance->scored += other->scored;
    performance->square += other->square;
    performance->fourth += other->fourth;
    for (size_t i = 0; i < 4; i++)
        performance->confusion[i / 2][i % 2] += other->confusion[i / 2][i % 2];
    for (size_t i = 0; i < CALIBRATION_CELLS; i++) {
        performance->calibration[i].count += other->calibration[i].count;
        performance->calibration[i].positives += other->calibration[i].positives;
        performance->calibration[i].score += other->calibration[i].score;
    }
    if (!other->cells)
        return;
    if (!performance->cells)
        performance->cells = xcalloc(PERFORMANCE_CELLS, sizeof(*performance->cells));
    for (size_t i = 0; i < PERFORMANCE_CELLS; i++)
        for (size_t label = 0; label < 2; label++)
            performance->cells[i][label] += other->cells[i][label];
}

/* ---- measures ------------------------------------------------------------------------------- */

static struct mlops_monitor_measure proportion(uint64_t part, uint64_t whole)
{
    struct interval interval = interval_wilson((double)part, (double)whole, CONFIDENCE);
    return (struct mlops_monitor_measure){whole ? (double)part / (double)whole : NAN, interval.low,
                                          interval.high};
}

/* By the rank sum over the cells, halves for those that share one; Hanley and McNeil, "The Meaning
 * and Use of the Area under a ROC Curve", Radiology 143 (1982), for the standard error. */
static void measure_auc(const struct performance *performance,
                        struct mlops_monitor_performance *measures)
{
    double below = 0, pairs = 0, ties = 0, n[2] = {0, 0};
    for (size_t i = 0; performance->cells && i < PERFORMANCE_CELLS; i++) {
        double negatives = performance->cells[i][0], positives = performance->cells[i][1];
        pairs += positives * (below + negatives / 2);
        ties += positives * negatives / 2;
        below += negatives;
        n[0] += negatives;
        n[1] += positives;
    }
    measures->auc = (struct mlops_monitor_measure){NAN, NAN, NAN};
    measures->auc_error = NAN;
    if (n[0] == 0 || n[1] == 0)
        return;
    double a = pairs / (n[0] * n[1]);
    double q1 = a / (2 - a), q2 = 2 * a * a / (1 + a);
    double variance = (a * (1 - a) + (n[1] - 1) * (q1 - a * a) + (n[0] - 1) * (q2 - a * a)) /
                      (n[0] * n[1]);
    struct interval interval = interval_normal(a, sqrt(variance > 0 ? variance : 0), CONFIDENCE, 0,
                                               1, INTERVAL_NONE);
    measures->auc = (struct mlops_monitor_measure){a, interval.low, interval.high};
    measures->auc_error = ties / (n[0] * n[1]);
}

static void measure_scores(const struct performance *performance,
                           struct mlops_monitor_performance *measures)
{
    double n = (double)performance->scored, error = 0;
    measures->brier = (struct mlops_monitor_measure){NAN, NAN, NAN};
    measures->calibration_error = NAN;
    if (performance->scored == 0)
        return;
    double mean = (double)performance->square / UNIT / n;
    double variance = (double)performance->fourth / UNIT / n - mean * mean;
    struct interval interval = interval_normal(mean, sqrt((variance > 0 ? variance : 0) / n),
                                               CONFIDENCE, 0, 1, INTERVAL_NONE);
    measures->brier = (struct mlops_monitor_measure){mean, interval.low, interval.high};
    for (size_t i = 0; i < CALIBRATION_CELLS; i++)
        error += fabs((double)performance->calibration[i].positives -
                      (double)performance->calibration[i].score / UNIT);
    measures->calibration_error = error / n;
}

void performance_measure(const struct performance *performance,
                         struct mlops_monitor_performance *measures)
{
    uint64_t tn = performance->confusion[0][0], fp = performance->confusion[0][1];
    uint64_t fn = performance->confusion[1][0], tp = performance->confusion[1][1];
    *measures = (struct mlops_monitor_performance){.labelled = performance->labelled};
    measures->accuracy = proportion(performance->correct, performance->labelled);
    measures->precision = proportion(tp, tp + fp);
    measures->recall = proportion(tp, tp + fn);
    measures->fpr = proportion(fp, fp + tn);
    measure_auc(performance, measures);
    measure_scores(performance, measures);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

void performance_encode(const struct performance *performance, struct buffer *out)
{
    size_t used = 0, before = 0;
    wire_put_varint(out, performance->labelled);
    if (performance->labelled == 0)
        return;
    wire_put_varint(out, performance->correct);
    for (size_t i = 0; i < 4; i++)
        wire_put_varint(out, performance->confusion[i / 2][i % 2]);
    wire_put_varint(out, performance->scored);
    wire_put_varint(out, performance->square);
    wire_put_varint(out, performance->fourth);
    for (size_t i = 0; i < CALIBRATION_CELLS; i++) {
        wire_put_varint(out, performance->calibration[i].count);
        wire_put_varint(out, performance->calibration[i].positives);
        wire_put_varint(out, performance->calibration[i].score);
    }
    for (size_t i = 0; performance->cells && i < PERFORMANCE_CELLS; i++)
        used += (performance->cells[i][0] | performance->cells[i][1]) > 0;
    wire_put_varint(out, used);
    for (size_t i = 0; used > 0 && i < PERFORMANCE_CELLS; i++) {
        if ((performance->cells[i][0] | performance->cells[i][1]) == 0)
            continue;
        wire_put_varint(out, i - before);
        wire_put_varint(out, performance->cells[i][0]);
        wire_put_varint(out, performance->cells[i][1]);
        before = i;
    }
}

static void decode_cells(struct wire *wire, struct performance *performance)
{
    uint64_t used = wire_varint(wire), cell = 0;
    if (used > 0)
        performance->cells = xcalloc(PERFORMANCE_CELLS, sizeof(*performance->cells));
    for (uint64_t i = 0; i < used && !wire->failed; i++) {
        uint64_t distance = wire_varint(wire);
        uint64_t negatives = wire_varint(wire), positives = wire_varint(wire);
        if (distance >= PERFORMANCE_CELLS - cell || negatives > UINT32_MAX ||
            positives > UINT32_MAX) {
            wire->failed = true;
            return;
        }
        cell += distance;
        performance->cells[cell][0] = (uint32_t)negatives;
        performance->cells[cell][1] = (uint32_t)positives;
    }
}

void performance_decode(struct wire *wire, struct performance *performance)
{
    *performance = (struct performance){.labelled = wire_varint(wire)};
    if (performance->labelled == 0)
        return;
    performance->correct = wire_varint(wire);
    for (size_t i = 0; i < 4; i++)
        performance->confusion[i / 2][i % 2] = wire_varint(wire);
    performance->scored = wire_varint(wire);
    performance->square = wire_varint(wire);
    performance->fourth = wire_varint(wire);
    for (size_t i = 0; i < CALIBRATION_CELLS; i++) {
        performance->calibration[i].count = wire_varint(wire);
        performance->calibration[i].positives = wire_varint(wire);
        performance->calibration[i].score = wire_varint(wire);
    }
    decode_cells(wire, performance);
}

void performance_clear(struct performance *performance)
{
    free(performance->cells);
    *performance = (struct performance){0};
}
