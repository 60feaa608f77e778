/* lib/trust/protobuf.c - tags, lengths and numbers within their bounds. */
#include "trust/protobuf.h"
#include "base/endian.h"

#define VARINT_MAX 10 /* bytes */
#define FIELD_MAX 536870911u

static bool take_varint(struct protobuf *message, uint64_t *value, const char **wrong)
{
    *value = 0;
    for (unsigned i = 0; i < VARINT_MAX; i++) {
        int byte = message->cursor->at < message->end ? cursor_byte(message->cursor) : -1;
        if (byte < 0) {
            *wrong = "a number goes beyond the end of its message";
            return false;
        }
        if (i == VARINT_MAX - 1 && byte > 1) {
            *wrong = "a number has more than 64 bits";
            return false;
        }
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80))
            return true;
    }
    *wrong = "a number does not end";
    return false;
}

static bool take_fixed(struct protobuf *message, size_t length, uint64_t *value, const char **wrong)
{
    uint8_t bytes[8] = {0};
    if (length > message->end - message->cursor->at ||
        !cursor_take(message->cursor, bytes, length)) {
        *wrong = "a number goes beyond the end of its message";
        return false;
    }
    *value = get_u64(bytes);
    return true;
}

bool protobuf_next(struct protobuf *message, struct protobuf_field *field, const char **wrong)
{
    uint64_t tag;
    *wrong = NULL;
    if (message->cursor->code || message->cursor->at >= message->end ||
        !take_varint(message, &tag, wrong))
        return false;
    *field = (struct protobuf_field){.number = (uint32_t)(tag >> 3), .wire = tag & 7};
    if (tag >> 3 == 0 || tag >> 3 > FIELD_MAX) {
        *wrong = "a field has no number that there can be";
        return false;
    }
    switch (tag & 7) {
    case PROTOBUF_VARINT:
        return take_varint(message, &field->value, wrong);
    case PROTOBUF_FIXED64:
        return take_fixed(message, 8, &field->value, wrong);
    case PROTOBUF_FIXED32:
        return take_fixed(message, 4, &field->value, wrong);
    case PROTOBUF_BYTES:
        if (!take_varint(message, &field->length, wrong))
            return false;
        field->at = message->cursor->at;
        if (field->length <= message->end - field->at)
            return true;
        *wrong = "a field is longer than its message";
        return false;
    default:
        *wrong = "a field is of a kind that there is not";
        return false;
    }
}

struct protobuf protobuf_message(const struct protobuf *outer, const struct protobuf_field *field)
{
    return (struct protobuf){outer->cursor, field->at + field->length};
}

void protobuf_skip(const struct protobuf *message, const struct protobuf_field *field)
{
    (void)cursor_skip(message->cursor, field->at + field->length - message->cursor->at);
}

bool protobuf_text(const struct protobuf *message, const struct protobuf_field *field, size_t most,
                   struct buffer *text)
{
    size_t length = field->length < most ? (size_t)field->length : most;
    buffer_reset(text);
    buffer_reserve(text, length + 1);
    if (!cursor_take(message->cursor, text->data, length))
        return false;
    text->length = length;
    text->data[length] = '\0';
    protobuf_skip(message, field);
    return true;
}
