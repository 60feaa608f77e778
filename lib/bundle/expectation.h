/*
 * lib/bundle/expectation.h - what a suite of the kind `data` expects of a snapshot: as the project
 * file says it, and as the manifest keeps it. lib/quality holds tables against it.
 */
#ifndef BUNDLE_EXPECTATION_H
#define BUNDLE_EXPECTATION_H
#include "base/yaml.h"
#include "table/table.h"
#include <cjson/cJSON.h>

#define EXPECTATIONS_MAX 2000        /* of a suite */
#define EXPECTATION_VALUES_MAX 10000 /* of accepted_values */
#define EXPECTATION_TEXT_MAX 1000 /* bytes of a pattern or of an accepted value */

enum expectation_kind {
    EXPECT_SCHEMA,  /* the columns and types of `other` */
    EXPECT_ROWS,    /* from `least` to `most` */
    EXPECT_TYPE,    /* every value is of `type` */
    EXPECT_PRESENT, /* at most `tolerated` of the rows lack a value */
    EXPECT_VALUES,  /* every value is one of `values` */
    EXPECT_RANGE,   /* every value is from `least` to `most` */
    EXPECT_PATTERN, /* every value has a place that fits `pattern` */
    EXPECT_UNIQUE,  /* no two rows are alike in `columns` */
    EXPECT_AGE,     /* the newest value is not older than `age_ns` */
    EXPECT_SKEW,    /* no column has drifted from `other` */
    EXPECT_LEAKAGE, /* at most `tolerated` of the rows stand in `other`, too */
};

struct expectation {
    enum expectation_kind kind;
    char *name;       /* "amount: from 0 to 10000", unlike any other of the suite */
    char **columns;   /* NULL-terminated; of rows, schema and, where none are named, of skew and
                         leakage NULL */
    char *other;      /* a snapshot of the same bundle */
    enum column_type type;
    double least, most; /* -INFINITY and INFINITY where not given; of times nanoseconds */
    bool times;         /* they are times */
    int64_t age_ns;
    double tolerated; /* share of rows that may be otherwise */
    double far;       /* of skew: the rate of false alarms; 0: that of drift */
    char **except;    /* of skew: columns that are left out; NULL-terminated, or NULL */
    char **values;    /* NULL-terminated */
    double *numbers;  /* beside them: where one is written as a number; else NaN */
    char *pattern;
};

/* Zeroed expects nothing. */
struct expectations {
    char *data; /* the snapshot's name */
    struct expectation *items; /* as the file orders them: of the table, of columns, against others */
    size_t count;
    cJSON *source; /* as it was written */
};

/* Keys of a suite in the project file that are read here, besides `data`. */
#define EXPECTATION_KEYS "schema", "rows", "unique", "columns", "skew", "leakage"

/* Read them from the map `suite` with its `data`; `what` names the file. Errors: MLOPS_INVALID with
 * file and line. The caller clears it, also then. */
int expectations_read(const struct yaml_node *suite, const char *what,
                      struct expectations *expectations, struct mlops_error *err);
/* Read what stands in the manifest. Errors: MLOPS_INVALID. */
int expectations_load(const cJSON *json, struct expectations *expectations,
                      struct mlops_error *err);
void expectations_clear(struct expectations *expectations);

#endif
