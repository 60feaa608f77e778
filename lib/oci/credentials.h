/*
 * lib/oci/credentials.h - who we are to a registry, as `docker login`, `skopeo login` and `oras
 * login` leave it: config.json of $DOCKER_CONFIG or ~/.docker, and the helpers that it names.
 */
#ifndef OCI_CREDENTIALS_H
#define OCI_CREDENTIALS_H
#include "base/buffer.h"

/* All NULL: none are known, and what is asked is asked as nobody. */
struct oci_credentials {
    char *user, *password;
    char *identity_token; /* to be exchanged for tokens, in place of a password */
};

/*
 * Look for those of `host`: its helper of credHelpers, the helper of credsStore, then auths. The
 * caller clears `credentials` (the memory is wiped).
 * Errors: MLOPS_INVALID the file is not such a file; MLOPS_NOT_FOUND a helper is not installed;
 * MLOPS_IO. Messages never hold what was found.
 */
int oci_credentials_find(const char *host, struct oci_credentials *credentials,
                         struct mlops_error *err);

/* The same out of the text of such a file; `path` is for messages. */
int oci_credentials_read(const char *text, size_t length, const char *path, const char *host,
                         struct oci_credentials *credentials, struct mlops_error *err);
void oci_credentials_clear(struct oci_credentials *credentials);

#endif
