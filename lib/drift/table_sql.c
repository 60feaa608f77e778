/* lib/drift/table_sql.c - the SQL by which PostgreSQL computes what is in a profile. */
#include "drift/table_sql.h"
#include "stats/frequent.h"
#include "stats/profile.h"
#include "stats/row_sample.h"

#define TEXT_SHOWN 65536 /* longer texts are not fetched */
#define PATTERNS_OF 8192 /* different texts, those of the smallest hashes, are looked at */

void server_table_clear(struct server_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->columns[i].name);
        free(table->columns[i].quoted);
    }
    free(table->columns);
    free(table->quoted);
    *table = (struct server_table){0};
}

enum column_type server_type(const char *name)
{
    static const struct {
        const char *name;
        enum column_type type;
    } types[] = {{"bool", COLUMN_BOOL},       {"int2", COLUMN_INTEGER}, {"int4", COLUMN_INTEGER},
                 {"int8", COLUMN_INTEGER},    {"float4", COLUMN_FLOAT}, {"float8", COLUMN_FLOAT},
                 {"numeric", COLUMN_FLOAT},   {"date", COLUMN_TIME},    {"timestamp", COLUMN_TIME},
                 {"timestamptz", COLUMN_TIME}};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (str_equal(name, types[i].name))
            return types[i].type;
    return COLUMN_TEXT;
}

/* The words for missing values as a list of SQL. */
static void put_words(struct buffer *out)
{
    buffer_puts(out, "(''");
    for (uint8_t code = MISSING_NULL; code < MISSING_CODES; code++)
        if (code != MISSING_ABSENT && missing_name(code))
            buffer_printf(out, ", '%s'", missing_name(code));
    buffer_putc(out, ')');
}

/* "x" of a column: float8 of numbers and bools, nanoseconds of times, text otherwise; NULL where it
 * is missing, NaN where it is NaN. */
static void put_value(const struct server_column *column, struct buffer *out)
{
    switch (column->type) {
    case COLUMN_BOOL:
        buffer_printf(out, "%s::int::float8", column->quoted);
        break;
    case COLUMN_INTEGER:
    case COLUMN_FLOAT:
        buffer_printf(out, "%s::float8 + 0.0", column->quoted); /* -0 is 0 */
        break;
    case COLUMN_TIME: /* of the years that nanoseconds reach; by microseconds, which are exact */
        buffer_printf(out,
                      "CASE WHEN %s >= '1678-01-01' AND %s < '2262-01-01'"
                      " THEN round(extract(epoch FROM %s) * 1000000)::bigint * 1000 END",
                      column->quoted, column->quoted, column->quoted);
        break;
    case COLUMN_CATEGORY:
    case COLUMN_TEXT:
        buffer_printf(out, "%s::text COLLATE \"C\"", column->quoted);
        break;
    }
}

/* ---- a column ------------------------------------------------------------------------------- */

/* g: every different value x, and n, how often it came. p: those that are there. */
#define GROUPED                                                                                    \
    "WITH g AS MATERIALIZED (SELECT x, gone, count(*) AS n"                                        \
    " FROM (SELECT %s AS x, %s IS NULL AS gone FROM %s) v GROUP BY x, gone),"

/* The frequent values, `%d` of them, and how often the first came that is none of those. */
#define VALUES(shown)                                                                              \
    " UNION ALL SELECT CASE WHEN place > %d THEN 'beyond' WHEN " shown                             \
    " THEN 'value' ELSE 'long' END, CASE WHEN " shown " THEN x::text END, n"                       \
    " FROM (SELECT x, n, row_number() OVER (ORDER BY n DESC, x) AS place"                          \
    " FROM (SELECT x, n FROM p ORDER BY n DESC, x LIMIT %d + 1) q) o"

/* HyperLogLog: a register is of the upper 12 bits of a hash, and keeps the least of the others. */
#define REGISTERS(hash)                                                                            \
    " UNION ALL SELECT 'register', (h >> 52 & 4095)::text, min(h & 4503599627370495)"              \
    " FROM (SELECT " hash " AS h FROM p) o GROUP BY h >> 52 & 4095"

/* About 4,096 values that part the rest by rank, each with the count of all up to it. */
#define RANKS                                                                                      \
    " UNION ALL SELECT 'rank', x::text, c FROM (SELECT x, n,"                                      \
    " (sum(n) OVER (ORDER BY x))::bigint AS c FROM p) o,"                                          \
    " (SELECT sum(n)::bigint AS total FROM p) t"                                                   \
    " WHERE c / (1 + total / 4096) <> (c - n) / (1 + total / 4096) OR c = total"

/* Sums of powers of the distances d from about the mean, which is in m, all in units of f. */
#define POWERS                                                                                     \
    " UNION ALL SELECT 'mean', m::text, 0 FROM m UNION ALL SELECT 'unit', f::text, 0 FROM m"       \
    " UNION ALL SELECT v.* FROM (SELECT sum(n * d) AS p1, sum(n * (d * d)) AS p2,"                 \
    " sum(n * (d * d * d)) AS p3, sum(n * (d * d * d * d)) AS p4 FROM d) o, LATERAL (VALUES"       \
    " ('power1', p1::text, 0), ('power2', p2::text, 0), ('power3', p3::text, 0),"                  \
    " ('power4', p4::text, 0)) v"

/* PostgreSQL takes an overflow or underflow of float8 for an error: numbers of extreme size are
 * counted in units of the largest, and distances that nothing could show are none. */
static const char numbers_sql[] =
    GROUPED " p AS MATERIALIZED (SELECT x, n, abs(x) = 'Infinity' AS far FROM g WHERE x <> 'NaN'),"
            " u AS (SELECT CASE WHEN a > 1e50 OR a > 0 AND a < 1e-50 THEN a ELSE 1 END AS f"
            " FROM (SELECT max(abs(x)) AS a FROM p WHERE NOT far) o),"
            " y AS (SELECT n, f, CASE WHEN f = 1 THEN x WHEN f < 1 THEN x / f"
            " WHEN abs(x) < f * 1e-100 THEN 0 ELSE x / f END AS y FROM p, u WHERE NOT far),"
            " m AS MATERIALIZED (SELECT sum(y * n) / sum(n) AS m, min(f) AS f FROM y),"
            " d AS MATERIALIZED"
            " (SELECT n, CASE WHEN abs(y - m) < 1e-75 THEN 0 ELSE y - m END AS d FROM y, m)"
            " SELECT 'null' AS kind, NULL AS value, sum(n)::bigint AS n FROM g WHERE gone"
            " UNION ALL SELECT 'word', 'NaN', sum(n)::bigint FROM g WHERE x = 'NaN'"
            " UNION ALL SELECT 'infinite', NULL, sum(n)::bigint FROM p WHERE far"
            " UNION ALL SELECT 'zeros', NULL, sum(n)::bigint FROM p WHERE x = 0"
            " UNION ALL SELECT 'negatives', NULL, sum(n)::bigint FROM p WHERE x < 0"
            " UNION ALL SELECT 'least', min(x)::text, sum(n)::bigint FROM p"
            " UNION ALL SELECT 'largest', max(x)::text, 0 FROM p" POWERS VALUES("true")
                REGISTERS("hashfloat8extended(x, 0)") RANKS " ORDER BY 1, 3";

static const char times_sql[] = GROUPED
    " p AS MATERIALIZED (SELECT x, n FROM g WHERE x IS NOT NULL),"
    " m AS MATERIALIZED (SELECT sum(x::float8 * n) / sum(n) AS m, 1 AS f FROM p),"
    " d AS (SELECT n, x::float8 - m AS d FROM p, m)"
    " SELECT 'null' AS kind, NULL AS value, sum(n)::bigint AS n FROM g WHERE gone"
    " UNION ALL SELECT 'misfit', NULL, sum(n)::bigint FROM g WHERE x IS NULL AND NOT gone"
    " UNION ALL SELECT 'least', min(x)::text, sum(n)::bigint FROM p"
    " UNION ALL SELECT 'largest', max(x)::text, 0 FROM p"
    /* hours since the epoch, rounded down, within a week */
    " UNION ALL SELECT 'hour', h::text, sum(n)::bigint FROM (SELECT n,"
    " (((x - (x %% 3600000000000 + 3600000000000) %% 3600000000000) / 3600000000000) %% 168 + 168)"
    " %% 168 AS h FROM p) o GROUP BY h" POWERS REGISTERS("hashint8extended(x, 0)") RANKS
    " ORDER BY 1, 3";

/* Patterns as stats/pattern.h has them: letters and digits to their classes, runs to one. Runs of
 * other characters take a regular expression that looks back, which is slow: it is asked of each
 * pattern that has such neighbours once, not of every text; and not more than PATTERNS_OF texts are
 * looked at, as it is 60 µs of each. */
#define CLASSES                                                                                    \
    "translate(x, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'"                \
    " || E'\\t\\n\\x0b\\f\\r', repeat('a', 26) || repeat('A', 26) || repeat('9', 10) || '     ')"
#define RUN(of, run, to) "regexp_replace(" of ", E'" run "', '" to "', 'g')"
#define RUNS                                                                                       \
    RUN(RUN(RUN(RUN(RUN(RUN(CLASSES, "a+", "a"), "A+", "A"), "9+", "9"), " +", " "),               \
            "[^\\x01-\\x7f]+", "u"),                                                               \
        "[\\x01-\\x1f\\x7f]+", "?")
#define PATTERNS                                                                                   \
    " UNION ALL SELECT 'looked', NULL, sum(n)::bigint FROM e"                                      \
    " UNION ALL SELECT CASE WHEN place > %d THEN 'unseen' ELSE 'pattern' END, z, n FROM"           \
    " (SELECT z, n, row_number() OVER (ORDER BY n DESC, z) AS place FROM"                          \
    " (SELECT CASE WHEN length(z) > 24 THEN left(z, 23) || '~' ELSE z END AS z,"                   \
    " sum(n)::bigint AS n FROM (SELECT n, CASE WHEN z ~ '[^aA9u ][^aA9u ]'"                        \
    " THEN regexp_replace(z, E'(.)\\\\1+', E'\\\\1', 'g') ELSE z END AS z"                         \
    " FROM (SELECT " RUNS " AS z, sum(n) AS n FROM e GROUP BY 1) a) b GROUP BY 1) c) d"            \
    " WHERE place <= %d + 1"

static const char texts_sql[] =
    GROUPED " p AS MATERIALIZED (SELECT x, n, octet_length(x) AS long FROM g WHERE x NOT IN %s),"
            " e AS MATERIALIZED (SELECT x, n FROM p ORDER BY hashtextextended(x, 0) LIMIT %d)"
            " SELECT 'null' AS kind, NULL AS value, sum(n)::bigint AS n FROM g WHERE gone"
            " UNION ALL SELECT 'word', x, n FROM g WHERE x IN %s"
            " UNION ALL SELECT 'present', NULL, sum(n)::bigint FROM p"
            " UNION ALL SELECT 'different', NULL, count(*) FROM p"
            " UNION ALL SELECT 'shortest', NULL, min(long) FROM p"
            " UNION ALL SELECT 'longest', NULL, max(long) FROM p"
            " UNION ALL SELECT 'bytes', NULL, sum(n * long)::bigint FROM p" PATTERNS VALUES(
                "octet_length(x) <= %d") REGISTERS("hashtextextended(x, 0)") " ORDER BY 1, 3";

char *server_column_query(const struct server_table *table, const struct server_column *column)
{
    _cleanup_(buffer_clear) struct buffer value = {0}, words = {0};
    put_value(column, &value);
    put_words(&words);
    if (column_is_numeric(column->type))
        return xprintf(numbers_sql, value.data, column->quoted, table->quoted, PROFILE_VALUES,
                       PROFILE_VALUES);
    if (column->type == COLUMN_TIME)
        return xprintf(times_sql, value.data, column->quoted, table->quoted);
    return xprintf(texts_sql, value.data, column->quoted, table->quoted, words.data, PATTERNS_OF,
                   words.data, PROFILE_PATTERNS, PROFILE_PATTERNS, FREQUENT_MAX, TEXT_SHOWN,
                   TEXT_SHOWN, FREQUENT_MAX);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* A cell that is missing is NULL, so that rows which differ in words for it are the same. */
static void put_cell(const struct server_column *column, struct buffer *out)
{
    bool text = column->type == COLUMN_TEXT;
    buffer_puts(out, column_is_numeric(column->type) ? "nullif(" : text ? "CASE WHEN " : "(");
    put_value(column, out);
    if (text) {
        buffer_puts(out, " NOT IN ");
        put_words(out);
        buffer_puts(out, " THEN ");
        put_value(column, out);
    }
    buffer_puts(out, column_is_numeric(column->type) ? ", 'NaN')" : text ? " END" : ")");
}

char *server_sample_query(const struct server_table *table, size_t columns)
{
    struct buffer sql = {0};
    buffer_puts(&sql, "SELECT h, count(*)");
    for (size_t i = 0; i < columns; i++)
        buffer_printf(&sql,
                      table->columns[i].type == COLUMN_TEXT ? ", left(min(c%zu), %d)"
                                                            : ", min(c%zu)::text",
                      i, TEXT_SHOWN);
    buffer_puts(&sql, " FROM (SELECT *, hashtextextended(v::text COLLATE \"C\", 0) AS h"
                      " FROM (SELECT ");
    for (size_t i = 0; i < table->count; i++) {
        buffer_puts(&sql, i ? ", " : "");
        put_cell(&table->columns[i], &sql);
        buffer_printf(&sql, " AS c%zu", i);
    }
    buffer_printf(&sql, " FROM %s) v) r WHERE h <= $1 GROUP BY h ORDER BY h LIMIT %d",
                  table->quoted, ROW_SAMPLE_MAX + 1);
    return buffer_steal(&sql);
}
