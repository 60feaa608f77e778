/*
 * tests/unit/store/backend_conformance.h - what every backend must do, whatever it is made of.
 *
 * A test of a backend says in one `struct backend_place` how to make an empty place for blobs, how
 * to open it and how to damage what lies there, and runs backend_conformance on it: a row of a
 * table for an object store of another kind.
 */
#ifndef TESTS_STORE_BACKEND_CONFORMANCE_H
#define TESTS_STORE_BACKEND_CONFORMANCE_H
#include "store/backend.h"

/* Where blobs of a backend lie. `folder` is an empty local folder that belongs to the place alone;
 * the caller removes it with all that is in it. */
struct backend_place {
    const char *kind;
    /* Make an empty place; `*place` is handed to the others. Fails the test where it cannot. */
    void (*make)(const char *folder, void **place);
    /* Another handle on the place. */
    int (*open)(void *place, struct store_backend **backend, struct mlops_error *err);
    /* Behind the backend's back: blob `name` has only its first `length` bytes. */
    void (*cut)(void *place, const char *name, uint64_t length);
    /* The same: all bits of the byte at `offset` are turned. */
    void (*flip)(void *place, const char *name, uint64_t offset);
    void (*free)(void *place);
};

/* For `flip`, where a blob is a file. */
void backend_flip_byte(const char *path, uint64_t offset);

/* Run all tests on the place, and return how many failed. */
int backend_conformance(const struct backend_place *place);

#endif
