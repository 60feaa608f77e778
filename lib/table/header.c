/* lib/table/header.c - names and places of columns. */
#include "table/header.h"
#include "base/path.h"
#include "table/csv.h"

void header_clear(struct header *header)
{
    for (size_t i = 0; i < header->unread_count; i++)
        free(header->unread[i]);
    free(header->unread);
    free(header->places);
    free(header->given);
    table_schema_clear(&header->schema);
    *header = (struct header){0};
}

static int check_name(const struct text_view *field, size_t i, struct mlops_error *err)
{
    if (field->length == 0)
        return mlops_fail(err, MLOPS_INVALID, "column %zu has no name", i + 1);
    if (field->length > TABLE_NAME_MAX)
        return mlops_fail(err, MLOPS_INVALID, "the name of column %zu is longer than %d bytes",
                          i + 1, TABLE_NAME_MAX);
    if (memchr(field->data, '\0', field->length) || !utf8_valid(field->data, field->length))
        return mlops_fail(err, MLOPS_INVALID, "the name of column %zu is not UTF-8 text", i + 1);
    return MLOPS_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct column_schema *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

/* Sorted by name; the caller frees the array. */
static const struct column_schema **sorted(const struct table_schema *schema)
{
    const struct column_schema **columns = xcalloc(schema->count, sizeof(*columns));
    for (size_t i = 0; i < schema->count; i++)
        columns[i] = &schema->columns[i];
    qsort(columns, schema->count, sizeof(*columns), by_name);
    return columns;
}

static int check_duplicates(const struct table_schema *all, struct mlops_error *err)
{
    const struct column_schema **columns = sorted(all);
    int code = MLOPS_OK;
    for (size_t i = 1; i < all->count && !code; i++)
        if (str_equal(columns[i - 1]->name, columns[i]->name))
            code = mlops_fail(err, MLOPS_INVALID, "two columns are called '%s'", columns[i]->name);
    free(columns);
    return code;
}

/* Give every column the type that is expected of it, and leave out those that nobody asked for. */
static void choose(struct header *header, struct table_schema *all,
                   const struct table_options *options)
{
    static const struct table_schema none = {0};
    const struct table_schema *expected = options->expected ? options->expected : &none;
    const struct column_schema **by_names = sorted(expected);
    header->schema.columns = xcalloc(all->count, sizeof(*header->schema.columns));
    header->places = xcalloc(all->count, sizeof(*header->places));
    header->given = xcalloc(all->count, sizeof(*header->given));
    header->unread = xcalloc(all->count, sizeof(*header->unread));
    for (size_t i = 0; i < all->count; i++) {
        struct column_schema *column = &all->columns[i];
        const struct column_schema *key = column;
        const struct column_schema *const *found =
            bsearch(&key, by_names, expected->count, sizeof(*by_names), by_name);
        if (!found && options->only_expected) {
            header->unread[header->unread_count++] = TAKE_PTR(column->name);
            continue;
        }
        size_t at = header->schema.count++;
        header->places[at] = i;
        header->given[at] = found != NULL;
        header->schema.columns[at] =
            (struct column_schema){TAKE_PTR(column->name), found ? (*found)->type : COLUMN_TEXT};
    }
    free(by_names);
}

/* The columns of `layout`, in its order. */
static int follow(struct header *header, struct table_schema *all, const struct table_schema *layout,
                  const char *name, struct mlops_error *err)
{
    const struct column_schema **by_names = sorted(all);
    int code = MLOPS_OK;
    header->schema.columns = xcalloc(layout->count, sizeof(*header->schema.columns));
    header->places = xcalloc(layout->count, sizeof(*header->places));
    header->given = xcalloc(layout->count, sizeof(*header->given));
    for (size_t i = 0; i < layout->count && !code; i++) {
        const struct column_schema *key = &layout->columns[i];
        const struct column_schema *const *found =
            bsearch(&key, by_names, all->count, sizeof(*by_names), by_name);
        if (!found) {
            code = mlops_fail(err, MLOPS_INVALID, "%s has no column '%s', which the first file has",
                              name, key->name);
            break;
        }
        header->places[i] = (size_t)(*found - all->columns);
        header->given[i] = true;
        header->schema.columns[header->schema.count++] =
            (struct column_schema){xstrdup(key->name), key->type};
    }
    free(by_names);
    return code;
}

/* The names of all columns, checked. The caller clears `all`. */
static int take_names(const struct text_view *names, size_t count, struct table_schema *all,
                      struct mlops_error *err)
{
    all->columns = xcalloc(count + 1, sizeof(*all->columns));
    for (; all->count < count; all->count++) {
        const struct text_view *field = &names[all->count];
        TRY(check_name(field, all->count, err));
        all->columns[all->count].name = xstrndup(field->data, field->length);
    }
    return check_duplicates(all, err);
}

/* What is read of columns that are called so. */
static int arrange(struct table_schema *all, const char *name, const struct table_options *options,
                   const struct table_schema *layout, struct header *header,
                   struct mlops_error *err)
{
    header->width = all->count;
    if (layout)
        return follow(header, all, layout, name, err);
    choose(header, all, options);
    return MLOPS_OK;
}

int header_read(const struct text_view *names, size_t count, uint64_t line, const char *name,
                const struct table_options *options, const struct table_schema *layout,
                struct header *header, struct mlops_error *err)
{
    _cleanup_(table_schema_clear) struct table_schema all = {0};
    if (take_names(names, count, &all, err))
        return mlops_wrap(err, "%s:%llu", name, (unsigned long long)line);
    return arrange(&all, name, options, layout, header, err);
}

/* ---- names that are missing, or there twice ------------------------------------------------- */

struct named {
    struct text_view name; /* first: by_bytes compares these */
    size_t place;
    bool nameless; /* it was; gives way to who has this name */
};

static int by_bytes(const void *a, const void *b)
{
    const struct text_view *left = a, *right = b;
    uint32_t shorter = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->data, right->data, shorter);
    return order ? order : (left->length > right->length) - (left->length < right->length);
}

static int by_claim(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    int order = by_bytes(&left->name, &right->name);
    if (order)
        return order;
    if (left->nameless != right->nameless)
        return left->nameless ? 1 : -1;
    return (left->place > right->place) - (left->place < right->place);
}

/* The first of `name`.`*number` and those after it that no column is called. */
static char *next_free(const struct text_view *name, unsigned *number, const struct named *columns,
                       size_t count)
{
    for (;; ++*number) {
        char *text = xprintf("%.*s.%u", (int)name->length, name->data, *number);
        const struct text_view key = name_view(text);
        if (!bsearch(&key, columns, count, sizeof(*columns), by_bytes))
            return text;
        free(text);
    }
}

char **header_distinguish(struct text_view *names, size_t count)
{
    char **made = xcalloc(2 * count + 1, sizeof(*made));
    struct named *columns = xcalloc(count, sizeof(*columns));
    size_t made_count = 0;
    unsigned number = 1;
    for (size_t i = 0; i < count; i++) {
        bool nameless = names[i].length == 0;
        if (nameless) {
            made[made_count] = xprintf("Unnamed: %zu", i);
            names[i] = name_view(made[made_count++]);
        }
        columns[i] = (struct named){names[i], i, nameless};
    }
    qsort(columns, count, sizeof(*columns), by_claim);
    for (size_t i = 1; i < count; i++) {
        if (by_bytes(&columns[i - 1].name, &columns[i].name) != 0) {
            number = 1;
            continue;
        }
        made[made_count] = next_free(&columns[i].name, &number, columns, count);
        names[columns[i].place] = name_view(made[made_count++]);
        number++;
    }
    free(columns);
    return made;
}

/* ---- names that are given ------------------------------------------------------------------- */

char **table_names_split(const char *list)
{
    char **names = NULL;
    size_t count = 0, capacity = 0;
    for (const char *at = list; at;) {
        const char *comma = strchr(at, ',');
        GROW(names, count, &capacity);
        names[count++] = xstrndup(at, comma ? (size_t)(comma - at) : strlen(at));
        at = comma ? comma + 1 : NULL;
    }
    GROW(names, count, &capacity);
    names[count] = NULL;
    return names;
}

static int take_given(const char *const *names, struct table_schema *all, struct mlops_error *err)
{
    size_t count = strings_count(names);
    if (count == 0 || count > CSV_FIELDS_MAX)
        return mlops_fail(err, MLOPS_INVALID, "%zu names, and a table has 1 to %d columns", count,
                          CSV_FIELDS_MAX);
    struct text_view *views = xcalloc(count, sizeof(*views));
    for (size_t i = 0; i < count; i++)
        views[i] = name_view(names[i]);
    int code = take_names(views, count, all, err);
    free(views);
    return code;
}

int table_names_check(const char *const *names, struct mlops_error *err)
{
    _cleanup_(table_schema_clear) struct table_schema all = {0};
    return take_given(names, &all, err);
}

int header_give(const struct table_options *options, const char *name,
                const struct table_schema *layout, struct header *header, struct mlops_error *err)
{
    _cleanup_(table_schema_clear) struct table_schema all = {0};
    if (take_given(options->names, &all, err))
        return mlops_wrap(err, "%s", name);
    return arrange(&all, name, options, layout, header, err);
}

bool header_has_all(struct text_view *fields, size_t count, const char *const *names)
{
    qsort(fields, count, sizeof(*fields), by_bytes);
    for (; *names; names++) {
        const struct text_view name = name_view(*names);
        if (!bsearch(&name, fields, count, sizeof(*fields), by_bytes))
            return false;
    }
    return true;
}
