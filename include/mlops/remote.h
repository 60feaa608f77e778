/*
 * include/mlops/remote.h - bundles to and from OCI registries (docs/oci.md), and other registries
 * of mlops.
 *
 * A bundle is pushed as an OCI 1.1 artifact by the CNCF ModelPack specification. libcurl is loaded
 * when one of these is called; where it is missing they fail with MLOPS_NOT_FOUND.
 *
 * Credentials come from ~/.docker/config.json and the helpers that it names.
 */
#ifndef MLOPS_REMOTE_H
#define MLOPS_REMOTE_H
#include <mlops/bundle.h>
MLOPS_BEGIN

struct mlops_remote {
    const char *address; /* oci://HOST/REPOSITORY[:TAG][@sha256:…]; the tag is "latest" otherwise */
    bool plain_http;     /* without TLS also to other machines than this one */
    const char *ca_file; /* certificates to trust, PEM; NULL: the system's */
};

struct mlops_push_options {
    struct mlops_remote to;
    const char *mount; /* repository of the same host that may have blobs already; or NULL */
    bool force;        /* move a tag that is on something else */
    bool image;        /* an image that runtimes can mount: the files, and not the bundle */
};

/* What was pushed. */
struct mlops_push {
    struct mlops_version version;
    char digest[MLOPS_BUNDLE_ID_SIZE]; /* of the artifact's manifest */
    uint64_t layers;
    uint64_t bytes;      /* of all blobs */
    uint64_t sent_bytes; /* that the registry did not have */
    uint64_t signatures; /* that stand beside it now */
    bool created;        /* false: just this was there already */
};

/*
 * Push the bundle of `ref` and its signatures. The same bundle gives the same artifact, bit for
 * bit. Blobs that are there are not sent; the tag is set last, when all is there.
 *
 * Errors: MLOPS_NOT_FOUND no such version; MLOPS_INVALID the address; MLOPS_CONFLICT the tag is on
 * another artifact (and not `force`); MLOPS_REFUSED the registry does not let us; MLOPS_INTEGRITY
 * an object is damaged; MLOPS_IO.
 */
MLOPS_API int mlops_push(struct mlops_registry *registry, const char *ref,
                         const struct mlops_push_options *options, struct mlops_push *push,
                         struct mlops_error *err);

struct mlops_pull_options {
    struct mlops_remote from;
    const char *model; /* what it should be called; NULL: as it says, or as the repository is */
};

/* What was pulled. */
struct mlops_pull {
    struct mlops_package package;
    char digest[MLOPS_BUNDLE_ID_SIZE]; /* of the artifact's manifest */
    uint64_t received_bytes;
    uint64_t signatures; /* that were not recorded here before */
    bool foreign;        /* no bundle had been pushed: one was made of the files */
};

/*
 * Take in what is at an address, and register it. A bundle keeps its id: every byte is held
 * against its manifest, and what is here already is not fetched. The files of any other artifact
 * become a bundle. Its signatures are recorded; who is trusted the registry here says.
 *
 * Errors: MLOPS_NOT_FOUND nothing is there; MLOPS_INVALID the address, or it is no artifact with
 * files; MLOPS_CONFLICT it is of another model than `model`; MLOPS_REFUSED; MLOPS_INTEGRITY it is
 * not what its digests and its manifest say: nothing is kept; MLOPS_IO.
 */
MLOPS_API int mlops_pull(struct mlops_registry *registry, const struct mlops_pull_options *options,
                         struct mlops_pull *pull, struct mlops_error *err);

struct mlops_carry_options {
    bool renumber; /* it may get a number that is another bundle's in the other registry */
};

/* What was carried over. */
struct mlops_carry {
    struct mlops_version version, there; /* what it is called in the one and in the other */
    bool created;                        /* false: it was there already */
    uint64_t files, bytes;               /* of the bundle */
    uint64_t sent_bytes;                 /* that the other store did not have, as they are stored */
    uint64_t signatures;                 /* that were not recorded there */
};

/*
 * Take version `ref` of the registry `from`, with its signatures, into the registry `to`: the
 * chunks that are missing, as they are stored. It keeps its bundle's id.
 *
 * Errors: MLOPS_NOT_FOUND no such version; MLOPS_CONFLICT `to` has another bundle under that model
 * and number (and not `renumber`); MLOPS_INTEGRITY; MLOPS_IO.
 */
MLOPS_API int mlops_carry(struct mlops_registry *from, const char *ref, struct mlops_registry *to,
                          const struct mlops_carry_options *options, struct mlops_carry *result,
                          struct mlops_error *err);

MLOPS_END
#endif
