/* lib/store/handle.h - the inside of an open store, for the files of this room. */
#ifndef STORE_HANDLE_H
#define STORE_HANDLE_H
#include "store/index.h"
#include "store/store.h"
#include <stdatomic.h>

struct store {
    char *directory;
    struct store_backend *backend;
    struct index *index;
    atomic_bool loaded; /* the index has been read once */
    const struct mlops_observer *observer;
    struct mlops_observer watched; /* where that is: the user's, which stops the backend as well */
    const struct mlops_observer *user;
};

/* Bring the index up to date where packs may have come or gone; from any thread. */
int store_refresh(struct store *store, struct mlops_error *err);

/* Where object `name` lies; refreshes once where it is not known. Errors: MLOPS_NOT_FOUND;
 * MLOPS_INTEGRITY where it may have been in a pack that is damaged. */
int store_locate(struct store *store, const struct digest *name, struct location *location,
                 struct mlops_error *err);

/* The pack of `location` is there no more, as gc replaced it: where the same object lies now. From
 * any thread. Errors: MLOPS_INTEGRITY nowhere. */
int store_relocate(const struct store *store, struct location *location, struct mlops_error *err);

/* Folder for files under construction. The caller frees. */
char *store_scratch(const struct store *store);

#endif
