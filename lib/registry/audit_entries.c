/*
 * lib/registry/audit_entries.c - every entry of the log against its row and against the tree.
 *
 * Batches of rows go through a pipeline: read from the database; entries parsed, hashed and held
 * against their columns; appended to the tree, and given to the caller; the tree's head at each
 * entry, which is most of the work, held against the one that the entry names. Only reading and
 * appending are done one batch after another, and never at once, since both use the connection.
 */
#include "registry/audit_entries.h"
#include "base/pipeline.h"
#include "base/pool.h"
#include "registry/audit.h"
#include <pthread.h>

#define BATCH_ENTRIES 512
#define BATCH_BYTES 1048576 /* a batch ends behind the entry that makes it as long */

enum text { ACTOR, ACTION, MODEL, STAGE, REASON, ENTRY, LEAF, TEXTS };
enum number { POSITION, VERSION, PREVIOUS, TIME_NS, NUMBERS };

struct row {
    int64_t numbers[NUMBERS];
    size_t texts[TEXTS]; /* where they begin in the batch's text */
    bool read;           /* false: its entry cannot be read, or is not what should stand here */
    uint64_t control;    /* what the entry says, as `root` */
    struct digest root;
    bool has_root;
    struct digest leaf; /* computed from the entry */
    cJSON *entry;       /* NULL where nobody wants it */
};

struct batch {
    struct buffer text;
    struct row rows[BATCH_ENTRIES];
    size_t count;
    uint64_t first;                /* the index of its first entry */
    struct merkle_frontier before; /* the tree that this one is appended to */
    size_t sound;                  /* rows before the first that failed */
    int code;                      /* how that one failed */
    struct mlops_error failure;
};

struct verifier {
    struct db_rows *rows, *nodes;
    pthread_mutex_t connection; /* one thread at a time uses the database */
    bool ended[1];
    bool all_read;
    uint64_t next; /* the index of the entry that is read next */
    bool broken;   /* an entry failed: those behind it are not looked at */
    struct merkle_frontier *tree;
    const struct audit_taker *taker;
};

int audit_fail_damaged(struct mlops_error *err, const char *format, ...)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    va_list arguments;

    va_start(arguments, format);
    buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    mlops_fail(err, MLOPS_INTEGRITY, "%s", text.data);
    return mlops_hint(err, "somebody changed the registry's database by hand, or it is damaged: "
                           "compare it with a backup");
}

static const char *text_of(const struct batch *batch, const struct row *row, enum text text)
{
    return batch->text.data + row->texts[text];
}

static void forget_entries(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        cJSON_Delete(batch->rows[i].entry);
        batch->rows[i].entry = NULL;
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

static void read_row(const struct db_rows *rows, struct batch *batch, struct row *row)
{
    for (int i = 0; i < NUMBERS; i++)
        row->numbers[i] = db_i64(rows, i);
    for (int i = 0; i < TEXTS; i++) {
        const char *text = db_string(rows, NUMBERS + i);

        row->texts[i] = batch->text.length;
        buffer_append(&batch->text, text, strlen(text) + 1);
    }
    row->read = false;
    row->entry = NULL;
}

static int read_rows(struct verifier *verifier, struct batch *batch)
{
    while (batch->count < BATCH_ENTRIES && batch->text.length < BATCH_BYTES) {
        bool more;

        TRY(db_step(verifier->rows, &more, &batch->failure));
        verifier->all_read = !more;
        if (!more)
            return MLOPS_OK;
        read_row(verifier->rows, batch, &batch->rows[batch->count++]);
    }
    return MLOPS_OK;
}

static int read_batch(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct verifier *verifier = context;
    struct batch *batch = item;

    (void)worker;
    (void)err; /* what fails waits for its turn (report) */
    buffer_reset(&batch->text);
    batch->count = 0;
    batch->first = verifier->next;
    batch->code = MLOPS_OK;
    if (!verifier->all_read) {
        pthread_mutex_lock(&verifier->connection);
        batch->code = read_rows(verifier, batch);
        pthread_mutex_unlock(&verifier->connection);
    }
    batch->sound = batch->count;
    verifier->next += batch->count;
    verifier->all_read = verifier->all_read || batch->code;
    verifier->ended[0] = batch->count == 0 && batch->code == MLOPS_OK;
    return MLOPS_OK;
}

/* ---- each entry by itself ------------------------------------------------------------------ */

enum member {
    ENTRY_ACTION,
    ENTRY_ACTOR,
    ENTRY_CONTROL,
    ENTRY_INDEX,
    ENTRY_MODEL,
    ENTRY_PREVIOUS,
    ENTRY_REASON,
    ENTRY_ROOT,
    ENTRY_STAGE,
    ENTRY_TIME,
    ENTRY_VERSION,
    MEMBERS
};

static const char *const member_names[MEMBERS] = {"action", "actor",    "control", "index",
                                                  "model",  "previous", "reason",  "root",
                                                  "stage",  "time",     "version"};

/* The first column that does not say what the entry says; NULL where all do. */
static const char *differing_column(const struct batch *batch, const struct row *row,
                                    const cJSON *const members[MEMBERS])
{
    static const struct {
        enum text column;
        enum member member;
    } texts[] = {{ACTOR, ENTRY_ACTOR},
                 {ACTION, ENTRY_ACTION},
                 {MODEL, ENTRY_MODEL},
                 {STAGE, ENTRY_STAGE},
                 {REASON, ENTRY_REASON}};
    static const struct {
        enum number column;
        enum member member;
    } numbers[] = {{POSITION, ENTRY_INDEX}, {VERSION, ENTRY_VERSION}, {PREVIOUS, ENTRY_PREVIOUS}};
    char time_text[AUDIT_TIME_SIZE];

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (!str_equal(text_of(batch, row, texts[i].column),
                       json_text_of(members[texts[i].member], "")))
            return member_names[texts[i].member];
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        if ((uint64_t)row->numbers[numbers[i].column] != json_u64_of(members[numbers[i].member], 0))
            return member_names[numbers[i].member];
    audit_time_format(row->numbers[TIME_NS], time_text);
    return str_equal(time_text, json_text_of(members[ENTRY_TIME], "")) ? NULL : "time";
}

static int fail_changed(uint64_t index, const char *how, struct mlops_error *err)
{
    return audit_fail_damaged(err, "entry %llu of the audit log was changed: %s",
                              (unsigned long long)index, how);
}

/* The row at `index` by itself; what the later stages need of its entry is kept. */
static int check_row(const struct verifier *verifier, const struct batch *batch, struct row *row,
                     uint64_t index, struct mlops_error *err)
{
    const char *text = text_of(batch, row, ENTRY), *column, *root;
    _cleanup_(json_free) cJSON *entry = NULL;
    const cJSON *members[MEMBERS];
    char hex[SHA256_HEX_SIZE];
    struct mlops_error ignored = {0};

    if ((uint64_t)row->numbers[POSITION] != index)
        return audit_fail_damaged(err, "entry %llu of the audit log is missing",
                                  (unsigned long long)index);
    if (json_parse(text, strlen(text), "the entry", &entry, &ignored) != MLOPS_OK)
        return fail_changed(index, "it is not JSON", err);
    json_members(entry, member_names, MEMBERS, members);
    row->read = true;
    root = json_text_of(members[ENTRY_ROOT], "");
    row->has_root = digest_from_hex(root, strlen(root), &row->root);
    row->control = json_u64_of(members[ENTRY_CONTROL], 0);
    merkle_leaf(text, strlen(text), &row->leaf);
    digest_to_hex(&row->leaf, hex);
    if (!str_equal(hex, text_of(batch, row, LEAF)))
        return fail_changed(index, "its hash is another", err);
    column = differing_column(batch, row, members);
    if (column)
        return audit_fail_damaged(err,
                                  "entry %llu of the audit log was changed: its column '%s' is not "
                                  "what the entry says",
                                  (unsigned long long)index, column);
    if (verifier->taker->wants(entry))
        row->entry = TAKE_PTR(entry);
    return MLOPS_OK;
}

static int check_rows(void *context, void *item, size_t worker, struct mlops_error *err)
{
    const struct verifier *verifier = context;
    struct batch *batch = item;

    (void)worker;
    (void)err;
    for (size_t i = 0; i < batch->sound; i++) {
        struct mlops_error failure = {0};
        int code = check_row(verifier, batch, &batch->rows[i], batch->first + i, &failure);

        if (code) {
            batch->code = code;
            batch->failure = failure;
            batch->sound = i;
        }
    }
    return MLOPS_OK;
}

/* ---- into the tree ------------------------------------------------------------------------- */

/* The subtrees that an entry completed, against those that are kept for proofs. */
static int verify_nodes(struct db_rows *nodes, const struct merkle_frontier *tree, unsigned level,
                        const struct digest created[MERKLE_LEVELS], struct mlops_error *err)
{
    for (unsigned at = 1; at <= level; at++) {
        uint64_t number = merkle_node_number(at, (tree->size >> at) - 1);
        char hex[SHA256_HEX_SIZE];
        bool more;

        digest_to_hex(&created[at], hex);
        TRY(db_step(nodes, &more, err));
        if (!more || (uint64_t)db_i64(nodes, 0) != number || !str_equal(db_string(nodes, 1), hex))
            return audit_fail_damaged(err,
                                      "the tree of the audit log does not fit its entries: hash "
                                      "%llu, which entry %llu completes, is another",
                                      (unsigned long long)number,
                                      (unsigned long long)tree->size - 1);
    }
    return MLOPS_OK;
}

static int append_row(struct verifier *verifier, const struct row *row, struct mlops_error *err)
{
    const struct audit_taker *taker = verifier->taker;
    const struct audit_seen seen = {.index = verifier->tree->size,
                                    .control = row->control,
                                    .entry = row->entry,
                                    .leaf = row->leaf,
                                    .tree = verifier->tree};
    struct digest created[MERKLE_LEVELS];
    unsigned level = merkle_append(verifier->tree, &row->leaf, created);

    TRY(verify_nodes(verifier->nodes, verifier->tree, level, created, err));
    return taker->take(taker->context, &seen, err);
}

static int append_rows(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct verifier *verifier = context;
    struct batch *batch = item;

    (void)worker;
    (void)err;
    if (verifier->broken) {
        batch->sound = 0;
        return MLOPS_OK;
    }
    batch->before = *verifier->tree;
    pthread_mutex_lock(&verifier->connection);
    for (size_t i = 0; i < batch->sound; i++) {
        struct mlops_error failure = {0};
        int code = append_row(verifier, &batch->rows[i], &failure);

        if (code) {
            batch->code = code;
            batch->failure = failure;
            batch->sound = i;
        }
    }
    pthread_mutex_unlock(&verifier->connection);
    verifier->broken = batch->code != MLOPS_OK;
    return MLOPS_OK;
}

/* ---- the head at each entry ---------------------------------------------------------------- */

/* Of the row that failed otherwise, this is said first. */
static int check_heads(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct batch *batch = item;
    struct merkle_frontier tree = batch->before;

    (void)context;
    (void)worker;
    (void)err;
    for (size_t i = 0; i < batch->count && i <= batch->sound && batch->rows[i].read; i++) {
        const struct row *row = &batch->rows[i];
        struct digest head;

        merkle_root(&tree, &head);
        if (!row->has_root || !digest_equal(&head, &row->root)) {
            batch->failure = (struct mlops_error){0};
            batch->code = audit_fail_damaged(&batch->failure,
                                             "entry %llu of the audit log does not follow from "
                                             "those before it",
                                             (unsigned long long)(batch->first + i));
            break;
        }
        (void)merkle_append(&tree, &row->leaf, NULL);
    }
    forget_entries(batch);
    return MLOPS_OK;
}

/* In the order of the entries, so that the first that failed is the one that is named. */
static int report(void *context, void *item, size_t worker, struct mlops_error *err)
{
    struct batch *batch = item;

    (void)context;
    (void)worker;
    if (batch->code)
        *err = batch->failure;
    return batch->code;
}

static int run(struct verifier *verifier, struct mlops_error *err)
{
    static const struct pipeline_stage stages[] = {{.serial = true, .run = read_batch},
                                                   {.serial = false, .run = check_rows},
                                                   {.serial = true, .run = append_rows},
                                                   {.serial = false, .run = check_heads},
                                                   {.serial = true, .run = report}};
    size_t count = pool_threads() + 3;
    struct batch *batches = xcalloc(count, sizeof(*batches));
    void **items = xcalloc(count, sizeof(*items));
    struct pipeline pipeline = {.stages = stages,
                                .stage_count = ARRAY_LENGTH(stages),
                                .lane_count = 1,
                                .items = items,
                                .item_count = count,
                                .ended = verifier->ended,
                                .context = verifier};
    int code;

    for (size_t i = 0; i < count; i++)
        items[i] = &batches[i];
    code = pipeline_run(&pipeline, err);
    for (size_t i = 0; i < count; i++) {
        forget_entries(&batches[i]);
        buffer_clear(&batches[i].text);
    }
    free(items);
    free(batches);
    return code;
}

int audit_entries_verify(struct db *db, const struct audit_taker *taker,
                         struct merkle_frontier *tree, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL, *nodes = NULL;
    struct verifier verifier = {.tree = tree, .taker = taker};
    int code;

    TRY(db_query(db, &rows, err,
                 "SELECT position, version, previous, time_ns, actor, action, model, stage, "
                 "reason, entry, leaf FROM audit ORDER BY position"));
    TRY(db_query(db, &nodes, err, "SELECT position, hash FROM audit_node ORDER BY position"));
    verifier.rows = rows;
    verifier.nodes = nodes;
    pthread_mutex_init(&verifier.connection, NULL);
    code = run(&verifier, err);
    pthread_mutex_destroy(&verifier.connection);
    return code;
}
