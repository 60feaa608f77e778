/* lib/store/transfer.c - threads for requests. */
#include "store/transfer.h"
#include <pthread.h>

#define THREADS_MAX 32

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
