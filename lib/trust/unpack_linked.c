/* lib/trust/unpack_linked.c - streams by the libraries that are linked: zlib and libzstd. */
#include "trust/unpack_step.h"
#define ZLIB_CONST /* next_in is only read */
#include <zlib.h>
#include <zstd.h>

/* inflateInit2's window: negative is bare deflate, 16 more is gzip. */
static int window(enum packing packing)
{
    return packing == PACKING_DEFLATE ? -MAX_WBITS
           : packing == PACKING_GZIP  ? MAX_WBITS + 16
                                      : MAX_WBITS;
}

static int begin_zlib(struct decoder *decoder, enum packing packing, struct mlops_error *err)
{
    decoder->state = xcalloc(1, sizeof(z_stream));
    if (inflateInit2((z_stream *)decoder->state, window(packing)) != Z_OK)
        return mlops_fail(err, MLOPS_IO, "zlib does not begin");
    return MLOPS_OK;
}

static enum step step_zlib(struct decoder *decoder)
{
    z_stream *stream = decoder->state;
    stream->next_in = decoder->in;
    stream->avail_in = (uInt)decoder->in_left;
    stream->next_out = decoder->out;
    stream->avail_out = (uInt)decoder->out_left;
    int code = inflate(stream, Z_NO_FLUSH);
    decoder->in = stream->next_in;
    decoder->in_left = stream->avail_in;
    decoder->out = stream->next_out;
    decoder->out_left = stream->avail_out;
    if (code == Z_STREAM_END)
        return STEP_END;
    if (code == Z_OK || code == Z_BUF_ERROR)
        return STEP_MORE;
    decoder->why = code == Z_NEED_DICT ? "a dictionary is needed"
                   : stream->msg       ? stream->msg
                                       : "it is damaged";
    return STEP_BAD;
}

static bool again_zlib(struct decoder *decoder, enum packing packing)
{
    return packing == PACKING_GZIP && inflateReset((z_stream *)decoder->state) == Z_OK;
}

static void end_zlib(struct decoder *decoder)
{
    if (decoder->state)
        (void)inflateEnd((z_stream *)decoder->state);
    free(decoder->state);
}

static int begin_zstd(struct decoder *decoder, enum packing packing, struct mlops_error *err)
{
    (void)packing, (void)err;
    decoder->state = xcheck(ZSTD_createDCtx()); /* windows above 128 MiB are refused by default */
    return MLOPS_OK;
}

static enum step step_zstd(struct decoder *decoder)
{
    ZSTD_inBuffer in = {decoder->in, decoder->in_left, 0};
    ZSTD_outBuffer out = {decoder->out, decoder->out_left, 0};
    size_t left = ZSTD_decompressStream(decoder->state, &out, &in);
    decoder->in += in.pos;
    decoder->in_left -= in.pos;
    decoder->out += out.pos;
    decoder->out_left -= out.pos;
    if (ZSTD_isError(left)) {
        decoder->why = ZSTD_getErrorName(left);
        return STEP_BAD;
    }
    return left == 0 ? STEP_END : STEP_MORE;
}

static bool again_zstd(struct decoder *decoder, enum packing packing)
{
    (void)packing;
    return !ZSTD_isError(ZSTD_DCtx_reset(decoder->state, ZSTD_reset_session_only));
}

static void end_zstd(struct decoder *decoder)
{
    (void)ZSTD_freeDCtx(decoder->state);
}

const struct decoding unpack_linked[] = {
    {PACKING_DEFLATE, "deflate", begin_zlib, step_zlib, again_zlib, end_zlib},
    {PACKING_ZLIB, "zlib", begin_zlib, step_zlib, again_zlib, end_zlib},
    {PACKING_GZIP, "gzip", begin_zlib, step_zlib, again_zlib, end_zlib},
    {PACKING_ZSTD, "zstd", begin_zstd, step_zstd, again_zstd, end_zstd},
    {.name = NULL},
};
