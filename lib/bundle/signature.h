/* lib/bundle/signature.h - what is recorded of a bundle's signatures, judged. */
#ifndef BUNDLE_SIGNATURE_H
#define BUNDLE_SIGNATURE_H
#include "bundle/manifest.h"
#include "trust/oms.h"
#include "trust/trusted.h"
#include <mlops/signature.h>

#define SIGNATURE_EVIDENCE "signature"

/* The files of a bundle as a signature lists them: a link is what it leads to. `*symlinks`: there
 * are some. Errors: MLOPS_INVALID a link that leads to no file of the bundle. */
int signature_resources(const struct manifest *manifest, struct oms_resources *resources,
                        bool *symlinks, struct mlops_error *err);

/* The sigstore bundle of `resources`, by `key`, with the certificates that the options name. */
int signature_make(const struct mlops_sign_options *options, const struct signing_key *key,
                   const struct oms_resources *resources, const char *name, bool symlinks,
                   cJSON **signature, struct mlops_error *err);

/* As mlops_verify, by `trusted` at `now_ns`. */
int signature_judge(struct mlops_registry *registry, const char *bundle,
                    const struct manifest *manifest, const struct mlops_trust_list *trusted,
                    int64_t now_ns, struct mlops_verification *verification,
                    struct mlops_error *err);

/* Add an empty result and return it. */
struct mlops_signature_result *verification_add(struct mlops_verification *verification);

#endif
