/*
 * lib/bundle/packaging.h - the steps by which a project folder becomes a bundle, and what they hand
 * on to one another. package.c takes them in the order in which they stand here.
 */
#ifndef BUNDLE_PACKAGING_H
#define BUNDLE_PACKAGING_H
#include "bundle/git.h"
#include "bundle/lineage.h"
#include "bundle/package.h"
#include "bundle/stat_cache.h"
#include "environment/lock.h"
#include "store/store.h"

struct packaging {
    struct mlops_registry *registry;
    const char *root;
    const struct mlops_package_options *options;
    const struct package_source *source; /* NULL: the folder has a project file */
    struct project project;
    struct digest project_digest; /* of the project file as it was read */
    char **real;                  /* for each of the project's paths: where it is without links */
    struct walk walk;
    struct ignore *ignore;
    int64_t found_ns; /* when the walk began */
    struct lock lock; /* of the environment */
    struct git_state git;
    struct lineage lineage;
    struct stat_cache *cache;
    struct digest key;        /* of all that the bundle depends on, as it looks */
    struct manifest previous; /* of the model's newest bundle; empty where there is none */
    struct store_writer *writer;
    uint64_t round; /* of gc, when the store was first looked at */
    bool registers;
};

/* package_collect.c: what is there. */

/* Read and check the project file. Errors: MLOPS_NOT_FOUND there is none; MLOPS_INVALID. */
int package_read_project(struct packaging *packaging, struct mlops_error *err);
/* Find the files that the project names, and read its lock file. Errors: as walk_add, with the line
 * of the project file. */
int package_collect(struct packaging *packaging, struct mlops_error *err);
/* The first path that `key` names; NULL where the key is not there. */
const struct project_path *packaging_path(const struct packaging *packaging, const char *key);
/* Where a path of the project file is when links are followed. */
const char *packaging_real(const struct packaging *packaging, const struct project_path *path);

/* package_suites.c: warn of what the commands of suites name that is in the folder and that the
 * bundle will not have. After walk_finish. */
void package_check_suites(const struct packaging *packaging);

/* package_known.c: what is known from before. */

/* Put a text, or that there is none, into a key, so that no two lists of them give the same. */
void package_key_text(struct sha256 *hash, const char *text);
/* Everything that a bundle is made from, as it looks: two walks with the same key, whose files are
 * settled (stat_cache.h), give the same bundle. */
int package_make_key(struct packaging *packaging, struct mlops_error *err);
/* Was the folder, as it looks now, packaged last, and is that bundle still there? Then no content
 * is read, and `package` is complete. */
int package_find_unchanged(struct packaging *packaging, struct mlops_package *package, bool *found,
                           struct mlops_error *err);
/* Remember it all for the next time. Whatever is remembered is looked for in the store before it is
 * believed, so that this may be done before anything is published. Errors: MLOPS_IO. */
int package_remember(const struct packaging *packaging, const struct mlops_package *package,
                     struct mlops_error *err);

/* package_files.c: content into the store. */

/* All files into the store; sizes and digests come back into the walk, sums into `package`. */
int package_store_files(struct packaging *packaging, struct mlops_package *package,
                        struct mlops_error *err);
/* In what the files differ from the commit, which the manifest names by digest. */
int package_store_patch(struct packaging *packaging, struct mlops_error *err);
/* The manifest speaks of files that were read more than once: they must have been the same each
 * time. Errors: MLOPS_CONFLICT. */
int package_check_unchanged(const struct packaging *packaging, struct mlops_error *err);

/* package_manifest.c, package_data.c: all of it in one document. */

/* All but the files: what has to be read for it. */
int package_manifest(struct packaging *packaging, cJSON *manifest, struct mlops_error *err);
/* Its member "files". */
void package_list_files(const struct packaging *packaging, cJSON *manifest);
/* Its member "data". */
int package_add_data(struct packaging *packaging, cJSON *manifest, struct mlops_error *err);

#endif
