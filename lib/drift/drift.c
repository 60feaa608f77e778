/* lib/drift/drift.c - a table against the snapshot of a version. */
#include "base/file.h"
#include "drift/choices.h"
#include "drift/compare.h"
#include "drift/course.h"
#include "drift/season.h"
#include "drift/snapshot.h"
#include "registry/registry.h"
#include "table/table.h"
#include <mlops/text.h>

#define SEASON_WARN 0.01 /* share of rows that have nothing to be held against */
#define WARNED_MAX 8     /* columns named in a warning */

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

/* One comparison, from the version to what is told of it. */
struct drift_run {
    struct mlops_registry *registry;
    const struct mlops_drift_options *options;
    struct manifest manifest;
    const struct manifest_data *data;
    struct profile *snapshot;  /* as it was packaged: it decides on columns and cells */
    struct profile *reference; /* that is compared, made anew of its rows; NULL: the snapshot */
    struct profile *current;
    const char **names; /* of the compared columns */
    size_t name_count;
    const char *time; /* by which drift is dated; NULL: not */
    struct slices *spans, *reference_segments, *current_segments;
    uint64_t *misfits; /* of each column of the current table: see struct reading */
    char *folder;      /* with the snapshot's rows */
    char **columns;    /* of the current table, where options name them */
};

static void run_clear(struct drift_run *run)
{
    struct mlops_error ignored = {0};
    manifest_clear(&run->manifest);
    profile_free(run->snapshot);
    profile_free(run->reference);
    profile_free(run->current);
    free(run->names);
    free(run->misfits);
    slices_close_ptr(&run->spans);
    slices_close_ptr(&run->reference_segments);
    slices_close_ptr(&run->current_segments);
    if (run->folder)
        (void)tree_remove(run->folder, &ignored); /* a folder of TMPDIR */
    free(run->folder);
    strings_free(run->columns);
}

/* A column that is asked for by name is one of the snapshot's. */
static int check_column(const struct drift_run *run, const char *option, const char *name,
                        const struct column_profile **column, struct mlops_error *err)
{
    *column = profile_column(run->snapshot, name);
    if (*column)
        return MLOPS_OK;
    const char **names = xcalloc(run->snapshot->column_count + 1, sizeof(*names));
    for (size_t i = 0; i < run->snapshot->column_count; i++)
        names[i] = run->snapshot->columns[i].name;
    const char *near = mlops_suggest(name, names);
    free(names);
    mlops_fail(err, MLOPS_INVALID, "%s: the snapshot '%s' has no column '%s'", option,
               run->data->name, name);
    return near ? mlops_hint(err, "did you mean '%s'?", near) : MLOPS_INVALID;
}

static int choose_columns(struct drift_run *run, struct mlops_error *err)
{
    const struct mlops_drift_options *options = run->options;
    const struct column_profile *column;
    run->names = xcalloc(run->snapshot->column_count + 1, sizeof(*run->names));
    for (size_t i = 0; i < run->snapshot->column_count; i++)
        if (is_compared(&run->snapshot->columns[i], run->data))
            run->names[run->name_count++] = run->snapshot->columns[i].name;
    run->time = options->time ? options->time : run->data->time;
    if (options->season && !run->time) {
        mlops_fail(err, MLOPS_INVALID, "a season is told by a column of times");
        return mlops_hint(err, "name it with --time");
    }
    if (run->time) {
        TRY(check_column(run, "--time", run->time, &column, err));
        if (column->type != COLUMN_TIME && options->time)
            return mlops_fail(err, MLOPS_INVALID, "--time: '%s' is a column of type %s", run->time,
                              column_type_name(column->type));
        if (column->type != COLUMN_TIME)
            run->time = NULL;
    }
    if (!options->segment)
        return MLOPS_OK;
    TRY(check_column(run, "--segment", options->segment, &column, err));
    if (column->type == COLUMN_TIME || (!column->frequent && !column->values))
        return mlops_fail(err, MLOPS_INVALID, "--segment: '%s' has no values that divide rows",
                          column->name);
    return MLOPS_OK;
}

/* The columns to read: those that are compared, and those that are needed besides. The names stay
 * the profile's; the caller frees the array. */
static struct table_schema read_columns(const struct drift_run *run)
{
    const struct profile *snapshot = run->snapshot;
    struct table_schema schema = {.columns =
                                      xcalloc(snapshot->column_count + 1, sizeof(*schema.columns))};
    size_t next = 0;
    for (size_t i = 0; i < snapshot->column_count; i++) {
        const struct column_profile *column = &snapshot->columns[i];
        bool compared = next < run->name_count && run->names[next] == column->name;
        next += compared; /* the names are of these columns, in their order */
        if (compared || same_name(column->name, run->time) ||
            same_name(column->name, run->options->segment))
            schema.columns[schema.count++] =
                (struct column_schema){.name = column->name, .type = column->type};
    }
    return schema;
}

/* The current table may come without the snapshot's times where nobody asks for them. */
static bool may_lack(const struct drift_run *run, const char *name)
{
    return same_name(name, run->time) && !run->options->time && !run->options->season;
}

/* Is there a column of that name? It is looked for at `*place` first, which is moved on. */
static bool stands_near(const struct table_schema *schema, const char *name, size_t *place)
{
    bool next = *place < schema->count && str_equal(schema->columns[*place].name, name);
    size_t found = next ? *place : table_schema_find(schema, name);
    *place = found == SIZE_MAX ? *place : found + 1;
    return found != SIZE_MAX;
}

static int check_complete(struct drift_run *run, const struct table_schema *expected,
                          const struct table_schema *found, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer absent = {0};
    bool dated = run->time && table_schema_find(found, run->time) != SIZE_MAX;
    size_t place = 0;
    for (size_t i = 0; i < expected->count; i++)
        if (!stands_near(found, expected->columns[i].name, &place) &&
            !may_lack(run, expected->columns[i].name))
            buffer_printf(&absent, "%s'%s'", absent.length ? ", " : "", expected->columns[i].name);
    if (!dated)
        run->time = NULL;
    if (absent.length == 0)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID, "%s lacks columns that the snapshot '%s' has: %s",
               run->options->current, run->data->name, absent.data);
    if (csv_keys_given(&run->data->csv))
        return mlops_hint(err, "CSV is read as the snapshot's is where --separator, --comment and "
                               "--columns do not say otherwise");
    return mlops_hint(err, "give it the columns that the model was trained on");
}

/* One warning, however many there are. */
static void warn_of_others(const struct drift_run *run, const struct table_reader *reader)
{
    _cleanup_(buffer_clear) struct buffer names = {0};
    size_t count, others = 0;
    const char *const *unread = table_unread(reader, &count);
    for (size_t i = 0; i < count; i++)
        if (!profile_column(run->snapshot, unread[i]) && others++ < WARNED_MAX)
            buffer_printf(&names, "%s'%s'", others > 1 ? ", " : "", unread[i]);
    if (others > WARNED_MAX)
        buffer_printf(&names, " and %zu more", others - WARNED_MAX);
    if (others > 0)
        registry_warn(run->registry, "not in the snapshot '%s' and so not compared: column%s %s",
                      run->data->name, others > 1 ? "s" : "", names.data);
}

static struct profile *new_profile(const struct drift_run *run, const struct table_schema *schema)
{
    return (run->options->exact ? profile_new_exact : profile_new)(schema);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Whatever is made of the rows of one table. */
struct reading {
    struct profile *profile;
    struct slices *spans, *segments; /* NULL: not wanted */
    struct season *season;           /* NULL: all rows are taken */
    size_t time;                     /* the season's column */
    uint64_t *misfits; /* of each column the first row of another type, 0: none; or NULL */
};

static void find_misfits(struct reading *reading, const struct batch *batches, size_t count)
{
    uint64_t first = reading->profile->rows + 1;
    for (size_t i = 0; i < count; i++)
        first -= batches[i].rows;
    for (size_t i = 0; i < count; i++) {
        const struct batch *batch = &batches[i];
        for (size_t j = 0; j < batch->column_count; j++) {
            const uint8_t *missing = batch->columns[j].missing;
            const uint8_t *found =
                reading->misfits[j] ? NULL : memchr(missing, MISSING_MISFIT, batch->rows);
            if (found)
                reading->misfits[j] = first + (uint64_t)(found - missing);
        }
        first += batch->rows;
    }
}

/* Of batches that the profile has taken in. */
static void add_batches(struct reading *reading, const struct batch *batches, size_t count)
{
    if (reading->misfits)
        find_misfits(reading, batches, count);
    if (reading->spans)
        slices_add(reading->spans, batches, count);
    if (reading->segments)
        slices_add(reading->segments, batches, count);
}

static void add_in_season(struct reading *reading, const struct batch *batches, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct season_memory memory = {0};
        season_take(reading->season, &batches[i], reading->time, &memory);
        profile_add(reading->profile, &memory.batch);
        add_batches(reading, &memory.batch, 1);
        season_memory_clear(&memory);
    }
}

static int read_rows(const struct mlops_registry *registry, struct table_reader *reader,
                     struct reading *reading, struct mlops_error *err)
{
    const struct mlops_observer *observer = registry_observer(registry);
    for (;;) {
        const struct batch *batches;
        size_t count;
        if (observer && observer->cancelled && observer->cancelled(observer->context))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while reading a table");
        if (reading->season)
            TRY(table_next_many(reader, &batches, &count, err));
        else
            TRY(profile_add_next(reading->profile, reader, &batches, &count, err));
        if (count == 0)
            break;
        (reading->season ? add_in_season : add_batches)(reading, batches, count);
        if (observer && observer->progress)
            observer->progress(observer->context, "reading rows", reading->profile->rows, 0);
    }
    if (reading->season)
        profile_finish(reading->profile);
    return MLOPS_OK;
}

/* As the snapshot's table is read, but for what options say. */
static int choose_reading(struct drift_run *run, struct table_options *table,
                          struct mlops_error *err)
{
    const struct mlops_drift_options *options = run->options;
    csv_keys_apply(&run->data->csv, table);
    table->names_give_way = true; /* it may be JSON Lines, or have the header that its like lacks */
    if (options->separator)
        table->separator = options->separator;
    if (options->comment)
        table->comment = options->comment;
    if (options->columns) {
        run->columns = table_names_split(options->columns);
        table->names = (const char *const *)run->columns;
        table->names_give_way = false;
    }
    return options->ragged ? table_ragged_parse(options->ragged, &table->ragged, err) : MLOPS_OK;
}

/* The columns of the current table that are compared, with the types that the reference has. */
static int read_current(struct drift_run *run, struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    struct table_schema expected = read_columns(run);
    struct table_options options = {.expected = &expected,
                                    .only_expected = true,
                                    .count_misfits = true,
                                    .observer = registry_observer(run->registry)};
    int code = choose_reading(run, &options, err);
    if (!code)
        code = table_open_all(&run->options->current, 1, &options, &reader, err);
    if (!code)
        code = check_complete(run, &expected, table_schema(reader), err);
    free(expected.columns);
    TRY(code);
    warn_of_others(run, reader);
    const struct table_schema *schema = table_schema(reader);
    run->current = new_profile(run, schema);
    run->misfits = xcalloc(schema->count + 1, sizeof(*run->misfits));
    if (run->time)
        run->spans =
            slices_new_spans(run->snapshot, schema, run->names, run->name_count, run->time);
    if (run->options->segment)
        run->current_segments = slices_new_values(run->snapshot, schema, run->names,
                                                  run->name_count, run->options->segment);
    struct reading reading = {.profile = run->current,
                              .spans = run->spans,
                              .segments = run->current_segments,
                              .misfits = run->misfits};
    TRY(read_rows(run->registry, reader, &reading, err));
    uint64_t ragged = table_ragged_rows(reader);
    if (ragged > 0)
        registry_warn(run->registry, "%llu row%s of another width than the header: see --ragged",
                      (unsigned long long)ragged, ragged == 1 ? " was" : "s were");
    return MLOPS_OK;
}

static int make_season(const struct drift_run *run, struct season *season, struct mlops_error *err)
{
    TRY(season_make(run->options->season, profile_column(run->snapshot, run->time),
                    profile_column(run->current, run->time), season, err));
    if (season->absent > SEASON_WARN)
        registry_warn(
            run->registry,
            "%.0f %% of the rows are of a %s that the snapshot does not have: they are held "
            "against the others",
            100 * season->absent, run->options->season);
    return MLOPS_OK;
}

/* The snapshot's own rows, where its profile does not tell enough. */
static int read_reference(struct drift_run *run, struct mlops_error *err)
{
    const struct mlops_drift_options *options = run->options;
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    struct season season;
    if (!options->exact && !options->segment && !options->season)
        return MLOPS_OK;
    if (options->season)
        TRY(make_season(run, &season, err));
    TRY(snapshot_open(run->registry, &run->manifest, run->data, run->snapshot, &run->folder,
                      &reader, err));
    const struct table_schema *schema = table_schema(reader);
    run->reference = new_profile(run, schema);
    if (options->segment)
        run->reference_segments =
            slices_new_values(run->snapshot, schema, run->names, run->name_count, options->segment);
    struct reading reading = {.profile = run->reference,
                              .segments = run->reference_segments,
                              .season = options->season ? &season : NULL};
    while (options->season && !str_equal(schema->columns[reading.time].name, run->time))
        reading.time++;
    return read_rows(run->registry, reader, &reading, err);
}

/* Where to look for the first cell of another type, behind what is said of these. */
static void place_misfits(const struct drift_run *run, struct mlops_drift_report *report)
{
    for (size_t i = 0; i < report->column_count; i++) {
        struct mlops_drift_column *column = &report->columns[i];
        if (column->misfits == 0 || !column->drift)
            continue;
        const struct column_profile *found = profile_column(run->current, column->name);
        uint64_t row = run->misfits[found - run->current->columns];
        if (row == 0)
            continue;
        const char *rest = strstr(column->detail, "; ");
        size_t said = rest ? (size_t)(rest - column->detail) : strlen(column->detail);
        char *longer = xprintf("%.*s, the first in row %llu%s", (int)said, column->detail,
                               (unsigned long long)row, rest ? rest : "");
        free(column->detail);
        column->detail = longer;
    }
}

static void explain(const struct drift_run *run, struct mlops_drift_report *report)
{
    if (run->time)
        report->time = xstrdup(run->time);
    if (run->options->segment)
        report->segment = xstrdup(run->options->segment);
    if (run->options->season)
        report->season = xstrdup(run->options->season);
    place_misfits(run, report);
    if (run->spans)
        course_date(report, run->spans, run->names, run->name_count);
    if (run->current_segments)
        course_divide(report, run->reference_segments, run->current_segments, run->names,
                      run->name_count);
    course_group(report, run->current);
}

static int drift(struct drift_run *run, struct choices *choices, struct mlops_drift_report *report,
                 struct mlops_error *err)
{
    const struct mlops_drift_options *options = run->options;
    TRY(manifest_load(run->registry, options->ref, &report->version, &run->manifest, NULL, err));
    TRY(choices_complete(run->registry, &run->manifest, choices, err));
    TRY(snapshot_choose(&run->manifest, options->data, &run->data, err));
    str_copy(report->data, sizeof(report->data), run->data->name);
    TRY(snapshot_profile(run->registry, run->data, &run->snapshot, err));
    TRY(choose_columns(run, err));
    TRY(read_current(run, err));
    TRY(read_reference(run, err));
    const struct manifest_data *data = run->data;
    const char *const leave_out[] = {data->target ? data->target : data->time,
                                     data->target ? data->time : NULL, NULL};
    choices->compare.leave_out = leave_out;
    TRY(profiles_compare(run->reference ? run->reference : run->snapshot, run->current,
                         &choices->compare, report, err));
    explain(run, report);
    return MLOPS_OK;
}

int mlops_drift(struct mlops_registry *registry, const struct mlops_drift_options *options,
                struct mlops_drift_report *report, struct mlops_error *err)
{
    _cleanup_(choices_clear) struct choices choices = {0};
    struct drift_run run = {.registry = registry, .options = &choices.options};
    *report = (struct mlops_drift_report){0};
    TRY(choices_begin(options, &choices, err)); /* before a table is read that may be large */
    int code = drift(&run, &choices, report, err);
    run_clear(&run);
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
        free(report->columns[i].spans);
        for (size_t j = 0; j < report->columns[i].segment_count; j++)
            free(report->columns[i].segments[j].value);
        free(report->columns[i].segments);
    }
    free(report->columns);
    free(report->time);
    free(report->segment);
    free(report->season);
    free(report->isolated_by);
    free(report->rows_detail);
    free(report->pair[0]);
    free(report->pair[1]);
    *report = (struct mlops_drift_report){0};
}
