/* lib/bundle/matrix.c - a suite repeated over parameters. */
#include "bundle/matrix.h"
#include <ctype.h>

#define PARAMETER_MAX 64 /* bytes of a name */

static int wrong(const struct yaml_node *node, const char *what, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INVALID,
                      "%s:%d: 'matrix' must be a map from names to lists of single values, such as "
                      "{seed: [1, 2]}",
                      what, node->line);
}

/* A name that may stand in an environment variable. */
static bool is_parameter(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    return length > 0 && length <= PARAMETER_MAX && !name[length] && !isdigit((unsigned char)*name);
}

int matrix_count(const struct yaml_node *suite, const char *what, size_t *count,
                 struct mlops_error *err)
{
    const struct yaml_node *matrix = yaml_get(suite, "matrix");
    *count = 1;
    if (!matrix)
        return MLOPS_OK;
    if (matrix->kind != YAML_MAP || matrix->count == 0)
        return wrong(matrix, what, err);
    for (size_t i = 0; i < matrix->count; i++) {
        const struct yaml_node *values = matrix->items[i];
        if (values->kind != YAML_LIST || values->count == 0)
            return wrong(values, what, err);
        if (!is_parameter(values->key))
            return mlops_fail(err, MLOPS_INVALID,
                              "%s:%d: '%s' is not a parameter's name: letters, digits and _ are",
                              what, values->line, values->key);
        for (size_t j = 0; j < values->count; j++)
            if (values->items[j]->kind != YAML_SCALAR)
                return wrong(values->items[j], what, err);
        if (__builtin_mul_overflow(*count, values->count, count) || *count > PROJECT_SUITES_MAX)
            return mlops_fail(err, MLOPS_INVALID, "%s:%d: the matrix makes more than %d suites",
                              what, matrix->line, PROJECT_SUITES_MAX);
    }
    return MLOPS_OK;
}

/* `text` with every "{name}" replaced; "${name}" is the shell's. The caller frees. */
static char *substitute(const char *text, const char *name, const char *value)
{
    _cleanup_(free_string) char *pattern = xprintf("{%s}", name);
    struct buffer result = {0};
    const char *from = text;
    for (const char *at; (at = strstr(from, pattern)); from = at + strlen(pattern)) {
        bool shell = at > text && at[-1] == '$';
        buffer_append(&result, from, (size_t)(at - from));
        buffer_puts(&result, shell ? pattern : value);
    }
    buffer_puts(&result, from);
    return buffer_steal(&result);
}

static void replace(char **text, const char *name, const char *value)
{
    if (!*text)
        return;
    char *replaced = substitute(*text, name, value);
    free(*text);
    *text = replaced;
}

/* "-VALUE" with what no name may have made "_". */
static void lengthen(char **name, const char *value)
{
    char *longer = xprintf("%s-%s", *name, value);
    for (char *c = longer; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            *c = '_';
    free(*name);
    *name = longer;
}

void matrix_apply(const struct yaml_node *suite, size_t index, struct project_suite *expanded)
{
    const struct yaml_node *matrix = yaml_get(suite, "matrix");
    struct execution *execution = &expanded->execution;
    if (!matrix)
        return;
    execution->group = xstrdup(expanded->name);
    execution->parameters = xcalloc(matrix->count, sizeof(*execution->parameters));
    size_t rest = 1;
    for (size_t i = 0; i < matrix->count; i++)
        rest *= matrix->items[i]->count;
    for (size_t i = 0; i < matrix->count; i++) {
        const struct yaml_node *values = matrix->items[i];
        rest /= values->count;
        const char *value = values->items[index / rest % values->count]->text;
        execution->parameters[execution->parameter_count++] = (struct execution_parameter){
            .name = xstrdup(values->key), .value = xstrdup(value)};
        lengthen(&expanded->name, value);
        replace(&expanded->run, values->key, value);
        replace(&expanded->predictions, values->key, value);
    }
}
