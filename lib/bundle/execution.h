/*
 * lib/bundle/execution.h - how a suite is to be run, beyond its command: limits, the network, what
 * it needs before it, what it is repeated over. As the project file says it, and as the manifest
 * keeps it.
 */
#ifndef BUNDLE_EXECUTION_H
#define BUNDLE_EXECUTION_H
#include "base/yaml.h"
#include <cjson/cJSON.h>

/* What all processes of a suite may use together; 0: not said. */
struct execution_limits {
    int64_t cpu_ns;
    uint64_t memory_bytes;
    uint64_t processes; /* and threads */
    uint64_t disk_bytes;
    uint64_t output_bytes;
};

/* A parameter of a matrix (bundle/matrix.h). */
struct execution_parameter {
    char *name, *value;
};

#define EXECUTION_RETRIES_MAX 10

/* Zeroed says nothing. */
struct execution {
    struct execution_limits limits;
    bool network;
    unsigned retries; /* how often it is run again where it does not pass */
    char *report;     /* JUnit XML that `run` writes, normalized; "tap": it prints TAP; or NULL */
    char **needs;     /* suites that must have passed before, NULL-terminated; or NULL */
    char *group;      /* what the suite was called before its matrix was expanded; or NULL */
    struct execution_parameter *parameters;
    size_t parameter_count;
};

/* What stands for TAP in `report`. */
#define EXECUTION_REPORT_TAP "tap"

/* Keys of a suite in the project file that are read here or by bundle/matrix.h. */
#define EXECUTION_KEYS "limits", "network", "needs", "retries", "report", "matrix"

/* Read them from the map `suite`; `what` names the file. Errors: MLOPS_INVALID with file and line.
 * The caller clears it, also then. */
int execution_read(const struct yaml_node *suite, const char *what, struct execution *execution,
                   struct mlops_error *err);
/* Add to the suite's `json` what is said. */
void execution_write(const struct execution *execution, cJSON *json);
/* Back from there; false where it is nothing that execution_write writes. */
bool execution_load(const cJSON *json, struct execution *execution);
void execution_clear(struct execution *execution);

#endif
