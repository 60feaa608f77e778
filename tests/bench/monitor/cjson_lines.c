/* tests/bench/monitor/cjson_lines.c - what it costs to parse the lines of standard input, no more. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    unsigned long long count = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0) {
        cJSON *json = cJSON_ParseWithLength(line, (size_t)length);
        if (!json)
            return 1;
        cJSON_Delete(json);
        count++;
    }
    free(line);
    printf("%llu\n", count);
    return 0;
}
