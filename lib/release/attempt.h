/*
 * lib/release/attempt.h - one deploy under way, and the commands that it runs on the host.
 */
#ifndef RELEASE_ATTEMPT_H
#define RELEASE_ATTEMPT_H
#include "release/host.h"

struct deploy_attempt {
    struct mlops_registry *registry;
    const struct mlops_deploy_options *options;
    struct mlops_deployment *deployment;
    struct host host;
    struct manifest manifest;
    struct buffer manifest_text;
    char id[SHA256_HEX_SIZE];
    bool unread; /* the release lies there and looks as it did; its bytes are read after the switch */
};

/* Make the service take what is live now (options->reload), where there is such a command. `*why`
 * is NULL where it ended well, else what happened; the caller frees.
 * Errors: MLOPS_CANCELLED, unless `unstoppable`; MLOPS_IO. */
int attempt_reload(const struct deploy_attempt *attempt, bool unstoppable, char **why,
                   struct mlops_error *err);

/* Is the new release well, by the health command of the host or of the project file? As
 * attempt_reload. */
int attempt_health(const struct deploy_attempt *attempt, char **why, struct mlops_error *err);

#endif
