/* lib/bundle/exchange_dvc.c - repositories of DVC, and the versions that GTO's tags have of them,
 * made into bundles and versions. */
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "bundle/dvc_tree.h"
#include "bundle/package.h"
#include "registry/registry.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <mlops/catalog.h>
#include <mlops/text.h>

#define NAMED_MAX 10 /* objects in a message */

struct import {
    struct mlops_registry *registry;
    const struct mlops_dvc_options *options;
    struct git_library git;
    char *prefix; /* of the folder in the working tree, "" for its top; NULL outside of git */
    struct gto_tags tags;
    struct gto_state state;
    struct mlops_dvc_import *result;
};

static void import_clear(struct import *import)
{
    gto_state_clear(&import->state);
    gto_tags_clear(&import->tags);
    git_close(&import->git);
    free(import->prefix);
}

void mlops_dvc_import_clear(struct mlops_dvc_import *result)
{
    for (size_t i = 0; i < result->count; i++) {
        free(result->items[i].artifact);
        free(result->items[i].number);
        free(result->items[i].tag);
        free(result->items[i].stages);
    }
    free(result->items);
    *result = (struct mlops_dvc_import){0};
}

/* ---- artifacts of GTO ----------------------------------------------------------------------- */

/* The artifact as it is called from the folder that is imported, which may be below the top of the
 * repository; NULL: it belongs to another folder. Points into `artifact`. */
static const char *inside(const struct import *import, const char *artifact)
{
    size_t length = strlen(import->prefix);
    const char *sign = strchr(artifact, ':');
    if (length == 0)
        return artifact;
    if (!sign || strncmp(artifact, import->prefix, length) != 0)
        return NULL;
    if (artifact[length] == ':')
        return sign + 1;
    return artifact[length] == '/' ? artifact + length + 1 : NULL;
}

static bool is_wanted(const struct import *import, const struct gto_version *version)
{
    return inside(import, version->artifact) &&
           (!import->options->artifact || str_equal(version->artifact, import->options->artifact));
}

/* "models:fraud" cannot be a name here; "models-fraud" can. The caller frees. */
static char *model_of(const struct import *import, const struct gto_version *version)
{
    if (import->options->model)
        return xstrdup(import->options->model);
    char *name = xstrdup(inside(import, version->artifact));
    for (char *c = name; *c; c++)
        if (*c == ':' || *c == '/')
            *c = '-';
    return name;
}

/* Two artifacts must not become one model. */
static int check_models(const struct import *import, struct mlops_error *err)
{
    const struct gto_state *state = &import->state;
    for (size_t i = 0; i < state->version_count; i++) {
        const struct gto_version *one = &state->versions[i];
        _cleanup_(free_string) char *name = is_wanted(import, one) ? model_of(import, one) : NULL;
        if (name && name_check("model", name, err))
            return mlops_hint(err, "give it a name: --artifact %s --model NAME", one->artifact);
        for (size_t j = 0; name && j < i; j++) {
            const struct gto_version *two = &state->versions[j];
            if (!is_wanted(import, two) || str_equal(one->artifact, two->artifact))
                continue;
            _cleanup_(free_string) char *other = model_of(import, two);
            if (!str_equal(name, other))
                continue;
            mlops_fail(err, MLOPS_INVALID, "the artifacts '%s' and '%s' would both be called '%s'",
                       two->artifact, one->artifact, name);
            return mlops_hint(err, "import one at a time: --artifact %s --model NAME",
                              one->artifact);
        }
    }
    return MLOPS_OK;
}

/* What the tag and the commit's files say of the artifact, for queries: params.gto.version. */
static void add_gto(const struct gto_version *version, const cJSON *about, struct foreign *foreign)
{
    static const char *const kept[] = {"type", "labels", "meta", "external"};
    cJSON *gto = xcheck(cJSON_CreateObject());
    char time[32];
    int64_t time_ns;
    if (__builtin_mul_overflow(version->tag->time_s, (int64_t)1000000000, &time_ns))
        time_ns = 0; /* a tag from the year 2263, or from no year at all */
    mlops_time_format(time_ns, time);
    json_add_string(gto, "artifact", version->artifact);
    json_add_string(gto, "version", version->version);
    json_add_string(gto, "tag", version->tag->name);
    json_add_string(gto, "message", version->tag->message);
    json_add_string(gto, "tagged_by", version->tag->tagger);
    json_add_string(gto, "tagged_at", time);
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(about, kept[i]);
        if (item && !cJSON_IsNull(item))
            cJSON_AddItemToObject(gto, kept[i], xcheck(cJSON_Duplicate(item, true)));
    }
    cJSON_DeleteItemFromObjectCaseSensitive(foreign->params, "gto");
    cJSON_AddItemToObject(foreign->params, "gto", gto);
    const char *description = json_string(about, "desc", json_string(about, "description", NULL));
    if (description)
        foreign->description = xstrdup(description);
}

/* ---- one commit ----------------------------------------------------------------------------- */

static int refuse_missing(const cJSON *missing, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    const cJSON *item;
    int count = 0;
    cJSON_ArrayForEach(item, missing)
    {
        if (count++ < NAMED_MAX)
            buffer_printf(&names, "%s%s", count > 1 ? ", " : "", item->valuestring);
    }
    mlops_fail(err, MLOPS_NOT_FOUND, "DVC's cache does not have %s%s", names.data,
               count > NAMED_MAX ? ", ..." : "");
    return mlops_hint(err,
                      "fetch what is missing (%d): 'dvc fetch --all-tags'; or go without it: "
                      "--allow-missing",
                      count);
}

/* Where the model's file is: the bundle must have it, else it is none of that artifact. */
static int find_artifact(const struct dvc_tree *tree, const struct gto_version *version,
                         const cJSON *about, const char **path, struct mlops_error *err)
{
    *path = json_string(about, "path", NULL);
    _cleanup_(free_string) char *full = *path ? path_join(tree->tree, *path) : NULL;
    struct stat status;
    if (!full || lstat(full, &status) == 0)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_NOT_FOUND, "'%s', which is the artifact '%s', is not in commit %.12s",
               *path, version->artifact, version->tag->commit);
    return mlops_hint(err, "if DVC keeps it, fetch it: 'dvc fetch --all-tags'");
}

static int package_tree(const struct import *import, const struct dvc_tree *tree,
                        struct foreign *foreign, bool registers, struct mlops_package *package,
                        struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer project = {0};
    foreign_write_project(foreign, "dvc", tree->git.found ? tree->git.commit : "a folder",
                          &project);
    const struct mlops_package_options how = {
        .directory = tree->tree, .registers = registers, .no_git = true};
    const struct package_source source = {.project = project.data,
                                          .params = foreign->params,
                                          .metrics = foreign->metrics,
                                          .git = tree->git.found ? &tree->git : NULL,
                                          .place = import->options->directory};
    return package_folder(import->registry, &how, &source, package, err);
}

/* Data is described as tables; what DVC keeps under such a name need not be one. */
static int package_described(const struct import *import, const struct dvc_tree *tree,
                             struct foreign *foreign, bool registers, struct mlops_package *package,
                             struct mlops_error *err)
{
    int code = package_tree(import, tree, foreign, registers, package, err);
    if (code != MLOPS_INVALID || cJSON_GetArraySize(foreign->data) == 0)
        return code;
    struct mlops_error first = *err;
    *err = (struct mlops_error){0};
    dvc_tree_demote_data(foreign);
    TRY(package_tree(import, tree, foreign, registers, package, err));
    registry_warn(import->registry, "%s: its data is kept, and not described: %s", foreign->model,
                  first.message);
    return MLOPS_OK;
}

static int check_tree(const struct import *import, const struct dvc_tree *tree,
                      struct mlops_error *err)
{
    _cleanup_(free_string) char *project = path_join(tree->tree, PROJECT_FILE);
    struct stat status;
    if (lstat(project, &status) == 0) {
        mlops_fail(err, MLOPS_INVALID, "it has a %s, so it is a project already", PROJECT_FILE);
        return mlops_hint(err, "check it out, and package it: mlops package");
    }
    if (cJSON_GetArraySize(tree->laid.missing) > 0 && !import->options->allows_missing)
        return refuse_missing(tree->laid.missing, err);
    return MLOPS_OK;
}

static void warn_of(const struct import *import, const struct dvc_tree *tree, const char *model)
{
    const struct {
        const cJSON *list;
        const char *what;
    } lists[] = {{tree->laid.missing, "DVC's cache does not have"},
                 {tree->laid.differs, "not what DVC noted, and taken as git has it:"},
                 {tree->laid.external, "outside of the repository, and left there:"}};
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        const cJSON *item;
        cJSON_ArrayForEach(item, lists[i].list)
            registry_warn(import->registry, "%s: %s %s", model, lists[i].what, item->valuestring);
    }
    if (tree->submodules > 0)
        registry_warn(import->registry, "%s: its git submodules (%zu) are left out", model,
                      tree->submodules);
}

/* `commit` NULL: the folder as it is; `version` NULL: none of GTO's. */
static int import_commit(struct import *import, const char *commit,
                         const struct gto_version *version, char *model,
                         struct mlops_package *package, struct mlops_error *err)
{
    _cleanup_(dvc_tree_clear) struct dvc_tree tree = {0};
    const struct dvc_tree_options how = {.root = import->options->directory,
                                         .git = &import->git,
                                         .commit = commit,
                                         .prefix = import->prefix};
    int code = dvc_tree_make(import->registry, &how, &tree, err);
    _cleanup_(foreign_clear) struct foreign foreign = {.root = tree.tree, .model = model};
    TRY(code);
    TRY(check_tree(import, &tree, err));
    const cJSON *about = version ? cJSON_GetObjectItemCaseSensitive(
                                       tree.dvc.artifacts, inside(import, version->artifact))
                                 : NULL;
    const char *first = NULL;
    if (version)
        TRY(find_artifact(&tree, version, about, &first, err));
    dvc_tree_describe(import->registry, &tree, first, &foreign);
    if (version)
        add_gto(version, about, &foreign);
    warn_of(import, &tree, model);
    return package_described(import, &tree, &foreign, version || import->options->registers,
                             package, err);
}

/* ---- versions of GTO ------------------------------------------------------------------------ */

/* Have the tag `name` say `value` (NULL: be off), with an entry in the log where it did not. */
static int put_tag(struct import *import, const struct mlops_version *version, const char *name,
                   const char *value, struct mlops_error *err)
{
    _cleanup_(mlops_tags_clear) struct mlops_tags tags = {0};
    _cleanup_(free_string) char *ref = xprintf("%s@%" PRIu64, version->model, version->number);
    struct mlops_version same;
    const char *now = NULL;
    TRY(mlops_tag_list(import->registry, version, &tags, err));
    for (size_t i = 0; i < tags.count; i++)
        if (str_equal(tags.items[i].name, name))
            now = tags.items[i].value;
    if (value && !(now && str_equal(now, value)))
        return mlops_tag_set(import->registry, ref, name, value, &same, err);
    if (!value && now)
        return mlops_tag_remove(import->registry, ref, name, &same, err);
    return MLOPS_OK;
}

static char *copy_text(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

static int import_version(struct import *import, const struct gto_version *version,
                          struct mlops_dvc_version *item, struct mlops_error *err)
{
    item->artifact = xstrdup(version->artifact);
    item->number = xstrdup(version->version);
    item->tag = xstrdup(version->tag->name);
    item->stages = copy_text(version->stages);
    item->deprecated = gto_is_deprecated(&import->state, version->artifact);
    TRY(import_commit(import, version->tag->commit, version, model_of(import, version),
                      &item->package, err));
    TRY(put_tag(import, &item->package.version, "gto.stages", version->stages, err));
    return put_tag(import, &item->package.version, "gto.deprecated", item->deprecated ? "" : NULL,
                   err);
}

static int import_versions(struct import *import, struct mlops_error *err)
{
    struct mlops_dvc_import *result = import->result;
    const struct gto_state *state = &import->state;
    TRY(check_models(import, err));
    result->items = xcalloc(state->version_count + 1, sizeof(*result->items));
    for (size_t i = 0; i < state->version_count; i++) {
        const struct gto_version *version = &state->versions[i];
        if (!is_wanted(import, version))
            continue;
        if (!version->registered) {
            result->taken_back++;
            continue;
        }
        struct mlops_dvc_version *item = &result->items[result->count++];
        if (import_version(import, version, item, err))
            return mlops_wrap(err, "%s %s", version->artifact, version->version);
    }
    return MLOPS_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static bool is_gto(const char *tag)
{
    struct gto_name name;
    return gto_parse(tag, &name);
}

static int open_repository(struct import *import, struct mlops_error *err)
{
    const char *directory = import->options->directory;
    const char *format = mlops_folder_format(directory);
    struct stat status;
    if (stat(directory, &status) < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "look at '%s'", directory);
    if (!S_ISDIR(status.st_mode))
        return mlops_fail(err, MLOPS_INVALID, "'%s' is no folder", directory);
    int code = git_open(directory, &import->git, err);
    if (code == MLOPS_NOT_FOUND)
        registry_warn(import->registry, "git is not asked: %s", err->message);
    else
        TRY(code);
    if (import->git.repository) {
        TRY(git_revision_prefix(&import->git, directory, &import->prefix, err));
        TRY(gto_tags_read(&import->git, is_gto, &import->tags, err));
        gto_state_make(import->tags.items, import->tags.count, &import->state);
    }
    if (import->tags.light > 0)
        registry_warn(
            import->registry,
            "%zu tags look like GTO's and are not annotated: GTO does not count them, and "
            "neither does mlops",
            import->tags.light);
    if (import->state.version_count > 0 || (format && str_equal(format, "dvc")))
        return MLOPS_OK;
    mlops_fail(err, MLOPS_NOT_FOUND, "there is no .dvc, dvc.yaml or artifacts.yaml in '%s'",
               directory);
    return format ? mlops_hint(err, "it looks like: mlops import %s %s", format, directory)
                  : MLOPS_NOT_FOUND;
}

/* A single commit, or the folder outside of git. */
static int import_alone(struct import *import, struct mlops_error *err)
{
    const struct mlops_dvc_options *options = import->options;
    _cleanup_(free_string) char *commit = NULL;
    char real[PATH_MAX];
    if (!import->git.repository && options->revision)
        return mlops_fail(err, MLOPS_INVALID, "'%s' is in no git repository, so it has no '%s'",
                          options->directory, options->revision);
    if (import->git.repository)
        TRY(git_revision_find(&import->git, options->revision ? options->revision : "HEAD", &commit,
                              err));
    if (!realpath(options->directory, real))
        return mlops_fail_errno(err, MLOPS_OK, errno, "look at '%s'", options->directory);
    const char *model = options->model ? options->model : path_base(real);
    if (name_check("model", model, err))
        return mlops_hint(err, "give it a name: --model NAME");
    import->result->items = xcalloc(1, sizeof(*import->result->items));
    TRY(import_commit(import, commit, NULL, xstrdup(model), &import->result->items[0].package,
                      err));
    import->result->count = 1;
    return MLOPS_OK;
}

int mlops_dvc_import(struct mlops_registry *registry, const struct mlops_dvc_options *options,
                     struct mlops_dvc_import *result, struct mlops_error *err)
{
    _cleanup_(import_clear) struct import import = {
        .registry = registry, .options = options, .result = result};
    size_t wanted = 0;
    *result = (struct mlops_dvc_import){0};
    TRY(open_repository(&import, err));
    for (size_t i = 0; i < import.state.version_count; i++)
        wanted += is_wanted(&import, &import.state.versions[i]);
    if (wanted > 0 && !options->revision)
        return import_versions(&import, err);
    if (!options->artifact)
        return import_alone(&import, err);
    mlops_fail(err, MLOPS_NOT_FOUND, "GTO's tags have no artifact '%s'", options->artifact);
    return mlops_hint(err, "'git tag' lists them; one in a folder is called FOLDER:NAME");
}
