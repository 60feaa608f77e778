/*
 * lib/bundle/external.h - data that a bundle names and does not hold ('copy: false'): brought from
 * where it is, its digest checked on the way.
 *
 * http and https by base/http, file://, and s3://BUCKET/KEY[?SETTING=VALUE&…] with the settings and
 * credentials of docs/s3.md. Credentials are never part of a manifest.
 */
#ifndef BUNDLE_EXTERNAL_H
#define BUNDLE_EXTERNAL_H
#include "base/hash.h"
#include "bundle/manifest.h"

#define EXTERNAL_SIZE_MAX (1ULL << 50)

struct external_source {
    const char *url;
    const struct digest *digest; /* that it must have */
    uint64_t size;               /* that it must have; EXTERNAL_SIZE_MAX: any */
};

/* Is it an address that can be fetched from? */
bool external_is_address(const char *url);

/* An address for a manifest: without user, password and query, but for an s3:// address, whose
 * query are settings. The caller frees. */
char *external_address(const char *url);

/*
 * Bring the content to `path`, whose folder is made where it is missing: it appears whole, or not
 * at all. What is there and has the digest is left. Errors: MLOPS_NOT_FOUND it is not there;
 * MLOPS_INTEGRITY it has another size or digest; MLOPS_INVALID no such address; MLOPS_IO;
 * MLOPS_CANCELLED.
 */
int external_fetch(const struct mlops_registry *registry, const struct external_source *source,
                   const char *path, struct mlops_error *err);

/* All external data of `manifest` into its place below `directory`, from its `url`, or its `source`
 * where that is an address. Errors: as external_fetch; MLOPS_INVALID one has no address. */
int external_fetch_all(const struct mlops_registry *registry, const struct manifest *manifest,
                       const char *directory, struct mlops_error *err);

/* Tell the observer which data is not in the bundle, and where it is. */
void external_tell(const struct mlops_registry *registry, const struct manifest *manifest);

#endif
