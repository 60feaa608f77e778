/* lib/store/slab.c - objects cut and hashed, a few megabytes at a time. */
#include "store/slab.h"
#include "base/file.h"

struct slab *slab_new(void)
{
    struct slab *slab = xcalloc(1, sizeof(*slab));
    slab->data = xmalloc(SLAB_SIZE);
    return slab;
}

void slab_free(struct slab *slab)
{
    if (!slab)
        return;
    free(slab->data);
    free(slab);
}

void intake_init(struct intake *intake, int fd, const void *memory, size_t length)
{
    *intake = (struct intake){.fd = fd, .memory = memory, .memory_left = length};
}

void intake_clear(struct intake *intake)
{
    sha256_free(intake->hash);
    buffer_clear(&intake->recipe);
    match_free(intake->match);
    *intake = (struct intake){.fd = -1};
}

static int read_more(struct intake *intake, uint8_t *to, size_t room, size_t *got,
                     struct mlops_error *err)
{
    uint64_t left = intake->file_size - intake->size - intake->rest_length;
    if (intake->fd >= 0 && intake->file_size > 0) { /* saves the read that would say: the end */
        size_t most = left < room ? (size_t)left : room;
        TRY(fd_read_full(intake->fd, to, most, got, err));
        intake->ended = *got < room || *got == left;
        return MLOPS_OK;
    }
    if (intake->fd >= 0) {
        TRY(fd_read_full(intake->fd, to, room, got, err));
    } else {
        *got = room < intake->memory_left ? room : intake->memory_left;
        if (*got > 0) /* of an empty object even `memory` may be NULL */
            memcpy(to, intake->memory, *got);
        intake->memory += *got;
        intake->memory_left -= *got;
    }
    intake->ended = *got < room;
    return MLOPS_OK;
}

/* The next chunk. Where the version before had a cut that still stands, it ends there: what is in
 * it need not be looked through, and cuts stay where they were, which is what deltas live on.
 * Behind what changed the first of those cuts is taken, as chunks that are cut anew may be many
 * until one ends where an old one did. */
static size_t cut(struct intake *intake, const struct chunker *chunker, const uint8_t *data,
                  size_t length, uint64_t *fingerprint)
{
    uint32_t expected;
    if (intake->match && match_expect(intake->match, intake->expected, &expected, fingerprint) &&
        expected < length && chunker_fingerprint(chunker, data + expected) == *fingerprint) {
        intake->expected++;
        return expected;
    }
    size_t end = chunker_cut(chunker, data, length, intake->match ? match_has_cut : NULL,
                             intake->match, fingerprint);
    if (intake->match)
        intake->expected = match_after(intake->match, *fingerprint, intake->expected);
    return end;
}

int slab_fill(struct slab *slab, struct intake *intake, const struct chunker *chunker,
              struct mlops_error *err)
{
    size_t filled = intake->rest_length, begin = 0;
    slab->intake = intake;
    slab->last = slab->hashed = false;
    slab->count = 0;
    if (filled > 0)
        memmove(slab->data, intake->rest, filled);
    if (!intake->ended) {
        size_t got;
        TRY(read_more(intake, slab->data + filled, SLAB_SIZE - filled, &got, err));
        filled += got;
    }
    while (filled - begin >= CHUNK_MAX || (intake->ended && begin < filled)) {
        size_t i = slab->count++;
        size_t length =
            cut(intake, chunker, slab->data + begin, filled - begin, &slab->fingerprints[i]);
        slab->lengths[i] = (uint32_t)length;
        begin += length;
    }
    intake->rest = slab->data + begin;
    intake->rest_length = filled - begin;
    slab->last = intake->ended;
    if (slab->last && intake->pieces + slab->count == 0) { /* empty */
        slab->lengths[0] = 0;
        slab->fingerprints[0] = 0;
        slab->count = 1;
    }
    intake->pieces += slab->count;
    intake->size += begin;
    return MLOPS_OK;
}

/* Its digest is the object's, then. */
static bool is_all_of_it(const struct slab *slab)
{
    return slab->last && slab->count == 1 && slab->intake->pieces == 1;
}

void slab_match(struct slab *slab, struct reader *reader)
{
    struct match *match = slab->intake->match;
    const uint8_t *data = slab->data;
    bool known = match && !is_all_of_it(slab);
    for (size_t i = 0; i < slab->count; data += slab->lengths[i++]) {
        slab->base_counts[i] = 0;
        if (match)
            slab->base_counts[i] =
                match_next(match, slab->lengths[i], slab->fingerprints[i], slab->bases[i]);
        known = known && reader_recognize(reader, slab->bases[i], slab->base_counts[i], data,
                                          slab->lengths[i], &slab->digests[i]);
    }
    slab->hashed = known;
}

void slab_hash(struct slab *slab, bool pieces)
{
    struct intake *intake = slab->intake;
    size_t length = 0;
    if (is_all_of_it(slab))
        return;
    if (!intake->hash)
        intake->hash = sha256_new();
    if (pieces && !slab->hashed) {
        sha256_update_parts(intake->hash, slab->data, slab->lengths, slab->count, slab->digests);
        slab->hashed = true;
        return;
    }
    for (size_t i = 0; i < slab->count; i++)
        length += slab->lengths[i];
    sha256_update(intake->hash, slab->data, length);
}

void slab_hash_pieces(struct slab *slab)
{
    if (!slab->hashed)
        sha256_of_parts(slab->data, slab->lengths, slab->count, slab->digests);
    slab->hashed = true;
}

int slab_record(struct slab *slab, struct mlops_error *err)
{
    struct intake *intake = slab->intake;
    if (is_all_of_it(slab)) {
        intake->digest = slab->digests[0];
        return MLOPS_OK;
    }
    for (size_t i = 0; i < slab->count; i++) {
        struct recipe_entry entry = {.chunk = slab->digests[i],
                                     .length = slab->lengths[i],
                                     .fingerprint = slab->fingerprints[i]};
        recipe_append(&intake->recipe, &entry);
    }
    if (!slab->last)
        return MLOPS_OK;
    sha256_final(intake->hash, &intake->digest);
    recipe_finish(&intake->recipe);
    if (intake->recipe.length > RECIPE_RAW_MAX)
        return mlops_fail(err, MLOPS_INVALID, "a file of %llu bytes is more than the store takes",
                          (unsigned long long)intake->size);
    return MLOPS_OK;
}
