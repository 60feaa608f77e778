/* lib/bundle/lineage.c - parents found, written into a manifest, and checked when one is read. */
#include "bundle/lineage.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/path.h"
#include "base/yaml_check.h"

static bool run_is_sound(const char *run)
{
    size_t length = strlen(run);
    return length > 0 && length <= LINEAGE_RUN_MAX && utf8_valid(run, length) && name_is_plain(run);
}

/* Kept in order of the ids, so that the order of the options does not change the bundle's. */
static void insert(struct lineage *lineage, const struct mlops_version *version)
{
    size_t at = 0;
    int order = 1;
    for (; at < lineage->parent_count; at++) {
        order = strcmp(lineage->parents[at].bundle, version->bundle);
        if (order >= 0)
            break;
    }
    if (at < lineage->parent_count && order == 0)
        return;
    memmove(&lineage->parents[at + 1], &lineage->parents[at],
            (lineage->parent_count - at) * sizeof(*lineage->parents));
    str_copy(lineage->parents[at].bundle, sizeof(lineage->parents[at].bundle), version->bundle);
    str_copy(lineage->parents[at].model, sizeof(lineage->parents[at].model), version->model);
    lineage->parent_count++;
}

static int read_parents(const struct yaml_checker *checker, const struct yaml_node *node,
                        struct project *project)
{
    if (!node || node->kind == YAML_NULL)
        return MLOPS_OK;
    if (node->kind == YAML_MAP || node->count > LINEAGE_PARENTS_MAX)
        return yaml_wrong(checker, node, "'parents' must be a version, or a list of at most %d",
                          LINEAGE_PARENTS_MAX);
    project->parents = xcalloc(node->count + 2, sizeof(*project->parents));
    if (node->kind == YAML_SCALAR)
        project->parents[0] = xstrdup(node->text);
    for (size_t i = 0; i < node->count; i++) {
        TRY(yaml_check_text(checker, node->items[i]));
        project->parents[i] = xstrdup(node->items[i]->text);
    }
    return MLOPS_OK;
}

int lineage_read(const struct yaml_node *node, const char *what, struct project *project,
                 struct mlops_error *err)
{
    static const char *const keys[] = {"parents", "run", NULL};
    const struct yaml_checker checker = {.what = what, .err = err};
    if (node->kind == YAML_NULL)
        return MLOPS_OK;
    TRY(yaml_check_keys(&checker, node, "'lineage'", keys));
    TRY(read_parents(&checker, yaml_get(node, "parents"), project));
    const struct yaml_node *run = yaml_get(node, "run");
    if (!run || run->kind == YAML_NULL)
        return MLOPS_OK;
    TRY(yaml_check_text(&checker, run));
    if (!run_is_sound(run->text))
        return yaml_wrong(&checker, run, "'run' must be 1 to %d bytes without control characters",
                          LINEAGE_RUN_MAX);
    project->run = xstrdup(run->text);
    return MLOPS_OK;
}

int lineage_resolve(struct mlops_registry *registry, const char *const *refs, const char *run,
                    const char *who, struct lineage *lineage, struct mlops_error *err)
{
    if (run && !run_is_sound(run))
        return mlops_fail(err, MLOPS_INVALID,
                          "--run must be 1 to %d bytes of plain UTF-8, without control characters",
                          LINEAGE_RUN_MAX);
    if (run)
        lineage->run = run;
    for (; refs && *refs; refs++) {
        struct mlops_version version;
        if (mlops_version_resolve(registry, *refs, &version, err) ||
            version_check_registered(&version, err))
            return mlops_wrap(err, "%s %s", who, *refs);
        if (lineage->parent_count == LINEAGE_PARENTS_MAX)
            return mlops_fail(err, MLOPS_INVALID, "a version has at most %d parents",
                              LINEAGE_PARENTS_MAX);
        insert(lineage, &version);
    }
    return MLOPS_OK;
}

void lineage_write(const struct lineage *lineage, cJSON *manifest)
{
    if (lineage->parent_count == 0 && !lineage->run)
        return;
    cJSON *json = json_add_object(manifest, "lineage");
    cJSON *parents = json_add_array(json, "parents");
    for (size_t i = 0; i < lineage->parent_count; i++) {
        cJSON *parent = cJSON_CreateObject();
        json_add_string(parent, "bundle", lineage->parents[i].bundle);
        json_add_string(parent, "model", lineage->parents[i].model);
        cJSON_AddItemToArray(parents, parent);
    }
    json_add_text(json, "run", lineage->run);
}

/* Text where the key is there at all. */
static bool text_or_absent(const cJSON *json, const char *key)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(json, key);
    return !member || cJSON_IsString(member);
}

bool lineage_is_sound(const cJSON *manifest)
{
    const cJSON *json = cJSON_GetObjectItemCaseSensitive(manifest, "lineage"), *parent;
    const cJSON *parents = cJSON_GetObjectItemCaseSensitive(json, "parents");
    const char *run = json_string(json, "run", NULL), *last = "";
    struct mlops_error ignored = {0};
    struct digest digest;
    if (!json)
        return true;
    if (!cJSON_IsObject(json) || !cJSON_IsArray(parents) || !text_or_absent(json, "run") ||
        (run && !run_is_sound(run)) || cJSON_GetArraySize(parents) > LINEAGE_PARENTS_MAX)
        return false;
    cJSON_ArrayForEach(parent, parents)
    {
        const char *bundle = json_string(parent, "bundle", "");
        if (!bundle_id_parse(bundle, &digest) || strcmp(last, bundle) >= 0 ||
            name_check("model", json_string(parent, "model", ""), &ignored))
            return false;
        last = bundle;
    }
    return true;
}
