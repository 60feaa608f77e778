/* lib/trust/ubjson.c - values from front to back into a tree, within limits. */
#include "trust/ubjson.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/path.h"
#include "trust/cursor.h"
#include "trust/xgboost.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "ubjson/" id, __VA_ARGS__)

#define SAVE_AGAIN "have the model saved again by XGBoost"
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "the document cannot be followed to its end",
     SAVE_AGAIN);
RULE(trailing, "trailing-bytes", HIGH, UNSAFE, "bytes follow the document",
     SAVE_AGAIN "; find out who made it");
RULE(limit, "limit", MEDIUM, UNREADABLE, "the document has more values than are followed",
     "look into the file by hand, and accept it with a reason");
RULE(kind, "unknown-kind", MEDIUM, UNKNOWN, "the document is no model of XGBoost",
     "find out which program loads this file");

#define DEPTH_MAX 64
#define KEYS_MAX 4096 /* of one object: each is compared with those before it */
#define TEXT_MAX (16u << 20)
#define CANCEL_EVERY 65536

struct document {
    const struct scan_file *file;
    struct cursor cursor;
    struct buffer text;
    uint64_t values;
    int depth;
    bool stopped;
    int code; /* of cancelling */
};

static cJSON *read_value(struct document *document, int marker);

static void stop(struct document *document, const struct rule *rule, const char *what)
{
    if (!document->stopped && !document->cursor.code)
        findings_add(document->file->findings, rule, document->file->path, document->cursor.at,
                     "%s", what);
    document->stopped = true;
}

static int take_byte(struct document *document)
{
    int byte = document->stopped ? -1 : cursor_byte(&document->cursor);
    if (byte < 0)
        stop(document, &rule_damaged, "the document ends here");
    return byte;
}

/* A marker; those that say nothing are passed over. */
static int take_marker(struct document *document)
{
    int marker;
    do
        marker = take_byte(document);
    while (marker == 'N');
    return marker;
}

/* `length` bytes, the highest first. */
static uint64_t take_number(struct document *document, size_t length)
{
    uint8_t bytes[8] = {0};
    uint64_t value = 0;
    if (document->stopped || !cursor_take(&document->cursor, bytes, length)) {
        stop(document, &rule_damaged, "a number is cut off");
        return 0;
    }
    for (size_t i = 0; i < length; i++)
        value = value << 8 | bytes[i];
    return value;
}

static bool take_integer(struct document *document, int marker, int64_t *value)
{
    switch (marker) {
    case 'i':
        *value = (int8_t)take_number(document, 1);
        return true;
    case 'U':
        *value = (int64_t)take_number(document, 1);
        return true;
    case 'I':
        *value = (int16_t)take_number(document, 2);
        return true;
    case 'l':
        *value = (int32_t)take_number(document, 4);
        return true;
    case 'L':
        *value = (int64_t)take_number(document, 8);
        return true;
    default:
        return false;
    }
}

/* The length of a text or a container. */
static bool take_length(struct document *document, uint64_t *length)
{
    int64_t value = -1;
    if (!take_integer(document, take_marker(document), &value) || value < 0) {
        stop(document, &rule_damaged, "a length is no number");
        return false;
    }
    *length = (uint64_t)value;
    return !document->stopped;
}

static bool take_text(struct document *document)
{
    uint64_t length;
    if (document->stopped || !take_length(document, &length))
        return false;
    if (length > cursor_left(&document->cursor) || length > TEXT_MAX) {
        stop(document, &rule_damaged, "a text is longer than the rest of the file");
        return false;
    }
    buffer_reset(&document->text);
    buffer_reserve(&document->text, (size_t)length + 1);
    if (!cursor_take(&document->cursor, document->text.data, (size_t)length)) {
        stop(document, &rule_damaged, "a text is cut off");
        return false;
    }
    document->text.data[length] = '\0';
    if (memchr(document->text.data, '\0', (size_t)length) ||
        !utf8_valid(document->text.data, (size_t)length)) {
        stop(document, &rule_damaged, "a text is none");
        return false;
    }
    return true;
}

/* What may stand between a container's sign and its values: one type for all, and their number. */
struct container {
    int type; /* -1: each has its own */
    bool counted;
    uint64_t count;
};

static bool take_container(struct document *document, struct container *container)
{
    *container = (struct container){.type = -1};
    if (cursor_peek(&document->cursor) == '$') {
        (void)take_byte(document);
        container->type = take_byte(document);
    }
    if (cursor_peek(&document->cursor) == '#') {
        (void)take_byte(document);
        container->counted = take_length(document, &container->count);
        bool bare = container->type > 0 && strchr("ZTF", container->type);
        if (bare && container->count > cursor_left(&document->cursor)) /* memory out of no bytes */
            stop(document, &rule_limit, "a container has more values than the file has bytes");
    } else if (container->type >= 0) {
        stop(document, &rule_damaged, "a container has a type, and no number of values");
    }
    return !document->stopped;
}

/* The sign of the next value, or -1 at the container's end. */
static int next_in(struct document *document, const struct container *container, uint64_t index,
                   int end)
{
    if (document->stopped || (container->counted && index == container->count))
        return -1;
    if (container->type >= 0 && end == ']')
        return container->type;
    int marker = end == ']' ? take_marker(document) : cursor_peek(&document->cursor);
    if (!container->counted && marker == end) {
        if (end == '}')
            (void)take_byte(document);
        return -1;
    }
    if (marker < 0)
        stop(document, &rule_damaged, "a container does not end");
    return marker;
}

static void read_array(struct document *document, cJSON *array)
{
    struct container container;
    if (!take_container(document, &container))
        return;
    for (uint64_t i = 0;; i++) {
        int marker = next_in(document, &container, i, ']');
        if (marker < 0)
            return;
        cJSON *item = read_value(document, marker);
        if (item)
            cJSON_AddItemToArray(array, item);
    }
}

static void read_object(struct document *document, cJSON *object)
{
    struct container container;
    if (!take_container(document, &container))
        return;
    for (uint64_t i = 0; next_in(document, &container, i, '}') >= 0; i++) {
        if (i == KEYS_MAX)
            stop(document, &rule_limit, "an object has more keys than are followed");
        if (!take_text(document))
            return;
        _cleanup_(free_string) char *key = xstrdup(document->text.data);
        if (cJSON_GetObjectItemCaseSensitive(object, key)) {
            stop(document, &rule_damaged, "a key stands twice");
            return;
        }
        cJSON *item =
            read_value(document, container.type >= 0 ? container.type : take_marker(document));
        if (item)
            cJSON_AddItemToObject(object, key, item);
    }
}

static double float_of(uint64_t bits, size_t length)
{
    if (length == 4) {
        uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof(value));
        return (double)value;
    }
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static cJSON *read_plain(struct document *document, int marker)
{
    int64_t integer;
    if (take_integer(document, marker, &integer))
        return cJSON_CreateNumber((double)integer);
    switch (marker) {
    case 'Z':
        return cJSON_CreateNull();
    case 'T':
    case 'F':
        return cJSON_CreateBool(marker == 'T');
    case 'd':
        return cJSON_CreateNumber(float_of(take_number(document, 4), 4));
    case 'D':
        return cJSON_CreateNumber(float_of(take_number(document, 8), 8));
    case 'C':
        return cJSON_CreateNumber((double)take_number(document, 1));
    case 'S':
        return take_text(document) ? cJSON_CreateString(document->text.data) : NULL;
    default:
        stop(document, &rule_damaged, "a value is of a kind that there is not");
        return NULL;
    }
}

static cJSON *read_value(struct document *document, int marker)
{
    if (++document->values > JSON_SCAN_VALUES_MAX)
        stop(document, &rule_limit, "has more values than are followed");
    if (document->values % CANCEL_EVERY == 0 && !document->code) {
        document->code = scan_check_cancelled(document->file, document->cursor.err);
        document->stopped |= document->code != 0;
    }
    if (document->stopped)
        return NULL;
    if (marker != '[' && marker != '{')
        return read_plain(document, marker);
    if (document->depth == DEPTH_MAX) {
        stop(document, &rule_damaged, "values lie within values too deep to follow");
        return NULL;
    }
    document->depth++;
    cJSON *container = xcheck(marker == '[' ? cJSON_CreateArray() : cJSON_CreateObject());
    if (marker == '[')
        read_array(document, container);
    else
        read_object(document, container);
    document->depth--;
    return container;
}

static int judge(struct document *document, const cJSON *root, struct mlops_error *err)
{
    const struct scan_file *file = document->file;
    if (cursor_left(&document->cursor) > 0)
        findings_add(file->findings, &rule_trailing, file->path, document->cursor.at,
                     "%llu bytes follow the document",
                     (unsigned long long)cursor_left(&document->cursor));
    if (xgboost_claims(root))
        return xgboost_scan(file, root, err);
    findings_add(file->findings, &rule_kind, file->path, 0, "is UBJSON, and no model of XGBoost");
    return MLOPS_OK;
}

/* An object, whose first key has a length of one of the kinds that there are, and a short one. */
static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    const uint8_t *head = file->head;
    (void)err;
    *claimed = file->head_length > 12 && head[0] == '{' &&
               ((head[1] == 'L' && memcmp(head + 2, "\0\0\0\0\0\0\0", 7) == 0) ||
                ((head[1] == 'i' || head[1] == 'U') && head[2] > 0 && head[2] < 128)) &&
               head[head[1] == 'L' ? 9 : 2] > 0;
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    struct document *document = xcalloc(1, sizeof(*document)); /* the cursor's block is large */
    document->file = file;
    document->cursor.source = file->source;
    document->cursor.err = err;
    cJSON *root = read_value(document, take_byte(document));
    int code = document->code ? document->code : document->cursor.code;
    if (!code && !document->stopped && root)
        code = judge(document, root, err);
    cJSON_Delete(root);
    buffer_clear(&document->text);
    free(document);
    return code;
}

const struct scanner scanner_ubjson = {
    .format = "UBJSON",
    .extensions = (const char *const[]){"ubj", "ubjson", NULL},
    .claims = claims,
    .scan = scan,
};
