/* lib/trust/json_scan.c - JSON parsed strictly, then handed to whoever knows its kind. */
#include "trust/json_scan.h"
#include "base/json.h"
#include "base/json_check.h"
#include "trust/words.h"
#include <strings.h>

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "json/" id, __VA_ARGS__)

RULE(malformed, "malformed", MEDIUM, UNREADABLE,
     "a file with a name of JSON's that is not well-formed JSON",
     "have it written again: programs differ in how they read it");
RULE(data, "malformed-data", INFO, SAFE, "a data file that is not well-formed JSON",
     "nothing, as long as only the code of the bundle reads it");
RULE(large, "too-large", MEDIUM, UNREADABLE, "a document is larger than what is followed",
     "look into the file by hand, and accept it with a reason");
RULE(pickled, "jsonpickle", CRITICAL, UNSAFE,
     "jsonpickle calls what the document names when it decodes it",
     "do not decode this file with jsonpickle; have the data saved as plain JSON");
RULE(object, "jsonpickle-object", MEDIUM, UNKNOWN,
     "jsonpickle imports the class that the document names when it decodes it",
     "see that the class is one that you trust, or have the data saved as plain JSON");

#define BLOCK_SIZE (256u << 10)

/* ---- every document ------------------------------------------------------------------------- */

struct pickled {
    const struct scan_file *file;
    uint64_t offset;
    bool calls, imports;
};

/* Keys of jsonpickle (jsonpickle/tags.py). */
static void look_for_jsonpickle(struct pickled *pickled, const cJSON *node)
{
    static const char *const calling[] = {"py/reduce",   "py/function", "py/repr", "py/newargsex",
                                          "py/initargs", "py/method",   "py/mod"};
    const cJSON *member;
    cJSON_ArrayForEach(member, node)
    {
        const char *key = member->string;
        for (size_t i = 0; key && i < ARRAY_LENGTH(calling) && !pickled->calls; i++) {
            pickled->calls = str_equal(key, calling[i]);
            if (pickled->calls)
                findings_add(pickled->file->findings, &rule_pickled, pickled->file->path,
                             pickled->offset, "has the key '%s'", key);
        }
        if (key && !pickled->imports &&
            (str_equal(key, "py/object") || str_equal(key, "py/type"))) {
            pickled->imports = true;
            findings_add(pickled->file->findings, &rule_object, pickled->file->path,
                         pickled->offset, "names '%s'",
                         cJSON_IsString(member) ? member->valuestring : "what is no text");
        }
        look_for_jsonpickle(pickled, member);
    }
}

static int look(const struct scan_file *file, const cJSON *root, uint64_t offset,
                struct mlops_error *err)
{
    look_for_jsonpickle(&(struct pickled){.file = file, .offset = offset}, root);
    for (const struct json_flavour *const *flavour = json_flavours; *flavour; flavour++)
        if ((*flavour)->claims(root))
            TRY((*flavour)->scan(file, root, err));
    return MLOPS_OK;
}

/* ---- text to tree --------------------------------------------------------------------------- */

/* Overwrite the words outside of strings that Python takes for numbers with what is one. */
static void settle_numbers(char *text, size_t length)
{
    static const char *const words[] = {"NaN", "-Infinity", "Infinity"};
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == 'N' || text[i] == 'I' || text[i] == '-'))
            for (size_t w = 0; w < ARRAY_LENGTH(words); w++) {
                size_t size = strlen(words[w]);
                if (size <= length - i && memcmp(text + i, words[w], size) == 0) {
                    memset(text + i, ' ', size);
                    text[i] = '0';
                    break;
                }
            }
    }
}

/* How many values the text has at most. */
static uint64_t count_values(const char *text, size_t length)
{
    uint64_t count = 1;
    for (size_t i = 0; i < length; i++)
        count += text[i] == ',' || text[i] == '[' || text[i] == '{';
    return count;
}

static bool has_json_name(const struct scan_file *file)
{
    const char *dot = strrchr(file->name, '.');
    for (const char *const *at = scanner_json.extensions; dot && *at; at++)
        if (strcasecmp(*at, dot + 1) == 0)
            return true;
    return false;
}

static void too_large(const struct scan_file *file, uint64_t offset, const char *what,
                      uint64_t most)
{
    findings_add(file->findings, &rule_large, file->path, offset,
                 "has a document of more than %llu %s", (unsigned long long)most, what);
}

/* The tree of the text, or NULL, and why. */
static cJSON *parse(char *text, size_t length, struct mlops_error *why)
{
    cJSON *root = NULL;
    settle_numbers(text, length);
    return json_parse(text, length, "the document", &root, why) ? NULL : root;
}

/* A document that is not JSON: of another kind of text, unless its name says JSON. */
static int not_json(const struct scan_file *file, uint64_t offset, const char *why,
                    struct mlops_error *err)
{
    if (!has_json_name(file))
        return scanner_text.scan(file, err);
    findings_add(file->findings, file->role == SCAN_DATA ? &rule_data : &rule_malformed, file->path,
                 offset, "%s", why);
    return words_scan(file, err);
}

static int scan_whole(const struct scan_file *file, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *root = NULL;
    struct mlops_error why = {0};
    size_t size = (size_t)file->source->size;
    if (file->source->size > JSON_SCAN_BYTES_MAX) {
        too_large(file, 0, "bytes", JSON_SCAN_BYTES_MAX);
        return words_scan(file, err);
    }
    buffer_reserve(&text, size + 1);
    TRY(file->source->read(file->source, 0, text.data, size, err));
    if (count_values(text.data, size) > JSON_SCAN_VALUES_MAX) {
        too_large(file, 0, "values", JSON_SCAN_VALUES_MAX);
        return words_scan(file, err);
    }
    root = parse(text.data, size, &why);
    if (!root)
        return not_json(file, 0, why.message, err);
    TRY(look(file, root, 0, err));
    return words_scan(file, err);
}

/* ---- a document a line ---------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_blank(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!is_space(text[i]))
            return false;
    return true;
}

/* Is the first line a document, with more to follow? Known from the head; a first line that does
 * not end in it is taken for the whole file. */
static bool is_lines(const struct scan_file *file)
{
    const char *head = (const char *)file->head;
    const char *end = memchr(head, '\n', file->head_length);
    if (!end || is_blank(head, (size_t)(end - head)))
        return false;
    size_t length = (size_t)(end - head), offset;
    if (is_blank(end, file->head_length - length) && file->head_length == file->source->size)
        return false;
    _cleanup_(buffer_clear) struct buffer line = {0};
    buffer_append(&line, head, length);
    settle_numbers(line.data, length);
    return !json_check(line.data, length, &offset);
}

/* `*why` is set where the line is no document. */
static int scan_line(const struct scan_file *file, char *line, size_t length, uint64_t offset,
                     struct mlops_error *why, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *root = NULL;
    if (is_blank(line, length))
        return MLOPS_OK;
    root = parse(line, length, why);
    return root ? look(file, root, offset, err) : MLOPS_OK;
}

static int scan_lines(const struct scan_file *file, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct mlops_error why = {0};
    uint64_t at = 0, size = file->source->size; /* `at` is where `text` begins */
    while (at < size) {
        size_t held = text.length, got;
        TRY(scan_check_cancelled(file, err));
        buffer_reserve(&text, BLOCK_SIZE + 1);
        TRY(source_read(file->source, at + held, text.data + held, BLOCK_SIZE, &got, err));
        text.length += got;
        bool last = at + text.length == size;
        size_t from = 0;
        for (char *end; from < text.length; from = (size_t)(end - text.data) + 1) {
            end = memchr(text.data + from, '\n', text.length - from);
            if (!end && !last)
                break;
            end = end ? end : text.data + text.length;
            TRY(scan_line(file, text.data + from, (size_t)(end - text.data) - from, at + from, &why,
                          err));
            if (why.code)
                return not_json(file, at + from, why.message, err);
        }
        from = from < text.length ? from : text.length;
        memmove(text.data, text.data + from, text.length - from);
        text.length -= from;
        at += from;
        if (text.length > JSON_SCAN_LINE_MAX) {
            too_large(file, at, "bytes", JSON_SCAN_LINE_MAX);
            break;
        }
    }
    return words_scan(file, err);
}

/* ---- the scanner ---------------------------------------------------------------------------- */

static bool word_at(const struct scan_file *file, size_t at)
{
    static const char *const words[] = {"true", "false", "null", "NaN", "Infinity"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (scan_head_has(file, at, words[i], strlen(words[i])))
            return true;
    return false;
}

/* An object or an array begins, and with what one begins with. */
static bool begins(const struct scan_file *file)
{
    const char *head = (const char *)file->head;
    size_t at = 0, length = file->head_length;
    while (at < length && is_space(head[at]))
        at++;
    char open = at < length ? head[at++] : '\0';
    while (at < length && is_space(head[at]))
        at++;
    char next = at < length ? head[at] : '\0';
    if (open == '{')
        return next == '"' || next == '}';
    return open == '[' && ((next && strchr("\"{[]-0123456789", next)) || word_at(file, at));
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    *claimed = begins(file);
    return *claimed ? scanner_text.claims(file, claimed, err) : MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    return is_lines(file) ? scan_lines(file, err) : scan_whole(file, err);
}

const struct scanner scanner_json = {
    .format = "json",
    .extensions =
        (const char *const[]){"json", "jsonl", "ndjson", "ipynb", "geojson", "webmanifest", NULL},
    .special_of = &scanner_text,
    .claims = claims,
    .scan = scan,
};
