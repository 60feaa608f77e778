/*
 * lib/base/yaml.h - YAML as a tree that remembers its lines, so that every message can name one.
 *
 * A subset on purpose: one document, no anchors, aliases, tags or merge keys (they are refused
 * with their line), keys are plain strings and unique. libyaml does the scanning.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H
#include "base/util.h"
#include <cjson/cJSON.h>

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    int line;    /* first is 1 */
    bool quoted; /* scalars: written in quotes or as a block, so never a number or a bool */
    char *key;   /* in a map: this node's key */
    char *text;  /* scalars: the text, UTF-8, without NUL bytes */
    struct yaml_node **items; /* lists and maps: children, in file order */
    size_t count, capacity;
};

/* Parse `length` bytes; `what` is the file's name in messages. The caller frees `*root` with
 * yaml_free. An empty document gives a YAML_NULL. Nesting over 32 levels, over 100,000 nodes and
 * scalars over 1 MiB are MLOPS_INVALID, as is all that the subset leaves out. */
int yaml_parse(const char *text, size_t length, const char *what, struct yaml_node **root,
               struct mlops_error *err);
void yaml_free(struct yaml_node *node);
DEFINE_CLEANUP(struct yaml_node, yaml_free)

/* A map's member or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* Scalars as typed values by YAML 1.2's core schema; false where the text is not of that type. */
bool yaml_as_bool(const struct yaml_node *node, bool *value);
bool yaml_as_number(const struct yaml_node *node, double *value);

/* The first scalar from `node` on that is a number too large for a double, which yaml_as_number and
 * yaml_to_json take for a text; NULL: none. */
const struct yaml_node *yaml_too_large(const struct yaml_node *node);

/* The same tree as JSON, scalars typed by the core schema (null, bool, number, string). */
cJSON *yaml_to_json(const struct yaml_node *node);

#endif
