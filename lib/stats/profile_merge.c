/* lib/stats/profile_merge.c - two profiles into one. */
#include "stats/frequent.h"
#include "stats/profile_column.h"
#include "stats/row_sample.h"

/* The type that holds what both hold; false where there is none. */
static bool common_type(const struct column_profile *a, const struct column_profile *b,
                        enum column_type *type)
{
    if (a->type == b->type || column_present(b) == 0)
        *type = a->type;
    else if (column_present(a) == 0)
        *type = b->type;
    else if (column_is_numeric(a->type) && column_is_numeric(b->type))
        *type = a->type > b->type ? a->type : b->type; /* bool < integer < float */
    else if (column_has_texts(a->type) && column_has_texts(b->type))
        *type = COLUMN_TEXT;
    else
        return false;
    /* what an old profile of a bool column counts, none of numbers has */
    return a->type == *type || b->type == *type;
}

static int check_hashing(const struct profile *a, const struct profile *b, struct mlops_error *err)
{
    if (a->hashing == b->hashing)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID,
               "one profile was computed by PostgreSQL, which tells values "
               "apart by other hashes, and the other was not");
    return mlops_hint(err, "make both in the same way: docs/profile.md");
}

static int check(const struct profile *a, const struct profile *b, struct mlops_error *err)
{
    TRY(check_hashing(a, b, err));
    bool same = a->column_count == b->column_count;
    for (size_t i = 0; same && i < a->column_count; i++)
        same = str_equal(a->columns[i].name, b->columns[i].name);
    if (!same)
        return mlops_fail(err, MLOPS_INVALID, "profiles of tables with other columns do not merge");
    for (size_t i = 0; i < a->column_count; i++) {
        enum column_type type;
        const struct column_profile *x = &a->columns[i], *y = &b->columns[i];
        if (!common_type(x, y, &type)) {
            mlops_fail(err, MLOPS_INVALID, "column '%s' is %s in one profile and %s in another",
                       x->name, column_type_name(x->type), column_type_name(y->type));
            return mlops_hint(err, "make both with --schema and the same file");
        }
    }
    return MLOPS_OK;
}

/* A column of another type that has the values of `column`, if it has any. */
static void retype(struct column_profile *column, enum column_type type)
{
    if (column->type == type)
        return;
    if (column_present(column) > 0) { /* the sketches are the same */
        if (column->type == COLUMN_BOOL) {
            frequent_free(column->frequent);
            column->frequent = NULL;
        }
        column->type = type;
        return;
    }
    struct column_profile empty;
    column_init(&empty, column->name, type, column->extended);
    empty.count = column->count;
    empty.missing = column->missing;
    empty.misfits = column->misfits;
    memcpy(empty.absence, column->absence, sizeof(empty.absence));
    column_clear(column);
    *column = empty;
}

/* What is missing of `b`, which has nothing else. */
static void merge_absent(struct column_profile *a, const struct column_profile *b)
{
    a->count += b->count;
    a->missing += b->missing;
    a->misfits += b->misfits;
    for (size_t i = 0; i < ARRAY_LENGTH(a->absence); i++)
        a->absence[i] += b->absence[i];
}

static void merge_column(struct column_profile *a, const struct column_profile *b)
{
    enum column_type type = a->type;
    (void)common_type(a, b, &type); /* there is one: `check` has seen to it */
    retype(a, type);
    if (a->extended && !b->extended)
        column_forget_extension(a);
    if (b->type != type && column_present(b) == 0) {
        merge_absent(a, b);
        return;
    }
    struct column_profile other = *b;
    if (!a->frequent)
        other.frequent = NULL; /* a bool among numbers: without its words */
    column_merge(a, &other);
}

int profile_merge(struct profile *profile, const struct profile *other, struct mlops_error *err)
{
    TRY(check(profile, other, err));
    profile->rows += other->rows;
    profile->ragged += other->ragged;
    for (size_t i = 0; i < profile->column_count; i++)
        merge_column(&profile->columns[i], &other->columns[i]);
    if (profile->sample && other->sample) {
        row_sample_merge(profile->sample, other->sample);
    } else {
        row_sample_free(profile->sample);
        profile->sample = NULL;
    }
    return MLOPS_OK;
}
