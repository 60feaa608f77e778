/*
 * tests/fuzz/fuzz_archive.c - any bytes as an archive: imported or refused by its own fault, and
 * nothing left lying about. Begins with a true archive; the mutator keeps the tar headers' sums
 * right, so that what is behind them is reached.
 */
#include "base/path.h"
#include "fuzz_registry.h"
#include <dirent.h>
#include <mlops/archive.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#define SEED_MAX (1U << 20)

static struct buffer seed; /* an archive, decompressed */
static int input_fd;

int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned random);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int make(const char *path, struct mlops_error *err)
{
    bool created;
    return mlops_registry_init(path, &created, err);
}

static void put(const char *name, const char *text, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(folder, name);
    must(file_write_durable(path, text, strlen(text), 0644, err), err);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct mlops_error err = {0};
    struct mlops_package package;
    struct mlops_archive archive;
    _cleanup_(buffer_clear) struct buffer packed = {0};
    (void)argc;
    (void)argv;
    fuzz_registry_begin(make);
    put("mlops.yaml", "model: m\ncode: [a, link]\ndata:\n  train: {path: t.csv}\n", &err);
    put("a", "content\n", &err);
    put("t.csv", "x,y\n1,2\n", &err);
    _cleanup_(free_string) char *link = path_join(folder, "link");
    _cleanup_(free_string) char *file = path_join(folder, "seed.tar.zst");
    if (symlink("a", link) < 0)
        abort();
    must(mlops_package_directory(registry, &(struct mlops_package_options){.directory = folder},
                                 &package, &err),
         &err);
    must(mlops_archive_export(registry, package.bundle, file, &archive, &err), &err);
    must(file_read(file, SEED_MAX, &packed, &err), &err);
    buffer_reserve(&seed, SEED_MAX);
    ZSTD_DCtx *zstd = xcheck(ZSTD_createDCtx()); /* streaming: the frame does not say its size */
    ZSTD_inBuffer in = {packed.data, packed.length, 0};
    ZSTD_outBuffer out = {seed.data, SEED_MAX, 0};
    while (in.pos < in.size)
        if (ZSTD_isError(ZSTD_decompressStream(zstd, &out, &in)))
            abort();
    ZSTD_freeDCtx(zstd);
    seed.length = out.pos;
    input_fd = memfd_create("archive", MFD_CLOEXEC);
    return input_fd < 0;
}

/* POSIX.1-1988 ustar: the sum of the header's bytes, with blanks in the place of the sum. */
static void mend_sums(uint8_t *data, size_t size)
{
    for (size_t at = 0; at + 512 <= size; at += 512) {
        unsigned sum = 0;
        if (memcmp(data + at + 257, "ustar", 5) != 0)
            continue;
        memset(data + at + 148, ' ', 8);
        for (size_t i = 0; i < 512; i++)
            sum += data[at + i];
        (void)snprintf((char *)data + at + 148, 7, "%06o", sum);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned random)
{
    if (size < 1024 && random % 4 && seed.length <= max_size) {
        memcpy(data, seed.data, seed.length);
        return seed.length;
    }
    size = LLVMFuzzerMutate(data, size, max_size);
    if (random % 8)
        mend_sums(data, size);
    return size;
}

/* Is nothing in the registry's folder for temporary work? */
static bool is_tidy(void)
{
    _cleanup_(free_string) char *path = path_join(folder, ".mlops/tmp");
    DIR *entries = opendir(path);
    size_t count = 0;
    while (entries && readdir(entries))
        count++;
    if (entries)
        (void)closedir(entries); /* was only read */
    return count <= 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    struct mlops_package package;
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", input_fd);
    if (ftruncate(input_fd, 0) < 0 || pwrite(input_fd, data, size, 0) != (ssize_t)size)
        abort();
    int code = mlops_archive_import(registry, path, &package, &err);
    if (code != MLOPS_OK && code != MLOPS_INVALID && code != MLOPS_INTEGRITY)
        must(code, &err);
    if (code != (int)err.code || (code && !err.message[0]) || !is_tidy())
        abort();
    return 0;
}
