/*
 * lib/registry/search.c - versions found by a condition, sorted, and cut to a limit. SQL gives the
 * values of one field after the other, in the order of an index; the condition is judged here, in
 * one way for all engines.
 */
#include "base/clock.h"
#include "registry/data_users.h"
#include "registry/handle.h"
#include "registry/query.h"
#include "registry/query_field.h"
#include <mlops/catalog.h>

#define SORTS_MAX 8

/* A field, and its value for each version of the list. */
struct column {
    const char *name;
    enum field_source source;
    struct mlops_value *values; /* not of SOURCE_VERSION and SOURCE_STAGES; texts are owned */
};

struct sort_key {
    size_t column;
    bool falling;
};

struct search {
    const struct mlops_search_options *options;
    struct mlops_version_list list;
    struct column *columns;
    size_t column_count, column_capacity;
    size_t *of_query; /* the column of each field of the query */
    struct query *query;
    char *sort_text;
    struct sort_key sorts[SORTS_MAX];
    size_t sort_count;
    size_t *order; /* versions that were found, as places in `list` */
    size_t found;
    int64_t now_ns;
};

static void search_clear(struct search *search)
{
    for (size_t i = 0; i < search->column_count; i++) {
        for (size_t j = 0; search->columns[i].values && j < search->list.count; j++)
            free(search->columns[i].values[j].text);
        free(search->columns[i].values);
    }
    free(search->columns);
    free(search->of_query);
    free(search->sort_text);
    free(search->order);
    if (search->query)
        query_free(search->query);
    mlops_version_list_clear(&search->list);
}

/* ---- what is asked for ---------------------------------------------------------------------- */

static size_t column_of(struct search *search, const char *name)
{
    for (size_t i = 0; i < search->column_count; i++)
        if (str_equal(search->columns[i].name, name))
            return i;
    GROW(search->columns, search->column_count, &search->column_capacity);
    search->columns[search->column_count] =
        (struct column){.name = name, .source = query_field_source(name)};
    return search->column_count++;
}

static int read_sort(struct search *search, struct mlops_error *err)
{
    char *rest = NULL;

    search->sort_text = xstrdup(search->options->sort);
    for (char *name = strtok_r(search->sort_text, ", ", &rest); name;
         name = strtok_r(NULL, ", ", &rest)) {
        bool falling = *name == '-';
        name += falling || *name == '+';
        if (query_field_check(name, 0, err))
            return mlops_wrap(err, "the order");
        if (search->sort_count == SORTS_MAX)
            return mlops_fail(err, MLOPS_INVALID, "the order: more than %d fields", SORTS_MAX);
        search->sorts[search->sort_count++] =
            (struct sort_key){.column = column_of(search, name), .falling = falling};
    }
    if (search->sort_count > 0)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "the order names no field");
}

static int read_options(struct search *search, struct mlops_error *err)
{
    const char *where = search->options->where;

    if (where) {
        TRY(query_parse(where, strlen(where), &search->query, err));
        size_t count = query_field_count(search->query);
        search->of_query = xcalloc(count, sizeof(*search->of_query));
        for (size_t i = 0; i < count; i++)
            search->of_query[i] = column_of(search, query_field(search->query, i));
    }
    return search->options->sort ? read_sort(search, err) : MLOPS_OK;
}

/* ---- the values ----------------------------------------------------------------------------- */

/* The list is by model, newest first: where in it the version stands; SIZE_MAX: nowhere. */
static size_t place_of(const struct mlops_version_list *list, const char *model, uint64_t number)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct mlops_version *version = &list->items[middle].version;
        int order = strcmp(model, version->model);
        if (order == 0 && number == version->number)
            return middle;
        if (order < 0 || (order == 0 && number > version->number))
            high = middle;
        else
            low = middle + 1;
    }
    return SIZE_MAX;
}

static enum mlops_value_kind kind_of(const char *name)
{
    switch (*name) {
    case 'i':
        return MLOPS_VALUE_INT;
    case 'f':
        return MLOPS_VALUE_FLOAT;
    case 'b':
        return MLOPS_VALUE_BOOL;
    default:
        return MLOPS_VALUE_TEXT;
    }
}

/* Rows of model, number, kind, amount, content. */
static int take_rows(struct search *search, struct column *column, struct db_rows *rows,
                     struct mlops_error *err)
{
    for (;;) {
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        size_t place = place_of(&search->list, db_string(rows, 0), (uint64_t)db_i64(rows, 1));
        if (place == SIZE_MAX)
            continue;
        struct mlops_value *value = &column->values[place];
        value->kind = kind_of(db_string(rows, 2));
        value->number = db_f64(rows, 3);
        if (value->kind == MLOPS_VALUE_TEXT)
            value->text = xstrdup(db_string(rows, 4));
    }
}

static int load_facts(struct search *search, struct db *db, struct column *column,
                      struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    if (search->options->model)
        TRY(db_query(db, &rows, err,
                     "SELECT model, number, kind, amount, content FROM fact "
                     "WHERE name = $1 AND model = $2",
                     DB_TEXT(column->name), DB_TEXT(search->options->model)));
    else
        TRY(db_query(db, &rows, err,
                     "SELECT model, number, kind, amount, content FROM fact WHERE name = $1",
                     DB_TEXT(column->name)));
    return take_rows(search, column, rows, err);
}

static int load_bundles(struct search *search, struct db *db, struct column *column,
                        struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    if (str_equal(column->name, "files"))
        TRY(db_query(db, &rows, err,
                     "SELECT version.model, version.number, 'int', bundle.files "
                     "FROM version JOIN bundle ON bundle.id = version.bundle"));
    else
        TRY(db_query(db, &rows, err,
                     "SELECT version.model, version.number, 'int', bundle.bytes "
                     "FROM version JOIN bundle ON bundle.id = version.bundle"));
    return take_rows(search, column, rows, err);
}

static int load_tags(struct search *search, struct db *db, struct column *column,
                     struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db_query(db, &rows, err, "SELECT model, number, 'text', 0, value FROM tag WHERE name = $1",
                 DB_TEXT(column->name + strlen("tags."))));
    return take_rows(search, column, rows, err);
}

static int load_retired(struct search *search, struct db *db, struct column *column,
                        struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;

    TRY(db_query(db, &rows, err, "SELECT model, number, retired_ns FROM retired"));
    for (;;) {
        bool more;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        size_t place = place_of(&search->list, db_string(rows, 0), (uint64_t)db_i64(rows, 1));
        if (place != SIZE_MAX)
            column->values[place] =
                (struct mlops_value){.kind = MLOPS_VALUE_TIME, .time_ns = db_i64(rows, 2)};
    }
}

static int load_values(struct search *search, struct db *db, struct mlops_error *err)
{
    static int (*const loaders[])(struct search *, struct db *, struct column *,
                                  struct mlops_error *) = {[SOURCE_FACT] = load_facts,
                                                           [SOURCE_BUNDLE] = load_bundles,
                                                           [SOURCE_TAG] = load_tags,
                                                           [SOURCE_RETIRED] = load_retired};

    for (size_t i = 0; i < search->column_count; i++) {
        struct column *column = &search->columns[i];
        if (!loaders[column->source])
            continue;
        column->values = xcalloc(search->list.count, sizeof(*column->values));
        TRY(loaders[column->source](search, db, column, err));
    }
    return MLOPS_OK;
}

/* What the version's own row says. Texts are borrowed from it. */
static void own_value(const struct search *search, const char *name,
                      const struct mlops_version_row *row, struct mlops_value *value)
{
    const struct mlops_version *version = &row->version;
    const char *text = str_equal(name, "model")    ? version->model
                       : str_equal(name, "bundle") ? version->bundle
                       : str_equal(name, "by")     ? version->created_by
                                                   : NULL;

    if (text) {
        *value = (struct mlops_value){.kind = MLOPS_VALUE_TEXT, .text = (char *)(uintptr_t)text};
    } else if (str_equal(name, "version")) {
        *value = (struct mlops_value){.kind = MLOPS_VALUE_INT, .number = (double)version->number};
    } else if (str_equal(name, "created")) {
        *value = (struct mlops_value){.kind = MLOPS_VALUE_TIME, .time_ns = version->created_ns};
    } else if (str_equal(name, "age")) {
        *value = (struct mlops_value){.kind = MLOPS_VALUE_INT,
                                      .number = (double)(search->now_ns - version->created_ns)};
    } else {
        *value = (struct mlops_value){
            .kind = MLOPS_VALUE_SET, .texts = row->stages, .text_count = row->stage_count};
    }
}

static void value_of(const struct search *search, size_t column, size_t place,
                     struct mlops_value *value)
{
    const struct column *own = &search->columns[column];

    if (own->values)
        *value = own->values[place];
    else
        own_value(search, own->name, &search->list.items[place], value);
}

/* ---- judging and sorting -------------------------------------------------------------------- */

struct judged {
    const struct search *search;
    size_t place;
};

static void look_up(void *context, size_t index, struct mlops_value *value)
{
    const struct judged *judged = context;

    value_of(judged->search, judged->search->of_query[index], judged->place, value);
}

static void judge_all(struct search *search)
{
    search->order = xcalloc(search->list.count, sizeof(*search->order));
    for (size_t i = 0; i < search->list.count; i++) {
        struct judged judged = {.search = search, .place = i};
        if (!search->query || query_judge(search->query, look_up, &judged))
            search->order[search->found++] = i;
    }
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

/* Numbers before texts; `*missing` where one of them is not there, which no direction turns. */
static int compare_values(const struct mlops_value *a, const struct mlops_value *b, bool *missing)
{
    bool none_a = a->kind == MLOPS_VALUE_NONE || (a->kind == MLOPS_VALUE_SET && !a->text_count);
    bool none_b = b->kind == MLOPS_VALUE_NONE || (b->kind == MLOPS_VALUE_SET && !b->text_count);

    *missing = none_a || none_b;
    if (*missing)
        return ORDER(none_a, none_b);
    if (a->kind == MLOPS_VALUE_SET && b->kind == MLOPS_VALUE_SET)
        return strcmp(a->texts[0], b->texts[0]);
    if (a->kind == MLOPS_VALUE_TIME && b->kind == MLOPS_VALUE_TIME)
        return ORDER(a->time_ns, b->time_ns);
    if (a->kind == MLOPS_VALUE_TEXT && b->kind == MLOPS_VALUE_TEXT)
        return strcmp(a->text, b->text);
    if (a->kind != MLOPS_VALUE_TEXT && b->kind != MLOPS_VALUE_TEXT)
        return ORDER(a->number, b->number);
    return a->kind == MLOPS_VALUE_TEXT ? 1 : -1;
}

static int compare_places(const void *left, const void *right, void *context)
{
    const struct search *search = context;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;

    for (size_t i = 0; i < search->sort_count; i++) {
        struct mlops_value one, other;
        bool missing;
        value_of(search, search->sorts[i].column, a, &one);
        value_of(search, search->sorts[i].column, b, &other);
        int order = compare_values(&one, &other, &missing);
        if (order)
            return search->sorts[i].falling && !missing ? -order : order;
    }
    return ORDER(a, b); /* as the list was */
}

/* ---- what is given back --------------------------------------------------------------------- */

/* Is it a field that nothing else of the list shows? */
static bool is_given(const struct column *column)
{
    return column->source == SOURCE_FACT || column->source == SOURCE_TAG;
}

static void give(struct search *search, struct mlops_search *out)
{
    size_t count = search->found;

    if (search->options->limit && search->options->limit < count)
        count = (size_t)search->options->limit;
    out->fields = xcalloc(search->column_count + 1, sizeof(*out->fields));
    out->list.items = xcalloc(count, sizeof(*out->list.items));
    for (size_t i = 0; i < search->column_count; i++)
        if (is_given(&search->columns[i]))
            out->fields[out->field_count++] = xstrdup(search->columns[i].name);
    out->values = xcalloc(count * out->field_count, sizeof(*out->values));
    struct mlops_value *value = out->values;
    for (; out->list.count < count; out->list.count++) {
        size_t place = search->order[out->list.count];
        out->list.items[out->list.count] = search->list.items[place];
        search->list.items[place].stages = NULL;
        search->list.items[place].stage_count = 0;
        for (size_t i = 0; i < search->column_count; i++) {
            if (!is_given(&search->columns[i]))
                continue;
            *value++ = search->columns[i].values[place];
            search->columns[i].values[place].text = NULL;
        }
    }
}

int mlops_version_search(struct mlops_registry *registry,
                         const struct mlops_search_options *options, struct mlops_search *out,
                         struct mlops_error *err)
{
    _cleanup_(search_clear) struct search search = {.options = options, .now_ns = clock_now_ns()};
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};

    *out = (struct mlops_search){0};
    TRY(read_options(&search, err));
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(mlops_version_list(registry, options->model, &search.list, err));
    if (options->data)
        TRY(data_users(registry->db, options->data, &search.list, err));
    TRY(load_values(&search, registry->db, err));
    judge_all(&search);
    if (search.sort_count > 0 && search.found > 1)
        qsort_r(search.order, search.found, sizeof(*search.order), compare_places, &search);
    give(&search, out);
    return MLOPS_OK;
}

void mlops_search_clear(struct mlops_search *search)
{
    for (size_t i = 0; search->values && i < search->list.count * search->field_count; i++)
        free(search->values[i].text);
    for (size_t i = 0; i < search->field_count; i++)
        free(search->fields[i]);
    free(search->values);
    free(search->fields);
    mlops_version_list_clear(&search->list);
    *search = (struct mlops_search){0};
}
