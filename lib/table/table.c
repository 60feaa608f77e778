/* lib/table/table.c - schemas and their names. */
#include "table/table.h"

static const char *const type_names[] = {
    [COLUMN_BOOL] = "bool",         [COLUMN_INTEGER] = "integer", [COLUMN_FLOAT] = "float",
    [COLUMN_CATEGORY] = "category", [COLUMN_TEXT] = "text",       [COLUMN_TIME] = "time",
};

const char *column_type_name(enum column_type type)
{
    return type_names[type];
}

bool column_type_parse(const char *name, enum column_type *type)
{
    for (size_t i = 0; i < ARRAY_LENGTH(type_names); i++)
        if (str_equal(name, type_names[i])) {
            *type = (enum column_type)i;
            return true;
        }
    return false;
}

static const char *const ragged_words[] = {"refuse", "fill", "skip"};

const char *table_ragged_name(enum table_ragged ragged)
{
    return ragged == TABLE_RAGGED_REFUSE ? NULL : ragged_words[ragged];
}

int table_ragged_parse(const char *word, enum table_ragged *ragged, struct mlops_error *err)
{
    *ragged = TABLE_RAGGED_REFUSE;
    for (size_t i = 0; word && i < ARRAY_LENGTH(ragged_words); i++)
        if (str_equal(word, ragged_words[i])) {
            *ragged = (enum table_ragged)i;
            return MLOPS_OK;
        }
    return word ? mlops_fail(err, MLOPS_INVALID, "'%s' is none of refuse, fill and skip", word)
                : MLOPS_OK;
}

void table_schema_clear(struct table_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++)
        free(schema->columns[i].name);
    free(schema->columns);
    *schema = (struct table_schema){0};
}

size_t table_schema_find(const struct table_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (str_equal(schema->columns[i].name, name))
            return i;
    return SIZE_MAX;
}
