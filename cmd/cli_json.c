/* cmd/cli_json.c - building the one JSON document that a command prints with --json. */
#include "cli.h"
#include <math.h>
#include <mlops/text.h>

static cJSON *made(cJSON *json)
{
    if (!json)
        abort(); /* memory is out */
    return json;
}

cJSON *cli_json_object(void)
{
    return made(cJSON_CreateObject());
}

cJSON *cli_json_array(void)
{
    return made(cJSON_CreateArray());
}

void cli_json_add(cJSON *object, const char *key, cJSON *value)
{
    if (!cJSON_AddItemToObject(object, key, made(value)))
        abort();
}

void cli_json_push(cJSON *array, cJSON *value)
{
    if (!cJSON_AddItemToArray(array, made(value)))
        abort();
}

static cJSON *text_item(const char *text)
{
    if (!text)
        return cJSON_CreateNull();
    _cleanup_(free_string) char *valid = cli_valid(text);
    return cJSON_CreateString(valid);
}

void cli_json_text(cJSON *object, const char *key, const char *text)
{
    cli_json_add(object, key, text_item(text));
}

void cli_json_text_or_null(cJSON *object, const char *key, const char *text)
{
    cli_json_text(object, key, text && *text ? text : NULL);
}

void cli_json_number(cJSON *object, const char *key, double number)
{
    cli_json_add(object, key, cJSON_CreateNumber(number)); /* NaN is printed as null */
}

void cli_json_version(cJSON *object, const char *key, uint64_t number)
{
    cli_json_add(object, key, number ? cJSON_CreateNumber((double)number) : cJSON_CreateNull());
}

cJSON *cli_json_of_version(const struct mlops_version *version)
{
    cJSON *document = cli_json_object();
    cli_json_text(document, "model", version->model);
    cli_json_version(document, "version", version->number);
    cli_json_text(document, "bundle", version->bundle);
    return document;
}

void cli_json_bool(cJSON *object, const char *key, bool value)
{
    cli_json_add(object, key, cJSON_CreateBool(value));
}

void cli_json_time(cJSON *object, const char *key, int64_t time_ns)
{
    char text[32];
    mlops_time_format(time_ns, text);
    cli_json_text(object, key, text);
}

cJSON *cli_json_texts(char *const *texts, size_t count)
{
    cJSON *array = cli_json_array();
    for (size_t i = 0; i < count; i++)
        cli_json_push(array, text_item(texts[i]));
    return array;
}

/* cJSON indents with tabs; within strings they are escaped, so every one is its own. */
static char *with_blanks(const char *json)
{
    char *text = cli_allocate(strlen(json) * 2 + 1, 1), *to = text;

    for (; *json; json++) {
        if (*json == '\t')
            to = stpcpy(to, to > text && to[-1] == ':' ? " " : "  ");
        else
            *to++ = *json;
    }
    return text;
}

char *cli_json_print(const cJSON *json, bool pretty)
{
    char *text = pretty ? cJSON_Print(json) : cJSON_PrintUnformatted(json);

    if (!text)
        abort(); /* memory is out */
    if (!pretty)
        return text;
    char *spaced = with_blanks(text);
    free(text);
    return spaced;
}

/* cJSON is content with 15 digits that are near; what a number is takes up to 17. */
static void keep_digits(cJSON *item)
{
    char text[32];
    for (cJSON *child = item->child; child; child = child->next)
        keep_digits(child);
    if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble))
        return;
    mlops_number_format(item->valuedouble, text);
    char *copy = cli_allocate(strlen(text) + 1, 1);
    memcpy(copy, text, strlen(text));
    item->type = (item->type & ~0xff) | cJSON_Raw;
    item->valuestring = copy;
}

int cli_print_json(struct cli *cli, cJSON *document)
{
    _cleanup_(free_json) cJSON *owned = document;
    keep_digits(owned);
    _cleanup_(free_string) char *text = cli_json_print(owned, cli->out_terminal);
    fprintf(cli->out, "%s\n", text);
    return MLOPS_OK;
}
