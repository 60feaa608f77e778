/*
 * lib/trust/zip_extra.c - the extra fields of headers: the sizes of zip64, which count; the padding
 * of PyTorch; others that change nothing, and such as readers may take for another name.
 */
#include "base/endian.h"
#include "trust/zip.h"
#include <zlib.h>

enum extra_id {
    EXTRA_WIDE = 0x0001,
    EXTRA_NTFS = 0x000a,
    EXTRA_TIME = 0x5455,
    EXTRA_UNIX_OLD = 0x5855,
    EXTRA_UNIX_OWNER = 0x7855,
    EXTRA_OWNER = 0x7875,
    EXTRA_NAME = 0x7075, /* Info-ZIP: the name in UTF-8, where the header's CRC is right */
    EXTRA_JAR = 0xcafe,
    EXTRA_TORCH = 0x4246,   /* "FB": so that tensors lie aligned; 'Z' all over */
    EXTRA_ANDROID = 0xd935, /* zipalign */
    EXTRA_OFFICE = 0xa220,
};

static bool is_known(unsigned id)
{
    return id == EXTRA_NTFS || id == EXTRA_TIME || id == EXTRA_UNIX_OLD || id == EXTRA_UNIX_OWNER ||
           id == EXTRA_OWNER || id == EXTRA_JAR;
}

static bool all_are(const uint8_t *data, size_t length, uint8_t value)
{
    for (size_t i = 0; i < length; i++)
        if (data[i] != value)
            return false;
    return true;
}

static void say(const struct scan_file *file, const struct zip_extra *extra,
                const struct rule *rule, const char *what)
{
    findings_add(file->findings, rule, file->path, extra->offset, "'%s': %s of the %s", extra->name,
                 what, extra->local ? "local header" : "central directory");
}

/* Values stand there only for the fields that the header has filled with ones, in this order. A
 * local header has both sizes. */
static bool read_wide(const uint8_t *data, size_t length, bool local, struct zip_fields *fields,
                      uint64_t *local_at)
{
    uint64_t *const wide[] = {&fields->size, &fields->packed, local_at};
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(wide); i++) {
        if (!wide[i] || (*wide[i] != UINT32_MAX && !(local && length >= 16)))
            continue;
        if (length - at < 8)
            return *wide[i] != UINT32_MAX;
        uint64_t value = get_u64(data + at);
        /* A local header may repeat sizes that it has; other ones are a second truth. */
        if (*wide[i] != UINT32_MAX && *wide[i] != 0 && *wide[i] != value)
            return false;
        *wide[i] = value;
        at += 8;
    }
    return length - at <= 4; /* of a disk's number */
}

static void read_one(const struct scan_file *file, const struct zip_extra *extra,
                     const uint8_t *raw_name, size_t raw_length, const uint8_t *data, size_t length,
                     unsigned id, struct zip_fields *fields, uint64_t *local_at)
{
    switch (id) {
    case EXTRA_WIDE:
        if (!read_wide(data, length, extra->local, fields, local_at))
            say(file, extra, &zip_rule_extra, "the zip64 field does not fit the other fields");
        break;
    case EXTRA_NAME:
        if (length < 5 || length - 5 != raw_length ||
            get_u32(data + 1) != crc32(0, raw_name, (uInt)raw_length) ||
            memcmp(data + 5, raw_name, raw_length) != 0)
            say(file, extra, &zip_rule_extra, "a field gives another name than the name");
        break;
    case EXTRA_TORCH:
        if (!all_are(data, length, 'Z'))
            say(file, extra, &zip_rule_extra, "the padding hides bytes in a field");
        break;
    case EXTRA_ANDROID:
    case EXTRA_OFFICE:
        if (length < 2 || !all_are(data + 2, length - 2, 0))
            say(file, extra, &zip_rule_extra, "the padding hides bytes in a field");
        break;
    default:
        if (!is_known(id) || length > 64)
            say(file, extra, &zip_rule_unknown_extra, "there is an unknown field");
    }
}

void zip_read_extra(const struct scan_file *file, const struct zip_extra *extra,
                    const uint8_t *raw_name, size_t raw_length, struct zip_fields *fields,
                    uint64_t *local_at)
{
    bool wide = false;
    size_t at = 0;
    while (extra->length - at >= 4) {
        unsigned id = get_u16(extra->data + at);
        size_t length = get_u16(extra->data + at + 2);
        if (length > extra->length - at - 4)
            break;
        if (id == EXTRA_WIDE && wide)
            say(file, extra, &zip_rule_extra, "there are two zip64 fields");
        else
            read_one(file, extra, raw_name, raw_length, extra->data + at + 4, length, id, fields,
                     local_at);
        wide |= id == EXTRA_WIDE;
        at += 4 + length;
    }
    if (at < extra->length)
        say(file, extra, &zip_rule_extra, "the fields do not fill the extra field");
}
