/* lib/base/yaml_check.c - refusals with file, line and the nearest known word. */
#include "base/yaml_check.h"
#include "base/buffer.h"
#include <mlops/text.h>
#include <stdio.h>

int yaml_wrong(const struct yaml_checker *checker, const struct yaml_node *node, const char *format,
               ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* cut where too long, on purpose */
    va_end(arguments);
    return mlops_fail(checker->err, MLOPS_INVALID, "%s:%d: %s", checker->what, node->line, text);
}

int yaml_wrap(const struct yaml_checker *checker, const struct yaml_node *node)
{
    return mlops_wrap(checker->err, "%s:%d", checker->what, node->line);
}

const char *yaml_kind_name(const struct yaml_node *node)
{
    static const char *const names[] = {"nothing", "a single value", "a list", "a map"};
    return names[node->kind];
}

static char *list_words(const char *const *words)
{
    struct buffer list = {0};
    for (; *words; words++)
        buffer_printf(&list, "%s%s", list.length ? ", " : "", *words);
    return buffer_steal(&list);
}

static bool is_one_of(const char *word, const char *const *words, size_t *index)
{
    for (size_t i = 0; words[i]; i++)
        if (str_equal(words[i], word)) {
            *index = i;
            return true;
        }
    return false;
}

int yaml_check_keys(const struct yaml_checker *checker, const struct yaml_node *map,
                    const char *where, const char *const *known)
{
    size_t index;
    if (map->kind != YAML_MAP)
        return yaml_wrong(checker, map, "%s must be a map of keys, not %s", where,
                          yaml_kind_name(map));
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *node = map->items[i];
        if (is_one_of(node->key, known, &index))
            continue;
        _cleanup_(free_string) char *list = list_words(known);
        const char *near = mlops_suggest(node->key, known);
        if (near)
            yaml_wrong(checker, node, "unknown key '%s' (did you mean '%s'?)", node->key, near);
        else
            yaml_wrong(checker, node, "unknown key '%s' in %s", node->key, where);
        return mlops_hint(checker->err, "the keys of %s are %s", where, list);
    }
    return MLOPS_OK;
}

int yaml_check_text(const struct yaml_checker *checker, const struct yaml_node *node)
{
    const char *name = node->key ? node->key : "an item of the list";
    if (node->kind != YAML_SCALAR)
        return yaml_wrong(checker, node, "'%s' must be a single value, not %s", name,
                          yaml_kind_name(node));
    return *node->text ? MLOPS_OK : yaml_wrong(checker, node, "'%s' is empty", name);
}

int yaml_check_choice(const struct yaml_checker *checker, const struct yaml_node *node,
                      const char *const *choices, size_t *index)
{
    TRY(yaml_check_text(checker, node));
    if (is_one_of(node->text, choices, index))
        return MLOPS_OK;
    _cleanup_(free_string) char *list = list_words(choices);
    const char *near = mlops_suggest(node->text, choices);
    yaml_wrong(checker, node, "'%s' is nothing that '%s' may be%s%s%s", node->text,
               node->key ? node->key : "an item", near ? " (did you mean '" : "", near ? near : "",
               near ? "'?)" : "");
    return mlops_hint(checker->err, "it is one of %s", list);
}

int yaml_take_texts(const struct yaml_checker *checker, const struct yaml_node *node, char ***texts)
{
    const struct yaml_node *const self[] = {node};
    const struct yaml_node *const *items = (const struct yaml_node *const *)node->items;
    size_t count = node->count;
    if (node->kind == YAML_SCALAR) {
        items = self;
        count = 1;
    } else if (node->kind != YAML_LIST || count == 0) {
        return yaml_wrong(checker, node, "'%s' must be a list with something in it", node->key);
    }
    *texts = xcalloc(count + 1, sizeof(**texts));
    for (size_t i = 0; i < count; i++) {
        TRY(yaml_check_text(checker, items[i]));
        (*texts)[i] = xstrdup(items[i]->text);
    }
    return MLOPS_OK;
}
