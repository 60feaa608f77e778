/*
 * tests/fuzz/fuzz_project.c - any bytes as mlops.yaml: read or refused, and what was read goes into
 * a manifest and comes back the same.
 */
#include "base/json.h"
#include "bundle/project.h"

static void write_canonical(const struct project *project, struct buffer *text)
{
    struct mlops_error err = {0};
    _cleanup_(json_free) cJSON *json = project_to_json(project);
    if (json_write_canonical(json, text, &err))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(project_clear) struct project project, again = {0};
    _cleanup_(buffer_clear) struct buffer first = {0}, second = {0};
    _cleanup_(json_free) cJSON *json = NULL;
    if (project_parse((const char *)data, size, "mlops.yaml", &project, &err)) {
        if (err.code != MLOPS_INVALID || err.message[0] == '\0')
            abort();
        return 0;
    }
    write_canonical(&project, &first);
    if (json_parse(first.data, first.length, "project", &json, &err) ||
        project_from_json(json, &again, &err))
        abort();
    write_canonical(&again, &second);
    if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
        abort();
    return 0;
}
