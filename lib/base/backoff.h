/*
 * lib/base/backoff.h - how long to wait before something that failed is tried again.
 *
 * The wait doubles with every attempt; half of it is fixed and half at random, so that clients that
 * failed together do not come back together (Brooker, "Exponential Backoff and Jitter", AWS
 * Architecture Blog 2015: equal jitter).
 */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H
#include "base/util.h"

/* After attempt `attempt` (1: the first) has failed: first_ns · 2^(attempt-1), at most `max_ns`, of
 * which between a half and all. */
int64_t backoff_ns(int64_t first_ns, int64_t max_ns, uint64_t attempt);

#endif
