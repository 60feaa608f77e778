/* lib/store/encode.c - raw, zstd or delta. */
#include "store/encode.h"
#include <math.h>
#include <zstd.h>

#define PROBE_SIZE 8192
#define PROBE_LEVEL -5  /* finds repetitions, does not code single bytes */
#define COMPRESS_MIN 64 /* shorter blobs are stored as they are */
#define DELTA_MIN 1024  /* shorter ones gain less than the names of their bases take */
#define ZSTD_LEVEL 1
/* Level 1 takes 13, which finds more in programs (5 %) and less in tables of numbers (3 %), and is
 * slower on all (10 to 25 %). In numbers as text hardly anything comes again but by chance: a small
 * table that forgets soon is faster and finds as much. docs/benchmarks.md. */
#define PLAIN_HASH_LOG 11
#define NUMBERS_HASH_LOG 9
#define NUMBERS_MATCH_MIN 6
#define DELTA_WINDOW_LOG 21 /* all bases and the chunk are in sight */
#define DELTA_HASH_LOG 18   /* so that the table holds most of what is in sight: level 1 has 2^14 */
#define DELTA_MATCH_MIN 7   /* matches are long here; short ones only cover them up */

struct encoder {
    ZSTD_CCtx *plain, *numbers, *probe, *delta;
    struct reader *reader;
    uint8_t *packed; /* ENCODE_ROOM */
    uint8_t *prefix; /* the bases of the last delta, one after another */
    size_t prefix_length;
    struct digest named[DELTA_BASES_MAX]; /* they were asked for under these names, … */
    size_t named_count;
    struct digest bases[DELTA_BASES_MAX]; /* … and lie in the prefix under these */
    size_t base_count;
};

struct encoder *encoder_new(const struct store *store)
{
    struct encoder *encoder = xcalloc(1, sizeof(*encoder));
    encoder->plain = xcheck(ZSTD_createCCtx());
    (void)ZSTD_CCtx_setParameter(encoder->plain, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    (void)ZSTD_CCtx_setParameter(encoder->plain, ZSTD_c_hashLog, PLAIN_HASH_LOG);
    encoder->numbers = xcheck(ZSTD_createCCtx());
    (void)ZSTD_CCtx_setParameter(encoder->numbers, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    (void)ZSTD_CCtx_setParameter(encoder->numbers, ZSTD_c_hashLog, NUMBERS_HASH_LOG);
    (void)ZSTD_CCtx_setParameter(encoder->numbers, ZSTD_c_minMatch, NUMBERS_MATCH_MIN);
    encoder->probe = xcheck(ZSTD_createCCtx());
    (void)ZSTD_CCtx_setParameter(encoder->probe, ZSTD_c_compressionLevel, PROBE_LEVEL);
    encoder->reader = reader_new(store);
    encoder->packed = xmalloc(ENCODE_ROOM);
    return encoder;
}

void encoder_free(struct encoder *encoder)
{
    if (!encoder)
        return;
    ZSTD_freeCCtx(encoder->plain);
    ZSTD_freeCCtx(encoder->numbers);
    ZSTD_freeCCtx(encoder->probe);
    ZSTD_freeCCtx(encoder->delta);
    reader_free(encoder->reader);
    free(encoder->packed);
    free(encoder->prefix);
    free(encoder);
}

/* What the first bytes of a chunk are like. */
struct look {
    bool uneven;  /* a code for single bytes would take a tenth off */
    bool numbers; /* two of five are digits */
};

/* By the bytes' entropy (Shannon 1948, §6), which a Huffman code comes close to. */
static struct look look_at(const uint8_t *data, size_t length)
{
    uint32_t counts[4][256] = {0}; /* four, so that runs of a byte do not wait for one counter */
    float bits = 0;
    size_t i = 0, digits = 0;
    for (; i + 4 <= length; i += 4)
        for (size_t j = 0; j < 4; j++)
            counts[j][data[i + j]]++;
    for (; i < length; i++)
        counts[0][data[i]]++;
    for (size_t byte = 0; byte < 256; byte++) {
        uint32_t count = counts[0][byte] + counts[1][byte] + counts[2][byte] + counts[3][byte];
        if (count > 0)
            bits += (float)count * log2f((float)length / (float)count);
        digits += byte >= '0' && byte <= '9' ? count : 0;
    }
    return (struct look){.uneven = bits < (float)length * 8 * 0.9F,
                         .numbers = digits * 5 >= length * 2};
}

/* Are there repetitions that take a tenth off? */
static bool repeats(struct encoder *encoder, const uint8_t *data, size_t length)
{
    size_t packed = ZSTD_compress2(encoder->probe, encoder->packed, ENCODE_ROOM, data, length);
    return !ZSTD_isError(packed) && packed * 10 < length * 9;
}

/* The chunk compressed in `packed`: its size, or 0 where it is not worth while. Where the first
 * bytes do not shrink by a tenth, the rest hardly will. */
static size_t compress(struct encoder *encoder, const uint8_t *data, size_t length)
{
    size_t probe = length < PROBE_SIZE ? length : PROBE_SIZE;
    if (length < COMPRESS_MIN)
        return 0;
    struct look look = look_at(data, probe);
    if (!look.uneven && !repeats(encoder, data, probe))
        return 0;
    size_t packed = ZSTD_compress2(look.numbers ? encoder->numbers : encoder->plain,
                                   encoder->packed, ENCODE_ROOM, data, length);
    return !ZSTD_isError(packed) && packed < length ? packed : 0;
}

/* Put the blob `name` into the prefix, or what it is a delta of itself, for deltas have no depth. A
 * base that cannot be had is left out: the chunk is then stored without it. */
static int add_base(struct encoder *encoder, const struct digest *name, bool again,
                    struct mlops_error *err)
{
    struct location location;
    const uint8_t *data;
    if (encoder->base_count == DELTA_BASES_MAX)
        return MLOPS_OK;
    for (size_t i = 0; i < encoder->base_count; i++)
        if (digest_equal(&encoder->bases[i], name))
            return MLOPS_OK;
    int code = reader_find(encoder->reader, name, &location, err);
    if (code == MLOPS_OK && location.record.encoding == ENCODING_DELTA && again) {
        struct digest bases[DELTA_BASES_MAX];
        size_t count;
        code = reader_bases(encoder->reader, &location, bases, &count, err);
        for (size_t i = 0; code == MLOPS_OK && i < count; i++)
            code = add_base(encoder, &bases[i], false, err);
        return code == MLOPS_IO ? code : MLOPS_OK;
    }
    if (code == MLOPS_OK &&
        (location.record.kind != RECORD_BLOB || location.record.encoding == ENCODING_DELTA))
        return MLOPS_OK;
    if (code == MLOPS_OK)
        code = reader_load(encoder->reader, &location, &data, err);
    if (code)
        return code == MLOPS_IO ? code : MLOPS_OK;
    memcpy(encoder->prefix + encoder->prefix_length, data, location.record.raw);
    encoder->prefix_length += location.record.raw;
    encoder->bases[encoder->base_count++] = *name;
    return MLOPS_OK;
}

static int load_bases(struct encoder *encoder, const struct digest *bases, size_t count,
                      struct mlops_error *err)
{
    if (count == encoder->named_count && memcmp(bases, encoder->named, count * sizeof(*bases)) == 0)
        return MLOPS_OK;
    if (!encoder->prefix)
        encoder->prefix = xmalloc(DELTA_BASES_MAX * CHUNK_MAX);
    encoder->prefix_length = encoder->base_count = encoder->named_count = 0;
    for (size_t i = 0; i < count; i++)
        TRY(add_base(encoder, &bases[i], true, err));
    memcpy(encoder->named, bases, count * sizeof(*bases));
    encoder->named_count = count;
    return MLOPS_OK;
}

/* A delta at `room`: its size, or 0 where it takes more than `limit`. */
static size_t make_delta(struct encoder *encoder, const uint8_t *data, size_t length, uint8_t *room,
                         size_t limit)
{
    if (!encoder->delta) {
        encoder->delta = xcheck(ZSTD_createCCtx());
        (void)ZSTD_CCtx_setParameter(encoder->delta, ZSTD_c_compressionLevel, ZSTD_LEVEL);
        (void)ZSTD_CCtx_setParameter(encoder->delta, ZSTD_c_windowLog, DELTA_WINDOW_LOG);
        (void)ZSTD_CCtx_setParameter(encoder->delta, ZSTD_c_hashLog, DELTA_HASH_LOG);
        (void)ZSTD_CCtx_setParameter(encoder->delta, ZSTD_c_minMatch, DELTA_MATCH_MIN);
    }
    size_t header = delta_header_encode(encoder->bases, encoder->base_count, room);
    if (header >= limit)
        return 0;
    (void)ZSTD_CCtx_refPrefix(encoder->delta, encoder->prefix, encoder->prefix_length);
    size_t packed = ZSTD_compress2(encoder->delta, room + header, limit - header, data, length);
    return ZSTD_isError(packed) ? 0 : header + packed;
}

int encoder_encode(struct encoder *encoder, const uint8_t *data, size_t length,
                   const struct digest *bases, size_t base_count, uint8_t *room,
                   struct record *record, const void **stored, struct mlops_error *err)
{
    size_t delta = 0, packed = 0;
    *stored = data;
    record->encoding = ENCODING_RAW;
    record->stored = (uint32_t)length;
    if (base_count > 0 && length >= DELTA_MIN) {
        TRY(load_bases(encoder, bases, base_count, err));
        if (encoder->base_count > 0)
            delta = make_delta(encoder, data, length, room, length / 4 * 3);
    }
    /* A good delta is taken at once. One that is not is weighed against the chunk by itself, which
     * is read without its bases. */
    if (delta == 0 || delta > length / 4)
        packed = compress(encoder, data, length);
    if (delta > 0 && (packed == 0 || delta < packed / 4 * 3)) {
        record->encoding = ENCODING_DELTA;
        record->stored = (uint32_t)delta;
        *stored = room;
    } else if (packed > 0) {
        memcpy(room, encoder->packed, packed);
        record->encoding = ENCODING_ZSTD;
        record->stored = (uint32_t)packed;
        *stored = room;
    }
    return MLOPS_OK;
}
