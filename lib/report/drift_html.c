/* lib/report/drift_html.c - the report of drift as one HTML file that needs nothing else. */
#include "report/drift_picture.h"
#include <math.h>
#include <mlops/driftreport.h>
#include <mlops/text.h>

#define PICTURE_WIDTH 216
#define PICTURE_HEIGHT 48
#define COURSE_HEIGHT 28
#define LABELS 4   /* categories whose shares are written out */
#define SEGMENTS 3 /* told of each column */

/* The picture shows the snapshot as a grey area and the current table as a coloured line: told
 * apart by shape, so that a printer without colour shows both. */
static const char head[] =
    "<meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width,initial-scale=1\">\n<style>\n"
    ":root{color-scheme:light dark;--ground:#fff;--text:#1c2127;--soft:#5b6570;--line:#d9dee3;"
    "--area:#9aa5b1;--now:#c2410c;--good:#15803d}\n"
    "@media(prefers-color-scheme:dark){:root{--ground:#14181d;--text:#e6e9ec;--soft:#9aa5b1;"
    "--line:#2c343c;--area:#66717d;--now:#fb923c;--good:#4ade80}}\n"
    "body{font:15px/1.45 system-ui,sans-serif;background:var(--ground);color:var(--text);"
    "max-width:75rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.5rem;margin:0}p{margin:.3rem 0}.soft,small{color:var(--soft)}"
    "small{display:block;max-width:14rem;overflow-wrap:anywhere}\n"
    "table{border-collapse:collapse;width:100%;margin-top:1.2rem}"
    "th,td{text-align:left;padding:.45rem .8rem .45rem 0;border-bottom:1px solid var(--line);"
    "vertical-align:top}\n"
    "th{color:var(--soft);font-weight:600;font-size:.85rem;white-space:nowrap}"
    "th[data-sort]{cursor:pointer}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "th.n{text-align:right}\n"
    ".drift{color:var(--now);font-weight:700}.ok{color:var(--good)}"
    "td b{overflow-wrap:break-word}"
    "td:last-child{width:30%}td:last-child small{max-width:none}\n"
    ".s{fill:none;stroke:var(--soft)}.m{stroke:var(--now);stroke-dasharray:3 2}\n"
    ".r{fill:var(--area);fill-opacity:.55}.c{fill:none;stroke:var(--now);stroke-width:1.6}"
    ".key{display:inline-block;width:1.1em;height:.7em;margin-right:.3em}"
    ".key.a{background:var(--area);opacity:.7}.key.b{border-bottom:2px solid var(--now)}\n"
    "@media print{body{max-width:none;margin:0;font-size:11px}tr{break-inside:avoid}"
    "thead{display:table-header-group}}\n</style>\n";

/* Numbers sort as numbers, words as words; the same title again turns the order round. */
static const char script[] =
    "<script>\n"
    "document.querySelectorAll('th[data-sort]').forEach(function(th){th.onclick=function(){"
    "var at=th.cellIndex,body=th.closest('table').tBodies[0],"
    "up=th.dataset.up!=='1';th.dataset.up=up?'1':'0';"
    "Array.from(body.rows).sort(function(a,b){"
    "var x=a.cells[at].dataset.v,y=b.cells[at].dataset.v,n=x-y;"
    "var d=isNaN(n)?x.localeCompare(y):n;return up?d:-d"
    "}).forEach(function(r){body.append(r)})}})\n</script>\n";

/* Drifted columns that go together, group by group. */
static void add_together(struct buffer *out, const struct mlops_drift_report *report)
{
    for (size_t group = 1, members = 1; members > 0; group++) {
        members = 0;
        for (size_t i = 0; i < report->column_count; i++) {
            if (report->columns[i].together != group)
                continue;
            buffer_puts(out, members++ ? ", " : "<p class=soft>Drifted together: ");
            drift_picture_escape(out, report->columns[i].name);
        }
        buffer_puts(out, members ? "</p>\n" : "");
    }
}

static void add_summary(struct buffer *out, const struct mlops_drift_report *report)
{
    size_t drifted = 0;
    for (size_t i = 0; i < report->column_count; i++)
        drifted += report->columns[i].drift;
    buffer_puts(out, "<h1>");
    drift_picture_escape(out,
                         report->version.model[0] ? report->version.model : report->version.bundle);
    if (report->version.number)
        buffer_printf(out, "@%llu", (unsigned long long)report->version.number);
    buffer_printf(out, ": <span class=%s>", report->drift ? "drift" : "ok");
    if (report->drift)
        buffer_printf(out, "drift in %zu of %zu columns", drifted, report->column_count);
    else
        buffer_printf(out, "no drift in %zu columns", report->column_count);
    buffer_puts(out, "</span></h1>\n<p class=soft>");
    buffer_printf(out, "%llu rows against the %llu of the snapshot ‘",
                  (unsigned long long)report->rows, (unsigned long long)report->rows_reference);
    drift_picture_escape(out, report->data);
    buffer_printf(out, "’. A table without drift raises an alarm in %s%g %% of cases%s.</p>\n",
                  report->calibrated ? "about " : "at most ", 100 * report->far,
                  report->calibrated ? ", by draws from the snapshot" : "");
    if (report->domain_auc >= 0)
        buffer_printf(
            out,
            "<p class=soft>A classifier tells rows of the two apart with AUC %.2f; chance "
            "reaches %.2f.</p>\n",
            report->domain_auc, report->domain_threshold);
    add_together(out, report);
    buffer_puts(out, "<p class=soft><span class=\"key a\"></span>snapshot &nbsp; "
                     "<span class=\"key b\"></span>current</p>\n");
}

static void add_labels(struct buffer *out, const struct mlops_drift_column *column)
{
    if (column->bar_count == 0)
        return;
    buffer_puts(out, "<small>");
    if (!column->bars[0].label)
        buffer_printf(out, "%.6g … %.6g", column->bars[0].low,
                      column->bars[column->bar_count - 1].high);
    for (size_t i = 0; column->bars[0].label && i < column->bar_count && i < LABELS; i++) {
        buffer_puts(out, i ? ", " : "");
        drift_picture_escape(out, column->bars[i].label);
        buffer_printf(out, " %.3g&nbsp;→&nbsp;%.3g&nbsp;%%", 100 * column->bars[i].reference,
                      100 * column->bars[i].current);
    }
    buffer_puts(out, "</small>");
}

/* The course over time, from when to when, and the segments that carry most of it. */
static void add_course(struct buffer *out, const struct mlops_drift_column *column)
{
    char from[32], to[32];
    if (column->span_count >= 2) {
        mlops_time_format(column->spans[0].from_ns, from);
        mlops_time_format(column->spans[column->span_count - 1].to_ns, to);
        drift_picture_course(out, column, PICTURE_WIDTH, COURSE_HEIGHT);
        buffer_printf(out, "<small>distance, %.10s … %.10s</small>", from, to);
    }
    for (size_t i = 0; column->drift && i < column->segment_count && i < SEGMENTS; i++) {
        const struct mlops_drift_segment *segment = &column->segments[i];
        buffer_puts(out, "<small>");
        drift_picture_escape(out, segment->value);
        buffer_printf(out, ": %.0f %% of the change, %llu rows</small>", 100 * segment->carried,
                      (unsigned long long)segment->rows_current);
    }
}

static void add_column(struct buffer *out, const struct mlops_drift_column *column)
{
    double excess = column->statistic > 0 ? column->statistic / column->threshold : 0;
    buffer_puts(out, "<tr><td data-v=\"");
    drift_picture_escape(out, column->name);
    buffer_puts(out, "\"><b>");
    drift_picture_escape(out, column->name);
    buffer_printf(out, "</b><small>%s</small></td><td>", column->type);
    drift_picture_svg(out, column, PICTURE_WIDTH, PICTURE_HEIGHT, NULL);
    add_labels(out, column);
    buffer_printf(
        out, "</td><td class=n data-v=\"%.6g\">%.4g<small>%s, threshold %.4g</small></td>",
        isfinite(excess) ? excess : 1e300, column->statistic, column->method, column->threshold);
    buffer_printf(out, "<td class=n data-v=\"%.6g\">%.1f → %.1f %%</td>",
                  fabs(column->missing_current - column->missing_reference),
                  100 * column->missing_reference, 100 * column->missing_current);
    buffer_printf(out, "<td data-v=\"%d\" class=%s>%s</td><td>", !column->drift,
                  column->drift ? "drift" : "ok", column->drift ? "DRIFT" : "ok");
    drift_picture_escape(out, column->detail);
    if (column->outliers_current > 0 || column->outliers_reference > 0)
        buffer_printf(out, "<small>beyond the fences: %.2g → %.2g %%</small>",
                      100 * column->outliers_reference, 100 * column->outliers_current);
    add_course(out, column);
    buffer_puts(out, "</td></tr>\n");
}

char *mlops_drift_report_html(const struct mlops_drift_report *report)
{
    struct buffer out = {0};
    buffer_puts(&out, "<!doctype html>\n<html lang=\"en\">\n<head><title>Drift</title>");
    buffer_puts(&out, head);
    buffer_puts(&out, "</head>\n<body>\n");
    add_summary(&out, report);
    buffer_puts(&out, "<table><thead><tr><th data-sort>Column</th><th>Distribution</th>"
                      "<th class=n data-sort>Statistic</th><th class=n data-sort>Missing</th>"
                      "<th data-sort>Verdict</th><th>What moved</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->column_count; i++)
        add_column(&out, &report->columns[i]);
    buffer_puts(&out, "</tbody></table>\n");
    buffer_puts(&out, script);
    buffer_puts(&out, "</body>\n</html>\n");
    return buffer_steal(&out);
}
