/* lib/stats/profile.c - the profile of a table, batch by batch. */
#include "stats/profile.h"
#include "stats/frequent.h"
#include "stats/hll.h"
#include "stats/kll.h"
#include <math.h>

static bool has_texts(enum column_type type)
{
    return type == COLUMN_CATEGORY || type == COLUMN_TEXT;
}

struct profile *profile_new(const struct table_schema *schema)
{
    struct profile *profile = xcalloc(1, sizeof(*profile));
    profile->columns = xcalloc(schema->count, sizeof(*profile->columns));
    profile->column_count = schema->count;
    for (size_t i = 0; i < schema->count; i++) {
        struct column_profile *column = &profile->columns[i];
        column->name = xstrdup(schema->columns[i].name);
        column->type = schema->columns[i].type;
        column->min = column->max = NAN;
        column->distinct = hll_new();
        if (column->type == COLUMN_BOOL || has_texts(column->type))
            column->frequent = frequent_new();
        if (column_is_numeric(column->type))
            column->quantiles = kll_new();
    }
    return profile;
}

void profile_free(struct profile *profile)
{
    if (!profile)
        return;
    for (size_t i = 0; i < profile->column_count; i++) {
        free(profile->columns[i].name);
        kll_free(profile->columns[i].quantiles);
        hll_free(profile->columns[i].distinct);
        frequent_free(profile->columns[i].frequent);
    }
    free(profile->columns);
    free(profile);
}

/* One value into the running moments. Pébay, "Formulas for Robust, One-Pass Parallel Computation of
 * Covariances and Arbitrary-Order Statistical Moments", SAND2008-6212, with n_B = 1. */
static void add_moment(struct column_profile *column, double value, double n)
{
    double delta = value - column->mean, step = delta / n, term = delta * step * (n - 1);
    column->mean += step;
    column->m3 += term * step * (n - 2) - 3 * step * column->m2;
    column->m2 += term;
}

static void extend(struct column_profile *column, double value)
{
    if (!(column->min <= value))
        column->min = value;
    if (!(column->max >= value))
        column->max = value;
}

static void update_number(struct column_profile *column, double value, uint64_t n)
{
    double canonical = value == 0 ? 0 : value; /* -0 is 0 */
    extend(column, canonical);
    hll_update(column->distinct, &canonical, sizeof(canonical));
    kll_update(column->quantiles, canonical);
    if (isfinite(canonical))
        add_moment(column, canonical, (double)(n - column->infinite));
    else
        column->infinite++;
    if (column->frequent)
        frequent_update(column->frequent, value != 0 ? "true" : "false", value != 0 ? 4 : 5);
}

static void update_column(struct column_profile *profile, const struct column *column)
{
    for (size_t row = 0; row < column->rows; row++) {
        profile->count++;
        if (column->missing[row]) {
            profile->missing++;
        } else if (column->numbers) {
            update_number(profile, column->numbers[row], profile->count - profile->missing);
        } else if (column->times) {
            extend(profile, (double)column->times[row]);
            hll_update(profile->distinct, &column->times[row], sizeof(column->times[row]));
        } else {
            const struct text_view *text = &column->texts[row];
            hll_update(profile->distinct, text->data, text->length);
            frequent_update(profile->frequent, text->data, text->length);
        }
    }
}

void profile_update(struct profile *profile, const struct batch *batch)
{
    profile->rows += batch->rows;
    for (size_t i = 0; i < profile->column_count && i < batch->column_count; i++)
        update_column(&profile->columns[i], &batch->columns[i]);
}

/* Pébay 2008, equations 2.1 for the moments of two parts. */
static void merge_moments(struct column_profile *a, const struct column_profile *b)
{
    double na = (double)(a->count - a->missing - a->infinite);
    double nb = (double)(b->count - b->missing - b->infinite);
    if (nb == 0)
        return;
    double n = na + nb, delta = b->mean - a->mean;
    a->m3 += b->m3 + delta * delta * delta * na * nb * (na - nb) / (n * n) +
             3 * delta * (na * b->m2 - nb * a->m2) / n;
    a->m2 += b->m2 + delta * delta * na * nb / n;
    a->mean += delta * nb / n;
}

int profile_merge(struct profile *profile, const struct profile *other, struct mlops_error *err)
{
    bool same = profile->column_count == other->column_count;
    for (size_t i = 0; same && i < profile->column_count; i++)
        same = str_equal(profile->columns[i].name, other->columns[i].name) &&
               profile->columns[i].type == other->columns[i].type;
    if (!same)
        return mlops_fail(err, MLOPS_INVALID, "profiles of tables with other columns do not merge");
    profile->rows += other->rows;
    for (size_t i = 0; i < profile->column_count; i++) {
        struct column_profile *a = &profile->columns[i];
        const struct column_profile *b = &other->columns[i];
        merge_moments(a, b);
        a->count += b->count;
        a->missing += b->missing;
        a->infinite += b->infinite;
        if (!isnan(b->min)) {
            extend(a, b->min);
            extend(a, b->max);
        }
        hll_merge(a->distinct, b->distinct);
        if (a->quantiles)
            kll_merge(a->quantiles, b->quantiles);
        if (a->frequent)
            frequent_merge(a->frequent, b->frequent);
    }
    return MLOPS_OK;
}

const struct column_profile *profile_column(const struct profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->column_count; i++)
        if (str_equal(profile->columns[i].name, name))
            return &profile->columns[i];
    return NULL;
}
