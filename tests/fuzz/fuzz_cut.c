/* tests/fuzz/fuzz_cut.c - no bytes break table_cut; what it cuts has rows. */
#include "base/file.h"
#include "table/cut.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const columns[] = {"y", NULL};
    struct mlops_error err = {0};
    char path[64], kept[64], taken[64];
    uint64_t rows;
    _cleanup_(fd_close) int fd = memfd_create("table", MFD_CLOEXEC);
    if (fd < 0 || fd_write_full(fd, data, size, &err))
        return 0;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    snprintf(kept, sizeof(kept), "/tmp/fuzz-cut-%d.kept", getpid());
    snprintf(taken, sizeof(taken), "/tmp/fuzz-cut-%d.taken", getpid());
    int code = table_cut(path, columns, kept, taken, &rows, &err);
    if (code == 0 && rows == 0)
        abort();
    (void)unlink(kept);
    (void)unlink(taken);
    return 0;
}
