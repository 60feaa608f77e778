/* lib/trust/scan.c - the engine: which formats claim a file, what its name says, and the limits. */
#include "trust/packages.h"
#include "trust/scanner.h"
#include <strings.h>

#define DEPTH_DEFAULT 8
#define MEMBERS_DEFAULT 1000000
#define UNPACKED_DEFAULT (64ull << 30)
#define RATIO_DEFAULT 1100 /* deflate reaches 1,032 */
#define RATIO_FREE (16u << 20)
#define CLAIMS_MAX 8

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "scan/" id, __VA_ARGS__)

DEFINE_RULE(
    scan_rule_unknown_format, "scan/unknown-format", MEDIUM, UNKNOWN,
    "the content is of no format that is known here",
    "find out which program loads this file; where it is harmless, accept it with a reason");
RULE(data, "opaque-data", INFO, SAFE, "a data file of a format that is not looked into",
     "nothing, as long as only the code of the bundle reads it");
RULE(polyglot, "polyglot", HIGH, UNSAFE, "the same bytes are files of several formats",
     "do not load this file: what it does depends on the program that opens it");
RULE(name, "name-mismatch", MEDIUM, UNKNOWN, "the name says another format than the content",
     "give the file the name of its format, or find out who renamed it");
RULE(disguised, "disguised", HIGH, UNSAFE,
     "content that can run code has the name of a format that cannot",
     "do not load this file; find out who renamed it");
RULE(depth, "too-deep", MEDIUM, UNREADABLE, "containers lie within containers too deep to follow",
     "unpack the file by hand and scan what is in it");
RULE(members, "too-many-members", MEDIUM, UNREADABLE, "containers have more members than are read",
     "unpack the file by hand and scan what is in it");
RULE(size, "too-large", MEDIUM, UNREADABLE, "the files unpack to more than is read",
     "unpack the file by hand and scan what is in it");
RULE(ratio, "bomb", HIGH, UNSAFE, "a member unpacks to far more than any model would",
     "do not unpack this file");

bool scanner_has_extension(const struct scanner *scanner, const char *extension)
{
    for (const char *const *at = scanner->extensions; at && *at; at++)
        if (strcasecmp(*at, extension) == 0)
            return true;
    return false;
}

/* Endings that files of any format have. */
static const char *const vague[] = {"bin", "ckpt", "dat", "data", "model", NULL};

/* The name's format where it is another than all that claimed the content. */
static void check_name(const struct scan_file *file, const struct scanner *const *claimed,
                       size_t count)
{
    const char *dot = strrchr(file->name, '.'), *named = NULL;
    bool executes = false, harmless = true;
    if (!dot || dot == file->name)
        return;
    for (const char *const *at = vague; *at; at++)
        if (strcasecmp(*at, dot + 1) == 0)
            return;
    for (size_t i = 0; i < count; i++) {
        const struct scanner *scanner = claimed[i];
        executes |= scanner->executes;
        for (; scanner; scanner = scanner->special_of)
            if (scanner_has_extension(scanner, dot + 1))
                return;
    }
    for (size_t i = 0; scanners[i]; i++)
        if (scanner_has_extension(scanners[i], dot + 1)) {
            named = named ? named : scanners[i]->format;
            harmless &= !scanners[i]->executes;
        }
    if (!named && scanner_has_extension(&scanner_text, dot + 1))
        named = scanner_text.format;
    if (!named)
        return;
    findings_add(file->findings, executes && harmless ? &rule_disguised : &rule_name, file->path, 0,
                 "is called .%s, as %s files are, and is %s", dot + 1, named, claimed[0]->format);
}

static bool generalises(const struct scanner *general, const struct scanner *special)
{
    for (const struct scanner *at = special->special_of; at; at = at->special_of)
        if (at == general)
            return true;
    return false;
}

/* Those that claim the file, less those of which another that claims it is a special case. */
static int find_claims(const struct scan_file *file, const struct scanner **claimed, size_t *count,
                       struct mlops_error *err)
{
    size_t kept = 0;
    *count = 0;
    for (size_t i = 0; scanners[i] && *count < CLAIMS_MAX; i++) {
        bool claims = false;
        TRY(scanners[i]->claims(file, &claims, err));
        if (claims)
            claimed[(*count)++] = scanners[i];
    }
    for (size_t i = 0; i < *count; i++) {
        bool general = false;
        for (size_t j = 0; j < *count; j++)
            general |= generalises(claimed[i], claimed[j]);
        if (!general)
            claimed[kept++] = claimed[i];
    }
    *count = kept;
    return MLOPS_OK;
}

static int scan_claimed(const struct scan_file *file, struct mlops_error *err)
{
    const struct scanner *claimed[CLAIMS_MAX];
    size_t count;
    if (file->source->size == 0)
        return MLOPS_OK;
    TRY(find_claims(file, claimed, &count, err));
    if (count == 0) {
        bool text = false;
        TRY(scanner_text.claims(file, &text, err));
        if (text)
            claimed[count++] = &scanner_text;
    }
    if (count == 0) {
        findings_add(file->findings,
                     file->role == SCAN_DATA ? &rule_data : &scan_rule_unknown_format, file->path,
                     0, "is of no format that is known here");
        return MLOPS_OK;
    }
    for (size_t i = 1; i < count; i++)
        findings_add(file->findings, &rule_polyglot, file->path, 0, "is %s and %s at once",
                     claimed[0]->format, claimed[i]->format);
    check_name(file, claimed, count);
    for (size_t i = 0; i < count; i++)
        TRY(claimed[i]->scan(file, err));
    return MLOPS_OK;
}

int scan_check_cancelled(const struct scan_file *file, struct mlops_error *err)
{
    const struct scan *scan = file->scan;
    if (scan->cancelled && scan->cancelled(scan->context))
        return mlops_fail(err, MLOPS_CANCELLED, "cancelled");
    return MLOPS_OK;
}

bool scan_head_has(const struct scan_file *file, size_t offset, const void *magic, size_t length)
{
    return offset <= file->head_length && length <= file->head_length - offset &&
           memcmp(file->head + offset, magic, length) == 0;
}

int scan_file(const struct scan_file *file, struct mlops_error *err)
{
    uint8_t head[SCAN_HEAD_SIZE];
    struct scan_file known = *file;
    TRY(scan_check_cancelled(file, err));
    TRY(source_read(file->source, 0, head, sizeof(head), &known.head_length, err));
    known.head = head;
    TRY(scan_claimed(&known, err));
    return packages_scan(&known, err);
}

int scan_member(const struct scan_file *outer, const char *name, struct source *member,
                struct mlops_error *err)
{
    struct scan *scan = outer->scan;
    uint64_t most = scan->limits.members ? scan->limits.members : MEMBERS_DEFAULT;
    int deepest = scan->limits.depth ? scan->limits.depth : DEPTH_DEFAULT;
    _cleanup_(free_string) char *path = xprintf("%s!%s", outer->path, name);
    struct scan_file file = {.scan = scan,
                             .source = member,
                             .path = path,
                             .name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name,
                             .role = outer->role,
                             .depth = outer->depth + 1,
                             .findings = outer->findings,
                             .storages = outer->storages};
    if (file.depth > deepest) {
        findings_add(outer->findings, &rule_depth, path, 0,
                     "lies in %d containers; what is in more than %d is not looked at", file.depth,
                     deepest);
        return MLOPS_OK;
    }
    uint64_t number = atomic_fetch_add_explicit(&scan->members, 1, memory_order_relaxed) + 1;
    if (number > most) {
        if (number == most + 1)
            findings_add(outer->findings, &rule_members, path, 0,
                         "is member %llu; no more than %llu are looked at",
                         (unsigned long long)number, (unsigned long long)most);
        return MLOPS_OK;
    }
    return scan_file(&file, err);
}

bool scan_spend(const struct scan_file *file, uint64_t unpacked, uint64_t total, uint64_t packed)
{
    struct scan *scan = file->scan;
    uint64_t most = scan->limits.unpacked_bytes ? scan->limits.unpacked_bytes : UNPACKED_DEFAULT;
    uint64_t ratio = scan->limits.ratio ? scan->limits.ratio : RATIO_DEFAULT;
    uint64_t all = atomic_fetch_add_explicit(&scan->unpacked_bytes, unpacked, memory_order_relaxed);
    if (all + unpacked > most) {
        findings_add(file->findings, &rule_size, file->path, 0,
                     "takes what is unpacked above %llu bytes", (unsigned long long)most);
        return false;
    }
    if (total > RATIO_FREE && total / ratio > packed) {
        findings_add(file->findings, &rule_ratio, file->path, 0,
                     "unpacks %llu bytes to more than %llu", (unsigned long long)packed,
                     (unsigned long long)total);
        return false;
    }
    return true;
}
