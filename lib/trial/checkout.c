/* lib/trial/checkout.c - one verified checkout for all suites of a run. */
#include "trial/checkout.h"
#include "base/file.h"
#include "base/path.h"
#include "base/tree_copy.h"
#include "registry/scratch.h"
#include "trial/ending.h"
#include "trial/supervise.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PROBE_NS 10000000000LL

static const char *const kind_names[] = {
    [CHECKOUT_OWN] = "checkout",
    [CHECKOUT_COPY] = "copy",
    [CHECKOUT_CLONE] = "clone",
    [CHECKOUT_OVERLAY] = "overlay",
};

const char *checkout_kind_name(enum checkout_kind kind)
{
    return kind_names[kind];
}

/* ---- seals ----------------------------------------------------------------------------------- */

/* All of the manifest's; reading changes none of what is compared. */
static int look(const struct checkout *checkout, size_t which, struct stat *status,
                struct mlops_error *err)
{
    _cleanup_(free_string) char *path =
        path_join(checkout->tree, checkout->manifest->files[which].path);
    if (lstat(path, status) == 0)
        return MLOPS_OK;
    return mlops_fail_errno(err, errno == ENOENT ? MLOPS_INTEGRITY : MLOPS_IO, errno,
                            "look at '%s'", path);
}

static int seal(struct checkout *checkout, struct mlops_error *err)
{
    size_t count = checkout->manifest->file_count;
    checkout->seals = xcalloc(count + 1, sizeof(*checkout->seals));
    for (size_t i = 0; i < count; i++)
        TRY(look(checkout, i, &checkout->seals[i], err));
    return MLOPS_OK;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int checkout_check(const struct checkout *checkout, struct mlops_error *err)
{
    struct stat status;
    for (size_t i = 0; checkout->seals && i < checkout->manifest->file_count; i++) {
        TRY(look(checkout, i, &status, err));
        if (is_same(&status, &checkout->seals[i]))
            continue;
        mlops_fail(err, MLOPS_INTEGRITY,
                   "'%s' was changed while suites ran that shared it, so nothing is recorded",
                   checkout->manifest->files[i].path);
        return mlops_hint(err, "find who writes in the registry's folder 'tmp', and run it again");
    }
    return MLOPS_OK;
}

/* ---- what this machine gives ----------------------------------------------------------------- */

/* Does bubblewrap work within a layer? It is in a user namespace there, in which it makes
 * another. */
static bool runs_over(const struct checkout *checkout, const struct sandbox *sandbox)
{
    struct mlops_error why = {0}; /* there is another way */
    struct workspace workspace;
    bool ended = false;
    char path[] = "PATH=/usr/bin:/bin";
    char *environment[] = {path, NULL};
    if (workspace_make_over(checkout, &workspace, &why))
        return false;
    struct supervise_options options = {.sandbox = sandbox,
                                        .workspace = &workspace,
                                        .folder = workspace.folder,
                                        .command = "exit 0",
                                        .environment = environment,
                                        .timeout_ns = PROBE_NS};
    struct supervision *supervision = NULL;
    ending_limits(&(struct project_suite){.timeout_ns = PROBE_NS}, &options.limits);
    int code = supervise_start(&options, &supervision, &why);
    while (code == MLOPS_OK && !ended) {
        code = supervise_step(supervision, &ended, &why);
        if (!ended)
            supervise_wait(&supervision, 1, 50);
    }
    const struct supervise_result *result = ended ? supervise_result(supervision) : NULL;
    bool good = result && result->ending == ENDING_EXIT && result->exit_status == 0;
    supervise_free(supervision);
    workspace_remove(&workspace);
    return good;
}

/* Does this file system share blocks between copies? */
static bool shares_blocks(const struct checkout *checkout)
{
    struct mlops_error why = {0}; /* then it copies */
    _cleanup_(free_string) char *one = path_join(checkout->folder, "one");
    _cleanup_(free_string) char *other = path_join(checkout->folder, "other");
    _cleanup_(fd_close) int from = open(one, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    _cleanup_(fd_close) int to = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bool shared = false;
    return from >= 0 && to >= 0 && fd_write_full(from, "x", 1, &why) == MLOPS_OK &&
           fd_copy(from, to, &shared, &why) == MLOPS_OK && shared;
}

static enum checkout_kind find_kind(struct checkout *checkout, const struct sandbox *sandbox)
{
    checkout->kind = CHECKOUT_OVERLAY;
    if (runs_over(checkout, sandbox))
        return CHECKOUT_OVERLAY;
    return shares_blocks(checkout) ? CHECKOUT_CLONE : CHECKOUT_COPY;
}

static int lay_out(struct checkout *checkout, const struct sandbox *sandbox,
                   struct mlops_error *err)
{
    TRY(scratch_make(checkout->registry, "test", &checkout->folder, err));
    checkout->tree = path_join(checkout->folder, "bundle");
    TRY(manifest_checkout(checkout->registry, checkout->manifest, checkout->tree, err));
    TRY(seal(checkout, err));
    checkout->kind = find_kind(checkout, sandbox);
    return MLOPS_OK;
}

int checkout_make(struct mlops_registry *registry, const struct manifest *manifest,
                  const struct sandbox *sandbox, struct checkout *checkout, struct mlops_error *err)
{
    *checkout = (struct checkout){.registry = registry, .manifest = manifest};
    return sandbox->bubblewrap ? lay_out(checkout, sandbox, err) : MLOPS_OK;
}

void checkout_remove(struct checkout *checkout)
{
    struct mlops_error ignored = {0}; /* what stays is stale and removed by a later run */
    if (checkout->folder)
        (void)tree_remove(checkout->folder, &ignored);
    free(checkout->folder);
    free(checkout->tree);
    free(checkout->seals);
    *checkout = (struct checkout){0};
}
