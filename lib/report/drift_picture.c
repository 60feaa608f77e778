/* lib/report/drift_picture.c - the distribution of a column as an SVG element. */
#include "report/drift_picture.h"
#include <math.h>
#include <mlops/driftreport.h>
#include <mlops/text.h>

#define IMAGE_WIDTH 640
#define IMAGE_HEIGHT 320
#define LETTER_WIDTH 8 /* of the labels, about, in pixels */

void drift_picture_escape(struct buffer *out, const char *text)
{
    for (; text && *text; text++) {
        const char *entity = *text == '<'    ? "&lt;"
                             : *text == '>'  ? "&gt;"
                             : *text == '&'  ? "&amp;"
                             : *text == '"'  ? "&quot;"
                             : *text == '\'' ? "&#39;"
                                             : NULL;
        if (entity)
            buffer_puts(out, entity);
        else
            buffer_putc(out, (unsigned char)*text < ' ' ? ' ' : *text);
    }
}

double drift_picture_tallest(const struct mlops_drift_column *column)
{
    double most = 0;
    for (size_t i = 0; i < column->bar_count; i++)
        if (!column->bars[i].rest) /* many rare values together are not to flatten all others */
            most = fmax(most, fmax(column->bars[i].reference, column->bars[i].current));
    return most > 0 ? most : 1;
}

/* Steps from bar to bar: one path, however many bars there are. */
static void add_steps(struct buffer *out, const struct mlops_drift_column *column, bool current,
                      double width, double height)
{
    double step = width / (double)column->bar_count, most = drift_picture_tallest(column);
    buffer_printf(out, "<path class=%s d=\"M0 %g", current ? "\"c\"" : "\"r\"", height);
    for (size_t i = 0; i < column->bar_count; i++) {
        double share = current ? column->bars[i].current : column->bars[i].reference;
        double y = height - 1 - fmin(fmax(share, 0) / most, 1) * (height - 2);
        buffer_printf(out, "V%.4gH%.4g", round(y * 10) / 10,
                      round(step * (double)(i + 1) * 10) / 10);
    }
    buffer_printf(out, "V%g\"/>", height);
}

void drift_picture_svg(struct buffer *out, const struct mlops_drift_column *column, int width,
                       int height, const char *style)
{
    buffer_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
                  width, height, width, height);
    drift_picture_escape(out, column->name);
    buffer_puts(out, "\">");
    if (style)
        buffer_printf(out, "<style>%s</style>", style);
    if (column->bar_count > 0) {
        add_steps(out, column, false, width, height);
        add_steps(out, column, true, width, height);
    }
    buffer_puts(out, "</svg>");
}

/* Bars of single whole numbers reach half a unit to both sides. */
static double half_bar(const struct mlops_drift_column *column)
{
    const struct mlops_drift_bar *bar = column->bars;
    return bar->high - bar->low == 1 && floor(bar->low) + 0.5 == bar->low ? 0.5 : 0;
}

double drift_picture_least(const struct mlops_drift_column *column)
{
    return column->bars[0].low + half_bar(column);
}

double drift_picture_most(const struct mlops_drift_column *column)
{
    return column->bars[column->bar_count - 1].high - half_bar(column);
}

double drift_picture_farthest(const struct mlops_drift_column *column)
{
    double most = 0;
    for (size_t i = 0; i < column->span_count; i++)
        most = fmax(most, column->spans[i].distance); /* NaN is passed over */
    return most;
}

void drift_picture_course(struct buffer *out, const struct mlops_drift_column *column, double full,
                          int width, int height)
{
    if (column->span_count < 2)
        return;
    const struct mlops_drift_span *spans = column->spans;
    double first = (double)spans[0].from_ns, last = (double)spans[column->span_count - 1].to_ns;
    double scale = width / (last - first);
    buffer_printf(out,
                  "<svg width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" "
                  "aria-label=\"distance over time\"><path class=\"s\" d=\"",
                  width, height, width, height);
    for (size_t i = 0; i < column->span_count; i++) {
        double share = isnan(spans[i].distance) ? 0 : spans[i].distance / full;
        double y = height - 1 - share * (height - 2);
        buffer_printf(out, "%c%.0f %.1fH%.0f", i ? 'L' : 'M',
                      ((double)spans[i].from_ns - first) * scale, y,
                      ((double)spans[i].to_ns - first) * scale);
    }
    buffer_puts(out, "\"/>");
    if (column->course == MLOPS_DRIFT_SINCE || column->course == MLOPS_DRIFT_UNTIL)
        buffer_printf(out, "<path class=\"m\" d=\"M%.0f 0V%d\"/>",
                      ((double)column->changed_ns - first) * scale, height);
    buffer_puts(out, "</svg>");
}

static const struct mlops_drift_column *find_column(const struct mlops_drift_report *report,
                                                    const char *name)
{
    for (size_t i = 0; i < report->column_count; i++)
        if (str_equal(report->columns[i].name, name))
            return &report->columns[i];
    return NULL;
}

/* A label of at most so many letters, whole in the title that shows under the pointer. */
static void add_short(struct buffer *out, const char *label, size_t letters)
{
    size_t length = 0, seen = 0;
    for (; label[length]; length++) {
        seen += ((unsigned char)label[length] & 0xC0) != 0x80; /* the first byte of a letter */
        if (seen > letters)
            break;
    }
    if (label[length]) { /* room for the dots */
        do
            length -= length > 0;
        while (length > 0 && ((unsigned char)label[length] & 0xC0) == 0x80);
    }
    _cleanup_(free_string) char *start = xstrndup(label, length);
    drift_picture_escape(out, start);
    if (label[length]) {
        buffer_puts(out, "…<title>");
        drift_picture_escape(out, label);
        buffer_puts(out, "</title>");
    }
}

int mlops_drift_report_svg(const struct mlops_drift_report *report, const char *name, char **svg,
                           struct mlops_error *err)
{
    static const char style[] =
        "text{font:13px system-ui,sans-serif;fill:#555}.r{fill:#9aa5b1;fill-opacity:.6}"
        ".c{fill:none;stroke:#c2410c;stroke-width:2}"
        "@media(prefers-color-scheme:dark){text{fill:#bbb}.c{stroke:#fb923c}}";
    const struct mlops_drift_column *column = find_column(report, name);
    struct buffer out = {0};
    if (!column) {
        mlops_fail(err, MLOPS_NOT_FOUND, "no column '%s' was compared", name);
        return report->column_count
                   ? mlops_hint(err, "the most drifted one is '%s'", report->columns[0].name)
                   : MLOPS_NOT_FOUND;
    }
    buffer_printf(&out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"-20 -40 %d %d\"><style>%s</style><text x=\"0\" y=\"-16\">",
                  IMAGE_WIDTH + 40, IMAGE_HEIGHT + 80, IMAGE_WIDTH + 40, IMAGE_HEIGHT + 80, style);
    drift_picture_escape(&out, column->name);
    buffer_printf(&out, ": %s %.4g, threshold %.4g; grey: snapshot, line: current</text>",
                  column->method, column->statistic, column->threshold);
    if (column->bar_count > 0) {
        const struct mlops_drift_bar *first = &column->bars[0];
        add_steps(&out, column, false, IMAGE_WIDTH, IMAGE_HEIGHT);
        add_steps(&out, column, true, IMAGE_WIDTH, IMAGE_HEIGHT);
        if (!first->label)
            buffer_printf(&out,
                          "<text x=\"0\" y=\"%d\">%.6g</text>"
                          "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.6g</text>",
                          IMAGE_HEIGHT + 20, drift_picture_least(column), IMAGE_WIDTH,
                          IMAGE_HEIGHT + 20, drift_picture_most(column));
        for (size_t i = 0; first->label && i < column->bar_count; i++) {
            double step = IMAGE_WIDTH / (double)column->bar_count;
            buffer_printf(&out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
                          step * ((double)i + 0.5), IMAGE_HEIGHT + (i % 2 ? 34 : 18));
            add_short(&out, column->bars[i].label, (size_t)(2 * step / LETTER_WIDTH));
            buffer_puts(&out, "</text>");
        }
    }
    buffer_puts(&out, "</svg>\n");
    *svg = buffer_steal(&out);
    return MLOPS_OK;
}
