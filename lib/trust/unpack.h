/*
 * lib/trust/unpack.h - one compressed stream out of a source into a spool: how far it goes to the
 * byte, what it gives, and where it stops being one.
 *
 * libarchive would do it, too, but it reads ahead, takes garbage behind a stream for granted or
 * drops what came before it; loaders do neither. zlib and libzstd are linked; the others are loaded
 * when a file needs them.
 */
#ifndef TRUST_UNPACK_H
#define TRUST_UNPACK_H
#include "trust/scanner.h"
#include "trust/spool.h"

enum packing {
    PACKING_NONE,
    PACKING_DEFLATE, /* RFC 1951, as in zip */
    PACKING_ZLIB,    /* RFC 1950, as joblib's default */
    PACKING_GZIP,    /* RFC 1952 */
    PACKING_ZSTD,    /* RFC 8878 */
    PACKING_BZIP2,
    PACKING_XZ,
    PACKING_LZMA, /* .lzma: the format before xz */
    PACKING_LZ4,  /* frames, not bare blocks */
};

/* How a stream came out. */
struct unpacked {
    uint64_t consumed; /* bytes of the source up to the end of the last whole stream */
    unsigned streams;  /* whole ones, one after another: all these formats allow several */
    bool whole;        /* a stream came to its end, checksums and all */
    bool limited;      /* left off at a limit; a finding says so already */
    char why[160];     /* what is wrong where it is not whole */
};

/* How the head of a file promises to be packed; PACKING_NONE where it does not. */
enum packing packing_of(const uint8_t *head, size_t length);
/* "gzip", … */
const char *packing_name(enum packing packing);

/*
 * Unpack all of `source` from its start into `out`, within the limits of the run. What came out
 * before damage is in `out`, as a loader that reads piece by piece would have seen it.
 *
 * prefix: bytes to be read before those of the source, for formats that leave them out; or NULL.
 * Errors: those of the source and the spool; MLOPS_CANCELLED. A library that is not there is a
 * stream that is not whole.
 */
int unpack(const struct scan_file *file, enum packing packing, struct source *source,
           const void *prefix, size_t prefix_length, struct spool *out, struct unpacked *result,
           struct mlops_error *err);

#endif
