/*
 * include/mlops/catalog.h - finding versions by what they are made of, labelling them, and ending
 * their lives.
 */
#ifndef MLOPS_CATALOG_H
#define MLOPS_CATALOG_H
#include <mlops/registry.h>
MLOPS_BEGIN

/* ---- search -------------------------------------------------------------------------------- */

enum mlops_value_kind {
    MLOPS_VALUE_NONE, /* the version has no such value */
    MLOPS_VALUE_INT,  /* a whole number, in `number` */
    MLOPS_VALUE_FLOAT,
    MLOPS_VALUE_BOOL, /* `number` is 0 or 1 */
    MLOPS_VALUE_TEXT,
    MLOPS_VALUE_TIME, /* `time_ns` */
    MLOPS_VALUE_SET,  /* `texts`, such as the stages that hold a version */
};

struct mlops_value {
    enum mlops_value_kind kind;
    double number;
    int64_t time_ns;
    char *text;
    char *const *texts;
    size_t text_count;
};

struct mlops_search_options {
    const char *model; /* NULL: all */
    const char *where; /* condition (docs/versions.md); NULL: all */
    const char *data;  /* those that used this data: a digest (a prefix of 8 digits or more), or the
                          name of a snapshot; NULL: all */
    const char *sort;  /* fields, "-metrics.auc,created": a '-' before those with the largest
                          first; NULL: by model, newest first */
    uint64_t limit;    /* the first that many; 0: all */
};

/* Versions that were found, with the values of the fields that `where` and `sort` speak of. */
struct mlops_search {
    struct mlops_version_list list;
    char **fields; /* of parameters, metrics, data, code, environment, tags alone */
    size_t field_count;
    struct mlops_value *values; /* of version i: from values[i * field_count] on */
};

/*
 * Find versions. Missing values come last, whichever way they are sorted. The caller clears
 * `search`.
 * Errors: MLOPS_INVALID the condition (with the character at which it goes wrong) or a field;
 * MLOPS_NOT_FOUND `model` is given and unknown; MLOPS_IO.
 */
MLOPS_API int mlops_version_search(struct mlops_registry *registry,
                                   const struct mlops_search_options *options,
                                   struct mlops_search *search, struct mlops_error *err);
MLOPS_API void mlops_search_clear(struct mlops_search *search);

/* ---- tags ---------------------------------------------------------------------------------- */

#define MLOPS_TAG_NAME_MAX 63
#define MLOPS_TAG_VALUE_MAX 1024

struct mlops_tag {
    char *name, *value; /* "" where it has no value */
};

struct mlops_tags {
    struct mlops_tag *items;
    size_t count;
};

/*
 * Put tag `name` with `value` on the version that `ref` names, over an older value, and log it.
 * `version` becomes that version.
 *
 * name: 1 to MLOPS_TAG_NAME_MAX of [a-z0-9_.-]; value: UTF-8 without control characters, at most
 * MLOPS_TAG_VALUE_MAX bytes, may be "".
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID name or value, or it is not registered; MLOPS_IO.
 */
MLOPS_API int mlops_tag_set(struct mlops_registry *registry, const char *ref, const char *name,
                            const char *value, struct mlops_version *version,
                            struct mlops_error *err);

/* Take it off again. Errors: as mlops_tag_set; MLOPS_NOT_FOUND also where there is none. */
MLOPS_API int mlops_tag_remove(struct mlops_registry *registry, const char *ref, const char *name,
                               struct mlops_version *version, struct mlops_error *err);

/* The tags of a version, by name. The caller clears `tags`. */
MLOPS_API int mlops_tag_list(struct mlops_registry *registry, const struct mlops_version *version,
                             struct mlops_tags *tags, struct mlops_error *err);
MLOPS_API void mlops_tags_clear(struct mlops_tags *tags);

/* ---- the end ------------------------------------------------------------------------------- */

/*
 * Put a version into the trash: nothing finds it any more, and mlops_gc purges it after its grace.
 * Its number is never used again.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID it is not registered; MLOPS_CONFLICT a stage, an approval
 * or another version's lineage needs it (the message says whose); MLOPS_IO.
 */
MLOPS_API int mlops_version_delete(struct mlops_registry *registry, const char *ref,
                                   const char *reason, struct mlops_version *version,
                                   struct mlops_error *err);

/* Take `ref` ("fraud@12" or a bundle) out of the trash. Errors: MLOPS_NOT_FOUND it is not there, or
 * was purged; MLOPS_INVALID not such a reference; MLOPS_IO. */
MLOPS_API int mlops_version_restore(struct mlops_registry *registry, const char *ref,
                                    struct mlops_version *version, struct mlops_error *err);

struct mlops_trashed {
    struct mlops_version version;
    int64_t deleted_ns;
    char deleted_by[MLOPS_ACTOR_MAX + 1];
};

struct mlops_trash {
    struct mlops_trashed *items; /* what was deleted last comes first */
    size_t count;
};

/* What of `model` (NULL: of all) can be restored. The caller clears `trash`. */
MLOPS_API int mlops_trash_list(struct mlops_registry *registry, const char *model,
                               struct mlops_trash *trash, struct mlops_error *err);
MLOPS_API void mlops_trash_clear(struct mlops_trash *trash);

/*
 * Take a version out of use for ever: no stage takes it, and mlops_gc may release its files. Its
 * manifest and evidence stay.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID no reason, or it is not registered; MLOPS_CONFLICT a stage
 * holds it, or it is retired already; MLOPS_IO.
 */
MLOPS_API int mlops_version_retire(struct mlops_registry *registry, const char *ref,
                                   const char *reason, struct mlops_version *version,
                                   struct mlops_error *err);

struct mlops_retirement {
    int64_t retired_ns;
    char retired_by[MLOPS_ACTOR_MAX + 1];
    char *reason;
    int64_t released_ns; /* when its files were released; 0: they are there */
};

/* Is it retired, and since when? The caller clears `retirement`. */
MLOPS_API int mlops_version_retirement(struct mlops_registry *registry,
                                       const struct mlops_version *version,
                                       struct mlops_retirement *retirement, bool *retired,
                                       struct mlops_error *err);
MLOPS_API void mlops_retirement_clear(struct mlops_retirement *retirement);

/* ---- events -------------------------------------------------------------------------------- */

struct mlops_events_options {
    uint64_t since;      /* the index of the first entry that is wanted */
    const char *model;   /* NULL: all */
    bool follow;         /* do not end: wait for what comes */
    int64_t interval_ns; /* how long between looks, with `follow` */
    /* Gets each entry as canonical JSON (docs/registry.md); what is not MLOPS_OK ends it. */
    int (*take)(void *context, const char *entry, struct mlops_error *err);
    void *context;
};

/* Hand out the entries of the audit log in their order. Errors: MLOPS_NOT_FOUND no such model;
 * MLOPS_CANCELLED; MLOPS_IO; what `take` returned. */
MLOPS_API int mlops_events(struct mlops_registry *registry,
                           const struct mlops_events_options *options, struct mlops_error *err);

MLOPS_END
#endif
