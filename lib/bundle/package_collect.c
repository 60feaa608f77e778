/* lib/bundle/package_collect.c - the project file, and the files that it names. */
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "bundle/environment.h"
#include "bundle/packaging.h"

#define PROJECT_FILE_MAX (4U << 20)

static int read_given(struct packaging *packaging, struct mlops_error *err)
{
    const char *text = packaging->source->project;
    sha256_of(text, strlen(text), &packaging->project_digest);
    return project_parse(text, strlen(text), PROJECT_FILE, &packaging->project, err);
}

int package_read_project(struct packaging *packaging, struct mlops_error *err)
{
    if (packaging->source)
        return read_given(packaging, err);
    _cleanup_(free_string) char *path = path_join(packaging->root, PROJECT_FILE);
    _cleanup_(buffer_clear) struct buffer text = {0};
    int code = file_read(path, PROJECT_FILE_MAX, &text, err);
    if (code == MLOPS_NOT_FOUND && !path_exists(packaging->root)) {
        mlops_fail(err, MLOPS_NOT_FOUND, "there is no file or folder '%s'", packaging->root);
        return mlops_hint(err, "name the folder that has the project file, '%s'", PROJECT_FILE);
    }
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
    packaging->walk.is_code = str_equal(path->key, "code");
    int code = walk_add(&packaging->walk, path->path, &packaging->real[index], &kind, err);
    if (code == MLOPS_NOT_FOUND) {
        mlops_fail(err, MLOPS_NOT_FOUND, "%s:%d: %s: '%s' does not exist", PROJECT_FILE, path->line,
                   path->key, path->text);
        return mlops_hint(err, "make it, or take it out of the project file");
    }
    if (code)
        return mlops_wrap(err, "%s:%d: %s", PROJECT_FILE, path->line, path->key);
    bool many = str_equal(path->key, "code") || str_equal(path->key, "artifacts") ||
                str_equal(path->key, "data");
    if (kind == MANIFEST_FOLDER && !many)
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: %s: '%s' is a folder, and must be a file",
                          PROJECT_FILE, path->line, path->key, path->text);
    return MLOPS_OK;
}

const struct project_path *packaging_path(const struct packaging *packaging, const char *key)
{
    for (size_t i = 0; i < packaging->project.path_count; i++)
        if (str_equal(packaging->project.paths[i].key, key))
            return &packaging->project.paths[i];
    return NULL;
}

const char *packaging_real(const struct packaging *packaging, const struct project_path *path)
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
    const struct project_path *path = packaging_path(packaging, "environment");
    if (!path)
        return MLOPS_OK;
    if (environment_collect(&packaging->walk, path->path, packaging_real(packaging, path),
                            &packaging->lock, err))
        return mlops_wrap(err, "%s:%d: environment", PROJECT_FILE, path->line);
    warn_of_unpinned(packaging, path);
    return MLOPS_OK;
}

/* Nothing is packaged that is not named: whoever has just begun may not know. */
static void warn_of_nothing(const struct packaging *packaging)
{
    if (!packaging->source && !packaging_path(packaging, "code") &&
        !packaging_path(packaging, "artifacts"))
        registry_warn(packaging->registry,
                      "no model is packaged: " PROJECT_FILE
                      " names neither 'code' nor 'artifacts', as in 'artifacts: [model/]'");
}

int package_collect(struct packaging *packaging, struct mlops_error *err)
{
    const struct project *project = &packaging->project;
    packaging->found_ns = clock_now_ns();
    packaging->real = xcalloc(project->path_count, sizeof(*packaging->real));
    if (!packaging->source)
        TRY(walk_add(&packaging->walk, PROJECT_FILE, NULL, NULL, err));
    for (size_t i = 0; i < project->path_count; i++)
        TRY(add_path(packaging, i, err));
    packaging->walk.is_code = false;
    warn_of_nothing(packaging);
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
    package_check_suites(packaging);
    return MLOPS_OK;
}
