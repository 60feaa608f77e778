/*
 * What chunk sizes cost and gain: two versions of a file cut with several sizes; what of the second
 * is not in the first, and what the names of the chunks take.
 *
 *   cc -O2 -D_GNU_SOURCE -Ilib -Iinclude tests/bench/store/chunk_sizes.c build/release/libmlops.a \
 *       -lcrypto -lcjson -lsqlite3 -lyaml -lzstd -lm -o /tmp/chunk_sizes
 *   /tmp/chunk_sizes WORK/v1/table.csv WORK/v2/table.csv
 */
#include "base/digest_set.h"
#include "store/chunker.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define NAME_BYTES (48 + 48 + 56) /* a recipe's entry, a record's header, an index entry */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* As chunker_cut, for any sizes: 2^bits on average, a quarter of it at least, four times at
 * most. */
static size_t cut(const uint64_t *gear, const uint8_t *data, size_t length, unsigned bits)
{
    size_t average = (size_t)1 << bits, end = length < 4 * average ? length : 4 * average;
    size_t normal = end < average ? end : average, at = average / 4;
    uint64_t hash = 0, before = ~0ULL << (64 - bits - 2), after = ~0ULL << (64 - bits + 2);
    if (end <= at)
        return end;
    for (size_t i = at - 64; i < at; i++)
        hash = (hash << 1) + gear[data[i]];
    for (; at < end; at++) {
        hash = (hash << 1) + gear[data[at]];
        if (!(hash & (at < normal ? before : after)))
            return at + 1;
    }
    return end;
}

static const uint8_t *map(const char *path, size_t *length)
{
    struct stat status;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) < 0)
        return NULL;
    *length = (size_t)status.st_size;
    void *data = mmap(NULL, *length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    return data == MAP_FAILED ? NULL : data;
}

int main(int argc, char **argv)
{
    static struct chunker chunker;
    const uint8_t *data[2];
    size_t lengths[2];
    for (int i = 0; i < 2; i++)
        if (argc != 3 || !(data[i] = map(argv[i + 1], &lengths[i]))) {
            fprintf(stderr, "usage: chunk_sizes OLD NEW\n");
            return 2;
        }
    chunker_init(&chunker);
    printf("| average KiB | chunks | cut MB/s | new MB | names MB | both MB |\n"
           "| --- | --- | --- | --- | --- | --- |\n");
    for (unsigned bits = 12; bits <= 20; bits++) {
        struct digest_set seen = {0};
        size_t chunks = 0, fresh = 0, fresh_chunks = 0;
        double cutting = 0;
        for (int i = 0; i < 2; i++)
            for (size_t at = 0, length; at < lengths[i]; at += length) {
                struct digest digest;
                double from = now();
                length = cut(chunker.gear, data[i] + at, lengths[i] - at, bits);
                cutting += now() - from;
                sha256_of(data[i] + at, length, &digest);
                bool first = digest_set_add(&seen, &digest);
                chunks += i;
                fresh += i && first ? length : 0;
                fresh_chunks += i && first;
            }
        double names = (double)(chunks * 48 + fresh_chunks * (NAME_BYTES - 48)) / 1e6;
        printf("| %u | %zu | %.0f | %.1f | %.2f | %.1f |\n", 1U << (bits - 10), chunks,
               (double)(lengths[0] + lengths[1]) / 1e6 / cutting, (double)fresh / 1e6, names,
               (double)fresh / 1e6 + names);
        digest_set_clear(&seen);
    }
    return 0;
}
