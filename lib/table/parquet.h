/*
 * lib/table/parquet.h - Parquet as DuckDB shows it: the columns of a file, and vectors of DuckDB as
 * columns of ours. A struct's members are columns of their own, outer.inner; what is no number,
 * time or text (lists, maps, times of day, UUIDs) is read as the text that DuckDB makes of it.
 */
#ifndef TABLE_PARQUET_H
#define TABLE_PARQUET_H
#include "table/duckdb.h"
#include "table/header.h"

#define PARQUET_DEPTH_MAX 32 /* of structs within structs */
#define PARQUET_COLUMNS_MAX 65536

/* What a vector holds. */
enum parquet_class { PARQUET_NUMBERS, PARQUET_TIMES, PARQUET_TEXTS };

struct parquet_field {
    char *name;       /* outer.inner */
    char *expression; /* of SQL */
    uint32_t type;    /* enum duckdb_type; of a decimal that of the whole number beneath */
    uint8_t scale;    /* of a decimal: digits behind the point */
};

struct parquet_fields {
    struct parquet_field *items;
    size_t count, capacity;
};
void parquet_fields_clear(struct parquet_fields *fields);

/* The columns of the Parquet file at `path`, and how many rows it says it has. The caller clears
 * `fields`, also after an error. Errors: MLOPS_INVALID not a Parquet file, or one of too many
 * columns. */
int parquet_describe(struct duckdb_session *session, const char *path,
                     struct parquet_fields *fields, uint64_t *rows, struct mlops_error *err);

enum parquet_class parquet_class(const struct parquet_field *field);
/* The type of a column that nobody gave; of texts only by their values (infer_text_type). */
enum column_type parquet_type(const struct parquet_field *field);
/* Read a column of the file as `wanted`: where DuckDB's values do not serve, ask for its text. */
void parquet_adapt(struct parquet_field *field, enum column_type wanted);
/* SELECT of those columns from the Parquet file $1; the caller frees it. */
char *parquet_select(const struct parquet_fields *fields);

/* One vector of a chunk on its way into a column of `rows` values of type `type`. */
struct parquet_vector {
    const struct parquet_field *field;
    const void *data;
    const uint64_t *validity; /* a bit a row; NULL: all are there */
    size_t rows;
};
static inline bool parquet_valid(const struct parquet_vector *vector, size_t row)
{
    return !vector->validity || (vector->validity[row / 64] >> (row % 64) & 1);
}

/* Have `column` show the doubles of a vector where they stand, if all are there: for as long as the
 * chunk lives. */
bool parquet_lend(const struct parquet_vector *vector, struct column *column);
/* Fill `column`, whose memory is the caller's to write. `*misfit`: the first row whose value is not
 * of the column's type and is missing now, or SIZE_MAX. */
void parquet_convert(const struct parquet_vector *vector, const struct column *column,
                     size_t *misfit);
/* The value of a row as text for a message or for infer_*: numbers of whole ones, and texts. Uses
 * `memory`, PARQUET_SHOWN bytes. */
#define PARQUET_SHOWN 48
struct text_view parquet_show(const struct parquet_vector *vector, size_t row, char *memory);

#endif
