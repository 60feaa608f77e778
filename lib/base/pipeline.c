/* lib/base/pipeline.c - stages over a ring of items. */
#include "base/pipeline.h"
#include "base/pool.h"
#include <pthread.h>
#include <time.h>

#define TICK_NS 50000000

/* An item of the ring: which stage it waits for, or is in. */
struct place {
    size_t stage; /* stages' count: free */
    bool busy;
};

struct pipeline {
    const struct pipeline_stage *stages;
    size_t stage_count;
    void *const *items;
    size_t item_count;
    const bool *ended;
    int (*tick)(void *context, struct mlops_error *err);
    void *context;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t moved;
    struct place *places;
    uint64_t first, next; /* numbers of the oldest item on its way and of the one that begins next;
                             item n stands at n % item_count */
    uint64_t turn[PIPELINE_STAGES_MAX]; /* the item that a serial stage takes next */
    bool stopped;                       /* no item begins any more */
    uint64_t failed;                    /* number of the earliest item that failed */
    int code;
    struct mlops_error err;
};

/* The next thing to do: late stages first, so that items leave and memory is warm. */
static bool choose(struct pipeline *pipe, uint64_t *number)
{
    if (pipe->code)
        return false;
    for (uint64_t n = pipe->first; n < pipe->next; n++) {
        const struct place *place = &pipe->places[n % pipe->item_count];
        if (place->busy || place->stage == pipe->stage_count)
            continue;
        if (!pipe->stages[place->stage].serial || pipe->turn[place->stage] == n) {
            *number = n;
            return true;
        }
    }
    if (pipe->stopped || pipe->next - pipe->first == pipe->item_count ||
        pipe->turn[0] != pipe->next)
        return false;
    *number = pipe->next++;
    pipe->places[*number % pipe->item_count] = (struct place){0};
    return true;
}

static bool done(const struct pipeline *pipe)
{
    return pipe->code || (pipe->stopped && pipe->first == pipe->next);
}

static void fail(struct pipeline *pipe, uint64_t number, int code, const struct mlops_error *err)
{
    if (pipe->code && number >= pipe->failed)
        return;
    pipe->failed = number;
    pipe->code = code;
    pipe->err = *err;
}

/* With the lock held, which is let go while the stage runs. */
static void run_stage(struct pipeline *pipe, uint64_t number, size_t worker)
{
    struct place *place = &pipe->places[number % pipe->item_count];
    const struct pipeline_stage *stage = &pipe->stages[place->stage];
    struct mlops_error err = {0};
    place->busy = true;
    if (place->stage == 0)
        pipe->turn[0] = UINT64_MAX; /* nobody's while it runs */
    pthread_mutex_unlock(&pipe->lock);
    int code = stage->run(pipe->context, pipe->items[number % pipe->item_count], worker, &err);
    pthread_mutex_lock(&pipe->lock);
    place->busy = false;
    if (code)
        fail(pipe, number, code, &err);
    if (place->stage == 0 && code == MLOPS_OK && *pipe->ended) {
        pipe->stopped = true;
        pipe->next = number; /* it never was */
        return;
    }
    if (stage->serial)
        pipe->turn[place->stage] = number + 1;
    place->stage++;
    while (pipe->first < pipe->next &&
           pipe->places[pipe->first % pipe->item_count].stage == pipe->stage_count)
        pipe->first++;
}

static int take_part(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct pipeline *pipe = context;
    struct timespec until, now, ticked = {0};
    (void)index, (void)err; /* the earliest item's error is told at the end */
    pthread_mutex_lock(&pipe->lock);
    while (!done(pipe)) {
        uint64_t number;
        (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
        until = now;
        until.tv_nsec += TICK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (worker == 0 && pipe->tick &&
            (now.tv_sec != ticked.tv_sec || now.tv_nsec - ticked.tv_nsec > TICK_NS)) {
            struct mlops_error failure = {0};
            ticked = now;
            pthread_mutex_unlock(&pipe->lock);
            int code = pipe->tick(pipe->context, &failure);
            pthread_mutex_lock(&pipe->lock);
            if (code)
                fail(pipe, 0, code, &failure);
            continue;
        }
        if (choose(pipe, &number)) {
            run_stage(pipe, number, worker);
            pthread_cond_broadcast(&pipe->moved);
        } else {
            (void)pthread_cond_timedwait(&pipe->moved, &pipe->lock, &until);
        }
    }
    pthread_cond_broadcast(&pipe->moved);
    pthread_mutex_unlock(&pipe->lock);
    return MLOPS_OK;
}

int pipeline_run(const struct pipeline_stage *stages, size_t stage_count, void *const *items,
                 size_t item_count, const bool *ended,
                 int (*tick)(void *context, struct mlops_error *err), void *context,
                 struct mlops_error *err)
{
    struct pipeline pipe = {.stages = stages,
                            .stage_count = stage_count,
                            .items = items,
                            .item_count = item_count,
                            .ended = ended,
                            .tick = tick,
                            .context = context};
    pipe.places = xcalloc(item_count, sizeof(*pipe.places));
    pthread_mutex_init(&pipe.lock, NULL);
    pthread_cond_init(&pipe.moved, NULL);
    (void)pool_run(pool_threads(), take_part, &pipe, err); /* take_part does not fail */
    pthread_cond_destroy(&pipe.moved);
    pthread_mutex_destroy(&pipe.lock);
    free(pipe.places);
    if (pipe.code)
        *err = pipe.err;
    return pipe.code;
}
