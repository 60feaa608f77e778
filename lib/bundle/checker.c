/* lib/bundle/checker.c - values out of the YAML of a project file, each refusal with its line. */
#include "bundle/checker.h"
#include "base/path.h"
#include "registry/registry.h"

int checker_text(const struct checker *checker, const struct yaml_node *map, const char *key,
                 char **text)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    if (node->kind != YAML_SCALAR)
        return yaml_wrong(&checker->yaml, node, "'%s' must be a single value, not %s", key,
                          yaml_kind_name(node));
    *text = xstrdup(node->text);
    return MLOPS_OK;
}

int checker_demand(const struct checker *checker, const struct yaml_node *map, const char *where,
                   const char *key, const char *found)
{
    if (found && !*found)
        return yaml_wrong(&checker->yaml, yaml_get(map, key), "'%s' is empty", key);
    return found ? MLOPS_OK : yaml_wrong(&checker->yaml, map, "%s has no '%s'", where, key);
}

int checker_path(const struct checker *checker, const struct yaml_node *map, const char *key,
                 char **path)
{
    _cleanup_(free_string) char *text = NULL;
    TRY(checker_text(checker, map, key, &text));
    if (text && path_normalize(text, path, checker->yaml.err))
        return yaml_wrap(&checker->yaml, yaml_get(map, key));
    return MLOPS_OK;
}

void checker_remember(const struct checker *checker, const char *key, const struct yaml_node *node,
                      const char *path)
{
    struct project *project = checker->project;
    GROW(project->paths, project->path_count, &project->path_capacity);
    project->paths[project->path_count++] = (struct project_path){
        .key = key, .path = xstrdup(path), .text = xstrdup(node->text), .line = node->line};
}

int checker_source(const struct checker *checker, const struct yaml_node *map, const char *key,
                   char **path)
{
    TRY(checker_path(checker, map, key, path));
    if (*path)
        checker_remember(checker, key, yaml_get(map, key), *path);
    return MLOPS_OK;
}

int checker_item(const struct checker *checker, const char *key, const struct yaml_node *item,
                 char **path)
{
    if (item->kind != YAML_SCALAR)
        return yaml_wrong(&checker->yaml, item, "'%s' must be a list of paths, and this is %s", key,
                          yaml_kind_name(item));
    if (path_normalize(item->text, path, checker->yaml.err))
        return yaml_wrap(&checker->yaml, item);
    checker_remember(checker, key, item, *path);
    return MLOPS_OK;
}

int checker_sources(const struct checker *checker, const struct yaml_node *map, const char *key,
                    char ***paths)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    if (node->kind == YAML_MAP)
        return yaml_wrong(&checker->yaml, node, "'%s' must be a list of paths, not %s", key,
                          yaml_kind_name(node));
    *paths = xcalloc(node->count + 2, sizeof(**paths));
    if (node->kind == YAML_SCALAR)
        return checker_item(checker, key, node, &(*paths)[0]);
    for (size_t i = 0; i < node->count; i++)
        TRY(checker_item(checker, key, node->items[i], &(*paths)[i]));
    return MLOPS_OK;
}

int checker_name(const struct checker *checker, const struct yaml_node *node, const char *what,
                 const char *name)
{
    return name_check(what, name, checker->yaml.err) ? yaml_wrap(&checker->yaml, node) : MLOPS_OK;
}

int checker_choice(const struct checker *checker, const struct yaml_node *map, const char *key,
                   const char *const *choices, char **text)
{
    const struct yaml_node *node = yaml_get(map, key);
    size_t index;
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    TRY(yaml_check_choice(&checker->yaml, node, choices, &index));
    *text = xstrdup(choices[index]);
    return MLOPS_OK;
}

int checker_refuse(const struct checker *checker, const struct yaml_node *node,
                   const char *const *keys, const char *why)
{
    for (; *keys; keys++) {
        const struct yaml_node *found = yaml_get(node, *keys);
        if (found)
            return yaml_wrong(&checker->yaml, found, "'%s' is for %s", *keys, why);
    }
    return MLOPS_OK;
}

int checker_map(const struct checker *checker, const struct yaml_node *node)
{
    if (node->kind == YAML_MAP || node->kind == YAML_NULL)
        return MLOPS_OK;
    return yaml_wrong(&checker->yaml, node, "'%s' must be a map from names, not %s", node->key,
                      yaml_kind_name(node));
}

int checker_snapshot(const struct checker *checker, const struct yaml_node *node, const char *name)
{
    const struct project *project = checker->project;
    _cleanup_(buffer_clear) struct buffer names = {0};
    for (size_t i = 0; i < project->data_count; i++) {
        if (str_equal(project->data[i].name, name))
            return MLOPS_OK;
        buffer_printf(&names, "%s%s", i ? ", " : "", project->data[i].name);
    }
    yaml_wrong(&checker->yaml, node, "there is no snapshot called '%s'", name);
    return mlops_hint(checker->yaml.err, "the snapshots are %s",
                      project->data_count ? names.data : "none: name them under 'data'");
}
