/*
 * lib/registry/registry.c - the registry as a folder: making it, finding it, opening it, and what
 * a handle to it knows besides the database.
 *
 *     .mlops/format        which layout this is
 *     .mlops/log.key       what signs the heads of the log (log_checkpoint.c)
 *     .mlops/registry.db   models, versions, stages, evidence, log (schema.c)
 *     .mlops/objects/      the store
 *     .mlops/tmp/          private work of running commands
 *     .mlops/writer        who writes now, for messages
 */
#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/signing.h"
#include "registry/handle.h"
#include "registry/log_control.h"
#include "registry/log_tree.h"
#include "registry/schema.h"
#include "store/store.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#define FOLDER ".mlops"
#define FORMAT_NUMBER 1
#define FORMAT_PREFIX "mlops registry "
#define FORMAT_MAX 64
#define LOCK_TIMEOUT_NS 30000000000LL

/* ---- who ----------------------------------------------------------------------------------- */

static int actor_check(const char *actor, struct mlops_error *err)
{
    size_t length = strlen(actor);

    if (length == 0 || length > MLOPS_ACTOR_MAX || !utf8_valid(actor, length))
        return mlops_fail(err, MLOPS_INVALID,
                          "an actor's name is 1 to %d bytes of UTF-8, as in alice@example.org",
                          MLOPS_ACTOR_MAX);
    for (const char *c = actor; *c; c++) {
        if (iscntrl((unsigned char)*c))
            return mlops_fail(err, MLOPS_INVALID, "an actor's name has no control characters");
    }
    return MLOPS_OK;
}

/* "user@host" of this process. */
static char *actor_of_process(void)
{
    struct passwd entry, *found = NULL;
    char text[4096], host[256];
    _cleanup_(free_string) char *user = NULL;
    char *actor;

    if (getpwuid_r(geteuid(), &entry, text, sizeof(text), &found) == 0 && found)
        user = xstrdup(found->pw_name);
    else
        user = xprintf("%u", (unsigned)geteuid());
    if (gethostname(host, sizeof(host) - 1) != 0)
        str_copy(host, sizeof(host), "localhost");
    host[sizeof(host) - 1] = '\0';
    actor = xprintf("%s@%s", user, host);
    if (strlen(actor) > MLOPS_ACTOR_MAX)
        actor[MLOPS_ACTOR_MAX] = '\0';
    return actor;
}

/* What the caller or the environment says; otherwise found out when it is needed, as looking up a
 * user's name can take long. */
static int set_actor(struct mlops_registry *registry, const char *actor, struct mlops_error *err)
{
    if (!actor)
        actor = getenv("MLOPS_ACTOR");
    if (!actor || !*actor)
        return MLOPS_OK;
    TRY(actor_check(actor, err));
    registry->actor = xstrdup(actor);
    return MLOPS_OK;
}

/* ---- where --------------------------------------------------------------------------------- */

static int is_registry(const char *folder, bool *is, struct mlops_error *err)
{
    _cleanup_(free_string) char *format = path_join(folder, "format");

    *is = access(format, F_OK) == 0;
    if (*is || errno == ENOENT || errno == ENOTDIR)
        return MLOPS_OK;
    return mlops_fail_errno(err, MLOPS_IO, errno, "look for a registry at %s", folder);
}

static char *without_trailing_slashes(const char *path)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/')
        length--;
    return xstrndup(path, length);
}

/* The folder that holds the registry's files: `location` itself or FOLDER in it. Caller frees. */
static int folder_of(const char *location, char **folder, bool *is, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = without_trailing_slashes(location);

    TRY(is_registry(path, is, err));
    if (*is || str_equal(path_base(path), FOLDER)) {
        *folder = TAKE_PTR(path);
        return MLOPS_OK;
    }
    *folder = path_join(path, FOLDER);
    return is_registry(*folder, is, err);
}

static int absolute(const char *path, char **out, struct mlops_error *err)
{
    *out = realpath(path, NULL);
    return *out ? MLOPS_OK : mlops_fail_errno(err, 0, errno, "%s", path);
}

static int find_upwards(const char *directory, char **location, struct mlops_error *err)
{
    _cleanup_(free_string) char *start = NULL, *folder = NULL;
    bool is;

    TRY(absolute(directory ? directory : ".", &start, err));
    for (char *at = xstrdup(start);;) {
        char *candidate = path_join(at, FOLDER);
        char *above = path_parent(at);
        int code = is_registry(candidate, &is, err);
        bool top = str_equal(at, "/");

        free(at);
        at = above;
        if (code || is || top) {
            free(at);
            folder = candidate;
            TRY(code);
            break;
        }
        free(candidate);
    }
    if (is) {
        *location = TAKE_PTR(folder);
        return MLOPS_OK;
    }
    mlops_fail(err, MLOPS_NOT_FOUND, "no registry here or in any folder above %s", start);
    return mlops_hint(err,
                      "make one with 'mlops init', or name one with --registry or MLOPS_REGISTRY");
}

static int find(const struct mlops_registry_options *options, char **location,
                struct mlops_error *err)
{
    const char *named = options->location ? options->location : getenv("MLOPS_REGISTRY");
    _cleanup_(free_string) char *folder = NULL;
    bool is;

    if (!named || !*named)
        return find_upwards(options->directory, location, err);
    TRY(folder_of(named, &folder, &is, err));
    if (is)
        return absolute(folder, location, err);
    mlops_fail(err, MLOPS_NOT_FOUND, "no registry at %s", named);
    if (options->location)
        return mlops_hint(err, "make one there with 'mlops init', or leave --registry away to use "
                               "the one of this folder");
    return mlops_hint(err, "MLOPS_REGISTRY names it: make one there with 'mlops init', or unset "
                           "the variable to use the one of this folder");
}

static int format_check(const char *location, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(location, "format");
    _cleanup_(buffer_clear) struct buffer content = {0};
    unsigned long number = 0;
    char *end = NULL;

    TRY(file_read(path, FORMAT_MAX, &content, err));
    if (content.length > strlen(FORMAT_PREFIX) && str_starts(content.data, FORMAT_PREFIX))
        number = strtoul(content.data + strlen(FORMAT_PREFIX), &end, 10);
    if (number == 0 || !str_equal(end, "\n")) {
        mlops_fail(err, MLOPS_INTEGRITY, "%s is damaged", path);
        return mlops_hint(err, "its content is the line '" FORMAT_PREFIX "%d'", FORMAT_NUMBER);
    }
    if (number > FORMAT_NUMBER) {
        mlops_fail(err, MLOPS_INVALID,
                   "the registry %s was made by a newer mlops: its format is %lu, this one knows "
                   "%d",
                   location, number, FORMAT_NUMBER);
        return mlops_hint(err, "install that mlops or a later one");
    }
    return MLOPS_OK;
}

/* ---- making -------------------------------------------------------------------------------- */

static int make_folder(const char *parent, const char *name, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(parent, name);

    if (mkdir(path, 0777) != 0) /* with the user's umask: a team may share a registry */
        return mlops_fail_errno(err, MLOPS_IO, errno, "make %s", path);
    return MLOPS_OK;
}

static int make_database(const char *folder, struct mlops_error *err)
{
    _cleanup_(mlops_registry_close_ptr) struct mlops_registry *registry =
        xcalloc(1, sizeof(*registry));
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;

    registry->location = xstrdup(folder);
    registry->lock_timeout_ns = LOCK_TIMEOUT_NS;
    TRY(set_actor(registry, NULL, err));
    TRY(registry_connect(registry, true, err));
    TRY(transaction_begin_unchecked(registry, &tx, err));
    TRY(log_key_make(folder, err));
    TRY(schema_apply(registry->db, 0, SCHEMA_NUMBER, err));
    TRY(schema_adopt_log_key(tx, "init", err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int fill(const char *folder, const char *address, struct mlops_error *err)
{
    _cleanup_(free_string) char *format = path_join(folder, "format");
    _cleanup_(free_string) char *objects = path_join(folder, "objects");
    _cleanup_(free_string) char *text = xprintf(FORMAT_PREFIX "%d\n", FORMAT_NUMBER);

    TRY(make_folder(folder, "tmp", err));
    TRY(make_folder(folder, "objects", err));
    TRY(store_init_at(objects, address, NULL, err));
    TRY(make_database(folder, err));
    TRY(file_write_durable(format, text, strlen(text), 0644, err));
    return directory_sync(folder, err);
}

/* May a registry come to stand at `folder`: nothing there, or an empty folder? */
static int check_free(const char *folder, struct mlops_error *err)
{
    if (!path_exists(folder) || rmdir(folder) == 0 || errno == ENOENT)
        return MLOPS_OK;
    if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) {
        mlops_fail(err, MLOPS_INVALID, "%s is there already and is not a registry", folder);
        return mlops_hint(err, "move it away, or choose another folder");
    }
    return mlops_fail_errno(err, MLOPS_IO, errno, "make a registry at %s", folder);
}

/* Built under another name and then renamed: there is never half a registry, and of two that
 * make one at once the second finds it made. */
static int make(const char *folder, const char *address, bool *created, struct mlops_error *err)
{
    _cleanup_(free_string) char *parent = path_parent(folder);
    _cleanup_(free_string) char *name = xprintf("%s.new-%ld-%llx", FOLDER, (long)getpid(),
                                                (unsigned long long)clock_monotonic_ns());
    _cleanup_(free_string) char *made = path_join(parent, name);
    struct mlops_error ignored = {0};
    int code;

    TRY(directory_make(parent, 0755, err));
    TRY(check_free(folder, err));
    TRY(make_folder(parent, name, err));
    code = fill(made, address, err);
    if (code == MLOPS_OK && rename(made, folder) == 0) {
        *created = true;
        return directory_sync(parent, err);
    }
    if (code == MLOPS_OK && errno != ENOTEMPTY && errno != EEXIST)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "make a registry at %s", folder);
    (void)tree_remove(made, &ignored); /* the first error counts */
    return code;
}

/* One that is there: its objects must be where they are said to be. */
static int check_present(const char *folder, const char *address, struct mlops_error *err)
{
    _cleanup_(free_string) char *objects = path_join(folder, "objects");
    TRY(format_check(folder, err));
    return address ? store_init_at(objects, address, NULL, err) : MLOPS_OK;
}

int mlops_registry_init(const char *location, bool *created, struct mlops_error *err)
{
    return mlops_registry_init_at(location, NULL, created, err);
}

int mlops_registry_init_at(const char *location, const char *address, bool *created,
                           struct mlops_error *err)
{
    _cleanup_(free_string) char *named = NULL, *folder = NULL;
    struct mlops_error ignored = {0};
    bool is;
    int code;

    *created = false;
    if (!*location)
        return mlops_fail(err, MLOPS_INVALID, "a registry's folder needs a name");
    TRY(folder_of(location, &named, &is, err));
    if (is)
        return check_present(named, address, err);
    folder = realpath(named, NULL); /* a link to where there is room */
    if (!folder)
        folder = TAKE_PTR(named);
    code = make(folder, address, created, err);
    if (*created)
        return code;
    /* Whatever was in the way, another process may have made one meanwhile. */
    if (is_registry(folder, &is, &ignored) == MLOPS_OK && is) {
        *err = (struct mlops_error){0};
        return MLOPS_OK;
    }
    return code ? code : check_free(folder, err);
}

/* ---- opening ------------------------------------------------------------------------------- */

int registry_connect(struct mlops_registry *registry, bool create, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(registry->location, "registry.db");

    if (!create && !path_exists(path)) {
        mlops_fail(err, MLOPS_INTEGRITY, "%s is missing", path);
        return mlops_hint(err, "restore it from a backup");
    }
    return db_open_sqlite(
        &(struct db_options){
            .path = path, .create = create, .wait = transaction_wait, .wait_context = registry},
        &registry->db, err);
}

int mlops_registry_open(const struct mlops_registry_options *options,
                        struct mlops_registry **registry, struct mlops_error *err)
{
    _cleanup_(mlops_registry_close_ptr) struct mlops_registry *opened = xcalloc(1, sizeof(*opened));

    opened->observer = options->observer;
    opened->lock_timeout_ns = options->lock_timeout_ns ? options->lock_timeout_ns : LOCK_TIMEOUT_NS;
    TRY(set_actor(opened, options->actor, err));
    TRY(find(options, &opened->location, err));
    TRY(format_check(opened->location, err));
    TRY(registry_connect(opened, false, err));
    TRY(schema_upgrade(opened, err));
    *registry = TAKE_PTR(opened);
    return MLOPS_OK;
}

void mlops_registry_close(struct mlops_registry *registry)
{
    if (!registry)
        return;
    transaction_abort(registry->tx);
    if (registry->store)
        store_close(registry->store);
    db_close(registry->db);
    signing_key_free(registry->log_key);
    log_controls_free(registry->controls);
    free(registry->actor);
    free(registry->location);
    free(registry);
}

/* ---- what a handle knows ------------------------------------------------------------------- */

const char *mlops_registry_location(const struct mlops_registry *registry)
{
    return registry->location;
}

int registry_store(struct mlops_registry *registry, struct store **store, struct mlops_error *err)
{
    if (!registry->store) {
        _cleanup_(free_string) char *path = path_join(registry->location, "objects");

        TRY(store_open(path, &registry->observer, &registry->store, err));
    }
    *store = registry->store;
    return MLOPS_OK;
}

int registry_check(struct mlops_registry *registry, bool quick, struct mlops_error *err)
{
    return db_check(registry->db, quick, err);
}

const struct mlops_observer *registry_observer(const struct mlops_registry *registry)
{
    return &registry->observer;
}

void registry_warn(const struct mlops_registry *registry, const char *format, ...)
{
    const struct mlops_observer *observer = &registry->observer;
    _cleanup_(buffer_clear) struct buffer text = {0};
    va_list arguments;

    if (!observer->warn)
        return;
    va_start(arguments, format);
    buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    observer->warn(observer->context, text.data);
}

const char *registry_actor(struct mlops_registry *registry)
{
    if (!registry->actor)
        registry->actor = actor_of_process();
    return registry->actor;
}

int registry_fail_read_only(const struct mlops_registry *registry, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_IO, "the registry %s is read-only", registry->location);
    return mlops_hint(err, "its folder or file system cannot be written by you: check its "
                           "permissions and how it is mounted");
}

/* A folder of ours that can be written to. */
static int make_writable(struct mlops_registry *registry, const char *path, struct mlops_error *err)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        if (errno == EROFS || errno == EACCES)
            return registry_fail_read_only(registry, err);
        return mlops_fail_errno(err, MLOPS_IO, errno, "make %s", path);
    }
    return access(path, W_OK) != 0 ? registry_fail_read_only(registry, err) : MLOPS_OK;
}

int registry_scratch(struct mlops_registry *registry, char **path, struct mlops_error *err)
{
    _cleanup_(free_string) char *scratch = path_join(registry->location, "tmp");

    TRY(make_writable(registry, scratch, err));
    *path = TAKE_PTR(scratch);
    return MLOPS_OK;
}

int registry_cache(struct mlops_registry *registry, const char *name, char **path,
                   struct mlops_error *err)
{
    _cleanup_(free_string) char *cache = path_join(registry->location, "cache");
    _cleanup_(free_string) char *folder = path_join(cache, name);

    TRY(make_writable(registry, cache, err));
    TRY(make_writable(registry, folder, err));
    *path = TAKE_PTR(folder);
    return MLOPS_OK;
}
