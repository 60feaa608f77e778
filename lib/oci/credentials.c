/* lib/oci/credentials.c - Docker's config.json, and the docker-credential-* programs. */
#include "oci/credentials.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/process.h"
#include <stdio.h>
#include <strings.h>

#define CONFIG_MAX (1U << 20)
#define HELPER_TIMEOUT_NS 30000000000LL
#define DOCKER_HUB "docker.io"
#define DOCKER_HUB_KEY "https://index.docker.io/v1/"

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void oci_credentials_clear(struct oci_credentials *credentials)
{
    wipe(credentials->user);
    wipe(credentials->password);
    wipe(credentials->identity_token);
    *credentials = (struct oci_credentials){0};
}

static void wipe_buffer(struct buffer *buffer)
{
    if (buffer->data)
        explicit_bzero(buffer->data, buffer->capacity);
    buffer_clear(buffer);
}

/* "user:password" in base64. */
static int take_auth(const char *auth, const char *path, const char *key,
                     struct oci_credentials *credentials, struct mlops_error *err)
{
    _cleanup_(wipe_buffer) struct buffer plain = {0};
    char *colon = NULL;
    if (base64_read(auth, strlen(auth), &plain) && plain.data &&
        !memchr(plain.data, 0, plain.length))
        colon = strchr(plain.data, ':');
    if (!colon)
        return mlops_fail(err, MLOPS_INVALID,
                          "'%s': auths: '%s': its 'auth' is not USER:PASSWORD "
                          "in base64",
                          path, key);
    credentials->user = xstrndup(plain.data, (size_t)(colon - plain.data));
    credentials->password = xstrdup(colon + 1);
    return MLOPS_OK;
}

static int take_entry(const cJSON *entry, const char *path, struct oci_credentials *credentials,
                      struct mlops_error *err)
{
    const char *auth = json_string(entry, "auth", NULL);
    const char *token = json_string(entry, "identitytoken", NULL);
    if (auth && *auth)
        TRY(take_auth(auth, path, entry->string, credentials, err));
    if (token && *token)
        credentials->identity_token = xstrdup(token);
    return MLOPS_OK;
}

/* The host of a key, which may be written with a scheme and a path. */
static bool key_is_of(const char *key, const char *host)
{
    if (str_starts(key, "https://"))
        key += 8;
    else if (str_starts(key, "http://"))
        key += 7;
    size_t length = strcspn(key, "/");
    return length == strlen(host) && strncasecmp(key, host, length) == 0;
}

static const cJSON *find_entry(const cJSON *auths, const char *host)
{
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(auths, host);
    if (!entry && str_equal(host, DOCKER_HUB))
        entry = cJSON_GetObjectItemCaseSensitive(auths, DOCKER_HUB_KEY);
    if (entry || !auths)
        return entry;
    cJSON_ArrayForEach(entry, auths) if (key_is_of(entry->string, host)) return entry;
    return NULL;
}

static int take_answer(const struct buffer *answer, const char *program,
                       struct oci_credentials *credentials, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = NULL;
    struct mlops_error ignored = {0}; /* its message could quote what was read */
    if (json_parse(answer->data ? answer->data : "", answer->length, program, &json, &ignored))
        return mlops_fail(err, MLOPS_IO, "'%s get' prints no JSON", program);
    const char *user = json_string(json, "Username", NULL);
    const char *secret = json_string(json, "Secret", NULL);
    if (!user || !secret)
        return mlops_fail(err, MLOPS_IO, "'%s get' prints neither user nor secret", program);
    if (str_equal(user, "<token>")) {
        credentials->identity_token = xstrdup(secret);
        return MLOPS_OK;
    }
    credentials->user = xstrdup(user);
    credentials->password = xstrdup(secret);
    return MLOPS_OK;
}

/* A helper that ends with 1 has nothing for the host: that is an answer. */
static int ask_helper(const char *name, const char *host, struct oci_credentials *credentials,
                      struct mlops_error *err)
{
    struct process_result result = {0};
    const char *key = str_equal(host, DOCKER_HUB) ? DOCKER_HUB_KEY : host;
    if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "._-")])
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not the name of a credential helper", name);
    _cleanup_(free_string) char *program = xprintf("docker-credential-%s", name);
    const char *const argv[] = {program, "get", NULL};
    const struct process_options options = {
        .argv = argv, .input = key, .input_length = strlen(key), .timeout_ns = HELPER_TIMEOUT_NS};
    int code = process_run(&options, &result, err);
    if (code)
        mlops_wrap(err, "ask for the credentials of '%s'", host);
    else if (result.timed_out)
        code = mlops_fail(err, MLOPS_IO, "'%s get' did not end within 30 s", program);
    else if (result.exit_status == 0)
        code = take_answer(&result.output, program, credentials, err);
    wipe_buffer(&result.output);
    process_result_clear(&result);
    return code;
}

int oci_credentials_read(const char *text, size_t length, const char *path, const char *host,
                         struct oci_credentials *credentials, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = NULL;
    *credentials = (struct oci_credentials){0};
    TRY(json_parse(text, length, path, &json, err));
    const cJSON *helpers = cJSON_GetObjectItemCaseSensitive(json, "credHelpers");
    const char *helper = json_string(helpers, host, json_string(json, "credsStore", NULL));
    if (helper && *helper)
        TRY(ask_helper(helper, host, credentials, err));
    if (credentials->user || credentials->identity_token)
        return MLOPS_OK;
    const cJSON *entry = find_entry(cJSON_GetObjectItemCaseSensitive(json, "auths"), host);
    return entry ? take_entry(entry, path, credentials, err) : MLOPS_OK;
}

int oci_credentials_find(const char *host, struct oci_credentials *credentials,
                         struct mlops_error *err)
{
    const char *folder = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
    _cleanup_(wipe_buffer) struct buffer text = {0};
    _cleanup_(free_string) char *path = NULL;
    struct mlops_error missing = {0};
    *credentials = (struct oci_credentials){0};
    if (folder && *folder)
        path = path_join(folder, "config.json");
    else if (home && *home)
        path = path_join(home, ".docker/config.json");
    else
        return MLOPS_OK;
    int code = file_read(path, CONFIG_MAX, &text, &missing);
    if (code == MLOPS_NOT_FOUND)
        return MLOPS_OK;
    if (code) {
        *err = missing;
        return code;
    }
    return oci_credentials_read(text.data ? text.data : "", text.length, path, host, credentials,
                                err);
}
