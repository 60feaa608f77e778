/*
 * lib/store/pack_writer.h - packs under construction: records gathered into batches, written to
 * temporary files, made visible all at once.
 *
 * Threads fill batches of their own; a flush reserves a stretch of the current pack under the lock
 * and writes it outside. A pack that is full gets its index and is brought to disk by a thread in
 * the background, so that publishing waits for little.
 */
#ifndef STORE_PACK_WRITER_H
#define STORE_PACK_WRITER_H
#include "store/handle.h"

struct pack_writer;
struct pack_batch;

int pack_writer_new(struct store *store, struct pack_writer **writer, struct mlops_error *err);
/* Removes everything that was not published. NULL is fine. */
void pack_writer_free(struct pack_writer *writer);

/* Records on their way into a pack; one thread's own. */
struct pack_batch *pack_batch_new(struct pack_writer *writer);
/* What was not flushed is lost. NULL is fine. */
void pack_batch_free(struct pack_batch *batch);

/* Add a record whose bytes stay where they are until the next flush. */
int pack_batch_add(struct pack_batch *batch, const struct record *record, const void *stored,
                   struct mlops_error *err);

/* As pack_batch_add for at most BATCH_ROOM bytes that the caller has written to what
 * pack_batch_room gave, with no other call between. */
#define BATCH_ROOM (600U << 10)
int pack_batch_room(struct pack_batch *batch, uint8_t **room, struct mlops_error *err);
void pack_batch_take(struct pack_batch *batch, const struct record *record);

/* Add a record whose bytes do not stay. */
int pack_batch_copy(struct pack_batch *batch, const struct record *record, const void *stored,
                    struct mlops_error *err);

/* Write what is in the batch. */
int pack_batch_flush(struct pack_batch *batch, struct mlops_error *err);

/* Make all packs durable and visible; all batches are flushed before. `*bytes` is what they take.
 */
int pack_writer_publish(struct pack_writer *writer, uint64_t *bytes, struct mlops_error *err);

#endif
