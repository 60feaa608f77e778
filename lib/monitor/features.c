/* lib/monitor/features.c - profiles with any columns, merged by name. */
#include "monitor/features.h"
#include "stats/profile_column.h"
#include "stats/row_sample.h"

static struct profile *make_empty(uint64_t rows)
{
    struct profile *profile = xcalloc(1, sizeof(*profile));
    profile->rows = rows;
    return profile;
}

/* Rows are not sampled here: the sample is there and empty, as the format has one. */
static void renew_sample(struct profile *profile)
{
    row_sample_free(profile->sample);
    profile->sample = row_sample_new(profile->column_count);
}

void features_absent(struct column_profile *column, uint64_t rows)
{
    column->count += rows;
    column->missing += rows;
    column->absence[MISSING_ABSENT] += rows;
}

/* Where the column is, or would be. */
static size_t place_of(const struct profile *profile, const char *name, bool *there)
{
    size_t low = 0, high = profile->column_count;
    *there = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(profile->columns[middle].name, name);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct column_profile *insert(struct profile *profile, size_t place, const char *name,
                                     enum column_type type)
{
    profile->columns =
        xrealloc(profile->columns, profile->column_count + 1, sizeof(*profile->columns));
    struct column_profile *column = &profile->columns[place];
    memmove(column + 1, column, (profile->column_count - place) * sizeof(*column));
    profile->column_count++;
    column_init(column, name, type, true);
    renew_sample(profile);
    return column;
}

struct column_profile *features_column(struct profile **features, const char *name,
                                       enum column_type type, uint64_t rows)
{
    bool there;
    if (!*features)
        *features = make_empty(rows);
    size_t place = place_of(*features, name, &there);
    if (there)
        return &(*features)->columns[place];
    struct column_profile *column = insert(*features, place, name, type);
    features_absent(column, rows);
    return column;
}

static void merge_column(struct column_profile *a, const struct column_profile *b)
{
    struct mlops_error err;
    struct column_profile copy = *b; /* profile_merge wants an array that it could change */
    struct profile one = {.columns = a, .column_count = 1};
    const struct profile other = {.columns = &copy, .column_count = 1};
    if (profile_merge(&one, &other, &err) == MLOPS_OK)
        return;
    a->count += b->count;
    a->missing += b->count;
    a->misfits += b->misfits + column_present(b);
    for (size_t i = 0; i < MISSING_CODES; i++)
        a->absence[i] += b->absence[i];
}

void features_merge(struct profile **a, uint64_t a_rows, const struct profile *b, uint64_t b_rows)
{
    if (!*a && !b)
        return;
    if (!*a)
        *a = make_empty(a_rows);
    for (size_t i = 0, j = 0; i < (*a)->column_count || (b && j < b->column_count);) {
        int order = i == (*a)->column_count        ? 1
                    : !b || j == b->column_count   ? -1
                                                   : strcmp((*a)->columns[i].name, b->columns[j].name);
        if (order > 0)
            features_absent(insert(*a, i, b->columns[j].name, b->columns[j].type), a_rows);
        if (order < 0)
            features_absent(&(*a)->columns[i], b_rows);
        else
            merge_column(&(*a)->columns[i], &b->columns[j++]);
        i++;
    }
    (*a)->rows = a_rows + b_rows;
}
