/* lib/release/gate.c - what gates share. */
#include "release/gate.h"
#include "base/json.h"

#define NAMES_MAX 5 /* what a detail lists; the rest is counted */

void wrongs_add(struct wrongs *wrongs, const char *separator, const char *format, ...)
{
    if (++wrongs->count > NAMES_MAX)
        return;
    if (wrongs->count > 1)
        buffer_puts(&wrongs->text, separator);
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&wrongs->text, format, arguments);
    va_end(arguments);
}

void wrongs_end(struct wrongs *wrongs)
{
    if (wrongs->count > NAMES_MAX)
        buffer_printf(&wrongs->text, ", and %zu more", wrongs->count - NAMES_MAX);
}

void wrongs_clear(struct wrongs *wrongs)
{
    buffer_clear(&wrongs->text);
}

void gate_note(struct mlops_gate_result *result, const char *format, ...)
{
    _cleanup_(buffer_clear) struct buffer line = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&line, format, arguments);
    va_end(arguments);
    result->evidence =
        xrealloc(result->evidence, result->evidence_count + 2, sizeof(*result->evidence));
    result->evidence[result->evidence_count++] = buffer_steal(&line);
    result->evidence[result->evidence_count] = NULL;
}

bool gate_suite_passed(const struct gate_context *context, const struct suite_evidence *evidence)
{
    return str_equal(evidence->status, "passed") ||
           (context->demands->flaky_allowed && str_equal(evidence->status, "flaky"));
}

int evidence_body(const struct mlops_evidence *evidence, cJSON **body, struct mlops_error *err)
{
    if (json_parse(evidence->body, strlen(evidence->body), "evidence", body, err) == MLOPS_OK)
        return MLOPS_OK;
    err->code = MLOPS_INTEGRITY;
    return mlops_wrap(err, "evidence %llu", (unsigned long long)evidence->id);
}

char *duration_text(int64_t duration_ns)
{
    double seconds = (double)duration_ns / 1e9;
    if (seconds >= 2 * 86400.0)
        return xprintf("%.3g d", seconds / 86400);
    if (seconds >= 3600)
        return xprintf("%.3g h", seconds / 3600);
    return seconds >= 60 ? xprintf("%.3g min", seconds / 60) : xprintf("%.3g s", seconds);
}
