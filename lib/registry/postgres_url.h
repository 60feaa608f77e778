/*
 * lib/registry/postgres_url.h - postgresql:// URLs as text: what may be shown and kept of one. What
 * they mean is libpq's (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING).
 */
#ifndef REGISTRY_POSTGRES_URL_H
#define REGISTRY_POSTGRES_URL_H
#include "base/util.h"

/* Does `text` begin with postgresql:// or postgres://? */
bool postgres_url_is(const char *text);

/* The URL without passwords, neither before the host nor among the parameters; the caller frees.
 * Whatever is not a URL comes back as it is. */
char *postgres_url_without_password(const char *url);

#endif
