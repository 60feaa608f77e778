/*
 * lib/trust/seven_memory.h - how much memory a 7z asks of whoever unpacks it, out of its header,
 * before libarchive is let near it: it takes whatever a coder says, up to 4 GiB.
 */
#ifndef TRUST_SEVEN_MEMORY_H
#define TRUST_SEVEN_MEMORY_H
#include "trust/scanner.h"

/* `*bytes` is what the coders of its most demanding folder have for a dictionary or a model
 * together;
 * `*why`, where it is not NULL, is why the header does not say, and `*bytes` 0.
 * Errors: those of the source and the spool; MLOPS_CANCELLED. */
int seven_memory(const struct scan_file *file, uint64_t *bytes, const char **why,
                 struct mlops_error *err);

#endif
