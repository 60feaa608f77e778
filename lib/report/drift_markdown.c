/* lib/report/drift_markdown.c - the report of drift as Markdown. */
#include "report/drift_picture.h"
#include "report/drift_rows.h"
#include "report/markdown.h"
#include <math.h>
#include <mlops/driftreport.h>

/* A column's shares as eight heights of blocks. */
static void add_blocks(struct buffer *text, const struct mlops_drift_column *column, bool current)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double most = drift_picture_tallest(column);
    for (size_t i = 0; i < column->bar_count; i++) {
        double share = current ? column->bars[i].current : column->bars[i].reference;
        double height = ceil(fmin(fmax(share, 0) / most, 1) * 8 - 1e-9);
        buffer_puts(text, blocks[height > 1 ? (size_t)height - 1 : 0]);
    }
}

static void add_row(struct buffer *text, const struct mlops_drift_column *column)
{
    buffer_printf(text, "| %s | ", column->drift ? "❌" : "✅");
    markdown_cell(text, column->name);
    buffer_puts(text, " | `");
    add_blocks(text, column, false);
    buffer_puts(text, "` | `");
    add_blocks(text, column, true);
    buffer_printf(text, "` | %s %.4g | %.4g | %.1f → %.1f %% | ", column->method, column->statistic,
                  column->threshold, 100 * column->missing_reference,
                  100 * column->missing_current);
    markdown_cell(text, column->detail ? column->detail : "");
    buffer_puts(text, " |\n");
}

/* What rows show that no column shows by itself. */
static void add_rows(struct buffer *text, const struct mlops_drift_report *report)
{
    struct drift_rows_line lines[DRIFT_ROWS_MAX];
    size_t count = drift_rows_lines(report, lines);
    if (count > 0)
        buffer_puts(text, "\n| | whole rows | snapshot | current | by chance |\n"
                          "| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < count; i++) {
        buffer_printf(text, "| %s | %s",
                      !lines[i].differs  ? "✅"
                      : lines[i].decides ? "❌"
                                         : "❗",
                      lines[i].measure);
        if (lines[i].by) {
            buffer_puts(text, lines[i].also ? ", of " : ", most by ");
            markdown_cell(text, lines[i].by);
        }
        if (lines[i].also) {
            buffer_puts(text, " and ");
            markdown_cell(text, lines[i].also);
        }
        buffer_printf(text, " | %s | %s | %s |\n", lines[i].snapshot, lines[i].current,
                      lines[i].chance);
    }
}

char *mlops_drift_report_markdown(const struct mlops_drift_report *report)
{
    struct buffer text = {0};
    size_t drifted = 0;
    for (size_t i = 0; i < report->column_count; i++)
        drifted += report->columns[i].drift;
    buffer_puts(&text, !report->drift ? "### ✅ No drift in "
                       : drifted == 0 ? "### ❌ Drift of whole rows, of none of "
                                      : "### ❌ Drift in ");
    if (drifted > 0)
        buffer_printf(&text, "%zu of ", drifted);
    buffer_printf(&text, "%zu column%s: ", report->column_count,
                  report->column_count == 1 ? "" : "s");
    markdown_cell(&text, report->version.model[0] ? report->version.model : report->version.bundle);
    if (report->version.number)
        buffer_printf(&text, "@%llu", (unsigned long long)report->version.number);
    buffer_printf(&text, "\n\n%llu %s against the %llu of the snapshot ",
                  (unsigned long long)report->rows, report->rows == 1 ? "row" : "rows",
                  (unsigned long long)report->rows_reference);
    markdown_cell(&text, report->data);
    buffer_printf(&text, "; without drift there is an alarm in %s%g %% of cases.\n\n",
                  report->calibrated ? "about " : "at most ", 100 * report->far);
    buffer_puts(&text, "| | column | snapshot | current | statistic | threshold | missing | what "
                       "moved |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < report->column_count; i++)
        add_row(&text, &report->columns[i]);
    add_rows(&text, report);
    return buffer_steal(&text);
}
