/* lib/base/error.c - errors: code, message, hint; context added on the way up. */
#include <errno.h>
#include <mlops/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void format_into(char text[MLOPS_MESSAGE_SIZE], const char *format, va_list arguments)
    MLOPS_PRINTF(2, 0);
static void format_into(char text[MLOPS_MESSAGE_SIZE], const char *format, va_list arguments)
{
    char fresh[MLOPS_MESSAGE_SIZE]; /* the arguments may point into the text being replaced */
    (void)vsnprintf(fresh, sizeof(fresh), format, arguments); /* cut where too long, on purpose */
    memcpy(text, fresh, sizeof(fresh));
}

int mlops_fail(struct mlops_error *err, enum mlops_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_into(err->message, format, arguments);
    va_end(arguments);
    err->code = code;
    err->hint[0] = '\0';
    return (int)code;
}

int mlops_fail_errno(struct mlops_error *err, enum mlops_code code, int errnum, const char *format,
                     ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_into(err->message, format, arguments);
    va_end(arguments);
    size_t length = strlen(err->message);
    (void)snprintf(err->message + length, sizeof(err->message) - length, ": %s",
                   strerrordesc_np(errnum) ? strerrordesc_np(errnum) : "unknown error");
    if (code == MLOPS_OK)
        code = errnum == ENOENT ? MLOPS_NOT_FOUND : MLOPS_IO;
    err->code = code;
    err->hint[0] = '\0';
    return (int)code;
}

int mlops_wrap(struct mlops_error *err, const char *format, ...)
{
    char inner[MLOPS_MESSAGE_SIZE];
    memcpy(inner, err->message, sizeof(inner));
    va_list arguments;
    va_start(arguments, format);
    format_into(err->message, format, arguments);
    va_end(arguments);
    /* Of context and message the message matters more: it is never cut to less than half. */
    size_t length = strlen(err->message), inner_length = strlen(inner);
    size_t half = sizeof(err->message) / 2;
    if (length + inner_length + 3 > sizeof(err->message) && length > half - 3)
        length = half - 3;
    memcpy(err->message + length, ": ", 2);
    size_t room = sizeof(err->message) - length - 3;
    if (inner_length > room)
        inner_length = room;
    memcpy(err->message + length + 2, inner, inner_length);
    err->message[length + 2 + inner_length] = '\0';
    return (int)err->code;
}

int mlops_hint(struct mlops_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_into(err->hint, format, arguments);
    va_end(arguments);
    return (int)err->code;
}

const char *mlops_code_name(enum mlops_code code)
{
    switch (code) {
    case MLOPS_OK:
        return "ok";
    case MLOPS_REFUSED:
        return "refused";
    case MLOPS_INVALID:
        return "invalid";
    case MLOPS_NOT_FOUND:
        return "not_found";
    case MLOPS_CONFLICT:
        return "conflict";
    case MLOPS_INTEGRITY:
        return "integrity";
    case MLOPS_IO:
        return "io";
    case MLOPS_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}
