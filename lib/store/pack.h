/* lib/store/pack.h - the tail of a pack, read and verified: which records it has, and where. */
#ifndef STORE_PACK_H
#define STORE_PACK_H
#include "store/backend.h"
#include "store/format.h"

struct pack {
    char *name;     /* of the blob: ID.pack */
    uint8_t *block; /* index entries as they stand in the pack, verified; pack_index_entry reads */
    struct pack_footer footer;
};

/* Is it the name of a pack: 64 hexadecimal digits and ".pack"? */
bool pack_name_valid(const char *name);

/* That the file `name` begins as a pack does, which pack_load does not look at in a remote store.
 * Errors: MLOPS_INTEGRITY; MLOPS_IO. */
int pack_check_header(struct store_backend *backend, const char *name, struct mlops_error *err);
/* Read header, footer and index of a pack. The caller clears it; after a failure it is clear.
 * Errors: MLOPS_INTEGRITY what does not fit; MLOPS_IO. */
int pack_load(struct store_backend *backend, const char *name, struct pack *pack,
              struct mlops_error *err);
void pack_clear(struct pack *pack);

#endif
