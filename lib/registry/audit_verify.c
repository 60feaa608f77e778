/*
 * lib/registry/audit_verify.c - is the log what was appended, and does the registry say what the
 * log says? Holds versions, stages and evidence against the entries that speak of them, while
 * audit_entries.c holds these against the tree, and the whole against the signed head. Cannot see
 * that who has the log's key set all of it back: that takes a checkpoint that was kept elsewhere
 * (log_proof.c).
 */
#include "registry/audit.h"
#include "registry/audit_entries.h"
#include "registry/evidence.h"
#include "registry/log_control.h"
#include "registry/log_tree.h"
#include "registry/policy_row.h"

/* The signed head, by the key that the entries name. */
static int verify_head(struct db *db, const struct merkle_frontier *tree, const char *log_key,
                       struct mlops_error *err)
{
    _cleanup_(free_string) char *vkey = NULL;
    struct note_key key;

    TRY(log_checkpoint_check(db, tree, err));
    TRY(log_key_verifier(db, &key, err));
    vkey = note_key_format(&key);
    if (!str_equal(vkey, log_key))
        return audit_fail_damaged(err,
                                  "the key of the audit log is not the one that its entries name");
    return MLOPS_OK;
}

/* ---- what the entries speak of ------------------------------------------------------------- */

static int verify_registered(struct db *db, const cJSON *entry, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    const char *model = json_string(entry, "model", ""), *bundle = json_string(entry, "bundle", "");
    uint64_t number = json_u64(entry, "version", 0);
    unsigned long long index = json_u64(entry, "index", 0);
    char time_text[AUDIT_TIME_SIZE];
    bool any;

    TRY(db_query(
        db, &rows, err,
        "SELECT version.bundle, version.created_ns, version.created_by, bundle.model "
        "FROM (SELECT model, number, bundle, created_ns, created_by FROM version "
        "UNION ALL SELECT model, number, bundle, created_ns, created_by FROM trash) version "
        "LEFT JOIN bundle ON bundle.id = version.bundle "
        "WHERE version.model = $1 AND version.number = $2",
        DB_TEXT(model), DB_I64(number)));
    TRY(db_step(rows, &any, err));
    if (any && str_equal(db_string(rows, 0), bundle)) {
        audit_time_format(db_i64(rows, 1), time_text);
        if (str_equal(time_text, json_string(entry, "time", "")) &&
            str_equal(db_string(rows, 2), json_string(entry, "actor", "")) &&
            str_equal(db_string(rows, 3), model))
            return MLOPS_OK;
        return audit_fail_damaged(
            err,
            "when, by whom or of which model %s@%llu was registered is not what "
            "entry %llu of the audit log says",
            model, (unsigned long long)number, index);
    }
    return audit_fail_damaged(err, "%s@%llu is %s, but entry %llu of the audit log says %s", model,
                              (unsigned long long)number, any ? db_string(rows, 0) : "missing",
                              index, bundle);
}

static int verify_evidence(struct db *db, const cJSON *entry, uint64_t *count,
                           struct mlops_error *err)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(entry, "evidence"))
    {
        _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
        struct mlops_error ignored = {0};
        char hex[SHA256_HEX_SIZE];
        uint64_t id = json_u64(item, "id", 0);
        bool any;

        TRY(db_query(db, &rows, err,
                     "SELECT bundle, kind, name, status, actor, body, recorded_ns "
                     "FROM evidence WHERE id = $1",
                     DB_I64(id)));
        TRY(db_step(rows, &any, err));
        if (!any ||
            evidence_digest(&(struct evidence_fields){.id = id,
                                                      .bundle = db_string(rows, 0),
                                                      .kind = db_string(rows, 1),
                                                      .name = db_string(rows, 2),
                                                      .status = db_string(rows, 3),
                                                      .actor = db_string(rows, 4),
                                                      .body = db_string(rows, 5),
                                                      .recorded_ns = db_i64(rows, 6)},
                            hex, &ignored) != MLOPS_OK ||
            !str_equal(hex, json_string(item, "sha256", "")))
            return audit_fail_damaged(err,
                                      "evidence %llu, which entry %llu of the audit log speaks of, "
                                      "was %s",
                                      (unsigned long long)id,
                                      (unsigned long long)json_u64(entry, "index", 0),
                                      any ? "changed" : "removed");
        ++*count;
    }
    return MLOPS_OK;
}

/* The text of a policy; an entry that ends one has none. */
static int verify_policy(struct db *db, const cJSON *entry, uint64_t *count,
                         struct mlops_error *err)
{
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(entry, "detail");
    _cleanup_(buffer_clear) struct buffer body = {0};
    struct log_view view = {.db = db};

    if (!cJSON_HasObjectItem(detail, "sha256"))
        return MLOPS_OK;
    ++*count;
    return policy_row_read(&view, entry, &body, err);
}

/* A query that counts what should not be there; its first two columns name one of them. */
static int verify_none(struct db *db, const char *sql, const char *format_what,
                       struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query_values(db, &rows, err, sql, &DB_END));
    TRY(db_step(rows, &any, err));
    if (!any)
        return MLOPS_OK;
    return audit_fail_damaged(err, "%s of %s %s", db_string(rows, 1), db_string(rows, 0),
                              format_what);
}

/* What is in the trash was put there by the entry that it names; what is retired, by one of its
 * own. */
static int verify_ends(struct db *db, struct mlops_error *err)
{
    TRY(verify_none(db,
                    "SELECT trash.model, 'a version' FROM trash "
                    "LEFT JOIN audit ON audit.position = trash.audit_index "
                    "WHERE audit.position IS NULL OR audit.action <> 'delete' "
                    "OR audit.model <> trash.model OR audit.version <> trash.number LIMIT 1",
                    "is in the trash, and the audit log knows nothing of it", err));
    TRY(verify_none(db,
                    "SELECT retired.model, 'a version' FROM retired LEFT JOIN audit "
                    "ON audit.model = retired.model AND audit.version = retired.number "
                    "AND audit.action = 'retire' AND audit.time_ns = retired.retired_ns "
                    "AND audit.actor = retired.retired_by AND audit.reason = retired.reason "
                    "WHERE audit.position IS NULL LIMIT 1",
                    "is retired otherwise than the audit log says", err));
    TRY(verify_none(db,
                    "SELECT webhook.url, 'the webhook' FROM webhook "
                    "LEFT JOIN audit ON audit.position = webhook.id "
                    "WHERE audit.position IS NULL OR audit.action <> "
                    "(CASE webhook.kind WHEN '' THEN 'webhook' ELSE 'notify' END) LIMIT 1",
                    "was added, and the audit log knows nothing of it", err));
    return verify_none(db,
                       "SELECT audit.model, 'a version' FROM audit LEFT JOIN retired "
                       "ON retired.model = audit.model AND retired.number = audit.version "
                       "WHERE audit.action = 'retire' AND retired.model IS NULL LIMIT 1",
                       "was retired by the audit log, and its row is missing", err);
}

/* Holders of stages: each came by the entry that it names, and the top by the stage's last. */
static int verify_stages(struct db *db, struct mlops_error *err)
{
    TRY(verify_none(db,
                    "SELECT stage_entry.model, stage_entry.stage FROM stage_entry "
                    "LEFT JOIN audit ON audit.position = stage_entry.audit_index "
                    "WHERE audit.position IS NULL OR audit.model <> stage_entry.model "
                    "OR audit.stage <> stage_entry.stage "
                    "OR audit.version <> stage_entry.number "
                    "OR audit.time_ns <> stage_entry.entered_ns "
                    "OR audit.actor <> stage_entry.entered_by "
                    "OR audit.action NOT IN ('promote', 'rollback') LIMIT 1",
                    "holds or held a version that the audit log knows nothing of", err));
    TRY(verify_none(
        db,
        "SELECT logged.model, logged.stage FROM "
        "(SELECT model, stage, max(position) AS position FROM audit "
        "WHERE action IN ('promote', 'rollback') GROUP BY model, stage) logged "
        "LEFT JOIN (SELECT model, stage, max(position) AS position FROM stage_entry "
        "GROUP BY model, stage) top "
        "ON top.model = logged.model AND top.stage = logged.stage "
        "LEFT JOIN stage_entry ON stage_entry.model = top.model "
        "AND stage_entry.stage = top.stage AND stage_entry.position = top.position "
        "WHERE stage_entry.audit_index IS NULL OR stage_entry.audit_index <> logged.position "
        "LIMIT 1",
        "does not hold what the audit log put there last", err));
    return verify_none(db,
                       "SELECT model, stage FROM stage_entry GROUP BY model, stage "
                       "HAVING max(position) + 1 <> count(*) LIMIT 1",
                       "has a gap in the stack of what it held", err);
}

static int count_is(struct db *db, const char *sql, uint64_t expected, const char *what,
                    struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query_values(db, &rows, err, sql, &DB_END));
    TRY(db_step(rows, &any, err));
    if ((uint64_t)db_i64(rows, 0) == expected)
        return MLOPS_OK;
    return audit_fail_damaged(err, "there are %lld %s, the audit log knows of %llu",
                              (long long)db_i64(rows, 0), what, (unsigned long long)expected);
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* What the entries add up to. */
struct seen {
    struct db *db;
    struct merkle_frontier tree;
    char *log_key;
    uint64_t control;    /* what the next entry must say of the newest control */
    uint64_t control_at; /* index of the control that was seen last, plus 1 */
    struct digest control_leaf;
    bool chained; /* some entry said something of it */
    uint64_t versions, evidence, policies;
    const struct checkpoint *since; /* NULL: none */
    bool since_met;
};

static void seen_clear(struct seen *seen)
{
    free(seen->log_key);
}

static void note_log_key(const cJSON *entry, char **log_key)
{
    const char *named =
        json_string(cJSON_GetObjectItemCaseSensitive(entry, "detail"), "log_key", NULL);

    if (!named)
        return;
    free(*log_key);
    *log_key = xstrdup(named);
}

/* Does the entry say where the newest of those that restrict stands, and what its hash is? The
 * first entries of an older registry say nothing of it. */
static int verify_control(const struct audit_seen *entry, struct seen *seen,
                          struct mlops_error *err)
{
    bool control = log_is_control(json_string(entry->entry, "action", ""));
    const char *chain = json_string(entry->entry, "chain", "");
    uint64_t said = entry->control;
    char hex[SHA256_HEX_SIZE] = "";

    if (control && said > 0 && said == seen->control_at)
        digest_to_hex(&seen->control_leaf, hex);
    if ((said != seen->control && (said != 0 || seen->chained)) || !str_equal(chain, hex))
        return audit_fail_damaged(err,
                                  "entry %llu of the audit log passes over an entry that restricts "
                                  "what may be done",
                                  (unsigned long long)entry->index);
    seen->chained = seen->chained || said > 0;
    seen->control = control ? entry->index + 1 : said;
    if (!control)
        return MLOPS_OK;
    seen->control_at = entry->index + 1;
    seen->control_leaf = entry->leaf;
    return MLOPS_OK;
}

/* Is the tree, where it has as many entries, the one that was kept? */
static void meet(struct seen *seen, const struct merkle_frontier *tree)
{
    struct digest root;

    if (!seen->since || seen->since->size != tree->size)
        return;
    merkle_root(tree, &root);
    seen->since_met = digest_equal(&root, &seen->since->root);
}

/* Of what stands in no table but the log's own, nothing more is asked. */
static bool wants_entry(const cJSON *entry)
{
    const char *action = json_string(entry, "action", "");

    return log_is_control(action) || str_equal(action, "register") || str_equal(action, "policy") ||
           cJSON_GetObjectItemCaseSensitive(entry, "evidence") ||
           cJSON_GetObjectItemCaseSensitive(entry, "chain") ||
           cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(entry, "detail"),
                                            "log_key");
}

static int take_entry(void *context, const struct audit_seen *entry, struct mlops_error *err)
{
    struct seen *seen = context;
    const char *action = json_string(entry->entry, "action", "");

    TRY(verify_control(entry, seen, err));
    meet(seen, entry->tree);
    if (!entry->entry)
        return MLOPS_OK;
    note_log_key(entry->entry, &seen->log_key);
    if (str_equal(action, "register")) {
        TRY(verify_registered(seen->db, entry->entry, err));
        seen->versions++;
    }
    TRY(verify_evidence(seen->db, entry->entry, &seen->evidence, err));
    return str_equal(action, "policy") ? verify_policy(seen->db, entry->entry, &seen->policies, err)
                                       : MLOPS_OK;
}

static int verify_counts(struct db *db, const struct seen *seen, struct mlops_error *err)
{
    TRY(count_is(db, "SELECT count(*) FROM audit_node", merkle_node_count(seen->tree.size),
                 "hashes of the tree of the audit log", err));
    TRY(count_is(db, "SELECT (SELECT count(*) FROM version) + (SELECT count(*) FROM trash)",
                 seen->versions, "versions", err));
    TRY(count_is(db, "SELECT count(*) FROM policy", seen->policies, "policies", err));
    return count_is(db, "SELECT count(*) FROM evidence", seen->evidence, "pieces of evidence", err);
}

int mlops_log_verify(struct mlops_registry *registry, const char *since, uint64_t *size,
                     char root_hex[65], struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(seen_clear) struct seen seen = {.db = registry->db, .log_key = xstrdup("")};
    const struct audit_taker taker = {wants_entry, take_entry, &seen};
    struct checkpoint kept;
    struct digest root;

    TRY(snapshot_begin(registry, &snapshot, err));
    if (since) {
        TRY(log_checkpoint_kept(registry->db, since, strlen(since), &kept, err));
        seen.since = &kept;
        meet(&seen, &seen.tree);
    }
    TRY(audit_entries_verify(registry->db, &taker, &seen.tree, err));
    TRY(verify_head(registry->db, &seen.tree, seen.log_key, err));
    TRY(verify_counts(registry->db, &seen, err));
    TRY(verify_stages(registry->db, err));
    TRY(verify_ends(registry->db, err));
    if (since && !seen.since_met)
        return log_fail_rewritten(&kept, seen.tree.size, err);
    *size = seen.tree.size;
    merkle_root(&seen.tree, &root);
    digest_to_hex(&root, root_hex);
    return MLOPS_OK;
}
