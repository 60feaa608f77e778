/* tests/unit/manifest_list.h - a manifest's list of files read without a tree, and written again:
 * for the unit test and the fuzzer. */
#ifndef TESTS_MANIFEST_LIST_H
#define TESTS_MANIFEST_LIST_H
#include "bundle/manifest_entry.h"
#include "bundle/walk.h"

/* NULL: it is not taken without a tree. The caller frees. */
static char *manifest_list_again(const char *list, size_t length)
{
    struct manifest_file *files;
    struct buffer text = {0};
    size_t count;
    if (!manifest_entries_scan(list, length, &files, &count))
        return NULL;
    buffer_putc(&text, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_putc(&text, ',');
        manifest_entry_write(&files[i], &text);
        manifest_file_clear(&files[i]);
    }
    buffer_putc(&text, ']');
    free(files);
    return buffer_steal(&text);
}

#endif
