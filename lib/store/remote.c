/* lib/store/remote.c - making and joining a store in a bucket. */
#include "store/remote.h"
#include "base/file.h"
#include "base/path.h"
#include "store/backend_s3.h"
#include <errno.h>
#include <sys/random.h>

#define FILE_NAME "remote"
#define ADDRESS_MAX 4096
#define FORMAT_KEY "format"
#define FORMAT_MAX 64
#define CONDITIONAL "conditional-writes=yes"

static const char format_text[] = "mlops-store 1\n";

/* ---- asking the server ----------------------------------------------------------------------- */

/* The mark of a store: there, made, or not one that we know. */
static int find_mark(struct s3 *s3, struct mlops_error *err)
{
    char text[FORMAT_MAX];
    size_t got = 0;
    bool there;
    _cleanup_(free_string) char *name = s3_name(s3, FORMAT_KEY);
    int code = s3_get(s3, FORMAT_KEY, 0, text, sizeof(text), &got, NULL, err);
    if (code == MLOPS_NOT_FOUND)
        return s3_put(s3, FORMAT_KEY, format_text, strlen(format_text), false, &there, err);
    TRY(code);
    if (got == strlen(format_text) && memcmp(text, format_text, got) == 0)
        return MLOPS_OK;
    if (got > 12 && memcmp(text, "mlops-store ", 12) == 0) {
        mlops_fail(err, MLOPS_INVALID, "%s is of a store that this mlops cannot read", name);
        return mlops_hint(err, "use the mlops that made it, or a newer one");
    }
    mlops_fail(err, MLOPS_INVALID, "%s is there already and is not of a store", name);
    return mlops_hint(err, "choose another prefix");
}

/* Some servers pass over the condition without a word: then the second write goes through. An
 * object of its own, as the mark must not be spoilt by one that was made by another mlops
 * meanwhile. */
static int probe(struct s3 *s3, bool *conditional, struct mlops_error *err)
{
    uint64_t random = 0;
    bool there;
    *conditional = false;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return mlops_fail(err, MLOPS_IO, "the system has no random bytes");
    _cleanup_(free_string) char *key = xprintf("probe-%016llx", (unsigned long long)random);
    TRY(s3_put(s3, key, "1", 1, false, &there, err));
    struct mlops_error refused = {0};
    int code = s3_put(s3, key, "1", 1, true, &there, &refused);
    *conditional = code == MLOPS_OK && there;
    if (code == MLOPS_CANCELLED) {
        *err = refused;
        return code;
    }
    return s3_delete(s3, key, err); /* a server that refuses the condition is one without it */
}

/* ---- the folder ------------------------------------------------------------------------------ */

int remote_address(const char *directory, char **address, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(directory, FILE_NAME);
    _cleanup_(buffer_clear) struct buffer text = {0};
    *address = NULL;
    int code = file_read(path, ADDRESS_MAX, &text, err);
    if (code == MLOPS_NOT_FOUND) {
        *err = (struct mlops_error){0};
        return MLOPS_OK;
    }
    TRY(code);
    if (text.length < 2 || text.data[text.length - 1] != '\n' || strlen(text.data) != text.length ||
        strcspn(text.data, "\n") != text.length - 1)
        return mlops_fail(err, MLOPS_INTEGRITY, "'%s' is damaged: it is not one address", path);
    *address = xstrndup(text.data, text.length - 1);
    return MLOPS_OK;
}

/* Without what was found out about the server. The caller frees. */
static char *address_given(const char *address)
{
    char *text = xstrdup(address), *mark = strstr(text, CONDITIONAL);
    if (mark && mark > text)
        mark[-1] = '\0';
    return text;
}

static int check_free(const char *directory, const char *address, bool *done,
                      struct mlops_error *err)
{
    _cleanup_(free_string) char *present = NULL, *packs = path_join(directory, "packs");
    *done = false;
    TRY(remote_address(directory, &present, err));
    if (present) {
        _cleanup_(free_string) char *given = address_given(present);
        *done = str_equal(given, address);
        return *done ? MLOPS_OK
                     : mlops_fail(err, MLOPS_CONFLICT, "the objects lie at '%s' already", given);
    }
    _cleanup_(folder_close) DIR *folder = opendir(packs);
    const struct dirent *entry = NULL;
    if (!folder)
        return errno == ENOENT ? MLOPS_OK
                               : mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", packs);
    do {
        TRY(folder_next(folder, packs, &entry, err));
    } while (entry && entry->d_name[0] == '.'); /* of a writer that was killed */
    if (!entry)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_CONFLICT, "'%s' has packs of its own", packs);
    return mlops_hint(err, "make a new registry there, and copy this one to it");
}

int remote_make(const char *directory, const char *address, const struct mlops_observer *observer,
                struct mlops_error *err)
{
    struct s3_config config;
    _cleanup_(s3_close_ptr) struct s3 *s3 = NULL;
    _cleanup_(free_string) char *path = path_join(directory, FILE_NAME);
    bool done, conditional;
    TRY(s3_config_parse(address, &config, err));
    int code = check_free(directory, address, &done, err);
    if (code || done) {
        s3_config_clear(&config);
        return code;
    }
    TRY(s3_open(&config, observer, &s3, err));
    TRY(find_mark(s3, err));
    TRY(probe(s3, &conditional, err));
    _cleanup_(free_string) char *line =
        xprintf("%s%s%s\n", address, conditional ? strchr(address, '?') ? "&" : "?" : "",
                conditional ? CONDITIONAL : "");
    TRY(file_write_durable(path, line, strlen(line), 0644, err));
    return directory_sync(directory, err);
}

int remote_open(const char *directory, const char *address, const struct mlops_observer *observer,
                struct store_backend **backend, struct mlops_error *err)
{
    struct s3_config config;
    _cleanup_(free_string) char *cache = path_join(directory, "cache");
    TRY(s3_config_parse(address, &config, err));
    return backend_s3_open(&config, cache, observer, backend, err);
}
