/*
 * lib/registry/make.c - making a registry's folder, whole or not at all, and the registry in it;
 * making or joining a shared one.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/handle.h"
#include "registry/history.h"
#include "registry/log_tree.h"
#include "registry/place.h"
#include "registry/postgres_url.h"
#include "registry/schema.h"
#include "registry/shared.h"
#include "store/store.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* ---- an empty registry ----------------------------------------------------------------------- */

static int make_folder(const char *parent, const char *name, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = path_join(parent, name);

    if (mkdir(path, 0777) != 0) /* with the user's umask: a team may share a registry */
        return mlops_fail_errno(err, MLOPS_IO, errno, "make %s", path);
    return MLOPS_OK;
}

/* The tables, and the log with its first entry, in the database that is there and empty. `objects`
 * (may be NULL) is where everybody finds the objects. */
static int make_tables(struct mlops_registry *registry, const char *objects, bool *made,
                       struct mlops_error *err)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    uint64_t number;

    TRY(transaction_begin_unchecked(registry, &tx, err));
    TRY(schema_number(registry->db, &number, err));
    *made = number == 0;
    if (number > 0)
        return MLOPS_OK; /* somebody was faster */
    TRY(log_key_make(registry->location, err));
    TRY(schema_apply(registry->db, 0, SCHEMA_NUMBER, err));
    if (objects)
        TRY(db_exec(registry->db, err, "INSERT INTO meta (key, value) VALUES ('objects', $1)",
                    DB_TEXT(objects)));
    TRY(schema_adopt_log_key(tx, "init", err));
    return transaction_commit(TAKE_PTR(tx), err);
}

static int make_database(const char *folder, struct mlops_error *err)
{
    _cleanup_(mlops_registry_close_ptr) struct mlops_registry *registry = NULL;
    bool made;

    TRY(registry_new(folder, NULL, &registry, err));
    TRY(registry_connect(registry, true, err));
    return make_tables(registry, NULL, &made, err);
}

/* What stands in a new folder. */
struct content {
    const struct shared *shared; /* NULL: all of the registry does, but for packs at `address` */
    const char *address;         /* NULL: here, too */
    const struct mlops_observer *observer;
};

static int make_objects(const char *folder, const struct content *content, struct mlops_error *err)
{
    _cleanup_(free_string) char *objects = path_join(folder, "objects");

    TRY(make_folder(folder, "objects", err));
    return store_init_at(objects, content->address, content->observer, err);
}

static int fill(const char *folder, const struct content *content, struct mlops_error *err)
{
    const struct shared *shared = content->shared;

    TRY(make_folder(folder, "tmp", err));
    if (!shared || (shared->objects && str_equal(shared->objects, "objects")))
        TRY(make_objects(folder, content, err));
    TRY(shared ? shared_write(folder, shared, err) : make_database(folder, err));
    TRY(place_format_write(folder, err));
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
static int make(const char *folder, const struct content *content, bool *created,
                struct mlops_error *err)
{
    _cleanup_(free_string) char *parent = path_parent(folder);
    _cleanup_(free_string) char *name = xprintf("%s.new-%ld-%llx", PLACE_FOLDER, (long)getpid(),
                                                (unsigned long long)clock_monotonic_ns());
    _cleanup_(free_string) char *made = path_join(parent, name);
    struct mlops_error ignored = {0};
    int code;

    TRY(directory_make(parent, 0755, err));
    TRY(check_free(folder, err));
    TRY(make_folder(parent, name, err));
    code = fill(made, content, err);
    if (code == MLOPS_OK && rename(made, folder) == 0) {
        *created = true;
        return directory_sync(parent, err);
    }
    if (code == MLOPS_OK && errno != ENOTEMPTY && errno != EEXIST)
        code = mlops_fail_errno(err, MLOPS_IO, errno, "make a registry at %s", folder);
    (void)tree_remove(made, &ignored); /* the first error counts */
    return code;
}

/* As `make`; where another process was faster, what that one made counts. */
static int make_or_find(const char *named, const struct content *content, bool *created,
                        struct mlops_error *err)
{
    _cleanup_(free_string) char *folder = realpath(named, NULL); /* a link to where there is room */
    struct mlops_error ignored = {0};
    bool is;
    int code;

    if (!folder)
        folder = xstrdup(named);
    code = make(folder, content, created, err);
    if (*created)
        return code;
    if (place_is_registry(folder, &is, &ignored) == MLOPS_OK && is) {
        *err = (struct mlops_error){0};
        return MLOPS_OK;
    }
    return code ? code : check_free(folder, err);
}

/* One that is there: its objects must be where they are said to be. */
static int check_present(const char *folder, const struct content *content, struct mlops_error *err)
{
    _cleanup_(free_string) char *objects = path_join(folder, "objects");

    TRY(place_format_check(folder, err));
    return content->address ? store_init_at(objects, content->address, content->observer, err)
                            : MLOPS_OK;
}

int registry_make_bare(const char *folder, struct mlops_error *err)
{
    _cleanup_(mlops_registry_close_ptr) struct mlops_registry *registry = NULL;
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;

    TRY(make_folder(folder, "tmp", err));
    TRY(make_objects(folder, &(struct content){.address = NULL}, err));
    TRY(registry_new(folder, NULL, &registry, err));
    TRY(registry_connect(registry, true, err));
    TRY(transaction_begin_unchecked(registry, &tx, err));
    TRY(schema_apply(registry->db, 0, SCHEMA_NUMBER, err));
    TRY(transaction_commit(TAKE_PTR(tx), err));
    return place_format_write(folder, err);
}

int mlops_registry_init(const char *location, bool *created, struct mlops_error *err)
{
    return mlops_registry_init_at(&(struct mlops_registry_options){.location = location}, NULL,
                                  created, err);
}

int mlops_registry_init_at(const struct mlops_registry_options *options, const char *address,
                           bool *created, struct mlops_error *err)
{
    const struct content content = {.address = address, .observer = &options->observer};
    const char *location = options->location;
    _cleanup_(free_string) char *folder = NULL;
    bool is;

    *created = false;
    if (!*location)
        return mlops_fail(err, MLOPS_INVALID, "a registry's folder needs a name");
    if (postgres_url_is(location)) {
        mlops_fail(err, MLOPS_INVALID, "a shared registry is made from a folder that uses it");
        return mlops_hint(err, "'mlops init --metadata URL' in that folder");
    }
    TRY(place_folder_of(location, &folder, &is, err));
    return is ? check_present(folder, &content, err) : make_or_find(folder, &content, created, err);
}

/* ---- a shared one ---------------------------------------------------------------------------- */

/* A URL as it is; a folder as the URL by which others know it. The caller frees. */
static int objects_url(const char *objects, char **url, struct mlops_error *err)
{
    _cleanup_(free_string) char *path = NULL;

    if (strstr(objects, "://")) {
        *url = xstrdup(objects);
        return MLOPS_OK;
    }
    TRY(directory_make(objects, 0777, err));
    path = realpath(objects, NULL);
    if (!path)
        return mlops_fail_errno(err, 0, errno, "%s", objects);
    *url = xprintf("file://%s", path);
    return MLOPS_OK;
}

/* An empty store where the objects of a new registry are to be; one that is there stays. */
static int prepare_objects(const struct mlops_registry *registry, const char *url,
                           struct mlops_error *err)
{
    _cleanup_(free_string) char *place = NULL;

    TRY(shared_objects_place(registry->location, url, &place, err));
    if (!strstr(place, "://"))
        TRY(directory_make(place, 0777, err));
    return store_init(place, err);
}

/* The folder of this machine, made where it is missing. */
static int enter(const struct mlops_registry_join_options *options, const char *folder,
                 const struct shared *shared, bool is, struct mlops_registry_joined *joined,
                 struct mlops_error *err)
{
    _cleanup_(shared_clear) struct shared found = {0};
    _cleanup_(free_string) char *plain = postgres_url_without_password(options->metadata);

    if (!is)
        TRY(make_or_find(folder,
                         &(struct content){.shared = shared, .observer = &options->observer},
                         &joined->joined, err));
    TRY(place_format_check(folder, err));
    TRY(shared_read(folder, &found, err));
    if (!found.metadata) {
        mlops_fail(err, MLOPS_INVALID, "the registry %s is there already, and is not shared",
                   folder);
        return mlops_hint(err, "join from another folder");
    }
    if (str_equal(found.metadata, plain))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "the registry %s is there already, as part of %s", folder,
               found.metadata);
    return mlops_hint(err, "join from another folder");
}

/* Make the tables where there are none: then the objects are where the options say, or in the
 * folder. */
static int found(struct mlops_registry *registry, const char *objects,
                 struct mlops_registry_joined *joined, struct mlops_error *err)
{
    _cleanup_(free_string) char *url = NULL;
    uint64_t number;

    TRY(schema_number(registry->db, &number, err));
    if (number > 0)
        return MLOPS_OK;
    url = objects ? xstrdup(objects) : xprintf("file://%s/objects", registry->location);
    TRY(prepare_objects(registry, url, err));
    return make_tables(registry, url, &joined->created, err);
}

/* Whose first it was: the objects that were made in the folder are of use only to the founder. */
static int settle(struct mlops_registry *registry,
                  const struct mlops_registry_join_options *options, const char *objects,
                  struct mlops_registry_joined *joined, struct mlops_error *err)
{
    struct shared shared = {.metadata = registry->metadata};

    TRY(found(registry, objects, joined, err));
    TRY(schema_upgrade(registry, err));
    if (options->log_key)
        TRY(log_key_take(registry, options->log_key, err));
    joined->signs = log_key_fits(registry);
    if (!joined->joined)
        return MLOPS_OK;
    if (!joined->created)
        shared.objects = (char *)(uintptr_t)objects;
    else if (!objects)
        shared.objects = (char *)(uintptr_t) "objects";
    return shared_write(registry->location, &shared, err);
}

static int join(const struct mlops_registry_join_options *options, const char *folder,
                const char *objects, struct mlops_registry_joined *joined, struct mlops_error *err)
{
    _cleanup_(mlops_registry_close_ptr) struct mlops_registry *registry = NULL;

    TRY(registry_new(folder, options->actor, &registry, err));
    registry->observer = options->observer;
    free(registry->metadata); /* with the password that the folder does not keep */
    registry->metadata = xstrdup(options->metadata);
    TRY(registry_connect(registry, false, err));
    return settle(registry, options, objects, joined, err);
}

int mlops_registry_join(const struct mlops_registry_join_options *options,
                        struct mlops_registry_joined *joined, struct mlops_error *err)
{
    _cleanup_(free_string) char *named = NULL, *folder = NULL, *objects = NULL;
    struct shared shared = {.metadata = (char *)(uintptr_t)options->metadata};
    struct mlops_error ignored = {0};
    bool is;
    int code;

    *joined = (struct mlops_registry_joined){0};
    if (!postgres_url_is(options->metadata)) {
        mlops_fail(err, MLOPS_INVALID, "'%s' is not a PostgreSQL URL", options->metadata);
        return mlops_hint(err, "write postgresql://USER@HOST:PORT/DATABASE");
    }
    if (options->objects)
        TRY(objects_url(options->objects, &objects, err));
    TRY(place_folder_of(options->location, &named, &is, err));
    TRY(enter(options, named, &shared, is, joined, err));
    folder = realpath(named, NULL);
    if (!folder)
        return mlops_fail_errno(err, 0, errno, "%s", named);
    code = join(options, folder, objects, joined, err);
    if (code && joined->joined && !joined->created)
        (void)tree_remove(folder, &ignored); /* nothing was made: as it was before */
    return code;
}
