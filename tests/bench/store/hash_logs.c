/*
 * What the table of zstd's level 1 costs and gains: files compressed in pieces of 64 KiB with
 * several sizes of it.
 *
 *   cc -O2 tests/bench/store/hash_logs.c -lzstd -o /tmp/hash_logs
 *   /tmp/hash_logs FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zstd.h>

#define FILE_MAX ((size_t)100 << 20) /* of a longer file the first bytes */
#define PIECE ((size_t)64 << 10)
#define ROOM (PIECE * 2)

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* 0: as the level has it. */
static void compress(ZSTD_CCtx *context, int hash_log, int match_min, const char *data, size_t length, char *room)
{
    size_t packed = 0;
    ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, hash_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, match_min);
    double from = now();
    for (size_t at = 0; at < length; at += PIECE) {
        size_t piece = length - at < PIECE ? length - at : PIECE;
        packed += ZSTD_compress2(context, room, ROOM, data + at, piece);
    }
    printf(" %.0f MB/s %.4f |", (double)length / 1e6 / (now() - from),
           (double)packed / (double)length);
}

int main(int argc, char **argv)
{
    static const int hash_logs[] = {0, 9, 10, 11, 12}, match_mins[] = {0, 6, 0, 0, 0};
    char *data = malloc(FILE_MAX), *room = malloc(ROOM);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    printf("| | level 1 | 2^9, of 6 | 2^10 | 2^11 | 2^12 |\n| --- | --- | --- | --- | --- | --- |\n");
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file)
            return perror(argv[i]), 1;
        size_t length = fread(data, 1, FILE_MAX, file);
        fclose(file);
        printf("| %s |", argv[i]);
        for (size_t j = 0; j < sizeof(hash_logs) / sizeof(*hash_logs); j++)
            compress(context, hash_logs[j], match_mins[j], data, length, room);
        printf("\n");
    }
    ZSTD_freeCCtx(context);
    free(data);
    free(room);
    return 0;
}
