/* lib/bundle/environment.c - lock files on their way into a bundle and out of it. */
#include "bundle/environment.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"

/* ---- while it is packaged ------------------------------------------------------------------ */

/* lock_include: the file goes into the bundle, too. */
static int include_packaged(void *context, const char *path, struct buffer *content,
                            struct mlops_error *err)
{
    struct walk *walk = context;
    _cleanup_(free_string) char *real = NULL;
    enum manifest_kind kind;
    int code = walk_add(walk, path, &real, &kind, err);
    if (code == MLOPS_NOT_FOUND)
        return mlops_fail(err, MLOPS_NOT_FOUND, "'%s' does not exist", path);
    TRY(code);
    if (kind != MANIFEST_FILE)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not a file", path);
    _cleanup_(free_string) char *file = path_join(walk->root, real);
    return file_read(file, LOCK_MAX, content, err);
}

int environment_collect(struct walk *walk, const char *path, const char *real, struct lock *lock,
                        struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(free_string) char *file = path_join(walk->root, real);
    *lock = (struct lock){0};
    TRY(file_read(file, LOCK_MAX, &text, err));
    const struct lock_options options = {.path = path,
                                         .text = text.data ? text.data : "",
                                         .length = text.length,
                                         .include = include_packaged,
                                         .context = walk};
    return lock_read(&options, lock, err);
}

void environment_describe(const struct lock *lock, cJSON *environment)
{
    size_t count = 0;
    json_add_string(environment, "format", lock_format_name(lock->format));
    json_add_text(environment, "python", lock->python);
    for (size_t i = 0; i < lock->count; i++)
        count += !lock->items[i].optional;
    json_add_u64(environment, "packages", count);
    json_add_bool(environment, "hashed", count > 0 && lock_is_hashed(lock));
    cJSON *includes = json_add_array(environment, "includes");
    for (size_t i = 0; i < lock->included_count; i++)
        json_append_text(includes, lock->included[i]);
    if (lock->format == LOCK_UNKNOWN)
        return; /* nobody knows what is pinned */
    cJSON *unpinned = json_add_array(environment, "unpinned");
    for (size_t i = 0; i < lock->count; i++)
        if (!lock->items[i].optional && lock->items[i].pin == PIN_NONE)
            json_append_text(unpinned, lock->items[i].text);
}

const cJSON *environment_unpinned(const struct manifest *manifest)
{
    const cJSON *environment = cJSON_GetObjectItemCaseSensitive(manifest->json, "environment");
    const cJSON *unpinned = cJSON_GetObjectItemCaseSensitive(environment, "unpinned");
    return cJSON_IsArray(unpinned) ? unpinned : NULL;
}

/* ---- out of a bundle ----------------------------------------------------------------------- */

struct bundle_files {
    struct mlops_registry *registry;
    const struct manifest *manifest;
};

/* lock_include */
static int include_stored(void *context, const char *path, struct buffer *content,
                          struct mlops_error *err)
{
    const struct bundle_files *files = context;
    return manifest_read_file(files->registry, files->manifest, path, LOCK_MAX, content, err);
}

static int load_lock(struct mlops_registry *registry, struct bundle_environment *environment,
                     struct mlops_error *err)
{
    const struct project *project = &environment->manifest.project;
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct bundle_files files = {registry, &environment->manifest};
    TRY(manifest_read_file(registry, &environment->manifest, project->environment, LOCK_MAX, &text,
                           err));
    const struct lock_options options = {.path = project->environment,
                                         .text = text.data ? text.data : "",
                                         .length = text.length,
                                         .include = include_stored,
                                         .context = &files};
    TRY(lock_read(&options, &environment->lock, err));
    const char *captured =
        environment->lock.format == LOCK_CAPTURED ? project->environment : project->captured;
    if (!captured)
        return MLOPS_OK;
    buffer_reset(&text);
    TRY(manifest_read_file(registry, &environment->manifest, captured, LOCK_MAX, &text, err));
    TRY(captured_parse(text.data ? text.data : "", text.length, captured, &environment->captured,
                       err));
    environment->is_captured = true;
    return MLOPS_OK;
}

int environment_load(struct mlops_registry *registry, const char *ref,
                     struct bundle_environment *environment, struct mlops_error *err)
{
    *environment = (struct bundle_environment){0};
    TRY(manifest_load(registry, ref, &environment->version, &environment->manifest, NULL, err));
    int code = MLOPS_OK;
    if (!environment->manifest.project.environment) {
        mlops_fail(err, MLOPS_NOT_FOUND, "'%s' was packaged without an environment", ref);
        code = mlops_hint(err, "name a lock file under 'environment' in the project file");
    } else {
        code = load_lock(registry, environment, err);
    }
    if (code)
        environment_clear(environment);
    return code;
}

void environment_clear(struct bundle_environment *environment)
{
    manifest_clear(&environment->manifest);
    lock_clear(&environment->lock);
    captured_clear(&environment->captured);
    *environment = (struct bundle_environment){0};
}
