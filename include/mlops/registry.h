/*
 * include/mlops/registry.h - the registry: models, versions, stages, evidence, audit log.
 *
 * A handle belongs to one thread at a time; open one a thread. Many processes may use a registry
 * at once: writers wait for one another up to the lock timeout, then fail with MLOPS_IO and say
 * for whom they waited.
 */
#ifndef MLOPS_REGISTRY_H
#define MLOPS_REGISTRY_H
#include <mlops/error.h>
#include <mlops/observer.h>
MLOPS_BEGIN

struct mlops_registry;

struct mlops_registry_options {
    const char *location;    /* the registry's folder or the one that holds it as `.mlops`, or
                                the postgresql:// URL of a shared one; NULL:
                                $MLOPS_REGISTRY, else the nearest `.mlops` in `directory` or a
                                folder above it */
    const char *directory;   /* where the search starts; NULL: the working directory */
    const char *actor;       /* who is recorded; NULL: $MLOPS_ACTOR, else user@host */
    int64_t lock_timeout_ns; /* 0: 30 seconds */
    struct mlops_observer observer;
};

/*
 * Make a registry `.mlops` in the folder `location` (or as `location`, where that ends in
 * ".mlops"), with the folders above it where they are missing: whole or not at all. `*created` is
 * false and nothing changes where one is there already.
 * Errors: MLOPS_INVALID something else is there, or the registry was made by a newer mlops;
 * MLOPS_IO.
 */
MLOPS_API int mlops_registry_init(const char *location, bool *created, struct mlops_error *err);

/* A postgresql:// URL without the passwords in it, for messages; anything else as it is. The caller
 * frees with free(). */
MLOPS_API char *mlops_url_without_password(const char *url);

struct mlops_registry_join_options {
    const char *location; /* as of mlops_registry_init: the folder by which this machine uses it */
    const char *metadata; /* postgresql:// URL of the database; its password is not kept */
    const char *objects;  /* folder or file:// URL of the objects; NULL: as the registry says, or
                             where there is none yet, inside the folder */
    const char *log_key;  /* file with the key that signs its log; NULL: $MLOPS_LOG_KEY, or none */
    const char *actor;    /* as of mlops_registry_options */
    struct mlops_observer observer;
};

struct mlops_registry_joined {
    bool created; /* the database was empty: the registry was made */
    bool joined;  /* the folder was made */
    bool signs;   /* the log's key is at hand: this machine can record */
};

/*
 * Make a registry that several machines share, or join one: the database has its tables made where
 * it is empty, and the folder `location`, which says where everything is, where it is missing. Who
 * makes it has its log's key in the folder; who joins reads, and records once it has the key.
 * Errors: MLOPS_INVALID not a URL, or another registry is at `location`; MLOPS_INTEGRITY `log_key`
 * is another log's; MLOPS_IO the server or the objects cannot be reached.
 */
MLOPS_API int mlops_registry_join(const struct mlops_registry_join_options *options,
                                  struct mlops_registry_joined *joined, struct mlops_error *err);

/*
 * As mlops_registry_init of options->location, with the objects at `address`,
 * s3://BUCKET[/PREFIX][?SETTING=VALUE&…] (docs/s3.md; NULL: in the folder). The server is asked,
 * and a store that is there is joined; where the registry is there already its objects must be at
 * `address`. Errors: also MLOPS_INVALID not such an address; MLOPS_CONFLICT the objects are
 * elsewhere; MLOPS_CANCELLED; MLOPS_IO the server was not reached or refused.
 */
MLOPS_API int mlops_registry_init_at(const struct mlops_registry_options *options,
                                     const char *address, bool *created, struct mlops_error *err);

/*
 * Open a registry. The caller closes `*registry`. Where nothing can be written it can be read, and
 * what writes fails with MLOPS_IO.
 * Errors: MLOPS_NOT_FOUND none there; MLOPS_INVALID made by a newer mlops; MLOPS_INTEGRITY its
 * database is damaged; MLOPS_IO.
 */
MLOPS_API int mlops_registry_open(const struct mlops_registry_options *options,
                                  struct mlops_registry **registry, struct mlops_error *err);
MLOPS_API void mlops_registry_close(struct mlops_registry *registry);

/* Absolute path of the registry's folder; owned by the registry. */
MLOPS_API const char *mlops_registry_location(const struct mlops_registry *registry);

/* ---- versions -------------------------------------------------------------------------- */

/* A version of a model. `number` is 0 for a bundle that is packaged but not registered. */
struct mlops_version {
    char model[MLOPS_NAME_MAX + 1];
    uint64_t number;
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    int64_t created_ns;
    char created_by[MLOPS_ACTOR_MAX + 1];
};

struct mlops_version_row {
    struct mlops_version version;
    char **stages; /* names of the stages that it holds now, sorted */
    size_t stage_count;
    bool retired;
};

struct mlops_version_list {
    struct mlops_version_row *items;
    size_t count;
};

/*
 * Give bundle `bundle` (its full id) the next version number of its model, in one transaction
 * with its log entry. Where the bundle has a version already, that one comes back and `*created`
 * is false.
 * Errors: MLOPS_NOT_FOUND no such bundle in this registry; MLOPS_INVALID not an id; MLOPS_IO.
 */
MLOPS_API int mlops_register(struct mlops_registry *registry, const char *bundle,
                             struct mlops_version *version, bool *created, struct mlops_error *err);

/*
 * Find what `ref` names: `fraud`, `fraud@latest`, `fraud@12`, `fraud@production`,
 * `fraud@production~1`, or `sha256:` with 8 or more digits.
 * Errors: MLOPS_INVALID not a reference, or an ambiguous prefix; MLOPS_NOT_FOUND.
 */
MLOPS_API int mlops_version_resolve(struct mlops_registry *registry, const char *ref,
                                    struct mlops_version *version, struct mlops_error *err);

/* Versions of `model` (NULL: of all), by model name and descending number. The caller clears
 * `list`. Errors: MLOPS_NOT_FOUND `model` is given and unknown; MLOPS_IO. */
MLOPS_API int mlops_version_list(struct mlops_registry *registry, const char *model,
                                 struct mlops_version_list *list, struct mlops_error *err);
MLOPS_API void mlops_version_list_clear(struct mlops_version_list *list);

/* ---- stages ---------------------------------------------------------------------------- */

/* What a stage holds now. */
struct mlops_stage_row {
    char stage[MLOPS_STAGE_MAX + 1];
    struct mlops_version version;
    int64_t since_ns;
};

struct mlops_stage_list {
    struct mlops_stage_row *items;
    size_t count;
};

/* Every occupied stage of `model` (NULL: of all), by model and stage. The caller clears `list`. */
MLOPS_API int mlops_stage_list(struct mlops_registry *registry, const char *model,
                               struct mlops_stage_list *list, struct mlops_error *err);
MLOPS_API void mlops_stage_list_clear(struct mlops_stage_list *list);

/*
 * What `stage` of `model` held at the time `at_ns`, by the audit log. `*held` false: nothing.
 * Errors: MLOPS_NOT_FOUND no such model; MLOPS_INTEGRITY; MLOPS_IO.
 */
MLOPS_API int mlops_stage_at(struct mlops_registry *registry, const char *model, const char *stage,
                             int64_t at_ns, struct mlops_stage_row *row, bool *held,
                             struct mlops_error *err);

/* ---- evidence -------------------------------------------------------------------------- */

/* What was found out about a bundle: bound to the bundle's digest, never changed. */
struct mlops_evidence {
    uint64_t id;
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    char *kind;   /* "test" */
    char *name;   /* of the suite */
    char *status; /* "passed", "failed", … */
    char *actor;
    char *body; /* JSON object of the kind's own schema */
    int64_t recorded_ns;
};

struct mlops_evidence_list {
    struct mlops_evidence *items;
    size_t count;
};

/* Evidence about `bundle`, oldest first; `kind` NULL for all. The caller clears `list`. */
MLOPS_API int mlops_evidence_list(struct mlops_registry *registry, const char *bundle,
                                  const char *kind, struct mlops_evidence_list *list,
                                  struct mlops_error *err);
MLOPS_API void mlops_evidence_list_clear(struct mlops_evidence_list *list);

/* ---- audit log ------------------------------------------------------------------------- */

/* One entry; strings are empty where the action has none. */
struct mlops_log_entry {
    uint64_t index; /* 0, 1, 2 …: the order of the log */
    int64_t time_ns;
    char *actor;
    char *action; /* "register", "promote", "rollback", "test", … */
    char *model;
    uint64_t version;  /* 0: none */
    uint64_t previous; /* version that the stage held before; 0: none */
    char *stage;
    char *reason;
};

struct mlops_log_filter {
    const char *model; /* NULL: all */
    const char *stage; /* NULL: all */
    uint64_t version;  /* of `model`: also where it left a stage; 0: all */
    uint64_t limit;    /* newest that many; 0: all */
};

struct mlops_log {
    struct mlops_log_entry *items;
    size_t count;
};

/* Entries that match, newest first. The caller clears `log`.
 * Errors: MLOPS_NOT_FOUND `model` is given and unknown; MLOPS_IO. */
MLOPS_API int mlops_log_read(struct mlops_registry *registry, const struct mlops_log_filter *filter,
                             struct mlops_log *log, struct mlops_error *err);
MLOPS_API void mlops_log_clear(struct mlops_log *log);

/*
 * Recompute every leaf and the tree head of the log (RFC 6962 §2.1), compare them, the entries'
 * columns and the signed checkpoint with what is stored, and hold versions, stages and evidence
 * against the entries that speak of them. `since` (NULL: none) is the text of a checkpoint that
 * was kept: the log must begin with what it signs. `*size` and `root_hex` are the log's.
 * Errors: MLOPS_INTEGRITY naming the first entry that does not fit; MLOPS_INVALID `since` is no
 * checkpoint of this log.
 */
MLOPS_API int mlops_log_verify(struct mlops_registry *registry, const char *since, uint64_t *size,
                               char root_hex[65], struct mlops_error *err);

/* ---- checkpoints and proofs: for those who do not trust the registry's keeper ------------ */

/* The head of the log under the log's own signature. Kept elsewhere, it shows later that nothing
 * before it was cut off or rewritten. */
struct mlops_checkpoint {
    uint64_t size;
    char root[65]; /* hexadecimal */
    char *note;    /* as c2sp.org/tlog-checkpoint has it */
    char *key;     /* the verifier key of c2sp.org/signed-note, "NAME+ID+KEY" */
};

/* The newest checkpoint, its signature verified. The caller clears it. Errors: MLOPS_INTEGRITY. */
MLOPS_API int mlops_log_checkpoint(struct mlops_registry *registry,
                                   struct mlops_checkpoint *checkpoint, struct mlops_error *err);
MLOPS_API void mlops_checkpoint_clear(struct mlops_checkpoint *checkpoint);

/*
 * That entry `index` is in the log: a c2sp.org/tlog-proof@v1 with the newest checkpoint, which
 * anybody can check with the entry and the log's key. The caller frees `*proof` and `*entry`, the
 * entry's bytes (may be NULL).
 * Errors: MLOPS_NOT_FOUND no such entry; MLOPS_INTEGRITY what stands there is not in the tree.
 */
MLOPS_API int mlops_log_prove(struct mlops_registry *registry, uint64_t index, char **proof,
                              char **entry, struct mlops_error *err);

/* That the tree of `new_size` entries begins with that of the `old_size` first. */
struct mlops_log_consistency {
    uint64_t old_size, new_size;
    char **hashes; /* in base64, in the order of RFC 6962 §2.1.2 */
    size_t hash_count;
};

/*
 * Prove that nothing was rewritten since the checkpoint `note` was kept, from the hashes of the
 * tree alone: as fast for a million entries as for ten. The caller clears `consistency`.
 * Errors: MLOPS_INVALID not a checkpoint of this log; MLOPS_INTEGRITY the log does not begin with
 * what it signs.
 */
MLOPS_API int mlops_log_since(struct mlops_registry *registry, const char *note,
                              struct mlops_log_consistency *consistency, struct mlops_error *err);
MLOPS_API void mlops_log_consistency_clear(struct mlops_log_consistency *consistency);

/*
 * Write all entries, one a line, an empty line, and the newest checkpoint to `fd`: what
 * mlops_log_verify_export takes. Errors: MLOPS_IO.
 */
MLOPS_API int mlops_log_export(struct mlops_registry *registry, int fd, struct mlops_error *err);

/*
 * Verify an export without its registry: every entry follows from those before it, and the
 * checkpoint at its end is signed by the key that the entries name, which is `key` (NULL: whatever
 * it is). `since` as in mlops_log_verify. `key_out` (may be NULL) gets the key; caller frees.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID not an export; MLOPS_INTEGRITY.
 */
MLOPS_API int mlops_log_verify_export(const char *path, const char *key, const char *since,
                                      uint64_t *size, char root_hex[65], char **key_out,
                                      struct mlops_error *err);

/*
 * As mlops_log_prove, out of an export that is verified on the way, as mlops_log_verify_export
 * does: the proof is the one that the registry gave when the export was made.
 * Errors: MLOPS_NOT_FOUND no such file, or no such entry in it; MLOPS_INVALID; MLOPS_INTEGRITY.
 */
MLOPS_API int mlops_log_prove_export(const char *path, const char *key, uint64_t index,
                                     char **proof, char **entry, struct mlops_error *err);

MLOPS_END
#endif
