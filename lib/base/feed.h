/*
 * lib/base/feed.h - jobs (large files) dealt out to the lanes of a pipeline: each lane has one at a
 * time, and takes the next that nobody has begun when it is done with it.
 */
#ifndef BASE_FEED_H
#define BASE_FEED_H
#include "base/pipeline.h"
#include <pthread.h>

struct feed {
    pthread_mutex_t lock; /* guards `next` and `job` */
    size_t count, next;   /* jobs; the one that no lane has begun */
    size_t lane_count;
    size_t job[PIPELINE_LANES_MAX]; /* that a lane is at */
    bool ended[PIPELINE_LANES_MAX]; /* the pipeline's */
};

/* For `count` jobs; no lanes where there are none. No more lanes than can be busy, and few: they
 * share the items. */
void feed_init(struct feed *feed, size_t count);
void feed_clear(struct feed *feed);

/* How many items the pipeline should have, the same number a lane: enough for the cores to go on
 * while the disk takes a breath, and a bound on memory where there are many. */
size_t feed_item_count(const struct feed *feed);
#define FEED_ITEMS_MAX 32

/* The job that the lane goes on with. False where there is none: the lane has ended. */
bool feed_job(struct feed *feed, size_t lane, size_t *job);
/* The lane's job needs no more items. */
void feed_job_done(struct feed *feed, size_t lane);

#endif
