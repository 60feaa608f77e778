/*
 * lib/trust/pickle_torch.h - what PyTorch puts around pickles: persistent ids for tensors'
 * storages, and the format before the zip one: five pickles, then the storages' raw bytes. Source:
 * torch/serialization.py (_legacy_save, _legacy_load, persistent_load).
 */
#ifndef TRUST_PICKLE_TORCH_H
#define TRUST_PICKLE_TORCH_H
#include "trust/pickle_machine.h"

#define TORCH_STORAGES_MAX 200000
#define TORCH_KEY_MAX 64

/* The storages that persistent ids named. */
struct torch_storage {
    char key[TORCH_KEY_MAX + 1];
    unsigned width;    /* bytes an element */
    uint64_t elements; /* of the largest id with this key */
};

struct torch_storages {
    struct torch_storage *items;
    size_t count, capacity;
    bool overflow;
};

void torch_storages_clear(struct torch_storages *storages);
/* Over TORCH_STORAGES_MAX it sets `overflow` instead. */
void torch_storages_add(struct torch_storages *storages, const char *key, unsigned width,
                        uint64_t elements);

/*
 * The object that PyTorch's persistent_load gives for `id`: ("storage", a storage class, key,
 * location, elements, …) or ("module", class, …). `*known` is false where `id` is nothing of that
 * kind.
 */
int torch_persistent_id(struct pickle_machine *machine, struct pickle_value id,
                        struct pickle_value *result, bool *known, struct mlops_error *err);

/* Is this the value of a legacy file's first pickle, its magic number? */
int torch_is_magic(struct pickle_machine *machine, struct pickle_value value, bool *magic,
                   struct mlops_error *err);
/* Account for the storages after the fifth pickle, which are those that `storages` has, in an order
 * of keys that the fifth pickle gave. The machine's reader moves to their end. */
int torch_skip_storages(struct pickle_machine *machine, const struct torch_storages *order,
                        struct mlops_error *err);

#endif
