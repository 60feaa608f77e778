/*
 * lib/registry/condemned.h - packs that gc is going to remove: written down before it does, so that
 * writers which came to need one of them can tell, and can still save it.
 *
 * A pack is removed only inside a transaction that finds it in the table, so whoever takes it out
 * of the table has saved it. Each transaction that condemns or removes packs ends a round; as long
 * as the round is the same and the table is empty, no pack that was seen has gone. docs/store.md,
 * "Garbage", has the argument.
 */
#ifndef REGISTRY_CONDEMNED_H
#define REGISTRY_CONDEMNED_H
#include "registry/registry.h"

struct condemned_list {
    char **packs; /* names of files, in order */
    size_t count;
    uint64_t round;
};
void condemned_list_clear(struct condemned_list *list);
bool condemned_list_has(const struct condemned_list *list, const char *pack);

/* All of them and the round, of one moment. The caller clears the list. */
int condemned_read(struct mlops_registry *registry, struct condemned_list *list,
                   struct mlops_error *err);

/* The same for those that may be removed now, at most `limit`: the replaced ones only where they
 * were condemned before `replaced_before_ns`. */
int condemned_due(struct mlops_registry *registry, int64_t replaced_before_ns, uint64_t limit,
                  struct condemned_list *list, struct mlops_error *err);

int condemned_round(struct mlops_registry *registry, uint64_t *round, struct mlops_error *err);
int condemned_round_end(struct transaction *tx, struct mlops_error *err);

/* `replaced`: what is needed of it is in other packs, too. */
int condemned_add(struct transaction *tx, const char *pack, bool replaced, struct mlops_error *err);
/* It is saved, or removed. */
int condemned_forget(struct transaction *tx, const char *pack, struct mlops_error *err);

#endif
