/* lib/trust/flatbuffer.c - tables, their vtables, vectors and strings; see the header. */
#include "trust/flatbuffer.h"
#include "base/endian.h"

static bool fail(struct flatbuffer *flatbuffer, uint64_t at, const char *what)
{
    if (!flatbuffer->wrong) {
        flatbuffer->wrong = what;
        flatbuffer->wrong_at = at;
    }
    return false;
}

static bool lies_within(const struct flatbuffer *flatbuffer, uint64_t at, uint64_t length)
{
    return at <= flatbuffer->size && length <= flatbuffer->size - at;
}

/* Note whose the bytes are. Lists of fields are shared by tables that have the same; of all else
 * nothing is, which bounds the time of the walk, too. */
static bool own(struct flatbuffer *flatbuffer, uint64_t at, uint64_t length, bool may_share)
{
    if (!lies_within(flatbuffer, at, length))
        return fail(flatbuffer, at, "leads beyond the end");
    for (uint64_t i = at; i < at + length; i++) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        if (!may_share && flatbuffer->owned[i / 8] & bit)
            flatbuffer->shared = true;
        flatbuffer->owned[i / 8] |= bit;
    }
    return !flatbuffer->shared || fail(flatbuffer, at, "two things share bytes");
}

/* Where the offset at `at` leads. */
static bool follow(struct flatbuffer *flatbuffer, uint64_t at, uint64_t *to)
{
    if (!lies_within(flatbuffer, at, 4))
        return fail(flatbuffer, at, "leads beyond the end");
    *to = at + get_u32(flatbuffer->data + at);
    if (*to == at || !lies_within(flatbuffer, *to, 4))
        return fail(flatbuffer, at, "leads beyond the end");
    return true;
}

static bool walk_table(struct flatbuffer *flatbuffer, uint64_t at,
                       const struct flatbuffer_table *table, int depth);

static bool walk_vector(struct flatbuffer *flatbuffer, uint64_t at,
                        const struct flatbuffer_field *field, int depth)
{
    uint64_t count = get_u32(flatbuffer->data + at);
    bool items = field->kind == FLATBUFFER_ITEMS, text = field->kind == FLATBUFFER_STRING;
    uint64_t size = text ? 1 : items ? field->size : 4;
    if (!own(flatbuffer, at, 4 + count * size + text, false))
        return false;
    if (text && flatbuffer->data[at + 4 + count] != '\0')
        return fail(flatbuffer, at, "a text does not end");
    if (field->slot) {
        struct flatbuffer_slot *slot = &flatbuffer->slots[field->slot];
        *slot = (struct flatbuffer_slot){flatbuffer->data + at + 4, count, slot->total + count};
    }
    static const struct flatbuffer_field string = {.kind = FLATBUFFER_STRING};
    for (uint64_t i = 0; i < count && !items && !text; i++) {
        uint64_t to;
        if (!follow(flatbuffer, at + 4 + 4 * i, &to))
            return false;
        if (field->kind == FLATBUFFER_TABLES ? !walk_table(flatbuffer, to, field->table, depth)
                                             : !walk_vector(flatbuffer, to, &string, depth))
            return false;
    }
    return true;
}

static bool walk_field(struct flatbuffer *flatbuffer, uint64_t at,
                       const struct flatbuffer_field *field, int depth)
{
    uint64_t to;
    if (field->kind == FLATBUFFER_INLINE) {
        if (field->slot)
            flatbuffer->slots[field->slot].at = flatbuffer->data + at;
        return own(flatbuffer, at, field->size, false);
    }
    if (!own(flatbuffer, at, 4, false) || !follow(flatbuffer, at, &to))
        return false;
    return field->kind == FLATBUFFER_TABLE ? walk_table(flatbuffer, to, field->table, depth)
                                           : walk_vector(flatbuffer, to, field, depth);
}

static bool walk_table(struct flatbuffer *flatbuffer, uint64_t at,
                       const struct flatbuffer_table *table, int depth)
{
    if (depth > FLATBUFFER_DEPTH_MAX)
        return fail(flatbuffer, at, "has tables in tables without end");
    uint8_t *walked = flatbuffer->walked[table->shared];
    if (table->shared && walked[at / 8] >> at % 8 & 1)
        return true;
    if (table->shared)
        walked[at / 8] |= (uint8_t)(1u << at % 8);
    if (!own(flatbuffer, at, 4, false))
        return false;
    int64_t vtable = (int64_t)at - (int32_t)get_u32(flatbuffer->data + at);
    if (vtable < 0 || !lies_within(flatbuffer, (uint64_t)vtable, 4))
        return fail(flatbuffer, at, "a table has no list of its fields");
    const uint8_t *list = flatbuffer->data + vtable;
    uint64_t list_size = get_u16(list), table_size = get_u16(list + 2);
    if (list_size < 4 || list_size % 2 != 0 || table_size < 4 ||
        !lies_within(flatbuffer, at, table_size) ||
        !own(flatbuffer, (uint64_t)vtable, list_size, true))
        return fail(flatbuffer, at, "a table's list of fields cannot be");
    for (uint64_t i = 0; i < (list_size - 4) / 2; i++) {
        uint64_t offset = get_u16(list + 4 + 2 * i);
        if (offset == 0)
            continue; /* it is not there */
        if (i >= table->count)
            return fail(flatbuffer, at, "a table has a field that is not known here");
        const struct flatbuffer_field *field = &table->fields[i];
        if (offset + (field->kind == FLATBUFFER_INLINE ? field->size : 4) > table_size)
            return fail(flatbuffer, at, "a field lies outside of its table");
        if (!walk_field(flatbuffer, at + offset, field, depth + 1))
            return false;
    }
    return true;
}

bool flatbuffer_walk(struct flatbuffer *flatbuffer, const struct flatbuffer_table *table)
{
    uint64_t root;
    flatbuffer->owned = xcalloc((size_t)(flatbuffer->size / 8) + 1, 1);
    for (size_t i = 1; i < ARRAY_LENGTH(flatbuffer->walked); i++)
        flatbuffer->walked[i] = xcalloc((size_t)(flatbuffer->size / 8) + 1, 1);
    flatbuffer->unused = flatbuffer->size;
    if (!lies_within(flatbuffer, 0, 4) || !own(flatbuffer, 0, 4, false) ||
        !follow(flatbuffer, 0, &root) || !walk_table(flatbuffer, root, table, 0))
        return fail(flatbuffer, 0, "is too short");
    for (uint64_t i = 0; i < flatbuffer->size; i++)
        if (flatbuffer->data[i] != 0 && !(flatbuffer->owned[i / 8] >> i % 8 & 1)) {
            flatbuffer->unused = i;
            break;
        }
    return true;
}

void flatbuffer_clear(struct flatbuffer *flatbuffer)
{
    free(flatbuffer->owned);
    flatbuffer->owned = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(flatbuffer->walked); i++) {
        free(flatbuffer->walked[i]);
        flatbuffer->walked[i] = NULL;
    }
}
