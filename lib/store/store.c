/* lib/store/store.c - a store made, opened, read. */
#include "store/store.h"
#include "base/file.h"
#include "base/path.h"
#include "store/handle.h"
#include "store/reader.h"
#include "store/remote.h"

static const char format_text[] = "mlops-store 1\n";

int store_init(const char *directory, struct mlops_error *err)
{
    static const char *const folders[] = {"packs", "tmp"};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        _cleanup_(free_string) char *path = path_join(directory, folders[i]);
        TRY(directory_make(path, 0777, err));
    }
    _cleanup_(free_string) char *format = path_join(directory, "format");
    if (path_exists(format))
        return MLOPS_OK;
    TRY(file_write_durable(format, format_text, strlen(format_text), 0644, err));
    return directory_sync(directory, err);
}

int store_init_at(const char *directory, const char *address, const struct mlops_observer *observer,
                  struct mlops_error *err)
{
    TRY(store_init(directory, err));
    return address ? remote_make(directory, address, observer, err) : MLOPS_OK;
}

/* ---- a user who says stop stops requests, too, those of other threads that wait ------------ */

static void pass_progress(void *context, const char *activity, uint64_t done, uint64_t total)
{
    const struct store *store = context;
    store->user->progress(store->user->context, activity, done, total);
}

static void pass_warning(void *context, const char *message)
{
    const struct store *store = context;
    store->user->warn(store->user->context, message);
}

static bool pass_cancelled(void *context)
{
    const struct store *store = context;
    bool cancelled = store->user->cancelled && store->user->cancelled(store->user->context);
    if (cancelled && store->backend && store->backend->stop)
        store->backend->stop(store->backend);
    return cancelled;
}

static void watch(struct store *store, const struct mlops_observer *user)
{
    if (!user)
        return;
    store->user = user;
    store->watched = (struct mlops_observer){
        .context = store,
        .progress = user->progress ? pass_progress : NULL,
        .warn = user->warn ? pass_warning : NULL,
        .cancelled = user->cancelled ? pass_cancelled : NULL,
    };
    store->observer = &store->watched;
}

static int open_backend(struct store *store, struct mlops_error *err)
{
    _cleanup_(free_string) char *packs = path_join(store->directory, "packs");
    _cleanup_(free_string) char *address = NULL;
    TRY(remote_address(store->directory, &address, err));
    return address ? remote_open(store->directory, address, store->observer, &store->backend, err)
                   : backend_file_open(packs, &store->backend, err);
}

int store_open(const char *directory, const struct mlops_observer *observer, struct store **store,
               struct mlops_error *err)
{
    _cleanup_(free_string) char *format = path_join(directory, "format");
    _cleanup_(buffer_clear) struct buffer text = {0};
    if (file_read(format, 4096, &text, err))
        return mlops_wrap(err, "open the store");
    if (!str_starts(text.data, "mlops-store "))
        return mlops_fail(err, MLOPS_INTEGRITY, "'%s' is damaged: it names no format", format);
    if (!str_equal(text.data, format_text)) {
        mlops_fail(err, MLOPS_INVALID, "'%s' is of a store that this mlops cannot read", format);
        return mlops_hint(err, "use the mlops that made it, or a newer one");
    }
    _cleanup_(store_close_ptr) struct store *opened = xcalloc(1, sizeof(*opened));
    opened->directory = xstrdup(directory);
    opened->index = index_new();
    watch(opened, observer);
    TRY(open_backend(opened, err));
    *store = TAKE_PTR(opened);
    return MLOPS_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->backend)
        store->backend->close(store->backend);
    index_free(store->index);
    free(store->directory);
    free(store);
}

char *store_scratch(const struct store *store)
{
    return path_join(store->directory, "tmp");
}

int store_refresh(struct store *store, struct mlops_error *err)
{
    if (store->loaded && !store->backend->changed(store->backend))
        return MLOPS_OK;
    TRY(index_refresh(store->index, store->backend, err));
    store->loaded = true;
    return MLOPS_OK;
}

/* By what is known on this machine, without asking: what cannot be told by that is asked for. */
static bool find_kept(struct store *store, const struct digest *name, struct location *location)
{
    struct mlops_error ignored = {0};
    return !store->loaded && store->backend->list_kept &&
           index_prime(store->index, store->backend, &ignored) == MLOPS_OK &&
           index_find(store->index, name, location);
}

static int locate_anew(struct store *store, const struct digest *name, struct location *location,
                       struct mlops_error *err)
{
    TRY(store_refresh(store, err));
    if (index_find(store->index, name, location))
        return MLOPS_OK;
    if (index_damage(store->index)) {
        *err = *index_damage(store->index);
        return (int)err->code;
    }
    char hex[SHA256_HEX_SIZE];
    digest_to_hex(name, hex);
    return mlops_fail(err, MLOPS_NOT_FOUND, "object %.16s… is not in the store", hex);
}

int store_locate(struct store *store, const struct digest *name, struct location *location,
                 struct mlops_error *err)
{
    if (index_find(store->index, name, location) || find_kept(store, name, location))
        return MLOPS_OK;
    return locate_anew(store, name, location, err);
}

int store_relocate(const struct store *store, struct location *location, struct mlops_error *err)
{
    const struct digest name = location->record.name;
    /* Whoever reads changes nothing but what is known of where things are. */
    int code = locate_anew((struct store *)(uintptr_t)store, &name, location, err);
    if (code == MLOPS_NOT_FOUND)
        code = (int)(err->code = MLOPS_INTEGRITY);
    return code;
}

int store_has(struct store *store, const struct digest *digest, bool *has, struct mlops_error *err)
{
    struct location location;
    *has = index_find(store->index, digest, &location);
    if (*has)
        return MLOPS_OK;
    TRY(store_refresh(store, err));
    *has = index_find(store->index, digest, &location);
    return MLOPS_OK;
}

struct memory_sink {
    struct buffer *content;
    size_t max;
};

static int to_memory(void *context, const uint8_t *data, size_t length, struct mlops_error *err)
{
    struct memory_sink *sink = context;
    if (length > sink->max - sink->content->length)
        return mlops_fail(err, MLOPS_INVALID, "an object is larger than %zu bytes", sink->max);
    buffer_append(sink->content, data, length);
    return MLOPS_OK;
}

int store_read(struct store *store, const struct digest *digest, size_t max, struct buffer *content,
               struct mlops_error *err)
{
    struct location location;
    TRY(store_locate(store, digest, &location, err));
    _cleanup_(reader_free_ptr) struct reader *reader = reader_new(store);
    struct memory_sink sink = {.content = content, .max = max};
    buffer_reset(content);
    int code = reader_stream(reader, digest, to_memory, &sink, err);
    if (code)
        buffer_reset(content);
    else
        buffer_reserve(content, 0); /* an empty object is "" and not NULL */
    return code;
}
