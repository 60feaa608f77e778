/*
 * include/mlops/signature.h - signatures of versions and of model folders, by the OpenSSF Model
 * Signing specification v1.0 (docs/signing.md): what is signed here verifies with
 * `model_signing verify`, and the other way round.
 */
#ifndef MLOPS_SIGNATURE_H
#define MLOPS_SIGNATURE_H
#include <mlops/key.h>
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_sign_options {
    struct mlops_signer signer;
    const char *certificate; /* a PEM file with the key's certificate and those that vouch for it;
                                NULL: the signature names the key alone */
};

/*
 * Sign every file of version `ref`, and its bundle's id, and record that as evidence. `*signature`
 * (may be NULL) gets the sigstore bundle, to stand beside a checkout as "model.sig"; the caller
 * frees it. `fingerprint` is of the key.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID not registered, or a link in it that cannot be signed;
 * MLOPS_INTEGRITY the passphrase is wrong, or the bundle damaged; MLOPS_IO.
 */
MLOPS_API int mlops_sign(struct mlops_registry *registry, const char *ref,
                         const struct mlops_sign_options *options, char **signature,
                         char fingerprint[65], struct mlops_error *err);

/* Sign a folder of any kind, its files but "model.sig", or the files in an archive of a bundle. The
 * caller frees `*signature`. */
MLOPS_API int mlops_sign_path(const char *path, const struct mlops_sign_options *options,
                              char **signature, char fingerprint[65], struct mlops_error *err);

/* One signature, judged. */
struct mlops_signature_result {
    char fingerprint[65];            /* of the key; "" unknown */
    char owner[MLOPS_ACTOR_MAX + 1]; /* whom the registry knows by it, or the certificate's name */
    unsigned roles;                  /* of enum mlops_role that it is trusted in */
    bool valid;                      /* by a key that is trusted, and of just these files */
    char *detail;                    /* one line: why not; "" where it is */
};

struct mlops_verification {
    bool valid; /* at least one signature is, and nothing contradicts it */
    struct mlops_signature_result *signatures;
    size_t count;
    char **warnings; /* what is not covered by the signature, a line each; NULL-terminated */
};

/* Judge the signatures that are recorded of version `ref` against its bundle, by the keys that the
 * registry trusts now. None is an answer (`valid` false). The caller clears `verification`.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY the log or the bundle is damaged. */
MLOPS_API int mlops_verify(struct mlops_registry *registry, const char *ref,
                           struct mlops_verification *verification, struct mlops_error *err);

struct mlops_verify_options {
    const char *signature; /* file; NULL: "model.sig" in the folder; of an archive its name and
                              ".sig", or, where that is not there, what the registry has recorded of
                              the bundle */
    const char *key;       /* as mlops_key_find takes it: it must have signed; NULL: see below */
    const char *roots;     /* PEM file of certificates that may vouch for the signer; NULL: none */
    struct mlops_registry *registry; /* whose trusted keys count where no key and no roots are
                                        given; NULL: none */
};

/*
 * Read every byte of a folder, or of an archive of a bundle, which is neither unpacked nor kept,
 * and judge the signature beside it; one file of another kind needs `signature`. As mlops_verify.
 * Errors: MLOPS_NOT_FOUND nothing there, no signature; MLOPS_INVALID neither key nor roots nor
 * registry, or not a signature; MLOPS_INTEGRITY the archive is not what its manifest says;
 * MLOPS_IO.
 */
MLOPS_API int mlops_verify_path(const char *path, const struct mlops_verify_options *options,
                                struct mlops_verification *verification, struct mlops_error *err);
MLOPS_API void mlops_verification_clear(struct mlops_verification *verification);

MLOPS_END
#endif
