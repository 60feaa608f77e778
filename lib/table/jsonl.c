/* lib/table/jsonl.c - the JSON Lines reader. */
#include "table/jsonl.h"
#include "base/path.h"

/* ---- names ---------------------------------------------------------------------------------- */

struct jsonl_keys {
    char **names;
    uint32_t *lengths;
    size_t count, capacity;
    uint32_t *slots; /* open addressing: place + 1; 0 is empty */
    size_t size;     /* a power of two, at least twice `count` */
};

#define NO_KEY SIZE_MAX

struct jsonl_keys *jsonl_keys_new(void)
{
    struct jsonl_keys *keys = xcalloc(1, sizeof(*keys));
    keys->size = 64;
    keys->slots = xcalloc(keys->size, sizeof(*keys->slots));
    return keys;
}

void jsonl_keys_free(struct jsonl_keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < keys->count; i++)
        free(keys->names[i]);
    free(keys->names);
    free(keys->lengths);
    free(keys->slots);
    free(keys);
}

size_t jsonl_keys_count(const struct jsonl_keys *keys)
{
    return keys->count;
}

struct text_view jsonl_key(const struct jsonl_keys *keys, size_t i)
{
    return (struct text_view){keys->names[i], keys->lengths[i]};
}

static size_t hash(const char *name, size_t length)
{
    uint64_t value = 0xcbf29ce484222325ULL; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        value = (value ^ (unsigned char)name[i]) * 0x100000001b3ULL;
    return (size_t)(value ^ value >> 32);
}

static bool is_key(const struct jsonl_keys *keys, size_t i, const char *name, size_t length)
{
    return i < keys->count && keys->lengths[i] == length &&
           memcmp(keys->names[i], name, length) == 0;
}

static size_t find(const struct jsonl_keys *keys, const char *name, size_t length)
{
    size_t at = hash(name, length) & (keys->size - 1);
    for (; keys->slots[at]; at = (at + 1) & (keys->size - 1))
        if (is_key(keys, keys->slots[at] - 1, name, length))
            return keys->slots[at] - 1;
    return NO_KEY;
}

static void place(struct jsonl_keys *keys, size_t i)
{
    size_t at = hash(keys->names[i], keys->lengths[i]) & (keys->size - 1);
    while (keys->slots[at])
        at = (at + 1) & (keys->size - 1);
    keys->slots[at] = (uint32_t)i + 1;
}

static void add(struct jsonl_keys *keys, const char *name, size_t length)
{
    size_t capacity = keys->capacity;
    GROW(keys->names, keys->count, &keys->capacity);
    if (capacity != keys->capacity)
        keys->lengths = xrealloc(keys->lengths, keys->capacity, sizeof(*keys->lengths));
    keys->names[keys->count] = xstrndup(name, length);
    keys->lengths[keys->count++] = (uint32_t)length;
    if (keys->count * 2 <= keys->size) {
        place(keys, keys->count - 1);
        return;
    }
    free(keys->slots);
    keys->size *= 2;
    keys->slots = xcalloc(keys->size, sizeof(*keys->slots));
    for (size_t i = 0; i < keys->count; i++)
        place(keys, i);
}

/* ---- the parser ----------------------------------------------------------------------------- */

struct parser {
    const struct jsonl_keys *keys;
    struct jsonl_keys *learner; /* the same while learning; NULL otherwise */
    struct cells *cells;
    struct cell *row; /* NULL while learning */
    size_t length;    /* of all lines */
    const char *at, *end; /* of the line */
    size_t next;          /* the key that most likely comes next */
    struct buffer path; /* names on the way, each with a dot behind it */
    struct mlops_error *err;
};

static int wrong(struct parser *p, const char *what)
{
    return mlops_fail(p->err, MLOPS_INVALID, "%s", what);
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
}

static bool take(struct parser *p, char byte)
{
    skip_space(p);
    if (p->at == p->end || *p->at != byte)
        return false;
    p->at++;
    return true;
}

static int hex_digits(const char *text, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)text[i], low = c | 0x20;
        unsigned digit = c - '0' <= 9 ? c - '0' : low - 'a' <= 5 ? low - 'a' + 10 : 16;
        if (digit > 15)
            return -1;
        *value = *value * 16 + digit;
    }
    return 0;
}

static size_t put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    size_t bytes = code < 0x10000 ? 3 : 4;
    to[0] = (char)(bytes == 3 ? 0xe0 | code >> 12 : 0xf0 | code >> 18);
    for (size_t i = 1; i < bytes; i++)
        to[i] = (char)(0x80 | (code >> (6 * (bytes - 1 - i)) & 0x3f));
    return bytes;
}

/* An escape at `*from`, behind the backslash, to `to`: never longer than it was. The bytes written,
 * 0 where it is none. A surrogate without its other half becomes U+FFFD. */
static size_t unescape_one(const char **from, const char *end, char *to)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *found = **from ? strchr(names, **from) : NULL;
    unsigned code, second;
    if (found) {
        *to = values[found - names];
        *from += 1;
        return 1;
    }
    if (**from != 'u' || end - *from < 5 || hex_digits(*from + 1, &code))
        return 0;
    *from += 5;
    if (code >= 0xd800 && code < 0xe000) {
        bool pair = code < 0xdc00 && end - *from >= 6 && (*from)[0] == '\\' && (*from)[1] == 'u' &&
                    hex_digits(*from + 2, &second) == 0 && second >= 0xdc00 && second < 0xe000;
        code = pair ? 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00) : 0xfffd;
        *from += pair ? 6 : 0;
    }
    return put_utf8(to, code);
}

/* `*length` bytes at `text`, to `to`, which may be the same. False: an escape that is none. */
static bool unescape(const char *text, size_t *length, char *to)
{
    const char *from = text, *end = text + *length;
    size_t kept = 0;
    while (from < end) {
        if (*from != '\\') {
            to[kept++] = *from++;
            continue;
        }
        from++;
        size_t written = from < end ? unescape_one(&from, end, to + kept) : 0;
        if (written == 0)
            return false;
        kept += written;
    }
    *length = kept;
    return true;
}

/* A string behind its quote: where it is, and whether it has escapes. */
static int take_string(struct parser *p, const char **text, size_t *length, bool *escaped)
{
    *text = p->at;
    *escaped = false;
    for (;;) {
        const char *quote = memchr(p->at, '"', (size_t)(p->end - p->at));
        if (!quote)
            return wrong(p, "a string is not closed");
        size_t slashes = 0;
        while (quote - slashes > *text && quote[-1 - (ptrdiff_t)slashes] == '\\')
            slashes++;
        p->at = quote + 1;
        if (slashes % 2 == 0) {
            *length = (size_t)(quote - *text);
            *escaped = memchr(*text, '\\', *length) != NULL;
            return MLOPS_OK;
        }
    }
}

/* Behind the bracket that opens an array to behind the one that closes it. */
static int skip_array(struct parser *p)
{
    for (int depth = 1; depth > 0;) {
        const char *text;
        size_t length;
        bool escaped;
        if (p->at == p->end)
            return wrong(p, "an array is not closed");
        char byte = *p->at++;
        depth += (byte == '[' || byte == '{') - (byte == ']' || byte == '}');
        if (byte == '"')
            TRY(take_string(p, &text, &length, &escaped));
    }
    return MLOPS_OK;
}

static bool is_word(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '+' || byte == '.';
}

static void put(struct parser *p, size_t key, const char *text, size_t length, uint32_t flag)
{
    if (p->row && key != NO_KEY)
        p->row[key] = (struct cell){(uint32_t)(text - p->cells->text), (uint32_t)length | flag};
}

/* A number, true, false, null, or NaN and Infinity as Python writes them. */
static int take_word(struct parser *p, size_t key)
{
    const char *text = p->at;
    while (p->at < p->end && is_word(*p->at))
        p->at++;
    size_t length = (size_t)(p->at - text);
    if (length == 0)
        return wrong(p, "a value is missing, or is no JSON");
    bool number = *text == '-' || (*text >= '0' && *text <= '9');
    static const char *const words[] = {"true", "false", "null", "NaN", "Infinity"};
    bool known = number;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        known |= strlen(words[i]) == length && memcmp(words[i], text, length) == 0;
    if (!known)
        return wrong(p, "a value is no JSON: texts stand in quotes");
    if (length == 4 && *text == 'n' && p->row && key != NO_KEY)
        p->row[key] = (struct cell){CELL_NULL, 0};
    else
        put(p, key, text, length, 0);
    return MLOPS_OK;
}

static int take_text(struct parser *p, size_t key)
{
    const char *text;
    size_t length;
    bool escaped;
    TRY(take_string(p, &text, &length, &escaped));
    if (!escaped || !p->row) {
        put(p, key, text, length, CELL_STRING);
        return MLOPS_OK;
    }
    if (!unescape(text, &length, cells_undo(p->cells, p->length)))
        return wrong(p, "a string has an escape that is none");
    if (key != NO_KEY)
        p->row[key] = cells_end_undone(p->cells, length, CELL_STRING);
    return MLOPS_OK;
}

static int take_object(struct parser *p, int depth);

/* A value that is called `name`, with the names on the way before it. */
static int take_value(struct parser *p, size_t key, const char *name, size_t length, int depth)
{
    skip_space(p);
    const char *start = p->at;
    if (take(p, '{')) {
        size_t before = p->path.length;
        if (depth == JSONL_DEPTH_MAX)
            return wrong(p, "objects are nested deeper than 64 levels");
        buffer_append(&p->path, name, length);
        buffer_putc(&p->path, '.');
        TRY(take_object(p, depth + 1));
        p->path.length = before;
        return MLOPS_OK;
    }
    if (take(p, '"'))
        return take_text(p, key);
    if (!take(p, '['))
        return take_word(p, key);
    TRY(skip_array(p));
    put(p, key, start, (size_t)(p->at - start), CELL_STRING);
    return MLOPS_OK;
}

/* Which key `name` is, learning it where that is asked for. Objects are no keys themselves. */
static int resolve(struct parser *p, const char *name, size_t length, size_t *key)
{
    if (p->path.length == 0 && is_key(p->keys, p->next, name, length)) {
        *key = p->next++; /* nearly always */
        return MLOPS_OK;
    }
    size_t before = p->path.length;
    buffer_append(&p->path, name, length);
    const char *full = p->path.data;
    *key = find(p->keys, full, p->path.length);
    skip_space(p);
    if (*key == NO_KEY && p->learner && p->at < p->end && *p->at != '{') {
        if (p->keys->count == JSONL_KEYS_MAX)
            return wrong(p, "there are more names than can be columns");
        if (p->path.length > TABLE_NAME_MAX || memchr(full, '\0', p->path.length) ||
            !utf8_valid(full, p->path.length))
            return wrong(p, "a name is no UTF-8 text, or longer than 4096 bytes");
        add(p->learner, full, p->path.length);
        *key = p->keys->count - 1;
    }
    p->path.length = before;
    if (*key != NO_KEY)
        p->next = *key + 1;
    return MLOPS_OK;
}

static int take_member(struct parser *p, int depth)
{
    const char *name;
    size_t length, key;
    bool escaped;
    _cleanup_(buffer_clear) struct buffer plain = {0};
    if (!take(p, '"'))
        return wrong(p, "a name in quotes is missing");
    TRY(take_string(p, &name, &length, &escaped));
    if (!take(p, ':'))
        return wrong(p, "a colon is missing behind a name");
    if (escaped) {
        buffer_append(&plain, name, length);
        if (!unescape(plain.data, &length, plain.data))
            return wrong(p, "a name has an escape that is none");
        name = plain.data;
    }
    TRY(resolve(p, name, length, &key));
    return take_value(p, key, name, length, depth);
}

static int take_object(struct parser *p, int depth)
{
    if (take(p, '}'))
        return MLOPS_OK;
    do
        TRY(take_member(p, depth));
    while (take(p, ','));
    return take(p, '}') ? MLOPS_OK : wrong(p, "an object is not closed");
}

static int take_line(struct parser *p)
{
    p->next = 0;
    p->path.length = 0;
    if (!take(p, '{'))
        return wrong(p, "not an object of JSON");
    TRY(take_object(p, 1));
    skip_space(p);
    return p->at == p->end ? MLOPS_OK : wrong(p, "something follows the object");
}

static int take_lines(struct parser *p, const char *text, size_t length, size_t lines)
{
    uint32_t line = 0;
    const char *end = text + length;
    p->length = length;
    for (const char *at = text; at < end && line < lines; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        p->at = at;
        p->end = newline ? newline : end;
        at = newline ? newline + 1 : end;
        skip_space(p);
        if (p->at == p->end)
            continue; /* blank */
        p->cells->bad_line = line;
        if (!p->learner) {
            p->row = cells_row(p->cells, line);
            for (size_t i = 0; i < p->cells->width; i++)
                p->row[i] = (struct cell){CELL_ABSENT, 0};
        }
        TRY(take_line(p));
        p->cells->rows += p->learner == NULL;
    }
    p->cells->line_count = line;
    p->cells->consumed = length;
    return MLOPS_OK;
}

int jsonl_learn(struct jsonl_keys *keys, const char *text, size_t length, size_t lines,
                struct cells *cells, struct mlops_error *err)
{
    struct parser p = {.keys = keys, .learner = keys, .cells = cells, .err = err};
    int code = take_lines(&p, text, length, lines);
    buffer_clear(&p.path);
    return code;
}

int jsonl_cut(const struct jsonl_keys *keys, size_t length, struct cells *cells,
              struct mlops_error *err)
{
    struct parser p = {.keys = keys, .cells = cells, .err = err};
    int code = take_lines(&p, cells->text, length, SIZE_MAX);
    buffer_clear(&p.path);
    return code;
}
