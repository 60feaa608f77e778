/*
 * lib/registry/schema.c - the tables, in numbered steps that lead forward only, each in a
 * transaction. Natural keys, and only SQL that SQLite and PostgreSQL both take; hashes are
 * hexadecimal text, times are nanoseconds since the epoch.
 */
#include "registry/schema.h"
#include "registry/fact.h"
#include "registry/log_nodes.h"
#include "registry/log_tree.h"
#include <stdio.h>

#define FIRST_SIGNED 3     /* the schema from which on the log is signed */
#define FIRST_WITH_FACTS 4 /* and that from which on versions can be searched */

static const char *const step_1[] = {
    "CREATE TABLE meta (\n"
    "    key TEXT PRIMARY KEY,\n"
    "    value TEXT NOT NULL\n"
    ")",

    /* last_number: the highest version number ever given out, so that none is used twice */
    "CREATE TABLE model (\n"
    "    name TEXT PRIMARY KEY,\n"
    "    last_number BIGINT NOT NULL,\n"
    "    created_ns BIGINT NOT NULL\n"
    ")",

    /* model: text of the manifest; the model itself begins with its first version */
    "CREATE TABLE bundle (\n"
    "    id TEXT PRIMARY KEY,\n"
    "    model TEXT NOT NULL,\n"
    "    files BIGINT NOT NULL,\n"
    "    bytes BIGINT NOT NULL,\n"
    "    created_ns BIGINT NOT NULL,\n"
    "    created_by TEXT NOT NULL\n"
    ")",
    "CREATE INDEX bundle_model ON bundle (model)",

    "CREATE TABLE version (\n"
    "    model TEXT NOT NULL REFERENCES model (name),\n"
    "    number BIGINT NOT NULL CHECK (number > 0),\n"
    "    bundle TEXT NOT NULL UNIQUE REFERENCES bundle (id),\n"
    "    created_ns BIGINT NOT NULL,\n"
    "    created_by TEXT NOT NULL,\n"
    "    PRIMARY KEY (model, number)\n"
    ")",

    /* what the log holds, as columns to search by; `entry` is the truth */
    "CREATE TABLE audit (\n"
    "    position BIGINT PRIMARY KEY,\n"
    "    time_ns BIGINT NOT NULL,\n"
    "    actor TEXT NOT NULL,\n"
    "    action TEXT NOT NULL,\n"
    "    model TEXT NOT NULL,\n"
    "    version BIGINT NOT NULL,\n"
    "    previous BIGINT NOT NULL,\n"
    "    stage TEXT NOT NULL,\n"
    "    reason TEXT NOT NULL,\n"
    "    entry TEXT NOT NULL,\n"
    "    leaf TEXT NOT NULL\n"
    ")",
    "CREATE INDEX audit_model ON audit (model, position)",
    "CREATE INDEX audit_model_stage ON audit (model, stage, position)",
    "CREATE INDEX audit_stage ON audit (stage, position)",

    /* roots of the perfect subtrees of 2^level leaves that the log's tree is made of */
    "CREATE TABLE audit_frontier (\n"
    "    level BIGINT PRIMARY KEY,\n"
    "    hash TEXT NOT NULL\n"
    ")",

    /* a stack of holders a stage: the one with the highest position is in it now */
    "CREATE TABLE stage_entry (\n"
    "    model TEXT NOT NULL,\n"
    "    stage TEXT NOT NULL,\n"
    "    position BIGINT NOT NULL,\n"
    "    number BIGINT NOT NULL,\n"
    "    entered_ns BIGINT NOT NULL,\n"
    "    entered_by TEXT NOT NULL,\n"
    "    audit_index BIGINT NOT NULL REFERENCES audit (position),\n"
    "    PRIMARY KEY (model, stage, position),\n"
    "    FOREIGN KEY (model, number) REFERENCES version (model, number)\n"
    ")",

    "CREATE TABLE evidence (\n"
    "    id BIGINT PRIMARY KEY,\n"
    "    bundle TEXT NOT NULL REFERENCES bundle (id),\n"
    "    kind TEXT NOT NULL,\n"
    "    name TEXT NOT NULL,\n"
    "    status TEXT NOT NULL,\n"
    "    actor TEXT NOT NULL,\n"
    "    body TEXT NOT NULL,\n"
    "    recorded_ns BIGINT NOT NULL\n"
    ")",
    "CREATE INDEX evidence_bundle ON evidence (bundle, id)",
    NULL,
};

static const char *const step_2[] = {
    /* packs that are to be removed; replaced: 1 where copies of what is needed of them are in
     * other packs, and readers may still look for them here */
    "CREATE TABLE condemned (\n"
    "    pack TEXT PRIMARY KEY,\n"
    "    condemned_ns BIGINT NOT NULL,\n"
    "    replaced BIGINT NOT NULL\n"
    ")",

    /* when it was packaged or imported last; created_ns is when it was first */
    "ALTER TABLE bundle ADD COLUMN packaged_ns BIGINT NOT NULL DEFAULT 0",
    "UPDATE bundle SET packaged_ns = created_ns",
    NULL,
};

static const char *const step_3[] = {
    /* roots of the perfect subtrees of two entries and more that the log's tree has, numbered in
     * the order in which appending completes them (merkle_node_number) */
    "CREATE TABLE audit_node (\n"
    "    position BIGINT PRIMARY KEY,\n"
    "    hash TEXT NOT NULL\n"
    ")",
    "DROP TABLE audit_frontier",
    "CREATE INDEX audit_action ON audit (action, model, position)",
    NULL,
};

static const char *const step_4[] = {
    /* what versions are searched by (registry/fact.h): `kind` is int, float, bool or text */
    "CREATE TABLE fact (\n"
    "    model TEXT NOT NULL,\n"
    "    number BIGINT NOT NULL,\n"
    "    name TEXT NOT NULL,\n"
    "    kind TEXT NOT NULL,\n"
    "    amount DOUBLE PRECISION,\n"
    "    content TEXT,\n"
    "    PRIMARY KEY (model, number, name),\n"
    "    FOREIGN KEY (model, number) REFERENCES version (model, number)\n"
    ")",
    /* all columns: a search reads one field of every version, and nothing beside it */
    "CREATE INDEX fact_name ON fact (name, model, number, kind, amount, content)",
    NULL,
};

static const char *const step_5[] = {
    /* what was demanded when: canonical JSON, whose digest the entry of the log names */
    "CREATE TABLE policy (\n"
    "    model TEXT NOT NULL,\n"
    "    number BIGINT NOT NULL CHECK (number > 0),\n"
    "    body TEXT NOT NULL,\n"
    "    PRIMARY KEY (model, number)\n"
    ")",
    "CREATE INDEX audit_model_version ON audit (model, version, position)",
    NULL,
};

static const char *const step_6[] = {
    "CREATE TABLE tag (\n"
    "    model TEXT NOT NULL,\n"
    "    number BIGINT NOT NULL,\n"
    "    name TEXT NOT NULL,\n"
    "    value TEXT NOT NULL,\n"
    "    PRIMARY KEY (model, number, name)\n"
    ")",
    "CREATE INDEX tag_name ON tag (name, model, number, value)",

    /* versions that were deleted; purged_ns: when gc let go of the bundle, 0 as long as it can be
     * restored. Rows stay, so that the log can be held against them. */
    "CREATE TABLE trash (\n"
    "    model TEXT NOT NULL,\n"
    "    number BIGINT NOT NULL,\n"
    "    bundle TEXT NOT NULL REFERENCES bundle (id),\n"
    "    created_ns BIGINT NOT NULL,\n"
    "    created_by TEXT NOT NULL,\n"
    "    deleted_ns BIGINT NOT NULL,\n"
    "    deleted_by TEXT NOT NULL,\n"
    "    audit_index BIGINT NOT NULL REFERENCES audit (position),\n"
    "    purged_ns BIGINT NOT NULL,\n"
    "    PRIMARY KEY (model, number)\n"
    ")",
    "CREATE INDEX trash_bundle ON trash (bundle)",

    /* what the log says with the action `retire`, to be listed; released_ns: when gc let go of the
     * files, 0 as long as they are there */
    "CREATE TABLE retired (\n"
    "    model TEXT NOT NULL,\n"
    "    number BIGINT NOT NULL,\n"
    "    bundle TEXT NOT NULL REFERENCES bundle (id),\n"
    "    retired_ns BIGINT NOT NULL,\n"
    "    retired_by TEXT NOT NULL,\n"
    "    reason TEXT NOT NULL,\n"
    "    released_ns BIGINT NOT NULL,\n"
    "    PRIMARY KEY (model, number)\n"
    ")",
    "CREATE INDEX retired_bundle ON retired (bundle)",
    NULL,
};

/* What a model does in production (docs/monitoring.md). A group is what windows are apart by; its
 * events are counted in windows of a minute, an hour and a day; rosters are which events of a
 * minute were counted, labels what became known of them, pending ones those whose event has not
 * come. */
static const char *const step_7[] = {
    "CREATE TABLE monitor_model (\n"
    "    model TEXT PRIMARY KEY,\n"
    "    batch BIGINT NOT NULL,\n" /* of the last commit: the order of all below */
    "    newest_ns BIGINT NOT NULL,\n"
    "    received BIGINT NOT NULL,\n"
    "    counted BIGINT NOT NULL,\n"
    "    duplicates BIGINT NOT NULL,\n"
    "    malformed BIGINT NOT NULL,\n"
    "    unknown BIGINT NOT NULL,\n"
    "    future BIGINT NOT NULL,\n"
    "    late BIGINT NOT NULL\n"
    ")",
    "CREATE TABLE monitor_group (\n"
    "    id BIGINT PRIMARY KEY,\n"
    "    model TEXT NOT NULL,\n"
    "    version BIGINT NOT NULL,\n"
    "    stage TEXT NOT NULL,\n"
    "    segment TEXT NOT NULL,\n"
    "    shadow BIGINT NOT NULL,\n"
    "    UNIQUE (model, version, stage, segment, shadow)\n"
    ")",
    "CREATE TABLE monitor_window (\n"
    "    group_id BIGINT NOT NULL REFERENCES monitor_group (id),\n"
    "    level BIGINT NOT NULL,\n" /* 0 minute, 1 hour, 2 day */
    "    start_ns BIGINT NOT NULL,\n"
    "    measures BYTEA NOT NULL,\n"
    "    profiles BYTEA NOT NULL,\n"
    "    PRIMARY KEY (group_id, level, start_ns)\n"
    ")",
    "CREATE TABLE monitor_roster (\n"
    "    model TEXT NOT NULL,\n"
    "    minute BIGINT NOT NULL,\n"
    "    batch BIGINT NOT NULL,\n"
    "    records BYTEA NOT NULL,\n"
    "    PRIMARY KEY (model, minute, batch)\n"
    ")",
    "CREATE TABLE monitor_label (\n"
    "    model TEXT NOT NULL,\n"
    "    minute BIGINT NOT NULL,\n"
    "    batch BIGINT NOT NULL,\n"
    "    records BYTEA NOT NULL,\n"
    "    PRIMARY KEY (model, minute, batch)\n"
    ")",
    "CREATE TABLE monitor_pending (\n"
    "    model TEXT NOT NULL,\n"
    "    batch BIGINT NOT NULL,\n"
    "    records BYTEA NOT NULL,\n"
    "    PRIMARY KEY (model, batch)\n"
    ")",
    /* raw events: in the row, until enough came together to be an object of the store */
    "CREATE TABLE monitor_segment (\n"
    "    model TEXT NOT NULL,\n"
    "    batch BIGINT NOT NULL,\n"
    "    first_ns BIGINT NOT NULL,\n"
    "    last_ns BIGINT NOT NULL,\n"
    "    events BIGINT NOT NULL,\n"
    "    bytes BIGINT NOT NULL,\n"
    "    object TEXT,\n"
    "    content BYTEA,\n"
    "    PRIMARY KEY (model, batch)\n"
    ")",
    NULL,
};

static const char *const step_8[] = {
    /* data that the registry holds to examine versions on: a name stands for one bundle until it is
     * removed. labels: a JSON array of the columns that are withheld. The log decides (see
     * registry/evaluation.h). */
    "CREATE TABLE evaluation (\n"
    "    name TEXT PRIMARY KEY,\n"
    "    model TEXT NOT NULL,\n"
    "    bundle TEXT NOT NULL REFERENCES bundle (id),\n"
    "    sha256 TEXT NOT NULL,\n"
    "    row_count BIGINT NOT NULL,\n"
    "    labels TEXT NOT NULL,\n"
    "    added_ns BIGINT NOT NULL,\n"
    "    added_by TEXT NOT NULL\n"
    ")",
    "CREATE INDEX evaluation_bundle ON evaluation (bundle)",
    NULL,
};

static const char *const step_9[] = {
    /* whom to tell of what; id: index of the log's entry that added it */
    "CREATE TABLE webhook (\n"
    "    id BIGINT PRIMARY KEY,\n"
    "    url TEXT NOT NULL,\n"
    "    events TEXT NOT NULL,\n" /* "promote,rollback"; "" all */
    "    variable TEXT NOT NULL\n"
    ")",
    /* of which entries they are to be told still */
    "CREATE TABLE outbox (\n"
    "    webhook BIGINT NOT NULL REFERENCES webhook (id),\n"
    "    position BIGINT NOT NULL REFERENCES audit (position),\n"
    "    due_ns BIGINT NOT NULL,\n"
    "    attempts BIGINT NOT NULL,\n"
    "    last_error TEXT NOT NULL,\n"
    "    PRIMARY KEY (webhook, position)\n"
    ")",
    NULL,
};

static const char *const step_10[] = {
    /* what must hold of a model in production, and alerts where it did not (docs/alerts.md). Times
     * of 0: not yet; cleared_ns: since when the rule holds again while the alert is still open. */
    "CREATE TABLE monitor_rule (\n"
    "    model TEXT NOT NULL,\n"
    "    name TEXT NOT NULL,\n"
    "    rule TEXT NOT NULL,\n"
    "    set_by TEXT NOT NULL,\n"
    "    set_ns BIGINT NOT NULL,\n"
    "    PRIMARY KEY (model, name)\n"
    ")",
    "CREATE TABLE monitor_alert (\n"
    "    model TEXT NOT NULL,\n"
    "    stage TEXT NOT NULL,\n"
    "    rule TEXT NOT NULL,\n"
    "    since_ns BIGINT NOT NULL,\n"
    "    version BIGINT NOT NULL,\n"
    "    severity TEXT NOT NULL,\n"
    "    opened_ns BIGINT NOT NULL,\n"
    "    resolved_ns BIGINT NOT NULL,\n"
    "    what TEXT NOT NULL,\n"
    "    cause TEXT NOT NULL,\n"
    "    cleared_ns BIGINT NOT NULL,\n"
    "    PRIMARY KEY (model, stage, rule, since_ns)\n"
    ")",
    NULL,
};

static const char *const step_11[] = {
    /* alerts that nobody is to be told of for a while; id: index of the log's entry that added
     * it */
    "CREATE TABLE monitor_silence (\n"
    "    id BIGINT PRIMARY KEY,\n"
    "    model TEXT NOT NULL,\n"
    "    matchers TEXT NOT NULL,\n"
    "    reason TEXT NOT NULL,\n"
    "    author TEXT NOT NULL,\n"
    "    since_ns BIGINT NOT NULL,\n"
    "    until_ns BIGINT NOT NULL\n"
    ")",
    NULL,
};

static const char *const step_12[] = {
    /* channels that are told of alerts; kind '': a plain webhook; least: 0 info, 1 warning, 2
     * critical, and `events` the same as a word */
    "ALTER TABLE webhook ADD COLUMN kind TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE webhook ADD COLUMN model TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE webhook ADD COLUMN least BIGINT NOT NULL DEFAULT 0",
    NULL,
};

static const char *const step_13[] = {
    /* objects of the store that evidence speaks of: what a suite printed and predicted. As long as
     * there is a row, gc keeps the object. */
    "CREATE TABLE kept (\n"
    "    evidence BIGINT NOT NULL REFERENCES evidence (id),\n"
    "    what TEXT NOT NULL,\n"
    "    bundle TEXT NOT NULL,\n"
    "    sha256 TEXT NOT NULL,\n"
    "    bytes BIGINT NOT NULL,\n"
    "    PRIMARY KEY (evidence, what)\n"
    ")",
    "CREATE INDEX kept_bundle ON kept (bundle)",
    NULL,
};

static const char *const step_14[] = {
    /* when models are due for training, and runs of it; id: index of the log's entry that began it;
     * to_version 0: none; lease_ns: until when one that runs holds its place */
    "CREATE TABLE retrain_trigger (\n"
    "    model TEXT PRIMARY KEY,\n"
    "    triggers TEXT NOT NULL,\n"
    "    set_by TEXT NOT NULL,\n"
    "    set_ns BIGINT NOT NULL\n"
    ")",
    "CREATE TABLE retrain_run (\n"
    "    id BIGINT PRIMARY KEY,\n"
    "    model TEXT NOT NULL,\n"
    "    stage TEXT NOT NULL,\n"
    "    reason TEXT NOT NULL,\n"
    "    from_version BIGINT NOT NULL,\n"
    "    to_version BIGINT NOT NULL,\n"
    "    started_ns BIGINT NOT NULL,\n"
    "    ended_ns BIGINT NOT NULL,\n"
    "    lease_ns BIGINT NOT NULL,\n"
    "    status TEXT NOT NULL\n"
    ")",
    NULL,
};

static const char *const step_15[] = {
    /* series of business figures beside a model, a value a day; day_ns: its begin, UTC */
    "CREATE TABLE monitor_series (\n"
    "    model TEXT NOT NULL,\n"
    "    series TEXT NOT NULL,\n"
    "    day_ns BIGINT NOT NULL,\n"
    "    amount DOUBLE PRECISION NOT NULL,\n"
    "    PRIMARY KEY (model, series, day_ns)\n"
    ")",
    NULL,
};

static const char *const step_16[] = {
    /* the process that runs it, as base/process_identity names it; '': not known. lease_ns is
     * renewed from here on. */
    "ALTER TABLE retrain_run ADD COLUMN holder TEXT NOT NULL DEFAULT ''",
    NULL,
};

/* `fill` (may be NULL) does what SQL cannot, after it. */
static const struct {
    const char *const *sql;
    int (*fill)(struct db *db, struct mlops_error *err);
} steps[SCHEMA_NUMBER] = {
    {step_1, NULL},  {step_2, NULL},  {step_3, log_tree_fill}, {step_4, NULL},
    {step_5, NULL},  {step_6, NULL},  {step_7, NULL},          {step_8, NULL},
    {step_9, NULL},  {step_10, NULL}, {step_11, NULL},         {step_12, NULL},
    {step_13, NULL}, {step_14, NULL}, {step_15, NULL},         {step_16, NULL}};

#define NUMBER_SQL "SELECT value FROM meta WHERE key = 'schema'"

static int read_number(struct db *db, uint64_t *number, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query(db, &rows, err, NUMBER_SQL));
    TRY(db_step(rows, &any, err));
    *number = any ? strtoull(db_string(rows, 0), NULL, 10) : 0;
    return MLOPS_OK;
}

int schema_number(struct db *db, uint64_t *number, struct mlops_error *err)
{
    bool any;

    *number = 0;
    TRY(db_has_table(db, "meta", &any, err));
    return any ? read_number(db, number, err) : MLOPS_OK;
}

int schema_apply(struct db *db, uint64_t from, uint64_t to, struct mlops_error *err)
{
    char number[24];

    for (uint64_t step = from; step < to; step++) {
        for (const char *const *sql = steps[step].sql; *sql; sql++)
            TRY(db_exec_values(db, err, *sql, &DB_END));
        if (steps[step].fill)
            TRY(steps[step].fill(db, err));
    }
    snprintf(number, sizeof(number), "%llu", (unsigned long long)to);
    return db_exec(db, err,
                   "INSERT INTO meta (key, value) VALUES ('schema', $1) "
                   "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                   DB_TEXT(number));
}

int schema_adopt_log_key(struct transaction *tx, const char *action, struct mlops_error *err)
{
    _cleanup_(free_string) char *vkey = NULL, *detail = NULL;
    uint64_t size;

    TRY(log_key_adopt(tx, &vkey, err));
    TRY(log_tree_size(transaction_db(tx), &size, err));
    log_nodes_forget(tx->registry); /* there is no checkpoint yet to hold them against */
    TRY(log_nodes_frontier(tx->registry, size, &tx->tree, err));
    tx->tree_known = true;
    detail = xprintf("{\"log_key\":\"%s\"}", vkey);
    return audit_append(tx, &(struct audit_entry){.action = action, .detail = detail}, err);
}

static int judge(const struct mlops_registry *registry, uint64_t number, struct mlops_error *err)
{
    if (number == SCHEMA_NUMBER)
        return MLOPS_OK;
    if (number == 0) {
        mlops_fail(err, MLOPS_INTEGRITY, "the database of the registry %s is empty",
                   registry->location);
        return registry->metadata
                   ? mlops_hint(err, "'mlops init --metadata URL' makes a registry in it")
                   : mlops_hint(err, "restore it from a backup");
    }
    if (number > SCHEMA_NUMBER) {
        mlops_fail(err, MLOPS_INVALID,
                   "the registry %s was made or changed by a newer mlops: its schema is %llu, "
                   "this one knows %d",
                   registry->location, (unsigned long long)number, SCHEMA_NUMBER);
        return mlops_hint(err, "install that mlops or a later one");
    }
    mlops_fail(err, MLOPS_INVALID, "the registry %s was made by an older mlops",
               registry->location);
    return mlops_hint(err, "run any mlops command once where it can be written");
}

void schema_foresee(struct mlops_registry *registry)
{
    db_foresee(registry->db, NUMBER_SQL);
}

int schema_check(struct mlops_registry *registry, struct mlops_error *err)
{
    uint64_t number;

    TRY(read_number(registry->db, &number, err)); /* it was opened, so there is the table */
    return judge(registry, number, err);
}

int schema_upgrade(struct mlops_registry *registry, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    uint64_t number;

    TRY(schema_number(registry->db, &number, err));
    if (number == 0 || number >= SCHEMA_NUMBER || db_read_only(registry->db))
        return judge(registry, number, err);
    if (number < FIRST_SIGNED)
        TRY(log_key_make(registry->location, err));
    TRY(transaction_begin_unchecked(registry, &tx, err));
    TRY(schema_number(registry->db, &number, err)); /* somebody may have been faster */
    if (number < SCHEMA_NUMBER)
        TRY(schema_apply(registry->db, number, SCHEMA_NUMBER, err));
    if (number < FIRST_SIGNED)
        TRY(schema_adopt_log_key(tx, "log-key", err));
    if (number < FIRST_WITH_FACTS)
        TRY(facts_fill(tx, err));
    return transaction_commit(TAKE_PTR(tx), err);
}
