/*
 * lib/trust/archive_scan.c - 7z through libarchive. Its reading is the only one of members here, so
 * bytes that it passes over are not accounted for: such an archive is never called safe.
 */
#include "trust/archive_scan.h"
#include "trust/archive_reader.h"
#include "trust/member_name.h"
#include "trust/seven_memory.h"
#include "trust/spool.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "archive/" id, __VA_ARGS__)

RULE(loose, "one-reading", LOW, UNKNOWN,
     "an archive of a kind whose unused bytes are not accounted for",
     "unpack it and keep the files themselves, or accept it with a reason");
RULE(damaged, "damaged", MEDIUM, UNREADABLE, "an archive cannot be read to its end",
     "fetch the file again");
RULE(member, "special-member", HIGH, UNSAFE, "a member is no plain file in the archive's folder",
     "do not unpack this file");

RULE(memory, "memory", MEDIUM, UNREADABLE, "an archive asks for more memory than it is given",
     "pack it again with a smaller dictionary");

#define MEMORY_MAX (512ull << 20) /* of dictionaries; 7-Zip's best takes 256 MiB */

struct input {
    const struct scan_file *file;
    uint64_t offset;
    uint8_t block[64 << 10];
};

struct taking {
    const struct scan_file *file;
    struct archive_reader *reader;
    struct spool *spool;
    bool limited;
};

static int read_block(void *context, const void **data, size_t *length, struct mlops_error *err)
{
    struct input *input = context;
    TRY(scan_check_cancelled(input->file, err));
    TRY(source_read(input->file->source, input->offset, input->block, sizeof(input->block), length,
                    err));
    input->offset += *length;
    *data = input->block;
    return MLOPS_OK;
}

static void seek_block(void *context, uint64_t offset)
{
    ((struct input *)context)->offset = offset;
}

/* archive_sink */
static int take(void *context, const void *data, size_t length, struct mlops_error *err)
{
    struct taking *taking = context;
    taking->limited =
        !scan_spend(taking->file, length, taking->spool->length + length, taking->reader->taken);
    if (taking->limited)
        return mlops_fail(err, MLOPS_INVALID, "at its limit");
    return spool_write(taking->spool, data, length, err);
}

/* What libarchive has against the file is a finding; what the source has is an error. */
static int settle(const struct scan_file *file, const struct archive_reader *reader, int code,
                  const struct mlops_error *why, struct mlops_error *err)
{
    if (code == MLOPS_CANCELLED || reader->failed.code == (enum mlops_code)code) {
        *err = *why;
        return code;
    }
    findings_add(file->findings, &rule_damaged, file->path, reader->position, "%s", why->message);
    return MLOPS_OK;
}

/* The content of a member goes to the engine, as much of it as came. */
static int scan_content(const struct scan_file *file, struct archive_reader *reader,
                        const struct archive_member *member, bool *more, struct mlops_error *err)
{
    _cleanup_(spool_clear) struct spool spool = SPOOL_EMPTY;
    struct taking taking = {.file = file, .reader = reader, .spool = &spool};
    struct mlops_error why = {0};
    _cleanup_(free_string) char *name = xstrdup(member->name);
    int code = archive_reader_data(reader, name, member->size, take, &taking, &why);
    *more = code == MLOPS_OK;
    if (taking.limited)
        return MLOPS_OK; /* which has been said */
    if (code)
        TRY(settle(file, reader, code, &why, err));
    _cleanup_(source_close_ptr) struct source *content = spool_source(&spool);
    return scan_member(file, name, content, err);
}

static int scan_members(const struct scan_file *file, struct archive_reader *reader,
                        struct mlops_error *err)
{
    bool more = true;
    while (more) {
        struct archive_member member;
        struct mlops_error why = {0};
        bool end;
        int code = archive_reader_next(reader, "its next member", &member, &end, &why);
        if (code)
            return settle(file, reader, code, &why, err);
        if (end)
            return MLOPS_OK;
        const char *wrong =
            member.wrong ? member.wrong : member_name_wrong(member.name, strlen(member.name));
        if (!wrong && member.type == AE_IFLNK)
            wrong = "is a symbolic link";
        if (wrong)
            findings_add(file->findings, &rule_member, file->path, reader->position, "'%s' %s",
                         member.name, wrong);
        if (member.type == AE_IFREG && member.size)
            TRY(scan_content(file, reader, &member, &more, err));
    }
    return MLOPS_OK;
}

static int scan_as(const struct scan_file *file, enum archive_content content,
                   struct mlops_error *err)
{
    _cleanup_(archive_locale_leave) struct archive_locale locale = {0};
    _cleanup_(archive_reader_close) struct archive_reader reader = {.shown = file->path,
                                                                    .kind = "such an archive"};
    struct input *input = xmalloc(sizeof(*input));
    struct mlops_error why = {0};
    input->file = file;
    input->offset = 0;
    reader.input = (struct archive_input){
        .context = input, .read = read_block, .seek = seek_block, .size = file->source->size};
    reader.stated = UINT64_MAX; /* scan_spend knows the limits */
    findings_add(file->findings, &rule_loose, file->path, 0,
                 "only what libarchive reads of it is looked at");
    int code = archive_locale_enter(&locale, &why);
    code = code ? code : archive_reader_open(&reader, content, &why);
    code = code ? settle(file, &reader, code, &why, err) : scan_members(file, &reader, err);
    archive_reader_close(&reader);
    free(input);
    return code;
}

static int claims_7z(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = scan_head_has(file, 0, "7z\xbc\xaf\x27\x1c", 6);
    return MLOPS_OK;
}

static int scan_7z(const struct scan_file *file, struct mlops_error *err)
{
    const char *why;
    uint64_t bytes;
    TRY(seven_memory(file, &bytes, &why, err));
    if (why)
        findings_add(file->findings, &rule_damaged, file->path, 0, "%s", why);
    if (bytes > MEMORY_MAX)
        findings_add(file->findings, &rule_memory, file->path, 0,
                     "asks for %llu MiB to be unpacked", (unsigned long long)bytes >> 20);
    if (why || bytes > MEMORY_MAX)
        return MLOPS_OK;
    return scan_as(file, ARCHIVE_7Z, err);
}

const struct scanner scanner_7z = {
    .format = "7z",
    .extensions = (const char *const[]){"7z", NULL},
    .executes = true,
    .claims = claims_7z,
    .scan = scan_7z,
};
