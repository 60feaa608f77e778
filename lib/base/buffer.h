/*
 * lib/base/buffer.h - a growing run of bytes, kept NUL-terminated so that text can be read as is.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H
#include "base/util.h"
#include <stdarg.h>

/* Zeroed is empty: `struct buffer text = {0}`. `data` is NULL while nothing was added. */
struct buffer {
    char *data;
    size_t length;
    size_t capacity;
};

void buffer_clear(struct buffer *buffer); /* frees; usable again after; for _cleanup_ too */
void buffer_reset(struct buffer *buffer); /* empties, keeps the memory */
/* Room for `extra` more bytes; aborts when memory is out. */
void buffer_reserve(struct buffer *buffer, size_t extra);
void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_puts(struct buffer *buffer, const char *text);
void buffer_putc(struct buffer *buffer, char c);
void buffer_printf(struct buffer *buffer, const char *format, ...) MLOPS_PRINTF(2, 3);
void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments)
    MLOPS_PRINTF(2, 0);
/* The text, never NULL; the buffer is empty afterwards. The caller frees. */
char *buffer_steal(struct buffer *buffer);

#endif
