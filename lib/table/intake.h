/*
 * lib/table/intake.h - the bytes of a file or of standard input, unpacked where they are compressed
 * with gzip or zstd (told by the first bytes, never by the name), read ahead by a thread.
 */
#ifndef TABLE_INTAKE_H
#define TABLE_INTAKE_H
#include "base/util.h"
#include <mlops/observer.h>

#define INTAKE_BEFORE (512U << 10)

struct intake;

/* `path` "-": standard input. `observer` (NULL: nobody; borrowed until the intake is closed) may
 * stop intake_read while it waits for bytes. Errors: MLOPS_NOT_FOUND; MLOPS_INVALID a folder;
 * MLOPS_IO. */
int intake_open(const char *path, const struct mlops_observer *observer, struct intake **intake,
                struct mlops_error *err);
void intake_close(struct intake *intake);
DEFINE_CLEANUP(struct intake, intake_close)

/* The path, or "standard input". */
const char *intake_name(const struct intake *intake);
/*
 * The next bytes, as they were read, some MiB; `*last` where no more follow, and then perhaps none.
 * `*data` is the caller's to write to, and so are INTAKE_BEFORE bytes before it, until the next
 * call but one. Errors as intake_read's.
 */
int intake_next(struct intake *intake, char **data, size_t *length, bool *last,
                struct mlops_error *err);
/* Up to `length` bytes, fewer only at the end. Errors: MLOPS_INVALID compressed data is damaged or
 * cut off; MLOPS_CANCELLED; MLOPS_IO. */
int intake_read(struct intake *intake, void *data, size_t length, size_t *got,
                struct mlops_error *err);

#endif
