/*
 * lib/store/group.h - small files collected until they make a chunk: compressed together they take
 * less time and less space. Each is a slice of the chunk (format.h).
 */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H
#include "store/format.h"
#include "store/store.h"

#define GROUP_FILE_MAX (16U << 10) /* larger files are chunks by themselves */
#define GROUP_SIZE (64U << 10)     /* a group of so many bytes is full */
#define GROUP_MEMBERS 512

struct group {
    uint8_t *data; /* GROUP_SIZE + GROUP_FILE_MAX */
    uint32_t length;
    size_t count;
    struct store_file *files[GROUP_MEMBERS]; /* the callers' */
    uint32_t lengths[GROUP_MEMBERS];
    struct digest digests[GROUP_MEMBERS];
};

struct group *group_new(void);
void group_free(struct group *group); /* NULL is fine */

/* Where the next file's bytes go: there is room for GROUP_FILE_MAX. */
uint8_t *group_room(struct group *group);
/* Those bytes are `file`, `length` of them, at least one. */
void group_take(struct group *group, struct store_file *file, uint32_t length);
bool group_is_full(const struct group *group);

/* Digests of the members and of the whole, in one pass. */
void group_hash(struct group *group, struct digest *digest);
/* Leave only the members that are `wanted`; where that drops some, `*digest` changes. */
void group_keep(struct group *group, const bool wanted[], struct digest *digest);
/* The recipe of member `i`, which lies at `offset` of the chunk `digest`. */
void group_recipe(const struct group *group, size_t i, uint32_t offset, const struct digest *digest,
                  struct buffer *recipe);
void group_empty(struct group *group);

#endif
