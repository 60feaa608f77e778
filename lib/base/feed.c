/* lib/base/feed.c - jobs dealt out to lanes. */
#include "base/feed.h"
#include "base/pool.h"

#define LANES_MAX 4
#define ITEMS_MIN 28
#define NO_JOB SIZE_MAX

void feed_init(struct feed *feed, size_t count)
{
    size_t lanes = pool_threads() < LANES_MAX ? pool_threads() : LANES_MAX;
    *feed = (struct feed){.count = count, .lane_count = lanes < count ? lanes : count};
    pthread_mutex_init(&feed->lock, NULL);
    for (size_t i = 0; i < feed->lane_count; i++)
        feed->job[i] = NO_JOB;
}

void feed_clear(struct feed *feed)
{
    pthread_mutex_destroy(&feed->lock);
}

size_t feed_item_count(const struct feed *feed)
{
    size_t count = pool_threads() > 8 ? 2 * pool_threads() : ITEMS_MIN;
    if (count > FEED_ITEMS_MAX)
        count = FEED_ITEMS_MAX;
    return feed->lane_count ? count - count % feed->lane_count : 0;
}

bool feed_job(struct feed *feed, size_t lane, size_t *job)
{
    pthread_mutex_lock(&feed->lock);
    if (feed->job[lane] == NO_JOB && feed->next < feed->count)
        feed->job[lane] = feed->next++;
    *job = feed->job[lane];
    pthread_mutex_unlock(&feed->lock);
    feed->ended[lane] = *job == NO_JOB;
    return *job != NO_JOB;
}

void feed_job_done(struct feed *feed, size_t lane)
{
    pthread_mutex_lock(&feed->lock);
    feed->job[lane] = NO_JOB;
    pthread_mutex_unlock(&feed->lock);
}
