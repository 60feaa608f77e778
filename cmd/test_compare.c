/* cmd/test_compare.c - 'mlops test': a version and another one on the same rows. */
#include "cli_test.h"
#include <inttypes.h>
#include <math.h>

/* "+0.012", in the digits of other numbers. */
static void signed_format(double number, char text[40])
{
    char plain[32];
    cli_number_format(number, plain);
    (void)snprintf(text, 40, "%s%s", number > 0 ? "+" : "", plain); /* both fit */
}

static void add_difference(struct table *table, const struct mlops_difference *difference)
{
    char ours[32], theirs[32], by[40], low[40], high[40];
    cli_number_format(difference->ours, ours);
    cli_number_format(difference->theirs, theirs);
    signed_format(difference->difference, by);
    cli_table_cell(table, STYLE_PLAIN, "%s", difference->metric);
    cli_table_cell(table, STYLE_PLAIN, "%s", ours);
    cli_table_cell(table, STYLE_PLAIN, "%s", theirs);
    cli_table_cell(table, STYLE_PLAIN, "%s", by);
    if (isnan(difference->low)) {
        cli_table_cell(table, STYLE_DIM, "%s", "");
        cli_table_cell(table, STYLE_DIM, "%s", "");
        return;
    }
    signed_format(difference->low, low);
    signed_format(difference->high, high);
    cli_table_cell(table, STYLE_DIM, "%s to %s", low, high);
    cli_table_cell(table, STYLE_DIM, "%s", difference->method);
}

static void print_one(struct cli *cli, const struct mlops_suite_result *suite,
                      const struct mlops_comparison *comparison)
{
    static const struct column columns[] = {{"METRIC", false},   {"HERE", true},
                                            {"THERE", true},     {"DIFFERENCE", true},
                                            {"INTERVAL", false}, {"METHOD", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ALWAYS, "  ");
    char version[VERSION_TEXT_SIZE];

    cli_version_format(&comparison->version, version);
    cli_print(cli, "\n%s%s%s against %s, %s%s%s", cli_on(cli, STYLE_BOLD), suite->name,
              cli_off(cli, STYLE_BOLD), comparison->with, version, *comparison->message ? ": " : "",
              comparison->message);
    if (*comparison->message)
        return;
    cli_print(cli, "  the same %" PRIu64 " rows, each end at %g%%%s", comparison->rows,
              comparison->confidence * 100, comparison->ran ? "; its suite was run for them" : "");
    for (size_t i = 0; i < comparison->difference_count; i++)
        add_difference(&table, &comparison->differences[i]);
    cli_table_print(cli, &table);
}

void test_comparisons_print(struct cli *cli, const struct mlops_suite_result *suite)
{
    for (size_t i = 0; i < suite->comparison_count; i++)
        print_one(cli, suite, &suite->comparisons[i]);
}

static cJSON *difference_json(const struct mlops_difference *difference)
{
    cJSON *json = cli_json_object();
    cli_json_text(json, "metric", difference->metric);
    cli_json_number(json, "ours", difference->ours);
    cli_json_number(json, "theirs", difference->theirs);
    cli_json_number(json, "difference", difference->difference);
    cli_json_number(json, "low", difference->low);
    cli_json_number(json, "high", difference->high);
    cli_json_text(json, "method", difference->method);
    return json;
}

cJSON *test_comparisons_json(const struct mlops_suite_result *suite)
{
    cJSON *array = cli_json_array();
    for (size_t i = 0; i < suite->comparison_count; i++) {
        const struct mlops_comparison *comparison = &suite->comparisons[i];
        cJSON *json = cli_json_object(), *differences = cli_json_array();
        cli_json_text(json, "with", comparison->with);
        cli_json_text(json, "model", comparison->version.model);
        cli_json_version(json, "version", comparison->version.number);
        cli_json_text(json, "bundle", comparison->version.bundle);
        cli_json_bool(json, "ran", comparison->ran);
        cli_json_number(json, "rows", (double)comparison->rows);
        cli_json_number(json, "confidence", comparison->confidence);
        cli_json_text_or_null(json, "predictions", comparison->predictions.sha256);
        cli_json_text_or_null(json, "message", comparison->message);
        for (size_t j = 0; j < comparison->difference_count; j++)
            cli_json_push(differences, difference_json(&comparison->differences[j]));
        cli_json_add(json, "differences", differences);
        cli_json_push(array, json);
    }
    return array;
}
