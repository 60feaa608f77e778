/* lib/drift/diff.c - two versions compared: values, data with its drift, environment, files. */
#include "base/json.h"
#include "bundle/manifest.h"
#include "bundle/text_diff.h"
#include "drift/compare.h"
#include "drift/diff_environment.h"
#include "registry/registry.h"
#include "store/store.h"
#include <math.h>
#include <mlops/diff.h>

#define PROFILE_MAX (1U << 30)
#define TEXT_MAX (1U << 20) /* bytes of a file that is compared line by line */

struct side {
    struct mlops_version version;
    struct manifest manifest;
};

struct diff {
    struct mlops_registry *registry;
    struct store *store;
    struct side from, to;
    cJSON *json;
};

static void diff_clear(struct diff *diff)
{
    manifest_clear(&diff->from.manifest);
    manifest_clear(&diff->to.manifest);
    cJSON_Delete(diff->json);
}

static cJSON *push(cJSON *array)
{
    cJSON *item = xcheck(cJSON_CreateObject());

    cJSON_AddItemToArray(array, item);
    return item;
}

static void add_copy(cJSON *object, const char *key, const cJSON *value)
{
    cJSON_AddItemToObject(
        object, key, value ? xcheck(cJSON_Duplicate(value, true)) : xcheck(cJSON_CreateNull()));
}

static void add_version(cJSON *json, const char *key, const struct mlops_version *version)
{
    cJSON *object = json_add_object(json, key);

    json_add_string(object, "model", version->model);
    if (version->number)
        json_add_u64(object, "version", version->number);
    else
        cJSON_AddNullToObject(object, "version");
    json_add_string(object, "bundle", version->bundle);
}

/* ---- parameters and metrics ----------------------------------------------------------------- */

/* `json` under `name` into the flat map `out`: maps as "name.key"; lists stay whole. */
static void flatten(cJSON *out, const char *name, const cJSON *json)
{
    if (!cJSON_IsObject(json) || !json->child) {
        add_copy(out, name, json);
        return;
    }
    for (const cJSON *item = json->child; item; item = item->next) {
        _cleanup_(free_string) char *inner =
            *name ? xprintf("%s.%s", name, item->string) : xstrdup(item->string);
        flatten(out, inner, item);
    }
}

static cJSON *flat_member(const struct side *side, const char *key)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(side->manifest.json, key);
    cJSON *flat = xcheck(cJSON_CreateObject());

    if (values && values->child)
        flatten(flat, "", values);
    return flat;
}

static void add_change(cJSON *array, const char *name, const cJSON *from, const cJSON *to)
{
    cJSON *change = push(array);

    json_add_string(change, "name", name);
    add_copy(change, "from", from);
    add_copy(change, "to", to);
    if (!cJSON_IsNumber(from) || !cJSON_IsNumber(to))
        return;
    double by = to->valuedouble - from->valuedouble;
    json_add_number(change, "change", by);
    json_add_number(change, "relative",
                    from->valuedouble != 0 ? by / fabs(from->valuedouble) : NAN);
}

static void compare_values(struct diff *diff, const char *key)
{
    _cleanup_(json_free) cJSON *from = flat_member(&diff->from, key);
    _cleanup_(json_free) cJSON *to = flat_member(&diff->to, key);
    cJSON *array = json_add_array(diff->json, key);

    for (const cJSON *item = from->child; item; item = item->next) {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(to, item->string);
        if (!other || !cJSON_Compare(item, other, true))
            add_change(array, item->string, item, other);
    }
    for (const cJSON *item = to->child; item; item = item->next)
        if (!cJSON_GetObjectItemCaseSensitive(from, item->string))
            add_change(array, item->string, NULL, item);
}

/* ---- data ----------------------------------------------------------------------------------- */

static const struct manifest_data *find_data(const struct manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->data_count; i++)
        if (str_equal(manifest->data[i].name, name))
            return &manifest->data[i];
    return NULL;
}

static int load_profile(struct diff *diff, const struct manifest_data *data,
                        struct profile **profile, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer bytes = {0};

    if (store_read(diff->store, &data->profile, PROFILE_MAX, &bytes, err) ||
        profile_decode(bytes.data, bytes.length, profile, err))
        return mlops_wrap(err, "the profile of '%s'", data->name);
    return MLOPS_OK;
}

static void compare_schemas(cJSON *json, const struct profile *from, const struct profile *to)
{
    cJSON *columns = json_add_array(json, "columns");

    for (size_t i = 0; i < from->column_count; i++) {
        const struct column_profile *column = &from->columns[i];
        const struct column_profile *other = profile_column(to, column->name);
        if (other && other->type == column->type)
            continue;
        cJSON *change = push(columns);
        json_add_string(change, "name", column->name);
        json_add_string(change, "from", column_type_name(column->type));
        json_add_string(change, "to", other ? column_type_name(other->type) : NULL);
    }
    for (size_t i = 0; i < to->column_count; i++) {
        if (profile_column(from, to->columns[i].name))
            continue;
        cJSON *change = push(columns);
        json_add_string(change, "name", to->columns[i].name);
        json_add_string(change, "from", NULL);
        json_add_string(change, "to", column_type_name(to->columns[i].type));
    }
}

/* Of the columns that both have, with the same type. */
static int compare_drift(cJSON *json, const struct profile *from, const struct profile *to,
                         struct mlops_error *err)
{
    struct mlops_drift_report report = {0};
    const char **leave_out = xcalloc(from->column_count + 1, sizeof(*leave_out));
    size_t left_out = 0;

    for (size_t i = 0; i < from->column_count; i++) {
        const struct column_profile *other = profile_column(to, from->columns[i].name);
        if (!other || other->type != from->columns[i].type || from->columns[i].type == COLUMN_TIME)
            leave_out[left_out++] = from->columns[i].name;
    }
    cJSON *drift = json_add_object(json, "drift");
    int code =
        profiles_compare(from, to, &(struct compare_options){.leave_out = leave_out}, &report, err);
    free(leave_out);
    if (code == MLOPS_OK) {
        json_add_number(drift, "share", report.share);
        cJSON *columns = json_add_array(drift, "columns");
        for (size_t i = 0; i < report.column_count; i++) {
            if (!report.columns[i].drift)
                continue;
            cJSON *column = push(columns);
            json_add_string(column, "name", report.columns[i].name);
            json_add_string(column, "method", report.columns[i].method);
            json_add_number(column, "statistic", report.columns[i].statistic);
            json_add_string(column, "detail", report.columns[i].detail);
        }
    }
    mlops_drift_report_clear(&report);
    return code;
}

static int compare_snapshot(struct diff *diff, cJSON *array, const struct manifest_data *from,
                            const struct manifest_data *to, struct mlops_error *err)
{
    _cleanup_(profile_free_ptr) struct profile *old = NULL, *fresh = NULL;

    if (from && to && digest_equal(&from->profile, &to->profile) && from->rows == to->rows)
        return MLOPS_OK;
    cJSON *json = push(array);
    json_add_string(json, "name", from ? from->name : to->name);
    json_add_string(json, "status", !from ? "added" : !to ? "removed" : "changed");
    json_add_number(json, "rows_from", from ? (double)from->rows : NAN);
    json_add_number(json, "rows_to", to ? (double)to->rows : NAN);
    if (!from || !to)
        return MLOPS_OK;
    TRY(load_profile(diff, from, &old, err));
    TRY(load_profile(diff, to, &fresh, err));
    compare_schemas(json, old, fresh);
    return compare_drift(json, old, fresh, err);
}

static int compare_data(struct diff *diff, struct mlops_error *err)
{
    const struct manifest *from = &diff->from.manifest, *to = &diff->to.manifest;
    cJSON *array = json_add_array(diff->json, "data");

    for (size_t i = 0; i < from->data_count; i++)
        TRY(compare_snapshot(diff, array, &from->data[i], find_data(to, from->data[i].name), err));
    for (size_t i = 0; i < to->data_count; i++)
        if (!find_data(from, to->data[i].name))
            TRY(compare_snapshot(diff, array, NULL, &to->data[i], err));
    return MLOPS_OK;
}

/* ---- files ---------------------------------------------------------------------------------- */

static bool is_below(const char *path, const char *named)
{
    size_t length = named ? strlen(named) : 0;

    return named && (str_equal(named, ".") || str_equal(path, named) ||
                     (strncmp(path, named, length) == 0 && path[length] == '/'));
}

static bool is_below_any(const char *path, char *const *named)
{
    for (; named && *named; named++)
        if (is_below(path, *named))
            return true;
    return false;
}

/* What the project file has it for. */
static const char *kind_of(const struct project *project, const char *path)
{
    for (size_t i = 0; i < project->data_count; i++)
        if (is_below(path, project->data[i].path))
            return "data";
    if (is_below(path, project->environment))
        return "environment";
    if (is_below(path, project->params))
        return "params";
    if (is_below(path, project->metrics))
        return "metrics";
    if (is_below_any(path, project->artifacts))
        return "artifact";
    return is_below_any(path, project->code) ? "code" : "project";
}

static int read_text(struct diff *diff, const struct side *side, const struct manifest_file *file,
                     struct buffer *text, bool *is_text, struct mlops_error *err)
{
    if (!file)
        return MLOPS_OK;
    *is_text = *is_text && file->size <= TEXT_MAX && side->manifest.released_ns == 0;
    if (*is_text)
        TRY(store_read(diff->store, &file->digest, TEXT_MAX, text, err));
    *is_text = *is_text && text_diff_is_text(text);
    return MLOPS_OK;
}

static int compare_lines(struct diff *diff, cJSON *json, const struct manifest_file *from,
                         const struct manifest_file *to, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer old = {0}, fresh = {0}, out = {0};
    struct text_diff counts;
    bool is_text = true;

    TRY(read_text(diff, &diff->from, from, &old, &is_text, err));
    TRY(read_text(diff, &diff->to, to, &fresh, &is_text, err));
    if (!is_text)
        return MLOPS_OK;
    text_diff(&old, &fresh, &out, &counts);
    json_add_u64(json, "added", counts.added);
    json_add_u64(json, "removed", counts.removed);
    json_add_string(json, "diff", out.data ? out.data : "");
    return MLOPS_OK;
}

static bool same_file(const struct manifest_file *a, const struct manifest_file *b)
{
    if (a->kind != b->kind || a->mode != b->mode)
        return false;
    if (a->kind == MANIFEST_LINK)
        return str_equal(a->target, b->target);
    return a->kind == MANIFEST_FOLDER || digest_equal(&a->digest, &b->digest);
}

static int compare_file(struct diff *diff, cJSON *array, const struct manifest_file *from,
                        const struct manifest_file *to, struct mlops_error *err)
{
    const struct manifest_file *any = to ? to : from;

    if (from && to && same_file(from, to))
        return MLOPS_OK;
    if (any->kind == MANIFEST_FOLDER && (!from || !to || from->kind == to->kind))
        return MLOPS_OK; /* told by the files in it */
    const char *kind =
        kind_of(to ? &diff->to.manifest.project : &diff->from.manifest.project, any->path);
    bool files = (!from || from->kind == MANIFEST_FILE) && (!to || to->kind == MANIFEST_FILE);
    bool content = files && !(from && to && digest_equal(&from->digest, &to->digest));
    cJSON *json = push(array);
    json_add_string(json, "path", any->path);
    json_add_string(json, "kind", kind);
    json_add_string(json, "status",
                    !from     ? "added"
                    : !to     ? "removed"
                    : content ? "modified"
                              : "mode");
    json_add_number(json, "size_from",
                    from && from->kind == MANIFEST_FILE ? (double)from->size : NAN);
    json_add_number(json, "size_to", to && to->kind == MANIFEST_FILE ? (double)to->size : NAN);
    if (!content || str_equal(kind, "data") || str_equal(kind, "artifact"))
        return MLOPS_OK;
    return compare_lines(diff, json, from, to, err);
}

/* Both lists are sorted by path. */
static int compare_files(struct diff *diff, struct mlops_error *err)
{
    const struct manifest *from = &diff->from.manifest, *to = &diff->to.manifest;
    cJSON *array = json_add_array(diff->json, "files");
    size_t i = 0, j = 0;

    while (i < from->file_count || j < to->file_count) {
        int order = i == from->file_count ? 1
                    : j == to->file_count ? -1
                                          : strcmp(from->files[i].path, to->files[j].path);
        TRY(compare_file(diff, array, order <= 0 ? &from->files[i] : NULL,
                         order >= 0 ? &to->files[j] : NULL, err));
        i += order <= 0;
        j += order >= 0;
    }
    return MLOPS_OK;
}

static int add_patch(struct diff *diff, cJSON *code, const char *key, const struct side *side,
                     struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer patch = {0};

    TRY(manifest_read_patch(diff->registry, &side->manifest, &patch, err));
    bool readable = patch.length > 0 && text_diff_is_text(&patch);
    json_add_string(code, key, readable ? patch.data : NULL);
    return MLOPS_OK;
}

static int compare_code(struct diff *diff, struct mlops_error *err)
{
    const cJSON *from = cJSON_GetObjectItemCaseSensitive(diff->from.manifest.json, "code");
    const cJSON *to = cJSON_GetObjectItemCaseSensitive(diff->to.manifest.json, "code");
    cJSON *code = json_add_object(diff->json, "code");

    add_copy(code, "from", cJSON_GetObjectItemCaseSensitive(from, "git"));
    add_copy(code, "to", cJSON_GetObjectItemCaseSensitive(to, "git"));
    TRY(add_patch(diff, code, "diff_from", &diff->from, err));
    return add_patch(diff, code, "diff_to", &diff->to, err);
}

int mlops_diff(struct mlops_registry *registry, const char *from, const char *to, char **json,
               struct mlops_error *err)
{
    _cleanup_(diff_clear) struct diff diff = {.registry = registry,
                                              .json = xcheck(cJSON_CreateObject())};

    TRY(registry_store(registry, &diff.store, err));
    TRY(manifest_load(registry, from, &diff.from.version, &diff.from.manifest, NULL, err));
    TRY(manifest_load(registry, to, &diff.to.version, &diff.to.manifest, NULL, err));
    add_version(diff.json, "from", &diff.from.version);
    add_version(diff.json, "to", &diff.to.version);
    json_add_bool(diff.json, "same", str_equal(diff.from.version.bundle, diff.to.version.bundle));
    compare_values(&diff, "params");
    compare_values(&diff, "metrics");
    TRY(compare_data(&diff, err));
    TRY(diff_environments(registry,
                          &(struct diff_side){&diff.from.manifest, diff.from.version.bundle},
                          &(struct diff_side){&diff.to.manifest, diff.to.version.bundle},
                          json_add_array(diff.json, "environment"), err));
    TRY(compare_code(&diff, err));
    TRY(compare_files(&diff, err));
    *json = xcheck(cJSON_PrintUnformatted(diff.json));
    return MLOPS_OK;
}
