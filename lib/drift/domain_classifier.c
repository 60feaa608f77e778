/* lib/drift/domain_classifier.c - Fisher's discriminant, cross-validated. */
#include "drift/domain_classifier.h"
#include "stats/radix.h"
#include <math.h>

#define LANES DEAL_LANES

/* Of four sums: the compiler makes one instruction of each two, and may not reorder a sum. */
static inline double product_of(const double *restrict a, const double *restrict b, size_t count)
{
    double sums[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (size_t k = 0; k < 4; k++)
            sums[k] += a[i + k] * b[i + k];
    for (; i < count; i++)
        sums[0] += a[i] * b[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* Cholesky's decomposition in place; `a` is symmetric, its lower half given, and the ridge makes it
 * positive. What stands on the diagonal is inverted in the end, and all else negated. */
static void decompose(double *a, size_t width)
{
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * width + j] - product_of(a + i * width, a + j * width, j);
            a[i * width + j] = i == j ? sqrt(fmax(sum, 1e-12)) : sum / a[j * width + j];
        }
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j <= i; j++)
            a[i * width + j] = i == j ? 1 / a[i * width + j] : -a[i * width + j];
}

/* Solve L L' z = b in place, LANES columns, BLOCK rows at a time: first what the rows before or
 * behind them make of these, and then they themselves. */
#define BLOCK 8

static void add_scaled(double *restrict b, const double *restrict x, double factor)
{
    for (size_t lane = 0; lane < LANES; lane++)
        b[lane] += factor * x[lane];
}

static void scale(double *b, double factor)
{
    for (size_t lane = 0; lane < LANES; lane++)
        b[lane] *= factor;
}

static void solve(const double *factor, double *b, size_t width)
{
    size_t first = 0, end;
    for (; first < width; first = end) {
        end = first + BLOCK < width ? first + BLOCK : width;
        struct product_matrix before = {factor + first * width, end - first, first, width, 1};
        product_add(&before, b, b + first * LANES);
        for (size_t i = first; i < end; i++) {
            for (size_t j = first; j < i; j++)
                add_scaled(b + i * LANES, b + j * LANES, factor[i * width + j]);
            scale(b + i * LANES, factor[i * width + i]);
        }
    }
    for (end = width; end > 0; end = first) {
        first = (end - 1) / BLOCK * BLOCK;
        struct product_matrix behind = {factor + end * width + first, end - first, width - end, 1,
                                        width};
        if (end < width)
            product_add(&behind, b + end * LANES, b + first * LANES);
        for (size_t i = end; i-- > first;) {
            for (size_t j = i + 1; j < end; j++)
                add_scaled(b + i * LANES, b + j * LANES, factor[j * width + i]);
            scale(b + i * LANES, factor[i * width + i]);
        }
    }
}

/* The lower half of the sum of w x x' over the rows of a fold, LANES columns at a time, and that
 * of w x. `times`: how often each row came, by its place. */
static void sum_fold(const struct domain_rows *rows, size_t fold, const double *times,
                     double *products, double *totals)
{
    size_t width = rows->width, start = rows->starts[fold], count = rows->starts[fold + 1] - start;
    double *weighted = xcalloc(count * LANES + 1, sizeof(*weighted));
    double *sums = xcalloc(width * LANES, sizeof(*sums));
    for (size_t first = 0; first < width; first += LANES) {
        size_t lanes = width - first < LANES ? width - first : LANES;
        const double *x = domain_rows_at(rows, start) + first;
        for (size_t row = 0; row < count; row++)
            for (size_t lane = 0; lane < lanes; lane++) {
                weighted[row * LANES + lane] = times[start + row] * x[row * width + lane];
                totals[first + lane] += weighted[row * LANES + lane];
            }
        memset(sums, 0, width * LANES * sizeof(*sums));
        product_add(&(struct product_matrix){x, width - first, count, 1, width}, weighted, sums);
        for (size_t i = first; i < width; i++)
            for (size_t lane = 0; lane < lanes && first + lane <= i; lane++)
                products[i * width + first + lane] = sums[(i - first) * LANES + lane];
    }
    free(weighted);
    free(sums);
}

/* The covariance that Fisher's discriminant needs is that of both tables together: that within them
 * gives the same direction, and this one is the same however rows are dealt. */
void classifier_make(const struct domain_rows *rows, struct classifier *classifier)
{
    size_t width = rows->width, square = width * width;
    double *all = xcalloc(square, sizeof(*all)), mass = 0;
    double *times = xcalloc(rows->count, sizeof(*times));
    *classifier = (struct classifier){.rows = rows,
                                      .factors = xcalloc(DOMAIN_FOLDS * square, sizeof(double)),
                                      .totals = xcalloc(DOMAIN_FOLDS * width, sizeof(double))};
    for (size_t row = 0; row < rows->count; row++)
        times[rows->places[row]] = rows->times[row];
    for (size_t fold = 0; fold < DOMAIN_FOLDS; fold++) {
        double *products = classifier->factors + fold * square;
        sum_fold(rows, fold, times, products, classifier->totals + fold * width);
        for (size_t i = 0; i < square; i++)
            all[i] += products[i];
        for (size_t place = rows->starts[fold]; place < rows->starts[fold + 1]; place++)
            classifier->masses[fold] += times[place];
        mass += classifier->masses[fold];
    }
    for (size_t fold = 0; fold < DOMAIN_FOLDS; fold++) {
        double *a = classifier->factors + fold * square, trace = 0;
        double others = mass - classifier->masses[fold];
        for (size_t i = 0; i < square; i++)
            a[i] = others > 0 ? (all[i] - a[i]) / others : 0;
        for (size_t i = 0; i < width; i++)
            trace += a[i * width + i];
        double ridge = trace / (double)width * (0.01 + (double)width / (double)rows->count);
        for (size_t i = 0; i < width; i++)
            a[i * width + i] += ridge;
        decompose(a, width);
    }
    free(all);
    free(times);
}

/* Sums over the current rows of each fold, `width` each, and how many they are. All of lanes. */
static void sum_current(const struct domain_rows *rows, const struct deals *deals, double *sums,
                        double masses[DOMAIN_FOLDS][LANES])
{
    size_t width = rows->width;
    for (size_t fold = 0; fold < DOMAIN_FOLDS; fold++) {
        size_t start = rows->starts[fold], count = rows->starts[fold + 1] - start;
        const double *weights = deals->weights[1] + start * LANES;
        struct product_matrix x = {domain_rows_at(rows, start), width, count, 1, width};
        product_add(&x, weights, sums + fold * width * LANES);
        for (size_t i = 0; i < count * LANES; i++)
            masses[fold][i % LANES] += weights[i];
    }
}

/* The direction that parts the rows of all folds but one: what the means differ by, in the metric
 * of the covariance. */
static void directions_of(const struct classifier *classifier, size_t fold, const double *sums,
                          double masses[DOMAIN_FOLDS][LANES], double *directions)
{
    size_t width = classifier->rows->width;
    double current[LANES] = {0}, reference[LANES] = {0};
    for (size_t other = 0; other < DOMAIN_FOLDS; other++)
        for (size_t lane = 0; other != fold && lane < LANES; lane++) {
            current[lane] += masses[other][lane];
            reference[lane] += classifier->masses[other] - masses[other][lane];
        }
    /* one over them, or 0 where there is no direction */
    for (size_t lane = 0; lane < LANES; lane++) {
        bool both = current[lane] > 0 && reference[lane] > 0;
        current[lane] = both ? 1 / current[lane] : 0;
        reference[lane] = both ? 1 / reference[lane] : 0;
    }
    memset(directions, 0, width * LANES * sizeof(*directions));
    for (size_t other = 0; other < DOMAIN_FOLDS; other++)
        for (size_t i = 0; other != fold && i < width; i++)
            for (size_t lane = 0; lane < LANES; lane++) {
                double sum = sums[(other * width + i) * LANES + lane];
                double rest = classifier->totals[other * width + i] - sum;
                directions[i * LANES + lane] += sum * current[lane] - rest * reference[lane];
            }
    solve(classifier->factors + fold * width * width, directions, width);
}

/* What is sorted, of one fold. */
struct ranking {
    uint64_t *keys, *order, *spare;
};

/* Weighted AUC of a fold's rows in one lane, ties by half; `*mass` gets what it counts for.
 * `scores` and `weights` are those of its first row. */
static double fold_auc(const double *scores, size_t count, const double *const weights[2],
                       struct ranking *ranking, double *mass)
{
    const uint64_t *keys = ranking->keys, *order = ranking->order;
    double total[2] = {0}, above = 0, area = 0; /* the highest scores come first */
    for (size_t i = 0; i < count; i++)
        ranking->keys[i] = falling_key(scores[i * LANES]);
    radix_order(keys, count, ranking->order, ranking->spare);
    for (size_t i = 0, end; i < count; i = end) {
        double in[2] = {0};
        for (end = i; end < count && keys[order[end]] == keys[order[i]]; end++)
            for (int side = 0; side < 2; side++)
                in[side] += weights[side][order[end] * LANES];
        area += in[0] * (above + in[1] / 2);
        above += in[1];
        total[0] += in[0];
        total[1] += in[1];
    }
    *mass = total[0] * total[1] > 0 ? fmin(total[0], total[1]) : 0;
    return *mass > 0 ? area / (total[0] * total[1]) : 0;
}

/* The AUC of one fold, times what it counts for, is added to `areas`. */
static void add_fold(const struct domain_rows *rows, size_t fold, const double *directions,
                     const struct deals *deals, double areas[LANES], double whole[LANES])
{
    size_t start = rows->starts[fold], count = rows->starts[fold + 1] - start;
    double *scores = xcalloc(count * LANES + 1, sizeof(*scores));
    uint64_t *room = xcalloc(3 * count + 1, sizeof(*room));
    struct ranking ranking = {room, room + count, room + 2 * count};
    struct product_matrix x = {domain_rows_at(rows, start), count, rows->width, rows->width, 1};
    product_add(&x, directions, scores);
    for (size_t lane = 0; lane < LANES; lane++) {
        const double *weights[2] = {deals->weights[0] + start * LANES + lane,
                                    deals->weights[1] + start * LANES + lane};
        double mass, auc = fold_auc(scores + lane, count, weights, &ranking, &mass);
        areas[lane] += mass * auc;
        whole[lane] += mass;
    }
    free(scores);
    free(room);
}

void classifier_areas(const struct classifier *classifier, const struct deals *deals,
                      double areas[LANES])
{
    const struct domain_rows *rows = classifier->rows;
    size_t width = rows->width;
    double *sums = xcalloc(DOMAIN_FOLDS * width * LANES, sizeof(*sums));
    double *directions = xcalloc(width * LANES, sizeof(*directions));
    double masses[DOMAIN_FOLDS][LANES] = {0}, whole[LANES] = {0};
    memset(areas, 0, LANES * sizeof(*areas));
    sum_current(rows, deals, sums, masses);
    for (size_t fold = 0; fold < DOMAIN_FOLDS; fold++) {
        directions_of(classifier, fold, sums, masses, directions);
        add_fold(rows, fold, directions, deals, areas, whole);
    }
    for (size_t lane = 0; lane < LANES; lane++)
        areas[lane] = whole[lane] > 0 ? areas[lane] / whole[lane] : 0.5;
    free(sums);
    free(directions);
}

void classifier_clear(struct classifier *classifier)
{
    free(classifier->factors);
    free(classifier->totals);
    *classifier = (struct classifier){0};
}
