/* lib/report/drift_rows.c - the measures of whole rows as lines of a table. */
#include "report/drift_rows.h"
#include <math.h>
#include <stdio.h>

static struct drift_rows_line told_apart(const struct mlops_drift_report *report)
{
    struct drift_rows_line line = {.measure = "told apart by a classifier, AUC",
                                   .decides = true,
                                   .differs = report->domain_auc > report->domain_threshold};
    snprintf(line.snapshot, sizeof(line.snapshot), "0.50");
    snprintf(line.current, sizeof(line.current), "%.2f", report->domain_auc);
    snprintf(line.chance, sizeof(line.chance), "up to %.2f", report->domain_threshold);
    return line;
}

static struct drift_rows_line paired(const struct mlops_drift_report *report)
{
    struct drift_rows_line line = {.measure = "correlation that changed most",
                                   .decides = true,
                                   .differs = report->pair_statistic > report->pair_threshold,
                                   .by = report->pair[0],
                                   .also = report->pair[1]};
    snprintf(line.snapshot, sizeof(line.snapshot), "%.2f", report->pair_reference);
    snprintf(line.current, sizeof(line.current), "%.2f", report->pair_current);
    snprintf(line.chance, sizeof(line.chance), "%.1f deviations, up to %.1f",
             report->pair_statistic, report->pair_threshold);
    return line;
}

static struct drift_rows_line rebuilt(const struct mlops_drift_report *report)
{
    double found = report->reconstruction_current;
    struct drift_rows_line line = {.measure = "error of rows rebuilt from principal components",
                                   .differs = found < report->reconstruction_low ||
                                              found > report->reconstruction_high};
    snprintf(line.snapshot, sizeof(line.snapshot), "%.4g", report->reconstruction_reference);
    snprintf(line.current, sizeof(line.current), "%.4g", found);
    snprintf(line.chance, sizeof(line.chance), "%.4g to %.4g", report->reconstruction_low,
             report->reconstruction_high);
    return line;
}

static struct drift_rows_line isolated(const struct mlops_drift_report *report)
{
    struct drift_rows_line line = {.measure = "rows that stand apart by all columns together",
                                   .differs =
                                       report->isolated_current > report->isolated_threshold};
    snprintf(line.snapshot, sizeof(line.snapshot), "%.1f %%", 100 * report->isolated_reference);
    snprintf(line.current, sizeof(line.current), "%.1f %%", 100 * report->isolated_current);
    snprintf(line.chance, sizeof(line.chance), "up to %.1f %%", 100 * report->isolated_threshold);
    line.by = line.differs ? report->isolated_by : NULL;
    return line;
}

size_t drift_rows_lines(const struct mlops_drift_report *report,
                        struct drift_rows_line lines[DRIFT_ROWS_MAX])
{
    size_t count = 0;
    if (!isnan(report->domain_auc))
        lines[count++] = told_apart(report);
    if (!isnan(report->pair_statistic))
        lines[count++] = paired(report);
    if (!isnan(report->reconstruction_current))
        lines[count++] = rebuilt(report);
    if (!isnan(report->isolated_current))
        lines[count++] = isolated(report);
    return count;
}
