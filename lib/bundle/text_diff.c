/* lib/bundle/text_diff.c - Myers' greedy algorithm over lines, and unified hunks of what it
 * finds. */
#include "bundle/text_diff.h"
#include "base/path.h"

struct line {
    const char *text;
    size_t length; /* without the newline */
    bool open;     /* the last one, without a newline */
};

struct lines {
    struct line *items;
    size_t count, capacity;
};

/* Which lines stay: for each of both sides, is it kept? */
struct script {
    struct lines old, fresh;
    bool *kept_old, *kept_fresh;
};

static void split(const struct buffer *text, struct lines *lines)
{
    if (text->length == 0)
        return;
    const char *at = text->data, *end = at + text->length;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        GROW(lines->items, lines->count, &lines->capacity);
        lines->items[lines->count++] =
            (struct line){.text = at, .length = (size_t)(stop - at), .open = !newline};
        at = newline ? newline + 1 : end;
    }
}

static bool same(const struct line *a, const struct line *b)
{
    return a->length == b->length && a->open == b->open && memcmp(a->text, b->text, a->length) == 0;
}

static void keep(struct script *script, size_t old, size_t fresh)
{
    script->kept_old[old] = true;
    script->kept_fresh[fresh] = true;
}

/* From the end back to the start, over the furthest points of each number of changes. */
static void trace(struct script *script, size_t from, long old_count, long fresh_count,
                  long *const *furthest, long edits)
{
    long x = old_count, y = fresh_count;

    for (long d = edits; d >= 0; d--) {
        const long *v = furthest[d] + d; /* v[k]: the furthest x on diagonal k, before d changes */
        long k = x - y;
        bool down = d > 0 && (k == -d || (k != d && v[k - 1] < v[k + 1]));
        long previous_k = down ? k + 1 : k - 1;
        long previous_x = d > 0 ? v[previous_k] : 0;
        long previous_y = d > 0 ? previous_x - previous_k : 0;
        while (x > previous_x && y > previous_y) {
            x--;
            y--;
            keep(script, from + (size_t)x, from + (size_t)y);
        }
        x = previous_x;
        y = previous_y;
    }
}

/* What is left between `from` lines in common at the start and those at the end. */
static void search(struct script *script, size_t from, size_t old_end, size_t fresh_end)
{
    long n = (long)(old_end - from), m = (long)(fresh_end - from), most = TEXT_DIFF_EDITS;
    long *furthest[TEXT_DIFF_EDITS + 1] = {NULL};
    long *v = xcalloc(2 * (TEXT_DIFF_EDITS + 2) + 1, sizeof(*v)), *middle = v + most + 2;
    bool found = false;
    long d = 0;

    for (; !found && d <= most && d <= n + m; d++) {
        /* diagonals -d to d, as they stood before this round */
        furthest[d] = xcalloc((size_t)(2 * d + 1), sizeof(long));
        memcpy(furthest[d], middle - d, (size_t)(2 * d + 1) * sizeof(long));
        for (long k = -d; !found && k <= d; k += 2) {
            bool down = k == -d || (k != d && middle[k - 1] < middle[k + 1]);
            long x = d == 0 ? 0 : down ? middle[k + 1] : middle[k - 1] + 1;
            long y = x - k;
            while (x < n && y < m &&
                   same(&script->old.items[from + (size_t)x],
                        &script->fresh.items[from + (size_t)y])) {
                x++;
                y++;
            }
            middle[k] = x;
            found = x >= n && y >= m;
        }
    }
    if (found)
        trace(script, from, n, m, furthest, d - 1);
    for (long i = 0; i <= most; i++)
        free(furthest[i]);
    free(v);
}

static void compare(struct script *script)
{
    size_t from = 0, old_end = script->old.count, fresh_end = script->fresh.count;

    while (from < old_end && from < fresh_end &&
           same(&script->old.items[from], &script->fresh.items[from])) {
        keep(script, from, from);
        from++;
    }
    while (old_end > from && fresh_end > from &&
           same(&script->old.items[old_end - 1], &script->fresh.items[fresh_end - 1]))
        keep(script, --old_end, --fresh_end);
    if (old_end > from && fresh_end > from)
        search(script, from, old_end, fresh_end);
}

/* ---- hunks ---------------------------------------------------------------------------------- */

static void write_line(char sign, const struct line *line, struct buffer *out)
{
    buffer_putc(out, sign);
    buffer_append(out, line->text, line->length);
    buffer_putc(out, '\n');
    if (line->open)
        buffer_puts(out, "\\ No newline at end of file\n");
}

/* Over changes and what is kept between them, where that is too little to part two hunks. */
static void hunk_end(const struct script *script, size_t *old, size_t *fresh)
{
    size_t kept = 0, a = *old, b = *fresh;

    while (a < script->old.count || b < script->fresh.count) {
        if (a < script->old.count && !script->kept_old[a]) {
            a++;
        } else if (b < script->fresh.count && !script->kept_fresh[b]) {
            b++;
        } else {
            if (++kept > 2 * TEXT_DIFF_CONTEXT)
                return;
            a++;
            b++;
            continue;
        }
        kept = 0;
        *old = a;
        *fresh = b;
    }
}

static void write_hunk(const struct script *script, size_t old, size_t fresh, size_t old_end,
                       size_t fresh_end, struct buffer *out)
{
    size_t after = script->old.count - old_end;
    size_t before = old < TEXT_DIFF_CONTEXT ? old : TEXT_DIFF_CONTEXT;

    old -= before;
    fresh -= before;
    after = after < TEXT_DIFF_CONTEXT ? after : TEXT_DIFF_CONTEXT;
    old_end += after;
    fresh_end += after;
    /* the line before, where nothing stands there: as diff(1) counts */
    buffer_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", old + (old_end > old), old_end - old,
                  fresh + (fresh_end > fresh), fresh_end - fresh);
    while (old < old_end || fresh < fresh_end) {
        if (old < old_end && !script->kept_old[old]) {
            write_line('-', &script->old.items[old++], out);
        } else if (fresh < fresh_end && !script->kept_fresh[fresh]) {
            write_line('+', &script->fresh.items[fresh++], out);
        } else {
            write_line(' ', &script->old.items[old++], out);
            fresh++;
        }
    }
}

static void write_hunks(const struct script *script, struct buffer *out)
{
    size_t old = 0, fresh = 0;

    for (;;) {
        while (old < script->old.count && fresh < script->fresh.count && script->kept_old[old] &&
               script->kept_fresh[fresh]) {
            old++;
            fresh++;
        }
        if (old == script->old.count && fresh == script->fresh.count)
            return;
        size_t old_end = old, fresh_end = fresh;
        hunk_end(script, &old_end, &fresh_end);
        write_hunk(script, old, fresh, old_end, fresh_end, out);
        old = old_end;
        fresh = fresh_end;
    }
}

void text_diff(const struct buffer *old, const struct buffer *fresh, struct buffer *out,
               struct text_diff *counts)
{
    struct script script = {0};

    split(old, &script.old);
    split(fresh, &script.fresh);
    script.kept_old = xcalloc(script.old.count + 1, sizeof(bool));
    script.kept_fresh = xcalloc(script.fresh.count + 1, sizeof(bool));
    compare(&script);
    *counts = (struct text_diff){0};
    for (size_t i = 0; i < script.old.count; i++)
        counts->removed += !script.kept_old[i];
    for (size_t i = 0; i < script.fresh.count; i++)
        counts->added += !script.kept_fresh[i];
    write_hunks(&script, out);
    free(script.kept_old);
    free(script.kept_fresh);
    free(script.old.items);
    free(script.fresh.items);
}

bool text_diff_is_text(const struct buffer *content)
{
    return content->length == 0 || (!memchr(content->data, '\0', content->length) &&
                                    utf8_valid(content->data, content->length));
}
