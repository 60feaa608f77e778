/*
 * lib/trust/zip_walk.c - the entries of the central directory one by one, and the local header of
 * each, compared field by field.
 */
#include "base/endian.h"
#include "base/path.h"
#include "trust/zip.h"

#define SIGNATURE_CENTRAL 0x02014b50
#define SIGNATURE_LOCAL 0x04034b50
#define SIGNATURE_DESCRIPTOR 0x08074b50
#define VARIABLE_MAX (2 * 65535) /* bytes of name and extra field */

void zip_archive_clear(struct zip_archive *archive)
{
    free(archive->central);
    free(archive->entries);
    for (size_t i = 0; i < archive->hidden_count; i++)
        free(archive->hidden[i]);
    free(archive->hidden);
}

char *zip_entry_name(const struct zip_entry *entry)
{
    return xstrndup(entry->name, entry->name_length);
}

/* version needed … sizes: the same in both headers from the version on. */
static void read_fields(const uint8_t *from, struct zip_fields *fields)
{
    *fields = (struct zip_fields){.version = get_u16(from),
                                  .flags = get_u16(from + 2),
                                  .method = get_u16(from + 4),
                                  .time = get_u16(from + 6),
                                  .date = get_u16(from + 8),
                                  .crc = get_u32(from + 10),
                                  .packed = get_u32(from + 14),
                                  .size = get_u32(from + 18)};
}

int zip_read_local(const struct scan_file *file, uint64_t at, uint64_t limit,
                   struct zip_entry *entry, char **name, bool *found, struct mlops_error *err)
{
    uint8_t header[ZIP_LOCAL_SIZE];
    *found = false;
    *name = NULL;
    if (at > limit || limit - at < sizeof(header))
        return MLOPS_OK;
    TRY(file->source->read(file->source, at, header, sizeof(header), err));
    size_t name_length = get_u16(header + 26), extra_length = get_u16(header + 28);
    uint64_t after = at + sizeof(header) + name_length + extra_length;
    if (get_u32(header) != SIGNATURE_LOCAL || after > limit)
        return MLOPS_OK;
    char *variable = *name = xmalloc(name_length + extra_length + 1);
    TRY(file->source->read(file->source, at + sizeof(header), variable, name_length + extra_length,
                           err));
    _cleanup_(free_string) char *shown = xstrndup(variable, name_length);
    read_fields(header + 4, &entry->local);
    zip_read_extra(file,
                   &(struct zip_extra){.data = (const uint8_t *)variable + name_length,
                                       .length = extra_length,
                                       .local = true,
                                       .name = shown,
                                       .offset = at},
                   (const uint8_t *)variable, name_length, &entry->local, NULL);
    entry->local_at = at;
    entry->data_at = after;
    entry->has_local = *found = true;
    if (!entry->name) { /* a member that only this header knows */
        entry->name = variable;
        entry->name_length = name_length;
    }
    return MLOPS_OK;
}

static void disagree(const struct zip_archive *archive, const struct zip_entry *entry,
                     const struct rule *rule, const char *what, uint64_t local, uint64_t central)
{
    _cleanup_(free_string) char *name = zip_entry_name(entry);
    findings_add(archive->file->findings, rule, archive->file->path, entry->local_at,
                 "'%s': the %s is %llu in the local header, %llu in the central directory", name,
                 what, (unsigned long long)local, (unsigned long long)central);
}

/* What the data descriptor will say may be zero in the local header, or ones where zip64
 * follows. */
static bool agrees(uint64_t local, uint64_t central, bool deferred)
{
    return local == central || (deferred && (local == 0 || local == UINT32_MAX));
}

static void compare(const struct zip_archive *archive, const struct zip_entry *entry,
                    const uint8_t *local_name, size_t local_length)
{
    const struct zip_fields *local = &entry->local, *central = &entry->central;
    bool deferred = local->flags & ZIP_DESCRIPTOR;
    if (local_length != entry->name_length ||
        memcmp(local_name, entry->name, entry->name_length) != 0) {
        _cleanup_(free_string) char *name = zip_entry_name(entry);
        findings_add(archive->file->findings, &zip_rule_disagreement, archive->file->path,
                     entry->local_at, "'%s': the local header calls it '%.*s'", name,
                     (int)local_length, (const char *)local_name);
    }
    if (local->flags != central->flags)
        disagree(archive, entry, &zip_rule_disagreement, "flag word", local->flags, central->flags);
    if (local->method != central->method)
        disagree(archive, entry, &zip_rule_disagreement, "method", local->method, central->method);
    if (!agrees(local->crc, central->crc, deferred))
        disagree(archive, entry, &zip_rule_disagreement, "checksum", local->crc, central->crc);
    if (!agrees(local->packed, central->packed, deferred))
        disagree(archive, entry, &zip_rule_disagreement, "compressed size", local->packed,
                 central->packed);
    if (!agrees(local->size, central->size, deferred))
        disagree(archive, entry, &zip_rule_disagreement, "size", local->size, central->size);
    if (local->time != central->time || local->date != central->date)
        disagree(archive, entry, &zip_rule_field, "time", (uint64_t)local->date << 16 | local->time,
                 (uint64_t)central->date << 16 | central->time);
}

/* The 12 to 24 bytes after the data: with a signature or without, with sizes of 4 bytes or 8.
 * miniz leaves them out where there is no data. */
static int read_descriptor(const struct zip_archive *archive, struct zip_entry *entry,
                           struct mlops_error *err)
{
    uint8_t bytes[24];
    size_t got;
    const struct zip_fields *central = &entry->central;
    TRY(source_read(archive->file->source, entry->end, bytes, sizeof(bytes), &got, err));
    for (int i = 0; i < 4; i++) {
        size_t from = i < 2 ? 4 : 0, width = i % 2 ? 4 : 8, length = from + 4 + 2 * width;
        if (length > got || (from && get_u32(bytes) != SIGNATURE_DESCRIPTOR))
            continue;
        const uint8_t *sizes = bytes + from + 4;
        uint64_t packed = width == 8 ? get_u64(sizes) : get_u32(sizes);
        uint64_t size = width == 8 ? get_u64(sizes + 8) : get_u32(sizes + 4);
        if (get_u32(bytes + from) != central->crc || packed != central->packed ||
            size != central->size)
            continue;
        entry->end += length;
        return MLOPS_OK;
    }
    if (central->size == 0 && central->packed == 0)
        return MLOPS_OK;
    _cleanup_(free_string) char *name = zip_entry_name(entry);
    findings_add(archive->file->findings, &zip_rule_descriptor, archive->file->path, entry->end,
                 "'%s': no data descriptor follows that says what the directory says", name);
    return MLOPS_OK;
}

static int take_local(struct zip_archive *archive, struct zip_entry *entry, struct mlops_error *err)
{
    _cleanup_(free_string) char *local_name = NULL;
    const struct scan_file *file = archive->file;
    uint64_t limit = file->source->size, at = entry->local_at;
    bool found = false;
    if (at <= limit)
        TRY(zip_read_local(file, at, limit, entry, &local_name, &found, err));
    _cleanup_(free_string) char *name = zip_entry_name(entry);
    if (!found) {
        findings_add(file->findings, &zip_rule_no_local, file->path, entry->record,
                     "'%s': there is no local header at byte %llu", name, (unsigned long long)at);
        return MLOPS_OK;
    }
    size_t local_length = 0;
    uint8_t length[2];
    TRY(file->source->read(file->source, at + 26, length, 2, err));
    local_length = get_u16(length);
    compare(archive, entry, (const uint8_t *)local_name, local_length);
    if (entry->central.packed > limit - entry->data_at) {
        findings_add(file->findings, &zip_rule_truncated, file->path, entry->record,
                     "'%s' has %llu bytes, and the file ends before them", name,
                     (unsigned long long)entry->central.packed);
        entry->central.packed = limit - entry->data_at;
    }
    entry->end = entry->data_at + entry->central.packed;
    if ((entry->local.flags | entry->central.flags) & ZIP_DESCRIPTOR)
        TRY(read_descriptor(archive, entry, err));
    return MLOPS_OK;
}

static void check_flags(const struct zip_archive *archive, const struct zip_entry *entry)
{
    unsigned both = entry->central.flags | (entry->has_local ? entry->local.flags : 0u);
    _cleanup_(free_string) char *name = zip_entry_name(entry);
    if (both & ~(unsigned)ZIP_KNOWN_FLAGS)
        findings_add(archive->file->findings, &zip_rule_flags, archive->file->path, entry->record,
                     "'%s' has the flag bits 0x%04x", name, both);
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The record at `at` of the directory; false where there is none. */
static int take_record(struct zip_archive *archive, size_t *at, bool *good, struct mlops_error *err)
{
    const struct zip_end *end = &archive->end;
    const uint8_t *record = archive->central + *at;
    size_t left = (size_t)end->central_size - *at;
    *good = left >= ZIP_CENTRAL_SIZE && get_u32(record) == SIGNATURE_CENTRAL;
    if (!*good)
        return MLOPS_OK;
    size_t name = get_u16(record + 28), extra = get_u16(record + 30),
           comment = get_u16(record + 32), length = ZIP_CENTRAL_SIZE + name + extra + comment;
    if (length > left) { /* Python takes what there is */
        findings_add(archive->file->findings, &zip_rule_directory, archive->file->path,
                     end->central_at + *at, "entry %zu ends beyond the central directory",
                     archive->count);
        name = min_size(name, left - ZIP_CENTRAL_SIZE);
        extra = min_size(extra, left - ZIP_CENTRAL_SIZE - name);
        comment = min_size(comment, left - ZIP_CENTRAL_SIZE - name - extra);
        length = left;
    }
    struct zip_entry entry = {.name = (const char *)record + ZIP_CENTRAL_SIZE,
                              .name_length = name,
                              .attributes = get_u32(record + 38),
                              .record = end->central_at + *at,
                              .local_at = get_u32(record + 42)};
    _cleanup_(free_string) char *shown = zip_entry_name(&entry);
    read_fields(record + 6, &entry.central);
    zip_read_extra(archive->file,
                   &(struct zip_extra){.data = record + ZIP_CENTRAL_SIZE + name,
                                       .length = extra,
                                       .name = shown,
                                       .offset = entry.record},
                   record + ZIP_CENTRAL_SIZE, name, &entry.central, &entry.local_at);
    if (get_u16(record + 34) != 0)
        findings_add(archive->file->findings, &zip_rule_disks, archive->file->path, entry.record,
                     "'%s' is said to be on another disk", shown);
    if (comment && !utf8_valid((const char *)record + ZIP_CENTRAL_SIZE + name + extra, comment))
        findings_add(archive->file->findings, &zip_rule_unexplained, archive->file->path,
                     entry.record, "'%s' has a comment that is no text", shown);
    entry.local_at += end->base; /* may wrap: then it is beyond the file, or was meant to */
    TRY(take_local(archive, &entry, err));
    check_flags(archive, &entry);
    GROW(archive->entries, archive->count, &archive->capacity);
    archive->entries[archive->count++] = entry;
    *at += length;
    return MLOPS_OK;
}

int zip_walk(struct zip_archive *archive, struct mlops_error *err)
{
    const struct zip_end *end = &archive->end;
    const struct scan_file *file = archive->file;
    size_t at = 0;
    bool good = true;
    if (end->central_size > ZIP_CENTRAL_MAX) {
        findings_add(file->findings, &zip_rule_limit, file->path, end->central_at,
                     "the central directory has %llu bytes; no more than %u are read",
                     (unsigned long long)end->central_size, ZIP_CENTRAL_MAX);
        return MLOPS_OK;
    }
    archive->central = xmalloc((size_t)end->central_size + 1);
    TRY(file->source->read(file->source, end->central_at, archive->central,
                           (size_t)end->central_size, err));
    while (good && at < end->central_size) {
        TRY(scan_check_cancelled(file, err));
        TRY(take_record(archive, &at, &good, err));
    }
    if (!good)
        findings_add(file->findings, &zip_rule_directory, file->path, end->central_at + at,
                     "the central directory cannot be followed beyond entry %zu", archive->count);
    if (archive->count != end->count)
        findings_add(file->findings, good ? &zip_rule_ambiguous : &zip_rule_directory, file->path,
                     end->at, "the end record counts %llu entries, the directory has %zu",
                     (unsigned long long)end->count, archive->count);
    return MLOPS_OK;
}
