/* lib/bundle/intact.c - is a folder just what a manifest says? */
#include "bundle/intact.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/path.h"
#include "base/pool.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <unistd.h>

#define PIECE (1U << 20)

struct intact {
    const char *directory;
    const struct manifest *manifest;
    const struct mlops_observer *observer;
    atomic_bool stop;
};

static int differs(struct mlops_error *err, const char *path, const char *what)
{
    _cleanup_(free_string) char *shown = escape_name(path);
    return mlops_fail(err, MLOPS_REFUSED, "'%s' %s", shown, what);
}

static int check_content(struct intact *intact, const struct manifest_file *file, const char *path,
                         struct mlops_error *err)
{
    _cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    _cleanup_(buffer_clear) struct buffer piece = {0};
    struct digest digest;
    size_t got = PIECE;
    if (fd < 0)
        return differs(err, file->path, "cannot be read");
    buffer_reserve(&piece, PIECE);
    while (got == PIECE) {
        if (intact->stop)
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while reading a release");
        if (fd_read_full(fd, piece.data, PIECE, &got, err))
            return differs(err, file->path, "cannot be read");
        sha256_update(hash, piece.data, got);
    }
    sha256_final(hash, &digest);
    return digest_equal(&digest, &file->digest)
               ? MLOPS_OK
               : differs(err, file->path, "has another content");
}

static int check_link(const struct manifest_file *file, const char *path, struct mlops_error *err)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof(target));
    if (length < 0 || (size_t)length != strlen(file->target) ||
        memcmp(target, file->target, (size_t)length) != 0)
        return differs(err, file->path, "is not the link that it should be");
    return MLOPS_OK;
}

static int check_one(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct intact *intact = context;
    const struct manifest_file *file = &intact->manifest->files[index];
    _cleanup_(free_string) char *path = path_join(intact->directory, file->path);
    struct stat status;
    (void)worker;
    if (lstat(path, &status) < 0)
        return differs(err, file->path, "is gone");
    bool same = file->kind == MANIFEST_FILE     ? S_ISREG(status.st_mode)
                : file->kind == MANIFEST_FOLDER ? S_ISDIR(status.st_mode)
                                                : S_ISLNK(status.st_mode);
    if (!same)
        return differs(err, file->path, "is another kind of file");
    if (file->kind == MANIFEST_LINK)
        return check_link(file, path, err);
    if ((status.st_mode & 07777) != file->mode)
        return differs(err, file->path, "has other permissions");
    if (file->kind == MANIFEST_FOLDER)
        return MLOPS_OK;
    if ((uint64_t)status.st_size != file->size)
        return differs(err, file->path, "has another size");
    return check_content(intact, file, path, err);
}

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct manifest_file *)file)->path);
}

/* What is in the folder `relative` ("": the top) and not in the manifest? */
static int find_new(const struct intact *intact, const char *relative, struct mlops_error *err)
{
    const struct manifest *manifest = intact->manifest;
    _cleanup_(free_string) char *path = path_join(intact->directory, relative);
    _cleanup_(folder_close) DIR *folder = opendir(*relative ? path : intact->directory);
    if (!folder)
        return differs(err, relative, "cannot be read");
    for (;;) {
        const struct dirent *entry;
        TRY(folder_next(folder, path, &entry, err));
        if (!entry)
            return MLOPS_OK;
        _cleanup_(free_string) char *name =
            *relative ? path_join(relative, entry->d_name) : xstrdup(entry->d_name);
        const struct manifest_file *file =
            manifest->file_count > 0 ? bsearch(name, manifest->files, manifest->file_count,
                                               sizeof(*manifest->files), compare_path)
                                     : NULL;
        if (!file)
            return differs(err, name, "is new");
        if (file->kind == MANIFEST_FOLDER)
            TRY(find_new(intact, name, err));
    }
}

bool intact_looks(const char *directory, const struct manifest *manifest, struct digest *looks)
{
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    for (size_t i = 0; i <= manifest->file_count; i++) {
        const char *name = i < manifest->file_count ? manifest->files[i].path : ".";
        _cleanup_(free_string) char *path = path_join(directory, name);
        struct stat status;
        if (lstat(path, &status) < 0)
            return false;
        const int64_t fields[] = {(int64_t)status.st_dev,      (int64_t)status.st_ino,
                                  (int64_t)status.st_mode,     (int64_t)status.st_size,
                                  status.st_mtim.tv_sec,       status.st_mtim.tv_nsec,
                                  i < manifest->file_count ? status.st_ctim.tv_sec : 0,
                                  i < manifest->file_count ? status.st_ctim.tv_nsec : 0};
        sha256_update(hash, fields, sizeof(fields));
    }
    sha256_final(hash, looks);
    return true;
}

static int ask_to_stop(void *context, struct mlops_error *err)
{
    struct intact *intact = context;
    const struct mlops_observer *observer = intact->observer;
    if (observer && observer->cancelled && observer->cancelled(observer->context))
        intact->stop = true;
    return intact->stop ? mlops_fail(err, MLOPS_CANCELLED, "stopped while reading a release")
                        : MLOPS_OK;
}

int intact_check(const char *directory, const struct manifest *manifest,
                 const struct mlops_observer *observer, char **why, struct mlops_error *err)
{
    struct intact intact = {.directory = directory, .manifest = manifest, .observer = observer};
    struct mlops_error found = {0};
    *why = NULL;
    int code = pool_run_ticking(manifest->file_count, check_one, ask_to_stop, &intact, &found);
    if (code == MLOPS_OK)
        code = find_new(&intact, "", &found);
    if (code == MLOPS_REFUSED)
        *why = xstrdup(found.message);
    else if (code)
        *err = found;
    return code == MLOPS_REFUSED ? MLOPS_OK : code;
}
