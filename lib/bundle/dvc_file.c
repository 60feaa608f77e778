/* lib/bundle/dvc_file.c - dvc.yaml, dvc.lock and *.dvc read. */
#include "bundle/dvc_file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/yaml.h"
#include "bundle/assignments.h"
#include <ctype.h>

/* A file while it is read. */
struct reading {
    struct dvc_repository *dvc;
    const char *what;   /* its path, for messages */
    const char *folder; /* where it stands, "" for the top */
    struct mlops_error *err;
};

void dvc_repository_clear(struct dvc_repository *dvc)
{
    for (size_t i = 0; i < dvc->count; i++) {
        free(dvc->outs[i].path);
        free(dvc->outs[i].said_by);
    }
    free(dvc->outs);
    cJSON *const parts[] = {dvc->folders, dvc->stages, dvc->deps,     dvc->params,
                            dvc->metrics, dvc->plots,  dvc->artifacts};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        cJSON_Delete(parts[i]);
    *dvc = (struct dvc_repository){0};
}

static void dvc_repository_prepare(struct dvc_repository *dvc)
{
    cJSON **const objects[] = {&dvc->folders, &dvc->stages, &dvc->params, &dvc->artifacts};
    cJSON **const lists[] = {&dvc->deps, &dvc->metrics, &dvc->plots};
    for (size_t i = 0; i < ARRAY_LENGTH(objects); i++)
        if (!*objects[i])
            *objects[i] = xcheck(cJSON_CreateObject());
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
        if (!*lists[i])
            *lists[i] = xcheck(cJSON_CreateArray());
}

/* ---- values --------------------------------------------------------------------------------- */

static int malformed(const struct reading *reading, const struct yaml_node *node, const char *what)
{
    return mlops_fail(reading->err, MLOPS_INVALID, "%s:%d: %s", reading->what, node->line, what);
}

/* The member `key` where it is of `kind`; NULL where it is not there or null. */
static int member(const struct reading *reading, const struct yaml_node *map, const char *key,
                  enum yaml_kind kind, const struct yaml_node **node)
{
    *node = map->kind == YAML_MAP ? yaml_get(map, key) : NULL;
    if (*node && (*node)->kind == YAML_NULL)
        *node = NULL;
    if (!*node || (*node)->kind == kind)
        return MLOPS_OK;
    return mlops_fail(reading->err, MLOPS_INVALID, "%s:%d: '%s' must be a %s", reading->what,
                      (*node)->line, key,
                      kind == YAML_MAP    ? "map"
                      : kind == YAML_LIST ? "list"
                                          : "single value");
}

static const char *text_of(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = map->kind == YAML_MAP ? yaml_get(map, key) : NULL;
    return node && node->kind == YAML_SCALAR ? node->text : NULL;
}

/* ---- paths ---------------------------------------------------------------------------------- */

/* Drop "." and resolve ".." as text; false: it climbs out. What is written never overtakes what is
 * read: a component is put behind those that are kept, with the slash that it had before it. */
static bool collapse(char *path)
{
    char *end = path;
    for (const char *part = path; *part;) {
        size_t length = strcspn(part, "/");
        const char *next = part + length + (part[length] == '/');
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            if (end == path)
                return false;
            do
                end--;
            while (end > path && *end != '/');
        } else if (length > 0 && !(length == 1 && part[0] == '.')) {
            if (end > path)
                *end++ = '/';
            memmove(end, part, length);
            end += length;
        }
        part = next;
    }
    *end = '\0';
    return true;
}

/* `path` as it is written in `folder`, from the top; the caller frees `*out`. */
static int resolve(const struct reading *reading, const struct yaml_node *node, const char *folder,
                   const char *path, char **out, bool *external)
{
    _cleanup_(free_string) char *whole = xprintf("%s/%s", folder, path);
    *external = path[0] == '/' || strstr(path, "://") || !collapse(whole);
    *out = NULL;
    if (*external) {
        *out = xstrdup(path);
        return MLOPS_OK;
    }
    if (path_normalize(*whole ? whole : ".", out, reading->err) == MLOPS_OK)
        return MLOPS_OK;
    return mlops_wrap(reading->err, "%s:%d", reading->what, node->line);
}

/* The folder that the stage `name` runs in: what dvc.yaml says, without the "@item" of a loop. */
static const char *stage_folder(const struct reading *reading, const char *name)
{
    _cleanup_(free_string) char *key = xprintf("%s\n%s", reading->folder, name);
    const cJSON *folder = cJSON_GetObjectItemCaseSensitive(reading->dvc->folders, key);
    char *item = strrchr(key, '@');
    if (!folder && item) {
        *item = '\0';
        folder = cJSON_GetObjectItemCaseSensitive(reading->dvc->folders, key);
    }
    return folder ? folder->valuestring : reading->folder;
}

/* ---- outs and deps -------------------------------------------------------------------------- */

/* 32 hexadecimal digits, of a folder with ".dir" behind them. */
static bool take_md5(const char *text, struct dvc_out *out)
{
    size_t digits = strspn(text, "0123456789abcdef");
    if (digits != MD5_HEX_SIZE - 1)
        return false;
    out->is_folder = str_equal(text + digits, ".dir");
    if (text[digits] && !out->is_folder)
        return false;
    str_copy(out->md5, sizeof(out->md5), text);
    return true;
}

static int read_out(const struct reading *reading, const struct yaml_node *node, const char *folder,
                    bool tracked, struct dvc_out *out)
{
    const char *path = text_of(node, "path"), *md5 = text_of(node, "md5");
    const char *hash = text_of(node, "hash");
    const struct yaml_node *executable = node->kind == YAML_MAP ? yaml_get(node, "isexec") : NULL;
    *out = (struct dvc_out){.tracked = tracked};
    if (!path)
        return malformed(reading, node, "there is no path");
    if (md5 && !take_md5(md5, out))
        return mlops_fail(reading->err, MLOPS_INVALID, "%s:%d: '%.60s' is no MD5", reading->what,
                          node->line, md5);
    out->legacy = md5 && (!hash || !str_equal(hash, "md5"));
    if (executable)
        (void)yaml_as_bool(executable, &out->executable);
    TRY(resolve(reading, node, folder, path, &out->path, &out->external));
    out->said_by = xprintf("%s:%d", reading->what, node->line);
    return MLOPS_OK;
}

/* The outs of `map`; into `names` (may be NULL) go their paths with their digests. */
static int read_outs(const struct reading *reading, const struct yaml_node *map, const char *folder,
                     bool tracked, cJSON *names)
{
    struct dvc_repository *dvc = reading->dvc;
    const struct yaml_node *list;
    TRY(member(reading, map, "outs", YAML_LIST, &list));
    for (size_t i = 0; list && i < list->count; i++) {
        struct dvc_out out;
        if (dvc->count == DVC_OUTS_MAX)
            return malformed(reading, list->items[i], "there are too many outs");
        TRY(read_out(reading, list->items[i], folder, tracked, &out));
        GROW(dvc->outs, dvc->count, &dvc->capacity);
        dvc->outs[dvc->count++] = out;
        _cleanup_(free_string) char *line =
            xprintf("%s md5:%s%s", out.path, out.md5, out.is_folder ? ".dir" : "");
        if (names)
            json_append_text(names, *out.md5 ? line : out.path);
    }
    return MLOPS_OK;
}

static int read_deps(const struct reading *reading, const struct yaml_node *map, const char *folder,
                     cJSON *names)
{
    const struct yaml_node *list;
    TRY(member(reading, map, "deps", YAML_LIST, &list));
    for (size_t i = 0; list && i < list->count; i++) {
        const char *path = text_of(list->items[i], "path"), *md5 = text_of(list->items[i], "md5");
        _cleanup_(free_string) char *real = NULL;
        bool external;
        if (!path)
            continue; /* 'dvc import' has a repository and no path */
        TRY(resolve(reading, list->items[i], folder, path, &real, &external));
        _cleanup_(free_string) char *line = md5 ? xprintf("%s md5:%s", real, md5) : xstrdup(real);
        json_append_text(names, line);
        if (!external)
            json_append_once(reading->dvc->deps, real);
    }
    return MLOPS_OK;
}

/* ---- *.dvc ---------------------------------------------------------------------------------- */

static int read_tracked(const struct reading *reading, const struct yaml_node *root)
{
    const char *wdir = text_of(root, "wdir");
    _cleanup_(free_string) char *folder = NULL;
    bool external;
    TRY(resolve(reading, root, reading->folder, wdir ? wdir : ".", &folder, &external));
    if (external)
        return malformed(reading, root, "'wdir' leads out of the repository");
    return read_outs(reading, root, folder, true, NULL);
}

/* ---- dvc.lock ------------------------------------------------------------------------------- */

/* {"train.lr": 0.1, "train": {…}}: what a key holds as a whole comes first, its parts over it. */
static void take_params(const struct yaml_node *map, cJSON *to)
{
    for (int dotted = 0; dotted < 2; dotted++)
        for (size_t i = 0; i < map->count; i++) {
            const struct yaml_node *item = map->items[i];
            if ((strchr(item->key, '.') != NULL) != dotted)
                continue;
            struct mlops_error ignored = {0};
            /* one that cannot be a key of ours, or stands inside a single value, is of no use */
            (void)assignments_put(to, item->key, yaml_to_json(item), true, &ignored);
        }
}

static int read_params(const struct reading *reading, const struct yaml_node *stage,
                       const char *folder)
{
    const struct yaml_node *files;
    TRY(member(reading, stage, "params", YAML_MAP, &files));
    for (size_t i = 0; files && i < files->count; i++) {
        const struct yaml_node *values = files->items[i];
        _cleanup_(free_string) char *path = NULL;
        bool external;
        if (values->kind != YAML_MAP)
            continue;
        TRY(resolve(reading, values, folder, values->key, &path, &external));
        if (external)
            continue;
        cJSON *to = cJSON_GetObjectItemCaseSensitive(reading->dvc->params, path);
        take_params(values, to ? to : json_add_object(reading->dvc->params, path));
    }
    return MLOPS_OK;
}

static int read_command(const struct reading *reading, const struct yaml_node *stage, cJSON *about)
{
    const struct yaml_node *command = yaml_get(stage, "cmd");
    _cleanup_(buffer_clear) struct buffer lines = {0};
    if (!command || command->kind == YAML_NULL)
        return MLOPS_OK;
    if (command->kind == YAML_MAP)
        return malformed(reading, command, "'cmd' must be a text or a list of texts");
    if (command->kind == YAML_SCALAR)
        buffer_puts(&lines, command->text);
    for (size_t i = 0; command->kind == YAML_LIST && i < command->count; i++)
        if (command->items[i]->kind == YAML_SCALAR)
            buffer_printf(&lines, "%s%s", i ? "\n" : "", command->items[i]->text);
    json_add_string(about, "cmd", lines.data ? lines.data : "");
    return MLOPS_OK;
}

static int read_lock(const struct reading *reading, const struct yaml_node *root)
{
    const char *schema = text_of(root, "schema");
    const struct yaml_node *stages = root;
    if (schema && !str_starts(schema, "2"))
        return malformed(reading, root, "only schema 2 and what was before it is known");
    if (schema)
        TRY(member(reading, root, "stages", YAML_MAP, &stages));
    for (size_t i = 0; stages && i < stages->count; i++) {
        const struct yaml_node *stage = stages->items[i];
        if (stage->kind != YAML_MAP)
            return malformed(reading, stage, "a stage must be a map");
        const char *folder = stage_folder(reading, stage->key);
        _cleanup_(free_string) char *name =
            xprintf("%s%s%s", reading->folder, *reading->folder ? ":" : "", stage->key);
        cJSON *about = json_add_object(reading->dvc->stages, name);
        TRY(read_command(reading, stage, about));
        TRY(read_deps(reading, stage, folder, json_add_array(about, "deps")));
        TRY(read_params(reading, stage, folder));
        TRY(read_outs(reading, stage, folder, false, json_add_array(about, "outs")));
    }
    return MLOPS_OK;
}

/* ---- dvc.yaml ------------------------------------------------------------------------------- */

/* A list of paths, each a text or a map with the path as its key; templates are left out, for what
 * they stand for is not known here. */
static int read_paths(const struct reading *reading, const struct yaml_node *map, const char *key,
                      const char *folder, cJSON *to)
{
    const struct yaml_node *list = map->kind == YAML_MAP ? yaml_get(map, key) : NULL;
    if (!list || (list->kind != YAML_LIST && list->kind != YAML_MAP))
        return MLOPS_OK;
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *item = list->items[i];
        const char *text = list->kind == YAML_MAP                       ? item->key
                           : item->kind == YAML_SCALAR                  ? item->text
                           : item->kind == YAML_MAP && item->count == 1 ? item->items[0]->key
                                                                        : NULL;
        _cleanup_(free_string) char *path = NULL;
        bool external;
        if (!text || strstr(text, "${"))
            continue;
        TRY(resolve(reading, item, folder, text, &path, &external));
        if (!external)
            json_append_once(to, path);
    }
    return MLOPS_OK;
}

static int read_stage(const struct reading *reading, const struct yaml_node *stage)
{
    struct dvc_repository *dvc = reading->dvc;
    const struct yaml_node *body;
    _cleanup_(free_string) char *folder = NULL;
    _cleanup_(free_string) char *key = xprintf("%s\n%s", reading->folder, stage->key);
    bool external;
    if (stage->kind != YAML_MAP)
        return malformed(reading, stage, "a stage must be a map");
    TRY(member(reading, stage, "do", YAML_MAP, &body)); /* of a loop */
    if (!body)
        body = stage;
    const char *wdir = text_of(body, "wdir");
    TRY(resolve(reading, stage, reading->folder, wdir ? wdir : ".", &folder, &external));
    if (external)
        return malformed(reading, stage, "'wdir' leads out of the repository");
    json_add_string(dvc->folders, key, str_equal(folder, ".") ? "" : folder);
    TRY(read_paths(reading, body, "metrics", folder, dvc->metrics));
    return read_paths(reading, body, "plots", folder, dvc->plots);
}

/* What GTO is told of an artifact: here, or in artifacts.yaml. */
static int read_artifacts(const struct reading *reading, const struct yaml_node *map)
{
    for (size_t i = 0; map && i < map->count; i++) {
        const struct yaml_node *item = map->items[i];
        const char *path = text_of(item, "path");
        if (item->kind != YAML_MAP)
            return malformed(reading, item, "an artifact must be a map");
        _cleanup_(free_string) char *name =
            xprintf("%s%s%s", reading->folder, *reading->folder ? ":" : "", item->key);
        _cleanup_(free_string) char *real = NULL;
        bool external = false;
        if (cJSON_GetObjectItemCaseSensitive(reading->dvc->artifacts, name))
            continue; /* artifacts.yaml is older than dvc.yaml, which was read first */
        cJSON *about = yaml_to_json(item);
        cJSON_AddItemToObject(reading->dvc->artifacts, name, about);
        cJSON_DeleteItemFromObjectCaseSensitive(about, "path");
        if (!path)
            continue;
        TRY(resolve(reading, item, reading->folder, path, &real, &external));
        json_add_string(about, external ? "external" : "path", real);
    }
    return MLOPS_OK;
}

static int read_pipeline(const struct reading *reading, const struct yaml_node *root)
{
    struct dvc_repository *dvc = reading->dvc;
    const struct yaml_node *stages, *artifacts;
    _cleanup_(json_free) cJSON *files = xcheck(cJSON_CreateArray());
    const cJSON *file;
    TRY(member(reading, root, "stages", YAML_MAP, &stages));
    for (size_t i = 0; stages && i < stages->count; i++)
        TRY(read_stage(reading, stages->items[i]));
    TRY(read_paths(reading, root, "metrics", reading->folder, dvc->metrics));
    TRY(read_paths(reading, root, "plots", reading->folder, dvc->plots));
    TRY(read_paths(reading, root, "params", reading->folder, files));
    cJSON_ArrayForEach(file, files)
    {
        if (!cJSON_GetObjectItemCaseSensitive(dvc->params, file->valuestring))
            (void)json_add_object(dvc->params, file->valuestring);
    }
    TRY(member(reading, root, "artifacts", YAML_MAP, &artifacts));
    return read_artifacts(reading, artifacts);
}

/* ---- any of them ---------------------------------------------------------------------------- */

bool dvc_file_known(const char *path)
{
    const char *name = path_base(path);
    return str_equal(name, "dvc.yaml") || str_equal(name, "dvc.lock") ||
           str_equal(path, "artifacts.yaml") || (str_ends(name, ".dvc") && strlen(name) > 4);
}

int dvc_file_read(struct dvc_repository *dvc, const char *path, const char *text, size_t length,
                  struct mlops_error *err)
{
    _cleanup_(yaml_free_ptr) struct yaml_node *root = NULL;
    _cleanup_(free_string) char *folder = path_parent(path);
    const char *name = path_base(path);
    const struct reading reading = {
        .dvc = dvc, .what = path, .folder = str_equal(folder, ".") ? "" : folder, .err = err};
    dvc_repository_prepare(dvc);
    TRY(yaml_parse(text ? text : "", length, path, &root, err));
    if (root->kind == YAML_NULL)
        return MLOPS_OK;
    if (root->kind != YAML_MAP)
        return malformed(&reading, root, "it is no map of keys and values");
    if (str_equal(name, "dvc.yaml"))
        return read_pipeline(&reading, root);
    if (str_equal(name, "dvc.lock"))
        return read_lock(&reading, root);
    if (str_equal(path, "artifacts.yaml"))
        return read_artifacts(&reading, root);
    return read_tracked(&reading, root);
}

/* ---- a folder's list, and the configuration ------------------------------------------------- */

int dvc_list_parse(const char *text, size_t length, const char *what, struct dvc_list *list,
                   struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = NULL;
    const cJSON *item;
    *list = (struct dvc_list){0};
    TRY(json_parse(text ? text : "", length, what, &json, err));
    if (!cJSON_IsArray(json))
        return mlops_fail(err, MLOPS_INVALID, "%s: it is no list of files", what);
    cJSON_ArrayForEach(item, json)
    {
        const char *md5 = json_string(item, "md5", NULL);
        const char *path = json_string(item, "relpath", NULL);
        struct dvc_out out = {0};
        char *normal = NULL;
        if (!md5 || !path || !take_md5(md5, &out) || out.is_folder)
            return mlops_fail(err, MLOPS_INVALID, "%s: a file of it has no path or no MD5", what);
        if (path_normalize(path, &normal, err) || str_equal(normal, ".")) {
            free(normal);
            return mlops_fail(err, MLOPS_INVALID, "%s: '%.200s' is no path in a folder", what,
                              path);
        }
        GROW(list->items, list->count, &list->capacity);
        list->items[list->count].path = normal;
        str_copy(list->items[list->count++].md5, MD5_HEX_SIZE, out.md5);
    }
    return MLOPS_OK;
}

void dvc_list_clear(struct dvc_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].path);
    free(list->items);
    *list = (struct dvc_list){0};
}

/* Lines of git's configuration: [cache], then dir = PATH; quotes around sections are DVC's. */
char *dvc_config_cache(const char *text, size_t length)
{
    bool inside = false;
    char *found = NULL;
    for (const char *line = text, *end = text + length; line && line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        const char *last = stop ? stop : end;
        while (line < last && isspace((unsigned char)*line))
            line++;
        while (last > line && isspace((unsigned char)last[-1]))
            last--;
        size_t rest = (size_t)(last - line);
        if (rest > 0 && *line == '[') {
            inside = rest == 7 && strncmp(line, "[cache]", 7) == 0;
        } else if (inside && rest > 3 && strncmp(line, "dir", 3) == 0) {
            const char *value = line + 3;
            while (value < last && *value == ' ')
                value++;
            if (value < last && *value++ == '=') {
                while (value < last && *value == ' ')
                    value++;
                free(found);
                found = xstrndup(value, (size_t)(last - value));
            }
        }
        line = stop ? stop + 1 : end;
    }
    return found;
}
