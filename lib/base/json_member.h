/*
 * lib/base/json_member.h - members of a large JSON object found in its text, without building the
 * others: a manifest of 100,000 files has parameters of a few lines.
 */
#ifndef BASE_JSON_MEMBER_H
#define BASE_JSON_MEMBER_H
#include "base/util.h"

/* Where a value lies in the text that it was found in. */
struct json_span {
    const char *text; /* NULL: the object has no such member */
    size_t length;
};

/*
 * Find the values of `count` members of the object that `text` is, in one pass: `values[i]` is that
 * of `keys[i]`. Values are only passed over, by their quotes and brackets, and keys compared as
 * they are written: what is found is for json_parse. False where `text` is no object.
 */
bool json_find_members(const char *text, size_t length, const char *const *keys, size_t count,
                       struct json_span *values);

#endif
