/* lib/trust/notebook.c - code cells counted; those that call a shell are named. */
#include "trust/notebook.h"

#define RULE(variable, id, ...) static DEFINE_RULE(rule_##variable, "notebook/" id, __VA_ARGS__)

RULE(code, "code", MEDIUM, UNKNOWN, "a notebook with code lies among the artifacts or data",
     "leave it out of the model, name it under 'code', or read it and accept it with a reason");
RULE(shell, "shell", MEDIUM, UNKNOWN, "a notebook among the artifacts or data runs shell commands",
     "leave it out of the model, name it under 'code', or read it and accept it with a reason");

struct cells {
    unsigned code, shell;
};

static bool calls_shell(const char *line)
{
    static const char *const magics[] = {"!", "%%bash", "%%sh", "%%script", "%system", "%sx"};
    line += strspn(line, " \t");
    for (size_t i = 0; i < ARRAY_LENGTH(magics); i++)
        if (str_starts(line, magics[i]))
            return true;
    return false;
}

/* The text of a cell: one string, or a list of lines. */
static bool has_shell(const cJSON *source)
{
    const cJSON *line;
    if (cJSON_IsString(source)) {
        for (const char *at = source->valuestring; at; at = strchr(at, '\n')) {
            at += *at == '\n';
            if (calls_shell(at))
                return true;
        }
        return false;
    }
    cJSON_ArrayForEach(line, source)
    {
        if (cJSON_IsString(line) && calls_shell(line->valuestring))
            return true;
    }
    return false;
}

static void count(struct cells *counts, const cJSON *cells)
{
    const cJSON *cell;
    cJSON_ArrayForEach(cell, cells)
    {
        const cJSON *type = cJSON_GetObjectItemCaseSensitive(cell, "cell_type");
        const cJSON *source = cJSON_GetObjectItemCaseSensitive(cell, "source");
        if (!cJSON_IsString(type) || !str_equal(type->valuestring, "code"))
            continue;
        counts->code++;
        counts->shell +=
            has_shell(source ? source : cJSON_GetObjectItemCaseSensitive(cell, "input"));
    }
}

static bool claims(const cJSON *root)
{
    return cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(root, "nbformat"));
}

static int scan(const struct scan_file *file, const cJSON *root, struct mlops_error *err)
{
    struct cells counts = {0};
    const cJSON *sheet;
    (void)err;
    count(&counts, cJSON_GetObjectItemCaseSensitive(root, "cells"));
    cJSON_ArrayForEach(sheet, cJSON_GetObjectItemCaseSensitive(root, "worksheets"))
    {
        count(&counts, cJSON_GetObjectItemCaseSensitive(sheet, "cells"));
    }
    if (file->role == SCAN_CODE || file->role == SCAN_ENVIRONMENT)
        return MLOPS_OK; /* where code belongs */
    if (counts.shell)
        findings_add(file->findings, &rule_shell, file->path, 0,
                     "%u of its %u code cells run shell commands", counts.shell, counts.code);
    else if (counts.code)
        findings_add(file->findings, &rule_code, file->path, 0, "has %u code cells", counts.code);
    return MLOPS_OK;
}

const struct json_flavour json_notebook = {"notebook", claims, scan};
