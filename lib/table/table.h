/*
 * lib/table/table.h - tables as a stream of batches of typed columns.
 *
 * A reader infers the type of each column over the first rows (or takes a schema) and then keeps
 * it. Memory is bounded by the batch, never by the table: a batch is the rows of 256 KiB of text.
 */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H
#include "base/buffer.h"

enum column_type {
    COLUMN_BOOL,     /* true/false: read into `numbers` as 0 and 1 */
    COLUMN_INTEGER,  /* read into `numbers` */
    COLUMN_FLOAT,    /* read into `numbers` */
    COLUMN_CATEGORY, /* text of few distinct values: read into `texts` */
    COLUMN_TEXT,     /* other text: read into `texts` */
    COLUMN_TIME,     /* nanoseconds since the epoch in `numbers` would lose digits: `times` */
};

const char *column_type_name(enum column_type type); /* "bool", "integer", "float", … */
bool column_type_parse(const char *name, enum column_type *type);
static inline bool column_is_numeric(enum column_type type)
{
    return type == COLUMN_BOOL || type == COLUMN_INTEGER || type == COLUMN_FLOAT;
}

static inline bool column_has_texts(enum column_type type)
{
    return type == COLUMN_CATEGORY || type == COLUMN_TEXT;
}

struct column_schema {
    char *name;
    enum column_type type;
};

struct table_schema {
    struct column_schema *columns;
    size_t count;
};
void table_schema_clear(struct table_schema *schema);
/* The place of the column `name`; SIZE_MAX where there is none. */
size_t table_schema_find(const struct table_schema *schema, const char *name);

struct text_view {
    const char *data; /* not terminated */
    uint32_t length;
};

/* What stands in a batch's `missing`, and in profiles on disk: numbers are never given anew. */
enum missing_code {
    MISSING_NOT = 0,      /* the value is there */
    MISSING_EMPTY = 1,    /* nothing, or an empty text */
    MISSING_NULL = 2,     /* null of JSON, Parquet and SQL, or the word */
    MISSING_ABSENT = 3,   /* a row too short, or an object without that name */
    MISSING_WORDS = 4,    /* from here on words: NA, N/A, NaN, … */
    MISSING_CODES = 24,   /* room for more words */
    MISSING_MISFIT = 255, /* there, but not of the column's type */
};

/* "empty", "null", "absent", or the word; NULL for a number that is no code. */
const char *missing_name(uint8_t code);

/* One column of a batch: `rows` values. A missing value has missing[i] set, to what stood in its
 * place, and its slot 0/empty; of the three arrays the one that the type says is
 * there. */
struct column {
    enum column_type type;
    size_t rows;
    const uint8_t *missing;
    const double *numbers;
    const int64_t *times;
    const struct text_view *texts;
};

struct batch {
    const struct column *columns; /* as the schema orders them */
    size_t column_count;
    size_t rows;
};

/* What becomes of rows of another width than the header's. */
enum table_ragged {
    TABLE_RAGGED_REFUSE,
    TABLE_RAGGED_FILL, /* short ones are filled with missing cells, long ones cut */
    TABLE_RAGGED_SKIP, /* short ones are left out, long ones cut */
};

/* From "refuse", "fill" or "skip"; NULL is "refuse". Errors: MLOPS_INVALID. */
int table_ragged_parse(const char *word, enum table_ragged *ragged, struct mlops_error *err);
/* "fill" or "skip"; NULL of rows that are refused. */
const char *table_ragged_name(enum table_ragged ragged);

struct table_options {
    const struct table_schema *expected; /* columns of the same name take this type; NULL: none.
                                            A cell that does not fit is MLOPS_INVALID with its
                                            line. */
    bool only_expected;                  /* read no column that `expected` does not name, whatever
                                            is in it */
    bool count_misfits; /* a cell that does not fit is missing, as MISSING_MISFIT */
    char separator;     /* of CSV; 0: found out among , ; tab | */
    char comment;       /* lines of CSV that begin with it are passed over; 0: none do */
    enum table_ragged ragged;
    const char *const *names; /* of the columns of CSV without a header, in their order,
                                 NULL-terminated; NULL: the first record names them */
    bool names_give_way; /* they are those of another table: a file of JSON Lines, or whose first
                            record has all of them, is read by its own */
    const char *root; /* of table_open_all: the folder that the files are partitions of, whose names
                         below it (`day=2024-01-01`) are columns; NULL: names say nothing */
    const struct mlops_observer *observer; /* may stop the wait for rows on a pipe or a terminal;
                                              only `cancelled` is asked; NULL: nobody */
};

#define TABLE_NAME_MAX 4096 /* bytes of a column's name */

/* "a,b,c" to an array of names, NULL-terminated; the caller frees it with strings_free. */
char **table_names_split(const char *list);
/* May columns be called so? Errors: MLOPS_INVALID none, too many, one that is empty, too long or no
 * UTF-8, or two alike. */
int table_names_check(const char *const *names, struct mlops_error *err);

struct table_reader;

/*
 * Open a table ("-": standard input; a folder: the files in it as one table, partitioned or not, as
 * table_open_all with that root); what it is, its first bytes tell:
 * - CSV: RFC 4180 with CRLF or LF, BOM, quotes with embedded separators and newlines; the first
 *   record names the columns. Missing: what cell_missing says.
 * - JSON Lines: an object a line. Names of nested objects are joined by dots, arrays are texts.
 * Both may be compressed with gzip or zstd.
 * Types are inferred over the first rows (8,192, or 8 MiB of text) and kept.
 * Errors: MLOPS_NOT_FOUND; MLOPS_INVALID empty file, duplicate or empty column names, no data
 * rows; ragged rows, with file, line and both counts; a quote that is never closed; a file of
 * another kind (a spreadsheet, UTF-16), with what to do.
 */
int table_open(const char *path, const struct table_options *options, struct table_reader **reader,
               struct mlops_error *err);
/*
 * Open many as one table: patterns (`data/2026-*.csv`) of which no file
 * has the name itself stand for what they match, in the order of the names. The first file decides
 * on columns and types; each of the others must have those columns, in any order.
 */
int table_open_all(const char *const *paths, size_t count, const struct table_options *options,
                   struct table_reader **reader, struct mlops_error *err);
/* Were there names of partitions (`root`), and not the same in all files, so that they are no
 * columns? */
bool table_partitions_differ(const struct table_reader *reader);
/* The columns that are read, in the order of the file; those of partitions come last. */
const struct table_schema *table_schema(const struct table_reader *reader);
/* Names of the columns that are not (`only_expected`). */
const char *const *table_unread(const struct table_reader *reader, size_t *count);
/* The next batch, valid until the next call; `*more` false at the end. */
int table_next(struct table_reader *reader, const struct batch **batch, bool *more,
               struct mlops_error *err);
/*
 * The next batches, read over all cores, valid until the next call; none at the end. How the rows
 * are cut into batches depends on the input alone.
 */
int table_next_many(struct table_reader *reader, const struct batch **batches, size_t *count,
                    struct mlops_error *err);
/* Whoever takes batches column by column, each as soon as it is there, on the core that has it in
 * its cache. None of them can fail. */
struct table_taker {
    /* There will be `count` batches, of which the rows are known and no values yet. */
    void (*begin)(void *context, const struct batch *batches, size_t count);
    /* A column of all of them is there. Called by several threads at once, each with its own
     * `worker` number (below pool_threads()), each for another column, in no certain order. */
    void (*take)(void *context, size_t column, size_t worker);
    void *context;
};
/* As table_next_many, with the columns handed to `taker` meanwhile. After an error it may have got
 * some of them. */
int table_next_taken(struct table_reader *reader, const struct table_taker *taker,
                     const struct batch **batches, size_t *count, struct mlops_error *err);
/* Line in the file on which row `row` of the last batch of table_next begins; of formats without
 * lines the number of the row. */
uint64_t table_line(const struct table_reader *reader, size_t row);
/* Rows so far that were not as wide as the header. */
uint64_t table_ragged_rows(const struct table_reader *reader);
void table_close(struct table_reader *reader);
DEFINE_CLEANUP(struct table_reader, table_close)

#endif
