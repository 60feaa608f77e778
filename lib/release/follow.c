/*
 * lib/release/follow.c - a host kept at what a stage holds.
 *
 * The stage is asked five times a second: one row by its key, on either engine. What happens to the
 * registry (away, restored from a backup, moved) changes nothing on the host.
 */
#include "base/backoff.h"
#include "base/clock.h"
#include "base/path.h"
#include "registry/db.h"
#include "registry/handle.h"
#include "registry/reference.h"
#include "release/host.h"
#include <sys/stat.h>

#define INTERVAL_NS 200000000LL
#define WAIT_FIRST_NS 200000000LL
#define WAIT_MAX_NS 30000000000LL

struct follow {
    const struct mlops_registry_options *where;
    const struct mlops_deploy_options *options;
    mlops_deploy_tell tell;
    void *context;
    struct reference stage;
    struct mlops_registry *registry; /* NULL: away */
    struct stat file;                /* of its database, where that is a file */
    bool away;                       /* and it was told */
    bool settled;                    /* what the stage holds by entry `entry` was dealt with */
    uint64_t entry;    /* of the log, that put there what the stage holds, plus 1; 0: it is empty */
    uint64_t failures; /* in a row */
};

static bool is_stopped(const struct follow *follow)
{
    const struct mlops_observer *observer = &follow->where->observer;
    return observer->cancelled && observer->cancelled(observer->context);
}

/* A hundred hosts do not come back at once. */
static void back_off(struct follow *follow)
{
    (void)clock_rest(&follow->where->observer,
                     backoff_ns(WAIT_FIRST_NS, WAIT_MAX_NS, ++follow->failures));
}

static int tell(const struct follow *follow, const struct mlops_deploy_event *event,
                struct mlops_error *err)
{
    return follow->tell(follow->context, event, err);
}

/* ---- the registry -------------------------------------------------------------------------- */

static bool stat_database(const struct follow *follow, struct stat *status)
{
    _cleanup_(free_string) char *path =
        path_join(mlops_registry_location(follow->registry), "registry.db");
    return follow->registry->metadata || stat(path, status) == 0;
}

static void close_registry(struct follow *follow)
{
    if (follow->registry)
        mlops_registry_close(TAKE_PTR(follow->registry));
}

/* Opened where it is not, and anew where another database lies in its place. */
static int reach(struct follow *follow, struct mlops_error *err)
{
    struct stat now = {.st_ino = 0};
    if (follow->registry && (!stat_database(follow, &now) || now.st_ino != follow->file.st_ino ||
                             now.st_dev != follow->file.st_dev))
        close_registry(follow);
    if (follow->registry)
        return MLOPS_OK;
    TRY(mlops_registry_open(follow->where, &follow->registry, err));
    follow->file = (struct stat){.st_ino = 0};
    (void)stat_database(follow, &follow->file); /* gone again: the next look says so */
    return MLOPS_OK;
}

/* Which entry of the log put there what the stage holds? */
static int look(struct follow *follow, uint64_t *entry, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    *entry = 0;
    TRY(reach(follow, err));
    TRY(db_query(follow->registry->db, &rows, err,
                 "SELECT audit_index FROM stage_entry WHERE model = $1 AND stage = $2 "
                 "ORDER BY position DESC LIMIT 1",
                 DB_TEXT(follow->stage.model), DB_TEXT(follow->stage.stage)));
    TRY(db_step(rows, &any, err));
    if (any)
        *entry = (uint64_t)db_i64(rows, 0) + 1;
    return MLOPS_OK;
}

static int be_away(struct follow *follow, const struct mlops_error *why, struct mlops_error *err)
{
    close_registry(follow);
    if (!follow->away)
        TRY(tell(follow, &(struct mlops_deploy_event){.news = MLOPS_DEPLOY_AWAY, .error = why},
                 err));
    follow->away = true;
    back_off(follow);
    return MLOPS_OK;
}

/* ---- the host ------------------------------------------------------------------------------ */

/* What the health command refused would be refused again; all else may pass: a server that is back,
 * a disk that has room, a signature that is added. */
static int failed(struct follow *follow, const struct mlops_deployment *deployment,
                  const struct mlops_error *why, struct mlops_error *err)
{
    bool again = why->code != MLOPS_REFUSED;
    follow->settled = !again;
    TRY(tell(
        follow,
        &(struct mlops_deploy_event){
            .news = MLOPS_DEPLOY_FAILED, .deployment = deployment, .error = why, .again = again},
        err));
    if (again)
        back_off(follow);
    return MLOPS_OK;
}

static int act(struct follow *follow, struct mlops_error *err)
{
    _cleanup_(mlops_deployment_clear) struct mlops_deployment deployment = {.deployed = false};
    struct mlops_error why = {0};
    if (follow->entry == 0) {
        follow->settled = true;
        return tell(follow, &(struct mlops_deploy_event){.news = MLOPS_DEPLOY_EMPTY}, err);
    }
    int code = mlops_deploy(follow->registry, follow->options, &deployment, &why);
    if (code && is_stopped(follow))
        return MLOPS_OK;
    if (code)
        return failed(follow, &deployment, &why, err);
    follow->settled = true;
    follow->failures = 0;
    return tell(follow,
                &(struct mlops_deploy_event){.news = MLOPS_DEPLOY_LIVE, .deployment = &deployment},
                err);
}

static int turn(struct follow *follow, struct mlops_error *err)
{
    struct mlops_error why = {0};
    uint64_t entry;
    if (look(follow, &entry, &why))
        return is_stopped(follow) ? MLOPS_OK : be_away(follow, &why, err);
    if (follow->away)
        TRY(tell(follow, &(struct mlops_deploy_event){.news = MLOPS_DEPLOY_BACK}, err));
    if (follow->away || entry != follow->entry)
        follow->failures = 0;
    follow->away = false;
    follow->settled = follow->settled && entry == follow->entry;
    follow->entry = entry;
    if (!follow->settled)
        return act(follow, err);
    (void)clock_rest(&follow->where->observer,
                     follow->options->interval_ns ? follow->options->interval_ns : INTERVAL_NS);
    return MLOPS_OK;
}

int mlops_deploy_follow(const struct mlops_registry_options *where,
                        const struct mlops_deploy_options *options, mlops_deploy_tell tell_news,
                        void *context, struct mlops_error *err)
{
    struct follow follow = {
        .where = where, .options = options, .tell = tell_news, .context = context};
    _cleanup_(host_clear) struct host host = {.lock = -1};
    int code = MLOPS_OK;
    TRY(reference_parse(options->ref, strlen(options->ref), &follow.stage, err));
    if (follow.stage.kind != REFERENCE_STAGE || follow.stage.back > 0) {
        mlops_fail(err, MLOPS_INVALID, "'%s' does not name a stage to follow", options->ref);
        return mlops_hint(err, "name one as in 'fraud@production'");
    }
    TRY(host_open(options->directory, &host, err));
    while (code == MLOPS_OK && !is_stopped(&follow))
        code = turn(&follow, err);
    close_registry(&follow);
    return code;
}
