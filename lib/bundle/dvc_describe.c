/* lib/bundle/dvc_describe.c - what a DVC repository says, in our words: code, artifacts, data,
 * parameters, metrics. */
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/dvc_tree.h"
#include "bundle/values.h"
#include "registry/registry.h"
#include <ctype.h>

static const char *const table_ends[] = {".csv", ".csv.gz", ".csv.zst", ".jsonl", ".ndjson"};

static bool stands(const struct dvc_tree *tree, const char *path, mode_t type)
{
    _cleanup_(free_string) char *full = path_join(tree->tree, path);
    struct stat status;
    return lstat(full, &status) == 0 && (type == 0 || (status.st_mode & S_IFMT) == type);
}

/* ---- data and artifacts --------------------------------------------------------------------- */

static const char *table_end(const char *path)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table_ends); i++)
        if (str_ends(path, table_ends[i]))
            return table_ends[i];
    return NULL;
}

static void add_data(const struct dvc_tree *tree, const char *path, struct foreign *foreign)
{
    const char *end = table_end(path), *base = path_base(path);
    const cJSON *item;
    if (!end || !stands(tree, path, S_IFREG))
        return;
    cJSON_ArrayForEach(item, foreign->data) if (str_equal(item->valuestring, path)) return;
    _cleanup_(free_string) char *stem = xstrndup(base, strlen(base) - strlen(end));
    _cleanup_(free_string) char *name = foreign_name(stem, "data", foreign->data);
    json_add_string(foreign->data, name, path);
}

static bool is_data(const struct foreign *foreign, const char *path)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, foreign->data) if (str_equal(item->valuestring, path)) return true;
    return false;
}

/* What stages read, or what is tracked by itself, is data where it is a table; what else DVC keeps
 * is an artifact. */
static void sort_out(const struct dvc_tree *tree, const char *first, struct foreign *foreign)
{
    const struct dvc_repository *dvc = &tree->dvc;
    const cJSON *path;
    cJSON_ArrayForEach(path, dvc->deps) add_data(tree, path->valuestring, foreign);
    for (size_t i = 0; i < dvc->count; i++)
        if (dvc->outs[i].tracked && !dvc->outs[i].external)
            add_data(tree, dvc->outs[i].path, foreign);
    if (first)
        json_append_once(foreign->artifacts, first);
    for (size_t i = 0; i < dvc->count; i++) {
        const struct dvc_out *out = &dvc->outs[i];
        if (!out->external && !is_data(foreign, out->path) &&
            !json_has_text(dvc->metrics, out->path) && stands(tree, out->path, 0))
            json_append_once(foreign->artifacts, out->path);
    }
}

void dvc_tree_demote_data(struct foreign *foreign)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, foreign->data) json_append_once(foreign->artifacts, item->valuestring);
    cJSON_Delete(foreign->data);
    foreign->data = NULL;
}

/* ---- parameters and metrics ----------------------------------------------------------------- */

/* A key out of `length` bytes of any text. The caller frees. */
static char *make_key(const char *text, size_t length)
{
    char *key = length > 0 ? xstrndup(text, length) : xstrdup("unnamed");
    for (char *c = key; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            *c = '_';
    return key;
}

/* The object for the values of the file `path`: "eval/test.json" gives eval.test, and a file that
 * is called `plain` is its folder's. NULL where a value stands there. */
static cJSON *group_of(cJSON *root, const char *path, const char *plain)
{
    while (*path) {
        size_t length = strcspn(path, "/");
        const char *next = path + length + (path[length] == '/');
        if (!*next) {
            const char *dot = memchr(path, '.', length);
            length = dot && dot > path ? (size_t)(dot - path) : length;
            if (length == strlen(plain) && strncmp(path, plain, length) == 0)
                break;
        }
        _cleanup_(free_string) char *key = make_key(path, length);
        cJSON *inner = cJSON_GetObjectItemCaseSensitive(root, key);
        if (inner && !cJSON_IsObject(inner))
            return NULL;
        root = inner ? inner : json_add_object(root, key);
        path = next;
    }
    return root;
}

/* Put the members of `from` over those of `to`. */
static void merge(cJSON *to, const cJSON *from)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, from)
    {
        cJSON *there = cJSON_GetObjectItemCaseSensitive(to, item->string);
        if (cJSON_IsObject(there) && cJSON_IsObject(item)) {
            merge(there, item);
            continue;
        }
        if (there)
            cJSON_DeleteItemFromObjectCaseSensitive(to, item->string);
        cJSON_AddItemToObject(to, item->string, xcheck(cJSON_Duplicate(item, true)));
    }
}

/* Take out what is no number, and maps and lists that have none. */
static void keep_numbers(cJSON *json)
{
    for (cJSON *item = json->child, *next; item; item = next) {
        next = item->next;
        if (cJSON_IsObject(item) || cJSON_IsArray(item))
            keep_numbers(item);
        if (!cJSON_IsNumber(item) && !item->child)
            cJSON_Delete(cJSON_DetachItemViaPointer(json, item));
    }
}

static bool is_values(const char *path)
{
    static const char *const ends[] = {".json", ".yaml", ".yml", ".toml"};
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
        if (str_ends(path, ends[i]))
            return true;
    return false;
}

/* The values of a file; NULL where it is not there or says nothing that can be read. */
static cJSON *read_values(const struct mlops_registry *registry, const struct dvc_tree *tree,
                          const char *path)
{
    struct mlops_error err = {0};
    cJSON *json = NULL;
    if (!is_values(path) || !stands(tree, path, S_IFREG))
        return NULL;
    if (values_read(tree->tree, path, VALUES_ANY, &json, &err) == MLOPS_OK)
        return json;
    registry_warn(registry, "what '%s' says is not taken over: %s", path, err.message);
    return NULL;
}

/* What the file says, and over it what dvc.lock says was used. */
static void take_params(const struct mlops_registry *registry, const struct dvc_tree *tree,
                        struct foreign *foreign)
{
    const cJSON *file;
    cJSON_ArrayForEach(file, tree->dvc.params)
    {
        _cleanup_(json_free) cJSON *values = read_values(registry, tree, file->string);
        cJSON *group = group_of(foreign->params, file->string, "params");
        if (!group)
            continue;
        if (values)
            merge(group, values);
        merge(group, file);
    }
}

static void take_metrics(const struct mlops_registry *registry, const struct dvc_tree *tree,
                         struct foreign *foreign)
{
    const cJSON *file;
    cJSON_ArrayForEach(file, tree->dvc.metrics)
    {
        _cleanup_(json_free) cJSON *values = read_values(registry, tree, file->valuestring);
        cJSON *group = values ? group_of(foreign->metrics, file->valuestring, "metrics") : NULL;
        if (!group)
            continue;
        keep_numbers(values);
        merge(group, values);
    }
}

static void add_list(cJSON *object, const char *key, const cJSON *list)
{
    if (cJSON_GetArraySize(list) > 0)
        cJSON_AddItemToObject(object, key, xcheck(cJSON_Duplicate(list, true)));
}

/* params.dvc: the stages as the lock has them, and what the bundle does not have. */
static void take_lock(const struct dvc_tree *tree, struct foreign *foreign)
{
    cJSON *about = xcheck(cJSON_CreateObject());
    const cJSON *stage;
    cJSON *stages = json_add_object(about, "stages");
    cJSON_ArrayForEach(stage, tree->dvc.stages)
    {
        _cleanup_(free_string) char *key = make_key(stage->string, strlen(stage->string));
        cJSON_DeleteItemFromObjectCaseSensitive(stages, key);
        cJSON_AddItemToObject(stages, key, xcheck(cJSON_Duplicate(stage, true)));
    }
    add_list(about, "missing", tree->laid.missing);
    add_list(about, "differs", tree->laid.differs);
    add_list(about, "external", tree->laid.external);
    if (tree->submodules > 0)
        json_add_u64(about, "submodules_left_out", tree->submodules);
    /* a parameter of theirs that is called so is told in the file itself */
    cJSON_DeleteItemFromObjectCaseSensitive(foreign->params, "dvc");
    cJSON_AddItemToObject(foreign->params, "dvc", about);
}

void dvc_tree_describe(const struct mlops_registry *registry, const struct dvc_tree *tree,
                       const char *first, struct foreign *foreign)
{
    foreign->code = xcheck(cJSON_Duplicate(tree->tops, true));
    foreign->artifacts = xcheck(cJSON_CreateArray());
    foreign->data = xcheck(cJSON_CreateObject());
    foreign->params = xcheck(cJSON_CreateObject());
    foreign->metrics = xcheck(cJSON_CreateObject());
    foreign->environment = foreign_environment(foreign);
    sort_out(tree, first, foreign);
    take_params(registry, tree, foreign);
    take_metrics(registry, tree, foreign);
    take_lock(tree, foreign);
}
