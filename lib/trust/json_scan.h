/*
 * lib/trust/json_scan.h - JSON, whole or a document a line, and what kinds of it can carry.
 *
 * Formats: RFC 8259, strictly, as loaders differ in what else they take; but for NaN, Infinity and
 * -Infinity, which Python writes. A file that has a name of JSON's and is not JSON is a finding.
 */
#ifndef TRUST_JSON_SCAN_H
#define TRUST_JSON_SCAN_H
#include "trust/scanner.h"
#include <cjson/cJSON.h>

#define JSON_SCAN_BYTES_MAX (256u << 20) /* of one document */
#define JSON_SCAN_VALUES_MAX 8000000     /* of one document: some 80 bytes of memory each */
#define JSON_SCAN_LINE_MAX (16u << 20)   /* bytes of a line, where each is a document */

/* A kind of document with rules of its own. */
struct json_flavour {
    const char *format; /* "notebook" */
    bool (*claims)(const cJSON *root);
    /* Errors: those of the source, MLOPS_CANCELLED. */
    int (*scan)(const struct scan_file *file, const cJSON *root, struct mlops_error *err);
};

/* Every flavour that claims a document scans it. NULL-terminated; a newcomer adds a line in
 * json_flavours.c. */
extern const struct json_flavour *const json_flavours[];

extern const struct scanner scanner_json;

#endif
