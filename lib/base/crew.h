/*
 * lib/base/crew.h - threads that stay: they share rounds of items with the caller, and whoever has
 * nothing else to do prepares what comes next.
 *
 * pool_run starts threads for each call and is over when the longest of its parts is. Here one part
 * may last longer than a round: a piece of work ahead goes on beside the rounds that follow, one
 * thread at a time, so that never more threads run than there are cores.
 */
#ifndef BASE_CREW_H
#define BASE_CREW_H
#include "base/util.h"

struct crew;

/* Do a piece of the work ahead. False: there is nothing more to do until crew_wake. Called by any
 * thread of the crew or the caller, never by two at once. */
typedef bool (*crew_ahead)(void *context);
/* Work on item `index`; called from several threads at once, each with its own `worker` number
 * (0 ≤ worker < pool_threads()), 0 being the caller. */
typedef void (*crew_work)(void *context, size_t index, size_t worker);

/* As many threads as pool_threads(), the caller one of them; fewer where no more are to be had. The
 * work ahead begins at once. The caller frees it. */
struct crew *crew_new(crew_ahead ahead, void *context);
/* Waits for the piece that is under way; NULL is none. */
void crew_free(struct crew *crew);

/* Call `work` for 0 … count-1, begun in this order, and wait for it. */
void crew_run(struct crew *crew, size_t count, crew_work work, void *context);
/* There is work ahead again. */
void crew_wake(struct crew *crew);
/* Wait for a piece of the work ahead, by doing it where nobody is at it. */
void crew_want(struct crew *crew);

#endif
