/* lib/bundle/package.c - a project folder made into a bundle. */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/pool.h"
#include "bundle/environment.h"
#include "bundle/git.h"
#include "bundle/lineage.h"
#include "bundle/package.h"
#include "bundle/reach.h"
#include "bundle/snapshot.h"
#include "bundle/stat_cache.h"
#include "bundle/values.h"
#include "bundle/walk.h"
#include "registry/bundle.h"
#include "registry/condemned.h"
#include "store/store.h"
#include <locale.h>
#include <mlops/bundle.h>

#define PROJECT_FILE_MAX (4U << 20)

struct packaging {
    struct mlops_registry *registry;
    const char *root;
    const struct mlops_package_options *options;
    const struct package_source *source; /* NULL: the folder has a project file */
    struct project project;
    struct digest project_digest; /* of the project file as it was read */
    char **real;                  /* for each of the project's paths: where it is without links */
    struct walk walk;
    int64_t found_ns; /* when the walk began */
    struct lock lock; /* of the environment */
    struct git_state git;
    struct lineage lineage;
    struct stat_cache *cache;
    struct digest key;        /* of all that the bundle depends on, as it looks */
    struct manifest previous; /* of the model's newest bundle; empty where there is none */
    struct store_writer *writer;
    uint64_t round; /* of gc, when the store was first looked at */
    bool registers;
};

static void packaging_clear(struct packaging *packaging)
{
    for (size_t i = 0; packaging->real && i < packaging->project.path_count; i++)
        free(packaging->real[i]);
    free(packaging->real);
    project_clear(&packaging->project);
    walk_clear(&packaging->walk);
    lock_clear(&packaging->lock);
    git_state_clear(&packaging->git);
    stat_cache_close(packaging->cache);
    manifest_clear(&packaging->previous);
    store_writer_abort(packaging->writer);
}

static int read_given(struct packaging *packaging, struct mlops_error *err)
{
    const char *text = packaging->source->project;
    sha256_of(text, strlen(text), &packaging->project_digest);
    return project_parse(text, strlen(text), PROJECT_FILE, &packaging->project, err);
}

static int read_project(struct packaging *packaging, struct mlops_error *err)
{
    if (packaging->source)
        return read_given(packaging, err);
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

/* A lock is expected: whoever cannot say today what is installed cannot say it in a year. */
static void warn_of_unpinned(const struct packaging *packaging, const struct project_path *path)
{
    const struct lock *lock = &packaging->lock;
    _cleanup_(buffer_clear) struct buffer list = {0};
    size_t count = 0;
    if (lock->format == LOCK_UNKNOWN) {
        registry_warn(packaging->registry,
                      "environment: '%s' is no lock file that mlops knows, so nothing of what it "
                      "names can be checked",
                      path->path);
        return;
    }
    for (size_t i = 0; i < lock->count; i++) {
        if (lock->items[i].optional || lock->items[i].pin != PIN_NONE)
            continue;
        if (++count <= 5)
            buffer_printf(&list, "%s%s", list.length ? ", " : "", lock->items[i].text);
    }
    if (count > 0)
        registry_warn(packaging->registry,
                      "environment: '%s' does not pin %zu of its packages (%s%s): lock them to "
                      "exact versions, as with 'pip-compile --generate-hashes' or 'uv lock'",
                      path->path, count, list.data, count > 5 ? ", ..." : "");
}

static int read_environment(struct packaging *packaging, struct mlops_error *err)
{
    const struct project_path *path = path_of(packaging, "environment");
    if (!path)
        return MLOPS_OK;
    if (environment_collect(&packaging->walk, path->path, real_path(packaging, path),
                            &packaging->lock, err))
        return mlops_wrap(err, "%s:%d: environment", PROJECT_FILE, path->line);
    warn_of_unpinned(packaging, path);
    return MLOPS_OK;
}

static int collect_files(struct packaging *packaging, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    packaging->found_ns = clock_now_ns();
    packaging->real = xcalloc(project->path_count, sizeof(*packaging->real));
    if (!packaging->source)
        TRY(walk_add(&packaging->walk, PROJECT_FILE, NULL, NULL, err));
    for (size_t i = 0; i < project->path_count; i++)
        TRY(add_path(packaging, i, err));
    TRY(read_environment(packaging, err));
    TRY(walk_finish(&packaging->walk, err));
    if (packaging->source)
        walk_add_made(&packaging->walk, PROJECT_FILE, strlen(packaging->source->project),
                      &packaging->project_digest);
    for (size_t i = 0; i < packaging->walk.count; i++) {
        const struct walked *item = &packaging->walk.items[i];
        if (item->dangling)
            registry_warn(packaging->registry, "the link '%s' is packaged, but '%s' is not there",
                          item->file.path, item->file.target);
    }
    return MLOPS_OK;
}

/* ---- what is known from before ------------------------------------------------------------- */

static void add_text(struct sha256 *hash, const char *text)
{
    sha256_update(hash, text ? text : "", text ? strlen(text) + 1 : 0);
    sha256_update(hash, text ? "1" : "0", 1);
}

static void add_list(struct sha256 *hash, const char *const *texts)
{
    for (; texts && *texts; texts++)
        add_text(hash, *texts);
    add_text(hash, NULL);
}

/* Everything that a bundle is made from, as it looks: two walks with the same key, whose files are
 * settled (stat_cache.h), give the same bundle. */
static void make_key(struct packaging *packaging)
{
    const struct git_state *git = &packaging->git;
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    sha256_update(hash, packaging->project_digest.bytes, sizeof(packaging->project_digest.bytes));
    add_text(hash, git->found ? "git" : NULL);
    add_text(hash, git->commit);
    add_text(hash, git->branch);
    add_text(hash, git->remote);
    add_text(hash, git->dirty ? "dirty" : NULL);
    add_list(hash, packaging->options->params);
    add_list(hash, packaging->options->metrics);
    for (size_t i = 0; i < packaging->lineage.parent_count; i++)
        add_text(hash, packaging->lineage.parents[i].bundle);
    add_text(hash, packaging->lineage.run);
    for (size_t i = 0; i < packaging->walk.count; i++) {
        const struct walked *item = &packaging->walk.items[i];
        const struct stat *status = &item->status;
        const uint64_t look[] = {(uint64_t)item->file.kind,
                                 item->file.mode,
                                 status->st_dev,
                                 status->st_ino,
                                 (uint64_t)status->st_size,
                                 (uint64_t)status->st_mtim.tv_sec,
                                 (uint64_t)status->st_mtim.tv_nsec,
                                 (uint64_t)status->st_ctim.tv_sec,
                                 (uint64_t)status->st_ctim.tv_nsec};
        add_text(hash, item->file.path);
        add_text(hash, item->file.target);
        /* the times of folders tell of names that come and go, packaged or not */
        sha256_update(hash, look,
                      item->file.kind == MANIFEST_FILE ? sizeof(look) : 2 * sizeof(*look));
    }
    sha256_final(hash, &packaging->key);
}

/* Was the folder, as it looks now, packaged last, and is that bundle still there? Then no content
 * is read. */
static int find_unchanged(struct packaging *packaging, struct mlops_package *package, bool *found,
                          struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    const struct stat_cache_bundle *last = stat_cache_bundle(packaging->cache);
    *found = false;
    if (!last || !digest_equal(&last->key, &packaging->key))
        return MLOPS_OK;
    bundle_id_format(&last->bundle, package->bundle);
    if (packaging->registers)
        TRY(version_announce(packaging->registry, package->bundle, package->model, err));
    TRY(transaction_begin(packaging->registry, &tx, err));
    TRY(bundle_is_known(tx, package->bundle, found, err));
    if (!*found)
        return MLOPS_OK;
    package->files = last->files;
    package->bytes = last->bytes;
    TRY(bundle_record(tx, package->bundle, package->model, package->files, package->bytes, err));
    if (packaging->registers)
        TRY(version_register(tx, package->bundle, &package->version, &package->created, err));
    return transaction_commit(TAKE_PTR(tx), err);
}

/* Remember it all for the next time. That it cannot be is no failure of this one. */
static void keep(struct packaging *packaging, const struct mlops_package *package)
{
    struct mlops_error err = {0};
    struct stat_cache_bundle bundle = {
        .key = packaging->key, .files = package->files, .bytes = package->bytes};
    bool settled = bundle_id_parse(package->bundle, &bundle.bundle) &&
                   stat_cache_settled(&packaging->walk, packaging->found_ns);
    if (stat_cache_save(packaging->cache, &packaging->walk, packaging->found_ns,
                        settled ? &bundle : NULL, &err))
        registry_warn(packaging->registry,
                      "what the files look like is not remembered, so that the next time they are "
                      "read again: %s",
                      err.message);
}

/* The manifest of the model's newest bundle, whose files the new ones may resemble. One that cannot
 * be read is fsck's matter. */
static int load_previous(struct packaging *packaging, struct mlops_error *err)
{
    char id[MLOPS_BUNDLE_ID_SIZE];
    struct mlops_version version;
    struct mlops_error damage = {0};
    TRY(registry_newest_bundle(packaging->registry, packaging->project.model, id, err));
    if (!id[0])
        return MLOPS_OK;
    int code =
        manifest_load(packaging->registry, id, &version, &packaging->previous, NULL, &damage);
    if (code == MLOPS_OK)
        return MLOPS_OK;
    manifest_clear(&packaging->previous);
    packaging->previous = (struct manifest){0};
    if (code == MLOPS_IO)
        *err = damage;
    return code == MLOPS_IO ? code : MLOPS_OK;
}

static int compare_file(const void *path, const void *file)
{
    return strcmp(path, ((const struct manifest_file *)file)->path);
}

/* What the file at `path` was in the model's newest bundle; NULL where it was not. */
static const struct digest *previous_content(const struct packaging *packaging, const char *path)
{
    const struct manifest *previous = &packaging->previous;
    const struct manifest_file *file = previous->file_count == 0
                                           ? NULL
                                           : bsearch(path, previous->files, previous->file_count,
                                                     sizeof(*previous->files), compare_file);
    return file && file->kind == MANIFEST_FILE ? &file->digest : NULL;
}

/* ---- files --------------------------------------------------------------------------------- */

/* Take digests of files that look as they did and are in the store; the others are left without a
 * size. */
static int use_known(struct packaging *packaging, bool *known, struct mlops_error *err)
{
    for (size_t i = 0; i < packaging->walk.count; i++) {
        struct walked *item = &packaging->walk.items[i];
        if (item->made) {
            const char *text = packaging->source->project;
            TRY(store_writer_add(packaging->writer, text, strlen(text), &item->file.digest, err));
            known[i] = true;
            continue;
        }
        const struct digest *digest =
            item->file.kind == MANIFEST_FILE
                ? stat_cache_find(packaging->cache, item->file.path, &item->status)
                : NULL;
        if (!digest)
            continue;
        TRY(store_writer_has(packaging->writer, digest, &known[i], err));
        item->file.digest = *digest;
        item->file.size = (uint64_t)item->status.st_size;
    }
    return MLOPS_OK;
}

/* The other regular files into the store at once; sizes and digests come back into the list. */
static int add_files(struct packaging *packaging, const bool *known, struct mlops_error *err)
{
    struct walk *walk = &packaging->walk;
    struct store_file *files = xcalloc(walk->count, sizeof(*files));
    size_t *places = xcalloc(walk->count, sizeof(*places)), count = 0;
    for (size_t i = 0; i < walk->count; i++)
        if (walk->items[i].file.kind == MANIFEST_FILE && !known[i])
            places[count++] = i;
    int code = count > 0 ? load_previous(packaging, err) : MLOPS_OK;
    for (size_t i = 0; i < count; i++) {
        const struct walked *item = &walk->items[places[i]];
        files[i].path = path_join(packaging->root, item->file.path);
        files[i].base = previous_content(packaging, item->file.path);
        files[i].size = (uint64_t)item->status.st_size;
    }
    if (code == MLOPS_OK)
        code = store_writer_add_files(packaging->writer, files, count, err);
    for (size_t i = 0; i < count; i++) {
        walk->items[places[i]].file.size = files[i].size;
        walk->items[places[i]].file.digest = files[i].digest;
        free((char *)(uintptr_t)files[i].path);
    }
    free(files);
    free(places);
    return code;
}

static int store_files(struct packaging *packaging, struct mlops_package *package,
                       struct mlops_error *err)
{
    const struct walk *walk = &packaging->walk;
    bool *known = xcalloc(walk->count, sizeof(*known));
    int code = use_known(packaging, known, err);
    if (code == MLOPS_OK)
        code = add_files(packaging, known, err);
    free(known);
    for (size_t i = 0; i < walk->count; i++) {
        if (walk->items[i].file.kind != MANIFEST_FILE)
            continue;
        package->bytes += walk->items[i].file.size;
        package->files++;
    }
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

/* A member of an object; the first has no comma before it. */
static void write_member(const char *key, const char *value, struct buffer *out)
{
    buffer_puts(out, out->data[out->length - 1] == '{' ? "\"" : ",\"");
    buffer_puts(out, key);
    buffer_puts(out, "\":");
    json_write_string(value, out);
}

/* In canonical form at once, keys in order: a tree of tens of thousands of files takes longer to
 * build than its text, which is read back and checked in any case. */
static void write_file(const struct manifest_file *file, struct buffer *out)
{
    static const char *const types[] = {
        [MANIFEST_FILE] = "file", [MANIFEST_LINK] = "link", [MANIFEST_FOLDER] = "folder"};
    const char mode[] = {'0', (char)('0' + (file->mode >> 6 & 7)),
                         (char)('0' + (file->mode >> 3 & 7)), (char)('0' + (file->mode & 7)), 0};
    buffer_putc(out, '{');
    if (file->kind != MANIFEST_LINK)
        write_member("mode", mode, out);
    write_member("path", file->path, out);
    if (file->kind == MANIFEST_FILE) {
        char hex[SHA256_HEX_SIZE];
        digest_to_hex(&file->digest, hex);
        write_member("sha256", hex, out);
        buffer_puts(out, ",\"size\":");
        json_write_number((double)file->size, out);
    }
    if (file->kind == MANIFEST_LINK)
        write_member("target", file->target, out);
    write_member("type", types[file->kind], out);
    buffer_putc(out, '}');
}

static void add_files_list(const struct walk *walk, cJSON *manifest)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    buffer_putc(&text, '[');
    for (size_t i = 0; i < walk->count; i++) {
        if (i > 0)
            buffer_putc(&text, ',');
        write_file(&walk->items[i].file, &text);
    }
    buffer_putc(&text, ']');
    (void)xcheck(cJSON_AddRawToObject(manifest, "files", text.data));
}

static void add_code(struct packaging *packaging, cJSON *manifest)
{
    const struct git_state *state = &packaging->git;
    cJSON *code = json_add_object(manifest, "code");
    if (!state->found) {
        cJSON_AddNullToObject(code, "git");
        return;
    }
    cJSON *git = json_add_object(code, "git");
    json_add_string(git, "commit", state->commit);
    json_add_string(git, "branch", state->branch);
    json_add_string(git, "remote", state->remote);
    json_add_bool(git, "dirty", state->dirty);
}

static int add_values(struct packaging *packaging, cJSON *manifest, const char *key,
                      enum values_kind kind, struct mlops_error *err)
{
    const struct project_path *path = path_of(packaging, key);
    bool numbers = kind == VALUES_NUMBERS;
    const struct package_source *source = packaging->source;
    const cJSON *given = !source ? NULL : numbers ? source->metrics : source->params;
    cJSON *values = given ? xcheck(cJSON_Duplicate(given, true)) : NULL;
    if (path && values_read(packaging->root, real_path(packaging, path), kind, &values, err))
        return mlops_wrap(err, "%s:%d: %s", PROJECT_FILE, path->line, key);
    if (!values)
        values = xcheck(cJSON_CreateObject());
    cJSON_AddItemToObject(manifest, key, values);
    if (values_override(values, numbers ? packaging->options->metrics : packaging->options->params,
                        kind, err))
        return mlops_wrap(err, numbers ? "--metric" : "--param");
    return MLOPS_OK;
}

static void add_path_and_digest(const struct packaging *packaging, const struct project_path *path,
                                cJSON *object)
{
    char hex[SHA256_HEX_SIZE];
    const struct walked *item = walk_find(&packaging->walk, real_path(packaging, path));
    digest_to_hex(&item->file.digest, hex);
    json_add_string(object, "path", path->path);
    json_add_string(object, "sha256", hex);
}

static void add_environment(struct packaging *packaging, cJSON *manifest)
{
    const struct project_path *path = path_of(packaging, "environment");
    if (!path) {
        cJSON_AddNullToObject(manifest, "environment");
        return;
    }
    cJSON *environment = json_add_object(manifest, "environment");
    add_path_and_digest(packaging, path, environment);
    environment_describe(&packaging->lock, environment);
    const struct project_path *captured = path_of(packaging, "captured");
    if (captured)
        add_path_and_digest(packaging, captured, json_add_object(environment, "captured"));
}

/* A snapshot's description follows from the file's content and what the project file says of it. */
static void snapshot_key(const struct digest *content, const struct project_data *data,
                         struct digest *key)
{
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    sha256_update(hash, content->bytes, sizeof(content->bytes));
    add_text(hash, data->path);
    add_text(hash, data->role);
    add_text(hash, data->target);
    add_text(hash, data->time);
    sha256_final(hash, key);
}

/* The description that was made before, where its profile is still in the store; else NULL. */
static int known_snapshot(struct packaging *packaging, const struct digest *key, cJSON **snapshot,
                          struct mlops_error *err)
{
    const char *text = stat_cache_text(packaging->cache, key);
    struct digest profile;
    bool whole = false;
    _cleanup_(json_free) cJSON *json = text ? cJSON_Parse(text) : NULL;
    const char *hex = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "profile"));
    *snapshot = NULL;
    if (!hex || !digest_from_hex(hex, strlen(hex), &profile))
        return MLOPS_OK;
    TRY(store_writer_has(packaging->writer, &profile, &whole, err));
    if (whole)
        *snapshot = TAKE_PTR(json);
    return MLOPS_OK;
}

static int describe_data(struct packaging *packaging, const struct project_data *data,
                         const struct project_path *path, cJSON **snapshot, struct mlops_error *err)
{
    const char *real = real_path(packaging, path);
    const struct walked *item = walk_find(&packaging->walk, real);
    struct digest key;
    snapshot_key(&item->file.digest, data, &key);
    TRY(known_snapshot(packaging, &key, snapshot, err));
    if (*snapshot)
        return MLOPS_OK;
    _cleanup_(free_string) char *file = path_join(packaging->root, real);
    _cleanup_(buffer_clear) struct buffer text = {0};
    TRY(snapshot_describe(packaging->registry, packaging->writer, file, data, snapshot, err));
    TRY(json_write_canonical(*snapshot, &text, err));
    stat_cache_keep_text(packaging->cache, &key, text.data);
    return MLOPS_OK;
}

/* The data that the project file names, in its order; so are the paths of the key "data". */
static int add_data(struct packaging *packaging, cJSON *manifest, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    const struct project_path *path = path_of(packaging, "data");
    cJSON *all = json_add_object(manifest, "data");
    for (size_t i = 0; i < project->data_count; i++, path++) {
        const struct walked *item = walk_find(&packaging->walk, real_path(packaging, path));
        char hex[SHA256_HEX_SIZE];
        cJSON *snapshot = NULL;
        TRY(describe_data(packaging, &project->data[i], path, &snapshot, err));
        digest_to_hex(&item->file.digest, hex);
        json_add_string(snapshot, "sha256", hex);
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
    add_files_list(&packaging->walk, manifest);
    add_code(packaging, manifest);
    TRY(add_values(packaging, manifest, "params", VALUES_ANY, err));
    TRY(add_values(packaging, manifest, "metrics", VALUES_NUMBERS, err));
    add_environment(packaging, manifest);
    lineage_write(&packaging->lineage, manifest);
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

/* Two things to do when the manifest is written; each looks at every file, so both cores do. */
struct finishing {
    const struct packaging *packaging;
    const struct buffer *text;
    struct digest *digest;
};

static int finish_part(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    const struct finishing *finishing = context;
    const struct buffer *text = finishing->text;
    (void)worker;
    if (index > 0)
        return check_readable(text, err);
    TRY(check_unchanged(finishing->packaging, err));
    return store_writer_add(finishing->packaging->writer, text->data, text->length,
                            finishing->digest, err);
}

/* Objects first, durably; only then the row that makes them reachable. */
static int publish(struct packaging *packaging, struct mlops_package *package, bool *gone,
                   struct mlops_error *err)
{
    struct store_added added;
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    TRY(store_writer_publish(TAKE_PTR(packaging->writer), &added, err));
    package->new_bytes = added.new_bytes;
    if (packaging->registers)
        TRY(version_announce(packaging->registry, package->bundle, package->model, err));
    TRY(transaction_begin(packaging->registry, &tx, err));
    TRY(bundle_record(tx, package->bundle, package->model, package->files, package->bytes, err));
    TRY(reach_save(tx, packaging->registry, package->bundle, packaging->round, gone, err));
    if (*gone)
        return MLOPS_OK;
    if (packaging->registers)
        TRY(version_register(tx, package->bundle, &package->version, &package->created, err));
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

static int package_once(struct mlops_registry *registry,
                        const struct mlops_package_options *options,
                        const struct package_source *source, struct mlops_package *package,
                        bool *gone, struct mlops_error *err)
{
    _cleanup_(packaging_clear) struct packaging packaging = {
        .registry = registry,
        .root = options->directory ? options->directory : ".",
        .options = options,
        .source = source,
        .registers = options->registers,
    };
    packaging.walk.root = packaging.root;
    _cleanup_(json_free) cJSON *manifest = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct store *store;
    struct digest digest;
    bool unchanged;
    *package = (struct mlops_package){0};
    *gone = false;
    TRY(read_project(&packaging, err));
    TRY(lineage_resolve(registry, options->parents, options->run, &packaging.lineage, err));
    str_copy(package->model, sizeof(package->model), packaging.project.model);
    TRY(collect_files(&packaging, err));
    git_capture(registry, packaging.root, &packaging.git);
    packaging.cache = stat_cache_open(registry, source ? "import" : "package", packaging.root);
    make_key(&packaging);
    TRY(find_unchanged(&packaging, package, &unchanged, err));
    if (unchanged)
        return MLOPS_OK;
    TRY(registry_store(registry, &store, err));
    TRY(condemned_round(registry, &packaging.round, err));
    TRY(store_writer_begin(store, &packaging.writer, err));
    TRY(store_files(&packaging, package, err));
    TRY(build_manifest(&packaging, manifest, err));
    TRY(json_write_canonical(manifest, &text, err));
    TRY(pool_run(2, finish_part, &(struct finishing){&packaging, &text, &digest}, err));
    bundle_id_format(&digest, package->bundle);
    TRY(publish(&packaging, package, gone, err));
    if (!*gone)
        keep(&packaging, package);
    return MLOPS_OK;
}

int package_folder(struct mlops_registry *registry, const struct mlops_package_options *options,
                   const struct package_source *source, struct mlops_package *package,
                   struct mlops_error *err)
{
    int64_t from = clock_monotonic_ns();
    _cleanup_(c_locale_leave) struct c_locale locale;
    c_locale_enter(&locale);
    bool gone = true;
    for (int i = 0; gone && i < REACH_ATTEMPTS; i++)
        TRY(package_once(registry, options, source, package, &gone, err));
    if (gone)
        return reach_fail(err);
    if (package->created)
        version_announced(registry, &package->version);
    package->seconds = (double)(clock_monotonic_ns() - from) / 1e9;
    return MLOPS_OK;
}

int mlops_package_directory(struct mlops_registry *registry,
                            const struct mlops_package_options *options,
                            struct mlops_package *package, struct mlops_error *err)
{
    return package_folder(registry, options, NULL, package, err);
}
