/* lib/trust/tar.c - the walk from header to header, and what stands between them. */
#include "trust/tar.h"
#include "base/buffer.h"
#include "trust/member_name.h"

#define SUSPECT "do not load this file; find out who made it"
#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "tar/" id, __VA_ARGS__)

RULE(header, "header", HIGH, UNREADABLE, "a header is damaged, and readers stop there",
     "fetch the file again");
RULE(truncated, "truncated", MEDIUM, UNREADABLE, "the archive ends before a member does",
     "fetch the file again");
RULE(ambiguous, "ambiguous", HIGH, UNSAFE, "readers would find different members in this archive",
     SUSPECT);
RULE(pax, "extended-header", HIGH, UNREADABLE, "an extended header cannot be followed", SUSPECT);
RULE(type, "special-member", HIGH, UNSAFE, "a member is a link or a special file",
     "do not unpack this file");
RULE(path, "path", HIGH, UNSAFE, "a member's name leads out of the folder it is unpacked to",
     "do not unpack this file");
RULE(duplicate, "duplicate-name", HIGH, UNSAFE, "two members have the same name", SUSPECT);
RULE(similar, "similar-names", MEDIUM, UNKNOWN,
     "two members have names that are the same on some systems", SUSPECT);
RULE(slack, "slack", LOW, UNKNOWN, "bytes stand where a header or a block should be empty",
     "have the archive made again");
RULE(trailing, "trailing-bytes", HIGH, UNSAFE, "bytes follow the end of the archive", SUSPECT);
RULE(names, "too-many-names", MEDIUM, UNREADABLE, "more names than are compared with each other",
     "unpack the file by hand and scan what is in it");

struct named {
    char *name, *folded;
    uint64_t offset;
};

struct walk {
    const struct scan_file *file;
    uint64_t at;     /* the next header */
    char *next_name; /* by pax or a long name, for the next member */
    bool has_size;   /* by pax */
    uint64_t next_size;
    struct named *names;
    size_t name_count, name_capacity;
    uint64_t name_bytes;
    bool said_names;
};

static void clear_walk(struct walk *walk)
{
    for (size_t i = 0; i < walk->name_count; i++) {
        free(walk->names[i].name);
        free(walk->names[i].folded);
    }
    free(walk->names);
    free(walk->next_name);
}

static void say(const struct walk *walk, const struct rule *rule, uint64_t offset, const char *name,
                const char *what)
{
    findings_add(walk->file->findings, rule, walk->file->path, offset, "'%s' %s", name, what);
}

/* Bytes that are looked at by themselves: nobody says what they are. */
static int scan_bytes(const struct walk *walk, uint64_t from, struct mlops_error *err)
{
    const struct scan_file *file = walk->file;
    _cleanup_(source_close_ptr) struct source *part =
        source_part(file->source, from, file->source->size - from);
    _cleanup_(free_string) char *name = xprintf("bytes@%llu", (unsigned long long)from);
    return scan_member(file, name, part, err);
}

static void keep_name(struct walk *walk, const char *name, uint64_t offset)
{
    size_t length = strlen(name);
    walk->name_bytes += 2 * (length + 64);
    if (walk->name_bytes > TAR_NAMES_MAX) {
        if (!walk->said_names)
            findings_add(walk->file->findings, &rule_names, walk->file->path, offset,
                         "names beyond the first %zu are not compared", walk->name_count);
        walk->said_names = true;
        return;
    }
    GROW(walk->names, walk->name_count, &walk->name_capacity);
    length -= length && name[length - 1] == '/';
    struct named *named = &walk->names[walk->name_count++];
    *named = (struct named){.name = xstrndup(name, length), .offset = offset};
    named->folded = member_name_fold(named->name);
}

static int by_folded(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    int order = strcmp(left->folded, right->folded);
    return order ? order : strcmp(left->name, right->name);
}

static void check_names(struct walk *walk)
{
    if (walk->name_count)
        qsort(walk->names, walk->name_count, sizeof(*walk->names), by_folded);
    for (size_t i = 1; i < walk->name_count; i++) {
        const struct named *one = &walk->names[i - 1], *other = &walk->names[i];
        if (!str_equal(one->folded, other->folded))
            continue;
        uint64_t offset = one->offset > other->offset ? one->offset : other->offset;
        if (str_equal(one->name, other->name))
            say(walk, &rule_duplicate, offset, one->name, "is there twice");
        else
            say(walk, &rule_similar, offset, one->name, "has a twin that differs in case only");
    }
}

static bool key_is(const char *key, size_t length, const char *wanted)
{
    return length == strlen(wanted) && memcmp(key, wanted, length) == 0;
}

/* What a pax header says of the next member, or, where global, of all: only what changes nothing of
 * place and kind may be said of all. */
static void take_pax(struct walk *walk, const char *data, size_t length, bool global)
{
    const char *key, *value;
    size_t key_length, value_length, at = 0;
    while (at < length) {
        if (!tar_pax_record(data, length, &at, &key, &key_length, &value, &value_length)) {
            findings_add(walk->file->findings, &rule_pax, walk->file->path, walk->at,
                         "a pax header cannot be followed");
            return;
        }
        bool path = key_is(key, key_length, "path"), size = key_is(key, key_length, "size");
        bool sparse = key_length >= 10 && memcmp(key, "GNU.sparse", 10) == 0;
        if (sparse || key_is(key, key_length, "hdrcharset") || (global && (path || size)) ||
            (path && walk->next_name) || (size && walk->has_size)) {
            findings_add(walk->file->findings, &rule_ambiguous, walk->file->path, walk->at,
                         "a pax header says '%.*s', which not all readers understand alike",
                         (int)key_length, key);
        }
        if (path && !global) {
            free(walk->next_name);
            walk->next_name = xstrndup(value, value_length);
            if (strlen(walk->next_name) != value_length)
                say(walk, &rule_path, walk->at, walk->next_name, "has a NUL in its name");
        }
        if (size && !global) {
            walk->has_size = true;
            walk->next_size = 0;
            for (size_t i = 0; i < value_length; i++)
                if (value[i] < '0' || value[i] > '9' || walk->next_size > UINT64_MAX / 16)
                    walk->next_size = UINT64_MAX / 2; /* beyond any file: it is reported so */
                else
                    walk->next_size = walk->next_size * 10 + (uint64_t)(value[i] - '0');
        }
    }
}

/* The header before a header. */
static int take_extended(struct walk *walk, char type, uint64_t from, uint64_t size,
                         struct mlops_error *err)
{
    struct source *source = walk->file->source;
    if (size > TAR_EXTENDED_MAX) {
        findings_add(walk->file->findings, &rule_pax, walk->file->path, walk->at,
                     "an extended header has %llu bytes", (unsigned long long)size);
        return MLOPS_OK;
    }
    _cleanup_(free_string) char *data = xmalloc((size_t)size + 1);
    TRY(source->read(source, from, data, (size_t)size, err));
    data[size] = '\0';
    if (type == 'x' || type == 'X' || type == 'g')
        take_pax(walk, data, (size_t)size, type == 'g');
    if (type == 'L') {
        if (walk->next_name)
            say(walk, &rule_ambiguous, walk->at, walk->next_name, "has two long names");
        free(walk->next_name);
        walk->next_name = xstrdup(data);
        if (strlen(data) + 1 < size)
            say(walk, &rule_slack, walk->at, data, "has bytes behind the end of its long name");
    }
    return MLOPS_OK;
}

static int check_padding(const struct walk *walk, uint64_t from, uint64_t to, const char *name,
                         struct mlops_error *err)
{
    struct source *source = walk->file->source;
    bool zeros;
    to = to < source->size ? to : source->size;
    if (from >= to)
        return MLOPS_OK;
    TRY(source_is_zeros(source, from, to - from, &zeros, err));
    if (!zeros)
        say(walk, &rule_slack, from, name, "has bytes in the padding behind it");
    return MLOPS_OK;
}

static int take_content(struct walk *walk, char type, const char *name, uint64_t from,
                        uint64_t size, struct mlops_error *err)
{
    const struct scan_file *file = walk->file;
    const char *wrong = member_name_wrong(name, strlen(name));
    size_t length = strlen(name);
    bool plain = type == '0' || type == '\0' || type == '7';
    bool folder = type == '5' || (type == '\0' && length && name[length - 1] == '/');
    if (wrong && !str_equal(name, "./"))
        say(walk, &rule_path, walk->at, name, wrong);
    if (!plain && !folder) {
        const char *what = type == '1'   ? "is a hard link"
                           : type == '2' ? "is a symbolic link"
                           : type == 'S' ? "is a file with holes"
                                         : "is a special file";
        say(walk, &rule_type, walk->at, name, what);
    }
    if (!plain && type != 'S' && size)
        say(walk, &rule_ambiguous, walk->at, name, "has content, which such members have not");
    keep_name(walk, name, walk->at);
    if (size == 0)
        return MLOPS_OK;
    _cleanup_(source_close_ptr) struct source *member = source_part(file->source, from, size);
    return scan_member(file, name, member, err);
}

/* The member at walk->at; `*more` false where nobody gets further. */
static int take_member(struct walk *walk, const uint8_t *block, bool *more, struct mlops_error *err)
{
    struct source *source = walk->file->source;
    _cleanup_(free_string) char *name = NULL;
    char type = (char)block[156];
    uint64_t size, from = walk->at + TAR_BLOCK, left = source->size - from;
    bool extended = type == 'x' || type == 'g' || type == 'X' || type == 'L' || type == 'K';
    bool plain;
    *more = false;
    if (!tar_number(block + 124, 12, &size, &plain)) {
        findings_add(walk->file->findings, &rule_header, walk->file->path, walk->at,
                     "the size of a member is no number");
        return scan_bytes(walk, walk->at, err);
    }
    name = !extended && walk->next_name ? TAKE_PTR(walk->next_name) : tar_plain_name(block);
    if (!plain)
        say(walk, &rule_ambiguous, walk->at, name, "has a size that is not written as numbers are");
    if (!tar_slack_is_zero(block))
        say(walk, &rule_slack, walk->at, name, "has bytes in its header where it should be empty");
    if (!extended && walk->has_size) {
        if (size != walk->next_size && size != 0 && walk->next_size < 1ull << 33)
            say(walk, &rule_ambiguous, walk->at, name, "has one size by pax, another by ustar");
        size = walk->next_size;
        walk->has_size = false;
    }
    if (size > left) {
        say(walk, &rule_truncated, walk->at, name, "ends beyond the end of the archive");
        size = left;
    }
    uint64_t end = from + (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    if (extended)
        TRY(take_extended(walk, type, from, size, err));
    else
        TRY(take_content(walk, type, name, from, size, err));
    TRY(check_padding(walk, from + size, end, name, err));
    walk->at = end;
    *more = true;
    return MLOPS_OK;
}

/* After a block of zeros nothing but zeros may follow. */
static int take_end(struct walk *walk, struct mlops_error *err)
{
    struct source *source = walk->file->source;
    uint64_t from = walk->at + TAR_BLOCK;
    bool zeros;
    TRY(source_is_zeros(source, from, source->size - from, &zeros, err));
    if (zeros)
        return MLOPS_OK;
    findings_add(walk->file->findings, &rule_trailing, walk->file->path, from,
                 "%llu bytes follow the end of the archive",
                 (unsigned long long)(source->size - from));
    uint8_t block[TAR_BLOCK];
    do { /* to the first block that is not zeros */
        size_t got;
        TRY(source_read(source, from, block, sizeof(block), &got, err));
        TRY(source_is_zeros(source, from, got, &zeros, err));
        from += zeros ? got : 0;
    } while (zeros);
    return scan_bytes(walk, from, err);
}

static int walk_all(struct walk *walk, struct mlops_error *err)
{
    struct source *source = walk->file->source;
    bool more = true;
    while (more && walk->at < source->size) {
        uint8_t block[TAR_BLOCK];
        size_t got;
        TRY(scan_check_cancelled(walk->file, err));
        TRY(source_read(source, walk->at, block, sizeof(block), &got, err));
        if (tar_begins(block, got)) {
            TRY(take_member(walk, block, &more, err));
            continue;
        }
        bool zeros;
        TRY(source_is_zeros(source, walk->at, got, &zeros, err));
        if (zeros)
            return got == TAR_BLOCK ? take_end(walk, err) : MLOPS_OK;
        findings_add(walk->file->findings, &rule_header, walk->file->path, walk->at,
                     "there is no header here, and the archive has not ended");
        return scan_bytes(walk, walk->at, err);
    }
    if (walk->next_name)
        say(walk, &rule_truncated, walk->at, walk->next_name, "has a name and no header");
    return MLOPS_OK;
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = tar_begins(file->head, file->head_length);
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    _cleanup_(clear_walk) struct walk walk = {.file = file};
    TRY(walk_all(&walk, err));
    check_names(&walk);
    return MLOPS_OK;
}

const struct scanner scanner_tar = {
    .format = "tar",
    .extensions =
        (const char *const[]){"tar", "nemo", "mar", "pt", "pth", "model", "bin", "ckpt", NULL},
    .executes = true,
    .claims = claims,
    .scan = scan,
};
