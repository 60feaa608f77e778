/* lib/base/toml.c - TOML's tables and arrays: who may define what, and how often. */
#include "base/path.h"
#include "base/toml_scan.h"

#define INDEX_FROM 16 /* members of a table from which on it has an index */

void toml_free(struct toml_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->count; i++)
        toml_free(node->items[i]);
    free(node->items);
    free(node->slots);
    free(node->key);
    free(node->text);
    free(node);
}

/* ---- members of tables ---------------------------------------------------------------------- */

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

/* The slot of `key`, or the free one where it would be. */
static size_t slot_of(const struct toml_node *table, const char *key)
{
    size_t slot = (size_t)hash_of(key) & (table->slot_count - 1);
    while (table->slots[slot] && !str_equal(table->items[table->slots[slot] - 1]->key, key))
        slot = (slot + 1) & (table->slot_count - 1);
    return slot;
}

static void index_table(struct toml_node *table)
{
    if (table->count < INDEX_FROM || table->count < table->slot_count / 2)
        return;
    free(table->slots);
    table->slot_count = table->slot_count ? table->slot_count * 4 : 64;
    table->slots = xcalloc(table->slot_count, sizeof(*table->slots));
    for (size_t i = 0; i < table->count; i++)
        table->slots[slot_of(table, table->items[i]->key)] = (uint32_t)i + 1;
}

static struct toml_node *find(const struct toml_node *table, const char *key)
{
    if (table->slots) {
        uint32_t place = table->slots[slot_of(table, key)];
        return place ? table->items[place - 1] : NULL;
    }
    for (size_t i = 0; i < table->count; i++)
        if (str_equal(table->items[i]->key, key))
            return table->items[i];
    return NULL;
}

/* A new child of `parent`, which owns it; `key` is taken over, NULL in arrays. */
static int add(struct toml_scan *scan, struct toml_node *parent, enum toml_kind kind,
               enum toml_origin origin, char *key, struct toml_node **child)
{
    if (scan->nodes++ >= TOML_NODES_MAX) {
        free(key);
        return toml_refuse(scan, "the file has more than %u values", TOML_NODES_MAX);
    }
    *child = xcalloc(1, sizeof(**child));
    **child = (struct toml_node){.kind = kind, .origin = origin, .line = scan->line, .key = key};
    GROW(parent->items, parent->count, &parent->capacity);
    parent->items[parent->count++] = *child;
    if (!key)
        return MLOPS_OK;
    if (parent->slots)
        parent->slots[slot_of(parent, key)] = (uint32_t)parent->count;
    index_table(parent);
    return MLOPS_OK;
}

/* ---- keys ----------------------------------------------------------------------------------- */

static bool in_bare_key(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
           c == '-';
}

static int take_key(struct toml_scan *scan, char **key)
{
    const char *from = scan->at;
    if (toml_sees(scan, "\"") || toml_sees(scan, "'"))
        return toml_scan_string(scan, false, key);
    while (scan->at < scan->end && in_bare_key(*scan->at))
        scan->at++;
    if (scan->at == from)
        return toml_refuse(scan, "a key is missing or has to stand in quotes");
    *key = xstrndup(from, (size_t)(scan->at - from));
    return MLOPS_OK;
}

/* Past a dot with its blanks; false where none is next. */
static bool take_dot(struct toml_scan *scan)
{
    toml_skip_blanks(scan);
    if (!toml_sees(scan, "."))
        return false;
    scan->at++;
    toml_skip_blanks(scan);
    return true;
}

static int twice(const struct toml_scan *scan, const struct toml_node *first)
{
    return toml_refuse(scan, "'%.128s' is defined twice (first in line %d)",
                       first->key ? first->key : "", first->line);
}

/* The table that a part before the last of a header or key names, made where it is not there. */
static int enter(struct toml_scan *scan, struct toml_node **table, char *key, bool header)
{
    struct toml_node *found = find(*table, key);
    if (!found)
        return add(scan, *table, TOML_TABLE, header ? TOML_IMPLIED : TOML_DOTTED, key, table);
    free(key);
    if (header && found->kind == TOML_ARRAY && found->origin == TOML_REPEATED)
        found = found->items[found->count - 1];
    else if (found->kind != TOML_TABLE || found->origin == TOML_SEALED ||
             (!header && found->origin != TOML_DOTTED))
        return twice(scan, found);
    *table = found;
    return MLOPS_OK;
}

/* All parts of a key but the last, whose text is `*last`. The caller frees it. */
static int take_path(struct toml_scan *scan, struct toml_node **table, bool header, char **last)
{
    for (int depth = 0;; depth++) {
        _cleanup_(free_string) char *key = NULL;
        TRY(take_key(scan, &key));
        if (!take_dot(scan)) {
            *last = TAKE_PTR(key);
            return MLOPS_OK;
        }
        if (depth == TOML_DEPTH_MAX)
            return toml_refuse(scan, "a key has more than %d parts", TOML_DEPTH_MAX);
        TRY(enter(scan, table, TAKE_PTR(key), header));
    }
}

/* ---- values --------------------------------------------------------------------------------- */

static int take_value(struct toml_scan *scan, struct toml_node *node, int depth);

static int take_pair(struct toml_scan *scan, struct toml_node *table, int depth)
{
    _cleanup_(free_string) char *key = NULL;
    struct toml_node *node;
    TRY(take_path(scan, &table, false, &key));
    if (!toml_sees(scan, "="))
        return toml_refuse(scan, "'=' is missing behind the key '%.128s'", key);
    scan->at++;
    toml_skip_blanks(scan);
    const struct toml_node *first = find(table, key);
    if (first)
        return twice(scan, first);
    TRY(add(scan, table, TOML_BOOL, TOML_SEALED, TAKE_PTR(key), &node));
    return take_value(scan, node, depth);
}

/* Blanks, comments and ends of line, as stand between the items of an array. */
static int skip_between(struct toml_scan *scan)
{
    do {
        toml_skip_blanks(scan);
        TRY(toml_skip_comment(scan));
    } while (toml_skip_newline(scan));
    return MLOPS_OK;
}

static int take_array(struct toml_scan *scan, struct toml_node *array, int depth)
{
    array->kind = TOML_ARRAY;
    scan->at++;
    for (;;) {
        struct toml_node *item;
        TRY(skip_between(scan));
        if (toml_sees(scan, "]"))
            break;
        TRY(add(scan, array, TOML_BOOL, TOML_SEALED, NULL, &item));
        TRY(take_value(scan, item, depth));
        TRY(skip_between(scan));
        if (toml_sees(scan, "]"))
            break;
        if (!toml_sees(scan, ","))
            return toml_refuse(scan, "',' or ']' is missing in an array");
        scan->at++;
    }
    scan->at++;
    return MLOPS_OK;
}

static void seal(struct toml_node *table)
{
    table->origin = TOML_SEALED;
    for (size_t i = 0; i < table->count; i++)
        if (table->items[i]->origin == TOML_DOTTED)
            seal(table->items[i]);
}

static int take_inline(struct toml_scan *scan, struct toml_node *table, int depth)
{
    table->kind = TOML_TABLE;
    scan->at++;
    toml_skip_blanks(scan);
    while (!toml_sees(scan, "}")) {
        TRY(take_pair(scan, table, depth));
        toml_skip_blanks(scan);
        if (toml_sees(scan, "}"))
            break;
        if (!toml_sees(scan, ","))
            return toml_refuse(scan, "',' or '}' is missing in an inline table");
        scan->at++;
        toml_skip_blanks(scan);
        if (toml_sees(scan, "}"))
            return toml_refuse(scan, "an inline table must not end with a comma");
    }
    scan->at++;
    seal(table);
    return MLOPS_OK;
}

static int take_value(struct toml_scan *scan, struct toml_node *node, int depth)
{
    if (depth == TOML_DEPTH_MAX)
        return toml_refuse(scan, "values lie more than %d deep", TOML_DEPTH_MAX);
    if (toml_sees(scan, "["))
        return take_array(scan, node, depth + 1);
    if (toml_sees(scan, "{"))
        return take_inline(scan, node, depth + 1);
    if (toml_sees(scan, "\"") || toml_sees(scan, "'")) {
        node->kind = TOML_STRING;
        return toml_scan_string(scan, true, &node->text);
    }
    return toml_scan_word(scan, node);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static int define_table(struct toml_scan *scan, struct toml_node *above, char *key,
                        struct toml_node **table)
{
    struct toml_node *found = find(above, key);
    if (!found)
        return add(scan, above, TOML_TABLE, TOML_HEADER, key, table);
    free(key);
    if (found->kind != TOML_TABLE || found->origin != TOML_IMPLIED)
        return twice(scan, found);
    found->origin = TOML_HEADER;
    *table = found;
    return MLOPS_OK;
}

static int append_table(struct toml_scan *scan, struct toml_node *above, char *key,
                        struct toml_node **table)
{
    struct toml_node *array = find(above, key);
    if (!array) {
        TRY(add(scan, above, TOML_ARRAY, TOML_REPEATED, key, &array));
    } else {
        free(key);
        if (array->kind != TOML_ARRAY || array->origin != TOML_REPEATED)
            return twice(scan, array);
    }
    return add(scan, array, TOML_TABLE, TOML_HEADER, NULL, table);
}

/* [table] or [[table]]: `*table` is where the following pairs go. */
static int take_header(struct toml_scan *scan, struct toml_node *root, struct toml_node **table)
{
    _cleanup_(free_string) char *key = NULL;
    bool repeated = toml_sees(scan, "[[");
    struct toml_node *above = root;
    scan->at += repeated ? 2 : 1;
    toml_skip_blanks(scan);
    TRY(take_path(scan, &above, true, &key));
    if (!toml_sees(scan, repeated ? "]]" : "]"))
        return toml_refuse(scan, "the header of a table does not end with ']'");
    scan->at += repeated ? 2 : 1;
    return repeated ? append_table(scan, above, TAKE_PTR(key), table)
                    : define_table(scan, above, TAKE_PTR(key), table);
}

static int take_lines(struct toml_scan *scan, struct toml_node *root)
{
    struct toml_node *table = root;
    for (;;) {
        TRY(skip_between(scan));
        if (scan->at == scan->end)
            return MLOPS_OK;
        if (toml_sees(scan, "["))
            TRY(take_header(scan, root, &table));
        else
            TRY(take_pair(scan, table, 0));
        toml_skip_blanks(scan);
        TRY(toml_skip_comment(scan));
        if (scan->at < scan->end && !toml_skip_newline(scan))
            return toml_refuse(scan, "something stands behind a value or a header");
    }
}

int toml_parse(const char *text, size_t length, const char *what, struct toml_node **root,
               struct mlops_error *err)
{
    struct toml_scan scan = {.what = what, .line = 1, .err = err};
    _cleanup_(toml_free_ptr) struct toml_node *tree = xcalloc(1, sizeof(*tree));
    *root = NULL;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    if (length > 0 && !utf8_valid(text, length))
        return mlops_fail(err, MLOPS_INVALID, "%s: not in UTF-8", what);
    tree->line = 1;
    scan.at = length ? text : "";
    scan.end = scan.at + length;
    TRY(take_lines(&scan, tree));
    *root = TAKE_PTR(tree);
    return MLOPS_OK;
}

const struct toml_node *toml_get(const struct toml_node *table, const char *key)
{
    return table && table->kind == TOML_TABLE ? find(table, key) : NULL;
}

const char *toml_text(const struct toml_node *table, const char *key)
{
    const struct toml_node *node = toml_get(table, key);
    return node && node->kind == TOML_STRING ? node->text : NULL;
}

const struct toml_node *toml_array(const struct toml_node *table, const char *key)
{
    const struct toml_node *node = toml_get(table, key);
    return node && node->kind == TOML_ARRAY ? node : NULL;
}
