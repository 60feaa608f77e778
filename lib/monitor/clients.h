/*
 * lib/monitor/clients.h - who sends events over a socket: a thread reads what they send, while what
 * they sent before is counted. Knows no events.
 *
 * All functions are for one thread, the one that counts.
 */
#ifndef MONITOR_CLIENTS_H
#define MONITOR_CLIENTS_H
#include "base/buffer.h"

struct clients;

/*
 * Begin to accept connections from the listening socket `fd`, which does not block and stays the
 * caller's, as `token` does; NULL or "": none is asked for. The caller ends with clients_free.
 * Errors: MLOPS_IO.
 */
int clients_start(int fd, const char *token, struct clients **clients, struct mlops_error *err);

/*
 * Wait a moment, and put whole lines that came, of all clients, into `lines`, which is emptied
 * before. What came meanwhile stays for the next call; clients wait when that is much. `*ended`:
 * a client has gone, or must go, and nothing of it is left to take. Errors: MLOPS_IO.
 */
int clients_take(struct clients *clients, struct buffer *lines, bool *ended,
                 struct mlops_error *err);

/* All that was taken is durable: say so to those who sent it, and let go of those that ended. */
void clients_acknowledge(struct clients *clients);

/* Read no more, and never wait again; what came already can still be taken and acknowledged. */
void clients_stop(struct clients *clients);
void clients_free(struct clients *clients);
DEFINE_CLEANUP(struct clients, clients_free)

#endif
