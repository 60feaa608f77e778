/* lib/bundle/expectation.c - expectations of data: from YAML or a manifest, each with its name. */
#include "bundle/expectation.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/number.h"
#include "base/regex.h"
#include <math.h>
#include <mlops/text.h>
#include <stdio.h>

#define ROWS_MAX 9007199254740992.0 /* 2^53: what a JSON number holds exactly */
#define NAMED_VALUES 6 /* of accepted_values, in the name of the expectation */
#define FAR_LEAST 0.0001

/* ---- values ---------------------------------------------------------------------------------- */

/* The next expectation, of one column or of none. */
static struct expectation *add(struct expectations *expectations, enum expectation_kind kind,
                               const char *column)
{
    expectations->items = xrealloc(expectations->items, expectations->count + 1,
                                   sizeof(*expectations->items));
    struct expectation *item = &expectations->items[expectations->count++];
    *item = (struct expectation){.kind = kind, .least = -INFINITY, .most = INFINITY};
    if (column) {
        item->columns = xcalloc(2, sizeof(*item->columns));
        item->columns[0] = xstrdup(column);
    }
    return item;
}

/* "1%", "0.01" or a number: a share from 0 to 1. */
static int take_share(const cJSON *value, const char *key, double *share, struct mlops_error *err)
{
    bool good = cJSON_IsNumber(value);
    if (good)
        *share = value->valuedouble;
    else if (cJSON_IsString(value)) {
        size_t length = strlen(value->valuestring);
        bool percent = length > 0 && value->valuestring[length - 1] == '%';
        good = number_parse(value->valuestring, length - percent, share);
        *share = percent ? *share / 100 : *share;
    }
    if (good && *share >= 0 && *share <= 1)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "'%s' must be a share such as 1%% or 0.01", key);
}

/* "99.9 %", with as many digits as it needs. */
static const char *share_text(double share, char text[32])
{
    (void)snprintf(text, 32, "%.6g %%", share * 100);
    return text;
}

static int take_whole(const cJSON *value, const char *key, double *whole, struct mlops_error *err)
{
    *whole = cJSON_IsNumber(value) ? value->valuedouble : -1;
    if (*whole >= 0 && *whole <= ROWS_MAX && *whole == floor(*whole))
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "'%s' must be a whole number", key);
}

static int check_text(const char *text, const char *key, struct mlops_error *err)
{
    size_t length = strlen(text);
    if (length > 0 && length <= EXPECTATION_TEXT_MAX)
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_INVALID, "'%s' has a text that is empty or longer than %d bytes",
                      key, EXPECTATION_TEXT_MAX);
}

static int take_text(const cJSON *value, const char *key, char **text, struct mlops_error *err)
{
    if (!cJSON_IsString(value))
        return mlops_fail(err, MLOPS_INVALID, "'%s' must be a text", key);
    TRY(check_text(value->valuestring, key, err));
    *text = xstrdup(value->valuestring);
    return MLOPS_OK;
}

/* A list of texts, or one alone; numbers and truth as they are written in a table. */
static int take_texts(const cJSON *value, const char *key, char ***texts, struct mlops_error *err)
{
    const cJSON *list = cJSON_IsArray(value) ? value->child : value;
    size_t count = 0;
    *texts = xcalloc((size_t)cJSON_GetArraySize(value) + 2, sizeof(**texts));
    for (const cJSON *item = list; item; item = cJSON_IsArray(value) ? item->next : NULL) {
        _cleanup_(buffer_clear) struct buffer number = {0};
        if (count == EXPECTATION_VALUES_MAX)
            return mlops_fail(err, MLOPS_INVALID, "'%s' has more than %d items", key,
                              EXPECTATION_VALUES_MAX);
        if (cJSON_IsNumber(item))
            json_write_number(item->valuedouble, &number);
        else if (cJSON_IsBool(item))
            buffer_puts(&number, cJSON_IsTrue(item) ? "true" : "false");
        else if (cJSON_IsString(item)) {
            TRY(check_text(item->valuestring, key, err));
            buffer_puts(&number, item->valuestring);
        } else
            return mlops_fail(err, MLOPS_INVALID, "'%s' must be a list of single values", key);
        (*texts)[count++] = buffer_steal(&number);
    }
    return count ? MLOPS_OK : mlops_fail(err, MLOPS_INVALID, "'%s' is empty", key);
}

static int check_keys(const cJSON *map, const char *where, const char *const *known,
                      struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer list = {0};
    const cJSON *item;
    if (!cJSON_IsObject(map))
        return mlops_fail(err, MLOPS_INVALID, "%s must be a map of keys", where);
    for (const char *const *key = known; *key; key++)
        buffer_printf(&list, "%s%s", list.length ? ", " : "", *key);
    cJSON_ArrayForEach(item, map)
    {
        bool found = false;
        for (const char *const *key = known; *key && !found; key++)
            found = str_equal(*key, item->string);
        if (found)
            continue;
        const char *near = mlops_suggest(item->string, known);
        if (near)
            mlops_fail(err, MLOPS_INVALID, "unknown key '%s' (did you mean '%s'?)", item->string,
                       near);
        else
            mlops_fail(err, MLOPS_INVALID, "unknown key '%s' in %s", item->string, where);
        return mlops_hint(err, "the keys of %s are %s", where, list.data);
    }
    return MLOPS_OK;
}

static char *join(char *const *texts, size_t most)
{
    struct buffer joined = {0};
    size_t count = 0;
    for (; texts[count]; count++)
        if (count < most)
            buffer_printf(&joined, "%s%s", count ? ", " : "", texts[count]);
    if (count > most)
        buffer_printf(&joined, ", … (%zu)", count);
    return buffer_steal(&joined);
}

/* ---- of one column --------------------------------------------------------------------------- */

/* `min` or `max`: a number, or a time as people write it. */
static int take_bound(const cJSON *value, const char *key, double *bound, bool *time,
                      struct mlops_error *err)
{
    struct mlops_error ignored = {0}; /* said better below */
    int64_t time_ns;
    *time = false;
    if (cJSON_IsNumber(value)) {
        *bound = value->valuedouble;
        return MLOPS_OK;
    }
    *time = cJSON_IsString(value) && !mlops_time_parse(value->valuestring, &time_ns, &ignored);
    if (!*time)
        return mlops_fail(err, MLOPS_INVALID, "'%s' must be a number or a time such as 2026-05-03",
                          key);
    *bound = (double)time_ns;
    return MLOPS_OK;
}

/* "from 0 to 10000", "at least 0": the texts are those of the file. */
static char *range_text(const char *column, const char *least, const char *most)
{
    if (*least && *most)
        return xprintf("%s: from %s to %s", column, least, most);
    return *least ? xprintf("%s: at least %s", column, least)
                  : xprintf("%s: at most %s", column, most);
}

static void bound_text(const cJSON *value, struct buffer *text)
{
    if (cJSON_IsNumber(value))
        json_write_number(value->valuedouble, text);
    else if (cJSON_IsString(value))
        buffer_puts(text, value->valuestring);
    else
        buffer_puts(text, "");
}

static int take_range(const cJSON *column, struct expectations *expectations,
                      struct mlops_error *err)
{
    const cJSON *least = cJSON_GetObjectItemCaseSensitive(column, "min");
    const cJSON *most = cJSON_GetObjectItemCaseSensitive(column, "max");
    _cleanup_(buffer_clear) struct buffer low = {0}, high = {0};
    bool low_time = false, high_time = false;
    if (!least && !most)
        return MLOPS_OK;
    struct expectation *item = add(expectations, EXPECT_RANGE, column->string);
    if (least)
        TRY(take_bound(least, "min", &item->least, &low_time, err));
    if (most)
        TRY(take_bound(most, "max", &item->most, &high_time, err));
    if ((least && most && low_time != high_time) || item->least > item->most)
        return mlops_fail(err, MLOPS_INVALID, "no value lies between this 'min' and this 'max'");
    item->times = low_time || high_time;
    bound_text(least, &low);
    bound_text(most, &high);
    item->name = range_text(column->string, low.data, high.data);
    return MLOPS_OK;
}

static int take_type(const cJSON *column, const cJSON *value, struct expectations *expectations,
                     struct mlops_error *err)
{
    static const char *const types[] = {"bool", "integer", "float", "category",
                                        "text", "time",    NULL};
    const char *text = cJSON_IsString(value) ? value->valuestring : "";
    struct expectation *item = add(expectations, EXPECT_TYPE, column->string);
    if (!column_type_parse(text, &item->type)) {
        const char *near = mlops_suggest(text, types);
        mlops_fail(err, MLOPS_INVALID, "'%s' is not a type%s%s%s", text,
                   near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
        return mlops_hint(err, "use one of bool, integer, float, category, text, time");
    }
    item->name = xprintf("%s: type %s", column->string, text);
    return MLOPS_OK;
}

static int take_missing(const cJSON *column, const cJSON *not_null, const cJSON *missing,
                        struct expectations *expectations, struct mlops_error *err)
{
    char share[32];
    if (not_null && !cJSON_IsTrue(not_null))
        return mlops_fail(err, MLOPS_INVALID, "'not_null' can only be true; say 'missing: 1%%' "
                                              "where some may be missing");
    if (not_null && missing)
        return mlops_fail(err, MLOPS_INVALID, "'not_null' and 'missing' say the same");
    struct expectation *item = add(expectations, EXPECT_PRESENT, column->string);
    if (missing)
        TRY(take_share(missing, "missing", &item->tolerated, err));
    item->name = item->tolerated > 0 ? xprintf("%s: at most %s missing", column->string,
                                               share_text(item->tolerated, share))
                                     : xprintf("%s: never missing", column->string);
    return MLOPS_OK;
}

static int take_values(const cJSON *column, const cJSON *value, struct expectations *expectations,
                       struct mlops_error *err)
{
    struct expectation *item = add(expectations, EXPECT_VALUES, column->string);
    TRY(take_texts(value, "accepted_values", &item->values, err));
    item->numbers = xcalloc((size_t)cJSON_GetArraySize(value) + 1, sizeof(*item->numbers));
    for (size_t i = 0; item->values[i]; i++) {
        const cJSON *one = cJSON_IsArray(value) ? cJSON_GetArrayItem(value, (int)i) : value;
        item->numbers[i] = cJSON_IsNumber(one) ? one->valuedouble : (double)NAN;
    }
    _cleanup_(free_string) char *list = join(item->values, NAMED_VALUES);
    item->name = xprintf("%s: one of %s", column->string, list);
    return MLOPS_OK;
}

static int take_pattern(const cJSON *column, const cJSON *value, struct expectations *expectations,
                        struct mlops_error *err)
{
    _cleanup_(regex_free_ptr) struct regex *regex = NULL;
    struct expectation *item = add(expectations, EXPECT_PATTERN, column->string);
    TRY(take_text(value, "matches", &item->pattern, err));
    TRY(regex_compile(item->pattern, &regex, err));
    item->name = xprintf("%s: matches %s", column->string, item->pattern);
    return MLOPS_OK;
}

static int take_age(const cJSON *column, const cJSON *value, struct expectations *expectations,
                    struct mlops_error *err)
{
    _cleanup_(free_string) char *text = NULL;
    struct expectation *item = add(expectations, EXPECT_AGE, column->string);
    TRY(take_text(value, "max_age", &text, err));
    TRY(mlops_duration_parse(text, &item->age_ns, err));
    if (item->age_ns <= 0)
        return mlops_fail(err, MLOPS_INVALID, "'max_age' must be more than nothing");
    item->name = xprintf("%s: newest not older than %s", column->string, text);
    return MLOPS_OK;
}

/* `mostly` is of all that is said of single values: those from item `first` on. */
static int take_mostly(const cJSON *value, struct expectations *expectations, size_t first,
                       struct mlops_error *err)
{
    double share;
    char text[32];
    bool any = false;
    TRY(take_share(value, "mostly", &share, err));
    for (size_t i = first; i < expectations->count; i++) {
        struct expectation *item = &expectations->items[i];
        if (item->kind != EXPECT_TYPE && item->kind != EXPECT_VALUES &&
            item->kind != EXPECT_RANGE && item->kind != EXPECT_PATTERN)
            continue;
        char *name = xprintf("%s, for %s", item->name, share_text(share, text));
        free(item->name);
        item->name = name;
        item->tolerated = 1 - share;
        any = true;
    }
    return any ? MLOPS_OK
               : mlops_fail(err, MLOPS_INVALID,
                            "'mostly' goes with type, min, max, accepted_values or matches");
}

static int take_column(const cJSON *column, struct expectations *expectations,
                       struct mlops_error *err)
{
    static const char *const keys[] = {"type",    "not_null", "missing", "unique",
                                       "min",     "max",      "accepted_values", "matches",
                                       "max_age", "mostly",   NULL};
    size_t first = expectations->count;
    const cJSON *get[ARRAY_LENGTH(keys)] = {0};
    _cleanup_(free_string) char *where = xprintf("the column '%s'", column->string);
    TRY(check_text(column->string, "columns", err));
    TRY(check_keys(column, where, keys, err));
    for (size_t i = 0; keys[i]; i++)
        get[i] = cJSON_GetObjectItemCaseSensitive(column, keys[i]);
    if (get[0])
        TRY(take_type(column, get[0], expectations, err));
    if (get[1] || get[2])
        TRY(take_missing(column, get[1], get[2], expectations, err));
    if (get[3] && !cJSON_IsTrue(get[3]))
        return mlops_fail(err, MLOPS_INVALID, "'unique' can only be true here");
    if (get[3])
        add(expectations, EXPECT_UNIQUE, column->string)->name =
            xprintf("%s: unique", column->string);
    TRY(take_range(column, expectations, err));
    if (get[6])
        TRY(take_values(column, get[6], expectations, err));
    if (get[7])
        TRY(take_pattern(column, get[7], expectations, err));
    if (get[8])
        TRY(take_age(column, get[8], expectations, err));
    return get[9] ? take_mostly(get[9], expectations, first, err) : MLOPS_OK;
}

/* ---- of the whole table ---------------------------------------------------------------------- */

static int take_schema(const cJSON *value, struct expectations *expectations,
                       struct mlops_error *err)
{
    struct expectation *item = add(expectations, EXPECT_SCHEMA, NULL);
    TRY(take_text(value, "schema", &item->other, err));
    item->name = xprintf("columns and types of %s", item->other);
    return MLOPS_OK;
}

static int take_rows(const cJSON *value, struct expectations *expectations, struct mlops_error *err)
{
    static const char *const keys[] = {"min", "max", NULL};
    struct expectation *item = add(expectations, EXPECT_ROWS, NULL);
    TRY(check_keys(value, "'rows'", keys, err));
    const cJSON *least = cJSON_GetObjectItemCaseSensitive(value, "min");
    const cJSON *most = cJSON_GetObjectItemCaseSensitive(value, "max");
    _cleanup_(buffer_clear) struct buffer low = {0}, high = {0};
    if (least)
        TRY(take_whole(least, "min", &item->least, err));
    if (most)
        TRY(take_whole(most, "max", &item->most, err));
    if ((!least && !most) || item->least > item->most)
        return mlops_fail(err, MLOPS_INVALID, "'rows' must have a 'min' or a 'max' above it");
    bound_text(least, &low);
    bound_text(most, &high);
    item->name = range_text("rows", low.data, high.data);
    return MLOPS_OK;
}

/* A list of lists of columns, one list, or one column. */
static int take_unique(const cJSON *value, struct expectations *expectations,
                       struct mlops_error *err)
{
    bool many = cJSON_IsArray(value) && cJSON_IsArray(value->child);
    for (const cJSON *one = many ? value->child : value; one; one = many ? one->next : NULL) {
        struct expectation *item = add(expectations, EXPECT_UNIQUE, NULL);
        TRY(take_texts(one, "unique", &item->columns, err));
        _cleanup_(free_string) char *list = join(item->columns, SIZE_MAX);
        item->name = xprintf("%s: unique%s", list, item->columns[1] ? " together" : "");
    }
    return MLOPS_OK;
}

static int take_other(const cJSON *map, struct expectation *item, const char *where,
                      struct mlops_error *err)
{
    const cJSON *against = cJSON_GetObjectItemCaseSensitive(map, "against");
    if (!against)
        return mlops_fail(err, MLOPS_INVALID, "%s has no 'against'", where);
    return take_text(against, "against", &item->other, err);
}

static int take_skew(const cJSON *value, struct expectations *expectations, struct mlops_error *err)
{
    static const char *const keys[] = {"against", "columns", "except", "false_alarms",
                                       NULL};
    struct expectation *item = add(expectations, EXPECT_SKEW, NULL);
    TRY(check_keys(value, "'skew'", keys, err));
    const cJSON *columns = cJSON_GetObjectItemCaseSensitive(value, "columns");
    const cJSON *except = cJSON_GetObjectItemCaseSensitive(value, "except");
    const cJSON *far = cJSON_GetObjectItemCaseSensitive(value, "false_alarms");
    TRY(take_other(value, item, "'skew'", err));
    if (columns)
        TRY(take_texts(columns, "columns", &item->columns, err));
    if (columns && except)
        return mlops_fail(err, MLOPS_INVALID, "'columns' and 'except' cannot both be said");
    if (except)
        TRY(take_texts(except, "except", &item->except, err));
    if (far)
        TRY(take_share(far, "false_alarms", &item->far, err));
    if (far && !(item->far >= FAR_LEAST && item->far <= 0.5))
        return mlops_fail(err, MLOPS_INVALID, "'false_alarms' must lie between 0.01%% and 50%%");
    item->name = xprintf("no drift from %s", item->other);
    return MLOPS_OK;
}

static int take_leakage(const cJSON *value, struct expectations *expectations,
                        struct mlops_error *err)
{
    static const char *const keys[] = {"against", "by", "max_share", NULL};
    struct expectation *item = add(expectations, EXPECT_LEAKAGE, NULL);
    TRY(check_keys(value, "'leakage'", keys, err));
    const cJSON *by = cJSON_GetObjectItemCaseSensitive(value, "by");
    const cJSON *share = cJSON_GetObjectItemCaseSensitive(value, "max_share");
    char text[32];
    TRY(take_other(value, item, "'leakage'", err));
    if (by)
        TRY(take_texts(by, "by", &item->columns, err));
    if (share)
        TRY(take_share(share, "max_share", &item->tolerated, err));
    _cleanup_(free_string) char *list = by ? join(item->columns, SIZE_MAX) : xstrdup("all columns");
    item->name = item->tolerated > 0
                     ? xprintf("at most %s of the rows are in %s, by %s",
                               share_text(item->tolerated, text), item->other, list)
                     : xprintf("no row is in %s, by %s", item->other, list);
    return MLOPS_OK;
}

static int take(const cJSON *value, const char *key, struct expectations *expectations,
                struct mlops_error *err)
{
    if (str_equal(key, "schema"))
        return take_schema(value, expectations, err);
    if (str_equal(key, "rows"))
        return take_rows(value, expectations, err);
    if (str_equal(key, "unique"))
        return take_unique(value, expectations, err);
    return str_equal(key, "skew") ? take_skew(value, expectations, err)
                                  : take_leakage(value, expectations, err);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const char *const keys[] = {EXPECTATION_KEYS};

/* Results are told apart by their names. */
static int check_whole(const struct expectations *expectations, struct mlops_error *err)
{
    if (expectations->count == 0)
        return mlops_fail(err, MLOPS_INVALID, "a data suite expects nothing");
    if (expectations->count > EXPECTATIONS_MAX)
        return mlops_fail(err, MLOPS_INVALID, "more than %d expectations", EXPECTATIONS_MAX);
    for (size_t i = 0; i < expectations->count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_equal(expectations->items[i].name, expectations->items[j].name))
                return mlops_fail(err, MLOPS_INVALID, "'%s' is expected twice",
                                  expectations->items[i].name);
    return MLOPS_OK;
}

static int read_columns(const struct yaml_node *node, const cJSON *columns, const char *what,
                        struct expectations *expectations, struct mlops_error *err)
{
    if (node->kind != YAML_MAP)
        return mlops_fail(err, MLOPS_INVALID, "%s:%d: 'columns' must be a map from columns to what "
                                              "is expected of them", what, node->line);
    for (size_t i = 0; i < node->count; i++)
        if (take_column(cJSON_GetObjectItemCaseSensitive(columns, node->items[i]->key),
                        expectations, err))
            return mlops_wrap(err, "%s:%d", what, node->items[i]->line);
    return MLOPS_OK;
}

int expectations_read(const struct yaml_node *suite, const char *what,
                      struct expectations *expectations, struct mlops_error *err)
{
    const struct yaml_node *data = yaml_get(suite, "data");
    expectations->source = xcheck(cJSON_CreateObject());
    if (!data || data->kind != YAML_SCALAR || !*data->text)
        return mlops_fail(err, MLOPS_INVALID,
                          "%s:%d: a data suite needs 'data', the name of a snapshot", what,
                          data ? data->line : suite->line);
    expectations->data = xstrdup(data->text);
    json_add_string(expectations->source, "data", data->text);
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        const struct yaml_node *node = yaml_get(suite, keys[i]);
        if (!node || node->kind == YAML_NULL)
            continue;
        cJSON *value = yaml_to_json(node);
        cJSON_AddItemToObject(expectations->source, keys[i], value);
        if (str_equal(keys[i], "columns"))
            TRY(read_columns(node, value, what, expectations, err));
        else if (take(value, keys[i], expectations, err))
            return mlops_wrap(err, "%s:%d", what, node->line);
    }
    return check_whole(expectations, err) ? mlops_wrap(err, "%s:%d", what, suite->line) : MLOPS_OK;
}

int expectations_load(const cJSON *json, struct expectations *expectations, struct mlops_error *err)
{
    const cJSON *column;
    if (!cJSON_IsObject(json))
        return mlops_fail(err, MLOPS_INVALID, "what a data suite expects is not a map");
    expectations->source = xcheck(cJSON_Duplicate(json, true));
    TRY(take_text(cJSON_GetObjectItemCaseSensitive(json, "data"), "data", &expectations->data, err));
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, keys[i]);
        if (!value)
            continue;
        if (!str_equal(keys[i], "columns")) {
            TRY(take(value, keys[i], expectations, err));
            continue;
        }
        if (!cJSON_IsObject(value))
            return mlops_fail(err, MLOPS_INVALID, "'columns' is not a map");
        cJSON_ArrayForEach(column, value) TRY(take_column(column, expectations, err));
    }
    return check_whole(expectations, err);
}

void expectations_clear(struct expectations *expectations)
{
    for (size_t i = 0; i < expectations->count; i++) {
        struct expectation *item = &expectations->items[i];
        free(item->name);
        strings_free(item->columns);
        free(item->other);
        strings_free(item->except);
        strings_free(item->values);
        free(item->numbers);
        free(item->pattern);
    }
    free(expectations->items);
    free(expectations->data);
    cJSON_Delete(expectations->source);
    *expectations = (struct expectations){0};
}
