/* lib/quality/row_keys.c - keys of rows, sorted in memory or in runs on disk that are merged. */
#include "quality/row_keys.h"
#include "base/file.h"
#include "base/path.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define HASH_BYTES 16
#define KEY_BYTES (HASH_BYTES + 8)
#define OWN_BIT (1ULL << 63)   /* rows of the other table sort before those of the table itself */
#define READ_KEYS 1024         /* of a run at a time */

/* As it is sorted and written: the hash, then whose row it is and which, big-endian. */
struct key {
    uint8_t bytes[KEY_BYTES];
};

/* A sorted part in the file, being read. */
struct run {
    uint64_t offset, left; /* in keys */
    struct key *keys;
    size_t at, count;
};

struct row_keys {
    char *folder;
    struct key *keys;
    size_t count, capacity, most;
    int file; /* -1: none yet */
    struct run *runs;
    size_t run_count, run_capacity;
    uint64_t written; /* keys in the file */
};

struct row_keys *row_keys_new(const char *folder, size_t memory)
{
    struct row_keys *keys = xcalloc(1, sizeof(*keys));
    keys->folder = xstrdup(folder);
    keys->most = memory / sizeof(struct key) ? memory / sizeof(struct key) : 1;
    keys->file = -1;
    return keys;
}

void row_keys_free(struct row_keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < keys->run_count; i++)
        free(keys->runs[i].keys);
    free(keys->runs);
    free(keys->keys);
    free(keys->folder);
    fd_close(&keys->file);
    free(keys);
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct key));
}

static int open_file(struct row_keys *keys, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(keys->folder, "keys-XXXXXX");
    if (keys->file >= 0)
        return MLOPS_OK;
    keys->file = mkostemp(path, 0);
    if (keys->file < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make a file in %s", keys->folder);
    (void)unlink(path); /* it lives as long as the descriptor */
    return MLOPS_OK;
}

static int spill(struct row_keys *keys, struct mlops_error *err)
{
    TRY(open_file(keys, err));
    qsort(keys->keys, keys->count, sizeof(*keys->keys), compare_keys);
    TRY(fd_write_full(keys->file, keys->keys, keys->count * sizeof(*keys->keys), err));
    GROW(keys->runs, keys->run_count, &keys->run_capacity);
    keys->runs[keys->run_count++] = (struct run){.offset = keys->written, .left = keys->count};
    keys->written += keys->count;
    keys->count = 0;
    return MLOPS_OK;
}

int row_keys_add(struct row_keys *keys, const struct digest *digest, bool other, uint64_t row,
                 struct mlops_error *err)
{
    if (keys->count == keys->most)
        TRY(spill(keys, err));
    GROW(keys->keys, keys->count, &keys->capacity);
    struct key *key = &keys->keys[keys->count++];
    memcpy(key->bytes, digest->bytes, HASH_BYTES);
    uint64_t order = other ? row : row | OWN_BIT;
    for (size_t i = 0; i < 8; i++)
        key->bytes[HASH_BYTES + i] = (uint8_t)(order >> (56 - 8 * i));
    return MLOPS_OK;
}

/* ---- going through them ---------------------------------------------------------------------- */

struct walk {
    struct row_group group;
    struct key last;
    bool begun;
    void (*visit)(void *context, const struct row_group *group, uint64_t row);
    void *context;
};

static void step(struct walk *walk, const struct key *key)
{
    uint64_t order = 0;
    for (size_t i = 0; i < 8; i++)
        order = order << 8 | key->bytes[HASH_BYTES + i];
    if (!walk->begun || memcmp(walk->last.bytes, key->bytes, HASH_BYTES) != 0)
        walk->group = (struct row_group){0};
    walk->begun = true;
    walk->last = *key;
    bool own = order & OWN_BIT;
    walk->group.any_other = walk->group.any_other || !own;
    walk->group.rows += own;
    if (own)
        walk->visit(walk->context, &walk->group, order & ~OWN_BIT);
}

/* Read on in a run; its count is 0 at its end. */
static int refill(const struct row_keys *keys, struct run *run, struct mlops_error *err)
{
    run->count = run->left < READ_KEYS ? (size_t)run->left : READ_KEYS;
    run->at = 0;
    if (!run->keys)
        run->keys = xcalloc(READ_KEYS, sizeof(*run->keys));
    if (run->count > 0)
        TRY(fd_pread_full(keys->file, run->keys, run->count * sizeof(*run->keys),
                          run->offset * sizeof(*run->keys), err));
    run->offset += run->count;
    run->left -= run->count;
    return MLOPS_OK;
}

static bool is_less(struct run *const *heap, size_t a, size_t b)
{
    return memcmp(&heap[a]->keys[heap[a]->at], &heap[b]->keys[heap[b]->at], sizeof(struct key)) < 0;
}

static void sift_down(struct run **heap, size_t count, size_t at)
{
    for (size_t least = at;; at = least) {
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (is_less(heap, child, least))
                least = child;
        if (least == at)
            return;
        struct run *run = heap[at];
        heap[at] = heap[least];
        heap[least] = run;
    }
}

static int merge(const struct row_keys *keys, struct run **heap, struct walk *walk,
                 struct mlops_error *err)
{
    size_t count = keys->run_count;
    for (size_t i = 0; i < count; i++) {
        heap[i] = &keys->runs[i];
        TRY(refill(keys, heap[i], err));
    }
    for (size_t i = count / 2; i-- > 0;)
        sift_down(heap, count, i);
    while (count > 0) {
        struct run *run = heap[0];
        step(walk, &run->keys[run->at++]);
        if (run->at == run->count)
            TRY(refill(keys, run, err));
        if (run->count == 0)
            heap[0] = heap[--count];
        sift_down(heap, count, 0);
    }
    return MLOPS_OK;
}

int row_keys_visit(struct row_keys *keys,
                   void (*visit)(void *context, const struct row_group *group, uint64_t row),
                   void *context, struct mlops_error *err)
{
    struct walk walk = {.visit = visit, .context = context};
    if (keys->run_count == 0) {
        qsort(keys->keys, keys->count, sizeof(*keys->keys), compare_keys);
        for (size_t i = 0; i < keys->count; i++)
            step(&walk, &keys->keys[i]);
        return MLOPS_OK;
    }
    if (keys->count > 0)
        TRY(spill(keys, err));
    free(keys->keys);
    keys->keys = NULL;
    keys->count = keys->capacity = 0;
    struct run **heap = xcalloc(keys->run_count, sizeof(struct run *));
    int code = merge(keys, heap, &walk, err);
    free(heap);
    return code;
}
