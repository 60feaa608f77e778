/* lib/trust/paths.c - files and folders as the user names them, and all that is in the folders. */
#include "base/file.h"
#include "base/path.h"
#include "trust/run.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct rule rule_outside SCAN_RULE = {
    .id = "scan/link-outside",
    .severity = SEVERITY_MEDIUM,
    .verdict = VERDICT_UNKNOWN,
    .summary = "a symbolic link leads out of the folder, to what is not looked at",
    .advice = "scan what it leads to as well, or put the file itself there",
};
static const struct rule rule_inside SCAN_RULE = {
    .id = "scan/link-inside",
    .severity = SEVERITY_INFO,
    .verdict = VERDICT_SAFE,
    .summary = "a symbolic link leads to what is in the same folder and is looked at there",
    .advice = "nothing",
};
static const struct rule rule_special SCAN_RULE = {
    .id = "scan/special-file",
    .severity = SEVERITY_MEDIUM,
    .verdict = VERDICT_UNREADABLE,
    .summary = "a device, socket or pipe is no file of a model",
    .advice = "remove it",
};
static const struct rule rule_left_out SCAN_RULE = {
    .id = "scan/left-out",
    .severity = SEVERITY_INFO,
    .verdict = VERDICT_SAFE,
    .summary = "a git repository or a registry beside the model is not looked at",
    .advice = "name the folder itself to have it scanned",
};

struct paths {
    struct scan_item *items;
    size_t count, capacity;
    char *root; /* the folder that is walked, resolved; NULL: none */
    struct findings findings;
};

static void paths_clear(struct paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->items[i].path);
    free(paths->items);
    free(paths->root);
    findings_clear(&paths->findings);
}

static void add_file(struct paths *paths, const char *path, const struct stat *status)
{
    GROW(paths->items, paths->count, &paths->capacity);
    paths->items[paths->count++] =
        (struct scan_item){.path = xstrdup(path), .size = (uint64_t)status->st_size};
}

static void cannot_read(struct paths *paths, const char *path, int errnum)
{
    const char *why = strerrordesc_np(errnum);
    findings_add(&paths->findings, &scan_rule_unreadable, path, 0, "cannot be read: %s",
                 why ? why : "unknown error");
}

static void add_link(struct paths *paths, const char *path)
{
    char target[PATH_MAX];
    char *end = realpath(path, NULL);
    ssize_t got = readlink(path, target, sizeof(target) - 1);
    size_t length = strlen(paths->root);
    bool inside = end && strncmp(end, paths->root, length) == 0 &&
                  (end[length] == '/' || end[length] == '\0' || length == 1);
    target[got < 0 ? 0 : got] = '\0';
    if (inside)
        findings_add(&paths->findings, &rule_inside, path, 0, "is a link to %s", target);
    else
        findings_add(&paths->findings, &rule_outside, path, 0, "is a link to %s, which %s", target,
                     end ? "lies outside of the folder" : "is not there");
    free(end);
}

static bool has(const char *folder, const char *name)
{
    _cleanup_(free_string) char *path = path_join(folder, name);
    return path_exists(path);
}

/* What belongs to a tool and not to the model, by more than its name: files under such a name are
 * otherwise no less suspicious than others. */
static bool is_left_out(const char *path, const char *name)
{
    if (str_equal(name, ".git"))
        return has(path, "HEAD") && has(path, "objects") && has(path, "refs");
    return str_equal(name, ".mlops") && has(path, "registry.db") && has(path, "objects");
}

static void add_folder(struct paths *paths, const char *folder);

static void add_entry(struct paths *paths, const char *path, const char *name)
{
    struct stat status;
    if (lstat(path, &status))
        cannot_read(paths, path, errno);
    else if (S_ISLNK(status.st_mode))
        add_link(paths, path);
    else if (S_ISREG(status.st_mode))
        add_file(paths, path, &status);
    else if (!S_ISDIR(status.st_mode))
        findings_add(&paths->findings, &rule_special, path, 0, "is no regular file");
    else if (is_left_out(path, name))
        findings_add(&paths->findings, &rule_left_out, path, 0, "is not looked at");
    else
        add_folder(paths, path);
}

static void add_folder(struct paths *paths, const char *folder)
{
    _cleanup_(folder_close) DIR *entries = opendir(folder);
    if (!entries) {
        cannot_read(paths, folder, errno);
        return;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(entries);
        if (!entry && errno)
            cannot_read(paths, folder, errno);
        if (!entry)
            return;
        if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
            continue;
        _cleanup_(free_string) char *path =
            str_equal(folder, ".") ? xstrdup(entry->d_name) : path_join(folder, entry->d_name);
        add_entry(paths, path, entry->d_name);
    }
}

/* A path that the user named: where it is a link, what it leads to. */
static int add_path(struct paths *paths, const char *given, struct mlops_error *err)
{
    struct stat status;
    size_t length = strlen(given);
    while (length > 1 && given[length - 1] == '/')
        length--;
    _cleanup_(free_string) char *path = xstrndup(given, length);
    if (stat(path, &status)) {
        if (errno == ENOENT || errno == ENOTDIR)
            return mlops_fail_errno(err, MLOPS_NOT_FOUND, errno, "scan %s", path);
        cannot_read(paths, path, errno);
        return MLOPS_OK;
    }
    if (S_ISDIR(status.st_mode)) {
        free(paths->root);
        paths->root = realpath(path, NULL);
        if (!paths->root)
            return mlops_fail_errno(err, 0, errno, "scan %s", path);
        add_folder(paths, path);
    } else if (S_ISREG(status.st_mode)) {
        add_file(paths, path, &status);
    } else {
        return mlops_fail(err, MLOPS_INVALID, "%s is neither a file nor a folder", path);
    }
    return MLOPS_OK;
}

static int compare_items(const void *left, const void *right)
{
    return strcmp(((const struct scan_item *)left)->path, ((const struct scan_item *)right)->path);
}

/* In order, each once. */
static void sort_items(struct paths *paths)
{
    size_t kept = 0;
    if (paths->count)
        qsort(paths->items, paths->count, sizeof(*paths->items), compare_items);
    for (size_t i = 0; i < paths->count; i++) {
        if (kept && str_equal(paths->items[kept - 1].path, paths->items[i].path))
            free(paths->items[i].path);
        else
            paths->items[kept++] = paths->items[i];
    }
    paths->count = kept;
}

static int open_path(void *context, size_t index, size_t worker, struct source **source,
                     struct mlops_error *err)
{
    const struct paths *paths = context;
    (void)worker;
    return source_of_file(paths->items[index].path, source, err);
}

int mlops_scan_paths(const char *const *names, const char *advisories,
                     const struct mlops_observer *observer, struct mlops_scan_report *report,
                     struct mlops_error *err)
{
    _cleanup_(paths_clear) struct paths paths = {0};
    _cleanup_(advisories_free_ptr) struct advisories *known = NULL;
    *report = (struct mlops_scan_report){0};
    for (const char *const *name = names; *name; name++)
        TRY(add_path(&paths, *name, err));
    if (paths.count == 0 && paths.findings.verdict == VERDICT_SAFE) {
        mlops_fail(err, MLOPS_NOT_FOUND, "there is no file to scan in '%s'", names[0]);
        return mlops_hint(err, "name the file or folder that the model is in");
    }
    TRY(report_load_advisories(report, advisories, &known, err));
    sort_items(&paths);
    report_take(report, NULL, &paths.findings);
    return scan_run(&(struct scan_job){.items = paths.items,
                                       .count = paths.count,
                                       .open = open_path,
                                       .context = &paths,
                                       .tolerant = true,
                                       .advisories = known,
                                       .observer = observer},
                    report, err);
}
