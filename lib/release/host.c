/* lib/release/host.c - what lies on a host: its releases, which is live, what is known of them. */
#include "release/host.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/intact.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define NOTE_MAX 65536
#define RELEASES "releases"

char *host_release(const struct host *host, const char *id)
{
    return xprintf("%s/" RELEASES "/%s", host->directory, id);
}

/* "DIR/.deploy/NAME"; the caller frees. */
static char *note_path(const struct host *host, const char *name)
{
    return xprintf("%s/.deploy/%s", host->directory, name);
}

static char *note_of(const struct host *host, const char *id, const char *ending)
{
    return xprintf("%s/.deploy/%s.%s", host->directory, id, ending);
}

bool host_has(const struct host *host, const char *id)
{
    _cleanup_(free_string) char *path = host_release(host, id);
    return *id && path_exists(path);
}

static bool is_id(const char *text)
{
    struct digest digest;
    return digest_from_hex(text, strlen(text), &digest);
}

/* ---- looking --------------------------------------------------------------------------------- */

static int read_current(struct host *host, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(host->directory, "current");
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    host->current[0] = '\0';
    if (length < 0 && (errno == ENOENT || errno == ENOTDIR))
        return MLOPS_OK;
    if (length >= 0)
        target[length] = '\0';
    if (length >= 0 && str_starts(target, RELEASES "/") && is_id(target + strlen(RELEASES "/"))) {
        str_copy(host->current, sizeof(host->current), target + strlen(RELEASES "/"));
        return MLOPS_OK;
    }
    mlops_fail(err, MLOPS_INVALID, "'%s' is there and is not a link to a release", path);
    return mlops_hint(err, "deploy into another folder, or move it away");
}

static int read_state(struct host *host, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = note_path(host, "state.json");
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *json = NULL;
    struct mlops_error missing = {0};
    host->live[0] = '\0';
    host->known = false;
    free(TAKE_PTR(host->refused));
    free(TAKE_PTR(host->why));
    int code = file_read(path, NOTE_MAX, &text, &missing);
    if (code == MLOPS_NOT_FOUND || (code && !path_exists(path)))
        return MLOPS_OK;
    if (code)
        *err = missing;
    TRY(code);
    if (json_parse(text.data ? text.data : "", text.length, path, &json, err)) {
        err->code = MLOPS_INTEGRITY;
        return mlops_hint(err, "remove it: the next deploy finds out anew what is live");
    }
    const char *live = json_string(json, "live", ""), *refused = json_string(json, "refused", "");
    const char *why = json_string(json, "why", "");
    host->known = true;
    if (is_id(live) && host_has(host, live))
        str_copy(host->live, sizeof(host->live), live);
    if (is_id(refused)) {
        host->refused = xstrdup(refused);
        host->why = xstrdup(why);
    }
    return MLOPS_OK;
}

/* Old releases are removed below these: a link would lead that to somebody else's folder. */
static int check_folder(const struct host *host, const char *name, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(host->directory, name);
    struct stat status;
    if (lstat(path, &status) < 0 || S_ISDIR(status.st_mode))
        return MLOPS_OK; /* what is not there is made, and cannot be where that fails */
    mlops_fail(err, MLOPS_INVALID, "'%s' is no folder of a host's own", path);
    return mlops_hint(err, "deploy to a folder that is empty, or that a deploy made");
}

int host_open(const char *directory, struct host *host, struct mlops_error *err)
{
    char here[PATH_MAX];
    *host = (struct host){.lock = -1};
    if (!*directory)
        return mlops_fail(err, MLOPS_INVALID, "the folder to deploy to has no name");
    if (!getcwd(here, sizeof(here)))
        return mlops_fail_errno(err, MLOPS_IO, errno, "find the working directory");
    host->directory = path_join(here, directory); /* commands run elsewhere */
    TRY(check_folder(host, "releases", err));
    TRY(check_folder(host, ".deploy", err));
    TRY(read_current(host, err));
    return read_state(host, err);
}

void host_clear(struct host *host)
{
    free(host->directory);
    free(host->refused);
    free(host->why);
    fd_close(&host->lock);
    *host = (struct host){.lock = -1};
}

/* ---- making ---------------------------------------------------------------------------------- */

static int make_folders(const struct host *host, struct mlops_error *err)
{
    _cleanup_(free_string) char *releases = host_release(host, ""), *notes = note_path(host, "");
    TRY(directory_make(host->directory, 0755, err));
    TRY(directory_make(releases, 0755, err));
    return directory_make(notes, 0755, err);
}

static int take_lock(struct host *host, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = note_path(host, "lock");
    host->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (host->lock < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "open '%s'", path);
    if (flock(host->lock, LOCK_EX | LOCK_NB) == 0)
        return MLOPS_OK;
    if (errno != EWOULDBLOCK)
        return mlops_fail_errno(err, MLOPS_IO, errno, "lock '%s'", path);
    mlops_fail(err, MLOPS_CONFLICT, "another deploy is at work in '%s'", host->directory);
    return mlops_hint(err,
                      "try again when it is done; 'mlops deploy --status %s' shows where it is",
                      host->directory);
}

/* Remove what is in `folder` and begins with ".": only deploys that were killed leave such. */
static int sweep(const char *folder, struct mlops_error *err)
{
    _cleanup_(folder_close) DIR *listing = opendir(folder);
    if (!listing)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", folder);
    for (;;) {
        const struct dirent *entry;
        TRY(folder_next(listing, folder, &entry, err));
        if (!entry)
            return MLOPS_OK;
        if (entry->d_name[0] != '.')
            continue;
        _cleanup_(free_string) char *path = path_join(folder, entry->d_name);
        TRY(tree_remove(path, err));
    }
}

int host_lock(struct host *host, struct mlops_error *err)
{
    TRY(make_folders(host, err));
    TRY(take_lock(host, err));
    _cleanup_(free_string) char *releases = host_release(host, "");
    TRY(sweep(releases, err));
    TRY(read_current(host, err));
    TRY(read_state(host, err));
    if (!host->known && host_has(host, host->current))
        str_copy(host->live, sizeof(host->live), host->current);
    return MLOPS_OK;
}

/* ---- notes ----------------------------------------------------------------------------------- */

int host_record(const struct host *host, const struct mlops_version *version, const char *stage,
                int64_t now_ns, const struct buffer *manifest, struct mlops_error *err)
{
    const char *id = version->bundle + strlen("sha256:");
    _cleanup_(free_string) char *manifest_path = note_of(host, id, "manifest"),
                                *path = note_of(host, id, "json");
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    char when[32];
    mlops_time_format(now_ns, when);
    json_add_string(json, "model", version->model);
    json_add_u64(json, "version", version->number);
    json_add_string(json, "bundle", version->bundle);
    json_add_string(json, "stage", stage);
    json_add_string(json, "deployed_at", when);
    TRY(json_write_canonical(json, &text, err));
    if (manifest)
        TRY(file_write_durable(manifest_path, manifest->data, manifest->length, 0644, err));
    return file_write_durable(path, text.data, text.length, 0644, err);
}

int host_manifest(const struct host *host, const char *id, struct manifest *manifest,
                  struct mlops_error *err)
{
    _cleanup_(free_string) char *path = note_of(host, id, "manifest");
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct digest wanted, found;
    TRY(file_read(path, MANIFEST_MAX, &text, err));
    sha256_of(text.data ? text.data : "", text.length, &found);
    if (!digest_from_hex(id, strlen(id), &wanted) || !digest_equal(&wanted, &found))
        return mlops_fail(err, MLOPS_INTEGRITY, "'%s' is not the manifest of its release", path);
    return manifest_parse(text.data, text.length, manifest, err);
}

void host_remember(const struct host *host, const char *id, const struct manifest *manifest)
{
    _cleanup_(free_string) char *path = note_of(host, id, "looks"),
                                *release = host_release(host, id);
    struct mlops_error ignored = {0}; /* then it is read the next time */
    struct digest looks;
    char hex[SHA256_HEX_SIZE];
    if (!intact_looks(release, manifest, &looks))
        return;
    digest_to_hex(&looks, hex);
    /* not synced: what a loss of power makes of it is no digest, or that of what is there */
    _cleanup_(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0)
        (void)fd_write_full(fd, hex, strlen(hex), &ignored);
}

bool host_unchanged(const struct host *host, const char *id, const struct manifest *manifest)
{
    _cleanup_(free_string) char *path = note_of(host, id, "looks"),
                                *release = host_release(host, id);
    _cleanup_(buffer_clear) struct buffer text = {0};
    struct mlops_error ignored = {0};
    struct digest before, now;
    return file_read(path, SHA256_HEX_SIZE, &text, &ignored) == MLOPS_OK && text.length > 0 &&
           digest_from_hex(text.data, text.length, &before) &&
           intact_looks(release, manifest, &now) && digest_equal(&before, &now);
}

void host_row(const struct host *host, const char *id, struct mlops_release_row *row)
{
    _cleanup_(free_string) char *path = note_of(host, id, "json");
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *json = NULL;
    struct mlops_error unknown = {0}; /* then it is not known as what it was deployed */
    *row = (struct mlops_release_row){.live = str_equal(id, host->current)};
    struct digest digest;
    if (digest_from_hex(id, strlen(id), &digest))
        bundle_id_format(&digest, row->bundle);
    if (file_read(path, NOTE_MAX, &text, &unknown) || text.length == 0 ||
        json_parse(text.data, text.length, path, &json, &unknown))
        return;
    str_copy(row->model, sizeof(row->model), json_string(json, "model", ""));
    str_copy(row->stage, sizeof(row->stage), json_string(json, "stage", ""));
    row->version = json_u64(json, "version", 0);
    const char *when = json_string(json, "deployed_at", "");
    struct stat status;
    if (!clock_parse(when, strlen(when), &row->deployed_ns))
        row->deployed_ns = 0;
    if (stat(path, &status) == 0) /* finer than the text */
        row->deployed_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
}

struct dated {
    char *id;
    int64_t time_ns;
};

static int compare_dated(const void *left, const void *right)
{
    const struct dated *a = left, *b = right;
    int order = (b->time_ns > a->time_ns) - (b->time_ns < a->time_ns);
    return order ? order : strcmp(a->id, b->id);
}

/* Ids of the releases, the last deployed first. The caller frees with strings_free. */
static int list_releases(const struct host *host, char ***ids, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = host_release(host, "");
    _cleanup_(folder_close) DIR *folder = opendir(path);
    const struct dirent *entry = NULL;
    struct dated *found = NULL;
    size_t count = 0, capacity = 0;
    int code = MLOPS_OK;
    if (!folder && errno != ENOENT)
        return mlops_fail_errno(err, MLOPS_IO, errno, "read folder '%s'", path);
    while (folder && !(code = folder_next(folder, path, &entry, err)) && entry) {
        struct mlops_release_row row;
        if (!is_id(entry->d_name))
            continue;
        host_row(host, entry->d_name, &row);
        GROW(found, count, &capacity);
        found[count++] = (struct dated){xstrdup(entry->d_name), row.deployed_ns};
    }
    if (count > 0)
        qsort(found, count, sizeof(*found), compare_dated);
    *ids = xcalloc(count + 1, sizeof(**ids));
    for (size_t i = 0; i < count; i++)
        (*ids)[i] = found[i].id;
    free(found);
    return code;
}

int host_save(const struct host *host, const char *trying, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = note_path(host, "state.json");
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    _cleanup_(buffer_clear) struct buffer text = {0};
    json_add_string(json, "live", host->live);
    json_add_string(json, "trying", trying ? trying : "");
    json_add_string(json, "refused", host->refused ? host->refused : "");
    json_add_string(json, "why", host->why ? host->why : "");
    TRY(json_write_canonical(json, &text, err));
    return file_write_durable(path, text.data, text.length, 0644, err);
}

/* ---- switching ------------------------------------------------------------------------------- */

int host_switch(struct host *host, const char *id, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(host->directory, "current");
    _cleanup_(free_string) char *fresh = note_path(host, "current.new");
    _cleanup_(free_string) char *target = xprintf(RELEASES "/%s", id);
    if (!*id) {
        if (unlink(path) < 0 && errno != ENOENT)
            return mlops_fail_errno(err, MLOPS_IO, errno, "remove the link '%s'", path);
    } else {
        (void)unlink(fresh); /* of a deploy that was killed; else it is not there */
        if (symlink(target, fresh) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "make the link '%s'", fresh);
        if (rename(fresh, path) < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", fresh, path);
    }
    str_copy(host->current, sizeof(host->current), id);
    return directory_sync(host->directory, err);
}

/* First out of the way, so that no release is there that is not whole. */
static int let_go(const struct host *host, const char *id, struct mlops_error *err)
{
    _cleanup_(free_string) char *hidden = xprintf(".gone-%s", id);
    _cleanup_(free_string) char *from = host_release(host, id), *to = host_release(host, hidden);
    _cleanup_(free_string) char *manifest = note_of(host, id, "manifest"),
                                *record = note_of(host, id, "json"),
                                *looks = note_of(host, id, "looks");
    if (rename(from, to) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s'", from);
    TRY(tree_remove(to, err));
    TRY(tree_remove(manifest, err));
    TRY(tree_remove(looks, err));
    return tree_remove(record, err);
}

int host_prune(const struct host *host, uint64_t keep, const char *ill, uint64_t *removed,
               struct mlops_error *err)
{
    _cleanup_(free_strings) char **ids = NULL;
    uint64_t others = 0;
    *removed = 0;
    TRY(list_releases(host, &ids, err));
    for (size_t i = 0; ids[i]; i++) {
        bool is_ill = ill && str_equal(ids[i], ill);
        if (str_equal(ids[i], host->current) || (!is_ill && ++others < keep))
            continue;
        TRY(let_go(host, ids[i], err));
        ++*removed;
    }
    return MLOPS_OK;
}

/* ---- what it runs ---------------------------------------------------------------------------- */

static int verify_live(const struct host *host, const struct mlops_observer *observer,
                       char **damage, struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(free_string) char *path = host_release(host, host->current);
    TRY(host_manifest(host, host->current, &manifest, err));
    return intact_check(path, &manifest, observer, damage, err);
}

int mlops_host_read(const char *directory, bool verify, const struct mlops_observer *observer,
                    struct mlops_host *result, struct mlops_error *err)
{
    _cleanup_(host_clear) struct host host = {.lock = -1};
    _cleanup_(free_strings) char **ids = NULL;
    *result = (struct mlops_host){0};
    TRY(host_open(directory, &host, err));
    TRY(list_releases(&host, &ids, err));
    size_t count = strings_count((const char *const *)ids);
    if (count == 0) {
        mlops_fail(err, MLOPS_NOT_FOUND, "nothing was deployed to '%s'", directory);
        return mlops_hint(err, "name the folder that 'mlops deploy REF DIR' was given");
    }
    result->releases = xcalloc(count, sizeof(*result->releases));
    for (; result->count < count; result->count++)
        host_row(&host, ids[result->count], &result->releases[result->count]);
    result->unproved = host.current[0] && !str_equal(host.current, host.live);
    if (host.refused)
        result->refused = xprintf("sha256:%.16s…: %s", host.refused, host.why);
    return verify && host.current[0] ? verify_live(&host, observer, &result->damage, err)
                                     : MLOPS_OK;
}

void mlops_host_clear(struct mlops_host *host)
{
    free(host->releases);
    free(host->refused);
    free(host->damage);
    *host = (struct mlops_host){0};
}
