/*
 * lib/monitor/framing.h - what a client of the socket sent, cut into lines: first its token, where
 * one is asked for, then whole lines of events. Knows no sockets.
 */
#ifndef MONITOR_FRAMING_H
#define MONITOR_FRAMING_H
#include "base/buffer.h"

struct framing {
    bool trusted;       /* its token was right, or there is none */
    uint64_t lines;     /* that were moved on, blank ones too */
    struct buffer text; /* what came and was not moved on: append to it, then call framing_move */
};

/*
 * Move whole lines behind those in `lines`; one that never ends stays, and is not counted. NULL, or
 * what the client is told before its connection ends (static); nothing of it is moved then.
 * token: NULL or "" where none is asked for.
 */
const char *framing_move(struct framing *framing, const char *token, struct buffer *lines);
void framing_clear(struct framing *framing);

#endif
