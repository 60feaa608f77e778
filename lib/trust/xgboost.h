/*
 * lib/trust/xgboost.h - XGBoost's models as JSON or UBJSON. They carry no code; what they can do is
 * have the library, which trusts them, read and write outside of its memory.
 *
 * Format: XGBoost documentation, "Introduction to Model IO", JSON schema (doc/model.schema).
 */
#ifndef TRUST_XGBOOST_H
#define TRUST_XGBOOST_H
#include "trust/json_scan.h"

/* Does the document look like a model, or what pickling a Booster keeps of one? */
bool xgboost_claims(const cJSON *root);

/* Trees are held against their own sizes: a child or a feature that is not there is a finding. */
int xgboost_scan(const struct scan_file *file, const cJSON *root, struct mlops_error *err);

extern const struct json_flavour json_xgboost;

#endif
