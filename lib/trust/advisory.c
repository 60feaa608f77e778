/* lib/trust/advisory.c - advisories by package, and the ranges of versions that they mean. */
#include "trust/advisory.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "environment/lock.h"
#include "environment/pep440.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#define FILE_MAX (1u << 30) /* bytes */
#define FOLDERS_MAX 16      /* within each other */

/* What one advisory says of one package. */
struct affected {
    char *package;   /* normalised */
    size_t advisory; /* which */
    cJSON *ranges;   /* or NULL */
    cJSON *versions; /* or NULL: only where no range says it */
};

struct advisories {
    struct advisory *items;
    size_t count, capacity;
    struct affected *affected; /* by package once all is read */
    size_t affected_count, affected_capacity;
    struct sha256 *hash;
    struct digest digest;
};

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* ---- loading -------------------------------------------------------------------------------- */

static bool is_pypi(const cJSON *affected)
{
    const char *ecosystem = json_string(member(affected, "package"), "ecosystem", "");
    return str_equal(ecosystem, "PyPI") || str_starts(ecosystem, "PyPI:");
}

static bool has_pypi(const cJSON *json)
{
    const cJSON *affected;
    cJSON_ArrayForEach(affected, member(json, "affected"))
    {
        if (is_pypi(affected) && json_string(member(affected, "package"), "name", NULL))
            return true;
    }
    return false;
}

/* GitHub's word for it; others have a CVSS vector only, which is not worked out here. */
static enum advisory_level level_of(const cJSON *json)
{
    const char *word = json_string(member(json, "database_specific"), "severity", "");
    if (str_equal(word, "LOW"))
        return ADVISORY_LOW;
    return str_equal(word, "MODERATE") || str_equal(word, "MEDIUM") ? ADVISORY_MODERATE
                                                                    : ADVISORY_SEVERE;
}

static char **aliases_of(const cJSON *json)
{
    const cJSON *alias, *list = member(json, "aliases");
    char **aliases = xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*aliases));
    size_t count = 0;
    cJSON_ArrayForEach(alias, list)
    {
        if (cJSON_IsString(alias))
            aliases[count++] = xstrdup(alias->valuestring);
    }
    return aliases;
}

static bool is_ordered(const cJSON *range)
{
    return !str_equal(json_string(range, "type", ""), "GIT");
}

static void add_affected(struct advisories *all, cJSON *affected)
{
    const char *name = json_string(member(affected, "package"), "name", NULL);
    const cJSON *range;
    bool ordered = false;
    if (!is_pypi(affected) || !name)
        return;
    cJSON *ranges = cJSON_DetachItemFromObjectCaseSensitive(affected, "ranges");
    cJSON_ArrayForEach(range, ranges)
    {
        ordered |= is_ordered(range);
    }
    GROW(all->affected, all->affected_count, &all->affected_capacity);
    all->affected[all->affected_count++] = (struct affected){
        .package = package_name_normalise(name, strlen(name)),
        .advisory = all->count - 1,
        .ranges = ranges,
        .versions = ordered ? NULL : cJSON_DetachItemFromObjectCaseSensitive(affected, "versions"),
    };
}

static int add_advisory(struct advisories *all, cJSON *json, const char *path,
                        struct mlops_error *err)
{
    const char *id = json_string(json, "id", NULL);
    cJSON *affected;
    if (!id || (member(json, "affected") && !cJSON_IsArray(member(json, "affected")))) {
        mlops_fail(err, MLOPS_INVALID, "%s: not an advisory in the OSV format", path);
        return mlops_hint(err, "each has an 'id' and a list 'affected'; see osv.dev");
    }
    if (cJSON_IsString(member(json, "withdrawn")) || !has_pypi(json))
        return MLOPS_OK;
    GROW(all->items, all->count, &all->capacity);
    all->items[all->count++] =
        (struct advisory){.id = xstrdup(id),
                          .summary = xstrdup(json_string(json, "summary", "")),
                          .aliases = aliases_of(json),
                          .level = level_of(json)};
    cJSON_ArrayForEach(affected, member(json, "affected"))
    {
        add_affected(all, affected);
    }
    return MLOPS_OK;
}

static int add_document(struct advisories *all, const char *text, size_t length, const char *path,
                        struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = NULL;
    TRY(json_parse(text, length, path, &json, err));
    if (!cJSON_IsArray(json))
        return add_advisory(all, json, path, err);
    cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        TRY(add_advisory(all, item, path, err));
    }
    return MLOPS_OK;
}

static int add_lines(struct advisories *all, const struct buffer *text, const char *path,
                     struct mlops_error *err)
{
    const char *at = text->data, *end = text->data + text->length;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        if (length > 0 && strspn(at, " \t\r") < length)
            TRY(add_document(all, at, length, path, err));
        at += length + 1;
    }
    return MLOPS_OK;
}

static int add_file(struct advisories *all, const char *path, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    TRY(file_read(path, FILE_MAX, &text, err));
    sha256_update(all->hash, text.data, text.length);
    buffer_putc(&text, '\0');
    text.length--;
    return str_ends(path, ".jsonl") || str_ends(path, ".ndjson")
               ? add_lines(all, &text, path, err)
               : add_document(all, text.data, text.length, path, err);
}

static void free_names(struct dirent **names, int count)
{
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static int add_folder(struct advisories *all, const char *folder, int depth,
                      struct mlops_error *err)
{
    struct dirent **names = NULL;
    int code = MLOPS_OK, count = scandir(folder, &names, NULL, alphasort);
    if (count < 0)
        return mlops_fail_errno(err, 0, errno, "read %s", folder);
    for (int i = 0; i < count && !code; i++) {
        const char *name = names[i]->d_name;
        _cleanup_(free_string) char *path = path_join(folder, name);
        struct stat status;
        if (name[0] == '.')
            continue;
        if (stat(path, &status))
            code = mlops_fail_errno(err, 0, errno, "read %s", path);
        else if (S_ISDIR(status.st_mode) && depth == FOLDERS_MAX)
            code = mlops_fail(err, MLOPS_INVALID, "%s: folders within folders too deep", path);
        else if (S_ISDIR(status.st_mode))
            code = add_folder(all, path, depth + 1, err);
        else if (str_ends(name, ".json") || str_ends(name, ".jsonl"))
            code = add_file(all, path, err);
    }
    free_names(names, count);
    return code;
}

static int by_package(const void *a, const void *b)
{
    const struct affected *left = a, *right = b;
    int order = strcmp(left->package, right->package);
    return order ? order : (left->advisory > right->advisory) - (left->advisory < right->advisory);
}

static int load(struct advisories *all, const char *path, struct mlops_error *err)
{
    struct stat status;
    if (stat(path, &status))
        return mlops_fail_errno(err, errno == ENOENT ? MLOPS_NOT_FOUND : 0, errno,
                                "read the advisories %s", path);
    if (S_ISDIR(status.st_mode))
        TRY(add_folder(all, path, 0, err));
    else
        TRY(add_file(all, path, err));
    if (all->count == 0) {
        mlops_fail(err, MLOPS_INVALID, "%s: there are no advisories for PyPI's packages", path);
        return mlops_hint(err, "unpack https://osv-vulnerabilities.storage.googleapis.com/PyPI/"
                               "all.zip into a folder, and name that");
    }
    if (all->affected_count)
        qsort(all->affected, all->affected_count, sizeof(*all->affected), by_package);
    sha256_final(all->hash, &all->digest);
    return MLOPS_OK;
}

/* ---- matching ------------------------------------------------------------------------------- */

/* What an event says: its kind, and of which version. "0" is before all. */
enum event_kind { INTRODUCED, FIXED, LAST_AFFECTED };

struct event {
    enum event_kind kind;
    bool first; /* introduced "0" */
    struct pep440 version;
    const char *text;
};

static int by_version(const void *a, const void *b)
{
    const struct event *left = a, *right = b;
    if (left->first != right->first)
        return left->first ? -1 : 1;
    return left->first ? 0 : pep440_compare(&left->version, &right->version);
}

static bool read_event(const cJSON *json, struct event *event)
{
    static const char *const kinds[] = {"introduced", "fixed", "last_affected"};
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        const char *text = json_string(json, kinds[i], NULL);
        if (!text)
            continue;
        *event = (struct event){.kind = (enum event_kind)i, .text = text};
        event->first = i == 0 && str_equal(text, "0");
        return event->first || pep440_parse(text, strlen(text), &event->version);
    }
    return false; /* "limit", or what is not known here */
}

/* The specification's evaluation: the events in the order of their versions. */
static bool in_range(const cJSON *range, const struct pep440 *version, const char **fixed)
{
    const cJSON *json, *list = member(range, "events");
    struct event *events = xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*events));
    size_t count = 0;
    bool affected = false;
    const char *next = NULL;
    cJSON_ArrayForEach(json, list)
    {
        count += read_event(json, &events[count]);
    }
    if (count)
        qsort(events, count, sizeof(*events), by_version);
    for (size_t i = 0; i < count; i++) {
        int order = events[i].first ? 1 : pep440_compare(version, &events[i].version);
        if (events[i].kind == INTRODUCED && order >= 0)
            affected = true;
        else if (events[i].kind == FIXED && order >= 0)
            affected = false;
        else if (events[i].kind == LAST_AFFECTED && order > 0)
            affected = false;
        else if (events[i].kind == FIXED && !next)
            next = events[i].text;
    }
    free(events);
    if (affected)
        *fixed = next;
    return affected;
}

static bool is_listed(const cJSON *versions, const char *text, const struct pep440 *version)
{
    const cJSON *item;
    struct pep440 listed;
    cJSON_ArrayForEach(item, versions)
    {
        if (!cJSON_IsString(item))
            continue;
        if (str_equal(item->valuestring, text) ||
            (version && pep440_parse(item->valuestring, strlen(item->valuestring), &listed) &&
             pep440_compare(&listed, version) == 0))
            return true;
    }
    return false;
}

static bool is_affected(const struct affected *affected, const char *text,
                        const struct pep440 *version, const char **fixed)
{
    const cJSON *range;
    *fixed = NULL;
    cJSON_ArrayForEach(range, affected->ranges)
    {
        if (version && is_ordered(range) && in_range(range, version, fixed))
            return true;
    }
    return is_listed(affected->versions, text, version);
}

static bool names(const struct advisory *advisory, const char *id)
{
    if (str_equal(advisory->id, id))
        return true;
    for (char **alias = advisory->aliases; *alias; alias++)
        if (str_equal(*alias, id))
            return true;
    return false;
}

/* Do two advisories speak of the same? */
static bool is_alias(const struct advisory *a, const struct advisory *b)
{
    if (names(a, b->id))
        return true;
    for (char **alias = b->aliases; *alias; alias++)
        if (names(a, *alias))
            return true;
    return false;
}

int advisories_load(const char *path, struct advisories **advisories, struct mlops_error *err)
{
    _cleanup_(advisories_free_ptr) struct advisories *all = xcalloc(1, sizeof(*all));
    all->hash = sha256_new();
    TRY(load(all, path, err));
    *advisories = TAKE_PTR(all);
    return MLOPS_OK;
}

void advisories_free(struct advisories *all)
{
    if (!all)
        return;
    for (size_t i = 0; i < all->count; i++) {
        for (char **alias = all->items[i].aliases; *alias; alias++)
            free(*alias);
        free(all->items[i].aliases);
        free(all->items[i].id);
        free(all->items[i].summary);
    }
    for (size_t i = 0; i < all->affected_count; i++) {
        free(all->affected[i].package);
        cJSON_Delete(all->affected[i].ranges);
        cJSON_Delete(all->affected[i].versions);
    }
    sha256_free(all->hash);
    free(all->affected);
    free(all->items);
    free(all);
}

const struct digest *advisories_digest(const struct advisories *advisories)
{
    return &advisories->digest;
}

bool advisories_match(const struct advisories *all, const char *package, const char *text,
                      advisory_found found, void *context)
{
    _cleanup_(free_string) char *name = package_name_normalise(package, strlen(package));
    struct pep440 version;
    bool parsed = pep440_parse(text, strlen(text), &version);
    size_t low = 0, high = all->affected_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(all->affected[middle].package, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct advisory **given = xcalloc(all->affected_count - low + 1, sizeof(*given));
    size_t count = 0;
    for (size_t i = low; i < all->affected_count && str_equal(all->affected[i].package, name);
         i++) {
        const struct advisory *advisory = &all->items[all->affected[i].advisory];
        const char *fixed;
        bool known = !is_affected(&all->affected[i], text, parsed ? &version : NULL, &fixed);
        for (size_t j = 0; j < count && !known; j++)
            known = is_alias(given[j], advisory);
        if (known)
            continue;
        given[count++] = advisory;
        found(context, advisory, fixed);
    }
    free(given);
    return parsed;
}
