/* lib/trust/tf_checkpoint.c - footer, blocks and entries of the table, and what they say of
 * shards. */
#include "trust/tf_checkpoint.h"
#include "base/buffer.h"
#include "base/crc32c.h"
#include "base/endian.h"
#include "trust/raw_data.h"
#include <inttypes.h>
#include <stdio.h>

#define RULE(variable, id, ...)                                                                    \
    static DEFINE_RULE(rule_##variable, "tf-checkpoint/" id, __VA_ARGS__)

#define SAVE_AGAIN "have it saved again by TensorFlow"
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "the index cannot be followed to its end", SAVE_AGAIN);
RULE(compressed, "compressed", LOW, UNKNOWN, "a block of the index is compressed, and not followed",
     SAVE_AGAIN ", which does not compress it");
RULE(unexplained, "unexplained-bytes", HIGH, UNSAFE, "bytes of the index belong to nothing",
     SAVE_AGAIN "; find out who made it");

#define MAGIC "\x57\xfb\x80\x8b\x24\x75\x47\xdb"
#define FOOTER 48 /* two handles, padded to 40 bytes, and the magic number */
#define TRAILER 5 /* of a block: how it is compressed, its checksum */
#define CRC_MASK 0xa282ead8u
#define BLOCKS_MAX 65536

struct span {
    const uint8_t *at, *end;
    bool past;
};

struct table {
    const struct scan_file *file;
    const uint8_t *data;
    uint64_t size;
    uint64_t accounted; /* bytes of the blocks so far */
    uint64_t shards;
    bool stopped;
};

static void stop(struct table *table, const struct rule *rule, uint64_t at, const char *what)
{
    if (!table->stopped)
        findings_add(table->file->findings, rule, table->file->path, at, "%s", what);
    table->stopped = true;
}

static uint64_t take_varint(struct span *span)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && span->at < span->end; shift += 7) {
        uint8_t byte = *span->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80) && (byte != 0 || shift == 0)) /* in as few bytes as it takes */
            return value;
        if (byte == 0)
            break;
    }
    span->past = true;
    return 0;
}

static struct span take_span(struct span *span, uint64_t length)
{
    struct span part = {.at = span->at, .end = span->at};
    if (length > (uint64_t)(span->end - span->at)) {
        span->past = true;
        part.past = true;
        return part;
    }
    part.end = span->at += length;
    return part;
}

/* ---- entries -------------------------------------------------------------------------------- */

/* BundleHeaderProto: num_shards 1, endianness 2, version 3. */
static void take_header(struct table *table, struct span value)
{
    while (value.at < value.end && !value.past) {
        uint64_t tag = take_varint(&value);
        if (tag == (1 << 3))
            table->shards = take_varint(&value);
        else if (tag == (2 << 3)) {
            if (take_varint(&value) != 0)
                stop(table, &rule_damaged, 0, "the tensors are big endian");
        } else if (tag == (3 << 3 | 2))
            (void)take_span(&value, take_varint(&value));
        else
            value.past = true;
    }
    if (value.past || table->shards == 0 || table->shards > 99999)
        stop(table, &rule_damaged, 0, "the index does not say how many shards there are");
}

/* What the shard's bytes are is this one's to say. */
static void claim(struct table *table, uint64_t shard, uint64_t offset, uint64_t size)
{
    const char *name = table->file->name, *dot = strrchr(name, '.');
    char shown[512];
    int length = dot ? (int)(dot - name) : (int)strlen(name);
    if (snprintf(shown, sizeof(shown), "%.*s.data-%05u-of-%05u", length, name, (unsigned)shard,
                 (unsigned)table->shards) < (int)sizeof(shown))
        raw_data_claim(table->file, shown, offset, size);
}

/* BundleEntryProto: dtype 1, shape 2, shard_id 3, offset 4, size 5, crc32c 6, slices 7. */
static void take_entry(struct table *table, struct span value)
{
    uint64_t shard = 0, offset = 0, size = 0, sum;
    while (value.at < value.end && !value.past) {
        uint64_t tag = take_varint(&value);
        switch (tag) {
        case 1 << 3:
            (void)take_varint(&value);
            break;
        case 3 << 3:
            shard = take_varint(&value);
            break;
        case 4 << 3:
            offset = take_varint(&value);
            break;
        case 5 << 3:
            size = take_varint(&value);
            break;
        case 6 << 3 | 5:
            (void)take_span(&value, 4);
            break;
        case 2 << 3 | 2:
        case 7 << 3 | 2:
            (void)take_span(&value, take_varint(&value));
            break;
        default:
            value.past = true;
        }
    }
    if (value.past || shard >= table->shards || __builtin_add_overflow(offset, size, &sum))
        stop(table, &rule_damaged, 0, "an entry of the index is none");
    else
        claim(table, shard, offset, size);
}

/* ---- blocks --------------------------------------------------------------------------------- */

/* The content of the block that a handle names, checksum and all. */
static bool take_block(struct table *table, struct span *handle, struct span *block)
{
    uint64_t at = take_varint(handle), length = take_varint(handle);
    if (handle->past || at > table->size - FOOTER || length > table->size - FOOTER - at ||
        table->size - FOOTER - at - length < TRAILER) {
        stop(table, &rule_damaged, at, "a block lies outside of the file");
        return false;
    }
    const uint8_t *data = table->data + at;
    uint32_t crc = crc32c(data, (size_t)length + 1);
    if (get_u32(data + length + 1) != (crc >> 15 | crc << 17) + CRC_MASK) {
        stop(table, &rule_damaged, at, "the checksum of a block is wrong");
        return false;
    }
    if (data[length] != 0) {
        stop(table, &rule_compressed, at, "a block is compressed");
        return false;
    }
    table->accounted += length + TRAILER;
    *block = (struct span){.at = data, .end = data + length};
    uint32_t restarts = length >= 4 ? get_u32(data + length - 4) : UINT32_MAX;
    if (length < 4 || restarts > (length - 4) / 4) {
        stop(table, &rule_damaged, at, "a block does not say where its keys begin");
        return false;
    }
    block->end -= 4 + 4ull * restarts;
    return true;
}

/* The next value of a block; `*empty`: has its key no bytes? */
static bool take_value(struct table *table, struct span *block, struct span *value, bool *empty)
{
    if (block->at >= block->end || table->stopped)
        return false;
    uint64_t shared = take_varint(block), own = take_varint(block), length = take_varint(block);
    (void)take_span(block, own);
    *value = take_span(block, length);
    *empty = shared == 0 && own == 0;
    if (block->past)
        stop(table, &rule_damaged, (uint64_t)(block->at - table->data), "an entry is cut off");
    return !block->past;
}

static void take_entries(struct table *table, struct span block, bool *first)
{
    struct span value;
    bool empty;
    while (take_value(table, &block, &value, &empty)) {
        if (*first != empty)
            stop(table, &rule_damaged, 0, "the index does not begin with its header");
        else if (empty)
            take_header(table, value);
        else
            take_entry(table, value);
        *first = false;
    }
}

static void follow(struct table *table)
{
    struct span footer = {.at = table->data + table->size - FOOTER,
                          .end = table->data + table->size - 8};
    struct span about, index, handle, block;
    bool first = true, empty;
    if (!take_block(table, &footer, &about) || !take_block(table, &footer, &index))
        return;
    if (about.at < about.end)
        stop(table, &rule_damaged, 0, "the index has a filter, which TensorFlow does not write");
    for (int i = 0; i < BLOCKS_MAX && take_value(table, &index, &handle, &empty); i++)
        if (take_block(table, &handle, &block))
            take_entries(table, block, &first);
    if (index.at < index.end && !table->stopped)
        stop(table, &rule_damaged, 0, "the index has more blocks than are followed");
    for (; footer.at < footer.end; footer.at++)
        if (*footer.at != 0)
            stop(table, &rule_unexplained, table->size - FOOTER,
                 "the footer's padding is not zero");
    if (table->accounted + FOOTER != table->size)
        stop(table, &rule_unexplained, 0, "blocks leave bytes between them, or share them");
}

/* ---- the file ------------------------------------------------------------------------------- */

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    uint8_t magic[8];
    *claimed = false;
    if (file->source->size < FOOTER)
        return MLOPS_OK;
    TRY(file->source->read(file->source, file->source->size - 8, magic, 8, err));
    *claimed = memcmp(magic, MAGIC, 8) == 0;
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    struct table table = {.file = file, .size = file->source->size};
    _cleanup_(buffer_clear) struct buffer data = {0};
    if (table.size < FOOTER || table.size > TF_CHECKPOINT_BYTES_MAX) {
        stop(&table, &rule_damaged, 0, "the index is shorter or larger than any");
        return MLOPS_OK;
    }
    buffer_reserve(&data, (size_t)table.size + 1);
    TRY(file->source->read(file->source, 0, data.data, (size_t)table.size, err));
    table.data = (const uint8_t *)data.data;
    follow(&table);
    return MLOPS_OK;
}

const struct scanner scanner_tf_checkpoint = {
    .format = "TensorFlow checkpoint",
    .extensions = (const char *const[]){"index", NULL},
    .claims = claims,
    .scan = scan,
};
