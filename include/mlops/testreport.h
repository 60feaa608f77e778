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

/* GitHub-flavoured Markdown, for a pull request or a step summary: suites, metrics, the output of
 * those that did not pass. */
MLOPS_API char *mlops_test_report_markdown(const struct mlops_test_report *report);

/* Workflow commands of GitHub Actions, a line for each suite that did not pass: "::error …", and
 * "::warning …" for a flaky one. */
MLOPS_API char *mlops_test_report_github(const struct mlops_test_report *report);

/* A metrics report of GitLab, which is OpenMetrics text: a line for each metric. */
MLOPS_API char *mlops_test_report_gitlab(const struct mlops_test_report *report);

MLOPS_END
#endif
