/*
 * lib/store/store.h - content-addressed objects: bytes in, SHA-256 out, and back, verified.
 *
 * A store knows nothing of models. Its objects are named by the SHA-256 of their bytes. Inside,
 * they are cut into chunks, packed and indexed; see docs/store.md for the format. Objects are
 * added through a writer, which publishes all of them at once: what a writer did not publish is
 * invisible, and what it published survives a power cut.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H
#include "base/buffer.h"
#include "base/hash.h"
#include <mlops/observer.h>

struct store;
struct store_writer;

/* Make an empty store in `directory`, which exists. Fine where one is there already. */
int store_init(const char *directory, struct mlops_error *err);

/* As store_init, with packs at `address` (s3://BUCKET/PREFIX…, see s3_config.h) where it is not
 * NULL: the server is asked, and a store that is there is joined. `observer` may be NULL. Errors:
 * MLOPS_INVALID the address; MLOPS_CONFLICT the store has packs elsewhere; MLOPS_IO. */
int store_init_at(const char *directory, const char *address, const struct mlops_observer *observer,
                  struct mlops_error *err);

/* Open a store; the caller closes it. `observer` may be NULL and must outlive the store.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID made by a newer mlops; MLOPS_INTEGRITY; MLOPS_IO. */
int store_open(const char *directory, const struct mlops_observer *observer, struct store **store,
               struct mlops_error *err);
void store_close(struct store *store);
DEFINE_CLEANUP(struct store, store_close)

/* A file to add. */
struct store_file {
    const char *path;
    const struct digest *base; /* the object that it was before, to store the difference; or NULL */
    uint64_t size; /* in: what it should be, for progress; 0: look. Out: bytes that were stored */
    struct digest digest; /* out */
};

/* What a writer added. */
struct store_added {
    uint64_t bytes;     /* of all objects given to it */
    uint64_t new_bytes; /* that were written to packs */
};

int store_writer_begin(struct store *store, struct store_writer **writer, struct mlops_error *err);

/* Add whole files, on all cores, each read once. A file that changes while it is read is added
 * as it was read: digest and size are of the bytes stored.
 * Errors: MLOPS_NOT_FOUND, MLOPS_INVALID (not a regular file), MLOPS_CANCELLED, MLOPS_IO: the writer
 * can only be aborted then. */
int store_writer_add_files(struct store_writer *writer, struct store_file *files, size_t count,
                           struct mlops_error *err);

int store_writer_add(struct store_writer *writer, const void *data, size_t length,
                     struct digest *digest, struct mlops_error *err);

/* Is the object in the store with all its parts, so that its content need not be given? By the
 * index: the bytes are not read. Errors: MLOPS_IO. */
int store_writer_has(struct store_writer *writer, const struct digest *digest, bool *whole,
                     struct mlops_error *err);

/* Make everything durable and visible. Frees the writer, also on failure. */
int store_writer_publish(struct store_writer *writer, struct store_added *added,
                         struct mlops_error *err);

/* Forget everything that was not published. NULL is fine. */
void store_writer_abort(struct store_writer *writer);
DEFINE_CLEANUP(struct store_writer, store_writer_abort)

/* Is the object there (by the index; its bytes are not read)? */
int store_has(struct store *store, const struct digest *digest, bool *has, struct mlops_error *err);

/* How many bytes the object has; of a recipe the sum of its chunks, all of which must be there.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY. */
int store_object_size(struct store *store, const struct digest *digest, uint64_t *size,
                      struct mlops_error *err);

/* The whole object in memory, verified. Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY damaged, naming
 * the pack file and offset; MLOPS_INVALID larger than `max`; MLOPS_IO. */
int store_read(struct store *store, const struct digest *digest, size_t max, struct buffer *content,
               struct mlops_error *err);

/* A file to restore: written to `path` (which must not exist) with `mode`. `size` is what it should
 * be; a file of another size is damage. `old_path` (or NULL) is a file that holds object `old`:
 * parts in common are taken from there. */
struct store_restore {
    struct digest digest;
    uint64_t size;
    const char *path;
    mode_t mode;
    const char *old_path;
    struct digest old;
};

/* What restoring moved. */
struct store_restored {
    uint64_t from_store; /* bytes */
    uint64_t from_old;
};

/* Write objects out as files on all cores, every chunk and every whole file verified, runs of
 * zeros as holes. `read_next`: the caller reads them at once, so they are left in the page cache;
 * otherwise that is passed by where it is quicker (large_output.h). `*restored` may be NULL. On failure
 * what was made may be incomplete: the caller removes it. Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY;
 * MLOPS_CONFLICT an old file is not what it should be; MLOPS_CANCELLED; MLOPS_IO. */
int store_restore_files(struct store *store, const struct store_restore *files, size_t count,
                        bool read_next, struct store_restored *restored, struct mlops_error *err);

#endif
