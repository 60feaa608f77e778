/* lib/drift/domain.c - rows of two tables told apart by a classifier. */
#include "drift/domain.h"
#include "stats/hll.h"
#include "stats/interval.h"
#include "stats/row_sample.h"
#include <math.h>

#define FOLDS 5
#define ROWS_MIN 50      /* of either */
#define FEATURES_MAX 40  /* before products */
#define PRODUCTS_OF 16   /* features of which products are made, squares too */
#define VALUES 4         /* of a text column */
#define DEVIATIONS_MAX 4 /* standardised features are cut there: one row is not to lead */
#define SPREAD 1.1       /* of the AUC over folds, against that of one sample without fitting */

struct rows {
    const struct row_sample *samples[2]; /* reference, current */
    size_t *places[2];                   /* of each column in its sample */
    size_t columns;
    size_t count, width;
    double *x; /* row by row, `width` each, the last 1 */
    double *weights;
    double *scores;
    uint8_t *labels, *folds;
};

static double *row_features(const struct rows *rows, size_t row)
{
    return rows->x + row * rows->width;
}

static bool cell_value(const uint64_t *cells, size_t place, double *value)
{
    memcpy(value, &cells[place], sizeof(*value));
    return cells[place] != ROW_CELL_MISSING;
}

static const uint64_t *row_cells(const struct rows *rows, size_t row, int *side)
{
    uint64_t times;
    size_t first = row_sample_rows(rows->samples[0]);
    *side = row >= first;
    return row_sample_row(rows->samples[*side], *side ? row - first : row, &times);
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The values that come most often in the rows of both samples; returns how many. */
static size_t frequent_values(const struct rows *rows, size_t column, double found[VALUES])
{
    double *values = xcalloc(rows->count + 1, sizeof(*values));
    size_t count = 0, known = 0, times[VALUES] = {0};
    for (size_t row = 0; row < rows->count; row++) {
        int side;
        const uint64_t *cells = row_cells(rows, row, &side);
        count += cell_value(cells, rows->places[side][column], &values[count]);
    }
    qsort(values, count, sizeof(*values), by_number);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && values[end] == values[i]; end++)
            continue;
        size_t place = known < VALUES ? known : VALUES;
        for (; place > 0 && times[place - 1] < end - i; place--)
            if (place < VALUES) {
                times[place] = times[place - 1];
                found[place] = found[place - 1];
            }
        if (place < VALUES) {
            times[place] = end - i;
            found[place] = values[i];
            known += known < VALUES;
        }
    }
    free(values);
    return known;
}

/* Mean 0 and deviation 1 over both, each table with the same weight; NaN becomes 0. */
static void standardise(const struct rows *rows, size_t feature)
{
    double weight = 0, sum = 0, squares = 0;
    for (size_t row = 0; row < rows->count; row++) {
        double value = row_features(rows, row)[feature];
        if (!isfinite(value))
            continue;
        weight += rows->weights[row];
        sum += rows->weights[row] * value;
    }
    double mean = weight > 0 ? sum / weight : 0;
    for (size_t row = 0; row < rows->count; row++) {
        double gap = row_features(rows, row)[feature] - mean;
        squares += isfinite(gap) ? rows->weights[row] * gap * gap : 0;
    }
    double deviation = weight > 0 ? sqrt(squares / weight) : 0;
    for (size_t row = 0; row < rows->count; row++) {
        double *value = &row_features(rows, row)[feature];
        double standard = deviation > 0 ? (*value - mean) / deviation : 0;
        *value = isfinite(standard) ? fmax(fmin(standard, DEVIATIONS_MAX), -DEVIATIONS_MAX) : 0;
    }
}

static size_t fill_column(const struct rows *rows, size_t column, bool text, size_t feature)
{
    double values[VALUES];
    size_t count = text ? frequent_values(rows, column, values) : 1;
    for (size_t i = 0; i < count && feature < FEATURES_MAX; i++, feature++) {
        for (size_t row = 0; row < rows->count; row++) {
            int side;
            double value;
            const uint64_t *cells = row_cells(rows, row, &side);
            bool there = cell_value(cells, rows->places[side][column], &value);
            double cell = !there ? NAN : text ? value == values[i] : value;
            row_features(rows, row)[feature] = cell;
        }
        standardise(rows, feature);
    }
    return feature;
}

/* Columns, then products, then the constant. */
static void fill_features(struct rows *rows, const bool *texts)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->columns; i++)
        count = fill_column(rows, i, texts[i], count);
    size_t of = count < PRODUCTS_OF ? count : PRODUCTS_OF, next = count;
    for (size_t i = 0; i < of; i++)
        for (size_t j = i; j < of; j++, next++) {
            for (size_t row = 0; row < rows->count; row++) {
                double *x = row_features(rows, row);
                x[next] = x[i] * x[j];
            }
            standardise(rows, next);
        }
    for (size_t row = 0; row < rows->count; row++)
        row_features(rows, row)[rows->width - 1] = 1;
}

/* a += w x x', its lower half; b += w y x. */
static void accumulate(double *a, double *b, const double *x, size_t width, double w, double y)
{
    for (size_t i = 0; i < width; i++) {
        double factor = w * x[i];
        b[i] += factor * y;
        for (size_t j = 0; factor != 0 && j <= i; j++)
            a[i * width + j] += factor * x[j];
    }
}

/* Solve a z = b in place by Cholesky's decomposition; `a` is symmetric, its lower half given, and
 * the ridge makes it positive. */
static void solve(double *a, double *b, size_t width)
{
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * width + j];
            for (size_t k = 0; k < j; k++)
                sum -= a[i * width + k] * a[j * width + k];
            a[i * width + j] = i == j ? sqrt(fmax(sum, 1e-12)) : sum / a[j * width + j];
        }
    for (size_t i = 0; i < width; i++) {
        for (size_t k = 0; k < i; k++)
            b[i] -= a[i * width + k] * b[k];
        b[i] /= a[i * width + i];
    }
    for (size_t i = width; i-- > 0;) {
        for (size_t k = i + 1; k < width; k++)
            b[i] -= a[k * width + i] * b[k];
        b[i] /= a[i * width + i];
    }
}

/* Learn from all folds but one, and score that. */
static void score_fold(struct rows *rows, uint8_t fold)
{
    size_t width = rows->width;
    double *a = xcalloc(width * width, sizeof(*a)), *b = xcalloc(width, sizeof(*b)), trace = 0;
    for (size_t row = 0; row < rows->count; row++)
        if (rows->folds[row] != fold)
            accumulate(a, b, row_features(rows, row), width, rows->weights[row],
                       rows->labels[row] ? 1 : -1);
    for (size_t i = 0; i < width; i++)
        trace += a[i * width + i];
    double ridge = trace / (double)width * (0.01 + (double)width / (double)rows->count);
    for (size_t i = 0; i < width; i++)
        a[i * width + i] += ridge;
    solve(a, b, width);
    for (size_t row = 0; row < rows->count; row++) {
        if (rows->folds[row] != fold)
            continue;
        rows->scores[row] = 0;
        for (size_t i = 0; i < width; i++)
            rows->scores[row] += b[i] * row_features(rows, row)[i];
    }
    free(a);
    free(b);
}

struct scored {
    double score, weight;
    bool label;
};

static int by_score(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

/* Weighted AUC within a fold, ties by half; `*mass` gets what it counts for. */
static double fold_auc(const struct rows *rows, uint8_t fold, double *mass)
{
    struct scored *order = xcalloc(rows->count + 1, sizeof(*order));
    size_t count = 0;
    double total[2] = {0}, below = 0, area = 0;
    for (size_t row = 0; row < rows->count; row++)
        if (rows->folds[row] == fold) {
            order[count++] =
                (struct scored){rows->scores[row], rows->weights[row], rows->labels[row]};
            total[rows->labels[row]] += rows->weights[row];
        }
    qsort(order, count, sizeof(*order), by_score);
    for (size_t i = 0, end; i < count; i = end) {
        double in[2] = {0};
        for (end = i; end < count && order[end].score == order[i].score; end++)
            in[order[end].label] += order[end].weight;
        area += in[1] * (below + in[0] / 2);
        below += in[0];
    }
    free(order);
    *mass = total[0] * total[1] > 0 ? fmin(total[0], total[1]) : 0;
    return *mass > 0 ? area / (total[0] * total[1]) : 0;
}

/* Each table weighs 1; equal rows fall into one fold, as their cells are hashed. */
static void deal_rows(struct rows *rows)
{
    double totals[2] = {0};
    uint64_t *cells = xcalloc(rows->columns + 1, sizeof(*cells));
    for (size_t row = 0; row < rows->count; row++) {
        int side;
        uint64_t times;
        const uint64_t *found = row_cells(rows, row, &side);
        (void)row_sample_row(rows->samples[side],
                             side ? row - row_sample_rows(rows->samples[0]) : row, &times);
        for (size_t i = 0; i < rows->columns; i++)
            cells[i] = found[rows->places[side][i]];
        rows->labels[row] = (uint8_t)side;
        rows->weights[row] = (double)times;
        rows->folds[row] = (uint8_t)(stats_hash(cells, rows->columns * sizeof(*cells)) % FOLDS);
        totals[side] += (double)times;
    }
    for (size_t row = 0; row < rows->count; row++)
        rows->weights[row] /= totals[rows->labels[row]];
    free(cells);
}

static struct domain classify(struct rows *rows, const bool *texts, double far)
{
    size_t features = 0;
    for (size_t i = 0; i < rows->columns; i++) {
        double values[VALUES];
        features += texts[i] ? frequent_values(rows, i, values) : 1;
    }
    features = features < FEATURES_MAX ? features : FEATURES_MAX;
    size_t of = features < PRODUCTS_OF ? features : PRODUCTS_OF;
    rows->width = features + of * (of + 1) / 2 + 1;
    rows->x = xcalloc(rows->count * rows->width, sizeof(*rows->x));
    rows->weights = xcalloc(rows->count, sizeof(*rows->weights));
    rows->scores = xcalloc(rows->count, sizeof(*rows->scores));
    rows->labels = xcalloc(rows->count, sizeof(*rows->labels));
    rows->folds = xcalloc(rows->count, sizeof(*rows->folds));
    deal_rows(rows);
    fill_features(rows, texts);
    double area = 0, whole = 0;
    for (uint8_t fold = 0; fold < FOLDS; fold++) {
        double mass;
        score_fold(rows, fold);
        double auc = fold_auc(rows, fold, &mass);
        area += mass * auc;
        whole += mass;
    }
    /* the variance of the Mann-Whitney statistic without a difference, of large samples */
    double sizes = 1 / row_sample_worth(rows->samples[0]) + 1 / row_sample_worth(rows->samples[1]);
    double noise = normal_quantile(1 - far) * SPREAD * sqrt(sizes / 12);
    free(rows->x);
    free(rows->weights);
    free(rows->scores);
    free(rows->labels);
    free(rows->folds);
    return (struct domain){.auc = whole > 0 ? area / whole : NAN,
                           .threshold = fmax(DOMAIN_EFFECT, 0.5 + noise)};
}

struct domain domain_classify(const struct profile *reference, const struct profile *current,
                              const char *const *names, size_t count, double far)
{
    struct domain result = {.auc = NAN, .threshold = DOMAIN_EFFECT};
    struct rows rows = {.samples = {reference->sample, current->sample}};
    if (!reference->sample || !current->sample || row_sample_rows(reference->sample) < ROWS_MIN ||
        row_sample_rows(current->sample) < ROWS_MIN)
        return result;
    bool *texts = xcalloc(count + 1, sizeof(*texts));
    rows.places[0] = xcalloc(count + 1, sizeof(size_t));
    rows.places[1] = xcalloc(count + 1, sizeof(size_t));
    rows.count = row_sample_rows(reference->sample) + row_sample_rows(current->sample);
    for (size_t i = 0; i < count; i++) {
        const struct column_profile *r = profile_column(reference, names[i]);
        const struct column_profile *c = profile_column(current, names[i]);
        if (!r || !c)
            continue;
        size_t in_r = (size_t)(r - reference->columns), in_c = (size_t)(c - current->columns);
        if (in_r >= row_sample_columns(reference->sample) ||
            in_c >= row_sample_columns(current->sample))
            continue;
        rows.places[0][rows.columns] = in_r;
        rows.places[1][rows.columns] = in_c;
        texts[rows.columns++] = !r->quantiles;
    }
    if (rows.columns > 0)
        result = classify(&rows, texts, far);
    free(texts);
    free(rows.places[0]);
    free(rows.places[1]);
    return result;
}
