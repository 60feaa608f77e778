/* tests/fuzz/fuzz_npy.c - no bytes break the reader of numpy's arrays. The input is a header and
 * data; version, length and padding are put before it where it does not begin as a file does. */
#include "base/file.h"
#include "table/npy_header.h"
#include "table/table.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int write_file(int fd, const uint8_t *data, size_t size, struct mlops_error *err)
{
    const uint8_t *newline = memchr(data, '\n', size);
    uint8_t start[] = "\x93NUMPY\x01\0\0\0";
    if (npy_begins(data, size) || !newline || newline - data > 65000)
        return fd_write_full(fd, data, size, err);
    size_t length = (size_t)(newline - data) + 1;
    start[8] = (uint8_t)length;
    start[9] = (uint8_t)(length >> 8);
    TRY(fd_write_full(fd, start, 10, err));
    return fd_write_full(fd, data, size, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    char path[64];
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    _cleanup_(fd_close) int fd = memfd_create("array", MFD_CLOEXEC);
    if (fd < 0 || write_file(fd, data, size, &err))
        return 0;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (table_open(path, &(struct table_options){.count_misfits = size % 2}, &reader, &err))
        return 0;
    for (;;) {
        const struct batch *batch;
        bool more;
        if (table_next(reader, &batch, &more, &err) || !more)
            return 0;
        for (size_t i = 0; i < batch->column_count; i++) {
            const struct column *column = &batch->columns[i];
            for (size_t row = 0; column->texts && row < batch->rows; row++)
                if (column->texts[row].length > 4 * size)
                    abort();
        }
    }
}
