/* lib/store/stream.c - an object piece by piece. */
#include "store/stream.h"
#include "store/reader.h"

int store_stream(struct store *store, const struct digest *digest, store_sink sink, void *context,
                 struct mlops_error *err)
{
    struct location location;
    TRY(store_locate(store, digest, &location, err));
    _cleanup_(reader_free_ptr) struct reader *reader = reader_new(store);
    return reader_stream(reader, digest, sink, context, err);
}
