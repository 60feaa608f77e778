/* lib/trust/hdf5_group.c - tables of names, and links as messages; see the header. */
#include "trust/hdf5_group.h"
#include "trust/member_name.h"
#include <inttypes.h>

enum { LINK_HARD = 0, LINK_SOFT = 1, LINK_EXTERNAL = 64 };
enum { CACHED_GROUP = 1, CACHED_SOFT_LINK = 2 };

#define FREE_END 1 /* instead of an offset: H5HL_FREE_NULL */

struct names {
    struct buffer text; /* the data segment of the local heap */
    uint64_t address;
};

/* The free blocks of the heap, each with where the next is and how long it is itself. Their heads
 * are accounted for, and not what is left in them. */
static bool cover_free(struct hdf5 *hdf5, const struct names *names, uint64_t at)
{
    uint64_t head = 2ull * hdf5->length_size, left = names->text.length / head;
    while (at != FREE_END && left-- > 0) {
        if (at > names->text.length || names->text.length - at < head)
            break;
        struct hdf5_view view = {.at = (uint8_t *)names->text.data + at, .left = (size_t)head};
        if (!hdf5_cover(hdf5, names->address + at, head))
            return false;
        at = hdf5_take_length(hdf5, &view);
    }
    if (at == FREE_END || names->text.length < head)
        return true;
    hdf5_say(hdf5, &hdf5_damaged, names->address, "a heap's free space is not in it");
    return false;
}

/* Section III.D. False where there is none. */
static bool load_names(struct hdf5 *hdf5, uint64_t heap, struct names *names)
{
    _cleanup_(buffer_clear) struct buffer head = {0};
    struct hdf5_view view;
    if (!hdf5_load(hdf5, heap, 8 + 2ull * hdf5->length_size + hdf5->offset_size, &head, &view))
        return false;
    const uint8_t *magic = hdf5_take_bytes(&view, 8);
    uint64_t size = hdf5_take_length(hdf5, &view);
    uint64_t free_at = hdf5_take_length(hdf5, &view);
    names->address = hdf5_take_address(hdf5, &view);
    if (memcmp(magic, "HEAP\0", 5) != 0) {
        hdf5_say(hdf5, &hdf5_damaged, heap, "there is no heap where a group says so");
        return false;
    }
    return hdf5_read(hdf5, names->address, size, &names->text) && cover_free(hdf5, names, free_at);
}

/* The name at an offset of the heap; NULL, with a finding, where there is none. */
static const char *name_at(struct hdf5 *hdf5, const struct names *names, uint64_t offset)
{
    uint64_t room = offset < names->text.length ? names->text.length - offset : 0;
    const char *name = room > 0 ? names->text.data + offset : "";
    const char *end = memchr(name, '\0', (size_t)room);
    if (end) {
        uint64_t length = ((uint64_t)(end - name) + 8) / 8 * 8;
        (void)hdf5_cover(hdf5, names->address + offset, length < room ? length : room);
        return name;
    }
    hdf5_say(hdf5, &hdf5_damaged, names->address, "a name is not in its group's heap");
    return NULL;
}

/* Section III.C. */
static void take_entry(struct hdf5 *hdf5, struct hdf5_view *view, const struct names *names)
{
    uint64_t name = hdf5_take_length(hdf5, view);
    struct hdf5_object object = {
        .address = hdf5_take_address(hdf5, view), .tree = HDF5_UNDEFINED, .heap = HDF5_UNDEFINED};
    uint64_t cached = hdf5_take(view, 4);
    (void)hdf5_take(view, 4);
    struct hdf5_view scratch = hdf5_take_view(view, 16);
    if (!name_at(hdf5, names, name))
        return;
    if (cached == CACHED_SOFT_LINK) {
        (void)name_at(hdf5, names, hdf5_take(&scratch, 4));
        return; /* leads by name to what is in the file or to nothing */
    }
    if (cached == CACHED_GROUP) {
        object.tree = hdf5_take_address(hdf5, &scratch);
        object.heap = hdf5_take_address(hdf5, &scratch);
    }
    hdf5_add_object(hdf5, object);
}

/* Section III.B. */
static void walk_symbols(struct hdf5 *hdf5, uint64_t address, const struct names *names)
{
    _cleanup_(buffer_clear) struct buffer data = {0};
    struct hdf5_view view;
    uint64_t entry = 24ull + hdf5->offset_size + hdf5->length_size;
    if (!hdf5_read(hdf5, address, 8 + 2 * hdf5->leaf_k * entry, &data))
        return;
    view = (struct hdf5_view){.at = (uint8_t *)data.data, .left = data.length};
    const uint8_t *magic = hdf5_take_bytes(&view, 6);
    uint64_t count = hdf5_take(&view, 2);
    if (memcmp(magic, "SNOD\1", 5) != 0 || count > 2 * hdf5->leaf_k) {
        hdf5_say(hdf5, &hdf5_damaged, address, "a group's table of names is none");
        return;
    }
    for (uint64_t i = 0; i < count && hdf5_goes_on(hdf5); i++)
        take_entry(hdf5, &view, names);
    (void)hdf5_cover(hdf5, address, data.length - view.left);
}

/* Section III.A.1, nodes of type 0. `level`: which it must have, or -1 for the root's own. */
static void walk_tree(struct hdf5 *hdf5, uint64_t address, int level, const struct names *names)
{
    _cleanup_(buffer_clear) struct buffer data = {0};
    struct hdf5_view view;
    uint64_t size = 8 + 2ull * hdf5->offset_size + 2ull * hdf5->group_k * hdf5->offset_size +
                    (2ull * hdf5->group_k + 1) * hdf5->length_size;
    if (!hdf5_first(hdf5, address) || !hdf5_read(hdf5, address, size, &data))
        return;
    view = (struct hdf5_view){.at = (uint8_t *)data.data, .left = data.length};
    const uint8_t *magic = hdf5_take_bytes(&view, 4);
    uint64_t type = hdf5_take(&view, 1);
    int own = (int)hdf5_take(&view, 1);
    uint64_t count = hdf5_take(&view, 2);
    (void)hdf5_take_bytes(&view, 2ull * hdf5->offset_size);
    if (memcmp(magic, "TREE", 4) != 0 || type != 0 || count > 2 * hdf5->group_k ||
        (level >= 0 && own != level) || own > HDF5_DEPTH_MAX) {
        hdf5_say(hdf5, &hdf5_damaged, address, "a group's tree of names is none");
        return;
    }
    for (uint64_t i = 0; i < count && hdf5_goes_on(hdf5); i++) {
        (void)hdf5_take_length(hdf5, &view); /* the key: readers compare names by it */
        uint64_t child = hdf5_take_address(hdf5, &view);
        if (own > 0)
            walk_tree(hdf5, child, own - 1, names);
        else if (hdf5_first(hdf5, child))
            walk_symbols(hdf5, child, names);
    }
    (void)hdf5_take_length(hdf5, &view); /* the last key */
    (void)hdf5_cover(hdf5, address, data.length - view.left);
}

static void names_clear(struct names *names)
{
    buffer_clear(&names->text);
}

void hdf5_walk_group(struct hdf5 *hdf5, uint64_t tree, uint64_t heap)
{
    _cleanup_(names_clear) struct names names = {0};
    if (load_names(hdf5, heap, &names))
        walk_tree(hdf5, tree, -1, &names);
}

/* The file and the object that an external link leads to: two texts behind a byte of flags. */
static void check_external(struct hdf5 *hdf5, const struct hdf5_view *value, uint64_t address)
{
    const char *path = (const char *)value->at + 1;
    if (value->left < 2 || !memchr(path, '\0', value->left - 1)) {
        hdf5_say(hdf5, &hdf5_damaged, address, "an external link is cut off");
        return;
    }
    hdf5_say(hdf5, member_path_stays(path) ? &hdf5_external : &hdf5_outside, address,
             "a link leads into the file '%s'", path);
}

void hdf5_take_link(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address)
{
    uint64_t version = hdf5_take(view, 1), flags = hdf5_take(view, 1);
    uint64_t kind = flags & 8 ? hdf5_take(view, 1) : LINK_HARD;
    if (flags & 4) /* order of creation */
        (void)hdf5_take(view, 8);
    if (flags & 16) /* character set */
        (void)hdf5_take(view, 1);
    uint64_t length = hdf5_take(view, 1u << (flags & 3));
    (void)hdf5_take_bytes(view, length);
    struct hdf5_object object = {.tree = HDF5_UNDEFINED, .heap = HDF5_UNDEFINED};
    if (kind == LINK_HARD)
        object.address = hdf5_take_address(hdf5, view);
    struct hdf5_view value = {0};
    if (kind != LINK_HARD)
        value = hdf5_take_view(view, hdf5_take(view, 2));
    if (version != 1 || view->past)
        hdf5_say(hdf5, &hdf5_damaged, address, "a link is cut off, or of no known version");
    else if (kind == LINK_HARD)
        hdf5_add_object(hdf5, object);
    else if (kind == LINK_EXTERNAL)
        check_external(hdf5, &value, address);
    else if (kind != LINK_SOFT)
        hdf5_say(hdf5, &hdf5_user_link, address, "a link is of the kind %" PRIu64, kind);
}
