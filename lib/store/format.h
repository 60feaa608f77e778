/*
 * lib/store/format.h - the bytes of packs and recipes. docs/store.md says the same in prose.
 *
 * A pack: header, records, index block, footer. Little-endian throughout. Its file name is the
 * hexadecimal SHA-256 that stands in its footer, so a pack that has its name is whole.
 */
#ifndef STORE_FORMAT_H
#define STORE_FORMAT_H
#include "base/hash.h"
#include "store/chunker.h"

#define STORE_FORMAT_VERSION 1

#define PACK_HEADER_SIZE 16 /* "MLOPSPAK", u32 version, u32 0 */
#define PACK_FOOTER_SIZE 56 /* u64 offset of the index, u64 entries, SHA-256, "KAPSPOLM" */
#define PACK_TARGET_SIZE (64ULL << 20)
#define RECORD_HEADER_SIZE 48
#define INDEX_ENTRY_SIZE 56
#define RECIPE_ENTRY_SIZE 48
#define RECIPE_RAW_MAX (256U << 20) /* about 350 GB of file in chunks of average size */

enum record_kind {
    RECORD_BLOB = 1,   /* bytes whose SHA-256 is the name */
    RECORD_RECIPE = 2, /* how the file of that name is put together from blobs */
};

enum record_encoding {
    ENCODING_RAW = 0,
    ENCODING_ZSTD = 1,
    ENCODING_DELTA = 2, /* zstd with other blobs, one after another, as prefix */
};

/* A delta: u32 number of bases, u32 0, their names, the zstd frame. Bases are blobs that are no
 * deltas themselves. */
#define DELTA_BASES_MAX 4
#define DELTA_HEADER_MAX (8 + DELTA_BASES_MAX * 32)
/* Bytes of the header. */
size_t delta_header_encode(const struct digest *bases, size_t count, uint8_t out[DELTA_HEADER_MAX]);
/* Bytes of the header of a delta of `length` bytes, 0 where it cannot be one. */
size_t delta_header_decode(const uint8_t *in, size_t length, struct digest bases[DELTA_BASES_MAX],
                           size_t *count);

/* What a record header and an index entry say. */
struct record {
    struct digest name;
    uint64_t offset; /* of the record header in the pack */
    uint32_t stored; /* bytes after the header */
    uint32_t raw;    /* bytes after decoding */
    uint8_t kind, encoding;
    uint32_t checksum; /* CRC-32C of what is stored, where that is encoded; 0: unknown */
};

void pack_header_encode(uint8_t out[PACK_HEADER_SIZE]);
bool pack_header_valid(const uint8_t in[PACK_HEADER_SIZE]);

void record_header_encode(const struct record *record, uint8_t out[RECORD_HEADER_SIZE]);
/* Does the header say what the index said? */
bool record_header_matches(const uint8_t in[RECORD_HEADER_SIZE], const struct record *record);

/* Sort `records` by name and append the index block and the footer that belong to a pack whose
 * records end at `offset`. `*id` becomes the pack's name. */
struct buffer;
void pack_tail_encode(struct record *records, size_t count, uint64_t offset, struct buffer *out,
                      struct digest *id);

struct pack_footer {
    uint64_t index_offset;
    uint64_t count;
    struct digest id;
};
/* Parse a footer of a pack of `pack_size` bytes; false where it cannot be one. */
bool pack_footer_decode(const uint8_t in[PACK_FOOTER_SIZE], uint64_t pack_size,
                        struct pack_footer *footer);
/* Check an index block against its footer and decode entry `i` of it. */
bool pack_index_valid(const uint8_t *block, size_t length, const struct pack_footer *footer);
bool pack_index_entry(const uint8_t *block, size_t i, const struct pack_footer *footer,
                      struct record *record);

/*
 * One chunk of a recipe: all of it, but where the recipe has this one entry only. Then it may be a
 * slice, a part of the chunk: small files lie many in a chunk, and are compressed together.
 */
struct recipe_entry {
    struct digest chunk;
    uint32_t length;
    uint32_t offset;      /* in the chunk */
    uint64_t fingerprint; /* gear hash at its end */
};
void recipe_append(struct buffer *recipe, const struct recipe_entry *entry);
/* Close a recipe: its SHA-256 follows its entries. */
void recipe_finish(struct buffer *recipe);
/* Is it whole, by its checksum? */
bool recipe_check(const uint8_t *recipe, size_t length);
/* Entries of a recipe of `length` bytes. */
static inline size_t recipe_count(size_t length)
{
    return (length - sizeof(struct digest)) / RECIPE_ENTRY_SIZE;
}
void recipe_entry_decode(const uint8_t *recipe, size_t i, struct recipe_entry *entry);
/* Do the bytes that the entry names lie in a chunk of `raw` bytes, as they may in a recipe of
 * `count` entries? */
bool recipe_entry_fits(const struct recipe_entry *entry, size_t count, uint32_t raw);
/* Is the record a recipe of one entry? */
static inline bool record_is_slice(const struct record *record)
{
    return record->kind == RECORD_RECIPE && recipe_count(record->raw) == 1;
}

#endif
