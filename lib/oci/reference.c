/* lib/oci/reference.c - oci:// addresses taken apart. */
#include "oci/reference.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define HOST_MAX 255
#define REPOSITORY_MAX 255
#define TAG_MAX 128
#define DIGITS "0123456789"

static bool is_port(const char *text)
{
    size_t length = strspn(text, DIGITS);
    return length > 0 && length <= 5 && text[length] == '\0' && strtoul(text, NULL, 10) <= 65535;
}

static bool is_host(const char *host)
{
    const char *rest;
    if (strlen(host) > HOST_MAX)
        return false;
    if (host[0] == '[') {
        size_t length = strspn(host + 1, "0123456789abcdefABCDEF:.");
        rest = host + 1 + length;
        if (length == 0 || *rest++ != ']')
            return false;
    } else {
        size_t length = strspn(host, LOWER UPPER ".-");
        rest = host + length;
        if (length == 0 || host[0] == '-' || host[0] == '.')
            return false;
    }
    return *rest == '\0' || (*rest == ':' && is_port(rest + 1));
}

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*; `*text` moves behind it. */
static bool skip_component(const char **text)
{
    for (;;) {
        size_t letters = strspn(*text, LOWER);
        if (letters == 0)
            return false;
        *text += letters;
        if (**text == '.')
            *text += 1;
        else if (**text == '_')
            *text += (*text)[1] == '_' ? 2 : 1;
        else if (**text == '-')
            *text += strspn(*text, "-");
        else
            return true;
    }
}

bool oci_repository_valid(const char *text)
{
    if (strlen(text) > REPOSITORY_MAX)
        return false;
    while (skip_component(&text)) {
        if (*text == '\0')
            return true;
        if (*text++ != '/')
            return false;
    }
    return false;
}

static bool is_tag(const char *tag)
{
    size_t length = strspn(tag, LOWER UPPER "_.-");
    return length > 0 && length <= TAG_MAX && tag[length] == '\0' && tag[0] != '.' && tag[0] != '-';
}

static int wrong(const char *text, const char *what, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_INVALID, "'%s': %s", text, what);
    return mlops_hint(err, "addresses look like oci://registry.example.com/team/fraud:v3, or "
                           "…/fraud@sha256:…; repositories are in lower case");
}

static int take_digest(const char *text, const char *digest, struct oci_reference *reference,
                       struct mlops_error *err)
{
    if (!str_starts(digest, "sha256:") ||
        !digest_from_hex(digest + 7, strlen(digest + 7), &reference->digest))
        return wrong(text, "behind '@' must stand sha256: and 64 digits", err);
    reference->has_digest = true;
    return MLOPS_OK;
}

int oci_reference_parse(const char *text, struct oci_reference *reference, struct mlops_error *err)
{
    *reference = (struct oci_reference){0};
    if (!str_starts(text, OCI_SCHEME))
        return wrong(text, "it does not begin with " OCI_SCHEME, err);
    const char *host = text + strlen(OCI_SCHEME);
    const char *slash = strchr(host, '/');
    if (!slash)
        return wrong(text, "there is no repository in it", err);
    reference->host = xstrndup(host, (size_t)(slash - host));
    if (strchr(reference->host, '@')) {
        mlops_fail(err, MLOPS_INVALID, "the address has a user in it");
        return mlops_hint(err, "credentials come from ~/.docker/config.json: 'docker login', "
                               "'skopeo login' and 'oras login' write it");
    }
    if (!is_host(reference->host))
        return wrong(text, "that is no host", err);
    size_t length = strcspn(slash + 1, ":@");
    const char *rest = slash + 1 + length;
    reference->repository = xstrndup(slash + 1, length);
    if (!oci_repository_valid(reference->repository))
        return wrong(text, "that is no repository", err);
    if (*rest == ':') {
        size_t tag = strcspn(rest + 1, "@");
        reference->tag = xstrndup(rest + 1, tag);
        rest += 1 + tag;
        if (!is_tag(reference->tag))
            return wrong(text, "that is no tag", err);
    }
    if (*rest == '@')
        TRY(take_digest(text, rest + 1, reference, err));
    else if (!reference->tag)
        reference->tag = xstrdup("latest");
    return MLOPS_OK;
}

void oci_reference_clear(struct oci_reference *reference)
{
    free(reference->host);
    free(reference->repository);
    free(reference->tag);
    *reference = (struct oci_reference){0};
}
