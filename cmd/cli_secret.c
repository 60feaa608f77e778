/*
 * cmd/cli_secret.c - passwords out of the process title: everybody on the machine can read there
 * what a program was called with.
 */
#include "cli.h"

/* The URL of a database in `argument`, which may be "--metadata=URL"; NULL: none. */
static char *find_url(char *argument)
{
    char *at = argument;

    while ((at = strstr(at, "postgres"))) {
        if (strncmp(at, "postgres://", 11) == 0 || strncmp(at, "postgresql://", 13) == 0)
            return at;
        at++;
    }
    return NULL;
}

/* The password in any other address, "oci://user:password@host/…"; NULL: none. */
static char *find_password(char *argument, size_t *length)
{
    char *user = strstr(argument, "://"), *colon, *end = NULL;

    if (!user)
        return NULL;
    user += strlen("://");
    for (char *c = user; *c && !strchr("/?#", *c);
         c++) /* the last: a password may have one, unescaped */
        if (*c == '@')
            end = c;
    colon = end ? memchr(user, ':', (size_t)(end - user)) : NULL;
    *length = colon ? (size_t)(end - colon - 1) : 0;
    return *length > 0 ? colon + 1 : NULL;
}

static char *hide_password(char *argument)
{
    size_t length;
    char *password = find_password(argument, &length), *copy;

    if (!password)
        return argument;
    copy = cli_copy(argument, strlen(argument));
    memset(password, '*', length);
    return copy;
}

/* The same argument for us, and in the title what may be shown of it. */
static char *hide(char *argument)
{
    char *url = find_url(argument);
    _cleanup_(free_string) char *shown = url ? mlops_url_without_password(url) : NULL;
    size_t length = url ? strlen(url) : 0, kept = shown ? strlen(shown) : 0;

    if (!shown)
        return hide_password(argument);
    if (strcmp(shown, url) == 0 || kept > length)
        return argument;
    char *copy = cli_copy(argument, strlen(argument));
    memcpy(url, shown, kept);
    memset(url + kept, ' ', length - kept);
    return copy;
}

char **cli_hide_secrets(int argc, char **argv)
{
    char **own = cli_allocate((size_t)argc + 1, sizeof(*own));

    for (int i = 0; i < argc; i++)
        own[i] = hide(argv[i]);
    return own;
}

void cli_forget_secrets(int argc, char **argv, char **own)
{
    for (int i = 0; i < argc; i++)
        if (own[i] != argv[i])
            free(own[i]);
    free(own);
}
