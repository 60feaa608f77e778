/* lib/trust/keyring.c - a person's keys: files in one folder. */
#include "trust/keyring.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/registry.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <unistd.h>

#define KEY_MAX 65536
#define PASSPHRASE_MAX 1024
#define DEFAULT_NAME "default"

/* The folder of the keys; the caller frees. */
static char *folder(void)
{
    const char *named = getenv("MLOPS_KEYS"), *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (named && *named)
        return xstrdup(named);
    if (config && *config)
        return xprintf("%s/mlops/keys", config);
    const struct passwd *entry = home && *home ? NULL : getpwuid(geteuid());
    return xprintf("%s/.config/mlops/keys", entry ? entry->pw_dir : home ? home : "");
}

void mlops_key_clear(struct mlops_key *key)
{
    free(key->path);
    free(key->public_pem);
    *key = (struct mlops_key){0};
}

static int describe(const struct signing_key *public, const char *path, const char *name,
                    struct mlops_key *key, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer pem = {0};
    TRY(signing_key_write_public(public, &pem, err));
    str_copy(key->name, sizeof(key->name), name);
    str_copy(key->algorithm, sizeof(key->algorithm),
             signing_algorithm_name(signing_key_algorithm(public)));
    signing_key_fingerprint(public, key->fingerprint);
    key->path = xstrdup(path);
    key->public_pem = buffer_steal(&pem);
    return MLOPS_OK;
}

/* ---- making -------------------------------------------------------------------------------- */

static int write_files(const struct mlops_key *key, const struct buffer *pem, const char *public,
                       struct mlops_error *err)
{
    _cleanup_(free_string) char *parent = path_parent(key->path);
    struct mlops_error ignored = {0};
    TRY(directory_make(parent, 0700, err));
    if (path_exists(key->path)) {
        mlops_fail(err, MLOPS_CONFLICT, "there is a key called '%s' already: %s", key->name,
                   key->path);
        return mlops_hint(err, "give the new one another name");
    }
    /* The private half last: a key is there when its private half is. */
    TRY(file_write_durable(public, key->public_pem, strlen(key->public_pem), 0644, err));
    int code = file_write_durable(key->path, pem->data, pem->length, 0600, err);
    if (code)
        (void)tree_remove(public, &ignored); /* the first error counts */
    return code;
}

int mlops_key_generate(const struct mlops_key_options *options, struct mlops_key *key,
                       struct mlops_error *err)
{
    const char *name = options->name ? options->name : DEFAULT_NAME;
    const char *algorithm = options->algorithm ? options->algorithm : "p256";
    _cleanup_(signing_key_free_ptr) struct signing_key *made = NULL;
    _cleanup_(free_string) char *keys = folder();
    _cleanup_(free_string) char *path = xprintf("%s/%s.key", keys, name);
    _cleanup_(free_string) char *public = xprintf("%s/%s.pub", keys, name);
    _cleanup_(buffer_wipe) struct buffer pem = {0};
    enum signing_algorithm kind;
    *key = (struct mlops_key){0};
    TRY(name_check("key", name, err));
    if (!signing_algorithm_find(algorithm, &kind) || kind == SIGNING_ED25519)
        return mlops_fail(err, MLOPS_INVALID,
                          "'%s' is no algorithm for signing bundles: p256, p384 or p521",
                          algorithm);
    TRY(signing_key_generate(kind, &made, err));
    TRY(signing_key_write_private(made, options->passphrase, &pem, err));
    TRY(describe(made, path, name, key, err));
    key->encrypted = options->passphrase != NULL;
    int code = write_files(key, &pem, public, err);
    if (code)
        mlops_key_clear(key);
    return code;
}

/* ---- finding ------------------------------------------------------------------------------- */

/* The public half that stands beside NAME.key as NAME.pub; false where there is none. */
static bool read_beside(const char *path, struct signing_key **public)
{
    _cleanup_(buffer_clear) struct buffer pem = {0};
    _cleanup_(free_string) char *beside = NULL;
    struct mlops_error ignored = {0};
    if (!str_ends(path, ".key"))
        return false;
    beside = xprintf("%.*s.pub", (int)(strlen(path) - 4), path);
    return file_read(beside, KEY_MAX, &pem, &ignored) == MLOPS_OK &&
           signing_key_read_public(pem.data, pem.length, beside, public, &ignored) == MLOPS_OK;
}

/* What can be known of the key in a file without its passphrase. */
static int read_key(const char *path, const char *name, struct mlops_key *key,
                    struct mlops_error *err)
{
    _cleanup_(buffer_wipe) struct buffer pem = {0};
    _cleanup_(signing_key_free_ptr) struct signing_key *public = NULL;
    struct mlops_error ignored = {0};
    TRY(file_read(path, KEY_MAX, &pem, err));
    key->encrypted = signing_key_is_encrypted(pem.data, pem.length);
    if (signing_key_read_public(pem.data, pem.length, path, &public, &ignored) != MLOPS_OK &&
        !read_beside(path, &public)) {
        if (key->encrypted) {
            mlops_fail(err, MLOPS_INVALID, "%s is encrypted, and its public key is not beside it",
                       path);
            return mlops_hint(err, "put it there: 'openssl pkey -in %s -pubout'", path);
        }
        TRY(signing_key_read_private(pem.data, pem.length, NULL, path, &public, err));
    }
    return describe(public, path, name, key, err);
}

static int compare_keys(const void *left, const void *right)
{
    return strcmp(((const struct mlops_key *)left)->name, ((const struct mlops_key *)right)->name);
}

int mlops_key_list(struct mlops_key_list *list, struct mlops_error *err)
{
    _cleanup_(free_string) char *keys = folder();
    _cleanup_(folder_close) DIR *directory = opendir(keys);
    const struct dirent *entry = NULL;
    size_t capacity = 0;
    int code = MLOPS_OK;
    *list = (struct mlops_key_list){0};
    if (!directory && errno != ENOENT)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read the folder %s", keys);
    while (directory && !code && !(code = folder_next(directory, keys, &entry, err)) && entry) {
        if (!str_ends(entry->d_name, ".key"))
            continue;
        _cleanup_(free_string) char *path = path_join(keys, entry->d_name);
        _cleanup_(free_string) char *name =
            xstrndup(entry->d_name, strlen(entry->d_name) - strlen(".key"));
        GROW(list->items, list->count, &capacity);
        list->items[list->count] = (struct mlops_key){0};
        code = read_key(path, name, &list->items[list->count++], err);
    }
    if (code) {
        mlops_key_list_clear(list);
        return code;
    }
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(list->items[0]), compare_keys);
    return MLOPS_OK;
}

void mlops_key_list_clear(struct mlops_key_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        mlops_key_clear(&list->items[i]);
    free(list->items);
    *list = (struct mlops_key_list){0};
}

static bool is_file_name(const char *name)
{
    return strchr(name, '/') || str_ends(name, ".key") || str_ends(name, ".pem") ||
           str_ends(name, ".pub");
}

/* The one key there is, or the one called "default". */
static int find_only(struct mlops_key *key, struct mlops_error *err)
{
    struct mlops_key_list list;
    size_t chosen = 0;
    TRY(mlops_key_list(&list, err));
    while (list.count > 1 && chosen < list.count &&
           !str_equal(list.items[chosen].name, DEFAULT_NAME))
        chosen++;
    if (chosen < list.count) {
        *key = list.items[chosen];
        list.items[chosen] = (struct mlops_key){0};
        mlops_key_list_clear(&list);
        return MLOPS_OK;
    }
    if (list.count == 0) {
        mlops_fail(err, MLOPS_NOT_FOUND, "you have no key to sign with");
        mlops_hint(err, "make one with 'mlops key generate'");
    } else {
        mlops_fail(err, MLOPS_NOT_FOUND, "you have %zu keys, and none is called 'default'",
                   list.count);
        mlops_hint(err, "name one with --key: 'mlops key list' shows them");
    }
    mlops_key_list_clear(&list);
    return (int)err->code;
}

int mlops_key_find(const char *name, struct mlops_key *key, struct mlops_error *err)
{
    _cleanup_(free_string) char *keys = folder();
    _cleanup_(free_string) char *path = NULL;
    *key = (struct mlops_key){0};
    if (!name)
        return find_only(key, err);
    path = is_file_name(name) ? xstrdup(name) : xprintf("%s/%s.key", keys, name);
    int code = read_key(path, is_file_name(name) ? "" : name, key, err);
    if (code)
        mlops_key_clear(key);
    if (code == MLOPS_NOT_FOUND && !is_file_name(name)) {
        mlops_fail(err, MLOPS_NOT_FOUND, "you have no key called '%s'", name);
        mlops_hint(err, "'mlops key list' shows those that you have, 'mlops key generate' makes "
                        "one");
    }
    return code;
}

int keyring_open(const struct mlops_signer *signer, struct signing_key **key,
                 struct mlops_error *err)
{
    struct mlops_key found;
    _cleanup_(buffer_wipe) struct buffer pem = {0};
    char passphrase[PASSPHRASE_MAX] = "";
    int code = mlops_key_find(signer->key, &found, err);
    if (code)
        return code;
    code = file_read(found.path, KEY_MAX, &pem, err);
    if (code == MLOPS_OK && found.encrypted && signer->passphrase)
        code = signer->passphrase(signer->context, found.path, passphrase, sizeof(passphrase), err);
    if (code == MLOPS_OK)
        code = signing_key_read_private(pem.data, pem.length,
                                        found.encrypted && signer->passphrase ? passphrase : NULL,
                                        found.path, key, err);
    OPENSSL_cleanse(passphrase, sizeof(passphrase));
    mlops_key_clear(&found);
    return code;
}
