/* lib/drift/calibrate.c - thresholds by drawing both tables from the reference. */
#include "drift/calibrate.h"
#include "base/pool.h"
#include "stats/random.h"
#include "stats/wide.h"
#include <math.h>

#define SEED 20211
/* Draws beyond the quantile, as far as DRAWS_MAX lets them be: 40 at 1 %. */
#define EXCEEDANCES 80
#define DRAWS_MAX 4000
#define DRAWS_MIN 400
#define LANES 8 /* draws that are counted beside one another */
#define WIDE 60 /* columns from which on half as many draws are made */

/* A column of the sample, made ready for being counted many times. */
struct column_plan {
    const struct calibrated *column;
    size_t count;   /* rows in which it is not missing */
    size_t *rows;   /* numbers: in the order of their values; texts: as they come */
    size_t *groups; /* numbers: which of the different values each has */
    double *values; /* numbers: the different ones, ascending */
    size_t value_count;
    size_t *cells; /* of each of `rows` */
};

struct drawing {
    struct column_plan *plans;
    size_t count;
    const struct row_sample *sample;
    size_t sample_rows;
    uint64_t *cumulative; /* how often the rows came, before each */
    uint64_t reference_rows, current_rows;
    const struct half_tables *tables;
    size_t draws;
    double *statistics; /* draw by draw, column by column */
};

struct valued {
    double value;
    size_t row;
};

static int by_value(const void *a, const void *b)
{
    const struct valued *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static size_t cell_of_number(const struct pair *pair, double value)
{
    size_t cell = 0;
    while (cell + 1 < pair->cells && value > pair->edges[cell])
        cell++;
    return cell;
}

/* The sample has the lower half of a text's hash. */
static size_t cell_of_text(const struct pair *pair, double half)
{
    for (size_t i = 0; i < pair->hash_count; i++)
        if ((double)(uint32_t)pair->hashes[i] == half)
            return pair->cell_of[i];
    return pair->cell_of[pair->hash_count];
}

static void plan_column(const struct drawing *drawing, const struct calibrated *column,
                        struct column_plan *plan)
{
    bool numeric = column->pair->reference->quantiles;
    size_t all = drawing->sample_rows;
    struct valued *order = xcalloc(all + 1, sizeof(*order));
    *plan = (struct column_plan){.column = column,
                                 .rows = xcalloc(all + 1, sizeof(size_t)),
                                 .groups = xcalloc(all + 1, sizeof(size_t)),
                                 .values = xcalloc(all + 1, sizeof(double)),
                                 .cells = xcalloc(all + 1, sizeof(size_t))};
    for (size_t row = 0; row < all; row++) {
        uint64_t times, bits = row_sample_row(drawing->sample, row, &times)[column->place];
        if (bits == ROW_CELL_MISSING)
            continue;
        order[plan->count].row = row;
        memcpy(&order[plan->count++].value, &bits, sizeof(bits));
    }
    qsort(order, plan->count, sizeof(*order), by_value);
    for (size_t i = 0; i < plan->count; i++) {
        double value = order[i].value;
        plan->rows[i] = order[i].row;
        if (i == 0 || value != order[i - 1].value)
            plan->values[plan->value_count++] = value;
        plan->groups[i] = plan->value_count - 1;
        if (column->pair->cells > 0) /* equal values have equal cells */
            plan->cells[i] = i > 0 && value == order[i - 1].value ? plan->cells[i - 1]
                             : numeric ? cell_of_number(column->pair, value)
                                       : cell_of_text(column->pair, value);
    }
    free(order);
}

static void plan_clear(struct column_plan *plan)
{
    free(plan->rows);
    free(plan->groups);
    free(plan->values);
    free(plan->cells);
}

/* What one thread counts in, LANES draws beside one another: of each row, group or cell all lanes.
 * Counts are doubles, which whole numbers up to 2^53 fit. Made for the widest column. */
struct counts {
    double *reference, *current; /* how often each row of the sample was drawn */
    double *p, *q;
    uint64_t *drawn;                           /* of one draw */
    uint64_t *below_reference, *below_current; /* of one draw */
};

static void counts_make(struct counts *counts, size_t rows, size_t cells)
{
    *counts = (struct counts){.reference = xcalloc(rows * LANES, sizeof(double)),
                              .current = xcalloc(rows * LANES, sizeof(double)),
                              .p = xcalloc(cells * LANES, sizeof(double)),
                              .q = xcalloc(cells * LANES, sizeof(double)),
                              .drawn = xcalloc(rows, sizeof(uint64_t)),
                              .below_reference = xcalloc(rows, sizeof(uint64_t)),
                              .below_current = xcalloc(rows, sizeof(uint64_t))};
}

static void counts_clear(struct counts *counts)
{
    free(counts->reference);
    free(counts->current);
    free(counts->p);
    free(counts->q);
    free(counts->drawn);
    free(counts->below_reference);
    free(counts->below_current);
}

static void add_lanes(double *restrict sums, const double *restrict counts)
{
    for (size_t lane = 0; lane < LANES; lane++)
        sums[lane] += counts[lane];
}

/* The rows that have a value, of each draw. */
static void count_present(const struct drawing *drawing, const struct column_plan *plan,
                          const struct counts *counts, double n[LANES], double m[LANES])
{
    bool all = plan->count == drawing->sample_rows;
    for (size_t lane = 0; lane < LANES; lane++) {
        n[lane] = all ? (double)drawing->reference_rows : 0;
        m[lane] = all ? (double)drawing->current_rows : 0;
    }
    for (size_t i = 0; !all && i < plan->count; i++) {
        add_lanes(n, counts->reference + plan->rows[i] * LANES);
        add_lanes(m, counts->current + plan->rows[i] * LANES);
    }
}

/*
 * max |F - G| of as many lanes as the vector has, in one walk over the values: what most columns
 * are compared by. `in_n` and `in_m` are one over the rows of each draw. A comparison is -1 where
 * it is true.
 */
#define KS(target, name, doubles, integers)                                                        \
    target static void name(const struct column_plan *plan, const struct counts *counts,           \
                            const double *in_n, const double *in_m, size_t lane,                   \
                            double *statistics)                                                    \
    {                                                                                              \
        doubles by_n, by_m, f = {0}, g = {0}, largest = {0};                                       \
        memcpy(&by_n, in_n + lane, sizeof(by_n));                                                  \
        memcpy(&by_m, in_m + lane, sizeof(by_m));                                                  \
        for (size_t i = 0; i < plan->count; i++) {                                                 \
            size_t at = plan->rows[i] * LANES + lane;                                              \
            doubles reference, current;                                                            \
            memcpy(&reference, counts->reference + at, sizeof(reference));                         \
            memcpy(&current, counts->current + at, sizeof(current));                               \
            f += reference;                                                                        \
            g += current;                                                                          \
            if (i + 1 < plan->count && plan->groups[i + 1] == plan->groups[i])                     \
                continue; /* more of the same value */                                             \
            integers gap = (integers)(f * by_n - g * by_m) & INT64_MAX;                            \
            integers larger = (doubles)gap > largest;                                              \
            largest = (doubles)((gap & larger) | ((integers)largest & ~larger));                   \
        }                                                                                          \
        memcpy(statistics + lane, &largest, sizeof(largest));                                      \
    }

#if defined(__x86_64__)
KS(WIDE_FOUR, ks_four, four_numbers, four_ranks)
KS(WIDE_EIGHT, ks_eight, eight_numbers, eight_ranks)
#else
#define ks_four ks_two
#define ks_eight ks_two
#endif
KS(, ks_two, two_numbers, two_ranks)

static void ks_lanes(const struct column_plan *plan, const struct counts *counts,
                     const double n[LANES], const double m[LANES], double statistics[LANES])
{
    double in_n[LANES], in_m[LANES];
    size_t lanes = wide_lanes_or_two();
    for (size_t lane = 0; lane < LANES; lane++) {
        in_n[lane] = n[lane] > 0 ? 1 / n[lane] : 0;
        in_m[lane] = m[lane] > 0 ? 1 / m[lane] : 0;
    }
    for (size_t lane = 0; lane < LANES; lane += lanes)
        WIDE_CHOOSE(ks_eight, ks_four, ks_two)(plan, counts, in_n, in_m, lane, statistics);
    for (size_t lane = 0; lane < LANES; lane++)
        statistics[lane] = n[lane] > 0 && m[lane] > 0 ? statistics[lane] : 0;
}

static void count_cells(const struct column_plan *plan, struct counts *counts)
{
    size_t size = plan->column->pair->cells * LANES * sizeof(double);
    memset(counts->p, 0, size);
    memset(counts->q, 0, size);
    for (size_t i = 0; i < plan->count && size > 0; i++) {
        add_lanes(counts->p + plan->cells[i] * LANES, counts->reference + plan->rows[i] * LANES);
        add_lanes(counts->q + plan->cells[i] * LANES, counts->current + plan->rows[i] * LANES);
    }
}

/* The distribution functions of one draw. */
static void count_below(const struct column_plan *plan, struct counts *counts, size_t lane)
{
    double n = 0, m = 0;
    for (size_t i = 0; i < plan->count; i++) {
        n += counts->reference[plan->rows[i] * LANES + lane];
        m += counts->current[plan->rows[i] * LANES + lane];
        counts->below_reference[plan->groups[i]] = (uint64_t)n;
        counts->below_current[plan->groups[i]] = (uint64_t)m;
    }
}

/* By the method's own function, draw by draw. `p` and `q` have room for the cells of one. */
static double statistic_of(const struct column_plan *plan, struct counts *counts, size_t lane,
                           double n, double m, double *p, double *q)
{
    struct pair pair = *plan->column->pair;
    if (n <= 0 || m <= 0)
        return 0;
    pair.n = n;
    pair.m = m;
    pair.p = p;
    pair.q = q;
    for (size_t i = 0; i < pair.cells; i++) {
        p[i] = counts->p[i * LANES + lane];
        q[i] = counts->q[i * LANES + lane];
    }
    if (!plan->column->method->binned)
        count_below(plan, counts, lane);
    pair.reference_view =
        (struct kll_view){plan->values, counts->below_reference, plan->value_count};
    pair.current_view = (struct kll_view){plan->values, counts->below_current, plan->value_count};
    double statistic = plan->column->method->statistic(&pair);
    return isfinite(statistic) ? statistic : 0;
}

static void statistics_of(const struct drawing *drawing, const struct column_plan *plan,
                          struct counts *counts, double statistics[LANES])
{
    const struct calibrated *column = plan->column;
    double n[LANES], m[LANES];
    count_present(drawing, plan, counts, n, m);
    if (column->method->statistic == method_ks) {
        ks_lanes(plan, counts, n, m, statistics);
        return;
    }
    double *p = xcalloc(column->pair->cells + 1, sizeof(*p));
    double *q = xcalloc(column->pair->cells + 1, sizeof(*q));
    count_cells(plan, counts);
    for (size_t lane = 0; lane < LANES; lane++)
        statistics[lane] = statistic_of(plan, counts, lane, n[lane], m[lane], p, q);
    free(p);
    free(q);
}

/* Draw number `index` of both tables, into its lane. */
static void draw_tables(const struct drawing *drawing, size_t index, struct counts *counts)
{
    struct random random;
    size_t rows = drawing->sample_rows, lane = index % LANES;
    random_init(&random, SEED, index, drawing->tables);
    random_multinomial(&random, drawing->reference_rows, drawing->cumulative, rows, counts->drawn);
    for (size_t row = 0; row < rows; row++)
        counts->reference[row * LANES + lane] = (double)counts->drawn[row];
    random_multinomial(&random, drawing->current_rows, drawing->cumulative, rows, counts->drawn);
    for (size_t row = 0; row < rows; row++)
        counts->current[row * LANES + lane] = (double)counts->drawn[row];
}

static int draw(void *context, size_t block, size_t worker, struct mlops_error *err)
{
    struct drawing *drawing = context;
    size_t cells = 1, first = block * LANES;
    struct counts counts;
    (void)worker;
    (void)err;
    for (size_t i = 0; i < drawing->count; i++)
        if (drawing->plans[i].column->pair->cells > cells)
            cells = drawing->plans[i].column->pair->cells;
    counts_make(&counts, drawing->sample_rows, cells);
    for (size_t lane = 0; lane < LANES; lane++)
        draw_tables(drawing, first + lane, &counts);
    for (size_t i = 0; i < drawing->count; i++) {
        double statistics[LANES];
        statistics_of(drawing, &drawing->plans[i], &counts, statistics);
        for (size_t lane = 0; lane < LANES && first + lane < drawing->draws; lane++)
            drawing->statistics[(first + lane) * drawing->count + i] = statistics[lane];
    }
    counts_clear(&counts);
    return MLOPS_OK;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value that a share `far` of them exceeds. Sorts. */
static double upper_quantile(double *values, size_t count, double far)
{
    qsort(values, count, sizeof(*values), by_size);
    size_t beyond = (size_t)(far * (double)count);
    return values[count - 1 - (beyond < count ? beyond : count - 1)];
}

/* Own quantiles, then the factor by which the most extreme column of a draw exceeds its own. */
static void set_thresholds(struct drawing *drawing, double far, struct calibrated *columns,
                           const size_t *of)
{
    size_t draws = drawing->draws, count = drawing->count;
    double *values = xcalloc(draws + 1, sizeof(*values));
    double *own = xcalloc(count + 1, sizeof(*own));
    for (size_t i = 0; i < count; i++) {
        for (size_t b = 0; b < draws; b++)
            values[b] = drawing->statistics[b * count + i];
        own[i] = upper_quantile(values, draws, far) / columns[of[i]].weight;
    }
    for (size_t b = 0; b < draws; b++) {
        values[b] = 0;
        for (size_t i = 0; i < count; i++)
            if (own[i] > 0)
                values[b] = fmax(values[b], drawing->statistics[b * count + i] / own[i]);
    }
    double factor = upper_quantile(values, draws, far);
    for (size_t i = 0; i < count; i++)
        columns[of[i]].noise = own[i] > 0 ? factor * own[i] : 0;
    free(values);
    free(own);
}

static size_t draws_for(double far, size_t columns)
{
    size_t draws = (size_t)(EXCEEDANCES / far);
    draws = columns > WIDE ? draws / 2 : draws;
    return draws < DRAWS_MIN ? DRAWS_MIN : draws > DRAWS_MAX ? DRAWS_MAX : draws;
}

void calibrate(const struct row_sample *sample, uint64_t reference_rows, uint64_t current_rows,
               double far, struct calibrated *columns, size_t count)
{
    struct mlops_error err = {0};
    _cleanup_(half_tables_free_ptr) struct half_tables *tables = half_tables_new();
    size_t rows = sample ? row_sample_rows(sample) : 0;
    struct drawing drawing = {.plans = xcalloc(count + 1, sizeof(struct column_plan)),
                              .sample = sample,
                              .sample_rows = rows,
                              .cumulative = xcalloc(rows + 1, sizeof(uint64_t)),
                              .reference_rows = reference_rows,
                              .current_rows = current_rows,
                              .tables = tables,
                              .draws = draws_for(far, count)};
    size_t *of = xcalloc(count + 1, sizeof(*of));
    for (size_t i = 0; i < count; i++) {
        columns[i].noise = NAN;
        if (rows < 2 || columns[i].place >= row_sample_columns(sample) || columns[i].pair->n <= 0 ||
            columns[i].pair->m <= 0)
            continue;
        of[drawing.count] = i;
        plan_column(&drawing, &columns[i], &drawing.plans[drawing.count++]);
    }
    for (size_t row = 0; row < rows; row++) {
        uint64_t times;
        (void)row_sample_row(sample, row, &times);
        drawing.cumulative[row + 1] = drawing.cumulative[row] + times;
    }
    if (drawing.count > 0) {
        drawing.statistics = xcalloc(drawing.draws * drawing.count, sizeof(double));
        size_t blocks = (drawing.draws + LANES - 1) / LANES;
        (void)pool_run(blocks, draw, &drawing, &err); /* `draw` cannot fail */
        set_thresholds(&drawing, far, columns, of);
    }
    for (size_t i = 0; i < drawing.count; i++)
        plan_clear(&drawing.plans[i]);
    free(drawing.plans);
    free(drawing.cumulative);
    free(drawing.statistics);
    free(of);
}
