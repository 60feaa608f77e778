/*
 * lib/store/remote.h - a store whose packs lie in a bucket: which one is written in the file
 * `remote` of the store's folder, one line, the address as s3_config.h has it.
 */
#ifndef STORE_REMOTE_H
#define STORE_REMOTE_H
#include "store/backend.h"
#include <mlops/observer.h>

/* The address in the folder `directory`, or NULL where its packs lie there. The caller frees. */
int remote_address(const char *directory, char **address, struct mlops_error *err);

/*
 * Make the folder one whose packs lie at `address`. Asks the server: the bucket must be there and
 * take and give objects with these credentials; whether it honours If-None-Match is noted. What
 * lies there already is joined. Errors: MLOPS_INVALID the address, or what lies there was made by a
 * newer mlops; MLOPS_CONFLICT the folder has another address or packs of its own; MLOPS_IO.
 */
int remote_make(const char *directory, const char *address, const struct mlops_observer *observer,
                struct mlops_error *err);

/* The caller closes. Asks nobody. */
int remote_open(const char *directory, const char *address, const struct mlops_observer *observer,
                struct store_backend **backend, struct mlops_error *err);

#endif
