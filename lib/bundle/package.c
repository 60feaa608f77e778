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
#include <locale.h>
#include <mlops/bundle.h>

#define PROJECT_FILE_MAX (4U << 20)

struct packaging {
    struct mlops_registry *registry;
    const char *root;
    struct project project;
    struct digest project_digest; /* of the project file as it was read */
    char **real;                  /* for each of the project's paths: where it is without links */
    struct walk walk;
    struct store_writer *writer;
};

static void packaging_clear(struct packaging *packaging)
{
    for (size_t i = 0; packaging->real && i < packaging->project.path_count; i++)
        free(packaging->real[i]);
    free(packaging->real);
    project_clear(&packaging->project);
    walk_clear(&packaging->walk);
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
    sha256_of(text.data, text.length, &packaging->project_digest);
    return project_parse(text.data, text.length, PROJECT_FILE, &packaging->project, err);
}

static int add_path(struct packaging *packaging, size_t index, struct mlops_error *err)
{
    const struct project_path *path = &packaging->project.paths[index];
    enum manifest_kind kind;
    int code = walk_add(&packaging->walk, path->path, &packaging->real[index], &kind, err);
    if (code == MLOPS_NOT_FOUND) {
        mlops_fail(err, MLOPS_NOT_FOUND, "%s:%d: %s: '%s' does not exist", PROJECT_FILE, path->line,
                   path->key, path->text);
        return mlops_hint(err, "make it, or take it out of the project file");
    }
    if (code)
        return mlops_wrap(err, "%s:%d: %s", PROJECT_FILE, path->line, path->key);
    bool many = str_equal(path->key, "code") || str_equal(path->key, "artifacts");
    if (kind == MANIFEST_FOLDER && !many)
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: %s: '%s' is a folder, and must be a file",
                          PROJECT_FILE, path->line, path->key, path->text);
    return MLOPS_OK;
}

static int collect_files(struct packaging *packaging, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    packaging->real = xcalloc(project->path_count, sizeof(*packaging->real));
    TRY(walk_add(&packaging->walk, PROJECT_FILE, NULL, NULL, err));
    for (size_t i = 0; i < project->path_count; i++)
        TRY(add_path(packaging, i, err));
    TRY(walk_finish(&packaging->walk, err));
    for (size_t i = 0; i < packaging->walk.count; i++) {
        const struct walked *item = &packaging->walk.items[i];
        if (item->dangling)
            registry_warn(packaging->registry, "the link '%s' is packaged, but '%s' is not there",
                          item->file.path, item->file.target);
    }
    return MLOPS_OK;
}

/* The one path that `key` names; NULL where the key is not there. */
static const struct project_path *path_of(const struct packaging *packaging, const char *key)
{
    for (size_t i = 0; i < packaging->project.path_count; i++)
        if (str_equal(packaging->project.paths[i].key, key))
            return &packaging->project.paths[i];
    return NULL;
}

/* Where a path of the project file is when links are followed. */
static const char *real_path(const struct packaging *packaging, const struct project_path *path)
{
    return packaging->real[path - packaging->project.paths];
}

/* All regular files into the store at once; sizes and digests come back into the list. */
static int store_files(struct packaging *packaging, struct mlops_package *package,
                       struct mlops_error *err)
{
    struct walk *walk = &packaging->walk;
    struct store_file *files = xcalloc(walk->count, sizeof(*files));
    size_t count = 0;
    for (size_t i = 0; i < walk->count; i++)
        if (walk->items[i].file.kind == MANIFEST_FILE)
            files[count++].path = path_join(packaging->root, walk->items[i].file.path);
    int code = store_writer_add_files(packaging->writer, files, count, err);
    for (size_t i = 0, next = 0; i < walk->count; i++) {
        struct manifest_file *file = &walk->items[i].file;
        if (file->kind != MANIFEST_FILE)
            continue;
        file->size = files[next].size;
        file->digest = files[next].digest;
        package->bytes += files[next].size;
        package->files++;
        free((char *)(uintptr_t)files[next++].path);
    }
    free(files);
    return code;
}

/* The manifest speaks of files that were read more than once: they must have been the same each
 * time. */
static int check_unchanged(const struct packaging *packaging, struct mlops_error *err)
{
    const struct walked *item = walk_find(&packaging->walk, PROJECT_FILE);
    if (item && item->file.kind == MANIFEST_FILE &&
        !digest_equal(&item->file.digest, &packaging->project_digest))
        return mlops_fail(err, MLOPS_CONFLICT, "%s changed while it was packaged", PROJECT_FILE);
    return walk_check_unchanged(&packaging->walk, err);
}

static cJSON *files_to_json(const struct walk *walk)
{
    static const char *const types[] = {
        [MANIFEST_FILE] = "file", [MANIFEST_LINK] = "link", [MANIFEST_FOLDER] = "folder"};
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < walk->count; i++) {
        const struct manifest_file *file = &walk->items[i].file;
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

static void add_code(struct packaging *packaging, cJSON *manifest)
{
    _cleanup_(git_state_clear) struct git_state state;
    git_capture(packaging->registry, packaging->root, &state);
    cJSON *code = json_add_object(manifest, "code");
    if (!state.found) {
        cJSON_AddNullToObject(code, "git");
        return;
    }
    cJSON *git = json_add_object(code, "git");
    json_add_string(git, "commit", state.commit);
    json_add_string(git, "branch", state.branch);
    json_add_string(git, "remote", state.remote);
    json_add_bool(git, "dirty", state.dirty);
}

static int add_values(struct packaging *packaging, cJSON *manifest, const char *key,
                      enum values_kind kind, struct mlops_error *err)
{
    const struct project_path *path = path_of(packaging, key);
    cJSON *values = NULL;
    if (path && values_read(packaging->root, real_path(packaging, path), kind, &values, err))
        return mlops_wrap(err, "%s:%d: %s", PROJECT_FILE, path->line, key);
    cJSON_AddItemToObject(manifest, key, values ? values : cJSON_CreateObject());
    return MLOPS_OK;
}

static void add_environment(struct packaging *packaging, cJSON *manifest)
{
    const struct project_path *path = path_of(packaging, "environment");
    if (!path) {
        cJSON_AddNullToObject(manifest, "environment");
        return;
    }
    char hex[SHA256_HEX_SIZE];
    const struct walked *item = walk_find(&packaging->walk, real_path(packaging, path));
    cJSON *environment = json_add_object(manifest, "environment");
    digest_to_hex(&item->file.digest, hex);
    json_add_string(environment, "path", path->path);
    json_add_string(environment, "sha256", hex);
}

/* The data that the project file names, in its order; so are the paths of the key "data". */
static int add_data(struct packaging *packaging, cJSON *manifest, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    const struct project_path *path = path_of(packaging, "data");
    cJSON *all = json_add_object(manifest, "data");
    for (size_t i = 0; i < project->data_count; i++, path++) {
        cJSON *snapshot = NULL;
        _cleanup_(free_string) char *file = path_join(packaging->root, real_path(packaging, path));
        TRY(snapshot_describe(packaging->registry, packaging->writer, file, &project->data[i],
                              &snapshot, err));
        cJSON_AddItemToObject(all, project->data[i].name, snapshot);
    }
    return MLOPS_OK;
}

static int build_manifest(struct packaging *packaging, cJSON *manifest, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    json_add_string(manifest, "format", "mlops-bundle/1");
    json_add_string(manifest, "model", project->model);
    json_add_string(manifest, "description", project->description);
    cJSON_AddItemToObject(manifest, "project", project_to_json(project));
    cJSON_AddItemToObject(manifest, "files", files_to_json(&packaging->walk));
    add_code(packaging, manifest);
    TRY(add_values(packaging, manifest, "params", VALUES_ANY, err));
    TRY(add_values(packaging, manifest, "metrics", VALUES_NUMBERS, err));
    add_environment(packaging, manifest);
    return add_data(packaging, manifest, err);
}

/* What is published must be readable: the rules for reading hold for writing. */
static int check_readable(const struct buffer *text, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    if (text->length > MANIFEST_MAX)
        return mlops_fail(err, MLOPS_INVALID, "the manifest would be larger than %u MiB",
                          MANIFEST_MAX >> 20);
    if (manifest_parse(text->data, text->length, &manifest, err) == MLOPS_OK)
        return MLOPS_OK;
    mlops_wrap(err, "this folder cannot be packaged");
    return (int)(err->code = MLOPS_INVALID);
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

/* The id must not depend on the locale of the program that calls us: a decimal comma would change
 * what "0.5" in a parameter file means. */
struct c_locale {
    locale_t ours, before;
};

static void c_locale_enter(struct c_locale *locale)
{
    locale->ours = newlocale(LC_ALL_MASK, "C", NULL);
    locale->before = uselocale(locale->ours);
}

static void c_locale_leave(struct c_locale *locale)
{
    uselocale(locale->before);
    if (locale->ours)
        freelocale(locale->ours);
}

int mlops_package_directory(struct mlops_registry *registry,
                            const struct mlops_package_options *options,
                            struct mlops_package *package, struct mlops_error *err)
{
    int64_t from = clock_monotonic_ns();
    _cleanup_(c_locale_leave) struct c_locale locale;
    c_locale_enter(&locale);
    _cleanup_(packaging_clear) struct packaging packaging = {
        .registry = registry, .root = options->directory ? options->directory : "."};
    packaging.walk.root = packaging.root;
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
    TRY(check_unchanged(&packaging, err));
    TRY(json_write_canonical(manifest, &text, err));
    TRY(check_readable(&text, err));
    TRY(store_writer_add(packaging.writer, text.data, text.length, &digest, err));
    bundle_id_format(&digest, package->bundle);
    TRY(publish(&packaging, package, err));
    package->seconds = (double)(clock_monotonic_ns() - from) / 1e9;
    return MLOPS_OK;
}
