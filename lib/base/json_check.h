/* lib/base/json_check.h - is a run of bytes one well-formed JSON text? Asked before cJSON sees it,
 * which is more lenient than RFC 8259. */
#ifndef BASE_JSON_CHECK_H
#define BASE_JSON_CHECK_H
#include "base/util.h"

#define JSON_DEPTH_MAX 64

/* NULL, or what is wrong (static text), with `*offset` the byte where it is seen. */
const char *json_check(const char *text, size_t length, size_t *offset);

#endif
