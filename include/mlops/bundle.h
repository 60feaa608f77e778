/*
 * include/mlops/bundle.h - bundles: a project folder made into an immutable whole, and back.
 *
 * A bundle's id is "sha256:" and the SHA-256 of its manifest in canonical JSON (RFC 8785). The
 * manifest is described in docs/manifest.md.
 */
#ifndef MLOPS_BUNDLE_H
#define MLOPS_BUNDLE_H
#include <mlops/registry.h>
MLOPS_BEGIN

struct mlops_package_options {
    const char *directory;      /* project folder; NULL: the working directory */
    bool registers;             /* give it a version, too, in the same transaction */
    const char *const *params;  /* "key=value", NULL-terminated, over those of the file; or NULL */
    const char *const *metrics; /* the same; numbers */
    const char *const *parents; /* refs of the versions that it was made from; or NULL */
    bool afresh;                /* read every file, also those that look as they did before */
    bool requires_clean;        /* refuse what is not as a commit of git has it */
    const char *run;            /* the run that made it, as its tracker calls it; or NULL */
    bool verifies_external; /* data at a `url` that is not here is fetched, verified and described;
                               without, it is taken as declared */
    bool no_git;            /* the folder is no working tree, whatever is around it */
};

struct mlops_package {
    char bundle[MLOPS_BUNDLE_ID_SIZE];
    char model[MLOPS_NAME_MAX + 1];
    uint64_t files;
    uint64_t bytes;     /* of all files */
    uint64_t new_bytes; /* that the store had to write, compressed */
    double seconds;
    struct mlops_version version; /* where it was registered: its version */
    bool created;                 /* and did not have one before */
};

/*
 * Make a bundle of the project folder as its mlops.yaml says and store it durably. Nothing that
 * others see changes until it is registered. The same folder gives the same id.
 *
 * Errors: MLOPS_NOT_FOUND no mlops.yaml, or a path that it names is missing; MLOPS_INVALID the
 * project file is wrong (message with file, line and nearest known key), a path or symbolic link
 * leads out of the folder, a file is neither regular, folder nor link, a snapshot is not a table;
 * MLOPS_REFUSED it is to be clean and is not; MLOPS_CONFLICT a file changed while it was packaged,
 * or gc removed parts of the bundle faster
 * than they could be stored; MLOPS_IO.
 */
MLOPS_API int mlops_package_directory(struct mlops_registry *registry,
                                      const struct mlops_package_options *options,
                                      struct mlops_package *package, struct mlops_error *err);

/*
 * As mlops_package_directory, after the folder was packaged twice, everything read anew, and both
 * times gave the same id. Errors: as there; MLOPS_REFUSED the ids differ: nothing is registered.
 */
MLOPS_API int mlops_package_check(struct mlops_registry *registry,
                                  const struct mlops_package_options *options,
                                  struct mlops_package *package, struct mlops_error *err);

struct mlops_checkout_options {
    bool force;   /* lose what was changed in an earlier checkout */
    bool fetches; /* bring data that the bundle does not hold, too, verified; should that fail, the
                     checkout stands without it */
};

struct mlops_checkout {
    struct mlops_version version;
    struct mlops_version previous; /* that was there before; its `bundle` is "" where none was */
    uint64_t kept_files;           /* of that one, not read and not written */
    uint64_t kept_bytes;           /* in them, and in parts that were taken from its files */
    uint64_t stored_bytes;         /* that came out of the store */
};

/*
 * Lay the files of `ref` out in `directory`: bytes, permissions and links as they were packaged,
 * every object verified. It must not exist, be an empty folder, or be an earlier checkout of this
 * registry in which nothing was changed since; then only what differs is moved. Complete or absent:
 * a folder that does not exist appears by one rename, an earlier checkout is exchanged for the new
 * one by one rename; an empty folder is kept and filled name by name when all has been verified, so
 * that only there a process killed in that instant leaves a part. `options` may be NULL.
 * Errors: MLOPS_INVALID directory has something else in it; MLOPS_NOT_FOUND; MLOPS_INTEGRITY;
 * MLOPS_CONFLICT the earlier checkout was changed meanwhile; MLOPS_IO.
 */
MLOPS_API int mlops_checkout(struct mlops_registry *registry, const char *ref,
                             const char *directory, const struct mlops_checkout_options *options,
                             struct mlops_checkout *checkout, struct mlops_error *err);

/* The manifest of `ref` as canonical JSON, verified against its id; caller frees with free(). */
MLOPS_API int mlops_manifest_read(struct mlops_registry *registry, const char *ref, char **json,
                                  struct mlops_error *err);

/* In what the code of `ref` differed from its commit when it was packaged, as 'git diff HEAD' says
 * it; NULL where it did not, or nobody knows. The caller frees it with free(). */
MLOPS_API int mlops_code_diff(struct mlops_registry *registry, const char *ref, char **text,
                              struct mlops_error *err);

MLOPS_END
#endif
