/*
 * lib/trust/skops.h - schema.json of a .skops archive: which classes and functions it rebuilds.
 *
 * Format: skops/io (nodes with __class__, __module__ and __loader__). Known ways out:
 * CVE-2025-54412 (OperatorFuncNode), CVE-2025-54413 (MethodNode), CVE-2025-54886 (a fall back to
 * joblib, where the archive is none).
 */
#ifndef TRUST_SKOPS_H
#define TRUST_SKOPS_H
#include "trust/json_scan.h"

extern const struct json_flavour json_skops;

#endif
