/*
 * include/mlops/lineage.h - what was made from what: versions, their parents, and the data they
 * used, as a graph.
 */
#ifndef MLOPS_LINEAGE_H
#define MLOPS_LINEAGE_H
#include <mlops/registry.h>
MLOPS_BEGIN

#define MLOPS_LINEAGE_MAX 10000 /* versions of a graph */

struct mlops_lineage_data {
    char *name;   /* of the snapshot in its version */
    char *digest; /* "sha256:…" */
};

struct mlops_lineage_node {
    struct mlops_version version; /* number 0: only the bundle's id is known here, and its model */
    char **stages;                /* that hold it now */
    size_t stage_count;
    char *run;       /* that made it; NULL where it was not said */
    size_t *parents; /* places in the list, all of them behind the node's own */
    size_t parent_count;
    struct mlops_lineage_data *data; /* by name */
    size_t data_count;
};

struct mlops_lineage {
    struct mlops_lineage_node *nodes; /* what was made stands before what it was made from, else
                                         newest first */
    size_t count;
};

/*
 * What the version `ref` was made from, and what was made from it, as far as the registry knows.
 * The caller clears. Errors: MLOPS_NOT_FOUND; MLOPS_INVALID a bundle that is not registered, or
 * more than MLOPS_LINEAGE_MAX versions; MLOPS_IO.
 */
MLOPS_API int mlops_lineage_of(struct mlops_registry *registry, const char *ref,
                               struct mlops_lineage *lineage, struct mlops_error *err);

/* All versions of `model` (NULL: of every model), and what they were made from. As above. */
MLOPS_API int mlops_lineage_all(struct mlops_registry *registry, const char *model,
                                struct mlops_lineage *lineage, struct mlops_error *err);
MLOPS_API void mlops_lineage_clear(struct mlops_lineage *lineage);

/* As lines of text, in the manner of 'git log --graph'. The caller frees with free(). */
MLOPS_API char *mlops_lineage_text(const struct mlops_lineage *lineage);

/* As a graph for Graphviz's dot, data snapshots among its nodes. The caller frees with free(). */
MLOPS_API char *mlops_lineage_dot(const struct mlops_lineage *lineage);

MLOPS_END
#endif
