/* lib/table/cut.c - CSV cut by columns: RFC 4180's records as states, without looking at cells. */
#include "table/cut.h"
#include "base/buffer.h"
#include <errno.h>
#include <stdio.h>

#define CELL_MAX (64U << 20) /* bytes of one cell */

struct cut {
    const char *path;
    const char *const *columns;
    FILE *in, *kept, *taken;
    char separator;
    bool takes[TABLE_CUT_MAX]; /* which columns go to `taken` */
    size_t width, kept_width;
    uint64_t line, records; /* of the file, where the next record begins; with the header */
    struct buffer cell;  /* as it stands, with its quotes */
};

static void close_all(struct cut *cut)
{
    FILE *const files[] = {cut->in, cut->kept, cut->taken};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        if (files[i])
            (void)fclose(files[i]); /* what was written was flushed and looked at before */
    buffer_clear(&cut->cell);
}

static int fail_system(struct mlops_error *err, const char *path)
{
    return mlops_fail(err, errno == ENOENT ? MLOPS_NOT_FOUND : MLOPS_IO, "%s: %s", path,
                      strerrordesc_np(errno));
}

static int open_one(const char *path, const char *mode, FILE **file, struct mlops_error *err)
{
    *file = fopen(path, mode);
    return *file ? MLOPS_OK : fail_system(err, path);
}

/* What this is, so that nobody wonders why a column is not there. */
static int check_kind(const struct cut *cut, const char *head, size_t length,
                      struct mlops_error *err)
{
    static const struct {
        const char *magic, *what;
    } others[] = {{"\x1f\x8b", "packed with gzip"},
                  {"\x28\xb5\x2f\xfd", "packed with zstd"},
                  {"PAR1", "Parquet"},
                  {"PK\x03\x04", "a zip archive or a spreadsheet"},
                  {"{", "JSON"},
                  {"[", "JSON"}};
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        size_t size = strlen(others[i].magic);
        if (length < size || memcmp(head, others[i].magic, size) != 0)
            continue;
        mlops_fail(err, MLOPS_INVALID, "%s is %s, and must be plain CSV", cut->path,
                   others[i].what);
        return mlops_hint(err, "unpack it, or write it as CSV with a line of column names");
    }
    return MLOPS_OK;
}

/* What ends a cell. */
enum end { END_CELL, END_RECORD, END_FILE };

/* The next cell into `cut->cell`; a quote counts where a cell begins and inside of one that has
 * begun so. */
static int next_cell(struct cut *cut, enum end *end, struct mlops_error *err)
{
    bool quoted = false, inside = false;
    uint64_t opened = cut->line;
    buffer_reset(&cut->cell);
    for (;;) {
        int c = getc_unlocked(cut->in);
        if (c == EOF && ferror(cut->in))
            return fail_system(err, cut->path);
        if (c == EOF && inside)
            return mlops_fail(err, MLOPS_INVALID, "%s:%llu: a quote is never closed", cut->path,
                              (unsigned long long)opened);
        cut->line += c == '\n';
        if (c == EOF || (!inside && (c == '\n' || c == cut->separator))) {
            *end = c == EOF ? END_FILE : c == '\n' ? END_RECORD : END_CELL;
            struct buffer *cell = &cut->cell;
            if (c != cut->separator && cell->length && cell->data[cell->length - 1] == '\r')
                cell->length--;
            return MLOPS_OK;
        }
        if (c == '"') {
            quoted = quoted || cut->cell.length == 0;
            inside = quoted ? !inside : inside;
        }
        if (cut->cell.length >= CELL_MAX)
            return mlops_fail(err, MLOPS_INVALID, "%s:%llu: a cell is larger than %u MiB",
                              cut->path, (unsigned long long)opened, CELL_MAX >> 20);
        buffer_putc(&cut->cell, (char)c);
    }
}

/* Is the cell this text, quoted or not? */
static bool cell_is(const struct buffer *cell, const char *text)
{
    const char *data = cell->data ? cell->data : "";
    size_t length = cell->length;
    if (length < 2 || data[0] != '"' || data[length - 1] != '"')
        return length == strlen(text) && memcmp(data, text, length) == 0;
    for (size_t i = 1; i + 1 < length; i++, text++) {
        i += data[i] == '"' && i + 2 < length; /* two stand for one */
        if (*text == '\0' || data[i] != *text)
            return false;
    }
    return *text == '\0';
}

static bool is_empty(const struct buffer *cell)
{
    return cell->length == 0 || cell_is(cell, "");
}

/* To the first record, behind the byte order mark that some programs write. */
static void skip_mark(struct cut *cut)
{
    static const char mark[] = "\xef\xbb\xbf";
    char head[3];
    rewind(cut->in);
    cut->line = 1;
    if (fread(head, 1, sizeof(head), cut->in) != sizeof(head) || memcmp(head, mark, sizeof(head)))
        rewind(cut->in);
}

/* The first record by the separator of `cut`; `*missing` is the first column that it lacks. */
static int read_header(struct cut *cut, const char **missing, struct buffer *names,
                       struct mlops_error *err)
{
    bool found[TABLE_CUT_MAX] = {false};
    enum end end = END_CELL;
    skip_mark(cut);
    for (cut->width = 0; end == END_CELL; cut->width++) {
        if (cut->width == TABLE_CUT_MAX)
            return mlops_fail(err, MLOPS_INVALID, "%s has more than %d columns", cut->path,
                              TABLE_CUT_MAX);
        TRY(next_cell(cut, &end, err));
        buffer_printf(names, "%s%.*s", cut->width ? ", " : "", (int)cut->cell.length,
                      cut->cell.data ? cut->cell.data : "");
        cut->takes[cut->width] = false;
        for (size_t i = 0; cut->columns[i]; i++)
            if (cell_is(&cut->cell, cut->columns[i]) && i < TABLE_CUT_MAX)
                cut->takes[cut->width] = found[i] = true;
    }
    *missing = NULL;
    for (size_t i = 0; cut->columns[i] && i < TABLE_CUT_MAX && !*missing; i++)
        if (!found[i])
            *missing = cut->columns[i];
    return MLOPS_OK;
}

static int find_columns(struct cut *cut, struct mlops_error *err)
{
    static const char separators[] = ",;\t|";
    _cleanup_(buffer_clear) struct buffer first = {0};
    const char *missing = NULL, *lacks = NULL;
    for (size_t i = 0; separators[i]; i++) {
        _cleanup_(buffer_clear) struct buffer names = {0};
        cut->separator = separators[i];
        TRY(read_header(cut, &missing, i ? &names : &first, err));
        if (!missing)
            break;
        if (i == 0)
            lacks = missing;
    }
    if (missing) {
        mlops_fail(err, MLOPS_INVALID, "%s has no column '%s'", cut->path, lacks);
        return mlops_hint(err, "its columns are %.300s", first.data ? first.data : "");
    }
    size_t taken = 0;
    for (size_t i = 0; i < cut->width; i++)
        taken += cut->takes[i];
    cut->kept_width = cut->width - taken;
    return cut->kept_width > 0
               ? MLOPS_OK
               : mlops_fail(err, MLOPS_INVALID, "%s has no column beside those that are withheld",
                            cut->path);
}

/* One record, the header or a row, to both files. */
static int copy_record(struct cut *cut, bool *more, struct mlops_error *err)
{
    bool first[2] = {true, true};
    uint64_t line = cut->line;
    enum end end = END_CELL;
    size_t width = 0;
    for (; end == END_CELL; width++) {
        TRY(next_cell(cut, &end, err));
        if (width == 0 && end != END_CELL && cut->cell.length == 0) { /* an empty line */
            *more = end != END_FILE;
            return MLOPS_OK;
        }
        bool taken = width < cut->width && cut->takes[width];
        FILE *out = taken ? cut->taken : cut->kept;
        if (taken && is_empty(&cut->cell))
            return mlops_fail(err, MLOPS_INVALID, "%s:%llu: a column that is withheld is empty",
                              cut->path, (unsigned long long)line);
        if (!first[taken])
            (void)putc_unlocked(cut->separator, out);
        first[taken] = false;
        if (cut->cell.length == 0 && cut->kept_width == 1) /* alone in its line */
            (void)fputs_unlocked("\"\"", out);
        (void)fwrite_unlocked(cut->cell.data ? cut->cell.data : "", 1, cut->cell.length, out);
    }
    if (width != cut->width)
        return mlops_fail(err, MLOPS_INVALID, "%s:%llu: %zu cells, and there are %zu columns",
                          cut->path, (unsigned long long)line, width, cut->width);
    (void)putc_unlocked('\n', cut->kept);
    (void)putc_unlocked('\n', cut->taken);
    cut->records++;
    *more = end != END_FILE;
    return MLOPS_OK;
}

static int cut_all(struct cut *cut, struct mlops_error *err)
{
    TRY(find_columns(cut, err));
    skip_mark(cut);
    for (bool more = true; more;)
        TRY(copy_record(cut, &more, err));
    if (fflush(cut->kept) || fflush(cut->taken))
        return fail_system(err, cut->path);
    return cut->records > 1 ? MLOPS_OK : mlops_fail(err, MLOPS_INVALID, "%s has no rows", cut->path);
}

int table_cut(const char *path, const char *const *columns, const char *kept, const char *taken,
              uint64_t *rows, struct mlops_error *err)
{
    char head[8];
    _cleanup_(close_all) struct cut cut = {.path = path, .columns = columns};
    *rows = 0;
    TRY(open_one(path, "re", &cut.in, err));
    TRY(check_kind(&cut, head, fread(head, 1, sizeof(head), cut.in), err));
    TRY(open_one(kept, "wxe", &cut.kept, err));
    TRY(open_one(taken, "wxe", &cut.taken, err));
    TRY(cut_all(&cut, err));
    *rows = cut.records - 1;
    return MLOPS_OK;
}
