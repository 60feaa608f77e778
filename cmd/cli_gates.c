/* cmd/cli_gates.c - what gates said, for people and for scripts. */
#include "cli.h"

void cli_print_gates(struct cli *cli, const struct mlops_gate_result *gates, size_t count)
{
    static const struct column columns[] = {{"", false}, {"GATE", false}, {"DETAIL", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");

    for (size_t i = 0; i < count; i++) {
        const struct mlops_gate_result *gate = &gates[i];
        if (gate->passed && cli->quiet)
            continue;
        cli_table_cell(&table, gate->passed ? STYLE_GOOD : STYLE_BAD,
                       gate->passed      ? "ok"
                       : gate->emergency ? "PASSED OVER"
                                         : "FAIL");
        cli_table_cell(&table, STYLE_BOLD, "%s", gate->gate);
        cli_table_cell(&table, STYLE_PLAIN, "%s", gate->detail ? gate->detail : "");
        for (size_t j = 0; j < gate->evidence_count; j++) {
            cli_table_cell(&table, STYLE_PLAIN, " ");
            cli_table_cell(&table, STYLE_PLAIN, " ");
            cli_table_cell(&table, STYLE_PLAIN, "  %s", gate->evidence[j]);
        }
    }
    cli_table_print(cli, &table);
}

cJSON *cli_gates_json(const struct mlops_gate_result *gates, size_t count)
{
    cJSON *array = cli_json_array();

    for (size_t i = 0; i < count; i++) {
        cJSON *gate = cli_json_object();
        cli_json_text(gate, "gate", gates[i].gate);
        cli_json_bool(gate, "passed", gates[i].passed);
        cli_json_bool(gate, "emergency", gates[i].emergency);
        cli_json_text(gate, "detail", gates[i].detail);
        cJSON *evidence = cli_json_array();
        for (size_t j = 0; j < gates[i].evidence_count; j++)
            cli_json_push(evidence, cJSON_CreateString(gates[i].evidence[j]));
        cli_json_add(gate, "evidence", evidence);
        cli_json_push(array, gate);
    }
    return array;
}
