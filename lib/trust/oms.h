/*
 * lib/trust/oms.h - signatures of models by the OpenSSF Model Signing specification v1.0: a
 * sigstore bundle (v0.3) with a DSSE envelope of an in-toto statement that lists every file with
 * its SHA-256. What we write `model_signing verify` takes, and we take what `model_signing sign
 * key` and `sign certificate` write; stricter than it where it lets things through
 * (docs/signing.md).
 */
#ifndef TRUST_OMS_H
#define TRUST_OMS_H
#include "trust/dsse.h"

#define OMS_PREDICATE "https://model_signing/signature/v1.0"
#define OMS_FILE "model.sig"

struct oms_resource {
    char *name; /* path below the folder; owned */
    struct digest digest;
};

struct oms_resources {
    struct oms_resource *items; /* by name, in the order of its bytes */
    size_t count, capacity;
};
/* `name` is copied; afterwards sort. */
void oms_add(struct oms_resources *resources, const char *name, const struct digest *digest);
/* Errors: MLOPS_INVALID a name stands twice. */
int oms_sort(struct oms_resources *resources, struct mlops_error *err);
void oms_resources_clear(struct oms_resources *resources);

struct oms_options {
    const char *name;           /* of the model */
    bool symlinks;              /* some resources are links; what they lead to was hashed */
    const char *const *ignored; /* paths that are not looked at, NULL-terminated; NULL: none */
    const char *certificates;   /* PEM, leaf first; NULL: key mode */
};

/* The sigstore bundle, as JSON. The caller deletes it. */
int oms_sign(const struct signing_key *key, const struct oms_resources *resources,
             const struct oms_options *options, cJSON **bundle, struct mlops_error *err);

/* A signature taken apart. */
struct oms_signature {
    struct dsse dsse;
    char *model; /* what it says the model's name is */
    struct oms_resources resources;
    char **ignored; /* NULL-terminated */
    bool symlinks;
    char hint[SHA256_HEX_SIZE];  /* the fingerprint of the key that should verify it; "" unknown */
    struct buffer *certificates; /* DER, leaf first */
    size_t certificate_count;
};
/* Errors: MLOPS_INVALID not such a signature, or one that says two things: a name twice, a name
 * that leads out, a root digest that is not that of the list. */
int oms_read(const char *json, size_t length, struct oms_signature *signature,
             struct mlops_error *err);
void oms_signature_clear(struct oms_signature *signature);

/* Compare what is there with what was signed; `differences` gets a line a difference. */
bool oms_matches(const struct oms_signature *signature, const struct oms_resources *found,
                 struct buffer *differences);

#endif
