/*
 * lib/trust/protobuf.h - messages of Protocol Buffers, field by field, without a schema and without
 * loading what is skipped.
 *
 * Format: protobuf.dev, "Encoding". Groups, which proto3 does not have, are refused.
 */
#ifndef TRUST_PROTOBUF_H
#define TRUST_PROTOBUF_H
#include "base/buffer.h"
#include "trust/cursor.h"

enum protobuf_wire { PROTOBUF_VARINT, PROTOBUF_FIXED64, PROTOBUF_BYTES, PROTOBUF_FIXED32 = 5 };

struct protobuf_field {
    uint32_t number;
    enum protobuf_wire wire;
    uint64_t value;      /* of a varint or a fixed number */
    uint64_t at, length; /* where the bytes lie in the source */
};

/* A message from the cursor's place to `end`. Only the innermost may be read from. */
struct protobuf {
    struct cursor *cursor;
    uint64_t end;
};

/* The next field. Of PROTOBUF_BYTES the cursor stands before the bytes, which the caller takes in
 * whole: as a message of its own, as text, or by protobuf_skip. `*wrong` is set, and false given,
 * where the message is damaged; false without it: the message has ended, or the source failed
 * (cursor->code). */
bool protobuf_next(struct protobuf *message, struct protobuf_field *field, const char **wrong);

/* The field's bytes as a message. */
struct protobuf protobuf_message(const struct protobuf *outer, const struct protobuf_field *field);

/* Pass over the field's bytes, or what is left of them; they lie within the source. */
void protobuf_skip(const struct protobuf *message, const struct protobuf_field *field);

/* The field's bytes, at most `most` of them, as a text with a NUL; the rest is passed over. */
bool protobuf_text(const struct protobuf *message, const struct protobuf_field *field, size_t most,
                   struct buffer *text);

#endif
