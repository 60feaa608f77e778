/* cmd/cli_test.h - what the files of 'mlops test' share. */
#ifndef CLI_TEST_H
#define CLI_TEST_H
#include "cli.h"

/* For people: suites, metrics, what was expected, output, and a summary (test_print.c). */
void test_report_print(struct cli *cli, const struct mlops_test_report *report);
/* For programs: the document (test_json.c). */
cJSON *test_report_json(const struct mlops_test_report *report);
/* For other tools: the files that the options name, and what GitHub Actions shows where it runs us
 * (test_tools.c). Errors: MLOPS_IO. */
int test_report_tell(struct cli *cli, const struct mlops_test_report *report);

/* GitHub Actions obeys lines that begin with "::", also those that a suite printed. Print `text`
 * between two that say not to, with a token that no suite knows (test_tools.c). */
void test_print_unobeyed(struct cli *cli, const char *text);

/* A suite held against those of other versions (test_compare.c). */
void test_comparisons_print(struct cli *cli, const struct mlops_suite_result *suite);
cJSON *test_comparisons_json(const struct mlops_suite_result *suite);

#endif
