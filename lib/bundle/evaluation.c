/* lib/bundle/evaluation.c - evaluation sets made into bundles, and laid out for suites. */
#include "bundle/evaluation.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/manifest.h"
#include "bundle/reach.h"
#include "bundle/snapshot.h"
#include "registry/condemned.h"
#include "registry/evaluation.h"
#include "registry/scratch.h"
#include "store/store.h"
#include "table/cut.h"

#define STALE_NS (86400 * 1000000000LL)

/* The two files while they become a bundle. */
struct making {
    struct mlops_registry *registry;
    const struct mlops_evaluation_options *options;
    struct mlops_evaluation *set;
    char *folder; /* private, gone afterwards */
    char *rows, *labels;
    struct store_writer *writer;
};

static void making_clear(struct making *making)
{
    struct mlops_error ignored = {.code = 0}; /* what stays is stale and removed by a later run */
    store_writer_abort(making->writer);
    if (making->folder)
        (void)tree_remove(making->folder, &ignored);
    free(making->folder);
    free(making->rows);
    free(making->labels);
}

static void add_file(cJSON *files, const char *path, const struct store_file *file)
{
    cJSON *item = xcheck(cJSON_CreateObject());
    char hex[SHA256_HEX_SIZE];
    digest_to_hex(&file->digest, hex);
    json_add_string(item, "mode", "0444");
    json_add_string(item, "path", path);
    json_add_string(item, "sha256", hex);
    json_add_u64(item, "size", file->size);
    json_add_string(item, "type", "file");
    cJSON_AddItemToArray(files, item);
}

/* The rows, profiled: what drift and skew are held against. Labels are in no profile. */
static int add_data(struct making *making, const struct store_file *rows, cJSON *manifest,
                    struct mlops_error *err)
{
    char name[] = "rows", path[] = EVALUATION_ROWS, role[] = "evaluation";
    const struct project_data data = {.name = name, .path = path, .role = role};
    char hex[SHA256_HEX_SIZE];
    cJSON *snapshot = NULL;
    const char *const files[] = {making->rows};
    const struct snapshot_source source = {&data, files, 1, NULL};
    TRY(snapshot_describe(making->registry, making->writer, &source, &snapshot, err));
    digest_to_hex(&rows->digest, hex);
    json_add_string(snapshot, "sha256", hex);
    uint64_t read = json_u64(snapshot, "rows", 0);
    cJSON_AddItemToObject(json_add_object(manifest, "data"), name, snapshot);
    return read == making->set->rows
               ? MLOPS_OK
               : mlops_fail(err, MLOPS_INVALID,
                            "%s has %llu rows, and %llu are read without what is withheld",
                            making->options->path, (unsigned long long)making->set->rows,
                            (unsigned long long)read);
}

static int build_manifest(struct making *making, const struct store_file files[2],
                          struct buffer *text, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *manifest = xcheck(cJSON_CreateObject());
    _cleanup_(free_string) char *description = xprintf("evaluation set %s", making->set->name);
    cJSON *project = json_add_object(manifest, "project"), *array;
    json_add_string(project, "model", making->set->model);
    (void)json_add_array(project, "tests");
    json_add_string(manifest, "format", MANIFEST_FORMAT);
    json_add_string(manifest, "model", making->set->model);
    json_add_string(manifest, "description", description);
    array = json_add_array(manifest, "files");
    add_file(array, EVALUATION_LABELS, &files[1]); /* by their names' bytes */
    add_file(array, EVALUATION_ROWS, &files[0]);
    cJSON_AddNullToObject(json_add_object(manifest, "code"), "git");
    (void)json_add_object(manifest, "params");
    (void)json_add_object(manifest, "metrics");
    cJSON_AddNullToObject(manifest, "environment");
    TRY(add_data(making, &files[0], manifest, err));
    return json_write_canonical(manifest, text, err);
}

static int publish(struct making *making, const struct store_file files[2], uint64_t round,
                   bool *created, bool *gone, struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    struct mlops_evaluation *set = making->set;
    struct store_added added;
    TRY(store_writer_publish(TAKE_PTR(making->writer), &added, err));
    TRY(transaction_begin(making->registry, &tx, err));
    TRY(bundle_record(tx, set->bundle, set->model, 2, files[0].size + files[1].size, err));
    TRY(reach_save(tx, making->registry, set->bundle, round, gone, err));
    if (*gone)
        return MLOPS_OK;
    TRY(evaluation_record(tx, set, making->options->reason, created, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int store_once(struct making *making, bool *created, bool *gone, struct mlops_error *err)
{
    struct store_file files[2] = {{.path = making->rows}, {.path = making->labels}};
    _cleanup_(buffer_clear) struct buffer text = {.length = 0};
    struct store *store;
    struct digest digest;
    uint64_t round;
    TRY(registry_store(making->registry, &store, err));
    TRY(condemned_round(making->registry, &round, err));
    TRY(store_writer_begin(store, &making->writer, err));
    TRY(store_writer_add_files(making->writer, files, 2, err));
    TRY(build_manifest(making, files, &text, err));
    TRY(store_writer_add(making->writer, text.data, text.length, &digest, err));
    bundle_id_format(&digest, making->set->bundle);
    return publish(making, files, round, created, gone, err);
}

static int take_labels(const struct mlops_evaluation_options *options, struct mlops_evaluation *set,
                       struct mlops_error *err)
{
    size_t count = 0;
    while (options->labels && options->labels[count])
        count++;
    if (count == 0 || count > MLOPS_EVALUATION_LABELS_MAX) {
        mlops_fail(err, MLOPS_INVALID, "an evaluation set has 1 to %d labels, not %zu",
                   MLOPS_EVALUATION_LABELS_MAX, count);
        return mlops_hint(err, "name the column with the truth: --label is_fraud");
    }
    set->labels = xcalloc(count + 1, sizeof(*set->labels));
    for (size_t i = 0; i < count; i++)
        set->labels[i] = xstrdup(options->labels[i]);
    return MLOPS_OK;
}

int mlops_evaluation_add(struct mlops_registry *registry,
                         const struct mlops_evaluation_options *options,
                         struct mlops_evaluation *set, bool *created, struct mlops_error *err)
{
    _cleanup_(making_clear) struct making making = {
        .registry = registry, .options = options, .set = set};
    struct digest digest;
    bool gone = true;
    *set = (struct mlops_evaluation){.rows = 0};
    TRY(evaluation_name(options->name, set, err));
    TRY(take_labels(options, set, err));
    scratch_sweep_folders(registry, STALE_NS);
    TRY(scratch_make(registry, "data", &making.folder, err));
    making.rows = path_join(making.folder, EVALUATION_ROWS);
    making.labels = path_join(making.folder, EVALUATION_LABELS);
    TRY(table_cut(options->path, options->labels, making.rows, making.labels, &set->rows, err));
    TRY(file_digest(options->path, &digest, err));
    digest_to_hex(&digest, set->sha256);
    for (int i = 0; gone && i < REACH_ATTEMPTS; i++) {
        gone = false;
        TRY(store_once(&making, created, &gone, err));
    }
    if (gone)
        return reach_fail(err);
    _cleanup_(free_string) char *name = xstrdup(set->name);
    mlops_evaluation_clear(set);
    return mlops_evaluation_find(registry, name, set, err);
}

int evaluation_lay_out(struct mlops_registry *registry, const struct mlops_evaluation *set,
                       const char *name, const char *path, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {.file_count = 0};
    struct mlops_version version;
    struct store *store;
    TRY(manifest_load(registry, set->bundle, &version, &manifest, NULL, err));
    TRY(registry_store(registry, &store, err));
    for (size_t i = 0; i < manifest.file_count; i++) {
        const struct manifest_file *file = &manifest.files[i];
        if (!str_equal(file->path, name))
            continue;
        const struct store_restore restore = {
            .digest = file->digest, .size = file->size, .path = path, .mode = 0644};
        return store_restore_files(store, &restore, 1, true, NULL, err);
    }
    return mlops_fail(err, MLOPS_INTEGRITY, "the evaluation set '%s' has no '%s'", set->name, name);
}
