/*
 * lib/registry/stage.c - stages: for each stage of a model a stack of the versions that held it,
 * the present one on top. It moves by compare-and-swap only: promotion pushes, rollback pops.
 */
#include "registry/reference.h"
#include <mlops/text.h>
#include <stdio.h>

/* The present holder of a stage; `depth` 0 where there is none. */
struct top {
    uint64_t depth;
    uint64_t number;
    int64_t entered_ns;
    char entered_by[MLOPS_ACTOR_MAX + 1];
};

#define TOP_SQL                                                                                    \
    "SELECT position, number, entered_ns, entered_by FROM stage_entry "                            \
    "WHERE model = $1 AND stage = $2 ORDER BY position DESC LIMIT 1"

static int read_top(struct db *db, const char *model, const char *stage, struct top *top,
                    struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    memset(top, 0, sizeof(*top));
    TRY(db_query(db, &rows, err, TOP_SQL, DB_TEXT(model), DB_TEXT(stage)));
    TRY(db_step(rows, &any, err));
    if (!any)
        return MLOPS_OK;
    top->depth = (uint64_t)db_i64(rows, 0) + 1;
    top->number = (uint64_t)db_i64(rows, 1);
    top->entered_ns = db_i64(rows, 2);
    str_copy(top->entered_by, sizeof(top->entered_by), db_string(rows, 3));
    return MLOPS_OK;
}

static int fail_conflict(const char *model, const char *stage, const struct top *top,
                         uint64_t expected, struct mlops_error *err)
{
    char since[32], not_this[48] = "nothing";

    mlops_time_format(top->entered_ns, since);
    if (expected)
        snprintf(not_this, sizeof(not_this), "@%llu", (unsigned long long)expected);
    if (top->depth == 0)
        mlops_fail(err, MLOPS_CONFLICT, "%s of %s holds nothing, not %s", stage, model, not_this);
    else
        mlops_fail(err, MLOPS_CONFLICT, "%s of %s holds @%llu, put there by %s at %s, not %s",
                   stage, model, (unsigned long long)top->number, top->entered_by, since, not_this);
    return mlops_hint(err, "look at 'mlops log %s --stage %s', then decide anew", model, stage);
}

/* The top, which must be `expected` (0: there is none). */
static int check_top(struct db *db, const char *model, const char *stage, uint64_t expected,
                     struct top *top, struct mlops_error *err)
{
    TRY(read_top(db, model, stage, top, err));
    if (top->number == expected)
        return MLOPS_OK;
    return fail_conflict(model, stage, top, expected, err);
}

int stage_holder(struct mlops_registry *registry, const char *model, const char *stage,
                 uint64_t back, struct mlops_version *holder, bool *held, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    *held = false;
    if (back > INT64_MAX)
        return MLOPS_OK;
    TRY(db_query(registry->db, &rows, err,
                 "SELECT " VERSION_COLUMNS " FROM stage_entry "
                 "JOIN version ON version.model = stage_entry.model "
                 "AND version.number = stage_entry.number "
                 "WHERE stage_entry.model = $1 AND stage_entry.stage = $2 "
                 "ORDER BY stage_entry.position DESC LIMIT 1 OFFSET $3",
                 DB_TEXT(model), DB_TEXT(stage), DB_I64(back)));
    TRY(db_step(rows, held, err));
    if (*held)
        version_from_row(rows, holder);
    return MLOPS_OK;
}

#define HOLDS_SQL                                                                                  \
    "SELECT 1 WHERE $1 = coalesce((SELECT number FROM stage_entry WHERE model = $2 "               \
    "AND stage = $3 ORDER BY position DESC LIMIT 1), 0)"

/* The stage was not what was expected, and now it is `expected` again or something else. */
static int fail_moved(struct db *db, const char *model, const char *stage, uint64_t expected,
                      struct mlops_error *err)
{
    struct top top;

    TRY(check_top(db, model, stage, expected, &top, err));
    mlops_fail(err, MLOPS_CONFLICT, "%s of %s was moved and moved back meanwhile", stage, model);
    return mlops_hint(err, "look at 'mlops log %s --stage %s', then try again", model, stage);
}

static char *line_of(const char *model, const char *stage)
{
    return xprintf("stage %s %s", model, stage);
}

int stage_line_up(struct mlops_registry *registry, const char *model, const char *stage,
                  uint64_t expected, struct stage_line *line, struct mlops_error *err)
{
    const struct db_value values[] = {DB_I64(expected), DB_TEXT(model), DB_TEXT(stage), DB_END};
    bool held;

    *line = (struct stage_line){
        .registry = registry, .name = line_of(model, stage), .expected = expected};
    TRY(db_line_up(registry->db, line->name, &held, err, HOLDS_SQL, values));
    return held ? MLOPS_OK : fail_moved(registry->db, model, stage, expected, err);
}

int stage_line_check(const struct stage_line *line, const char *model, const char *stage,
                     uint64_t number, struct mlops_error *err)
{
    if (!line->name || number == line->expected)
        return MLOPS_OK;
    return fail_moved(line->registry->db, model, stage, line->expected, err);
}

void stage_line_leave(struct stage_line *line)
{
    if (line->registry)
        db_leave_line(line->registry->db, line->name);
    free(line->name);
    *line = (struct stage_line){.name = NULL};
}

/* Whoever has lost need not wait in line to be told, and keeps nobody waiting who does. */
int stage_begin(struct mlops_registry *registry, const char *model, const char *stage,
                uint64_t expected, struct transaction **tx, struct mlops_error *err)
{
    _cleanup_(free_string) char *line = line_of(model, stage);
    struct top top;

    TRY(check_top(registry->db, model, stage, expected, &top, err));
    db_foresee(registry->db, TOP_SQL, DB_TEXT(model), DB_TEXT(stage));
    TRY(transaction_begin_if(
        registry, line, tx, err, HOLDS_SQL,
        (const struct db_value[]){DB_I64(expected), DB_TEXT(model), DB_TEXT(stage), DB_END}));
    return *tx ? MLOPS_OK : fail_moved(registry->db, model, stage, expected, err);
}

int stage_push(struct transaction *tx, const struct mlops_version *version, const char *stage,
               uint64_t expected, const char *reason, const char *detail, struct mlops_error *err)
{
    struct db *db = transaction_db(tx);
    struct top top;

    TRY(stage_name_check(stage, err));
    TRY(version_check_registered(version, err));
    TRY(check_top(db, version->model, stage, expected, &top, err));
    TRY(version_check_in_use(tx->registry, version, err));
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = "promote",
                                           .model = version->model,
                                           .version = version->number,
                                           .previous = top.number,
                                           .bundle = version->bundle,
                                           .stage = stage,
                                           .reason = reason,
                                           .detail = detail},
                     err));
    return db_exec(db, err,
                   "INSERT INTO stage_entry (model, stage, position, number, entered_ns, "
                   "entered_by, audit_index) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                   DB_TEXT(version->model), DB_TEXT(stage), DB_I64(top.depth),
                   DB_I64(version->number), DB_I64(tx->now_ns),
                   DB_TEXT(registry_actor(tx->registry)), DB_I64(tx->audit_index));
}

int stage_pop(struct transaction *tx, const char *model, const char *stage, uint64_t expected,
              uint64_t steps, const char *reason, struct mlops_error *err)
{
    struct db *db = transaction_db(tx);
    struct mlops_version below;
    struct top top;
    bool held = false;

    if (steps == 0)
        return mlops_fail(err, MLOPS_INVALID, "a rollback goes back at least one step");
    TRY(check_top(db, model, stage, expected, &top, err));
    TRY(stage_holder(tx->registry, model, stage, steps, &below, &held, err));
    if (!held) {
        mlops_fail(err, MLOPS_NOT_FOUND, "nothing was in %s of %s before @%llu", stage, model,
                   (unsigned long long)top.number);
        return mlops_hint(err, "'mlops log %s --stage %s' shows what was there", model, stage);
    }
    TRY(version_check_in_use(tx->registry, &below, err));
    TRY(audit_append(tx,
                     &(struct audit_entry){.action = "rollback",
                                           .model = model,
                                           .version = below.number,
                                           .previous = top.number,
                                           .bundle = below.bundle,
                                           .stage = stage,
                                           .reason = reason},
                     err));
    TRY(db_exec(db, err,
                "DELETE FROM stage_entry WHERE model = $1 AND stage = $2 AND position >= $3",
                DB_TEXT(model), DB_TEXT(stage), DB_I64(top.depth - steps)));
    return db_exec(db, err,
                   "UPDATE stage_entry SET entered_ns = $1, entered_by = $2, audit_index = $3 "
                   "WHERE model = $4 AND stage = $5 AND position = $6",
                   DB_I64(tx->now_ns), DB_TEXT(registry_actor(tx->registry)),
                   DB_I64(tx->audit_index), DB_TEXT(model), DB_TEXT(stage),
                   DB_I64(top.depth - steps - 1));
}

/* ---- history -------------------------------------------------------------------------------- */

int mlops_stage_at(struct mlops_registry *registry, const char *model, const char *stage,
                   int64_t at_ns, struct mlops_stage_row *row, bool *held, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    memset(row, 0, sizeof(*row));
    TRY(stage_name_check(stage, err));
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(model_check_known(registry->db, model, err));
    TRY(db_query(registry->db, &rows, err,
                 "SELECT " VERSION_COLUMNS ", audit.time_ns FROM audit "
                 "JOIN version ON version.model = audit.model AND version.number = audit.version "
                 "WHERE audit.model = $1 AND audit.stage = $2 AND audit.time_ns <= $3 "
                 "AND audit.action IN ('promote', 'rollback') "
                 "ORDER BY audit.position DESC LIMIT 1",
                 DB_TEXT(model), DB_TEXT(stage), DB_I64(at_ns)));
    TRY(db_step(rows, held, err));
    if (!*held)
        return MLOPS_OK;
    version_from_row(rows, &row->version);
    str_copy(row->stage, sizeof(row->stage), stage);
    row->since_ns = db_i64(rows, VERSION_COLUMN_COUNT);
    return MLOPS_OK;
}

/* ---- listing ------------------------------------------------------------------------------- */

#define HOLDERS                                                                                    \
    "SELECT " VERSION_COLUMNS ", stage_entry.stage, stage_entry.entered_ns "                       \
    "FROM (SELECT model, stage, max(position) AS position FROM stage_entry "
#define HOLDERS_END                                                                                \
    "GROUP BY model, stage) top "                                                                  \
    "JOIN stage_entry ON stage_entry.model = top.model AND stage_entry.stage = top.stage "         \
    "AND stage_entry.position = top.position "                                                     \
    "JOIN version ON version.model = stage_entry.model AND version.number = stage_entry.number"

static int compare_rows(const void *left, const void *right)
{
    const struct mlops_stage_row *a = left, *b = right;
    int order = strcmp(a->version.model, b->version.model);

    return order ? order : strcmp(a->stage, b->stage);
}

static int read_list(struct mlops_registry *registry, const char *model,
                     struct mlops_stage_list *list, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    size_t capacity = 0;
    bool more;

    TRY(snapshot_begin(registry, &snapshot, err));
    if (model)
        TRY(model_check_known(registry->db, model, err));
    if (model)
        TRY(db_query(registry->db, &rows, err, HOLDERS "WHERE model = $1 " HOLDERS_END,
                     DB_TEXT(model)));
    else
        TRY(db_query(registry->db, &rows, err, HOLDERS HOLDERS_END));
    for (;;) {
        struct mlops_stage_row *row;

        TRY(db_step(rows, &more, err));
        if (!more)
            break;
        GROW(list->items, list->count, &capacity);
        row = &list->items[list->count++];
        memset(row, 0, sizeof(*row));
        version_from_row(rows, &row->version);
        str_copy(row->stage, sizeof(row->stage), db_string(rows, VERSION_COLUMN_COUNT));
        row->since_ns = db_i64(rows, VERSION_COLUMN_COUNT + 1);
    }
    if (list->count)
        qsort(list->items, list->count, sizeof(list->items[0]), compare_rows);
    return MLOPS_OK;
}

int mlops_stage_list(struct mlops_registry *registry, const char *model,
                     struct mlops_stage_list *list, struct mlops_error *err)
{
    int code;

    memset(list, 0, sizeof(*list));
    code = read_list(registry, model, list, err);
    if (code)
        mlops_stage_list_clear(list);
    return code;
}

void mlops_stage_list_clear(struct mlops_stage_list *list)
{
    free(list->items);
    memset(list, 0, sizeof(*list));
}
