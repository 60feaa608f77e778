/*
 * lib/bundle/history_read.c - a whole history out of an archive that nobody vouches for. It is
 * built up as a registry of its own in the scratch folder, checked there as fsck does, and only
 * then copied into the one that is there: records of the store first, then all rows in one
 * transaction.
 */
#include "base/file.h"
#include "base/path.h"
#include "bundle/archive_source.h"
#include "bundle/history.h"
#include "bundle/reach.h"
#include "registry/bundle.h"
#include "registry/history.h"
#include "registry/scratch.h"
#include "store/copy.h"
#include "store/handle.h"
#include "store/pack.h"
#include <errno.h>
#include <fcntl.h>
#include <mlops/history.h>
#include <mlops/maintenance.h>
#include <unistd.h>

struct import {
    struct mlops_registry *registry;
    struct archive_source source;
    struct archive_item item;
    bool ended;
    struct sha256 *hash; /* of the present entry */
    struct buffer sums;  /* of those before it, as the last entry must say */
    char *folder;        /* in the scratch folder; the registry that is built up */
    struct mlops_registry *stage;
    struct transaction *tx; /* of that */
    struct history_log log;

    /* lines of the present entry */
    struct buffer line;
    const struct copy_table *table; /* NULL: the log */
    uint64_t number;                /* of the line */
};

static void import_clear(struct import *import)
{
    struct mlops_error ignored = {0}; /* what is left in the scratch folder, gc takes */
    archive_item_clear(&import->item);
    archive_source_close(&import->source);
    sha256_free(import->hash);
    buffer_clear(&import->sums);
    buffer_clear(&import->line);
    history_log_clear(&import->log);
    transaction_abort(import->tx);
    mlops_registry_close(import->stage);
    if (import->folder)
        (void)tree_remove(import->folder, &ignored);
    free(import->folder);
}

static int refuse(const struct import *import, enum mlops_code code, const char *what,
                  struct mlops_error *err)
{
    return archive_source_refuse(&import->source, code, import->item.name, what, err);
}

static int wrap(const struct import *import, struct mlops_error *err)
{
    return mlops_wrap(err, "the archive '%s'", import->source.reader.shown);
}

/* ---- entries ------------------------------------------------------------------------------- */

static int next(struct import *import, const char *awaited, struct mlops_error *err)
{
    TRY(archive_source_next(&import->source, awaited, &import->item, &import->ended, err));
    if (import->ended || import->item.kind == MANIFEST_FILE)
        return MLOPS_OK;
    return refuse(import, MLOPS_INTEGRITY, "is no file, and no history has such entries", err);
}

static bool is(const struct import *import, const char *name)
{
    return !import->ended && str_equal(import->item.name, name);
}

static int fail_missing(const struct import *import, const char *name, struct mlops_error *err)
{
    if (!import->ended)
        return refuse(import, MLOPS_INTEGRITY, "is out of order, or no part of a history", err);
    return archive_source_refuse(&import->source, MLOPS_INTEGRITY, name,
                                 "is missing: the archive ends before it", err);
}

/* The sum of the entry that was read. */
static void note_sum(struct import *import)
{
    struct digest digest;
    char hex[SHA256_HEX_SIZE];

    sha256_final(import->hash, &digest);
    digest_to_hex(&digest, hex);
    buffer_printf(&import->sums, "%s  %s\n", hex, import->item.name);
}

/* archive_sink of small entries */
struct memory {
    struct import *import;
    struct buffer content;
};

static void memory_clear(struct memory *memory)
{
    buffer_clear(&memory->content);
}

static int to_memory(void *context, const void *data, size_t length, struct mlops_error *err)
{
    struct memory *memory = context;
    (void)err; /* memory that is out ends the process; the sizes are bounded */
    sha256_update(memory->import->hash, data, length);
    buffer_append(&memory->content, data, length);
    return MLOPS_OK;
}

static int take_memory(struct import *import, uint64_t max, struct memory *memory,
                       struct mlops_error *err)
{
    if (import->item.size > max)
        return refuse(import, MLOPS_INVALID, "is larger than it may be", err);
    buffer_append(&memory->content, "", 0);
    return archive_source_data(&import->source, &import->item, to_memory, memory, err);
}

static int take_format(struct import *import, struct mlops_error *err)
{
    _cleanup_(memory_clear) struct memory memory = {.import = import};

    TRY(next(import, NULL, err));
    if (!is(import, HISTORY_FORMAT)) {
        archive_source_refuse(&import->source, MLOPS_INVALID,
                              import->ended ? HISTORY_FORMAT : import->item.name,
                              import->ended ? "is missing: the archive is empty"
                                            : "is its first entry, which must be " HISTORY_FORMAT,
                              err);
        return mlops_hint(err, "'mlops export --all' writes whole histories");
    }
    TRY(take_memory(import, 4096, &memory, err));
    if (memory.content.length != strlen(HISTORY_FORMAT_TEXT) ||
        memcmp(memory.content.data, HISTORY_FORMAT_TEXT, memory.content.length) != 0) {
        refuse(import, MLOPS_INVALID, "names another format than this mlops knows", err);
        return mlops_hint(err, "install a later mlops");
    }
    note_sum(import);
    return MLOPS_OK;
}

/* ---- lines --------------------------------------------------------------------------------- */

static int take_line(struct import *import, struct mlops_error *err)
{
    const struct buffer *line = &import->line;
    const char *text = line->data ? line->data : "";

    if (memchr(text, '\0', line->length))
        return mlops_fail(err, MLOPS_INTEGRITY, "a line of it has a NUL byte");
    return import->table ? history_row_take(import->tx, import->table, import->number++, text,
                                            line->length, err)
                         : history_log_take(import->tx, &import->log, text, line->length, err);
}

/* archive_sink */
static int to_lines(void *context, const void *data, size_t length, struct mlops_error *err)
{
    struct import *import = context;
    const char *at = data, *end = at + length;

    sha256_update(import->hash, data, length);
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t part = (size_t)((newline ? newline : end) - at);

        if (import->line.length + part > HISTORY_LINE_MAX)
            return mlops_fail(err, MLOPS_INVALID, "a line of it is longer than it may be");
        buffer_append(&import->line, at, part);
        if (!newline)
            break;
        TRY(take_line(import, err));
        buffer_reset(&import->line);
        at = newline + 1;
    }
    return MLOPS_OK;
}

/* The present entry, line by line; `table` NULL: the log. */
static int take_lines(struct import *import, const struct copy_table *table,
                      struct mlops_error *err)
{
    import->table = table;
    import->number = 0;
    buffer_reset(&import->line);
    if (archive_source_data(&import->source, &import->item, to_lines, import, err))
        return wrap(import, err);
    if (import->line.length > 0 || (table && import->number == 0))
        return refuse(import, MLOPS_INTEGRITY, "ends within a line", err);
    note_sum(import);
    return MLOPS_OK;
}

static int take_log(struct import *import, const char *key, struct mlops_error *err)
{
    TRY(next(import, HISTORY_LOG, err));
    if (!is(import, HISTORY_LOG))
        return fail_missing(import, HISTORY_LOG, err);
    TRY(take_lines(import, NULL, err));
    if (history_log_end(import->tx, &import->log, err))
        return wrap(import, err);
    if (key && !str_equal(key, import->log.log_key))
        return mlops_fail(err, MLOPS_INTEGRITY, "the log of the archive is signed by %s, not by %s",
                          import->log.log_key, key);
    return MLOPS_OK;
}

/* Tables that are not there are empty: an mlops that had fewer may have written them. */
static int take_rows(struct import *import, struct mlops_error *err)
{
    const struct copy_table *table;

    TRY(next(import, HISTORY_SUMS, err));
    for (size_t i = 0; (table = registry_copy_table(i)); i++) {
        _cleanup_(free_string) char *name = xprintf(HISTORY_ROWS "%s", table->name);

        if (!history_is_written(table) || !is(import, name))
            continue;
        TRY(take_lines(import, table, err));
        TRY(next(import, HISTORY_SUMS, err));
    }
    if (import->ended || !str_starts(import->item.name, HISTORY_ROWS))
        return MLOPS_OK;
    refuse(import, MLOPS_INVALID, "is out of order, or a table that this mlops does not know", err);
    return mlops_hint(err, "where a later mlops wrote it, install that one");
}

/* ---- packs --------------------------------------------------------------------------------- */

struct spool {
    struct import *import;
    int fd;
};

/* archive_sink */
static int to_spool(void *context, const void *data, size_t length, struct mlops_error *err)
{
    const struct spool *spool = context;

    sha256_update(spool->import->hash, data, length);
    return fd_write_full(spool->fd, data, length, err);
}

static int take_pack(struct import *import, struct store *store, struct mlops_error *err)
{
    const char *name = import->item.name + strlen(HISTORY_PACKS);
    _cleanup_(free_string) char *path = path_join(import->folder, "pack");

    if (!pack_name_valid(name))
        return refuse(import, MLOPS_INTEGRITY, "has no name that a pack can have", err);
    if (import->item.size > HISTORY_PACK_MAX)
        return refuse(import, MLOPS_INVALID, "is larger than it may be", err);
    _cleanup_(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", path);
    struct spool spool = {.import = import, .fd = fd};
    TRY(archive_source_data(&import->source, &import->item, to_spool, &spool, err));
    note_sum(import);
    return store->backend->publish(store->backend, path, name, err);
}

static int take_packs(struct import *import, struct mlops_error *err)
{
    struct store *store;

    TRY(registry_store(import->stage, &store, err));
    while (!import->ended && str_starts(import->item.name, HISTORY_PACKS)) {
        TRY(take_pack(import, store, err));
        TRY(next(import, HISTORY_SUMS, err));
    }
    return MLOPS_OK;
}

static int take_sums(struct import *import, struct mlops_error *err)
{
    _cleanup_(memory_clear) struct memory memory = {.import = import};

    if (!is(import, HISTORY_SUMS))
        return fail_missing(import, HISTORY_SUMS, err);
    TRY(take_memory(import, HISTORY_SUMS_MAX, &memory, err));
    if (memory.content.length != import->sums.length ||
        memcmp(memory.content.data, import->sums.data, import->sums.length) != 0)
        return refuse(import, MLOPS_INTEGRITY, "has other sums than the entries before it", err);
    TRY(next(import, "its end", err));
    return import->ended ? MLOPS_OK
                         : refuse(import, MLOPS_INTEGRITY, "comes after the last entry", err);
}

/* ---- the registry that is built up ------------------------------------------------------- */

static int make_stage(struct import *import, struct mlops_error *err)
{
    struct mlops_registry_options options = {.observer = *registry_observer(import->registry)};

    scratch_sweep_folders(import->registry, 0); /* of imports that were killed */
    TRY(scratch_make(import->registry, "import", &import->folder, err));
    TRY(registry_make_bare(import->folder, err));
    options.location = import->folder;
    TRY(mlops_registry_open(&options, &import->stage, err));
    return transaction_begin(import->stage, &import->tx, err);
}

/* As fsck does: every byte, every row, every entry. */
static int check_stage(struct import *import, struct mlops_error *err)
{
    _cleanup_(mlops_fsck_report_clear) struct mlops_fsck_report report = {0};

    TRY(mlops_fsck(import->stage, &(struct mlops_fsck_options){0}, &report, err));
    if (report.clean)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INTEGRITY, "the archive '%s': %s %.23s: %s",
                      import->source.reader.shown, report.problems[0].kind,
                      report.problems[0].object, report.problems[0].message);
}

/* All of the archive. What parts from the registry's history is refused before its packs come. */
static int take_all(struct import *import, const char *key, struct mlops_error *err)
{
    enum history_state state;

    TRY(take_format(import, err));
    TRY(make_stage(import, err));
    TRY(take_log(import, key, err));
    TRY(take_rows(import, err));
    TRY(history_compare(import->stage, import->registry, &state, err));
    TRY(transaction_commit(TAKE_PTR(import->tx), err));
    TRY(take_packs(import, err));
    TRY(take_sums(import, err));
    TRY(history_find_facts(import->stage, err));
    return check_stage(import, err);
}

/* ---- into the registry ------------------------------------------------------------------- */

/* What the bundles need is there, and stays: docs/store.md, "Garbage". */
static int save_all(struct import *import, struct transaction *tx, bool *gone,
                    struct mlops_error *err)
{
    _cleanup_(bundle_list_clear) struct bundle_list bundles = {0};

    *gone = false;
    TRY(registry_bundles(import->stage, &bundles, err));
    for (size_t i = 0; i < bundles.count && !*gone; i++)
        TRY(reach_save(tx, import->registry, bundles.items[i].id, UINT64_MAX, gone, err));
    for (size_t i = 0; i < bundles.kept_count && !*gone; i++)
        TRY(reach_save_objects(tx, import->registry, &bundles.kept[i].digest, 1, UINT64_MAX, gone,
                               err));
    return MLOPS_OK;
}

static uint64_t grown(uint64_t after, uint64_t before)
{
    return after > before ? after - before : 0;
}

static int is_present(struct import *import, enum history_state *state, bool *present,
                      struct mlops_error *err)
{
    TRY(history_compare(import->stage, import->registry, state, err));
    TRY(history_has_new_sets(import->stage, import->registry, present, err));
    *present = !*present && (*state == HISTORY_SAME || *state == HISTORY_LESS);
    return MLOPS_OK;
}

static int apply(struct import *import, struct mlops_history_import *result, bool *gone,
                 struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    struct history_count before, after;
    enum history_state state;

    *gone = false;
    TRY(snapshot_begin(import->stage, &snapshot, err));
    TRY(transaction_begin(import->registry, &tx, err));
    TRY(is_present(import, &state, &result->present, err));
    if (result->present)
        return MLOPS_OK;
    TRY(history_count(import->registry, &before, err));
    TRY(history_apply(import->stage, import->registry, state, err));
    TRY(save_all(import, tx, gone, err));
    if (*gone)
        return MLOPS_OK;
    TRY(history_count(import->registry, &after, err));
    result->new_entries =
        state == HISTORY_NEW ? after.entries : grown(after.entries, before.entries);
    result->new_versions = grown(after.versions, before.versions);
    result->new_bundles = grown(after.bundles, before.bundles);
    return transaction_commit(TAKE_PTR(tx), err);
}

static int bring_in(struct import *import, struct mlops_history_import *result,
                    struct mlops_error *err)
{
    struct store *ours, *theirs;
    struct store_copied copied = {0};
    enum history_state state;
    bool gone = true;

    TRY(is_present(import, &state, &result->present, err));
    if (result->present)
        return MLOPS_OK;
    TRY(registry_store(import->stage, &theirs, err));
    TRY(registry_store(import->registry, &ours, err));
    for (int i = 0; gone && i < REACH_ATTEMPTS; i++) {
        TRY(store_copy_records(theirs, ours, &copied, err));
        TRY(apply(import, result, &gone, err));
    }
    result->new_bytes = copied.bytes;
    return gone ? reach_fail(err) : MLOPS_OK;
}

void mlops_history_import_clear(struct mlops_history_import *import)
{
    free(import->key);
    *import = (struct mlops_history_import){0};
}

int mlops_history_import(struct mlops_registry *registry, const char *path, const char *key,
                         struct mlops_history_import *result, struct mlops_error *err)
{
    _cleanup_(archive_locale_leave) struct archive_locale locale = {0};
    _cleanup_(import_clear) struct import import = {.registry = registry, .hash = sha256_new()};
    struct digest root;

    *result = (struct mlops_history_import){0};
    TRY(archive_locale_enter(&locale, err));
    TRY(archive_source_open(registry, path, &import.source, err));
    TRY(take_all(&import, key, err));
    TRY(bring_in(&import, result, err));
    merkle_root(&import.log.tree, &root);
    digest_to_hex(&root, result->root);
    result->entries = import.log.tree.size;
    result->key = TAKE_PTR(import.log.log_key);
    return MLOPS_OK;
}

/* ---- without a registry ------------------------------------------------------------------ */

bool mlops_history_is(const char *path)
{
    _cleanup_(archive_locale_leave) struct archive_locale locale = {0};
    _cleanup_(import_clear) struct import import = {0};
    struct mlops_error ignored = {0};
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           archive_locale_enter(&locale, &ignored) == MLOPS_OK &&
           archive_source_open(NULL, path, &import.source, &ignored) == MLOPS_OK &&
           archive_source_next(&import.source, NULL, &import.item, &import.ended, &ignored) ==
               MLOPS_OK &&
           is(&import, HISTORY_FORMAT);
}

/* archive_sink */
static int to_file(void *context, const void *data, size_t length, struct mlops_error *err)
{
    return fwrite(data, 1, length, context) == length
               ? MLOPS_OK
               : mlops_fail_errno(err, MLOPS_IO, errno, "write a temporary file");
}

/* The log of the archive as a file without a name, to be read from its beginning. */
static int spool_log(const char *path, FILE **log, struct mlops_error *err)
{
    _cleanup_(archive_locale_leave) struct archive_locale locale = {0};
    _cleanup_(import_clear) struct import import = {.hash = sha256_new()};
    int code;

    TRY(archive_locale_enter(&locale, err));
    TRY(archive_source_open(NULL, path, &import.source, err));
    TRY(take_format(&import, err));
    TRY(next(&import, HISTORY_LOG, err));
    if (!is(&import, HISTORY_LOG))
        return fail_missing(&import, HISTORY_LOG, err);
    FILE *file = tmpfile();
    if (!file)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a temporary file");
    code = archive_source_data(&import.source, &import.item, to_file, file, err);
    if (code == MLOPS_OK && fflush(file) != 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "write a temporary file");
    if (code) {
        (void)fclose(file); /* nothing of it is used */
        return code;
    }
    rewind(file);
    *log = file;
    return MLOPS_OK;
}

int mlops_history_verify_log(const char *path, const char *key, const char *since, uint64_t *size,
                             char root_hex[65], char **key_out, struct mlops_error *err)
{
    FILE *log;

    TRY(spool_log(path, &log, err));
    return history_log_verify(log, key, since, size, root_hex, key_out, err);
}

int mlops_history_prove_log(const char *path, const char *key, uint64_t index, char **proof,
                            char **entry, struct mlops_error *err)
{
    FILE *log;

    TRY(spool_log(path, &log, err));
    return history_log_prove(log, key, index, proof, entry, err);
}
