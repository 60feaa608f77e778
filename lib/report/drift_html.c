/* lib/report/drift_html.c - the report of drift as one HTML file that needs nothing else. */
#include "report/drift_picture.h"
#include "report/drift_rows.h"
#include <math.h>
#include <mlops/driftreport.h>
#include <mlops/text.h>

#define PICTURE_WIDTH 216
#define PICTURE_HEIGHT 48
#define COURSE_HEIGHT 28
#define LABELS 4   /* categories whose shares are written out */
#define SEGMENTS 3 /* told of each column */
#define FULL 0.2   /* distance to which time lines reach at least */
#define DAY_LENGTH 10
#define MINUTE_LENGTH 16 /* of a time as text */

/* The picture shows the snapshot as a grey area and the current table as a coloured line: told
 * apart by shape, so that a printer without colour shows both. On paper it is light whatever the
 * reader's system is. */
static const char head[] =
    "<meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width,initial-scale=1\">\n<style>\n"
    ":root{color-scheme:light dark;--ground:#fff;--text:#1c2127;--soft:#5b6570;--line:#d9dee3;"
    "--area:#9aa5b1;--now:#c2410c;--good:#15803d}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--ground:#14181d;--text:#e6e9ec;"
    "--soft:#9aa5b1;--line:#2c343c;--area:#66717d;--now:#fb923c;--good:#4ade80}}\n"
    "body{font:15px/1.45 system-ui,sans-serif;background:var(--ground);color:var(--text);"
    "max-width:75rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 0}p{margin:.3rem 0}"
    "h1,b,small,td:last-child{overflow-wrap:anywhere}.soft,small{color:var(--soft)}"
    "small{display:block;max-width:14rem}svg{display:block;max-width:100%;height:auto}\n"
    "table{border-collapse:collapse;width:100%;margin-top:.6rem}"
    "th,td{text-align:left;padding:.45rem .8rem .45rem 0;border-bottom:1px solid var(--line);"
    "vertical-align:top}\n"
    "th{color:var(--soft);font-weight:600;font-size:.85rem;white-space:nowrap}"
    "th[tabindex]{cursor:pointer}th[aria-sort=ascending]::after{content:\" ▲\"}"
    "th[aria-sort=descending]::after{content:\" ▼\"}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "th.n{text-align:right}td.n small{margin-left:auto}\n"
    ".drift{color:var(--now);font-weight:700}.ok{color:var(--good)}"
    "#columns td:nth-child(1){min-width:7rem}#columns td:last-child{width:30%}"
    "td:last-child small{max-width:none}\n"
    "#tools{margin-top:1rem}#tools input{font:inherit}#tools label{margin-left:1rem}"
    ".away{display:none}\n"
    ".s{fill:none;stroke:var(--soft)}.m{stroke:var(--now);stroke-dasharray:3 2}\n"
    ".r{fill:var(--area);fill-opacity:.55}.c{fill:none;stroke:var(--now);stroke-width:1.6}"
    ".key{display:inline-block;width:1.1em;height:.7em;margin-right:.3em;"
    "print-color-adjust:exact;-webkit-print-color-adjust:exact}"
    ".key.a{background:var(--area);opacity:.7}.key.b{border-bottom:2px solid var(--now)}\n"
    "@media screen and (max-width:48rem){table,tbody,tr,td{display:block}thead{display:none}"
    "tr{border-bottom:1px solid var(--line);padding:.5rem 0}td,td.n{border:0;padding:.15rem 0;"
    "text-align:left}td.n small{margin:0}#columns td:last-child{width:auto}"
    "#columns td:nth-child(4)::before{content:\"missing \"}"
    "#rows td:nth-child(2)::before{content:\"snapshot \"}"
    "#rows td:nth-child(3)::before{content:\"current \"}"
    "#rows td:nth-child(4)::before{content:\"chance \"}}\n"
    "@media print{body{max-width:none;margin:0;padding:0;font-size:11px}tr{break-inside:avoid}"
    "h2{break-after:avoid}thead{display:table-header-group}#tools{display:none}}\n</style>\n";

/* Numbers sort as numbers, largest first; words as words. The same title again, by mouse or key,
 * turns the order round. Rows that are not wanted are put away. */
static const char script[] =
    "<script>\n"
    "(function(){var table=document.getElementById('columns'),body=table.tBodies[0],"
    "all=Array.from(body.rows),titles=Array.from(table.querySelectorAll('th[data-sort]')),"
    "tools=document.getElementById('tools'),text=tools.querySelector('[type=search]'),"
    "only=tools.querySelector('[type=checkbox]');\n"
    "function key(row,at){return row.cells[at].dataset.v}\n"
    "function sort(th){var at=th.cellIndex,was=th.getAttribute('aria-sort'),"
    "up=was?was==='descending':th.dataset.sort==='up';"
    "titles.forEach(function(t){t.removeAttribute('aria-sort')});"
    "th.setAttribute('aria-sort',up?'ascending':'descending');"
    "all.sort(function(a,b){var x=key(a,at),y=key(b,at),n=x-y,"
    "d=isNaN(n)?x.localeCompare(y):n;return up?d:-d})"
    ".forEach(function(r){body.append(r)})}\n"
    "titles.forEach(function(th){th.tabIndex=0;th.onclick=function(){sort(th)};"
    "th.onkeydown=function(e){if(e.key==='Enter'||e.key===' '){e.preventDefault();sort(th)}}});\n"
    "function choose(){var part=text.value.toLowerCase();all.forEach(function(r){"
    "r.classList.toggle('away',key(r,0).toLowerCase().indexOf(part)<0||"
    "only.checked&&key(r,4)!=='0')})}\n"
    "text.oninput=only.onchange=choose;tools.hidden=false})()\n</script>\n";

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

static void add_title(struct buffer *out, const struct mlops_drift_report *report)
{
    drift_picture_escape(out,
                         report->version.model[0] ? report->version.model : report->version.bundle);
    if (report->version.number)
        buffer_printf(out, "@%llu", (unsigned long long)report->version.number);
}

static void add_summary(struct buffer *out, const struct mlops_drift_report *report)
{
    const char *columns = report->column_count == 1 ? "column" : "columns";
    size_t drifted = 0;
    for (size_t i = 0; i < report->column_count; i++)
        drifted += report->columns[i].drift;
    buffer_puts(out, "<h1>");
    add_title(out, report);
    buffer_printf(out, ": <span class=%s>", report->drift ? "drift" : "ok");
    if (report->drift && drifted == 0)
        buffer_printf(out, "drift of whole rows, of none of %zu %s", report->column_count, columns);
    else if (report->drift)
        buffer_printf(out, "drift in %zu of %zu %s", drifted, report->column_count, columns);
    else
        buffer_printf(out, "no drift in %zu %s", report->column_count, columns);
    buffer_puts(out, "</span></h1>\n<p class=soft>");
    buffer_printf(out, "%llu %s against the %llu of the snapshot ‘",
                  (unsigned long long)report->rows, report->rows == 1 ? "row" : "rows",
                  (unsigned long long)report->rows_reference);
    drift_picture_escape(out, report->data);
    buffer_printf(out, "’. A table without drift raises an alarm in %s%g %% of cases%s.</p>\n",
                  report->calibrated ? "about " : "at most ", 100 * report->far,
                  report->calibrated ? ", by draws from the snapshot" : "");
    add_together(out, report);
    buffer_puts(out, "<p class=soft><span class=\"key a\"></span>snapshot &nbsp; "
                     "<span class=\"key b\"></span>current</p>\n");
}

/* What rows show that no column shows by itself. */
static void add_rows(struct buffer *out, const struct mlops_drift_report *report)
{
    struct drift_rows_line lines[DRIFT_ROWS_MAX];
    size_t count = drift_rows_lines(report, lines);
    if (count == 0)
        return;
    buffer_puts(out, "<h2>Whole rows</h2>\n<table id=rows><thead><tr><th>Measure</th>"
                     "<th class=n>Snapshot</th><th class=n>Current</th><th class=n>By chance</th>"
                     "<th>Verdict</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < count; i++) {
        buffer_printf(out,
                      "<tr><td>%s</td><td class=n>%s</td><td class=n>%s</td><td class=n>%s</td>"
                      "<td><span class=%s>%s</span>",
                      lines[i].measure, lines[i].snapshot, lines[i].current, lines[i].chance,
                      lines[i].differs ? "drift" : "ok",
                      !lines[i].differs  ? "ok"
                      : lines[i].decides ? "DRIFT"
                                         : "differs");
        if (lines[i].by) {
            buffer_puts(out, lines[i].also ? "<small>of ‘" : "<small>most by ‘");
            drift_picture_escape(out, lines[i].by);
            buffer_puts(out, lines[i].also ? "’ and ‘" : "");
            drift_picture_escape(out, lines[i].also);
            buffer_puts(out, "’</small>");
        }
        buffer_puts(out, "</td></tr>\n");
    }
    buffer_puts(out, "</tbody></table>\n");
}

static void add_labels(struct buffer *out, const struct mlops_drift_column *column)
{
    if (column->bar_count == 0)
        return;
    buffer_puts(out, "<small>");
    if (!column->bars[0].label)
        buffer_printf(out, "%.6g … %.6g", drift_picture_least(column), drift_picture_most(column));
    for (size_t i = 0; column->bars[0].label && i < column->bar_count && i < LABELS; i++) {
        buffer_puts(out, i ? "<br>" : "");
        drift_picture_escape(out, column->bars[i].label);
        buffer_printf(out, " %.3g&nbsp;→&nbsp;%.3g&nbsp;%%", 100 * column->bars[i].reference,
                      100 * column->bars[i].current);
    }
    buffer_puts(out, "</small>");
}

/* The course over time, from when to when, and the segments that carry most of it. */
static void add_course(struct buffer *out, const struct mlops_drift_column *column, double full)
{
    char from[32], to[32];
    if (column->span_count >= 2) {
        mlops_time_format(column->spans[0].from_ns, from);
        mlops_time_format(column->spans[column->span_count - 1].to_ns, to);
        int shown = memcmp(from, to, DAY_LENGTH) == 0 ? MINUTE_LENGTH : DAY_LENGTH;
        drift_picture_course(out, column, full, PICTURE_WIDTH, COURSE_HEIGHT);
        buffer_printf(out, "<small>distance up to %.2g, %.*s … %.*s</small>",
                      drift_picture_farthest(column), shown, from, shown, to);
    }
    for (size_t i = 0; column->drift && i < column->segment_count && i < SEGMENTS; i++) {
        const struct mlops_drift_segment *segment = &column->segments[i];
        buffer_puts(out, "<small>");
        drift_picture_escape(out, segment->value);
        buffer_printf(out, ": %.0f %% of the change, %llu %s</small>", 100 * segment->carried,
                      (unsigned long long)segment->rows_current,
                      segment->rows_current == 1 ? "row" : "rows");
    }
}

static void add_column(struct buffer *out, const struct mlops_drift_column *column, double full)
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
        out, "</td><td class=n data-v=\"%.6g\">%.4g<small>%s<br>threshold %.4g</small></td>",
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
    add_course(out, column, full);
    buffer_puts(out, "</td></tr>\n");
}

char *mlops_drift_report_html(const struct mlops_drift_report *report)
{
    struct buffer out = {0};
    double full = FULL; /* one scale for all time lines: they are to be compared */
    for (size_t i = 0; i < report->column_count; i++)
        full = fmax(full, drift_picture_farthest(&report->columns[i]));
    buffer_puts(&out, "<!doctype html>\n<html lang=\"en\">\n<head><title>");
    add_title(&out, report);
    buffer_puts(&out, ": drift</title>");
    buffer_puts(&out, head);
    buffer_puts(&out, "</head>\n<body>\n");
    add_summary(&out, report);
    add_rows(&out, report);
    buffer_puts(&out, "<h2>Columns</h2>\n<div id=tools hidden><input type=search "
                      "placeholder=\"find a column\" aria-label=\"find a column\">"
                      "<label><input type=checkbox> drifted ones only</label></div>\n"
                      "<table id=columns><thead><tr><th data-sort=up>Column</th>"
                      "<th>Distribution</th><th class=n data-sort=down>Statistic</th>"
                      "<th class=n data-sort=down>Missing</th><th data-sort=up>Verdict</th>"
                      "<th>What moved</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->column_count; i++)
        add_column(&out, &report->columns[i], full);
    buffer_puts(&out, "</tbody></table>\n");
    buffer_puts(&out, script);
    buffer_puts(&out, "</body>\n</html>\n");
    return buffer_steal(&out);
}
