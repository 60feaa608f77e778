/* lib/drift/profile_make.c - profiles of tables: made, merged, written. */
#include "base/file.h"
#include "drift/profile_json.h"
#include "drift/profile_server.h"
#include "registry/postgres_url.h"
#include "stats/profile.h"
#include "table/table.h"
#include <mlops/profile.h>

#define PROFILE_MAX (1U << 30)

static int read_profile(const char *path, struct profile **profile, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer bytes = {0};
    TRY(file_read(path, PROFILE_MAX, &bytes, err));
    if (profile_decode(bytes.data ? bytes.data : "", bytes.length, profile, err))
        return mlops_wrap(err, "%s", path);
    return MLOPS_OK;
}

static int merge_profiles(const struct mlops_profile_options *options, struct profile **profile,
                          struct mlops_error *err)
{
    TRY(read_profile(options->paths[0], profile, err));
    for (size_t i = 1; i < options->path_count; i++) {
        _cleanup_(profile_free_ptr) struct profile *other = NULL;
        TRY(read_profile(options->paths[i], &other, err));
        if (profile_merge(*profile, other, err))
            return mlops_wrap(err, "%s", options->paths[i]);
    }
    return MLOPS_OK;
}

static int read_all(const struct mlops_observer *observer, struct table_reader *reader,
                    struct profile *profile, struct mlops_error *err)
{
    for (;;) {
        const struct batch *batches;
        size_t count;
        if (observer && observer->cancelled && observer->cancelled(observer->context))
            return mlops_fail(err, MLOPS_CANCELLED, "stopped while reading a table");
        TRY(profile_add_next(profile, reader, &batches, &count, err));
        if (count == 0)
            return MLOPS_OK;
        if (observer && observer->progress)
            observer->progress(observer->context, "reading rows", profile->rows, 0);
    }
}

static int make_profile(const struct mlops_profile_options *options, struct profile **profile,
                        struct mlops_error *err)
{
    _cleanup_(profile_free_ptr) struct profile *model = NULL;
    _cleanup_(table_close_ptr) struct table_reader *reader = NULL;
    _cleanup_(free_strings) char **names =
        options->columns ? table_names_split(options->columns) : NULL;
    struct table_schema expected = {0};
    struct table_options table = {.count_misfits = true,
                                  .separator = options->separator,
                                  .comment = options->comment,
                                  .names = (const char *const *)names,
                                  .observer = options->observer};
    TRY(table_ragged_parse(options->ragged, &table.ragged, err));
    if (options->schema) {
        TRY(read_profile(options->schema, &model, err));
        expected.columns = xcalloc(model->column_count, sizeof(*expected.columns));
        for (; expected.count < model->column_count; expected.count++)
            expected.columns[expected.count] = (struct column_schema){
                model->columns[expected.count].name, model->columns[expected.count].type};
        table.expected = &expected;
    }
    int code = table_open_all(options->paths, options->path_count, &table, &reader, err);
    free(expected.columns);
    TRY(code);
    *profile = profile_new(table_schema(reader));
    return read_all(options->observer, reader, *profile, err);
}

/* What says how text is read, or from where, goes with files. */
static int ask_server(const struct mlops_profile_options *options, struct profile **profile,
                      struct mlops_error *err)
{
    if (options->path_count != 1 || !postgres_url_is(options->paths[0])) {
        mlops_fail(err, MLOPS_INVALID, "--table is of a database in PostgreSQL");
        return mlops_hint(err, "write: mlops profile postgresql://USER@HOST/DATABASE --table NAME");
    }
    if (options->schema || options->columns || options->ragged || options->separator ||
        options->comment)
        return mlops_fail(err, MLOPS_INVALID,
                          "--schema, --columns, --separator, --comment and "
                          "--ragged are for files, not for --table");
    return profile_on_server(options->paths[0], options->table, options->observer, profile, err);
}

static int make(const struct mlops_profile_options *options, struct profile **profile,
                struct mlops_error *err)
{
    if (options->table)
        return ask_server(options, profile, err);
    if (options->profiles)
        return merge_profiles(options, profile, err);
    if (postgres_url_is(options->paths[0])) {
        mlops_fail(err, MLOPS_INVALID, "of which table of the database?");
        return mlops_hint(err, "name it with --table");
    }
    return make_profile(options, profile, err);
}

int mlops_profile(const struct mlops_profile_options *options, char **json, struct mlops_error *err)
{
    _cleanup_(profile_free_ptr) struct profile *profile = NULL;
    if (options->path_count == 0)
        return mlops_fail(err, MLOPS_INVALID, "nothing to profile");
    TRY(make(options, &profile, err));
    if (options->output) {
        _cleanup_(buffer_clear) struct buffer bytes = {0};
        profile_encode(profile, &bytes);
        TRY(file_write_durable(options->output, bytes.data, bytes.length, 0644, err));
    }
    *json = profile_to_json(profile);
    return MLOPS_OK;
}
