/*
 * lib/environment/installed.c - what is installed in a Python environment, from the files that
 * installers leave: pyvenv.cfg, *.dist-info (the core metadata and recording specifications of
 * packaging.python.org, PEP 376, PEP 610), and conda-meta.
 */
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/path.h"
#include "environment/capture.h"
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <strings.h>

#define FILE_MAX (64u << 20)
#define SMALL_MAX (4u << 20)

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of a folder, sorted; the caller frees with strings_free. NULL: there is no such folder, or
 * we may not look into it, as Python then may not. Errors: MLOPS_IO; then `*names` is NULL. */
static int list(const char *folder, char ***names, struct mlops_error *err)
{
    _cleanup_(free_strings) char **found = NULL;
    _cleanup_(folder_close) DIR *directory = opendir(folder);
    size_t count = 0, capacity = 0;
    *names = NULL;
    if (!directory && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", folder);
    if (!directory)
        return MLOPS_OK;
    for (;;) {
        const struct dirent *entry;
        GROW(found, count, &capacity);
        found[count] = NULL;
        TRY(folder_next(directory, folder, &entry, err));
        if (!entry)
            break;
        found[count++] = xstrdup(entry->d_name);
    }
    qsort(found, count, sizeof(*found), compare_texts);
    *names = TAKE_PTR(found);
    return MLOPS_OK;
}

/* ---- a distribution ------------------------------------------------------------------------ */

/* Lines that say who installed it and where, not what: those of two installations of one wheel
 * differ in them. */
static bool is_of_the_installation(const char *path, size_t length)
{
    static const char *const own[] = {"/INSTALLER", "/REQUESTED",     "/direct_url.json",
                                      "/RECORD",    "/uv_cache.json", "/uv_build.json"};
    if (length >= 3 && memcmp(path, "../", 3) == 0)
        return true; /* scripts, which name the interpreter */
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++) {
        size_t size = strlen(own[i]);
        if (length > size && memcmp(path + length - size, own[i], size) == 0 &&
            memmem(path, length, ".dist-info/", strlen(".dist-info/")))
            return true;
    }
    return false;
}

/*
 * SHA-256 over the lines of RECORD that have a digest, sorted: the same for the same wheel, whoever
 * installed it and wherever. The lines are ended in place. NULL: none of them has one.
 */
static char *content_digest(char *record)
{
    char **lines = NULL, hex[SHA256_HEX_SIZE];
    size_t count = 0, capacity = 0;
    struct digest digest;
    for (char *line = record, *end; line && *line; line = end) {
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        line[strcspn(line, "\r")] = '\0';
        const char *hash = strstr(line, ",sha");
        if (!hash || is_of_the_installation(line, (size_t)(hash - line)))
            continue;
        GROW(lines, count, &capacity);
        lines[count++] = line;
    }
    if (count == 0) {
        free(lines);
        return NULL;
    }
    qsort(lines, count, sizeof(*lines), compare_texts);
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    for (size_t i = 0; i < count; i++) {
        sha256_update(hash, lines[i], strlen(lines[i]));
        sha256_update(hash, "\n", 1);
    }
    free(lines);
    sha256_final(hash, &digest);
    digest_to_hex(&digest, hex);
    return xprintf("sha256:%s", hex);
}

/* PEP 610: where it came from, where that was not an index. */
static void take_origin(struct distribution *item, const struct buffer *text)
{
    _cleanup_(json_free) cJSON *json = NULL;
    struct mlops_error none = {0};
    const cJSON *hash;
    if (json_parse(text->data, text->length, "direct_url.json", &json, &none))
        return; /* somebody's tool wrote something else: the version stands all the same */
    const char *url = json_string(json, "url", NULL);
    const cJSON *vcs = cJSON_GetObjectItemCaseSensitive(json, "vcs_info");
    const cJSON *archive = cJSON_GetObjectItemCaseSensitive(json, "archive_info");
    const char *commit = json_string(vcs, "commit_id", NULL);
    if (url && commit)
        item->source = xprintf("%s+%s@%s", json_string(vcs, "vcs", "git"), url, commit);
    else if (url && !str_starts(url, "file:")) /* a path says where it lay on this machine */
        item->source = xstrdup(url);
    cJSON_ArrayForEach(hash, cJSON_GetObjectItemCaseSensitive(archive, "hashes"))
    {
        if (!cJSON_IsString(hash))
            continue;
        _cleanup_(free_string) char *digest = xprintf("%s:%s", hash->string, hash->valuestring);
        distribution_add_hash(item, digest);
    }
}

/* Read a file of the dist-info folder; false where it is not there. */
static bool read_in(const char *folder, const char *name, size_t max, struct buffer *text)
{
    char path[4096];
    struct mlops_error none = {0};
    buffer_reset(text);
    return snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path) &&
           file_read(path, max, text, &none) == MLOPS_OK && text->length > 0 &&
           !memchr(text->data, '\0', text->length);
}

static int take_dist_info(const char *site, const char *entry, struct lock *lock,
                          struct buffer *text, struct mlops_error *err)
{
    _cleanup_(free_string) char *folder = path_join(site, entry);
    _cleanup_(free_string) char *name = NULL, *version = NULL;
    bool egg = str_ends(entry, ".egg-info");
    if (read_in(folder, egg ? "PKG-INFO" : "METADATA", SMALL_MAX, text))
        metadata_read(text->data, text->length, &name, &version);
    if (!name || !version || !utf8_valid(name, strlen(name)) ||
        !utf8_valid(version, strlen(version)))
        return MLOPS_OK; /* what an interrupted installation leaves; pip passes it over too */
    TRY(lock_check_room(lock, site, err));
    struct distribution *item = lock_add(lock, DISTRIBUTION_PYPI, name, strlen(name), 0);
    item->text = xprintf("%s==%s", name, version);
    item->version = TAKE_PTR(version);
    item->pin = PIN_VERSION;
    if (!egg && read_in(folder, "RECORD", FILE_MAX, text))
        item->content = content_digest(text->data);
    if (!egg && read_in(folder, "direct_url.json", SMALL_MAX, text))
        take_origin(item, text);
    if (!egg && !item->source && read_in(folder, "INSTALLER", SMALL_MAX, text) &&
        str_starts(text->data, "conda"))
        item->source = xstrdup("conda"); /* which has a package for it under a name of its own */
    return MLOPS_OK;
}

/* The first of the places where a name is found is the one that Python imports. */
static void drop_repeated(struct lock *lock, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < lock->count; i++) {
        bool repeated = false;
        for (size_t j = 0; j < kept && !repeated; j++)
            repeated = lock->items[j].kind == lock->items[i].kind &&
                       str_equal(lock->items[j].key, lock->items[i].key);
        if (repeated)
            distribution_clear(&lock->items[i]);
        else
            lock->items[kept++] = lock->items[i];
    }
    lock->count = kept;
}

static int take_site(const char *site, struct lock *lock, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(free_strings) char **names = NULL;
    size_t from = lock->count;
    TRY(list(site, &names, err));
    for (size_t i = 0; names && names[i]; i++)
        if (str_ends(names[i], ".dist-info") || str_ends(names[i], ".egg-info"))
            TRY(take_dist_info(site, names[i], lock, &text, err));
    drop_repeated(lock, from);
    return MLOPS_OK;
}

/* ---- conda --------------------------------------------------------------------------------- */

static int take_conda_package(const char *folder, const char *name, struct captured *captured,
                              struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(folder, name);
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *json = NULL;
    TRY(file_read(path, FILE_MAX, &text, err));
    TRY(json_parse(text.data ? text.data : "", text.length, path, &json, err));
    const char *package = json_string(json, "name", NULL),
               *version = json_string(json, "version", NULL),
               *build = json_string(json, "build", NULL);
    if (!package || !version)
        return MLOPS_OK;
    TRY(lock_check_room(&captured->packages, path, err));
    struct distribution *item =
        lock_add(&captured->packages, DISTRIBUTION_CONDA, package, strlen(package), 0);
    item->version = xstrdup(version);
    item->build = build ? xstrdup(build) : NULL;
    item->pin = PIN_VERSION;
    item->text = xprintf("%s=%s=%s", package, version, build ? build : "");
    const char *sha256 = json_string(json, "sha256", NULL);
    item->source = json_copy_text(json, "url");
    if (sha256) {
        _cleanup_(free_string) char *hash = xprintf("sha256:%s", sha256);
        distribution_add_hash(item, hash);
    }
    if (str_equal(package, "python") && !captured->python) {
        captured->python = xstrdup(version);
        captured->implementation = xstrdup("CPython");
    }
    return MLOPS_OK;
}

static int take_conda(const char *prefix, struct captured *captured, struct mlops_error *err)
{
    _cleanup_(free_string) char *folder = path_join(prefix, "conda-meta");
    _cleanup_(free_strings) char **names = NULL;
    TRY(list(folder, &names, err));
    if (!names)
        return mlops_fail(err, MLOPS_IO, "cannot read folder '%s'", folder);
    for (size_t i = 0; names[i]; i++)
        if (str_ends(names[i], ".json"))
            TRY(take_conda_package(folder, names[i], captured, err));
    return MLOPS_OK;
}

/* ---- the environment --------------------------------------------------------------------- */

/* `key = value` of pyvenv.cfg, the key in any case; NULL: not there. */
static char *config_value(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, key, length) != 0)
            continue;
        const char *value = line + length + strspn(line + length, " \t");
        if (*value != '=')
            continue;
        value++;
        value += strspn(value, " \t");
        size_t size = strcspn(value, "\r\n");
        while (size > 0 && value[size - 1] == ' ')
            size--;
        return size ? xstrndup(value, size) : NULL;
    }
    return NULL;
}

/* venv writes "version = 3.11.7", virtualenv and uv "version_info = 3.11.7.final.0" and 3.11.7. */
static void take_version(const char *config, struct captured *captured)
{
    _cleanup_(free_string) char *version = config_value(config, "version");
    if (!version)
        version = config_value(config, "version_info");
    if (!version)
        return;
    version[strspn(version, "0123456789.")] = '\0';
    size_t length = strlen(version);
    while (length > 0 && version[length - 1] == '.')
        version[--length] = '\0';
    char *implementation = config_value(config, "implementation");
    if (length > 0) {
        captured->python = TAKE_PTR(version);
        captured->implementation = implementation ? implementation : xstrdup("CPython");
    } else {
        free(implementation);
    }
}

/* Where packages are: in `inside` of each folder of `folder` whose name matches. */
struct sites {
    const char *folder, *names, *inside;
};

static int take_sites(const char *prefix, const struct sites *sites, size_t count,
                      struct captured *captured, struct mlops_error *err)
{
    for (size_t i = 0; i < count; i++) {
        _cleanup_(free_string) char *folder = path_join(prefix, sites[i].folder);
        _cleanup_(free_strings) char **names = NULL;
        TRY(list(folder, &names, err));
        for (size_t j = 0; names && names[j]; j++) {
            _cleanup_(free_string) char *site =
                xprintf("%s/%s/%s", folder, names[j], sites[i].inside);
            if (fnmatch(sites[i].names, names[j], 0) == 0)
                TRY(take_site(site, &captured->packages, err));
        }
    }
    return MLOPS_OK;
}

static int take_system(const char *root, struct captured *captured, struct mlops_error *err)
{
    static const struct sites sites[] = {{"usr/local/lib", "python3*", "dist-packages"},
                                         {"usr/local/lib", "python3*", "site-packages"},
                                         {"usr/lib", "python3", "dist-packages"},
                                         {"usr/lib", "python3*", "site-packages"}};
    return take_sites(root, sites, ARRAY_LENGTH(sites), captured, err);
}

static bool is_on(const char *value)
{
    return value && strcasecmp(value, "true") == 0;
}

int capture_installed(const char *prefix, const char *root, struct captured *captured,
                      struct mlops_error *err)
{
    static const struct sites sites[] = {{"lib", "python3*", "site-packages"},
                                         {"lib", "pypy3*", "site-packages"}};
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (!prefix)
        return take_system(root, captured, err);
    _cleanup_(free_string) char *config = path_join(prefix, "pyvenv.cfg");
    _cleanup_(free_string) char *meta = path_join(prefix, "conda-meta");
    bool conda = path_exists(meta);
    if (!path_exists(config) && !conda) {
        mlops_fail(err, MLOPS_NOT_FOUND, "'%s' is no virtual environment and no conda environment",
                   prefix);
        return mlops_hint(err, "it would have a file pyvenv.cfg or a folder conda-meta; name "
                               "another one with --venv");
    }
    if (conda)
        TRY(take_conda(prefix, captured, err));
    if (path_exists(config)) {
        TRY(file_read(config, SMALL_MAX, &text, err));
        take_version(text.data ? text.data : "", captured);
    }
    TRY(take_sites(prefix, sites, ARRAY_LENGTH(sites), captured, err));
    _cleanup_(free_string) char *outside =
        config_value(text.data ? text.data : "", "include-system-site-packages");
    return is_on(outside) ? take_system(root, captured, err) : MLOPS_OK;
}
