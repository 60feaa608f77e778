/*
 * lib/store/sweep.h - which packs a store can do without, and how others can take their place.
 *
 * Plans and copies; removes nothing. That is for those to do who know that nobody came to need a
 * pack meanwhile (lib/bundle/gc.c).
 */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H
#include "base/digest_set.h"
#include "store/handle.h"
#include "store/pack.h"
#include "store/store.h"

/* A pack of which less than this share is needed is replaced: at a half, what is written is never
 * more than what comes free, and a store is at most twice as large as what it needs. */
#define SWEEP_LIVE_SHARE 0.5
/* Packs smaller than this are merged where there are more than so many of them: each costs a file
 * and a read of its index, and each run of `package` leaves one or two. */
#define SWEEP_SMALL_SIZE (4ULL << 20)
#define SWEEP_SMALL_COUNT 32

enum sweep_fate {
    SWEEP_KEEP,
    SWEEP_SAVE,        /* condemned, and needed after all */
    SWEEP_UNREACHABLE, /* nothing in it is needed */
    SWEEP_REDUNDANT,   /* what is needed of it is in other packs, too */
    SWEEP_REWRITE,     /* what is needed of it is to go into a new pack */
};

struct sweep_pack {
    char *name;
    uint64_t size;
    bool young;     /* not older than the grace: left alone */
    bool condemned; /* by an earlier run */
    bool damaged;   /* its index cannot be read: left alone */
    enum sweep_fate fate;
    uint64_t live, home; /* bytes of its records that are needed; that are needed from here */
    bool *at_home;       /* for each record: is this the copy to keep? */
    struct pack tail;
};

struct sweep {
    struct store *store;
    struct digest_set *live;
    struct sweep_pack *packs; /* by name */
    size_t count;
};

/* Record `i` of a pack. */
struct location sweep_record(const struct sweep_pack *pack, size_t i);

/*
 * Judge every pack. `live` has the names of all records that are needed; those that they are
 * deltas of are added. Packs in `condemned` (sorted) go anyway, the others only where they are
 * older than `grace_ns`. The caller clears `sweep` and keeps `live` until then.
 * Errors: MLOPS_INTEGRITY something that is needed is nowhere; MLOPS_IO; MLOPS_CANCELLED.
 */
int sweep_plan(struct store *store, struct digest_set *live, char *const *condemned,
               size_t condemned_count, int64_t grace_ns, struct sweep *sweep,
               struct mlops_error *err);

/*
 * Copy what is needed of the packs to rewrite into new packs, as it is stored, durably. Then see
 * that every needed record of those packs, and of the redundant ones, can be read from elsewhere;
 * a pack of which one cannot is kept: `warn` is told, once for each.
 * Errors: MLOPS_IO; MLOPS_CANCELLED.
 */
int sweep_replace(struct sweep *sweep, void (*warn)(void *context, const char *message),
                  void *context, struct mlops_error *err);

void sweep_clear(struct sweep *sweep);

#endif
