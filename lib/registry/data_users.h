/* lib/registry/data_users.h - which versions used a data snapshot. */
#ifndef REGISTRY_DATA_USERS_H
#define REGISTRY_DATA_USERS_H
#include "registry/db.h"
#include <mlops/registry.h>

/* Leave in `list` those that used `data`: content by its digest, with or without "sha256:", of 8
 * digits at least, or a snapshot by its name. Errors: MLOPS_IO. */
int data_users(struct db *db, const char *data, struct mlops_version_list *list,
               struct mlops_error *err);

#endif
