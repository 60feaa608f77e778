/* lib/base/crew.c - threads that stay, for rounds of items and for what comes next. */
#include "base/crew.h"
#include "base/pool.h"
#include <pthread.h>

struct member {
    struct crew *crew;
    size_t number; /* from 1: the caller is 0 */
    pthread_t thread;
};

struct crew {
    pthread_mutex_t lock; /* guards all that follows but what does not change */
    pthread_cond_t changed;
    crew_ahead ahead;
    void *ahead_context;
    bool ahead_wanted, ahead_busy;
    crew_work work; /* of the round */
    void *work_context;
    size_t next, count, running; /* items: to be begun, all, begun and not done */
    bool stopping;
    struct member *members;
    size_t size;
};

/* Both are called with the lock, which is free while they work. */
static void do_ahead(struct crew *crew)
{
    crew->ahead_wanted = false; /* unless crew_wake says so meanwhile */
    crew->ahead_busy = true;
    pthread_mutex_unlock(&crew->lock);
    bool more = crew->ahead(crew->ahead_context);
    pthread_mutex_lock(&crew->lock);
    crew->ahead_busy = false;
    crew->ahead_wanted |= more;
    pthread_cond_broadcast(&crew->changed);
}

static void do_item(struct crew *crew, size_t worker)
{
    size_t index = crew->next++;
    crew->running++;
    pthread_mutex_unlock(&crew->lock);
    crew->work(crew->work_context, index, worker);
    pthread_mutex_lock(&crew->lock);
    if (--crew->running == 0 && crew->next == crew->count)
        pthread_cond_broadcast(&crew->changed);
}

static void *run_member(void *argument)
{
    const struct member *member = argument;
    struct crew *crew = member->crew;
    pthread_mutex_lock(&crew->lock);
    while (!crew->stopping)
        if (crew->ahead_wanted && !crew->ahead_busy)
            do_ahead(crew);
        else if (crew->next < crew->count)
            do_item(crew, member->number);
        else
            pthread_cond_wait(&crew->changed, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

struct crew *crew_new(crew_ahead ahead, void *context)
{
    struct crew *crew = xcalloc(1, sizeof(*crew));
    size_t wanted = pool_threads() - 1;
    crew->ahead = ahead;
    crew->ahead_context = context;
    crew->ahead_wanted = true;
    crew->members = xcalloc(wanted + 1, sizeof(*crew->members));
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    for (; crew->size < wanted; crew->size++) {
        struct member *member = &crew->members[crew->size];
        *member = (struct member){.crew = crew, .number = crew->size + 1};
        if (pthread_create(&member->thread, NULL, run_member, member) != 0)
            break; /* fewer threads do the same work */
    }
    return crew;
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->stopping = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->size; i++)
        pthread_join(crew->members[i].thread, NULL);
    pthread_mutex_destroy(&crew->lock);
    pthread_cond_destroy(&crew->changed);
    free(crew->members);
    free(crew);
}

void crew_run(struct crew *crew, size_t count, crew_work work, void *context)
{
    pthread_mutex_lock(&crew->lock);
    crew->work = work;
    crew->work_context = context;
    crew->next = 0;
    crew->count = count;
    pthread_cond_broadcast(&crew->changed);
    while (crew->next < crew->count)
        do_item(crew, 0);
    while (crew->running > 0)
        pthread_cond_wait(&crew->changed, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
}

void crew_wake(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->ahead_wanted = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

void crew_want(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    if (!crew->ahead_busy)
        do_ahead(crew);
    else
        while (crew->ahead_busy)
            pthread_cond_wait(&crew->changed, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
}
