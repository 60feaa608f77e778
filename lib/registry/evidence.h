/*
 * lib/registry/evidence.h - the digest that the log has of a piece of evidence.
 */
#ifndef REGISTRY_EVIDENCE_H
#define REGISTRY_EVIDENCE_H
#include "base/hash.h"

/* A row of the table; everything borrowed. */
struct evidence_fields {
    uint64_t id;
    const char *bundle, *kind, *name, *status, *actor, *body;
    int64_t recorded_ns;
};

/* SHA-256 of the fields as canonical JSON. Errors: MLOPS_INVALID the body is not a JSON object. */
int evidence_digest(const struct evidence_fields *fields, char hex[SHA256_HEX_SIZE],
                    struct mlops_error *err);

#endif
