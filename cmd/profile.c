/* cmd/profile.c - mlops profile FILE..., profile merge, profile show */
#include "cli.h"
#include <inttypes.h>
#include <mlops/profile.h>

#define BARS_MAX 16

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static const char *text(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* Shares as bars of eight heights. */
static void draw_bars(const cJSON *shares, char bars[BARS_MAX * 3 + 1])
{
    static const char *const heights[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                          "\u2585", "\u2586", "\u2587", "\u2588"};
    double largest = 0;
    size_t used = 0;
    const cJSON *share;
    cJSON_ArrayForEach(share, shares) largest =
        share->valuedouble > largest ? share->valuedouble : largest;
    bars[0] = '\0';
    cJSON_ArrayForEach(share, shares)
    {
        double height = largest > 0 ? share->valuedouble / largest * 8 : 0;
        const char *bar = heights[height > 0 && height < 1 ? 1 : (int)height];
        if (used + 3 > BARS_MAX * 3)
            return;
        used += (size_t)sprintf(bars + used, "%s", bar);
    }
}

/* A number, or what null stands for: infinite ones have no JSON. */
static void show_number(const cJSON *column, const char *key, const char *otherwise, char text[32])
{
    if (cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(column, key)))
        cli_number_format(number(column, key), text);
    else
        (void)snprintf(text, 32, "%s", otherwise);
}

static void show_range(const cJSON *column, char least[32], char largest[32])
{
    double negatives = number(column, "negatives");
    bool all = negatives == number(column, "count") - number(column, "missing");
    show_number(column, "min", negatives > 0 ? "-inf" : "inf", least);
    show_number(column, "max", all ? "-inf" : "inf", largest);
}

static void add_row(struct table *table, const cJSON *column)
{
    char mean[32], least[32], largest[32], bars[BARS_MAX * 3 + 1];
    double count = number(column, "count");
    const cJSON *top = cJSON_GetObjectItemCaseSensitive(column, "top");
    const cJSON *first = cJSON_GetArrayItem(top, 0);

    cli_table_cell(table, STYLE_BOLD, "%s", text(column, "name"));
    cli_table_cell(table, STYLE_PLAIN, "%s", text(column, "type"));
    cli_table_cell(table, STYLE_PLAIN, "%.1f %%",
                   count > 0 ? 100 * number(column, "missing") / count : 0);
    cli_table_cell(table, STYLE_PLAIN, "%.0f", number(column, "distinct"));
    if (cJSON_HasObjectItem(column, "mean")) {
        show_number(column, "mean", "", mean);
        show_range(column, least, largest);
        draw_bars(cJSON_GetObjectItemCaseSensitive(column, "histogram"), bars);
        cli_table_cell(table, STYLE_PLAIN, "%s", mean);
        cli_table_cell(table, STYLE_PLAIN, "%s", least);
        cli_table_cell(table, STYLE_PLAIN, "%s", largest);
        cli_table_cell(table, STYLE_PLAIN, "%s", bars);
        return;
    }
    cli_table_cell(table, STYLE_DIM, "%s", "");
    cli_table_cell(table, STYLE_PLAIN, "%s", text(column, "first"));
    cli_table_cell(table, STYLE_PLAIN, "%s", text(column, "last"));
    if (first && count > 0)
        cli_table_cell(table, STYLE_PLAIN, "%s (%.1f %%)", text(first, "value"),
                       100 * number(first, "count") / count);
    else
        cli_table_cell(table, STYLE_DIM, "%s", "");
}

static void print_profile(struct cli *cli, const cJSON *document)
{
    static const struct column columns[] = {{"COLUMN", false},  {"TYPE", false},  {"MISSING", true},
                                            {"DISTINCT", true}, {"MEAN", true},   {"FROM", true},
                                            {"TO", true},       {"VALUES", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_ALWAYS, "");
    const cJSON *column, *all = cJSON_GetObjectItemCaseSensitive(document, "columns");

    cJSON_ArrayForEach(column, all) add_row(&table, column);
    cli_table_print(cli, &table);
    uint64_t rows = (uint64_t)number(document, "rows"), width = (uint64_t)cJSON_GetArraySize(all);
    cli_say(cli, "\n%" PRIu64 " %s, %.1f %% of them came before; %" PRIu64 " %s", rows,
            cli_noun(rows, "row", "rows"), 100 * number(document, "duplicates"), width,
            cli_noun(width, "column", "columns"));
}

static int run(struct cli *cli)
{
    static const char *const input[] = {"-"};
    struct mlops_observer observer = cli_observer(cli);
    bool merges = cli->arg_count > 0 && strcmp(cli->args[0], "merge") == 0;
    bool shows = cli->arg_count == 2 && strcmp(cli->args[0], "show") == 0;
    size_t words = merges || shows;
    struct mlops_profile_options options = {
        .paths = cli->arg_count > 0 ? (const char *const *)cli->args + words : input,
        .path_count = cli->arg_count > 0 ? cli->arg_count - words : 1,
        .table = cli_text(cli, "table"),
        .profiles = words > 0,
        .schema = cli_text(cli, "schema"),
        .columns = cli_text(cli, "columns"),
        .ragged = cli_text(cli, "ragged"),
        .output = cli_text(cli, "output"),
        .observer = &observer,
    };
    char *json = NULL;

    if (cli->arg_count == 0 && !cli_flag(cli, "stream")) {
        mlops_fail(&cli->err, MLOPS_INVALID, "nothing to profile");
        return mlops_hint(&cli->err, "name a table, or give rows on standard input to --stream");
    }
    TRY(cli_byte(cli, "separator", &options.separator));
    TRY(cli_byte(cli, "comment", &options.comment));
    TRY(mlops_profile(&options, &json, &cli->err));
    char *valid = cli_valid(json);
    cJSON *document = cJSON_Parse(valid);
    free(json);
    free(valid);
    if (cli->json)
        return cli_print_json(cli, document);
    print_profile(cli, document);
    cJSON_Delete(document);
    return MLOPS_OK;
}

const struct command command_profile = {
    .name = "profile",
    .summary = "summarise a table",
    .synopsis = "FILE... | URL --table NAME | --stream | merge PROFILE... | show PROFILE",
    .description =
        "One pass over CSV or JSON Lines, plain or packed with gzip or zstd, or over Parquet or "
        "npy, in memory that does not grow with rows. Several files are one table. A profile that "
        "is kept with --output can be shown, and merged with others: of parts of a table, made on "
        "other machines, comes the profile of the whole. Give such parts the same --schema. With "
        "a postgresql:// URL and --table the server computes the profile, and no rows are fetched "
        "but a sample.",
    .group = GROUP_WATCH,
    .pager = true,
    .args = {{"FILE", COMPLETE_FILE | OPTIONAL | REPEATED, NULL}},
    .options = {{.name = "output",
                 .letter = 'o',
                 .kind = OPTION_TEXT,
                 .argument = "FILE",
                 .help = "keep the profile",
                 .completion = COMPLETE_FILE},
                {.name = "table",
                 .kind = OPTION_TEXT,
                 .argument = "NAME",
                 .help = "have PostgreSQL compute the profile of this table or view"},
                {.name = "stream", .kind = OPTION_FLAG, .help = "read rows on standard input"},
                {.name = "schema",
                 .kind = OPTION_TEXT,
                 .argument = "PROFILE",
                 .help = "take the types from the columns of another profile",
                 .completion = COMPLETE_FILE},
                CLI_CSV_OPTIONS("found out", "refuse")},
    .examples = {{"mlops profile train.csv", "what is in a table"},
                 {"mlops profile -o may.mlprof 'data/2026-05-*.csv.gz'", "keep that of a month"},
                 {"mlops profile merge -o year.mlprof *.mlprof", "of parts the whole"},
                 {"mlops profile postgresql://reader@db/shop --table payment",
                  "of a table in PostgreSQL, computed there"},
                 {"mlops profile --stream -o part.mlprof < rows.csv",
                  "of what another program writes"}},
    .json = {{"rows", "number", "of all files"},
             {"ragged", "number", "rows of another width than the header"},
             {"duplicates", "number?", "share of the rows that had come before, 0 to 1"},
             {"columns[].name", "text", "in the order of the table"},
             {"columns[].type", "text", "bool, integer, float, category, text or time"},
             {"columns[].count", "number", "rows"},
             {"columns[].missing", "number", "rows without a value"},
             {"columns[].missing_as", "object", "how many of them by what stood there"},
             {"columns[].distinct", "number", "different values, within 1.6 % standard error"},
             {"columns[].min", "number?", "of numbers: the least; null where it is infinite"},
             {"columns[].max", "number?", "of numbers: the largest; null where it is infinite"},
             {"columns[].mean", "number?", "of the finite numbers, as are the next three"},
             {"columns[].std", "number?", "root of the sum of squares divided by n - 1"},
             {"columns[].skewness", "number?", "third standardised moment, divided by n"},
             {"columns[].kurtosis", "number?", "fourth, less 3, divided by n"},
             {"columns[].infinite", "number", "of numbers: how many are inf or -inf"},
             {"columns[].zeros", "number", "of numbers: how many are 0"},
             {"columns[].negatives", "number", "of numbers: how many are below 0"},
             {"columns[].quantiles", "object", "of numbers: p1, p5, p25, p50, p75, p95, p99"},
             {"columns[].histogram", "array",
              "of numbers: shares of 16 bars of one width from p1 to p99; the outer ones have what "
              "lies beyond; none where p1 is p99"},
             {"columns[].first", "time", "of times: the earliest"},
             {"columns[].last", "time", "of times: the latest"},
             {"columns[].hours", "array", "of times: how many in each hour of the day, UTC"},
             {"columns[].weekdays", "array", "of times: how many on each weekday, Monday first"},
             {"columns[].length_min", "number", "of texts: bytes of the shortest"},
             {"columns[].length_max", "number", "of texts: bytes of the longest"},
             {"columns[].length_mean", "number", "of texts: bytes on average"},
             {"columns[].top", "array", "the most frequent ten: value, count"},
             {"columns[].count_error", "number", "by how much counts of top may be too low"},
             {"columns[].patterns", "object", "of texts: the most frequent forms, as top"},
             {"associations", "array",
              "pairs of columns that go together by 0.3 and more: a, b, kind, value"}},
    .run = run,
};
