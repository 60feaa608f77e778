/*
 * lib/registry/fact.h - what versions can be searched by: parameters, metrics, data, code and
 * environment as their manifests have them, flattened to typed rows. The manifest stays the truth;
 * rows can be made from it at any time.
 */
#ifndef REGISTRY_FACT_H
#define REGISTRY_FACT_H
#include "registry/handle.h"

#define FACT_NAME_MAX 255   /* bytes of "params.a.b.c" */
#define FACT_TEXT_MAX 512   /* bytes of a text; longer ones are not searched by */
#define FACT_COUNT_MAX 4096 /* a version */

/* Record the facts of a version from its bundle's manifest; NULL: out of the store. Where that
 * cannot be read, it has none and the observer is warned: what is damaged is fsck's matter. */
int facts_record(struct transaction *tx, const struct mlops_version *version,
                 const struct buffer *manifest, struct mlops_error *err);

/* Forget them. */
int facts_forget(struct transaction *tx, const char *model, uint64_t number,
                 struct mlops_error *err);

/* Record the facts of all versions that there are; for a registry that has none yet. */
int facts_fill(struct transaction *tx, struct mlops_error *err);

#endif
