/* lib/trust/unpack.c - streams one after another, piece by piece, within the limits. */
#include "trust/unpack.h"
#include "base/endian.h"
#include "trust/unpack_step.h"
#include <stdio.h>

#define PIECE (128u << 10)

struct run {
    const struct scan_file *file;
    const struct decoding *decoding;
    struct decoder decoder;
    struct source *source;
    struct spool *out;
    struct unpacked *result;
    uint64_t offset; /* of the source, up to which it was read */
    uint64_t given;
    uint8_t in[PIECE], piece[PIECE];
};

static const struct decoding *find(enum packing packing)
{
    for (const struct decoding *at = unpack_linked; at->name; at++)
        if (at->packing == packing)
            return at;
    for (const struct decoding *at = unpack_loaded; at->name; at++)
        if (at->packing == packing)
            return at;
    return NULL;
}

static void free_run(struct run **run)
{
    if (*run && (*run)->decoding)
        (*run)->decoding->end(&(*run)->decoder);
    free(*run);
}

static int refill(struct run *run, struct mlops_error *err)
{
    size_t got;
    TRY(source_read(run->source, run->offset, run->in, sizeof(run->in), &got, err));
    run->offset += got;
    run->decoder.in = run->in;
    run->decoder.in_left = got;
    return MLOPS_OK;
}

/* Does another stream of the same format begin where the last one ended? */
static int follows(struct run *run, bool *next, struct mlops_error *err)
{
    uint8_t head[16];
    size_t got;
    TRY(source_read(run->source, run->result->consumed, head, sizeof(head), &got, err));
    *next = packing_of(head, got) == run->decoding->packing &&
            run->decoding->packing != PACKING_ZLIB && run->decoding->packing != PACKING_LZMA;
    return MLOPS_OK;
}

/* One step, its output kept. */
static int advance(struct run *run, enum step *step, struct mlops_error *err)
{
    struct decoder *decoder = &run->decoder;
    decoder->out = run->piece;
    decoder->out_left = sizeof(run->piece);
    *step = run->decoding->step(decoder);
    size_t length = sizeof(run->piece) - decoder->out_left;
    run->given += length;
    if (!scan_spend(run->file, length, run->given, run->offset)) {
        run->result->limited = true;
        return MLOPS_OK;
    }
    return spool_write(run->out, run->piece, length, err);
}

static int stream(struct run *run, struct mlops_error *err)
{
    struct decoder *decoder = &run->decoder;
    for (;;) {
        enum step step;
        if (decoder->in_left == 0) {
            TRY(scan_check_cancelled(run->file, err));
            TRY(refill(run, err));
        }
        size_t left = decoder->in_left;
        TRY(advance(run, &step, err));
        if (run->result->limited)
            return MLOPS_OK;
        if (step == STEP_BAD) {
            str_copy(run->result->why, sizeof(run->result->why), decoder->why);
            return MLOPS_OK;
        }
        if (step == STEP_END) {
            run->result->consumed = run->offset - decoder->in_left;
            run->result->streams++;
            run->result->whole = true;
            return MLOPS_OK;
        }
        if (left == decoder->in_left && decoder->out_left == sizeof(run->piece) &&
            run->offset >= run->source->size) {
            str_copy(run->result->why, sizeof(run->result->why), "it is cut off");
            return MLOPS_OK;
        }
    }
}

static int all_streams(struct run *run, struct mlops_error *err)
{
    bool next = true;
    while (next) {
        run->result->whole = false;
        TRY(stream(run, err));
        if (!run->result->whole || run->result->limited)
            return MLOPS_OK;
        TRY(follows(run, &next, err));
        if (next && !run->decoding->again(&run->decoder, run->decoding->packing))
            return mlops_fail(err, MLOPS_IO, "%s does not begin again", run->decoding->name);
    }
    return MLOPS_OK;
}

enum packing packing_of(const uint8_t *head, size_t length)
{
    static const uint8_t xz[] = {0xfd, '7', 'z', 'X', 'Z', 0};
    if (length >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8)
        return PACKING_GZIP;
    if (length >= 4 && get_u32(head) == 0xfd2fb528)
        return PACKING_ZSTD;
    if (length >= 4 && get_u32(head) == 0x184d2204)
        return PACKING_LZ4;
    if (length >= sizeof(xz) && memcmp(head, xz, sizeof(xz)) == 0)
        return PACKING_XZ;
    /* "BZh", the level, then the mark of a block or of the end */
    if (length >= 10 && memcmp(head, "BZh", 3) == 0 && head[3] >= '1' && head[3] <= '9' &&
        (memcmp(head + 4, "1AY&SY", 6) == 0 ||
         memcmp(head + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0))
        return PACKING_BZIP2;
    /* lc, lp and pb as all encoders have them, a dictionary of a power of two or three times one,
     * and a size that is unknown or below 1 TiB */
    if (length >= 13 && head[0] == 0x5d) {
        uint32_t dictionary = get_u32(head + 1);
        uint64_t size = get_u64(head + 5);
        uint32_t low = dictionary & (~dictionary + 1);
        if (dictionary >= 4096 && (dictionary == low || dictionary == 3 * low) &&
            (size == UINT64_MAX || size < 1ull << 40))
            return PACKING_LZMA;
    }
    /* RFC 1950: deflate, a window up to 32 KiB, no dictionary, and the check of the two bytes. The
     * first block's type must be one, too. */
    if (length >= 6 && (head[0] & 0x0f) == 8 && head[0] >> 4 <= 7 && !(head[1] & 0x20) &&
        (head[0] << 8 | head[1]) % 31 == 0 && (head[2] & 6) != 6)
        return PACKING_ZLIB;
    return PACKING_NONE;
}

const char *packing_name(enum packing packing)
{
    const struct decoding *decoding = find(packing);
    return decoding ? decoding->name : "stored";
}

int unpack(const struct scan_file *file, enum packing packing, struct source *source,
           const void *prefix, size_t prefix_length, struct spool *out, struct unpacked *result,
           struct mlops_error *err)
{
    struct mlops_error missing = {0};
    _cleanup_(free_run) struct run *run = xmalloc(sizeof(*run));
    *result = (struct unpacked){0};
    run->file = file;
    run->decoding = find(packing);
    run->decoder = (struct decoder){.in = prefix, .in_left = prefix_length};
    run->source = source;
    run->out = out;
    run->result = result;
    run->offset = 0;
    run->given = 0;
    if (run->decoding->begin(&run->decoder, packing, &missing)) {
        str_copy(result->why, sizeof(result->why), missing.message);
        return MLOPS_OK;
    }
    return all_streams(run, err);
}
