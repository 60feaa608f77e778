/* lib/registry/bundle.h - every bundle that a registry knows of, registered or not. */
#ifndef REGISTRY_BUNDLE_H
#define REGISTRY_BUNDLE_H
#include "base/hash.h"
#include "base/util.h"
#include <mlops/registry.h>

#define KEPT_WHAT_SIZE 32

struct transaction;

/* An object that evidence about a bundle speaks of. */
struct kept_object {
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    uint64_t evidence;
    char what[KEPT_WHAT_SIZE]; /* "stdout", "stderr", "predictions" and the like */
    struct digest digest;
    uint64_t bytes;
};

struct bundle_row {
    char id[MLOPS_BUNDLE_ID_SIZE];
    char model[MLOPS_NAME_MAX + 1];
    uint64_t files, bytes;
    int64_t created_ns, packaged_ns; /* packaged or imported first; last (docs/registry.md) */
    uint64_t version;                /* 0: not registered */
    bool evidence;                   /* something was found out about it */
    bool trashed;                    /* it is that of a version in the trash */
    bool evaluation;                 /* it is an evaluation set's */
    bool released;                   /* only the manifest and the profiles are kept */
    const struct kept_object *kept;  /* of its evidence; owned by the list */
    size_t kept_count;
};

struct bundle_list {
    struct bundle_row *items;
    size_t count;
    struct kept_object *kept; /* by bundle, then evidence */
    size_t kept_count;
};

/* By model, then id, without those that were purged from the trash. The caller clears `list`. */
int registry_bundles(struct mlops_registry *registry, struct bundle_list *list,
                     struct mlops_error *err);
void bundle_list_clear(struct bundle_list *list);

/* The bundle of the newest version of `model`, or where it has none the bundle that was packaged
 * last, within half a day; `id` becomes "" where there is neither. */
int registry_newest_bundle(struct mlops_registry *registry, const char *model,
                           char id[MLOPS_BUNDLE_ID_SIZE], struct mlops_error *err);

/* Does the registry know the bundle, registered or not, with all its files? As the transaction sees
 * it. */
int bundle_is_known(struct transaction *tx, const char *bundle, bool *known,
                    struct mlops_error *err);

/* When its files were released; 0: they are there. */
int bundle_released_ns(struct mlops_registry *registry, const char *bundle, int64_t *released_ns,
                       struct mlops_error *err);

/* When gc last purged the bundle from the trash, by the log; 0: never. What evidence from before
 * that kept has gone with it, also where the bundle came back. */
int bundle_purged_ns(struct mlops_registry *registry, const struct bundle_row *row,
                     int64_t *purged_ns, struct mlops_error *err);

/* Has gc dropped the bundle, or released its files, since it was listed? */
int bundle_is_dropped(struct mlops_registry *registry, const struct bundle_row *row, bool *dropped,
                      struct mlops_error *err);

/* Would gc drop the row? It has no version, none in the trash either, no evidence, is no evaluation
 * set, and was not packaged since `since_ns`. */
bool bundle_is_expired(const struct bundle_row *row, int64_t since_ns);

/* Drop the row of a bundle that is expired; `*dropped` false where it is not, or is not there. */
int bundle_drop_expired(struct transaction *tx, const char *bundle, int64_t since_ns, bool *dropped,
                        struct mlops_error *err);

#endif
