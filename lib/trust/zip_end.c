/*
 * lib/trust/zip_end.c - where archives end: the end record, the zip64 records before it, and where
 * the central directory is by what they say.
 */
#include "base/endian.h"
#include "trust/zip.h"

#define LOCATOR_SIZE 20
#define WIDE_SIZE 56 /* the zip64 end record without extensions */
#define SIGNATURE_END 0x06054b50
#define SIGNATURE_WIDE 0x06064b50
#define SIGNATURE_LOCATOR 0x07064b50
#define SIGNATURE_CENTRAL 0x02014b50

struct look {
    const struct scan_file *file;
    bool quiet;
    struct zip_end *end;
};

#define SAY(look, rule, offset, ...)                                                               \
    do {                                                                                           \
        if (!(look)->quiet)                                                                        \
            findings_add((look)->file->findings, rule, (look)->file->path, offset, __VA_ARGS__);   \
    } while (0)

static int signature_at(struct source *source, uint64_t at, uint32_t signature, bool *there,
                        struct mlops_error *err)
{
    uint8_t bytes[4];
    *there = false;
    if (source->size < 4 || at > source->size - 4)
        return MLOPS_OK;
    TRY(source->read(source, at, bytes, 4, err));
    *there = get_u32(bytes) == signature;
    return MLOPS_OK;
}

/* The zip64 end record: Python looks for it just before its locator, others where the locator says.
 * `*from` is where it stands, `*offset` where the locator says. */
static int find_wide(struct look *look, uint64_t *from, uint64_t *offset, bool *found,
                     struct mlops_error *err)
{
    struct source *source = look->file->source;
    uint8_t locator[LOCATOR_SIZE];
    uint64_t at = look->end->at;
    *found = false;
    if (at < LOCATOR_SIZE)
        return MLOPS_OK;
    TRY(source->read(source, at - LOCATOR_SIZE, locator, sizeof(locator), err));
    if (get_u32(locator) != SIGNATURE_LOCATOR)
        return MLOPS_OK;
    *offset = get_u64(locator + 8);
    if (get_u32(locator + 4) != 0 || get_u32(locator + 16) > 1)
        SAY(look, &zip_rule_disks, at - LOCATOR_SIZE, "the zip64 locator speaks of several disks");
    if (at >= LOCATOR_SIZE + WIDE_SIZE) {
        *from = at - LOCATOR_SIZE - WIDE_SIZE;
        TRY(signature_at(source, *from, SIGNATURE_WIDE, found, err));
    }
    bool there = false;
    if (!*found || *from != *offset)
        TRY(signature_at(source, *offset, SIGNATURE_WIDE, &there, err));
    if (*found && there && *from != *offset)
        SAY(look, &zip_rule_ambiguous, at - LOCATOR_SIZE,
            "there is one zip64 end record before the locator and another where it points");
    if (!*found && there && *offset + WIDE_SIZE <= at - LOCATOR_SIZE) {
        SAY(look, &zip_rule_ambiguous, *offset,
            "the zip64 end record is where only some readers look for it");
        *from = *offset;
        *found = true;
    }
    if (!*found)
        SAY(look, &zip_rule_wide, at - LOCATOR_SIZE, "the zip64 locator leads to no record");
    return MLOPS_OK;
}

static bool differs(uint64_t narrow, uint64_t wide, uint64_t mask)
{
    return narrow != wide && narrow != mask;
}

/* `plain` is the end record, which zip64 replaces; readers without zip64 believe it. */
static int read_wide(struct look *look, const uint8_t *plain, uint64_t *offset,
                     struct mlops_error *err)
{
    struct zip_end *end = look->end;
    uint8_t wide[WIDE_SIZE];
    uint64_t from = 0;
    bool found;
    TRY(find_wide(look, &from, offset, &found, err));
    if (!found)
        return MLOPS_OK;
    TRY(look->file->source->read(look->file->source, from, wide, sizeof(wide), err));
    if (get_u64(wide + 4) != end->at - LOCATOR_SIZE - from - 12)
        SAY(look, &zip_rule_wide, from, "the zip64 end record has another length than its place");
    if (get_u32(wide + 16) != 0 || get_u32(wide + 20) != 0 ||
        get_u64(wide + 24) != get_u64(wide + 32))
        SAY(look, &zip_rule_disks, from, "the zip64 end record speaks of several disks");
    end->wide = true;
    end->wide_at = from;
    end->count = get_u64(wide + 32);
    end->central_size = get_u64(wide + 40);
    end->central_at = get_u64(wide + 48);
    if (differs(get_u16(plain + 10), end->count, 0xffff) ||
        differs(get_u32(plain + 12), end->central_size, 0xffffffff) ||
        differs(get_u32(plain + 16), end->central_at, 0xffffffff))
        SAY(look, &zip_rule_wide, end->at,
            "the end record speaks of %u entries at byte %u, its zip64 twin of %llu at byte %llu",
            get_u16(plain + 10), get_u32(plain + 16), (unsigned long long)end->count,
            (unsigned long long)end->central_at);
    return MLOPS_OK;
}

static int is_directory(struct source *source, const struct zip_end *end, bool *there,
                        struct mlops_error *err)
{
    *there = end->count == 0 && end->central_size == 0 && end->central_at <= end->at;
    if (end->central_size < ZIP_CENTRAL_SIZE || end->central_size > source->size ||
        end->central_at > source->size - end->central_size)
        return MLOPS_OK;
    return signature_at(source, end->central_at, SIGNATURE_CENTRAL, there, err);
}

int zip_read_end(const struct scan_file *file, uint64_t at, bool quiet, struct zip_end readings[2],
                 size_t *count, struct mlops_error *err)
{
    uint8_t plain[ZIP_END_SIZE];
    struct zip_end end = {.at = at};
    struct look look = {.file = file, .quiet = quiet, .end = &end};
    uint64_t offset = 0;
    bool there;
    *count = 0;
    TRY(file->source->read(file->source, at, plain, sizeof(plain), err));
    end.comment_length = get_u16(plain + 20);
    end.count = get_u16(plain + 10);
    end.central_size = get_u32(plain + 12);
    end.central_at = get_u32(plain + 16);
    if (get_u16(plain + 4) != 0 || get_u16(plain + 6) != 0 ||
        get_u16(plain + 8) != get_u16(plain + 10))
        SAY(&look, &zip_rule_disks, at, "the end record speaks of several disks");
    TRY(read_wide(&look, plain, &offset, err));

    uint64_t stated = end.central_at, anchor = end.wide ? end.wide_at : at;
    if (end.central_size <= anchor) {
        end.central_at = anchor - end.central_size;
        end.base = end.central_at - stated;
        TRY(is_directory(file->source, &end, &there, err));
        if (there)
            readings[(*count)++] = end;
    }
    if (*count == 0 || end.base) {
        end.central_at = stated;
        end.base = 0;
        TRY(is_directory(file->source, &end, &there, err));
        if (there && (end.count || *count == 0))
            readings[(*count)++] = end;
    }
    if (*count == 2)
        SAY(&look, &zip_rule_ambiguous, at,
            "one central directory ends where the end record begins, another is at the offset that "
            "it gives");
    if (*count && (int64_t)readings[0].base < 0)
        SAY(&look, &zip_rule_ambiguous, at,
            "the central directory is before the offset that the end record gives");
    if (*count && readings[0].wide && readings[0].base != readings[0].wide_at - offset)
        SAY(&look, &zip_rule_wide, at,
            "the zip64 locator and the end record disagree about what stands before the archive");
    return MLOPS_OK;
}

int zip_find_ends(struct source *source, uint64_t *places, size_t *count, struct mlops_error *err)
{
    size_t length;
    uint64_t from = source->size > ZIP_END_MAX ? source->size - ZIP_END_MAX : 0;
    *count = 0;
    if (source->size < ZIP_END_SIZE)
        return MLOPS_OK;
    _cleanup_(free_string) char *tail = xmalloc(ZIP_END_MAX);
    TRY(source_read(source, from, tail, ZIP_END_MAX, &length, err));
    for (size_t i = length - ZIP_END_SIZE + 1; i-- > 0 && *count < ZIP_CANDIDATES_MAX;)
        if (tail[i] == 'P' && get_u32((const uint8_t *)tail + i) == SIGNATURE_END)
            places[(*count)++] = from + i;
    return MLOPS_OK;
}
