/* lib/bundle/walk.c - the files that a project names. */
#include "bundle/walk.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/neighbours.h"
#include "base/path.h"
#include "base/pool.h"
#include "bundle/resolve.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define DEPTH_MAX 200
#define LOOK_RUN 1000 /* files that a worker looks at one after another */

void manifest_file_clear(struct manifest_file *file)
{
    free(file->path);
    free(file->target);
}

void walk_clear(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        manifest_file_clear(&walk->items[i].file);
    free(walk->items);
    *walk = (struct walk){0};
}

static struct walked *append(struct walk *walk, const char *path, enum manifest_kind kind,
                             const struct stat *status)
{
    GROW(walk->items, walk->count, &walk->capacity);
    struct walked *item = &walk->items[walk->count++];
    unsigned mode = kind == MANIFEST_LINK ? 0 : status->st_mode & 0777;
    *item = (struct walked){.file = {.path = xstrdup(path), .kind = kind, .mode = mode},
                            .status = *status};
    return item;
}

/* The registry and git's own folder are never packaged, however they are named. */
static bool is_forbidden(const char *name)
{
    return str_equal(name, ".git") || str_equal(name, ".mlops");
}

bool walk_leaves_out(const char *name)
{
    return is_forbidden(name) || str_equal(name, "__pycache__") || str_ends(name, ".pyc");
}

static int check_plain(const char *path, const char *what, struct mlops_error *err)
{
    if (name_is_plain(path))
        return MLOPS_OK;
    _cleanup_(free_string) char *shown = escape_name(path);
    mlops_fail(err, MLOPS_INVALID, "%s '%s' has control characters or is not UTF-8", what, shown);
    return mlops_hint(err, "rename it: a bundle must be the same on every machine");
}

static int read_link(const char *full, char target[PATH_MAX], struct mlops_error *err)
{
    ssize_t length = readlink(full, target, PATH_MAX - 1);
    if (length < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read the link '%s'", full);
    target[length] = '\0';
    return check_plain(target, "the target of a link,", err);
}

/* ---- following a path ----------------------------------------------------------------------- */

struct looker {
    struct walk *walk;
    char target[PATH_MAX];
};

/* resolve_look on the disk. Folders and links that are passed are taken along. */
static int look(void *context, const char *path, bool *there, enum manifest_kind *kind,
                const char **target, struct mlops_error *err)
{
    struct looker *looker = context;
    struct stat status;
    _cleanup_(free_string) char *full = path_join(looker->walk->root, path);
    *there = false;
    if (is_forbidden(path_base(path)))
        return MLOPS_OK;
    if (lstat(full, &status) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return MLOPS_OK;
    if (lstat(full, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", full);
    *there = true;
    *kind = S_ISLNK(status.st_mode)   ? MANIFEST_LINK
            : S_ISDIR(status.st_mode) ? MANIFEST_FOLDER
                                      : MANIFEST_FILE;
    if (*kind == MANIFEST_FILE)
        return MLOPS_OK;
    TRY(check_plain(path, "the name", err));
    struct walked *item = append(looker->walk, path, *kind, &status);
    if (*kind == MANIFEST_FOLDER)
        return MLOPS_OK;
    TRY(read_link(full, looker->target, err));
    item->file.target = xstrdup(looker->target);
    *target = looker->target;
    return MLOPS_OK;
}

/* Follow `path`. What was passed stays in the list only where something was found. */
static int follow(struct walk *walk, const char *path, struct resolution *resolution,
                  struct mlops_error *err)
{
    struct looker looker = {.walk = walk};
    size_t before = walk->count;
    TRY(resolve_path(path, look, &looker, resolution, err));
    TRY(resolution_check(resolution, path, MLOPS_INVALID, err));
    while (resolution->outcome != RESOLVE_FOUND && walk->count > before)
        manifest_file_clear(&walk->items[--walk->count].file);
    return MLOPS_OK;
}

/* Refuse a link that leads out at once, while it is known who named it. */
static int judge_link(struct walk *walk, const char *path, struct mlops_error *err)
{
    _cleanup_(resolution_clear) struct resolution resolution = {0};
    return follow(walk, path, &resolution, err);
}

/* ---- folders with all that is in them ------------------------------------------------------- */

static int add_any(struct walk *walk, const char *path, int at, const char *name, int depth,
                   struct mlops_error *err);

/* A name in a folder, and what stands there as far as the folder says. */
struct entry {
    char *name;
    unsigned char type;
};

struct listing {
    struct entry *entries;
    size_t count, capacity;
};

static void listing_clear(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->entries[i].name);
    free(listing->entries);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* By name: folder by folder that is mostly the order of the whole, which is then sorted already. */
static int list_folder(DIR *folder, const char *full, struct listing *listing,
                       struct mlops_error *err)
{
    for (;;) {
        const struct dirent *entry;
        TRY(folder_next(folder, full, &entry, err));
        if (!entry)
            break;
        GROW(listing->entries, listing->count, &listing->capacity);
        listing->entries[listing->count++] =
            (struct entry){.name = xstrdup(entry->d_name), .type = entry->d_type};
    }
    if (listing->count > 0)
        qsort(listing->entries, listing->count, sizeof(*listing->entries), compare_names);
    return MLOPS_OK;
}

/* Is the entry of a folder left out, for its name or by the author's rules? */
static int leave_out(const struct walk *walk, const char *path, const struct entry *entry,
                     bool *left_out, struct mlops_error *err)
{
    struct stat status;
    bool is_folder = entry->type == DT_DIR;
    *left_out = walk_leaves_out(entry->name);
    if (*left_out || !walk->ignore)
        return MLOPS_OK;
    if (entry->type == DT_UNKNOWN) { /* some file systems do not say */
        _cleanup_(free_string) char *full = path_join(walk->root, path);
        is_folder = lstat(full, &status) == 0 && S_ISDIR(status.st_mode);
    }
    return ignore_judge(walk->ignore, path, is_folder, walk->is_code, left_out, err);
}

/* A file that walk_finish will look at. */
static int add_unseen(struct walk *walk, const char *path, struct mlops_error *err)
{
    static const struct stat nothing;
    TRY(check_plain(path, "the name", err));
    TRY(path_check_length(path, err));
    append(walk, path, MANIFEST_FILE, &nothing)->unseen = true;
    return MLOPS_OK;
}

static int add_entries(struct walk *walk, const char *path, const char *full, int depth,
                       struct mlops_error *err)
{
    if (depth > DEPTH_MAX)
        return mlops_fail(err, MLOPS_INVALID, "'%s': folders are nested too deep", path);
    _cleanup_(folder_close) DIR *folder = opendir(full);
    if (!folder)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", full);
    _cleanup_(listing_clear) struct listing listing = {0};
    TRY(list_folder(folder, full, &listing, err));
    for (size_t i = 0; i < listing.count; i++) {
        const struct entry *entry = &listing.entries[i];
        bool left_out;
        _cleanup_(free_string) char *inner =
            str_equal(path, ".") ? xstrdup(entry->name) : path_join(path, entry->name);
        TRY(leave_out(walk, inner, entry, &left_out, err));
        if (left_out)
            continue;
        if (entry->type == DT_REG)
            TRY(add_unseen(walk, inner, err));
        else
            TRY(add_any(walk, inner, dirfd(folder), entry->name, depth + 1, err));
    }
    return MLOPS_OK;
}

/* `path` itself, which is `name` in the folder `at`, with all that is in it where it is a folder.
 * Links are not followed. */
static int add_any(struct walk *walk, const char *path, int at, const char *name, int depth,
                   struct mlops_error *err)
{
    struct stat status;
    TRY(check_plain(path, "the name", err));
    TRY(path_check_length(path, err));
    if (fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        _cleanup_(free_string) char *full = path_join(walk->root, path);
        return mlops_fail_errno(err, MLOPS_OK, errno, "look at '%s'", full);
    }
    if (S_ISREG(status.st_mode)) {
        append(walk, path, MANIFEST_FILE, &status);
        return MLOPS_OK;
    }
    _cleanup_(free_string) char *full = path_join(walk->root, path);
    if (S_ISLNK(status.st_mode)) {
        char target[PATH_MAX];
        TRY(read_link(full, target, err));
        append(walk, path, MANIFEST_LINK, &status)->file.target = xstrdup(target);
        return judge_link(walk, path, err);
    }
    if (!S_ISDIR(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is neither a file, a folder nor a link", path);
    if (!str_equal(path, "."))
        append(walk, path, MANIFEST_FOLDER, &status)->whole = true;
    return add_entries(walk, path, full, depth, err);
}

static int add_path(struct walk *walk, const char *path, struct mlops_error *err)
{
    _cleanup_(free_string) char *full = path_join(walk->root, path);
    return add_any(walk, path, AT_FDCWD, full, 0, err);
}

int walk_add(struct walk *walk, const char *path, char **real, enum manifest_kind *kind,
             struct mlops_error *err)
{
    _cleanup_(resolution_clear) struct resolution resolution = {0};
    _cleanup_(free_string) char *parts = xstrdup(path);
    char *rest = NULL;
    for (char *part = strtok_r(parts, "/", &rest); part; part = strtok_r(NULL, "/", &rest))
        if (is_forbidden(part))
            return mlops_fail(err, MLOPS_INVALID, "'%s' is never packaged", part);
    TRY(follow(walk, path, &resolution, err));
    if (resolution.outcome == RESOLVE_MISSING)
        return mlops_fail(err, MLOPS_NOT_FOUND, "'%s' does not exist", path);
    if (kind)
        *kind = resolution.kind;
    TRY(add_path(walk, resolution.path, err));
    if (real)
        *real = TAKE_PTR(resolution.path);
    return MLOPS_OK;
}

/* ---- sorted, and complete ------------------------------------------------------------------- */

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct walked *)a)->file.path, ((const struct walked *)b)->file.path);
}

static bool is_sorted(const struct walk *walk)
{
    for (size_t i = 1; i < walk->count; i++)
        if (compare_paths(&walk->items[i - 1], &walk->items[i]) > 0)
            return false;
    return true;
}

static void sort_and_merge(struct walk *walk)
{
    size_t kept = 0;
    if (!is_sorted(walk))
        qsort(walk->items, walk->count, sizeof(*walk->items), compare_paths);
    for (size_t i = 0; i < walk->count; i++) {
        struct walked *last = kept ? &walk->items[kept - 1] : NULL;
        if (last && str_equal(last->file.path, walk->items[i].file.path)) {
            last->whole = last->whole || walk->items[i].whole;
            last->dangling = last->dangling || walk->items[i].dangling;
            manifest_file_clear(&walk->items[i].file);
        } else {
            walk->items[kept++] = walk->items[i];
        }
    }
    walk->count = kept;
}

/* A link whose other end is not packaged would be broken in every checkout, so the other end comes
 * along; but one that points at the project folder itself does not bring all of it. */
static int add_target(struct walk *walk, size_t sorted, size_t index, struct mlops_error *err)
{
    _cleanup_(resolution_clear) struct resolution resolution = {0};
    _cleanup_(free_string) char *path = xstrdup(walk->items[index].file.path);
    struct walk known = *walk;
    known.count = sorted;
    TRY(follow(walk, path, &resolution, err));
    walk->items[index].dangling = resolution.outcome == RESOLVE_MISSING;
    if (resolution.outcome == RESOLVE_MISSING || str_equal(resolution.path, "."))
        return MLOPS_OK;
    known.items = walk->items; /* may have moved */
    const struct walked *end = walk_find(&known, resolution.path);
    if (end && (end->file.kind == MANIFEST_FILE || end->whole))
        return MLOPS_OK;
    return add_path(walk, resolution.path, err);
}

static int look_at(const struct walk *walk, const char *path, struct neighbours *near,
                   struct stat *status)
{
    _cleanup_(free_string) char *full = path_join(walk->root, path);
    const char *name;
    int folder = neighbours_folder(near, full, &name);
    return fstatat(folder, name, status, AT_SYMLINK_NOFOLLOW);
}

static int changed(const char *path, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_CONFLICT, "'%s' changed while it was packaged", path);
    return mlops_hint(err, "package again when nothing writes to the folder");
}

typedef int (*walk_each)(const struct walk *walk, struct walked *item, struct neighbours *near,
                         struct mlops_error *err);

/* Of LOOK_RUN items each, for the workers of a pool. */
static size_t run_count(const struct walk *walk)
{
    return (walk->count + LOOK_RUN - 1) / LOOK_RUN;
}

static int each_of_run(struct walk *walk, size_t index, walk_each each, struct mlops_error *err)
{
    struct neighbours near = NEIGHBOURS_NONE;
    size_t end = (index + 1) * LOOK_RUN < walk->count ? (index + 1) * LOOK_RUN : walk->count;
    int code = MLOPS_OK;
    for (size_t i = index * LOOK_RUN; i < end && code == MLOPS_OK; i++)
        code = each(walk, &walk->items[i], &near, err);
    neighbours_clear(&near);
    return code;
}

static int see_item(const struct walk *walk, struct walked *item, struct neighbours *near,
                    struct mlops_error *err)
{
    if (!item->unseen)
        return MLOPS_OK;
    if (look_at(walk, item->file.path, near, &item->status) < 0) {
        _cleanup_(free_string) char *full = path_join(walk->root, item->file.path);
        return mlops_fail_errno(err, MLOPS_OK, errno, "look at '%s'", full);
    }
    if (!S_ISREG(item->status.st_mode))
        return changed(item->file.path, err);
    item->file.mode = item->status.st_mode & 0777;
    item->unseen = false;
    return MLOPS_OK;
}

static int see_run(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    (void)worker;
    return each_of_run(context, index, see_item, err);
}

int walk_finish(struct walk *walk, struct mlops_error *err)
{
    walk->is_code = false;
    for (size_t before = SIZE_MAX; before != walk->count;) {
        sort_and_merge(walk);
        before = walk->count;
        for (size_t i = 0; i < before; i++)
            if (walk->items[i].file.kind == MANIFEST_LINK)
                TRY(add_target(walk, before, i, err));
        sort_and_merge(walk);
    }
    return pool_run(run_count(walk), see_run, walk, err);
}

void walk_add_made(struct walk *walk, const char *path, uint64_t size, const struct digest *digest)
{
    const struct stat status = {.st_mode = S_IFREG | 0644, .st_size = (off_t)size};
    struct walked *item = append(walk, path, MANIFEST_FILE, &status);
    item->made = true;
    item->file.size = size;
    item->file.digest = *digest;
    sort_and_merge(walk);
}

struct walked *walk_find(const struct walk *walk, const char *path)
{
    const struct walked key = {.file.path = (char *)(uintptr_t)path};
    if (walk->count == 0)
        return NULL;
    return bsearch(&key, walk->items, walk->count, sizeof(*walk->items), compare_paths);
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static int check_item(const struct walk *walk, struct walked *item, struct neighbours *near,
                      struct mlops_error *err)
{
    struct stat now;
    if (item->file.kind != MANIFEST_FILE || item->made)
        return MLOPS_OK;
    if (look_at(walk, item->file.path, near, &now) == 0 && now.st_size == item->status.st_size &&
        now.st_ino == item->status.st_ino && now.st_mode == item->status.st_mode &&
        same_time(now.st_mtim, item->status.st_mtim) &&
        same_time(now.st_ctim, item->status.st_ctim))
        return MLOPS_OK;
    return changed(item->file.path, err);
}

static int check_run(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct walk *walk = context;
    (void)worker;
    return each_of_run(walk, index, check_item, err);
}

int walk_check_unchanged(const struct walk *walk, struct mlops_error *err)
{
    return pool_run(run_count(walk), check_run, (void *)(uintptr_t)walk, err);
}
