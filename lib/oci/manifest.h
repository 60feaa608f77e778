/* lib/oci/manifest.h - manifests and indexes of a repository, and what refers to a manifest. */
#ifndef OCI_MANIFEST_H
#define OCI_MANIFEST_H
#include "oci/client.h"
#include <cjson/cJSON.h>

/* What a manifest says of a blob or of another manifest. */
struct oci_descriptor {
    const char *type; /* points into the JSON */
    struct digest digest;
    uint64_t size;
    const cJSON *annotations; /* of the JSON; NULL: none */
};
/* Errors: MLOPS_INVALID not a descriptor, or of another digest than SHA-256. */
int oci_descriptor_read(const cJSON *json, struct oci_descriptor *descriptor,
                        struct mlops_error *err);
/* Append one to `array`, or with `key` to the object `parent`, and return it for annotations. */
cJSON *oci_descriptor_add(cJSON *parent, const char *key, const char *type,
                          const struct digest *digest, uint64_t size);

/* The digest of what `name` (a tag or "sha256:…") is; `*found` false where there is none. */
int oci_manifest_head(struct oci_client *client, const char *name, bool *found,
                      struct digest *digest, struct mlops_error *err);

/*
 * Get the manifest or index `name`; its bytes have `digest`, where that is not NULL, and `*found`
 * gets theirs. Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY another digest; MLOPS_INVALID no JSON, or
 * more than OCI_MANIFEST_MAX; MLOPS_REFUSED, MLOPS_IO. The caller deletes `*json`.
 */
int oci_manifest_get(struct oci_client *client, const char *name, const struct digest *digest,
                     cJSON **json, struct digest *found, struct mlops_error *err);

/* Put the manifest under `name`. `*refers`: the registry itself keeps what refers to what. */
int oci_manifest_put(struct oci_client *client, const char *name, const char *type,
                     const struct buffer *text, bool *refers, struct mlops_error *err);

/* An array of the descriptors of all that refers to `subject`: by the referrers API, or where the
 * registry has none by the tag "sha256-…". The caller deletes it. */
int oci_referrers(struct oci_client *client, const struct digest *subject, cJSON **descriptors,
                  struct mlops_error *err);

/* Put a manifest that names `subject`; where the registry has no referrers API, add it to the
 * index of that tag, too. `descriptor` is of the manifest and is copied. */
int oci_referrer_put(struct oci_client *client, const struct digest *subject,
                     const struct buffer *text, const cJSON *descriptor, struct mlops_error *err);

#endif
