/* lib/store/format.c - packs, index blocks and recipes to bytes and back. */
#include "store/format.h"
#include "base/buffer.h"
#include "base/endian.h"

static const char header_magic[8] = "MLOPSPAK", footer_magic[8] = "KAPSPOLM";
#define RECORD_MAGIC 0x31434552U /* "REC1" */

void pack_header_encode(uint8_t out[PACK_HEADER_SIZE])
{
    memcpy(out, header_magic, 8);
    put_u32(out + 8, STORE_FORMAT_VERSION);
    put_u32(out + 12, 0);
}

bool pack_header_valid(const uint8_t in[PACK_HEADER_SIZE])
{
    uint8_t expected[PACK_HEADER_SIZE];
    pack_header_encode(expected);
    return memcmp(in, expected, sizeof(expected)) == 0;
}

/* Record header: magic, kind, encoding, 0, 0, u32 stored, u32 raw, name. */
void record_header_encode(const struct record *record, uint8_t out[RECORD_HEADER_SIZE])
{
    memset(out, 0, RECORD_HEADER_SIZE);
    put_u32(out, RECORD_MAGIC);
    out[4] = record->kind;
    out[5] = record->encoding;
    put_u32(out + 8, record->stored);
    put_u32(out + 12, record->raw);
    memcpy(out + 16, record->name.bytes, 32);
}

bool record_header_matches(const uint8_t in[RECORD_HEADER_SIZE], const struct record *record)
{
    uint8_t expected[RECORD_HEADER_SIZE];
    record_header_encode(record, expected);
    return memcmp(in, expected, sizeof(expected)) == 0;
}

/* Index entry: name, u64 offset, u32 stored, u32 raw, kind, encoding, 0, 0, u32 checksum. */
static void index_entry_encode(const struct record *record, uint8_t out[INDEX_ENTRY_SIZE])
{
    memset(out, 0, INDEX_ENTRY_SIZE);
    memcpy(out, record->name.bytes, 32);
    put_u64(out + 32, record->offset);
    put_u32(out + 40, record->stored);
    put_u32(out + 44, record->raw);
    out[48] = record->kind;
    out[49] = record->encoding;
    put_u32(out + 52, record->checksum);
}

static int compare_names(const void *a, const void *b)
{
    const struct record *left = a, *right = b;
    return memcmp(left->name.bytes, right->name.bytes, 32);
}

/* The pack's id covers the index block and where it stands. */
static void pack_id(const uint8_t *block, size_t length, const uint8_t place[16], struct digest *id)
{
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    sha256_update(hash, block, length);
    sha256_update(hash, place, 16);
    sha256_final(hash, id);
}

void pack_tail_encode(struct record *records, size_t count, uint64_t offset, struct buffer *out,
                      struct digest *id)
{
    qsort(records, count, sizeof(*records), compare_names);
    size_t start = out->length;
    for (size_t i = 0; i < count; i++) {
        uint8_t entry[INDEX_ENTRY_SIZE];
        index_entry_encode(&records[i], entry);
        buffer_append(out, entry, sizeof(entry));
    }
    uint8_t place[16];
    put_u64(place, offset);
    put_u64(place + 8, count);
    pack_id((const uint8_t *)out->data + start, out->length - start, place, id);
    buffer_append(out, place, sizeof(place));
    buffer_append(out, id->bytes, 32);
    buffer_append(out, footer_magic, 8);
}

bool pack_footer_decode(const uint8_t in[PACK_FOOTER_SIZE], uint64_t pack_size,
                        struct pack_footer *footer)
{
    footer->index_offset = get_u64(in);
    footer->count = get_u64(in + 8);
    memcpy(footer->id.bytes, in + 16, 32);
    uint64_t block, end;
    return memcmp(in + 48, footer_magic, 8) == 0 && footer->index_offset >= PACK_HEADER_SIZE &&
           !__builtin_mul_overflow(footer->count, (uint64_t)INDEX_ENTRY_SIZE, &block) &&
           !__builtin_add_overflow(footer->index_offset, block, &end) &&
           !__builtin_add_overflow(end, (uint64_t)PACK_FOOTER_SIZE, &end) && end == pack_size;
}

bool pack_index_valid(const uint8_t *block, size_t length, const struct pack_footer *footer)
{
    uint8_t place[16];
    struct digest id;
    put_u64(place, footer->index_offset);
    put_u64(place + 8, footer->count);
    pack_id(block, length, place, &id);
    return length == footer->count * INDEX_ENTRY_SIZE && digest_equal(&id, &footer->id);
}

bool pack_index_entry(const uint8_t *block, size_t i, const struct pack_footer *footer,
                      struct record *record)
{
    const uint8_t *entry = block + i * INDEX_ENTRY_SIZE;
    memcpy(record->name.bytes, entry, 32);
    record->offset = get_u64(entry + 32);
    record->stored = get_u32(entry + 40);
    record->raw = get_u32(entry + 44);
    record->kind = entry[48];
    record->encoding = entry[49];
    record->checksum = get_u32(entry + 52);
    bool blob = record->kind == RECORD_BLOB && record->raw <= CHUNK_MAX;
    bool recipe = record->kind == RECORD_RECIPE && record->raw <= RECIPE_RAW_MAX;
    bool raw = record->encoding == ENCODING_RAW && record->stored == record->raw;
    bool zstd = record->encoding == ENCODING_ZSTD && record->stored < record->raw;
    bool delta = blob && record->encoding == ENCODING_DELTA && record->stored < record->raw;
    return (blob || recipe) && (raw || zstd || delta) && record->offset >= PACK_HEADER_SIZE &&
           record->offset <= footer->index_offset &&
           footer->index_offset - record->offset >= RECORD_HEADER_SIZE + (uint64_t)record->stored;
}

size_t delta_header_encode(const struct digest *bases, size_t count, uint8_t out[DELTA_HEADER_MAX])
{
    put_u32(out, (uint32_t)count);
    put_u32(out + 4, 0);
    for (size_t i = 0; i < count; i++)
        memcpy(out + 8 + 32 * i, bases[i].bytes, 32);
    return 8 + 32 * count;
}

size_t delta_header_decode(const uint8_t *in, size_t length, struct digest bases[DELTA_BASES_MAX],
                           size_t *count)
{
    if (length < 8)
        return 0;
    *count = get_u32(in);
    if (*count < 1 || *count > DELTA_BASES_MAX || get_u32(in + 4) != 0 || length < 8 + 32 * *count)
        return 0;
    for (size_t i = 0; i < *count; i++)
        memcpy(bases[i].bytes, in + 8 + 32 * i, 32);
    return 8 + 32 * *count;
}

/* Recipe entry: chunk, u32 length, u32 offset, u64 fingerprint. */
void recipe_append(struct buffer *recipe, const struct recipe_entry *entry)
{
    uint8_t bytes[RECIPE_ENTRY_SIZE] = {0};
    memcpy(bytes, entry->chunk.bytes, 32);
    put_u32(bytes + 32, entry->length);
    put_u32(bytes + 36, entry->offset);
    put_u64(bytes + 40, entry->fingerprint);
    buffer_append(recipe, bytes, sizeof(bytes));
}

void recipe_finish(struct buffer *recipe)
{
    struct digest digest;
    sha256_of(recipe->data, recipe->length, &digest);
    buffer_append(recipe, digest.bytes, 32);
}

bool recipe_check(const uint8_t *recipe, size_t length)
{
    if (length < 32 || (length - 32) % RECIPE_ENTRY_SIZE != 0)
        return false;
    struct digest digest;
    sha256_of(recipe, length - 32, &digest);
    return memcmp(digest.bytes, recipe + length - 32, 32) == 0;
}

void recipe_entry_decode(const uint8_t *recipe, size_t i, struct recipe_entry *entry)
{
    const uint8_t *bytes = recipe + i * RECIPE_ENTRY_SIZE;
    memcpy(entry->chunk.bytes, bytes, 32);
    entry->length = get_u32(bytes + 32);
    entry->offset = get_u32(bytes + 36);
    entry->fingerprint = get_u64(bytes + 40);
}

bool recipe_entry_fits(const struct recipe_entry *entry, size_t count, uint32_t raw)
{
    return count == 1 ? entry->offset <= raw && entry->length <= raw - entry->offset
                      : entry->offset == 0 && entry->length == raw;
}
