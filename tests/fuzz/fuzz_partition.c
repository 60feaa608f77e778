/* tests/fuzz/fuzz_partition.c - no paths break the reader of partition keys: each line is one. What
 * comes out is a table of values, one for each file and key. */
#include "base/path.h"
#include "table/partition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = xstrndup((const char *)data, size), *rest = copy, *line;
    const struct table_options options = {0};
    struct partitions partitions;
    struct mlops_error err = {0};
    const char *paths[32];
    size_t count = 0;
    while (count < ARRAY_LENGTH(paths) && (line = strsep(&rest, "\n")))
        paths[count++] = line;
    if (partitions_read(paths, count, "", &options, &partitions, &err) == MLOPS_OK)
        for (size_t i = 0; i < count * partitions.count; i++)
            if (!utf8_valid(partitions.values[i], strlen(partitions.values[i])))
                abort();
    partitions_clear(&partitions);
    free(copy);
    return 0;
}
