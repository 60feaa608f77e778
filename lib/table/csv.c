/* lib/table/csv.c - the CSV tokenizer over a refillable window. */
#include "table/csv.h"
#include "base/file.h"

#define WINDOW_START (1U << 20)

struct csv {
    int fd;
    char *name;
    char separator;
    char *window;
    size_t begin, filled, capacity; /* unread bytes are window[begin … filled) */
    bool ended;                     /* the file has no more bytes */
    bool started;
    uint64_t line; /* of window[begin] */
    struct text_view *fields;
    size_t field_count, field_capacity;
};

struct csv *csv_new(int fd, const char *name, char separator)
{
    struct csv *csv = xcalloc(1, sizeof(*csv));
    csv->fd = fd;
    csv->name = xstrdup(name);
    csv->separator = separator;
    csv->line = 1;
    csv->capacity = WINDOW_START;
    csv->window = xmalloc(csv->capacity);
    return csv;
}

void csv_free(struct csv *csv)
{
    if (!csv)
        return;
    free(csv->name);
    free(csv->window);
    free(csv->fields);
    free(csv);
}

/* More bytes behind those that are there; grows the window where a record fills it. */
static int refill(struct csv *csv, struct mlops_error *err)
{
    if (csv->begin > 0) {
        memmove(csv->window, csv->window + csv->begin, csv->filled - csv->begin);
        csv->filled -= csv->begin;
        csv->begin = 0;
    }
    if (csv->filled == csv->capacity) {
        if (csv->capacity >= CSV_RECORD_MAX) {
            mlops_fail(err, MLOPS_INVALID, "%s:%llu: a record is longer than %u MiB", csv->name,
                       (unsigned long long)csv->line, CSV_RECORD_MAX >> 20);
            return mlops_hint(err, "is a quote not closed there?");
        }
        csv->capacity *= 2;
        csv->window = xrealloc(csv->window, csv->capacity, 1);
    }
    size_t got, room = csv->capacity - csv->filled;
    if (fd_read_full(csv->fd, csv->window + csv->filled, room, &got, err))
        return mlops_wrap(err, "%s", csv->name);
    csv->filled += got;
    csv->ended = got < room;
    return MLOPS_OK;
}

static void find_separator(struct csv *csv)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    size_t best = 0;
    csv->separator = ',';
    for (size_t i = 0; i < sizeof(candidates); i++) {
        size_t count = 0;
        bool quoted = false;
        for (size_t at = csv->begin; at < csv->filled; at++) {
            char c = csv->window[at];
            if (c == '"')
                quoted = !quoted;
            else if (!quoted && (c == '\n' || c == '\r'))
                break;
            else if (!quoted && c == candidates[i])
                count++;
        }
        if (count > best) {
            best = count;
            csv->separator = candidates[i];
        }
    }
}

/* Files that are no CSV but could be made one, by their first bytes. */
static int check_kind(const struct csv *csv, struct mlops_error *err)
{
    static const struct {
        const char *start;
        size_t length;
        const char *kind, *hint;
    } kinds[] = {
        {"\x1f\x8b", 2, "compressed with gzip", "decompress it first: gunzip, or zcat into a pipe"},
        {"\x28\xb5\x2f\xfd", 4, "compressed with zstd",
         "decompress it first: unzstd, or zstdcat into a pipe"},
        {"PK\x03\x04", 4, "a ZIP archive or a spreadsheet", "export the table as CSV"},
        {"PAR1", 4, "a Parquet file", "export the table as CSV"},
        {"\xff\xfe", 2, "UTF-16", "make it UTF-8 first: iconv -f UTF-16 -t UTF-8"},
        {"\xfe\xff", 2, "UTF-16", "make it UTF-8 first: iconv -f UTF-16 -t UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (csv->filled >= kinds[i].length &&
            memcmp(csv->window, kinds[i].start, kinds[i].length) == 0) {
            mlops_fail(err, MLOPS_INVALID, "%s is %s, not CSV", csv->name, kinds[i].kind);
            return mlops_hint(err, "%s", kinds[i].hint);
        }
    return MLOPS_OK;
}

static int begin_file(struct csv *csv, struct mlops_error *err)
{
    csv->started = true;
    TRY(refill(csv, err));
    TRY(check_kind(csv, err));
    if (csv->filled >= 3 && memcmp(csv->window, "\xef\xbb\xbf", 3) == 0)
        csv->begin = 3; /* byte-order mark */
    if (!csv->separator)
        find_separator(csv);
    return MLOPS_OK;
}

static int wrong(const struct csv *csv, uint64_t line, const char *what, struct mlops_error *err)
{
    return mlops_fail(err, MLOPS_INVALID, "%s:%llu: %s", csv->name, (unsigned long long)line, what);
}

enum outcome { RECORD_WHOLE, RECORD_NEEDS_MORE, RECORD_WRONG };

static int add_field(struct csv *csv, size_t from, size_t to, struct mlops_error *err)
{
    if (csv->field_count == CSV_FIELDS_MAX)
        return wrong(csv, csv->line, "a record has more fields than can be read", err);
    GROW(csv->fields, csv->field_count, &csv->field_capacity);
    /* positions for now: the window may still move; made pointers when the record is whole */
    csv->fields[csv->field_count++] =
        (struct text_view){.data = (const char *)(uintptr_t)from, .length = (uint32_t)(to - from)};
    return MLOPS_OK;
}

/*
 * Read one field from offset `*at` (relative to the window). Quoted fields are unquoted in place,
 * which is only done when the closing quote is there, so that a field cut by the window's end can
 * be read again.
 */
static enum outcome read_field(struct csv *csv, size_t *at, struct mlops_error *err)
{
    char *window = csv->window;
    size_t from = *at, to = from;
    if (from == csv->filled && !csv->ended)
        return RECORD_NEEDS_MORE;
    if (from == csv->filled || window[from] != '"') {
        while (to < csv->filled && window[to] != csv->separator && window[to] != '\n' &&
               window[to] != '\r')
            to++;
        if (to == csv->filled && !csv->ended)
            return RECORD_NEEDS_MORE;
        *at = to;
        return add_field(csv, from, to, err) ? RECORD_WRONG : RECORD_WHOLE;
    }
    size_t close = from + 1;
    bool doubled = false;
    for (;;) {
        const char *quote = memchr(window + close, '"', csv->filled - close);
        if (!quote && csv->ended) {
            wrong(csv, csv->line, "a quote that begins in this record is never closed", err);
            return RECORD_WRONG;
        }
        close = quote ? (size_t)(quote - window) : csv->filled;
        if (!csv->ended && close + 1 >= csv->filled)
            return RECORD_NEEDS_MORE;
        if (close + 1 == csv->filled || window[close + 1] != '"')
            break;
        doubled = true;
        close += 2;
    }
    size_t next = close + 1;
    if (next < csv->filled && window[next] != csv->separator && window[next] != '\n' &&
        window[next] != '\r') {
        wrong(csv, csv->line, "something follows a closing quote within a field", err);
        return RECORD_WRONG;
    }
    *at = next;
    /* doubled quotes are undone when the record is whole: marked by a flag in the length's place */
    if (add_field(csv, from + 1, close, err))
        return RECORD_WRONG;
    if (doubled)
        csv->fields[csv->field_count - 1].length |= 1U << 31;
    return RECORD_WHOLE;
}

/* Positions to pointers, doubled quotes to single ones. */
static void settle_fields(struct csv *csv)
{
    for (size_t i = 0; i < csv->field_count; i++) {
        struct text_view *field = &csv->fields[i];
        char *data = csv->window + (uintptr_t)field->data;
        uint32_t length = field->length & ~(1U << 31);
        if (field->length != length) {
            uint32_t kept = 0;
            for (uint32_t j = 0; j < length; j++) {
                data[kept++] = data[j];
                if (data[j] == '"')
                    j++;
            }
            length = kept;
        }
        *field = (struct text_view){.data = data, .length = length};
    }
}

static uint64_t lines_in(const char *text, size_t length)
{
    uint64_t lines = 0;
    for (const char *c = text; (c = memchr(c, '\n', length - (size_t)(c - text))); c++)
        lines++;
    return lines;
}

/* One record from `begin`; `*end` is where the next begins. */
static enum outcome read_record(struct csv *csv, size_t *end, struct mlops_error *err)
{
    size_t at = csv->begin;
    csv->field_count = 0;
    for (;;) {
        enum outcome outcome = read_field(csv, &at, err);
        if (outcome != RECORD_WHOLE)
            return outcome;
        if (at == csv->filled || csv->window[at] != csv->separator)
            break;
        at++;
    }
    if (at < csv->filled && csv->window[at] == '\r') {
        if (at + 1 == csv->filled && !csv->ended)
            return RECORD_NEEDS_MORE;
        at++;
        if (at < csv->filled && csv->window[at] != '\n') {
            wrong(csv, csv->line, "a carriage return without a newline", err);
            return RECORD_WRONG;
        }
    }
    *end = at < csv->filled ? at + 1 : at; /* the newline */
    return RECORD_WHOLE;
}

int csv_next(struct csv *csv, struct csv_record *record, bool *more, struct mlops_error *err)
{
    if (!csv->started)
        TRY(begin_file(csv, err));
    for (;;) {
        if (csv->begin == csv->filled && csv->ended) {
            *more = false;
            return MLOPS_OK;
        }
        size_t end = 0;
        enum outcome outcome = read_record(csv, &end, err);
        if (outcome == RECORD_WRONG)
            return (int)err->code;
        if (outcome == RECORD_NEEDS_MORE) {
            TRY(refill(csv, err));
            continue;
        }
        uint64_t line = csv->line;
        size_t begin = csv->begin;
        csv->line += lines_in(csv->window + begin, end - begin);
        csv->begin = end;
        bool quoted = csv->window[begin] == '"';
        settle_fields(csv);
        if (csv->field_count == 1 && csv->fields[0].length == 0 && !quoted)
            continue; /* a blank line */
        *record =
            (struct csv_record){.fields = csv->fields, .count = csv->field_count, .line = line};
        *more = true;
        return MLOPS_OK;
    }
}
