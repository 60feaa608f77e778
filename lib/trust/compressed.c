/*
 * lib/trust/compressed.c - files that are one compressed stream: gzip, zlib (joblib's compress=),
 * bzip2, xz, lzma, zstd, lz4. What is in them goes back to the engine, under the name without the
 * ending.
 */
#include "trust/compressed.h"
#include "base/endian.h"
#include "trust/pickle.h"
#include "trust/unpack.h"
#include <strings.h>
#define ZLIB_CONST /* next_in is only read */
#include <zlib.h>

#define GZIP_HEADER_MAX (256u << 10) /* bytes; longer ones are not looked behind */

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "compressed/" id, __VA_ARGS__)

RULE(damaged, "damaged", MEDIUM, UNREADABLE, "a compressed stream is damaged or cut off",
     "fetch the file again; what came before the damage has been looked at");
RULE(trailing, "trailing-bytes", HIGH, UNSAFE, "bytes follow the end of a compressed stream",
     "do not load this file; find out who added them");
RULE(padding, "padding", INFO, SAFE, "zero bytes follow the end of a compressed stream",
     "nothing: tapes and block devices pad so");

/* Two bytes say little: text may begin so. Does the head inflate, or, where it breaks off, is what
 * came before a pickle? */
static bool inflates(const uint8_t *head, size_t length)
{
    uint8_t out[4096];
    z_stream stream = {.next_in = head, .avail_in = (uInt)length};
    int code = inflateInit(&stream) == Z_OK ? Z_OK : Z_MEM_ERROR;
    size_t given = 0;
    bool first = true, pickle = false;
    while (code == Z_OK) {
        stream.next_out = out;
        stream.avail_out = sizeof(out);
        code = inflate(&stream, Z_NO_FLUSH);
        size_t got = sizeof(out) - stream.avail_out;
        pickle |= first && pickle_begins(out, got < PICKLE_HEAD_SIZE ? got : PICKLE_HEAD_SIZE);
        first = false;
        given += got;
    }
    (void)inflateEnd(&stream);
    return code == Z_STREAM_END || (code == Z_BUF_ERROR && given > 0) || pickle;
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    enum packing packing = packing_of(file->head, file->head_length);
    *claimed = packing != PACKING_NONE &&
               (packing != PACKING_ZLIB || inflates(file->head, file->head_length));
    return MLOPS_OK;
}

/* "model.pkl" of "model.pkl.gz", "model.tar" of "model.tgz"; others keep their name. The caller
 * frees. */
static char *inner_name(const char *name)
{
    static const char *const endings[] = {"gz", "bz2", "xz", "lzma", "zst", "zstd", "lz4", "z"};
    static const char *const tars[] = {"tgz", "tbz", "tbz2", "txz", "tlz", "tzst"};
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name)
        return xstrdup(name);
    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++)
        if (strcasecmp(dot + 1, endings[i]) == 0)
            return xstrndup(name, (size_t)(dot - name));
    for (size_t i = 0; i < ARRAY_LENGTH(tars); i++)
        if (strcasecmp(dot + 1, tars[i]) == 0)
            return xprintf("%.*s.tar", (int)(dot - name), name);
    return xstrdup(name);
}

static int check_rest(const struct scan_file *file, uint64_t from, struct mlops_error *err)
{
    uint64_t length = file->source->size - from;
    bool zeros;
    if (length == 0)
        return MLOPS_OK;
    TRY(source_is_zeros(file->source, from, length, &zeros, err));
    if (zeros) {
        findings_add(file->findings, &rule_padding, file->path, from,
                     "%llu zero bytes follow the stream", (unsigned long long)length);
        return MLOPS_OK;
    }
    findings_add(file->findings, &rule_trailing, file->path, from, "%llu bytes follow the stream",
                 (unsigned long long)length);
    _cleanup_(source_close_ptr) struct source *rest = source_part(file->source, from, length);
    return scan_member(file, "trailing", rest, err);
}

/* Where the bare stream begins behind a gzip header (RFC 1952, 2.3), as Python's gzip.py sees it,
 * which looks neither at reserved flags nor at the header's own checksum; 0: nowhere. */
static size_t gzip_body(const uint8_t *data, size_t length)
{
    size_t at = 10;
    unsigned flags = length > 10 ? data[3] : 0;
    if (flags & 4) { /* extra fields */
        if (length < at + 2)
            return 0;
        at += 2 + (size_t)get_u16(data + at);
    }
    for (unsigned flag = 8; flag <= 16; flag *= 2) { /* name, comment */
        const uint8_t *end = flags & flag && at < length ? memchr(data + at, 0, length - at) : NULL;
        if (flags & flag && !end)
            return 0;
        at = end ? (size_t)(end - data) + 1 : at;
    }
    at += flags & 2 ? 2 : 0; /* checksum of the header */
    return at < length ? at : 0;
}

/* zlib refuses gzip headers that others read over. */
static int unpack_behind_header(const struct scan_file *file, struct spool *spool,
                                struct unpacked *result, struct mlops_error *err)
{
    size_t got;
    _cleanup_(free_string) char *data = xmalloc(GZIP_HEADER_MAX);
    TRY(source_read(file->source, 0, data, GZIP_HEADER_MAX, &got, err));
    size_t at = gzip_body((const uint8_t *)data, got);
    if (at == 0)
        return MLOPS_OK;
    struct unpacked bare;
    _cleanup_(source_close_ptr) struct source *body =
        source_part(file->source, at, file->source->size - at);
    TRY(unpack(file, PACKING_DEFLATE, body, NULL, 0, spool, &bare, err));
    result->limited = bare.limited;
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    _cleanup_(spool_clear) struct spool spool = SPOOL_EMPTY;
    struct unpacked result;
    enum packing packing = packing_of(file->head, file->head_length);
    TRY(unpack(file, packing, file->source, NULL, 0, &spool, &result, err));
    if (packing == PACKING_GZIP && !result.whole && !result.limited && spool.length == 0)
        TRY(unpack_behind_header(file, &spool, &result, err));
    if (result.limited)
        return MLOPS_OK;
    _cleanup_(source_close_ptr) struct source *inner = spool_source(&spool);
    _cleanup_(free_string) char *name = inner_name(file->name);
    if (!result.whole)
        findings_add(file->findings, &rule_damaged, file->path, result.consumed,
                     "the %s stream ends after %llu bytes: %s", packing_name(packing),
                     (unsigned long long)inner->size, result.why);
    TRY(scan_member(file, name, inner, err));
    return result.whole ? check_rest(file, result.consumed, err) : MLOPS_OK;
}

const struct scanner scanner_compressed = {
    .format = "compressed stream",
    .extensions =
        (const char *const[]){"gz",    "bz2",    "xz",     "lzma", "zst",   "zstd", "lz4",
                              "z",     "tgz",    "tbz",    "tbz2", "txz",   "tlz",  "tzst",
                              "pkl",   "pickle", "joblib", "sav",  "model", "rds",  "rda",
                              "rdata", "bin",    "dat",    NULL},
    .executes = true,
    .claims = claims,
    .scan = scan,
};
