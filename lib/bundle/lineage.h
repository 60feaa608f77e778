/* lib/bundle/lineage.h - what a bundle was made from: parent bundles, and the run that made it. */
#ifndef BUNDLE_LINEAGE_H
#define BUNDLE_LINEAGE_H
#include "base/hash.h"
#include "base/yaml.h"
#include "bundle/project.h"
#include "registry/registry.h"
#include <cjson/cJSON.h>

#define LINEAGE_RUN_MAX 255 /* bytes of a run's name */

struct lineage_parent {
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    char model[MLOPS_NAME_MAX + 1];
};

struct lineage {
    struct lineage_parent parents[LINEAGE_PARENTS_MAX]; /* by bundle, each once */
    size_t parent_count;
    const char *run; /* borrowed; NULL where none is said */
};

/* Read the key `lineage` of the project file: a map of `parents` (a ref or a list of them) and
 * `run`. Errors: MLOPS_INVALID with `what` and the line. */
int lineage_read(const struct yaml_node *node, const char *what, struct project *project,
                 struct mlops_error *err);

/*
 * Find the versions that `refs` (NULL-terminated, or NULL) name now, and add them to those that are
 * there; `run` (may be NULL) is kept over an earlier one, and must outlive `lineage`. `who` says in
 * messages who named them: "--parent".
 * Errors: MLOPS_NOT_FOUND no such version; MLOPS_INVALID a bundle that is not registered, more than
 * LINEAGE_PARENTS_MAX parents, a run that is empty, too long, not UTF-8 or not plain text.
 */
int lineage_resolve(struct mlops_registry *registry, const char *const *refs, const char *run,
                    const char *who, struct lineage *lineage, struct mlops_error *err);

/* Add the member "lineage" to a manifest; nothing where nothing is said, so that bundles without it
 * keep their ids. */
void lineage_write(const struct lineage *lineage, cJSON *manifest);

/* Is the manifest's "lineage" what lineage_write could have written, or not there? */
bool lineage_is_sound(const cJSON *manifest);

#endif
