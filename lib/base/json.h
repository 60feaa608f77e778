/*
 * lib/base/json.h - JSON at the edge: strict parsing of bytes, canonical writing, typed reading.
 *
 * Trees are cJSON's. Numbers are IEEE 754 doubles, as RFC 8785 demands.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include "base/buffer.h"
#include <cjson/cJSON.h>

static inline void json_free(cJSON **json)
{
    cJSON_Delete(*json);
}

/*
 * Parse exactly one JSON text of `length` bytes. Stricter than cJSON: duplicate keys, invalid
 * UTF-8, NUL bytes (also as \u0000), trailing bytes and nesting over 64 levels are refused.
 * `what` names the text in messages. The caller deletes `*json` (_cleanup_(json_free)).
 * Errors: MLOPS_INVALID with what and the byte offset.
 */
int json_parse(const char *text, size_t length, const char *what, cJSON **json,
               struct mlops_error *err);

/* Append the canonical form (RFC 8785): keys sorted by UTF-16 code units, numbers as ECMAScript
 * prints them, shortest escapes, no white space. NaN and infinities are MLOPS_INVALID. Raw items
 * (cJSON_CreateRaw) go as they are: whoever makes one sees to its form. */
int json_write_canonical(const cJSON *json, struct buffer *out, struct mlops_error *err);

/* Append a string in quotes, with the shortest escapes (RFC 8785 §3.2.2.2). */
void json_write_string(const char *text, struct buffer *out);

/* Append a number as ECMAScript's Number::toString does (RFC 8785 §3.2.2.3). */
void json_write_number(double value, struct buffer *out);

/* Members of an object, with defaults where missing or of another type. */
const char *json_string(const cJSON *object, const char *key, const char *fallback);
double json_number(const cJSON *object, const char *key, double fallback);
uint64_t json_u64(const cJSON *object, const char *key, uint64_t fallback);
bool json_bool(const cJSON *object, const char *key, bool fallback);

/* A copy of the member `key`, which the caller frees; NULL where it is missing or no text. */
char *json_copy_text(const cJSON *object, const char *key);

/* The texts of the array `key`, NULL-terminated, which the caller frees; `*texts` is NULL where the
 * member is missing. False, and `*texts` NULL, where it is no array of texts. */
bool json_copy_texts(const cJSON *object, const char *key, char ***texts);

/* The same of a member that was found; `item` may be NULL. */
const char *json_text_of(const cJSON *item, const char *fallback);
uint64_t json_u64_of(const cJSON *item, uint64_t fallback);

/* Many members of an object that json_parse gave, in one pass where its keys ascend, as those of
 * canonical JSON do: `members[i]` is that of `keys[i]`, NULL where it has none. `keys` ascend. */
void json_members(const cJSON *object, const char *const *keys, size_t count,
                  const cJSON **members);

/* The first value from `json` on that is a text, or has a key, of more than `max` bytes; NULL:
 * none. Raw items are not looked at. */
const cJSON *json_find_long(const cJSON *json, size_t max);

/* Add to an object; NULL strings become null, numbers that are not finite become null. */
void json_add_string(cJSON *object, const char *key, const char *value);
void json_add_number(cJSON *object, const char *key, double value);
void json_add_u64(cJSON *object, const char *key, uint64_t value);
void json_add_bool(cJSON *object, const char *key, bool value);
/* A member where there is a text: nothing where `text` is NULL; the second, nothing where it is
 * empty either. */
void json_add_text(cJSON *object, const char *key, const char *text);
void json_add_known(cJSON *object, const char *key, const char *text);
/* A NULL-terminated array of texts; nothing where `texts` is NULL. */
void json_add_texts(cJSON *object, const char *key, char *const *texts);
/* Add `text`, which is not NULL, to the end of an array; the second, where it is not in it yet. */
void json_append_text(cJSON *array, const char *text);
void json_append_once(cJSON *array, const char *text);
/* Is `text` in the array? */
bool json_has_text(const cJSON *array, const char *text);
/* Add a new empty object or array under `key` and return it (owned by `object`). */
cJSON *json_add_object(cJSON *object, const char *key);
cJSON *json_add_array(cJSON *object, const char *key);

#endif
