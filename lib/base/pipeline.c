/* lib/base/pipeline.c - stages over a ring of items a lane. */
#include "base/pipeline.h"
#include "base/pool.h"
#include <pthread.h>
#include <time.h>

#define TICK_NS 50000000
#define NOBODY UINT64_MAX
#define SIDE_FIRST (UINT64_MAX / 2) /* what counts as the number of the first side work */

/* An item of the ring: which stage it waits for, or is in. */
struct place {
    size_t stage; /* stages' count: free */
    bool busy;
};

struct lane {
    struct place *places;
    void *const *items;
    uint64_t first, next; /* numbers of the oldest item on its way and of the one that begins next;
                             item n stands at n % ring_size */
    uint64_t turn[PIPELINE_STAGES_MAX]; /* the item that a serial stage takes next */
    bool stopped;                       /* no item begins any more */
};

struct run {
    const struct pipeline *pipeline;
    size_t ring_size;     /* items a lane */
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t moved;
    struct lane lanes[PIPELINE_LANES_MAX];
    size_t side_next, side_done; /* the one that no worker has taken; how many are done */
    uint64_t failed;             /* number of the earliest item that failed */
    int code;
    struct mlops_error err;
};

/* The next thing to do in a lane: late stages first, so that items leave and memory is warm. */
static bool choose_in(struct run *run, struct lane *lane, uint64_t *number)
{
    const struct pipeline *pipeline = run->pipeline;
    for (uint64_t n = lane->first; n < lane->next; n++) {
        const struct place *place = &lane->places[n % run->ring_size];
        if (place->busy || place->stage == pipeline->stage_count)
            continue;
        if (!pipeline->stages[place->stage].serial || lane->turn[place->stage] == n) {
            *number = n;
            return true;
        }
    }
    if (lane->stopped || lane->next - lane->first == run->ring_size || lane->turn[0] != lane->next)
        return false;
    *number = lane->next++;
    lane->places[*number % run->ring_size] = (struct place){0};
    return true;
}

/* A worker keeps to its own lane while there is something to do: what it has just filled is in its
 * core's cache. Or to the first, so that nothing there ever waits for what can be done later. */
static bool choose(struct run *run, size_t worker, struct lane **lane, uint64_t *number)
{
    size_t own = run->pipeline->first_lane_first ? 0 : worker;
    size_t count = run->pipeline->lane_count;
    for (size_t i = 0; i < count && !run->code; i++) {
        *lane = &run->lanes[(own + i) % count];
        if (choose_in(run, *lane, number))
            return true;
    }
    return false;
}

static bool done(const struct run *run)
{
    bool all = run->side_done == run->pipeline->side_count;
    for (size_t i = 0; i < run->pipeline->lane_count; i++)
        all &= run->lanes[i].stopped && run->lanes[i].first == run->lanes[i].next;
    return run->code || all;
}

static void fail(struct run *run, uint64_t number, int code, const struct mlops_error *err)
{
    if (run->code && number >= run->failed)
        return;
    run->failed = number;
    run->code = code;
    run->err = *err;
}

/* With the lock held, which is let go while the stage runs. */
static void run_stage(struct run *run, struct lane *lane, uint64_t number, size_t worker)
{
    const struct pipeline *pipeline = run->pipeline;
    struct place *place = &lane->places[number % run->ring_size];
    const struct pipeline_stage *stage = &pipeline->stages[place->stage];
    struct mlops_error err = {0};
    place->busy = true;
    if (place->stage == 0)
        lane->turn[0] = NOBODY; /* while it runs */
    pthread_mutex_unlock(&run->lock);
    int code = stage->run(pipeline->context, lane->items[number % run->ring_size], worker, &err);
    pthread_mutex_lock(&run->lock);
    place->busy = false;
    if (code)
        fail(run, number, code, &err);
    if (place->stage == 0 && code == MLOPS_OK && pipeline->ended[lane - run->lanes]) {
        lane->stopped = true;
        lane->next = number; /* it never was */
        return;
    }
    if (stage->serial)
        lane->turn[place->stage] = number + 1;
    place->stage++;
    while (lane->first < lane->next &&
           lane->places[lane->first % run->ring_size].stage == pipeline->stage_count)
        lane->first++;
}

/* The side work that a worker has taken. */
struct share {
    size_t at, end;
};

static bool choose_side(struct run *run, struct share *share)
{
    const struct pipeline *pipeline = run->pipeline;
    if (share->at == share->end) {
        size_t left = pipeline->side_count - run->side_next;
        share->at = run->side_next;
        share->end = share->at + (left < pipeline->side_run ? left : pipeline->side_run);
        run->side_next = share->end;
    }
    return share->at < share->end;
}

/* With the lock held, which is let go meanwhile. */
static void run_side(struct run *run, struct share *share, size_t worker)
{
    const struct pipeline *pipeline = run->pipeline;
    struct mlops_error err = {0};
    size_t index = share->at++;
    pthread_mutex_unlock(&run->lock);
    int code = pipeline->side(pipeline->context, index, worker, &err);
    pthread_mutex_lock(&run->lock);
    run->side_done++;
    if (code)
        fail(run, SIDE_FIRST + index, code, &err);
    if (done(run))
        pthread_cond_broadcast(&run->moved);
}

static void tick(struct run *run)
{
    struct mlops_error err = {0};
    pthread_mutex_unlock(&run->lock);
    int code = run->pipeline->tick(run->pipeline->context, &err);
    pthread_mutex_lock(&run->lock);
    if (code)
        fail(run, 0, code, &err);
}

static void wait_for_work(struct run *run, const struct timespec *until)
{
    if (run->pipeline->waits)
        ++*run->pipeline->waits;
    (void)pthread_cond_timedwait(&run->moved, &run->lock, until);
}

static int take_part(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct run *run = context;
    struct timespec until, now, ticked = {0};
    struct share share = {0};
    (void)index, (void)err; /* the earliest item's error is told at the end */
    pthread_mutex_lock(&run->lock);
    while (!done(run)) {
        struct lane *lane;
        uint64_t number;
        (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
        until = now;
        until.tv_nsec += TICK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (worker == 0 && run->pipeline->tick &&
            (now.tv_sec != ticked.tv_sec || now.tv_nsec - ticked.tv_nsec > TICK_NS)) {
            ticked = now;
            tick(run);
        } else if (choose(run, worker, &lane, &number)) {
            run_stage(run, lane, number, worker);
            pthread_cond_broadcast(&run->moved);
        } else if (choose_side(run, &share)) {
            run_side(run, &share, worker);
        } else {
            wait_for_work(run, &until);
        }
    }
    pthread_cond_broadcast(&run->moved);
    pthread_mutex_unlock(&run->lock);
    return MLOPS_OK;
}

int pipeline_run(const struct pipeline *pipeline, struct mlops_error *err)
{
    struct run run = {.pipeline = pipeline,
                      .ring_size =
                          pipeline->lane_count ? pipeline->item_count / pipeline->lane_count : 0};
    for (size_t i = 0; i < pipeline->lane_count; i++)
        run.lanes[i] = (struct lane){.places = xcalloc(run.ring_size, sizeof(struct place)),
                                     .items = pipeline->items + i * run.ring_size};
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.moved, NULL);
    (void)pool_run(pool_threads(), take_part, &run, err); /* take_part does not fail */
    pthread_cond_destroy(&run.moved);
    pthread_mutex_destroy(&run.lock);
    for (size_t i = 0; i < pipeline->lane_count; i++)
        free(run.lanes[i].places);
    if (run.code)
        *err = run.err;
    return run.code;
}
