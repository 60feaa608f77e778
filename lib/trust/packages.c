/* lib/trust/packages.c - lines that pin a package, in any of the forms that lock files have. */
#include "trust/packages.h"
#include "base/json.h"
#include <fnmatch.h>

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "advisory/" id, __VA_ARGS__)

#define UPDATE "update the package, or accept the finding with a reason"
RULE(severe, "severe", HIGH, UNKNOWN, "a package has a known severe vulnerability", UPDATE);
RULE(moderate, "moderate", MEDIUM, UNKNOWN, "a package has a known vulnerability", UPDATE);
RULE(low, "low", LOW, UNKNOWN, "a package has a known vulnerability of low severity", UPDATE);
RULE(version, "version", LOW, SAFE, "a package has a version that cannot be compared",
     "look the package up by hand");

#define SIZE_MAX_READ (64u << 20) /* bytes */
#define WORD_MAX 128

static const char *const names[] = {
    "*requirements*.txt", "*requirements*.in",  "*constraints*.txt",  "pylock*.toml", "uv.lock",
    "poetry.lock",        "pdm.lock",           "Pipfile.lock",       "METADATA",     "PKG-INFO",
    "*environment*.yml",  "*environment*.yaml", "*conda*.yml",        "*conda*.yaml", "*conda*.txt",
    "*conda*.lock",       "python_env.yaml",    "*requirements*.lock"};

struct packages {
    const struct scan_file *file;
    uint64_t offset;         /* of the line */
    char name[WORD_MAX + 1]; /* of the package that a lock file speaks of; empty: none */
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

static bool in_name(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' ||
           c == '-' || c == '_';
}

static bool in_version(char c)
{
    return in_name(c) || c == '+' || c == '!';
}

static const char *skip_space(const char *c)
{
    return c + strspn(c, " \t\"'");
}

/* The word at `c`, or false; `*after` is behind it. */
static bool take(const char *c, bool (*in)(char), char word[WORD_MAX + 1], const char **after)
{
    size_t length = 0;
    while (in(c[length]))
        length++;
    *after = c + length;
    if (length == 0 || length > WORD_MAX)
        return false;
    memcpy(word, c, length);
    word[length] = '\0';
    return true;
}

/* NAME[extras]==VERSION, NAME===VERSION, and conda's NAME=VERSION=BUILD; perhaps a list's item. */
static bool take_pin(const struct packages *packages, const char *c)
{
    char name[WORD_MAX + 1], version[WORD_MAX + 1];
    c = skip_space(c);
    if (c[0] == '-' && c[1] == ' ')
        c = skip_space(c + 1);
    if (!take(c, in_name, name, &c) || name[0] == '-')
        return false;
    if (*c == '[')
        c += strcspn(c, "]") + (c[strcspn(c, "]")] == ']');
    c = skip_space(c);
    size_t signs = strspn(c, "=");
    if (signs < 1 || signs > 3)
        return false;
    if (!take(skip_space(c + signs), in_version, version, &c) || *c == '*')
        return false;
    if (signs == 1 && *c != '=')
        return false; /* conda's NAME=1.2 means any 1.2.x; TOML's key = "value" */
    check(packages, name, version);
    return true;
}

/* `key = "value"` and `Key: value`. */
static bool take_member(const char *c, const char *key, char value[WORD_MAX + 1])
{
    size_t length = strlen(key);
    const char *after;
    if (strncmp(c, key, length) != 0)
        return false;
    c += length;
    c += strspn(c, " ");
    if (*c != '=' && *c != ':')
        return false;
    return take(skip_space(c + 1), in_version, value, &after);
}

/* .../NAME-VERSION-BUILD.conda */
static void take_url(const struct packages *packages, const char *c)
{
    const char *end = strstr(c, ".conda"), *slash;
    if (!end)
        end = strstr(c, ".tar.bz2");
    if (!end)
        return;
    _cleanup_(free_string) char *url = xstrndup(c, (size_t)(end - c));
    slash = strrchr(url, '/');
    char *build = strrchr(url, '-');
    if (!slash || !build || build < slash)
        return;
    *build = '\0';
    char *version = strrchr(url, '-');
    if (!version || version < slash)
        return;
    *version = '\0';
    check(packages, slash + 1, version + 1);
}

static void take_line(struct packages *packages, const char *line)
{
    char version[WORD_MAX + 1];
    if (str_starts(line, "[[") || str_starts(line, "Metadata-Version:"))
        packages->name[0] = '\0';
    if (str_starts(line, "https://") || str_starts(line, "http://"))
        take_url(packages, line);
    else if (take_member(line, "name", packages->name) || take_member(line, "Name", packages->name))
        return;
    else if (packages->name[0] &&
             (take_member(line, "version", version) || take_member(line, "Version", version))) {
        check(packages, packages->name, version);
        packages->name[0] = '\0';
    } else {
        (void)take_pin(packages, line);
    }
}

/* Pipfile.lock: "name": {"version": "==1.2"}. */
static void take_pipfile(struct packages *packages, const char *text, size_t size)
{
    _cleanup_(json_free) cJSON *root = NULL;
    struct mlops_error why = {0};
    static const char *const groups[] = {"default", "develop"};
    if (json_parse(text, size, "the lock", &root, &why))
        return; /* which the scanner of JSON has said */
    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++) {
        const cJSON *package;
        cJSON_ArrayForEach(package, cJSON_GetObjectItemCaseSensitive(root, groups[i]))
        {
            const cJSON *version = cJSON_GetObjectItemCaseSensitive(package, "version");
            if (cJSON_IsString(version) && str_starts(version->valuestring, "=="))
                check(packages, package->string, version->valuestring + 2);
        }
    }
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
    if (text.data[strspn(text.data, " \t\r\n")] == '{') {
        take_pipfile(&packages, text.data, size);
        return MLOPS_OK;
    }
    for (char *line = text.data, *end; line < text.data + size; line = end + 1) {
        end = line + strcspn(line, "\r\n");
        packages.offset = (uint64_t)(line - text.data);
        *end = '\0';
        take_line(&packages, line);
    }
    return MLOPS_OK;
}
