/* lib/base/condition.c - conditions by the monotonic clock. */
#include "base/condition.h"

#define SECOND_NS 1000000000LL

void condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes); /* none of these can fail here */
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

void condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t end_ns)
{
    const struct timespec end = {.tv_sec = end_ns / SECOND_NS, .tv_nsec = end_ns % SECOND_NS};
    (void)pthread_cond_timedwait(condition, lock, &end); /* the caller looks at what it waits for */
}
