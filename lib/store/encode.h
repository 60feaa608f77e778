/*
 * lib/store/encode.h - how a chunk is stored: raw, compressed, or as a delta of earlier chunks.
 */
#ifndef STORE_ENCODE_H
#define STORE_ENCODE_H
#include "store/reader.h"

/* No encoding takes more than the chunk itself and this. */
#define ENCODE_ROOM (CHUNK_MAX + (CHUNK_MAX >> 7) + 1024)

struct encoder;

/* `store` is where bases lie. */
struct encoder *encoder_new(const struct store *store);
void encoder_free(struct encoder *encoder);

/*
 * Encode a blob of at most CHUNK_MAX bytes. `bases` are blobs of the store that it may resemble
 * (none: 0). Sets `encoding` and `stored` of `record`. `*stored` is `data` where it stays raw, else
 * `room`, which has ENCODE_ROOM bytes. Errors: MLOPS_IO.
 */
int encoder_encode(struct encoder *encoder, const uint8_t *data, size_t length,
                   const struct digest *bases, size_t base_count, uint8_t *room,
                   struct record *record, const void **stored, struct mlops_error *err);

#endif
