/* lib/environment/lock_toml.c - pylock.toml (PEP 751), poetry.lock and pdm.lock. uv's has a file of
 * its own: it says of no package where it is wanted. */
#include "base/toml.h"
#include "environment/lock_readers.h"

static char *copy(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

static int refuse(const struct lock_options *options, const struct toml_node *node, const char *why,
                  struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INVALID, "%s:%d: %s", options->path, node->line, why);
}

/* The tables of the array `key`; MLOPS_INVALID where it is there and something else. */
static int packages_of(const struct lock_options *options, const struct toml_node *root,
                       const char *key, const struct toml_node **array, struct mlops_error *err)
{
    const struct toml_node *node = toml_get(root, key);
    *array = toml_array(root, key);
    if (node && !*array)
        return refuse(options, node, "the packages must be an array of tables", err);
    for (size_t i = 0; *array && i < (*array)->count; i++)
        if (!toml_text((*array)->items[i], "name"))
            return refuse(options, (*array)->items[i], "a package has no name", err);
    return MLOPS_OK;
}

/* A distribution of the package's table, with its version. */
static struct distribution *add(struct lock *lock, const struct toml_node *package)
{
    const char *name = toml_text(package, "name"), *version = toml_text(package, "version");
    struct distribution *item =
        lock_add(lock, DISTRIBUTION_PYPI, name, strlen(name), package->line);
    item->version = copy(version);
    item->pin = version ? PIN_VERSION : PIN_NONE;
    item->text = version ? xprintf("%s==%s", name, version) : xstrdup(name);
    return item;
}

/* ---- pylock.toml --------------------------------------------------------------------------- */

/* The table `hashes` of a file: algorithms and digests. */
static void take_hash_table(struct distribution *item, const struct toml_node *file)
{
    const struct toml_node *hashes = toml_get(file, "hashes");
    for (size_t i = 0; hashes && hashes->kind == TOML_TABLE && i < hashes->count; i++) {
        const struct toml_node *hash = hashes->items[i];
        if (hash->kind != TOML_STRING)
            continue;
        _cleanup_(free_string) char *text = xprintf("%s:%s", hash->key, hash->text);
        distribution_add_hash(item, text);
    }
}

static void take_pylock_source(struct distribution *item, const struct toml_node *package)
{
    const struct toml_node *vcs = toml_get(package, "vcs"),
                           *folder = toml_get(package, "directory"),
                           *archive = toml_get(package, "archive");
    const struct toml_node *place = vcs ? vcs : folder ? folder : archive;
    if (!place)
        return;
    const char *url = toml_text(place, "url");
    item->source = copy(url ? url : toml_text(place, "path"));
    take_hash_table(item, place);
    if (folder || (vcs && toml_text(vcs, "commit-id")) || item->hash_count > 0)
        item->pin = PIN_SOURCE;
}

int lock_read_pylock(const struct lock_options *options, struct lock *lock, struct mlops_error *err)
{
    _cleanup_(toml_free_ptr) struct toml_node *root = NULL;
    const struct toml_node *packages;
    TRY(toml_parse(options->text, options->length, options->path, &root, err));
    TRY(packages_of(options, root, "packages", &packages, err));
    lock->python = copy(toml_text(root, "requires-python"));
    for (size_t i = 0; packages && i < packages->count; i++) {
        const struct toml_node *package = packages->items[i];
        const struct toml_node *wheels = toml_array(package, "wheels");
        TRY(lock_check_room(lock, options->path, err));
        struct distribution *item = add(lock, package);
        item->marker = copy(toml_text(package, "marker"));
        item->optional = item->marker && (strstr(item->marker, "dependency_groups") ||
                                          strstr(item->marker, "extras"));
        take_hash_table(item, toml_get(package, "sdist"));
        for (size_t j = 0; wheels && j < wheels->count; j++)
            take_hash_table(item, wheels->items[j]);
        take_pylock_source(item, package);
    }
    return MLOPS_OK;
}

/* ---- poetry.lock and pdm.lock -------------------------------------------------------------- */

/* An array of {file, hash}. */
static void take_files(struct distribution *item, const struct toml_node *files)
{
    for (size_t i = 0; files && i < files->count; i++) {
        const char *hash = toml_text(files->items[i], "hash");
        if (hash)
            distribution_add_hash(item, hash);
    }
}

/* Groups of which none is the main one, `optional`, or the category of older files. */
static bool is_optional(const struct toml_node *package)
{
    const struct toml_node *optional = toml_get(package, "optional"),
                           *groups = toml_array(package, "groups");
    const char *category = toml_text(package, "category");
    if (optional && optional->kind == TOML_BOOL && optional->truth)
        return true;
    if (category)
        return !str_equal(category, "main");
    for (size_t i = 0; groups && i < groups->count; i++) {
        const struct toml_node *group = groups->items[i];
        if (group->kind == TOML_STRING &&
            (str_equal(group->text, "main") || str_equal(group->text, "default")))
            return false;
    }
    return groups && groups->count > 0;
}

/* One marker for all groups, or one for each. */
static char *markers_of(const struct toml_node *package)
{
    const struct toml_node *markers = toml_get(package, "markers");
    const char *text = toml_text(package, "markers");
    if (!text)
        text = toml_text(package, "marker");
    if (!text && markers && markers->kind == TOML_TABLE)
        text = toml_text(markers, "main");
    return copy(text);
}

static void take_poetry_source(struct distribution *item, const struct toml_node *package)
{
    const struct toml_node *source = toml_get(package, "source");
    const char *type = toml_text(source, "type"), *url = toml_text(source, "url");
    const char *commit = toml_text(source, "resolved_reference");
    if (!commit)
        commit = toml_text(package, "revision");
    if (!url)
        url = toml_text(package, "git");
    if (!url)
        url = toml_text(package, "url");
    if (type && str_equal(type, "legacy"))
        return; /* another index */
    item->source = copy(url ? url : toml_text(package, "path"));
    if (item->source && (commit || item->hash_count > 0 || toml_text(package, "path") ||
                         (type && (str_equal(type, "directory") || str_equal(type, "file")))))
        item->pin = PIN_SOURCE;
}

int lock_read_poetry(const struct lock_options *options, struct lock *lock, struct mlops_error *err)
{
    _cleanup_(toml_free_ptr) struct toml_node *root = NULL;
    const struct toml_node *packages, *older;
    TRY(toml_parse(options->text, options->length, options->path, &root, err));
    TRY(packages_of(options, root, "package", &packages, err));
    const struct toml_node *metadata = toml_get(root, "metadata");
    lock->python = copy(toml_text(metadata, "python-versions"));
    if (!lock->python)
        lock->python = copy(toml_text(metadata, "requires_python"));
    older = toml_get(metadata, "files");
    for (size_t i = 0; packages && i < packages->count; i++) {
        const struct toml_node *package = packages->items[i];
        TRY(lock_check_room(lock, options->path, err));
        struct distribution *item = add(lock, package);
        _cleanup_(free_string) char *both =
            xprintf("%s %s", item->name, item->version ? item->version : "");
        item->marker = markers_of(package);
        item->optional = is_optional(package);
        take_files(item, toml_array(package, "files"));
        take_files(item, toml_array(older, item->name)); /* Poetry before 1.3 */
        take_files(item, toml_array(older, both));       /* PDM before 2.8 */
        take_poetry_source(item, package);
    }
    return MLOPS_OK;
}
