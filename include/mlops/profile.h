/*
 * include/mlops/profile.h - what is in a table: a profile made, kept, merged, shown.
 */
#ifndef MLOPS_PROFILE_H
#define MLOPS_PROFILE_H
#include <mlops/api.h>
#include <mlops/error.h>
#include <mlops/observer.h>
MLOPS_BEGIN

struct mlops_profile_options {
    const char *const *paths; /* tables; patterns are expanded; "-": standard input */
    size_t path_count;
    const char *table;   /* the one path is the URL of a PostgreSQL database, which computes the
                            profile of this table; NULL: the paths are of files */
    bool profiles;       /* the paths are of profiles, which are merged */
    const char *schema;  /* a profile whose columns give the types; NULL: inferred */
    const char *columns; /* names of the columns of CSV without a header, by commas; NULL: the first
                            record names them */
    char separator;      /* of CSV; 0: found out */
    char comment;        /* lines of CSV that begin with it are passed over; 0: none do */
    const char *ragged;  /* rows of another width: "refuse" (NULL), "fill" or "skip" */
    const char *output;  /* where the profile is written to; NULL: nowhere */
    const struct mlops_observer *observer; /* NULL: nobody looks */
};

/*
 * Profile tables as one, or merge profiles, in one pass and memory that does not grow with rows;
 * write the profile where that is asked for, and say what is in it as a JSON document (docs/
 * profile.md), which the caller frees with free().
 *
 * Errors: MLOPS_NOT_FOUND no such file or table; MLOPS_INVALID not a table, or not a profile;
 * profiles whose columns differ; MLOPS_CANCELLED; MLOPS_IO.
 */
MLOPS_API int mlops_profile(const struct mlops_profile_options *options, char **json,
                            struct mlops_error *err);

MLOPS_END
#endif
