/* lib/release/gate_origin.c - where a version comes from: its commit, its data, its environment. */
#include "base/json.h"
#include "bundle/environment.h"
#include "release/gate.h"

static const cJSON *git_of(const struct manifest *manifest)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(manifest->json, "code");
    return cJSON_GetObjectItemCaseSensitive(code, "git");
}

int gate_git(const struct gate_context *context, struct mlops_gate_result *result,
             struct mlops_error *err)
{
    const cJSON *git = git_of(context->manifest);
    const char *commit = json_string(git, "commit", "");
    (void)err;
    result->passed = *commit && !json_bool(git, "dirty", true);
    if (result->passed)
        result->detail = xprintf("commit %.12s, and nothing beside it", commit);
    else if (!*commit)
        result->detail = xstrdup("the bundle was packaged outside of any commit");
    else
        result->detail = xprintf("the bundle has changes that are not in commit %.12s: commit "
                                 "them and package again",
                                 commit);
    return MLOPS_OK;
}

/* Enough to make it again: the code's commit, the command, the data that it was given, and what it
 * ran in. */
int gate_lineage(const struct gate_context *context, struct mlops_gate_result *result,
                 struct mlops_error *err)
{
    const struct manifest *manifest = context->manifest;
    const struct project *project = &manifest->project;
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    bool has_data = false;
    (void)err;
    for (size_t i = 0; i < manifest->data_count && project->train_data; i++)
        has_data = has_data || str_equal(manifest->data[i].name, project->train_data);
    if (!*json_string(git_of(manifest), "commit", ""))
        wrongs_add(&wrongs, ", ", "the commit of its code");
    if (!project->train_run)
        wrongs_add(&wrongs, ", ", "the command that trained it ('train: {run: …}')");
    if (!has_data)
        wrongs_add(&wrongs, ", ", "a snapshot of the data that it was trained on ('train: {data: "
                                  "…}')");
    if (!cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(manifest->json, "environment")))
        wrongs_add(&wrongs, ", ", "its environment ('environment: …')");
    wrongs_end(&wrongs);
    result->passed = wrongs.count == 0;
    result->detail = result->passed ? xprintf("code, command, data '%s' and environment are known",
                                              project->train_data)
                                    : xprintf("it is not known: %s", wrongs.text.data);
    return MLOPS_OK;
}

int gate_environment(const struct gate_context *context, struct mlops_gate_result *result,
                     struct mlops_error *err)
{
    const cJSON *environment =
        cJSON_GetObjectItemCaseSensitive(context->manifest->json, "environment");
    const cJSON *unpinned = environment_unpinned(context->manifest), *item;
    const char *path = json_string(environment, "path", "");
    _cleanup_(wrongs_clear) struct wrongs wrongs = {0};
    (void)err;
    if (!unpinned) {
        result->detail = *path ? xprintf("nobody knows what %s pins", path)
                               : xstrdup("the bundle names no environment");
        return MLOPS_OK;
    }
    cJSON_ArrayForEach(item, unpinned)
        wrongs_add(&wrongs, ", ", "%s", cJSON_IsString(item) ? item->valuestring : "?");
    wrongs_end(&wrongs);
    result->passed = wrongs.count == 0;
    result->detail = result->passed ? xprintf("%s pins every package", path)
                                    : xprintf("%s does not pin %s", path, wrongs.text.data);
    return MLOPS_OK;
}
