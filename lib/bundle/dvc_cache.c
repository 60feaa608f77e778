/* lib/bundle/dvc_cache.c - objects of DVC's cache copied and verified. */
#include "bundle/dvc_cache.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CONFIG_MAX (1U << 20)
#define LIST_MAX (256U << 20) /* of a folder: a million files */
#define BLOCK (1U << 20)

/* ---- the cache ------------------------------------------------------------------------------ */

int dvc_cache_find(const char *root, char **cache, struct mlops_error *err)
{
    static const char *const names[] = {".dvc/config.local", ".dvc/config"};
    _cleanup_(free_string) char *folder = path_join(root, ".dvc");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        _cleanup_(free_string) char *path = path_join(root, names[i]);
        _cleanup_(buffer_clear) struct buffer text = {0};
        int code = file_read(path, CONFIG_MAX, &text, err);
        if (code == MLOPS_NOT_FOUND)
            continue;
        TRY(code);
        _cleanup_(free_string) char *said = dvc_config_cache(text.data, text.length);
        if (said) {
            *cache = path_join(folder, said);
            return MLOPS_OK;
        }
    }
    *err = (struct mlops_error){0};
    *cache = path_join(folder, "cache");
    return MLOPS_OK;
}

/* Where the cache has the object; NULL: nowhere. The caller frees. */
static char *find_object(const char *cache, const char *md5, bool is_folder)
{
    static const char *const layouts[] = {"files/md5/", ""};
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
        char *path =
            xprintf("%s/%s%.2s/%s%s", cache, layouts[i], md5, md5 + 2, is_folder ? ".dir" : "");
        if (path_exists(path))
            return path;
        free(path);
    }
    return NULL;
}

/* ---- digests -------------------------------------------------------------------------------- */

/* Of the bytes, and with CR LF folded to LF, which is what DVC 2 hashed of texts. */
struct hashes {
    struct md5 *plain, *folded;
    bool carried; /* the block before ended with a CR */
    char hex[MD5_HEX_SIZE], folded_hex[MD5_HEX_SIZE];
};

static void hashes_clear(struct hashes *hashes)
{
    if (hashes->plain)
        md5_free(hashes->plain);
    if (hashes->folded)
        md5_free(hashes->folded);
}

static int hashes_begin(struct hashes *hashes, bool folds, struct mlops_error *err)
{
    *hashes = (struct hashes){0};
    TRY(md5_new(&hashes->plain, err));
    return folds ? md5_new(&hashes->folded, err) : MLOPS_OK;
}

static void hashes_update(struct hashes *hashes, const char *data, size_t length)
{
    md5_update(hashes->plain, data, length);
    if (!hashes->folded || length == 0)
        return;
    if (hashes->carried && data[0] != '\n')
        md5_update(hashes->folded, "\r", 1);
    hashes->carried = data[length - 1] == '\r';
    size_t end = length - hashes->carried;
    for (size_t at = 0; at < end;) {
        const char *cr = memchr(data + at, '\r', end - at);
        size_t stop = cr ? (size_t)(cr - data) : end;
        md5_update(hashes->folded, data + at, stop - at);
        at = stop;
        if (cr && data[stop + 1] != '\n')
            md5_update(hashes->folded, "\r", 1);
        at += cr != NULL;
    }
}

static bool hashes_match(struct hashes *hashes, const char *md5)
{
    md5_final(hashes->plain, hashes->hex);
    if (!hashes->folded)
        return str_equal(hashes->hex, md5);
    if (hashes->carried)
        md5_update(hashes->folded, "\r", 1);
    md5_final(hashes->folded, hashes->folded_hex);
    return str_equal(hashes->hex, md5) || str_equal(hashes->folded_hex, md5);
}

/* Read `in`, write what comes to `out` (-1: nowhere), and hash it. */
static int pump(int in, int out, struct hashes *hashes, struct mlops_error *err)
{
    _cleanup_(free_string) char *block = xmalloc(BLOCK);
    for (size_t got = 1; got > 0;) {
        TRY(fd_read_full(in, block, BLOCK, &got, err));
        hashes_update(hashes, block, got);
        if (out >= 0)
            TRY(fd_write_full(out, block, got, err));
    }
    return MLOPS_OK;
}

/* ---- one file ------------------------------------------------------------------------------- */

/* A file that is wanted at `path` of the tree. */
struct wanted {
    const char *path;
    const char *md5;
    bool legacy, executable;
};

static int open_source(const char *path, int *fd, struct mlops_error *err)
{
    struct stat status;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return mlops_fail_errno(err, MLOPS_OK, errno, "read '%s'", path);
    if (fstat(*fd, &status) == 0 && S_ISREG(status.st_mode))
        return MLOPS_OK;
    return mlops_fail(err, MLOPS_NOT_FOUND, "'%s' is no file", path);
}

/* Does the file at `path` have the content? `out` as of pump. */
static int read_source(const char *path, const struct wanted *wanted, int out, bool *matches,
                       struct mlops_error *err)
{
    _cleanup_(hashes_clear) struct hashes hashes = {0};
    _cleanup_(fd_close) int in = -1;
    TRY(open_source(path, &in, err));
    TRY(hashes_begin(&hashes, wanted->legacy, err));
    if (pump(in, out, &hashes, err))
        return mlops_wrap(err, "'%s'", path);
    *matches = hashes_match(&hashes, wanted->md5);
    return MLOPS_OK;
}

static int copy_source(const char *from, const struct wanted *wanted, const char *to, bool *matches,
                       struct mlops_error *err)
{
    _cleanup_(free_string) char *folder = path_parent(to);
    TRY(directory_make(folder, 0755, err));
    mode_t mode = wanted->executable ? 0755 : 0644;
    _cleanup_(fd_close) int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (out < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", to);
    if (fchmod(out, mode) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "write '%s'", to);
    TRY(read_source(from, wanted, out, matches, err));
    if (!*matches && unlink(to) < 0)
        return mlops_fail_errno(err, MLOPS_IO, errno, "remove '%s'", to);
    return MLOPS_OK;
}

struct laying {
    const char *cache, *root, *tree;
    const struct dvc_laid *laid;
};

static int place_file(const struct laying *laying, const struct wanted *wanted,
                      struct mlops_error *err)
{
    _cleanup_(free_string) char *to = path_join(laying->tree, wanted->path);
    _cleanup_(free_string) char *object = find_object(laying->cache, wanted->md5, false);
    _cleanup_(free_string) char *here = path_join(laying->root, wanted->path);
    struct stat status;
    bool matches = false;
    if (path_exists(to)) {
        TRY(read_source(to, wanted, -1, &matches, err));
        if (!matches)
            json_append_text(laying->laid->differs, wanted->path);
        return MLOPS_OK;
    }
    if (object) {
        TRY(copy_source(object, wanted, to, &matches, err));
        if (matches)
            return MLOPS_OK;
        mlops_fail(err, MLOPS_INTEGRITY,
                   "DVC's cache is damaged: '%s', of '%s', is not what its "
                   "name says",
                   object, wanted->path);
        return mlops_hint(err, "remove it and fetch it again: dvc fetch");
    }
    if (stat(here, &status) == 0 && S_ISREG(status.st_mode))
        TRY(copy_source(here, wanted, to, &matches, err));
    if (matches)
        return MLOPS_OK;
    _cleanup_(free_string) char *line = xprintf("%s (md5 %s)", wanted->path, wanted->md5);
    json_append_text(laying->laid->missing, line);
    return MLOPS_OK;
}

/* ---- a folder ------------------------------------------------------------------------------- */

static int read_list(const char *object, const struct dvc_out *out, struct dvc_list *list,
                     struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer text = {0};
    _cleanup_(hashes_clear) struct hashes hashes = {0};
    TRY(file_read(object, LIST_MAX, &text, err));
    TRY(hashes_begin(&hashes, false, err));
    hashes_update(&hashes, text.data, text.length);
    if (!hashes_match(&hashes, out->md5))
        return mlops_fail(err, MLOPS_INTEGRITY,
                          "DVC's cache is damaged: '%s', of '%s', is not what its name says",
                          object, out->path);
    return dvc_list_parse(text.data, text.length, object, list, err);
}

static int place_folder(const struct laying *laying, const struct dvc_out *out,
                        struct mlops_error *err)
{
    _cleanup_(free_string) char *object = find_object(laying->cache, out->md5, true);
    _cleanup_(free_string) char *to = path_join(laying->tree, out->path);
    _cleanup_(dvc_list_clear) struct dvc_list list = {0};
    if (!object) {
        _cleanup_(free_string) char *line = xprintf("%s (md5 %s.dir)", out->path, out->md5);
        json_append_text(laying->laid->missing, line);
        return MLOPS_OK;
    }
    TRY(read_list(object, out, &list, err));
    TRY(directory_make(to, 0755, err));
    for (size_t i = 0; i < list.count; i++) {
        _cleanup_(free_string) char *path = xprintf("%s/%s", out->path, list.items[i].path);
        const struct wanted wanted = {
            .path = path, .md5 = list.items[i].md5, .legacy = out->legacy};
        TRY(place_file(laying, &wanted, err));
    }
    return MLOPS_OK;
}

static int place_out(const struct laying *laying, const struct dvc_out *out,
                     struct mlops_error *err)
{
    _cleanup_(free_string) char *to = path_join(laying->tree, out->path);
    const struct wanted wanted = {out->path, out->md5, out->legacy, out->executable};
    if (out->external) {
        json_append_text(laying->laid->external, out->path);
        return MLOPS_OK;
    }
    if (*out->md5)
        return out->is_folder ? place_folder(laying, out, err) : place_file(laying, &wanted, err);
    if (!path_exists(to)) {
        _cleanup_(free_string) char *line = xprintf("%s (no digest)", out->path);
        json_append_text(laying->laid->missing, line);
    }
    return MLOPS_OK;
}

int dvc_cache_lay(const char *cache, const char *root, const struct dvc_repository *dvc,
                  const char *tree, const struct dvc_laid *laid, struct mlops_error *err)
{
    const struct laying laying = {cache, root, tree, laid};
    for (size_t i = 0; i < dvc->count; i++)
        if (place_out(&laying, &dvc->outs[i], err))
            return mlops_wrap(err, "%s", dvc->outs[i].said_by);
    return MLOPS_OK;
}
