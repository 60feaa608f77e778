/*
 * lib/registry/registry.c - what a handle to a registry knows, besides the database: where it is,
 * who uses it, its objects, its folders. place.c finds registries, make.c makes them.
 */
#include "base/buffer.h"
#include "base/file.h"
#include "base/path.h"
#include "base/signing.h"
#include "registry/handle.h"
#include "registry/log_control.h"
#include "registry/log_head.h"
#include "registry/log_nodes.h"
#include "registry/place.h"
#include "registry/postgres_url.h"
#include "registry/schema.h"
#include "registry/shared.h"
#include "store/store.h"
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

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

/* ---- opening ------------------------------------------------------------------------------- */

static int connect_postgres(struct mlops_registry *registry, struct mlops_error *err)
{
    _cleanup_(free_string) char *who =
        xprintf("%s (pid %ld)", registry_actor(registry), (long)getpid());

    return db_open_postgres(&(struct db_options){.path = registry->metadata,
                                                 .who = who,
                                                 .wait = transaction_wait,
                                                 .wait_context = registry,
                                                 .observer = &registry->observer},
                            &registry->db, err);
}

int registry_connect(struct mlops_registry *registry, bool create, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(registry->location, "registry.db");

    if (registry->metadata)
        return connect_postgres(registry, err);
    if (!create && !path_exists(path)) {
        mlops_fail(err, MLOPS_INTEGRITY, "%s is missing", path);
        return mlops_hint(err, "restore it from a backup");
    }
    return db_open_sqlite(
        &(struct db_options){
            .path = path, .create = create, .wait = transaction_wait, .wait_context = registry},
        &registry->db, err);
}

int registry_new(const char *location, const char *actor, struct mlops_registry **registry,
                 struct mlops_error *err)
{
    _cleanup_(mlops_registry_close_ptr) struct mlops_registry *made = xcalloc(1, sizeof(*made));
    struct shared shared;

    made->location = xstrdup(location);
    made->lock_timeout_ns = LOCK_TIMEOUT_NS;
    TRY(set_actor(made, actor, err));
    TRY(shared_read(location, &shared, err));
    made->metadata = shared.metadata;
    made->objects = shared.objects;
    *registry = TAKE_PTR(made);
    return MLOPS_OK;
}

int mlops_registry_open(const struct mlops_registry_options *options,
                        struct mlops_registry **registry, struct mlops_error *err)
{
    _cleanup_(mlops_registry_close_ptr) struct mlops_registry *opened = NULL;
    _cleanup_(free_string) char *location = NULL;
    const char *named = options->location ? options->location : getenv("MLOPS_REGISTRY");

    TRY(place_find(options, &location, err));
    TRY(place_format_check(location, err));
    TRY(registry_new(location, options->actor, &opened, err));
    opened->observer = options->observer;
    if (options->lock_timeout_ns)
        opened->lock_timeout_ns = options->lock_timeout_ns;
    if (named && postgres_url_is(named)) { /* maybe with a password, which the folder has not */
        free(opened->metadata);
        opened->metadata = xstrdup(named);
    }
    TRY(registry_connect(opened, false, err));
    TRY(schema_upgrade(opened, err));
    *registry = TAKE_PTR(opened);
    return MLOPS_OK;
}

int registry_open_again(const struct mlops_registry *registry,
                        const struct mlops_observer *observer, int64_t lock_timeout_ns,
                        struct mlops_registry **again, struct mlops_error *err)
{
    _cleanup_(mlops_registry_close_ptr) struct mlops_registry *opened = NULL;

    TRY(registry_new(registry->location, registry->actor, &opened, err));
    if (observer)
        opened->observer = *observer;
    opened->lock_timeout_ns = lock_timeout_ns ? lock_timeout_ns : registry->lock_timeout_ns;
    free(opened->metadata); /* that of the folder is without the password */
    opened->metadata = registry->metadata ? xstrdup(registry->metadata) : NULL;
    TRY(registry_connect(opened, false, err));
    TRY(schema_check(opened, err));
    *again = TAKE_PTR(opened);
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
    log_nodes_forget(registry);
    log_head_forget(registry);
    free(registry->guard_why);
    free(registry->actor);
    free(registry->metadata);
    free(registry->objects);
    free(registry->location);
    free(registry);
}

/* ---- what a handle knows ------------------------------------------------------------------- */

char *mlops_url_without_password(const char *url)
{
    return postgres_url_without_password(url);
}

const char *mlops_registry_location(const struct mlops_registry *registry)
{
    return registry->location;
}

/* Where the objects are: as this machine says, else as the registry does, else in the folder. */
static int objects_place(struct mlops_registry *registry, char **place, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any = false;

    if (registry->objects || !registry->metadata)
        return shared_objects_place(registry->location,
                                    registry->objects ? registry->objects : "objects", place, err);
    TRY(db_query(registry->db, &rows, err, "SELECT value FROM meta WHERE key = 'objects'"));
    TRY(db_step(rows, &any, err));
    return shared_objects_place(registry->location, any ? db_string(rows, 0) : "objects", place,
                                err);
}

int registry_store(struct mlops_registry *registry, struct store **store, struct mlops_error *err)
{
    if (!registry->store) {
        _cleanup_(free_string) char *path = NULL;

        TRY(objects_place(registry, &path, err));
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

struct mlops_observer registry_observe(struct mlops_registry *registry,
                                       struct mlops_observer observer)
{
    struct mlops_observer before = registry->observer;

    registry->observer = observer;
    return before;
}

void registry_guard(struct mlops_registry *registry, const char *sql, uint64_t number,
                    const char *why)
{
    free(registry->guard_why);
    registry->guard = sql;
    registry->guard_number = number;
    registry->guard_why = sql ? xstrdup(why) : NULL;
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
