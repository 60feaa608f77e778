/* lib/trial/compare.c - differences of metrics on the same rows, and how certain they are. */
#include "trial/compare.h"
#include "bundle/comparison.h"
#include "stats/paired.h"
#include "stats/paired_bootstrap.h"
#include <inttypes.h>
#include <math.h>

struct pair {
    const struct predictions *ours, *theirs;
    const struct mlops_comparison *comparison;
};

/* Two-sided, where each end alone is of `confidence`. */
static double both_sides(double confidence)
{
    return 2 * confidence - 1;
}

static void set_interval(struct mlops_difference *difference, const struct interval *interval)
{
    difference->low = interval->low;
    difference->high = interval->high;
    difference->method = interval_method_name(interval->method);
}

/* ---- values --------------------------------------------------------------------------------- */

/* Counts and thresholds are no matter of better or worse. */
static bool is_compared(const char *metric)
{
    static const char *const not [] = {"n", "groups", "tp", "fp", "tn", "fn", "threshold_at_fpr"};
    for (size_t i = 0; i < ARRAY_LENGTH(not ); i++)
        if (str_equal(not [i], metric))
            return false;
    return true;
}

static void list_differences(const struct metric_list *ours, const struct metric_list *theirs,
                             struct mlops_comparison *comparison)
{
    comparison->differences = xcalloc(ours->count + 1, sizeof(*comparison->differences));
    for (size_t i = 0; i < ours->count; i++) {
        const struct metric *one = &ours->items[i], *other = metric_list_find(theirs, one->name);
        if (!is_compared(one->name) || !other || isnan(one->value) || isnan(other->value))
            continue;
        struct mlops_difference *difference =
            &comparison->differences[comparison->difference_count++];
        str_copy(difference->metric, sizeof(difference->metric), one->name);
        difference->ours = one->value;
        difference->theirs = other->value;
        difference->difference = one->value - other->value;
        set_interval(difference, &(struct interval){.low = NAN, .high = NAN});
    }
}

/* ---- the bootstrap of pairs ----------------------------------------------------------------- */

static int measure_pair(const void *context, const size_t *units, size_t count, double *differences,
                        struct mlops_error *err)
{
    const struct pair *pair = context;
    const struct mlops_comparison *comparison = pair->comparison;
    _cleanup_(metric_list_clear) struct metric_list ours = {0}, theirs = {0};
    struct mlops_error weightless = {0}; /* rows that were drawn may all be of weight 0 */
    int code = predictions_measure_units(pair->ours, units, count, &ours, &weightless);
    if (code == MLOPS_OK)
        code = predictions_measure_units(pair->theirs, units, count, &theirs, &weightless);
    if (code && code != MLOPS_INVALID)
        *err = weightless;
    for (size_t i = 0; i < comparison->difference_count; i++) {
        const char *name = comparison->differences[i].metric;
        const struct metric *a = metric_list_find(&ours, name),
                            *b = metric_list_find(&theirs, name);
        differences[i] = a && b ? a->value - b->value : NAN;
    }
    return code == MLOPS_INVALID ? MLOPS_OK : code;
}

static int bootstrap_all(const struct pair *pair, uint64_t seed,
                         struct mlops_comparison *comparison, struct mlops_error *err)
{
    size_t count = comparison->difference_count;
    double *point = xcalloc(count + 1, sizeof(*point));
    struct interval *intervals = xcalloc(count + 1, sizeof(*intervals));
    struct paired_bootstrap bootstrap = {.rows = predictions_units(pair->ours),
                                         .measure = measure_pair,
                                         .context = pair,
                                         .values = count,
                                         .point = point,
                                         .confidence = both_sides(comparison->confidence),
                                         .seed = seed};
    bootstrap.strata = predictions_strata(pair->ours, &bootstrap.stratum_count);
    for (size_t i = 0; i < count; i++)
        point[i] = comparison->differences[i].difference;
    int code = paired_bootstrap(&bootstrap, intervals, err);
    for (size_t i = 0; code == MLOPS_OK && i < count; i++)
        if (!str_equal(comparison->differences[i].metric, "max_error")) /* stats/metrics.h */
            set_interval(&comparison->differences[i], &intervals[i]);
    free(point);
    free(intervals);
    return code;
}

/* ---- what has a method of its own ----------------------------------------------------------- */

/* Rows by label, 1 of positives, that only one of both got right. */
struct split {
    uint64_t only_ours[2], only_theirs[2], rows[2];
};

static struct split split_rows(const struct pair *pair, bool binary)
{
    struct split split = {0};
    for (size_t row = 0; row < predictions_rows(pair->ours); row++) {
        bool ours = predictions_is_right(pair->ours, row);
        bool theirs = predictions_is_right(pair->theirs, row);
        int label = binary && predictions_is_positive(pair->ours, row);
        split.rows[label]++;
        split.only_ours[label] += ours && !theirs;
        split.only_theirs[label] += theirs && !ours;
    }
    return split;
}

static struct mlops_difference *find(struct mlops_comparison *comparison, const char *metric)
{
    for (size_t i = 0; i < comparison->difference_count; i++)
        if (str_equal(comparison->differences[i].metric, metric))
            return &comparison->differences[i];
    return NULL;
}

static void set_proportion(struct mlops_comparison *comparison, const char *metric, uint64_t ours,
                           uint64_t theirs, uint64_t rows)
{
    struct mlops_difference *difference = find(comparison, metric);
    struct interval interval =
        paired_proportions(ours, theirs, rows, both_sides(comparison->confidence));
    if (difference)
        set_interval(difference, &interval);
}

static void compare_proportions(const struct pair *pair, bool binary,
                                struct mlops_comparison *comparison)
{
    if (!predictions_counts(pair->ours) || !predictions_counts(pair->theirs))
        return;
    struct split split = split_rows(pair, binary);
    set_proportion(comparison, "accuracy", split.only_ours[0] + split.only_ours[1],
                   split.only_theirs[0] + split.only_theirs[1], split.rows[0] + split.rows[1]);
    if (!binary)
        return;
    set_proportion(comparison, "recall", split.only_ours[1], split.only_theirs[1], split.rows[1]);
    set_proportion(comparison, "specificity", split.only_ours[0], split.only_theirs[0],
                   split.rows[0]);
    /* of the errors on negatives: who was right alone made none */
    set_proportion(comparison, "fpr", split.only_theirs[0], split.only_ours[0], split.rows[0]);
}

static int compare_auc(const struct pair *pair, struct mlops_comparison *comparison,
                       struct mlops_error *err)
{
    const double *ours = predictions_scores(pair->ours), *theirs = predictions_scores(pair->theirs);
    struct mlops_difference *difference = find(comparison, "auc");
    size_t count = predictions_rows(pair->ours);
    if (!difference || !ours || !theirs || !predictions_counts(pair->ours))
        return MLOPS_OK;
    bool *labels = xcalloc(count + 1, sizeof(*labels));
    struct auc_difference found;
    for (size_t row = 0; row < count; row++)
        labels[row] = predictions_is_positive(pair->ours, row);
    int code =
        paired_auc(labels, ours, theirs, count, both_sides(comparison->confidence), &found, err);
    free(labels);
    TRY(code);
    if (isnan(found.interval.low) && found.a == found.b) /* both rank every row alike */
        found.interval = (struct interval){.low = 0, .high = 0, .method = INTERVAL_DELONG};
    if (!isnan(found.interval.low))
        set_interval(difference, &found.interval);
    return MLOPS_OK;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int compare(const struct pair *pair, const struct project_suite *suite,
                   struct mlops_comparison *comparison, struct mlops_error *err)
{
    _cleanup_(metric_list_clear) struct metric_list ours = {0}, theirs = {0};
    bool binary = str_equal(suite->task, "binary");
    comparison->rows = predictions_rows(pair->ours);
    TRY(predictions_match(pair->ours, pair->theirs, err));
    TRY(predictions_measure_units(pair->ours, NULL, 0, &ours, err));
    TRY(predictions_measure_units(pair->theirs, NULL, 0, &theirs, err));
    list_differences(&ours, &theirs, comparison);
    TRY(bootstrap_all(pair, suite->measurement.options.seed, comparison, err));
    compare_proportions(pair, binary, comparison);
    return binary ? compare_auc(pair, comparison, err) : MLOPS_OK;
}

static int compare_one(const struct trial *trial, const struct predictions_tables *tables,
                       const struct predictions *ours, const struct rival *rival,
                       struct mlops_comparison *comparison, struct mlops_error *err)
{
    _cleanup_(predictions_free_ptr) struct predictions *theirs = NULL;
    struct predictions_tables other = *tables;
    struct mlops_error wrong = {0};
    other.predictions = rival->predictions.path;
    int code = predictions_read(&other, &rival->suite, ours, &theirs, &wrong);
    struct pair pair = {.ours = ours, .theirs = theirs, .comparison = comparison};
    if (code == MLOPS_OK)
        code = compare(&pair, trial->suite, comparison, &wrong);
    if (code == MLOPS_IO) {
        *err = wrong;
        return code;
    }
    if (code == MLOPS_OK)
        return MLOPS_OK;
    comparison->difference_count = 0;
    free(comparison->message);
    const char *path = rival->predictions.path;
    const char *at = strstr(wrong.message, path);
    comparison->message =
        xprintf("the predictions of @%" PRIu64 " are not of the same rows: %.*s%s%s",
                rival->version.number, at ? (int)(at - wrong.message) : 0, wrong.message,
                at ? "predictions" : "", at ? at + strlen(path) : wrong.message);
    return MLOPS_OK;
}

int compare_rivals(const struct trial *trial, const struct predictions_tables *tables,
                   struct rivals *rivals, struct mlops_error *err)
{
    _cleanup_(predictions_free_ptr) struct predictions *ours = NULL;
    struct mlops_suite_result *result = trial->result;
    struct kept_files *files = &trial->outcome->files;
    if (rivals->count == 0)
        return MLOPS_OK;
    TRY(predictions_read(tables, trial->suite, NULL, &ours, err));
    result->comparisons = xcalloc(rivals->count, sizeof(*result->comparisons));
    files->against = xcalloc(rivals->count, sizeof(*files->against));
    for (size_t i = 0; i < rivals->count; i++) {
        struct rival *rival = &rivals->items[i];
        struct mlops_comparison *comparison = &result->comparisons[result->comparison_count++];
        *comparison =
            (struct mlops_comparison){.with = xstrdup(rival->with),
                                      .version = rival->version,
                                      .ran = rival->ran,
                                      .confidence = rival->confidence,
                                      .message = xstrdup(rival->message ? rival->message : "")};
        files->against_count++;
        if (!rival->predictions.path)
            continue;
        TRY(compare_one(trial, tables, ours, rival, comparison, err));
        files->against[i] = rival->predictions;
        rival->predictions = (struct kept_file){0};
    }
    return MLOPS_OK;
}
