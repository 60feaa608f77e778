/* lib/drift/calibrate.c - thresholds by drawing both tables from the reference. */
#include "drift/calibrate.h"
#include "base/pool.h"
#include "stats/random.h"
#include <math.h>

#define SEED 20211
#define EXCEEDANCES 80 /* draws beyond the quantile, as far as DRAWS_MAX lets them be: 40 at 1 %   \
                        */
#define DRAWS_MAX 4000
#define DRAWS_MIN 400
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

/* What one thread counts in; made for the widest column. */
struct counts {
    uint64_t *reference, *current; /* how often each row of the sample was drawn */
    uint64_t *below_reference, *below_current;
    double *p, *q;
};

static void counts_clear(struct counts *counts)
{
    free(counts->reference);
    free(counts->current);
    free(counts->below_reference);
    free(counts->below_current);
    free(counts->p);
    free(counts->q);
}

static double statistic_of(const struct column_plan *plan, const struct counts *counts)
{
    const struct pair *seen = plan->column->pair;
    struct pair pair = *seen;
    uint64_t n = 0, m = 0;
    pair.p = counts->p;
    pair.q = counts->q;
    for (size_t i = 0; i < pair.cells; i++)
        pair.p[i] = pair.q[i] = 0;
    for (size_t i = 0; i < plan->count; i++) {
        uint64_t in_reference = counts->reference[plan->rows[i]];
        uint64_t in_current = counts->current[plan->rows[i]];
        n += in_reference;
        m += in_current;
        counts->below_reference[plan->groups[i]] = n;
        counts->below_current[plan->groups[i]] = m;
        pair.p[plan->cells[i]] += (double)in_reference;
        pair.q[plan->cells[i]] += (double)in_current;
    }
    pair.n = (double)n;
    pair.m = (double)m;
    if (n == 0 || m == 0)
        return 0;
    pair.reference_view =
        (struct kll_view){plan->values, counts->below_reference, plan->value_count};
    pair.current_view = (struct kll_view){plan->values, counts->below_current, plan->value_count};
    double statistic = plan->column->method->statistic(&pair);
    return isfinite(statistic) ? statistic : 0;
}

static int draw(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct drawing *drawing = context;
    size_t rows = drawing->sample_rows, cells = 1;
    struct random random;
    (void)worker;
    (void)err;
    for (size_t i = 0; i < drawing->count; i++)
        if (drawing->plans[i].column->pair->cells > cells)
            cells = drawing->plans[i].column->pair->cells;
    struct counts counts = {.reference = xcalloc(rows, sizeof(uint64_t)),
                            .current = xcalloc(rows, sizeof(uint64_t)),
                            .below_reference = xcalloc(rows, sizeof(uint64_t)),
                            .below_current = xcalloc(rows, sizeof(uint64_t)),
                            .p = xcalloc(cells, sizeof(double)),
                            .q = xcalloc(cells, sizeof(double))};
    random_init(&random, SEED, index, drawing->tables);
    random_multinomial(&random, drawing->reference_rows, drawing->cumulative, rows,
                       counts.reference);
    random_multinomial(&random, drawing->current_rows, drawing->cumulative, rows, counts.current);
    for (size_t i = 0; i < drawing->count; i++)
        drawing->statistics[index * drawing->count + i] = statistic_of(&drawing->plans[i], &counts);
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
        (void)pool_run(drawing.draws, draw, &drawing, &err); /* `draw` cannot fail */
        set_thresholds(&drawing, far, columns, of);
    }
    for (size_t i = 0; i < drawing.count; i++)
        plan_clear(&drawing.plans[i]);
    free(drawing.plans);
    free(drawing.cumulative);
    free(drawing.statistics);
    free(of);
}
