/* lib/bundle/walk.c - the files that a project names. */
#include "bundle/walk.h"
#include "base/file.h"
#include "base/path.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>

void manifest_file_clear(struct manifest_file *file)
{
    free(file->path);
    free(file->target);
}

void file_list_clear(struct file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        manifest_file_clear(&list->items[i]);
    free(list->items);
    *list = (struct file_list){0};
}

static struct manifest_file *append(struct file_list *list, const char *path,
                                    enum manifest_kind kind, mode_t mode)
{
    GROW(list->items, list->count, &list->capacity);
    struct manifest_file *file = &list->items[list->count++];
    *file = (struct manifest_file){
        .path = xstrdup(path), .kind = kind, .mode = kind == MANIFEST_LINK ? 0 : mode & 0777};
    return file;
}

static bool left_out(const char *name)
{
    static const char *const names[] = {".", "..", ".git", ".mlops", "__pycache__"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (str_equal(name, names[i]))
            return true;
    return str_ends(name, ".pyc");
}

/* A link is taken as a link where its text stays inside the project, and where following it,
 * through further links, does too. One that leads nowhere is fine: it may come to life in the
 * checkout. */
static int add_link(struct file_list *list, const char *root, const char *path, const char *full,
                    struct mlops_error *err)
{
    char target[PATH_MAX], resolved[PATH_MAX], top[PATH_MAX];
    ssize_t length = readlink(full, target, sizeof(target) - 1);
    if (length < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read the link '%s'", full);
    target[length] = '\0';
    bool inside = utf8_valid(target, (size_t)length) && path_link_stays_inside(path, target);
    if (inside && realpath(full, resolved) && realpath(root, top)) {
        size_t prefix = strlen(top);
        inside = strncmp(resolved, top, prefix) == 0 &&
                 (resolved[prefix] == '/' || resolved[prefix] == '\0');
    }
    if (!inside) {
        mlops_fail(err, MLOPS_INVALID, "the link '%s' leads out of the project, to '%s'", path,
                   target);
        return mlops_hint(err, "copy what it points at into the project, or leave the link out");
    }
    append(list, path, MANIFEST_LINK, 0)->target = xstrdup(target);
    return MLOPS_OK;
}

static void close_folder(DIR **folder)
{
    if (*folder)
        (void)closedir(*folder); /* was only read */
}

static int add_any(struct file_list *list, const char *root, const char *path, int depth,
                   struct mlops_error *err);

static int add_folder(struct file_list *list, const char *root, const char *path, const char *full,
                      int depth, struct mlops_error *err)
{
    if (depth > 200)
        return mlops_fail(err, MLOPS_INVALID, "'%s': folders are nested too deep", path);
    _cleanup_(close_folder) DIR *folder = opendir(full);
    if (!folder)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", full);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry && errno != 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", full);
        if (!entry)
            return MLOPS_OK;
        if (left_out(entry->d_name))
            continue;
        _cleanup_(free_string) char *inner =
            str_equal(path, ".") ? xstrdup(entry->d_name) : path_join(path, entry->d_name);
        _cleanup_(free_string) char *normal = NULL;
        if (path_normalize(inner, &normal, err))
            return mlops_wrap(err, "in folder '%s'", path);
        TRY(add_any(list, root, normal, depth + 1, err));
    }
}

static int add_any(struct file_list *list, const char *root, const char *path, int depth,
                   struct mlops_error *err)
{
    _cleanup_(free_string) char *full =
        str_equal(path, ".") ? xstrdup(root) : path_join(root, path);
    struct stat status;
    if (lstat(full, &status) < 0 && errno == ENOENT)
        return mlops_fail(err, MLOPS_NOT_FOUND, "'%s' does not exist", path);
    if (lstat(full, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", full);
    if (S_ISLNK(status.st_mode))
        return add_link(list, root, path, full, err);
    if (S_ISREG(status.st_mode)) {
        append(list, path, MANIFEST_FILE, status.st_mode);
        return MLOPS_OK;
    }
    if (!S_ISDIR(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is neither a file, a folder nor a link", path);
    if (!str_equal(path, "."))
        append(list, path, MANIFEST_FOLDER, status.st_mode);
    return add_folder(list, root, path, full, depth, err);
}

/* The folders above `path`, each of which must be one and not a link. */
static int add_parents(struct file_list *list, const char *root, const char *path,
                       struct mlops_error *err)
{
    _cleanup_(free_string) char *partial = xstrdup(path);
    for (char *slash = strchr(partial, '/'); slash; slash = strchr(slash + 1, '/')) {
        struct stat status;
        *slash = '\0';
        _cleanup_(free_string) char *full = path_join(root, partial);
        if (lstat(full, &status) < 0)
            return mlops_fail(err, MLOPS_NOT_FOUND, "'%s' does not exist", partial);
        if (!S_ISDIR(status.st_mode))
            return mlops_fail(err, MLOPS_INVALID, "'%s', on the way to '%s', is not a folder",
                              partial, path);
        append(list, partial, MANIFEST_FOLDER, status.st_mode);
        *slash = '/';
    }
    return MLOPS_OK;
}

int walk_add(struct file_list *list, const char *root, const char *path, struct mlops_error *err)
{
    TRY(add_parents(list, root, path, err));
    return add_any(list, root, path, 0, err);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct manifest_file *)a)->path, ((const struct manifest_file *)b)->path);
}

void walk_finish(struct file_list *list)
{
    size_t kept = 0;
    qsort(list->items, list->count, sizeof(*list->items), compare_paths);
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && str_equal(list->items[kept - 1].path, list->items[i].path))
            manifest_file_clear(&list->items[i]);
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}
