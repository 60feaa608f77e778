/* cmd/cli_file.c - small text files that commands take and give. */
#include "cli.h"
#include <errno.h>

int cli_read_text(struct cli *cli, const char *what, const char *path, size_t max, char **text)
{
    FILE *file = str_equal(path, "-") ? stdin : fopen(path, "re");

    if (!file)
        return mlops_fail_errno(&cli->err, 0, errno, "read the %s '%s'", what, path);
    _cleanup_(free_string) char *read = cli_allocate(max + 2, 1);
    size_t length = fread(read, 1, max + 1, file);
    int errnum = ferror(file) ? errno : 0;
    if (file != stdin)
        (void)fclose(file); /* it was only read */
    if (errnum)
        return mlops_fail_errno(&cli->err, MLOPS_IO, errnum, "read the %s '%s'", what, path);
    if (length > max || memchr(read, '\0', length))
        return mlops_fail(&cli->err, MLOPS_INVALID, "'%s' is not a %s", path, what);
    *text = TAKE_PTR(read);
    return MLOPS_OK;
}

int cli_write_text(struct cli *cli, const char *path, const char *mode, const char *text)
{
    FILE *file = fopen(path, mode);
    if (!file)
        return mlops_fail_errno(&cli->err, MLOPS_IO, errno, "write %s", path);
    bool written = fputs(text, file) >= 0;
    if (fclose(file) != 0 || !written)
        return mlops_fail_errno(&cli->err, MLOPS_IO, errno, "write %s", path);
    return MLOPS_OK;
}
