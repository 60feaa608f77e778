/* lib/base/condition.h - conditions that are waited for until a time of the monotonic clock: one
 * that nobody sets. */
#ifndef BASE_CONDITION_H
#define BASE_CONDITION_H
#include "base/util.h"
#include <pthread.h>

void condition_init(pthread_cond_t *condition);
/* Until it is signalled, or clock_monotonic_ns() is `end_ns`, or for no reason. */
void condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t end_ns);

#endif
