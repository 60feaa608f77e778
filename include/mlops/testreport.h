/*
 * include/mlops/testreport.h - the report of `mlops test` in the formats of others.
 */
#ifndef MLOPS_TESTREPORT_H
#define MLOPS_TESTREPORT_H
#include <mlops/trial.h>
MLOPS_BEGIN

/* All are text that the caller frees. */

/* JUnit XML, a test case for each suite: valid by the schema of Jenkins' xUnit plugin (junit-10)
 * and that of Apache Ant. */
MLOPS_API char *mlops_test_report_junit(const struct mlops_test_report *report);

/* What others take: GitHub 65,536 characters of a comment, and 1 MiB of a step's summary, of which
 * it shows nothing where there is more ("Adding a job summary" in its documentation). */
#define MLOPS_MARKDOWN_COMMENT ((size_t)65536)
#define MLOPS_MARKDOWN_SUMMARY ((size_t)1 << 20)

/* GitHub-flavoured Markdown, for a pull request or a step summary: suites, metrics, the output of
 * those that did not pass. At most `most` bytes, 4,000 or more, or 0 for all: what has no room is
 * left out, the last part first, and counted. */
MLOPS_API char *mlops_test_report_markdown(const struct mlops_test_report *report, size_t most);

/* Workflow commands of GitHub Actions, a line for each suite that did not pass: "::error …", and
 * "::warning …" for a flaky one. Of each kind the runner makes annotations of the first ten of a
 * step, and cuts a message after 4,096 characters: with more than ten the tenth line names the
 * rest, and what is cut says so. */
MLOPS_API char *mlops_test_report_github(const struct mlops_test_report *report);

/* A metrics report of GitLab, which is OpenMetrics text: a line for each metric. */
MLOPS_API char *mlops_test_report_gitlab(const struct mlops_test_report *report);

MLOPS_END
#endif
