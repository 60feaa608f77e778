/* lib/trial/verdict.c - what is said of a suite. */
#include "trial/verdict.h"
#include "base/buffer.h"
#include "trial/output.h"
#include <stdarg.h>

void trial_set_status(const struct trial *trial, enum mlops_suite_status status, const char *format,
                      ...)
{
    _cleanup_(buffer_clear) struct buffer message = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&message, format, arguments);
    va_end(arguments);
    trial->result->status = status;
    free(trial->result->message);
    trial->result->message = output_clean(message.data, message.length);
}
