/*
 * lib/trust/pickle_text.h - the four ways in which pickle writes text, each decoded as CPython
 * does, into UTF-8.
 */
#ifndef TRUST_PICKLE_TEXT_H
#define TRUST_PICKLE_TEXT_H
#include "trust/pickle_value.h"

/* Room that `pickle_text_decode` may need for `length` bytes, the closing NUL included. */
#define PICKLE_TEXT_ROOM(length) ((length)*2 + 1)

/*
 * Decode `length` bytes at `data` into `text`, which has PICKLE_TEXT_ROOM(length) bytes, and end it
 * with a NUL. False where CPython would refuse the escapes; `text` then has what came before.
 */
bool pickle_text_decode(enum pickle_coding coding, const uint8_t *data, size_t length, char *text,
                        size_t *decoded);

/* An integer as the text opcodes INT, LONG, GET and PUT have it: int(text, base 10 or 0) of Python;
 * false where Python would refuse it or where it is not within 64 bits. */
bool pickle_text_integer(const uint8_t *data, size_t length, int64_t *number);

#endif
