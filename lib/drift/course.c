/* lib/drift/course.c - when, where and with what else. */
#include "drift/course.h"
#include "base/clock.h"
#include "stats/association.h"
#include "stats/changepoint.h"
#include "stats/distance.h"
#include "stats/row_sample.h"
#include <math.h>

#define APART 2  /* one side of a change is well where it is so many times as near as the other */
#define TOLD 0.5 /* a segment that carries so much is told in one line, … */
#define UNEVEN 1.25 /* … if that is so many times what its rows would */

static struct mlops_drift_column *find_column(const struct mlops_drift_report *report,
                                              const char *name)
{
    for (size_t i = 0; i < report->column_count; i++)
        if (str_equal(report->columns[i].name, name))
            return &report->columns[i];
    return NULL;
}

static void append_detail(struct mlops_drift_column *column, const char *text)
{
    char *longer = xprintf("%s%s%s", column->detail, column->detail[0] ? "; " : "", text);
    free(column->detail);
    column->detail = longer;
}

/* ---- when ----------------------------------------------------------------------------------- */

static void sum_rows(const double *counts, size_t from, size_t to, size_t cells, double *sum)
{
    memset(sum, 0, cells * sizeof(*sum));
    for (size_t row = from; row < to; row++)
        for (size_t i = 0; i < cells; i++)
            sum[i] += counts[row * cells + i];
}

/* Is it the rows before the change that are as the reference, those after it, or neither? */
static void date(struct mlops_drift_column *column, const double *counts, size_t cells,
                 const double *reference)
{
    double before[SLICES_CELLS_MAX], after[SLICES_CELLS_MAX];
    char when[32];
    struct changepoint change = changepoint_find(counts, column->span_count, cells);
    column->course = MLOPS_DRIFT_THROUGHOUT;
    if (change.p <= COURSE_P && change.at > 0) {
        sum_rows(counts, 0, change.at, cells, before);
        sum_rows(counts, change.at, column->span_count, cells, after);
        double first = distance_jensen_shannon(reference, before, cells);
        double second = distance_jensen_shannon(reference, after, cells);
        column->changed_ns = column->spans[change.at].from_ns;
        if (second > APART * first)
            column->course = MLOPS_DRIFT_SINCE;
        else if (first > APART * second)
            column->course = MLOPS_DRIFT_UNTIL;
    }
    if (column->course == MLOPS_DRIFT_THROUGHOUT) {
        column->changed_ns = 0;
        return;
    }
    mlops_time_format(column->changed_ns, when);
    _cleanup_(free_string) char *text =
        xprintf("%s %s", column->course == MLOPS_DRIFT_SINCE ? "since" : "until", when);
    append_detail(column, text);
}

void course_date(struct mlops_drift_report *report, const struct slices *spans,
                 const char *const *names, size_t count)
{
    size_t rows;
    const struct slice *slices = slices_all(spans, &rows);
    double *counts = xcalloc(rows * SLICES_CELLS_MAX + 1, sizeof(*counts));
    for (size_t i = 0; i < count; i++) {
        struct mlops_drift_column *column = find_column(report, names[i]);
        double reference[SLICES_CELLS_MAX];
        size_t cells, offset = slices_cells(spans, i, &cells);
        slices_reference(spans, i, reference);
        column->spans = xcalloc(rows + 1, sizeof(*column->spans));
        column->span_count = rows;
        for (size_t row = 0; row < rows; row++) {
            const struct slice *slice = &slices[row];
            for (size_t cell = 0; cell < cells; cell++)
                counts[row * cells + cell] = (double)slice->counts[offset + cell];
            column->spans[row] = (struct mlops_drift_span){
                slice->from_ns, slice->to_ns, slice->rows,
                distance_jensen_shannon(reference, counts + row * cells, cells)};
        }
        if (column->drift)
            date(column, counts, cells, reference);
    }
    free(counts);
}

/* ---- where ---------------------------------------------------------------------------------- */

static int by_carried(const void *a, const void *b)
{
    const struct mlops_drift_segment *x = a, *y = b;
    if (x->carried != y->carried)
        return x->carried > y->carried ? -1 : 1;
    return strcmp(x->value, y->value);
}

static double share(uint64_t count, uint64_t of)
{
    return of ? (double)count / (double)of : 0;
}

/* How much each cell gained over all segments; returns half the sum of the amounts. */
static double cell_changes(const struct slice *r, const struct slice *c, size_t segments,
                           size_t offset, size_t cells, const uint64_t rows[2], double *changes)
{
    double sum = 0;
    for (size_t cell = 0; cell < cells; cell++) {
        uint64_t before = 0, after = 0;
        for (size_t i = 0; i < segments; i++) {
            before += r[i].counts[offset + cell];
            after += c[i].counts[offset + cell];
        }
        changes[cell] = share(after, rows[1]) - share(before, rows[0]);
        sum += fabs(changes[cell]) / 2;
    }
    return sum;
}

static void fill_segment(const struct slice *r, const struct slice *c, size_t offset, size_t cells,
                         const uint64_t rows[2], const double *changes, double whole,
                         struct mlops_drift_segment *segment)
{
    double within = 0, carried = 0;
    for (size_t cell = 0; cell < cells; cell++) {
        uint64_t before = r->counts[offset + cell], after = c->counts[offset + cell];
        double gained = share(after, rows[1]) - share(before, rows[0]);
        within += fabs(share(after, c->rows) - share(before, r->rows)) / 2;
        carried += changes[cell] > 0 ? gained / 2 : changes[cell] < 0 ? -gained / 2 : 0;
    }
    *segment = (struct mlops_drift_segment){.value = xstrdup(r->missing ? "(missing)"
                                                             : r->value ? r->value
                                                                        : "(all others)"),
                                            .rows_reference = r->rows,
                                            .rows_current = c->rows,
                                            .distance = r->rows && c->rows ? within : NAN,
                                            .carried = whole > 0 ? carried / whole : 0};
}

static uint64_t total_rows(const struct slice *slices, size_t count)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < count; i++)
        rows += slices[i].rows;
    return rows;
}

static void divide(struct mlops_drift_column *column, const struct slice *r, const struct slice *c,
                   size_t segments, size_t offset, size_t cells)
{
    double changes[SLICES_CELLS_MAX];
    const uint64_t rows[2] = {total_rows(r, segments), total_rows(c, segments)};
    double whole = cell_changes(r, c, segments, offset, cells, rows, changes);
    column->segments = xcalloc(segments + 1, sizeof(*column->segments));
    for (size_t i = 0; i < segments; i++)
        if (r[i].rows + c[i].rows > 0)
            fill_segment(&r[i], &c[i], offset, cells, rows, changes, whole,
                         &column->segments[column->segment_count++]);
    qsort(column->segments, column->segment_count, sizeof(*column->segments), by_carried);
}

void course_divide(struct mlops_drift_report *report, const struct slices *reference,
                   const struct slices *current, const char *const *names, size_t count)
{
    size_t segments;
    const struct slice *r = slices_all(reference, &segments), *c = slices_all(current, &segments);
    for (size_t i = 0; i < count; i++) {
        struct mlops_drift_column *column = find_column(report, names[i]);
        size_t cells, offset = slices_cells(current, i, &cells);
        divide(column, r, c, segments, offset, cells);
        const struct mlops_drift_segment *first = column->segments;
        double rows =
            column->segment_count ? share(first->rows_current, total_rows(c, segments)) : 1;
        if (!column->drift || first->carried < TOLD || first->carried < UNEVEN * rows)
            continue;
        _cleanup_(free_string) char *text = xprintf(
            "%.0f %% of it where %s is %s", 100 * first->carried, report->segment, first->value);
        append_detail(column, text);
    }
}

/* ---- together ------------------------------------------------------------------------------- */

static size_t root_of(const size_t *parents, size_t i)
{
    while (parents[i] != i)
        i = parents[i];
    return i;
}

/* Those of the first columns that the sample of rows knows. */
static void join_associated(const struct mlops_drift_report *report, const struct profile *current,
                            size_t *parents)
{
    size_t known = row_sample_columns(current->sample), count = 0;
    size_t *drifted = xcalloc(known + 1, sizeof(*drifted));
    size_t *places = xcalloc(known + 1, sizeof(*places));
    for (size_t i = 0; i < report->column_count && count < known; i++) {
        if (!report->columns[i].drift)
            continue;
        const struct column_profile *column = profile_column(current, report->columns[i].name);
        places[count] = (size_t)(column - current->columns);
        if (places[count] < known)
            drifted[count++] = i;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            struct association found = profile_association(current, places[i], places[j]);
            if (fabs(found.value) >= TOGETHER_MIN)
                parents[root_of(parents, drifted[i])] = root_of(parents, drifted[j]);
        }
    free(drifted);
    free(places);
}

void course_group(struct mlops_drift_report *report, const struct profile *current)
{
    size_t count = report->column_count, groups = 0;
    size_t *parents = xcalloc(count + 1, sizeof(*parents));
    size_t *members = xcalloc(count + 1, sizeof(*members));
    size_t *numbers = xcalloc(count + 1, sizeof(*numbers));
    for (size_t i = 0; i < count; i++)
        parents[i] = i;
    if (current->sample)
        join_associated(report, current, parents);
    for (size_t i = 0; i < count; i++)
        members[root_of(parents, i)]++;
    for (size_t i = 0; i < count; i++) {
        size_t root = root_of(parents, i);
        if (members[root] < 2)
            continue;
        if (numbers[root] == 0)
            numbers[root] = ++groups;
        report->columns[i].together = numbers[root];
    }
    free(parents);
    free(members);
    free(numbers);
}
