/* lib/trust/hdf5.c - from the superblock to all objects, then the bytes that belong to none. */
#include "trust/hdf5.h"
#include "trust/hdf5_header.h"
#include "trust/hdf5_value.h"
#include <inttypes.h>

#define SIGNATURE "\211HDF\r\n\032\n"
#define SIGNATURE_LENGTH 8
#define SUPERBLOCK_MAX 128
#define CHUNK_K_DEFAULT 32 /* where superblock 0 does not say */
#define K_MAX 32768
#define GAP_BLOCK 65536

/* ---- superblock ----------------------------------------------------------------------------- */

/* Section II.A: at 0, or behind a user block at 512 and doubled from there. */
static bool find_superblock(const struct scan_file *file, uint64_t *at)
{
    for (*at = 0; *at + SIGNATURE_LENGTH <= file->head_length; *at = *at ? 2 * *at : 512)
        if (scan_head_has(file, (size_t)*at, SIGNATURE, SIGNATURE_LENGTH))
            return true;
    return false;
}

static bool is_width(unsigned width)
{
    return width == 2 || width == 4 || width == 8;
}

/* Versions 0 and 1; the root's entry is the last of it. */
static bool take_superblock_0(struct hdf5 *hdf5, struct hdf5_view *view, unsigned version,
                              struct hdf5_object *root, uint64_t *end)
{
    (void)hdf5_take_bytes(view, 4);
    hdf5->offset_size = (unsigned)hdf5_take(view, 1);
    hdf5->length_size = (unsigned)hdf5_take(view, 1);
    (void)hdf5_take(view, 1);
    hdf5->leaf_k = (unsigned)hdf5_take(view, 2);
    hdf5->group_k = (unsigned)hdf5_take(view, 2);
    (void)hdf5_take(view, 4);
    hdf5->chunk_k = version == 1 ? (unsigned)hdf5_take(view, 2) : CHUNK_K_DEFAULT;
    if (version == 1)
        (void)hdf5_take(view, 2);
    if (!is_width(hdf5->offset_size) || !is_width(hdf5->length_size))
        return false;
    uint64_t base = hdf5_take_address(hdf5, view);
    (void)hdf5_take_address(hdf5, view); /* of free space: not kept by any library */
    *end = hdf5_take_address(hdf5, view);
    if (hdf5_take_address(hdf5, view) != HDF5_UNDEFINED)
        hdf5_not_followed_here(hdf5, 0, "the file is one of several, or read by a driver");
    (void)hdf5_take_length(hdf5, view); /* the root has no name */
    root->address = hdf5_take_address(hdf5, view);
    uint64_t cached = hdf5_take(view, 4);
    (void)hdf5_take(view, 4);
    struct hdf5_view scratch = hdf5_take_view(view, 16);
    if (cached == 1) {
        root->tree = hdf5_take_address(hdf5, &scratch);
        root->heap = hdf5_take_address(hdf5, &scratch);
    }
    return !view->past && (base == 0 || base == hdf5->base) && hdf5->leaf_k > 0 &&
           hdf5->group_k > 0 && hdf5->chunk_k > 0 && hdf5->leaf_k <= K_MAX &&
           hdf5->group_k <= K_MAX && hdf5->chunk_k <= K_MAX;
}

static bool take_superblock_2(struct hdf5 *hdf5, struct hdf5_view *view, struct hdf5_object *root,
                              uint64_t *end)
{
    hdf5->offset_size = (unsigned)hdf5_take(view, 1);
    hdf5->length_size = (unsigned)hdf5_take(view, 1);
    (void)hdf5_take(view, 1);
    hdf5->leaf_k = 4; /* for groups as older libraries make them, the defaults */
    hdf5->group_k = 16;
    hdf5->chunk_k = CHUNK_K_DEFAULT;
    if (!is_width(hdf5->offset_size) || !is_width(hdf5->length_size))
        return false;
    uint64_t base = hdf5_take_address(hdf5, view), extension = hdf5_take_address(hdf5, view);
    *end = hdf5_take_address(hdf5, view);
    root->address = hdf5_take_address(hdf5, view);
    (void)hdf5_take(view, 4); /* checksum */
    if (extension != HDF5_UNDEFINED)
        hdf5_not_followed_here(hdf5, 0, "the superblock goes on elsewhere");
    return !view->past && (base == 0 || base == hdf5->base);
}

static bool begin(struct hdf5 *hdf5, struct hdf5_object *root, uint64_t *end)
{
    _cleanup_(buffer_clear) struct buffer data = {0};
    uint64_t room = hdf5->size < SUPERBLOCK_MAX ? hdf5->size : SUPERBLOCK_MAX;
    if (!hdf5_read(hdf5, 0, room, &data))
        return false;
    struct hdf5_view view = {.at = (uint8_t *)data.data, .left = data.length};
    (void)hdf5_take_bytes(&view, SIGNATURE_LENGTH);
    unsigned version = (unsigned)hdf5_take(&view, 1);
    bool known = version <= 1   ? take_superblock_0(hdf5, &view, version, root, end)
                 : version <= 3 ? take_superblock_2(hdf5, &view, root, end)
                                : false;
    if (!known) {
        hdf5_say(hdf5, &hdf5_damaged, 0, "the superblock is cut off, or of no known version");
        return false;
    }
    return hdf5_cover(hdf5, 0, data.length - view.left);
}

/* ---- bytes that belong to nothing ----------------------------------------------------------- */

static int by_begin(const void *left, const void *right)
{
    const struct hdf5_range *a = left, *b = right;
    return a->begin < b->begin ? -1 : a->begin > b->begin;
}

/* What a program or an archive begins with, where it hides in a file. */
static bool begins_as_file(struct hdf5 *hdf5, uint64_t at, uint64_t length)
{
    _cleanup_(buffer_clear) struct buffer head = {0};
    uint64_t first = length < SCAN_HEAD_SIZE ? length : SCAN_HEAD_SIZE;
    if (!hdf5_read(hdf5, at, first, &head))
        return false;
    struct scan_file part = *hdf5->file;
    part.source = source_part(hdf5->file->source, hdf5->base + at, length);
    part.head = (uint8_t *)head.data;
    part.head_length = head.length;
    bool claimed = false;
    for (size_t i = 0; scanners[i] && !claimed && !hdf5->code; i++)
        if (scanners[i] != &scanner_hdf5)
            hdf5->code = scanners[i]->claims(&part, &claimed, hdf5->err);
    source_close(part.source);
    return claimed;
}

/* From the first byte that is not zero. */
static void check_gap(struct hdf5 *hdf5, uint64_t begin, uint64_t end, uint64_t *total,
                      uint64_t *first)
{
    _cleanup_(buffer_clear) struct buffer block = {0};
    for (; begin < end && hdf5_goes_on(hdf5); begin += block.length) {
        uint64_t part = end - begin < GAP_BLOCK ? end - begin : GAP_BLOCK;
        if (!hdf5_read(hdf5, begin, part, &block))
            return;
        size_t zeros = 0;
        while (zeros < block.length && block.data[zeros] == '\0')
            zeros++;
        if (zeros == block.length)
            continue;
        begin += zeros;
        if (begins_as_file(hdf5, begin, end - begin))
            hdf5_say(hdf5, &hdf5_hidden, begin,
                     "%" PRIu64 " bytes that belong to nothing begin as a file does", end - begin);
        *first = *total ? *first : begin;
        *total += end - begin;
        return;
    }
}

static void check_ranges(struct hdf5 *hdf5, uint64_t end)
{
    uint64_t reached = 0, total = 0, first = 0;
    bool overlap = false;
    if (hdf5->range_count > 0)
        qsort(hdf5->ranges, hdf5->range_count, sizeof(*hdf5->ranges), by_begin);
    for (size_t i = 0; i < hdf5->range_count && hdf5_goes_on(hdf5); i++) {
        const struct hdf5_range *range = &hdf5->ranges[i];
        if (range->begin < reached && !overlap)
            hdf5_say(hdf5, &hdf5_overlap, range->begin, "two structures share this byte");
        overlap |= range->begin < reached;
        if (range->begin > reached)
            check_gap(hdf5, reached, range->begin, &total, &first);
        reached = range->end > reached ? range->end : reached;
    }
    if (end > reached)
        check_gap(hdf5, reached, end, &total, &first);
    if (total > 0 && !hdf5->unfollowed) /* what is not followed has bytes, too */
        hdf5_say(hdf5, &hdf5_unexplained, first, "%" PRIu64 " bytes belong to nothing", total);
}

static void check_end(struct hdf5 *hdf5, uint64_t end)
{
    if (end > hdf5->size)
        hdf5_say(hdf5, &hdf5_truncated, 0, "the file ends at byte %" PRIu64 " of %" PRIu64,
                 hdf5->size, end);
    else if (end < hdf5->size)
        hdf5_say(hdf5, &hdf5_trailing, end, "%" PRIu64 " bytes follow the file's own",
                 hdf5->size - end);
}

/* ---- the scanner ---------------------------------------------------------------------------- */

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    uint64_t at;
    (void)err;
    *claimed = find_superblock(file, &at);
    return MLOPS_OK;
}

static void walk(struct hdf5 *hdf5)
{
    struct hdf5_object root = {.tree = HDF5_UNDEFINED, .heap = HDF5_UNDEFINED};
    uint64_t end;
    if (hdf5->base > 0)
        findings_add(hdf5->file->findings, &hdf5_user_block, hdf5->file->path, 0,
                     "%" PRIu64 " bytes stand before the superblock", hdf5->base);
    if (!begin(hdf5, &root, &end))
        return;
    end -=
        end < hdf5->base ? end : hdf5->base; /* the one address that counts from the file's start */
    check_end(hdf5, end);
    hdf5_add_object(hdf5, root);
    while (hdf5->object_count > 0 && hdf5_goes_on(hdf5)) {
        struct hdf5_object object = hdf5->objects[--hdf5->object_count];
        if (hdf5_first(hdf5, object.address))
            hdf5_walk_object(hdf5, &object);
        hdf5->code = hdf5->code ? hdf5->code : scan_check_cancelled(hdf5->file, hdf5->err);
    }
    if (hdf5_goes_on(hdf5) && hdf5->file->findings->verdict != VERDICT_UNREADABLE)
        check_ranges(hdf5, end < hdf5->size ? end : hdf5->size);
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    struct hdf5 hdf5 = {.file = file, .err = err};
    if (!find_superblock(file, &hdf5.base))
        return MLOPS_OK;
    hdf5.size = file->source->size - hdf5.base;
    walk(&hdf5);
    int code = hdf5.code;
    hdf5_clear(&hdf5);
    return code;
}

const struct scanner scanner_hdf5 = {
    .format = "HDF5",
    .extensions = (const char *const[]){"h5", "hdf5", "hdf", "he5", "nc", "mat", "keras", NULL},
    .claims = claims,
    .scan = scan,
};
