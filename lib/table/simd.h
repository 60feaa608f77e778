/* lib/table/simd.h - may text be read many bytes at a time? */
#ifndef TABLE_SIMD_H
#define TABLE_SIMD_H
#include "base/util.h"

/* Was it asked for plain loops, by $MLOPS_SIMD=none? */
static inline bool simd_is_off(void)
{
    const char *wanted = getenv("MLOPS_SIMD");
    return wanted && str_equal(wanted, "none");
}

#endif
