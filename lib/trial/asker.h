/*
 * lib/trial/asker.h - a thread that asks a predict command one request after the other, a line each,
 * and measures how long each answer takes: from before the line is written until its answer's end is
 * read. It does nothing else meanwhile, so that watching the suite is not measured with it.
 */
#ifndef TRIAL_ASKER_H
#define TRIAL_ASKER_H
#include "trial/requests.h"
#include "trial/supervise.h"

struct asker;

/* `requests` is borrowed; `conversation` becomes the asker's. `warm_up` requests come first and are
 * not measured; of `count` that are, the requests are asked again and again where they are fewer.
 * The caller frees it. Errors: MLOPS_IO no thread. */
int asker_start(const struct requests *requests, const struct conversation *conversation,
                uint64_t warm_up, uint64_t count, struct asker **asker, struct mlops_error *err);

/* Has it all its answers, or will get no more? Never blocks. */
bool asker_ended(const struct asker *asker);

/* How many of all requests were answered; when it has ended. */
uint64_t asker_answered(const struct asker *asker);
/* Seconds of each measured request, `*count` of them, in ascending order; when it has ended. */
const double *asker_seconds(struct asker *asker, size_t *count);

/* Waits for the thread, which ends when the command has ended. */
void asker_free(struct asker *asker);

#endif
