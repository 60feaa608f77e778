/*
 * lib/registry/log_export.c - the whole log as text, and its verification without the registry: an
 * entry a line, an empty line, and the checkpoint that signs them.
 */
#include "base/file.h"
#include "registry/audit.h"
#include "registry/history.h"
#include "registry/log_tree.h"
#include <errno.h>
#include <stdio.h>

#define WRITE_AT 65536

int history_log_write(struct mlops_registry *registry, history_sink sink, void *context,
                      struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct checkpoint checkpoint;
    bool more;

    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(db_query(registry->db, &rows, err, "SELECT entry FROM audit ORDER BY position"));
    for (;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            break;
        buffer_printf(&text, "%s\n", db_string(rows, 0));
        if (text.length < WRITE_AT)
            continue;
        TRY(sink(context, text.data, text.length, err));
        buffer_reset(&text);
    }
    buffer_putc(&text, '\n');
    TRY(log_checkpoint_read(registry->db, &checkpoint, &text, err));
    return sink(context, text.data, text.length, err);
}

/* history_sink */
static int to_file(void *context, const void *data, size_t length, struct mlops_error *err)
{
    return fd_write_full(*(const int *)context, data, length, err);
}

int mlops_log_export(struct mlops_registry *registry, int fd, struct mlops_error *err)
{
    return history_log_write(registry, to_file, &fd, err);
}

/* ---- verifying one -------------------------------------------------------------------------- */

struct export
{
    FILE *file;
    char *line;
    size_t capacity;
    struct merkle_frontier tree;
    char *log_key; /* that the entries name last */
    struct buffer note;
    const char *since;                     /* the text of a checkpoint that was kept, or NULL */
    struct checkpoint kept;                /* what it says; read by the key that signs the export */
    struct digest at_kept;                 /* the head of the first kept.size entries */
    uint64_t proved;                       /* the entry that is to be proved; UINT64_MAX: none */
    char *entry;                           /* its bytes */
    struct digest siblings[MERKLE_LEVELS]; /* of the perfect subtrees that it is in, by level */
};

static void export_clear(struct export *export)
{
    if (export->file)
        (void)fclose(export->file); /* it was only read */
    free(export->line);
    free(export->log_key);
    free(export->entry);
    buffer_clear(&export->note);
}

/* The next line without its newline; `*length` -1 at the end. */
static int next_line(struct export *export, ssize_t *length, struct mlops_error *err)
{
    errno = 0;
    *length = getline(&export->line, &export->capacity, export->file);
    if (*length < 0 && errno)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read the export");
    if (*length > 0 && export->line[*length - 1] == '\n')
        export->line[--*length] = '\0';
    return MLOPS_OK;
}

static int fail_entry(const struct export *export, const char *why, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INTEGRITY, "entry %llu of the exported log %s",
                      (unsigned long long)export->tree.size, why);
}

/* Add the line to the tree, and keep what the proof of the wanted entry will need of it. */
static void append(struct export *export, size_t length)
{
    struct digest leaf, created[MERKLE_LEVELS];

    if (export->tree.size == export->proved)
        export->entry = xstrndup(export->line, length);
    merkle_leaf(export->line, length, &leaf);
    unsigned highest = merkle_append(&export->tree, &leaf, created);
    for (unsigned level = 0; level <= highest; level++)
        if ((export->tree.size - 1) >> level == (export->proved >> level ^ 1))
            export->siblings[level] = created[level];
}

static int take_entry(struct export *export, size_t length, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *entry = NULL;
    struct mlops_error ignored = {0};
    struct digest digest;
    char hex[SHA256_HEX_SIZE];
    const char *named;

    if (length > AUDIT_ENTRY_MAX || json_parse(export->line, length, "entry", &entry, &ignored) ||
        json_u64(entry, "index", UINT64_MAX) != export->tree.size)
        return fail_entry(export, "is missing or not an entry", err);
    merkle_root(&export->tree, &digest);
    digest_to_hex(&digest, hex);
    if (!str_equal(hex, json_string(entry, "root", "")))
        return fail_entry(export, "does not follow from those before it", err);
    named = json_string(cJSON_GetObjectItemCaseSensitive(entry, "detail"), "log_key", NULL);
    if (named) {
        free(export->log_key);
        export->log_key = xstrdup(named);
    }
    append(export, length);
    return MLOPS_OK;
}

/* The size that a kept checkpoint speaks of, before its signature can be judged. */
static int expect_kept(struct export *export, const char *since, struct mlops_error *err)
{
    if (!since)
        return MLOPS_OK;
    export->since = since;
    if (checkpoint_parse(since, strlen(since), &export->kept, err))
        return mlops_wrap(err, "the checkpoint that was kept");
    merkle_root(&export->tree, &export->at_kept);
    return MLOPS_OK;
}

static int read_entries(struct export *export, struct mlops_error *err)
{
    ssize_t length;

    for (;;) {
        TRY(next_line(export, &length, err));
        if (length <= 0)
            break;
        TRY(take_entry(export, (size_t)length, err));
        if (export->tree.size == export->kept.size)
            merkle_root(&export->tree, &export->at_kept);
    }
    while (length >= 0 && export->note.length <= NOTE_MAX) {
        TRY(next_line(export, &length, err));
        if (length >= 0)
            buffer_printf(&export->note, "%s\n", export->line);
    }
    return MLOPS_OK;
}

static int judge_head(struct export *export, const char *wanted, struct mlops_error *err)
{
    struct note_key key;
    struct checkpoint head;
    struct digest root;
    size_t length;

    if (!export->log_key)
        return mlops_fail(err, MLOPS_INVALID, "not an exported log: no entry names the log's key");
    if (wanted && !str_equal(wanted, export->log_key))
        return mlops_fail(err, MLOPS_INTEGRITY, "the exported log is signed by %s, not by %s",
                          export->log_key, wanted);
    TRY(note_key_parse(export->log_key, strlen(export->log_key), &key, err));
    if (note_open(export->note.length ? export->note.data : "", export->note.length, &key, &length,
                  err) ||
        checkpoint_parse(export->note.data, length, &head, err))
        return mlops_wrap(err, "the checkpoint of the exported log");
    merkle_root(&export->tree, &root);
    if (head.size != export->tree.size || !digest_equal(&head.root, &root))
        return mlops_fail(err, MLOPS_INTEGRITY,
                          "the exported log is not what its checkpoint signs: it has %llu entries, "
                          "the checkpoint speaks of %llu",
                          (unsigned long long)export->tree.size, (unsigned long long)head.size);
    if (!export->since)
        return MLOPS_OK;
    if (note_open(export->since, strlen(export->since), &key, &length, err))
        return mlops_wrap(err, "the checkpoint that was kept");
    return export->kept.size <= head.size && digest_equal(&export->at_kept, &export->kept.root)
               ? MLOPS_OK
               : log_fail_rewritten(&export->kept, head.size, err);
}

int history_log_verify(FILE *file, const char *key, const char *since, uint64_t *size,
                       char root_hex[65], char **key_out, struct mlops_error *err)
{
    _cleanup_(export_clear) struct export export = {.file = file, .proved = UINT64_MAX};
    struct digest root;

    TRY(expect_kept(&export, since, err));
    TRY(read_entries(&export, err));
    TRY(judge_head(&export, key, err));
    *size = export.tree.size;
    merkle_root(&export.tree, &root);
    digest_to_hex(&root, root_hex);
    if (key_out)
        *key_out = TAKE_PTR(export.log_key);
    return MLOPS_OK;
}

/* merkle_reader of the subtrees that were kept: siblings, and what the tree ends with */
static int read_kept(void *context, unsigned level, uint64_t index, struct digest *hash,
                     struct mlops_error *err)
{
    const struct export *export = context;

    (void)err;
    *hash = index == (export->proved >> level ^ 1) ? export->siblings[level]
                                                   : export->tree.roots[level];
    return MLOPS_OK;
}

int history_log_prove(FILE *file, const char *key, uint64_t index, char **proof, char **entry,
                      struct mlops_error *err)
{
    _cleanup_(export_clear) struct export export = {.file = file, .proved = index};
    _cleanup_(buffer_clear) struct buffer out = {0};
    struct merkle_proof path;

    TRY(read_entries(&export, err));
    TRY(judge_head(&export, key, err));
    if (!export.entry) {
        mlops_fail(err, MLOPS_NOT_FOUND, "the exported log has no entry %llu",
                   (unsigned long long)index);
        return mlops_hint(err, "it has %llu entries, from 0 on",
                          (unsigned long long)export.tree.size);
    }
    TRY(merkle_prove_inclusion(index, export.tree.size, read_kept, &export, &path, err));
    log_proof_write(index, &path, export.note.data, &out);
    *proof = buffer_steal(&out);
    if (entry)
        *entry = TAKE_PTR(export.entry);
    return MLOPS_OK;
}

static int open_export(const char *path, FILE **file, struct mlops_error *err)
{
    *file = fopen(path, "re");
    return *file ? MLOPS_OK : mlops_fail_errno(err, 0, errno, "%s", path);
}

int mlops_log_prove_export(const char *path, const char *key, uint64_t index, char **proof,
                           char **entry, struct mlops_error *err)
{
    FILE *file;

    TRY(open_export(path, &file, err));
    return history_log_prove(file, key, index, proof, entry, err);
}

int mlops_log_verify_export(const char *path, const char *key, const char *since, uint64_t *size,
                            char root_hex[65], char **key_out, struct mlops_error *err)
{
    FILE *file;

    TRY(open_export(path, &file, err));
    return history_log_verify(file, key, since, size, root_hex, key_out, err);
}
