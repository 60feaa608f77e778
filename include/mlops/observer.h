/*
 * include/mlops/observer.h - how long work talks to whoever waits for it.
 *
 * All members may be NULL. They are called only from the thread that called the library, never
 * after the library function has returned.
 */
#ifndef MLOPS_OBSERVER_H
#define MLOPS_OBSERVER_H
#include <mlops/api.h>
MLOPS_BEGIN

/* One of several things that run at once. Borrowed for the length of the call. */
struct mlops_running {
    const char *name;
    double seconds;   /* since it began */
    const char *said; /* the last line that it printed, as it came; "" */
};

struct mlops_observer {
    void *context;
    /* `done` of `total` units; total 0 where it is not known. May be called often: whoever draws
     * keeps the pace. Called once more at the end of an activity (done == total). */
    void (*progress)(void *context, const char *activity, uint64_t done, uint64_t total);
    /* What runs now, `count` of them, when `done` of `total` have ended; told some ten times a
     * second. Called once more when nothing runs any more (count 0). Whoever takes it is told of
     * the same work by no `progress`. */
    void (*running)(void *context, const struct mlops_running *items, size_t count, uint64_t done,
                    uint64_t total);
    /* Something the user should know that stops nothing: one sentence, no newline. */
    void (*warn)(void *context, const char *message);
    /* True to stop as soon as can be; the library then returns MLOPS_CANCELLED. */
    bool (*cancelled)(void *context);
};

MLOPS_END
#endif
