/* lib/quality/skew.c - two snapshots by lib/drift's verdicts. */
#include "quality/skew.h"
#include "base/buffer.h"
#include "drift/compare.h"

#define FAR_DEFAULT 0.01 /* as `mlops drift` */
#define NAMED_MAX 5      /* columns in a detail */

static bool is_named(char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (str_equal(*names, name))
            return true;
    return false;
}

static bool same_name(const char *a, const char *b)
{
    return a && b && str_equal(a, b);
}

/* Is it meant to be compared: named, or neither target nor time of the reference nor left out? */
static bool is_meant(const struct column_profile *column, const struct manifest_data *data,
                     const struct expectation *expectation)
{
    if (expectation->columns)
        return is_named(expectation->columns, column->name);
    return !is_named(expectation->except, column->name) && column->type != COLUMN_TIME &&
           !same_name(column->name, data->target) && !same_name(column->name, data->time);
}

static void name_drifted(struct buffer *text, size_t *drifted, const char *column,
                         const char *detail)
{
    if ((*drifted)++ < NAMED_MAX)
        buffer_printf(text, "%s'%s' %s", text->length ? "; " : "", column, detail);
}

/* Columns of which there is nothing to compare have drifted; they are left out of the comparison
 * with all that is not meant. */
static void sort_out(const struct snapshot_table *table, const struct snapshot_table *reference,
                     const struct manifest_data *data, const struct expectation *expectation,
                     const char **leave_out, struct buffer *text, size_t *drifted)
{
    size_t left_out = 0;
    for (size_t i = 0; i < reference->profile->column_count; i++) {
        const struct column_profile *theirs = &reference->profile->columns[i];
        const struct column_profile *own = profile_column(table->profile, theirs->name);
        bool meant = is_meant(theirs, data, expectation);
        bool comparable = own && !own->quantiles == !theirs->quantiles;
        if (meant && comparable)
            continue;
        leave_out[left_out++] = theirs->name;
        if (meant) {
            _cleanup_(free_string) char *detail =
                own ? xprintf("is %s, not %s", column_type_name(own->type),
                              column_type_name(theirs->type))
                    : xstrdup("is not there");
            name_drifted(text, drifted, theirs->name, detail);
        }
    }
}

static bool has_all(const struct snapshot_table *reference, const struct expectation *expectation,
                    struct mlops_expectation_result *result)
{
    for (char **name = expectation->columns; name && *name; name++)
        if (snapshot_table_place(reference, *name) == SIZE_MAX) {
            judged_say(result, false, "%s has no column '%s'", reference->shown, *name);
            return false;
        }
    return true;
}

int skew_judge(const struct snapshot_table *table, const struct snapshot_table *reference,
               const struct manifest_data *data, const struct expectation *expectation,
               struct mlops_expectation_result *result, struct mlops_error *err)
{
    struct mlops_drift_report report = {.drift = false};
    _cleanup_(buffer_clear) struct buffer text = {0};
    size_t drifted = 0;
    if (!has_all(reference, expectation, result))
        return MLOPS_OK;
    const char **leave_out = xcalloc(reference->profile->column_count + 1, sizeof(*leave_out));
    sort_out(table, reference, data, expectation, leave_out, &text, &drifted);
    const struct compare_options options = {
        .far = expectation->far > 0 ? expectation->far : FAR_DEFAULT, .leave_out = leave_out};
    int code = profiles_compare(reference->profile, table->profile, &options, &report, err);
    free(leave_out);
    TRY(code);
    size_t compared = report.column_count + drifted;
    for (size_t i = 0; i < report.column_count; i++)
        if (report.columns[i].drift) {
            const struct mlops_drift_column *column = &report.columns[i];
            _cleanup_(free_string) char *detail =
                xprintf("%s %.3g > %.3g%s%s", column->method, column->statistic, column->threshold,
                        *column->detail ? ", " : "", column->detail);
            name_drifted(&text, &drifted, column->name, detail);
        }
    _cleanup_(free_string) char *rows = report.rows_drift ? xstrdup(report.rows_detail) : NULL;
    mlops_drift_report_clear(&report);
    result->judged = compared;
    result->unexpected = drifted;
    if (drifted == 0 && rows)
        judged_say(result, false, "none of %zu columns drifted, but %s", compared, rows);
    else if (drifted == 0)
        judged_say(result, true, "none of %zu columns drifted", compared);
    else
        judged_say(result, false, "%zu of %zu columns drifted: %s%s", drifted, compared, text.data,
                   drifted > NAMED_MAX ? "; …" : "");
    return MLOPS_OK;
}
