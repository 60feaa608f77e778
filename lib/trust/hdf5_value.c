/* lib/trust/hdf5_value.c - types, shapes, attributes and global heaps; see the header. */
#include "trust/hdf5_value.h"
#include "base/path.h"
#include "trust/pickle.h"
#include <inttypes.h>

#define TEXT_MIN 16 /* bytes below which a text can be neither a secret nor a program */

/* ---- types ---------------------------------------------------------------------------------- */

static void skip_padded(struct hdf5_view *view, size_t multiple)
{
    size_t length = strnlen((const char *)view->at, view->left) + 1;
    (void)hdf5_take_bytes(view, (length + multiple - 1) / multiple * multiple);
}

static unsigned bytes_for(uint64_t value)
{
    unsigned bytes = 1;
    while (bytes < 8 && value >> 8 * bytes)
        bytes++;
    return bytes;
}

static bool take_members(const struct hdf5 *hdf5, struct hdf5_view *view, int depth,
                         unsigned version, unsigned count, struct hdf5_type *type)
{
    for (unsigned i = 0; i < count && !view->past; i++) {
        struct hdf5_type member = {0};
        skip_padded(view, version == 3 ? 1 : 8);
        (void)hdf5_take(view, version == 3 ? bytes_for(type->size) : 4);
        if (version == 1)
            (void)hdf5_take_bytes(view, 28); /* dimensions, as versions 2 and 3 say by arrays */
        if (!hdf5_take_type(hdf5, view, depth + 1, &member))
            return false;
        type->variable_inside |= member.variable_inside || member.class == HDF5_VARIABLE;
    }
    return true;
}

static bool take_enum(const struct hdf5 *hdf5, struct hdf5_view *view, int depth, unsigned version,
                      unsigned count)
{
    struct hdf5_type base;
    if (!hdf5_take_type(hdf5, view, depth + 1, &base))
        return false;
    for (unsigned i = 0; i < count && !view->past; i++)
        skip_padded(view, version >= 3 ? 1 : 8);
    uint64_t values;
    if (__builtin_mul_overflow(base.size, count, &values))
        return false;
    return hdf5_take_bytes(view, values) != NULL || values == 0;
}

static bool take_array(const struct hdf5 *hdf5, struct hdf5_view *view, int depth, unsigned version,
                       struct hdf5_type *type)
{
    struct hdf5_type base;
    unsigned dimensions = (unsigned)hdf5_take(view, 1);
    if (version < 3)
        (void)hdf5_take_bytes(view, 3);
    (void)hdf5_take_bytes(view, (version < 3 ? 8ull : 4ull) * dimensions);
    if (!hdf5_take_type(hdf5, view, depth + 1, &base))
        return false;
    type->variable_inside = base.variable_inside || base.class == HDF5_VARIABLE;
    return true;
}

bool hdf5_take_type(const struct hdf5 *hdf5, struct hdf5_view *view, int depth,
                    struct hdf5_type *type)
{
    struct hdf5_type base;
    unsigned head = (unsigned)hdf5_take(view, 1), bits = (unsigned)hdf5_take(view, 3);
    unsigned version = head >> 4;
    *type = (struct hdf5_type){.class = head & 15, .size = hdf5_take(view, 4)};
    if (depth > HDF5_DEPTH_MAX || version < 1 || version > 5)
        return false;
    switch (type->class) {
    case HDF5_INTEGER:
    case HDF5_BITS:
        return hdf5_take_bytes(view, 4) != NULL;
    case HDF5_REAL:
        return hdf5_take_bytes(view, 12) != NULL;
    case HDF5_TIME:
        return hdf5_take_bytes(view, 2) != NULL;
    case HDF5_STRING:
    case HDF5_REFERENCE:
        return !view->past;
    case HDF5_OPAQUE:
        return (bits & 255) == 0 || hdf5_take_bytes(view, bits & 255) != NULL;
    case HDF5_COMPOUND:
        return take_members(hdf5, view, depth, version > 3 ? 3 : version, bits & 0xffff, type);
    case HDF5_ENUM:
        return take_enum(hdf5, view, depth, version, bits & 0xffff);
    case HDF5_VARIABLE:
        if (!hdf5_take_type(hdf5, view, depth + 1, &base))
            return false;
        type->variable_inside = base.class == HDF5_VARIABLE || base.variable_inside;
        return true;
    case HDF5_ARRAY:
        return take_array(hdf5, view, depth, version, type);
    default:
        return false;
    }
}

bool hdf5_take_space(const struct hdf5 *hdf5, struct hdf5_view *view, uint64_t *elements)
{
    unsigned version = (unsigned)hdf5_take(view, 1), dimensions = (unsigned)hdf5_take(view, 1);
    (void)hdf5_take(view, 1); /* flags: whether there are maximal sizes, which follow */
    unsigned kind = (unsigned)hdf5_take(view, 1); /* version 1 has it reserved */
    if (version == 1)
        (void)hdf5_take_bytes(view, 4);
    *elements = 1;
    for (unsigned i = 0; i < dimensions; i++)
        if (__builtin_mul_overflow(*elements, hdf5_take_length(hdf5, view), elements))
            return false;
    if (version == 2 && kind == 2)
        *elements = 0;
    return !view->past && (version == 1 || version == 2);
}

bool hdf5_type_carries(const struct hdf5_type *type)
{
    return type->class == HDF5_STRING || type->class == HDF5_OPAQUE ||
           type->class == HDF5_VARIABLE || type->variable_inside ||
           ((type->class == HDF5_INTEGER || type->class == HDF5_BITS) && type->size == 1);
}

/* ---- values --------------------------------------------------------------------------------- */

/* One text or list of bytes, as the file that it may be. */
static void check_bytes(struct hdf5 *hdf5, const char *name, const uint8_t *data, size_t length)
{
    const char *ending = NULL;
    if (pickle_begins(data, length < PICKLE_HEAD_SIZE ? length : PICKLE_HEAD_SIZE))
        ending = ".pkl";
    else if (length >= 2 && (data[0] == '{' || data[0] == '[') &&
             utf8_valid((const char *)data, length))
        ending = ".json";
    else if (length >= TEXT_MIN && utf8_valid((const char *)data, length) &&
             !memchr(data, '\0', length))
        ending = ".txt";
    if (!ending || !hdf5_goes_on(hdf5))
        return;
    _cleanup_(free_string) char *member = xprintf("%s%s", name, ending);
    _cleanup_(source_close_ptr) struct source *source = source_of_memory(data, length);
    hdf5->code = scan_member(hdf5->file, member, source, hdf5->err);
}

/* Where texts are padded, the padding is no part of them. */
static size_t text_length(const uint8_t *data, size_t length)
{
    while (length > 0 && (data[length - 1] == '\0' || data[length - 1] == ' '))
        length--;
    return length;
}

/* Section III.E: read into `hdf5->heap` where it is not there already. */
static bool load_heap(struct hdf5 *hdf5, uint64_t address)
{
    struct hdf5_view view;
    if (hdf5->heap.length > 0 && hdf5->heap_address == address)
        return true;
    if (!hdf5_read(hdf5, address, 8 + hdf5->length_size, &hdf5->heap))
        return false;
    view = (struct hdf5_view){.at = (uint8_t *)hdf5->heap.data + 8, .left = hdf5->length_size};
    uint64_t size = hdf5_take_length(hdf5, &view);
    bool is_heap = memcmp(hdf5->heap.data, "GCOL\1", 5) == 0 && size >= 8 + hdf5->length_size;
    if (!is_heap)
        hdf5_say(hdf5, &hdf5_damaged, address, "there is no heap where a value says so");
    if (!is_heap || !hdf5_read(hdf5, address, size, &hdf5->heap)) {
        buffer_reset(&hdf5->heap);
        return false;
    }
    hdf5->heap_address = address;
    return true;
}

bool hdf5_check_heap(struct hdf5 *hdf5, uint64_t address)
{
    if (!load_heap(hdf5, address))
        return false;
    if (!hdf5_first(hdf5, address))
        return true;
    unsigned head = 8 + hdf5->length_size;
    struct hdf5_view view = {.at = (uint8_t *)hdf5->heap.data + head,
                             .left = hdf5->heap.length - head};
    while (view.left >= head && hdf5_goes_on(hdf5)) {
        uint64_t index = hdf5_take(&view, 2);
        (void)hdf5_take_bytes(&view, 6);
        uint64_t size = hdf5_take_length(hdf5, &view);
        if (index == 0)
            break;
        const uint8_t *data = hdf5_take_bytes(&view, size);
        if (!data) {
            hdf5_say(hdf5, &hdf5_damaged, address, "object %" PRIu64 " of a heap is cut off",
                     index);
            return false;
        }
        (void)hdf5_take_bytes(&view, (8 - size % 8) % 8);
        check_bytes(hdf5, "value", data, (size_t)size);
    }
    /* What follows the head of the free object is free. */
    return hdf5_cover(hdf5, address, hdf5->heap.length - view.left);
}

/* A reference into the global heap; the heap's objects are all looked at. */
static void check_variable(struct hdf5 *hdf5, struct hdf5_view *elements)
{
    uint64_t length = hdf5_take(elements, 4), address = hdf5_take_address(hdf5, elements);
    (void)hdf5_take(elements, 4);
    if (!elements->past && length > 0 && address != 0 && address != HDF5_UNDEFINED)
        (void)hdf5_check_heap(hdf5, address);
}

void hdf5_check_elements(struct hdf5 *hdf5, const char *name, const struct hdf5_type *type,
                         uint64_t address, struct hdf5_view *elements)
{
    if (type->variable_inside) {
        hdf5_not_followed_here(hdf5, address, "values of any length lie within others");
        return;
    }
    if (type->class == HDF5_VARIABLE) {
        uint64_t size = 8ull + hdf5->offset_size;
        while (elements->left >= size && hdf5_goes_on(hdf5))
            check_variable(hdf5, elements);
        return;
    }
    if (type->class == HDF5_STRING || type->class == HDF5_OPAQUE)
        while (type->size > 0 && elements->left >= type->size && hdf5_goes_on(hdf5)) {
            const uint8_t *data = hdf5_take_bytes(elements, type->size);
            check_bytes(hdf5, name, data, text_length(data, (size_t)type->size));
        }
    else
        check_bytes(hdf5, name, elements->at, elements->left);
}

/* ---- attributes ----------------------------------------------------------------------------- */

static bool is_object_array(const char *name, const struct hdf5_view *value)
{
    return str_equal(name, "PSEUDOATOM") && value->left >= 6 && memcmp(value->at, "object", 6) == 0;
}

void hdf5_take_attribute(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address)
{
    unsigned version = (unsigned)hdf5_take(view, 1), flags = (unsigned)hdf5_take(view, 1);
    uint64_t lengths[3]; /* of name, type and space */
    struct hdf5_view parts[3];
    for (int i = 0; i < 3; i++)
        lengths[i] = hdf5_take(view, 2);
    if (version == 3)
        (void)hdf5_take(view, 1);
    for (int i = 0; i < 3; i++) {
        parts[i] = hdf5_take_view(view, lengths[i]);
        if (version == 1 && view->left > 0)
            (void)hdf5_take_bytes(view, (8 - lengths[i] % 8) % 8);
    }
    if (view->past || version < 1 || version > 3) {
        hdf5_say(hdf5, &hdf5_damaged, address, "an attribute is cut off, or of no known version");
        return;
    }
    if (version > 1 && (flags & 3) != 0) {
        hdf5_not_followed_here(hdf5, address, "an attribute has its type elsewhere");
        return;
    }
    struct hdf5_type type;
    uint64_t elements, length;
    _cleanup_(free_string) char *name = xstrndup((const char *)parts[0].at, parts[0].left);
    if (!hdf5_take_type(hdf5, &parts[1], 0, &type) ||
        !hdf5_take_space(hdf5, &parts[2], &elements) ||
        __builtin_mul_overflow(elements, type.size, &length) || length > view->left) {
        hdf5_say(hdf5, &hdf5_damaged, address,
                 "the attribute '%s' has a type or shape that cannot be", name);
        return;
    }
    struct hdf5_view value = hdf5_take_view(view, length);
    if (is_object_array(name, &value))
        hdf5_say(hdf5, &hdf5_unpickles, address, "an array is one of objects");
    if (hdf5_type_carries(&type))
        hdf5_check_elements(hdf5, name, &type, address, &value);
}
