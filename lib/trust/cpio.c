/*
 * lib/trust/cpio.c - cpio archives from header to header. Source: POSIX.1-2001 (pax, "cpio
 * Interchange Format") and cpio(5) of libarchive for SVR4's.
 *
 * libarchive would read them, and asks for as much memory as a header says a name is long.
 */
#include "trust/cpio.h"
#include "trust/member_name.h"

#define OLD_SIZE 76
#define NEW_SIZE 110
#define NAME_MAX_BYTES 65536

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "cpio/" id, __VA_ARGS__)

RULE(archive, "archive", LOW, UNKNOWN, "models do not come as cpio, and its names are not compared",
     "unpack it and keep the files themselves, or accept it with a reason");
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "a header is damaged, or the archive is cut off",
     "fetch the file again");
RULE(member, "special-member", HIGH, UNSAFE, "a member is no plain file in the archive's folder",
     "do not unpack this file");
RULE(trailing, "trailing-bytes", HIGH, UNSAFE, "bytes follow the end of the archive",
     "do not load this file; find out who made it");

struct header {
    uint64_t mode, name_length, size;
    size_t length;  /* of the header itself */
    unsigned align; /* names and contents end at a multiple of it */
};

/* Digits of base 8 or 16; false where one is none. */
static bool number(const uint8_t *digits, size_t count, unsigned bits, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t c = digits[i];
        unsigned digit = c >= '0' && c <= '9'                     ? (unsigned)c - '0'
                         : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20u) - 'a' + 10
                                                                  : 16;
        if (digit >> bits)
            return false;
        *value = *value << bits | digit;
    }
    return true;
}

static bool read_header(const uint8_t *data, size_t length, struct header *header)
{
    if (length >= OLD_SIZE && memcmp(data, "070707", 6) == 0) {
        header->length = OLD_SIZE;
        header->align = 1;
        return number(data + 18, 6, 3, &header->mode) &&
               number(data + 59, 6, 3, &header->name_length) &&
               number(data + 65, 11, 3, &header->size);
    }
    if (length >= NEW_SIZE && (memcmp(data, "070701", 6) == 0 || memcmp(data, "070702", 6) == 0)) {
        header->length = NEW_SIZE;
        header->align = 4;
        return number(data + 14, 8, 4, &header->mode) &&
               number(data + 94, 8, 4, &header->name_length) &&
               number(data + 54, 8, 4, &header->size);
    }
    return false;
}

static uint64_t aligned(uint64_t place, unsigned align)
{
    return (place + align - 1) / align * align;
}

static int take_end(const struct scan_file *file, uint64_t from, struct mlops_error *err)
{
    uint64_t size = file->source->size;
    bool zeros = true;
    if (from >= size)
        return MLOPS_OK;
    TRY(source_is_zeros(file->source, from, size - from, &zeros, err));
    if (zeros)
        return MLOPS_OK;
    findings_add(file->findings, &rule_trailing, file->path, from,
                 "%llu bytes follow the end of the archive", (unsigned long long)(size - from));
    _cleanup_(source_close_ptr) struct source *rest = source_part(file->source, from, size - from);
    return scan_member(file, "trailing", rest, err);
}

static void check_member(const struct scan_file *file, uint64_t at, const char *name,
                         size_t name_length, uint64_t mode)
{
    const char *wrong = member_name_wrong(name, name_length);
    unsigned type = (unsigned)(mode >> 12 & 017);
    if (!wrong && type != 010 && type != 004)
        wrong = type == 012 ? "is a symbolic link" : "is a special file";
    if (wrong)
        findings_add(file->findings, &rule_member, file->path, at, "'%s' %s", name, wrong);
}

/* The member at `*at`, which moves on; `*more` false after the last one. */
static int take_member(const struct scan_file *file, uint64_t *at, bool *more,
                       struct mlops_error *err)
{
    struct source *source = file->source;
    uint8_t head[NEW_SIZE];
    struct header header;
    size_t got;
    TRY(source_read(source, *at, head, sizeof(head), &got, err));
    *more = read_header(head, got, &header) && header.name_length >= 1 &&
            header.name_length <= NAME_MAX_BYTES &&
            header.name_length <= source->size - *at - header.length;
    if (!*more) {
        findings_add(file->findings, &rule_damaged, file->path, *at,
                     "there is no header here, and the archive has not ended");
        return take_end(file, *at, err);
    }
    size_t name_length = (size_t)header.name_length - 1; /* without the NUL that ends it */
    _cleanup_(free_string) char *name = xmalloc(name_length + 1);
    TRY(source->read(source, *at + header.length, name, name_length, err));
    name[name_length] = '\0';
    uint64_t from = aligned(*at + header.length + header.name_length, header.align);
    if (str_equal(name, "TRAILER!!!") && header.size == 0) {
        *more = false;
        return take_end(file, from, err);
    }
    check_member(file, *at, name, name_length, header.mode);
    uint64_t left = from < source->size ? source->size - from : 0;
    if (header.size > left) {
        findings_add(file->findings, &rule_damaged, file->path, *at,
                     "'%s' ends beyond the end of the archive", name);
        header.size = left;
        *more = false;
    }
    *at = aligned(from + header.size, header.align);
    if (header.size == 0)
        return MLOPS_OK;
    _cleanup_(source_close_ptr) struct source *content = source_part(source, from, header.size);
    return scan_member(file, name, content, err);
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    struct header header;
    (void)err;
    *claimed = read_header(file->head, file->head_length, &header) && header.name_length > 0;
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    uint64_t at = 0;
    bool more = true;
    findings_add(file->findings, &rule_archive, file->path, 0, "is a cpio archive");
    while (more) {
        TRY(scan_check_cancelled(file, err));
        TRY(take_member(file, &at, &more, err));
    }
    return MLOPS_OK;
}

const struct scanner scanner_cpio = {
    .format = "cpio",
    .extensions = (const char *const[]){"cpio", NULL},
    .executes = true,
    .claims = claims,
    .scan = scan,
};
