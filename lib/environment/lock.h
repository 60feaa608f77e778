/*
 * lib/environment/lock.h - what an environment consists of, as the lock files that people have say
 * it: one reader for packaging, for comparing, for rendering and for the scanner's advisories.
 *
 * Formats: pip's requirements files (pip.pypa.io/en/stable/reference/requirements-file-format, with
 * the requirements of PEP 508), pylock.toml (PEP 751), uv.lock, poetry.lock, pdm.lock,
 * Pipfile.lock, conda's environment.yml and explicit lists. docs/environment.md says what is taken
 * of each.
 */
#ifndef ENVIRONMENT_LOCK_H
#define ENVIRONMENT_LOCK_H
#include "base/buffer.h"

#define LOCK_MAX (64u << 20)  /* bytes of one file */
#define LOCK_ITEMS_MAX 20000u /* distributions */

enum lock_format {
    LOCK_UNKNOWN,
    LOCK_REQUIREMENTS,
    LOCK_PYLOCK,
    LOCK_UV,
    LOCK_POETRY,
    LOCK_PDM,
    LOCK_PIPFILE,
    LOCK_CONDA,
    LOCK_CONDA_EXPLICIT,
    LOCK_CONTAINERFILE,
    LOCK_CAPTURED, /* environment/capture.h */
};

/* Which index a distribution's name is of. */
enum distribution_kind { DISTRIBUTION_PYPI, DISTRIBUTION_CONDA, DISTRIBUTION_IMAGE };

/* How exactly a lock says which distribution it means. */
enum pin {
    PIN_NONE,    /* a range, or only a name */
    PIN_VERSION, /* one version */
    PIN_SOURCE,  /* one content: a commit, an archive with its digest, a folder of the bundle */
};

struct distribution {
    enum distribution_kind kind;
    enum pin pin;
    bool optional; /* of a development group or an extra: may be there or not */
    char *name;    /* as it is written */
    char *key;     /* the name as its index compares names */
    char *version; /* NULL: not said */
    char *build;   /* conda: the build; NULL: not said */
    char *extras;  /* "socks,http2", or NULL */
    char *text;    /* what a person would call it: "flask>=2" */
    char *marker;  /* PEP 508: where it is wanted; NULL: everywhere */
    char *source;  /* a URL, a path, or conda's channel; NULL: the index's own */
    char **hashes; /* "sha256:…", sorted, each once */
    size_t hash_count;
    char *content; /* captured ones: digest of what is installed; NULL otherwise */
    int line;      /* of the lock file; 0: of a file that it includes */
};

struct lock {
    enum lock_format format;
    char *python; /* which interpreters it is for, ">=3.10"; NULL: not said */
    struct distribution *items;
    size_t count, capacity;
    char **channels; /* conda's, in their order */
    size_t channel_count;
    char **included; /* normalized paths of the files that it includes, in the order of reading */
    size_t included_count;
    struct lock *constraints; /* while it is read: pins for what is required without one */
};

/* The content of the included file `path` (normalized, relative to where the lock's own path is).
 * Errors: as the caller wants them; they end the reading. */
typedef int (*lock_include)(void *context, const char *path, struct buffer *content,
                            struct mlops_error *err);

struct lock_options {
    const char *path; /* of the lock file, relative: its name decides the format, its folder where
                         includes are looked for; messages name it */
    const char *text;
    size_t length;
    lock_include include; /* NULL: includes are passed over */
    void *context;
};

/*
 * Read a lock file. The caller clears `lock`. A file of no known format has LOCK_UNKNOWN and no
 * items.
 * Errors: MLOPS_INVALID a file of a known format that is not well-formed, with its line; an include
 * that leads out of the folder, or more than 100 of them; those of `include`.
 */
int lock_read(const struct lock_options *options, struct lock *lock, struct mlops_error *err);
void lock_clear(struct lock *lock);

/* The stable name of a format, "requirements"; "unknown". */
const char *lock_format_name(enum lock_format format);

/* Has every distribution that is not optional at least one digest? */
bool lock_is_hashed(const struct lock *lock);

/* The distribution of that kind and key (and version, where not NULL), or NULL. */
const struct distribution *lock_find(const struct lock *lock, enum distribution_kind kind,
                                     const char *key, const char *version);

/* ---- for the readers ----------------------------------------------------------------------- */

/* MLOPS_INVALID where no more distributions are taken. */
int lock_check_room(const struct lock *lock, const char *path, struct mlops_error *err);
/* A new distribution of `name` at the end; owned by `lock`, and moved by the next one. */
struct distribution *lock_add(struct lock *lock, enum distribution_kind kind, const char *name,
                              size_t length, int line);
/* Add a digest "sha256:…" where it is one and is not there. */
void distribution_add_hash(struct distribution *distribution, const char *hash);
void distribution_clear(struct distribution *distribution);

/* `name` as PyPI compares names (PEP 503): lower case, runs of -, _ and . as one -. The caller
 * frees. */
char *package_name_normalise(const char *name, size_t length);

/* Name and version of an installed package's METADATA (the core metadata specification); NULL where
 * it has none. The caller frees. */
void metadata_read(const char *text, size_t length, char **name, char **version);

#endif
