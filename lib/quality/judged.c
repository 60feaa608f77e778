/* lib/quality/judged.c - verdicts in words: how many of how many, and the first of them. */
#include "quality/judged.h"
#include "base/buffer.h"
#include "table/show.h"
#include <stdarg.h>

void judged_example(struct mlops_expectation_result *result, uint64_t line, struct text_view value)
{
    char shown[CELL_SHOWN_SIZE];
    if (result->example_count == EXAMPLES_MAX)
        return;
    if (!result->examples)
        result->examples = xcalloc(EXAMPLES_MAX, sizeof(*result->examples));
    cell_show(value, shown);
    result->examples[result->example_count++] =
        (struct mlops_expectation_example){.line = line, .value = xstrdup(shown)};
}

void judged_say(struct mlops_expectation_result *result, bool met, const char *format, ...)
{
    struct buffer text = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    free(result->detail);
    result->detail = buffer_steal(&text);
    result->met = met;
}

void judged_count(const struct expectation *expectation, const char *noun,
                  struct mlops_expectation_result *result)
{
    unsigned long long judged = (unsigned long long)result->judged;
    unsigned long long unexpected = (unsigned long long)result->unexpected;
    double share = judged ? (double)unexpected / (double)judged : 0;
    /* as a decimal fraction says it: 1 % of 300 is 3, whatever doubles make of it */
    bool met = (double)unexpected <= expectation->tolerated * (double)judged * (1 + 1e-12);
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (unexpected == 0) {
        judged_say(result, met, "none of %llu %s", judged, noun);
        return;
    }
    buffer_printf(&text, "%llu of %llu %s (%.3g %%)", unexpected, judged, noun, 100 * share);
    for (size_t i = 0; i < result->example_count; i++) {
        const struct mlops_expectation_example *example = &result->examples[i];
        buffer_printf(&text, "%s ", i ? "," : ":");
        if (*example->value)
            buffer_printf(&text, "'%s' in ", example->value);
        buffer_printf(&text, "line %llu", (unsigned long long)example->line);
    }
    if (result->example_count < unexpected)
        buffer_puts(&text, ", …");
    judged_say(result, met, "%s", text.data);
}
