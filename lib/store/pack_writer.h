/*
 * lib/store/pack_writer.h - packs under construction: records appended to temporary files, made
 * visible all at once.
 */
#ifndef STORE_PACK_WRITER_H
#define STORE_PACK_WRITER_H
#include "store/handle.h"

struct pack_writer;

/* Removes what dead writers left behind, too. */
int pack_writer_new(struct store *store, struct pack_writer **writer, struct mlops_error *err);
/* Removes everything that was not published. NULL is fine. */
void pack_writer_free(struct pack_writer *writer);

/* Append a record; its `offset` is set. Thread-safe. */
int pack_writer_append(struct pack_writer *writer, struct record *record, const void *stored,
                       struct mlops_error *err);

/* Make all packs durable and visible; `*bytes` is what they take. */
int pack_writer_publish(struct pack_writer *writer, uint64_t *bytes, struct mlops_error *err);

#endif
