/* lib/bundle/external.c - data brought from outside, verified while it comes. */
#include "bundle/external.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/http.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/git.h"
#include "registry/registry.h"
#include "store/s3.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define BLOCK (1U << 20)
#define S3_BLOCK (8U << 20)

bool external_is_address(const char *url)
{
    static const char *const schemes[] = {"https://", "http://", "file:///", "s3://"};
    for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++)
        if (str_starts(url, schemes[i]) && url[strlen(schemes[i])])
            return true;
    return false;
}

char *external_address(const char *url)
{
    return str_starts(url, "s3://") ? xstrdup(url) : git_strip_credentials(url);
}

/* ---- what comes in -------------------------------------------------------------------------- */

struct incoming {
    const struct mlops_registry *registry;
    const struct external_source *source;
    int fd;
    struct sha256 *hash;
    uint64_t got;
};

static int check_cancelled(const struct incoming *incoming, struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(incoming->registry);
    if (observer && observer->cancelled && observer->cancelled(observer->context))
        return mlops_fail(err, MLOPS_CANCELLED, "stopped while data was fetched");
    if (observer && observer->progress)
        observer->progress(observer->context, "fetching", incoming->got,
                           incoming->source->size < EXTERNAL_SIZE_MAX ? incoming->source->size : 0);
    return MLOPS_OK;
}

static int refuse_size(const struct incoming *incoming, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INTEGRITY,
                      "it has %s%" PRIu64 " bytes, where %" PRIu64 " were declared",
                      incoming->got > incoming->source->size ? "at least " : "", incoming->got,
                      incoming->source->size);
}

/* A sink as base/http.h wants it: an attempt that begins anew begins at 0. */
static int take(void *context, uint64_t offset, const void *data, size_t length,
                struct mlops_error *err)
{
    struct incoming *incoming = context;
    struct digest unused;
    if (offset == 0 && incoming->got > 0) {
        if (ftruncate(incoming->fd, 0) < 0 || lseek(incoming->fd, 0, SEEK_SET) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "write what was fetched");
        sha256_final(incoming->hash, &unused);
        incoming->got = 0;
    }
    incoming->got += length;
    if (incoming->got > incoming->source->size)
        return refuse_size(incoming, err);
    TRY(check_cancelled(incoming, err));
    sha256_update(incoming->hash, data, length);
    return fd_write_full(incoming->fd, data, length, err);
}

/* ---- by scheme ------------------------------------------------------------------------------ */

static int fetch_http(struct incoming *incoming, struct mlops_error *err)
{
    _cleanup_(http_client_free_ptr) struct http_client *client = NULL;
    _cleanup_(http_response_clear) struct http_response response = {0};
    const struct http_client_options options = {.observer = registry_observer(incoming->registry)};
    const struct http_request request = {.method = "GET",
                                         .url = incoming->source->url,
                                         .sink = take,
                                         .context = incoming,
                                         .follow = true};
    TRY(http_client_new(&options, &client, err));
    TRY(http_send(client, &request, &response, err));
    if (response.status / 100 == 2)
        return MLOPS_OK;
    bool gone = response.status == 404 || response.status == 410;
    return http_fail_status(&request, &response, gone ? MLOPS_NOT_FOUND : MLOPS_IO, NULL, err);
}

static int fetch_file(struct incoming *incoming, struct mlops_error *err)
{
    const char *path = incoming->source->url + strlen("file://");
    _cleanup_(free_string) char *block = xmalloc(BLOCK);
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (fd < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "read '%s'", path);
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return mlops_fail(err, MLOPS_NOT_FOUND, "'%s' is no file", path);
    for (size_t got = 1; got > 0;) {
        TRY(fd_read_full(fd, block, BLOCK, &got, err));
        TRY(take(incoming, incoming->got, block, got, err));
    }
    return MLOPS_OK;
}

/* "s3://BUCKET/KEY?…" in the bucket's own address and the key; the caller frees both. */
static int cut_s3(const char *url, char **bucket, char **key, struct mlops_error *err)
{
    const char *name = url + strlen("s3://"), *query = name + strcspn(name, "?");
    const char *slash = memchr(name, '/', (size_t)(query - name));
    if (!slash || slash == name || slash + 1 == query)
        return mlops_fail(err, MLOPS_INVALID, "'%s' names no object: s3://BUCKET/KEY", url);
    *bucket = xprintf("s3://%.*s%s", (int)(slash - name), name, query);
    *key = xstrndup(slash + 1, (size_t)(query - slash - 1));
    return MLOPS_OK;
}

static int fetch_s3(struct incoming *incoming, struct mlops_error *err)
{
    struct s3_config config = {0};
    _cleanup_(s3_close_ptr) struct s3 *s3 = NULL;
    _cleanup_(free_string) char *bucket = NULL, *key = NULL, *block = xmalloc(S3_BLOCK);
    uint64_t size;
    TRY(cut_s3(incoming->source->url, &bucket, &key, err));
    if (s3_config_parse(bucket, &config, err)) {
        s3_config_clear(&config);
        return (int)err->code;
    }
    TRY(s3_open(&config, registry_observer(incoming->registry), &s3, err));
    TRY(s3_head(s3, key, &size, err));
    while (incoming->got < size) {
        uint64_t left = size - incoming->got;
        size_t got = 0;
        TRY(s3_get(s3, key, incoming->got, block, left < S3_BLOCK ? (size_t)left : S3_BLOCK, &got,
                   NULL, err));
        if (got == 0)
            break; /* it became shorter; the digest will say */
        TRY(take(incoming, incoming->got, block, got, err));
    }
    return MLOPS_OK;
}

static int fetch_any(struct incoming *incoming, struct mlops_error *err)
{
    const char *url = incoming->source->url;
    if (str_starts(url, "s3://"))
        return fetch_s3(incoming, err);
    if (str_starts(url, "file://"))
        return fetch_file(incoming, err);
    return fetch_http(incoming, err);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int check(const struct incoming *incoming, struct mlops_error *err)
{
    char found[SHA256_HEX_SIZE], wanted[SHA256_HEX_SIZE];
    struct digest digest;
    if (incoming->source->size < EXTERNAL_SIZE_MAX && incoming->got != incoming->source->size)
        return refuse_size(incoming, err);
    sha256_final(incoming->hash, &digest);
    if (digest_equal(&digest, incoming->source->digest))
        return MLOPS_OK;
    digest_to_hex(&digest, found);
    digest_to_hex(incoming->source->digest, wanted);
    return mlops_fail(err, MLOPS_INTEGRITY, "it has sha256 %s, where %s was declared", found,
                      wanted);
}

static int fetch_to(struct incoming *incoming, const char *part, const char *path,
                    struct mlops_error *err)
{
    incoming->fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (incoming->fd < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", part);
    int code = fetch_any(incoming, err);
    if (code == MLOPS_OK)
        code = check(incoming, err);
    fd_close(&incoming->fd);
    if (code == MLOPS_OK && rename(part, path) < 0)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", part, path);
    return code;
}

int external_fetch(const struct mlops_registry *registry, const struct external_source *source,
                   const char *path, struct mlops_error *err)
{
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    struct incoming incoming = {.registry = registry, .source = source, .fd = -1, .hash = hash};
    _cleanup_(free_string) char *folder = path_parent(path), *temporary = NULL;
    struct mlops_error ignored = {0};
    struct digest there;
    if (!external_is_address(source->url))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no address of http, https, file or s3",
                          source->url);
    if (path_exists(path) && file_digest(path, &there, &ignored) == MLOPS_OK &&
        digest_equal(&there, source->digest))
        return MLOPS_OK;
    TRY(directory_make(folder, 0755, err));
    TRY(directory_make_temporary(folder, ".mlops-fetch", &temporary, err));
    _cleanup_(free_string) char *part = path_join(temporary, "part");
    int code = fetch_to(&incoming, part, path, err);
    (void)tree_remove(temporary, &ignored); /* what matters is whether the data came */
    if (code == MLOPS_OK)
        return MLOPS_OK;
    _cleanup_(free_string) char *plain = external_address(source->url);
    _cleanup_(free_string) char *shown = escape_name(plain);
    return mlops_wrap(err, "fetch %s", shown);
}

/* ---- of a manifest -------------------------------------------------------------------------- */

/* Where it can be fetched from; NULL: nowhere that is known. */
static const char *address_of(const cJSON *data)
{
    const char *url = json_string(data, "url", NULL), *source = json_string(data, "source", NULL);
    return url ? url : source && external_is_address(source) ? source : NULL;
}

int external_fetch_all(const struct mlops_registry *registry, const struct manifest *manifest,
                       const char *directory, struct mlops_error *err)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(manifest->json, "data"), *data;
    cJSON_ArrayForEach(data, all)
    {
        const char *path = json_string(data, "path", ""), *hex = json_string(data, "sha256", "");
        const char *url = address_of(data);
        struct digest digest;
        if (json_bool(data, "copy", true))
            continue;
        if (!url || !digest_from_hex(hex, strlen(hex), &digest))
            return mlops_fail(err, MLOPS_INVALID,
                              "'%s' is not in the bundle, which knows no address to fetch it from",
                              path);
        _cleanup_(free_string) char *full = path_join(directory, path);
        const struct external_source source = {
            .url = url, .digest = &digest, .size = json_u64(data, "size", EXTERNAL_SIZE_MAX)};
        if (external_fetch(registry, &source, full, err))
            return mlops_wrap(err, "the data '%s'", data->string);
    }
    return MLOPS_OK;
}

void external_tell(const struct mlops_registry *registry, const struct manifest *manifest)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(manifest->json, "data"), *data;
    cJSON_ArrayForEach(data, all)
    {
        const char *where = json_string(data, "url", json_string(data, "source", NULL));
        if (json_bool(data, "copy", true))
            continue;
        _cleanup_(free_string) char *shown = where ? escape_name(where) : NULL;
        registry_warn(registry,
                      "'%s' is not in the bundle ('copy: false'): bring it%s%s, with sha256 "
                      "%.64s%s",
                      json_string(data, "path", "?"), shown ? " from " : "", shown ? shown : "",
                      json_string(data, "sha256", "?"),
                      address_of(data) ? "; --fetch does so" : "");
    }
}
