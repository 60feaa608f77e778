/* lib/trust/zip.c - the scanner: every archive that a reader could find in the file, every member
 * of each, by every reading. */
#include "trust/zip.h"
#include "base/endian.h"
#include "trust/pickle.h"
#include "trust/tar.h"

static bool begins_as_zip(const struct scan_file *file)
{
    return scan_head_has(file, 0, "PK\3\4", 4) || scan_head_has(file, 0, "PK\5\6", 4) ||
           scan_head_has(file, 0, "PK\7\010PK\3\4", 8);
}

/* Those end records that lead to a directory, the last one first. */
static int find_archives(const struct scan_file *file, struct zip_end *found, size_t *count,
                         bool *odd, struct mlops_error *err)
{
    uint64_t places[ZIP_CANDIDATES_MAX];
    size_t candidates;
    *count = 0;
    *odd = false;
    TRY(zip_find_ends(file->source, places, &candidates, err));
    for (size_t i = 0; i < candidates; i++) {
        struct zip_end readings[2];
        size_t got = 0;
        TRY(zip_read_end(file, places[i], true, readings, &got, err));
        /* Python takes the last one, whatever it says; others look on. */
        *odd |= *count == 0 && got == 0;
        for (size_t j = 0; j < got; j++)
            found[(*count)++] = readings[j];
    }
    return MLOPS_OK;
}

/*
 * By its beginning, or by its end, which is all that most readers ask for. A pickle and a tar may
 * end with a zip that is theirs, a value or a member: there it must end with the file, too.
 */
static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    struct zip_end found[2 * ZIP_CANDIDATES_MAX];
    size_t count;
    bool odd, tar;
    *claimed = begins_as_zip(file);
    if (*claimed)
        return MLOPS_OK;
    TRY(find_archives(file, found, &count, &odd, err));
    tar = tar_begins(file->head, file->head_length);
    for (size_t i = 0; i < count && !*claimed; i++) {
        bool ends = found[i].at + ZIP_END_SIZE + found[i].comment_length == file->source->size;
        *claimed = ends || !(tar || pickle_begins(file->head, file->head_length));
        *claimed &= found[i].central_size > 0;
    }
    return MLOPS_OK;
}

/* By both headers where they differ in what counts. */
int zip_scan_entry(const struct zip_archive *archive, const struct zip_entry *entry,
                   const struct scan_file *as, struct mlops_error *err)
{
    const struct zip_fields *local = &entry->local, *central = &entry->central;
    _cleanup_(source_close_ptr) struct source *content = NULL, *other = NULL;
    _cleanup_(free_string) char *name = zip_entry_name(entry);
    if (!entry->has_local)
        return MLOPS_OK;
    TRY(zip_open_member(archive, entry, central, true, &content, err));
    if (content)
        TRY(scan_member(as, name, content, err));
    bool sizes = local->packed && local->packed != UINT32_MAX && local->packed != central->packed;
    if (entry->hidden || (local->method == central->method && !sizes))
        return MLOPS_OK;
    struct zip_fields fields = *local;
    if (!sizes)
        fields.packed = central->packed;
    TRY(zip_open_member(archive, entry, &fields, false, &other, err));
    _cleanup_(free_string) char *twin = xprintf("%s (by its local header)", name);
    return other ? scan_member(as, twin, other, err) : MLOPS_OK;
}

static int scan_comment(const struct zip_archive *archive, struct mlops_error *err)
{
    const struct zip_end *end = &archive->end;
    uint64_t from = end->at + ZIP_END_SIZE, left = archive->file->source->size - from;
    uint64_t length = end->comment_length < left ? end->comment_length : left;
    if (end->comment_length > left)
        findings_add(archive->file->findings, &zip_rule_comment, archive->file->path, from,
                     "the comment should have %llu bytes", (unsigned long long)end->comment_length);
    if (length == 0)
        return MLOPS_OK;
    _cleanup_(source_close_ptr) struct source *comment =
        source_part(archive->file->source, from, length);
    return scan_member(archive->file, "comment", comment, err);
}

/* What earlier readings of the file have looked at: else archives in archives, each with many
 * readings, would cost more than their bytes account for. */
struct seen {
    struct seen_data {
        uint64_t at, packed;
        unsigned method;
    } * items;
    size_t count, sorted, capacity;
};

static void clear_seen(struct seen *seen)
{
    free(seen->items);
}

static int by_place(const void *a, const void *b)
{
    const struct seen_data *left = a, *right = b;
    if (left->at != right->at)
        return left->at < right->at ? -1 : 1;
    if (left->packed != right->packed)
        return left->packed < right->packed ? -1 : 1;
    return (left->method > right->method) - (left->method < right->method);
}

/* Remember this one; true where a reading before this one had it. */
static bool repeats(struct seen *seen, const struct zip_entry *entry)
{
    struct seen_data data = {entry->data_at, entry->central.packed, entry->central.method};
    if (seen->sorted && bsearch(&data, seen->items, seen->sorted, sizeof(data), by_place))
        return true;
    GROW(seen->items, seen->count, &seen->capacity);
    seen->items[seen->count++] = data;
    return false;
}

static int scan_entries(const struct zip_archive *archive, struct seen *seen,
                        struct mlops_error *err)
{
    for (size_t i = 0; i < archive->count; i++) {
        if (archive->overlap && i >= ZIP_OVERLAP_MAX)
            break; /* what it is has been said, and such a file may be a bomb */
        if (!repeats(seen, &archive->entries[i]))
            TRY(zip_scan_entry(archive, &archive->entries[i], archive->file, err));
    }
    return MLOPS_OK;
}

/* Without an end record: what a reader sees that goes from local header to local header. */
static int scan_stream(const struct scan_file *file, struct mlops_error *err)
{
    _cleanup_(zip_archive_clear) struct zip_archive archive = ZIP_ARCHIVE_EMPTY(file);
    _cleanup_(clear_seen) struct seen seen = {0};
    TRY(zip_take_stream(&archive, err));
    return scan_entries(&archive, &seen, err);
}

/* The bytes that the first reading does not account for have been looked at with it: others only
 * add members. */
static int scan_reading(const struct scan_file *file, const struct zip_end *end, bool first,
                        struct seen *seen, struct mlops_error *err)
{
    _cleanup_(zip_archive_clear) struct zip_archive archive = ZIP_ARCHIVE_EMPTY(file);
    archive.end = *end;
    TRY(zip_walk(&archive, err));
    zip_check_names(&archive);
    if (first) {
        TRY(zip_check_cover(&archive, err));
        TRY(scan_comment(&archive, err));
    }
    int code = MLOPS_OK;
    if (first && zip_is_torch(&archive)) {
        code = zip_scan_torch(&archive, err);
        for (size_t i = 0; i < archive.count; i++)
            (void)repeats(seen, &archive.entries[i]);
    } else {
        code = scan_entries(&archive, seen, err);
    }
    if (seen->count)
        qsort(seen->items, seen->count, sizeof(*seen->items), by_place);
    seen->sorted = seen->count;
    return code;
}

/* Is the end record `inner` part of what the archive `outer` accounts for: in a member's bytes? */
static bool lies_within(const struct zip_end *inner, const struct zip_end *outer)
{
    return inner->at < outer->central_at &&
           inner->at + ZIP_END_SIZE + inner->comment_length <= outer->central_at;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    struct zip_end found[2 * ZIP_CANDIDATES_MAX], readings[2];
    _cleanup_(clear_seen) struct seen seen = {0};
    size_t count, got;
    bool odd;
    TRY(find_archives(file, found, &count, &odd, err));
    if (count == 0) {
        findings_add(file->findings, &zip_rule_end, file->path, 0,
                     "no end record leads to a central directory");
        return scan_stream(file, err);
    }
    if (odd)
        findings_add(file->findings, &zip_rule_ambiguous, file->path, found[0].at,
                     "another end record follows the one that leads to a central directory");
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && lies_within(&found[i], &found[0]))
            continue; /* the end of an archive in a member that is stored */
        if (i > 0 && found[i].at != found[0].at)
            findings_add(file->findings, &zip_rule_ambiguous, file->path, found[i].at,
                         "there is a second end record with a central directory of its own");
        if (i == 0 || found[i].at != found[i - 1].at) /* once more, to say what is odd in it */
            TRY(zip_read_end(file, found[i].at, false, readings, &got, err));
        TRY(scan_reading(file, &found[i], i == 0, &seen, err));
    }
    return MLOPS_OK;
}

const struct scanner scanner_zip = {
    .format = "zip",
    .extensions =
        (const char *const[]){"zip", "npz", "pt", "pth", "bin", "ckpt", "pkl", "keras", "skops",
                              "model", "mar", "ptl", "whl", "jar", "mlpackage", NULL},
    .executes = true,
    .claims = claims,
    .scan = scan,
};
