/*
 * lib/trial/workspace.c - private folders for suites, in the registry's scratch folder.
 */
#include "trial/workspace.h"
#include "base/file.h"
#include "base/path.h"
#include "registry/scratch.h"

/* A day's grace is for machines that have the same name. */
#define STALE_NS (86400 * 1000000000LL)

int workspace_make(struct mlops_registry *registry, const struct manifest *manifest,
                   struct workspace *workspace, struct mlops_error *err)
{
    *workspace = (struct workspace){0};
    scratch_sweep_folders(registry, STALE_NS);
    TRY(scratch_make(registry, "test", &workspace->folder, err));
    if (!manifest)
        return MLOPS_OK;
    workspace->tree = path_join(workspace->folder, "bundle");
    int code = manifest_checkout(registry, manifest, workspace->tree, err);
    if (code)
        workspace_remove(workspace);
    return code;
}

void workspace_remove(struct workspace *workspace)
{
    struct mlops_error ignored = {0}; /* what stays is stale and removed by a later run */
    if (workspace->folder)
        (void)tree_remove(workspace->folder, &ignored);
    free(workspace->folder);
    free(workspace->tree);
    *workspace = (struct workspace){0};
}
