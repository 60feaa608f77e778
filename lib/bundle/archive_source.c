/* lib/bundle/archive_source.c - an archive of a bundle, from a file or a pipe. */
#include "bundle/archive_source.h"
#include "base/file.h"
#include "registry/registry.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int archive_source_refuse(const struct archive_source *source, enum mlops_code code,
                          const char *name, const char *what, struct mlops_error *err)
{
    return archive_reader_refuse(&source->reader, code, name, what, err);
}

/* archive_input: whoever waits for a pipe may be told to stop */
static int read_block(void *context, const void **data, size_t *length, struct mlops_error *err)
{
    struct archive_source *source = context;
    *data = source->block;
    for (;;) {
        uint64_t taken = source->reader.taken;
        TRY(archive_progress(source->registry, "reading the archive", taken,
                             source->file_size > taken ? source->file_size : 0, err));
        ssize_t n = read(source->fd, source->block, sizeof(source->block));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mlops_fail_errno(err, MLOPS_IO, errno, "read '%s'", source->reader.shown);
        *length = (size_t)n;
        return MLOPS_OK;
    }
}

static int open_file(struct archive_source *source, const char *path, struct mlops_error *err)
{
    struct stat status;
    source->reader.shown = path;
    source->fd = STDIN_FILENO;
    if (str_equal(path, "-")) {
        source->reader.shown = "standard input";
    } else {
        source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (source->fd < 0)
            return mlops_fail_errno(err, MLOPS_OK, errno, "read '%s'", path);
        source->owns_fd = true;
    }
    if (fstat(source->fd, &status) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at '%s'", source->reader.shown);
    if (S_ISDIR(status.st_mode)) {
        mlops_fail(err, MLOPS_INVALID, "'%s' is a folder, not an archive", source->reader.shown);
        return mlops_hint(err, "'mlops package' takes a project folder");
    }
    if (S_ISREG(status.st_mode))
        source->file_size = (uint64_t)status.st_size;
    return MLOPS_OK;
}

int archive_source_open(struct mlops_registry *registry, const char *path,
                        struct archive_source *source, struct mlops_error *err)
{
    source->registry = registry;
    TRY(open_file(source, path, err));
    source->reader.input = (struct archive_input){.context = source, .read = read_block};
    source->reader.kind = "an archive of a bundle";
    source->reader.hint = "'mlops export' makes them: .tar.zst";
    return archive_reader_open(&source->reader, ARCHIVE_TAR, err);
}

void archive_source_close(struct archive_source *source)
{
    archive_reader_close(&source->reader);
    if (source->owns_fd)
        fd_close(&source->fd);
}

void archive_item_clear(struct archive_item *item)
{
    free(item->name);
    *item = (struct archive_item){0};
}

int archive_source_next(struct archive_source *source, const char *awaited,
                        struct archive_item *item, bool *end, struct mlops_error *err)
{
    struct archive_member member;
    archive_item_clear(item);
    TRY(archive_reader_next(&source->reader, awaited, &member, end, err));
    if (*end)
        return MLOPS_OK;
    if (!*member.name)
        return mlops_fail(err, MLOPS_INVALID, "the archive '%s' has an entry without a name",
                          source->reader.shown);
    if (member.wrong)
        return archive_source_refuse(source, MLOPS_INVALID, member.name, member.wrong, err);
    bool folder = member.type == AE_IFDIR;
    size_t length = strlen(member.name);
    length -= folder && member.name[length - 1] == '/';
    *item = (struct archive_item){
        .name = xstrndup(member.name, length),
        .kind = folder                    ? MANIFEST_FOLDER
                : member.type == AE_IFLNK ? MANIFEST_LINK
                                          : MANIFEST_FILE,
        .mode = member.mode,
        .size = member.size,
        .target = member.target,
    };
    return MLOPS_OK;
}

int archive_source_data(struct archive_source *source, const struct archive_item *item,
                        archive_sink sink, void *context, struct mlops_error *err)
{
    return archive_reader_data(&source->reader, item->name, item->size, sink, context, err);
}
