/* lib/monitor/estimate.c - scores out of the rosters, calibrated and summed up. */
#include "monitor/estimate.h"
#include "monitor/labels.h"
#include "monitor/outcome.h"
#include "monitor/roster_rows.h"
#include "monitor/window.h"
#include "registry/db.h"
#include "stats/cbpe.h"
#include <math.h>

#define CALIBRATION_NS (7 * 1440 * MINUTE_NS)
#define CALIBRATION_MIN 500 /* labelled events, and of each class a tenth of that */
#define EVENTS_MAX 1000000U /* that are read for one estimate, and for one calibration */

/* Scores of a span; `labels` NULL: with what was predicted, else with what became known. */
struct scores {
    const struct label_list *labels;
    struct cbpe_answer *answers;
    double *scores, *outcomes;
    size_t count, capacity, outcome_capacity, positives;
    bool too_many;
};
static void scores_clear(struct scores *scores)
{
    free(scores->answers);
    free(scores->scores);
    free(scores->outcomes);
}

static int take(void *context, int64_t minute, const struct roster_record *record,
                struct mlops_error *err)
{
    struct scores *scores = context;
    (void)minute;
    (void)err;
    if (!(record->score >= 0 && record->score <= 1))
        return MLOPS_OK;
    scores->too_many |= scores->count >= EVENTS_MAX;
    if (scores->too_many)
        return MLOPS_OK;
    if (!scores->labels) {
        GROW(scores->answers, scores->count, &scores->capacity);
        scores->answers[scores->count++] =
            (struct cbpe_answer){record->score, record->prediction == CLASS_POSITIVE};
        return MLOPS_OK;
    }
    const struct label_record *label = label_list_find(scores->labels, record->id);
    if (!label || (label->label != CLASS_POSITIVE && label->label != CLASS_NEGATIVE))
        return MLOPS_OK;
    bool positive = label->label == CLASS_POSITIVE;
    GROW(scores->scores, scores->count, &scores->capacity);
    GROW(scores->outcomes, scores->count, &scores->outcome_capacity);
    scores->scores[scores->count] = record->score;
    scores->outcomes[scores->count++] = positive;
    scores->positives += positive;
    return MLOPS_OK;
}

static int read_scores(struct db *db, const struct estimate_query *query, int64_t from_ns,
                       int64_t to_ns, struct scores *scores, struct mlops_error *err)
{
    return roster_visit(db,
                        &(struct roster_query){.model = query->model,
                                               .version = query->version,
                                               .stage = query->stage,
                                               .segment = query->segment,
                                               .shadow = query->shadow,
                                               .from = from_ns / MINUTE_NS,
                                               .to = (to_ns + MINUTE_NS - 1) / MINUTE_NS},
                        take, scores, err);
}

/* `calibration` stays zeroed where too little is known, or too much for one reading. */
static int calibrate(struct mlops_registry *registry, const struct estimate_query *query,
                     struct isotonic *calibration, struct mlops_error *err)
{
    _cleanup_(window_clear) struct window week = {0};
    _cleanup_(label_list_clear) struct label_list labels = {0};
    _cleanup_(scores_clear) struct scores known = {.labels = &labels};
    int64_t from_ns = window_start_ns(LEVEL_HOUR, query->from_ns - CALIBRATION_NS);
    TRY(windows_merged(registry,
                       &(struct window_query){.model = query->model,
                                              .version = query->version,
                                              .stage = query->stage,
                                              .segment = query->segment,
                                              .shadow = query->shadow ? SHADOW_ONLY : SHADOW_NOT,
                                              .level = LEVEL_HOUR,
                                              .from_ns = from_ns,
                                              .to_ns = query->from_ns},
                       &week, err));
    if (week.performance.scored < CALIBRATION_MIN || week.events > EVENTS_MAX)
        return MLOPS_OK;
    TRY(labels_read_between(registry_db(registry), query->model, from_ns / MINUTE_NS,
                            query->from_ns / MINUTE_NS + 1, &labels, err));
    TRY(read_scores(registry_db(registry), query, from_ns, query->from_ns, &known, err));
    if (known.count >= CALIBRATION_MIN && known.positives >= CALIBRATION_MIN / 10 &&
        known.count - known.positives >= CALIBRATION_MIN / 10)
        isotonic_fit(calibration, known.scores, known.outcomes, known.count);
    return MLOPS_OK;
}

int estimate_run(struct mlops_registry *registry, const struct estimate_query *query,
                 struct mlops_monitor_estimate *estimate, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(scores_clear) struct scores scores = {.labels = NULL};
    _cleanup_(isotonic_clear) struct isotonic calibration = {.x = NULL};
    struct cbpe cbpe;
    *estimate = (struct mlops_monitor_estimate){0, false, NAN, NAN, NAN, NAN, NAN};
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(read_scores(registry_db(registry), query, query->from_ns, query->to_ns, &scores, err));
    if (scores.count == 0 || scores.too_many)
        return MLOPS_OK;
    TRY(calibrate(registry, query, &calibration, err));
    cbpe_estimate(scores.answers, scores.count, &calibration, &cbpe);
    *estimate = (struct mlops_monitor_estimate){.events = scores.count,
                                                .calibrated = calibration.count > 0,
                                                .accuracy = cbpe.accuracy,
                                                .precision = cbpe.precision,
                                                .recall = cbpe.recall,
                                                .fpr = cbpe.fpr,
                                                .auc = cbpe.auc};
    return MLOPS_OK;
}
