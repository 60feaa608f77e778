/*
 * lib/registry/evidence.c - what was found out about bundles: recorded once, bound to the bundle's
 * digest, and named with its own digest in the log.
 */
#include "registry/evidence.h"
#include "registry/audit.h"

static int parse_body(const char *body, cJSON **json, struct mlops_error *err)
{
    TRY(json_parse(body, strlen(body), "the body of the evidence", json, err));
    if (!cJSON_IsObject(*json))
        return mlops_fail(err, MLOPS_INVALID, "the body of the evidence is not a JSON object");
    return MLOPS_OK;
}

int evidence_digest(const struct evidence_fields *fields, char hex[SHA256_HEX_SIZE],
                    struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject(), *body = NULL;
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest digest;
    char time_text[AUDIT_TIME_SIZE];

    TRY(parse_body(fields->body, &body, err));
    audit_time_format(fields->recorded_ns, time_text);
    json_add_u64(json, "id", fields->id);
    json_add_string(json, "bundle", fields->bundle);
    json_add_string(json, "kind", fields->kind);
    json_add_string(json, "name", fields->name);
    json_add_string(json, "status", fields->status);
    json_add_string(json, "actor", fields->actor);
    json_add_string(json, "recorded", time_text);
    cJSON_AddItemToObject(json, "body", TAKE_PTR(body));
    TRY(json_write_canonical(json, &text, err));
    sha256_of(text.data, text.length, &digest);
    digest_to_hex(&digest, hex);
    return MLOPS_OK;
}

/* ---- recording ----------------------------------------------------------------------------- */

static int canonical_body(const char *body, struct buffer *text, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = NULL;

    TRY(parse_body(body, &json, err));
    return json_write_canonical(json, text, err);
}

static int check_bundle(struct db *db, const char *bundle, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool known;

    TRY(db_query(db, &rows, err, "SELECT 1 FROM bundle WHERE id = $1", DB_TEXT(bundle)));
    TRY(db_step(rows, &known, err));
    return known ? MLOPS_OK : mlops_fail(err, MLOPS_NOT_FOUND, "no bundle %s", bundle);
}

static int next_id(struct db *db, uint64_t *id, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool more;

    TRY(db_query(db, &rows, err, "SELECT coalesce(max(id), 0) + 1 FROM evidence"));
    TRY(db_step(rows, &more, err));
    *id = (uint64_t)db_i64(rows, 0);
    return MLOPS_OK;
}

/* The next log entry will say so. */
static void remember(struct transaction *tx, uint64_t id, const char *bundle, const char *hex)
{
    cJSON *item = cJSON_CreateObject();

    if (!tx->evidence)
        tx->evidence = cJSON_CreateArray();
    json_add_u64(item, "id", id);
    json_add_string(item, "sha256", hex);
    cJSON_AddItemToArray(tx->evidence, item);
    free(tx->evidence_bundle);
    tx->evidence_id = id;
    tx->evidence_bundle = xstrdup(bundle);
}

int evidence_record(struct transaction *tx, const char *bundle, const char *kind, const char *name,
                    const char *status, const char *body, struct mlops_error *err)
{
    struct db *db = transaction_db(tx);
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct evidence_fields fields = {.bundle = bundle,
                                     .kind = kind,
                                     .name = name,
                                     .status = status,
                                     .actor = registry_actor(tx->registry),
                                     .recorded_ns = tx->now_ns};
    char hex[SHA256_HEX_SIZE];

    TRY(canonical_body(body, &text, err));
    TRY(check_bundle(db, bundle, err));
    TRY(next_id(db, &fields.id, err));
    fields.body = text.data;
    TRY(evidence_digest(&fields, hex, err));
    TRY(db_exec(db, err,
                "INSERT INTO evidence (id, bundle, kind, name, status, actor, body, recorded_ns) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                DB_I64(fields.id), DB_TEXT(bundle), DB_TEXT(kind), DB_TEXT(name), DB_TEXT(status),
                DB_TEXT(fields.actor), DB_TEXT(text.data), DB_I64(fields.recorded_ns)));
    remember(tx, fields.id, bundle, hex);
    return MLOPS_OK;
}

int evidence_keep(struct transaction *tx, const char *what, const struct digest *digest,
                  uint64_t bytes, struct mlops_error *err)
{
    char hex[SHA256_HEX_SIZE];

    digest_to_hex(digest, hex);
    return db_exec(transaction_db(tx), err,
                   "INSERT INTO kept (evidence, what, bundle, sha256, bytes) "
                   "VALUES ($1, $2, $3, $4, $5)",
                   DB_I64(tx->evidence_id), DB_TEXT(what), DB_TEXT(tx->evidence_bundle),
                   DB_TEXT(hex), DB_I64(bytes));
}

/* ---- listing ------------------------------------------------------------------------------- */

#define COLUMNS "SELECT id, bundle, kind, name, status, actor, body, recorded_ns FROM evidence "

static void read_row(const struct db_rows *rows, struct mlops_evidence *evidence)
{
    memset(evidence, 0, sizeof(*evidence));
    evidence->id = (uint64_t)db_i64(rows, 0);
    str_copy(evidence->bundle, sizeof(evidence->bundle), db_string(rows, 1));
    evidence->kind = xstrdup(db_string(rows, 2));
    evidence->name = xstrdup(db_string(rows, 3));
    evidence->status = xstrdup(db_string(rows, 4));
    evidence->actor = xstrdup(db_string(rows, 5));
    evidence->body = xstrdup(db_string(rows, 6));
    evidence->recorded_ns = db_i64(rows, 7);
}

static int read_list(struct mlops_registry *registry, const char *bundle, const char *kind,
                     struct mlops_evidence_list *list, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;

    if (kind)
        TRY(db_query(registry->db, &rows, err,
                     COLUMNS "WHERE bundle = $1 AND kind = $2 ORDER BY id", DB_TEXT(bundle),
                     DB_TEXT(kind)));
    else
        TRY(db_query(registry->db, &rows, err, COLUMNS "WHERE bundle = $1 ORDER BY id",
                     DB_TEXT(bundle)));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(list->items, list->count, &capacity);
        read_row(rows, &list->items[list->count++]);
    }
}

int mlops_evidence_list(struct mlops_registry *registry, const char *bundle, const char *kind,
                        struct mlops_evidence_list *list, struct mlops_error *err)
{
    int code;

    memset(list, 0, sizeof(*list));
    code = read_list(registry, bundle, kind, list, err);
    if (code)
        mlops_evidence_list_clear(list);
    return code;
}

void mlops_evidence_list_clear(struct mlops_evidence_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].kind);
        free(list->items[i].name);
        free(list->items[i].status);
        free(list->items[i].actor);
        free(list->items[i].body);
    }
    free(list->items);
    memset(list, 0, sizeof(*list));
}
