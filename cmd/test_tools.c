/* cmd/test_tools.c - 'mlops test': what suites came to, for other tools: files for CI systems, and
 * GitHub Actions where it runs us. */
#include "cli_test.h"
#include <inttypes.h>
#include <sys/random.h>
#include <sys/stat.h>

static bool in_github(void)
{
    const char *inside = getenv("GITHUB_ACTIONS");
    return inside && str_equal(inside, "true");
}

static int write_option(struct cli *cli, const char *option, const struct mlops_test_report *report,
                        char *(*format)(const struct mlops_test_report *))
{
    const char *path = cli_text(cli, option);
    if (!path)
        return MLOPS_OK;
    _cleanup_(free_string) char *text = format(report);
    return cli_write_text(cli, path, "we", text);
}

static int add_step_summary(struct cli *cli, const struct mlops_test_report *report,
                            const char *path)
{
    struct stat status = {0};
    /* by others in this step */
    size_t used = stat(path, &status) == 0 ? (size_t)status.st_size : 0;

    if (used + 4000 > MLOPS_MARKDOWN_SUMMARY) {
        cli_warn(cli, "the step's summary is full, and these tests are not in it");
        return MLOPS_OK;
    }
    _cleanup_(free_string) char *text =
        mlops_test_report_markdown(report, MLOPS_MARKDOWN_SUMMARY - used);
    return cli_write_text(cli, path, "ae", text);
}

/* Within GitHub Actions: annotations, which the runner takes from stderr as well, so that stdout
 * stays what was asked for; and the summary of the step. */
static int tell_github(struct cli *cli, const struct mlops_test_report *report)
{
    const char *summary = getenv("GITHUB_STEP_SUMMARY");
    if (!in_github())
        return MLOPS_OK;
    _cleanup_(free_string) char *commands = mlops_test_report_github(report);
    cli_progress_clear(cli);
    (void)fputs(commands, stderr); /* nobody reads it: the exit status says the same */
    if (!summary || !*summary)
        return MLOPS_OK;
    return add_step_summary(cli, report, summary);
}

static char *comment(const struct mlops_test_report *report)
{
    return mlops_test_report_markdown(report, MLOPS_MARKDOWN_COMMENT);
}

void test_print_unobeyed(struct cli *cli, const char *text)
{
    uint64_t token = 0;
    if (!in_github()) {
        cli_print(cli, "%s", text);
        return;
    }
    if (getrandom(&token, sizeof(token), 0) != (ssize_t)sizeof(token))
        return; /* rather nothing than what a suite may command */
    cli_print(cli, "::stop-commands::%016" PRIx64, token);
    cli_print(cli, "%s", text);
    cli_print(cli, "::%016" PRIx64 "::", token);
}

int test_report_tell(struct cli *cli, const struct mlops_test_report *report)
{
    TRY(write_option(cli, "junit", report, mlops_test_report_junit));
    TRY(write_option(cli, "markdown", report, comment));
    TRY(write_option(cli, "gitlab-metrics", report, mlops_test_report_gitlab));
    return tell_github(cli, report);
}
