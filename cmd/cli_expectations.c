/* cmd/cli_expectations.c - expectations of data suites as a table and as JSON. */
#include "cli_expectations.h"

void cli_expectations_print(struct cli *cli, const struct mlops_suite_result *suite)
{
    static const struct column columns[] = {{"EXPECTED", false}, {"", false}, {"FOUND", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ALWAYS, "  ");

    if (suite->expectation_count == 0)
        return;
    for (size_t i = 0; i < suite->expectation_count; i++) {
        const struct mlops_expectation_result *one = &suite->expectations[i];
        cli_table_cell(&table, STYLE_PLAIN, "%s", one->name);
        cli_table_cell(&table, one->met ? STYLE_GOOD : STYLE_BAD, "%s",
                       one->met ? "met" : "NOT MET");
        cli_table_cell(&table, STYLE_DIM, "%s", one->detail);
    }
    cli_print(cli, "\n%s%s%s", cli_on(cli, STYLE_BOLD), suite->name, cli_off(cli, STYLE_BOLD));
    cli_table_print(cli, &table);
}

void cli_expectations_json(cJSON *json, const struct mlops_suite_result *suite)
{
    cJSON *array = cli_json_array();

    cli_json_add(json, "expectations", array);
    for (size_t i = 0; i < suite->expectation_count; i++) {
        const struct mlops_expectation_result *from = &suite->expectations[i];
        cJSON *one = cli_json_object(), *examples = cli_json_array();
        cli_json_text(one, "name", from->name);
        cli_json_bool(one, "met", from->met);
        cli_json_number(one, "judged", (double)from->judged);
        cli_json_number(one, "unexpected", (double)from->unexpected);
        cli_json_text(one, "detail", from->detail);
        cli_json_add(one, "examples", examples);
        for (size_t j = 0; j < from->example_count; j++) {
            cJSON *example = cli_json_object();
            cli_json_number(example, "line", (double)from->examples[j].line);
            cli_json_text(example, "value", from->examples[j].value);
            cli_json_push(examples, example);
        }
        cli_json_push(array, one);
    }
}
