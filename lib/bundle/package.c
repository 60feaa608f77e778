/* lib/bundle/package.c - a project folder made into a bundle. */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/git.h"
#include "bundle/snapshot.h"
#include "bundle/values.h"
#include "bundle/walk.h"
#include "registry/registry.h"
#include "store/store.h"
#include <errno.h>
#include <mlops/bundle.h>

#define PROJECT_FILE_MAX (4U << 20)

struct packaging {
    struct mlops_registry *registry;
    const char *root;
    struct project project;
    struct file_list files;
    struct store_writer *writer;
};

static void packaging_clear(struct packaging *packaging)
{
    project_clear(&packaging->project);
    file_list_clear(&packaging->files);
    store_writer_abort(packaging->writer);
}

static int read_project(struct packaging *packaging, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(packaging->root, PROJECT_FILE);
    _cleanup_(buffer_clear) struct buffer text = {0};
    int code = file_read(path, PROJECT_FILE_MAX, &text, err);
    if (code == MLOPS_NOT_FOUND) {
        mlops_fail(err, MLOPS_NOT_FOUND, "there is no %s in '%s'", PROJECT_FILE, packaging->root);
        return mlops_hint(err, "write one: it says what to package (docs/project-file.md)");
    }
    TRY(code);
    return project_parse(text.data, text.length, PROJECT_FILE, &packaging->project, err);
}

static int add_path(struct packaging *packaging, const char *key, const char *path,
                    struct mlops_error *err)
{
    if (!path || walk_add(&packaging->files, packaging->root, path, err) == MLOPS_OK)
        return MLOPS_OK;
    return mlops_wrap(err, "%s: '%s'", PROJECT_FILE, key);
}

static int collect_files(struct packaging *packaging, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    TRY(add_path(packaging, "project", PROJECT_FILE, err));
    for (char **path = project->code; path && *path; path++)
        TRY(add_path(packaging, "code", *path, err));
    for (char **path = project->artifacts; path && *path; path++)
        TRY(add_path(packaging, "artifacts", *path, err));
    TRY(add_path(packaging, "params", project->params, err));
    TRY(add_path(packaging, "metrics", project->metrics, err));
    TRY(add_path(packaging, "environment", project->environment, err));
    for (size_t i = 0; i < project->data_count; i++)
        TRY(add_path(packaging, "data", project->data[i].path, err));
    walk_finish(&packaging->files);
    return MLOPS_OK;
}

/* All regular files into the store at once; sizes and digests come back into the list. */
static int store_files(struct packaging *packaging, struct mlops_package *package,
                       struct mlops_error *err)
{
    struct file_list *list = &packaging->files;
    struct store_file *files = xcalloc(list->count, sizeof(*files));
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].kind == MANIFEST_FILE)
            files[count++].path = path_join(packaging->root, list->items[i].path);
    int code = store_writer_add_files(packaging->writer, files, count, err);
    for (size_t i = 0, next = 0; i < list->count; i++) {
        if (list->items[i].kind != MANIFEST_FILE)
            continue;
        list->items[i].size = files[next].size;
        list->items[i].digest = files[next].digest;
        package->bytes += files[next].size;
        package->files++;
        free((char *)(uintptr_t)files[next++].path);
    }
    free(files);
    return code;
}

static cJSON *files_to_json(const struct file_list *list)
{
    static const char *const types[] = {
        [MANIFEST_FILE] = "file", [MANIFEST_LINK] = "link", [MANIFEST_FOLDER] = "folder"};
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < list->count; i++) {
        const struct manifest_file *file = &list->items[i];
        cJSON *json = cJSON_CreateObject();
        json_add_string(json, "path", file->path);
        json_add_string(json, "type", types[file->kind]);
        if (file->kind == MANIFEST_LINK) {
            json_add_string(json, "target", file->target);
        } else {
            char mode[] = {'0', (char)('0' + (file->mode >> 6 & 7)),
                           (char)('0' + (file->mode >> 3 & 7)), (char)('0' + (file->mode & 7)), 0};
            json_add_string(json, "mode", mode);
        }
        if (file->kind == MANIFEST_FILE) {
            char hex[SHA256_HEX_SIZE];
            digest_to_hex(&file->digest, hex);
            json_add_u64(json, "size", file->size);
            json_add_string(json, "sha256", hex);
        }
        cJSON_AddItemToArray(array, json);
    }
    return array;
}

static int add_code(struct packaging *packaging, cJSON *manifest, struct mlops_error *err)
{
    _cleanup_(git_state_clear) struct git_state state;
    TRY(git_capture(packaging->registry, packaging->root, &state, err));
    cJSON *code = json_add_object(manifest, "code");
    if (!state.found) {
        cJSON_AddNullToObject(code, "git");
        return MLOPS_OK;
    }
    cJSON *git = json_add_object(code, "git");
    json_add_string(git, "commit", state.commit);
    json_add_string(git, "branch", state.branch);
    json_add_string(git, "remote", state.remote);
    json_add_bool(git, "dirty", state.dirty);
    return MLOPS_OK;
}

static int add_values(struct packaging *packaging, cJSON *manifest, const char *key,
                      const char *path, struct mlops_error *err)
{
    cJSON *values = NULL;
    if (path && values_read(packaging->root, path, key, &values, err))
        return mlops_wrap(err, "%s", PROJECT_FILE);
    cJSON_AddItemToObject(manifest, key, values ? values : cJSON_CreateObject());
    return MLOPS_OK;
}

static void add_environment(struct packaging *packaging, cJSON *manifest)
{
    const char *path = packaging->project.environment;
    cJSON *environment = path ? json_add_object(manifest, "environment") : NULL;
    for (size_t i = 0; path && i < packaging->files.count; i++) {
        const struct manifest_file *file = &packaging->files.items[i];
        if (file->kind == MANIFEST_FILE && str_equal(file->path, path)) {
            char hex[SHA256_HEX_SIZE];
            digest_to_hex(&file->digest, hex);
            json_add_string(environment, "path", path);
            json_add_string(environment, "sha256", hex);
        }
    }
}

static int build_manifest(struct packaging *packaging, cJSON *manifest, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    json_add_string(manifest, "format", "mlops-bundle/1");
    json_add_string(manifest, "model", project->model);
    json_add_string(manifest, "description", project->description);
    cJSON_AddItemToObject(manifest, "project", project_to_json(project));
    cJSON_AddItemToObject(manifest, "files", files_to_json(&packaging->files));
    TRY(add_code(packaging, manifest, err));
    TRY(add_values(packaging, manifest, "params", project->params, err));
    TRY(add_values(packaging, manifest, "metrics", project->metrics, err));
    add_environment(packaging, manifest);
    cJSON *data = json_add_object(manifest, "data");
    for (size_t i = 0; i < project->data_count; i++) {
        cJSON *snapshot = NULL;
        TRY(snapshot_describe(packaging->registry, packaging->writer, packaging->root,
                              &project->data[i], &snapshot, err));
        cJSON_AddItemToObject(data, project->data[i].name, snapshot);
    }
    return MLOPS_OK;
}

/* Objects first, durably; only then the row that makes them reachable. */
static int publish(struct packaging *packaging, struct mlops_package *package,
                   struct mlops_error *err)
{
    struct store_added added;
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(store_writer_publish(TAKE_PTR(packaging->writer), &added, err));
    package->new_bytes = added.new_bytes;
    TRY(transaction_begin(packaging->registry, &tx, err));
    TRY(bundle_record(tx, package->bundle, package->model, package->files, package->bytes, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

int mlops_package_directory(struct mlops_registry *registry,
                            const struct mlops_package_options *options,
                            struct mlops_package *package, struct mlops_error *err)
{
    int64_t from = clock_monotonic_ns();
    _cleanup_(packaging_clear) struct packaging packaging = {
        .registry = registry, .root = options->directory ? options->directory : "."};
    _cleanup_(json_free) cJSON *manifest = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct store *store;
    struct digest digest;
    *package = (struct mlops_package){0};
    TRY(read_project(&packaging, err));
    str_copy(package->model, sizeof(package->model), packaging.project.model);
    TRY(collect_files(&packaging, err));
    TRY(registry_store(registry, &store, err));
    TRY(store_writer_begin(store, &packaging.writer, err));
    TRY(store_files(&packaging, package, err));
    TRY(build_manifest(&packaging, manifest, err));
    TRY(json_write_canonical(manifest, &text, err));
    TRY(store_writer_add(packaging.writer, text.data, text.length, &digest, err));
    bundle_id_format(&digest, package->bundle);
    TRY(publish(&packaging, package, err));
    package->seconds = (double)(clock_monotonic_ns() - from) / 1e9;
    return MLOPS_OK;
}
