/*
 * lib/table/intake.h - the bytes of a file or of standard input, unpacked where they are compressed
 * with gzip or zstd (told by the first bytes, never by the name), read ahead by a thread.
 */
#ifndef TABLE_INTAKE_H
#define TABLE_INTAKE_H
#include "base/util.h"

struct intake;

/* `path` "-": standard input. Errors: MLOPS_NOT_FOUND; MLOPS_INVALID a folder; MLOPS_IO. */
int intake_open(const char *path, struct intake **intake, struct mlops_error *err);
void intake_close(struct intake *intake);
DEFINE_CLEANUP(struct intake, intake_close)

/* The path, or "standard input". */
const char *intake_name(const struct intake *intake);
/* Up to `length` bytes, fewer only at the end. Errors: MLOPS_INVALID compressed data is damaged or
 * cut off; MLOPS_IO. */
int intake_read(struct intake *intake, void *data, size_t length, size_t *got,
                struct mlops_error *err);

#endif
