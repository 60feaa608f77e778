/* lib/trust/unpack_loaded.c - streams by libraries that are loaded when a file needs them: libbz2,
 * liblzma, liblz4. They come with libarchive. */
#include "base/dynload.h"
#include "trust/unpack_step.h"
#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>

#define LZMA_MEMORY (256ull << 20) /* bytes that a stream may ask for; xz -9 asks for 65 MiB */

#define BZIP2_FUNCTIONS(X) X(BZ2_bzDecompressInit) X(BZ2_bzDecompress) X(BZ2_bzDecompressEnd)
#define LZMA_FUNCTIONS(X) X(lzma_stream_decoder) X(lzma_alone_decoder) X(lzma_code) X(lzma_end)
#define LZ4_FUNCTIONS(X)                                                                           \
    X(LZ4F_createDecompressionContext)                                                             \
    X(LZ4F_freeDecompressionContext)                                                               \
    X(LZ4F_decompress) X(LZ4F_isError) X(LZ4F_getErrorName)

struct bzip2_api {
    BZIP2_FUNCTIONS(DYNLOAD_MEMBER)
};
struct lzma_api {
    LZMA_FUNCTIONS(DYNLOAD_MEMBER)
};
struct lz4_api {
    LZ4_FUNCTIONS(DYNLOAD_MEMBER)
};

#define BZIP2_SYMBOL(f) {#f, offsetof(struct bzip2_api, f)},
#define LZMA_SYMBOL(f) {#f, offsetof(struct lzma_api, f)},
#define LZ4_SYMBOL(f) {#f, offsetof(struct lz4_api, f)},
static const struct dynload_symbol bzip2_symbols[] = {BZIP2_FUNCTIONS(BZIP2_SYMBOL)};
static const struct dynload_symbol lzma_symbols[] = {LZMA_FUNCTIONS(LZMA_SYMBOL)};
static const struct dynload_symbol lz4_symbols[] = {LZ4_FUNCTIONS(LZ4_SYMBOL)};
static const char *const bzip2_names[] = {"libbz2.so.1.0", "libbz2.so.1", NULL};
static const char *const lzma_names[] = {"liblzma.so.5", NULL};
static const char *const lz4_names[] = {"liblz4.so.1", NULL};

static int begin_bzip2(struct decoder *decoder, enum packing packing, struct mlops_error *err)
{
    (void)packing;
    struct bzip2_api *api = decoder->api = xcalloc(1, sizeof(*api));
    TRY(dynload_open(bzip2_names, "libbz2-1.0", bzip2_symbols, ARRAY_LENGTH(bzip2_symbols), api,
                     err));
    bz_stream *stream = xcalloc(1, sizeof(*stream));
    if (api->BZ2_bzDecompressInit(stream, 0, 0) != BZ_OK) {
        free(stream);
        return mlops_fail(err, MLOPS_IO, "libbz2 does not begin");
    }
    decoder->state = stream;
    return MLOPS_OK;
}

static enum step step_bzip2(struct decoder *decoder)
{
    const struct bzip2_api *api = decoder->api;
    bz_stream *stream = decoder->state;
    stream->next_in = (char *)(uintptr_t)decoder->in; /* is only read */
    stream->avail_in = (unsigned)decoder->in_left;
    stream->next_out = (char *)decoder->out;
    stream->avail_out = (unsigned)decoder->out_left;
    int code = api->BZ2_bzDecompress(stream);
    decoder->in = (const uint8_t *)stream->next_in;
    decoder->in_left = stream->avail_in;
    decoder->out = (uint8_t *)stream->next_out;
    decoder->out_left = stream->avail_out;
    if (code == BZ_OK)
        return STEP_MORE;
    if (code == BZ_STREAM_END)
        return STEP_END;
    decoder->why = code == BZ_DATA_ERROR_MAGIC ? "it is no bzip2 stream" : "it is damaged";
    return STEP_BAD;
}

static void drop_bzip2(struct decoder *decoder)
{
    const struct bzip2_api *api = decoder->api;
    if (decoder->state)
        (void)api->BZ2_bzDecompressEnd(decoder->state);
}

static bool again_bzip2(struct decoder *decoder, enum packing packing)
{
    (void)packing;
    const struct bzip2_api *api = decoder->api;
    drop_bzip2(decoder);
    memset(decoder->state, 0, sizeof(bz_stream));
    return api->BZ2_bzDecompressInit(decoder->state, 0, 0) == BZ_OK;
}

static void end_bzip2(struct decoder *decoder)
{
    drop_bzip2(decoder);
    free(decoder->state);
    free(decoder->api);
}

static bool again_lzma(struct decoder *decoder, enum packing packing)
{
    const struct lzma_api *api = decoder->api;
    lzma_ret code = packing == PACKING_XZ ? api->lzma_stream_decoder(decoder->state, LZMA_MEMORY, 0)
                                          : api->lzma_alone_decoder(decoder->state, LZMA_MEMORY);
    return code == LZMA_OK;
}

static int begin_lzma(struct decoder *decoder, enum packing packing, struct mlops_error *err)
{
    struct lzma_api *api = decoder->api = xcalloc(1, sizeof(*api));
    TRY(dynload_open(lzma_names, "liblzma5", lzma_symbols, ARRAY_LENGTH(lzma_symbols), api, err));
    decoder->state = xcalloc(1, sizeof(lzma_stream)); /* LZMA_STREAM_INIT is all zeros */
    if (!again_lzma(decoder, packing))
        return mlops_fail(err, MLOPS_IO, "liblzma does not begin");
    return MLOPS_OK;
}

static enum step step_lzma(struct decoder *decoder)
{
    const struct lzma_api *api = decoder->api;
    lzma_stream *stream = decoder->state;
    stream->next_in = decoder->in;
    stream->avail_in = decoder->in_left;
    stream->next_out = decoder->out;
    stream->avail_out = decoder->out_left;
    lzma_ret code = api->lzma_code(stream, LZMA_RUN);
    decoder->in = stream->next_in;
    decoder->in_left = stream->avail_in;
    decoder->out = stream->next_out;
    decoder->out_left = stream->avail_out;
    if (code == LZMA_OK || code == LZMA_BUF_ERROR)
        return STEP_MORE;
    if (code == LZMA_STREAM_END)
        return STEP_END;
    decoder->why = code == LZMA_MEMLIMIT_ERROR ? "it needs more memory than it is given"
                   : code == LZMA_FORMAT_ERROR ? "it is no such stream"
                                               : "it is damaged";
    return STEP_BAD;
}

static void end_lzma(struct decoder *decoder)
{
    const struct lzma_api *api = decoder->api;
    if (decoder->state)
        api->lzma_end(decoder->state);
    free(decoder->state);
    free(decoder->api);
}

static int begin_lz4(struct decoder *decoder, enum packing packing, struct mlops_error *err)
{
    (void)packing;
    struct lz4_api *api = decoder->api = xcalloc(1, sizeof(*api));
    LZ4F_dctx *context = NULL;
    TRY(dynload_open(lz4_names, "liblz4-1", lz4_symbols, ARRAY_LENGTH(lz4_symbols), api, err));
    if (api->LZ4F_isError(api->LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
        return mlops_fail(err, MLOPS_IO, "liblz4 does not begin");
    decoder->state = context;
    return MLOPS_OK;
}

static enum step step_lz4(struct decoder *decoder)
{
    const struct lz4_api *api = decoder->api;
    size_t taken = decoder->in_left, given = decoder->out_left;
    size_t left =
        api->LZ4F_decompress(decoder->state, decoder->out, &given, decoder->in, &taken, NULL);
    if (api->LZ4F_isError(left)) {
        decoder->why = api->LZ4F_getErrorName(left);
        return STEP_BAD;
    }
    decoder->in += taken;
    decoder->in_left -= taken;
    decoder->out += given;
    decoder->out_left -= given;
    return left == 0 ? STEP_END : STEP_MORE;
}

static bool again_lz4(struct decoder *decoder, enum packing packing)
{
    (void)decoder, (void)packing;
    return true; /* the context is ready for the next frame after the end of one */
}

static void end_lz4(struct decoder *decoder)
{
    const struct lz4_api *api = decoder->api;
    if (decoder->state)
        (void)api->LZ4F_freeDecompressionContext(decoder->state);
    free(decoder->api);
}

const struct decoding unpack_loaded[] = {
    {PACKING_BZIP2, "bzip2", begin_bzip2, step_bzip2, again_bzip2, end_bzip2},
    {PACKING_XZ, "xz", begin_lzma, step_lzma, again_lzma, end_lzma},
    {PACKING_LZMA, "lzma", begin_lzma, step_lzma, again_lzma, end_lzma},
    {PACKING_LZ4, "lz4", begin_lz4, step_lz4, again_lz4, end_lz4},
    {.name = NULL},
};
