/*
 * lib/base/yaml_check.h - what a YAML file may say, checked: every refusal names file and line, and
 * an unknown word the nearest known one.
 */
#ifndef BASE_YAML_CHECK_H
#define BASE_YAML_CHECK_H
#include "base/yaml.h"

struct yaml_checker {
    const char *what; /* the file's name in messages */
    struct mlops_error *err;
};

/* "FILE:LINE: text", MLOPS_INVALID. */
int yaml_wrong(const struct yaml_checker *checker, const struct yaml_node *node, const char *format,
               ...) MLOPS_PRINTF(3, 4);
/* Put "FILE:LINE" before the error that is there. */
int yaml_wrap(const struct yaml_checker *checker, const struct yaml_node *node);

/* "a list": what a node is, for messages. */
const char *yaml_kind_name(const struct yaml_node *node);

/* `map` must be a map, of keys in `known` (NULL-terminated) alone; `where` says what it is. */
int yaml_check_keys(const struct yaml_checker *checker, const struct yaml_node *map,
                    const char *where, const char *const *known);
/* `node` must be a single value. */
int yaml_check_text(const struct yaml_checker *checker, const struct yaml_node *node);
/* `node` must be one of `choices` (NULL-terminated); `*index` says which. */
int yaml_check_choice(const struct yaml_checker *checker, const struct yaml_node *node,
                      const char *const *choices, size_t *index);
/* `node` is a list of single values, or one alone. The caller frees `*texts` with strings_free. */
int yaml_take_texts(const struct yaml_checker *checker, const struct yaml_node *node,
                    char ***texts);

#endif
