/* lib/drift/domain_classifier.c - Fisher's discriminant, cross-validated. */
#include "drift/domain_classifier.h"
#include "stats/radix.h"
#include <math.h>

/* Both go by fours: the compiler makes one instruction of each, and may not reorder a sum. */
static inline void add_scaled(double *restrict a, const double *restrict x, double factor,
                              size_t count)
{
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (size_t k = 0; k < 4; k++)
            a[i + k] += factor * x[i + k];
    for (; i < count; i++)
        a[i] += factor * x[i];
}

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

/* a += w x x', its lower half. */
static void accumulate(double *a, const double *x, size_t width, double w)
{
    for (size_t i = 0; i < width; i++)
        if (x[i] != 0)
            add_scaled(a + i * width, x, w * x[i], i + 1);
}

/* Cholesky's decomposition in place; `a` is symmetric, its lower half given, and the ridge makes it
 * positive. */
static void decompose(double *a, size_t width)
{
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * width + j] - product_of(a + i * width, a + j * width, j);
            a[i * width + j] = i == j ? sqrt(fmax(sum, 1e-12)) : sum / a[j * width + j];
        }
}

/* Solve L L' z = b in place. */
static void solve(const double *factor, double *b, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        b[i] -= product_of(factor + i * width, b, i);
        b[i] /= factor[i * width + i];
    }
    for (size_t i = width; i-- > 0;) {
        b[i] /= factor[i * width + i];
        add_scaled(b, factor + i * width, -b[i], i);
    }
}

/* The covariance that Fisher's discriminant needs is that of both tables together: that within them
 * gives the same direction, and this one is the same however rows are dealt. */
void classifier_make(const struct domain_rows *rows, struct classifier *classifier)
{
    size_t width = rows->width, square = width * width;
    double *all = xcalloc(square, sizeof(*all)), mass = 0;
    *classifier = (struct classifier){.rows = rows,
                                      .factors = xcalloc(DOMAIN_FOLDS * square, sizeof(double)),
                                      .totals = xcalloc(DOMAIN_FOLDS * width, sizeof(double))};
    for (size_t row = 0; row < rows->count; row++) {
        const double *x = domain_rows_at(rows, row);
        uint8_t fold = rows->folds[row];
        accumulate(classifier->factors + fold * square, x, width, rows->times[row]);
        for (size_t i = 0; i < width; i++)
            classifier->totals[fold * width + i] += rows->times[row] * x[i];
        classifier->masses[fold] += rows->times[row];
        mass += rows->times[row];
    }
    for (size_t fold = 0; fold < DOMAIN_FOLDS; fold++)
        for (size_t i = 0; i < square; i++)
            all[i] += classifier->factors[fold * square + i];
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
}

/* Weighted AUC of a fold's rows, ties by half; `*mass` gets what it counts for. Sorts: `order` has
 * room for twice `count`. */
static double fold_auc(struct keyed *order, size_t count, const struct deal *deal, double *mass)
{
    double total[2] = {0}, above = 0, area = 0; /* the highest scores come first */
    radix_sort_keyed(order, order + count, count);
    for (size_t i = 0, end; i < count; i = end) {
        double in[2] = {0};
        for (end = i; end < count && order[end].key == order[i].key; end++)
            for (int side = 0; side < 2; side++)
                in[side] += deal->weights[side][order[end].row];
        area += in[0] * (above + in[1] / 2);
        above += in[1];
        total[0] += in[0];
        total[1] += in[1];
    }
    *mass = total[0] * total[1] > 0 ? fmin(total[0], total[1]) : 0;
    return *mass > 0 ? area / (total[0] * total[1]) : 0;
}

/* Sums over the current rows of each fold, `width` each, and how many they are. */
static void sum_current(const struct domain_rows *rows, const struct deal *deal, double *sums,
                        double masses[DOMAIN_FOLDS])
{
    size_t width = rows->width;
    for (size_t row = 0; row < rows->count; row++) {
        double weight = deal->weights[1][row], *sum = sums + rows->folds[row] * width;
        if (weight > 0)
            add_scaled(sum, domain_rows_at(rows, row), weight, width);
        masses[rows->folds[row]] += weight;
    }
}

/* The direction that parts the rows of all folds but one: what the means differ by, in the metric
 * of the covariance. */
static void direction_of(const struct classifier *classifier, size_t fold, const double *sums,
                         const double masses[DOMAIN_FOLDS], double *direction)
{
    size_t width = classifier->rows->width;
    double current = 0, reference = 0;
    for (size_t other = 0; other < DOMAIN_FOLDS; other++) {
        current += other == fold ? 0 : masses[other];
        reference += other == fold ? 0 : classifier->masses[other] - masses[other];
    }
    for (size_t i = 0; i < width; i++)
        direction[i] = 0;
    for (size_t other = 0; other < DOMAIN_FOLDS && current > 0 && reference > 0; other++)
        for (size_t i = 0; other != fold && i < width; i++) {
            double sum = sums[other * width + i];
            direction[i] += sum / current;
            direction[i] -= (classifier->totals[other * width + i] - sum) / reference;
        }
    solve(classifier->factors + fold * width * width, direction, width);
}

/* The AUC of rows so dealt. */
double classifier_area(const struct classifier *classifier, const struct deal *deal)
{
    const struct domain_rows *rows = classifier->rows;
    size_t width = rows->width;
    double *sums = xcalloc(DOMAIN_FOLDS * width, sizeof(*sums)), masses[DOMAIN_FOLDS] = {0};
    double *direction = xcalloc(width, sizeof(*direction)), area = 0, whole = 0;
    struct keyed *order = xcalloc(2 * rows->count, sizeof(*order));
    sum_current(rows, deal, sums, masses);
    for (size_t fold = 0; fold < DOMAIN_FOLDS; fold++) {
        size_t count = 0;
        double mass;
        direction_of(classifier, fold, sums, masses, direction);
        for (size_t row = 0; row < rows->count; row++)
            if (rows->folds[row] == fold)
                order[count++] = (struct keyed){
                    .key = falling_key(product_of(direction, domain_rows_at(rows, row), width)),
                    .row = row};
        double auc = fold_auc(order, count, deal, &mass);
        area += mass * auc;
        whole += mass;
    }
    free(sums);
    free(direction);
    free(order);
    return whole > 0 ? area / whole : 0.5;
}

void classifier_clear(struct classifier *classifier)
{
    free(classifier->factors);
    free(classifier->totals);
    *classifier = (struct classifier){0};
}
