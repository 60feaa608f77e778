/*
 * lib/oci/reference.h - where an artifact is: oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST].
 *
 * The grammar is that of the OCI distribution specification 1.1, "Pulling manifests".
 */
#ifndef OCI_REFERENCE_H
#define OCI_REFERENCE_H
#include "base/hash.h"

#define OCI_SCHEME "oci://"

/* Zeroed is empty. */
struct oci_reference {
    char *host;       /* with its port */
    char *repository; /* "team/fraud" */
    char *tag;        /* NULL where a digest is all that is said */
    bool has_digest;
    struct digest digest; /* of the manifest */
};

/* Without tag and digest the tag is "latest". The caller clears `reference`, also on failure.
 * Errors: MLOPS_INVALID, naming the part that is wrong. */
int oci_reference_parse(const char *text, struct oci_reference *reference, struct mlops_error *err);
void oci_reference_clear(struct oci_reference *reference);

/* Is `text` a repository: lower case, parts between slashes? */
bool oci_repository_valid(const char *text);

#endif
