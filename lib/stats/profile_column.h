/* lib/stats/profile_column.h - one column of a profile; private to profile*.c. */
#ifndef STATS_PROFILE_COLUMN_H
#define STATS_PROFILE_COLUMN_H
#include "stats/profile.h"

/* The sketches that a column of this type has, empty. `name` is copied. */
void column_init(struct column_profile *column, const char *name, enum column_type type,
                 bool extended);
/* Of an empty column: quantiles and frequent values leave nothing out. */
void column_make_exact(struct column_profile *column);
void column_clear(struct column_profile *column);
/* Take in one column of a batch. `hashes`: of each cell, for the hash of its row; rows of them. */
void column_update(struct column_profile *profile, const struct column *column, uint64_t *hashes);
void column_finish(struct column_profile *column);

/* ---- between profile_column.c and profile_texts.c ------------------------------------------- */

#define COLUMN_SLICE 1024 /* values that are gathered for the sketches at a time */
#define COLUMN_MISSING_HASH 0x6d697373696e6721ULL

static inline void column_count_missing(struct column_profile *column, uint8_t code)
{
    column->missing++;
    if (code == MISSING_MISFIT)
        column->misfits++;
    else if (code < MISSING_CODES)
        column->absence[code]++;
}
/* column_update and column_finish of texts. */
void column_update_texts(struct column_profile *column, const struct column *from,
                         uint64_t *hashes);
void column_finish_texts(struct column_profile *column);
/* Drop what a profile of format 1 does not have. */
void column_forget_extension(struct column_profile *column);
/* Both are finished, and their sketches of the same kinds. */
void column_merge(struct column_profile *a, const struct column_profile *b);

#endif
