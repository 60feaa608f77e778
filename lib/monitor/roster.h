/*
 * lib/monitor/roster.h - which events of a minute were counted: to tell those that come again, and
 * to find the event of a label.
 *
 * Ids are known by a 64-bit hash. Two ids of one minute, version, stage and segment are taken for
 * one with a chance of 2^-64 a pair: of 10 million events a minute, once in 260,000 minutes.
 */
#ifndef MONITOR_ROSTER_H
#define MONITOR_ROSTER_H
#include "base/buffer.h"

struct roster_record {
    uint64_t id;
    double score; /* NaN: none */
    uint32_t group;
    uint32_t prediction; /* outcome_class */
};
#define ROSTER_RECORD_SIZE 24

struct roster {
    struct roster_record *records;
    size_t count, capacity;
};
void roster_add(struct roster *roster, const struct roster_record *record);
void roster_encode(const struct roster *roster, struct buffer *out);
/* Record `i` of bytes that roster_encode wrote. */
struct roster_record roster_record_at(const uint8_t *bytes, size_t i);
void roster_clear(struct roster *roster);

/* A set of numbers other than 0. Zeroed is empty. */
struct id_set {
    uint64_t *places;
    size_t count, capacity; /* a power of two */
};
/* False: it was there. */
bool id_set_add(struct id_set *set, uint64_t id);
bool id_set_has(const struct id_set *set, uint64_t id);
void id_set_clear(struct id_set *set);
/* The hash of an id, never 0. */
uint64_t roster_id(const char *text, size_t length);
/* What an event is told from others by, within its minute. */
uint64_t roster_key(uint64_t id, uint32_t group);

#endif
