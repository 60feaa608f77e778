/*
 * lib/store/parcel.h - chosen records of a store as packs that are made while they are sent away:
 * no copy of them comes to stand on this disk. The same records in the same order are the same
 * packs, byte for byte.
 */
#ifndef STORE_PARCEL_H
#define STORE_PARCEL_H
#include "store/format.h"
#include "store/store.h"

struct parcel;
struct location;

/* `store` must outlive it. */
struct parcel *parcel_new(struct store *store);
void parcel_free(struct parcel *parcel); /* NULL is fine */
DEFINE_CLEANUP(struct parcel, parcel_free)

/* visitor_each (store/visit.h) whose context is the parcel: the record is one of them, once. */
bool parcel_take(void *context, const struct location *location);
bool parcel_has(const struct parcel *parcel, const struct digest *name);

/* All were taken: cut them into packs and give these their names. */
void parcel_seal(struct parcel *parcel);

struct parcel_pack {
    char name[SHA256_HEX_SIZE + 5]; /* ID.pack */
    uint64_t size;                  /* bytes */
    size_t first, count;            /* of its records */
};
size_t parcel_count(const struct parcel *parcel);
const struct parcel_pack *parcel_pack(const struct parcel *parcel, size_t index);

/* Give pack `index` to `sink`, piece by piece: exactly its size, each record as it is stored after
 * it was seen to be what it should be. Errors: MLOPS_INTEGRITY damaged; MLOPS_CONFLICT gc removed a
 * pack meanwhile; those of `sink`; MLOPS_IO. */
typedef int (*parcel_sink)(void *context, const void *data, size_t length, struct mlops_error *err);
int parcel_write(struct parcel *parcel, size_t index, parcel_sink sink, void *context,
                 struct mlops_error *err);

#endif
