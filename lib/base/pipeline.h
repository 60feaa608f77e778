/*
 * lib/base/pipeline.h - items that go through the same stages one behind another, on all cores.
 *
 * A serial stage takes the items one at a time and in their order (cutting a file, hashing it); a
 * parallel one takes any number at once (compressing, writing). As many items are on their way as
 * there are given, and no more memory than theirs is used, however long the input.
 */
#ifndef BASE_PIPELINE_H
#define BASE_PIPELINE_H
#include "base/util.h"

#define PIPELINE_STAGES_MAX 8

struct pipeline_stage {
    bool serial;
    /* Called from several threads, for a serial stage never two at once. A non-zero return stops
     * the whole. */
    int (*run)(void *context, void *item, size_t worker, struct mlops_error *err);
};

/*
 * Let items through `stages` (at least one, the first serial) until the first stage sets `*ended`
 * for an item; that item is dropped. `items` are used again and again, in turn. The caller is
 * worker 0 and calls `tick` now and then (NULL: nothing), whose failure stops the whole, too.
 * Returns the error of the earliest item that failed, after all threads have left.
 */
int pipeline_run(const struct pipeline_stage *stages, size_t stage_count, void *const *items,
                 size_t item_count, const bool *ended,
                 int (*tick)(void *context, struct mlops_error *err), void *context,
                 struct mlops_error *err);

#endif
