/* lib/release/deploy.c - a version laid out on a host, switched to, and taken back if it is ill. */
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "bundle/intact.h"
#include "bundle/layout.h"
#include "registry/hook.h"
#include "registry/reference.h"
#include "registry/registry.h"
#include "release/attempt.h"
#include "release/demanded.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void attempt_clear(struct deploy_attempt *attempt)
{
    host_clear(&attempt->host);
    manifest_clear(&attempt->manifest);
    buffer_clear(&attempt->manifest_text);
}

/* Which version, and is it one that may go live? */
static int find(struct deploy_attempt *attempt, struct mlops_error *err)
{
    struct mlops_deployment *deployment = attempt->deployment;
    struct reference reference;
    const char *ref = attempt->options->ref;
    TRY(reference_parse(ref, strlen(ref), &reference, err));
    if (reference.kind == REFERENCE_STAGE)
        str_copy(deployment->stage, sizeof(deployment->stage), reference.stage);
    TRY(manifest_load(attempt->registry, ref, &deployment->version, &attempt->manifest,
                      &attempt->manifest_text, err));
    TRY(manifest_check_files(&attempt->manifest, err));
    str_copy(attempt->id, sizeof(attempt->id), deployment->version.bundle + strlen("sha256:"));
    return demanded_signature(attempt->registry, &deployment->version, &attempt->manifest,
                              deployment->stage, &deployment->signature, err);
}

/* ---- laying out ------------------------------------------------------------------------------- */

/* From what is live what is the same, verified as it is copied; where it is not what it was, all
 * out of the store. */
static int fill(struct deploy_attempt *attempt, const char *tree, bool use_old,
                struct mlops_error *err)
{
    const struct host *host = &attempt->host;
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(free_string) char *directory = host_release(host, host->live);
    struct old_layout old = {.directory = directory, .manifest = &manifest, .stays = true};
    struct layout_moved moved = {0};
    struct mlops_error unknown = {0};
    if (mkdir(tree, 0755) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "make folder '%s'", tree);
    bool known = use_old && host->live[0] &&
                 host_manifest(host, host->live, &manifest, &unknown) == MLOPS_OK;
    TRY(layout_fill(attempt->registry, &attempt->manifest, tree, known ? &old : NULL, &moved, err));
    attempt->deployment->kept_bytes = moved.kept_bytes;
    attempt->deployment->stored_bytes = moved.stored_bytes;
    return layout_close(&attempt->manifest, tree, err);
}

/* All of it, data and names, before anything leads to it. */
static int sync_all(const char *tree, struct mlops_error *err)
{
    _cleanup_(fd_close) int fd = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "sync '%s'", tree);
    return MLOPS_OK;
}

/* The tree to its place. What is there already is not whole, and is exchanged for it at once, as
 * `current` may lead there. */
static int put_in_place(const char *tree, const char *release, struct mlops_error *err)
{
    bool there = path_exists(release);
    if (renameat2(AT_FDCWD, tree, AT_FDCWD, release, there ? RENAME_EXCHANGE : 0) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "rename '%s' to '%s'", tree, release);
    _cleanup_(free_string) char *folder = path_parent(release);
    return directory_sync(folder, err);
}

static int lay_out(struct deploy_attempt *attempt, struct mlops_error *err)
{
    _cleanup_(free_string) char *releases = host_release(&attempt->host, ""), *temporary = NULL;
    TRY(directory_make_temporary(releases, ".new", &temporary, err));
    _cleanup_(free_string) char *tree = path_join(temporary, "tree");
    struct mlops_error ignored = {0}; /* the next deploy removes what is left */
    int code = fill(attempt, tree, true, err);
    if (code == MLOPS_CONFLICT) {
        (void)tree_remove(tree, &ignored);
        code = fill(attempt, tree, false, err);
    }
    if (code == MLOPS_OK)
        code = sync_all(tree, err);
    if (code == MLOPS_OK)
        code = put_in_place(tree, attempt->deployment->release, err);
    (void)tree_remove(temporary, &ignored);
    return code;
}

/* Every byte of what is there. */
static int read_release(struct deploy_attempt *attempt, struct mlops_error *err)
{
    struct mlops_deployment *deployment = attempt->deployment;
    _cleanup_(free_string) char *why = NULL;
    TRY(intact_check(deployment->release, &attempt->manifest, registry_observer(attempt->registry),
                     &why, err));
    deployment->there = !why;
    if (why)
        registry_warn(attempt->registry, "the release on this host is not what it was, and is "
                                         "laid out anew: %s", why);
    return MLOPS_OK;
}

/* Is it there already, from an earlier deploy, and whole? What looks as it did when it was found
 * whole is read later: who rolls back is in a hurry. */
static int look(struct deploy_attempt *attempt, struct mlops_error *err)
{
    if (!host_has(&attempt->host, attempt->id))
        return MLOPS_OK;
    attempt->unread = host_unchanged(&attempt->host, attempt->id, &attempt->manifest);
    attempt->deployment->there = attempt->unread;
    return attempt->unread ? MLOPS_OK : read_release(attempt, err);
}

/* ---- switching --------------------------------------------------------------------------------- */

/* What was live before is live again. The service is told even where we are to stop. */
static int go_back(struct deploy_attempt *attempt, const char *why, struct mlops_error *err)
{
    struct host *host = &attempt->host;
    _cleanup_(free_string) char *trouble = NULL;
    TRY(host_switch(host, host->live, err));
    free(TAKE_PTR(host->refused));
    free(TAKE_PTR(host->why));
    host->refused = xstrdup(attempt->id);
    host->why = xstrdup(why);
    TRY(host_save(host, NULL, err));
    attempt->deployment->went_back = true;
    const struct mlops_observer *observer = registry_observer(attempt->registry);
    if (observer->cancelled && observer->cancelled(observer->context) && attempt->options->reload)
        registry_warn(attempt->registry,
                      "the host goes back to what was live before, and the reload command is run "
                      "once more; another signal leaves the service to itself");
    TRY(attempt_reload(attempt, true, &trouble, err));
    if (trouble)
        registry_warn(attempt->registry, "after going back, %s", trouble);
    return MLOPS_OK;
}

static int fail_ill(const struct deploy_attempt *attempt, struct mlops_error *err)
{
    const struct mlops_deployment *deployment = attempt->deployment;
    mlops_fail(err, MLOPS_REFUSED, "%s@%llu is not well, %s: %s", deployment->version.model,
               (unsigned long long)deployment->version.number,
               deployment->previous[0] ? "and what was live before is live again"
                                       : "and nothing is live, as before",
               deployment->why);
    return MLOPS_REFUSED;
}

/* Live from the rename on, for good once it was found well. */
static int try_it(struct deploy_attempt *attempt, struct mlops_error *err)
{
    struct mlops_deployment *deployment = attempt->deployment;
    int64_t from_ns = clock_monotonic_ns();
    TRY(host_switch(&attempt->host, attempt->id, err));
    deployment->switch_ns = clock_monotonic_ns() - from_ns;
    int code = attempt_reload(attempt, false, &deployment->why, err);
    if (code == MLOPS_OK && !deployment->why)
        code = attempt_health(attempt, &deployment->why, err);
    deployment->health_ns = clock_monotonic_ns() - from_ns - deployment->switch_ns;
    if (code == MLOPS_OK && !deployment->why)
        return MLOPS_OK;
    struct mlops_error back = {0};
    int second = go_back(attempt, code ? err->message : deployment->why, &back);
    if (second) {
        *err = back;
        return mlops_wrap(err, "going back to what was live before");
    }
    return code ? code : fail_ill(attempt, err);
}

static int settle(struct deploy_attempt *attempt, struct mlops_error *err)
{
    struct host *host = &attempt->host;
    _cleanup_(free_string) char *refused = TAKE_PTR(host->refused);
    str_copy(host->live, sizeof(host->live), attempt->id);
    free(TAKE_PTR(host->why));
    TRY(host_save(host, NULL, err));
    uint64_t keep = attempt->options->keep ? attempt->options->keep
                                           : attempt->manifest.project.deploy.keep;
    struct mlops_error trouble = {0};
    if (host_prune(host, keep ? keep : DEPLOYMENT_KEEP, refused, &attempt->deployment->removed,
                   &trouble))
        registry_warn(attempt->registry, "an old release stays: %s", trouble.message);
    return MLOPS_OK;
}

/* It is live: now all of it is read. A disk that lost some of it is the one thing that can show, and
 * it is exchanged for a new one in its place. */
static int make_sure(struct deploy_attempt *attempt, struct mlops_error *err)
{
    _cleanup_(free_string) char *trouble = NULL;
    TRY(read_release(attempt, err));
    if (attempt->deployment->there)
        return MLOPS_OK;
    TRY(lay_out(attempt, err));
    TRY(attempt_reload(attempt, false, &trouble, err));
    if (trouble)
        registry_warn(attempt->registry, "after the release was laid out anew, %s", trouble);
    return MLOPS_OK;
}

static int make_live(struct deploy_attempt *attempt, struct mlops_error *err)
{
    struct mlops_deployment *deployment = attempt->deployment;
    struct host *host = &attempt->host;
    int64_t from_ns = clock_monotonic_ns();
    TRY(look(attempt, err));
    bool live = str_equal(host->current, attempt->id) && str_equal(host->live, attempt->id);
    if (live && attempt->unread)
        TRY(read_release(attempt, err)); /* there is no hurry */
    deployment->already = live && deployment->there;
    if (deployment->already)
        return MLOPS_OK;
    struct hook_event event = {.action = "deploy",
                               .model = deployment->version.model,
                               .bundle = deployment->version.bundle,
                               .stage = deployment->stage,
                               .version = deployment->version.number,
                               .directory = host->directory};
    TRY(hook_before(attempt->registry, &event, err));
    TRY(host_record(host, &deployment->version, deployment->stage, clock_now_ns(),
                    deployment->there ? NULL : &attempt->manifest_text, err));
    if (!deployment->there)
        TRY(lay_out(attempt, err));
    deployment->layout_ns = clock_monotonic_ns() - from_ns;
    TRY(host_save(host, attempt->id, err));
    TRY(try_it(attempt, err));
    if (attempt->unread && !live)
        TRY(make_sure(attempt, err));
    TRY(settle(attempt, err));
    host_remember(host, attempt->id, &attempt->manifest);
    deployment->deployed = true;
    hook_after(attempt->registry, &event);
    return MLOPS_OK;
}

static void remember_previous(struct deploy_attempt *attempt)
{
    struct digest digest;
    const char *live = attempt->host.live[0] ? attempt->host.live : attempt->host.current;
    if (digest_from_hex(live, strlen(live), &digest))
        bundle_id_format(&digest, attempt->deployment->previous);
}

int mlops_deploy(struct mlops_registry *registry, const struct mlops_deploy_options *options,
                 struct mlops_deployment *deployment, struct mlops_error *err)
{
    _cleanup_(attempt_clear) struct deploy_attempt attempt = {
        .registry = registry, .options = options, .deployment = deployment, .host.lock = -1};
    *deployment = (struct mlops_deployment){0};
    TRY(host_open(options->directory, &attempt.host, err));
    TRY(find(&attempt, err));
    if (!options->dry_run)
        TRY(host_lock(&attempt.host, err));
    deployment->release = host_release(&attempt.host, attempt.id);
    remember_previous(&attempt);
    if (!options->dry_run)
        return make_live(&attempt, err);
    TRY(look(&attempt, err));
    if (attempt.unread)
        TRY(read_release(&attempt, err));
    deployment->already = deployment->there && str_equal(attempt.host.current, attempt.id);
    return MLOPS_OK;
}

void mlops_deployment_clear(struct mlops_deployment *deployment)
{
    free(deployment->release);
    free(deployment->signature);
    free(deployment->why);
    *deployment = (struct mlops_deployment){0};
}
