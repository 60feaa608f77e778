/*
 * lib/bundle/archive_output.h - a .tar.zst on its way out, to a file that is there whole or not at
 * all, or to a pipe. What its entries are is for archive_write.c and history_write.c to say.
 */
#ifndef BUNDLE_ARCHIVE_OUTPUT_H
#define BUNDLE_ARCHIVE_OUTPUT_H
#include "bundle/archive.h"

struct archive_output {
    struct mlops_registry *registry;
    struct archive_api api;
    struct archive *writer;
    struct archive_entry *entry;
    const char *path; /* for messages */
    int fd;
    uint64_t written; /* bytes of the archive */
    uint64_t done;    /* bytes of what is written into it, of `total`: the caller counts */
    uint64_t total;
    bool over;                 /* nothing is to be written any more */
    struct mlops_error failed; /* why write_out could not */
};

/* Writes the entries. */
typedef int (*archive_body)(void *context, struct archive_output *output, struct mlops_error *err);

/*
 * Write an archive to `path`, whose entries `body` writes: to a name beside it, which it gets by
 * one rename when all is on disk; what is no regular file ("-": standard output) is written to as
 * it comes. `*written` is the archive's size; `total` is for progress. Errors: MLOPS_NOT_FOUND no
 * such folder; MLOPS_INVALID `path` is a folder; those of `body`; MLOPS_IO.
 */
int archive_output_write(struct mlops_registry *registry, const char *path, uint64_t total,
                         archive_body body, void *context, uint64_t *written,
                         struct mlops_error *err);

/* Begin an entry without content: a folder, or a link to `target`. */
int archive_output_plain(struct archive_output *output, const char *name, unsigned type,
                         unsigned mode, const char *target, struct mlops_error *err);

/* A file: its header, then exactly `size` bytes of data, then the end. */
int archive_output_begin(struct archive_output *output, const char *name, unsigned mode,
                         uint64_t size, struct mlops_error *err);
int archive_output_data(struct archive_output *output, const char *name, const void *data,
                        size_t length, struct mlops_error *err);
int archive_output_end(struct archive_output *output, const char *name, struct mlops_error *err);

/* A whole file. */
int archive_output_memory(struct archive_output *output, const char *name, unsigned mode,
                          const struct buffer *content, struct mlops_error *err);

#endif
