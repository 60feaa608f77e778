/* lib/registry/shared.c - where the parts of a shared registry are. */
#include "registry/shared.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/path.h"
#include "registry/place.h"
#include "registry/postgres_url.h"
#include "store/store.h"

#define FILE_NAME "shared.json"
#define FILE_BYTES_MAX 65536
#define DIGITS 16 /* of the hash of a URL that name its folder */

void shared_clear(struct shared *shared)
{
    free(shared->metadata);
    free(shared->objects);
    *shared = (struct shared){0};
}

static int fail_damaged(const char *path, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_INTEGRITY, "%s does not say where the registry is", path);
    return mlops_hint(err, "its content is {\"metadata\": \"postgresql://USER@HOST/DATABASE\"}");
}

int shared_read(const char *folder, struct shared *shared, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(folder, FILE_NAME);
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *json = NULL;
    const char *metadata, *objects;

    *shared = (struct shared){0};
    if (!path_exists(path))
        return MLOPS_OK;
    TRY(file_read(path, FILE_BYTES_MAX, &text, err));
    if (json_parse(text.data ? text.data : "", text.length, path, &json, err))
        return fail_damaged(path, err);
    metadata = json_string(json, "metadata", "");
    objects = json_string(json, "objects", NULL);
    if (!postgres_url_is(metadata))
        return fail_damaged(path, err);
    shared->metadata = xstrdup(metadata);
    shared->objects = objects ? xstrdup(objects) : NULL;
    return MLOPS_OK;
}

int shared_write(const char *folder, const struct shared *shared, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(folder, FILE_NAME);
    _cleanup_(free_string) char *metadata = postgres_url_without_password(shared->metadata);
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();

    json_add_string(json, "metadata", metadata);
    json_add_text(json, "objects", shared->objects);
    TRY(json_write_canonical(json, &text, err));
    buffer_putc(&text, '\n');
    return file_write_durable(path, text.data, text.length, 0644, err);
}

/* $XDG_DATA_HOME/mlops/registries: what is in it, a log.key above all, cannot be found out
 * again. */
static int home(char **folder, struct mlops_error *err)
{
    const char *data = getenv("XDG_DATA_HOME"), *user = getenv("HOME");

    if (data && *data == '/') {
        *folder = path_join(data, "mlops/registries");
        return MLOPS_OK;
    }
    if (!user || *user != '/') {
        mlops_fail(err, MLOPS_INVALID,
                   "a registry's URL needs a folder for this user's part of it");
        return mlops_hint(err, "set HOME or XDG_DATA_HOME");
    }
    *folder = path_join(user, ".local/share/mlops/registries");
    return MLOPS_OK;
}

int shared_enter(const char *url, char **folder, struct mlops_error *err)
{
    _cleanup_(free_string) char *plain = postgres_url_without_password(url), *all = NULL;
    _cleanup_(free_string) char *own = NULL, *work = NULL;
    struct shared shared = {.metadata = plain};
    struct digest digest;
    char hex[SHA256_HEX_SIZE];
    bool is;

    TRY(home(&all, err));
    sha256_of(plain, strlen(plain), &digest);
    digest_to_hex(&digest, hex);
    hex[DIGITS] = '\0';
    own = path_join(all, hex);
    TRY(place_is_registry(own, &is, err));
    if (!is) { /* each file is whole or not there, and the last one says that the others are */
        work = path_join(own, "tmp");
        TRY(directory_make(work, 0700, err));
        TRY(shared_write(own, &shared, err));
        TRY(place_format_write(own, err));
    }
    *folder = TAKE_PTR(own);
    return MLOPS_OK;
}

/* A bucket's packs have an index in the folder, which is made when it is missing. */
static int bucket_place(const char *folder, const char *address, char **place,
                        struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(folder, "objects");

    if (!path_exists(path)) {
        TRY(directory_make(path, 0777, err));
        TRY(store_init_at(path, address, NULL, err));
    }
    *place = TAKE_PTR(path);
    return MLOPS_OK;
}

int shared_objects_place(const char *folder, const char *objects, char **place,
                         struct mlops_error *err)
{
    if (str_starts(objects, "file:///")) {
        *place = xstrdup(objects + strlen("file://"));
        return MLOPS_OK;
    }
    if (str_starts(objects, "s3://"))
        return bucket_place(folder, objects, place, err);
    if (!strstr(objects, "://")) {
        *place = path_join(folder, objects);
        return MLOPS_OK;
    }
    mlops_fail(err, MLOPS_INVALID, "objects cannot be at '%s'", objects);
    return mlops_hint(err,
                      "name what everybody reaches: file:///srv/objects or s3://BUCKET/PREFIX");
}
