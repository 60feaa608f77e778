/* lib/trust/hdf5_header.c - headers of both versions, their continuations and their messages. */
#include "trust/hdf5_header.h"
#include "trust/hdf5_data.h"
#include "trust/hdf5_group.h"
#include <inttypes.h>

#define CONTINUATIONS_MAX 4096

/* Section IV.A.2. */
enum message {
    MESSAGE_NIL = 0,
    MESSAGE_SPACE = 1,
    MESSAGE_LINK_INFO = 2,
    MESSAGE_TYPE = 3,
    MESSAGE_LINK = 6,
    MESSAGE_EXTERNAL_FILES = 7,
    MESSAGE_LAYOUT = 8,
    MESSAGE_FILTERS = 11,
    MESSAGE_ATTRIBUTE = 12,
    MESSAGE_SHARED_TABLE = 15,
    MESSAGE_CONTINUATION = 16,
    MESSAGE_NAMES = 17,
    MESSAGE_DRIVER = 20,
    MESSAGE_ATTRIBUTE_INFO = 21,
    MESSAGE_REFERENCES = 22,
    MESSAGES,
};

#define FLAG_SHARED 2 /* the message stands elsewhere */

struct block {
    uint64_t address, length;
};

struct header {
    struct hdf5 *hdf5;
    const struct hdf5_object *object;
    unsigned version;
    bool ordered; /* messages have a number of creation */
    struct hdf5_data data;
    struct block *blocks; /* the parts of the header */
    size_t block_count, block_capacity;
};

static void take_names(struct header *header, struct hdf5_view *view, uint64_t address)
{
    struct hdf5 *hdf5 = header->hdf5;
    const struct hdf5_object *object = header->object;
    uint64_t tree = hdf5_take_address(hdf5, view), heap = hdf5_take_address(hdf5, view);
    if (object->tree != HDF5_UNDEFINED && (object->tree != tree || object->heap != heap)) {
        hdf5_say(hdf5, &hdf5_two_readings, address,
                 "the group's table of names is at %" PRIu64 " and at %" PRIu64, tree,
                 object->tree);
        hdf5_walk_group(hdf5, object->tree, object->heap);
    }
    hdf5_walk_group(hdf5, tree, heap);
}

/* Links or attributes in a heap of their own, as files made for the newest library have many. */
static void take_dense(struct hdf5 *hdf5, struct hdf5_view *view, uint64_t address,
                       unsigned order_bytes, const char *what)
{
    (void)hdf5_take(view, 1);
    if (hdf5_take(view, 1) & 1)
        (void)hdf5_take(view, order_bytes);
    if (hdf5_take_address(hdf5, view) != HDF5_UNDEFINED)
        hdf5_not_followed_here(hdf5, address, what);
}

static void take_continuation(struct header *header, struct hdf5_view *view, uint64_t address)
{
    struct block block = {.address = hdf5_take_address(header->hdf5, view)};
    block.length = hdf5_take_length(header->hdf5, view);
    if (header->block_count >= CONTINUATIONS_MAX || !hdf5_first(header->hdf5, block.address)) {
        hdf5_say(header->hdf5, &hdf5_damaged, address, "a header goes on where it has been");
        return;
    }
    GROW(header->blocks, header->block_count, &header->block_capacity);
    header->blocks[header->block_count++] = block;
}

static void take_message(struct header *header, unsigned type, unsigned flags,
                         struct hdf5_view *view, uint64_t address)
{
    struct hdf5 *hdf5 = header->hdf5;
    struct hdf5_data *data = &header->data;
    if (flags & FLAG_SHARED && type != 0 && type < MESSAGES) {
        hdf5_not_followed_here(hdf5, address, "a message stands elsewhere");
        return;
    }
    switch (type) {
    case MESSAGE_SPACE:
        data->has_space = hdf5_take_space(hdf5, view, &data->elements);
        break;
    case MESSAGE_TYPE:
        data->has_type = hdf5_take_type(hdf5, view, 0, &data->type);
        break;
    case MESSAGE_LINK_INFO:
        take_dense(hdf5, view, address, 8, "a group lists its names in a heap of their own");
        break;
    case MESSAGE_ATTRIBUTE_INFO:
        take_dense(hdf5, view, address, 2, "an object has its attributes in a heap of their own");
        break;
    case MESSAGE_LINK:
        hdf5_take_link(hdf5, view, address);
        break;
    case MESSAGE_EXTERNAL_FILES:
        hdf5_take_external_files(hdf5, view, address);
        break;
    case MESSAGE_LAYOUT:
        hdf5_take_layout(hdf5, view, address, data);
        break;
    case MESSAGE_FILTERS:
        hdf5_take_filters(hdf5, view, address, data);
        break;
    case MESSAGE_ATTRIBUTE:
        hdf5_take_attribute(hdf5, view, address);
        break;
    case MESSAGE_CONTINUATION:
        take_continuation(header, view, address);
        break;
    case MESSAGE_NAMES:
        take_names(header, view, address);
        break;
    case MESSAGE_SHARED_TABLE:
    case MESSAGE_DRIVER:
        hdf5_not_followed_here(hdf5, address, "the file has tables for the whole of it");
        break;
    default: /* fill values, times, comments: nothing that is followed or carries */
        if (type >= MESSAGES)
            hdf5_not_followed_here(hdf5, address, "a message is of a kind that is not known");
    }
}

/* The messages of one part; `address` is where `view` was read from. */
static void take_messages(struct header *header, struct hdf5_view *view, uint64_t address)
{
    const uint8_t *start = view->at;
    uint64_t from = address, end = address + view->left;
    size_t head = header->version == 1 ? 8 : header->ordered ? 6 : 4;
    while (view->left >= head && hdf5_goes_on(header->hdf5)) {
        uint64_t at = address + (uint64_t)(view->at - start);
        unsigned type = (unsigned)hdf5_take(view, header->version == 1 ? 2 : 1);
        uint64_t length = hdf5_take(view, 2);
        unsigned flags = (unsigned)hdf5_take(view, 1);
        (void)hdf5_take_bytes(view, head - (header->version == 1 ? 5 : 4));
        struct hdf5_view body = hdf5_take_view(view, length);
        if (body.past) {
            hdf5_say(header->hdf5, &hdf5_damaged, at, "a message is longer than its header");
            return;
        }
        take_message(header, type, flags, &body, at);
        if (type == MESSAGE_NIL) { /* free: its head is accounted for, and not what is in it */
            (void)hdf5_cover(header->hdf5, from, at + head - from);
            from = at + head + length;
        }
    }
    (void)hdf5_cover(header->hdf5, from, end - from);
}

/* The first part of a header of version 1: its messages follow 16 bytes. */
static bool begin_1(struct header *header, struct hdf5_view *view, struct block *block)
{
    (void)hdf5_take_bytes(view, 8); /* version, number of messages, references */
    block->length = hdf5_take(view, 4);
    block->address += 16;
    header->version = 1;
    return true;
}

static bool begin_2(struct header *header, struct hdf5_view *view, struct block *block)
{
    static const uint8_t widths[] = {1, 2, 4, 8};
    (void)hdf5_take_bytes(view, 4);
    uint64_t version = hdf5_take(view, 1), flags = hdf5_take(view, 1);
    size_t left = view->left;
    if (flags & 32)
        (void)hdf5_take_bytes(view, 16); /* times */
    if (flags & 16)
        (void)hdf5_take_bytes(view, 4); /* when attributes move into a heap */
    block->length = hdf5_take(view, widths[flags & 3]);
    block->address += 6 + (left - view->left);
    header->version = 2;
    header->ordered = (flags & 4) != 0;
    return version == 2;
}

#define BEGIN_MAX 34 /* bytes of the longest beginning */
#define CHECKSUM 4

static bool begin(struct header *header)
{
    _cleanup_(buffer_clear) struct buffer head = {0};
    struct hdf5 *hdf5 = header->hdf5;
    uint64_t address = header->object->address, room;
    struct block block = {.address = address};
    if (address >= hdf5->size) {
        (void)hdf5_cover(hdf5, address, 1); /* says so */
        return false;
    }
    room = hdf5->size - address;
    if (!hdf5_read(hdf5, address, room < BEGIN_MAX ? room : BEGIN_MAX, &head))
        return false;
    struct hdf5_view view = {.at = (uint8_t *)head.data, .left = head.length};
    bool known =
        head.length >= 16 && (str_starts(head.data, "OHDR") ? begin_2(header, &view, &block)
                              : head.data[0] == 1           ? begin_1(header, &view, &block)
                                                            : false);
    if (!known || view.past) {
        hdf5_say(hdf5, &hdf5_damaged, address, "there is no object where a link leads");
        return false;
    }
    if (!hdf5_cover(hdf5, address, block.address - address))
        return false;
    if (header->version == 2 && !hdf5_cover(hdf5, block.address + block.length, CHECKSUM))
        return false;
    GROW(header->blocks, header->block_count, &header->block_capacity);
    header->blocks[header->block_count++] = block;
    return true;
}

/* Part `i` of the header, as a continuation of version 2 has it: between a name and a checksum. */
static bool unwrap(struct header *header, size_t i, struct hdf5_view *view)
{
    if (i == 0 || header->version == 1)
        return true;
    const uint8_t *magic = hdf5_take_bytes(view, 4);
    if (!magic || memcmp(magic, "OCHK", 4) != 0 || view->left < CHECKSUM) {
        hdf5_say(header->hdf5, &hdf5_damaged, header->blocks[i].address,
                 "a header does not go on where it says so");
        return false;
    }
    view->left -= CHECKSUM;
    const struct block *block = &header->blocks[i];
    return hdf5_cover(header->hdf5, block->address, 4) &&
           hdf5_cover(header->hdf5, block->address + block->length - CHECKSUM, CHECKSUM);
}

void hdf5_walk_object(struct hdf5 *hdf5, const struct hdf5_object *object)
{
    struct header header = {.hdf5 = hdf5, .object = object};
    struct buffer *texts = NULL;
    size_t text_count = 0;
    if (begin(&header))
        for (size_t i = 0; i < header.block_count && hdf5_goes_on(hdf5); i++) {
            texts = xrealloc(texts, i + 1, sizeof(*texts));
            texts[text_count++] = (struct buffer){0};
            const struct block block = header.blocks[i];
            if (!hdf5_read(hdf5, block.address, block.length, &texts[i]))
                break;
            struct hdf5_view view = {.at = (uint8_t *)texts[i].data, .left = texts[i].length};
            if (!unwrap(&header, i, &view))
                break;
            take_messages(&header, &view,
                          block.address + (uint64_t)((char *)view.at - texts[i].data));
        }
    if (hdf5_goes_on(hdf5))
        hdf5_check_data(hdf5, &header.data, object->address);
    for (size_t i = 0; i < text_count; i++)
        buffer_clear(&texts[i]);
    free(texts);
    free(header.blocks);
}
