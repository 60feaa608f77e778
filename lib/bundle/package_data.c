/* lib/bundle/package_data.c - the data snapshots of a bundle, described once for each content. */
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/external.h"
#include "bundle/packaging.h"
#include "bundle/snapshot.h"
#include "registry/scratch.h"
#include <errno.h>
#include <inttypes.h>

/* Which members a description has; raised with them, so that none of before is taken for one. */
#define SNAPSHOT_FORM "3"

/* A snapshot's description follows from the file's content and what the project file says of it. */
static int snapshot_key(const struct digest *content, const struct project_data *data,
                        struct digest *key, struct mlops_error *err)
{
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    _cleanup_(json_free) cJSON *csv = csv_keys_to_json(&data->csv);
    _cleanup_(buffer_clear) struct buffer text = {0};
    sha256_update(hash, content->bytes, sizeof(content->bytes));
    package_key_text(hash, SNAPSHOT_FORM);
    package_key_text(hash, data->path);
    package_key_text(hash, data->role);
    package_key_text(hash, data->target);
    package_key_text(hash, data->time);
    package_key_text(hash, data->external ? "external" : NULL);
    package_key_text(hash, data->source);
    package_key_text(hash, data->url);
    if (csv) { /* others keep the key that they had before there were these */
        TRY(json_write_canonical(csv, &text, err));
        package_key_text(hash, text.data);
    }
    sha256_final(hash, key);
    return MLOPS_OK;
}

/* The description that was made before, where its profile is still in the store; else NULL. */
static int known_snapshot(struct packaging *packaging, const struct digest *key, cJSON **snapshot,
                          struct mlops_error *err)
{
    const char *text = packaging->options->afresh ? NULL : stat_cache_text(packaging->cache, key);
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

/* ---- a file, or a folder of files ------------------------------------------------------------ */

/* The files of a data set, as places in the walk, and the digest of them all. */
struct data_files {
    const struct walked **items;
    size_t count, capacity;
    struct digest digest;
    const char *place; /* of external data: where it is read */
    char *root;        /* the folder; NULL: it is one file */
};

static void data_files_clear(struct data_files *files)
{
    free(files->items);
    free(files->root);
}

/* What tools leave beside the data: "_SUCCESS", ".part-0.crc". */
static bool is_beside(const char *inside)
{
    for (const char *name = inside; name; name = strchr(name, '/')) {
        name += *name == '/';
        if (*name == '_' || *name == '.')
            return true;
    }
    return false;
}

/* Of a folder the digest is that of what 'sha256sum' prints of its files, sorted by path. */
static void digest_list(struct data_files *files, size_t prefix)
{
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    for (size_t i = 0; i < files->count; i++) {
        char hex[SHA256_HEX_SIZE];
        digest_to_hex(&files->items[i]->file.digest, hex);
        _cleanup_(free_string) char *line =
            xprintf("%s  %s\n", hex, files->items[i]->file.path + prefix);
        sha256_update(hash, line, strlen(line));
    }
    sha256_final(hash, &files->digest);
}

static int list_files(const struct packaging *packaging, const struct project_data *data,
                      const char *real, struct data_files *files, struct mlops_error *err)
{
    const struct walk *walk = &packaging->walk;
    const struct walked *item = walk_find(walk, real);
    bool whole = str_equal(real, ".");
    if (item && item->file.kind == MANIFEST_FILE) {
        GROW(files->items, files->count, &files->capacity);
        files->items[files->count++] = item;
        files->digest = item->file.digest;
        return MLOPS_OK;
    }
    size_t prefix = whole ? 0 : strlen(real) + 1;
    for (size_t i = 0; i < walk->count && !whole; i++) {
        const struct walked *inner = &walk->items[i];
        if (inner->file.kind == MANIFEST_FOLDER || !str_starts(inner->file.path, real) ||
            inner->file.path[prefix - 1] != '/' || is_beside(inner->file.path + prefix))
            continue;
        if (inner->file.kind == MANIFEST_LINK)
            return mlops_fail(err, MLOPS_INVALID,
                              "%s:%d: the snapshot '%s': '%s' is a link, and data in a folder must "
                              "be files",
                              PROJECT_FILE, data->line, data->name, inner->file.path);
        GROW(files->items, files->count, &files->capacity);
        files->items[files->count++] = inner;
    }
    if (files->count == 0)
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: the snapshot '%s': %s", PROJECT_FILE,
                          data->line, data->name,
                          whole ? "the project folder itself cannot be the data"
                                : "there are no files in the folder");
    files->root = path_join(packaging->root, real);
    digest_list(files, prefix);
    return MLOPS_OK;
}

static int read_files(struct packaging *packaging, const struct data_files *files,
                      const struct project_data *data, cJSON **snapshot, struct mlops_error *err)
{
    if (data->external) {
        const char *const one[] = {files->place};
        const struct snapshot_source source = {data, one, 1, NULL};
        return snapshot_describe(packaging->registry, packaging->writer, &source, snapshot, err);
    }
    char **paths = xcalloc(files->count + 1, sizeof(*paths));
    for (size_t i = 0; i < files->count; i++)
        paths[i] = path_join(packaging->root, files->items[i]->file.path);
    const struct snapshot_source source = {data, (const char *const *)paths, files->count,
                                           files->root};
    int code = snapshot_describe(packaging->registry, packaging->writer, &source, snapshot, err);
    strings_free(paths);
    return code;
}

static int describe_data(struct packaging *packaging, const struct project_data *data,
                         const struct data_files *files, cJSON **snapshot, struct mlops_error *err)
{
    struct digest key;
    _cleanup_(buffer_clear) struct buffer text = {0};
    TRY(snapshot_key(&files->digest, data, &key, err));
    TRY(known_snapshot(packaging, &key, snapshot, err));
    if (*snapshot)
        return MLOPS_OK;
    TRY(read_files(packaging, files, data, snapshot, err));
    TRY(json_write_canonical(*snapshot, &text, err));
    stat_cache_keep_text(packaging->cache, &key, text.data);
    return MLOPS_OK;
}

/* Where the project file says what the content is, it must be that. */
static int check_declared(const struct project_data *data, const struct digest *digest,
                          uint64_t size, struct mlops_error *err)
{
    char hex[SHA256_HEX_SIZE];
    digest_to_hex(digest, hex);
    if (!data->url || (str_equal(hex, data->sha256) && size == data->size))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INTEGRITY,
               "%s:%d: the snapshot '%s': '%s' has %" PRIu64 " bytes and sha256 %s, and is not "
               "what 'size' and 'digest' declare",
               PROJECT_FILE, data->line, data->name, data->path, size, hex);
    return mlops_hint(err, "move it away to have it fetched, or declare what it is");
}

/* Data that stays where it is: read as it stands there, links followed, and the same at the end. */
static int add_external_at(struct packaging *packaging, const struct project_data *data,
                           const char *path, cJSON **snapshot, struct mlops_error *err)
{
    _cleanup_(free_string) char *real = realpath(path, NULL);
    struct data_files files = {.place = path};
    struct digest after;
    struct stat status;
    if (!real || stat(real, &status) < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "%s:%d: the snapshot '%s': '%s'",
                                PROJECT_FILE, data->line, data->name, data->path);
    if (!S_ISREG(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID,
                          "%s:%d: the snapshot '%s': with 'copy: false', '%s' must be a file",
                          PROJECT_FILE, data->line, data->name, data->path);
    TRY(file_digest(real, &files.digest, err));
    TRY(check_declared(data, &files.digest, (uint64_t)status.st_size, err));
    TRY(describe_data(packaging, data, &files, snapshot, err));
    TRY(file_digest(real, &after, err));
    if (digest_equal(&after, &files.digest)) {
        char hex[SHA256_HEX_SIZE];
        digest_to_hex(&after, hex);
        json_add_string(*snapshot, "sha256", hex);
        return MLOPS_OK;
    }
    cJSON_Delete(TAKE_PTR(*snapshot));
    return mlops_fail(err, MLOPS_CONFLICT, "'%s' changed while it was packaged", data->path);
}

/* Content at an address: fetched to be read and described, and let go of. */
static int add_fetched(struct packaging *packaging, const struct project_data *data,
                       cJSON **snapshot, struct mlops_error *err)
{
    _cleanup_(free_string) char *folder = NULL;
    struct digest digest;
    struct mlops_error ignored = {0};
    (void)digest_from_hex(data->sha256, strlen(data->sha256), &digest);
    const struct external_source source = {.url = data->url, .digest = &digest, .size = data->size};
    TRY(scratch_make(packaging->registry, "fetch", &folder, err));
    _cleanup_(free_string) char *path = path_join(folder, path_base(data->path));
    int code = external_fetch(packaging->registry, &source, path, err);
    if (code)
        mlops_wrap(err, "%s:%d: the snapshot '%s'", PROJECT_FILE, data->line, data->name);
    else
        code = add_external_at(packaging, data, path, snapshot, err);
    (void)tree_remove(folder, &ignored); /* what stays is stale, and removed by a later command */
    return code;
}

static int add_external(struct packaging *packaging, const struct project_data *data,
                        cJSON **snapshot, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(packaging->root, data->path);
    if (!data->url || path_exists(path))
        return add_external_at(packaging, data, path, snapshot, err);
    if (packaging->options->verifies_external)
        return add_fetched(packaging, data, snapshot, err);
    registry_warn(
        packaging->registry,
        "the snapshot '%s' is taken as it is declared: '%s' is not here, and nobody looked "
        "at %s (--verify-external does)",
        data->name, data->path, data->url);
    return snapshot_declare(packaging->writer, data, snapshot, err);
}

static int add_packaged(struct packaging *packaging, const struct project_data *data,
                        const char *real, cJSON **snapshot, struct mlops_error *err)
{
    _cleanup_(data_files_clear) struct data_files files = {0};
    const struct walked *item = walk_find(&packaging->walk, real);
    char hex[SHA256_HEX_SIZE];
    TRY(list_files(packaging, data, real, &files, err));
    TRY(describe_data(packaging, data, &files, snapshot, err));
    digest_to_hex(&files.digest, hex);
    json_add_string(*snapshot, "sha256", hex);
    if (!item || item->file.kind == MANIFEST_FOLDER)
        json_add_u64(*snapshot, "files", files.count);
    return MLOPS_OK;
}

/* The data that the project file names, in its order; so are the paths of the key "data", which has
 * those that are packaged. */
int package_add_data(struct packaging *packaging, cJSON *manifest, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    const struct project_path *path = packaging_path(packaging, "data");
    cJSON *all = json_add_object(manifest, "data");
    for (size_t i = 0; i < project->data_count; i++) {
        const struct project_data *data = &project->data[i];
        cJSON *snapshot = NULL;
        if (data->external)
            TRY(add_external(packaging, data, &snapshot, err));
        else
            TRY(add_packaged(packaging, data, packaging_real(packaging, path++), &snapshot, err));
        cJSON_AddItemToObject(all, data->name, snapshot);
    }
    return MLOPS_OK;
}
