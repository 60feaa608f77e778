/*
 * tests/fuzz/fuzz_history.c - no lines break the readers of a whole history's log and rows: the
 * first byte chooses the log or a table, the rest are its lines. What was read is verified as a
 * log, and thrown away.
 */
#include "fuzz_registry.h"
#include "registry/history.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_registry_begin(registry_make_bare);
    return 0;
}

static const struct copy_table *choose(uint8_t byte)
{
    const struct copy_table *table;
    for (size_t i = 0; (table = registry_copy_table(i)); i++)
        if (history_is_written(table) && byte-- == 0)
            return table;
    return NULL; /* the log */
}

static int take(struct transaction *tx, const struct copy_table *table, struct history_log *log,
                const uint8_t *data, size_t size, struct mlops_error *err)
{
    for (uint64_t number = 0; size > 0; number++) {
        const uint8_t *newline = memchr(data, '\n', size);
        size_t length = newline ? (size_t)(newline - data) : size;
        _cleanup_(free_string) char *line = xstrndup((const char *)data, length);
        if (strlen(line) < length) /* history_read.c refuses NUL */
            return MLOPS_INTEGRITY;
        TRY(table ? history_row_take(tx, table, number, line, length, err)
                  : history_log_take(tx, log, line, length, err));
        size -= length + (newline != NULL);
        data += length + (newline != NULL);
    }
    return table ? MLOPS_OK : history_log_end(tx, log, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(transaction_abort_ptr) struct transaction *tx = NULL;
    _cleanup_(history_log_clear) struct history_log log = {0};
    struct mlops_error err = {0};
    uint64_t entries;
    char root[65];
    if (size == 0)
        return 0;
    must(transaction_begin(registry, &tx, &err), &err);
    int code = take(tx, choose(data[0]), &log, data + 1, size - 1, &err);
    if (code == MLOPS_OK && !choose(data[0]))
        (void)mlops_log_verify(registry, NULL, &entries, root, &err);
    else if (code != MLOPS_OK && code != MLOPS_INTEGRITY && code != MLOPS_INVALID)
        must(code, &err);
    return 0;
}
