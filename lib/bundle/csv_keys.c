/* lib/bundle/csv_keys.c - how a snapshot's CSV is read: from YAML, to JSON and back. */
#include "bundle/csv_keys.h"
#include "base/json.h"
#include "table/csv.h"
#include <mlops/text.h>

/* Put "FILE:LINE: 'KEY'" before the error that is there. */
static int refuse(const struct yaml_checker *checker, const struct yaml_node *node)
{
    mlops_wrap(checker->err, "'%s'", node->key);
    return yaml_wrap(checker, node);
}

static int read_byte(const struct yaml_checker *checker, const struct yaml_node *node, char *byte)
{
    if (!node)
        return MLOPS_OK;
    if (node->kind == YAML_NULL) { /* what YAML makes of `comment: #` */
        yaml_wrong(checker, node, "'%s' has no value", node->key);
        return mlops_hint(checker->err, "quote the character: # begins a comment of YAML");
    }
    if (node->kind != YAML_SCALAR)
        return yaml_wrong(checker, node, "'%s' must be a single value, not %s", node->key,
                          yaml_kind_name(node));
    if (mlops_byte_parse(node->text, byte))
        return MLOPS_OK;
    yaml_wrong(checker, node, "'%s' takes one character, not '%s'", node->key, node->text);
    return mlops_hint(checker->err, "quote it where it means something to YAML; '\\t' is a tab");
}

static int read_ragged(const struct yaml_checker *checker, const struct yaml_node *node,
                       enum table_ragged *ragged)
{
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    TRY(yaml_check_text(checker, node));
    return table_ragged_parse(node->text, ragged, checker->err) ? refuse(checker, node) : MLOPS_OK;
}

/* A list, even of one: "a,b" would be one name. */
static int read_columns(const struct yaml_checker *checker, const struct yaml_node *node,
                        char ***columns)
{
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    if (node->kind != YAML_LIST)
        return yaml_wrong(checker, node,
                          "'%s' must be a list of names such as [ts, amount], not %s", node->key,
                          yaml_kind_name(node));
    TRY(yaml_take_texts(checker, node, columns));
    return table_names_check((const char *const *)*columns, checker->err) ? refuse(checker, node)
                                                                          : MLOPS_OK;
}

int csv_keys_read(const struct yaml_checker *checker, const struct yaml_node *snapshot,
                  struct csv_keys *keys)
{
    const struct yaml_node *separator = yaml_get(snapshot, "separator");
    const struct yaml_node *comment = yaml_get(snapshot, "comment");
    TRY(read_byte(checker, separator, &keys->separator));
    TRY(read_byte(checker, comment, &keys->comment));
    if (csv_check(keys->separator, 0, checker->err))
        return refuse(checker, separator);
    if (csv_check(keys->separator, keys->comment, checker->err))
        return refuse(checker, comment);
    TRY(read_ragged(checker, yaml_get(snapshot, "ragged"), &keys->ragged));
    return read_columns(checker, yaml_get(snapshot, "columns"), &keys->columns);
}

void csv_keys_clear(struct csv_keys *keys)
{
    strings_free(keys->columns);
    *keys = (struct csv_keys){0};
}

bool csv_keys_given(const struct csv_keys *keys)
{
    return keys->separator || keys->comment || keys->ragged != TABLE_RAGGED_REFUSE || keys->columns;
}

static void add_byte(cJSON *json, const char *key, char byte)
{
    const char text[] = {byte, '\0'};
    json_add_known(json, key, text);
}

cJSON *csv_keys_to_json(const struct csv_keys *keys)
{
    if (!csv_keys_given(keys))
        return NULL;
    cJSON *json = xcheck(cJSON_CreateObject());
    add_byte(json, "separator", keys->separator);
    add_byte(json, "comment", keys->comment);
    json_add_text(json, "ragged", table_ragged_name(keys->ragged));
    json_add_texts(json, "columns", keys->columns);
    return json;
}

static bool load_byte(const cJSON *json, const char *key, char *byte)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    if (!item)
        return true;
    if (!cJSON_IsString(item) || strlen(item->valuestring) != 1)
        return false;
    *byte = item->valuestring[0];
    return true;
}

static bool load_ragged(const cJSON *json, enum table_ragged *ragged)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, "ragged");
    struct mlops_error unused = {0};
    return !item || (cJSON_IsString(item) &&
                     table_ragged_parse(item->valuestring, ragged, &unused) == MLOPS_OK);
}

bool csv_keys_load(const cJSON *json, struct csv_keys *keys)
{
    struct mlops_error unused = {0};
    if (!json)
        return true;
    return cJSON_IsObject(json) && load_byte(json, "separator", &keys->separator) &&
           load_byte(json, "comment", &keys->comment) &&
           csv_check(keys->separator, keys->comment, &unused) == MLOPS_OK &&
           load_ragged(json, &keys->ragged) && json_copy_texts(json, "columns", &keys->columns) &&
           (!keys->columns ||
            table_names_check((const char *const *)keys->columns, &unused) == MLOPS_OK);
}

void csv_keys_apply(const struct csv_keys *keys, struct table_options *options)
{
    options->separator = keys->separator;
    options->comment = keys->comment;
    options->ragged = keys->ragged;
    options->names = (const char *const *)keys->columns;
}
