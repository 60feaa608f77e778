/* lib/bundle/manifest.c - manifests read back: hostile until checked. */
#include "bundle/manifest.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/json_member.h"
#include "base/path.h"
#include "bundle/lineage.h"
#include "bundle/manifest_entry.h"
#include "bundle/resolve.h"
#include "bundle/walk.h"
#include "registry/bundle.h"
#include "registry/registry.h"
#include "store/store.h"
#include <mlops/bundle.h>
#include <mlops/text.h>

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return str_equal(folder, ".") ||
           (strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/'));
}

uint64_t manifest_artifact_bytes(const struct manifest *manifest)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < manifest->file_count; i++) {
        const struct manifest_file *file = &manifest->files[i];
        bool artifact = false;
        for (char **path = manifest->project.artifacts; path && *path && !artifact; path++)
            artifact = is_below(file->path, *path);
        sum += artifact && file->kind == MANIFEST_FILE ? file->size : 0;
    }
    return sum;
}

const struct manifest_file *manifest_find(const struct manifest *manifest, const char *path)
{
    size_t low = 0, high = manifest->file_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(manifest->files[middle].path, path);
        if (order == 0)
            return &manifest->files[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Sorted, each once, and every folder above a path listed as a folder: so nothing can be written
 * through a link. */
static int check_files(const struct manifest *manifest, struct mlops_error *err)
{
    const char *known = ""; /* a path whose folder was found */
    size_t known_length = 0;
    for (size_t i = 0; i < manifest->file_count; i++) {
        const char *path = manifest->files[i].path;
        if (i > 0 && strcmp(manifest->files[i - 1].path, path) >= 0)
            return manifest_refuse(err, "files out of order at", path);
        const char *slash = strrchr(path, '/');
        size_t folder_length = slash ? (size_t)(slash - path) : 0;
        if (!slash || (folder_length == known_length && memcmp(path, known, folder_length) == 0))
            continue;
        known = path;
        known_length = folder_length;
        _cleanup_(free_string) char *parent = xstrndup(path, folder_length);
        const struct manifest_file *folder = manifest_find(manifest, parent);
        if (!folder || folder->kind != MANIFEST_FOLDER)
            return manifest_refuse(err, "no folder above", path);
    }
    return MLOPS_OK;
}

/* resolve_look on the list of files. */
static int look(void *context, const char *path, bool *there, enum manifest_kind *kind,
                const char **target, struct mlops_error *err)
{
    (void)err; /* nothing can fail here */
    const struct manifest_file *file = manifest_find(context, path);
    *there = file != NULL;
    if (file) {
        *kind = file->kind;
        *target = file->target;
    }
    return MLOPS_OK;
}

/* Judged on where they really lead: a link's text can look harmless and climb out through another
 * link. */
static int check_links(struct manifest *manifest, struct mlops_error *err)
{
    for (size_t i = 0; i < manifest->file_count; i++) {
        if (manifest->files[i].kind != MANIFEST_LINK)
            continue;
        _cleanup_(resolution_clear) struct resolution resolution = {0};
        TRY(resolve_path(manifest->files[i].path, look, manifest, &resolution, err));
        if (resolution_check(&resolution, manifest->files[i].path, MLOPS_INTEGRITY, err))
            return mlops_wrap(err, "the manifest is wrong");
    }
    return MLOPS_OK;
}

static int check_size(const struct manifest *manifest, struct mlops_error *err)
{
    uint64_t total = 0;
    for (size_t i = 0; i < manifest->file_count; i++)
        if (__builtin_add_overflow(total, manifest->files[i].size, &total))
            return manifest_refuse(err, "sizes that no disk has", NULL);
    return MLOPS_OK;
}

static int read_data(const cJSON *json, struct manifest_data *data, struct mlops_error *err)
{
    const char *hex = json_string(json, "profile", "");
    const char *path = json_string(json, "path", "");
    _cleanup_(free_string) char *normal = NULL;
    data->name = xstrdup(json->string);
    /* what was declared and never read has no rows, and an empty profile */
    data->rows = json_u64(json, "rows", json_bool(json, "declared", false) ? 0 : UINT64_MAX);
    if (name_check("snapshot", data->name, err) || path_normalize(path, &normal, err) ||
        !str_equal(path, normal) || data->rows == UINT64_MAX ||
        !digest_from_hex(hex, strlen(hex), &data->profile))
        return manifest_refuse(err, "no path, rows or profile of the snapshot", data->name);
    data->path = TAKE_PTR(normal);
    data->target = json_copy_text(json, "target");
    data->time = json_copy_text(json, "time");
    data->role = json_copy_text(json, "role");
    if (!csv_keys_load(cJSON_GetObjectItemCaseSensitive(json, "csv"), &data->csv))
        return manifest_refuse(err, "no way to read the snapshot", data->name);
    return name_is_plain(json_string(json, "source", "")) &&
                   name_is_plain(json_string(json, "url", ""))
               ? MLOPS_OK
               : manifest_refuse(err, "an unsafe source of the snapshot", data->name);
}

static int read_patch(struct manifest *manifest, struct mlops_error *err)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(manifest->json, "code");
    const cJSON *git = cJSON_GetObjectItemCaseSensitive(code, "git");
    const cJSON *diff = cJSON_GetObjectItemCaseSensitive(git, "diff");
    const char *hex = json_string(git, "diff", "");
    manifest->has_patch = diff != NULL;
    if (diff && !digest_from_hex(hex, strlen(hex), &manifest->patch))
        return manifest_refuse(err, "the digest of its code's changes is none", NULL);
    return MLOPS_OK;
}

static int read_manifest(struct manifest *manifest, struct mlops_error *err)
{
    const cJSON *json = manifest->json, *item;
    if (json_find_long(json, MANIFEST_TEXT_MAX))
        return manifest_refuse(err, "a text in it is longer than 1 MiB", NULL);
    if (!str_equal(json_string(json, "format", ""), MANIFEST_FORMAT))
        return manifest_refuse(err, "its format is not " MANIFEST_FORMAT, NULL);
    TRY(project_from_json(cJSON_GetObjectItemCaseSensitive(json, "project"), &manifest->project,
                          err));
    if (!str_equal(json_string(json, "model", ""), manifest->project.model))
        return manifest_refuse(err, "it and its project name different models", NULL);
    if (!lineage_is_sound(json))
        return manifest_refuse(err, "its lineage is none", NULL);
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(json, "files");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(json, "data");
    if (!cJSON_IsArray(files) || !cJSON_IsObject(data))
        return manifest_refuse(err, "it has no files or no data", NULL);
    if (!manifest->files)
        manifest->files = xcalloc((size_t)cJSON_GetArraySize(files), sizeof(*manifest->files));
    cJSON_ArrayForEach(item, files)
    {
        size_t i = manifest->file_count++;
        TRY(manifest_entry_read(item, &manifest->files[i], err));
    }
    TRY(check_files(manifest, err));
    TRY(check_links(manifest, err));
    TRY(check_size(manifest, err));
    TRY(read_patch(manifest, err));
    manifest->data = xcalloc((size_t)cJSON_GetArraySize(data), sizeof(*manifest->data));
    cJSON_ArrayForEach(item, data)
    {
        size_t i = manifest->data_count++;
        TRY(read_data(item, &manifest->data[i], err));
    }
    return MLOPS_OK;
}

/* One content, one id: the same in other words is refused. */
static int check_canonical(const struct manifest *manifest, const char *text, size_t length,
                           struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer canonical = {0};
    if (json_write_canonical(manifest->json, &canonical, err) || canonical.length != length ||
        memcmp(canonical.data, text, length) != 0)
        return manifest_refuse(err, "it is not in canonical form (RFC 8785)", NULL);
    return MLOPS_OK;
}

/* The document without its list of files, which `manifest` gets from its text where all entries are
 * as usual; a tree of a hundred thousand of them takes ten times as long. `*read` false: the list
 * is not of this kind, or the rest is no JSON; nothing was kept. */
static void read_usual(const char *text, size_t length, struct manifest *manifest,
                       struct buffer *rest, bool *read)
{
    static const char *const key = "files";
    struct json_span list;
    struct mlops_error ignored;
    *read = json_find_members(text, length, &key, 1, &list) && list.text &&
            manifest_entries_scan(list.text, list.length, &manifest->files, &manifest->file_count);
    if (!*read)
        return;
    buffer_append(rest, text, (size_t)(list.text - text));
    buffer_puts(rest, "[]");
    buffer_append(rest, list.text + list.length, length - (size_t)(list.text - text) - list.length);
    *read =
        json_parse(rest->data, rest->length, "the manifest", &manifest->json, &ignored) == MLOPS_OK;
    if (!*read)
        manifest_clear(manifest);
}

int manifest_parse(const char *text, size_t length, struct manifest *manifest,
                   struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer rest = {0};
    bool usual;
    *manifest = (struct manifest){0};
    read_usual(text, length, manifest, &rest, &usual);
    if (!usual && json_parse(text, length, "the manifest", &manifest->json, err))
        return (int)(err->code = MLOPS_INTEGRITY);
    int code =
        check_canonical(manifest, usual ? rest.data : text, usual ? rest.length : length, err);
    if (code == MLOPS_OK)
        code = read_manifest(manifest, err);
    if (code)
        manifest_clear(manifest);
    return code;
}

void manifest_clear(struct manifest *manifest)
{
    project_clear(&manifest->project);
    for (size_t i = 0; i < manifest->file_count; i++)
        manifest_file_clear(&manifest->files[i]);
    free(manifest->files);
    for (size_t i = 0; i < manifest->data_count; i++) {
        free(manifest->data[i].name);
        free(manifest->data[i].path);
        free(manifest->data[i].target);
        free(manifest->data[i].time);
        free(manifest->data[i].role);
        csv_keys_clear(&manifest->data[i].csv);
    }
    free(manifest->data);
    cJSON_Delete(manifest->json);
    *manifest = (struct manifest){0};
}

int manifest_part(const struct manifest *whole, const char *folder, const char *leave_out,
                  struct manifest *part, struct mlops_error *err)
{
    size_t prefix = str_equal(folder, ".") ? 0 : strlen(folder) + 1;
    *part = (struct manifest){.released_ns = whole->released_ns};
    part->files = xcalloc(whole->file_count, sizeof(*part->files));
    for (size_t i = 0; i < whole->file_count; i++) {
        const struct manifest_file *from = &whole->files[i];
        bool inside =
            prefix == 0 || (strlen(from->path) > prefix && from->path[prefix - 1] == '/' &&
                            memcmp(from->path, folder, prefix - 1) == 0);
        if (!inside || (leave_out && str_equal(from->path, leave_out)))
            continue;
        struct manifest_file *to = &part->files[part->file_count++];
        *to = *from;
        to->path = xstrdup(from->path + prefix);
        to->target = from->target ? xstrdup(from->target) : NULL;
    }
    int code = check_links(part, err);
    if (code) {
        manifest_clear(part);
        return mlops_wrap(err, "'%s' cannot be taken out of the bundle alone", folder);
    }
    return MLOPS_OK;
}

/* The bytes of the manifest `bundle`; the store has checked them against the digest. */
static int read_text(struct mlops_registry *registry, const char *bundle, struct buffer *text,
                     struct mlops_error *err)
{
    struct store *store;
    struct digest digest;
    if (!bundle_id_parse(bundle, &digest))
        return mlops_fail(err, MLOPS_INTEGRITY, "'%s' is not the id of a bundle", bundle);
    TRY(registry_store(registry, &store, err));
    int code = store_read(store, &digest, MANIFEST_MAX, text, err);
    if (code == MLOPS_NOT_FOUND) {
        mlops_fail(err, MLOPS_INTEGRITY, "the manifest of %.23s… is not in the store", bundle);
        return mlops_hint(err, "put the pack files back from a backup or another copy of the "
                               "registry");
    }
    return code;
}

int manifest_load(struct mlops_registry *registry, const char *ref, struct mlops_version *version,
                  struct manifest *manifest, struct buffer *text, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer own = {0};
    struct buffer *bytes = text ? text : &own;
    *manifest = (struct manifest){0};
    TRY(mlops_version_resolve(registry, ref, version, err));
    TRY(read_text(registry, version->bundle, bytes, err));
    if (manifest_parse(bytes->data, bytes->length, manifest, err))
        return mlops_wrap(err, "%.23s…", version->bundle);
    if (str_equal(manifest->project.model, version->model))
        return bundle_released_ns(registry, version->bundle, &manifest->released_ns, err);
    mlops_fail(err, MLOPS_INTEGRITY, "%.23s… is a bundle of '%s', and the registry has it as '%s'",
               version->bundle, manifest->project.model, version->model);
    manifest_clear(manifest);
    return MLOPS_INTEGRITY;
}

int manifest_check_files(const struct manifest *manifest, struct mlops_error *err)
{
    char time[32];
    if (manifest->released_ns == 0)
        return MLOPS_OK;
    mlops_time_format(manifest->released_ns, time);
    mlops_fail(err, MLOPS_NOT_FOUND,
               "the files of this version of %s were released on %s, as it is retired",
               manifest->project.model, time);
    return mlops_hint(err, "its manifest and evidence are here: 'mlops show' has them; the files "
                           "come back where the same content is packaged or imported");
}

int manifest_read_file(struct mlops_registry *registry, const struct manifest *manifest,
                       const char *path, size_t max, struct buffer *content,
                       struct mlops_error *err)
{
    _cleanup_(resolution_clear) struct resolution resolution = {0};
    struct store *store;
    TRY(manifest_check_files(manifest, err));
    TRY(resolve_path(path, look, (void *)(uintptr_t)manifest, &resolution, err));
    const struct manifest_file *file =
        resolution.outcome == RESOLVE_FOUND ? manifest_find(manifest, resolution.path) : NULL;
    if (!file || file->kind != MANIFEST_FILE)
        return mlops_fail(err, MLOPS_NOT_FOUND, "the bundle has no file '%s'", path);
    if (file->size > max)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is larger than %zu bytes", path, max);
    TRY(registry_store(registry, &store, err));
    if (store_read(store, &file->digest, max, content, err))
        return mlops_wrap(err, "'%s'", path);
    return MLOPS_OK;
}

int manifest_read_patch(struct mlops_registry *registry, const struct manifest *manifest,
                        struct buffer *patch, struct mlops_error *err)
{
    struct store *store;
    if (!manifest->has_patch)
        return MLOPS_OK;
    TRY(registry_store(registry, &store, err));
    if (store_read(store, &manifest->patch, MANIFEST_PATCH_MAX, patch, err))
        return mlops_wrap(err, "the changes of its code");
    return MLOPS_OK;
}

int mlops_code_diff(struct mlops_registry *registry, const char *ref, char **text,
                    struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(buffer_clear) struct buffer patch = {0};
    struct mlops_version version;
    *text = NULL;
    TRY(manifest_load(registry, ref, &version, &manifest, NULL, err));
    TRY(manifest_read_patch(registry, &manifest, &patch, err));
    *text = manifest.has_patch ? buffer_steal(&patch) : NULL;
    return MLOPS_OK;
}

int mlops_manifest_read(struct mlops_registry *registry, const char *ref, char **json,
                        struct mlops_error *err)
{
    struct mlops_version version;
    _cleanup_(buffer_clear) struct buffer text = {0};
    TRY(mlops_version_resolve(registry, ref, &version, err));
    TRY(read_text(registry, version.bundle, &text, err));
    *json = buffer_steal(&text);
    return MLOPS_OK;
}
