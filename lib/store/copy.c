/* lib/store/copy.c - the packs of a store carried to another, as they are. */
#include "store/copy.h"
#include "base/file.h"
#include "store/handle.h"
#include "store/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE (8U << 20)

struct pack {
    char *name;
    uint64_t size;
};

/* Packs of a backend, by name. */
struct packs {
    struct pack *items;
    size_t count, capacity;
    uint64_t bytes;
};

static void packs_clear(struct packs *packs)
{
    for (size_t i = 0; i < packs->count; i++)
        free(packs->items[i].name);
    free(packs->items);
    *packs = (struct packs){0};
}

static int keep(void *context, const struct store_blob *blob, struct mlops_error *err)
{
    struct packs *packs = context;
    (void)err;
    GROW(packs->items, packs->count, &packs->capacity);
    packs->items[packs->count++] = (struct pack){xstrdup(blob->name), blob->size};
    packs->bytes += blob->size;
    return MLOPS_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct pack *)a)->name, ((const struct pack *)b)->name);
}

static int list(struct store_backend *backend, struct packs *packs, struct mlops_error *err)
{
    TRY(backend->list(backend, keep, packs, err));
    if (packs->count > 0)
        qsort(packs->items, packs->count, sizeof(*packs->items), by_name);
    return MLOPS_OK;
}

static bool has(const struct packs *packs, const struct pack *pack)
{
    const struct pack *found = packs->count ? bsearch(pack, packs->items, packs->count,
                                                      sizeof(*packs->items), by_name)
                                            : NULL;
    return found && found->size == pack->size;
}

/* One store to another, and how far it is. */
struct carriage {
    struct store *from, *to;
    uint64_t done, total;
};

static int check_in(const struct carriage *carriage, struct mlops_error *err)
{
    const struct mlops_observer *observer = carriage->to->observer;
    if (!observer)
        return MLOPS_OK;
    if (observer->progress)
        observer->progress(observer->context, "copying packs", carriage->done, carriage->total);
    return observer->cancelled && observer->cancelled(observer->context)
               ? mlops_fail(err, MLOPS_CANCELLED, "stopped while copying packs")
               : MLOPS_OK;
}

static int fill(struct carriage *carriage, const struct pack *pack, int fd, struct mlops_error *err)
{
    struct store_backend *from = carriage->from->backend;
    _cleanup_(buffer_clear) struct buffer piece = {0};
    buffer_reserve(&piece, PIECE);
    for (uint64_t at = 0; at < pack->size;) {
        size_t length = pack->size - at < PIECE ? (size_t)(pack->size - at) : PIECE;
        TRY(check_in(carriage, err));
        TRY(from->read(from, pack->name, at, piece.data, length, err));
        TRY(fd_write_full(fd, piece.data, length, err));
        at += length;
        carriage->done += length;
    }
    return MLOPS_OK;
}

/* By way of a file of `to`'s scratch folder, as a writer makes packs. */
static int carry(struct carriage *carriage, const struct pack *pack, struct mlops_error *err)
{
    struct store_backend *to = carriage->to->backend;
    _cleanup_(free_string) char *temporary = scratch_path(carriage->to);
    _cleanup_(fd_close) int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "create '%s'", temporary);
    int code = fill(carriage, pack, fd, err);
    if (code == MLOPS_OK && fchmod(fd, 0444) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "set the mode of '%s'", temporary);
    if (code == MLOPS_OK && !to->remote && fsync(fd) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "fsync '%s'", temporary);
    if (code == MLOPS_OK)
        code = to->publish(to, temporary, pack->name, err);
    if (code)
        (void)unlink(temporary); /* what stays is removed by the next writer */
    return code;
}

static int carry_all(struct carriage *carriage, const struct packs *theirs,
                     const struct packs *ours, bool missing_ok, struct store_copied *copied,
                     struct mlops_error *err)
{
    carriage->total = theirs->bytes;
    for (size_t i = 0; i < theirs->count; i++) {
        const struct pack *pack = &theirs->items[i];
        if (has(ours, pack)) {
            carriage->done += pack->size;
            copied->present++;
            continue;
        }
        int code = carry(carriage, pack, err);
        if (code == MLOPS_NOT_FOUND && missing_ok) {
            *err = (struct mlops_error){0};
            continue;
        }
        if (code == MLOPS_NOT_FOUND) {
            mlops_fail(err, MLOPS_CONFLICT, "the pack %s was removed while it was copied",
                       pack->name);
            return mlops_hint(err, "gc was at work: run the same command again");
        }
        TRY(code);
        copied->packs++;
        copied->bytes += pack->size;
    }
    return check_in(carriage, err);
}

int store_copy_packs(struct store *from, struct store *to, bool missing_ok,
                     struct store_copied *copied, struct mlops_error *err)
{
    _cleanup_(packs_clear) struct packs theirs = {0}, ours = {0};
    struct carriage carriage = {.from = from, .to = to};
    TRY(list(from->backend, &theirs, err));
    TRY(list(to->backend, &ours, err));
    scratch_sweep(to);
    int code = carry_all(&carriage, &theirs, &ours, missing_ok, copied, err);
    struct mlops_error unsettled = {0};
    int settled = to->backend->settle(to->backend, &unsettled);
    if (code == MLOPS_OK && settled)
        *err = unsettled;
    return code ? code : settled;
}
