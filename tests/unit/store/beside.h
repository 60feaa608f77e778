/*
 * tests/unit/store/beside.h - a store of its own for each test, and writers that see nothing of
 * one another, so that one object comes to lie in several packs.
 */
#ifndef TEST_STORE_BESIDE_H
#define TEST_STORE_BESIDE_H
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "store/handle.h"
#include <stdio.h>
#include <unistd.h>

struct fixture {
    char *folder, *objects;
    struct store *store;
    struct mlops_error err;
};

static inline int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-store", &f->folder, &f->err));
    f->objects = path_join(f->folder, "objects");
    assert_int_equal(0, directory_make(f->objects, 0755, &f->err));
    assert_int_equal(0, store_init(f->objects, &f->err));
    assert_int_equal(0, store_open(f->objects, NULL, &f->store, &f->err));
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f->objects);
    free(f);
    return 0;
}

/* Store texts by a handle that sees nothing of the others, as a writer that ran beside them. */
static inline void put_beside(struct fixture *f, const char *const *texts, size_t count)
{
    _cleanup_(free_string) char *packs = path_join(f->objects, "packs");
    _cleanup_(free_string) char *away = path_join(f->objects, "away");
    _cleanup_(free_string) char *all = xprintf("mv '%s'/* '%s' 2>/dev/null", away, packs);
    struct store *store;
    struct store_writer *writer;
    struct store_added added;
    struct digest digest;
    assert_int_equal(0, rename(packs, away));
    assert_int_equal(0, directory_make(packs, 0755, &f->err));
    assert_int_equal(0, store_open(f->objects, NULL, &store, &f->err));
    assert_int_equal(0, store_writer_begin(store, &writer, &f->err));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(0, store_writer_add(writer, texts[i], strlen(texts[i]), &digest, &f->err));
    assert_int_equal(0, store_writer_publish(writer, &added, &f->err));
    store_close(store);
    (void)system(all); /* fails where there was nothing */
    assert_int_equal(0, rmdir(away));
}

#endif
