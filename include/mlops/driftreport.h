/*
 * include/mlops/driftreport.h - the report of `mlops drift` for people: HTML, Markdown, SVG.
 */
#ifndef MLOPS_DRIFTREPORT_H
#define MLOPS_DRIFTREPORT_H
#include <mlops/drift.h>
MLOPS_BEGIN

/* All are text that the caller frees. Names and values from tables are escaped: they cannot become
 * markup. */

/* One HTML file that needs nothing else, no network and no script to be read: verdict, a row for
 * each column with its distribution in both tables, thresholds, what moved. Light and dark as the
 * reader's system is, fit to be printed; a script of its own sorts the rows. About 3 KB a column. */
MLOPS_API char *mlops_drift_report_html(const struct mlops_drift_report *report);

/* GitHub-flavoured Markdown, for a pull request or a step summary. */
MLOPS_API char *mlops_drift_report_markdown(const struct mlops_drift_report *report);

/*
 * The distribution of one column in both tables as an SVG image of its own.
 * Errors: MLOPS_NOT_FOUND no such column was compared; the hint has the nearest names.
 */
MLOPS_API int mlops_drift_report_svg(const struct mlops_drift_report *report, const char *column,
                                     char **svg, struct mlops_error *err);

MLOPS_END
#endif
