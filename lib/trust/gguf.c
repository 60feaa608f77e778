/* lib/trust/gguf.c - the header from front to back, then the tensors against the rest of the
 * file. */
#include "trust/gguf.h"
#include "base/buffer.h"
#include "base/digest_set.h"
#include "base/endian.h"
#include "base/hash.h"
#include "base/path.h"
#include "trust/cursor.h"
#include "trust/jinja.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "gguf/" id, __VA_ARGS__)

#define SAVE_AGAIN "have it converted again by llama.cpp's own tools"
RULE(header, "header", MEDIUM, UNREADABLE, "the header is not one that llama.cpp reads",
     SAVE_AGAIN);
RULE(truncated, "truncated", MEDIUM, UNREADABLE, "the file ends before its header or tensors do",
     "fetch it again");
RULE(duplicate, "duplicate", HIGH, UNSAFE, "a key or a tensor stands twice",
     "find out who made it: readers take the one or the other");
RULE(tensor, "tensor", MEDIUM, UNREADABLE, "a tensor's type, shape and place do not agree",
     SAVE_AGAIN);
RULE(place, "tensor-place", HIGH, UNSAFE, "tensors overlap or leave bytes between them",
     SAVE_AGAIN "; find out who made it");
RULE(trailing, "trailing-bytes", HIGH, UNSAFE, "bytes follow the last tensor, or fill gaps",
     SAVE_AGAIN "; find out who made it");
RULE(limit, "limit", MEDIUM, UNREADABLE, "the header has more entries than are followed",
     SAVE_AGAIN);

#define KEYS_MAX 65536
#define TENSORS_MAX 1000000
#define NAME_MAX_LENGTH 65535 /* of keys; those of tensors are shorter still */
#define TENSOR_NAME_MAX 63
#define TEMPLATE_MAX (4u << 20)
#define DIMENSIONS_MAX 4
#define ALIGNMENT_DEFAULT 32
#define CANCEL_EVERY 65536 /* strings of an array */

enum type { TYPE_U32 = 4, TYPE_STRING = 8, TYPE_ARRAY = 9, TYPES = 13 };
static const uint8_t type_sizes[TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

/* ggml's types of tensors (ggml.h, ggml-common.h): elements a block, bytes a block; 0: none. */
static const struct {
    uint16_t elements, bytes;
} blocks[] = {
    [0] = {1, 4},      [1] = {1, 2},      [2] = {32, 18},    [3] = {32, 20},    [6] = {32, 22},
    [7] = {32, 24},    [8] = {32, 34},    [10] = {256, 84},  [11] = {256, 110}, [12] = {256, 144},
    [13] = {256, 176}, [14] = {256, 210}, [15] = {256, 292}, [16] = {256, 66},  [17] = {256, 74},
    [18] = {256, 98},  [19] = {256, 50},  [20] = {32, 18},   [21] = {256, 110}, [22] = {256, 82},
    [23] = {256, 136}, [24] = {1, 1},     [25] = {1, 2},     [26] = {1, 4},     [27] = {1, 8},
    [28] = {1, 8},     [29] = {256, 56},  [30] = {1, 2},     [34] = {256, 54},  [35] = {256, 66},
    [39] = {32, 17},
};

/* Bytes that belong to no tensor, counted from where the tensors begin. */
struct gap {
    uint64_t at, length;
};

struct gguf {
    const struct scan_file *file;
    struct cursor cursor;
    uint64_t alignment;
    struct digest_set names; /* keys, then tensors: of each a digest */
    uint64_t reached;        /* bytes of tensors so far, padded */
    uint64_t end;            /* of the last tensor's own bytes */
    struct gap *gaps;        /* between tensors, and behind the last */
    size_t gap_count, gap_capacity;
    bool stopped; /* nothing further can be followed */
    bool misplaced;
};

static void stop(struct gguf *gguf, const struct rule *rule, const char *what)
{
    if (!gguf->stopped && !gguf->cursor.code)
        findings_add(gguf->file->findings, rule, gguf->file->path, gguf->cursor.at, "%s", what);
    gguf->stopped = true;
}

static bool take(struct gguf *gguf, void *data, size_t length)
{
    if (gguf->stopped)
        return false;
    if (cursor_take(&gguf->cursor, data, length))
        return true;
    stop(gguf, &rule_truncated, "the header ends here");
    return false;
}

static bool take32(struct gguf *gguf, uint32_t *value)
{
    uint8_t bytes[4];
    *value = 0;
    if (!take(gguf, bytes, sizeof(bytes)))
        return false;
    *value = get_u32(bytes);
    return true;
}

static bool take64(struct gguf *gguf, uint64_t *value)
{
    uint8_t bytes[8];
    *value = 0;
    if (!take(gguf, bytes, sizeof(bytes)))
        return false;
    *value = get_u64(bytes);
    return true;
}

static bool skip(struct gguf *gguf, uint64_t length)
{
    if (gguf->stopped)
        return false;
    if (length <= cursor_left(&gguf->cursor) && cursor_skip(&gguf->cursor, length))
        return true;
    stop(gguf, &rule_truncated, "a value is longer than the rest of the file");
    return false;
}

/* A text of at most `most` bytes into `text`, with a NUL. */
static bool take_text(struct gguf *gguf, uint64_t most, struct buffer *text)
{
    uint64_t length;
    if (!take64(gguf, &length))
        return false;
    if (length > cursor_left(&gguf->cursor)) {
        stop(gguf, &rule_truncated, "a text is longer than the rest of the file");
        return false;
    }
    if (length > most) {
        stop(gguf, &rule_header, "a name is longer than any is");
        return false;
    }
    buffer_reset(text);
    buffer_reserve(text, (size_t)length + 1);
    if (!take(gguf, text->data, (size_t)length))
        return false;
    text->length = (size_t)length;
    text->data[length] = '\0';
    return true;
}

/* A name that may stand once; `kind` keeps keys and tensors apart. */
static void check_once(struct gguf *gguf, char kind, const struct buffer *name)
{
    struct sha256 *hash = sha256_new();
    struct digest digest;
    sha256_update(hash, &kind, 1);
    sha256_update(hash, name->data, name->length);
    sha256_final(hash, &digest);
    sha256_free(hash);
    if (memchr(name->data, '\0', name->length) || !utf8_valid(name->data, name->length))
        findings_add(gguf->file->findings, &rule_header, gguf->file->path, gguf->cursor.at,
                     "the name '%s' is no text", name->data);
    if (!digest_set_add(&gguf->names, &digest))
        findings_add(gguf->file->findings, &rule_duplicate, gguf->file->path, gguf->cursor.at,
                     "'%s' stands twice", name->data);
}

static int skip_array(struct gguf *gguf, struct mlops_error *err)
{
    uint32_t type;
    uint64_t count, bytes;
    if (!take32(gguf, &type) || !take64(gguf, &count))
        return MLOPS_OK;
    if (type >= TYPES || type == TYPE_ARRAY) {
        stop(gguf, &rule_header, "an array of arrays, or of what is no type");
        return MLOPS_OK;
    }
    if (type != TYPE_STRING) {
        if (__builtin_mul_overflow(count, type_sizes[type], &bytes))
            bytes = UINT64_MAX;
        (void)skip(gguf, bytes);
        return MLOPS_OK;
    }
    for (uint64_t i = 0; i < count && !gguf->stopped; i++) {
        uint64_t length;
        if (i % CANCEL_EVERY == 0)
            TRY(scan_check_cancelled(gguf->file, err));
        if (take64(gguf, &length))
            (void)skip(gguf, length);
    }
    return MLOPS_OK;
}

static void take_template(struct gguf *gguf)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    uint64_t offset = gguf->cursor.at + 8;
    if (take_text(gguf, TEMPLATE_MAX, &text))
        jinja_check(gguf->file, offset, text.data, text.length);
}

static void take_alignment(struct gguf *gguf, uint32_t type)
{
    uint32_t value = 0;
    if (type != TYPE_U32 || !take32(gguf, &value) || value == 0 || (value & (value - 1)) != 0)
        stop(gguf, &rule_header, "the alignment is no power of two");
    gguf->alignment = value;
}

static int take_value(struct gguf *gguf, struct buffer *key, struct mlops_error *err)
{
    uint32_t type;
    uint64_t length;
    if (!take_text(gguf, NAME_MAX_LENGTH, key) || !take32(gguf, &type))
        return MLOPS_OK;
    check_once(gguf, 'k', key);
    if (str_equal(key->data, "general.alignment"))
        take_alignment(gguf, type);
    else if (type >= TYPES)
        stop(gguf, &rule_header, "a value is of a type that there is not");
    else if (type == TYPE_ARRAY)
        return skip_array(gguf, err);
    else if (type == TYPE_STRING && strstr(key->data, "chat_template"))
        take_template(gguf);
    else if (type == TYPE_STRING) {
        if (take64(gguf, &length))
            (void)skip(gguf, length);
    } else
        (void)skip(gguf, type_sizes[type]);
    return MLOPS_OK;
}

/* Bytes of a tensor; false where shape and type do not go together. */
static bool tensor_bytes(const uint64_t *shape, uint32_t dimensions, uint32_t type, uint64_t *bytes)
{
    uint64_t elements = 1;
    if (type >= ARRAY_LENGTH(blocks) || blocks[type].bytes == 0 ||
        shape[0] % blocks[type].elements != 0)
        return false;
    for (uint32_t i = 0; i < dimensions; i++)
        if (shape[i] > INT64_MAX || __builtin_mul_overflow(elements, shape[i], &elements))
            return false;
    return !__builtin_mul_overflow(elements / blocks[type].elements, blocks[type].bytes, bytes) &&
           *bytes <= INT64_MAX;
}

static bool pad(const struct gguf *gguf, uint64_t *value)
{
    if (__builtin_add_overflow(*value, gguf->alignment - 1, value))
        return false;
    *value &= ~(gguf->alignment - 1);
    return true;
}

static void take_tensor(struct gguf *gguf, struct buffer *name)
{
    uint64_t shape[DIMENSIONS_MAX] = {1, 1, 1, 1}, offset, bytes = 0, end;
    uint32_t dimensions, type;
    if (!take_text(gguf, TENSOR_NAME_MAX, name) || !take32(gguf, &dimensions))
        return;
    if (dimensions > DIMENSIONS_MAX) {
        stop(gguf, &rule_header, "a tensor has more dimensions than any has");
        return;
    }
    for (uint32_t i = 0; i < dimensions; i++)
        if (!take64(gguf, &shape[i]))
            return;
    if (!take32(gguf, &type) || !take64(gguf, &offset))
        return;
    check_once(gguf, 't', name);
    if (!tensor_bytes(shape, dimensions, type, &bytes) ||
        __builtin_add_overflow(offset, bytes, &end)) {
        findings_add(gguf->file->findings, &rule_tensor, gguf->file->path, gguf->cursor.at,
                     "the tensor '%s' has a type or shape that cannot be", name->data);
        gguf->stopped = true;
        return;
    }
    if (offset != gguf->reached && !gguf->misplaced) {
        findings_add(gguf->file->findings, &rule_place, gguf->file->path, gguf->cursor.at,
                     "the tensor '%s' begins at %llu, the one before it ends at %llu", name->data,
                     (unsigned long long)offset, (unsigned long long)gguf->reached);
        gguf->misplaced = true; /* what follows is no longer where it should be, either */
    }
    gguf->end = end > gguf->end ? end : gguf->end;
    gguf->reached = end;
    if (!pad(gguf, &gguf->reached))
        stop(gguf, &rule_tensor, "the tensors are larger than any file");
    else if (gguf->reached > end) {
        GROW(gguf->gaps, gguf->gap_count, &gguf->gap_capacity);
        gguf->gaps[gguf->gap_count++] = (struct gap){end, gguf->reached - end};
    }
}

/* The bytes that nothing reads are zero, or hide something. */
static int check_gap(const struct gguf *gguf, uint64_t at, uint64_t length, struct mlops_error *err)
{
    const struct scan_file *file = gguf->file;
    bool zeros = true;
    if (at >= file->source->size)
        return MLOPS_OK; /* the last padding may be missing */
    if (length > file->source->size - at)
        length = file->source->size - at;
    TRY(source_is_zeros(file->source, at, length, &zeros, err));
    if (!zeros)
        findings_add(file->findings, &rule_trailing, file->path, at,
                     "%llu bytes of padding are not zero", (unsigned long long)length);
    return MLOPS_OK;
}

/* From the header's end to the file's: padding, tensors, padding. */
static int check_data(struct gguf *gguf, uint64_t tensors, struct mlops_error *err)
{
    const struct scan_file *file = gguf->file;
    uint64_t size = file->source->size, data = gguf->cursor.at, end, last;
    if (!pad(gguf, &data) || __builtin_add_overflow(data, gguf->end, &end) ||
        __builtin_add_overflow(data, gguf->reached, &last)) {
        stop(gguf, &rule_tensor, "the tensors are larger than any file");
        return MLOPS_OK;
    }
    if (tensors > 0 && end > size) {
        findings_add(file->findings, &rule_truncated, file->path, size,
                     "the tensors end at byte %llu of %llu", (unsigned long long)end,
                     (unsigned long long)size);
        return MLOPS_OK;
    }
    TRY(check_gap(gguf, gguf->cursor.at, data - gguf->cursor.at, err));
    for (size_t i = 0; i < gguf->gap_count && !gguf->misplaced; i++)
        TRY(check_gap(gguf, data + gguf->gaps[i].at, gguf->gaps[i].length, err));
    if (size > last)
        findings_add(file->findings, &rule_trailing, file->path, last,
                     "%llu bytes follow the last tensor", (unsigned long long)(size - last));
    return MLOPS_OK;
}

static int scan_header(struct gguf *gguf, uint64_t *tensors, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer name = {0};
    uint32_t magic, version;
    uint64_t keys;
    if (!take32(gguf, &magic) || !take32(gguf, &version))
        return MLOPS_OK;
    if (version != 2 && version != 3) {
        stop(gguf, &rule_header,
             (version & 0xffff) == 0 ? "the file is big endian"
                                     : "a version that is not known here");
        return MLOPS_OK;
    }
    if (!take64(gguf, tensors) || !take64(gguf, &keys))
        return MLOPS_OK;
    if (keys > KEYS_MAX || *tensors > TENSORS_MAX) {
        stop(gguf, &rule_limit, "has more keys or tensors than are followed");
        return MLOPS_OK;
    }
    for (uint64_t i = 0; i < keys && !gguf->stopped; i++)
        TRY(take_value(gguf, &name, err));
    for (uint64_t i = 0; i < *tensors && !gguf->stopped; i++)
        take_tensor(gguf, &name);
    return MLOPS_OK;
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = scan_head_has(file, 0, "GGUF", 4);
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    struct gguf *gguf = xcalloc(1, sizeof(*gguf)); /* the cursor's block is large */
    uint64_t tensors = 0;
    gguf->file = file;
    gguf->alignment = ALIGNMENT_DEFAULT;
    gguf->cursor.source = file->source;
    gguf->cursor.err = err;
    int code = scan_header(gguf, &tensors, err);
    if (!code)
        code = gguf->cursor.code;
    if (!code && !gguf->stopped)
        code = check_data(gguf, tensors, err);
    digest_set_clear(&gguf->names);
    free(gguf->gaps);
    free(gguf);
    return code;
}

const struct scanner scanner_gguf = {
    .format = "GGUF",
    .extensions = (const char *const[]){"gguf", NULL},
    .claims = claims,
    .scan = scan,
};
