/* lib/base/hash.c - SHA-256 and its names; bundle ids. */
#include "base/hash.h"
#include "base/sha256_ni.h"
#include <openssl/evp.h>

#define BLOCK 64

/* A stream of our own, where sha256_ni.h serves. */
struct stream {
    uint32_t state[8];
    uint64_t length;        /* bytes taken in */
    uint8_t pending[BLOCK]; /* its last length % BLOCK bytes */
};

struct sha256 {
    EVP_MD_CTX *context; /* NULL: `own` is used */
    struct stream own;
};

/* FIPS 180-4 §5.3.3 */
static const struct stream fresh = {.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                              0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};

/* OpenSSL's SHA-256 fails only where memory is out. */
static void must(int ok)
{
    static char fine;
    (void)xcheck(ok == 1 ? &fine : NULL);
}

/* Fill up the block that is pending with what it lacks of `data`; returns how much that was. */
static size_t stream_fill(struct stream *stream, const uint8_t *data, size_t length)
{
    size_t pending = stream->length % BLOCK;
    if (pending == 0)
        return 0;
    size_t taken = BLOCK - pending < length ? BLOCK - pending : length;
    memcpy(stream->pending + pending, data, taken);
    stream->length += taken;
    if (stream->length % BLOCK == 0)
        sha256_ni_blocks(stream->state, stream->pending, 1);
    return taken;
}

/* What follows the last whole block. */
static void stream_keep(struct stream *stream, const uint8_t *data, size_t length)
{
    if (length > 0)
        memcpy(stream->pending, data, length);
    stream->length += length;
}

static void stream_update(struct stream *stream, const uint8_t *data, size_t length)
{
    size_t taken = stream_fill(stream, data, length), blocks = (length - taken) / BLOCK;
    sha256_ni_blocks(stream->state, data + taken, blocks);
    stream->length += blocks * BLOCK;
    taken += blocks * BLOCK;
    stream_keep(stream, data + taken, length - taken);
}

static void state_write(const uint32_t state[8], struct digest *digest)
{
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(state[i]); /* sha256_ni is of x86 alone */
        memcpy(digest->bytes + 4 * i, &word, sizeof(word));
    }
}

/* Padding, FIPS 180-4 §5.1.1. */
static void stream_final(struct stream *stream, struct digest *digest)
{
    uint8_t tail[2 * BLOCK] = {0};
    size_t pending = stream->length % BLOCK, blocks = pending < BLOCK - 8 ? 1 : 2;
    memcpy(tail, stream->pending, pending);
    tail[pending] = 0x80;
    for (size_t i = 0; i < 8; i++)
        tail[blocks * BLOCK - 1 - i] = (uint8_t)(stream->length * 8 >> 8 * i);
    sha256_ni_blocks(stream->state, tail, blocks);
    state_write(stream->state, digest);
    *stream = fresh;
}

/* Take `data` into `whole` and into `part`, which is fresh, block against block. */
static void stream_update_both(struct stream *whole, struct stream *part, const uint8_t *data,
                               size_t length)
{
    size_t filled = stream_fill(whole, data, length), blocks = (length - filled) / BLOCK;
    sha256_ni_blocks_two(whole->state, data + filled, part->state, data, blocks);
    whole->length += blocks * BLOCK;
    part->length += blocks * BLOCK;
    filled += blocks * BLOCK;
    stream_keep(whole, data + filled, length - filled);
    stream_update(part, data + blocks * BLOCK, length - blocks * BLOCK);
}

struct sha256 *sha256_new(void)
{
    struct sha256 *hash = xcalloc(1, sizeof(*hash));
    hash->own = fresh;
    if (sha256_ni_available())
        return hash;
    hash->context = xcheck(EVP_MD_CTX_new());
    must(EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL));
    return hash;
}

void sha256_free(struct sha256 *hash)
{
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->context);
    free(hash);
}

void sha256_update(struct sha256 *hash, const void *data, size_t length)
{
    if (hash->context)
        must(EVP_DigestUpdate(hash->context, data, length));
    else
        stream_update(&hash->own, data, length);
}

void sha256_final(struct sha256 *hash, struct digest *digest)
{
    if (!hash->context) {
        stream_final(&hash->own, digest);
        return;
    }
    must(EVP_DigestFinal_ex(hash->context, digest->bytes, NULL));
    must(EVP_DigestInit_ex(hash->context, NULL, NULL));
}

void sha256_update_parts(struct sha256 *whole, const uint8_t *data, const uint32_t *lengths,
                         size_t count, struct digest *parts)
{
    for (size_t i = 0; i < count; data += lengths[i++]) {
        if (whole->context) {
            sha256_of(data, lengths[i], &parts[i]);
            must(EVP_DigestUpdate(whole->context, data, lengths[i]));
        } else {
            struct stream part = fresh;
            stream_update_both(&whole->own, &part, data, lengths[i]);
            stream_final(&part, &parts[i]);
        }
    }
}

/* One of two parts that are hashed at once. */
struct lane {
    struct stream stream;
    const uint8_t *data;
    size_t left; /* bytes */
    struct digest *digest;
};

/* The lane takes the part that nobody has begun, if there is one. */
static bool lane_take(struct lane *lane, const uint8_t **data, const uint32_t **lengths,
                      size_t *count, struct digest **digests)
{
    if (*count == 0)
        return false;
    *lane = (struct lane){fresh, *data, **lengths, *digests};
    *data += *(*lengths)++;
    (*count)--;
    (*digests)++;
    return true;
}

static void lane_advance(struct lane *lane, size_t blocks)
{
    lane->stream.length += blocks * BLOCK;
    lane->data += blocks * BLOCK;
    lane->left -= blocks * BLOCK;
}

static void lane_finish(struct lane *lane)
{
    stream_update(&lane->stream, lane->data, lane->left);
    stream_final(&lane->stream, lane->digest);
}

void sha256_of_parts(const uint8_t *data, const uint32_t *lengths, size_t count,
                     struct digest *parts)
{
    if (!sha256_ni_available()) {
        for (size_t i = 0; i < count; data += lengths[i++])
            sha256_of(data, lengths[i], &parts[i]);
        return;
    }
    struct lane a, b;
    bool has_a = lane_take(&a, &data, &lengths, &count, &parts);
    bool has_b = lane_take(&b, &data, &lengths, &count, &parts);
    while (has_a && has_b) {
        size_t blocks = (a.left < b.left ? a.left : b.left) / BLOCK;
        sha256_ni_blocks_two(a.stream.state, a.data, b.stream.state, b.data, blocks);
        lane_advance(&a, blocks);
        lane_advance(&b, blocks);
        struct lane *ended = a.left < BLOCK ? &a : &b;
        lane_finish(ended);
        *(ended == &a ? &has_a : &has_b) = lane_take(ended, &data, &lengths, &count, &parts);
    }
    if (has_a)
        lane_finish(&a);
    if (has_b)
        lane_finish(&b);
}

/* Two texts of at most two blocks together, padding included. */
static void short_of_two(const void *first, size_t first_length, const void *second,
                         size_t second_length, struct digest *digest)
{
    uint8_t text[2 * BLOCK] = {0};
    size_t length = first_length + second_length, blocks = length < BLOCK - 8 ? 1 : 2;
    struct stream stream = fresh;
    if (first_length > 0)
        memcpy(text, first, first_length);
    if (second_length > 0)
        memcpy(text + first_length, second, second_length);
    text[length] = 0x80;
    text[blocks * BLOCK - 1] = (uint8_t)(length * 8);
    text[blocks * BLOCK - 2] = (uint8_t)(length * 8 >> 8);
    sha256_ni_blocks(stream.state, text, blocks);
    state_write(stream.state, digest);
}

void sha256_of_two(const void *first, size_t first_length, const void *second, size_t second_length,
                   struct digest *digest)
{
    if (sha256_ni_available()) {
        if (first_length < BLOCK && second_length < BLOCK &&
            first_length + second_length < 2 * BLOCK - 8) {
            short_of_two(first, first_length, second, second_length, digest);
            return;
        }
        struct stream stream = fresh;
        stream_update(&stream, first, first_length);
        stream_update(&stream, second, second_length);
        stream_final(&stream, digest);
        return;
    }
    _cleanup_(sha256_free_ptr) struct sha256 *hash = sha256_new();
    sha256_update(hash, first, first_length);
    sha256_update(hash, second, second_length);
    sha256_final(hash, digest);
}

void sha256_of(const void *data, size_t length, struct digest *digest)
{
    sha256_of_two(data, length, "", 0, digest);
}

void digest_to_hex(const struct digest *digest, char hex[SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof(digest->bytes); i++) {
        hex[2 * i] = digits[digest->bytes[i] >> 4];
        hex[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    hex[64] = '\0';
}

/* The value of a digit, and 16 more so that what is none is 0; small letters only. A table, as the
 * digits of a digest are in no order that a processor could foresee. */
static const uint8_t digit_values[256] = {
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21, ['6'] = 22, ['7'] = 23,
    ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31};

bool digest_from_hex(const char *hex, size_t length, struct digest *digest)
{
    unsigned right = 16;
    if (length != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        unsigned high = digit_values[(uint8_t)hex[2 * i]];
        unsigned low = digit_values[(uint8_t)hex[2 * i + 1]];
        right &= high & low;
        digest->bytes[i] = (uint8_t)(high << 4 | (low & 15));
    }
    return right == 16;
}

#define BUNDLE_PREFIX "sha256:"

void bundle_id_format(const struct digest *digest, char id[MLOPS_BUNDLE_ID_SIZE])
{
    memcpy(id, BUNDLE_PREFIX, sizeof(BUNDLE_PREFIX) - 1);
    digest_to_hex(digest, id + sizeof(BUNDLE_PREFIX) - 1);
}

bool bundle_id_parse(const char *id, struct digest *digest)
{
    return str_starts(id, BUNDLE_PREFIX) &&
           digest_from_hex(id + sizeof(BUNDLE_PREFIX) - 1, strlen(id) - (sizeof(BUNDLE_PREFIX) - 1),
                           digest);
}
