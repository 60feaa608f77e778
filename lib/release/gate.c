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
