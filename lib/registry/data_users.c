/* lib/registry/data_users.c - versions by the data that they used, from their facts. */
#include "registry/data_users.h"
#include <ctype.h>

#define PREFIX_LEAST 8

/* The digits, in lower case, of what may be a digest; NULL where it is a name. The caller frees. */
static char *digits_of(const char *data)
{
    bool marked = str_starts(data, "sha256:");
    const char *hex = marked ? data + strlen("sha256:") : data;
    size_t length = strlen(hex);
    if (length > 64 || length < PREFIX_LEAST || strspn(hex, "0123456789abcdefABCDEF") != length)
        return NULL;
    char *digits = xstrdup(hex);
    for (char *c = digits; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return digits;
}

static int query(struct db *db, const char *data, struct db_rows **rows, struct mlops_error *err)
{
    _cleanup_(free_string) char *digits = digits_of(data);
    _cleanup_(free_string) char *name = xprintf("data.%s", data);
    if (!digits)
        return db_query(db, rows, err, "SELECT model, number FROM fact WHERE name = $1",
                        DB_TEXT(name));
    _cleanup_(free_string) char *from = xprintf("sha256:%s", digits);
    _cleanup_(free_string) char *to = xprintf("sha256:%sg", digits); /* behind every digit */
    return db_query(db, rows, err,
                    "SELECT model, number FROM fact WHERE name LIKE 'data.%' AND "
                    "content >= $1 AND content < $2",
                    DB_TEXT(from), DB_TEXT(to));
}

static void mark(const struct mlops_version_list *list, const char *model, uint64_t number,
                 bool *uses)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].version.number == number &&
            str_equal(list->items[i].version.model, model))
            uses[i] = true;
}

static void keep(struct mlops_version_list *list, const bool *uses)
{
    struct mlops_version_list others = {0};
    size_t kept = 0;
    others.items = xcalloc(list->count, sizeof(*others.items));
    for (size_t i = 0; i < list->count; i++) {
        if (uses[i])
            list->items[kept++] = list->items[i];
        else
            others.items[others.count++] = list->items[i];
    }
    list->count = kept;
    mlops_version_list_clear(&others);
}

int data_users(struct db *db, const char *data, struct mlops_version_list *list,
               struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    TRY(query(db, data, &rows, err));
    bool *uses = xcalloc(list->count + 1, sizeof(*uses));
    int code = MLOPS_OK;
    for (bool more = true; code == MLOPS_OK && more;) {
        code = db_step(rows, &more, err);
        if (code == MLOPS_OK && more)
            mark(list, db_string(rows, 0), (uint64_t)db_i64(rows, 1), uses);
    }
    if (code == MLOPS_OK)
        keep(list, uses);
    free(uses);
    return code;
}
