/*
 * lib/registry/lineage_graph.c - versions and what they were made from, gathered from the rows that
 * registering left (fact.h), so that no manifest is read.
 */
#include "base/hash.h"
#include "registry/handle.h"
#include "registry/reference.h"
#include <mlops/lineage.h>
#include <stdio.h>

/* A graph while it grows: `parents` are bundles' ids until all nodes are there. */
struct gathering {
    struct mlops_registry *registry;
    struct mlops_lineage_node *nodes;
    char ***parent_ids; /* NULL-terminated, of each node */
    size_t count, capacity, id_capacity;
    struct mlops_stage_list stages;
};

static void node_clear(struct mlops_lineage_node *node)
{
    for (size_t i = 0; i < node->stage_count; i++)
        free(node->stages[i]);
    free(node->stages);
    free(node->run);
    free(node->parents);
    for (size_t i = 0; i < node->data_count; i++) {
        free(node->data[i].name);
        free(node->data[i].digest);
    }
    free(node->data);
}

static void gathering_clear(struct gathering *gathering)
{
    for (size_t i = 0; i < gathering->count; i++) {
        node_clear(&gathering->nodes[i]);
        strings_free(gathering->parent_ids[i]);
    }
    free(gathering->nodes);
    free(gathering->parent_ids);
    mlops_stage_list_clear(&gathering->stages);
}

static size_t find(const struct gathering *gathering, const char *bundle)
{
    for (size_t i = 0; i < gathering->count; i++)
        if (str_equal(gathering->nodes[i].version.bundle, bundle))
            return i;
    return SIZE_MAX;
}

/* ---- one version ----------------------------------------------------------------------------- */

static void add_parent(struct gathering *gathering, size_t at, const char *bundle)
{
    char **ids = gathering->parent_ids[at];
    size_t count = 0;
    while (ids && ids[count])
        count++;
    ids = gathering->parent_ids[at] = xrealloc(ids, count + 2, sizeof(*ids));
    ids[count] = xstrdup(bundle);
    ids[count + 1] = NULL;
}

static void add_data(struct mlops_lineage_node *node, const char *name, const char *digest)
{
    node->data = xrealloc(node->data, node->data_count + 1, sizeof(*node->data));
    node->data[node->data_count++] =
        (struct mlops_lineage_data){.name = xstrdup(name), .digest = xstrdup(digest)};
}

/* Its rows; of data those that are digests. */
static int read_facts(struct gathering *gathering, size_t at, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    struct mlops_lineage_node *node = &gathering->nodes[at];
    struct digest digest;
    TRY(db_query(gathering->registry->db, &rows, err,
                 "SELECT name, content FROM fact WHERE model = $1 AND number = $2 AND "
                 "(name LIKE 'data.%' OR name LIKE 'lineage.%') AND kind = 'text' ORDER BY name",
                 DB_TEXT(node->version.model), DB_I64(node->version.number)));
    for (bool more = true;;) {
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        const char *name = db_string(rows, 0), *content = db_string(rows, 1);
        if (str_equal(name, "lineage.run"))
            node->run = xstrdup(content);
        else if (str_starts(name, "lineage.parents."))
            add_parent(gathering, at, content);
        else if (bundle_id_parse(content, &digest)) /* both are "sha256:" and 64 digits */
            add_data(node, name + strlen("data."), content);
    }
}

static void add_stages(struct gathering *gathering, struct mlops_lineage_node *node)
{
    for (size_t i = 0; i < gathering->stages.count; i++) {
        const struct mlops_stage_row *row = &gathering->stages.items[i];
        if (row->version.number != node->version.number ||
            !str_equal(row->version.model, node->version.model))
            continue;
        node->stages = xrealloc(node->stages, node->stage_count + 1, sizeof(*node->stages));
        node->stages[node->stage_count++] = xstrdup(row->stage);
    }
}

/* Once each; `*at` is its place. */
static int add_version(struct gathering *gathering, const struct mlops_version *version, size_t *at,
                       struct mlops_error *err)
{
    *at = find(gathering, version->bundle);
    if (*at != SIZE_MAX)
        return MLOPS_OK;
    if (gathering->count == MLOPS_LINEAGE_MAX)
        return mlops_fail(err, MLOPS_INVALID, "the graph would have more than %d versions",
                          MLOPS_LINEAGE_MAX);
    *at = gathering->count;
    GROW(gathering->parent_ids, gathering->count, &gathering->id_capacity);
    GROW(gathering->nodes, gathering->count, &gathering->capacity);
    gathering->parent_ids[*at] = NULL;
    gathering->nodes[gathering->count++] = (struct mlops_lineage_node){.version = *version};
    if (version->number == 0)
        return MLOPS_OK;
    add_stages(gathering, &gathering->nodes[*at]);
    return read_facts(gathering, *at, err);
}

/* ---- up and down ----------------------------------------------------------------------------- */

/* The version that has the bundle; number 0 where there is none here. */
static int look_up(struct gathering *gathering, const char *bundle, struct mlops_version *version,
                   struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    bool any;
    *version = (struct mlops_version){0};
    str_copy(version->bundle, sizeof(version->bundle), bundle);
    TRY(db_query(gathering->registry->db, &rows, err,
                 "SELECT " VERSION_COLUMNS " FROM version WHERE bundle = $1", DB_TEXT(bundle)));
    TRY(db_step(rows, &any, err));
    if (any)
        version_from_row(rows, version);
    return MLOPS_OK;
}

/* What the nodes from `from` on were made from, and those, and so on. */
static int add_ancestors(struct gathering *gathering, size_t from, struct mlops_error *err)
{
    for (size_t i = from; i < gathering->count; i++)
        for (size_t j = 0; gathering->parent_ids[i] && gathering->parent_ids[i][j]; j++) {
            struct mlops_version version;
            size_t at;
            TRY(look_up(gathering, gathering->parent_ids[i][j], &version, err));
            TRY(add_version(gathering, &version, &at, err));
        }
    return MLOPS_OK;
}

static int add_children(struct gathering *gathering, size_t parent, struct mlops_error *err)
{
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};
    size_t capacity = 0;
    for (size_t i = 0; i < LINEAGE_PARENTS_MAX; i++) {
        _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
        char name[32];
        (void)snprintf(name, sizeof(name), "lineage.parents.%zu", i);
        TRY(db_query(gathering->registry->db, &rows, err,
                     "SELECT " VERSION_COLUMNS " FROM version JOIN fact ON "
                     "fact.model = version.model AND fact.number = version.number "
                     "WHERE fact.name = $1 AND fact.content = $2",
                     DB_TEXT(name), DB_TEXT(gathering->nodes[parent].version.bundle)));
        for (bool more = true;;) {
            TRY(db_step(rows, &more, err));
            if (!more)
                break;
            GROW(list.items, list.count, &capacity);
            list.items[list.count] = (struct mlops_version_row){0};
            version_from_row(rows, &list.items[list.count++].version);
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        size_t at;
        TRY(add_version(gathering, &list.items[i].version, &at, err));
    }
    return MLOPS_OK;
}

/* ---- in order -------------------------------------------------------------------------------- */

static bool goes_before(const struct mlops_version *a, const struct mlops_version *b)
{
    if (a->created_ns != b->created_ns)
        return a->created_ns > b->created_ns;
    int order = strcmp(a->model, b->model);
    if (order == 0)
        order = a->number < b->number ? 1 : a->number > b->number ? -1 : 0;
    return order ? order < 0 : strcmp(a->bundle, b->bundle) < 0;
}

/* Kahn's algorithm: take the newest of those all of whose children were taken. Ids are digests of
 * what they name, so there are no circles. `parents` are places in `nodes`. */
static void sort(struct gathering *gathering, size_t *order)
{
    size_t *waits = xcalloc(gathering->count, sizeof(*waits));
    size_t *ready = xcalloc(gathering->count, sizeof(*ready)), ready_count = 0;
    for (size_t i = 0; i < gathering->count; i++)
        for (size_t j = 0; j < gathering->nodes[i].parent_count; j++)
            waits[gathering->nodes[i].parents[j]]++;
    for (size_t i = 0; i < gathering->count; i++)
        if (waits[i] == 0)
            ready[ready_count++] = i;
    for (size_t taken = 0; ready_count > 0; taken++) {
        size_t best = 0;
        for (size_t i = 1; i < ready_count; i++)
            if (goes_before(&gathering->nodes[ready[i]].version,
                            &gathering->nodes[ready[best]].version))
                best = i;
        const struct mlops_lineage_node *node = &gathering->nodes[ready[best]];
        order[taken] = ready[best];
        ready[best] = ready[--ready_count];
        for (size_t j = 0; j < node->parent_count; j++)
            if (--waits[node->parents[j]] == 0)
                ready[ready_count++] = node->parents[j];
    }
    free(waits);
    free(ready);
}

static void link_parents(struct gathering *gathering)
{
    for (size_t i = 0; i < gathering->count; i++) {
        struct mlops_lineage_node *node = &gathering->nodes[i];
        char **ids = gathering->parent_ids[i];
        while (ids && ids[node->parent_count])
            node->parent_count++;
        node->parents = xcalloc(node->parent_count, sizeof(*node->parents));
        for (size_t j = 0; j < node->parent_count; j++)
            node->parents[j] = find(gathering, ids[j]);
    }
}

static int compare_places(const void *a, const void *b)
{
    const size_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void give(struct gathering *gathering, struct mlops_lineage *lineage)
{
    size_t *order = xcalloc(gathering->count, sizeof(*order));
    size_t *place = xcalloc(gathering->count, sizeof(*place));
    link_parents(gathering);
    sort(gathering, order);
    lineage->nodes = xcalloc(gathering->count, sizeof(*lineage->nodes));
    lineage->count = gathering->count;
    for (size_t i = 0; i < lineage->count; i++)
        place[order[i]] = i;
    for (size_t i = 0; i < lineage->count; i++) {
        lineage->nodes[i] = gathering->nodes[order[i]];
        gathering->nodes[order[i]] = (struct mlops_lineage_node){0};
        for (size_t j = 0; j < lineage->nodes[i].parent_count; j++)
            lineage->nodes[i].parents[j] = place[lineage->nodes[i].parents[j]];
        if (lineage->nodes[i].parent_count > 1)
            qsort(lineage->nodes[i].parents, lineage->nodes[i].parent_count, sizeof(size_t),
                  compare_places);
    }
    free(order);
    free(place);
}

int mlops_lineage_of(struct mlops_registry *registry, const char *ref,
                     struct mlops_lineage *lineage, struct mlops_error *err)
{
    _cleanup_(gathering_clear) struct gathering gathering = {.registry = registry};
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    struct mlops_version version;
    size_t at;
    *lineage = (struct mlops_lineage){0};
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(mlops_version_resolve(registry, ref, &version, err));
    TRY(version_check_registered(&version, err));
    TRY(mlops_stage_list(registry, NULL, &gathering.stages, err));
    TRY(add_version(&gathering, &version, &at, err));
    for (size_t i = 0; i < gathering.count; i++)
        TRY(add_children(&gathering, i, err));
    TRY(add_ancestors(&gathering, 0, err));
    give(&gathering, lineage);
    return MLOPS_OK;
}

int mlops_lineage_all(struct mlops_registry *registry, const char *model,
                      struct mlops_lineage *lineage, struct mlops_error *err)
{
    _cleanup_(gathering_clear) struct gathering gathering = {.registry = registry};
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(mlops_version_list_clear) struct mlops_version_list list = {0};
    *lineage = (struct mlops_lineage){0};
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(mlops_version_list(registry, model, &list, err));
    TRY(mlops_stage_list(registry, NULL, &gathering.stages, err));
    for (size_t i = 0; i < list.count; i++) {
        size_t at;
        TRY(add_version(&gathering, &list.items[i].version, &at, err));
    }
    TRY(add_ancestors(&gathering, 0, err));
    give(&gathering, lineage);
    return MLOPS_OK;
}

void mlops_lineage_clear(struct mlops_lineage *lineage)
{
    for (size_t i = 0; i < lineage->count; i++)
        node_clear(&lineage->nodes[i]);
    free(lineage->nodes);
    *lineage = (struct mlops_lineage){0};
}
