/* lib/store/transfer.c - threads for requests. */
#include "store/transfer.h"
#include <pthread.h>
#include <time.h>

#define THREADS_MAX 32
#define TICK_NS 100000000L

struct task {
    void (*run)(void *context);
    void *context;
    struct task *next;
};

struct transfers {
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t changed;
    struct task *first, **end;
    size_t queued;
    size_t waiting; /* threads with nothing to do */
    size_t threads, threads_max;
    pthread_t ids[THREADS_MAX];
    bool ending;
};

struct transfers *transfers_new(size_t threads)
{
    struct transfers *transfers = xcalloc(1, sizeof(*transfers));
    pthread_mutex_init(&transfers->lock, NULL);
    pthread_cond_init(&transfers->changed, NULL);
    transfers->end = &transfers->first;
    transfers->threads_max = threads < THREADS_MAX ? threads : THREADS_MAX;
    return transfers;
}

static void *work(void *context)
{
    struct transfers *transfers = context;
    pthread_mutex_lock(&transfers->lock);
    for (;;) {
        struct task *task = transfers->first;
        if (!task && transfers->ending)
            break;
        if (!task) {
            transfers->waiting++;
            pthread_cond_wait(&transfers->changed, &transfers->lock);
            transfers->waiting--;
            continue;
        }
        transfers->first = task->next;
        transfers->queued--;
        if (!transfers->first)
            transfers->end = &transfers->first;
        pthread_mutex_unlock(&transfers->lock);
        task->run(task->context);
        free(task);
        pthread_mutex_lock(&transfers->lock);
    }
    pthread_mutex_unlock(&transfers->lock);
    return NULL;
}

void transfers_add(struct transfers *transfers, void (*run)(void *context), void *context)
{
    struct task *task = xmalloc(sizeof(*task));
    *task = (struct task){.run = run, .context = context};
    pthread_mutex_lock(&transfers->lock);
    if (transfers->queued >= transfers->waiting && transfers->threads < transfers->threads_max &&
        pthread_create(&transfers->ids[transfers->threads], NULL, work, transfers) == 0)
        transfers->threads++;
    bool alone = transfers->threads == 0;
    if (!alone) {
        *transfers->end = task;
        transfers->end = &task->next;
        transfers->queued++;
        pthread_cond_signal(&transfers->changed);
    }
    pthread_mutex_unlock(&transfers->lock);
    if (alone) {
        run(context);
        free(task);
    }
}

void transfers_free(struct transfers *transfers)
{
    if (!transfers)
        return;
    pthread_mutex_lock(&transfers->lock);
    transfers->ending = true;
    pthread_cond_broadcast(&transfers->changed);
    pthread_mutex_unlock(&transfers->lock);
    for (size_t i = 0; i < transfers->threads; i++)
        pthread_join(transfers->ids[i], NULL);
    pthread_cond_destroy(&transfers->changed);
    pthread_mutex_destroy(&transfers->lock);
    free(transfers);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

struct running {
    const struct transfer_job *job;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t changed;
    bool *done; /* of each item */
    size_t under_way;
    int code; /* of what failed first */
    struct mlops_error err;
};

struct item {
    struct running *running;
    size_t index;
};

/* With the lock held. */
static void note(struct running *running, int code, const struct mlops_error *err)
{
    if (!code || running->code)
        return;
    running->code = code;
    running->err = *err;
}

static void run_item(void *context)
{
    struct item *item = context;
    struct running *running = item->running;
    struct mlops_error err = {0};
    pthread_mutex_lock(&running->lock);
    int code = running->code; /* the others are for nothing where one has failed */
    pthread_mutex_unlock(&running->lock);
    if (code == MLOPS_OK)
        code = running->job->work(running->job->context, item->index, &err);
    pthread_mutex_lock(&running->lock);
    note(running, code, &err);
    running->done[item->index] = true;
    running->under_way--;
    pthread_cond_broadcast(&running->changed);
    pthread_mutex_unlock(&running->lock);
    free(item);
}

static void begin_item(struct running *running, struct transfers *transfers, size_t index)
{
    struct item *item = xmalloc(sizeof(*item));
    *item = (struct item){.running = running, .index = index};
    pthread_mutex_lock(&running->lock);
    running->under_way++;
    pthread_mutex_unlock(&running->lock);
    transfers_add(transfers, run_item, item);
}

static int tick(struct running *running, struct mlops_error *err)
{
    const struct transfer_job *job = running->job;
    return job->tick ? job->tick(job->context, err) : MLOPS_OK;
}

/* Until the item is done; the job's failure is returned at once. */
static int wait_for(struct running *running, size_t index, struct mlops_error *err)
{
    int code = MLOPS_OK;
    pthread_mutex_lock(&running->lock);
    while (!running->done[index] && !running->code && code == MLOPS_OK) {
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_NS;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_cond_timedwait(&running->changed, &running->lock, &until);
        pthread_mutex_unlock(&running->lock);
        code = tick(running, err);
        pthread_mutex_lock(&running->lock);
    }
    if (code == MLOPS_OK && running->code) {
        *err = running->err;
        code = running->code;
    }
    pthread_mutex_unlock(&running->lock);
    return code;
}

/* What is under way ends, well or not. */
static void settle(struct running *running, int code, const struct mlops_error *err)
{
    const struct transfer_job *job = running->job;
    pthread_mutex_lock(&running->lock);
    note(running, code, err);
    pthread_mutex_unlock(&running->lock);
    if (code && job->stop)
        job->stop(job->context);
    pthread_mutex_lock(&running->lock);
    while (running->under_way > 0)
        pthread_cond_wait(&running->changed, &running->lock);
    pthread_mutex_unlock(&running->lock);
}

int transfers_run(const struct transfer_job *job, struct mlops_error *err)
{
    struct transfers *transfers = transfers_new(job->threads);
    struct running running = {.job = job, .done = xcalloc(job->count, sizeof(*running.done))};
    size_t begun = 0;
    int code = MLOPS_OK;
    pthread_mutex_init(&running.lock, NULL);
    pthread_cond_init(&running.changed, NULL);
    for (size_t i = 0; i < job->count && code == MLOPS_OK; i++) {
        while (begun < job->count && begun < i + job->threads)
            begin_item(&running, transfers, begun++);
        code = wait_for(&running, i, err);
        if (code == MLOPS_OK && job->take)
            code = job->take(job->context, i, err);
    }
    settle(&running, code, err);
    transfers_free(transfers);
    pthread_cond_destroy(&running.changed);
    pthread_mutex_destroy(&running.lock);
    free(running.done);
    return code;
}
