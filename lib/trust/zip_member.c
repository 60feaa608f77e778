/*
 * lib/trust/zip_member.c - what is in a member, by the reading of one of its headers. Flags that
 * make other readers refuse it do not matter here: some loader takes it all the same.
 */
#include "base/endian.h"
#include "trust/unpack.h"
#include "trust/zip.h"
#include <zlib.h>

#define PIECE (256u << 10)

static enum packing packing_for(unsigned method)
{
    switch (method) {
    case ZIP_DEFLATED:
        return PACKING_DEFLATE;
    case ZIP_BZIP2:
        return PACKING_BZIP2;
    case ZIP_LZMA:
        return PACKING_LZMA;
    case ZIP_ZSTD:
        return PACKING_ZSTD;
    case ZIP_XZ:
        return PACKING_XZ;
    default:
        return PACKING_NONE;
    }
}

static void say(const struct zip_archive *archive, const struct zip_entry *entry,
                const struct rule *rule, const char *what)
{
    _cleanup_(free_string) char *name = zip_entry_name(entry);
    findings_add(archive->file->findings, rule, archive->file->path, entry->local_at, "'%s' %s",
                 name, what);
}

static int checksum(const struct scan_file *file, struct source *content, uint32_t *crc,
                    struct mlops_error *err)
{
    _cleanup_(free_string) char *piece = xmalloc(PIECE);
    uLong sum = crc32(0, NULL, 0);
    for (uint64_t at = 0; at < content->size;) {
        size_t got;
        TRY(scan_check_cancelled(file, err));
        TRY(source_read(content, at, piece, PIECE, &got, err));
        sum = crc32(sum, (const Bytef *)piece, (uInt)got);
        at += got;
    }
    *crc = (uint32_t)sum;
    return MLOPS_OK;
}

/* Is what the headers say of the content true? */
static int check_content(const struct zip_archive *archive, const struct zip_entry *entry,
                         const struct zip_fields *fields, struct source *content, bool whole,
                         struct mlops_error *err)
{
    uint32_t crc;
    bool open = entry->hidden && (fields->flags & ZIP_DESCRIPTOR);
    bool marked = (entry->central.flags | entry->local.flags) & ZIP_ENCRYPTED;
    if (open)
        return MLOPS_OK; /* the header leaves it to a descriptor that nobody finds */
    TRY(checksum(archive->file, content, &crc, err));
    bool fits = whole && crc == fields->crc && content->size == fields->size;
    if (marked)
        say(archive, entry, fits ? &zip_rule_false_encryption : &zip_rule_encrypted,
            fits ? "is marked as encrypted, and anybody can read it" : "is encrypted");
    if (marked || !whole)
        return MLOPS_OK;
    if (content->size != fields->size)
        say(archive, entry, &zip_rule_size, "is of another size than its header says");
    else if (crc != fields->crc)
        say(archive, entry, &zip_rule_crc, "does not have the checksum that its header says");
    return MLOPS_OK;
}

/* Zip's lzma leaves out what .lzma files begin with but for the five bytes of properties, which
 * follow a version and their length. */
static int lzma_prefix(struct source *packed, const struct zip_fields *fields, uint8_t prefix[13],
                       bool *good, struct mlops_error *err)
{
    uint8_t head[9];
    size_t got;
    TRY(source_read(packed, 0, head, sizeof(head), &got, err));
    *good = got == sizeof(head) && get_u16(head + 2) == 5;
    memcpy(prefix, head + 4, 5);
    put_u64(prefix + 5, fields->flags & 2 ? UINT64_MAX : fields->size); /* bit 1: an end marker */
    return MLOPS_OK;
}

static int decode(const struct zip_archive *archive, const struct zip_entry *entry,
                  const struct zip_fields *fields, struct source *packed, struct source **content,
                  bool *whole, struct mlops_error *err)
{
    _cleanup_(spool_clear) struct spool spool = SPOOL_EMPTY;
    _cleanup_(source_close_ptr) struct source *body = NULL;
    enum packing packing = packing_for(fields->method);
    uint8_t prefix[13];
    struct unpacked result;
    size_t before = 0;
    *whole = false;
    if (packing == PACKING_LZMA) {
        bool good;
        TRY(lzma_prefix(packed, fields, prefix, &good, err));
        if (!good) {
            say(archive, entry, &zip_rule_damaged, "has no properties of lzma");
            return MLOPS_OK;
        }
        before = 9;
        body = source_part(packed, before, packed->size - before);
    }
    TRY(unpack(archive->file, packing, body ? body : packed, prefix, body ? sizeof(prefix) : 0,
               &spool, &result, err));
    if (result.limited)
        return MLOPS_OK;
    *whole = result.whole;
    bool marked = (entry->central.flags | entry->local.flags) & ZIP_ENCRYPTED;
    if (!result.whole && !marked) {
        _cleanup_(free_string) char *what = xprintf("cannot be unpacked whole: %s", result.why);
        say(archive, entry, &zip_rule_damaged, what);
    }
    if (result.whole && before + result.consumed < packed->size && !entry->hidden)
        say(archive, entry, &zip_rule_unexplained, "has bytes behind its compressed data");
    *content = spool_source(&spool);
    return MLOPS_OK;
}

int zip_open_member(const struct zip_archive *archive, const struct zip_entry *entry,
                    const struct zip_fields *fields, bool checks, struct source **content,
                    struct mlops_error *err)
{
    uint64_t size = archive->file->source->size, most = size - entry->data_at;
    bool whole = true;
    *content = NULL;
    _cleanup_(source_close_ptr) struct source *packed = source_part(
        archive->file->source, entry->data_at, fields->packed < most ? fields->packed : most);
    if (packing_for(fields->method) != PACKING_NONE)
        TRY(decode(archive, entry, fields, packed, content, &whole, err));
    else
        *content = TAKE_PTR(packed);
    if (!checks || !*content)
        return MLOPS_OK;
    if (fields->method != ZIP_STORED && packing_for(fields->method) == PACKING_NONE) {
        _cleanup_(free_string) char *what =
            xprintf("is compressed by method %u, which is not known here", fields->method);
        say(archive, entry, &zip_rule_method, what);
        return MLOPS_OK;
    }
    if (fields->packed > most && fields->method == ZIP_STORED)
        return MLOPS_OK; /* that it is cut off has been said */
    int code = check_content(archive, entry, fields, *content, whole, err);
    if (code) {
        source_close(*content);
        *content = NULL;
    }
    return code;
}
