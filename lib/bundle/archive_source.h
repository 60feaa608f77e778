/*
 * lib/bundle/archive_source.h - an archive from outside, entry by entry, and no further than is
 * safe: it knows what no bundle has, and when a file decompresses to more than it may. What the
 * entries must be is for archive_read.c to say.
 */
#ifndef BUNDLE_ARCHIVE_SOURCE_H
#define BUNDLE_ARCHIVE_SOURCE_H
#include "bundle/archive.h"

#define ARCHIVE_NAME_MAX (4096 + 64) /* bytes: a path of a manifest and what stands before it */
/* Decompressed bytes that may come out of each byte of the file, beyond the first MiB, where the
 * manifest has not said yet how much there is. */
#define ARCHIVE_RATIO_MAX 1000
#define ARCHIVE_RATIO_FREE (1U << 20)

/* Zeroed is closed; `_cleanup_(archive_source_close)`. */
struct archive_source {
    struct mlops_registry *registry;
    const char *shown; /* the archive in messages */
    struct archive_api api;
    struct archive *reader;
    int fd;
    bool owns_fd;
    uint64_t taken, file_size; /* bytes of the file; 0 where it is none */
    uint64_t stated; /* decompressed bytes that the manifest gives reason for; 0: unknown */
    struct mlops_error failed; /* why the file could not be read on */
    char block[16384];         /* small: libarchive decompresses all of it before it asks again */
};

/* An entry; valid until the next one. */
struct archive_item {
    char *name; /* no slash at the end; owned */
    enum manifest_kind kind;
    unsigned mode;
    uint64_t size;
    const char *target; /* links */
};
void archive_item_clear(struct archive_item *item);

/* Open `path` ("-": standard input).
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID not a tar, or packed in more layers than one; MLOPS_IO. */
int archive_source_open(struct mlops_registry *registry, const char *path,
                        struct archive_source *source, struct mlops_error *err);
void archive_source_close(struct archive_source *source);

/* The next entry; `*end` true: there is none, and the file ends there. `awaited` is for messages.
 * Errors: MLOPS_INVALID an entry that no bundle has; MLOPS_INTEGRITY damaged or cut off. */
int archive_source_next(struct archive_source *source, const char *awaited,
                        struct archive_item *item, bool *end, struct mlops_error *err);

/* The bytes of the entry, block by block, in order and without holes: exactly its size.
 * Errors: MLOPS_INTEGRITY damaged or cut off; MLOPS_INVALID a bomb; those of `sink`. */
typedef int (*archive_sink)(void *context, const void *data, size_t length,
                            struct mlops_error *err);
int archive_source_data(struct archive_source *source, const struct archive_item *item,
                        archive_sink sink, void *context, struct mlops_error *err);

/* "the archive 'x': 'files/a' WHAT" with `code`. */
int archive_source_refuse(const struct archive_source *source, enum mlops_code code,
                          const char *name, const char *what, struct mlops_error *err);

#endif
