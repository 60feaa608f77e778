/* tests/fuzz/fuzz_query.c - no bytes break the parser of conditions, and what it lets pass can be
 * judged on values of every kind. */
#include "registry/query.h"

static void look_up(void *context, size_t index, struct mlops_value *value)
{
    static char text[] = "aaaaaaaa";
    static char *const texts[] = {text};
    size_t kind = (*(size_t *)context + index) % 7;

    *value = (struct mlops_value){.kind = (enum mlops_value_kind)kind, .number = 0.5, .text = text};
    value->texts = texts;
    value->text_count = kind == MLOPS_VALUE_SET;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlops_error err = {0};
    _cleanup_(query_free_ptr) struct query *query = NULL;

    if (query_parse((const char *)data, size, &query, &err))
        return 0;
    for (size_t round = 0; round < 7; round++)
        (void)query_judge(query, look_up, &round); /* either answer is one */
    return 0;
}
