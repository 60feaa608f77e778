/*
 * lib/base/toml.h - TOML as a tree that remembers its lines.
 *
 * Format: TOML 1.0.0 (toml.io/en/v1.0.0), all of it but texts and keys with NUL characters, which
 * are refused. Dates and times are checked and kept as they were written.
 */
#ifndef BASE_TOML_H
#define BASE_TOML_H
#include "base/util.h"

#define TOML_DEPTH_MAX 64       /* tables and arrays within each other, and parts of a dotted key */
#define TOML_NODES_MAX 4000000u /* tables, arrays and values */

enum toml_kind {
    TOML_TABLE,
    TOML_ARRAY,
    TOML_STRING,
    TOML_INTEGER,
    TOML_FLOAT,
    TOML_BOOL,
    TOML_TIME,
};

/* How a table or array came to be, which decides who may add to it. */
enum toml_origin {
    TOML_IMPLIED,  /* a table above that of a header */
    TOML_HEADER,   /* [table] */
    TOML_DOTTED,   /* a table above the last part of a dotted key */
    TOML_SEALED,   /* {inline} and [array]: whole as it stands */
    TOML_REPEATED, /* the array of [[table]] */
};

struct toml_node {
    enum toml_kind kind;
    enum toml_origin origin;
    int line;                 /* first is 1 */
    char *key;                /* in a table: this node's key */
    char *text;               /* strings, UTF-8; times as written */
    int64_t integer;          /* integers */
    double number;            /* floats, integers */
    bool truth;               /* bools */
    struct toml_node **items; /* tables and arrays: children, in file order */
    size_t count, capacity;
    uint32_t *slots; /* of a larger table: where each key is, plus 1; 0: none */
    size_t slot_count;
};

/*
 * Parse `length` bytes; `what` is the file's name in messages. The caller frees `*root`, a table.
 * Errors: MLOPS_INVALID with `what` and the line, also beyond the limits above.
 */
int toml_parse(const char *text, size_t length, const char *what, struct toml_node **root,
               struct mlops_error *err);
void toml_free(struct toml_node *node);
DEFINE_CLEANUP(struct toml_node, toml_free)

/* A table's member or NULL; NULL too where `table` is NULL or no table. */
const struct toml_node *toml_get(const struct toml_node *table, const char *key);
/* The text of a table's member that is a string, or NULL. */
const char *toml_text(const struct toml_node *table, const char *key);
/* A table's member that is an array, or NULL. */
const struct toml_node *toml_array(const struct toml_node *table, const char *key);

#endif
