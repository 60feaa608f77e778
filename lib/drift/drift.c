/* lib/drift/drift.c - a table against the snapshot of a version. */
#include "bundle/manifest.h"
#include "drift/compare.h"
#include "registry/registry.h"
#include "store/store.h"
#include "table/table.h"

#define PROFILE_MAX (1U << 30)
#define FAR_DEFAULT 0.01
#define WARNED_MAX 8 /* columns named in a warning */

static int choose_data(const struct manifest *manifest, const char *name,
                       const struct manifest_data **data, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    *data = NULL;
    for (size_t i = 0; i < manifest->data_count; i++) {
        const struct manifest_data *one = &manifest->data[i];
        buffer_printf(&names, "%s%s", i ? ", " : "", one->name);
        if (name ? str_equal(one->name, name) : one->role && str_equal(one->role, "reference"))
            *data = one;
    }
    if (!*data && !name && manifest->data_count == 1)
        *data = &manifest->data[0];
    if (*data)
        return MLOPS_OK;
    if (manifest->data_count == 0)
        return mlops_fail(err, MLOPS_NOT_FOUND,
                          "this version has no data snapshot to compare with");
    if (name)
        mlops_fail(err, MLOPS_NOT_FOUND, "this version has no data snapshot called '%s'", name);
    else
        mlops_fail(err, MLOPS_INVALID, "no data snapshot has the role 'reference'");
    return mlops_hint(err, "it has %s: name one with --data", names.data);
}

static int load_profile(struct mlops_registry *registry, const struct manifest_data *data,
                        struct profile **profile, struct mlops_error *err)
{
    struct store *store;
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    TRY(registry_store(registry, &store, err));
    if (store_read(store, &data->profile, PROFILE_MAX, &bytes, err))
        return mlops_wrap(err, "read the profile of '%s'", data->name);
    if (profile_decode(bytes.data, bytes.length, profile, err))
        return mlops_wrap(err, "read the profile of '%s'", data->name);
    return MLOPS_OK;
}

static bool same_name(const char *a, const char *b)
{
    return a && b && str_equal(a, b);
}

/* The target comes late and time goes on: neither is drift, so neither has to be there. */
static bool is_compared(const struct column_profile *column, const struct manifest_data *data)
{
    return column->type != COLUMN_TIME && !same_name(column->name, data->target) &&
           !same_name(column->name, data->time);
}

/* The columns to compare, as the reference has them. The names stay the profile's; the caller frees
 * the array. */
static struct table_schema compared_columns(const struct profile *reference,
                                            const struct manifest_data *data)
{
    struct table_schema schema = {.columns =
                                      xcalloc(reference->column_count, sizeof(*schema.columns))};
    for (size_t i = 0; i < reference->column_count; i++) {
        const struct column_profile *column = &reference->columns[i];
        if (is_compared(column, data))
            schema.columns[schema.count++] =
                (struct column_schema){.name = column->name, .type = column->type};
    }
    return schema;
}

static bool has_column(const struct table_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (str_equal(schema->columns[i].name, name))
            return true;
    return false;
}

static int check_complete(const struct table_schema *expected, const struct table_schema *found,
                          const struct manifest_data *data, const char *path,
                          struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer absent = {0};
    if (found->count == expected->count) /* the reader reads no others, and none twice */
        return MLOPS_OK;
    for (size_t i = 0; i < expected->count; i++)
        if (!has_column(found, expected->columns[i].name))
            buffer_printf(&absent, "%s'%s'", absent.length ? ", " : "", expected->columns[i].name);
    mlops_fail(err, MLOPS_INVALID, "%s lacks columns that the snapshot '%s' has: %s", path,
               data->name, absent.data);
    return mlops_hint(err, "give it the columns that the model was trained on");
}

/* One warning, however many there are. */
static void warn_of_others(const struct mlops_registry *registry, const struct profile *reference,
                           const struct manifest_data *data, const struct table_reader *reader)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    size_t count, others = 0;
    const char *const *unread = table_unread(reader, &count);
    for (size_t i = 0; i < count; i++)
        if (!profile_column(reference, unread[i]) && others++ < WARNED_MAX)
            buffer_printf(&names, "%s'%s'", others > 1 ? ", " : "", unread[i]);
    if (others > WARNED_MAX)
        buffer_printf(&names, " and %zu more", others - WARNED_MAX);
    if (others > 0)
        registry_warn(registry, "not in the snapshot '%s' and so not compared: column%s %s",
                      data->name, others > 1 ? "s" : "", names.data);
}

static int profile_table(const struct mlops_registry *registry, struct table_reader *reader,
                         struct profile *profile, struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(registry);
    for (;;) {
        const struct batch *batches;
        size_t count;
        if (observer && observer->cancelled && observer->cancelled(observer->context))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while reading a table");
        TRY(table_next_many(reader, &batches, &count, err));
        if (count == 0) {
            profile_finish(profile);
            return MLOPS_OK;
        }
        profile_add(profile, batches, count);
        if (observer && observer->progress)
            observer->progress(observer->context, "reading rows", profile->rows, 0);
    }
}

/* The columns of the current table that are compared, with the types that the reference has. */
static int read_current(const struct mlops_registry *registry, const char *path,
                        const struct profile *reference, const struct manifest_data *data,
                        struct profile **current, struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    struct table_schema expected = compared_columns(reference, data);
    struct table_options options = {.expected = &expected, .only_expected = true};
    int code = table_open(path, &options, &reader, err);
    if (!code)
        code = check_complete(&expected, table_schema(reader), data, path, err);
    free(expected.columns);
    TRY(code);
    warn_of_others(registry, reference, data, reader);
    _cleanup_(profile_free_ptr) struct profile *profile = profile_new(table_schema(reader));
    TRY(profile_table(registry, reader, profile, err));
    *current = TAKE_PTR(profile);
    return MLOPS_OK;
}

/* "amount=psi" cut at its last "="; `texts` keeps the pieces. The caller frees both. */
static int read_methods(const char *const *methods, struct compare_options *compare,
                        struct compare_column **columns, char ***texts, struct mlops_error *err)
{
    size_t count = 0;
    while (methods && methods[count])
        count++;
    *columns = xcalloc(count + 1, sizeof(**columns));
    *texts = xcalloc(count + 1, sizeof(**texts));
    compare->columns = *columns;
    for (; compare->column_count < count; compare->column_count++) {
        char *text = xstrdup(methods[compare->column_count]), *equals = strrchr(text, '=');
        (*texts)[compare->column_count] = text;
        if (!equals || equals == text)
            return mlops_fail(err, MLOPS_INVALID, "'%s' is no COLUMN=METHOD", text);
        *equals = '\0';
        (*columns)[compare->column_count] =
            (struct compare_column){.name = text, .method = equals + 1};
    }
    return MLOPS_OK;
}

static int drift(struct mlops_registry *registry, const struct mlops_drift_options *options,
                 struct compare_options *compare, struct mlops_drift_report *report,
                 struct mlops_error *err)
{
    _cleanup_(manifest_clear) struct manifest manifest = {0};
    _cleanup_(profile_free_ptr) struct profile *reference = NULL;
    _cleanup_(profile_free_ptr) struct profile *current = NULL;
    const struct manifest_data *data;
    TRY(compare_check(compare, err)); /* before a table is read that may be large */
    TRY(manifest_load(registry, options->ref, &report->version, &manifest, NULL, err));
    TRY(choose_data(&manifest, options->data, &data, err));
    str_copy(report->data, sizeof(report->data), data->name);
    TRY(load_profile(registry, data, &reference, err));
    TRY(read_current(registry, options->current, reference, data, &current, err));
    const char *const leave_out[] = {data->target ? data->target : data->time,
                                     data->target ? data->time : NULL, NULL};
    compare->leave_out = leave_out;
    return profiles_compare(reference, current, compare, report, err);
}

int mlops_drift(struct mlops_registry *registry, const struct mlops_drift_options *options,
                struct mlops_drift_report *report, struct mlops_error *err)
{
    struct compare_options compare = {.numeric_method = options->numeric_method,
                                      .categorical_method = options->categorical_method,
                                      .threshold = options->threshold,
                                      .any_effect = options->any_effect,
                                      .far = options->far > 0 ? options->far : FAR_DEFAULT};
    struct compare_column *columns;
    _cleanup_(free_strings) char **texts = NULL;
    *report = (struct mlops_drift_report){0};
    int code = read_methods(options->column_methods, &compare, &columns, &texts, err);
    if (code == MLOPS_OK)
        code = drift(registry, options, &compare, report, err);
    free(columns);
    return code;
}

void mlops_drift_report_clear(struct mlops_drift_report *report)
{
    for (size_t i = 0; i < report->column_count; i++) {
        free(report->columns[i].name);
        free(report->columns[i].type);
        free(report->columns[i].method);
        free(report->columns[i].detail);
        for (size_t j = 0; j < report->columns[i].bar_count; j++)
            free(report->columns[i].bars[j].label);
        free(report->columns[i].bars);
    }
    free(report->columns);
    *report = (struct mlops_drift_report){0};
}
