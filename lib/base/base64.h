/* lib/base/base64.h - the standard alphabet with padding (RFC 4648 §4), strictly. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H
#include "base/buffer.h"

void base64_write(const void *data, size_t length, struct buffer *out);

/* Append what `text` stands for; false where it is anything else than what base64_write gives:
 * other characters, missing padding, bits after the end. */
bool base64_read(const char *text, size_t length, struct buffer *out);

#endif
