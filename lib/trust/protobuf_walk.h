/*
 * lib/trust/protobuf_walk.h - a message and all in it by tables of the fields that a format knows:
 * what is not in the table is a finding, as is damage.
 */
#ifndef TRUST_PROTOBUF_WALK_H
#define TRUST_PROTOBUF_WALK_H
#include "trust/protobuf.h"
#include "trust/scanner.h"

#define PROTOBUF_DEPTH_MAX 48
#define PROTOBUF_FIELDS_REPORTED 20

/* One walk through a file; a format's own state has it as its first member. */
struct protobuf_walk {
    const struct scan_file *file;
    const struct rule *damaged_rule, *field_rule; /* the format's */
    int depth;
    unsigned fields; /* unknown ones, so far */
    bool damaged;    /* nothing further can be followed */
    struct cursor cursor;
};

/* Look at a field with bytes. The cursor stands before them; what the handler leaves is passed
 * over. Errors: those of the source, MLOPS_CANCELLED. */
typedef int (*protobuf_handler)(struct protobuf_walk *walk, struct protobuf *message,
                                const struct protobuf_field *field, void *context,
                                struct mlops_error *err);

struct protobuf_known {
    uint32_t number;
    protobuf_handler handle; /* NULL: any value, not looked into */
};

/* Begin at the start of the file. */
void protobuf_walk_init(struct protobuf_walk *walk, const struct scan_file *file,
                        const struct rule *damaged, const struct rule *field,
                        struct mlops_error *err);

/* The whole file as one message. Errors: those of the source and of the handlers. */
int protobuf_walk_file(struct protobuf_walk *walk, const struct protobuf_known *known, size_t count,
                       void *context, struct mlops_error *err);
/* The bytes of a field as a message. */
int protobuf_walk_inner(struct protobuf_walk *walk, const struct protobuf *message,
                        const struct protobuf_field *field, const struct protobuf_known *known,
                        size_t count, void *context, struct mlops_error *err);

/* Say what is wrong, once, and leave off. */
void protobuf_walk_damaged(struct protobuf_walk *walk, const char *what);

#endif
