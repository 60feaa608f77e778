/*
 * tests/fuzz/fuzz_framing.c - however a client's bytes are cut on their way, the same lines come of
 * them, all that were counted, and none before the token.
 *
 * The first byte: is a token asked for? The second: how long the pieces are.
 */
#include "monitor/framing.h"

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* How it ended; `lines` is what was moved on. */
static const char *send_in_pieces(const uint8_t *data, size_t size, size_t piece, const char *token,
                                  struct framing *framing, struct buffer *lines)
{
    for (size_t at = 0; at < size; at += piece) {
        buffer_append(&framing->text, data + at, size - at < piece ? size - at : piece);
        const char *wrong = framing_move(framing, token, lines);
        if (wrong)
            return wrong;
    }
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 4000)
        return 0;
    const char *token = data[0] & 1 ? "secret" : NULL;
    _cleanup_(framing_clear) struct framing whole = {0}, cut = {0};
    _cleanup_(buffer_clear) struct buffer all = {0}, some = {0};
    const char *ended = send_in_pieces(data + 2, size - 2, size, token, &whole, &all);
    const char *same = send_in_pieces(data + 2, size - 2, data[1] % 32 + 1U, token, &cut, &some);
    require(ended == same && whole.lines == cut.lines && all.length == some.length);
    require(all.length == 0 || memcmp(all.data, some.data, all.length) == 0);
    uint64_t counted = 0;
    for (size_t i = 0; i < all.length; i++)
        counted += all.data[i] == '\n';
    require(counted == whole.lines && (whole.trusted || all.length == 0));
    if (token && all.length > 0)
        require(memcmp(data + 2, "token secret", 12) == 0);
    return 0;
}
