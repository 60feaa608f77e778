/* lib/table/reader.c - one table out of one or many files. */
#include "base/pool.h"
#include "table/input.h"
#include "table/intake.h"
#include "table/partition.h"
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 6 /* first bytes that tell the kinds of files apart */
#define FEW_CELLS 20000 /* fewer are not worth a thread */

struct table_reader {
    char **paths; /* NULL-terminated */
    size_t next;  /* the file that comes after the one that is read */
    struct table_options options;
    struct partitions partitions; /* that the names of folders say */
    struct input *first;          /* whose columns are those of the table */
    struct input *input; /* that is read: the first, or another; NULL before it is opened */
    uint64_t ragged;     /* of files that are done with */
    size_t *order;       /* of the columns on their way through the cores */
    const struct batch *batches;
    size_t batch_count, batch; /* those that were read; the last that table_next gave, from 1 */
};

void table_close(struct table_reader *reader)
{
    if (!reader)
        return;
    if (reader->input != reader->first)
        input_close(reader->input);
    input_close(reader->first);
    strings_free(reader->paths);
    partitions_clear(&reader->partitions);
    free(reader->order);
    free(reader);
}

/* ---- files ---------------------------------------------------------------------------------- */

static bool is_pattern(const char *path)
{
    return strpbrk(path, "*?[") && access(path, F_OK) != 0;
}

static int add_matches(const char *pattern, char ***paths, size_t *count, size_t *capacity,
                       struct mlops_error *err)
{
    glob_t found;
    int code = glob(pattern, GLOB_NOSORT | GLOB_ERR, NULL, &found);
    if (code == GLOB_NOMATCH || (code == 0 && found.gl_pathc == 0))
        return mlops_fail(err, MLOPS_NOT_FOUND, "no file is like '%s'", pattern);
    if (code != 0)
        return mlops_fail(err, MLOPS_IO, "look for files like '%s'", pattern);
    size_t first = *count;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        GROW(*paths, *count, capacity);
        (*paths)[(*count)++] = xstrdup(found.gl_pathv[i]);
    }
    globfree(&found);
    /* by bytes: the locale must not change a profile */
    for (size_t i = first + 1; i < *count; i++)
        for (size_t j = i; j > first && strcmp((*paths)[j - 1], (*paths)[j]) > 0; j--) {
            char *kept = (*paths)[j];
            (*paths)[j] = (*paths)[j - 1];
            (*paths)[j - 1] = kept;
        }
    return MLOPS_OK;
}

static int expand(const char *const *paths, size_t count, char ***expanded, struct mlops_error *err)
{
    size_t found = 0, capacity = 0;
    int code = MLOPS_OK;
    for (size_t i = 0; i < count && !code; i++) {
        if (is_pattern(paths[i])) {
            code = add_matches(paths[i], expanded, &found, &capacity, err);
            continue;
        }
        GROW(*expanded, found, &capacity);
        (*expanded)[found++] = xstrdup(paths[i]);
    }
    GROW(*expanded, found, &capacity);
    (*expanded)[found] = NULL;
    return code;
}

/* A file that is read at any place, by its first bytes; -1 where it is none: text, or a pipe. */
static int open_binary(const char *path, char magic[MAGIC])
{
    struct stat status;
    bool standard = str_equal(path, "-");
    _cleanup_(fd_close) int fd = standard && lseek(STDIN_FILENO, 0, SEEK_CUR) == 0
                                     ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                     : -1;
    if (!standard && stat(path, &status) == 0 && S_ISREG(status.st_mode))
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        pread(fd, magic, MAGIC, 0) != MAGIC)
        return -1; /* what is wrong with it, the reader of text will find and say */
    int opened = fd;
    fd = -1;
    return opened;
}

static int open_file(const struct table_reader *reader, const char *path, const char *name,
                     const struct table_schema *layout, struct input **input,
                     struct mlops_error *err)
{
    struct intake *intake;
    char magic[MAGIC] = {0};
    int fd = open_binary(path, magic);
    if (memcmp(magic, "PAR1", 4) == 0)
        return parquet_input_open(fd, name, &reader->options, layout, input, err);
    if (memcmp(magic, "\x93NUMPY", 6) == 0)
        return npy_input_open(fd, name, &reader->options, layout, input, err);
    fd_close(&fd);
    TRY(intake_open(path, reader->options.observer, &intake, err));
    return text_input_open(intake, &reader->options, layout, input, err);
}

static int open_input(struct table_reader *reader, struct input **input, struct mlops_error *err)
{
    size_t file = reader->next++;
    const char *path = reader->paths[file];
    const char *name = str_equal(path, "-") ? "standard input" : path;
    const struct input *first = reader->first;
    struct input *inner = NULL;
    if (first && reader->partitions.count > 0)
        first = partition_input_inner(first);
    TRY(open_file(reader, path, name, first ? &first->header.schema : NULL, &inner, err));
    if (reader->partitions.count > 0)
        return partition_input_open(inner, name, &reader->partitions, file, &reader->options, input,
                                    err);
    *input = inner;
    return MLOPS_OK;
}

/* The one path that is a folder stands for the files in it. */
static int open_folder(struct table_reader *reader, struct mlops_error *err)
{
    struct stat status;
    size_t count = 0;
    char **paths = NULL;
    _cleanup_(free_string) char *root = NULL;
    if (reader->paths[0] && !reader->paths[1] && stat(reader->paths[0], &status) == 0 &&
        S_ISDIR(status.st_mode)) {
        TRY(partition_files(reader->paths[0], &paths, &count, err));
        root = reader->paths[0];
        free(reader->paths);
        reader->paths = paths;
    }
    const char *given = root ? root : reader->options.root;
    reader->options.root = NULL; /* the caller's */
    if (!given)
        return MLOPS_OK;
    count = strings_count((const char *const *)reader->paths);
    return partitions_read((const char *const *)reader->paths, count, given, &reader->options,
                           &reader->partitions, err);
}

/* Columns of texts take several times as long as others: they come first, so that no core is left
 * with one of them while the others have nothing to do. */
static size_t *order_columns(const struct table_schema *schema)
{
    size_t *order = xcalloc(schema->count + 1, sizeof(*order)), used = 0;
    for (int texts = 1; texts >= 0; texts--)
        for (size_t i = 0; i < schema->count; i++)
            if (column_has_texts(schema->columns[i].type) == (texts == 1))
                order[used++] = i;
    return order;
}

static int open_first(struct table_reader *reader, struct mlops_error *err)
{
    TRY(open_input(reader, &reader->first, err));
    reader->input = reader->first;
    reader->order = order_columns(&reader->first->header.schema);
    reader->options.expected = NULL; /* the caller's; files that follow take the first's columns */
    return MLOPS_OK;
}

int table_open_all(const char *const *paths, size_t count, const struct table_options *options,
                   struct table_reader **reader, struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *opened = xcalloc(1, sizeof(*opened));
    opened->options = *options;
    TRY(expand(paths, count, &opened->paths, err));
    TRY(open_folder(opened, err));
    TRY(open_first(opened, err));
    *reader = TAKE_PTR(opened);
    return MLOPS_OK;
}

int table_open(const char *path, const struct table_options *options, struct table_reader **reader,
               struct mlops_error *err)
{
    _cleanup_(table_close_ptr) struct table_reader *opened = xcalloc(1, sizeof(*opened));
    opened->options = *options;
    opened->paths = xcalloc(2, sizeof(*opened->paths));
    opened->paths[0] = xstrdup(path); /* as it is: no pattern */
    TRY(open_folder(opened, err));
    TRY(open_first(opened, err));
    *reader = TAKE_PTR(opened);
    return MLOPS_OK;
}

bool table_partitions_differ(const struct table_reader *reader)
{
    return reader->partitions.mixed;
}

const struct table_schema *table_schema(const struct table_reader *reader)
{
    return &reader->first->header.schema;
}

const char *const *table_unread(const struct table_reader *reader, size_t *count)
{
    *count = reader->first->header.unread_count;
    return (const char *const *)reader->first->header.unread;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static int next_batches(struct table_reader *reader, struct mlops_error *err)
{
    for (;;) {
        TRY(reader->input->kind->next(reader->input, &reader->batches, &reader->batch_count, err));
        if (reader->batch_count > 0 || !reader->paths[reader->next])
            return MLOPS_OK;
        reader->ragged += reader->input->ragged;
        if (reader->input != reader->first)
            input_close(reader->input);
        reader->input = reader->first; /* in case the next does not open */
        reader->first->ragged = 0;
        TRY(open_input(reader, &reader->input, err));
    }
}

/* What the cores do with the batches: each column. */
struct round {
    const struct table_reader *reader;
    const struct table_taker *taker; /* or NULL */
};

static void do_column(void *context, size_t index, size_t worker)
{
    const struct round *round = context;
    struct input *input = round->reader->input;
    size_t column = round->reader->order[index];
    if (input->kind->fill)
        input->kind->fill(input, column);
    if (round->taker)
        round->taker->take(round->taker->context, column, worker);
}

static int do_item(void *context, size_t index, size_t worker, struct mlops_error *err)
{
    (void)err;
    do_column(context, index, worker);
    return MLOPS_OK;
}

static void do_columns(const struct table_reader *reader, const struct table_taker *taker)
{
    struct round round = {reader, taker};
    struct mlops_error unused;
    size_t columns = reader->first->header.schema.count, rows = 0;
    for (size_t i = 0; i < reader->batch_count; i++)
        rows += reader->batches[i].rows;
    if (reader->input->crew)
        crew_run(reader->input->crew, columns, do_column, &round);
    else if (rows * columns >= FEW_CELLS)
        (void)pool_run(columns, do_item, &round, &unused); /* cannot fail */
    else
        for (size_t i = 0; i < columns; i++)
            do_column(&round, i, 0);
}

int table_next_taken(struct table_reader *reader, const struct table_taker *taker,
                     const struct batch **batches, size_t *count, struct mlops_error *err)
{
    TRY(next_batches(reader, err));
    const struct input_kind *kind = reader->input->kind;
    if (taker && reader->batch_count > 0)
        taker->begin(taker->context, reader->batches, reader->batch_count);
    if ((taker || kind->fill) && reader->batch_count > 0)
        do_columns(reader, taker);
    if (kind->filled && reader->batch_count > 0)
        TRY(kind->filled(reader->input, err));
    reader->batch = 0;
    *batches = reader->batches;
    *count = reader->batch_count;
    return MLOPS_OK;
}

int table_next_many(struct table_reader *reader, const struct batch **batches, size_t *count,
                    struct mlops_error *err)
{
    return table_next_taken(reader, NULL, batches, count, err);
}

int table_next(struct table_reader *reader, const struct batch **batch, bool *more,
               struct mlops_error *err)
{
    if (reader->batch == reader->batch_count)
        TRY(table_next_many(reader, &reader->batches, &reader->batch_count, err));
    *more = reader->batch < reader->batch_count;
    *batch = *more ? &reader->batches[reader->batch++] : NULL;
    return MLOPS_OK;
}

uint64_t table_line(const struct table_reader *reader, size_t row)
{
    return reader->input->kind->line(reader->input, reader->batch - 1, row);
}

uint64_t table_ragged_rows(const struct table_reader *reader)
{
    return reader->ragged + reader->input->ragged;
}
