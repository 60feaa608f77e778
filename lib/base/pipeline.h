/*
 * lib/base/pipeline.h - items that go through the same stages one behind another, on all cores.
 *
 * Items travel in lanes: a lane is a stream of its own (one large file), and several run side by
 * side. A serial stage takes the items of a lane one at a time and in their order (cutting a file,
 * hashing it); a parallel one takes any number at once (compressing, writing). As many items are on
 * their way as there are given, and no more memory than theirs is used, however long the input.
 *
 * Beside the lanes there may be side work of no order (many small files), for whoever finds nothing
 * to do in them: the last large file alone does not keep all cores busy.
 */
#ifndef BASE_PIPELINE_H
#define BASE_PIPELINE_H
#include "base/util.h"
#include <stdatomic.h>

#define PIPELINE_STAGES_MAX 8
#define PIPELINE_LANES_MAX 8

struct pipeline_stage {
    bool serial;
    /* Called from several threads, for a serial stage never two at once in a lane. A non-zero
     * return stops the whole. */
    int (*run)(void *context, void *item, size_t worker, struct mlops_error *err);
};

struct pipeline {
    const struct pipeline_stage *stages; /* at least one, the first serial */
    size_t stage_count;
    /* Workers take from the earlier lanes first, instead of each from one of its own: where the
     * serial stages of the first take longest of all. */
    bool first_lane_first;
    size_t lane_count;  /* may be 0 where there is side work only */
    void *const *items; /* the first lane's, the second's, …: the same number each, used in turn */
    size_t item_count;  /* of all lanes */
    const bool *ended;  /* a flag a lane */
    /* Called for each of 0 … side_count-1, from several threads; a worker takes `side_run`
     * neighbours one after another, with work in the lanes between them. A non-zero return stops
     * the whole. */
    int (*side)(void *context, size_t index, size_t worker, struct mlops_error *err);
    size_t side_count, side_run;
    /* Where it is not NULL: counted up whenever a worker finds nothing to do, for a stage that can
     * leave a part of its work to a later one. */
    atomic_size_t *waits;
    /* Called by the caller's thread, worker 0, now and then; a failure stops the whole, too. NULL:
     * nothing. */
    int (*tick)(void *context, struct mlops_error *err);
    void *context;
};

/* Let items through the stages until in every lane the first stage has set the lane's `ended` for
 * an item; that item is dropped; and until all side work is done. Returns the error of the earliest
 * item that failed, or else that of the first of the side work, after all threads have left. */
int pipeline_run(const struct pipeline *pipeline, struct mlops_error *err);

#endif
