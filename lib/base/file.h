/*
 * lib/base/file.h - files and folders: whole reads, durable atomic writes, trees.
 *
 * Every function that takes `mode` ignores the umask. Messages name the path.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H
#include "base/buffer.h"
#include <dirent.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Read all of `path`. More than `max` bytes is MLOPS_INVALID; missing is MLOPS_NOT_FOUND. */
int file_read(const char *path, size_t max, struct buffer *content, struct mlops_error *err);

/* Read from `fd` until `length` bytes have come or the file ends; `*got` is how many. */
int fd_read_full(int fd, void *data, size_t length, size_t *got, struct mlops_error *err);
int fd_pread_full(int fd, void *data, size_t length, uint64_t offset, struct mlops_error *err);
int fd_write_full(int fd, const void *data, size_t length, struct mlops_error *err);

/* SHA-256 of a file's bytes; links are not followed. */
struct digest;
int file_digest(const char *path, struct digest *digest, struct mlops_error *err);

/* Write `path` through a temporary file beside it: data, fsync, rename, fsync of the folder. */
int file_write_durable(const char *path, const void *data, size_t length, mode_t mode,
                       struct mlops_error *err);

/* fsync a folder so that names made or removed in it last. */
int directory_sync(const char *path, struct mlops_error *err);

/* The next entry of an open folder but for "." and "..", good until the next call; NULL at the end.
 * `path` names the folder in messages. An end that comes of a failure is MLOPS_IO: it would hide
 * files. */
int folder_next(DIR *folder, const char *path, const struct dirent **entry,
                struct mlops_error *err);

/* For _cleanup_: closes a folder that was read. */
void folder_close(DIR **folder);

/* mkdir -p. */
int directory_make(const char *path, mode_t mode, struct mlops_error *err);

/* Remove a file or a whole tree, following no links; read-only folders inside are opened up.
 * What is not there is no error. */
int tree_remove(const char *path, struct mlops_error *err);

/* A new private folder (mode 0700) `parent/prefix-XXXXXX`; the caller frees the path. */
int directory_make_temporary(const char *parent, const char *prefix, char **path,
                             struct mlops_error *err);

/* Does a name exist (links are not followed)? Errors count as no. */
bool path_exists(const char *path);

#endif
