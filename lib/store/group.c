/* lib/store/group.c - small files collected until they make a chunk. */
#include "store/group.h"

struct group *group_new(void)
{
    struct group *group = xcalloc(1, sizeof(*group));
    _Static_assert(GROUP_SIZE + GROUP_FILE_MAX <= CHUNK_MAX, "a group is a chunk");
    group->data = xmalloc(GROUP_SIZE + GROUP_FILE_MAX);
    return group;
}

void group_free(struct group *group)
{
    if (!group)
        return;
    free(group->data);
    free(group);
}

uint8_t *group_room(struct group *group)
{
    return group->data + group->length;
}

void group_take(struct group *group, struct store_file *file, uint32_t length)
{
    group->files[group->count] = file;
    group->lengths[group->count++] = length;
    group->length += length;
}

bool group_is_full(const struct group *group)
{
    return group->length >= GROUP_SIZE || group->count == GROUP_MEMBERS;
}

void group_hash(struct group *group, struct digest *digest)
{
    struct sha256 *hash = sha256_new();
    sha256_update_parts(hash, group->data, group->lengths, group->count, group->digests);
    sha256_final(hash, digest);
    sha256_free(hash);
}

void group_keep(struct group *group, const bool wanted[], struct digest *digest)
{
    size_t kept = 0, count = group->count;
    uint32_t from = 0, to = 0;
    for (size_t i = 0; i < count; from += group->lengths[i++]) {
        if (!wanted[i])
            continue;
        uint32_t length = group->lengths[i];
        memmove(group->data + to, group->data + from, length);
        group->files[kept] = group->files[i];
        group->digests[kept] = group->digests[i];
        to += length;
        group->lengths[kept++] = length; /* at i or before: what is still to come stays */
    }
    group->count = kept;
    group->length = to;
    if (kept < count && kept > 0)
        sha256_of(group->data, to, digest);
}

void group_recipe(const struct group *group, size_t i, uint32_t offset, const struct digest *digest,
                  struct buffer *recipe)
{
    const struct recipe_entry entry = {
        .chunk = *digest, .length = group->lengths[i], .offset = offset};
    buffer_reset(recipe);
    recipe_append(recipe, &entry);
    recipe_finish(recipe);
}

void group_empty(struct group *group)
{
    group->count = 0;
    group->length = 0;
}
