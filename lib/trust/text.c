/* lib/trust/text.c - files that are nothing but text: UTF-8 without control characters. */
#include "base/path.h"
#include "trust/scanner.h"

/* A character may be cut in two by the end of the head. */
#define CHARACTER_MAX 4

static bool is_text(const uint8_t *data, size_t length, bool whole)
{
    for (size_t i = 0; i < length; i++)
        if ((data[i] < ' ' && !strchr("\t\n\r\f", data[i])) || data[i] == 0 || data[i] == 0x7f)
            return false;
    for (size_t cut = 0; cut < CHARACTER_MAX && cut < length; cut++)
        if (utf8_valid((const char *)data, length - cut))
            return cut == 0 || !whole;
    return false;
}

static int claims(const struct scan_file *file, bool *claimed, struct mlops_error *err)
{
    (void)err;
    *claimed = is_text(file->head, file->head_length, file->head_length == file->source->size);
    return MLOPS_OK;
}

static int scan(const struct scan_file *file, struct mlops_error *err)
{
    return scan_check_cancelled(file, err);
}

const struct scanner scanner_text = {
    .format = "text",
    .extensions = (const char *const[]){"txt", "csv", "tsv", "md", "rst", NULL},
    .claims = claims,
    .scan = scan,
};
