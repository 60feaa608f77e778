/*
 * lib/monitor/duel.h - events that two versions answered, and what follows from them. Knows no
 * database.
 */
#ifndef MONITOR_DUEL_H
#define MONITOR_DUEL_H
#include "monitor/cost.h"
#include <mlops/challenge.h>

enum { CHAMPION = 0, CHALLENGER = 1 };

/* An event that both answered. */
struct duel_pair {
    double score[2];        /* NaN: none */
    uint32_t prediction[2]; /* outcome_class; where there is none, the score's; 0: none */
    uint32_t label;         /* 0: not known */
    uint32_t segment;       /* of the champion's event */
};

enum duel_measure { DUEL_ACCURACY, DUEL_RECALL, DUEL_FPR, DUEL_AUC, DUEL_COST, DUEL_MEASURES };
/* Errors: MLOPS_INVALID with the names that there are. */
int duel_measure_named(const char *name, enum duel_measure *measure, struct mlops_error *err);
const char *duel_measure_name(enum duel_measure measure);
/* What decides where nobody says: see mlops_challenge_options. */
enum duel_measure duel_default(const struct duel_pair *pairs, size_t count,
                               const struct cost *cost);

/*
 * Fill in what of `part` is about the pairs. Proportions are compared by McNemar's test (mid-p)
 * with Tango's interval, AUC by DeLong's, both of lib/stats/paired.h; costs by the normal interval
 * of the mean difference. Errors: MLOPS_IO not enough memory.
 */
int duel_judge(const struct duel_pair *pairs, size_t count, const struct cost *cost,
               enum duel_measure by, double margin, struct mlops_challenge_part *part,
               struct mlops_error *err);

#endif
