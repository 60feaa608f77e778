/*
 * lib/monitor/outcome.h - how right the predictions were whose labels are known.
 *
 * Whole numbers only, so that a label that is taken back leaves nothing behind, and windows merge
 * in any order to the same bits: scores are rounded to 2^-32, and squares of errors with them.
 */
#ifndef MONITOR_OUTCOME_H
#define MONITOR_OUTCOME_H
#include "stats/wire.h"
#include <mlops/monitor.h>

#define PERFORMANCE_CELLS 1024 /* of the score, from 0 to 1 */
#define CALIBRATION_CELLS 10

/* A prediction and its label. Classes are named by a hash (outcome_class); 0: there is none. */
struct outcome {
    double score; /* NaN: none */
    uint32_t prediction, label;
};

#define CLASS_NEGATIVE 1U
#define CLASS_POSITIVE 2U

/* The class that a text names: "1", "1.0" and "true" are CLASS_POSITIVE, "0", "0.0" and "false"
 * CLASS_NEGATIVE, in any case; others have the hash of their bytes. */
uint32_t outcome_class(const char *text, size_t length);

/* Zeroed is empty. */
struct performance {
    uint64_t labelled, correct;
    uint64_t confusion[2][2]; /* [label][prediction], of those where both are 0 or 1 */
    uint64_t scored;          /* label is 0 or 1, and the score in 0…1: those of what follows */
    uint64_t square, fourth;  /* Σ (score - label)^2 and ^4, in 2^-32 */
    struct {
        uint64_t count, positives, score; /* Σ score in 2^-32 */
    } calibration[CALIBRATION_CELLS];
    uint32_t (*cells)[2]; /* PERFORMANCE_CELLS, [label]; NULL while empty */
};

/* `sign` 1: add; -1: take back one that was added. A prediction that is not there is the score's:
 * positive from 0.5 on. */
void performance_count(struct performance *performance, const struct outcome *outcome, int sign);
void performance_merge(struct performance *performance, const struct performance *other);
/*
 * Proportions with Wilson's interval, AUC with that of Hanley and McNeil 1982, Brier's score with
 * the normal one, all at 95 %.
 */
void performance_measure(const struct performance *performance,
                         struct mlops_monitor_performance *measures);
void performance_encode(const struct performance *performance, struct buffer *out);
void performance_decode(struct wire *wire, struct performance *performance);
void performance_clear(struct performance *performance);

#endif
