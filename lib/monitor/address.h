/* lib/monitor/address.h - what is said to be listened on. */
#ifndef MONITOR_ADDRESS_H
#define MONITOR_ADDRESS_H
#include <mlops/error.h>
#include <sys/socket.h>

/* "PORT" of loopback, "ADDRESS:PORT", "[ADDRESS]:PORT". Errors: MLOPS_INVALID it is none. */
int address_parse(const char *where, struct sockaddr_storage *address, socklen_t *length,
                  bool *loopback, struct mlops_error *err);

#endif
