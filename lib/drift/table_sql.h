/*
 * lib/drift/table_sql.h - what a PostgreSQL server is asked about a table whose profile it
 * computes: the SQL of a column and of the sample of rows, as text. Who sends it is
 * drift/profile_server.
 *
 * Every query gives rows of three columns: what it is (text), a value (text or NULL), a count.
 */
#ifndef DRIFT_TABLE_SQL_H
#define DRIFT_TABLE_SQL_H
#include "base/buffer.h"
#include "table/table.h"

struct server_column {
    char *name;   /* as it is called */
    char *quoted; /* as SQL takes it: by quote_ident of the server */
    enum column_type type;
};

struct server_table {
    char *quoted; /* by regclass of the server */
    struct server_column *columns;
    size_t count, capacity;
};
void server_table_clear(struct server_table *table);

/* The type of our own that a type of PostgreSQL becomes; texts are texts until they are counted. */
enum column_type server_type(const char *name);

/* All measures of a column, of each different value once; the caller frees it. */
char *server_column_query(const struct server_table *table, const struct server_column *column);
/* The rows with the smallest hashes, up to $1 (a hash), at most ROW_SAMPLE_MAX + 1 of them: the
 * hash, how often it came, then the cells of the first columns as text. The caller frees it. */
char *server_sample_query(const struct server_table *table, size_t columns);

#endif
