/* tests/unit/stats/test_pca.c - eigenvectors, components, residuals and distances. The numbers of
 * Longley's table (J. W. Longley, JASA 62, 1967; its first eleven years, eight of them fitted) are
 * those of scikit-learn 1.2.1: StandardScaler, PCA(n_components=0.65 and 0.9), EmpiricalCovariance.
 */
#include "test.h"

#include "stats/eigen.h"
#include "stats/pca.h"
#include <math.h>

static uint64_t seed;
static double uniform(void)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(seed >> 11) / 0x1p53 - 0.5;
}

enum { WIDEST = 70 };

/* A matrix of rank `rank`; below `width` it has an eigenvalue of 0 as often as that lacks. */
static void make_matrix(double *a, size_t width, size_t rank)
{
    memset(a, 0, width * width * sizeof(*a));
    for (size_t k = 0; k < rank; k++) {
        double v[WIDEST], factor = uniform() * 20;
        for (size_t i = 0; i < width; i++)
            v[i] = uniform();
        for (size_t i = 0; i < width; i++)
            for (size_t j = 0; j < width; j++)
                a[i * width + j] += factor * v[i] * v[j];
    }
}

static void check_decomposition(const double *a, size_t width)
{
    static double work[WIDEST * WIDEST], vectors[WIDEST * WIDEST];
    double values[WIDEST];
    memcpy(work, a, width * width * sizeof(*a));
    eigen_symmetric(work, width, values, vectors);
    for (size_t k = 0; k < width; k++) {
        const double *v = vectors + k * width;
        assert_true(k == 0 || values[k] <= values[k - 1]);
        for (size_t i = 0; i < width; i++) {
            double product = 0;
            for (size_t j = 0; j < width; j++)
                product += a[i * width + j] * v[j];
            assert_true(fabs(product - values[k] * v[i]) < 1e-11 * (1 + fabs(values[0])));
        }
        for (size_t other = 0; other <= k; other++) {
            double product = 0;
            for (size_t i = 0; i < width; i++)
                product += v[i] * vectors[other * width + i];
            assert_true(fabs(product - (other == k)) < 1e-12);
        }
    }
}

static void eigenvectors_are_orthonormal_and_solve_their_equation(void **state)
{
    static double a[WIDEST * WIDEST];
    (void)state;
    seed = 4;
    for (size_t width = 1; width <= WIDEST; width += width < 8 ? 1 : 7)
        for (size_t rank = 0; rank <= width; rank += width < 8 ? 1 : 23) {
            make_matrix(a, width, rank);
            check_decomposition(a, width);
        }
    for (size_t i = 0; i < 30 * 30; i++)
        a[i] = i % 31 == 0; /* all eigenvalues alike */
    check_decomposition(a, 30);
}

enum { ROWS = 8, NEW = 3, WIDTH = 4 };
static const double longley[] = {83.0, 234.289, 2356, 1590, 88.5,  259.426, 2325, 1456,
                                 88.2, 258.054, 3682, 1616, 89.5,  284.599, 3351, 1650,
                                 96.2, 328.975, 2099, 3099, 98.1,  346.999, 1932, 3594,
                                 99.0, 365.385, 1870, 3547, 100.0, 363.112, 3578, 3350};
static const double later[] = {101.2, 397.469, 2904,  3048,    104.6, 419.18,
                               2822,  2857,    116.9, 554.894, 4007,  2827};
static const double ones[] = {1, 1, 1, 1, 1, 1, 1, 1};

static double residual(const struct pca *pca, const double *row)
{
    double residual, distance;
    pca_measure(pca, row, 1, &residual, &distance);
    return residual;
}

static double distance(const struct pca *pca, const double *row, double *parts)
{
    double z[WIDTH], residual, measured;
    pca_standardise(pca, row, z);
    double distance = pca_distance(pca, z, parts);
    pca_measure(pca, row, 1, &residual, &measured);
    assert_true(distance == measured);
    return distance;
}

static void components_are_those_of_scikit_learn(void **state)
{
    static const double variances[] = {3.0319064979542207, 0.9154684767493337, 0.042526613589788285,
                                       0.010098411706658624};
    static const double residuals[] = {1.069910664383194,  0.8515334529409895, 1.071281015208211,
                                       0.796123149686776,  0.5416156157131111, 0.6487041779293063,
                                       0.6300335483843232, 1.726953393806001};
    static const double of_later[] = {1.26620694300749, 1.7063364159082113, 4.727178822233604};
    struct pca pca;
    (void)state;
    pca_fit(longley, ones, ROWS, WIDTH, 0.65, &pca);
    assert_int_equal(1, pca.kept);
    assert_int_equal(WIDTH, pca.rank);
    for (size_t k = 0; k < WIDTH; k++)
        assert_true(fabs(pca.variances[k] - variances[k]) < 1e-12);
    for (size_t row = 0; row < ROWS; row++)
        assert_true(fabs(residual(&pca, longley + row * WIDTH) - residuals[row]) < 1e-12);
    for (size_t row = 0; row < NEW; row++)
        assert_true(fabs(residual(&pca, later + row * WIDTH) - of_later[row]) < 1e-12);
    pca_clear(&pca);
    pca_fit(longley, ones, ROWS, WIDTH, 0.9, &pca);
    assert_int_equal(2, pca.kept);
    assert_true(fabs(residual(&pca, later + 2 * WIDTH) - 3.0152992208411153) < 1e-12);
    pca_clear(&pca);
}

static void distances_are_those_of_scikit_learn_and_add_up(void **state)
{
    static const double distances[] = {6.146573853554238, 5.588267312658765,  3.958791656125704,
                                       4.447098819332426, 1.3727327543690815, 2.632917020820696,
                                       3.674405225157883, 4.1792133579809425};
    static const double of_later[] = {33.16173189098747, 60.554535214394996, 357.47725187035445};
    struct pca pca;
    double leverages = 0, parts[WIDTH];
    (void)state;
    pca_fit(longley, ones, ROWS, WIDTH, 0.65, &pca);
    for (size_t row = 0; row < ROWS; row++) {
        double found = distance(&pca, longley + row * WIDTH, NULL);
        assert_true(fabs(found - distances[row]) < 1e-9);
        leverages += (1 + found) / ROWS;
    }
    assert_true(fabs(leverages - (WIDTH + 1)) < 1e-9); /* the trace of the hat matrix */
    for (size_t row = 0; row < NEW; row++) {
        double found = distance(&pca, later + row * WIDTH, parts), sum = 0;
        for (size_t i = 0; i < WIDTH; i++)
            sum += parts[i];
        assert_true(fabs(found / of_later[row] - 1) < 1e-9);
        assert_true(fabs(found - sum) < 1e-9 * found);
    }
    pca_clear(&pca);
}

static void a_weight_is_as_many_rows(void **state)
{
    static const double weights[] = {2, 0, 1, 1, 3, 1, 1, 1};
    double repeated[10 * WIDTH], all[10];
    size_t count = 0;
    struct pca once, often;
    (void)state;
    for (size_t row = 0; row < ROWS; row++)
        for (double i = 0; i < weights[row]; i++, count++) {
            memcpy(repeated + count * WIDTH, longley + row * WIDTH, WIDTH * sizeof(double));
            all[count] = 1;
        }
    pca_fit(longley, weights, ROWS, WIDTH, 0.65, &once);
    pca_fit(repeated, all, count, WIDTH, 0.65, &often);
    for (size_t row = 0; row < NEW; row++) {
        const double *z = later + row * WIDTH;
        assert_true(fabs(residual(&once, z) - residual(&often, z)) < 1e-12);
        assert_true(fabs(distance(&once, z, NULL) / distance(&often, z, NULL) - 1) < 1e-9);
    }
    pca_clear(&once);
    pca_clear(&often);
}

/* Copies and constants of other columns add no dimension. */
static void columns_that_say_nothing_new_change_no_distance(void **state)
{
    double wide[ROWS * 3], narrow[ROWS], z[3];
    struct pca one, three;
    (void)state;
    for (size_t row = 0; row < ROWS; row++) {
        narrow[row] = longley[row * WIDTH];
        wide[row * 3] = narrow[row];
        wide[row * 3 + 1] = -2 * narrow[row];
        wide[row * 3 + 2] = 0.1;
    }
    pca_fit(narrow, ones, ROWS, 1, 0.65, &one);
    pca_fit(wide, ones, ROWS, 3, 0.65, &three);
    assert_int_equal(1, three.rank);
    pca_standardise(&three, wide, z);
    double many = pca_distance(&three, z, NULL);
    pca_standardise(&one, narrow, z);
    assert_true(fabs(many - pca_distance(&one, z, NULL)) < 1e-12);
    pca_clear(&one);
    pca_clear(&three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eigenvectors_are_orthonormal_and_solve_their_equation),
        cmocka_unit_test(components_are_those_of_scikit_learn),
        cmocka_unit_test(distances_are_those_of_scikit_learn_and_add_up),
        cmocka_unit_test(a_weight_is_as_many_rows),
        cmocka_unit_test(columns_that_say_nothing_new_change_no_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
