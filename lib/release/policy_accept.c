/* lib/release/policy_accept.c - findings of scans that a policy lets pass. */
#include "release/policy_accept.h"
#include "base/json.h"
#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>

static const char *const keys[] = {"rule", "names", "files", "reason", NULL};
#define KEY_COUNT 4

/* Where the value of keys[i] stands. */
static char **field(struct policy_accept *accept, size_t i)
{
    char **const fields[KEY_COUNT] = {&accept->rule, &accept->names, &accept->files,
                                      &accept->reason};
    return fields[i];
}

void policy_accepts_clear(struct policy_accepts *accepts)
{
    for (size_t i = 0; i < accepts->count; i++)
        for (size_t j = 0; j < KEY_COUNT; j++)
            free(*field(&accepts->items[i], j));
    free(accepts->items);
    *accepts = (struct policy_accepts){0};
}

/* ---- YAML ------------------------------------------------------------------------------------ */

static int parse_one(const struct yaml_checker *checker, const struct yaml_node *node,
                     struct policy_accept *accept)
{
    if (node->kind != YAML_MAP) {
        yaml_wrong(checker, node, "'accept' must be a list of maps");
        return mlops_hint(checker->err, "- {rule: pickle/import-unknown, names: scorer.Scorer, "
                                        "reason: \"our own class\"}");
    }
    TRY(yaml_check_keys(checker, node, "'accept'", keys));
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct yaml_node *value = yaml_get(node, keys[i]);
        if (!value)
            continue;
        TRY(yaml_check_text(checker, value));
        *field(accept, i) = xstrdup(value->text);
    }
    if (!accept->rule || !strchr(accept->rule, '/'))
        return yaml_wrong(checker, node,
                          "'accept' needs a 'rule', as mlops scan --rules lists them");
    if (!accept->names && !accept->files)
        return yaml_wrong(checker, node,
                          "'accept' of %s needs 'names' or 'files': a rule as a "
                          "whole is not accepted",
                          accept->rule);
    return accept->reason && *accept->reason
               ? MLOPS_OK
               : yaml_wrong(checker, node, "'accept' of %s needs a 'reason'", accept->rule);
}

int policy_accepts_parse(const struct yaml_checker *checker, const struct yaml_node *node,
                         struct policy_accepts *accepts)
{
    if (node->kind != YAML_LIST || node->count == 0)
        return yaml_wrong(checker, node, "'accept' must be a list of maps");
    accepts->items = xcalloc(node->count, sizeof(*accepts->items));
    for (; accepts->count < node->count;) {
        struct policy_accept *accept = &accepts->items[accepts->count];
        TRY(parse_one(checker, node->items[accepts->count++], accept));
    }
    return MLOPS_OK;
}

/* JSON's escapes are a subset of YAML's double quotes (YAML 1.2 §5.7). */
void policy_write_quoted(struct buffer *text, const char *quoted)
{
    buffer_putc(text, '"');
    for (; *quoted; quoted++) {
        if (*quoted == '"' || *quoted == '\\')
            buffer_putc(text, '\\');
        if ((unsigned char)*quoted < 0x20)
            buffer_printf(text, "\\x%02x", (unsigned)*quoted);
        else
            buffer_putc(text, *quoted);
    }
    buffer_putc(text, '"');
}

void policy_accepts_write_yaml(const struct policy_accepts *accepts, struct buffer *text)
{
    buffer_puts(text, accepts->count ? "    accept:\n" : "");
    for (size_t i = 0; i < accepts->count; i++) {
        const char *before = "      - {";
        for (size_t j = 0; j < KEY_COUNT; j++) {
            const char *value = *field(&accepts->items[i], j);
            if (!value)
                continue;
            buffer_printf(text, "%s%s: ", before, keys[j]);
            policy_write_quoted(text, value);
            before = ", ";
        }
        buffer_puts(text, "}\n");
    }
}

/* ---- JSON ---------------------------------------------------------------------------------- */

void policy_accepts_write(const struct policy_accepts *accepts, cJSON *stage)
{
    if (accepts->count == 0)
        return;
    cJSON *array = json_add_array(stage, "accept");
    for (size_t i = 0; i < accepts->count; i++) {
        cJSON *item = cJSON_CreateObject();
        for (size_t j = 0; j < KEY_COUNT; j++)
            if (*field(&accepts->items[i], j))
                json_add_string(item, keys[j], *field(&accepts->items[i], j));
        cJSON_AddItemToArray(array, item);
    }
}

void policy_accepts_read(const cJSON *stage, struct policy_accepts *accepts)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(stage, "accept"), *item;
    if (!cJSON_IsArray(array))
        return;
    accepts->items = xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(*accepts->items));
    cJSON_ArrayForEach(item, array)
    {
        struct policy_accept *accept = &accepts->items[accepts->count++];
        for (size_t j = 0; j < KEY_COUNT; j++)
            *field(accept, j) = json_copy_text(item, keys[j]);
    }
}

/* ---- findings ------------------------------------------------------------------------------ */

static bool of_a_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == ':' || (unsigned char)c >= 0x80;
}

/* A dot goes on with the name only where something of a name follows. */
static bool goes_on(const char *text)
{
    return of_a_name(text[0]) || (text[0] == '.' && of_a_name(text[1]));
}

static bool stands_in(const char *name, const char *message)
{
    size_t length = strlen(name);
    for (const char *at = message; length > 0 && (at = strstr(at, name)); at++) {
        bool begins = at == message || (!of_a_name(at[-1]) && at[-1] != '.');
        if (begins && !goes_on(at + length))
            return true;
    }
    return false;
}

const struct policy_accept *policy_accepts_find(const struct policy_accepts *accepts,
                                                const cJSON *finding)
{
    if (!str_equal(json_string(finding, "verdict", ""), "unknown") ||
        str_equal(json_string(finding, "severity", "critical"), "critical"))
        return NULL;
    for (size_t i = 0; i < accepts->count; i++) {
        const struct policy_accept *accept = &accepts->items[i];
        if (str_equal(accept->rule, json_string(finding, "rule", "")) &&
            (!accept->names || stands_in(accept->names, json_string(finding, "message", ""))) &&
            (!accept->files || fnmatch(accept->files, json_string(finding, "file", ""), 0) == 0))
            return accept;
    }
    return NULL;
}
