/*
 * lib/registry/log_control.h - entries of the log that restrict what may be done: whom to trust,
 * policies, freezes, what was withdrawn, retired, rolled back. Of these none must go unseen, so
 * they are found by no column that somebody could change: each names the hash of the one before it,
 * and every entry of the log, and so the newest, says where the newest of them stands.
 *
 * Registries that are older than this have entries without it at the beginning of their log; what
 * stands there is found by its columns.
 */
#ifndef REGISTRY_LOG_CONTROL_H
#define REGISTRY_LOG_CONTROL_H
#include "registry/log_view.h"

bool log_is_control(const char *action);

/* All of them, the oldest first. */
struct log_controls {
    struct digest root;   /* of the log that they were read from */
    struct digest newest; /* the leaf hash of the newest that the chain has */
    uint64_t lineage;     /* of the head (log_head.h) under which it was proved */
    cJSON **items;
    size_t count, capacity;
};
/* Owned by the registry's handle; entries stay where they are as the log grows, and later ones are
 * added.
 * Errors: MLOPS_INTEGRITY one of them was changed or is missing. */
int log_controls_read(const struct log_view *view, const struct log_controls **controls,
                      struct mlops_error *err);
/* The leaf hash of control `index`, where it is the newest that the handle has proved to be in the
 * tree of the present head; NULL otherwise. */
const struct digest *log_control_known(const struct mlops_registry *registry, uint64_t index);
void log_controls_free(struct log_controls *controls);

/* Where the newest control is behind `entry`, which stands at `index`: its index plus 1; 0: there
 * is none. */
uint64_t log_control_behind(const cJSON *entry, uint64_t index);

#endif
