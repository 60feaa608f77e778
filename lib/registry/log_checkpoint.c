/*
 * lib/registry/log_checkpoint.c - the head of the log's tree under the log's own signature, and the
 * key that signs it. The key is a file beside the database, or elsewhere (MLOPS_LOG_KEY): who can
 * change the database alone cannot make it look right.
 */
#include "base/file.h"
#include "base/path.h"
#include "registry/log_head.h"
#include "registry/log_tree.h"
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <unistd.h>

#define KEY_FILE "log.key"
#define KEY_MAX 65536

static int meta_get(struct db *db, const char *key, struct buffer *value, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;

    TRY(db_query(db, &rows, err, "SELECT value FROM meta WHERE key = $1", DB_TEXT(key)));
    TRY(db_step(rows, &any, err));
    buffer_puts(value, any ? db_string(rows, 0) : "");
    return MLOPS_OK;
}

static int meta_set(struct db *db, const char *key, const char *value, struct mlops_error *err)
{
    return db_exec(db, err,
                   "INSERT INTO meta (key, value) VALUES ($1, $2) "
                   "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                   DB_TEXT(key), DB_TEXT(value));
}

/* ---- the key -------------------------------------------------------------------------------- */

char *log_key_path(const char *location)
{
    const char *named = getenv("MLOPS_LOG_KEY");

    return named && *named ? xstrdup(named) : path_join(location, KEY_FILE);
}

int log_key_make(const char *location, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = log_key_path(location);
    _cleanup_(signing_key_free_ptr) struct signing_key *key = NULL;
    _cleanup_(buffer_wipe) struct buffer pem = {0};
    mode_t mask = umask(0);

    umask(mask); /* who may write the registry must be able to sign; nobody else may read it */
    if (path_exists(path))
        return MLOPS_OK;
    TRY(signing_key_generate(SIGNING_ED25519, &key, err));
    TRY(signing_key_write_private(key, NULL, &pem, err));
    return file_write_durable(path, pem.data, pem.length, 0600 | ((mask & 0020) ? 0 : 0040), err);
}

static int key_load(struct mlops_registry *registry, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = NULL;
    _cleanup_(buffer_wipe) struct buffer pem = {0};

    if (registry->log_key)
        return MLOPS_OK;
    path = log_key_path(registry->location);
    if (file_read(path, KEY_MAX, &pem, err)) {
        mlops_wrap(err, "nothing can be recorded without the key of the audit log");
        return mlops_hint(err,
                          "put %s back from a backup; of a shared registry, ask who made it for "
                          "its log.key, and name that with MLOPS_LOG_KEY",
                          path);
    }
    return signing_key_read_private(pem.data, pem.length, NULL, path, &registry->log_key, err);
}

bool log_key_fits(struct mlops_registry *registry)
{
    struct mlops_error ignored = {0};
    struct note_key verifier, own;

    return key_load(registry, &ignored) == MLOPS_OK &&
           log_key_verifier(registry->db, &verifier, &ignored) == MLOPS_OK &&
           note_key_of(verifier.name, registry->log_key, &own, &ignored) == MLOPS_OK &&
           memcmp(&own, &verifier, sizeof(own)) == 0;
}

int log_key_take(struct mlops_registry *registry, const char *path, struct mlops_error *err)
{
    _cleanup_(free_string) char *own = path_join(registry->location, KEY_FILE);
    _cleanup_(buffer_wipe) struct buffer pem = {0};

    TRY(file_read(path, KEY_MAX, &pem, err));
    signing_key_free(registry->log_key);
    registry->log_key = NULL;
    TRY(signing_key_read_private(pem.data ? pem.data : "", pem.length, NULL, path,
                                 &registry->log_key, err));
    if (!log_key_fits(registry)) {
        mlops_fail(err, MLOPS_INTEGRITY, "%s is not the key of this registry's audit log", path);
        return mlops_hint(err, "it is the log.key of the folder from which the registry was made");
    }
    return file_write_durable(own, pem.data, pem.length, 0600, err);
}

int log_key_adopt(struct transaction *tx, char **vkey, struct mlops_error *err)
{
    struct note_key verifier;
    uint8_t random[8];
    char name[64];
    size_t length;

    TRY(key_load(tx->registry, err));
    if (RAND_bytes(random, sizeof(random)) != 1)
        return mlops_fail(err, MLOPS_IO, "the system gives no random numbers");
    length = (size_t)snprintf(name, sizeof(name), "mlops-registry/");
    for (size_t i = 0; i < sizeof(random); i++)
        length += (size_t)snprintf(name + length, sizeof(name) - length, "%02x", random[i]);
    TRY(note_key_of(name, tx->registry->log_key, &verifier, err));
    *vkey = note_key_format(&verifier);
    log_head_forget(tx->registry);
    return meta_set(transaction_db(tx), "log_key", *vkey, err);
}

static int parse_verifier(const char *vkey, struct note_key *key, struct mlops_error *err)
{
    if (note_key_parse(vkey, strlen(vkey), key, err) == MLOPS_OK)
        return MLOPS_OK;
    err->code = MLOPS_INTEGRITY;
    return mlops_wrap(err, "the key of the audit log in the registry's database");
}

int log_key_verifier(struct db *db, struct note_key *key, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};

    TRY(meta_get(db, "log_key", &text, err));
    return parse_verifier(text.data ? text.data : "", key, err);
}

/* ---- the signed head ----------------------------------------------------------------------- */

int log_checkpoint_open(const char *note, const char *vkey, struct checkpoint *checkpoint,
                        struct mlops_error *err)
{
    struct note_key key;
    size_t length;

    TRY(parse_verifier(vkey, &key, err));
    if (note_open(note, strlen(note), &key, &length, err) == MLOPS_OK &&
        checkpoint_parse(note, length, checkpoint, err) == MLOPS_OK)
        return MLOPS_OK;
    err->code = MLOPS_INTEGRITY;
    mlops_wrap(err, "the checkpoint of the audit log");
    return mlops_hint(err, "somebody changed the registry's database by hand, or it is "
                           "damaged: compare it with a backup");
}

int log_checkpoint_read(struct db *db, struct checkpoint *checkpoint, struct buffer *note,
                        struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0}, vkey = {0};

    TRY(meta_get(db, "checkpoint", &text, err));
    TRY(meta_get(db, "log_key", &vkey, err));
    TRY(log_checkpoint_open(text.data ? text.data : "", vkey.data ? vkey.data : "", checkpoint,
                            err));
    if (note)
        buffer_append(note, text.data, text.length);
    return MLOPS_OK;
}

int log_checkpoint_signs(const struct checkpoint *checkpoint,
                         const struct merkle_frontier *frontier, struct mlops_error *err)
{
    struct digest root;

    merkle_root(frontier, &root);
    if (checkpoint->size == frontier->size && digest_equal(&checkpoint->root, &root))
        return MLOPS_OK;
    if (checkpoint->size != frontier->size)
        mlops_fail(err, MLOPS_INTEGRITY,
                   "the audit log has %llu entries, its signed checkpoint speaks of %llu",
                   (unsigned long long)frontier->size, (unsigned long long)checkpoint->size);
    else
        mlops_fail(err, MLOPS_INTEGRITY,
                   "the tree of the audit log is not the one that its checkpoint signs");
    return mlops_hint(err, "somebody changed the registry's database by hand, or it is damaged: "
                           "compare it with a backup");
}

int log_checkpoint_check(struct db *db, const struct merkle_frontier *frontier,
                         struct mlops_error *err)
{
    struct checkpoint checkpoint;

    TRY(log_checkpoint_read(db, &checkpoint, NULL, err));
    return log_checkpoint_signs(&checkpoint, frontier, err);
}

int log_checkpoint_write(struct mlops_registry *registry, const struct merkle_frontier *frontier,
                         struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0}, note = {0};
    struct checkpoint checkpoint = {.size = frontier->size};
    struct note_key verifier, own;

    TRY(key_load(registry, err));
    if (log_head_key(registry))
        TRY(parse_verifier(log_head_key(registry), &verifier, err));
    else
        TRY(log_key_verifier(registry->db, &verifier, err));
    TRY(note_key_of(verifier.name, registry->log_key, &own, err));
    if (memcmp(&own, &verifier, sizeof(own)) != 0) {
        mlops_fail(err, MLOPS_INTEGRITY, "the key at hand is not the key of this audit log");
        return mlops_hint(err, "put the registry's " KEY_FILE " back, or name it with "
                               "MLOPS_LOG_KEY");
    }
    str_copy(checkpoint.origin, sizeof(checkpoint.origin), verifier.name);
    merkle_root(frontier, &checkpoint.root);
    checkpoint_format(&checkpoint, &text);
    TRY(note_sign(text.data, verifier.name, registry->log_key, &note, err));
    return meta_set(registry->db, "checkpoint", note.data, err);
}

int log_checkpoint_kept(struct db *db, const char *note, size_t length,
                        struct checkpoint *checkpoint, struct mlops_error *err)
{
    struct note_key key;
    size_t text_length;

    TRY(log_key_verifier(db, &key, err));
    if (note_open(note, length, &key, &text_length, err) ||
        checkpoint_parse(note, text_length, checkpoint, err))
        return mlops_wrap(err, "the checkpoint that was kept");
    if (str_equal(checkpoint->origin, key.name))
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID,
                      "the checkpoint that was kept is of the log '%s', not '%s'",
                      checkpoint->origin, key.name);
}

int log_fail_rewritten(const struct checkpoint *kept, uint64_t size, struct mlops_error *err)
{
    if (kept->size > size)
        mlops_fail(err, MLOPS_INTEGRITY,
                   "the audit log was cut off: it has %llu entries, and had %llu when the "
                   "checkpoint was kept",
                   (unsigned long long)size, (unsigned long long)kept->size);
    else
        mlops_fail(err, MLOPS_INTEGRITY,
                   "the audit log was rewritten: its first %llu entries are not those that the "
                   "checkpoint signs",
                   (unsigned long long)kept->size);
    return mlops_hint(err, "whoever has the registry's folder and its log.key can do that: compare "
                           "it with a backup");
}
