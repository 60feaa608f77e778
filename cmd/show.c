/* cmd/show.c - mlops show REF */
#include "cli_document.h"
#include "cli_lineage.h"
#include <inttypes.h>
#include <unistd.h>

#define INDENT 2

/* All that is known about a version. */
struct view {
    struct mlops_version version;
    char **stages; /* point into `held` */
    size_t stage_count;
    struct mlops_stage_list held;
    struct mlops_evidence_list evidence;
    struct mlops_tags tags;
    struct mlops_retirement retirement;
    bool retired;
    char *text; /* the manifest's canonical JSON */
    cJSON *manifest;
};

static void view_clear(struct view *view)
{
    free(view->stages);
    mlops_stage_list_clear(&view->held);
    mlops_evidence_list_clear(&view->evidence);
    mlops_tags_clear(&view->tags);
    mlops_retirement_clear(&view->retirement);
    free(view->text);
    cJSON_Delete(view->manifest);
}

static int load(struct cli *cli, struct view *view)
{
    struct mlops_registry *registry = cli_registry(cli);
    const char *ref = cli->args[0];

    TRY(mlops_version_resolve(registry, ref, &view->version, &cli->err));
    TRY(mlops_manifest_read(registry, view->version.bundle, &view->text, &cli->err));
    TRY(mlops_evidence_list(registry, view->version.bundle, NULL, &view->evidence, &cli->err));
    view->manifest = cJSON_Parse(view->text);
    if (!view->manifest)
        return mlops_fail(&cli->err, MLOPS_INTEGRITY, "the manifest of %s is not JSON",
                          view->version.bundle);
    if (view->version.number == 0)
        return MLOPS_OK; /* in no stage */
    TRY(mlops_tag_list(registry, &view->version, &view->tags, &cli->err));
    TRY(mlops_version_retirement(registry, &view->version, &view->retirement, &view->retired,
                                 &cli->err));
    TRY(mlops_stage_list(registry, view->version.model, &view->held, &cli->err));
    view->stages = cli_allocate(view->held.count, sizeof(*view->stages));
    for (size_t i = 0; i < view->held.count; i++)
        if (view->held.items[i].version.number == view->version.number)
            view->stages[view->stage_count++] = view->held.items[i].stage;
    return MLOPS_OK;
}

/* ---- for programs --------------------------------------------------------------------------- */

static cJSON *evidence_json(const struct mlops_evidence_list *list)
{
    cJSON *array = cli_json_array();

    for (size_t i = 0; i < list->count; i++) {
        const struct mlops_evidence *from = &list->items[i];
        cJSON *evidence = cli_json_object();
        cli_json_number(evidence, "id", (double)from->id);
        cli_json_text(evidence, "kind", from->kind);
        cli_json_text(evidence, "name", from->name);
        cli_json_text(evidence, "status", from->status);
        cli_json_text(evidence, "actor", from->actor);
        cli_json_time(evidence, "recorded_at", from->recorded_ns);
        cJSON *body = cJSON_Parse(from->body);
        cli_json_add(evidence, "body", body ? body : cJSON_CreateNull());
        cli_json_push(array, evidence);
    }
    return array;
}

static void add_life(cJSON *document, const struct view *view)
{
    const struct mlops_retirement *retirement = &view->retirement;
    cJSON *tags = cli_json_object(), *retired;

    cli_json_add(document, "tags", tags);
    for (size_t i = 0; i < view->tags.count; i++)
        cli_json_text(tags, view->tags.items[i].name, view->tags.items[i].value);
    if (!view->retired) {
        cli_json_text(document, "retired", NULL);
        return;
    }
    retired = cli_json_object();
    cli_json_add(document, "retired", retired);
    cli_json_time(retired, "at", retirement->retired_ns);
    cli_json_text(retired, "by", retirement->retired_by);
    cli_json_text(retired, "reason", retirement->reason);
    if (retirement->released_ns)
        cli_json_time(retired, "files_released_at", retirement->released_ns);
    else
        cli_json_text(retired, "files_released_at", NULL);
}

/* Takes `log`, which is NULL where no suite's was asked for. */
static int print_document(struct cli *cli, struct view *view, cJSON *log)
{
    cJSON *document = cli_json_object();

    cli_json_text(document, "model", view->version.model);
    cli_json_version(document, "version", view->version.number);
    cli_json_text(document, "bundle", view->version.bundle);
    if (view->version.number)
        cli_json_time(document, "created_at", view->version.created_ns);
    else
        cli_json_text(document, "created_at", NULL);
    cli_json_text_or_null(document, "created_by", view->version.created_by);
    cli_json_add(document, "stages", cli_json_texts(view->stages, view->stage_count));
    add_life(document, view);
    cli_json_add(document, "manifest", TAKE_PTR(view->manifest));
    cli_json_add(document, "evidence", evidence_json(&view->evidence));
    cli_json_add(document, "log", log ? log : cJSON_CreateNull());
    return cli_print_json(cli, document);
}

/* ---- for people ----------------------------------------------------------------------------- */

static void heading(struct cli *cli, const char *text)
{
    cli_print(cli, "\n%s%s%s", cli_on(cli, STYLE_BOLD), text, cli_off(cli, STYLE_BOLD));
}

/* "  label   value", nothing where there is no value. */
static void fact(struct table *table, const char *label, const char *value)
{
    if (!*value)
        return;
    cli_table_cell(table, STYLE_DIM, "%s", label);
    cli_table_cell(table, STYLE_PLAIN, "%s", value);
}

static void add_submodules(struct table *table, const cJSON *submodules)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, submodules)
    {
        _cleanup_(free_string) char *text =
            cli_format("%s at %.12s%s", text_of(item, "path"), text_of(item, "commit"),
                       cJSON_IsTrue(member(item, "dirty")) ? ", with changes" : "");
        fact(table, "submodule", text);
    }
}

static void add_code(struct table *table, const cJSON *manifest)
{
    const cJSON *git = member(member(manifest, "code"), "git");

    if (!cJSON_IsObject(git)) {
        fact(table, "code", "not in a git repository");
        return;
    }
    const char *commit = text_of(git, "commit"), *branch = text_of(git, "branch");
    _cleanup_(free_string) char *code =
        cli_format("%s%s%s%s", *commit ? commit : "before the first commit", *branch ? " on " : "",
                   branch, cJSON_IsTrue(member(git, "dirty")) ? ", with uncommitted changes" : "");
    fact(table, "commit", code);
    fact(table, "author", text_of(git, "author"));
    fact(table, "remote", text_of(git, "remote"));
    add_submodules(table, member(git, "submodules"));
}

/* "fraud@1, sha256:…", or "fraud, sha256:…" of a bundle that has no version here. */
static void add_lineage(struct cli *cli, struct table *table, const cJSON *lineage)
{
    const cJSON *parent;

    cJSON_ArrayForEach(parent, member(lineage, "parents"))
    {
        const char *bundle = text_of(parent, "bundle");
        struct mlops_error ignored = {0};
        struct mlops_version version = {0};
        char name[VERSION_TEXT_SIZE];
        bool here =
            mlops_version_resolve(cli_registry(cli), bundle, &version, &ignored) == MLOPS_OK &&
            version.number > 0;
        if (here)
            cli_version_format(&version, name);
        _cleanup_(free_string) char *text =
            cli_format("%s, %s", here ? name : text_of(parent, "model"), bundle);
        fact(table, "made from", text);
    }
    fact(table, "run", text_of(lineage, "run"));
}

static void add_files(struct table *table, const cJSON *manifest)
{
    const cJSON *file;
    uint64_t bytes = 0, count = 0;
    char size[32];

    cJSON_ArrayForEach(file, member(manifest, "files"))
    {
        const cJSON *own = member(file, "size");
        count += str_equal(text_of(file, "type"), "file");
        bytes += cJSON_IsNumber(own) ? (uint64_t)own->valuedouble : 0;
    }
    cli_size_format(bytes, size);
    _cleanup_(free_string) char *text = cli_format("%" PRIu64 ", %s", count, size);
    fact(table, "files", text);
}

static void add_tags(struct table *table, const struct mlops_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        const struct mlops_tag *tag = &tags->items[i];
        _cleanup_(free_string) char *text =
            cli_format("%s%s%s", tag->name, *tag->value ? "=" : "", tag->value);
        fact(table, i == 0 ? "tags" : " ", text);
    }
}

static void add_retirement(struct table *table, const struct mlops_retirement *retirement)
{
    char time[32];

    mlops_time_format(retirement->retired_ns, time);
    _cleanup_(free_string) char *retired =
        cli_format("%s by %s: %s", time, retirement->retired_by, retirement->reason);
    fact(table, "retired", retired);
    if (retirement->released_ns == 0)
        return;
    mlops_time_format(retirement->released_ns, time);
    _cleanup_(free_string) char *released = cli_format("released on %s: only this is left", time);
    fact(table, "its files", released);
}

static void print_facts(struct cli *cli, const struct view *view)
{
    static const struct column columns[] = {{"", false}, {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");
    char time[32];

    fact(&table, "bundle", view->version.bundle);
    if (view->version.number) {
        mlops_time_format(view->version.created_ns, time);
        _cleanup_(free_string) char *created =
            cli_format("%s by %s", time, view->version.created_by);
        fact(&table, "created", created);
    }
    add_tags(&table, &view->tags);
    if (view->retired)
        add_retirement(&table, &view->retirement);
    add_code(&table, view->manifest);
    fact(&table, "environment", text_of(member(view->manifest, "environment"), "path"));
    fact(&table, "training", text_of(member(member(view->manifest, "project"), "train"), "run"));
    add_lineage(cli, &table, member(view->manifest, "lineage"));
    add_files(&table, view->manifest);
    cli_table_print(cli, &table);
}

static void add_value(struct table *table, const char *name, const cJSON *value)
{
    char number[32];

    cli_table_cell(table, STYLE_DIM, "%s", name);
    if (cJSON_IsString(value)) {
        cli_table_cell(table, STYLE_PLAIN, "%s", value->valuestring);
    } else if (cJSON_IsNumber(value)) {
        (void)snprintf(number, sizeof(number), "%.10g", value->valuedouble);
        cli_table_cell(table, STYLE_PLAIN, "%s", number);
    } else {
        _cleanup_(free_string) char *text = cli_json_print(value, false);
        cli_table_cell(table, STYLE_PLAIN, "%s", text);
    }
}

/* Nested maps as "outer.inner"; as deep as the parser let them be. */
static void add_values(struct table *table, const char *prefix, const cJSON *values)
{
    const cJSON *value;

    cJSON_ArrayForEach(value, values)
    {
        _cleanup_(free_string) char *name = cli_format("%s%s", prefix, value->string);
        _cleanup_(free_string) char *deeper = cli_format("%s.", name);
        if (cJSON_IsObject(value) && value->child)
            add_values(table, deeper, value);
        else
            add_value(table, name, value);
    }
}

static void print_values(struct cli *cli, const char *title, const cJSON *values)
{
    static const struct column columns[] = {{"", false}, {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");

    if (!cJSON_IsObject(values) || !values->child)
        return;
    heading(cli, title);
    add_values(&table, "", values);
    cli_table_print(cli, &table);
}

static void print_data(struct cli *cli, const cJSON *data)
{
    static const struct column columns[] = {{"", false}, {"", false}, {"", true}, {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");
    const cJSON *snapshot;

    if (!cJSON_IsObject(data) || !data->child)
        return;
    heading(cli, "data");
    cJSON_ArrayForEach(snapshot, data)
    {
        const char *role = text_of(snapshot, "role"), *target = text_of(snapshot, "target");
        double rows = cJSON_GetNumberValue(member(snapshot, "rows"));
        cli_table_cell(&table, STYLE_DIM, "%s", snapshot->string);
        cli_table_cell(&table, STYLE_PLAIN, "%s", text_of(snapshot, "path"));
        cli_table_cell(&table, STYLE_PLAIN, "%.0f rows, %d columns", rows,
                       cJSON_GetArraySize(member(snapshot, "columns")));
        cli_table_cell(&table, STYLE_PLAIN, "%s%s%s%s", role, *role && *target ? ", " : "",
                       *target ? "target " : "", target);
    }
    cli_table_print(cli, &table);
}

/* Is there newer evidence of the same kind and name? */
static bool is_superseded(const struct mlops_evidence_list *list, size_t at)
{
    for (size_t i = at + 1; i < list->count; i++)
        if (str_equal(list->items[i].kind, list->items[at].kind) &&
            str_equal(list->items[i].name, list->items[at].name))
            return true;
    return false;
}

/* What a kind of evidence calls good and bad; what says neither has no colour. */
static enum style status_style(const char *status)
{
    static const char *const good[] = {"passed", "safe", "signed", "better", NULL};
    static const char *const bad[] = {"failed",     "error", "timeout", "flaky", "unsafe",
                                      "unreadable", "worse", NULL};

    for (size_t i = 0; good[i]; i++)
        if (str_equal(status, good[i]))
            return STYLE_GOOD;
    for (size_t i = 0; bad[i]; i++)
        if (str_equal(status, bad[i]))
            return STYLE_BAD;
    return STYLE_PLAIN;
}

static void print_evidence(struct cli *cli, const struct mlops_evidence_list *list)
{
    static const struct column columns[] = {
        {"", false}, {"", false}, {"", false}, {"", false}, {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");

    if (list->count == 0)
        return;
    heading(cli, "evidence");
    for (size_t i = 0; i < list->count; i++) {
        const struct mlops_evidence *evidence = &list->items[i];
        char time[32];
        if (is_superseded(list, i) && !cli->verbose)
            continue;
        mlops_time_format(evidence->recorded_ns, time);
        cli_table_cell(&table, STYLE_DIM, "%s", evidence->kind);
        cli_table_cell(&table, STYLE_PLAIN, "%s", evidence->name);
        cli_table_cell(&table, status_style(evidence->status), "%s", evidence->status);
        cli_table_cell(&table, STYLE_PLAIN, "%s", time);
        cli_table_cell(&table, STYLE_PLAIN, "%s", evidence->actor);
    }
    cli_table_print(cli, &table);
}

static void print_file_list(struct cli *cli, const cJSON *files)
{
    static const struct column columns[] = {{"", false}, {"", true}, {"", false}, {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");
    const cJSON *file;

    heading(cli, "files");
    cJSON_ArrayForEach(file, files)
    {
        const cJSON *size = member(file, "size");
        const char *target = text_of(file, "target");
        const char *end = str_equal(text_of(file, "type"), "folder") ? "/" : *target ? " -> " : "";
        cli_table_cell(&table, STYLE_DIM, "%s", text_of(file, "mode"));
        if (size)
            cli_table_cell(&table, STYLE_PLAIN, "%.0f", cJSON_GetNumberValue(size));
        else
            cli_table_cell(&table, STYLE_PLAIN, "%s", "");
        cli_table_cell(&table, STYLE_PLAIN, "%s%s%s", text_of(file, "path"), end, target);
        cli_table_cell(&table, STYLE_DIM, "%s", text_of(file, "sha256"));
    }
    cli_table_print(cli, &table);
}

/* The files that are not as in the commit; with --verbose their lines, too. */
static int print_changes(struct cli *cli, const cJSON *changes)
{
    static const struct column columns[] = {{"", false}, {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");
    _cleanup_(free_string) char *patch = NULL;
    const cJSON *change;

    if (cJSON_GetArraySize(changes) == 0)
        return MLOPS_OK;
    heading(cli, "not committed");
    cJSON_ArrayForEach(change, changes)
    {
        cli_table_cell(&table, STYLE_DIM, "%s", text_of(change, "status"));
        cli_table_cell(&table, STYLE_PLAIN, "%s", text_of(change, "path"));
    }
    cli_table_print(cli, &table);
    if (!cli->verbose)
        return MLOPS_OK;
    TRY(mlops_code_diff(cli_registry(cli), cli->args[0], &patch, &cli->err));
    _cleanup_(free_string) char *clean = cli_clean(patch ? patch : "", true);
    cli_print(cli, "\n%s", clean);
    return MLOPS_OK;
}

static void print_title(struct cli *cli, const struct view *view)
{
    char name[VERSION_TEXT_SIZE];

    cli_version_format(&view->version, name);
    fprintf(cli->out, "%s%s%s%s", cli_on(cli, STYLE_BOLD), view->version.model,
            view->version.number ? name + strlen(view->version.model) : " (not registered)",
            cli_off(cli, STYLE_BOLD));
    for (size_t i = 0; i < view->stage_count; i++)
        fprintf(cli->out, "%s%s%s%s", i ? ", " : "  in ", cli_on(cli, STYLE_GOOD), view->stages[i],
                cli_off(cli, STYLE_GOOD));
    fputc('\n', cli->out);
}

static void print_description(struct cli *cli, const char *text)
{
    _cleanup_(free_string) char *clean = cli_clean(text, true);
    size_t length = strlen(clean);

    while (length > 0 && clean[length - 1] == '\n')
        clean[--length] = '\0';
    cli_wrap(cli->out, clean, INDENT,
             cli->out_terminal ? cli_terminal_width(STDOUT_FILENO) : SIZE_MAX);
}

static int print_summary(struct cli *cli, const struct view *view)
{
    print_title(cli, view);
    print_description(cli, text_of(view->manifest, "description"));
    fputc('\n', cli->out);
    print_facts(cli, view);
    TRY(print_changes(cli, member(member(member(view->manifest, "code"), "git"), "changes")));
    print_values(cli, "params", member(view->manifest, "params"));
    print_values(cli, "metrics", member(view->manifest, "metrics"));
    print_data(cli, member(view->manifest, "data"));
    print_evidence(cli, &view->evidence);
    if (cli->verbose)
        print_file_list(cli, member(view->manifest, "files"));
    return MLOPS_OK;
}

static int print_bom(struct cli *cli)
{
    _cleanup_(free_string) char *text = NULL;

    TRY(mlops_bom(cli_registry(cli), cli->args[0], &text, &cli->err));
    return cli_print_json(cli, cJSON_Parse(text));
}

static int print_graph(struct cli *cli)
{
    _cleanup_(mlops_lineage_clear) struct mlops_lineage lineage = {0};

    TRY(mlops_lineage_of(cli_registry(cli), cli->args[0], &lineage, &cli->err));
    return cli_print_lineage(cli, &lineage);
}

static int run(struct cli *cli)
{
    _cleanup_(view_clear) struct view view = {0};

    if (cli_flag(cli, "bom"))
        return print_bom(cli);
    if (cli_flag(cli, "graph") || cli_flag(cli, "dot"))
        return print_graph(cli);
    const char *predicted = cli_text(cli, "predictions");
    const char *suite = predicted ? predicted : cli_text(cli, "log");
    cJSON *log = NULL;
    if (suite && !cli->json)
        return cli_show_log(cli, suite, predicted);
    TRY(load(cli, &view));
    if (suite)
        TRY(cli_log_json(cli, suite, &log));
    return cli->json ? print_document(cli, &view, log) : print_summary(cli, &view);
}

const struct command command_show = {
    .name = "show",
    .summary = "show what a version is made of",
    .synopsis = "REF",
    .description =
        "Its bundle, stages, git commit, parameters, metrics, data snapshots, and the newest "
        "evidence of each test suite; with --verbose, every file, all evidence, and the lines of "
        "code that were not committed. The manifest "
        "is verified against the bundle's id.",
    .group = GROUP_LOOK,
    .registry = true,
    .pager = true,
    .args = {{"REF", COMPLETE_REF, NULL}},
    .options = {LINEAGE_OPTIONS("instead, what it was made from and what was made from it"),
                {.name = "bom", .help = "print its bill of materials: CycloneDX 1.6, JSON"},
                {.name = "log",
                 .kind = OPTION_TEXT,
                 .argument = "SUITE",
                 .help = "print what the suite printed when 'mlops test' ran it last: its standard "
                         "output to stdout, its standard error to stderr"},
                {.name = "predictions",
                 .kind = OPTION_TEXT,
                 .argument = "SUITE",
                 .help = "print the predictions by which the suite was judged last"}},
    .examples = {{"mlops show fraud@production", "what is in production"},
                 {"mlops show fraud@production --graph", "where does it come from?"},
                 {"mlops show fraud@production --bom > bom.json", "for an auditor's tools"},
                 {"mlops show fraud@3 --log holdout", "what a suite printed"},
                 {"mlops --json show fraud | jq .manifest.params", "the newest one's parameters"}},
    .exits = {{5, "the manifest is damaged"}},
    .json =
        {{"model", "text", "whose version it is"},
         {"version", "number?", "null for a bundle that is not registered"},
         {"bundle", "text", "its id"},
         {"created_at", "time?", "when it was registered"},
         {"created_by", "text?", "who registered it"},
         {"stages", "array", "names of the stages that hold it now"},
         {"tags", "object", "from names to values"},
         {"retired", "object?", "at, by, reason, files_released_at; null where it is in use"},
         {"manifest", "object", "all that the bundle holds; docs/manifest.md describes it"},
         LINEAGE_JSON,
         {"evidence[].id", "number", "oldest first"},
         {"evidence[].kind", "text", "test"},
         {"evidence[].name", "text", "of the suite"},
         {"evidence[].status", "text", "such as passed or failed"},
         {"evidence[].actor", "text", "who made it"},
         {"evidence[].recorded_at", "time", "when"},
         {"evidence[].body", "object", "what was found"},
         {"log", "object?",
          "with --log or --predictions: suite, status, evidence (its id), recorded_at, logs and "
          "predictions as 'mlops test' has them"}},
    .run = run,
};
