/*
 * lib/registry/schema.h - the tables, in numbered steps that lead forward only.
 */
#ifndef REGISTRY_SCHEMA_H
#define REGISTRY_SCHEMA_H
#include "registry/handle.h"

/* The schema that this mlops writes. */
#define SCHEMA_NUMBER 16

/* What the database has; 0: nothing yet. */
int schema_number(struct db *db, uint64_t *number, struct mlops_error *err);

/* Take the database forward from `from` to `to`, inside the open transaction. */
int schema_apply(struct db *db, uint64_t from, uint64_t to, struct mlops_error *err);

/* From here on the log is signed by the key that is at hand: said in the log, as `action`. */
int schema_adopt_log_key(struct transaction *tx, const char *action, struct mlops_error *err);

/* Errors: MLOPS_INTEGRITY no tables at all; MLOPS_INVALID made by a newer mlops, or by an older
 * one and not yet taken forward. */
int schema_check(struct mlops_registry *registry, struct mlops_error *err);
/* The transaction that is about to begin will ask for it (db_foresee). */
void schema_foresee(struct mlops_registry *registry);

/* As schema_check; what an older mlops made is taken forward first, in one transaction. */
int schema_upgrade(struct mlops_registry *registry, struct mlops_error *err);

#endif
