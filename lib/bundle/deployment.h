/*
 * lib/bundle/deployment.h - what a project file says about how its version goes live on a host
 * (`deploy`): the command that tells whether it is well, and how many releases are kept.
 */
#ifndef BUNDLE_DEPLOYMENT_H
#define BUNDLE_DEPLOYMENT_H
#include "base/yaml.h"

#define DEPLOYMENT_TIMEOUT_NS 30000000000LL /* where no time limit is given */
#define DEPLOYMENT_TIMEOUT_MAX_NS 86400000000000LL
#define DEPLOYMENT_ATTEMPTS_MAX 1000
#define DEPLOYMENT_KEEP 3 /* releases, where the author does not say */
#define DEPLOYMENT_KEEP_MAX 1000

/* Zero is "not given". */
struct deployment {
    char *health;       /* shell command, run in the release; NULL: none */
    int64_t timeout_ns; /* of one run of it */
    uint64_t attempts;  /* how often it may be tried, a second apart */
    uint64_t keep;      /* releases on the host, the live one among them */
};

/* Read the map `deploy` of a project file; `what` names the file. The caller clears `deployment`.
 * Errors: MLOPS_INVALID with file, line and the nearest known key. */
int deployment_read(const struct yaml_node *node, const char *what, struct deployment *deployment,
                    struct mlops_error *err);
void deployment_clear(struct deployment *deployment);

/* As it stands in a manifest; NULL where nothing is given. */
cJSON *deployment_to_json(const struct deployment *deployment);
/* `json` may be NULL. False: it is nothing that deployment_to_json writes. */
bool deployment_load(const cJSON *json, struct deployment *deployment);

#endif
