/*
 * lib/bundle/history_write.c - a whole registry as one .tar.zst: the log, the rows that it vouches
 * for, and the records of the store that its bundles need, in packs of their own. The same registry
 * gives the same bytes.
 */
#include "bundle/archive_output.h"
#include "bundle/history.h"
#include "bundle/reach.h"
#include "registry/bundle.h"
#include "registry/condemned.h"
#include "registry/history.h"
#include "store/parcel.h"
#include <mlops/history.h>

struct export
{
    struct mlops_registry *registry;
    const struct mlops_history_options *options;
    struct store *store;
    struct bundle_list bundles;
    struct parcel *parcel;
    struct archive_output *output; /* while there is one */
    struct sha256 *hash;           /* of the present entry */
    const char *name;              /* its name */
    struct buffer sums;
    uint64_t counted; /* bytes, where they are only counted */
};

static void export_clear(struct export *export)
{
    bundle_list_clear(&export->bundles);
    parcel_free(export->parcel);
    sha256_free(export->hash);
    buffer_clear(&export->sums);
}

/* ---- what it consists of ------------------------------------------------------------------- */

static bool is_history(const struct bundle_row *row)
{
    return row->version > 0 || row->trashed || row->evidence;
}

static bool is_withheld(const struct export *export, const struct bundle_row *row)
{
    return row->evaluation && !export->options->with_evaluation_sets && row->version == 0 &&
           !row->trashed;
}

static int take_bundle(struct export *export, struct visitor *visitor, const struct bundle_row *row,
                       struct mlops_error *err)
{
    unsigned how = row->released ? REACH_BASES | REACH_WITHOUT_FILES : REACH_BASES;

    if (reach_visit(export->store, visitor, row->id, how, parcel_take, export->parcel, err) ||
        reach_visit_kept(visitor, row, how, parcel_take, export->parcel, err))
        return mlops_wrap(err, "%.23s… of %s", row->id, row->model);
    return MLOPS_OK;
}

/* A file that is withheld, and lies in one block with small ones that are not? */
struct leak {
    const struct parcel *parcel;
    bool inside; /* the last recipe was such a file's */
    bool found;
};

static bool look_for_leak(void *context, const struct location *location)
{
    struct leak *leak = context;
    const struct record *record = &location->record;

    if (record->kind == RECORD_RECIPE)
        leak->inside = record_is_slice(record) && !parcel_has(leak->parcel, &record->name);
    else
        leak->found |= leak->inside && parcel_has(leak->parcel, &record->name);
    return true;
}

static int fail_mixed(const struct bundle_row *row, const char *why, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_INVALID, "the evaluation set of %s (%.23s…) cannot stay here: %s",
               row->model, row->id, why);
    return mlops_hint(err, "'--with-evaluation-sets' writes them too, with their labels");
}

static int withhold(struct export *export, struct visitor *visitor, const struct bundle_row *row,
                    struct mlops_error *err)
{
    struct leak leak = {.parcel = export->parcel};

    if (row->evidence)
        return fail_mixed(row, "evidence was recorded about it", err);
    TRY(reach_visit(export->store, visitor, row->id, REACH_PARTS, look_for_leak, &leak, err));
    return leak.found
               ? fail_mixed(row, "a small file of it lies in one block with files of versions", err)
               : MLOPS_OK;
}

static int choose(struct export *export, struct mlops_history_export *written,
                  struct mlops_error *err)
{
    _cleanup_(condemned_list_clear) struct condemned_list condemned = {0};
    _cleanup_(visitor_free_ptr) struct visitor *visitor = NULL;

    TRY(condemned_read(export->registry, &condemned, err));
    TRY(registry_bundles(export->registry, &export->bundles, err));
    TRY(store_refresh(export->store, err));
    store_shun(export->store, condemned.packs, condemned.count);
    visitor = visitor_new(export->store);
    export->parcel = parcel_new(export->store);
    for (size_t i = 0; i < export->bundles.count; i++) {
        const struct bundle_row *row = &export->bundles.items[i];

        if (is_withheld(export, row) || !(is_history(row) || row->evaluation))
            continue;
        TRY(archive_progress(export->registry, "looking at bundles", i, export->bundles.count,
                             err));
        TRY(take_bundle(export, visitor, row, err));
        written->bundles++;
        written->versions += row->version > 0;
    }
    for (size_t i = 0; i < export->bundles.count; i++)
        if (is_withheld(export, &export->bundles.items[i])) {
            TRY(withhold(export, visitor, &export->bundles.items[i], err));
            written->withheld++;
        }
    parcel_seal(export->parcel);
    return MLOPS_OK;
}

/* ---- entries ------------------------------------------------------------------------------- */

/* history_sink */
static int count_bytes(void *context, const void *data, size_t length, struct mlops_error *err)
{
    (void)data;
    (void)err;
    ((struct export *)context)->counted += length;
    return MLOPS_OK;
}

/* history_sink, parcel_sink */
static int to_entry(void *context, const void *data, size_t length, struct mlops_error *err)
{
    struct export *export = context;

    sha256_update(export->hash, data, length);
    export->output->done += length;
    return archive_output_data(export->output, export->name, data, length, err);
}

static int begin(struct export *export, const char *name, uint64_t size, struct mlops_error *err)
{
    export->name = name;
    return archive_output_begin(export->output, name, 0644, size, err);
}

static int end(struct export *export, struct mlops_error *err)
{
    struct digest digest;
    char hex[SHA256_HEX_SIZE];

    sha256_final(export->hash, &digest);
    digest_to_hex(&digest, hex);
    buffer_printf(&export->sums, "%s  %s\n", hex, export->name);
    return archive_output_end(export->output, export->name, err);
}

static int write_format(struct export *export, struct mlops_error *err)
{
    TRY(begin(export, HISTORY_FORMAT, strlen(HISTORY_FORMAT_TEXT), err));
    TRY(to_entry(export, HISTORY_FORMAT_TEXT, strlen(HISTORY_FORMAT_TEXT), err));
    return end(export, err);
}

/* A tar says how long an entry is before it comes: twice the same, from one snapshot. */
static int write_log(struct export *export, struct mlops_error *err)
{
    export->counted = 0;
    TRY(history_log_write(export->registry, count_bytes, export, err));
    TRY(begin(export, HISTORY_LOG, export->counted, err));
    TRY(history_log_write(export->registry, to_entry, export, err));
    return end(export, err);
}

static int write_rows(struct export *export, const struct copy_table *table,
                      struct mlops_error *err)
{
    _cleanup_(free_string) char *name = xprintf(HISTORY_ROWS "%s", table->name);
    bool sets = export->options->with_evaluation_sets;

    export->counted = 0;
    TRY(history_rows_write(export->registry, table, sets, count_bytes, export, err));
    TRY(begin(export, name, export->counted, err));
    TRY(history_rows_write(export->registry, table, sets, to_entry, export, err));
    return end(export, err);
}

static int write_all_rows(struct export *export, struct mlops_error *err)
{
    const struct copy_table *table;

    for (size_t i = 0; (table = registry_copy_table(i)); i++)
        if (history_is_written(table) &&
            (!str_equal(table->name, "evaluation") || export->options->with_evaluation_sets))
            TRY(write_rows(export, table, err));
    return MLOPS_OK;
}

static int write_packs(struct export *export, struct mlops_error *err)
{
    for (size_t i = 0; i < parcel_count(export->parcel); i++) {
        const struct parcel_pack *pack = parcel_pack(export->parcel, i);
        _cleanup_(free_string) char *name = xprintf(HISTORY_PACKS "%s", pack->name);

        TRY(begin(export, name, pack->size, err));
        TRY(parcel_write(export->parcel, i, to_entry, export, err));
        TRY(end(export, err));
    }
    return MLOPS_OK;
}

/* archive_body */
static int write_entries(void *context, struct archive_output *output, struct mlops_error *err)
{
    struct export *export = context;

    export->output = output;
    TRY(write_format(export, err));
    TRY(write_log(export, err));
    TRY(write_all_rows(export, err));
    TRY(write_packs(export, err));
    return archive_output_memory(output, HISTORY_SUMS, 0644, &export->sums, err);
}

int mlops_history_export(struct mlops_registry *registry,
                         const struct mlops_history_options *options, const char *path,
                         struct mlops_history_export *written, struct mlops_error *err)
{
    static const struct mlops_history_options defaults = {0};
    _cleanup_(export_clear) struct export export = {
        .registry = registry, .options = options ? options : &defaults, .hash = sha256_new()};
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct history_count count;
    uint64_t total = 0;

    *written = (struct mlops_history_export){0};
    TRY(registry_store(registry, &export.store, err));
    TRY(snapshot_begin(registry, &snapshot, err)); /* rows before packs: they need what was there */
    TRY(history_count(registry, &count, err));
    TRY(choose(&export, written, err));
    for (size_t i = 0; i < parcel_count(export.parcel); i++)
        total += parcel_pack(export.parcel, i)->size;
    written->entries = count.entries;
    return archive_output_write(registry, path, total, write_entries, &export,
                                &written->archive_bytes, err);
}
