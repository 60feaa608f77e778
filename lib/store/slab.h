/*
 * lib/store/slab.h - an object on its way in, a few megabytes at a time: cut and hashed.
 */
#ifndef STORE_SLAB_H
#define STORE_SLAB_H
#include "store/chunker.h"
#include "store/match.h"

#define SLAB_SIZE (2U << 20)
#define SLAB_PIECES (SLAB_SIZE / CHUNK_MIN + 1)

/* One object: where its bytes come from, and what is known of it so far. */
struct intake {
    int fd; /* -1: memory */
    const uint8_t *memory;
    size_t memory_left;
    uint64_t file_size;  /* when it was opened; it is not read beyond that. 0: to its end */
    bool ended;          /* the source has given its last byte */
    const uint8_t *rest; /* read and not cut yet, in the slab before */
    size_t rest_length;
    uint64_t size;       /* cut so far */
    size_t pieces;       /* cut so far */
    struct sha256 *hash; /* of all; NULL while there is one piece */
    struct buffer recipe;
    struct match *match;  /* the version before, or NULL */
    size_t expected;      /* its entry that should come next; SIZE_MAX: nobody knows */
    struct digest digest; /* of the whole, when its last slab was hashed */
};

/* A stretch of one object, cut into pieces. */
struct slab {
    uint8_t *data; /* SLAB_SIZE */
    size_t lane;   /* the writer's */
    struct intake *intake;
    bool last;   /* of its object */
    bool hashed; /* its pieces, or known without */
    size_t count;
    uint32_t lengths[SLAB_PIECES];
    uint64_t fingerprints[SLAB_PIECES];
    struct digest digests[SLAB_PIECES];
    struct digest bases[SLAB_PIECES][DELTA_BASES_MAX];
    size_t base_counts[SLAB_PIECES];
};

struct slab *slab_new(void);
void slab_free(struct slab *slab);

void intake_init(struct intake *intake, int fd, const void *memory, size_t length);
void intake_clear(struct intake *intake);

/* Read the next stretch of the intake and cut it. What is too short to be cut is kept for the next
 * slab, which may be this one: the slab's data must stay until then. Sets `last` at the end. An
 * empty object has one empty piece. Errors: MLOPS_IO. */
int slab_fill(struct slab *slab, struct intake *intake, const struct chunker *chunker,
              struct mlops_error *err);

/* Find the counterparts of the pieces in the version before; in the order of filling. Where each
 * piece is one of them, byte for byte, none needs to be hashed: a stretch that did not change. An
 * object of one piece is hashed all the same, so that no object has its name from the store. */
void slab_match(struct slab *slab, struct reader *reader);

/* Hash the whole; in the order of filling. `pieces`: hash those as well, in the same pass, unless
 * they are known; otherwise slab_hash_pieces is to follow. */
void slab_hash(struct slab *slab, bool pieces);

/* Hash the pieces where that is still to be done; in any order, by any thread. */
void slab_hash_pieces(struct slab *slab);

/* Write the pieces into the recipe, and behind the last the digest of the whole; in the order of
 * filling, when the pieces are hashed. Errors: MLOPS_INVALID, a file too large. */
int slab_record(struct slab *slab, struct mlops_error *err);

#endif
