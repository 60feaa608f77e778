/* lib/environment/lock_other.c - Pipfile.lock, and the base images of Containerfiles. */
#include "base/json.h"
#include "environment/lock_readers.h"
#include <strings.h>

#define STAGES_MAX 1000 /* of a Containerfile */

/* ---- Pipfile.lock -------------------------------------------------------------------------- */

/* "default" and "develop": {"name": {"version": "==1.2", "hashes": […], "markers": "…"}}. */
static int take_group(const struct lock_options *options, struct lock *lock, const cJSON *group,
                      bool optional, struct mlops_error *err)
{
    const cJSON *package, *hash;
    cJSON_ArrayForEach(package, group)
    {
        const char *version = json_string(package, "version", ""), *name = package->string;
        const char *commit = json_string(package, "ref", NULL);
        const char *url = json_string(package, "git", json_string(package, "file", NULL));
        const char *marker = json_string(package, "markers", NULL);
        if (!cJSON_IsObject(package) || !*name)
            continue;
        TRY(lock_check_room(lock, options->path, err));
        struct distribution *item = lock_add(lock, DISTRIBUTION_PYPI, name, strlen(name), 0);
        item->optional = optional;
        if (str_starts(version, "==")) {
            item->version = xstrdup(version + strspn(version, "= "));
            item->pin = PIN_VERSION;
        }
        item->text = xprintf("%s%s", name, version);
        item->marker = marker ? xstrdup(marker) : NULL;
        cJSON_ArrayForEach(hash, cJSON_GetObjectItemCaseSensitive(package, "hashes"))
        {
            if (cJSON_IsString(hash))
                distribution_add_hash(item, hash->valuestring);
        }
        item->source = url ? xstrdup(url) : NULL;
        if (url && (commit || item->hash_count > 0))
            item->pin = PIN_SOURCE;
        if (json_string(package, "path", NULL))
            item->pin = PIN_SOURCE;
    }
    return MLOPS_OK;
}

int lock_read_pipfile(const struct lock_options *options, struct lock *lock,
                      struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *root = NULL;
    TRY(json_parse(options->text, options->length, options->path, &root, err));
    const cJSON *main = cJSON_GetObjectItemCaseSensitive(root, "default");
    if (!cJSON_IsObject(main)) {
        lock->format = LOCK_UNKNOWN; /* some other JSON */
        return MLOPS_OK;
    }
    const cJSON *meta = cJSON_GetObjectItemCaseSensitive(root, "_meta");
    const char *python =
        json_string(cJSON_GetObjectItemCaseSensitive(meta, "requires"), "python_version", NULL);
    lock->python = python ? xprintf("==%s.*", python) : NULL;
    TRY(take_group(options, lock, main, false, err));
    return take_group(options, lock, cJSON_GetObjectItemCaseSensitive(root, "develop"), true, err);
}

/* ---- Containerfile ------------------------------------------------------------------------- */

/* FROM [--platform=…] IMAGE [AS NAME]; IMAGE is pinned by "@sha256:…", and may be an earlier
 * NAME. */
static void take_from(struct lock *lock, char *line, int number)
{
    char *state = NULL, *word = strtok_r(line, " \t", &state);
    do
        word = strtok_r(NULL, " \t", &state);
    while (word && str_starts(word, "--"));
    if (!word || str_equal(word, "scratch"))
        return;
    for (size_t i = 0; i < lock->count; i++)
        if (lock->items[i].build && strcasecmp(lock->items[i].build, word) == 0)
            return;
    const char *at = strstr(word, "@sha256:");
    struct distribution *item =
        lock_add(lock, DISTRIBUTION_IMAGE, word, at ? (size_t)(at - word) : strlen(word), number);
    item->text = xstrdup(word);
    if (at)
        distribution_add_hash(item, at + 1);
    item->pin = item->hash_count > 0 ? PIN_SOURCE : PIN_NONE;
    item->version = at ? xstrdup(at + 1) : NULL;
    const char *as = strtok_r(NULL, " \t", &state), *name = strtok_r(NULL, " \t", &state);
    if (as && name && strcasecmp(as, "AS") == 0)
        item->build = xstrdup(name); /* what later lines call it */
}

int lock_read_containerfile(const struct lock_options *options, struct lock *lock,
                            struct mlops_error *err)
{
    const char *line = options->text, *end = line + options->length;
    for (int number = 1; line && line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((stop ? stop : end) - line);
        while (length > 0 && strchr(" \t\r", line[length - 1]))
            length--;
        if (lock->count == STAGES_MAX)
            return mlops_fail(err, MLOPS_INVALID, "%s: more than %d stages", options->path,
                              STAGES_MAX);
        if (length > 5 && strncasecmp(line, "FROM", 4) == 0 && strchr(" \t", line[4]) &&
            !memchr(line, '\0', length)) {
            _cleanup_(free_string) char *text = xstrndup(line, length);
            take_from(lock, text, number);
        }
        line = stop ? stop + 1 : NULL;
    }
    return MLOPS_OK;
}
