/* lib/monitor/roster.c - records of counted events, and sets of ids. */
#include "monitor/roster.h"
#include "base/endian.h"
#include "stats/hll.h"

void roster_add(struct roster *roster, const struct roster_record *record)
{
    GROW(roster->records, roster->count, &roster->capacity);
    roster->records[roster->count++] = *record;
}

void roster_encode(const struct roster *roster, struct buffer *out)
{
    buffer_reserve(out, roster->count * ROSTER_RECORD_SIZE);
    for (size_t i = 0; i < roster->count; i++) {
        const struct roster_record *record = &roster->records[i];
        uint8_t bytes[ROSTER_RECORD_SIZE];
        put_u64(bytes, record->id);
        put_f64(bytes + 8, record->score);
        put_u32(bytes + 16, record->group);
        put_u32(bytes + 20, record->prediction);
        buffer_append(out, bytes, sizeof(bytes));
    }
}

struct roster_record roster_record_at(const uint8_t *bytes, size_t i)
{
    bytes += i * ROSTER_RECORD_SIZE;
    return (struct roster_record){get_u64(bytes), get_f64(bytes + 8), get_u32(bytes + 16),
                                  get_u32(bytes + 20)};
}

void roster_clear(struct roster *roster)
{
    free(roster->records);
    *roster = (struct roster){0};
}

/* The finisher of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input moves half of the
 * output's. It is a bijection, so that within a group keys are as different as ids. */
uint64_t roster_key(uint64_t id, uint32_t group)
{
    uint64_t key = id ^ (group + 1) * 0x9e3779b97f4a7c15ULL;
    key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9ULL;
    key = (key ^ key >> 27) * 0x94d049bb133111ebULL;
    key ^= key >> 31;
    return key ? key : 1;
}

uint64_t roster_id(const char *text, size_t length)
{
    uint64_t id = stats_hash(text, length);
    return id ? id : 1;
}

static size_t place_of(const struct id_set *set, uint64_t id)
{
    size_t place = (size_t)id & (set->capacity - 1);
    while (set->places[place] && set->places[place] != id)
        place = (place + 1) & (set->capacity - 1);
    return place;
}

static void grow(struct id_set *set)
{
    struct id_set larger = {.capacity = set->capacity ? set->capacity * 2 : 1024};
    larger.places = xcalloc(larger.capacity, sizeof(*larger.places));
    larger.count = set->count;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->places[i])
            larger.places[place_of(&larger, set->places[i])] = set->places[i];
    free(set->places);
    *set = larger;
}

bool id_set_add(struct id_set *set, uint64_t id)
{
    if (set->count >= set->capacity / 4 * 3)
        grow(set);
    size_t place = place_of(set, id);
    if (set->places[place])
        return false;
    set->places[place] = id;
    set->count++;
    return true;
}

bool id_set_has(const struct id_set *set, uint64_t id)
{
    return set->count > 0 && set->places[place_of(set, id)] != 0;
}

void id_set_clear(struct id_set *set)
{
    free(set->places);
    *set = (struct id_set){0};
}
