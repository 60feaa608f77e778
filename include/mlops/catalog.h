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

MLOPS_END
#endif
