/*
 * lib/table/text_input.c - CSV and JSON Lines: a window over the text, cut into units of whole
 * records, which all cores read at the same time.
 *
 * A unit of CSV ends where the quotes before it are balanced. A quote within a plain field may
 * mislead that; but a unit begins where a record does, its records are cut exactly, and what is left
 * of it is where the next round begins: the units behind it, which began in the wrong place, are
 * thrown away.
 */
#include "base/pool.h"
#include "table/convert.h"
#include "table/csv.h"
#include "table/input.h"
#include "table/jsonl.h"
#include "table/intake.h"

#define UNIT_BYTES (256U << 10)
#define UNITS 32          /* of a round, at most */
#define SAMPLE (8U << 20) /* bytes of the first window, by whose rows types are told */
#define WINDOW_MAX CSV_RECORD_MAX
#define SAMPLE_ROWS 8192

struct unit {
    const char *text;
    size_t length;
    bool last;
    struct cells cells;
    struct typed typed;
    uint64_t line; /* of its first row */
    int code;
    struct mlops_error err;
};

struct text_input {
    struct input input;
    struct intake *intake;
    bool json, count_misfits;
    struct csv_dialect dialect;
    struct jsonl_keys *keys;
    char *window;                   /* a piece of the intake's, or `own` */
    size_t begin, filled;           /* unread text is window[begin … filled) */
    bool ended;                     /* the source has no more */
    struct buffer own;              /* for what is longer than a piece */
    size_t unit_bytes;              /* more than UNIT_BYTES where a record was longer */
    uint64_t line;                  /* of window[begin] */
    struct unit units[UNITS];
    struct batch batches[UNITS];
    size_t batch_units[UNITS]; /* the unit that each batch is of */
    size_t batch_count;
};

static void text_close(struct input *input)
{
    struct text_input *text = (struct text_input *)input;
    intake_close(text->intake);
    header_clear(&text->input.header);
    jsonl_keys_free(text->keys);
    for (size_t i = 0; i < UNITS; i++) {
        cells_clear(&text->units[i].cells);
        typed_clear(&text->units[i].typed);
    }
    buffer_clear(&text->own);
    free(text);
}

static int at_line(const struct text_input *text, uint64_t line, struct mlops_error *err)
{
    return mlops_wrap(err, "%s:%llu", intake_name(text->intake), (unsigned long long)line);
}

/* ---- the window ----------------------------------------------------------------------------- */

/* The next piece becomes the window, with what is unread before it. */
static int take_piece(struct text_input *text, struct mlops_error *err)
{
    size_t unread = text->filled - text->begin, got;
    char *piece;
    TRY(intake_next(text->intake, &piece, &got, &text->ended, err));
    text->window = memcpy(piece - unread, text->window + text->begin, unread);
    text->begin = 0;
    text->filled = unread + got;
    buffer_clear(&text->own);
    return MLOPS_OK;
}

/* What is unread, and so many pieces behind it that they are `wanted` bytes together. */
static int gather(struct text_input *text, size_t wanted, struct mlops_error *err)
{
    size_t unread = text->filled - text->begin, got;
    char *piece;
    if (unread > 0 && text->window == text->own.data)
        memmove(text->own.data, text->own.data + text->begin, unread);
    else if (unread > 0)
        buffer_append(&text->own, text->window + text->begin, unread);
    text->own.length = unread;
    while (text->own.length < wanted && !text->ended) {
        TRY(intake_next(text->intake, &piece, &got, &text->ended, err));
        buffer_append(&text->own, piece, got);
    }
    text->window = text->own.data;
    text->begin = 0;
    text->filled = text->own.length;
    return MLOPS_OK;
}

/* More text behind what is unread; where that is much, twice as much. */
static int refill(struct text_input *text, struct mlops_error *err)
{
    size_t unread = text->filled - text->begin;
    if (unread >= WINDOW_MAX) {
        mlops_fail(err, MLOPS_INVALID, "a record is longer than %u MiB", WINDOW_MAX >> 20);
        mlops_hint(err, text->json ? "is it JSON Lines, an object a line?"
                                   : "is a quote not closed there?");
        return at_line(text, text->line, err);
    }
    if (!text->window)
        return gather(text, SAMPLE, err);
    if (unread <= INTAKE_BEFORE)
        return take_piece(text, err);
    return gather(text, unread < WINDOW_MAX / 2 ? 2 * unread : WINDOW_MAX, err);
}

/* ---- units ---------------------------------------------------------------------------------- */

static size_t whole_records(const struct text_input *text, const char *from, size_t length)
{
    if (!text->json)
        return csv_whole(from, length);
    const char *newline = memrchr(from, '\n', length);
    return newline ? (size_t)(newline - from) + 1 : 0;
}

/* The unit that begins at `at`: its length, 0 where its end is not in the window. It depends on the
 * text alone, and neither on the window nor on the number of threads: so do the batches. */
static size_t unit_length(const struct text_input *text, size_t at, bool *last)
{
    size_t left = text->filled - at;
    for (size_t wanted = text->unit_bytes;; wanted *= 2) {
        *last = wanted >= left && text->ended;
        if (*last)
            return left;
        size_t length = wanted <= left ? whole_records(text, text->window + at, wanted) : 0;
        if (length > 0 || wanted > left)
            return length;
    }
}

static size_t split(struct text_input *text)
{
    size_t count = 0;
    for (size_t at = text->begin; count < UNITS && at < text->filled; count++) {
        struct unit *unit = &text->units[count];
        unit->length = unit_length(text, at, &unit->last);
        unit->text = text->window + at;
        if (unit->length == 0)
            break;
        at += unit->length;
    }
    return count;
}

static int cut(const struct text_input *text, const char *from, size_t length, bool last,
               struct cells *cells, struct mlops_error *err)
{
    cells_begin(cells, from, text->input.header.width);
    if (text->json)
        return jsonl_cut(text->keys, length, cells, err);
    return csv_cut(&text->dialect, length, last, cells, err);
}

/* What goes wrong is kept with the unit: it may have begun in the wrong place. */
static int read_unit(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    struct text_input *text = context;
    struct unit *unit = &text->units[index];
    (void)worker;
    (void)err;
    unit->code = cut(text, unit->text, unit->length, unit->last, &unit->cells, &unit->err);
    if (!unit->code)
        unit->code = convert(&unit->cells, &text->input.header, text->count_misfits, &unit->typed,
                             &unit->err);
    return MLOPS_OK;
}

/* The units in their order, up to the first that was not read to its end. */
static int take_units(struct text_input *text, size_t count, struct mlops_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct unit *unit = &text->units[i];
        if (unit->code) {
            *err = unit->err;
            return at_line(text, text->line + unit->cells.bad_line, err);
        }
        unit->line = text->line;
        if (unit->cells.rows > 0) {
            text->batch_units[text->batch_count] = i;
            text->batches[text->batch_count++] = unit->typed.batch;
        }
        text->input.ragged += unit->cells.ragged;
        text->line += unit->cells.line_count;
        text->begin += unit->cells.consumed;
        if (unit->cells.consumed == 0)
            text->unit_bytes = unit->length * 2; /* a record longer than its unit */
        if (unit->cells.consumed < unit->length)
            return MLOPS_OK;
        text->unit_bytes = UNIT_BYTES;
    }
    return MLOPS_OK;
}

static int text_next(struct input *input, const struct batch **batches, size_t *count,
                     struct mlops_error *err)
{
    struct text_input *text = (struct text_input *)input;
    struct mlops_error unused;
    text->batch_count = 0;
    while (text->batch_count == 0 && (text->begin < text->filled || !text->ended)) {
        size_t units = split(text);
        if (units == 0)
            TRY(refill(text, err));
        (void)pool_run(units, read_unit, text, &unused); /* cannot fail */
        TRY(take_units(text, units, err));
    }
    *batches = text->batches;
    *count = text->batch_count;
    return MLOPS_OK;
}

static uint64_t text_line(const struct input *input, size_t batch, size_t row)
{
    const struct text_input *text = (const struct text_input *)input;
    const struct unit *unit = &text->units[text->batch_units[batch]];
    return unit->line + unit->cells.lines[row];
}

/* ---- opening -------------------------------------------------------------------------------- */

/* Files that are no text table but could be made one, by their first bytes. */
static int check_kind(const struct text_input *text, struct mlops_error *err)
{
    static const struct {
        const char *start;
        size_t length;
        const char *kind, *hint;
    } kinds[] = {
        {"PK\x03\x04", 4, "a ZIP archive or a spreadsheet", "export the table as CSV"},
        {"PAR1", 4, "Parquet that is not a plain file", "put it into a file, unpacked"},
        {"\x93NUMPY", 6, "npy that is not a plain file", "put it into a file, unpacked"},
        {"BZh", 3, "compressed with bzip2", "decompress it first: bzcat into a pipe"},
        {"\xfd"
         "7zXZ",
         5, "compressed with xz", "decompress it first: xzcat into a pipe"},
        {"MLOPSPRF", 8, "a profile", "look at it: mlops profile show FILE"},
        {"\xff\xfe", 2, "UTF-16", "make it UTF-8 first: iconv -f UTF-16 -t UTF-8"},
        {"\xfe\xff", 2, "UTF-16", "make it UTF-8 first: iconv -f UTF-16 -t UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (text->filled >= kinds[i].length &&
            memcmp(text->window, kinds[i].start, kinds[i].length) == 0) {
            mlops_fail(err, MLOPS_INVALID, "%s is %s, not CSV", intake_name(text->intake),
                       kinds[i].kind);
            return mlops_hint(err, "%s", kinds[i].hint);
        }
    return MLOPS_OK;
}

/* The first byte from `*at` on that is no white space, and where it is. */
static char next_byte(const struct text_input *text, const char *spaces, size_t *at)
{
    for (; *at < text->filled; (*at)++)
        if (text->window[*at] == '\0' || !strchr(spaces, text->window[*at]))
            return text->window[*at];
    return '\0';
}

/* Is it JSON Lines? Refuses JSON of other shapes, which is no CSV either. */
static int check_json(struct text_input *text, struct mlops_error *err)
{
    size_t at = text->begin;
    char first = next_byte(text, " \t\r\n", &at);
    size_t next = at + 1;
    text->json = first == '{';
    if (first == '{' && next_byte(text, " \t\r", &next) == '\n') {
        mlops_fail(err, MLOPS_INVALID, "%s is JSON with objects over many lines, not JSON Lines",
                   intake_name(text->intake));
        return mlops_hint(err, "put one object on a line: jq -c .");
    }
    if (first == '[' && next_byte(text, " \t\r\n", &next) == '{') {
        mlops_fail(err, MLOPS_INVALID, "%s is one array of JSON, not JSON Lines",
                   intake_name(text->intake));
        return mlops_hint(err, "put one object on a line: jq -c '.[]'");
    }
    return MLOPS_OK;
}

/* The first record, all of it: its cells, on `*line`. */
static int first_record(struct text_input *text, struct cells *cells, struct mlops_error *err)
{
    for (;;) {
        cells_clear(cells);
        cells_begin(cells, text->window + text->begin, 0);
        if (csv_cut(&text->dialect, text->filled - text->begin, text->ended, cells, err))
            return at_line(text, text->line + cells->bad_line, err);
        if (cells->rows > 0 || text->ended)
            break;
        TRY(refill(text, err));
    }
    if (cells->rows == 0)
        return mlops_fail(err, MLOPS_INVALID, "%s is empty: not even a header",
                          intake_name(text->intake));
    return MLOPS_OK;
}

static int find_separator(struct text_input *text, struct mlops_error *err)
{
    struct csv_dialect *dialect = &text->dialect;
    int code = csv_check(dialect->separator, dialect->comment, err);
    if (!code && !dialect->separator) {
        dialect->separator =
            csv_separator(text->window + text->begin, text->filled - text->begin, dialect->comment);
        code = csv_check(dialect->separator, dialect->comment, err);
        if (code)
            mlops_hint(err, "the separator was found out: name it");
    }
    return code ? mlops_wrap(err, "%s", intake_name(text->intake)) : MLOPS_OK;
}

/* The names are not to be given where the first record has all of them. */
static int names_come_first(const struct text_input *text, const char *const *names, bool *given,
                            struct mlops_error *err)
{
    _cleanup_(cells_clear) struct cells cells = {0};
    cells_begin(&cells, text->window + text->begin, 0);
    if (csv_cut(&text->dialect, text->filled - text->begin, text->ended, &cells, err))
        return at_line(text, text->line + cells.bad_line, err);
    if (cells.rows == 0)
        return MLOPS_OK; /* whoever reads the rows says why */
    struct text_view *fields = xcalloc(cells.width, sizeof(*fields));
    for (size_t i = 0; i < cells.width; i++)
        fields[i] = cell_text(&cells, &cells.cells[i]);
    *given = !header_has_all(fields, cells.width, names);
    free(fields);
    return MLOPS_OK;
}

static int read_csv_header(struct text_input *text, const struct table_options *options,
                           const struct table_schema *layout, struct mlops_error *err)
{
    _cleanup_(cells_clear) struct cells cells = {0};
    bool given = options->names != NULL;
    TRY(find_separator(text, err));
    if (given && options->names_give_way)
        TRY(names_come_first(text, options->names, &given, err));
    if (given)
        return header_give(options, intake_name(text->intake), layout, &text->input.header, err);
    TRY(first_record(text, &cells, err));
    struct text_view *names = xcalloc(cells.width, sizeof(*names));
    for (size_t i = 0; i < cells.width; i++)
        names[i] = cell_text(&cells, &cells.cells[i]);
    char **made = header_distinguish(names, cells.width);
    int code = header_read(names, cells.width, text->line + cells.lines[0],
                           intake_name(text->intake), options, layout, &text->input.header, err);
    strings_free(made);
    free(names);
    text->begin += cells.consumed;
    text->line += cells.line_count;
    return code;
}

/* The whole records among the first `most` bytes of the window, or one that is longer. `*last`:
 * with them the source ends. */
static int first_records(struct text_input *text, size_t most, size_t *length, bool *last,
                         struct mlops_error *err)
{
    for (;; most *= 2) {
        size_t there = text->filled - text->begin;
        *last = text->ended && most >= there;
        *length =
            *last ? there
                  : whole_records(text, text->window + text->begin, most < there ? most : there);
        if (*length > 0 || *last)
            return MLOPS_OK;
        if (most >= there)
            TRY(refill(text, err));
    }
}

static int read_json_names(struct text_input *text, const struct table_options *options,
                           const struct table_schema *layout, struct mlops_error *err)
{
    struct cells cells = {0};
    size_t length;
    bool last;
    text->keys = jsonl_keys_new();
    TRY(first_records(text, SAMPLE, &length, &last, err));
    if (jsonl_learn(text->keys, text->window + text->begin, length, SAMPLE_ROWS, &cells, err))
        return at_line(text, text->line + cells.bad_line, err);
    size_t count = jsonl_keys_count(text->keys);
    struct text_view *names = xcalloc(count, sizeof(*names));
    for (size_t i = 0; i < count; i++)
        names[i] = jsonl_key(text->keys, i);
    int code = header_read(names, count, 1, intake_name(text->intake), options, layout,
                           &text->input.header, err);
    free(names);
    return code;
}

/* Types are taken from the first rows, of which a part of the window has enough, mostly. */
static int infer_types(struct text_input *text, bool may_be_empty, struct mlops_error *err)
{
    _cleanup_(cells_clear) struct cells cells = {0};
    size_t length = 0;
    bool last = false;
    for (size_t part = SAMPLE / 8; part <= SAMPLE && !last && cells.rows < SAMPLE_ROWS; part *= 2) {
        TRY(first_records(text, part, &length, &last, err));
        if (cut(text, text->window + text->begin, length, last, &cells, err))
            return at_line(text, text->line + cells.bad_line, err);
    }
    if (cells.rows == 0 && !may_be_empty && cells.consumed == length)
        return mlops_fail(err, MLOPS_INVALID, "%s has a header and no rows",
                          intake_name(text->intake));
    if (cells.rows > SAMPLE_ROWS)
        cells.rows = SAMPLE_ROWS;
    convert_infer(&cells, &text->input.header);
    return MLOPS_OK;
}

int text_input_open(struct intake *intake, const struct table_options *options,
                    const struct table_schema *layout, struct input **input,
                    struct mlops_error *err)
{
    static const struct input_kind kind = {.next = text_next, .line = text_line, .close = text_close};
    struct text_input *text = xcalloc(1, sizeof(*text));
    _cleanup_(input_close_ptr) struct input *opened = &text->input;
    text->input.kind = &kind;
    text->intake = intake;
    text->line = 1;
    text->unit_bytes = UNIT_BYTES;
    text->count_misfits = options->count_misfits;
    text->dialect = (struct csv_dialect){options->separator, options->comment, options->ragged,
                                         structure_finder_choose()};
    TRY(refill(text, err));
    TRY(check_kind(text, err));
    if (text->filled >= 3 && memcmp(text->window, "\xef\xbb\xbf", 3) == 0)
        text->begin = 3; /* byte-order mark */
    if (!options->names || options->names_give_way)
        TRY(check_json(text, err));
    TRY((text->json ? read_json_names : read_csv_header)(text, options, layout, err));
    TRY(infer_types(text, layout != NULL, err));
    *input = TAKE_PTR(opened);
    return MLOPS_OK;
}
