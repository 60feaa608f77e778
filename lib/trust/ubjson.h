/*
 * lib/trust/ubjson.h - Universal Binary JSON, in which XGBoost saves models since version 2.1.
 *
 * Format: ubjson.org, draft 12, with typed and counted containers. Followed into the same tree as
 * JSON is, and judged by the same rules; what is no model of XGBoost is unknown.
 */
#ifndef TRUST_UBJSON_H
#define TRUST_UBJSON_H
#include "trust/scanner.h"

extern const struct scanner scanner_ubjson;

#endif
