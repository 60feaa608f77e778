/*
 * lib/store/backend_s3.h - blobs as objects `packs/NAME` of a bucket, with copies on this machine.
 *
 * Reads fetch 4 MiB at a time, several at once where blobs are read from begin to end, and keep
 * them in a cache of limited size; what was published from here is in it from the start. Requests:
 * to list, one for 1,000 blobs, and one for the index of each blob not seen before on this machine;
 * to publish, one for a blob below 8 MiB, else two and one for 8 MiB.
 */
#ifndef STORE_BACKEND_S3_H
#define STORE_BACKEND_S3_H
#include "store/backend.h"
#include "store/s3.h"

#define S3_PACKS "packs/"
#define S3_DAMAGED "damaged/"

/* Takes over `config`, also on failure. The cache is in the folder `cache`. Asks nobody yet.
 * `observer` may be NULL and must outlive it. The caller closes. */
int backend_s3_open(struct s3_config *config, const char *cache,
                    const struct mlops_observer *observer, struct store_backend **backend,
                    struct mlops_error *err);

#endif
