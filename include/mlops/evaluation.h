/*
 * include/mlops/evaluation.h - evaluation sets that the registry holds: data on which versions are
 * examined, chosen by whoever keeps the registry and not by the author of a bundle.
 *
 * A set is called MODEL/NAME. Its rows are kept apart from the columns that are withheld: what a
 * suite is given has no labels in it. docs/evaluation-sets.md says how they are used.
 */
#ifndef MLOPS_EVALUATION_H
#define MLOPS_EVALUATION_H
#include <mlops/registry.h>
MLOPS_BEGIN

#define MLOPS_EVALUATION_NAME_SIZE (2 * MLOPS_NAME_MAX + 2)
#define MLOPS_EVALUATION_LABELS_MAX 100

struct mlops_evaluation {
    char name[MLOPS_EVALUATION_NAME_SIZE]; /* "fraud/holdout-2024" */
    char model[MLOPS_NAME_MAX + 1];
    char bundle[MLOPS_BUNDLE_ID_SIZE]; /* that has the rows and the labels as two files */
    char sha256[65];                   /* of the file as it was given */
    uint64_t rows;
    char **labels; /* columns that are withheld, NULL-terminated; the first is the label */
    int64_t added_ns;
    char *added_by;
};
MLOPS_API void mlops_evaluation_clear(struct mlops_evaluation *set);

struct mlops_evaluation_list {
    struct mlops_evaluation *items;
    size_t count;
};

struct mlops_evaluation_options {
    const char *name;          /* MODEL/NAME */
    const char *path;          /* plain CSV */
    const char *const *labels; /* columns to withhold, NULL-terminated; one at least */
    const char *reason;        /* for the log; may be NULL */
};

/*
 * Take a CSV file in as an evaluation set, and log it. The same file with the same labels again is
 * fine and changes nothing (`*created` false). The caller clears `set`.
 * Errors: MLOPS_NOT_FOUND no such file; MLOPS_INVALID the name, no labels, no such column, a cell of
 * a label is empty, not plain CSV; MLOPS_CONFLICT there is one of that name with other content;
 * MLOPS_IO.
 */
MLOPS_API int mlops_evaluation_add(struct mlops_registry *registry,
                                   const struct mlops_evaluation_options *options,
                                   struct mlops_evaluation *set, bool *created,
                                   struct mlops_error *err);

/* The set called `name`. The caller clears it, also on failure. Errors: MLOPS_NOT_FOUND;
 * MLOPS_INVALID the name. */
MLOPS_API int mlops_evaluation_find(struct mlops_registry *registry, const char *name,
                                    struct mlops_evaluation *set, struct mlops_error *err);

/* All of `model` (NULL: of every model), by name. The caller clears the list. */
MLOPS_API int mlops_evaluation_all(struct mlops_registry *registry, const char *model,
                                   struct mlops_evaluation_list *list, struct mlops_error *err);
MLOPS_API void mlops_evaluation_list_clear(struct mlops_evaluation_list *list);

/* Take it out of use, and log it: evidence that was found on it counts for no policy any more, and
 * gc removes the rows later. Errors: MLOPS_NOT_FOUND; MLOPS_INVALID the name. */
MLOPS_API int mlops_evaluation_remove(struct mlops_registry *registry, const char *name,
                                      const char *reason, struct mlops_error *err);

MLOPS_END
#endif
