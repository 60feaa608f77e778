/* cmd/diff.c - mlops diff REF REF */
#include "cli_document.h"

/* A value as a person reads it, "-" where it is not there. The caller frees. */
static char *show(const cJSON *value)
{
    char number[32];

    if (!value || cJSON_IsNull(value))
        return cli_format("-");
    if (cJSON_IsString(value))
        return cli_format("%s", value->valuestring);
    if (!cJSON_IsNumber(value))
        return cli_json_print(value, false);
    (void)snprintf(number, sizeof(number), "%.10g", value->valuedouble);
    return cli_format("%s", number);
}

/* "+0.02 (+2.2%)", empty where it is no number. The caller frees. */
static char *show_change(const cJSON *item)
{
    const cJSON *change = member(item, "change"), *relative = member(item, "relative");

    if (!cJSON_IsNumber(change))
        return cli_format("%s", "");
    if (!cJSON_IsNumber(relative))
        return cli_format("%+.4g", change->valuedouble);
    return cli_format("%+.4g (%+.1f%%)", change->valuedouble, 100 * relative->valuedouble);
}

static char *show_size(const cJSON *file)
{
    const cJSON *from = member(file, "size_from"), *to = member(file, "size_to");
    const cJSON *added = member(file, "added"), *removed = member(file, "removed");
    char one[32] = "-", other[32] = "-";

    if (added)
        return cli_format("+%.0f -%.0f", added->valuedouble, removed ? removed->valuedouble : 0);
    if (cJSON_IsNumber(from))
        cli_size_format((uint64_t)from->valuedouble, one);
    if (cJSON_IsNumber(to))
        cli_size_format((uint64_t)to->valuedouble, other);
    return cli_format("%s -> %s", one, other);
}

/* ---- rows, which a table and Markdown both have -------------------------------------------- */

struct out {
    struct cli *cli;
    bool markdown;
};

static void heading(const struct out *out, const char *title)
{
    struct cli *cli = out->cli;

    if (out->markdown)
        cli_print(cli, "\n### %s\n", title);
    else
        cli_print(cli, "\n%s%s%s", cli_on(cli, STYLE_BOLD), title, cli_off(cli, STYLE_BOLD));
}

/* A cell of Markdown: what would end it, or begin something else, is made harmless. */
static char *escape_cell(const char *text)
{
    _cleanup_(free_string) char *clean = cli_clean(text, false);
    char *escaped = cli_allocate(2 * strlen(clean) + 1, 1), *to = escaped;

    for (const char *from = clean; *from; from++) {
        if (strchr("|`<>[]*_\\", *from))
            *to++ = '\\';
        *to++ = *from;
    }
    return escaped;
}

static void row(const struct out *out, struct table *table, const char *const *cells, size_t count)
{
    if (!out->markdown) {
        for (size_t i = 0; i < count; i++)
            cli_table_cell(table, STYLE_PLAIN, "%s", cells[i]);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        _cleanup_(free_string) char *cell = escape_cell(cells[i]);
        fprintf(out->cli->out, "| %s ", cell);
    }
    fputs("|\n", out->cli->out);
}

static void print_values(const struct out *out, const char *title, const cJSON *values)
{
    static const struct column columns[] = {{"", false}, {"", true}, {"", true}, {"", true}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");
    const cJSON *item;

    if (!values || !values->child)
        return;
    heading(out, title);
    if (out->markdown)
        cli_print(out->cli, "| | from | to | change |\n| --- | ---: | ---: | ---: |");
    cJSON_ArrayForEach(item, values)
    {
        _cleanup_(free_string) char *from = show(member(item, "from"));
        _cleanup_(free_string) char *to = show(member(item, "to"));
        _cleanup_(free_string) char *change = show_change(item);
        row(out, &table, (const char *const[]){text_of(item, "name"), from, to, change}, 4);
    }
    cli_table_print(out->cli, &table);
}

/* "age int -> float; drift in 1 of its columns: age (median 41 -> 77)". The caller frees. */
static char *describe_data(const cJSON *snapshot)
{
    const cJSON *drift = member(snapshot, "drift"), *item;
    char *text = cli_format("%s", "");

    cJSON_ArrayForEach(item, member(snapshot, "columns"))
    {
        _cleanup_(free_string) char *before = text;
        _cleanup_(free_string) char *from = show(member(item, "from"));
        _cleanup_(free_string) char *to = show(member(item, "to"));
        text = cli_format("%s%s%s: %s -> %s", before, *before ? "; " : "", text_of(item, "name"),
                          from, to);
    }
    cJSON_ArrayForEach(item, member(drift, "columns"))
    {
        _cleanup_(free_string) char *before = text;
        text = cli_format("%s%s%s drifted (%s)", before, *before ? "; " : "", text_of(item, "name"),
                          text_of(item, "detail"));
    }
    return text;
}

static void print_data(const struct out *out, const cJSON *data)
{
    static const struct column columns[] = {
        {"", false}, {"", false}, {"", true}, {"", true}, {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");
    const cJSON *item;

    if (!data || !data->child)
        return;
    heading(out, "data");
    if (out->markdown)
        cli_print(out->cli, "| | | rows from | rows to | |\n| --- | --- | ---: | ---: | --- |");
    cJSON_ArrayForEach(item, data)
    {
        _cleanup_(free_string) char *from = show(member(item, "rows_from"));
        _cleanup_(free_string) char *to = show(member(item, "rows_to"));
        _cleanup_(free_string) char *what = describe_data(item);
        row(out, &table,
            (const char *const[]){text_of(item, "name"), text_of(item, "status"), from, to, what},
            5);
    }
    cli_table_print(out->cli, &table);
}

static void print_environment(const struct out *out, const cJSON *environment)
{
    static const struct column columns[] = {
        {"", false}, {"", false}, {"", false}, {"", false}, {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");
    const cJSON *item;

    if (!environment || !environment->child)
        return;
    heading(out, "environment");
    if (out->markdown)
        cli_print(out->cli, "| package | | | from | to |\n| --- | --- | --- | --- | --- |");
    cJSON_ArrayForEach(item, environment)
    {
        _cleanup_(free_string) char *from = show(member(item, "from"));
        _cleanup_(free_string) char *to = show(member(item, "to"));
        row(out, &table,
            (const char *const[]){text_of(item, "name"), text_of(item, "kind"),
                                  text_of(item, "status"), from, to},
            5);
    }
    cli_table_print(out->cli, &table);
}

/* "1f3a… on main, 2 files changed". The caller frees. */
static char *show_commit(const cJSON *git)
{
    const char *commit = text_of(git, "commit"), *branch = text_of(git, "branch");
    const cJSON *changes = member(git, "changes");
    int count = cJSON_GetArraySize(changes);

    if (!cJSON_IsObject(git))
        return cli_format("not in git");
    if (!cJSON_IsTrue(member(git, "dirty")))
        return cli_format("%.12s%s%s", *commit ? commit : "no commit", *branch ? " on " : "",
                          branch);
    return cli_format("%.12s%s%s, and %d file%s beside it", *commit ? commit : "no commit",
                      *branch ? " on " : "", branch, count, count == 1 ? "" : "s");
}

/* The commits, where they differ or something differs from them. */
static void print_code(const struct out *out, const cJSON *code)
{
    static const struct column columns[] = {{"", false}, {"", false}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");
    const cJSON *from = member(code, "from"), *to = member(code, "to");

    if (cJSON_Compare(from, to, true))
        return;
    _cleanup_(free_string) char *before = show_commit(from), *after = show_commit(to);
    heading(out, "code");
    if (out->markdown)
        cli_print(out->cli, "| | |\n| --- | --- |");
    row(out, &table, (const char *const[]){"from", before}, 2);
    row(out, &table, (const char *const[]){"to", after}, 2);
    cli_table_print(out->cli, &table);
}

static void print_files(const struct out *out, const cJSON *files)
{
    static const struct column columns[] = {{"", false}, {"", false}, {"", false}, {"", true}};
    _cleanup_(cli_table_clear) struct table table = TABLE(columns, TITLES_NEVER, "  ");
    const cJSON *item;

    if (!files || !files->child)
        return;
    heading(out, "files");
    if (out->markdown)
        cli_print(out->cli, "| file | kind | | size or lines |\n| --- | --- | --- | ---: |");
    cJSON_ArrayForEach(item, files)
    {
        _cleanup_(free_string) char *size = show_size(item);
        row(out, &table,
            (const char *const[]){text_of(item, "path"), text_of(item, "kind"),
                                  text_of(item, "status"), size},
            4);
    }
    cli_table_print(out->cli, &table);
}

static void print_line(struct cli *cli, const char *line, size_t length)
{
    _cleanup_(free_string) char *text = cli_copy(line, length);
    _cleanup_(free_string) char *clean = cli_clean(text, true);
    enum style style = *clean == '+'   ? STYLE_GOOD
                       : *clean == '-' ? STYLE_BAD
                       : *clean == '@' ? STYLE_NOTICE
                                       : STYLE_PLAIN;

    cli_print(cli, "%s%s%s", cli_on(cli, style), clean, cli_off(cli, style));
}

static char *name_of(const cJSON *version)
{
    const cJSON *number = member(version, "version");

    return cJSON_IsNumber(number)
               ? cli_format("%s@%.0f", text_of(version, "model"), number->valuedouble)
               : cli_format("%.23s", text_of(version, "bundle"));
}

static const char fence[] = "``````````"; /* of Markdown; text that has it is left out */

static void print_lines(const struct out *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        print_line(out->cli, text, length);
        text += length + (text[length] == '\n');
    }
    if (out->markdown)
        cli_print(out->cli, "%s", fence);
}

static void open_text(const struct out *out)
{
    if (out->markdown)
        cli_print(out->cli, "\n%sdiff", fence);
    else
        cli_print(out->cli, "%s", "");
}

/* What a side has that its commit has not, unless the other side has the same. */
static void print_patch(const struct out *out, const cJSON *document, const char *side)
{
    const cJSON *code = member(document, "code");
    const char *from = text_of(code, "diff_from"), *to = text_of(code, "diff_to");
    const char *text = str_equal(side, "from") ? from : to;

    if (!*text || str_equal(from, to) || (out->markdown && strstr(text, fence)))
        return;
    _cleanup_(free_string) char *name = name_of(member(document, side));
    _cleanup_(free_string) char *title = cli_format("not committed in %s", name);
    heading(out, title);
    open_text(out);
    print_lines(out, text);
}

static void print_text(const struct out *out, const cJSON *file)
{
    const char *text = text_of(file, "diff"), *path = text_of(file, "path");
    const char *status = text_of(file, "status");

    if (!*text || (out->markdown && strstr(text, fence)))
        return;
    open_text(out);
    cli_print(out->cli, "--- %s%s", str_equal(status, "added") ? "/dev/null" : "a/",
              str_equal(status, "added") ? "" : path);
    cli_print(out->cli, "+++ %s%s", str_equal(status, "removed") ? "/dev/null" : "b/",
              str_equal(status, "removed") ? "" : path);
    print_lines(out, text);
}

static int print_all(const struct out *out, const cJSON *document)
{
    _cleanup_(free_string) char *from = name_of(member(document, "from"));
    _cleanup_(free_string) char *to = name_of(member(document, "to"));
    const cJSON *file;

    cli_print(out->cli, "%s%s -> %s%s", out->markdown ? "## " : "", from, to,
              cJSON_IsTrue(member(document, "same")) ? ": the same bundle" : "");
    print_values(out, "metrics", member(document, "metrics"));
    print_values(out, "params", member(document, "params"));
    print_data(out, member(document, "data"));
    print_environment(out, member(document, "environment"));
    print_code(out, member(document, "code"));
    print_files(out, member(document, "files"));
    if (cli_flag(out->cli, "stat"))
        return MLOPS_OK;
    cJSON_ArrayForEach(file, member(document, "files"))
    {
        print_text(out, file);
    }
    print_patch(out, document, "from");
    print_patch(out, document, "to");
    return MLOPS_OK;
}

static int run(struct cli *cli)
{
    const struct out out = {.cli = cli, .markdown = cli_flag(cli, "markdown")};
    _cleanup_(free_string) char *json = NULL;

    TRY(mlops_diff(cli_registry(cli), cli->args[0], cli->args[1], &json, &cli->err));
    cJSON *document = cJSON_Parse(json);
    if (!document)
        abort(); /* it was written a moment ago */
    if (cli->json)
        return cli_print_json(cli, document);
    int code = print_all(&out, document);
    cJSON_Delete(document);
    return code;
}

const struct command command_diff = {
    .name = "diff",
    .summary = "show what differs between two versions",
    .synopsis = "FROM TO",
    .description =
        "Metrics and parameters with how much they moved; data snapshots with rows, columns and "
        "what drifted between their profiles; packages of the environment; every file that was "
        "added, removed or changed, and "
        "for those of text (code, environment, parameters) the lines, as 'diff -u' has them.\n\n"
        "FROM and TO may be versions of different models, and of retired ones.",
    .group = GROUP_LOOK,
    .registry = true,
    .pager = true,
    .args = {{"FROM", COMPLETE_REF, NULL}, {"TO", COMPLETE_REF, NULL}},
    .options = {{.name = "stat", .help = "leave the lines of the files out"},
                {.name = "markdown", .help = "as Markdown, for the comment of a pull request"}},
    .examples = {{"mlops diff fraud@production fraud", "what would change?"},
                 {"mlops diff fraud@3 fraud@4 --markdown --stat", "for a pull request"},
                 {"mlops --json diff fraud@3 fraud@4 | jq .metrics", "for a script"}},
    .json = {{"from", "object", "model, version, bundle"},
             {"to", "object", "the same of the other"},
             {"same", "bool", "are they the same bundle?"},
             {"params[].name", "text", "of a parameter that differs; maps as outer.inner"},
             {"params[].from", "text?", "its value of any type; null where it is not there"},
             {"params[].to", "text?", "the same of the other"},
             {"metrics[].name", "text", "likewise, and for numbers of parameters, too:"},
             {"metrics[].change", "number", "to - from"},
             {"metrics[].relative", "number?", "change / |from|; null where from is 0"},
             {"data[].name", "text", "of a snapshot that differs"},
             {"data[].status", "text", "added, removed, changed"},
             {"data[].rows_from", "number?", "rows before"},
             {"data[].rows_to", "number?", "rows after"},
             {"data[].columns", "array", "name, from, to: types that differ; null where missing"},
             {"data[].drift", "object", "share, and columns: name, method, statistic, detail"},
             {"environment[].name", "text",
              "of a package that differs, as 'mlops env diff' has them"},
             {"environment[].kind", "text", "python, pypi, conda, image, os and so on"},
             {"environment[].status", "text", "added, removed, version, build"},
             {"environment[].from", "text?", "its version; null where it is not there or not said"},
             {"environment[].to", "text?", "the same of the other"},
             {"code", "object",
              "from, to: what git said; null outside of git. diff_from, diff_to: what was not "
              "committed"},
             {"files[].path", "text", "of a file that differs"},
             {"files[].kind", "text",
              "code, artifact, data, environment, params, metrics, project"},
             {"files[].status", "text", "added, removed, modified, mode"},
             {"files[].size_from", "number?", "bytes before"},
             {"files[].size_to", "number?", "bytes after"},
             {"files[].diff", "text", "of texts: the hunks; added and removed count their lines"}},
    .run = run,
};
