/* lib/monitor/framing.c - a client's bytes as its token and lines. */
#include "monitor/framing.h"
#include "monitor/event.h"

#define GREETING "token "
#define GREETING_MAX 4096

/* Takes as long for a wrong token as for the right one. */
static bool is_token(const char *token, const char *text, size_t length)
{
    size_t size = strlen(token);
    unsigned char differs = size != length;
    for (size_t i = 0; i < length; i++)
        differs |= (unsigned char)(token[i % size] ^ text[i]);
    return !differs;
}

static void drop(struct buffer *text, size_t length)
{
    memmove(text->data, text->data + length, text->length - length);
    text->length -= length;
}

/* Its first line; takes it out of the text. */
static const char *check_token(struct framing *framing, const char *token)
{
    struct buffer *text = &framing->text;
    const char *stop = text->length ? memchr(text->data, '\n', text->length) : NULL;
    size_t length = stop ? (size_t)(stop - text->data) : text->length, skip = strlen(GREETING);
    if (!stop && length < GREETING_MAX)
        return NULL;
    size_t end = length > 0 && text->data[length - 1] == '\r' ? length - 1 : length;
    framing->trusted = stop && end > skip && memcmp(text->data, GREETING, skip) == 0 &&
                       is_token(token, text->data + skip, end - skip);
    if (!framing->trusted) {
        buffer_reset(text);
        return "error the first line is not the token\n";
    }
    drop(text, length + 1);
    return NULL;
}

const char *framing_move(struct framing *framing, const char *token, struct buffer *lines)
{
    struct buffer *text = &framing->text;
    if (!framing->trusted && token && *token) {
        const char *wrong = check_token(framing, token);
        if (wrong || !framing->trusted)
            return wrong;
    }
    framing->trusted = true;
    const char *last = text->length ? memrchr(text->data, '\n', text->length) : NULL;
    size_t length = last ? (size_t)(last - text->data) + 1 : 0;
    if (text->length - length > EVENT_LINE_MAX * 2)
        return "error a line is longer than 1 MiB\n";
    for (const char *at = text->data, *end = at + length; at < end; at++) {
        at = memchr(at, '\n', (size_t)(end - at));
        framing->lines++;
    }
    if (length > 0) {
        buffer_append(lines, text->data, length);
        drop(text, length);
    }
    return NULL;
}

void framing_clear(struct framing *framing)
{
    buffer_clear(&framing->text);
}
