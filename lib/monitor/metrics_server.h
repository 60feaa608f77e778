/*
 * lib/monitor/metrics_server.h - a text that anybody near may GET at /metrics, for Prometheus.
 *
 * libmicrohttpd does the work in a thread of its own, and is loaded when the first server starts.
 * Nothing is computed when somebody asks: what was set last is handed out.
 */
#ifndef MONITOR_METRICS_SERVER_H
#define MONITOR_METRICS_SERVER_H
#include "base/util.h"

struct metrics_server;

/* `where` is "PORT" of loopback (0: any that is free) or "ADDRESS:PORT". Beyond loopback there must
 * be a `token`; where there is one, requests need "Authorization: Bearer TOKEN". The caller stops
 * it. Errors: MLOPS_INVALID the address, or no token; MLOPS_NOT_FOUND no libmicrohttpd; MLOPS_IO.
 */
int metrics_server_start(const char *where, const char *token, struct metrics_server **server,
                         struct mlops_error *err);
void metrics_server_stop(struct metrics_server *server);
DEFINE_CLEANUP(struct metrics_server, metrics_server_stop)

/* What is handed out from now on; the server frees it. Until the first it answers 503. */
void metrics_server_set(struct metrics_server *server, char *text);
/* The port that it listens on. */
unsigned metrics_server_port(const struct metrics_server *server);

#endif
