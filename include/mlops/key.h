/*
 * include/mlops/key.h - a person's own signing keys: files in one folder, NAME.key (PKCS#8,
 * encrypted with a passphrase) and NAME.pub. Whom a registry trusts is in mlops/trust.h.
 *
 * The folder is $MLOPS_KEYS, else $XDG_CONFIG_HOME/mlops/keys, else ~/.config/mlops/keys.
 */
#ifndef MLOPS_KEY_H
#define MLOPS_KEY_H
#include <mlops/error.h>
MLOPS_BEGIN

struct mlops_key {
    char name[MLOPS_NAME_MAX + 1]; /* "" of a key that was named by its file */
    char algorithm[16];            /* "p256", "p384", "p521" */
    char fingerprint[65];          /* SHA-256 of the public key's PEM text, hexadecimal */
    bool encrypted;                /* has it a passphrase? */
    char *path;                    /* of the private key */
    char *public_pem;
};
MLOPS_API void mlops_key_clear(struct mlops_key *key);

struct mlops_key_list {
    struct mlops_key *items;
    size_t count;
};

struct mlops_key_options {
    const char *name;       /* as models are named; NULL: "default" */
    const char *algorithm;  /* NULL: "p256" */
    const char *passphrase; /* NULL: none, the key lies there for who can read the file */
};

/*
 * Make a key: both files are there, durably, or neither. The caller clears `key`.
 * Errors: MLOPS_INVALID a name or an algorithm; MLOPS_CONFLICT there is one of that name;
 * MLOPS_IO.
 */
MLOPS_API int mlops_key_generate(const struct mlops_key_options *options, struct mlops_key *key,
                                 struct mlops_error *err);

/* All keys in the folder, by name. The caller clears the list. */
MLOPS_API int mlops_key_list(struct mlops_key_list *list, struct mlops_error *err);
MLOPS_API void mlops_key_list_clear(struct mlops_key_list *list);

/* The key called `name`, or in the file `name` where that has a slash in it or ends in ".key" or
 * ".pem"; NULL: the only one in the folder, else the one called "default". A public key's file will
 * do. The caller clears `key`. Errors: MLOPS_NOT_FOUND; MLOPS_INVALID. */
MLOPS_API int mlops_key_find(const char *name, struct mlops_key *key, struct mlops_error *err);

/* Who signs: which key, and how its passphrase is asked for. */
struct mlops_signer {
    const char *key; /* as mlops_key_find takes it */
    /* Write the passphrase of the key at `path` into `passphrase` of `size` bytes. NULL: only keys
     * without one can be used. */
    int (*passphrase)(void *context, const char *path, char *passphrase, size_t size,
                      struct mlops_error *err);
    void *context;
};

MLOPS_END
#endif
