/* lib/trust/hdf5_data.c - layouts, filters, chunks; see the header. */
#include "trust/hdf5_data.h"
#include "trust/member_name.h"
#include "trust/pickle.h"
#include <inttypes.h>

#define BLOCK_SIZE (1u << 20) /* of elements that are looked at at once */

enum { LAYOUT_COMPACT, LAYOUT_PIECE, LAYOUT_CHUNKED, LAYOUT_VIRTUAL };
enum { INDEX_TREE = 0, INDEX_SINGLE = 1, INDEX_IMPLICIT = 2 };

/* ---- messages ------------------------------------------------------------------------------- */

/* Version 4 has other indexes than version 3's tree; `data` gets what one chunk is. */
static void take_chunks_4(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address,
                          struct hdf5_data *data)
{
    uint64_t flags = hdf5_take(view, 1), bytes = 1;
    unsigned dimensions = (unsigned)hdf5_take(view, 1), width = (unsigned)hdf5_take(view, 1);
    for (unsigned i = 0; i < dimensions && width <= 8; i++)
        if (__builtin_mul_overflow(bytes, hdf5_take(view, width), &bytes))
            bytes = UINT64_MAX;
    unsigned index = (unsigned)hdf5_take(view, 1);
    if (index != INDEX_SINGLE) {
        hdf5_not_followed_here(hdf5, address, "chunks are listed in a way that is not followed");
        return;
    }
    if (flags & 2) { /* what is stored is not what is read */
        bytes = hdf5_take_length(hdf5, view);
        (void)hdf5_take(view, 4);
    }
    data->layout = LAYOUT_PIECE;
    data->length = bytes;
    data->address = hdf5_take_address(hdf5, view);
    data->has_layout = true;
}

void hdf5_take_layout(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address,
                      struct hdf5_data *data)
{
    unsigned version = (unsigned)hdf5_take(view, 1);
    data->layout = (unsigned)hdf5_take(view, 1);
    if (version != 3 && version != 4) {
        hdf5_not_followed_here(hdf5, address, "a data set is laid out as before HDF5 1.6");
        return;
    }
    if (data->layout == LAYOUT_COMPACT) {
        data->compact = hdf5_take_view(view, hdf5_take(view, 2));
        data->has_layout = true;
    } else if (data->layout == LAYOUT_PIECE) {
        data->address = hdf5_take_address(hdf5, view);
        data->length = hdf5_take_length(hdf5, view);
        data->has_layout = true;
    } else if (data->layout == LAYOUT_CHUNKED && version == 4) {
        take_chunks_4(hdf5, view, address, data);
    } else if (data->layout == LAYOUT_CHUNKED) {
        data->dimensions = (unsigned)hdf5_take(view, 1);
        data->address = hdf5_take_address(hdf5, view);
        data->has_layout = true;
    } else if (data->layout == LAYOUT_VIRTUAL) {
        hdf5_say(hdf5, &hdf5_external, address, "a data set is put together from other files");
        (void)hdf5_check_heap(hdf5, hdf5_take_address(hdf5, view));
    }
    if (view->past || data->layout > LAYOUT_VIRTUAL)
        hdf5_say(hdf5, &hdf5_damaged, address, "a data set's layout is cut off, or none");
}

/* The filters that HDF5 has itself, and LZF, which comes with h5py. */
static bool is_known_filter(uint64_t id)
{
    return (id >= 1 && id <= 6) || id == 32000;
}

void hdf5_take_filters(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address,
                       struct hdf5_data *data)
{
    unsigned version = (unsigned)hdf5_take(view, 1), count = (unsigned)hdf5_take(view, 1);
    if (version == 1)
        (void)hdf5_take_bytes(view, 6);
    for (unsigned i = 0; i < count && !view->past; i++) {
        uint64_t id = hdf5_take(view, 2);
        uint64_t name = version == 1 || id >= 256 ? hdf5_take(view, 2) : 0;
        (void)hdf5_take(view, 2); /* flags */
        uint64_t values = hdf5_take(view, 2);
        if (version == 1)
            name = (name + 7) / 8 * 8;
        (void)hdf5_take_bytes(view, name);
        (void)hdf5_take_bytes(view, 4 * (values + (version == 1 && values % 2 == 1)));
        if (!view->past && !is_known_filter(id))
            hdf5_say(hdf5, &hdf5_filter, address, "data are unpacked by filter %" PRIu64, id);
    }
    data->packed = count > 0;
    if (view->past || version < 1 || version > 2)
        hdf5_say(hdf5, &hdf5_damaged, address, "a list of filters is cut off, or none");
}

void hdf5_take_external_files(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address)
{
    _cleanup_(buffer_clear) struct buffer head = {0};
    (void)hdf5_take_bytes(view, 6);
    uint64_t count = hdf5_take(view, 2), heap = hdf5_take_address(hdf5, view), size, names;
    struct hdf5_view heads;
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (!hdf5_load(hdf5, heap, 8 + 2ull * hdf5->length_size + hdf5->offset_size, &head, &heads))
        return;
    (void)hdf5_take_bytes(&heads, 8);
    size = hdf5_take_length(hdf5, &heads);
    (void)hdf5_take_length(hdf5, &heads);
    names = hdf5_take_address(hdf5, &heads);
    if (!hdf5_load(hdf5, names, size, &text, &heads))
        return;
    for (uint64_t i = 0; i < count && !view->past; i++) {
        uint64_t name = hdf5_take_length(hdf5, view);
        (void)hdf5_take_length(hdf5, view), (void)hdf5_take_length(hdf5, view);
        const char *path = name < text.length ? text.data + name : "";
        if (!view->past)
            hdf5_say(hdf5, member_path_stays(path) ? &hdf5_external : &hdf5_outside, address,
                     "data are read from '%s'", path);
    }
    if (view->past)
        hdf5_say(hdf5, &hdf5_damaged, address, "a list of files is cut off");
}

/* ---- elements ------------------------------------------------------------------------------- */

/* Bytes that only their reader knows the meaning of are a program where they begin as one. */
static void check_piece_of_bytes(struct hdf5 *hdf5, uint64_t address, uint64_t length)
{
    _cleanup_(buffer_clear) struct buffer head = {0};
    uint64_t first = length < PICKLE_HEAD_SIZE ? length : PICKLE_HEAD_SIZE;
    if (!hdf5_read(hdf5, address, first, &head) ||
        !pickle_begins((uint8_t *)head.data, head.length))
        return;
    _cleanup_(source_close_ptr) struct source *source =
        source_part(hdf5->file->source, hdf5->base + address, length);
    hdf5->code = scan_member(hdf5->file, "data.pkl", source, hdf5->err);
}

static void check_piece(struct hdf5 *hdf5, const struct hdf5_data *data, uint64_t address,
                        uint64_t length)
{
    _cleanup_(buffer_clear) struct buffer block = {0};
    uint64_t size = data->type.size;
    if (data->type.class == HDF5_INTEGER || data->type.class == HDF5_BITS) {
        check_piece_of_bytes(hdf5, address, length);
        return;
    }
    uint64_t step = size == 0 ? length : size >= BLOCK_SIZE ? size : BLOCK_SIZE / size * size;
    for (uint64_t at = 0; at < length && hdf5_goes_on(hdf5); at += step) {
        uint64_t part = length - at < step ? length - at : step;
        if (!hdf5_read(hdf5, address + at, part, &block))
            return;
        struct hdf5_view elements = {.at = (uint8_t *)block.data, .left = block.length};
        hdf5_check_elements(hdf5, "data", &data->type, address + at, &elements);
        hdf5->code = hdf5->code ? hdf5->code : scan_check_cancelled(hdf5->file, hdf5->err);
    }
}

static void take_piece(struct hdf5 *hdf5, const struct hdf5_data *data, uint64_t address,
                       uint64_t length)
{
    if (!hdf5_cover(hdf5, address, length) || !hdf5_type_carries(&data->type))
        return;
    if (!data->packed)
        check_piece(hdf5, data, address, length);
    else if (data->type.class != HDF5_INTEGER && data->type.class != HDF5_BITS)
        hdf5_not_followed_here(hdf5, address, "texts are compressed");
}

/* Section III.A.1, nodes of type 1. */
static void walk_chunks(struct hdf5 *hdf5, const struct hdf5_data *data, uint64_t address,
                        int level)
{
    _cleanup_(buffer_clear) struct buffer node = {0};
    struct hdf5_view view;
    uint64_t key = 8 + 8ull * data->dimensions, room = 2ull * hdf5->chunk_k;
    uint64_t size = 8 + 2ull * hdf5->offset_size + room * hdf5->offset_size + (room + 1) * key;
    if (!hdf5_first(hdf5, address) || !hdf5_read(hdf5, address, size, &node))
        return;
    view = (struct hdf5_view){.at = (uint8_t *)node.data, .left = node.length};
    const uint8_t *magic = hdf5_take_bytes(&view, 4);
    uint64_t type = hdf5_take(&view, 1);
    int own = (int)hdf5_take(&view, 1);
    uint64_t count = hdf5_take(&view, 2);
    (void)hdf5_take_bytes(&view, 2ull * hdf5->offset_size);
    if (memcmp(magic, "TREE", 4) != 0 || type != 1 || count > room ||
        (level >= 0 && own != level) || own > HDF5_DEPTH_MAX) {
        hdf5_say(hdf5, &hdf5_damaged, address, "a tree of chunks is none");
        return;
    }
    for (uint64_t i = 0; i < count && hdf5_goes_on(hdf5); i++) {
        uint64_t length = hdf5_take(&view, 4);
        (void)hdf5_take_bytes(&view, key - 4);
        uint64_t child = hdf5_take_address(hdf5, &view);
        if (own > 0)
            walk_chunks(hdf5, data, child, own - 1);
        else
            take_piece(hdf5, data, child, length);
    }
    (void)hdf5_take_bytes(&view, key); /* the last one */
    (void)hdf5_cover(hdf5, address, node.length - view.left);
}

void hdf5_check_data(struct hdf5 *hdf5, const struct hdf5_data *data, uint64_t address)
{
    if (!data->has_layout)
        return;
    if (!data->has_type || !data->has_space) {
        if (!hdf5->unfollowed) /* where the type stands elsewhere that was said */
            hdf5_say(hdf5, &hdf5_damaged, address, "a data set has no type or no shape");
        return;
    }
    if (data->layout == LAYOUT_COMPACT) {
        struct hdf5_view elements = data->compact;
        if (hdf5_type_carries(&data->type))
            hdf5_check_elements(hdf5, "data", &data->type, address, &elements);
    } else if (data->address == HDF5_UNDEFINED)
        return; /* nothing was written yet */
    else if (data->layout == LAYOUT_CHUNKED)
        walk_chunks(hdf5, data, data->address, -1);
    else
        take_piece(hdf5, data, data->address, data->length);
}
