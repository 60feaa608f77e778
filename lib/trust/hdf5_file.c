/* lib/trust/hdf5_file.c - reading by address, taking numbers out of structures, and the book of
 * what was accounted for. */
#include "trust/hdf5_file.h"
#include <inttypes.h>

uint64_t hdf5_take(struct hdf5_view *view, unsigned bytes)
{
    uint64_t value = 0;
    const uint8_t *at = hdf5_take_bytes(view, bytes);
    for (unsigned i = 0; at && i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

const uint8_t *hdf5_take_bytes(struct hdf5_view *view, uint64_t length)
{
    const uint8_t *at = view->at;
    if (length > view->left) {
        view->past = true;
        return NULL;
    }
    view->at += length;
    view->left -= (size_t)length;
    return at;
}

uint64_t hdf5_take_address(const struct hdf5 *hdf5, struct hdf5_view *view)
{
    uint64_t value = hdf5_take(view, hdf5->offset_size);
    uint64_t all = hdf5->offset_size == 8 ? UINT64_MAX : (1ull << 8 * hdf5->offset_size) - 1;
    return value == all ? HDF5_UNDEFINED : value;
}

uint64_t hdf5_take_length(const struct hdf5 *hdf5, struct hdf5_view *view)
{
    return hdf5_take(view, hdf5->length_size);
}

struct hdf5_view hdf5_take_view(struct hdf5_view *view, uint64_t length)
{
    const uint8_t *at = hdf5_take_bytes(view, length);
    return at ? (struct hdf5_view){.at = at, .left = (size_t)length}
              : (struct hdf5_view){.past = true};
}

bool hdf5_goes_on(const struct hdf5 *hdf5)
{
    return !hdf5->stopped && !hdf5->code;
}

void hdf5_say(struct hdf5 *hdf5, const struct rule *rule, uint64_t address, const char *format, ...)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    findings_add(hdf5->file->findings, rule, hdf5->file->path, hdf5->base + address, "%s",
                 text.data);
}

void hdf5_not_followed_here(struct hdf5 *hdf5, uint64_t address, const char *what)
{
    if (!hdf5->unfollowed)
        hdf5_say(hdf5, &hdf5_not_followed, address, "%s", what);
    hdf5->unfollowed = true;
}

static size_t slot_of(const struct hdf5 *hdf5, uint64_t key)
{
    size_t slot = (size_t)(key * 0x9e3779b97f4a7c15ull >> 20) & (hdf5->seen_size - 1);
    while (hdf5->seen[slot] != 0 && hdf5->seen[slot] != key)
        slot = (slot + 1) & (hdf5->seen_size - 1);
    return slot;
}

static void grow_seen(struct hdf5 *hdf5)
{
    uint64_t *old = hdf5->seen;
    size_t old_size = hdf5->seen_size;
    hdf5->seen_size = old_size ? 2 * old_size : 1024;
    hdf5->seen = xcalloc(hdf5->seen_size, sizeof(*hdf5->seen));
    for (size_t i = 0; i < old_size; i++)
        if (old[i] != 0)
            hdf5->seen[slot_of(hdf5, old[i])] = old[i];
    free(old);
}

bool hdf5_first(struct hdf5 *hdf5, uint64_t address)
{
    uint64_t key = address + 1;
    if (2 * hdf5->seen_count >= hdf5->seen_size)
        grow_seen(hdf5);
    size_t slot = slot_of(hdf5, key);
    if (hdf5->seen[slot] == key)
        return false;
    if (hdf5->seen_count >= 4 * HDF5_OBJECTS_MAX) {
        if (!hdf5->stopped)
            hdf5_say(hdf5, &hdf5_limit, address, "has more structures than are followed");
        hdf5->stopped = true;
        return false;
    }
    hdf5->seen[slot] = key;
    hdf5->seen_count++;
    return true;
}

bool hdf5_cover(struct hdf5 *hdf5, uint64_t address, uint64_t length)
{
    if (address > hdf5->size || length > hdf5->size - address) {
        hdf5_say(hdf5, &hdf5_truncated, 0,
                 "%" PRIu64 " bytes at %" PRIu64 " lie beyond the end of the file", length,
                 address);
        return false;
    }
    if (length == 0)
        return true;
    GROW(hdf5->ranges, hdf5->range_count, &hdf5->range_capacity);
    hdf5->ranges[hdf5->range_count++] = (struct hdf5_range){address, address + length};
    return true;
}

bool hdf5_read(struct hdf5 *hdf5, uint64_t address, uint64_t length, struct buffer *data)
{
    struct source *source = hdf5->file->source;
    buffer_reset(data);
    if (!hdf5_goes_on(hdf5))
        return false;
    if (address > hdf5->size || length > hdf5->size - address) {
        hdf5_say(hdf5, &hdf5_truncated, 0,
                 "%" PRIu64 " bytes at %" PRIu64 " lie beyond the end of the file", length,
                 address);
        return false;
    }
    if (length > HDF5_STRUCTURE_MAX) {
        hdf5_say(hdf5, &hdf5_limit, address, "a structure is larger than any that is followed");
        return false;
    }
    buffer_reserve(data, (size_t)length + 1);
    hdf5->code = source->read(source, hdf5->base + address, data->data, (size_t)length, hdf5->err);
    if (hdf5->code)
        return false;
    data->length = (size_t)length;
    data->data[length] = '\0';
    return true;
}

bool hdf5_load(struct hdf5 *hdf5, uint64_t address, uint64_t length, struct buffer *data,
               struct hdf5_view *view)
{
    *view = (struct hdf5_view){.past = true};
    if (!hdf5_read(hdf5, address, length, data) || !hdf5_cover(hdf5, address, length))
        return false;
    *view = (struct hdf5_view){.at = (const uint8_t *)data->data, .left = data->length};
    return true;
}

void hdf5_add_object(struct hdf5 *hdf5, struct hdf5_object object)
{
    if (hdf5->object_count >= HDF5_OBJECTS_MAX) {
        if (!hdf5->stopped)
            hdf5_say(hdf5, &hdf5_limit, object.address, "has more objects than are followed");
        hdf5->stopped = true;
        return;
    }
    GROW(hdf5->objects, hdf5->object_count, &hdf5->object_capacity);
    hdf5->objects[hdf5->object_count++] = object;
}

void hdf5_clear(struct hdf5 *hdf5)
{
    free(hdf5->ranges);
    free(hdf5->seen);
    free(hdf5->objects);
    buffer_clear(&hdf5->heap);
}
