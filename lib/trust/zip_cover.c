/* lib/trust/zip_cover.c - which part of an archive each byte belongs to: to one, and not to two. */
#include "trust/zip.h"

struct range {
    uint64_t start, end;
    bool member;
};

struct cover {
    struct range *items;
    size_t count, capacity;
};

static void clear_cover(struct cover *cover)
{
    free(cover->items);
}

static void add(struct cover *cover, uint64_t start, uint64_t end, bool member)
{
    GROW(cover->items, cover->count, &cover->capacity);
    cover->items[cover->count++] = (struct range){start, end, member};
}

static int by_start(const void *a, const void *b)
{
    const struct range *left = a, *right = b;
    if (left->start != right->start)
        return left->start < right->start ? -1 : 1;
    return left->end < right->end ? -1 : left->end > right->end;
}

/* A member that no entry of the directory leads to: streaming readers see it all the same. */
static int take_hidden(struct zip_archive *archive, uint64_t *at, uint64_t end, bool *found,
                       struct mlops_error *err)
{
    const struct scan_file *file = archive->file;
    struct zip_entry entry = {.hidden = true};
    char *name;
    TRY(zip_read_local(file, *at, end, &entry, &name, found, err));
    if (!*found)
        return MLOPS_OK;
    bool open = (entry.local.flags & ZIP_DESCRIPTOR) && entry.local.packed == 0;
    uint64_t most = end - entry.data_at;
    if (open || entry.local.packed > most)
        entry.local.packed = most;
    if (open)
        entry.local.size = entry.local.method == ZIP_STORED ? most : 0;
    entry.end = entry.data_at + entry.local.packed;
    entry.central = entry.local;
    entry.record = *at;
    *at = entry.end;
    _cleanup_(free_string) char *shown = zip_entry_name(&entry);
    findings_add(file->findings, &zip_rule_hidden, file->path, entry.local_at,
                 "'%s' has a local header, and no entry leads to it", shown);
    GROW(archive->entries, archive->count, &archive->capacity);
    archive->entries[archive->count++] = entry;
    GROW(archive->hidden, archive->hidden_count, &archive->hidden_capacity);
    archive->hidden[archive->hidden_count++] = name;
    return MLOPS_OK;
}

static int take_gap(struct zip_archive *archive, uint64_t from, uint64_t to,
                    struct mlops_error *err)
{
    const struct scan_file *file = archive->file;
    bool found = true;
    while (found && from < to && archive->hidden_count < ZIP_HIDDEN_MAX)
        TRY(take_hidden(archive, &from, to, &found, err));
    if (from == to)
        return MLOPS_OK;
    const struct rule *rule = from == 0                  ? &zip_rule_prefix
                              : to == file->source->size ? &zip_rule_trailing
                                                         : &zip_rule_unexplained;
    findings_add(file->findings, rule, file->path, from, "%llu bytes %s",
                 (unsigned long long)(to - from),
                 rule == &zip_rule_prefix     ? "stand before the first part of the archive"
                 : rule == &zip_rule_trailing ? "follow the archive"
                                              : "belong to no part of the archive");
    if (from == 0 && archive->end.base == 0)
        return MLOPS_OK; /* the file's own beginning: the engine has looked at it */
    if (archive->gaps++ > ZIP_HIDDEN_MAX)
        return MLOPS_OK;
    _cleanup_(source_close_ptr) struct source *part = source_part(file->source, from, to - from);
    _cleanup_(free_string) char *name = xprintf("bytes@%llu", (unsigned long long)from);
    return scan_member(file, name, part, err);
}

int zip_check_cover(struct zip_archive *archive, struct mlops_error *err)
{
    const struct zip_end *end = &archive->end;
    const struct scan_file *file = archive->file;
    _cleanup_(clear_cover) struct cover cover = {0};
    uint64_t reached = 0, size = file->source->size;
    for (size_t i = 0; i < archive->count; i++)
        if (archive->entries[i].has_local)
            add(&cover, archive->entries[i].local_at, archive->entries[i].end, true);
    if (end->central_size)
        add(&cover, end->central_at, end->central_at + end->central_size, false);
    uint64_t after = end->at + ZIP_END_SIZE + end->comment_length;
    add(&cover, end->wide ? end->wide_at : end->at, after < size ? after : size, false);
    qsort(cover.items, cover.count, sizeof(*cover.items), by_start);
    for (size_t i = 0; i < cover.count; i++) {
        const struct range *range = &cover.items[i];
        if (range->start < reached) {
            if (!archive->overlap)
                findings_add(file->findings, &zip_rule_overlap, file->path, range->start,
                             "a part of the archive begins within another");
            archive->overlap = true;
        }
        if (range->start > reached)
            TRY(take_gap(archive, reached, range->start, err));
        if (range->end > reached)
            reached = range->end;
    }
    return reached < size ? take_gap(archive, reached, size, err) : MLOPS_OK;
}

int zip_take_stream(struct zip_archive *archive, struct mlops_error *err)
{
    return take_gap(archive, 0, archive->file->source->size, err);
}
