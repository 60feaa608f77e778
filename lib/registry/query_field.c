/* lib/registry/query_field.c - which fields there are, and what they hold. */
#include "registry/query_field.h"
#include "base/escape.h"
#include "registry/query.h"
#include <mlops/text.h>

/* Names that end in a dot begin those of many fields. */
static const struct field {
    const char *name;
    enum field_type type;
    enum field_source source;
} fields[] = {
    {"model", FIELD_TEXT, SOURCE_VERSION},   {"version", FIELD_NUMBER, SOURCE_VERSION},
    {"bundle", FIELD_TEXT, SOURCE_VERSION},  {"created", FIELD_TIME, SOURCE_VERSION},
    {"age", FIELD_AGE, SOURCE_VERSION},      {"by", FIELD_TEXT, SOURCE_VERSION},
    {"stage", FIELD_SET, SOURCE_STAGES},     {"files", FIELD_NUMBER, SOURCE_BUNDLE},
    {"bytes", FIELD_NUMBER, SOURCE_BUNDLE},  {"params.", FIELD_ANY, SOURCE_FACT},
    {"metrics.", FIELD_NUMBER, SOURCE_FACT}, {"data.", FIELD_ANY, SOURCE_FACT},
    {"tags.", FIELD_TEXT, SOURCE_TAG},       {"retired", FIELD_TIME, SOURCE_RETIRED},
    {"code.", FIELD_ANY, SOURCE_FACT},       {"environment", FIELD_TEXT, SOURCE_FACT},
    {"lineage.", FIELD_TEXT, SOURCE_FACT},
};

static const struct field *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        bool many = str_ends(fields[i].name, ".");
        if (many ? str_starts(name, fields[i].name) && name[strlen(fields[i].name)]
                 : str_equal(name, fields[i].name))
            return &fields[i];
    }
    return NULL;
}

enum field_type query_field_type(const char *name)
{
    return find(name)->type;
}

enum field_source query_field_source(const char *name)
{
    return find(name)->source;
}

/* The nearest field: of the name as far as its first dot. The caller frees; NULL: none is near. */
static char *nearest(const char *name)
{
    const char *candidates[ARRAY_LENGTH(fields) + 1] = {NULL};
    const char *dot = strchr(name, '.');
    _cleanup_(free_string) char *head = dot ? xstrndup(name, (size_t)(dot + 1 - name)) : NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
        candidates[i] = fields[i].name;
    const char *near = mlops_suggest(head ? head : name, candidates);
    if (!near)
        return NULL;
    return str_ends(near, ".") ? xprintf("%s%s", near, dot && dot[1] ? dot + 1 : "NAME")
                               : xstrdup(near);
}

int query_field_check(const char *name, size_t position, struct mlops_error *err)
{
    if (find(name))
        return MLOPS_OK;
    char cut[80];
    str_copy(cut, sizeof(cut), name);
    _cleanup_(free_string) char *shown = escape_name(cut);
    _cleanup_(free_string) char *near = nearest(cut);
    if (position)
        mlops_fail(err, MLOPS_INVALID,
                   "the condition is wrong at character %zu: versions have no field '%s'", position,
                   shown);
    else
        mlops_fail(err, MLOPS_INVALID, "versions have no field '%s'", shown);
    if (near && !str_equal(near, cut))
        return mlops_hint(err, "did you mean '%s'?", near);
    return mlops_hint(err, "fields are metrics.NAME, params.NAME, data.NAME, tags.NAME, "
                           "code.commit, lineage.run, stage, retired, "
                           "created, age, by, version, model, bundle, files, bytes, environment");
}
