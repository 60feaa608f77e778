/*
 * lib/trust/archive_reader.h - the one way in which mlops opens archives through libarchive, which
 * is loaded when it is needed: only the formats that the caller asks for, one layer of compression,
 * entry by entry, no further than is safe, and nothing behind the end unseen.
 *
 * It says what is wrong with an entry, and its callers what follows: lib/bundle refuses the
 * archive, lib/trust/archive_scan.c makes a finding.
 */
#ifndef TRUST_ARCHIVE_READER_H
#define TRUST_ARCHIVE_READER_H
#include "base/dynload.h"
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#define ARCHIVE_NAME_MAX (4096 + 64) /* bytes: a path of a manifest and what stands before it */
/* Decompressed bytes that may come out of each byte of the file, beyond the first MiB, where the
 * caller has not said yet how much there is. */
#define ARCHIVE_RATIO_MAX 1000
#define ARCHIVE_RATIO_FREE (1U << 20)

#define ARCHIVE_READ_FUNCTIONS(X)                                                                  \
    X(archive_error_string)                                                                        \
    X(archive_set_error)                                                                           \
    X(archive_filter_bytes)                                                                        \
    X(archive_filter_count)                                                                        \
    X(archive_entry_pathname)                                                                      \
    X(archive_entry_filetype)                                                                      \
    X(archive_entry_perm)                                                                          \
    X(archive_entry_size)                                                                          \
    X(archive_entry_size_is_set)                                                                   \
    X(archive_entry_symlink)                                                                       \
    X(archive_entry_hardlink)                                                                      \
    X(archive_entry_sparse_count)                                                                  \
    X(archive_entry_is_encrypted)                                                                  \
    X(archive_read_new)                                                                            \
    X(archive_read_free)                                                                           \
    X(archive_read_support_format_tar)                                                             \
    X(archive_read_support_format_7zip)                                                            \
    X(archive_read_support_filter_gzip)                                                            \
    X(archive_read_support_filter_zstd)                                                            \
    X(archive_read_set_format_option)                                                              \
    X(archive_read_set_seek_callback)                                                              \
    X(archive_read_open)                                                                           \
    X(archive_read_next_header)                                                                    \
    X(archive_read_data_block)

/* `api.NAME` is libarchive's function NAME. */
struct archive_read_api {
    ARCHIVE_READ_FUNCTIONS(DYNLOAD_MEMBER)
};

/* What may be in the file: a tar that may be packed with gzip or zstd; a bare 7z. */
enum archive_content { ARCHIVE_TAR, ARCHIVE_7Z };

/* Where the bytes come from; the reader lets the caller count, wait and cancel. */
struct archive_input {
    void *context;
    /* The next block, which stays until the next call; `*length` 0 at the end. */
    int (*read)(void *context, const void **data, size_t *length, struct mlops_error *err);
    /* The next block shall begin at `offset` of `size`; NULL where it cannot: 7z needs it. */
    void (*seek)(void *context, uint64_t offset);
    uint64_t size;
};

/* Zeroed is closed; `_cleanup_(archive_reader_close)`. */
struct archive_reader {
    const char *shown; /* the archive in messages; the caller's, as the next two */
    const char *kind;  /* what it should be: "an archive of a bundle" */
    const char *hint;  /* where it is not; may be NULL */
    struct archive_input input;
    struct archive_read_api api;
    struct archive *reader;
    uint64_t position;         /* of the input */
    uint64_t taken;            /* bytes of the input, in all */
    uint64_t stated;           /* decompressed bytes that the caller has reason for; 0: unknown */
    struct mlops_error failed; /* why the input could not be read on */
};

/* An entry; valid until the next one. */
struct archive_member {
    const char *name; /* "" where it has none */
    unsigned type;    /* AE_IFREG, AE_IFDIR, AE_IFLNK; others are wrong */
    unsigned mode;
    uint64_t size;
    const char *target; /* links */
    const char *wrong;  /* why nobody should unpack it: "leads out of the bundle"; NULL: nothing */
};

/* Open what `reader->input` gives.
 * Errors: MLOPS_INVALID not of this content, or packed in more layers than one; MLOPS_IO; those of
 * dynload_open and of the input. */
int archive_reader_open(struct archive_reader *reader, enum archive_content content,
                        struct mlops_error *err);
void archive_reader_close(struct archive_reader *reader);

/* The next entry; `*end` true: there is none, and the file ends there. `awaited` is for messages.
 * Errors: MLOPS_INVALID a bomb; MLOPS_INTEGRITY damaged or cut off; those of the input. */
int archive_reader_next(struct archive_reader *reader, const char *awaited,
                        struct archive_member *member, bool *end, struct mlops_error *err);

/* The bytes of the entry, block by block, in order and without holes: exactly its size.
 * Errors: MLOPS_INTEGRITY damaged or cut off; MLOPS_INVALID a bomb; those of `sink`. */
typedef int (*archive_sink)(void *context, const void *data, size_t length,
                            struct mlops_error *err);
int archive_reader_data(struct archive_reader *reader, const char *name, uint64_t size,
                        archive_sink sink, void *context, struct mlops_error *err);

/* "the archive 'x': 'files/a' WHAT" with `code`. */
int archive_reader_refuse(const struct archive_reader *reader, enum mlops_code code,
                          const char *name, const char *what, struct mlops_error *err);

/* libarchive converts names by the thread's locale, and calls what it cannot convert damaged: names
 * are UTF-8 wherever we run. `_cleanup_(archive_locale_leave)`. */
struct archive_locale {
    locale_t ours, before;
};
int archive_locale_enter(struct archive_locale *locale, struct mlops_error *err);
void archive_locale_leave(struct archive_locale *locale);

#endif
