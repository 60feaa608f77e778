/* lib/monitor/assemble.c - segments unpacked, read again, joined with labels, written as CSV. */
#include "monitor/assemble.h"
#include "base/clock.h"
#include "monitor/event.h"
#include "monitor/labels.h"
#include "monitor/outcome.h"
#include "monitor/roster.h"
#include "monitor/segment.h"
#include "monitor/window.h"
#include "registry/db.h"
#include "stats/frequent.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>

/* The text of a class, of which labels keep a hash. */
struct class_name {
    uint32_t class;
    char *text;
};

struct assembly {
    struct mlops_registry *registry;
    const struct assemble_options *options;
    struct assembled *assembled;
    struct class_name *classes;
    size_t class_count, class_capacity;
    struct label_list labels;
    struct id_set seen;
    struct event_chunk chunk;
    const struct event_column **cells; /* of the chunk, beside the profile's columns */
    FILE *out;
};

static void assembly_clear(struct assembly *assembly)
{
    for (size_t i = 0; i < assembly->class_count; i++)
        free(assembly->classes[i].text);
    free(assembly->classes);
    label_list_clear(&assembly->labels);
    id_set_clear(&assembly->seen);
    event_chunk_clear(&assembly->chunk);
    free(assembly->cells);
    if (assembly->out)
        (void)fclose(assembly->out); /* only where it failed before */
}

/* ---- classes -------------------------------------------------------------------------------- */

static void add_class(struct assembly *assembly, const char *text, size_t length)
{
    GROW(assembly->classes, assembly->class_count, &assembly->class_capacity);
    assembly->classes[assembly->class_count++] =
        (struct class_name){outcome_class(text, length), xstrndup(text, length)};
}

/* As the snapshot writes them: 0 and 1 where its target is of numbers, else its texts. */
static void name_classes(struct assembly *assembly, const struct column_profile *target)
{
    size_t count = 0;
    struct frequent_item *items = target->frequent && target->type != COLUMN_BOOL
                                      ? frequent_items(target->frequent, &count)
                                      : NULL;
    for (size_t i = 0; i < count; i++)
        add_class(assembly, items[i].value, items[i].length);
    free(items);
    if (target->type == COLUMN_BOOL) {
        add_class(assembly, "false", 5);
        add_class(assembly, "true", 4);
    }
    add_class(assembly, "0", 1);
    add_class(assembly, "1", 1);
}

static const char *class_text(const struct assembly *assembly, uint32_t class)
{
    for (size_t i = 0; i < assembly->class_count; i++)
        if (assembly->classes[i].class == class)
            return assembly->classes[i].text;
    return NULL;
}

/* ---- CSV ------------------------------------------------------------------------------------ */

/* What would be read as something else than a byte of a cell, in the place of `text`. */
static bool is_special(const struct csv_keys *csv, size_t column, const char *text, size_t at)
{
    if (column == 0 && at == 0 && csv->comment && text[0] == csv->comment)
        return true;
    if (csv->separator)
        return text[at] == csv->separator || memchr("\"\r\n", text[at], 3);
    /* without a header the first row is what the separator is found out by */
    return memchr("\",\r\n;\t|", text[at], csv->columns ? 7 : 4);
}

/* The cell of `column`, RFC 4180: quoted where it must be. */
static void put_field(const struct assembly *assembly, size_t column, const char *text,
                      size_t length)
{
    const struct csv_keys *csv = assembly->options->csv;
    FILE *out = assembly->out; /* which keeps its errors */
    bool plain = true;
    if (column > 0)
        (void)fputc(csv->separator ? csv->separator : ',', out);
    for (size_t i = 0; i < length && plain; i++)
        plain = !is_special(csv, column, text, i);
    if (plain) {
        (void)fwrite(text, 1, length, out);
        return;
    }
    (void)fputc('"', out);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            (void)fputc('"', out);
        (void)fputc(text[i], out);
    }
    (void)fputc('"', out);
}

static void put_text(const struct assembly *assembly, size_t column, const char *text)
{
    put_field(assembly, column, text, strlen(text));
}

static void put_header(struct assembly *assembly)
{
    const struct profile *profile = assembly->options->training->profile;
    if (assembly->options->csv->columns)
        return;
    for (size_t i = 0; i < profile->column_count; i++)
        put_text(assembly, i, profile->columns[i].name);
    (void)fputc('\n', assembly->out);
}

static void put_time(const struct assembly *assembly, size_t column, int64_t time_ns)
{
    char text[32];
    if (column_is_numeric(assembly->options->training->profile->columns[column].type))
        (void)snprintf(text, sizeof(text), "%lld", (long long)(time_ns / 1000000000));
    else
        mlops_time_format(time_ns, text);
    put_text(assembly, column, text);
}

static void put_cell(const struct assembly *assembly, size_t column, size_t row)
{
    const struct event_column *cells = assembly->cells[column];
    enum column_type type = assembly->options->training->profile->columns[column].type;
    uint8_t kind = cells && row < cells->filled ? cells->kinds[row] : CELL_ABSENT;
    if (kind == CELL_BOOL && column_is_numeric(type) && type != COLUMN_BOOL)
        put_text(assembly, column, cells->numbers[row] != 0 ? "1" : "0");
    else if (kind == CELL_NUMBER || kind == CELL_BOOL || kind == CELL_TEXT)
        put_field(assembly, column, cells->texts[row].data, cells->texts[row].length);
    else
        put_text(assembly, column, "");
}

static void put_score(const struct assembly *assembly, size_t column, double score)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%.17g", score);
    put_text(assembly, column, text);
}

static bool is_named(const char *a, const char *b)
{
    return a && str_equal(a, b);
}

static void put_row(struct assembly *assembly, const struct event *event, size_t row,
                    const char *label)
{
    const struct training *training = assembly->options->training;
    for (size_t i = 0; i < training->profile->column_count; i++) {
        const char *name = training->profile->columns[i].name;
        if (is_named(training->target, name))
            put_text(assembly, i, label);
        else if (is_named(training->time, name))
            put_time(assembly, i, event->time_ns);
        else if (!assembly->cells[i] && str_equal(name, "score") && !isnan(event->score))
            put_score(assembly, i, event->score);
        else
            put_cell(assembly, i, row);
    }
    (void)fputc('\n', assembly->out);
}

/* ---- events --------------------------------------------------------------------------------- */

static bool is_wanted(const struct assembly *assembly, const struct event *event)
{
    const struct assemble_options *options = assembly->options;
    const char *stage = event->stage.length ? event->stage.data : "production";
    size_t length = event->stage.length ? event->stage.length : strlen(stage);
    return !event->shadow && event->time_ns >= options->since_ns &&
           event->time_ns < options->until_ns && strlen(options->stage) == length &&
           memcmp(options->stage, stage, length) == 0;
}

static void find_columns(struct assembly *assembly)
{
    const struct profile *profile = assembly->options->training->profile;
    const struct event_chunk *chunk = &assembly->chunk;
    for (size_t i = 0; i < profile->column_count; i++) {
        assembly->cells[i] = NULL;
        for (size_t j = 0; j < chunk->column_count; j++)
            if (chunk->columns[j].seen &&
                str_equal(chunk->columns[j].name, profile->columns[i].name))
                assembly->cells[i] = &chunk->columns[j];
    }
}

static int take_text(struct assembly *assembly, const char *text, size_t length,
                     struct mlops_error *err)
{
    struct assembled *assembled = assembly->assembled;
    struct event_chunk *chunk = &assembly->chunk;
    size_t blank = 0;
    while (blank < length && strchr(" \t\r\n", text[blank]))
        blank++;
    if (blank < length && text[blank] != '{') {
        mlops_fail(err, MLOPS_INVALID,
                   "events were taken in as CSV, and their kept lines do not say what they are");
        return mlops_hint(err, "give the data with --data FILE");
    }
    chunk->text = text;
    chunk->length = length;
    chunk->first_line = 1;
    event_chunk_read(chunk, NULL);
    find_columns(assembly);
    for (size_t i = 0; i < chunk->count; i++) {
        const struct event *event = &chunk->events[i];
        if (!is_wanted(assembly, event) || !id_set_add(&assembly->seen, event->id))
            continue;
        const struct label_record *label = label_list_find(&assembly->labels, event->id);
        const char *name = label ? class_text(assembly, label->label) : NULL;
        assembled->events++;
        assembled->unnamed += label && !name;
        if (!name)
            continue;
        put_row(assembly, event, i, name);
        assembled->rows++;
    }
    return MLOPS_OK;
}

static int take_segment(struct assembly *assembly, const char *bytes, size_t length,
                        struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    for (size_t used; length > 0; bytes += used, length -= used) {
        TRY(segment_unpack(bytes, length, &used, &text, err));
        TRY(take_text(assembly, text.data, text.length, err));
    }
    return MLOPS_OK;
}

static int take_all(struct assembly *assembly, struct mlops_error *err)
{
    _cleanup_(db_rows_close_ptr) struct db_rows *rows = NULL;
    const struct assemble_options *options = assembly->options;
    bool more;
    TRY(db_query(registry_db(assembly->registry), &rows, err,
                 "SELECT content FROM monitor_segment WHERE model = $1 AND last_ns >= $2 "
                 "AND first_ns < $3 ORDER BY batch",
                 DB_TEXT(options->model), DB_I64(options->since_ns), DB_I64(options->until_ns)));
    for (;;) {
        size_t length;
        TRY(db_step(rows, &more, err));
        if (!more)
            return MLOPS_OK;
        const char *bytes = db_bytes(rows, 0, &length);
        TRY(take_segment(assembly, bytes, length, err));
    }
}

static int check_training(const struct assemble_options *options,
                          const struct column_profile **target, struct mlops_error *err)
{
    const struct training *training = options->training;
    *target = training->profile && training->target
                  ? profile_column(training->profile, training->target)
                  : NULL;
    if (*target)
        return MLOPS_OK;
    mlops_fail(err, MLOPS_INVALID,
               "the snapshot that %s learnt from names no target: labels have no "
               "column",
               options->model);
    return mlops_hint(err, "give the data with --data FILE, or name the target in mlops.yaml");
}

int assemble(struct mlops_registry *registry, const struct assemble_options *options,
             struct assembled *assembled, struct mlops_error *err)
{
    _cleanup_(snapshot_end) struct snapshot snapshot = {0};
    _cleanup_(assembly_clear) struct assembly assembly = {
        .registry = registry, .options = options, .assembled = assembled};
    const struct column_profile *target = NULL;
    *assembled = (struct assembled){0};
    TRY(check_training(options, &target, err));
    name_classes(&assembly, target);
    assembly.cells = xcalloc(options->training->profile->column_count, sizeof(void *));
    assembly.out = fopen(options->path, "we");
    if (!assembly.out)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write %s", options->path);
    put_header(&assembly);
    TRY(snapshot_begin(registry, &snapshot, err));
    TRY(labels_read_between(registry_db(registry), options->model,
                            window_start_ns(LEVEL_MINUTE, options->since_ns) / MINUTE_NS,
                            options->until_ns / MINUTE_NS + 1, &assembly.labels, err));
    TRY(take_all(&assembly, err));
    bool failed = ferror(assembly.out) != 0;
    if (fclose(TAKE_PTR(assembly.out)) != 0 || failed)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write %s", options->path);
    return MLOPS_OK;
}
