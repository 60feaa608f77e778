/* lib/trial/requests.h - rows of a snapshot as requests to a predict command, a line of JSON each. */
#ifndef TRIAL_REQUESTS_H
#define TRIAL_REQUESTS_H
#include "base/buffer.h"
#include "bundle/manifest.h"

/* Lines, each with its end. Zeroed is empty. */
struct requests {
    struct buffer text;
    size_t *ends; /* of each line in `text` */
    size_t count;
};
void requests_clear(struct requests *requests);

/*
 * Make up to `most` requests of snapshot `name`: an object a row, or with `batch` above 1 an array of
 * so many of them, by the names of the columns, without the target, which no model is given. Values
 * are numbers, true and false, texts (times, too), and null where they are missing. The table is laid
 * out in `folder` and read from its beginning.
 * Errors: MLOPS_NOT_FOUND no such snapshot; MLOPS_INVALID its table cannot be read, or is shorter
 * than one batch; MLOPS_INTEGRITY; MLOPS_IO.
 */
int requests_make(struct mlops_registry *registry, const struct manifest *manifest,
                  const char *name, uint64_t batch, uint64_t most, const char *folder,
                  struct requests *requests, struct mlops_error *err);

#endif
