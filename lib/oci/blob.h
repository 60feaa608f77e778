/* lib/oci/blob.h - blobs to and from a registry: named by their SHA-256, verified as they pass. */
#ifndef OCI_BLOB_H
#define OCI_BLOB_H
#include "oci/client.h"

/* Is the blob in the repository? Errors: MLOPS_REFUSED, MLOPS_IO. */
int oci_blob_has(struct oci_client *client, const struct digest *digest, bool *has,
                 struct mlops_error *err);

struct oci_blob_sink {
    /* Takes the bytes in order, from `offset`; where that is 0 for a second time, the registry
     * could not go on and all begins anew. */
    int (*take)(void *context, uint64_t offset, const void *data, size_t length,
                struct mlops_error *err);
    void *context;
};

/*
 * Get the blob of `size` bytes. A connection that breaks is taken up where it was (Range), as long
 * as something comes. What `sink` got is the blob only when this returns MLOPS_OK.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY other bytes, or not as many, than it should be;
 * MLOPS_REFUSED, MLOPS_IO; those of `sink`.
 */
int oci_blob_get(struct oci_client *client, const struct digest *digest, uint64_t size,
                 const struct oci_blob_sink *sink, struct mlops_error *err);

/* As oci_blob_get, into memory: at most `max` bytes, more is MLOPS_INVALID. */
int oci_blob_read(struct oci_client *client, const struct digest *digest, uint64_t size, size_t max,
                  struct buffer *content, struct mlops_error *err);

/* What to upload: `size` bytes of `data`, or of `read`, which gives any range of them. */
struct oci_blob {
    struct digest digest;
    uint64_t size;
    const void *data;
    int (*read)(void *context, uint64_t offset, void *data, size_t length, struct mlops_error *err);
    void *context;
};

enum oci_sent { OCI_SENT_ALL, OCI_SENT_NOTHING, OCI_MOUNTED };

/*
 * See to it that the blob is in the repository: nothing is sent where it is there, or where the
 * registry takes it from the client's `mount`. A small one goes in one request, a large one in
 * pieces; after a cut the registry is asked what it has, and the rest is sent.
 * Errors: MLOPS_REFUSED may not push; MLOPS_IO.
 */
int oci_blob_put(struct oci_client *client, const struct oci_blob *blob, enum oci_sent *sent,
                 struct mlops_error *err);

#endif
