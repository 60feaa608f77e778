/* include/mlops/api.h - what every public header needs: linkage, format checking, size limits. */
#ifndef MLOPS_API_H
#define MLOPS_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define MLOPS_BEGIN extern "C" {
#define MLOPS_END }
#else
#define MLOPS_BEGIN
#define MLOPS_END
#endif

#define MLOPS_API __attribute__((visibility("default")))
#define MLOPS_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))

/* Longest names in bytes, without the terminating NUL. */
#define MLOPS_NAME_MAX 128  /* model, snapshot, suite, metric and column names in results */
#define MLOPS_STAGE_MAX 63  /* stage names */
#define MLOPS_ACTOR_MAX 255 /* who did it: "user@host" */

/* "sha256:" and 64 hexadecimal digits, with the terminating NUL. */
#define MLOPS_BUNDLE_ID_SIZE 72

#endif
