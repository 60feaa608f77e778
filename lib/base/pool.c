/* lib/base/pool.c - the same work on many items, over all cores. */
#include "base/pool.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define THREADS_MAX 64

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
};

struct worker {
    struct job *job;
    size_t number;
    pthread_t thread;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct job *job = worker->job;
    while (!atomic_load_explicit(&job->stop, memory_order_relaxed)) {
        size_t index = atomic_fetch_add(&job->next, 1);
        if (index >= job->count)
            break;
        struct mlops_error err = {0};
        int code = job->work(job->context, index, worker->number, &err);
        if (code == MLOPS_OK)
            continue;
        pthread_mutex_lock(&job->lock);
        if (job->code == MLOPS_OK || index < job->failed) {
            job->code = code;
            job->failed = index;
            job->err = err;
        }
        pthread_mutex_unlock(&job->lock);
        atomic_store(&job->stop, true);
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

int pool_run(size_t count, pool_work function, void *context, struct mlops_error *err)
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
        pthread_join(workers[i].thread, NULL);
    pthread_mutex_destroy(&job.lock);
    if (job.code)
        *err = job.err;
    return job.code;
}
