/* lib/trust/raw_data.c - claims on bytes of files, and whether they leave any over. */
#include "trust/raw_data.h"
#include "base/path.h"
#include "trust/member_name.h"
#include <pthread.h>

#define CLAIMS_MAX 1000000

struct claim {
    char *path, *whose;
    uint64_t begin, end;
};

struct raw_data {
    pthread_mutex_t lock;
    struct claim *claims;
    size_t count, capacity;
    bool sorted;
};

struct raw_data *raw_data_new(void)
{
    struct raw_data *raw = xcalloc(1, sizeof(*raw));
    pthread_mutex_init(&raw->lock, NULL);
    return raw;
}

void raw_data_free(struct raw_data *raw)
{
    if (!raw)
        return;
    for (size_t i = 0; i < raw->count; i++) {
        free(raw->claims[i].path);
        free(raw->claims[i].whose);
    }
    free(raw->claims);
    pthread_mutex_destroy(&raw->lock);
    free(raw);
}

void raw_data_claim(const struct scan_file *file, const char *name, uint64_t offset,
                    uint64_t length)
{
    struct raw_data *raw = file->scan->raw;
    if (!raw || file->depth > 0 || !member_path_stays(name))
        return;
    _cleanup_(free_string) char *folder = path_parent(file->path);
    struct claim claim = {
        .path = str_equal(folder, ".") ? xstrdup(name) : path_join(folder, name),
        .whose = xstrdup(file->path),
        .begin = offset,
        .end = length > UINT64_MAX - offset ? UINT64_MAX : offset + length,
    };
    pthread_mutex_lock(&raw->lock);
    if (raw->count < CLAIMS_MAX) {
        GROW(raw->claims, raw->count, &raw->capacity);
        raw->claims[raw->count++] = claim;
        raw->sorted = false;
    } else { /* what is not taken is not accounted for: the file stays unknown */
        free(claim.path);
        free(claim.whose);
    }
    pthread_mutex_unlock(&raw->lock);
}

static int by_place(const void *left, const void *right)
{
    const struct claim *a = left, *b = right;
    int order = strcmp(a->path, b->path);
    if (order == 0)
        order = a->begin < b->begin ? -1 : a->begin > b->begin;
    if (order == 0)
        order = a->end < b->end ? -1 : a->end > b->end;
    return order ? order : strcmp(a->whose, b->whose);
}

int raw_data_covers(struct raw_data *raw, const char *path, struct source *source, bool *covers,
                    const char **whose, struct mlops_error *err)
{
    uint64_t reached = 0;
    bool zeros = true;
    *covers = false;
    *whose = NULL;
    if (!raw->sorted && raw->count > 0)
        qsort(raw->claims, raw->count, sizeof(*raw->claims), by_place);
    raw->sorted = true;
    for (size_t i = 0; i < raw->count && zeros; i++) {
        const struct claim *claim = &raw->claims[i];
        if (!str_equal(claim->path, path))
            continue;
        if (claim->begin > source->size || (claim->end != UINT64_MAX && claim->end > source->size))
            return MLOPS_OK; /* says more than there is */
        *whose = *whose ? *whose : claim->whose;
        if (claim->begin > reached)
            TRY(source_is_zeros(source, reached, claim->begin - reached, &zeros, err));
        uint64_t end = claim->end == UINT64_MAX ? source->size : claim->end;
        reached = end > reached ? end : reached;
    }
    if (*whose && zeros && reached < source->size)
        TRY(source_is_zeros(source, reached, source->size - reached, &zeros, err));
    *covers = *whose && zeros;
    return MLOPS_OK;
}
