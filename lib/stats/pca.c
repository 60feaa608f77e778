/* lib/stats/pca.c - components of the correlation matrix. */
#include "stats/pca.h"
#include "stats/eigen.h"
#include <float.h>
#include <math.h>

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

/* The lower half of the covariance of the standardised rows. */
static void covariance(const double *x, const double *weights, size_t rows, const struct pca *pca,
                       double *matrix)
{
    size_t width = pca->width;
    double *z = xcalloc(width + 1, sizeof(*z)), total = 0;
    for (size_t row = 0; row < rows; row++) {
        if (weights[row] == 0)
            continue;
        total += weights[row];
        pca_standardise(pca, x + row * width, z);
        for (size_t i = 0; i < width; i++) {
            double factor = weights[row] * z[i];
            for (size_t j = 0; factor != 0 && j <= i; j++)
                matrix[i * width + j] += factor * z[j];
        }
    }
    for (size_t i = 0; i < width * width; i++)
        matrix[i] /= total;
    free(z);
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

static double along(const struct pca *pca, const double *z, size_t component)
{
    const double *vector = pca->components + component * pca->width;
    double sum = 0;
    for (size_t i = 0; i < pca->width; i++)
        sum += vector[i] * z[i];
    return sum;
}

double pca_residual(const struct pca *pca, const double *z)
{
    double sum = 0;
    /* in the basis of all components the reconstruction lacks those that are not kept */
    for (size_t k = pca->kept; k < pca->width; k++) {
        double left = along(pca, z, k);
        sum += left * left;
    }
    return sqrt(sum);
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
