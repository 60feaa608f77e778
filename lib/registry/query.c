/*
 * lib/registry/query.c - conditions parsed by recursive descent, and judged.
 *
 *     any     = all { "or" all }
 *     all     = not { "and" not }
 *     not     = "not" not | "(" any ")" | compare
 *     compare = FIELD [ ("=" | "!=" | "<" | "<=" | ">" | ">=" | "~") VALUE ]
 */
#include "registry/query.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/number.h"
#include "base/path.h"
#include "base/regex.h"
#include "registry/query_field.h"
#include <ctype.h>
#include <mlops/text.h>
#include <stdio.h>

enum node_kind { NODE_OR, NODE_AND, NODE_NOT, NODE_COMPARE, NODE_EXISTS };
enum operator{
    OPERATOR_EQUAL,
    OPERATOR_UNEQUAL,
    OPERATOR_LESS,
    OPERATOR_LESS_EQUAL,
    OPERATOR_MORE,
    OPERATOR_MORE_EQUAL,
    OPERATOR_MATCH
};

struct node {
    enum node_kind kind;
    struct node *left, *right; /* right: OR and AND alone */
    size_t field;              /* COMPARE and EXISTS: its index */
    enum operator operator;
    char *text;      /* the value as it was written */
    bool has_number; /* and what it is as one, unless it stood in quotes */
    double number;
    bool has_time;
    int64_t time_ns;
    struct regex *pattern;
};

struct query {
    struct node *root; /* NULL: holds for everything */
    char **fields;
    size_t field_count, field_capacity;
};

struct parser {
    const char *text;
    size_t length, at;
    int depth, comparisons;
    struct query *query;
    struct mlops_error *err;
};

/* ---- what stands in the text ---------------------------------------------------------------- */

static int wrong(struct parser *parser, size_t at, const char *format, ...) MLOPS_PRINTF(3, 4);
static int wrong(struct parser *parser, size_t at, const char *format, ...)
{
    char why[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(why, sizeof(why), format, arguments); /* cut where too long, on purpose */
    va_end(arguments);
    return mlops_fail(parser->err, MLOPS_INVALID, "the condition is wrong at character %zu: %s",
                      at + 1, why);
}

static void skip_blanks(struct parser *parser)
{
    while (parser->at < parser->length && isspace((unsigned char)parser->text[parser->at]))
        parser->at++;
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("._-/:@%+[]*^$", c)) ||
           (unsigned char)c >= 0x80;
}

static size_t word_length(const struct parser *parser)
{
    size_t length = 0;

    while (parser->at + length < parser->length && is_word_char(parser->text[parser->at + length]))
        length++;
    return length;
}

/* Is the keyword next, in small or capital letters? Then it is passed. */
static bool pass_keyword(struct parser *parser, const char *keyword)
{
    skip_blanks(parser);
    size_t length = word_length(parser);
    if (length != strlen(keyword) || strncasecmp(parser->text + parser->at, keyword, length) != 0)
        return false;
    parser->at += length;
    return true;
}

static bool pass(struct parser *parser, char c)
{
    skip_blanks(parser);
    if (parser->at == parser->length || parser->text[parser->at] != c)
        return false;
    parser->at++;
    return true;
}

/* What stands next, for messages. The caller frees. */
static char *next_thing(const struct parser *parser)
{
    if (parser->at >= parser->length)
        return xstrdup("the end");
    size_t length = word_length(parser);
    char text[48];
    (void)snprintf(text, sizeof(text), "%.*s", (int)(length ? length : 1),
                   parser->text + parser->at);
    _cleanup_(free_string) char *shown = escape_name(text);
    return xprintf("'%s'", shown);
}

/* A text in quotes; the same quote within is written twice. The caller frees `*text`. */
static int take_quoted(struct parser *parser, char **text)
{
    _cleanup_(buffer_clear) struct buffer content = {0};
    size_t from = parser->at;
    char quote = parser->text[parser->at++];

    for (; parser->at < parser->length; parser->at++) {
        char c = parser->text[parser->at];
        if (c == quote) {
            if (parser->at + 1 == parser->length || parser->text[parser->at + 1] != quote) {
                parser->at++;
                *text = buffer_steal(&content);
                return MLOPS_OK;
            }
            parser->at++;
        }
        buffer_putc(&content, c);
    }
    return wrong(parser, from, "the %c is never closed", quote);
}

/* ---- fields --------------------------------------------------------------------------------- */

static size_t add_field(struct query *query, const char *name)
{
    for (size_t i = 0; i < query->field_count; i++)
        if (str_equal(query->fields[i], name))
            return i;
    GROW(query->fields, query->field_count, &query->field_capacity);
    query->fields[query->field_count] = xstrdup(name);
    return query->field_count++;
}

static int take_field(struct parser *parser, size_t *field, enum field_type *type)
{
    _cleanup_(free_string) char *name = NULL;

    skip_blanks(parser);
    size_t from = parser->at, length = word_length(parser);
    if (parser->at < parser->length && parser->text[parser->at] == '`') {
        TRY(take_quoted(parser, &name));
    } else if (length > 0) {
        name = xstrndup(parser->text + parser->at, length);
        parser->at += length;
    } else {
        _cleanup_(free_string) char *found = next_thing(parser);
        return wrong(parser, from, "a field such as metrics.auc is expected, not %s", found);
    }
    TRY(query_field_check(name, from + 1, parser->err));
    *type = query_field_type(name);
    *field = add_field(parser->query, name);
    return MLOPS_OK;
}

/* ---- comparisons ---------------------------------------------------------------------------- */

static bool take_operator(struct parser *parser, enum operator* operator)
{
    static const struct {
        const char *text;
        enum operator operator;
    } operators[] = {{"==", OPERATOR_EQUAL},      {"!=", OPERATOR_UNEQUAL},
                     {"<=", OPERATOR_LESS_EQUAL}, {">=", OPERATOR_MORE_EQUAL},
                     {"=", OPERATOR_EQUAL},       {"<", OPERATOR_LESS},
                     {">", OPERATOR_MORE},        {"~", OPERATOR_MATCH}};

    skip_blanks(parser);
    for (size_t i = 0; i < ARRAY_LENGTH(operators); i++) {
        size_t length = strlen(operators[i].text);
        if (parser->length - parser->at < length ||
            memcmp(parser->text + parser->at, operators[i].text, length) != 0)
            continue;
        parser->at += length;
        *operator= operators[i].operator;
        return true;
    }
    return false;
}

static int compile(struct parser *parser, size_t at, struct node *node)
{
    struct mlops_error why = {0};

    if (strlen(node->text) > QUERY_PATTERN_MAX)
        return wrong(parser, at, "the pattern is longer than %d bytes", QUERY_PATTERN_MAX);
    if (regex_compile(node->text, &node->pattern, &why))
        return wrong(parser, at, "%s", why.message);
    return MLOPS_OK;
}

/* The value that fits a field of `type`. */
static int check_value(struct parser *parser, size_t at, enum field_type type, bool quoted,
                       struct node *node)
{
    struct mlops_error ignored = {0};
    const char *text = node->text;
    int64_t ago_ns;

    node->has_number = !quoted && number_parse(text, strlen(text), &node->number);
    if (!quoted && (str_equal(text, "true") || str_equal(text, "false"))) {
        node->has_number = true;
        node->number = *text == 't';
    }
    if (node->operator== OPERATOR_MATCH) {
        if (type != FIELD_TEXT && type != FIELD_ANY && type != FIELD_SET)
            return wrong(parser, at, "~ is for texts, and '%s' is none",
                         parser->query->fields[node->field]);
        return compile(parser, at, node);
    }
    if (type == FIELD_NUMBER && !node->has_number)
        return wrong(parser, at, "'%s' is compared with a number, and '%s' is none",
                     parser->query->fields[node->field], text);
    if (type == FIELD_TIME) {
        node->has_time = true;
        if (mlops_time_parse(text, &node->time_ns, &ignored))
            return wrong(parser, at, "'%s' is not a time such as 2026-05-03 or 2026-05-03T09:30Z",
                         text);
    }
    if (type == FIELD_AGE) {
        if (mlops_duration_parse(text, &ago_ns, &ignored))
            return wrong(parser, at, "'%s' is not a duration such as 7d or 12h", text);
        node->has_number = true;
        node->number = (double)ago_ns;
    }
    return MLOPS_OK;
}

static int take_value(struct parser *parser, enum field_type type, struct node *node)
{
    skip_blanks(parser);
    size_t at = parser->at, length = word_length(parser);
    char c = at < parser->length ? parser->text[at] : '\0';
    bool quoted = c == '\'' || c == '"';

    if (quoted) {
        TRY(take_quoted(parser, &node->text));
    } else if (length > 0) {
        node->text = xstrndup(parser->text + at, length);
        parser->at += length;
    } else {
        _cleanup_(free_string) char *found = next_thing(parser);
        return wrong(parser, at, "a value is expected, not %s", found);
    }
    return check_value(parser, at, type, quoted, node);
}

/* ---- the tree ------------------------------------------------------------------------------- */

static int take_any(struct parser *parser, struct node **node);

static struct node *new_node(enum node_kind kind, struct node *left, struct node *right)
{
    struct node *node = xcalloc(1, sizeof(*node));

    *node = (struct node){.kind = kind, .left = left, .right = right};
    return node;
}

static int take_compare(struct parser *parser, struct node **node)
{
    enum field_type type = FIELD_ANY;
    struct node *own = *node = new_node(NODE_EXISTS, NULL, NULL);

    if (++parser->comparisons > QUERY_COMPARISONS_MAX)
        return wrong(parser, parser->at, "more than %d comparisons", QUERY_COMPARISONS_MAX);
    TRY(take_field(parser, &own->field, &type));
    if (!take_operator(parser, &own->operator))
        return MLOPS_OK;
    own->kind = NODE_COMPARE;
    return take_value(parser, type, own);
}

/* `*node` is set, to be freed by the caller, also where reading it fails midway. */
static int take_not(struct parser *parser, struct node **node)
{
    skip_blanks(parser);
    size_t at = parser->at;

    if (parser->depth == QUERY_DEPTH_MAX)
        return wrong(parser, at, "nested deeper than %d", QUERY_DEPTH_MAX);
    if (pass_keyword(parser, "not")) {
        parser->depth++;
        *node = new_node(NODE_NOT, NULL, NULL);
        TRY(take_not(parser, &(*node)->left));
        parser->depth--;
        return MLOPS_OK;
    }
    if (!pass(parser, '('))
        return take_compare(parser, node);
    parser->depth++;
    TRY(take_any(parser, node));
    parser->depth--;
    if (pass(parser, ')'))
        return MLOPS_OK;
    _cleanup_(free_string) char *found = next_thing(parser);
    return wrong(parser, parser->at,
                 "the ( at character %zu is not closed: 'and', 'or' or ) is "
                 "expected, not %s",
                 at + 1, found);
}

static int take_all(struct parser *parser, struct node **node)
{
    TRY(take_not(parser, node));
    while (pass_keyword(parser, "and")) {
        *node = new_node(NODE_AND, *node, NULL);
        TRY(take_not(parser, &(*node)->right));
    }
    return MLOPS_OK;
}

static int take_any(struct parser *parser, struct node **node)
{
    TRY(take_all(parser, node));
    while (pass_keyword(parser, "or")) {
        *node = new_node(NODE_OR, *node, NULL);
        TRY(take_all(parser, &(*node)->right));
    }
    return MLOPS_OK;
}

static int parse(struct parser *parser)
{
    const char *nul = memchr(parser->text, '\0', parser->length);

    if (parser->length > QUERY_LENGTH_MAX)
        return mlops_fail(parser->err, MLOPS_INVALID, "the condition is longer than %d bytes",
                          QUERY_LENGTH_MAX);
    if (nul || !utf8_valid(parser->text, parser->length))
        return mlops_fail(parser->err, MLOPS_INVALID, "the condition is not UTF-8 text");
    skip_blanks(parser);
    if (parser->at == parser->length)
        return mlops_fail(parser->err, MLOPS_INVALID, "the condition is empty");
    TRY(take_any(parser, &parser->query->root));
    skip_blanks(parser);
    if (parser->at == parser->length)
        return MLOPS_OK;
    _cleanup_(free_string) char *found = next_thing(parser);
    return wrong(parser, parser->at, "'and' or 'or' is expected, not %s", found);
}

int query_parse(const char *text, size_t length, struct query **query, struct mlops_error *err)
{
    _cleanup_(query_free_ptr) struct query *own = xcalloc(1, sizeof(*own));
    struct parser parser = {.text = text, .length = length, .query = own, .err = err};

    TRY(parse(&parser));
    *query = TAKE_PTR(own);
    return MLOPS_OK;
}

/* As deep as there are comparisons and brackets, at most. */
static void node_free(struct node *node)
{
    if (!node)
        return;
    node_free(node->left);
    node_free(node->right);
    regex_free(node->pattern);
    free(node->text);
    free(node);
}

void query_free(struct query *query)
{
    node_free(query->root);
    for (size_t i = 0; i < query->field_count; i++)
        free(query->fields[i]);
    free(query->fields);
    free(query);
}

size_t query_field_count(const struct query *query)
{
    return query->field_count;
}

const char *query_field(const struct query *query, size_t index)
{
    return query->fields[index];
}

/* ---- judging -------------------------------------------------------------------------------- */

static bool holds(enum operator operator, int order)
{
    switch (operator) {
    case OPERATOR_EQUAL:
        return order == 0;
    case OPERATOR_UNEQUAL:
        return order != 0;
    case OPERATOR_LESS:
        return order < 0;
    case OPERATOR_LESS_EQUAL:
        return order <= 0;
    case OPERATOR_MORE:
        return order > 0;
    case OPERATOR_MORE_EQUAL:
        return order >= 0;
    default:
        return false;
    }
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

/* Digests and commits are equal to their first digits, as everywhere on the command line. */
static bool is_shortened(const char *text, const char *value)
{
    size_t whole = strlen(text), given = strlen(value);
    bool digest = whole == 71 && str_starts(text, "sha256:") && given >= 15;
    bool commit = whole == 40 && given >= 7 && strspn(text, "0123456789abcdef") == 40;

    return (digest || commit) && given < whole && memcmp(text, value, given) == 0;
}

static bool judge_text(const struct node *node, const char *text)
{
    if (node->operator== OPERATOR_MATCH)
        return regex_found(node->pattern, text, strlen(text));
    return holds(node->operator, is_shortened(text, node->text) ? 0 : strcmp(text, node->text));
}

static bool judge_set(const struct node *node, const struct mlops_value *value)
{
    if (node->operator!= OPERATOR_UNEQUAL) {
        for (size_t i = 0; i < value->text_count; i++)
            if (judge_text(node, value->texts[i]))
                return true;
        return false;
    }
    for (size_t i = 0; i < value->text_count; i++)
        if (str_equal(value->texts[i], node->text))
            return false;
    return true;
}

static bool judge_compare(const struct node *node, const struct mlops_value *value)
{
    switch (value->kind) {
    case MLOPS_VALUE_NONE:
        return false;
    case MLOPS_VALUE_SET:
        return judge_set(node, value);
    case MLOPS_VALUE_TIME:
        return node->has_time && holds(node->operator, ORDER(value->time_ns, node->time_ns));
    case MLOPS_VALUE_TEXT:
        return judge_text(node, value->text);
    default:
        if (!node->has_number) /* a number is never what a text says */
            return node->operator== OPERATOR_UNEQUAL;
        return holds(node->operator, ORDER(value->number, node->number));
    }
}

static bool judge(const struct node *node, query_lookup lookup, void *context)
{
    struct mlops_value value = {0};

    switch (node->kind) {
    case NODE_OR:
        return judge(node->left, lookup, context) || judge(node->right, lookup, context);
    case NODE_AND:
        return judge(node->left, lookup, context) && judge(node->right, lookup, context);
    case NODE_NOT:
        return !judge(node->left, lookup, context);
    default:
        lookup(context, node->field, &value);
        if (node->kind == NODE_COMPARE)
            return judge_compare(node, &value);
        return value.kind == MLOPS_VALUE_SET ? value.text_count > 0
                                             : value.kind != MLOPS_VALUE_NONE;
    }
}

bool query_judge(const struct query *query, query_lookup lookup, void *context)
{
    return judge(query->root, lookup, context);
}
