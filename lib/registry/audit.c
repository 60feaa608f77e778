/*
 * lib/registry/audit.c - the audit log: entries of canonical JSON, appended to a tree of hashes in
 * the same transaction as what they speak of, and read back. audit_verify.c checks them.
 */
#include "registry/audit.h"
#include "base/path.h"
#include "registry/log_control.h"
#include "registry/log_head.h"
#include "registry/log_tree.h"
#include "registry/outbox.h"
#include "registry/reference.h"
#include <mlops/text.h>
#include <stdio.h>

#define NS_PER_S 1000000000LL

void audit_time_format(int64_t time_ns, char text[AUDIT_TIME_SIZE])
{
    int64_t fraction, whole;
    char seconds[32];
    size_t length;

    if (time_ns < INT64_MIN + NS_PER_S)
        time_ns = INT64_MIN + NS_PER_S;
    fraction = ((time_ns % NS_PER_S) + NS_PER_S) % NS_PER_S;
    whole = time_ns - fraction;
    mlops_time_format(whole, seconds);
    length = strcspn(seconds, "Z");
    snprintf(text, AUDIT_TIME_SIZE, "%.*s.%09lldZ", (int)length, seconds, (long long)fraction);
}

/* ---- the tree ------------------------------------------------------------------------------ */

/* The tree that the transaction appends to. */
static int know_tree(struct transaction *tx, struct mlops_error *err)
{
    int code;

    if (tx->tree_known)
        return MLOPS_OK;
    code = log_head_read(tx->registry, &tx->tree, err);
    if (code != MLOPS_INTEGRITY)
        TRY(code);
    else if (tx->tree.size > 0)
        return mlops_hint(err, "nothing can be recorded; 'mlops log --verify' tells more, and a "
                               "backup of the registry helps");
    else
        *err = (struct mlops_error){0}; /* there is no head before the first entry */
    tx->tree_known = true;
    return MLOPS_OK;
}

static int tree_append(struct transaction *tx, const struct digest *leaf, struct mlops_error *err)
{
    struct digest created[MERKLE_LEVELS];
    unsigned level = merkle_append(&tx->tree, leaf, created);

    tx->tree_grown = true;
    return log_tree_keep(transaction_db(tx), &tx->tree, level, created, err);
}

int audit_seal(struct transaction *tx, struct mlops_error *err)
{
    return tx->tree_grown ? log_checkpoint_write(tx->registry, &tx->tree, err) : MLOPS_OK;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* ---- the chain of what restricts (log_control.h) -------------------------------------------- */

/* Entry `index` of the tree that the transaction appends to, proved. */
static int read_proved(struct transaction *tx, uint64_t index, struct buffer *text,
                       struct mlops_error *err)
{
    struct log_view view = {.registry = tx->registry, .db = transaction_db(tx)};

    view.checkpoint.size = tx->tree.size;
    merkle_root(&tx->tree, &view.checkpoint.root);
    return log_view_text(&view, index, text, NULL, err);
}

static int know_control(struct transaction *tx, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0}, control = {0};
    _cleanup_(json_free) cJSON *newest = NULL;
    const struct digest *known;

    if (tx->control_known)
        return MLOPS_OK;
    tx->control_known = true;
    if (tx->tree.size == 0)
        return MLOPS_OK;
    TRY(read_proved(tx, tx->tree.size - 1, &text, err));
    TRY(json_parse(text.data, text.length, "the newest entry of the audit log", &newest, err));
    tx->control = log_control_behind(newest, tx->tree.size - 1);
    if (tx->control == 0)
        return MLOPS_OK;
    known = log_control_known(tx->registry, tx->control - 1);
    if (known) {
        tx->control_leaf = *known;
        return MLOPS_OK;
    }
    TRY(read_proved(tx, tx->control - 1, &control, err));
    merkle_leaf(control.data, control.length, &tx->control_leaf);
    return MLOPS_OK;
}

static void add_control(struct transaction *tx, const char *action, cJSON *json)
{
    char hex[SHA256_HEX_SIZE];

    if (tx->control == 0)
        return;
    json_add_u64(json, "control", tx->control);
    digest_to_hex(&tx->control_leaf, hex);
    if (log_is_control(action))
        json_add_string(json, "chain", hex);
}

/* ---- appending ----------------------------------------------------------------------------- */

static int add_text(cJSON *json, const char *key, const char *text, struct mlops_error *err)
{
    if (!text || !*text)
        return MLOPS_OK;
    if (!utf8_valid(text, strlen(text)))
        return mlops_fail(err, MLOPS_INVALID, "the %s is not valid UTF-8", key);
    json_add_string(json, key, text);
    return MLOPS_OK;
}

static int add_detail(cJSON *json, const char *detail, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *parsed = NULL;

    if (!detail)
        return MLOPS_OK;
    TRY(json_parse(detail, strlen(detail), "the detail of a log entry", &parsed, err));
    if (!cJSON_IsObject(parsed))
        return mlops_fail(err, MLOPS_INVALID, "the detail of a log entry is not a JSON object");
    cJSON_AddItemToObject(json, "detail", TAKE_PTR(parsed));
    return MLOPS_OK;
}

/* The entry's text: its members stand in docs/registry.md. What it does not have is left out. */
static int write_entry(struct transaction *tx, const struct audit_entry *entry,
                       const struct merkle_frontier *frontier, struct buffer *text,
                       struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    char time_text[AUDIT_TIME_SIZE], hex[SHA256_HEX_SIZE];
    struct digest root;

    merkle_root(frontier, &root);
    digest_to_hex(&root, hex);
    audit_time_format(tx->now_ns, time_text);
    json_add_u64(json, "index", frontier->size);
    json_add_string(json, "time", time_text);
    json_add_string(json, "root", hex);
    json_add_string(json, "actor", registry_actor(tx->registry));
    TRY(add_text(json, "action", entry->action, err));
    TRY(add_text(json, "model", entry->model, err));
    TRY(add_text(json, "bundle", entry->bundle, err));
    TRY(add_text(json, "stage", entry->stage, err));
    TRY(add_text(json, "reason", entry->reason, err));
    TRY(add_detail(json, entry->detail, err));
    add_control(tx, or_empty(entry->action), json);
    if (entry->version)
        json_add_u64(json, "version", entry->version);
    if (entry->previous)
        json_add_u64(json, "previous", entry->previous);
    if (tx->evidence)
        cJSON_AddItemToObject(json, "evidence", TAKE_PTR(tx->evidence));
    TRY(json_write_canonical(json, text, err));
    if (entry->detail) { /* now a level deeper: it must be readable again */
        _cleanup_(json_free) cJSON *again = NULL;

        TRY(json_parse(text->data, text->length, "the log entry", &again, err));
    }
    if (text->length > AUDIT_ENTRY_MAX)
        return mlops_fail(err, MLOPS_INVALID,
                          "too long for the audit log: the entry has %zu bytes of at most %d",
                          text->length, AUDIT_ENTRY_MAX);
    return MLOPS_OK;
}

int audit_append(struct transaction *tx, const struct audit_entry *entry, struct mlops_error *err)
{
    struct db *db = transaction_db(tx);
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest leaf;
    char hex[SHA256_HEX_SIZE];

    TRY(know_tree(tx, err));
    TRY(know_control(tx, err));
    TRY(write_entry(tx, entry, &tx->tree, &text, err));
    merkle_leaf(text.data, text.length, &leaf);
    digest_to_hex(&leaf, hex);
    tx->audit_index = tx->tree.size;
    str_copy(tx->audit_leaf, sizeof(tx->audit_leaf), hex);
    TRY(db_exec(db, err,
                "INSERT INTO audit (position, time_ns, actor, action, model, version, previous, "
                "stage, reason, entry, leaf) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                DB_I64(tx->tree.size), DB_I64(tx->now_ns), DB_TEXT(registry_actor(tx->registry)),
                DB_TEXT(or_empty(entry->action)), DB_TEXT(or_empty(entry->model)),
                DB_I64(entry->version), DB_I64(entry->previous), DB_TEXT(or_empty(entry->stage)),
                DB_TEXT(or_empty(entry->reason)), DB_TEXT(text.data), DB_TEXT(hex)));
    if (log_is_control(or_empty(entry->action))) {
        tx->control = tx->tree.size + 1;
        tx->control_leaf = leaf;
    }
    TRY(outbox_add(tx, or_empty(entry->action), err));
    return tree_append(tx, &leaf, err);
}

int audit_append_evidence(struct transaction *tx, struct mlops_error *err)
{
    if (!tx->evidence)
        return MLOPS_OK;
    return audit_append(
        tx, &(struct audit_entry){.action = "evidence", .bundle = tx->evidence_bundle}, err);
}

/* ---- reading ------------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
    "SELECT position, time_ns, actor, action, model, version, previous, stage, reason FROM audit "
#define NEWEST "ORDER BY position DESC LIMIT "
#define OF_VERSION(n) "(version = " n " OR previous = " n " OR " n " = 0) "

static int query(struct db *db, const struct mlops_log_filter *filter, struct db_rows **rows,
                 struct mlops_error *err)
{
    uint64_t all = INT64_MAX;
    struct db_value limit = DB_I64(filter->limit && filter->limit < all ? filter->limit : all);

    if (filter->model && filter->stage)
        return db_query(db, rows, err,
                        COLUMNS "WHERE model = $1 AND stage = $2 AND " OF_VERSION("$3") NEWEST "$4",
                        DB_TEXT(filter->model), DB_TEXT(filter->stage), DB_I64(filter->version),
                        limit);
    if (filter->model)
        return db_query(db, rows, err, COLUMNS "WHERE model = $1 AND " OF_VERSION("$2") NEWEST "$3",
                        DB_TEXT(filter->model), DB_I64(filter->version), limit);
    if (filter->stage)
        return db_query(db, rows, err, COLUMNS "WHERE stage = $1 " NEWEST "$2",
                        DB_TEXT(filter->stage), limit);
    return db_query(db, rows, err, COLUMNS NEWEST "$1", limit);
}

static void read_row(const struct db_rows *rows, struct mlops_log_entry *entry)
{
    *entry = (struct mlops_log_entry){
        .index = (uint64_t)db_i64(rows, 0),
        .time_ns = db_i64(rows, 1),
        .actor = xstrdup(db_string(rows, 2)),
        .action = xstrdup(db_string(rows, 3)),
        .model = xstrdup(db_string(rows, 4)),
        .version = (uint64_t)db_i64(rows, 5),
        .previous = (uint64_t)db_i64(rows, 6),
        .stage = xstrdup(db_string(rows, 7)),
        .reason = xstrdup(db_string(rows, 8)),
    };
}

static int read_log(struct mlops_registry *registry, const struct mlops_log_filter *filter,
                    struct mlops_log *log, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;

    TRY(snapshot_begin(registry, &snapshot, err));
    if (filter->model)
        TRY(model_check_known(registry->db, filter->model, err));
    TRY(query(registry->db, filter, &rows, err));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        GROW(log->items, log->count, &capacity);
        read_row(rows, &log->items[log->count++]);
    }
}

int mlops_log_read(struct mlops_registry *registry, const struct mlops_log_filter *filter,
                   struct mlops_log *log, struct mlops_error *err)
{
    int code;

    memset(log, 0, sizeof(*log));
    code = read_log(registry, filter, log, err);
    if (code)
        mlops_log_clear(log);
    return code;
}

void mlops_log_clear(struct mlops_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        free(log->items[i].actor);
        free(log->items[i].action);
        free(log->items[i].model);
        free(log->items[i].stage);
        free(log->items[i].reason);
    }
    free(log->items);
    memset(log, 0, sizeof(*log));
}
