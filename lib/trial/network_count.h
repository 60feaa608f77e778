/*
 * lib/trial/network_count.h - whether a suite in a network namespace without network tried to reach
 * one: the kernel counts packets that found no route.
 */
#ifndef TRIAL_NETWORK_COUNT_H
#define TRIAL_NETWORK_COUNT_H
#include "base/util.h"
#include <sys/types.h>

/* Open files of the namespace; they keep its counters readable when its last process has ended. */
struct network_count {
    int ipv4, ipv6; /* -1: none */
};
#define NETWORK_COUNT_NONE                                                                         \
    {                                                                                              \
        .ipv4 = -1, .ipv6 = -1                                                                     \
    }

/* The namespace of process `pid`. Nothing is opened where it is our own. */
void network_count_open(struct network_count *count, pid_t pid);
/* Packets without route so far; 0 where nothing is open. */
uint64_t network_count_read(const struct network_count *count);
void network_count_close(struct network_count *count);

#endif
