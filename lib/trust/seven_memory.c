/*
 * lib/trust/seven_memory.c - the coders of a 7z's folders and their properties (7zFormat.txt of the
 * LZMA SDK). Of the header that is all: where members lie and what they are called is libarchive's
 * to say. It is read as libarchive reads it, and what that would not take is refused here, too.
 */
#include "trust/seven_memory.h"
#include "base/endian.h"
#include "trust/cursor.h"
#include "trust/unpack.h"

#define START_SIZE 32 /* signature, version, and where the header is */
#define CODERS_MAX 4  /* libarchive's, of one folder */
#define STREAMS_MAX 32
#define PROPERTIES 5 /* of LZMA and PPMd: one byte, then the size of the memory */

enum { ID_END, ID_HEADER, ID_STREAMS = 4, ID_FILES, ID_PACKED, ID_CODERS };
enum { ID_SIZES = 9, ID_DIGESTS, ID_FOLDERS, ID_UNPACKED_SIZES, ID_PACKED_HEADER = 0x17 };
enum { CODER_LZMA2 = 0x21, CODER_LZMA = 0x030101, CODER_PPMD = 0x030401 };

struct header {
    struct cursor cursor;
    uint64_t packed_at, packed_size; /* of the first packed stream */
    uint64_t streams;                /* of the first folder, that come out */
    uint64_t memory;                 /* the most that a folder asks for */
    uint64_t method;                 /* of the first coder */
    uint8_t properties[PROPERTIES];  /* of the first coder */
};

/* As many high bits of the first byte as are set say how many bytes follow, the lowest first; the
 * rest of the first byte comes highest. */
static bool take_number(struct cursor *cursor, uint64_t *number)
{
    int first = cursor_byte(cursor);
    *number = 0;
    for (unsigned i = 0; i < 8 && first >= 0; i++) {
        unsigned mask = 0x80u >> i;
        if (!((unsigned)first & mask)) {
            *number |= (uint64_t)((unsigned)first & (mask - 1)) << 8 * i;
            return true;
        }
        int next = cursor_byte(cursor);
        if (next < 0)
            return false;
        *number |= (uint64_t)next << 8 * i;
    }
    return first >= 0;
}

static bool skip_numbers(struct cursor *cursor, uint64_t count)
{
    uint64_t number;
    for (uint64_t i = 0; i < count; i++)
        if (!take_number(cursor, &number))
            return false;
    return true;
}

static bool skip_digests(struct cursor *cursor, uint64_t count)
{
    uint64_t defined = count;
    int all = cursor_byte(cursor);
    if (all < 0)
        return false;
    if (all == 0) {
        defined = 0;
        for (uint64_t i = 0; i < count; i += 8) {
            int bits = cursor_byte(cursor);
            if (bits < 0)
                return false;
            for (uint64_t j = 0; j < 8 && i + j < count; j++)
                defined += (unsigned)bits >> (7 - j) & 1;
        }
    }
    return defined <= cursor_left(cursor) / 4 && cursor_skip(cursor, defined * 4);
}

static bool take_packed(struct header *header)
{
    struct cursor *cursor = &header->cursor;
    uint64_t count;
    if (!take_number(cursor, &header->packed_at) || !take_number(cursor, &count) || count == 0)
        return false;
    int id = cursor_byte(cursor);
    if (id == ID_SIZES) {
        if (!take_number(cursor, &header->packed_size) || !skip_numbers(cursor, count - 1))
            return false;
        id = cursor_byte(cursor);
    }
    if (id == ID_DIGESTS) {
        if (!skip_digests(cursor, count))
            return false;
        id = cursor_byte(cursor);
    }
    return id == ID_END;
}

static uint64_t memory_of(uint64_t method, const uint8_t *properties, size_t length)
{
    if ((method == CODER_LZMA || method == CODER_PPMD) && length >= PROPERTIES)
        return get_u32(properties + 1);
    if (method == CODER_LZMA2 && length > 0 && properties[0] < 40)
        return (uint64_t)(2 | (properties[0] & 1)) << (properties[0] / 2 + 11);
    return method == CODER_LZMA2 && length > 0 ? UINT32_MAX : 0;
}

/* `*memory` grows by what it asks for. */
static bool take_coder(struct header *header, bool first, uint64_t streams[2], uint64_t *memory)
{
    struct cursor *cursor = &header->cursor;
    uint64_t method = 0, in = 1, out = 1, length = 0;
    uint8_t properties[PROPERTIES] = {0};
    int kind = cursor_byte(cursor);
    if (kind < 0 || (kind & 0x80))
        return false;
    for (int i = 0; i < (kind & 0xf); i++) {
        int byte = cursor_byte(cursor);
        if (byte < 0 || method >> 56)
            return false;
        method = method << 8 | (unsigned)byte;
    }
    if ((kind & 0x10) && (!take_number(cursor, &in) || !take_number(cursor, &out)))
        return false;
    if (in > STREAMS_MAX || out > STREAMS_MAX)
        return false;
    if ((kind & 0x20) && !take_number(cursor, &length))
        return false;
    size_t kept = length < PROPERTIES ? (size_t)length : PROPERTIES;
    if (!cursor_take(cursor, properties, kept) || !cursor_skip(cursor, length - kept))
        return false;
    if (first) {
        header->method = method;
        memcpy(header->properties, properties, sizeof(properties));
    }
    streams[0] += in;
    streams[1] += out;
    *memory += memory_of(method, properties, kept);
    return true;
}

static bool take_folder(struct header *header, bool first)
{
    struct cursor *cursor = &header->cursor;
    uint64_t coders, memory = 0, streams[2] = {0, 0};
    if (!take_number(cursor, &coders) || coders == 0 || coders > CODERS_MAX)
        return false;
    for (uint64_t i = 0; i < coders; i++)
        if (!take_coder(header, first && i == 0, streams, &memory))
            return false;
    if (streams[1] == 0 || streams[0] < streams[1] - 1)
        return false;
    uint64_t bound = streams[1] - 1, packed = streams[0] - bound;
    if (!skip_numbers(cursor, 2 * bound) || !skip_numbers(cursor, packed == 1 ? 0 : packed))
        return false;
    if (first)
        header->streams = streams[1];
    header->memory = memory > header->memory ? memory : header->memory;
    return true;
}

/* What follows the folders is not read. */
static bool take_streams(struct header *header)
{
    struct cursor *cursor = &header->cursor;
    uint64_t folders;
    int id = cursor_byte(cursor);
    if (id == ID_PACKED) {
        if (!take_packed(header))
            return false;
        id = cursor_byte(cursor);
    }
    if (id != ID_CODERS)
        return id >= 0;
    if (cursor_byte(cursor) != ID_FOLDERS || !take_number(cursor, &folders) ||
        cursor_byte(cursor) != 0) /* folders that are described elsewhere */
        return false;
    for (uint64_t i = 0; i < folders; i++)
        if (!take_folder(header, i == 0))
            return false;
    return true;
}

static int begin(struct header *header, struct source *source, struct mlops_error *err)
{
    header->cursor.source = source;
    header->cursor.at = header->cursor.block = 0;
    header->cursor.held = 0;
    header->cursor.code = MLOPS_OK;
    header->cursor.err = err;
    return cursor_byte(&header->cursor);
}

/* A header that is packed itself, and with what: LZMA by all who write such. */
static int unpack_header(const struct scan_file *file, struct header *header,
                         struct source **content, struct mlops_error *err)
{
    _cleanup_(spool_clear) struct spool spool = SPOOL_EMPTY;
    uint8_t prefix[PROPERTIES + 8]; /* as .lzma files begin */
    uint64_t size, most = file->source->size - START_SIZE;
    struct unpacked result;
    bool known = take_streams(header) && header->method == CODER_LZMA && header->streams == 1 &&
                 cursor_byte(&header->cursor) == ID_UNPACKED_SIZES &&
                 take_number(&header->cursor, &size) && header->packed_at <= most &&
                 header->packed_size <= most - header->packed_at;
    if (!known)
        return header->cursor.code;
    memcpy(prefix, header->properties, PROPERTIES);
    put_u64(prefix + PROPERTIES, size);
    _cleanup_(source_close_ptr) struct source *packed =
        source_part(file->source, START_SIZE + header->packed_at, header->packed_size);
    TRY(unpack(file, PACKING_LZMA, packed, prefix, sizeof(prefix), &spool, &result, err));
    if (result.whole && spool.length > 0)
        *content = spool_source(&spool);
    return MLOPS_OK;
}

/* `*why` is NULL where the header says what it has to. */
static int read_header(const struct scan_file *file, struct header *header, const char **why,
                       struct mlops_error *err)
{
    _cleanup_(source_close_ptr) struct source *stored = NULL, *unpacked = NULL;
    uint8_t start[START_SIZE];
    size_t got;
    *why = "its header is not where it says";
    TRY(source_read(file->source, 0, start, sizeof(start), &got, err));
    if (got < sizeof(start))
        return MLOPS_OK;
    uint64_t at = get_u64(start + 12), size = get_u64(start + 20);
    uint64_t most = file->source->size - START_SIZE;
    if (at > most || size > most - at)
        return MLOPS_OK;
    *why = size ? "its header cannot be read" : NULL; /* an archive of nothing has none */
    stored = source_part(file->source, START_SIZE + at, size);
    int id = begin(header, stored, err);
    if (id == ID_PACKED_HEADER) {
        TRY(unpack_header(file, header, &unpacked, err));
        id = unpacked ? begin(header, unpacked, err) : -1;
    }
    if (id == ID_HEADER) {
        id = cursor_byte(&header->cursor);
        if (id == ID_END || id == ID_FILES || (id == ID_STREAMS && take_streams(header)))
            *why = NULL;
    }
    return header->cursor.code;
}

int seven_memory(const struct scan_file *file, uint64_t *bytes, const char **why,
                 struct mlops_error *err)
{
    struct header *header = xcalloc(1, sizeof(*header));
    int code = read_header(file, header, why, err);
    *bytes = *why ? 0 : header->memory;
    free(header);
    return code;
}
