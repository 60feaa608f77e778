/* lib/trust/pickle_reader.c - a window that slides over the source, and frames. */
#include "trust/pickle_reader.h"

/* At least `count` bytes from `position` in the window, or as many as the source has. */
static int fill(struct pickle_reader *reader, size_t count, size_t *got, struct mlops_error *err)
{
    uint64_t position = reader->position;
    if (position >= reader->window_start &&
        position - reader->window_start <= reader->window_length) {
        *got = reader->window_length - (size_t)(position - reader->window_start);
        if (*got >= count)
            return MLOPS_OK;
    }
    reader->window_start = position;
    TRY(source_read(reader->source, position, reader->window, PICKLE_WINDOW_SIZE,
                    &reader->window_length, err));
    *got = reader->window_length;
    return MLOPS_OK;
}

static const uint8_t *at_position(const struct pickle_reader *reader)
{
    return reader->window + (reader->position - reader->window_start);
}

/* The next `count` bytes do not fit into the frame. */
static void cross(struct pickle_reader *reader, uint64_t count, bool direct)
{
    if (reader->frame_end <= reader->position || count <= reader->frame_end - reader->position)
        return;
    reader->crossed = true;
    if (reader->drops && !direct)
        reader->position = reader->frame_end;
}

void pickle_reader_init(struct pickle_reader *reader, struct source *source)
{
    *reader = (struct pickle_reader){.source = source, .window = xmalloc(PICKLE_WINDOW_SIZE)};
}

void pickle_reader_clear(struct pickle_reader *reader)
{
    free(reader->window);
    *reader = (struct pickle_reader){0};
}

int pickle_reader_take(struct pickle_reader *reader, size_t count, const uint8_t **data,
                       struct mlops_error *err)
{
    size_t got;
    cross(reader, count, false);
    TRY(fill(reader, count, &got, err));
    *data = NULL;
    if (got >= count) {
        *data = at_position(reader);
        reader->position += count;
    }
    return MLOPS_OK;
}

void pickle_reader_skip(struct pickle_reader *reader, uint64_t count, bool direct, uint64_t *offset,
                        bool *whole)
{
    cross(reader, count, direct);
    *offset = reader->position;
    *whole = count <= reader->source->size - reader->position;
    if (*whole)
        reader->position += count;
}

/* The newline from `position`, before `limit`; `*length` is up to it or up to the limit. */
static int find_newline(struct pickle_reader *reader, uint64_t limit, uint64_t *length, bool *found,
                        struct mlops_error *err)
{
    uint64_t start = reader->position;
    *found = false;
    while (reader->position < limit && !*found) {
        size_t got;
        TRY(fill(reader, 1, &got, err));
        if (got == 0)
            break;
        if (got > limit - reader->position)
            got = (size_t)(limit - reader->position);
        const uint8_t *newline = memchr(at_position(reader), '\n', got);
        *found = newline != NULL;
        reader->position += newline ? (uint64_t)(newline - at_position(reader)) : got;
    }
    *length = reader->position - start;
    reader->position = start;
    return MLOPS_OK;
}

int pickle_reader_line(struct pickle_reader *reader, uint64_t *offset, uint64_t *length,
                       bool *whole, struct mlops_error *err)
{
    if (reader->frame_end > reader->position) {
        *offset = reader->position;
        TRY(find_newline(reader, reader->frame_end, length, whole, err));
        if (*whole) {
            reader->position += *length + 1;
            return MLOPS_OK;
        }
        cross(reader, UINT64_MAX, false);
    }
    *offset = reader->position;
    TRY(find_newline(reader, reader->source->size, length, whole, err));
    reader->position += *length + *whole;
    return MLOPS_OK;
}

void pickle_reader_frame(struct pickle_reader *reader, uint64_t size, bool *whole)
{
    if (reader->frame_end > reader->position) {
        reader->crossed = true; /* pickle.py stops at a frame within a frame */
        if (size <= reader->frame_end - reader->position) {
            *whole = true;
            return;
        }
        cross(reader, size, false);
    }
    uint64_t left = reader->source->size - reader->position;
    *whole = size <= left;
    reader->frame_end = reader->position + (*whole ? size : left);
}

int pickle_reader_at(struct pickle_reader *reader, uint64_t offset, void *data, size_t length,
                     struct mlops_error *err)
{
    if (offset >= reader->window_start && offset - reader->window_start <= reader->window_length &&
        length <= reader->window_length - (size_t)(offset - reader->window_start)) {
        memcpy(data, reader->window + (offset - reader->window_start), length);
        return MLOPS_OK;
    }
    return reader->source->read(reader->source, offset, data, length, err);
}
