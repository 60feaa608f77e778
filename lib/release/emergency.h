/*
 * lib/release/emergency.h - gates passed by a releaser's word: named one by one, with a reason,
 * signed, and said at the beginning of the log entry's reason.
 */
#ifndef RELEASE_EMERGENCY_H
#define RELEASE_EMERGENCY_H
#include "release/gates.h"

struct emergency {
    const char *const *pass; /* NULL: there is none */
    cJSON *signature;
};

/*
 * Where the options say so: check them, and sign.
 * Errors: MLOPS_INVALID no reason, or no such gate; MLOPS_REFUSED the registry trusts no releaser,
 * or not this one.
 */
int emergency_open(struct mlops_registry *registry, const struct mlops_promote_options *options,
                   const struct mlops_version *version, struct emergency *emergency,
                   struct mlops_error *err);
void emergency_clear(struct emergency *emergency);

/* Let pass what refused and is named. */
void emergency_pass(const struct emergency *emergency, struct gates_result *judged);
/* The log entry's reason, in capitals where a gate was passed; NULL: none. The caller frees. */
char *emergency_reason(const struct emergency *emergency, const struct gates_result *judged,
                       const char *reason);
/* Into the log entry's detail, where a gate was passed. */
void emergency_write(const struct emergency *emergency, const struct gates_result *judged,
                     cJSON *detail);

#endif
