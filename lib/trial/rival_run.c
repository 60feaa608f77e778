/* lib/trial/rival_run.c - another version's suite, with the data that ours is measured on. */
#include "trial/rival_run.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/registry.h"
#include "store/store.h"
#include "trial/supervise.h"
#include "trial/verdict.h"
#include "trial/workspace.h"
#include <inttypes.h>

#define WAIT_MS 50

/* ---- our data in its checkout --------------------------------------------------------------- */

static int make_parents(const char *tree, const char *path, struct mlops_error *err)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        _cleanup_(free_string) char *part = xstrndup(path, (size_t)(slash - path));
        _cleanup_(free_string) char *folder = path_join(tree, part);
        if (!path_exists(folder))
            TRY(directory_make(folder, 0755, err));
    }
    return MLOPS_OK;
}

static int lay_out_file(const struct rival_options *options, const char *tree, const char *path,
                        const struct manifest_file *file, struct mlops_error *err)
{
    _cleanup_(free_string) char *place = path_join(tree, path);
    struct store *store;
    TRY(registry_store(options->registry, &store, err));
    TRY(make_parents(tree, path, err));
    const struct store_restore restore = {
        .digest = file->digest, .size = file->size, .path = place, .mode = (mode_t)file->mode};
    return store_restore_files(store, &restore, 1, true, NULL, err);
}

/* Where the other bundle has its snapshot of that name; ours where it has none. */
static const char *place_of(const struct rival *rival, const struct manifest_data *data)
{
    for (size_t i = 0; i < rival->manifest.data_count; i++)
        if (str_equal(rival->manifest.data[i].name, data->name))
            return rival->manifest.data[i].path;
    return data->path;
}

/* A snapshot is a file or a folder of them. */
static int lay_out_snapshot(const struct rival_options *options, const struct rival *rival,
                            const struct manifest_data *data, const char *tree,
                            struct mlops_error *err)
{
    const char *place = place_of(rival, data);
    size_t length = strlen(data->path);
    _cleanup_(free_string) char *old = path_join(tree, place);
    TRY(tree_remove(old, err));
    for (size_t i = 0; i < options->manifest->file_count; i++) {
        const struct manifest_file *file = &options->manifest->files[i];
        bool inside = str_starts(file->path, data->path) && strchr("/", file->path[length]);
        if (file->kind != MANIFEST_FILE || !inside)
            continue;
        _cleanup_(free_string) char *path = xprintf("%s%s", place, file->path + length);
        TRY(lay_out_file(options, tree, path, file, err));
    }
    return MLOPS_OK;
}

static int lay_out(const struct rival_options *options, const struct rival *rival, const char *tree,
                   struct mlops_error *err)
{
    for (size_t i = 0; !rival->evaluation && i < options->manifest->data_count; i++) {
        const struct manifest_data *data = &options->manifest->data[i];
        if (data->role && str_equal(data->role, "evaluation"))
            TRY(lay_out_snapshot(options, rival, data, tree, err));
    }
    return MLOPS_OK;
}

/* ---- its run -------------------------------------------------------------------------------- */

static int attend(const struct rival_options *options, struct supervision *supervision,
                  struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(options->registry);
    for (bool ended = false; !ended;) {
        if (observer && observer->cancelled && observer->cancelled(observer->context))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while suites ran");
        supervise_wait(&supervision, 1, WAIT_MS);
        TRY(supervise_step(supervision, &ended, err));
    }
    return MLOPS_OK;
}

static int run_in(const struct rival_options *options, struct rival *rival,
                  const struct workspace *workspace, struct trial *trial, struct mlops_error *err)
{
    _cleanup_(supervise_free_ptr) struct supervision *supervision = NULL;
    TRY(lay_out(options, rival, workspace->tree, err));
    TRY(runner_start(trial, options->sandbox, workspace->folder, &supervision, err));
    if (supervision)
        TRY(attend(options, supervision, err));
    return runner_finish(trial, workspace->folder, supervision, err);
}

static void take_predictions(struct rival *rival, const struct mlops_suite_result *result,
                             struct suite_outcome *outcome)
{
    struct kept_file *file = &outcome->files.items[KEPT_PREDICTIONS];
    rival->ran = true;
    if (result->status == MLOPS_SUITE_PASSED && file->path) {
        rival->predictions = *file;
        *file = (struct kept_file){0};
        return;
    }
    rival->message =
        xprintf("@%" PRIu64 " has no predictions of the same rows, and its suite '%s', "
                "run on them, did not pass: %s",
                rival->version.number, rival->suite.name, result->message ? result->message : "");
}

int rival_run(const struct rival_options *options, struct rival *rival, struct mlops_error *err)
{
    struct mlops_suite_result result = {0};
    struct suite_outcome outcome = {0};
    struct workspace workspace;
    const struct mlops_observer *observer = registry_observer(options->registry);
    if (observer && observer->progress)
        observer->progress(observer->context, rival->suite.name, 0, 1);
    TRY(workspace_make(options->registry, &rival->manifest, &workspace, err));
    suite_result_start(&result, &rival->suite);
    struct trial trial = {.registry = options->registry,
                          .version = &rival->version,
                          .suite = &rival->suite,
                          .workspace = &workspace,
                          .tree = workspace.tree,
                          .keep = options->keep,
                          .result = &result,
                          .outcome = &outcome};
    int code = run_in(options, rival, &workspace, &trial, err);
    if (code == MLOPS_OK)
        take_predictions(rival, &result, &outcome);
    else
        mlops_wrap(err, "suite '%s' of @%" PRIu64, rival->suite.name, rival->version.number);
    suite_result_clear(&result);
    suite_outcome_clear(&outcome);
    workspace_remove(&workspace);
    return code;
}
