/*
 * lib/trust/safetensors.h - safetensors: a length, a JSON header of that length, and the tensors'
 * bytes, which must cover the rest of the file exactly. The format has no code in it; what can hide
 * is between, behind and under the tensors.
 * Source: safetensors/src/tensor.rs of the reference, and its README on the format.
 */
#ifndef TRUST_SAFETENSORS_H
#define TRUST_SAFETENSORS_H
#include "trust/finding.h"
#include "trust/source.h"

#define SAFETENSORS_HEADER_MAX (8u << 20) /* bytes; the reference takes 100,000,000 */
#define SAFETENSORS_HEAD_SIZE 9           /* bytes that `safetensors_begins` needs */

/* Do these first bytes look like a header's length and its opening brace? */
bool safetensors_begins(const uint8_t *head, size_t length);

/* Scan a whole file; `file` is its name in findings. Errors: those of the source. */
int safetensors_scan(struct source *source, const char *file, struct findings *findings,
                     struct mlops_error *err);

#endif
