/*
 * lib/bundle/drift_settings.h - how `mlops drift` is to judge a version, as the project file says
 * (`drift`): methods, thresholds and weights, of all columns and of single ones.
 */
#ifndef BUNDLE_DRIFT_SETTINGS_H
#define BUNDLE_DRIFT_SETTINGS_H
#include "base/yaml.h"

#define DRIFT_WEIGHT_MAX 100

/* Zero and NULL are "not given". */
struct drift_column_settings {
    char *name, *method;
    double threshold;
    double weight; /* a heavier column is held against so much less */
};

struct drift_settings {
    char *method, *categorical_method; /* of lib/drift/method.c */
    char *time, *segment, *season;
    char *importance; /* JSON file of the bundle: a number for each feature */
    double threshold, far;
    struct drift_column_settings *columns;
    size_t column_count;
};

/* Read the map `drift` of a project file; `what` names the file. `importance` is left to the
 * caller, who knows of paths. The caller clears `settings`. Errors: MLOPS_INVALID with file and
 * line. */
int drift_settings_read(const struct yaml_node *node, const char *what,
                        struct drift_settings *settings, struct mlops_error *err);
void drift_settings_clear(struct drift_settings *settings);

/* As it stands in a manifest; NULL where nothing is given. */
cJSON *drift_settings_to_json(const struct drift_settings *settings);
/* `json` may be NULL. False: it is nothing that drift_settings_to_json writes. */
bool drift_settings_load(const cJSON *json, struct drift_settings *settings);

/* The names that `method` and `categorical_method` may have, NULL-terminated. */
extern const char *const drift_method_names[];

#endif
