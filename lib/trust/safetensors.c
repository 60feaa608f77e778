/* lib/trust/safetensors.c - the header's rules, then the ranges in the order in which they lie. */
#include "trust/safetensors.h"
#include "base/json.h"
#include <math.h>

#define SAVE_AGAIN "have it saved again by the safetensors library"
#define EXACT_MAX 9007199254740992.0 /* 2^53: integers below it are exact in JSON's doubles */

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "safetensors/" id, __VA_ARGS__)

RULE(header, "header", MEDIUM, UNREADABLE, "the header is not one that can be trusted", SAVE_AGAIN);
RULE(tensor, "tensor", MEDIUM, UNREADABLE, "a tensor's type, shape and place do not agree",
     SAVE_AGAIN);
RULE(truncated, "truncated", MEDIUM, UNREADABLE, "the file ends before its tensors do",
     "fetch it again");
RULE(overlap, "overlap", HIGH, UNSAFE, "two tensors share bytes",
     SAVE_AGAIN "; find out who made it");
RULE(gap, "gap", HIGH, UNSAFE, "bytes between tensors belong to none of them",
     SAVE_AGAIN "; find out who made it");
RULE(trailing, "trailing-bytes", HIGH, UNSAFE, "bytes follow the last tensor",
     SAVE_AGAIN "; find out who made it");

static const struct type {
    const char *name;
    unsigned bits;
} types[] = {
    {"BOOL", 8},    {"U8", 8},   {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8},
    {"F8_E8M0", 8}, {"F4", 4},   {"I16", 16}, {"F6_E2M3", 6}, {"F6_E3M2", 6},
    {"U16", 16},    {"F16", 16}, {"I32", 32}, {"U32", 32},    {"BF16", 16},
    {"F32", 32},    {"F64", 64}, {"I64", 64}, {"U64", 64},    {"C64", 64},
};

struct range {
    uint64_t start, end;
    const char *name; /* the header's */
};

struct scan {
    const char *file;
    struct findings *findings;
    struct range *ranges;
    size_t count, capacity;
    bool incomplete; /* a tensor had no range to go by: bytes may be its own */
};

static void clear_scan(struct scan *scan)
{
    free(scan->ranges);
}

static uint64_t little64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static bool whole_number(const cJSON *item, uint64_t *value)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble >= EXACT_MAX ||
        item->valuedouble != floor(item->valuedouble))
        return false;
    *value = (uint64_t)item->valuedouble;
    return true;
}

static bool type_bits(const cJSON *item, unsigned *bits)
{
    for (size_t i = 0; cJSON_IsString(item) && i < ARRAY_LENGTH(types); i++)
        if (str_equal(types[i].name, item->valuestring)) {
            *bits = types[i].bits;
            return true;
        }
    return false;
}

/* What is wrong with the tensor, or NULL and its range. */
static const char *tensor_range(const cJSON *tensor, struct range *range)
{
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(tensor, "shape");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(tensor, "data_offsets");
    const cJSON *dimension;
    uint64_t bits, extent;
    unsigned width = 0;

    if (!cJSON_IsObject(tensor) || !cJSON_IsArray(shape) || !cJSON_IsArray(offsets) ||
        cJSON_GetArraySize(tensor) != 3 || cJSON_GetArraySize(offsets) != 2)
        return "has other members than dtype, shape and data_offsets";
    if (!type_bits(cJSON_GetObjectItemCaseSensitive(tensor, "dtype"), &width))
        return "has a type that the format does not know";
    if (!whole_number(offsets->child, &range->start) ||
        !whole_number(offsets->child->next, &range->end) || range->end < range->start)
        return "has offsets that are no range";
    bits = width;
    cJSON_ArrayForEach(dimension, shape)
    {
        if (!whole_number(dimension, &extent))
            return "has a shape that is no list of sizes";
        if (__builtin_mul_overflow(bits, extent, &bits))
            return "has a shape that is too large";
    }
    if (bits % 8)
        return "does not fill its last byte";
    if (bits / 8 != range->end - range->start)
        return "does not fit its offsets";
    return NULL;
}

static void check_metadata(struct scan *scan, const cJSON *metadata)
{
    const cJSON *item;
    if (!cJSON_IsObject(metadata))
        findings_add(scan->findings, &rule_header, scan->file, 8, "__metadata__ is no object");
    cJSON_ArrayForEach(item, metadata)
    {
        if (!cJSON_IsString(item)) {
            findings_add(scan->findings, &rule_header, scan->file, 8,
                         "__metadata__ has a member that is no string");
            return;
        }
    }
}

static void read_tensors(struct scan *scan, const cJSON *header)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, header)
    {
        struct range range = {.name = item->string};
        const char *why;
        if (str_equal(item->string, "__metadata__")) {
            check_metadata(scan, item);
            continue;
        }
        why = tensor_range(item, &range);
        if (why) {
            scan->incomplete = true;
            findings_add(scan->findings, &rule_tensor, scan->file, 8, "tensor '%s' %s",
                         item->string, why);
            continue;
        }
        GROW(scan->ranges, scan->count, &scan->capacity);
        scan->ranges[scan->count++] = range;
    }
}

static int by_place(const void *a, const void *b)
{
    const struct range *left = a, *right = b;
    if (left->start != right->start)
        return left->start < right->start ? -1 : 1;
    return left->end < right->end ? -1 : left->end > right->end;
}

/* `data` is where the tensors' bytes begin, `size` how many there are. */
static void check_ranges(struct scan *scan, uint64_t data, uint64_t size)
{
    uint64_t reached = 0;
    if (scan->count)
        qsort(scan->ranges, scan->count, sizeof(*scan->ranges), by_place);
    for (size_t i = 0; i < scan->count; i++) {
        const struct range *range = &scan->ranges[i];
        if (range->start < reached)
            findings_add(scan->findings, &rule_overlap, scan->file, data + range->start,
                         "tensor '%s' begins inside another", range->name);
        if (range->start > reached && !scan->incomplete)
            findings_add(scan->findings, &rule_gap, scan->file, data + reached,
                         "%llu bytes before tensor '%s' belong to no tensor",
                         (unsigned long long)(range->start - reached), range->name);
        if (range->end > size) {
            findings_add(scan->findings, &rule_truncated, scan->file, data + size,
                         "tensor '%s' ends at byte %llu of %llu", range->name,
                         (unsigned long long)range->end, (unsigned long long)size);
            return;
        }
        if (range->end > reached)
            reached = range->end;
    }
    if (reached < size && !scan->incomplete)
        findings_add(scan->findings, &rule_trailing, scan->file, data + reached,
                     "%llu bytes follow the last tensor", (unsigned long long)(size - reached));
}

bool safetensors_begins(const uint8_t *head, size_t length)
{
    return length >= SAFETENSORS_HEAD_SIZE && head[8] == '{' && little64(head) >= 2 &&
           little64(head) <= 100000000;
}

int safetensors_scan(struct source *source, const char *file, struct findings *findings,
                     struct mlops_error *err)
{
    _cleanup_(clear_scan) struct scan scan = {.file = file, .findings = findings};
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *header = NULL;
    struct mlops_error why = {0};
    uint8_t head[8];
    uint64_t length;

    if (source->size < sizeof(head)) {
        findings_add(findings, &rule_header, file, 0, "the file ends within its first 8 bytes");
        return MLOPS_OK;
    }
    TRY(source->read(source, 0, head, sizeof(head), err));
    length = little64(head);
    if (length > source->size - sizeof(head)) {
        findings_add(findings, &rule_header, file, 0, "the header is longer than the file");
        return MLOPS_OK;
    }
    if (length > SAFETENSORS_HEADER_MAX) {
        findings_add(findings, &rule_header, file, 0,
                     "the header of %llu bytes is longer than the limit of %u",
                     (unsigned long long)length, SAFETENSORS_HEADER_MAX);
        return MLOPS_OK;
    }
    buffer_reserve(&text, (size_t)length + 1);
    TRY(source->read(source, sizeof(head), text.data, (size_t)length, err));
    if (!length || text.data[0] != '{') {
        findings_add(findings, &rule_header, file, 8, "the header does not begin with a brace");
        return MLOPS_OK;
    }
    if (json_parse(text.data, (size_t)length, "the header", &header, &why)) {
        findings_add(findings, &rule_header, file, 8, "%s", why.message);
        return MLOPS_OK;
    }
    read_tensors(&scan, header);
    check_ranges(&scan, sizeof(head) + length, source->size - sizeof(head) - length);
    return MLOPS_OK;
}
