/* tests/fuzz/fuzz_csv.c - no bytes break the CSV reader; what it reads fits its schema. */
#include "base/file.h"
#include "table/table.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a", "b", NULL};
    static const struct table_options options[] = {
        {0},
        {0},
        {.comment = '#', .ragged = TABLE_RAGGED_FILL},
        {.separator = ';', .comment = '#', .ragged = TABLE_RAGGED_SKIP, .names = names},
        {.ragged = TABLE_RAGGED_FILL, .names = names, .names_give_way = true},
    };
    struct mlops_error err = {0};
    char path[64];
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    _cleanup_(fd_close) int fd = memfd_create("table", MFD_CLOEXEC);
    if (fd < 0 || fd_write_full(fd, data, size, &err))
        return 0;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (table_open(path, &options[size % 5], &reader, &err))
        return 0;
    for (;;) {
        const struct batch *batch;
        bool more;
        if (table_next(reader, &batch, &more, &err) || !more)
            return 0;
        for (size_t i = 0; i < batch->column_count; i++) {
            const struct column *column = &batch->columns[i];
            if ((column->numbers != NULL) + (column->times != NULL) + (column->texts != NULL) != 1)
                abort();
            for (size_t row = 0; column->texts && row < batch->rows; row++)
                if (column->texts[row].length > size)
                    abort();
        }
    }
}
