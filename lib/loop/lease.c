/* lib/loop/lease.c - the thread that renews a run's place. */
#include "loop/lease.h"
#include "base/clock.h"
#include "base/condition.h"
#include "loop/run_rows.h"

#define LOOK_NS 1000000000LL /* a machine that slept is found awake after so long */
#define RENEWALS 5           /* in the length of a lease */
#define ATTEMPTS 60          /* in that time, where the database is out of reach */
#define WAITS 15             /* one attempt waits for the database for so little of it */

/* ---- who looks at the run is told and asked on ---------------------------------------------- */

static void pass_progress(void *context, const char *activity, uint64_t done, uint64_t total)
{
    const struct mlops_observer *user = &((struct lease *)context)->user;
    user->progress(user->context, activity, done, total);
}

static void pass_running(void *context, const struct mlops_running *items, size_t count,
                         uint64_t done, uint64_t total)
{
    const struct mlops_observer *user = &((struct lease *)context)->user;
    user->running(user->context, items, count, done, total);
}

static void pass_warning(void *context, const char *message)
{
    const struct mlops_observer *user = &((struct lease *)context)->user;
    user->warn(user->context, message);
}

static bool is_stopped(void *context)
{
    struct lease *lease = context;
    return atomic_load(&lease->over) ||
           (lease->user.cancelled && lease->user.cancelled(lease->user.context));
}

static void look_on(struct lease *lease)
{
    lease->user = *registry_observer(lease->registry);
    registry_observe(lease->registry, (struct mlops_observer){
                                          .context = lease,
                                          .progress = lease->user.progress ? pass_progress : NULL,
                                          .running = lease->user.running ? pass_running : NULL,
                                          .warn = lease->user.warn ? pass_warning : NULL,
                                          .cancelled = is_stopped});
}

/* ---- renewing -------------------------------------------------------------------------------- */

static bool is_ending(void *context)
{
    return atomic_load(&((struct lease *)context)->ending);
}

/* By a connection of its own each time: one that lies idle for hours may be cut unseen. */
static int ask(struct lease *lease, bool *kept, struct mlops_error *err)
{
    _cleanup_(mlops_registry_close_ptr) struct mlops_registry *again = NULL;
    const struct mlops_observer observer = {.context = lease, .cancelled = is_ending};
    TRY(registry_open_again(lease->registry, &observer, lease->length_ns / WAITS, &again, err));
    return run_renew(again, lease->run, lease->length_ns, kept, err);
}

/* After how long it is to be renewed next; `over` may be set instead. */
static int64_t renew(struct lease *lease)
{
    struct mlops_error trouble = {0};
    int64_t from_ns = clock_boot_ns();
    bool kept = false;
    if (ask(lease, &kept, &trouble) == MLOPS_OK) {
        atomic_store(&lease->over, !kept);
        lease->until_ns = from_ns + lease->length_ns;
        return lease->length_ns / RENEWALS;
    }
    if (clock_boot_ns() >= lease->until_ns && !is_ending(lease)) {
        lease->err = trouble;
        (void)mlops_wrap(&lease->err, "run %llu cannot renew its place",
                         (unsigned long long)lease->run); /* told by lease_end */
        atomic_store(&lease->over, true);
    }
    return lease->length_ns / ATTEMPTS;
}

/* False: it ends. */
static bool wait_until(struct lease *lease, int64_t due_ns)
{
    (void)pthread_mutex_lock(&lease->lock);
    for (int64_t left_ns; !is_ending(lease) && (left_ns = due_ns - clock_boot_ns()) > 0;)
        condition_wait_until(&lease->changed, &lease->lock,
                             clock_monotonic_ns() + (left_ns < LOOK_NS ? left_ns : LOOK_NS));
    (void)pthread_mutex_unlock(&lease->lock);
    return !is_ending(lease);
}

static void *keep_renewing(void *context)
{
    struct lease *lease = context;
    int64_t due_ns = clock_boot_ns() + lease->length_ns / RENEWALS;
    while (!atomic_load(&lease->over) && wait_until(lease, due_ns)) {
        int64_t pause_ns = renew(lease);
        due_ns = clock_boot_ns() + pause_ns;
    }
    return NULL;
}

int lease_start(struct lease *lease, struct mlops_registry *registry, uint64_t run,
                int64_t length_ns, struct mlops_error *err)
{
    *lease = (struct lease){.registry = registry,
                            .run = run,
                            .length_ns = length_ns,
                            .until_ns = clock_boot_ns() + length_ns,
                            .lock = PTHREAD_MUTEX_INITIALIZER};
    condition_init(&lease->changed);
    (void)registry_actor(registry); /* found out before two threads ask */
    if (pthread_create(&lease->thread, NULL, keep_renewing, lease) != 0)
        return mlops_fail(err, MLOPS_IO, "no thread can be started");
    lease->started = true;
    look_on(lease);
    return MLOPS_OK;
}

int lease_end(struct lease *lease, struct mlops_error *err)
{
    if (!lease->started)
        return MLOPS_OK;
    (void)pthread_mutex_lock(&lease->lock);
    atomic_store(&lease->ending, true);
    (void)pthread_cond_signal(&lease->changed);
    (void)pthread_mutex_unlock(&lease->lock);
    (void)pthread_join(lease->thread, NULL);
    (void)pthread_cond_destroy(&lease->changed);
    (void)registry_observe(lease->registry, lease->user);
    lease->started = false;
    if (lease->err.code == MLOPS_OK)
        return MLOPS_OK;
    *err = lease->err;
    return (int)err->code;
}
