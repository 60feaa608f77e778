/* lib/registry/tag.c - free labels on versions: they carry no meaning for gates. */
#include "base/escape.h"
#include "registry/reference.h"
#include <mlops/catalog.h>

static int check_name(const char *name, struct mlops_error *err)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-");

    if (length > 0 && length <= MLOPS_TAG_NAME_MAX && name[length] == '\0' && *name != '.' &&
        *name != '-')
        return MLOPS_OK;
    _cleanup_(free_string) char *shown = escape_name(name);
    mlops_fail(err, MLOPS_INVALID, "'%s' is not a tag's name", shown);
    return mlops_hint(err,
                      "use 1 to %d of small letters, digits, '_', '.' and '-', not beginning with "
                      "'.' or '-'",
                      MLOPS_TAG_NAME_MAX);
}

static int check_value(const char *name, const char *value, struct mlops_error *err)
{
    if (strlen(value) <= MLOPS_TAG_VALUE_MAX && name_is_plain(value))
        return MLOPS_OK;
    return mlops_fail(
        err, MLOPS_INVALID,
        "the value of the tag '%s' is longer than %d bytes, not UTF-8, or has control "
        "characters",
        name, MLOPS_TAG_VALUE_MAX);
}

/* {"name": …, "value": …}; `value` NULL: it was taken off. */
static int log_change(struct transaction *tx, const struct mlops_version *version, const char *name,
                      const char *value, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = xcheck(cJSON_CreateObject());
    _cleanup_(buffer_clear) struct buffer detail = {0};

    json_add_string(json, "name", name);
    json_add_string(json, "value", value);
    TRY(json_write_canonical(json, &detail, err));
    return audit_append(tx,
                        &(struct audit_entry){.action = value ? "tag" : "untag",
                                              .model = version->model,
                                              .version = version->number,
                                              .bundle = version->bundle,
                                              .detail = detail.data},
                        err);
}

int mlops_tag_set(struct mlops_registry *registry, const char *ref, const char *name,
                  const char *value, struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;

    TRY(check_name(name, err));
    TRY(check_value(name, value, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(version_resolve(tx, ref, version, err));
    TRY(version_check_registered(version, err));
    TRY(db_exec(transaction_db(tx), err,
                "INSERT INTO tag (model, number, name, value) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (model, number, name) DO UPDATE SET value = excluded.value",
                DB_TEXT(version->model), DB_I64(version->number), DB_TEXT(name), DB_TEXT(value)));
    TRY(log_change(tx, version, name, value, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_tag_remove(struct mlops_registry *registry, const char *ref, const char *name,
                     struct mlops_version *version, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;

    TRY(check_name(name, err));
    TRY(transaction_begin(registry, &tx, err));
    TRY(version_resolve(tx, ref, version, err));
    TRY(version_check_registered(version, err));
    TRY(db_exec(transaction_db(tx), err,
                "DELETE FROM tag WHERE model = $1 AND number = $2 AND name = $3",
                DB_TEXT(version->model), DB_I64(version->number), DB_TEXT(name)));
    if (db_changes(transaction_db(tx)) == 0)
        return mlops_fail(err, MLOPS_NOT_FOUND, "%s@%llu has no tag '%s'", version->model,
                          (unsigned long long)version->number, name);
    TRY(log_change(tx, version, name, NULL, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int read_tags(struct mlops_registry *registry, const struct mlops_version *version,
                     struct mlops_tags *tags, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;

    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry->db, &rows, err,
                 "SELECT name, value FROM tag WHERE model = $1 AND number = $2 ORDER BY name",
                 DB_TEXT(version->model), DB_I64(version->number)));
    for (;;) {
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(tags->items, tags->count, &capacity);
        tags->items[tags->count++] = (struct mlops_tag){.name = xstrdup(db_string(rows, 0)),
                                                        .value = xstrdup(db_string(rows, 1))};
    }
}

int mlops_tag_list(struct mlops_registry *registry, const struct mlops_version *version,
                   struct mlops_tags *tags, struct mlops_error *err)
{
    *tags = (struct mlops_tags){0};
    int code = read_tags(registry, version, tags, err);
    if (code)
        mlops_tags_clear(tags);
    return code;
}

void mlops_tags_clear(struct mlops_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        free(tags->items[i].name);
        free(tags->items[i].value);
    }
    free(tags->items);
    *tags = (struct mlops_tags){0};
}
