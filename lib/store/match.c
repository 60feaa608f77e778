/* lib/store/match.c - two versions lined up by the fingerprints at their cuts. */
#include "store/match.h"

/* After so many bytes without a cut in common the versions have parted, and guesses end. */
#define GUESS_MAX (4ULL * CHUNK_MAX)
/* Where a cut is not shared, the counterpart may begin a little before or after. */
#define SLACK (16U << 10)

struct cut {
    uint64_t fingerprint;
    size_t entry; /* that ends with it */
};

struct match {
    struct recipe_entry *entries;
    uint64_t *starts; /* where each begins in the base; one more for the end */
    size_t count;
    struct cut *cuts; /* by fingerprint */
    size_t cut_count;
    uint64_t position; /* in the base, where the next chunk should begin */
    bool aligned;      /* the position is known by a cut in common */
    uint64_t guessed;  /* bytes since the last one */
};

static int compare_cuts(const void *a, const void *b)
{
    const struct cut *x = a, *y = b;
    if (x->fingerprint != y->fingerprint)
        return x->fingerprint < y->fingerprint ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static void take_entries(struct match *match, const struct location *location, const uint8_t *data)
{
    bool recipe = location->record.kind == RECORD_RECIPE;
    match->count = recipe ? recipe_count(location->record.raw) : 1;
    match->entries = xcalloc(match->count, sizeof(*match->entries));
    match->starts = xcalloc(match->count + 1, sizeof(*match->starts));
    match->cuts = xcalloc(match->count, sizeof(*match->cuts));
    for (size_t i = 0; i < match->count; i++) {
        struct recipe_entry *entry = &match->entries[i];
        if (recipe)
            recipe_entry_decode(data, i, entry);
        else
            *entry = (struct recipe_entry){.chunk = location->record.name,
                                           .length = location->record.raw};
        match->starts[i + 1] = match->starts[i] + entry->length;
        /* a cut at the greatest length is no mark in the content */
        if (entry->fingerprint != 0 && entry->length < CHUNK_MAX)
            match->cuts[match->cut_count++] = (struct cut){entry->fingerprint, i};
    }
    if (match->cut_count > 0)
        qsort(match->cuts, match->cut_count, sizeof(*match->cuts), compare_cuts);
    match->aligned = true; /* both begin at the beginning */
}

int match_new(struct reader *reader, const struct digest *base, struct match **match,
              struct mlops_error *err)
{
    struct location location;
    const uint8_t *data;
    struct mlops_error damage = {0};
    *match = NULL;
    if (reader_find(reader, base, &location, &damage))
        return MLOPS_OK;
    int code = location.record.kind == RECORD_RECIPE
                   ? reader_load(reader, &location, &data, &damage)
                   : MLOPS_OK;
    if (code == MLOPS_IO) {
        *err = damage;
        return code;
    }
    if (code)
        return MLOPS_OK; /* damaged: fsck's matter */
    *match = xcalloc(1, sizeof(**match));
    take_entries(*match, &location, data);
    return MLOPS_OK;
}

void match_free(struct match *match)
{
    if (!match)
        return;
    free(match->entries);
    free(match->starts);
    free(match->cuts);
    free(match);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a < b ? b - a : a - b;
}

/* The entry that ends with `fingerprint`, the nearest to `end` of several; count: none. */
static size_t find_cut(const struct match *match, uint64_t fingerprint, uint64_t end)
{
    size_t low = 0, high = match->cut_count, best = match->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (match->cuts[middle].fingerprint < fingerprint)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < match->cut_count && match->cuts[low].fingerprint == fingerprint; low++) {
        size_t entry = match->cuts[low].entry;
        if (best == match->count ||
            distance(match->starts[entry + 1], end) < distance(match->starts[best + 1], end))
            best = entry;
    }
    return best;
}

bool match_expect(const struct match *match, size_t expected, uint32_t *length,
                  uint64_t *fingerprint)
{
    if (match->count < 2 || expected >= match->count - 1)
        return false;
    const struct recipe_entry *entry = &match->entries[expected];
    *length = entry->length;
    *fingerprint = entry->fingerprint;
    return entry->length >= CHUNK_MIN && entry->length <= CHUNK_MAX;
}

bool match_has_cut(const void *context, uint64_t fingerprint)
{
    const struct match *match = context;
    return find_cut(match, fingerprint, 0) < match->count;
}

size_t match_after(const struct match *match, uint64_t fingerprint, size_t expected)
{
    uint64_t near = match->starts[expected < match->count ? expected : match->count];
    size_t entry = fingerprint ? find_cut(match, fingerprint, near) : match->count;
    return entry < match->count ? entry + 1 : SIZE_MAX;
}

/* The entry that byte `position` of the base is in. */
static size_t entry_at(const struct match *match, uint64_t position)
{
    size_t low = 0, high = match->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (match->starts[middle] <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

size_t match_next(struct match *match, uint32_t length, uint64_t fingerprint,
                  struct digest bases[DELTA_BASES_MAX])
{
    uint64_t begin = match->position, end = begin + length, whole = match->starts[match->count];
    bool known = match->aligned;
    size_t last = fingerprint ? find_cut(match, fingerprint, end) : match->count;
    match->aligned = last < match->count;
    if (match->aligned) {
        end = match->starts[last + 1];
        /* a cut far from where it should be: what stood between was inserted or taken out */
        if (distance(end, match->position + length) > length / 2) {
            begin = end > length ? end - length : 0;
            known = false;
        }
        match->guessed = 0;
    } else {
        match->guessed += length;
    }
    match->position = end;
    if (match->guessed > GUESS_MAX || begin >= whole)
        return 0;
    if (!known)
        begin = begin > SLACK ? begin - SLACK : 0;
    if (!match->aligned)
        end += SLACK;
    size_t first = entry_at(match, begin),
           stop = entry_at(match, end < whole ? end - 1 : whole - 1);
    if (stop - first >= DELTA_BASES_MAX && !known && match->aligned)
        first = stop - DELTA_BASES_MAX + 1;
    size_t count = 0;
    for (size_t i = first; i <= stop && count < DELTA_BASES_MAX; i++)
        bases[count++] = match->entries[i].chunk;
    return count;
}
