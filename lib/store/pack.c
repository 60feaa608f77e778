/* lib/store/pack.c - the tail of a pack, read and verified. */
#include "store/pack.h"

static int damaged(struct mlops_error *err, const char *name, const char *what)
{
    mlops_fail(err, MLOPS_INTEGRITY, "pack %s is damaged: %s", name, what);
    return mlops_hint(err, "put the file back from a backup or from another copy of the registry");
}

int pack_check_header(struct store_backend *backend, const char *name, struct mlops_error *err)
{
    uint8_t header[PACK_HEADER_SIZE];
    TRY(backend->read(backend, name, 0, header, sizeof(header), err));
    return pack_header_valid(header) ? MLOPS_OK
                                     : damaged(err, name, "its header is not that of a pack");
}

/* Footer and index, where each read is cheap. */
static int read_end(struct store_backend *backend, const char *name, size_t length,
                    struct buffer *end, uint64_t *size, struct mlops_error *err)
{
    TRY(backend->size(backend, name, size, err));
    if (*size < length)
        length = (size_t)*size;
    buffer_reset(end);
    buffer_reserve(end, length + 1);
    end->length = length;
    return backend->read(backend, name, *size - length, end->data, length, err);
}

/* At least the last `length` bytes of the pack, or all of it. */
static int load_end(struct store_backend *backend, const char *name, size_t length,
                    struct buffer *end, uint64_t *size, struct mlops_error *err)
{
    if (backend->tail)
        return backend->tail(backend, name, length, end, size, err);
    return read_end(backend, name, length, end, size, err);
}

static int check_footer(struct pack *pack, const struct buffer *end, uint64_t size,
                        struct mlops_error *err)
{
    char id[SHA256_HEX_SIZE];
    if (size < PACK_HEADER_SIZE + PACK_FOOTER_SIZE || end->length < PACK_FOOTER_SIZE)
        return damaged(err, pack->name, "it is too short");
    const uint8_t *footer = (const uint8_t *)end->data + end->length - PACK_FOOTER_SIZE;
    if (!pack_footer_decode(footer, size, &pack->footer))
        return damaged(err, pack->name, "its footer does not fit its size (truncated?)");
    digest_to_hex(&pack->footer.id, id);
    if (strncmp(id, pack->name, 64) != 0)
        return damaged(err, pack->name, "its footer is of another pack");
    if (pack->footer.count >= UINT32_MAX)
        return damaged(err, pack->name, "it has too many entries");
    return MLOPS_OK;
}

static int check_block(const struct pack *pack, size_t length, struct mlops_error *err)
{
    if (!pack_index_valid(pack->block, length, &pack->footer))
        return damaged(err, pack->name, "its index does not match its checksum");
    for (size_t i = 0; i < pack->footer.count; i++) {
        struct record record;
        if (!pack_index_entry(pack->block, i, &pack->footer, &record))
            return damaged(err, pack->name, "an index entry is out of bounds");
    }
    return MLOPS_OK;
}

static int load_block(struct store_backend *backend, struct pack *pack, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer end = {0};
    uint64_t size;
    TRY(load_end(backend, pack->name, PACK_FOOTER_SIZE, &end, &size, err));
    if (!backend
             ->remote) /* there it would be a request, and every record has a header of its own */
        TRY(size < PACK_HEADER_SIZE + PACK_FOOTER_SIZE
                ? damaged(err, pack->name, "it is too short")
                : pack_check_header(backend, pack->name, err));
    TRY(check_footer(pack, &end, size, err));
    size_t length = (size_t)(pack->footer.count * INDEX_ENTRY_SIZE); /* at most the file's size */
    pack->block = malloc(length ? length : 1);
    if (!pack->block)
        return mlops_fail(err, MLOPS_IO, "pack %s: no memory for its index", pack->name);
    if (end.length < length + PACK_FOOTER_SIZE && backend->tail)
        TRY(load_end(backend, pack->name, length + PACK_FOOTER_SIZE, &end, &size, err));
    if (end.length >= length + PACK_FOOTER_SIZE)
        memcpy(pack->block, end.data + end.length - PACK_FOOTER_SIZE - length, length);
    else
        TRY(backend->read(backend, pack->name, pack->footer.index_offset, pack->block, length,
                          err));
    return check_block(pack, length, err);
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
    if (code == MLOPS_INTEGRITY && backend->forget && backend->forget(backend, name)) {
        pack_clear(pack); /* what was damaged may have been a copy */
        *pack = (struct pack){.name = xstrdup(name)};
        code = load_block(backend, pack, err);
    }
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
