/* lib/table/input.h - one file of a table, of whatever kind; the reader strings them together. */
#ifndef TABLE_INPUT_H
#define TABLE_INPUT_H
#include "base/crew.h"
#include "table/header.h"

struct input;

/* What a kind of file does. */
struct input_kind {
    /* The next batches, valid until the next call; none at the end. Where there is a `fill`, only
     * how many rows each of them has is said yet. */
    int (*next)(struct input *input, const struct batch **batches, size_t *count,
                struct mlops_error *err);
    /* Make the values of a column of all of them; asked by several threads at once, each for
     * another column. NULL: they are there. */
    void (*fill)(struct input *input, size_t column);
    /* Once all columns are filled: is every value of its type? NULL without `fill`. */
    int (*filled)(struct input *input, struct mlops_error *err);
    /* The line, or row, on which row `row` of one of those batches begins. */
    uint64_t (*line)(const struct input *input, size_t batch, size_t row);
    void (*close)(struct input *input);
};

/* The first member of every kind's own struct. */
struct input {
    const struct input_kind *kind;
    struct header header;
    uint64_t ragged;
    struct crew *crew; /* threads that read ahead and else work on columns; NULL: none */
};

struct intake;

/* CSV or JSON Lines. `intake` becomes the input's, also after an error. `layout` as header_read. */
int text_input_open(struct intake *intake, const struct table_options *options,
                    const struct table_schema *layout, struct input **input,
                    struct mlops_error *err);
/* Parquet, and arrays of numpy. `fd` is of a regular file called `name`, and becomes the input's,
 * also after an error. */
int parquet_input_open(int fd, const char *name, const struct table_options *options,
                       const struct table_schema *layout, struct input **input,
                       struct mlops_error *err);
int npy_input_open(int fd, const char *name, const struct table_options *options,
                   const struct table_schema *layout, struct input **input,
                   struct mlops_error *err);
static inline void input_close(struct input *input)
{
    if (input)
        input->kind->close(input);
}
DEFINE_CLEANUP(struct input, input_close)

#endif
