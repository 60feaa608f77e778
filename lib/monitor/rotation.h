/*
 * lib/monitor/rotation.h - which files had the name of a followed file before, and were not read.
 *
 * A file is told by what was read of it, its first and its last bytes up to there: so it is found
 * under another name, as a copy, and compressed, and an inode that is used again deceives nobody.
 */
#ifndef MONITOR_ROTATION_H
#define MONITOR_ROTATION_H
#include "base/util.h"
#include <sys/stat.h>

#define MARK_SIZE 4096

/* How far a file was read. Zeroed: not at all. */
struct mark {
    uint64_t position; /* bytes, unpacked */
    char head[MARK_SIZE], tail[MARK_SIZE];
    size_t head_length, tail_length;
    int64_t modified_ns; /* of the file; the caller sees to it */
};

/* What of a mark is kept from one process to the next. */
struct position {
    uint64_t bytes;      /* 0: nothing was read */
    uint64_t head, tail; /* hashes */
    int64_t modified_ns; /* of the file, when it was last read, or first looked at; 0: not known */
};

/* The next bytes were read. */
void mark_add(struct mark *mark, const char *data, size_t length);
struct position mark_position(const struct mark *mark);

/* The position in the file `path`, which is durable after; a missing one or one that is none is a
 * position of 0. Errors: MLOPS_IO. */
int position_write(const char *path, const struct position *position, struct mlops_error *err);
int position_read(const char *path, struct position *position, struct mlops_error *err);

struct rotated {
    char *path;
    bool packed;
    bool dated;      /* NAME-20261129, not NAME.1 */
    uint64_t number; /* that the name ends with */
    struct stat status;
};

struct rotated_list {
    struct rotated *items;
    size_t count, capacity;
    bool lost; /* what was read last is not among the files: some between may be missing */
};

/*
 * Of the files that had the name `path`, those that were not read, or not to their end, oldest
 * first: all behind the one of `last`; where that is gone, or nothing was read, all that changed
 * since; where it still has the name, or nothing was read, `path`.1, too. `newest`: the one that
 * has the name now, or had it when it was opened; not in the list, nor what came after it. The
 * caller clears the list. Errors: MLOPS_IO.
 */
int rotation_list(const char *path, const struct position *last, const struct stat *newest,
                  struct rotated_list *list, struct mlops_error *err);
void rotated_list_clear(struct rotated_list *list);

#endif
