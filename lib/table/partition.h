/*
 * lib/table/partition.h - what the folders of a partitioned table say: "day=2024-01-01/country=DE"
 * are values of two columns, as Hive, Spark and DuckDB have it.
 */
#ifndef TABLE_PARTITION_H
#define TABLE_PARTITION_H
#include "table/table.h"

#define PARTITION_KEYS_MAX 64

/* A column that stands in the names of folders. */
struct partition_key {
    char *name;
    enum column_type type;
    bool wanted; /* it is read; as of table_options, only_expected */
};

/* Zeroed is none. */
struct partitions {
    struct partition_key *keys;
    size_t count;
    char **values; /* of file i and key j: [i * count + j]; "": missing */
    bool mixed;    /* files have different keys, so that there are none */
};

/*
 * The keys that all of `paths` have below the folder `root`, in the order of the folders: the part
 * of a name before its only '=', with %XX undone; of its value __HIVE_DEFAULT_PARTITION__ and
 * nothing are missing. A key's type is the one that `options` expects, else integer, time or
 * category by all its values: DuckDB's rule, for which nothing else is a type of folders.
 * The caller clears `partitions`.
 * Errors: MLOPS_INVALID a key twice, or more than PARTITION_KEYS_MAX; a name that is not UTF-8.
 */
int partitions_read(const char *const *paths, size_t count, const char *root,
                    const struct table_options *options, struct partitions *partitions,
                    struct mlops_error *err);
void partitions_clear(struct partitions *partitions);

struct input;
/*
 * The file `inner`, number `file` of those of `partitions`, with the keys as further columns. One
 * of its own columns of the same name gives way. `inner` becomes the input's, also after an error;
 * `partitions` must outlive it. Errors: MLOPS_INVALID a value is not of the type that is expected.
 */
int partition_input_open(struct input *inner, const char *name, const struct partitions *partitions,
                         size_t file, const struct table_options *options, struct input **input,
                         struct mlops_error *err);
/* What it reads from. */
struct input *partition_input_inner(const struct input *input);

/*
 * The files of the folder `root` and those in it, sorted by bytes; names that begin with '_' or '.'
 * are left out, as what tools leave beside the data. The caller frees `*paths`.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID there are none, a link, too many or too deep; MLOPS_IO.
 */
int partition_files(const char *root, char ***paths, size_t *count, struct mlops_error *err);

#endif
