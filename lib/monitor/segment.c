/* lib/monitor/segment.c - text cut into columns of cells, and put together again. */
#include "monitor/segment.h"
#include "monitor/segment_column.h"
#include <zstd.h>

static const uint8_t magic[4] = {'M', 'S', 'G', 2};
#define HEAD 8

/* ---- packing -------------------------------------------------------------------------------- */

struct cutting {
    struct cell_list columns[SEGMENT_COLUMNS_MAX];
    size_t count;
};

static void append(struct cell_list *list, const struct cell *cell)
{
    GROW(list->cells, list->count, &list->capacity);
    list->cells[list->count++] = *cell;
}

static void begin(struct cell_list *list, const char *text, const struct cell *cell)
{
    size_t length = cell->length < 8 ? cell->length : 8;
    list->first = *cell;
    list->count = 1;
    memcpy(&list->head, text + cell->at, length);
    memset(&list->mask, 0xff, length);
}

/* One that is not like all before. */
static void add_other(struct cell_list *list, const struct cell *cell)
{
    if (!list->cells) {
        size_t same = list->count;
        list->capacity = same * 2;
        list->cells = xcalloc(list->capacity, sizeof(*list->cells));
        for (size_t i = 0; i < same; i++)
            list->cells[i] = list->first;
    }
    append(list, cell);
}

/* Does what begins here begin with the one cell that the column has? A cell has no end within. */
static bool is_like_first(const struct cell_list *list, const char *text, size_t start, size_t left)
{
    size_t length = list->first.length;
    uint64_t head;
    if (list->cells || list->count == 0 || length > left || left < sizeof(head))
        return false;
    memcpy(&head, text + start, sizeof(head));
    return ((head ^ list->head) & list->mask) == 0 &&
           (length <= sizeof(head) ||
            memcmp(text + start + 8, text + list->first.at + 8, length - 8) == 0);
}

static size_t length_of(const char *at, size_t left, bool is_rest)
{
    static const bool ends[256] = {['\n'] = true, [','] = true, [':'] = true};
    for (size_t i = 0; i < left; i++)
        if (ends[(uint8_t)at[i]] && (at[i] == '\n' || !is_rest))
            return i + 1;
    return left;
}

static void cut(struct cutting *cutting, const char *text, size_t length)
{
    size_t column = 0;
    for (size_t at = 0, taken; at < length; at += taken) {
        struct cell_list *list = &cutting->columns[column];
        bool like_first = is_like_first(list, text, at, length - at);
        taken = like_first ? list->first.length
                           : length_of(text + at, length - at, column == SEGMENT_COLUMNS_MAX - 1);
        const struct cell cell = {(uint32_t)at, (uint32_t)taken};
        if (like_first)
            list->count++;
        else if (list->count == 0)
            begin(list, text, &cell);
        else
            add_other(list, &cell);
        if (column == cutting->count)
            cutting->count++;
        column = text[at + taken - 1] == '\n' ? 0 : column + 1;
    }
}

void segment_pack(const char *text, size_t length, struct buffer *out)
{
    struct cutting *cutting = xcalloc(1, sizeof(*cutting));
    struct packer *packer = packer_new();
    size_t start = out->length;
    uint8_t head[HEAD] = {0};
    cut(cutting, text, length);
    memcpy(head, magic, sizeof(magic));
    buffer_append(out, head, sizeof(head));
    wire_put_varint(out, length);
    wire_put_varint(out, cutting->count);
    for (size_t i = 0; i < cutting->count; i++) {
        segment_column_encode(packer, text, &cutting->columns[i], out);
        free(cutting->columns[i].cells);
    }
    put_u32((uint8_t *)out->data + start + sizeof(magic), (uint32_t)(out->length - start - HEAD));
    packer_free(packer);
    free(cutting);
}

/* ---- unpacking ------------------------------------------------------------------------------ */

static int damaged(struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INTEGRITY, "a segment of raw events is damaged");
}

static int unpack_frame(const char *bytes, size_t length, size_t *used, struct buffer *text,
                        struct mlops_error *err)
{
    unsigned long long size = ZSTD_getFrameContentSize(bytes, length);
    *used = ZSTD_findFrameCompressedSize(bytes, length);
    if (ZSTD_isError(*used) || size > SEGMENT_TEXT_MAX) /* also where the size is not known */
        return damaged(err);
    buffer_reserve(text, (size_t)size + 1);
    if (ZSTD_decompress(text->data, (size_t)size, bytes, *used) != size)
        return damaged(err);
    text->length = (size_t)size;
    return MLOPS_OK;
}

/* Cells of the columns in turn, until the text is whole. */
static bool join(struct segment_column *columns, size_t count, size_t length, struct buffer *text)
{
    size_t column = 0;
    buffer_reserve(text, length + 1);
    while (text->length < length) {
        if (column == count || !segment_column_next(&columns[column], text))
            return false;
        column = text->data[text->length - 1] == '\n' ? 0 : column + 1;
    }
    return text->length == length;
}

static bool unpack_columns(struct wire *wire, struct buffer *text)
{
    uint64_t length = wire_varint(wire), count = wire_varint(wire);
    if (wire->failed || length > SEGMENT_TEXT_MAX || count > SEGMENT_COLUMNS_MAX)
        return false;
    uint64_t budget = 4 * length + 65536; /* of blocks: a cell has more bytes as text */
    struct segment_column *columns = xcalloc(count + 1, sizeof(*columns));
    for (size_t i = 0; i < count && !wire->failed; i++)
        segment_column_read(wire, &budget, i == SEGMENT_COLUMNS_MAX - 1, &columns[i]);
    bool whole = !wire->failed && wire->at == wire->end && join(columns, count, length, text);
    for (size_t i = 0; i < count; i++)
        segment_column_clear(&columns[i]);
    free(columns);
    return whole;
}

int segment_unpack(const char *bytes, size_t length, size_t *used, struct buffer *text,
                   struct mlops_error *err)
{
    buffer_reset(text);
    if (length < HEAD || memcmp(bytes, magic, sizeof(magic) - 1) != 0)
        return unpack_frame(bytes, length, used, text, err);
    if ((uint8_t)bytes[3] != magic[3])
        return mlops_fail(err, MLOPS_INTEGRITY, "a segment of raw events is of another mlops");
    uint32_t size = get_u32((const uint8_t *)bytes + sizeof(magic));
    if (size > length - HEAD)
        return damaged(err);
    *used = HEAD + (size_t)size;
    struct wire wire = {.at = (const uint8_t *)bytes + HEAD, .end = (const uint8_t *)bytes + *used};
    return unpack_columns(&wire, text) ? MLOPS_OK : damaged(err);
}
