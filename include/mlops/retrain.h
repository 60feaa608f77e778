/*
 * include/mlops/retrain.h - a model's training run anew on what production taught, and taken as far
 * as policy lets it (docs/retraining.md).
 */
#ifndef MLOPS_RETRAIN_H
#define MLOPS_RETRAIN_H
#include <mlops/challenge.h>
#include <mlops/registry.h>
#include <mlops/sandbox.h>
MLOPS_BEGIN

/* ---- triggers ------------------------------------------------------------------------------- */

/*
 * When a model is due, as text: words of `drift`, `performance` (an alert on such a measure is open
 * and not silenced), `alert=PATTERN` (one whose rule matches), `labels=N` (so many events were
 * labelled since the last run), `every=D`; and limits: `cooldown=D` between runs (1 day),
 * `budget=N/D` runs in that time, `at-most=N` at once (1); `data=D`, to learn from the newest D of
 * events; and `decide=D`: so long after its run a version that waits is compared with the champion.
 * One trigger suffices, all limits hold.
 */
struct mlops_retrain_triggers {
    char *text;   /* NULL: none are set */
    char *set_by; /* NULL likewise */
    int64_t set_ns;
};
/* NULL: none any more. In the log. Errors: MLOPS_INVALID the text; MLOPS_NOT_FOUND no such
 * model. */
MLOPS_API int mlops_retrain_triggers_set(struct mlops_registry *registry, const char *model,
                                         const char *text, struct mlops_error *err);
/* The caller clears `triggers`. */
MLOPS_API int mlops_retrain_triggers_get(struct mlops_registry *registry, const char *model,
                                         struct mlops_retrain_triggers *triggers,
                                         struct mlops_error *err);
MLOPS_API void mlops_retrain_triggers_clear(struct mlops_retrain_triggers *triggers);

/* ---- a run ---------------------------------------------------------------------------------- */

struct mlops_retrain_options {
    const char *model;
    const char *stage; /* whose holder's code is taken, and where to; NULL: production */
    const char *from;  /* take the code of this version instead; NULL: the holder */
    const char *data;  /* file in the place of the training snapshot; NULL: labelled events */
    int64_t since_ns, until_ns; /* of these events; 0: all that are kept, until the newest */
    const char *reason;         /* in the log; NULL: "by hand", or the trigger */
    bool if_due;                /* only where a trigger says so, and no limit forbids it */
    bool no_promote;
    int64_t timeout_ns; /* of the training; 0: 1 day */
    enum mlops_sandbox_wish sandbox;
    /* Told of each step, by the thread that called; may be NULL. */
    void (*said)(void *context, const char *line);
    void *context;
};

/* What came of it. */
struct mlops_retraining {
    bool due;      /* false: nothing was done, and `message` says why */
    uint64_t run;  /* its number: index of the log's entry that began it */
    char *trigger; /* why it ran */
    struct mlops_version from;
    uint64_t events, rows; /* of the stage; with a label: what it learnt from */
    char data_sha256[65];
    double seconds; /* of the training */
    bool trained;
    struct mlops_version version;      /* that was made; number 0: none */
    bool created;                      /* false: training gave a bundle that was there */
    bool tested;                       /* all of its suites passed */
    char reached[MLOPS_STAGE_MAX + 1]; /* the last stage that it entered; "" none */
    bool promoted;                     /* into `stage` */
    char *message;                     /* why it went no further; "" where it is in `stage` */
    char *command;                     /* that does the same again */
};

/*
 * Run it: check the code out, put the data in the place of its training snapshot, run the project's
 * `train` in the sandbox, package with lineage, register, test, promote through the stages of the
 * policy up to `stage`. What fails on the way is an answer, `message`; both ends stand in the log.
 * The caller clears `retraining`.
 * Errors: MLOPS_NOT_FOUND nothing in the stage, no events; MLOPS_INVALID the project has no
 * `train`, or its snapshot cannot be made of events; MLOPS_CONFLICT too many run already (not
 * `if_due`), or this one was taken for dead meanwhile and lost its place; MLOPS_CANCELLED;
 * MLOPS_IO.
 */
MLOPS_API int mlops_retrain(struct mlops_registry *registry,
                            const struct mlops_retrain_options *options,
                            struct mlops_retraining *retraining, struct mlops_error *err);
MLOPS_API void mlops_retraining_clear(struct mlops_retraining *retraining);

/* ---- a version that waits beside the champion ----------------------------------------------- */

struct mlops_retrain_decide_options {
    const char *model;
    const char *stage; /* NULL: production */
    /* Only where `decide=D` of the triggers is over since the run ended: one look, at a time that
     * was said beforehand, so that chance has no second. What it showed ends the waiting
     * ("compared" in the log); where nothing can be said yet, D begins anew. */
    bool if_due;
};
struct mlops_retrain_decision {
    bool waiting;                 /* false: the newest run left none that a gate refused */
    bool due;                     /* false: nothing waits, or its time has not come (`message`) */
    struct mlops_version version; /* that waits */
    uint64_t champion;            /* that it was compared with; 0: it was not */
    enum mlops_challenge_verdict verdict;
    char reached[MLOPS_STAGE_MAX + 1]; /* the last stage that it entered now; "" none */
    bool promoted;                     /* into `stage` */
    char *message;                     /* the comparison, or why it goes no further; may be NULL */
};
/*
 * Compare the version of the newest run for the stage, where a gate refused it, with the champion
 * on the traffic that both answered (challenge.h), as the policy's `challenge` wants it, or better
 * where the policy has none; where that is so, leave the evidence and promote as far as policy lets
 * it. The caller clears `decision`.
 * Errors: MLOPS_NOT_FOUND no such model; those of mlops_challenge and mlops_promote.
 */
MLOPS_API int mlops_retrain_decide(struct mlops_registry *registry,
                                   const struct mlops_retrain_decide_options *options,
                                   struct mlops_retrain_decision *decision,
                                   struct mlops_error *err);
MLOPS_API void mlops_retrain_decision_clear(struct mlops_retrain_decision *decision);

/* ---- what was run --------------------------------------------------------------------------- */

struct mlops_retrain_run {
    uint64_t run, from, to; /* versions; 0: none */
    /* "running"; "failed" in training or tests; "tested"; "refused" by a gate; "compared" with the
     * champion, and not let in; "promoted"; "lost": it died, or was taken for dead */
    char *stage, *trigger, *status;
    int64_t started_ns, ended_ns;
};
struct mlops_retrain_run_list {
    struct mlops_retrain_run *items;
    size_t count;
};
/* The newest first. The caller clears the list. Errors: MLOPS_NOT_FOUND no such model. */
MLOPS_API int mlops_retrain_runs(struct mlops_registry *registry, const char *model,
                                 struct mlops_retrain_run_list *list, struct mlops_error *err);
MLOPS_API void mlops_retrain_run_list_clear(struct mlops_retrain_run_list *list);

MLOPS_END
#endif
