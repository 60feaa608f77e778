/*
 * lib/store/backend.h - where packs lie: a small interface over immutable named blobs.
 *
 * `file` and `s3` are the ones here. A backend keeps what was published and settled through a power
 * cut, and shows a blob whole or not at all. All functions may be called from several threads.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H
#include "base/buffer.h"

struct store_blob {
    const char *name;
    uint64_t size;  /* bytes */
    int64_t age_ns; /* since it was written, by the backend's clock; not negative */
};

struct store_backend {
    bool remote; /* `publish` copies the file elsewhere: it need not be durable here */
    /* Make the local file `temporary`, complete, the blob `name`, its bytes durably; the file is
     * gone afterwards. A blob of that name that is there already has the same bytes, or is damaged:
     * afterwards it is whole. The name is durable after `settle`, which is called once for all that
     * were published. */
    int (*publish)(struct store_backend *backend, const char *temporary, const char *name,
                   struct mlops_error *err);
    int (*settle)(struct store_backend *backend, struct mlops_error *err);
    /* Exactly `length` bytes from `offset`. Errors: MLOPS_NOT_FOUND; MLOPS_INTEGRITY it ends
     * before; MLOPS_IO. Messages name the blob. */
    int (*read)(struct store_backend *backend, const char *name, uint64_t offset, void *data,
                size_t length, struct mlops_error *err);
    int (*size)(struct store_backend *backend, const char *name, uint64_t *size,
                struct mlops_error *err);
    /* Call `each` with every blob, in no certain order. */
    int (*list)(struct store_backend *backend,
                int (*each)(void *context, const struct store_blob *blob, struct mlops_error *err),
                void *context, struct mlops_error *err);
    /* What is not there is no error. */
    int (*remove)(struct store_backend *backend, const char *name, struct mlops_error *err);
    /* Take a blob that is damaged out of the place, durably, and keep it where people find it. What
     * is not there is no error. */
    int (*set_aside)(struct store_backend *backend, const char *name, struct mlops_error *err);
    /* May blobs have come or gone since the last call? True when in doubt. */
    bool (*changed)(struct store_backend *backend);
    void (*close)(struct store_backend *backend);

    /* What only some have; NULL where there is nothing to do. */

    /* As `read`, of bytes that are in memory already: false where the disk would have to be waited
     * for, and where anything is wrong. */
    bool (*peek)(struct store_backend *backend, const char *name, uint64_t offset, void *data,
                 size_t length);
    /* The local file `temporary` is complete and is most likely going to be published as `name`:
     * its bytes may begin to move, with nothing to be seen before. What fails is told by `publish`.
     */
    void (*stage)(struct store_backend *backend, const char *temporary, const char *name);
    void (*unstage)(struct store_backend *backend, const char *name); /* it is not going to be */
    /* `publish` is going to be called for it, after the same call for others: they may be made
     * side by side from now on. What fails is told by `publish`. */
    void (*hasten)(struct store_backend *backend, const char *temporary, const char *name);
    /* The last bytes of a blob, `at_least` of them or all, and the size of the whole: one request
     * for what pack.c wants. */
    int (*tail)(struct store_backend *backend, const char *name, size_t at_least,
                struct buffer *tail, uint64_t *size, struct mlops_error *err);
    /* As `list`, of the blobs whose end is kept on this machine; asks nobody. Some may be there no
     * more, others missing. Sizes and ages are 0. */
    int (*list_kept)(struct store_backend *backend,
                     int (*each)(void *context, const struct store_blob *blob,
                                 struct mlops_error *err),
                     void *context, struct mlops_error *err);
    /* Drop what is kept of the blob on this machine, so that it is read from where it lies; was
     * there anything? Asked where a copy is damaged, and by those who check. */
    bool (*forget)(struct store_backend *backend, const char *name);
    /* Remove what writers left that were killed longer ago than the grace. */
    int (*tidy)(struct store_backend *backend, int64_t grace_ns, struct mlops_error *err);
    /* End what is under way: everything fails with MLOPS_CANCELLED from now on. */
    void (*stop)(struct store_backend *backend);
};

/* Blobs as files of `directory`, which exists. The caller closes. */
int backend_file_open(const char *directory, struct store_backend **backend,
                      struct mlops_error *err);

#endif
