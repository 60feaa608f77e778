/*
 * lib/monitor/rotation.c - the files that logrotate left, and how far they were read.
 *
 * Names are those of logrotate: NAME.1, NAME.2 …, NAME-20261129 with dateext, and any of these with
 * .gz or .zst. Others (an `extension`, an olddir) are not found.
 */
#include "monitor/rotation.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "stats/hll.h"
#include "table/intake.h"
#include <errno.h>

#define DIGITS_MAX 18
#define RECORD_MAX 4096 /* bytes of a position's file */
#define PIECE (256U << 10)

/* ---- how far it was read -------------------------------------------------------------------- */

void mark_add(struct mark *mark, const char *data, size_t length)
{
    size_t head = MARK_SIZE - mark->head_length;
    head = length < head ? length : head;
    memcpy(mark->head + mark->head_length, data, head);
    mark->head_length += head;
    size_t last = length < MARK_SIZE ? length : MARK_SIZE;
    size_t kept = MARK_SIZE - last < mark->tail_length ? MARK_SIZE - last : mark->tail_length;
    memmove(mark->tail, mark->tail + mark->tail_length - kept, kept);
    memcpy(mark->tail + kept, data + length - last, last);
    mark->tail_length = kept + last;
    mark->position += length;
}

struct position mark_position(const struct mark *mark)
{
    return (struct position){mark->position, stats_hash(mark->head, mark->head_length),
                             stats_hash(mark->tail, mark->tail_length), mark->modified_ns};
}

/* Numbers as text: JSON's are doubles. */
int position_write(const char *path, const struct position *position, struct mlops_error *err)
{
    _cleanup_(free_string) char *folder = path_parent(path);
    _cleanup_(free_string) char *text = xprintf(
        "{\"bytes\":\"%llu\",\"head\":\"%llu\",\"modified_ns\":\"%lld\",\"tail\":\"%llu\"}\n",
        (unsigned long long)position->bytes, (unsigned long long)position->head,
        (long long)position->modified_ns, (unsigned long long)position->tail);
    TRY(directory_make(folder, 0755, err));
    return file_write_durable(path, text, strlen(text), 0600, err);
}

int position_read(const char *path, struct position *position, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(json_free) cJSON *json = NULL;
    struct mlops_error damaged;
    *position = (struct position){0};
    int code = file_read(path, RECORD_MAX, &text, err);
    if (code == MLOPS_NOT_FOUND || code == MLOPS_INVALID)
        return MLOPS_OK;
    TRY(code);
    if (text.length == 0 || json_parse(text.data, text.length, path, &json, &damaged))
        return MLOPS_OK;
    *position = (struct position){strtoull(json_string(json, "bytes", "0"), NULL, 10),
                                  strtoull(json_string(json, "head", "0"), NULL, 10),
                                  strtoull(json_string(json, "tail", "0"), NULL, 10),
                                  strtoll(json_string(json, "modified_ns", "0"), NULL, 10)};
    return MLOPS_OK;
}

/* ---- is it the one? ------------------------------------------------------------------------- */

/* Read on to `until`; `*whole`: there was as much. */
static int read_until(struct intake *intake, struct mark *mark, uint64_t until, bool *whole,
                      struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer piece = {0};
    buffer_reserve(&piece, PIECE);
    *whole = true;
    while (*whole && mark->position < until) {
        uint64_t left = until - mark->position;
        size_t wanted = left < PIECE ? (size_t)left : PIECE, got;
        TRY(intake_read(intake, piece.data, wanted, &got, err));
        mark_add(mark, piece.data, got);
        *whole = got == wanted;
    }
    return MLOPS_OK;
}

/* Does the file begin with what was read, and does it go on behind it? */
static int compare_content(const char *path, const struct position *last, bool *same, bool *more,
                           struct mlops_error *err)
{
    _cleanup_(intake_close_ptr) struct intake *intake = NULL;
    struct mark mark = {0};
    bool whole;
    char byte;
    size_t got;
    *same = *more = false;
    TRY(intake_open(path, NULL, &intake, err));
    TRY(read_until(intake, &mark, last->bytes < MARK_SIZE ? last->bytes : MARK_SIZE, &whole, err));
    if (!whole || stats_hash(mark.head, mark.head_length) != last->head)
        return MLOPS_OK;
    TRY(read_until(intake, &mark, last->bytes, &whole, err));
    if (!whole || stats_hash(mark.tail, mark.tail_length) != last->tail)
        return MLOPS_OK;
    *same = true;
    TRY(intake_read(intake, &byte, 1, &got, err));
    *more = got == 1;
    return MLOPS_OK;
}

/* ---- names ---------------------------------------------------------------------------------- */

/* What stands behind the name of the followed file; false where it is no old one of it. */
static bool read_suffix(const char *suffix, struct rotated *item)
{
    size_t digits = strspn(suffix + (*suffix != '\0'), "0123456789");
    if ((*suffix != '.' && *suffix != '-') || digits == 0 || digits > DIGITS_MAX)
        return false;
    const char *rest = suffix + 1 + digits;
    item->dated = *suffix == '-';
    item->number = strtoull(suffix + 1, NULL, 10);
    item->packed = str_equal(rest, ".gz") || str_equal(rest, ".zst");
    return item->packed || *rest == '\0';
}

/* Oldest first: dates ascend, numbers descend. One that is being compressed is there twice, and the
 * one that is whole comes first. */
static int compare(const void *a, const void *b)
{
    const struct rotated *x = a, *y = b;
    if (x->dated != y->dated)
        return x->dated ? -1 : 1;
    if (x->number != y->number)
        return (x->number < y->number) == x->dated ? -1 : 1;
    return x->packed - y->packed;
}

static void drop(struct rotated_list *list, size_t from, size_t count)
{
    if (count == 0)
        return;
    for (size_t i = from; i < from + count; i++)
        free(list->items[i].path);
    memmove(list->items + from, list->items + from + count,
            (list->count - from - count) * sizeof(*list->items));
    list->count -= count;
}

static void sort(struct rotated_list *list)
{
    if (list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), compare);
    for (size_t i = list->count; i-- > 1;)
        if (list->items[i].dated == list->items[i - 1].dated &&
            list->items[i].number == list->items[i - 1].number)
            drop(list, i, 1);
}

static int gather(const char *path, struct rotated_list *list, struct mlops_error *err)
{
    _cleanup_(free_string) char *folder = path_parent(path);
    _cleanup_(folder_close) DIR *entries = opendir(folder);
    const char *base = path_base(path);
    if (!entries)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look for older files in %s", folder);
    for (;;) {
        const struct dirent *entry;
        struct rotated item = {0};
        TRY(folder_next(entries, folder, &entry, err));
        if (!entry)
            break;
        if (!str_starts(entry->d_name, base) || !read_suffix(entry->d_name + strlen(base), &item))
            continue;
        item.path = path_join(folder, entry->d_name);
        if (stat(item.path, &item.status) != 0 || !S_ISREG(item.status.st_mode) ||
            item.status.st_size == 0) {
            free(item.path);
            continue;
        }
        GROW(list->items, list->count, &list->capacity);
        list->items[list->count++] = item;
    }
    sort(list);
    return MLOPS_OK;
}

static bool is_same_list(const struct rotated_list *a, const struct rotated_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = str_equal(a->items[i].path, b->items[i].path) &&
               a->items[i].status.st_dev == b->items[i].status.st_dev &&
               a->items[i].status.st_ino == b->items[i].status.st_ino;
    return same;
}

/* Twice, until nothing changed in between: a file that gets its next name between the reading of
 * names and the look at what has them would be missed. */
static int gather_settled(const char *path, struct rotated_list *list, struct mlops_error *err)
{
    TRY(gather(path, list, err));
    for (bool same = false; !same;) {
        _cleanup_(rotated_list_clear) struct rotated_list before = *list;
        *list = (struct rotated_list){0};
        TRY(gather(path, list, err));
        same = is_same_list(&before, list);
    }
    return MLOPS_OK;
}

/* ---- what was not read ---------------------------------------------------------------------- */

static int64_t modified_ns(const struct stat *status)
{
    return status->st_mtim.tv_sec * 1000000000LL + status->st_mtim.tv_nsec;
}

/* Leave what was opened, and what came after it, out. */
static void drop_newest(struct rotated_list *list, const struct stat *newest)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].status.st_dev == newest->st_dev &&
            list->items[i].status.st_ino == newest->st_ino) {
            drop(list, i, list->count - i);
            return;
        }
}

/* Of those that did not change since then, only NAME.1 where `first`. */
static void keep_changed(struct rotated_list *list, int64_t since_ns, bool first)
{
    for (size_t i = list->count; i-- > 0;) {
        const struct rotated *item = &list->items[i];
        bool is_first = first && !item->dated && item->number == 1 && !item->packed;
        if (!is_first && modified_ns(&item->status) < since_ns)
            drop(list, i, 1);
    }
}

/* Have the files got other names since? */
static int have_moved(const char *path, const struct stat *newest, const struct rotated_list *list,
                      bool *moved, struct mlops_error *err)
{
    _cleanup_(rotated_list_clear) struct rotated_list now = {0};
    TRY(gather(path, &now, err));
    drop_newest(&now, newest);
    *moved = !is_same_list(list, &now);
    return MLOPS_OK;
}

/* One that cannot be read is not the one; whoever reads it later finds the error, and says so. */
static bool is_last(const char *path, const struct position *last, bool *more)
{
    struct mlops_error ignored;
    bool same;
    return compare_content(path, last, &same, more, &ignored) == MLOPS_OK && same;
}

/* As rotation_list. `*moved`: while it was looked for among them, the files got other names. */
static int list_once(const char *path, const struct position *last, const struct stat *newest,
                     struct rotated_list *list, bool *moved, struct mlops_error *err)
{
    bool more;
    *moved = false;
    TRY(gather_settled(path, list, err));
    drop_newest(list, newest);
    if (last->bytes == 0 || is_last(path, last, &more)) {
        bool never = last->bytes == 0 && last->modified_ns;
        keep_changed(list, never ? last->modified_ns : INT64_MAX, true);
        return MLOPS_OK; /* NAME.1: its writer may have held it longer than whoever read it */
    }
    for (size_t i = list->count; i-- > 0;)
        if (is_last(list->items[i].path, last, &more)) {
            drop(list, 0, more ? i : i + 1);
            return MLOPS_OK;
        }
    TRY(have_moved(path, newest, list, moved, err));
    keep_changed(list, last->modified_ns, false);
    list->lost = true;
    return MLOPS_OK;
}

int rotation_list(const char *path, const struct position *last, const struct stat *newest,
                  struct rotated_list *list, struct mlops_error *err)
{
    bool moved = true;
    *list = (struct rotated_list){0};
    while (moved) {
        rotated_list_clear(list);
        TRY(list_once(path, last, newest, list, &moved, err));
    }
    return MLOPS_OK;
}

void rotated_list_clear(struct rotated_list *list)
{
    drop(list, 0, list->count);
    free(list->items);
    *list = (struct rotated_list){0};
}
