/* lib/base/backoff.c - waits that double, half of them by chance. */
#include "base/backoff.h"
#include "base/clock.h"
#include <sys/random.h>

int64_t backoff_ns(int64_t first_ns, int64_t max_ns, uint64_t attempt)
{
    uint32_t random = 0;
    int64_t wait_ns = first_ns;
    for (uint64_t i = 1; i < attempt && wait_ns < max_ns; i++)
        wait_ns = wait_ns <= max_ns / 2 ? 2 * wait_ns : max_ns;
    if (wait_ns > max_ns)
        wait_ns = max_ns;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        random = (uint32_t)clock_monotonic_ns(); /* good enough to part two clients */
    return wait_ns / 2 + (int64_t)((double)random / UINT32_MAX * (double)(wait_ns / 2));
}
