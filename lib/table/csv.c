/* lib/table/csv.c - the CSV tokenizer. */
#include "table/csv.h"

#define NOWHERE SIZE_MAX

struct cutter {
    const struct csv_dialect *dialect;
    struct cells *cells;
    const char *text;
    size_t length;
    bool last;
    struct structure structure;
    /* the record under way */
    size_t record; /* where it begins */
    uint32_t record_line, line;
    struct cell *row;
    size_t fields;
    /* the field under way */
    size_t field; /* where it begins */
    bool quoted;  /* within quotes */
    size_t close; /* the closing quote; NOWHERE where there is none yet */
    size_t skip;  /* the second of two quotes */
    bool doubled, record_doubled;
    bool comment;
    bool first_only, done;
    size_t room; /* cells of the row, where the width is not known */
};

static int wrong(const struct cutter *c, uint64_t line, const char *what, struct mlops_error *err)
{
    c->cells->bad_line = line;
    return mlops_fail(err, MLOPS_INVALID, "%s", what);
}

static void begin_record(struct cutter *c, size_t at)
{
    c->record = c->field = at;
    c->record_line = c->line;
    c->fields = 0;
    c->quoted = c->doubled = c->record_doubled = false;
    c->close = c->skip = NOWHERE;
    c->comment = c->dialect->comment && at < c->length && c->text[at] == c->dialect->comment;
    if (!c->first_only)
        c->row = cells_row(c->cells, c->line);
}

static int end_field(struct cutter *c, size_t end, struct mlops_error *err)
{
    struct cell cell = {(uint32_t)c->field, (uint32_t)(end - c->field)};
    if (c->close != NOWHERE)
        cell = (struct cell){cell.at + 1, (uint32_t)(c->close - c->field - 1)};
    if (c->doubled)
        cell.length |= CELL_UNDONE; /* it is to be, once the record is whole */
    if (c->first_only) {
        if (c->fields == CSV_FIELDS_MAX)
            return wrong(c, c->record_line, "a record has more fields than can be read", err);
        GROW(c->row, c->fields, &c->room);
        c->row[c->fields] = cell;
    } else if (c->fields < c->cells->width) {
        c->row[c->fields] = cell;
    }
    c->fields++;
    c->record_doubled |= c->doubled;
    c->doubled = false;
    c->close = NOWHERE;
    return MLOPS_OK;
}

static void undo_doubled(const struct cutter *c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cell *cell = &c->row[i];
        if (!(cell->length & CELL_UNDONE))
            continue;
        const char *from = c->text + cell->at;
        char *to = cells_undo(c->cells, c->length);
        uint32_t length = cell->length & ~CELL_UNDONE, kept = 0;
        for (uint32_t j = 0; j < length; j++) {
            to[kept++] = from[j];
            if (from[j] == '"')
                j++;
        }
        *cell = cells_end_undone(c->cells, kept, 0);
    }
}

static int mend(struct cutter *c, struct mlops_error *err)
{
    size_t width = c->cells->width;
    if (c->dialect->ragged == TABLE_RAGGED_REFUSE) {
        c->cells->bad_line = c->record_line;
        mlops_fail(err, MLOPS_INVALID, "%zu field%s where the header has %zu", c->fields,
                   c->fields == 1 ? "" : "s", width);
        return (int)err->code;
    }
    c->cells->ragged++;
    for (; c->fields < width; c->fields++)
        c->row[c->fields] = (struct cell){CELL_ABSENT, 0};
    return MLOPS_OK;
}

/* The record ends before `next`; its last field is in. */
static int end_record(struct cutter *c, size_t next, struct mlops_error *err)
{
    size_t width = c->first_only ? c->fields : c->cells->width;
    bool blank = c->fields == 1 && c->row[0].length == 0 && c->text[c->record] != '"';
    c->cells->consumed = next;
    c->cells->line_count = c->line;
    if (!blank && !c->comment) {
        if (c->fields != width)
            TRY(mend(c, err));
        if (c->record_doubled)
            undo_doubled(c, width);
        bool skipped = c->dialect->ragged == TABLE_RAGGED_SKIP && c->cells->ragged > 0 &&
                       c->row[width - 1].at == CELL_ABSENT;
        if (c->first_only) {
            c->cells->width = c->fields;
            c->done = true;
        } else if (!skipped) {
            c->cells->rows++;
        }
    }
    if (!c->done)
        begin_record(c, next);
    return MLOPS_OK;
}

/* A quote at `at`. False: what follows is not there yet. */
static int take_quote(struct cutter *c, size_t at, bool *more, struct mlops_error *err)
{
    if (!c->quoted) {
        c->quoted = at == c->field && c->close == NOWHERE; /* elsewhere it is a byte like others */
        return MLOPS_OK;
    }
    if (at + 1 == c->length && !c->last) {
        *more = true;
        return MLOPS_OK;
    }
    char next = at + 1 < c->length ? c->text[at + 1] : '\n';
    if (next == '"') {
        c->skip = at + 1;
        c->doubled = true;
        return MLOPS_OK;
    }
    c->quoted = false;
    c->close = at;
    if (next != c->dialect->separator && next != '\n' && next != '\r')
        return wrong(c, c->record_line, "something follows a closing quote within a field", err);
    return MLOPS_OK;
}

static int take_return(struct cutter *c, size_t at, struct mlops_error *err)
{
    if (at + 1 < c->length && c->text[at + 1] != '\n')
        return wrong(c, c->record_line, "a carriage return without a newline", err);
    return MLOPS_OK; /* the newline ends the record */
}

static int take_newline(struct cutter *c, size_t at, struct mlops_error *err)
{
    size_t end = at > c->field && c->text[at - 1] == '\r' ? at - 1 : at;
    TRY(end_field(c, end, err));
    return end_record(c, at < c->length ? at + 1 : at, err);
}

/* One byte that may give structure. `*more`: the text ends within something. */
static inline int take(struct cutter *c, size_t at, bool *more, struct mlops_error *err)
{
    char byte = c->text[at];
    if (byte == '\n')
        c->line++;
    if (c->comment || c->quoted) {
        if (c->comment && byte == '\n')
            return take_newline(c, at, err);
        if (c->comment || byte != '"' || at == c->skip)
            return MLOPS_OK;
        return take_quote(c, at, more, err);
    }
    if (byte == c->dialect->separator) {
        TRY(end_field(c, at, err));
        c->field = at + 1;
        return MLOPS_OK;
    }
    if (byte == '\n')
        return take_newline(c, at, err);
    if (byte == '"')
        return take_quote(c, at, more, err);
    return take_return(c, at, err);
}

/* Nothing but fields without quotes since the last end of a field, and room in the row. */
static inline bool is_plain(const struct cutter *c)
{
    return !c->quoted && !c->comment && c->close == NOWHERE && c->fields < c->cells->width;
}

/* Most of what is found: the end of a field of which nothing is to be known but where it stands. */
static inline void end_plain_field(struct cutter *c, size_t at)
{
    c->row[c->fields++] = (struct cell){(uint32_t)c->field, (uint32_t)(at - c->field)};
    c->field = at + 1;
}

/* The text ends: so does its last record, if it is whole. */
static int end_text(struct cutter *c, struct mlops_error *err)
{
    if (!c->last || c->done || c->record >= c->length)
        return MLOPS_OK;
    if (c->quoted && !c->comment)
        return wrong(c, c->record_line, "a quote that begins in this record is never closed", err);
    c->line++;
    return take_newline(c, c->length, err);
}

static uint64_t structure_at(const struct cutter *c, size_t base)
{
    char block[64];
    size_t left = c->length - base;
    if (left >= sizeof(block))
        return c->dialect->finder(c->text + base, &c->structure);
    memset(block, 0, sizeof(block));
    memcpy(block, c->text + base, left);
    return c->dialect->finder(block, &c->structure) & ((1ULL << left) - 1);
}

static int cut(struct cutter *c, struct mlops_error *err)
{
    begin_record(c, 0);
    for (size_t base = 0; base < c->length && !c->done; base += 64)
        for (uint64_t found = structure_at(c, base); found && !c->done; found &= found - 1) {
            size_t at = base + (size_t)__builtin_ctzll(found);
            bool more = false;
            if (c->text[at] == c->dialect->separator && is_plain(c))
                end_plain_field(c, at);
            else
                TRY(take(c, at, &more, err));
            if (more)
                return MLOPS_OK;
        }
    return end_text(c, err);
}

int csv_cut(const struct csv_dialect *dialect, size_t length, bool last, struct cells *cells,
            struct mlops_error *err)
{
    struct cutter c = {.dialect = dialect,
                       .cells = cells,
                       .text = cells->text,
                       .length = length,
                       .last = last,
                       .structure = {{dialect->separator, '"', '\n', '\r'}},
                       .first_only = cells->width == 0};
    int code = cut(&c, err);
    if (c.first_only && code == MLOPS_OK && c.done) { /* the row was no one's yet */
        memcpy(cells_row(cells, c.record_line), c.row, c.fields * sizeof(*c.row));
        cells->rows = 1;
    }
    if (c.first_only)
        free(c.row);
    return code;
}

int csv_check(char separator, char comment, struct mlops_error *err)
{
    static const char structure[] = {'"', '\r', '\n'};
    if (memchr(structure, separator, sizeof(structure)))
        return mlops_fail(err, MLOPS_INVALID, "a quote or the end of a line cannot separate cells");
    if (memchr(structure, comment, sizeof(structure)))
        return mlops_fail(err, MLOPS_INVALID, "a quote or the end of a line cannot begin comments");
    if (separator && separator == comment)
        return mlops_fail(err, MLOPS_INVALID,
                          "the same character cannot separate cells and begin comments");
    return MLOPS_OK;
}

/* Where the first record begins. */
static size_t first_record(const char *text, size_t length, char comment)
{
    size_t at = 0;
    while (at < length) {
        const char *newline = memchr(text + at, '\n', length - at);
        bool blank = text[at] == '\n' || (text[at] == '\r' && newline == text + at + 1);
        if (!newline || !(blank || (comment && text[at] == comment)))
            break;
        at = (size_t)(newline - text) + 1;
    }
    return at;
}

char csv_separator(const char *text, size_t length, char comment)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    size_t counts[sizeof(candidates)] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = first_record(text, length, comment);
         i < length && (quoted || (text[i] != '\n' && text[i] != '\r')); i++) {
        if (text[i] == '"')
            quoted = !quoted;
        for (size_t j = 0; !quoted && j < sizeof(candidates); j++)
            counts[j] += text[i] == candidates[j];
    }
    for (size_t i = 1; i < sizeof(candidates); i++)
        if (counts[i] > counts[best])
            best = i;
    return candidates[best];
}

/* Eight bytes at a time: those that are quotes become zero, and a zero byte is told exactly by the
 * carries that stay within it (Warren, "Hacker's Delight", 2nd edition, section 6-1). */
static size_t count_quotes(const char *text, size_t length)
{
    const uint64_t quotes = 0x2222222222222222ULL, low = 0x7f7f7f7f7f7f7f7fULL;
    size_t count = 0, i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t bytes;
        memcpy(&bytes, text + i, sizeof(bytes));
        bytes ^= quotes;
        count += (size_t)__builtin_popcountll(~(((bytes & low) + low) | bytes | low));
    }
    for (; i < length; i++)
        count += text[i] == '"';
    return count;
}

size_t csv_whole(const char *text, size_t length)
{
    size_t quotes = memchr(text, '"', length) ? count_quotes(text, length) : 0;
    size_t end = length;
    while (end > 0) {
        const char *newline = memrchr(text, '\n', end);
        if (!newline)
            return 0;
        size_t at = (size_t)(newline - text);
        if (quotes > 0)
            quotes -= count_quotes(text + at, end - at);
        if (quotes % 2 == 0)
            return at + 1;
        end = at;
    }
    return 0;
}
