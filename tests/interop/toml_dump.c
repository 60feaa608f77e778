/* tests/interop/toml_dump.c - what toml_parse makes of stdin, as JSON with the types of the
 * toml-test suite: for tests/interop/toml.py. Ends with 1 where it refuses. */
#include "base/json.h"
#include "base/toml.h"
#include <math.h>
#include <stdio.h>

static cJSON *typed(const char *type, const char *value)
{
    cJSON *json = cJSON_CreateObject();
    json_add_string(json, "type", type);
    json_add_string(json, "value", value);
    return json;
}

static cJSON *dump(const struct toml_node *node)
{
    char text[64];
    switch (node->kind) {
    case TOML_STRING:
        return typed("string", node->text);
    case TOML_TIME:
        return typed("time", node->text);
    case TOML_BOOL:
        return typed("bool", node->truth ? "true" : "false");
    case TOML_INTEGER:
        (void)snprintf(text, sizeof(text), "%lld", (long long)node->integer);
        return typed("integer", text);
    case TOML_FLOAT:
        (void)snprintf(text, sizeof(text), "%.17g", isnan(node->number) ? NAN : node->number);
        return typed("float", text);
    default:
        break;
    }
    cJSON *json = node->kind == TOML_TABLE ? cJSON_CreateObject() : cJSON_CreateArray();
    for (size_t i = 0; i < node->count; i++)
        if (node->kind == TOML_TABLE)
            cJSON_AddItemToObject(json, node->items[i]->key, dump(node->items[i]));
        else
            cJSON_AddItemToArray(json, dump(node->items[i]));
    return json;
}

int main(void)
{
    static char text[1 << 20];
    struct mlops_error err = {0};
    _cleanup_(toml_free_ptr) struct toml_node *root = NULL;
    /* many documents: a decimal length, a newline, the bytes */
    for (size_t length; scanf("%zu", &length) == 1 && length < sizeof(text);) {
        if (getchar() != '\n' || fread(text, 1, length, stdin) != length)
            return 2;
        toml_free(root);
        root = NULL;
        if (toml_parse(text, length, "stdin", &root, &err)) {
            puts("null");
            continue;
        }
        _cleanup_(json_free) cJSON *json = dump(root);
        char *line = cJSON_PrintUnformatted(json);
        puts(line);
        free(line);
    }
    return 0;
}
