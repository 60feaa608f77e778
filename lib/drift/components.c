/* lib/drift/components.c - reconstruction errors and leverages, and what chance makes of them. */
#include "drift/components.h"
#include "drift/encode.h"
#include "stats/interval.h"
#include "stats/pca.h"
#include "stats/row_sample.h"
#include <math.h>

#define FOLDS 40
#define FOLDS_WIDE 10 /* of more columns than */
#define WIDE 60
#define ROWS_MIN 50 /* of either */

/* Each row's figures. */
struct scores {
    double *errors;
    double *isolated; /* 1 or 0 */
};

static void scores_make(struct scores *scores, size_t rows)
{
    scores->errors = xcalloc(rows + 1, sizeof(double));
    scores->isolated = xcalloc(rows + 1, sizeof(double));
}

static void scores_clear(struct scores *scores)
{
    free(scores->errors);
    free(scores->isolated);
}

/* The leverage is (1 + distance) / n, on average (1 + rank) / n: n cancels. */
static void score_rows(const struct pca *pca, const double *x, size_t rows, struct scores *scores)
{
    double average = 1 + (double)pca->rank;
    scores_make(scores, rows);
    pca_measure(pca, x, rows, scores->errors, scores->isolated);
    for (size_t row = 0; row < rows; row++)
        scores->isolated[row] = 1 + scores->isolated[row] > LEVERAGE_CUT * average;
}

static double mean_of(const double *scores, const double *weights, size_t rows)
{
    double total = 0, sum = 0;
    for (size_t row = 0; row < rows; row++) {
        total += weights[row];
        sum += weights[row] * scores[row];
    }
    return sum / total;
}

/* What a mean of the reference's rows is wrong by, as the components were fitted to the same. */
struct fitted {
    double gain;     /* by which other rows of one source have more */
    double variance; /* of that */
};

/* The mean over the rows of a fold, by components of the others, less the mean over the others. */
static double fold_gain(const struct encoded *encoded, size_t fold, size_t folds,
                        const double *scores)
{
    double sums[2] = {0}, totals[2] = {0};
    for (size_t row = 0; row < encoded->rows[0]; row++) {
        int within = row % folds == fold;
        totals[within] += encoded->weights[0][row];
        sums[within] += encoded->weights[0][row] * scores[row];
    }
    return sums[1] / totals[1] - sums[0] / totals[0];
}

static struct fitted fitted_of(const double *gains, size_t folds)
{
    double mean = 0, squares = 0;
    for (size_t fold = 0; fold < folds; fold++)
        mean += gains[fold] / (double)folds;
    for (size_t fold = 0; fold < folds; fold++)
        squares += (gains[fold] - mean) * (gains[fold] - mean);
    return (struct fitted){mean, squares / (double)(folds - 1) / (double)folds};
}

/*
 * By leaving out fold after fold (the grouped jackknife: Shao and Wu, Annals of Statistics 17,
 * 1989): a score's mean over the rows that were fitted hardly varies, as their squares add up to
 * the number of columns whatever they are; what varies is the fit. How many components are kept is
 * that of all rows, and all rows are seen by the components of a fold, so that nothing comes of two
 * that change places because they carry as much. The sample has its rows in the order of their
 * hashes: any cut of it is at random.
 */
static void leave_out(const struct encoded *encoded, size_t kept, struct fitted *errors,
                      struct fitted *isolated)
{
    size_t rows = encoded->rows[0], width = encoded->width;
    size_t folds = width > WIDE ? FOLDS_WIDE : FOLDS;
    double *weights = xcalloc(rows + 1, sizeof(*weights)), gains[2][FOLDS];
    for (size_t fold = 0; fold < folds; fold++) {
        struct scores scores;
        struct pca pca;
        for (size_t row = 0; row < rows; row++)
            weights[row] = row % folds == fold ? 0 : encoded->weights[0][row];
        pca_fit(encoded->x[0], weights, rows, width, COMPONENTS_SHARE, &pca);
        pca.kept = kept;
        score_rows(&pca, encoded->apart, rows, &scores);
        gains[0][fold] = fold_gain(encoded, fold, folds, scores.errors);
        gains[1][fold] = fold_gain(encoded, fold, folds, scores.isolated);
        scores_clear(&scores);
        pca_clear(&pca);
    }
    *errors = fitted_of(gains[0], folds);
    *isolated = fitted_of(gains[1], folds);
    free(weights);
}

/* Of the scores of single rows. */
struct spread {
    double variance, skewness;
};

/* Adds what rows deviate from their own mean by, its powers, to `sums`. */
static void add_powers(const double *scores, const double *weights, size_t rows, double sums[3])
{
    double mean = mean_of(scores, weights, rows);
    for (size_t row = 0; row < rows; row++) {
        double gap = scores[row] - mean;
        sums[0] += weights[row];
        sums[1] += weights[row] * gap * gap;
        sums[2] += weights[row] * gap * gap * gap;
    }
}

/* Of the rows of both tables: where only one of them has the few rows that are far off, its mean
 * would be held against a spread that knows none of them. */
static struct spread spread_of(const struct encoded *encoded, const double *reference,
                               const double *current)
{
    double sums[3] = {0};
    add_powers(reference, encoded->weights[0], encoded->rows[0], sums);
    add_powers(current, encoded->weights[1], encoded->rows[1], sums);
    double variance = sums[1] / sums[0];
    double skewness = variance > 0 ? sums[2] / sums[0] / (variance * sqrt(variance)) : 0;
    return (struct spread){variance, skewness};
}

/*
 * The `p` quantile of the mean of m new scores less what the reference makes expect: a gamma
 * distribution of that variance and skewness, by Wilson and Hilferty's cube root (Proc. Nat. Acad.
 * Sci. 17, 1931; as Kirby has it for any skewness, Water Resources Research 8, 1972).
 */
static double chance_quantile(struct spread spread, const struct fitted *fitted,
                              const double worth[2], double p)
{
    double n = worth[0], m = worth[1], z = normal_quantile(p);
    double variance = spread.variance / m + fitted->variance, deviation = sqrt(variance);
    double third =
        spread.skewness * spread.variance * sqrt(spread.variance) * (1 / (m * m) - 1 / (n * n));
    double skewness = variance > 0 ? third / (variance * deviation) : 0;
    if (fabs(skewness) < 1e-6)
        return z * deviation;
    double root = fmax(1 + skewness * z / 6 - skewness * skewness / 36, 0);
    return 2 / skewness * (root * root * root - 1) * deviation;
}

/* `apart`: the scores of the reference's rows, each as if it was not one of them. */
static void bound_errors(const struct encoded *encoded, const struct scores *apart,
                         const struct scores *current, const struct fitted *fitted, double far,
                         struct components *found)
{
    double mean = mean_of(apart->errors, encoded->weights[0], encoded->rows[0]) + fitted->gain;
    struct spread spread = spread_of(encoded, apart->errors, current->errors);
    double down = chance_quantile(spread, fitted, encoded->worth, far / 2);
    double up = chance_quantile(spread, fitted, encoded->worth, 1 - far / 2);
    found->error_low = fmax(mean + fmin(down, -RECONSTRUCTION_EFFECT * mean), 0);
    found->error_high = mean + fmax(up, RECONSTRUCTION_EFFECT * mean);
}

/* None in the sample does not mean none at all: the share is Laplace's, (k + 1) / (n + 2). */
static void bound_isolated(const struct encoded *encoded, const struct scores *apart,
                           const struct fitted *fitted, double far, struct components *found)
{
    double n = encoded->worth[0];
    double share = mean_of(apart->isolated, encoded->weights[0], encoded->rows[0]) + fitted->gain;
    share = (fmin(fmax(share, 0), 1) * n + 1) / (n + 2);
    double variance = share * (1 - share);
    struct spread spread = {variance, (1 - 2 * share) / sqrt(variance)};
    struct fitted at_least = {0, fmax(fitted->variance, variance / n)};
    double up = chance_quantile(spread, &at_least, encoded->worth, 1 - far);
    found->isolated_high = share + fmax(up, ISOLATION_EFFECT);
}

/* The column that contributes most to the distances of the current isolated rows. */
static const char *isolating_column(const struct pca *pca, const struct encoded *encoded,
                                    const struct scores *current)
{
    size_t width = encoded->width, most = SIZE_MAX;
    double *z = xcalloc(width + 1, sizeof(*z)), *parts = xcalloc(width + 1, sizeof(*parts));
    double *votes = xcalloc(width + 1, sizeof(*votes));
    for (size_t row = 0; row < encoded->rows[1]; row++) {
        size_t first = 0;
        if (current->isolated[row] == 0)
            continue;
        pca_standardise(pca, encoded->x[1] + row * width, z);
        (void)pca_distance(pca, z, parts);
        for (size_t i = 1; i < width; i++)
            if (parts[i] > parts[first])
                first = i;
        votes[first] += encoded->weights[1][row];
        if (most == SIZE_MAX || votes[first] > votes[most])
            most = first;
    }
    free(z);
    free(parts);
    free(votes);
    return most == SIZE_MAX ? NULL : encoded->names[most];
}

static struct components compare(const struct encoded *encoded, double far)
{
    struct components found = {0};
    struct scores scores[2], apart;
    struct fitted errors, isolated;
    struct pca pca;
    pca_fit(encoded->x[0], encoded->weights[0], encoded->rows[0], encoded->width, COMPONENTS_SHARE,
            &pca);
    for (int side = 0; side < 2; side++)
        score_rows(&pca, encoded->x[side], encoded->rows[side], &scores[side]);
    score_rows(&pca, encoded->apart, encoded->rows[0], &apart);
    leave_out(encoded, pca.kept, &errors, &isolated);
    found.error_reference = mean_of(scores[0].errors, encoded->weights[0], encoded->rows[0]);
    found.error_current = mean_of(scores[1].errors, encoded->weights[1], encoded->rows[1]);
    found.isolated_reference = mean_of(scores[0].isolated, encoded->weights[0], encoded->rows[0]);
    found.isolated_current = mean_of(scores[1].isolated, encoded->weights[1], encoded->rows[1]);
    found.isolated_by = isolating_column(&pca, encoded, &scores[1]);
    bound_errors(encoded, &apart, &scores[1], &errors, far, &found);
    bound_isolated(encoded, &apart, &isolated, far, &found);
    scores_clear(&scores[0]);
    scores_clear(&scores[1]);
    scores_clear(&apart);
    pca_clear(&pca);
    return found;
}

struct components components_compare(const struct profile *reference, const struct profile *current,
                                     const char *const *names, size_t count, double far)
{
    struct components found = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NULL};
    _cleanup_(encoded_clear) struct encoded encoded = {0};
    if (!reference->sample || !current->sample)
        return found;
    encode_rows(reference, current, names, count, &encoded);
    size_t least = LEVERAGE_CUT * (encoded.width + 1); /* below that no leverage is above the cut */
    least = least > ROWS_MIN ? least : ROWS_MIN;
    if (encoded.width < 2 || encoded.worth[0] < (double)least || encoded.worth[1] < ROWS_MIN ||
        encoded.rows[0] < FOLDS)
        return found;
    return compare(&encoded, far);
}
