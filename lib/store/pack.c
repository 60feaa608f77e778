/* lib/store/pack.c - the tail of a pack, read and verified. */
#include "store/pack.h"

static int damaged(struct mlops_error *err, const char *name, const char *what)
{
    mlops_fail(err, MLOPS_INTEGRITY, "pack %s is damaged: %s", name, what);
    return mlops_hint(err, "put the file back from a backup or from another copy of the registry");
}

static int load_block(struct store_backend *backend, struct pack *pack, struct mlops_error *err)
{
    uint64_t size;
    uint8_t header[PACK_HEADER_SIZE], footer[PACK_FOOTER_SIZE];
    TRY(backend->size(backend, pack->name, &size, err));
    if (size < PACK_HEADER_SIZE + PACK_FOOTER_SIZE)
        return damaged(err, pack->name, "it is too short");
    TRY(backend->read(backend, pack->name, 0, header, sizeof(header), err));
    TRY(backend->read(backend, pack->name, size - sizeof(footer), footer, sizeof(footer), err));
    if (!pack_header_valid(header))
        return damaged(err, pack->name, "its header is not that of a pack");
    if (!pack_footer_decode(footer, size, &pack->footer))
        return damaged(err, pack->name, "its footer does not fit its size (truncated?)");
    char id[SHA256_HEX_SIZE];
    digest_to_hex(&pack->footer.id, id);
    if (strncmp(id, pack->name, 64) != 0)
        return damaged(err, pack->name, "its footer is of another pack");
    if (pack->footer.count >= UINT32_MAX)
        return damaged(err, pack->name, "it has too many entries");
    size_t length = (size_t)(pack->footer.count * INDEX_ENTRY_SIZE); /* at most the file's size */
    pack->block = malloc(length ? length : 1);
    if (!pack->block)
        return mlops_fail(err, MLOPS_IO, "pack %s: no memory for its index", pack->name);
    TRY(backend->read(backend, pack->name, pack->footer.index_offset, pack->block, length, err));
    if (!pack_index_valid(pack->block, length, &pack->footer))
        return damaged(err, pack->name, "its index does not match its checksum");
    for (size_t i = 0; i < pack->footer.count; i++) {
        struct record record;
        if (!pack_index_entry(pack->block, i, &pack->footer, &record))
            return damaged(err, pack->name, "an index entry is out of bounds");
    }
    return MLOPS_OK;
}

bool pack_name_valid(const char *name)
{
    struct digest id;
    return strlen(name) == 64 + strlen(".pack") && str_ends(name, ".pack") &&
           digest_from_hex(name, 64, &id);
}

int pack_load(struct store_backend *backend, const char *name, struct pack *pack,
              struct mlops_error *err)
{
    *pack = (struct pack){.name = xstrdup(name)};
    int code = load_block(backend, pack, err);
    if (code)
        pack_clear(pack);
    return code;
}

void pack_clear(struct pack *pack)
{
    free(pack->name);
    free(pack->block);
    *pack = (struct pack){0};
}
