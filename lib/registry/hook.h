/*
 * lib/registry/hook.h - programs of the registry's keeper that run before and after what changes it:
 * the executable files of the registry's folder `hooks` (docs/hooks.md). None comes with a bundle.
 */
#ifndef REGISTRY_HOOK_H
#define REGISTRY_HOOK_H
#include "registry/registry.h"

/* What is about to happen, or has. NULL and 0 where it has none. */
struct hook_event {
    const char *action; /* "promote": the hooks are pre-promote and post-promote */
    const char *model, *bundle, *stage, *reason;
    uint64_t version, previous;
    const char *directory; /* of a deploy */
    uint64_t entry;        /* of the log plus 1, once it has happened */
};

/* Run pre-ACTION, where there is one: what it refuses must not happen. No transaction may be open.
 * Errors: MLOPS_REFUSED it ended with another status than 0, with what it printed; MLOPS_INVALID it
 * cannot be run, or anybody could have written it; MLOPS_CANCELLED; MLOPS_IO. */
int hook_before(struct mlops_registry *registry, const struct hook_event *event,
                struct mlops_error *err);

/* Run post-ACTION, where there is one. What happened has happened: a failure is a warning. */
void hook_after(struct mlops_registry *registry, const struct hook_event *event);

/* How long a hook, or whoever is told by another way, may take: what the environment variable
 * `name` says, or `otherwise_ns`. Errors: MLOPS_INVALID it says no time. */
int hook_timeout(const char *name, int64_t otherwise_ns, int64_t *timeout_ns,
                 struct mlops_error *err);

/* A hook that is told of something by its own name. */
struct hook_telling {
    const char *name;
    const void *input; /* what it reads */
    size_t length;
    struct hook_event event; /* for its environment */
};
/* Errors: as of hook_before, and MLOPS_NOT_FOUND there is none of that name. */
int hook_tell(struct mlops_registry *registry, const struct hook_telling *telling,
              struct mlops_error *err);

#endif
