/* lib/stats/pca.c - components of the correlation matrix. */
#include "stats/pca.h"
#include "stats/eigen.h"
#include "stats/product.h"
#include <float.h>
#include <math.h>

#define LANES PRODUCT_LANES
#define BLOCK 128           /* rows whose products are added at a time */
#define RANK_TOLERANCE 1e-9 /* of the largest variance: less is rounding */

static void standardise_by(const double *x, const double *weights, size_t rows, struct pca *pca)
{
    double total = 0;
    for (size_t row = 0; row < rows; row++)
        total += weights[row];
    for (size_t i = 0; i < pca->width; i++) {
        double mean = 0, square = 0;
        for (size_t row = 0; row < rows; row++)
            mean += weights[row] / total * x[row * pca->width + i];
        for (size_t row = 0; row < rows; row++) {
            double gap = x[row * pca->width + i] - mean;
            square += weights[row] / total * gap * gap;
        }
        double deviation = sqrt(square);
        pca->means[i] = mean;
        /* below that it is the rounding of the mean: scikit-learn's _is_constant_feature */
        pca->scales[i] = deviation > (double)rows * DBL_EPSILON * fabs(mean) ? deviation : 1;
    }
}

void pca_standardise(const struct pca *pca, const double *row, double *z)
{
    for (size_t i = 0; i < pca->width; i++)
        z[i] = (row[i] - pca->means[i]) / pca->scales[i];
}

/* Adds the products of `rows` standardised rows: LANES columns at a time with those up to them.
 * Of column i with column j the sum is at [i / LANES][j][i % LANES]. */
static void add_products(const double *z, const double *weights, size_t rows, size_t width,
                         double *sums)
{
    for (size_t first = 0; first < width; first += LANES, sums += width * LANES) {
        size_t lanes = width - first < LANES ? width - first : LANES;
        double weighted[BLOCK * LANES] = {0};
        for (size_t row = 0; row < rows; row++)
            for (size_t lane = 0; lane < lanes; lane++)
                weighted[row * LANES + lane] = weights[row] * z[row * width + first + lane];
        product_add(&(struct product_matrix){z, first + lanes, rows, 1, width}, weighted, sums);
    }
}

/* The lower half of the covariance of the standardised rows. */
static void covariance(const double *x, const double *weights, size_t rows, const struct pca *pca,
                       double *matrix)
{
    size_t width = pca->width, panels = (width + LANES - 1) / LANES;
    double *z = xcalloc(BLOCK * width + 1, sizeof(*z)), total = 0;
    double *sums = xcalloc(panels * width * LANES + 1, sizeof(*sums));
    for (size_t from = 0; from < rows; from += BLOCK) {
        size_t count = rows - from < BLOCK ? rows - from : BLOCK;
        for (size_t row = 0; row < count; row++) {
            pca_standardise(pca, x + (from + row) * width, z + row * width);
            total += weights[from + row];
        }
        add_products(z, weights + from, count, width, sums);
    }
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j <= i; j++)
            matrix[i * width + j] = sums[(i / LANES * width + j) * LANES + i % LANES] / total;
    free(z);
    free(sums);
}

void pca_fit(const double *x, const double *weights, size_t rows, size_t width, double share,
             struct pca *pca)
{
    double *matrix = xcalloc(width * width + 1, sizeof(*matrix)), total = 0, sum = 0;
    *pca = (struct pca){.width = width,
                        .means = xcalloc(width + 1, sizeof(double)),
                        .scales = xcalloc(width + 1, sizeof(double)),
                        .variances = xcalloc(width + 1, sizeof(double)),
                        .components = xcalloc(width * width + 1, sizeof(double))};
    standardise_by(x, weights, rows, pca);
    covariance(x, weights, rows, pca, matrix);
    eigen_symmetric(matrix, width, pca->variances, pca->components);
    free(matrix);
    for (size_t k = 0; k < width; k++) {
        pca->variances[k] = fmax(pca->variances[k], 0);
        total += pca->variances[k];
        pca->rank += pca->variances[k] > RANK_TOLERANCE * pca->variances[0];
    }
    while (pca->kept < width && sum <= share * total)
        sum += pca->variances[pca->kept++];
}

void pca_clear(struct pca *pca)
{
    free(pca->means);
    free(pca->scales);
    free(pca->variances);
    free(pca->components);
    *pca = (struct pca){0};
}

/* Of LANES rows: `scores` has those of each component, which are all that a row is. */
static void measure_lanes(const struct pca *pca, const double *scores, double residuals[LANES],
                          double distances[LANES])
{
    double lost[LANES] = {0}, far[LANES] = {0};
    /* in the basis of all components the reconstruction lacks those that are not kept */
    for (size_t k = pca->kept; k < pca->width; k++)
        for (size_t lane = 0; lane < LANES; lane++)
            lost[lane] += scores[k * LANES + lane] * scores[k * LANES + lane];
    for (size_t k = 0; k < pca->rank; k++)
        for (size_t lane = 0; lane < LANES; lane++) {
            double score = scores[k * LANES + lane];
            far[lane] += score * (score / pca->variances[k]);
        }
    for (size_t lane = 0; lane < LANES; lane++) {
        residuals[lane] = sqrt(lost[lane]);
        distances[lane] = far[lane];
    }
}

void pca_measure(const struct pca *pca, const double *x, size_t rows, double *residuals,
                 double *distances)
{
    size_t width = pca->width;
    struct product_matrix components = {pca->components, width, width, width, 1};
    double *z = xcalloc(width + 1, sizeof(*z)), *columns = xcalloc(width * LANES + 1, sizeof(*z));
    double *scores = xcalloc(width * LANES + 1, sizeof(*scores));
    for (size_t from = 0; from < rows; from += LANES) {
        size_t count = rows - from < LANES ? rows - from : LANES;
        double residual[LANES], distance[LANES];
        for (size_t lane = 0; lane < count; lane++) {
            pca_standardise(pca, x + (from + lane) * width, z);
            for (size_t i = 0; i < width; i++)
                columns[i * LANES + lane] = z[i];
        }
        memset(scores, 0, width * LANES * sizeof(*scores));
        product_add(&components, columns, scores);
        measure_lanes(pca, scores, residual, distance);
        memcpy(residuals + from, residual, count * sizeof(*residual));
        memcpy(distances + from, distance, count * sizeof(*distance));
    }
    free(z);
    free(columns);
    free(scores);
}

static double along(const struct pca *pca, const double *z, size_t component)
{
    const double *vector = pca->components + component * pca->width;
    double sum = 0;
    for (size_t i = 0; i < pca->width; i++)
        sum += vector[i] * z[i];
    return sum;
}

double pca_distance(const struct pca *pca, const double *z, double *parts)
{
    double distance = 0;
    for (size_t i = 0; parts && i < pca->width; i++)
        parts[i] = 0;
    for (size_t k = 0; k < pca->rank; k++) {
        double score = along(pca, z, k), scaled = score / pca->variances[k];
        distance += score * scaled;
        for (size_t i = 0; parts && i < pca->width; i++)
            parts[i] += scaled * pca->components[k * pca->width + i] * z[i];
    }
    return distance;
}
