/*
 * include/mlops/error.h - how the library reports failure.
 *
 * A function that can fail returns 0 or an `enum mlops_code` and takes a `struct mlops_error *`
 * last, which must not be NULL. The codes are the exit codes of the command line.
 */
#ifndef MLOPS_ERROR_H
#define MLOPS_ERROR_H
#include <mlops/api.h>
MLOPS_BEGIN

enum mlops_code {
    MLOPS_OK = 0,
    MLOPS_REFUSED = 1,     /* done, and the answer is no */
    MLOPS_INVALID = 2,     /* used wrongly: an argument or an input file is not what it must be */
    MLOPS_NOT_FOUND = 3,   /* no such registry, model, version, file */
    MLOPS_CONFLICT = 4,    /* somebody else was first */
    MLOPS_INTEGRITY = 5,   /* damaged or untrusted: an object, a signature, the log */
    MLOPS_IO = 6,          /* the system failed: I/O, disk full, a library or server missing */
    MLOPS_CANCELLED = 128, /* the observer's `cancelled` said stop */
};

#define MLOPS_MESSAGE_SIZE 1024

/* Zeroed means "no error". `hint` is empty or says what to do next. */
struct mlops_error {
    enum mlops_code code;
    char message[MLOPS_MESSAGE_SIZE];
    char hint[MLOPS_MESSAGE_SIZE];
};

/* Set code and message, drop an older hint, return `code`: `return mlops_fail(err, …)`. */
MLOPS_API int mlops_fail(struct mlops_error *err, enum mlops_code code, const char *format, ...)
    MLOPS_PRINTF(3, 4);

/* As mlops_fail, with ": " and the text of `errnum` (an errno value) after the message.
 * ENOENT becomes MLOPS_NOT_FOUND where `code` is 0; every other errno then MLOPS_IO. */
MLOPS_API int mlops_fail_errno(struct mlops_error *err, enum mlops_code code, int errnum,
                               const char *format, ...) MLOPS_PRINTF(4, 5);

/* Put "context: " before the message that is there; returns its code. */
MLOPS_API int mlops_wrap(struct mlops_error *err, const char *format, ...) MLOPS_PRINTF(2, 3);

/* Replace the hint; returns the code, so that `return mlops_hint(err, …)` reads well. */
MLOPS_API int mlops_hint(struct mlops_error *err, const char *format, ...) MLOPS_PRINTF(2, 3);

/* "not_found" and the like: the stable name of a code in JSON. Static storage. */
MLOPS_API const char *mlops_code_name(enum mlops_code code);

MLOPS_END
#endif
