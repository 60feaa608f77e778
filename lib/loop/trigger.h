/* lib/loop/trigger.h - when a model is due for training: the text of its triggers, and the
 * judgement. */
#ifndef LOOP_TRIGGER_H
#define LOOP_TRIGGER_H
#include <mlops/alert.h>
#include <mlops/retrain.h>

#define TRIGGER_PATTERNS_MAX 16

struct triggers {
    bool drift, performance;
    char *patterns[TRIGGER_PATTERNS_MAX]; /* of rules */
    size_t pattern_count;
    uint64_t labels;  /* 0: no such trigger */
    int64_t every_ns; /* likewise */
    int64_t cooldown_ns;
    uint64_t budget; /* 0: none */
    int64_t budget_ns;
    uint64_t at_most;
    int64_t data_ns;   /* learn from events of this long; 0: from all that are kept */
    int64_t decide_ns; /* so long after its run a version that waits is compared; 0: by hand */
};

/* NULL is no trigger and the limits that hold anyway. The caller clears `triggers`.
 * Errors: MLOPS_INVALID what is wrong with the text. */
int triggers_parse(const char *text, struct triggers *triggers, struct mlops_error *err);
void triggers_clear(struct triggers *triggers);

/* What triggers are judged by. */
struct circumstances {
    const struct mlops_alert_list *alerts;
    const char *stage;
    uint64_t labelled; /* since the last run, or since the version was made */
    int64_t last_ns;   /* when the last run began, or the version was made */
    int64_t now_ns;
};
/* Why it is due ("the alert slow is open"), which the caller frees; NULL: it is not. */
char *triggers_judge(const struct triggers *triggers, const struct circumstances *circumstances);

#endif
