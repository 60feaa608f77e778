/* lib/trust/packages.c - the pinned packages of lock files looked up one by one. */
#include "trust/packages.h"
#include "base/buffer.h"
#include "environment/lock.h"
#include <fnmatch.h>

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "advisory/" id, __VA_ARGS__)

#define UPDATE "update the package, or accept the finding with a reason"
RULE(severe, "severe", HIGH, UNKNOWN, "a package has a known severe vulnerability", UPDATE);
RULE(moderate, "moderate", MEDIUM, UNKNOWN, "a package has a known vulnerability", UPDATE);
RULE(low, "low", LOW, UNKNOWN, "a package has a known vulnerability of low severity", UPDATE);
RULE(version, "version", LOW, SAFE, "a package has a version that cannot be compared",
     "look the package up by hand");

RULE(unreadable, "unreadable", MEDIUM, UNKNOWN, "a lock file that cannot be read",
     "repair the file: what it names was not looked up");

#define SIZE_MAX_READ (64u << 20) /* bytes */

static const char *const names[] = {
    "*requirements*.txt", "*requirements*.in",  "*constraints*.txt",  "pylock*.toml", "uv.lock",
    "poetry.lock",        "pdm.lock",           "Pipfile.lock",       "METADATA",     "PKG-INFO",
    "*environment*.yml",  "*environment*.yaml", "*conda*.yml",        "*conda*.yaml", "*conda*.txt",
    "*conda*.lock",       "python_env.yaml",    "*requirements*.lock"};

struct packages {
    const struct scan_file *file;
    uint64_t offset; /* of the line */
};

struct finding_at {
    const struct packages *packages;
    const char *name, *version;
};

/* advisory_found */
static void found(void *context, const struct advisory *advisory, const char *fixed)
{
    static const struct rule *const rules[] = {&rule_low, &rule_moderate, &rule_severe};
    const struct finding_at *at = context;
    findings_add(at->packages->file->findings, rules[advisory->level], at->packages->file->path,
                 at->packages->offset, "%s %s: %s%s%s%s%s", at->name, at->version, advisory->id,
                 advisory->summary[0] ? ", " : "", advisory->summary,
                 fixed ? "; fixed in " : "; no fixed version is known", fixed ? fixed : "");
}

static void check(const struct packages *packages, const char *name, const char *version)
{
    struct finding_at at = {packages, name, version};
    if (!advisories_match(packages->file->scan->advisories, name, version, found, &at))
        findings_add(packages->file->findings, &rule_version, packages->file->path,
                     packages->offset, "%s has the version '%s'", name, version);
}

/* Where the line of that number begins. */
static uint64_t offset_of(const struct buffer *text, int number)
{
    const char *at = text->data, *end = at + text->length;
    for (int i = 1; i < number && at; i++)
        if ((at = memchr(at, '\n', (size_t)(end - at))) != NULL)
            at++;
    return at ? (uint64_t)(at - text->data) : 0;
}

static void take_lock(struct packages *packages, const struct buffer *text)
{
    const struct scan_file *file = packages->file;
    struct mlops_error why = {0};
    _cleanup_(lock_clear) struct lock lock = {0};
    const struct lock_options options = {
        .path = file->name, .text = text->data, .length = text->length};
    if (lock_read(&options, &lock, &why)) {
        findings_add(file->findings, &rule_unreadable, file->path, 0, "%s", why.message);
        return;
    }
    int line = 1;
    for (size_t i = 0; i < lock.count; i++) {
        const struct distribution *item = &lock.items[i];
        if (item->pin == PIN_NONE || !item->version || item->kind == DISTRIBUTION_IMAGE)
            continue;
        if (item->line != line) {
            packages->offset = offset_of(text, item->line);
            line = item->line;
        }
        check(packages, item->name, item->version);
    }
}

static void take_metadata(struct packages *packages, const struct buffer *text)
{
    _cleanup_(free_string) char *name = NULL, *version = NULL;
    metadata_read(text->data, text->length, &name, &version);
    if (name && version)
        check(packages, name, version);
}

static bool is_meant(const struct scan_file *file)
{
    if (file->role == SCAN_ENVIRONMENT)
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (fnmatch(names[i], file->name, FNM_CASEFOLD) == 0)
            return true;
    return false;
}

int packages_scan(const struct scan_file *file, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct packages packages = {.file = file};
    size_t size = (size_t)file->source->size;
    if (!file->scan->advisories || !is_meant(file) || file->source->size > SIZE_MAX_READ)
        return MLOPS_OK;
    buffer_reserve(&text, size + 1);
    TRY(file->source->read(file->source, 0, text.data, size, err));
    text.data[size] = '\0';
    text.length = size;
    if (str_equal(file->name, "METADATA") || str_equal(file->name, "PKG-INFO"))
        take_metadata(&packages, &text);
    else
        take_lock(&packages, &text);
    return MLOPS_OK;
}
