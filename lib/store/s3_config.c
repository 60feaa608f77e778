/* lib/store/s3_config.c - addresses of buckets, and the environment. */
#include "store/s3_config.h"
#include "base/buffer.h"
#include "store/aws_profile.h"
#include <ctype.h>
#include <mlops/text.h>
#include <openssl/crypto.h>

#define PART_MIN (5ULL << 20)
#define PART_MAX (5ULL << 30)
#define SCHEME "s3://"
#define CACHE_BYTES (10ULL << 30)
#define BUCKET_MIN 3
#define BUCKET_MAX 63
#define PREFIX_MAX 512
#define ATTEMPTS_MAX 100

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c - 'A' + 10;
}

/* "%2F" as "/"; the caller frees. */
static char *decode(const char *text, size_t length)
{
    char *out = xmalloc(length + 1);
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        bool coded = text[i] == '%' && i + 2 < length && isxdigit((unsigned char)text[i + 1]) &&
                     isxdigit((unsigned char)text[i + 2]);
        out[at++] = coded ? (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
        i += coded ? 2 : 0;
    }
    out[at] = '\0';
    return out;
}

/* ---- the address ----------------------------------------------------------------------------- */

static int check_bucket(const char *bucket, struct mlops_error *err)
{
    size_t length = strlen(bucket);
    if (length >= BUCKET_MIN && length <= BUCKET_MAX && isalnum((unsigned char)bucket[0]) &&
        strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "'%s' is not the name of a bucket", bucket);
    return mlops_hint(err, "the address is s3://BUCKET/PREFIX; a bucket's name has 3 to 63 "
                           "lower-case letters, digits, dots and hyphens");
}

/* Letters that need no thought anywhere: in keys, addresses and signatures. */
static int set_prefix(struct s3_config *config, const char *text, size_t length,
                      struct mlops_error *err)
{
    while (length > 0 && text[length - 1] == '/')
        length--;
    config->prefix = length > 0 ? xprintf("%.*s/", (int)length, text) : xstrdup("");
    if (length <= PREFIX_MAX && text[0] != '/' && !strstr(config->prefix, "//") &&
        !strstr(config->prefix, "../") && !str_starts(config->prefix, "./") &&
        strspn(config->prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                               "0123456789-._/=+@,") == strlen(config->prefix))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "'%.*s' cannot be a prefix in a bucket", (int)length, text);
    return mlops_hint(err, "use letters, digits and - . _ = + @ , with single slashes between");
}

static int set_endpoint(struct s3_config *config, const char *url, struct mlops_error *err)
{
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    free(config->endpoint);
    config->endpoint = xstrndup(url, length);
    const char *host = strstr(config->endpoint, "://");
    if (host &&
        (str_starts(config->endpoint, "https://") || str_starts(config->endpoint, "http://")) &&
        host[3] && !strpbrk(host + 3, "/?#@ "))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID,
               "the endpoint of S3 is not an address like "
               "https://s3.example.org:9000");
    return mlops_hint(err, "scheme, host and port, no path and no user");
}

static int parse_size(const char *what, const char *text, uint64_t *bytes, struct mlops_error *err)
{
    static const char units[] = "KMGT";
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (!isdigit((unsigned char)*text) || (*end && (!unit || end[1])) || number > (1ULL << 40))
        return mlops_fail(err, MLOPS_INVALID,
                          "the size of %s, '%s', is not a number with K, M, G or T", what, text);
    *bytes = number << (unit ? 10 * (unit - units + 1) : 0);
    return MLOPS_OK;
}

static int set_part_size(struct s3_config *config, const char *text, struct mlops_error *err)
{
    TRY(parse_size("parts", text, &config->part_bytes, err));
    if (config->part_bytes >= PART_MIN && config->part_bytes <= PART_MAX)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "S3 takes parts of 5M to 5G, and none of '%s'", text);
}

static int set_one(struct s3_config *config, const char *name, char **value,
                   struct mlops_error *err)
{
    static const char *const names[] = {
        "endpoint", "region", "style", "profile",   "sse",
        "kms-key",  "ca",     "cache", "part-size", "conditional-writes",
        NULL};
    struct {
        const char *name;
        char **member;
    } const texts[] = {{"region", &config->region},
                       {"profile", &config->profile},
                       {"sse", &config->sse},
                       {"kms-key", &config->kms_key},
                       {"ca", &config->ca_file}};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (str_equal(name, texts[i].name)) {
            free(*texts[i].member);
            *texts[i].member = TAKE_PTR(*value);
            return MLOPS_OK;
        }
    if (str_equal(name, "endpoint"))
        return set_endpoint(config, *value, err);
    if (str_equal(name, "cache"))
        return parse_size("the cache", *value, &config->cache_bytes, err);
    if (str_equal(name, "part-size"))
        return set_part_size(config, *value, err);
    if (str_equal(name, "style") && (str_equal(*value, "path") || str_equal(*value, "host"))) {
        config->path_style = str_equal(*value, "path");
        return MLOPS_OK;
    }
    if (str_equal(name, "conditional-writes")) {
        config->conditional = str_equal(*value, "yes");
        return MLOPS_OK;
    }
    if (str_equal(name, "style"))
        return mlops_fail(err, MLOPS_INVALID, "style is path or host, not '%s'", *value);
    /* what stands there may be a secret that does not belong there */
    mlops_fail(err, MLOPS_INVALID, "'%s' is not a setting of an S3 address", name);
    const char *near = mlops_suggest(name, names);
    return near ? mlops_hint(err, "did you mean '%s'?", near)
                : mlops_hint(err, "settings are endpoint, region, style, profile, sse, kms-key, "
                                  "ca, cache and part-size; credentials come from the "
                                  "environment or ~/.aws");
}

static int set_query(struct s3_config *config, const char *query, bool *styled,
                     struct mlops_error *err)
{
    while (*query) {
        size_t length = strcspn(query, "&"), name_length = strcspn(query, "=&");
        _cleanup_(free_string) char *name = decode(query, name_length);
        _cleanup_(free_string) char *value =
            name_length < length ? decode(query + name_length + 1, length - name_length - 1)
                                 : xstrdup("");
        *styled |= str_equal(name, "style");
        TRY(set_one(config, name, &value, err));
        query += length + (query[length] == '&');
    }
    return MLOPS_OK;
}

static int parse(const char *url, struct s3_config *config, struct mlops_error *err)
{
    bool styled = false;
    if (!str_starts(url, SCHEME))
        return mlops_fail(err, MLOPS_INVALID, "the address does not begin with " SCHEME);
    const char *bucket = url + strlen(SCHEME), *prefix = bucket + strcspn(bucket, "/?");
    config->cache_bytes = CACHE_BYTES;
    config->bucket = xstrndup(bucket, (size_t)(prefix - bucket));
    TRY(check_bucket(config->bucket, err));
    prefix += *prefix == '/';
    TRY(set_prefix(config, prefix, strcspn(prefix, "?"), err));
    const char *query = strchr(prefix, '?');
    if (query)
        TRY(set_query(config, query + 1, &styled, err));
    /* a certificate for *.s3.amazonaws.com is none for a name with dots in front of it */
    if (!styled)
        config->path_style = config->endpoint || strchr(config->bucket, '.');
    return MLOPS_OK;
}

int s3_config_parse(const char *url, struct s3_config *config, struct mlops_error *err)
{
    *config = (struct s3_config){0};
    int code = parse(url, config, err);
    if (code)
        s3_config_clear(config);
    return code;
}

void s3_config_clear(struct s3_config *config)
{
    free(config->bucket);
    free(config->prefix);
    free(config->endpoint);
    free(config->region);
    free(config->profile);
    free(config->sse);
    free(config->kms_key);
    free(config->ca_file);
    *config = (struct s3_config){0};
}

/* ---- the environment ------------------------------------------------------------------------- */

/* The first of the variables that is set and not empty, or the profile's `key`, or NULL. */
static int find(const struct s3_config *config, const char *first, const char *second,
                const char *key, char **value, struct mlops_error *err)
{
    const char *names[] = {first, second};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const char *text = names[i] ? getenv(names[i]) : NULL;
        if (text && *text) {
            *value = xstrdup(text);
            return MLOPS_OK;
        }
    }
    return aws_profile_value(config->profile, key, value, err);
}

int s3_config_complete(struct s3_config *config, struct mlops_error *err)
{
    _cleanup_(free_string) char *endpoint = NULL, *attempts = NULL;
    if (!config->endpoint) {
        TRY(find(config, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "endpoint_url", &endpoint,
                 err));
        if (endpoint && *endpoint) {
            TRY(set_endpoint(config, endpoint, err));
            config->path_style = true;
        }
    }
    if (!config->region)
        TRY(find(config, "AWS_REGION", "AWS_DEFAULT_REGION", "region", &config->region, err));
    if (!config->region)
        config->region = xstrdup("us-east-1");
    if (!config->ca_file)
        TRY(find(config, "AWS_CA_BUNDLE", NULL, "ca_bundle", &config->ca_file, err));
    TRY(find(config, "AWS_MAX_ATTEMPTS", NULL, "max_attempts", &attempts, err));
    unsigned long number = attempts ? strtoul(attempts, NULL, 10) : 0;
    config->attempts = number > ATTEMPTS_MAX ? ATTEMPTS_MAX : (unsigned)number;
    if (strspn(config->region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(config->region) ||
        !*config->region)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is not an AWS region", config->region);
    return MLOPS_OK;
}

/* ---- credentials ----------------------------------------------------------------------------- */

static void wipe(char **secret)
{
    if (*secret)
        OPENSSL_cleanse(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

void s3_credentials_clear(struct s3_credentials *credentials)
{
    wipe(&credentials->access_key);
    wipe(&credentials->secret_key);
    wipe(&credentials->session_token);
}

static bool from_environment(struct s3_credentials *credentials)
{
    const char *access = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
    const char *token = getenv("AWS_SESSION_TOKEN");
    if (!access || !*access || !secret || !*secret)
        return false;
    credentials->access_key = xstrdup(access);
    credentials->secret_key = xstrdup(secret);
    credentials->session_token = token && *token ? xstrdup(token) : NULL;
    return true;
}

static int fail_none(const struct s3_config *config, struct mlops_error *err)
{
    static const char *const others[] = {"sso_session", "sso_start_url", "role_arn",
                                         "credential_process", "web_identity_token_file"};
    bool elsewhere = false;
    for (size_t i = 0; i < ARRAY_LENGTH(others) && !elsewhere; i++) {
        _cleanup_(free_string) char *value = NULL;
        TRY(aws_profile_value(config->profile, others[i], &value, err));
        elsewhere = value != NULL;
    }
    mlops_fail(err, MLOPS_IO, "there are no credentials for s3://%s", config->bucket);
    if (elsewhere)
        return mlops_hint(err, "the profile gets them by other means: eval \"$(aws configure "
                               "export-credentials --format env)\"");
    return mlops_hint(err, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to "
                           "~/.aws/credentials");
}

int s3_credentials_load(const struct s3_config *config, struct s3_credentials *credentials,
                        struct mlops_error *err)
{
    *credentials = (struct s3_credentials){0};
    /* a profile that the address names is meant: the environment's keys are for others */
    if (!config->profile && from_environment(credentials))
        return MLOPS_OK;
    int code =
        aws_profile_value(config->profile, "aws_access_key_id", &credentials->access_key, err);
    if (code == MLOPS_OK)
        code = aws_profile_value(config->profile, "aws_secret_access_key", &credentials->secret_key,
                                 err);
    if (code == MLOPS_OK)
        code = aws_profile_value(config->profile, "aws_session_token", &credentials->session_token,
                                 err);
    if (code == MLOPS_OK && (!credentials->access_key || !credentials->secret_key))
        code = fail_none(config, err);
    if (code)
        s3_credentials_clear(credentials);
    return code;
}
