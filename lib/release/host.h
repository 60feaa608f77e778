/*
 * lib/release/host.h - a folder that versions are deployed to.
 *
 *   current             link to releases/ID
 *   releases/ID         the files of the bundle sha256:ID, and nothing else
 *   .deploy/ID.manifest its manifest, whose SHA-256 is ID
 *   .deploy/ID.json     which version it was deployed as, and when
 *   .deploy/ID.looks    how its files looked when they were last found whole
 *   .deploy/state.json  `live`: the last that was found well; `trying`: one that is being found
 *                       out about; `refused`, `why`: the last one that was not
 *   .deploy/lock        locked while a deploy is at work
 *   .deploy/current.new the next `current`, until it is renamed
 *
 * `current` leads to `trying` from the switch to the verdict, else to `live`.
 */
#ifndef RELEASE_HOST_H
#define RELEASE_HOST_H
#include "bundle/manifest.h"
#include <mlops/deploy.h>

struct host {
    char *directory;
    int lock; /* -1: not held */
    char current[SHA256_HEX_SIZE]; /* "": nothing is */
    char live[SHA256_HEX_SIZE];    /* to go back to; "": nothing is */
    bool known; /* there is a state.json; without one, what is live counts as well */
    char *refused, *why;           /* as in state.json; NULL: nothing */
};

/* Look at it, without changing anything. What is not there is an empty host. The caller clears
 * `host`. Errors: MLOPS_INVALID something else is where ours should be;
 * MLOPS_INTEGRITY; MLOPS_IO. */
int host_open(const char *directory, struct host *host, struct mlops_error *err);
void host_clear(struct host *host);

/* Make what is missing, keep others out, and look again; what an earlier deploy left half done goes.
 * Errors: also MLOPS_CONFLICT another deploy is at work. */
int host_lock(struct host *host, struct mlops_error *err);

/* "DIR/releases/ID"; the caller frees. */
char *host_release(const struct host *host, const char *id);
bool host_has(const struct host *host, const char *id);

/* Keep what is known of a release, before it is there; `manifest` NULL: that is kept already. */
int host_record(const struct host *host, const struct mlops_version *version, const char *stage,
                int64_t now_ns, const struct buffer *manifest, struct mlops_error *err);
/* The manifest of a release, held against its id. Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY. */
int host_manifest(const struct host *host, const char *id, struct manifest *manifest,
                  struct mlops_error *err);
/* Remember how a release looks, that was just read or written and found whole; and does it still? It
 * is best effort: what is not remembered is read. */
void host_remember(const struct host *host, const char *id, const struct manifest *manifest);
bool host_unchanged(const struct host *host, const char *id, const struct manifest *manifest);
/* What is known of a release; empty members where nothing is. */
void host_row(const struct host *host, const char *id, struct mlops_release_row *row);

/* Keep host->live, host->refused and host->why, and `trying` (NULL: nothing is). */
int host_save(const struct host *host, const char *trying, struct mlops_error *err);

/* Let `current` lead to release `id` ("": let there be none), by one rename, to last. */
int host_switch(struct host *host, const char *id, struct mlops_error *err);

/* Let go of all but the live one and those that were deployed last, `keep` in all, and of `ill` (may
 * be NULL), to which nobody goes back; `*removed` counts. */
int host_prune(const struct host *host, uint64_t keep, const char *ill, uint64_t *removed,
               struct mlops_error *err);

#endif
