/*
 * lib/bundle/archive_source.h - an archive of a bundle from a file or a pipe, through the hardened
 * reader of lib/trust: it refuses what no bundle has. What the entries must be is for
 * archive_read.c to say.
 */
#ifndef BUNDLE_ARCHIVE_SOURCE_H
#define BUNDLE_ARCHIVE_SOURCE_H
#include "bundle/archive.h"

/* Zeroed is closed; `_cleanup_(archive_source_close)`. */
struct archive_source {
    struct mlops_registry *registry;
    struct archive_reader reader;
    int fd;
    bool owns_fd;
    uint64_t file_size; /* 0 where it is no file */
    char block[16384];  /* small: libarchive decompresses all of it before it asks again */
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

/* Open `path` ("-": standard input); `registry` (may be NULL) is told of progress.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID not a tar, or packed in more layers than one; MLOPS_IO. */
int archive_source_open(struct mlops_registry *registry, const char *path,
                        struct archive_source *source, struct mlops_error *err);
void archive_source_close(struct archive_source *source);

/* The next entry; `*end` true: there is none, and the file ends there. `awaited` is for messages.
 * Errors: MLOPS_INVALID an entry that no bundle has; MLOPS_INTEGRITY damaged or cut off. */
int archive_source_next(struct archive_source *source, const char *awaited,
                        struct archive_item *item, bool *end, struct mlops_error *err);

/* The bytes of the entry: archive_reader_data. */
int archive_source_data(struct archive_source *source, const struct archive_item *item,
                        archive_sink sink, void *context, struct mlops_error *err);

/* "the archive 'x': 'files/a' WHAT" with `code`. */
int archive_source_refuse(const struct archive_source *source, enum mlops_code code,
                          const char *name, const char *what, struct mlops_error *err);

#endif
