/* lib/base/yaml.c - YAML as a tree with line numbers; libyaml scans, this builds and refuses. */
#include "base/yaml.h"
#include "base/number.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <yaml.h>

#define DEPTH_MAX 32
#define NODES_MAX 100000
#define SCALAR_MAX (1U << 20)

struct reader {
    yaml_parser_t parser;
    const char *what;
    size_t nodes;
    struct mlops_error *err;
};

static int line_of(yaml_mark_t mark)
{
    return (int)mark.line + 1;
}

static int refuse(struct reader *reader, int line, const char *why)
{
    return mlops_fail(reader->err, MLOPS_INVALID, "%s:%d: %s", reader->what, line, why);
}

static int next_event(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return MLOPS_OK;
    const yaml_parser_t *p = &reader->parser;
    int line = p->error == YAML_READER_ERROR ? line_of(p->mark) : line_of(p->problem_mark);
    mlops_fail(reader->err, MLOPS_INVALID, "%s:%d: %s", reader->what, line,
               p->problem ? p->problem : "not YAML that can be read");
    if (p->problem && strstr(p->problem, "cannot start any token"))
        return mlops_hint(reader->err, "a tab, '@', '%%' or '`' stands where something begins: "
                                       "indent with blanks, and put such values in quotes");
    return MLOPS_INVALID;
}

/* What the subset leaves out, of events that begin a node. */
static const char *unsupported(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return "aliases (*name) are not supported";
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default:
        break;
    }
    if (anchor)
        return "anchors (&name) are not supported";
    return tag ? "tags (!name) are not supported" : NULL;
}

static void append(struct yaml_node *parent, struct yaml_node *child)
{
    GROW(parent->items, parent->count, &parent->capacity);
    parent->items[parent->count++] = child;
}

static bool is_null_text(const char *text)
{
    return str_equal(text, "") || str_equal(text, "~") || str_equal(text, "null") ||
           str_equal(text, "Null") || str_equal(text, "NULL");
}

static int read_scalar(struct reader *reader, const yaml_event_t *event, struct yaml_node *node)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (length > SCALAR_MAX)
        return refuse(reader, node->line, "a text is longer than 1 MiB");
    if (memchr(value, '\0', length))
        return refuse(reader, node->line, "a text has a NUL byte");
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = xstrndup(value, length);
    node->kind = !node->quoted && is_null_text(node->text) ? YAML_NULL : YAML_SCALAR;
    return MLOPS_OK;
}

static int read_node(struct reader *reader, yaml_event_t *event, int depth, struct yaml_node **out);

static int read_key(struct reader *reader, const yaml_event_t *event, const struct yaml_node *map,
                    char **key)
{
    int line = line_of(event->start_mark);
    const char *wrong = unsupported(event);
    if (wrong)
        return refuse(reader, line, wrong);
    if (event->type != YAML_SCALAR_EVENT)
        return refuse(reader, line, "a key must be a plain text");
    size_t length = event->data.scalar.length;
    const char *text = (const char *)event->data.scalar.value;
    if (length > 1024 || memchr(text, '\0', length))
        return refuse(reader, line, "a key is too long or has a NUL byte");
    if (str_equal(text, "<<"))
        return refuse(reader, line, "merge keys (<<) are not supported");
    const struct yaml_node *first = yaml_get(map, text);
    if (first)
        return mlops_fail(reader->err, MLOPS_INVALID,
                          "%s:%d: the key '%s' stands twice (first in line %d)", reader->what, line,
                          text, first->line);
    *key = xstrndup(text, length);
    return MLOPS_OK;
}

static void event_delete(yaml_event_t *event)
{
    yaml_event_delete(event);
}

/* The items of the list or map that has just begun, up to its end. */
static int read_items(struct reader *reader, struct yaml_node *parent, int depth)
{
    for (;;) {
        _cleanup_(event_delete) yaml_event_t event = {0};
        TRY(next_event(reader, &event));
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
            return MLOPS_OK;
        if (parent->kind == YAML_LIST) {
            struct yaml_node *child = NULL;
            int code = read_node(reader, &event, depth, &child);
            if (child)
                append(parent, child);
            TRY(code);
            continue;
        }
        _cleanup_(free_string) char *key = NULL;
        TRY(read_key(reader, &event, parent, &key));
        int line = line_of(event.start_mark);
        _cleanup_(event_delete) yaml_event_t value = {0};
        TRY(next_event(reader, &value));
        struct yaml_node *child = NULL;
        int code = read_node(reader, &value, depth, &child);
        if (child) {
            child->key = TAKE_PTR(key);
            child->line = line;
            append(parent, child);
        }
        TRY(code);
    }
}

/* `*out` is set, to be freed by the caller, also where reading it fails midway. */
static int read_node(struct reader *reader, yaml_event_t *event, int depth, struct yaml_node **out)
{
    int line = line_of(event->start_mark);
    const char *wrong = unsupported(event);
    if (wrong)
        return refuse(reader, line, wrong);
    if (depth > DEPTH_MAX)
        return refuse(reader, line, "nested too deep");
    if (++reader->nodes > NODES_MAX)
        return refuse(reader, line, "too many entries");
    struct yaml_node *node = *out = xcalloc(1, sizeof(*node));
    node->line = line;
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(reader, event, node);
    node->kind = event->type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST;
    return read_items(reader, node, depth + 1);
}

static int read_document(struct reader *reader, struct yaml_node **root)
{
    for (bool seen = false;;) {
        _cleanup_(event_delete) yaml_event_t event = {0};
        TRY(next_event(reader, &event));
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (seen)
                return refuse(reader, line_of(event.start_mark), "a second document begins");
            seen = true;
            break;
        case YAML_STREAM_END_EVENT:
            if (!*root)
                *root = xcalloc(1, sizeof(**root)), (*root)->line = 1;
            return MLOPS_OK;
        default:
            TRY(read_node(reader, &event, 0, root));
        }
    }
}

int yaml_parse(const char *text, size_t length, const char *what, struct yaml_node **root,
               struct mlops_error *err)
{
    struct reader reader = {.what = what, .err = err};
    if (!yaml_parser_initialize(&reader.parser))
        return mlops_fail(err, MLOPS_IO, "%s: libyaml did not start", what);
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* as editors on Windows write it */
        text += 3;
        length -= 3;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    struct yaml_node *tree = NULL;
    int code = read_document(&reader, &tree);
    yaml_parser_delete(&reader.parser);
    if (code) {
        yaml_free(tree);
        return code;
    }
    *root = tree;
    return MLOPS_OK;
}

void yaml_free(struct yaml_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->count; i++)
        yaml_free(node->items[i]);
    free(node->items);
    free(node->key);
    free(node->text);
    free(node);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
        if (str_equal(map->items[i]->key, key))
            return map->items[i];
    return NULL;
}

bool yaml_as_bool(const struct yaml_node *node, bool *value)
{
    static const char *const words[] = {"false", "False", "FALSE", "true", "True", "TRUE"};
    for (size_t i = 0; node->kind == YAML_SCALAR && !node->quoted && i < ARRAY_LENGTH(words); i++)
        if (str_equal(node->text, words[i])) {
            *value = i >= 3;
            return true;
        }
    return false;
}

/* YAML 1.2.2 §10.3.2: [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?, also
 * 0x and 0o integers. Infinities and NaN are left as text: no field of ours wants them. What is too
 * large for a double is infinite here. */
static bool scan_number(const struct yaml_node *node, double *value)
{
    if (node->kind != YAML_SCALAR || node->quoted)
        return false;
    const char *c = node->text;
    if (c[0] == '0' && (c[1] == 'x' || c[1] == 'o')) {
        const char *digits = c[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
        size_t count = strspn(c + 2, digits);
        errno = 0;
        *value = (double)strtoull(c + 2, NULL, c[1] == 'x' ? 16 : 8);
        if (errno == ERANGE)
            *value = HUGE_VAL;
        return count > 0 && c[2 + count] == '\0';
    }
    c += *c == '-' || *c == '+';
    size_t whole = strspn(c, "0123456789");
    c += whole;
    size_t fraction = 0;
    if (*c == '.') {
        fraction = strspn(c + 1, "0123456789");
        c += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*c == 'e' || *c == 'E') {
        c++;
        c += *c == '-' || *c == '+';
        size_t exponent = strspn(c, "0123456789");
        if (exponent == 0)
            return false;
        c += exponent;
    }
    return *c == '\0' && number_parse(node->text, strlen(node->text), value);
}

bool yaml_as_number(const struct yaml_node *node, double *value)
{
    return scan_number(node, value) && isfinite(*value);
}

const struct yaml_node *yaml_too_large(const struct yaml_node *node)
{
    const struct yaml_node *found = NULL;
    double value;
    if (scan_number(node, &value) && !isfinite(value))
        return node;
    for (size_t i = 0; i < node->count && !found; i++)
        found = yaml_too_large(node->items[i]);
    return found;
}

cJSON *yaml_to_json(const struct yaml_node *node)
{
    bool truth;
    double number;
    if (node->kind == YAML_NULL)
        return xcheck(cJSON_CreateNull());
    if (node->kind == YAML_SCALAR) {
        if (yaml_as_bool(node, &truth))
            return xcheck(cJSON_CreateBool(truth));
        if (yaml_as_number(node, &number))
            return xcheck(cJSON_CreateNumber(number));
        return xcheck(cJSON_CreateString(node->text));
    }
    cJSON *json = xcheck(node->kind == YAML_MAP ? cJSON_CreateObject() : cJSON_CreateArray());
    for (size_t i = 0; i < node->count; i++) {
        cJSON *item = yaml_to_json(node->items[i]);
        if (node->kind == YAML_MAP)
            cJSON_AddItemToObject(json, node->items[i]->key, item);
        else
            cJSON_AddItemToArray(json, item);
    }
    return json;
}
