/* lib/base/pool.c - the same work on many items, over all cores. */
#include "base/pool.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#define THREADS_MAX 64
#define TICK_NS 50000000

struct job {
    size_t count;
    pool_work work;
    void *context;
    atomic_size_t next;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards the three below */
    int code;
    size_t failed; /* lowest index that failed */
    struct mlops_error err;
    int tick_code; /* the caller's alone */
    struct mlops_error tick_err;
};

struct worker {
    struct job *job;
    size_t number;
    pthread_t thread;
};

static void work_on(struct job *job, size_t index, size_t worker)
{
    struct mlops_error err = {0};
    int code = job->work(job->context, index, worker, &err);
    if (code == MLOPS_OK)
        return;
    pthread_mutex_lock(&job->lock);
    if (job->code == MLOPS_OK || index < job->failed) {
        job->code = code;
        job->failed = index;
        job->err = err;
    }
    pthread_mutex_unlock(&job->lock);
    atomic_store(&job->stop, true);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct job *job = worker->job;
    while (!atomic_load_explicit(&job->stop, memory_order_relaxed)) {
        size_t index = atomic_fetch_add(&job->next, 1);
        if (index >= job->count)
            break;
        work_on(job, index, worker->number);
    }
    return NULL;
}

size_t pool_threads(void)
{
    const char *wanted = getenv("MLOPS_THREADS");
    long count = wanted ? strtol(wanted, NULL, 10) : 0;
    cpu_set_t cores;
    if (count < 1 && sched_getaffinity(0, sizeof(cores), &cores) == 0)
        count = CPU_COUNT(&cores);
    return count < 1 ? 1 : count > THREADS_MAX ? THREADS_MAX : (size_t)count;
}

/* Wait for a worker, ticking meanwhile. After a tick that failed no more are made. */
static void join(pthread_t thread, struct job *job, pool_tick tick)
{
    for (;;) {
        struct timespec until;
        if (!tick || job->tick_code) {
            pthread_join(thread, NULL);
            return;
        }
        (void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail */
        until.tv_nsec += TICK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_timedjoin_np(thread, NULL, &until) == 0)
            return;
        job->tick_code = tick(job->context, &job->tick_err);
        if (job->tick_code)
            atomic_store(&job->stop, true);
    }
}

int pool_run(size_t count, pool_work function, void *context, struct mlops_error *err)
{
    return pool_run_ticking(count, function, NULL, context, err);
}

int pool_run_ticking(size_t count, pool_work function, pool_tick tick, void *context,
                     struct mlops_error *err)
{
    struct job job = {.count = count, .work = function, .context = context};
    pthread_mutex_init(&job.lock, NULL);
    size_t threads = pool_threads();
    if (threads > count)
        threads = count;
    struct worker workers[THREADS_MAX];
    size_t started = 1; /* worker 0 is the caller */
    for (; started < threads; started++) {
        workers[started] = (struct worker){.job = &job, .number = started};
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break; /* fewer threads do the same work */
    }
    workers[0] = (struct worker){.job = &job};
    (void)work(&workers[0]);
    for (size_t i = 1; i < started; i++)
        join(workers[i].thread, &job, tick);
    pthread_mutex_destroy(&job.lock);
    if (job.tick_code) {
        *err = job.tick_err;
        return job.tick_code;
    }
    if (job.code)
        *err = job.err;
    return job.code;
}

/* What pool_both has a thread do. */
struct part {
    pool_part run;
    void *context;
    int code;
    struct mlops_error err;
};

static void *run_part(void *argument)
{
    struct part *part = argument;
    part->code = part->run(part->context, &part->err);
    return NULL;
}

int pool_both(pool_part mine, pool_part other, void *context, struct mlops_error *err)
{
    struct part part = {.run = other, .context = context};
    pthread_t thread;
    bool beside = pool_threads() > 1 && pthread_create(&thread, NULL, run_part, &part) == 0;
    int code = mine(context, err);
    if (beside)
        pthread_join(thread, NULL);
    else
        (void)run_part(&part);
    if (code == MLOPS_OK && part.code)
        *err = part.err;
    return code ? code : part.code;
}
