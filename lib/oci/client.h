/*
 * lib/oci/client.h - requests to an OCI registry, by the distribution specification 1.1
 * (opencontainers/distribution-spec, spec.md), authorized as Docker's registries want it
 * (distribution/distribution, docs/spec/auth/token.md) and tried again by base/http.
 *
 * Certificates are verified. Without TLS it speaks to this machine, or where that is asked for.
 */
#ifndef OCI_CLIENT_H
#define OCI_CLIENT_H
#include "base/http.h"
#include "oci/reference.h"

#define OCI_MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define OCI_EMPTY_TYPE "application/vnd.oci.empty.v1+json"
#define OCI_MANIFEST_MAX (4U << 20) /* bytes: what registries take, by the specification */

struct oci_client_options {
    bool plain_http;     /* without TLS also to other machines */
    const char *ca_file; /* certificates to trust, PEM; NULL: the system's. This machine is then
                            spoken to by TLS, too */
    bool writes;         /* ask for tokens that may push */
    const char *mount;   /* another repository of the host, to read blobs from; or NULL */
    const struct mlops_observer *observer; /* outlives the client; may be NULL */
};

/* One repository of one registry. From several threads at once. */
struct oci_client;

/* Nothing is sent yet. The caller frees. Errors: those of oci_credentials_find, http_client_new. */
int oci_client_new(const struct oci_reference *where, const struct oci_client_options *options,
                   struct oci_client **client, struct mlops_error *err);
void oci_client_free(struct oci_client *client);
DEFINE_CLEANUP(struct oci_client, oci_client_free)
/* End all requests, those to come too, with MLOPS_CANCELLED. From any thread. */
void oci_client_stop(struct oci_client *client);

/*
 * Is there a registry that lets us in? GET /v2/.
 * Errors: MLOPS_IO not reached, or no registry; MLOPS_REFUSED it does not know us.
 */
int oci_ping(struct oci_client *client, struct mlops_error *err);

/* ---- for the files beside this one --------------------------------------------------------- */

/* The address of `format` below /v2/REPOSITORY/. The caller frees. */
char *oci_url(const struct oci_client *client, const char *format, ...) MLOPS_PRINTF(2, 3);
/* The repository to mount from, or NULL. */
const char *oci_mount(const struct oci_client *client);
/* What a Location header says, which may be relative. Errors: MLOPS_IO there is none, or it leads
 * from TLS to none. The caller frees `*url`. */
int oci_location(const struct oci_client *client, const struct http_response *response, char **url,
                 struct mlops_error *err);

/* As http_send, authorized; answers of 401 are met with credentials or a token, twice at most. */
int oci_send(struct oci_client *client, const struct http_request *request,
             struct http_response *response, struct mlops_error *err);

/* As http_client_rest. */
int oci_rest(struct oci_client *client, int64_t wait_ns, struct mlops_error *err);

/* Fail with what the registry said; 401 and 403 are MLOPS_REFUSED, 404 MLOPS_NOT_FOUND. */
int oci_fail(const struct oci_client *client, const struct http_request *request,
             const struct http_response *response, struct mlops_error *err);

#endif
