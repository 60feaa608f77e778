/*
 * include/mlops/challenge.h - champion against challenger on the same traffic: what a version would
 * have answered, held against what the version in the stage did answer, event by event.
 */
#ifndef MLOPS_CHALLENGE_H
#define MLOPS_CHALLENGE_H
#include <mlops/cost.h>
#include <mlops/monitor.h>
MLOPS_BEGIN

/* A measure of both on the same events; NaN where it is not defined. */
struct mlops_challenge_measure {
    const char *name; /* "accuracy", "recall", "fpr", "auc", "cost" */
    uint64_t events;  /* that it is of */
    double champion, challenger;
    double difference, low, high; /* challenger less champion, with its 95 % interval */
    double p;                     /* that so large a one is chance; two-sided */
};
#define MLOPS_CHALLENGE_MEASURES 5

enum mlops_challenge_verdict {
    MLOPS_CHALLENGE_UNKNOWN, /* too few labels to say */
    MLOPS_CHALLENGE_BETTER,  /* all of the interval is on the better side */
    MLOPS_CHALLENGE_WORSE,   /* all of it is on the worse side */
    MLOPS_CHALLENGE_EVEN,    /* 0 is inside: no difference was found */
};
/* "unknown", "better", "worse", "even" */
MLOPS_API const char *mlops_challenge_verdict_name(enum mlops_challenge_verdict verdict);

/* One side of all events of the span, matched or not. */
struct mlops_challenge_side {
    uint64_t events, errors;
    double latency_ms[4]; /* p50, p90, p99, p99.9 */
};

/* All events, or those of a segment of the champion's. */
struct mlops_challenge_part {
    char *segment;  /* NULL: all */
    uint64_t pairs; /* events that both answered */
    uint64_t labelled;
    struct mlops_monitor_measure agreement; /* share of the pairs with the same prediction */
    struct mlops_challenge_measure measures[MLOPS_CHALLENGE_MEASURES];
    struct mlops_challenge_side champion, challenger;
    enum mlops_challenge_verdict verdict; /* by `by` */
    bool not_worse;                       /* not worse by more than the margin, at 95 % */
};

struct mlops_challenge_options {
    const char *model;
    const char *stage;          /* whose version is the champion; NULL: production */
    uint64_t challenger;        /* 0: the newest version that answered beside it */
    int64_t since_ns, until_ns; /* 0: `length_ns` before the end; the newest event */
    int64_t length_ns;          /* 0: 7 days */
    const char *by; /* what decides; NULL: cost where the project has one, else auc where both
                       have scores, else accuracy */
    double margin;  /* by how much worse it may be, for `not_worse` */
    const struct mlops_cost *cost; /* known: before what the project says; may be NULL */
    bool by_segment;
};

struct mlops_challenge {
    uint64_t champion, challenger;
    int64_t from_ns, to_ns;
    const char *by;                     /* what decided */
    struct mlops_challenge_part *parts; /* all first, then each segment by name */
    size_t part_count;
};

/*
 * Match the challenger's events (those marked `shadow`, or of another stage) by id with the
 * champion's, and compare. The caller clears `challenge`.
 * Errors: MLOPS_NOT_FOUND no such model, nothing is in the stage, no events, no challenger;
 * MLOPS_INVALID the range, no such measure, more than 4 million events of one version;
 * MLOPS_INTEGRITY; MLOPS_IO.
 */
MLOPS_API int mlops_challenge(struct mlops_registry *registry,
                              const struct mlops_challenge_options *options,
                              struct mlops_challenge *challenge, struct mlops_error *err);
/* Leave it as evidence about the challenger, of the kind "challenge" and named for the stage, which
 * the gate 'challenge' of a policy judges. `options` as it was made with. Errors: MLOPS_NOT_FOUND;
 * MLOPS_IO. */
MLOPS_API int mlops_challenge_record(struct mlops_registry *registry,
                                     const struct mlops_challenge_options *options,
                                     const struct mlops_challenge *challenge,
                                     struct mlops_error *err);
MLOPS_API void mlops_challenge_clear(struct mlops_challenge *challenge);

MLOPS_END
#endif
