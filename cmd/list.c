/* cmd/list.c - mlops list [MODEL] [--where CONDITION] [--sort FIELDS] */
#include "cli.h"
#include <inttypes.h>

static char *join(char *const *texts, size_t count)
{
    char *joined = cli_copy("", 0);
    for (size_t i = 0; i < count; i++) {
        char *longer = cli_format("%s%s%s", joined, i ? "," : "", texts[i]);
        free(joined);
        joined = longer;
    }
    return joined;
}

#define COLUMNS_OWN 4 /* before those of the fields that were asked for */

static void add_value(struct table *table, const struct mlops_value *value)
{
    char number[32];

    switch (value->kind) {
    case MLOPS_VALUE_NONE:
        cli_table_cell(table, STYLE_DIM, "-");
        break;
    case MLOPS_VALUE_TEXT:
        cli_table_cell(table, STYLE_PLAIN, "%s", value->text);
        break;
    case MLOPS_VALUE_BOOL:
        cli_table_cell(table, STYLE_PLAIN, "%s", value->number != 0 ? "true" : "false");
        break;
    default:
        (void)snprintf(number, sizeof(number), "%.10g", value->number);
        cli_table_cell(table, STYLE_PLAIN, "%s", number);
    }
}

/* Titles: four of the version's own, those of the fields, and the bundle. */
static struct column *make_columns(const struct mlops_search *search)
{
    static const char *const own[COLUMNS_OWN] = {"VERSION", "CREATED", "STAGES", "BY"};
    struct column *columns = cli_allocate(COLUMNS_OWN + 1 + search->field_count, sizeof(*columns));

    for (size_t i = 0; i < COLUMNS_OWN; i++)
        columns[i].title = own[i];
    for (size_t i = 0; i < search->field_count; i++)
        columns[COLUMNS_OWN + i].title = search->fields[i];
    columns[COLUMNS_OWN + search->field_count].title = "BUNDLE";
    return columns;
}

static int print_table(struct cli *cli, const struct mlops_search *search, bool narrowed)
{
    struct column *columns = make_columns(search);
    struct table table = {.columns = columns,
                          .column_count = COLUMNS_OWN + 1 + search->field_count,
                          .titles = TITLES_ON_TERMINAL,
                          .indent = ""};

    for (size_t i = 0; i < search->list.count; i++) {
        const struct mlops_version_row *row = &search->list.items[i];
        _cleanup_(free_string) char *stages = join(row->stages, row->stage_count);
        char created[32];
        mlops_time_format(row->version.created_ns, created);
        cli_table_cell(&table, STYLE_BOLD, "%s@%" PRIu64, row->version.model, row->version.number);
        cli_table_cell(&table, STYLE_PLAIN, "%s", created);
        if (row->retired)
            cli_table_cell(&table, STYLE_DIM, "retired");
        else
            cli_table_cell(&table, STYLE_GOOD, "%s", stages);
        cli_table_cell(&table, STYLE_PLAIN, "%s", row->version.created_by);
        for (size_t j = 0; j < search->field_count; j++)
            add_value(&table, &search->values[i * search->field_count + j]);
        cli_table_cell(&table, STYLE_DIM, "%.*s", cli_bundle_length(cli), row->version.bundle);
    }
    cli_table_print(cli, &table);
    if (search->list.count == 0)
        cli_note(cli, narrowed ? "no version is like that"
                               : "no versions yet; 'mlops register DIR' makes the first");
    cli_table_clear(&table);
    free(columns);
    return MLOPS_OK;
}

static cJSON *values_json(const struct mlops_search *search, size_t index)
{
    cJSON *values = cli_json_object();

    for (size_t i = 0; i < search->field_count; i++) {
        const struct mlops_value *value = &search->values[index * search->field_count + i];
        if (value->kind == MLOPS_VALUE_TEXT)
            cli_json_text(values, search->fields[i], value->text);
        else if (value->kind == MLOPS_VALUE_BOOL)
            cli_json_bool(values, search->fields[i], value->number != 0);
        else if (value->kind != MLOPS_VALUE_NONE)
            cli_json_number(values, search->fields[i], value->number);
    }
    return values;
}

static int print_json(struct cli *cli, const struct mlops_search *search)
{
    cJSON *document = cli_json_object(), *versions = cli_json_array();

    cli_json_add(document, "versions", versions);
    for (size_t i = 0; i < search->list.count; i++) {
        const struct mlops_version_row *row = &search->list.items[i];
        cJSON *version = cli_json_object();
        cli_json_text(version, "model", row->version.model);
        cli_json_version(version, "version", row->version.number);
        cli_json_text(version, "bundle", row->version.bundle);
        cli_json_time(version, "created_at", row->version.created_ns);
        cli_json_text(version, "created_by", row->version.created_by);
        cli_json_add(version, "stages", cli_json_texts(row->stages, row->stage_count));
        cli_json_bool(version, "retired", row->retired);
        cli_json_add(version, "values", values_json(search, i));
        cli_json_push(versions, version);
    }
    return cli_print_json(cli, document);
}

static int print_trash(struct cli *cli, const struct mlops_trash *trash)
{
    static const struct column columns[] = {
        {"VERSION", false}, {"DELETED", false}, {"BY", false}, {"BUNDLE", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ON_TERMINAL, "");

    for (size_t i = 0; i < trash->count; i++) {
        const struct mlops_trashed *item = &trash->items[i];
        char deleted[32];
        mlops_time_format(item->deleted_ns, deleted);
        cli_table_cell(&table, STYLE_BOLD, "%s@%" PRIu64, item->version.model,
                       item->version.number);
        cli_table_cell(&table, STYLE_PLAIN, "%s", deleted);
        cli_table_cell(&table, STYLE_PLAIN, "%s", item->deleted_by);
        cli_table_cell(&table, STYLE_DIM, "%.*s", cli_bundle_length(cli), item->version.bundle);
    }
    cli_table_print(cli, &table);
    if (trash->count == 0)
        cli_note(cli, "the trash is empty");
    return MLOPS_OK;
}

static int list_deleted(struct cli *cli)
{
    _cleanup_(mlops_trash_clear) struct mlops_trash trash = {0};

    if (cli_text(cli, "where") || cli_text(cli, "sort") || cli_text(cli, "limit") ||
        cli_text(cli, "data"))
        return mlops_fail(&cli->err, MLOPS_INVALID,
                          "--deleted goes with no --where, --data, --sort or --limit");
    TRY(mlops_trash_list(cli_registry(cli), cli->args[0], &trash, &cli->err));
    if (!cli->json)
        return print_trash(cli, &trash);
    cJSON *document = cli_json_object(), *versions = cli_json_array();
    cli_json_add(document, "versions", versions);
    for (size_t i = 0; i < trash.count; i++) {
        const struct mlops_trashed *item = &trash.items[i];
        cJSON *version = cli_json_object();
        cli_json_text(version, "model", item->version.model);
        cli_json_version(version, "version", item->version.number);
        cli_json_text(version, "bundle", item->version.bundle);
        cli_json_time(version, "created_at", item->version.created_ns);
        cli_json_text(version, "created_by", item->version.created_by);
        cli_json_time(version, "deleted_at", item->deleted_ns);
        cli_json_text(version, "deleted_by", item->deleted_by);
        cli_json_push(versions, version);
    }
    return cli_print_json(cli, document);
}

static int run(struct cli *cli)
{
    if (cli_flag(cli, "deleted"))
        return list_deleted(cli);
    _cleanup_(mlops_search_clear) struct mlops_search search = {0};
    const struct mlops_search_options options = {.model = cli->args[0],
                                                 .where = cli_text(cli, "where"),
                                                 .data = cli_text(cli, "data"),
                                                 .sort = cli_text(cli, "sort"),
                                                 .limit = (uint64_t)cli_whole(cli, "limit")};

    TRY(mlops_version_search(cli_registry(cli), &options, &search, &cli->err));
    return cli->json ? print_json(cli, &search) : print_table(cli, &search, options.where);
}

const struct command command_list = {
    .name = "list",
    .summary = "list the versions of a model, or of all",
    .synopsis = "[MODEL]",
    .description =
        "Newest first, or as --sort says; all, or those for which the condition of --where holds: "
        "fields compared by = != < <= > >= and ~ (a pattern), joined by and, or, not and "
        "brackets.\n\n"
        "Fields are metrics.NAME, params.NAME, data.NAME (its digest), data.NAME.rows, tags.NAME, "
        "code.commit, code.branch, code.dirty, environment, stage, retired, created, age, by, "
        "version, model, bundle, files and bytes. A field alone holds where there is such a "
        "value. A comparison with what is not there does not hold; docs/versions.md has the "
        "rest.\n\n"
        "A pipe gets lines without titles: version, time, stages, who registered it, the fields "
        "that --where and --sort speak of, bundle.",
    .group = GROUP_LOOK,
    .registry = true,
    .pager = true,
    .args = {{"MODEL", COMPLETE_MODEL | OPTIONAL, NULL}},
    .options = {{.name = "where",
                 .kind = OPTION_TEXT,
                 .argument = "CONDITION",
                 .help = "only versions for which it holds"},
                {.name = "data",
                 .kind = OPTION_TEXT,
                 .argument = "DIGEST|NAME",
                 .help = "only versions that used that data, by digest or as a snapshot's name"},
                {.name = "sort",
                 .kind = OPTION_TEXT,
                 .argument = "FIELDS",
                 .help = "by these, the largest first where a - stands before one"},
                {.name = "limit", .kind = OPTION_COUNT, .argument = "N", .help = "the first N"},
                {.name = "deleted", .help = "what is in the trash, and can be restored"}},
    .examples = {{"mlops list fraud", "the versions of one model"},
                 {"mlops list fraud --where 'metrics.auc > 0.9 and params.depth <= 6' --sort "
                  "-metrics.auc --limit 5",
                  "the five best that are not too deep"},
                 {"mlops list --data 1f3a94c2", "every version that used this data"},
                 {"mlops list --where 'created > 2026-05-01 and not stage'",
                  "new versions that are in no stage"},
                 {"mlops --json list --where 'stage = production' | jq -r '.versions[].bundle'",
                  "the bundles that are in production"}},
    .json = {{"versions[].model", "text", "by model, then newest first, or as --sort says"},
             {"versions[].version", "number", "1, 2, 3 and so on"},
             {"versions[].bundle", "text", "its id"},
             {"versions[].created_at", "time", "when it was registered"},
             {"versions[].created_by", "text", "who registered it"},
             {"versions[].stages", "array", "names of the stages that hold it now"},
             {"versions[].retired", "bool", "is it out of use for ever?"},
             {"versions[].deleted_at", "time", "with --deleted: when"},
             {"versions[].deleted_by", "text", "with --deleted: who did it"},
             {"versions[].values", "object",
              "of the fields that --where and --sort speak of, those that there are"}},
    .run = run,
};
