/* lib/base/json.c - strict parsing and typed reading of JSON; canonical writing is in
 * json_canonical.c. */
#include "base/json.h"
#include "base/json_check.h"
#include <math.h>

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Do the keys ascend? Those of canonical JSON do, and then none stands twice. */
static bool keys_ascend(const cJSON *object)
{
    for (const cJSON *member = object->child; member && member->next; member = member->next)
        if (strcmp(member->string, member->next->string) >= 0)
            return false;
    return true;
}

/* The first key that stands twice in one object of the tree, or NULL. */
static const char *duplicate_key(const cJSON *json)
{
    const char *found = NULL;
    if (cJSON_IsObject(json) && !keys_ascend(json)) {
        size_t count = (size_t)cJSON_GetArraySize(json), i = 0;
        const char **keys = xcalloc(count, sizeof(*keys));
        for (const cJSON *member = json->child; member; member = member->next)
            keys[i++] = member->string;
        qsort(keys, count, sizeof(*keys), compare_keys);
        for (i = 1; i < count && !found; i++)
            if (str_equal(keys[i - 1], keys[i]))
                found = keys[i];
        free(keys);
    }
    for (const cJSON *member = json->child; member && !found; member = member->next)
        found = duplicate_key(member);
    return found;
}

int json_parse(const char *text, size_t length, const char *what, cJSON **json,
               struct mlops_error *err)
{
    size_t offset;
    const char *wrong = json_check(text, length, &offset);
    if (wrong)
        return mlops_fail(err, MLOPS_INVALID, "%s: byte %zu: %s", what, offset, wrong);
    _cleanup_(json_free) cJSON *tree = cJSON_ParseWithLength(text, length);
    if (!tree)
        return mlops_fail(err, MLOPS_INVALID, "%s: not JSON that can be read", what);
    const char *twice = duplicate_key(tree);
    if (twice)
        return mlops_fail(err, MLOPS_INVALID, "%s: the key '%s' stands twice", what, twice);
    *json = TAKE_PTR(tree);
    return MLOPS_OK;
}

void json_members(const cJSON *object, const char *const *keys, size_t count, const cJSON **members)
{
    const cJSON *member = object->child;
    bool sorted = keys_ascend(object);
    for (size_t i = 0; i < count; i++) {
        int order = -1;
        if (!sorted) {
            members[i] = cJSON_GetObjectItemCaseSensitive(object, keys[i]);
            continue;
        }
        while (member && (order = strcmp(member->string, keys[i])) < 0)
            member = member->next;
        members[i] = member && order == 0 ? member : NULL;
    }
}

const char *json_text_of(const cJSON *item, const char *fallback)
{
    return cJSON_IsString(item) ? item->valuestring : fallback;
}

const char *json_string(const cJSON *object, const char *key, const char *fallback)
{
    return json_text_of(cJSON_GetObjectItemCaseSensitive(object, key), fallback);
}

double json_number(const cJSON *object, const char *key, double fallback)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(member) ? member->valuedouble : fallback;
}

char *json_copy_text(const cJSON *object, const char *key)
{
    const char *text = json_string(object, key, NULL);
    return text ? xstrdup(text) : NULL;
}

bool json_copy_texts(const cJSON *object, const char *key, char ***texts)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, key), *item;
    _cleanup_(free_strings) char **copies = NULL;
    size_t count = 0;

    *texts = NULL;
    if (!cJSON_IsArray(array))
        return !array;
    copies = xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(*copies));
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsString(item))
            return false;
        copies[count++] = xstrdup(item->valuestring);
    }
    *texts = TAKE_PTR(copies);
    return true;
}

bool json_has_text(const cJSON *array, const char *text)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, array)
    {
        if (str_equal(json_text_of(item, ""), text))
            return true;
    }
    return false;
}

uint64_t json_u64_of(const cJSON *item, uint64_t fallback)
{
    double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (value < 0 || value > 9007199254740992.0 || value != floor(value)) /* 2^53 */
        return fallback;
    return (uint64_t)value;
}

uint64_t json_u64(const cJSON *object, const char *key, uint64_t fallback)
{
    return json_u64_of(cJSON_GetObjectItemCaseSensitive(object, key), fallback);
}

bool json_bool(const cJSON *object, const char *key, bool fallback)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsBool(member) ? cJSON_IsTrue(member) : fallback;
}

/* cJSON fails here only where memory is out. */
static void add(cJSON *object, const char *key, cJSON *value)
{
    cJSON *added = cJSON_AddItemToObject(object, key, xcheck(value)) ? value : NULL;
    (void)xcheck(added);
}

const cJSON *json_find_long(const cJSON *json, size_t max)
{
    const cJSON *found = NULL;

    if ((cJSON_IsString(json) && strlen(json->valuestring) > max) ||
        (json->string && strlen(json->string) > max))
        return json;
    for (const cJSON *item = json->child; item && !found; item = item->next)
        found = json_find_long(item, max);
    return found;
}

void json_add_string(cJSON *object, const char *key, const char *value)
{
    add(object, key, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void json_add_number(cJSON *object, const char *key, double value)
{
    add(object, key, isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void json_add_u64(cJSON *object, const char *key, uint64_t value)
{
    add(object, key, cJSON_CreateNumber((double)value));
}

void json_add_bool(cJSON *object, const char *key, bool value)
{
    add(object, key, cJSON_CreateBool(value));
}

cJSON *json_add_object(cJSON *object, const char *key)
{
    cJSON *fresh = xcheck(cJSON_CreateObject());
    add(object, key, fresh);
    return fresh;
}

cJSON *json_add_array(cJSON *object, const char *key)
{
    cJSON *fresh = xcheck(cJSON_CreateArray());
    add(object, key, fresh);
    return fresh;
}

void json_add_text(cJSON *object, const char *key, const char *text)
{
    if (text)
        json_add_string(object, key, text);
}

void json_add_known(cJSON *object, const char *key, const char *text)
{
    if (text && *text)
        json_add_string(object, key, text);
}

void json_append_text(cJSON *array, const char *text)
{
    cJSON_AddItemToArray(array, xcheck(cJSON_CreateString(text)));
}

void json_append_once(cJSON *array, const char *text)
{
    if (!json_has_text(array, text))
        json_append_text(array, text);
}

void json_add_texts(cJSON *object, const char *key, char *const *texts)
{
    if (!texts)
        return;
    cJSON *array = json_add_array(object, key);
    for (; *texts; texts++)
        json_append_text(array, *texts);
}
