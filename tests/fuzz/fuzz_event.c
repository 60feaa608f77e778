/*
 * tests/fuzz/fuzz_event.c - no bytes break the readers of events: what they take fits the lines it
 * came from, and lines are counted, taken or refused, none twice.
 *
 * The first byte says how the rest is read: JSON Lines, CSV with a header, or JSON Lines in pieces,
 * as a socket brings them, which must give what the whole gives.
 */
#include "monitor/event.h"

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void look_at(const struct text_view *text, size_t max)
{
    unsigned char sum = 0;
    require(text->length <= max);
    for (size_t i = 0; i < text->length; i++)
        sum ^= (unsigned char)text->data[i]; /* readable */
    require(text->data || sum == 0);
}

static void look_at_chunk(const struct event_chunk *chunk)
{
    require(chunk->count + chunk->reject_count == chunk->lines);
    for (size_t i = 0; i < chunk->count; i++) {
        const struct event *event = &chunk->events[i];
        require(event->id != 0 && !(event->latency_ms < 0));
        look_at(&event->stage, chunk->length);
        look_at(&event->segment, chunk->length);
        look_at(&event->prediction, chunk->length);
        look_at(&event->text, chunk->length);
    }
    for (size_t i = 0; i < chunk->reject_count; i++) {
        require(chunk->rejects[i].reason != NULL);
        look_at(&chunk->rejects[i].text, chunk->length);
    }
    for (size_t i = 0; i < chunk->column_count; i++)
        for (size_t row = 0; row < chunk->count; row++)
            if (chunk->columns[i].kinds[row] >= CELL_NUMBER)
                look_at(&chunk->columns[i].texts[row], chunk->length);
}

static void read_whole(const char *text, size_t length, const struct event_layout *layout,
                       size_t counts[2])
{
    struct event_chunk chunk = {.text = text, .length = length, .first_line = 1};
    for (int round = 0; round < 2; round++) { /* a chunk is used again and again */
        event_chunk_read(&chunk, layout);
        look_at_chunk(&chunk);
    }
    counts[0] = chunk.count;
    counts[1] = chunk.reject_count;
    event_chunk_clear(&chunk);
}

/* Pieces that end with a line, in one chunk after another. */
static void read_pieces(const char *text, size_t length, size_t counts[2])
{
    struct event_chunk chunk = {.first_line = 1};
    counts[0] = counts[1] = 0;
    while (length > 0) {
        const char *stop = memchr(text, '\n', length);
        size_t piece = stop ? (size_t)(stop - text) + 1 : length;
        chunk.text = text;
        chunk.length = piece;
        event_chunk_read(&chunk, NULL);
        look_at_chunk(&chunk);
        counts[0] += chunk.count;
        counts[1] += chunk.reject_count;
        text += piece;
        length -= piece;
    }
    event_chunk_clear(&chunk);
}

static void read_csv(const char *text, size_t length)
{
    struct event_layout layout;
    struct mlops_error err;
    const char *stop = memchr(text, '\n', length);
    size_t header = stop ? (size_t)(stop - text) : length, counts[2];
    if (event_layout_read(text, header, &layout, &err))
        return;
    if (stop)
        read_whole(stop + 1, length - header - 1, &layout, counts);
    event_layout_clear(&layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    char *text = malloc(size - 1); /* its end is the end of memory */
    require(text != NULL);
    memcpy(text, data + 1, size - 1);
    if (data[0] == 'c') {
        read_csv(text, size - 1);
    } else {
        size_t whole[2], pieces[2];
        read_whole(text, size - 1, NULL, whole);
        read_pieces(text, size - 1, pieces);
        require(whole[0] == pieces[0] && whole[1] == pieces[1]);
    }
    free(text);
    return 0;
}
