/*
 * lib/bundle/project.h - the project file, mlops.yaml: what its author says, checked.
 *
 * Unknown keys, wrong types and bad names are errors with file, line and the nearest known key.
 * The same structure is read back from a manifest, so that what is tested is what was packaged.
 */
#ifndef BUNDLE_PROJECT_H
#define BUNDLE_PROJECT_H
#include "base/buffer.h"
#include "bundle/budget.h"
#include "bundle/csv_keys.h"
#include "bundle/deployment.h"
#include "bundle/drift_settings.h"
#include "bundle/execution.h"
#include "bundle/expectation.h"
#include "bundle/measurement.h"
#include <cjson/cJSON.h>

#define PROJECT_FILE "mlops.yaml"
#define EVALUATION_PREFIX "registry:" /* of a suite's 'data' */
#define PROJECT_SUITES_MAX 1000
#define PROJECT_TIMEOUT_MAX_NS (30LL * 86400 * 1000000000)

struct project_data {
    char *name;    /* "train" */
    char *path;    /* normalized, relative */
    char *target;  /* column or NULL */
    char *time;    /* column or NULL */
    char *role;    /* "reference", "evaluation" or NULL */
    bool external; /* read and described where it is, and not packaged */
    char *source;  /* of external data: where others get it, without credentials; or NULL */
    char *url;     /* of external data: the address of its content (external.h); or NULL */
    char *sha256;  /* where there is a url: what its author declares; 64 digits */
    uint64_t size;
    struct csv_keys csv; /* not kept in a manifest's project: its snapshots have them */
    int line;            /* where the project file says so; 0 where it was read from a manifest */
};

/* A path that the project file names, for messages and for packaging. */
struct project_path {
    const char *key; /* "code", "artifacts", "params", "metrics", "environment", "data" */
    char *path;      /* normalized */
    char *text;      /* as it was written */
    int line;
};

struct project_requirement {
    char *metric; /* "auc" */
    char *demand; /* ">= production - 0.01", as written; parsed by bundle/requirement.h */
};

struct project_suite {
    char *name;
    char *kind; /* "unit", "integration", "performance", "data" */
    char *run;  /* shell command; NULL of the kind `data`, and where there are budgets alone */
    int64_t timeout_ns; /* 10 minutes where not given; at most PROJECT_TIMEOUT_MAX_NS */
    char *predictions;  /* performance: CSV that `run` writes; normalized; NULL without `run` */
    char *score;        /* columns in it, NULL where not given */
    char *prediction;
    char *label;      /* performance: NULL only where an evaluation set has it */
    char *evaluation; /* set of the registry's that it is measured on, MODEL/NAME, or NAME of the
                         model's own; NULL: the bundle's own data */
    char *task;       /* "binary", "multiclass", "multilabel", "regression", "ranking" */
    double threshold; /* of the score; 0.5 where not given */
    struct project_requirement *require;
    size_t require_count;
    struct execution execution;       /* limits and the like */
    struct measurement measurement;   /* performance: weights, costs, slices and the like */
    struct budgets budgets;           /* performance: time and room that the model may take */
    struct expectations expectations; /* data: what is expected of a snapshot */
};

struct project {
    char *model;
    char *description; /* NULL where not given, as all below */
    char **code;       /* normalized paths, NULL-terminated */
    char **artifacts;
    char *params;
    char *metrics;
    char *environment;           /* the lock file; the captured one where there is no other */
    char *captured;              /* an environment as 'mlops env capture' writes it */
    cJSON *environment_settings; /* project_environment.h; NULL where there are none */
    struct project_data *data;
    size_t data_count;
    struct project_suite *suites;
    size_t suite_count;
    char *train_run;
    char *train_data;
    char **parents; /* refs of versions, NULL-terminated; what they mean is found when packaged, and
                       not kept in a manifest's project, as the run */
    char *run;
    char *predict_run;  /* answers a line of JSON on its input by a line on its output */
    char *predict_data; /* the snapshot whose rows are the requests */
    cJSON *monitor;     /* checked, kept as it was written; NULL where not given */
    struct deployment deploy;
    struct drift_settings drift;

    struct project_path *paths; /* all that are to be packaged; none where read from a manifest */
    size_t path_count, path_capacity;
};

/* Read the text of a project file; `what` names it in messages. The caller clears `project`.
 * Errors: MLOPS_INVALID with `what`, the line, and the nearest known key. */
int project_parse(const char *text, size_t length, const char *what, struct project *project,
                  struct mlops_error *err);
/* The project as it stands in a manifest (the members of the manifest's "project"). */
cJSON *project_to_json(const struct project *project);
/* Errors: MLOPS_INTEGRITY it is nothing that project_to_json writes. */
int project_from_json(const cJSON *json, struct project *project, struct mlops_error *err);
void project_clear(struct project *project);

#endif
