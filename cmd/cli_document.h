/* cmd/cli_document.h - what stands in a JSON document that the library hands over to be shown. */
#ifndef CMD_CLI_DOCUMENT_H
#define CMD_CLI_DOCUMENT_H
#include "cli.h"

/* NULL where there is none. */
static inline const cJSON *member(const cJSON *json, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(json, key);
}

/* "" where there is none. */
static inline const char *text_of(const cJSON *json, const char *key)
{
    const char *text = cJSON_GetStringValue(member(json, key));
    return text ? text : "";
}

#endif
