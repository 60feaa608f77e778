/* lib/drift/compare.c - the verdict on each column. */
#include "drift/compare.h"
#include "drift/calibrate.h"
#include "drift/components.h"
#include "drift/domain.h"
#include "drift/method.h"
#include "drift/pair.h"
#include "drift/picture.h"
#include "stats/contingency.h"
#include "stats/frequent.h"
#include "table/show.h"
#include <math.h>
#include <mlops/text.h>

#define SHARE_THRESHOLD 0.05 /* a rise or fall of the missing share, or of new values; absolute */
#define ALPHA 0.001 /* chance that noise alone passes for drift where nothing is calibrated */
/* Of a stated rate of false alarms: for missing and new values, and for whole rows where these are
 * judged. */
#define OTHER_SHARE 0.1
#define ROWS_SHARE 0.3
#define GONE_SHARE 0.01 /* of the reference's rows: a category that has them and is missing now */
/* Draws cannot raise a threshold where even the bound for any data, at a chance that no number of
 * draws comes near, is so small a part of it. Columns are scaled by one another's tails: hence a
 * part, not the whole. */
#define SETTLED_ALPHA 1e-9
#define SETTLED_PART 0.25
/* What a column is held against: values, missing share, and new values, which of numbers are those
 * beyond the range. */
#define CRITERIA 3

/* ---- verdicts ------------------------------------------------------------------------------ */

static double missing_share(const struct column_profile *column)
{
    return column->count ? (double)column->missing / (double)column->count : 0;
}

/* Kullback-Leibler divergence of two coins in nats. */
static double coin_divergence(double p, double q)
{
    double heads = p > 0 ? p * log(p / q) : 0, tails = p < 1 ? (1 - p) * log((1 - p) / (1 - q)) : 0;
    return heads + tails;
}

/* Does the missing share differ by enough to matter, and by more than noise? The bound of Chernoff
 * (Hoeffding 1963, theorem 1), n KL(share || pooled) > ln(2/alpha) over both tables, holds for
 * samples of any size, where a z-test does not. */
static bool missing_drifted(const struct pair *pair, double alpha)
{
    const struct column_profile *r = pair->reference, *c = pair->current;
    double n = (double)r->count, m = (double)c->count, p = missing_share(r), q = missing_share(c);
    if (fabs(p - q) <= SHARE_THRESHOLD)
        return false;
    double pooled = (double)(r->missing + c->missing) / (n + m);
    return n * coin_divergence(p, pooled) + m * coin_divergence(q, pooled) > log(2 / alpha);
}

/* More rows with values that the reference never had than there would be without drift? */
static bool is_novel(const struct pair *pair, double alpha)
{
    const struct novelty *novelty = &pair->novelty;
    return novelty->known && novelty->share - novelty->expected > SHARE_THRESHOLD &&
           novelty->log_chance < log(alpha);
}

/* Share of the current values beyond the reference's range, by its sketch. */
static double share_beyond(const struct pair *pair)
{
    const struct column_profile *r = pair->reference;
    if (!r->quantiles || pair->n <= 0 || pair->m <= 0)
        return 0;
    double below =
        isinf(r->min) ? 0 : kll_view_cdf(&pair->current_view, nextafter(r->min, -INFINITY));
    return below + 1 - kll_view_cdf(&pair->current_view, r->max);
}

/*
 * More values beyond the range than chance puts there? If both tables came from one source, every
 * order of all values is as likely, so that the k least, or largest, all are of the current one
 * with a probability of less than (m / (n+m))^k; one side has at least half of them.
 */
static bool is_beyond(const struct pair *pair, double share, double alpha)
{
    return share > SHARE_THRESHOLD &&
           share * pair->m / 2 * log(pair->m / (pair->n + pair->m)) < log(alpha / 2);
}

static void name_value(struct buffer *text, const char *value)
{
    char shown[CELL_SHOWN_SIZE];
    cell_show((struct text_view){.data = value, .length = (uint32_t)strlen(value)}, shown);
    buffer_printf(text, "'%s'", shown);
}

/* The most frequent of the values that the reference never had, and how many rows have one. */
static void explain_new(const struct pair *pair, struct buffer *text)
{
    const struct frequent *r = pair->reference->frequent, *c = pair->current->frequent;
    size_t count, fresh = 0;
    struct frequent_item *items = frequent_items(c, &count);
    for (size_t i = 0; i < count; i++)
        if (frequent_count(r, items[i].value) == 0 && fresh++ < 3) {
            buffer_puts(text, fresh > 1 ? ", " : "new: ");
            name_value(text, items[i].value);
        }
    if (fresh > 3)
        buffer_printf(text, " and %zu more", fresh - 3);
    if (fresh > 0)
        buffer_printf(text, " in %.1f %% of rows", 100 * pair->novelty.share);
    if (pair->novelty.expected >= 0.001)
        buffer_printf(text, " (%.1f %% to be expected)", 100 * pair->novelty.expected);
    free(items);
}

/* The categories that the reference had often and the current table has not once. */
static void explain_gone(const struct pair *pair, struct buffer *text)
{
    const struct frequent *r = pair->reference->frequent, *c = pair->current->frequent;
    size_t count, gone = 0;
    struct frequent_item *items = frequent_items(r, &count);
    for (size_t i = 0; i < count; i++) {
        double share = (double)items[i].count / pair->n;
        if (share < GONE_SHARE || frequent_count(c, items[i].value) > 0 || gone++ >= 3)
            continue;
        buffer_puts(text, gone > 1 ? ", " : text->length ? "; gone: " : "gone: ");
        name_value(text, items[i].value);
        buffer_printf(text, " (%.1f %%)", 100 * share);
    }
    if (gone > 3)
        buffer_printf(text, " and %zu more", gone - 3);
    free(items);
}

/* The value of a text column whose share moved most, of those that either tracks. */
static void explain_texts(const struct pair *pair, struct buffer *text)
{
    const struct column_profile *of[] = {pair->reference, pair->current};
    const struct frequent *r = pair->reference->frequent, *c = pair->current->frequent;
    _cleanup_(buffer_clear) struct buffer name = {0};
    double largest = -1, before = 0, after = 0;
    for (size_t side = 0; side < ARRAY_LENGTH(of); side++) {
        size_t count;
        struct frequent_item *items = frequent_items(of[side]->frequent, &count);
        for (size_t i = 0; i < count; i++) {
            double p = (double)frequent_count(r, items[i].value) / pair->n;
            double q = (double)frequent_count(c, items[i].value) / pair->m;
            if (fabs(p - q) <= largest)
                continue;
            largest = fabs(p - q);
            before = p;
            after = q;
            buffer_reset(&name);
            name_value(&name, items[i].value);
        }
        free(items);
    }
    if (largest >= 0)
        buffer_printf(text, "%s %.1f %% -> %.1f %%", name.data, 100 * before, 100 * after);
}

static void explain_numbers(const struct pair *pair, struct buffer *text)
{
    static const double quantiles[] = {0.5, 0.1, 0.9};
    static const char *const names[] = {"median", "10 % below", "90 % below"};
    for (size_t i = 0; i < ARRAY_LENGTH(quantiles); i++) {
        double before = kll_view_quantile(&pair->reference_view, quantiles[i]);
        double after = kll_view_quantile(&pair->current_view, quantiles[i]);
        if (before == after && i + 1 < ARRAY_LENGTH(quantiles))
            continue; /* something else moved */
        buffer_printf(text, "%s %.6g -> %.6g", names[i], before, after);
        return;
    }
}

static void explain_beyond(const struct pair *pair, double share, struct buffer *text)
{
    const struct column_profile *r = pair->reference, *c = pair->current;
    buffer_printf(text, "%s%.1f %% beyond the range", text->length ? "; " : "", 100 * share);
    if (c->min < r->min)
        buffer_printf(text, ", down to %.6g where %.6g was the least", c->min, r->min);
    if (c->max > r->max)
        buffer_printf(text, ", up to %.6g where %.6g was the most", c->max, r->max);
}

/* How large noise alone becomes: by the draws where the column was in them, and by what holds for
 * any data otherwise, or where there are few values. A sketch that had to leave values out adds its
 * own error, independent of the draw. */
static double noise_of(const struct calibrated *column, double alpha)
{
    const struct pair *pair = column->pair;
    if (isnan(column->noise))
        return column->method->noise(pair, alpha);
    double sketch = column->method->sketch(pair);
    double drawn = sqrt(column->noise * column->noise + sketch * sketch);
    return method_has_few(pair) ? fmax(drawn, column->method->noise(pair, alpha)) : drawn;
}

static void judge(const struct calibrated *calibrated, double threshold, double alpha,
                  double alpha_other, struct mlops_drift_column *column)
{
    _cleanup_(buffer_clear) struct buffer detail = {0};
    const struct pair *pair = calibrated->pair;
    const struct column_profile *r = pair->reference, *c = pair->current;
    column->name = xstrdup(r->name);
    column->type = xstrdup(r->quantiles ? "numeric" : "categorical");
    column->method = xstrdup(calibrated->method->name);
    column->weight = calibrated->weight;
    column->threshold = threshold;
    column->missing_reference = missing_share(r);
    column->missing_current = missing_share(c);
    column->p = method_p(calibrated->method, pair);
    column->error = pair_share_error(pair);
    if (pair->n > 0 && pair->m > 0) {
        double statistic = calibrated->method->statistic(pair);
        double noise = noise_of(calibrated, alpha);
        column->statistic = isnan(statistic) ? 0 : statistic;
        column->threshold = isfinite(noise) ? fmax(threshold, noise) : threshold;
    }
    bool values = column->statistic > column->threshold;
    bool missing = missing_drifted(pair, alpha_other), novel = is_novel(pair, alpha_other);
    column->beyond_reference = share_beyond(pair);
    bool beyond = is_beyond(pair, column->beyond_reference, alpha_other);
    bool type = c->misfits > 0 && r->misfits == 0; /* by the schema: chance has no part in it */
    column->misfits = c->misfits;
    column->drift = values || missing || novel || beyond || type;
    if (type)
        buffer_printf(&detail, "%llu cell%s of another type than %s",
                      (unsigned long long)c->misfits, c->misfits == 1 ? " is" : "s are",
                      column_type_name(r->type));
    if (novel || (values && pair->novelty.known && pair->novelty.share > 0)) {
        buffer_puts(&detail, detail.length ? "; " : "");
        explain_new(pair, &detail);
    }
    if (values) {
        buffer_puts(&detail, detail.length ? "; " : "");
        (r->quantiles ? explain_numbers : explain_texts)(pair, &detail);
        if (!r->quantiles)
            explain_gone(pair, &detail);
    }
    if (beyond || (values && column->beyond_reference > 0))
        explain_beyond(pair, column->beyond_reference, &detail);
    if (missing)
        buffer_printf(&detail, "%smissing %.1f %% -> %.1f %%", detail.length ? "; " : "",
                      100 * missing_share(r), 100 * missing_share(c));
    column->detail = buffer_steal(&detail);
    picture_column(pair, column);
}

/* Most drifted first; a column that drifted by missing or new values alone comes after those. */
static int by_severity(const void *a, const void *b)
{
    const struct mlops_drift_column *x = a, *y = b;
    double left = x->statistic > 0 ? x->statistic / x->threshold : 0;
    double right = y->statistic > 0 ? y->statistic / y->threshold : 0;
    if (x->drift != y->drift)
        return x->drift ? -1 : 1;
    if (left != right)
        return left > right ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool is_left_out(const struct column_profile *column, const char *const *leave_out)
{
    for (; leave_out && *leave_out; leave_out++)
        if (str_equal(column->name, *leave_out))
            return true;
    return column->type == COLUMN_TIME; /* time goes on: that is no drift */
}

int compare_check(const struct compare_options *options, struct mlops_error *err)
{
    const struct drift_method *method;
    TRY(method_find(options->numeric_method, true, &method, err));
    TRY(method_find(options->categorical_method, false, &method, err));
    for (size_t i = 0; i < options->column_count; i++) {
        struct mlops_error ignored = {0};
        if (options->columns[i].method &&
            method_find(options->columns[i].method, false, &method, &ignored) &&
            method_find(options->columns[i].method, true, &method, err))
            return mlops_wrap(err, "the column '%s'", options->columns[i].name);
    }
    if (!(options->threshold >= 0 && isfinite(options->threshold)))
        return mlops_fail(err, MLOPS_INVALID, "a threshold of %g is none: it must be above 0",
                          options->threshold);
    if (!(options->far >= 0 && options->far < 1))
        return mlops_fail(err, MLOPS_INVALID,
                          "a rate of false alarms lies between 0 and 1, not at %g", options->far);
    return MLOPS_OK;
}

static void explain_rows(const struct domain *domain, struct mlops_drift_report *report)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (domain->bond > domain->bond_threshold)
        buffer_printf(&text, "'%s' and '%s' go together otherwise, correlation %.2f -> %.2f",
                      domain->pair[0], domain->pair[1], domain->correlations[0],
                      domain->correlations[1]);
    if (domain->auc > domain->auc_threshold)
        buffer_printf(&text, "%srows of the two can be told apart, AUC %.2f",
                      text.length ? "; " : "", domain->auc);
    report->rows_drift = text.length > 0;
    report->rows_detail = buffer_steal(&text);
}

/* What whole rows show, and single columns do not. */
static void compare_rows(const struct profile *reference, const struct profile *current,
                         const struct compare_options *options, const struct calibrated *columns,
                         size_t compared, struct mlops_drift_report *report)
{
    const char **names = xcalloc(compared + 1, sizeof(*names));
    for (size_t i = 0; i < compared; i++)
        names[i] = columns[i].pair->reference->name;
    struct domain domain = domain_classify(reference, current, names, compared,
                                           options->far * ROWS_SHARE, options->any_effect);
    report->domain_auc = domain.auc;
    report->domain_threshold = domain.auc_threshold;
    report->pair_statistic = domain.bond;
    report->pair_threshold = domain.bond_threshold;
    report->pair_reference = domain.correlations[0];
    report->pair_current = domain.correlations[1];
    for (size_t i = 0; i < 2; i++)
        report->pair[i] = domain.pair[i] ? xstrdup(domain.pair[i]) : NULL;
    explain_rows(&domain, report);
    struct components components =
        components_compare(reference, current, names, compared, options->far);
    report->reconstruction_reference = components.error_reference;
    report->reconstruction_current = components.error_current;
    report->reconstruction_low = components.error_low;
    report->reconstruction_high = components.error_high;
    report->isolated_reference = components.isolated_reference;
    report->isolated_current = components.isolated_current;
    report->isolated_threshold = components.isolated_high;
    report->isolated_by = components.isolated_by ? xstrdup(components.isolated_by) : NULL;
    free(names);
}

static void forget_rows(struct mlops_drift_report *report)
{
    report->domain_auc = report->domain_threshold = NAN;
    report->pair_statistic = report->pair_threshold = NAN;
    report->pair_reference = report->pair_current = NAN;
    report->reconstruction_reference = report->reconstruction_current = NAN;
    report->reconstruction_low = report->reconstruction_high = NAN;
    report->isolated_reference = report->isolated_current = report->isolated_threshold = NAN;
}

static void adjust_p(struct mlops_drift_report *report)
{
    double *p = xcalloc(report->column_count + 1, sizeof(*p));
    double *adjusted = xcalloc(report->column_count + 1, sizeof(*adjusted));
    size_t known = 0;
    for (size_t i = 0; i < report->column_count; i++)
        if (!isnan(report->columns[i].p))
            p[known++] = report->columns[i].p;
    adjust_benjamini_hochberg(p, known, adjusted);
    known = 0;
    for (size_t i = 0; i < report->column_count; i++)
        report->columns[i].p_adjusted =
            isnan(report->columns[i].p) ? report->columns[i].p : adjusted[known++];
    free(p);
    free(adjusted);
}

/* The effect from which on the column is worth a look. */
static double effect_of(const struct compare_options *options, const struct calibrated *column)
{
    double threshold = column->threshold > 0 ? column->threshold : options->threshold;
    if (options->any_effect)
        threshold = 0;
    else if (!(threshold > 0))
        threshold = method_threshold(column->method, column->pair);
    return threshold / column->weight;
}

/* Are both tables so large that chance comes nowhere near the effect in any column? */
static bool is_settled(const struct compare_options *options, const struct calibrated *columns,
                       size_t compared)
{
    for (size_t i = 0; i < compared; i++) {
        const struct pair *pair = columns[i].pair;
        if (pair->n <= 0 || pair->m <= 0)
            continue; /* nothing to compare */
        const struct drift_method *method = columns[i].method;
        double noise = fmax(method->noise(pair, SETTLED_ALPHA), method->sketch(pair));
        if (!(noise < SETTLED_PART * effect_of(options, &columns[i])))
            return false;
    }
    return true;
}

/* Thresholds for all columns at once, and the verdicts. */
static void judge_all(const struct profile *reference, const struct profile *current,
                      const struct compare_options *options, struct calibrated *columns,
                      size_t compared, struct mlops_drift_report *report)
{
    bool stated = options->far >= CALIBRATE_FAR_MIN;
    bool settled = stated && is_settled(options, columns, compared);
    double alpha = (options->far > 0 ? options->far : ALPHA) / (CRITERIA * (double)compared);
    double other =
        stated ? options->far * OTHER_SHARE / ((CRITERIA - 1) * (double)compared) : alpha;
    double rows_share = 0;
    size_t drifted = 0;
    forget_rows(report);
    if (stated && reference->sample) {
        compare_rows(reference, current, options, columns, compared, report);
        rows_share = isnan(report->domain_auc) ? 0 : ROWS_SHARE;
    }
    if (stated && !settled)
        calibrate(reference->sample, reference->rows, current->rows,
                  options->far * (1 - OTHER_SHARE - rows_share), columns, compared);
    report->calibrated = settled && reference->sample;
    for (size_t i = 0; i < compared; i++) {
        judge(&columns[i], effect_of(options, &columns[i]), alpha, other, &report->columns[i]);
        report->calibrated = report->calibrated || !isnan(columns[i].noise);
        drifted += report->columns[i].drift;
    }
    report->column_count = compared;
    report->far = options->far > 0 ? options->far : ALPHA;
    report->drift = drifted > 0 || report->rows_drift;
    report->share = compared ? (double)drifted / (double)compared : 0;
    report->rows = current->rows;
    report->exact = true;
    for (size_t i = 0; i < compared; i++)
        report->exact = report->exact && report->columns[i].error == 0;
    report->rows_reference = reference->rows;
}

/* How the column is compared: what is said last of it holds, each thing for itself. `used` marks
 * what says something of it. */
static int choose_method(const struct compare_options *options, const struct column_profile *column,
                         bool *used, struct calibrated *made, struct mlops_error *err)
{
    bool numeric = column->quantiles != NULL, own = false;
    const char *method = numeric ? options->numeric_method : options->categorical_method;
    for (size_t i = 0; i < options->column_count; i++) {
        const struct compare_column *said = &options->columns[i];
        if (!str_equal(said->name, column->name))
            continue;
        used[i] = true;
        own = own || said->method;
        method = said->method ? said->method : method;
        made->weight = said->weight > 0 ? said->weight : made->weight;
        made->threshold = said->threshold > 0 ? said->threshold : made->threshold;
    }
    made->chosen = method != NULL;
    if (method_find(method, numeric, &made->method, err))
        return own ? mlops_wrap(err, "the column '%s'", column->name) : (int)err->code;
    return MLOPS_OK;
}

/* Texts of two values in a table too small for what they are compared by where nobody chose go to
 * Fisher's test. */
static void make_pair(const struct column_profile *reference, const struct column_profile *current,
                      struct calibrated *made, struct pair *pair)
{
    bool small = made->method && made->method->small;
    (small ? pair_make_small : pair_make)(pair, reference, current);
    if (made->chosen || reference->quantiles || pair->cells > 1 || pair->n <= 0 || pair->m <= 0)
        return;
    pair_clear(pair);
    pair_make_small(pair, reference, current);
    if (pair->cells == 2)
        made->method = method_fisher();
}

/* Every choice is of a column that is compared. */
static int check_used(const struct compare_options *options, const bool *used,
                      const struct calibrated *columns, size_t compared, struct mlops_error *err)
{
    size_t at = 0;
    while (at < options->column_count && (used[at] || options->columns[at].optional))
        at++;
    if (at == options->column_count)
        return MLOPS_OK;
    const char **names = xcalloc(compared + 1, sizeof(*names));
    for (size_t i = 0; i < compared; i++)
        names[i] = columns[i].pair->reference->name;
    const char *near = mlops_suggest(options->columns[at].name, names);
    free(names);
    mlops_fail(err, MLOPS_INVALID, "no column '%s' is compared", options->columns[at].name);
    return near ? mlops_hint(err, "did you mean '%s'?", near) : MLOPS_INVALID;
}

/* The columns that are compared, each with its method. */
static int pair_all(const struct profile *reference, const struct profile *current,
                    const struct compare_options *options, struct pair *pairs,
                    struct calibrated *columns, size_t *compared, struct mlops_error *err)
{
    bool *used = xcalloc(options->column_count + 1, sizeof(*used));
    size_t place = 0;
    int code = MLOPS_OK;
    for (size_t i = 0; i < reference->column_count && code == MLOPS_OK; i++) {
        const struct column_profile *column = &reference->columns[i];
        struct calibrated *made = &columns[*compared];
        if (is_left_out(column, options->leave_out))
            continue;
        *made =
            (struct calibrated){.pair = &pairs[*compared], .place = i, .weight = 1, .noise = NAN};
        (*compared)++;
        code = choose_method(options, column, used, made, err);
        make_pair(column, profile_column_near(current, column->name, &place), made,
                  &pairs[*compared - 1]);
    }
    if (code == MLOPS_OK)
        code = check_used(options, used, columns, *compared, err);
    free(used);
    return code;
}

int profiles_compare(const struct profile *reference, const struct profile *current,
                     const struct compare_options *options, struct mlops_drift_report *report,
                     struct mlops_error *err)
{
    TRY(compare_check(options, err));
    size_t compared = 0;
    struct pair *pairs = xcalloc(reference->column_count + 1, sizeof(*pairs));
    struct calibrated *columns = xcalloc(reference->column_count + 1, sizeof(*columns));
    int code = pair_all(reference, current, options, pairs, columns, &compared, err);
    if (code == MLOPS_OK) {
        report->columns = xcalloc(compared + 1, sizeof(*report->columns));
        judge_all(reference, current, options, columns, compared, report);
        adjust_p(report);
        qsort(report->columns, compared, sizeof(*report->columns), by_severity);
    }
    for (size_t i = 0; i < compared; i++)
        pair_clear(&pairs[i]);
    free(pairs);
    free(columns);
    return code;
}
