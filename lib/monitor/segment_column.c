/* lib/monitor/segment_column.c - columns of cells: the same, few, decimal or raw. */
#include "monitor/segment_column.h"
#include <zstd.h>

#define LEVEL 1
#define FEW_MAX 256
#define SLOTS 1024
#define DIGITS_MAX 18
#define STRANGE 255  /* in the place of how many decimals */
#define BLOCK_MIN 64 /* shorter blocks are not packed */

enum kind { KIND_SAME, KIND_RAW, KIND_FEW, KIND_DECIMAL };

struct packer {
    ZSTD_CCtx *zstd;
    struct buffer bytes, more; /* on their way into blocks */
    uint64_t *numbers;
    uint8_t *decimals;
    size_t capacity;
};

struct packer *packer_new(void)
{
    struct packer *packer = xcalloc(1, sizeof(*packer));
    packer->zstd = xcheck(ZSTD_createCCtx());
    return packer;
}

void packer_free(struct packer *packer)
{
    if (!packer)
        return;
    (void)ZSTD_freeCCtx(packer->zstd); /* always succeeds */
    buffer_clear(&packer->bytes);
    buffer_clear(&packer->more);
    free(packer->numbers);
    free(packer->decimals);
    free(packer);
}

/* ---- blocks --------------------------------------------------------------------------------- */

static void put_block(struct packer *packer, const void *data, size_t length, struct buffer *out)
{
    size_t bound = ZSTD_compressBound(length), packed = length;
    char *frame = NULL;
    if (length >= BLOCK_MIN) {
        frame = xmalloc(bound);
        packed = ZSTD_compressCCtx(packer->zstd, frame, bound, data, length, LEVEL);
    }
    bool pays = frame && !ZSTD_isError(packed) && packed < length;
    wire_put_varint(out, length);
    wire_put_varint(out, pays ? packed : 0);
    if (length > 0)
        buffer_append(out, pays ? frame : data, pays ? packed : length);
    free(frame);
}

static void read_block(struct wire *wire, uint64_t *budget, struct buffer *block)
{
    uint64_t length = wire_varint(wire), packed = wire_varint(wire);
    if (wire->failed || length > *budget) {
        wire->failed = true;
        return;
    }
    *budget -= length;
    const uint8_t *bytes = wire_bytes(wire, packed ? packed : length);
    if (!bytes)
        return;
    buffer_reserve(block, length + 1);
    if (packed == 0)
        buffer_append(block, bytes, length);
    else if (ZSTD_decompress(block->data, length, bytes, packed) == length)
        block->length = length;
    else
        wire->failed = true;
}

static struct wire wire_of(const struct buffer *block)
{
    const uint8_t *bytes = block->data ? (const uint8_t *)block->data : (const uint8_t *)"";
    return (struct wire){.at = bytes, .end = bytes + block->length};
}

static void put_text(struct buffer *out, const char *text, size_t length)
{
    wire_put_varint(out, length);
    buffer_append(out, text, length);
}

static struct wire read_text(struct wire *wire)
{
    uint64_t length = wire_varint(wire);
    const uint8_t *bytes = wire_bytes(wire, length);
    return (struct wire){.at = bytes, .end = bytes ? bytes + length : NULL};
}

/* ---- few ------------------------------------------------------------------------------------- */

static bool is_same(const char *text, const struct cell *a, const struct cell *b)
{
    return a->length == b->length && memcmp(text + a->at, text + b->at, a->length) == 0;
}

static size_t slot_of(const char *text, const struct cell *cell)
{
    uint64_t head = 0, tail = 0;
    size_t length = cell->length < 8 ? cell->length : 8;
    memcpy(&head, text + cell->at, length);
    memcpy(&tail, text + cell->at + cell->length - length, length);
    return (size_t)(((head + (tail << 1) + cell->length) * 0x9e3779b97f4a7c15U) >> 54);
}

/* False where there are too many distinct cells for it to pay; nothing is written then. */
static bool encode_few(struct packer *packer, const char *text, const struct cell_list *list,
                       struct buffer *out)
{
    uint16_t slots[SLOTS] = {0}; /* places of the distinct ones, from 1 */
    uint32_t distinct[FEW_MAX];
    size_t count = 0, most = list->count / 4 < FEW_MAX ? list->count / 4 : FEW_MAX;
    buffer_reset(&packer->bytes);
    buffer_reset(&packer->more);
    buffer_reserve(&packer->more, list->count);
    for (size_t i = 0; i < list->count; i++) {
        const struct cell *cell = &list->cells[i];
        size_t slot = slot_of(text, cell);
        while (slots[slot] && !is_same(text, cell, &list->cells[distinct[slots[slot] - 1]]))
            slot = (slot + 1) % SLOTS;
        if (slots[slot] == 0) {
            if (count == most)
                return false;
            distinct[count++] = (uint32_t)i;
            slots[slot] = (uint16_t)count;
            put_text(&packer->bytes, text + cell->at, cell->length);
        }
        packer->more.data[i] = (char)(slots[slot] - 1);
    }
    buffer_putc(out, KIND_FEW);
    wire_put_varint(out, list->count);
    put_block(packer, packer->bytes.data, packer->bytes.length, out);
    put_block(packer, packer->more.data, list->count, out);
    return true;
}

/* ---- decimal -------------------------------------------------------------------------------- */

/* A number that is written in no other way; how many bytes it has, 0: it is none. */
static size_t read_decimal(const char *text, size_t length, int64_t *number, uint8_t *decimals)
{
    const char *at = text, *end = text + length;
    bool negative = at < end && *at == '-';
    at += negative;
    const char *first = at;
    int64_t value = 0;
    int digits = 0;
    for (; at < end && *at >= '0' && *at <= '9' && digits < DIGITS_MAX; at++, digits++)
        value = value * 10 + (*at - '0');
    *decimals = 0;
    if (digits == 0 || (digits > 1 && *first == '0'))
        return 0;
    if (end - at > 1 && *at == '.' && at[1] >= '0' && at[1] <= '9')
        for (at++; at < end && *at >= '0' && *at <= '9' && digits < DIGITS_MAX; at++, digits++) {
            value = value * 10 + (*at - '0');
            (*decimals)++;
        }
    if ((at < end && *at >= '0' && *at <= '9') || (negative && value == 0))
        return 0; /* it is too long, or has a sign that an integer has not */
    *number = negative ? -value : value;
    return (size_t)(at - text);
}

/* Suffixes are short: a call would cost more. */
static bool is_equal(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static uint64_t zigzag(int64_t number)
{
    return (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
}

static int64_t unzigzag(uint64_t number)
{
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

static void put_decimal(struct buffer *out, int64_t number, uint8_t decimals)
{
    char digits[DIGITS_MAX + 8], *at = digits + sizeof(digits);
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    for (int i = 0; rest > 0 || i <= decimals; i++) {
        if (decimals && i == decimals)
            *--at = '.';
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (number < 0)
        *--at = '-';
    buffer_append(out, at, (size_t)(digits + sizeof(digits) - at));
}

static uint8_t width_of(uint64_t all)
{
    uint8_t width = 0;
    for (; all > 0; all >>= 8)
        width++;
    return width;
}

/* Differences take the place of numbers where they are shorter. */
static bool take_differences(uint64_t *numbers, size_t count, uint8_t *width)
{
    uint64_t all = 0, differences = 0;
    int64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t number = unzigzag(numbers[i]);
        all |= numbers[i];
        if (i > 0) /* the first is long anyway */
            differences |= zigzag(number - before);
        before = number;
    }
    *width = width_of(all);
    if (count < BLOCK_MIN || width_of(differences) >= *width)
        return false;
    before = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t number = unzigzag(numbers[i]);
        numbers[i] = zigzag(number - before);
        before = number;
    }
    return true;
}

static void put_planes(struct packer *packer, size_t count, uint8_t width, struct buffer *out)
{
    buffer_reset(&packer->more);
    buffer_reserve(&packer->more, count);
    for (unsigned plane = 0; plane < width; plane++) {
        for (size_t i = 0; i < count; i++)
            packer->more.data[i] = (char)(packer->numbers[i] >> 8 * plane);
        put_block(packer, packer->more.data, count, out);
    }
}

/* False where too many cells are no numbers. */
static bool encode_decimal(struct packer *packer, const char *text, const struct cell_list *list,
                           struct buffer *out)
{
    struct buffer *strange = &packer->bytes;
    const char *suffix = NULL;
    size_t suffix_length = 0, misses = 0;
    int64_t last = 0;
    if (packer->capacity < list->count) {
        packer->capacity = list->count;
        packer->numbers = xrealloc(packer->numbers, list->count, sizeof(*packer->numbers));
        packer->decimals = xrealloc(packer->decimals, list->count, sizeof(*packer->decimals));
    }
    buffer_reset(strange);
    for (size_t i = 0; i < list->count; i++) {
        const char *cell = text + list->cells[i].at;
        size_t length = list->cells[i].length;
        int64_t number = 0;
        uint8_t *decimals = &packer->decimals[i];
        size_t used = read_decimal(cell, length, &number, decimals);
        if (used > 0 && !suffix) {
            suffix = cell + used;
            suffix_length = length - used;
        }
        if (used == 0 || length - used != suffix_length ||
            !is_equal(cell + used, suffix, suffix_length)) {
            *decimals = STRANGE;
            number = last; /* no difference */
            put_text(strange, cell, length);
            if (++misses > 8 + i / 4)
                return false;
        }
        packer->numbers[i] = zigzag(number);
        last = number;
    }
    uint8_t width;
    bool differences = take_differences(packer->numbers, list->count, &width);
    if (differences)
        width = width_of(packer->numbers[0]) > width ? width_of(packer->numbers[0]) : width;
    buffer_putc(out, KIND_DECIMAL);
    wire_put_varint(out, list->count);
    put_text(out, suffix ? suffix : "", suffix_length);
    buffer_putc(out, differences);
    buffer_putc(out, (char)width);
    put_block(packer, packer->decimals, list->count, out);
    put_planes(packer, list->count, width, out);
    put_block(packer, strange->data ? strange->data : "", strange->length, out);
    return true;
}

/* ---- columns -------------------------------------------------------------------------------- */

static void encode_raw(struct packer *packer, const char *text, const struct cell_list *list,
                       struct buffer *out)
{
    buffer_reset(&packer->bytes);
    for (size_t i = 0; i < list->count; i++)
        buffer_append(&packer->bytes, text + list->cells[i].at, list->cells[i].length);
    buffer_putc(out, KIND_RAW);
    wire_put_varint(out, list->count);
    put_block(packer, packer->bytes.data, packer->bytes.length, out);
}

void segment_column_encode(struct packer *packer, const char *text, const struct cell_list *list,
                           struct buffer *out)
{
    if (!list->cells) {
        buffer_putc(out, KIND_SAME);
        wire_put_varint(out, list->count);
        put_text(out, text + list->first.at, list->first.length);
    } else if (!encode_few(packer, text, list, out) && !encode_decimal(packer, text, list, out)) {
        encode_raw(packer, text, list, out);
    }
}

static void read_few(struct wire *wire, uint64_t *budget, struct segment_column *column)
{
    read_block(wire, budget, &column->entries);
    read_block(wire, budget, &column->block);
    if (wire->failed)
        return;
    struct wire entries = wire_of(&column->entries);
    column->values = xcalloc(FEW_MAX, sizeof(*column->values));
    while (entries.at < entries.end && !entries.failed && column->value_count < FEW_MAX)
        column->values[column->value_count++] = read_text(&entries);
    wire->failed |= entries.failed || column->block.length != column->count;
}

static void read_decimals(struct wire *wire, uint64_t *budget, struct segment_column *column)
{
    column->bytes = read_text(wire);
    const uint8_t *how = wire_bytes(wire, 2);
    if (!how || how[1] > 8) {
        wire->failed = true;
        return;
    }
    column->differences = how[0] == 1;
    column->width = how[1];
    read_block(wire, budget, &column->block);
    wire->failed |= column->block.length != column->count;
    for (size_t i = 0; i < column->width && !wire->failed; i++) {
        read_block(wire, budget, &column->planes);
        wire->failed |= column->planes.length != column->count;
        buffer_append(&column->entries, column->planes.data, column->planes.length);
        buffer_reset(&column->planes);
    }
    read_block(wire, budget, &column->planes);
    column->strange = wire_of(&column->planes);
}

void segment_column_read(struct wire *wire, uint64_t *budget, bool is_rest,
                         struct segment_column *column)
{
    const uint8_t *kind = wire_bytes(wire, 1);
    *column = (struct segment_column){.is_rest = is_rest, .count = wire_varint(wire)};
    if (!kind || wire->failed)
        return;
    column->kind = *kind;
    if (*kind == KIND_SAME) {
        column->bytes = read_text(wire);
    } else if (*kind == KIND_RAW) {
        read_block(wire, budget, &column->block);
        column->raw = wire_of(&column->block);
    } else if (*kind == KIND_FEW) {
        read_few(wire, budget, column);
    } else if (*kind == KIND_DECIMAL) {
        read_decimals(wire, budget, column);
    } else {
        wire->failed = true;
    }
}

static bool put(struct buffer *out, const struct wire *text)
{
    if (!text->at || text->at == text->end)
        return false;
    buffer_append(out, text->at, (size_t)(text->end - text->at));
    return true;
}

static bool next_raw(struct segment_column *column, struct buffer *out)
{
    struct wire cell = column->raw;
    while (column->raw.at < column->raw.end) {
        uint8_t byte = *column->raw.at++;
        if (byte == '\n' || (!column->is_rest && (byte == ',' || byte == ':')))
            break;
    }
    cell.end = column->raw.at;
    return put(out, &cell);
}

static bool next_decimal(struct segment_column *column, struct buffer *out)
{
    size_t at = (size_t)column->next - 1;
    uint8_t decimals = (uint8_t)column->block.data[at];
    uint64_t bits = 0;
    for (unsigned plane = 0; plane < column->width; plane++)
        bits |= (uint64_t)(uint8_t)column->entries.data[plane * column->count + at] << 8 * plane;
    int64_t number = unzigzag(bits);
    if (column->differences)
        number = column->before = (int64_t)((uint64_t)number + (uint64_t)column->before);
    if (decimals == STRANGE) {
        struct wire cell = read_text(&column->strange);
        return put(out, &cell);
    }
    if (decimals > DIGITS_MAX)
        return false;
    put_decimal(out, number, decimals);
    (void)put(out, &column->bytes); /* there may be nothing behind the numbers */
    return true;
}

bool segment_column_next(struct segment_column *column, struct buffer *out)
{
    if (column->next == column->count)
        return false;
    size_t at = (size_t)column->next++;
    if (column->kind == KIND_SAME)
        return put(out, &column->bytes);
    if (column->kind == KIND_RAW)
        return next_raw(column, out);
    if (column->kind == KIND_DECIMAL)
        return next_decimal(column, out);
    uint8_t place = (uint8_t)column->block.data[at];
    return place < column->value_count && put(out, &column->values[place]);
}

void segment_column_clear(struct segment_column *column)
{
    buffer_clear(&column->block);
    buffer_clear(&column->entries);
    buffer_clear(&column->planes);
    free(column->values);
    *column = (struct segment_column){0};
}
